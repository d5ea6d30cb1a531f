/* A store written anew, row by row: only what is in use, in full pages, and no byte of what was there before. (A page
 * that LMDB copies as it is keeps the bytes of rows that were replaced in it.) */
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "environment.h"

#define REWRITE_TXN_BYTES (32u * 1024 * 1024) /* moderate transactions: LMDB spills pages of large ones */
#define PATH_SIZE         4096

struct rewrite {
	struct store *to;
	struct store_write *write;
	size_t bytes; /* in this transaction */
	uint64_t done;
	store_progress progress;
	void *context;
};

static enum twinlog_error rewrite_row(struct rewrite *rewrite, unsigned table, MDB_val *key, MDB_val *value)
{
	enum twinlog_error error = TWINLOG_OK;

	if (rewrite->bytes > REWRITE_TXN_BYTES) {
		error = store_commit(rewrite->write);
		rewrite->write = NULL;
		rewrite->bytes = 0;
	}
	if (!error && !rewrite->write)
		error = store_begin(rewrite->to, &rewrite->write);
	if (error)
		return error;
	/* meta holds its version already. */
	error = environment_error(rewrite->to, mdb_put(rewrite->write->txn, rewrite->to->tables[table], key, value,
						       table == TABLE_META ? 0 : MDB_APPEND));
	rewrite->bytes += key->mv_size + value->mv_size;
	rewrite->done += key->mv_size + value->mv_size;
	if (rewrite->progress)
		rewrite->progress(rewrite->context, rewrite->done);
	return error;
}

static enum twinlog_error rewrite_table(struct rewrite *rewrite, const struct store_read *read, unsigned table)
{
	MDB_cursor *cursor;
	MDB_val key, value;
	enum twinlog_error error = TWINLOG_OK;
	int code;

	if (!environment_has(read->store, table))
		return TWINLOG_OK;
	code = mdb_cursor_open(read->txn, read->store->tables[table], &cursor);

	if (code)
		return environment_error(read->store, code);
	code = mdb_cursor_get(cursor, &key, &value, MDB_FIRST);
	while (!code && !error) {
		error = rewrite_row(rewrite, table, &key, &value);
		if (!error)
			code = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	mdb_cursor_close(cursor);
	if (error)
		return error;
	return code == MDB_NOTFOUND ? TWINLOG_OK : environment_error(read->store, code);
}

static enum twinlog_error rewrite_tables(struct rewrite *rewrite, struct store *from)
{
	struct store_read *read = NULL;
	enum twinlog_error error = store_read_begin(from, &read);

	for (unsigned table = 0; table < TABLE_COUNT && !error; table++)
		error = rewrite_table(rewrite, read, table);
	store_read_end(read);
	if (!error && rewrite->write)
		error = store_commit(rewrite->write);
	else
		store_abort(rewrite->write);
	return error;
}

static void remove_store(const char *dir)
{
	static const char *const files[] = {"data.mdb", "lock.mdb", "lock"};
	char path[PATH_SIZE];

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (snprintf(path, sizeof path, "%s/%s", dir, files[i]) < (int)sizeof path)
			unlink(path);
}

enum twinlog_error store_rewrite(struct store *from, const char *dir, store_progress progress, void *context,
				 struct twinlog_fault *fault)
{
	struct rewrite rewrite = {.progress = progress, .context = context};
	enum twinlog_error error = store_open(dir, true, false, &rewrite.to, fault);

	if (error)
		return error;
	error = rewrite_tables(&rewrite, from);
	store_close(rewrite.to);
	if (error)
		remove_store(dir);
	return error ? twinlog_fault_set(fault, error, dir, NULL) : TWINLOG_OK;
}

/* The lock is held until the new file is in place: a daemon that started in between would write into the old one. */
static enum twinlog_error put_in_place(struct store *store, const char *dir, const char *fresh)
{
	char from[PATH_SIZE], to[PATH_SIZE];

	if (snprintf(from, sizeof from, "%s/data.mdb", fresh) >= (int)sizeof from ||
	    snprintf(to, sizeof to, "%s/data.mdb", dir) >= (int)sizeof to)
		return TWINLOG_TOO_LONG;
	mdb_env_close(store->env);
	store->env = NULL;
	if (rename(from, to) != 0)
		return TWINLOG_IO;
	return environment_sync_dir(dir);
}

enum twinlog_error store_compact(const char *dir, store_progress progress, void *context, struct twinlog_fault *fault)
{
	char fresh[PATH_SIZE];
	struct store *store;
	enum twinlog_error error;

	if (snprintf(fresh, sizeof fresh, "%s/compact", dir) >= (int)sizeof fresh)
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, NULL, dir);
	error = store_open(dir, false, false, &store, fault);
	if (error)
		return error;
	/* One that a power failure left behind. */
	remove_store(fresh);
	rmdir(fresh);
	if (mkdir(fresh, 0700) != 0) {
		error = twinlog_fault_set(fault, environment_errno(), fresh, NULL);
	} else {
		error = store_rewrite(store, fresh, progress, context, fault);
		if (!error)
			error = put_in_place(store, dir, fresh);
		if (error)
			twinlog_fault_set(fault, error, dir, NULL);
		remove_store(fresh);
		rmdir(fresh);
	}
	store_close(store);
	return error;
}
