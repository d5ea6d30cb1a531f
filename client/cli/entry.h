/* What a clerk enters: from flags, from files, from stdin, to JSON objects and on to bodies. */
#ifndef TWINLOG_ENTRY_H
#define TWINLOG_ENTRY_H

#include "cli.h"

/* The options that name fields: --start, --city, --set … */
extern const struct cli_option cli_entry_options[];

/* The object that the field options make; *ret_object is the caller's, NULL when none was given. */
enum twinlog_error entry_from_options(struct cli *cli, const struct cli_arguments *arguments,
				      json_t **ret_object) TWINLOG_MUST_CHECK;

/* Turns the direction "outbound" (from this city to the first other that takes part) or "inbound" into FROM>TO. */
enum twinlog_error entry_direction(struct cli *cli, struct json_entry *entry,
				   struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Changes to one record: the field options, else the file named by operand number `operand`, else what stdin holds when
 * it is no terminal. *ret_object: the caller's; NULL when there is nothing. */
enum twinlog_error entry_changes(struct cli *cli, const struct cli_arguments *arguments, size_t operand,
				 json_t **ret_object) TWINLOG_MUST_CHECK;

/* Walks the records of a text: one JSON object, an array of them, or JSON Lines. Each is the callee's to look at
 * only. line: where it begins. A text that does not parse is told with object NULL and its fault; the walk goes on
 * behind the line. */
typedef enum twinlog_error entry_visit(void *context, const json_t *object, size_t line,
				       const struct twinlog_fault *fault);
enum twinlog_error entry_walk(const char *text, size_t size, entry_visit *visit, void *context) TWINLOG_MUST_CHECK;

#endif
