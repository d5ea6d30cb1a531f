/* Tables of text. Cells are broken to the width of the terminal here, where the width of a character is known from
 * text.h; libsmartcols lays them out. */
#include <libsmartcols/libsmartcols.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli.h"
#include "csv.h"

#define COLUMN_LEAST 10 /* a column that gives way keeps that much */
#define COLUMN_GAP   1

struct table {
	const struct table_column *columns;
	size_t count;
	char **cells; /* rows after each other */
	size_t rows, capacity;
	bool headless;
};

struct table *table_new(const struct table_column *columns, size_t count)
{
	struct table *table = calloc(1, sizeof *table);

	if (!table)
		return NULL;
	table->columns = columns;
	table->count = count;
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->rows * table->count; i++)
		free(table->cells[i]);
	free(table->cells);
	free(table);
}

size_t table_rows(const struct table *table)
{
	return table->rows;
}

void table_without_head(struct table *table)
{
	table->headless = true;
}

enum twinlog_error table_row(struct table *table, const char *const *cells)
{
	char **row;

	if (table->rows == table->capacity) {
		size_t capacity = table->capacity ? 2 * table->capacity : 64;
		char **grown = reallocarray(table->cells, capacity * table->count, sizeof *grown);

		if (!grown)
			return TWINLOG_NO_MEMORY;
		table->cells = grown;
		table->capacity = capacity;
	}
	row = table->cells + table->rows * table->count;
	for (size_t i = 0; i < table->count; i++) {
		row[i] = strdup(cells[i] ? cells[i] : "");
		if (!row[i]) {
			while (i-- > 0)
				free(row[i]);
			return TWINLOG_NO_MEMORY;
		}
	}
	table->rows++;
	return TWINLOG_OK;
}

/* ---- Widths ---- */

static size_t widest_line(const char *text)
{
	size_t widest = 0;

	for (;;) {
		size_t size = strcspn(text, "\n");
		size_t width = text_width(text, size);

		widest = width > widest ? width : widest;
		if (text[size] == '\0')
			return widest;
		text += size + 1;
	}
}

static const char *label_of(const struct table_column *column)
{
	return *column->label ? gettext(column->label) : "";
}

/* Natural widths, then the columns that give way share what is left of the terminal. */
static void measure(const struct table *table, size_t limit, size_t *widths)
{
	size_t total = 0, soft = 0, rest;

	for (size_t i = 0; i < table->count; i++) {
		widths[i] = widest_line(label_of(&table->columns[i]));
		for (size_t row = 0; row < table->rows; row++) {
			size_t width = widest_line(table->cells[row * table->count + i]);

			widths[i] = width > widths[i] ? width : widths[i];
		}
		total += widths[i] + COLUMN_GAP;
		soft += table->columns[i].wraps;
	}
	if (!limit || total <= limit)
		return;
	for (size_t i = 0; i < table->count; i++)
		if (table->columns[i].wraps)
			total -= widths[i];
	rest = limit > total ? limit - total : 0;
	/* Narrow ones first: what they leave goes to the wide ones. */
	for (size_t left = soft; left > 0; left--) {
		size_t narrowest = table->count;

		for (size_t i = 0; i < table->count; i++)
			if (table->columns[i].wraps && !(widths[i] & ((size_t)1 << 40)) &&
			    (narrowest == table->count || widths[i] < widths[narrowest]))
				narrowest = i;
		if (widths[narrowest] > rest / left)
			widths[narrowest] = rest / left > COLUMN_LEAST ? rest / left : COLUMN_LEAST;
		rest = rest > widths[narrowest] ? rest - widths[narrowest] : 0;
		widths[narrowest] |= (size_t)1 << 40; /* settled */
	}
	for (size_t i = 0; i < table->count; i++)
		widths[i] &= ((size_t)1 << 40) - 1;
}

static size_t character_size(const char *text)
{
	size_t size = 1;

	while (((uint8_t)text[size] & 0xc0) == 0x80)
		size++;
	return size;
}

/* Breaks lines wider than width: at a blank where there is one, between any characters else (as Chinese does). */
static char *broken(const char *text, size_t width)
{
	char *out = malloc(2 * strlen(text) + 1), *to = out, *blank = NULL;
	size_t used = 0, since_blank = 0;

	if (!out)
		return NULL;
	while (*text) {
		size_t size = character_size(text), wide = text_width(text, size);

		if (*text == '\n') {
			used = 0;
			blank = NULL;
		} else if (used + wide > width && used > 0 && *text == ' ') {
			*to++ = '\n'; /* in place of the blank */
			used = 0;
			blank = NULL;
			text++;
			continue;
		} else if (used + wide > width && used > 0) {
			if (blank) {
				*blank = '\n';
				used = since_blank;
			} else {
				*to++ = '\n';
				used = 0;
			}
			blank = NULL;
		}
		if (*text == ' ') {
			blank = to;
			since_blank = 0;
		} else {
			since_blank += wide;
		}
		if (*text != '\n')
			used += wide;
		memcpy(to, text, size);
		to += size;
		text += size;
	}
	*to = '\0';
	return out;
}

/* ---- Printing ---- */

static bool add_line(struct libscols_table *scols, const struct table *table, char *const *row, const size_t *widths)
{
	struct libscols_line *line = scols_table_new_line(scols, NULL);

	for (size_t i = 0; line && i < table->count; i++) {
		char *cell = widest_line(row[i]) > widths[i] ? broken(row[i], widths[i]) : strdup(row[i]);

		const bool ok = cell && scols_line_set_data(line, i, cell) == 0; /* which copies it */
		free(cell);
		if (!ok)
			return false;
	}
	return line != NULL;
}

static enum twinlog_error print_table(const struct table *table, size_t limit, FILE *out)
{
	struct libscols_table *scols = scols_new_table();
	size_t *widths = calloc(table->count, sizeof *widths);
	bool good = scols && widths;

	if (good) {
		measure(table, limit, widths);
		scols_table_set_stream(scols, out);
		scols_table_set_termforce(scols, SCOLS_TERMFORCE_NEVER); /* the widths are settled here */
		scols_table_enable_colors(scols, 0);
		scols_table_enable_noheadings(scols, table->headless);
		scols_table_enable_noencoding(scols, 1); /* cli_text has taken control characters out */
	}
	for (size_t i = 0; good && i < table->count; i++) {
		struct libscols_column *column =
		    scols_table_new_column(scols, label_of(&table->columns[i]), 1,
					   (table->columns[i].right ? SCOLS_FL_RIGHT : 0) | SCOLS_FL_WRAP);

		good = column &&
		       scols_column_set_wrapfunc(column, scols_wrapnl_chunksize, scols_wrapnl_nextchunk, NULL) == 0;
	}
	for (size_t row = 0; good && row < table->rows; row++)
		good = add_line(scols, table, table->cells + row * table->count, widths);
	if (good)
		good = scols_print_table(scols) == 0;
	scols_unref_table(scols);
	free(widths);
	return good ? TWINLOG_OK : TWINLOG_NO_MEMORY;
}

static void print_csv(const struct table *table, FILE *out)
{
	for (size_t i = 0; i < table->count && !table->headless; i++)
		csv_write(out, table->columns[i].id, strlen(table->columns[i].id), i == 0);
	if (!table->headless)
		csv_write_end(out);
	for (size_t row = 0; row < table->rows; row++) {
		for (size_t i = 0; i < table->count; i++) {
			const char *cell = table->cells[row * table->count + i];

			csv_write(out, cell, strlen(cell), i == 0);
		}
		csv_write_end(out);
	}
}

static enum twinlog_error print_jsonl(const struct table *table, FILE *out)
{
	for (size_t row = 0; row < table->rows; row++) {
		json_t *object = json_object();
		char *text;
		enum twinlog_error error;

		for (size_t i = 0; i < table->count; i++)
			json_object_set_new(object, table->columns[i].id,
					    json_string(table->cells[row * table->count + i]));
		error = json_text(object, true, &text);
		json_decref(object);
		if (error)
			return error;
		fprintf(out, "%s\n", text);
		free(text);
	}
	return TWINLOG_OK;
}

static size_t terminal_width(FILE *out)
{
	struct winsize size;

	if (!isatty(fileno(out)) || ioctl(fileno(out), TIOCGWINSZ, &size) != 0)
		return 0;
	return size.ws_col;
}

enum twinlog_error table_print(const struct table *table, enum cli_format format, size_t width, FILE *out)
{
	switch (format) {
	case FORMAT_CSV:
		print_csv(table, out);
		return TWINLOG_OK;
	case FORMAT_JSON:
	case FORMAT_JSONL:
		return print_jsonl(table, out);
	case FORMAT_TABLE:
	default:
		return table->rows ? print_table(table, width ? width : terminal_width(out), out) : TWINLOG_OK;
	}
}
