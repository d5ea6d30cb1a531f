/* Telling a partner which acts and bundles nothing else here builds on. A member may branch as often as it likes, so
 * they go out in parts, and of one that has more heads than an answer has room for some are left out: never of the
 * others. PROTOCOL, "Sync". */
#include "node_internal.h"

#define HEAD_BYTES  (HASH_SIZE + 2u)                   /* as it stands in a message */
#define CITY_BYTES  (HEAD_BYTES + 8u)                  /* likewise, without its heads */
#define PART_AROUND (HEAD_BYTES + 16u)                 /* the space, and what wraps it all */
#define HEADS_TOLD  (TWINLOG_PARTS_BYTES / HEAD_BYTES) /* of one answer */

struct telling {
	struct node *node;
	struct node_link *link;
	Twinlog__Heads heads; /* the part that is being filled */
	size_t bytes;
	Twinlog__CityHeadsOf *cities; /* as many as there are; likewise the list of those in this part */
};

static void part_send(struct telling *telling, bool more, bool reply)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	telling->heads.more = more;
	telling->heads.reply = reply;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_HEADS;
	message.heads = &telling->heads;
	effect_send(telling->node, telling->link, &message);
	telling->heads.n_acts = telling->heads.n_cities = 0;
	telling->bytes = PART_AROUND;
}

/* How many of so many heads the part has room for; it goes out first when it has none. */
static size_t part_room(struct telling *telling, size_t around, size_t count)
{
	if (telling->bytes + around + HEAD_BYTES > TWINLOG_PART_MAX)
		part_send(telling, true, false);
	const size_t room = (TWINLOG_PART_MAX - telling->bytes - around) / HEAD_BYTES;
	const size_t taken = count < room ? count : room;
	telling->bytes += around + taken * HEAD_BYTES;
	return taken;
}

/* They come before all bundles, so that acts are asked for first. */
static bool acts_tell(struct telling *telling, const struct hash *heads, size_t count)
{
	for (size_t at = 0; at < count;) {
		const size_t taken = part_room(telling, 0, count - at);
		telling->heads.acts = codec_hash_list(telling->node->effects->arena, heads + at, taken);
		telling->heads.n_acts = taken;
		if (!telling->heads.acts)
			return false;
		at += taken;
	}
	return true;
}

/* At most so many. Where those are not all it begins at one that is drawn, so that in the end each is told. */
static bool city_tell(struct telling *telling, const struct graph *graph, size_t most)
{
	struct arena *arena = telling->node->effects->arena;
	const struct hash_set *told = graph_told(graph);
	const size_t count = told->count < most ? told->count : most;
	struct hash *heads = arena_alloc(arena, (count + 1) * sizeof *heads);
	uint64_t from = 0;
	if (!heads)
		return false;
	if (count < told->count) {
		node_draw(telling->node, &from, sizeof from);
		from %= told->count;
	}
	const size_t copied = hash_set_copy(told, (size_t)from, heads, count);
	(void)hash_set_copy(told, 0, heads + copied, count - copied);
	for (size_t at = 0; at < count;) {
		const size_t taken = part_room(telling, CITY_BYTES, count - at);
		Twinlog__CityHeadsOf *city = &telling->cities[telling->heads.n_cities];
		twinlog__city_heads_of__init(city);
		city->city = codec_hash(graph_city(graph));
		city->heads = codec_hash_list(arena, heads + at, taken);
		city->n_heads = taken;
		if (!city->heads)
			return false;
		telling->heads.cities[telling->heads.n_cities++] = city;
		at += taken;
	}
	return true;
}

/* What each city may have told of it: all, or where that is too much the same share. */
static size_t heads_share(const struct space *space, size_t room)
{
	size_t total = 0, cities = 0;
	for (size_t i = 0; i < space->graphs.count; i++) {
		const size_t count = graph_told(space->graphs.items[i])->count;
		total += count;
		cities += count > 0;
	}
	if (total <= room)
		return total;
	return cities < room ? room / cities : 1;
}

static bool cities_tell(struct telling *telling, const struct space *space, size_t room)
{
	struct arena *arena = telling->node->effects->arena;
	const size_t count = space->graphs.count + 1, share = heads_share(space, room);
	telling->cities = arena_alloc(arena, count * sizeof *telling->cities);
	telling->heads.cities = arena_alloc(arena, count * sizeof(Twinlog__CityHeadsOf *));
	bool told = telling->cities && telling->heads.cities;
	for (size_t i = 0; i < space->graphs.count && told; i++)
		if (graph_told(space->graphs.items[i])->count > 0)
			told = city_tell(telling, space->graphs.items[i], share);
	return told;
}

void heads_tell(struct node *node, struct node_link *link, const struct space *space, bool reply)
{
	const struct hash *identity = &node->peers.items[link->peer].card->identity;
	struct telling telling = {.node = node, .link = link, .heads = TWINLOG__HEADS__INIT, .bytes = PART_AROUND};
	size_t count;
	const struct hash *acts = acts_heads(space->acts, &count);
	if (space->acts_pending > 0)
		return; /* a digest follows the commit */
	telling.heads.space = codec_hash(acts_space(space->acts));
	bool told = acts_tell(&telling, acts, count);
	if (told && space_entitles(space, identity) == ENTITLED_ALL && space_has_self(node, space))
		told = cities_tell(&telling, space, HEADS_TOLD - count);
	if (told)
		part_send(&telling, false, reply);
	else
		node->out_of_memory = true;
}
