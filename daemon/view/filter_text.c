/* The text of a filter: over all texts at once, or in the words on one record. */
#include <stdlib.h>

#include "filter_rows.h"
#include "texts.h"

/* Says something here that people read; of one city's view only what that city states. */
static bool speaks(const struct statements *statements, uint32_t stating, const struct word *word)
{
	if (stating != STATED_NOBODY)
		return word == stated_word(statements, statements_record(statements, word->record), stating);
	return word_is_current(word) && word_lane(word) == LANE_WORD && word->void_rule == 0 && !word->erased;
}

static enum twinlog_error word_fits(const struct filter *filter, const struct word *word, bool *ret_fits)
{
	ProtobufCBinaryData packed;
	enum twinlog_error error = query_body(filter->query, word, &packed);

	if (!error)
		error = texts_in_body(filter->scratch, packed, filter->text, filter->text_size, ret_fits);
	return error;
}

enum twinlog_error filter_text_fits(const struct filter *filter, const struct filter_space *where, size_t record,
				    bool *ret_fits)
{
	const struct word *word =
	    statements_word(where->statements, statements_record(where->statements, record)->first_word);
	enum twinlog_error error = TWINLOG_OK;
	bool fits = false;

	for (; !error && !fits && word; word = statements_word(where->statements, word->next))
		if (speaks(where->statements, where->stating, word))
			error = word_fits(filter, word, &fits);
	if (error)
		return error;
	*ret_fits = fits;
	return TWINLOG_OK;
}

/* ---- All at once ---- */

/* One thread's part. */
struct gathering {
	const struct statements *statements;
	uint32_t stating;
	roaring_bitmap_t *rows;
};

static bool is_of_space(void *context, uint64_t sequence)
{
	const struct gathering *gathering = context;

	return statements_has_bundle(gathering->statements, sequence);
}

static void gather(void *context, uint64_t sequence, uint32_t leaf)
{
	struct gathering *gathering = context;
	const struct word *word = statements_placed(gathering->statements, sequence, leaf);

	if (word && speaks(gathering->statements, gathering->stating, word))
		roaring_bitmap_add(gathering->rows, word->record);
}

static enum twinlog_error keep_found(const struct filter *filter, const struct filter_space *where,
				     roaring_bitmap_t *rows)
{
	struct gathering gatherings[TEXTS_THREADS];
	struct texts_search search = {
	    .text = filter->text, .size = filter->text_size, .wanted = is_of_space, .visit = gather};
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = 0; i < TEXTS_THREADS; i++) {
		gatherings[i] = (struct gathering){
		    .statements = where->statements, .stating = where->stating, .rows = roaring_bitmap_create()};
		search.contexts[i] = &gatherings[i];
		if (!gatherings[i].rows)
			error = TWINLOG_NO_MEMORY;
	}
	if (!error)
		error = texts_search(*filter->query->read, &search);
	for (size_t i = 1; !error && i < TEXTS_THREADS; i++)
		roaring_bitmap_or_inplace(gatherings[0].rows, gatherings[i].rows);
	if (!error)
		roaring_bitmap_and_inplace(rows, gatherings[0].rows);
	for (size_t i = 0; i < TEXTS_THREADS; i++)
		if (gatherings[i].rows)
			roaring_bitmap_free(gatherings[i].rows);
	return error;
}

/* Records up to which each is looked at by itself: a body has to be found and decoded. */
#define TEXT_SINGLE_MAX 256u

enum twinlog_error filter_text_rows(const struct filter *filter, const struct filter_space *where,
				    roaring_bitmap_t *rows)
{
	const uint64_t count = roaring_bitmap_get_cardinality(rows);
	uint32_t left[TEXT_SINGLE_MAX];
	enum twinlog_error error = TWINLOG_OK;

	if (!filter->text || count == 0)
		return TWINLOG_OK;
	if (count > TEXT_SINGLE_MAX)
		return keep_found(filter, where, rows);
	roaring_bitmap_to_uint32_array(rows, left);
	for (uint64_t i = 0; !error && i < count; i++) {
		bool fits;

		error = filter_text_fits(filter, where, left[i], &fits);
		if (!error && !fits)
			roaring_bitmap_remove(rows, left[i]);
	}
	return error;
}
