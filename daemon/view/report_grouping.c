/* Members put under the values of the dimensions asked for. */
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "slots.h"

static uint32_t keys_hash(const uint32_t keys[DIMENSIONS_MAX])
{
	uint64_t hash = 0;

	for (size_t i = 0; i < DIMENSIONS_MAX; i++)
		hash = seal_slot_number(hash ^ keys[i]);
	return (uint32_t)hash;
}

static enum twinlog_error slots_grow(struct grouping *grouping)
{
	const uint32_t size = grouping->slots ? 2 * (grouping->mask + 1) : 1024;
	uint32_t *slots = calloc(size, sizeof *slots);

	if (!slots)
		return TWINLOG_NO_MEMORY;
	free(grouping->slots);
	grouping->slots = slots;
	grouping->mask = size - 1;
	for (uint32_t group = 0; group < grouping->groups; group++) {
		uint32_t slot = keys_hash(grouping->keys[group]) & grouping->mask;

		while (slots[slot])
			slot = (slot + 1) & grouping->mask;
		slots[slot] = group + 1;
	}
	return TWINLOG_OK;
}

static enum twinlog_error group_of(struct grouping *grouping, const uint32_t keys[DIMENSIONS_MAX], uint32_t *ret_group)
{
	enum twinlog_error error = TWINLOG_OK;
	uint32_t slot;

	if (!grouping->slots || 2 * grouping->groups > grouping->mask)
		error = slots_grow(grouping);
	if (error)
		return error;
	for (slot = keys_hash(keys) & grouping->mask; grouping->slots[slot]; slot = (slot + 1) & grouping->mask) {
		*ret_group = grouping->slots[slot] - 1;
		if (memcmp(grouping->keys[*ret_group], keys, sizeof *grouping->keys) == 0)
			return TWINLOG_OK;
	}
	error = sample_room(&grouping->keys, &grouping->groups_capacity, grouping->groups, sizeof *grouping->keys);
	if (!error)
		error = sample_room(&grouping->counts, &grouping->counts_capacity, grouping->groups,
				    sizeof *grouping->counts);
	if (error)
		return error;
	memcpy(grouping->keys[grouping->groups], keys, sizeof *grouping->keys);
	grouping->counts[grouping->groups] = 0;
	*ret_group = (uint32_t)grouping->groups++;
	grouping->slots[slot] = (uint32_t)grouping->groups;
	return TWINLOG_OK;
}

static enum twinlog_error put(struct grouping *grouping, const uint32_t keys[DIMENSIONS_MAX], uint32_t member)
{
	uint32_t group;
	enum twinlog_error error = group_of(grouping, keys, &group);

	if (!error)
		error = sample_room(&grouping->pairs, &grouping->pairs_capacity, grouping->pairs_count,
				    sizeof *grouping->pairs);
	if (error)
		return error;
	grouping->counts[group]++;
	grouping->pairs[grouping->pairs_count][0] = group;
	grouping->pairs[grouping->pairs_count++][1] = member;
	return TWINLOG_OK;
}

void grouping_free(struct grouping *grouping)
{
	free(grouping->keys);
	free(grouping->counts);
	free(grouping->pairs);
	free(grouping->slots);
	free(grouping->members);
}

/* The values of one dimension of one member. */
static size_t member_values(struct report *report, uint32_t member, enum dimension dimension,
			    uint32_t ret[SAMPLE_VALUES_MAX])
{
	struct sample *sample = &report->sample;
	const struct tie *tie;
	size_t count = 0;

	if (report->unit == UNIT_CITIES || report->unit == UNIT_LINKED) {
		/* One more, since 0 says that there is no value. */
		if (dimension == DIMENSION_TIES) {
			ret[0] = (uint32_t)report->cities[member].ties + 1;
			return 1;
		}
		return sample_place_values(sample, &report->cities[member].name, 1, dimension, ret);
	}
	if (report->unit != UNIT_TIES)
		return sample_values(sample, &sample->items[member], dimension, ret);
	tie = &report->ties[member];
	if (dimension == DIMENSION_PAIR) {
		ret[0] = tie->name;
		return 1;
	}
	if (dimension != DIMENSION_RELATION_TYPE)
		return sample_place_values(sample, tie->cities, tie->cities_count, dimension, ret);
	for (uint32_t item = tie->agreement; item != ITEM_NONE && count < SAMPLE_VALUES_MAX;
	     item = report->next[item]) {
		const uint32_t relation =
		    sample_name(sample, &sample->items[item], sample->items[item].facts->relation);

		if (relation != NAME_NONE && !sample_holds(ret, count, relation))
			ret[count++] = relation;
	}
	return count;
}

/* Puts a member under each combination of its values, from dimension `at` on. */
static enum twinlog_error spread(struct report *report, struct grouping *grouping, uint32_t member, size_t at,
				 uint32_t keys[DIMENSIONS_MAX])
{
	uint32_t values[SAMPLE_VALUES_MAX];
	size_t count;
	enum twinlog_error error = TWINLOG_OK;

	if (at >= report->by_count || at >= DIMENSIONS_MAX)
		return put(grouping, keys, member);
	count = member_values(report, member, report->by[at], values);
	keys[at] = 0;
	if (count == 0)
		return spread(report, grouping, member, at + 1, keys);
	for (size_t i = 0; !error && i < count; i++) {
		keys[at] = values[i];
		error = spread(report, grouping, member, at + 1, keys);
	}
	return error;
}

static enum twinlog_error spread_money(struct report *report, struct grouping *grouping, uint32_t member)
{
	uint32_t money[SAMPLE_VALUES_MAX][2], keys[DIMENSIONS_MAX] = {0};
	const size_t count = report_money_keys(report, &report->sample.items[member], money, SAMPLE_VALUES_MAX);
	enum twinlog_error error = TWINLOG_OK;

	if (count == 0)
		return spread(report, grouping, member, report->always_count, keys);
	for (size_t i = 0; !error && i < count; i++) {
		memset(keys, 0, sizeof keys);
		memcpy(keys, money[i], report->always_count * sizeof *keys);
		error = spread(report, grouping, member, report->always_count, keys);
	}
	return error;
}

size_t report_members(const struct report *report)
{
	switch (report->unit) {
	case UNIT_TIES:
		return report->ties_count;
	case UNIT_CITIES:
	case UNIT_LINKED:
		return report->cities_count;
	default:
		return report->sample.items_count;
	}
}

struct group report_group_of(const struct report *report, const uint32_t *members, size_t count, const uint32_t *keys)
{
	const bool items =
	    report->unit == UNIT_EVENTS || report->unit == UNIT_AGREEMENTS || report->unit == UNIT_RECORDS;
	struct group group = {.members = members, .count = count, .records = count, .keys = keys};

	for (size_t i = 0; items && report->sample.tallies_count > 0 && i < count; i++)
		group.records += (uint64_t)sample_count(&report->sample, &report->sample.items[members[i]]) - 1;
	return group;
}

/* Members by group, each in the order in which they were met. */
static enum twinlog_error line_up(struct grouping *grouping)
{
	uint32_t *at = calloc(grouping->groups + 1, sizeof *at);

	grouping->members = calloc(grouping->pairs_count + 1, sizeof *grouping->members);
	if (!grouping->members || !at) {
		free(at);
		return TWINLOG_NO_MEMORY;
	}
	for (size_t g = 1; g < grouping->groups; g++)
		at[g] = at[g - 1] + grouping->counts[g - 1];
	for (size_t i = 0; i < grouping->pairs_count; i++)
		grouping->members[at[grouping->pairs[i][0]]++] = grouping->pairs[i][1];
	free(at);
	return TWINLOG_OK;
}

enum twinlog_error report_group(struct report *report, struct grouping *grouping)
{
	const size_t first = report->unit == UNIT_AGREEMENTS ? report->sample.events_count : 0;
	const size_t count = report_members(report);
	bool left;
	enum twinlog_error entered, error = sample_reserve(&grouping->pairs, &grouping->pairs_capacity,
							   2 * (count - first), sizeof *grouping->pairs);

	for (size_t i = first; !error && i < count; i++) {
		uint32_t keys[DIMENSIONS_MAX] = {0};

		if (i % 256 == 0)
			sample_breathe(&report->sample);
		error = report->always_count > 0 ? spread_money(report, grouping, (uint32_t)i)
						 : spread(report, grouping, (uint32_t)i, 0, keys);
	}
	if (error)
		return error;
	left = query_leave(report->sample.query, grouping->pairs_count);
	error = line_up(grouping);
	entered = query_enter(report->sample.query, left);
	return error ? error : entered;
}
