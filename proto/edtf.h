/* Dates at the precision somebody knew: the part of EDTF (ISO 8601-2, level 1) that Twinlog uses.
 * `2018`, `2018-11`, `2018-11-15`, each with an optional `~` (approximate). Years 1000 to 9999. A date is an interval
 * of days. Pure; knows error.h only. */
#ifndef TWINLOG_EDTF_H
#define TWINLOG_EDTF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twinlog/error.h"
#include "twinlog/limits.h"

enum edtf_precision { EDTF_NONE, EDTF_YEAR, EDTF_MONTH, EDTF_DAY }; /* finer is greater */

struct edtf {
	int32_t first; /* days since 1970-01-01, the interval's first */
	int32_t last;  /* and last day; without the widening by ~ */
	uint8_t precision;
	bool approximate;
};

/* TWINLOG_BAD_DATE. */
enum twinlog_error edtf_parse(const void *text, size_t size, struct edtf *ret_date) TWINLOG_MUST_CHECK;
/* Canonical text with NUL; returns its length. */
size_t edtf_format(const struct edtf *date, char out[TWINLOG_DATE_MAX]);
/* DOMAIN, "Matching": whether they intersect at the coarser of their precisions; ~ widens its date by one unit of its
 * own precision. */
bool edtf_match(const struct edtf *a, const struct edtf *b);
/* The interval with ~ applied, for filters. */
void edtf_span(const struct edtf *date, int32_t *ret_first, int32_t *ret_last);
int32_t edtf_days(int year, int month, int day); /* proleptic Gregorian, days since 1970-01-01 */
void edtf_from_days(int32_t days, int *ret_year, int *ret_month, int *ret_day);
/* What people and sheets write: 1993.7.1, 2018. 11. 15., 1993/7/1, 1993年7月1日, 2018년 11월, 1993-07, with ranges
 * ("2018.11.15~17", "2018-11-15 ~ 2018-11-17", "2018.11.30.-12.2"): to one or two dates. ret_end->precision is
 * EDTF_NONE for a single date. A trailing ~ after a single date means approximate. What could mean two things
 * (15/11/2018, 18.11.15) is TWINLOG_BAD_DATE, an end before its start TWINLOG_BAD_RANGE. */
enum twinlog_error edtf_parse_written(const void *text, size_t size, struct edtf *ret_start,
				      struct edtf *ret_end) TWINLOG_MUST_CHECK;

#endif
