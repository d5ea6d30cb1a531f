/* What the files of the store share among themselves. Nobody else includes this, tests of a full map apart. */
#ifndef TWINLOG_STORE_ENVIRONMENT_H
#define TWINLOG_STORE_ENVIRONMENT_H

#include <limits.h>

#include <lmdb.h>
#include <pthread.h>

#include "journal.h"
#include "pending.h"
#include "store.h"

#define TABLE_META   STORE_TABLES
#define TABLE_COUNT  (STORE_TABLES + 1)
#define TABLE_ABSENT UINT_MAX     /* no handle of LMDB */
#define DISK_FLOOR   (1ull << 20) /* a short write with less than this free was a full disk */

/* Puts gather in a record for the journal, until there are too many of them or one needs LMDB: then all of them, and
 * what the journal holds, go into a transaction of LMDB. */
struct store_write {
	struct store *store;
	struct journal_record record;
	MDB_txn *txn;                /* NULL: the record it is */
	bool erases;                 /* the journal is to be wiped afterwards */
	uint64_t last[STORE_TABLES]; /* greatest sequence number so far */
};

struct store_read {
	struct store *store;
	MDB_txn *txn;
	struct pending *pending; /* held; NULL: LMDB holds everything */
	size_t counts[STORE_TABLES];
};

struct store {
	MDB_env *env;
	MDB_dbi tables[TABLE_COUNT];
	struct store_write write;
	size_t page_size;
	int lock_fd; /* -1: read only */
	int data_fd; /* LMDB's own */
	bool failed; /* a commit did: what LMDB and the journal hold is known again once opened anew */

	/* Of who writes. */
	struct journal journal;
	pthread_mutex_t mutex;   /* for pending: which one it is, and its counts */
	struct pending *pending; /* never NULL once open */
	uint64_t last[STORE_TABLES];

	/* Of who only reads: where the journal stands. */
	int journal_fd; /* -1: none */
	uint64_t journal_from, journal_size;
};

/* As store_open, in a map of at most that size. */
enum twinlog_error environment_open(const char *dir, bool create, bool read_only, size_t map_max,
				    struct store **ret_store, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* With nothing open in it; NULL: no memory. */
struct store *environment_new(void);
/* A copy that stands alone, in the first bytes of a file, to read. */
enum twinlog_error environment_open_file(struct store *store, const char *path, uint64_t size) TWINLOG_MUST_CHECK;

/* Under which token the journal holds what LMDB does not: MISSING when everything is in LMDB. */
enum twinlog_error environment_token(const struct store *store, MDB_txn *txn,
				     struct journal_token *ret_token) TWINLOG_MUST_CHECK;
/* The transaction in which the puts so far stand, and all that the journal holds. On failure there is none. */
enum twinlog_error write_through(struct store_write *write) TWINLOG_MUST_CHECK;
/* The version of the store, as this program writes it; write_through came before. */
enum twinlog_error write_version(struct store_write *write) TWINLOG_MUST_CHECK;
/* A row of any table, meta included. */
enum twinlog_error write_row(struct store_write *write, unsigned table, MDB_val key, MDB_val value) TWINLOG_MUST_CHECK;

/* The first pending row of a table with sequence numbers that is not before a key of that kind. */
size_t merge_first(const struct store_read *read, unsigned table, const uint8_t *key);
/* Each row of a table in order of key, from the first one or, in tables with sequence numbers, from a key on. Bytes are
 * valid until the end of the read. Stops at the first answer that is not OK, and returns it. */
typedef enum twinlog_error (*row_visit)(void *context, unsigned table, const MDB_val *key, const MDB_val *value);
enum twinlog_error merge_each(struct store_read *read, unsigned table, const uint8_t *from, row_visit visit,
			      void *context) TWINLOG_MUST_CHECK;

/* Brings LMDB up to what the journal held when the store was last written, and begins the journal anew. */
enum twinlog_error recover(struct store *store, const char *dir, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Finds the journal of a store that is only read. */
enum twinlog_error recover_find(struct store *store, const char *dir, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* What such a journal holds beside what a transaction sees; NULL when that is nothing. A writer may be at work. */
enum twinlog_error recover_look(struct store *store, MDB_txn *txn, struct pending **ret_pending) TWINLOG_MUST_CHECK;

/* False for a table that a store of an older version lacks and that was opened to be read only. */
bool environment_has(const struct store *store, unsigned table);

/* LMDB's answer, or an errno, as ours. */
enum twinlog_error environment_error(const struct store *store, int code);
enum twinlog_error environment_errno(void); /* of the call that just failed */
enum twinlog_error environment_sync_dir(const char *dir) TWINLOG_MUST_CHECK;
void environment_remove(const char *dir); /* the files of a store there, as far as they go */
#define STORE_FRESH "compact"             /* a folder in the store's: where compacting makes the new file */

#endif
