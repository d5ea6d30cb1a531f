#include "audit.h"

#include <stdlib.h>
#include <string.h>

#include "loop.h"

#define AUDIT_REFUSED_MS 60000u /* of one client, refusals are told once in that time and counted otherwise */

enum twinlog_error audit_open(struct audit *audit, struct store *store)
{
	struct store_read *read = NULL;
	struct store_row row;
	enum twinlog_error error = store_read_begin(store, &read);
	if (error)
		return error;
	error = store_last(read, STORE_AUDIT, &row);
	if (!error) {
		audit->number = row.sequence;
		audit->head = seal_hash1("audit", row.bytes, row.size);
	}
	store_read_end(read);
	return error == TWINLOG_MISSING ? TWINLOG_OK : error;
}

static void audit_add(struct daemon *daemon, Twinlog__AuditEntry *entry)
{
	struct audit *audit = &daemon->audit;
	struct work_persist *batch = daemon_batch(daemon);
	uint8_t *bytes = NULL;
	size_t size = 0;
	entry->number = audit->number + 1;
	entry->previous = codec_hash(&audit->head);
	entry->time_ms = moment_now().wall_ms;
	if (!batch || codec_pack(&entry->base, &bytes, &size) ||
	    work_persist_audit(batch, entry->number, bytes, size)) {
		daemon_fail(daemon, TWINLOG_NO_MEMORY, "the audit trail");
		return;
	}
	audit->number = entry->number;
	audit->head = seal_hash1("audit", bytes, size);
}

static void by(Twinlog__AuditEntry *entry, const struct client *client)
{
	if (!client) {
		entry->name = codec_string("invitation");
		return;
	}
	entry->client = codec_bytes(client->is.public_key, sizeof client->is.public_key);
	entry->name = codec_string(client->is.name);
	entry->role = client->is.role;
}

/* ---- Words. ---- */

/* One writer of the bundle with its leaves; those taken are marked UINT64_MAX. */
static Twinlog__AuditWriter *writer_make(const struct daemon *daemon, struct arena *arena, uint64_t *writers,
					 size_t first, size_t count)
{
	const uint64_t number = writers[first];
	const struct client *client = number < daemon->registry.count ? daemon->registry.items[number] : NULL;
	Twinlog__AuditWriter *writer = arena_alloc(arena, sizeof *writer);
	if (!writer)
		return NULL;
	twinlog__audit_writer__init(writer);
	writer->leaves = arena_alloc(arena, (count - first) * sizeof *writer->leaves);
	if (!writer->leaves)
		return NULL;
	if (client) {
		writer->client = codec_bytes(client->is.public_key, sizeof client->is.public_key);
		writer->name = codec_string(client->is.name);
	}
	for (size_t i = first; i < count; i++)
		if (writers[i] == number) {
			writer->leaves[writer->n_leaves++] = (uint32_t)i;
			writers[i] = UINT64_MAX;
		}
	return writer;
}

void audit_wrote(struct daemon *daemon, const struct hash *space, const struct hash *bundle, const uint64_t *writers,
		 size_t count)
{
	Twinlog__AuditEntry entry = TWINLOG__AUDIT_ENTRY__INIT;
	struct arena *arena = arena_new(SIZE_MAX);
	uint64_t *left = arena ? arena_copy(arena, writers, count * sizeof *left) : NULL;
	entry.writers = left ? arena_alloc(arena, count * sizeof *entry.writers) : NULL;
	bool full = !entry.writers;
	for (size_t i = 0; i < count && !full; i++) {
		if (left[i] == UINT64_MAX)
			continue;
		Twinlog__AuditWriter *writer = writer_make(daemon, arena, left, i, count);
		full = !writer;
		if (writer)
			entry.writers[entry.n_writers++] = writer;
	}
	entry.kind = TWINLOG__AUDIT_KIND__AUDIT_WROTE;
	entry.space = codec_hash(space);
	entry.bundle = codec_hash(bundle);
	if (full)
		daemon_fail(daemon, TWINLOG_NO_MEMORY, "the audit trail");
	else
		audit_add(daemon, &entry);
	arena_free(arena);
}

/* ---- Acts. ---- */

/* What an administrative request is about: a space, a partner, a record. False for the others. */
static bool asked_about(const Twinlog__Request *request, Twinlog__AuditEntry *entry)
{
	switch (request->body_case) {
	case TWINLOG__REQUEST__BODY_SPACE_CREATE:
		entry->subject = request->space_create->request;
		return true;
	case TWINLOG__REQUEST__BODY_SPACE_ANSWER:
		entry->space = request->space_answer->space;
		return true;
	case TWINLOG__REQUEST__BODY_PEER_ADD:
		return true;
	case TWINLOG__REQUEST__BODY_PEER_VERIFY:
		entry->subject = request->peer_verify->identity;
		return true;
	case TWINLOG__REQUEST__BODY_PEER_REMOVE:
		entry->subject = request->peer_remove->identity;
		return true;
	case TWINLOG__REQUEST__BODY_ERASE:
		if (request->erase->record)
			entry->subject = request->erase->record->handle;
		return true;
	case TWINLOG__REQUEST__BODY_CARRY_PUT:
		return true;
	case TWINLOG__REQUEST__BODY_SUBMIT: /* told by the bundle it becomes */
	case TWINLOG__REQUEST__BODY_WAIT:
	case TWINLOG__REQUEST__BODY_CARRY_NOTE: /* goes with a CARRY_PUT */
		return false;
	default:
		/* What a later version asks of the node is an act as well. */
		return node_takes(request);
	}
}

void audit_asked(struct daemon *daemon, const struct client *client, const Twinlog__Request *request)
{
	Twinlog__AuditEntry entry = TWINLOG__AUDIT_ENTRY__INIT;
	if (!asked_about(request, &entry))
		return;
	entry.kind = TWINLOG__AUDIT_KIND__AUDIT_ASKED;
	entry.request = (uint32_t)request->body_case;
	by(&entry, client);
	audit_add(daemon, &entry);
}

void audit_refused(struct daemon *daemon, struct client *client, const Twinlog__Request *request)
{
	Twinlog__AuditEntry entry = TWINLOG__AUDIT_ENTRY__INIT;
	const uint64_t now_ms = moment_now().mono_ms;
	if (daemon->disk_full || (client->refused_told_ms && now_ms - client->refused_told_ms < AUDIT_REFUSED_MS))
		return;
	client->refused_told_ms = now_ms;
	entry.kind = TWINLOG__AUDIT_KIND__AUDIT_REFUSED;
	entry.request = (uint32_t)request->body_case;
	by(&entry, client);
	audit_add(daemon, &entry);
}

void audit_user(struct daemon *daemon, const struct client *client, const struct daemon_client *user, bool added)
{
	Twinlog__AuditEntry entry = TWINLOG__AUDIT_ENTRY__INIT;
	entry.kind = added ? TWINLOG__AUDIT_KIND__AUDIT_USER_ADDED : TWINLOG__AUDIT_KIND__AUDIT_USER_REMOVED;
	entry.request = added ? TWINLOG__REQUEST__BODY_USER_ADD : TWINLOG__REQUEST__BODY_USER_REMOVE;
	by(&entry, client);
	entry.subject = codec_bytes(user->public_key, sizeof user->public_key);
	entry.subject_name = codec_string(user->name);
	entry.subject_role = user->role;
	audit_add(daemon, &entry);
}
