/* Cards, as partners send them. */
#include "card.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct card *card, *again;

	FUZZ_CHECK(seal_init() == TWINLOG_OK);
	if (card_open(bytes, size, &card))
		return 0;
	FUZZ_CHECK(card->size == size);
	FUZZ_CHECK(card_open(card->bytes, card->size, &again) == TWINLOG_OK);
	FUZZ_CHECK(hash_equal(&card->identity, &again->identity));
	card_free(again);
	card_free(card);
	return 0;
}
