/* The order of a list, and a place in it. A place is the sort key and handle of a record, not a number, so that it
 * survives writes: a page goes on behind the record that the last one ended with. Knows core. */
#ifndef TWINLOG_CURSOR_H
#define TWINLOG_CURSOR_H

#include "by_name.h"
#include "query_internal.h"
#include "view.h"

#define PLACE_TEXTS 2u /* of a list by city: the sort keys of the two names that come first */

struct place_text {
	const char *bytes;
	uint8_t size;
};

/* Where a record stands in a list. Lesser comes first, whatever the direction of the list. */
struct place_key {
	int64_t number;
	struct place_text texts[PLACE_TEXTS];
	struct handle handle;
};

/* What is listed, in which order. */
struct order {
	uint32_t sort; /* Twinlog__Sort */
	bool descending;
	struct by_name *names; /* of a list by city */
	uint64_t query;        /* of filter, sort and direction: a cursor of another query is refused */
};
enum twinlog_error order_init(const struct query *query, const Twinlog__List *list,
			      struct order *ret_order) TWINLOG_MUST_CHECK;

void order_free(struct order *order); /* also after an error of order_init */
/* The key but for the handle: enough to see that most records do not belong on the page. */
struct place_key order_key(const struct order *order, const struct view_space *view, uint32_t row);
/* The same with these facts (may be NULL) instead of those of the row's lead statement. */
struct place_key order_key_of(const struct order *order, const struct view_space *view, uint32_t row,
			      const struct facts *facts);
/* Whether their numbers alone tell that a comes before b. */
bool order_tells(const struct order *order, const struct place_key *a, const struct place_key *b);
/* The ranking that goes along with the order, forwards or backwards; NULL: none does. */
const struct ranking *order_ranking(const struct order *order, const struct view_space *view);
int order_compare(const struct order *order, const struct place_key *a, const struct place_key *b);

/* Cursor bytes in the arena. */
enum twinlog_error cursor_write(const struct query *query, const struct order *order, const struct place_key *key,
				ProtobufCBinaryData *ret_cursor) TWINLOG_MUST_CHECK;
/* BAD_CURSOR, without a fault in the reply. The key's texts are views of the bytes. */
enum twinlog_error cursor_read(const struct order *order, ProtobufCBinaryData cursor,
			       struct place_key *ret_key) TWINLOG_MUST_CHECK;

#endif
