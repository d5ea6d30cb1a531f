/* Erasures at work: made here and taken in from partners; and the content they take. What they take goes under
 * the same ticket as they themselves, so that no store ever holds an erasure beside what it erased. PROTOCOL,
 * "Erasures". */
#include "node_internal.h"

/* ---- Taking content. ---- */

static void strip_persist(struct node *node, uint64_t sequence, uint32_t index)
{
	struct persist *persist = effect_persist(node, PERSIST_STRIP);
	persist->sequence = sequence;
	persist->leaf = index;
}

static void place_strip(void *context, uint64_t sequence, uint32_t index)
{
	strip_persist(context, sequence, index);
}

/* The leaf's content goes wherever it stands: in bundles of the index, and in those that are not durable yet. */
static void leaf_strip(struct node *node, const struct space *space, const struct erasure *erasure)
{
	statements_places(space->statements, &erasure->city, &erasure->leaf, place_strip, node);
	for (size_t i = node->pendings_at; i < node->pendings.count; i++) {
		const struct pending *pending = &node->pendings.items[i];
		if (pending->kind != PENDING_BUNDLE || !pending->bundle ||
		    !hash_equal(&pending->bundle->city, &erasure->city))
			continue;
		for (uint32_t l = 0; l < pending->bundle->leaves_count; l++)
			if (hash_equal(&pending->bundle->leaves[l].hash, &erasure->leaf))
				strip_persist(node, pending->sequence, l);
	}
}

static void leaf_judge(struct node *node, struct space *space, const struct erasure *erasure)
{
	if (erasures_judge(space->erasures, space->acts, &erasure->city, &erasure->leaf))
		leaf_strip(node, space, erasure);
}

enum twinlog_error erasures_strip_arrived(const struct space *space, struct bundle **bundle)
{
	uint32_t gone[TWINLOG_BUNDLE_LEAVES_MAX];
	uint8_t *bytes;
	size_t size, count = 0;
	struct bundle *stripped;
	for (uint32_t i = 0; erasures_count(space->erasures) > 0 && i < (*bundle)->leaves_count; i++)
		if ((*bundle)->leaves[i].salt &&
		    erasures_of(space->erasures, &(*bundle)->city, &(*bundle)->leaves[i].hash))
			gone[count++] = i;
	if (count == 0)
		return TWINLOG_OK;
	enum twinlog_error error = bundle_strip_all((*bundle)->bytes, (*bundle)->size, gone, count, &bytes, &size);
	if (error)
		return error;
	error = bundle_open(bytes, size, NULL, 0, &stripped);
	free(bytes);
	if (error)
		return error;
	stripped->key = (*bundle)->key;
	bundle_free(*bundle);
	*bundle = stripped;
	return TWINLOG_OK;
}

void erasures_hide(struct space *space, const struct bundle *bundle)
{
	for (uint32_t i = 0; erasures_count(space->erasures) > 0 && i < bundle->leaves_count; i++)
		if (erasures_of(space->erasures, &bundle->city, &bundle->leaves[i].hash))
			statements_erase(space->statements, &bundle->leaves[i].hash);
}

/* ---- Those that acts bring to effect: of stewards, and of a city that names them when it changes its key. ---- */

void erasures_acts_changed(struct node *node, struct space *space)
{
	for (size_t i = 0; i < erasures_leaves(space->erasures); i++)
		if (!erasures_leaf(space->erasures, i)->applies)
			leaf_judge(node, space, erasures_leaf(space->erasures, i));
}

void erasures_act_committed(struct space *space)
{
	for (size_t i = 0; i < erasures_committed(space->erasures); i++) {
		const struct erasure *erasure = erasures_at(space->erasures, i);
		if (erasure->applies)
			statements_erase(space->statements, &erasure->leaf);
	}
}

enum twinlog_error erasures_loaded(struct space *space)
{
	const enum twinlog_error error = erasures_settle(space->erasures);
	space->erasures_sent = erasures_committed(space->erasures);
	positions_erasures(space);
	return error;
}

/* ---- Taking in. ---- */

/* Takes the erasure over on TWINLOG_OK. */
static enum twinlog_error erasure_take(struct node *node, struct space *space, struct erasure *erasure, uint32_t from)
{
	enum twinlog_error error = erasures_has(space->erasures, &erasure->id) ? TWINLOG_DUPLICATE : TWINLOG_OK;
	if (!error)
		error = erasure_check(erasure, space->acts);
	if (!error)
		error = erasures_add(space->erasures, erasure);
	if (error)
		return error;
	erasure->from = from;
	erasure->sequence = ++node->sequence;
	struct persist *persist = effect_persist(node, PERSIST_ERASURE);
	persist->sequence = erasure->sequence;
	persist->space = erasure->space;
	persist->bytes = erasure->bytes;
	persist->size = erasure->size;
	leaf_judge(node, space, erasure);
	struct pending *pending = pending_add(node, PENDING_ERASURE);
	if (pending) {
		pending->space = erasure->space;
		pending->sequence = erasure->sequence;
	}
	return TWINLOG_OK;
}

/* *ret_id is set of one that could be opened, also when it is refused. */
static enum twinlog_error erasure_arrives(struct node *node, const struct hash *sender, ProtobufCBinaryData bytes,
					  uint32_t from, struct hash *ret_id)
{
	struct erasure *erasure;
	enum twinlog_error error = erasure_open(bytes.data, bytes.len, &erasure);
	if (error)
		return error;
	*ret_id = erasure->id;
	struct space *space = space_by_id(node, &erasure->space);
	/* Each proves itself, so any who ever belonged may bring it. */
	error =
	    space && acts_member(space->acts, sender) ? erasure_take(node, space, erasure, from) : TWINLOG_NOT_A_MEMBER;
	if (error)
		erasure_free(erasure);
	return error;
}

enum twinlog_error erasures_arrives(struct node *node, const struct hash *sender, ProtobufCBinaryData bytes,
				    uint32_t from)
{
	struct hash id;
	return erasure_arrives(node, sender, bytes, from, &id);
}

/* What no partner sends in good faith: after so many the rest of a message is left. What is refused for acts that are
 * not here yet, or for want of room in somebody's share, does not count: an answer comes in the order of ids, the same
 * each time, and what stands behind such would never be taken in. */
static bool is_wrong(enum twinlog_error error)
{
	return error == TWINLOG_MALFORMED || error == TWINLOG_NOT_STRICT || error == TWINLOG_TOO_LARGE;
}

void erasures_message(struct node *node, struct node_link *link, const Twinlog__Erasures *erasures)
{
	const struct hash id = bytes_hash(erasures->space);
	const struct hash *sender = &node->peers.items[link->peer].card->identity;
	struct space *space = space_by_id(node, &id);
	struct hash one, greatest = {0};
	size_t refused = 0, wrong = 0;
	if (!space || !acts_member(space->acts, sender)) {
		link_refuse(node, link, TWINLOG_NOT_A_MEMBER, "erasures");
		return;
	}
	for (size_t i = 0; i < erasures->n_erasures && wrong < TWINLOG_FAULTS_MAX; i++) {
		one = (struct hash){0};
		enum twinlog_error error = erasure_arrives(node, sender, erasures->erasures[i], link->id, &one);
		error = error == TWINLOG_DUPLICATE ? TWINLOG_OK : error;
		if (error == TWINLOG_NO_MEMORY)
			node->out_of_memory = true;
		else if (error && refused++ < TWINLOG_FAULTS_MAX)
			link_refuse(node, link, error, "erasure");
		wrong += is_wrong(error);
		if (hash_compare(&one, &greatest) > 0)
			greatest = one;
	}
	/* Of what was left nothing is known, so its sender is not asked on from there. */
	if (wrong >= TWINLOG_FAULTS_MAX)
		greatest = (struct hash){0};
	erasures_heard(node, link, space, erasures, &greatest, refused == 0);
}

void erasures_committed_one(struct node *node, const struct pending *pending)
{
	struct space *space = space_by_id(node, &pending->space);
	const struct erasure *erasure = erasures_at(space->erasures, erasures_committed(space->erasures));
	erasures_commit(space->erasures);
	if (erasure->applies)
		statements_erase(space->statements, &erasure->leaf);
	node->erasures_due = true;
}

/* ---- After a restore. ---- */

static bool has_partner(const struct node *node, const struct space *space)
{
	size_t count;
	const struct member *members = acts_members(space->acts, &count);
	for (size_t i = 0; i < count; i++)
		if (members[i].standing == STANDING_MEMBER && !hash_equal(&members[i].identity, &node->card->identity))
			return true;
	return false;
}

void erasures_withhold(struct node *node)
{
	for (size_t i = 0; i < node->spaces.count; i++) {
		struct space *space = &node->spaces.items[i];
		/* Nobody else could have erased anything, or could tell. */
		space->withheld =
		    space_entitles(space, &node->card->identity) == ENTITLED_ALL && has_partner(node, space);
	}
}

static void space_release(struct node *node, struct space *space)
{
	bool all = true;
	space->withheld = space->release_due = false;
	effect_note(node, TWINLOG_OK, "a partner's erasures are known: what was restored is served again");
	for (size_t i = 0; i < node->spaces.count; i++)
		all = all && !node->spaces.items[i].withheld;
	if (all) {
		node->restored = false;
		effect_persist(node, PERSIST_RELEASED);
	}
	for (size_t i = 0; i < node->peers.count; i++) {
		struct node_link *link = peer_link(node, &node->peers.items[i]);
		if (link && space_entitles(space, &node->peers.items[i].card->identity) == ENTITLED_ALL)
			sync_acts_durable(node, link, space);
	}
}

void erasures_known(struct node *node, struct space *space)
{
	if (!space->withheld)
		return;
	space->release_due = true;
	if (erasures_committed(space->erasures) == erasures_count(space->erasures))
		space_release(node, space);
}

void erasures_after_commit(struct node *node)
{
	if (!node->erasures_due)
		return;
	node->erasures_due = false;
	for (size_t s = 0; s < node->spaces.count; s++) {
		struct space *space = &node->spaces.items[s];
		if (space->release_due && erasures_committed(space->erasures) == erasures_count(space->erasures))
			space_release(node, space);
		if (space->erasures_sent == erasures_committed(space->erasures))
			continue;
		if (erasures_settle(space->erasures))
			node->out_of_memory = true;
		positions_erasures(space);
		positions_changed(node, space);
		/* While acts are not durable they may say who belongs; the digest after their commit tells. */
		for (size_t i = 0; i < node->peers.count; i++) {
			struct node_link *link = peer_link(node, &node->peers.items[i]);
			if (link)
				erasures_send_new(node, link, space);
		}
		space->erasures_sent = erasures_committed(space->erasures);
		/* Bundles refused for want of an erasure may stand now. */
		sync_pursue_all(node, acts_space(space->acts));
	}
}

/* ---- Made here. ---- */

static enum twinlog_error erasure_make(struct node *node, struct space *space, const struct word *word,
				       const struct hash *city, ProtobufCBinaryData reason)
{
	Twinlog__Erasure message = TWINLOG__ERASURE__INIT;
	const struct graph *graph = space_graph_of(space, city);
	const uint32_t index = graph ? graph_find_sequence(graph, word->bundle) : GRAPH_NONE;
	if (index == GRAPH_NONE)
		return TWINLOG_NOT_FOUND;
	if (!space_knows_key(node, space))
		return TWINLOG_KEY_NOT_THERE;
	struct erasure *erasure;
	uint8_t *bytes;
	size_t size;
	message.space = codec_hash(acts_space(space->acts));
	message.signer = codec_hash(&node->card->identity);
	message.city = codec_hash(city);
	message.bundle = codec_hash(&graph_at(graph, index)->id);
	message.index = word->index;
	message.leaf = codec_hash(&word->leaf);
	message.reason = reason;
	message.clock_ms = node_clock(node);
	enum twinlog_error error = erasure_seal(&message, node->keys, &bytes, &size);
	if (error)
		return error;
	error = erasure_open(bytes, size, &erasure);
	free(bytes);
	if (error)
		return error;
	error = erasure_take(node, space, erasure, LINK_NONE_YET);
	if (error)
		erasure_free(erasure);
	return error;
}

static bool asked_for(const Twinlog__Erase *erase, const struct word *word)
{
	if (erase->all)
		return true;
	return erase->version ? word->version == erase->version : word_is_current(word);
}

/* A second steward's word is one more, the same steward's is not. */
static bool signed_before(const struct node *node, const struct space *space, const struct word *word)
{
	for (size_t i = 0; i < erasures_count(space->erasures); i++) {
		const struct erasure *erasure = erasures_at(space->erasures, i);
		if (hash_equal(&erasure->leaf, &word->leaf) && hash_equal(&erasure->signer, &node->card->identity))
			return true;
	}
	return false;
}

static enum twinlog_error erase_words(struct node *node, struct space *space, const struct record *record,
				      const Twinlog__Erase *erase, Twinlog__Erased *erased)
{
	const struct hash *self = &node->card->identity;
	const struct hash city = erase->city.len ? bytes_hash(erase->city) : *self;
	const struct word *next;
	enum twinlog_error error = TWINLOG_OK;
	for (const struct word *word = statements_word(space->statements, record->first_word); word && !error;
	     word = next) {
		next = statements_word(space->statements, word->next);
		if (!hash_equal(statements_city(space->statements, word->city), &city) || !asked_for(erase, word))
			continue;
		if (erasures_of(space->erasures, &city, &word->leaf)) {
			erased->before++;
			continue;
		}
		if (!signed_before(node, space, word))
			error = erasure_make(node, space, word, &city, erase->reason);
		if (error)
			break;
		if (erasures_of(space->erasures, &city, &word->leaf))
			erased->leaves++;
		else
			erased->waiting++;
	}
	if (!error && erased->leaves + erased->before + erased->waiting == 0)
		error = TWINLOG_NOT_FOUND;
	return error;
}

/* ---- Copies: what this city published in other spaces under the same token. ---- */

#define COPIES_MAX 64u /* tokens and bodies of one record that are followed */

struct copies {
	uint64_t tokens[COPIES_MAX]; /* of this city's words on the record */
	uint64_t bodies[COPIES_MAX]; /* of those to be erased */
	size_t tokens_count, bodies_count;
};

static bool among(const uint64_t *numbers, size_t count, uint64_t number)
{
	for (size_t i = 0; i < count; i++)
		if (numbers[i] == number)
			return true;
	return false;
}

static void copies_gather(const struct node *node, const struct space *space, const struct record *record,
			  const Twinlog__Erase *erase, struct copies *ret_copies)
{
	*ret_copies = (struct copies){.tokens_count = 0};
	for (const struct word *word = statements_word(space->statements, record->first_word); word;
	     word = statements_word(space->statements, word->next)) {
		const struct facts *facts = statements_facts(space->statements, word);
		if (!facts || !facts->token ||
		    !hash_equal(statements_city(space->statements, word->city), &node->card->identity))
			continue;
		if (ret_copies->tokens_count < COPIES_MAX)
			ret_copies->tokens[ret_copies->tokens_count++] = facts->token;
		if (asked_for(erase, word) && word->body && ret_copies->bodies_count < COPIES_MAX)
			ret_copies->bodies[ret_copies->bodies_count++] = word->body;
	}
}

/* In a copy, versions are numbered otherwise: one asked for by its number is known there by its content. */
static bool copy_asked_for(const struct copies *copies, const Twinlog__Erase *erase, const struct word *word)
{
	return (!erase->version && asked_for(erase, word)) ||
	       (word->body && among(copies->bodies, copies->bodies_count, word->body));
}

static enum twinlog_error copy_erase(struct node *node, struct space *space, const struct record *record,
				     const Twinlog__Erase *erase, const struct copies *copies, Twinlog__Erased *erased)
{
	const struct hash *self = &node->card->identity;
	const struct word *next;
	for (const struct word *word = statements_word(space->statements, record->first_word); word; word = next) {
		const struct facts *facts = statements_facts(space->statements, word);
		next = statements_word(space->statements, word->next);
		if (!facts || !among(copies->tokens, copies->tokens_count, facts->token) ||
		    !hash_equal(statements_city(space->statements, word->city), self) ||
		    !copy_asked_for(copies, erase, word) || erasures_of(space->erasures, self, &word->leaf))
			continue;
		const enum twinlog_error error = erasure_make(node, space, word, self, erase->reason);
		if (error)
			return error;
		/* Nothing is told of a space that is none of the client's. */
		erased->leaves += scope_has(node->scope, acts_space(space->acts));
	}
	return TWINLOG_OK;
}

static enum twinlog_error copies_erase(struct node *node, const struct space *from, const Twinlog__Erase *erase,
				       const struct copies *copies, Twinlog__Erased *erased)
{
	enum twinlog_error error = TWINLOG_OK;
	for (size_t s = 0; s < node->spaces.count && copies->tokens_count > 0 && !error; s++) {
		struct space *space = &node->spaces.items[s];
		for (size_t i = 0; space != from && i < statements_records(space->statements) && !error; i++)
			error = copy_erase(node, space, statements_record(space->statements, i), erase, copies, erased);
	}
	return error;
}

static void erased_reply(struct node *node, uint64_t client, uint64_t request_id, Twinlog__Erased *erased)
{
	Twinlog__Reply reply = TWINLOG__REPLY__INIT;
	reply.id = request_id;
	reply.commit = node->sequence;
	reply.body_case = TWINLOG__REPLY__BODY_ERASED;
	reply.erased = erased;
	reply_durable(node, client, &reply);
}

void erasures_request(struct node *node, uint64_t client, const Twinlog__Request *request)
{
	const Twinlog__Erase *erase = request->erase;
	Twinlog__Erased erased = TWINLOG__ERASED__INIT;
	struct copies copies;
	struct space *space = NULL;
	const struct record *record;
	const char *where = "record";
	enum twinlog_error error =
	    erase->record ? record_resolve(node, erase->record, &space, &record) : TWINLOG_FIELD_MISSING;
	if (!error && erase->reason.len == 0) {
		error = TWINLOG_FIELD_MISSING;
		where = "reason";
	}
	if (!error && erase->city.len > 0) {
		/* A city that belongs erases its own words. */
		const struct hash city = bytes_hash(erase->city);
		const struct member *member = acts_member(space->acts, &city);
		if (!member || member->standing < STANDING_LEFT)
			error = TWINLOG_NOT_PERMITTED;
		where = "city";
	}
	if (!error) {
		erased.space = codec_hash(acts_space(space->acts));
		erased.handle = codec_handle(&record->handle);
		copies_gather(node, space, record, erase, &copies);
		error = erase_words(node, space, record, erase, &erased);
		if (!error && erase->city.len == 0)
			error = copies_erase(node, space, erase, &copies, &erased);
		where = error == TWINLOG_MALFORMED       ? "reason"
			: error == TWINLOG_KEY_NOT_THERE ? "space"
							 : "own version";
	}
	if (error)
		effect_fault(node, client, request->id, error, where, NULL);
	else
		erased_reply(node, client, request->id, &erased);
}
