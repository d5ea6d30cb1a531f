#include "environment.h"
#include "keys.h"

enum twinlog_error store_begin(struct store *store, struct store_write **ret_write)
{
	int code = mdb_txn_begin(store->env, NULL, 0, &store->write.txn);

	if (code) {
		store->write.txn = NULL;
		return environment_error(store, code);
	}
	store->write.store = store;
	*ret_write = &store->write;
	return TWINLOG_OK;
}

static MDB_val val(const void *bytes, size_t size)
{
	return (MDB_val){.mv_size = size, .mv_data = (void *)(uintptr_t)bytes};
}

static enum twinlog_error put(struct store_write *write, unsigned table, MDB_val key, MDB_val value, unsigned flags)
{
	int code = mdb_put(write->txn, write->store->tables[table], &key, &value, flags);

	return environment_error(write->store, code);
}

/* Sequence numbers only grow, so each row goes behind the last one: no search, full pages. */
static enum twinlog_error put_sequence(struct store_write *write, unsigned table, uint64_t sequence, const void *bytes,
				       size_t size)
{
	uint8_t key[KEY_SEQUENCE_SIZE];

	key_number(key, sequence, sizeof key);
	return put(write, table, val(key, sizeof key), val(bytes, size), MDB_APPEND);
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
	int code;

	key_number(name, sequence, sizeof name);
	code = mdb_get(write->txn, write->store->tables[STORE_BUNDLES], &key, &value);
	if (code)
		return environment_error(write->store, code);
	*ret_bytes = value.mv_data;
	*ret_size = value.mv_size;
	return TWINLOG_OK;
}

enum twinlog_error store_replace_bundle(struct store_write *write, uint64_t sequence, const void *bytes, size_t size)
{
	const uint8_t *old;
	uint8_t key[KEY_SEQUENCE_SIZE];
	size_t old_size;
	enum twinlog_error error = store_written_bundle(write, sequence, &old, &old_size);

	if (error)
		return error;
	key_number(key, sequence, sizeof key);
	return put(write, STORE_BUNDLES, val(key, sizeof key), val(bytes, size), 0);
}

static enum twinlog_error texts_at(struct store_write *write, MDB_cursor_op op, uint64_t sequence,
				   uint64_t *ret_sequence, MDB_val *ret_value)
{
	uint8_t name[KEY_SEQUENCE_SIZE];
	MDB_val key = val(name, sizeof name);
	MDB_cursor *cursor;
	int code = mdb_cursor_open(write->txn, write->store->tables[STORE_TEXTS], &cursor);

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
	uint64_t last;
	MDB_val value;

	return texts_at(write, MDB_LAST, 0, &last, &value) ? 0 : last;
}

enum twinlog_error store_written_texts(struct store_write *write, uint64_t sequence, uint64_t *ret_sequence,
				       const uint8_t **ret_bytes, size_t *ret_size)
{
	MDB_val value;
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
	uint8_t key[KEY_SEQUENCE_SIZE];

	key_number(key, sequence, sizeof key);
	return put(write, STORE_TEXTS, val(key, sizeof key), val(bytes, size), 0);
}

enum twinlog_error store_put_erasure(struct store_write *write, uint64_t sequence, const void *bytes, size_t size)
{
	return put_sequence(write, STORE_ERASURES, sequence, bytes, size);
}

enum twinlog_error store_put_card(struct store_write *write, const struct hash *identity, bool verified, bool removed,
				  const void *bytes, size_t size)
{
	MDB_val key = val(identity->bytes, HASH_SIZE), value = val(NULL, size + 1);
	uint8_t *row;
	int code;

	code = mdb_put(write->txn, write->store->tables[STORE_CARDS], &key, &value, MDB_RESERVE);
	if (code)
		return environment_error(write->store, code);
	row = value.mv_data;
	row[0] = (uint8_t)((verified ? CARD_VERIFIED : 0) | (removed ? CARD_REMOVED : 0));
	memcpy(row + 1, bytes, size);
	return TWINLOG_OK;
}

enum twinlog_error store_put_position(struct store_write *write, const struct hash *space, const struct hash *city,
				      uint64_t machine, const void *bytes, size_t size)
{
	uint8_t key[KEY_POSITION_SIZE];

	key_position(key, space, city, machine);
	return put(write, STORE_POSITIONS, val(key, sizeof key), val(bytes, size), 0);
}

enum twinlog_error store_put_request(struct store_write *write, const struct handle *request, const void *bytes,
				     size_t size)
{
	return put(write, STORE_REQUESTS, val(request->bytes, HANDLE_SIZE), val(bytes, size), 0);
}

enum twinlog_error store_prune_requests(struct store_write *write, uint64_t before_ms, size_t max)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	int code;

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
	return put(write, TABLE_META, val("machine", 7), val(bytes, sizeof bytes), 0);
}

enum twinlog_error store_put_restored(struct store_write *write, bool restored)
{
	const uint8_t byte = restored;

	return put(write, TABLE_META, val("restored", 8), val(&byte, 1), 0);
}

enum twinlog_error store_commit(struct store_write *write)
{
	MDB_txn *txn = write->txn;

	write->txn = NULL;
	return environment_error(write->store, mdb_txn_commit(txn));
}

void store_abort(struct store_write *write)
{
	if (!write)
		return;
	mdb_txn_abort(write->txn);
	write->txn = NULL;
}
