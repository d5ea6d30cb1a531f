/* Bundles on their way: served to those who asked, checked and taken in.
 * Credit counts bundle bytes, given back once they are durable. PROTOCOL, "Sync". */
#include "node_internal.h"

/* ---- Serving. ---- */

static void chunk_empty_send(struct node *node, struct node_link *link, const Twinlog__Want *want)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Chunk chunk = TWINLOG__CHUNK__INIT;
	chunk.space = want->space;
	chunk.city = want->city;
	chunk.stream = want->stream;
	chunk.last = true;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_CHUNK;
	message.chunk = &chunk;
	effect_send(node, link, &message);
}

void stream_chunk_effect(struct node *node, uint32_t link, const struct hash *space, const struct hash *city,
			 uint32_t stream, const uint64_t *sequences, size_t count, bool last)
{
	const uint64_t *copy = arena_copy(node->effects->arena, sequences, count * sizeof *sequences);
	struct effect *effect = effect_add(node, EFFECT_SEND_CHUNK);
	effect->send_chunk.link = link;
	effect->send_chunk.space = *space;
	effect->send_chunk.city = *city;
	effect->send_chunk.stream = stream;
	effect->send_chunk.sequences = copy;
	effect->send_chunk.count = copy ? count : 0;
	effect->send_chunk.last = last;
	node->out_of_memory = node->out_of_memory || !copy;
}

/* Two chunks under way: one is read and packed while the other is sent. */
static void serve_pump(struct node *node, struct serve *serve)
{
	struct node_link *link = link_find(node, serve->link);
	if (!link)
		return;
	struct node_peer *peer = &node->peers.items[link->peer];
	while (serve->next < serve->count && serve->credit > 0 && serve->in_flight < 2 &&
	       window_allows(&link->window) && budget_allows(node, peer)) {
		const size_t share = budget_chunk(peer, &link->window);
		const size_t most = serve->credit < (int64_t)share ? (size_t)serve->credit : share;
		size_t bytes = 0, end = serve->next;
		while (end < serve->count && (end == serve->next || bytes + serve->sizes[end] <= most))
			bytes += serve->sizes[end++];
		window_sent(node, &link->window, bytes);
		budget_charge(peer, bytes); /* what it compresses to is known when it has gone */
		stream_chunk_effect(node, serve->link, &serve->space, &serve->city, serve->stream,
				    serve->sequences + serve->next, end - serve->next, end == serve->count);
		serve->credit -= (int64_t)bytes;
		serve->next = end;
		serve->charged[serve->in_flight++] = bytes;
	}
}

void stream_pump(struct node *node, const struct node_link *link)
{
	for (size_t i = 0; i < node->serves.count; i++)
		if (node->serves.items[i].link == link->id)
			serve_pump(node, &node->serves.items[i]);
}

bool stream_waits(const struct node *node, uint32_t link)
{
	for (size_t i = 0; i < node->serves.count; i++) {
		const struct serve *serve = &node->serves.items[i];
		if (serve->link == link && serve->next < serve->count && serve->credit > 0 && serve->in_flight < 2)
			return true;
	}
	return false;
}

static void serve_drop(struct node *node, size_t index)
{
	free(node->serves.items[index].sequences);
	free(node->serves.items[index].sizes);
	ARRAY_DROP(&node->serves, index);
}

struct lacking {
	uint32_t *indices;
	size_t count;
	size_t capacity;
	bool failed;
};

static bool lacking_visit(void *context, uint32_t index)
{
	struct lacking *lacking = context;
	if (!array_reserve((void **)(void *)&lacking->indices, &lacking->capacity, lacking->count + 1,
			   sizeof *lacking->indices)) {
		lacking->failed = true;
		return false;
	}
	lacking->indices[lacking->count++] = index;
	return true;
}

/* The oldest first; what is over the limit of one stream is asked for again. */
static bool serve_fill(struct serve *serve, const struct graph *graph, const struct lacking *lacking)
{
	serve->count = lacking->count < TWINLOG_SERVE_MAX ? lacking->count : TWINLOG_SERVE_MAX;
	serve->sequences = malloc(serve->count * sizeof *serve->sequences);
	serve->sizes = malloc(serve->count * sizeof *serve->sizes);
	if (!serve->sequences || !serve->sizes)
		return false;
	for (size_t i = 0; i < serve->count; i++) {
		const struct graph_entry *entry = graph_at(graph, lacking->indices[lacking->count - 1 - i]);
		serve->sequences[i] = entry->sequence;
		serve->sizes[i] = entry->size;
	}
	return true;
}

static void serve_start(struct node *node, struct node_link *link, const struct graph *graph, const Twinlog__Want *want)
{
	struct lacking lacking = {0};
	struct hash *have = arena_alloc(node->effects->arena, (want->n_have + 1) * sizeof *have);
	if (!have) {
		node->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < want->n_have; i++)
		have[i] = bytes_hash(want->have[i]);
	graph_lacking(graph, have, want->n_have, lacking_visit, &lacking);
	struct serve *serve = lacking.count > 0 ? ARRAY_PUSH(&node->serves) : NULL;
	if (lacking.count == 0) {
		chunk_empty_send(node, link, want);
	} else if (serve && serve_fill(serve, graph, &lacking)) {
		serve->link = link->id;
		serve->stream = want->stream;
		serve->space = bytes_hash(want->space);
		serve->city = bytes_hash(want->city);
		serve->credit = want->credit < TWINLOG_CREDIT_BYTES ? (int64_t)want->credit : TWINLOG_CREDIT_BYTES;
		serve_pump(node, serve);
	} else {
		node->out_of_memory = true;
	}
	free(lacking.indices);
}

/* Who asks for a city again has given up the stream before. Returns how many are served beside it. */
static size_t serves_make_room(struct node *node, uint32_t link, const struct hash *space, const struct hash *city)
{
	size_t count = 0;
	for (size_t i = node->serves.count; i-- > 0;) {
		const struct serve *serve = &node->serves.items[i];
		if (serve->link != link)
			continue;
		if (hash_equal(&serve->space, space) && hash_equal(&serve->city, city))
			serve_drop(node, i);
		else
			count++;
	}
	return count;
}

/* PROTOCOL, "Acts": one who is no member any more can still fetch its own bundles. */
static bool may_be_served(const struct space *space, const struct hash *identity, const struct hash *city)
{
	const enum entitlement entitled = space_entitles(space, identity);
	return entitled == ENTITLED_ALL || (entitled == ENTITLED_PAST_ACTS && hash_equal(city, identity));
}

void stream_want(struct node *node, struct node_link *link, const Twinlog__Want *want)
{
	const struct hash *identity = &node->peers.items[link->peer].card->identity;
	const struct hash id = bytes_hash(want->space), city = bytes_hash(want->city);
	struct space *space = space_by_id(node, &id);
	const enum entitlement entitled = space ? space_entitles(space, identity) : ENTITLED_NONE;
	if (want->n_have > TWINLOG_HAVE_MAX || want->stream == 0 ||
	    serves_make_room(node, link->id, &id, &city) >= TWINLOG_SERVES_MAX) {
		link_refuse(node, link, TWINLOG_TOO_MANY, "request for bundles");
		return;
	}
	if (want->city.len == 0 && entitled > ENTITLED_NONE) {
		spaces_answer(node, link, space, want);
		return;
	}
	if (!space || !may_be_served(space, identity, &city)) {
		link_refuse(node, link, TWINLOG_NOT_A_MEMBER, "request for bundles");
		return;
	}
	/* While acts are not durable nobody gets more than before; the digest after their commit begins anew. */
	const struct graph *graph = space->acts_pending == 0 && !space->withheld ? space_graph_of(space, &city) : NULL;
	if (graph)
		serve_start(node, link, graph, want);
	else
		chunk_empty_send(node, link, want);
}

void stream_credit(struct node *node, struct node_link *link, const Twinlog__Credit *credit)
{
	if (credit->stream == 0) {
		struct node_peer *peer = &node->peers.items[link->peer];
		peer->push_bytes -= credit->bytes < peer->push_bytes ? credit->bytes : peer->push_bytes;
		return;
	}
	window_credited(node, &link->window, credit->bytes);
	for (size_t i = 0; i < node->serves.count; i++) {
		struct serve *serve = &node->serves.items[i];
		if (serve->link != link->id || serve->stream != credit->stream)
			continue;
		const uint64_t sum = (uint64_t)(serve->credit > 0 ? serve->credit : 0) + credit->bytes;
		if (serve->credit < 0 && credit->bytes < TWINLOG_CREDIT_BYTES)
			serve->credit += (int64_t)credit->bytes;
		else
			serve->credit = sum < TWINLOG_CREDIT_BYTES ? (int64_t)sum : TWINLOG_CREDIT_BYTES;
		break;
	}
	stream_pump(node, link);
}

static void sent_own_advance(struct node *node, const struct serve *serve)
{
	const struct node_link *link = link_find(node, serve->link);
	if (!link || !hash_equal(&serve->city, &node->card->identity))
		return;
	struct peer_space *known = peer_space(&node->peers.items[link->peer], &serve->space);
	if (known && serve->sequences[serve->count - 1] > known->sent_own)
		known->sent_own = serve->sequences[serve->count - 1];
}

/* Erasures may have made the bundles smaller since the credit was taken: the partner gives back what it got. */
static void serve_sent(struct node *node, struct node_link *link, struct serve *serve, size_t content)
{
	if (serve->in_flight == 0)
		return;
	budget_refund(&node->peers.items[link->peer], serve->charged[0]);
	if (content < serve->charged[0]) {
		serve->credit += (int64_t)(serve->charged[0] - content);
		window_credited(node, &link->window, serve->charged[0] - content);
	}
	serve->charged[0] = serve->charged[1];
	serve->in_flight--;
}

void stream_chunk_sent(struct node *node, const struct event *event)
{
	struct node_link *link = link_find(node, event->chunk_sent.link);
	if (!link || link->peer == LINK_NONE_YET)
		return;
	node->peers.items[link->peer].bytes_out += event->chunk_sent.bytes;
	budget_charge(&node->peers.items[link->peer], event->chunk_sent.bytes);
	for (size_t i = 0; i < node->serves.count; i++) {
		struct serve *serve = &node->serves.items[i];
		if (serve->link != event->chunk_sent.link || serve->stream != event->chunk_sent.stream)
			continue;
		serve_sent(node, link, serve, event->chunk_sent.content);
		if (serve->next == serve->count && serve->in_flight == 0) {
			sent_own_advance(node, serve);
			serve_drop(node, i);
		} else {
			serve_pump(node, serve);
		}
		return;
	}
}

void stream_cut_off(struct node *node, const struct space *space)
{
	for (size_t i = node->serves.count; i-- > 0;) {
		const struct serve *serve = &node->serves.items[i];
		const struct node_link *link = link_find(node, serve->link);
		if (hash_equal(&serve->space, acts_space(space->acts)) &&
		    !(link && link->peer != LINK_NONE_YET &&
		      may_be_served(space, &node->peers.items[link->peer].card->identity, &serve->city)))
			serve_drop(node, i);
	}
}

bool node_chunk_may_go(struct node *node, uint32_t link_id, const struct hash *space_id, const struct hash *city)
{
	const struct node_link *link = link_find(node, link_id);
	const struct space *space = space_by_id(node, space_id);
	return link && link->peer != LINK_NONE_YET && space &&
	       may_be_served(space, &node->peers.items[link->peer].card->identity, city);
}

void stream_link_gone(struct node *node, uint32_t link)
{
	for (size_t i = node->serves.count; i-- > 0;)
		if (node->serves.items[i].link == link)
			serve_drop(node, i);
}

/* ---- Taking in. ---- */

/* A live push comes from its author, who is a member; an answer must be one that was asked for, be it that it was given
 * up meanwhile: what a slow line has carried is not thrown away. */
static enum twinlog_error chunk_expected(struct node *node, struct node_link *link, const Twinlog__Chunk *chunk,
					 const struct hash *space_id, const struct hash *city, bool *ret_late)
{
	const struct space *space = space_by_id(node, space_id);
	*ret_late = false;
	if (chunk->size > TWINLOG_MESSAGE_MAX || (chunk->bundles.len == 0) != (chunk->size == 0))
		return TWINLOG_MALFORMED;
	if (link->checks >= TWINLOG_CHECKS_MAX)
		return TWINLOG_TOO_MANY;
	if (chunk->stream == 0)
		return space && hash_equal(city, &node->peers.items[link->peer].card->identity) &&
			       space_entitles(space, city) == ENTITLED_ALL
			   ? TWINLOG_OK
			   : TWINLOG_NOT_A_MEMBER;
	const struct want *want = want_find(node, link->id, chunk->stream);
	if (!want) {
		*ret_late = !space || !acts_member(space->acts, city) ||
			    space_entitles(space, &node->card->identity) != ENTITLED_ALL ||
			    space_entitles(space, &node->peers.items[link->peer].card->identity) != ENTITLED_ALL;
		return chunk->stream <= link->streams ? TWINLOG_OK : TWINLOG_MALFORMED;
	}
	return space && hash_equal(&want->space, space_id) && hash_equal(&want->city, city) ? TWINLOG_OK
											    : TWINLOG_MALFORMED;
}

static void check_start(struct node *node, struct node_link *link, const Twinlog__Chunk *chunk,
			const struct space *space, const struct hash *city)
{
	struct check *check = ARRAY_PUSH(&node->checks);
	size_t keys_count;
	const struct seal_public *keys = acts_keys(space->acts, city, &keys_count);
	const struct seal_public *copy = arena_copy(node->effects->arena, keys, keys_count * sizeof *keys);
	const uint8_t *bytes = arena_copy(node->effects->arena, chunk->bundles.data, chunk->bundles.len);
	if (!check || !copy || !bytes) {
		node->out_of_memory = true;
		return;
	}
	*check = (struct check){.id = ++node->next_check,
				.link = link->id,
				.stream = chunk->stream,
				.space = *acts_space(space->acts),
				.city = *city,
				.last = chunk->last};
	link->checks++;
	struct effect *effect = effect_add(node, EFFECT_CHECK);
	effect->check.check = check->id;
	effect->check.keys = copy;
	effect->check.keys_count = keys_count;
	effect->check.compressed = bytes;
	effect->check.compressed_size = chunk->bundles.len;
	effect->check.size = chunk->size;
}

void stream_chunk(struct node *node, struct node_link *link, const Twinlog__Chunk *chunk)
{
	const struct hash space_id = bytes_hash(chunk->space), city = bytes_hash(chunk->city);
	bool late;
	const enum twinlog_error error = chunk_expected(node, link, chunk, &space_id, &city, &late);
	if (error)
		link_refuse(node, link, error, "bundles");
	if (error || late) {
		/* What is not looked at is not under way any more either. */
		credit_give(node, link, chunk->stream, chunk->size);
		return;
	}
	if (chunk->bundles.len > 0)
		check_start(node, link, chunk, space_by_id(node, &space_id), &city);
	else if (chunk->last && want_find(node, link->id, chunk->stream))
		want_end(node, link->id, chunk->stream);
}

static bool lacks_erasure(const struct space *space, const struct bundle *bundle)
{
	for (uint32_t i = 0; i < bundle->leaves_count; i++)
		if (!bundle->leaves[i].salt &&
		    !erasures_excuse(space->erasures, &bundle->city, &bundle->leaves[i].hash))
			return true;
	return false;
}

static void bundle_persist(struct node *node, struct bundle *bundle, uint64_t sequence, bool own, uint32_t link)
{
	struct persist *persist = effect_persist(node, PERSIST_BUNDLE);
	persist->sequence = sequence;
	persist->space = bundle->space;
	persist->city = bundle->city;
	persist->bytes = bundle->bytes;
	persist->size = bundle->size;
	struct pending *pending = pending_add(node, PENDING_BUNDLE);
	if (!pending)
		return;
	pending->space = bundle->space;
	pending->bundle = bundle;
	pending->sequence = sequence;
	pending->own = own;
	pending->link = link;
}

/* Takes the bundle over on TWINLOG_OK. own: made here just now, so that nothing about it is in doubt. */
enum twinlog_error stream_bundle_take(struct node *node, struct space *space, struct bundle *bundle, bool own,
				      uint32_t link)
{
	bool may_speak;
	enum twinlog_error error =
	    acts_may_speak(space->acts, &bundle->city, bundle->acts, bundle->acts_count, bundle->key, &may_speak);
	if (error)
		return error;
	/* Without its erasure a leaf that lacks its body may be anybody's loss: PROTOCOL, "Erasures". */
	if (lacks_erasure(space, bundle))
		return TWINLOG_NO_ERASURE;
	struct graph *graph = space_graph_make(space, &bundle->city);
	const uint32_t ref = space_act_heads_ref(space, bundle->acts, bundle->acts_count);
	if (!graph || ref == UINT32_MAX)
		return TWINLOG_NO_MEMORY;
	error = graph_add(graph, bundle, node->sequence + 1, true, (uint16_t)bundle->key, ref);
	if (error)
		return error;
	if (space_bundle_added(node, space, graph))
		node->out_of_memory = true; /* the bundle stands in the graph already */
	bundle_persist(node, bundle, ++node->sequence, own, link);
	return TWINLOG_OK;
}

static enum twinlog_error bundle_arrives(struct node *node, const struct check *check, struct bundle **arrived,
					 bool *ret_new)
{
	struct space *space = space_by_id(node, &check->space);
	const struct bundle *bundle = *arrived;
	*ret_new = false;
	if (!space || !hash_equal(&bundle->space, &check->space) || !hash_equal(&bundle->city, &check->city))
		return TWINLOG_MALFORMED;
	enum twinlog_error error = erasures_strip_arrived(space, arrived);
	if (!error)
		error = stream_bundle_take(node, space, *arrived, false, check->link);
	*ret_new = error == TWINLOG_OK;
	return error == TWINLOG_DUPLICATE ? TWINLOG_OK : error;
}

/* Something is missing below this bundle: ask for it properly. While acts that it rests on are not to be had it is not
 * asked for again: another digest tells of it. */
static void check_wants_more(struct node *node, struct node_link *link, const struct check *check,
			     const struct bundle *bundle)
{
	const struct space *space = space_by_id(node, &check->space);
	for (uint32_t i = 0; space && i < bundle->acts_count; i++)
		if (!acts_has(space->acts, &bundle->acts[i]) && !sync_want_acts(node, link, &check->space))
			return;
	sync_announced(node, &node->peers.items[link->peer], &check->space, &check->city, &bundle->id);
}

/* An erasure may have overtaken the bundle it made smaller, or never come: asked for once, then others are asked. */
static void check_asks_erasures(struct node *node, struct node_link *link, const struct check *check,
				enum twinlog_error error)
{
	struct space *space = space_by_id(node, &check->space);
	const struct node_peer *peer = &node->peers.items[link->peer];
	/* Whoever sent it may have been removed meanwhile. */
	if (error != TWINLOG_NO_ERASURE || !space || peer->avoid_until_mono_ms > node->now.mono_ms ||
	    space_entitles(space, &peer->card->identity) != ENTITLED_ALL)
		return;
	erasures_ask(node, link, space, false);
	heads_tell(node, link, space, true);
}

static void check_end(struct node *node, const struct check *check, enum twinlog_error error, size_t bytes)
{
	struct node_link *link = link_find(node, check->link);
	if (!link)
		return;
	link->checks--;
	struct pending *credit = pending_add(node, PENDING_CREDIT);
	if (credit) {
		credit->link = check->link;
		credit->stream = check->stream;
		credit->bytes_count = bytes;
	}
	if (error && error != TWINLOG_UNKNOWN_PARENT) {
		link_refuse(node, link, error, "bundle");
		check_asks_erasures(node, link, check, error);
		node->peers.items[link->peer].avoid_until_mono_ms = node->now.mono_ms + TWINLOG_AVOID_MS;
	}
	if (check->stream != 0 && (check->last || error))
		want_end(node, check->link, check->stream);
	if (error == TWINLOG_UNKNOWN_PARENT)
		sync_pursue(node, &check->space, &check->city);
}

void stream_checked(struct node *node, const struct event *event)
{
	enum twinlog_error error = event->checked.refused;
	size_t place = 0;
	while (place < node->checks.count && node->checks.items[place].id != event->checked.check)
		place++;
	const bool known = place < node->checks.count;
	const struct check check = known ? node->checks.items[place] : (struct check){0};
	if (known)
		ARRAY_DROP(&node->checks, place);
	struct node_link *link = link_find(node, check.link);
	for (size_t i = 0; i < event->checked.count; i++) {
		struct bundle *bundle = event->checked.bundles[i];
		bool taken = false;
		const enum twinlog_error fault = known ? bundle_arrives(node, &check, &bundle, &taken) : TWINLOG_OK;
		if (fault == TWINLOG_UNKNOWN_PARENT && link)
			check_wants_more(node, link, &check, bundle);
		if (taken)
			want_got(node, check.link, want_instead(node, &check), bundle->size);
		if (!taken)
			bundle_free(bundle);
		if (fault == TWINLOG_NO_MEMORY)
			node->out_of_memory = true;
		/* What follows one that is refused lacks its parent: that is no reason of its own. */
		if (!error || error == TWINLOG_UNKNOWN_PARENT)
			error = fault ? fault : error;
	}
	if (known)
		check_end(node, &check, error, event->checked.bytes);
}
