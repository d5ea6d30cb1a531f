#include "leaves.h"

#include <pthread.h>
#include <stdlib.h>

#include "slots.h"

/* The places of one bundle, as long as it has this size. */
struct places {
	uint64_t sequence;
	size_t size;
	uint32_t count;
	uint32_t offsets[]; /* of leaves 0, LEAVES_STEP, … */
};

struct leaves {
	pthread_mutex_t lock;
	struct places **slots; /* open addressing by sequence number; NULL: free */
	size_t mask;
	size_t count;
	size_t bytes;
};

enum twinlog_error leaves_new(struct leaves **ret_leaves)
{
	struct leaves *leaves = calloc(1, sizeof *leaves);

	if (!leaves)
		return TWINLOG_NO_MEMORY;
	if (pthread_mutex_init(&leaves->lock, NULL)) {
		free(leaves);
		return TWINLOG_NO_MEMORY;
	}
	*ret_leaves = leaves;
	return TWINLOG_OK;
}

void leaves_free(struct leaves *leaves)
{
	if (!leaves)
		return;
	for (size_t i = 0; leaves->slots && i <= leaves->mask; i++)
		free(leaves->slots[i]);
	free(leaves->slots);
	pthread_mutex_destroy(&leaves->lock);
	free(leaves);
}

size_t leaves_bytes(const struct leaves *leaves)
{
	return leaves->bytes;
}

static size_t places_bytes(const struct places *places)
{
	return sizeof *places + places->count * sizeof *places->offsets;
}

/* ---- The table; under the lock ---- */

static struct places **slot_of(struct places **slots, size_t mask, uint64_t sequence)
{
	size_t slot = (size_t)seal_slot_number(sequence) & mask;

	while (slots[slot] && slots[slot]->sequence != sequence)
		slot = (slot + 1) & mask;
	return &slots[slot];
}

static bool table_grow(struct leaves *leaves)
{
	const size_t size = leaves->slots ? 2 * (leaves->mask + 1) : 256;
	struct places **slots = calloc(size, sizeof(*slots));

	if (!slots)
		return false;
	for (size_t i = 0; leaves->slots && i <= leaves->mask; i++)
		if (leaves->slots[i])
			*slot_of(slots, size - 1, leaves->slots[i]->sequence) = leaves->slots[i];
	free(leaves->slots);
	leaves->bytes += (size - (leaves->slots ? leaves->mask + 1 : 0)) * sizeof(*slots);
	leaves->slots = slots;
	leaves->mask = size - 1;
	return true;
}

/* Keeps these places, in place of those of the bundle before it was made shorter; false: they are the caller's still.
 */
static bool table_put(struct leaves *leaves, struct places *places)
{
	struct places **slot;

	if ((!leaves->slots || 2 * leaves->count > leaves->mask) && !table_grow(leaves))
		return false;
	slot = slot_of(leaves->slots, leaves->mask, places->sequence);
	if (*slot) {
		leaves->bytes -= places_bytes(*slot);
		free(*slot);
	} else {
		leaves->count++;
	}
	leaves->bytes += places_bytes(places);
	*slot = places;
	return true;
}

/* ---- Finding ---- */

static struct places *places_make(uint64_t sequence, const uint8_t *bytes, size_t size)
{
	const uint32_t count = bundle_view_places(bytes, size, LEAVES_STEP, NULL, 0);
	struct places *places = malloc(sizeof *places + count * sizeof *places->offsets);

	if (!places)
		return NULL;
	*places = (struct places){.sequence = sequence, .size = size, .count = count};
	(void)bundle_view_places(bytes, size, LEAVES_STEP, places->offsets, count);
	return places;
}

/* Where to begin to look for the leaf, and how many come before it from there. */
static size_t place_of(struct leaves *leaves, uint64_t sequence, const uint8_t *bytes, size_t size, uint32_t index,
		       uint32_t *ret_skip)
{
	struct places *places;
	size_t offset = 0;

	*ret_skip = index;
	pthread_mutex_lock(&leaves->lock);
	places = leaves->slots ? *slot_of(leaves->slots, leaves->mask, sequence) : NULL;
	if (!places || places->size != size) {
		places = places_make(sequence, bytes, size);
		if (places && !table_put(leaves, places)) {
			free(places);
			places = NULL;
		}
	}
	if (places && index / LEAVES_STEP < places->count) {
		offset = places->offsets[index / LEAVES_STEP];
		*ret_skip = index % LEAVES_STEP;
	}
	pthread_mutex_unlock(&leaves->lock);
	return offset;
}

enum twinlog_error leaves_body(struct leaves *leaves, uint64_t sequence, const uint8_t *bytes, size_t size,
			       uint32_t index, ProtobufCBinaryData *ret_body)
{
	uint32_t skip = index;
	size_t offset = 0;

	if (leaves && size > LEAVES_SMALL && index >= LEAVES_STEP)
		offset = place_of(leaves, sequence, bytes, size, index, &skip);
	return bundle_view_body(bytes + offset, size - offset, skip, ret_body);
}
