#include "keyring.h"

#include <stdlib.h>
#include <string.h>

static int entry_order(const void *a, const void *b)
{
	const struct keyring_entry *left = a, *right = b;
	const int order = memcmp(left->key, right->key, KEYRING_KEY_SIZE);
	/* Of equal keys the one in force comes first and is kept. */
	return order ? order : (int)left->removed - (int)right->removed;
}

static int key_order(const void *key, const void *entry)
{
	return memcmp(key, ((const struct keyring_entry *)entry)->key, KEYRING_KEY_SIZE);
}

enum twinlog_error keyring_set(struct keyring *keyring, const struct keyring_entry *entries, size_t count)
{
	struct keyring_entry *copy = NULL;
	size_t kept = 0;
	if (count > 0) {
		copy = malloc(count * sizeof *copy);
		if (!copy)
			return TWINLOG_NO_MEMORY;
		memcpy(copy, entries, count * sizeof *copy);
		qsort(copy, count, sizeof *copy, entry_order);
		for (size_t i = 0; i < count; i++)
			if (kept == 0 || memcmp(copy[kept - 1].key, copy[i].key, KEYRING_KEY_SIZE) != 0)
				copy[kept++] = copy[i];
	}
	free(keyring->entries);
	keyring->entries = copy;
	keyring->count = kept;
	return TWINLOG_OK;
}

void keyring_free(struct keyring *keyring)
{
	free(keyring->entries);
	*keyring = (struct keyring){0};
}

const struct keyring_entry *keyring_find(const struct keyring *keyring, const uint8_t key[KEYRING_KEY_SIZE])
{
	if (keyring->count == 0)
		return NULL;
	return bsearch(key, keyring->entries, keyring->count, sizeof *keyring->entries, key_order);
}

enum keyring_status keyring_status(const struct keyring *keyring, const uint8_t key[KEYRING_KEY_SIZE])
{
	const struct keyring_entry *entry = keyring_find(keyring, key);
	if (!entry)
		return KEYRING_UNKNOWN;
	return entry->removed ? KEYRING_REFUSED : KEYRING_ADMITTED;
}
