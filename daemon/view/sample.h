/* What a report is worked out from: the records that fit, each as its lead statement has it, with the names of all
 * spaces in one table. These files (sample*.c) are the only ones of reports that look at facts and words. Knows
 * filter.h and measure.h. DOMAIN, "Lead statement". */
#ifndef TWINLOG_SAMPLE_H
#define TWINLOG_SAMPLE_H

#include "alike.h"
#include "filter.h"
#include "same_event.h"

#define SAMPLE_VALUES_MAX 64u /* of one dimension of one record */
#define ITEM_NONE         UINT32_MAX

struct sample_space {
	struct filter_space where;
	const struct view_space *view; /* while records are gathered */
	size_t place;                  /* in the view */
	struct view_watch watch;       /* rows taken in anew since they were last looked at; without rows: none yet */
	uint32_t *names;               /* of the space's names those of the sample, 0: not asked for yet */
	uint32_t names_capacity;
	uint32_t names_settled; /* how many there were when the sample was settled; those after it are not its own */
	uint32_t *city_rows;    /* those of its city records */
	uint32_t city_rows_count;
	uint32_t title; /* the space itself, as a name: its 32 bytes */
};

/* One record, or several that are alike in what is asked. */
struct item {
	const struct facts *facts; /* of the words that count, never NULL */
	uint32_t space;            /* of sample.spaces */
	uint32_t record;
	uint32_t other;  /* another record on the same event, in sample.others; ITEM_NONE */
	uint32_t voices; /* where they begin in sample.voices */
	uint32_t tally;  /* of sample.tallies: of records that are alike; ITEM_NONE: it is one record */
	uint8_t voices_count;
	uint8_t state;
	bool event; /* else an agreement */
};

/* One city that speaks for itself on a record. */
struct voice {
	const struct facts *facts;
	uint32_t city; /* a name of the sample */
	uint32_t word; /* statements_word */
};

/* A city, as its record has it, else the built-in places. */
struct town {
	uint32_t name; /* 0: not asked for yet */
	uint32_t successor;
	uint32_t country, subdivision, level; /* NAME_NONE: not recorded */
	int64_t population;                   /* -1: not recorded */
};

/* A city of whom another says that it succeeds it. */
struct heir {
	uint32_t city, heir; /* names */
};

/* A range of days for which a city says that it logs everything. */
struct coverage {
	uint32_t city;
	uint32_t partner;    /* NAME_NONE: all */
	int32_t first, last; /* days */
};

struct sample {
	const struct query *query;
	const Twinlog__Filter *filter; /* never NULL */
	ProtobufCBinaryData view_of;   /* that city's own words; empty: what counts once */
	enum preset preset;
	bool follow;
	int32_t as_of; /* day; with sample_want.until */
	struct names *names;
	struct sample_space *spaces;
	size_t spaces_count;
	struct item *items; /* events, then agreements */
	size_t items_count, items_capacity, events_count;
	struct item *others; /* records that tell of an event told by an item */
	size_t others_count, others_capacity;
	struct tally *tallies;
	size_t tallies_count, tallies_capacity;
	struct voice *voices; /* where they are wanted */
	size_t voices_count, voices_capacity;
	struct link_end (*joined)[2]; /* records that are one event by links */
	size_t joined_count, joined_capacity;
	struct groups *copies; /* and by tokens */
	uint64_t records;      /* that fit */
	uint64_t not_held;
	uint64_t later;
	struct town *towns; /* by name */
	uint32_t towns_capacity;
	struct heir *heirs; /* gathered when first asked for */
	size_t heirs_count, heirs_capacity;
	bool heirs_known;
	struct coverage *coverages;
	size_t coverages_count, coverages_capacity;
	uint32_t *asked; /* cities whose partners are told apart from them */
	size_t asked_count;
	int64_t *numbers; /* room for the arithmetic of one group: sample_numbers */
	size_t numbers_capacity;
	uint64_t ground;             /* sample_upset */
	bool no_memory;              /* on the way to a name; looked at when all is gathered */
	enum twinlog_error no_slice; /* a slice could not begin; likewise */
};

/* sample_init, then set what is asked for, then sample_gather; sample_free also after an error. Faults go into the
 * reply.
 *
 * A sample is of one state, though the node goes on meanwhile: that in which it was settled. Records are gathered in
 * slices, and those that changed meanwhile again, until few are left; these are gathered in one slice, in which
 * everything is looked at that may differ a moment later. From then on only facts, names and the records of cities and
 * agreements are looked at: facts and names stay as they are unless something is erased, and whether that or a city, an
 * agreement or an act has come since sample_init is what sample_upset tells. Then everything has to be reckoned anew.
 */
enum twinlog_error sample_init(struct sample *sample, const struct query *query, const Twinlog__Filter *filter,
			       const struct space *const *spaces, size_t spaces_count) TWINLOG_MUST_CHECK;
void sample_free(struct sample *sample);
/* held: activities that took place only, unless the filter names statuses. alone: conditions on what one kind of
 * record has hold for that kind only. */
struct sample_want {
	bool events, agreements;
	bool held;
	bool until; /* nothing that begins after as_of; a plan that is asked for lies ahead by its nature, and stays */
	bool alone;
	bool voices;           /* what each city says for itself will be asked for: sample_united, sample_sources */
	struct likeness alike; /* of events; those that are alike are one item */
};
/* settled is called in the slice in which the sample is settled, once all records are there. */
typedef enum twinlog_error sample_settled(struct sample *sample, void *context);
enum twinlog_error sample_gather(struct sample *sample, struct sample_want want, sample_settled *settled,
				 void *context) TWINLOG_MUST_CHECK;
bool sample_upset(const struct sample *sample);
/* Whether a record is as it was when the sample was settled, as far as the view has taken in what came since. */
bool sample_stands(const struct sample *sample, struct link_end end);
/* Gives back what was gathered; what is left tells sample_upset and sample_stands. */
enum twinlog_error sample_lighten(struct sample *sample) TWINLOG_MUST_CHECK;
/* A good place for the node to go on: nothing is held that points into a list of statements. */
void sample_breathe(struct sample *sample);
/* qsort_r of a list that the sample alone knows, while the node goes on when there is much of it. */
void sample_sort(struct sample *sample, void *list, size_t count, size_t size,
		 int (*order)(const void *, const void *, void *), void *context);

/* Room for one more entry of a list, doubled when it is full. list is the address of the pointer. */
enum twinlog_error sample_room(void *list, size_t *capacity, size_t count, size_t size) TWINLOG_MUST_CHECK;
/* Room for that many in all: growing a long list copies it, in one slice. */
enum twinlog_error sample_reserve(void *list, size_t *capacity, size_t wanted, size_t size) TWINLOG_MUST_CHECK;
/* Room for count numbers; NULL when memory is out. */
int64_t *sample_numbers(struct sample *sample, size_t count);

/* A name of an item's space, or any text, in the sample's table; NAME_NONE when memory is out. */
uint32_t sample_name(struct sample *sample, const struct item *item, uint32_t name);
uint32_t sample_text(struct sample *sample, const void *text, size_t size);
const char *sample_name_text(const struct sample *sample, uint32_t name, size_t *ret_size);
/* What is known of a city; valid until the next call. */
const struct town *sample_town(struct sample *sample, uint32_t city);
/* Who took over from it, when that is asked for; else itself. */
uint32_t sample_successor(struct sample *sample, uint32_t city);

/* How many records it is. */
static inline int64_t sample_count(const struct sample *sample, const struct item *item)
{
	return item->tally == ITEM_NONE ? 1 : (int64_t)sample->tallies[item->tally].records;
}
/* The same in numbers. */
struct tally sample_tally(const struct sample *sample, const struct item *item);
/* First and last day of one record, without ~: that widens a date for matching alone. False when it is undated. */
bool sample_span(const struct item *item, int32_t *ret_first, int32_t *ret_last);
/* Likewise with ~ applied: the days on which what tells of the same may lie. */
bool sample_reach(const struct item *item, int32_t *ret_first, int32_t *ret_last);
/* How many events it stands for. */
int64_t sample_weight(const struct sample *sample, const struct item *item);
/* The cities that take part, observers left out, each once, in order of ids, successors in place of merged ones if
 * asked so. */
size_t sample_cities(struct sample *sample, const struct item *item, uint32_t ret[TWINLOG_RECORD_CITIES_MAX]);
/* The ties that an item belongs to, as names "A B": an agreement to its own, an event to those it names or else to that
 * of its two cities. */
size_t sample_ties(struct sample *sample, const struct item *item, uint32_t ret[SAMPLE_VALUES_MAX]);
/* The set of cities that take part, as a name. */
uint32_t sample_city_set(struct sample *sample, const struct item *item);
/* The values of a dimension: numbers of years and months, else names; none: the record does not say. */
size_t sample_values(struct sample *sample, const struct item *item, enum dimension dimension,
		     uint32_t ret[SAMPLE_VALUES_MAX]);
/* Likewise of a set of cities: those of a tie, or one. */
size_t sample_place_values(struct sample *sample, const uint32_t *cities, size_t count, enum dimension dimension,
			   uint32_t ret[SAMPLE_VALUES_MAX]);
bool sample_holds(const uint32_t *values, size_t count, uint32_t value);

/* sample_details.c */
/* The entries of one list that count: those of the lead, and of each other party that speaks for itself what it says of
 * itself, over all records on the event. Names in *detail are the sample's. */
typedef void sample_visit(struct sample *sample, const struct item *item, const struct detail *detail, void *context);
void sample_united(struct sample *sample, const struct item *item, enum detail_kind kind, sample_visit *visit,
		   void *context);
/* The entries of the lead alone. */
void sample_details(struct sample *sample, const struct item *item, enum detail_kind kind, sample_visit *visit,
		    void *context);
/* What two or more sources say of an agreement. city: who; NAME_NONE: a third source. */
struct source_word {
	uint32_t city;
	uint32_t relation;
	struct edtf date;
	bool own; /* the city's current word, not a quote of it */
};
#define SOURCES_MAX (TWINLOG_LIST_MAX + TWINLOG_RECORD_CITIES_MAX)
size_t sample_sources(struct sample *sample, const struct item *item, struct source_word ret[SOURCES_MAX]);
/* How many parties the record has that could answer. */
size_t sample_parties(const struct sample *sample, const struct item *item);
/* From the loosest to the firmest kind of tie. */
int sample_rank(const struct sample *sample, uint32_t relation);
/* Fills coverages from the city records of all spaces. */
enum twinlog_error sample_coverage(struct sample *sample) TWINLOG_MUST_CHECK;
/* Whether a city is one of those asked for, and lies where the filter asks. */
bool sample_city_asked(struct sample *sample, uint32_t city);
/* The cities of all spaces that have a record; visited in order of arrival. */
typedef enum twinlog_error sample_city_visit(struct sample *sample, uint32_t city, void *context);
enum twinlog_error sample_city_records(struct sample *sample, sample_city_visit *visit,
				       void *context) TWINLOG_MUST_CHECK;

/* Keeps what each city says for itself on the record of an item. NO_MEMORY. */
enum twinlog_error sample_hear(struct sample *sample, struct item *item) TWINLOG_MUST_CHECK;

/* sample.c: from now on what is taken in anew is noted, until sample_free. */
enum twinlog_error sample_watch(struct sample *sample) TWINLOG_MUST_CHECK;
/* sample_gather.c: the filter for one kind of record, in *message; one record. */
enum sample_fate { FATE_TAKEN, FATE_LEFT_OUT, FATE_NOT_HELD, FATE_LATER };
enum twinlog_error sample_filter(const struct sample *sample, bool events, bool alone,
				 Twinlog__Filter *message) TWINLOG_MUST_CHECK;
enum twinlog_error sample_take(struct sample *sample, uint32_t space, uint32_t row, bool events,
			       struct sample_want want, enum sample_fate *ret_fate) TWINLOG_MUST_CHECK;

/* sample_links.c: which events several records tell of, as things stand; and then one item for each of these, the
 * others going to sample.others. NO_MEMORY. */
enum twinlog_error sample_find_joined(struct sample *sample) TWINLOG_MUST_CHECK;
enum twinlog_error sample_merge(struct sample *sample) TWINLOG_MUST_CHECK;

#endif
