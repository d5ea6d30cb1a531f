/* The records of a report: those that a list would find. */
#include <string.h>

#include "codelist.h"
#include "filter_rows.h"
#include "sample.h"

/* The register's own rule of what a tie is. */
static bool preset_takes(struct sample *sample, const struct item *item)
{
	const struct names *names = statements_names(sample->spaces[item->space].where.statements);
	uint32_t cities[TWINLOG_RECORD_CITIES_MAX], levels[SAMPLE_VALUES_MAX];
	size_t size, count;
	const char *relation = names_text(names, item->facts->relation, &size);
	const bool sister = size == 6 && memcmp(relation, "sister", size) == 0;

	if (sample->preset == PRESET_ALL)
		return true;
	if (sample->preset == PRESET_SISTER_FRIENDSHIP)
		return sister || (size == 10 && memcmp(relation, "friendship", size) == 0);
	if (!sister || sample->preset == PRESET_SISTER)
		return sister;
	count = sample_cities(sample, item, cities);
	count = sample_place_values(sample, cities, count, DIMENSION_LEVEL, levels);
	return !sample_holds(levels, count, sample_text(sample, "district", 8));
}

/* The filter for one kind of record: conditions on what that kind has not are those of the other. */
static enum twinlog_error filter_of(const struct sample *sample, bool events, bool alone, Twinlog__Filter *filter)
{
	static uint32_t activity = TWINLOG__RECORD_KIND__RECORD_ACTIVITY,
			agreement = TWINLOG__RECORD_KIND__RECORD_AGREEMENT;
	const enum codelist list = events ? CODELIST_ACTIVITY_STATUS : CODELIST_AGREEMENT_STATUS;
	const Twinlog__Filter *asked = sample->filter;
	ProtobufCBinaryData *statuses;

	*filter = *asked;
	if (filter->n_kinds == 0) {
		filter->kinds = events ? &activity : &agreement;
		filter->n_kinds = 1;
	}
	if (alone)
		return TWINLOG_OK;
	statuses = arena_alloc(sample->query->arena, (asked->n_statuses + 1) * sizeof *statuses);
	if (!statuses)
		return QUERY_FULL;
	filter->statuses = statuses;
	filter->n_statuses = 0;
	for (size_t i = 0; i < asked->n_statuses; i++)
		if (codelist_find(list, asked->statuses[i].data, asked->statuses[i].len) >= 0)
			statuses[filter->n_statuses++] = asked->statuses[i];
	if (events) {
		filter->n_relation_types = 0;
		return TWINLOG_OK;
	}
	filter->n_fields = filter->n_forms = filter->n_modes = 0;
	filter->n_actor_levels = filter->n_actor_kinds = filter->n_channels = 0;
	filter->from = filter->to = codec_bytes(NULL, 0);
	return TWINLOG_OK;
}

/* The facts that count: of one city's view what it states, else as the view has them. */
static const struct facts *row_facts(const struct sample_space *space, uint32_t row, bool one_view)
{
	const struct statements *statements = space->where.statements;
	const struct word *word;

	if (!one_view)
		return space->view->facts[row] == FACTS_NONE ? NULL
							     : statements_facts_at(statements, space->view->facts[row]);
	word = stated_word(statements, statements_record(statements, row), space->where.stating);
	return word ? statements_facts(statements, word) : NULL;
}

static enum twinlog_error take_record(struct sample *sample, uint32_t space, uint32_t row, bool events, bool held,
				      bool one_view)
{
	struct item item = {.facts = row_facts(&sample->spaces[space], row, one_view),
			    .space = space,
			    .record = row,
			    .other = ITEM_NONE,
			    .state = sample->spaces[space].view->state[row],
			    .event = events};
	enum twinlog_error error;

	if (item.state == TWINLOG__RECORD_STATE__STATE_WITHDRAWN && sample->filter->n_states == 0)
		return TWINLOG_OK;
	if (!item.facts || !item.facts->values)
		return TWINLOG_OK;
	if (events && held && !item.facts->held) {
		sample->not_held++;
		return TWINLOG_OK;
	}
	if (!events && !preset_takes(sample, &item))
		return TWINLOG_OK;
	sample->records++;
	error = sample_room(&sample->items, &sample->items_capacity, sample->items_count, sizeof *sample->items);
	if (!error)
		sample->items[sample->items_count++] = item;
	return error;
}

/* Rows are taken many at a time, in order of arrival. */
#define ROWS_AT_ONCE 1024u

static enum twinlog_error gather_space(struct sample *sample, const struct filter *filter, uint32_t number, bool events,
				       bool held)
{
	struct sample_space *space = &sample->spaces[number];
	uint32_t some[ROWS_AT_ONCE], count;
	roaring_uint32_iterator_t at;
	roaring_bitmap_t *rows;
	enum twinlog_error error = filter_rows(filter, &space->where, space->view, &rows);

	if (error)
		return error;
	error = filter_text_rows(filter, &space->where, rows);
	roaring_init_iterator(rows, &at);
	while (!error && (count = roaring_read_uint32_iterator(&at, some, ROWS_AT_ONCE)) > 0)
		for (uint32_t i = 0; !error && i < count; i++)
			error = take_record(sample, number, some[i], events, held, filter->one_view);
	roaring_bitmap_free(rows);
	return error;
}

static enum twinlog_error gather_kind(struct sample *sample, bool events, struct sample_want want)
{
	const uint32_t kind = events ? TWINLOG__RECORD_KIND__RECORD_ACTIVITY : TWINLOG__RECORD_KIND__RECORD_AGREEMENT;
	const bool held = want.held && sample->filter->n_statuses == 0;
	Twinlog__Filter message;
	struct filter filter = {0};
	enum twinlog_error error = filter_of(sample, events, want.alone, &message);

	if (!error)
		error = filter_init(&filter, sample->query, &message);
	/* Of the kinds asked for only this one. */
	if (!error && (filter.kinds == 0 || filter.kinds & 1u << kind)) {
		filter.kinds = 1u << kind;
		for (uint32_t s = 0; !error && s < sample->spaces_count; s++) {
			struct filter_space *where = &sample->spaces[s].where;
			const struct space *space = where->space;

			*where = filter_space_of(&filter, where->statements, where->acts);
			where->space = space;
			error = gather_space(sample, &filter, s, events, held);
		}
	}
	filter_free(&filter);
	return error;
}

static enum twinlog_error gather_all(struct sample *sample, struct sample_want want)
{
	enum twinlog_error error = TWINLOG_OK;

	for (size_t s = 0; s < sample->spaces_count; s++) {
		size_t index = 0;

		/* Its place among all is its place in the view. */
		while (node_space(sample->query->node, index) != sample->spaces[s].where.space)
			index++;
		sample->spaces[s].view = view_at(sample->query->extra->view, index);
	}
	if (want.events)
		error = gather_kind(sample, true, want);
	sample->events_count = sample->items_count;
	if (!error && want.events)
		error = sample_merge(sample);
	if (!error && want.agreements)
		error = gather_kind(sample, false, want);
	return error;
}

enum twinlog_error sample_gather(struct sample *sample, struct sample_want want)
{
	struct view *view = sample->query->extra->view;
	enum twinlog_error error = view_begin(view, sample->query->node, false);

	if (error)
		return error;
	error = gather_all(sample, want);
	view_end(view);
	return error;
}
