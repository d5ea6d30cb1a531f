/* One file that holds a city's whole folder, the store as of one moment. Knows home.h and files.h.
 *
 *     store     as LMDB writes a compact copy, so that the file opens as a store where it lies
 *     files     for each: size of name (1 byte), name, size (4 bytes, big-endian), bytes
 *     trailer   "twinlog-backup 1", size of store, size of store and files (8 bytes each, big-endian), digest (32)
 *
 * The digest is h(n) of h(i) = H("backup", h(i-1), next 1 MiB of store and files), h(0) zero. The recovery file is not
 * among the files: it belongs in a safe. Whoever holds a backup can speak as the city. */
#ifndef TWINLOG_BACKUP_H
#define TWINLOG_BACKUP_H

#include <stdbool.h>

#include "store.h"

struct backup_parts {
	uint64_t store_size;
	uint64_t size; /* of store and files */
	bool keyless;  /* written where the key is no file of the folder (but a credential): it is not in there */
};

/* While a daemon runs or not. The file is whole or not there: NOT_EMPTY when there is one. */
enum twinlog_error backup_write(struct store *store, const char *dir, const char *path, store_progress progress,
				void *context, struct backup_parts *ret_parts,
				struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Reads all of it. NOT_A_BACKUP, BAD_HASH. */
enum twinlog_error backup_check(const char *path, store_progress progress, void *context,
				struct backup_parts *ret_parts, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Makes the folder, settings last; a new machine number. Checks the file first. Leaves a whole folder or none. */
enum twinlog_error backup_restore(const char *path, const char *dir, store_progress progress, void *context,
				  struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
