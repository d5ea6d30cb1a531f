/* Rows that are in the journal and not in LMDB yet, for those who read. */
#ifndef TWINLOG_STORE_PENDING_H
#define TWINLOG_STORE_PENDING_H

#include <stdatomic.h>

#include "journal.h"
#include "store.h"

#define PENDING_ROWS_MAX 8192u /* of one table */

struct pending_row {
	const uint8_t *key, *value; /* borrowed from the records */
	uint32_t key_size, size;
};
/* Rows of a table in the order in which they were committed; an array of PENDING_ROWS_MAX that never moves, so that who
 * knows a count may read that far while more are added. */
struct pending_table {
	struct pending_row *rows; /* NULL until the first one */
	size_t count;
};
struct pending {
	atomic_uint holders;
	struct journal_token token; /* under which they are in the journal */
	struct pending_record *records;
	size_t bytes; /* of rows */
	struct pending_table tables[STORE_TABLES];
};

struct pending *pending_rows_new(const struct journal_token *token); /* NULL: no memory */
struct pending *pending_rows_hold(struct pending *pending);
void pending_rows_release(struct pending *pending); /* accepts NULL */

/* Makes room for the rows of one record before it is written, so that what is durable can be shown. TOO_MANY: it does
 * not take that many; NO_MEMORY; STORE_DAMAGED. */
enum twinlog_error pending_rows_reserve(struct pending *pending, const uint8_t *rows, size_t size) TWINLOG_MUST_CHECK;
/* Takes them in. bytes: what they stand in, owned from now on. Needs a place that was reserved, made by
 * pending_rows_place.
 */
struct pending_record *pending_rows_place(void); /* NULL: no memory */
void pending_rows_add(struct pending *pending, struct pending_record *place, uint8_t *bytes, const uint8_t *rows,
		      size_t size);

#endif
