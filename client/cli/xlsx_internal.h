/* What the readers of a workbook's parts share. For xlsx_*.c only. */
#ifndef TWINLOG_XLSX_INTERNAL_H
#define TWINLOG_XLSX_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "edtf.h"
#include "xlsx_xml.h"
#include "xlsx_zip.h"

/* Bytes that grow, up to TWINLOG_SHEET_MAX. */
struct xlsx_text {
	char *bytes;
	size_t size, room;
};
enum twinlog_error xlsx_text_add(struct xlsx_text *text, const void *bytes, size_t size) TWINLOG_MUST_CHECK;

struct xlsx_look {
	enum edtf_precision precision; /* of the dates that it shows; EDTF_NONE: none */
	bool doubtful;                 /* the first of a month may mean the month */
};

/* What the cells of a sheet refer to. */
struct xlsx_book {
	bool from_1904;
	struct xlsx_text strings; /* the shared ones, one behind the other */
	size_t *ends;             /* of each in strings */
	size_t string_count, string_room;
	struct xlsx_look *looks; /* by cell style */
	size_t look_count, look_room;
};
void xlsx_book_clear(struct xlsx_book *book);
/* xlsx_parts.c: from xl/styles.xml and xl/sharedStrings.xml; a part NULL: the workbook has none. */
enum twinlog_error xlsx_book_styles(struct xlsx_book *book, struct xlsx_zip *zip, const char *part,
				    struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
enum twinlog_error xlsx_book_strings(struct xlsx_book *book, struct xlsx_zip *zip, const char *part,
				     struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* xlsx_rows.c: a sheet as comma separated values, added to out. */
enum twinlog_error xlsx_rows_read(const struct xlsx_book *book, struct xlsx_zip *zip, const char *part,
				  struct xlsx_text *out, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* A whole part through a reader. */
enum twinlog_error xlsx_part_read(struct xlsx_zip *zip, const char *part, const struct xlsx_reader *reader,
				  void *context, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* A list one longer, up to TWINLOG_XLSX_TABLES_MAX or max. */
enum twinlog_error xlsx_grow(void **list, size_t count, size_t *room, size_t size, size_t max) TWINLOG_MUST_CHECK;
/* A number without sign; fallback when text is NULL or something else. */
uint64_t xlsx_number(const char *text, uint64_t fallback);

#endif
