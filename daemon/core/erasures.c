/* The set of erasures of one space. */
#include "erasures.h"

#include <assert.h>
#include <stdlib.h>

#define SLOTS_FIRST 16u
#define SIGNERS_MAX 256u /* of one leaf; a space has few who ever were stewards */

struct erasures {
	struct erasure **items; /* in order of arrival; the first committed ones are durable */
	size_t count;
	size_t capacity;
	size_t committed;
	uint32_t *by_leaf; /* open addressing: number + 1 of a leaf's first erasure */
	uint32_t *by_id;
	uint32_t slots; /* of each, a power of two, at least twice count */
	struct hash buckets[ERASURE_BUCKETS];
	bool stale[ERASURE_BUCKETS];
	struct hash digest;
};

enum twinlog_error erasures_new(struct erasures **ret_erasures)
{
	struct erasures *erasures = calloc(1, sizeof *erasures);
	if (!erasures)
		return TWINLOG_NO_MEMORY;
	*ret_erasures = erasures;
	return TWINLOG_OK;
}

void erasures_free(struct erasures *erasures)
{
	if (!erasures)
		return;
	for (size_t i = 0; i < erasures->count; i++)
		erasure_free(erasures->items[i]);
	free(erasures->items);
	free(erasures->by_leaf);
	free(erasures->by_id);
	free(erasures);
}

/* ---- Finding. ---- */

static uint32_t *slot_of(const struct erasures *erasures, uint32_t *slots, const struct hash *wanted, bool by_leaf)
{
	uint32_t slot = (uint32_t)hash_word(wanted) & (erasures->slots - 1);
	while (slots[slot] != 0) {
		const struct erasure *held = erasures->items[slots[slot] - 1];
		if (hash_equal(by_leaf ? &held->leaf : &held->id, wanted))
			break;
		slot = (slot + 1) & (erasures->slots - 1);
	}
	return &slots[slot];
}

static struct erasure *leaf_first(const struct erasures *erasures, const struct hash *leaf)
{
	const uint32_t number = erasures->count > 0 ? *slot_of(erasures, erasures->by_leaf, leaf, true) : 0;
	return number ? erasures->items[number - 1] : NULL;
}

static struct erasure *leaf_next(const struct erasures *erasures, const struct erasure *erasure)
{
	return erasure->same == ERASURE_NONE ? NULL : erasures->items[erasure->same];
}

bool erasures_has(const struct erasures *erasures, const struct hash *id)
{
	return erasures->count > 0 && *slot_of(erasures, erasures->by_id, id, false) != 0;
}

const struct erasure *erasures_of(const struct erasures *erasures, const struct hash *city, const struct hash *leaf)
{
	const struct erasure *best = NULL;
	for (const struct erasure *at = leaf_first(erasures, leaf); at; at = leaf_next(erasures, at))
		if (at->applies && hash_equal(&at->city, city) && (!best || hash_compare(&at->id, &best->id) < 0))
			best = at;
	return best;
}

bool erasures_excuse(const struct erasures *erasures, const struct hash *city, const struct hash *leaf)
{
	for (const struct erasure *at = leaf_first(erasures, leaf); at; at = leaf_next(erasures, at))
		if ((at->applies || at->shut_out) && hash_equal(&at->city, city))
			return true;
	return false;
}

size_t erasures_count(const struct erasures *erasures)
{
	return erasures->count;
}

size_t erasures_committed(const struct erasures *erasures)
{
	return erasures->committed;
}

const struct erasure *erasures_at(const struct erasures *erasures, size_t index)
{
	return erasures->items[index];
}

/* ---- Growing. ---- */

static void enter(struct erasures *erasures, uint32_t number)
{
	struct erasure *erasure = erasures->items[number];
	uint32_t *first = slot_of(erasures, erasures->by_leaf, &erasure->leaf, true);
	*slot_of(erasures, erasures->by_id, &erasure->id, false) = number + 1;
	erasure->same = ERASURE_NONE;
	if (*first == 0) {
		*first = number + 1;
		return;
	}
	/* Behind the first: of one leaf there may be very many. */
	erasure->same = erasures->items[*first - 1]->same;
	erasures->items[*first - 1]->same = number;
}

static enum twinlog_error room_for_one(struct erasures *erasures)
{
	if (erasures->count == erasures->capacity) {
		const size_t capacity = erasures->capacity ? 2 * erasures->capacity : 8;
		struct erasure **items = realloc(erasures->items, capacity * sizeof(*items));
		if (!items)
			return TWINLOG_NO_MEMORY;
		erasures->items = items;
		erasures->capacity = capacity;
	}
	if (2 * (erasures->count + 1) <= erasures->slots)
		return TWINLOG_OK;
	const uint32_t slots = erasures->slots ? 2 * erasures->slots : SLOTS_FIRST;
	uint32_t *by_leaf = calloc(slots, sizeof *by_leaf), *by_id = calloc(slots, sizeof *by_id);
	if (!by_leaf || !by_id) {
		free(by_leaf);
		free(by_id);
		return TWINLOG_NO_MEMORY;
	}
	free(erasures->by_leaf);
	free(erasures->by_id);
	erasures->by_leaf = by_leaf;
	erasures->by_id = by_id;
	erasures->slots = slots;
	for (size_t i = 0; i < erasures->count; i++)
		enter(erasures, (uint32_t)i);
	return TWINLOG_OK;
}

/* So that no member fills everybody's memory: each has its own share. */
static bool signer_is_full(const struct erasures *erasures, const struct hash *signer)
{
	size_t count = 0;
	if (erasures->count < TWINLOG_ERASURES_MAX)
		return false;
	for (size_t i = 0; i < erasures->count; i++)
		count += hash_equal(&erasures->items[i]->signer, signer);
	return count >= TWINLOG_ERASURES_MAX;
}

enum twinlog_error erasures_add(struct erasures *erasures, struct erasure *erasure)
{
	if (erasures_has(erasures, &erasure->id))
		return TWINLOG_DUPLICATE;
	if (signer_is_full(erasures, &erasure->signer))
		return TWINLOG_TOO_MANY;
	const enum twinlog_error error = room_for_one(erasures);
	if (error)
		return error;
	erasure->applies = false;
	erasures->items[erasures->count] = erasure;
	enter(erasures, (uint32_t)erasures->count++);
	return TWINLOG_OK;
}

void erasures_commit(struct erasures *erasures)
{
	assert(erasures->committed < erasures->count);
	erasures->stale[erasures->items[erasures->committed++]->id.bytes[0]] = true;
}

enum twinlog_error erasures_settle(struct erasures *erasures)
{
	size_t count = 0, end;
	struct hash *ids = malloc((erasures->committed + 1) * sizeof *ids);
	if (!ids)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < erasures->committed; i++)
		if (erasures->stale[erasures->items[i]->id.bytes[0]])
			ids[count++] = erasures->items[i]->id;
	count = hash_sort(ids, count);
	for (size_t at = 0; at < count; at = end) {
		for (end = at; end < count && ids[end].bytes[0] == ids[at].bytes[0];)
			end++;
		erasures->buckets[ids[at].bytes[0]] = seal_hash1("erasure-bucket", ids + at, (end - at) * sizeof *ids);
	}
	free(ids);
	memset(erasures->stale, 0, sizeof erasures->stale);
	if (count > 0)
		erasures->digest = seal_hash1("erasures", erasures->buckets, sizeof erasures->buckets);
	return TWINLOG_OK;
}

/* ---- Taking effect. ---- */

bool erasures_judge(struct erasures *erasures, const struct acts *acts, const struct hash *city,
		    const struct hash *leaf)
{
	struct hash signers[SIGNERS_MAX];
	struct erasure *first = leaf_first(erasures, leaf);
	size_t count = 0;
	bool applies = false, before = false;
	for (struct erasure *at = first; at; at = leaf_next(erasures, at)) {
		if (!hash_equal(&at->city, city))
			continue;
		before |= at->applies;
		/* PROTOCOL, "Erasures": what was signed with a stolen key takes nothing once that key is retired. */
		at->shut_out = acts_erasure_shut_out(acts, &at->signer, at->key, &at->id);
		if (at->shut_out)
			continue;
		applies |= hash_equal(&at->signer, city);
		bool twice = false;
		for (size_t i = 0; i < count && !twice; i++)
			twice = hash_equal(&signers[i], &at->signer);
		if (!twice && count < SIGNERS_MAX)
			signers[count++] = at->signer;
	}
	if (count > 0 && !applies && !before)
		applies = acts_stewards_agree(acts, city, signers, hash_sort(signers, count));
	for (struct erasure *at = first; at; at = leaf_next(erasures, at))
		at->applies |= hash_equal(&at->city, city) && (applies || before);
	return applies && !before;
}

const struct hash *erasures_digest(const struct erasures *erasures)
{
	return &erasures->digest;
}

const struct hash *erasures_buckets(const struct erasures *erasures)
{
	return erasures->buckets;
}
