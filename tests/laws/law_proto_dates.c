/* Laws of dates: matching is symmetric, a date matches itself, a finer date that lies in a coarser one matches it, and
 * what is written is read again. Over random dates. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "dice.h"
#include "edtf.h"

#define PAIRS 200000u

static struct edtf date_draw(void)
{
	static const unsigned days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	const unsigned year = 1990 + draw(4), month = 1 + draw(12), day = 1 + draw(days[month - 1]);
	const char *rough = draw(3) == 0 ? "~" : "";
	char text[64];
	struct edtf date;

	switch (draw(3)) {
	case 0:
		snprintf(text, sizeof text, "%u%s", year, rough);
		break;
	case 1:
		snprintf(text, sizeof text, "%u-%02u%s", year, month, rough);
		break;
	default:
		snprintf(text, sizeof text, "%u-%02u-%02u%s", year, month, day, rough);
		break;
	}
	assert_int_equal(edtf_parse(text, strlen(text), &date), TWINLOG_OK);
	return date;
}

static bool lies_in(const struct edtf *inner, const struct edtf *outer)
{
	return inner->first >= outer->first && inner->last <= outer->last;
}

static void matching(void **state)
{
	unsigned matched = 0;

	(void)state;
	for (unsigned i = 0; i < PAIRS; i++) {
		const struct edtf a = date_draw(), b = date_draw();
		const bool match = edtf_match(&a, &b);

		assert_int_equal(match, edtf_match(&b, &a));
		assert_true(edtf_match(&a, &a));
		if (lies_in(&a, &b))
			assert_true(match);
		/* Years apart by more than any widening never match. */
		if (a.first - b.last > 2 * 366 || b.first - a.last > 2 * 366)
			assert_false(match);
		matched += match;
	}
	assert_true(matched > PAIRS / 20 && matched < PAIRS / 2);
}

static void widening_only_adds(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PAIRS; i++) {
		struct edtf a = date_draw();
		const struct edtf b = date_draw();

		a.approximate = false;
		const bool exact = edtf_match(&a, &b);

		a.approximate = true;
		assert_true(!exact || edtf_match(&a, &b));
	}
}

static void written_is_read(void **state)
{
	(void)state;
	for (unsigned i = 0; i < PAIRS; i++) {
		const struct edtf date = date_draw();
		char text[TWINLOG_DATE_MAX];
		struct edtf again;
		const size_t size = edtf_format(&date, text);
		int year, month, day;

		assert_int_equal(edtf_parse(text, size, &again), TWINLOG_OK);
		assert_true(again.first == date.first && again.last == date.last && again.precision == date.precision &&
			    again.approximate == date.approximate);
		edtf_from_days(date.first, &year, &month, &day);
		assert_int_equal(edtf_days(year, month, day), date.first);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(matching),
	    cmocka_unit_test(widening_only_adds),
	    cmocka_unit_test(written_is_read),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
