/* The two sizes of name that Twinlog uses: a 32-byte hash (identity, space, bundle, act, leaf) and a 16-byte handle
 * (record, request, token). Plain values, copied and compared freely. Knows nobody. */
#ifndef TWINLOG_IDS_H
#define TWINLOG_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "twinlog/error.h"

#define HASH_SIZE       32
#define HANDLE_SIZE     16
#define HASH_HEX_SIZE   (2 * HASH_SIZE + 1) /* with the final NUL */
#define HANDLE_HEX_SIZE (2 * HANDLE_SIZE + 1)

struct hash {
	uint8_t bytes[HASH_SIZE];
};

struct handle {
	uint8_t bytes[HANDLE_SIZE];
};

static inline int hash_compare(const struct hash *a, const struct hash *b)
{
	return memcmp(a->bytes, b->bytes, HASH_SIZE);
}

static inline bool hash_equal(const struct hash *a, const struct hash *b)
{
	return hash_compare(a, b) == 0;
}

static inline bool handle_equal(const struct handle *a, const struct handle *b)
{
	return memcmp(a->bytes, b->bytes, HANDLE_SIZE) == 0;
}

static inline bool hash_is_zero(const struct hash *hash)
{
	static const struct hash zero;
	return hash_equal(hash, &zero);
}

/* Its first eight bytes, the same everywhere: a mark of it that may be kept. In a table whoever chose the hash would
 * choose its place: see daemon/seal/slots.h. */
static inline uint64_t hash_word(const struct hash *hash)
{
	uint64_t word;
	memcpy(&word, hash->bytes, sizeof word);
	return word;
}

/* For qsort. */
int hash_order(const void *a, const void *b);

/* Sorts and drops repetitions; returns the new count. */
size_t hash_sort(struct hash *hashes, size_t count);

bool hash_in(const struct hash *hashes, size_t count, const struct hash *wanted);

/* Lower-case hex. out has 2 * size + 1 bytes. Returns out. */
char *hex_encode(char *out, const void *bytes, size_t size);

/* Exactly 2 * size hex digits of either case. TWINLOG_INVALID otherwise. */
enum twinlog_error hex_decode(void *out, size_t size, const char *text, size_t length) TWINLOG_MUST_CHECK;

#endif
