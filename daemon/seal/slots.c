#include "slots.h"

#include <sodium.h>

#include "seal.h"

_Static_assert(sizeof seal_slots_secret.key == crypto_shorthash_KEYBYTES, "the key is one of SipHash-2-4");
_Static_assert(sizeof(uint64_t) == crypto_shorthash_BYTES, "a place is all of its output");

struct seal_slots_secret seal_slots_secret = {
    .key = "twinlog/slots/1",
    .offset = 0xe220a8397b1dcdafu,
    .factors = {0x9e3779b97f4a7c15u, 0xff51afd7ed558ccdu, 0xc4ceb9fe1a85ec53u},
    .pairs = {{0x243f6a88u, 0x85a308d3u},
	      {0x13198a2eu, 0x03707344u},
	      {0xa4093822u, 0x299f31d0u},
	      {0x082efa98u, 0xec4e6c89u}},
};

void seal_slots_draw(void)
{
	seal_random(&seal_slots_secret, sizeof seal_slots_secret);
	for (size_t i = 0; i < sizeof seal_slots_secret.factors / sizeof *seal_slots_secret.factors; i++)
		seal_slots_secret.factors[i] |= 1;
}

uint64_t seal_slot(const void *bytes, size_t size)
{
	uint64_t slot;

	crypto_shorthash((uint8_t *)&slot, bytes, size, seal_slots_secret.key);
	return slot;
}
