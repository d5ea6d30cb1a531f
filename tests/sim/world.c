/* Every act, bundle and erasure that any disk ever held. Taking one in checks what must be true of it for ever: its
 * form, that the city it speaks for signed it, and that one id always stands for the same bytes, less what was erased.
 */
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

static struct object *world_add(struct sim *sim, struct object object)
{
	struct world *world = &sim->world;
	if (2 * world->count >= world->slots_count)
		world_rehash(world);
	world->items = sim_grow(world->items, world->count, &world->capacity, sizeof *world->items);
	object.held_by = sim_alloc(sim->profile.cities);
	*world_slot(world, &object.id) = (uint32_t)world->count + 1;
	world->items[world->count] = object;
	return &world->items[world->count++];
}

/* ---- Contents seen before, so that each is checked once ---- */

static uint32_t *seen_slot(const struct world *world, uint64_t mix, const void *bytes, size_t size)
{
	size_t at = mix & (world->seen_slots_count - 1);
	for (; world->seen_slots[at]; at = (at + 1) & (world->seen_slots_count - 1)) {
		const struct content *seen = &world->seen[world->seen_slots[at] - 1];
		if (seen->mix == mix && seen->blob->size == size && memcmp(seen->blob->bytes, bytes, size) == 0)
			break;
	}
	return &world->seen_slots[at];
}

static struct content *seen_find(const struct world *world, const void *bytes, size_t size)
{
	if (!world->seen_slots_count)
		return NULL;
	const uint32_t slot = *seen_slot(world, mix_bytes(bytes, size), bytes, size);
	return slot ? &world->seen[slot - 1] : NULL;
}

static struct content *seen_add(struct world *world, struct content content)
{
	content.mix = mix_bytes(content.blob->bytes, content.blob->size);
	if (2 * world->seen_count >= world->seen_slots_count) {
		world->seen_slots_count = world->seen_slots_count ? world->seen_slots_count * 2 : 1024;
		free(world->seen_slots);
		world->seen_slots = sim_alloc(world->seen_slots_count * sizeof *world->seen_slots);
		for (size_t i = 0; i < world->seen_count; i++) {
			const struct content *seen = &world->seen[i];
			*seen_slot(world, seen->mix, seen->blob->bytes, seen->blob->size) = (uint32_t)i + 1;
		}
	}
	world->seen = sim_grow(world->seen, world->seen_count, &world->seen_capacity, sizeof *world->seen);
	*seen_slot(world, content.mix, content.blob->bytes, content.blob->size) = (uint32_t)world->seen_count + 1;
	world->seen[world->seen_count] = content;
	return &world->seen[world->seen_count++];
}

/* ---- Bundles ---- */

static const struct city *author_of(struct sim *sim, const struct hash *identity, const char *what)
{
	const unsigned city = sim_city_by_identity(sim, identity);
	if (city == sim->profile.cities)
		sim_fail(sim, SIM_UNSAFE, "%s by nobody we know", what);
	return &sim->cities[city];
}

/* Which of its keys verifies it: its place in the ring; keys_count: none. */
static unsigned verified_by(const struct city *city, const char *kind, const void *bytes, size_t size,
			    const uint8_t *signature, size_t signature_size)
{
	unsigned key = 0;
	while (key < city->keys_count && seal_verify(&city->publics[key], kind, bytes, size, signature, signature_size))
		key++;
	return key;
}

/* The same bundle in other bytes: only contents that were erased may lack. */
static void bundle_compare(struct sim *sim, const struct bundle *known, const struct bundle *other)
{
	if (known->leaves_count != other->leaves_count)
		sim_fail(sim, SIM_UNSAFE, "one id, two bundles");
	for (uint32_t i = 0; i < known->leaves_count; i++)
		if (!hash_equal(&known->leaves[i].hash, &other->leaves[i].hash))
			sim_fail(sim, SIM_UNSAFE, "one id, two leaves: exact bytes were not kept");
	for (uint32_t i = 0; known->size == other->size && i < known->leaves_count; i++)
		if (!known->leaves[i].salt != !other->leaves[i].salt)
			return;
	if (known->size == other->size && memcmp(known->bytes, other->bytes, known->size) != 0)
		sim_fail(sim, SIM_UNSAFE, "one id, two contents: exact bytes were not kept");
}

const struct content *world_take_bundle(struct sim *sim, const void *bytes, size_t size)
{
	const struct content *seen = seen_find(&sim->world, bytes, size);
	struct bundle *bundle;
	if (seen)
		return seen;
	enum twinlog_error error = bundle_open(bytes, size, NULL, 0, &bundle);
	if (error)
		sim_fail(sim, SIM_UNSAFE, "a bundle for the disk does not open: %s", twinlog_error_text(error));
	const struct city *author = author_of(sim, &bundle->city, "a bundle");
	bundle_free(bundle);
	error = bundle_open(bytes, size, author->publics, author->keys_count, &bundle);
	if (error)
		sim_fail(sim, SIM_UNSAFE, "a bundle in the name of a city that did not sign it: %s",
			 twinlog_error_text(error));
	uint32_t object = world_find(&sim->world, &bundle->id);
	if (object != OBJECT_NONE)
		bundle_compare(sim, sim->world.items[object].bundle, bundle);
	else
		object = (uint32_t)(world_add(sim, (struct object){.kind = OBJECT_BUNDLE,
								   .id = bundle->id,
								   .space = bundle->space,
								   .city = bundle->city,
								   .bundle = bundle}) -
				    sim->world.items);
	struct blob *blob = blob_new(bytes, size);
	return seen_add(&sim->world, (struct content){.object = object, .blob = blob, .bundle = bundle});
}

/* ---- Acts and erasures ---- */

const struct content *world_take_act(struct sim *sim, const void *bytes, size_t size)
{
	const struct content *seen = seen_find(&sim->world, bytes, size);
	struct act *act;
	if (seen)
		return seen;
	enum twinlog_error error = act_open(bytes, size, &act);
	if (error)
		sim_fail(sim, SIM_UNSAFE, "an act for the disk does not open: %s", twinlog_error_text(error));
	if (world_find(&sim->world, &act->id) != OBJECT_NONE)
		sim_fail(sim, SIM_UNSAFE, "one id, two acts: exact bytes were not kept");
	const struct city *author = author_of(sim, &act->signer, "an act");
	const bool change = act->kind == TWINLOG__ACT_KIND__ACT_CHANGE_KEY;
	if (change ? seal_verify(&author->recovery_key, "act", act->signed_bytes, act->signed_size, act->signature,
				 SEAL_SIGNATURE_SIZE) != TWINLOG_OK
		   : verified_by(author, "act", act->signed_bytes, act->signed_size, act->signature,
				 SEAL_SIGNATURE_SIZE) == author->keys_count)
		sim_fail(sim, SIM_UNSAFE, "an act in the name of a city that did not sign it");
	const struct object *object = world_add(
	    sim,
	    (struct object){.kind = OBJECT_ACT, .id = act->id, .space = act->space, .city = act->signer, .act = act});
	return seen_add(&sim->world, (struct content){.object = (uint32_t)(object - sim->world.items),
						      .blob = blob_new(bytes, size)});
}

static unsigned erasure_verify(struct sim *sim, const struct erasure *erasure)
{
	const struct city *author = author_of(sim, &erasure->signer, "an erasure");
	Twinlog__SignedErasure *outer;
	unsigned key = author->keys_count;
	if (!CODEC_UNPACK(sim_arena(sim, 3), erasure->bytes, erasure->size, &outer, twinlog__signed_erasure))
		key = verified_by(author, "erasure", outer->erasure.data, outer->erasure.len, outer->signature.data,
				  outer->signature.len);
	if (key == author->keys_count)
		sim_fail(sim, SIM_UNSAFE, "an erasure in the name of a city that did not sign it");
	return key;
}

static unsigned erased_bit(const struct hash *leaf)
{
	return (unsigned)leaf->bytes[0] << 8 | leaf->bytes[1];
}

const struct content *world_take_erasure(struct sim *sim, const void *bytes, size_t size)
{
	const struct content *seen = seen_find(&sim->world, bytes, size);
	struct erasure *erasure;
	if (seen)
		return seen;
	const enum twinlog_error error = erasure_open(bytes, size, &erasure);
	if (error)
		sim_fail(sim, SIM_UNSAFE, "an erasure for the disk does not open: %s", twinlog_error_text(error));
	if (world_find(&sim->world, &erasure->id) != OBJECT_NONE)
		sim_fail(sim, SIM_UNSAFE, "one id, two erasures: exact bytes were not kept");
	const unsigned key = erasure_verify(sim, erasure);
	const unsigned bit = erased_bit(&erasure->leaf);
	sim->world.erased[bit / 8] |= (uint8_t)(1u << bit % 8);
	const struct object *object = world_add(sim, (struct object){.kind = OBJECT_ERASURE,
								     .id = erasure->id,
								     .space = erasure->space,
								     .city = erasure->signer,
								     .key = key,
								     .erasure = erasure});
	return seen_add(&sim->world, (struct content){.object = (uint32_t)(object - sim->world.items),
						      .blob = blob_new(bytes, size)});
}

bool world_may_be_erased(const struct world *world, const struct hash *leaf)
{
	const unsigned bit = erased_bit(leaf);
	return world->erased[bit / 8] >> bit % 8 & 1u;
}

void world_free(struct world *world)
{
	for (size_t i = 0; i < world->seen_count; i++) {
		blob_drop(world->seen[i].blob);
		bundle_free(world->seen[i].bundle); /* the object's own is one of these */
	}
	for (size_t i = 0; i < world->count; i++) {
		act_free(world->items[i].act);
		erasure_free(world->items[i].erasure);
		free(world->items[i].held_by);
	}
	free(world->items);
	free(world->slots);
	free(world->seen);
	free(world->seen_slots);
}
