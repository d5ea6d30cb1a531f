/* One event in several spaces: which records form a group, and how a group is judged; and places that merged. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "group.h"
#include "succession.h"
#include "town.h"

#define A "CN:lianyungang"
#define B "KR:mokpo"
#define C "CN:xiamen"

enum { TOWN_A, TOWN_B, TOWN_C };
#define SPACES 2u

#define SAYS(number, ...) ((struct saying){.town = (number), .opener = (number), .cities = {A, B}, __VA_ARGS__})

struct scene {
	struct county counties[SPACES]; /* the same towns; spaces told apart by how many accepted */
	struct group_space spaces[SPACES];
	struct statements *statements[SPACES];
	struct group_judgement judgement;
	uint64_t sequence;
};

static int scene_begin(void **state)
{
	static const char *const cities[] = {A, B, C};
	struct scene *scene = calloc(1, sizeof *scene);

	for (size_t s = 0; s < SPACES; s++) {
		/* Another number of first members is another founding act, so another space. */
		county_init(&scene->counties[s], cities, 3 - s, 0, 0);
		assert_int_equal(statements_new(&scene->counties[s].space, &scene->statements[s]), TWINLOG_OK);
		scene->spaces[s] = (struct group_space){scene->statements[s], scene->counties[s].acts};
	}
	group_judgement_init(&scene->judgement);
	*state = scene;
	return 0;
}

static int scene_end(void **state)
{
	struct scene *scene = *state;

	group_judgement_free(&scene->judgement);
	for (size_t s = 0; s < SPACES; s++) {
		statements_free(scene->statements[s]);
		county_free(&scene->counties[s]);
	}
	free(scene);
	return 0;
}

static struct hash say(struct scene *scene, size_t space, struct saying saying)
{
	struct bundle *bundle;
	struct hash leaf;

	scene->sequence++;
	bundle = county_bundle(&scene->counties[space], &saying, 1, 1000 * scene->sequence);
	leaf = bundle->leaves[0].hash;
	assert_int_equal(statements_apply(scene->statements[space], bundle, scene->sequence, true), TWINLOG_OK);
	bundle_free(bundle);
	return leaf;
}

static struct groups *groups_of(struct scene *scene)
{
	struct groups *groups;

	assert_int_equal(groups_new(scene->spaces, SPACES, &groups), TWINLOG_OK);
	return groups;
}

static const struct judgement *judge(struct scene *scene)
{
	struct groups *groups = groups_of(scene);
	size_t count;

	assert_int_equal(groups_count(groups), 1);
	const struct group_record *records = groups_at(groups, 0, &count);
	assert_int_equal(count, 2);
	assert_int_equal(
	    group_judge(scene->spaces, records, count, &scene->counties[0].towns[TOWN_A].identity, &scene->judgement),
	    TWINLOG_OK);
	groups_free(groups);
	return &scene->judgement.judged;
}

static void one_token_counts_once(void **state)
{
	struct scene *scene = *state;
	struct groups *groups;
	size_t counted = 0;

	say(scene, 0, SAYS(TOWN_A, .published = 7));
	say(scene, 1, SAYS(TOWN_A, .published = 7));
	say(scene, 1, SAYS(TOWN_A, .record = 1, .published = 8));
	say(scene, 1, SAYS(TOWN_A, .record = 2));
	groups = groups_of(scene);
	assert_int_equal(groups_count(groups), 1);
	for (uint32_t s = 0; s < SPACES; s++)
		for (uint32_t i = 0; i < statements_records(scene->statements[s]); i++)
			counted += groups_counts(groups, s, i);
	assert_int_equal(counted, 3);
	groups_free(groups);
}

static void one_space_groups_nothing(void **state)
{
	struct scene *scene = *state;
	struct groups *groups;
	size_t count;

	say(scene, 0, SAYS(TOWN_A, .published = 7));
	say(scene, 0, SAYS(TOWN_B, .record = 1, .published = 7)); /* a copied token */
	groups = groups_of(scene);
	assert_int_equal(groups_count(groups), 0);
	groups_free(groups);
	say(scene, 1, SAYS(TOWN_A, .published = 7));
	groups = groups_of(scene);
	assert_int_equal(groups_count(groups), 1);
	groups_at(groups, 0, &count);
	assert_int_equal(count, 2); /* one of each space */
	groups_free(groups);
}

static void the_first_record_does_not_hang_on_the_order_of_spaces(void **state)
{
	struct scene *scene = *state;
	struct group_space turned[SPACES] = {scene->spaces[1], scene->spaces[0]};
	struct groups *groups, *other;
	size_t count;

	say(scene, 0, SAYS(TOWN_A, .published = 7));
	say(scene, 1, SAYS(TOWN_A, .published = 7));
	groups = groups_of(scene);
	assert_int_equal(groups_new(turned, SPACES, &other), TWINLOG_OK);
	assert_int_equal(groups_at(groups, 0, &count)->space, 1 - groups_at(other, 0, &count)->space);
	groups_free(groups);
	groups_free(other);
}

static void sides_are_compared_as_in_one_record(void **state)
{
	struct scene *scene = *state;

	/* A name of its own first, so that the two spaces number names otherwise. */
	say(scene, 1, SAYS(TOWN_B, .record = 9, .form = "fair", .field = "economy"));
	say(scene, 0, SAYS(TOWN_A, .start = "2018", .published = 7));
	say(scene, 1, SAYS(TOWN_B, .start = "2018", .published = 7));
	assert_int_equal(judge(scene)->state, TWINLOG__RECORD_STATE__STATE_AGREED);
	assert_int_equal(scene->judgement.judged.sides_count, 2);
}

static void a_difference_is_seen_across_spaces(void **state)
{
	struct scene *scene = *state;

	say(scene, 1, SAYS(TOWN_B, .record = 9, .form = "fair", .field = "economy"));
	say(scene, 0, SAYS(TOWN_A, .start = "2018", .form = "exhibition", .published = 7));
	say(scene, 1, SAYS(TOWN_B, .start = "2018", .form = "fair", .published = 7));
	assert_int_equal(judge(scene)->state, TWINLOG__RECORD_STATE__STATE_DIFFERS);
	assert_int_equal(scene->judgement.judged.differing, FACT_FORM);
}

static void a_city_speaks_once_with_its_latest_word(void **state)
{
	struct scene *scene = *state;
	struct hash first = say(scene, 0, SAYS(TOWN_A, .start = "2017", .published = 7));

	say(scene, 1, SAYS(TOWN_A, .start = "2017", .published = 7));
	say(scene, 0, SAYS(TOWN_A, .start = "2018", .published = 7, .replaces = {first}, .replaces_count = 1));
	say(scene, 0, (struct saying){.town = TOWN_B, .cities = {A, B}, .start = "2018", .published = 7});
	assert_int_equal(judge(scene)->state, TWINLOG__RECORD_STATE__STATE_AGREED);
}

static void erased_is_no_longer_of_a_group(void **state)
{
	struct scene *scene = *state;
	struct groups *groups;
	struct hash leaf = say(scene, 0, SAYS(TOWN_A, .published = 7));

	say(scene, 1, SAYS(TOWN_A, .published = 7));
	statements_erase(scene->statements[0], &leaf);
	groups = groups_of(scene);
	assert_int_equal(groups_count(groups), 0);
	groups_free(groups);
}

static void assert_follows(struct scene *scene, const char *city, const char *first, const char *second)
{
	struct succession succession;

	assert_int_equal(succession_of(scene->spaces, SPACES, &scene->counties[0].towns[0].identity, city, &succession),
			 TWINLOG_OK);
	assert_int_equal(succession.count, 1 + (first != NULL) + (second != NULL));
	assert_string_equal(succession.cities[0], city);
	if (first)
		assert_string_equal(succession.cities[1], first);
	if (second)
		assert_string_equal(succession.cities[2], second);
}

#define CITY(number, ...) SAYS(number, .record = (number), .kind = TWINLOG__RECORD_KIND__RECORD_CITY, __VA_ARGS__)

static void what_merged_is_followed(void **state)
{
	struct scene *scene = *state;

	assert_follows(scene, B, NULL, NULL);
	say(scene, 0, CITY(TOWN_C, .succeeded_by = A)); /* each side may say it */
	assert_follows(scene, A, C, NULL);
	assert_follows(scene, C, NULL, NULL);
	say(scene, 1, CITY(TOWN_B, .succeeds = A));
	assert_follows(scene, B, A, C);
}

static void a_circle_ends(void **state)
{
	struct scene *scene = *state;

	say(scene, 0, CITY(TOWN_A, .succeeds = B));
	say(scene, 0, CITY(TOWN_B, .succeeds = A));
	assert_follows(scene, A, B, NULL);
	assert_follows(scene, B, A, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_token_counts_once),
	    TEST(one_space_groups_nothing),
	    TEST(the_first_record_does_not_hang_on_the_order_of_spaces),
	    TEST(sides_are_compared_as_in_one_record),
	    TEST(a_difference_is_seen_across_spaces),
	    TEST(a_city_speaks_once_with_its_latest_word),
	    TEST(erased_is_no_longer_of_a_group),
	    TEST(what_merged_is_followed),
	    TEST(a_circle_ends),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
