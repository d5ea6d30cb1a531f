/* Positions: each machine's signed word on what it holds of a space. The receipt for entries and the basis of every
 * "how complete is this". PROTOCOL, "Positions". */
#include "node_internal.h"

/* ---- Keeping. ---- */

static struct known_position *position_find(struct space *space, const struct hash *city, uint64_t machine)
{
	for (size_t i = 0; i < space->positions.count; i++)
		if (space->positions.items[i].machine == machine && hash_equal(&space->positions.items[i].city, city))
			return &space->positions.items[i];
	return NULL;
}

/* ---- Reading. ---- */

struct position_message {
	struct hash space;
	struct hash city;
	const Twinlog__SignedPosition *outer;
	const Twinlog__Position *position;
};

static bool ascends(ProtobufCBinaryData item, const ProtobufCBinaryData *before)
{
	return item.len == HASH_SIZE && (!before || memcmp(before->data, item.data, HASH_SIZE) < 0);
}

/* Else one list would be looked for in the other, entry by entry, and a machine could name a city twice. */
static enum twinlog_error position_order(const Twinlog__Position *position)
{
	for (size_t i = 0; i < position->n_cities; i++) {
		const Twinlog__CityHeads *city = position->cities[i];
		if (!ascends(city->city, i > 0 ? &position->cities[i - 1]->city : NULL))
			return TWINLOG_MALFORMED;
		for (size_t h = 0; h < city->n_heads; h++)
			if (!ascends(city->heads[h], h > 0 ? &city->heads[h - 1] : NULL))
				return TWINLOG_MALFORMED;
	}
	return TWINLOG_OK;
}

static enum twinlog_error position_decode(struct arena *arena, const void *bytes, size_t size,
					  struct position_message *ret_message)
{
	Twinlog__SignedPosition *outer;
	Twinlog__Position *position;
	struct position_message message;
	if (size > TWINLOG_POSITION_MAX)
		return TWINLOG_TOO_LARGE;
	enum twinlog_error error = CODEC_UNPACK_STRICT(arena, bytes, size, &outer, twinlog__signed_position);
	if (!error)
		error =
		    CODEC_UNPACK_STRICT(arena, outer->position.data, outer->position.len, &position, twinlog__position);
	if (error || (error = codec_get_hash(position->space, &message.space)) ||
	    (error = codec_get_hash(position->city, &message.city)))
		return error;
	if (outer->signature.len != SEAL_SIGNATURE_SIZE || position->counter == 0 || position->machine == 0)
		return TWINLOG_MALFORMED;
	message.outer = outer;
	message.position = position;
	*ret_message = message;
	return TWINLOG_OK;
}

static enum twinlog_error position_open(struct arena *arena, const void *bytes, size_t size,
					struct position_message *ret_message)
{
	const enum twinlog_error error = position_decode(arena, bytes, size, ret_message);
	return error ? error : position_order(ret_message->position);
}

static enum twinlog_error position_verify(const struct space *space, const struct position_message *message,
					  size_t *ret_key)
{
	return acts_verify(space->acts, &message->city, "position", message->outer->position.data,
			   message->outer->position.len, message->outer->signature, ret_key);
}

static bool names_missing(const struct space *space, const struct known_position *known)
{
	for (size_t i = 0; i < known->heads.count; i++) {
		const struct graph *graph = space_graph_of(space, &known->heads.items[i].city);
		if (!graph || graph_find(graph, &known->heads.items[i].head) == GRAPH_NONE)
			return true;
	}
	return false;
}

static bool head_add(struct position_heads *heads, const struct hash *city, const struct hash *head)
{
	if (heads->count >= TWINLOG_ANNOUNCED_MAX)
		return true;
	struct position_head *place = ARRAY_PUSH(heads);
	if (place)
		*place = (struct position_head){*city, *head};
	return place != NULL;
}

static bool head_is_here(const struct graph *graph, const struct hash *head)
{
	return graph && graph_find(graph, head) != GRAPH_NONE;
}

/* Heads not here yet say nothing about what is here, so the older ones of that city that are here are kept beside
 * them. */
static bool heads_of_city(const struct space *space, struct position_heads *heads, const Twinlog__CityHeads *theirs,
			  const struct position_head *old, size_t old_count)
{
	const struct hash city = bytes_hash(theirs->city);
	const struct graph *graph = space_graph_of(space, &city);
	bool all_here = true, memory = true;
	size_t at = 0;
	for (size_t i = 0; i < theirs->n_heads && all_here; i++) {
		const struct hash head = bytes_hash(theirs->heads[i]);
		all_here = head_is_here(graph, &head);
	}
	for (size_t i = 0; i < theirs->n_heads && memory; i++) {
		const struct hash head = bytes_hash(theirs->heads[i]);
		for (; at < old_count && hash_compare(&old[at].head, &head) < 0 && memory; at++)
			if (!all_here && head_is_here(graph, &old[at].head))
				memory = head_add(heads, &city, &old[at].head);
		at += at < old_count && hash_equal(&old[at].head, &head);
		memory = memory && head_add(heads, &city, &head);
	}
	for (; at < old_count && memory; at++)
		if (!all_here && head_is_here(graph, &old[at].head))
			memory = head_add(heads, &city, &old[at].head);
	return memory;
}

/* Of a city that the position does not name. A complete one names all whose bundles count there: what is not here
 * either, and was named before, has come to count nowhere. */
static bool head_stays(const struct space *space, struct position_heads *heads, const struct position_head *old,
		       bool complete)
{
	return (complete && !head_is_here(space_graph_of(space, &old->city), &old->head)) ||
	       head_add(heads, &old->city, &old->head);
}

/* City by city; both lists ascend, so each is walked once. */
static bool heads_replace(const struct space *space, struct known_position *known, const Twinlog__Position *position)
{
	const struct position_heads *old = &known->heads;
	const bool complete = position->basis == 0;
	struct position_heads heads = {0};
	size_t at = 0;
	bool memory = true;
	for (size_t i = 0; i < position->n_cities && memory; i++) {
		const struct hash city = bytes_hash(position->cities[i]->city);
		for (; at < old->count && hash_compare(&old->items[at].city, &city) < 0 && memory; at++)
			memory = head_stays(space, &heads, &old->items[at], complete);
		const size_t from = at;
		while (at < old->count && hash_equal(&old->items[at].city, &city))
			at++;
		memory = memory && heads_of_city(space, &heads, position->cities[i], old->items + from, at - from);
	}
	for (; at < old->count && memory; at++)
		memory = head_stays(space, &heads, &old->items[at], complete);
	if (memory) {
		free(known->heads.items);
		known->heads = heads;
	} else {
		free(heads.items);
	}
	return memory;
}

static void position_erasures(const struct space *space, struct known_position *known)
{
	if (hash_equal(&known->erasures, erasures_digest(space->erasures)))
		known->erasures_applied = erasures_committed(space->erasures);
}

void positions_erasures(struct space *space)
{
	for (size_t i = 0; i < space->positions.count; i++)
		position_erasures(space, &space->positions.items[i]);
}

bool position_is_own(const struct node *node, const struct hash *city, uint64_t machine)
{
	return machine == node->machine && hash_equal(city, &node->card->identity);
}

static bool position_older(uint64_t time_ms, uint64_t machine, const struct known_position *than)
{
	return time_ms < than->time_ms || (time_ms == than->time_ms && machine < than->machine);
}

/* The one that gives way when a city has one more machine than are kept; NULL while there is room. */
static struct known_position *position_oldest(const struct node *node, const struct space *space,
					      const struct hash *city)
{
	struct known_position *oldest = NULL;
	size_t machines = 0;
	for (size_t i = 0; i < space->positions.count; i++) {
		struct known_position *other = &space->positions.items[i];
		if (!hash_equal(&other->city, city) || position_is_own(node, &other->city, other->machine))
			continue;
		machines++;
		if (!oldest || position_older(other->time_ms, other->machine, oldest))
			oldest = other;
	}
	return machines >= TWINLOG_MACHINES_MAX ? oldest : NULL;
}

static void row_drop(struct node *node, const struct hash *space, const struct hash *city, uint64_t machine)
{
	struct persist *persist = effect_persist(node, PERSIST_POSITION_GONE);
	persist->space = *space;
	persist->city = *city;
	persist->machine = machine;
}

/* The row of one that is kept no more, else a member that runs through machine numbers fills the disk. The own
 * machine's says how far it has counted, and stays. While a node is being filled nothing can be persisted: its first
 * step does. */
static void position_drop(struct node *node, const struct hash *space, const struct hash *city, uint64_t machine)
{
	if (position_is_own(node, city, machine))
		return;
	if (node->effects) {
		row_drop(node, space, city, machine);
		return;
	}
	struct position_row *row = ARRAY_PUSH(&node->positions_gone);
	if (row) /* else the next start does */
		*row = (struct position_row){*space, *city, machine};
}

void positions_drop_loaded(struct node *node)
{
	for (size_t i = 0; i < node->positions_gone.count; i++) {
		const struct position_row *row = &node->positions_gone.items[i];
		row_drop(node, &row->space, &row->city, row->machine);
	}
	node->positions_gone.count = 0;
}

/* Of a city that runs on ever more machines the newest are kept: the oldest gives way, if this one is newer. */
static enum twinlog_error position_place(struct node *node, struct space *space, const struct position_message *message,
					 struct known_position **ret_known)
{
	const bool own = position_is_own(node, &message->city, message->position->machine);
	struct known_position *known = position_find(space, &message->city, message->position->machine);
	struct known_position *oldest = known || own ? NULL : position_oldest(node, space, &message->city);
	if (oldest) {
		if (position_older(message->position->time_ms, message->position->machine, oldest))
			return TWINLOG_STALE;
		position_drop(node, &message->space, &message->city, oldest->machine);
		free(oldest->bytes);
		free(oldest->heads.items);
		*oldest = (struct known_position){.city = message->city};
		known = oldest;
	} else if (!known && !own && space->positions.count >= TWINLOG_POSITIONS_MAX) {
		return TWINLOG_TOO_MANY;
	} else if (!known) {
		known = ARRAY_PUSH(&space->positions);
	}
	*ret_known = known;
	return known ? TWINLOG_OK : TWINLOG_NO_MEMORY;
}

static enum twinlog_error position_keep(struct node *node, struct space *space, const struct position_message *message,
					size_t key, const void *bytes, size_t size, struct known_position **ret_known)
{
	struct known_position *known = NULL;
	uint8_t *copy = malloc(size);
	const enum twinlog_error error = copy ? position_place(node, space, message, &known) : TWINLOG_NO_MEMORY;
	if (error) {
		free(copy);
		return error;
	}
	memcpy(copy, bytes, size);
	free(known->bytes);
	if (known->missing_since_ms && !names_missing(space, known))
		known->missing_since_ms = 0;
	known->city = message->city;
	known->machine = message->position->machine;
	known->counter = message->position->counter;
	known->time_ms = message->position->time_ms;
	known->erasures = bytes_hash(message->position->erasures);
	position_erasures(space, known);
	known->bytes = copy;
	known->size = size;
	known->key = key;
	if (!heads_replace(space, known, message->position))
		return TWINLOG_NO_MEMORY;
	if (!known->missing_since_ms && names_missing(space, known))
		known->missing_since_ms = node->now.wall_ms;
	*ret_known = known;
	return TWINLOG_OK;
}

/* What an old key signed is nobody's word any more. */
void positions_key_changed(struct node *node, struct space *space, const struct hash *city)
{
	for (size_t i = space->positions.count; i-- > 0;) {
		const struct known_position known = space->positions.items[i];
		if (!hash_equal(&known.city, city) || !acts_key_retired(space->acts, city, known.key))
			continue;
		position_drop(node, acts_space(space->acts), city, known.machine);
		free(known.bytes);
		free(known.heads.items);
		ARRAY_DROP(&space->positions, i);
	}
}

enum twinlog_error position_load(struct node *node, const void *bytes, size_t size)
{
	struct position_message message;
	struct known_position *known;
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	if (!arena)
		return TWINLOG_NO_MEMORY;
	enum twinlog_error error = position_decode(arena, bytes, size, &message);
	struct space *space = error ? NULL : space_by_id(node, &message.space);
	if (!error && !space)
		error = TWINLOG_UNKNOWN_PARENT;
	/* The store has no sums: a bit that flipped there would be passed on as that city's word. */
	size_t key;
	if (!error)
		error = position_verify(space, &message, &key);
	if (!error && position_is_own(node, &message.city, message.position->machine) &&
	    message.position->counter > space->position_counter)
		space->position_counter = message.position->counter;
	/* Kept are only those whose key speaks still, that are in order, which was not always asked, and of so many
	 * machines that only the newest are kept these. */
	if (!error)
		error = position_order(message.position) || acts_key_retired(space->acts, &message.city, key)
			    ? TWINLOG_STALE
			    : position_keep(node, space, &message, key, bytes, size, &known);
	if (error == TWINLOG_STALE || error == TWINLOG_TOO_MANY) {
		position_drop(node, &message.space, &message.city, message.position->machine);
		error = TWINLOG_OK;
	}
	arena_free(arena);
	return error;
}

/* ---- Own. ---- */

static void position_due(struct space *space, uint64_t due_mono_ms)
{
	if (space->position_due_mono_ms == 0 || due_mono_ms < space->position_due_mono_ms)
		space->position_due_mono_ms = due_mono_ms;
}

void positions_changed(struct node *node, struct space *space)
{
	const uint64_t next = space->position_mono_ms + TWINLOG_POSITION_INTERVAL_MS;
	position_due(space, space->position_mono_ms > 0 && next > node->now.mono_ms ? next : node->now.mono_ms + 1);
}

void positions_wrote(const struct node *node, struct space *space)
{
	position_due(space, node->now.mono_ms + TWINLOG_POSITION_OWN_MS);
}

static void position_persist(struct node *node, const struct hash *space, const struct hash *city, uint64_t machine,
			     const uint8_t *bytes, size_t size)
{
	uint8_t *copy = malloc(size);
	struct pending *pending = copy ? pending_add(node, PENDING_POSITION) : NULL;
	if (!pending) {
		free(copy);
		node->out_of_memory = true;
		return;
	}
	memcpy(copy, bytes, size);
	struct persist *persist = effect_persist(node, PERSIST_POSITION);
	persist->space = *space;
	persist->city = *city;
	persist->machine = machine;
	persist->bytes = copy;
	persist->size = size;
	pending->ticket = node->ticket;
	pending->space = *space;
	pending->bytes = copy;
	pending->size = size;
	pending->own = position_is_own(node, city, machine);
}

static void position_make(struct node *node, struct space *space)
{
	uint8_t *bytes;
	size_t size;
	space->position_due_mono_ms = 0;
	space->position_mono_ms = node->now.mono_ms;
	const struct member *self = acts_member(space->acts, &node->card->identity);
	/* Nobody could verify one that is signed with a key that no act here brought, this city's next start included.
	 */
	if (!self || self->standing != STANDING_MEMBER || node->machine == 0 || !space_knows_key(node, space))
		return;
	const enum twinlog_error error = position_pack(node, space, &bytes, &size);
	if (error == TWINLOG_NO_MEMORY)
		node->out_of_memory = true;
	else if (!error)
		position_persist(node, acts_space(space->acts), &node->card->identity, node->machine, bytes, size);
}

void positions_committed(struct node *node, struct pending *pending)
{
	struct space *space = space_by_id(node, &pending->space);
	struct position_message message;
	struct known_position *known;
	if (!pending->own || !space)
		return;
	const size_t key = acts_key_number(space->acts, &node->card->identity, seal_keys_public(node->keys));
	if (acts_key_retired(space->acts, &node->card->identity, key))
		return; /* nobody would take it */
	enum twinlog_error error = position_open(node->effects->arena, pending->bytes, pending->size, &message);
	if (!error)
		error = position_keep(node, space, &message, key, pending->bytes, pending->size, &known);
	if (error) { /* or the machine took another number since: the old one's has a place like any other's */
		node->out_of_memory |= error == TWINLOG_NO_MEMORY;
		return;
	}
	position_tell_all(node, space, codec_bytes(pending->bytes, pending->size));
}

/* ---- Hearing. ---- */

/* Another machine runs under this number, or this one was set back: from now on it is another machine. */
static void machine_renew(struct node *node)
{
	node_draw(node, &node->machine, sizeof node->machine);
	node->machine |= 1;
	effect_persist(node, PERSIST_MACHINE)->machine = node->machine;
	effect_note(node, TWINLOG_DUPLICATE, "this machine's number is in use elsewhere; drew a new one");
	for (size_t i = 0; i < node->spaces.count; i++) {
		node->spaces.items[i].position_counter = 0;
		positions_changed(node, &node->spaces.items[i]);
	}
}

static void announced_by_position(struct node *node, struct node_peer *peer, const struct position_message *message)
{
	if (!hash_equal(&message->city, &peer->card->identity))
		return;
	for (size_t i = 0; i < message->position->n_cities; i++) {
		const Twinlog__CityHeads *theirs = message->position->cities[i];
		const struct hash city = bytes_hash(theirs->city);
		size_t unknown = 0;
		for (size_t h = 0; h < theirs->n_heads && unknown < TWINLOG_HEADS_MAX; h++) {
			const struct hash head = bytes_hash(theirs->heads[h]);
			unknown += sync_announced(node, peer, &message->space, &city, &head);
		}
		if (unknown > 0)
			sync_pursue(node, &message->space, &city);
	}
}

static bool position_is(const struct known_position *known, ProtobufCBinaryData bytes)
{
	return known->size == bytes.len && memcmp(known->bytes, bytes.data, bytes.len) == 0;
}

/* Who brings an older one gets the newer one back. It may be a copy of a machine that was put back, or runs beside it:
 * only so does it learn that its number is in use. */
static void position_answer(struct node *node, struct node_peer *peer, const struct space *space,
			    const struct known_position *known, const struct position_message *message,
			    ProtobufCBinaryData bytes)
{
	const bool at_once = known->counter == message->position->counter;
	if (!position_is(known, bytes) && (!at_once || hash_equal(&message->city, &peer->card->identity)))
		position_tell(node, peer, space, codec_bytes(known->bytes, known->size));
}

enum twinlog_error positions_arrives(struct node *node, struct node_peer *peer, ProtobufCBinaryData bytes)
{
	struct position_message message;
	struct known_position *known;
	enum twinlog_error error = position_open(node->effects->arena, bytes.data, bytes.len, &message);
	if (error)
		return error;
	struct space *space = space_by_id(node, &message.space);
	if (!space || space_entitles(space, &peer->card->identity) != ENTITLED_ALL ||
	    !acts_member(space->acts, &message.city))
		return TWINLOG_NOT_A_MEMBER;
	known = position_find(space, &message.city, message.position->machine);
	const bool own = position_is_own(node, &message.city, message.position->machine);
	if (known && !own && known->counter >= message.position->counter) {
		position_answer(node, peer, space, known, &message, bytes);
		return TWINLOG_OK;
	}
	if (own && (message.position->counter < space->position_counter || (known && position_is(known, bytes))))
		return TWINLOG_OK;
	size_t key;
	if ((error = position_verify(space, &message, &key)))
		return error;
	/* Whoever has an old key may say anything with it. Who relays it may not know of the new one yet. */
	if (acts_key_retired(space->acts, &message.city, key))
		return TWINLOG_OK;
	if (own) {
		machine_renew(node);
		return TWINLOG_OK;
	}
	error = position_keep(node, space, &message, key, bytes.data, bytes.len, &known);
	if (error == TWINLOG_STALE) {
		/* So a machine whose clock is behind learns after what it has to stand. */
		known = position_oldest(node, space, &message.city);
		position_tell(node, peer, space, codec_bytes(known->bytes, known->size));
		return TWINLOG_OK;
	}
	if (error)
		return error;
	node->waits_stale = true;
	position_persist(node, &message.space, &message.city, message.position->machine, bytes.data, bytes.len);
	position_pass_on(node, space, known, peer);
	announced_by_position(node, peer, &message);
	const struct known_position *mine = position_find(space, &node->card->identity, node->machine);
	if (mine && hash_equal(&message.city, &node->card->identity) && mine->time_ms <= message.position->time_ms)
		positions_changed(node, space);
	return TWINLOG_OK;
}

void positions_message(struct node *node, struct node_link *link, const Twinlog__Positions *positions)
{
	size_t faults = 0;
	for (size_t i = 0; i < positions->n_positions && faults < TWINLOG_FAULTS_MAX; i++) {
		const enum twinlog_error error =
		    positions_arrives(node, &node->peers.items[link->peer], positions->positions[i]);
		if (error == TWINLOG_NO_MEMORY)
			node->out_of_memory = true;
		if (!error)
			continue;
		faults++;
		link_refuse(node, link, error, "position");
	}
}

/* ---- Time. ---- */

void positions_time(struct node *node)
{
	for (size_t i = 0; i < node->spaces.count; i++) {
		struct space *space = &node->spaces.items[i];
		if (space->position_due_mono_ms != 0 && space->position_due_mono_ms <= node->now.mono_ms)
			position_make(node, space);
		else if (space->position_mono_ms > 0 &&
			 node->now.mono_ms - space->position_mono_ms >= TWINLOG_POSITION_REFRESH_MS)
			position_make(node, space);
		if (space->relay_due_mono_ms != 0 && space->relay_due_mono_ms <= node->now.mono_ms)
			positions_relay(node, space);
	}
}

uint64_t positions_deadline(const struct node *node)
{
	uint64_t deadline = UINT64_MAX;
	for (size_t i = 0; i < node->spaces.count; i++) {
		const struct space *space = &node->spaces.items[i];
		if (space->position_due_mono_ms != 0 && space->position_due_mono_ms < deadline)
			deadline = space->position_due_mono_ms;
		if (space->relay_due_mono_ms != 0 && space->relay_due_mono_ms < deadline)
			deadline = space->relay_due_mono_ms;
		if (space->position_mono_ms > 0 && space->position_mono_ms + TWINLOG_POSITION_REFRESH_MS < deadline)
			deadline = space->position_mono_ms + TWINLOG_POSITION_REFRESH_MS;
	}
	for (size_t i = 0; i < node->waits.count; i++)
		if (node->waits.items[i].deadline_mono_ms < deadline)
			deadline = node->waits.items[i].deadline_mono_ms;
	return deadline;
}
