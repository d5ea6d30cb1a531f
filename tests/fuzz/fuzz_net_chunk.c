/* Chunks: the first three bytes are the size that the partner claims. */
#include "chunk.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct chunk *chunk;
	const uint8_t *bundle;
	size_t bundle_size, plain, sum = 0;

	if (size < 3)
		return 0;
	plain = (size_t)bytes[0] << 16 | (size_t)bytes[1] << 8 | bytes[2];
	FUZZ_CHECK(chunk_new(&chunk) == TWINLOG_OK);
	if (chunk_decompress(chunk, bytes + 3, size - 3, plain) == TWINLOG_OK) {
		while (chunk_next(chunk, &bundle, &bundle_size) == TWINLOG_OK)
			sum += bundle_size;
		FUZZ_CHECK(sum <= plain);
	}
	chunk_free(chunk);
	return 0;
}
