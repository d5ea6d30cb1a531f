/* The threads beside the net thread: writer, verifier, packer, readers. Each takes work from its own queue and puts it
 * back, answered, into the inbox of the net thread. Knows work.h, chunk.h, store, view. ARCHITECTURE, "Threads".
 *
 * Rule of the node: the net thread alone steps it, holding the lock for writing during each step; readers hold the
 * lock for reading, in bounded slices. Nobody else touches it. */
#ifndef TWINLOG_WORKERS_H
#define TWINLOG_WORKERS_H

#include <pthread.h>

#include "store.h"
#include "work.h"

struct board;
struct places;
struct view;
struct workers;

struct workers_setup {
	struct store *store;
	const struct node *node;
	pthread_rwlock_t *lock; /* of the node */
	struct queue *inbox;    /* of the net thread */
	struct queue *stop;     /* closed when the daemon ends; set by workers_start */
	struct board *board;
	const struct seal_keys *keys;
	const struct places *places;
	struct view *view;
	uint64_t started_ms; /* Unix time */
	enum twinlog_error (*keep_clients)(void *context, const struct daemon_client *clients, size_t count);
	void *keep_context;
};

enum twinlog_error workers_start(const struct workers_setup *setup, struct workers **ret_workers) TWINLOG_MUST_CHECK;
/* Lets the writer finish what it has, the others only what they are at. Accepts NULL. */
void workers_stop(struct workers *workers);

/* Takes the work over and gives it to whom it is for. */
void workers_push(struct workers *workers, struct work *work);
/* A wake costs more than small work does: does it at once on the net thread, with its answer filled in, when there is
 * little of it and the disk was quick lately. Only while its own thread has nothing to do, which the caller knows.
 * False: untouched, to be pushed. ARCHITECTURE, "Threads". */
bool workers_do_small(struct workers *workers, struct work *work);
/* Whether that thread is so far behind that no more should be taken in. */
bool workers_behind(const struct workers *workers, enum work_kind kind);

/* Puts one row of a step into a transaction; where there is no writer, before the loop runs, callers do it themselves.
 * On a failure the transaction is the caller's to abort. */
struct persist;
enum twinlog_error workers_put(struct store_write *write, const struct persist *what) TWINLOG_MUST_CHECK;

/* The readers' part, in reader.c. Brings the view up to the node in slices. */
void reader_catch_up(const struct workers_setup *setup);
/* Answers one query, pushing WORK_REPLY for each message. */
void reader_answer(const struct workers_setup *setup, const struct work_query *query);

#endif
