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

struct disk_entry *disk_row(const struct disk_rows *rows, uint64_t sequence)
{
	size_t low = 0, high = rows->count;
	while (low < high) {
		const size_t middle = (low + high) / 2;
		if (rows->items[middle].sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low < rows->count && rows->items[low].sequence == sequence ? &rows->items[low] : NULL;
}

/* What was signed with a stolen key takes nothing, once the city has changed its key and not named it. */
static bool erasure_stands(const struct sim *sim, const struct acts *acts, const struct object *object)
{
	const struct city *signer = &sim->cities[sim_city_by_identity(sim, &object->city)];
	const size_t number = acts ? acts_key_number(acts, &signer->identity, &signer->publics[object->key]) : SIZE_MAX;
	return !acts || !acts_erasure_shut_out(acts, &signer->identity, number, &object->id);
}

bool disk_erased(struct sim *sim, struct disk *disk, const struct bundle *bundle, const struct hash *leaf)
{
	struct hash signers[SIM_CITIES_MAX];
	size_t count = 0;
	if (disk->erasures.count == 0 || !world_may_be_erased(&sim->world, leaf))
		return false;
	const struct acts *acts = council_sits(sim) ? council_judges(sim, disk, &bundle->space) : NULL;
	for (size_t i = 0; i < disk->erasures.count; i++) {
		const struct object *object = &sim->world.items[disk->erasures.items[i].object];
		const struct erasure *erasure = object->erasure;
		if (!hash_equal(&erasure->leaf, leaf) || !hash_equal(&erasure->city, &bundle->city) ||
		    !hash_equal(&erasure->space, &bundle->space) || !erasure_stands(sim, acts, object))
			continue;
		if (hash_equal(&erasure->signer, &bundle->city))
			return true;
		if (count < SIM_CITIES_MAX)
			signers[count++] = erasure->signer;
	}
	return count && acts && acts_stewards_agree(acts, &bundle->city, signers, hash_sort(signers, count));
}

/* The planted fault: one bit of the signature. */
static const struct content *disk_take_forged(struct sim *sim, const struct pending *row)
{
	struct arena *arena = sim_arena(sim, 3);
	Twinlog__Bundle *bundle;
	uint8_t *bytes;
	size_t size;
	if (CODEC_UNPACK(arena, row->copy->bytes, row->copy->size, &bundle, twinlog__bundle))
		abort();
	bundle->signature.data[0] ^= 1;
	if (codec_pack_arena(arena, &bundle->base, &bytes, &size))
		abort();
	return world_take_bundle(sim, bytes, size);
}

static const struct content *disk_take(struct sim *sim, const struct pending *row)
{
	const void *bytes = row->copy->bytes;
	const size_t size = row->copy->size;
	if (row->what.kind == PERSIST_ACT)
		return world_take_act(sim, bytes, size);
	if (row->what.kind == PERSIST_ERASURE)
		return world_take_erasure(sim, bytes, size);
	return sim_sings(sim, CANARY_FORGED) ? disk_take_forged(sim, row) : world_take_bundle(sim, bytes, size);
}

/* Whether a thief signed it, or what it builds on; a machine tells nobody of what it has made until that is durable. */
static void object_mark(struct sim *sim, unsigned machine, uint32_t number)
{
	struct object *object = &sim->world.items[number];
	const bool own = hash_equal(&object->city, &sim->cities[sim->machines[machine].city].identity);
	object->stolen = (own && sim->machines[machine].thief) || thief_signed(sim, &object->id);
	for (uint32_t i = 0; object->bundle && i < object->bundle->parents_count; i++) {
		const uint32_t parent = world_find(&sim->world, &object->bundle->parents[i]);
		object->tainted |= parent != OBJECT_NONE && keys_tainted(sim, parent);
	}
}

static void disk_append(struct sim *sim, unsigned machine, struct disk_rows *rows, const struct pending *row)
{
	struct disk *disk = &sim->machines[machine].disk;
	const uint64_t sequence = sim_sings(sim, CANARY_OLD_ROW) ? disk->sequence : row->what.sequence;
	if (sequence <= disk->sequence)
		sim_fail(sim, SIM_UNSAFE, "machine %u writes sequence %llu after %llu: a row would be overwritten",
			 machine, (unsigned long long)sequence, (unsigned long long)disk->sequence);
	const size_t objects = sim->world.count;
	const struct content content = *disk_take(sim, row);
	if (content.object >= objects) {
		sim->world.items[content.object].maker = machine;
		sim->world.items[content.object].lineage = sim->machines[machine].lineage;
		object_mark(sim, machine, content.object);
	}
	if (disk_holds(disk, content.object))
		sim_fail(sim, SIM_UNSAFE, "machine %u stores the same object twice", machine);
	disk->sequence = sequence;
	disk_mark(disk, content.object);
	sim->world.items[content.object].held_by[sim->machines[machine].city] = 1;
	rows->items = sim_grow(rows->items, rows->count, &rows->capacity, sizeof *rows->items);
	rows->items[rows->count++] = (struct disk_entry){
	    .sequence = sequence, .object = content.object, .blob = blob_hold(content.blob), .bundle = content.bundle};
}

/* Whether stewards alone erased it. */
static bool disk_purged(const struct sim *sim, const struct disk *disk, const struct leaf *leaf)
{
	bool purged = false;
	for (size_t i = 0; i < disk->erasures.count; i++) {
		const struct erasure *erasure = sim->world.items[disk->erasures.items[i].object].erasure;
		if (!hash_equal(&erasure->leaf, &leaf->hash))
			continue;
		purged = true;
		if (hash_equal(&erasure->signer, &erasure->city))
			return false;
	}
	return purged;
}

static void disk_strip(struct sim *sim, unsigned machine, const struct pending *row)
{
	struct disk_entry *entry = disk_row(&sim->machines[machine].disk.bundles, row->what.sequence);
	uint8_t *bytes;
	size_t size;
	if (sim_sings(sim, CANARY_KEPT) ||
	    (entry && disk_purged(sim, &sim->machines[machine].disk, &entry->bundle->leaves[row->what.leaf]) &&
	     sim_sings(sim, CANARY_PURGED)))
		return;
	if (sim->machines[machine].flipped)
		return; /* nothing can be said of what lies there */
	if (!entry || bundle_strip(entry->blob->bytes, entry->blob->size, row->what.leaf, &bytes, &size))
		sim_fail(sim, SIM_UNSAFE, "machine %u erases a leaf that is not there", machine);
	const struct content *content = world_take_bundle(sim, bytes, size);
	blob_drop(entry->blob);
	entry->blob = blob_hold(content->blob);
	entry->bundle = content->bundle;
	free(bytes);
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
	card->knows = row->what.knows;
	card->removed = row->what.removed;
}

static size_t disk_find_position(const struct disk *disk, const struct persist *what)
{
	size_t i = 0;
	while (i < disk->positions_count &&
	       !(hash_equal(&disk->positions[i].space, &what->space) &&
		 hash_equal(&disk->positions[i].city, &what->city) && disk->positions[i].machine == what->machine))
		i++;
	return i;
}

static void disk_put_position(struct disk *disk, const struct pending *row)
{
	const struct persist *what = &row->what;
	const size_t i = disk_find_position(disk, what);
	if (i == disk->positions_count) {
		disk->positions = sim_grow(disk->positions, i, &disk->positions_capacity, sizeof *disk->positions);
		disk->positions[disk->positions_count++] =
		    (struct disk_position){.space = what->space, .city = what->city, .machine = what->machine};
	}
	blob_drop(disk->positions[i].blob);
	disk->positions[i].blob = blob_hold(row->copy);
}

static void disk_drop_position(struct disk *disk, const struct pending *row)
{
	const size_t i = disk_find_position(disk, &row->what);
	if (i == disk->positions_count)
		return;
	blob_drop(disk->positions[i].blob);
	memmove(&disk->positions[i], &disk->positions[i + 1], (--disk->positions_count - i) * sizeof *disk->positions);
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
		disk_append(sim, machine, &disk->acts, row);
		break;
	case PERSIST_BUNDLE:
		disk_append(sim, machine, &disk->bundles, row);
		break;
	case PERSIST_ERASURE:
		disk_append(sim, machine, &disk->erasures, row);
		break;
	case PERSIST_STRIP:
		disk_strip(sim, machine, row);
		break;
	case PERSIST_POSITION:
		disk_put_position(disk, row);
		break;
	case PERSIST_POSITION_GONE:
		disk_drop_position(disk, row);
		break;
	case PERSIST_REQUEST:
		disk_put_request(disk, row);
		break;
	case PERSIST_MACHINE:
		disk->machine = row->what.machine;
		break;
	case PERSIST_RELEASED:
		disk->restored = false;
		break;
	}
}

/* ---- Copies ---- */

static void *copy_array(const void *items, size_t count, size_t item_size)
{
	if (!count)
		return NULL;
	void *copy = sim_alloc(count * item_size);
	memcpy(copy, items, count * item_size);
	return copy;
}

static struct disk_rows rows_copy(const struct disk_rows *from)
{
	for (size_t i = 0; i < from->count; i++)
		blob_hold(from->items[i].blob);
	return (struct disk_rows){.items = copy_array(from->items, from->count, sizeof *from->items),
				  .count = from->count,
				  .capacity = from->count};
}

void disk_copy(struct disk *to, const struct disk *from)
{
	*to = *from;
	to->judged = NULL;
	to->judged_count = to->judged_capacity = to->judged_rows = 0;
	to->acts = rows_copy(&from->acts);
	to->bundles = rows_copy(&from->bundles);
	to->erasures = rows_copy(&from->erasures);
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

static void rows_empty(struct disk_rows *rows)
{
	for (size_t i = 0; i < rows->count; i++)
		blob_drop(rows->items[i].blob);
	free(rows->items);
}

void disk_empty(struct disk *disk)
{
	for (size_t i = 0; i < disk->cards_count; i++)
		blob_drop(disk->cards[i].blob);
	for (size_t i = 0; i < disk->positions_count; i++)
		blob_drop(disk->positions[i].blob);
	for (size_t i = 0; i < disk->requests_count; i++)
		blob_drop(disk->requests[i].blob);
	rows_empty(&disk->acts);
	rows_empty(&disk->bundles);
	rows_empty(&disk->erasures);
	free(disk->cards);
	free(disk->positions);
	free(disk->requests);
	free(disk->holds);
	council_forgets(disk);
	*disk = (struct disk){.machine = disk->machine, .key = disk->key};
}

/* Reckoned from the acts themselves, so that the core's own judgement is not the judge of the core; where stewards
 * change their spaces, by the core's judgement of what is on the disk, which has laws of its own. */
enum standing disk_standing(struct sim *sim, struct disk *disk, const struct hash *space, unsigned city,
			    bool *ret_named)
{
	const struct city *who = &sim->cities[city];
	if (council_sits(sim)) {
		const struct acts *acts = council_judges(sim, disk, space);
		const struct member *member = acts ? acts_member(acts, &who->identity) : NULL;
		*ret_named = member != NULL;
		return member ? member->standing : STANDING_INVITED;
	}
	enum standing standing = STANDING_INVITED;
	*ret_named = false;
	for (size_t i = 0; i < disk->acts.count; i++) {
		const struct object *object = &sim->world.items[disk->acts.items[i].object];
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

/* ---- Starting from it ---- */

typedef enum twinlog_error (*load_row)(struct node *node, uint64_t sequence, const void *bytes, size_t size);

static bool rows_load(const struct disk_rows *rows, struct node *node, load_row load)
{
	for (size_t i = 0; i < rows->count; i++)
		if (load(node, rows->items[i].sequence, rows->items[i].blob->bytes, rows->items[i].blob->size))
			return false;
	return true;
}

static bool cards_load(const struct disk *disk, struct node *node)
{
	for (size_t i = 0; i < disk->cards_count; i++) {
		const struct disk_card *card = &disk->cards[i];
		if (node_load_card(node, card->blob->bytes, card->blob->size, card->verified, card->removed,
				   card->knows))
			return false;
	}
	return true;
}

static enum twinlog_error bundle_again(void *context, uint64_t sequence, const uint8_t **ret_bytes, size_t *ret_size)
{
	const struct disk *disk = context;
	for (size_t i = disk->bundles.count; i-- > 0;)
		if (disk->bundles.items[i].sequence == sequence) {
			*ret_bytes = disk->bundles.items[i].blob->bytes;
			*ret_size = disk->bundles.items[i].blob->size;
			return TWINLOG_OK;
		}
	return TWINLOG_MISSING;
}

const char *disk_load(const struct disk *disk, struct node *node)
{
	if (!cards_load(disk, node))
		return "card";
	if (!rows_load(&disk->acts, node, node_load_act))
		return "act";
	if (!rows_load(&disk->erasures, node, node_load_erasure))
		return "erasure";
	if (!rows_load(&disk->bundles, node, node_load_bundle))
		return "bundle";
	if (node_load_tips(node, bundle_again, (void *)(uintptr_t)disk))
		return "newest bundle";
	for (size_t i = 0; i < disk->positions_count; i++)
		if (node_load_position(node, disk->positions[i].blob->bytes, disk->positions[i].blob->size))
			return "position";
	for (size_t i = 0; i < disk->requests_count; i++) {
		const struct disk_request *request = &disk->requests[i];
		if (node_load_request(node, &request->request, request->blob->bytes, request->blob->size))
			return "request";
	}
	return node_loaded(node) ? "whole" : NULL;
}
