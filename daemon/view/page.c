#include "page.h"

#include <stdlib.h>

#include "stated.h"

static bool worse(const struct page *page, size_t a, size_t b)
{
	return order_compare(&page->order, &page->heap[a].key, &page->heap[b].key) > 0;
}

static void heap_swap(struct page *page, size_t a, size_t b)
{
	struct candidate kept = page->heap[a];

	page->heap[a] = page->heap[b];
	page->heap[b] = kept;
}

static void heap_sink(struct page *page, size_t at, size_t count)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= count)
			return;
		if (child + 1 < count && worse(page, child + 1, child))
			child++;
		if (!worse(page, child, at))
			return;
		heap_swap(page, child, at);
		at = child;
	}
}

static void page_offer(struct page *page, const struct candidate *candidate)
{
	size_t at = page->count;

	if (page->count == page->capacity) {
		if (order_compare(&page->order, &candidate->key, &page->heap[0].key) >= 0)
			return;
		page->heap[0] = *candidate;
		heap_sink(page, 0, page->count);
		return;
	}
	page->heap[page->count++] = *candidate;
	for (; at > 0 && worse(page, at, (at - 1) / 2); at = (at - 1) / 2)
		heap_swap(page, at, (at - 1) / 2);
}

/* Best first. */
void page_sort(struct page *page)
{
	for (size_t count = page->count; count > 1; count--) {
		heap_swap(page, 0, count - 1);
		heap_sink(page, 0, count - 1);
	}
}

static void page_take_at(struct page *page, const struct listed *from, uint32_t row, struct place_key key)
{
	struct candidate candidate = {.space = from->space, .row = row, .key = key};

	/* Most are told by the number alone, without a look at the record itself. */
	if (page->count == page->capacity && order_tells(&page->order, &page->heap[0].key, &candidate.key))
		return;
	candidate.key.handle = statements_record(from->view->statements, row)->handle;
	if (!page->behind || order_compare(&page->order, &candidate.key, &page->after) > 0)
		page_offer(page, &candidate);
}

static void page_take(struct page *page, const struct listed *from, uint32_t row)
{
	page_take_at(page, from, row, order_key(&page->order, from->view, row));
}

struct taking {
	struct page *page;
	const struct listed *from;
};

/* ---- Along a ranking ---- */

/* Steps along a ranking after which it is given up: the rows asked for are not where the page begins. */
#define WALK_STEPS_MAX 65536u

/* On which side of a place of the list a row stands, in the ranking's own order. */
struct spot {
	const struct page *page;
	const struct listed *from;
	const struct place_key *key;
};

static int side_of(const void *context, uint32_t row)
{
	const struct spot *side = context;
	struct order forth = side->page->order;
	struct place_key key = order_key(&forth, side->from->view, row);

	forth.descending = false;
	key.handle = statements_record(side->from->view->statements, row)->handle;
	/* The place itself counts as before: a list goes on behind it. Backwards it is the other way round. */
	const int order = order_compare(&forth, &key, side->key);

	return order != 0 ? order : side->page->order.descending ? 1 : -1;
}

/* The rows that fit from one place of the ranking to another, into found, at most the page's capacity; false when
 * it took too many steps. */
static bool walk(const struct page *page, const struct listed *from, struct ranking_place place,
		 struct ranking_place end, bool back, uint32_t *found, uint32_t *steps, size_t *count)
{
	const struct ranking *ranking = order_ranking(&page->order, from->view);
	uint32_t row;

	while (*count < page->capacity && (place.bulk != end.bulk || place.late != end.late)) {
		if (!(back ? ranking_back : ranking_forth)(ranking, &place, &row))
			break;
		if (++*steps > WALK_STEPS_MAX)
			return false;
		if (roaring_bitmap_contains(from->rows, row))
			found[(*count)++] = row;
	}
	return true;
}

/* Rows whose day is none of those asked for, though they reach into them: they begin before the first, or, with ~, up
 * to a year after the last. */
static bool take_early(uint32_t row, void *context)
{
	const struct taking *taking = context;

	if (taking->from->view->day[row] < taking->from->first)
		page_take(taking->page, taking->from, row);
	return true;
}

static bool take_late(uint32_t row, void *context)
{
	const struct taking *taking = context;

	if (taking->from->view->day[row] > taking->from->last)
		page_take(taking->page, taking->from, row);
	return true;
}

static enum twinlog_error take_among(struct page *page, const struct listed *from, bitmap_key key,
				     roaring_iterator take)
{
	const roaring_bitmap_t *rows = bitmaps_get(&from->view->bitmaps, key);
	roaring_bitmap_t *both = rows ? roaring_bitmap_and(rows, from->rows) : NULL;

	if (rows && !both)
		return TWINLOG_NO_MEMORY;
	if (both) {
		roaring_iterate(both, take, &(struct taking){page, from});
		roaring_bitmap_free(both);
	}
	return TWINLOG_OK;
}

/* They hold the first or the last day asked for and the one on its other side, so they are under its year; where a year
 * begins or ends there, under more than one, which few are. Or they are under none. */
static enum twinlog_error page_cross(struct page *page, const struct listed *from)
{
	const struct {
		int32_t day, unbound;
		int edge_month, edge_day;
		roaring_iterator take;
	} ends[] = {{from->first, INT32_MIN, 1, 1, take_early}, {from->last, INT32_MAX, 12, 31, take_late}};
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = 0; !error && i < sizeof ends / sizeof *ends; i++) {
		int year, month, day;

		if (ends[i].day == ends[i].unbound)
			continue;
		edtf_from_days(ends[i].day, &year, &month, &day);
		error = take_among(page, from,
				   month == ends[i].edge_month && day == ends[i].edge_day
				       ? bitmap_key_of(BITMAP_ACROSS, 0, 0)
				       : bitmap_key_of(BITMAP_YEAR, (uint32_t)year, 0),
				   ends[i].take);
		if (!error)
			error = take_among(page, from, bitmap_key_of(BITMAP_LONG, 0, 0), ends[i].take);
	}
	return error;
}

/* The stretch of a ranking in which a page begins: by date no further than the days asked for. */
static struct ranking_place stretch_end(const struct page *page, const struct listed *from, bool last)
{
	const struct ranking *ranking = order_ranking(&page->order, from->view);
	const bool dates = page->order.sort == TWINLOG__SORT__SORT_DATE;
	struct place_key key = {.number = from->first};

	if (last && (!dates || from->last == INT32_MAX))
		return ranking_end(ranking);
	if (!last && (!dates || from->first == INT32_MIN))
		return (struct ranking_place){0, 0};
	if (last)
		key.number = (int64_t)from->last + 1;
	return ranking_seek(ranking, side_of, &(struct spot){page, from, &key});
}

/* Going back, what has no date still comes last: two stretches then. */
static bool page_walk(struct page *page, const struct listed *from, uint32_t *found)
{
	const struct ranking *ranking = order_ranking(&page->order, from->view);
	const struct place_key undated = {.number = VIEW_UNDATED};
	const bool back = page->order.descending;
	const bool parted = back && page->order.sort == TWINLOG__SORT__SORT_DATE;
	const struct ranking_place first = stretch_end(page, from, false), end = ranking_end(ranking);
	const struct ranking_place middle =
	    parted ? ranking_seek(ranking, side_of, &(struct spot){page, from, &undated}) : end;
	const struct ranking_place upper = stretch_end(page, from, true);
	struct ranking_place place = !back                                                  ? first
				     : upper.bulk < middle.bulk || upper.late < middle.late ? upper
											    : middle;
	size_t count = 0;
	uint32_t steps = 0;
	bool last = false; /* already among those without a date */

	if (page->behind) {
		const struct ranking_place after =
		    ranking_seek(ranking, side_of, &(struct spot){page, from, &page->after});
		const bool inside = after.bulk > first.bulk || after.late > first.late;

		last = parted && page->after.number == VIEW_UNDATED;
		if (last || (back ? after.bulk < place.bulk || after.late < place.late : inside))
			place = after;
		if (back && !inside)
			place = first;
		if (!back && place.bulk > upper.bulk)
			place.bulk = upper.bulk;
		if (!back && place.late > upper.late)
			place.late = upper.late;
	}
	if (!last && !walk(page, from, place, back ? first : upper, back, found, &steps, &count))
		return false;
	if (parted && !walk(page, from, last ? place : end, middle, true, found, &steps, &count))
		return false;
	for (size_t i = 0; i < count; i++)
		page_take(page, from, found[i]);
	return true;
}

/* ---- Over all rows that fit ---- */

static bool take_row(uint32_t row, void *context)
{
	const struct taking *taking = context;

	page_take(taking->page, taking->from, row);
	return true;
}

/* Walking looks at one row in so many as fit, and costs about four times as much a row as taking them all. */
static bool page_should_walk(const struct page *page, const struct listed *from, uint64_t count)
{
	return order_ranking(&page->order, from->view) &&
	       4 * (uint64_t)page->capacity * from->view->rows < count * count;
}

/* Rows that stand where the columns have them. */
static enum twinlog_error gather_led(struct page *page, const struct listed *from)
{
	const uint64_t count = roaring_bitmap_get_cardinality(from->rows);
	uint32_t *found;
	bool done = false;

	if (page_should_walk(page, from, count)) {
		found = malloc(page->capacity * sizeof *found);
		if (!found)
			return TWINLOG_NO_MEMORY;
		done = page_walk(page, from, found);
		free(found);
		if (done && page->order.sort == TWINLOG__SORT__SORT_DATE &&
		    (from->first != INT32_MIN || from->last != INT32_MAX))
			return page_cross(page, from);
	}
	if (!done)
		roaring_iterate(from->rows, take_row, &(struct taking){page, from});
	return TWINLOG_OK;
}

/* ---- One city's view ---- */

static bool take_apart(uint32_t row, void *context)
{
	const struct taking *taking = context;
	const struct listed *from = taking->from;
	const struct statements *statements = from->view->statements;
	const struct word *word = stated_word(statements, statements_record(statements, row), from->stating);

	page_take_at(
	    taking->page, from, row,
	    order_key_of(&taking->page->order, from->view, row, word ? statements_facts(statements, word) : NULL));
	return true;
}

enum twinlog_error page_gather(struct page *page, const struct listed *from)
{
	struct listed led = *from;
	roaring_bitmap_t *apart = NULL, *rest = NULL;
	enum twinlog_error error;

	page->total += roaring_bitmap_get_cardinality(from->rows);
	if (!from->apart || !roaring_bitmap_intersect(from->rows, from->apart))
		return gather_led(page, from);
	apart = roaring_bitmap_and(from->rows, from->apart);
	led.rows = rest = roaring_bitmap_andnot(from->rows, from->apart);
	error = apart && rest ? gather_led(page, &led) : TWINLOG_NO_MEMORY;
	if (!error)
		roaring_iterate(apart, take_apart, &(struct taking){page, from});
	if (apart)
		roaring_bitmap_free(apart);
	if (rest)
		roaring_bitmap_free(rest);
	return error;
}
