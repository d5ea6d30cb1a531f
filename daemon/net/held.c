#include "held.h"

#include <stdlib.h>
#include <string.h>

uint64_t held_commit(const Twinlog__Request *request)
{
	if (request->body_case == TWINLOG__REQUEST__BODY_LIST)
		return request->list->at_least_commit;
	if (request->body_case == TWINLOG__REQUEST__BODY_SHOW)
		return request->show->at_least_commit;
	if (request->body_case == TWINLOG__REQUEST__BODY_REPORT)
		return request->report->at_least_commit;
	if (request->body_case == TWINLOG__REQUEST__BODY_CHANGES && request->changes->wait_ms > 0)
		return request->changes->at_least_commit;
	return 0;
}

uint64_t held_wait_ms(const Twinlog__Request *request)
{
	if (request->body_case != TWINLOG__REQUEST__BODY_CHANGES)
		return TWINLOG_AT_LEAST_COMMIT_MS;
	return request->changes->wait_ms < TWINLOG_CHANGES_WAIT_MS ? request->changes->wait_ms
								   : TWINLOG_CHANGES_WAIT_MS;
}

bool held_add(struct held *held, struct work_query *query, uint64_t commit, uint64_t until_ms)
{
	size_t at = held->count;

	if (held->count == held->capacity) {
		const size_t capacity = held->capacity ? held->capacity * 2 : 8;
		struct held_query *items = realloc(held->items, capacity * sizeof *items);
		if (!items) {
			work_free(&query->work);
			return false;
		}
		held->items = items;
		held->capacity = capacity;
	}
	held->count++;
	for (; at > 0 && held->items[at - 1].until_ms > until_ms; at--)
		held->items[at] = held->items[at - 1];
	held->items[at] = (struct held_query){query, commit, until_ms};
	return true;
}

void held_release(struct held *held, uint64_t commit, uint64_t now_ms, struct workers *workers)
{
	size_t kept = 0;

	for (size_t i = 0; i < held->count; i++) {
		const struct held_query one = held->items[i];

		if (one.commit <= commit || one.until_ms <= now_ms)
			workers_push(workers, &one.query->work);
		else
			held->items[kept++] = one;
	}
	held->count = kept;
}

void held_drop(struct held *held, uint64_t token)
{
	size_t at = 0;

	while (at < held->count && held->items[at].query->token != token)
		at++;
	if (at == held->count)
		return;
	work_free(&held->items[at].query->work);
	held->count--;
	memmove(&held->items[at], &held->items[at + 1], (held->count - at) * sizeof *held->items);
}

uint64_t held_deadline(const struct held *held)
{
	return held->count > 0 ? held->items[0].until_ms : UINT64_MAX;
}

void held_free(struct held *held)
{
	for (size_t i = 0; i < held->count; i++)
		work_free(&held->items[i].query->work);
	free(held->items);
	*held = (struct held){0};
}
