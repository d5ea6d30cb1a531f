/* The rows of a sheet as comma separated values. Read twice: which cells are merged stands behind the cells. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xlsx_date.h"
#include "xlsx_internal.h"

/* A cell merged over rows: its value stands in the first. */
struct merge {
	uint32_t first, last; /* rows, from 1 */
	uint32_t column;
};

enum cell_type { CELL_NUMBER, CELL_SHARED, CELL_TEXT, CELL_BOOL, CELL_DATE };

struct cell {
	size_t begin, end; /* in rows->texts */
};

struct rows {
	const struct xlsx_book *book;
	struct xlsx_text *out;
	struct merge *merges; /* by first row, then column */
	size_t merge_count, merge_room;
	size_t next_merge;
	/* what goes on downwards, by column */
	struct {
		uint32_t until;
		struct xlsx_text text;
	} fills[TWINLOG_COLUMNS_MAX];
	uint32_t row;           /* the current one, from 1 */
	uint32_t lines;         /* in out */
	uint32_t column;        /* of the current cell */
	bool anything;          /* in the row */
	struct xlsx_text texts; /* of the row */
	struct cell cells[TWINLOG_COLUMNS_MAX];
	size_t cell_count;
	enum cell_type type;
	uint64_t look;
	struct xlsx_text value;
	bool taking;     /* within v, or t of an inline text */
	size_t phonetic; /* within rPh */
};

/* ---- Where a cell stands ---- */

/* "BC12": column from 0 and row. Columns past TWINLOG_COLUMNS_MAX are all alike. */
static bool place_read(const char *text, uint32_t *ret_column, uint32_t *ret_row, const char **ret_end)
{
	uint32_t column = 0, row = 0;

	for (; *text >= 'A' && *text <= 'Z'; text++)
		column = column > TWINLOG_COLUMNS_MAX ? column : 26 * column + (uint32_t)(*text - 'A') + 1;
	for (; *text >= '0' && *text <= '9'; text++)
		row = row > TWINLOG_XLSX_ROWS_MAX ? row : 10 * row + (uint32_t)(*text - '0');
	if (column == 0 || row == 0)
		return false;
	*ret_column = column - 1;
	*ret_row = row;
	*ret_end = text;
	return true;
}

static enum twinlog_error add_merge(struct rows *rows, const char *range)
{
	struct merge merge;
	uint32_t last_column;
	enum twinlog_error error;

	if (!range || !place_read(range, &merge.column, &merge.first, &range) || *range != ':' ||
	    !place_read(range + 1, &last_column, &merge.last, &range))
		return TWINLOG_OK;
	if (merge.last <= merge.first || merge.column >= TWINLOG_COLUMNS_MAX)
		return TWINLOG_OK;
	error = xlsx_grow((void **)&rows->merges, rows->merge_count, &rows->merge_room, sizeof *rows->merges,
			  TWINLOG_XLSX_TABLES_MAX);
	if (!error)
		rows->merges[rows->merge_count++] = merge;
	return error;
}

static int merge_order(const void *left, const void *right)
{
	const struct merge *a = left, *b = right;

	return a->first != b->first ? (a->first > b->first) - (a->first < b->first)
				    : (a->column > b->column) - (a->column < b->column);
}

/* ---- What a cell shows ---- */

/* Control characters are written _x000D_; a line feed stays one, a carriage return goes. */
static enum twinlog_error add_text(struct xlsx_text *texts, const char *text, size_t size)
{
	static const struct {
		const char *code, *text;
	} codes[] = {{"_x000D_", ""}, {"_x000d_", ""}, {"_x000A_", "\n"}, {"_x000a_", "\n"}, {"_x0009_", " "}};
	enum twinlog_error error = TWINLOG_OK;

	for (size_t at = 0; at < size && !error;) {
		const char *put = NULL;
		size_t end = at + 1;

		for (size_t i = 0; text[at] == '_' && size - at >= 7 && i < sizeof codes / sizeof *codes; i++)
			if (memcmp(text + at, codes[i].code, 7) == 0)
				put = codes[i].text;
		while (!put && end < size && text[end] != '_')
			end++;
		error = put ? xlsx_text_add(texts, put, strlen(put)) : xlsx_text_add(texts, text + at, end - at);
		at = put ? at + 7 : end;
	}
	return error;
}

static enum twinlog_error add_date(struct xlsx_text *texts, const struct edtf *day, const struct xlsx_look *look)
{
	struct edtf date = *day;
	char text[TWINLOG_DATE_MAX];
	int year, month, number;

	edtf_from_days(day->first, &year, &month, &number);
	date.precision = (uint8_t)(look->doubtful && number == 1 ? EDTF_MONTH : look->precision);
	return xlsx_text_add(texts, text, edtf_format(&date, text));
}

/* As Excel would show it in full: 15 digits, no exponent for whole numbers. */
static enum twinlog_error add_number(const struct rows *rows, struct xlsx_text *texts, const char *text)
{
	const struct xlsx_look *look = rows->look < rows->book->look_count ? &rows->book->looks[rows->look] : NULL;
	char *end;
	const double number = strtod(text, &end);
	struct edtf day;
	char digits[64];

	if (end == text || *end || !isfinite(number))
		return xlsx_text_add(texts, text, strlen(text));
	if (look && look->precision != EDTF_NONE && xlsx_day(number, rows->book->from_1904, &day) == TWINLOG_OK)
		return add_date(texts, &day, look);
	snprintf(digits, sizeof digits, "%.15g", number);
	if (strchr(digits, 'e') && fabs(number) < 1e18 && floor(number) == number)
		snprintf(digits, sizeof digits, "%.0f", number);
	return xlsx_text_add(texts, digits, strlen(digits));
}

static enum twinlog_error add_shared(const struct rows *rows, struct xlsx_text *texts, const char *text)
{
	const struct xlsx_book *book = rows->book;
	const uint64_t index = xlsx_number(text, UINT64_MAX);
	size_t begin;

	if (index >= book->string_count)
		return TWINLOG_NOT_A_WORKBOOK;
	begin = index ? book->ends[index - 1] : 0;
	return book->ends[index] == begin ? TWINLOG_OK
					  : add_text(texts, book->strings.bytes + begin, book->ends[index] - begin);
}

static enum twinlog_error add_value(struct rows *rows)
{
	struct xlsx_text *value = &rows->value;
	enum twinlog_error error = xlsx_text_add(value, "", 1);

	if (error)
		return error;
	switch (rows->type) {
	case CELL_SHARED:
		return add_shared(rows, &rows->texts, value->bytes);
	case CELL_BOOL:
		return xlsx_text_add(&rows->texts, value->bytes[0] == '1' ? "TRUE" : "FALSE",
				     value->bytes[0] == '1' ? 4 : 5);
	case CELL_DATE: /* 2018-11-15T00:00:00 */
		return xlsx_text_add(&rows->texts, value->bytes, strcspn(value->bytes, "T"));
	case CELL_NUMBER:
		return add_number(rows, &rows->texts, value->bytes);
	default:
		return add_text(&rows->texts, value->bytes, value->size - 1);
	}
}

/* ---- Rows ---- */

static bool is_plain(const char *text, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (text[i] == ',' || text[i] == '"' || text[i] == '\n' || text[i] == '\r')
			return false;
	return true;
}

static enum twinlog_error cell_write(struct xlsx_text *out, const char *text, size_t size)
{
	enum twinlog_error error;

	if (is_plain(text, size))
		return xlsx_text_add(out, text, size);
	error = xlsx_text_add(out, "\"", 1);
	for (size_t at = 0; at < size && !error;) {
		const char *quote = memchr(text + at, '"', size - at);
		const size_t end = quote ? (size_t)(quote - text) + 1 : size;

		error = xlsx_text_add(out, text + at, end - at);
		if (!error && quote)
			error = xlsx_text_add(out, "\"", 1);
		at = end;
	}
	return error ? error : xlsx_text_add(out, "\"", 1);
}

/* Starts what is merged from this row on, and forgets what is over. */
static enum twinlog_error merges_take(struct rows *rows)
{
	enum twinlog_error error = TWINLOG_OK;

	for (; rows->next_merge < rows->merge_count && rows->merges[rows->next_merge].first <= rows->row && !error;
	     rows->next_merge++) {
		const struct merge *merge = &rows->merges[rows->next_merge];
		const struct cell *cell = &rows->cells[merge->column];

		rows->fills[merge->column].until = merge->last;
		rows->fills[merge->column].text.size = 0;
		if (merge->first == rows->row && merge->column < rows->cell_count && cell->end > cell->begin)
			error = xlsx_text_add(&rows->fills[merge->column].text, rows->texts.bytes + cell->begin,
					      cell->end - cell->begin);
	}
	return error;
}

static enum twinlog_error row_write(struct rows *rows)
{
	struct xlsx_text *out = rows->out;
	size_t count = rows->cell_count;
	enum twinlog_error error = merges_take(rows);

	/* A row that only what is merged reaches into is an empty one. */
	if (error || !rows->anything)
		return error;
	for (; rows->lines + 1 < rows->row && !error; rows->lines++)
		error = xlsx_text_add(out, "\n", 1);
	for (size_t i = count; i < TWINLOG_COLUMNS_MAX; i++)
		if (rows->fills[i].until >= rows->row && rows->fills[i].text.size > 0)
			count = i + 1;
	for (size_t i = 0; i < count && !error; i++) {
		const struct cell cell = i < rows->cell_count ? rows->cells[i] : (struct cell){0};

		if (i > 0)
			error = xlsx_text_add(out, ",", 1);
		if (!error && cell.end > cell.begin)
			error = cell_write(out, rows->texts.bytes + cell.begin, cell.end - cell.begin);
		else if (!error && rows->fills[i].until >= rows->row && rows->fills[i].text.size > 0)
			error = cell_write(out, rows->fills[i].text.bytes, rows->fills[i].text.size);
	}
	rows->lines++;
	return error ? error : xlsx_text_add(out, "\n", 1);
}

static enum twinlog_error row_begin(struct rows *rows, const char **attributes)
{
	const uint64_t row = xlsx_number(xlsx_attribute(attributes, "r"), (uint64_t)rows->row + 1);

	if (row <= rows->row)
		return TWINLOG_NOT_A_WORKBOOK;
	if (row > TWINLOG_XLSX_ROWS_MAX)
		return TWINLOG_TOO_MANY;
	rows->row = (uint32_t)row;
	rows->column = UINT32_MAX;
	rows->texts.size = rows->cell_count = 0;
	rows->anything = false;
	return TWINLOG_OK;
}

static enum twinlog_error cell_begin(struct rows *rows, const char **attributes)
{
	static const struct {
		const char *name;
		enum cell_type type;
	} types[] = {{"s", CELL_SHARED}, {"str", CELL_TEXT}, {"inlineStr", CELL_TEXT},
		     {"b", CELL_BOOL},   {"e", CELL_TEXT},   {"d", CELL_DATE}};
	const char *place = xlsx_attribute(attributes, "r"), *type = xlsx_attribute(attributes, "t");
	uint32_t row;

	if (!place)
		rows->column++;
	else if (!place_read(place, &rows->column, &row, &place) || row != rows->row)
		return TWINLOG_NOT_A_WORKBOOK;
	rows->look = xlsx_number(xlsx_attribute(attributes, "s"), 0);
	rows->type = CELL_NUMBER;
	for (size_t i = 0; type && i < sizeof types / sizeof *types; i++)
		if (strcmp(type, types[i].name) == 0)
			rows->type = types[i].type;
	rows->value.size = 0;
	return TWINLOG_OK;
}

static enum twinlog_error cell_end(struct rows *rows)
{
	const size_t begin = rows->texts.size;
	enum twinlog_error error;

	if (rows->value.size == 0)
		return TWINLOG_OK;
	if (rows->column >= TWINLOG_COLUMNS_MAX)
		return TWINLOG_TOO_MANY;
	error = add_value(rows);
	if (!error && rows->texts.size > TWINLOG_ROW_MAX)
		error = TWINLOG_TOO_LARGE;
	if (error)
		return error;
	while (rows->cell_count <= rows->column)
		rows->cells[rows->cell_count++] = (struct cell){0};
	rows->cells[rows->column] = (struct cell){.begin = begin, .end = rows->texts.size};
	rows->anything = rows->anything || rows->texts.size > begin;
	return TWINLOG_OK;
}

/* ---- Elements ---- */

static enum twinlog_error rows_begin(void *context, const char *name, const char **attributes)
{
	struct rows *rows = context;

	if (strcmp(name, "row") == 0)
		return row_begin(rows, attributes);
	if (strcmp(name, "rPh") == 0)
		rows->phonetic++;
	rows->taking = (strcmp(name, "v") == 0 || strcmp(name, "t") == 0) && !rows->phonetic;
	return strcmp(name, "c") == 0 && rows->row ? cell_begin(rows, attributes) : TWINLOG_OK;
}

static enum twinlog_error rows_end(void *context, const char *name)
{
	struct rows *rows = context;

	rows->taking = false;
	if (strcmp(name, "rPh") == 0 && rows->phonetic)
		rows->phonetic--;
	if (strcmp(name, "c") == 0 && rows->row)
		return cell_end(rows);
	return strcmp(name, "row") == 0 ? row_write(rows) : TWINLOG_OK;
}

static enum twinlog_error rows_text(void *context, const char *text, size_t size)
{
	struct rows *rows = context;

	if (!rows->taking)
		return TWINLOG_OK;
	if (rows->value.size + size > TWINLOG_CELL_MAX)
		return TWINLOG_TOO_LARGE;
	return xlsx_text_add(&rows->value, text, size);
}

static enum twinlog_error merges_begin(void *context, const char *name, const char **attributes)
{
	return strcmp(name, "mergeCell") == 0 ? add_merge(context, xlsx_attribute(attributes, "ref")) : TWINLOG_OK;
}

enum twinlog_error xlsx_rows_read(const struct xlsx_book *book, struct xlsx_zip *zip, const char *part,
				  struct xlsx_text *out, struct twinlog_fault *fault)
{
	static const struct xlsx_reader merges = {.begin = merges_begin};
	static const struct xlsx_reader reader = {.begin = rows_begin, .end = rows_end, .text = rows_text};
	struct rows *rows = calloc(1, sizeof *rows);
	enum twinlog_error error;

	if (!rows)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	rows->book = book;
	rows->out = out;
	error = xlsx_part_read(zip, part, &merges, rows, fault);
	if (!error) {
		char where[32];

		if (rows->merge_count)
			qsort(rows->merges, rows->merge_count, sizeof *rows->merges, merge_order);
		error = xlsx_part_read(zip, part, &reader, rows, fault);
		snprintf(where, sizeof where, "line %u", rows->row);
		if (error && rows->row)
			(void)twinlog_fault_set(fault, error, where, NULL);
	}
	for (size_t i = 0; i < TWINLOG_COLUMNS_MAX; i++)
		free(rows->fills[i].text.bytes);
	free(rows->merges);
	free(rows->texts.bytes);
	free(rows->value.bytes);
	free(rows);
	return error;
}
