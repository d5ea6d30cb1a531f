/* Lists of act heads that bundles name: each is kept once, and bundles point to it. Most bundles name what the one
 * before did, but whoever signs them chooses, so lists are found by a hash of all of it. */
#include "node_internal.h"
#include "slots.h"

static size_t place_of(const struct space *space, const struct hash *heads, uint32_t count)
{
	const size_t mask = space->act_heads_slots_count - 1;
	size_t slot = (size_t)seal_slot(heads, count * sizeof *heads) & mask;
	for (; space->act_heads_slots[slot] != 0; slot = (slot + 1) & mask) {
		const struct act_heads *kept = &space->act_heads.items[space->act_heads_slots[slot] - 1];
		if (kept->count == count && memcmp(kept->heads, heads, count * sizeof *heads) == 0)
			break;
	}
	return slot;
}

static bool slots_grow(struct space *space)
{
	if (space->act_heads.count + 1 < space->act_heads_slots_count - space->act_heads_slots_count / 4)
		return true;
	const size_t count = space->act_heads_slots_count ? 2 * space->act_heads_slots_count : 16;
	uint32_t *slots = calloc(count, sizeof *slots);
	if (!slots)
		return false;
	free(space->act_heads_slots);
	space->act_heads_slots = slots;
	space->act_heads_slots_count = count;
	for (size_t i = 0; i < space->act_heads.count; i++) {
		const struct act_heads *kept = &space->act_heads.items[i];
		slots[place_of(space, kept->heads, kept->count)] = (uint32_t)i + 1;
	}
	return true;
}

uint32_t space_act_heads_ref(struct space *space, const struct hash *heads, uint32_t count)
{
	if (!slots_grow(space))
		return UINT32_MAX;
	const size_t place = place_of(space, heads, count);
	if (space->act_heads_slots[place] != 0)
		return space->act_heads_slots[place] - 1;
	struct hash *copy = malloc(count * sizeof *copy);
	struct act_heads *made = copy ? ARRAY_PUSH(&space->act_heads) : NULL;
	if (!made) {
		free(copy);
		return UINT32_MAX;
	}
	memcpy(copy, heads, count * sizeof *copy);
	*made = (struct act_heads){copy, count};
	space->act_heads_slots[place] = (uint32_t)space->act_heads.count;
	return (uint32_t)(space->act_heads.count - 1);
}

void act_heads_free(struct space *space)
{
	for (size_t i = 0; i < space->act_heads.count; i++)
		free(space->act_heads.items[i].heads);
	free(space->act_heads.items);
	free(space->act_heads_slots);
}
