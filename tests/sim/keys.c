/* Keys that change. A city's operator signs a new key into its spaces, as `twinlogd rekey` does: the machine is
 * stopped, a node from its disk signs, the acts go to the disk, and the folder has the new key. A folder that came back
 * with an old key takes the newest; where that is not known yet it is signed in; and what of the city's own does not
 * count for a change of its key, though it is here and no thief's, is named by one that extends it. */
#include <stdlib.h>

#include "card.h"
#include "key_change.h"
#include "sim.h"

#define KEYS_CHANCE  250u   /* per mille of seeds */
#define KEYS_REST_MS 10000u /* between two works on one folder's keys */
#define KEYS_SYNC_MS 90000u /* after the healing, until what partners hold has come */

/* Chance of its own, so that worlds without changes of key stay as they were. */
void keys_draw(struct sim *sim)
{
	rng_seed(&sim->keys, sim->options.seed ^ 0x6b65790000000005u);
	const bool changes = !sim->options.spaces && rng_chance(&sim->keys, KEYS_CHANCE);
	const uint64_t share = rng_between(&sim->keys, 4, 16);
	sim->profile.keys_ms = changes ? (unsigned)(sim->profile.trouble_ms / share) : 0;
}

/* ---- The ring ---- */

static void ring_add(struct city *city, struct seal_keys *keys, struct blob *signed_card)
{
	city->ring[city->keys_count] = (struct city_key){.keys = keys, .signed_card = signed_card};
	city->publics[city->keys_count++] = *seal_keys_public(keys);
	city->keys = keys;
	city->signed_card = signed_card;
}

void keys_first(struct sim *sim, unsigned number, struct seal_keys *keys, struct blob *signed_card)
{
	ring_add(&sim->cities[number], keys, signed_card);
}

static void key_new(struct sim *sim, struct city *city)
{
	struct seal_seeds seeds = {.index = 0};
	struct seal_keys *keys;
	uint8_t grant[SEAL_SIGNATURE_SIZE], *bytes;
	size_t size;
	rng_fill(&sim->keys, seeds.city, sizeof seeds.city);
	memcpy(seeds.transport, city->transport_seed, sizeof seeds.transport);
	memcpy(seeds.home, city->transport_seed, sizeof seeds.home);
	if (seal_keys_from(&seeds, &keys))
		abort();
	card_grant(city->recovery_seed, &city->identity, seal_keys_public(keys), NULL, grant);
	Twinlog__CityCard card = TWINLOG__CITY_CARD__INIT;
	card.founding_key = codec_bytes(city->publics[0].bytes, 32);
	card.recovery_key = codec_bytes(city->recovery_key.bytes, 32);
	card.city_key = codec_bytes(seal_keys_public(keys)->bytes, 32);
	card.key_grant = codec_bytes(grant, sizeof grant);
	card.transport_key = codec_bytes(seal_keys_transport_public(keys), 32);
	card.city_id = codec_string(city->city_id);
	card.serial = SIM_EPOCH_MS / 1000 + city->keys_count;
	if (card_seal(&card, keys, &bytes, &size))
		abort();
	ring_add(city, keys, blob_new(bytes, size));
	free(bytes);
}

/* ---- What counts ---- */

bool keys_tainted(const struct sim *sim, uint32_t object)
{
	return sim->world.items[object].stolen || sim->world.items[object].tainted;
}

static bool counts_at(const struct space *space, const struct bundle *bundle)
{
	for (uint32_t i = 0; i < bundle->leaves_count; i++) {
		const struct word *word = statements_find_leaf(space_statements(space), &bundle->leaves[i].hash);
		if (word && word->counts)
			return true;
	}
	return false;
}

/* Whether the city has said in this space which of its stolen keys' words count. */
static bool knows_shut_out(const struct acts *acts, const struct city *city)
{
	bool knows = false;
	const size_t stolen =
	    city->stolen ? acts_key_number(acts, &city->identity, &city->publics[city->stolen - 1]) : SIZE_MAX;
	/* A change retires the keys that it knew. */
	if (stolen == SIZE_MAX || !acts_key_retired(acts, &city->identity, stolen))
		return false;
	for (unsigned i = city->shut_out; city->shut_out && i < city->keys_count; i++)
		knows |= acts_key_number(acts, &city->identity, &city->publics[i]) != SIZE_MAX;
	return knows;
}

/* counted: NULL where what a city names may not have come. */
static const char *bundle_wrong(const struct sim *sim, const struct city *city, const struct space *space,
				const struct object *object, struct counted *counted)
{
	const uint32_t number = (uint32_t)(object - sim->world.items);
	if (object->stolen && knows_shut_out(space_acts(space), city))
		return counts_at(space, object->bundle) ? "what a thief signed counts" : NULL;
	/* What had not come to the city when it changed its key is not named, and partners tell of it no more. */
	if (!counted || keys_tainted(sim, number) || !disk_holds(&sim->machines[city->machine].disk, number) ||
	    !counted_has(sim, counted, object->bundle))
		return NULL;
	return counts_at(space, object->bundle) ? NULL : "a change of key shut out what its city wrote";
}

static const char *act_wrong(const struct city *city, const struct space *space, const struct object *object)
{
	const struct acts *acts = space_acts(space);
	for (size_t i = 0; object->stolen && knows_shut_out(acts, city) && i < acts_count(acts); i++)
		if (hash_equal(&acts_at(acts, i)->id, &object->id) && acts_valid(acts, i))
			return "an act that a thief signed is valid";
	return NULL;
}

const char *keys_wrong(struct sim *sim, struct disk *disk, const struct space *space, const bool *linked)
{
	struct counted counted;
	const char *wrong = NULL;
	counted_begin(sim, disk, acts_space(space_acts(space)), &counted);
	counted.keys_aside = true;
	for (size_t i = 0; i < sim->world.count && !wrong; i++) {
		const struct object *object = &sim->world.items[i];
		const unsigned number = sim_city_by_identity(sim, &object->city);
		const struct city *city = &sim->cities[number];
		if (city->keys_count == 1 || !hash_equal(&object->space, acts_space(space_acts(space))) ||
		    !disk_holds(disk, (uint32_t)i))
			continue;
		if (object->kind == OBJECT_BUNDLE)
			wrong = bundle_wrong(sim, city, space, object, !linked || linked[number] ? &counted : NULL);
		else if (object->kind == OBJECT_ACT)
			wrong = act_wrong(city, space, object);
	}
	counted_end(&counted);
	return wrong;
}

/* ---- A change ---- */

struct signing {
	struct sim *sim;
	bool stays; /* a leave of its own that has come back is not named: it would put the city out now */
};

/* An acceptance that a thief signed is taken for its own by a city that has used it since. */
static bool made_by_city(void *context, const struct rekey_object *object)
{
	const struct signing *signing = context;
	struct sim *sim = signing->sim;
	struct object *known = &sim->world.items[world_find(&sim->world, object->id)];
	if (signing->stays && object->what == REKEY_ACT && known->act->kind == TWINLOG__ACT_KIND__ACT_LEAVE)
		return false;
	if (object->what == REKEY_ACT && known->act->kind == TWINLOG__ACT_KIND__ACT_ACCEPT)
		known->stolen = false;
	const bool stolen = known->stolen;
	if (stolen && object->what == REKEY_BUNDLE && sim->options.canary == CANARY_THIEF)
		return true;
	if (object->what == REKEY_BUNDLE && !stolen && sim_sings(sim, CANARY_UNNAMED))
		return false;
	return !stolen;
}

/* As rekey.c does: the acts, and the contents that an erasure takes which they name. */
static void acts_store(struct sim *sim, unsigned machine, const struct effects *effects)
{
	for (size_t i = 0; i < effects->count; i++) {
		const struct effect *effect = &effects->items[i];
		if (effect->type != EFFECT_PERSIST ||
		    (effect->persist.what.kind != PERSIST_ACT && effect->persist.what.kind != PERSIST_STRIP))
			continue;
		const struct persist *what = &effect->persist.what;
		struct pending row = {.what = *what, .copy = blob_new(what->bytes, what->size)};
		disk_apply(sim, machine, &row);
		blob_drop(row.copy);
	}
}

static struct node *node_of_disk(struct sim *sim, unsigned machine)
{
	static const uint8_t seed[SEAL_SEED_SIZE];
	const char *damaged;
	struct node *node = machine_node_from_disk(sim, machine, &sim->machines[machine].disk, seed, &damaged);
	if (!node)
		sim_fail(sim, SIM_UNSAFE, "machine %u does not start for a change of key: its %s", machine, damaged);
	return node;
}

/* For each object whether it counts here. */
static uint8_t *counting(const struct sim *sim, const struct node *node, const struct hash *city)
{
	uint8_t *counting = sim_alloc(sim->world.count);
	for (size_t i = 0; i < sim->world.count; i++) {
		const struct object *object = &sim->world.items[i];
		const struct space *space = object->kind == OBJECT_BUNDLE && hash_equal(&object->city, city)
						? node_space_find(node, &object->space)
						: NULL;
		counting[i] = space && counts_at(space, object->bundle);
	}
	return counting;
}

/* What counted goes on to, unless a thief has a hand in it; and what a thief wrote does not. */
static void counting_compare(struct sim *sim, unsigned machine, const uint8_t *before, size_t count)
{
	const struct city *city = &sim->cities[sim->machines[machine].city];
	struct node *node = node_of_disk(sim, machine);
	uint8_t *after = counting(sim, node, &city->identity);
	for (size_t i = 0; i < count; i++) {
		const struct object *object = &sim->world.items[i];
		const struct space *space = node_space_find(node, &object->space);
		/* Where a leave of its own is among what it names, or that it would be a reader, what that did not know
		 * goes with it. */
		const struct member *self = space ? acts_member(space_acts(space), &city->identity) : NULL;
		if (before[i] && !after[i] && !keys_tainted(sim, (uint32_t)i) && self &&
		    self->standing == STANDING_MEMBER && !self->reader)
			sim_fail(sim, SIM_UNSAFE, "machine %u changed its key, and what counted counts no more",
				 machine);
		if (after[i] && object->stolen && knows_shut_out(space_acts(space), city))
			sim_fail(sim, SIM_UNSAFE, "machine %u changed its key, and what a thief wrote counts", machine);
	}
	free(after);
	node_free(node);
}

/* Signs with the city's newest key as the new one, or extends. */
static void keys_sign(struct sim *sim, unsigned machine, bool extend)
{
	const unsigned number = sim->machines[machine].city;
	struct city *city = &sim->cities[number];
	struct effects effects;
	size_t spaces = 0;
	struct signing signing = {.sim = sim};
	const struct rekey rekey = {.recovery_seed = city->recovery_seed,
				    .new_key = &city->publics[city->keys_count - 1],
				    .extend = extend,
				    .counts = city->stolen || extend ? made_by_city : NULL,
				    .context = &signing};
	const struct moment now = {
	    .wall_ms = (uint64_t)((int64_t)(SIM_EPOCH_MS + sim->now_ms) + sim->machines[machine].wall_skew_ms)};
	struct node *node = node_of_disk(sim, machine);
	const size_t objects = sim->world.count;
	uint8_t *before = counting(sim, node, &city->identity);
	if (effects_init(&effects))
		abort();
	enum twinlog_error error = node_rekey(node, &rekey, now, &effects, &spaces);
	if (error == TWINLOG_PUTS_OUT) {
		node_free(node);
		node = node_of_disk(sim, machine);
		signing.stays = true;
		error = node_rekey(node, &rekey, now, &effects, &spaces);
	}
	if (error)
		sim_fail(sim, SIM_UNSAFE, "machine %u cannot change its key: %s", machine, twinlog_error_text(error));
	sim_note(sim, "%s %s in %zu spaces", city->city_id, extend ? "names more that counts" : "signs a new key",
		 spaces);
	acts_store(sim, machine, &effects);
	sim->machines[machine].disk.key = city->keys_count - 1;
	effects_free(&effects);
	node_free(node);
	counting_compare(sim, machine, before, objects);
	free(before);
}

/* ---- The operator ---- */

static void keys_stop(struct sim *sim, unsigned city)
{
	machine_stop(sim, sim->cities[city].machine, rng_chance(&sim->keys, 500));
	sim->cities[city].keys_at_ms = sim->now_ms + KEYS_REST_MS;
	schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms + rng_between(&sim->keys, 1, 3000),
						  .type = JOB_BOOT,
						  .machine = sim->cities[city].machine});
}

static void keys_change(struct sim *sim, unsigned number)
{
	struct city *city = &sim->cities[number];
	keys_stop(sim, number);
	if (city->stolen && !city->shut_out)
		city->shut_out = city->keys_count;
	key_new(sim, city);
	keys_sign(sim, city->machine, false);
	sim_fault(sim, city->stolen ? FAULT_KEY_SHUT_OUT : FAULT_KEY_CHANGED);
}

static void keys_adopt(struct sim *sim, unsigned number)
{
	struct city *city = &sim->cities[number];
	keys_stop(sim, number);
	sim_note(sim, "%s takes its newest key", city->city_id);
	sim->machines[city->machine].disk.key = city->keys_count - 1;
}

/* How much of its own, and how many changes of its key, lie on its disk. */
static uint64_t own_rows(const struct sim *sim, const struct city *city)
{
	const struct disk *disk = &sim->machines[city->machine].disk;
	uint64_t rows = 0, changes = 0;
	for (size_t i = 0; i < sim->world.count; i++) {
		const struct object *object = &sim->world.items[i];
		if (!hash_equal(&object->city, &city->identity) || !disk_holds(disk, (uint32_t)i))
			continue;
		if (object->kind == OBJECT_ACT && object->act->kind == TWINLOG__ACT_KIND__ACT_CHANGE_KEY)
			changes += object->act->message->extends.len == 0;
		else
			rows++;
	}
	return changes ? changes << 32 | rows : 0;
}

static bool lacks_names(struct sim *sim, const struct city *city, const struct space *space)
{
	const struct erasures *erasures = space_erasures(space);
	const struct acts *acts = space_acts(space);
	bool lacks = keys_wrong(sim, &sim->machines[city->machine].disk, space, NULL) != NULL;
	for (size_t i = 0; i < erasures_count(erasures) && !lacks; i++)
		lacks = hash_equal(&erasures_at(erasures, i)->signer, &city->identity) &&
			acts_erasure_shut_out(acts, &city->identity, erasures_at(erasures, i)->key,
					      &erasures_at(erasures, i)->id);
	for (size_t i = 0; i < acts_count(acts) && !lacks; i++)
		lacks = hash_equal(&acts_at(acts, i)->signer, &city->identity) && !acts_valid(acts, i);
	return lacks;
}

static bool extends(struct sim *sim, unsigned number)
{
	struct city *city = &sim->cities[number];
	const struct node *node = sim->machines[city->machine].node;
	const uint64_t rows = own_rows(sim, city);
	bool lacks = false;
	if (rows == 0 || rows == city->settled_by)
		return false;
	for (size_t i = 0; i < node_spaces(node) && !lacks; i++)
		lacks = lacks_names(sim, city, node_space(node, i));
	city->settled_by = rows;
	if (!lacks)
		return false;
	keys_stop(sim, number);
	keys_sign(sim, city->machine, true);
	sim_fault(sim, FAULT_KEY_EXTENDED);
	return true;
}

bool keys_settle(struct sim *sim, unsigned number)
{
	struct city *city = &sim->cities[number];
	const struct machine *machine = &sim->machines[city->machine];
	if (!sim->profile.keys_ms || !sim->healed || (city->keys_count == 1 && !city->stolen))
		return true;
	if (sim->now_ms < city->keys_at_ms || !machine->running || machine->queue_count)
		return false;
	if (city->stolen && !city->shut_out)
		keys_change(sim, number);
	else if (machine->disk.key + 1 < city->keys_count)
		keys_adopt(sim, number);
	else if (sim->now_ms < sim->healed_ms + KEYS_SYNC_MS)
		return false;
	else if (node_key_missing(machine->node) > 0) {
		keys_stop(sim, number);
		keys_sign(sim, city->machine, false);
	} else {
		return !extends(sim, number);
	}
	return false;
}

/* ---- When ---- */

static void keys_later(struct sim *sim)
{
	schedule_put(&sim->schedule,
		     (struct job){.at_ms = sim->now_ms + rng_between(&sim->keys, 1, 2 * sim->profile.keys_ms),
				  .type = JOB_KEYS});
}

void keys_begin(struct sim *sim)
{
	if (sim->profile.keys_ms)
		keys_later(sim);
}

void keys_turn(struct sim *sim)
{
	const unsigned number = (unsigned)rng_below(&sim->keys, sim->profile.cities);
	struct city *city = &sim->cities[number];
	const struct machine *machine = &sim->machines[city->machine];
	const uint64_t what = rng_below(&sim->keys, 100);
	if (sim->healed)
		return;
	keys_later(sim);
	if (city->liar || machine->flipped || !machine->exists || sim->now_ms < city->keys_at_ms)
		return;
	if (machine->disk.key + 1 < city->keys_count)
		keys_adopt(sim, number);
	else if (city->stolen && !city->shut_out)
		keys_change(sim, number);
	else if (what < 50 && !city->stolen && machine->running)
		thief_begin(sim, number);
	else if (what < 85 && city->keys_count + 1 < SIM_KEYS)
		keys_change(sim, number);
	else if (machine->running)
		extends(sim, number);
}
