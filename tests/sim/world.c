/* Every act and bundle that any disk ever held. Taking one in checks what must be true of it for ever: its form, that
 * the city it speaks for signed it, and that one id always stands for the same bytes. */
#include <stdlib.h>

#include "sim.h"

static uint32_t *world_slot(const struct world *world, const struct hash *id)
{
	size_t at = hash_word(id) & (world->slots_count - 1);
	while (world->slots[at] && !hash_equal(&world->items[world->slots[at] - 1].id, id))
		at = (at + 1) & (world->slots_count - 1);
	return &world->slots[at];
}

uint32_t world_find(const struct world *world, const struct hash *id)
{
	if (!world->slots_count)
		return OBJECT_NONE;
	const uint32_t slot = *world_slot(world, id);
	return slot ? slot - 1 : OBJECT_NONE;
}

static void world_rehash(struct world *world)
{
	world->slots_count = world->slots_count ? world->slots_count * 2 : 1024;
	free(world->slots);
	world->slots = sim_alloc(world->slots_count * sizeof *world->slots);
	for (size_t i = 0; i < world->count; i++)
		*world_slot(world, &world->items[i].id) = (uint32_t)i + 1;
}

static uint32_t world_add(struct sim *sim, struct object object)
{
	struct world *world = &sim->world;
	if (2 * world->count >= world->slots_count)
		world_rehash(world);
	world->items = sim_grow(world->items, world->count, &world->capacity, sizeof *world->items);
	object.held_by = sim_alloc(sim->profile.cities);
	*world_slot(world, &object.id) = (uint32_t)world->count + 1;
	world->items[world->count] = object;
	return (uint32_t)world->count++;
}

/* The known object, if its bytes are the same. */
static uint32_t world_same(struct sim *sim, const struct hash *id, const void *bytes, size_t size)
{
	const uint32_t known = world_find(&sim->world, id);
	if (known == OBJECT_NONE)
		return known;
	const struct blob *blob = sim->world.items[known].blob;
	if (blob->size != size || memcmp(blob->bytes, bytes, size) != 0)
		sim_fail(sim, SIM_UNSAFE, "one id, two contents: exact bytes were not kept");
	return known;
}

uint32_t world_take_bundle(struct sim *sim, const void *bytes, size_t size)
{
	struct bundle *bundle;
	enum twinlog_error error = bundle_open(bytes, size, NULL, 0, &bundle);
	if (error)
		sim_fail(sim, SIM_UNSAFE, "a bundle for the disk does not open: %s", twinlog_error_text(error));
	const uint32_t known = world_same(sim, &bundle->id, bytes, size);
	if (known != OBJECT_NONE) {
		bundle_free(bundle);
		return known;
	}
	const unsigned city = sim_city_by_identity(sim, &bundle->city);
	if (city == sim->profile.cities)
		sim_fail(sim, SIM_UNSAFE, "a bundle by nobody we know");
	struct bundle *again;
	error = bundle_open(bytes, size, &sim->cities[city].public_key, 1, &again);
	if (error)
		sim_fail(sim, SIM_UNSAFE, "a bundle in the name of %s that it did not sign: %s",
			 sim->cities[city].city_id, twinlog_error_text(error));
	bundle_free(again);
	return world_add(sim, (struct object){.id = bundle->id,
					      .space = bundle->space,
					      .city = bundle->city,
					      .blob = blob_new(bytes, size),
					      .bundle = bundle});
}

uint32_t world_take_act(struct sim *sim, const void *bytes, size_t size)
{
	struct act *act;
	enum twinlog_error error = act_open(bytes, size, &act);
	if (error)
		sim_fail(sim, SIM_UNSAFE, "an act for the disk does not open: %s", twinlog_error_text(error));
	const uint32_t known = world_same(sim, &act->id, bytes, size);
	if (known != OBJECT_NONE) {
		act_free(act);
		return known;
	}
	const unsigned city = sim_city_by_identity(sim, &act->signer);
	if (city == sim->profile.cities)
		sim_fail(sim, SIM_UNSAFE, "an act by nobody we know");
	error = seal_verify(&sim->cities[city].public_key, "act", act->signed_bytes, act->signed_size, act->signature,
			    SEAL_SIGNATURE_SIZE);
	if (error)
		sim_fail(sim, SIM_UNSAFE, "an act in the name of %s that it did not sign", sim->cities[city].city_id);
	return world_add(sim, (struct object){.is_act = true,
					      .id = act->id,
					      .space = act->space,
					      .city = act->signer,
					      .blob = blob_new(bytes, size),
					      .act = act});
}

void world_free(struct world *world)
{
	for (size_t i = 0; i < world->count; i++) {
		struct object *object = &world->items[i];
		blob_drop(object->blob);
		bundle_free(object->bundle);
		act_free(object->act);
		free(object->held_by);
	}
	free(world->items);
	free(world->slots);
}
