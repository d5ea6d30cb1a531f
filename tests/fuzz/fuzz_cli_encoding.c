/* Bytes in an encoding that nobody names. */
#include "encoding.h"
#include "fuzz.h"
#include "text.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct places *places;
	static struct lexicon *lexicon;
	enum encoding encoding;
	struct twinlog_fault fault;
	char *text;
	size_t text_size;

	if (!lexicon) {
		FUZZ_CHECK(places_new(&places) == TWINLOG_OK);
		FUZZ_CHECK(lexicon_new(places, &lexicon) == TWINLOG_OK);
	}
	for (int one = 0; one < ENCODING_COUNT; one++) {
		if (encoding_decode((enum encoding)one, bytes, size, &text, &text_size, &fault))
			continue;
		FUZZ_CHECK(text_is_nfc(text, text_size) && text[text_size] == '\0');
		free(text);
	}
	if (encoding_detect(lexicon, bytes, size, &encoding, &text, &text_size, &fault) == TWINLOG_OK)
		free(text);
	(void)encoding_lost(bytes, size, true);
	return 0;
}
