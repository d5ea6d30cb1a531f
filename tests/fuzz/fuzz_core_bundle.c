/* Bundles: opened with a key, and taken apart as the view does with those that were checked. */
#include "bundle.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint8_t seed[SEAL_SEED_SIZE];
	struct seal_keys *keys;
	struct bundle *bundle;

	FUZZ_CHECK(seal_init() == TWINLOG_OK);
	/* The city that signed the corpus. */
	for (size_t i = 0; i < sizeof seed; i++)
		seed[i] = (uint8_t)(1 + i);
	FUZZ_CHECK(seal_keys_new(seed, 0, &keys) == TWINLOG_OK);
	if (bundle_open(bytes, size, seal_keys_public(keys), 1, &bundle) == TWINLOG_OK) {
		for (uint32_t i = 0; i < bundle->leaves_count; i++)
			FUZZ_CHECK(bundle->leaves[i].version > 0);
		bundle_free(bundle);
	}
	seal_keys_free(keys);
	return 0;
}
