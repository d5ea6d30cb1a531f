/* Workbooks of Excel (ECMA-376, .xlsx) read into the comma separated values that csv.h reads: one door for all sheets,
 * whatever they came in. Knows xlsx_zip.h, xlsx_xml.h, xlsx_date.h.
 *
 * Line N is row N of the sheet: rows without content are empty lines, so a line that is refused is found in Excel. A
 * cell is what it shows: a date as its format shows it (2018-11 where no day is shown), a number in full, the last
 * value of a formula, text without its phonetic guide. A cell merged downwards stands in each of its rows. */
#ifndef TWINLOG_XLSX_READ_H
#define TWINLOG_XLSX_READ_H

#include <stdbool.h>
#include <stddef.h>

#include "twinlog/error.h"

/* Begins like a container, or like a workbook of before 2007. */
bool xlsx_is(const void *bytes, size_t size);
/* sheet NULL: the first that is shown. *ret_text is malloc'd UTF-8, NUL-terminated. TWINLOG_NOT_FOUND: no sheet of that
 * name; the fault names those there are. */
enum twinlog_error xlsx_read(const void *bytes, size_t size, const char *sheet, char **ret_text, size_t *ret_size,
			     struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
