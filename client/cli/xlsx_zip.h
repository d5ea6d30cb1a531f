/* The container that a workbook is: parts with names, packed. The door to libzip. Knows error.h and limits.h.
 *
 * What comes out is capped while it comes: by part count, by bytes of all parts together, and by how much one part
 * unfolds, so that a bomb costs no more than its first megabytes. */
#ifndef TWINLOG_XLSX_ZIP_H
#define TWINLOG_XLSX_ZIP_H

#include <stddef.h>

#include "twinlog/error.h"
#include "twinlog/limits.h"

struct xlsx_zip;

/* bytes stay the caller's and unchanged until xlsx_zip_close. TWINLOG_NOT_A_WORKBOOK, TWINLOG_TOO_MANY. */
enum twinlog_error xlsx_zip_open(const void *bytes, size_t size, struct xlsx_zip **ret_zip,
				 struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
void xlsx_zip_close(struct xlsx_zip *zip); /* accepts NULL */

/* Gives a part to take, piece by piece; an error of take ends it and is the answer. TWINLOG_NOT_FOUND: no such part.
 * TWINLOG_TOO_LARGE: it unfolds into too much. TWINLOG_NOT_A_WORKBOOK: damaged, encrypted. */
enum twinlog_error xlsx_zip_read(struct xlsx_zip *zip, const char *part,
				 enum twinlog_error (*take)(void *context, const char *bytes, size_t size),
				 void *context, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
