/* Which rows come on one page of a list, in its order: along a ranking where the rows asked for are many, over all of
 * them where they are few, so that a page costs about the same wherever it begins. Knows cursor.h and view.h. */
#ifndef TWINLOG_PAGE_H
#define TWINLOG_PAGE_H

#include "cursor.h"
#include "view.h"

/* One of the spaces listed, and its rows that fit. */
struct listed {
	uint32_t space; /* a number for the caller */
	const struct view_space *view;
	const roaring_bitmap_t *rows;
	const roaring_bitmap_t *apart; /* those that have their place by what `stating` states; NULL: none */
	uint32_t stating;              /* statements_city */
	int32_t first, last;           /* all rows meet these days; INT32_MIN, INT32_MAX: any */
};

/* One row that may come on the page. */
struct candidate {
	struct place_key key;
	uint32_t space; /* of listed */
	uint32_t row;
};

/* The best rows behind the cursor: a heap with the worst of them on top, one more than the page holds so that we
 * know whether another page follows. */
struct page {
	struct order order;
	bool behind; /* a cursor: only what comes after it */
	struct place_key after;
	struct candidate *heap; /* room for capacity */
	size_t count;
	size_t capacity;
	uint64_t total; /* rows that fit, on all pages */
};

/* What one space has for the page. NO_MEMORY. */
enum twinlog_error page_gather(struct page *page, const struct listed *from) TWINLOG_MUST_CHECK;
/* Puts the best first; then nothing more can be gathered. */
void page_sort(struct page *page);

#endif
