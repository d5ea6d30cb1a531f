/* Whoever reads sees journal and LMDB as one, at one moment: beside the writer, from another process, in a copy. */
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>

#include "store_image.h"

/* ---- Reading both as one ---- */

struct listed {
	uint64_t numbers[64];
	size_t count;
};

static enum twinlog_error list_row(void *context, const struct store_row *row)
{
	struct listed *listed = context;

	assert_true(listed->count < 64);
	listed->numbers[listed->count++] = row->sequence;
	return row->sequence == 99 ? TWINLOG_MISSING : TWINLOG_OK;
}

static void list_is(struct store_read *read, uint64_t after, const uint64_t *numbers, size_t count)
{
	struct listed listed = {.count = 0};
	struct store_row row;

	assert_int_equal(store_bundles_after(read, after, list_row, &listed), TWINLOG_OK);
	assert_int_equal(listed.count, count);
	for (size_t i = 0; i < count; i++)
		assert_int_equal(listed.numbers[i], numbers[i]);
	if (count > 0) {
		assert_int_equal(store_last(read, STORE_BUNDLES, &row), TWINLOG_OK);
		assert_int_equal(row.sequence, numbers[count - 1]);
	}
}

static void reader_sees_one_state(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t all[] = {2, 4, 6, 8, 10};
	struct store_read *old, *new, *last;

	for (size_t i = 0; i < 2; i++)
		write_bundles(fixture->store, all[i], all[i]);
	assert_int_equal(store_read_begin(fixture->store, &old), TWINLOG_OK);
	write_bundles(fixture->store, 6, 6);
	assert_int_equal(write_bundle(fixture->store, 8, 300000), TWINLOG_OK);
	write_bundles(fixture->store, 10, 10);
	assert_int_equal(store_read_begin(fixture->store, &new), TWINLOG_OK);
	list_is(old, 0, all, 2);
	list_is(new, 0, all, 5);
	list_is(new, 2, all + 1, 4);
	list_is(new, 3, all + 1, 4);
	list_is(new, 8, all + 4, 1);
	list_is(new, 10, NULL, 0);
	store_read_end(old);
	store_read_end(new);
	fixture_close(fixture);
	fixture_open(fixture);
	assert_int_equal(store_read_begin(fixture->store, &last), TWINLOG_OK);
	list_is(last, 0, all, 5);
	store_read_end(last);
}

static void visit_ends_where_it_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct listed listed = {.count = 0};
	struct store_read *read;

	write_bundles(fixture->store, 98, 100);
	assert_int_equal(store_read_begin(fixture->store, &read), TWINLOG_OK);
	assert_int_equal(store_each(read, STORE_BUNDLES, list_row, &listed), TWINLOG_MISSING);
	assert_int_equal(listed.count, 2);
	store_read_end(read);
}

static void pending_row_stands_for_the_one_before(void **state)
{
	struct fixture *fixture = *state;
	const uint8_t first[] = {10, 20, 30}, then[] = {11, 22, 30, 40};
	char image[64];

	assert_int_equal(put_position(fixture->store, 3, 30), TWINLOG_OK);
	assert_int_equal(put_position(fixture->store, 1, 10), TWINLOG_OK);
	assert_int_equal(put_position(fixture->store, 2, 20), TWINLOG_OK);
	assert_int_equal(write_bundle(fixture->store, 1, 300000), TWINLOG_OK);
	positions_are(fixture->store, first, 3);
	assert_int_equal(put_position(fixture->store, 4, 40), TWINLOG_OK);
	assert_int_equal(put_position(fixture->store, 2, 21), TWINLOG_OK);
	assert_int_equal(put_position(fixture->store, 1, 11), TWINLOG_OK);
	assert_int_equal(put_position(fixture->store, 2, 22), TWINLOG_OK);
	positions_are(fixture->store, then, 4);
	crash_image(fixture, image);
	struct store *store = image_open(image, true);

	positions_are(store, then, 4);
	store_close(store);
	store = image_open(image, false);
	positions_are(store, then, 4);
	store_close(store);
	remove_dir(image);
}

struct watch {
	const char *dir;
	atomic_uint_fast64_t acknowledged;
	atomic_bool over;
	uint64_t looks;
};

/* As another process would: nothing acknowledged before a look is missing from it, and there are no gaps. */
static void *watch_main(void *context)
{
	struct watch *watch = context;
	struct store *store = image_open(watch->dir, true);
	uint64_t seen = 0;

	while (!atomic_load(&watch->over)) {
		const uint64_t known = atomic_load(&watch->acknowledged);
		struct store_read *read;
		size_t count = 0;

		assert_int_equal(store_read_begin(store, &read), TWINLOG_OK);
		assert_int_equal(store_each(read, STORE_BUNDLES, count_row, &count), TWINLOG_OK);
		store_read_end(read);
		assert_true(count >= known && count >= seen);
		seen = count;
		watch->looks++;
	}
	store_close(store);
	return NULL;
}

static void look_while_another_writes(void **state)
{
	struct fixture *fixture = *state;
	struct watch watch = {.dir = fixture->dir};
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, watch_main, &watch), 0);
	for (uint64_t i = 1; i <= 1500; i++) {
		assert_int_equal(write_bundle(fixture->store, i, i % 97 ? 500 : 200000), TWINLOG_OK);
		atomic_store(&watch.acknowledged, i);
	}
	atomic_store(&watch.over, true);
	assert_int_equal(pthread_join(thread, NULL), 0);
	assert_true(watch.looks > 10);
}

/* A look that was begun before the journal was emptied into LMDB and filled anew. */
static void look_that_was_overtaken(void **state)
{
	struct fixture *fixture = *state;
	struct pending *pending = NULL;
	MDB_stat stat;
	MDB_txn *txn;

	write_bundles(fixture->store, 1, 3);
	struct store *store = image_open(fixture->dir, true);

	assert_int_equal(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn), 0);
	assert_int_equal(write_bundle(fixture->store, 4, 300000), TWINLOG_OK);
	write_bundles(fixture->store, 5, 5);
	assert_int_equal(recover_look(store, txn, &pending), TWINLOG_OK);
	assert_int_equal(mdb_stat(txn, store->tables[STORE_BUNDLES], &stat), 0);
	assert_int_equal(stat.ms_entries, 4);
	assert_non_null(pending);
	assert_int_equal(pending->tables[STORE_BUNDLES].count, 1);
	pending_rows_release(pending);
	mdb_txn_abort(txn);
	store_close(store);
}

/* ---- Copies and erasure ---- */

static void copy_holds_what_is_pending(void **state)
{
	struct fixture *fixture = *state;
	struct twinlog_fault fault;
	struct store *copy = NULL;
	char path[128];

	assert_int_equal(write_bundle(fixture->store, 1, 300000), TWINLOG_OK);
	write_bundles(fixture->store, 2, 5);
	fixture_path(fixture, "copy", path);
	const int fd = open(path, O_RDWR | O_CREAT | O_EXCL, 0600);

	assert_true(fd >= 0);
	assert_int_equal(store_copy_to(fixture->store, fd), TWINLOG_OK);
	const off_t size = lseek(fd, 0, SEEK_END);

	assert_int_equal(write(fd, "what else the file holds", 24), 24);
	close(fd);
	assert_int_equal(store_open_copy(path, (uint64_t)size, &copy, &fault), TWINLOG_OK);
	assert_int_equal(count_rows(copy, STORE_BUNDLES), 5);
	for (uint64_t i = 2; i <= 5; i++)
		assert_true(has_bundle(copy, i, BUNDLE));
	store_close(copy);
}

static bool file_holds(const char *dir, const char *name, const char *text)
{
	char path[256];
	size_t size;

	path_of(dir, name, path);
	uint8_t *bytes = file_read(path, &size);
	const bool found = memmem(bytes, size, text, strlen(text)) != NULL;

	free(bytes);
	return found;
}

static void what_was_replaced_leaves_the_journal(void **state)
{
	static const char secret[] = "nobody is to read this again", rest[] = "hash only";
	struct fixture *fixture = *state;
	struct store_write *write;

	write_bundles(fixture->store, 1, 1);
	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_put_bundle(write, 2, secret, sizeof secret), TWINLOG_OK);
	assert_int_equal(store_commit(write), TWINLOG_OK);
	assert_true(file_holds(fixture->dir, "journal", secret));
	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_replace_bundle(write, 2, rest, sizeof rest), TWINLOG_OK);
	assert_int_equal(store_commit(write), TWINLOG_OK);
	assert_false(file_holds(fixture->dir, "journal", secret));
	assert_int_equal(count_rows(fixture->store, STORE_BUNDLES), 2);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(reader_sees_one_state),
	    TEST(visit_ends_where_it_is_told),
	    TEST(pending_row_stands_for_the_one_before),
	    TEST(look_while_another_writes),
	    TEST(look_that_was_overtaken),
	    TEST(copy_holds_what_is_pending),
	    TEST(what_was_replaced_leaves_the_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
