#include "chunk.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define CHUNK_LEVEL     3    /* a seventh smaller than the fastest, for a twentieth of a catch-up's work */
#define CHUNK_FIELD_TAG 0x0a /* BundleList.bundles = 1, length-delimited */
#define CHUNK_VARINT    5    /* bytes of a length below 2^32 */

struct chunk {
	ZSTD_CCtx *compressor;
	ZSTD_DCtx *decompressor;
	uint8_t *plain; /* a BundleList */
	size_t plain_size;
	size_t plain_capacity;
	size_t at; /* of chunk_next */
	uint8_t *packed;
	size_t packed_capacity;
};

enum twinlog_error chunk_new(struct chunk **ret_chunk)
{
	struct chunk *chunk = calloc(1, sizeof *chunk);
	if (!chunk)
		return TWINLOG_NO_MEMORY;
	*ret_chunk = chunk;
	return TWINLOG_OK;
}

void chunk_free(struct chunk *chunk)
{
	if (!chunk)
		return;
	ZSTD_freeCCtx(chunk->compressor);
	ZSTD_freeDCtx(chunk->decompressor);
	free(chunk->plain);
	free(chunk->packed);
	free(chunk);
}

static enum twinlog_error buffer_reserve(uint8_t **bytes, size_t *capacity, size_t size)
{
	if (size <= *capacity)
		return TWINLOG_OK;
	uint8_t *grown = realloc(*bytes, size);
	if (!grown)
		return TWINLOG_NO_MEMORY;
	*bytes = grown;
	*capacity = size;
	return TWINLOG_OK;
}

void chunk_clear(struct chunk *chunk)
{
	chunk->plain_size = 0;
	chunk->at = 0;
}

enum twinlog_error chunk_add(struct chunk *chunk, const void *bundle, size_t size)
{
	if (size > TWINLOG_MESSAGE_MAX || chunk->plain_size + 1 + CHUNK_VARINT + size > TWINLOG_MESSAGE_MAX)
		return TWINLOG_TOO_LARGE;
	const size_t need = chunk->plain_size + 1 + CHUNK_VARINT + size;
	const size_t wanted = need > TWINLOG_CHUNK_MAX ? need : (need < 8192 ? 8192 : need * 2);
	enum twinlog_error error = TWINLOG_OK;
	if (need > chunk->plain_capacity)
		error = buffer_reserve(&chunk->plain, &chunk->plain_capacity, wanted);
	if (error)
		return error;
	uint8_t *out = chunk->plain + chunk->plain_size;
	*out++ = CHUNK_FIELD_TAG;
	size_t rest = size;
	while (rest >= 0x80) {
		*out++ = (uint8_t)(rest | 0x80);
		rest >>= 7;
	}
	*out++ = (uint8_t)rest;
	memcpy(out, bundle, size);
	chunk->plain_size = (size_t)(out - chunk->plain) + size;
	return TWINLOG_OK;
}

enum twinlog_error chunk_compress(struct chunk *chunk, const uint8_t **ret_bytes, size_t *ret_size, size_t *ret_plain)
{
	if (!chunk->compressor)
		chunk->compressor = ZSTD_createCCtx();
	if (!chunk->compressor)
		return TWINLOG_NO_MEMORY;
	enum twinlog_error error =
	    buffer_reserve(&chunk->packed, &chunk->packed_capacity, ZSTD_compressBound(chunk->plain_size));
	if (error)
		return error;
	const size_t size = ZSTD_compressCCtx(chunk->compressor, chunk->packed, chunk->packed_capacity, chunk->plain,
					      chunk->plain_size, CHUNK_LEVEL);
	if (ZSTD_isError(size))
		return TWINLOG_NO_MEMORY;
	*ret_bytes = chunk->packed;
	*ret_size = size;
	*ret_plain = chunk->plain_size;
	return TWINLOG_OK;
}

enum twinlog_error chunk_decompress(struct chunk *chunk, const void *bytes, size_t size, size_t plain)
{
	chunk_clear(chunk);
	if (plain > TWINLOG_MESSAGE_MAX)
		return TWINLOG_TOO_LARGE;
	if (!chunk->decompressor)
		chunk->decompressor = ZSTD_createDCtx();
	if (!chunk->decompressor)
		return TWINLOG_NO_MEMORY;
	/* One byte at least: zstd takes no NULL. */
	enum twinlog_error error = buffer_reserve(&chunk->plain, &chunk->plain_capacity, plain + 1);
	if (error)
		return error;
	const size_t got = ZSTD_decompressDCtx(chunk->decompressor, chunk->plain, plain, bytes, size);
	if (ZSTD_isError(got) || got != plain)
		return TWINLOG_MALFORMED;
	chunk->plain_size = plain;
	return TWINLOG_OK;
}

enum twinlog_error chunk_next(struct chunk *chunk, const uint8_t **ret_bundle, size_t *ret_size)
{
	if (chunk->at == chunk->plain_size)
		return TWINLOG_MISSING;
	const uint8_t *at = chunk->plain + chunk->at;
	const uint8_t *end = chunk->plain + chunk->plain_size;
	if (*at++ != CHUNK_FIELD_TAG)
		return TWINLOG_MALFORMED;
	size_t size = 0;
	for (unsigned shift = 0;; shift += 7) {
		if (at == end || shift >= 7 * CHUNK_VARINT)
			return TWINLOG_MALFORMED;
		size |= (size_t)(*at & 0x7f) << shift;
		if (!(*at++ & 0x80))
			break;
	}
	if (size > (size_t)(end - at))
		return TWINLOG_MALFORMED;
	*ret_bundle = at;
	*ret_size = size;
	chunk->at = (size_t)(at - chunk->plain) + size;
	return TWINLOG_OK;
}
