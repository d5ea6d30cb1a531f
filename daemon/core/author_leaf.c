/* One word becomes a leaf: which record it is about, what it replaces and answers. PROTOCOL, "Bundles". */
#include "author_internal.h"
#include "import_id.h"
#include "slots.h"
#include "validate.h"

/* True when the record stands in this bundle already: its second word needs the first one's leaf, so it waits. */
static bool draft_touches(struct draft *draft, const struct handle *handle)
{
	size_t slot = seal_slot_handle(handle) % DRAFT_SLOTS;
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
	result->handle = author_handle(submission->arena, &target->handle);
	result->leaf = author_hash(submission->arena, &known->leaf);
	if (index != GRAPH_NONE)
		result->bundle = author_hash(submission->arena, &graph_at(graph, index)->id);
	author_done(node, submission);
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
	author_done(node, submission);
	return true;
}

enum placed author_place(struct node *node, struct draft *draft, const struct queued *word)
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
		author_refuse(node, word->submission, word->index, error, where);
		return DECIDED;
	}
	leaf->body = body.data ? body.data : (const uint8_t *)"";
	leaf->body_size = body.len;
	node_draw(node, leaf->salt, sizeof leaf->salt);
	draft->words[draft->count] = *word;
	draft->count++;
	draft->bytes += leaf->envelope_size + leaf->body_size + 64;
	struct submission *submission = word->submission;
	submission->results[word->index].handle = author_handle(submission->arena, &target.handle);
	return PLACED;
}
