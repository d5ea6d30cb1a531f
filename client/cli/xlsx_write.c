#include "xlsx_write.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <xlsxwriter.h>

#include "edtf.h"
#include "text.h"

#define CHART_ROWS   15u      /* that a chart is high */
#define FIRST_DATE   (-25567) /* 1900-01-01: Excel knows no day before */
#define COLUMN_WIDTH 12.0

enum look {
	LOOK_TITLE,
	LOOK_HEADING,
	LOOK_SMALL,
	LOOK_HEAD,
	LOOK_NUMBER,
	LOOK_MONEY,
	LOOK_PERCENT,
	LOOK_DATE,
	LOOK_INPUT,
	LOOK_COUNT
};

struct xlsx {
	lxw_workbook *book;
	lxw_worksheet *sheet;
	lxw_format *looks[LOOK_COUNT];
	char name[XLSX_SHEET_NAME_MAX * 4 + 1];
	lxw_row_t row;   /* the next */
	lxw_row_t below; /* the first under charts */
	lxw_row_t head;  /* of the table */
	size_t columns;  /* of the table; 0: none yet */
	size_t rows;
	bool widths;     /* are set on this sheet */
	lxw_error error; /* the first */
};

static void note(struct xlsx *xlsx, lxw_error error)
{
	if (!xlsx->error)
		xlsx->error = error;
}

/* ---- Looks ---- */

static lxw_format *look_new(struct xlsx *xlsx, const char *number, bool bold)
{
	lxw_format *format = workbook_add_format(xlsx->book);

	if (!format)
		return NULL;
	if (number)
		format_set_num_format(format, number);
	if (bold)
		format_set_bold(format);
	return format;
}

static enum twinlog_error looks_make(struct xlsx *xlsx)
{
	static const struct {
		const char *number;
		bool bold;
	} looks[LOOK_COUNT] = {
	    [LOOK_TITLE] = {NULL, true},        [LOOK_HEADING] = {NULL, true},      [LOOK_HEAD] = {NULL, true},
	    [LOOK_NUMBER] = {"#,##0", false},   [LOOK_MONEY] = {"#,##0.00", false}, [LOOK_PERCENT] = {"0.0%", false},
	    [LOOK_DATE] = {"yyyy-mm-dd", false}};

	for (size_t i = 0; i < LOOK_COUNT; i++) {
		xlsx->looks[i] = look_new(xlsx, looks[i].number, looks[i].bold);
		if (!xlsx->looks[i])
			return TWINLOG_NO_MEMORY;
	}
	format_set_font_size(xlsx->looks[LOOK_TITLE], 16);
	format_set_font_size(xlsx->looks[LOOK_HEADING], 13);
	format_set_font_size(xlsx->looks[LOOK_SMALL], 9);
	format_set_font_color(xlsx->looks[LOOK_SMALL], 0x606060);
	format_set_bottom(xlsx->looks[LOOK_HEAD], LXW_BORDER_THIN);
	format_set_bg_color(xlsx->looks[LOOK_HEAD], 0xE8EEF4);
	format_set_text_wrap(xlsx->looks[LOOK_HEAD]);
	format_set_align(xlsx->looks[LOOK_HEAD], LXW_ALIGN_VERTICAL_TOP);
	format_set_bg_color(xlsx->looks[LOOK_INPUT], 0xFFF3C4);
	format_set_border(xlsx->looks[LOOK_INPUT], LXW_BORDER_THIN);
	return TWINLOG_OK;
}

/* ---- The workbook ---- */

enum twinlog_error xlsx_new(const char *path, bool large, struct xlsx **ret_xlsx)
{
	lxw_workbook_options options = {.constant_memory = large};
	struct xlsx *xlsx = calloc(1, sizeof *xlsx);

	if (!xlsx)
		return TWINLOG_NO_MEMORY;
	xlsx->book = workbook_new_opt(path, &options);
	if (!xlsx->book || looks_make(xlsx)) {
		lxw_workbook_free(xlsx->book);
		free(xlsx);
		return TWINLOG_NO_MEMORY;
	}
	*ret_xlsx = xlsx;
	return TWINLOG_OK;
}

/* The library tells stderr what its answer tells us; whoever called says it in the user's language. */
static lxw_error close_quietly(lxw_workbook *book)
{
	const int kept = dup(STDERR_FILENO), nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
	lxw_error error;
	int reason;

	fflush(stderr);
	if (kept >= 0 && nowhere >= 0)
		dup2(nowhere, STDERR_FILENO);
	errno = 0;
	error = workbook_close(book);
	reason = errno;
	if (kept >= 0 && nowhere >= 0)
		dup2(kept, STDERR_FILENO);
	if (kept >= 0)
		close(kept);
	if (nowhere >= 0)
		close(nowhere);
	errno = reason;
	return error;
}

enum twinlog_error xlsx_close(struct xlsx *xlsx)
{
	const lxw_error error = xlsx->error;
	const lxw_error written = close_quietly(xlsx->book);

	free(xlsx);
	switch (error ? error : written) {
	case LXW_NO_ERROR:
		return TWINLOG_OK;
	case LXW_ERROR_MEMORY_MALLOC_FAILED:
		return TWINLOG_NO_MEMORY;
	case LXW_ERROR_WORKSHEET_INDEX_OUT_OF_RANGE:
		return TWINLOG_TOO_MANY;
	case LXW_ERROR_MAX_STRING_LENGTH_EXCEEDED:
		return TWINLOG_TOO_LONG;
	default:
		return errno == ENOSPC ? TWINLOG_DISK_FULL : TWINLOG_IO;
	}
}

/* Excel's rules: at most 31 characters, none of []:*?/\, no apostrophe at either end; formulas here add theirs. */
static void name_clean(const char *name, char *out)
{
	size_t size = 0, characters = 0;

	for (; *name; name++) {
		const bool begins = ((unsigned char)*name & 0xC0) != 0x80;

		if (begins && characters++ == XLSX_SHEET_NAME_MAX)
			break;
		out[size] = *name;
		if (strchr("[]:*?/\\'", *name))
			out[size] = ' ';
		size++;
	}
	out[size] = 0;
}

void xlsx_sheet(struct xlsx *xlsx, const char *name)
{
	name_clean(name, xlsx->name);
	xlsx->sheet = workbook_add_worksheet(xlsx->book, xlsx->name);
	if (!xlsx->sheet)
		note(xlsx, LXW_ERROR_SHEETNAME_ALREADY_USED);
	else
		worksheet_set_landscape(xlsx->sheet);
	xlsx->row = xlsx->below = xlsx->head = 0;
	xlsx->columns = xlsx->rows = 0;
	xlsx->widths = false;
}

/* ---- Rows ---- */

/* Past charts, when something else than more rows of the same table comes. */
static void go_below(struct xlsx *xlsx)
{
	if (xlsx->row < xlsx->below)
		xlsx->row = xlsx->below;
}

void xlsx_text(struct xlsx *xlsx, enum xlsx_style style, const char *text)
{
	lxw_format *const looks[] = {[XLSX_TITLE] = xlsx->looks[LOOK_TITLE],
				     [XLSX_HEADING] = xlsx->looks[LOOK_HEADING],
				     [XLSX_PLAIN] = NULL,
				     [XLSX_SMALL] = xlsx->looks[LOOK_SMALL]};

	go_below(xlsx);
	if (xlsx->sheet)
		note(xlsx, worksheet_write_string(xlsx->sheet, xlsx->row, 0, text, looks[style]));
	xlsx->row++;
}

void xlsx_skip(struct xlsx *xlsx)
{
	go_below(xlsx);
	xlsx->row++;
}

void xlsx_table(struct xlsx *xlsx, const struct xlsx_column *columns, size_t count)
{
	go_below(xlsx);
	xlsx->head = xlsx->row++;
	xlsx->columns = count;
	xlsx->rows = 0;
	for (size_t i = 0; i < count && xlsx->sheet; i++) {
		const double wide = (double)text_width(columns[i].head, strlen(columns[i].head)) + 2;
		const double width = columns[i].width > 0  ? columns[i].width
				     : wide < COLUMN_WIDTH ? COLUMN_WIDTH
							   : wide;

		if (!xlsx->widths)
			note(xlsx, worksheet_set_column(xlsx->sheet, (lxw_col_t)i, (lxw_col_t)i, width, NULL));
		note(xlsx, worksheet_write_string(xlsx->sheet, xlsx->head, (lxw_col_t)i, columns[i].head,
						  xlsx->looks[LOOK_HEAD]));
	}
	xlsx->widths = true;
}

static lxw_error date_write(struct xlsx *xlsx, lxw_col_t column, const char *text)
{
	lxw_datetime date = {0};
	struct edtf parsed;

	if (edtf_parse(text, strlen(text), &parsed) || parsed.precision != EDTF_DAY || parsed.approximate ||
	    parsed.first < FIRST_DATE)
		return worksheet_write_string(xlsx->sheet, xlsx->row, column, text, NULL);
	edtf_from_days(parsed.first, &date.year, &date.month, &date.day);
	return worksheet_write_datetime(xlsx->sheet, xlsx->row, column, &date, xlsx->looks[LOOK_DATE]);
}

static lxw_error cell_write(struct xlsx *xlsx, lxw_col_t column, const struct xlsx_cell *cell)
{
	lxw_worksheet *const sheet = xlsx->sheet;

	switch (cell->type) {
	case XLSX_TEXT:
		return cell->text && *cell->text ? worksheet_write_string(sheet, xlsx->row, column, cell->text, NULL)
						 : LXW_NO_ERROR;
	case XLSX_NUMBER:
		return worksheet_write_number(sheet, xlsx->row, column, cell->number, xlsx->looks[LOOK_NUMBER]);
	case XLSX_DECIMAL:
		return worksheet_write_number(sheet, xlsx->row, column, cell->number, NULL);
	case XLSX_MONEY:
		return worksheet_write_number(sheet, xlsx->row, column, cell->number, xlsx->looks[LOOK_MONEY]);
	case XLSX_PERCENT:
		return worksheet_write_number(sheet, xlsx->row, column, cell->number, xlsx->looks[LOOK_PERCENT]);
	case XLSX_DATE:
		return cell->text && *cell->text ? date_write(xlsx, column, cell->text) : LXW_NO_ERROR;
	case XLSX_FORMULA:
		return worksheet_write_formula_num(sheet, xlsx->row, column, cell->text, xlsx->looks[LOOK_MONEY],
						   cell->number);
	case XLSX_INPUT:
		return cell->number != 0
			   ? worksheet_write_number(sheet, xlsx->row, column, cell->number, xlsx->looks[LOOK_INPUT])
			   : worksheet_write_blank(sheet, xlsx->row, column, xlsx->looks[LOOK_INPUT]);
	default:
		return LXW_NO_ERROR;
	}
}

void xlsx_row(struct xlsx *xlsx, const struct xlsx_cell *cells)
{
	for (size_t i = 0; i < xlsx->columns && xlsx->sheet; i++)
		note(xlsx, cell_write(xlsx, (lxw_col_t)i, &cells[i]));
	xlsx->row++;
	xlsx->rows++;
}

size_t xlsx_rows(const struct xlsx *xlsx)
{
	return xlsx->rows;
}

void xlsx_freeze(struct xlsx *xlsx)
{
	if (!xlsx->sheet || xlsx->columns == 0)
		return;
	worksheet_freeze_panes(xlsx->sheet, xlsx->head + 1, 0);
	note(xlsx, worksheet_repeat_rows(xlsx->sheet, xlsx->head, xlsx->head));
	note(xlsx, worksheet_autofilter(xlsx->sheet, xlsx->head, 0, xlsx->head + (lxw_row_t)xlsx->rows,
					(lxw_col_t)(xlsx->columns - 1)));
}

/* ---- Where things stand ---- */

static void place_name(lxw_row_t row, size_t column, char *out, size_t size)
{
	char name[LXW_MAX_CELL_NAME_LENGTH];

	lxw_rowcol_to_cell_abs(name, row, (lxw_col_t)column, LXW_TRUE, LXW_TRUE);
	snprintf(out, size, "%s", name);
}

void xlsx_cell_name(const struct xlsx *xlsx, size_t column, char *out, size_t size)
{
	place_name(xlsx->row ? xlsx->row - 1 : 0, column, out, size);
}

void xlsx_next_cell_name(const struct xlsx *xlsx, size_t column, char *out, size_t size)
{
	place_name(xlsx->row, column, out, size);
}

void xlsx_column_range(const struct xlsx *xlsx, size_t column, char *out, size_t size)
{
	char range[LXW_MAX_CELL_RANGE_LENGTH];

	if (size > 0)
		out[0] = 0;
	if (xlsx->columns == 0 || xlsx->rows == 0)
		return;
	lxw_rowcol_to_range_abs(range, xlsx->head + 1, (lxw_col_t)column, xlsx->head + (lxw_row_t)xlsx->rows,
				(lxw_col_t)column);
	snprintf(out, size, "'%s'!%s", xlsx->name, range);
}

/* ---- Charts ---- */

void xlsx_chart(struct xlsx *xlsx, enum xlsx_chart kind, const char *title, size_t names, size_t values)
{
	static const uint8_t kinds[] = {
	    [XLSX_COLUMNS] = LXW_CHART_COLUMN, [XLSX_BARS] = LXW_CHART_BAR, [XLSX_LINE] = LXW_CHART_LINE};
	const lxw_row_t first = xlsx->head + 1, last = xlsx->head + (lxw_row_t)xlsx->rows;
	lxw_chart *chart;
	lxw_chart_series *series;

	if (!xlsx->sheet || xlsx->columns == 0 || xlsx->rows == 0)
		return;
	chart = workbook_add_chart(xlsx->book, kinds[kind]);
	series = chart ? chart_add_series(chart, NULL, NULL) : NULL;
	if (!series) {
		note(xlsx, LXW_ERROR_MEMORY_MALLOC_FAILED);
		return;
	}
	chart_series_set_categories(series, xlsx->name, first, (lxw_col_t)names, last, (lxw_col_t)names);
	chart_series_set_values(series, xlsx->name, first, (lxw_col_t)values, last, (lxw_col_t)values);
	chart_title_set_name(chart, title);
	chart_legend_set_position(chart, LXW_CHART_LEGEND_NONE);
	if (kind == XLSX_BARS)
		chart_axis_set_reverse(chart->y_axis); /* the first row on top, as in the table */
	note(xlsx, worksheet_insert_chart(xlsx->sheet, xlsx->head, (lxw_col_t)(xlsx->columns + 1), chart));
	if (xlsx->below < xlsx->head + CHART_ROWS + 1)
		xlsx->below = xlsx->head + CHART_ROWS + 1;
}
