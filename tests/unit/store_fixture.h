/* A store in a fresh folder, for the tests of the store. */
#ifndef TWINLOG_STORE_FIXTURE_H
#define TWINLOG_STORE_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <unistd.h>

#include "folder.h"
#include "store.h"

struct fixture {
	char dir[64];
	struct store *store;
	struct twinlog_fault fault;
};

static inline void fixture_open(struct fixture *fixture)
{
	assert_int_equal(store_open(fixture->dir, false, false, &fixture->store, &fixture->fault), TWINLOG_OK);
}

static inline void fixture_close(struct fixture *fixture)
{
	store_close(fixture->store);
	fixture->store = NULL;
}

static inline void fixture_path(const struct fixture *fixture, const char *name, char out[128])
{
	snprintf(out, 128, "%s/%s", fixture->dir, name);
}

static inline int fixture_up(void **state)
{
	struct fixture *fixture = calloc(1, sizeof *fixture);

	if (!fixture)
		return -1;
	strcpy(fixture->dir, "/tmp/twinlog-store-XXXXXX");
	if (!mkdtemp(fixture->dir))
		return -1;
	*state = fixture;
	return store_open(fixture->dir, true, false, &fixture->store, &fixture->fault) ? -1 : 0;
}

static inline int fixture_down(void **state)
{
	struct fixture *fixture = *state;

	store_close(fixture->store);
	remove_dir(fixture->dir);
	free(fixture);
	return 0;
}

/* Stores a bundle of that size under that number and commits; returns the first error. */
static inline enum twinlog_error write_bundle(struct store *store, uint64_t sequence, size_t size)
{
	uint8_t *bytes = malloc(size + 1);
	struct store_write *write;
	enum twinlog_error error;

	assert_non_null(bytes);
	memset(bytes, (int)(sequence & 0xff), size);
	error = store_begin(store, &write);
	if (!error) {
		error = store_put_bundle(write, sequence, bytes, size);
		if (error)
			store_abort(write);
		else
			error = store_commit(write);
	}
	free(bytes);
	return error;
}

static inline bool has_bundle(struct store *store, uint64_t sequence, size_t size)
{
	struct store_read *read;
	const uint8_t *bytes;
	size_t held = 0;
	enum twinlog_error error;

	assert_int_equal(store_read_begin(store, &read), TWINLOG_OK);
	error = store_get_bundle(read, sequence, &bytes, &held);
	if (!error)
		for (size_t i = 0; i < held; i++)
			assert_int_equal(bytes[i], sequence & 0xff);
	store_read_end(read);
	return !error && held == size;
}

static inline enum twinlog_error count_row(void *context, const struct store_row *row)
{
	(void)row;
	++*(size_t *)context;
	return TWINLOG_OK;
}

static inline size_t count_rows(struct store *store, enum store_table table)
{
	struct store_read *read;
	size_t count = 0;

	assert_int_equal(store_read_begin(store, &read), TWINLOG_OK);
	assert_int_equal(store_each(read, table, count_row, &count), TWINLOG_OK);
	store_read_end(read);
	return count;
}

#endif
