/* Positions that others pass on: one city's have their share of each line, whatever it signs, and no more; and the
 * newest of each machine arrives in the end. PROTOCOL, "Positions". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "duo.h"
#include "said.h"
#include "town.h"

#define NAMES    7000u /* heads of a position: some less than 256 KiB */
#define MACHINES 4u

/* The third city speaks with the first alone, on a link of its own: what it signs reaches the second by the first. */
struct fixture {
	struct duo duo;
	struct hash space;
	struct town third;
	struct said said;
	struct hash hashes[NAMES];
	ProtobufCBinaryData names[NAMES];
	Twinlog__CityHeads heads, *list[1];
	uint64_t counter;
	/* What the second has got of the third. */
	size_t bytes;
	uint64_t newest[MACHINES + 1]; /* counter, by machine */
};

static void heard(struct duo *duo, unsigned at, const Twinlog__PeerMessage *message)
{
	struct fixture *fixture = duo->watching;

	if (at != 1 || message->body_case != TWINLOG__PEER_MESSAGE__BODY_POSITIONS)
		return;
	for (size_t i = 0; i < message->positions->n_positions; i++) {
		const ProtobufCBinaryData bytes = message->positions->positions[i];
		struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
		Twinlog__SignedPosition *outer;
		Twinlog__Position *position;

		assert_non_null(arena);
		assert_int_equal(CODEC_UNPACK(arena, bytes.data, bytes.len, &outer, twinlog__signed_position),
				 TWINLOG_OK);
		assert_int_equal(
		    CODEC_UNPACK(arena, outer->position.data, outer->position.len, &position, twinlog__position),
		    TWINLOG_OK);
		if (memcmp(position->city.data, fixture->third.identity.bytes, HASH_SIZE) == 0) {
			assert_in_range(position->machine, 1, MACHINES);
			fixture->bytes += bytes.len;
			fixture->newest[position->machine] = position->counter;
		}
		arena_free(arena);
	}
}

/* ---- The third ---- */

static void third_says(struct fixture *fixture, const uint8_t *frame, size_t size)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	struct event event = {.type = EVENT_MESSAGE, .message = {.link = 2, .size = size}};
	Twinlog__PeerMessage *message;

	assert_non_null(arena);
	assert_int_equal(CODEC_UNPACK(arena, frame, size, &message, twinlog__peer_message), TWINLOG_OK);
	event.message.message = message;
	duo_step(&fixture->duo, 0, &event);
	duo_run(&fixture->duo);
	assert_int_equal(fixture->duo.failed, TWINLOG_OK);
	arena_free(arena);
}

static void third_sends(struct fixture *fixture, const Twinlog__PeerMessage *message)
{
	uint8_t *frame;
	size_t size;

	assert_int_equal(codec_pack(&message->base, &frame, &size), TWINLOG_OK);
	third_says(fixture, frame, size);
	free(frame);
}

static void third_comes(struct fixture *fixture)
{
	struct duo *duo = &fixture->duo;
	struct town *third = &fixture->third;
	Twinlog__CityCard card = TWINLOG__CITY_CARD__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__PeerAdd add = TWINLOG__PEER_ADD__INIT;
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Hello hello = TWINLOG__HELLO__INIT;
	struct event event = {.type = EVENT_LINK_UP, .link_up = {.link = 2}};
	uint8_t proof[64], signature[SEAL_SIGNATURE_SIZE];

	town_init(third, 2, "CN:xiamen");
	const uint8_t *transport = seal_keys_transport_public(third->keys);

	card.founding_key = card.city_key = codec_bytes(third->founding_key.bytes, 32);
	card.recovery_key = codec_bytes(third->recovery_key.bytes, 32);
	card.transport_key = codec_bytes(transport, 32);
	card.city_id = codec_string(third->city_id);
	card.serial = 1;
	assert_int_equal(card_seal(&card, third->keys, &hello.card.data, &hello.card.len), TWINLOG_OK);
	add.signed_card = hello.card;
	request.body_case = TWINLOG__REQUEST__BODY_PEER_ADD;
	request.peer_add = &add;
	duo_request(duo, 0, &request);
	memcpy(event.link_up.transport_key, transport, 32);
	duo_step(duo, 0, &event);
	memcpy(proof, transport, 32);
	memcpy(proof + 32, seal_keys_transport_public(duo->cities[0].keys), 32);
	seal_sign(third->keys, "hello", proof, sizeof proof, signature);
	hello.version = hello.version_min = 1;
	hello.proof = codec_bytes(signature, sizeof signature);
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_HELLO;
	message.hello = &hello;
	third_sends(fixture, &message);
	free(hello.card.data);
}

static void third_accepts(struct fixture *fixture)
{
	size_t count;
	const struct acts *acts = space_acts(node_space(fixture->duo.cities[0].node, 0));
	const struct hash *heads = acts_heads(acts, &count);
	ProtobufCBinaryData parents[TWINLOG_PARENTS_MAX], bytes;
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Acts list = TWINLOG__ACTS__INIT;
	Twinlog__Act act = TWINLOG__ACT__INIT;

	for (size_t i = 0; i < count; i++)
		parents[i] = codec_hash(&heads[i]);
	act.kind = TWINLOG__ACT_KIND__ACT_ACCEPT;
	act.space = codec_hash(&fixture->space);
	act.signer = codec_hash(&fixture->third.identity);
	act.parents = parents;
	act.n_parents = count;
	act.number = acts_at(acts, acts_count(acts) - 1)->message->number + 1;
	act.clock_ms = fixture->duo.now.wall_ms;
	assert_int_equal(act_seal(&act, fixture->third.keys, &bytes.data, &bytes.len), TWINLOG_OK);
	list.space = codec_hash(&fixture->space);
	list.acts = &bytes;
	list.n_acts = 1;
	list.last = true;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_ACTS;
	message.acts = &list;
	third_sends(fixture, &message);
	free(bytes.data);
}

/* One position of each of its machines, all with the next counter. */
static void third_signs(struct fixture *fixture, unsigned machines, size_t names)
{
	fixture->counter++;
	fixture->heads.n_heads = names;
	for (unsigned i = 1; i <= machines; i++) {
		fixture->said.machine = i;
		fixture->said.counter = fixture->counter;
		fixture->said.time_ms = fixture->duo.now.wall_ms;
		const ProtobufCBinaryData frame = said_frame(&fixture->said);

		third_says(fixture, frame.data, frame.len);
		free(frame.data);
	}
}

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__SpaceCreate create = TWINLOG__SPACE_CREATE__INIT;
	Twinlog__SpaceMember members[2], *list[] = {&members[0], &members[1]};
	const uint8_t id[16] = {1};

	assert_non_null(fixture);
	struct duo *duo = &fixture->duo;

	duo_init(duo);
	third_comes(fixture);
	for (unsigned i = 0; i < 2; i++)
		twinlog__space_member__init(&members[i]);
	members[0].identity = codec_hash(&duo->cities[1].identity);
	members[1].identity = codec_hash(&fixture->third.identity);
	create.title = codec_string("Three");
	create.template_ = TWINLOG__TEMPLATE__TEMPLATE_NETWORK;
	create.members = list;
	create.n_members = 2;
	create.request = codec_bytes(id, sizeof id);
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_CREATE;
	request.space_create = &create;
	duo_request(duo, 0, &request);
	duo_time(duo, 200);
	assert_int_equal(node_spaces(duo->cities[0].node), 1);
	fixture->space = *acts_space(space_acts(node_space(duo->cities[0].node, 0)));
	assert_true(duo_accept(duo, &fixture->space));
	third_accepts(fixture);
	duo_time(duo, 2000);
	assert_true(duo_alike(duo));

	said_names(fixture->hashes, fixture->names, NAMES, 0);
	twinlog__city_heads__init(&fixture->heads);
	fixture->heads.city = codec_hash(&fixture->third.identity);
	fixture->heads.heads = fixture->names;
	fixture->list[0] = &fixture->heads;
	fixture->said = (struct said){.space = &fixture->space,
				      .keys = fixture->third.keys,
				      .city = &fixture->third.identity,
				      .cities = fixture->list,
				      .n_cities = 1};
	duo->watch = heard;
	duo->watching = fixture;
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	duo_end(&fixture->duo);
	seal_keys_free(fixture->third.keys);
	free(fixture);
	return 0;
}

/* ---- Time ---- */

static bool newest_arrived(const struct fixture *fixture, unsigned machines)
{
	for (unsigned i = 1; i <= machines; i++)
		if (fixture->newest[i] != fixture->counter)
			return false;
	return true;
}

static void third_is_there(struct fixture *fixture)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Pong pong = TWINLOG__PONG__INIT;

	message.body_case = TWINLOG__PEER_MESSAGE__BODY_PONG;
	message.pong = &pong;
	third_sends(fixture, &message);
}

/* Only when a node asks to be woken: answers after how long the newest of each is there; a second has few wakes. */
static uint64_t until_arrived(struct fixture *fixture, unsigned machines, uint64_t most_ms)
{
	struct duo *duo = &fixture->duo;
	const uint64_t since_ms = duo->now.mono_ms;
	uint64_t wakes = 0, before_ms;

	while (!newest_arrived(fixture, machines) && duo->now.mono_ms - since_ms < most_ms) {
		const uint64_t first = node_deadline(duo->cities[0].node), second = node_deadline(duo->cities[1].node);
		const uint64_t next = first < second ? first : second;

		before_ms = duo->now.mono_ms;
		duo_time(duo, next > before_ms ? next - before_ms : 0);
		third_is_there(fixture);
		wakes++;
	}
	const uint64_t took_ms = duo->now.mono_ms - since_ms;

	assert_true(newest_arrived(fixture, machines));
	assert_true(wakes <= 20 + took_ms / 50);
	return took_ms;
}

static void flood(struct fixture *fixture, unsigned seconds)
{
	for (unsigned i = 0; i < seconds; i++) {
		third_signs(fixture, MACHINES, NAMES);
		duo_time(&fixture->duo, 1000);
	}
}

static void budget_say(struct duo *duo, uint64_t rate)
{
	struct event event = {.type = EVENT_BUDGET, .budget = {duo->cities[1].identity, rate}};

	duo_step(duo, 0, &event);
	duo_run(duo);
}

/* ---- What arrives ---- */

/* What is small, as an honest city's is, goes with the next relay, all its machines together; what is as large as that
 * of a thousand cities still goes every few seconds. */
static void honest_ones_go_soon(void **state)
{
	struct fixture *fixture = *state;

	for (unsigned i = 0; i < 5; i++) {
		third_signs(fixture, MACHINES, 100);
		assert_true(until_arrived(fixture, MACHINES, 60000) <= 2 * TWINLOG_RELAY_INTERVAL_MS);
	}
	for (unsigned i = 0; i < 5; i++) {
		third_signs(fixture, 1, 2000);
		assert_true(until_arrived(fixture, 1, 60000) <= 6000);
	}
}

static void a_city_has_its_share(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t since_ms = fixture->duo.now.mono_ms;

	flood(fixture, 40);
	const size_t flooded = fixture->bytes;
	const uint64_t seconds = (fixture->duo.now.mono_ms - since_ms) / 1000 + 1;
	const uint64_t share = (seconds + 1) * TWINLOG_RELAY_RATE + TWINLOG_POSITION_MAX;

	print_message("%zu bytes in %llu s\n", flooded, (unsigned long long)seconds);
	assert_true(flooded <= share);
	assert_true(flooded > 0);
	/* Nothing is lost by it: the newest of each machine follows. */
	const uint64_t took_ms = until_arrived(fixture, MACHINES, 600000);

	print_message("the newest of %u machines after %llu ms more\n", MACHINES, (unsigned long long)took_ms);
	assert_true(took_ms <= (MACHINES + 2) * (TWINLOG_POSITION_MAX * 1000ull / TWINLOG_RELAY_RATE));
}

static size_t held_by_second(const struct fixture *fixture)
{
	return space_bundles(node_space_find(fixture->duo.cities[1].node, &fixture->space));
}

/* A partner with a budget gets a part of it in others' positions, and what it asked for beside them. */
static void a_budget_has_room_for_more(void **state)
{
	struct fixture *fixture = *state;
	struct duo *duo = &fixture->duo;
	const uint64_t rate = 8000, since_ms = duo->now.mono_ms;

	budget_say(duo, rate);
	for (unsigned i = 0; i < 40; i++) {
		third_signs(fixture, MACHINES, NAMES / 8);
		duo_time(duo, 1000);
		duo_submit(duo, 0, &fixture->space);
	}
	const uint64_t seconds = (duo->now.mono_ms - since_ms) / 1000 + 1;

	print_message("%zu of the third's bytes in %llu s, %zu bundles\n", fixture->bytes, (unsigned long long)seconds,
		      held_by_second(fixture));
	assert_true(fixture->bytes <= rate / 4 * seconds + TWINLOG_POSITION_MAX / 4);
	assert_true(held_by_second(fixture) >= 35);
	/* By the nodes' own timers the rest comes, and what waits for the budget comes when that has room. */
	(void)until_arrived(fixture, MACHINES, 600000);
	duo_time(duo, 60000);
	third_signs(fixture, 1, NAMES / 8);
	(void)until_arrived(fixture, 1, 600000);
	third_signs(fixture, 1, 10);
	const uint64_t took_ms = until_arrived(fixture, 1, 600000), part_ms = NAMES / 8 * 34 * 1000ull / (rate / 4);

	print_message("%llu ms for one that waits %llu\n", (unsigned long long)took_ms, (unsigned long long)part_ms);
	assert_in_range(took_ms, part_ms - 1000, part_ms + 1500);

	/* And where the budget ends nothing waits for it. */
	third_signs(fixture, MACHINES, NAMES / 8);
	third_signs(fixture, MACHINES, 10);
	duo_time(duo, 1000);
	budget_say(duo, BUDGET_NONE);
	(void)until_arrived(fixture, MACHINES, 20000);
	duo_submit(duo, 0, &fixture->space);
	duo_time(duo, 1000);
	assert_int_equal(held_by_second(fixture), 41);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(honest_ones_go_soon, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_city_has_its_share, setup, teardown),
	    cmocka_unit_test_setup_teardown(a_budget_has_room_for_more, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
