/* Which records a report goes over: those that a list would find. */
#include <string.h>

#include "codelist.h"
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

/* Conditions on what that kind has not are those of the other. */
enum twinlog_error sample_filter(const struct sample *sample, bool events, bool alone, Twinlog__Filter *filter)
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
static const struct facts *row_facts(const struct sample_space *space, uint32_t row)
{
	const struct statements *statements = space->where.statements;
	const struct word *word;

	if (space->where.stating == STATED_NOBODY)
		return space->view->facts[row] == FACTS_NONE ? NULL
							     : statements_facts_at(statements, space->view->facts[row]);
	word = stated_word(statements, statements_record(statements, row), space->where.stating);
	return word ? statements_facts(statements, word) : NULL;
}

/* What of one record is looked at before its kind of tie. */
static enum sample_fate fate_of(const struct sample *sample, const struct item *item, struct sample_want want)
{
	const struct facts *facts = item->facts;

	if (item->state == TWINLOG__RECORD_STATE__STATE_WITHDRAWN && sample->filter->n_states == 0)
		return FATE_LEFT_OUT;
	if (!facts || !facts->values)
		return FATE_LEFT_OUT;
	if (item->event && want.held && sample->filter->n_statuses == 0 && !facts->held)
		return FATE_NOT_HELD;
	if (want.until && (facts->held || !item->event) && facts->start.precision != EDTF_NONE &&
	    facts->start.first > sample->as_of)
		return FATE_LATER;
	return FATE_TAKEN;
}

enum twinlog_error sample_take(struct sample *sample, uint32_t space, uint32_t row, bool events,
			       struct sample_want want, enum sample_fate *ret_fate)
{
	struct item item = {.facts = row_facts(&sample->spaces[space], row),
			    .space = space,
			    .record = row,
			    .other = ITEM_NONE,
			    .tally = ITEM_NONE,
			    .state = sample->spaces[space].view->state[row],
			    .event = events};
	enum twinlog_error error = TWINLOG_OK;

	*ret_fate = fate_of(sample, &item, want);
	/* What a preset does not take is not asked for, whenever it began. */
	if (*ret_fate != FATE_LEFT_OUT && !events && !preset_takes(sample, &item))
		*ret_fate = FATE_LEFT_OUT;
	if (*ret_fate != FATE_TAKEN)
		return TWINLOG_OK;
	if (want.voices)
		error = sample_hear(sample, &item);
	if (!error)
		error =
		    sample_room(&sample->items, &sample->items_capacity, sample->items_count, sizeof *sample->items);
	if (error)
		return error;
	sample->items[sample->items_count++] = item;
	sample->events_count += events;
	return TWINLOG_OK;
}
