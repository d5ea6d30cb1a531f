/* Small files of the daemon's folder: read whole, written whole or not at all. Knows seal (to wipe secrets). */
#ifndef TWINLOG_FILES_H
#define TWINLOG_FILES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include "twinlog/error.h"

#define FILES_PATH_MAX 4096
#define FILES_SIZE_MAX (1024u * 1024) /* what is read whole */

/* dir/name; name alone when it begins with a slash. TOO_LONG. */
enum twinlog_error files_join(char out[FILES_PATH_MAX], const char *dir, const char *name,
			      struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* The whole file with a NUL behind it; *ret_bytes is the caller's, to free with files_free. secret: refuses one that
 * others may read (NOT_PERMITTED). MISSING, TOO_LARGE, IO, NO_MEMORY. */
enum twinlog_error files_read(const char *path, bool secret, char **ret_bytes, size_t *ret_size,
			      struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Wipes, then frees; accepts NULL. */
void files_free(char *bytes, size_t size);

/* The file has either its old content or the new one, whenever the power fails: written beside, synced, renamed,
 * the folder synced. */
enum twinlog_error files_write(const char *path, mode_t mode, const void *bytes, size_t size,
			       struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Makes a folder for the owner alone. An empty one that is there is taken, another is NOT_EMPTY. */
enum twinlog_error files_make_dir(const char *path, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
enum twinlog_error files_sync_dir(const char *path, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* ---- Files of `key = value` lines; '#' begins a line that is a comment ---- */

struct files_line {
	const char *file; /* its name, for faults */
	unsigned number;  /* from 1 */
	const char *key;
	const char *value; /* without blanks around it, may be empty */
};
typedef enum twinlog_error (*files_take)(void *context, const struct files_line *line, struct twinlog_fault *fault);

/* Calls take for each line that says something, in order; stops at the first that is not OK. text is written to, and
 * lives on: keys and values point into it. INVALID for a line without '=' or without key. */
enum twinlog_error files_lines(const char *file, char *text, size_t size, files_take take, void *context,
			       struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* A fault at that line: "twinlogd.conf:3". */
enum twinlog_error files_line_fault(const struct files_line *line, enum twinlog_error code, const char *value,
				    struct twinlog_fault *fault);

#endif
