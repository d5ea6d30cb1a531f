/* The journal in front of LMDB: what was committed is there after a crash at any byte of any write, and what was
 * damaged is told. */
#include "../laws/dice.h"
#include "store_image.h"

/* A sanitizer maps and clears memory for each of thousands of opens: there every seventh byte has to do. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STRIDE 7u
#define STEPS  300
#else
#define STRIDE 1u
#define STEPS  2000
#endif

static size_t in_lmdb(struct store *store, unsigned table)
{
	MDB_stat stat;
	MDB_txn *txn;

	assert_int_equal(mdb_txn_begin(store->env, NULL, MDB_RDONLY, &txn), 0);
	assert_int_equal(mdb_stat(txn, store->tables[table], &stat), 0);
	mdb_txn_abort(txn);
	return stat.ms_entries;
}

/* ---- What was committed ---- */

static void commit_is_in_the_journal_alone(void **state)
{
	struct fixture *fixture = *state;
	char image[64], journal[256];

	write_bundles(fixture->store, 1, 3);
	assert_int_equal(in_lmdb(fixture->store, STORE_BUNDLES), 0);
	assert_true(store_pending(fixture->store) > 3 * BUNDLE);
	assert_int_equal(count_rows(fixture->store, STORE_BUNDLES), 3);
	crash_image(fixture, image);
	struct store *store = image_open(image, false);

	assert_int_equal(in_lmdb(store, STORE_BUNDLES), 3);
	assert_int_equal(store_pending(store), 0);
	for (uint64_t i = 1; i <= 3; i++)
		assert_true(has_bundle(store, i, BUNDLE));
	assert_int_equal(write_bundle(store, 3, BUNDLE), TWINLOG_DUPLICATE);
	assert_int_equal(write_bundle(store, 4, BUNDLE), TWINLOG_OK);
	store_close(store);
	/* Closed, LMDB is whole by itself. */
	path_of(image, "journal", journal);
	assert_int_equal(unlink(journal), 0);
	store = image_open(image, false);
	assert_int_equal(count_rows(store, STORE_BUNDLES), 4);
	store_close(store);
	remove_dir(image);
}

static void large_commit_takes_the_journal_with_it(void **state)
{
	struct fixture *fixture = *state;

	write_bundles(fixture->store, 1, 2);
	assert_int_equal(write_bundle(fixture->store, 3, 300000), TWINLOG_OK);
	assert_int_equal(in_lmdb(fixture->store, STORE_BUNDLES), 3);
	assert_int_equal(store_pending(fixture->store), 0);
	write_bundles(fixture->store, 4, 4);
	assert_int_equal(in_lmdb(fixture->store, STORE_BUNDLES), 3);
	assert_int_equal(count_rows(fixture->store, STORE_BUNDLES), 4);
}

static void full_journal_is_moved_into_lmdb(void **state)
{
	struct fixture *fixture = *state;
	const uint64_t blocks = JOURNAL_SIZE / JOURNAL_BLOCK;
	char image[64];

	write_bundles(fixture->store, 1, blocks);
	assert_int_equal(in_lmdb(fixture->store, STORE_BUNDLES), 0);
	write_bundles(fixture->store, blocks + 1, blocks + 3);
	assert_int_equal(in_lmdb(fixture->store, STORE_BUNDLES), blocks + 1);
	crash_image(fixture, image);
	struct store *store = image_open(image, false);

	/* What the journal held before still stands behind what it holds now, and counts no more. */
	assert_int_equal(count_rows(store, STORE_BUNDLES), blocks + 3);
	store_close(store);
	remove_dir(image);
}

/* ---- Torn writes and damage ---- */

struct torn {
	char image[64], path[256];
	uint8_t *bytes;
	size_t size;
	size_t record; /* bytes of each record up to its zeros */
};

static void torn_up(struct fixture *fixture, struct torn *torn)
{
	write_bundles(fixture->store, 1, 3);
	crash_image(fixture, torn->image);
	path_of(torn->image, "journal", torn->path);
	torn->bytes = file_read(torn->path, &torn->size);
	assert_int_equal(torn->size, JOURNAL_SIZE);
	torn->record = JOURNAL_HEAD_SIZE + 6 + 8 + BUNDLE;
	for (size_t i = 0; i < JOURNAL_BLOCK; i++)
		assert_int_equal(torn->bytes[3 * JOURNAL_BLOCK + i], 0);
}

static void torn_down(struct torn *torn)
{
	free(torn->bytes);
	remove_dir(torn->image);
}

static void image_has(const struct torn *torn, bool third)
{
	struct store *store = image_open(torn->image, true);

	assert_true(has_bundle(store, 1, BUNDLE));
	assert_true(has_bundle(store, 2, BUNDLE));
	assert_int_equal(has_bundle(store, 3, BUNDLE), third);
	store_close(store);
}

static void write_torn_at_each_byte(void **state)
{
	struct torn torn;
	uint8_t rest[JOURNAL_BLOCK];
	const uint8_t fills[] = {0x00, 0xa5};

	torn_up(*state, &torn);
	uint8_t *third = torn.bytes + 2 * (size_t)JOURNAL_BLOCK;

	memcpy(rest, third, sizeof rest);
	for (size_t fill = 0; fill < sizeof fills; fill++)
		for (size_t cut = torn.record % STRIDE; cut <= torn.record; cut += STRIDE) {
			memcpy(third, rest, cut);
			memset(third + cut, fills[fill], JOURNAL_BLOCK - cut);
			file_write(torn.path, torn.bytes, torn.size);
			image_has(&torn, cut == torn.record);
		}
	/* And it goes on from there. */
	memset(third + 50, 0, JOURNAL_BLOCK - 50);
	file_write(torn.path, torn.bytes, torn.size);
	struct store *store = image_open(torn.image, false);

	assert_int_equal(count_rows(store, STORE_BUNDLES), 2);
	write_bundles(store, 3, 5);
	store_close(store);
	torn_down(&torn);
}

static void file_cut_at_each_block(void **state)
{
	struct torn torn;

	torn_up(*state, &torn);
	for (size_t blocks = 2; blocks < 6; blocks++) {
		file_write(torn.path, torn.bytes, blocks * JOURNAL_BLOCK);
		image_has(&torn, blocks > 2);
	}
	file_write(torn.path, torn.bytes, 2 * (size_t)JOURNAL_BLOCK + 10);
	struct store *store = image_open(torn.image, false);

	assert_int_equal(count_rows(store, STORE_BUNDLES), 2);
	store_close(store);
	torn_down(&torn);
}

static void damage_before_what_verifies_is_told(void **state)
{
	struct torn torn;
	struct store *store = NULL;
	struct twinlog_fault fault;

	torn_up(*state, &torn);
	for (size_t record = 0; record < 3; record++)
		for (size_t i = 0; i < torn.record; i += STRIDE) {
			uint8_t *byte = torn.bytes + record * JOURNAL_BLOCK + i;

			*byte ^= (uint8_t)(1u << i % 8);
			file_write(torn.path, torn.bytes, torn.size);
			if (record < 2)
				assert_int_equal(image_look(torn.image), TWINLOG_STORE_DAMAGED);
			else
				image_has(&torn, false); /* the last one cannot be told from a torn write */
			*byte ^= (uint8_t)(1u << i % 8);
		}
	torn.bytes[JOURNAL_HEAD_SIZE] ^= 1;
	file_write(torn.path, torn.bytes, torn.size);
	assert_int_equal(store_open(torn.image, false, false, &store, &fault), TWINLOG_STORE_DAMAGED);
	assert_non_null(strstr(fault.where, "/journal"));
	assert_null(store);
	/* Refused, it was not touched: with the byte as it was, everything is there. */
	torn.bytes[JOURNAL_HEAD_SIZE] ^= 1;
	file_write(torn.path, torn.bytes, torn.size);
	image_has(&torn, true);
	torn_down(&torn);
}

static void missing_journal_is_told(void **state)
{
	struct fixture *fixture = *state;
	struct store *store = NULL;
	struct twinlog_fault fault;
	char image[64], path[256];

	write_bundles(fixture->store, 1, 1);
	crash_image(fixture, image);
	path_of(image, "journal", path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(store_open(image, false, false, &store, &fault), TWINLOG_STORE_DAMAGED);
	assert_int_equal(image_look(image), TWINLOG_STORE_DAMAGED);
	remove_dir(image);
}

static void journal_of_another_time_counts_nothing(void **state)
{
	struct fixture *fixture = *state;
	char before[64], after[64], from[256], to[256];
	size_t size;

	write_bundles(fixture->store, 1, 3);
	crash_image(fixture, before);
	assert_int_equal(write_bundle(fixture->store, 4, 300000), TWINLOG_OK);
	crash_image(fixture, after);
	path_of(before, "journal", from);
	path_of(after, "journal", to);
	uint8_t *bytes = file_read(from, &size);

	file_write(to, bytes, size);
	free(bytes);
	struct store *store = image_open(after, false);

	assert_int_equal(count_rows(store, STORE_BUNDLES), 4);
	store_close(store);
	remove_dir(before);
	remove_dir(after);
}

/* ---- Anything at all, against a list ---- */

#define MODEL_MAX 4096u

struct model {
	uint16_t sizes[MODEL_MAX]; /* of bundle i + 1 */
	uint64_t count;
	uint8_t positions[8];
};

static void model_check(struct store *store, const struct model *model)
{
	assert_int_equal(count_rows(store, STORE_BUNDLES), model->count);
	for (uint64_t i = model->count < 300 ? 0 : model->count - 300; i < model->count; i++)
		assert_true(has_bundle(store, i + 1, model->sizes[i]));
	positions_are(store, model->positions, 8);
}

static void model_step(struct store *store, struct model *model)
{
	const unsigned what = draw(20);
	struct store_write *write;

	if (what < 3) {
		const uint8_t city = (uint8_t)draw(8), value = (uint8_t)draw(256);

		assert_int_equal(put_position(store, (uint8_t)(city + 1), value), TWINLOG_OK);
		model->positions[city] = value;
		return;
	}
	uint64_t count = what < 15 ? 1 : draw(30);

	assert_int_equal(store_begin(store, &write), TWINLOG_OK);
	for (uint64_t i = 0; i < count && model->count + i < MODEL_MAX; i++) {
		static uint8_t bytes[UINT16_MAX];
		const uint16_t size = (uint16_t)draw(what == 19 ? 30000 : 3000);

		memset(bytes, (int)((model->count + i + 1) & 0xff), size);
		assert_int_equal(store_put_bundle(write, model->count + i + 1, bytes, size), TWINLOG_OK);
		model->sizes[model->count + i] = size;
	}
	if (model->count + count > MODEL_MAX)
		count = MODEL_MAX - model->count;
	if (what == 15) {
		store_abort(write);
		return;
	}
	assert_int_equal(store_commit(write), TWINLOG_OK);
	model->count += count;
}

static void any_commits_and_any_crashes(void **state)
{
	struct fixture *fixture = *state;
	static struct model model;
	char image[64];

	for (uint8_t city = 1; city <= 8; city++)
		assert_int_equal(put_position(fixture->store, city, 0), TWINLOG_OK);
	for (int step = 0; step < STEPS; step++) {
		model_step(fixture->store, &model);
		if (draw(40) != 0)
			continue;
		crash_image(fixture, image);
		struct store *store = image_open(image, draw(2) == 1);

		model_check(store, &model);
		store_close(store);
		store = image_open(image, false);
		model_check(store, &model);
		store_close(store);
		remove_dir(image);
		if (draw(4) == 0) {
			fixture_close(fixture);
			fixture_open(fixture);
		}
		model_check(fixture->store, &model);
	}
	assert_true(model.count > STEPS);
}

/* ---- Older stores ---- */

static void store_of_before_gets_a_journal(void **state)
{
	struct fixture *fixture = *state;
	uint8_t first[4] = {0, 0, 0, 1};
	char path[128];
	char version_name[] = "version", token_name[] = "journal";
	MDB_val version = {7, version_name}, token = {7, token_name}, value = {sizeof first, first};
	MDB_txn *txn;

	write_bundles(fixture->store, 1, 3);
	fixture_close(fixture);
	fixture_open(fixture);
	if (!fixture->store)
		abort();
	assert_int_equal(mdb_txn_begin(fixture->store->env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_put(txn, fixture->store->tables[TABLE_META], &version, &value, 0), 0);
	assert_int_equal(mdb_del(txn, fixture->store->tables[TABLE_META], &token, NULL), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	fixture->store->failed = true; /* closed as it stands */
	fixture_close(fixture);
	fixture_path(fixture, "journal", path);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(image_look(fixture->dir), TWINLOG_OK);
	fixture_open(fixture);
	assert_int_equal(count_rows(fixture->store, STORE_BUNDLES), 3);
	assert_int_equal(mdb_txn_begin(fixture->store->env, NULL, MDB_RDONLY, &txn), 0);
	assert_int_equal(mdb_get(txn, fixture->store->tables[TABLE_META], &version, &value), 0);
	assert_int_equal(((const uint8_t *)value.mv_data)[3], STORE_VERSION);
	mdb_txn_abort(txn);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_up, fixture_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(commit_is_in_the_journal_alone),  TEST(large_commit_takes_the_journal_with_it),
	    TEST(full_journal_is_moved_into_lmdb), TEST(write_torn_at_each_byte),
	    TEST(file_cut_at_each_block),          TEST(damage_before_what_verifies_is_told),
	    TEST(missing_journal_is_told),         TEST(journal_of_another_time_counts_nothing),
	    TEST(any_commits_and_any_crashes),     TEST(store_of_before_gets_a_journal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
