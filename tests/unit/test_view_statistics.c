/* The arithmetic of measures: by hand, at its edges, and in any order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <math.h>

#include "report.h"
#include "statistics.h"

static void near(double found, double wanted)
{
	assert_true(fabs(found - wanted) < 1e-12);
}

static void gini_by_hand(void **state)
{
	(void)state;
	const int64_t equal[] = {5, 5, 5, 5}, one[] = {0, 0, 0, 8}, mixed[] = {1, 2, 3, 4}, none[] = {0, 0};
	double gini = -1;

	assert_true(statistics_gini(equal, 4, &gini));
	near(gini, 0);
	assert_true(statistics_gini(one, 4, &gini));
	near(gini, 0.75); /* (n - 1) / n */
	assert_true(statistics_gini(mixed, 4, &gini));
	near(gini, 2.0 * (1 + 4 + 9 + 16) / (4 * 10) - 5.0 / 4);
	gini = -1;
	assert_false(statistics_gini(none, 2, &gini));
	assert_false(statistics_gini(none, 0, &gini));
	near(gini, -1); /* untouched */
}

static void lorenz_by_hand(void **state)
{
	(void)state;
	const int64_t values[] = {1, 2, 3, 4, 10}, none[] = {0};
	int64_t numerator, denominator;

	assert_true(statistics_lorenz(values, 5, 40, &numerator, &denominator));
	assert_int_equal(numerator, 3);
	assert_int_equal(denominator, 20);
	/* The middle one of five counts by half. */
	assert_true(statistics_lorenz(values, 5, 50, &numerator, &denominator));
	near((double)numerator / (double)denominator, 4.5 / 20);
	assert_true(statistics_lorenz(values, 5, 100, &numerator, &denominator));
	assert_int_equal(numerator, denominator);
	assert_false(statistics_lorenz(none, 1, 50, &numerator, &denominator));
}

static void median_by_hand(void **state)
{
	(void)state;
	const int64_t odd[] = {-3, 7, 100}, even[] = {1, 2, 4, 50};
	double median = -1;

	assert_true(statistics_median(odd, 3, &median));
	near(median, 7);
	assert_true(statistics_median(even, 4, &median));
	near(median, 3);
	assert_false(statistics_median(odd, 0, &median));
	near(median, 3);
}

/* Every order of the counts gives the same bits, not merely the same value. */
static void diversity_in_every_order(void **state)
{
	(void)state;
	static const int order[24][4] = {{0, 1, 2, 3}, {0, 1, 3, 2}, {0, 2, 1, 3}, {0, 2, 3, 1}, {0, 3, 1, 2},
					 {0, 3, 2, 1}, {1, 0, 2, 3}, {1, 0, 3, 2}, {1, 2, 0, 3}, {1, 2, 3, 0},
					 {1, 3, 0, 2}, {1, 3, 2, 0}, {2, 0, 1, 3}, {2, 0, 3, 1}, {2, 1, 0, 3},
					 {2, 1, 3, 0}, {2, 3, 0, 1}, {2, 3, 1, 0}, {3, 0, 1, 2}, {3, 0, 2, 1},
					 {3, 1, 0, 2}, {3, 1, 2, 0}, {3, 2, 0, 1}, {3, 2, 1, 0}};
	const int64_t counts[] = {3, 129, 31, 1};
	struct diversity first = {0};

	for (size_t o = 0; o < 24; o++) {
		int64_t values[6] = {0};
		struct diversity found;

		for (size_t i = 0; i < 4; i++)
			values[i + (i > 1)] = counts[order[o][i]]; /* with a zero between them */
		found = statistics_diversity(values, 6);
		if (o == 0)
			first = found;
		assert_memory_equal(&found.shannon, &first.shannon, sizeof found.shannon);
		assert_memory_equal(&found.simpson, &first.simpson, sizeof found.simpson);
	}
	assert_int_equal(first.entries, 164);
	assert_int_equal(first.categories, 4);
	assert_true(fabs(first.shannon - 0.608005) < 5e-7); /* of the real activities, by level of actor */
	assert_true(fabs(first.evenness - 0.438583) < 5e-7);
	assert_true(fabs(first.simpson - 0.345181) < 5e-7);
}

static void months_end_where_months_end(void **state)
{
	(void)state;
	assert_int_equal(report_day_add(edtf_days(2026, 1, 1), -36), edtf_days(2023, 1, 1));
	assert_int_equal(report_day_add(edtf_days(2024, 2, 29), 12), edtf_days(2025, 2, 28));
	assert_int_equal(report_day_add(edtf_days(2023, 2, 28), 12), edtf_days(2024, 2, 28));
	assert_int_equal(report_day_add(edtf_days(2024, 1, 31), 1), edtf_days(2024, 2, 29));
	assert_int_equal(report_day_add(edtf_days(2024, 3, 31), -13), edtf_days(2023, 2, 28));
	assert_int_equal(report_day_add(edtf_days(2024, 12, 31), 1), edtf_days(2025, 1, 31));
	assert_int_equal(report_day_add(edtf_days(1900, 2, 28), 1), edtf_days(1900, 3, 28));
}

static void cells_say_when_they_are_not_defined(void **state)
{
	(void)state;
	assert_int_equal(cell_share(3, 0, 7).kind, TWINLOG__CELL_KIND__CELL_NONE);
	assert_int_equal(cell_share(3, 0, 7).left_out, 7);
	assert_int_equal(cell_real(NAN, true, 0).kind, TWINLOG__CELL_KIND__CELL_NONE);
	assert_int_equal(cell_real(INFINITY, true, 0).kind, TWINLOG__CELL_KIND__CELL_NONE);
	near(cell_rate(100, 1, 8, 0).real, 12.5);
	assert_int_equal(report_add(INT64_MAX, 1), INT64_MAX);
	assert_int_equal(report_add(INT64_MIN, -1), INT64_MIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(gini_by_hand),
	    cmocka_unit_test(lorenz_by_hand),
	    cmocka_unit_test(median_by_hand),
	    cmocka_unit_test(diversity_in_every_order),
	    cmocka_unit_test(months_end_where_months_end),
	    cmocka_unit_test(cells_say_when_they_are_not_defined),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
