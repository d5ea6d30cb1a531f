/* Chunks: the first three bytes are the size that the partner claims. Without the highest bit the rest is what comes;
 * with it, what the frame holds, as one raw block (RFC 8878, section 3.1.1), so that the list inside is reached too. */
#include <string.h>

#include "chunk.h"
#include "fuzz.h"

#define FRAMED_MAX 4096u

static size_t frame(const uint8_t *bytes, size_t size, uint8_t out[FRAMED_MAX + 16])
{
	static const uint8_t magic[] = {0x28, 0xb5, 0x2f, 0xfd};
	const size_t held = size < FRAMED_MAX ? size : FRAMED_MAX;
	size_t at = sizeof magic;

	memcpy(out, magic, sizeof magic);
	out[at++] = held < 256 ? 0x20 : 0x60; /* a single segment, its size in one byte or two */
	out[at++] = (uint8_t)(held < 256 ? held : held - 256);
	if (held >= 256)
		out[at++] = (uint8_t)((held - 256) >> 8);
	out[at++] = (uint8_t)(1 | held << 3); /* the last block, raw */
	out[at++] = (uint8_t)(held >> 5);
	out[at++] = (uint8_t)(held >> 13);
	memcpy(out + at, bytes, held);
	return at + held;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct chunk *chunk;
	const uint8_t *comes = bytes + 3, *bundle;
	size_t comes_size = size - 3, bundle_size, plain, sum = 0;
	uint8_t framed[FRAMED_MAX + 16];

	if (size < 3)
		return 0;
	plain = (size_t)(bytes[0] & 0x7f) << 16 | (size_t)bytes[1] << 8 | bytes[2];
	if (bytes[0] & 0x80) {
		plain = plain ? plain : comes_size;
		comes_size = frame(comes, comes_size, framed);
		comes = framed;
	}
	FUZZ_CHECK(chunk_new(&chunk) == TWINLOG_OK);
	if (chunk_decompress(chunk, comes, comes_size, plain) == TWINLOG_OK) {
		while (chunk_next(chunk, &bundle, &bundle_size) == TWINLOG_OK)
			sum += bundle_size;
		FUZZ_CHECK(sum <= plain);
	}
	chunk_free(chunk);
	return 0;
}
