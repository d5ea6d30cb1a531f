/* Bodies: judged for the reader and for the writer. */
#include "codec.h"
#include "fuzz.h"
#include "twinlog/limits.h"
#include "validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	Twinlog__Envelope envelope = TWINLOG__ENVELOPE__INIT;
	Twinlog__Body *body;
	enum body_rule rule;

	FUZZ_CHECK(arena != NULL);
	const enum twinlog_error error = CODEC_UNPACK_ONCE(arena, bytes, size, &body, twinlog__body);

	/* No body comes near the cap, so that all members judge alike. */
	FUZZ_CHECK(size > TWINLOG_BODY_MAX || error != TWINLOG_TOO_LARGE);
	if (error == TWINLOG_OK) {
		for (uint32_t kind = 1; kind <= 4; kind++) {
			const uint32_t operation = TWINLOG__OPERATION__OPERATION_STATEMENT;
			struct twinlog_fault fault;

			envelope.operation = operation;
			envelope.kind = kind;
			envelope.n_cities = 0;
			if (validate_cities(arena, kind, body, &envelope.cities, &envelope.n_cities))
				envelope.n_cities = 0;
			const enum twinlog_error read =
			    validate_body(VALIDATE_READ, &envelope, operation, kind, body, &rule, &fault);
			FUZZ_CHECK((read == TWINLOG_OK) == (rule == BODY_SOUND));
			const enum twinlog_error write =
			    validate_body(VALIDATE_WRITE, &envelope, operation, kind, body, &rule, &fault);
			/* What a writer may write, every reader takes. */
			FUZZ_CHECK(write != TWINLOG_OK || read == TWINLOG_OK);
		}
	}
	arena_free(arena);
	return 0;
}
