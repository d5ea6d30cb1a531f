/* Positions told to partners. The own one goes to all at once. Those of others are passed on at a pace: each city has
 * its share, however large its positions are and however many machines it says it has, and each partner is told as its
 * budget allows. Of each machine the newest goes, so what waits is not lost. PROTOCOL, "Positions". */
#include "node_internal.h"

static void set_put(struct peer_set *set, size_t peer, bool in)
{
	const uint64_t bit = UINT64_C(1) << peer % 64;
	if (peer >= TWINLOG_PEERS_MAX)
		return;
	set->words[peer / 64] = in ? set->words[peer / 64] | bit : set->words[peer / 64] & ~bit;
}

static bool set_has(const struct peer_set *set, size_t peer)
{
	return peer < TWINLOG_PEERS_MAX && (set->words[peer / 64] >> peer % 64 & 1);
}

static void set_join(struct peer_set *set, const struct peer_set *more)
{
	for (size_t i = 0; i < TWINLOG_PEERS_MAX / 64; i++)
		set->words[i] |= more->words[i];
}

/* ---- At once ---- */

static void list_send(struct node *node, const struct node_link *link, const ProtobufCBinaryData *list, size_t count)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Positions positions = TWINLOG__POSITIONS__INIT;
	positions.positions = (ProtobufCBinaryData *)(uintptr_t)list;
	positions.n_positions = count;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_POSITIONS;
	message.positions = &positions;
	effect_send(node, link, &message);
}

/* Who does not know the acts that are known here may not be able to tell whose a position is, and drops it; and while
 * they are not durable here none goes out. Then all are told once more when both are seen to know the same. */
static void doubtful(struct node_peer *peer, const struct space *space)
{
	struct peer_space *known = peer_space(peer, acts_space(space->acts));
	if (known && (!known->same_acts || space->acts_pending > 0))
		known->told_positions = false;
}

static bool wants(const struct node *node, const struct node_peer *peer, const struct space *space)
{
	return space->acts_pending == 0 && space_entitles(space, &peer->card->identity) == ENTITLED_ALL &&
	       space_entitles(space, &node->card->identity) == ENTITLED_ALL;
}

void position_tell(struct node *node, struct node_peer *peer, const struct space *space, ProtobufCBinaryData bytes)
{
	const struct node_link *link = peer_link(node, peer);
	if (link && wants(node, peer, space))
		list_send(node, link, &bytes, 1);
}

void position_tell_all(struct node *node, const struct space *space, ProtobufCBinaryData bytes)
{
	for (size_t i = 0; i < node->peers.count; i++) {
		struct node_peer *peer = &node->peers.items[i];
		if (peer_link(node, peer) && space_entitles(space, &peer->card->identity) == ENTITLED_ALL)
			doubtful(peer, space);
		position_tell(node, peer, space, bytes);
	}
}

/* ---- What is owed to one partner ---- */

static void owed_send_own(struct node *node, const struct node_link *link, const struct space *space)
{
	for (size_t i = 0; i < space->positions.count; i++) {
		struct known_position *known = &space->positions.items[i];
		if (!position_is_own(node, &known->city, known->machine) || !set_has(&known->owed, link->peer))
			continue;
		const ProtobufCBinaryData one = codec_bytes(known->bytes, known->size);
		set_put(&known->owed, link->peer, false);
		list_send(node, link, &one, 1);
	}
}

struct page {
	ProtobufCBinaryData *list;
	size_t count;
	size_t bytes;
};

static void page_send(struct node *node, const struct node_link *link, struct page *page)
{
	if (page->count > 0)
		list_send(node, link, page->list, page->count);
	budget_relayed(node, &node->peers.items[link->peer], page->bytes);
	page->count = page->bytes = 0;
}

/* A page after the other, from where it stopped last: what is said over and over holds up nothing else. Answers whether
 * all has gone. */
static bool owed_send(struct node *node, const struct node_link *link, const struct space *space, struct page *page,
		      size_t *at)
{
	struct node_peer *peer = &node->peers.items[link->peer];
	const size_t most = budget_page(peer), total = space->positions.count;
	for (size_t i = 0; i < total; i++, (*at)++) {
		struct known_position *known = &space->positions.items[*at % total];
		if (!set_has(&known->owed, link->peer))
			continue;
		if (page->count > 0 && page->bytes + known->size > most) {
			page_send(node, link, page);
			if (!budget_allows_relay(node, peer))
				return false;
		}
		set_put(&known->owed, link->peer, false);
		if (hash_equal(&known->city, &peer->card->identity))
			continue;
		page->list[page->count++] = codec_bytes(known->bytes, known->size);
		page->bytes += known->size;
	}
	page_send(node, link, page);
	return true;
}

static bool owes(const struct space *space, size_t peer)
{
	for (size_t i = 0; i < space->positions.count; i++)
		if (set_has(&space->positions.items[i].owed, peer))
			return true;
	return false;
}

static void owed_pay(struct node *node, const struct node_link *link, struct space *space)
{
	struct node_peer *peer = &node->peers.items[link->peer];
	struct peer_space *with = peer_space(peer, acts_space(space->acts));
	if (!owes(space, link->peer))
		return;
	struct page page = {.list = arena_alloc(node->effects->arena, space->positions.count * sizeof *page.list)};
	if (!page.list || !with) {
		node->out_of_memory = true;
		return;
	}
	with->positions_at %= space->positions.count;
	if (budget_allows_relay(node, peer) && owed_send(node, link, space, &page, &with->positions_at))
		return;
	owed_send_own(node, link, space);
	peer->relays_wait = true;
}

void positions_relay_owed(struct node *node, struct node_peer *peer)
{
	const struct node_link *link = peer_link(node, peer);
	peer->relays_wait = false;
	for (size_t i = 0; link && i < node->spaces.count; i++) {
		struct space *space = &node->spaces.items[i];
		if (space_entitles(space, &peer->card->identity) == ENTITLED_ALL)
			doubtful(peer, space);
		/* To whom nothing may go now, all goes again once it may. */
		if (wants(node, peer, space))
			owed_pay(node, link, space);
	}
}

void positions_send_all(struct node *node, struct node_link *link, struct space *space)
{
	if (!wants(node, &node->peers.items[link->peer], space))
		return;
	for (size_t i = 0; i < space->positions.count; i++)
		set_put(&space->positions.items[i].owed, link->peer, true);
	owed_pay(node, link, space);
}

/* ---- What is passed on ---- */

#define PACE_AHEAD_MS TWINLOG_RELAY_INTERVAL_MS /* so much of its share a city may use at once */

static void relay_due(struct space *space, uint64_t due_mono_ms)
{
	if (space->relay_due_mono_ms == 0 || due_mono_ms < space->relay_due_mono_ms)
		space->relay_due_mono_ms = due_mono_ms;
}

static size_t pace_of(struct space *space, const struct hash *city)
{
	size_t i = 0;
	while (i < space->paces.count && !hash_equal(&space->paces.items[i].city, city))
		i++;
	if (i < space->paces.count)
		return i;
	struct relay_pace *made = ARRAY_PUSH(&space->paces);
	if (!made)
		return SIZE_MAX;
	made->city = *city;
	return i;
}

void position_pass_on(struct node *node, struct space *space, struct known_position *known,
		      const struct node_peer *from)
{
	const size_t pace = pace_of(space, &known->city);
	if (pace == SIZE_MAX) {
		node->out_of_memory = true;
		return;
	}
	known->relay = true;
	known->pace = (uint32_t)pace;
	known->from_peer = (uint32_t)(from - node->peers.items);
	set_put(&known->owed, known->from_peer, false);
	relay_due(space, node->now.mono_ms + TWINLOG_RELAY_INTERVAL_MS);
}

/* Whether the city's share has room, which is then used. A position larger than that goes, and others after it wait. */
static bool pace_allows(struct node *node, struct space *space, const struct known_position *known)
{
	struct relay_pace *pace = &space->paces.items[known->pace];
	if (pace->until_mono_ms > node->now.mono_ms + PACE_AHEAD_MS) {
		relay_due(space, pace->until_mono_ms - PACE_AHEAD_MS);
		return false;
	}
	if (pace->until_mono_ms < node->now.mono_ms)
		pace->until_mono_ms = node->now.mono_ms;
	pace->until_mono_ms += known->size * 1000 / TWINLOG_RELAY_RATE + 1;
	return true;
}

/* The next time begins with the first that had to wait, so that no machine holds up another of its city. */
static void relays_owe(struct node *node, struct space *space, const struct peer_set *to)
{
	const size_t total = space->positions.count, first = total ? space->relay_at % total : 0;
	bool waits = false;
	for (size_t i = 0; i < total; i++) {
		struct known_position *known = &space->positions.items[(first + i) % total];
		if (!known->relay)
			continue;
		if (!pace_allows(node, space, known)) {
			space->relay_at = waits ? space->relay_at : (first + i) % total;
			waits = true;
			continue;
		}
		known->relay = false;
		set_join(&known->owed, to);
		set_put(&known->owed, known->from_peer, false);
	}
}

void positions_relay(struct node *node, struct space *space)
{
	struct peer_set to = {{0}};
	space->relay_due_mono_ms = 0;
	for (size_t i = 0; i < node->peers.count; i++) {
		struct node_peer *peer = &node->peers.items[i];
		if (!peer_link(node, peer))
			continue;
		if (space_entitles(space, &peer->card->identity) == ENTITLED_ALL)
			doubtful(peer, space);
		set_put(&to, i, wants(node, peer, space));
	}
	relays_owe(node, space, &to);
	for (size_t i = 0; i < node->peers.count; i++)
		if (set_has(&to, i))
			owed_pay(node, peer_link(node, &node->peers.items[i]), space);
}
