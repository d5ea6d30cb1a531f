/* What is in LMDB and what is pending, as one. */
#include <stdlib.h>
#include <string.h>

#include "environment.h"
#include "keys.h"

size_t merge_first(const struct store_read *read, unsigned table, const uint8_t *key)
{
	size_t low = 0, high = read->counts[table];

	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (memcmp(read->pending->tables[table].rows[middle].key, key, KEY_SEQUENCE_SIZE) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* Two orders of rows become one; a pending row stands for the one with its key in LMDB. */
struct merge {
	struct store *store;
	MDB_cursor *cursor;
	MDB_val key, value; /* where the cursor stands */
	int code;
	const struct pending_row *rows; /* what is left of the others, in order of key */
	size_t count;
};

static int key_order(const MDB_val *one, const struct pending_row *other)
{
	const size_t size = one->mv_size < other->key_size ? one->mv_size : other->key_size;
	const int order = memcmp(one->mv_data, other->key, size);

	return order ? order : (one->mv_size > other->key_size) - (one->mv_size < other->key_size);
}

/* The next row; MISSING behind the last. */
static enum twinlog_error merge_next(struct merge *merge, MDB_val *ret_key, MDB_val *ret_value)
{
	const struct pending_row *row = merge->count > 0 ? merge->rows : NULL;

	if (merge->code && merge->code != MDB_NOTFOUND)
		return environment_error(merge->store, merge->code);
	if (merge->code && !row)
		return TWINLOG_MISSING;
	const int order = merge->code ? 1 : row ? key_order(&merge->key, row) : -1;

	if (order < 0) {
		*ret_key = merge->key;
		*ret_value = merge->value;
	} else {
		*ret_key = (MDB_val){row->key_size, (void *)(uintptr_t)row->key};
		*ret_value = (MDB_val){row->size, (void *)(uintptr_t)row->value};
		merge->rows++, merge->count--;
	}
	if (order <= 0)
		merge->code = mdb_cursor_get(merge->cursor, &merge->key, &merge->value, MDB_NEXT);
	return TWINLOG_OK;
}

static int by_key(const void *one, const void *other)
{
	const struct pending_row *const *a = one, *const *b = other;
	const int order = key_order(&(MDB_val){(*a)->key_size, (void *)(uintptr_t)(*a)->key}, *b);

	return order ? order : (*a > *b) - (*a < *b);
}

/* Of a table without sequence numbers: in order of key, of equal keys the last one. */
static enum twinlog_error sort_pending(const struct store_read *read, unsigned table, struct pending_row **ret_rows,
				       size_t *ret_count)
{
	const size_t count = read->counts[table];
	const struct pending_row **order = malloc((count + 1) * sizeof *order);
	struct pending_row *rows = malloc((count + 1) * sizeof *rows);
	size_t kept = 0;

	if (!order || !rows) {
		free(order);
		free(rows);
		return TWINLOG_NO_MEMORY;
	}
	for (size_t i = 0; i < count; i++)
		order[i] = &read->pending->tables[table].rows[i];
	qsort(order, count, sizeof *order, by_key);
	for (size_t i = 0; i < count; i++)
		if (i + 1 == count || order[i]->key_size != order[i + 1]->key_size ||
		    memcmp(order[i]->key, order[i + 1]->key, order[i]->key_size) != 0)
			rows[kept++] = *order[i];
	free(order);
	*ret_rows = rows;
	*ret_count = kept;
	return TWINLOG_OK;
}

static enum twinlog_error merge_visit(struct merge *merge, unsigned table, const uint8_t *from, row_visit visit,
				      void *context)
{
	MDB_val key, value;
	enum twinlog_error error;

	merge->code = mdb_cursor_get(merge->cursor, &merge->key, &merge->value, from ? MDB_SET_RANGE : MDB_FIRST);
	while (!(error = merge_next(merge, &key, &value))) {
		error = visit(context, table, &key, &value);
		if (error)
			return error;
	}
	return error == TWINLOG_MISSING ? TWINLOG_OK : error;
}

static bool has_order(unsigned table)
{
	return table != STORE_CARDS && table != STORE_POSITIONS && table != STORE_REQUESTS;
}

enum twinlog_error merge_each(struct store_read *read, unsigned table, const uint8_t *from, row_visit visit,
			      void *context)
{
	struct merge merge = {.store = read->store, .key = {from ? KEY_SEQUENCE_SIZE : 0, (void *)(uintptr_t)from}};
	struct pending_row *sorted = NULL;
	enum twinlog_error error = TWINLOG_OK;

	if (!environment_has(read->store, table))
		return TWINLOG_OK;
	if (table < STORE_TABLES && read->counts[table] > 0 && !has_order(table)) {
		error = sort_pending(read, table, &sorted, &merge.count);
		merge.rows = sorted;
	} else if (table < STORE_TABLES && read->counts[table] > 0) {
		const size_t first = from ? merge_first(read, table, from) : 0;

		merge.rows = read->pending->tables[table].rows + first;
		merge.count = read->counts[table] - first;
	}
	if (!error) {
		const int code = mdb_cursor_open(read->txn, read->store->tables[table], &merge.cursor);

		error = code ? environment_error(read->store, code) : TWINLOG_OK;
	}
	if (!error) {
		error = merge_visit(&merge, table, from, visit, context);
		mdb_cursor_close(merge.cursor);
	}
	free(sorted);
	return error;
}
