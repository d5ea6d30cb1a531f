/* A workbook for Excel, written from the top down: headings, sentences, tables, and charts beside the table they are
 * drawn from. The door to libxlsxwriter; knows edtf.h and error.h.
 *
 *	struct xlsx *book;
 *	error = xlsx_new("visits.xlsx", false, &book);
 *	xlsx_sheet(book, "Visits by year");
 *	xlsx_text(book, XLSX_HEADING, "Visits by year");
 *	xlsx_table(book, columns, 2);
 *	xlsx_row(book, cells);
 *	xlsx_chart(book, XLSX_COLUMNS, "Visits", 0, 1);
 *	error = xlsx_close(book);
 *
 * Everything between xlsx_new and xlsx_close is remembered when it fails and told by xlsx_close; texts are copied. Text
 * is UTF-8 and always text: what begins with '=' is no formula. */
#ifndef TWINLOG_XLSX_WRITE_H
#define TWINLOG_XLSX_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twinlog/error.h"

#define XLSX_TABLE_COLUMNS_MAX 64u
#define XLSX_SHEET_NAME_MAX    31u /* characters; Excel's limit */

struct xlsx;

enum xlsx_type {
	XLSX_EMPTY,
	XLSX_TEXT,
	XLSX_NUMBER,  /* a whole number: 1,234 */
	XLSX_DECIMAL, /* as precise as it is */
	XLSX_MONEY,   /* two decimals */
	XLSX_PERCENT, /* 0.25 is shown as 25.0% */
	XLSX_DATE,    /* an EDTF date: a real date when it is a day, else as written */
	XLSX_FORMULA, /* text "=…"; number: what it gives now */
	XLSX_INPUT,   /* a cell for the reader to fill in, marked so; number 0: empty */
};

struct xlsx_cell {
	enum xlsx_type type;
	const char *text;
	double number;
};

struct xlsx_column {
	const char *head;
	double width; /* characters; 0: by the head */
};

enum xlsx_style { XLSX_TITLE, XLSX_HEADING, XLSX_PLAIN, XLSX_SMALL };
enum xlsx_chart { XLSX_COLUMNS, XLSX_BARS, XLSX_LINE };

/* The file is made by xlsx_close. large: memory does not grow with the rows, and charts come without a picture of
 * their own until Excel draws them. */
enum twinlog_error xlsx_new(const char *path, bool large, struct xlsx **ret_xlsx) TWINLOG_MUST_CHECK;
/* Everything from here on goes to a new sheet. What Excel forbids in names becomes a blank. */
void xlsx_sheet(struct xlsx *xlsx, const char *name);
void xlsx_text(struct xlsx *xlsx, enum xlsx_style style, const char *text);
void xlsx_skip(struct xlsx *xlsx); /* an empty row */
/* The head of a table; rows follow. The widths are those of the sheet, so the first table of a sheet sets them. */
void xlsx_table(struct xlsx *xlsx, const struct xlsx_column *columns, size_t count);
void xlsx_row(struct xlsx *xlsx, const struct xlsx_cell *cells);
/* Keeps what stands above in sight when one scrolls, and lets the reader filter the table. For a sheet of one table. */
void xlsx_freeze(struct xlsx *xlsx);
/* Draws two columns of the table above: names along the axis, values as bars. Stands to its right; what follows begins
 * below both. */
void xlsx_chart(struct xlsx *xlsx, enum xlsx_chart kind, const char *title, size_t names, size_t values);

/* Where things stand, for formulas: "$B$7" of the row written last and of the next, "'Sheet'!$B$2:$B$9" of the table
 * above. Into out; "" when there is none. */
void xlsx_cell_name(const struct xlsx *xlsx, size_t column, char *out, size_t size);
void xlsx_next_cell_name(const struct xlsx *xlsx, size_t column, char *out, size_t size);
void xlsx_column_range(const struct xlsx *xlsx, size_t column, char *out, size_t size);
/* Rows of the table so far. */
size_t xlsx_rows(const struct xlsx *xlsx);

/* Writes the file and frees, whatever happens. Of a failure nothing usable is left; the caller removes the file. */
enum twinlog_error xlsx_close(struct xlsx *xlsx) TWINLOG_MUST_CHECK;

#endif
