/* Memory runs out at each allocation of the store in turn: NO_MEMORY, outputs as they were, nothing left open. */
#include "store_fixture.h"

#include "memory.h"

static void nothing_stays_open(void **state)
{
	struct fixture *fixture = *state;
	const uint8_t bytes[] = "a bundle, of a kind";
	struct store_write *write;
	size_t asked = 1;

	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	assert_int_equal(store_put_bundle(write, 1, bytes, sizeof bytes), TWINLOG_OK);
	assert_int_equal(store_commit(write), TWINLOG_OK);
	fixture_close(fixture);
	for (size_t left = 0; left < asked; left++) {
		struct store *store = NULL;
		struct store_read *read = NULL;
		enum twinlog_error error;

		memory_allow(left);
		memory_armed = true;
		error = store_open(fixture->dir, false, false, &store, NULL);
		if (!error)
			error = store_read_begin(store, &read);
		memory_armed = false;
		assert_int_equal(error, memory_struck ? TWINLOG_NO_MEMORY : TWINLOG_OK);
		assert_true(!error == (read != NULL));
		asked = memory_struck ? left + 2 : asked;
		store_read_end(read);
		store_close(store);
	}
	assert_true(asked > 1);
	fixture_open(fixture);
	assert_int_equal(count_rows(fixture->store, STORE_BUNDLES), 1);
}

static void a_rewrite_leaves_nothing_behind(void **state)
{
	struct fixture *fixture = *state;
	const uint8_t bytes[] = "a bundle, of a kind";
	struct store_write *write;
	size_t asked = 1;

	assert_int_equal(store_begin(fixture->store, &write), TWINLOG_OK);
	for (uint64_t i = 1; i <= 20; i++)
		assert_int_equal(store_put_bundle(write, i, bytes, sizeof bytes), TWINLOG_OK);
	assert_int_equal(store_commit(write), TWINLOG_OK);
	fixture_close(fixture);
	for (size_t left = 0; left < asked; left++) {
		enum twinlog_error error;

		memory_allow(left);
		memory_armed = true;
		error = store_compact(fixture->dir, NULL, NULL, NULL);
		memory_armed = false;
		assert_int_equal(error, memory_struck ? TWINLOG_NO_MEMORY : TWINLOG_OK);
		asked = memory_struck ? left + 2 : asked;
		fixture_open(fixture);
		assert_int_equal(count_rows(fixture->store, STORE_BUNDLES), 20);
		fixture_close(fixture);
	}
	assert_true(asked > 1);
	fixture_open(fixture);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(nothing_stays_open, fixture_up, fixture_down),
	    cmocka_unit_test_setup_teardown(a_rewrite_leaves_nothing_behind, fixture_up, fixture_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
