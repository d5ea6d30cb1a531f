/* The command line: what the commands share. Each command is one file with its options and its run function; the table
 * in commands.c lists them all and is what --help, the man pages and the completion are made from.
 *
 * A command returns its exit code (error.h). Results go to stdout, everything else to stderr, one line an error:
 * "twinlog: where: 'value': text". Texts for people are in English here, marked with _() or N_(), and translated by
 * gettext (client/po). */
#ifndef TWINLOG_CLI_H
#define TWINLOG_CLI_H

#include <libintl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "codelist.h"
#include "connection.h"
#include "json.h"
#include "places.h"
#include "text.h"

#define _(text)  gettext(text)
#define N_(text) text /* marked for translation, translated where it is shown */

/* ---- Commands and options (commands.c, arguments.c) ---- */

struct cli;
struct cli_arguments;

struct cli_option {
	const char *name;     /* without the two dashes */
	char letter;          /* 0: none */
	const char *argument; /* N_() name of its value for the help; NULL: takes none */
	const char *help;     /* N_() */
	bool repeats;
};

struct cli_command {
	const char *name;                 /* "submit", "peer add" */
	const char *operands;             /* N_() "FILE"; "" when it takes none */
	size_t least, most;               /* how many operands */
	const char *summary;              /* N_() one line, no full stop */
	const char *description;          /* N_() paragraphs for --help; "" when the summary says all */
	const struct cli_option *options; /* ends with a nameless one; NULL: none */
	const struct cli_option *more;    /* a second list shared by several commands (cli_filter_options); or NULL */
	bool offline;                     /* works without a daemon folder */
	int (*run)(struct cli *cli, const struct cli_arguments *arguments);
};

extern const struct cli_command *const cli_commands[]; /* ends with NULL */
extern const struct cli_option cli_global_options[];   /* of every command: help, lang, format, json, dir */
extern const struct cli_option cli_filter_options[];   /* of list, export, inbox: see cli_filter */

/* What was given. NULL when the option was not; for options without value, "". */
const char *cli_option(const struct cli_arguments *arguments, const char *name);
bool cli_given(const struct cli_arguments *arguments, const char *name);
/* Of a repeated option the index-th value, in order; NULL past the last. */
const char *cli_option_at(const struct cli_arguments *arguments, const char *name, size_t index);
size_t cli_operands(const struct cli_arguments *arguments);
const char *cli_operand(const struct cli_arguments *arguments, size_t index); /* NULL past the last */
/* A number option in its range, fallback when not given. */
enum twinlog_error cli_number(const struct cli_arguments *arguments, const char *name, uint64_t least, uint64_t most,
			      uint64_t fallback, uint64_t *ret_number, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* A span of time: 90 (seconds), 500ms, 90s, 10m, 2h, 3d. */
enum twinlog_error cli_duration(const char *text, uint64_t *ret_ms) TWINLOG_MUST_CHECK;

/* ---- One run ---- */

enum cli_format { FORMAT_TABLE, FORMAT_JSON, FORMAT_JSONL, FORMAT_CSV };

struct cli {
	const struct cli_command *command;
	const char *folder;     /* -D or $TWINLOG_DIR; NULL */
	enum cli_format format; /* FORMAT_TABLE unless asked otherwise */
	enum language language; /* of labels and messages */
	uint32_t timeout_ms;    /* --timeout; 0: not given */
	bool progress;          /* stderr is a terminal */
	bool progress_shown;
	struct arena *arena;        /* for everything of this run */
	struct twinlog *twinlog;    /* after cli_connect */
	struct twinlog_fault fault; /* for the callee to fill, for cli_fail to show */
	struct places *places;      /* cli_places */
	const char *hint;           /* more lines for stderr below the fault, such as the candidates of a name */
	const char *known;          /* the codes that there are, for the fault of one that is none */
	Twinlog__Spaces *spaces;    /* cli_spaces */
	Twinlog__Peers *peers;      /* cli_peers */
};

/* Parses argv and runs the command. */
int cli_main(int argc, char **argv);

/* Opens the connection of the folder, once. */
enum twinlog_error cli_connect(struct cli *cli) TWINLOG_MUST_CHECK;
/* twinlog_call with the run's arena and fault. */
enum twinlog_error cli_call(struct cli *cli, Twinlog__Request *request, Twinlog__Reply **ret_reply) TWINLOG_MUST_CHECK;
/* Prints cli->fault as one line to stderr and returns its exit code. */
int cli_fail(struct cli *cli);
/* What cli_fail adds to a BAD_CODE: the codes that there are. */
void cli_known_codes(struct cli *cli, const enum codelist *lists, size_t count);
/* cli_fail for a fault made on the spot. */
int cli_refuse(struct cli *cli, enum twinlog_error code, const char *where, const char *value);
/* Writes "twinlog: where: 'value': text" for a fault, in the user's language, with its line feed. */
void cli_fault_print(FILE *out, const struct twinlog_fault *fault);
/* "twinlog: text", a hint and no error. */
void cli_note(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Progress on one line of a terminal's stderr; nothing elsewhere. cli_progress_end wipes it. */
void cli_progress(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cli_progress_end(struct cli *cli);
/* A whole file, or stdin for "-": malloc'd, NUL-terminated, at most max bytes. */
enum twinlog_error cli_read_file(const char *name, size_t max, char **ret_text, size_t *ret_size,
				 struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* ---- Names (names.c) ---- */

/* The built-in places and those of the city records that the daemon knows (when connected), once. */
enum twinlog_error cli_places(struct cli *cli, struct places **ret_places) TWINLOG_MUST_CHECK;
/* Those of one space alone (NULL: of all), beside the built-in ones; the caller's. */
enum twinlog_error cli_places_of(struct cli *cli, const struct hash *space,
				 struct places **ret_places) TWINLOG_MUST_CHECK;
/* A city by id or any name. Several: the candidates go to stderr, one a line, and TWINLOG_AMBIGUOUS_CITY. For
 * struct json_cities too, with the cli as context. */
enum twinlog_error cli_city(void *cli, const char *name, size_t size, char ret_id[TWINLOG_CITY_ID_MAX + 1],
			    struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
struct json_cities cli_json_cities(struct cli *cli);
/* How a city is called in the user's language; its id when nobody knows. Lives as long as the cli. */
const char *cli_city_name(struct cli *cli, ProtobufCBinaryData city_id);
/* A country for a filter (regions.c): its code in any case, or its name in English, Chinese or Korean; *ret_code lives
 * as long as the cli. TWINLOG_BAD_CODE with cli->known when there is none. */
enum twinlog_error cli_country(struct cli *cli, const char *text, ProtobufCBinaryData *ret_code) TWINLOG_MUST_CHECK;
/* A subdivision that some place lies in (cli_places), by its ISO 3166-2 code in any case; likewise. */
enum twinlog_error cli_subdivision(struct cli *cli, const char *text, ProtobufCBinaryData *ret_code) TWINLOG_MUST_CHECK;
/* A space by the beginning of its id or by its title. TWINLOG_AMBIGUOUS, TWINLOG_NOT_FOUND. */
enum twinlog_error cli_space(struct cli *cli, const char *name, struct hash *ret_space) TWINLOG_MUST_CHECK;
enum twinlog_error cli_spaces(struct cli *cli, Twinlog__Spaces **ret_spaces) TWINLOG_MUST_CHECK;
/* This city's card; the run's. */
enum twinlog_error cli_card(struct cli *cli, const Twinlog__CardIs **ret_card) TWINLOG_MUST_CHECK;
/* A partner by the beginning of its identity, by its city id or by a name. */
enum twinlog_error cli_peer(struct cli *cli, const char *name, const Twinlog__PeerInfo **ret_peer) TWINLOG_MUST_CHECK;
/* A record id or its beginning, for requests. */
enum twinlog_error cli_record_name(struct cli *cli, const char *text, Twinlog__RecordName *ret_name) TWINLOG_MUST_CHECK;
/* Asks for one record. */
enum twinlog_error cli_show(struct cli *cli, const char *id, bool history,
			    Twinlog__Record **ret_record) TWINLOG_MUST_CHECK;
/* The statement that speaks for a record: the lead, or the first there is; NULL when nobody gives values. */
const Twinlog__Version *cli_lead(const Twinlog__Record *record);
const Twinlog__Body *cli_lead_body(struct cli *cli, const Twinlog__Record *record);
/* What a list shows of the body that speaks for a record, NULL: "" (record_cells.c): its date, its cities, and a title
 * or else what it is. */
const char *cli_record_date(struct cli *cli, const Twinlog__Body *body);
const char *cli_record_cities(struct cli *cli, const Twinlog__Body *body);
const char *cli_record_what(struct cli *cli, const Twinlog__Body *body);
/* Where a text stands in what a record says, with the words around it and marks at it; "" when nowhere (found.c). */
const char *cli_found(struct cli *cli, const Twinlog__Record *record, const char *text);
/* The options of cli_filter_options as a filter, in the run's arena. */
enum twinlog_error cli_filter(struct cli *cli, const struct cli_arguments *arguments,
			      Twinlog__Filter *ret_filter) TWINLOG_MUST_CHECK;

/* ---- Showing (table.c, show_text.c, locale.c) ---- */

/* Rows with a head, printed as the format asks: a table that is aligned also for wide characters, CSV (RFC 4180,
 * CRLF), or JSON Lines. Texts are copied. In JSON the keys are the ids of the columns. */
struct table;
struct table_column {
	const char *id;    /* "city", for CSV heads and JSON keys */
	const char *label; /* N_() for people */
	bool right;        /* numbers */
	bool wraps;        /* the column that gives way on a narrow terminal */
};
struct table *table_new(const struct table_column *columns, size_t count); /* NULL: memory is out */
enum twinlog_error table_row(struct table *table, const char *const *cells) TWINLOG_MUST_CHECK; /* NULL cell: empty */
size_t table_rows(const struct table *table);
void table_without_head(struct table *table); /* it goes on with one printed before */
/* width: columns to fill at most; 0: those of the terminal, or unlimited when stdout is none. */
enum twinlog_error table_print(const struct table *table, enum cli_format format, size_t width,
			       FILE *out) TWINLOG_MUST_CHECK;
void table_free(struct table *table); /* accepts NULL */

/* Prints JSON in the format of the run (indented or one line) with a line feed, and frees it. Returns the exit code. */
int cli_print_json(struct cli *cli, json_t *json);

/* Texts in the run's arena, "" when memory is out. */
const char *cli_text(struct cli *cli, ProtobufCBinaryData bytes); /* safe for a terminal: no control characters */
/* After a request that makes an act: where it waits for a second signature, writes it into a file and says so. The exit
 * code; *ret_handed_out (may be NULL): nothing has happened to the space yet. */
int cli_act_done(struct cli *cli, const Twinlog__Reply *reply, bool *ret_handed_out);
/* Of an identity; "" when it is none. */
const char *cli_fingerprint(struct cli *cli, ProtobufCBinaryData identity);
const char *cli_hex(struct cli *cli, ProtobufCBinaryData bytes, size_t digits); /* the first digits; 0: all */
const char *cli_printf(struct cli *cli, const char *format, ...) __attribute__((format(printf, 2, 3)));
const char *cli_time(struct cli *cli, uint64_t unix_ms); /* in the local time zone; "" for 0 */
const char *cli_span(struct cli *cli, uint64_t span_ms); /* "3 d 4 h", "12 min", "0 s" */
const char *cli_size(struct cli *cli, uint64_t bytes);   /* "1.4 GiB" */
const char *cli_code(struct cli *cli, enum codelist list, ProtobufCBinaryData code); /* its label, or the code */
/* A field of a body's content for people: labels, names of cities, several values one a line. */
const char *cli_field_text(struct cli *cli, const ProtobufCMessage *content, const ProtobufCFieldDescriptor *field);
const char *cli_field_label(const char *name); /* of a JSON field name, translated */
const char *cli_state_label(uint32_t state);
const char *cli_kind_label(uint32_t kind);
const char *cli_standing_label(uint32_t standing);
const char *cli_operation_label(uint32_t operation);
const char *cli_membership_label(uint32_t standing);
const char *cli_link_label(uint32_t link);
/* A title in the user's language or else the first; "" when there is none. */
const char *cli_title(struct cli *cli, const Twinlog__Body *body);
const char *language_tag(enum language language); /* "en", "zh", "ko" */

/* Sets the locale so that wide characters work also under C and POSIX, and messages come in the language asked for
 * (NULL: the locale's). TWINLOG_USAGE for a language that is not en, zh or ko. */
enum twinlog_error cli_locale(const char *language, enum language *ret_language) TWINLOG_MUST_CHECK;

#endif
