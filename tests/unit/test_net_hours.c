/* Budgets by the hour: the first line that fits, over midnight, and when a closed hour ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hours.h"
#include "node.h"

#define AT(hour, minute) ((hour)*60u + (minute))

static const struct daemon_budget LINES[] = {
    {.city = "KR:mokpo", .rate = 64000, .from = AT(8, 0), .to = AT(18, 0)},
    {.city = "KR:mokpo", .rate = 0, .from = AT(22, 30), .to = AT(6, 0)},
    {.city = "KR:busan", .rate = 0},
    {.city = "*", .rate = 2000000},
};

static uint64_t rate(const char *city, unsigned minute)
{
	return hours_rate(LINES, sizeof LINES / sizeof *LINES, city, minute);
}

static void first_line_that_fits(void **state)
{
	(void)state;
	assert_int_equal(rate("KR:mokpo", AT(7, 59)), 2000000);
	assert_int_equal(rate("KR:mokpo", AT(8, 0)), 64000);
	assert_int_equal(rate("KR:mokpo", AT(17, 59)), 64000);
	assert_int_equal(rate("KR:mokpo", AT(18, 0)), 2000000);
	assert_int_equal(rate("KR:busan", AT(12, 0)), 0);
	assert_int_equal(rate("CN:xiamen", AT(12, 0)), 2000000);
	assert_true(hours_rate(LINES, 3, "CN:xiamen", AT(12, 0)) == BUDGET_NONE);
	assert_true(hours_rate(NULL, 0, "CN:xiamen", 0) == BUDGET_NONE);
}

static void over_midnight(void **state)
{
	(void)state;
	assert_int_equal(rate("KR:mokpo", AT(22, 29)), 2000000);
	assert_int_equal(rate("KR:mokpo", AT(22, 30)), 0);
	assert_int_equal(rate("KR:mokpo", AT(0, 0)), 0);
	assert_int_equal(rate("KR:mokpo", AT(5, 59)), 0);
	assert_int_equal(rate("KR:mokpo", AT(6, 0)), 2000000);
}

static void until_open(void **state)
{
	const size_t count = sizeof LINES / sizeof *LINES;
	(void)state;
	assert_int_equal(hours_until_open(LINES, count, "KR:mokpo", AT(12, 0)), 0);
	assert_int_equal(hours_until_open(LINES, count, "KR:mokpo", AT(23, 0)), 7 * 60);
	assert_int_equal(hours_until_open(LINES, count, "KR:mokpo", AT(5, 59)), 1);
	assert_int_equal(hours_until_open(LINES, count, "KR:busan", AT(5, 59)), HOURS_MINUTES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(first_line_that_fits),
	    cmocka_unit_test(over_midnight),
	    cmocka_unit_test(until_open),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
