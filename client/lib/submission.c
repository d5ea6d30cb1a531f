#include "submission.h"

#include "connection_internal.h"
#include "log.pb-c.h"

static enum twinlog_error draw(struct arena *arena, ProtobufCBinaryData *ret_bytes)
{
	struct handle *drawn = arena_alloc(arena, sizeof *drawn);
	enum twinlog_error error;

	if (!drawn)
		return TWINLOG_TOO_LARGE;
	error = request_id_draw(drawn);
	if (!error)
		*ret_bytes = codec_handle(drawn);
	return error;
}

enum twinlog_error submission_token(struct arena *arena, Twinlog__Body *body)
{
	return body->token.len ? TWINLOG_OK : draw(arena, &body->token);
}

static enum twinlog_error finish(struct arena *arena, const char *office, Twinlog__Body *body,
				 Twinlog__SubmitOperation *operation, struct twinlog_fault *fault)
{
	enum twinlog_error error;
	uint8_t *bytes;
	size_t size;

	if (!body->office.len && office && *office)
		body->office = codec_string(office);
	error = codec_pack_arena(arena, &body->base, &bytes, &size);
	if (!error && !operation->request.len)
		error = draw(arena, &operation->request);
	if (error)
		return twinlog_fault_set(fault, error, NULL, NULL);
	operation->body = codec_bytes(bytes, size);
	return TWINLOG_OK;
}

enum twinlog_error submission_statement(struct arena *arena, const char *office, const struct json_entry *entry,
					Twinlog__SubmitOperation **ret_operation, struct twinlog_fault *fault)
{
	Twinlog__SubmitOperation *operation = arena_zalloc(arena, sizeof *operation);
	enum twinlog_error error;

	if (!operation)
		return twinlog_fault_set(fault, TWINLOG_TOO_LARGE, NULL, NULL);
	twinlog__submit_operation__init(operation);
	operation->operation = TWINLOG__OPERATION__OPERATION_STATEMENT;
	operation->kind = entry->kind;
	operation->report = entry->report;
	if (entry->has_request) {
		void *copy = arena_copy(arena, entry->request.bytes, HANDLE_SIZE);

		if (!copy)
			return twinlog_fault_set(fault, TWINLOG_TOO_LARGE, NULL, NULL);
		operation->request = codec_bytes(copy, HANDLE_SIZE);
	}
	error = submission_token(arena, entry->body);
	if (error)
		return twinlog_fault_set(fault, error, NULL, NULL);
	error = finish(arena, office, entry->body, operation, fault);
	if (!error)
		*ret_operation = operation;
	return error;
}

enum twinlog_error submission_on_record(struct arena *arena, const char *office, uint32_t kind_of_operation,
					const Twinlog__Record *record, Twinlog__Body *body,
					Twinlog__SubmitOperation **ret_operation, struct twinlog_fault *fault)
{
	Twinlog__SubmitOperation *operation = arena_zalloc(arena, sizeof *operation);
	Twinlog__RecordName *name = arena_zalloc(arena, sizeof *name);
	enum twinlog_error error;

	if (!body) {
		body = arena_zalloc(arena, sizeof *body);
		if (body)
			twinlog__body__init(body);
	}
	if (!operation || !name || !body)
		return twinlog_fault_set(fault, TWINLOG_TOO_LARGE, NULL, NULL);
	twinlog__submit_operation__init(operation);
	twinlog__record_name__init(name);
	name->handle = record->handle;
	operation->operation = kind_of_operation;
	operation->kind = record->kind;
	operation->record = name;
	error = finish(arena, office, body, operation, fault);
	if (!error)
		*ret_operation = operation;
	return error;
}

enum twinlog_error submission_request(struct arena *arena, const struct hash *space,
				      Twinlog__SubmitOperation *const *operations, size_t count,
				      Twinlog__Request **ret_request, struct twinlog_fault *fault)
{
	Twinlog__Submit *submit = arena_zalloc(arena, sizeof *submit);
	Twinlog__Request *request = arena_zalloc(arena, sizeof *request);
	void *list = arena_copy(arena, operations, count * sizeof *operations);
	void *named = space ? arena_copy(arena, space->bytes, HASH_SIZE) : NULL;

	if (!submit || !request || !list || (space && !named))
		return twinlog_fault_set(fault, TWINLOG_TOO_LARGE, NULL, NULL);
	twinlog__submit__init(submit);
	twinlog__request__init(request);
	submit->operations = list;
	submit->n_operations = count;
	submit->space = codec_bytes(named, named ? HASH_SIZE : 0);
	request->body_case = TWINLOG__REQUEST__BODY_SUBMIT;
	request->submit = submit;
	*ret_request = request;
	return TWINLOG_OK;
}

enum twinlog_error submission_wait(struct twinlog *twinlog, struct arena *arena, const struct hash *space,
				   const ProtobufCBinaryData *bundles, size_t count, uint32_t cities,
				   uint32_t timeout_ms, Twinlog__Reply **ret_reply, struct twinlog_fault *fault)
{
	Twinlog__Wait wait = TWINLOG__WAIT__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	uint32_t patience_ms = twinlog->timeout_ms;
	Twinlog__Reply *reply;
	enum twinlog_error error;

	wait.space = codec_hash(space);
	wait.bundles = (ProtobufCBinaryData *)(uintptr_t)bundles;
	wait.n_bundles = count;
	wait.cities = cities;
	wait.timeout_ms = timeout_ms;
	request.body_case = TWINLOG__REQUEST__BODY_WAIT;
	request.wait = &wait;
	/* The answer itself is waited for as long as the daemon waits, and then as long as any other. */
	twinlog_set_timeout(twinlog, timeout_ms < UINT32_MAX - patience_ms ? timeout_ms + patience_ms : UINT32_MAX);
	error = twinlog_call(twinlog, &request, arena, &reply, fault);
	twinlog_set_timeout(twinlog, patience_ms);
	if (!error && reply->body_case != TWINLOG__REPLY__BODY_WAITED)
		error = twinlog_fault_set(fault, TWINLOG_MALFORMED, twinlog->endpoint, NULL);
	if (!error)
		*ret_reply = reply;
	return error;
}
