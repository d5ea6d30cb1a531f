/* What a partner may cost: bytes a second both ways, as its operator here has set them, and bytes under way that it has
 * not credited yet. What is small (digests, heads, own positions, pushes) goes at once and is only charged; what can
 * wait (streams out, the credit that makes streams come in, others' positions) waits until the purse is filled.
 * PROTOCOL, "Links". */
#include "node_internal.h"

#define PURSE_MS         2000 /* of its rate fit into a purse */
#define CHUNK_MS         4000 /* of its rate make a chunk */
#define CHUNK_LEAST      4096
#define RELAY_PART       4u /* others' positions have one byte of so many */
#define CHUNKS_OF_WINDOW (TWINLOG_WINDOW_MIN / TWINLOG_CHUNK_SLOW)
#define WINDOW_FAST_MS   1000
#define WINDOW_SLOW_MS   4000

static bool budget_limits(const struct node_peer *peer)
{
	return peer->rate != BUDGET_NONE;
}

static int64_t purse_most(const struct node_peer *peer)
{
	const uint64_t most = peer->rate < UINT64_C(1) << 40 ? peer->rate * PURSE_MS / 1000 : UINT64_C(1) << 40;
	return (int64_t)(most > 0 ? most : 1);
}

static void purse_fill(const struct node *node, struct node_peer *peer)
{
	const uint64_t passed_ms = node->now.mono_ms - peer->purse_mono_ms;
	const int64_t most = purse_most(peer);
	/* A purse in debt may take long: it is filled by whole bytes, and the rest of a millisecond is not lost. */
	const uint64_t whole = passed_ms < 86400000 ? passed_ms : 86400000;
	const uint64_t earned = peer->rate < UINT64_C(1) << 32 ? peer->rate * whole / 1000 : (uint64_t)most;
	if (earned == 0)
		return;
	peer->purse_mono_ms = node->now.mono_ms;
	peer->purse = peer->purse > most - (int64_t)earned ? most : peer->purse + (int64_t)earned;
}

bool budget_allows(struct node *node, struct node_peer *peer)
{
	if (!budget_limits(peer))
		return true;
	purse_fill(node, peer);
	return peer->purse > 0;
}

void budget_charge(struct node_peer *peer, uint64_t bytes)
{
	if (budget_limits(peer) && peer->purse > INT64_MIN / 2)
		peer->purse -= (int64_t)(bytes < UINT32_MAX ? bytes : UINT32_MAX);
}

void budget_refund(struct node_peer *peer, uint64_t bytes)
{
	if (budget_limits(peer))
		peer->purse += (int64_t)bytes;
}

size_t budget_chunk(const struct node_peer *peer, const struct window *window)
{
	const uint64_t share = window->size / CHUNKS_OF_WINDOW;
	const size_t most = share < TWINLOG_CHUNK_MAX ? (size_t)share : TWINLOG_CHUNK_MAX;
	if (!budget_limits(peer) || peer->rate >= most * 1000ull / CHUNK_MS)
		return most;
	const size_t bytes = (size_t)(peer->rate * CHUNK_MS / 1000);
	return bytes > CHUNK_LEAST ? bytes : CHUNK_LEAST;
}

bool budget_allows_relay(struct node *node, struct node_peer *peer)
{
	return budget_allows(node, peer) && (!budget_limits(peer) || peer->relays_mono_ms <= node->now.mono_ms);
}

void budget_relayed(const struct node *node, struct node_peer *peer, uint64_t bytes)
{
	if (!budget_limits(peer) || peer->rate == 0)
		return;
	if (peer->relays_mono_ms < node->now.mono_ms)
		peer->relays_mono_ms = node->now.mono_ms;
	peer->relays_mono_ms += bytes * 1000 * RELAY_PART / peer->rate;
}

size_t budget_page(const struct node_peer *peer)
{
	if (!budget_limits(peer) || peer->rate >= TWINLOG_PART_MAX * 1000ull / CHUNK_MS)
		return TWINLOG_PART_MAX;
	const size_t bytes = (size_t)(peer->rate * CHUNK_MS / 1000);
	return bytes > CHUNK_LEAST ? bytes : CHUNK_LEAST;
}

/* ---- What is under way ---- */

void window_open(struct window *window)
{
	*window = (struct window){.size = TWINLOG_WINDOW_MIN};
}

bool window_allows(const struct window *window)
{
	return window->sent - window->credited < window->size;
}

void window_sent(struct node *node, struct window *window, uint64_t bytes)
{
	if (window->mark <= window->credited) {
		window->mark = window->sent + bytes;
		window->mark_mono_ms = node->now.mono_ms;
	}
	window->sent += bytes;
}

void window_credited(struct node *node, struct window *window, uint64_t bytes)
{
	const uint64_t open = window->sent - window->credited;
	const bool marked = window->mark > window->credited;
	window->credited += bytes < open ? bytes : open;
	if (!marked || window->mark > window->credited)
		return;
	const uint64_t took_ms = node->now.mono_ms - window->mark_mono_ms;
	if (took_ms < WINDOW_FAST_MS && window->size < TWINLOG_WINDOW_MAX)
		window->size *= 2;
	else if (took_ms > WINDOW_SLOW_MS && window->size > TWINLOG_WINDOW_MIN)
		window->size /= 2;
}

/* ---- Credit ---- */

static void credit_send(struct node *node, const struct node_link *link, uint32_t stream, uint64_t bytes)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Credit credit = TWINLOG__CREDIT__INIT;
	credit.stream = stream;
	credit.bytes = bytes;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_CREDIT;
	message.credit = &credit;
	effect_send(node, link, &message);
}

void credit_give(struct node *node, struct node_link *link, uint32_t stream, uint64_t bytes)
{
	if (!link->ready)
		return;
	if (budget_allows(node, &node->peers.items[link->peer])) {
		credit_send(node, link, stream, bytes);
		return;
	}
	for (size_t i = 0; i < node->owed.count; i++) {
		struct owed *owed = &node->owed.items[i];
		if (owed->link == link->id && owed->stream == stream) {
			owed->bytes += bytes;
			return;
		}
	}
	struct owed *owed = ARRAY_PUSH(&node->owed);
	if (owed)
		*owed = (struct owed){link->id, stream, bytes};
	else
		node->out_of_memory = true;
}

static bool is_owed(const struct node *node, uint32_t link)
{
	for (size_t i = 0; i < node->owed.count; i++)
		if (node->owed.items[i].link == link)
			return true;
	return false;
}

/* Each that its purse still has. */
static void owed_pay(struct node *node, struct node_link *link)
{
	struct node_peer *peer = &node->peers.items[link->peer];
	for (size_t i = node->owed.count; i-- > 0;) {
		const struct owed owed = node->owed.items[i];
		if (owed.link != link->id)
			continue;
		if (!budget_allows(node, peer))
			return;
		ARRAY_DROP(&node->owed, i);
		credit_send(node, link, owed.stream, owed.bytes);
	}
}

void budget_link_gone(struct node *node, uint32_t link)
{
	for (size_t i = node->owed.count; i-- > 0;)
		if (node->owed.items[i].link == link)
			ARRAY_DROP(&node->owed, i);
}

/* ---- Time ---- */

void budget_time(struct node *node)
{
	for (size_t i = 0; node->budgets && i < node->links.count; i++) {
		struct node_link *link = &node->links.items[i];
		if (!link->ready || !budget_limits(&node->peers.items[link->peer]) ||
		    !budget_allows(node, &node->peers.items[link->peer]))
			continue;
		owed_pay(node, link);
		stream_pump(node, link);
		if (node->peers.items[link->peer].relays_wait &&
		    budget_allows_relay(node, &node->peers.items[link->peer]))
			positions_relay_owed(node, &node->peers.items[link->peer]);
	}
}

/* Only while something waits for it, so that a quiet link wakes nobody. */
uint64_t budget_deadline(const struct node *node)
{
	uint64_t deadline = UINT64_MAX;
	for (size_t i = 0; node->budgets && i < node->links.count; i++) {
		const struct node_link *link = &node->links.items[i];
		if (!link->ready)
			continue;
		const struct node_peer *peer = &node->peers.items[link->peer];
		const bool waits = is_owed(node, link->id) || stream_waits(node, link->id);
		if (!budget_limits(peer) || peer->rate == 0 || (!waits && !peer->relays_wait))
			continue;
		const uint64_t debt = peer->purse > 0 ? 0 : (uint64_t)-peer->purse + 1;
		uint64_t due = peer->purse_mono_ms + debt * 1000 / peer->rate + 1;
		if (!waits && due < peer->relays_mono_ms)
			due = peer->relays_mono_ms;
		deadline = due < deadline ? due : deadline;
	}
	return deadline;
}

/* ---- What the operator says ---- */

void budget_set(struct node *node, const struct event *event)
{
	struct node_peer *peer = peer_find(node, &event->budget.identity);
	if (!peer || peer->rate == event->budget.rate)
		return;
	peer->rate = event->budget.rate;
	node->budgets = true;
	peer->purse = peer->rate == BUDGET_NONE ? 0 : purse_most(peer);
	peer->purse_mono_ms = node->now.mono_ms;
	peer->relays_mono_ms = 0;
	for (size_t i = 0; i < node->links.count; i++) {
		struct node_link *link = &node->links.items[i];
		if (link->peer != (uint32_t)(peer - node->peers.items))
			continue;
		if (peer->rate == 0)
			link_drop(node, link, TWINLOG_OUT_OF_HOURS);
		else if (link->ready) {
			owed_pay(node, link);
			stream_pump(node, link);
			positions_relay_owed(node, peer);
		}
	}
}
