/* The parts of a file of carry.proto, one after the other: each behind its size in 4 bytes, big-endian. */
#ifndef TWINLOG_PARTS_H
#define TWINLOG_PARTS_H

#include <stdio.h>

#include "codec.h"
#include "twinlog/limits.h"

/* No signed object is larger; the rest is framing. */
#define PARTS_PART_MAX (TWINLOG_BUNDLE_BYTES_MAX + 4096u)

/* The next part: its bytes (packed CarriedPart), valid until the next call; *bytes and *capacity begin as NULL and 0
 * and are freed by the caller. MISSING at the end of the file, MALFORMED when it is cut short or a size cannot be, IO.
 */
enum twinlog_error parts_read(FILE *file, uint8_t **bytes, size_t *capacity, size_t *ret_size) TWINLOG_MUST_CHECK;
enum twinlog_error parts_write(FILE *file, const void *bytes, size_t size) TWINLOG_MUST_CHECK;

#endif
