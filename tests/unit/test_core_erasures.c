/* Erasures: what they do to a bundle's bytes, who may sign them, when those of stewards take effect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "erasures.h"
#include "statements.h"
#include "town.h"

static const char *const CITIES[] = {"CN:lianyungang", "KR:mokpo", "CN:xiamen", "KR:busan", "CN:wuhan"};

struct fixture {
	struct county county;
	struct bundle *bundle; /* of Mokpo, two leaves */
	struct erasures *erasures;
};

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	const struct saying sayings[] = {
	    {.town = 1, .opener = 1, .record = 1, .cities = {"CN:lianyungang", "KR:mokpo"}, .title = "secret"},
	    {.town = 1, .opener = 1, .record = 2, .cities = {"CN:lianyungang", "KR:mokpo"}, .title = "open"}};

	county_init(&fixture->county, CITIES, 5, 0, 0);
	fixture->bundle = county_bundle(&fixture->county, sayings, 2, 5000);
	assert_int_equal(erasures_new(&fixture->erasures), TWINLOG_OK);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;

	bundle_free(fixture->bundle);
	erasures_free(fixture->erasures);
	county_free(&fixture->county);
	free(fixture);
	return 0;
}

/* ---- Bytes ---- */

static struct erasure *make(struct fixture *fixture, unsigned signer, uint32_t index, const char *reason)
{
	const struct town *town = &fixture->county.towns[signer];
	Twinlog__Erasure message = TWINLOG__ERASURE__INIT;
	struct erasure *erasure;
	uint8_t *bytes;
	size_t size;

	message.space = codec_hash(&fixture->county.space);
	message.signer = codec_hash(&town->identity);
	message.city = codec_hash(&fixture->bundle->city);
	message.bundle = codec_hash(&fixture->bundle->id);
	message.index = index;
	message.leaf = codec_hash(&fixture->bundle->leaves[index].hash);
	message.reason = codec_string(reason);
	message.clock_ms = 6000;
	assert_int_equal(erasure_seal(&message, town->keys, &bytes, &size), TWINLOG_OK);
	if (erasure_open(bytes, size, &erasure))
		erasure = NULL;
	free(bytes);
	return erasure;
}

static bool add(struct fixture *fixture, unsigned signer, uint32_t index)
{
	struct erasure *erasure = make(fixture, signer, index, "personal_data");
	const struct hash *leaf = &fixture->bundle->leaves[index].hash;

	assert_non_null(erasure);
	assert_int_equal(erasure_check(erasure, fixture->county.acts), TWINLOG_OK);
	assert_int_equal(erasures_add(fixture->erasures, erasure), TWINLOG_OK);
	erasures_commit(fixture->erasures);
	assert_int_equal(erasures_settle(fixture->erasures), TWINLOG_OK);
	return erasures_judge(fixture->erasures, fixture->county.acts, &fixture->bundle->city, leaf);
}

static bool is_gone(const struct fixture *fixture, uint32_t index)
{
	return erasures_of(fixture->erasures, &fixture->bundle->city, &fixture->bundle->leaves[index].hash) != NULL;
}

static bool contains(const uint8_t *bytes, size_t size, const char *text)
{
	return memmem(bytes, size, text, strlen(text)) != NULL;
}

static void test_strip_keeps_what_is_signed(void **state)
{
	struct fixture *fixture = *state;
	const struct bundle *bundle = fixture->bundle;
	uint8_t *stripped, *again;
	size_t size, again_size;
	struct bundle *opened;

	assert_true(contains(bundle->bytes, bundle->size, "secret"));
	assert_int_equal(bundle_strip(bundle->bytes, bundle->size, 0, &stripped, &size), TWINLOG_OK);
	assert_false(contains(stripped, size, "secret"));
	assert_true(contains(stripped, size, "open"));
	assert_false(memmem(stripped, size, bundle->leaves[0].salt, TWINLOG_SALT_SIZE) != NULL);

	assert_int_equal(bundle_open(stripped, size, &fixture->county.towns[1].founding_key, 1, &opened), TWINLOG_OK);
	assert_true(hash_equal(&opened->id, &bundle->id));
	assert_true(hash_equal(&opened->leaves[0].hash, &bundle->leaves[0].hash));
	assert_null(opened->leaves[0].salt);
	assert_non_null(opened->leaves[1].salt);
	assert_true(handle_equal(&opened->leaves[0].record, &bundle->leaves[0].record));
	bundle_free(opened);

	assert_int_equal(bundle_strip(stripped, size, 0, &again, &again_size), TWINLOG_OK);
	assert_int_equal(again_size, size);
	assert_memory_equal(again, stripped, size);
	free(again);
	assert_int_equal(bundle_strip(bundle->bytes, bundle->size, 2, &again, &again_size), TWINLOG_MALFORMED);
	free(stripped);
}

static void test_what_is_refused(void **state)
{
	struct fixture *fixture = *state;
	struct erasure *erasure = make(fixture, 1, 0, "personal_data"), *opened;
	uint8_t bytes[TWINLOG_ERASURE_MAX + 1] = {0};

	assert_int_equal(erasure_check(erasure, fixture->county.acts), TWINLOG_OK);
	memcpy(bytes, erasure->bytes, erasure->size);
	/* The last byte belongs to the signature, which the decoding does not look at. */
	bytes[erasure->size - 1] ^= 1;
	assert_int_equal(erasure_open(bytes, erasure->size, &opened), TWINLOG_OK);
	assert_int_equal(erasure_check(opened, fixture->county.acts), TWINLOG_BAD_SIGNATURE);
	erasure_free(opened);
	assert_int_equal(erasure_open(bytes, erasure->size - 1, &opened), TWINLOG_MALFORMED);
	assert_int_equal(erasure_open(bytes, sizeof bytes, &opened), TWINLOG_TOO_LARGE);
	erasure_free(erasure);

	/* Xiamen is no steward and did not write the leaf. */
	erasure = make(fixture, 2, 0, "personal_data");
	assert_int_equal(erasure_check(erasure, fixture->county.acts), TWINLOG_NOT_PERMITTED);
	erasure_free(erasure);
	/* A reason is a code: nothing that the leaf said may live on in it. */
	assert_null(make(fixture, 1, 0, ""));
	assert_null(make(fixture, 1, 0, "Kim Min-ji"));
	assert_null(make(fixture, 1, 0, "a_code_of_more_than_64_characters_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
}

static void test_own_takes_effect_once(void **state)
{
	struct fixture *fixture = *state;
	struct erasure *again;

	assert_false(is_gone(fixture, 0));
	assert_true(add(fixture, 1, 0));
	assert_true(is_gone(fixture, 0));
	assert_false(is_gone(fixture, 1));
	assert_false(erasures_judge(fixture->erasures, fixture->county.acts, &fixture->bundle->city,
				    &fixture->bundle->leaves[0].hash));
	again = make(fixture, 1, 0, "personal_data");
	assert_int_equal(erasures_add(fixture->erasures, again), TWINLOG_DUPLICATE);
	erasure_free(again);
}

/* A city that claims another's leaf as its own erases nothing. */
static void test_a_false_claim(void **state)
{
	struct fixture *fixture = *state;
	Twinlog__Erasure message = TWINLOG__ERASURE__INIT;
	const struct town *town = &fixture->county.towns[2];
	const struct hash *leaf = &fixture->bundle->leaves[0].hash;
	struct erasure *erasure;
	uint8_t *bytes;
	size_t size;

	message.space = codec_hash(&fixture->county.space);
	message.signer = message.city = codec_hash(&town->identity);
	message.bundle = codec_hash(&fixture->bundle->id);
	message.leaf = codec_hash(leaf);
	message.reason = codec_string("legal_order");
	assert_int_equal(erasure_seal(&message, town->keys, &bytes, &size), TWINLOG_OK);
	assert_int_equal(erasure_open(bytes, size, &erasure), TWINLOG_OK);
	free(bytes);
	assert_int_equal(erasure_check(erasure, fixture->county.acts), TWINLOG_OK);
	assert_int_equal(erasures_add(fixture->erasures, erasure), TWINLOG_OK);
	assert_true(erasures_judge(fixture->erasures, fixture->county.acts, &town->identity, leaf));
	assert_false(erasures_judge(fixture->erasures, fixture->county.acts, &fixture->bundle->city, leaf));
	assert_false(is_gone(fixture, 0));
}

static void test_digest_hangs_on_the_set(void **state)
{
	struct fixture *fixture = *state;
	struct erasures *other;
	const struct hash none = {{0}};
	struct erasure *one = make(fixture, 1, 0, "personal_data"), *two = make(fixture, 1, 1, "personal_data");

	assert_true(hash_equal(erasures_digest(fixture->erasures), &none));
	assert_int_equal(erasures_new(&other), TWINLOG_OK);
	add(fixture, 1, 0);
	assert_false(hash_equal(erasures_digest(fixture->erasures), &none));
	assert_int_equal(erasures_add(other, two), TWINLOG_OK);
	assert_true(hash_equal(erasures_digest(other), &none));
	erasures_commit(other);
	assert_int_equal(erasures_settle(other), TWINLOG_OK);
	assert_false(hash_equal(erasures_digest(fixture->erasures), erasures_digest(other)));
	add(fixture, 1, 1);
	assert_int_equal(erasures_add(other, one), TWINLOG_OK);
	erasures_commit(other);
	assert_int_equal(erasures_settle(other), TWINLOG_OK);
	assert_true(hash_equal(erasures_digest(fixture->erasures), erasures_digest(other)));
	erasures_free(other);
}

/* ---- The share of each signer ---- */

static void test_share_of_one_signer(void **state)
{
	struct fixture *fixture = *state;

	for (uint32_t i = 0; i <= TWINLOG_ERASURES_MAX; i++) {
		struct erasure *erasure = calloc(1, sizeof *erasure);
		enum twinlog_error error;

		assert_non_null(erasure);
		memcpy(erasure->id.bytes, &i, sizeof i);
		memcpy(erasure->leaf.bytes, &i, sizeof i);
		error = erasures_add(fixture->erasures, erasure);
		assert_int_equal(error, i < TWINLOG_ERASURES_MAX ? TWINLOG_OK : TWINLOG_TOO_MANY);
		/* What is in the store already is not refused at a start. */
		if (error)
			assert_int_equal(erasures_load(fixture->erasures, erasure), TWINLOG_OK);
	}
	assert_true(add(fixture, 1, 0)); /* another's share is its own */
}

/* ---- Stewards ---- */

static void appoint(struct fixture *fixture, unsigned by, unsigned who)
{
	ProtobufCBinaryData steward = codec_hash(&fixture->county.towns[who].identity);
	Twinlog__Act act = TWINLOG__ACT__INIT;

	act.kind = TWINLOG__ACT_KIND__ACT_APPOINT;
	act.space = codec_hash(&fixture->county.space);
	act.n_stewards = 1;
	act.stewards = &steward;
	county_act(&fixture->county, &fixture->county.towns[by], &act);
}

static void leave(struct fixture *fixture, unsigned who)
{
	Twinlog__Act act = TWINLOG__ACT__INIT;

	act.kind = TWINLOG__ACT_KIND__ACT_LEAVE;
	act.space = codec_hash(&fixture->county.space);
	county_act(&fixture->county, &fixture->county.towns[who], &act);
}

static bool judge(struct fixture *fixture)
{
	return erasures_judge(fixture->erasures, fixture->county.acts, &fixture->bundle->city,
			      &fixture->bundle->leaves[0].hash);
}

static void test_most_stewards_for_one_that_left(void **state)
{
	struct fixture *fixture = *state;

	appoint(fixture, 0, 2);
	appoint(fixture, 0, 3);
	leave(fixture, 1);
	assert_false(add(fixture, 0, 0)); /* one of three */
	assert_false(is_gone(fixture, 0));
	assert_true(add(fixture, 2, 0)); /* two of three */
	assert_true(is_gone(fixture, 0));
	/* Stewards made later change nothing: what is gone is gone. */
	appoint(fixture, 0, 4);
	assert_false(judge(fixture));
	assert_true(is_gone(fixture, 0));
}

static void test_not_while_it_belongs(void **state)
{
	struct fixture *fixture = *state;

	appoint(fixture, 0, 2);
	assert_false(add(fixture, 0, 0));
	assert_false(add(fixture, 2, 0)); /* all of them */
	assert_false(is_gone(fixture, 0));
	/* Their word waits, and counts from the moment the city is out. */
	leave(fixture, 1);
	assert_true(judge(fixture));
	assert_true(is_gone(fixture, 0));
}

/* The answer is the same for one who learns everything late, in whatever order: at the point of leaving two of three
 * had signed, although they are two of four by now. */
static void test_same_for_one_who_learns_late(void **state)
{
	struct fixture *fixture = *state;

	appoint(fixture, 0, 2);
	appoint(fixture, 0, 3);
	leave(fixture, 1);
	appoint(fixture, 0, 4);
	add(fixture, 2, 0);
	assert_false(is_gone(fixture, 0));
	add(fixture, 3, 0);
	assert_true(is_gone(fixture, 0));
}

/* The first steward changes its key; that names what it is to let count. */
static void change_key(struct fixture *fixture, const struct hash *parent, uint64_t number, Twinlog__Cutoff *counts)
{
	struct county *county = &fixture->county;
	ProtobufCBinaryData parents[] = {codec_hash(parent)};
	Twinlog__Act change = TWINLOG__ACT__INIT;
	uint8_t *bytes, recovery[SEAL_SEED_SIZE], other[SEAL_SEED_SIZE] = {77};
	const struct seal_public new_key = seal_recovery_public(other);
	struct act *act;
	size_t size;

	change.kind = TWINLOG__ACT_KIND__ACT_CHANGE_KEY;
	change.space = codec_hash(&county->space);
	change.signer = codec_hash(&county->towns[0].identity);
	change.parents = parents;
	change.n_parents = 1;
	change.number = number;
	change.counts = counts;
	change.new_key = codec_bytes(new_key.bytes, sizeof new_key.bytes);
	town_seed(recovery, 0, 1);
	assert_int_equal(act_seal_change(&change, recovery, &bytes, &size), TWINLOG_OK);
	assert_int_equal(act_open(bytes, size, &act), TWINLOG_OK);
	free(bytes);
	assert_int_equal(acts_add(county->acts, act), TWINLOG_OK);
}

/* The appointment was signed with a key that a change shuts out, which comes later: what was taken in before is taken
 * in after, so that all come to hold the same. It takes no effect. */
static void test_same_for_one_who_learns_of_a_thief(void **state)
{
	struct fixture *fixture = *state;
	struct county *county = &fixture->county;
	struct erasure *erasure = make(fixture, 2, 0, "error");
	const struct hash parent = acts_at(county->acts, acts_count(county->acts) - 1)->id;

	assert_int_equal(erasure_check(erasure, county->acts), TWINLOG_NOT_PERMITTED);
	appoint(fixture, 0, 2);
	assert_int_equal(erasure_check(erasure, county->acts), TWINLOG_OK);
	change_key(fixture, &parent, acts_at(county->acts, acts_count(county->acts) - 2)->message->number + 1, NULL);
	assert_false(acts_member(county->acts, &county->towns[2].identity)->steward);
	assert_int_equal(erasure_check(erasure, county->acts), TWINLOG_OK);
	erasure_free(erasure);
	leave(fixture, 1);
	assert_false(add(fixture, 2, 0));
	assert_false(is_gone(fixture, 0));
}

/* A thief removed the city, and all who knew nothing of it took the steward's own erasure for good. Once the key is
 * changed there was no removal; what came to be without its content goes on all the same. */
static void test_excused_where_a_thief_removed(void **state)
{
	struct fixture *fixture = *state;
	struct county *county = &fixture->county;
	const struct hash *city = &fixture->bundle->city, *leaf = &fixture->bundle->leaves[0].hash;
	const size_t before = acts_count(county->acts) - 1;
	const struct hash parent = acts_at(county->acts, before)->id;
	const uint64_t number = acts_at(county->acts, before)->message->number + 1;
	struct erasure *erasure = make(fixture, 0, 0, "error");
	ProtobufCBinaryData named = codec_hash(&erasure->id);
	Twinlog__Cutoff counts = TWINLOG__CUTOFF__INIT;
	Twinlog__Act act = TWINLOG__ACT__INIT;

	act.kind = TWINLOG__ACT_KIND__ACT_REMOVE;
	act.space = codec_hash(&county->space);
	act.subject = codec_hash(city);
	county_act(county, &county->towns[0], &act);
	counts.erasures = &named;
	counts.n_erasures = 1;
	change_key(fixture, &parent, number, &counts);
	assert_int_equal(acts_member(county->acts, city)->standing, STANDING_MEMBER);

	assert_false(erasures_excuse(fixture->erasures, city, leaf));
	assert_int_equal(erasure_check(erasure, county->acts), TWINLOG_OK);
	assert_int_equal(erasures_add(fixture->erasures, erasure), TWINLOG_OK);
	assert_false(judge(fixture));
	assert_false(is_gone(fixture, 0));
	assert_true(erasures_excuse(fixture->erasures, city, leaf));
	/* Not so what one steward alone signed of a city that nobody removed. */
	assert_false(add(fixture, 0, 1));
	assert_false(erasures_excuse(fixture->erasures, &county->towns[2].identity, leaf));
}

/* One steward that changes its own key excuses nothing by that. */
static void test_not_excused_by_one_steward(void **state)
{
	struct fixture *fixture = *state;
	struct county *county = &fixture->county;
	const struct act *last = acts_at(county->acts, acts_count(county->acts) - 1);
	const struct hash parent = last->id, *city = &fixture->bundle->city, *leaf = &fixture->bundle->leaves[0].hash;

	change_key(fixture, &parent, last->message->number + 1, NULL);
	assert_false(add(fixture, 0, 0));
	assert_false(judge(fixture));
	assert_false(erasures_excuse(fixture->erasures, city, leaf));
	/* Nor is it in the way of the author's own word. */
	assert_true(add(fixture, 1, 0));
	assert_true(erasures_excuse(fixture->erasures, city, leaf));
}

static void test_not_excused_while_it_belongs(void **state)
{
	struct fixture *fixture = *state;
	const struct bundle *bundle = fixture->bundle;

	assert_false(add(fixture, 0, 0));
	assert_false(erasures_excuse(fixture->erasures, &bundle->city, &bundle->leaves[0].hash));
	leave(fixture, 1);
	assert_true(judge(fixture));
	assert_true(erasures_excuse(fixture->erasures, &bundle->city, &bundle->leaves[0].hash));
}

/* ---- One who signs without end ---- */

/* As many as one may sign, of one leaf or each of its own, and judged as they come; then an act comes. */
static double flood(struct fixture *fixture, bool one_leaf)
{
	const struct hash *city = &fixture->bundle->city;
	struct hash leaf = fixture->bundle->leaves[0].hash;
	struct erasures *erasures;
	const double since = cpu_seconds();

	assert_int_equal(erasures_new(&erasures), TWINLOG_OK);
	for (uint32_t i = 0; i < TWINLOG_ERASURES_MAX; i++) {
		struct erasure *erasure = calloc(1, sizeof *erasure);

		assert_non_null(erasure);
		erasure->signer = fixture->county.towns[0].identity;
		erasure->city = *city;
		if (!one_leaf)
			memcpy(leaf.bytes, &i, sizeof i);
		erasure->leaf = leaf;
		memcpy(erasure->id.bytes, &i, sizeof i);
		assert_int_equal(erasures_add(erasures, erasure), TWINLOG_OK);
		assert_false(erasures_judge(erasures, fixture->county.acts, city, &leaf));
	}
	assert_int_equal(erasures_leaves(erasures), one_leaf ? 1 : TWINLOG_ERASURES_MAX);
	leave(fixture, one_leaf ? 2 : 3);
	for (size_t i = 0; i < erasures_leaves(erasures); i++)
		assert_false(erasures_judge(erasures, fixture->county.acts, city, &erasures_leaf(erasures, i)->leaf));
	erasures_free(erasures);
	return cpu_seconds() - since;
}

static void test_of_one_leaf_without_end(void **state)
{
	const double many = flood(*state, false), one = flood(*state, true);

	print_message("each of its own leaf %.3f s, all of one %.3f s\n", many, one);
	assert_true(one < 10 * many);
}

/* ---- The index ---- */

static void test_index_forgets(void **state)
{
	struct fixture *fixture = *state;
	const struct hash *leaf = &fixture->bundle->leaves[0].hash;
	struct statements *statements;
	const struct record *record;
	const struct word *word;
	const struct facts *facts;

	assert_int_equal(statements_new(&fixture->county.space, &statements), TWINLOG_OK);
	assert_int_equal(statements_apply(statements, fixture->bundle, 1, true), TWINLOG_OK);
	record = statements_find(statements, &fixture->bundle->leaves[0].record);
	word = statements_leaf(statements, record, leaf);
	assert_false(word->erased);
	assert_true(statements_facts(statements, word)->values);
	assert_int_not_equal(word->body, 0);

	statements_erase(statements, leaf);
	facts = statements_facts(statements, word);
	assert_true(word->erased);
	assert_int_equal(word->body, 0);
	assert_false(facts->values);
	assert_int_equal(facts->form, 0);
	assert_int_equal(facts->fields_count, 0);
	assert_int_equal(facts->details_count, 0);
	/* The envelope stays: whose record it is and which cities it names. */
	assert_int_equal(facts->cities_count, 2);
	assert_true(word_is_current(word));
	word = statements_leaf(statements, statements_find(statements, &fixture->bundle->leaves[1].record),
			       &fixture->bundle->leaves[1].hash);
	assert_true(statements_facts(statements, word)->values);
	statements_free(statements);
}

/* One that saw the content and one that never did answer alike. */
static void test_index_as_if_never_seen(void **state)
{
	struct fixture *fixture = *state;
	struct statements *seen, *unseen;
	uint8_t *stripped;
	struct bundle *bundle;
	size_t size;

	assert_int_equal(bundle_strip(fixture->bundle->bytes, fixture->bundle->size, 0, &stripped, &size), TWINLOG_OK);
	assert_int_equal(bundle_open(stripped, size, NULL, 0, &bundle), TWINLOG_OK);
	free(stripped);
	assert_int_equal(statements_new(&fixture->county.space, &seen), TWINLOG_OK);
	assert_int_equal(statements_new(&fixture->county.space, &unseen), TWINLOG_OK);
	assert_int_equal(statements_apply(seen, fixture->bundle, 1, true), TWINLOG_OK);
	statements_erase(seen, &fixture->bundle->leaves[0].hash);
	assert_int_equal(statements_apply(unseen, bundle, 1, true), TWINLOG_OK);
	for (uint32_t i = 0; i < 2; i++) {
		const struct word *a = statements_word(seen, i), *b = statements_word(unseen, i);
		const struct facts *x = statements_facts(seen, a), *y = statements_facts(unseen, b);

		assert_int_equal(a->erased, b->erased);
		assert_int_equal(a->body, b->body);
		assert_int_equal(a->void_rule, b->void_rule);
		assert_int_equal(facts_size(x), facts_size(y));
		assert_int_equal(x->cities_count, y->cities_count);
		assert_int_equal(x->values, y->values);
	}
	bundle_free(bundle);
	statements_free(seen);
	statements_free(unseen);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_strip_keeps_what_is_signed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_what_is_refused, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_own_takes_effect_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_a_false_claim, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_digest_hangs_on_the_set, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_share_of_one_signer, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_most_stewards_for_one_that_left, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_not_while_it_belongs, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_same_for_one_who_learns_late, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_same_for_one_who_learns_of_a_thief, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_excused_where_a_thief_removed, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_not_excused_by_one_steward, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_not_excused_while_it_belongs, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_of_one_leaf_without_end, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_index_forgets, setup, teardown),
	    cmocka_unit_test_setup_teardown(test_index_as_if_never_seen, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
