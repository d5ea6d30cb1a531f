/* A BundleList, compressed: the payload of a Chunk, and the one door to zstd. Knows proto's limits only.
 *
 * The list is written and read by hand, not through the codec: it has one repeated field, and this spares a copy of
 * every byte of a catch-up. A partner's claim of size is believed only up to TWINLOG_MESSAGE_MAX, and decompression
 * stops there whatever the frame holds. */
#ifndef TWINLOG_CHUNK_H
#define TWINLOG_CHUNK_H

#include <stddef.h>
#include <stdint.h>

#include "twinlog/error.h"
#include "twinlog/limits.h"

/* A compressor or decompressor with its buffers; for one thread. */
struct chunk;

enum twinlog_error chunk_new(struct chunk **ret_chunk) TWINLOG_MUST_CHECK;
void chunk_free(struct chunk *chunk); /* accepts NULL */

/* Packing: clear, add each bundle, then compress. TOO_LARGE past TWINLOG_MESSAGE_MAX. */
void chunk_clear(struct chunk *chunk);
enum twinlog_error chunk_add(struct chunk *chunk, const void *bundle, size_t size) TWINLOG_MUST_CHECK;
/* *ret_bytes lives until the chunk is next used; *ret_plain is the size before compression. */
enum twinlog_error chunk_compress(struct chunk *chunk, const uint8_t **ret_bytes, size_t *ret_size,
				  size_t *ret_plain) TWINLOG_MUST_CHECK;

/* Unpacking: plain is the size claimed. TOO_LARGE for a claim over TWINLOG_MESSAGE_MAX, MALFORMED unless exactly that
 * much comes out. */
enum twinlog_error chunk_decompress(struct chunk *chunk, const void *bytes, size_t size,
				    size_t plain) TWINLOG_MUST_CHECK;
/* The next bundle of the list, valid until the chunk is next used. MISSING at the end, MALFORMED for what is no
 * BundleList. */
enum twinlog_error chunk_next(struct chunk *chunk, const uint8_t **ret_bundle, size_t *ret_size) TWINLOG_MUST_CHECK;

#endif
