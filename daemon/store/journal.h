/* The journal in front of LMDB: a preallocated file in which a commit is one write and one sync, where LMDB's own takes
 * two. Nothing else of the store includes a file of that name.
 *
 * Records stand one behind the other, each on blocks of its own, so that a write that is torn cannot touch the record
 * before it (block = 4096 bytes, what is left of the last one is zero):
 *
 *     magic 8 | token 16 | number 4 | size of the rows 4 | H("journal", all of the above, rows) 32 | rows
 *     row: table 1 | size of the key 1 | size of the value 4 | key | value
 *
 * The token is drawn anew with each commit of LMDB that takes in what the journal holds, and is kept in LMDB (meta,
 * "journal") by that same commit: so records are valid exactly as long as LMDB does not hold their rows. Numbers count
 * from 0 within a token. Each record is synced before the next is begun; so the one that a crash cut off is the last,
 * and a record that does not verify in front of one that does is damage. */
#ifndef TWINLOG_STORE_JOURNAL_H
#define TWINLOG_STORE_JOURNAL_H

#include <stddef.h>

#include "ids.h"
#include "twinlog/error.h"

#define JOURNAL_FILE       "journal"
#define JOURNAL_BLOCK      4096u
#define JOURNAL_SIZE       (256u * JOURNAL_BLOCK)
#define JOURNAL_HEAD_SIZE  64u
#define JOURNAL_TOKEN_SIZE 16u

struct journal_token {
	uint8_t bytes[JOURNAL_TOKEN_SIZE];
};
struct journal_token journal_token_draw(void);
bool journal_token_equal(const struct journal_token *one, const struct journal_token *other);

/* A record that is being filled. */
struct journal_record {
	uint8_t *bytes; /* from the head on */
	size_t size, capacity;
};
/* One row at its end. value comes in two parts, either may be empty. TOO_LARGE: no journal takes it; NO_MEMORY. On
 * failure the record is as it was. */
enum twinlog_error journal_record_add(struct journal_record *record, uint8_t table, const void *key, size_t key_size,
				      const void *first, size_t first_size, const void *second,
				      size_t second_size) TWINLOG_MUST_CHECK;
bool journal_record_empty(const struct journal_record *record);

struct journal {
	int fd;
	struct journal_token token;
	uint32_t number; /* of the next record */
	size_t at;       /* where it goes */
};
/* Opens the file in the folder for writing, makes it (or what a crash left of it) as long as it has to be. */
enum twinlog_error journal_open(struct journal *journal, const char *dir) TWINLOG_MUST_CHECK;
void journal_close(struct journal *journal);
bool journal_takes(const struct journal *journal, const struct journal_record *record);
/* Writes the head, and zeros behind; returns the size in whole blocks. */
size_t journal_seal(struct journal_record *record, const struct journal_token *token, uint32_t number);
/* Durable when it answers OK. After any other answer nothing more may be appended. */
enum twinlog_error journal_append(struct journal *journal, struct journal_record *record) TWINLOG_MUST_CHECK;
/* From now on records are those of this token, from the beginning of the file. */
void journal_turn(struct journal *journal, const struct journal_token *token);
/* Leaves nothing in the file of what it held. Only after what it holds is in LMDB. */
enum twinlog_error journal_wipe(struct journal *journal) TWINLOG_MUST_CHECK;

/* What a journal holds. */
struct journal_bytes {
	uint8_t *bytes; /* owned; NULL when there is nothing */
	size_t size;    /* up to the end of the last valid record */
	bool used;      /* whether the file held anything at all, also of other tokens */
};
/* Reads the records of a token from a file, beginning at offset, at most size bytes. STORE_DAMAGED: a record of that
 * token does not verify and one behind it does. */
enum twinlog_error journal_read(int fd, uint64_t offset, uint64_t size, const struct journal_token *token,
				struct journal_bytes *ret_held) TWINLOG_MUST_CHECK;
/* The rows of the record at *at, and moves it on; false behind the last one. Begin with *at = 0. */
bool journal_next(const struct journal_bytes *held, size_t *at, const uint8_t **ret_rows, size_t *ret_size);

struct journal_row {
	uint8_t table;
	const uint8_t *key, *value; /* borrowed */
	size_t key_size, size;
};
/* The same with the rows of one record: MISSING behind the last one, STORE_DAMAGED when they do not add up. */
enum twinlog_error journal_row_next(const uint8_t *rows, size_t size, size_t *at,
				    struct journal_row *ret_row) TWINLOG_MUST_CHECK;

#endif
