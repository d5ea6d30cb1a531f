#include "match.h"

#include <stdlib.h>
#include <string.h>

#include "report.h"

/* An event as it is laid beside others. */
struct spot {
	uint32_t item;
	uint32_t cities; /* name of the set */
	int32_t first, last;
	struct handle handle;
};

static const struct record *record_of(const struct sample *sample, uint32_t item)
{
	return statements_record(sample->spaces[sample->items[item].space].where.statements,
				 sample->items[item].record);
}

static const struct hash *opener_of(const struct sample *sample, uint32_t item)
{
	return statements_opener(sample->spaces[sample->items[item].space].where.statements, record_of(sample, item));
}

static const uint8_t *handle_of(const struct sample *sample, uint32_t item)
{
	return record_of(sample, item)->handle.bytes;
}

static int spot_order(const void *left, const void *right, void *context)
{
	const struct spot *a = left, *b = right;

	if (a->cities != b->cities)
		return a->cities < b->cities ? -1 : 1;
	if (a->first != b->first)
		return a->first < b->first ? -1 : 1;
	(void)context;
	return memcmp(a->handle.bytes, b->handle.bytes, HANDLE_SIZE);
}

static bool share_field(const struct sample *sample, const struct item *a, const struct item *b)
{
	const struct facts *one = a->facts, *other = b->facts;

	for (size_t i = 0; i < one->fields_count; i++)
		for (size_t j = 0; j < other->fields_count; j++) {
			const uint32_t x = one->ids[one->cities_count + i], y = other->ids[other->cities_count + j];

			if (sample->spaces[a->space].names[x] == sample->spaces[b->space].names[y] &&
			    sample->spaces[a->space].names[x] != NAME_NONE)
				return true;
		}
	return false;
}

static uint32_t reasons_of(struct sample *sample, const struct spot *a, const struct spot *b)
{
	const struct item *one = &sample->items[a->item], *other = &sample->items[b->item];
	const uint32_t form = sample_name(sample, one, one->facts->form);
	uint32_t reasons = MATCH_CITIES | MATCH_DATES;

	if (share_field(sample, one, other))
		reasons |= MATCH_FIELD;
	if (form != NAME_NONE && form == sample_name(sample, other, other->facts->form))
		reasons |= MATCH_FORM;
	if (!(reasons & (MATCH_FIELD | MATCH_FORM)))
		return 0;
	if (a->first == b->first && one->facts->start.precision == EDTF_DAY &&
	    other->facts->start.precision == EDTF_DAY)
		reasons |= MATCH_DAY;
	if (one->facts->has_participants && other->facts->has_participants &&
	    one->facts->participants == other->facts->participants)
		reasons |= MATCH_PARTICIPANTS;
	if (!hash_equal(opener_of(sample, a->item), opener_of(sample, b->item)))
		reasons |= MATCH_OFFICES;
	return reasons;
}

/* How likely it is, for the order of proposals. */
static unsigned weight_of(uint32_t reasons)
{
	return (reasons & MATCH_OFFICES ? 16u : 0u) + (reasons & MATCH_DAY ? 8u : 0u) +
	       (reasons & MATCH_PARTICIPANTS ? 4u : 0u) + (reasons & MATCH_FORM ? 2u : 0u) +
	       (reasons & MATCH_FIELD ? 1u : 0u);
}

int match_order(const struct sample *sample, const struct match *a, const struct match *b)
{
	const unsigned a_weight = weight_of(a->reasons), b_weight = weight_of(b->reasons);
	const int32_t a_day = sample->items[a->first].facts->start.first;
	const int32_t b_day = sample->items[b->first].facts->start.first;
	int order;

	/* 1. The most likely. 2. The latest. 3. Any rule that does not depend on arrival. */
	if (a_weight != b_weight)
		return a_weight > b_weight ? -1 : 1;
	if (a_day != b_day)
		return a_day > b_day ? -1 : 1;
	order = memcmp(handle_of(sample, a->first), handle_of(sample, b->first), HANDLE_SIZE);
	return order ? order : memcmp(handle_of(sample, a->second), handle_of(sample, b->second), HANDLE_SIZE);
}

static size_t spots_make(struct sample *sample, struct spot *spots)
{
	size_t count = 0;

	for (size_t i = 0; i < sample->events_count; i++) {
		uint32_t fields[SAMPLE_VALUES_MAX];

		if (i % 256 == 0)
			sample_breathe(sample);
		struct spot spot = {.item = (uint32_t)i, .handle = record_of(sample, (uint32_t)i)->handle};

		/* So that share_field finds the names of both. */
		(void)sample_values(sample, &sample->items[i], DIMENSION_FIELD, fields);
		spot.cities = sample_city_set(sample, &sample->items[i]);
		if (spot.cities != NAME_NONE && sample_reach(&sample->items[i], &spot.first, &spot.last))
			spots[count++] = spot;
	}
	return count;
}

static enum twinlog_error lay_beside(struct sample *sample, const struct spot *a, const struct spot *b,
				     match_visit *visit, void *context)
{
	const bool ordered = memcmp(a->handle.bytes, b->handle.bytes, HANDLE_SIZE) < 0;
	const struct match match = {.first = ordered ? a->item : b->item,
				    .second = ordered ? b->item : a->item,
				    .reasons = reasons_of(sample, a, b)};

	return match.reasons ? visit(sample, &match, context) : TWINLOG_OK;
}

enum twinlog_error matches_find(struct sample *sample, match_visit *visit, void *context)
{
	struct spot *spots = malloc((sample->events_count + 1) * sizeof *spots); /* clearing it would take its time */
	enum twinlog_error error = TWINLOG_OK, entered;
	size_t count;
	bool left;

	if (!spots)
		return TWINLOG_NO_MEMORY;
	count = spots_make(sample, spots);
	sample_sort(sample, spots, count, sizeof *spots, spot_order, NULL);
	for (size_t i = 0; !error && i < count; i++) {
		if (i % 16 == 0)
			sample_breathe(sample);
		for (size_t j = i + 1; !error && j < count && j - i <= MATCH_NEAR &&
				       spots[j].cities == spots[i].cities && spots[j].first <= spots[i].last;
		     j++)
			error = lay_beside(sample, &spots[i], &spots[j], visit, context);
	}
	/* Giving much memory back takes its time. */
	left = query_leave(sample->query, count);
	free(spots);
	entered = query_enter(sample->query, left);
	return error ? error : entered;
}

static enum twinlog_error mark(struct sample *sample, const struct match *match, void *context)
{
	uint8_t *duplicates = context;

	(void)sample;
	duplicates[match->first] = duplicates[match->second] = 1;
	return TWINLOG_OK;
}

enum twinlog_error report_mark_duplicates(struct report *report)
{
	report->duplicates = calloc(report->sample.items_count + 1, 1);
	if (!report->duplicates)
		return TWINLOG_NO_MEMORY;
	return matches_find(&report->sample, mark, report->duplicates);
}
