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

enum twinlog_error position_pack(struct node *node, struct space *space, uint8_t **ret_bytes, size_t *ret_size)
{
	struct arena *arena = node->effects->arena;
	Twinlog__Position position = TWINLOG__POSITION__INIT;
	Twinlog__CityHeads *cities = arena_alloc(arena, (space->graphs.count + 1) * sizeof *cities);
	Twinlog__CityHeads **list = arena_alloc(arena, (space->graphs.count + 1) * sizeof(Twinlog__CityHeads *));
	if (!cities || !list)
		return TWINLOG_NO_MEMORY;
	position.cities = list;
	for (size_t i = 0; i < space->graphs.count; i++) {
		size_t count, place = position.n_cities;
		const struct hash *heads = graph_heads(space->graphs.items[i], &count);
		if (count == 0)
			continue;
		Twinlog__CityHeads *city = &cities[i];
		twinlog__city_heads__init(city);
		city->city = codec_hash(graph_city(space->graphs.items[i]));
		city->heads = codec_hash_list(arena, heads, count);
		city->n_heads = count;
		if (!city->heads)
			return TWINLOG_NO_MEMORY;
		for (; place > 0 && memcmp(list[place - 1]->city.data, city->city.data, HASH_SIZE) > 0; place--)
			list[place] = list[place - 1];
		list[place] = city;
		position.n_cities++;
	}
	size_t acts_count_of;
	const struct hash *acts = acts_heads(space->acts, &acts_count_of);
	position.space = codec_hash(acts_space(space->acts));
	position.city = codec_hash(&node->card->identity);
	position.machine = node->machine;
	position.counter = ++space->position_counter;
	position.time_ms = position_time(node, space);
	position.acts = codec_hash_list(arena, acts, acts_count_of);
	position.n_acts = position.acts ? acts_count_of : 0;
	if (!hash_is_zero(erasures_digest(space->erasures)))
		position.erasures = codec_hash(erasures_digest(space->erasures));

	uint8_t *inner, signature[SEAL_SIGNATURE_SIZE];
	size_t inner_size;
	enum twinlog_error error = codec_pack_arena(arena, &position.base, &inner, &inner_size);
	if (error)
		return error;
	seal_sign(node->keys, "position", inner, inner_size, signature);
	Twinlog__SignedPosition outer = TWINLOG__SIGNED_POSITION__INIT;
	outer.position = codec_bytes(inner, inner_size);
	outer.signature = codec_bytes(signature, sizeof signature);
	return codec_pack_arena(arena, &outer.base, ret_bytes, ret_size);
}
