#include "edtf.h"

#include <stdio.h>

#include "edtf_parts.h"

/* Days from civil and back, in eras of 400 years that begin on 1 March, so that the leap day ends a year. */
#define ERA_DAYS   146097
#define EPOCH_DAYS 719468 /* from 0000-03-01 to 1970-01-01 */

int32_t edtf_days(int year, int month, int day)
{
	int shifted = month <= 2 ? year - 1 : year;
	int era = (shifted >= 0 ? shifted : shifted - 399) / 400;
	int year_of_era = shifted - era * 400;
	int day_of_year = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1;
	int day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
	return era * ERA_DAYS + day_of_era - EPOCH_DAYS;
}

void edtf_from_days(int32_t days, int *ret_year, int *ret_month, int *ret_day)
{
	int64_t shifted = (int64_t)days + EPOCH_DAYS;
	int64_t era = (shifted >= 0 ? shifted : shifted - (ERA_DAYS - 1)) / ERA_DAYS;
	int day_of_era = (int)(shifted - era * ERA_DAYS);
	int year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / (ERA_DAYS - 1)) / 365;
	int day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int month = (5 * day_of_year + 2) / 153;
	*ret_day = day_of_year - (153 * month + 2) / 5 + 1;
	*ret_month = month < 10 ? month + 3 : month - 9;
	*ret_year = (int)(year_of_era + era * 400) + (*ret_month <= 2 ? 1 : 0);
}

static int month_days(int year, int month)
{
	static const int8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
	return month == 2 && leap ? 29 : days[month - 1];
}

enum twinlog_error edtf_make(const int parts[3], enum edtf_precision precision, bool approximate, struct edtf *ret_date)
{
	int year = parts[0];
	if (precision == EDTF_NONE || year < 1000 || year > 9999)
		return TWINLOG_BAD_DATE;
	int first_month = 1, last_month = 12;
	if (precision >= EDTF_MONTH) {
		if (parts[1] < 1 || parts[1] > 12)
			return TWINLOG_BAD_DATE;
		first_month = last_month = parts[1];
	}
	int first_day = 1, last_day = month_days(year, last_month);
	if (precision == EDTF_DAY) {
		if (parts[2] < 1 || parts[2] > last_day)
			return TWINLOG_BAD_DATE;
		first_day = last_day = parts[2];
	}
	*ret_date = (struct edtf){.first = edtf_days(year, first_month, first_day),
				  .last = edtf_days(year, last_month, last_day),
				  .precision = (uint8_t)precision,
				  .approximate = approximate};
	return TWINLOG_OK;
}

static bool take_digits(const char *text, size_t count, int *ret_number)
{
	int number = 0;
	for (size_t i = 0; i < count; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (text[i] - '0');
	}
	*ret_number = number;
	return true;
}

enum twinlog_error edtf_parse(const void *text, size_t size, struct edtf *ret_date)
{
	const char *at = text;
	bool approximate = size > 0 && at[size - 1] == '~';
	if (approximate)
		size--;
	int parts[3] = {0, 0, 0};
	enum edtf_precision precision = size == 4 ? EDTF_YEAR : size == 7 ? EDTF_MONTH : EDTF_DAY;
	if (size != 4 && size != 7 && size != 10)
		return TWINLOG_BAD_DATE;
	if (!take_digits(at, 4, &parts[0]))
		return TWINLOG_BAD_DATE;
	if (precision >= EDTF_MONTH && (at[4] != '-' || !take_digits(at + 5, 2, &parts[1])))
		return TWINLOG_BAD_DATE;
	if (precision == EDTF_DAY && (at[7] != '-' || !take_digits(at + 8, 2, &parts[2])))
		return TWINLOG_BAD_DATE;
	return edtf_make(parts, precision, approximate, ret_date);
}

size_t edtf_format(const struct edtf *date, char out[TWINLOG_DATE_MAX])
{
	int year, month, day, length = 0;
	edtf_from_days(date->first, &year, &month, &day);
	const char *mark = date->approximate ? "~" : "";
	out[0] = '\0';
	if (date->precision == EDTF_YEAR)
		length = snprintf(out, TWINLOG_DATE_MAX, "%04d%s", year, mark);
	else if (date->precision == EDTF_MONTH)
		length = snprintf(out, TWINLOG_DATE_MAX, "%04d-%02d%s", year, month, mark);
	else if (date->precision == EDTF_DAY)
		length = snprintf(out, TWINLOG_DATE_MAX, "%04d-%02d-%02d%s", year, month, day, mark);
	return length > 0 ? (size_t)length : 0;
}

/* The first and the last day of the unit, moved by some units, that a day lies in. */
static int32_t unit_first(int32_t days, uint8_t precision, int moved)
{
	int year, month, day;
	edtf_from_days(days, &year, &month, &day);
	if (precision == EDTF_YEAR)
		return edtf_days(year + moved, 1, 1);
	if (precision == EDTF_MONTH) {
		int months = year * 12 + month - 1 + moved;
		return edtf_days(months / 12, months % 12 + 1, 1);
	}
	return days + moved;
}

static int32_t unit_last(int32_t days, uint8_t precision, int moved)
{
	return unit_first(days, precision, moved + 1) - 1;
}

void edtf_span(const struct edtf *date, int32_t *ret_first, int32_t *ret_last)
{
	*ret_first = date->approximate ? unit_first(date->first, date->precision, -1) : date->first;
	*ret_last = date->approximate ? unit_last(date->last, date->precision, 1) : date->last;
}

bool edtf_match(const struct edtf *a, const struct edtf *b)
{
	if (a->precision == EDTF_NONE || b->precision == EDTF_NONE)
		return false;
	uint8_t coarser = a->precision < b->precision ? a->precision : b->precision;
	int32_t a_first, a_last, b_first, b_last;
	edtf_span(a, &a_first, &a_last);
	edtf_span(b, &b_first, &b_last);
	return unit_first(a_first, coarser, 0) <= unit_last(b_last, coarser, 0) &&
	       unit_first(b_first, coarser, 0) <= unit_last(a_last, coarser, 0);
}
