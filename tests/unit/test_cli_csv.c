/* Cells of CSV: with an apostrophe where a spreadsheet would run them, and nowhere else, so that it can be taken off.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "csv.h"

static void written(const char *text, char *ret_cell, size_t size)
{
	FILE *out = fmemopen(ret_cell, size, "w");

	assert_non_null(out);
	csv_write(out, text, strlen(text), true);
	assert_int_equal(fclose(out), 0);
}

static void guards_what_would_run(void **state)
{
	static const char *const cells[][2] = {
	    {"=1+1", "'=1+1"},       {"-2+3", "'-2+3"},
	    {"@SUM(1)", "'@SUM(1)"}, {"+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"},
	    {"\t=1", "'\t=1"},       {"\r=1", "\"'\r=1\""},
	    {"＝1+1", "'＝1+1"},     {"=A(\"x\",1)", "\"'=A(\"\"x\"\",1)\""},
	    {"'=1", "''=1"},         {"''-5", "'''-5"},
	    {"'-5", "''-5"},         {"- 비고", "'- 비고"},
	    {"-5x", "'-5x"},         {"-1e", "'-1e"},
	    {"-.5", "'-.5"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
		char cell[64] = "";

		written(cells[i][0], cell, sizeof cell);
		assert_string_equal(cell, cells[i][1]);
	}
}

static void leaves_the_rest(void **state)
{
	static const char *const cells[] = {"",    "-",        "=",  "-5", "-0.5", "-1e-05", "-1e+20",    "5",
					    "a=b", "'quoted'", "''", "'",  "1=1",  "목포",   "2018-11-15"};

	(void)state;
	for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
		char cell[64] = "";

		written(cells[i], cell, sizeof cell);
		assert_string_equal(cell, cells[i]);
		assert_false(csv_guarded(cell, strlen(cell)));
	}
}

/* All texts of up to six of these characters: what is written is never live, and comes back. */
static void goes_round(void **state)
{
	static const char letters[] = "'=-5e.";

	(void)state;
	for (size_t number = 0; number < 6 * 6 * 6 * 6 * 6 * 6; number++) {
		char text[8] = "", cell[16] = "";
		size_t at = 0;

		for (size_t rest = number; rest > 0; rest /= 6)
			text[at++] = letters[rest % 6];
		written(text, cell, sizeof cell);
		const bool guarded = csv_guarded(cell, strlen(cell));

		assert_int_equal(guarded, csv_live(text, at));
		assert_string_equal(cell + guarded, text);
		assert_true(cell[0] != '=' || strlen(cell) == 1);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(guards_what_would_run),
	    cmocka_unit_test(leaves_the_rest),
	    cmocka_unit_test(goes_round),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
