#include "pending.h"

#include <stdlib.h>

struct pending_record {
	struct pending_record *next;
	uint8_t *bytes;
};

struct pending *pending_rows_new(const struct journal_token *token)
{
	struct pending *pending = calloc(1, sizeof *pending);

	if (!pending)
		return NULL;
	atomic_init(&pending->holders, 1);
	pending->token = *token;
	return pending;
}

struct pending *pending_rows_hold(struct pending *pending)
{
	atomic_fetch_add_explicit(&pending->holders, 1, memory_order_relaxed);
	return pending;
}

void pending_rows_release(struct pending *pending)
{
	if (!pending || atomic_fetch_sub_explicit(&pending->holders, 1, memory_order_acq_rel) > 1)
		return;
	while (pending->records) {
		struct pending_record *record = pending->records;

		pending->records = record->next;
		free(record->bytes);
		free(record);
	}
	for (size_t i = 0; i < STORE_TABLES; i++)
		free(pending->tables[i].rows);
	free(pending);
}

enum twinlog_error pending_rows_reserve(struct pending *pending, const uint8_t *rows, size_t size)
{
	size_t counts[STORE_TABLES] = {0}, at = 0;
	struct journal_row row;
	enum twinlog_error error;

	while (!(error = journal_row_next(rows, size, &at, &row)))
		counts[row.table]++;
	if (error != TWINLOG_MISSING)
		return error;
	for (size_t i = 0; i < STORE_TABLES; i++) {
		struct pending_table *table = &pending->tables[i];

		if (counts[i] > PENDING_ROWS_MAX - table->count)
			return TWINLOG_TOO_MANY;
		if (counts[i] > 0 && !table->rows && !(table->rows = malloc(PENDING_ROWS_MAX * sizeof *table->rows)))
			return TWINLOG_NO_MEMORY;
	}
	return TWINLOG_OK;
}

struct pending_record *pending_rows_place(void)
{
	return calloc(1, sizeof(struct pending_record));
}

void pending_rows_add(struct pending *pending, struct pending_record *place, uint8_t *bytes, const uint8_t *rows,
		      size_t size)
{
	struct journal_row row;
	size_t at = 0;

	place->bytes = bytes;
	place->next = pending->records;
	pending->records = place;
	while (!journal_row_next(rows, size, &at, &row)) {
		struct pending_table *table = &pending->tables[row.table];

		table->rows[table->count++] =
		    (struct pending_row){row.key, row.value, (uint32_t)row.key_size, (uint32_t)row.size};
	}
	pending->bytes += size;
}
