#include "z85.h"

#include <string.h>

static const char ALPHABET[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

char *z85_encode(char out[Z85_TEXT_SIZE], const uint8_t key[Z85_KEY_SIZE])
{
	for (size_t i = 0; i < Z85_KEY_SIZE / 4; i++) {
		const uint8_t *word = key + 4 * i;
		uint32_t value = (uint32_t)word[0] << 24 | (uint32_t)word[1] << 16 | (uint32_t)word[2] << 8 | word[3];

		for (size_t digit = 5; digit-- > 0; value /= 85)
			out[5 * i + digit] = ALPHABET[value % 85];
	}
	out[Z85_TEXT_SIZE - 1] = '\0';
	return out;
}

enum twinlog_error z85_decode(uint8_t key[Z85_KEY_SIZE], const char *text, size_t size)
{
	uint8_t bytes[Z85_KEY_SIZE];

	if (size != Z85_TEXT_SIZE - 1 || memchr(text, '\0', size))
		return TWINLOG_INVALID;
	for (size_t i = 0; i < Z85_KEY_SIZE / 4; i++) {
		uint64_t value = 0;

		for (size_t digit = 0; digit < 5; digit++) {
			const char *place = strchr(ALPHABET, text[5 * i + digit]);

			if (!place)
				return TWINLOG_INVALID;
			value = 85 * value + (uint64_t)(place - ALPHABET);
		}
		if (value > UINT32_MAX)
			return TWINLOG_INVALID;
		for (size_t byte = 4; byte-- > 0; value >>= 8)
			bytes[4 * i + byte] = (uint8_t)value;
	}
	memcpy(key, bytes, sizeof bytes);
	return TWINLOG_OK;
}
