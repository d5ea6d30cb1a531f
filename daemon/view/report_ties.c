/* Measures over ties and over cities. */
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "statistics.h"

static const struct tie *tie_of(struct report *report, const struct group *group, size_t index)
{
	if (index % 256 == 0)
		sample_breathe(&report->sample);
	return &report->ties[group->members[index]];
}

static const struct city *city_of(struct report *report, const struct group *group, size_t index)
{
	if (index % 256 == 0)
		sample_breathe(&report->sample);
	return &report->cities[group->members[index]];
}

/* Gini and the share of the lower half, of values in any order. */
static void inequality(struct report *report, int64_t *values, size_t count, struct cell *ret_gini,
		       struct cell *ret_half)
{
	int64_t least = 0, sum = 0;
	double gini = 0;
	bool defined;

	sample_sort(&report->sample, values, count, sizeof *values, statistics_order, NULL);
	defined = statistics_gini(values, count, &gini) && statistics_lorenz(values, count, 50, &least, &sum);
	*ret_gini = cell_real(gini, defined, 0);
	*ret_half = cell_share(least, sum, 0);
}

enum twinlog_error report_ties(struct report *report, const struct group *group, struct cell *cells)
{
	int64_t records = 0, events = 0, without = 0, years = 0, dated = 0;
	int64_t *values = sample_numbers(&report->sample, group->count);

	if (!values)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < group->count; i++) {
		const struct tie *tie = tie_of(report, group, i);

		values[i] = tie->events;
		records += tie->records;
		events = report_add(events, tie->events);
		dated = report_add(dated, tie->dated);
		without += tie->records == 0;
		years += tie->years;
	}
	cells[0] = cell_integer((int64_t)group->count, 0);
	cells[1] = cell_integer(records, 0);
	cells[2] = cell_integer(events, 0);
	cells[3] = cell_integer(without, 0);
	inequality(report, values, group->count, &cells[4], &cells[5]);
	cells[6] = cell_integer(years, (uint64_t)(events - dated));
	cells[7] = cell_rate(1, dated, years, (uint64_t)(events - dated));
	return TWINLOG_OK;
}

/* ---- Dormancy ---- */

enum pulse { PULSE_ACTIVE, PULSE_DORMANT, PULSE_NOT_KNOWN };

/* DOMAIN, "Coverage": "Dormancy and zero counts say 'not known' outside it." */
static bool is_covered(const struct report *report, const struct tie *tie, int32_t from)
{
	for (size_t i = 0; i < report->sample.coverages_count; i++) {
		const struct coverage *coverage = &report->sample.coverages[i];

		if (coverage->first <= from && coverage->last >= report->as_of &&
		    sample_holds(tie->cities, tie->cities_count, coverage->city) &&
		    (coverage->partner == NAME_NONE || sample_holds(tie->cities, tie->cities_count, coverage->partner)))
			return true;
	}
	return false;
}

static enum pulse pulse_of(const struct report *report, const struct tie *tie)
{
	const int32_t from = report_day_add(report->as_of, -(int)report->months);

	if (tie->last >= from && tie->last != INT32_MIN)
		return PULSE_ACTIVE;
	return is_covered(report, tie, from) ? PULSE_DORMANT : PULSE_NOT_KNOWN;
}

enum twinlog_error report_dormancy(struct report *report, const struct group *group, struct cell *cells)
{
	int64_t pulses[3] = {0}, never = 0, over = 0, *days = sample_numbers(&report->sample, group->count);
	int32_t last = INT32_MIN;
	size_t dated = 0;
	uint64_t left;
	double median = 0;
	bool defined;

	if (!days)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < group->count; i++) {
		const struct tie *tie = tie_of(report, group, i);

		if (report_tie_is_over(report, tie)) {
			over++;
			continue;
		}
		pulses[pulse_of(report, tie)]++;
		never += tie->records == 0;
		if (tie->last == INT32_MIN)
			continue;
		last = tie->last > last ? tie->last : last;
		days[dated++] = (int64_t)report->as_of - tie->last;
	}
	sample_sort(&report->sample, days, dated, sizeof *days, statistics_order, NULL);
	defined = statistics_median(days, dated, &median);
	left = group->count - (uint64_t)over - dated;
	cells[0] = cell_integer((int64_t)group->count - over, (uint64_t)over);
	cells[1] = cell_integer(pulses[PULSE_ACTIVE], 0);
	cells[2] = cell_integer(pulses[PULSE_DORMANT], 0);
	cells[3] = cell_integer(pulses[PULSE_NOT_KNOWN], 0);
	cells[4] = cell_integer(never, 0);
	cells[5] = cell_day(last, dated > 0, left);
	cells[6] = cell_real(median, defined, left);
	return TWINLOG_OK;
}

/* ---- Reciprocity ---- */

/* Fewer over more: fractions in ascending order, so that their sum is the same wherever it is taken. */
static int ratio_order(const void *left, const void *right, void *context)
{
	const double a = *(const double *)left, b = *(const double *)right;

	(void)context;
	return (a > b) - (a < b);
}

enum twinlog_error report_reciprocity(struct report *report, const struct group *group, struct cell *cells)
{
	double *ratios = calloc(group->count + 1, sizeof *ratios), sum = 0;
	int64_t forth = 0, back = 0, persons_forth = 0, persons_back = 0;
	uint64_t left_out = 0, silent = 0;
	size_t pairs = 0;

	if (!ratios)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < group->count; i++) {
		const struct tie *tie = tie_of(report, group, i);
		const int64_t fewer = tie->forth < tie->back ? tie->forth : tie->back;
		const int64_t more = tie->forth + tie->back - fewer;

		forth += tie->forth;
		back += tie->back;
		persons_forth = report_add(persons_forth, tie->persons_forth);
		persons_back = report_add(persons_back, tie->persons_back);
		silent += tie->persons_left_out;
		if (tie->forth + tie->back >= 2)
			ratios[pairs++] = (double)fewer / (double)more;
		else
			left_out++;
	}
	sample_sort(&report->sample, ratios, pairs, sizeof *ratios, ratio_order, NULL);
	for (size_t i = 0; i < pairs; i++)
		sum += ratios[i];
	free(ratios);
	cells[0] = cell_integer((int64_t)pairs, left_out);
	cells[1] = cell_real(pairs ? sum / (double)pairs : 0, pairs > 0, left_out);
	cells[2] = cell_integer(forth, 0);
	cells[3] = cell_integer(back, 0);
	cells[4] = cell_integer(persons_forth, silent);
	cells[5] = cell_integer(persons_back, silent);
	return TWINLOG_OK;
}

/* ---- Cities ---- */

enum twinlog_error report_cities(struct report *report, const struct group *group, struct cell *cells)
{
	int64_t *values = sample_numbers(&report->sample, group->count);
	int64_t records = 0, events = 0, without = 0, inhabitants = 0, counted = 0;
	uint64_t silent = 0;

	if (!values)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < group->count; i++) {
		const struct city *city = city_of(report, group, i);
		const int64_t population = sample_town(&report->sample, city->name)->population;

		values[i] = city->events;
		records += city->records;
		events = report_add(events, city->events);
		without += city->records == 0;
		if (population > 0) {
			inhabitants = report_add(inhabitants, population);
			counted = report_add(counted, city->events);
		} else {
			silent++;
		}
	}
	cells[0] = cell_integer((int64_t)group->count, 0);
	cells[1] = cell_integer(records, 0);
	cells[2] = cell_integer(events, 0);
	cells[3] = cell_integer(without, 0);
	inequality(report, values, group->count, &cells[4], &cells[5]);
	cells[6] = cell_rate(1000000, counted, inhabitants, silent);
	return TWINLOG_OK;
}

enum twinlog_error report_lorenz(struct report *report, const struct group *group, struct cell *cells)
{
	int64_t *values = sample_numbers(&report->sample, group->count);

	if (!values)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < group->count; i++)
		values[i] = city_of(report, group, i)->events;
	sample_sort(&report->sample, values, group->count, sizeof *values, statistics_order, NULL);
	for (unsigned step = 1; step <= 9; step++) {
		int64_t numerator = 0, denominator = 0;

		(void)statistics_lorenz(values, group->count, 10 * step, &numerator, &denominator);
		cells[step - 1] = cell_share(numerator, denominator, 0);
	}
	return TWINLOG_OK;
}

enum twinlog_error report_degree(struct report *report, const struct group *group, struct cell *cells)
{
	int64_t *values = sample_numbers(&report->sample, group->count);
	int64_t ties = 0, most = 0, several = 0, same = 0;
	struct cell half;

	if (!values)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < group->count; i++) {
		const struct city *city = city_of(report, group, i);

		values[i] = city->ties;
		ties += city->ties;
		most = city->ties > most ? city->ties : most;
		several += city->ties >= 2;
		same += city->same_province;
	}
	cells[0] = cell_integer((int64_t)group->count, 0);
	cells[1] = cell_integer(ties, 0);
	cells[2] = cell_rate(1, ties, (int64_t)group->count, 0);
	cells[3] = cell_integer(most, 0);
	cells[4] = cell_share(several, (int64_t)group->count, 0);
	inequality(report, values, group->count, &cells[5], &half);
	cells[6] = cell_integer(same, 0);
	return TWINLOG_OK;
}
