/* Which records tell of one event, as the cities say: a link counts once it is stated by the openers of both. Knows
 * query_internal.h. DOMAIN, "Record and statement". */
#ifndef TWINLOG_SAME_EVENT_H
#define TWINLOG_SAME_EVENT_H

#include "query_internal.h"

/* A record in one of the spaces looked at. */
struct link_end {
	uint32_t space; /* its index */
	uint32_t record;
};
/* One city says that two records are one event. */
struct link_word {
	struct link_end a, b; /* a < b */
	const struct member *by;
};
struct event_links {
	struct link_word *words; /* by pair, then by city */
	size_t count, capacity;
};

/* All that is said now, in these spaces. NO_MEMORY. event_links_free also after an error. */
enum twinlog_error event_links_find(const struct space *const *spaces, size_t count,
				    struct event_links *links) TWINLOG_MUST_CHECK;
void event_links_free(struct event_links *links);

int link_end_order(const struct link_end *a, const struct link_end *b);
/* How many words from this one on are of its pair. */
size_t event_links_pair(const struct event_links *links, size_t at);
/* The words on a pair of records, given in either order; returns how many, 0 when nobody has linked them. */
size_t event_links_on(const struct event_links *links, struct link_end a, struct link_end b, size_t *ret_at);
/* Whether these words of one pair make it one event: both openers are among those who say so. */
bool event_links_hold(const struct space *const *spaces, const struct link_word *words, size_t count);

#endif
