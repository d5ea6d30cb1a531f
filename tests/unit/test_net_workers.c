/* Small work done at once: what counts as small, and what becomes of it. And rows that go. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "workers.h"

struct fixture {
	char folder[64];
	struct store *store;
	struct queue *inbox;
	struct workers *workers;
};

static uint8_t content[64 * 1024 + 1];

static int setup(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);
	struct twinlog_fault fault;

	assert_non_null(fixture);
	strcpy(fixture->folder, "/tmp/twinlog-workers-XXXXXX");
	assert_non_null(mkdtemp(fixture->folder));
	assert_int_equal(store_open(fixture->folder, true, false, &fixture->store, &fault), TWINLOG_OK);
	assert_int_equal(queue_new(SIZE_MAX, true, &fixture->inbox), TWINLOG_OK);
	const struct workers_setup given = {.store = fixture->store, .inbox = fixture->inbox};
	assert_int_equal(workers_start(&given, &fixture->workers), TWINLOG_OK);
	for (size_t i = 0; i < sizeof content; i++)
		content[i] = (uint8_t)(i * 7919 >> 3);
	*state = fixture;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *fixture = *state;
	static const char *const files[] = {"data.mdb", "lock.mdb", "lock", "journal"};
	char path[128];

	workers_stop(fixture->workers);
	queue_free(fixture->inbox);
	store_close(fixture->store);
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		snprintf(path, sizeof path, "%s/%s", fixture->folder, files[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(fixture->folder), 0);
	free(fixture);
	return 0;
}

static struct work *batch_of(uint64_t sequence, size_t size)
{
	struct work_persist *batch = work_persist_new();
	const struct persist what = {.kind = PERSIST_BUNDLE, .sequence = sequence, .bytes = content, .size = size};

	assert_non_null(batch);
	assert_int_equal(work_persist_add(batch, sequence, &what), TWINLOG_OK);
	return &batch->work;
}

/* Through the writer: pushed, and waited for. */
static void write_by_thread(struct fixture *fixture, struct work *work)
{
	struct job *job = NULL;

	workers_push(fixture->workers, work);
	while (!job)
		job = queue_take(fixture->inbox);
	assert_ptr_equal(job, &work->job);
	assert_int_equal(((struct work_persist *)work)->error, TWINLOG_OK);
	work_free(work);
}

static bool is_stored(struct fixture *fixture, uint64_t sequence)
{
	struct store_read *read;
	const uint8_t *bytes;
	size_t size;

	assert_int_equal(store_read_begin(fixture->store, &read), TWINLOG_OK);
	const enum twinlog_error error = store_get_bundle(read, sequence, &bytes, &size);
	store_read_end(read);
	return error == TWINLOG_OK;
}

/* The first thing that is written goes through the writer: it looks for old requests once an hour. */
static void small_batch_is_committed_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct work *first = batch_of(1, 10), *small = batch_of(2, 65536), *large = batch_of(3, 65537);

	assert_false(workers_do_small(fixture->workers, first));
	write_by_thread(fixture, first);
	assert_true(workers_do_small(fixture->workers, small));
	assert_int_equal(((struct work_persist *)small)->error, TWINLOG_OK);
	assert_true(is_stored(fixture, 2));
	work_free(small);
	assert_false(workers_do_small(fixture->workers, large));
	assert_false(is_stored(fixture, 3));
	write_by_thread(fixture, large);
	assert_true(is_stored(fixture, 3));
}

/* A commit that fails is told, not hidden. */
static void failed_commit_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct work *first = batch_of(5, 10), *again = batch_of(5, 10);

	write_by_thread(fixture, first);
	assert_true(workers_do_small(fixture->workers, again));
	assert_int_equal(((struct work_persist *)again)->error, TWINLOG_DUPLICATE);
	work_free(again);
}

static enum twinlog_error count_row(void *context, const struct store_row *row)
{
	*(uint64_t *)context += row->machine;
	return TWINLOG_OK;
}

/* A position, and one that gives way to it, in one batch. */
static void position_goes(void **state)
{
	struct fixture *fixture = *state;
	const enum persist_kind kinds[] = {PERSIST_POSITION, PERSIST_POSITION_GONE, PERSIST_POSITION};
	struct work_persist *batch = work_persist_new();
	struct store_read *read;
	uint64_t machines = 0;

	assert_non_null(batch);
	for (uint64_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
		const struct persist what = {
		    .kind = kinds[i], .machine = 10 + i / 2, .bytes = i == 1 ? NULL : content, .size = i == 1 ? 0 : 9};

		assert_int_equal(work_persist_add(batch, 1, &what), TWINLOG_OK);
	}
	write_by_thread(fixture, &batch->work);
	assert_int_equal(store_read_begin(fixture->store, &read), TWINLOG_OK);
	assert_int_equal(store_each(read, STORE_POSITIONS, count_row, &machines), TWINLOG_OK);
	store_read_end(read);
	assert_int_equal(machines, 11);
}

static void small_bundle_is_packed_at_once(void **state)
{
	struct fixture *fixture = *state;
	const struct hash none = {{0}};
	const uint64_t sequences[] = {1, 2};

	write_by_thread(fixture, batch_of(1, 4096));
	write_by_thread(fixture, batch_of(2, 4097));
	struct work_chunk *one = work_chunk_new(1, 1, &none, &none, sequences, 1, true);
	struct work_chunk *large = work_chunk_new(1, 1, &none, &none, sequences + 1, 1, true);
	struct work_chunk *two = work_chunk_new(1, 1, &none, &none, sequences, 2, true);
	assert_true(one && large && two);
	assert_true(workers_do_small(fixture->workers, &one->work));
	assert_int_equal(one->error, TWINLOG_OK);
	assert_int_equal(one->content, 4096);
	assert_non_null(one->frame);
	assert_false(workers_do_small(fixture->workers, &large->work));
	assert_false(workers_do_small(fixture->workers, &two->work));
	work_free(&one->work);
	work_free(&large->work);
	work_free(&two->work);
}

static void small_chunk_is_checked_at_once(void **state)
{
	struct fixture *fixture = *state;
	struct work_check *small = work_check_new(1, NULL, 0, content, 4096, 4096);
	struct work_check *long_one = work_check_new(2, NULL, 0, content, 4097, 4096);
	struct work_check *wide = work_check_new(3, NULL, 0, content, 10, 4097);

	assert_true(small && long_one && wide);
	assert_true(workers_do_small(fixture->workers, &small->work));
	assert_int_equal(small->refused, TWINLOG_MALFORMED); /* no frame of zstd */
	assert_false(workers_do_small(fixture->workers, &long_one->work));
	assert_false(workers_do_small(fixture->workers, &wide->work));
	work_free(&small->work);
	work_free(&long_one->work);
	work_free(&wide->work);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(small_batch_is_committed_at_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(failed_commit_is_told, setup, teardown),
	    cmocka_unit_test_setup_teardown(position_goes, setup, teardown),
	    cmocka_unit_test_setup_teardown(small_bundle_is_packed_at_once, setup, teardown),
	    cmocka_unit_test_setup_teardown(small_chunk_is_checked_at_once, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
