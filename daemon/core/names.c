#include "names.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "slots.h"

#define NAMES_FIRST_SLOTS 256u
#define NAMES_BLOCK_SIZE  (16u * 1024)

struct name {
	const char *text;
	uint32_t size;
	uint32_t hash;
};

/* Texts lie in blocks that never move. */
struct block {
	struct block *next;
	size_t used;
	size_t size;
	char bytes[];
};

struct names {
	struct name *items; /* [0] is the empty text */
	uint32_t count;
	uint32_t capacity;
	uint32_t *slots; /* open addressing; 0 is free */
	uint32_t mask;
	struct block *blocks;
};

enum twinlog_error names_new(struct names **ret_names)
{
	struct names *names = calloc(1, sizeof *names);

	if (!names)
		return TWINLOG_NO_MEMORY;
	names->capacity = NAMES_FIRST_SLOTS / 2;
	names->mask = NAMES_FIRST_SLOTS - 1;
	names->items = calloc(names->capacity, sizeof *names->items);
	names->slots = calloc(NAMES_FIRST_SLOTS, sizeof *names->slots);
	if (!names->items || !names->slots) {
		names_free(names);
		return TWINLOG_NO_MEMORY;
	}
	names->items[NAME_NONE].text = "";
	names->count = 1;
	*ret_names = names;
	return TWINLOG_OK;
}

void names_free(struct names *names)
{
	if (!names)
		return;
	while (names->blocks) {
		struct block *block = names->blocks;

		names->blocks = block->next;
		free(block);
	}
	free(names->items);
	free(names->slots);
	free(names);
}

/* The slot that holds the text, or the free one where it belongs. */
static uint32_t slot_of(const struct names *names, const void *text, size_t size, uint32_t hash)
{
	uint32_t slot = hash & names->mask;

	for (; names->slots[slot]; slot = (slot + 1) & names->mask) {
		const struct name *name = &names->items[names->slots[slot]];

		if (name->hash == hash && name->size == size && memcmp(name->text, text, size) == 0)
			break;
	}
	return slot;
}

uint32_t names_find(const struct names *names, const void *text, size_t size)
{
	if (size == 0)
		return NAME_NONE;
	return names->slots[slot_of(names, text, size, (uint32_t)seal_slot(text, size))];
}

/* Keeps the table at most half full. */
static enum twinlog_error names_grow(struct names *names)
{
	uint32_t size = 2 * (names->mask + 1);
	struct name *items = realloc(names->items, (size / 2) * sizeof *items);
	uint32_t *slots;

	if (!items)
		return TWINLOG_NO_MEMORY;
	names->items = items;
	slots = calloc(size, sizeof *slots);
	if (!slots)
		return TWINLOG_NO_MEMORY;
	for (uint32_t i = 1; i < names->count; i++) {
		uint32_t slot = items[i].hash & (size - 1);

		while (slots[slot])
			slot = (slot + 1) & (size - 1);
		slots[slot] = i;
	}
	free(names->slots);
	names->slots = slots;
	names->mask = size - 1;
	names->capacity = size / 2;
	return TWINLOG_OK;
}

static const char *text_keep(struct names *names, const void *text, size_t size)
{
	struct block *block = names->blocks;
	char *copy;

	if (!block || block->size - block->used < size + 1) {
		size_t room = size + 1 > NAMES_BLOCK_SIZE ? size + 1 : NAMES_BLOCK_SIZE;

		block = malloc(sizeof *block + room);
		if (!block)
			return NULL;
		block->next = names->blocks;
		block->used = 0;
		block->size = room;
		names->blocks = block;
	}
	copy = block->bytes + block->used;
	memcpy(copy, text, size);
	copy[size] = '\0';
	block->used += size + 1;
	return copy;
}

enum twinlog_error names_add(struct names *names, const void *text, size_t size, uint32_t *ret_name)
{
	uint32_t hash, slot;
	const char *copy;

	if (size == 0) {
		*ret_name = NAME_NONE;
		return TWINLOG_OK;
	}
	if (size > UINT32_MAX / 2)
		return TWINLOG_TOO_LARGE;
	hash = (uint32_t)seal_slot(text, size);
	slot = slot_of(names, text, size, hash);
	if (names->slots[slot]) {
		*ret_name = names->slots[slot];
		return TWINLOG_OK;
	}
	if (names->count == names->capacity) {
		enum twinlog_error error = names_grow(names);

		if (error)
			return error;
		slot = slot_of(names, text, size, hash);
	}
	copy = text_keep(names, text, size);
	if (!copy)
		return TWINLOG_NO_MEMORY;
	names->items[names->count] = (struct name){.text = copy, .size = (uint32_t)size, .hash = hash};
	names->slots[slot] = names->count;
	*ret_name = names->count++;
	return TWINLOG_OK;
}

const char *names_text(const struct names *names, uint32_t name, size_t *ret_size)
{
	*ret_size = names->items[name].size;
	return names->items[name].text;
}

uint32_t names_count(const struct names *names)
{
	return names->count;
}

int names_compare(const struct names *names, uint32_t a, uint32_t b)
{
	const struct name *left = &names->items[a];
	const struct name *right = &names->items[b];
	uint32_t size = left->size < right->size ? left->size : right->size;
	int order = memcmp(left->text, right->text, size);

	if (order)
		return order;
	return (left->size > right->size) - (left->size < right->size);
}
