/* The one door to PostgreSQL: a connection, statements, and rows by COPY. Knows cli.h for faults alone.
 *
 * Faults: DATABASE_AWAY when the server cannot be reached, or ended the connection, or says that a later try may do
 * (it starts, stops, or drew another transaction first); DATABASE for everything else, with what it said. After either
 * the transaction is lost; after DATABASE_AWAY the connection too. */
#ifndef TWINLOG_POSTGRES_H
#define TWINLOG_POSTGRES_H

#include "cli.h"

struct postgres;

/* false: no server needs to be asked to know that it leads nowhere. */
bool postgres_url_sound(const char *url);
/* url: postgresql://…, or any connection string of libpq. What it leaves out comes from the environment (PGHOST,
 * PGPASSWORD, …) and ~/.pgpass. It is shown nowhere, since it may hold a password. */
enum twinlog_error postgres_open(const char *url, struct postgres **ret_postgres,
				 struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
void postgres_close(struct postgres *postgres); /* accepts NULL */

/* Statements without answer, also several with semicolons between them. */
enum twinlog_error postgres_do(struct postgres *postgres, const char *sql,
			       struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

struct postgres_answer {
	size_t rows, columns;
	const char **cells; /* row by row, in the arena; NULL for null */
};
/* One statement with $1, $2, … as text. */
enum twinlog_error postgres_ask(struct postgres *postgres, struct arena *arena, const char *sql,
				const char *const *values, size_t values_count, struct postgres_answer *ret_answer,
				struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Rows of one table in the text format of COPY, built up in memory. When memory runs out failed is set and stays. */
struct postgres_rows {
	char *bytes;
	size_t size, capacity;
	bool begun; /* the row has a cell */
	bool failed;
};
void postgres_cell(struct postgres_rows *rows, const void *text, size_t size);
void postgres_cell_null(struct postgres_rows *rows);
void postgres_cell_number(struct postgres_rows *rows, int64_t number);
void postgres_row_end(struct postgres_rows *rows);
void postgres_rows_free(struct postgres_rows *rows);
/* table: its name, with the columns in brackets. No rows are no error. Leaves rows as they are. */
enum twinlog_error postgres_copy(struct postgres *postgres, const char *table, const struct postgres_rows *rows,
				 struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
