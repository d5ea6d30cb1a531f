#include "copies.h"

#include <stdlib.h>

#include "group.h"
#include "slots.h"

struct joined {
	const struct statements *statements;
	struct bitmaps *bitmaps;
};

/* One token in one space. It holds no token, so two may be taken for one: rows marked for nothing. */
struct slot {
	uint32_t hash; /* of the token */
	uint32_t row;
	uint32_t space; /* its number + 1; 0: free */
};

struct copies {
	struct joined *spaces;
	uint32_t spaces_count;
	struct slot *slots;
	size_t mask;
	size_t count;
};

enum twinlog_error copies_new(struct copies **ret_copies)
{
	struct copies *copies = calloc(1, sizeof *copies);

	if (!copies)
		return TWINLOG_NO_MEMORY;
	*ret_copies = copies;
	return TWINLOG_OK;
}

void copies_free(struct copies *copies)
{
	if (!copies)
		return;
	free(copies->spaces);
	free(copies->slots);
	free(copies);
}

size_t copies_bytes(const struct copies *copies)
{
	return sizeof *copies + (copies->slots ? (copies->mask + 1) * sizeof *copies->slots : 0);
}

enum twinlog_error copies_join(struct copies *copies, const struct statements *statements, struct bitmaps *bitmaps,
			       uint32_t *ret_number)
{
	struct joined *spaces;

	spaces = realloc(copies->spaces, (copies->spaces_count + 1) * sizeof *spaces);
	if (!spaces)
		return TWINLOG_NO_MEMORY;
	copies->spaces = spaces;
	spaces[copies->spaces_count] = (struct joined){statements, bitmaps};
	*ret_number = copies->spaces_count++;
	return TWINLOG_OK;
}

static enum twinlog_error mark(struct copies *copies, uint32_t number, uint32_t row)
{
	return bitmaps_add(copies->spaces[number].bitmaps, bitmap_key_of(BITMAP_COPIED, 0, 0), row);
}

static enum twinlog_error table_grow(struct copies *copies)
{
	const size_t size = copies->slots ? 2 * (copies->mask + 1) : 1024;
	struct slot *slots = calloc(size, sizeof *slots);

	if (!slots)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; copies->slots && i <= copies->mask; i++) {
		size_t at = copies->slots[i].hash & (size - 1);

		if (copies->slots[i].space == 0)
			continue;
		while (slots[at].space)
			at = (at + 1) & (size - 1);
		slots[at] = copies->slots[i];
	}
	free(copies->slots);
	copies->slots = slots;
	copies->mask = size - 1;
	return TWINLOG_OK;
}

enum twinlog_error copies_take(struct copies *copies, uint32_t number, uint32_t row)
{
	const struct statements *statements = copies->spaces[number].statements;
	const uint64_t token = record_token(statements, statements_record(statements, row));
	const uint32_t hash = (uint32_t)seal_slot(&token, sizeof token);
	bool stands = false;
	enum twinlog_error error = TWINLOG_OK;
	size_t at;

	if (token == 0)
		return TWINLOG_OK;
	if (!copies->slots || 8 * copies->count > 7 * copies->mask)
		error = table_grow(copies);
	if (error)
		return error;
	for (at = hash & copies->mask; !error && copies->slots[at].space; at = (at + 1) & copies->mask) {
		const struct slot slot = copies->slots[at];
		const bool own = slot.space == number + 1;

		if (slot.hash != hash)
			continue;
		stands |= own;
		if (own && slot.row == row)
			continue;
		error = mark(copies, number, row);
		if (!error)
			error = mark(copies, slot.space - 1, slot.row);
	}
	if (!error && !stands) {
		copies->slots[at] = (struct slot){.hash = hash, .row = row, .space = number + 1};
		copies->count++;
	}
	return error;
}
