/* CSV and JSON Lines. */
#include <stdlib.h>
#include <string.h>

#include "export.h"

const char *const export_more_columns[EXPORT_MORE_COLUMNS] = {"record", "space", "state", "stated_by", "statement"};

const char *export_lead(struct cli *cli, const Twinlog__Record *record)
{
	const Twinlog__Version *lead = cli_lead(record);

	return lead ? cli_text(cli, lead->city_id) : "";
}

void export_more_cells(struct cli *cli, const Twinlog__Record *record, const char *ret_cells[EXPORT_MORE_COLUMNS])
{
	const Twinlog__Version *lead = cli_lead(record);

	ret_cells[0] = cli_hex(cli, record->handle, 0);
	ret_cells[1] = cli_hex(cli, record->space, 0);
	ret_cells[2] = state_name(record->state);
	ret_cells[3] = export_lead(cli, record);
	ret_cells[4] = lead ? cli_hex(cli, lead->leaf, 0) : "";
}

ProtobufCBinaryData export_host(const Twinlog__Activity *activity)
{
	const uint8_t *arrow =
	    activity->direction.len ? memchr(activity->direction.data, '>', activity->direction.len) : NULL;
	const size_t before = arrow ? (size_t)(arrow - activity->direction.data) + 1 : 0;

	for (size_t i = 0; i < activity->n_cities; i++)
		if (codec_equal(activity->cities[i]->role, "host"))
			return activity->cities[i]->city_id;
	return arrow ? codec_bytes(arrow + 1, activity->direction.len - before) : codec_bytes(NULL, 0);
}

/* ---- CSV ---- */

static enum twinlog_error csv_begin(struct export *export)
{
	const enum sheet_column *columns;
	const size_t count = sheet_columns(export->kind, &columns);

	if (export->mark)
		fputs("\xEF\xBB\xBF", export->out);
	for (size_t i = 0; i < count; i++) {
		const char *name = sheet_column_name(columns[i]);

		csv_write(export->out, name, strlen(name), i == 0);
	}
	for (size_t i = 0; i < EXPORT_MORE_COLUMNS; i++)
		csv_write(export->out, export_more_columns[i], strlen(export_more_columns[i]), false);
	csv_write_end(export->out);
	return TWINLOG_OK;
}

static enum twinlog_error csv_record(struct export *export, const Twinlog__Record *record, const Twinlog__Body *body)
{
	const struct sheet_writer writer = {.places = export->places, .arena = export->cli->arena};
	const char *more[EXPORT_MORE_COLUMNS];
	const enum sheet_column *columns;
	const size_t count = sheet_columns(export->kind, &columns);

	if (!body) {
		export->wordless++;
		return TWINLOG_OK;
	}
	export_more_cells(export->cli, record, more);
	for (size_t i = 0; i < count; i++) {
		const ProtobufCBinaryData cell = sheet_cell_of(&writer, export->kind, body, columns[i]);

		csv_write(export->out, cell.len ? (const void *)cell.data : "", cell.len, i == 0);
	}
	for (size_t i = 0; i < EXPORT_MORE_COLUMNS; i++)
		csv_write(export->out, more[i], strlen(more[i]), false);
	csv_write_end(export->out);
	export->count++;
	return TWINLOG_OK;
}

const struct export_format export_csv = {.name = "csv", .one_kind = true, .begin = csv_begin, .record = csv_record};

/* ---- JSON Lines ---- */

static enum twinlog_error line_record(struct export *export, const Twinlog__Record *record, const Twinlog__Body *body)
{
	json_t *json = json_record(record);
	char *text = NULL;
	enum twinlog_error error = json ? json_text(json, true, &text) : TWINLOG_NO_MEMORY;

	(void)body;
	json_decref(json);
	if (error)
		return twinlog_fault_set(&export->cli->fault, error, NULL, NULL);
	fprintf(export->out, "%s\n", text);
	free(text);
	export->count++;
	return TWINLOG_OK;
}

const struct export_format export_lines = {.name = "jsonl", .record = line_record};
