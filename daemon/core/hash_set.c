#include "hash_set.h"

#include <stdlib.h>

#include "array.h"

#define BLOCK_MAX 256u /* ids of one block */

/* The last block that begins no later, or the first. */
static size_t block_for(const struct hash_set *set, const struct hash *id)
{
	size_t low = 0, high = set->blocks_count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (hash_compare(&set->blocks[middle].ids[0], id) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low > 0 ? low - 1 : 0;
}

/* Where it stands in the block, or would. */
static uint32_t place_in(const struct hash_block *block, const struct hash *id)
{
	uint32_t low = 0, high = block->count;
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		if (hash_compare(&block->ids[middle], id) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* A block with one id more than none: who calls fills it. */
static struct hash_block *block_insert(struct hash_set *set, size_t at, uint32_t capacity)
{
	struct hash *ids = malloc(capacity * sizeof *ids);
	if (!ids || !array_reserve((void **)(void *)&set->blocks, &set->blocks_capacity, set->blocks_count + 1,
				   sizeof *set->blocks)) {
		free(ids);
		return NULL;
	}
	struct hash_block *block = &set->blocks[at];
	memmove(block + 1, block, (set->blocks_count++ - at) * sizeof *block);
	*block = (struct hash_block){.ids = ids, .capacity = capacity};
	return block;
}

static bool block_halve(struct hash_set *set, size_t at)
{
	struct hash_block *upper = block_insert(set, at + 1, BLOCK_MAX);
	if (!upper)
		return false;
	struct hash_block *lower = upper - 1;
	upper->count = lower->count / 2;
	lower->count -= upper->count;
	memcpy(upper->ids, lower->ids + lower->count, upper->count * sizeof *upper->ids);
	return true;
}

static bool block_grow(struct hash_block *block)
{
	if (block->count < block->capacity)
		return true;
	const uint32_t capacity = 2 * block->capacity < BLOCK_MAX ? 2 * block->capacity : BLOCK_MAX;
	struct hash *ids = realloc(block->ids, capacity * sizeof *ids);
	if (!ids)
		return false;
	block->ids = ids;
	block->capacity = capacity;
	return true;
}

enum twinlog_error hash_set_add(struct hash_set *set, const struct hash *id)
{
	if (set->blocks_count == 0 && !block_insert(set, 0, 2))
		return TWINLOG_NO_MEMORY;
	size_t at = block_for(set, id);
	uint32_t place = place_in(&set->blocks[at], id);
	if (place < set->blocks[at].count && hash_equal(&set->blocks[at].ids[place], id))
		return TWINLOG_OK;
	if (set->blocks[at].count == BLOCK_MAX) {
		if (!block_halve(set, at))
			return TWINLOG_NO_MEMORY;
		if (place > set->blocks[at].count)
			place -= set->blocks[at++].count;
	}
	struct hash_block *block = &set->blocks[at];
	if (!block_grow(block))
		return TWINLOG_NO_MEMORY;
	memmove(block->ids + place + 1, block->ids + place, (block->count++ - place) * sizeof *block->ids);
	block->ids[place] = *id;
	set->count++;
	return TWINLOG_OK;
}

void hash_set_drop(struct hash_set *set, const struct hash *id)
{
	const size_t at = block_for(set, id);
	struct hash_block *block = at < set->blocks_count ? &set->blocks[at] : NULL;
	const uint32_t place = block ? place_in(block, id) : 0;
	if (!block || place == block->count || !hash_equal(&block->ids[place], id))
		return;
	set->count--;
	memmove(block->ids + place, block->ids + place + 1, (--block->count - place) * sizeof *block->ids);
	if (block->count > 0)
		return;
	free(block->ids);
	memmove(block, block + 1, (--set->blocks_count - at) * sizeof *block);
}

void hash_set_clear(struct hash_set *set)
{
	for (size_t i = 0; i < set->blocks_count; i++)
		free(set->blocks[i].ids);
	free(set->blocks);
	*set = (struct hash_set){0};
}

bool hash_set_has(const struct hash_set *set, const struct hash *id)
{
	if (set->blocks_count == 0)
		return false;
	const struct hash_block *block = &set->blocks[block_for(set, id)];
	const uint32_t place = place_in(block, id);
	return place < block->count && hash_equal(&block->ids[place], id);
}

size_t hash_set_copy(const struct hash_set *set, size_t from, struct hash *ret_ids, size_t max)
{
	size_t copied = 0;
	for (size_t i = 0; i < set->blocks_count && copied < max; i++) {
		const struct hash_block *block = &set->blocks[i];
		if (from >= block->count) {
			from -= block->count;
			continue;
		}
		const size_t rest = block->count - from;
		const size_t taken = rest < max - copied ? rest : max - copied;
		memcpy(ret_ids + copied, block->ids + from, taken * sizeof *ret_ids);
		copied += taken;
		from = 0;
	}
	return copied;
}

const struct hash *hash_set_next(const struct hash_set *set, struct hash_set_walk *walk)
{
	if (walk->block == set->blocks_count)
		return NULL;
	const struct hash_block *block = &set->blocks[walk->block];
	const struct hash *id = &block->ids[walk->at++];
	if (walk->at == block->count)
		*walk = (struct hash_set_walk){.block = walk->block + 1};
	return id;
}
