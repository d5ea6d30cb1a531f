/* Workbooks read: which formats are dates and how precise, days of both systems, and that what xlsx_write writes comes
 * back as it was meant. Workbooks of other makers and hostile ones are tried in system/test_workbook.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "xlsx_date.h"
#include "xlsx_read.h"
#include "xlsx_write.h"

static void knows_dates_by_their_format(void **state)
{
	(void)state;
	static const struct {
		const char *code;
		enum edtf_precision precision;
	} formats[] = {
	    {"General", EDTF_NONE},
	    {"#,##0.00", EDTF_NONE},
	    {"0.00E+00", EDTF_NONE},
	    {"[Red]0\"d\"", EDTF_NONE},
	    {"#,##0\"명\"", EDTF_NONE},
	    {"\\d0", EDTF_NONE},
	    {"h:mm:ss", EDTF_NONE},
	    {"mm:ss", EDTF_NONE},
	    {"[h]:mm", EDTF_NONE},
	    {"上午/下午h\"时\"mm\"分\"", EDTF_NONE},
	    {"yyyy-mm-dd", EDTF_DAY},
	    {"yyyy/m/d h:mm AM/PM", EDTF_DAY},
	    {"yyyy\"年\"m\"月\"d\"日\";@", EDTF_DAY},
	    {"[$-412]yyyy\"년\" m\"월\" d\"일\" dddd;@", EDTF_DAY},
	    {"[DBNum1][$-804]yyyy\"年\"m\"月\"d\"日\";@", EDTF_DAY},
	    {"m\"月\"d\"日\"", EDTF_DAY},
	    {"[$-411]ge.m.d;@", EDTF_DAY},
	    {"yyyy\"年\"m\"月\"", EDTF_MONTH},
	    {"yyyy\"년\" mm\"월\"", EDTF_MONTH},
	    {"mmm-yy", EDTF_MONTH},
	    {"YYYY.MM", EDTF_MONTH},
	    {"yyyy", EDTF_YEAR},
	    {"yyyy\"년\"", EDTF_YEAR},
	    {"0;yyyy", EDTF_NONE},
	};
	bool doubtful;

	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++)
		if (xlsx_format_precision(formats[i].code) != formats[i].precision)
			fail_msg("%s: %d, not %d", formats[i].code, xlsx_format_precision(formats[i].code),
				 formats[i].precision);
	assert_int_equal(xlsx_builtin_precision(0, &doubtful), EDTF_NONE);
	assert_int_equal(xlsx_builtin_precision(13, &doubtful), EDTF_NONE);
	assert_int_equal(xlsx_builtin_precision(14, &doubtful), EDTF_DAY);
	assert_false(doubtful);
	assert_int_equal(xlsx_builtin_precision(17, &doubtful), EDTF_MONTH);
	assert_int_equal(xlsx_builtin_precision(18, &doubtful), EDTF_NONE);
	assert_int_equal(xlsx_builtin_precision(31, &doubtful), EDTF_DAY);
	assert_int_equal(xlsx_builtin_precision(57, &doubtful), EDTF_DAY);
	assert_true(doubtful);
	assert_int_equal(xlsx_builtin_precision(59, &doubtful), EDTF_NONE);
}

static void reckons_days(void **state)
{
	(void)state;
	static const struct {
		double number;
		bool from_1904;
		const char *date; /* NULL: none */
	} days[] = {
	    {1, false, "1900-01-01"},
	    {59, false, "1900-02-28"},
	    {60, false, NULL},
	    {61, false, "1900-03-01"},
	    {34151, false, "1993-07-01"},
	    {43419.75, false, "2018-11-15"},
	    {2958465, false, "9999-12-31"},
	    {2958466, false, NULL},
	    {0.5, false, NULL},
	    {-1, false, NULL},
	    {0, true, "1904-01-01"},
	    {32689, true, "1993-07-01"},
	    {1e300, false, NULL},
	};
	struct edtf date;
	char text[TWINLOG_DATE_MAX];

	for (size_t i = 0; i < sizeof days / sizeof *days; i++) {
		const enum twinlog_error error = xlsx_day(days[i].number, days[i].from_1904, &date);

		assert_int_equal(error == TWINLOG_OK, days[i].date != NULL);
		if (error)
			continue;
		edtf_format(&date, text);
		assert_string_equal(text, days[i].date);
	}
}

static char *file_text(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "re");
	char *text = malloc(1 << 20);

	assert_true(file && text);
	*ret_size = fread(text, 1, 1 << 20, file);
	fclose(file);
	return text;
}

static void reads_what_was_written(void **state)
{
	(void)state;
	static const struct xlsx_column columns[] = {{"일자", 0}, {"사업명", 0}, {"인원", 0}, {"비용", 0}};
	const struct xlsx_cell rows[][4] = {
	    {{.type = XLSX_DATE, .text = "2018-11-15"},
	     {.type = XLSX_TEXT, .text = "청소년 \"축구\", 교류"},
	     {.type = XLSX_NUMBER, .number = 12345678},
	     {.type = XLSX_MONEY, .number = 30000.5}},
	    {{.type = XLSX_DATE, .text = "2018-11"},
	     {.type = XLSX_TEXT, .text = "=1+1"},
	     {.type = XLSX_EMPTY},
	     {.type = XLSX_FORMULA, .text = "=D3*2", .number = 60001}},
	    {{.type = XLSX_DATE, .text = "1899-01-01"},
	     {.type = XLSX_TEXT, .text = ""},
	     {.type = XLSX_INPUT},
	     {.type = XLSX_PERCENT, .number = 0.25}},
	};
	static const char wanted[] =
	    "교류 대장\n일자,사업명,인원,비용\n2018-11-15,\"청소년 \"\"축구\"\", 교류\",12345678,"
	    "30000.5\n2018-11,=1+1,,60001\n1899-01-01,,,0.25\n";

	for (int large = 0; large < 2; large++) {
		char path[] = "/tmp/twinlog-xlsx-XXXXXX", *bytes, *text;
		const int file = mkstemp(path);
		struct twinlog_fault fault;
		struct xlsx *xlsx;
		size_t size, length;

		assert_true(file >= 0);
		close(file);
		assert_int_equal(xlsx_new(path, large, &xlsx), TWINLOG_OK);
		xlsx_sheet(xlsx, "대장");
		xlsx_text(xlsx, XLSX_TITLE, "교류 대장");
		xlsx_table(xlsx, columns, 4);
		for (size_t i = 0; i < 3; i++)
			xlsx_row(xlsx, rows[i]);
		xlsx_freeze(xlsx);
		xlsx_sheet(xlsx, "Second");
		xlsx_text(xlsx, XLSX_PLAIN, "here");
		assert_int_equal(xlsx_close(xlsx), TWINLOG_OK);

		bytes = file_text(path, &size);
		assert_true(xlsx_is(bytes, size));
		assert_int_equal(xlsx_read(bytes, size, NULL, &text, &length, &fault), TWINLOG_OK);
		assert_string_equal(text, wanted);
		assert_int_equal(length, strlen(wanted));
		free(text);
		assert_int_equal(xlsx_read(bytes, size, "second", &text, &length, &fault), TWINLOG_OK);
		assert_string_equal(text, "here\n");
		free(text);
		assert_int_equal(xlsx_read(bytes, size, "third", &text, &length, &fault), TWINLOG_NOT_FOUND);
		assert_string_equal(fault.value, "대장, Second");
		/* Cut anywhere it is an error, never half a sheet. */
		for (size_t cut = 0; cut < size; cut += 37)
			assert_int_not_equal(xlsx_read(bytes, cut, NULL, &text, &length, &fault), TWINLOG_OK);
		free(bytes);
		unlink(path);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(knows_dates_by_their_format),
	    cmocka_unit_test(reckons_days),
	    cmocka_unit_test(reads_what_was_written),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
