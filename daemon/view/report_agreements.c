/* Measures over agreements, and over all records. */
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "statistics.h"

enum twinlog_error report_agreements(struct report *report, const struct group *group, struct cell *cells)
{
	struct sample *sample = &report->sample;
	const uint32_t county = sample_text(sample, "county_level", 12), district = sample_text(sample, "district", 8);
	int64_t low = 0, levelled = 0, ties = 0, *names = sample_numbers(sample, group->count);
	int32_t first = INT32_MAX, last = INT32_MIN;
	size_t named = 0;
	uint64_t undated = 0;

	if (!names)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < group->count; i++) {
		const struct item *item = report_item(report, group, i);
		uint32_t cities[TWINLOG_RECORD_CITIES_MAX], levels[SAMPLE_VALUES_MAX], tie[SAMPLE_VALUES_MAX];
		const size_t cities_count = sample_cities(sample, item, cities);
		const size_t count = sample_place_values(sample, cities, cities_count, DIMENSION_LEVEL, levels);
		int32_t from, to;

		if (sample_ties(sample, item, tie) > 0)
			names[named++] = tie[0];
		if (sample_span(item, &from, &to)) {
			first = from < first ? from : first;
			last = to > last ? to : last;
		} else {
			undated++;
		}
		levelled += count > 0;
		low += sample_holds(levels, count, county) || sample_holds(levels, count, district);
	}
	sample_sort(sample, names, named, sizeof *names, statistics_order, NULL);
	for (size_t i = 0; i < named; i++)
		ties += i == 0 || names[i] != names[i - 1];
	last = last < report->as_of ? last : report->as_of;
	cells[0] = cell_integer((int64_t)group->count, 0);
	cells[1] = cell_integer(ties, group->count - named);
	cells[2] = cell_day(first, undated < group->count, undated);
	cells[3] = cell_day(last, undated < group->count, undated);
	cells[4] = cell_share(low, levelled, group->count - (uint64_t)levelled);
	return TWINLOG_OK;
}

/* ---- Dates ---- */

/* How often the sources of one agreement could have disagreed, and whether they did. */
struct dates {
	bool by_both, match;         /* two parties date it */
	bool by_sources, contradict; /* two sources date the same kind of tie */
	bool by_party, against;      /* a party dates it and somebody is quoted */
};

static void compare_dates(const struct source_word *a, const struct source_word *b, struct dates *dates)
{
	const bool match = edtf_match(&a->date, &b->date);

	if (a->own && b->own) {
		dates->match = dates->by_both ? dates->match && match : match;
		dates->by_both = true;
	}
	if (a->relation != b->relation)
		return;
	dates->by_sources = true;
	dates->contradict |= !match;
	if (a->own != b->own) {
		dates->by_party = true;
		dates->against |= !match;
	}
}

enum twinlog_error report_dates(struct report *report, const struct group *group, struct cell *cells)
{
	int64_t both = 0, match = 0, sources = 0, contradict = 0, party = 0, against = 0;

	for (size_t i = 0; i < group->count; i++) {
		struct source_word words[SOURCES_MAX];
		const size_t count = sample_sources(&report->sample, report_item(report, group, i), words);
		struct dates dates = {0};

		for (size_t a = 0; a < count; a++)
			for (size_t b = a + 1; b < count; b++)
				if (words[a].date.precision != EDTF_NONE && words[b].date.precision != EDTF_NONE)
					compare_dates(&words[a], &words[b], &dates);
		both += dates.by_both;
		match += dates.match;
		sources += dates.by_sources;
		contradict += dates.contradict;
		party += dates.by_party;
		against += dates.against;
	}
	cells[0] = cell_integer(both, group->count - (uint64_t)both);
	cells[1] = cell_share(match, both, group->count - (uint64_t)both);
	cells[2] = cell_integer(sources, group->count - (uint64_t)sources);
	cells[3] = cell_share(contradict, sources, group->count - (uint64_t)sources);
	cells[4] = cell_share(against, party, group->count - (uint64_t)party);
	return TWINLOG_OK;
}

enum twinlog_error report_mutual(struct report *report, const struct group *group, struct cell *cells)
{
	int64_t said = 0, mutual = 0;
	uint64_t unsaid = 0;

	for (size_t i = 0; i < group->count; i++) {
		struct source_word words[SOURCES_MAX];
		uint32_t cities[SOURCES_MAX];
		const size_t count = sample_sources(&report->sample, report_item(report, group, i), words);
		int64_t speakers = 0;

		for (size_t w = 0; w < count; w++)
			if (words[w].city != NAME_NONE && !sample_holds(cities, (size_t)speakers, words[w].city))
				cities[speakers++] = words[w].city;
		said += speakers;
		mutual += speakers > 1 ? speakers : 0;
		unsaid += speakers == 0;
	}
	cells[0] = cell_integer(said, unsaid);
	cells[1] = cell_share(mutual, said, unsaid);
	return TWINLOG_OK;
}

/* ---- What comes due ---- */

static void take_renewal(struct sample *sample, const struct item *item, const struct detail *detail, void *context)
{
	int64_t *day = context;

	(void)sample;
	(void)item;
	*day = detail->n;
}

/* Whether a round anniversary (each five years) falls into the twelve months from the day asked for on. */
static bool has_anniversary(const struct report *report, const struct item *item)
{
	const struct edtf *date = &item->facts->start;
	const int32_t until = report_day_add(report->as_of, 12);
	int year, month, day, began, unused;

	edtf_from_days(report->as_of, &year, &unused, &unused);
	edtf_from_days(date->first, &began, &month, &day);
	for (int in = year; in <= year + 1; in++) {
		const int months = 12 * (in - began);

		if (in <= began || (in - began) % 5 != 0)
			continue;
		if (report_day_add(date->first, months) < until && report_day_add(date->last, months) >= report->as_of)
			return true;
	}
	return false;
}

enum twinlog_error report_renewals(struct report *report, const struct group *group, struct cell *cells)
{
	const int32_t until = report_day_add(report->as_of, 12);
	int64_t overdue = 0, due = 0, anniversaries = 0;
	uint64_t without = 0, undated = 0, over = 0;

	for (size_t i = 0; i < group->count; i++) {
		const struct item *item = report_item(report, group, i);
		int64_t renewal = INT64_MIN;

		if (report->over[group->members[i]]) {
			over++;
			continue;
		}
		sample_details(&report->sample, item, DETAIL_RENEWAL, take_renewal, &renewal);
		without += renewal == INT64_MIN;
		overdue += renewal != INT64_MIN && renewal < report->as_of;
		due += renewal >= report->as_of && renewal < until;
		if (item->facts->start.precision == EDTF_NONE)
			undated++;
		else
			anniversaries += has_anniversary(report, item);
	}
	cells[0] = cell_integer(overdue, without + over);
	cells[1] = cell_integer(due, without + over);
	cells[2] = cell_integer(anniversaries, undated + over);
	return TWINLOG_OK;
}

/* ---- Steps ---- */

/* Of all sources on a tie: the firmest kind of tie and its first day, and the first day of a looser one. */
struct steps {
	int top;
	bool several;
	struct edtf firm, loose; /* EDTF_NONE: no date */
};

static void earliest(struct edtf *date, const struct edtf *other)
{
	if (other->precision != EDTF_NONE && (date->precision == EDTF_NONE || other->first < date->first))
		*date = *other;
}

static void take_steps(struct report *report, const struct tie *tie, struct steps *steps)
{
	struct source_word words[SOURCES_MAX];

	steps->top = -1;
	/* Twice: the firmest kind has to be known before the others are looser. */
	for (int round = 0; round < 2; round++)
		for (uint32_t item = tie->agreement; item != ITEM_NONE; item = report->next[item]) {
			const size_t count = sample_sources(&report->sample, &report->sample.items[item], words);

			for (size_t w = 0; w < count; w++) {
				const int rank = sample_rank(&report->sample, words[w].relation);

				if (round == 0) {
					steps->top = rank > steps->top ? rank : steps->top;
				} else if (rank == steps->top) {
					earliest(&steps->firm, &words[w].date);
				} else {
					steps->several = true;
					earliest(&steps->loose, &words[w].date);
				}
			}
		}
}

enum twinlog_error report_raised(struct report *report, const struct group *group, struct cell *cells)
{
	int64_t raised = 0, *months = sample_numbers(&report->sample, group->count);
	uint64_t undated = 0;
	double median = 0;
	bool defined;

	if (!months)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < group->count; i++) {
		struct steps steps = {0};
		int from[3], to[3];

		if (i % 256 == 0)
			sample_breathe(&report->sample);
		take_steps(report, &report->ties[group->members[i]], &steps);
		if (!steps.several)
			continue;
		if (steps.firm.precision == EDTF_NONE || steps.loose.precision == EDTF_NONE) {
			undated++;
			continue;
		}
		if (steps.loose.first >= steps.firm.first)
			continue;
		edtf_from_days(steps.loose.first, &from[0], &from[1], &from[2]);
		edtf_from_days(steps.firm.first, &to[0], &to[1], &to[2]);
		months[raised++] = 12 * (to[0] - from[0]) + to[1] - from[1];
	}
	sample_sort(&report->sample, months, (size_t)raised, sizeof *months, statistics_order, NULL);
	defined = statistics_median(months, (size_t)raised, &median);
	cells[0] = cell_share(raised, (int64_t)group->count, undated);
	cells[1] = cell_real(median, defined, undated);
	return TWINLOG_OK;
}

/* ---- Quality ---- */

enum twinlog_error report_quality(struct report *report, const struct group *group, struct cell *cells)
{
	int64_t states[8] = {0}, shown = 0, reported = 0, duplicates = 0;
	int64_t answered;

	for (size_t i = 0; i < group->count; i++) {
		const struct item *item = report_item(report, group, i);

		duplicates += report->duplicates[group->members[i]];
		if (item->state == TWINLOG__RECORD_STATE__STATE_REPORTED) {
			reported++;
			continue;
		}
		if (sample_parties(&report->sample, item) < 2)
			continue;
		shown++;
		states[item->state & 7]++;
	}
	answered = states[TWINLOG__RECORD_STATE__STATE_AGREED] + states[TWINLOG__RECORD_STATE__STATE_DIFFERS] +
		   states[TWINLOG__RECORD_STATE__STATE_DENIED];
	cells[0] = cell_integer(shown, group->count - (uint64_t)shown);
	cells[1] = cell_share(answered, shown, 0);
	cells[2] = cell_share(states[TWINLOG__RECORD_STATE__STATE_AGREED], shown, 0);
	cells[3] = cell_share(states[TWINLOG__RECORD_STATE__STATE_DIFFERS], shown, 0);
	cells[4] = cell_share(states[TWINLOG__RECORD_STATE__STATE_DENIED], shown, 0);
	cells[5] = cell_share(states[TWINLOG__RECORD_STATE__STATE_ONE_SIDED], shown, 0);
	cells[6] = cell_integer(reported, 0);
	cells[7] = cell_integer(duplicates, 0);
	return TWINLOG_OK;
}
