#include "queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct queue {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	struct job *first;
	struct job *last;
	size_t count;
	size_t limit;
	int fd;
	bool closed;
};

enum twinlog_error queue_new(size_t limit, bool poll, struct queue **ret_queue)
{
	struct queue *queue = calloc(1, sizeof *queue);
	if (!queue)
		return TWINLOG_NO_MEMORY;
	queue->limit = limit;
	queue->fd = -1;
	if (poll) {
		queue->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
		if (queue->fd < 0) {
			free(queue);
			return TWINLOG_IO;
		}
	}
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&queue->filled, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&queue->mutex, NULL);
	*ret_queue = queue;
	return TWINLOG_OK;
}

void queue_free(struct queue *queue)
{
	if (!queue)
		return;
	if (queue->fd >= 0)
		close(queue->fd);
	pthread_cond_destroy(&queue->filled);
	pthread_mutex_destroy(&queue->mutex);
	free(queue);
}

/* An eventfd write can only fail by overflowing 64 bits, a read only by finding nothing to clear. */
static void queue_signal(struct queue *queue)
{
	const uint64_t one = 1;
	ssize_t written;
	do
		written = write(queue->fd, &one, sizeof one);
	while (written < 0 && errno == EINTR);
}

static void queue_quiet(struct queue *queue)
{
	uint64_t count;
	ssize_t got;
	do
		got = read(queue->fd, &count, sizeof count);
	while (got < 0 && errno == EINTR);
}

void queue_push(struct queue *queue, struct job *job)
{
	job->next = NULL;
	pthread_mutex_lock(&queue->mutex);
	const bool was_empty = queue->first == NULL;
	if (was_empty)
		queue->first = job;
	else
		queue->last->next = job;
	queue->last = job;
	__atomic_store_n(&queue->count, queue->count + 1, __ATOMIC_RELAXED);
	if (queue->fd >= 0) {
		if (was_empty)
			queue_signal(queue);
	} else {
		pthread_cond_signal(&queue->filled);
	}
	pthread_mutex_unlock(&queue->mutex);
}

/* With the mutex held. */
static struct job *queue_pop(struct queue *queue, bool all)
{
	struct job *job = queue->first;
	if (!job)
		return NULL;
	queue->first = all ? NULL : job->next;
	__atomic_store_n(&queue->count, all ? 0 : queue->count - 1, __ATOMIC_RELAXED);
	if (!all)
		job->next = NULL;
	if (!queue->first) {
		queue->last = NULL;
		if (queue->fd >= 0)
			queue_quiet(queue);
	}
	return job;
}

static struct job *queue_get(struct queue *queue, bool wait, bool all)
{
	pthread_mutex_lock(&queue->mutex);
	while (wait && !queue->first && !queue->closed)
		pthread_cond_wait(&queue->filled, &queue->mutex);
	struct job *job = queue_pop(queue, all);
	pthread_mutex_unlock(&queue->mutex);
	return job;
}

struct job *queue_take(struct queue *queue)
{
	return queue_get(queue, false, false);
}

struct job *queue_wait(struct queue *queue)
{
	return queue_get(queue, true, false);
}

struct job *queue_take_all(struct queue *queue)
{
	return queue_get(queue, false, true);
}

struct job *queue_wait_all(struct queue *queue)
{
	return queue_get(queue, true, true);
}

bool queue_wait_closed(struct queue *queue, unsigned timeout_ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	pthread_mutex_lock(&queue->mutex);
	int rc = 0;
	while (!queue->closed && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&queue->filled, &queue->mutex, &until);
	const bool closed = queue->closed;
	pthread_mutex_unlock(&queue->mutex);
	return closed;
}

bool queue_is_full(const struct queue *queue)
{
	return __atomic_load_n(&queue->count, __ATOMIC_RELAXED) >= queue->limit;
}

int queue_fd(const struct queue *queue)
{
	return queue->fd;
}

void queue_close(struct queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->closed = true;
	pthread_cond_broadcast(&queue->filled);
	pthread_mutex_unlock(&queue->mutex);
}
