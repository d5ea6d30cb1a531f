/* Figures, and the days that some of them hang on. */
#include <math.h>

#include "report.h"

struct cell cell_integer(int64_t value, uint64_t left_out)
{
	return (struct cell){.kind = TWINLOG__CELL_KIND__CELL_INTEGER, .integer = value, .left_out = left_out};
}

struct cell cell_day(int32_t day, bool known, uint64_t left_out)
{
	return (struct cell){.kind = known ? TWINLOG__CELL_KIND__CELL_DATE : TWINLOG__CELL_KIND__CELL_NONE,
			     .integer = known ? day : 0,
			     .left_out = left_out};
}

struct cell cell_rate(double factor, int64_t numerator, int64_t denominator, uint64_t left_out)
{
	struct cell cell = {.numerator = numerator, .denominator = denominator, .left_out = left_out};

	if (denominator == 0)
		return cell;
	cell.kind = TWINLOG__CELL_KIND__CELL_REAL;
	cell.real = factor * (double)numerator / (double)denominator;
	return cell;
}

struct cell cell_share(int64_t numerator, int64_t denominator, uint64_t left_out)
{
	return cell_rate(1, numerator, denominator, left_out);
}

struct cell cell_real(double value, bool defined, uint64_t left_out)
{
	const bool sound = defined && isfinite(value);

	return (struct cell){.kind = sound ? TWINLOG__CELL_KIND__CELL_REAL : TWINLOG__CELL_KIND__CELL_NONE,
			     .real = sound ? value : 0,
			     .left_out = left_out};
}

int32_t report_day_add(int32_t day, int months)
{
	static const int lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	int year, month, of_month, length;

	edtf_from_days(day, &year, &month, &of_month);
	month += months - 1;
	year += month / 12 - (month % 12 < 0);
	month = (month % 12 + 12) % 12;
	length = lengths[month] + (month == 1 && (year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)));
	return edtf_days(year, month + 1, of_month < length ? of_month : length);
}
