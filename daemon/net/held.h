/* Queries that wait for a commit before they go to the readers. Internal to net. */
#ifndef TWINLOG_HELD_H
#define TWINLOG_HELD_H

#include "control.pb-c.h"
#include "workers.h"

struct held_query {
	struct work_query *query; /* own */
	uint64_t commit;
	uint64_t until_ms;
};

struct held {
	struct held_query *items; /* in order of until_ms */
	size_t count;
	size_t capacity;
};

/* The commit that a request waits for, and how long at most. */
uint64_t held_commit(const Twinlog__Request *request);
uint64_t held_wait_ms(const Twinlog__Request *request);

/* Takes the query over, also when memory is out: false. */
bool held_add(struct held *held, struct work_query *query, uint64_t commit, uint64_t until_ms) TWINLOG_MUST_CHECK;
/* Gives those away that may go on. One that waited in vain is answered by the view, which knows the commit it looks at.
 */
void held_release(struct held *held, uint64_t commit, uint64_t now_ms, struct workers *workers);
/* Frees the query that is to be answered under this token, if it is here. */
void held_drop(struct held *held, uint64_t token);
uint64_t held_deadline(const struct held *held); /* UINT64_MAX: none */
void held_free(struct held *held);

#endif
