/* Agreements that are over: they come due no more, and their silence is none. */
#include <stdlib.h>
#include <string.h>

#include "report.h"

/* A tie that was taken over lives on with the successor, which is who it counts for when that is followed. */
static bool has_ended(struct sample *sample, const struct item *item)
{
	size_t size;
	const char *status = sample_name_text(sample, sample_name(sample, item, item->facts->status), &size);

	return strcmp(status, "ended") == 0 || (strcmp(status, "succeeded") == 0 && !sample->follow);
}

/* A record of a space, as one number. */
static uint64_t place_of(uint32_t space, size_t record)
{
	return (uint64_t)space << 32 | (uint32_t)record;
}

/* The records that an agreement takes the place of; returns how many. */
static size_t superseded_by(const struct sample *sample, const struct item *item, uint64_t *ret)
{
	const struct statements *statements = sample->spaces[item->space].where.statements;
	const struct detail *details = facts_details(item->facts);
	size_t count = 0;

	for (size_t i = 0; i < item->facts->details_count; i++) {
		struct handle handle;
		const struct record *record;
		size_t size;
		const char *bytes;

		if (details[i].kind != DETAIL_SUPERSEDES)
			continue;
		bytes = names_text(statements_names(statements), details[i].a, &size);
		if (size != HANDLE_SIZE)
			continue;
		memcpy(handle.bytes, bytes, HANDLE_SIZE);
		record = statements_find(statements, &handle);
		if (record && statements_index(statements, record) != item->record)
			ret[count++] = place_of(item->space, statements_index(statements, record));
	}
	return count;
}

static int place_order(const void *left, const void *right, void *context)
{
	const uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;

	(void)context;
	return (a > b) - (a < b);
}

static bool place_stands(const uint64_t *places, size_t count, uint64_t place)
{
	size_t low = 0, high = count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (places[middle] < place)
			low = middle + 1;
		else
			high = middle;
	}
	return low < count && places[low] == place;
}

enum twinlog_error report_mark_over(struct report *report)
{
	struct sample *sample = &report->sample;
	/* An agreement names one at most. */
	uint64_t *superseded = calloc(sample->items_count - sample->events_count + 1, sizeof *superseded);
	size_t count = 0;

	report->over = calloc(sample->items_count + 1, sizeof *report->over);
	if (!superseded || !report->over) {
		free(superseded);
		return TWINLOG_NO_MEMORY;
	}
	for (size_t i = sample->events_count; i < sample->items_count; i++) {
		if (i % 256 == 0)
			sample_breathe(sample);
		count += superseded_by(sample, &sample->items[i], superseded + count);
	}
	sample_sort(sample, superseded, count, sizeof *superseded, place_order, NULL);
	for (size_t i = sample->events_count; i < sample->items_count; i++) {
		const struct item *item = &sample->items[i];

		if (i % 256 == 0)
			sample_breathe(sample);
		report->over[i] =
		    has_ended(sample, item) || place_stands(superseded, count, place_of(item->space, item->record));
	}
	free(superseded);
	return TWINLOG_OK;
}

bool report_tie_is_over(const struct report *report, const struct tie *tie)
{
	for (uint32_t item = tie->agreement; item != ITEM_NONE; item = report->next[item])
		if (!report->over[item])
			return false;
	return true;
}
