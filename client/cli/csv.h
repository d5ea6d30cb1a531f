/* Comma separated values (RFC 4180) read from memory and written to a stream. Pure; knows error.h, limits.h and the
 * arena.
 *
 * Read leniently where no meaning is at stake: CRLF, LF or CR end a row, blank lines are skipped, a quote inside an
 * unquoted cell is a character. A quoted cell may hold separators and line feeds; each row knows its line. */
#ifndef TWINLOG_CSV_H
#define TWINLOG_CSV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "codec.h"
#include "twinlog/error.h"
#include "twinlog/limits.h"

struct csv_cell {
	const char *text; /* in the text read, or in the arena when quotes were undone */
	size_t size;
};

struct csv_row {
	size_t line;   /* where it begins, from 1 */
	size_t offset; /* of its first byte */
	size_t size;   /* bytes as they stand, without the line end */
	size_t count;  /* cells; 0: the end of the text */
	struct csv_cell cells[TWINLOG_COLUMNS_MAX];
};

struct csv_reader {
	const char *text; /* the caller's, unchanged while it is read */
	size_t size;
	size_t at;
	size_t line;
	char separator;
	bool by_row; /* lines are the rows of a workbook: a line feed within quotes begins none */
};

/* Skips a byte order mark. */
struct csv_reader csv_reader(const char *text, size_t size, char separator);
/* The separator that the first line uses most outside of quotes: comma, semicolon or tab. */
char csv_separator(const char *text, size_t size);
/* The next row. Of a row that is refused, row->line, offset and size are set, and reading goes on behind it:
 * TWINLOG_TOO_LARGE (cell or row), TWINLOG_TOO_MANY (cells), TWINLOG_INVALID (text behind a closing quote, or a quote
 * that never closes: then the rest of the text is that row). */
enum twinlog_error csv_next(struct csv_reader *reader, struct arena *arena, struct csv_row *row,
			    struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Whether a spreadsheet would take the cell for a formula, if need be once an apostrophe is taken off: a partner's
 * words are not to run in the office that opens them. Plain numbers are none. */
bool csv_live(const char *text, size_t size);
/* Whether it begins with the apostrophe that csv_write puts before such a cell: what is behind it was meant. */
bool csv_guarded(const char *text, size_t size);

/* One cell, with an apostrophe before it when it is live, quoted where it must be; the first of a row without a
 * separator before it. */
void csv_write(FILE *out, const void *text, size_t size, bool first);
/* CRLF. */
void csv_write_end(FILE *out);

#endif
