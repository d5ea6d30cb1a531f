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
	struct csv_row mapped;                                  /* as the map makes it */
	struct seen *keys;                                      /* of rows */
	struct seen *stubs;                                     /* city ids */
	struct import_window windows[TWINLOG_IMPORT_UNDER_WAY]; /* in the order of the rows, over and over */
	size_t now;      /* the one that is being filled; those after it, if any, were sent the longest ago */
	bool one_by_one; /* rows may be about a record that earlier ones change */
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

static struct import_window *window_now(struct rows *rows)
{
	return &rows->windows[rows->now];
}

static struct arena *arena_now(const struct rows *rows)
{
	return rows->windows[rows->now].arena;
}

/* ---- One row ---- */

static enum twinlog_error take_stubs(struct rows *rows, const struct import_entry *entry)
{
	struct import_part *stubs = &window_now(rows)->parts[IMPORT_STUBS];

	for (size_t i = 0; i < entry->draft.stub_count; i++) {
		Twinlog__Body *body = entry->draft.stubs[i];
		struct import_entry *stub = &stubs->entries[stubs->count];
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
		stubs->count++;
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
				     .arena = arena_now(rows)};
}

/* A further source of an agreement of this window; NULL when the key is new here. */
static struct import_entry *entry_of_key(struct rows *rows, ProtobufCBinaryData key)
{
	const struct import_part *part = &window_now(rows)->parts[IMPORT_ROWS];

	for (size_t i = part->count; i-- > 0;) {
		struct import_entry *entry = &part->entries[i];

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
	window_now(rows)->parts[IMPORT_ROWS].count++;
	return TWINLOG_OK;
}

/* Export put an apostrophe before what would run as a formula. */
static void apostrophes_off(struct csv_row *row)
{
	for (size_t i = 0; i < row->count; i++) {
		const bool guarded = csv_guarded(row->cells[i].text, row->cells[i].size);

		row->cells[i].text += guarded;
		row->cells[i].size -= guarded;
	}
}

/* What it takes to compare the row with what export wrote. A row that cannot be read may be just that. */
static enum twinlog_error take_exported(struct rows *rows, const struct csv_row *row, struct import_entry *entry,
					enum twinlog_error error, const struct twinlog_fault *fault)
{
	ProtobufCBinaryData *cells = arena_alloc(arena_now(rows), SHEET_COLUMN_COUNT * sizeof *cells);

	if (!cells || error == TWINLOG_NO_MEMORY)
		return TWINLOG_NO_MEMORY;
	for (size_t column = 0; column < SHEET_COLUMN_COUNT; column++)
		cells[column] = sheet_cell(&rows->import->sheet, row, (enum sheet_column)column);
	entry->cells = cells;
	entry->record = cells[COLUMN_record];
	entry->unread = error;
	entry->fault = *fault;
	entry->draft.kind = sheet_record_kind(rows->import->sheet.kind);
	entry->draft.exported = true;
	rows->one_by_one = true;
	return TWINLOG_OK;
}

static enum twinlog_error take_row(struct rows *rows)
{
	struct import *import = rows->import;
	struct import_part *part = &window_now(rows)->parts[IMPORT_ROWS];
	struct import_entry *entry = &part->entries[part->count];
	const struct sheet_reader reader = reader_of(rows);
	struct csv_row *row = import->map ? &rows->mapped : &rows->row;
	struct twinlog_fault fault = {0};
	enum twinlog_error error = TWINLOG_OK;

	*entry = (struct import_entry){.row = import->text + rows->row.offset, .row_size = rows->row.size, .rows = 1};
	entry->draft.line = rows->row.line;
	if (import->map)
		error = map_row(import->map, arena_now(rows), &rows->row, &rows->mapped);
	const bool exported = !error && sheet_exported(&import->sheet, row);
	if (exported)
		apostrophes_off(row);
	if (!error)
		error = sheet_draft(&reader, &import->sheet, row, &entry->draft, &fault);
	entry->draft.line = rows->row.line;
	if (exported)
		error = take_exported(rows, row, entry, error, &fault);
	if (!error)
		error = place_entry(rows, row, entry, &fault);
	if (error == TWINLOG_NO_MEMORY)
		return no_memory(rows);
	if (error) {
		/* What the office's own sheet calls the column. */
		const char *head = import->map ? map_column_head(import->map, fault.where) : NULL;

		(void)twinlog_fault_set(&fault, error, head ? head : fault.where, fault.value);
		return import_refuse(import, entry, &fault);
	}
	return take_stubs(rows, entry);
}

/* ---- Windows ---- */

static enum twinlog_error tell_stubs(struct rows *rows, const struct import_part *stubs)
{
	for (size_t i = 0; i < stubs->count; i++) {
		const struct import_entry *stub = &stubs->entries[i];
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

static enum twinlog_error window_land(struct rows *rows, struct import_window *window)
{
	enum twinlog_error error = import_window_land(rows->import, window);

	if (!error)
		error = tell_stubs(rows, &window->parts[IMPORT_STUBS]);
	import_window_clear(rows->import, window);
	return error;
}

/* All that are under way, the oldest first. */
static enum twinlog_error land_all(struct rows *rows)
{
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = 1; i <= TWINLOG_IMPORT_UNDER_WAY && !error; i++) {
		struct import_window *window = &rows->windows[(rows->now + i) % TWINLOG_IMPORT_UNDER_WAY];

		if (window->asked)
			error = window_land(rows, window);
	}
	return error;
}

/* While this window is looked up, the one before it is merged and submitted, and the next one read. */
static enum twinlog_error window_end(struct rows *rows)
{
	struct import *import = rows->import;
	struct import_window *window = window_now(rows);
	struct import_window *before =
	    &rows->windows[(rows->now + TWINLOG_IMPORT_UNDER_WAY - 1) % TWINLOG_IMPORT_UNDER_WAY];
	enum twinlog_error error = rows->one_by_one ? land_all(rows) : TWINLOG_OK;

	if (!error)
		error = import_window_ask(import, window);
	if (!error)
		error = rows->one_by_one ? window_land(rows, window) : import_window_send(import, before);
	cli_progress(import->cli, _("%zu rows"), import->counts.rows);
	if (error || rows->one_by_one)
		return error;
	rows->now = (rows->now + 1) % TWINLOG_IMPORT_UNDER_WAY;
	return window_now(rows)->asked ? window_land(rows, window_now(rows)) : TWINLOG_OK;
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
		enum twinlog_error bad = csv_next(&rows->reader, arena_now(rows), &rows->row, &fault);

		if (bad == TWINLOG_NO_MEMORY)
			return no_memory(rows);
		if (!bad && rows->row.count == 0) {
			error = window_end(rows);
			return error ? error : land_all(rows);
		}
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
		struct import_window *window = window_now(rows);
		window->bytes += rows->row.size;
		if (!error && (window->parts[IMPORT_ROWS].count == TWINLOG_IMPORT_BATCH ||
			       window->bytes > TWINLOG_IMPORT_BYTES / 2))
			error = window_end(rows);
	}
	return error;
}

static bool windows_make(struct rows *rows)
{
	bool made = true;

	for (size_t i = 0; i < TWINLOG_IMPORT_UNDER_WAY; i++) {
		struct import_window *window = &rows->windows[i];
		struct import_part *stubs = &window->parts[IMPORT_STUBS], *part = &window->parts[IMPORT_ROWS];

		window->arena = arena_new(WINDOW_MEMORY_MAX);
		part->entries = calloc(TWINLOG_IMPORT_BATCH + 1, sizeof *part->entries);
		stubs->entries = calloc((TWINLOG_IMPORT_BATCH + 1) * (size_t)SHEET_STUBS_MAX, sizeof *stubs->entries);
		made = made && window->arena && part->entries && stubs->entries;
	}
	return made;
}

static void windows_free(struct rows *rows)
{
	for (size_t i = 0; i < TWINLOG_IMPORT_UNDER_WAY; i++) {
		struct import_window *window = &rows->windows[i];

		if (window->arena)
			import_window_clear(rows->import, window);
		arena_free(window->arena);
		for (size_t k = 0; k < IMPORT_PARTS; k++)
			free(window->parts[k].entries);
	}
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
	rows->one_by_one = import->sheet.kind == SHEET_ASSERTIONS;
	rows->reader = csv_reader(import->text, import->text_size, import->separator);
	rows->reader.by_row = import->workbook;
	import->counts = (struct import_counts){0};
	json_array_clear(import->stubs);
	json_array_clear(import->likely);
	import->looked = 0;
	import->nothing_to_meet = false;
	if (!windows_make(rows) || !rows->keys || !rows->stubs)
		error = no_memory(rows);
	/* The head was read before. */
	if (import->map)
		rows->head_line = map_head(import->map);
	else if (!error)
		error = csv_next(&rows->reader, arena_now(rows), &rows->row, &import->cli->fault);
	if (!error)
		error = each_row(rows);
	cli_progress_end(import->cli);
	seen_free(rows->keys);
	seen_free(rows->stubs);
	windows_free(rows);
	free(rows);
	return error;
}
