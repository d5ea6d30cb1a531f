#include <stdlib.h>

#include "environment.h"
#include "keys.h"

enum twinlog_error store_read_begin(struct store *store, struct store_read **ret_read)
{
	struct store_read *read = malloc(sizeof *read);
	int code;

	if (!read)
		return TWINLOG_NO_MEMORY;
	read->store = store;
	code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &read->txn);
	if (code) {
		free(read);
		return environment_error(store, code);
	}
	*ret_read = read;
	return TWINLOG_OK;
}

void store_read_end(struct store_read *read)
{
	if (!read)
		return;
	mdb_txn_abort(read->txn);
	free(read);
}

static enum twinlog_error get(struct store_read *read, unsigned table, const void *key, size_t key_size,
			      MDB_val *ret_value)
{
	MDB_val name = {.mv_size = key_size, .mv_data = (void *)(uintptr_t)key};

	return environment_error(read->store, mdb_get(read->txn, read->store->tables[table], &name, ret_value));
}

enum twinlog_error store_get_bundle(struct store_read *read, uint64_t sequence, const uint8_t **ret_bytes,
				    size_t *ret_size)
{
	uint8_t key[KEY_SEQUENCE_SIZE];
	enum twinlog_error error;
	MDB_val value;

	key_number(key, sequence, sizeof key);
	error = get(read, STORE_BUNDLES, key, sizeof key, &value);
	if (error)
		return error;
	*ret_bytes = value.mv_data;
	*ret_size = value.mv_size;
	return TWINLOG_OK;
}

enum twinlog_error store_get_machine(struct store_read *read, uint64_t *ret_machine)
{
	enum twinlog_error error;
	MDB_val value;

	error = get(read, TABLE_META, "machine", 7, &value);
	if (error)
		return error;
	if (value.mv_size != 8)
		return TWINLOG_STORE_DAMAGED;
	*ret_machine = key_read_number(value.mv_data, 8);
	return TWINLOG_OK;
}

bool store_get_restored(struct store_read *read)
{
	MDB_val value;

	return get(read, TABLE_META, "restored", 8, &value) == TWINLOG_OK && value.mv_size == 1 &&
	       *(const uint8_t *)value.mv_data != 0;
}

/* Key and value as a row. LMDB has no checksums: a row of another form is answered, not trusted. */
static enum twinlog_error read_row(enum store_table table, MDB_val key, MDB_val value, struct store_row *row)
{
	static const size_t key_sizes[STORE_TABLES] = {
	    [STORE_CARDS] = HASH_SIZE,
	    [STORE_ACTS] = KEY_SEQUENCE_SIZE,
	    [STORE_BUNDLES] = KEY_SEQUENCE_SIZE,
	    [STORE_ERASURES] = KEY_SEQUENCE_SIZE,
	    [STORE_POSITIONS] = KEY_POSITION_SIZE,
	    [STORE_REQUESTS] = HANDLE_SIZE,
	    [STORE_TEXTS] = KEY_SEQUENCE_SIZE,
	    [STORE_AUDIT] = KEY_SEQUENCE_SIZE,
	};
	const uint8_t *name = key.mv_data;

	if (key.mv_size != key_sizes[table] || (table == STORE_CARDS && value.mv_size == 0))
		return TWINLOG_STORE_DAMAGED;
	*row = (struct store_row){.bytes = value.mv_data, .size = value.mv_size};
	switch (table) {
	case STORE_CARDS:
		memcpy(row->city.bytes, name, HASH_SIZE);
		row->verified = row->bytes[0] & CARD_VERIFIED;
		row->removed = row->bytes[0] & CARD_REMOVED;
		row->bytes++, row->size--;
		break;
	case STORE_POSITIONS:
		memcpy(row->space.bytes, name, HASH_SIZE);
		memcpy(row->city.bytes, name + HASH_SIZE, HASH_SIZE);
		row->machine = key_read_number(name + 2 * HASH_SIZE, 8);
		break;
	case STORE_REQUESTS:
		memcpy(row->request.bytes, name, HANDLE_SIZE);
		break;
	default:
		row->sequence = key_read_number(name, KEY_SEQUENCE_SIZE);
		break;
	}
	return TWINLOG_OK;
}

/* The rows that a cursor comes to, from its first step on. */
static enum twinlog_error each(struct store *store, MDB_cursor *cursor, enum store_table table, MDB_val key,
			       MDB_cursor_op first, store_visit visit, void *context)
{
	enum twinlog_error error = TWINLOG_OK;
	struct store_row row;
	MDB_val value;
	int code = mdb_cursor_get(cursor, &key, &value, first);

	while (!code && !error) {
		error = read_row(table, key, value, &row);
		if (!error)
			error = visit(context, &row);
		if (!error)
			code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	if (error)
		return error;
	return code == MDB_NOTFOUND ? TWINLOG_OK : environment_error(store, code);
}

static enum twinlog_error each_of(struct store_read *read, enum store_table table, MDB_val key, MDB_cursor_op first,
				  store_visit visit, void *context)
{
	enum twinlog_error error;
	MDB_cursor *cursor;
	int code;

	if (!environment_has(read->store, table))
		return TWINLOG_OK;
	code = mdb_cursor_open(read->txn, read->store->tables[table], &cursor);
	if (code)
		return environment_error(read->store, code);
	error = each(read->store, cursor, table, key, first, visit, context);
	mdb_cursor_close(cursor);
	return error;
}

enum twinlog_error store_each(struct store_read *read, enum store_table table, store_visit visit, void *context)
{
	return each_of(read, table, (MDB_val){0}, MDB_FIRST, visit, context);
}

enum twinlog_error store_each_from(struct store_read *read, enum store_table table, uint64_t sequence,
				   store_visit visit, void *context)
{
	uint8_t key[KEY_SEQUENCE_SIZE];

	key_number(key, sequence, sizeof key);
	return each_of(read, table, (MDB_val){sizeof key, key}, MDB_SET_RANGE, visit, context);
}

enum twinlog_error store_last(struct store_read *read, enum store_table table, struct store_row *ret_row)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	enum twinlog_error error;
	int code;

	if (!environment_has(read->store, table))
		return TWINLOG_MISSING;
	code = mdb_cursor_open(read->txn, read->store->tables[table], &cursor);
	if (code)
		return environment_error(read->store, code);
	code = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
	error = code ? environment_error(read->store, code) : read_row(table, key, value, ret_row);
	mdb_cursor_close(cursor);
	return error;
}

static enum twinlog_error bundles_after(struct store *store, MDB_txn *txn, uint64_t after, store_visit visit,
					void *context)
{
	uint8_t name[KEY_SEQUENCE_SIZE];
	const MDB_val key = {.mv_size = sizeof name, .mv_data = name};
	enum twinlog_error error;
	MDB_cursor *cursor;
	int code = mdb_cursor_open(txn, store->tables[STORE_BUNDLES], &cursor);

	if (code)
		return environment_error(store, code);
	key_number(name, after + 1, sizeof name);
	error = each(store, cursor, STORE_BUNDLES, key, MDB_SET_RANGE, visit, context);
	mdb_cursor_close(cursor);
	return error;
}

enum twinlog_error store_bundles_after(struct store_read *read, uint64_t after, store_visit visit, void *context)
{
	return bundles_after(read->store, read->txn, after, visit, context);
}

enum twinlog_error store_written_bundles(struct store_write *write, uint64_t after, store_visit visit, void *context)
{
	return bundles_after(write->store, write->txn, after, visit, context);
}
