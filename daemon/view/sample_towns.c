/* What a sample knows of its cities: where they lie, and who took over from them. */
#include <stdlib.h>
#include <string.h>

#include "sample.h"

/* What a city record of one space says, as its lead statement has it; NULL when there is none. */
static const struct facts *city_facts(const struct sample *sample, const struct sample_space *space, const char *city,
				      size_t size)
{
	const struct statements *statements = space->where.statements;
	const struct handle handle =
	    record_handle(statements_space(statements), TWINLOG__RECORD_KIND__RECORD_CITY, NULL, city, size);
	const struct record *record = statements_find(statements, &handle);
	struct record_summary summary;

	if (!record || record_summarize(statements, space->where.acts, node_identity(sample->query->node),
					statements_index(statements, record), &summary))
		return NULL;
	return summary.facts && summary.facts->values ? summary.facts : NULL;
}

static void town_take(struct sample *sample, const struct item *item, struct town *town, uint32_t *successors)
{
	const struct detail *details = facts_details(item->facts);

	if (town->subdivision == NAME_NONE)
		town->subdivision = sample_name(sample, item, item->facts->subdivision);
	for (size_t i = 0; i < item->facts->details_count; i++) {
		if (details[i].kind == DETAIL_LEVEL && town->level == NAME_NONE)
			town->level = sample_name(sample, item, details[i].a);
		if (details[i].kind == DETAIL_POPULATION && town->population < 0)
			town->population = details[i].n;
		/* A city divided among several stays itself. */
		if (details[i].kind == DETAIL_SUCCEEDED_BY && (*successors)++ == 0)
			town->successor = sample_name(sample, item, details[i].a);
	}
}

/* ---- Who says of itself that it succeeds another: a city that lost its keys cannot say it any more. ---- */

static enum twinlog_error heir_add(struct sample *sample, uint32_t city, uint32_t heir)
{
	enum twinlog_error error =
	    sample_room(&sample->heirs, &sample->heirs_capacity, sample->heirs_count, sizeof *sample->heirs);

	if (!error)
		sample->heirs[sample->heirs_count++] = (struct heir){city, heir};
	return error;
}

static enum twinlog_error heirs_of_record(struct sample *sample, uint32_t space, size_t index)
{
	const struct statements *statements = sample->spaces[space].where.statements;
	const struct record *record = statements_record(statements, index);
	const struct detail *details;
	struct record_summary summary;
	enum twinlog_error error = TWINLOG_OK;
	size_t size;
	const char *city = statements_name(statements, record, &size);

	if (record->kind != TWINLOG__RECORD_KIND__RECORD_CITY || !record->shown)
		return TWINLOG_OK;
	error = record_summarize(statements, sample->spaces[space].where.acts, node_identity(sample->query->node),
				 index, &summary);
	if (error || !summary.facts)
		return error;
	details = facts_details(summary.facts);
	for (size_t i = 0; i < summary.facts->details_count && !error; i++) {
		const struct item item = {.facts = summary.facts, .space = space};

		if (details[i].kind == DETAIL_SUCCEEDS)
			error =
			    heir_add(sample, sample_name(sample, &item, details[i].a), sample_text(sample, city, size));
	}
	return error;
}

static void heirs_gather(struct sample *sample)
{
	sample->heirs_known = true;
	for (size_t s = 0; s < sample->spaces_count; s++)
		for (uint32_t i = 0; i < sample->spaces[s].city_rows_count; i++)
			if (heirs_of_record(sample, (uint32_t)s, sample->spaces[s].city_rows[i]))
				sample->no_memory = true;
}

/* The one that says so; the city itself when nobody does, or several do. */
static uint32_t heir_of(struct sample *sample, uint32_t city)
{
	uint32_t heir = city;

	if (sample->follow && !sample->heirs_known)
		heirs_gather(sample);
	for (size_t i = 0; i < sample->heirs_count; i++) {
		if (sample->heirs[i].city != city || sample->heirs[i].heir == heir)
			continue;
		if (heir != city)
			return city;
		heir = sample->heirs[i].heir;
	}
	return heir;
}

static struct town town_of(struct sample *sample, uint32_t city)
{
	struct town town = {.name = city, .successor = city, .population = -1};
	const struct places *places = sample->query->extra->places;
	uint32_t successors = 0;
	size_t size;
	const char *text = names_text(sample->names, city, &size);
	const struct place *place = places ? places_by_id(places, text) : NULL;

	if (size > 2 && text[2] == ':')
		town.country = sample_text(sample, text, 2);
	for (size_t s = 0; s < sample->spaces_count && successors == 0; s++) {
		const struct item item = {.facts = city_facts(sample, &sample->spaces[s], text, size),
					  .space = (uint32_t)s};

		if (item.facts)
			town_take(sample, &item, &town, &successors);
	}
	if (successors > 1)
		town.successor = city;
	if (successors == 0)
		town.successor = heir_of(sample, city);
	if (town.subdivision == NAME_NONE && place && place->subdivision)
		town.subdivision = sample_text(sample, place->subdivision, strlen(place->subdivision));
	return town;
}

const struct town *sample_town(struct sample *sample, uint32_t city)
{
	static const struct town nowhere = {.population = -1};

	if (city >= sample->towns_capacity) {
		const uint32_t capacity = names_count(sample->names) + 256;
		struct town *towns = realloc(sample->towns, capacity * sizeof *towns);

		if (!towns) {
			sample->no_memory = true;
			return &nowhere;
		}
		memset(towns + sample->towns_capacity, 0, (capacity - sample->towns_capacity) * sizeof *towns);
		sample->towns = towns;
		sample->towns_capacity = capacity;
	}
	if (sample->towns[city].name == NAME_NONE)
		sample->towns[city] = town_of(sample, city);
	return &sample->towns[city];
}

/* Merged cities pass on what they have. Steps are counted, since two cities may name each other. */
uint32_t sample_successor(struct sample *sample, uint32_t city)
{
	for (unsigned step = 0; sample->follow && step < 8; step++) {
		const uint32_t next = sample_town(sample, city)->successor;

		if (next == city || next == NAME_NONE)
			break;
		city = next;
	}
	return city;
}
