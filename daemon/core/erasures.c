/* The set of erasures of one space. */
#include "erasures.h"

#include <assert.h>
#include <stdlib.h>

#include "array.h"
#include "slots.h"

#define SLOTS_FIRST 16u
#define LOOKED_AT   64u /* of the newest of one leaf, for another word of the same signer */

/* A leaf of a city, and what its erasures come to. */
struct erased_leaf {
	uint32_t first; /* erasure of it; the others follow by `same`, newest first */
	uint32_t taker; /* that took its content: of several the one with the least id; ERASURE_NONE */
	bool excused;   /* it may come without its content */
	uint32_t fresh; /* erasures that came since it was judged */
	size_t acts;    /* by which it was judged: their number; 0: never */
};

/* So that no member, and no thief of a key, fills everybody's memory: each has its own share. */
struct share {
	struct hash signer;
	size_t key;
	size_t count;
};

struct erasures {
	struct erasure **items; /* in order of arrival; the first committed ones are durable */
	size_t count;
	size_t capacity;
	size_t committed;
	struct erased_leaf *leaves; /* room for capacity */
	size_t leaves_count;
	uint32_t *by_leaf; /* open addressing: number of the leaf + 1 */
	uint32_t *by_id;   /* of the erasure */
	uint32_t slots;    /* of each, a power of two, at least twice count */
	ARRAY(struct share) shares;
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
	free(erasures->leaves);
	free(erasures->shares.items);
	free(erasures->by_leaf);
	free(erasures->by_id);
	free(erasures);
}

/* ---- Finding. ---- */

static uint32_t *id_slot(const struct erasures *erasures, const struct hash *id)
{
	uint32_t slot = (uint32_t)seal_slot_hash(id) & (erasures->slots - 1);
	while (erasures->by_id[slot] != 0 && !hash_equal(&erasures->items[erasures->by_id[slot] - 1]->id, id))
		slot = (slot + 1) & (erasures->slots - 1);
	return &erasures->by_id[slot];
}

static uint32_t *leaf_slot(const struct erasures *erasures, const struct hash *city, const struct hash *leaf)
{
	uint32_t slot = (uint32_t)(seal_slot_hash(leaf) + 3 * seal_slot_hash(city)) & (erasures->slots - 1);
	for (; erasures->by_leaf[slot] != 0; slot = (slot + 1) & (erasures->slots - 1)) {
		const struct erasure *first = erasures->items[erasures->leaves[erasures->by_leaf[slot] - 1].first];
		if (hash_equal(&first->leaf, leaf) && hash_equal(&first->city, city))
			break;
	}
	return &erasures->by_leaf[slot];
}

static struct erased_leaf *leaf_find(const struct erasures *erasures, const struct hash *city, const struct hash *leaf)
{
	const uint32_t number = erasures->count > 0 ? *leaf_slot(erasures, city, leaf) : 0;
	return number ? &erasures->leaves[number - 1] : NULL;
}

static struct erasure *item_at(const struct erasures *erasures, uint32_t number)
{
	return number == ERASURE_NONE ? NULL : erasures->items[number];
}

bool erasures_has(const struct erasures *erasures, const struct hash *id)
{
	return erasures->count > 0 && *id_slot(erasures, id) != 0;
}

const struct erasure *erasures_of(const struct erasures *erasures, const struct hash *city, const struct hash *leaf)
{
	const struct erased_leaf *erased = leaf_find(erasures, city, leaf);
	return erased ? item_at(erasures, erased->taker) : NULL;
}

bool erasures_excuse(const struct erasures *erasures, const struct hash *city, const struct hash *leaf)
{
	const struct erased_leaf *erased = leaf_find(erasures, city, leaf);
	return erased && erased->excused;
}

size_t erasures_leaves(const struct erasures *erasures)
{
	return erasures->leaves_count;
}

const struct erasure *erasures_leaf(const struct erasures *erasures, size_t number)
{
	return erasures->items[erasures->leaves[number].first];
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
	uint32_t *leaf = leaf_slot(erasures, &erasure->city, &erasure->leaf);
	*id_slot(erasures, &erasure->id) = number + 1;
	erasure->same = ERASURE_NONE;
	if (*leaf == 0) {
		erasures->leaves[erasures->leaves_count++] =
		    (struct erased_leaf){.first = number, .taker = ERASURE_NONE};
		*leaf = (uint32_t)erasures->leaves_count;
		return;
	}
	/* Behind the first: of one leaf there may be very many. */
	struct erased_leaf *erased = &erasures->leaves[*leaf - 1];
	erasure->same = erasures->items[erased->first]->same;
	erasures->items[erased->first]->same = number;
	erased->fresh++;
}

static bool items_grow(struct erasures *erasures)
{
	const size_t capacity = erasures->capacity ? 2 * erasures->capacity : 8;
	struct erasure **items = realloc(erasures->items, capacity * sizeof(*items));
	erasures->items = items ? items : erasures->items;
	struct erased_leaf *leaves = realloc(erasures->leaves, capacity * sizeof *leaves);
	erasures->leaves = leaves ? leaves : erasures->leaves;
	erasures->capacity = items && leaves ? capacity : erasures->capacity;
	return items && leaves;
}

static bool slots_grow(struct erasures *erasures)
{
	const uint32_t slots = erasures->slots ? 2 * erasures->slots : SLOTS_FIRST;
	uint32_t *by_leaf = calloc(slots, sizeof *by_leaf), *by_id = calloc(slots, sizeof *by_id);
	if (!by_leaf || !by_id) {
		free(by_leaf);
		free(by_id);
		return false;
	}
	free(erasures->by_leaf);
	free(erasures->by_id);
	erasures->by_leaf = by_leaf;
	erasures->by_id = by_id;
	erasures->slots = slots;
	for (uint32_t i = 0; i < erasures->count; i++)
		*id_slot(erasures, &erasures->items[i]->id) = i + 1;
	for (uint32_t i = 0; i < erasures->leaves_count; i++) {
		const struct erasure *first = erasures->items[erasures->leaves[i].first];
		*leaf_slot(erasures, &first->city, &first->leaf) = i + 1;
	}
	return true;
}

/* NULL: memory. */
static struct share *share_of(struct erasures *erasures, const struct erasure *erasure)
{
	for (size_t i = 0; i < erasures->shares.count; i++)
		if (erasures->shares.items[i].key == erasure->key &&
		    hash_equal(&erasures->shares.items[i].signer, &erasure->signer))
			return &erasures->shares.items[i];
	struct share *share = ARRAY_PUSH(&erasures->shares);
	if (share)
		*share = (struct share){.signer = erasure->signer, .key = erasure->key};
	return share;
}

static enum twinlog_error take_in(struct erasures *erasures, struct erasure *erasure, size_t most)
{
	if (erasures_has(erasures, &erasure->id))
		return TWINLOG_DUPLICATE;
	struct share *share = share_of(erasures, erasure);
	if (!share)
		return TWINLOG_NO_MEMORY;
	if (share->count >= most)
		return TWINLOG_TOO_MANY;
	if ((erasures->count == erasures->capacity && !items_grow(erasures)) ||
	    (2 * (erasures->count + 1) > erasures->slots && !slots_grow(erasures)))
		return TWINLOG_NO_MEMORY;
	share->count++;
	erasure->applies = false;
	erasures->items[erasures->count] = erasure;
	enter(erasures, (uint32_t)erasures->count++);
	return TWINLOG_OK;
}

enum twinlog_error erasures_add(struct erasures *erasures, struct erasure *erasure)
{
	return take_in(erasures, erasure, TWINLOG_ERASURES_MAX);
}

enum twinlog_error erasures_load(struct erasures *erasures, struct erasure *erasure)
{
	return take_in(erasures, erasure, SIZE_MAX);
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

static void take(struct erasures *erasures, struct erased_leaf *leaf, uint32_t number)
{
	const struct erasure *taker = item_at(erasures, leaf->taker);
	erasures->items[number]->applies = leaf->excused = true;
	if (!taker || hash_compare(&erasures->items[number]->id, &taker->id) < 0)
		leaf->taker = number;
}

/* PROTOCOL, "Erasures": what was signed with a stolen key takes nothing once that key is retired. */
static bool shut_out(const struct acts *acts, struct erasure *erasure)
{
	erasure->shut_out = acts_erasure_shut_out(acts, &erasure->signer, erasure->key, &erasure->id);
	return erasure->shut_out;
}

/* Whether the signer of the newest said as much before: what is shut out says less. */
static bool said_before(const struct erasures *erasures, const struct erasure *first, const struct erasure *newest)
{
	const struct erasure *at = first;
	for (unsigned i = 0; at && i < LOOKED_AT; i++) {
		if (at != newest && (newest->shut_out || !at->shut_out) && hash_equal(&at->signer, &newest->signer))
			return true;
		at = item_at(erasures, at->same);
	}
	return false;
}

/* Whether the leaf was judged by these acts, and the one erasure that came since changes nothing: so it is with one who
 * signs without end. */
static bool judged_already(struct erasures *erasures, const struct acts *acts, struct erased_leaf *leaf)
{
	const struct erasure *first = erasures->items[leaf->first];
	if (leaf->acts != acts_count(acts) || leaf->fresh > 1)
		return false;
	if (leaf->fresh == 0)
		return true;
	struct erasure *newest = erasures->items[first->same];
	(void)shut_out(acts, newest);
	if (leaf->taker != ERASURE_NONE)
		take(erasures, leaf, first->same);
	return leaf->taker != ERASURE_NONE || said_before(erasures, first, newest);
}

/* Who signed erasures of the leaf; of many one after the other by one signer it takes the first. */
struct signers {
	struct hash *items;
	size_t count;
	bool author;
};

static void signers_add(struct signers *signers, const struct erasure *erasure)
{
	signers->author |= hash_equal(&erasure->signer, &erasure->city);
	if (signers->count == 0 || !hash_equal(&signers->items[signers->count - 1], &erasure->signer))
		signers->items[signers->count++] = erasure->signer;
}

static bool leaf_judge(struct erasures *erasures, const struct acts *acts, struct erased_leaf *leaf)
{
	const struct hash *city = &erasures->items[leaf->first]->city;
	size_t length = 0;
	for (const struct erasure *at = erasures->items[leaf->first]; at; at = item_at(erasures, at->same))
		length++;
	struct signers now = {.items = malloc(length * sizeof *now.items)};
	struct signers all = {.items = malloc(length * sizeof *all.items)};
	const bool memory = now.items && all.items;
	for (struct erasure *at = erasures->items[leaf->first]; at && memory; at = item_at(erasures, at->same)) {
		signers_add(&all, at);
		if (!shut_out(acts, at))
			signers_add(&now, at);
	}
	if (memory) {
		now.count = hash_sort(now.items, now.count);
		all.count = hash_sort(all.items, all.count);
		const bool takes = leaf->taker != ERASURE_NONE || now.author ||
				   (now.count > 0 && acts_stewards_agree(acts, city, now.items, now.count));
		leaf->excused = takes || all.author || acts_stewards_agreed(acts, city, all.items, all.count);
		for (uint32_t at = leaf->first; takes && at != ERASURE_NONE; at = erasures->items[at]->same)
			take(erasures, leaf, at);
	}
	free(now.items);
	free(all.items);
	return memory;
}

bool erasures_judge(struct erasures *erasures, const struct acts *acts, const struct hash *city,
		    const struct hash *leaf)
{
	struct erased_leaf *erased = leaf_find(erasures, city, leaf);
	if (!erased)
		return false;
	const bool before = erased->taker != ERASURE_NONE;
	if (judged_already(erasures, acts, erased) || leaf_judge(erasures, acts, erased)) {
		erased->acts = acts_count(acts);
		erased->fresh = 0;
	}
	return !before && erased->taker != ERASURE_NONE;
}

const struct hash *erasures_digest(const struct erasures *erasures)
{
	return &erasures->digest;
}

const struct hash *erasures_buckets(const struct erasures *erasures)
{
	return erasures->buckets;
}
