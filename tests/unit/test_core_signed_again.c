/* Who holds a city's former key signs again what the city signed with its new one. Whichever comes first, what the new
 * key signed has its effect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "counting.h"
#include "erasures.h"
#include "town.h"

#define CITY 1u /* whose key was changed */

enum { FORMER, PRESENT, KEYS };

struct changed { /* a county after one city's change of key */
	struct county county;
	struct seal_keys *keys[KEYS];
};

static int setup(void **state)
{
	static const char *const cities[] = {"CN:lianyungang", "KR:mokpo"};
	struct changed *changed = calloc(1, sizeof *changed);
	Twinlog__Act message = TWINLOG__ACT__INIT;
	Twinlog__Cutoff counts = TWINLOG__CUTOFF__INIT;
	uint8_t seed[SEAL_SEED_SIZE], *bytes;
	struct hash parent;
	ProtobufCBinaryData parents[1];
	struct act *act;
	size_t size, count;

	assert_non_null(changed);
	county_init(&changed->county, cities, 2, 0, 0);
	struct town *town = &changed->county.towns[CITY];
	town_seed(seed, CITY, 0);
	changed->keys[FORMER] = town->keys;
	assert_int_equal(seal_keys_new(seed, 1, &changed->keys[PRESENT]), TWINLOG_OK);
	parent = acts_heads(changed->county.acts, &count)[0];
	assert_int_equal(count, 1);
	parents[0] = codec_hash(&parent);
	message.kind = TWINLOG__ACT_KIND__ACT_CHANGE_KEY;
	message.space = codec_hash(&changed->county.space);
	message.signer = codec_hash(&town->identity);
	message.parents = parents;
	message.n_parents = 1;
	message.number = 3;
	message.new_key = codec_bytes(seal_keys_public(changed->keys[PRESENT])->bytes, 32);
	counts.acts = parents; /* its own acceptance */
	counts.n_acts = 1;
	message.counts = &counts;
	town_seed(seed, CITY, 1);
	assert_int_equal(act_seal_change(&message, seed, &bytes, &size), TWINLOG_OK);
	assert_int_equal(act_open(bytes, size, &act), TWINLOG_OK);
	free(bytes);
	assert_int_equal(acts_add(changed->county.acts, act), TWINLOG_OK);
	*state = changed;
	return 0;
}

static int teardown(void **state)
{
	struct changed *changed = *state;

	changed->county.towns[CITY].keys = changed->keys[FORMER];
	seal_keys_free(changed->keys[PRESENT]);
	county_free(&changed->county);
	free(changed);
	return 0;
}

static void acts_signed_again(struct changed *changed, const int order[KEYS])
{
	struct county *county = &changed->county;
	const struct town *town = &county->towns[CITY];
	Twinlog__Act message = TWINLOG__ACT__INIT;
	size_t count, size;
	const struct hash parent = acts_heads(county->acts, &count)[0];
	ProtobufCBinaryData parents[] = {codec_hash(&parent)};

	message.kind = TWINLOG__ACT_KIND__ACT_LEAVE;
	message.space = codec_hash(&county->space);
	message.signer = codec_hash(&town->identity);
	message.parents = parents;
	message.n_parents = 1;
	message.number = 4;
	for (int i = 0; i < KEYS; i++) {
		struct act *act;
		uint8_t *bytes;

		assert_int_equal(act_seal(&message, changed->keys[order[i]], &bytes, &size), TWINLOG_OK);
		assert_int_equal(act_open(bytes, size, &act), TWINLOG_OK);
		free(bytes);
		assert_int_equal(acts_add(county->acts, act), TWINLOG_OK);
		assert_int_equal(acts_valid(county->acts, acts_count(county->acts) - 1), order[i] == PRESENT);
	}
	assert_int_equal(acts_member(county->acts, &town->identity)->standing, STANDING_LEFT);
	(void)acts_heads(county->acts, &count);
	assert_int_equal(count, 2);
}

static void act_first_with_the_former(void **state)
{
	acts_signed_again(*state, (const int[]){FORMER, PRESENT});
}

static void act_first_with_the_present(void **state)
{
	acts_signed_again(*state, (const int[]){PRESENT, FORMER});
}

static void bundles_signed_again(struct changed *changed, const int order[KEYS])
{
	struct county *county = &changed->county;
	struct town *town = &county->towns[CITY];
	const struct saying saying = {.town = CITY,
				      .opener = CITY,
				      .record = 1,
				      .version = 1,
				      .salt = 7,
				      .cities = {"CN:lianyungang", "KR:mokpo"}};
	struct bundle *bundles[KEYS];
	struct graph *graph;
	size_t keys_count;
	const struct seal_public *keys = acts_keys(county->acts, &town->identity, &keys_count);

	assert_int_equal(graph_new(&town->identity, &graph), TWINLOG_OK);
	assert_int_equal(bundle_cuts_set(county->acts, graph), TWINLOG_OK);
	for (uint32_t i = 0; i < KEYS; i++) {
		size_t size;
		struct bundle *bundle;

		town->keys = changed->keys[order[i]];
		uint8_t *bytes = county_seal(county, &saying, 1, 5000, (struct bundle_place){0}, &size);
		assert_int_equal(bundle_open(bytes, size, keys, keys_count, &bundle), TWINLOG_OK);
		free(bytes);
		assert_int_equal(graph_add(graph, bundle, i + 1, true, (uint16_t)bundle->key, 0), TWINLOG_OK);
		assert_int_equal(bundle_counts(county->acts, graph, i, bundle->acts, bundle->acts_count),
				 order[i] == PRESENT);
		bundles[i] = bundle;
	}
	/* The words are the same. */
	assert_true(hash_equal(&bundles[0]->leaves[0].hash, &bundles[1]->leaves[0].hash));
	bundle_free(bundles[0]);
	bundle_free(bundles[1]);
	graph_free(graph);
}

static void bundle_first_with_the_former(void **state)
{
	bundles_signed_again(*state, (const int[]){FORMER, PRESENT});
}

static void bundle_first_with_the_present(void **state)
{
	bundles_signed_again(*state, (const int[]){PRESENT, FORMER});
}

static void erasures_signed_again(struct changed *changed, const int order[KEYS])
{
	const struct county *county = &changed->county;
	const struct town *town = &county->towns[CITY];
	const struct hash leaf = {{5}}, bundle = {{6}};
	Twinlog__Erasure message = TWINLOG__ERASURE__INIT;
	struct erasures *erasures;

	assert_int_equal(erasures_new(&erasures), TWINLOG_OK);
	message.space = codec_hash(&county->space);
	message.signer = message.city = codec_hash(&town->identity);
	message.bundle = codec_hash(&bundle);
	message.leaf = codec_hash(&leaf);
	message.reason = codec_string("personal_data");
	message.clock_ms = 1;
	for (int i = 0; i < KEYS; i++) {
		struct erasure *erasure;
		uint8_t *bytes;
		size_t size;

		assert_int_equal(erasure_seal(&message, changed->keys[order[i]], &bytes, &size), TWINLOG_OK);
		assert_int_equal(erasure_open(bytes, size, &erasure), TWINLOG_OK);
		free(bytes);
		assert_int_equal(erasure_check(erasure, county->acts), TWINLOG_OK);
		assert_int_equal(erasures_add(erasures, erasure), TWINLOG_OK);
		assert_int_equal(erasures_judge(erasures, county->acts, &town->identity, &leaf), order[i] == PRESENT);
	}
	assert_non_null(erasures_of(erasures, &town->identity, &leaf));
	erasures_free(erasures);
}

static void erasure_first_with_the_former(void **state)
{
	erasures_signed_again(*state, (const int[]){FORMER, PRESENT});
}

static void erasure_first_with_the_present(void **state)
{
	erasures_signed_again(*state, (const int[]){PRESENT, FORMER});
}

/* ---- Two signatures ---- */

/* Signed by the first, and by the second over what that signed; or with a second signature given. */
static struct act *cosigned(const Twinlog__Act *message, const struct seal_keys *first, const struct seal_keys *second,
			    const uint8_t *given)
{
	Twinlog__SignedAct outer = TWINLOG__SIGNED_ACT__INIT;
	uint8_t signature[SEAL_SIGNATURE_SIZE], *bytes;
	struct act *act, *whole;
	size_t size;

	assert_int_equal(act_seal(message, first, &bytes, &size), TWINLOG_OK);
	assert_int_equal(act_open(bytes, size, &act), TWINLOG_OK);
	free(bytes);
	if (!given) {
		size_t over_size;
		const uint8_t *over = act_countersigned(act, &over_size);

		assert_non_null(over);
		seal_sign(second, "act-second", over, over_size, signature);
		given = signature;
	}
	outer.act = codec_bytes(act->signed_bytes, act->signed_size);
	outer.signature = codec_bytes(act->signature, SEAL_SIGNATURE_SIZE);
	outer.second = codec_bytes(given, SEAL_SIGNATURE_SIZE);
	assert_int_equal(codec_pack(&outer.base, &bytes, &size), TWINLOG_OK);
	assert_int_equal(act_open(bytes, size, &whole), TWINLOG_OK);
	free(bytes);
	assert_true(hash_equal(&whole->id, &act->id)); /* who has the second key alone makes no other act */
	act_free(act);
	return whole;
}

/* Who has the first key alone signs anew what both had signed, with the second signature as it was. */
static void second_signature_is_of_one_act(void **state)
{
	struct changed *changed = *state;
	struct county *county = &changed->county;
	const struct town *town = &county->towns[CITY];
	Twinlog__Act leave = TWINLOG__ACT__INIT;
	struct seal_keys *firsts[2], *second;
	struct hash head;
	ProtobufCBinaryData parent;
	uint8_t seed[SEAL_SEED_SIZE], *bytes;
	size_t size, count;
	struct act *act;

	town_seed(seed, CITY, 0);
	assert_int_equal(seal_keys_new(seed, 9, &second), TWINLOG_OK);
	for (uint32_t i = 0; i < 2; i++) { /* two first keys, with one second key */
		Twinlog__Act change = TWINLOG__ACT__INIT;

		town_seed(seed, CITY, 0);
		assert_int_equal(seal_keys_new(seed, 2 + i, &firsts[i]), TWINLOG_OK);
		head = acts_heads(county->acts, &count)[0];
		parent = codec_hash(&head);
		change.kind = TWINLOG__ACT_KIND__ACT_CHANGE_KEY;
		change.space = codec_hash(&county->space);
		change.signer = codec_hash(&town->identity);
		change.parents = &parent;
		change.n_parents = 1;
		change.number = 4 + i;
		change.new_key = codec_bytes(seal_keys_public(firsts[i])->bytes, 32);
		change.second_key = codec_bytes(seal_keys_public(second)->bytes, 32);
		town_seed(seed, CITY, 1);
		assert_int_equal(act_seal_change(&change, seed, &bytes, &size), TWINLOG_OK);
		assert_int_equal(act_open(bytes, size, &act), TWINLOG_OK);
		free(bytes);
		assert_int_equal(acts_add(county->acts, act), TWINLOG_OK);
	}
	head = acts_heads(county->acts, &count)[0];
	parent = codec_hash(&head);
	leave.kind = TWINLOG__ACT_KIND__ACT_LEAVE;
	leave.space = codec_hash(&county->space);
	leave.signer = codec_hash(&town->identity);
	leave.parents = &parent;
	leave.n_parents = 1;
	leave.number = 6;
	struct act *both = cosigned(&leave, firsts[0], second, NULL);
	struct act *again = cosigned(&leave, firsts[1], NULL, both->second_signature);

	assert_int_equal(acts_add(county->acts, again), TWINLOG_BAD_SIGNATURE);
	act_free(again);
	assert_int_equal(acts_add(county->acts, both), TWINLOG_OK);
	seal_keys_free(firsts[0]);
	seal_keys_free(firsts[1]);
	seal_keys_free(second);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(act_first_with_the_former, setup, teardown),
	    cmocka_unit_test_setup_teardown(act_first_with_the_present, setup, teardown),
	    cmocka_unit_test_setup_teardown(bundle_first_with_the_former, setup, teardown),
	    cmocka_unit_test_setup_teardown(bundle_first_with_the_present, setup, teardown),
	    cmocka_unit_test_setup_teardown(erasure_first_with_the_former, setup, teardown),
	    cmocka_unit_test_setup_teardown(erasure_first_with_the_present, setup, teardown),
	    cmocka_unit_test_setup_teardown(second_signature_is_of_one_act, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
