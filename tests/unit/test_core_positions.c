/* Positions of very many cities and machines: what is kept of them, in memory and on the disk. PROTOCOL, "Positions".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "duo.h"

/* With 16 machines each they fill the table to the last place, and this machine has one of its own. */
#define CITIES_COUNT (TWINLOG_POSITIONS_MAX / TWINLOG_MACHINES_MAX)
#define SAY_MAX      128u

static const uint64_t first_ms = UINT64_C(1700000000000);

struct city {
	struct seal_keys *keys;
	struct seal_public founding_key, recovery_key;
	struct hash identity;
	char city_id[16];
};

static void city_init(struct city *city, unsigned number)
{
	uint8_t seed[SEAL_SEED_SIZE] = {(uint8_t)number, (uint8_t)(number >> 8), 9};

	assert_int_equal(seal_keys_new(seed, 0, &city->keys), TWINLOG_OK);
	seed[3] = 1;
	city->founding_key = *seal_keys_public(city->keys);
	city->recovery_key = seal_recovery_public(seed);
	city->identity = seal_identity(&city->founding_key, &city->recovery_key);
	(void)snprintf(city->city_id, sizeof city->city_id, "CN:town%u", number);
}

/* The cities of the duo have another's place in the list of members, with the keys that duo.h gives them. */
static void city_of_duo(const struct duo *duo, unsigned at, struct city *city)
{
	const uint8_t recovery_seed[SEAL_SEED_SIZE] = {(uint8_t)(at + 1), 1};

	city->keys = duo->cities[at].keys;
	city->founding_key = *seal_keys_public(city->keys);
	city->recovery_key = seal_recovery_public(recovery_seed);
	city->identity = duo->cities[at].identity;
	(void)snprintf(city->city_id, sizeof city->city_id, "%s", at ? "KR:mokpo" : "CN:lianyungang");
}

/* ---- What the second says to the first ---- */

struct position {
	const struct city *city;
	uint64_t machine, counter, time_ms;
};

static struct position position_of(const struct city *city, uint64_t machine, uint64_t time_ms)
{
	return (struct position){city, machine, 1, first_ms + time_ms};
}

static ProtobufCBinaryData position_seal(const struct hash *space, const struct position *said)
{
	Twinlog__Position position = TWINLOG__POSITION__INIT;
	Twinlog__SignedPosition outer = TWINLOG__SIGNED_POSITION__INIT;
	uint8_t *inner, *packed, signature[SEAL_SIGNATURE_SIZE];
	size_t size;

	position.space = codec_hash(space);
	position.city = codec_hash(&said->city->identity);
	position.machine = said->machine;
	position.counter = said->counter;
	position.time_ms = said->time_ms;
	assert_int_equal(codec_pack(&position.base, &inner, &size), TWINLOG_OK);
	seal_sign(said->city->keys, "position", inner, size, signature);
	outer.position = codec_bytes(inner, size);
	outer.signature = codec_bytes(signature, sizeof signature);
	assert_int_equal(codec_pack(&outer.base, &packed, &size), TWINLOG_OK);
	free(inner);
	return codec_bytes(packed, size);
}

static void message_say(struct duo *duo, Twinlog__PeerMessage *message)
{
	uint8_t *frame;
	size_t size;

	assert_int_equal(codec_pack(&message->base, &frame, &size), TWINLOG_OK);
	duo_message(duo, 0, frame, size);
	free(frame);
	assert_int_equal(duo->failed, TWINLOG_OK);
}

static void positions_say(struct duo *duo, const struct hash *space, const struct position *said, size_t count)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Positions positions = TWINLOG__POSITIONS__INIT;
	ProtobufCBinaryData list[SAY_MAX];

	assert_true(count <= SAY_MAX);
	for (size_t i = 0; i < count; i++)
		list[i] = position_seal(space, &said[i]);
	positions.positions = list;
	positions.n_positions = count;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_POSITIONS;
	message.positions = &positions;
	message_say(duo, &message);
	for (size_t i = 0; i < count; i++)
		free(list[i].data);
}

static void position_say(struct duo *duo, const struct hash *space, const struct city *city, uint64_t machine,
			 uint64_t time_ms)
{
	const struct position one = position_of(city, machine, time_ms);

	positions_say(duo, space, &one, 1);
	duo_run(duo);
}

static void act_say(struct duo *duo, const struct hash *space, ProtobufCBinaryData act)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Acts acts = TWINLOG__ACTS__INIT;

	acts.space = codec_hash(space);
	acts.acts = &act;
	acts.n_acts = 1;
	acts.last = true;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_ACTS;
	message.acts = &acts;
	message_say(duo, &message);
	duo_run(duo);
}

static uint64_t machine_in(ProtobufCBinaryData bytes, struct hash *ret_city)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	Twinlog__SignedPosition *outer;
	Twinlog__Position *position;

	assert_non_null(arena);
	assert_int_equal(CODEC_UNPACK(arena, bytes.data, bytes.len, &outer, twinlog__signed_position), TWINLOG_OK);
	assert_int_equal(CODEC_UNPACK(arena, outer->position.data, outer->position.len, &position, twinlog__position),
			 TWINLOG_OK);
	assert_int_equal(codec_get_hash(position->city, ret_city), TWINLOG_OK);
	const uint64_t machine = position->machine;
	arena_free(arena);
	return machine;
}

/* The machine of that city whose position the first has just brought to the second; 0: of none. */
static uint64_t brought_back(const struct duo *duo, const struct city *city)
{
	uint64_t machine = 0;

	for (const struct duo_job *job = duo->first; job; job = job->next) {
		struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
		Twinlog__PeerMessage *message;
		struct hash of;

		assert_non_null(arena);
		if (job->kind == DUO_MESSAGE && job->at == 1) {
			assert_int_equal(CODEC_UNPACK(arena, job->bytes, job->size, &message, twinlog__peer_message),
					 TWINLOG_OK);
			for (size_t i = 0; message->body_case == TWINLOG__PEER_MESSAGE__BODY_POSITIONS &&
					   i < message->positions->n_positions;
			     i++) {
				const uint64_t told = machine_in(message->positions->positions[i], &of);

				machine = hash_equal(&of, &city->identity) ? told : machine;
			}
		}
		arena_free(arena);
	}
	return machine;
}

/* ---- What the first holds ---- */

static size_t held(const struct duo *duo)
{
	size_t count = 0, size;

	while (space_position(node_space(duo->cities[0].node, 0), count, &size))
		count++;
	return count;
}

static bool holds(const struct duo *duo, const struct hash *identity, uint64_t machine)
{
	const uint8_t *bytes;
	struct hash city;
	size_t size;

	for (size_t i = 0; (bytes = space_position(node_space(duo->cities[0].node, 0), i, &size)); i++)
		if (machine_in(codec_bytes(bytes, size), &city) == machine && hash_equal(&city, identity))
			return true;
	return false;
}

/* As many rows as positions, each of one that is held. */
static void disk_is_as_held(const struct duo *duo)
{
	const struct duo_city *first = &duo->cities[0];

	assert_int_equal(first->positions_count, held(duo));
	for (size_t i = 0; i < first->positions_count; i++)
		assert_true(holds(duo, &first->positions[i].city, first->positions[i].machine));
}

static uint64_t refused(const struct duo *duo)
{
	return node_peer(duo->cities[0].node, 0).refused;
}

/* ---- A full table ---- */

struct crowd {
	struct city cities[CITIES_COUNT + 2]; /* the second and the first come last */
	struct hash space;
};

/* The second founds a space with the first and all of them, and hears nothing from then on. */
static void crowd_init(struct crowd *crowd, struct duo *duo)
{
	static Twinlog__Member members[CITIES_COUNT + 2], *list[CITIES_COUNT + 2];
	Twinlog__Act act = TWINLOG__ACT__INIT;
	const ProtobufCBinaryData steward = codec_hash(&duo->cities[1].identity);
	uint8_t nonce[16] = {1};
	ProtobufCBinaryData bytes;
	struct act *opened;

	for (unsigned i = 0; i < CITIES_COUNT + 2; i++) {
		struct city *city = &crowd->cities[i];

		if (i < CITIES_COUNT)
			city_init(city, i);
		else
			city_of_duo(duo, CITIES_COUNT + 1 - i, city);
		twinlog__member__init(&members[i]);
		members[i].founding_key = codec_bytes(city->founding_key.bytes, 32);
		members[i].recovery_key = codec_bytes(city->recovery_key.bytes, 32);
		members[i].city_id = codec_string(city->city_id);
		list[(i + 2) % (CITIES_COUNT + 2)] = &members[i]; /* the founder comes first */
	}
	act.signer = steward;
	act.number = 1;
	act.clock_ms = first_ms;
	act.kind = TWINLOG__ACT_KIND__ACT_FOUND;
	act.nonce = codec_bytes(nonce, sizeof nonce);
	act.template_ = TWINLOG__TEMPLATE__TEMPLATE_NETWORK;
	act.title = codec_string("A crowd");
	act.members = list;
	act.n_members = CITIES_COUNT + 2;
	act.stewards = (ProtobufCBinaryData *)(uintptr_t)&steward;
	act.n_stewards = 1;
	assert_int_equal(act_seal(&act, duo->cities[1].keys, &bytes.data, &bytes.len), TWINLOG_OK);
	assert_int_equal(act_open(bytes.data, bytes.len, &opened), TWINLOG_OK);
	crowd->space = opened->id;
	act_free(opened);
	duo->cities[1].linked = false;
	act_say(duo, &crowd->space, bytes);
	free(bytes.data);
	assert_int_equal(node_spaces(duo->cities[0].node), 1);
}

static void crowd_free(struct crowd *crowd)
{
	for (unsigned i = 0; i < CITIES_COUNT; i++)
		seal_keys_free(crowd->cities[i].keys);
	free(crowd);
}

static void first_accepts(struct duo *duo, const struct hash *space)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__SpaceAnswer answer = TWINLOG__SPACE_ANSWER__INIT;

	answer.space = codec_hash(space);
	answer.accept = true;
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_ANSWER;
	request.space_answer = &answer;
	duo_request(duo, 0, &request);
	duo_time(duo, 200);
}

/* Machines 1 to 16 of each city, in order of time, until so many are held. */
static void fill(struct duo *duo, const struct crowd *crowd, size_t upto)
{
	for (unsigned c = 0; c < CITIES_COUNT && held(duo) < upto; c++) {
		struct position said[TWINLOG_MACHINES_MAX];
		size_t count = 0;

		while (count < TWINLOG_MACHINES_MAX && held(duo) + count < upto) {
			said[count] = position_of(&crowd->cities[c], count + 1, count + 1);
			count++;
		}
		positions_say(duo, &crowd->space, said, count);
		duo_run(duo);
	}
	assert_int_equal(held(duo), upto);
}

static void a_full_table(void **state)
{
	struct crowd *crowd = calloc(1, sizeof *crowd);
	struct duo duo;

	(void)state;
	assert_non_null(crowd);
	duo_init(&duo);
	crowd_init(crowd, &duo);
	first_accepts(&duo, &crowd->space);
	assert_int_equal(held(&duo), 1);
	const struct city *second = &crowd->cities[CITIES_COUNT], *own = second + 1;
	const struct city *whole = &crowd->cities[0], *cut = &crowd->cities[CITIES_COUNT - 1];

	fill(&duo, crowd, TWINLOG_POSITIONS_MAX);
	assert_int_equal(refused(&duo), 0);
	assert_true(holds(&duo, &cut->identity, TWINLOG_MACHINES_MAX - 1));
	/* One past it: of a city that has room for one more, and of one that has none yet. */
	position_say(&duo, &crowd->space, cut, TWINLOG_MACHINES_MAX, 1000);
	assert_int_equal(refused(&duo), 1);
	position_say(&duo, &crowd->space, second, 1, 1000);
	assert_int_equal(refused(&duo), 2);
	assert_false(holds(&duo, &cut->identity, TWINLOG_MACHINES_MAX));
	assert_false(holds(&duo, &second->identity, 1));
	assert_int_equal(held(&duo), TWINLOG_POSITIONS_MAX);

	/* A city that has its 16: the oldest gives way to a newer one. */
	position_say(&duo, &crowd->space, whole, 100, 1000);
	assert_true(holds(&duo, &whole->identity, 100));
	assert_false(holds(&duo, &whole->identity, 1));
	assert_true(holds(&duo, &whole->identity, 2));
	/* Who brings an older one gets the oldest of those kept. */
	const struct position older = position_of(whole, 200, 1);

	positions_say(&duo, &crowd->space, &older, 1);
	assert_int_equal(brought_back(&duo, whole), 2);
	duo_run(&duo);
	assert_false(holds(&duo, &whole->identity, 200));
	/* As old as that: the number of the machine decides. */
	position_say(&duo, &crowd->space, whole, 300, 2);
	assert_true(holds(&duo, &whole->identity, 300));
	assert_false(holds(&duo, &whole->identity, 2));
	/* A machine that is kept may say more. */
	const struct position more = {cut, 3, 2, first_ms + 2000};

	positions_say(&duo, &crowd->space, &more, 1);
	duo_run(&duo);
	assert_int_equal(refused(&duo), 2);
	/* All others are still there, and this machine signs its own. */
	assert_true(holds(&duo, &own->identity, 1));
	for (unsigned c = 1; c + 1 < CITIES_COUNT; c += 50)
		for (uint64_t machine = 1; machine <= TWINLOG_MACHINES_MAX; machine++)
			assert_true(holds(&duo, &crowd->cities[c].identity, machine));
	assert_int_equal(held(&duo), TWINLOG_POSITIONS_MAX);
	disk_is_as_held(&duo);
	assert_int_equal(duo.failed, TWINLOG_OK);
	duo_end(&duo);
	crowd_free(crowd);
}

/* A city that comes to belong when others have filled the table: its own position has a place beside them. */
static void the_own_has_its_place(void **state)
{
	struct crowd *crowd = calloc(1, sizeof *crowd);
	struct duo duo;

	(void)state;
	assert_non_null(crowd);
	duo_init(&duo);
	crowd_init(crowd, &duo);
	fill(&duo, crowd, TWINLOG_POSITIONS_MAX);
	first_accepts(&duo, &crowd->space);
	assert_true(holds(&duo, &duo.cities[0].identity, 1));
	assert_int_equal(held(&duo), TWINLOG_POSITIONS_MAX + 1);
	disk_is_as_held(&duo);
	duo_end(&duo);
	crowd_free(crowd);
}

/* ---- Rows ---- */

static void rows_of_those_that_gave_way(void **state)
{
	struct duo duo;
	struct city second;
	struct hash space;

	(void)state;
	duo_init(&duo);
	city_of_duo(&duo, 1, &second);
	assert_true(duo_found(&duo, &space));
	duo_time(&duo, 2000);
	duo.cities[1].linked = false;
	for (unsigned i = 0; i < 3 * TWINLOG_MACHINES_MAX; i++)
		position_say(&duo, &space, &second, 100 + i, 100000 + i);
	assert_int_equal(held(&duo), TWINLOG_MACHINES_MAX + 1);
	disk_is_as_held(&duo);
	/* One that gave way comes again. */
	position_say(&duo, &space, &second, 100, 200000);
	assert_true(holds(&duo, &second.identity, 100));
	disk_is_as_held(&duo);
	/* Many in one step. */
	struct position said[2 * TWINLOG_MACHINES_MAX];

	for (unsigned i = 0; i < 2 * TWINLOG_MACHINES_MAX; i++)
		said[i] = position_of(&second, 500 + i, 300000 + i);
	positions_say(&duo, &space, said, 2 * TWINLOG_MACHINES_MAX);
	duo_run(&duo);
	assert_int_equal(held(&duo), TWINLOG_MACHINES_MAX + 1);
	disk_is_as_held(&duo);
	duo_end(&duo);
}

static void rows_of_a_retired_key(void **state)
{
	const uint8_t recovery_seed[SEAL_SEED_SIZE] = {2, 1}, next_seed[SEAL_SEED_SIZE] = {77};
	const struct seal_public next = seal_recovery_public(next_seed);
	ProtobufCBinaryData parents[TWINLOG_PARENTS_MAX], bytes;
	Twinlog__Act change = TWINLOG__ACT__INIT;
	struct city second;
	struct hash space;
	struct duo duo;
	size_t count;

	(void)state;
	duo_init(&duo);
	city_of_duo(&duo, 1, &second);
	assert_true(duo_found(&duo, &space));
	duo_time(&duo, 2000);
	duo.cities[1].linked = false;
	for (unsigned i = 0; i < 5; i++)
		position_say(&duo, &space, &second, 100 + i, 100000 + i);
	assert_true(duo.cities[0].positions_count > 5);
	const struct acts *acts = space_acts(node_space(duo.cities[0].node, 0));
	const struct hash *heads = acts_heads(acts, &count);

	for (size_t i = 0; i < count; i++)
		parents[i] = codec_hash(&heads[i]);
	change.kind = TWINLOG__ACT_KIND__ACT_CHANGE_KEY;
	change.space = codec_hash(&space);
	change.signer = codec_hash(&second.identity);
	change.parents = parents;
	change.n_parents = count;
	change.number = acts_at(acts, acts_count(acts) - 1)->message->number + 1;
	change.clock_ms = first_ms;
	change.new_key = codec_bytes(next.bytes, sizeof next.bytes);
	assert_int_equal(act_seal_change(&change, recovery_seed, &bytes.data, &bytes.len), TWINLOG_OK);
	act_say(&duo, &space, bytes);
	free(bytes.data);
	assert_int_equal(held(&duo), 1);
	assert_true(holds(&duo, &duo.cities[0].identity, 1));
	disk_is_as_held(&duo);
	duo_end(&duo);
}

/* ---- At start ---- */

static void load(const struct duo *duo, const struct hash *space, const struct city *second, struct node **ret_node)
{
	const struct duo_city *first = &duo->cities[0], *partner = &duo->cities[1];
	const struct acts *acts = space_acts(node_space(first->node, 0));
	const struct node_config config = {
	    .keys = first->keys, .signed_card = first->card, .signed_card_size = first->card_size, .machine = 1};

	assert_int_equal(node_new(&config, ret_node), TWINLOG_OK);
	assert_int_equal(node_load_card(*ret_node, partner->card, partner->card_size, true, false, 0), TWINLOG_OK);
	for (size_t i = 0; i < acts_count(acts); i++)
		assert_int_equal(node_load_act(*ret_node, i + 1, acts_at(acts, i)->bytes, acts_at(acts, i)->size),
				 TWINLOG_OK);
	/* In order of key, which says nothing of their age. */
	for (unsigned i = 0; i < 2 * TWINLOG_MACHINES_MAX; i++) {
		const struct position one = position_of(second, i + 1, i * 7 % (2 * TWINLOG_MACHINES_MAX));
		const ProtobufCBinaryData bytes = position_seal(space, &one);

		assert_int_equal(node_load_position(*ret_node, bytes.data, bytes.len), TWINLOG_OK);
		free(bytes.data);
	}
	assert_int_equal(node_loaded(*ret_node), TWINLOG_OK);
}

/* Rows that find no room go with the first step, and only with that. */
static void rows_without_room_at_start(void **state)
{
	struct effects effects;
	struct city second;
	struct node *node;
	struct hash space;
	struct duo duo;

	(void)state;
	duo_init(&duo);
	city_of_duo(&duo, 1, &second);
	assert_true(duo_found(&duo, &space));
	load(&duo, &space, &second, &node);
	assert_int_equal(effects_init(&effects), TWINLOG_OK);
	for (unsigned step = 0; step < 2; step++) {
		const struct event event = {.type = EVENT_TIME, .now = {2000000 + step, first_ms + 1000000 + step}};
		bool gone[2 * TWINLOG_MACHINES_MAX + 1] = {false};
		size_t count = 0;

		assert_int_equal(node_step(node, &event, &effects), TWINLOG_OK);
		for (size_t i = 0; i < effects.count; i++) {
			const struct effect *effect = &effects.items[i];

			if (effect->type != EFFECT_PERSIST || effect->persist.what.kind != PERSIST_POSITION_GONE)
				continue;
			assert_true(hash_equal(&effect->persist.what.space, &space));
			assert_true(hash_equal(&effect->persist.what.city, &second.identity));
			assert_in_range(effect->persist.what.machine, 1, 2 * TWINLOG_MACHINES_MAX);
			gone[effect->persist.what.machine] = true;
			count++;
		}
		assert_int_equal(count, step ? 0 : TWINLOG_MACHINES_MAX);
		for (unsigned i = 0; !step && i < 2 * TWINLOG_MACHINES_MAX; i++)
			assert_int_equal(gone[i + 1], i * 7 % (2 * TWINLOG_MACHINES_MAX) < TWINLOG_MACHINES_MAX);
	}
	node_free(node);
	effects_free(&effects);
	duo_end(&duo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_full_table),
	    cmocka_unit_test(the_own_has_its_place),
	    cmocka_unit_test(rows_of_those_that_gave_way),
	    cmocka_unit_test(rows_of_a_retired_key),
	    cmocka_unit_test(rows_without_room_at_start),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
