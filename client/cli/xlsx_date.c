#include "xlsx_date.h"

#include <math.h>
#include <string.h>
#include <strings.h>

#define UNIX_DAY      25569   /* 1970-01-01 in the system from 1900 */
#define LEAP_DAY      60      /* 1900-02-29, which Excel counts */
#define LAST_DAY      2958465 /* 9999-12-31 */
#define SYSTEMS_APART 1462

/* What a format's letters show. A month and a minute share a letter: it is a minute beside hours or seconds. */
struct shown {
	bool year, month, day, time;
	bool after_hour; /* the last pattern was an hour */
	bool minute;     /* the last was an m that may still turn out to be a minute */
};

static void letter(struct shown *shown, char c)
{
	const bool after_hour = shown->after_hour, minute = shown->minute;

	shown->after_hour = shown->minute = false;
	switch (c) {
	case 'y':
	case 'e': /* year of an era */
	case 'b': /* Buddhist */
		shown->year = true;
		break;
	case 'd':
		shown->day = true;
		break;
	case 'h':
		shown->time = shown->after_hour = true;
		break;
	case 's':
		shown->time = true;
		if (minute)
			shown->month = false;
		break;
	case 'm':
		if (after_hour)
			break;
		shown->minute = !shown->month;
		shown->month = true;
		break;
	default:
		break;
	}
}

/* Past what is no pattern; 0: a pattern stands here. */
static size_t literal(const char *code)
{
	static const char *const words[] = {"General", "AM/PM", "A/P", "上午/下午", "오전/오후"};
	const char *end;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strncasecmp(code, words[i], strlen(words[i])) == 0)
			return strlen(words[i]);
	switch (*code) {
	case '"':
		end = strchr(code + 1, '"');
		return end ? (size_t)(end - code) + 1 : strlen(code);
	case '\\':
	case '_':
	case '*':
		return code[1] ? 2 : 1;
	case '[':
		end = strchr(code, ']');
		/* [h] is a time that passes 24 hours; others are colours, conditions, languages. */
		if (end && strchr("hmsHMS", code[1]))
			return 0;
		return end ? (size_t)(end - code) + 1 : strlen(code);
	case '0':
	case '#':
	case '?':
		/* 0.00E+00 has an E of its own */
		return strspn(code, "0#?.,") + (strncasecmp(code + strspn(code, "0#?.,"), "e+", 2) == 0 ? 2 : 0);
	default:
		return 0;
	}
}

static char lower(char c)
{
	if (c >= 'A' && c <= 'Z')
		return (char)(c - 'A' + 'a');
	return c;
}

enum edtf_precision xlsx_format_precision(const char *code)
{
	struct shown shown = {0};
	char last = 0;

	/* The first section is that of positive numbers. */
	while (*code && *code != ';') {
		const size_t skip = literal(code);
		const char c = lower(*code);

		if (skip == 0 && c != last && strchr("yebdhsm", c))
			letter(&shown, c);
		last = c;
		if (skip)
			last = 0;
		code += skip ? skip : 1;
	}
	if (shown.day)
		return EDTF_DAY;
	if (shown.year)
		return shown.month ? EDTF_MONTH : EDTF_YEAR;
	return shown.month && !shown.time ? EDTF_MONTH : EDTF_NONE;
}

enum edtf_precision xlsx_builtin_precision(unsigned id, bool *ret_doubtful)
{
	static const unsigned months_in_china[] = {27, 36, 50, 52, 57};

	*ret_doubtful = false;
	for (size_t i = 0; i < sizeof months_in_china / sizeof *months_in_china; i++)
		*ret_doubtful = *ret_doubtful || id == months_in_china[i];
	if (id == 17)
		return EDTF_MONTH;
	if ((id >= 14 && id <= 16) || id == 22 || (id >= 27 && id <= 36) || (id >= 50 && id <= 58))
		return EDTF_DAY;
	return EDTF_NONE;
}

enum twinlog_error xlsx_day(double number, bool from_1904, struct edtf *ret_date)
{
	const double day = floor(number) + (from_1904 ? SYSTEMS_APART : 0);
	struct edtf date = {.precision = EDTF_DAY};

	/* Below 1 stands a time of day. */
	if (!(day >= 1 && day <= LAST_DAY) || (!from_1904 && day == LEAP_DAY))
		return TWINLOG_BAD_DATE;
	date.first = (int)day - UNIX_DAY + (day < LEAP_DAY ? 1 : 0);
	date.last = date.first;
	*ret_date = date;
	return TWINLOG_OK;
}
