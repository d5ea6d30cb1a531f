/* A bundle is durable: heads and index advance, its author is answered, partners that keep up get it at once, and the
 * others hear of it. PROTOCOL, "Sync". */
#include "node_internal.h"

/* Made anew when an act or a partner came: a daemon may have hundreds of partners and a space two members. */
static const struct audience *audience_of(struct node *node, struct space *space)
{
	struct audience *audience = &space->audience;
	if (audience->acts_count == acts_count(space->acts) && audience->peers_count == node->peers.count)
		return audience;
	audience->peers.count = 0;
	for (uint32_t i = 0; i < node->peers.count; i++) {
		if (space_entitles(space, &node->peers.items[i].card->identity) != ENTITLED_ALL)
			continue;
		uint32_t *place = ARRAY_PUSH(&audience->peers);
		if (place)
			*place = i;
		else
			node->out_of_memory = true;
	}
	audience->acts_count = acts_count(space->acts);
	audience->peers_count = node->peers.count;
	return audience;
}

static void own_push(struct node *node, struct node_link *link, const struct space *space, const struct bundle *bundle,
		     uint64_t sequence)
{
	struct node_peer *peer = &node->peers.items[link->peer];
	struct peer_space *known = peer_space(peer, acts_space(space->acts));
	const struct graph *graph = space_graph_of(space, &bundle->city);
	bool keeps_up =
	    known && space->acts_pending == 0 && peer->push_bytes < TWINLOG_PUSH_BYTES && budget_allows(node, peer);
	for (uint32_t i = 0; i < bundle->parents_count && keeps_up; i++)
		keeps_up = graph_at(graph, graph_find(graph, &bundle->parents[i]))->sequence <= known->sent_own;
	if (!keeps_up)
		return; /* the announcement that follows makes it ask */
	stream_chunk_effect(node, link->id, acts_space(space->acts), &bundle->city, 0, &sequence, 1, false);
	peer->push_bytes += bundle->size;
	known->sent_own = sequence;
}

void stream_bundle_committed(struct node *node, struct pending *pending)
{
	struct space *space = space_by_id(node, &pending->space);
	const struct bundle *bundle = pending->bundle;
	struct graph *graph = space_graph(space, &bundle->city);
	const uint32_t index = graph_committed(graph);
	if (graph_commit(graph) ||
	    statements_apply(space->statements, bundle, pending->sequence, graph_at(graph, index)->counts)) {
		node->out_of_memory = true;
		return;
	}
	erasures_hide(space, bundle);
	if (pending->own)
		author_committed(node, bundle, pending->sequence);
	if (pending->own)
		positions_wrote(node, space);
	else
		positions_changed(node, space);

	struct announce_due *due = node->announces.count > 0 ? &node->announces.items[node->announces.count - 1] : NULL;
	if (!due || !hash_equal(&due->space, &pending->space) || !hash_equal(&due->city, &bundle->city)) {
		due = ARRAY_PUSH(&node->announces);
		if (!due) {
			node->out_of_memory = true;
			return;
		}
		*due = (struct announce_due){
		    .space = pending->space, .city = bundle->city, .link = pending->link, .first = index};
	}
	due->end = index + 1;
	if (!pending->own)
		return;
	const struct audience *audience = audience_of(node, space);
	for (size_t i = 0; i < audience->peers.count; i++) {
		struct node_link *link = peer_link(node, &node->peers.items[audience->peers.items[i]]);
		if (link)
			own_push(node, link, space, bundle, pending->sequence);
	}
}

static void announce_send(struct node *node, struct node_link *link, const struct announce_due *due,
			  const struct hash *heads, size_t count)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Announce announce = TWINLOG__ANNOUNCE__INIT;
	announce.space = codec_hash(&due->space);
	announce.city = codec_hash(&due->city);
	announce.heads = codec_hash_list(node->effects->arena, heads, count);
	announce.n_heads = announce.heads ? count : 0;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_ANNOUNCE;
	message.announce = &announce;
	effect_send(node, link, &message);
}

static bool knows_already(const struct node *node, const struct node_link *link, const struct announce_due *due,
			  const struct space *space)
{
	struct node_peer *peer = &node->peers.items[link->peer];
	const struct graph *graph = space_graph_of(space, &due->city);
	if (link->id == due->link)
		return true;
	if (!hash_equal(&due->city, &node->card->identity))
		return hash_equal(&due->city, &peer->card->identity);
	const struct peer_space *known = peer_space(peer, &due->space);
	return known && known->sent_own >= graph_at(graph, graph_committed(graph) - 1)->sequence;
}

/* Of what the commit brought the newest that are told, no more than whoever hears it remembers: all that it lacks comes
 * for one of them. What was told before is not told again: who missed it finds out by the digest. */
static size_t heads_brought(const struct graph *graph, const struct announce_due *due,
			    struct hash ret_heads[TWINLOG_HEADS_MAX])
{
	size_t count = 0;
	for (uint32_t i = due->end; i-- > due->first && count < TWINLOG_HEADS_MAX;)
		if (hash_set_has(graph_told(graph), &graph_at(graph, i)->id))
			ret_heads[count++] = graph_at(graph, i)->id;
	return count;
}

void stream_after_commit(struct node *node)
{
	struct hash heads[TWINLOG_HEADS_MAX];
	for (size_t a = 0; a < node->announces.count; a++) {
		const struct announce_due *due = &node->announces.items[a];
		struct space *space = space_by_id(node, &due->space);
		const struct graph *graph = space_graph_of(space, &due->city);
		const size_t count = heads_brought(graph, due, heads);
		if (count == 0 || space->acts_pending > 0)
			continue;
		const struct audience *audience = audience_of(node, space);
		for (size_t i = 0; i < audience->peers.count; i++) {
			struct node_link *link = peer_link(node, &node->peers.items[audience->peers.items[i]]);
			if (link && !knows_already(node, link, due, space))
				announce_send(node, link, due, heads, count);
		}
	}
	node->announces.count = 0;
}
