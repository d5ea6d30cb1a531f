#include <stdlib.h>
#include <string.h>

#include "import.h"

struct seen_text {
	char *text;
	size_t size;
	uint32_t hash;
	uint32_t count;
};

struct seen {
	struct seen_text *slots; /* open addressing; text NULL is free */
	size_t mask;
	size_t used;
};

struct seen *seen_new(void)
{
	struct seen *seen = calloc(1, sizeof *seen);

	if (!seen)
		return NULL;
	seen->mask = 1023;
	seen->slots = calloc(seen->mask + 1, sizeof *seen->slots);
	if (!seen->slots) {
		free(seen);
		return NULL;
	}
	return seen;
}

void seen_free(struct seen *seen)
{
	if (!seen)
		return;
	for (size_t i = 0; i <= seen->mask; i++)
		free(seen->slots[i].text);
	free(seen->slots);
	free(seen);
}

/* FNV-1a. */
static uint32_t hash_of(const void *text, size_t size)
{
	const unsigned char *bytes = text;
	uint32_t hash = 2166136261u;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ bytes[i]) * 16777619u;
	return hash;
}

static struct seen_text *slot_of(const struct seen *seen, const void *text, size_t size, uint32_t hash)
{
	for (size_t at = hash & seen->mask;; at = (at + 1) & seen->mask) {
		struct seen_text *slot = &seen->slots[at];

		if (!slot->text || (slot->hash == hash && slot->size == size && memcmp(slot->text, text, size) == 0))
			return slot;
	}
}

static enum twinlog_error widen(struct seen *seen)
{
	struct seen wider = {.mask = 2 * seen->mask + 1, .used = seen->used};

	wider.slots = calloc(wider.mask + 1, sizeof *wider.slots);
	if (!wider.slots)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i <= seen->mask; i++) {
		const struct seen_text *slot = &seen->slots[i];

		if (slot->text)
			*slot_of(&wider, slot->text, slot->size, slot->hash) = *slot;
	}
	free(seen->slots);
	*seen = wider;
	return TWINLOG_OK;
}

enum twinlog_error seen_add(struct seen *seen, const void *text, size_t size, uint32_t *ret_before)
{
	const uint32_t hash = hash_of(text, size);
	struct seen_text *slot;

	if (2 * seen->used > seen->mask && widen(seen))
		return TWINLOG_NO_MEMORY;
	slot = slot_of(seen, text, size, hash);
	if (!slot->text) {
		slot->text = malloc(size + 1);
		if (!slot->text)
			return TWINLOG_NO_MEMORY;
		memcpy(slot->text, text, size);
		slot->size = size;
		slot->hash = hash;
		seen->used++;
	}
	*ret_before = slot->count++;
	return TWINLOG_OK;
}
