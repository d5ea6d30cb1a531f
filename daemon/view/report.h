/* Reports: what each measure is over a group of members. Shared by the files that work measures out. Knows sample.h.
 *
 *     sample --items--> ties, cities   members of the measure's unit
 *     members --values of the dimensions--> groups --measure--> cells */
#ifndef TWINLOG_REPORT_H
#define TWINLOG_REPORT_H

#include "sample.h"

struct cell {
	uint32_t kind; /* CellKind */
	int64_t integer;
	double real;
	int64_t numerator, denominator;
	uint64_t left_out;
};

/* A set of parties. */
struct tie {
	uint32_t name; /* "A B", the ids in order */
	uint32_t cities[TWINLOG_RECORD_CITIES_MAX];
	uint32_t cities_count;
	uint32_t agreement; /* an item; further ones by report.next; ITEM_NONE */
	int64_t records, events;
	int64_t dated;       /* of the events */
	int64_t years;       /* in which it had an event */
	int32_t last;        /* day of its last event, up to the day asked for; INT32_MIN: none dated */
	int64_t forth, back; /* directed records, from the first city to the second and the other way */
	int64_t persons_forth, persons_back;
	uint64_t persons_left_out;
};

/* A city that is looked at. */
struct city {
	uint32_t name;
	int64_t records, events;
	int64_t ties;
	bool same_province; /* several of its ties lead into one subdivision */
};

struct report {
	struct sample sample;
	enum measure measure;
	enum measure_unit unit;
	enum dimension by[DIMENSIONS_MAX];
	size_t by_count, always_count;
	int32_t as_of; /* day */
	uint32_t months;
	struct tie *ties;
	size_t ties_count, ties_capacity;
	struct city *cities;
	size_t cities_count, cities_capacity;
	uint32_t *index; /* by name: one more than the tie's or city's place; 0: none */
	uint32_t index_capacity;
	uint32_t *next;      /* by item: the next agreement of its tie */
	uint64_t outside;    /* events of no tie or city */
	uint8_t *duplicates; /* by item: 1 when another record may tell of the same */
	uint8_t *over;       /* by item: 1 when it is an agreement that nothing comes due of any more */
};

/* Members of the unit: items, ties or cities by their place. */
struct group {
	const uint32_t *members;
	size_t count;
	uint64_t records;     /* items: how many they stand for; else as count */
	const uint32_t *keys; /* values of the dimensions */
};

/* The item at this place of a group of items. Members of a group lie far apart, so those that come soon are fetched
 * meanwhile: waiting for them was most of what a report of a million records cost. Now and then the node goes on. */
static inline const struct item *report_item(struct report *report, const struct group *group, size_t at)
{
	const struct item *items = report->sample.items;

	if (at % 256 == 0)
		sample_breathe(&report->sample);

	if (at + 24 < group->count)
		__builtin_prefetch(&items[group->members[at + 24]]);
	if (at + 8 < group->count) {
		const char *facts = (const char *)items[group->members[at + 8]].facts;

		__builtin_prefetch(facts);
		__builtin_prefetch(facts + 64);
		__builtin_prefetch(facts + 128);
	}
	return &items[group->members[at]];
}

/* One function a measure, in the order of its columns. NO_MEMORY. */
typedef enum twinlog_error report_measure(struct report *report, const struct group *group,
					  struct cell *cells) TWINLOG_MUST_CHECK;
report_measure report_events, report_fields, report_forms, report_actors, report_society, report_publicity,
    report_friction, report_multilateral;
report_measure report_cost, report_trade;
report_measure report_agreements, report_dates, report_mutual, report_renewals, report_quality, report_raised;
report_measure report_ties, report_dormancy, report_reciprocity, report_cities, report_lorenz, report_degree;

/* report_groups.c: the ties and cities of what was gathered. */
enum twinlog_error report_make_ties(struct report *report) TWINLOG_MUST_CHECK;
enum twinlog_error report_make_cities(struct report *report, const ProtobufCBinaryData *among,
				      size_t among_count) TWINLOG_MUST_CHECK;

/* report_over.c: marks agreements that are over. NO_MEMORY. */
enum twinlog_error report_mark_over(struct report *report) TWINLOG_MUST_CHECK;
/* Of a tie: all of its agreements are. */
bool report_tie_is_over(const struct report *report, const struct tie *tie);

/* report_money.c: the keys by which money is told apart, for each entry of the event once; at most max tuples. */
size_t report_money_keys(struct report *report, const struct item *item, uint32_t (*ret)[2], size_t max);

/* report_alike.c: which events may be counted together. */
struct likeness report_likeness(const struct report *report);

/* match.c: marks items that may tell of what another one tells. */
enum twinlog_error report_mark_duplicates(struct report *report) TWINLOG_MUST_CHECK;

/* report_grouping.c */
/* Members under the same keys. Growing: pairs (group, member) in the order they were met, sorted when all are in. */
struct grouping {
	uint32_t (*keys)[DIMENSIONS_MAX]; /* of each group */
	uint32_t *counts;
	size_t groups, groups_capacity, counts_capacity;
	uint32_t (*pairs)[2];
	size_t pairs_count, pairs_capacity;
	uint32_t *slots; /* open addressing: one more than the group; 0: free */
	uint32_t mask;
	uint32_t *members; /* by group, once sorted */
};
/* What is in a group. */
struct group report_group_of(const struct report *report, const uint32_t *members, size_t count, const uint32_t *keys);
/* How many members there are; agreements stand behind the events. */
size_t report_members(const struct report *report);
/* NO_MEMORY. grouping_free also after an error. */
enum twinlog_error report_group(struct report *report, struct grouping *grouping) TWINLOG_MUST_CHECK;
void grouping_free(struct grouping *grouping);

/* report_cells.c. A share or rate without a denominator is not defined. */
struct cell cell_integer(int64_t value, uint64_t left_out);
struct cell cell_day(int32_t day, bool known, uint64_t left_out);
struct cell cell_share(int64_t numerator, int64_t denominator, uint64_t left_out);
struct cell cell_rate(double factor, int64_t numerator, int64_t denominator, uint64_t left_out);
struct cell cell_real(double value, bool defined, uint64_t left_out);

/* A sum that stops at the end of its range: what one partner writes must not wrap. */
static inline int64_t report_add(int64_t a, int64_t b)
{
	int64_t sum;

	return __builtin_add_overflow(a, b, &sum) ? (b > 0 ? INT64_MAX : INT64_MIN) : sum;
}
/* Participants of those that say how many. */
static inline int64_t report_persons(const struct tally *tally)
{
	return tally->persons > INT64_MAX ? INT64_MAX : (int64_t)tally->persons;
}

/* A day moved by months, to the last of the month where it has no such day. */
int32_t report_day_add(int32_t day, int months);

#endif
