/* Workbooks as they are written: names, dates, formulas and charts where Excel looks for them; what fails leaves an
 * error. That they can be read is shown by test_cli_xlsx. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "xlsx_write.h"

static const struct xlsx_column columns[] = {{"연도", 0}, {"Visits", 0}, {"Share", 0}};

static struct xlsx *begun(char *path)
{
	struct xlsx *xlsx;
	const int file = mkstemp(path);

	assert_true(file >= 0);
	close(file);
	assert_int_equal(xlsx_new(path, false, &xlsx), TWINLOG_OK);
	return xlsx;
}

static void tells_where_things_stand(void **state)
{
	(void)state;
	char path[] = "/tmp/twinlog-xlsx-XXXXXX", where[64];
	struct xlsx *xlsx = begun(path);
	const struct xlsx_cell row[] = {{.type = XLSX_TEXT, .text = "1993"},
					{.type = XLSX_NUMBER, .number = 3},
					{.type = XLSX_PERCENT, .number = 1}};

	xlsx_sheet(xlsx, "Visits [by] year/한국: a name that is far too long for Excel");
	xlsx_text(xlsx, XLSX_TITLE, "=not a formula");
	xlsx_column_range(xlsx, 1, where, sizeof where);
	assert_string_equal(where, "");
	xlsx_table(xlsx, columns, 3);
	xlsx_row(xlsx, row);
	xlsx_row(xlsx, row);
	assert_int_equal(xlsx_rows(xlsx), 2);
	xlsx_cell_name(xlsx, 1, where, sizeof where);
	assert_string_equal(where, "$B$4");
	xlsx_column_range(xlsx, 1, where, sizeof where);
	assert_string_equal(where, "'Visits  by  year 한국  a name tha'!$B$3:$B$4");
	xlsx_freeze(xlsx);
	/* A chart is higher than two rows: what follows goes below it. */
	xlsx_chart(xlsx, XLSX_COLUMNS, "Visits", 0, 1);
	xlsx_table(xlsx, columns, 3);
	xlsx_row(xlsx, row);
	xlsx_cell_name(xlsx, 0, where, sizeof where);
	assert_string_equal(where, "$A$19");
	assert_int_equal(xlsx_close(xlsx), TWINLOG_OK);
	assert_int_equal(access(path, R_OK), 0);
	unlink(path);
}

static void remembers_what_failed(void **state)
{
	(void)state;
	char path[] = "/tmp/twinlog-xlsx-XXXXXX";
	struct xlsx *xlsx = begun(path);

	xlsx_sheet(xlsx, "same");
	xlsx_sheet(xlsx, "same");
	xlsx_text(xlsx, XLSX_PLAIN, "goes nowhere");
	xlsx_table(xlsx, columns, 3);
	xlsx_chart(xlsx, XLSX_LINE, "nothing to draw", 0, 1);
	assert_int_not_equal(xlsx_close(xlsx), TWINLOG_OK);
	unlink(path);
	assert_int_equal(xlsx_new("/nowhere/at/all.xlsx", true, &xlsx), TWINLOG_OK);
	xlsx_sheet(xlsx, "a");
	assert_int_equal(xlsx_close(xlsx), TWINLOG_IO);
}

/* One row more than Excel has is an error, not a cut sheet. */
static void refuses_more_rows_than_excel_has(void **state)
{
	(void)state;
	char path[] = "/tmp/twinlog-xlsx-XXXXXX";
	static const struct xlsx_column one[] = {{"n", 0}};
	const struct xlsx_cell cell = {.type = XLSX_EMPTY}, last = {.type = XLSX_NUMBER, .number = 1};

	for (size_t over = 0; over < 2; over++) {
		struct xlsx *xlsx = begun(path);

		xlsx_sheet(xlsx, "rows");
		xlsx_table(xlsx, one, 1);
		for (size_t i = 2; i < 1048576 + over; i++)
			xlsx_row(xlsx, &cell);
		xlsx_row(xlsx, &last);
		assert_int_equal(xlsx_close(xlsx), over ? TWINLOG_TOO_MANY : TWINLOG_OK);
		unlink(path);
		strcpy(path, "/tmp/twinlog-xlsx-XXXXXX");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(tells_where_things_stand),
	    cmocka_unit_test(remembers_what_failed),
	    cmocka_unit_test(refuses_more_rows_than_excel_has),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
