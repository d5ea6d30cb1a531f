/* Importing a sheet, in windows of rows: read, look up what earlier imports made of them, put them on top of that,
 * submit. Several windows are under way, so that the daemon works while the next rows are read. Memory is that of these
 * windows, whatever the size of the sheet. Knows sheet.h. DOMAIN, "Files people
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
	json_t *stubs;          /* the caller's: {"id", "name"} each */
	json_t *likely;         /* the caller's: {"line", "record", "title"} of new rows that may be known already */
	size_t looked;          /* of them; only the first IMPORT_LOOKED_MAX are looked for */
	bool told;              /* refused rows were, with the plan */
	bool nothing_to_meet;   /* the space holds no activity yet */
	struct flight *flights; /* requests that are not answered yet */
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
	ProtobufCBinaryData record;       /* the handle in hex that an exported row carries; or empty */
	const ProtobufCBinaryData *cells; /* of an exported row, a cell for each sheet_column */
	bool unread; /* an exported row that cannot be read, which does no harm as long as it says what was written */
	struct twinlog_fault fault; /* why not */
	const char *row;            /* as it stands in the sheet; NULL for a stub */
	size_t row_size;
	enum draft_change change;
	bool withdrawn;                   /* or erased since: a sheet does not bring it back */
	ProtobufCBinaryData handle, leaf; /* of the current statement; empty for a new record */
	bool refused;
	size_t rows; /* that it is made of */
};
/* A request under way. */
struct flight {
	uint64_t id;
	struct arena *arena;         /* of the reply */
	const Twinlog__Reply *reply; /* NULL: not yet */
	struct flight *next;
};
struct import_submit {
	struct flight flight;
	struct import_entry **entries; /* in the order of the operations */
	size_t count;
	struct import_submit *next;
};
/* Entries of one kind, and what is under way for them. */
struct import_part {
	struct import_entry *entries; /* room of the caller's */
	size_t count;
	Twinlog__ImportKey **keys;
	Twinlog__Activity **activities; /* that name a pair, in the order of that look-up */
	size_t named;
	struct flight pairs, found;    /* look-ups */
	struct import_submit *submits; /* the last one first */
};
enum { IMPORT_STUBS, IMPORT_ROWS, IMPORT_PARTS };
struct import_window {
	struct arena *arena;
	struct import_part parts[IMPORT_PARTS];
	size_t bytes; /* of its rows */
	bool asked, sent;
};
/* The steps of a window, each with an answer of the daemon between: asks what is known of its entries; merges them with
 * it and (with import->write) submits them; takes the answers, refuses and counts. Each does what is left of the steps
 * before, but asking. */
enum twinlog_error import_window_ask(struct import *import, struct import_window *window) TWINLOG_MUST_CHECK;
enum twinlog_error import_window_send(struct import *import, struct import_window *window) TWINLOG_MUST_CHECK;
enum twinlog_error import_window_land(struct import *import, struct import_window *window) TWINLOG_MUST_CHECK;
/* Empties it for other rows. */
void import_window_clear(struct import *import, struct import_window *window);

/* import_exported.c: a row that export wrote. *ret_known: its record is known in the space, and the row is about that
 * one, whoever opened it: compared with the version that it was written from, and what was edited put on top of this
 * city's own statement. It is refused when that version is no longer to be had, or the city has no statement. */
enum twinlog_error import_exported(struct import *import, struct arena *arena, struct import_entry *entry,
				   bool *ret_known) TWINLOG_MUST_CHECK;

/* import_flight.c: requests that are not waited for at once. The flight is the caller's and stays where it is until
 * flight_end, which accepts one that was never sent. */
enum twinlog_error flight_send(struct import *import, Twinlog__Request *request,
			       struct flight *flight) TWINLOG_MUST_CHECK;
/* flight->reply is there then; a fault in it becomes the result. */
enum twinlog_error flight_wait(struct import *import, struct flight *flight) TWINLOG_MUST_CHECK;
void flight_end(struct import *import, struct flight *flight);

/* import_likely.c: which new entries may be known under another name, into import->likely. */
enum twinlog_error import_likely(struct import *import, struct arena *arena, const struct import_entry *entries,
				 size_t count) TWINLOG_MUST_CHECK;
/* Counts a refused row, tells it, and puts it into the file of errors. */
enum twinlog_error import_refuse(struct import *import, struct import_entry *entry,
				 const struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
