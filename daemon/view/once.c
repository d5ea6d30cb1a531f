#include "once.h"

#include <stdlib.h>

/* The records of these spaces that may be copies, in no order. */
struct marked {
	struct group_record *records;
	size_t count;
	uint32_t space;
};

static bool take_marked(uint32_t row, void *context)
{
	struct marked *marked = context;

	marked->records[marked->count++] = (struct group_record){.space = marked->space, .record = row};
	return true;
}

static enum twinlog_error marked_gather(const struct once_space *spaces, size_t count, struct marked *marked)
{
	const bitmap_key key = bitmap_key_of(BITMAP_COPIED, 0, 0);
	uint64_t all = 0;

	for (size_t s = 0; s < count; s++) {
		const roaring_bitmap_t *rows = bitmaps_get(&spaces[s].view->bitmaps, key);

		all += rows ? roaring_bitmap_get_cardinality(rows) : 0;
	}
	marked->records = malloc((all + 1) * sizeof *marked->records);
	if (!marked->records)
		return TWINLOG_NO_MEMORY;
	for (size_t s = 0; s < count; s++) {
		const roaring_bitmap_t *rows = bitmaps_get(&spaces[s].view->bitmaps, key);

		marked->space = (uint32_t)s;
		if (rows)
			roaring_iterate(rows, take_marked, marked);
	}
	return TWINLOG_OK;
}

/* A group stands in the order of handles. */
static void keep_first(const struct once_space *spaces, const struct group_record *records, size_t count)
{
	bool kept = false;

	for (size_t i = 0; i < count; i++) {
		roaring_bitmap_t *rows = spaces[records[i].space].rows;

		if (!roaring_bitmap_contains(rows, records[i].record))
			continue;
		if (kept)
			roaring_bitmap_remove(rows, records[i].record);
		kept = true;
	}
}

enum twinlog_error once_groups(const struct once_space *spaces, size_t count, struct groups **ret_groups)
{
	struct group_space *places = calloc(count + 1, sizeof *places);
	struct marked marked = {.records = NULL};
	enum twinlog_error error = places ? TWINLOG_OK : TWINLOG_NO_MEMORY;

	/* Within one space nothing is grouped. */
	if (!error && count > 1)
		error = marked_gather(spaces, count, &marked);
	for (size_t s = 0; !error && s < count; s++)
		places[s] = (struct group_space){spaces[s].view->statements, spaces[s].view->acts};
	if (!error)
		error = groups_among(places, marked.records, marked.count, ret_groups);
	free(marked.records);
	free(places);
	return error;
}

enum twinlog_error once_keep(const struct once_space *spaces, size_t count)
{
	struct groups *groups;
	enum twinlog_error error = once_groups(spaces, count, &groups);

	if (error)
		return error;
	for (size_t g = 0; g < groups_count(groups); g++) {
		size_t size;
		const struct group_record *records = groups_at(groups, g, &size);

		keep_first(spaces, records, size);
	}
	groups_free(groups);
	return TWINLOG_OK;
}
