/* Asking for what is missing: one partner at a time for a city's bundles, and another when that one makes no progress.
 * PROTOCOL, "Sync". */
#include "node_internal.h"

static const struct hash acts_stream; /* the zero city of a WANT for acts */

/* Whether it is asked for on that link; LINK_NONE_YET: on any. */
static bool is_wanted(const struct node *node, uint32_t link, const struct hash *space, const struct hash *city)
{
	for (size_t i = 0; i < node->wants.count; i++)
		if ((link == LINK_NONE_YET || node->wants.items[i].link == link) &&
		    hash_equal(&node->wants.items[i].space, space) && hash_equal(&node->wants.items[i].city, city))
			return true;
	return false;
}

static size_t wants_on(const struct node *node, uint32_t link)
{
	size_t count = 0;
	for (size_t i = 0; i < node->wants.count; i++)
		count += node->wants.items[i].link == link;
	return count;
}

static void want_send(struct node *node, struct node_link *link, const struct hash *space, const struct hash *city,
		      const struct hash *have, size_t have_count, const struct hash *after)
{
	struct want *want = ARRAY_PUSH(&node->wants);
	if (!want) {
		node->out_of_memory = true;
		return;
	}
	want->link = link->id;
	want->stream = ++link->streams;
	want->space = *space;
	want->city = *city;
	want->began_mono_ms = node->now.mono_ms;
	want->deadline_mono_ms = node->now.mono_ms + TWINLOG_WANT_TIMEOUT_MS;
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Want ask = TWINLOG__WANT__INIT;
	ask.space = codec_hash(space);
	if (!hash_is_zero(city))
		ask.city = codec_hash(city);
	ask.have = codec_hash_list(node->effects->arena, have, have_count);
	ask.n_have = ask.have ? have_count : 0;
	ask.stream = want->stream;
	ask.credit = TWINLOG_CREDIT_BYTES;
	if (after && !hash_is_zero(after))
		ask.after = codec_hash(after);
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_WANT;
	message.want = &ask;
	effect_send(node, link, &message);
}

/* ---- Progress. ---- */

#define BUNDLES_BYTES_A_MS 1u
#define ACTS_BYTES_A_MS    8u

struct want *want_find(struct node *node, uint32_t link, uint32_t stream)
{
	for (size_t i = 0; i < node->wants.count; i++)
		if (node->wants.items[i].link == link && node->wants.items[i].stream == stream)
			return &node->wants.items[i];
	return NULL;
}

/* Others are not asked meanwhile, for acts nobody is: what comes drop by drop has no more time than it is worth. */
void want_got(struct node *node, uint32_t link, uint32_t stream, size_t bytes)
{
	struct want *want = bytes > 0 ? want_find(node, link, stream) : NULL;
	if (!want)
		return;
	const uint64_t most = node->now.mono_ms + TWINLOG_WANT_TIMEOUT_MS;
	const uint64_t earned =
	    want->deadline_mono_ms + bytes / (hash_is_zero(&want->city) ? ACTS_BYTES_A_MS : BUNDLES_BYTES_A_MS);
	want->got += bytes;
	want->spared = 0;
	want->deadline_mono_ms = earned < most ? earned : most;
}

/* On a slow line what belongs to a stream that was given up is progress of the one asked for in its place. */
uint32_t want_instead(const struct node *node, const struct check *check)
{
	for (size_t i = 0; i < node->wants.count; i++)
		if (node->wants.items[i].link == check->link &&
		    hash_equal(&node->wants.items[i].space, &check->space) &&
		    hash_equal(&node->wants.items[i].city, &check->city))
			return node->wants.items[i].stream;
	return check->stream;
}

/* ---- Asking. ---- */

/* Acts of the space that are under way from one whom those held here name, or from anybody else. */
static const struct want *acts_under_way(struct node *node, const struct hash *space_id, bool named)
{
	const struct space *space = space_by_id(node, space_id);
	for (size_t i = 0; i < node->wants.count; i++) {
		const struct want *want = &node->wants.items[i];
		if (!hash_is_zero(&want->city) || !hash_equal(&want->space, space_id))
			continue;
		const struct node_link *link = link_find(node, want->link);
		const struct hash *identity = link ? &node->peers.items[link->peer].card->identity : NULL;
		if (identity && (space && acts_member(space->acts, identity)) == named)
			return want;
	}
	return NULL;
}

/* Acts that are here, for a partner that may be told of them: of many some, since what it sends twice is dropped. */
static size_t acts_have(const struct node *node, const struct space *space, const struct hash *identity,
			struct hash have[TWINLOG_PARENTS_MAX])
{
	if (space_entitles(space, identity) >= ENTITLED_ACTS)
		return acts_heads_named(space->acts, &node->card->identity, have, NULL);
	size_t count = 0;
	for (size_t i = acts_count(space->acts); i-- > 0 && count < TWINLOG_PARENTS_MAX;)
		if (space_act_is_for(space, i, identity))
			have[count++] = acts_at(space->acts, i)->id;
	return count;
}

bool sync_want_acts(struct node *node, struct node_link *link, const struct hash *space_id)
{
	struct node_peer *peer = &node->peers.items[link->peer];
	const struct space *space = space_with(node, space_id, &peer->card->identity);
	struct hash have[TWINLOG_PARENTS_MAX];
	/* To a stranger it is the same whether the space is held or not. */
	if (acts_under_way(node, space_id, space != NULL))
		return true;
	if (hash_is_zero(space_id) || (!space && node->spaces.count >= TWINLOG_SPACES_MAX) ||
	    peer->late_until_mono_ms > node->now.mono_ms || is_wanted(node, link->id, space_id, &acts_stream) ||
	    wants_on(node, link->id) >= 2 * TWINLOG_WANTS_MAX)
		return false;
	if (space && space->acts_pending > 0)
		return true; /* the digest after their commit asks again */
	const struct acts_cursor *cursor = spaces_acts_cursor(node, peer, space_id);
	want_send(node, link, space_id, &acts_stream, have,
		  space ? acts_have(node, space, &peer->card->identity, have) : 0, cursor ? &cursor->after : NULL);
	return true;
}

/* One that brings nothing new gets no more time than for one answer: others are asked then. */
void sync_acts_on(struct node *node, struct node_link *link, uint32_t stream, const struct hash *space_id)
{
	struct want first = {0};
	for (size_t i = 0; i < node->wants.count; i++)
		if (node->wants.items[i].link == link->id && node->wants.items[i].stream == stream)
			first = node->wants.items[i];
	if (stream != 0)
		want_end(node, link->id, stream);
	const size_t before = node->wants.count;
	(void)sync_want_acts(node, link, space_id);
	if (first.stream == 0 || node->wants.count == before)
		return;
	node->wants.items[before].began_mono_ms = first.began_mono_ms;
	if (first.got == 0)
		node->wants.items[before].deadline_mono_ms = first.deadline_mono_ms;
}

void sync_acts_rest(struct node *node, struct node_link *link, const struct space *space)
{
	struct node_peer *peer = &node->peers.items[link->peer];
	if (!acts_member(space->acts, &peer->card->identity))
		return;
	const struct peer_space *known = peer_space(peer, acts_space(space->acts));
	node->out_of_memory |= !known;
	if (known && !hash_is_zero(&known->acts_cursor.after))
		(void)sync_want_acts(node, link, acts_space(space->acts));
}

/* Forgets what is here by now; tells whether anything announced of the city is still missing. */
static bool peer_has_more(struct space *space, struct peer_space *known, const struct hash *city)
{
	const struct graph *graph = space_graph_of(space, city);
	bool more = false;
	for (size_t i = known->heads.count; i-- > 0;) {
		if (!hash_equal(&known->heads.items[i].city, city))
			continue;
		if (graph && graph_find(graph, &known->heads.items[i].head) != GRAPH_NONE)
			ARRAY_DROP(&known->heads, i);
		else
			more = true;
	}
	return more;
}

/* Only those whom the acts held here name as members: what is asked for tells what is here. */
static struct node_link *whom_to_ask(struct node *node, struct space *space, const struct hash *city)
{
	struct node_link *second_best = NULL;
	for (size_t i = 0; i < node->peers.count; i++) {
		struct node_peer *peer = &node->peers.items[i];
		struct node_link *link = peer_link(node, peer);
		struct peer_space *known = link ? peer_space(peer, acts_space(space->acts)) : NULL;
		if (!known || !peer_has_more(space, known, city) || wants_on(node, link->id) >= TWINLOG_WANTS_MAX ||
		    erasures_come(node, known) || space_entitles(space, &peer->card->identity) != ENTITLED_ALL)
			continue;
		if (peer->avoid_until_mono_ms <= node->now.mono_ms)
			return link;
		second_best = link;
	}
	return second_best;
}

#define ACTS_FIRST_MS 60000u

/* Bundles build on acts, so these come first; but not for as long as somebody has more of them. */
static bool waits_for_acts(struct node *node, const struct hash *space_id)
{
	const struct want *acts = acts_under_way(node, space_id, true);
	return acts && node->now.mono_ms - acts->began_mono_ms < ACTS_FIRST_MS;
}

void sync_pursue(struct node *node, const struct hash *space_id, const struct hash *city)
{
	struct space *space = space_by_id(node, space_id);
	/* Acts that are not durable yet may say who belongs: asking waits for their commit. */
	if (!space || space->acts_pending > 0 || !space_has_self(node, space) ||
	    is_wanted(node, LINK_NONE_YET, space_id, city) || waits_for_acts(node, space_id))
		return;
	struct node_link *link = whom_to_ask(node, space, city);
	if (!link)
		return;
	struct hash have[TWINLOG_LOCATOR_MAX];
	const struct graph *graph = space_graph_of(space, city);
	const size_t count = graph ? graph_locator(graph, have, TWINLOG_LOCATOR_MAX) : 0;
	want_send(node, link, space_id, city, have, count, NULL);
}

void sync_pursue_all(struct node *node, const struct hash *space_id)
{
	const struct space *space = space_by_id(node, space_id);
	if (!space)
		return;
	size_t count;
	const struct member *members = acts_members(space->acts, &count);
	for (size_t i = 0; i < count; i++)
		if (members[i].ever_member)
			sync_pursue(node, space_id, &members[i].identity);
}

static void pursue_everything(struct node *node)
{
	for (size_t i = 0; i < node->spaces.count; i++)
		sync_pursue_all(node, acts_space(node->spaces.items[i].acts));
}

/* Heads of a city that a partner announced and did not deliver are not asked of it again. */
static void announced_forget(struct node *node, struct node_peer *peer, const struct want *want)
{
	struct peer_space *known = peer_space(peer, &want->space);
	struct space *space = space_by_id(node, &want->space);
	if (!known || !space || !peer_has_more(space, known, &want->city))
		return;
	for (size_t i = known->heads.count; i-- > 0;)
		if (hash_equal(&known->heads.items[i].city, &want->city))
			ARRAY_DROP(&known->heads, i);
}

#define ANSWER_SOON_MS 5000u

/* Acts kept others waiting, and then there were none, or too few. */
static bool kept_waiting(const struct node *node, const struct want *want)
{
	const uint64_t soon_mono_ms = want->deadline_mono_ms - TWINLOG_WANT_TIMEOUT_MS + ANSWER_SOON_MS;
	return hash_is_zero(&want->city) &&
	       node->now.mono_ms >= (want->got > 0 ? want->deadline_mono_ms : soon_mono_ms);
}

void want_end(struct node *node, uint32_t link_id, uint32_t stream)
{
	for (size_t i = 0; i < node->wants.count; i++) {
		if (node->wants.items[i].link != link_id || node->wants.items[i].stream != stream)
			continue;
		const struct want want = node->wants.items[i];
		const struct node_link *link = link_find(node, link_id);
		ARRAY_DROP(&node->wants, i);
		if (link && want.got == 0)
			announced_forget(node, &node->peers.items[link->peer], &want);
		if (link && kept_waiting(node, &want))
			node->peers.items[link->peer].late_until_mono_ms = node->now.mono_ms + TWINLOG_AVOID_MS;
		pursue_everything(node);
		return;
	}
}

#define SPARED_MAX 2u /* times in a row */

/* Where nobody else has them, asking again would only have sent again what a slow line is carrying. */
static bool want_spared(struct node *node, struct want *want)
{
	struct space *space = hash_is_zero(&want->city) ? NULL : space_by_id(node, &want->space);
	const struct node_link *other = space ? whom_to_ask(node, space, &want->city) : NULL;
	if (!space || want->spared == SPARED_MAX ||
	    (other && node->peers.items[other->peer].avoid_until_mono_ms <= node->now.mono_ms))
		return false;
	want->spared++;
	want->deadline_mono_ms = node->now.mono_ms + TWINLOG_WANT_TIMEOUT_MS;
	return true;
}

static void want_late(struct node *node, const struct node_link *link, const struct want *want)
{
	struct node_peer *peer = &node->peers.items[link->peer];
	peer->avoid_until_mono_ms = node->now.mono_ms + TWINLOG_AVOID_MS;
	peer_error(node, peer, TWINLOG_NOT_REACHABLE,
		   want->got > 0               ? "what was asked for comes slowly"
		   : hash_is_zero(&want->city) ? "asked for acts, they did not come"
					       : "asked for bundles, nothing new came");
}

void sync_time(struct node *node)
{
	for (size_t i = node->wants.count; i-- > 0;) {
		const struct want want = node->wants.items[i];
		if (want.deadline_mono_ms > node->now.mono_ms)
			continue;
		const struct node_link *link = link_find(node, want.link);
		if (link)
			want_late(node, link, &want);
		if (link && want_spared(node, &node->wants.items[i]))
			continue;
		want_end(node, want.link, want.stream);
		if (i > node->wants.count)
			i = node->wants.count;
	}
}

uint64_t sync_deadline(const struct node *node)
{
	uint64_t deadline = UINT64_MAX;
	for (size_t i = 0; i < node->wants.count; i++)
		if (node->wants.items[i].deadline_mono_ms < deadline)
			deadline = node->wants.items[i].deadline_mono_ms;
	return deadline;
}

void sync_link_gone(struct node *node, uint32_t link)
{
	for (size_t i = node->wants.count; i-- > 0;)
		if (node->wants.items[i].link == link)
			ARRAY_DROP(&node->wants, i);
	pursue_everything(node);
}
