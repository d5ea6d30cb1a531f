/* Acts made here: founding, answers to an invitation, and what a steward or the city itself does to a space. PROTOCOL,
 * "Acts". What the city has no right to is refused here and never signed. */
#include "node_internal.h"

/* ---- Two signatures. ---- */

static bool needs_second(const struct node *node)
{
	return node->card->message->second_key.len > 0;
}

/* The act goes to the client instead of into the space: another has to sign it too. */
static enum twinlog_error act_hand_out(struct node *node, const uint8_t *bytes, size_t size)
{
	uint8_t *copy = arena_copy(node->effects->arena, bytes, size);
	ProtobufCBinaryData *place = copy ? ARRAY_PUSH(&node->to_sign) : NULL;
	if (!place)
		return TWINLOG_NO_MEMORY;
	*place = codec_bytes(copy, size);
	return TWINLOG_OK;
}

/* False when nothing was handed out. */
static bool handed_out(struct node *node, uint64_t client, uint64_t request_id)
{
	Twinlog__Reply reply = TWINLOG__REPLY__INIT;
	Twinlog__ActsToSign acts = TWINLOG__ACTS_TO_SIGN__INIT;
	if (node->to_sign.count == 0)
		return false;
	acts.acts = node->to_sign.items;
	acts.n_acts = node->to_sign.count;
	acts.unnamed = node->unnamed;
	reply.id = request_id;
	reply.commit = node->commit;
	reply.body_case = TWINLOG__REPLY__BODY_ACTS_TO_SIGN;
	reply.acts_to_sign = &acts;
	reply_durable(node, client, &reply);
	return true;
}

enum twinlog_error space_take_sealed(struct node *node, struct space *space, uint8_t *bytes, size_t size,
				     struct hash *ret_id)
{
	struct act *act;
	enum twinlog_error error = act_open(bytes, size, &act);
	free(bytes);
	if (error)
		return error;
	const struct hash id = act->id;
	error = space_take_act(node, space, act, true, LINK_NONE_YET);
	if (!error)
		*ret_id = id;
	return error;
}

static enum twinlog_error own_act(struct node *node, struct space *space, Twinlog__Act *message)
{
	uint8_t *bytes;
	size_t size;
	if (!space_knows_key(node, space))
		return TWINLOG_KEY_NOT_THERE;
	struct hash parents[TWINLOG_PARENTS_MAX];
	const size_t parents_count = acts_heads_named(space->acts, &node->card->identity, parents, &message->number);
	message->space = codec_hash(acts_space(space->acts));
	message->signer = codec_hash(&node->card->identity);
	message->parents = codec_hash_list(node->effects->arena, parents, parents_count);
	message->n_parents = parents_count;
	message->clock_ms = node_clock(node);
	enum twinlog_error error = message->parents ? act_seal(message, node->keys, &bytes, &size) : TWINLOG_NO_MEMORY;
	if (error)
		return error;
	if (needs_second(node)) {
		error = act_hand_out(node, bytes, size);
		free(bytes);
		return error;
	}
	struct hash id;
	return space_take_sealed(node, space, bytes, size, &id);
}

static void space_answer(struct node *node, uint64_t client, uint64_t request_id, const Twinlog__SpaceAnswer *answer)
{
	const struct hash id = bytes_hash(answer->space);
	struct space *space = space_by_id(node, &id);
	const struct member *self = space ? acts_member(space->acts, &node->card->identity) : NULL;
	if (!self) {
		effect_fault(node, client, request_id, TWINLOG_NOT_FOUND, "space", NULL);
		return;
	}
	const enum standing wanted = answer->accept ? STANDING_MEMBER : STANDING_DECLINED;
	if (self->standing == wanted) { /* asked twice */
		reply_done(node, client, request_id);
		return;
	}
	if (self->standing != STANDING_INVITED && !(answer->accept && self->standing == STANDING_DECLINED)) {
		effect_fault(node, client, request_id, TWINLOG_NOT_INVITED, "space", NULL);
		return;
	}
	Twinlog__Act message = TWINLOG__ACT__INIT;
	message.kind = answer->accept ? TWINLOG__ACT_KIND__ACT_ACCEPT : TWINLOG__ACT_KIND__ACT_DECLINE;
	const enum twinlog_error error = own_act(node, space, &message);
	if (error)
		effect_fault(node, client, request_id, error, "space", NULL);
	else if (!handed_out(node, client, request_id))
		reply_done(node, client, request_id);
}

/* Whether an act here brought this city the key that is in use. */
bool space_knows_key(const struct node *node, const struct space *space)
{
	const struct hash *self = &node->card->identity;
	return !acts_member(space->acts, self) ||
	       acts_key_number(space->acts, self, seal_keys_public(node->keys)) != SIZE_MAX;
}

/* ---- Founding. ---- */

static void spaces_reply(struct node *node, uint64_t client, uint64_t request_id, const struct space *space)
{
	Twinlog__Reply reply = TWINLOG__REPLY__INIT;
	Twinlog__Spaces spaces = TWINLOG__SPACES__INIT;
	Twinlog__SpaceInfo info = TWINLOG__SPACE_INFO__INIT, *list[] = {&info};
	info.space = codec_hash(acts_space(space->acts));
	info.title = acts_title(space->acts);
	info.template_ = acts_template(space->acts);
	spaces.spaces = list;
	spaces.n_spaces = 1;
	spaces.unnamed = node->unnamed;
	reply.id = request_id;
	reply.commit = node->sequence;
	reply.body_case = TWINLOG__REPLY__BODY_SPACES;
	reply.spaces = &spaces;
	reply_durable(node, client, &reply);
}

static void member_fill(Twinlog__Member *member, const struct card *card, ProtobufCBinaryData city_id, bool reader)
{
	twinlog__member__init(member);
	member->founding_key = codec_bytes(card->founding_key.bytes, sizeof card->founding_key.bytes);
	member->recovery_key = codec_bytes(card->recovery_key.bytes, sizeof card->recovery_key.bytes);
	member->city_id = city_id.len > 0 ? city_id : codec_string(card->city_id);
	member->reader = reader;
	if (card->message->key_grant.len == 0)
		return;
	member->city_key = card->message->city_key;
	member->key_grant = card->message->key_grant;
	member->second_key = card->message->second_key;
}

static enum twinlog_error members_fill(struct node *node, const Twinlog__SpaceCreate *create, Twinlog__Act *message)
{
	const size_t count = create->n_members + 1;
	struct arena *arena = node->effects->arena;
	if (create->n_members == 0)
		return TWINLOG_FIELD_MISSING;
	if (count > TWINLOG_MEMBERS_MAX)
		return TWINLOG_TOO_MANY;
	Twinlog__Member *members = arena_alloc(arena, count * sizeof *members);
	Twinlog__Member **list = arena_alloc(arena, count * sizeof(Twinlog__Member *));
	if (!members || !list)
		return TWINLOG_NO_MEMORY;
	member_fill(&members[0], node->card, (ProtobufCBinaryData){0}, false);
	list[0] = &members[0];
	for (size_t i = 1; i < count; i++) {
		const Twinlog__SpaceMember *asked = create->members[i - 1];
		const struct hash identity = bytes_hash(asked->identity);
		const struct node_peer *peer = peer_find(node, &identity);
		if (!peer || peer->removed)
			return TWINLOG_UNKNOWN_CITY;
		member_fill(&members[i], peer->card, asked->city_id, asked->reader);
		list[i] = &members[i];
	}
	message->members = list;
	message->n_members = count;
	return TWINLOG_OK;
}

static const struct space *founded_before(const struct node *node, ProtobufCBinaryData nonce)
{
	for (size_t i = 0; i < node->spaces.count; i++) {
		const struct act *found = acts_at(node->spaces.items[i].acts, 0);
		if (hash_equal(&found->signer, &node->card->identity) && nonce.len == HANDLE_SIZE &&
		    memcmp(found->message->nonce.data, nonce.data, HANDLE_SIZE) == 0)
			return &node->spaces.items[i];
	}
	return NULL;
}

/* A founding act of this city; takes it over. */
static enum twinlog_error founding_take(struct node *node, struct act *act, struct space **ret_space)
{
	const enum twinlog_error error = space_open(node, act, ret_space);
	if (error)
		act_free(act);
	else
		act_persist(node, *ret_space, act, true, LINK_NONE_YET);
	return error;
}

static enum twinlog_error space_found(struct node *node, const Twinlog__SpaceCreate *create, struct space **ret_space)
{
	uint8_t nonce[HANDLE_SIZE];
	Twinlog__Act message = TWINLOG__ACT__INIT;
	ProtobufCBinaryData steward = codec_hash(&node->card->identity);
	node_draw(node, nonce, sizeof nonce);
	message.kind = TWINLOG__ACT_KIND__ACT_FOUND;
	message.signer = codec_hash(&node->card->identity);
	message.number = 1;
	message.clock_ms = node_clock(node);
	message.nonce = create->request.len == HANDLE_SIZE ? create->request : codec_bytes(nonce, sizeof nonce);
	message.title = create->title;
	message.stewards = &steward;
	message.n_stewards = 1;
	enum twinlog_error error = members_fill(node, create, &message);
	message.template_ = create->template_ ? create->template_
			    : create->n_members == 1 && !create->members[0]->reader
				? TWINLOG__TEMPLATE__TEMPLATE_PAIR
				: TWINLOG__TEMPLATE__TEMPLATE_NETWORK;
	uint8_t *bytes;
	size_t size;
	if (error || (error = act_seal(&message, node->keys, &bytes, &size)))
		return error;
	struct act *act;
	error = act_open(bytes, size, &act); /* what a title may be is asked here */
	if (!error && needs_second(node)) {
		act_free(act);
		error = act_hand_out(node, bytes, size);
		free(bytes);
		return error;
	}
	free(bytes);
	if (error)
		return error;
	return founding_take(node, act, ret_space);
}

/* ---- Changing. ---- */

/* One who is named in the space, or a partner that may be. */
static const struct member *subject_of(const struct space *space, const Twinlog__SpaceChange *change,
				       struct hash *ret_identity)
{
	*ret_identity = change->member ? bytes_hash(change->member->identity) : (struct hash){{0}};
	return acts_member(space->acts, ret_identity);
}

static bool is_here(const struct member *member)
{
	return member && (member->standing == STANDING_MEMBER || member->standing == STANDING_INVITED);
}

static enum twinlog_error add_fill(struct node *node, const struct space *space, const Twinlog__SpaceChange *change,
				   Twinlog__Act *act)
{
	struct hash identity;
	size_t count;
	const struct member *member = subject_of(space, change, &identity);
	const struct node_peer *peer = peer_find(node, &identity);
	Twinlog__Member *added = arena_alloc(node->effects->arena, sizeof *added);
	Twinlog__Member **list = arena_alloc(node->effects->arena, sizeof(Twinlog__Member *));
	(void)acts_members(space->acts, &count);
	if (!added || !list)
		return TWINLOG_NO_MEMORY;
	if (!peer || peer->removed)
		return TWINLOG_UNKNOWN_CITY;
	if (is_here(member) && member->reader == change->member->reader)
		return TWINLOG_BELONGS;
	if (!member && count >= TWINLOG_MEMBERS_MAX)
		return TWINLOG_TOO_MANY;
	member_fill(added, peer->card, change->member->city_id, change->member->reader);
	const struct member *holder = acts_member_by_city(space->acts, added->city_id);
	if (holder && !hash_equal(&holder->identity, &identity))
		return TWINLOG_CITY_ID_TAKEN;
	list[0] = added;
	act->members = list;
	act->n_members = 1;
	return TWINLOG_OK;
}

static enum twinlog_error appoint_fill(struct node *node, const struct space *space, const Twinlog__SpaceChange *change,
				       Twinlog__Act *act)
{
	struct hash identity;
	size_t count, stewards = 0;
	const struct member *member = subject_of(space, change, &identity);
	const struct member *members = acts_members(space->acts, &count);
	for (size_t i = 0; i < count; i++)
		stewards += members[i].steward;
	if (!member || member->standing != STANDING_MEMBER)
		return TWINLOG_NOT_A_MEMBER;
	if (member->reader)
		return TWINLOG_READER;
	if (member->steward)
		return TWINLOG_BELONGS;
	if (stewards >= TWINLOG_STEWARDS_MAX)
		return TWINLOG_TOO_MANY;
	const struct hash *kept = arena_copy(node->effects->arena, &identity, sizeof identity);
	act->stewards = kept ? codec_hash_list(node->effects->arena, kept, 1) : NULL;
	act->n_stewards = 1;
	return act->stewards ? TWINLOG_OK : TWINLOG_NO_MEMORY;
}

struct cut_head {
	struct hash id;
	uint64_t number;
	uint32_t index;
	bool counts;
};

/* What does not count yet first, then what stands at the end of most, then what came first. */
static int cut_head_order(const void *a, const void *b)
{
	const struct cut_head *x = a, *y = b;
	if (x->counts != y->counts)
		return x->counts - y->counts;
	if (x->number != y->number)
		return x->number > y->number ? -1 : 1;
	return (x->index > y->index) - (x->index < y->index);
}

/* Of one that branched more often than a cut-off has room for, those that keep most of it: a removal must not fail by
 * what it is to end. Extending it names more. */
static enum twinlog_error heads_pick(struct node *node, const struct graph *graph, bool extend, struct hash **ret_heads,
				     size_t *ret_count)
{
	const struct hash_set *held = extend ? graph_tips(graph) : graph_heads(graph);
	struct arena *arena = node->effects->arena;
	struct cut_head *all = arena_alloc(arena, (held->count + 1) * sizeof *all);
	struct hash *heads = arena_alloc(arena, TWINLOG_CUTOFF_HEADS_MAX * sizeof *heads);
	struct hash_set_walk walk = {0};
	const struct hash *id;
	size_t count = 0;
	if (!all || !heads)
		return TWINLOG_NO_MEMORY;
	while ((id = hash_set_next(held, &walk))) {
		const uint32_t index = graph_find(graph, id);
		const struct graph_entry *entry = graph_at(graph, index);
		all[count++] = (struct cut_head){*id, entry->number, index, entry->counts};
	}
	qsort(all, count, sizeof *all, cut_head_order);
	*ret_count = count < TWINLOG_CUTOFF_HEADS_MAX ? count : TWINLOG_CUTOFF_HEADS_MAX;
	for (size_t i = 0; i < *ret_count; i++)
		heads[i] = all[i].id;
	for (size_t i = *ret_count; i < count; i++)
		node->unnamed += !extend || !all[i].counts;
	*ret_heads = heads;
	return TWINLOG_OK;
}

static enum twinlog_error heads_given(struct arena *arena, const Twinlog__SpaceChange *change, struct hash **ret_heads)
{
	struct hash *heads = arena_alloc(arena, change->n_heads * sizeof *heads);
	for (size_t i = 0; heads && i < change->n_heads; i++)
		if (codec_get_hash(change->heads[i], &heads[i]))
			return TWINLOG_INVALID;
	*ret_heads = heads;
	return heads ? TWINLOG_OK : TWINLOG_NO_MEMORY;
}

/* The bundles that are to count: those named, or what is here of the city. */
static enum twinlog_error counts_fill(struct node *node, const struct space *space, const struct hash *identity,
				      const Twinlog__SpaceChange *change, Twinlog__Act *act)
{
	struct arena *arena = node->effects->arena;
	Twinlog__Cutoff *counts = arena_alloc(arena, sizeof *counts);
	const struct graph *graph = space_graph_of(space, identity);
	struct hash *heads = NULL;
	size_t count = change->n_heads;
	enum twinlog_error error = counts ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	if (!error && count > 0)
		error = heads_given(arena, change, &heads);
	else if (!error && graph)
		error = heads_pick(node, graph, change->extend, &heads, &count);
	if (error || count == 0)
		return error;
	count = hash_sort(heads, count);
	if (count > TWINLOG_CUTOFF_HEADS_MAX)
		return TWINLOG_TOO_MANY;
	twinlog__cutoff__init(counts);
	counts->bundles = codec_hash_list(arena, heads, count);
	counts->n_bundles = count;
	act->counts = counts;
	return counts->bundles ? TWINLOG_OK : TWINLOG_NO_MEMORY;
}

static enum twinlog_error remove_fill(struct node *node, const struct space *space, const Twinlog__SpaceChange *change,
				      Twinlog__Act *act)
{
	struct hash identity;
	const struct member *member = subject_of(space, change, &identity);
	const struct hash *kept = arena_copy(node->effects->arena, &identity, sizeof identity);
	if (!kept)
		return TWINLOG_NO_MEMORY;
	if (!member)
		return TWINLOG_NOT_A_MEMBER;
	if (member->steward)
		return TWINLOG_STEWARD_STAYS;
	if (member->standing == STANDING_REMOVED && !change->extend)
		return TWINLOG_GONE;
	act->subject = codec_hash(kept);
	return counts_fill(node, space, &identity, change, act);
}

static enum twinlog_error change_fill(struct node *node, const struct space *space, const Twinlog__SpaceChange *change,
				      Twinlog__Act *act)
{
	const struct member *self = acts_member(space->acts, &node->card->identity);
	const bool network = acts_template(space->acts) == TWINLOG__TEMPLATE__TEMPLATE_NETWORK;
	act->kind = change->act;
	if (change->act == TWINLOG__ACT_KIND__ACT_LEAVE)
		return is_here(self) ? TWINLOG_OK : TWINLOG_NOT_A_MEMBER;
	if (!self || !self->steward)
		return TWINLOG_NO_STEWARD;
	switch (change->act) {
	case TWINLOG__ACT_KIND__ACT_RENAME:
		act->title = change->title;
		return change->title.len > 0 ? TWINLOG_OK : TWINLOG_FIELD_MISSING;
	case TWINLOG__ACT_KIND__ACT_ADD:
		return network ? add_fill(node, space, change, act) : TWINLOG_PAIR_SPACE;
	case TWINLOG__ACT_KIND__ACT_APPOINT:
		return network ? appoint_fill(node, space, change, act) : TWINLOG_PAIR_SPACE;
	case TWINLOG__ACT_KIND__ACT_REMOVE:
		return network ? remove_fill(node, space, change, act) : TWINLOG_PAIR_SPACE;
	default:
		return TWINLOG_USAGE;
	}
}

/* Each removal of the city is a cut-off of its own, so each is extended. */
static enum twinlog_error removals_extend(struct node *node, struct space *space, const Twinlog__Act *extension)
{
	const struct hash subject = bytes_hash(extension->subject);
	const size_t count = acts_cutoffs(space->acts, &subject);
	enum twinlog_error error = TWINLOG_NOT_FOUND;
	for (size_t i = 0; i < count; i++) {
		const size_t cutoff = acts_cutoff(space->acts, &subject, i);
		const struct act *removal = acts_at(space->acts, cutoff);
		if (removal->kind != TWINLOG__ACT_KIND__ACT_REMOVE || !acts_valid(space->acts, cutoff))
			continue;
		Twinlog__Act message = *extension;
		message.extends = codec_hash(&removal->id);
		error = own_act(node, space, &message);
		if (error)
			return error;
	}
	return error;
}

static void space_change(struct node *node, uint64_t client, uint64_t request_id, const Twinlog__SpaceChange *change)
{
	const struct hash id = bytes_hash(change->space);
	struct space *space = space_by_id(node, &id);
	Twinlog__Act act = TWINLOG__ACT__INIT;
	enum twinlog_error error = space ? change_fill(node, space, change, &act) : TWINLOG_NOT_FOUND;
	if (!error)
		error = change->extend ? removals_extend(node, space, &act) : own_act(node, space, &act);
	if (error == TWINLOG_MALFORMED && change->act == TWINLOG__ACT_KIND__ACT_RENAME)
		error = TWINLOG_INVALID;
	if (error)
		effect_fault(node, client, request_id, error, "space", NULL);
	else if (!handed_out(node, client, request_id))
		spaces_reply(node, client, request_id, space);
}

/* An act of this city that was made before and has both signatures by now. */
static enum twinlog_error act_take(struct node *node, ProtobufCBinaryData bytes, struct space **ret_space)
{
	struct act *act;
	enum twinlog_error error = act_open(bytes.data, bytes.len, &act);
	if (error)
		return error;
	*ret_space = space_by_id(node, &act->space);
	if (!hash_equal(&act->signer, &node->card->identity) || act->kind == TWINLOG__ACT_KIND__ACT_CHANGE_KEY)
		error = TWINLOG_NOT_FOR_US;
	else if (!*ret_space && act->kind != TWINLOG__ACT_KIND__ACT_FOUND)
		error = TWINLOG_NOT_FOUND;
	if (error) {
		act_free(act);
		return error;
	}
	if (*ret_space) {
		error = space_take_act(node, *ret_space, act, true, LINK_NONE_YET);
		return error == TWINLOG_DUPLICATE ? TWINLOG_OK : error; /* given twice */
	}
	return founding_take(node, act, ret_space);
}

static void act_put(struct node *node, uint64_t client, uint64_t request_id, const Twinlog__ActPut *put)
{
	struct space *space;
	const enum twinlog_error error = act_take(node, put->act, &space);
	if (error)
		effect_fault(node, client, request_id, error, "act", NULL);
	else
		spaces_reply(node, client, request_id, space);
}

void spaces_request(struct node *node, uint64_t client, const Twinlog__Request *request)
{
	node->to_sign.count = 0;
	node->unnamed = 0;
	if (request->body_case == TWINLOG__REQUEST__BODY_ACT_PUT) {
		act_put(node, client, request->id, request->act_put);
		return;
	}
	if (request->body_case == TWINLOG__REQUEST__BODY_SPACE_ANSWER) {
		space_answer(node, client, request->id, request->space_answer);
		return;
	}
	if (request->body_case == TWINLOG__REQUEST__BODY_SPACE_CHANGE) {
		space_change(node, client, request->id, request->space_change);
		return;
	}
	const struct space *known = founded_before(node, request->space_create->request);
	struct space *space = NULL;
	if (known) {
		spaces_reply(node, client, request->id, known);
		return;
	}
	const enum twinlog_error error = space_found(node, request->space_create, &space);
	if (error)
		effect_fault(node, client, request->id, error, "space", NULL);
	else if (space)
		spaces_reply(node, client, request->id, space);
	else
		handed_out(node, client, request->id); /* for the second signature */
}
