/* The city's own words: what clients submit is checked and waits for its bundle. While one is being committed the next
 * one's words gather, so many clients share one commit. PROTOCOL, "The control protocol". */
#include "author_internal.h"
#include "references.h"
#include "validate.h"

/* ---- Taking a request in. ---- */

static void submission_reply(struct node *node, struct submission *submission)
{
	Twinlog__Reply reply = TWINLOG__REPLY__INIT;
	Twinlog__Submitted submitted = TWINLOG__SUBMITTED__INIT;
	Twinlog__SubmitResult **list =
	    arena_alloc(node->effects->arena, (submission->results_count + 1) * sizeof(Twinlog__SubmitResult *));
	if (!list) {
		node->out_of_memory = true;
	} else {
		for (uint32_t i = 0; i < submission->results_count; i++)
			list[i] = &submission->results[i];
		submitted.results = list;
		submitted.n_results = submission->results_count;
		submitted.space = codec_hash(&submission->space);
		reply.id = submission->request_id;
		reply.commit = submission->commit > node->commit ? submission->commit : node->commit;
		reply.body_case = TWINLOG__REPLY__BODY_SUBMITTED;
		reply.submitted = &submitted;
		effect_reply(node, submission->client, &reply);
	}
	arena_free(submission->arena);
}

void author_done(struct node *node, struct submission *submission)
{
	if (--submission->open == 0)
		submission_reply(node, submission);
}

static void result_fault(struct node *node, struct submission *submission, uint32_t index,
			 const struct twinlog_fault *fault)
{
	Twinlog__SubmitResult *result = &submission->results[index];
	result->code = fault->code;
	result->where =
	    codec_bytes(arena_copy(submission->arena, fault->where, sizeof fault->where), strlen(fault->where));
	result->value =
	    codec_bytes(arena_copy(submission->arena, fault->value, sizeof fault->value), strlen(fault->value));
	author_done(node, submission);
}

void author_refuse(struct node *node, struct submission *submission, uint32_t index, enum twinlog_error code,
		   const char *where)
{
	struct twinlog_fault fault;
	(void)twinlog_fault_set(&fault, code, where, NULL);
	result_fault(node, submission, index, &fault);
}

ProtobufCBinaryData author_hash(struct arena *arena, const struct hash *hash)
{
	return codec_bytes(arena_copy(arena, hash->bytes, HASH_SIZE), HASH_SIZE);
}

ProtobufCBinaryData author_handle(struct arena *arena, const struct handle *handle)
{
	return codec_bytes(arena_copy(arena, handle->bytes, HANDLE_SIZE), HANDLE_SIZE);
}

/* ---- Which space. ---- */

static enum twinlog_error may_write(const struct node *node, const struct space *space)
{
	const struct member *self = acts_member(space->acts, &node->card->identity);
	if (!self || self->standing != STANDING_MEMBER)
		return TWINLOG_NOT_A_MEMBER;
	return self->reader ? TWINLOG_READER : TWINLOG_OK;
}

static bool prefix_fits(const struct handle *handle, ProtobufCBinaryData prefix)
{
	char hex[HANDLE_HEX_SIZE];
	hex_encode(hex, handle->bytes, HANDLE_SIZE);
	return prefix.len > 0 && prefix.len < sizeof hex && memcmp(hex, prefix.data, prefix.len) == 0;
}

enum twinlog_error record_resolve(struct node *node, const Twinlog__RecordName *name, struct space **ret_space,
				  const struct record **ret_record)
{
	const struct record *found = NULL;
	struct space *in = NULL;
	for (size_t s = 0; s < node->spaces.count; s++) {
		struct space *space = &node->spaces.items[s];
		struct handle handle;
		if ((*ret_space && space != *ret_space) || !scope_has(node->scope, acts_space(space->acts)))
			continue;
		if (name->handle.len > 0) {
			if (codec_get_handle(name->handle, &handle))
				return TWINLOG_INVALID;
			found = statements_find(space->statements, &handle);
			if (found) {
				*ret_space = space;
				*ret_record = found;
				return TWINLOG_OK;
			}
			continue;
		}
		for (size_t i = 0; i < statements_records(space->statements); i++) {
			const struct record *record = statements_record(space->statements, i);
			if (!prefix_fits(&record->handle, name->prefix))
				continue;
			if (found)
				return TWINLOG_AMBIGUOUS;
			found = record;
			in = space;
		}
	}
	if (!found)
		return TWINLOG_NOT_FOUND;
	*ret_space = in;
	*ret_record = found;
	return TWINLOG_OK;
}

static bool all_cities_belong(const struct space *space, const ProtobufCBinaryData *cities, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct member *member = acts_member_by_city(space->acts, cities[i]);
		if (!member || member->standing == STANDING_DECLINED)
			return false;
	}
	return true;
}

/* Without a space named: the only one this city may write to, else the only one to which all cities named belong. */
static struct space *space_that_fits(struct node *node, struct arena *arena, uint32_t kind, const Twinlog__Body *body)
{
	struct space *only = NULL, *fitting = NULL;
	size_t writable = 0, fits = 0, count = 0;
	ProtobufCBinaryData *cities = NULL;
	if (body && validate_cities(arena, kind, body, &cities, &count))
		return NULL;
	for (size_t i = 0; i < node->spaces.count; i++) {
		struct space *space = &node->spaces.items[i];
		if (may_write(node, space) || !scope_has(node->scope, acts_space(space->acts)))
			continue;
		only = space;
		writable++;
		if (count > 0 && all_cities_belong(space, cities, count)) {
			fitting = space;
			fits++;
		}
	}
	if (writable == 1)
		return only;
	return fits == 1 ? fitting : NULL;
}

/* ---- Queueing. ---- */

static enum twinlog_error operation_space(struct node *node, struct submission *submission,
					  const Twinlog__SubmitOperation *operation, const Twinlog__Body *body,
					  ProtobufCBinaryData named, struct space **ret_space)
{
	struct space *space = NULL;
	const struct record *record;
	if (named.len > 0) {
		const struct hash id = bytes_hash(named);
		space = space_by_id(node, &id);
		if (!space)
			return TWINLOG_NOT_FOUND;
	} else if (operation->record) {
		const enum twinlog_error error = record_resolve(node, operation->record, &space, &record);
		if (error)
			return error;
	} else {
		space = space_that_fits(node, submission->arena, operation->kind, body);
		if (!space)
			return TWINLOG_NO_SPACE_FITS;
	}
	*ret_space = space;
	return may_write(node, space);
}

static enum twinlog_error operation_check(const Twinlog__SubmitOperation *operation, const Twinlog__Body *body,
					  struct twinlog_fault *fault)
{
	enum body_rule rule;
	if (operation->operation < TWINLOG__OPERATION__OPERATION_STATEMENT ||
	    operation->operation > TWINLOG__OPERATION__OPERATION_LINK)
		return twinlog_fault_set(fault, TWINLOG_BAD_FIELD, "operation", NULL);
	if (operation->body.len > TWINLOG_BODY_MAX)
		return twinlog_fault_set(fault, TWINLOG_TOO_LARGE, "body", NULL);
	if (operation->request.len != 0 && operation->request.len != HANDLE_SIZE)
		return twinlog_fault_set(fault, TWINLOG_INVALID, "request", NULL);
	if (operation->operation != TWINLOG__OPERATION__OPERATION_STATEMENT && !operation->record)
		return twinlog_fault_set(fault, TWINLOG_FIELD_MISSING, "record", NULL);
	return validate_body(VALIDATE_WRITE, NULL, operation->operation, operation->kind, body, &rule, fault);
}

static void operation_queue(struct node *node, struct submission *submission, uint32_t index,
			    const Twinlog__SubmitOperation *operation, ProtobufCBinaryData named)
{
	struct twinlog_fault fault;
	Twinlog__Body *body = NULL;
	struct space *space = NULL;
	enum twinlog_error error =
	    CODEC_UNPACK_ONCE(submission->arena, operation->body.data, operation->body.len, &body, twinlog__body);
	if (error)
		error = twinlog_fault_set(&fault, error, "body", NULL);
	else
		error = operation_check(operation, body, &fault);
	if (!error && (error = operation_space(node, submission, operation, body, named, &space)))
		error =
		    twinlog_fault_set(&fault, error, operation->record && named.len == 0 ? "record" : "space", NULL);
	if (!error)
		error = references_check(node, space, body, &fault);
	struct queued *queued = error ? NULL : ARRAY_PUSH(&space->queue);
	if (!error && !queued)
		error = twinlog_fault_set(&fault, TWINLOG_NO_MEMORY, "operation", NULL);
	if (error) {
		result_fault(node, submission, index, &fault);
		return;
	}
	submission->space = *acts_space(space->acts);
	*queued = (struct queued){.submission = submission, .index = index, .operation = operation, .body = body};
}

static struct submission *submission_new(const Twinlog__Submit *submit)
{
	uint8_t *bytes;
	size_t size;
	Twinlog__Submit *copy;
	struct arena *arena = arena_new(2 * TWINLOG_UNPACK_MAX);
	struct submission *submission = arena ? arena_zalloc(arena, sizeof *submission) : NULL;
	if (!submission || codec_pack_arena(arena, &submit->base, &bytes, &size) ||
	    CODEC_UNPACK(arena, bytes, size, &copy, twinlog__submit)) {
		arena_free(arena);
		return NULL;
	}
	submission->arena = arena;
	submission->submit = copy;
	submission->results_count = (uint32_t)copy->n_operations;
	submission->results = arena_alloc(arena, copy->n_operations * sizeof *submission->results);
	if (!submission->results) {
		arena_free(arena);
		return NULL;
	}
	for (size_t i = 0; i < copy->n_operations; i++)
		twinlog__submit_result__init(&submission->results[i]);
	return submission;
}

void author_request(struct node *node, uint64_t client, const Twinlog__Request *request)
{
	const Twinlog__Submit *submit = request->submit;
	if (submit->n_operations == 0 || submit->n_operations > TWINLOG_SUBMIT_MAX) {
		effect_fault(node, client, request->id, submit->n_operations ? TWINLOG_TOO_MANY : TWINLOG_FIELD_MISSING,
			     "operations", NULL);
		return;
	}
	struct submission *submission = submission_new(submit);
	if (!submission) {
		effect_fault(node, client, request->id, TWINLOG_TOO_LARGE, "request", NULL);
		return;
	}
	submission->client = client;
	submission->writer = node->writer;
	submission->request_id = request->id;
	submission->open = submission->results_count + 1; /* one for this function: no reply before all are queued */
	for (uint32_t i = 0; i < submission->results_count; i++)
		operation_queue(node, submission, i, submission->submit->operations[i], submission->submit->space);
	author_done(node, submission);
}
