/* The maker of the test vectors of PROTOCOL.md: from fixed seeds, by the library's own functions. One line a vector,
 * `kind name=value …`; check.py reckons each anew from the page alone. Here is what the files of the maker share. */
#ifndef TWINLOG_TESTS_VECTORS_H
#define TWINLOG_TESTS_VECTORS_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "log.pb-c.h"
#include "seal.h"

extern FILE *out;

#define MUST(condition)                                                                                                \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);                        \
			exit(1);                                                                                       \
		}                                                                                                      \
	} while (0)

void put(const char *name, const void *bytes, size_t size);
const char *error_name(enum twinlog_error error);
void put_refused(const char *object, const char *what, enum twinlog_error error, const void *bytes, size_t size);

/* ---- Messages written by hand, so that wrong ones can be written too. ---- */

struct raw {
	uint8_t bytes[16384];
	size_t size;
};
void raw_number(struct raw *raw, uint32_t field, uint64_t value); /* also when it is 0 */
void raw_bytes(struct raw *raw, uint32_t field, const void *bytes, size_t size);
static inline void raw_text(struct raw *raw, uint32_t field, const char *text)
{
	raw_bytes(raw, field, text, strlen(text));
}
static inline void raw_hash(struct raw *raw, uint32_t field, const struct hash *hash)
{
	raw_bytes(raw, field, hash->bytes, HASH_SIZE);
}
/* inner in field 1, its signature of this kind in field 2. */
void raw_signed(struct raw *raw, const struct raw *inner, const struct seal_keys *keys, const char *kind);

/* ---- Cities. ---- */

struct city {
	const char *name, *city_id;
	uint8_t first; /* of the bytes of its seeds */
	uint8_t city_seed[32], recovery_seed[32];
	struct seal_keys *keys[2]; /* of index 0 and 1 */
	struct seal_public recovery;
	struct hash identity;
};
struct city *city_named(const char *name, size_t size);

void cities_put(void);
void acts_put(void);
void bundles_put(void);
void bodies_put(void);
void statements_put(void);

struct acts *acts_council(void); /* the caller's */

/* Made by acts_put: the pair of mokpo and xiamen, and its one act head. */
extern struct hash pair_space, pair_head;

#endif
