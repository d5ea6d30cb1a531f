/* Erasures told to partners: new ones as they come, and answers to who asks for what it lacks. A link bounds what may
 * wait on it, and there may be far more erasures than that: an answer stops at a size and says so, and who asked asks
 * on from there. The order of ids is the same at both, so nothing is kept of it where it is answered. PROTOCOL, "Sync".
 */
#include "node_internal.h"

/* ---- Pages. ---- */

enum page_end { PAGE_GOES_ON, PAGE_MORE, PAGE_LAST };

struct page {
	ProtobufCBinaryData *list;
	size_t count;
	size_t bytes;
};

static void page_send(struct node *node, struct node_link *link, const struct space *space, struct page *page,
		      enum page_end end)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Erasures erasures = TWINLOG__ERASURES__INIT;
	if (page->count == 0 && end == PAGE_GOES_ON)
		return;
	erasures.last = end == PAGE_LAST;
	erasures.more = end == PAGE_MORE;
	erasures.space = codec_hash(acts_space(space->acts));
	erasures.erasures = page->list;
	erasures.n_erasures = page->count;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_ERASURES;
	message.erasures = &erasures;
	effect_send(node, link, &message);
	page->count = page->bytes = 0;
}

static void page_add(struct node *node, struct node_link *link, const struct space *space, struct page *page,
		     const struct erasure *erasure)
{
	if (page->bytes + erasure->size > TWINLOG_PART_MAX)
		page_send(node, link, space, page, PAGE_GOES_ON);
	page->list[page->count++] = codec_bytes(erasure->bytes, erasure->size);
	page->bytes += erasure->size;
}

static bool page_init(struct node *node, size_t most, struct page *page)
{
	*page = (struct page){.list = arena_alloc(node->effects->arena, (most + 1) * sizeof *page->list)};
	node->out_of_memory = node->out_of_memory || !page->list;
	return page->list != NULL;
}

/* ---- Who may have which. ---- */

/* Whether one who is no member any more may have received a bundle: it was sent it after the acts it names. */
static bool once_received(const struct space *space, const struct hash *identity, const struct graph *graph,
			  uint32_t index)
{
	const struct act_heads *named = &space->act_heads.items[graph_at(graph, index)->acts_ref];
	return acts_heads_may_be_told(space->acts, identity, named->heads, named->count);
}

/* PROTOCOL, "Acts": a removed city can still fetch the erasures of what it once received. */
static bool is_for(const struct node *node, const struct space *space, const struct node_link *link,
		   const struct erasure *erasure)
{
	const struct hash *identity = &node->peers.items[link->peer].card->identity;
	const struct member *member = acts_member(space->acts, identity);
	const struct graph *graph = space_graph_of(space, &erasure->city);
	const uint32_t index = graph ? graph_find(graph, &erasure->bundle) : GRAPH_NONE;
	switch (space_entitles(space, identity)) {
	case ENTITLED_ALL:
		return true;
	case ENTITLED_PAST_ACTS:
		return member->ever_member && index != GRAPH_NONE && once_received(space, identity, graph, index);
	default:
		return false;
	}
}

/* No digest tells one who is no member any more that there are some: so once the acts are durable. */
static void owe(struct node *node, const struct node_link *link, const struct space *space)
{
	struct peer_space *known = peer_space(&node->peers.items[link->peer], acts_space(space->acts));
	if (known)
		known->owes_erasures = true;
	else
		node->out_of_memory = true;
}

void erasures_send_new(struct node *node, struct node_link *link, const struct space *space)
{
	const size_t committed = erasures_committed(space->erasures);
	struct page page;
	if (space->acts_pending > 0)
		owe(node, link, space);
	if (space->acts_pending > 0 || !page_init(node, committed - space->erasures_sent, &page))
		return;
	for (size_t i = space->erasures_sent; i < committed; i++) {
		const struct erasure *erasure = erasures_at(space->erasures, i);
		if (erasure->from != link->id && is_for(node, space, link, erasure))
			page_add(node, link, space, &page, erasure);
	}
	page_send(node, link, space, &page, PAGE_GOES_ON);
}

/* ---- Those with the least ids that have room in one answer: a heap, the greatest on top. ---- */

struct pick {
	const struct erasure **items;
	size_t count;
	size_t bytes;
	const struct erasure *beyond; /* the least that found no room; NULL: all did */
};

static void pick_swap(struct pick *pick, size_t a, size_t b)
{
	const struct erasure *item = pick->items[a];
	pick->items[a] = pick->items[b];
	pick->items[b] = item;
}

static bool pick_less(const struct pick *pick, size_t a, size_t b)
{
	return hash_compare(&pick->items[a]->id, &pick->items[b]->id) < 0;
}

static void pick_sink(struct pick *pick, size_t count)
{
	for (size_t at = 0, child; (child = 2 * at + 1) < count; at = child) {
		child += child + 1 < count && pick_less(pick, child, child + 1);
		if (!pick_less(pick, at, child))
			return;
		pick_swap(pick, at, child);
	}
}

static void pick_add(struct pick *pick, const struct erasure *erasure)
{
	size_t at = pick->count++;
	pick->items[at] = erasure;
	pick->bytes += erasure->size;
	for (; at > 0 && pick_less(pick, (at - 1) / 2, at); at = (at - 1) / 2)
		pick_swap(pick, (at - 1) / 2, at);
	while (pick->bytes > TWINLOG_PARTS_BYTES) {
		pick->beyond = pick->items[0];
		pick->bytes -= pick->beyond->size;
		pick_swap(pick, 0, --pick->count);
		pick_sink(pick, pick->count);
	}
}

static void pick_sort(struct pick *pick)
{
	for (size_t end = pick->count; end > 1; end--) {
		pick_swap(pick, 0, end - 1);
		pick_sink(pick, end - 1);
	}
}

/* ---- Answers. ---- */

/* buckets: what the partner holds; NULL: not known. */
static bool is_asked(const struct space *space, const struct erasure *erasure, const uint8_t *buckets,
		     const struct hash *after)
{
	const size_t bucket = erasure->id.bytes[0];
	return hash_compare(&erasure->id, after) > 0 &&
	       !(buckets &&
		 memcmp(buckets + bucket * HASH_SIZE, &erasures_buckets(space->erasures)[bucket], HASH_SIZE) == 0);
}

static void answer(struct node *node, struct node_link *link, const struct space *space, const uint8_t *buckets,
		   const struct hash *after)
{
	const struct hash *identity = &node->peers.items[link->peer].card->identity;
	const bool member = space_entitles(space, identity) == ENTITLED_ALL;
	const size_t committed = erasures_committed(space->erasures);
	struct pick pick = {.items = arena_alloc(node->effects->arena, (committed + 1) * sizeof(*pick.items))};
	struct page page;
	for (size_t i = 0; pick.items && i < committed; i++) {
		const struct erasure *erasure = erasures_at(space->erasures, i);
		/* What lies beyond one that found no room comes after it. */
		if (is_asked(space, erasure, buckets, after) &&
		    (!pick.beyond || hash_compare(&erasure->id, &pick.beyond->id) < 0) &&
		    (member || is_for(node, space, link, erasure)))
			pick_add(&pick, erasure);
	}
	node->out_of_memory = node->out_of_memory || !pick.items;
	if (!pick.items || !page_init(node, pick.count, &page))
		return;
	pick_sort(&pick);
	for (size_t i = 0; i < pick.count; i++)
		page_add(node, link, space, &page, pick.items[i]);
	/* To one who is no member any more these are never all. */
	page_send(node, link, space, &page, pick.beyond ? PAGE_MORE : member ? PAGE_LAST : PAGE_GOES_ON);
}

void erasures_send_past(struct node *node, struct node_link *link, const struct space *space)
{
	const struct hash all = {0};
	if (space_entitles(space, &node->peers.items[link->peer].card->identity) != ENTITLED_PAST_ACTS)
		return;
	if (space->acts_pending > 0)
		owe(node, link, space);
	else
		answer(node, link, space, NULL, &all);
}

void erasures_send_owed(struct node *node, struct node_link *link, const struct space *space)
{
	struct peer_space *known = peer_space(&node->peers.items[link->peer], acts_space(space->acts));
	if (!known || !known->owes_erasures)
		return;
	known->owes_erasures = false;
	erasures_send_past(node, link, space);
}

void erasures_asked(struct node *node, struct node_link *link, const Twinlog__ErasureBuckets *theirs)
{
	const struct hash id = bytes_hash(theirs->space), after = bytes_hash(theirs->after);
	const struct space *space = space_by_id(node, &id);
	const enum entitlement entitled =
	    space ? space_entitles(space, &node->peers.items[link->peer].card->identity) : ENTITLED_NONE;
	if (theirs->buckets.len != ERASURE_BUCKETS * HASH_SIZE ||
	    (entitled != ENTITLED_ALL && entitled != ENTITLED_PAST_ACTS)) {
		link_refuse(node, link, space ? TWINLOG_NOT_A_MEMBER : TWINLOG_MALFORMED, "request for erasures");
		return;
	}
	if (space->acts_pending > 0) {
		owe(node, link, space);
		return;
	}
	answer(node, link, space, theirs->buckets.data, &after);
	if (theirs->reply && entitled == ENTITLED_ALL)
		erasures_ask(node, link, space, false);
}

/* ---- Asking. ---- */

static void ask_after(struct node *node, struct node_link *link, const struct space *space, const struct hash *after,
		      bool reply)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__ErasureBuckets ask = TWINLOG__ERASURE_BUCKETS__INIT;
	ask.space = codec_hash(acts_space(space->acts));
	ask.buckets = codec_bytes(erasures_buckets(space->erasures), ERASURE_BUCKETS * HASH_SIZE);
	ask.reply = reply;
	if (!hash_is_zero(after))
		ask.after = codec_hash(after);
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_ERASURE_BUCKETS;
	message.erasure_buckets = &ask;
	effect_send(node, link, &message);
}

bool erasures_come(const struct node *node, const struct peer_space *known)
{
	return !hash_is_zero(&known->erasures_after) &&
	       node->now.mono_ms - known->erasures_mono_ms < TWINLOG_WANT_TIMEOUT_MS;
}

void erasures_ask(struct node *node, struct node_link *link, const struct space *space, bool reply)
{
	struct peer_space *known = peer_space(&node->peers.items[link->peer], acts_space(space->acts));
	if (!known) {
		node->out_of_memory = true;
		return;
	}
	/* A question on which an answer goes on may have met acts that were not durable: it is asked again. */
	const bool goes_on = erasures_come(node, known);
	if (!goes_on) {
		known->erasures_after = (struct hash){0};
		known->erasures_refused = false;
	}
	ask_after(node, link, space, &known->erasures_after, reply && !goes_on);
}

/* At once: what came is not durable yet and so not in the buckets, but nothing up to there is sent again. A partner
 * that says there is more and brings nothing greater is not asked on. */
static void ask_on(struct node *node, struct node_link *link, const struct space *space, struct peer_space *known,
		   const struct hash *greatest)
{
	if (hash_compare(greatest, &known->erasures_after) <= 0)
		return;
	known->erasures_after = *greatest;
	known->erasures_mono_ms = node->now.mono_ms;
	ask_after(node, link, space, greatest, false);
}

void erasures_heard(struct node *node, struct node_link *link, struct space *space, const Twinlog__Erasures *erasures,
		    const struct hash *greatest, bool all)
{
	struct node_peer *peer = &node->peers.items[link->peer];
	struct peer_space *known = peer_space(peer, acts_space(space->acts));
	if (!known) {
		node->out_of_memory = true;
		return;
	}
	known->erasures_refused |= !all;
	/* Nothing is asked of, or follows from, what one outside says, or what comes late on a link given up. */
	if (space_entitles(space, &peer->card->identity) != ENTITLED_ALL || peer->link != link->id)
		return;
	const bool went_on = !hash_is_zero(&known->erasures_after);
	if (erasures->more && !erasures->last)
		ask_on(node, link, space, known, greatest);
	if (erasures->last) {
		/* It answers a question that went on from all that was heard before it. */
		known->erasures_after = (struct hash){0};
		if (!known->erasures_refused)
			erasures_known(node, space);
	}
	if (went_on && hash_is_zero(&known->erasures_after))
		sync_pursue_all(node, acts_space(space->acts)); /* what waited for them */
}
