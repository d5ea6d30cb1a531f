/* A store's journal when the store is opened: what it holds beside LMDB goes into LMDB, or is shown beside it when the
 * store is only read. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "environment.h"
#include "keys.h"

#define PATH_SIZE  4096
#define LOOK_TRIES 100 /* each fails only if a writer moved everything into LMDB meanwhile */

static MDB_val val(const void *bytes, size_t size)
{
	return (MDB_val){.mv_size = size, .mv_data = (void *)(uintptr_t)bytes};
}

enum twinlog_error environment_token(const struct store *store, MDB_txn *txn, struct journal_token *ret_token)
{
	MDB_val key = val("journal", 7), value;
	const int code = mdb_get(txn, store->tables[TABLE_META], &key, &value);

	if (code)
		return environment_error(store, code);
	if (value.mv_size != JOURNAL_TOKEN_SIZE)
		return TWINLOG_STORE_DAMAGED;
	memcpy(ret_token->bytes, value.mv_data, JOURNAL_TOKEN_SIZE);
	return TWINLOG_OK;
}

/* What the records hold, as pending rows. Takes the bytes. */
static enum twinlog_error pending_of(struct journal_bytes *held, const struct journal_token *token,
				     struct pending **ret_pending)
{
	struct pending *pending = pending_rows_new(token);
	struct pending_record *place = pending_rows_place();
	const struct journal_bytes all = *held;
	const uint8_t *rows;
	size_t at = 0, size;
	enum twinlog_error error = pending && place ? TWINLOG_OK : TWINLOG_NO_MEMORY;

	/* The first record brings the bytes of all of them, the others bring none. */
	while (!error && journal_next(&all, &at, &rows, &size)) {
		if (!place && !(place = pending_rows_place()))
			error = TWINLOG_NO_MEMORY;
		if (!error)
			error = pending_rows_reserve(pending, rows, size);
		if (error)
			break;
		pending_rows_add(pending, place, held->bytes, rows, size);
		held->bytes = NULL;
		place = NULL;
	}
	free(place);
	free(held->bytes);
	if (error) {
		pending_rows_release(pending);
		return error == TWINLOG_TOO_MANY ? TWINLOG_STORE_DAMAGED : error;
	}
	*ret_pending = pending;
	return TWINLOG_OK;
}

/* ---- To write ---- */

static enum twinlog_error last_numbers(struct store *store)
{
	static const enum store_table tables[] = {STORE_ACTS, STORE_BUNDLES, STORE_ERASURES, STORE_TEXTS, STORE_AUDIT};
	struct store_read *read;
	enum twinlog_error error = store_read_begin(store, &read);

	if (error)
		return error;
	for (size_t i = 0; i < sizeof tables / sizeof *tables && !error; i++) {
		struct store_row row;

		error = store_last(read, tables[i], &row);
		if (!error)
			store->last[tables[i]] = row.sequence;
		error = error == TWINLOG_MISSING ? TWINLOG_OK : error;
	}
	store_read_end(read);
	return error;
}

/* A token in LMDB: whoever wrote last did not close the store, and its journal belongs to it. */
static enum twinlog_error find_token(struct store *store, struct journal_token *ret_token, bool *ret_found)
{
	MDB_txn *txn;
	const int code = mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn);
	enum twinlog_error error;

	if (code)
		return environment_error(store, code);
	error = environment_token(store, txn, ret_token);
	mdb_txn_abort(txn);
	*ret_found = !error;
	return error == TWINLOG_MISSING ? TWINLOG_OK : error;
}

static enum twinlog_error take_over(struct store *store, struct journal_bytes *held, const struct journal_token *token)
{
	struct store_write *write;
	enum twinlog_error error = pending_of(held, token, &store->pending);

	if (!error)
		error = last_numbers(store);
	if (!error)
		error = store_begin(store, &write);
	if (error)
		return error;
	error = write_through(write);
	if (!error)
		error = write_version(write);
	if (!error)
		error = store_commit(write);
	else
		store_abort(write);
	return error;
}

enum twinlog_error recover(struct store *store, const char *dir, struct twinlog_fault *fault)
{
	char path[PATH_SIZE];
	struct journal_token token = {{0}};
	struct journal_bytes held;
	bool found = false;
	enum twinlog_error error;

	if (snprintf(path, sizeof path, "%s/" JOURNAL_FILE, dir) >= (int)sizeof path)
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, NULL, dir);
	error = find_token(store, &token, &found);
	if (!error && found && access(path, F_OK) != 0)
		error = TWINLOG_STORE_DAMAGED;
	if (!error)
		error = journal_open(&store->journal, dir);
	if (!error)
		error = journal_read(store->journal.fd, 0, JOURNAL_SIZE, &token, &held);
	if (!error)
		error = take_over(store, &held, &token);
	if (!error && held.used)
		error = journal_wipe(&store->journal);
	return error ? twinlog_fault_set(fault, error, path, NULL) : TWINLOG_OK;
}

/* ---- To read ---- */

enum twinlog_error recover_find(struct store *store, const char *dir, struct twinlog_fault *fault)
{
	char path[PATH_SIZE];

	if (snprintf(path, sizeof path, "%s/" JOURNAL_FILE, dir) >= (int)sizeof path)
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, NULL, dir);
	store->journal_fd = open(path, O_RDONLY | O_CLOEXEC);
	if (store->journal_fd < 0 && errno != ENOENT)
		return twinlog_fault_set(fault, environment_errno(), path, NULL);
	store->journal_size = JOURNAL_SIZE;
	return TWINLOG_OK;
}

/* The same transaction renewed sees what was committed meanwhile. */
static enum twinlog_error token_stays(struct store *store, MDB_txn *txn, const struct journal_token *token,
				      bool *ret_stays)
{
	struct journal_token now;
	enum twinlog_error error;
	int code;

	mdb_txn_reset(txn);
	code = mdb_txn_renew(txn);
	if (code)
		return environment_error(store, code);
	error = environment_token(store, txn, &now);
	*ret_stays = !error && journal_token_equal(&now, token);
	return error == TWINLOG_MISSING ? TWINLOG_OK : error;
}

/* last: what looks damaged is. Else it may be that records were written behind the place of reading meanwhile. */
static enum twinlog_error look_once(struct store *store, MDB_txn *txn, bool last, struct pending **ret_pending,
				    bool *ret_seen)
{
	struct journal_token token;
	struct journal_bytes held;
	enum twinlog_error error = environment_token(store, txn, &token), read;

	*ret_seen = error == TWINLOG_MISSING;
	if (error)
		return *ret_seen ? TWINLOG_OK : error;
	if (store->journal_fd < 0)
		return TWINLOG_STORE_DAMAGED;
	read = journal_read(store->journal_fd, store->journal_from, store->journal_size, &token, &held);
	error = token_stays(store, txn, &token, ret_seen);
	if (read == TWINLOG_STORE_DAMAGED && !last)
		*ret_seen = false;
	if (error || !*ret_seen || read) {
		if (!read)
			free(held.bytes);
		return error ? error : *ret_seen ? read : TWINLOG_OK;
	}
	return held.size == 0 ? TWINLOG_OK : pending_of(&held, &token, ret_pending);
}

enum twinlog_error recover_look(struct store *store, MDB_txn *txn, struct pending **ret_pending)
{
	bool seen = false;

	*ret_pending = NULL;
	for (int tries = 0; tries < LOOK_TRIES && !seen; tries++) {
		const enum twinlog_error error = look_once(store, txn, tries == LOOK_TRIES - 1, ret_pending, &seen);

		if (error)
			return error;
	}
	return seen ? TWINLOG_OK : TWINLOG_IN_USE;
}
