#include <stdlib.h>
#include <string.h>

#include "cursor.h"
#include "filter.h"

/* One record that may come on the page. */
struct candidate {
	struct place_key key;
	const struct space *space;
	uint32_t record;
};

/* The best records behind the cursor: a heap with the worst of them on top, one more than the page holds so that we
 * know whether another page follows. */
struct page {
	struct order order;
	bool behind; /* a cursor: only what comes after it */
	struct place_key after;
	struct candidate *heap;
	size_t count;
	size_t capacity;
	uint64_t total;
};

static bool worse(const struct page *page, size_t a, size_t b)
{
	return order_compare(&page->order, &page->heap[a].key, &page->heap[b].key) > 0;
}

static void heap_swap(struct page *page, size_t a, size_t b)
{
	struct candidate kept = page->heap[a];

	page->heap[a] = page->heap[b];
	page->heap[b] = kept;
}

static void heap_sink(struct page *page, size_t at, size_t count)
{
	for (;;) {
		size_t child = 2 * at + 1;

		if (child >= count)
			return;
		if (child + 1 < count && worse(page, child + 1, child))
			child++;
		if (!worse(page, child, at))
			return;
		heap_swap(page, child, at);
		at = child;
	}
}

static void page_offer(struct page *page, const struct candidate *candidate)
{
	size_t at = page->count;

	if (page->count == page->capacity) {
		if (order_compare(&page->order, &candidate->key, &page->heap[0].key) >= 0)
			return;
		page->heap[0] = *candidate;
		heap_sink(page, 0, page->count);
		return;
	}
	page->heap[page->count++] = *candidate;
	for (; at > 0 && worse(page, at, (at - 1) / 2); at = (at - 1) / 2)
		heap_swap(page, at, (at - 1) / 2);
}

/* Best first. */
static void page_sort(struct page *page)
{
	for (size_t count = page->count; count > 1; count--) {
		heap_swap(page, 0, count - 1);
		heap_sink(page, 0, count - 1);
	}
}

static enum twinlog_error page_scan(struct page *page, const struct filter *filter, const struct filter_space *where)
{
	size_t count = statements_records(where->statements);

	for (size_t i = 0; i < count; i++) {
		struct candidate candidate = {.space = where->space, .record = (uint32_t)i};
		struct record_summary summary;
		bool fits;
		enum twinlog_error error = filter_fits(filter, where, i, &summary, &fits);

		if (error)
			return error;
		if (!fits)
			continue;
		page->total++;
		candidate.key = order_key(&page->order, where->statements, i, &summary);
		/* Most are told by the number alone, without a look at the record itself. */
		if (page->count == page->capacity && candidate.key.number > page->heap[0].key.number)
			continue;
		candidate.key.handle = statements_record(where->statements, i)->handle;
		if (!page->behind || order_compare(&page->order, &candidate.key, &page->after) > 0)
			page_offer(page, &candidate);
	}
	return TWINLOG_OK;
}

/* The spaces asked for; none named: all. */
enum twinlog_error query_asked_spaces(const struct query *query, const Twinlog__Filter *filter,
				      const struct space ***ret_spaces, size_t *ret_count)
{
	size_t wanted = filter ? filter->n_spaces : 0, count = 0;
	size_t all = node_spaces(query->node);
	const struct space **spaces = arena_alloc(query->arena, (all + wanted + 1) * sizeof *spaces);

	if (!spaces)
		return QUERY_FULL;
	for (size_t i = 0; wanted == 0 && i < all; i++)
		spaces[count++] = node_space(query->node, i);
	for (size_t i = 0; i < wanted; i++) {
		const struct space *space;
		bool twice = false;
		enum twinlog_error error = query_space(query, filter->spaces[i], &space);

		if (error)
			return error;
		for (size_t j = 0; j < count; j++)
			twice |= spaces[j] == space;
		if (!twice)
			spaces[count++] = space;
	}
	*ret_spaces = spaces;
	*ret_count = count;
	return TWINLOG_OK;
}

static enum twinlog_error page_open(const struct query *query, const Twinlog__List *list, struct page *page)
{
	size_t limit = list->limit == 0 || list->limit > TWINLOG_PAGE_MAX ? TWINLOG_PAGE_MAX : list->limit;
	enum twinlog_error error = order_init(query, list, &page->order);

	if (error)
		return error;
	if (list->cursor.len > 0) {
		page->behind = true;
		error = cursor_read(&page->order, list->cursor, &page->after);
		if (error)
			return query_fault(query, error, "cursor", codec_bytes(NULL, 0));
	}
	page->capacity = limit + 1;
	page->heap = arena_alloc(query->arena, page->capacity * sizeof *page->heap);
	return page->heap ? TWINLOG_OK : QUERY_FULL;
}

/* Bodies are read only now, for what is on the page; a page that would outgrow a message ends before it does. */
static enum twinlog_error page_write(const struct query *query, const struct page *page, Twinlog__Records *records)
{
	size_t limit = page->count < page->capacity ? page->count : page->capacity - 1;
	size_t room = TWINLOG_MESSAGE_MAX - 1024, size = twinlog__records__get_packed_size(records);

	records->records = arena_zalloc(query->arena, (limit + 1) * sizeof *records->records);
	if (!records->records)
		return QUERY_FULL;
	for (size_t i = 0; i < limit; i++) {
		const struct candidate *candidate = &page->heap[i];
		const struct record *record = statements_record(space_statements(candidate->space), candidate->record);
		enum twinlog_error error =
		    query_record(query, candidate->space, record, false, false, &records->records[i]);

		if (error && error != QUERY_FULL)
			return error;
		if (!error)
			size += twinlog__record__get_packed_size(records->records[i]) + 6;
		if (error || size > room) {
			if (i == 0)
				return TWINLOG_TOO_LARGE;
			break;
		}
		records->n_records++;
	}
	if (records->n_records < page->count)
		return cursor_write(query, &page->order, &page->heap[records->n_records - 1].key, &records->cursor);
	return TWINLOG_OK;
}

static enum twinlog_error list_scan(const struct filter *filter, const struct space *const *spaces, size_t count,
				    struct page *page)
{
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = 0; !error && i < count; i++) {
		struct filter_space where;

		error = filter_space_init(filter, spaces[i], &where);
		if (error)
			break;
		error = page_scan(page, filter, &where);
		filter_space_free(&where);
	}
	return error;
}

enum twinlog_error query_list(const struct query *query, const Twinlog__List *list)
{
	Twinlog__Records *records = QUERY_NEW(query, Twinlog__Records, TWINLOG__RECORDS__INIT);
	struct page page = {0};
	struct filter filter;
	const struct space **spaces = NULL;
	size_t count = 0;
	enum twinlog_error error = query_at_least(query, list->at_least_commit);

	if (!error && !records)
		error = QUERY_FULL;
	if (!error)
		error = page_open(query, list, &page);
	if (!error)
		error = query_asked_spaces(query, list->filter, &spaces, &count);
	if (error)
		return error;
	error = filter_init(&filter, query, list->filter);
	if (!error)
		error = list_scan(&filter, spaces, count, &page);
	filter_free(&filter);
	if (!error)
		error = query_completeness(query, spaces, count, &records->completeness, &records->n_completeness);
	if (error)
		return error;
	page_sort(&page);
	records->total = page.total;
	records->commit = node_commit(query->node);
	error = page_write(query, &page, records);
	if (error)
		return error;
	query->reply->body_case = TWINLOG__REPLY__BODY_RECORDS;
	query->reply->records = records;
	return TWINLOG_OK;
}
