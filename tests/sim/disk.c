/* What a store would hold, in the order it would give it back. */
#include <stdlib.h>

#include "sim.h"

static void disk_mark(struct disk *disk, uint32_t object)
{
	if (object >= disk->holds_capacity) {
		const size_t capacity = ((size_t)object + 1) * 2;
		uint8_t *holds = sim_alloc(capacity);
		if (disk->holds)
			memcpy(holds, disk->holds, disk->holds_capacity);
		free(disk->holds);
		disk->holds = holds;
		disk->holds_capacity = capacity;
	}
	disk->holds[object] = 1;
}

bool disk_holds(const struct disk *disk, uint32_t object)
{
	return object < disk->holds_capacity && disk->holds[object];
}

uint32_t disk_bundle(const struct disk *disk, uint64_t sequence)
{
	size_t low = 0, high = disk->bundles_count;
	while (low < high) {
		const size_t middle = (low + high) / 2;
		if (disk->bundles[middle].sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low < disk->bundles_count && disk->bundles[low].sequence == sequence ? disk->bundles[low].object
										    : OBJECT_NONE;
}

/* The planted fault: one bit of the signature. */
static uint32_t disk_take_forged(struct sim *sim, const struct pending *row)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	Twinlog__Bundle *bundle;
	uint8_t *bytes;
	size_t size;
	if (!arena || CODEC_UNPACK(arena, row->copy->bytes, row->copy->size, &bundle, twinlog__bundle))
		abort();
	bundle->signature.data[0] ^= 1;
	if (codec_pack_arena(arena, &bundle->base, &bytes, &size))
		abort();
	const uint32_t object = world_take_bundle(sim, bytes, size);
	arena_free(arena);
	return object;
}

static void disk_append(struct sim *sim, unsigned machine, const struct pending *row)
{
	struct disk *disk = &sim->machines[machine].disk;
	const bool act = row->what.kind == PERSIST_ACT;
	const uint64_t sequence = row->what.sequence;
	if (sequence <= disk->sequence)
		sim_fail(sim, SIM_UNSAFE, "machine %u writes sequence %llu after %llu: a row would be overwritten",
			 machine, (unsigned long long)sequence, (unsigned long long)disk->sequence);
	uint32_t object;
	if (!act && sim_sings(sim, CANARY_FORGED))
		object = disk_take_forged(sim, row);
	else if (act)
		object = world_take_act(sim, row->copy->bytes, row->copy->size);
	else
		object = world_take_bundle(sim, row->copy->bytes, row->copy->size);
	if (disk_holds(disk, object))
		sim_fail(sim, SIM_UNSAFE, "machine %u stores the same object twice", machine);
	disk->sequence = sequence;
	disk_mark(disk, object);
	sim->world.items[object].held_by[sim->machines[machine].city] = 1;
	const struct disk_entry entry = {.sequence = sequence, .object = object};
	if (act) {
		disk->acts = sim_grow(disk->acts, disk->acts_count, &disk->acts_capacity, sizeof *disk->acts);
		disk->acts[disk->acts_count++] = entry;
	} else {
		disk->bundles =
		    sim_grow(disk->bundles, disk->bundles_count, &disk->bundles_capacity, sizeof *disk->bundles);
		disk->bundles[disk->bundles_count++] = entry;
	}
}

static void disk_put_card(struct disk *disk, const struct pending *row)
{
	size_t i = 0;
	while (i < disk->cards_count && !hash_equal(&disk->cards[i].identity, &row->what.city))
		i++;
	if (i == disk->cards_count) {
		disk->cards = sim_grow(disk->cards, i, &disk->cards_capacity, sizeof *disk->cards);
		disk->cards[disk->cards_count++] = (struct disk_card){.identity = row->what.city};
	}
	struct disk_card *card = &disk->cards[i];
	blob_drop(card->blob);
	card->blob = blob_hold(row->copy);
	card->verified = row->what.verified;
	card->removed = row->what.removed;
}

static void disk_put_position(struct disk *disk, const struct pending *row)
{
	const struct persist *what = &row->what;
	size_t i = 0;
	while (i < disk->positions_count &&
	       !(hash_equal(&disk->positions[i].space, &what->space) &&
		 hash_equal(&disk->positions[i].city, &what->city) && disk->positions[i].machine == what->machine))
		i++;
	if (i == disk->positions_count) {
		disk->positions = sim_grow(disk->positions, i, &disk->positions_capacity, sizeof *disk->positions);
		disk->positions[disk->positions_count++] =
		    (struct disk_position){.space = what->space, .city = what->city, .machine = what->machine};
	}
	blob_drop(disk->positions[i].blob);
	disk->positions[i].blob = blob_hold(row->copy);
}

static void disk_put_request(struct disk *disk, const struct pending *row)
{
	size_t i = 0;
	while (i < disk->requests_count && !handle_equal(&disk->requests[i].request, &row->what.request))
		i++;
	if (i == disk->requests_count) {
		disk->requests = sim_grow(disk->requests, i, &disk->requests_capacity, sizeof *disk->requests);
		disk->requests[disk->requests_count++] = (struct disk_request){.request = row->what.request};
	}
	blob_drop(disk->requests[i].blob);
	disk->requests[i].blob = blob_hold(row->copy);
}

void disk_apply(struct sim *sim, unsigned machine, const struct pending *row)
{
	struct disk *disk = &sim->machines[machine].disk;
	switch (row->what.kind) {
	case PERSIST_CARD:
		disk_put_card(disk, row);
		break;
	case PERSIST_ACT:
		sim->cities[sim->machines[machine].city].settled = false;
		disk_append(sim, machine, row);
		break;
	case PERSIST_BUNDLE:
		disk_append(sim, machine, row);
		break;
	case PERSIST_POSITION:
		disk_put_position(disk, row);
		break;
	case PERSIST_REQUEST:
		disk_put_request(disk, row);
		break;
	case PERSIST_MACHINE:
		disk->machine = row->what.machine;
		break;
	default:
		sim_fail(sim, SIM_UNSAFE, "machine %u persists something unknown", machine);
	}
}

static void *copy_array(const void *items, size_t count, size_t item_size)
{
	if (!count)
		return NULL;
	void *copy = sim_alloc(count * item_size);
	memcpy(copy, items, count * item_size);
	return copy;
}

void disk_copy(struct disk *to, const struct disk *from)
{
	*to = *from;
	to->acts = copy_array(from->acts, from->acts_count, sizeof *from->acts);
	to->acts_capacity = from->acts_count;
	to->bundles = copy_array(from->bundles, from->bundles_count, sizeof *from->bundles);
	to->bundles_capacity = from->bundles_count;
	to->cards = copy_array(from->cards, from->cards_count, sizeof *from->cards);
	to->cards_capacity = from->cards_count;
	to->positions = copy_array(from->positions, from->positions_count, sizeof *from->positions);
	to->positions_capacity = from->positions_count;
	to->requests = copy_array(from->requests, from->requests_count, sizeof *from->requests);
	to->requests_capacity = from->requests_count;
	to->holds = copy_array(from->holds, from->holds_capacity, 1);
	for (size_t i = 0; i < to->cards_count; i++)
		blob_hold(to->cards[i].blob);
	for (size_t i = 0; i < to->positions_count; i++)
		blob_hold(to->positions[i].blob);
	for (size_t i = 0; i < to->requests_count; i++)
		blob_hold(to->requests[i].blob);
}

void disk_empty(struct disk *disk)
{
	for (size_t i = 0; i < disk->cards_count; i++)
		blob_drop(disk->cards[i].blob);
	for (size_t i = 0; i < disk->positions_count; i++)
		blob_drop(disk->positions[i].blob);
	for (size_t i = 0; i < disk->requests_count; i++)
		blob_drop(disk->requests[i].blob);
	free(disk->acts);
	free(disk->bundles);
	free(disk->cards);
	free(disk->positions);
	free(disk->requests);
	free(disk->holds);
	*disk = (struct disk){.machine = disk->machine};
}

/* Reckoned from the acts themselves, so that the core's own judgement is not the judge of the core. */
enum standing disk_standing(const struct sim *sim, const struct disk *disk, const struct hash *space, unsigned city,
			    bool *ret_named)
{
	const struct city *who = &sim->cities[city];
	enum standing standing = STANDING_INVITED;
	*ret_named = false;
	for (size_t i = 0; i < disk->acts_count; i++) {
		const struct object *object = &sim->world.items[disk->acts[i].object];
		const bool own = hash_equal(&object->city, &who->identity);
		if (!hash_equal(&object->space, space))
			continue;
		if (object->act->kind == TWINLOG__ACT_KIND__ACT_FOUND) {
			const Twinlog__Act *found = object->act->message;
			for (size_t m = 0; m < found->n_members; m++)
				*ret_named |= codec_equal(found->members[m]->city_id, who->city_id);
			if (own)
				standing = STANDING_MEMBER;
		} else if (own && object->act->kind == TWINLOG__ACT_KIND__ACT_ACCEPT) {
			standing = STANDING_MEMBER;
		} else if (own && object->act->kind == TWINLOG__ACT_KIND__ACT_DECLINE && standing == STANDING_INVITED) {
			standing = STANDING_DECLINED;
		}
	}
	return standing;
}

static void must_load(struct sim *sim, enum twinlog_error error, const char *what)
{
	if (error)
		sim_fail(sim, SIM_UNSAFE, "a disk's %s does not load again: %s", what, twinlog_error_text(error));
}

void disk_load(struct sim *sim, const struct disk *disk, struct node *node)
{
	for (size_t i = 0; i < disk->cards_count; i++) {
		const struct disk_card *card = &disk->cards[i];
		must_load(sim, node_load_card(node, card->blob->bytes, card->blob->size, card->verified, card->removed),
			  "card");
	}
	for (size_t i = 0; i < disk->acts_count; i++) {
		const struct blob *blob = sim->world.items[disk->acts[i].object].blob;
		must_load(sim, node_load_act(node, disk->acts[i].sequence, blob->bytes, blob->size), "act");
	}
	for (size_t i = 0; i < disk->bundles_count; i++) {
		const struct blob *blob = sim->world.items[disk->bundles[i].object].blob;
		must_load(sim, node_load_bundle(node, disk->bundles[i].sequence, blob->bytes, blob->size), "bundle");
	}
	for (size_t i = 0; i < disk->positions_count; i++) {
		const struct blob *blob = disk->positions[i].blob;
		must_load(sim, node_load_position(node, blob->bytes, blob->size), "position");
	}
	for (size_t i = 0; i < disk->requests_count; i++) {
		const struct disk_request *request = &disk->requests[i];
		must_load(sim, node_load_request(node, &request->request, request->blob->bytes, request->blob->size),
			  "request");
	}
	must_load(sim, node_loaded(node), "whole");
}
