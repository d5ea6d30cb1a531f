/* Lists over several spaces show a record that is published in several of them once, as reports count it once. Of the
 * copies that fit, the one of the lowest handle is shown: the same at every member. Knows copies.h, group.h, view.h. */
#ifndef TWINLOG_ONCE_H
#define TWINLOG_ONCE_H

#include "view.h"

/* The rows of one space that fit. Borrowed but for the rows, which are changed. */
struct once_space {
	const struct view_space *view;
	roaring_bitmap_t *rows;
};
/* Takes all copies but one out of the rows. NO_MEMORY, and then some may be out. */
enum twinlog_error once_keep(const struct once_space *spaces, size_t count) TWINLOG_MUST_CHECK;

#endif
