/* Taking rows into the view of one space. */
#include <stdlib.h>
#include <string.h>

#include "stated.h"
#include "view.h"

/* ---- Life ---- */

static struct ranking_key key_by_date(const void *owner, uint32_t row)
{
	const struct view_space *space = owner;

	return (struct ranking_key){space->day[row], &statements_record(space->statements, row)->handle};
}

static struct ranking_key key_by_change(const void *owner, uint32_t row)
{
	const struct view_space *space = owner;

	return (struct ranking_key){(int64_t)space->changed[row], &statements_record(space->statements, row)->handle};
}

enum twinlog_error view_space_new(const struct statements *statements, const struct acts *acts, const struct hash *self,
				  struct view_space **ret_space)
{
	struct view_space *space = calloc(1, sizeof *space);

	if (!space)
		return TWINLOG_NO_MEMORY;
	space->self = *self;
	space->statements = statements;
	space->acts = acts;
	space->by_date = (struct ranking){.key = key_by_date, .owner = space, .late_max = RANKING_LATE_MAX};
	space->by_change = (struct ranking){.key = key_by_change, .owner = space, .late_max = RANKING_LATE_MAX};
	/* What was taken from the list before this view is not on it any more. */
	space->broken = true;
	*ret_space = space;
	return TWINLOG_OK;
}

void view_space_free(struct view_space *space)
{
	if (!space)
		return;
	free(space->day);
	free(space->last);
	free(space->facts);
	free(space->before);
	free(space->after);
	free(space->state);
	free(space->flags);
	free(space->changed);
	free(space->pending);
	columns_free(&space->columns);
	bitmaps_free(&space->bitmaps);
	ranking_free(&space->by_date);
	ranking_free(&space->by_change);
	free(space);
}

size_t view_space_bytes(const struct view_space *space)
{
	const size_t row = sizeof *space->day + sizeof *space->last + sizeof *space->facts + sizeof *space->before +
			   sizeof *space->after + sizeof *space->state + sizeof *space->flags +
			   (space->changed ? sizeof *space->changed : 0);
	const size_t ranked = (size_t)space->by_date.bulk.capacity + space->by_date.late.capacity +
			      space->by_change.bulk.capacity + space->by_change.late.capacity;

	return space->capacity * row + (ranked + space->pending_capacity) * sizeof(uint32_t) +
	       columns_bytes(&space->columns, space->capacity) + bitmaps_bytes(&space->bitmaps);
}

/* ---- Room ---- */

static bool column_grow(void *column, uint32_t capacity, size_t size)
{
	void *old, *grown;

	memcpy(&old, column, sizeof old);
	grown = realloc(old, capacity * size);
	if (!grown)
		return false;
	memcpy(column, &grown, sizeof grown);
	return true;
}

static enum twinlog_error rows_grow(struct view_space *space, uint32_t rows)
{
	uint32_t capacity = space->capacity + space->capacity / 8 + 64;

	if (capacity < rows)
		capacity = rows;
	if (rows > space->capacity) {
		if (!column_grow(&space->day, capacity, sizeof *space->day) ||
		    !column_grow(&space->last, capacity, sizeof *space->last) ||
		    !column_grow(&space->facts, capacity, sizeof *space->facts) ||
		    !column_grow(&space->before, capacity, sizeof *space->before) ||
		    !column_grow(&space->after, capacity, sizeof *space->after) ||
		    !column_grow(&space->state, capacity, sizeof *space->state) ||
		    !column_grow(&space->flags, capacity, sizeof *space->flags) ||
		    (space->ranks_changes && !column_grow(&space->changed, capacity, sizeof *space->changed)) ||
		    columns_grow(&space->columns, capacity))
			return TWINLOG_NO_MEMORY;
		space->capacity = capacity;
	}
	for (; space->rows < rows; space->rows++) {
		space->day[space->rows] = VIEW_UNDATED;
		space->last[space->rows] = INT32_MIN;
		space->facts[space->rows] = FACTS_NONE;
		space->before[space->rows] = 0;
		space->after[space->rows] = 0;
		space->state[space->rows] = TWINLOG__RECORD_STATE__STATE_NONE;
		space->flags[space->rows] = 0;
		columns_clear(&space->columns, space->rows);
	}
	return TWINLOG_OK;
}

/* ---- The values of one row ---- */

enum { CHANGE_ADD, CHANGE_REMOVE };

struct change {
	struct bitmaps *bitmaps;
	uint32_t row;
	int what;
	enum twinlog_error error;
};

static void change_key(struct change *change, enum bitmap_dimension dimension, uint32_t a, uint32_t b)
{
	const bitmap_key key = bitmap_key_of(dimension, a, b);

	if (change->what == CHANGE_REMOVE)
		bitmaps_remove(change->bitmaps, key, change->row);
	else if (!change->error)
		change->error = bitmaps_add(change->bitmaps, key, change->row);
}

static void change_name(struct change *change, enum bitmap_dimension dimension, uint32_t name)
{
	if (name != NAME_NONE)
		change_key(change, dimension, name, 0);
}

static void change_cities(struct change *change, const struct names *names, const struct facts *facts)
{
	for (size_t i = 0; i < facts->cities_count; i++) {
		size_t size;
		const char *text = names_text(names, facts->ids[i], &size);

		change_key(change, BITMAP_CITY, facts->ids[i], 0);
		if (size >= 4 && text[2] == ':')
			change_key(change, BITMAP_COUNTRY, bitmap_country(text), 0);
	}
}

static void change_details(struct change *change, const struct facts *facts)
{
	const struct detail *details = facts_details(facts);

	for (size_t i = 0; i < facts->details_count; i++) {
		if (details[i].kind == DETAIL_ACTOR)
			change_key(change, BITMAP_ACTOR, details[i].a, details[i].b);
		if (details[i].kind == DETAIL_PUBLICITY)
			change_name(change, BITMAP_CHANNEL, details[i].a);
	}
}

/* Everything that follows from the facts but the dates. */
static void change_facts(struct change *change, const struct view_space *space, const struct facts *facts)
{
	const uint32_t *fields = facts->ids + facts->cities_count;

	change_cities(change, statements_names(space->statements), facts);
	for (size_t i = 0; i < facts->fields_count; i++)
		change_name(change, BITMAP_FIELD, fields[i]);
	change_name(change, BITMAP_FORM, facts->form);
	change_name(change, BITMAP_MODE, facts->mode);
	change_name(change, BITMAP_STATUS, facts->status);
	change_name(change, BITMAP_RELATION, facts->relation);
	change_details(change, facts);
}

static int year_of(int32_t day)
{
	int year, month, day_of_month;

	edtf_from_days(day, &year, &month, &day_of_month);
	return year;
}

/* Under each year and decade that the interval has a day in. */
static void change_years(struct change *change, const struct view_space *space)
{
	int32_t first, last;

	if (!view_space_interval(space, change->row, &first, &last))
		return;
	const int from = year_of(first), to = year_of(last);

	if (to - from >= (int)VIEW_YEARS_MAX) {
		change_key(change, BITMAP_LONG, 0, 0);
		return;
	}
	if (from < to)
		change_key(change, BITMAP_ACROSS, 0, 0);
	for (int year = from; year <= to; year++)
		change_key(change, BITMAP_YEAR, (uint32_t)year, 0);
	for (int decade = from / 10; decade <= to / 10; decade++)
		change_key(change, BITMAP_DECADE, (uint32_t)decade, 0);
}

/* ---- Taking a row in ---- */

/* The last value that stands for a row: what it was taken in with. */
static void row_take_out(struct view_space *space, struct change *change)
{
	const uint32_t row = change->row;
	const struct facts *facts =
	    space->facts[row] == FACTS_NONE ? NULL : statements_facts_at(space->statements, space->facts[row]);

	change->what = CHANGE_REMOVE;
	if (facts && (space->flags[row] & VIEW_VALUES) && !facts->values) {
		/* Erased meanwhile: what it said is nowhere any more. */
		bitmaps_remove_all(change->bitmaps, row);
	} else if (facts) {
		change_facts(change, space, facts);
		change_key(change, BITMAP_KIND, facts->kind, 0);
		change_years(change, space);
	} else {
		change_key(change, BITMAP_KIND, statements_record(space->statements, row)->kind, 0);
	}
	change->what = CHANGE_ADD;
}

static void row_dates(struct view_space *space, uint32_t row, const struct facts *facts)
{
	int32_t first, last, end_first, end_last;

	space->day[row] = VIEW_UNDATED;
	space->last[row] = INT32_MIN;
	space->before[row] = space->after[row] = 0;
	if (!facts || facts->start.precision == EDTF_NONE)
		return;
	edtf_span(&facts->start, &first, &last);
	if (facts->end.precision != EDTF_NONE) {
		edtf_span(&facts->end, &end_first, &end_last);
		if (end_last > last)
			last = end_last;
	}
	space->day[row] = facts->start.first;
	space->before[row] = (uint16_t)(facts->start.first - first);
	space->last[row] = facts->start.last;
	if (facts->end.precision != EDTF_NONE && facts->end.last > facts->start.last)
		space->last[row] = facts->end.last;
	space->after[row] = (uint16_t)(last - space->last[row]);
}

/* What reports count. */
static void row_columns(struct view_space *space, struct change *change, const struct facts *facts)
{
	bool fit = true;

	change->what = CHANGE_REMOVE;
	change_key(change, BITMAP_BARE, 0, 0);
	change_key(change, BITMAP_WIDE, 0, 0);
	change->what = CHANGE_ADD;
	if (!facts || !facts->values) {
		columns_clear(&space->columns, change->row);
		change_key(change, BITMAP_BARE, 0, 0);
		return;
	}
	if (!change->error)
		change->error = columns_take(&space->columns, change->row, facts, &fit);
	if (!fit)
		change_key(change, BITMAP_WIDE, 0, 0);
}

/* Under each kind of detail that a report may have to look for on the record. */
static void row_told(struct change *change, const struct facts *facts)
{
	const struct detail *details = facts ? facts_details(facts) : NULL;

	for (size_t i = 0; facts && i < facts->details_count; i++)
		switch (details[i].kind) {
		case DETAIL_EVENTS:
		case DETAIL_PRIVATE:
		case DETAIL_COST:
		case DETAIL_TRADE:
		case DETAIL_PUBLICITY:
		case DETAIL_FRICTION:
			change_key(change, BITMAP_TOLD, details[i].kind, 0);
			break;
		default:
			break;
		}
}

/* Its place in the rankings, once all columns are known. */
static enum twinlog_error row_rank(struct view_space *space, uint32_t row, bool was_seen, int32_t old_day)
{
	enum twinlog_error error = TWINLOG_OK;

	if (was_seen && old_day != space->day[row])
		error = ranking_leave(&space->by_date, row);
	if (!error && (!was_seen || old_day != space->day[row]))
		error = ranking_join(&space->by_date, row);
	if (!error && space->ranks_changes) {
		uint64_t changed = statements_record(space->statements, row)->changed_ms;

		if (was_seen && space->changed[row] != changed)
			error = ranking_leave(&space->by_change, row);
		if (!error && (!was_seen || space->changed[row] != changed))
			error = ranking_join(&space->by_change, row);
		space->changed[row] = changed;
	}
	return error;
}

/* Under each city that has a current word on it. Behind the columns, since what a city states is laid beside them. */
static void row_stated(struct view_space *space, struct change *change)
{
	const struct statements *statements = space->statements;
	const struct record *record = statements_record(statements, change->row);
	const size_t cities = statements_cities(statements);
	const bool fresh = !(space->flags[change->row] & VIEW_SEEN);

	change->what = CHANGE_REMOVE;
	for (size_t city = 0; !fresh && city < cities; city++) {
		change_key(change, BITMAP_STATED, (uint32_t)city, 0);
		change_key(change, BITMAP_APART, (uint32_t)city, 0);
	}
	change->what = CHANGE_ADD;
	for (const struct word *word = statements_word(statements, record->first_word); word;
	     word = statements_word(statements, word->next)) {
		const struct word *stated;

		if (!word_is_current(word) || word_lane(word) != LANE_WORD)
			continue;
		row_told(change, statements_facts(statements, word));
		change_key(change, BITMAP_STATED, word->city, 0);
		stated = stated_word(statements, record, word->city);
		if (!stated || stated->facts != space->facts[change->row])
			change_key(change, BITMAP_APART, word->city, 0);
	}
}

static void row_state(struct view_space *space, struct change *change, const struct record_summary *summary)
{
	const uint32_t row = change->row;
	const bool seen = space->flags[row] & VIEW_SEEN;

	if (seen && space->state[row] != summary->state) {
		change->what = CHANGE_REMOVE;
		change_key(change, BITMAP_STATE, space->state[row], 0);
		change_key(change, BITMAP_SHOWN, 0, 0);
	}
	if (seen && (space->flags[row] & VIEW_WAITING) && !summary->waiting) {
		change->what = CHANGE_REMOVE;
		change_key(change, BITMAP_WAITING, 0, 0);
	}
	change->what = CHANGE_ADD;
	change_key(change, BITMAP_STATE, summary->state, 0);
	if (summary->state != TWINLOG__RECORD_STATE__STATE_NONE)
		change_key(change, BITMAP_SHOWN, 0, 0);
	if (summary->waiting)
		change_key(change, BITMAP_WAITING, 0, 0);
	space->state[row] = summary->state;
}

static void row_watched(const struct view_space *space, uint32_t row)
{
	for (const struct view_watch *watch = space->watches; watch; watch = watch->next)
		roaring_bitmap_add(watch->rows, row);
}

static enum twinlog_error row_take(struct view_space *space, uint32_t row)
{
	struct change change = {.bitmaps = &space->bitmaps, .row = row, .what = CHANGE_ADD};
	const bool seen = space->flags[row] & VIEW_SEEN;
	const int32_t old_day = space->day[row];
	struct record_summary summary;
	uint32_t facts;
	bool values;
	enum twinlog_error error = record_summarize(space->statements, space->acts, &space->self, row, &summary);

	if (error)
		return error;
	row_watched(space, row);
	facts = summary.facts_at;
	values = summary.facts && summary.facts->values;
	if (!seen || facts != space->facts[row] || values != ((space->flags[row] & VIEW_VALUES) != 0)) {
		if (seen)
			row_take_out(space, &change);
		row_dates(space, row, summary.facts);
		row_columns(space, &change, summary.facts);
		row_told(&change, summary.facts);
		space->facts[row] = facts;
		if (summary.facts) {
			change_facts(&change, space, summary.facts);
			change_years(&change, space);
		}
		change_key(&change, BITMAP_KIND,
			   summary.facts ? summary.facts->kind : statements_record(space->statements, row)->kind, 0);
	}
	row_stated(space, &change);
	row_state(space, &change, &summary);
	space->flags[row] = (uint8_t)(VIEW_SEEN | (values ? VIEW_VALUES : 0) | (summary.waiting ? VIEW_WAITING : 0));
	if (!change.error && space->copies)
		change.error = copies_take(space->copies, space->number, row);
	if (change.error || space->anew)
		return change.error;
	return row_rank(space, row, seen, old_day);
}

/* ---- Catching up ---- */

bool view_space_is_current(const struct view_space *space)
{
	return !space->broken && space->pending_at == space->pending_count &&
	       !statements_has_changed(space->statements);
}

static int compare_numbers(const void *a, const void *b)
{
	const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;

	return (left > right) - (left < right);
}

static enum twinlog_error pending_push(struct view_space *space, uint32_t row)
{
	if (space->pending_count == space->pending_capacity) {
		const uint32_t capacity = space->pending_capacity ? 2 * space->pending_capacity : 1024;

		if (!column_grow(&space->pending, capacity, sizeof *space->pending))
			return TWINLOG_NO_MEMORY;
		space->pending_capacity = capacity;
	}
	space->pending[space->pending_count++] = row;
	return TWINLOG_OK;
}

/* The list of changed rows, put into their order: bitmaps grow best from behind. */
static enum twinlog_error pending_fill(struct view_space *space)
{
	enum twinlog_error error = TWINLOG_OK;
	uint32_t row;

	space->pending_at = space->pending_count = 0;
	while (!error && statements_take_changed(space->statements, &row))
		error = pending_push(space, row);
	if (space->pending_count > 0)
		qsort(space->pending, space->pending_count, sizeof *space->pending, compare_numbers);
	return error;
}

/* Everything from the beginning: at first, and when memory ran out half way. */
static enum twinlog_error begin_anew(struct view_space *space)
{
	const size_t records = statements_records(space->statements);
	enum twinlog_error error = TWINLOG_OK;
	uint32_t row;

	bitmaps_free(&space->bitmaps);
	ranking_free(&space->by_date);
	ranking_free(&space->by_change);
	space->untrimmed = 0;
	space->rows = 0;
	space->pending_at = space->pending_count = 0;
	while (statements_take_changed(space->statements, &row))
		;
	for (size_t i = 0; !error && i < records; i++)
		error = pending_push(space, (uint32_t)i);
	space->anew = true;
	if (!error)
		space->broken = false;
	return error;
}

#define PENDING_KEPT 65536u /* rows of room that are kept for the next changes */

static void pending_drop(struct view_space *space)
{
	if (space->pending_at < space->pending_count || space->pending_capacity <= PENDING_KEPT)
		return;
	free(space->pending);
	space->pending = NULL;
	space->pending_at = space->pending_count = space->pending_capacity = 0;
	space->untrimmed = space->bitmaps.count;
}

#define TRIMMED_AT_ONCE 64u /* a millisecond or so of a million rows */

void view_space_tidy(struct view_space *space)
{
	const uint32_t to = space->untrimmed, from = to > TRIMMED_AT_ONCE ? to - TRIMMED_AT_ONCE : 0;

	bitmaps_trim(&space->bitmaps, from, to);
	space->untrimmed = from;
}

/* Once, at the end of what begins anew. */
static enum twinlog_error rank_all(struct view_space *space)
{
	enum twinlog_error error = TWINLOG_OK;

	space->anew = false;
	for (uint32_t row = 0; !error && row < space->rows; row++)
		if (space->flags[row] & VIEW_SEEN)
			error = row_rank(space, row, false, VIEW_UNDATED);
	return error;
}

enum twinlog_error view_space_catch_up(struct view_space *space, uint32_t max)
{
	enum twinlog_error error = space->broken ? begin_anew(space) : TWINLOG_OK;

	while (!error && max > 0 && !view_space_is_current(space)) {
		if (space->pending_at == space->pending_count)
			error = pending_fill(space);
		if (!error)
			error = rows_grow(space, (uint32_t)statements_records(space->statements));
		for (; !error && max > 0 && space->pending_at < space->pending_count; max--)
			error = row_take(space, space->pending[space->pending_at++]);
	}
	if (!error && space->anew && view_space_is_current(space))
		error = rank_all(space);
	if (!error)
		error = ranking_settle(&space->by_date, space->rows);
	if (!error && space->ranks_changes)
		error = ranking_settle(&space->by_change, space->rows);
	space->broken |= error != TWINLOG_OK;
	if (!error)
		pending_drop(space);
	return error;
}

enum twinlog_error view_space_mark_copies(struct view_space *space, struct copies *copies)
{
	enum twinlog_error error = copies_join(copies, space->statements, &space->bitmaps, &space->number);

	if (error)
		return error;
	space->copies = copies;
	for (uint32_t row = 0; !error && row < space->rows; row++)
		if (space->flags[row] & VIEW_SEEN)
			error = copies_take(copies, space->number, row);
	space->broken |= error != TWINLOG_OK;
	return error;
}

enum twinlog_error view_space_rank_changes(struct view_space *space)
{
	enum twinlog_error error = TWINLOG_OK;

	if (space->ranks_changes)
		return TWINLOG_OK;
	if (space->capacity > 0 && !column_grow(&space->changed, space->capacity, sizeof *space->changed))
		return TWINLOG_NO_MEMORY;
	space->ranks_changes = true;
	for (uint32_t row = 0; !error && row < space->rows; row++) {
		space->changed[row] = statements_record(space->statements, row)->changed_ms;
		if (space->flags[row] & VIEW_SEEN)
			error = ranking_join(&space->by_change, row);
	}
	if (!error)
		error = ranking_settle(&space->by_change, space->rows);
	space->broken |= error != TWINLOG_OK;
	return error;
}
