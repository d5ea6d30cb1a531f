/* Law of long answers: a report, or what is proposed as one event, answers what it would have answered at once in the
 * state that it names, though the node goes on while it is reckoned; and counting records that are alike together, as a
 * report does, answers what looking at each of them would have. In two spaces, with copies between them: a city
 * records, amends, answers, links and erases, its partner too, and members are told apart by acts, at any place where
 * the report stops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "measure.h"
#include "turns_story.h"

/* A sanitizer's allocator takes ten times as long for each answer. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STORIES 2u
#else
#define STORIES 6u
#endif
#define ANSWERS 24u
#define WORDS   80u /* said before the first report */

/* ---- What is asked ---- */

static const char *const measure_names[] = {
#define MEASURE_TEXT(NAME, text, unit) #text,
    MEASURES(MEASURE_TEXT)
#undef MEASURE_TEXT
};
static const char *const dimension_names[] = {
#define DIMENSION_TEXT(NAME, text) #text,
    DIMENSIONS(DIMENSION_TEXT)
#undef DIMENSION_TEXT
};

static void ask_report(struct story *story)
{
	const uint32_t measure = draw(MEASURE_COUNT);

	twinlog__report__init(&story->asked);
	story->request.body_case = TWINLOG__REQUEST__BODY_REPORT;
	story->request.report = &story->asked;
	/* Some of the dates lie behind it. */
	if (draw(2) == 0)
		story->asked.as_of = codec_string(draw(2) ? "2012-06-30" : "2018-11-14");
	story->asked.measure = codec_string(measure_names[measure]);
	story->asked.by = story->lists;
	for (unsigned tries = 0; tries < 4 && story->asked.n_by < 2; tries++) {
		const uint32_t dimension = draw(DIMENSION_COUNT);

		if (dimension_fits((enum dimension)dimension, (enum measure)measure) &&
		    dimension != DIMENSION_CURRENCY && dimension != DIMENSION_DIRECTION &&
		    (story->asked.n_by == 0 || !codec_equal(story->lists[0], dimension_names[dimension])))
			story->lists[story->asked.n_by++] = codec_string(dimension_names[dimension]);
	}
	story->asked.follow = draw(3) == 0;
	story->asked.filter = &story->filter;
	story->filter.follow = story->asked.follow;
}

static void ask_match(struct story *story)
{
	twinlog__match__init(&story->match);
	story->request.body_case = TWINLOG__REQUEST__BODY_MATCH;
	story->request.match = &story->match;
	story->match.filter = &story->filter;
	story->match.own = draw(3) == 0;
	story->match.limit = draw(2) ? 3 : 0;
}

static void ask(struct story *story)
{
	twinlog__request__init(&story->request);
	twinlog__filter__init(&story->filter);
	memset(story->lists, 0, sizeof story->lists);
	if (draw(3) > 0)
		ask_report(story);
	else
		ask_match(story);
	if (draw(4) == 0) {
		story->lists[2] = PICK(fields);
		story->filter.fields = &story->lists[2];
		story->filter.n_fields = 1;
	}
	if (draw(4) == 0) {
		story->lists[3] = PICK(subdivisions);
		story->filter.subdivisions = &story->lists[3];
		story->filter.n_subdivisions = 1;
	}
	if (draw(5) == 0)
		story->filter.from = codec_string("2010");
	if (draw(5) == 0) {
		story->lists[5] = codec_string("held");
		story->lists[6] = codec_string("planned");
		story->filter.statuses = &story->lists[5];
		story->filter.n_statuses = 1 + draw(2);
	}
	if (draw(5) == 0) {
		story->lists[4] = codec_string(cities[draw(2)]);
		story->filter.stated_by = &story->lists[4];
		story->filter.n_stated_by = 1;
	}
}

/* ---- Answers ---- */

static enum twinlog_error enter(void *context)
{
	struct story *story = context;

	return store_read_begin(story->store, &story->read);
}

static void end_slice(struct story *story)
{
	store_read_end(story->read);
	story->read = NULL;
}

static uint64_t commit_named(const Twinlog__Reply *reply)
{
	return reply->body_case == TWINLOG__REPLY__BODY_REPORTED ? reply->reported->commit : reply->matched->commit;
}

static struct answer reckon(struct story *story, const struct query_turns *turns, bool each)
{
	const struct query_extra extra = {
	    .now_ms = UINT64_C(1700000000000), .view = story->view, .turns = turns, .each = each};
	struct arena *arena = arena_new(TWINLOG_ANSWER_MAX);
	Twinlog__Reply reply;
	struct answer answer = {0};

	assert_non_null(arena);
	assert_int_equal(enter(story), TWINLOG_OK);
	assert_int_equal(query_answer(story->duo.cities[0].node, &story->read, &extra, &story->request, arena, &reply),
			 TWINLOG_OK);
	answer.commit = reply.commit;
	assert_int_equal(reply.commit, commit_named(&reply));
	assert_int_equal(codec_pack(&reply.base, &answer.bytes, &answer.size), TWINLOG_OK);
	end_slice(story);
	arena_free(arena);
	return answer;
}

static void state_noted(struct story *story)
{
	struct answer each = reckon(story, NULL, true), alike = reckon(story, NULL, false);

	assert_true(story->states_count < STATES_MAX);
	story->states[story->states_count++] = each;
	if (each.size != alike.size || memcmp(each.bytes, alike.bytes, each.size) != 0)
		fail_msg("%.*s by %.*s, %.*s: not as when each record is looked at", (int)story->asked.measure.len,
			 (const char *)story->asked.measure.data, (int)story->lists[0].len,
			 (const char *)story->lists[0].data, (int)story->lists[1].len,
			 (const char *)story->lists[1].data);
	free(alike.bytes);
}

static bool due(void *context)
{
	(void)context;
	return draw(3) > 0;
}

/* The node goes on here. */
static void leave(void *context)
{
	struct story *story = context;

	story->stops++;
	end_slice(story);
	for (uint32_t left = draw(3) == 0 ? 1 + draw(3) : 0; left > 0 && story->states_count < STATES_MAX; left--) {
		say_something(story);
		state_noted(story);
	}
}

static bool is_of_one_state(const struct story *story, const struct answer *answer)
{
	for (size_t i = 0; i < story->states_count; i++)
		if (story->states[i].commit == answer->commit && story->states[i].size == answer->size &&
		    memcmp(story->states[i].bytes, answer->bytes, answer->size) == 0)
			return true;
	return false;
}

static void asked_while_writing(struct story *story, uint64_t seed, unsigned number)
{
	const struct query_turns turns = {
	    .due = due, .leave = leave, .enter = enter, .context = story, .settled = 1 + draw(5)};
	struct answer answer;

	ask(story);
	story->states_count = 0;
	state_noted(story);
	answer = reckon(story, &turns, false);
	if (!is_of_one_state(story, &answer))
		fail_msg("seed %llu: answer %u (%s) is of none of the %zu states", (unsigned long long)seed, number,
			 story->request.body_case == TWINLOG__REQUEST__BODY_REPORT
			     ? (const char *)story->asked.measure.data
			     : "match",
			 story->states_count);
	free(answer.bytes);
	for (size_t i = 0; i < story->states_count; i++)
		free(story->states[i].bytes);
}

static void one_state_whatever_comes_in_between(void **state)
{
	unsigned stops = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= STORIES; seed++) {
		struct story *story = calloc(1, sizeof *story);

		assert_non_null(story);
		dice = seed * UINT64_C(0x9e3779b97f4a7c15);
		duo_init(&story->duo);
		assert_true(duo_found(&story->duo, &story->spaces[0]) && duo_found(&story->duo, &story->spaces[1]));
		assert_int_equal(view_new(&story->view), TWINLOG_OK);
		store_up(story);
		say_agreement(story, 0, NULL);
		say_city(story, 1);
		for (unsigned i = 0; i < WORDS; i++)
			say_something(story);
		for (unsigned i = 0; i < ANSWERS; i++)
			asked_while_writing(story, seed, i);
		stops += story->stops;
		view_free(story->view);
		store_down(story);
		duo_end(&story->duo);
		free(story);
	}
	/* It did stop, many times in each. */
	assert_true(stops > STORIES * ANSWERS * 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_state_whatever_comes_in_between)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
