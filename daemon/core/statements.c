#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "slots.h"
#include "statements_internal.h"
#include "validate.h"

#define TABLE_FIRST_SLOTS 64u

/* ---- Room ---- */

static enum twinlog_error grow(void *items, uint32_t *capacity, uint32_t count, uint32_t more, size_t size)
{
	void *old, *grown;
	uint64_t wanted = *capacity ? *capacity : 16;

	if (more <= *capacity - count)
		return TWINLOG_OK;
	while (wanted < (uint64_t)count + more)
		wanted *= 2;
	if (wanted > WORDS_MAX)
		return TWINLOG_TOO_MANY;
	memcpy(&old, items, sizeof old);
	grown = realloc(old, wanted * size);
	if (!grown)
		return TWINLOG_NO_MEMORY;
	memcpy(items, &grown, sizeof grown);
	*capacity = (uint32_t)wanted;
	return TWINLOG_OK;
}
#define LIST_ROOM(list, more)                                                                                          \
	grow(&(list).items, &(list).capacity, (list).count, (uint32_t)(more), sizeof *(list).items)

static enum twinlog_error facts_keep(struct statements *statements, const struct facts *facts, uint32_t *ret_facts)
{
	size_t size = facts_size(facts);
	uint32_t units = (uint32_t)(size / sizeof(uint64_t));
	uint32_t at = statements->facts_used;
	uint32_t block;

	if (statements->facts.count == 0 || at + units > FACTS_BLOCK_UNITS) {
		enum twinlog_error error = LIST_ROOM(statements->facts, 1);
		uint64_t *bytes;

		if (error)
			return error;
		if (statements->facts.count == UINT32_MAX >> FACTS_BLOCK_SHIFT)
			return TWINLOG_TOO_MANY;
		bytes = malloc(FACTS_BLOCK_UNITS * sizeof *bytes);
		if (!bytes)
			return TWINLOG_NO_MEMORY;
		statements->facts.items[statements->facts.count++] = bytes;
		at = 0;
	}
	block = statements->facts.count - 1;
	memcpy(statements->facts.items[block] + at, facts, size);
	statements->facts_used = at + units;
	*ret_facts = block << FACTS_BLOCK_SHIFT | at;
	return TWINLOG_OK;
}

/* ---- Tables ---- */

static uint64_t key_of_leaf(const struct statements *statements, uint32_t ref)
{
	return seal_slot_hash(statements_ref_leaf(statements, ref));
}

static uint64_t key_of_record(const struct statements *statements, uint32_t record)
{
	return seal_slot_handle(&statements->records.items[record].handle);
}

typedef uint64_t (*key_of)(const struct statements *statements, uint32_t number);

static void table_place(struct table *table, uint64_t key, uint32_t number)
{
	uint32_t slot = (uint32_t)key & table->mask;

	while (table->slots[slot])
		slot = (slot + 1) & table->mask;
	table->slots[slot] = number + 1;
}

/* Room for one more. */
static enum twinlog_error table_room(const struct statements *statements, struct table *table, key_of key)
{
	struct table wider = {.mask = table->slots ? 2 * table->mask + 1 : TABLE_FIRST_SLOTS - 1};

	if (table->slots && table->used < table->mask / 4 * 3)
		return TWINLOG_OK;
	wider.slots = calloc((size_t)wider.mask + 1, sizeof *wider.slots);
	if (!wider.slots)
		return TWINLOG_NO_MEMORY;
	for (uint32_t slot = 0; table->slots && slot <= table->mask; slot++)
		if (table->slots[slot])
			table_place(&wider, key(statements, table->slots[slot] - 1), table->slots[slot] - 1);
	wider.used = table->used;
	free(table->slots);
	*table = wider;
	return TWINLOG_OK;
}

/* The ref of a leaf that is named, whether here or not. */
static enum twinlog_error ref_make(struct statements *statements, const struct hash *leaf, uint32_t *ret_ref)
{
	const uint32_t *slot = statements_leaf_slot(statements, leaf);
	enum twinlog_error error;
	uint32_t number;

	if (slot) {
		*ret_ref = *slot - 1;
		return TWINLOG_OK;
	}
	error = table_room(statements, &statements->by_leaf, key_of_leaf);
	if (!error)
		error = LIST_ROOM(statements->missing, 1);
	if (error)
		return error;
	number = statements->missing.count++;
	statements->missing.items[number] = (struct missing){.leaf = *leaf, .word = WORD_END, .waiters = WORD_END};
	*ret_ref = number | REF_MISSING;
	table_place(&statements->by_leaf, seal_slot_hash(leaf), *ret_ref);
	statements->by_leaf.used++;
	return TWINLOG_OK;
}

/* ---- Life ---- */

enum twinlog_error statements_new(const struct hash *space, struct statements **ret)
{
	struct statements *statements = calloc(1, sizeof *statements);
	enum twinlog_error error;

	if (!statements)
		return TWINLOG_NO_MEMORY;
	statements->space = *space;
	atomic_init(&statements->changed, WORD_END);
	error = names_new(&statements->names);
	/* More than any body can take: no verdict hangs on it. */
	if (!error && !(statements->arena = arena_new(TWINLOG_UNPACK_MAX)))
		error = TWINLOG_NO_MEMORY;
	if (error) {
		statements_free(statements);
		return error;
	}
	*ret = statements;
	return TWINLOG_OK;
}

void statements_free(struct statements *statements)
{
	if (!statements)
		return;
	for (uint32_t i = 0; i < statements->facts.count; i++)
		free(statements->facts.items[i]);
	free(statements->facts.items);
	free(statements->words.items);
	free(statements->records.items);
	free(statements->cities.items);
	free(statements->refs.items);
	free(statements->missing.items);
	free(statements->waiters.items);
	free(statements->echoes.items);
	free(statements->batches.items);
	free(statements->links.items);
	free(statements->stale.items);
	free(statements->summaries);
	free(statements->by_leaf.slots);
	free(statements->by_handle.slots);
	names_free(statements->names);
	arena_free(statements->arena);
	free(statements);
}

/* ---- Counting ---- */

/* PROTOCOL, "Current statement": "C's counting leaves on R that no other counting leaf of C on R replaces". */
static bool same_lot(const struct word *a, const struct word *b)
{
	return a->city == b->city && a->record == b->record;
}

/* A record's own figures, as of its counting words. */
static void record_refresh(struct statements *statements, struct record *record)
{
	statements->shown -= record->shown;
	record->shown = false;
	record->changed = 0;
	record->changed_ms = 0;
	for (uint32_t i = record->first_word; i != WORD_END; i = statements->words.items[i].next) {
		const struct word *word = &statements->words.items[i];

		if (!word->counts)
			continue;
		record->shown = true;
		if (word->bundle > record->changed)
			record->changed = word->bundle;
		if (word->clock_ms > record->changed_ms)
			record->changed_ms = word->clock_ms;
	}
	statements->shown += record->shown;
	statements_touch(statements, (uint32_t)statements_index(statements, record));
}

static void record_settle(struct statements *statements, struct record *record);

static void record_mark_stale(struct statements *statements, uint32_t number)
{
	struct record *record = &statements->records.items[number];

	if (record->stale)
		return;
	record->stale = true;
	if (LIST_ROOM(statements->stale, 1))
		record_settle(statements, record); /* out of memory: as often as it takes */
	else
		statements->stale.items[statements->stale.count++] = number;
}

static void word_set_counts(struct statements *statements, struct word *word, bool counts)
{
	struct record *record = &statements->records.items[word->record];
	bool changes = word->counts != counts;

	word->counts = counts;
	for (size_t i = 0; changes && i < word->replaces; i++) {
		uint32_t ref = statements->refs.items[word->refs + word->has_answers + i];
		const struct word *found = statements_ref_word(statements, ref);

		if (found && same_lot(found, word)) {
			struct word *target = &statements->words.items[statements_number(statements, found)];

			target->replaced += counts ? 1u : -1u;
		}
	}
	if (counts) {
		statements->shown += !record->shown;
		record->shown = true;
		if (word->bundle > record->changed)
			record->changed = word->bundle;
		if (word->clock_ms > record->changed_ms)
			record->changed_ms = word->clock_ms;
		statements_touch(statements, word->record);
	} else if (changes) {
		record_mark_stale(statements, word->record);
	}
}

static void word_take_place(struct statements *statements, struct word *word, const struct echo *place)
{
	word->bundle = place->bundle;
	word->clock_ms = place->clock_ms;
	word->index = place->index;
	word_set_counts(statements, word, place->counts);
}

/* A leaf that stands in several bundles counts if one of them does, with the greatest clock of those that do: what does
 * not count may be held by one member and not by another, so it must not show. */
static void word_take_echoes(struct statements *statements, struct word *word)
{
	const struct echo *best = NULL;

	for (uint32_t i = word->echoes; i != WORD_END; i = statements->echoes.items[i].next) {
		const struct echo *echo = &statements->echoes.items[i];

		if (!best || echo->counts > best->counts ||
		    (echo->counts == best->counts && echo->clock_ms > best->clock_ms))
			best = echo;
	}
	assert(best);
	word_take_place(statements, word, best);
}

static void record_settle(struct statements *statements, struct record *record)
{
	for (uint32_t i = record->first_word; i != WORD_END; i = statements->words.items[i].next)
		if (statements->words.items[i].echoes != WORD_END)
			word_take_echoes(statements, &statements->words.items[i]);
	record_refresh(statements, record);
	record->stale = false;
}

void statements_settle(struct statements *statements)
{
	while (statements->stale.count > 0)
		record_settle(statements,
			      &statements->records.items[statements->stale.items[--statements->stale.count]]);
}

void statements_recount(struct statements *statements, uint64_t sequence, bool counts)
{
	const struct batch *batch = statements_batch(statements, sequence);

	if (!batch)
		return;
	statements->ground++;
	for (uint32_t i = 0; i < batch->words; i++) {
		struct word *word = &statements->words.items[batch->first_word + i];

		if (word->echoes == WORD_END) {
			word_set_counts(statements, word, counts);
			continue;
		}
		for (uint32_t e = word->echoes; e != WORD_END; e = statements->echoes.items[e].next)
			if (statements->echoes.items[e].bundle == sequence)
				statements->echoes.items[e].counts = counts;
		record_mark_stale(statements, word->record);
	}
	for (uint32_t i = 0; i < batch->echoes; i++) {
		struct echo *echo = &statements->echoes.items[batch->first_echo + i];

		if (echo->bundle != sequence)
			continue; /* the word's first place: of another batch */
		echo->counts = counts;
		record_mark_stale(statements, statements->words.items[echo->word].record);
	}
}

void statements_members_changed(struct statements *statements)
{
	for (uint32_t i = 0; i < statements->records.count; i++)
		statements_touch(statements, i);
}

/* ---- Taking in ---- */

static enum twinlog_error city_number(struct statements *statements, const struct hash *city, uint16_t *ret_city)
{
	enum twinlog_error error;

	for (uint32_t i = 0; i < statements->cities.count; i++)
		if (hash_equal(&statements->cities.items[i], city)) {
			*ret_city = (uint16_t)i;
			return TWINLOG_OK;
		}
	if (statements->cities.count == UINT16_MAX)
		return TWINLOG_TOO_MANY;
	error = LIST_ROOM(statements->cities, 1);
	if (error)
		return error;
	*ret_city = (uint16_t)statements->cities.count;
	statements->cities.items[statements->cities.count++] = *city;
	return TWINLOG_OK;
}

static enum twinlog_error record_new(struct statements *statements, const struct leaf *leaf, uint32_t *ret_record)
{
	struct record record = {
	    .handle = leaf->record, .kind = leaf->kind, .first_word = WORD_END, .last_word = WORD_END};
	enum twinlog_error error = table_room(statements, &statements->by_handle, key_of_record);

	if (!error)
		error = LIST_ROOM(statements->records, 1);
	if (!error)
		error = grow(&statements->summaries, &statements->summaries_capacity, statements->records.count, 1,
			     sizeof *statements->summaries);
	if (!error && leaf->kind == TWINLOG__RECORD_KIND__RECORD_CITY)
		error = names_add(statements->names, leaf->name, leaf->name_size, &record.name);
	else if (!error)
		error = names_add(statements->names, leaf->opener.bytes, HASH_SIZE, &record.opener);
	if (error)
		return error;
	if (leaf->kind != TWINLOG__RECORD_KIND__RECORD_CITY)
		memcpy(record.id, leaf->name, leaf->name_size < HANDLE_SIZE ? leaf->name_size : HANDLE_SIZE);
	*ret_record = statements->records.count++;
	statements->records.items[*ret_record] = record;
	atomic_init(&statements->summaries[*ret_record], 0);
	statements_touch(statements, *ret_record);
	table_place(&statements->by_handle, seal_slot_handle(&record.handle), *ret_record);
	statements->by_handle.used++;
	return TWINLOG_OK;
}

/* Judges the body, and works out what a statement says. An erased leaf is neither sound nor void any more. */
static enum twinlog_error word_read(struct statements *statements, const struct leaf *leaf, struct word *word)
{
	_Alignas(struct facts) uint8_t room[FACTS_MAX];
	struct facts *facts = (struct facts *)(void *)room;
	Twinlog__Envelope envelope = TWINLOG__ENVELOPE__INIT;
	Twinlog__Body *body = NULL;
	enum body_rule rule = BODY_SOUND;
	enum twinlog_error error;

	if (leaf->body) {
		arena_reset(statements->arena);
		error = CODEC_UNPACK_ONCE(statements->arena, leaf->body, leaf->body_size, &body, twinlog__body);
		if (error == TWINLOG_NO_MEMORY)
			return error;
		if (error)
			rule = BODY_MALFORMED;
		envelope.operation = leaf->operation;
		envelope.kind = leaf->kind;
		envelope.n_cities = leaf->cities_count;
		/* The message is only read, yet its type does not say so. */
		memcpy(&envelope.cities, &leaf->cities, sizeof envelope.cities);
		if (!error && validate_body(VALIDATE_READ, &envelope, leaf->operation, leaf->kind, body, &rule, NULL))
			body = NULL;
		word->body = facts_body_hash(leaf->body, leaf->body_size);
	}
	word->void_rule = (uint8_t)rule;
	if (leaf->operation != TWINLOG__OPERATION__OPERATION_STATEMENT &&
	    leaf->operation != TWINLOG__OPERATION__OPERATION_LINK)
		return TWINLOG_OK;
	facts->word = statements->words.count;
	error = facts_build(statements->names, leaf, rule == BODY_SOUND ? body : NULL, facts);
	return error ? error : facts_keep(statements, facts, &word->facts);
}

/* Writes down which leaves it names, and enters it with those that are not here as waiting for them. */
static enum twinlog_error word_refs(struct statements *statements, const struct leaf *leaf, struct word *word)
{
	size_t count = (size_t)leaf->replaces_count + leaf->has_answers;
	enum twinlog_error error = LIST_ROOM(statements->refs, count);

	if (!error)
		error = LIST_ROOM(statements->waiters, leaf->replaces_count);
	if (error)
		return error;
	word->refs = statements->refs.count;
	word->has_answers = leaf->has_answers;
	word->replaces = (uint8_t)leaf->replaces_count;
	for (size_t i = 0; i < count; i++) {
		bool answers = leaf->has_answers && i == 0;
		uint32_t ref;

		error = ref_make(statements, answers ? &leaf->answers : &leaf->replaces[i - leaf->has_answers], &ref);
		if (error)
			return error;
		statements->refs.items[statements->refs.count++] = ref;
		if (!answers && (ref & REF_MISSING)) {
			struct missing *missing = &statements->missing.items[ref & ~REF_MISSING];

			statements->waiters.items[statements->waiters.count] =
			    (struct waiter){.word = statements->words.count, .next = missing->waiters};
			missing->waiters = statements->waiters.count++;
		}
	}
	return TWINLOG_OK;
}

/* The leaf others have named before it came. */
static void word_was_missing(struct statements *statements, struct word *word, struct missing *missing)
{
	missing->word = statements_number(statements, word);
	for (uint32_t i = missing->waiters; i != WORD_END; i = statements->waiters.items[i].next) {
		const struct word *waiter = &statements->words.items[statements->waiters.items[i].word];

		if (waiter->counts && same_lot(waiter, word))
			word->replaced++;
	}
}

static enum twinlog_error word_new(struct statements *statements, const struct leaf *leaf, struct word *word)
{
	const uint32_t *slot;
	struct record *record;
	const struct record *found = statements_find(statements, &leaf->record);
	enum twinlog_error error = LIST_ROOM(statements->words, 1);
	const bool link = leaf->operation == TWINLOG__OPERATION__OPERATION_LINK;
	uint32_t number = statements->words.count;

	if (!error && found)
		word->record = (uint32_t)statements_index(statements, found);
	else if (!error)
		error = record_new(statements, leaf, &word->record);
	if (!error && link)
		error = LIST_ROOM(statements->links, 1);
	if (!error)
		error = word_read(statements, leaf, word);
	if (!error)
		error = word_refs(statements, leaf, word);
	if (!error)
		error = table_room(statements, &statements->by_leaf, key_of_leaf);
	if (error)
		return error;
	statements->words.items[statements->words.count++] = *word;
	if (link)
		statements->links.items[statements->links.count++] = number;
	record = &statements->records.items[word->record];
	if (record->last_word == WORD_END)
		record->first_word = number;
	else
		statements->words.items[record->last_word].next = number;
	record->last_word = number;
	slot = statements_leaf_slot(statements, &leaf->hash);
	if (slot) {
		word_was_missing(statements, &statements->words.items[number],
				 &statements->missing.items[(*slot - 1) & ~REF_MISSING]);
	} else {
		table_place(&statements->by_leaf, seal_slot_hash(&leaf->hash), number);
		statements->by_leaf.used++;
	}
	return TWINLOG_OK;
}

/* The same leaf in one more bundle. */
static enum twinlog_error echo_new(struct statements *statements, struct word *word, const struct echo *place)
{
	enum twinlog_error error = LIST_ROOM(statements->echoes, 2);
	struct echo first = {.bundle = word->bundle,
			     .clock_ms = word->clock_ms,
			     .word = place->word,
			     .next = WORD_END,
			     .index = word->index,
			     .counts = word->counts};

	if (error)
		return error;
	if (word->echoes == WORD_END) {
		word->echoes = statements->echoes.count;
		statements->echoes.items[statements->echoes.count++] = first;
	}
	statements->echoes.items[statements->echoes.count] = *place;
	statements->echoes.items[statements->echoes.count].next = word->echoes;
	word->echoes = statements->echoes.count++;
	if (place->counts > word->counts || (place->counts == word->counts && place->clock_ms >= word->clock_ms))
		word_take_place(statements, word, place);
	statements_touch(statements, word->record);
	return TWINLOG_OK;
}

enum twinlog_error statements_apply(struct statements *statements, const struct bundle *bundle, uint64_t sequence,
				    bool counts)
{
	struct batch batch = {
	    .sequence = sequence, .first_word = statements->words.count, .first_echo = statements->echoes.count};
	struct word word = {.bundle = sequence, .clock_ms = bundle->clock_ms, .next = WORD_END, .echoes = WORD_END};
	enum twinlog_error error = LIST_ROOM(statements->batches, 1);

	assert(statements->batches.count == 0 ||
	       statements->batches.items[statements->batches.count - 1].sequence < sequence);
	if (!error)
		error = city_number(statements, &bundle->city, &word.city);
	for (uint32_t i = 0; !error && i < bundle->leaves_count; i++) {
		const struct leaf *leaf = &bundle->leaves[i];
		const uint32_t *slot = statements_leaf_slot(statements, &leaf->hash);
		const struct word *known = slot ? statements_ref_word(statements, *slot - 1) : NULL;

		if (known) {
			struct echo place = {.bundle = sequence,
					     .clock_ms = bundle->clock_ms,
					     .word = statements_number(statements, known),
					     .index = (uint16_t)i,
					     .counts = counts};

			error = echo_new(statements, &statements->words.items[place.word], &place);
			continue;
		}
		word.leaf = leaf->hash;
		word.version = leaf->version;
		word.operation = leaf->operation;
		word.report = leaf->report;
		word.erased = !leaf->body;
		word.index = (uint16_t)i;
		word.body = 0;
		word.facts = FACTS_NONE;
		error = word_new(statements, leaf, &word);
		if (!error)
			word_set_counts(statements, &statements->words.items[statements->words.count - 1], counts);
	}
	if (error)
		return error;
	batch.words = (uint16_t)(statements->words.count - batch.first_word);
	batch.echoes = (uint16_t)(statements->echoes.count - batch.first_echo);
	statements->batches.items[statements->batches.count++] = batch;
	return TWINLOG_OK;
}
