/* What this machine says of itself: its own position, signed. PROTOCOL, "Positions". */
#include "node_internal.h"

/* Later than all that is known of the city's other machines: one whose clock was ahead must not keep this one out for
 * as long as it was ahead. */
static uint64_t position_time(const struct node *node, const struct space *space)
{
	uint64_t time_ms = node->now.wall_ms;
	for (size_t i = 0; i < space->positions.count; i++) {
		const struct known_position *other = &space->positions.items[i];
		if (hash_equal(&other->city, &node->card->identity) && other->machine != node->machine &&
		    other->time_ms >= time_ms && other->time_ms < UINT64_MAX)
			time_ms = other->time_ms + 1;
	}
	return time_ms;
}

/* The counting heads of each city, sorted by city, at most so many of one. Lives in arena. */
static enum twinlog_error cities_name(struct arena *arena, const struct space *space, size_t most,
				      Twinlog__Position *position)
{
	Twinlog__CityHeads *cities = arena_alloc(arena, (space->graphs.count + 1) * sizeof *cities);
	Twinlog__CityHeads **list = arena_alloc(arena, (space->graphs.count + 1) * sizeof(Twinlog__CityHeads *));
	if (!cities || !list)
		return TWINLOG_NO_MEMORY;
	position->cities = list;
	position->n_cities = 0;
	for (size_t i = 0; i < space->graphs.count; i++) {
		size_t place = position->n_cities;
		const struct hash_set *held = graph_heads(space->graphs.items[i]);
		const size_t count = held->count < most ? held->count : most;
		struct hash *heads = count > 0 ? arena_alloc(arena, count * sizeof *heads) : NULL;
		if (count == 0)
			continue;
		if (!heads)
			return TWINLOG_NO_MEMORY;
		(void)hash_set_copy(held, 0, heads, count);
		Twinlog__CityHeads *city = &cities[i];
		twinlog__city_heads__init(city);
		city->n_heads = count;
		city->city = codec_hash(graph_city(space->graphs.items[i]));
		city->heads = codec_hash_list(arena, heads, city->n_heads);
		if (!city->heads)
			return TWINLOG_NO_MEMORY;
		for (; place > 0 && memcmp(list[place - 1]->city.data, city->city.data, HASH_SIZE) > 0; place--)
			list[place] = list[place - 1];
		list[place] = city;
		position->n_cities++;
	}
	return TWINLOG_OK;
}

#define AROUND_POSITION 256u /* the signature, and what wraps both */
#define HEADS_MOST      256u /* of one city, and of acts */

/* Of a city that branches without end, and of acts that do, some heads are left out: a position then says less than it
 * could, but one small bundle more makes no member sign and send what fills a line. TOO_LARGE when not even one of each
 * city has room. */
static enum twinlog_error position_fit(struct arena *arena, const struct node *node, const struct space *space,
				       Twinlog__Position *position, uint8_t **ret_inner, size_t *ret_size)
{
	size_t count;
	const struct hash *acts = acts_heads(space->acts, &count);
	struct hash named[TWINLOG_PARENTS_MAX];
	for (size_t most = HEADS_MOST;; most /= 2) {
		if (most == 0)
			return TWINLOG_TOO_LARGE;
		if (count > most) {
			count = acts_heads_named(space->acts, &node->card->identity, named, NULL);
			acts = named;
		}
		position->acts = codec_hash_list(arena, acts, count);
		position->n_acts = position->acts ? count : 0;
		enum twinlog_error error = cities_name(arena, space, most, position);
		if (error)
			return error;
		*ret_size = twinlog__position__get_packed_size(position);
		if (*ret_size + AROUND_POSITION <= TWINLOG_POSITION_MAX)
			return codec_pack_arena(arena, &position->base, ret_inner, ret_size);
	}
}

enum twinlog_error position_pack(struct node *node, struct space *space, uint8_t **ret_bytes, size_t *ret_size)
{
	struct arena *arena = node->effects->arena;
	Twinlog__Position position = TWINLOG__POSITION__INIT;
	position.space = codec_hash(acts_space(space->acts));
	position.city = codec_hash(&node->card->identity);
	position.machine = node->machine;
	position.counter = ++space->position_counter;
	position.time_ms = position_time(node, space);
	if (!hash_is_zero(erasures_digest(space->erasures)))
		position.erasures = codec_hash(erasures_digest(space->erasures));

	uint8_t *inner, signature[SEAL_SIGNATURE_SIZE];
	size_t inner_size;
	enum twinlog_error error = position_fit(arena, node, space, &position, &inner, &inner_size);
	if (error)
		return error;
	seal_sign(node->keys, "position", inner, inner_size, signature);
	Twinlog__SignedPosition outer = TWINLOG__SIGNED_POSITION__INIT;
	outer.position = codec_bytes(inner, inner_size);
	outer.signature = codec_bytes(signature, sizeof signature);
	return codec_pack_arena(arena, &outer.base, ret_bytes, ret_size);
}
