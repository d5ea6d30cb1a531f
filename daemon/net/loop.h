/* The state of one running daemon and the step that all its parts share. Internal to net. */
#ifndef TWINLOG_LOOP_H
#define TWINLOG_LOOP_H

#include <pthread.h>

#include "audit.h"
#include "board.h"
#include "daemon.h"
#include "invites.h"
#include "workers.h"
#include "zap.h"

struct links;
struct control;

struct daemon {
	const struct daemon_setup *setup;
	struct node *node;
	pthread_rwlock_t lock; /* the rule stands in workers.h */
	struct effects effects;
	void *context; /* of libzmq */
	struct zap zap;
	struct registry registry;
	struct audit audit;
	struct invites invites;
	struct board board;
	struct places *places;
	struct view *view;
	size_t view_behind; /* bytes committed since readers were last asked to bring it up to the node */
	bool view_asked;    /* they are at it */
	struct links *links;
	struct control *control;
	struct queue *inbox; /* answered work */
	struct workers *workers;
	struct work_persist *batch;   /* what this turn of the loop wants persisted */
	size_t under_way[WORK_KINDS]; /* handed out, and not yet answered */
	struct job *done; /* small work that was done at once, in order; its answer is still to be taken in */
	struct job *done_last;
	uint64_t server_key_due_ms; /* the control key to come turns then at the latest; UINT64_MAX: one lacks it */
	bool disk_full;
	bool stopping;
	bool more; /* the node was told that another event follows at once */
	bool failed;
};

struct moment moment_now(void);
uint64_t mono_us(void); /* for spans: never set back */

/* Fills in the time, steps the node, carries out the effects in order. Never called from within itself: what an effect
 * makes known (a link that breaks while sending) is stepped afterwards. */
void daemon_step(struct daemon *daemon, struct event *event);

/* Takes the work over: has it done by whom it is for, or at once when it is small. */
void daemon_hand_out(struct daemon *daemon, struct work *work);
/* What this turn of the loop wants persisted, for more to be added; NULL when memory is out. */
struct work_persist *daemon_batch(struct daemon *daemon);

/* Ends the daemon with exit code 1 after this turn; the reason is logged. */
void daemon_fail(struct daemon *daemon, enum twinlog_error error, const char *where);

#endif
