/* A thief of a city's key. It has a copy of the folder, which it runs as that city, and it signs whatever it likes with
 * the key: words on any bundle of the city and of any date, acts, erasures, positions. Those who were told of the new
 * key refuse it a link; what it signed may reach them all the same, through others. */
#include <stdlib.h>

#include "lies.h"

#define THIEF_MOST_MS 3000u /* between two of its works, at first */
#define THIEF_TIRES                                                                                                    \
	200u           /* works of all thieves, after each of which they rest so much longer again: a run of hours     \
			* is to bring other things than what is signed with stolen keys, which all keep for ever */
#define THIEF_ACTS 40u /* signed in all: likewise */

static void thief_later(struct sim *sim, unsigned city)
{
	const uint64_t most_ms = THIEF_MOST_MS * (1 + sim->faults[FAULT_THEFT_USED] / THIEF_TIRES);

	schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms + rng_between(&sim->keys, 100, most_ms),
						  .type = JOB_THIEF,
						  .machine = city});
}

void thief_begin(struct sim *sim, unsigned number)
{
	struct city *city = &sim->cities[number];
	sim_note(sim, "%s is robbed of its key", city->city_id);
	city->stolen = city->keys_count;
	sim_fault(sim, FAULT_KEY_STOLEN);
	thief_later(sim, number);
	if (city->twin != NO_MACHINE && sim->machines[city->twin].exists)
		return;
	if (city->twin == NO_MACHINE) {
		const unsigned twin = machine_new(sim, number);
		sim->cities[number].twin = twin;
	}
	struct machine *twin = &sim->machines[city->twin];
	twin->exists = twin->thief = true;
	disk_copy(&twin->disk, &sim->machines[city->machine].disk);
	sim->rolled_back = true;
	machine_boot(sim, city->twin);
	schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms + rng_between(&sim->keys, 10000, 300000),
						  .type = JOB_RETIRE,
						  .machine = city->twin});
}

/* ---- What it signed elsewhere ---- */

static void thief_notes(struct sim *sim, const struct hash *id)
{
	sim->stolen_ids =
	    sim_grow(sim->stolen_ids, sim->stolen_ids_count, &sim->stolen_ids_capacity, sizeof *sim->stolen_ids);
	sim->stolen_ids[sim->stolen_ids_count++] = *id;
}

bool thief_signed(const struct sim *sim, const struct hash *id)
{
	for (size_t i = 0; i < sim->stolen_ids_count; i++)
		if (hash_equal(&sim->stolen_ids[i], id))
			return true;
	return false;
}

/* The city, with the key that was stolen. */
static struct city thief_of(const struct city *city)
{
	struct city thief = *city;
	thief.keys = city->ring[city->stolen - 1].keys;
	return thief;
}

static struct blob *thief_bundle(struct sim *sim, const struct city *thief)
{
	const struct object *parent = lie_any_bundle(sim, &thief->identity);
	Twinlog__PeerMessage *message;
	Twinlog__BundleList *list;
	struct bundle *bundle;
	if (!parent)
		return NULL;
	struct blob *blob = lie_words(sim, thief, parent, TWINLOG__OPERATION__OPERATION_STATEMENT,
				      TWINLOG__RECORD_KIND__RECORD_ACTIVITY);
	if (!blob)
		return NULL;
	struct arena *arena = sim_arena(sim, 2);
	if (CODEC_UNPACK(arena, blob->bytes, blob->size, &message, twinlog__peer_message) ||
	    CODEC_UNPACK(arena, message->chunk->bundles.data, message->chunk->bundles.len, &list,
			 twinlog__bundle_list) ||
	    bundle_open(list->bundles[0].data, list->bundles[0].len, NULL, 0, &bundle))
		abort();
	thief_notes(sim, &bundle->id);
	bundle_free(bundle);
	return blob;
}

/* Of the city's own words. */
static struct blob *thief_erasure(struct sim *sim, const struct city *thief)
{
	const struct object *object = lie_any_bundle(sim, &thief->identity);
	if (!object)
		return NULL;
	Twinlog__Erasure erasure = TWINLOG__ERASURE__INIT;
	erasure.space = codec_hash(&object->space);
	erasure.signer = erasure.city = codec_hash(&thief->identity);
	erasure.bundle = codec_hash(&object->id);
	erasure.leaf = codec_hash(&object->bundle->leaves[0].hash);
	erasure.reason = codec_string("malice");
	erasure.clock_ms = rng_below(&sim->keys, 1ull << 48);
	struct erasure *opened;
	uint8_t *bytes;
	size_t size;
	if (erasure_seal(&erasure, thief->keys, &bytes, &size) || erasure_open(bytes, size, &opened))
		abort();
	thief_notes(sim, &opened->id);
	erasure_free(opened);
	return lie_one_erasure(&object->space, bytes, size, false);
}

static const struct object *thief_parent(struct sim *sim)
{
	for (int tries = 0; tries < 50 && sim->world.count; tries++) {
		const struct object *object = &sim->world.items[rng_below(&sim->keys, sim->world.count)];
		if (object->kind == OBJECT_ACT)
			return object;
	}
	return NULL;
}

/* On any act that is known: dated back as far as it likes. */
static struct blob *thief_act(struct sim *sim, const struct city *thief)
{
	static const uint32_t kinds[] = {TWINLOG__ACT_KIND__ACT_LEAVE,  TWINLOG__ACT_KIND__ACT_ACCEPT,
					 TWINLOG__ACT_KIND__ACT_REMOVE, TWINLOG__ACT_KIND__ACT_REMOVE,
					 TWINLOG__ACT_KIND__ACT_RENAME, TWINLOG__ACT_KIND__ACT_APPOINT};
	const struct object *parent = thief_parent(sim);
	if (!parent || sim->stolen_acts == THIEF_ACTS)
		return NULL;
	const struct city *victim = &sim->cities[rng_below(&sim->keys, sim->profile.cities)];
	ProtobufCBinaryData parents = codec_hash(&parent->id), appointed = codec_hash(&victim->identity);
	Twinlog__Cutoff counts = TWINLOG__CUTOFF__INIT;
	Twinlog__Act message = TWINLOG__ACT__INIT;
	message.kind = kinds[rng_below(&sim->keys, sizeof kinds / sizeof *kinds)];
	message.space = codec_hash(&parent->space);
	message.signer = codec_hash(&thief->identity);
	message.parents = &parents;
	message.n_parents = 1;
	message.number = parent->act->message->number + 1;
	message.clock_ms = rng_below(&sim->keys, 1ull << 48);
	if (message.kind == TWINLOG__ACT_KIND__ACT_REMOVE) {
		message.subject = appointed;
		message.counts = &counts;
	} else if (message.kind == TWINLOG__ACT_KIND__ACT_APPOINT) {
		message.stewards = &appointed;
		message.n_stewards = 1;
	} else if (message.kind == TWINLOG__ACT_KIND__ACT_RENAME) {
		message.title = codec_string("Ours");
	}
	struct act *act;
	uint8_t *bytes;
	size_t size;
	if (act_seal(&message, thief->keys, &bytes, &size) || act_open(bytes, size, &act))
		abort();
	thief_notes(sim, &act->id);
	act_free(act);
	sim->stolen_acts++;
	return lie_one_act(&parent->space, bytes, size);
}

/* ---- On which line ---- */

/* A line of that city, or of any; from: the machine in whose name it is. */
static uint32_t thief_line(struct sim *sim, unsigned city, bool own, unsigned *ret_from)
{
	for (int tries = 0; tries < 20; tries++) {
		const struct city *at = &sim->cities[own ? city : rng_below(&sim->keys, sim->profile.cities)];
		if (!at->ties_count)
			continue;
		const uint32_t tie = at->ties[rng_below(&sim->keys, at->ties_count)];
		const uint32_t number = network_line(sim, tie, LINE_NONE);
		if (number == LINE_NONE || !sim->lines[number].open)
			continue;
		for (unsigned end = 0; end < 2; end++) {
			const unsigned machine = sim->lines[number].ends[end].machine;
			if ((!own || sim->machines[machine].city == city) &&
			    network_end(sim, machine, number + 1) != 2) {
				*ret_from = machine;
				return number + 1;
			}
		}
	}
	return 0;
}

void thief_work(struct sim *sim, const struct job *job)
{
	const unsigned number = job->machine;
	const struct city thief = thief_of(&sim->cities[number]);
	const uint64_t what = rng_below(&sim->keys, 100);
	if (sim->healed)
		return;
	thief_later(sim, number);
	unsigned from;
	const uint32_t link = thief_line(sim, number, what < 50 || rng_chance(&sim->keys, 500), &from);
	if (!link)
		return;
	struct blob *blob = what < 50   ? thief_bundle(sim, &thief)
			    : what < 70 ? thief_act(sim, &thief)
			    : what < 85 ? thief_erasure(sim, &thief)
					: lie_position_of(sim, &thief);
	if (!blob)
		return;
	sim_fault(sim, FAULT_THEFT_USED);
	network_inject(sim, from, link, blob);
}
