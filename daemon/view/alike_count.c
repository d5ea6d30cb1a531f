/* Counting the rows of a block by their codes. */
#include <stdlib.h>
#include <string.h>

#include "alike.h"
#include "sample.h"

#define ROWS_AT_ONCE  1024u
/* Compiled once for rows in a line and once for others, since half a nanosecond a row is seen. */
#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* Some rows, and the code of each. */
struct some {
	uint32_t rows[ROWS_AT_ONCE];
	uint32_t codes[ROWS_AT_ONCE];
	uint32_t count;
	bool line; /* one row behind the other, from the first on */
};

/* The row at a place. line is known where this is compiled: then columns are read straight on. */
ALWAYS_INLINE uint32_t row_at(const struct some *some, bool line, uint32_t place)
{
	return line ? some->rows[0] + place : some->rows[place];
}

ALWAYS_INLINE void codes_narrow(struct some *some, bool line, const uint16_t *column, uint32_t size)
{
	for (uint32_t i = 0; i < some->count; i++)
		some->codes[i] = some->codes[i] * size + column[row_at(some, line, i)];
}

ALWAYS_INLINE void codes_years(struct some *some, bool line, const uint16_t *column, const uint32_t *years,
			       uint32_t size)
{
	for (uint32_t i = 0; i < some->count; i++)
		some->codes[i] = some->codes[i] * size + years[column[row_at(some, line, i)]];
}

ALWAYS_INLINE void codes_of(const struct alike *alike, struct some *some, bool line)
{
	const struct columns *columns = &alike->view->columns;
	const uint8_t *states = alike->view->state;

	memset(some->codes, 0, some->count * sizeof *some->codes);
	for (uint32_t i = 0; alike->sizes[COLUMN_WHO] > 0 && i < some->count; i++)
		some->codes[i] = columns->who[row_at(some, line, i)];
	for (int c = 0; c < COLUMN_COUNT; c++) {
		if (c == COLUMN_WHO || alike->sizes[c] == 0)
			continue;
		if (c == COLUMN_WHEN)
			codes_years(some, line, columns->narrow[c], alike->years, alike->sizes[c]);
		else
			codes_narrow(some, line, columns->narrow[c], alike->sizes[c]);
	}
	for (uint32_t i = 0; alike->likeness.state && i < some->count; i++)
		some->codes[i] = some->codes[i] * ALIKE_STATES + states[row_at(some, line, i)] % ALIKE_STATES;
}

enum twinlog_error alike_room(struct alike *alike, size_t more)
{
	const size_t wanted = alike->tallies_count + more;

	if (wanted <= alike->tallies_capacity)
		return TWINLOG_OK;
	return sample_reserve(&alike->tallies, &alike->tallies_capacity, wanted + wanted / 2, sizeof *alike->tallies);
}

/* The first one of its code. */
static void heap_begin(struct alike *alike, struct heap *heap, uint32_t row, uint32_t code)
{
	const uint32_t facts = alike->view->facts[row];

	*heap = (struct heap){.first = INT32_MAX, .last = INT32_MIN};
	alike->tallies[alike->tallies_count++] =
	    (struct tally){.facts = facts == FACTS_NONE ? NULL : statements_facts_at(alike->view->statements, facts),
			   .code = code,
			   .row = row,
			   .state = alike->view->state[row]};
}

/* What is rarely so is looked for by itself. */
ALWAYS_INLINE void count_undated(struct alike *alike, const struct some *some, bool line)
{
	const int32_t *days = alike->view->day;
	const uint32_t count = some->count;
	uint32_t undated = 0;

	for (uint32_t i = 0; i < count; i++)
		undated += days[row_at(some, line, i)] == VIEW_UNDATED;
	for (uint32_t i = 0; undated > 0 && i < count; i++)
		alike->heaps[some->codes[i]].undated += days[row_at(some, line, i)] == VIEW_UNDATED;
}

/* Days are most often within those that were met already, so that nothing has to be written of them. */
ALWAYS_INLINE void count_days(struct heap *heap, int32_t first, int32_t last)
{
	if (first < heap->first)
		heap->first = first;
	if (last > heap->last)
		heap->last = last;
}

/* sums: likeness. */
ALWAYS_INLINE void count_rows(struct alike *alike, const struct some *some, bool line, bool sums)
{
	const struct view_space *view = alike->view;
	const uint32_t *persons = view->columns.persons;
	const int32_t *days = view->day, *lasts = view->last;
	const int32_t as_of = alike->likeness.as_of;
	const uint32_t count = some->count;
	struct heap *heaps = alike->heaps;
	uint32_t later = 0;

	for (uint32_t i = 0; i < count; i++) {
		const uint32_t row = row_at(some, line, i);
		struct heap *heap = &heaps[some->codes[i]];
		const int32_t first = days[row];

		if (first > as_of && first != VIEW_UNDATED) {
			later++;
			continue;
		}
		if (heap->records == 0)
			heap_begin(alike, heap, row, some->codes[i]);
		heap->records++;
		if (sums) {
			heap->silent += persons[row] == COLUMN_SILENT;
			heap->persons += persons[row];
			count_days(heap, first, lasts[row]);
		}
	}
	alike->later += later;
	if (sums)
		count_undated(alike, some, line);
}

ALWAYS_INLINE void count_some(struct alike *alike, struct some *some, bool line)
{
	codes_of(alike, some, line);
	if (alike->likeness.sums)
		count_rows(alike, some, line, true);
	else
		count_rows(alike, some, line, false);
}

/* The next rows before an end; none: count is 0. */
static void some_read(const struct alike *alike, roaring_uint32_iterator_t *at, uint32_t end, struct some *some)
{
	const uint64_t behind = (uint64_t)at->current_value + ROWS_AT_ONCE;

	some->count = 0;
	if (!at->has_value || at->current_value > end)
		return;
	some->line =
	    behind <= (uint64_t)end + 1 && roaring_bitmap_contains_range(alike->rows, at->current_value, behind);
	if (some->line) {
		some->count = ROWS_AT_ONCE;
		some->rows[0] = at->current_value;
		for (uint32_t i = 1; i < ROWS_AT_ONCE; i++)
			some->rows[i] = some->rows[0] + i;
		if (behind > UINT32_MAX || !roaring_move_uint32_iterator_equalorlarger(at, (uint32_t)behind))
			at->has_value = false;
		return;
	}
	some->count = roaring_read_uint32_iterator(at, some->rows, ROWS_AT_ONCE);
	while (some->count > 0 && some->rows[some->count - 1] > end)
		some->count--;
}

/* The tallies at hand are those of the block. */
static enum twinlog_error block_keep(struct alike *alike, struct block *block)
{
	free(block->tallies);
	block->count = (uint32_t)alike->tallies_count;
	block->later = (uint32_t)alike->later;
	alike->later = 0;
	block->tallies = malloc((alike->tallies_count + 1) * sizeof *block->tallies);
	for (uint32_t i = 0; i < alike->tallies_count; i++) {
		struct tally *tally = &alike->tallies[i];
		struct heap *heap = &alike->heaps[tally->code];

		tally->records = heap->records;
		tally->silent = heap->silent;
		tally->persons = alike->likeness.sums ? heap->persons - (heap->records - heap->silent) : 0;
		tally->undated = heap->undated;
		tally->first = heap->first;
		tally->last = heap->last;
		heap->records = 0;
	}
	if (!block->tallies) {
		block->count = 0;
		return TWINLOG_NO_MEMORY;
	}
	if (alike->tallies_count > 0)
		memcpy(block->tallies, alike->tallies, alike->tallies_count * sizeof *block->tallies);
	alike->tallies_count = 0;
	block->stale = false;
	return TWINLOG_OK;
}

static enum twinlog_error block_count(struct alike *alike, size_t block)
{
	const uint32_t begin = (uint32_t)block << ALIKE_BLOCK_SHIFT, end = begin + ((1u << ALIKE_BLOCK_SHIFT) - 1);
	struct some some;
	roaring_uint32_iterator_t at;
	enum twinlog_error error = TWINLOG_OK;

	roaring_init_iterator(alike->rows, &at);
	if (!roaring_move_uint32_iterator_equalorlarger(&at, begin))
		return block_keep(alike, &alike->blocks[block]);
	for (some_read(alike, &at, end, &some); some.count > 0; some_read(alike, &at, end, &some)) {
		error = alike_room(alike, some.count);
		if (error)
			return error;
		if (some.line)
			count_some(alike, &some, true);
		else
			count_some(alike, &some, false);
	}
	return block_keep(alike, &alike->blocks[block]);
}

/* Rows that were taken in since the look may have numbers that it did not know of. They are looked at again anyway. */
static bool is_outgrown(const struct alike *alike)
{
	for (int c = 0; c < COLUMN_COUNT; c++) {
		const uint32_t known = c == COLUMN_WHEN ? alike->years_count : alike->sizes[c];

		if (alike->likeness.columns[c] && columns_count(&alike->view->columns, (enum column)c) > known)
			return true;
	}
	return false;
}

enum twinlog_error alike_count(struct alike *alike, bool *ret_more)
{
	*ret_more = false;
	if (alike->codes == 0 || is_outgrown(alike))
		return TWINLOG_OK;
	for (size_t b = 0; b < alike->blocks_count; b++)
		if (alike->blocks[b].stale) {
			*ret_more = true;
			return block_count(alike, b);
		}
	return TWINLOG_OK;
}
