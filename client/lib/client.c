/* The public functions: JSON text in, JSON text out. */
#include <stdlib.h>

#include "connection_internal.h"
#include "json.h"
#include "log.pb-c.h"
#include "submission.h"

void twinlog_free(void *memory)
{
	free(memory);
}

enum twinlog_error twinlog_request_id(char ret_id[TWINLOG_RECORD_TEXT])
{
	struct handle request;
	enum twinlog_error error = request_id_draw(&request);

	if (!error)
		hex_encode(ret_id, request.bytes, HANDLE_SIZE);
	return error;
}

static enum twinlog_error hash_of(const char *text, const char *where, struct hash *ret_hash,
				  struct twinlog_fault *fault)
{
	if (hex_decode(ret_hash->bytes, HASH_SIZE, text, strlen(text)) != TWINLOG_OK)
		return twinlog_fault_set(fault, TWINLOG_INVALID, where, text);
	return TWINLOG_OK;
}

/* ---- Writing ---- */

static void text_of(char *out, size_t out_size, ProtobufCBinaryData bytes)
{
	if (2 * bytes.len < out_size)
		hex_encode(out, bytes.data, bytes.len);
	else
		out[0] = '\0';
}

static void outcome_of(const Twinlog__Reply *reply, struct twinlog_outcome *outcome)
{
	const Twinlog__SubmitResult *result;

	*outcome = (struct twinlog_outcome){.ticket = reply->id};
	if (reply->fault) {
		(void)fault_from_wire(&outcome->fault, reply->fault->code, reply->fault->where, reply->fault->value);
		return;
	}
	if (reply->body_case != TWINLOG__REPLY__BODY_SUBMITTED || reply->submitted->n_results != 1) {
		(void)twinlog_fault_set(&outcome->fault, TWINLOG_MALFORMED, NULL, NULL);
		return;
	}
	result = reply->submitted->results[0];
	(void)fault_from_wire(&outcome->fault, result->code, result->where, result->value);
	text_of(outcome->record, sizeof outcome->record, result->handle);
	text_of(outcome->version, sizeof outcome->version, result->leaf);
	text_of(outcome->bundle, sizeof outcome->bundle, result->bundle);
	text_of(outcome->space, sizeof outcome->space, reply->submitted->space);
	outcome->known = result->known;
}

/* A request for one new record, in the scratch arena. */
static enum twinlog_error prepare(struct twinlog *twinlog, const char *space, const char *json_input, size_t size,
				  Twinlog__Request **ret_request, struct twinlog_fault *fault)
{
	struct json_entry entry;
	struct hash named;
	json_t *json;
	Twinlog__SubmitOperation *operation;
	enum twinlog_error error = json_parse(json_input, size, 0, &json, fault);

	if (error)
		return error;
	arena_reset(twinlog->scratch);
	error = json_read_entry(twinlog->scratch, json, TWINLOG__RECORD_KIND__RECORD_NONE, NULL, NULL, &entry, fault);
	if (!error && !space)
		space = entry.space;
	if (!error && space)
		error = hash_of(space, "space", &named, fault);
	if (!error)
		error = submission_statement(twinlog->scratch, twinlog->office, &entry, &operation, fault);
	if (!error)
		error = submission_request(twinlog->scratch, space ? &named : NULL, &operation, 1, ret_request, fault);
	json_decref(json);
	return error;
}

enum twinlog_error twinlog_submit_start(struct twinlog *twinlog, const char *space, const char *json, size_t size,
					uint64_t *ret_ticket, struct twinlog_fault *fault)
{
	Twinlog__Request *request;
	enum twinlog_error error = prepare(twinlog, space, json, size, &request, fault);

	if (error)
		return error;
	return twinlog_send(twinlog, request, ret_ticket, fault);
}

enum twinlog_error twinlog_submit_next(struct twinlog *twinlog, uint32_t timeout_ms,
				       struct twinlog_outcome *ret_outcome)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	Twinlog__Reply *reply;
	enum twinlog_error error;

	if (!arena)
		return TWINLOG_NO_MEMORY;
	error = twinlog_receive(twinlog, timeout_ms, arena, &reply, NULL);
	if (!error)
		outcome_of(reply, ret_outcome);
	arena_free(arena);
	return error;
}

size_t twinlog_submits_under_way(const struct twinlog *twinlog)
{
	return twinlog_under_way(twinlog);
}

enum twinlog_error twinlog_submit(struct twinlog *twinlog, const char *space, const char *json, size_t size,
				  struct twinlog_outcome *ret_outcome, struct twinlog_fault *fault)
{
	struct arena *arena;
	struct twinlog_outcome outcome;
	Twinlog__Request *request;
	Twinlog__Reply *reply;
	enum twinlog_error error = prepare(twinlog, space, json, size, &request, fault);

	if (error)
		return error;
	arena = arena_new(TWINLOG_UNPACK_MAX);
	if (!arena)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	error = twinlog_call(twinlog, request, arena, &reply, fault);
	if (!error) {
		outcome_of(reply, &outcome);
		outcome.ticket = 0;
		error = outcome.fault.code;
		if (error && fault)
			*fault = outcome.fault;
	}
	if (!error)
		*ret_outcome = outcome;
	arena_free(arena);
	return error;
}

enum twinlog_error twinlog_wait(struct twinlog *twinlog, const char *space, const char *bundle, uint32_t cities,
				uint32_t timeout_ms, uint32_t *ret_cities, struct twinlog_fault *fault)
{
	struct hash space_hash, bundle_hash;
	struct arena *arena;
	Twinlog__Reply *reply;
	enum twinlog_error error = hash_of(space, "space", &space_hash, fault);

	if (!error)
		error = hash_of(bundle, "bundle", &bundle_hash, fault);
	if (error)
		return error;
	arena = arena_new(TWINLOG_UNPACK_MAX);
	if (!arena)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	error = submission_wait(twinlog, arena, &space_hash, &(ProtobufCBinaryData){HASH_SIZE, bundle_hash.bytes}, 1,
				cities, timeout_ms, &reply, fault);
	if (!error)
		*ret_cities = reply->waited->cities;
	arena_free(arena);
	return error;
}

/* ---- Reading ---- */

/* One question, its answer as JSON text. */
static enum twinlog_error ask(struct twinlog *twinlog, struct arena *arena, Twinlog__Request *request, int expected,
			      json_t *(*write)(const Twinlog__Reply *reply), char **ret_json,
			      struct twinlog_fault *fault)
{
	Twinlog__Reply *reply;
	json_t *json;
	enum twinlog_error error = twinlog_call(twinlog, request, arena, &reply, fault);

	if (error)
		return error;
	if ((int)reply->body_case != expected)
		return twinlog_fault_set(fault, TWINLOG_MALFORMED, twinlog->endpoint, NULL);
	json = write(reply);
	error = json_text(json, true, ret_json);
	json_decref(json);
	return error ? twinlog_fault_set(fault, error, NULL, NULL) : TWINLOG_OK;
}

static json_t *write_first_record(const Twinlog__Reply *reply)
{
	return reply->records->n_records ? json_record(reply->records->records[0]) : json_null();
}

static json_t *write_records(const Twinlog__Reply *reply)
{
	return json_records(reply->records);
}

static json_t *write_spaces(const Twinlog__Reply *reply)
{
	return json_spaces(reply->spaces);
}

static json_t *write_status(const Twinlog__Reply *reply)
{
	return json_status(reply->status);
}

enum twinlog_error twinlog_show(struct twinlog *twinlog, const char *id, char **ret_json, struct twinlog_fault *fault)
{
	Twinlog__RecordName name = TWINLOG__RECORD_NAME__INIT;
	Twinlog__Show show = TWINLOG__SHOW__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	enum twinlog_error error;

	if (!arena)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	name.prefix = codec_string(id);
	show.record = &name;
	request.body_case = TWINLOG__REQUEST__BODY_SHOW;
	request.show = &show;
	error = ask(twinlog, arena, &request, TWINLOG__REPLY__BODY_RECORDS, write_first_record, ret_json, fault);
	arena_free(arena);
	return error;
}

static enum twinlog_error filter_of(struct arena *arena, const char *text, Twinlog__Filter *filter,
				    struct twinlog_fault *fault)
{
	json_t *json;
	enum twinlog_error error;

	if (!text)
		return TWINLOG_OK;
	error = json_parse(text, strlen(text), 0, &json, fault);
	if (error)
		return error;
	error = json_read_filter(arena, json, NULL, filter, fault);
	json_decref(json);
	return error;
}

enum twinlog_error twinlog_list(struct twinlog *twinlog, const char *filter_text, uint32_t limit, const char *cursor,
				char **ret_json, struct twinlog_fault *fault)
{
	Twinlog__Filter filter = TWINLOG__FILTER__INIT;
	Twinlog__List list = TWINLOG__LIST__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	uint8_t cursor_bytes[512];
	size_t cursor_size = cursor ? strlen(cursor) : 0;
	struct arena *arena = arena_new(4 * TWINLOG_UNPACK_MAX); /* a page may come in several messages */
	enum twinlog_error error = TWINLOG_OK;

	if (!arena)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	if (cursor_size > 2 * sizeof cursor_bytes || cursor_size % 2 != 0 ||
	    (cursor && hex_decode(cursor_bytes, cursor_size / 2, cursor, cursor_size) != TWINLOG_OK))
		error = twinlog_fault_set(fault, TWINLOG_BAD_CURSOR, "cursor", cursor);
	if (!error)
		error = filter_of(arena, filter_text, &filter, fault);
	list.filter = &filter;
	list.limit = limit;
	list.cursor = codec_bytes(cursor_bytes, cursor_size / 2);
	request.body_case = TWINLOG__REQUEST__BODY_LIST;
	request.list = &list;
	if (!error)
		error = ask(twinlog, arena, &request, TWINLOG__REPLY__BODY_RECORDS, write_records, ret_json, fault);
	arena_free(arena);
	return error;
}

enum twinlog_error twinlog_spaces(struct twinlog *twinlog, char **ret_json, struct twinlog_fault *fault)
{
	Twinlog__SpaceList list = TWINLOG__SPACE_LIST__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	enum twinlog_error error;

	if (!arena)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_LIST;
	request.space_list = &list;
	error = ask(twinlog, arena, &request, TWINLOG__REPLY__BODY_SPACES, write_spaces, ret_json, fault);
	arena_free(arena);
	return error;
}

enum twinlog_error twinlog_status(struct twinlog *twinlog, char **ret_json, struct twinlog_fault *fault)
{
	Twinlog__StatusGet get = TWINLOG__STATUS_GET__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	enum twinlog_error error;

	if (!arena)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	request.body_case = TWINLOG__REQUEST__BODY_STATUS_GET;
	request.status_get = &get;
	error = ask(twinlog, arena, &request, TWINLOG__REPLY__BODY_STATUS, write_status, ret_json, fault);
	arena_free(arena);
	return error;
}
