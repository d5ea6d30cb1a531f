/* How the words of clients come into bundles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "duo.h"

/* Clerks who write at the same moment share one bundle, so one signature and one commit; each is answered. */
static void words_of_one_turn_share_a_bundle(void **state)
{
	struct duo duo;
	struct hash space;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	const size_t before = duo.cities[0].bundles_count;
	duo.more = true;
	for (unsigned i = 0; i < 20; i++)
		duo_submit(&duo, 0, &space);
	assert_int_equal(duo.cities[0].bundles_count, before);
	duo.more = false;
	duo_time(&duo, 1);
	assert_int_equal(duo.cities[0].bundles_count, before + 1);
	duo_submit(&duo, 0, &space);
	assert_int_equal(duo.cities[0].bundles_count, before + 2);
	assert_int_equal(statements_records(space_statements(node_space(duo.cities[0].node, 0))), 21);
	duo_time(&duo, 200);
	assert_true(duo_alike(&duo));
	duo_end(&duo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(words_of_one_turn_share_a_bundle),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
