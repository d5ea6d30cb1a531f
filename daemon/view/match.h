/* Which records may tell of one event: the same cities, dates that intersect, the same field or form, and not linked
 * yet. A proposal to people, never more. Knows sample.h. DOMAIN, "Record and statement". */
#ifndef TWINLOG_MATCH_H
#define TWINLOG_MATCH_H

#include "sample.h"

enum match_reason { /* bits */
		    MATCH_CITIES = 1,
		    MATCH_DATES = 2, /* they intersect */
		    MATCH_DAY = 4,   /* and are the same day */
		    MATCH_FIELD = 8,
		    MATCH_FORM = 16,
		    MATCH_PARTICIPANTS = 32,
		    MATCH_OFFICES = 64, /* two cities opened them: each office logs for itself */
};

struct match {
	uint32_t first, second; /* items of the sample */
	uint32_t reasons;
};
/* Visits each pair among the events of the sample; an event that many others meet (a whole year, say) is laid beside
 * the next MATCH_NEAR alone. NO_MEMORY, or what visit says. */
#define MATCH_NEAR 64u
typedef enum twinlog_error match_visit(struct sample *sample, const struct match *match, void *context);
enum twinlog_error matches_find(struct sample *sample, match_visit *visit, void *context) TWINLOG_MUST_CHECK;
/* The most likely first; the same at every member. */
int match_order(const struct sample *sample, const struct match *a, const struct match *b);

#endif
