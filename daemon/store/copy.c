/* A copy of the store within another file: LMDB's own compact copy, then records of the journal on whole blocks, as
 * they stood before the copy was begun, then a block that tells where LMDB's part ends. What a writer moved from the
 * journal into LMDB meanwhile has another token there, and its records are not looked at. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "environment.h"
#include "keys.h"

#define COPY_END_SIZE 16u

static const uint8_t MAGIC[8] = {'t', 'w', 'l', 'c', 'o', 'p', 'y', '1'};

/* What the file does not take is a matter of its own disk, not of the store's. */
static enum twinlog_error copy_error(int fd, int code)
{
	struct statvfs status;

	/* Of a short write LMDB says EIO. */
	if (code == EIO && fstatvfs(fd, &status) == 0 && (uint64_t)status.f_bavail * status.f_frsize < DISK_FLOOR)
		code = ENOSPC;
	return environment_error(NULL, code);
}

static int write_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		const ssize_t put = write(fd, bytes, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return errno;
		bytes += put;
		size -= (size_t)put;
	}
	return 0;
}

static enum twinlog_error record_of(const struct store_read *read, struct journal_record *record)
{
	enum twinlog_error error = TWINLOG_OK;

	for (unsigned table = 0; table < STORE_TABLES; table++)
		for (size_t i = 0; i < read->counts[table] && !error; i++) {
			const struct pending_row *row = &read->pending->tables[table].rows[i];

			error = journal_record_add(record, (uint8_t)table, row->key, row->key_size, row->value,
						   row->size, NULL, 0);
		}
	return error;
}

static enum twinlog_error copy_behind(int fd, uint64_t lmdb_size, struct journal_record *record,
				      const struct journal_token *token)
{
	uint8_t end[COPY_END_SIZE];
	int code = 0;

	if (record->size > 0)
		code = write_all(fd, record->bytes, journal_seal(record, token, 0));
	memcpy(end, MAGIC, sizeof MAGIC);
	key_number(end + sizeof MAGIC, lmdb_size, 8);
	if (!code)
		code = write_all(fd, end, sizeof end);
	return code ? copy_error(fd, code) : TWINLOG_OK;
}

enum twinlog_error store_copy_to(struct store *store, int fd)
{
	struct journal_record record = {NULL, 0, 0};
	struct journal_token token = {{0}};
	struct store_read *read;
	enum twinlog_error error = store_read_begin(store, &read);

	if (error)
		return error;
	error = record_of(read, &record);
	if (read->pending)
		token = read->pending->token;
	store_read_end(read);
	if (!error) {
		const int code = mdb_env_copyfd2(store->env, fd, MDB_CP_COMPACT);
		const off_t size = lseek(fd, 0, SEEK_END);

		error = code       ? copy_error(fd, code)
			: size < 0 ? environment_errno()
				   : copy_behind(fd, (uint64_t)size, &record, &token);
	}
	free(record.bytes);
	return error;
}

/* ---- Opening one ---- */

/* Copies of before there was a journal have no such end. */
static enum twinlog_error find_records(struct store *store, uint64_t size)
{
	uint8_t end[COPY_END_SIZE];

	store->journal_from = size;
	store->journal_size = 0;
	if (size < sizeof end)
		return TWINLOG_STORE_DAMAGED;
	if (pread(store->journal_fd, end, sizeof end, (off_t)(size - sizeof end)) != (ssize_t)sizeof end)
		return TWINLOG_STORE_DAMAGED;
	if (memcmp(end, MAGIC, sizeof MAGIC) != 0)
		return TWINLOG_OK;
	store->journal_from = key_read_number(end + sizeof MAGIC, 8);
	if (store->journal_from > size - sizeof end)
		return TWINLOG_STORE_DAMAGED;
	store->journal_size = size - sizeof end - store->journal_from;
	return TWINLOG_OK;
}

enum twinlog_error store_open_copy(const char *path, uint64_t size, struct store **ret_store,
				   struct twinlog_fault *fault)
{
	struct store *store = environment_new();
	enum twinlog_error error;

	if (!store)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	store->journal_fd = open(path, O_RDONLY | O_CLOEXEC);
	error = store->journal_fd < 0 ? environment_errno() : find_records(store, size);
	if (!error)
		error = environment_open_file(store, path, store->journal_from);
	if (error) {
		store_close(store);
		return twinlog_fault_set(fault, error, path, NULL);
	}
	*ret_store = store;
	return TWINLOG_OK;
}
