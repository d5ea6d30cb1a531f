/* The one place where keys (and the flags of a card's row) are built and read: big-endian, so that LMDB's order is the
 * order of the numbers. */
#ifndef TWINLOG_STORE_KEYS_H
#define TWINLOG_STORE_KEYS_H

#include <string.h>

#include "ids.h"

#define KEY_SEQUENCE_SIZE 8
#define KEY_POSITION_SIZE (2 * HASH_SIZE + 8)
#define KEY_REQUEST_TIME  6 /* a request id begins with its Unix time in milliseconds */

/* The first byte of a card's row. */
enum { CARD_VERIFIED = 1, CARD_REMOVED = 2, CARD_KNOWS = 4 };
#define CARD_KNOWS_SIZE 8 /* of the serial that follows when it says so */

static inline void key_number(uint8_t *out, uint64_t number, size_t size)
{
	for (size_t i = size; i-- > 0; number >>= 8)
		out[i] = (uint8_t)number;
}

static inline uint64_t key_read_number(const uint8_t *bytes, size_t size)
{
	uint64_t number = 0;

	for (size_t i = 0; i < size; i++)
		number = number << 8 | bytes[i];
	return number;
}

static inline void key_position(uint8_t out[KEY_POSITION_SIZE], const struct hash *space, const struct hash *city,
				uint64_t machine)
{
	memcpy(out, space->bytes, HASH_SIZE);
	memcpy(out + HASH_SIZE, city->bytes, HASH_SIZE);
	key_number(out + 2 * HASH_SIZE, machine, 8);
}

#endif
