/* The rows of a sheet, window by window. */
#include <stdlib.h>
#include <string.h>

#include "import.h"
#include "sheet_internal.h"

#define WINDOW_MEMORY_MAX (256u * 1024 * 1024)

struct rows {
	struct import *import;
	struct csv_reader reader;
	struct csv_row row;
	struct csv_row mapped; /* as the map makes it */
	struct seen *keys;     /* of rows */
	struct seen *stubs;    /* city ids */
	struct arena *arena;
	struct import_entry *entries;
	size_t count;
	struct import_entry *stub_entries;
	size_t stub_count;
	size_t bytes; /* of rows in the window */
	size_t head_line;
};

enum twinlog_error import_refuse(struct import *import, struct import_entry *entry, const struct twinlog_fault *fault)
{
	struct twinlog_fault told = *fault;
	char text[32];

	entry->refused = true;
	import->counts.refused += entry->rows ? entry->rows : 1;
	(void)twinlog_fault_set(&told, fault->code,
				cli_printf(import->cli, fault->where[0] ? "%s %zu, %s" : "%s %zu", _("line"),
					   entry->draft.line, fault->where),
				fault->value);
	cli_progress_end(import->cli);
	if (!import->told)
		cli_fault_print(stderr, &told);
	if (!import->write || !entry->row)
		return TWINLOG_OK;
	if (!import->errors) {
		import->errors = fopen(import->errors_name, "we");
		if (!import->errors)
			return twinlog_fault_set(&import->cli->fault, TWINLOG_IO, import->errors_name, NULL);
		fputs("\xEF\xBB\xBFline,reason,row\r\n", import->errors);
	}
	snprintf(text, sizeof text, "%zu", entry->draft.line);
	csv_write(import->errors, text, strlen(text), true);
	const char *reason =
	    cli_printf(import->cli, "%s%s%s%s%s", fault->where, fault->where[0] ? ": " : "", fault->value,
		       fault->value[0] ? ": " : "", gettext(twinlog_error_text(fault->code)));
	csv_write(import->errors, reason, strlen(reason), false);
	csv_write(import->errors, entry->row, entry->row_size, false);
	csv_write_end(import->errors);
	return ferror(import->errors) ? twinlog_fault_set(&import->cli->fault, TWINLOG_IO, import->errors_name, NULL)
				      : TWINLOG_OK;
}

static enum twinlog_error no_memory(struct rows *rows)
{
	return twinlog_fault_set(&rows->import->cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
}

/* ---- One row ---- */

static enum twinlog_error take_stubs(struct rows *rows, const struct import_entry *entry)
{
	for (size_t i = 0; i < entry->draft.stub_count; i++) {
		Twinlog__Body *body = entry->draft.stubs[i];
		struct import_entry *stub = &rows->stub_entries[rows->stub_count];
		uint32_t before;

		if (seen_add(rows->stubs, body->city->city_id.data, body->city->city_id.len, &before))
			return no_memory(rows);
		if (before > 0)
			continue;
		*stub = (struct import_entry){.key = body->city->city_id, .rows = 1};
		stub->draft.kind = TWINLOG__RECORD_KIND__RECORD_CITY;
		stub->draft.report = true;
		stub->draft.line = entry->draft.line;
		stub->draft.body = body;
		rows->stub_count++;
	}
	return TWINLOG_OK;
}

static struct sheet_reader reader_of(const struct rows *rows)
{
	const struct import *import = rows->import;

	return (struct sheet_reader){.places = import->places,
				     .countries = import->countries,
				     .self = import->self,
				     .own = import->own,
				     .arena = rows->arena};
}

/* A further source of an agreement of this window; NULL when the key is new here. */
static struct import_entry *entry_of_key(struct rows *rows, ProtobufCBinaryData key)
{
	for (size_t i = rows->count; i-- > 0;) {
		struct import_entry *entry = &rows->entries[i];

		if (!entry->refused && entry->key.len == key.len && memcmp(entry->key.data, key.data, key.len) == 0)
			return entry;
	}
	return NULL;
}

static enum twinlog_error place_entry(struct rows *rows, const struct csv_row *row, struct import_entry *entry,
				      struct twinlog_fault *fault)
{
	struct import *import = rows->import;
	const ProtobufCBinaryData key = sheet_key(&import->sheet, row);
	const struct sheet_reader reader = reader_of(rows);
	struct import_entry *other;
	uint32_t before;

	entry->key = key.len ? key : codec_bytes(entry->row, entry->row_size);
	/* Two cities number their rows alike: what export wrote is told apart by the record. */
	const ProtobufCBinaryData *own = entry->record.len ? &entry->record : &entry->key;
	if (seen_add(rows->keys, own->data, own->len, &before))
		return no_memory(rows);
	if (key.len == 0 && entry->record.len == 0)
		entry->nth = before;
	else if (before > 0 && import->sheet.kind != SHEET_ASSERTIONS)
		return twinlog_fault_set(fault, TWINLOG_DUPLICATE, sheet_column_name(COLUMN_event_id),
					 cli_text(import->cli, key));
	other = before > 0 && import->sheet.kind == SHEET_ASSERTIONS ? entry_of_key(rows, entry->key) : NULL;
	if (other) {
		const enum twinlog_error error = sheet_draft_add(&reader, &other->draft, &entry->draft, fault);
		other->rows += !error;
		return error;
	}
	rows->count++;
	return TWINLOG_OK;
}

static enum twinlog_error take_row(struct rows *rows)
{
	struct import *import = rows->import;
	struct import_entry *entry = &rows->entries[rows->count];
	const struct sheet_reader reader = reader_of(rows);
	const struct csv_row *row = import->map ? &rows->mapped : &rows->row;
	struct twinlog_fault fault = {0};
	enum twinlog_error error = TWINLOG_OK;

	*entry = (struct import_entry){.row = import->text + rows->row.offset, .row_size = rows->row.size, .rows = 1};
	entry->draft.line = rows->row.line;
	if (import->map)
		error = map_row(import->map, rows->arena, &rows->row, &rows->mapped);
	if (!error)
		error = sheet_draft(&reader, &import->sheet, row, &entry->draft, &fault);
	entry->record = sheet_cell(&import->sheet, row, COLUMN_record);
	entry->draft.exported = entry->record.len > 0;
	if (!error)
		error = place_entry(rows, row, entry, &fault);
	if (error == TWINLOG_NO_MEMORY)
		return no_memory(rows);
	if (error) {
		/* What the office's own sheet calls the column. */
		const char *head = import->map ? map_column_head(import->map, fault.where) : NULL;

		(void)twinlog_fault_set(&fault, error, head ? head : fault.where, fault.value);
		entry->draft.line = rows->row.line;
		return import_refuse(import, entry, &fault);
	}
	return take_stubs(rows, entry);
}

/* ---- Windows ---- */

static enum twinlog_error tell_stubs(struct rows *rows)
{
	for (size_t i = 0; i < rows->stub_count; i++) {
		const struct import_entry *stub = &rows->stub_entries[i];
		const Twinlog__City *city = stub->draft.body->city;

		if (stub->refused || stub->change != DRAFT_NEW)
			continue;
		json_t *name = city->n_names ? json_bytes_text(city->names[0]->text) : json_string("");
		json_t *told = json_pack("{s:o, s:o}", "id", json_bytes_text(city->city_id), "name", name);

		if (!told || json_array_append_new(rows->import->stubs, told) != 0)
			return no_memory(rows);
	}
	return TWINLOG_OK;
}

static enum twinlog_error window_end(struct rows *rows)
{
	struct import *import = rows->import;
	enum twinlog_error error = import_window(import, rows->arena, rows->stub_entries, rows->stub_count);

	if (!error)
		error = tell_stubs(rows);
	if (!error)
		error = import_window(import, rows->arena, rows->entries, rows->count);
	rows->count = rows->stub_count = rows->bytes = 0;
	arena_reset(rows->arena);
	cli_progress(import->cli, _("%zu rows"), import->counts.rows);
	return error;
}

/* Excel writes an empty row as nothing but commas. */
static bool is_blank(const struct csv_row *row)
{
	for (size_t i = 0; i < row->count; i++)
		if (sheet_trim(codec_bytes(row->cells[i].text, row->cells[i].size)).len > 0)
			return false;
	return true;
}

static enum twinlog_error each_row(struct rows *rows)
{
	struct import *import = rows->import;
	enum twinlog_error error = TWINLOG_OK;

	while (!error) {
		struct twinlog_fault fault = {0};
		struct import_entry broken = {0};
		enum twinlog_error bad = csv_next(&rows->reader, rows->arena, &rows->row, &fault);

		if (bad == TWINLOG_NO_MEMORY)
			return no_memory(rows);
		if (!bad && rows->row.count == 0)
			return window_end(rows);
		if (rows->row.line <= rows->head_line || (!bad && is_blank(&rows->row)))
			continue;
		import->counts.rows++;
		if (bad) {
			fault.code = bad;
			fault.where[0] = '\0';
			broken.draft.line = rows->row.line;
			broken.row = import->text + rows->row.offset;
			broken.row_size = rows->row.size;
			error = import_refuse(import, &broken, &fault);
			continue;
		}
		error = take_row(rows);
		rows->bytes += rows->row.size;
		if (!error && (rows->count == TWINLOG_IMPORT_BATCH || rows->bytes > TWINLOG_IMPORT_BYTES / 2))
			error = window_end(rows);
	}
	return error;
}

enum twinlog_error import_run(struct import *import)
{
	struct rows *rows = calloc(1, sizeof *rows);
	enum twinlog_error error = TWINLOG_OK;

	if (!rows)
		return twinlog_fault_set(&import->cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	rows->import = import;
	rows->keys = seen_new();
	rows->stubs = seen_new();
	rows->arena = arena_new(WINDOW_MEMORY_MAX);
	rows->entries = calloc(TWINLOG_IMPORT_BATCH + 1, sizeof *rows->entries);
	rows->stub_entries = calloc((TWINLOG_IMPORT_BATCH + 1) * (size_t)SHEET_STUBS_MAX, sizeof *rows->stub_entries);
	rows->reader = csv_reader(import->text, import->text_size, import->separator);
	rows->reader.by_row = import->workbook;
	import->counts = (struct import_counts){0};
	json_array_clear(import->stubs);
	json_array_clear(import->likely);
	import->looked = 0;
	import->nothing_to_meet = false;
	if (!rows->keys || !rows->stubs || !rows->arena || !rows->entries || !rows->stub_entries)
		error = no_memory(rows);
	/* The head was read before. */
	if (import->map)
		rows->head_line = map_head(import->map);
	else if (!error)
		error = csv_next(&rows->reader, rows->arena, &rows->row, &import->cli->fault);
	if (!error)
		error = each_row(rows);
	cli_progress_end(import->cli);
	seen_free(rows->keys);
	seen_free(rows->stubs);
	arena_free(rows->arena);
	free(rows->entries);
	free(rows->stub_entries);
	free(rows);
	return error;
}
