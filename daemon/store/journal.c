#include "journal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "environment.h"
#include "keys.h"
#include "seal.h"

#define ROW_HEAD_SIZE 6u
#define PATH_SIZE     4096

enum { AT_TOKEN = 8, AT_NUMBER = 24, AT_SIZE = 28, AT_HASH = 32 };

static const uint8_t MAGIC[AT_TOKEN] = {'t', 'w', 'l', 'j', 'r', 'n', 'l', '1'};

struct journal_token journal_token_draw(void)
{
	struct journal_token token;

	seal_random(token.bytes, sizeof token.bytes);
	return token;
}

bool journal_token_equal(const struct journal_token *one, const struct journal_token *other)
{
	return memcmp(one->bytes, other->bytes, JOURNAL_TOKEN_SIZE) == 0;
}

static size_t whole_blocks(size_t size)
{
	return (size + JOURNAL_BLOCK - 1) / JOURNAL_BLOCK * JOURNAL_BLOCK;
}

static struct hash head_hash(const uint8_t *head, size_t rows_size)
{
	const struct seal_part parts[] = {{head, AT_HASH}, {head + JOURNAL_HEAD_SIZE, rows_size}};

	return seal_hash("journal", parts, 2);
}

/* ---- Filling a record ---- */

static enum twinlog_error record_reserve(struct journal_record *record, size_t size)
{
	size_t wanted = record->capacity ? record->capacity : JOURNAL_BLOCK;
	uint8_t *bytes;

	while (wanted < size)
		wanted *= 2;
	if (wanted == record->capacity)
		return TWINLOG_OK;
	bytes = realloc(record->bytes, wanted);
	if (!bytes)
		return TWINLOG_NO_MEMORY;
	record->bytes = bytes;
	record->capacity = wanted;
	return TWINLOG_OK;
}

enum twinlog_error journal_record_add(struct journal_record *record, uint8_t table, const void *key, size_t key_size,
				      const void *first, size_t first_size, const void *second, size_t second_size)
{
	const size_t begin = record->size ? record->size : JOURNAL_HEAD_SIZE;
	enum twinlog_error error;
	uint8_t *at;

	if (key_size > UINT8_MAX || first_size > JOURNAL_SIZE || second_size > JOURNAL_SIZE)
		return TWINLOG_TOO_LARGE;
	const size_t size = begin + ROW_HEAD_SIZE + key_size + first_size + second_size;

	if (size > JOURNAL_SIZE)
		return TWINLOG_TOO_LARGE;
	error = record_reserve(record, whole_blocks(size));
	if (error)
		return error;
	at = record->bytes + begin;
	*at++ = table;
	*at++ = (uint8_t)key_size;
	key_number(at, first_size + second_size, 4);
	at += 4;
	memcpy(at, key, key_size);
	at += key_size;
	if (first_size > 0)
		memcpy(at, first, first_size);
	if (second_size > 0)
		memcpy(at + first_size, second, second_size);
	record->size = size;
	return TWINLOG_OK;
}

bool journal_record_empty(const struct journal_record *record)
{
	return record->size == 0;
}

/* ---- The file ---- */

static enum twinlog_error write_all(int fd, const uint8_t *bytes, size_t size, size_t at)
{
	while (size > 0) {
		const ssize_t put = pwrite(fd, bytes, size, (off_t)at);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return environment_errno();
		bytes += put;
		size -= (size_t)put;
		at += (size_t)put;
	}
	return TWINLOG_OK;
}

/* Zeros that were written, not a hole or blocks set aside: else each sync would have to write where they are. */
static enum twinlog_error fill(int fd, size_t from)
{
	static const uint8_t zeros[16 * JOURNAL_BLOCK];
	enum twinlog_error error = TWINLOG_OK;

	for (size_t at = from; at < JOURNAL_SIZE && !error;) {
		const size_t part = JOURNAL_SIZE - at < sizeof zeros ? JOURNAL_SIZE - at : sizeof zeros;

		error = write_all(fd, zeros, part, at);
		at += part;
	}
	if (error)
		return error;
	return fsync(fd) == 0 ? TWINLOG_OK : environment_errno();
}

enum twinlog_error journal_open(struct journal *journal, const char *dir)
{
	char path[PATH_SIZE];
	enum twinlog_error error = TWINLOG_OK;
	struct stat status;

	if (snprintf(path, sizeof path, "%s/" JOURNAL_FILE, dir) >= (int)sizeof path)
		return TWINLOG_TOO_LONG;
	journal->fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (journal->fd < 0)
		return environment_errno();
	if (fstat(journal->fd, &status) != 0)
		error = environment_errno();
	else if ((uint64_t)status.st_size < JOURNAL_SIZE)
		error = fill(journal->fd, (size_t)status.st_size);
	if (!error && (uint64_t)status.st_size < JOURNAL_SIZE)
		error = environment_sync_dir(dir);
	if (error)
		journal_close(journal);
	return error;
}

void journal_close(struct journal *journal)
{
	if (journal->fd >= 0)
		close(journal->fd);
	journal->fd = -1;
}

bool journal_takes(const struct journal *journal, const struct journal_record *record)
{
	return whole_blocks(record->size) <= JOURNAL_SIZE - journal->at;
}

size_t journal_seal(struct journal_record *record, const struct journal_token *token, uint32_t number)
{
	const size_t size = whole_blocks(record->size), rows_size = record->size - JOURNAL_HEAD_SIZE;
	uint8_t *head = record->bytes;

	memcpy(head, MAGIC, sizeof MAGIC);
	memcpy(head + AT_TOKEN, token->bytes, JOURNAL_TOKEN_SIZE);
	key_number(head + AT_NUMBER, number, 4);
	key_number(head + AT_SIZE, rows_size, 4);
	const struct hash hash = head_hash(head, rows_size);

	memcpy(head + AT_HASH, hash.bytes, HASH_SIZE);
	memset(head + record->size, 0, size - record->size);
	return size;
}

enum twinlog_error journal_append(struct journal *journal, struct journal_record *record)
{
	const size_t size = journal_seal(record, &journal->token, journal->number);
	const enum twinlog_error error = write_all(journal->fd, record->bytes, size, journal->at);

	if (error)
		return error;
	if (fdatasync(journal->fd) != 0)
		return environment_errno();
	journal->at += size;
	journal->number++;
	return TWINLOG_OK;
}

void journal_turn(struct journal *journal, const struct journal_token *token)
{
	journal->token = *token;
	journal->number = 0;
	journal->at = 0;
}

enum twinlog_error journal_wipe(struct journal *journal)
{
	return fill(journal->fd, 0);
}

/* ---- Reading it ---- */

/* Size of the rows of a record at that place; false: there is none of that token that verifies. */
static bool record_at(const uint8_t *bytes, size_t size, size_t at, const struct journal_token *token,
		      uint32_t *ret_number, size_t *ret_rows_size)
{
	const uint8_t *head = bytes + at;

	if (size - at < JOURNAL_HEAD_SIZE || memcmp(head, MAGIC, sizeof MAGIC) != 0 ||
	    memcmp(head + AT_TOKEN, token->bytes, JOURNAL_TOKEN_SIZE) != 0)
		return false;
	*ret_number = (uint32_t)key_read_number(head + AT_NUMBER, 4);
	*ret_rows_size = (size_t)key_read_number(head + AT_SIZE, 4);
	if (*ret_rows_size > size - at - JOURNAL_HEAD_SIZE)
		return false;
	const struct hash hash = head_hash(head, *ret_rows_size);

	return memcmp(head + AT_HASH, hash.bytes, HASH_SIZE) == 0;
}

static enum twinlog_error scan(const uint8_t *bytes, size_t size, const struct journal_token *token, size_t *ret_valid)
{
	size_t at = 0, rows_size;
	uint32_t expected = 0, number;

	while (at < size && record_at(bytes, size, at, token, &number, &rows_size) && number == expected) {
		at += whole_blocks(JOURNAL_HEAD_SIZE + rows_size);
		expected++;
	}
	*ret_valid = at < size ? at : size;
	for (; at < size; at += JOURNAL_BLOCK)
		if (record_at(bytes, size, at, token, &number, &rows_size) && number >= expected)
			return TWINLOG_STORE_DAMAGED;
	return TWINLOG_OK;
}

static enum twinlog_error read_bytes(int fd, uint8_t *bytes, size_t *size, uint64_t offset)
{
	size_t done = 0;

	while (done < *size) {
		const ssize_t got = pread(fd, bytes + done, *size - done, (off_t)(offset + done));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return environment_errno();
		if (got == 0)
			break;
		done += (size_t)got;
	}
	*size = done;
	return TWINLOG_OK;
}

enum twinlog_error journal_read(int fd, uint64_t offset, uint64_t size, const struct journal_token *token,
				struct journal_bytes *ret_held)
{
	size_t count = size < JOURNAL_SIZE ? (size_t)size : JOURNAL_SIZE;
	uint8_t *bytes = malloc(count + 1);
	enum twinlog_error error;

	*ret_held = (struct journal_bytes){NULL, 0, false};
	if (!bytes)
		return TWINLOG_NO_MEMORY;
	error = read_bytes(fd, bytes, &count, offset);
	for (size_t i = 0; i < count && !ret_held->used && !error; i++)
		ret_held->used = bytes[i] != 0;
	if (!error && ret_held->used)
		error = scan(bytes, count, token, &ret_held->size);
	if (error || ret_held->size == 0)
		free(bytes);
	else
		ret_held->bytes = bytes;
	return error;
}

bool journal_next(const struct journal_bytes *held, size_t *at, const uint8_t **ret_rows, size_t *ret_size)
{
	if (*at >= held->size)
		return false;
	*ret_rows = held->bytes + *at + JOURNAL_HEAD_SIZE;
	*ret_size = (size_t)key_read_number(held->bytes + *at + AT_SIZE, 4);
	*at += whole_blocks(JOURNAL_HEAD_SIZE + *ret_size);
	return true;
}

enum twinlog_error journal_row_next(const uint8_t *rows, size_t size, size_t *at, struct journal_row *ret_row)
{
	const uint8_t *head = rows + *at;
	const size_t left = size - *at;

	if (left == 0)
		return TWINLOG_MISSING;
	if (left < ROW_HEAD_SIZE)
		return TWINLOG_STORE_DAMAGED;
	ret_row->table = head[0];
	ret_row->key_size = head[1];
	ret_row->size = (size_t)key_read_number(head + 2, 4);
	if (ret_row->table >= STORE_TABLES || ret_row->key_size > left - ROW_HEAD_SIZE ||
	    ret_row->size > left - ROW_HEAD_SIZE - ret_row->key_size)
		return TWINLOG_STORE_DAMAGED;
	ret_row->key = head + ROW_HEAD_SIZE;
	ret_row->value = ret_row->key + ret_row->key_size;
	*at += ROW_HEAD_SIZE + ret_row->key_size + ret_row->size;
	return TWINLOG_OK;
}
