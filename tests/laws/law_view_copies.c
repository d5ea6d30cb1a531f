/* Law of lists over several spaces: of the records that are one by group.h, and fit, one is left, whichever rows were
 * marked as copies on the way, in any order of arrival, with erasures and words that come to count or no longer do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "group.h"
#include "once.h"
#include "view_history.h"

#define SPACES  3u
#define WORDS   300u
#define TOKENS  40u
#define STORIES 40u

struct story {
	struct county counties[SPACES];
	struct group_space spaces[SPACES];
	struct statements *statements[SPACES];
	struct view_space *views[SPACES];
	struct copies *copies;
	struct hash leaves[WORDS];
	uint8_t records[WORDS], where[WORDS];
};

static void story_begin(struct story *story)
{
	memset(story, 0, sizeof *story);
	for (unsigned s = 0; s < SPACES; s++) {
		/* Another number of members is another space. */
		county_init(&story->counties[s], city_ids, s + 2, 0, 0);
		assert_int_equal(statements_new(&story->counties[s].space, &story->statements[s]), TWINLOG_OK);
		story->spaces[s] = (struct group_space){story->statements[s], story->counties[s].acts};
		assert_int_equal(view_space_new(story->statements[s], story->counties[s].acts,
						&story->counties[s].towns[0].identity, &story->views[s]),
				 TWINLOG_OK);
	}
	assert_int_equal(copies_new(&story->copies), TWINLOG_OK);
}

static void story_end(struct story *story)
{
	for (unsigned s = 0; s < SPACES; s++) {
		view_space_free(story->views[s]);
		statements_free(story->statements[s]);
		county_free(&story->counties[s]);
	}
	copies_free(story->copies);
}

/* A word on an earlier record or a new one, with one of few tokens; some copy a token within their space. */
static void story_say(struct story *story, size_t word)
{
	const uint8_t s = (uint8_t)draw(SPACES);
	struct saying saying = {.town = 0,
				.record = (uint8_t)draw(60),
				.cities = {city_ids[0], city_ids[1]},
				.start = PICK(dates),
				.published = (uint8_t)draw(TOKENS)};
	struct bundle *bundle;

	for (size_t i = 0; i < word; i++)
		if (story->where[i] == s && story->records[i] == saying.record && saying.replaces_count < 4)
			saying.replaces[saying.replaces_count++] = story->leaves[i];
	saying.version = saying.replaces_count + 1;
	bundle = county_bundle(&story->counties[s], &saying, 1, 1000 + word);
	assert_int_equal(statements_apply(story->statements[s], bundle, word + 1, true), TWINLOG_OK);
	story->leaves[word] = bundle->leaves[0].hash;
	story->records[word] = saying.record;
	story->where[word] = s;
	bundle_free(bundle);
}

/* The rows that a plain look at all groups leaves. */
static void leave_one(const struct once_space *before, const struct groups *groups, roaring_bitmap_t *const *left,
		      size_t count)
{
	for (uint32_t s = 0; s < count; s++)
		for (uint32_t row = 0; row < before[s].view->rows; row++) {
			size_t size = 0;
			const struct group_record *records = groups_find(groups, s, row, &size);
			bool first = true;

			for (size_t i = 0; i < size; i++) {
				if (records[i].space == s && records[i].record == row)
					break;
				first &= !roaring_bitmap_contains(before[records[i].space].rows, records[i].record);
			}
			if (first && roaring_bitmap_contains(before[s].rows, row))
				roaring_bitmap_add(left[s], row);
		}
}

static size_t one_is_left(struct story *story, uint64_t seed)
{
	const size_t count = 2 + draw(SPACES - 1), from = draw((uint32_t)(SPACES - count + 1));
	struct once_space rows[SPACES];
	roaring_bitmap_t *left[SPACES];
	struct groups *groups;
	size_t hidden = 0;

	for (size_t i = 0; i < count; i++) {
		struct view_space *view = story->views[from + i];

		view_update(view, UINT32_MAX);
		rows[i] = (struct once_space){.view = view, .rows = roaring_bitmap_create()};
		left[i] = roaring_bitmap_create();
		for (uint32_t row = 0; row < view->rows; row++)
			if (draw(5))
				roaring_bitmap_add(rows[i].rows, row);
	}
	assert_int_equal(groups_new(story->spaces + from, count, &groups), TWINLOG_OK);
	leave_one(rows, groups, left, count);
	groups_free(groups);
	for (size_t i = 0; i < count; i++)
		hidden += roaring_bitmap_get_cardinality(rows[i].rows) - roaring_bitmap_get_cardinality(left[i]);
	assert_int_equal(once_keep(rows, count), TWINLOG_OK);
	for (size_t i = 0; i < count; i++) {
		if (!roaring_bitmap_equals(rows[i].rows, left[i]))
			fail_msg("seed %llu: other rows of space %zu are left", (unsigned long long)seed, from + i);
		roaring_bitmap_free(rows[i].rows);
		roaring_bitmap_free(left[i]);
	}
	return hidden;
}

static void of_copies_one_is_left(void **state)
{
	size_t hidden = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= STORIES; seed++) {
		struct story story;

		dice = seed * 0x9e3779b97f4a7c15u;
		story_begin(&story);
		const size_t begin = draw(WORDS / 2);

		for (size_t word = 0; word < WORDS; word++) {
			story_say(&story, word);
			if (draw(12) == 0)
				statements_erase(story.statements[draw(SPACES)],
						 &story.leaves[draw((uint32_t)word + 1)]);
			if (draw(12) == 0) {
				const uint32_t other = draw((uint32_t)word + 1);

				statements_recount(story.statements[story.where[other]], other + 1, draw(2));
				statements_settle(story.statements[story.where[other]]);
			}
			/* Marks begin with what is there. */
			for (unsigned s = 0; word == begin && s < SPACES; s++)
				assert_int_equal(view_space_mark_copies(story.views[s], story.copies), TWINLOG_OK);
			if (draw(4) == 0)
				view_update(story.views[draw(SPACES)], 1 + draw(20));
			if (word > begin && draw(10) == 0)
				hidden += one_is_left(&story, seed);
		}
		hidden += one_is_left(&story, seed);
		story_end(&story);
	}
	/* Where nothing is hidden, little is said. */
	assert_true(hidden > 10 * STORIES);
}

/* As many records under one token as somebody in bad faith may write cost no more than others, and are marked. */
static void one_token_many_times(void **state)
{
	struct story story;
	size_t number = 0;

	(void)state;
	story_begin(&story);
	for (unsigned s = 0; s < SPACES; s++)
		assert_int_equal(view_space_mark_copies(story.views[s], story.copies), TWINLOG_OK);
	for (unsigned s = 0; s < SPACES; s++)
		for (unsigned record = 0; record < 200; record++) {
			struct saying saying = {.record = (uint8_t)record,
						.cities = {city_ids[0], city_ids[1]},
						.published = 7,
						.version = 1};
			struct bundle *bundle = county_bundle(&story.counties[s], &saying, 1, 1000);

			assert_int_equal(statements_apply(story.statements[s], bundle, ++number, true), TWINLOG_OK);
			bundle_free(bundle);
		}
	dice = 1;
	(void)one_is_left(&story, 0);
	/* Of each space one stands for the token in the table. */
	assert_in_range(copies_bytes(story.copies), 1, 1024 * 12 + 1024);
	story_end(&story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(of_copies_one_is_left),
	    cmocka_unit_test(one_token_many_times),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
