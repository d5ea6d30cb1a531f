/* Laws of statements and record states: what is said of a record depends on the set of what was said, not on the order
 * in which it came. Random histories of three cities on one record, each in every order of arrival. TWINLOG_HISTORIES
 * asks for more, or for fewer where the build is slow on purpose. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../unit/town.h"
#include "dice.h"
#include "record_state.h"

#define SAYINGS   6u /* 720 orders */
#define HISTORIES 150u
#define TOWNS     3u

static const char *const cities[] = {"CN:lianyungang", "KR:mokpo", "CN:xiamen", "KR:@klafir"};

/* ---- A history ---- */

struct history {
	struct county county;
	struct bundle *bundles[SAYINGS];
	struct hash leaves[SAYINGS];
	unsigned towns[SAYINGS];
	uint64_t versions[SAYINGS];
	bool statement[SAYINGS];
	bool replaced[SAYINGS];
};

static void choose_words(const struct history *history, size_t at, struct saying *saying)
{
	static const char *const dates[] = {"2018", "2018-11", "2018-11-15", "2017", "2018-11~"};
	static const char *const forms[] = {"exhibition", "delegation_visit"};
	static const char *const statuses[] = {NULL, "planned", "held"};
	size_t others[SAYINGS], count = 0;

	for (size_t i = 0; i < at; i++)
		if (history->towns[i] != saying->town && history->statement[i])
			others[count++] = i;
	const uint32_t what = draw(10);

	if (count > 0 && what < 4) {
		saying->operation =
		    what < 3 ? TWINLOG__OPERATION__OPERATION_CONFIRMATION : TWINLOG__OPERATION__OPERATION_DENIAL;
		saying->answers = &history->leaves[others[draw((uint32_t)count)]];
		return;
	}
	if (saying->replaces_count > 0 && what == 4) {
		saying->operation = TWINLOG__OPERATION__OPERATION_WITHDRAWAL;
		return;
	}
	saying->start = dates[draw(5)];
	saying->form = forms[draw(2)];
	saying->status = statuses[draw(3)];
	saying->participants = draw(3);
	saying->broken = draw(12) == 0;
	saying->report = draw(8) == 0;
	for (size_t i = 0; i < 2 + draw(2); i++)
		saying->cities[i] = cities[i];
}

/* Its own current words, or by mischance none of them: two machines with one key. */
static void replace_own(struct history *history, size_t at, struct saying *saying)
{
	const bool forgets = draw(5) == 0;

	for (size_t i = 0; i < at; i++) {
		if (history->towns[i] != saying->town || history->replaced[i] || forgets || saying->replaces_count == 4)
			continue;
		saying->replaces[saying->replaces_count++] = history->leaves[i];
		if (history->versions[i] >= saying->version)
			saying->version = history->versions[i];
		history->replaced[i] = true;
	}
	saying->version++;
}

static void history_make(struct history *history)
{
	memset(history, 0, sizeof *history);
	county_init(&history->county, cities, TOWNS, 0, 0);
	for (size_t i = 0; i < SAYINGS; i++) {
		struct saying saying = {.town = i == 0 ? 0 : draw(TOWNS)};

		replace_own(history, i, &saying);
		choose_words(history, i, &saying);
		history->bundles[i] = county_bundle(&history->county, &saying, 1, 1000 + draw(4));
		history->leaves[i] = history->bundles[i]->leaves[0].hash;
		history->towns[i] = saying.town;
		history->versions[i] = saying.version;
		history->statement[i] = saying.operation == 0 && !saying.broken;
	}
}

static void history_free(struct history *history)
{
	for (size_t i = 0; i < SAYINGS; i++)
		bundle_free(history->bundles[i]);
	county_free(&history->county);
}

/* ---- What it amounts to ---- */

static void add(uint64_t *sum, const void *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		*sum = (*sum ^ ((const uint8_t *)bytes)[i]) * 1099511628211u;
}

static void add_word(uint64_t *sum, const struct word *word)
{
	static const struct hash nothing;

	add(sum, word ? &word->leaf : &nothing, HASH_SIZE);
}

static void add_side(uint64_t *sum, const struct statements *statements, const struct record *record,
		     const struct side *side)
{
	const struct word *words[SAYINGS];
	const uint8_t flags[] = {side->standing, side->opener,   side->party,
				 side->spoken,   side->conflict, side->outdated};
	const size_t count = statements_current(statements, record, &side->member->identity, false, words, SAYINGS);

	add(sum, &side->member->identity, HASH_SIZE);
	add(sum, flags, sizeof flags);
	add_word(sum, side->word);
	add_word(sum, side->means);
	for (size_t i = 0; i < count; i++)
		add_word(sum, words[i]);
}

static uint64_t outcome(const struct history *history, const size_t *order, unsigned *ret_state)
{
	struct statements *statements;
	struct judgement judgement;
	uint64_t sum = 14695981039346656037u;

	assert_int_equal(statements_new(&history->county.space, &statements), TWINLOG_OK);
	for (size_t i = 0; i < SAYINGS; i++)
		assert_int_equal(statements_apply(statements, history->bundles[order[i]], i + 1, true), TWINLOG_OK);
	assert_true(statements_records(statements) >= 1);
	const struct record *record = statements_find(statements, &history->bundles[0]->leaves[0].record);

	assert_non_null(record);
	judgement_init(&judgement);
	assert_int_equal(
	    record_judge(statements, history->county.acts, &history->county.towns[1].identity, record, &judgement),
	    TWINLOG_OK);
	*ret_state = judgement.state;
	add(&sum, &judgement.state, sizeof judgement.state);
	add(&sum, &judgement.waiting, sizeof judgement.waiting);
	add(&sum, &judgement.differing, sizeof judgement.differing);
	add(&sum, &judgement.pending, sizeof judgement.pending);
	add(&sum, &record->changed_ms, sizeof record->changed_ms);
	add_word(&sum, judgement.lead);
	for (size_t i = 0; i < judgement.sides_count; i++)
		add_side(&sum, statements, record, &judgement.sides[i]);
	judgement_free(&judgement);
	statements_free(statements);
	return sum;
}

/* The next order in the order of words; false after the last. */
static bool next_order(size_t order[SAYINGS])
{
	size_t at = SAYINGS - 1, with = SAYINGS - 1;

	while (at > 0 && order[at - 1] >= order[at])
		at--;
	if (at == 0)
		return false;
	while (order[with] <= order[at - 1])
		with--;
	const size_t kept = order[at - 1];

	order[at - 1] = order[with];
	order[with] = kept;
	for (size_t low = at, high = SAYINGS - 1; low < high; low++, high--) {
		const size_t other = order[low];

		order[low] = order[high];
		order[high] = other;
	}
	return true;
}

static void any_order_says_the_same(void **state)
{
	const char *asked = getenv("TWINLOG_HISTORIES");
	const uint64_t histories = asked ? strtoull(asked, NULL, 10) : HISTORIES;
	bool seen[8] = {false};
	unsigned states = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= histories; seed++) {
		struct history history;
		size_t order[SAYINGS] = {0, 1, 2, 3, 4, 5};
		unsigned first_state, other_state;

		dice = seed * 0x9e3779b97f4a7c15u;
		history_make(&history);
		const uint64_t first = outcome(&history, order, &first_state);

		while (next_order(order)) {
			if (outcome(&history, order, &other_state) != first)
				fail_msg("seed %llu: order %zu%zu%zu%zu%zu%zu says something else",
					 (unsigned long long)seed, order[0], order[1], order[2], order[3], order[4],
					 order[5]);
		}
		seen[first_state & 7] = true;
		history_free(&history);
	}
	/* A law over histories that all end alike would say little. */
	for (size_t i = 0; i < 8; i++)
		states += seen[i];
	assert_true(states >= (histories < HISTORIES ? 3 : 5));
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(any_order_says_the_same)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
