/* Records as JSON: read, and what was read written again. */
#include "fuzz.h"
#include "json.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	struct twinlog_fault fault;
	struct json_entry entry;
	json_t *json, *out;

	FUZZ_CHECK(arena != NULL);
	if (json_parse((const char *)bytes, size, 1, &json, &fault) == TWINLOG_OK) {
		if (json_read_entry(arena, json, 0, NULL, NULL, &entry, &fault) == TWINLOG_OK) {
			out = json_body(entry.kind, entry.body);
			FUZZ_CHECK(out != NULL);
			json_decref(out);
		}
		json_decref(json);
	}
	arena_free(arena);
	return 0;
}
