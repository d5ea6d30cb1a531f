/* What a disk, a second process or a power failure can do: each is answered, and nothing acknowledged is lost. */
#include <errno.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "environment.h"
#include "store_fixture.h"

/* ---- A disk that can be told to fail: these stand before those of the C library ---- */

static int write_errno;
static int sync_errno;
static int writes_left; /* before write_errno strikes */

static bool strikes(void)
{
	return write_errno != 0 && writes_left-- <= 0;
}

ssize_t pwrite(int fd, const void *bytes, size_t size, off_t offset)
{
	if (strikes()) {
		errno = write_errno;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, bytes, size, offset);
}

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t offset)
{
	if (strikes()) {
		errno = write_errno;
		return -1;
	}
	return syscall(SYS_pwritev, fd, parts, count, offset, 0);
}

int fdatasync(int fd)
{
	if (sync_errno != 0) {
		errno = sync_errno;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static void heal(void)
{
	write_errno = 0;
	sync_errno = 0;
	writes_left = 0;
}

static void failed_write_loses_nothing(void **state)
{
	struct fixture *fixture = *state;
	uint64_t last = 1;

	assert_int_equal(write_bundle(fixture->store, 1, 6000), TWINLOG_OK);
	for (int left = 0; left < 4; left++) {
		enum twinlog_error error;

		writes_left = left;
		write_errno = ENOSPC;
		error = write_bundle(fixture->store, last + 1, 6000);
		heal();
		if (error)
			assert_int_equal(error, TWINLOG_DISK_FULL);
		else
			last++;
		fixture_close(fixture);
		fixture_open(fixture);
		for (uint64_t i = 1; i <= last; i++)
			assert_true(has_bundle(fixture->store, i, 6000));
		/* A commit whose last write failed may or may not stand; it was not acknowledged either way. */
		if (has_bundle(fixture->store, last + 1, 6000))
			last++;
	}
	assert_int_equal(write_bundle(fixture->store, last + 1, 6000), TWINLOG_OK);
}

static void failed_sync_is_no_commit(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(write_bundle(fixture->store, 1, 100), TWINLOG_OK);
	sync_errno = EIO;
	assert_int_equal(write_bundle(fixture->store, 2, 100), TWINLOG_IO);
	heal();
	fixture_close(fixture);
	fixture_open(fixture);
	assert_true(has_bundle(fixture->store, 1, 100));
	assert_int_equal(write_bundle(fixture->store, 3, 100), TWINLOG_OK);
}

/* The file may not grow past this: as a quota or a full disk, but by the kernel itself. */
static void file_that_may_not_grow(void **state)
{
	struct fixture *fixture = *state;
	struct rlimit limit, old;
	enum twinlog_error error = TWINLOG_OK;
	uint64_t last = 0;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
	limit = old;
	limit.rlim_cur = 1024 * 1024;
	signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	while (!error && last < 1000) {
		error = write_bundle(fixture->store, last + 1, 20000);
		if (!error)
			last++;
	}
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &old), 0);
	assert_true(error == TWINLOG_DISK_FULL || error == TWINLOG_IO); /* LMDB calls a short write EIO */
	assert_true(last > 10 && last < 1000);
	fixture_close(fixture);
	fixture_open(fixture);
	for (uint64_t i = 1; i <= last; i++)
		assert_true(has_bundle(fixture->store, i, 20000));
	assert_int_equal(write_bundle(fixture->store, last + 2, 20000), TWINLOG_OK);
}

static void full_map_is_an_answer(void **state)
{
	struct fixture *fixture = *state;
	enum twinlog_error error = TWINLOG_OK;
	uint64_t last = 0;

	fixture_close(fixture);
	assert_int_equal(environment_open(fixture->dir, false, false, 1 << 20, &fixture->store, &fixture->fault),
			 TWINLOG_OK);
	while (!error && last < 1000) {
		error = write_bundle(fixture->store, last + 1, 20000);
		if (!error)
			last++;
	}
	assert_int_equal(error, TWINLOG_DISK_FULL);
	assert_true(last > 10 && last < 1000);
	assert_true(has_bundle(fixture->store, last, 20000));
	fixture_close(fixture);
	fixture_open(fixture); /* in the usual map there is room */
	assert_true(has_bundle(fixture->store, last, 20000));
	assert_int_equal(write_bundle(fixture->store, last + 1, 20000), TWINLOG_OK);
}

/* ---- Other processes. A child does what a test tells it and never carries an open store over the fork. ---- */

static int in_child(int (*work)(const struct fixture *fixture), struct fixture *fixture)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0)
		_exit(work(fixture));
	assert_int_equal(waitpid(child, &status, 0), child);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int open_for_writing(const struct fixture *fixture)
{
	struct twinlog_fault fault;
	struct store *store;

	return (int)store_open(fixture->dir, false, false, &store, &fault);
}

static int open_for_reading(const struct fixture *fixture)
{
	struct twinlog_fault fault;
	struct store *store;

	if (store_open(fixture->dir, false, true, &store, &fault))
		return 100;
	return has_bundle(store, 1, 77) ? 0 : 101;
}

static void second_writer_is_kept_out(void **state)
{
	struct fixture *fixture = *state;
	struct store *again = NULL;

	assert_int_equal(write_bundle(fixture->store, 1, 77), TWINLOG_OK);
	assert_int_equal(in_child(open_for_writing, fixture), TWINLOG_IN_USE);
	assert_int_equal(store_open(fixture->dir, false, false, &again, &fixture->fault), TWINLOG_IN_USE);
	assert_string_equal(fixture->fault.where, fixture->dir);
	assert_null(again);
	assert_int_equal(in_child(open_for_reading, fixture), 0);
	fixture_close(fixture);
	assert_int_equal(in_child(open_for_writing, fixture), TWINLOG_OK); /* its lock ends with it */
	fixture_open(fixture);
}

static int die_in_transaction(const struct fixture *fixture)
{
	struct twinlog_fault fault;
	struct store_write *write;
	struct store *store;

	if (store_open(fixture->dir, false, false, &store, &fault) || store_begin(store, &write) ||
	    store_put_bundle(write, 2, "lost", 4))
		return 100;
	return 0;
}

static void death_in_a_transaction_leaves_the_last_commit(void **state)
{
	struct fixture *fixture = *state;

	assert_int_equal(write_bundle(fixture->store, 1, 77), TWINLOG_OK);
	fixture_close(fixture);
	assert_int_equal(in_child(die_in_transaction, fixture), 0);
	fixture_open(fixture);
	assert_true(has_bundle(fixture->store, 1, 77));
	assert_int_equal(count_rows(fixture->store, STORE_BUNDLES), 1);
	assert_int_equal(write_bundle(fixture->store, 2, 10), TWINLOG_OK);
}

static void dead_readers_are_cleared(void **state)
{
	struct fixture *fixture = *state;
	int ready[2], leave[2];
	char byte = 0;
	pid_t child;

	fixture_close(fixture);
	assert_int_equal(pipe(ready), 0);
	assert_int_equal(pipe(leave), 0);
	child = fork();
	assert_true(child >= 0);
	if (child == 0) {
		struct store_read *read_txn;
		struct store *store;

		close(leave[1]);
		if (store_open(fixture->dir, false, true, &store, &fixture->fault) ||
		    store_read_begin(store, &read_txn) || write(ready[1], "", 1) != 1)
			_exit(1);
		_exit(read(leave[0], &byte, 1) == 0 ? 0 : 1);
	}
	close(ready[1]);
	close(leave[0]);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	fixture_open(fixture);
	assert_int_equal(store_check_readers(fixture->store), 0); /* it lives */
	close(leave[1]);
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_int_equal(store_check_readers(fixture->store), 1);
	assert_int_equal(store_check_readers(fixture->store), 0);
	close(ready[0]);
}

/* ---- Files that are none of ours ---- */

static void put_version(struct store *store, uint8_t version)
{
	uint8_t bytes[4] = {0, 0, 0, version};
	char name[] = "version";
	MDB_val key = {sizeof name - 1, name}, value = {sizeof bytes, bytes};
	MDB_txn *txn;

	assert_int_equal(mdb_txn_begin(store->env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_put(txn, store->tables[TABLE_META], &key, &value, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
}

static void other_versions_are_told(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = NULL;

	put_version(fixture->store, STORE_VERSION + 1);
	fixture_close(fixture);
	assert_int_equal(store_open(fixture->dir, false, false, &store, &fixture->fault), TWINLOG_STORE_VERSION);
	assert_int_equal(store_open(fixture->dir, false, true, &store, &fixture->fault), TWINLOG_STORE_VERSION);
	assert_int_equal(fixture->fault.code, TWINLOG_STORE_VERSION);
	assert_null(store);
}

static void write_file(const char *path, const void *bytes, size_t size)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static void damaged_files_are_told(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = NULL;
	char path[128], garbage[16384];

	assert_int_equal(write_bundle(fixture->store, 1, 4000000), TWINLOG_OK);
	fixture_close(fixture);
	fixture_path(fixture, "data.mdb", path);
	assert_int_equal(truncate(path, 1000000), 0);
	assert_int_equal(store_open(fixture->dir, false, false, &store, &fixture->fault), TWINLOG_STORE_DAMAGED);
	assert_int_equal(store_open(fixture->dir, false, true, &store, &fixture->fault), TWINLOG_STORE_DAMAGED);
	memset(garbage, 'x', sizeof garbage);
	write_file(path, garbage, sizeof garbage);
	assert_int_equal(store_open(fixture->dir, false, false, &store, &fixture->fault), TWINLOG_STORE_DAMAGED);
	write_file(path, garbage, 100);
	assert_int_equal(store_open(fixture->dir, false, false, &store, &fixture->fault), TWINLOG_STORE_DAMAGED);
	write_file(path, "", 0);
	assert_int_equal(store_open(fixture->dir, false, false, &store, &fixture->fault), TWINLOG_STORE_DAMAGED);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(store_open(fixture->dir, false, false, &store, &fixture->fault), TWINLOG_MISSING);
	assert_int_equal(store_open("/nonexistent/folder", true, false, &store, &fixture->fault), TWINLOG_MISSING);
	assert_null(store);
}

static void creation_spares_what_is_there(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = NULL;

	assert_int_equal(write_bundle(fixture->store, 1, 77), TWINLOG_OK);
	fixture_close(fixture);
	assert_int_equal(store_open(fixture->dir, true, false, &store, &fixture->fault), TWINLOG_NOT_EMPTY);
	assert_null(store);
	fixture_open(fixture);
	assert_true(has_bundle(fixture->store, 1, 77));
}

static void outputs_stay_untouched_on_failure(void **state)
{
	struct fixture *fixture = *state;
	struct store_read *read;
	const uint8_t *bytes = (const uint8_t *)fixture;
	size_t size = 42;

	assert_int_equal(store_read_begin(fixture->store, &read), TWINLOG_OK);
	assert_int_equal(store_get_bundle(read, 9, &bytes, &size), TWINLOG_MISSING);
	assert_ptr_equal(bytes, fixture);
	assert_int_equal(size, 42);
	store_read_end(read);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(failed_write_loses_nothing),
	    TEST(failed_sync_is_no_commit),
	    TEST(file_that_may_not_grow),
	    TEST(full_map_is_an_answer),
	    TEST(second_writer_is_kept_out),
	    TEST(death_in_a_transaction_leaves_the_last_commit),
	    TEST(dead_readers_are_cleared),
	    TEST(other_versions_are_told),
	    TEST(damaged_files_are_told),
	    TEST(creation_spares_what_is_there),
	    TEST(outputs_stay_untouched_on_failure),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
