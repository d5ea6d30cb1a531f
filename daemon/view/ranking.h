/* Rows in the order of a key, kept sorted as rows come and change: a list for the bulk, a short one for what came
 * lately, merged into it when it has grown. Reading goes through both at once, from any place, in either direction.
 * Rows that change are collected and moved together. Knows nobody; what the order is, its owner says. */
#ifndef TWINLOG_RANKING_H
#define TWINLOG_RANKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ids.h"
#include "twinlog/error.h"

struct ranking_list {
	uint32_t *rows;
	uint32_t count;
	uint32_t capacity;
};

/* What a row is ordered by: a number, and where it is the same the handle, which no two rows share. */
struct ranking_key {
	int64_t number;
	const struct handle *handle;
};
typedef struct ranking_key (*ranking_key_of)(const void *owner, uint32_t row);

#define RANKING_LATE_MAX 4096u

struct ranking {
	ranking_key_of key;
	const void *owner;
	uint32_t late_max; /* when more came lately it is merged into the bulk */
	struct ranking_list bulk;
	struct ranking_list late;
	struct ranking_list joining; /* not sorted in yet */
	struct ranking_list leaving; /* of bulk and late; their keys may be others by now */
};

void ranking_free(struct ranking *ranking);
/* Between changes and ranking_settle nothing may be read. */
enum twinlog_error ranking_join(struct ranking *ranking, uint32_t row) TWINLOG_MUST_CHECK;
enum twinlog_error ranking_leave(struct ranking *ranking, uint32_t row) TWINLOG_MUST_CHECK;
enum twinlog_error ranking_settle(struct ranking *ranking, uint32_t rows) TWINLOG_MUST_CHECK; /* rows: all there are */

/* A place between rows. side(context, row) < 0 for every row before it and > 0 behind, in the order. */
struct ranking_place {
	uint32_t bulk;
	uint32_t late;
};
typedef int (*ranking_side)(const void *context, uint32_t row);
struct ranking_place ranking_seek(const struct ranking *ranking, ranking_side side, const void *context);
static inline struct ranking_place ranking_end(const struct ranking *ranking)
{
	return (struct ranking_place){ranking->bulk.count, ranking->late.count};
}
/* The next row behind the place, or before it; false at the end. */
bool ranking_forth(const struct ranking *ranking, struct ranking_place *place, uint32_t *ret_row);
bool ranking_back(const struct ranking *ranking, struct ranking_place *place, uint32_t *ret_row);

#endif
