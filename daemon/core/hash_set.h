/* A set of hashes in their order, for sets that a partner may make as large as it likes: adding and dropping move one
 * block, never the whole. Looking changes nothing. Knows ids.h. */
#ifndef TWINLOG_HASH_SET_H
#define TWINLOG_HASH_SET_H

#include "ids.h"

struct hash_block { /* never empty */
	struct hash *ids;
	uint32_t count;
	uint32_t capacity;
};

struct hash_set { /* all zero: empty */
	struct hash_block *blocks;
	size_t blocks_count;
	size_t blocks_capacity;
	size_t count;
};

/* OK also when it is there. NO_MEMORY leaves the set as it was. */
enum twinlog_error hash_set_add(struct hash_set *set, const struct hash *id) TWINLOG_MUST_CHECK;
void hash_set_drop(struct hash_set *set, const struct hash *id);
void hash_set_clear(struct hash_set *set); /* frees what it holds */
bool hash_set_has(const struct hash_set *set, const struct hash *id);

/* Copies, in ascending order, those from that place on: at most so many. Returns how many. */
size_t hash_set_copy(const struct hash_set *set, size_t from, struct hash *ret_ids, size_t max);

/* Walks in ascending order; begins zeroed. NULL: no more. What it gives lives until the set changes. */
struct hash_set_walk {
	size_t block;
	uint32_t at;
};
const struct hash *hash_set_next(const struct hash_set *set, struct hash_set_walk *walk);

#endif
