/* What the files of the store share among themselves. Nobody else includes this, tests of a full map apart. */
#ifndef TWINLOG_STORE_ENVIRONMENT_H
#define TWINLOG_STORE_ENVIRONMENT_H

#include <limits.h>

#include <lmdb.h>

#include "store.h"

#define TABLE_META   STORE_TABLES
#define TABLE_COUNT  (STORE_TABLES + 1)
#define TABLE_ABSENT UINT_MAX /* no handle of LMDB */

struct store_write {
	struct store *store;
	MDB_txn *txn; /* NULL: no transaction */
};

struct store_read {
	struct store *store;
	MDB_txn *txn;
};

struct store {
	MDB_env *env;
	MDB_dbi tables[TABLE_COUNT];
	struct store_write write;
	size_t page_size;
	int lock_fd; /* -1: read only */
	int data_fd; /* LMDB's own */
};

/* As store_open, in a map of at most that size. */
enum twinlog_error environment_open(const char *dir, bool create, bool read_only, size_t map_max,
				    struct store **ret_store, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* False for a table that a store of an older version lacks and that was opened to be read only. */
bool environment_has(const struct store *store, unsigned table);

/* LMDB's answer, or an errno, as ours. */
enum twinlog_error environment_error(const struct store *store, int code);
enum twinlog_error environment_errno(void); /* of the call that just failed */
enum twinlog_error environment_sync_dir(const char *dir) TWINLOG_MUST_CHECK;

#endif
