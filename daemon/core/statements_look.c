#include <stdatomic.h>

#include "slots.h"
#include "statements_internal.h"

const struct hash *statements_ref_leaf(const struct statements *statements, uint32_t ref)
{
	if (ref & REF_MISSING)
		return &statements->missing.items[ref & ~REF_MISSING].leaf;
	return &statements->words.items[ref].leaf;
}

const uint32_t *statements_leaf_slot(const struct statements *statements, const struct hash *leaf)
{
	const struct table *table = &statements->by_leaf;

	if (!table->slots)
		return NULL;
	for (uint32_t slot = (uint32_t)seal_slot_hash(leaf) & table->mask; table->slots[slot];
	     slot = (slot + 1) & table->mask)
		if (hash_equal(statements_ref_leaf(statements, table->slots[slot] - 1), leaf))
			return &table->slots[slot];
	return NULL;
}

const struct word *statements_ref_word(const struct statements *statements, uint32_t ref)
{
	if (ref & REF_MISSING)
		ref = statements->missing.items[ref & ~REF_MISSING].word;
	return statements_word(statements, ref);
}

const struct hash *statements_space(const struct statements *statements)
{
	return &statements->space;
}

const struct names *statements_names(const struct statements *statements)
{
	return statements->names;
}

size_t statements_records(const struct statements *statements)
{
	return statements->records.count;
}

size_t statements_leaves(const struct statements *statements)
{
	return statements->words.count;
}

size_t statements_shown(const struct statements *statements)
{
	return statements->shown;
}

const struct record *statements_record(const struct statements *statements, size_t index)
{
	return &statements->records.items[index];
}

size_t statements_index(const struct statements *statements, const struct record *record)
{
	return (size_t)(record - statements->records.items);
}

const struct record *statements_find(const struct statements *statements, const struct handle *handle)
{
	const struct table *table = &statements->by_handle;

	if (!table->slots)
		return NULL;
	for (uint32_t slot = (uint32_t)seal_slot_handle(handle) & table->mask; table->slots[slot];
	     slot = (slot + 1) & table->mask) {
		const struct record *record = &statements->records.items[table->slots[slot] - 1];

		if (handle_equal(&record->handle, handle))
			return record;
	}
	return NULL;
}

const struct hash *statements_opener(const struct statements *statements, const struct record *record)
{
	static const struct hash nobody;
	size_t size;

	if (record->opener == NAME_NONE)
		return &nobody;
	return (const struct hash *)(const void *)names_text(statements->names, record->opener, &size);
}

const void *statements_name(const struct statements *statements, const struct record *record, size_t *ret_size)
{
	if (record->kind == TWINLOG__RECORD_KIND__RECORD_CITY)
		return names_text(statements->names, record->name, ret_size);
	*ret_size = HANDLE_SIZE;
	return record->id;
}

const struct word *statements_word(const struct statements *statements, uint32_t word)
{
	return word == WORD_END ? NULL : &statements->words.items[word];
}

uint32_t statements_number(const struct statements *statements, const struct word *word)
{
	return (uint32_t)(word - statements->words.items);
}

const struct hash *statements_city(const struct statements *statements, uint16_t city)
{
	return &statements->cities.items[city];
}

size_t statements_cities(const struct statements *statements)
{
	return statements->cities.count;
}

const uint32_t *statements_links(const struct statements *statements, size_t *ret_count)
{
	*ret_count = statements->links.count;
	return statements->links.items;
}

const struct facts *statements_facts_at(const struct statements *statements, uint32_t facts)
{
	const uint64_t *block = statements->facts.items[facts >> FACTS_BLOCK_SHIFT];

	return (const struct facts *)(const void *)(block + (facts & (FACTS_BLOCK_UNITS - 1)));
}

const struct facts *statements_facts(const struct statements *statements, const struct word *word)
{
	return word->facts == FACTS_NONE ? NULL : statements_facts_at(statements, word->facts);
}

const struct hash *statements_answers(const struct statements *statements, const struct word *word)
{
	return word->has_answers ? statements_ref_leaf(statements, statements->refs.items[word->refs]) : NULL;
}

const struct word *statements_answered(const struct statements *statements, const struct word *word)
{
	return word->has_answers ? statements_ref_word(statements, statements->refs.items[word->refs]) : NULL;
}

const struct hash *statements_replaces(const struct statements *statements, const struct word *word, size_t index)
{
	return statements_ref_leaf(statements, statements->refs.items[word->refs + word->has_answers + index]);
}

const struct word *statements_leaf(const struct statements *statements, const struct record *record,
				   const struct hash *leaf)
{
	const uint32_t *slot = statements_leaf_slot(statements, leaf);
	const struct word *word = slot ? statements_ref_word(statements, *slot - 1) : NULL;

	return word && word->record == statements_index(statements, record) ? word : NULL;
}

static uint32_t batch_from(const struct statements *statements, uint64_t sequence)
{
	const struct batch *batches = statements->batches.items;
	uint32_t low = 0, high = statements->batches.count;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (batches[middle].sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct batch *statements_batch(const struct statements *statements, uint64_t sequence)
{
	const uint32_t at = batch_from(statements, sequence);
	const struct batch *batch = at < statements->batches.count ? &statements->batches.items[at] : NULL;

	return batch && batch->sequence == sequence ? batch : NULL;
}

uint64_t statements_bundle_from(const struct statements *statements, uint64_t sequence)
{
	const uint32_t at = batch_from(statements, sequence);

	return at < statements->batches.count ? statements->batches.items[at].sequence : UINT64_MAX;
}

uint64_t statements_bundle_last(const struct statements *statements)
{
	const uint32_t count = statements->batches.count;

	return count > 0 ? statements->batches.items[count - 1].sequence : 0;
}

uint32_t statements_bundle_words(const struct statements *statements, uint64_t sequence)
{
	const struct batch *batch = statements_batch(statements, sequence);

	return batch ? (uint32_t)batch->words + batch->echoes : 0;
}

const struct word *statements_bundle_word(const struct statements *statements, uint64_t sequence, uint32_t place)
{
	const struct batch *batch = statements_batch(statements, sequence);

	if (place < batch->words)
		return statements_word(statements, batch->first_word + place);
	return statements_word(statements, statements->echoes.items[batch->first_echo + place - batch->words].word);
}

const struct word *statements_find_leaf(const struct statements *statements, const struct hash *leaf)
{
	const uint32_t *slot = statements_leaf_slot(statements, leaf);

	return slot ? statements_ref_word(statements, *slot - 1) : NULL;
}

bool statements_has_bundle(const struct statements *statements, uint64_t sequence)
{
	return statements_batch(statements, sequence) != NULL;
}

const struct word *statements_placed(const struct statements *statements, uint64_t sequence, uint32_t index)
{
	const struct batch *batch = statements_batch(statements, sequence);

	/* Words stand in the order of their leaves; one that stood elsewhere before is an echo and leaves a gap. */
	for (uint32_t i = batch && batch->words > 0 ? (index < batch->words ? index + 1u : batch->words) : 0; i > 0;
	     i--) {
		const struct word *word = &statements->words.items[batch->first_word + i - 1];

		if (word->echoes == WORD_END && word->index == index)
			return word;
		if (word->echoes == WORD_END && word->index < index)
			break;
	}
	for (uint32_t i = 0; batch && i < batch->words; i++) {
		const struct word *word = &statements->words.items[batch->first_word + i];

		for (uint32_t e = word->echoes; e != WORD_END; e = statements->echoes.items[e].next)
			if (statements->echoes.items[e].bundle == sequence &&
			    statements->echoes.items[e].index == index)
				return word;
	}
	for (uint32_t i = 0; batch && i < batch->echoes; i++) {
		const struct echo *echo = &statements->echoes.items[batch->first_echo + i];

		if (echo->bundle == sequence && echo->index == index)
			return &statements->words.items[echo->word];
	}
	return NULL;
}

enum lane word_lane(const struct word *word)
{
	switch (word->operation) {
	case TWINLOG__OPERATION__OPERATION_STATEMENT:
	case TWINLOG__OPERATION__OPERATION_CONFIRMATION:
	case TWINLOG__OPERATION__OPERATION_DENIAL:
	case TWINLOG__OPERATION__OPERATION_WITHDRAWAL:
		return LANE_WORD;
	case TWINLOG__OPERATION__OPERATION_LINK:
		return LANE_LINK;
	default:
		return LANE_OTHER;
	}
}

int word_order(const struct word *a, const struct word *b)
{
	if (a->version != b->version)
		return a->version > b->version ? 1 : -1;
	if (a->clock_ms != b->clock_ms)
		return a->clock_ms > b->clock_ms ? 1 : -1;
	return hash_compare(&a->leaf, &b->leaf);
}

size_t statements_current(const struct statements *statements, const struct record *record, const struct hash *city,
			  bool link, const struct word **ret_words, size_t max)
{
	size_t count = 0, kept = 0;

	for (const struct word *word = statements_word(statements, record->first_word); word;
	     word = statements_word(statements, word->next)) {
		size_t at;

		if (!word_is_current(word) || word_lane(word) != (link ? LANE_LINK : LANE_WORD) ||
		    !hash_equal(statements_city(statements, word->city), city))
			continue;
		count++;
		/* In order, whatever the order of arrival: few are ever current at once. */
		for (at = kept; at > 0 && word_order(word, ret_words[at - 1]) > 0; at--)
			if (at < max)
				ret_words[at] = ret_words[at - 1];
		if (at < max)
			ret_words[at] = word;
		if (kept < max)
			kept++;
	}
	return count;
}

void statements_touch(struct statements *statements, uint32_t record)
{
	const uint32_t next = atomic_load_explicit(&statements->changed, memory_order_relaxed);

	statements->ground += statements->records.items[record].kind != TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
	if (atomic_load_explicit(&statements->summaries[record], memory_order_relaxed) & SUMMARY_CHANGED)
		return;
	atomic_store_explicit(&statements->summaries[record], SUMMARY_CHANGED | next, memory_order_relaxed);
	atomic_store_explicit(&statements->changed, record, memory_order_relaxed);
}

uint64_t statements_ground(const struct statements *statements)
{
	return statements->ground;
}

bool statements_has_changed(const struct statements *statements)
{
	return atomic_load_explicit(&statements->changed, memory_order_relaxed) != WORD_END;
}

bool statements_take_changed(const struct statements *statements, uint32_t *ret_record)
{
	/* The list belongs to whoever takes; a reader sees it as it sees the summaries. */
	struct statements *list = (struct statements *)(uintptr_t)statements;
	const uint32_t record = atomic_load_explicit(&list->changed, memory_order_relaxed);

	if (record == WORD_END)
		return false;
	atomic_store_explicit(&list->changed, (uint32_t)list->summaries[record], memory_order_relaxed);
	atomic_store_explicit(&list->summaries[record], 0, memory_order_relaxed);
	*ret_record = record;
	return true;
}

uint64_t statements_summary(const struct statements *statements, size_t record)
{
	const uint64_t kept = atomic_load_explicit(&statements->summaries[record], memory_order_relaxed);

	return kept & SUMMARY_MADE ? kept : 0;
}

void statements_keep_summary(const struct statements *statements, size_t record, uint64_t summary)
{
	uint64_t nothing = 0;

	atomic_compare_exchange_strong_explicit(&statements->summaries[record], &nothing, summary, memory_order_relaxed,
						memory_order_relaxed);
}
