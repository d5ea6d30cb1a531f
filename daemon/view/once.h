/* Lists over several spaces show a record that is published in several of them once, as reports count it once. Of the
 * copies that fit, the one of the lowest handle is shown: the same at every member. Knows copies.h, group.h, view.h. */
#ifndef TWINLOG_ONCE_H
#define TWINLOG_ONCE_H

#include "group.h"
#include "view.h"

/* The rows of one space that fit. Borrowed but for the rows, which are changed. */
struct once_space {
	const struct view_space *view;
	roaring_bitmap_t *rows;
};
/* The groups among all rows of these spaces, whether they fit or not; *ret_groups is the caller's. NO_MEMORY. */
enum twinlog_error once_groups(const struct once_space *spaces, size_t count,
			       struct groups **ret_groups) TWINLOG_MUST_CHECK;
/* Takes all copies but one out of the rows. NO_MEMORY, and then some may be out. */
enum twinlog_error once_keep(const struct once_space *spaces, size_t count) TWINLOG_MUST_CHECK;

#endif
