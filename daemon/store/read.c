#include <stdlib.h>

#include "environment.h"
#include "keys.h"

/* ---- What one sees ---- */

/* What is pending stands in LMDB already when a commit has just changed the token there and nothing else yet. */
static enum twinlog_error see_pending(struct store_read *read)
{
	struct store *store = read->store;
	struct journal_token token;
	enum twinlog_error error = environment_token(store, read->txn, &token);

	if (error)
		return error == TWINLOG_MISSING ? TWINLOG_OK : error;
	if (!journal_token_equal(&token, &store->pending->token))
		return TWINLOG_OK;
	read->pending = pending_rows_hold(store->pending);
	return TWINLOG_OK;
}

static void count_pending(struct store_read *read)
{
	for (size_t i = 0; i < STORE_TABLES && read->pending; i++)
		read->counts[i] = read->pending->tables[i].count;
}

static enum twinlog_error see(struct store_read *read)
{
	struct store *store = read->store;
	enum twinlog_error error;
	int code;

	if (store->lock_fd < 0) {
		code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &read->txn);
		error = code ? environment_error(store, code) : recover_look(store, read->txn, &read->pending);
	} else {
		pthread_mutex_lock(&store->mutex);
		code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &read->txn);
		error = code ? environment_error(store, code) : see_pending(read);
		count_pending(read);
		pthread_mutex_unlock(&store->mutex);
	}
	if (code)
		read->txn = NULL;
	return error;
}

enum twinlog_error store_read_begin(struct store *store, struct store_read **ret_read)
{
	struct store_read *read = calloc(1, sizeof *read);
	enum twinlog_error error;

	if (!read)
		return TWINLOG_NO_MEMORY;
	read->store = store;
	error = see(read);
	if (error) {
		store_read_end(read);
		return error;
	}
	if (store->lock_fd < 0)
		count_pending(read);
	*ret_read = read;
	return TWINLOG_OK;
}

void store_read_end(struct store_read *read)
{
	if (!read)
		return;
	if (read->txn)
		mdb_txn_abort(read->txn);
	pending_rows_release(read->pending);
	free(read);
}

/* ---- One row ---- */

static enum twinlog_error get(struct store_read *read, unsigned table, const void *key, size_t key_size,
			      MDB_val *ret_value)
{
	MDB_val name = {.mv_size = key_size, .mv_data = (void *)(uintptr_t)key};

	return environment_error(read->store, mdb_get(read->txn, read->store->tables[table], &name, ret_value));
}

static const struct pending_row *find_pending(const struct store_read *read, unsigned table,
					      const uint8_t key[KEY_SEQUENCE_SIZE])
{
	const size_t at = merge_first(read, table, key);
	const struct pending_row *row = at < read->counts[table] ? &read->pending->tables[table].rows[at] : NULL;

	return row && memcmp(row->key, key, KEY_SEQUENCE_SIZE) == 0 ? row : NULL;
}

enum twinlog_error store_get_bundle(struct store_read *read, uint64_t sequence, const uint8_t **ret_bytes,
				    size_t *ret_size)
{
	uint8_t key[KEY_SEQUENCE_SIZE];
	const struct pending_row *pending;
	enum twinlog_error error;
	MDB_val value;

	key_number(key, sequence, sizeof key);
	pending = find_pending(read, STORE_BUNDLES, key);
	if (pending) {
		*ret_bytes = pending->value;
		*ret_size = pending->size;
		return TWINLOG_OK;
	}
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
		if (!(row->bytes[-1] & CARD_KNOWS))
			break;
		if (row->size < CARD_KNOWS_SIZE)
			return TWINLOG_STORE_DAMAGED;
		row->knows = key_read_number(row->bytes, CARD_KNOWS_SIZE);
		row->bytes += CARD_KNOWS_SIZE, row->size -= CARD_KNOWS_SIZE;
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

/* ---- Many rows ---- */

struct visit {
	store_visit visit;
	void *context;
};

static enum twinlog_error visit_row(void *context, unsigned table, const MDB_val *key, const MDB_val *value)
{
	const struct visit *visit = context;
	struct store_row row;
	const enum twinlog_error error = read_row((enum store_table)table, *key, *value, &row);

	return error ? error : visit->visit(visit->context, &row);
}

enum twinlog_error store_each(struct store_read *read, enum store_table table, store_visit visit, void *context)
{
	struct visit each = {visit, context};

	return merge_each(read, table, NULL, visit_row, &each);
}

enum twinlog_error store_each_from(struct store_read *read, enum store_table table, uint64_t sequence,
				   store_visit visit, void *context)
{
	struct visit each = {visit, context};
	uint8_t key[KEY_SEQUENCE_SIZE];

	key_number(key, sequence, sizeof key);
	return merge_each(read, table, key, visit_row, &each);
}

enum twinlog_error store_bundles_after(struct store_read *read, uint64_t after, store_visit visit, void *context)
{
	return store_each_from(read, STORE_BUNDLES, after + 1, visit, context);
}

/* Pending rows come behind those of LMDB. */
enum twinlog_error store_last(struct store_read *read, enum store_table table, struct store_row *ret_row)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	enum twinlog_error error;
	int code;

	if (!environment_has(read->store, table))
		return TWINLOG_MISSING;
	if (read->counts[table] > 0) {
		const struct pending_row *row = &read->pending->tables[table].rows[read->counts[table] - 1];

		return read_row(table, (MDB_val){row->key_size, (void *)(uintptr_t)row->key},
				(MDB_val){row->size, (void *)(uintptr_t)row->value}, ret_row);
	}
	code = mdb_cursor_open(read->txn, read->store->tables[table], &cursor);
	if (code)
		return environment_error(read->store, code);
	code = mdb_cursor_get(cursor, &key, &value, MDB_LAST);
	error = code ? environment_error(read->store, code) : read_row(table, key, value, ret_row);
	mdb_cursor_close(cursor);
	return error;
}

/* In the transaction of a writer nothing is pending. */
enum twinlog_error store_written_bundles(struct store_write *write, uint64_t after, store_visit visit, void *context)
{
	uint8_t name[KEY_SEQUENCE_SIZE];
	MDB_val key = {.mv_size = sizeof name, .mv_data = name}, value;
	enum twinlog_error error = write_through(write);
	MDB_cursor *cursor;
	struct store_row row;
	int code;

	if (error)
		return error;
	code = mdb_cursor_open(write->txn, write->store->tables[STORE_BUNDLES], &cursor);
	if (code)
		return environment_error(write->store, code);
	key_number(name, after + 1, sizeof name);
	code = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	while (!code && !error) {
		error = read_row(STORE_BUNDLES, key, value, &row);
		if (!error)
			error = visit(context, &row);
		if (!error)
			code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	if (error)
		return error;
	return code == MDB_NOTFOUND ? TWINLOG_OK : environment_error(write->store, code);
}
