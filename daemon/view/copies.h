/* Which rows may be copies: records of several spaces that carry one token, and records of one space that carry the
 * same. A hint that never leaves one out, so that lists over several spaces ask group.h about few records, not about
 * all of them. A row that once shared a token stays marked. Kept only once two spaces have records; 14 to 27 bytes a
 * record. Knows bitmaps.h and core. DOMAIN, "Publishing further". */
#ifndef TWINLOG_COPIES_H
#define TWINLOG_COPIES_H

#include "bitmaps.h"
#include "statements.h"

struct copies;
enum twinlog_error copies_new(struct copies **ret_copies) TWINLOG_MUST_CHECK; /* NO_MEMORY */
void copies_free(struct copies *copies);                                      /* accepts NULL */

/* One more space, whose marked rows go under BITMAP_COPIED of its bitmaps; both are borrowed. Its number, counted from
 * 0. NO_MEMORY. */
enum twinlog_error copies_join(struct copies *copies, const struct statements *statements, struct bitmaps *bitmaps,
			       uint32_t *ret_number) TWINLOG_MUST_CHECK;
/* The row is there or has changed. NO_MEMORY. */
enum twinlog_error copies_take(struct copies *copies, uint32_t number, uint32_t row) TWINLOG_MUST_CHECK;
size_t copies_bytes(const struct copies *copies); /* of memory, about */

#endif
