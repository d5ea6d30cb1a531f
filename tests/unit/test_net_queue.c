/* The queue between threads: order, limits, waking, closing. */
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "queue.h"

struct numbered {
	struct job job;
	unsigned producer;
	unsigned number;
};

static struct numbered *numbered_new(unsigned producer, unsigned number)
{
	struct numbered *made = malloc(sizeof *made);
	assert_non_null(made);
	*made = (struct numbered){.producer = producer, .number = number};
	return made;
}

static unsigned take_number(struct queue *queue)
{
	struct numbered *taken = (struct numbered *)(void *)queue_take(queue);
	assert_non_null(taken);
	const unsigned number = taken->number;
	free(taken);
	return number;
}

static void keeps_order(void **state)
{
	(void)state;
	struct queue *queue;
	assert_int_equal(queue_new(10, false, &queue), TWINLOG_OK);
	assert_null(queue_take(queue));
	assert_null(queue_take_all(queue));
	for (unsigned i = 0; i < 5; i++)
		queue_push(queue, &numbered_new(0, i)->job);
	assert_int_equal(take_number(queue), 0);
	assert_int_equal(take_number(queue), 1);
	struct job *rest = queue_take_all(queue);
	for (unsigned i = 2; i < 5; i++) {
		struct job *next = rest->next;
		assert_int_equal(((struct numbered *)(void *)rest)->number, i);
		free(rest);
		rest = next;
	}
	assert_null(rest);
	assert_null(queue_take(queue));
	queue_push(queue, &numbered_new(0, 9)->job);
	assert_int_equal(take_number(queue), 9);
	queue_free(queue);
}

/* Full at the limit, not one before; a push past it is still taken. */
static void tells_when_full(void **state)
{
	(void)state;
	struct queue *queue;
	assert_int_equal(queue_new(3, false, &queue), TWINLOG_OK);
	queue_push(queue, &numbered_new(0, 0)->job);
	queue_push(queue, &numbered_new(0, 1)->job);
	assert_false(queue_is_full(queue));
	queue_push(queue, &numbered_new(0, 2)->job);
	assert_true(queue_is_full(queue));
	queue_push(queue, &numbered_new(0, 3)->job);
	assert_true(queue_is_full(queue));
	take_number(queue);
	take_number(queue);
	assert_false(queue_is_full(queue));
	take_number(queue);
	take_number(queue);
	queue_free(queue);
}

static bool readable(const struct queue *queue)
{
	struct pollfd item = {.fd = queue_fd(queue), .events = POLLIN};
	return poll(&item, 1, 0) == 1;
}

static void wakes_a_poll_loop(void **state)
{
	(void)state;
	struct queue *queue;
	assert_int_equal(queue_new(10, true, &queue), TWINLOG_OK);
	assert_false(readable(queue));
	queue_push(queue, &numbered_new(0, 0)->job);
	queue_push(queue, &numbered_new(0, 1)->job);
	assert_true(readable(queue));
	take_number(queue);
	assert_true(readable(queue));
	take_number(queue);
	assert_false(readable(queue));
	queue_push(queue, &numbered_new(0, 2)->job);
	assert_true(readable(queue));
	free(queue_take_all(queue));
	assert_false(readable(queue));
	queue_free(queue);
}

static void gives_what_is_left_after_closing(void **state)
{
	(void)state;
	struct queue *queue;
	assert_int_equal(queue_new(10, false, &queue), TWINLOG_OK);
	assert_false(queue_wait_closed(queue, 0));
	queue_push(queue, &numbered_new(0, 7)->job);
	queue_close(queue);
	assert_true(queue_wait_closed(queue, 0));
	struct job *job = queue_wait(queue);
	assert_non_null(job);
	free(job);
	assert_null(queue_wait(queue));
	assert_null(queue_wait_all(queue));
	queue_free(queue);
}

#define PRODUCERS 4
#define EACH      20000u

struct producer {
	pthread_t thread;
	struct queue *queue;
	unsigned id;
};

static void *produce(void *context)
{
	const struct producer *producer = context;
	for (unsigned i = 0; i < EACH; i++) {
		struct numbered *made = malloc(sizeof *made);
		if (!made)
			return NULL;
		*made = (struct numbered){.producer = producer->id, .number = i};
		queue_push(producer->queue, &made->job);
	}
	return NULL;
}

/* Nothing is lost between threads, and what one thread pushed stays in order. */
static void loses_nothing_between_threads(void **state)
{
	(void)state;
	struct queue *queue;
	struct producer producers[PRODUCERS];
	unsigned next[PRODUCERS] = {0};
	assert_int_equal(queue_new(100, false, &queue), TWINLOG_OK);
	for (unsigned i = 0; i < PRODUCERS; i++) {
		producers[i] = (struct producer){.queue = queue, .id = i};
		assert_int_equal(pthread_create(&producers[i].thread, NULL, produce, &producers[i]), 0);
	}
	for (unsigned seen = 0; seen < PRODUCERS * EACH;) {
		/* One at a time and all at once in turn. */
		struct job *job = seen % 2 ? queue_wait(queue) : queue_wait_all(queue);
		while (job) {
			struct job *following = job->next;
			struct numbered *taken = (struct numbered *)(void *)job;
			assert_int_equal(taken->number, next[taken->producer]);
			next[taken->producer]++;
			seen++;
			free(taken);
			job = following;
		}
	}
	for (unsigned i = 0; i < PRODUCERS; i++) {
		pthread_join(producers[i].thread, NULL);
		assert_int_equal(next[i], EACH);
	}
	assert_null(queue_take(queue));
	queue_free(queue);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(keeps_order),
	    cmocka_unit_test(tells_when_full),
	    cmocka_unit_test(wakes_a_poll_loop),
	    cmocka_unit_test(gives_what_is_left_after_closing),
	    cmocka_unit_test(loses_nothing_between_threads),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
