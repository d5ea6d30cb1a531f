/* The law of belonging: who is a member, reader or steward, which bundles count, what one who left may be told, follow
 * from the set of acts and bundles and from nothing else. Random histories in many orders of arrival, held after each
 * step against a model written from the rules alone. TWINLOG_HISTORIES asks for more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acts_play.h"
#include "dice.h"

#define HISTORIES 400u
#define ORDERS    4u

static uint32_t any(void *context, uint32_t below)
{
	(void)context;
	return draw(below);
}

static uint32_t seen[TWINLOG__ACT_KIND__ACT_CHANGE_KEY + 1], valid, invalid, counting, cut;

/* A law about nothing proves nothing: what the histories held. */
static void tally(const struct story *story)
{
	const struct model model = model_of(story, (UINT64_C(1) << story->acts_count) - 1);

	EACH(&model, act, i)
	{
		seen[act->kind] += model.valid >> i & 1;
		valid += model.valid >> i & 1;
		invalid += !(model.valid >> i & 1);
	}
	for (uint32_t i = 0; i < story->bundles_count; i++) {
		const bool counts = model_counts(&model, i, (1u << story->bundles_count) - 1);
		counting += counts;
		cut += !counts;
	}
}

static void history(uint64_t seed)
{
	uint8_t bytes[600];
	struct story story;

	dice = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)draw(256);
	(void)fprintf(stderr, "\rTWINLOG_SEED=%llu ", (unsigned long long)seed);
	story_tell(&story, bytes, sizeof bytes);
	for (uint32_t order = 0; order < ORDERS; order++)
		story_play(&story, any, NULL, order < 2);
	tally(&story);
	story_free(&story);
}

static void histories(void **state)
{
	const char *more = getenv("TWINLOG_HISTORIES"), *from = getenv("TWINLOG_SEED");
	const uint64_t first = from ? strtoull(from, NULL, 10) : 1;
	const uint64_t count = more ? strtoull(more, NULL, 10) : HISTORIES;

	(void)state;
	for (uint64_t seed = first; seed < first + count; seed++)
		history(seed);
	(void)fprintf(stderr, "\n%u acts valid, %u not; %u bundles count, %u do not\n", valid, invalid, counting, cut);
	for (uint32_t kind = TWINLOG__ACT_KIND__ACT_FOUND; kind <= TWINLOG__ACT_KIND__ACT_CHANGE_KEY; kind++)
		assert_true(seen[kind] > count / 10);
	assert_true(invalid > count && counting > count / 4 && cut > count / 4);
}

/* Seeds that once found a fault: a removal that extends the removal of another city than it names. */
static void remembered(void **state)
{
	static const uint64_t seeds[] = {8136};

	(void)state;
	for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++)
		history(seeds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(remembered), cmocka_unit_test(histories)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
