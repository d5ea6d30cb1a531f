/* Safety: what must hold after every step, whatever breaks. */
#include <stdlib.h>

#include "sim.h"

#define RELOAD_STEPS 16u /* for each bundle on the disk */

static unsigned receiver_of(const struct sim *sim, unsigned machine, uint32_t link)
{
	const unsigned end = network_end(sim, machine, link);
	if (end == 2)
		return sim->profile.cities;
	return sim->machines[sim->lines[link - 1].ends[1 - end].machine].city;
}

enum part { PART_ENDING /* the acts that ended its membership */, PART_ACTS, PART_ALL };

/* Only members get to see a space; who is invited gets its acts, and who belonged once learns that it does no more. */
static void check_entitled(struct sim *sim, unsigned machine, unsigned receiver, ProtobufCBinaryData field,
			   enum part part, const char *what)
{
	struct hash space;
	bool named;
	if (codec_get_hash(field, &space))
		sim_fail(sim, SIM_UNSAFE, "machine %u sends %s of no space", machine, what);
	const enum standing standing = disk_standing(sim, &sim->machines[machine].disk, &space, receiver, &named);
	const enum part most = standing == STANDING_MEMBER    ? PART_ALL
			       : standing == STANDING_INVITED ? PART_ACTS
							      : PART_ENDING;
	if (!named || part > most)
		sim_fail(sim, SIM_UNSAFE, "machine %u sends %s to %s, which is no member", machine, what,
			 sim->cities[receiver].city_id);
}

static void check_held(struct sim *sim, unsigned machine, size_t count, const ProtobufCBinaryData *ids,
		       const char *what)
{
	for (size_t i = 0; i < count; i++) {
		struct hash id;
		uint32_t object = OBJECT_NONE;
		if (!codec_get_hash(ids[i], &id))
			object = world_find(&sim->world, &id);
		if (object == OBJECT_NONE || !disk_holds(&sim->machines[machine].disk, object))
			sim_fail(sim, SIM_UNSAFE, "machine %u tells in %s of something that is not on its disk",
				 machine, what);
	}
}

/* ---- Positions ---- */

static struct position_said *said_slot(struct sim *sim, uint64_t word)
{
	size_t at = word & (sim->said_capacity - 1);
	while (sim->said[at].word && sim->said[at].word != word)
		at = (at + 1) & (sim->said_capacity - 1);
	return &sim->said[at];
}

static void said_rehash(struct sim *sim)
{
	struct position_said *old = sim->said;
	const size_t old_capacity = sim->said_capacity;
	sim->said_capacity = old_capacity ? 2 * old_capacity : 4096;
	sim->said = sim_alloc(sim->said_capacity * sizeof *sim->said);
	for (size_t i = 0; i < old_capacity; i++)
		if (old[i].word)
			*said_slot(sim, old[i].word) = old[i];
	free(old);
}

/* Who made it: the first machine of its city that brought it up; nobody else can. */
static struct position_said *position_author(struct sim *sim, unsigned machine, const Twinlog__Position *position,
					     ProtobufCBinaryData bytes)
{
	const uint64_t word = mix_bytes(bytes.data, bytes.len) | 1;
	struct hash city;
	if (codec_get_hash(position->city, &city))
		sim_fail(sim, SIM_UNSAFE, "a position of nobody");
	if (2 * sim->said_count >= sim->said_capacity)
		said_rehash(sim);
	struct position_said *said = said_slot(sim, word);
	if (said->word)
		return said;
	const unsigned author = sim_city_by_identity(sim, &city);
	if (author == sim->profile.cities ||
	    (author != sim->machines[machine].city && !sim->cities[author].liar && !sim->cities[author].stolen))
		sim_fail(sim, SIM_UNSAFE, "machine %u passes on a position that its city never made", machine);
	*said = (struct position_said){
	    .word = word,
	    .machine = author == sim->machines[machine].city &&
			       (!sim->cities[author].stolen || position->machine == sim->machines[machine].disk.machine)
			   ? machine
			   : UINT32_MAX,
	    .lineage = sim->machines[machine].lineage};
	sim->said_count++;
	return said;
}

static void check_position(struct sim *sim, unsigned machine, ProtobufCBinaryData bytes, bool sent)
{
	struct arena *arena = sim_arena(sim, 3);
	Twinlog__SignedPosition *outer;
	Twinlog__Position *position;
	if (CODEC_UNPACK(arena, bytes.data, bytes.len, &outer, twinlog__signed_position) ||
	    CODEC_UNPACK(arena, outer->position.data, outer->position.len, &position, twinlog__position))
		sim_fail(sim, SIM_UNSAFE, "machine %u handles a position that does not decode", machine);
	const struct position_said *said = position_author(sim, machine, position, bytes);
	if (sent && position->n_cities && position->cities[0]->n_heads && sim_sings(sim, CANARY_BOAST))
		position->cities[0]->heads[0].data[0] ^= 1;
	if (sent && said->machine == machine && said->lineage == sim->machines[machine].lineage) {
		for (size_t i = 0; i < position->n_cities; i++)
			check_held(sim, machine, position->cities[i]->n_heads, position->cities[i]->heads,
				   "its position");
		check_held(sim, machine, position->n_acts, position->acts, "its position");
	}
}

/* ---- Messages ---- */

static void check_heads(struct sim *sim, unsigned machine, unsigned receiver, const Twinlog__Heads *heads)
{
	check_entitled(sim, machine, receiver, heads->space, heads->n_cities ? PART_ALL : PART_ACTS, "heads");
	check_held(sim, machine, heads->n_acts, heads->acts, "heads");
	for (size_t i = 0; i < heads->n_cities; i++)
		check_held(sim, machine, heads->cities[i]->n_heads, heads->cities[i]->heads, "heads");
}

static void check_acts(struct sim *sim, unsigned machine, unsigned receiver, const Twinlog__Acts *acts)
{
	/* Whoever asks while acts are on their way to the disk gets an answer with nothing in it. */
	if (acts->n_acts > 0)
		check_entitled(sim, machine, receiver, acts->space, PART_ENDING, "acts");
	for (size_t i = 0; i < acts->n_acts; i++) {
		struct act *act;
		if (act_open(acts->acts[i].data, acts->acts[i].len, &act))
			sim_fail(sim, SIM_UNSAFE, "machine %u sends an act that does not open", machine);
		const ProtobufCBinaryData id = codec_hash(&act->id);
		check_held(sim, machine, 1, &id, "acts");
		act_free(act);
	}
}

static void check_positions(struct sim *sim, unsigned machine, unsigned receiver, const Twinlog__Positions *positions)
{
	for (size_t i = 0; i < positions->n_positions; i++) {
		struct arena *arena = sim_arena(sim, 2);
		Twinlog__SignedPosition *outer;
		Twinlog__Position *position;
		const ProtobufCBinaryData bytes = positions->positions[i];
		if (CODEC_UNPACK(arena, bytes.data, bytes.len, &outer, twinlog__signed_position) ||
		    CODEC_UNPACK(arena, outer->position.data, outer->position.len, &position, twinlog__position))
			sim_fail(sim, SIM_UNSAFE, "machine %u sends a position that does not decode", machine);
		check_entitled(sim, machine, receiver, position->space, PART_ALL, "a position");
		check_position(sim, machine, bytes, true);
	}
}

static void check_message(struct sim *sim, unsigned machine, unsigned receiver, const Twinlog__PeerMessage *message)
{
	switch (message->body_case) {
	case TWINLOG__PEER_MESSAGE__BODY_DIGEST:
		check_entitled(sim, machine, receiver, message->digest->space,
			       message->digest->bundles.len ? PART_ALL : PART_ACTS, "a digest");
		break;
	case TWINLOG__PEER_MESSAGE__BODY_HEADS:
		check_heads(sim, machine, receiver, message->heads);
		break;
	case TWINLOG__PEER_MESSAGE__BODY_WANT:
		/* Acts may be asked of whoever offers a space that is new here. */
		if (message->want->city.len > 0)
			check_entitled(sim, machine, receiver, message->want->space, PART_ALL, "a want");
		check_held(sim, machine, message->want->n_have, message->want->have, "a want");
		break;
	case TWINLOG__PEER_MESSAGE__BODY_ACTS:
		check_acts(sim, machine, receiver, message->acts);
		break;
	case TWINLOG__PEER_MESSAGE__BODY_ANNOUNCE:
		check_entitled(sim, machine, receiver, message->announce->space, PART_ALL, "an announcement");
		check_held(sim, machine, message->announce->n_heads, message->announce->heads, "an announcement");
		break;
	case TWINLOG__PEER_MESSAGE__BODY_POSITIONS:
		check_positions(sim, machine, receiver, message->positions);
		break;
	default:
		break;
	}
}

void check_send(struct sim *sim, unsigned machine, uint32_t link, const void *bytes, size_t size)
{
	struct arena *arena = sim_arena(sim, 1);
	Twinlog__PeerMessage *message;
	if (CODEC_UNPACK(arena, bytes, size, &message, twinlog__peer_message))
		sim_fail(sim, SIM_UNSAFE, "machine %u sends what does not decode", machine);
	const unsigned receiver = receiver_of(sim, machine, link);
	if (receiver < sim->profile.cities)
		check_message(sim, machine, receiver, message);
}

void check_chunk(struct sim *sim, unsigned machine, unsigned receiver, const struct hash *space,
		 const struct hash *city, const uint64_t *sequences, size_t count)
{
	/* Its own bundles also one who belongs no more may fetch. */
	const bool own = hash_equal(city, &sim->cities[receiver].identity);
	check_entitled(sim, machine, receiver, codec_hash(space), own ? PART_ENDING : PART_ALL, "bundles");
	for (size_t i = 0; i < count; i++) {
		const struct disk_entry *entry = disk_row(&sim->machines[machine].disk.bundles, sequences[i]);
		if (!entry)
			sim_fail(sim, SIM_UNSAFE, "machine %u sends sequence %llu, which is not on its disk", machine,
				 (unsigned long long)sequences[i]);
		const struct object *bundle = &sim->world.items[entry->object];
		if (!hash_equal(&bundle->space, space) || !hash_equal(&bundle->city, city))
			sim_fail(sim, SIM_UNSAFE, "machine %u sends a bundle of another space or city", machine);
	}
}

void check_persist(struct sim *sim, unsigned machine, const struct persist *what)
{
	if (what->kind == PERSIST_POSITION)
		check_position(sim, machine, codec_bytes(what->bytes, what->size), false);
}

/* ---- Erasures: no store ever holds one beside what it erased. ---- */

static void check_erased(struct sim *sim, unsigned machine, const struct disk_entry *entry, const struct hash *leaf)
{
	struct disk *disk = &sim->machines[machine].disk;
	const struct bundle *bundle = entry->bundle;
	for (uint32_t i = 0; disk->erasures.count && !sim->machines[machine].flipped && i < bundle->leaves_count; i++)
		if (bundle->leaves[i].salt && (!leaf || hash_equal(leaf, &bundle->leaves[i].hash)) &&
		    disk_erased(sim, disk, bundle, &bundle->leaves[i].hash))
			sim_fail(sim, SIM_UNSAFE, "machine %u keeps what was erased", machine);
}

void check_committed(struct sim *sim, unsigned machine, const struct persist *what)
{
	const struct disk *disk = &sim->machines[machine].disk;
	if (what->kind == PERSIST_BUNDLE)
		check_erased(sim, machine, disk_row(&disk->bundles, what->sequence), NULL);
	if (what->kind != PERSIST_ERASURE)
		return;
	const struct disk_entry *row = disk_row(&disk->erasures, what->sequence);
	const struct erasure *erasure = sim->world.items[row->object].erasure;
	for (size_t i = 0; i < disk->bundles.count; i++)
		if (hash_equal(&disk->bundles.items[i].bundle->city, &erasure->city) &&
		    hash_equal(&disk->bundles.items[i].bundle->space, &erasure->space))
			check_erased(sim, machine, &disk->bundles.items[i], &erasure->leaf);
}

/* ---- At intervals ---- */

static void audit_promises(struct sim *sim)
{
	for (size_t i = 0; i < sim->promises_count; i++) {
		const struct promise *promise = &sim->promises[i];
		struct machine *machine = &sim->machines[promise->machine];
		if (promise->lineage != machine->lineage || !machine->exists)
			continue;
		if (sim_sings(sim, CANARY_LOST_ROW))
			machine->disk.holds[promise->object] = 0;
		if (!disk_holds(&machine->disk, promise->object))
			sim_fail(sim, SIM_UNSAFE, "machine %u lost what it had acknowledged", promise->machine);
	}
}

/* Records and turns have the places that they had: a follower's place in the feed of changes rests on them. A bundle
 * that came before the act that names it turns as well after a start, which tells more than was told and moves nothing.
 */
static bool places_stand(struct sim *sim, const struct space *space, const struct space *again)
{
	const struct statements *left = space_statements(space), *right = space_statements(again);
	size_t count, others_count, found = 0;
	const struct turn *turns = space_turns(space, &count), *others = space_turns(again, &others_count);
	const uint64_t first = statements_bundle_from(left, 0);
	if (statements_records(left) != statements_records(right))
		return false;
	others_count -= sim_sings(sim, CANARY_PLACES);
	for (size_t i = 0; i < statements_records(left); i++)
		if (!handle_equal(&statements_record(left, i)->handle, &statements_record(right, i)->handle))
			return false;
	for (size_t i = 0; i < others_count; i++) {
		const struct turn *turn = &turns[found], *other = &others[i];
		const bool same = found < count && turn->sequence == other->sequence && turn->act == other->act;
		if (same && hash_equal(&turn->id, &other->id) &&
		    (turn->sequence < first ||
		     (turn->what == other->what && (turn->what != TURN_CITY || hash_equal(&turn->city, &other->city)))))
			found++;
		else if (same || other->act)
			return false;
	}
	return found == count;
}

/* What runs must be what would start again from the disk. */
static void audit_reload(struct sim *sim, unsigned number)
{
	const struct machine *machine = &sim->machines[number];
	static const uint8_t seed[SEAL_SEED_SIZE];
	const char *damaged;
	struct disk disk = machine->disk;
	disk.bundles.count -= disk.bundles.count && sim_sings(sim, CANARY_AMNESIA);
	struct node *again = machine_node_from_disk(sim, number, &disk, seed, &damaged);
	if (!again)
		sim_fail(sim, SIM_UNSAFE, "machine %u does not start again: its %s", number, damaged);
	if (node_spaces(again) != node_spaces(machine->node))
		sim_fail(sim, SIM_UNSAFE, "machine %u has other spaces after a restart", number);
	for (size_t i = 0; i < node_spaces(machine->node); i++) {
		const struct space *space = node_space(machine->node, i);
		const struct space *other = node_space_find(again, acts_space(space_acts(space)));
		struct hash digests[4];
		if (!other)
			sim_fail(sim, SIM_UNSAFE, "machine %u lacks a space after a restart", number);
		space_digest(space, &digests[0], &digests[1]);
		space_digest(other, &digests[2], &digests[3]);
		const struct hash view = view_digest(sim, machine->node, space);
		const struct hash view_again = view_digest(sim, again, other);
		if (!hash_equal(erasures_digest(space_erasures(space)), erasures_digest(space_erasures(other))) ||
		    !hash_equal(&digests[0], &digests[2]) || !hash_equal(&digests[1], &digests[3]) ||
		    !hash_equal(&view, &view_again))
			sim_fail(sim, SIM_UNSAFE, "machine %u answers otherwise after a restart", number);
		if (!places_stand(sim, space, other))
			sim_fail(sim, SIM_UNSAFE, "machine %u tells changes otherwise after a restart", number);
		view_against_oracle(sim, number, space);
	}
	node_free(again);
}

/* Loading a disk takes a while for each bundle on it, so large ones are loaded more rarely. */
void check_audit(struct sim *sim)
{
	audit_promises(sim);
	const unsigned number = (unsigned)rng_below(&sim->rng, sim->machines_count);
	const struct machine *machine = &sim->machines[number];
	if (!machine->running || machine->queue_count || machine->flipped ||
	    sim->steps - sim->reloaded_at < RELOAD_STEPS * (machine->disk.bundles.count + 20))
		return;
	sim->reloaded_at = sim->steps;
	audit_reload(sim, number);
}
