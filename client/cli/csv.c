#include "csv.h"

#include <string.h>

#define BYTE_ORDER_MARK "\xEF\xBB\xBF"

struct csv_reader csv_reader(const char *text, size_t size, char separator)
{
	size_t mark = sizeof BYTE_ORDER_MARK - 1;
	size_t at = size >= mark && memcmp(text, BYTE_ORDER_MARK, mark) == 0 ? mark : 0;
	return (struct csv_reader){.text = text, .size = size, .at = at, .line = 1, .separator = separator};
}

char csv_separator(const char *text, size_t size)
{
	static const char separators[] = {',', ';', '\t'};
	size_t counts[sizeof separators] = {0};
	bool quoted = false;
	for (size_t i = 0; i < size && (quoted || (text[i] != '\n' && text[i] != '\r')); i++) {
		if (text[i] == '"')
			quoted = !quoted;
		for (size_t s = 0; !quoted && s < sizeof separators; s++)
			counts[s] += text[i] == separators[s];
	}
	size_t best = 0;
	for (size_t s = 1; s < sizeof separators; s++) {
		if (counts[s] > counts[best])
			best = s;
	}
	return separators[best];
}

static bool is_line_end(char c)
{
	return c == '\n' || c == '\r';
}

/* Past one line end, if there is one here. */
static void skip_line_end(struct csv_reader *reader)
{
	if (reader->at == reader->size || !is_line_end(reader->text[reader->at]))
		return;
	if (reader->text[reader->at] == '\r' && reader->at + 1 < reader->size && reader->text[reader->at + 1] == '\n')
		reader->at++;
	reader->at++;
	reader->line++;
}

/* From behind the opening quote to behind the closing one. *ret_doubled: quotes stand in the cell, doubled. */
static enum twinlog_error scan_quoted(struct csv_reader *reader, size_t *ret_end, bool *ret_doubled)
{
	const size_t line = reader->line;
	bool doubled = false;
	while (reader->at < reader->size) {
		char c = reader->text[reader->at];
		if (c == '"') {
			if (reader->at + 1 == reader->size || reader->text[reader->at + 1] != '"') {
				*ret_end = reader->at++;
				*ret_doubled = doubled;
				if (reader->by_row)
					reader->line = line;
				return TWINLOG_OK;
			}
			doubled = true;
			reader->at += 2;
		} else if (is_line_end(c)) {
			skip_line_end(reader);
		} else {
			reader->at++;
		}
	}
	return TWINLOG_INVALID;
}

/* The cell between the quotes with each pair of quotes made one. */
static enum twinlog_error undouble(struct arena *arena, struct csv_cell *cell)
{
	char *copy = arena_alloc(arena, cell->size);
	if (!copy)
		return TWINLOG_NO_MEMORY;
	size_t length = 0;
	for (size_t i = 0; i < cell->size; i++) {
		copy[length++] = cell->text[i];
		if (cell->text[i] == '"')
			i++;
	}
	*cell = (struct csv_cell){.text = copy, .size = length};
	return TWINLOG_OK;
}

static bool ends_cell(const struct csv_reader *reader)
{
	return reader->at == reader->size || reader->text[reader->at] == reader->separator ||
	       is_line_end(reader->text[reader->at]);
}

/* One cell, up to the separator or line end behind it. The reader always gets there, whatever is wrong with the cell.
 */
static enum twinlog_error next_cell(struct csv_reader *reader, struct arena *arena, struct csv_cell *ret_cell)
{
	enum twinlog_error error = TWINLOG_OK;
	struct csv_cell cell = {.text = reader->text + reader->at};
	bool doubled = false;
	if (reader->at < reader->size && reader->text[reader->at] == '"') {
		size_t begin = ++reader->at, end = 0;
		error = scan_quoted(reader, &end, &doubled);
		if (error)
			return error;
		cell = (struct csv_cell){.text = reader->text + begin, .size = end - begin};
		if (!ends_cell(reader))
			error = TWINLOG_INVALID;
		while (!ends_cell(reader))
			reader->at++;
	} else {
		while (!ends_cell(reader))
			reader->at++;
		cell.size = (size_t)(reader->text + reader->at - cell.text);
	}
	if (!error && cell.size > TWINLOG_CELL_MAX)
		error = TWINLOG_TOO_LARGE;
	if (!error && doubled)
		error = undouble(arena, &cell);
	if (!error)
		*ret_cell = cell;
	return error;
}

/* All cells of a row into row->cells; goes to the row's end also when one of them is refused. */
static enum twinlog_error next_cells(struct csv_reader *reader, struct arena *arena, struct csv_row *row)
{
	enum twinlog_error error = TWINLOG_OK;
	for (;;) {
		struct csv_cell cell = {0};
		enum twinlog_error here = next_cell(reader, arena, &cell);
		if (!here && row->count == TWINLOG_COLUMNS_MAX)
			here = TWINLOG_TOO_MANY;
		if (!here)
			row->cells[row->count++] = cell;
		else if (!error)
			error = here;
		if (reader->at == reader->size || is_line_end(reader->text[reader->at]))
			break;
		reader->at++;
	}
	row->size = reader->at - row->offset;
	if (!error && row->size > TWINLOG_ROW_MAX)
		error = TWINLOG_TOO_LARGE;
	return error;
}

enum twinlog_error csv_next(struct csv_reader *reader, struct arena *arena, struct csv_row *row,
			    struct twinlog_fault *fault)
{
	while (reader->at < reader->size && is_line_end(reader->text[reader->at]))
		skip_line_end(reader);
	row->line = reader->line;
	row->offset = reader->at;
	row->size = row->count = 0;
	if (reader->at == reader->size)
		return TWINLOG_OK;
	enum twinlog_error error = next_cells(reader, arena, row);
	skip_line_end(reader);
	if (error == TWINLOG_INVALID)
		return twinlog_fault_set(fault, error, "quotes", "\"");
	return error ? twinlog_fault_set(fault, error, "row", NULL) : TWINLOG_OK;
}

/* ---- Formulas ---- */

/* What a spreadsheet takes a cell for a formula by, or passes over before it looks for one; full-width signs are typed
 * for the others in East Asia. */
static bool is_sign(const char *text, size_t size)
{
	static const char *const signs[] = {
	    "=", "+", "-", "@", "\t", "\r", "\n", "\xEF\xBC\x9D", "\xEF\xBC\x8B", "\xEF\xBC\x8D", "\xEF\xBC\xA0"};

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		/* One sign alone is a sign to spreadsheets too. */
		if (size > strlen(signs[i]) && memcmp(text, signs[i], strlen(signs[i])) == 0)
			return true;
	return false;
}

static size_t digits(const char *text, size_t size, size_t at)
{
	while (at < size && text[at] >= '0' && text[at] <= '9')
		at++;
	return at;
}

/* -12, -0.5, -1e-05: as our own figures are written. */
static bool is_number(const char *text, size_t size)
{
	const size_t begin = size > 0 && text[0] == '-';
	size_t at = digits(text, size, begin);

	if (at == begin)
		return false;
	if (at < size && text[at] == '.')
		at = digits(text, size, at + 1);
	if (at + 1 < size && text[at] == 'e')
		at = digits(text, size, at + 1 + (text[at + 1] == '-' || text[at + 1] == '+'));
	return at == size;
}

bool csv_live(const char *text, size_t size)
{
	size_t at = 0;

	while (at < size && text[at] == '\'')
		at++;
	return is_sign(text + at, size - at) && (at > 0 || !is_number(text, size));
}

bool csv_guarded(const char *text, size_t size)
{
	return size > 0 && text[0] == '\'' && csv_live(text + 1, size - 1);
}

/* ---- Writing ---- */

void csv_write(FILE *out, const void *text, size_t size, bool first)
{
	const char *bytes = text;
	const bool live = csv_live(bytes, size);
	bool quote = size > 0 && (bytes[0] == ' ' || bytes[size - 1] == ' ');
	for (size_t i = 0; i < size && !quote; i++)
		quote = bytes[i] == ',' || bytes[i] == '"' || bytes[i] == '\n' || bytes[i] == '\r';
	if (!first)
		putc(',', out);
	if (quote)
		putc('"', out);
	if (live)
		putc('\'', out);
	for (size_t i = 0; i < size; i++) {
		if (bytes[i] == '"')
			putc('"', out);
		putc(bytes[i], out);
	}
	if (quote)
		putc('"', out);
}

void csv_write_end(FILE *out)
{
	fputs("\r\n", out);
}
