/* Which records a client asks for. A filter is prepared once for the request and once for each space, so that looking
 * at a record is comparing numbers; only a text makes it read bodies. All conditions have to hold; of the values of one
 * condition one has to, but of cities, countries and subdivisions each, since a record has several of them. Values are
 * those of the lead statement, what counts once in totals. Who stated is asked of every side; when one city alone is
 * asked for, values and text are those that it states, and a record on which it states none does not fit. Knows core
 * and store. DOMAIN, "Questions to answer", "Lead statement". */
#ifndef TWINLOG_FILTER_H
#define TWINLOG_FILTER_H

#include "group.h"
#include "query_internal.h"
#include "stated.h"

/* For one space: values as marks on the space's names. */
struct filter_space {
	const struct space *space; /* NULL without a node, as in tests of the layer below it */
	const struct statements *statements;
	const struct acts *acts;
	uint16_t *marks; /* of each name; NULL when no condition needs them */
	uint32_t
	    *regions;    /* of each name: which of the countries and subdivisions asked for the city lies in; or NULL */
	uint8_t *stated; /* of each city of the statements; NULL when nobody is asked for */
	uint32_t *cities; /* of each name: which of the cities asked for it stands for; NULL when none is */
	uint32_t self;    /* own city id here */
	uint32_t stating; /* the city whose view is asked for: statements_city; STATED_NOBODY: it says nothing here */
	bool nothing;     /* no record here can fit */
};
#define FILTER_REGIONS_MAX 32u /* countries and subdivisions asked for at once: bits of a number */

struct filter {
	const struct query *query;
	const Twinlog__Filter *message; /* never NULL */
	bool values;                    /* some condition is on coded values */
	bool details;                   /* some condition is on details */
	bool dates;
	bool one_view;        /* that of the only city in stated_by */
	uint32_t all_cities;  /* bits of those asked for */
	uint32_t all_regions; /* likewise */
	int32_t first, last;  /* days */
	uint32_t states;      /* bits; 0: any */
	uint32_t kinds;       /* bits; 0: any */
	char *text;           /* folded; NULL: any */
	size_t text_size;
	struct arena *scratch; /* for one body at a time; only with a text */
	/* The spaces in which it may stand who succeeds whom, when that is asked for: a city that lost its keys says it
	 * where it is now. */
	struct group_space *told;
	size_t told_count;
};

/* BAD_DATE, BAD_RANGE, TOO_MANY, INVALID, with the fault in the reply; NO_MEMORY. filter_free also after an error. */
enum twinlog_error filter_init(struct filter *filter, const struct query *query,
			       const Twinlog__Filter *message) TWINLOG_MUST_CHECK;
void filter_free(struct filter *filter);

/* Enough for filter_rows. */
struct filter_space filter_space_of(const struct filter *filter, const struct statements *statements,
				    const struct acts *acts);
/* To look at single records with filter_fits. filter_space_free also after an error. */
enum twinlog_error filter_space_prepare(const struct filter *filter, struct filter_space *where) TWINLOG_MUST_CHECK;
void filter_space_free(struct filter_space *where);

/* Which of the countries (first) and subdivisions asked for the city of this name lies in. */
enum twinlog_error filter_regions(const struct filter *filter, const struct filter_space *where, uint32_t city,
				  uint32_t *ret_regions) TWINLOG_MUST_CHECK;
uint8_t filter_kind(const struct filter_space *where, size_t record, const struct record_summary *summary);
/* Whether the record fits, and (then) its summary; of one city's view with the facts that it states. */
enum twinlog_error filter_fits(const struct filter *filter, const struct filter_space *where, size_t record,
			       struct record_summary *ret_summary, bool *ret_fits) TWINLOG_MUST_CHECK;
/* The same without the text. */
enum twinlog_error filter_fits_codes(const struct filter *filter, const struct filter_space *where, size_t record,
				     struct record_summary *ret_summary, bool *ret_fits) TWINLOG_MUST_CHECK;

/* filter_text.c: whether one of the current statements on the record holds the folded text. */
enum twinlog_error filter_text_fits(const struct filter *filter, const struct filter_space *where, size_t record,
				    bool *ret_fits) TWINLOG_MUST_CHECK;

#endif
