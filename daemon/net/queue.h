/* The one queue between threads: first in, first out, waking its taker by a condition or, in a poll loop, by a file
 * descriptor. Knows nobody.
 *
 * Jobs are chained through themselves, so that a push allocates nothing and cannot fail: what was decided to be
 * persisted must not be lost for want of a queue entry. The bound is a limit that the pusher asks for: past it the
 * net thread takes in no more messages until the taker has caught up. */
#ifndef TWINLOG_QUEUE_H
#define TWINLOG_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "twinlog/error.h"

/* The first member of whatever goes through a queue. */
struct job {
	struct job *next;
};

struct queue;

/* limit: jobs from which on queue_is_full. poll: with a file descriptor to wait on. */
enum twinlog_error queue_new(size_t limit, bool poll, struct queue **ret_queue) TWINLOG_MUST_CHECK;
/* Accepts NULL. Jobs still in it stay the caller's: take them first. */
void queue_free(struct queue *queue);

/* From any thread. The job is the taker's from now on. Works on a closed queue too. */
void queue_push(struct queue *queue, struct job *job);
/* The oldest job; NULL when there is none. */
struct job *queue_take(struct queue *queue);
/* Waits for one; NULL once the queue is closed and empty. */
struct job *queue_wait(struct queue *queue);
/* All that is there, chained in order; NULL when there is none. */
struct job *queue_take_all(struct queue *queue);
/* Waits for at least one; NULL once the queue is closed and empty. */
struct job *queue_wait_all(struct queue *queue);
/* Waits at most that long for queue_close; true when it is closed. */
bool queue_wait_closed(struct queue *queue, unsigned timeout_ms);

bool queue_is_full(const struct queue *queue);
/* Readable while there are jobs; -1 without poll. The takers make it quiet again. */
int queue_fd(const struct queue *queue);
/* Wakes all who wait. */
void queue_close(struct queue *queue);

#endif
