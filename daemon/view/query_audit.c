/* The audit trail, page by page, and its check: each entry in its order, with the hash of the one before. */
#include <string.h>

#include "audit_chain.h"
#include "query_internal.h"

#define AUDIT_PAGE_BYTES (TWINLOG_MESSAGE_MAX / 2)

struct trail {
	const struct query *query;
	Twinlog__AuditPage *page;
	size_t limit;
	size_t bytes;
};

static enum twinlog_error trail_entry(void *context, const struct store_row *row)
{
	struct trail *trail = context;
	Twinlog__AuditEntry *entry;
	enum twinlog_error error;

	if (trail->page->n_entries == trail->limit || trail->bytes + row->size > AUDIT_PAGE_BYTES) {
		trail->page->last = false;
		return TWINLOG_NOT_FOUND; /* no more of it is wanted */
	}
	error = CODEC_UNPACK(trail->query->arena, row->bytes, row->size, &entry, twinlog__audit_entry);
	if (error)
		return error == TWINLOG_NO_MEMORY ? QUERY_FULL : TWINLOG_STORE_DAMAGED;
	trail->page->entries[trail->page->n_entries++] = entry;
	trail->bytes += row->size;
	return TWINLOG_OK;
}

static enum twinlog_error trail_tell(const struct query *query, const Twinlog__AuditGet *get, Twinlog__AuditPage *page)
{
	struct trail trail = {.query = query, .page = page, .limit = TWINLOG_PAGE_MAX};
	enum twinlog_error error;

	if (get->limit > 0 && get->limit < trail.limit)
		trail.limit = get->limit;
	page->last = true;
	page->entries = arena_alloc(query->arena, trail.limit * sizeof *page->entries);
	if (!page->entries)
		return QUERY_FULL;
	if (get->after == UINT64_MAX)
		return TWINLOG_OK;
	error = store_each_from(*query->read, STORE_AUDIT, get->after + 1, trail_entry, &trail);
	return error == TWINLOG_NOT_FOUND ? TWINLOG_OK : error;
}

/* ---- The check. ---- */

struct check {
	struct audit_chain chain;
	struct hash noted; /* a head that somebody wrote down earlier */
	bool found;
};

static enum twinlog_error check_entry(void *context, const struct store_row *row)
{
	struct check *check = context;

	(void)audit_chain_take(&check->chain, row->sequence, row->bytes, row->size);
	check->found |= hash_equal(&check->chain.head, &check->noted);
	return TWINLOG_OK;
}

static enum twinlog_error trail_check(const struct query *query, const Twinlog__AuditGet *get, Twinlog__AuditPage *page)
{
	struct check check = {.chain.arena = arena_new(TWINLOG_UNPACK_MAX)};
	enum twinlog_error error = check.chain.arena ? TWINLOG_OK : TWINLOG_NO_MEMORY;

	if (!error && get->head.len > 0 && codec_get_hash(get->head, &check.noted))
		error = query_fault(query, TWINLOG_INVALID, "head", codec_bytes(NULL, 0));
	if (!error)
		error = store_each(*query->read, STORE_AUDIT, check_entry, &check);
	page->last = true;
	page->faults = check.chain.faults;
	page->first_fault = check.chain.first_fault;
	page->head_found = check.found;
	arena_free(check.chain.arena);
	return error;
}

enum twinlog_error query_audit(const struct query *query, const Twinlog__AuditGet *get)
{
	Twinlog__AuditPage *page = QUERY_NEW(query, Twinlog__AuditPage, TWINLOG__AUDIT_PAGE__INIT);
	struct hash head = {{0}};
	struct store_row row;
	enum twinlog_error error;

	if (!page)
		return QUERY_FULL;
	error = store_last(*query->read, STORE_AUDIT, &row);
	if (!error) {
		page->count = row.sequence;
		head = seal_hash1("audit", row.bytes, row.size);
	}
	if (error == TWINLOG_MISSING)
		error = TWINLOG_OK;
	page->head = codec_bytes(arena_copy(query->arena, head.bytes, HASH_SIZE), HASH_SIZE);
	if (!page->head.data)
		return QUERY_FULL;
	if (!error)
		error = get->verify ? trail_check(query, get, page) : trail_tell(query, get, page);
	if (error)
		return error;
	query->reply->body_case = TWINLOG__REPLY__BODY_AUDIT_PAGE;
	query->reply->audit_page = page;
	return TWINLOG_OK;
}
