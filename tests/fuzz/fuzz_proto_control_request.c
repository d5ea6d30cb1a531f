/* request: decoded within its cap of memory, and packed again. */
#include "codec.h"
#include "control.pb-c.h"
#include "fuzz.h"
#include "twinlog/limits.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	ProtobufCMessage *message;
	uint8_t *packed;
	size_t packed_size;

	FUZZ_CHECK(arena != NULL);
	if (codec_unpack(arena, &twinlog__request__descriptor, bytes, size, &message) == TWINLOG_OK &&
	    codec_pack(message, &packed, &packed_size) == TWINLOG_OK)
		free(packed);
	arena_free(arena);
	return 0;
}
