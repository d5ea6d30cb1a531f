/* A store written anew, row by row: only what is in use, in full pages, and no byte of what was there before. (A page
 * that LMDB copies as it is keeps the bytes of rows that were replaced in it.) */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
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

/* Of meta, what the new store says of itself stays. */
static bool is_own(unsigned table, const MDB_val *key)
{
	return table == TABLE_META && ((key->mv_size == 7 && (memcmp(key->mv_data, "version", 7) == 0 ||
							      memcmp(key->mv_data, "journal", 7) == 0)));
}

static enum twinlog_error rewrite_row(void *context, unsigned table, const MDB_val *key, const MDB_val *value)
{
	struct rewrite *rewrite = context;
	enum twinlog_error error = TWINLOG_OK;

	if (is_own(table, key))
		return TWINLOG_OK;
	if (rewrite->bytes > REWRITE_TXN_BYTES) {
		error = store_commit(rewrite->write);
		rewrite->write = NULL;
		rewrite->bytes = 0;
	}
	if (!error && !rewrite->write)
		error = store_begin(rewrite->to, &rewrite->write);
	if (!error)
		error = write_row(rewrite->write, table, *key, *value);
	if (error)
		return error;
	rewrite->bytes += key->mv_size + value->mv_size;
	rewrite->done += key->mv_size + value->mv_size;
	if (rewrite->progress)
		rewrite->progress(rewrite->context, rewrite->done);
	return TWINLOG_OK;
}

static enum twinlog_error rewrite_tables(struct rewrite *rewrite, struct store *from)
{
	struct store_read *read = NULL;
	enum twinlog_error error = store_read_begin(from, &read);

	for (unsigned table = 0; table < TABLE_COUNT && !error; table++)
		error = merge_each(read, table, NULL, rewrite_row, rewrite);
	store_read_end(read);
	if (!error && rewrite->write)
		error = store_commit(rewrite->write);
	else
		store_abort(rewrite->write);
	return error;
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
		environment_remove(dir);
	return error ? twinlog_fault_set(fault, error, dir, NULL) : TWINLOG_OK;
}

/* The lock is held until the new file is in place: a daemon that started in between would write into the old one. */
static enum twinlog_error put_in_place(struct store *store, const char *dir, const char *fresh)
{
	char from[PATH_SIZE], to[PATH_SIZE];

	if (snprintf(from, sizeof from, "%s/data.mdb", fresh) >= (int)sizeof from ||
	    snprintf(to, sizeof to, "%s/data.mdb", dir) >= (int)sizeof to)
		return TWINLOG_TOO_LONG;
	/* Nothing is pending: all of it was moved into LMDB when the store was opened. */
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

	if (snprintf(fresh, sizeof fresh, "%s/" STORE_FRESH, dir) >= (int)sizeof fresh)
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, NULL, dir);
	error = store_open(dir, false, false, &store, fault);
	if (error)
		return error;
	if (mkdir(fresh, 0700) != 0) {
		error = twinlog_fault_set(fault, environment_errno(), fresh, NULL);
	} else {
		error = store_rewrite(store, fresh, progress, context, fault);
		if (!error)
			error = put_in_place(store, dir, fresh);
		if (error)
			twinlog_fault_set(fault, error, dir, NULL);
		environment_remove(fresh);
		rmdir(fresh);
	}
	store_close(store);
	return error;
}
