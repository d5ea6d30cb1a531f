/* Recovery files, as they are typed in again. */
#include <string.h>

#include "fuzz.h"
#include "recovery.h"
#include "seal.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	uint8_t *message, *again;
	size_t message_size, again_size;
	struct twinlog_fault fault;

	FUZZ_CHECK(seal_init() == TWINLOG_OK);
	if (recovery_parse("fuzz", (const char *)bytes, size, &message, &message_size, &fault))
		return 0;
	char *text = recovery_format(message, message_size);
	FUZZ_CHECK(text != NULL);
	FUZZ_CHECK(recovery_parse("fuzz", text, strlen(text), &again, &again_size, &fault) == TWINLOG_OK);
	FUZZ_CHECK(again_size == message_size && memcmp(again, message, again_size) == 0);
	free(text);
	free(message);
	free(again);
	return 0;
}
