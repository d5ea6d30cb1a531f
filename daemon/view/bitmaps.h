/* For each value that records have, the set of rows that have it: Roaring bitmaps by key. Knows CRoaring and nobody. */
#ifndef TWINLOG_BITMAPS_H
#define TWINLOG_BITMAPS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <roaring/roaring.h>

#include "twinlog/error.h"

/* What a value is a value of. */
enum bitmap_dimension {
	BITMAP_SHOWN,   /* no value: some word on the record counts */
	BITMAP_WAITING, /* no value: waits for this city's answer */
	BITMAP_KIND,    /* RecordKind */
	BITMAP_STATE,   /* RecordState */
	BITMAP_STATED,  /* number of a city of the statements: it has a current word */
	BITMAP_APART,   /* likewise, and what it states is not what the columns hold */
	BITMAP_COPIED,  /* no value: copies.h */
	BITMAP_CITY,    /* name, as all below */
	BITMAP_COUNTRY, /* number of the two letters: bitmap_country */
	BITMAP_FIELD,
	BITMAP_FORM,
	BITMAP_MODE,
	BITMAP_STATUS,
	BITMAP_RELATION,
	BITMAP_ACTOR, /* level, kind */
	BITMAP_CHANNEL,
	BITMAP_YEAR,   /* the interval has a day in it */
	BITMAP_DECADE, /* likewise: the year divided by 10 */
	BITMAP_ACROSS, /* no value: under more than one year */
	BITMAP_LONG,   /* no value: the interval touches too many years to be under them */
	BITMAP_BARE,   /* no value: there are no facts, or they have no values */
	BITMAP_WIDE,   /* no value: what it says has no room in the columns */
	BITMAP_TOLD, /* kind of detail: a city may say something of that kind on it; too many stand there, never too few
		      */
};

/* Dimension 6 bits, a 29, b 29: names of details have no more. */
typedef uint64_t bitmap_key;
static inline bitmap_key bitmap_key_of(enum bitmap_dimension dimension, uint32_t a, uint32_t b)
{
	return (uint64_t)dimension << 58 | (uint64_t)(a & 0x1fffffffu) << 29 | (b & 0x1fffffffu);
}
static inline uint32_t bitmap_key_a(bitmap_key key)
{
	return (uint32_t)(key >> 29) & 0x1fffffffu;
}
static inline uint32_t bitmap_key_b(bitmap_key key)
{
	return (uint32_t)key & 0x1fffffffu;
}
/* "CN" of a city id. */
static inline uint32_t bitmap_country(const void *code)
{
	const uint8_t *letters = code;

	return (uint32_t)letters[0] << 8 | letters[1];
}

struct bitmap_entry {
	bitmap_key key;
	roaring_bitmap_t *rows;
};
struct bitmaps {
	struct bitmap_entry *entries; /* in order of first sight */
	uint32_t count;
	uint32_t capacity;
	uint32_t *slots; /* open addressing; entry + 1, 0 free */
	uint32_t mask;
};

void bitmaps_free(struct bitmaps *bitmaps); /* what it holds; it may be used again */
enum twinlog_error bitmaps_add(struct bitmaps *bitmaps, bitmap_key key, uint32_t row) TWINLOG_MUST_CHECK;
void bitmaps_remove(struct bitmaps *bitmaps, bitmap_key key, uint32_t row);
/* From every set of values of the record: for a row whose values are not known any more. */
void bitmaps_remove_all(struct bitmaps *bitmaps, uint32_t row);
/* NULL when no row ever had it. */
const roaring_bitmap_t *bitmaps_get(const struct bitmaps *bitmaps, bitmap_key key);
/* Gives back what was reserved for growth, of the sets from one place up to another. */
void bitmaps_trim(struct bitmaps *bitmaps, uint32_t from, uint32_t to);
size_t bitmaps_bytes(const struct bitmaps *bitmaps);

#endif
