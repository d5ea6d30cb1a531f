#include "fingerprint.h"

#include <string.h>

#define FINGERPRINT_BYTES  25 /* 200 bits */
#define FINGERPRINT_GROUPS 12

char *identity_fingerprint(const struct hash *identity, char out[FINGERPRINT_SIZE])
{
	uint8_t number[FINGERPRINT_BYTES];

	memcpy(number, identity->bytes, sizeof number);
	for (size_t group = FINGERPRINT_GROUPS; group-- > 0;) {
		uint32_t rest = 0;

		for (size_t i = 0; i < sizeof number; i++) {
			rest = rest << 8 | number[i];
			number[i] = (uint8_t)(rest / 100000u);
			rest %= 100000u;
		}
		for (size_t digit = 5; digit-- > 0; rest /= 10)
			out[6 * group + digit] = (char)('0' + rest % 10);
		out[6 * group + 5] = ' ';
	}
	out[6 * FINGERPRINT_GROUPS - 1] = '\0';
	return out;
}
