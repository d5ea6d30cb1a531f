#include <stdlib.h>
#include <string.h>

#include "filter_rows.h"
#include "once.h"
#include "page.h"

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
		if (query_sees(query, node_space(query->node, i)))
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

/* Of one city's view what it states takes the place of the lead. */
static enum twinlog_error listed_record(const struct query *query, const Twinlog__Filter *filter,
					const struct candidate *candidate, Twinlog__Record **ret_record)
{
	const struct space *space = node_space(query->node, candidate->space);
	const struct statements *statements = space_statements(space);
	const struct record *record = statements_record(statements, candidate->row);
	const struct word *word;
	enum twinlog_error error = query_record(query, space, record, false, false, ret_record);

	if (error || !filter || filter->n_stated_by != 1)
		return error;
	word = stated_word(statements, record, stated_city(statements, space_acts(space), filter->stated_by[0]));
	(*ret_record)->lead = word ? codec_hash(&word->leaf) : codec_bytes(NULL, 0);
	return TWINLOG_OK;
}

/* Bodies are read only now, for what is on the page; a page that would outgrow a message ends before it does. */
static enum twinlog_error page_write(const struct query *query, const Twinlog__Filter *filter, const struct page *page,
				     Twinlog__Records *records)
{
	size_t limit = page->count < page->capacity ? page->count : page->capacity - 1;
	size_t room = TWINLOG_MESSAGE_MAX - 1024, size = twinlog__records__get_packed_size(records);

	records->records = arena_zalloc(query->arena, (limit + 1) * sizeof *records->records);
	if (!records->records)
		return QUERY_FULL;
	for (size_t i = 0; i < limit; i++) {
		enum twinlog_error error = listed_record(query, filter, &page->heap[i], &records->records[i]);

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

/* The rows of one space that fit. */
static enum twinlog_error list_space(const struct query *query, const struct filter *filter, const struct space *space,
				     struct listed *ret_listed, roaring_bitmap_t **ret_rows)
{
	const struct filter_space where = filter_space_of(filter, space_statements(space), space_acts(space));
	const struct view_space *view;
	uint32_t index = 0;
	enum twinlog_error error;

	/* Its place among all is its place in the view. */
	while (node_space(query->node, index) != space)
		index++;
	view = view_at(query->extra->view, index);
	error = filter_rows(filter, &where, view, ret_rows);
	if (!error)
		error = filter_text_rows(filter, &where, *ret_rows);
	*ret_listed = (struct listed){.space = index,
				      .view = view,
				      .rows = *ret_rows,
				      .apart = filter_rows_apart(&where, view),
				      .stating = where.stating,
				      .first = filter->dates ? filter->first : INT32_MIN,
				      .last = filter->dates ? filter->last : INT32_MAX};
	return error;
}

static enum twinlog_error list_spaces(const struct query *query, const struct filter *filter,
				      const struct space *const *spaces, size_t count, struct page *page)
{
	struct listed *listed = arena_zalloc(query->arena, (count + 1) * sizeof *listed);
	struct once_space *once = arena_zalloc(query->arena, (count + 1) * sizeof *once);
	enum twinlog_error error = listed && once ? TWINLOG_OK : QUERY_FULL;
	const bool all = !error;

	for (size_t i = 0; !error && i < count; i++) {
		error = list_space(query, filter, spaces[i], &listed[i], &once[i].rows);
		once[i].view = listed[i].view;
	}
	if (!error && count > 1)
		error = once_keep(once, count);
	for (size_t i = 0; !error && i < count; i++)
		error = page_gather(page, &listed[i]);
	for (size_t i = 0; all && i < count; i++)
		if (once[i].rows)
			roaring_bitmap_free(once[i].rows);
	return error;
}

static enum twinlog_error list_gather(const struct query *query, const Twinlog__Filter *message,
				      const struct space *const *spaces, size_t count, struct page *page)
{
	struct view *view = query->extra->view;
	struct filter filter;
	enum twinlog_error error = filter_init(&filter, query, message);

	if (!error)
		error = view_begin(view, query->node, page->order.sort == TWINLOG__SORT__SORT_CHANGED);
	if (!error) {
		error = list_spaces(query, &filter, spaces, count, page);
		view_end(view);
	}
	filter_free(&filter);
	return error;
}

enum twinlog_error query_list(const struct query *query, const Twinlog__List *list)
{
	Twinlog__Records *records = QUERY_NEW(query, Twinlog__Records, TWINLOG__RECORDS__INIT);
	struct page page = {0};
	const struct space **spaces = NULL;
	size_t count = 0;
	enum twinlog_error error = query_at_least(query, list->at_least_commit);

	if (!error && !records)
		error = QUERY_FULL;
	if (!error)
		error = query_view_ready(query);
	if (!error)
		error = page_open(query, list, &page);
	if (!error)
		error = query_asked_spaces(query, list->filter, &spaces, &count);
	if (!error)
		error = list_gather(query, list->filter, spaces, count, &page);
	if (!error && page.order.names)
		error = by_name_error(page.order.names);
	order_free(&page.order);
	if (!error)
		error = query_completeness(query, spaces, count, &records->completeness, &records->n_completeness);
	if (error)
		return error;
	page_sort(&page);
	records->total = page.total;
	records->commit = node_commit(query->node);
	error = page_write(query, list->filter, &page, records);
	if (error)
		return error;
	query->reply->body_case = TWINLOG__REPLY__BODY_RECORDS;
	query->reply->records = records;
	return TWINLOG_OK;
}
