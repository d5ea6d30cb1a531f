/* The city's own words: what clients submit becomes leaves, and leaves become bundles. While one bundle is being
 * committed the next one's words gather, so many clients share one commit. PROTOCOL, "Client protocol". */
#include "import_id.h"
#include "node_internal.h"
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

static void result_done(struct node *node, struct submission *submission)
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
	result_done(node, submission);
}

static void result_code(struct node *node, struct submission *submission, uint32_t index, enum twinlog_error code,
			const char *where)
{
	struct twinlog_fault fault;
	(void)twinlog_fault_set(&fault, code, where, NULL);
	result_fault(node, submission, index, &fault);
}

static ProtobufCBinaryData keep_hash(struct arena *arena, const struct hash *hash)
{
	return codec_bytes(arena_copy(arena, hash->bytes, HASH_SIZE), HASH_SIZE);
}

static ProtobufCBinaryData keep_handle(struct arena *arena, const struct handle *handle)
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
	result_done(node, submission);
}

/* ---- Making one leaf. ---- */

struct draft {
	struct space *space;
	struct arena *arena;
	struct leaf_draft *leaves;
	struct queued *words; /* beside leaves */
	size_t count;
	size_t bytes;
	struct handle *touched; /* open addressing; records of this bundle */
	bool *taken;
};
#define DRAFT_SLOTS (2 * TWINLOG_BUNDLE_LEAVES_MAX)

/* True when the record stands in this bundle already: its second word needs the first one's leaf, so it waits. */
static bool draft_touches(struct draft *draft, const struct handle *handle)
{
	size_t slot = handle_word(handle) % DRAFT_SLOTS;
	for (; draft->taken[slot]; slot = (slot + 1) % DRAFT_SLOTS)
		if (handle_equal(&draft->touched[slot], handle))
			return true;
	draft->taken[slot] = true;
	draft->touched[slot] = *handle;
	return false;
}

struct target { /* the record a word is about */
	uint32_t kind;
	struct hash opener;
	uint8_t name[TWINLOG_CITY_ID_MAX];
	size_t name_size;
	struct handle handle;
	const struct record *record; /* NULL: new here */
};

static void new_record_id(struct node *node, const struct space *space, const Twinlog__SubmitOperation *operation,
			  struct handle *ret_id)
{
	const Twinlog__ImportKey *key = operation->import;
	const struct hash *id = acts_space(space->acts);
	if (key) {
		import_record_id(seal_keys_import_secret(node->keys), id, operation->kind, key->sheet.data,
				 key->sheet.len, key->row.data, key->row.len, key->nth, ret_id);
		return;
	}
	if (operation->request.len == 0) {
		node_draw(node, ret_id->bytes, HANDLE_SIZE);
		return;
	}
	const struct seal_part parts[] = {{id->bytes, HASH_SIZE}, {operation->request.data, HANDLE_SIZE}};
	const struct hash hash = seal_hash("record-id", parts, 2);
	memcpy(ret_id->bytes, hash.bytes, HANDLE_SIZE);
}

static enum twinlog_error target_find(struct node *node, struct space *space, const struct queued *word,
				      struct target *ret_target)
{
	const Twinlog__SubmitOperation *operation = word->operation;
	struct target target = {.kind = operation->kind, .opener = node->card->identity};
	if (operation->record) {
		const enum twinlog_error error = record_resolve(node, operation->record, &space, &target.record);
		if (error)
			return error;
		const struct record *record = target.record;
		target.kind = record->kind;
		target.opener = *statements_opener(space->statements, record);
		target.handle = record->handle;
		const void *name = statements_name(space->statements, record, &target.name_size);
		memcpy(target.name, name, target.name_size);
		*ret_target = target;
		return TWINLOG_OK;
	}
	if (operation->kind == TWINLOG__RECORD_KIND__RECORD_CITY) {
		target.opener = (struct hash){{0}};
		target.name_size = word->body->city->city_id.len;
		memcpy(target.name, word->body->city->city_id.data, target.name_size);
	} else {
		struct handle id;
		new_record_id(node, space, operation, &id);
		target.name_size = HANDLE_SIZE;
		memcpy(target.name, id.bytes, HANDLE_SIZE);
	}
	target.handle =
	    record_handle(acts_space(space->acts), (uint8_t)target.kind, &target.opener, target.name, target.name_size);
	target.record = statements_find(space->statements, &target.handle);
	*ret_target = target;
	return TWINLOG_OK;
}

/* The version a confirmation or denial means when the client named none: the opener's, else the latest of another. */
static const struct word *version_to_answer(const struct node *node, const struct space *space,
					    const struct record *record)
{
	const struct word *best = NULL;
	for (const struct word *word = statements_word(space->statements, record->first_word); word;
	     word = statements_word(space->statements, word->next)) {
		const struct hash *city = statements_city(space->statements, word->city);
		if (!word_is_current(word) || word->operation != TWINLOG__OPERATION__OPERATION_STATEMENT ||
		    hash_equal(city, &node->card->identity))
			continue;
		if (hash_equal(city, statements_opener(space->statements, record)))
			return word;
		if (!best || word->clock_ms > best->clock_ms)
			best = word;
	}
	return best;
}

static enum twinlog_error answer_find(const struct node *node, const struct space *space, const struct queued *word,
				      const struct target *target, struct hash *ret_answer, bool *ret_has)
{
	const uint32_t operation = word->operation->operation;
	*ret_has = false;
	if (word->operation->answers.len > 0) {
		const enum twinlog_error error = codec_get_hash(word->operation->answers, ret_answer);
		if (error)
			return TWINLOG_INVALID;
		*ret_has = true;
		const struct word *answered =
		    target->record ? statements_leaf(space->statements, target->record, ret_answer) : NULL;
		if (!answered)
			return TWINLOG_NOT_FOUND;
		return hash_equal(statements_city(space->statements, answered->city), &node->card->identity)
			   ? TWINLOG_NOT_PERMITTED
			   : TWINLOG_OK;
	}
	if (operation != TWINLOG__OPERATION__OPERATION_CONFIRMATION &&
	    operation != TWINLOG__OPERATION__OPERATION_DENIAL)
		return TWINLOG_OK;
	const struct word *answered = target->record ? version_to_answer(node, space, target->record) : NULL;
	if (!answered)
		return TWINLOG_NOT_FOUND;
	*ret_answer = answered->leaf;
	*ret_has = true;
	return TWINLOG_OK;
}

struct standing_words { /* own current words on the record */
	const struct word *words[TWINLOG_REPLACES_MAX];
	size_t count;
};

/* What this city said first on a record: what the request that opened it was answered with, whatever came since. */
static const struct word *first_word(const struct node *node, const struct space *space, const struct record *record)
{
	const struct word *first = NULL;
	for (const struct word *word = statements_word(space->statements, record->first_word); word;
	     word = statements_word(space->statements, word->next)) {
		if (word->counts && word_lane(word) == LANE_WORD &&
		    hash_equal(statements_city(space->statements, word->city), &node->card->identity) &&
		    (!first || word->version < first->version))
			first = word;
	}
	return first;
}

/* Whether the word may stand on what is there. *ret_known: it was said before, and this is its leaf. */
static enum twinlog_error standing_check(const struct node *node, const struct space *space, const struct queued *word,
					 const struct target *target, const struct standing_words *own,
					 const struct word **ret_known)
{
	const Twinlog__SubmitOperation *operation = word->operation;
	*ret_known = NULL;
	if (operation->operation == TWINLOG__OPERATION__OPERATION_WITHDRAWAL)
		return own->count > 0 ? TWINLOG_OK : TWINLOG_NOT_FOUND;
	if (operation->operation != TWINLOG__OPERATION__OPERATION_STATEMENT)
		return TWINLOG_OK;
	if (operation->based_on.len > 0) {
		for (size_t i = 0; i < own->count; i++)
			if (operation->based_on.len == HASH_SIZE &&
			    memcmp(own->words[i]->leaf.bytes, operation->based_on.data, HASH_SIZE) == 0)
				return TWINLOG_OK;
		return TWINLOG_STALE;
	}
	if (own->count == 0)
		return TWINLOG_OK;
	/* A new record that is there already is a retry or a second import. A city record has no request id of its
	 * own: a second statement on it is an amendment, and needs to say of what. */
	if (!operation->record && target->kind != TWINLOG__RECORD_KIND__RECORD_CITY) {
		*ret_known = first_word(node, space, target->record);
		return TWINLOG_OK;
	}
	return TWINLOG_STALE;
}

static enum twinlog_error body_finish(struct node *node, struct arena *arena, const struct queued *word,
				      const struct target *target, ProtobufCBinaryData *ret_body)
{
	uint8_t token[HANDLE_SIZE], *bytes;
	size_t size;
	if (word->operation->operation != TWINLOG__OPERATION__OPERATION_STATEMENT || target->record ||
	    word->body->token.len > 0) {
		*ret_body = word->operation->body;
		return TWINLOG_OK;
	}
	/* DOMAIN, "Publishing further": every record carries a random token. */
	Twinlog__Body body = *word->body;
	node_draw(node, token, sizeof token);
	body.token = codec_bytes(token, sizeof token);
	const enum twinlog_error error = codec_pack_arena(arena, &body.base, &bytes, &size);
	if (!error)
		*ret_body = codec_bytes(bytes, size);
	return error ? error : size > TWINLOG_BODY_MAX ? TWINLOG_TOO_LARGE : TWINLOG_OK;
}

static enum twinlog_error envelope_pack(struct node *node, struct draft *draft, const struct queued *word,
					const struct target *target, const struct standing_words *own,
					const struct hash *answer, struct leaf_draft *leaf)
{
	Twinlog__Envelope envelope = TWINLOG__ENVELOPE__INIT;
	struct hash replaces[TWINLOG_REPLACES_MAX];
	uint8_t *bytes;
	size_t size;
	envelope.operation = word->operation->operation;
	envelope.kind = target->kind;
	if (target->kind != TWINLOG__RECORD_KIND__RECORD_CITY && !hash_equal(&target->opener, &node->card->identity))
		envelope.opener = codec_hash(&target->opener);
	envelope.record = codec_bytes(target->name, target->name_size);
	envelope.version = 1;
	for (size_t i = 0; i < own->count; i++) {
		replaces[i] = own->words[i]->leaf;
		if (own->words[i]->version >= envelope.version)
			envelope.version = own->words[i]->version + 1;
	}
	envelope.n_replaces = hash_sort(replaces, own->count);
	envelope.replaces = codec_hash_list(draft->arena, replaces, envelope.n_replaces);
	if (answer)
		envelope.answers = codec_hash(answer);
	envelope.report = word->operation->report;
	enum twinlog_error error = TWINLOG_OK;
	if (envelope.operation == TWINLOG__OPERATION__OPERATION_STATEMENT)
		error = validate_cities(draft->arena, target->kind, word->body, &envelope.cities, &envelope.n_cities);
	if (!error)
		error = codec_pack_arena(draft->arena, &envelope.base, &bytes, &size);
	if (error)
		return error;
	leaf->envelope = bytes;
	leaf->envelope_size = size;
	return size > TWINLOG_ENVELOPE_MAX ? TWINLOG_TOO_LARGE : TWINLOG_OK;
}

static void result_known(struct node *node, const struct space *space, const struct queued *word,
			 const struct target *target, const struct word *known)
{
	struct submission *submission = word->submission;
	Twinlog__SubmitResult *result = &submission->results[word->index];
	const struct graph *graph = space_graph_of(space, &node->card->identity);
	const uint32_t index = graph ? graph_find_sequence(graph, known->bundle) : GRAPH_NONE;
	result->known = true;
	result->handle = keep_handle(submission->arena, &target->handle);
	result->leaf = keep_hash(submission->arena, &known->leaf);
	if (index != GRAPH_NONE)
		result->bundle = keep_hash(submission->arena, &graph_at(graph, index)->id);
	result_done(node, submission);
}

/* A request id that was answered before gets its first answer. */
static bool answered_before(struct node *node, const struct queued *word)
{
	struct handle request;
	Twinlog__SubmitResult *before;
	struct submission *submission = word->submission;
	if (!word->operation->record || codec_get_handle(word->operation->request, &request))
		return false;
	const struct known_request *known = request_find(node, &request);
	if (!known || CODEC_UNPACK(submission->arena, known->bytes, known->size, &before, twinlog__submit_result))
		return false;
	submission->results[word->index] = *before;
	submission->results[word->index].known = true;
	result_done(node, submission);
	return true;
}

enum placed { PLACED, DECIDED, NEXT_BUNDLE };

/* Puts one word into the bundle, or decides it without one, or leaves it for the next bundle. */
static enum placed word_place(struct node *node, struct draft *draft, const struct queued *word)
{
	struct target target;
	struct standing_words own = {.count = 0};
	struct hash answer;
	bool answers = false;
	const struct word *known = NULL;
	const char *where = "record";
	if (answered_before(node, word))
		return DECIDED;
	enum twinlog_error error = target_find(node, draft->space, word, &target);
	if (!error && draft_touches(draft, &target.handle))
		return NEXT_BUNDLE;
	if (!error && target.record)
		own.count = statements_current(draft->space->statements, target.record, &node->card->identity,
					       word->operation->operation == TWINLOG__OPERATION__OPERATION_LINK,
					       own.words, TWINLOG_REPLACES_MAX);
	own.count = own.count < TWINLOG_REPLACES_MAX ? own.count : TWINLOG_REPLACES_MAX;
	if (!error && (error = standing_check(node, draft->space, word, &target, &own, &known)))
		where = "based_on";
	if (!error && known) {
		result_known(node, draft->space, word, &target, known);
		return DECIDED;
	}
	if (!error && (error = answer_find(node, draft->space, word, &target, &answer, &answers)))
		where = "answers";

	struct leaf_draft *leaf = &draft->leaves[draft->count];
	ProtobufCBinaryData body = {0};
	if (!error)
		error = envelope_pack(node, draft, word, &target, &own, answers ? &answer : NULL, leaf);
	if (!error)
		error = body_finish(node, draft->arena, word, &target, &body);
	if (error) {
		result_code(node, word->submission, word->index, error, where);
		return DECIDED;
	}
	leaf->body = body.data ? body.data : (const uint8_t *)"";
	leaf->body_size = body.len;
	node_draw(node, leaf->salt, sizeof leaf->salt);
	draft->words[draft->count] = *word;
	draft->count++;
	draft->bytes += leaf->envelope_size + leaf->body_size + 64;
	struct submission *submission = word->submission;
	submission->results[word->index].handle = keep_handle(submission->arena, &target.handle);
	return PLACED;
}

/* ---- Making one bundle. ---- */

static void request_keep(struct node *node, const struct queued *word)
{
	struct handle request;
	uint8_t *bytes;
	size_t size;
	/* A new record is found again by its id; only the others need their answer remembered. */
	if (!word->operation->record || codec_get_handle(word->operation->request, &request))
		return;
	if (codec_pack(&word->submission->results[word->index].base, &bytes, &size)) {
		node->out_of_memory = true;
		return;
	}
	struct persist *persist = effect_persist(node, PERSIST_REQUEST);
	persist->request = request;
	persist->bytes = bytes;
	persist->size = size;
	struct pending *pending = pending_add(node, PENDING_REQUEST);
	if (!pending) {
		free(bytes);
		return;
	}
	pending->request = request;
	pending->bytes = bytes;
	pending->size = size;
}

static void leaves_named(struct node *node, const struct draft *draft, const struct bundle *bundle)
{
	for (size_t i = 0; i < draft->count; i++) {
		struct submission *submission = draft->words[i].submission;
		Twinlog__SubmitResult *result = &submission->results[draft->words[i].index];
		result->leaf = keep_hash(submission->arena, &bundle->leaves[i].hash);
		result->bundle = keep_hash(submission->arena, &bundle->id);
		request_keep(node, &draft->words[i]);
	}
}

static enum twinlog_error draft_seal(struct node *node, const struct draft *draft, struct bundle **ret_bundle)
{
	struct hash acts[TWINLOG_PARENTS_MAX];
	size_t parents_count = 0;
	const struct hash *identity = &node->card->identity;
	const struct graph *graph = space_graph_of(draft->space, identity);
	const struct hash *parents = graph ? graph_tips(graph, &parents_count) : NULL;
	if (parents_count > TWINLOG_PARENTS_MAX)
		parents_count = TWINLOG_PARENTS_MAX;
	const struct bundle_draft sealed = {
	    .space = *acts_space(draft->space->acts),
	    .city = *identity,
	    .parents = parents,
	    .parents_count = parents_count,
	    .number = graph ? graph_next_number(graph, parents, parents_count) : 1,
	    .acts = acts,
	    .acts_count = acts_heads_named(draft->space->acts, identity, acts, NULL),
	    .clock_ms = node_clock(node),
	    .leaves = draft->leaves,
	    .leaves_count = draft->count,
	};
	uint8_t *bytes;
	size_t size;
	enum twinlog_error error = bundle_seal(&sealed, node->keys, &bytes, &size);
	if (error)
		return error;
	error = bundle_open(bytes, size, NULL, 0, ret_bundle);
	free(bytes);
	if (!error)
		(*ret_bundle)->key =
		    (uint32_t)acts_key_number(draft->space->acts, identity, seal_keys_public(node->keys));
	return error;
}

/* Beside what is persisted, so that who wrote it is as durable as what was written. */
static void draft_told(struct node *node, const struct draft *draft, const struct bundle *bundle)
{
	uint64_t *writers = arena_alloc(node->effects->arena, draft->count * sizeof *writers);
	if (!writers) {
		node->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < draft->count; i++)
		writers[i] = draft->words[i].submission->writer;
	struct effect *effect = effect_add(node, EFFECT_WROTE);
	effect->wrote.space = bundle->space;
	effect->wrote.bundle = bundle->id;
	effect->wrote.writers = writers;
	effect->wrote.count = draft->count;
}

static void draft_commit(struct node *node, const struct draft *draft)
{
	struct bundle *bundle = NULL;
	struct space *space = draft->space;
	/* Room for its words first: once the bundle is taken nothing may be in its way. */
	if (!space_knows_key(node, space)) {
		for (size_t i = 0; i < draft->count; i++)
			result_code(node, draft->words[i].submission, draft->words[i].index, TWINLOG_KEY_NOT_THERE,
				    "space");
		return;
	}
	const bool room = array_reserve((void **)(void *)&space->flying.items, &space->flying.capacity,
					space->flying.count + draft->count, sizeof *space->flying.items);
	enum twinlog_error error = room ? draft_seal(node, draft, &bundle) : TWINLOG_NO_MEMORY;
	if (!error) {
		error = stream_bundle_take(node, draft->space, bundle, true, LINK_NONE_YET);
		if (error)
			bundle_free(bundle);
	}
	if (error) {
		for (size_t i = 0; i < draft->count; i++)
			result_code(node, draft->words[i].submission, draft->words[i].index, error, "bundle");
		return;
	}
	draft_told(node, draft, bundle);
	leaves_named(node, draft, bundle);
	/* The words of this bundle are answered in their order when it is durable. */
	for (size_t i = 0; i < draft->count; i++)
		space->flying.items[space->flying.count++] = draft->words[i];
	space->own_in_flight = true;
}

static void space_flush(struct node *node, struct space *space)
{
	struct arena *arena = arena_new(SIZE_MAX);
	struct draft draft = {.space = space, .arena = arena};
	const size_t waiting = space->queue.count - space->queue_at;
	const size_t room = waiting < TWINLOG_BUNDLE_LEAVES_MAX ? waiting : TWINLOG_BUNDLE_LEAVES_MAX;
	if (arena) {
		draft.leaves = arena_alloc(arena, room * sizeof *draft.leaves);
		draft.words = arena_alloc(arena, room * sizeof *draft.words);
		draft.touched = arena_alloc(arena, DRAFT_SLOTS * sizeof *draft.touched);
		draft.taken = arena_zalloc(arena, DRAFT_SLOTS * sizeof *draft.taken);
	}
	if (!arena || !draft.leaves || !draft.words || !draft.touched || !draft.taken) {
		node->out_of_memory = true;
		arena_free(arena);
		return;
	}
	while (space->queue_at < space->queue.count && draft.count < room) {
		const struct queued word = space->queue.items[space->queue_at];
		/* Headers and framing take part of the bundle; a body is at most a quarter of it. */
		if (draft.count > 0 &&
		    draft.bytes + word.operation->body.len + TWINLOG_ENVELOPE_MAX > TWINLOG_BUNDLE_MAX - 8192)
			break;
		if (word_place(node, &draft, &word) == NEXT_BUNDLE)
			break;
		space->queue_at++;
	}
	if (space->queue_at == space->queue.count)
		space->queue.count = space->queue_at = 0;
	if (draft.count > 0)
		draft_commit(node, &draft);
	arena_free(arena);
}

void author_flush(struct node *node)
{
	for (size_t i = 0; i < node->spaces.count; i++) {
		struct space *space = &node->spaces.items[i];
		/* Words decided without a bundle leave the queue; go on until one is under way or none is left. */
		while (!space->own_in_flight && space->queue_at < space->queue.count && !node->out_of_memory)
			space_flush(node, space);
	}
}

void author_committed(struct node *node, const struct bundle *bundle, uint64_t sequence)
{
	struct space *space = space_by_id(node, &bundle->space);
	space->own_in_flight = false;
	for (size_t i = 0; i < space->flying.count; i++) {
		space->flying.items[i].submission->commit = sequence;
		result_done(node, space->flying.items[i].submission);
	}
	space->flying.count = 0;
}
