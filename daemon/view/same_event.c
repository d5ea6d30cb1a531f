#include "same_event.h"

#include <stdlib.h>
#include <string.h>

int link_end_order(const struct link_end *a, const struct link_end *b)
{
	if (a->space != b->space)
		return a->space < b->space ? -1 : 1;
	return (a->record > b->record) - (a->record < b->record);
}

static int word_compare(const void *left, const void *right)
{
	const struct link_word *a = left, *b = right;
	int order = link_end_order(&a->a, &b->a);

	if (order == 0)
		order = link_end_order(&a->b, &b->b);
	return order ? order : hash_compare(&a->by->identity, &b->by->identity);
}

static enum twinlog_error word_add(struct event_links *links, struct link_end from, struct link_end to,
				   const struct member *by)
{
	const bool ordered = link_end_order(&from, &to) < 0;

	if (link_end_order(&from, &to) == 0)
		return TWINLOG_OK;
	if (links->count == links->capacity) {
		const size_t capacity = links->capacity ? 2 * links->capacity : 64;
		struct link_word *words = realloc(links->words, capacity * sizeof *words);

		if (!words)
			return TWINLOG_NO_MEMORY;
		links->words = words;
		links->capacity = capacity;
	}
	links->words[links->count++] = (struct link_word){.a = ordered ? from : to, .b = ordered ? to : from, .by = by};
	return TWINLOG_OK;
}

/* The record that a link names; false when it is not in the spaces looked at. */
static bool target_find(const struct space *const *spaces, size_t count, uint32_t from, const struct detail *detail,
			struct link_end *ret_end)
{
	const struct names *names = statements_names(space_statements(spaces[from]));
	struct handle handle;
	size_t size, space_size;
	const char *bytes = names_text(names, detail->a, &size), *space = names_text(names, detail->b, &space_size);

	if (size != HANDLE_SIZE)
		return false;
	memcpy(handle.bytes, bytes, HANDLE_SIZE);
	for (uint32_t s = 0; s < count; s++) {
		const struct statements *statements = space_statements(spaces[s]);
		const struct record *record;

		if (space_size == 0
			? s != from
			: space_size != HASH_SIZE || memcmp(space, statements_space(statements)->bytes, HASH_SIZE) != 0)
			continue;
		record = statements_find(statements, &handle);
		if (!record)
			continue;
		*ret_end = (struct link_end){.space = s, .record = (uint32_t)statements_index(statements, record)};
		return true;
	}
	return false;
}

static enum twinlog_error take_word(const struct space *const *spaces, size_t count, uint32_t space,
				    const struct word *word, struct event_links *links)
{
	const struct statements *statements = space_statements(spaces[space]);
	const struct member *by = acts_member(space_acts(spaces[space]), statements_city(statements, word->city));
	const struct facts *facts = statements_facts(statements, word);
	const struct detail *details = facts ? facts_details(facts) : NULL;
	enum twinlog_error error = TWINLOG_OK;

	if (!by || !word_is_current(word) || !facts || !facts->values)
		return TWINLOG_OK;
	for (size_t i = 0; !error && i < facts->details_count; i++) {
		const struct link_end from = {.space = space, .record = word->record};
		struct link_end to;

		if (details[i].kind == DETAIL_SAME_EVENT && target_find(spaces, count, space, &details[i], &to))
			error = word_add(links, from, to, by);
	}
	return error;
}

enum twinlog_error event_links_find(const struct space *const *spaces, size_t count, struct event_links *links)
{
	enum twinlog_error error = TWINLOG_OK;
	size_t kept = 0;

	*links = (struct event_links){0};
	for (uint32_t s = 0; s < count; s++) {
		const struct statements *statements = space_statements(spaces[s]);
		size_t words_count;
		const uint32_t *words = statements_links(statements, &words_count);

		for (size_t i = 0; !error && i < words_count; i++)
			error = take_word(spaces, count, s, statements_word(statements, words[i]), links);
	}
	if (error || links->count == 0)
		return error;
	qsort(links->words, links->count, sizeof *links->words, word_compare);
	/* A city may have said it on both records. */
	for (size_t i = 0; i < links->count; i++)
		if (kept == 0 || word_compare(&links->words[kept - 1], &links->words[i]) != 0)
			links->words[kept++] = links->words[i];
	links->count = kept;
	return TWINLOG_OK;
}

void event_links_free(struct event_links *links)
{
	free(links->words);
	*links = (struct event_links){0};
}

size_t event_links_pair(const struct event_links *links, size_t at)
{
	size_t count = 1;

	while (at + count < links->count && link_end_order(&links->words[at].a, &links->words[at + count].a) == 0 &&
	       link_end_order(&links->words[at].b, &links->words[at + count].b) == 0)
		count++;
	return count;
}

size_t event_links_on(const struct event_links *links, struct link_end a, struct link_end b, size_t *ret_at)
{
	const bool ordered = link_end_order(&a, &b) < 0;
	const struct link_end *first = ordered ? &a : &b, *second = ordered ? &b : &a;
	size_t low = 0, high = links->count;

	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		int order = link_end_order(&links->words[middle].a, first);

		if (order == 0)
			order = link_end_order(&links->words[middle].b, second);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == links->count || link_end_order(&links->words[low].a, first) != 0 ||
	    link_end_order(&links->words[low].b, second) != 0)
		return 0;
	*ret_at = low;
	return event_links_pair(links, low);
}

static bool said_by_opener(const struct space *const *spaces, const struct link_end *end, const struct link_word *words,
			   size_t count)
{
	const struct statements *statements = space_statements(spaces[end->space]);
	const struct hash *opener = statements_opener(statements, statements_record(statements, end->record));

	for (size_t i = 0; i < count; i++)
		if (hash_equal(&words[i].by->identity, opener))
			return true;
	return false;
}

bool event_links_hold(const struct space *const *spaces, const struct link_word *words, size_t count)
{
	return said_by_opener(spaces, &words->a, words, count) && said_by_opener(spaces, &words->b, words, count);
}
