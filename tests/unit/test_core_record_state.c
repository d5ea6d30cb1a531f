/* Parties, standings, states, lead and what is waited for, one case of DOMAIN after the other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "record_state.h"
#include "town.h"

#define A "CN:lianyungang"
#define B "KR:mokpo"
#define C "CN:xiamen"
#define D "KR:@reader"
#define E "KR:busan"

enum { TOWN_A, TOWN_B, TOWN_C, TOWN_D, TOWN_E }; /* D reads, E was asked and has not answered */

#define SAYS(number, ...) ((struct saying){.town = (number), __VA_ARGS__})
#define TIE               .cities = {A, B}
#define CONFIRMS(leaf)    .operation = TWINLOG__OPERATION__OPERATION_CONFIRMATION, .answers = &(leaf)
#define DENIES(leaf)      .operation = TWINLOG__OPERATION__OPERATION_DENIAL, .answers = &(leaf)
#define WITHDRAWS         .operation = TWINLOG__OPERATION__OPERATION_WITHDRAWAL
#define REPLACES(leaf)    .replaces = {leaf}, .replaces_count = 1

struct scene {
	struct county county;
	struct statements *statements;
	struct judgement judgement;
	uint64_t sequence;
};

static int scene_begin(void **state)
{
	static const char *const cities[] = {A, B, C, E, D};
	struct scene *scene = calloc(1, sizeof *scene);

	county_init(&scene->county, cities, 5, 1, 1u << 3);
	assert_int_equal(statements_new(&scene->county.space, &scene->statements), TWINLOG_OK);
	judgement_init(&scene->judgement);
	*state = scene;
	return 0;
}

static int scene_end(void **state)
{
	struct scene *scene = *state;

	judgement_free(&scene->judgement);
	statements_free(scene->statements);
	county_free(&scene->county);
	free(scene);
	return 0;
}

/* TOWN_D and TOWN_E stand the other way round in the county, where readers come last. */
static struct hash say(struct scene *scene, struct saying saying)
{
	struct bundle *bundle;
	struct hash leaf;

	if (saying.town >= TOWN_D)
		saying.town = saying.town == TOWN_D ? 4 : 3;
	if (saying.opener >= TOWN_D)
		saying.opener = saying.opener == TOWN_D ? 4 : 3;
	scene->sequence++;
	bundle = county_bundle(&scene->county, &saying, 1, 1000 * scene->sequence);
	leaf = bundle->leaves[0].hash;
	assert_int_equal(statements_apply(scene->statements, bundle, scene->sequence, true), TWINLOG_OK);
	bundle_free(bundle);
	return leaf;
}

static const struct judgement *judge_as(struct scene *scene, size_t self)
{
	assert_int_equal(record_judge(scene->statements, scene->county.acts, &scene->county.towns[self].identity,
				      statements_record(scene->statements, 0), &scene->judgement),
			 TWINLOG_OK);
	return &scene->judgement;
}

static void assert_state(struct scene *scene, Twinlog__RecordState expected)
{
	assert_int_equal(judge_as(scene, TOWN_A)->state, expected);
}

static const struct side *side(struct scene *scene, const char *city_id)
{
	const struct judgement *judgement = judge_as(scene, TOWN_A);

	for (size_t i = 0; i < judgement->sides_count; i++)
		if (strcmp(judgement->sides[i].member->city_id, city_id) == 0)
			return &judgement->sides[i];
	return NULL;
}

static bool waits(struct scene *scene, size_t self)
{
	return judge_as(scene, self)->waiting;
}

static void assert_lead(struct scene *scene, struct hash leaf)
{
	const struct word *lead = judge_as(scene, TOWN_A)->lead;

	assert_non_null(lead);
	assert_true(hash_equal(&lead->leaf, &leaf));
}

#define ONE_SIDED TWINLOG__RECORD_STATE__STATE_ONE_SIDED
#define AGREED    TWINLOG__RECORD_STATE__STATE_AGREED
#define DIFFERS   TWINLOG__RECORD_STATE__STATE_DIFFERS
#define DENIED    TWINLOG__RECORD_STATE__STATE_DENIED
#define REPORTED  TWINLOG__RECORD_STATE__STATE_REPORTED
#define WITHDRAWN TWINLOG__RECORD_STATE__STATE_WITHDRAWN

static void one_side_then_both_agree(void **state)
{
	struct scene *scene = *state;
	const struct hash first = say(scene, SAYS(TOWN_A, TIE, .start = "2018-11"));

	assert_state(scene, ONE_SIDED);
	assert_true(waits(scene, TOWN_B));
	assert_false(waits(scene, TOWN_A));
	assert_int_equal(side(scene, B)->standing, TWINLOG__STANDING__WORD_NONE);
	say(scene, SAYS(TOWN_B, CONFIRMS(first)));
	assert_state(scene, AGREED);
	assert_int_equal(side(scene, B)->standing, TWINLOG__STANDING__WORD_CONFIRMS);
	assert_false(waits(scene, TOWN_B));
	assert_lead(scene, first);
}

static void own_values_match_or_differ(void **state)
{
	struct scene *scene = *state;
	const struct hash first = say(scene, SAYS(TOWN_A, TIE, .start = "1993-07-01"));
	const struct hash second = say(scene, SAYS(TOWN_B, TIE, .start = "1992-11-01", .answers = &first));

	assert_state(scene, DIFFERS);
	assert_int_equal(scene->judgement.differing, FACT_START);
	assert_true(waits(scene, TOWN_A)); /* B spoke after A */
	assert_false(waits(scene, TOWN_B));
	assert_lead(scene, first);
	/* A sees reason: the tie's shortest interval leads now. */
	const struct hash third = say(scene, SAYS(TOWN_A, TIE, .start = "1992", REPLACES(first), .answers = &second));
	assert_state(scene, AGREED);
	assert_lead(scene, second);
	assert_false(waits(scene, TOWN_A));
	say(scene, SAYS(TOWN_B, TIE, .start = "1991", REPLACES(second), .answers = &third));
	assert_state(scene, DIFFERS);
	assert_true(waits(scene, TOWN_A));
}

static void an_answer_that_insists_waits_no_more(void **state)
{
	struct scene *scene = *state;
	const struct hash first = say(scene, SAYS(TOWN_A, TIE, .start = "1993"));
	const struct hash second = say(scene, SAYS(TOWN_B, TIE, .start = "1992", .answers = &first));
	struct saying insists = SAYS(TOWN_A, TIE, .start = "1993", REPLACES(first), .answers = &second);

	assert_true(waits(scene, TOWN_A));
	say(scene, insists);
	assert_state(scene, DIFFERS);
	assert_false(waits(scene, TOWN_A));
	assert_true(waits(scene, TOWN_B));
}

static void planned_against_held_is_pending(void **state)
{
	struct scene *scene = *state;

	say(scene, SAYS(TOWN_A, TIE, .start = "2018", .status = "planned"));
	say(scene, SAYS(TOWN_B, TIE, .start = "2018"));
	assert_state(scene, AGREED);
	assert_int_equal(scene->judgement.pending, FACT_STATUS);
	assert_int_equal(scene->judgement.differing, 0);
}

static void a_denial_stands_before_a_difference(void **state)
{
	struct scene *scene = *state;
	const struct hash first = say(scene, SAYS(TOWN_A, .cities = {A, B, C}, .start = "2018"));

	say(scene, SAYS(TOWN_B, .cities = {A, B, C}, .start = "2011"));
	say(scene, SAYS(TOWN_C, DENIES(first)));
	assert_state(scene, DENIED);
	assert_int_equal(side(scene, C)->standing, TWINLOG__STANDING__WORD_DENIES);
	assert_false(waits(scene, TOWN_C));
	/* What it denied was changed: it is asked again. */
	say(scene, SAYS(TOWN_A, .cities = {A, B, C}, .start = "2011", REPLACES(first)));
	assert_true(waits(scene, TOWN_C));
}

static void withdrawn_when_all_who_spoke_withdrew(void **state)
{
	struct scene *scene = *state;
	const struct hash first = say(scene, SAYS(TOWN_A, TIE, .start = "2018"));
	const struct hash answer = say(scene, SAYS(TOWN_B, CONFIRMS(first)));
	const struct hash gone = say(scene, SAYS(TOWN_A, WITHDRAWS, REPLACES(first)));

	/* The parties are still those that the last statement named. */
	assert_state(scene, ONE_SIDED);
	assert_true(side(scene, A)->party);
	assert_true(side(scene, B)->outdated);
	assert_true(waits(scene, TOWN_B));
	say(scene, SAYS(TOWN_B, WITHDRAWS, REPLACES(answer)));
	assert_state(scene, WITHDRAWN);
	assert_false(waits(scene, TOWN_B));
	assert_null(scene->judgement.lead);
	say(scene, SAYS(TOWN_A, TIE, .start = "2018", REPLACES(gone)));
	assert_state(scene, ONE_SIDED);
}

static void outdated_confirmation(void **state)
{
	struct scene *scene = *state;
	const struct hash first = say(scene, SAYS(TOWN_A, TIE, .start = "2018-11"));
	const struct hash answer = say(scene, SAYS(TOWN_B, CONFIRMS(first)));
	const struct hash second = say(scene, SAYS(TOWN_A, TIE, .start = "2019", REPLACES(first)));

	/* It still means the version it names. */
	assert_state(scene, DIFFERS);
	assert_true(side(scene, B)->outdated);
	assert_true(waits(scene, TOWN_B));
	say(scene, SAYS(TOWN_B, CONFIRMS(second), REPLACES(answer)));
	assert_state(scene, AGREED);
	assert_false(side(scene, B)->outdated);
	assert_false(waits(scene, TOWN_B));
}

static void two_that_confirm_each_other_agree(void **state)
{
	struct scene *scene = *state;
	const struct hash ours = say(scene, SAYS(TOWN_A, TIE, .start = "1993"));
	const struct hash theirs = say(scene, SAYS(TOWN_B, TIE, .start = "1992"));

	assert_state(scene, DIFFERS);
	say(scene, SAYS(TOWN_A, CONFIRMS(theirs), REPLACES(ours)));
	say(scene, SAYS(TOWN_B, CONFIRMS(ours), REPLACES(theirs)));
	assert_state(scene, AGREED);
	assert_int_equal(scene->judgement.differing, 0);
	assert_false(side(scene, A)->outdated);
	assert_false(side(scene, B)->outdated);
	assert_false(waits(scene, TOWN_A));
	assert_false(waits(scene, TOWN_B));
}

static void a_confirmation_of_what_is_not_here(void **state)
{
	struct scene *scene = *state;
	struct hash nowhere = {{7}};

	say(scene, SAYS(TOWN_A, TIE, .start = "2018"));
	say(scene, SAYS(TOWN_B, CONFIRMS(nowhere)));
	assert_int_equal(side(scene, B)->standing, TWINLOG__STANDING__WORD_CONFIRMS);
	assert_null(side(scene, B)->facts);
	assert_state(scene, ONE_SIDED);
}

static void reports_are_nobodys_word(void **state)
{
	struct scene *scene = *state;
	const struct hash report = say(scene, SAYS(TOWN_C, TIE, .opener = TOWN_C, .start = "2001"));

	/* C speaks of A and B: neither has spoken, both are asked. */
	assert_state(scene, REPORTED);
	assert_int_equal(side(scene, C)->standing, TWINLOG__STANDING__WORD_REPORTS);
	assert_false(side(scene, C)->party);
	assert_lead(scene, report);
	assert_true(waits(scene, TOWN_A));
	assert_false(waits(scene, TOWN_C));
	/* A party that only reports has not spoken either, though its values come to the fore. */
	const struct hash passed_on = say(scene, SAYS(TOWN_A, TIE, .opener = TOWN_C, .start = "2002", .report = true));
	assert_state(scene, REPORTED);
	assert_int_equal(side(scene, A)->standing, TWINLOG__STANDING__WORD_REPORTS);
	assert_lead(scene, report); /* the opener's */
	assert_true(waits(scene, TOWN_A));
	const struct hash word = say(scene, SAYS(TOWN_A, TIE, .opener = TOWN_C, .start = "2003", REPLACES(passed_on)));
	assert_state(scene, ONE_SIDED);
	assert_lead(scene, word);
}

static void who_only_reported_first_is_not_asked_by_itself(void **state)
{
	struct scene *scene = *state;

	say(scene, SAYS(TOWN_A, TIE, .start = "2001", .report = true));
	assert_state(scene, REPORTED);
	assert_false(waits(scene, TOWN_A));
	assert_true(waits(scene, TOWN_B));
	say(scene, SAYS(TOWN_B, TIE, .start = "2001"));
	assert_true(waits(scene, TOWN_A));
}

static void observers_readers_and_the_invited_are_no_parties(void **state)
{
	struct scene *scene = *state;
	static const char observer[] = "-" B;
	uint32_t elsewhere[8];
	size_t size;

	say(scene, SAYS(TOWN_A, .cities = {A, observer, C, D, E}, .start = "2018"));
	assert_true(side(scene, A)->party);
	assert_true(side(scene, C)->party);
	assert_null(side(scene, B));
	assert_null(side(scene, D));
	assert_null(side(scene, E));
	assert_int_equal(record_elsewhere(scene->statements, scene->county.acts, &scene->judgement, elsewhere, 8), 1);
	assert_string_equal(names_text(statements_names(scene->statements), elsewhere[0], &size), E);
	assert_false(waits(scene, TOWN_B));
}

static void a_party_that_answered_stays_one(void **state)
{
	struct scene *scene = *state;
	const struct hash first = say(scene, SAYS(TOWN_A, .cities = {A, B, C}, .start = "2018"));

	say(scene, SAYS(TOWN_B, CONFIRMS(first)));
	say(scene, SAYS(TOWN_A, .cities = {A, "CN:elsewhere"}, .start = "2018", REPLACES(first)));
	assert_true(side(scene, B)->party); /* answered the earlier version that named it */
	assert_null(side(scene, C));        /* did not */
	assert_state(scene, DIFFERS);
	assert_int_equal(scene->judgement.differing, FACT_CITIES);
}

static void alone_in_the_space_is_one_sided(void **state)
{
	struct scene *scene = *state;

	say(scene, SAYS(TOWN_A, .cities = {A, "CN:elsewhere"}, .start = "2018"));
	assert_state(scene, ONE_SIDED);
}

static void void_bodies_say_nothing_and_stay_current(void **state)
{
	struct scene *scene = *state;
	const struct hash first = say(scene, SAYS(TOWN_A, TIE, .start = "2018"));
	const struct hash answer = say(scene, SAYS(TOWN_B, TIE, .start = "2018"));

	assert_state(scene, AGREED);
	say(scene, SAYS(TOWN_B, TIE, .broken = true, REPLACES(answer)));
	assert_int_equal(side(scene, B)->word->void_rule, BODY_DATE);
	assert_int_equal(side(scene, B)->standing, TWINLOG__STANDING__WORD_NONE);
	assert_state(scene, ONE_SIDED); /* no older one returns */
	assert_lead(scene, first);
	assert_true(waits(scene, TOWN_B));
}

static void internal_conflicts(void **state)
{
	struct scene *scene = *state;
	const struct hash first = say(scene, SAYS(TOWN_A, TIE, .start = "2018", .token = "one", .salt = 1));

	/* The same body from a second machine is no conflict. */
	say(scene, SAYS(TOWN_A, TIE, .start = "2018", .token = "one", .salt = 2));
	assert_false(side(scene, A)->conflict);
	const struct hash other = say(scene, SAYS(TOWN_A, TIE, .start = "2019", .token = "two", .salt = 3));
	assert_true(side(scene, A)->conflict);
	assert_true(hash_equal(&side(scene, A)->word->leaf, &other)); /* same version, greater clock */
	say(scene, SAYS(TOWN_A, TIE, .start = "2017", .version = 9, .replaces = {first}, .replaces_count = 1));
	assert_true(side(scene, A)->conflict);
	assert_int_equal(side(scene, A)->word->version, 9);
}

static void a_city_record_is_that_citys(void **state)
{
	struct scene *scene = *state;
	const struct hash reported =
	    say(scene, SAYS(TOWN_A, .kind = TWINLOG__RECORD_KIND__RECORD_CITY, .record = TOWN_B));

	assert_state(scene, REPORTED);
	assert_lead(scene, reported);
	assert_true(side(scene, B)->party);
	assert_false(side(scene, A)->party);
	assert_true(waits(scene, TOWN_B));
	const struct hash own =
	    say(scene, SAYS(TOWN_B, .kind = TWINLOG__RECORD_KIND__RECORD_CITY, .record = TOWN_B, .field = "KR-46"));
	assert_int_equal(statements_records(scene->statements), 1);
	assert_state(scene, ONE_SIDED);
	assert_lead(scene, own);
	assert_true(side(scene, B)->opener);
}

static void summaries_are_kept_and_renewed(void **state)
{
	struct scene *scene = *state;
	struct record_summary summary;
	const struct hash *self = &scene->county.towns[TOWN_B].identity;
	const struct hash first = say(scene, SAYS(TOWN_A, TIE, .start = "2018"));
	uint32_t record = 7;

	assert_true(statements_take_changed(scene->statements, &record));
	assert_int_equal(record, 0);
	assert_false(statements_take_changed(scene->statements, &record));
	for (int i = 0; i < 2; i++) {
		assert_int_equal(record_summarize(scene->statements, scene->county.acts, self, 0, &summary),
				 TWINLOG_OK);
		assert_int_equal(summary.state, ONE_SIDED);
		assert_true(summary.waiting);
		assert_int_equal(summary.facts->start.precision, EDTF_YEAR);
	}
	assert_int_not_equal(statements_summary(scene->statements, 0), 0);
	say(scene, SAYS(TOWN_B, CONFIRMS(first)));
	assert_true(statements_has_changed(scene->statements));
	assert_int_equal(record_summarize(scene->statements, scene->county.acts, self, 0, &summary), TWINLOG_OK);
	assert_int_equal(summary.state, AGREED);
	assert_false(summary.waiting);
	statements_members_changed(scene->statements);
	assert_int_equal(statements_summary(scene->statements, 0), 0);
	statements_recount(scene->statements, 1, false);
	statements_settle(scene->statements);
	statements_recount(scene->statements, 2, false);
	statements_settle(scene->statements);
	assert_int_equal(record_summarize(scene->statements, scene->county.acts, self, 0, &summary), TWINLOG_OK);
	assert_int_equal(summary.state, TWINLOG__RECORD_STATE__STATE_NONE);
	assert_int_equal(statements_shown(scene->statements), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scene_begin, scene_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(one_side_then_both_agree),
	    TEST(own_values_match_or_differ),
	    TEST(an_answer_that_insists_waits_no_more),
	    TEST(planned_against_held_is_pending),
	    TEST(a_denial_stands_before_a_difference),
	    TEST(withdrawn_when_all_who_spoke_withdrew),
	    TEST(outdated_confirmation),
	    TEST(two_that_confirm_each_other_agree),
	    TEST(a_confirmation_of_what_is_not_here),
	    TEST(reports_are_nobodys_word),
	    TEST(who_only_reported_first_is_not_asked_by_itself),
	    TEST(observers_readers_and_the_invited_are_no_parties),
	    TEST(a_party_that_answered_stays_one),
	    TEST(alone_in_the_space_is_one_sided),
	    TEST(void_bodies_say_nothing_and_stay_current),
	    TEST(internal_conflicts),
	    TEST(a_city_record_is_that_citys),
	    TEST(summaries_are_kept_and_renewed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
