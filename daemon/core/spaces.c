/* Spaces: acts from partners, and who may be told what. PROTOCOL, "Acts", "Who is sent what". */
#include "node_internal.h"

struct space *space_by_id(struct node *node, const struct hash *id)
{
	for (size_t i = 0; i < node->spaces.count; i++)
		if (hash_equal(acts_space(node->spaces.items[i].acts), id))
			return &node->spaces.items[i];
	return NULL;
}

/* Room for one more, with all but its acts: what follows cannot fail for want of memory. */
static enum twinlog_error space_prepare(struct node *node, const struct hash *id, struct space *ret_space)
{
	struct space space = {0};
	if (node->spaces.count >= TWINLOG_SPACES_MAX)
		return TWINLOG_TOO_MANY;
	if (!array_reserve((void **)(void *)&node->spaces.items, &node->spaces.capacity, node->spaces.count + 1,
			   sizeof *node->spaces.items))
		return TWINLOG_NO_MEMORY;
	enum twinlog_error error = statements_new(id, &space.statements);
	if (!error)
		error = erasures_new(&space.erasures);
	if (error) {
		statements_free(space.statements);
		return error;
	}
	*ret_space = space;
	return TWINLOG_OK;
}

static struct space *space_place(struct node *node, struct space space, struct acts *acts)
{
	struct space *place = &node->spaces.items[node->spaces.count++];
	space.acts = acts;
	*place = space;
	return place;
}

/* Takes the acts over on TWINLOG_OK. */
static enum twinlog_error space_adopt(struct node *node, struct acts *acts, struct space **ret_space)
{
	struct space space;
	const enum twinlog_error error = space_prepare(node, acts_space(acts), &space);
	if (!error)
		*ret_space = space_place(node, space, acts);
	return error;
}

/* Takes the founding act over on TWINLOG_OK. */
enum twinlog_error space_open(struct node *node, struct act *found, struct space **ret_space)
{
	struct space space;
	struct acts *acts;
	enum twinlog_error error = space_prepare(node, &found->space, &space);
	if (error)
		return error;
	error = acts_new(found, &acts);
	if (error) {
		statements_free(space.statements);
		erasures_free(space.erasures);
		return error;
	}
	*ret_space = space_place(node, space, acts);
	return TWINLOG_OK;
}

void space_close(struct space *space)
{
	acts_free(space->acts);
	statements_free(space->statements);
	erasures_free(space->erasures);
	for (size_t i = 0; i < space->graphs.count; i++)
		graph_free(space->graphs.items[i]);
	act_heads_free(space);
	for (size_t i = 0; i < space->positions.count; i++) {
		free(space->positions.items[i].bytes);
		free(space->positions.items[i].heads.items);
	}
	for (size_t i = space->queue_at; i < space->queue.count; i++)
		if (--space->queue.items[i].submission->open == 0)
			arena_free(space->queue.items[i].submission->arena);
	free(space->graphs.items);
	free(space->positions.items);
	free(space->paces.items);
	free(space->turns.items);
	free(space->audience.peers.items);
	for (size_t i = 0; i < space->flying.count; i++)
		if (--space->flying.items[i].submission->open == 0)
			arena_free(space->flying.items[i].submission->arena);
	free(space->queue.items);
	free(space->flying.items);
}

/* ---- Who may get what. ---- */

enum entitlement space_entitles(const struct space *space, const struct hash *identity)
{
	const struct member *member = acts_member(space->acts, identity);
	if (!member)
		return ENTITLED_NONE;
	switch (member->standing) {
	case STANDING_MEMBER:
		return ENTITLED_ALL;
	case STANDING_INVITED:
		return ENTITLED_ACTS;
	default:
		return ENTITLED_PAST_ACTS;
	}
}

bool space_has_self(const struct node *node, const struct space *space)
{
	return space_entitles(space, &node->card->identity) == ENTITLED_ALL;
}

void space_tells(struct node *node, struct space *space, const struct hash *identity)
{
	if (acts_tell_undone(space->acts, identity))
		node->out_of_memory = true;
}

bool space_act_is_for(const struct space *space, size_t index, const struct hash *identity)
{
	return acts_may_be_told(space->acts, identity, index);
}

/* ---- Sending acts. ---- */

struct acts_page {
	ProtobufCBinaryData *list;
	size_t count;
	uint32_t stream;
	bool last;
	bool more;
};

static void acts_page_send(struct node *node, struct node_link *link, struct space *space, const struct acts_page *page)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Acts acts = TWINLOG__ACTS__INIT;
	acts.space = codec_hash(acts_space(space->acts));
	acts.acts = page->list;
	acts.n_acts = page->count;
	acts.stream = page->stream;
	acts.last = page->last;
	acts.more = page->more;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_ACTS;
	message.acts = &acts;
	effect_send(node, link, &message);
}

/* The place behind an act that the partner may know; 0: from the first. */
static size_t place_after(const struct space *space, const struct hash *identity, const struct hash *after)
{
	const size_t index = acts_index(space->acts, after);
	return index != SIZE_MAX && space_act_is_for(space, index, identity) ? index + 1 : 0;
}

/* All acts from that place on that are not known there, in pages, as many as one answer has. */
static void acts_tell(struct node *node, struct node_link *link, struct space *space, size_t first, const bool *known,
		      uint32_t stream)
{
	const struct hash *identity = &node->peers.items[link->peer].card->identity;
	const size_t count = acts_count(space->acts);
	space_tells(node, space, identity);
	struct acts_page page = {.list = arena_alloc(node->effects->arena, (count + 1) * sizeof *page.list),
				 .stream = stream};
	size_t bytes = 0, total = 0;
	if (!page.list) {
		node->out_of_memory = true;
		return;
	}
	for (size_t i = first; i < count && !page.more; i++) {
		const struct act *act = acts_at(space->acts, i);
		if ((known && known[i]) || !space_act_is_for(space, i, identity))
			continue;
		if (total > 0 && total + act->size > TWINLOG_PARTS_BYTES) {
			page.more = true;
			continue;
		}
		if (page.count > 0 && bytes + act->size > TWINLOG_PART_MAX) {
			acts_page_send(node, link, space, &page);
			page.count = bytes = 0;
		}
		page.list[page.count++] = codec_bytes(act->bytes, act->size);
		bytes += act->size;
		total += act->size;
	}
	page.last = true;
	acts_page_send(node, link, space, &page);
}

/* While some are not durable none are told: those may be what names the partner. All whom it concerns are told after
 * their commit. */
void spaces_send_acts(struct node *node, struct node_link *link, struct space *space)
{
	if (space->acts_pending == 0)
		acts_tell(node, link, space, 0, NULL, 0);
}

void spaces_answer(struct node *node, struct node_link *link, struct space *space, const Twinlog__Want *want)
{
	const struct hash *identity = &node->peers.items[link->peer].card->identity;
	const struct hash after = bytes_hash(want->after);
	struct hash have[TWINLOG_HAVE_MAX];
	bool *known = arena_alloc(node->effects->arena, acts_count(space->acts) * sizeof *known);
	if (space->acts_pending > 0 || !known) {
		node->out_of_memory = node->out_of_memory || !known;
		acts_page_send(node, link, space, &(struct acts_page){.stream = want->stream, .last = true});
		return;
	}
	for (size_t i = 0; i < want->n_have; i++)
		have[i] = bytes_hash(want->have[i]);
	acts_known_from(space->acts, have, want->n_have, known);
	acts_tell(node, link, space, place_after(space, identity, &after), known, want->stream);
}

/* ---- Taking acts in. ---- */

void act_persist(struct node *node, struct space *space, const struct act *act, bool own, uint32_t from)
{
	struct persist *persist = effect_persist(node, PERSIST_ACT);
	persist->sequence = ++node->sequence;
	persist->space = act->space;
	persist->bytes = act->bytes;
	persist->size = act->size;
	struct pending *pending = pending_add(node, PENDING_ACT);
	if (!pending)
		return;
	pending->space = act->space;
	pending->sequence = node->sequence;
	pending->own = own;
	pending->link = from;
	space->acts_pending++;
	space_turned_by_act(node, space, act, pending->sequence);
	space_recount(node, space);
	stream_cut_off(node, space);
	if (!node->acts_come)
		erasures_acts_changed(node, space);
	if (act->kind == TWINLOG__ACT_KIND__ACT_CHANGE_KEY) {
		positions_key_changed(node, space, &act->signer);
		cards_key_changed(node, &act->signer);
	}
}

/* ---- A space that is new here, or whose acts held here do not name who speaks of it: what it brings is kept apart,
 * and taken in once it names both this city and the sender. ---- */

struct space *space_with(struct node *node, const struct hash *id, const struct hash *identity)
{
	struct space *space = space_by_id(node, id);
	return space && acts_member(space->acts, identity) ? space : NULL;
}

static struct offer *offer_find(struct node *node, const struct hash *sender, const struct hash *space_id)
{
	for (size_t i = 0; i < node->offers.count; i++)
		if (hash_equal(&node->offers.items[i].sender, sender) &&
		    hash_equal(acts_space(node->offers.items[i].acts), space_id))
			return &node->offers.items[i];
	return NULL;
}

bool spaces_offer_drop(struct node *node, const struct hash *sender, const struct hash *space_id)
{
	struct offer *offer = offer_find(node, sender, space_id);
	if (!offer)
		return false;
	acts_free(offer->acts);
	ARRAY_DROP(&node->offers, (size_t)(offer - node->offers.items));
	return true;
}

/* The first of whoever has most under way: one who brings many makes room among its own. */
static void offers_make_room(struct node *node)
{
	size_t most = 0, drop = 0;
	for (size_t i = 0; i < node->offers.count; i++) {
		size_t count = 0;
		for (size_t j = 0; j < node->offers.count; j++)
			count += hash_equal(&node->offers.items[j].sender, &node->offers.items[i].sender);
		if (count > most) {
			most = count;
			drop = i;
		}
	}
	acts_free(node->offers.items[drop].acts);
	ARRAY_DROP(&node->offers, drop);
}

static enum twinlog_error offer_begin(struct node *node, const struct hash *sender, struct act *found)
{
	struct acts *acts;
	if (node->offers.count >= TWINLOG_OFFERS_MAX)
		offers_make_room(node);
	const enum twinlog_error error = acts_new(found, &acts);
	if (error)
		return error;
	struct offer *offer = ARRAY_PUSH(&node->offers);
	if (!offer) {
		acts_free(acts);
		node->out_of_memory = true;
		return TWINLOG_OK;
	}
	*offer = (struct offer){.sender = *sender, .acts = acts};
	return TWINLOG_OK;
}

/* Spaces by that founder which this city has not answered. */
static size_t unanswered(const struct node *node, const struct hash *founder)
{
	size_t count = 0;
	for (size_t i = 0; i < node->spaces.count; i++) {
		const struct space *space = &node->spaces.items[i];
		count += hash_equal(&acts_at(space->acts, 0)->signer, founder) &&
			 space_entitles(space, &node->card->identity) == ENTITLED_ACTS;
	}
	return count;
}

static enum twinlog_error offer_adopt(struct node *node, struct offer *offer, uint32_t from)
{
	struct space *space;
	struct acts *acts = offer->acts;
	if (unanswered(node, &acts_at(acts, 0)->signer) >= TWINLOG_UNANSWERED_MAX)
		return TWINLOG_TOO_MANY;
	const enum twinlog_error error = space_adopt(node, acts, &space);
	if (error)
		return error;
	ARRAY_DROP(&node->offers, (size_t)(offer - node->offers.items));
	for (size_t i = 0; i < acts_count(acts); i++)
		act_persist(node, space, acts_at(acts, i), false, from);
	return TWINLOG_OK;
}

enum twinlog_error space_take_act(struct node *node, struct space *space, struct act *act, bool own, uint32_t from)
{
	const enum twinlog_error error = acts_add(space->acts, act);
	if (error) {
		act_free(act);
		node->out_of_memory |= error == TWINLOG_NO_MEMORY; /* acts can only be freed now */
	} else {
		act_persist(node, space, act, own, from);
	}
	return error;
}

/* To those that are here already. Ends the offer. */
static enum twinlog_error offer_join(struct node *node, struct offer *offer, struct space *space, uint32_t from)
{
	enum twinlog_error error = TWINLOG_OK;
	for (size_t i = 0; i < acts_count(offer->acts) && !error; i++) {
		const struct act *brought = acts_at(offer->acts, i);
		struct act *act;
		if (acts_has(space->acts, &brought->id))
			continue;
		error = act_open(brought->bytes, brought->size, &act);
		if (!error)
			error = space_take_act(node, space, act, false, from);
	}
	(void)spaces_offer_drop(node, &offer->sender, acts_space(space->acts));
	return error;
}

static enum twinlog_error offer_settle(struct node *node, struct offer *offer, uint32_t from)
{
	struct space *space = space_by_id(node, acts_space(offer->acts));
	const struct member *self = acts_member(offer->acts, &node->card->identity);
	if (!self || !self->added || !acts_member(offer->acts, &offer->sender))
		return TWINLOG_OK;
	return space ? offer_join(node, offer, space, from) : offer_adopt(node, offer, from);
}

/* Whether that sender has more under way than one space may hold. */
static bool offers_too_much(const struct node *node, const struct hash *sender)
{
	size_t bytes = 0, acts = 0;
	for (size_t i = 0; i < node->offers.count; i++) {
		const struct offer *offer = &node->offers.items[i];
		if (!hash_equal(&offer->sender, sender))
			continue;
		bytes += offer->bytes;
		acts += acts_count(offer->acts);
	}
	return bytes > TWINLOG_OFFER_BYTES_MAX || acts > TWINLOG_SPACE_ACTS_MAX;
}

/* The act is the offer's or freed. */
static enum twinlog_error offer_take(struct node *node, const struct hash *sender, struct act *act, uint32_t from)
{
	const struct hash space_id = act->space;
	const size_t size = act->size;
	enum twinlog_error error = TWINLOG_UNKNOWN_PARENT;
	struct offer *offer = offer_find(node, sender, &space_id);
	if (offer)
		error = acts_add(offer->acts, act);
	else if (act->kind == TWINLOG__ACT_KIND__ACT_FOUND)
		error = offer_begin(node, sender, act);
	if (error)
		act_free(act);
	offer = error ? NULL : offer_find(node, sender, &space_id);
	if (!offer)
		return error;
	offer->bytes += size;
	if (offers_too_much(node, sender)) {
		(void)spaces_offer_drop(node, sender, &space_id);
		return TWINLOG_TOO_LARGE;
	}
	return offer_settle(node, offer, from);
}

enum twinlog_error spaces_act_arrives(struct node *node, const struct hash *sender, const struct hash *space_id,
				      ProtobufCBinaryData bytes, uint32_t from)
{
	struct space *space = space_with(node, space_id, sender);
	struct offer *offer = space ? offer_find(node, sender, space_id) : NULL;
	struct act *act;
	enum twinlog_error error = act_open(bytes.data, bytes.len, &act);
	if (error)
		return error;
	if (!hash_equal(&act->space, space_id)) {
		act_free(act);
		return TWINLOG_MALFORMED;
	}
	if (offer && (error = offer_join(node, offer, space, from))) /* others brought what names the sender */
		act_free(act);
	else
		error = space ? space_take_act(node, space, act, false, from) : offer_take(node, sender, act, from);
	return error == TWINLOG_DUPLICATE ? TWINLOG_OK : error;
}

/* Bytes of those held, and of those that the sender has brought so far and that are kept apart. */
static size_t acts_here(struct node *node, const struct hash *sender, const struct hash *space_id)
{
	const struct space *space = space_by_id(node, space_id);
	const struct offer *offer = offer_find(node, sender, space_id);
	return (space ? acts_bytes(space->acts) : 0) + (offer ? acts_bytes(offer->acts) : 0);
}

struct acts_cursor *spaces_acts_cursor(struct node *node, struct node_peer *peer, const struct hash *space_id)
{
	struct offer *offer = offer_find(node, &peer->card->identity, space_id);
	if (!space_with(node, space_id, &peer->card->identity))
		return offer ? &offer->cursor : NULL;
	struct peer_space *known = peer_space(peer, space_id);
	node->out_of_memory |= !known;
	return known ? &known->acts_cursor : NULL;
}

/* Whether an answer that is not complete is followed up; keeps where it stopped. Of one partner no more is heard in a
 * row than a space may hold, and of a space that is kept apart nothing that is here already. */
static bool acts_stopped(struct node *node, struct node_peer *peer, const struct hash *space_id,
			 const Twinlog__Acts *acts, bool new)
{
	struct acts_cursor *cursor = spaces_acts_cursor(node, peer, space_id);
	struct act *act;
	/* Unasked, while an answer goes on: that goes on from where it stopped. */
	if (cursor && acts->stream == 0 && !hash_is_zero(&cursor->after))
		return acts->last && acts->more;
	if (!cursor || (acts->stream == 0 && !acts->more))
		return false;
	cursor->heard += acts->n_acts;
	if (!acts->last)
		return false;
	if (cursor->heard > TWINLOG_SPACE_ACTS_MAX)
		peer->late_until_mono_ms = node->now.mono_ms + TWINLOG_AVOID_MS;
	if (!acts->more || acts->n_acts == 0 || cursor->heard > TWINLOG_SPACE_ACTS_MAX ||
	    !(new || space_with(node, space_id, &peer->card->identity)) ||
	    act_open(acts->acts[acts->n_acts - 1].data, acts->acts[acts->n_acts - 1].len, &act)) {
		*cursor = (struct acts_cursor){0};
		return false;
	}
	cursor->after = act->id;
	act_free(act);
	return true;
}

/* What is refused keeps nothing else out: of the acts of one who has no room here those of others do not wait. */
static enum twinlog_error acts_take(struct node *node, const struct node_link *link, const struct hash *space_id,
				    const Twinlog__Acts *acts)
{
	const struct hash *sender = &node->peers.items[link->peer].card->identity;
	enum twinlog_error error = TWINLOG_OK;
	size_t faults = 0;
	node->acts_come = true; /* what they bring to effect is asked once, and not after each */
	for (size_t i = 0; i < acts->n_acts && faults < TWINLOG_FAULTS_MAX && error != TWINLOG_NO_MEMORY; i++) {
		const enum twinlog_error fault = spaces_act_arrives(node, sender, space_id, acts->acts[i], link->id);
		faults += fault && fault != TWINLOG_TOO_MANY && fault != TWINLOG_UNKNOWN_PARENT;
		error = error && fault != TWINLOG_NO_MEMORY ? error : fault;
	}
	node->acts_come = false;
	struct space *space = space_by_id(node, space_id);
	if (space)
		erasures_acts_changed(node, space);
	return error;
}

void spaces_acts(struct node *node, struct node_link *link, const Twinlog__Acts *acts)
{
	struct hash space_id = {0};
	const struct hash *sender = &node->peers.items[link->peer].card->identity;
	enum twinlog_error error = codec_get_hash(acts->space, &space_id);
	const size_t before = acts_here(node, sender, &space_id);
	if (!error)
		error = acts_take(node, link, &space_id, acts);
	const size_t after = acts_here(node, sender, &space_id);
	const bool new = after != before;
	want_got(node, link->id, acts->stream, after > before ? after - before : 0);
	const bool goes_on = acts_stopped(node, &node->peers.items[link->peer], &space_id, acts, new);
	if ((acts->last || error) && !goes_on && spaces_offer_drop(node, sender, &space_id) && !error)
		error = TWINLOG_NOT_A_MEMBER;
	if (error == TWINLOG_NO_MEMORY)
		node->out_of_memory = true;
	else if (error == TWINLOG_UNKNOWN_PARENT && acts->stream == 0)
		(void)sync_want_acts(node, link, &space_id); /* a live act that builds on acts missed */
	else if (error)
		link_refuse(node, link, error, "act");
	if (goes_on)
		sync_acts_on(node, link, acts->stream, &space_id);
	if (acts->stream != 0 && (acts->last || error)) {
		want_end(node, link->id, acts->stream);
		sync_pursue_all(node, &space_id);
	}
}

void spaces_act_committed(struct node *node, const struct pending *pending)
{
	struct space *space = space_by_id(node, &pending->space);
	if (!space)
		return;
	if (--space->acts_pending > 0)
		return;
	erasures_act_committed(space);
	positions_changed(node, space);
	sync_acts_changed(node, space);
	/* Told to all who may know: it may come to others through nobody else, and who sent it may hold bundles that
	 * this city could not ask for before it knew itself to be a member. */
	for (size_t i = 0; i < node->peers.count; i++) {
		struct node_link *link = peer_link(node, &node->peers.items[i]);
		space_tells(node, space, &node->peers.items[i].card->identity);
		if (!link)
			continue;
		if (space_entitles(space, &node->peers.items[i].card->identity) >= ENTITLED_ACTS)
			sync_acts_durable(node, link, space);
		else if (acts_member(space->acts, &node->peers.items[i].card->identity)) {
			spaces_send_acts(node, link, space);
			erasures_send_owed(node, link, space);
		}
		sync_acts_rest(node, link, space);
	}
	sync_pursue_all(node, &pending->space);
}
