/* Looking at a node. Nothing here changes anything, so many may look while nobody steps. */
#include "node_internal.h"

uint64_t node_deadline(const struct node *node)
{
	const uint64_t links = links_deadline(node), wants = sync_deadline(node), positions = positions_deadline(node);
	const uint64_t budget = budget_deadline(node);
	const uint64_t first = links < wants ? links : wants, second = positions < budget ? positions : budget;
	return first < second ? first : second;
}

const struct hash *node_identity(const struct node *node)
{
	return &node->card->identity;
}

const uint8_t *node_signed_card(const struct node *node, size_t *ret_size)
{
	*ret_size = node->card->size;
	return node->card->bytes;
}

const char *node_city_id(const struct node *node)
{
	return node->card->city_id;
}

uint64_t node_machine(const struct node *node)
{
	return node->machine;
}

uint64_t node_commit(const struct node *node)
{
	return node->commit;
}

size_t node_peers(const struct node *node)
{
	return node->peers.count;
}

struct peer_view node_peer(const struct node *node, size_t index)
{
	const struct node_peer *peer = &node->peers.items[index];
	struct peer_view view = {
	    .identity = peer->card->identity,
	    .card = peer->card->message,
	    .signed_card = peer->card->bytes,
	    .signed_card_size = peer->card->size,
	    .next_transport = peer->card->next_transport,
	    .verified = peer->verified,
	    .removed = peer->removed,
	    .holds_card = peer->knows >= node->card->serial,
	    .linked = peer->link != LINK_NONE_YET,
	    .link_since_ms = peer->link_since_ms,
	    .last_heard_ms = peer->last_heard_ms,
	    .last_error_ms = peer->last_error_ms,
	    .refused = peer->refused,
	    .bytes_in = peer->bytes_in,
	    .bytes_out = peer->bytes_out,
	    .rate = peer->rate,
	    .courier_wrote_ms = peer->courier_wrote_ms,
	    .courier_read_ms = peer->courier_read_ms,
	};
	memcpy(view.city_id, peer->card->city_id, sizeof view.city_id);
	memcpy(view.transport_key, peer->card->transport_key, sizeof view.transport_key);
	memcpy(view.last_error, peer->last_error, sizeof view.last_error);
	return view;
}

/* ---- Spaces. ---- */

size_t node_spaces(const struct node *node)
{
	return node->spaces.count;
}

const struct space *node_space(const struct node *node, size_t index)
{
	return &node->spaces.items[index];
}

const struct space *node_space_find(const struct node *node, const struct hash *space)
{
	for (size_t i = 0; i < node->spaces.count; i++)
		if (hash_equal(acts_space(node->spaces.items[i].acts), space))
			return &node->spaces.items[i];
	return NULL;
}

const struct acts *space_acts(const struct space *space)
{
	return space->acts;
}

bool space_acts_durable(const struct space *space)
{
	return space->acts_pending == 0;
}

const struct statements *space_statements(const struct space *space)
{
	return space->statements;
}

size_t space_bundles(const struct space *space)
{
	size_t count = 0;
	for (size_t i = 0; i < space->graphs.count; i++)
		count += graph_committed(space->graphs.items[i]);
	return count;
}

const struct erasures *space_erasures(const struct space *space)
{
	return space->erasures;
}

bool space_withheld(const struct space *space)
{
	return space->withheld;
}

/* A machine that has been silent for longer than positions are refreshed may have been replaced. */
size_t space_erasures_at(const struct node *node, const struct space *space, const struct hash *city)
{
	uint64_t newest_ms = 0;
	size_t least = SIZE_MAX;
	if (hash_equal(city, &node->card->identity))
		return erasures_committed(space->erasures);
	for (size_t i = 0; i < space->positions.count; i++)
		if (hash_equal(&space->positions.items[i].city, city) && space->positions.items[i].time_ms > newest_ms)
			newest_ms = space->positions.items[i].time_ms;
	for (size_t i = 0; i < space->positions.count; i++) {
		const struct known_position *known = &space->positions.items[i];
		if (hash_equal(&known->city, city) && newest_ms - known->time_ms <= 2 * TWINLOG_POSITION_REFRESH_MS &&
		    known->erasures_applied < least)
			least = known->erasures_applied;
	}
	return least == SIZE_MAX ? 0 : least;
}

/* ---- Digests. PROTOCOL, "Sync": H("acts", act heads); H("heads", for each city with a counting head, sorted:
 * identity, number of heads as one byte, counting and named heads). ---- */

static int graph_order(const void *a, const void *b)
{
	const struct graph *const *x = a, *const *y = b;
	return hash_compare(graph_city(*x), graph_city(*y));
}

static struct hash heads_digest(const struct space *space)
{
	const size_t cities = space->graphs.count;
	const struct graph **sorted = calloc(cities + 1, sizeof(struct graph *));
	size_t bytes = 0, at = 0;
	for (size_t i = 0; sorted && i < cities; i++) {
		sorted[i] = space->graphs.items[i];
		bytes += HASH_SIZE * (graph_told(sorted[i])->count + 1) + 1;
	}
	uint8_t *all = malloc(bytes + 1);
	if (!sorted || !all) { /* a digest that nobody shares: the partner sends its heads, nothing is lost */
		free(sorted);
		free(all);
		return (struct hash){{0}};
	}
	qsort(sorted, cities, sizeof(struct graph *), graph_order);
	for (size_t i = 0; i < cities; i++) {
		const struct hash_set *heads = graph_told(sorted[i]);
		if (heads->count == 0)
			continue;
		memcpy(all + at, graph_city(sorted[i])->bytes, HASH_SIZE);
		all[at + HASH_SIZE] = (uint8_t)heads->count;
		(void)hash_set_copy(heads, 0, (struct hash *)(all + at + HASH_SIZE + 1), heads->count);
		at += HASH_SIZE * (heads->count + 1) + 1;
	}
	const struct hash digest = seal_hash1("heads", all, at);
	free(all);
	free(sorted);
	return digest;
}

void space_digest(const struct space *space, struct hash *ret_acts, struct hash *ret_bundles)
{
	size_t count;
	const struct hash *heads = acts_heads(space->acts, &count);
	*ret_acts = seal_hash1("acts", heads, count * sizeof *heads);
	*ret_bundles = heads_digest(space);
}

/* ---- Who holds what. ---- */

/* Heads of one author's graph that positions of a city (NULL: of any city but except) name. */
static size_t held_heads(const struct space *space, const struct hash *holder, const struct hash *except,
			 const struct hash *author, struct hash **ret_heads)
{
	size_t count = 0;
	struct hash *heads = NULL;
	size_t capacity = 0;
	for (size_t i = 0; i < space->positions.count; i++) {
		const struct known_position *known = &space->positions.items[i];
		if (holder ? !hash_equal(&known->city, holder) : hash_equal(&known->city, except))
			continue;
		for (size_t h = 0; h < known->heads.count; h++) {
			if (!hash_equal(&known->heads.items[h].city, author))
				continue;
			if (!array_reserve((void **)(void *)&heads, &capacity, count + 1, sizeof *heads))
				break;
			heads[count++] = known->heads.items[h].head;
		}
	}
	*ret_heads = heads;
	return count;
}

bool space_reaches(const struct space *space, const struct hash *city, uint64_t sequence)
{
	for (size_t i = 0; i < space->graphs.count; i++) {
		const struct graph *graph = space->graphs.items[i];
		const uint32_t index = graph_find_sequence(graph, sequence);
		if (index == GRAPH_NONE)
			continue;
		struct hash *heads;
		const size_t count = held_heads(space, city, NULL, graph_city(graph), &heads);
		const bool reached = graph_reached(graph, index, heads, count);
		free(heads);
		return reached;
	}
	return false;
}

struct lag {
	const struct graph *graph;
	uint64_t bundles;
	uint64_t leaves;
	uint64_t oldest_ms;
};

static bool lag_visit(void *context, uint32_t index)
{
	struct lag *lag = context;
	const struct graph_entry *entry = graph_at(lag->graph, index);
	lag->bundles++;
	lag->leaves += entry->leaves;
	if (lag->oldest_ms == 0 || entry->clock_ms < lag->oldest_ms)
		lag->oldest_ms = entry->clock_ms;
	return true;
}

uint64_t space_only_here(const struct node *node, const struct space *space, uint64_t *ret_since_ms)
{
	const struct hash *identity = &node->card->identity;
	struct lag lag = {.graph = space_graph_of(space, identity)};
	*ret_since_ms = 0;
	if (!lag.graph)
		return 0;
	struct hash *heads;
	const size_t count = held_heads(space, NULL, identity, identity, &heads);
	graph_beyond(lag.graph, heads, count, lag_visit, &lag);
	free(heads);
	*ret_since_ms = lag.oldest_ms;
	return lag.leaves;
}

static void member_lag(const struct space *space, const struct hash *city, struct space_member_view *view)
{
	for (size_t i = 0; i < space->graphs.count; i++) {
		struct lag lag = {.graph = space->graphs.items[i]};
		struct hash *heads;
		const size_t count = held_heads(space, city, NULL, graph_city(lag.graph), &heads);
		for (size_t h = 0; h < count; h++)
			view->missing_bundles += graph_find(lag.graph, &heads[h]) == GRAPH_NONE;
		graph_beyond(lag.graph, heads, count, lag_visit, &lag);
		free(heads);
		view->lag_bundles += lag.bundles;
		if (lag.bundles > 0 && (view->lag_since_ms == 0 || lag.oldest_ms < view->lag_since_ms))
			view->lag_since_ms = lag.oldest_ms;
	}
	for (size_t i = 0; i < space->positions.count; i++) {
		const struct known_position *known = &space->positions.items[i];
		for (size_t h = 0; hash_equal(&known->city, city) && h < known->heads.count; h++) {
			const struct member *author = acts_member(space->acts, &known->heads.items[h].city);
			view->missing_bundles +=
			    author && author->ever_member && !space_graph_of(space, &author->identity);
		}
	}
}

static Twinlog__Waiting link_waiting(const struct node *node, const struct node_peer *peer)
{
	if (peer->rate == 0)
		return TWINLOG__WAITING__WAITING_HOURS;
	if (peer->card->message->n_addresses > 0)
		return TWINLOG__WAITING__WAITING_LINK;
	return node->card->message->n_addresses > 0 ? TWINLOG__WAITING__WAITING_DIALLED
						    : TWINLOG__WAITING__WAITING_ADDRESS;
}

static uint64_t missing_since(const struct space *space, const struct hash *city)
{
	uint64_t since_ms = 0;
	for (size_t i = 0; i < space->positions.count; i++) {
		const struct known_position *known = &space->positions.items[i];
		if (hash_equal(&known->city, city) && known->missing_since_ms &&
		    (since_ms == 0 || known->missing_since_ms < since_ms))
			since_ms = known->missing_since_ms;
	}
	return since_ms;
}

/* The first thing that has to happen before this member's copy and this one are known to be the same. */
static void member_waiting(const struct node *node, const struct space *space, const struct hash *city,
			   struct space_member_view *view)
{
	const struct node_peer *peer = NULL;
	for (size_t i = 0; i < node->peers.count && !peer; i++)
		if (hash_equal(&node->peers.items[i].card->identity, city))
			peer = &node->peers.items[i];
	const struct member *member = acts_member(space->acts, city);
	const size_t erased = space_erasures_at(node, space, city);
	const bool apart = peer && !peer->removed && peer->link == LINK_NONE_YET;
	if (apart && !peer->courier_wrote_ms && link_waiting(node, peer) == TWINLOG__WAITING__WAITING_ADDRESS) {
		view->waiting = TWINLOG__WAITING__WAITING_ADDRESS;
		view->waiting_since_ms = peer->last_heard_ms;
	} else if (member && member->standing == STANDING_INVITED) {
		view->waiting = TWINLOG__WAITING__WAITING_ANSWER;
		view->waiting_since_ms = member->since_ms;
	} else if (apart) {
		view->waiting = link_waiting(node, peer);
		view->waiting_since_ms = peer->last_heard_ms;
	} else if (view->missing_bundles > 0) {
		view->waiting = TWINLOG__WAITING__WAITING_BUNDLES;
		view->waiting_count = view->missing_bundles;
		view->waiting_since_ms = missing_since(space, city);
	} else if (view->lag_bundles > 0) {
		view->waiting = TWINLOG__WAITING__WAITING_POSITION;
		view->waiting_count = view->lag_bundles;
		view->waiting_since_ms = view->lag_since_ms;
	} else if (member && member->standing == STANDING_MEMBER && erased < erasures_committed(space->erasures)) {
		view->waiting = TWINLOG__WAITING__WAITING_ERASURES;
		view->waiting_count = erasures_committed(space->erasures) - erased;
		view->waiting_since_ms = erasures_at(space->erasures, erased)->clock_ms;
	}
}

struct space_member_view space_member_view(const struct node *node, const struct space *space, const struct hash *city)
{
	struct space_member_view view = {0};
	const struct graph *graph = space_graph_of(space, city);
	view.bundles = graph ? graph_committed(graph) : 0;
	struct hash_set_walk walk = {0};
	const struct hash *head;
	while (graph && (head = hash_set_next(graph_heads(graph), &walk))) {
		const struct graph_entry *entry = graph_at(graph, graph_find(graph, head));
		view.newest_ms = entry->clock_ms > view.newest_ms ? entry->clock_ms : view.newest_ms;
	}
	for (size_t i = 0; i < space->positions.count; i++)
		if (hash_equal(&space->positions.items[i].city, city) &&
		    space->positions.items[i].time_ms > view.position_ms)
			view.position_ms = space->positions.items[i].time_ms;
	if (hash_equal(city, &node->card->identity))
		return view;
	member_lag(space, city, &view);
	member_waiting(node, space, city, &view);
	return view;
}
