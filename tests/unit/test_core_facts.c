/* Names as numbers, the facts of a body, and what counts as a difference. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "facts.h"
#include "import_id.h"
#include "town.h"

static struct county county;

static int begin(void **state)
{
	static const char *const cities[] = {"CN:lianyungang", "KR:mokpo"};

	(void)state;
	county_init(&county, cities, 2, 0, 0);
	return 0;
}

static int end(void **state)
{
	(void)state;
	county_free(&county);
	return 0;
}

struct pair {
	struct names *names;
	_Alignas(struct facts) uint8_t a[FACTS_MAX];
	_Alignas(struct facts) uint8_t b[FACTS_MAX];
};

static void build(struct names *names, const struct saying *saying, uint8_t *room)
{
	struct bundle *bundle = county_bundle(&county, saying, 1, 1);
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	Twinlog__Body *body;

	assert_int_equal(CODEC_UNPACK(arena, bundle->leaves[0].body, bundle->leaves[0].body_size, &body, twinlog__body),
			 TWINLOG_OK);
	assert_int_equal(facts_build(names, &bundle->leaves[0], body, (struct facts *)(void *)room), TWINLOG_OK);
	arena_free(arena);
	bundle_free(bundle);
}

/* The differing fields, checked to be the same from both sides. */
static uint32_t compare(struct saying a, struct saying b, uint32_t *ret_pending)
{
	struct pair pair = {0};
	const struct facts *left = (const struct facts *)(const void *)pair.a;
	const struct facts *right = (const struct facts *)(const void *)pair.b;
	uint32_t differing, pending, other;

	assert_int_equal(names_new(&pair.names), TWINLOG_OK);
	build(pair.names, &a, pair.a);
	build(pair.names, &b, pair.b);
	differing = facts_compare(left, right, &pending);
	assert_int_equal(differing, facts_compare(right, left, &other));
	assert_int_equal(pending, other);
	assert_int_equal(facts_compare(left, left, NULL), 0);
	names_free(pair.names);
	if (ret_pending)
		*ret_pending = pending;
	return differing;
}

#define TIE       .cities = {"CN:lianyungang", "KR:mokpo"}
#define SAID(...) ((struct saying){TIE, __VA_ARGS__})

static void each_field_differs_by_itself(void **state)
{
	(void)state;
	assert_int_equal(compare(SAID(.start = "2018"), SAID(.start = "2018"), NULL), 0);
	assert_int_equal(compare(SAID(.start = "2018"), SAID(.start = "2019"), NULL), FACT_START);
	assert_int_equal(
	    compare(SAID(.start = "2018", .end = "2018-03"), SAID(.start = "2018", .end = "2018-04"), NULL), FACT_END);
	assert_int_equal(compare(SAID(.field = "culture"), SAID(.field = "sport"), NULL), FACT_FIELDS);
	assert_int_equal(compare(SAID(.form = "exhibition"), SAID(.form = "fair"), NULL), FACT_FORM);
	assert_int_equal(compare(SAID(.mode = "online"), SAID(.mode = "in_person"), NULL), FACT_MODE);
	assert_int_equal(compare(SAID(.direction = "mutual"), SAID(.direction = "none"), NULL), FACT_DIRECTION);
	assert_int_equal(compare(SAID(.participants = 3), SAID(.participants = 4), NULL), FACT_PARTICIPANTS);
	assert_int_equal(compare(SAID(.status = "cancelled"), SAID(.status = "planned"), NULL), FACT_STATUS);
	/* Said nothing: held. */
	assert_int_equal(compare(SAID(.status = "cancelled"), SAID(.start = "2018"), NULL), FACT_STATUS);
	assert_int_equal(
	    compare(SAID(.start = "2018"), (struct saying){.cities = {"CN:lianyungang", "KR:busan"}}, NULL),
	    FACT_CITIES);
	assert_int_equal(compare((struct saying){TIE, .kind = 2, .relation = "sister", .start = "1993-07-01"},
				 (struct saying){TIE, .kind = 2, .relation = "friendship", .start = "1992-11-01"},
				 NULL),
			 FACT_RELATION | FACT_START);
}

static void absent_is_not_different(void **state)
{
	(void)state;
	assert_int_equal(compare(SAID(.mode = "online"), SAID(.start = "2018"), NULL), 0);
	assert_int_equal(compare(SAID(.participants = 3), SAID(.start = "2018"), NULL), 0);
	assert_int_equal(compare(SAID(.start = "2018", .end = "2018-12"), SAID(.start = "2018"), NULL), 0);
	assert_int_equal(compare(SAID(.title = "A fair"), SAID(.title = "박람회"), NULL), 0);
}

static void lists_are_sets(void **state)
{
	(void)state;
	assert_int_equal(compare((struct saying){.cities = {"KR:mokpo", "CN:xiamen", "CN:lianyungang"}},
				 (struct saying){.cities = {"CN:lianyungang", "KR:mokpo", "CN:xiamen"}}, NULL),
			 0);
	/* An observer takes part too, so the order in which names were seen does not matter. */
	assert_int_equal(compare((struct saying){.cities = {"-CN:xiamen", "KR:mokpo", "CN:lianyungang"}},
				 (struct saying){.cities = {"CN:lianyungang", "KR:mokpo", "CN:xiamen"}}, NULL),
			 0);
}

static void planned_and_held(void **state)
{
	uint32_t pending;

	(void)state;
	assert_int_equal(compare(SAID(.status = "planned"), SAID(.status = "held"), &pending), 0);
	assert_int_equal(pending, FACT_STATUS);
	assert_int_equal(compare(SAID(.status = "planned"), SAID(.start = "2018"), &pending), 0);
	assert_int_equal(pending, FACT_STATUS);
	assert_int_equal(compare(SAID(.status = "planned"), SAID(.status = "planned"), &pending), 0);
	assert_int_equal(pending, 0);
}

static void dates_meet_at_the_coarser_precision(void **state)
{
	(void)state;
	assert_int_equal(compare(SAID(.start = "2018-11"), SAID(.start = "2018-11-15", .end = "2018-11-16"), NULL), 0);
	assert_int_equal(compare(SAID(.start = "2018-11-15"), SAID(.start = "2018-11-16"), NULL), FACT_START);
	assert_int_equal(compare(SAID(.start = "2017~"), SAID(.start = "2018-01-02"), NULL), 0);
}

static void intervals_in_days(void **state)
{
	struct names *names;
	_Alignas(struct facts) uint8_t room[FACTS_MAX];
	const struct facts *facts = (const struct facts *)(const void *)room;

	(void)state;
	assert_int_equal(names_new(&names), TWINLOG_OK);
	build(names, &SAID(.start = "2018-11-15"), room);
	assert_int_equal(facts_days(facts), 1);
	build(names, &SAID(.start = "2018-11-15", .end = "2018-11-17"), room);
	assert_int_equal(facts_days(facts), 3);
	build(names, &SAID(.start = "2018-11"), room);
	assert_int_equal(facts_days(facts), 30);
	build(names, &(struct saying){TIE, .kind = 2}, room);
	assert_int_equal(facts_days(facts), UINT32_MAX);
	names_free(names);
}

static void names_are_numbers(void **state)
{
	struct names *names;
	uint32_t number, again;
	char text[16];
	size_t size;

	(void)state;
	assert_int_equal(names_new(&names), TWINLOG_OK);
	assert_int_equal(names_add(names, "", 0, &number), TWINLOG_OK);
	assert_int_equal(number, NAME_NONE);
	for (int i = 0; i < 5000; i++) {
		int length = snprintf(text, sizeof text, "name %d", i);

		assert_int_equal(names_add(names, text, (size_t)length, &number), TWINLOG_OK);
		assert_int_equal(number, i + 1);
		assert_int_equal(names_add(names, text, (size_t)length, &again), TWINLOG_OK);
		assert_int_equal(again, number);
	}
	for (uint32_t i = 1; i < names_count(names); i++) {
		const char *found = names_text(names, i, &size);

		assert_int_equal(strlen(found), size);
		assert_int_equal(names_find(names, found, size), i);
	}
	assert_int_equal(names_find(names, "nobody", 6), NAME_NONE);
	assert_true(names_compare(names, 1, 2) < 0);  /* name 0, name 1 */
	assert_true(names_compare(names, 2, 11) < 0); /* name 1, name 10 */
	assert_int_equal(names_compare(names, 7, 7), 0);
	names_free(names);
}

static void import_ids_tell_rows_apart(void **state)
{
	uint8_t secret[SEAL_SEED_SIZE] = {1}, other[SEAL_SEED_SIZE] = {2};
	struct hash space = {{3}};
	struct handle ids[7];

	(void)state;
	import_record_id(secret, &space, 1, "sheet", 5, "row", 3, 0, &ids[0]);
	import_record_id(secret, &space, 1, "sheet", 5, "row", 3, 0, &ids[1]);
	assert_memory_equal(&ids[0], &ids[1], sizeof ids[0]);
	import_record_id(secret, &space, 1, "sheet", 5, "row", 3, 1, &ids[1]);
	import_record_id(secret, &space, 2, "sheet", 5, "row", 3, 0, &ids[2]);
	import_record_id(secret, &space, 1, "sheetr", 6, "ow", 2, 0, &ids[3]);
	import_record_id(other, &space, 1, "sheet", 5, "row", 3, 0, &ids[4]);
	import_record_id(secret, &space, 1, "shee", 4, "trow", 4, 0, &ids[5]);
	space.bytes[1] = 1;
	import_record_id(secret, &space, 1, "sheet", 5, "row", 3, 0, &ids[6]);
	for (size_t i = 0; i < 7; i++)
		for (size_t j = i + 1; j < 7; j++)
			assert_memory_not_equal(&ids[i], &ids[j], sizeof ids[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_field_differs_by_itself),
	    cmocka_unit_test(absent_is_not_different),
	    cmocka_unit_test(lists_are_sets),
	    cmocka_unit_test(planned_and_held),
	    cmocka_unit_test(dates_meet_at_the_coarser_precision),
	    cmocka_unit_test(intervals_in_days),
	    cmocka_unit_test(names_are_numbers),
	    cmocka_unit_test(import_ids_tell_rows_apart),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
