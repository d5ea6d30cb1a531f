#include "alike.h"

#include <stdlib.h>
#include <string.h>

#include "sample.h"

#define CODES_MAX (1u << 19)

enum twinlog_error alike_init(struct alike *alike, const struct likeness *likeness, const struct view_space *view)
{
	*alike = (struct alike){.likeness = *likeness, .view = view, .rows = roaring_bitmap_create()};
	return alike->rows ? TWINLOG_OK : TWINLOG_NO_MEMORY;
}

static void blocks_drop(struct alike *alike)
{
	for (size_t b = 0; b < alike->blocks_count; b++)
		free(alike->blocks[b].tallies);
	free(alike->blocks);
	alike->blocks = NULL;
	alike->blocks_count = 0;
}

void alike_free(struct alike *alike)
{
	blocks_drop(alike);
	if (alike->rows)
		roaring_bitmap_free(alike->rows);
	free(alike->years);
	free(alike->heaps);
	free(alike->tallies);
}

/* ---- Codes ---- */

/* Numbers that may come while it is counted, so that not each of them means to count anew. */
static uint32_t with_room(uint32_t count)
{
	return count + count / 8 + 1;
}

/* A number for each year or decade that the space has, in order of first sight; 0: undated. */
static enum twinlog_error years_number(struct alike *alike, uint32_t *ret_numbers)
{
	static const uint32_t years_max = 10000;
	const uint32_t count = columns_count(&alike->view->columns, COLUMN_WHEN);
	uint32_t *numbers = calloc(years_max, sizeof *numbers), next = 1;
	uint32_t *years = realloc(alike->years, count * sizeof *years);

	if (years)
		alike->years = years;
	if (!numbers || !years) {
		free(numbers);
		return TWINLOG_NO_MEMORY;
	}
	years[0] = 0;
	for (uint32_t i = 1; i < count; i++) {
		const uint32_t year = columns_year(&alike->view->columns, i) % years_max;
		const uint32_t value = alike->likeness.when == DIMENSION_DECADE ? year / 10 : year;

		if (alike->likeness.when != DIMENSION_MONTH && numbers[value] == 0)
			numbers[value] = next++;
		years[i] = alike->likeness.when == DIMENSION_MONTH ? i : numbers[value];
	}
	free(numbers);
	alike->years_count = count;
	*ret_numbers = alike->likeness.when == DIMENSION_MONTH ? count : next;
	return TWINLOG_OK;
}

/* How many numbers of each column may be met. What was counted by fewer is counted anew. */
static enum twinlog_error codes_number(struct alike *alike)
{
	uint32_t counts[COLUMN_COUNT] = {0};
	uint64_t codes = alike->likeness.state ? ALIKE_STATES : 1;
	bool grown = alike->codes == 0;
	enum twinlog_error error = TWINLOG_OK;

	for (int i = 0; !error && i < COLUMN_COUNT; i++) {
		if (!alike->likeness.columns[i])
			continue;
		if (i == COLUMN_WHEN)
			error = years_number(alike, &counts[i]);
		else
			counts[i] = columns_count(&alike->view->columns, (enum column)i);
		grown |= counts[i] > alike->sizes[i];
	}
	if (error || !grown)
		return error;
	blocks_drop(alike);
	roaring_bitmap_clear(alike->rows);
	free(alike->heaps);
	alike->heaps = NULL;
	for (int i = 0; i < COLUMN_COUNT; i++) {
		alike->sizes[i] = alike->likeness.columns[i] ? with_room(counts[i]) : 0;
		if (codes <= CODES_MAX && alike->likeness.columns[i])
			codes *= alike->sizes[i];
	}
	alike->codes = codes <= CODES_MAX ? (uint32_t)codes : 0;
	if (alike->codes > 0)
		alike->heaps = calloc(alike->codes, sizeof *alike->heaps);
	return alike->codes == 0 || alike->heaps ? TWINLOG_OK : TWINLOG_NO_MEMORY;
}

/* ---- Looking ---- */

static const roaring_bitmap_t *rows_of(const struct alike *alike, enum bitmap_dimension dimension, uint32_t value)
{
	return bitmaps_get(&alike->view->bitmaps, bitmap_key_of(dimension, value, 0));
}

static void leave_out(roaring_bitmap_t *rows, const roaring_bitmap_t *these)
{
	if (these)
		roaring_bitmap_andnot_inplace(rows, these);
}

static void keep_held(const struct alike *alike, roaring_bitmap_t *rows)
{
	const uint32_t name = names_find(statements_names(alike->view->statements), "held", 4);
	const roaring_bitmap_t *held = name == NAME_NONE ? NULL : rows_of(alike, BITMAP_STATUS, name);

	if (held)
		roaring_bitmap_and_inplace(rows, held);
	else
		roaring_bitmap_clear(rows);
}

/* Of the rows that fit, those that are counted. */
static roaring_bitmap_t *counted_rows(const struct alike *alike, const struct alike_want *want,
				      const roaring_bitmap_t *rows)
{
	roaring_bitmap_t *counted = roaring_bitmap_andnot(rows, want->apart);

	if (!counted)
		return NULL;
	leave_out(counted, rows_of(alike, BITMAP_WIDE, 0));
	for (uint32_t kind = 0; kind < 32; kind++)
		if (alike->likeness.details & 1u << kind)
			leave_out(counted, rows_of(alike, BITMAP_TOLD, kind));
	if (want->plans)
		keep_held(alike, counted);
	return counted;
}

/* Those that a report leaves out without looking at anything else: as sample_take does of each record. */
static uint64_t leave_unheld(const struct alike *alike, const struct alike_want *want, roaring_bitmap_t *counted)
{
	uint64_t all;

	if (want->withdrawn)
		leave_out(counted, rows_of(alike, BITMAP_STATE, TWINLOG__RECORD_STATE__STATE_WITHDRAWN));
	leave_out(counted, rows_of(alike, BITMAP_BARE, 0));
	if (!want->held)
		return 0;
	all = roaring_bitmap_get_cardinality(counted);
	keep_held(alike, counted);
	return all - roaring_bitmap_get_cardinality(counted);
}

static enum twinlog_error blocks_reserve(struct alike *alike)
{
	const size_t count = (alike->view->rows >> ALIKE_BLOCK_SHIFT) + 1;
	struct block *blocks;

	if (count <= alike->blocks_count)
		return TWINLOG_OK;
	blocks = realloc(alike->blocks, count * sizeof *blocks);
	if (!blocks)
		return TWINLOG_NO_MEMORY;
	memset(blocks + alike->blocks_count, 0, (count - alike->blocks_count) * sizeof *blocks);
	alike->blocks = blocks;
	alike->blocks_count = count;
	return TWINLOG_OK;
}

static uint64_t block_rows(const roaring_bitmap_t *rows, size_t block)
{
	return roaring_bitmap_range_cardinality(rows, (uint64_t)block << ALIKE_BLOCK_SHIFT,
						(uint64_t)(block + 1) << ALIKE_BLOCK_SHIFT);
}

/* A block takes as long as so many records that are looked at, and as one of so many of its rows. */
#define BLOCK_COST   4u
#define ROWS_PER_ONE 128u

/* Blocks in which a row came, went or was taken in anew; what it takes to count them. */
static uint64_t blocks_mark(struct alike *alike, const roaring_bitmap_t *changed)
{
	uint64_t cost = 0;

	for (size_t b = 0; b < alike->blocks_count; b++) {
		struct block *block = &alike->blocks[b];

		block->stale = block->stale || block_rows(changed, b) > 0;
		cost += block->stale ? BLOCK_COST + block_rows(alike->rows, b) / ROWS_PER_ONE : 0;
	}
	return cost;
}

enum twinlog_error alike_look(struct alike *alike, const struct alike_want *want, roaring_bitmap_t *rows,
			      uint64_t *ret_cost)
{
	enum twinlog_error error = codes_number(alike);
	roaring_bitmap_t *counted, *changed, *again;

	*ret_cost = 0;
	alike->not_held = 0;
	if (error)
		return error;
	if (alike->codes == 0)
		return TWINLOG_OK;
	counted = counted_rows(alike, want, rows);
	if (!counted)
		return TWINLOG_NO_MEMORY;
	roaring_bitmap_andnot_inplace(rows, counted);
	alike->not_held = leave_unheld(alike, want, counted);
	changed = roaring_bitmap_xor(alike->rows, counted);
	again = roaring_bitmap_and(want->taken, counted);
	error = changed && again ? blocks_reserve(alike) : TWINLOG_NO_MEMORY;
	roaring_bitmap_free(alike->rows);
	alike->rows = counted;
	if (!error) {
		roaring_bitmap_or_inplace(changed, again);
		*ret_cost = blocks_mark(alike, changed);
	}
	if (changed)
		roaring_bitmap_free(changed);
	if (again)
		roaring_bitmap_free(again);
	return error;
}

/* ---- All blocks ---- */

static void tally_join(struct tally *tally, const struct tally *other)
{
	tally->records += other->records;
	tally->silent += other->silent;
	tally->persons += other->persons;
	tally->undated += other->undated;
	tally->first = other->first < tally->first ? other->first : tally->first;
	tally->last = other->last > tally->last ? other->last : tally->last;
}

enum twinlog_error alike_unite(struct alike *alike)
{
	alike->later = 0;
	for (size_t b = 0; b < alike->blocks_count; b++) {
		const struct block *block = &alike->blocks[b];
		enum twinlog_error error = sample_reserve(&alike->tallies, &alike->tallies_capacity,
							  alike->tallies_count + block->count, sizeof *alike->tallies);

		if (error)
			return error;
		alike->later += block->later;
		for (uint32_t i = 0; i < block->count; i++) {
			/* One more than its place. */
			uint32_t *place = &alike->heaps[block->tallies[i].code].records;

			if (*place) {
				tally_join(&alike->tallies[*place - 1], &block->tallies[i]);
				continue;
			}
			alike->tallies[alike->tallies_count++] = block->tallies[i];
			*place = (uint32_t)alike->tallies_count;
		}
	}
	return TWINLOG_OK;
}
