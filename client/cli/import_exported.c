/* Rows that export wrote. They show the lead statement, which may be a partner's: what was not edited in them is
 * nobody's word but of the one who said it, and changes nothing. */
#include <string.h>

#include "import.h"
#include "log.pb-c.h"
#include "sheet_internal.h"

struct row {
	struct import *import;
	struct arena *arena;
	struct import_entry *entry;
	const Twinlog__Record *record, *history; /* the record, with every version once that was asked for */
	const Twinlog__Version *written;         /* what the row was written from; NULL: not known */
	struct draft base;                       /* and that as a row; once edited is known */
	bool edited;
};

/* The record of the row, when it is one of this space; NULL: it is not known here. */
static enum twinlog_error record_ask(const struct row *row, bool history, const Twinlog__Record **ret_record)
{
	struct import *import = row->import;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Show show = TWINLOG__SHOW__INIT;
	Twinlog__RecordName name = TWINLOG__RECORD_NAME__INIT;
	struct handle handle;
	Twinlog__Reply *reply;
	enum twinlog_error error;

	*ret_record = NULL;
	if (hex_decode(handle.bytes, HANDLE_SIZE, (const char *)row->entry->record.data, row->entry->record.len))
		return TWINLOG_OK;
	name.handle = codec_handle(&handle);
	show.record = &name;
	show.history = history;
	request.body_case = TWINLOG__REQUEST__BODY_SHOW;
	request.show = &show;
	error = twinlog_call(import->cli->twinlog, &request, row->arena, &reply, &import->cli->fault);
	if (error == TWINLOG_NOT_FOUND)
		return TWINLOG_OK;
	if (error || reply->body_case != TWINLOG__REPLY__BODY_RECORDS)
		return error ? error : twinlog_fault_set(&import->cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	for (size_t i = 0; i < reply->records->n_records; i++) {
		const Twinlog__Record *record = reply->records->records[i];
		struct hash space;

		if (record->kind == row->entry->draft.kind && !codec_get_hash(record->space, &space) &&
		    hash_equal(&space, &import->space))
			*ret_record = record;
	}
	return TWINLOG_OK;
}

static enum twinlog_error history_ask(struct row *row)
{
	enum twinlog_error error = TWINLOG_OK;

	if (!row->history)
		error = record_ask(row, true, &row->history);
	if (!error && !row->history)
		error = twinlog_fault_set(&row->import->cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	return error;
}

/* ---- Whether the row says what a version says ---- */

/* The row as export would write it of the body. A column that it does not write has what stands there. */
static void row_write(const struct row *row, const Twinlog__Body *body, struct sheet *ret_sheet,
		      struct csv_row *ret_row)
{
	const struct sheet *sheet = &row->import->sheet;
	const struct sheet_writer writer = {.places = row->import->places, .arena = row->arena};
	const enum sheet_column *columns;
	const size_t count = sheet_columns(sheet->kind, &columns);

	ret_sheet->kind = sheet->kind;
	ret_row->count = SHEET_COLUMN_COUNT;
	ret_row->line = row->entry->draft.line;
	for (size_t i = 0; i < SHEET_COLUMN_COUNT; i++) {
		const ProtobufCBinaryData cell = row->entry->cells[i];

		ret_sheet->places[i] = sheet->places[i];
		if (sheet->places[i] >= 0)
			ret_sheet->places[i] = (int16_t)i;
		ret_row->cells[i] = (struct csv_cell){(const char *)cell.data, cell.len};
	}
	for (size_t i = 0; i < count; i++) {
		const ProtobufCBinaryData cell = sheet_cell_of(&writer, sheet->kind, body, columns[i]);

		ret_row->cells[columns[i]] = (struct csv_cell){(const char *)cell.data, cell.len};
	}
}

static bool same_text(const struct row *row, const struct sheet *sheet, const struct csv_row *written)
{
	for (size_t i = 0; i < SHEET_COLUMN_COUNT; i++)
		if (sheet->places[i] >= 0 &&
		    !bytes_equal(sheet_cell(sheet, written, (enum sheet_column)i), row->entry->cells[i]))
			return false;
	return true;
}

/* Programs for sheets write dates and numbers in ways of their own, so what the cells say is compared where their text
 * is not the same. */
static enum twinlog_error row_compare(struct row *row, const Twinlog__Version *version, const Twinlog__Body *body)
{
	struct import *import = row->import;
	const struct sheet_reader reader = {.places = import->places,
					    .countries = import->countries,
					    .self = import->self,
					    .own = import->own,
					    .arena = row->arena};
	struct csv_row *written = arena_zalloc(row->arena, sizeof *written);
	struct draft draft = row->entry->draft;
	struct sheet sheet;
	enum twinlog_error error;

	if (!written)
		return TWINLOG_NO_MEMORY;
	row->written = version;
	row_write(row, body, &sheet, written);
	row->edited = !same_text(row, &sheet, written);
	if (!row->edited || row->entry->unread)
		return TWINLOG_OK;
	error = sheet_draft(&reader, &sheet, written, &row->base, &row->entry->fault);
	if (error) {
		row->entry->unread = true;
		return error == TWINLOG_NO_MEMORY ? error : TWINLOG_OK;
	}
	error = draft_as_written(row->arena, &row->base, body);
	if (!error)
		error = draft_as_written(row->arena, &draft, body);
	if (!error)
		error = draft_edited(row->arena, &draft, &row->base, &row->edited);
	return error;
}

/* ---- Which version it was written from ---- */

static bool is_leaf(const Twinlog__Version *version, const struct hash *leaf)
{
	struct hash own;

	return version && !codec_get_hash(version->leaf, &own) && hash_equal(&own, leaf);
}

static enum twinlog_error leaf_find(struct row *row, const struct hash *leaf, const Twinlog__Version **ret_version)
{
	for (size_t i = 0; i < row->record->n_sides; i++)
		if (is_leaf(row->record->sides[i]->word, leaf)) {
			*ret_version = row->record->sides[i]->word;
			return TWINLOG_OK;
		}
	const enum twinlog_error error = history_ask(row);

	for (size_t i = 0; !error && i < row->history->n_versions; i++)
		if (is_leaf(row->history->versions[i], leaf))
			*ret_version = row->history->versions[i];
	return error;
}

/* A sheet of before names the city alone: what that one ever said is compared. One version alone is what it was written
 * from; of several it is the one that the row says, and when that was edited nobody can tell. */
static enum twinlog_error version_guess(struct row *row)
{
	const ProtobufCBinaryData by = row->entry->cells[COLUMN_stated_by];
	enum twinlog_error error = history_ask(row);
	size_t count = 0;

	for (size_t i = 0; !error && i < row->history->n_versions; i++) {
		const Twinlog__Version *version = row->history->versions[i];
		const bool says = version->operation == TWINLOG__OPERATION__OPERATION_STATEMENT &&
				  (by.len == 0 || bytes_equal(version->city_id, by));
		const Twinlog__Body *body = says ? version_body(row->arena, version) : NULL;

		count += says;
		if (!body)
			continue;
		error = row_compare(row, version, body);
		if (!error && !row->edited)
			return TWINLOG_OK;
	}
	if (count != 1)
		row->written = NULL;
	return error;
}

static enum twinlog_error version_find(struct row *row)
{
	const ProtobufCBinaryData cell = row->entry->cells[COLUMN_statement];
	const Twinlog__Version *version = NULL;
	const Twinlog__Body *body;
	struct hash leaf;
	enum twinlog_error error;

	if (row->import->sheet.places[COLUMN_statement] < 0)
		return version_guess(row);
	if (hex_decode(leaf.bytes, HASH_SIZE, (const char *)cell.data, cell.len))
		return TWINLOG_OK;
	error = leaf_find(row, &leaf, &version);
	/* Erased, it is not to be had. */
	body = error ? NULL : version_body(row->arena, version);
	return body ? row_compare(row, version, body) : error;
}

/* ---- The own statement ---- */

static const Twinlog__Version *own_word(const Twinlog__Record *record)
{
	for (size_t i = 0; i < record->n_sides; i++)
		if (record->sides[i]->self)
			return record->sides[i]->word;
	return NULL;
}

/* What the city said since the row was written, and changed by hand. */
static enum twinlog_error said_since(struct row *row, struct draft_past *past)
{
	enum twinlog_error error = history_ask(row);
	const Twinlog__Body **earlier;

	if (error)
		return error;
	earlier = arena_alloc(row->arena, (row->history->n_versions + 1) * sizeof *earlier);
	if (!earlier)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < row->history->n_versions; i++) {
		const Twinlog__Version *version = row->history->versions[i];
		const bool since = !version->current && codec_equal(version->city_id, row->import->self) &&
				   version->operation == TWINLOG__OPERATION__OPERATION_STATEMENT &&
				   version->clock_ms > row->written->clock_ms;
		const Twinlog__Body *body = since ? version_body(row->arena, version) : NULL;

		if (body)
			earlier[past->earlier_count++] = body;
	}
	past->earlier = earlier;
	return TWINLOG_OK;
}

static enum twinlog_error row_edit(struct row *row, const Twinlog__Version *own, const Twinlog__Body *said)
{
	struct import_entry *entry = row->entry;
	struct draft_past past = {.current = said, .report = own->report};
	enum twinlog_error error = draft_as_written(row->arena, &entry->draft, version_body(row->arena, row->written));

	if (!error)
		error = said_since(row, &past);
	if (!error)
		error = draft_edit(row->arena, &entry->draft, &row->base, &past, &entry->change);
	entry->leaf = own->leaf;
	return error;
}

static enum twinlog_error refuse(const struct row *row, enum twinlog_error code)
{
	struct twinlog_fault fault;

	(void)twinlog_fault_set(&fault, code, NULL, NULL);
	return import_refuse(row->import, row->entry, &fault);
}

/* Nothing but the record: sheets of before had such rows for what was withdrawn. */
static bool is_empty(const struct row *row)
{
	const enum sheet_column *columns;
	const size_t count = sheet_columns(row->import->sheet.kind, &columns);

	for (size_t i = 0; i < count; i++)
		if (row->entry->cells[columns[i]].len > 0)
			return false;
	return true;
}

static enum twinlog_error row_take(struct row *row)
{
	const Twinlog__Version *own = own_word(row->record);
	const Twinlog__Body *said = NULL;
	enum twinlog_error error;

	row->entry->change = DRAFT_UNCHANGED;
	if (is_empty(row))
		return TWINLOG_OK;
	error = version_find(row);
	if (error)
		return error;
	if (!row->written)
		return refuse(row, TWINLOG_NOT_WRITTEN);
	if (!row->edited)
		return TWINLOG_OK;
	if (row->entry->unread)
		return import_refuse(row->import, row->entry, &row->entry->fault);
	if (own && own->operation == TWINLOG__OPERATION__OPERATION_STATEMENT)
		said = version_body(row->arena, own);
	return said && body_content(said) ? row_edit(row, own, said) : refuse(row, TWINLOG_NOT_OURS);
}

enum twinlog_error import_exported(struct import *import, struct arena *arena, struct import_entry *entry,
				   bool *ret_known)
{
	struct row row = {.import = import, .arena = arena, .entry = entry};
	enum twinlog_error error = record_ask(&row, false, &row.record);

	*ret_known = row.record;
	if (error || !row.record)
		return error;
	entry->handle = row.record->handle;
	error = row_take(&row);
	return error && error != import->cli->fault.code ? twinlog_fault_set(&import->cli->fault, error, NULL, NULL)
							 : error;
}
