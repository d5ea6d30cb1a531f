/* The rows of a view that a filter asks for, by sets of rows: as filter_fits says of each record by itself, but for
 * the text, which has to be looked for in what is left. Knows view.h and filter.h. */
#ifndef TWINLOG_FILTER_ROWS_H
#define TWINLOG_FILTER_ROWS_H

#include "filter.h"
#include "view.h"

/* *ret_rows is the caller's, to free with roaring_bitmap_free. NO_MEMORY. */
enum twinlog_error filter_rows(const struct filter *filter, const struct filter_space *where,
			       const struct view_space *view, roaring_bitmap_t **ret_rows) TWINLOG_MUST_CHECK;
/* Of one city's view, the rows that it states otherwise than the columns have them; borrowed; NULL: none. */
const roaring_bitmap_t *filter_rows_apart(const struct filter_space *where, const struct view_space *view);

/* Of these, filter_text.c keeps those that have the text asked for: looked for in the texts of the store at once, or in
 * each record where they are few. */
enum twinlog_error filter_text_rows(const struct filter *filter, const struct filter_space *where,
				    roaring_bitmap_t *rows) TWINLOG_MUST_CHECK;

#endif
