/* The form of a position: whoever could name a city or a head twice, or in any order, would make others look for one
 * list in another. PROTOCOL, "Positions". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "duo.h"
#include "said.h"
#include "town.h"

#define ENTRIES 7000u

struct fixture {
	struct duo duo;
	struct hash space;
	struct said said; /* of the second, to the first */
	struct hash hashes[ENTRIES];
	ProtobufCBinaryData names[ENTRIES];
	Twinlog__CityHeads cities[ENTRIES], *list[ENTRIES];
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	assert_non_null(fixture);
	duo_init(&fixture->duo);
	assert_true(duo_found(&fixture->duo, &fixture->space));
	duo_time(&fixture->duo, 2000);
	fixture->duo.cities[1].mute = true;
	said_names(fixture->hashes, fixture->names, ENTRIES, 0);
	for (unsigned i = 0; i < ENTRIES; i++) {
		twinlog__city_heads__init(&fixture->cities[i]);
		fixture->cities[i].city = fixture->names[i];
		fixture->list[i] = &fixture->cities[i];
	}
	fixture->said = (struct said){.space = &fixture->space,
				      .keys = fixture->duo.cities[1].keys,
				      .city = &fixture->duo.cities[1].identity,
				      .machine = 77,
				      .time_ms = fixture->duo.now.wall_ms,
				      .cities = fixture->list};
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	duo_end(&fixture->duo);
	free(fixture);
	return 0;
}

/* Whether it is kept. */
static bool taken(struct fixture *fixture)
{
	const struct space *space = node_space(fixture->duo.cities[0].node, 0);
	size_t count = 0, size;
	ProtobufCBinaryData frame;

	fixture->said.machine++;
	fixture->said.counter = 1;
	while (space_position(space, count, &size))
		count++;
	frame = said_frame(&fixture->said);
	duo_message(&fixture->duo, 0, frame.data, frame.len);
	duo_run(&fixture->duo);
	free(frame.data);
	assert_int_equal(fixture->duo.failed, TWINLOG_OK);
	return space_position(space, count, &size) != NULL;
}

static uint64_t refused(const struct fixture *fixture)
{
	return node_peer(fixture->duo.cities[0].node, 0).refused;
}

static void in_order_or_refused(void **state)
{
	struct fixture *fixture = *state;
	Twinlog__CityHeads *cities = fixture->cities;
	ProtobufCBinaryData twice[] = {fixture->names[5], fixture->names[5]};
	ProtobufCBinaryData back[] = {fixture->names[6], fixture->names[5]};
	ProtobufCBinaryData longer = codec_bytes(fixture->hashes, HASH_SIZE + 1);

	fixture->said.n_cities = 3;
	cities[1].heads = fixture->names;
	cities[1].n_heads = 3;
	assert_true(taken(fixture));
	assert_int_equal(refused(fixture), 0);
	cities[1].heads = twice;
	cities[1].n_heads = 2;
	assert_false(taken(fixture));
	cities[1].heads = back;
	assert_false(taken(fixture));
	cities[1].heads = &longer;
	cities[1].n_heads = 1;
	assert_false(taken(fixture));
	cities[1].n_heads = 0;
	assert_true(taken(fixture));
	assert_int_equal(refused(fixture), 3);

	cities[2].city = cities[1].city;
	assert_false(taken(fixture));
	cities[2].city = cities[0].city;
	assert_false(taken(fixture));
	cities[2].city = (ProtobufCBinaryData){0};
	assert_false(taken(fixture));
	cities[2].city = codec_bytes(fixture->hashes[2].bytes, HASH_SIZE - 1);
	assert_false(taken(fixture));
	assert_int_equal(refused(fixture), 7);
	cities[2].city = fixture->names[2];
	assert_true(taken(fixture));
}

/* ---- What the dearest costs ---- */

static double cost(struct fixture *fixture)
{
	double took = 0;

	fixture->said.machine = 7;
	for (unsigned i = 0; i < 8; i++) {
		fixture->said.counter++;
		const ProtobufCBinaryData frame = said_frame(&fixture->said);
		const double since = cpu_seconds();

		duo_message(&fixture->duo, 0, frame.data, frame.len);
		took += cpu_seconds() - since;
		duo_run(&fixture->duo);
		free(frame.data);
	}
	assert_int_equal(fixture->duo.failed, TWINLOG_OK);
	assert_int_equal(refused(fixture), 0);
	return took;
}

/* As many names: heads of one city, or half of them that and the rest cities of which nothing is said. */
static void many_cities_cost_as_many_heads(void **state)
{
	struct fixture *fixture = *state;
	Twinlog__CityHeads *first = &fixture->cities[0];

	first->heads = fixture->names;
	first->n_heads = ENTRIES;
	fixture->said.n_cities = 1;
	const double heads = cost(fixture);

	first->n_heads = ENTRIES / 2;
	fixture->said.n_cities = ENTRIES / 2;
	const double cities = cost(fixture);

	print_message("%u heads of one city %.4f s, half of them and as many cities %.4f s\n", ENTRIES, heads, cities);
	assert_true(cities < 4 * heads);
}

/* ---- At start ---- */

static void load(struct fixture *fixture, struct node **ret_node)
{
	const struct duo_city *first = &fixture->duo.cities[0], *second = &fixture->duo.cities[1];
	const struct acts *acts = space_acts(node_space(first->node, 0));
	const struct node_config config = {
	    .keys = first->keys, .signed_card = first->card, .signed_card_size = first->card_size, .machine = 1};

	assert_int_equal(node_new(&config, ret_node), TWINLOG_OK);
	assert_int_equal(node_load_card(*ret_node, second->card, second->card_size, true, false, 0), TWINLOG_OK);
	for (size_t i = 0; i < acts_count(acts); i++)
		assert_int_equal(node_load_act(*ret_node, i + 1, acts_at(acts, i)->bytes, acts_at(acts, i)->size),
				 TWINLOG_OK);
}

/* What was kept before the order was asked for stops no start: its row goes. One that is not the city's word does. */
static void rows_out_of_order(void **state)
{
	struct fixture *fixture = *state;
	struct effects effects;
	struct node *node;
	size_t gone = 0, size;
	const struct event event = {.type = EVENT_TIME, .now = {2000000, UINT64_C(1700001000000)}};

	load(fixture, &node);
	fixture->said.n_cities = 2;
	fixture->said.counter = 1;
	for (unsigned i = 0; i < 3; i++) {
		fixture->said.machine++;
		fixture->list[0] = &fixture->cities[i == 1];
		fixture->list[1] = &fixture->cities[i != 1];
		ProtobufCBinaryData bytes = said_seal(&fixture->said);

		if (i == 2)
			bytes.data[bytes.len - 1] ^= 1;
		assert_int_equal(node_load_position(node, bytes.data, bytes.len),
				 i == 2 ? TWINLOG_BAD_SIGNATURE : TWINLOG_OK);
		free(bytes.data);
	}
	assert_int_equal(node_loaded(node), TWINLOG_OK);
	assert_non_null(space_position(node_space(node, 0), 0, &size));
	assert_null(space_position(node_space(node, 0), 1, &size));
	assert_int_equal(effects_init(&effects), TWINLOG_OK);
	assert_int_equal(node_step(node, &event, &effects), TWINLOG_OK);
	for (size_t i = 0; i < effects.count; i++) {
		const struct persist *what = &effects.items[i].persist.what;

		if (effects.items[i].type != EFFECT_PERSIST || what->kind != PERSIST_POSITION_GONE)
			continue;
		assert_int_equal(what->machine, fixture->said.machine - 1);
		gone++;
	}
	assert_int_equal(gone, 1);
	node_free(node);
	effects_free(&effects);
}

/* One of whom nothing is here yet may be who is behind. */
static void status_tells_what_is_missing(void **state)
{
	struct fixture *fixture = *state;
	const struct duo *duo = &fixture->duo;
	const struct space *space = node_space(duo->cities[0].node, 0);
	const struct hash *second = &duo->cities[1].identity;

	assert_int_equal(space_member_view(duo->cities[0].node, space, second).missing_bundles, 0);
	fixture->said.n_cities = 1;
	fixture->cities[0].city = codec_hash(second);
	fixture->cities[0].heads = fixture->names;
	fixture->cities[0].n_heads = 3;
	assert_true(taken(fixture));
	const struct space_member_view view = space_member_view(duo->cities[0].node, space, second);
	assert_int_equal(view.missing_bundles, 3);
	assert_int_equal(view.waiting, TWINLOG__WAITING__WAITING_BUNDLES);

	fixture->cities[0].city = fixture->names[7]; /* nobody */
	assert_true(taken(fixture));
	assert_int_equal(space_member_view(duo->cities[0].node, space, second).missing_bundles, 3);

	fixture->said.machine--; /* of the first of these, and it names the city no more */
	fixture->said.counter = 2;
	fixture->said.n_cities = 0;
	const ProtobufCBinaryData frame = said_frame(&fixture->said);
	duo_message(&fixture->duo, 0, frame.data, frame.len);
	free(frame.data);
	assert_int_equal(space_member_view(duo->cities[0].node, space, second).missing_bundles, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(in_order_or_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(many_cities_cost_as_many_heads, setup, teardown),
	    cmocka_unit_test_setup_teardown(rows_out_of_order, setup, teardown),
	    cmocka_unit_test_setup_teardown(status_tells_what_is_missing, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
