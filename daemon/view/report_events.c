/* Measures over events. */
#include <stdlib.h>
#include <string.h>

#include "report.h"
#include "statistics.h"

enum twinlog_error report_events(struct report *report, const struct group *group, struct cell *cells)
{
	int64_t events = 0, participants = 0;
	uint64_t silent = 0, undated = 0;
	int32_t first = INT32_MAX, last = INT32_MIN;

	for (size_t i = 0; i < group->count; i++) {
		const struct item *item = report_item(report, group, i);
		const struct tally tally = sample_tally(&report->sample, item);

		events = report_add(events, sample_weight(&report->sample, item));
		participants = report_add(participants, report_persons(&tally));
		silent += tally.silent;
		undated += tally.undated;
		first = tally.first < first ? tally.first : first;
		last = tally.last > last ? tally.last : last;
	}
	last = last < report->as_of ? last : report->as_of;
	cells[0] = cell_integer((int64_t)group->records, 0);
	cells[1] = cell_integer(events, 0);
	cells[2] = cell_integer(participants, silent);
	cells[3] = cell_day(first, undated < group->records, undated);
	cells[4] = cell_day(last, undated < group->records, undated);
	return TWINLOG_OK;
}

/* ---- Variety ---- */

/* How many records have each value: a record counts in each of its values. *ret_counts is room of the sample. */
static enum twinlog_error count_values(struct report *report, const struct group *group, enum dimension dimension,
				       int64_t **ret_counts, size_t *ret_size, uint64_t *ret_without)
{
	uint32_t values[SAMPLE_VALUES_MAX];
	size_t size = 0;
	int64_t *counts = NULL;

	*ret_without = 0;
	for (size_t i = 0; i < group->count; i++) {
		const struct item *item = report_item(report, group, i);
		const int64_t records = sample_count(&report->sample, item);
		const size_t count = sample_values(&report->sample, item, dimension, values);

		*ret_without += count == 0 ? (uint64_t)records : 0;
		for (size_t v = 0; v < count; v++) {
			if (values[v] >= size) {
				const size_t grown = (size_t)values[v] + 64;

				counts = sample_numbers(&report->sample, grown);
				if (!counts)
					return TWINLOG_NO_MEMORY;
				memset(counts + size, 0, (grown - size) * sizeof *counts);
				size = grown;
			}
			counts[values[v]] += records;
		}
	}
	*ret_counts = counts;
	*ret_size = size;
	return TWINLOG_OK;
}

static enum twinlog_error diversity(struct report *report, const struct group *group, enum dimension dimension,
				    struct cell *cells)
{
	struct diversity found;
	int64_t *counts;
	size_t size;
	uint64_t without;
	enum twinlog_error error = count_values(report, group, dimension, &counts, &size, &without);

	if (error)
		return error;
	found = statistics_diversity(counts, size);
	cells[0] = cell_integer((int64_t)found.entries, without);
	cells[1] = cell_integer((int64_t)found.categories, without);
	cells[2] = cell_real(found.shannon, found.entries > 0, without);
	cells[3] = cell_real(found.evenness, found.categories > 1, without);
	cells[4] = cell_real(found.effective, found.entries > 0, without);
	cells[5] = cell_real(found.simpson, found.entries > 0, without);
	return TWINLOG_OK;
}

enum twinlog_error report_fields(struct report *report, const struct group *group, struct cell *cells)
{
	return diversity(report, group, DIMENSION_FIELD, cells);
}

enum twinlog_error report_actors(struct report *report, const struct group *group, struct cell *cells)
{
	return diversity(report, group, DIMENSION_ACTOR_LEVEL, cells);
}

enum twinlog_error report_forms(struct report *report, const struct group *group, struct cell *cells)
{
	static const char *const names[] = {"agreement_signing", "delegation_visit", "anniversary_ceremony"};
	struct sample *sample = &report->sample;
	int64_t ceremonial = 0, with = 0;

	for (size_t i = 0; i < group->count; i++) {
		const struct item *item = report_item(report, group, i);
		const int64_t records = sample_count(sample, item);
		size_t size;
		const char *form = sample_name_text(sample, sample_name(sample, item, item->facts->form), &size);

		with += size > 0 ? records : 0;
		for (size_t n = 0; n < sizeof names / sizeof *names; n++)
			ceremonial += strcmp(form, names[n]) == 0 ? records : 0;
	}
	cells[6] = cell_share(ceremonial, with, group->records - (uint64_t)with);
	return diversity(report, group, DIMENSION_FORM, cells);
}

/* ---- Society, publicity, friction ---- */

struct private_count {
	int64_t value;
	bool stated;
};

static void count_private(struct sample *sample, const struct item *item, const struct detail *detail, void *context)
{
	struct private_count *found = context;

	(void)sample;
	(void)item;
	found->value = report_add(found->value, detail->n);
	found->stated = true;
}

enum twinlog_error report_society(struct report *report, const struct group *group, struct cell *cells)
{
	struct sample *sample = &report->sample;
	const uint32_t social = sample_text(sample, "social", 6);
	int64_t with_actor = 0, with_social = 0, persons = 0, social_persons = 0, private = 0, whole = 0;
	uint64_t unsaid_actor = 0, unsaid_persons = 0, unsaid_private = 0;

	for (size_t i = 0; i < group->count; i++) {
		const struct item *item = report_item(report, group, i);
		const struct tally tally = sample_tally(sample, item);
		const int64_t total = report_persons(&tally);
		struct private_count part = {0};
		uint32_t levels[SAMPLE_VALUES_MAX];
		const size_t count = sample_values(sample, item, DIMENSION_ACTOR_LEVEL, levels);
		const bool is_social = sample_holds(levels, count, social);

		with_actor += count > 0 ? tally.records : 0;
		with_social += is_social ? tally.records : 0;
		unsaid_actor += count == 0 ? tally.records : 0;
		persons = report_add(persons, count > 0 ? total : 0);
		social_persons = report_add(social_persons, is_social ? total : 0);
		unsaid_persons += count > 0 ? tally.silent : tally.records;
		/* Who states it is an item by itself. */
		sample_details(sample, item, DETAIL_PRIVATE, count_private, &part);
		if (part.stated && tally.silent == 0) {
			private = report_add(private, part.value);
			whole = report_add(whole, total);
		} else {
			unsaid_private += tally.records;
		}
	}
	cells[0] = cell_share(with_social, with_actor, unsaid_actor);
	cells[1] = cell_share(social_persons, persons, unsaid_persons);
	cells[2] = cell_share(private, whole, unsaid_private);
	return TWINLOG_OK;
}

/* The channels of one event. */
struct channels {
	uint32_t none; /* the code that says that there is no publicity */
	uint32_t sides[TWINLOG_LIST_MAX];
	size_t sides_count;
	int64_t first; /* day of the first publication; INT64_MAX */
	bool open;
	bool said; /* a channel is named, if only to say that there was none */
};

static void take_channel(struct sample *sample, const struct item *item, const struct detail *detail, void *context)
{
	struct channels *channels = context;

	(void)sample;
	(void)item;
	channels->said |= detail->a != NAME_NONE;
	if (detail->a == channels->none || detail->a == NAME_NONE)
		return;
	channels->open = true;
	if (detail->b != NAME_NONE && channels->sides_count < TWINLOG_LIST_MAX &&
	    !sample_holds(channels->sides, channels->sides_count, detail->b))
		channels->sides[channels->sides_count++] = detail->b;
	if (detail->n != INT64_MIN && detail->n < channels->first)
		channels->first = detail->n;
}

enum twinlog_error report_publicity(struct report *report, const struct group *group, struct cell *cells)
{
	struct sample *sample = &report->sample;
	const uint32_t none = sample_text(sample, "none", 4);
	int64_t open = 0, both = 0, said = 0, *days = sample_numbers(sample, group->count);
	size_t dated = 0;
	double median = 0;
	bool defined;

	if (!days)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < group->count; i++) {
		const struct item *item = report_item(report, group, i);
		const struct edtf *start = &item->facts->start, *end = &item->facts->end;
		const struct edtf *date = end->precision != EDTF_NONE ? end : start;
		const bool precise = date->precision == EDTF_DAY && !date->approximate;
		struct channels channels = {.none = none, .first = INT64_MAX};
		int32_t first, last;

		sample_united(sample, item, DETAIL_PUBLICITY, take_channel, &channels);
		said += channels.said;
		open += channels.open;
		both += channels.sides_count >= 2;
		if (precise && channels.first != INT64_MAX && sample_span(item, &first, &last))
			days[dated++] = channels.first - last;
	}
	sample_sort(sample, days, dated, sizeof *days, statistics_order, NULL);
	defined = statistics_median(days, dated, &median);
	/* Silence is not the word that nobody was told. */
	cells[0] = cell_share(open, said, group->records - (uint64_t)said);
	cells[1] = cell_share(both, said, group->records - (uint64_t)said);
	cells[2] = cell_real(median, defined, (uint64_t)open - dated);
	return TWINLOG_OK;
}

struct frictions {
	bool tagged;
	bool said; /* if only that there was none */
};

static void take_friction(struct sample *sample, const struct item *item, const struct detail *detail, void *context)
{
	struct frictions *found = context;

	(void)item;
	found->said |= detail->a != NAME_NONE;
	found->tagged |= detail->a != NAME_NONE && detail->a != sample_text(sample, "none", 4);
}

enum twinlog_error report_friction(struct report *report, const struct group *group, struct cell *cells)
{
	struct sample *sample = &report->sample;
	static const char field[] = "economy_trade_investment";
	const uint32_t economy = sample_text(sample, field, sizeof field - 1);
	int64_t friction = 0, economic = 0, with = 0;
	uint64_t unsaid = 0;

	for (size_t i = 0; i < group->count; i++) {
		const struct item *item = report_item(report, group, i);
		const int64_t records = sample_count(sample, item);
		uint32_t fields[SAMPLE_VALUES_MAX];
		const size_t count = sample_values(sample, item, DIMENSION_FIELD, fields);
		struct frictions found = {0};

		sample_united(sample, item, DETAIL_FRICTION, take_friction, &found);
		friction += found.tagged;
		unsaid += found.said ? 0 : (uint64_t)records;
		with += count > 0 ? records : 0;
		economic += sample_holds(fields, count, economy) ? records : 0;
	}
	cells[0] = cell_integer(friction, unsaid);
	cells[1] = cell_integer(economic, group->records - (uint64_t)with);
	cells[2] = cell_rate(100, friction, economic, group->records - (uint64_t)with);
	cells[3] = cell_share(economic, with, group->records - (uint64_t)with);
	return TWINLOG_OK;
}

enum twinlog_error report_multilateral(struct report *report, const struct group *group, struct cell *cells)
{
	int64_t many = 0;

	for (size_t i = 0; i < group->count; i++) {
		const struct item *item = report_item(report, group, i);
		uint32_t cities[TWINLOG_RECORD_CITIES_MAX];

		if (sample_cities(&report->sample, item, cities) >= 3)
			many += sample_count(&report->sample, item);
	}
	cells[0] = cell_integer((int64_t)group->records, 0);
	cells[1] = cell_share(many, (int64_t)group->records, 0);
	return TWINLOG_OK;
}
