#include "ranking.h"

#include <endian.h>
#include <stdlib.h>
#include <string.h>

/* < 0 when row a stands before row b. Never 0 for two rows. */
static int compare(const struct ranking *ranking, uint32_t a, uint32_t b)
{
	const struct ranking_key left = ranking->key(ranking->owner, a), right = ranking->key(ranking->owner, b);

	if (left.number != right.number)
		return left.number < right.number ? -1 : 1;
	return memcmp(left.handle->bytes, right.handle->bytes, HANDLE_SIZE);
}

void ranking_free(struct ranking *ranking)
{
	free(ranking->bulk.rows);
	free(ranking->late.rows);
	free(ranking->joining.rows);
	free(ranking->leaving.rows);
	ranking->bulk = ranking->late = ranking->joining = ranking->leaving = (struct ranking_list){0};
}

static enum twinlog_error list_room(struct ranking_list *list, uint32_t wanted)
{
	uint32_t capacity = list->capacity + list->capacity / 8 + 64;
	uint32_t *rows;

	if (wanted <= list->capacity)
		return TWINLOG_OK;
	if (capacity < wanted)
		capacity = wanted;
	rows = realloc(list->rows, capacity * sizeof *rows);
	if (!rows)
		return TWINLOG_NO_MEMORY;
	list->rows = rows;
	list->capacity = capacity;
	return TWINLOG_OK;
}

static enum twinlog_error list_push(struct ranking_list *list, uint32_t row)
{
	enum twinlog_error error = list_room(list, list->count + 1);

	if (!error)
		list->rows[list->count++] = row;
	return error;
}

enum twinlog_error ranking_join(struct ranking *ranking, uint32_t row)
{
	return list_push(&ranking->joining, row);
}

enum twinlog_error ranking_leave(struct ranking *ranking, uint32_t row)
{
	return list_push(&ranking->leaving, row);
}

static void list_drop(struct ranking_list *list, const uint8_t *gone)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < list->count; i++)
		if (!(gone[list->rows[i] / 8] & 1u << list->rows[i] % 8))
			list->rows[kept++] = list->rows[i];
	list->count = kept;
}

static enum twinlog_error take_out(struct ranking *ranking, uint32_t rows)
{
	uint8_t *gone;

	if (ranking->leaving.count == 0)
		return TWINLOG_OK;
	gone = calloc(rows / 8 + 1, 1);
	if (!gone)
		return TWINLOG_NO_MEMORY;
	for (uint32_t i = 0; i < ranking->leaving.count; i++)
		gone[ranking->leaving.rows[i] / 8] |= (uint8_t)(1u << ranking->leaving.rows[i] % 8);
	list_drop(&ranking->bulk, gone);
	list_drop(&ranking->late, gone);
	free(gone);
	ranking->leaving.count = 0;
	return TWINLOG_OK;
}

/* How many of the first count rows of a list stand before a row. Most merges put few into many, so the place is looked
 * for in growing steps from behind. */
static uint32_t count_before(const struct ranking *ranking, const struct ranking_list *list, uint32_t count,
			     uint32_t row)
{
	uint32_t high = count, step = 1, low;

	while (high > 0 && compare(ranking, list->rows[high - 1], row) > 0) {
		high = high > step ? high - step : 0;
		step *= 2;
	}
	/* The row at high - 1 stands before; the one that the last step came from does not. */
	low = high;
	high = high + step / 2 < count ? high + step / 2 : count;
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;

		if (compare(ranking, list->rows[middle], row) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Merges a sorted list into another, from behind, so that nothing has to be copied aside. */
static enum twinlog_error merge(const struct ranking *ranking, struct ranking_list *into, struct ranking_list *from)
{
	enum twinlog_error error = list_room(into, into->count + from->count);
	uint32_t left = into->count;

	if (error)
		return error;
	into->count += from->count;
	for (uint32_t right = from->count; right > 0; right--) {
		const uint32_t row = from->rows[right - 1];
		const uint32_t before = count_before(ranking, into, left, row);

		memmove(into->rows + before + right, into->rows + before, (left - before) * sizeof *into->rows);
		into->rows[before + right - 1] = row;
		left = before;
	}
	from->count = 0;
	return TWINLOG_OK;
}

/* A row with its key beside it: looking at a million rows twenty times each is a matter of where they lie. */
struct sorted {
	int64_t number;
	uint64_t begin; /* of the handle */
	uint32_t row;
};

static int compare_sorted(const void *a, const void *b, void *context)
{
	const struct sorted *left = a, *right = b;

	if (left->number != right->number)
		return left->number < right->number ? -1 : 1;
	if (left->begin != right->begin)
		return left->begin < right->begin ? -1 : 1;
	return compare(context, left->row, right->row);
}

static enum twinlog_error list_sort(struct ranking *ranking, struct ranking_list *list)
{
	struct sorted *sorted = malloc(list->count * sizeof *sorted);

	if (!sorted)
		return TWINLOG_NO_MEMORY;
	for (uint32_t i = 0; i < list->count; i++) {
		const struct ranking_key key = ranking->key(ranking->owner, list->rows[i]);
		uint64_t begin;

		memcpy(&begin, key.handle->bytes, sizeof begin);
		sorted[i] = (struct sorted){.number = key.number, .begin = be64toh(begin), .row = list->rows[i]};
	}
	qsort_r(sorted, list->count, sizeof *sorted, compare_sorted, ranking);
	for (uint32_t i = 0; i < list->count; i++)
		list->rows[i] = sorted[i].row;
	free(sorted);
	return TWINLOG_OK;
}

enum twinlog_error ranking_settle(struct ranking *ranking, uint32_t rows)
{
	enum twinlog_error error = take_out(ranking, rows);

	if (error || ranking->joining.count == 0)
		return error;
	error = list_sort(ranking, &ranking->joining);
	if (!error)
		error = merge(ranking, &ranking->late, &ranking->joining);
	if (!error && ranking->late.count > ranking->late_max)
		error = merge(ranking, &ranking->bulk, &ranking->late);
	return error;
}

static uint32_t list_seek(const struct ranking_list *list, ranking_side side, const void *context)
{
	uint32_t low = 0, high = list->count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (side(context, list->rows[middle]) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct ranking_place ranking_seek(const struct ranking *ranking, ranking_side side, const void *context)
{
	return (struct ranking_place){.bulk = list_seek(&ranking->bulk, side, context),
				      .late = list_seek(&ranking->late, side, context)};
}

bool ranking_forth(const struct ranking *ranking, struct ranking_place *place, uint32_t *ret_row)
{
	const struct ranking_list *bulk = &ranking->bulk, *late = &ranking->late;
	bool more = place->bulk < bulk->count, lately = place->late < late->count;

	if (!more && !lately)
		return false;
	if (!lately || (more && compare(ranking, bulk->rows[place->bulk], late->rows[place->late]) < 0))
		*ret_row = bulk->rows[place->bulk++];
	else
		*ret_row = late->rows[place->late++];
	return true;
}

bool ranking_back(const struct ranking *ranking, struct ranking_place *place, uint32_t *ret_row)
{
	const struct ranking_list *bulk = &ranking->bulk, *late = &ranking->late;
	bool more = place->bulk > 0, lately = place->late > 0;

	if (!more && !lately)
		return false;
	if (!lately || (more && compare(ranking, bulk->rows[place->bulk - 1], late->rows[place->late - 1]) > 0))
		*ret_row = bulk->rows[--place->bulk];
	else
		*ret_row = late->rows[--place->late];
	return true;
}
