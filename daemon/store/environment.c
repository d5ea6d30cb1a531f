#include "environment.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#define MAP_MAX   (1ull << 40) /* address space only, the file behind it grows as needed */
#define MAP_MIN   (1ull << 28)
#define TAIL_MAX  (1ull << 20) /* last pages that LMDB may count and not have written */
#define PATH_SIZE 4096

static const char *const TABLE_NAMES[TABLE_COUNT] = {
    [STORE_CARDS] = "cards",       [STORE_ACTS] = "acts",           [STORE_BUNDLES] = "bundles",
    [STORE_ERASURES] = "erasures", [STORE_POSITIONS] = "positions", [STORE_REQUESTS] = "requests",
    [STORE_TEXTS] = "texts",       [STORE_AUDIT] = "audit",         [TABLE_META] = "meta",
};

/* ---- Errors ---- */

enum twinlog_error environment_error(const struct store *store, int code)
{
	switch (code) {
	case MDB_SUCCESS:
		return TWINLOG_OK;
	case MDB_NOTFOUND:
	case ENOENT:
		return TWINLOG_MISSING;
	case MDB_KEYEXIST:
		return TWINLOG_DUPLICATE;
	case MDB_MAP_FULL:
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return TWINLOG_DISK_FULL;
	case ENOMEM:
		return TWINLOG_NO_MEMORY;
	case MDB_TXN_FULL:
	case MDB_BAD_VALSIZE:
		return TWINLOG_TOO_LARGE;
	case MDB_READERS_FULL:
		return TWINLOG_TOO_MANY;
	case MDB_VERSION_MISMATCH:
		return TWINLOG_STORE_VERSION;
	case MDB_INVALID:
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_CURSOR_FULL: /* a tree deeper than can be */
	case MDB_INCOMPATIBLE:
		return TWINLOG_STORE_DAMAGED;
	case EIO: /* what LMDB also says of a short write */
		return store && store_disk_free(store) < DISK_FLOOR ? TWINLOG_DISK_FULL : TWINLOG_IO;
	default:
		return TWINLOG_IO;
	}
}

enum twinlog_error environment_errno(void)
{
	return environment_error(NULL, errno);
}

static enum twinlog_error fault_errno(struct twinlog_fault *fault, int code, const char *where)
{
	enum twinlog_error error = environment_error(NULL, code);

	return twinlog_fault_set(fault, error, where, error == TWINLOG_IO ? mdb_strerror(code) : NULL);
}

static enum twinlog_error path_join(char path[PATH_SIZE], const char *dir, const char *name)
{
	int size = snprintf(path, PATH_SIZE, "%s/%s", dir, name);

	return size < 0 || size >= PATH_SIZE ? TWINLOG_TOO_LONG : TWINLOG_OK;
}

bool environment_has(const struct store *store, unsigned table)
{
	return store->tables[table] != TABLE_ABSENT;
}

/* ---- Opening ---- */

/* Without a lock two daemons would each sign on what the other does not see. */
static enum twinlog_error take_lock(struct store *store, const char *dir, struct twinlog_fault *fault)
{
	char path[PATH_SIZE];

	if (path_join(path, dir, "lock"))
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, NULL, dir);
	store->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (store->lock_fd < 0)
		return fault_errno(fault, errno, path);
	if (flock(store->lock_fd, LOCK_EX | LOCK_NB) == 0)
		return TWINLOG_OK;
	if (errno == EWOULDBLOCK)
		return twinlog_fault_set(fault, TWINLOG_IN_USE, dir, NULL);
	return fault_errno(fault, errno, path);
}

static enum twinlog_error check_file(const char *dir, bool create, uint64_t *ret_size, struct twinlog_fault *fault)
{
	char path[PATH_SIZE];
	struct stat status;

	if (path_join(path, dir, "data.mdb"))
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, NULL, dir);
	if (stat(path, &status) != 0) {
		if (errno != ENOENT || !create)
			return fault_errno(fault, errno, path);
		*ret_size = 0;
		return TWINLOG_OK;
	}
	if (create)
		return twinlog_fault_set(fault, TWINLOG_NOT_EMPTY, path, NULL);
	if (status.st_size == 0)
		return twinlog_fault_set(fault, TWINLOG_STORE_DAMAGED, path, NULL);
	*ret_size = (uint64_t)status.st_size;
	return TWINLOG_OK;
}

/* LMDB finds a page that cannot be, and would abort. */
static void page_is_damaged(MDB_env *env, const char *what)
{
	const char *path = NULL;

	(void)what; /* a line of LMDB's source */
	(void)mdb_env_get_path(env, &path);
	dprintf(STDERR_FILENO, "%s: damaged; restore from a backup or from the partners\n", path ? path : "store");
	_exit(1);
}

static int env_open_once(struct store *store, const char *dir, unsigned flags, size_t map_size)
{
	int code = mdb_env_create(&store->env);

	if (code)
		return code;
	code = mdb_env_set_assert(store->env, page_is_damaged);
	if (!code)
		code = mdb_env_set_maxdbs(store->env, TABLE_COUNT);
	if (!code)
		code = mdb_env_set_maxreaders(store->env, STORE_READERS_MAX);
	if (!code)
		code = mdb_env_set_mapsize(store->env, map_size);
	if (!code)
		code = mdb_env_open(store->env, dir, flags, 0600);
	if (code) {
		mdb_env_close(store->env);
		store->env = NULL;
	}
	return code;
}

/* As large a map as the address space grants (a limit on memory or a sanitizer may grant little), so that a full map
 * means that nothing more can be had. */
static int env_open(struct store *store, const char *dir, unsigned flags, size_t map_max, uint64_t file_size)
{
	size_t map_size = map_max;
	int code;

	while (map_max >= MAP_MIN && map_size / 4 < file_size)
		map_size *= 2;
	code = env_open_once(store, dir, flags, map_size);
	while (code == ENOMEM && map_size > MAP_MIN && map_size / 2 > file_size) {
		map_size /= 2;
		code = env_open_once(store, dir, flags, map_size);
	}
	return code;
}

enum twinlog_error write_version(struct store_write *write)
{
	const uint8_t version[4] = {0, 0, (uint8_t)(STORE_VERSION >> 8), (uint8_t)STORE_VERSION};
	char name[] = "version";

	return write_row(write, TABLE_META, (MDB_val){sizeof name - 1, name},
			 (MDB_val){sizeof version, (void *)(uintptr_t)version});
}

static enum twinlog_error check_version(struct store *store, MDB_txn *txn)
{
	char name[] = "version";
	MDB_val key = {sizeof name - 1, name}, value;
	const uint8_t *bytes;
	int code = mdb_get(txn, store->tables[TABLE_META], &key, &value);

	if (code == MDB_NOTFOUND || (!code && value.mv_size != 4))
		return TWINLOG_STORE_DAMAGED;
	if (code)
		return environment_error(store, code);
	bytes = value.mv_data;
	const uint32_t version = (uint32_t)(bytes[0] << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3]);

	return version > 0 && version <= STORE_VERSION ? TWINLOG_OK : TWINLOG_STORE_VERSION;
}

/* meta first: a store of another version may lack the others. */
static enum twinlog_error open_tables(struct store *store, MDB_txn *txn, bool create, bool read_only)
{
	enum twinlog_error error;

	for (unsigned i = TABLE_COUNT; i-- > 0;) {
		/* Tables that came later than the first stores are made where they are missing and may be written. */
		const bool later = i == STORE_TEXTS || i == STORE_AUDIT;
		const bool make = create || (later && !read_only);
		int code = mdb_dbi_open(txn, TABLE_NAMES[i], make ? MDB_CREATE : 0, &store->tables[i]);

		if (code == MDB_NOTFOUND && later) {
			store->tables[i] = TABLE_ABSENT;
			continue;
		}
		if (code == MDB_NOTFOUND)
			return TWINLOG_STORE_DAMAGED;
		if (code)
			return environment_error(store, code);
		error = i == TABLE_META && !create ? check_version(store, txn) : TWINLOG_OK;
		if (error)
			return error;
	}
	return TWINLOG_OK;
}

static enum twinlog_error load_tables(struct store *store, bool create, bool read_only)
{
	enum twinlog_error error;
	MDB_txn *txn;
	int code;

	code = mdb_txn_begin(store->env, NULL, read_only ? MDB_RDONLY : 0, &txn);
	if (code)
		return environment_error(store, code);
	error = open_tables(store, txn, create, read_only);
	if (error) {
		mdb_txn_abort(txn);
		return error;
	}
	return environment_error(store, mdb_txn_commit(txn));
}

/* A file cut short would end the process on the first read past its end (SIGBUS). */
static enum twinlog_error check_length(struct store *store, bool read_only)
{
	uint64_t used = store_bytes(store);
	struct stat status;

	if (mdb_env_get_fd(store->env, &store->data_fd) || fstat(store->data_fd, &status) != 0)
		return TWINLOG_IO;
	if (used <= (uint64_t)status.st_size)
		return TWINLOG_OK;
	if (used - (uint64_t)status.st_size > TAIL_MAX)
		return TWINLOG_STORE_DAMAGED;
	return read_only || ftruncate(store->data_fd, (off_t)used) == 0 ? TWINLOG_OK : TWINLOG_IO;
}

enum twinlog_error environment_sync_dir(const char *dir)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int code;

	if (fd < 0)
		return TWINLOG_IO;
	code = fsync(fd);
	close(fd);
	return code == 0 ? TWINLOG_OK : TWINLOG_IO;
}

void environment_remove(const char *dir)
{
	static const char *const files[] = {"data.mdb", "lock.mdb", "lock", JOURNAL_FILE};
	char path[PATH_SIZE];

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (snprintf(path, sizeof path, "%s/%s", dir, files[i]) < (int)sizeof path)
			unlink(path);
}

/* A copy that compacting was making when it was broken off: it may hold what is erased since. */
static void drop_fresh(const char *dir)
{
	char fresh[PATH_SIZE];

	if (snprintf(fresh, sizeof fresh, "%s/" STORE_FRESH, dir) >= (int)sizeof fresh)
		return;
	environment_remove(fresh);
	rmdir(fresh);
}

static enum twinlog_error open_into(struct store *store, const char *dir, bool create, bool read_only, size_t map_max,
				    struct twinlog_fault *fault)
{
	enum twinlog_error error;
	uint64_t file_size = 0;
	MDB_stat stat;
	int code;

	if (!read_only) {
		error = take_lock(store, dir, fault);
		if (error)
			return error;
		drop_fresh(dir);
	}
	error = check_file(dir, create, &file_size, fault);
	if (error)
		return error;
	code = env_open(store, dir, MDB_NOTLS | (read_only ? MDB_RDONLY : 0), map_max, file_size);
	if (code)
		return fault_errno(fault, code, dir);
	mdb_env_stat(store->env, &stat);
	store->page_size = stat.ms_psize;
	error = check_length(store, read_only);
	if (!error && !read_only)
		store_check_readers(store);
	if (!error)
		error = load_tables(store, create, read_only);
	if (!error && create)
		error = environment_sync_dir(dir);
	if (error)
		return twinlog_fault_set(fault, error, dir, NULL);
	return read_only ? recover_find(store, dir, fault) : recover(store, dir, fault);
}

struct store *environment_new(void)
{
	struct store *store = calloc(1, sizeof *store);

	if (!store)
		return NULL;
	store->lock_fd = store->journal.fd = store->journal_fd = -1;
	pthread_mutex_init(&store->mutex, NULL);
	return store;
}

enum twinlog_error environment_open(const char *dir, bool create, bool read_only, size_t map_max,
				    struct store **ret_store, struct twinlog_fault *fault)
{
	struct store *store = environment_new();
	enum twinlog_error error;

	if (!store)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	error = open_into(store, dir, create, read_only, map_max, fault);
	if (error)
		store_close(store);
	else
		*ret_store = store;
	return error;
}

enum twinlog_error environment_open_file(struct store *store, const char *path, uint64_t size)
{
	const int code = env_open(store, path, MDB_NOTLS | MDB_RDONLY | MDB_NOSUBDIR | MDB_NOLOCK, MAP_MAX, size);
	enum twinlog_error error;
	MDB_stat stat;

	if (code)
		return TWINLOG_STORE_DAMAGED;
	if (mdb_env_stat(store->env, &stat) == 0)
		store->page_size = stat.ms_psize;
	error = check_length(store, true);
	return error ? error : load_tables(store, false, true);
}

enum twinlog_error store_open(const char *dir, bool create, bool read_only, struct store **ret_store,
			      struct twinlog_fault *fault)
{
	return environment_open(dir, create, read_only, MAP_MAX, ret_store, fault);
}

/* All that the journal holds into LMDB, which then needs none. If that fails, the journal holds it on. */
static void settle(struct store *store)
{
	char name[] = "journal";
	MDB_val key = {sizeof name - 1, name};
	struct store_write *write;

	if (store_begin(store, &write) || write_through(write))
		return;
	if (mdb_del(write->txn, store->tables[TABLE_META], &key, NULL) == 0)
		(void)mdb_txn_commit(write->txn);
	else
		mdb_txn_abort(write->txn);
	write->txn = NULL;
}

void store_close(struct store *store)
{
	if (!store)
		return;
	store_abort(store->write.txn ? &store->write : NULL);
	if (store->env && store->pending && !store->failed)
		settle(store);
	if (store->env)
		mdb_env_close(store->env);
	journal_close(&store->journal);
	if (store->journal_fd >= 0)
		close(store->journal_fd);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	pending_rows_release(store->pending);
	free(store->write.record.bytes);
	pthread_mutex_destroy(&store->mutex);
	free(store);
}

/* ---- Size ---- */

uint64_t store_bytes(const struct store *store)
{
	MDB_envinfo info;

	mdb_env_info(store->env, &info);
	return ((uint64_t)info.me_last_pgno + 1) * store->page_size;
}

uint64_t store_disk_free(const struct store *store)
{
	struct statvfs status;

	if (fstatvfs(store->data_fd, &status) != 0)
		return 0;
	return (uint64_t)status.f_bavail * status.f_frsize;
}

int store_check_readers(struct store *store)
{
	int dead = 0;

	return mdb_reader_check(store->env, &dead) == 0 ? dead : 0;
}
