/* Where a long answer lets the node go on. */
#include "query_internal.h"

static const struct query_turns *turns_of(const struct query *query)
{
	return query->extra ? query->extra->turns : NULL;
}

bool query_due(const struct query *query)
{
	const struct query_turns *turns = turns_of(query);

	return turns && turns->due(turns->context);
}

enum twinlog_error query_pause(const struct query *query)
{
	const struct query_turns *turns = turns_of(query);

	if (!query_due(query))
		return TWINLOG_OK;
	turns->leave(turns->context);
	return query_enter(query, true);
}

/* Steps that take about a tenth of a slice. */
#define STEPS_MIN 4096u

bool query_leave(const struct query *query, size_t steps)
{
	const struct query_turns *turns = turns_of(query);

	if (!turns || steps < STEPS_MIN)
		return false;
	turns->leave(turns->context);
	return true;
}

enum twinlog_error query_enter(const struct query *query, bool left)
{
	const struct query_turns *turns = turns_of(query);
	enum twinlog_error error = left ? turns->enter(turns->context) : TWINLOG_OK;

	query->reply->commit = node_commit(query->node);
	return error;
}

#define VIEW_SLICE 128u /* records: a quarter of a millisecond or so */

enum twinlog_error query_view_ready(const struct query *query)
{
	enum twinlog_error error = TWINLOG_OK;
	bool done = !turns_of(query);

	while (!error && !done) {
		error = view_catch_up(query->extra->view, query->node, VIEW_SLICE, &done);
		if (!error && !done)
			error = query_pause(query);
	}
	return error;
}

#define TRIES_MAX 4u

enum twinlog_error query_until_calm(const struct query *query, query_once *once, void *context)
{
	struct query_extra in_one_go = *query->extra;
	struct query last = *query;
	enum twinlog_error error = TWINLOG_OK;
	bool upset = true;

	in_one_go.turns = NULL;
	last.extra = &in_one_go;
	for (unsigned try = 1; upset && try <= TRIES_MAX; try++) {
		if (try > 1) {
			arena_reset(query->arena);
			query->reply->fault = NULL;
		}
		upset = false;
		error = once(try < TRIES_MAX ? query : &last, context, &upset);
	}
	return error;
}
