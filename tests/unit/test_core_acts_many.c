/* Many acts in one message beside many erasures that no act brings to effect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bundle.h"
#include "duo.h"
#include "told.h"
#include "town.h"

#define ACTS     300u
#define ERASURES 30000u

/* By a steward, of leaves of a city that belongs. */
static void hold_without_effect(struct duo *duo, const struct hash *space_id, unsigned count)
{
	struct space *space = (struct space *)(uintptr_t)node_space_find(duo->cities[0].node, space_id);
	struct erasures *erasures = (struct erasures *)(uintptr_t)space_erasures(space);

	for (unsigned i = 0; i < count; i++) {
		struct erasure *erasure = calloc(1, sizeof *erasure);

		assert_non_null(erasure);
		erasure->signer = duo->cities[0].identity;
		erasure->city = duo->cities[1].identity;
		memcpy(erasure->leaf.bytes, &i, sizeof i);
		memcpy(erasure->id.bytes, &i, sizeof i);
		assert_int_equal(erasures_add(erasures, erasure), TWINLOG_OK);
		assert_false(erasures_judge(erasures, space_acts(space), &erasure->city, &erasure->leaf));
	}
}

static double acts_beside(unsigned erasures)
{
	struct duo duo;
	struct hash space;

	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	(void)told(&duo);
	say_heads(&duo, &space, true, NULL);
	const struct told heard = told(&duo);
	assert_int_equal(heard.wants_acts, 1);
	hold_without_effect(&duo, &space, erasures);
	const double since = cpu_seconds();
	say_accepts(&duo, &space, heard.stream, ACTS);
	const double took = cpu_seconds() - since;
	assert_int_equal(acts_count(space_acts(node_space_find(duo.cities[0].node, &space))), ACTS + 2);
	duo_end(&duo);
	return took;
}

static void acts_are_judged_together(void **state)
{
	(void)state;
	const double none = acts_beside(0), many = acts_beside(ERASURES);

	printf("%.1f times as long beside %u erasures\n", many / none, ERASURES);
	assert_true(many < 10 * none);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(acts_are_judged_together)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
