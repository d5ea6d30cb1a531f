/* Importing a sheet, in windows of rows: read, look up what earlier imports made of them, put them on top of that,
 * submit. Memory is that of one window, whatever the size of the sheet. Knows sheet.h. DOMAIN, "Files people
 * exchange". */
#ifndef TWINLOG_IMPORT_H
#define TWINLOG_IMPORT_H

#include "arguments.h"
#include "cli.h"
#include "country.h"
#include "encoding.h"
#include "map.h"
#include "sheet.h"

struct import_counts {
	size_t rows;
	size_t fresh;
	size_t amended;
	size_t unchanged;
	size_t refused;
	size_t stubs;
};

/* Texts seen, each with how often. */
struct seen;
struct seen *seen_new(void); /* NULL: memory is out */
void seen_free(struct seen *seen);
/* *ret_before: how often it was there. The text is copied. */
enum twinlog_error seen_add(struct seen *seen, const void *text, size_t size, uint32_t *ret_before) TWINLOG_MUST_CHECK;

struct import {
	struct cli *cli;
	const char *text; /* UTF-8, as decoded */
	size_t text_size;
	char separator;
	bool workbook;          /* text was made of one */
	enum encoding encoding; /* that it was in */
	struct sheet sheet;
	struct map *map; /* NULL: the columns are known */
	struct places *places;
	struct countries *countries;
	struct hash space;
	const char *self; /* this city's id there */
	bool own;         /* --own */
	bool write;       /* else only look what would happen */
	FILE *errors;     /* where refused rows go; NULL: opened as errors_name with the first of them */
	const char *errors_name;
	struct import_counts counts;
	json_t *stubs;        /* the caller's: {"id", "name"} each */
	json_t *likely;       /* the caller's: {"line", "record", "title"} of new rows that may be known already */
	size_t looked;        /* of them; only the first IMPORT_LOOKED_MAX are looked for */
	bool told;            /* refused rows were, with the plan */
	bool nothing_to_meet; /* the space holds no activity yet */
};
#define IMPORT_LOOKED_MAX 2000u

/* import_open.c: the file's text, its layout, by the options given. What is read is import's, to be freed by
 * import_close. */
enum twinlog_error import_open(struct import *import, const struct cli_arguments *arguments) TWINLOG_MUST_CHECK;
void import_close(struct import *import);
/* Prints a map proposed for the text. Returns the exit code. */
int import_draft_map(struct import *import);
/* Whether there is a person to ask. */
bool import_asks(const struct cli_arguments *arguments);

/* All rows. Refused ones are counted and told; an error ends it where it stands: what was submitted before is in. */
enum twinlog_error import_run(struct import *import) TWINLOG_MUST_CHECK;

/* import_window.c: one window. */
struct import_entry {
	struct draft draft;
	ProtobufCBinaryData key;
	uint32_t nth;
	ProtobufCBinaryData record; /* the handle in hex that an exported row carries; or empty */
	const char *row;            /* as it stands in the sheet; NULL for a stub */
	size_t row_size;
	enum draft_change change;
	bool withdrawn;                   /* or erased since: a sheet does not bring it back */
	ProtobufCBinaryData handle, leaf; /* of the current statement; empty for a new record */
	bool refused;
	size_t rows; /* that it is made of */
};
/* Looks up, merges and (with import->write) submits entries of one kind. */
enum twinlog_error import_window(struct import *import, struct arena *arena, struct import_entry *entries,
				 size_t count) TWINLOG_MUST_CHECK;
/* import_likely.c: which new entries may be known under another name, into import->likely. */
enum twinlog_error import_likely(struct import *import, struct arena *arena, const struct import_entry *entries,
				 size_t count) TWINLOG_MUST_CHECK;
/* Counts a refused row, tells it, and puts it into the file of errors. */
enum twinlog_error import_refuse(struct import *import, struct import_entry *entry,
				 const struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
