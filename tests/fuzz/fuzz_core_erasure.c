/* Erasures, and what they do to any bytes. */
#include <string.h>

#include "erasures.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct erasure *erasure;
	uint8_t *once, *twice;
	size_t once_size, twice_size;

	FUZZ_CHECK(seal_init() == TWINLOG_OK);
	if (erasure_open(bytes, size, &erasure) == TWINLOG_OK)
		erasure_free(erasure);
	if (bundle_strip(bytes, size, 0, &once, &once_size))
		return 0;
	/* Stripping again changes nothing. */
	FUZZ_CHECK(bundle_strip(once, once_size, 0, &twice, &twice_size) == TWINLOG_OK);
	FUZZ_CHECK(once_size == twice_size && memcmp(once, twice, once_size) == 0);
	free(once);
	free(twice);
	return 0;
}
