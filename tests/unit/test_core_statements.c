/* Which words are current: versions, names replaced before they come, leaves in two bundles, late cut-offs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "statements.h"
#include "town.h"

static const char *const cities[] = {"CN:lianyungang", "KR:mokpo"};

struct scene {
	struct county county;
	struct statements *statements;
	uint64_t sequence;
};

static int scene_begin(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);

	county_init(&scene->county, cities, 2, 0, 0);
	assert_int_equal(statements_new(&scene->county.space, &scene->statements), TWINLOG_OK);
	*state = scene;
	return 0;
}

static int scene_end(void **state)
{
	struct scene *scene = *state;

	statements_free(scene->statements);
	county_free(&scene->county);
	free(scene);
	return 0;
}

static struct saying tie(unsigned town)
{
	return (struct saying){.town = town, .cities = {cities[0], cities[1]}};
}

static struct saying after(unsigned town, struct hash replaced)
{
	struct saying saying = tie(town);

	saying.replaces[0] = replaced;
	saying.replaces_count = 1;
	return saying;
}

static struct bundle *make(struct scene *scene, struct saying saying, uint64_t clock_ms)
{
	return county_bundle(&scene->county, &saying, 1, clock_ms);
}

/* Frees the bundle. */
static struct hash take(struct scene *scene, struct bundle *bundle, bool counts)
{
	struct hash leaf = bundle->leaves[0].hash;

	assert_int_equal(statements_apply(scene->statements, bundle, ++scene->sequence, counts), TWINLOG_OK);
	bundle_free(bundle);
	return leaf;
}

/* The leaf that stands for the town, checking how many are current; zero for none. */
static struct hash current(struct scene *scene, unsigned town, bool link, size_t count)
{
	const struct word *words[4] = {NULL};
	const struct record *record = statements_record(scene->statements, 0);

	assert_int_equal(
	    statements_current(scene->statements, record, &scene->county.towns[town].identity, link, words, 4), count);
	return count ? words[0]->leaf : (struct hash){{0}};
}

static void assert_current(struct scene *scene, unsigned town, struct hash leaf)
{
	struct hash found = current(scene, town, false, 1);

	assert_memory_equal(found.bytes, leaf.bytes, HASH_SIZE);
}

static void newer_versions_replace_older(void **state)
{
	struct scene *scene = *state;
	struct hash first = take(scene, make(scene, tie(0), 10), true);
	struct hash second = take(scene, make(scene, after(0, first), 20), true);
	const struct record *record = statements_record(scene->statements, 0);
	const struct word *word = statements_leaf(scene->statements, record, &second);

	assert_current(scene, 0, second);
	current(scene, 1, false, 0);
	assert_int_equal(statements_records(scene->statements), 1);
	assert_int_equal(statements_leaves(scene->statements), 2);
	assert_int_equal(word->version, 2);
	assert_int_equal(word->replaces, 1);
	assert_memory_equal(statements_replaces(scene->statements, word, 0)->bytes, first.bytes, HASH_SIZE);
	assert_false(word_is_current(statements_leaf(scene->statements, record, &first)));
	assert_null(statements_answers(scene->statements, word));
	assert_int_equal(record->changed_ms, 20);
	assert_int_equal(record->changed, 2);
}

static void what_is_replaced_may_come_later(void **state)
{
	struct scene *scene = *state;
	struct bundle *first = make(scene, tie(0), 10);
	struct bundle *second = make(scene, after(0, first->leaves[0].hash), 20);
	struct hash newest = take(scene, second, true);
	struct hash oldest = take(scene, first, true);

	assert_current(scene, 0, newest);
	assert_non_null(statements_leaf(scene->statements, statements_record(scene->statements, 0), &oldest));
	/* And it returns when what replaced it no longer counts. */
	statements_recount(scene->statements, 1, false);
	statements_settle(scene->statements);
	assert_current(scene, 0, oldest);
	statements_recount(scene->statements, 1, true);
	statements_settle(scene->statements);
	assert_current(scene, 0, newest);
}

static void nobody_replaces_anothers_word(void **state)
{
	struct scene *scene = *state;
	struct hash ours = take(scene, make(scene, tie(0), 10), true);
	struct saying theirs = after(1, ours);

	theirs.opener = 0;
	take(scene, make(scene, theirs, 20), true);
	assert_current(scene, 0, ours);
	/* Nor a word of its own on another record. */
	struct saying elsewhere = after(0, ours);
	elsewhere.record = 9;
	take(scene, make(scene, elsewhere, 30), true);
	assert_current(scene, 0, ours);
	assert_int_equal(statements_records(scene->statements), 2);
}

static void what_does_not_count_changes_nothing(void **state)
{
	struct scene *scene = *state;
	struct hash first = take(scene, make(scene, tie(0), 10), true);
	struct hash second = take(scene, make(scene, after(0, first), 20), false);
	const struct record *record = statements_record(scene->statements, 0);

	assert_current(scene, 0, first);
	assert_int_equal(record->changed_ms, 10);
	assert_int_equal(record->changed, 1);
	assert_false(statements_leaf(scene->statements, record, &second)->counts);
	statements_recount(scene->statements, 2, true);
	statements_settle(scene->statements);
	assert_current(scene, 0, second);
	assert_int_equal(record->changed_ms, 20);
	statements_recount(scene->statements, 1, false);
	statements_settle(scene->statements);
	statements_recount(scene->statements, 2, false);
	statements_settle(scene->statements);
	assert_false(record->shown);
	assert_int_equal(record->changed_ms, 0);
	statements_recount(scene->statements, 77, true); /* of an act, or unknown */
	statements_settle(scene->statements);
	assert_false(record->shown);
}

static void one_leaf_in_two_bundles_is_one(void **state)
{
	struct scene *scene = *state;
	struct saying saying = tie(0);
	const struct word *word;

	saying.salt = 5;
	struct hash leaf = take(scene, make(scene, saying, 10), true);
	struct hash again = take(scene, make(scene, saying, 30), true);
	take(scene, make(scene, saying, 20), false);
	word = statements_leaf(scene->statements, statements_record(scene->statements, 0), &leaf);
	assert_memory_equal(leaf.bytes, again.bytes, HASH_SIZE);
	assert_int_equal(statements_leaves(scene->statements), 1);
	assert_int_equal(word->clock_ms, 30);
	assert_int_equal(word->bundle, 2);
	statements_recount(scene->statements, 2, false);
	statements_settle(scene->statements);
	assert_true(word->counts);
	assert_int_equal(word->clock_ms, 10);
	statements_recount(scene->statements, 1, false);
	statements_settle(scene->statements);
	assert_false(word->counts);
	statements_recount(scene->statements, 3, true);
	statements_settle(scene->statements);
	assert_true(word->counts);
	assert_int_equal(word->clock_ms, 20);
	assert_int_equal(statements_record(scene->statements, 0)->changed_ms, 20);
}

/* ---- One who says without end ---- */

#define MANY 20000u

enum { RECORDS_APART, ONE_RECORD, ONE_LEAF, FLOODS };

/* As many words, each with a smaller clock, or one leaf in as many bundles, each with a greater; then all are cut off.
 */
static double flood(struct scene *scene, int what)
{
	struct bundle *bundle = make(scene, tie(0), 10);
	struct leaf *leaf = &bundle->leaves[0];
	struct statements *statements;

	assert_int_equal(statements_new(&scene->county.space, &statements), TWINLOG_OK);
	const double since = cpu_seconds();
	for (uint32_t i = 0; i < MANY; i++) {
		if (what != ONE_LEAF)
			memcpy(leaf->hash.bytes, &i, sizeof i);
		if (what == RECORDS_APART)
			memcpy(leaf->record.bytes, &i, sizeof i);
		bundle->clock_ms = what == ONE_LEAF ? i + 1 : MANY - i;
		assert_int_equal(statements_apply(statements, bundle, i + 1, true), TWINLOG_OK);
	}
	for (uint32_t i = 0; i < MANY; i++)
		statements_recount(statements, i + 1, false);
	statements_settle(statements);
	const double took = cpu_seconds() - since;
	assert_int_equal(statements_records(statements), what == RECORDS_APART ? MANY : 1);
	assert_false(statements_record(statements, 0)->shown);
	statements_free(statements);
	bundle_free(bundle);
	return took;
}

static void many_words_on_one_record(void **state)
{
	const double apart = flood(*state, RECORDS_APART);

	for (int what = ONE_RECORD; what < FLOODS; what++) {
		const double took = flood(*state, what);

		print_message("%u words apart %.3f s, %s %.3f s\n", MANY, apart,
			      what == ONE_LEAF ? "one leaf again and again" : "on one record", took);
		assert_true(took < 5 * apart);
	}
}

static void links_have_a_lane_of_their_own(void **state)
{
	struct scene *scene = *state;
	struct hash first = take(scene, make(scene, tie(0), 10), true);
	struct saying link = {.operation = TWINLOG__OPERATION__OPERATION_LINK};
	struct saying newer = {.operation = 77};
	struct hash linked = take(scene, make(scene, link, 20), true);

	take(scene, make(scene, newer, 30), true);
	assert_current(scene, 0, first);
	struct hash found = current(scene, 0, true, 1);
	assert_memory_equal(found.bytes, linked.bytes, HASH_SIZE);
	assert_int_equal(statements_leaves(scene->statements), 3);
}

static void the_best_of_several_comes_first(void **state)
{
	struct scene *scene = *state;
	struct saying high = tie(0);
	struct hash expected;

	take(scene, make(scene, tie(0), 50), true);
	high.version = 3;
	expected = take(scene, make(scene, high, 10), true);
	take(scene, make(scene, tie(0), 40), true);
	struct hash found = current(scene, 0, false, 3);
	assert_memory_equal(found.bytes, expected.bytes, HASH_SIZE);
}

static void void_and_sound_bodies(void **state)
{
	struct scene *scene = *state;
	struct saying broken = tie(0);
	const struct record *record;
	const struct facts *facts;

	broken.broken = true;
	struct hash leaf = take(scene, make(scene, broken, 10), true);
	record = statements_record(scene->statements, 0);
	facts = statements_facts(scene->statements, statements_leaf(scene->statements, record, &leaf));
	assert_int_equal(statements_leaf(scene->statements, record, &leaf)->void_rule, BODY_DATE);
	assert_false(facts->values);
	assert_int_equal(facts->named_count, 2);
	struct saying sound = after(0, leaf);
	sound.start = "2018-11-15";
	leaf = take(scene, make(scene, sound, 20), true);
	facts = statements_facts(scene->statements, statements_leaf(scene->statements, record, &leaf));
	assert_true(facts->values);
	assert_int_equal(facts->start.first, edtf_days(2018, 11, 15));
}

static void records_are_found_by_handle(void **state)
{
	struct scene *scene = *state;
	struct saying saying = tie(1);
	struct handle nobody = {{1, 2, 3}};
	size_t size;

	for (unsigned i = 0; i < 300; i++) {
		saying.record = (uint8_t)i;
		saying.opener = i >= 256;
		take(scene, make(scene, saying, 10 + i), true);
	}
	saying.record = 7;
	saying.opener = 0;
	struct handle handle = saying_handle(&scene->county, &saying);
	const struct record *record = statements_find(scene->statements, &handle);
	assert_non_null(record);
	assert_memory_equal(record->handle.bytes, handle.bytes, HANDLE_SIZE);
	assert_true(hash_equal(statements_opener(scene->statements, record), &scene->county.towns[0].identity));
	const uint8_t *id = statements_name(scene->statements, record, &size);
	assert_int_equal(size, HANDLE_SIZE);
	assert_int_equal(id[0], 7);
	assert_null(statements_find(scene->statements, &nobody));
	assert_int_equal(statements_records(scene->statements), 300);
}

static void city_records_go_by_their_id(void **state)
{
	struct scene *scene = *state;
	struct saying saying = {.kind = TWINLOG__RECORD_KIND__RECORD_CITY, .record = 1};
	size_t size;

	take(scene, make(scene, saying, 10), true);
	const struct record *record = statements_record(scene->statements, 0);
	assert_true(hash_is_zero(statements_opener(scene->statements, record)));
	assert_string_equal(statements_name(scene->statements, record, &size), cities[1]);
	struct handle handle = saying_handle(&scene->county, &saying);
	assert_ptr_equal(statements_find(scene->statements, &handle), record);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(newer_versions_replace_older),   TEST(what_is_replaced_may_come_later),
	    TEST(nobody_replaces_anothers_word),  TEST(what_does_not_count_changes_nothing),
	    TEST(one_leaf_in_two_bundles_is_one), TEST(many_words_on_one_record),
	    TEST(links_have_a_lane_of_their_own), TEST(the_best_of_several_comes_first),
	    TEST(void_and_sound_bodies),          TEST(records_are_found_by_handle),
	    TEST(city_records_go_by_their_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
