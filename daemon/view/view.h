/* What lists are answered from: for each space a table in memory with a row for each record, as its lead statement has
 * it, kept beside the node. Derived from the statements alone, whatever the order in which they came. Knows core.
 * ARCHITECTURE, "Store and view".
 *
 *     row number = statements_record
 *       columns    fixed width: dates, where the facts are, state           view_space
 *                  and in which sets of values they lie                     columns.h
 *       bitmaps    value -> rows that have it                               bitmaps.h
 *       rankings   rows by date, by last change                             ranking.h
 *
 * Memory: 36 bytes a row of columns and 4 of the date ranking; bitmaps take 2 bytes a row and rare value, an eighth of
 * a byte a row and frequent one, 15 to 25 in all. The ranking by last change (12 more) is made when it is first asked
 * for.
 *
 * Rule for readers and the writer: who looks holds the node's lock for reading (so the node stands still) and is
 * between view_begin and view_end. view_begin first takes in what the node has changed since; that part has one
 * writer at a time, under the view's own lock. So every answer is of one state: that of the node. view_catch_up does
 * the same in portions, so that an answer after a long catch-up has little left to do. */
#ifndef TWINLOG_VIEW_H
#define TWINLOG_VIEW_H

#include "bitmaps.h"
#include "columns.h"
#include "copies.h"
#include "leaves.h"
#include "node.h"
#include "ranking.h"
#include "record_state.h"

#define VIEW_YEARS_MAX 64u       /* a row whose interval touches more years is under BITMAP_LONG instead */
#define VIEW_UNDATED   INT32_MAX /* day of a row without a date: behind all others */

/* One row. Days are those of edtf.h. */
enum view_flag {
	VIEW_SEEN = 1,   /* was taken in: stands in the rankings */
	VIEW_VALUES = 2, /* the facts had values when they were taken in */
	VIEW_WAITING = 4,
};

struct view_space {
	struct hash self; /* identity of this city */
	const struct statements *statements;
	const struct acts *acts;
	uint32_t rows;
	uint32_t capacity;
	int32_t *day;      /* first day of the date, without ~; VIEW_UNDATED */
	int32_t *last;     /* last day of the interval, without ~; INT32_MIN when undated */
	uint32_t *facts;   /* statements_facts_at, as taken in; FACTS_NONE */
	uint16_t *before;  /* days by which ~ begins before day */
	uint16_t *after;   /* and ends after last */
	uint8_t *state;    /* Twinlog__RecordState */
	uint8_t *flags;    /* enum view_flag */
	uint64_t *changed; /* record.changed_ms, only with by_change */
	struct columns columns;
	struct bitmaps bitmaps;
	struct copies *copies; /* of all spaces, under this number; NULL: nobody asks for more than one */
	uint32_t number;
	struct ranking by_date;
	struct ranking by_change;
	bool ranks_changes; /* by_change is kept */
	bool broken;        /* memory ran out half way: everything is taken in anew */
	bool anew;          /* it is, and the rankings hold nothing until that is done */
	struct view_watch *watches;
	uint32_t *pending; /* changed rows, ascending; those from pending_at on are still to be taken in */
	uint32_t pending_at;
	uint32_t pending_count;
	uint32_t pending_capacity;
	uint32_t untrimmed; /* so many of the bitmaps, from the first on, may hold room that was reserved in bulk */
};

/* All pointers are borrowed, and looked at only while the node stands still. */
enum twinlog_error view_space_new(const struct statements *statements, const struct acts *acts, const struct hash *self,
				  struct view_space **ret_space) TWINLOG_MUST_CHECK;
void view_space_free(struct view_space *space); /* accepts NULL */
bool view_space_is_current(const struct view_space *space);
/* Nothing is left to be given back after much came at once; view_space_tidy gives back a part of it. */
static inline bool view_space_is_tidy(const struct view_space *space)
{
	return space->untrimmed == 0;
}
void view_space_tidy(struct view_space *space);
/* Takes in at most max changed rows. */
enum twinlog_error view_space_catch_up(struct view_space *space, uint32_t max) TWINLOG_MUST_CHECK;
/* From now on rows that may be copies are marked; copies is borrowed. */
enum twinlog_error view_space_mark_copies(struct view_space *space, struct copies *copies) TWINLOG_MUST_CHECK;
/* From now on rows are kept in the order of their last change, too. */
enum twinlog_error view_space_rank_changes(struct view_space *space) TWINLOG_MUST_CHECK;
/* First and last day of the interval, ~ applied; false when undated. */
static inline bool view_space_interval(const struct view_space *space, uint32_t row, int32_t *ret_first,
				       int32_t *ret_last)
{
	if (space->day[row] == VIEW_UNDATED)
		return false;
	*ret_first = space->day[row] - space->before[row];
	*ret_last = space->last[row] + space->after[row];
	return true;
}
size_t view_space_bytes(const struct view_space *space); /* of memory, about */

/* Which rows of a space were taken in, since the watch began or the set was last put away: what one who looks at rows
 * in portions has to look at again. In no two spaces at once. */
struct view_watch {
	roaring_bitmap_t *rows;
	struct view_watch *next;
};

struct view;
enum twinlog_error view_new(struct view **ret_view) TWINLOG_MUST_CHECK;
void view_free(struct view *view); /* accepts NULL */
/* changes: the ranking by last change is needed. */
enum twinlog_error view_begin(struct view *view, const struct node *node, bool changes) TWINLOG_MUST_CHECK;
void view_end(struct view *view);
/* Where leaves lie in the bundles of the store; locks by itself. */
struct leaves *view_leaves(const struct view *view);
/* Between the two: the space at this place of node_space. */
const struct view_space *view_at(const struct view *view, size_t index);
/* Outside of the two, of a space that view_begin has seen. rows is the caller's, who looks at it and changes it between
 * view_begin and view_end alone. */
void view_watch(struct view *view, size_t index, struct view_watch *watch);
void view_unwatch(struct view *view, size_t index, struct view_watch *watch);
/* Takes in at most max rows, outside of view_begin, and gives back room that is not needed; *ret_done when nothing is
 * left. */
enum twinlog_error view_catch_up(struct view *view, const struct node *node, uint32_t max,
				 bool *ret_done) TWINLOG_MUST_CHECK;

#endif
