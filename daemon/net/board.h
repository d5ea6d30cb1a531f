/* What the net thread alone knows and queries show: how dialling stands, and what a person must see. Guarded by its own
 * lock; the net thread writes, readers copy. Internal to net. */
#ifndef TWINLOG_BOARD_H
#define TWINLOG_BOARD_H

#include <pthread.h>

#include "query.h"

struct board {
	pthread_mutex_t mutex;
	struct query_link *links;
	size_t count;
	const char *warning; /* static text; NULL: none */
	_Atomic uint64_t held[QUERY_HELD];
};

void board_init(struct board *board);
void board_free(struct board *board);

/* error NULL: none at this attempt, the last one stays. A lack of memory only leaves the partner out. */
void board_set(struct board *board, const struct hash *identity, uint32_t state, uint64_t next_attempt_ms,
	       const char *error, uint64_t now_ms);
void board_warn(struct board *board, const char *warning);
/* A reader held the node for so many microseconds; without the lock. */
void board_note_held(struct board *board, uint64_t us);
void board_held(struct board *board, uint64_t ret[QUERY_HELD]);
/* A copy, the caller's to free; NULL (and 0) when there is none. */
struct query_link *board_copy(struct board *board, size_t *ret_count, const char **ret_warning);

#endif
