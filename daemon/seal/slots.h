/* Where things stand in hash tables, under a secret of the process: whoever chooses what goes into a table cannot
 * choose what shares a place with it. Knows proto/ids.h.
 *
 * Another process places otherwise. So a place is never stored, sent or told, and nothing follows from the order in
 * which a table stands. */
#ifndef TWINLOG_SLOTS_H
#define TWINLOG_SLOTS_H

#include <stddef.h>
#include <stdint.h>

#include "ids.h"

/* Draws the secret: by each program that takes in what others made, before its first table and its second thread.
 * Without it the secret is a fixed one, so that a test runs again as it ran. */
void seal_slots_draw(void);

/* Of bytes in any number, all of them: SipHash-2-4. Evenly spread as those below are, so any bits of it do. */
uint64_t seal_slot(const void *bytes, size_t size);

/* Read by the functions below alone. */
extern struct seal_slots_secret {
	uint8_t key[16];
	uint64_t offset;
	uint64_t factors[3]; /* odd */
	uint32_t pairs[HASH_SIZE / 8][2];
} seal_slots_secret;

/* For numbers that were given here, where others chose only in which order: no two agree in all 64 bits. */
static inline uint64_t seal_slot_number(uint64_t number)
{
	number = (number ^ seal_slots_secret.offset) * seal_slots_secret.factors[0];
	number = (number ^ number >> 32) * seal_slots_secret.factors[1];
	number = (number ^ number >> 32) * seal_slots_secret.factors[2]; /* after two, high bits alone still show */
	return number ^ number >> 32;
}

/* Of names, all their bytes, since others may choose most of them as they like. The sum is NH (RFC 4418, 5.2): two
 * names agree in it under one secret of 2^32. Half the time of seal_slot, and each leaf is looked up several times. */
static inline uint64_t seal_slot_name(const uint8_t *bytes, size_t size)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < size / 8; i++) {
		uint32_t pair[2];

		memcpy(pair, bytes + 8 * i, sizeof pair);
		sum += (uint64_t)(pair[0] + seal_slots_secret.pairs[i][0]) * (pair[1] + seal_slots_secret.pairs[i][1]);
	}
	return seal_slot_number(sum);
}

static inline uint64_t seal_slot_hash(const struct hash *hash)
{
	return seal_slot_name(hash->bytes, HASH_SIZE);
}

static inline uint64_t seal_slot_handle(const struct handle *handle)
{
	return seal_slot_name(handle->bytes, HANDLE_SIZE);
}

#endif
