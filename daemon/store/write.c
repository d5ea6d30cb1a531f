#include <stdlib.h>

#include "environment.h"
#include "keys.h"

/* More than that goes to LMDB at once: two syncs are little beside it, and it is written once. */
#define RECORD_MAX (32u * JOURNAL_BLOCK)

static MDB_val val(const void *bytes, size_t size)
{
	return (MDB_val){.mv_size = size, .mv_data = (void *)(uintptr_t)bytes};
}

static bool is_sequence(unsigned table)
{
	return table == STORE_ACTS || table == STORE_BUNDLES || table == STORE_ERASURES || table == STORE_TEXTS ||
	       table == STORE_AUDIT;
}

/* Sequence numbers only grow, so each row goes behind the last one: no search, full pages. */
static int txn_put(struct store_write *write, unsigned table, MDB_val key, MDB_val value)
{
	return mdb_put(write->txn, write->store->tables[table], &key, &value, is_sequence(table) ? MDB_APPEND : 0);
}

static enum twinlog_error txn_rows(struct store_write *write)
{
	const struct pending *pending = write->store->pending;
	const struct journal_record *record = &write->record;
	struct journal_row row;
	size_t at = 0;
	int code = 0;

	for (unsigned table = 0; table < STORE_TABLES; table++)
		for (size_t i = 0; i < pending->tables[table].count && !code; i++) {
			const struct pending_row *held = &pending->tables[table].rows[i];

			code = txn_put(write, table, val(held->key, held->key_size), val(held->value, held->size));
		}
	while (!code && record->size > 0 &&
	       !journal_row_next(record->bytes + JOURNAL_HEAD_SIZE, record->size - JOURNAL_HEAD_SIZE, &at, &row))
		code = txn_put(write, row.table, val(row.key, row.key_size), val(row.value, row.size));
	return environment_error(write->store, code);
}

enum twinlog_error write_through(struct store_write *write)
{
	enum twinlog_error error;
	int code;

	if (write->txn)
		return TWINLOG_OK;
	code = mdb_txn_begin(write->store->env, NULL, 0, &write->txn);
	if (code) {
		write->txn = NULL;
		return environment_error(write->store, code);
	}
	error = txn_rows(write);
	if (error) {
		mdb_txn_abort(write->txn);
		write->txn = NULL;
	}
	return error;
}

enum twinlog_error store_begin(struct store *store, struct store_write **ret_write)
{
	struct store_write *write = &store->write;

	write->store = store;
	write->record.size = 0;
	write->erases = false;
	memcpy(write->last, store->last, sizeof write->last);
	*ret_write = write;
	return TWINLOG_OK;
}

static enum twinlog_error put_parts(struct store_write *write, unsigned table, MDB_val key, MDB_val first,
				    MDB_val second)
{
	enum twinlog_error error;

	if (!write->txn && table < STORE_TABLES && write->record.size + first.mv_size + second.mv_size <= RECORD_MAX)
		return journal_record_add(&write->record, (uint8_t)table, key.mv_data, key.mv_size, first.mv_data,
					  first.mv_size, second.mv_data, second.mv_size);
	error = write_through(write);
	if (error)
		return error;
	MDB_val value = val(NULL, first.mv_size + second.mv_size);
	const unsigned flags = MDB_RESERVE | (is_sequence(table) ? MDB_APPEND : 0);
	const int code = mdb_put(write->txn, write->store->tables[table], &key, &value, flags);

	if (code)
		return environment_error(write->store, code);
	uint8_t *out = value.mv_data;

	if (first.mv_size > 0)
		memcpy(out, first.mv_data, first.mv_size);
	if (second.mv_size > 0)
		memcpy(out + first.mv_size, second.mv_data, second.mv_size);
	return TWINLOG_OK;
}

enum twinlog_error write_row(struct store_write *write, unsigned table, MDB_val key, MDB_val value)
{
	if (is_sequence(table)) {
		const uint64_t sequence = key_read_number(key.mv_data, KEY_SEQUENCE_SIZE);

		if (sequence <= write->last[table])
			return TWINLOG_DUPLICATE;
		write->last[table] = sequence;
	}
	return put_parts(write, table, key, value, val(NULL, 0));
}

static enum twinlog_error put_sequence(struct store_write *write, unsigned table, uint64_t sequence, const void *bytes,
				       size_t size)
{
	uint8_t key[KEY_SEQUENCE_SIZE];

	key_number(key, sequence, sizeof key);
	return write_row(write, table, val(key, sizeof key), val(bytes, size));
}

enum twinlog_error store_put_act(struct store_write *write, uint64_t sequence, const void *bytes, size_t size)
{
	return put_sequence(write, STORE_ACTS, sequence, bytes, size);
}

enum twinlog_error store_put_bundle(struct store_write *write, uint64_t sequence, const void *bytes, size_t size)
{
	return put_sequence(write, STORE_BUNDLES, sequence, bytes, size);
}

enum twinlog_error store_written_bundle(struct store_write *write, uint64_t sequence, const uint8_t **ret_bytes,
					size_t *ret_size)
{
	uint8_t name[KEY_SEQUENCE_SIZE];
	MDB_val key = val(name, sizeof name), value;
	enum twinlog_error error = write_through(write);
	int code;

	if (error)
		return error;
	key_number(name, sequence, sizeof name);
	code = mdb_get(write->txn, write->store->tables[STORE_BUNDLES], &key, &value);
	if (code)
		return environment_error(write->store, code);
	*ret_bytes = value.mv_data;
	*ret_size = value.mv_size;
	return TWINLOG_OK;
}

/* Another value under a key that is there, or was. What was there is not to stay in the journal. */
static enum twinlog_error replace(struct store_write *write, unsigned table, uint64_t sequence, const void *bytes,
				  size_t size)
{
	uint8_t name[KEY_SEQUENCE_SIZE];
	MDB_val key = val(name, sizeof name), value = val(bytes, size);
	enum twinlog_error error = write_through(write);

	if (error)
		return error;
	write->erases = true;
	key_number(name, sequence, sizeof name);
	return environment_error(write->store, mdb_put(write->txn, write->store->tables[table], &key, &value, 0));
}

enum twinlog_error store_replace_bundle(struct store_write *write, uint64_t sequence, const void *bytes, size_t size)
{
	const uint8_t *old;
	size_t old_size;
	enum twinlog_error error = store_written_bundle(write, sequence, &old, &old_size);

	return error ? error : replace(write, STORE_BUNDLES, sequence, bytes, size);
}

static enum twinlog_error texts_at(struct store_write *write, MDB_cursor_op op, uint64_t sequence,
				   uint64_t *ret_sequence, MDB_val *ret_value)
{
	uint8_t name[KEY_SEQUENCE_SIZE];
	MDB_val key = val(name, sizeof name);
	enum twinlog_error error = write_through(write);
	MDB_cursor *cursor;
	int code;

	if (error)
		return error;
	code = mdb_cursor_open(write->txn, write->store->tables[STORE_TEXTS], &cursor);
	if (code)
		return environment_error(write->store, code);
	key_number(name, sequence, sizeof name);
	code = mdb_cursor_get(cursor, &key, ret_value, op);
	mdb_cursor_close(cursor);
	if (code)
		return environment_error(write->store, code);
	if (key.mv_size != KEY_SEQUENCE_SIZE)
		return TWINLOG_STORE_DAMAGED;
	*ret_sequence = key_read_number(key.mv_data, KEY_SEQUENCE_SIZE);
	return TWINLOG_OK;
}

uint64_t store_written_texts_last(struct store_write *write)
{
	uint64_t last = 0;
	MDB_val value;

	return texts_at(write, MDB_LAST, 0, &last, &value) ? 0 : last;
}

enum twinlog_error store_written_texts(struct store_write *write, uint64_t sequence, uint64_t *ret_sequence,
				       const uint8_t **ret_bytes, size_t *ret_size)
{
	MDB_val value = {0};
	enum twinlog_error error = texts_at(write, MDB_SET_RANGE, sequence, ret_sequence, &value);

	if (error)
		return error;
	*ret_bytes = value.mv_data;
	*ret_size = value.mv_size;
	return TWINLOG_OK;
}

enum twinlog_error store_put_texts(struct store_write *write, uint64_t sequence, const void *bytes, size_t size)
{
	return put_sequence(write, STORE_TEXTS, sequence, bytes, size);
}

enum twinlog_error store_replace_texts(struct store_write *write, uint64_t sequence, const void *bytes, size_t size)
{
	return replace(write, STORE_TEXTS, sequence, bytes, size);
}

enum twinlog_error store_put_erasure(struct store_write *write, uint64_t sequence, const void *bytes, size_t size)
{
	return put_sequence(write, STORE_ERASURES, sequence, bytes, size);
}

enum twinlog_error store_put_card(struct store_write *write, const struct hash *identity, bool verified, bool removed,
				  uint64_t knows, const void *bytes, size_t size)
{
	uint8_t head[1 + CARD_KNOWS_SIZE] = {
	    (uint8_t)((verified ? CARD_VERIFIED : 0) | (removed ? CARD_REMOVED : 0) | (knows ? CARD_KNOWS : 0))};

	key_number(head + 1, knows, CARD_KNOWS_SIZE);
	return put_parts(write, STORE_CARDS, val(identity->bytes, HASH_SIZE), val(head, knows ? sizeof head : 1),
			 val(bytes, size));
}

enum twinlog_error store_put_position(struct store_write *write, const struct hash *space, const struct hash *city,
				      uint64_t machine, const void *bytes, size_t size)
{
	uint8_t key[KEY_POSITION_SIZE];

	key_position(key, space, city, machine);
	return write_row(write, STORE_POSITIONS, val(key, sizeof key), val(bytes, size));
}

/* The journal has no word for a row that goes. */
enum twinlog_error store_drop_position(struct store_write *write, const struct hash *space, const struct hash *city,
				       uint64_t machine)
{
	uint8_t name[KEY_POSITION_SIZE];
	MDB_val key = val(name, sizeof name);
	enum twinlog_error error = write_through(write);
	int code;

	if (error)
		return error;
	key_position(name, space, city, machine);
	code = mdb_del(write->txn, write->store->tables[STORE_POSITIONS], &key, NULL);
	return code == MDB_NOTFOUND ? TWINLOG_OK : environment_error(write->store, code);
}

enum twinlog_error store_put_request(struct store_write *write, const struct handle *request, const void *bytes,
				     size_t size)
{
	return write_row(write, STORE_REQUESTS, val(request->bytes, HANDLE_SIZE), val(bytes, size));
}

enum twinlog_error store_prune_requests(struct store_write *write, uint64_t before_ms, size_t max)
{
	enum twinlog_error error = write_through(write);
	MDB_cursor *cursor;
	MDB_val key, value;
	int code;

	if (error)
		return error;
	code = mdb_cursor_open(write->txn, write->store->tables[STORE_REQUESTS], &cursor);
	if (code)
		return environment_error(write->store, code);
	code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	while (!code && max-- > 0 && key_read_number(key.mv_data, KEY_REQUEST_TIME) < before_ms) {
		code = mdb_cursor_del(cursor, 0);
		if (!code)
			code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	}
	mdb_cursor_close(cursor);
	return code == MDB_NOTFOUND ? TWINLOG_OK : environment_error(write->store, code);
}

enum twinlog_error store_put_audit(struct store_write *write, uint64_t number, const void *bytes, size_t size)
{
	return put_sequence(write, STORE_AUDIT, number, bytes, size);
}

enum twinlog_error store_put_machine(struct store_write *write, uint64_t machine)
{
	uint8_t bytes[8];

	key_number(bytes, machine, sizeof bytes);
	return write_row(write, TABLE_META, val("machine", 7), val(bytes, sizeof bytes));
}

enum twinlog_error store_put_restored(struct store_write *write, bool restored)
{
	const uint8_t byte = restored;

	return write_row(write, TABLE_META, val("restored", 8), val(&byte, 1));
}

/* ---- Commit ---- */

/* Rows that are durable in the journal become those that readers see. */
static void show_record(struct store *store, struct pending_record *place, struct journal_record *record)
{
	pthread_mutex_lock(&store->mutex);
	pending_rows_add(store->pending, place, record->bytes, record->bytes + JOURNAL_HEAD_SIZE,
			 record->size - JOURNAL_HEAD_SIZE);
	pthread_mutex_unlock(&store->mutex);
	*record = (struct journal_record){NULL, 0, 0};
}

/* TOO_LARGE or TOO_MANY: not into this journal, as it stands; nothing was written. */
static enum twinlog_error commit_record(struct store_write *write)
{
	struct store *store = write->store;
	struct pending_record *place;
	enum twinlog_error error;

	if (!journal_takes(&store->journal, &write->record))
		return TWINLOG_TOO_LARGE;
	error = pending_rows_reserve(store->pending, write->record.bytes + JOURNAL_HEAD_SIZE,
				     write->record.size - JOURNAL_HEAD_SIZE);
	if (error)
		return error;
	place = pending_rows_place();
	if (!place)
		return TWINLOG_NO_MEMORY;
	error = journal_append(&store->journal, &write->record);
	if (error) {
		free(place);
		return error == TWINLOG_IO && store_disk_free(store) == 0 ? TWINLOG_DISK_FULL : error;
	}
	show_record(store, place, &write->record);
	return TWINLOG_OK;
}

/* With the token that makes the journal's records void, and readers look into the empty one from then on. */
static enum twinlog_error commit_txn(struct store_write *write)
{
	struct store *store = write->store;
	const struct journal_token token = journal_token_draw();
	struct pending *fresh = pending_rows_new(&token), *old = store->pending;
	MDB_val key = val("journal", 7), value = val(token.bytes, sizeof token.bytes);
	MDB_txn *txn = write->txn;
	int code;

	write->txn = NULL;
	if (!fresh) {
		mdb_txn_abort(txn);
		return TWINLOG_NO_MEMORY;
	}
	code = mdb_put(txn, store->tables[TABLE_META], &key, &value, 0);
	if (code)
		mdb_txn_abort(txn);
	else
		code = mdb_txn_commit(txn);
	if (code) {
		pending_rows_release(fresh);
		return environment_error(store, code);
	}
	pthread_mutex_lock(&store->mutex);
	store->pending = fresh;
	pthread_mutex_unlock(&store->mutex);
	pending_rows_release(old);
	journal_turn(&store->journal, &token);
	return write->erases ? journal_wipe(&store->journal) : TWINLOG_OK;
}

enum twinlog_error store_commit(struct store_write *write)
{
	struct store *store = write->store;
	enum twinlog_error error = TWINLOG_TOO_LARGE;

	if (!write->txn && journal_record_empty(&write->record))
		return TWINLOG_OK;
	if (!write->txn)
		error = commit_record(write);
	if (error == TWINLOG_TOO_LARGE || error == TWINLOG_TOO_MANY) {
		error = write_through(write);
		if (!error)
			error = commit_txn(write);
	}
	if (error)
		store->failed = true;
	else
		memcpy(store->last, write->last, sizeof store->last);
	return error;
}

void store_abort(struct store_write *write)
{
	if (!write)
		return;
	if (write->txn)
		mdb_txn_abort(write->txn);
	write->txn = NULL;
}

uint64_t store_pending(const struct store *store)
{
	return store->pending->bytes;
}
