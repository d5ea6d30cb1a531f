/* Dates in workbooks: a day is a number, and only the format of its cell tells that it is one (ECMA-376 part 1,
 * 18.8.30 and 18.17.4). Pure; knows edtf.h. */
#ifndef TWINLOG_XLSX_DATE_H
#define TWINLOG_XLSX_DATE_H

#include <stdbool.h>
#include <stddef.h>

#include "edtf.h"

/* How precise a date a number format shows: `yyyy"年"m"月"` says no day, whatever day the number is. EDTF_NONE: not a
 * date, or a time of day alone. Letters in quotes, brackets and behind a backslash are no pattern. */
enum edtf_precision xlsx_format_precision(const char *code);
/* The same for a format that the workbook does not spell out. Numbers 27 to 36 and 50 to 58 are dates of East Asian
 * editions of Excel. *ret_doubtful: a month in one edition, a day in another. */
enum edtf_precision xlsx_builtin_precision(unsigned id, bool *ret_doubtful);

/* The day of a number, in the system that counts from 1900 (with its 29 February 1900, a day that never was:
 * TWINLOG_BAD_DATE) or from 1904. Fractions are times of day. */
enum twinlog_error xlsx_day(double number, bool from_1904, struct edtf *ret_date) TWINLOG_MUST_CHECK;

#endif
