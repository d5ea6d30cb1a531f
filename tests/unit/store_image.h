/* What a disk holds when the machine stops: a copy of the files of an open store. For the tests of its journal. */
#ifndef TWINLOG_STORE_IMAGE_H
#define TWINLOG_STORE_IMAGE_H

#include <sys/stat.h>

#include "environment.h"
#include "store_fixture.h"

#define BUNDLE 100u /* bytes; a record of one such bundle takes one block */

static inline uint8_t *file_read(const char *path, size_t *ret_size)
{
	FILE *file = fopen(path, "rb");
	struct stat status;

	assert_non_null(file);
	assert_int_equal(fstat(fileno(file), &status), 0);
	*ret_size = (size_t)status.st_size;
	uint8_t *bytes = malloc(*ret_size + 1);

	assert_non_null(bytes);
	assert_int_equal(fread(bytes, 1, *ret_size, file), *ret_size);
	assert_int_equal(fclose(file), 0);
	return bytes;
}

static inline void file_write(const char *path, const uint8_t *bytes, size_t size)
{
	FILE *file = fopen(path, "wb");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
}

static inline void path_of(const char *dir, const char *name, char out[256])
{
	snprintf(out, 256, "%s/%s", dir, name);
}

/* A folder with the files as they are at this moment: what the disk holds when the machine stops. */
static inline void crash_image(const struct fixture *fixture, char out[64])
{
	static const char *const files[] = {"data.mdb", "journal"};
	char from[256], to[256];

	strcpy(out, "/tmp/twinlog-image-XXXXXX");
	assert_non_null(mkdtemp(out));
	for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
		size_t size;

		path_of(fixture->dir, files[i], from);
		path_of(out, files[i], to);
		uint8_t *bytes = file_read(from, &size);

		file_write(to, bytes, size);
		free(bytes);
	}
}

static inline struct store *image_open(const char *dir, bool read_only)
{
	struct store *store = NULL;
	struct twinlog_fault fault;

	/* In a small map: a sanitizer takes its time over a large one, and images are opened by the thousand. */
	assert_int_equal(environment_open(dir, false, read_only, 1 << 28, &store, &fault), TWINLOG_OK);
	return store;
}

/* Of a look that only reads: OK, or what the first read says. */
static inline enum twinlog_error image_look(const char *dir)
{
	struct store *store = image_open(dir, true);
	struct store_read *read = NULL;
	const enum twinlog_error error = store_read_begin(store, &read);

	store_read_end(read);
	store_close(store);
	return error;
}

static inline void write_bundles(struct store *store, uint64_t first, uint64_t last)
{
	for (uint64_t i = first; i <= last; i++)
		assert_int_equal(write_bundle(store, i, BUNDLE), TWINLOG_OK);
}

/* ---- Rows without a sequence number: each city has one of one byte ---- */

static inline enum twinlog_error put_position(struct store *store, uint8_t city, uint8_t value)
{
	const struct hash space = {{7}}, who = {{city}};
	struct store_write *write;
	enum twinlog_error error = store_begin(store, &write);

	if (!error)
		error = store_put_position(write, &space, &who, 1, &value, 1);
	return error ? error : store_commit(write);
}

struct values {
	uint8_t cities[8], values[8];
	size_t count;
};

static inline enum twinlog_error list_position(void *context, const struct store_row *row)
{
	struct values *listed = context;

	assert_true(listed->count < 8);
	listed->cities[listed->count] = row->city.bytes[0];
	listed->values[listed->count++] = row->bytes[0];
	return TWINLOG_OK;
}

static inline void positions_are(struct store *store, const uint8_t *expected, size_t count)
{
	struct values listed = {.count = 0};
	struct store_read *read;

	assert_int_equal(store_read_begin(store, &read), TWINLOG_OK);
	assert_int_equal(store_each(read, STORE_POSITIONS, list_position, &listed), TWINLOG_OK);
	store_read_end(read);
	assert_int_equal(listed.count, count);
	for (size_t i = 0; i < count; i++) {
		assert_int_equal(listed.cities[i], i + 1);
		assert_int_equal(listed.values[i], expected[i]);
	}
}

#endif
