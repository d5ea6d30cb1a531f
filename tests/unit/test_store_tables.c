/* What is put comes back, in the order of its key, and survives closing. */
#include "store_fixture.h"

static struct hash hash_of(uint8_t byte)
{
	struct hash hash;

	memset(hash.bytes, byte, HASH_SIZE);
	return hash;
}

struct seen {
	struct store_row rows[16];
	char bytes[16][16];
	size_t count;
	size_t stop_after;
};

static enum twinlog_error see(void *context, const struct store_row *row)
{
	struct seen *seen = context;

	assert_true(seen->count < 16 && row->size < 16);
	seen->rows[seen->count] = *row;
	memcpy(seen->bytes[seen->count], row->bytes, row->size);
	seen->count++;
	return seen->count == seen->stop_after ? TWINLOG_STALE : TWINLOG_OK;
}

static struct seen look(struct store *store, enum store_table table)
{
	struct seen seen = {.count = 0};
	struct store_read *read;

	assert_int_equal(store_read_begin(store, &read), TWINLOG_OK);
	assert_int_equal(store_each(read, table, see, &seen), TWINLOG_OK);
	store_read_end(read);
	return seen;
}

static void sequences_share_one_order(void **state)
{
	struct fixture *fixture = *state;
	struct store_write *write;
	struct seen seen;

	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_put_act(write, 1, "a1", 2), TWINLOG_OK);
	assert_int_equal(store_put_bundle(write, 2, "b2", 2), TWINLOG_OK);
	assert_int_equal(store_put_act(write, 3, "a3", 2), TWINLOG_OK);
	assert_int_equal(store_put_erasure(write, 4, "e4", 2), TWINLOG_OK);
	assert_int_equal(store_put_bundle(write, 256, "b256", 4), TWINLOG_OK);
	assert_int_equal(store_put_bundle(write, UINT64_MAX, "last", 4), TWINLOG_OK);
	assert_int_equal(store_commit(write), TWINLOG_OK);
	fixture_close(fixture);
	fixture_open(fixture);
	seen = look(fixture->store, STORE_ACTS);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.rows[1].sequence, 3);
	assert_string_equal(seen.bytes[1], "a3");
	seen = look(fixture->store, STORE_BUNDLES);
	assert_int_equal(seen.count, 3);
	assert_int_equal(seen.rows[0].sequence, 2);
	assert_int_equal(seen.rows[1].sequence, 256);
	assert_true(seen.rows[2].sequence == UINT64_MAX);
	assert_string_equal(seen.bytes[2], "last");
	assert_int_equal(count_rows(fixture->store, STORE_ERASURES), 1);
}

static void numbers_that_do_not_grow_are_refused(void **state)
{
	struct fixture *fixture = *state;
	struct store_write *write;

	assert_int_equal(write_bundle(fixture->store, 5, 10), TWINLOG_OK);
	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_put_bundle(write, 5, "x", 1), TWINLOG_DUPLICATE);
	store_abort(write);
	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_put_bundle(write, 4, "x", 1), TWINLOG_DUPLICATE);
	store_abort(write);
	assert_int_equal(write_bundle(fixture->store, 6, 10), TWINLOG_OK);
	assert_int_equal(count_rows(fixture->store, STORE_BUNDLES), 2);
}

static void cards_keep_their_flags(void **state)
{
	struct fixture *fixture = *state;
	struct hash one = hash_of(1), two = hash_of(2);
	struct store_write *write;
	struct seen seen;

	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_put_card(write, &two, true, false, 0, "two", 3), TWINLOG_OK);
	assert_int_equal(store_put_card(write, &one, false, false, 0, "one", 3), TWINLOG_OK);
	assert_int_equal(store_put_card(write, &one, true, true, 1732600000, "newer", 5), TWINLOG_OK);
	assert_int_equal(store_commit(write), TWINLOG_OK);
	seen = look(fixture->store, STORE_CARDS);
	assert_int_equal(seen.count, 2);
	assert_true(hash_equal(&seen.rows[0].city, &one));
	assert_true(seen.rows[0].verified && seen.rows[0].removed);
	assert_string_equal(seen.bytes[0], "newer");
	assert_true(seen.rows[0].knows == 1732600000 && seen.rows[1].knows == 0);
	assert_true(seen.rows[1].verified && !seen.rows[1].removed);
}

static void newest_position_of_each_machine_stays(void **state)
{
	struct fixture *fixture = *state;
	struct hash space = hash_of(7), city = hash_of(8);
	struct store_write *write;
	struct seen seen;

	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_put_position(write, &space, &city, 300, "p300", 4), TWINLOG_OK);
	assert_int_equal(store_put_position(write, &space, &city, 2, "old", 3), TWINLOG_OK);
	assert_int_equal(store_put_position(write, &space, &city, 2, "new", 3), TWINLOG_OK);
	assert_int_equal(store_commit(write), TWINLOG_OK);
	seen = look(fixture->store, STORE_POSITIONS);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.rows[0].machine, 2);
	assert_string_equal(seen.bytes[0], "new");
	assert_int_equal(seen.rows[1].machine, 300);
	assert_true(hash_equal(&seen.rows[1].space, &space) && hash_equal(&seen.rows[1].city, &city));
}

/* Whether it stands in LMDB, in the journal or in what is just being written; and it may come again. */
static void positions_go(void **state)
{
	struct fixture *fixture = *state;
	struct hash space = hash_of(7), city = hash_of(8);
	struct store_write *write;
	struct seen seen;

	for (uint64_t machine = 1; machine <= 3; machine++) {
		assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
		assert_int_equal(store_put_position(write, &space, &city, machine, "old", 3), TWINLOG_OK);
		assert_int_equal(store_commit(write), TWINLOG_OK);
	}
	assert_true(store_pending(fixture->store) > 0);
	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_put_position(write, &space, &city, 4, "new", 3), TWINLOG_OK);
	assert_int_equal(store_drop_position(write, &space, &city, 1), TWINLOG_OK); /* of the journal */
	assert_int_equal(store_drop_position(write, &space, &city, 4), TWINLOG_OK);
	assert_int_equal(store_drop_position(write, &space, &city, 5), TWINLOG_OK); /* of which there is none */
	assert_int_equal(store_commit(write), TWINLOG_OK);
	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_drop_position(write, &space, &city, 2), TWINLOG_OK); /* of LMDB */
	assert_int_equal(store_put_position(write, &space, &city, 2, "again", 5), TWINLOG_OK);
	assert_int_equal(store_drop_position(write, &space, &city, 3), TWINLOG_OK);
	assert_int_equal(store_commit(write), TWINLOG_OK);
	for (int opened = 0; opened < 2; opened++) {
		seen = look(fixture->store, STORE_POSITIONS);
		assert_int_equal(seen.count, 1);
		assert_int_equal(seen.rows[0].machine, 2);
		assert_string_equal(seen.bytes[0], "again");
		fixture_close(fixture);
		fixture_open(fixture);
	}
	/* The last one in the journal does not come back from LMDB once it is gone. */
	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_put_position(write, &space, &city, 2, "newer", 5), TWINLOG_OK);
	assert_int_equal(store_commit(write), TWINLOG_OK);
	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_drop_position(write, &space, &city, 2), TWINLOG_OK);
	assert_int_equal(store_commit(write), TWINLOG_OK);
	assert_int_equal(count_rows(fixture->store, STORE_POSITIONS), 0);
	fixture_close(fixture);
	fixture_open(fixture);
	assert_int_equal(count_rows(fixture->store, STORE_POSITIONS), 0);
}

static struct handle request_at(uint64_t time_ms)
{
	struct handle request = {{0}};

	for (int i = 5; i >= 0; i--, time_ms >>= 8)
		request.bytes[i] = (uint8_t)time_ms;
	return request;
}

static void old_requests_are_pruned(void **state)
{
	struct fixture *fixture = *state;
	struct store_write *write;
	struct seen seen;

	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	for (uint64_t time_ms = 1000; time_ms <= 5000; time_ms += 1000) {
		struct handle request = request_at(time_ms);

		assert_int_equal(store_put_request(write, &request, "answer", 6), TWINLOG_OK);
	}
	assert_int_equal(store_prune_requests(write, 4000, 2), TWINLOG_OK); /* at most two at once */
	assert_int_equal(store_commit(write), TWINLOG_OK);
	seen = look(fixture->store, STORE_REQUESTS);
	assert_int_equal(seen.count, 3);
	assert_memory_equal(&seen.rows[0].request, &(struct handle[]){request_at(3000)}[0], HANDLE_SIZE);
	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_prune_requests(write, 4000, 100), TWINLOG_OK); /* 4000 itself is not before 4000 */
	assert_int_equal(store_commit(write), TWINLOG_OK);
	assert_int_equal(count_rows(fixture->store, STORE_REQUESTS), 2);
	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_prune_requests(write, UINT64_MAX, 100), TWINLOG_OK);
	assert_int_equal(store_commit(write), TWINLOG_OK);
	assert_int_equal(count_rows(fixture->store, STORE_REQUESTS), 0);
}

static void machine_number_is_kept(void **state)
{
	struct fixture *fixture = *state;
	struct store_write *write;
	struct store_read *read;
	uint64_t machine = 1;

	assert_int_equal(store_read_begin(fixture->store, &read), TWINLOG_OK);
	assert_int_equal(store_get_machine(read, &machine), TWINLOG_MISSING);
	assert_int_equal(machine, 1);
	store_read_end(read);
	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_put_machine(write, 0x0123456789abcdefu), TWINLOG_OK);
	assert_int_equal(store_commit(write), TWINLOG_OK);
	assert_int_equal(store_read_begin(fixture->store, &read), TWINLOG_OK);
	assert_int_equal(store_get_machine(read, &machine), TWINLOG_OK);
	assert_true(machine == 0x0123456789abcdefu);
	store_read_end(read);
}

static void aborted_is_as_if_never_written(void **state)
{
	struct fixture *fixture = *state;
	struct store_write *write;

	assert_int_equal(write_bundle(fixture->store, 1, 100), TWINLOG_OK);
	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_put_bundle(write, 2, "gone", 4), TWINLOG_OK);
	store_abort(write);
	store_abort(NULL);
	assert_false(has_bundle(fixture->store, 2, 4));
	assert_int_equal(write_bundle(fixture->store, 2, 50), TWINLOG_OK);
	assert_true(has_bundle(fixture->store, 1, 100));
	assert_true(has_bundle(fixture->store, 2, 50));
}

static void visits_stop_when_told(void **state)
{
	struct fixture *fixture = *state;
	struct seen seen = {.stop_after = 2};
	struct store_read *read;

	for (uint64_t i = 1; i <= 5; i++)
		assert_int_equal(write_bundle(fixture->store, i, 3), TWINLOG_OK);
	assert_int_equal(store_read_begin(fixture->store, &read), TWINLOG_OK);
	assert_int_equal(store_each(read, STORE_BUNDLES, see, &seen), TWINLOG_STALE);
	assert_int_equal(seen.count, 2);
	store_read_end(read);
}

static void readers_see_one_state(void **state)
{
	struct fixture *fixture = *state;
	struct store_read *reads[STORE_READERS_MAX], *more;
	const uint8_t *bytes;
	size_t size;

	assert_int_equal(write_bundle(fixture->store, 1, 10), TWINLOG_OK);
	for (size_t i = 0; i < STORE_READERS_MAX; i++)
		assert_int_equal(store_read_begin(fixture->store, &reads[i]), TWINLOG_OK);
	assert_int_equal(store_read_begin(fixture->store, &more), TWINLOG_TOO_MANY);
	assert_int_equal(write_bundle(fixture->store, 2, 10), TWINLOG_OK);
	assert_int_equal(store_get_bundle(reads[0], 1, &bytes, &size), TWINLOG_OK);
	assert_int_equal(store_get_bundle(reads[0], 2, &bytes, &size), TWINLOG_MISSING);
	for (size_t i = 0; i < STORE_READERS_MAX; i++)
		store_read_end(reads[i]);
	assert_true(has_bundle(fixture->store, 2, 10));
	store_read_end(NULL);
}

static void copy_holds_the_same(void **state)
{
	struct fixture *fixture = *state;
	char dir[] = "/tmp/twinlog-copy-XXXXXX";
	struct store *copy;

	assert_non_null(mkdtemp(dir));
	for (uint64_t i = 1; i <= 20; i++)
		assert_int_equal(write_bundle(fixture->store, i, 5000), TWINLOG_OK);
	assert_int_equal(store_rewrite(fixture->store, dir, NULL, NULL, &fixture->fault), TWINLOG_OK);
	assert_int_equal(store_rewrite(fixture->store, dir, NULL, NULL, &fixture->fault), TWINLOG_NOT_EMPTY);
	assert_int_equal(store_open(dir, false, false, &copy, &fixture->fault), TWINLOG_OK);
	assert_int_equal(count_rows(copy, STORE_BUNDLES), 20);
	assert_true(has_bundle(copy, 20, 5000));
	assert_int_equal(write_bundle(copy, 21, 5000), TWINLOG_OK);
	assert_true(store_bytes(copy) >= 21 * 5000);
	assert_true(store_disk_free(copy) > 0);
	store_close(copy);
	remove_dir(dir);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(sequences_share_one_order),
	    TEST(numbers_that_do_not_grow_are_refused),
	    TEST(cards_keep_their_flags),
	    TEST(newest_position_of_each_machine_stays),
	    TEST(positions_go),
	    TEST(old_requests_are_pruned),
	    TEST(machine_number_is_kept),
	    TEST(aborted_is_as_if_never_written),
	    TEST(visits_stop_when_told),
	    TEST(readers_see_one_state),
	    TEST(copy_holds_the_same),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
