#include "work.h"

#include <stdlib.h>
#include <string.h>

#define WORK_PERSIST_FIRST 16u

struct work_persist *work_persist_new(void)
{
	struct work_persist *persist = calloc(1, sizeof *persist);
	if (persist)
		persist->work.kind = WORK_PERSIST;
	return persist;
}

enum twinlog_error work_persist_add(struct work_persist *persist, uint64_t ticket, const struct persist *what)
{
	if (persist->count == persist->capacity) {
		const size_t capacity = persist->capacity ? persist->capacity * 2 : WORK_PERSIST_FIRST;
		struct persist *items = realloc(persist->items, capacity * sizeof *items);
		if (!items)
			return TWINLOG_NO_MEMORY;
		persist->items = items;
		persist->capacity = capacity;
	}
	persist->items[persist->count++] = *what;
	persist->bytes += what->size;
	persist->ticket = ticket;
	return TWINLOG_OK;
}

/* Arrays of these two grow when their count reaches a power of two. */
static void *grown(void *items, size_t count, size_t size)
{
	return count & (count - 1) ? items : realloc(items, (count ? 2 * count : 1) * size);
}

enum twinlog_error work_persist_audit(struct work_persist *persist, uint64_t number, uint8_t *bytes, size_t size)
{
	struct work_audit *audit = grown(persist->audit, persist->audit_count, sizeof *audit);
	if (!audit) {
		free(bytes);
		return TWINLOG_NO_MEMORY;
	}
	persist->audit = audit;
	audit[persist->audit_count++] = (struct work_audit){number, bytes, size};
	persist->bytes += size;
	return TWINLOG_OK;
}

enum twinlog_error work_persist_reply(struct work_persist *persist, uint64_t token, uint8_t *bytes, size_t size)
{
	struct work_answer *answers = grown(persist->answers, persist->answers_count, sizeof *answers);
	if (!answers) {
		free(bytes);
		return TWINLOG_NO_MEMORY;
	}
	persist->answers = answers;
	answers[persist->answers_count++] = (struct work_answer){token, bytes, size};
	return TWINLOG_OK;
}

void work_persist_clients(struct work_persist *persist, struct daemon_client *clients, size_t count)
{
	free(persist->clients);
	persist->clients = clients;
	persist->clients_count = count;
}

/* Object and copies in one piece. */
struct work_check *work_check_new(uint64_t check, const struct seal_public *keys, size_t keys_count,
				  const void *compressed, size_t compressed_size, size_t plain)
{
	const size_t keys_size = keys_count * sizeof *keys;
	struct work_check *work = malloc(sizeof *work + keys_size + compressed_size);
	if (!work)
		return NULL;
	*work = (struct work_check){.work.kind = WORK_CHECK,
				    .check = check,
				    .keys = (struct seal_public *)(work + 1),
				    .keys_count = keys_count,
				    .compressed = (uint8_t *)(work + 1) + keys_size,
				    .compressed_size = compressed_size,
				    .plain = plain};
	if (keys_size > 0)
		memcpy(work->keys, keys, keys_size);
	if (compressed_size > 0)
		memcpy(work->compressed, compressed, compressed_size);
	return work;
}

struct work_chunk *work_chunk_new(uint32_t link, uint32_t stream, const struct hash *space, const struct hash *city,
				  const uint64_t *sequences, size_t count, bool last)
{
	struct work_chunk *work = malloc(sizeof *work + count * sizeof *sequences);
	if (!work)
		return NULL;
	*work = (struct work_chunk){.work.kind = WORK_CHUNK,
				    .link = link,
				    .stream = stream,
				    .space = *space,
				    .city = *city,
				    .last = last,
				    .sequences = (uint64_t *)(work + 1),
				    .count = count};
	if (count > 0)
		memcpy(work->sequences, sequences, count * sizeof *sequences);
	return work;
}

struct work_query *work_query_new(uint64_t token, const void *request, size_t size, const struct scope *scope)
{
	const size_t scope_size = scope->count * sizeof *scope->spaces;
	struct work_query *work = malloc(sizeof *work + scope_size + size);
	if (!work)
		return NULL;
	struct hash *spaces = (struct hash *)(work + 1);
	*work = (struct work_query){.work.kind = WORK_QUERY,
				    .token = token,
				    .request = (uint8_t *)(work + 1) + scope_size,
				    .request_size = size,
				    .scope = {spaces, scope->count}};
	if (scope_size > 0)
		memcpy(spaces, scope->spaces, scope_size);
	if (size > 0)
		memcpy(work->request, request, size);
	return work;
}

struct work_reply *work_reply_new(uint64_t token, uint8_t *bytes, size_t size, bool last)
{
	struct work_reply *work = malloc(sizeof *work);
	if (!work) {
		free(bytes);
		return NULL;
	}
	*work =
	    (struct work_reply){.work.kind = WORK_REPLY, .token = token, .bytes = bytes, .size = size, .last = last};
	return work;
}

struct work_disk *work_disk_new(bool full)
{
	struct work_disk *work = malloc(sizeof *work);
	if (work)
		*work = (struct work_disk){.work.kind = WORK_DISK, .full = full};
	return work;
}

struct work *work_view_new(void)
{
	struct work *work = malloc(sizeof *work);
	if (work)
		*work = (struct work){.kind = WORK_VIEW};
	return work;
}

static void check_clear(struct work_check *check)
{
	for (size_t i = 0; i < check->count; i++)
		bundle_free(check->bundles[i]);
	free(check->bundles);
}

static void persist_clear(struct work_persist *persist)
{
	for (size_t i = 0; i < persist->audit_count; i++)
		free(persist->audit[i].bytes);
	for (size_t i = 0; i < persist->answers_count; i++)
		free(persist->answers[i].bytes);
	free(persist->audit);
	free(persist->answers);
	free(persist->clients);
	free(persist->items);
}

void work_free(struct work *work)
{
	if (!work)
		return;
	switch (work->kind) {
	case WORK_PERSIST:
		persist_clear((struct work_persist *)work);
		break;
	case WORK_CHECK:
		check_clear((struct work_check *)work);
		break;
	case WORK_CHUNK:
		free(((struct work_chunk *)work)->frame);
		break;
	case WORK_REPLY:
		free(((struct work_reply *)work)->bytes);
		break;
	case WORK_QUERY:
	case WORK_VIEW:
	case WORK_DISK:
		break;
	}
	free(work);
}
