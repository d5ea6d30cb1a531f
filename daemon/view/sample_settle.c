/* The records of a sample, gathered while the node goes on, and brought to one state at the end.
 *
 *     look: which rows fit now -> those that are not gathered yet, or were taken in anew since -> gather them in slices
 *      ^                                                                                                |
 *      +------------------------ until few are left, which are gathered in the slice of that look ------+
 *
 * What is said of a row follows from the words on its record and from the acts. So a row that was not taken in anew
 * since it was gathered is as it was; those that were stand in the view's watch.
 *
 * Of the rows that fit, those that are alike are counted together where that is asked (alike.h), in blocks, by the same
 * rule. What several records may tell of, or what one has to look at, is gathered one by one. */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "filter_rows.h"
#include "once.h"
#include "sample.h"

/* One kind of records of one space. */
struct part {
	uint32_t space;
	bool events;
	roaring_bitmap_t *codes;    /* rows that fit but for a text, when last looked */
	roaring_bitmap_t *rows;     /* for which an item stands */
	roaring_bitmap_t *not_held; /* that were left out for that alone */
	roaring_bitmap_t *later;    /* likewise, since they begin after the day asked for */
	roaring_bitmap_t *doubt;    /* for which several items may stand, or one that has to go */
	roaring_bitmap_t *todo;     /* to be gathered now; NULL before the first look */
	struct alike alike;         /* the others, when they are counted together */
	bool counts;                /* they are */
};

struct gathering {
	struct sample *sample;
	struct sample_want want;
	struct part *parts;
	size_t parts_count;
	bool looking;      /* the view is begun */
	bool mixed;        /* items came in several rounds */
	uint64_t counting; /* what blocks still take, as so many rows that are gathered */
	Twinlog__Filter messages[2];
	struct filter filters[2]; /* of events, of agreements */
	bool kinds[2];            /* that are asked for */
};

/* ---- Life ---- */

static enum twinlog_error gathering_filters(struct gathering *gathering)
{
	const bool wanted[2] = {gathering->want.events, gathering->want.agreements};
	enum twinlog_error error = TWINLOG_OK;

	for (unsigned k = 0; !error && k < 2; k++) {
		const uint32_t kind =
		    k == 0 ? TWINLOG__RECORD_KIND__RECORD_ACTIVITY : TWINLOG__RECORD_KIND__RECORD_AGREEMENT;
		struct filter *filter = &gathering->filters[k];

		if (!wanted[k])
			continue;
		error = sample_filter(gathering->sample, k == 0, gathering->want.alone, &gathering->messages[k]);
		if (!error)
			error = filter_init(filter, gathering->sample->query, &gathering->messages[k]);
		/* Of the kinds asked for only this one. */
		gathering->kinds[k] = !error && (filter->kinds == 0 || filter->kinds & 1u << kind);
		filter->kinds = 1u << kind;
	}
	return error;
}

static enum twinlog_error part_init(struct part *part, uint32_t space, bool events)
{
	*part = (struct part){.space = space,
			      .events = events,
			      .codes = roaring_bitmap_create(),
			      .rows = roaring_bitmap_create(),
			      .not_held = roaring_bitmap_create(),
			      .later = roaring_bitmap_create(),
			      .doubt = roaring_bitmap_create()};
	return part->codes && part->rows && part->not_held && part->later && part->doubt ? TWINLOG_OK
											 : TWINLOG_NO_MEMORY;
}

static void rows_free(roaring_bitmap_t *rows)
{
	if (rows)
		roaring_bitmap_free(rows);
}

static void part_free(struct part *part)
{
	rows_free(part->codes);
	rows_free(part->rows);
	rows_free(part->not_held);
	rows_free(part->later);
	rows_free(part->doubt);
	rows_free(part->todo);
	if (part->counts)
		alike_free(&part->alike);
}

static enum twinlog_error gathering_parts(struct gathering *gathering)
{
	const size_t spaces = gathering->sample->spaces_count;
	enum twinlog_error error = TWINLOG_OK;

	gathering->parts = calloc(2 * spaces + 1, sizeof *gathering->parts);
	if (!gathering->parts)
		return TWINLOG_NO_MEMORY;
	for (unsigned k = 0; k < 2; k++)
		for (uint32_t s = 0; !error && gathering->kinds[k] && s < spaces; s++)
			error = part_init(&gathering->parts[gathering->parts_count++], s, k == 0);
	return error;
}

/* A text has to be looked for, and one city's view is not that of the columns: then each record is looked at. */
static enum twinlog_error gathering_alike(struct gathering *gathering)
{
	const struct filter *filter = &gathering->filters[0];
	enum twinlog_error error = TWINLOG_OK;

	for (size_t p = 0; !error && p < gathering->parts_count; p++) {
		struct part *part = &gathering->parts[p];

		if (!part->events || !gathering->want.alike.asked || filter->text || filter->one_view)
			continue;
		part->counts = true;
		error = alike_init(&part->alike, &gathering->want.alike, gathering->sample->spaces[part->space].view);
	}
	return error;
}

static void gathering_free(struct gathering *gathering)
{
	for (size_t p = 0; p < gathering->parts_count; p++)
		part_free(&gathering->parts[p]);
	filter_free(&gathering->filters[0]);
	filter_free(&gathering->filters[1]);
	free(gathering->parts);
}

/* ---- Looking ---- */

/* Records that may be one event with others, as things stand. */
static enum twinlog_error find_apart(const struct sample *sample, uint32_t space, roaring_bitmap_t **ret_rows)
{
	roaring_bitmap_t *rows = roaring_bitmap_create();

	if (!rows)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < sample->joined_count; i++)
		for (unsigned end = 0; end < 2; end++)
			if (sample->joined[i][end].space == space)
				roaring_bitmap_add(rows, sample->joined[i][end].record);
	for (size_t g = 0; g < groups_count(sample->copies); g++) {
		size_t count;
		const struct group_record *records = groups_at(sample->copies, g, &count);

		for (size_t i = 0; i < count; i++)
			if (records[i].space == space)
				roaring_bitmap_add(rows, records[i].record);
	}
	*ret_rows = rows;
	return TWINLOG_OK;
}

/* Leaves those rows that have to be looked at one by one. */
static enum twinlog_error part_look_alike(struct gathering *gathering, struct part *part, const roaring_bitmap_t *taken,
					  roaring_bitmap_t *codes)
{
	const struct sample *sample = gathering->sample;
	struct alike_want want = {.taken = taken,
				  .withdrawn = sample->filter->n_states == 0,
				  .held = gathering->want.held && sample->filter->n_statuses == 0,
				  .plans = sample->filter->n_statuses > 0};
	roaring_bitmap_t *apart;
	uint64_t cost = 0;
	enum twinlog_error error = find_apart(sample, part->space, &apart);

	if (error)
		return error;
	want.apart = apart;
	error = alike_look(&part->alike, &want, codes, &cost);
	roaring_bitmap_free(apart);
	gathering->counting += cost;
	return error;
}

/* Which rows fit now, and which of them are to be gathered. taken: rows taken in anew since the look before. */
static enum twinlog_error part_look(struct gathering *gathering, struct part *part, const roaring_bitmap_t *taken)
{
	const struct filter *filter = &gathering->filters[part->events ? 0 : 1];
	struct sample_space *space = &gathering->sample->spaces[part->space];
	const struct filter_space where = filter_space_of(filter, space->where.statements, space->where.acts);
	roaring_bitmap_t *codes = NULL, *gone, *again;
	enum twinlog_error error = filter_rows(filter, &where, space->view, &codes);

	if (error)
		return error;
	space->where.stating = where.stating;
	if (part->counts && (error = part_look_alike(gathering, part, taken, codes))) {
		roaring_bitmap_free(codes);
		return error;
	}
	gone = roaring_bitmap_andnot(part->codes, codes);
	again = roaring_bitmap_and(taken, codes);
	rows_free(part->todo);
	part->todo = roaring_bitmap_andnot(codes, part->codes);
	roaring_bitmap_free(part->codes);
	part->codes = codes;
	if (gone && again && part->todo) {
		roaring_bitmap_or_inplace(part->todo, again);
		roaring_bitmap_or_inplace(gone, taken);
		roaring_bitmap_andnot_inplace(part->not_held, gone);
		roaring_bitmap_andnot_inplace(part->later, gone);
		roaring_bitmap_and_inplace(gone, part->rows);
		roaring_bitmap_or_inplace(part->doubt, gone);
		roaring_bitmap_andnot_inplace(part->rows, gone);
		error = filter_text_rows(filter, &where, part->todo);
	} else {
		error = TWINLOG_NO_MEMORY;
	}
	rows_free(gone);
	rows_free(again);
	return error;
}

/* *ret_left: rows to be gathered. */
static enum twinlog_error look(struct gathering *gathering, uint64_t *ret_left)
{
	enum twinlog_error error = TWINLOG_OK;

	*ret_left = 0;
	gathering->counting = 0;
	if (gathering->want.events && gathering->want.alike.asked)
		error = sample_find_joined(gathering->sample);
	for (size_t p = 0; !error && p < gathering->parts_count; p++) {
		struct part *part = &gathering->parts[p];

		error = part_look(gathering, part, gathering->sample->spaces[part->space].watch.rows);
		*ret_left += error ? 0 : roaring_bitmap_get_cardinality(part->todo);
	}
	for (size_t s = 0; s < gathering->sample->spaces_count; s++)
		roaring_bitmap_clear(gathering->sample->spaces[s].watch.rows);
	return error;
}

/* ---- Gathering ---- */

static enum twinlog_error looking_begin(struct gathering *gathering)
{
	const struct query *query = gathering->sample->query;
	enum twinlog_error error = query_view_ready(query);

	if (!error)
		error = view_begin(query->extra->view, query->node, false);
	gathering->looking = !error;
	return error;
}

static void looking_end(struct gathering *gathering)
{
	if (gathering->looking)
		view_end(gathering->sample->query->extra->view);
	gathering->looking = false;
}

static enum twinlog_error gathering_pause(struct gathering *gathering)
{
	enum twinlog_error error;

	if (!query_due(gathering->sample->query))
		return TWINLOG_OK;
	looking_end(gathering);
	error = query_pause(gathering->sample->query);
	return error ? error : looking_begin(gathering);
}

/* Rows are taken many at a time, in order of arrival. */
#define ROWS_AT_ONCE 512u

/* Facts lie far apart: those that come soon are fetched meanwhile. */
static void fetch(const struct sample_space *space, uint32_t row)
{
	const uint32_t at = space->view->facts[row];

	if (at != FACTS_NONE)
		__builtin_prefetch((const char *)statements_facts_at(space->where.statements, at) +
				   offsetof(struct facts, values));
}
#define FETCH_AHEAD 16u

static enum twinlog_error part_count(struct gathering *gathering, struct part *part, bool pausing)
{
	enum twinlog_error error = TWINLOG_OK;
	bool more = part->counts;

	while (!error && more) {
		error = alike_count(&part->alike, &more);
		if (!error && pausing)
			error = gathering_pause(gathering);
	}
	return error;
}

static enum twinlog_error part_take(struct gathering *gathering, struct part *part, bool pausing)
{
	roaring_bitmap_t *left_out = roaring_bitmap_create();
	uint32_t some[ROWS_AT_ONCE], count;
	const struct query_turns *turns = gathering->sample->query->extra->turns;
	const uint32_t at_once = turns && turns->settled < ROWS_AT_ONCE ? turns->settled : ROWS_AT_ONCE;
	roaring_uint32_iterator_t at;
	enum twinlog_error error = left_out ? part_count(gathering, part, pausing) : TWINLOG_NO_MEMORY;

	roaring_init_iterator(part->todo, &at);
	while (!error && (count = roaring_read_uint32_iterator(&at, some, at_once)) > 0) {
		for (uint32_t i = 0; !error && i < count; i++) {
			enum sample_fate fate;

			if (i + FETCH_AHEAD < count)
				fetch(&gathering->sample->spaces[part->space], some[i + FETCH_AHEAD]);
			error =
			    sample_take(gathering->sample, part->space, some[i], part->events, gathering->want, &fate);
			if (!error && fate != FATE_TAKEN)
				roaring_bitmap_add(left_out, some[i]);
			if (!error && fate == FATE_NOT_HELD)
				roaring_bitmap_add(part->not_held, some[i]);
			if (!error && fate == FATE_LATER)
				roaring_bitmap_add(part->later, some[i]);
		}
		if (!error && pausing)
			error = gathering_pause(gathering);
	}
	if (!error) {
		roaring_bitmap_andnot_inplace(part->todo, left_out);
		roaring_bitmap_or_inplace(part->rows, part->todo);
	}
	rows_free(left_out);
	return error;
}

/* For this many more items, and what is kept of each. */
static enum twinlog_error make_room(struct gathering *gathering, uint64_t left)
{
	struct sample *sample = gathering->sample;
	enum twinlog_error error =
	    sample_reserve(&sample->items, &sample->items_capacity, sample->items_count + left, sizeof *sample->items);

	/* A confirmation is no voice, so there are few records with more than two. */
	if (!error && gathering->want.voices)
		error = sample_reserve(&sample->voices, &sample->voices_capacity, sample->voices_count + 2 * left,
				       sizeof *sample->voices);
	return error;
}

static bool any_doubt(const struct gathering *gathering)
{
	bool any = false;

	for (size_t p = 0; p < gathering->parts_count; p++)
		any |= !roaring_bitmap_is_empty(gathering->parts[p].doubt);
	return any;
}

#define ROUNDS_MAX 16u /* then the rest is one slice, however much it is */

/* The view is begun at the end, of the slice in which nothing was left. */
static enum twinlog_error gather_rounds(struct gathering *gathering)
{
	const struct query_turns *turns = gathering->sample->query->extra->turns;
	enum twinlog_error error = looking_begin(gathering);
	bool last = false;

	for (unsigned round = 1; !error && !last; round++) {
		uint64_t left;

		error = look(gathering, &left);
		last = !turns || left + gathering->counting <= turns->settled || round == ROUNDS_MAX;
		if (!error)
			error = make_room(gathering, left);
		gathering->mixed = round > 1 && (gathering->mixed || left > 0 || any_doubt(gathering));
		for (size_t p = 0; !error && p < gathering->parts_count; p++)
			error = part_take(gathering, &gathering->parts[p], !last);
	}
	return error;
}

/* ---- The last slice ---- */

static enum twinlog_error keep_city_rows(struct sample_space *space)
{
	const roaring_bitmap_t *rows =
	    bitmaps_get(&space->view->bitmaps, bitmap_key_of(BITMAP_KIND, TWINLOG__RECORD_KIND__RECORD_CITY, 0));
	const uint64_t count = rows ? roaring_bitmap_get_cardinality(rows) : 0;

	space->city_rows = malloc((count + 1) * sizeof *space->city_rows);
	if (!space->city_rows)
		return TWINLOG_NO_MEMORY;
	if (rows)
		roaring_bitmap_to_uint32_array(rows, space->city_rows);
	space->city_rows_count = (uint32_t)count;
	return TWINLOG_OK;
}

static enum twinlog_error settle(struct gathering *gathering)
{
	struct sample *sample = gathering->sample;
	enum twinlog_error error = TWINLOG_OK;

	for (size_t s = 0; !error && s < sample->spaces_count; s++) {
		error = keep_city_rows(&sample->spaces[s]);
		sample->spaces[s].names_settled = names_count(statements_names(sample->spaces[s].where.statements));
	}
	if (!error && gathering->want.events && !gathering->want.alike.asked)
		error = sample_find_joined(sample);
	return error;
}

/* ---- Sorting out ---- */

static struct part *part_of(const struct gathering *gathering, const struct item *item)
{
	/* Parts of events stand before those of agreements, if both are asked for. */
	const size_t before = !item->event && gathering->kinds[0] ? gathering->sample->spaces_count : 0;

	return &gathering->parts[before + item->space];
}

/* Of several items on one row the last one counts, when one does. */
static void drop_doubtful(struct gathering *gathering)
{
	struct sample *sample = gathering->sample;

	for (size_t i = sample->items_count; i > 0; i--) {
		struct item *item = &sample->items[i - 1];
		const struct part *part = part_of(gathering, item);

		if (roaring_bitmap_contains(part->doubt, item->record) &&
		    !roaring_bitmap_remove_checked(part->rows, item->record))
			item->facts = NULL;
	}
}

/* Events, then agreements, each in the order in which they came. */
static enum twinlog_error put_in_order(struct sample *sample)
{
	struct item *items = malloc((sample->items_count + 1) * sizeof *items);
	size_t count = 0;

	if (!items)
		return TWINLOG_NO_MEMORY;
	for (unsigned k = 0; k < 2; k++) {
		for (size_t i = 0; i < sample->items_count; i++)
			if (sample->items[i].facts && sample->items[i].event == (k == 0))
				items[count++] = sample->items[i];
		if (k == 0)
			sample->events_count = count;
	}
	free(sample->items);
	sample->items = items;
	sample->items_capacity = sample->items_count + 1;
	sample->items_count = count;
	return TWINLOG_OK;
}

/* One item for each tally. */
static enum twinlog_error add_alike(struct sample *sample, uint32_t space, const struct alike *alike)
{
	enum twinlog_error error = sample_reserve(&sample->items, &sample->items_capacity,
						  sample->items_count + alike->tallies_count, sizeof *sample->items);

	if (!error)
		error = sample_reserve(&sample->tallies, &sample->tallies_capacity,
				       sample->tallies_count + alike->tallies_count, sizeof *sample->tallies);
	if (error)
		return error;
	for (size_t i = 0; i < alike->tallies_count; i++) {
		const struct tally *tally = &alike->tallies[i];

		sample->items[sample->items_count++] = (struct item){.facts = tally->facts,
								     .space = space,
								     .record = tally->row,
								     .other = ITEM_NONE,
								     .tally = (uint32_t)sample->tallies_count,
								     .state = tally->state,
								     .event = true};
		sample->tallies[sample->tallies_count++] = *tally;
		sample->records += tally->records - 1;
	}
	sample->events_count += alike->tallies_count;
	return TWINLOG_OK;
}

static enum twinlog_error sort_out(struct gathering *gathering)
{
	struct sample *sample = gathering->sample;
	const bool left = query_leave(sample->query, sample->items_count);
	enum twinlog_error error = TWINLOG_OK, entered;
	bool mixed = gathering->mixed;

	for (size_t p = 0; p < gathering->parts_count; p++) {
		sample->not_held += roaring_bitmap_get_cardinality(gathering->parts[p].not_held);
		sample->later += roaring_bitmap_get_cardinality(gathering->parts[p].later);
	}
	if (gathering->mixed)
		drop_doubtful(gathering);
	for (size_t p = 0; !error && p < gathering->parts_count; p++) {
		struct part *part = &gathering->parts[p];

		if (!part->counts)
			continue;
		sample->not_held += part->alike.not_held;
		mixed |= sample->items_count > sample->events_count;
		error = alike_unite(&part->alike);
		sample->later += part->alike.later;
		if (!error)
			error = add_alike(sample, part->space, &part->alike);
	}
	if (!error && mixed)
		error = put_in_order(sample);
	entered = query_enter(sample->query, left);
	sample->records += sample->items_count;
	return error ? error : entered;
}

enum twinlog_error sample_gather(struct sample *sample, struct sample_want want, sample_settled *settled, void *context)
{
	struct gathering gathering = {.sample = sample, .want = want};
	enum twinlog_error error = gathering_filters(&gathering);

	if (!error)
		error = gathering_parts(&gathering);
	if (!error)
		error = query_view_ready(sample->query);
	if (!error)
		error = sample_watch(sample);
	if (!error)
		error = gathering_alike(&gathering);
	if (!error)
		error = gather_rounds(&gathering);
	if (!error)
		error = settle(&gathering);
	looking_end(&gathering);
	if (!error && settled)
		error = settled(sample, context);
	if (!error)
		error = sort_out(&gathering);
	gathering_free(&gathering);
	if (!error && want.events)
		error = sample_merge(sample);
	return error;
}
