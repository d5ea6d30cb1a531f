/* Texts: checked, normalised, folded. */
#include <string.h>

#include "fuzz.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	char *text, *again;
	size_t text_size, again_size;

	if (!text_is_utf8(bytes, size) || size > 4096)
		return 0;
	(void)text_width(bytes, size);
	if (text_nfc(bytes, size, &text, &text_size) == TWINLOG_OK) {
		FUZZ_CHECK(text_is_nfc(text, text_size));
		free(text);
	}
	if (text_fold(bytes, size, &text, &text_size))
		return 0;
	/* A folded text is its own key. */
	FUZZ_CHECK(text_fold(text, text_size, &again, &again_size) == TWINLOG_OK);
	FUZZ_CHECK(text_size == again_size && memcmp(text, again, text_size) == 0);
	free(text);
	free(again);
	return 0;
}
