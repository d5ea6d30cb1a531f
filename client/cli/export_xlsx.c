/* A workbook: the records as a sheet that import reads back, and a sheet of measures with charts. */
#include <stdlib.h>
#include <string.h>

#include "export.h"
#include "export_measures.h"
#include "xlsx_write.h"

#define LARGE_FROM 20000u /* records: then memory counts for more than charts that viewers can draw by themselves */

/* How a column is written; what does not fit its type is written as text. */
static enum xlsx_type type_of(enum sheet_column column)
{
	switch (column) {
	case COLUMN_date:
	case COLUMN_end_date:
	case COLUMN_established:
		return XLSX_DATE;
	case COLUMN_participants:
	case COLUMN_participants_private:
	case COLUMN_count_of_events:
	case COLUMN_population:
	case COLUMN_assertions:
		return XLSX_NUMBER;
	case COLUMN_cost:
		return XLSX_MONEY;
	case COLUMN_latitude:
	case COLUMN_longitude:
		return XLSX_DECIMAL;
	default:
		return XLSX_TEXT;
	}
}

static double width_of(enum sheet_column column)
{
	switch (column) {
	case COLUMN_title:
	case COLUMN_description:
		return 48;
	case COLUMN_note:
	case COLUMN_source_title:
	case COLUMN_source_url:
	case COLUMN_field:
	case COLUMN_form:
	case COLUMN_direction:
		return 24;
	default:
		return type_of(column) == XLSX_TEXT ? 16 : 12;
	}
}

static const char *sheet_label(enum sheet_kind kind)
{
	return kind == SHEET_CITIES ? _("Cities") : kind == SHEET_PAIRS ? _("Agreements") : _("Activities");
}

static enum twinlog_error book_begin(struct export *export)
{
	const enum sheet_column *columns;
	const size_t count = sheet_columns(export->kind, &columns);
	struct xlsx_column heads[XLSX_TABLE_COLUMNS_MAX];
	struct xlsx *xlsx;

	if (xlsx_new(export->path, export->total > LARGE_FROM, &xlsx))
		return twinlog_fault_set(&export->cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	export->state = xlsx;
	for (size_t i = 0; i < count; i++)
		heads[i] = (struct xlsx_column){sheet_column_name(columns[i]), width_of(columns[i])};
	for (size_t i = 0; i < EXPORT_MORE_COLUMNS; i++)
		heads[count + i] = (struct xlsx_column){export_more_columns[i], 16};
	xlsx_sheet(xlsx, sheet_label(export->kind));
	xlsx_table(xlsx, heads, count + EXPORT_MORE_COLUMNS);
	return TWINLOG_OK;
}

static struct xlsx_cell cell_make(struct cli *cli, enum sheet_column column, ProtobufCBinaryData bytes)
{
	const enum xlsx_type type = type_of(column);
	const char *text = cli_text(cli, bytes);
	char *end;
	double number;

	if (bytes.len == 0)
		return (struct xlsx_cell){.type = XLSX_EMPTY};
	/* A workbook says what is a text, so nothing runs; but import takes such an apostrophe off. */
	if (csv_guarded(text, bytes.len))
		text = cli_printf(cli, "'%s", text);
	if (type == XLSX_TEXT || type == XLSX_DATE)
		return (struct xlsx_cell){.type = type, .text = text};
	number = strtod(text, &end);
	if (*end || end == text)
		return (struct xlsx_cell){.type = XLSX_TEXT, .text = text};
	return (struct xlsx_cell){.type = type, .number = number};
}

static enum twinlog_error book_record(struct export *export, const Twinlog__Record *record, const Twinlog__Body *body)
{
	const struct sheet_writer writer = {.places = export->places, .arena = export->cli->arena};
	const enum sheet_column *columns;
	const size_t count = sheet_columns(export->kind, &columns);
	struct xlsx_cell cells[XLSX_TABLE_COLUMNS_MAX] = {0};
	const char *more[EXPORT_MORE_COLUMNS];

	if (!body) {
		export->wordless++;
		return TWINLOG_OK;
	}
	export_more_cells(export->cli, record, more);
	for (size_t i = 0; i < count; i++)
		cells[i] = cell_make(export->cli, columns[i], sheet_cell_of(&writer, export->kind, body, columns[i]));
	for (size_t i = 0; i < EXPORT_MORE_COLUMNS; i++)
		cells[count + i] = (struct xlsx_cell){.type = XLSX_TEXT, .text = more[i]};
	xlsx_row(export->state, cells);
	export->count++;
	return TWINLOG_OK;
}

static enum twinlog_error book_end(struct export *export, bool sound)
{
	struct xlsx *xlsx = export->state;
	enum twinlog_error error = TWINLOG_OK, closed;

	if (!xlsx)
		return TWINLOG_OK;
	xlsx_freeze(xlsx);
	if (sound)
		error = export_measures(export, xlsx);
	closed = xlsx_close(xlsx);
	return !error && sound && closed ? twinlog_fault_set(&export->cli->fault, closed, NULL, NULL) : error;
}

const struct export_format export_xlsx = {
    .name = "xlsx", .one_kind = true, .by_path = true, .begin = book_begin, .record = book_record, .end = book_end};
