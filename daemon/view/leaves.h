/* Where the leaves of large bundles lie: a page of a list shows records out of bundles that hold hundreds each, and
 * going through all leaves before the one wanted was most of what a page cost. Of each bundle that was looked into, the
 * place of every LEAVES_STEPth leaf is kept: half a byte a leaf. Derived, made when it is first needed; several readers
 * at once. Knows bundle_view.h. */
#ifndef TWINLOG_LEAVES_H
#define TWINLOG_LEAVES_H

#include "bundle_view.h"

#define LEAVES_STEP  8u
#define LEAVES_SMALL 4096u /* bytes of a bundle up to which its leaves are gone through each time */

struct leaves;
enum twinlog_error leaves_new(struct leaves **ret_leaves) TWINLOG_MUST_CHECK; /* NO_MEMORY */
void leaves_free(struct leaves *leaves);                                      /* accepts NULL */

/* As bundle_view_body, of the bundle with that sequence number as the store has it now: an erasure makes it shorter,
 * and then its places are found anew. leaves may be NULL. Without memory for the places it is only slower. */
enum twinlog_error leaves_body(struct leaves *leaves, uint64_t sequence, const uint8_t *bytes, size_t size,
			       uint32_t index, ProtobufCBinaryData *ret_body) TWINLOG_MUST_CHECK;
size_t leaves_bytes(const struct leaves *leaves); /* of memory, about */

#endif
