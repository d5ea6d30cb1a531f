/* Finding out who lacks what: digests, and hearing of heads. What was announced and is not here is remembered with who
 * said so. PROTOCOL, "Sync". */
#include "node_internal.h"

/* ---- Saying what is here. ---- */

static void digest_send(struct node *node, struct node_link *link, struct space *space)
{
	const enum entitlement entitled = space_entitles(space, &node->peers.items[link->peer].card->identity);
	if (entitled == ENTITLED_PAST_ACTS)
		spaces_send_acts(node, link, space);
	if (entitled < ENTITLED_ACTS || space->acts_pending > 0)
		return;
	struct hash acts, bundles;
	space_digest(space, &acts, &bundles);
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Digest digest = TWINLOG__DIGEST__INIT;
	digest.space = codec_hash(acts_space(space->acts));
	digest.acts = codec_hash(&acts);
	if (entitled == ENTITLED_ALL && space_has_self(node, space)) {
		digest.bundles = codec_hash(&bundles);
		if (!hash_is_zero(erasures_digest(space->erasures)))
			digest.erasures = codec_hash(erasures_digest(space->erasures));
	}
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_DIGEST;
	message.digest = &digest;
	effect_send(node, link, &message);
}

void sync_digests(struct node *node, struct node_link *link)
{
	link->digest_mono_ms = node->now.mono_ms;
	if (node->peers.items[link->peer].link != link->id)
		return;
	for (size_t i = 0; i < node->spaces.count; i++)
		digest_send(node, link, &node->spaces.items[i]);
}

void sync_start(struct node *node, struct node_link *link)
{
	sync_digests(node, link);
	for (size_t i = 0; i < node->spaces.count; i++)
		erasures_send_past(node, link, &node->spaces.items[i]);
	/* Positions follow once both are seen to know the same acts: before, the partner could not tell whose they are.
	 */
}

/* ---- Hearing what is there. ---- */

static uint64_t last_own_sequence(const struct node *node, const struct space *space)
{
	const struct graph *graph = space_graph_of(space, &node->card->identity);
	return graph && graph_committed(graph) > 0 ? graph_at(graph, graph_committed(graph) - 1)->sequence : 0;
}

static void announced_clear(struct peer_space *known)
{
	known->heads.count = 0;
}

/* Once a link and space; not before the acts are durable. */
static void tell_positions(struct node *node, struct node_link *link, struct space *space)
{
	struct peer_space *known = peer_space(&node->peers.items[link->peer], acts_space(space->acts));
	if (!known || known->told_positions)
		return;
	known->told_positions = space->acts_pending == 0;
	known->owes_positions = space->acts_pending > 0;
	if (known->told_positions)
		positions_send_all(node, link, space);
}

void sync_acts_changed(struct node *node, const struct space *space)
{
	for (size_t i = 0; i < node->peers.count; i++)
		for (size_t s = 0; s < node->peers.items[i].spaces.count; s++) {
			struct peer_space *known = &node->peers.items[i].spaces.items[s];
			if (hash_equal(&known->space, acts_space(space->acts)))
				known->same_acts = false;
		}
}

void sync_acts_durable(struct node *node, struct node_link *link, struct space *space)
{
	const struct peer_space *known = peer_space(&node->peers.items[link->peer], acts_space(space->acts));
	digest_send(node, link, space);
	/* One who has the same acts by now says nothing to that, and what was restored waits for what it says. */
	if (space->withheld && known && space_has_self(node, space) &&
	    space_entitles(space, &node->peers.items[link->peer].card->identity) == ENTITLED_ALL)
		erasures_ask(node, link, space, true);
	if (known && known->owes_positions)
		tell_positions(node, link, space);
}

/* From one who is no member any more by the acts held here. It may be one again, by acts that nobody else brings, or
 * what ended it was signed with a stolen key that it has shut out. */
static void digest_of_past(struct node *node, struct node_link *link, struct space *space, const struct hash *theirs)
{
	struct hash acts, bundles;
	spaces_send_acts(node, link, space);
	space_digest(space, &acts, &bundles);
	if (!hash_equal(&acts, theirs))
		(void)sync_want_acts(node, link, acts_space(space->acts));
}

void sync_digest(struct node *node, struct node_link *link, const Twinlog__Digest *digest)
{
	struct node_peer *peer = &node->peers.items[link->peer];
	const struct hash id = bytes_hash(digest->space);
	struct space *space = space_with(node, &id, &peer->card->identity);
	if (!space) {
		(void)sync_want_acts(node, link, &id);
		return;
	}
	const struct hash theirs = bytes_hash(digest->acts), their_bundles = bytes_hash(digest->bundles);
	if (space_entitles(space, &peer->card->identity) < ENTITLED_ACTS) {
		digest_of_past(node, link, space, &theirs);
		return;
	}
	struct hash acts, bundles;
	space_digest(space, &acts, &bundles);
	const bool both_members = space_entitles(space, &peer->card->identity) == ENTITLED_ALL &&
				  space_has_self(node, space) && digest->bundles.len == HASH_SIZE;
	const struct hash their_erasures = bytes_hash(digest->erasures);
	if (both_members && !hash_equal(erasures_digest(space->erasures), &their_erasures))
		erasures_ask(node, link, space, true);
	else if (both_members && hash_equal(&acts, &theirs))
		erasures_known(node, space);
	if (both_members && hash_equal(&acts, &theirs)) {
		struct peer_space *same = peer_space(peer, &id);
		if (same)
			same->same_acts = space->acts_pending == 0;
		tell_positions(node, link, space);
	}
	if (!hash_equal(&acts, &theirs) || (both_members && !hash_equal(&bundles, &their_bundles))) {
		heads_tell(node, link, space, true);
		return;
	}
	struct peer_space *known = both_members ? peer_space(peer, &id) : NULL;
	if (known) {
		known->sent_own = last_own_sequence(node, space);
		announced_clear(known);
	}
}

bool sync_announced(struct node *node, struct node_peer *peer, const struct hash *space_id, const struct hash *city,
		    const struct hash *head)
{
	struct space *space = space_by_id(node, space_id);
	struct peer_space *known = peer_space(peer, space_id);
	if (!space || !known || !acts_member(space->acts, city))
		return false;
	const struct graph *graph = space_graph_of(space, city);
	if (graph && graph_find(graph, head) != GRAPH_NONE)
		return false;
	if (known->heads.count >= TWINLOG_ANNOUNCED_MAX)
		return true;
	size_t of_city = 0;
	for (size_t i = 0; i < known->heads.count; i++) {
		if (hash_equal(&known->heads.items[i].head, head))
			return true;
		of_city += hash_equal(&known->heads.items[i].city, city);
	}
	/* The rest is asked for once these are here. */
	if (of_city >= TWINLOG_HEADS_MAX)
		return true;
	struct announced *announced = ARRAY_PUSH(&known->heads);
	if (!announced)
		node->out_of_memory = true;
	else
		*announced = (struct announced){.city = *city, .head = *head, .since_ms = node->now.wall_ms};
	return true;
}

static void heads_of_city(struct node *node, struct node_peer *peer, struct space *space,
			  const Twinlog__CityHeadsOf *theirs)
{
	struct hash city, head;
	if (codec_get_hash(theirs->city, &city))
		return;
	struct peer_space *known = peer_space(peer, acts_space(space->acts));
	const struct graph *graph = space_graph_of(space, &city);
	const bool own = hash_equal(&city, &node->card->identity);
	size_t unknown = 0;
	for (size_t i = 0; i < theirs->n_heads && unknown < TWINLOG_HEADS_MAX; i++) {
		if (codec_get_hash(theirs->heads[i], &head))
			continue;
		const uint32_t index = graph ? graph_find(graph, &head) : GRAPH_NONE;
		if (index == GRAPH_NONE)
			unknown += sync_announced(node, peer, acts_space(space->acts), &city, &head);
		else if (own && known && graph_at(graph, index)->sequence > known->sent_own)
			known->sent_own = graph_at(graph, index)->sequence;
	}
}

void sync_heads(struct node *node, struct node_link *link, const Twinlog__Heads *heads)
{
	struct node_peer *peer = &node->peers.items[link->peer];
	const struct hash id = bytes_hash(heads->space);
	struct space *space = space_with(node, &id, &peer->card->identity);
	if (!space) {
		(void)sync_want_acts(node, link, &id);
		return;
	}
	if (space_entitles(space, &peer->card->identity) < ENTITLED_ACTS) {
		link_refuse(node, link, TWINLOG_NOT_A_MEMBER, "heads");
		return;
	}
	for (size_t i = 0; i < heads->n_acts; i++) {
		struct hash head;
		if (codec_get_hash(heads->acts[i], &head) == TWINLOG_OK && !acts_has(space->acts, &head)) {
			(void)sync_want_acts(node, link, &id);
			break;
		}
	}
	size_t members;
	(void)acts_members(space->acts, &members);
	for (size_t i = 0; i < heads->n_cities && i < members; i++)
		heads_of_city(node, peer, space, heads->cities[i]);
	if (heads->reply)
		heads_tell(node, link, space, false);
	sync_pursue_all(node, &id);
}

void sync_announce(struct node *node, struct node_link *link, const Twinlog__Announce *announce)
{
	struct node_peer *peer = &node->peers.items[link->peer];
	const struct hash id = bytes_hash(announce->space), city = bytes_hash(announce->city);
	struct space *space = space_by_id(node, &id);
	if (!space || space_entitles(space, &peer->card->identity) != ENTITLED_ALL) {
		link_refuse(node, link, TWINLOG_NOT_A_MEMBER, "announcement");
		return;
	}
	size_t unknown = 0;
	for (size_t i = 0; i < announce->n_heads && unknown < TWINLOG_HEADS_MAX; i++) {
		struct hash head;
		if (codec_get_hash(announce->heads[i], &head) == TWINLOG_OK)
			unknown += sync_announced(node, peer, &id, &city, &head);
	}
	sync_pursue(node, &id, &city);
}
