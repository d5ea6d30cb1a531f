#include <string.h>

#include "import_id.h"
#include "query_internal.h"

/* The beginning of a handle as people type it: hex digits, maybe an odd number of them. */
struct prefix {
	struct handle handle;
	size_t digits;
};

static enum twinlog_error prefix_parse(const struct query *query, ProtobufCBinaryData text, struct prefix *ret_prefix)
{
	char digits[2 * HANDLE_SIZE + 1];

	if (text.len == 0)
		return query_fault(query, TWINLOG_FIELD_MISSING, "record", codec_bytes(NULL, 0));
	if (text.len > 2 * HANDLE_SIZE)
		return query_fault(query, TWINLOG_NOT_FOUND, "record", text);
	memset(digits, '0', sizeof digits);
	memcpy(digits, text.data, text.len);
	if (hex_decode(ret_prefix->handle.bytes, HANDLE_SIZE, digits, 2 * HANDLE_SIZE))
		return query_fault(query, TWINLOG_NOT_FOUND, "record", text);
	ret_prefix->digits = text.len;
	return TWINLOG_OK;
}

static bool prefix_fits(const struct prefix *prefix, const struct handle *handle)
{
	size_t whole = prefix->digits / 2;

	if (memcmp(prefix->handle.bytes, handle->bytes, whole) != 0)
		return false;
	return prefix->digits % 2 == 0 || prefix->handle.bytes[whole] >> 4 == handle->bytes[whole] >> 4;
}

static enum twinlog_error find_by_prefix(const struct query *query, ProtobufCBinaryData text,
					 const struct space **ret_space, const struct record **ret_record)
{
	const struct record *found = NULL;
	const struct space *where = NULL;
	struct prefix prefix = {0};
	enum twinlog_error error = prefix_parse(query, text, &prefix);

	for (size_t i = 0; !error && i < node_spaces(query->node); i++) {
		const struct space *space = node_space(query->node, i);
		const struct statements *statements = space_statements(space);
		size_t count = query_sees(query, space) ? statements_records(statements) : 0;

		for (size_t j = 0; j < count; j++) {
			const struct record *record = statements_record(statements, j);

			if (!record->shown || !prefix_fits(&prefix, &record->handle))
				continue;
			if (found)
				return query_fault(query, TWINLOG_AMBIGUOUS, "record", text);
			found = record;
			where = space;
		}
	}
	if (error)
		return error;
	if (!found)
		return query_fault(query, TWINLOG_NOT_FOUND, "record", text);
	*ret_space = where;
	*ret_record = found;
	return TWINLOG_OK;
}

static enum twinlog_error find_record(const struct query *query, const Twinlog__RecordName *name,
				      const struct space **ret_space, const struct record **ret_record)
{
	char hex[HANDLE_HEX_SIZE];
	struct handle handle;

	if (!name)
		return query_fault(query, TWINLOG_FIELD_MISSING, "record", codec_bytes(NULL, 0));
	if (name->handle.len == 0)
		return find_by_prefix(query, name->prefix, ret_space, ret_record);
	if (codec_get_handle(name->handle, &handle))
		return query_fault(query, TWINLOG_INVALID, "record", codec_bytes(NULL, 0));
	for (size_t i = 0; i < node_spaces(query->node); i++) {
		const struct space *space = node_space(query->node, i);
		const struct record *record = statements_find(space_statements(space), &handle);

		if (!record || !record->shown || !query_sees(query, space))
			continue;
		*ret_space = space;
		*ret_record = record;
		return TWINLOG_OK;
	}
	return query_fault(query, TWINLOG_NOT_FOUND, "record",
			   codec_string(hex_encode(hex, handle.bytes, HANDLE_SIZE)));
}

enum twinlog_error query_completeness(const struct query *query, const struct space *const *spaces, size_t count,
				      Twinlog__SpaceStatus ***ret_statuses, size_t *ret_count)
{
	Twinlog__SpaceStatus **statuses = arena_zalloc(query->arena, (count + 1) * sizeof(void *));

	if (!statuses)
		return QUERY_FULL;
	for (size_t i = 0; i < count; i++) {
		enum twinlog_error error = query_space_status(query, spaces[i], &statuses[i]);

		if (error)
			return error;
	}
	*ret_statuses = statuses;
	*ret_count = count;
	return TWINLOG_OK;
}

enum twinlog_error query_show(const struct query *query, const Twinlog__Show *show)
{
	Twinlog__Records *records = QUERY_NEW(query, Twinlog__Records, TWINLOG__RECORDS__INIT);
	const struct space *space = NULL;
	const struct record *record = NULL;
	enum twinlog_error error = query_at_least(query, show->at_least_commit);

	if (!error)
		error = find_record(query, show->record, &space, &record);
	if (error)
		return error;
	if (!records || !(records->records = arena_zalloc(query->arena, sizeof *records->records)))
		return QUERY_FULL;
	error = query_record(query, space, record, true, show->history, &records->records[0]);
	if (!error)
		error = query_completeness(query, &space, 1, &records->completeness, &records->n_completeness);
	if (error)
		return error;
	records->n_records = 1;
	records->total = 1;
	records->commit = node_commit(query->node);
	query->reply->body_case = TWINLOG__REPLY__BODY_RECORDS;
	query->reply->records = records;
	return TWINLOG_OK;
}

/* ---- What an import made before ---- */

/* The own current word on the record that a row became; when there is none, the handle that the record would have. */
static enum twinlog_error import_version(const struct query *query, const struct space *space, uint32_t kind,
					 const Twinlog__ImportKey *key, Twinlog__Version **ret_version)
{
	const struct hash *self = node_identity(query->node);
	const struct hash *id = acts_space(space_acts(space));
	const struct word *word;
	const struct record *record;
	struct handle handle;

	if (kind == TWINLOG__RECORD_KIND__RECORD_CITY) {
		/* A city record goes by the city's id, which then is the row. */
		handle = record_handle(id, (uint8_t)kind, NULL, key->row.data, key->row.len);
	} else {
		struct handle name;

		import_record_id(query->extra->import_secret, id, kind, key->sheet.data, key->sheet.len, key->row.data,
				 key->row.len, key->nth, &name);
		handle = record_handle(id, (uint8_t)kind, self, name.bytes, HANDLE_SIZE);
	}
	record = statements_find(space_statements(space), &handle);
	if (record && statements_current(space_statements(space), record, self, false, &word, 1) > 0)
		return query_version(query, space, word, false, false, ret_version);
	*ret_version = QUERY_NEW(query, Twinlog__Version, TWINLOG__VERSION__INIT);
	if (!*ret_version)
		return QUERY_FULL;
	(*ret_version)->handle = codec_bytes(arena_copy(query->arena, handle.bytes, HANDLE_SIZE), HANDLE_SIZE);
	return (*ret_version)->handle.data ? TWINLOG_OK : QUERY_FULL;
}

enum twinlog_error query_import(const struct query *query, const Twinlog__ImportLookup *lookup)
{
	Twinlog__ImportFound *found = QUERY_NEW(query, Twinlog__ImportFound, TWINLOG__IMPORT_FOUND__INIT);
	const struct space *space;
	enum twinlog_error error = query_space(query, lookup->space, &space);

	if (error)
		return error;
	if (!query->extra->import_secret)
		return query_fault(query, TWINLOG_NOT_PERMITTED, "import", codec_bytes(NULL, 0));
	if (lookup->kind == TWINLOG__RECORD_KIND__RECORD_NONE || lookup->kind > TWINLOG__RECORD_KIND__RECORD_CITY)
		return query_fault(query, TWINLOG_INVALID, "kind", codec_bytes(NULL, 0));
	if (lookup->n_keys > TWINLOG_PAGE_MAX)
		return query_fault(query, TWINLOG_TOO_MANY, "keys", codec_bytes(NULL, 0));
	if (!found || !(found->versions = arena_zalloc(query->arena, (lookup->n_keys + 1) * sizeof *found->versions)))
		return QUERY_FULL;
	for (size_t i = 0; i < lookup->n_keys; i++) {
		error = import_version(query, space, lookup->kind, lookup->keys[i], &found->versions[i]);
		if (error)
			return error;
		found->n_versions++;
	}
	query->reply->body_case = TWINLOG__REPLY__BODY_IMPORT_FOUND;
	query->reply->import_found = found;
	return TWINLOG_OK;
}
