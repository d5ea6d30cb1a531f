/* What a window of drafts becomes: looked up, merged, submitted, answered. */
#include <string.h>

#include "import.h"
#include "log.pb-c.h"
#include "submission.h"
#include "validate.h"

static enum twinlog_error full(struct import *import)
{
	return twinlog_fault_set(&import->cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
}

/* ---- What earlier imports made ---- */

static enum twinlog_error keys_make(struct import *import, struct arena *arena, const struct import_entry *entries,
				    size_t count, Twinlog__ImportKey ***ret_keys)
{
	Twinlog__ImportKey **keys = arena_alloc(arena, (count + 1) * sizeof *keys);
	Twinlog__ImportKey *room = arena_alloc(arena, (count + 1) * sizeof *room);

	if (!keys || !room)
		return full(import);
	for (size_t i = 0; i < count; i++) {
		keys[i] = &room[i];
		twinlog__import_key__init(keys[i]);
		keys[i]->sheet = codec_string(sheet_import_name(import->sheet.kind));
		keys[i]->row = entries[i].key;
		keys[i]->nth = entries[i].nth;
	}
	*ret_keys = keys;
	return TWINLOG_OK;
}

static enum twinlog_error look_up(struct import *import, uint32_t kind, Twinlog__ImportKey **keys, size_t count,
				  struct flight *flight)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__ImportLookup lookup = TWINLOG__IMPORT_LOOKUP__INIT;

	lookup.space = codec_hash(&import->space);
	lookup.kind = kind;
	lookup.keys = keys;
	lookup.n_keys = count;
	request.body_case = TWINLOG__REQUEST__BODY_IMPORT_LOOKUP;
	request.import_lookup = &lookup;
	return flight_send(import, &request, flight);
}

static enum twinlog_error found_by(struct import *import, struct flight *flight, size_t count,
				   const Twinlog__ImportFound **ret_found)
{
	const enum twinlog_error error = flight_wait(import, flight);

	if (error)
		return error;
	if (flight->reply->body_case != TWINLOG__REPLY__BODY_IMPORT_FOUND ||
	    flight->reply->import_found->n_versions != count)
		return twinlog_fault_set(&import->cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	*ret_found = flight->reply->import_found;
	return TWINLOG_OK;
}

/* Activities refer to the agreement that the sheet of pairs knows by their pair_id, whether it is here yet or not: its
 * handle follows from the row alone. */
static enum twinlog_error ask_pairs(struct import *import, struct import_window *window, struct import_part *part)
{
	struct import_entry *pairs = arena_zalloc(window->arena, (part->count + 1) * sizeof *pairs);
	Twinlog__Activity **activities = arena_alloc(window->arena, (part->count + 1) * sizeof *activities);
	Twinlog__ImportKey **keys;
	size_t named = 0;
	enum twinlog_error error;

	if (!pairs || !activities)
		return full(import);
	for (size_t i = 0; i < part->count; i++) {
		if (part->entries[i].draft.pair.len == 0)
			continue;
		pairs[named].key = part->entries[i].draft.pair;
		activities[named++] = part->entries[i].draft.body->activity;
	}
	part->activities = activities;
	part->named = named;
	if (named == 0)
		return TWINLOG_OK;
	error = keys_make(import, window->arena, pairs, named, &keys);
	for (size_t i = 0; i < named && !error; i++)
		keys[i]->sheet = codec_string(sheet_import_name(SHEET_PAIRS));
	return error ? error : look_up(import, TWINLOG__RECORD_KIND__RECORD_AGREEMENT, keys, named, &part->pairs);
}

static enum twinlog_error refer_to_pairs(struct import *import, struct import_window *window, struct import_part *part)
{
	const Twinlog__ImportFound *found = NULL;
	enum twinlog_error error = part->named ? found_by(import, &part->pairs, part->named, &found) : TWINLOG_OK;

	for (size_t i = 0; i < part->named && !error; i++) {
		ProtobufCBinaryData *handle = arena_alloc(window->arena, sizeof *handle);

		if (!handle)
			return full(import);
		*handle = found->versions[i]->handle;
		part->activities[i]->agreements = handle;
		part->activities[i]->n_agreements = 1;
	}
	return error;
}

/* Older statements of the own city, for what was changed by hand since. */
static enum twinlog_error read_earlier(struct import *import, struct arena *arena, const struct import_entry *entry,
				       struct draft_past *past)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Show show = TWINLOG__SHOW__INIT;
	Twinlog__RecordName name = TWINLOG__RECORD_NAME__INIT;
	Twinlog__Reply *reply;
	const Twinlog__Record *record;
	const Twinlog__Body **earlier;
	enum twinlog_error error;

	name.handle = entry->handle;
	show.record = &name;
	show.history = true;
	request.body_case = TWINLOG__REQUEST__BODY_SHOW;
	request.show = &show;
	error = twinlog_call(import->cli->twinlog, &request, arena, &reply, &import->cli->fault);
	if (error)
		return error;
	if (reply->body_case != TWINLOG__REPLY__BODY_RECORDS || reply->records->n_records != 1)
		return twinlog_fault_set(&import->cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	record = reply->records->records[0];
	earlier = arena_alloc(arena, (record->n_versions + 1) * sizeof *earlier);
	if (!earlier)
		return full(import);
	past->earlier_count = 0;
	for (size_t i = 0; i < record->n_versions; i++) {
		const Twinlog__Version *version = record->versions[i];
		const Twinlog__Body *body = version->current || !codec_equal(version->city_id, import->self)
						? NULL
						: version_body(arena, version);

		if (body && version->operation == TWINLOG__OPERATION__OPERATION_STATEMENT)
			earlier[past->earlier_count++] = body;
	}
	past->earlier = earlier;
	return TWINLOG_OK;
}

static enum twinlog_error merge_one(struct import *import, struct arena *arena, struct import_entry *entry,
				    const Twinlog__Version *version)
{
	const struct draft sheet = entry->draft;
	struct draft_past past = {0};
	bool known = false;
	enum twinlog_error error = entry->record.len ? import_exported(import, arena, entry, &known) : TWINLOG_OK;

	if (error || known)
		return error;
	if (entry->unread)
		return import_refuse(import, entry, &entry->fault);
	entry->handle = version->handle;
	entry->leaf = version->leaf;
	if (version->leaf.len > 0) {
		past.current =
		    version->operation == TWINLOG__OPERATION__OPERATION_STATEMENT ? version_body(arena, version) : NULL;
		past.report = version->report;
		entry->withdrawn = !past.current;
	}
	if (entry->withdrawn) {
		entry->change = DRAFT_UNCHANGED;
		return TWINLOG_OK;
	}
	error = draft_merge(arena, &entry->draft, import->self, &past, &entry->change);
	if (!error && entry->change == DRAFT_AMENDED) {
		error = read_earlier(import, arena, entry, &past);
		if (error)
			return error;
		entry->draft = sheet;
		error = draft_merge(arena, &entry->draft, import->self, &past, &entry->change);
	}
	return error ? twinlog_fault_set(&import->cli->fault, error, NULL, NULL) : TWINLOG_OK;
}

static enum twinlog_error check_one(struct import *import, struct import_entry *entry)
{
	struct twinlog_fault fault = {0};
	enum body_rule rule;

	if (entry->refused || entry->change == DRAFT_UNCHANGED)
		return TWINLOG_OK;
	if (validate_body(VALIDATE_WRITE, NULL, TWINLOG__OPERATION__OPERATION_STATEMENT, entry->draft.kind,
			  entry->draft.body, &rule, &fault))
		return import_refuse(import, entry, &fault);
	return TWINLOG_OK;
}

/* ---- Submitting ---- */

/* drawn: for the request and the token. */
static enum twinlog_error operation_make(struct import *import, struct arena *arena, const struct import_entry *entry,
					 Twinlog__ImportKey *key, const struct handle drawn[2],
					 Twinlog__SubmitOperation **ret_operation)
{
	const char *office = twinlog_office(import->cli->twinlog);
	struct json_entry statement = {.kind = entry->draft.kind,
				       .body = entry->draft.body,
				       .report = entry->draft.report,
				       .has_request = true,
				       .request = drawn[0]};
	Twinlog__SubmitOperation *operation;
	enum twinlog_error error;

	if (statement.body->token.len == 0)
		statement.body->token = codec_handle(&drawn[1]);
	error = submission_statement(arena, office, &statement, &operation, &import->cli->fault);

	if (error)
		return error;
	if (entry->change == DRAFT_AMENDED) {
		operation->record = arena_alloc(arena, sizeof *operation->record);
		if (!operation->record)
			return full(import);
		twinlog__record_name__init(operation->record);
		operation->record->handle = entry->handle;
		operation->based_on = entry->leaf;
	} else if (entry->draft.kind != TWINLOG__RECORD_KIND__RECORD_CITY) {
		operation->import = key;
	}
	*ret_operation = operation;
	return TWINLOG_OK;
}

static enum twinlog_error submit_some(struct import *import, struct import_window *window, struct import_part *part,
				      struct import_entry **entries, Twinlog__SubmitOperation **operations,
				      size_t count)
{
	struct import_submit *submit = arena_zalloc(window->arena, sizeof *submit);
	Twinlog__Request *request;
	enum twinlog_error error;

	if (count == 0)
		return TWINLOG_OK;
	if (!submit)
		return full(import);
	submit->entries = entries;
	submit->count = count;
	submit->next = part->submits;
	error = submission_request(window->arena, &import->space, operations, count, &request, &import->cli->fault);
	if (!error)
		error = flight_send(import, request, &submit->flight);
	if (!error)
		part->submits = submit;
	return error;
}

static enum twinlog_error submit_all(struct import *import, struct import_window *window, struct import_part *part)
{
	Twinlog__SubmitOperation **operations = arena_alloc(window->arena, (part->count + 1) * sizeof *operations);
	struct import_entry **sent = arena_alloc(window->arena, (part->count + 1) * sizeof(void *));
	struct handle *drawn = arena_alloc(window->arena, 2 * (part->count + 1) * sizeof *drawn);
	size_t first = 0, last = 0, bytes = 0;
	enum twinlog_error error;

	if (!operations || !sent || !drawn)
		return full(import);
	error = request_ids_draw(drawn, 2 * part->count);
	if (error)
		return twinlog_fault_set(&import->cli->fault, error, NULL, NULL);
	for (size_t i = 0; i < part->count && !error; i++) {
		struct import_entry *entry = &part->entries[i];

		if (entry->refused || entry->change == DRAFT_UNCHANGED)
			continue;
		error = operation_make(import, window->arena, entry, part->keys[i], &drawn[2 * i], &operations[last]);
		if (error)
			break;
		bytes += operations[last]->body.len + 128;
		sent[last++] = entry;
		if (bytes >= TWINLOG_IMPORT_BYTES) {
			error = submit_some(import, window, part, sent + first, operations + first, last - first);
			first = last;
			bytes = 0;
		}
	}
	return error ? error : submit_some(import, window, part, sent + first, operations + first, last - first);
}

static enum twinlog_error submit_answered(struct import *import, struct import_submit *submit)
{
	enum twinlog_error error = flight_wait(import, &submit->flight);
	const Twinlog__Reply *reply = submit->flight.reply;

	if (error)
		return error;
	if (reply->body_case != TWINLOG__REPLY__BODY_SUBMITTED || reply->submitted->n_results != submit->count)
		return twinlog_fault_set(&import->cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	for (size_t i = 0; i < submit->count && !error; i++) {
		const Twinlog__SubmitResult *result = reply->submitted->results[i];
		struct twinlog_fault fault;

		if (fault_from_wire(&fault, result->code, result->where, result->value))
			error = import_refuse(import, submit->entries[i], &fault);
	}
	return error;
}

/* ---- One window ---- */

static void count_all(struct import *import, const struct import_entry *entries, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (entries[i].refused)
			continue;
		if (!entries[i].row)
			import->counts.stubs += entries[i].change == DRAFT_NEW;
		else if (entries[i].change == DRAFT_NEW)
			import->counts.fresh += entries[i].rows;
		else if (entries[i].change == DRAFT_AMENDED)
			import->counts.amended += entries[i].rows;
		else
			import->counts.unchanged += entries[i].rows;
	}
}

enum twinlog_error import_window_ask(struct import *import, struct import_window *window)
{
	enum twinlog_error error = TWINLOG_OK;

	window->asked = true;
	for (size_t i = 0; i < IMPORT_PARTS && !error; i++) {
		struct import_part *part = &window->parts[i];
		const uint32_t kind = part->count ? part->entries[0].draft.kind : 0;

		if (part->count == 0)
			continue;
		error = keys_make(import, window->arena, part->entries, part->count, &part->keys);
		if (!error && kind == TWINLOG__RECORD_KIND__RECORD_ACTIVITY)
			error = ask_pairs(import, window, part);
		if (!error)
			error = look_up(import, kind, part->keys, part->count, &part->found);
	}
	return error;
}

static enum twinlog_error part_send(struct import *import, struct import_window *window, struct import_part *part)
{
	const Twinlog__ImportFound *found = NULL;
	enum twinlog_error error = refer_to_pairs(import, window, part);

	if (!error)
		error = found_by(import, &part->found, part->count, &found);
	for (size_t i = 0; i < part->count && !error; i++) {
		error = merge_one(import, window->arena, &part->entries[i], found->versions[i]);
		if (!error)
			error = check_one(import, &part->entries[i]);
	}
	if (!error && import->write)
		error = submit_all(import, window, part);
	else if (!error)
		error = import_likely(import, window->arena, part->entries, part->count);
	return error;
}

enum twinlog_error import_window_send(struct import *import, struct import_window *window)
{
	enum twinlog_error error = TWINLOG_OK;

	if (!window->asked || window->sent)
		return TWINLOG_OK;
	window->sent = true;
	for (size_t i = 0; i < IMPORT_PARTS && !error; i++)
		if (window->parts[i].count > 0)
			error = part_send(import, window, &window->parts[i]);
	return error;
}

enum twinlog_error import_window_land(struct import *import, struct import_window *window)
{
	enum twinlog_error error = import_window_send(import, window);

	for (size_t i = 0; i < IMPORT_PARTS && !error; i++) {
		struct import_part *part = &window->parts[i];

		for (struct import_submit *submit = part->submits; submit && !error; submit = submit->next)
			error = submit_answered(import, submit);
		if (!error)
			count_all(import, part->entries, part->count);
	}
	return error;
}

void import_window_clear(struct import *import, struct import_window *window)
{
	for (size_t i = 0; i < IMPORT_PARTS; i++) {
		struct import_part *part = &window->parts[i];

		flight_end(import, &part->pairs);
		flight_end(import, &part->found);
		for (struct import_submit *submit = part->submits; submit; submit = submit->next)
			flight_end(import, &submit->flight);
		*part = (struct import_part){.entries = part->entries};
	}
	window->asked = window->sent = false;
	window->bytes = 0;
	arena_reset(window->arena);
}
