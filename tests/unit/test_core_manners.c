/* What a partner may cost: bounded whatever it says, paced as its budget says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "duo.h"

static struct hash draw(unsigned number)
{
	return seal_hash1("draw", &number, sizeof number);
}

/* A position of the second city, as it would sign it. */
static void position_say(struct duo *duo, const struct hash *space, uint64_t machine, size_t heads)
{
	Twinlog__Position position = TWINLOG__POSITION__INIT;
	Twinlog__CityHeads cities = TWINLOG__CITY_HEADS__INIT, *list[] = {&cities};
	Twinlog__SignedPosition outer = TWINLOG__SIGNED_POSITION__INIT;
	Twinlog__Positions positions = TWINLOG__POSITIONS__INIT;
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	struct hash *names = malloc((heads + 1) * sizeof *names);
	ProtobufCBinaryData *fields = malloc((heads + 1) * sizeof *fields), one;
	uint8_t *inner, *packed, *frame, signature[SEAL_SIGNATURE_SIZE];
	size_t size;
	assert_non_null(names);
	assert_non_null(fields);
	for (unsigned i = 0; i < heads; i++)
		names[i] = draw(i);
	heads = hash_sort(names, heads);
	for (size_t i = 0; i < heads; i++)
		fields[i] = codec_hash(&names[i]);
	cities.city = codec_hash(&duo->cities[0].identity);
	cities.heads = fields;
	cities.n_heads = heads;
	position.space = codec_hash(space);
	position.city = codec_hash(&duo->cities[1].identity);
	position.machine = machine;
	position.counter = 1;
	position.time_ms = duo->now.wall_ms + machine;
	position.cities = list;
	position.n_cities = 1;
	assert_int_equal(codec_pack(&position.base, &inner, &size), TWINLOG_OK);
	seal_sign(duo->cities[1].keys, "position", inner, size, signature);
	outer.position = codec_bytes(inner, size);
	outer.signature = codec_bytes(signature, sizeof signature);
	assert_int_equal(codec_pack(&outer.base, &packed, &size), TWINLOG_OK);
	one = codec_bytes(packed, size);
	positions.positions = &one;
	positions.n_positions = 1;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_POSITIONS;
	message.positions = &positions;
	assert_int_equal(codec_pack(&message.base, &frame, &size), TWINLOG_OK);
	duo_message(duo, 0, frame, size);
	duo_run(duo);
	free(frame);
	free(packed);
	free(inner);
	free(fields);
	free(names);
}

/* Such a position ended the process once: a full list was taken for memory that is out. */
static void heads_without_end(void **state)
{
	struct duo duo;
	struct hash space;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	position_say(&duo, &space, 77, 4095);
	position_say(&duo, &space, 78, 4096);
	position_say(&duo, &space, 79, 6000);
	assert_int_equal(duo.failed, TWINLOG_OK);
	assert_int_equal(node_peer(duo.cities[0].node, 0).refused, 0);
	duo_submit(&duo, 0, &space);
	duo_time(&duo, 200);
	assert_true(duo_alike(&duo));
	duo_end(&duo);
}

static size_t positions_of_second(const struct duo *duo)
{
	const struct space *space = node_space(duo->cities[0].node, 0);
	size_t count = 0, size;
	while (space_position(space, count, &size))
		count++;
	return count;
}

static void machines_without_end(void **state)
{
	struct duo duo;
	struct hash space;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	duo_time(&duo, 200);
	for (unsigned i = 0; i < 3 * TWINLOG_MACHINES_MAX; i++)
		position_say(&duo, &space, 100 + i, 1);
	assert_int_equal(duo.failed, TWINLOG_OK);
	/* The newest of the second city, and this machine's own. */
	assert_int_equal(positions_of_second(&duo), TWINLOG_MACHINES_MAX + 1);
	duo_end(&duo);
}

/* Acts of the second that all build on the founding act alone. */
static void accept_again(struct duo *duo, const struct hash *space, unsigned from, unsigned count)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Acts acts = TWINLOG__ACTS__INIT;
	ProtobufCBinaryData list[256], parent = codec_hash(space);
	uint8_t *frame;
	size_t size;
	for (unsigned i = 0; i < count; i++) {
		Twinlog__Act act = TWINLOG__ACT__INIT;
		act.kind = TWINLOG__ACT_KIND__ACT_ACCEPT;
		act.space = codec_hash(space);
		act.signer = codec_hash(&duo->cities[1].identity);
		act.parents = &parent;
		act.n_parents = 1;
		act.number = 2;
		act.clock_ms = from + i + 1;
		assert_int_equal(act_seal(&act, duo->cities[1].keys, &list[i].data, &list[i].len), TWINLOG_OK);
	}
	acts.space = codec_hash(space);
	acts.acts = list;
	acts.n_acts = count;
	acts.last = true;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_ACTS;
	message.acts = &acts;
	assert_int_equal(codec_pack(&message.base, &frame, &size), TWINLOG_OK);
	duo_message(duo, 0, frame, size);
	free(frame);
	for (unsigned i = 0; i < count; i++)
		free(list[i].data);
}

/* Their heads have no room in a position, which says less then. Such ended the process once, and each start after it.
 */
static void acts_side_by_side(void **state)
{
	struct duo duo;
	struct hash space;
	size_t size;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	for (unsigned i = 0; i < 9000; i += 250)
		accept_again(&duo, &space, i, 250);
	duo_unlink(&duo); /* the second goes its way */
	duo_time(&duo, 2000);
	assert_int_equal(duo.failed, TWINLOG_OK);
	size_t heads;
	(void)acts_heads(space_acts(node_space(duo.cities[0].node, 0)), &heads);
	assert_true(heads >= 9000);
	assert_non_null(space_position(node_space(duo.cities[0].node, 0), 0, &size));
	duo_end(&duo);
}

/* So many erasures that are none, before one that is right. */
static size_t erasures_say(struct duo *duo, const struct hash *space, size_t none)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Erasures erasures = TWINLOG__ERASURES__INIT;
	Twinlog__Erasure erasure = TWINLOG__ERASURE__INIT;
	ProtobufCBinaryData *list = calloc(none + 1, sizeof *list), bundle = codec_hash(space);
	uint8_t *frame;
	size_t size;
	assert_non_null(list);
	erasure.space = codec_hash(space);
	erasure.signer = erasure.city = codec_hash(&duo->cities[1].identity);
	erasure.bundle = erasure.leaf = bundle;
	erasure.clock_ms = none + 1;
	erasure.reason = codec_string("error");
	assert_int_equal(erasure_seal(&erasure, duo->cities[1].keys, &list[none].data, &list[none].len), TWINLOG_OK);
	erasures.space = codec_hash(space);
	erasures.erasures = list;
	erasures.n_erasures = none + 1;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_ERASURES;
	message.erasures = &erasures;
	assert_int_equal(codec_pack(&message.base, &frame, &size), TWINLOG_OK);
	duo_message(duo, 0, frame, size);
	const size_t effects = duo->cities[0].effects.count;
	duo_run(duo);
	free(frame);
	free(list[none].data);
	free(list);
	return effects;
}

static size_t erasures_of_first(const struct duo *duo)
{
	return erasures_count(space_erasures(node_space(duo->cities[0].node, 0)));
}

/* Fewer than the number at which the rest is left do not harm what comes with them; more cost no more than so many. */
static void erasures_that_are_none(void **state)
{
	struct duo duo;
	struct hash space;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	duo_time(&duo, 2000);
	(void)erasures_say(&duo, &space, TWINLOG_FAULTS_MAX - 1);
	assert_int_equal(node_peer(duo.cities[0].node, 0).refused, TWINLOG_FAULTS_MAX - 1);
	assert_int_equal(erasures_of_first(&duo), 1);
	const size_t some = erasures_say(&duo, &space, TWINLOG_FAULTS_MAX);
	assert_int_equal(node_peer(duo.cities[0].node, 0).refused, 2 * TWINLOG_FAULTS_MAX - 1);
	assert_int_equal(erasures_of_first(&duo), 1);
	const size_t many = erasures_say(&duo, &space, 200000);
	print_message("%zu effects of %u, %zu of 200,000\n", some, TWINLOG_FAULTS_MAX, many);
	assert_true(many <= some);
	assert_int_equal(erasures_of_first(&duo), 1);
	/* And the next message is listened to. */
	(void)erasures_say(&duo, &space, 0);
	assert_int_equal(erasures_of_first(&duo), 2);
	assert_int_equal(duo.failed, TWINLOG_OK);
	duo_end(&duo);
}

static void budget_say(struct duo *duo, uint64_t rate)
{
	struct event event = {.type = EVENT_BUDGET, .budget = {duo->cities[1].identity, rate}};
	duo_step(duo, 0, &event);
	duo_run(duo);
}

static void closed_by_the_hour(void **state)
{
	struct duo duo;
	struct hash space;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	const size_t dropped = duo.cities[0].dropped;
	budget_say(&duo, 0);
	assert_int_equal(duo.cities[0].dropped, dropped + 1);
	assert_int_equal(duo.cities[1].dropped, 1); /* it was told, and cuts, too */
	assert_true(strstr(node_peer(duo.cities[1].node, 0).last_error, "hour") != NULL);
	assert_int_equal(node_peer(duo.cities[0].node, 0).rate, 0);
	duo_end(&duo);
}

static size_t held_by_second(const struct duo *duo, const struct hash *space)
{
	const struct space *of = node_space_find(duo->cities[1].node, space);
	return space_bundles(of);
}

/* 40 bundles of some hundred bytes at 1,024 bytes a second: some at once, the rest as time goes by. */
static void paced_by_its_budget(void **state)
{
	struct duo duo;
	struct hash space;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	budget_say(&duo, TWINLOG_BUDGET_MIN);
	for (int i = 0; i < 40; i++)
		duo_submit(&duo, 0, &space);
	const uint64_t began_ms = duo.now.mono_ms;
	const size_t at_once = held_by_second(&duo, &space);
	assert_true(at_once < 40);
	while (held_by_second(&duo, &space) < 40 && duo.now.mono_ms - began_ms < 600000)
		duo_time(&duo, 500);
	assert_int_equal(held_by_second(&duo, &space), 40);
	const uint64_t bytes = node_peer(duo.cities[0].node, 0).bytes_out;
	print_message("%zu at once, %llu bytes in %llu ms\n", at_once, (unsigned long long)bytes,
		      (unsigned long long)(duo.now.mono_ms - began_ms));
	assert_true(duo.now.mono_ms - began_ms > 5000);
	/* Without a budget nothing waits. */
	budget_say(&duo, BUDGET_NONE);
	duo_submit(&duo, 0, &space);
	assert_int_equal(held_by_second(&duo, &space), 41);
	duo_end(&duo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(heads_without_end),   cmocka_unit_test(machines_without_end),
	    cmocka_unit_test(acts_side_by_side),   cmocka_unit_test(closed_by_the_hour),
	    cmocka_unit_test(paced_by_its_budget), cmocka_unit_test(erasures_that_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
