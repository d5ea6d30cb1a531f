#include "bitmaps.h"

#include <stdlib.h>

#include "slots.h"

#define BITMAPS_FIRST 64u

static uint32_t slot_of(const struct bitmaps *bitmaps, bitmap_key key)
{
	uint32_t slot = (uint32_t)seal_slot_number(key) & bitmaps->mask;

	while (bitmaps->slots[slot] && bitmaps->entries[bitmaps->slots[slot] - 1].key != key)
		slot = (slot + 1) & bitmaps->mask;
	return slot;
}

void bitmaps_free(struct bitmaps *bitmaps)
{
	for (uint32_t i = 0; i < bitmaps->count; i++)
		roaring_bitmap_free(bitmaps->entries[i].rows);
	free(bitmaps->entries);
	free(bitmaps->slots);
	*bitmaps = (struct bitmaps){0};
}

/* Room for one more; the slots stay at most half full. */
static enum twinlog_error bitmaps_room(struct bitmaps *bitmaps)
{
	uint32_t capacity = bitmaps->capacity ? 2 * bitmaps->capacity : BITMAPS_FIRST;
	struct bitmap_entry *entries;
	uint32_t *slots;

	if (bitmaps->count < bitmaps->capacity)
		return TWINLOG_OK;
	entries = realloc(bitmaps->entries, capacity * sizeof *entries);
	if (!entries)
		return TWINLOG_NO_MEMORY;
	bitmaps->entries = entries;
	slots = calloc(2 * (size_t)capacity, sizeof *slots);
	if (!slots)
		return TWINLOG_NO_MEMORY;
	free(bitmaps->slots);
	bitmaps->slots = slots;
	bitmaps->mask = 2 * capacity - 1;
	bitmaps->capacity = capacity;
	for (uint32_t i = 0; i < bitmaps->count; i++)
		slots[slot_of(bitmaps, entries[i].key)] = i + 1;
	return TWINLOG_OK;
}

enum twinlog_error bitmaps_add(struct bitmaps *bitmaps, bitmap_key key, uint32_t row)
{
	enum twinlog_error error = bitmaps_room(bitmaps);
	uint32_t slot;

	if (error)
		return error;
	slot = slot_of(bitmaps, key);
	if (!bitmaps->slots[slot]) {
		roaring_bitmap_t *rows = roaring_bitmap_create();

		if (!rows)
			return TWINLOG_NO_MEMORY;
		bitmaps->entries[bitmaps->count] = (struct bitmap_entry){.key = key, .rows = rows};
		bitmaps->slots[slot] = ++bitmaps->count;
	}
	roaring_bitmap_add(bitmaps->entries[bitmaps->slots[slot] - 1].rows, row);
	return TWINLOG_OK;
}

void bitmaps_remove(struct bitmaps *bitmaps, bitmap_key key, uint32_t row)
{
	uint32_t slot;

	if (bitmaps->count == 0)
		return;
	slot = slot_of(bitmaps, key);
	if (bitmaps->slots[slot])
		roaring_bitmap_remove(bitmaps->entries[bitmaps->slots[slot] - 1].rows, row);
}

void bitmaps_remove_all(struct bitmaps *bitmaps, uint32_t row)
{
	for (uint32_t i = 0; i < bitmaps->count; i++)
		roaring_bitmap_remove(bitmaps->entries[i].rows, row);
}

const roaring_bitmap_t *bitmaps_get(const struct bitmaps *bitmaps, bitmap_key key)
{
	uint32_t slot = bitmaps->count ? slot_of(bitmaps, key) : 0;

	return bitmaps->count && bitmaps->slots[slot] ? bitmaps->entries[bitmaps->slots[slot] - 1].rows : NULL;
}

void bitmaps_trim(struct bitmaps *bitmaps, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		roaring_bitmap_shrink_to_fit(bitmaps->entries[i].rows);
}

size_t bitmaps_bytes(const struct bitmaps *bitmaps)
{
	size_t bytes = bitmaps->capacity * (sizeof *bitmaps->entries + 2 * sizeof *bitmaps->slots);

	for (uint32_t i = 0; i < bitmaps->count; i++)
		bytes += roaring_bitmap_size_in_bytes(bitmaps->entries[i].rows);
	return bytes;
}
