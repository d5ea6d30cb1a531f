/* The command line taken apart, by the tables of the commands. Pure. */
#ifndef TWINLOG_ARGUMENTS_H
#define TWINLOG_ARGUMENTS_H

#include "cli.h"

struct cli_arguments {
	const struct cli_command *command; /* NULL: none was named */
	struct {
		const struct cli_option *option;
		const char *value;
	} * given;
	size_t given_count;
	const char **operands;
	size_t operands_count;
};

/* Options may stand anywhere, also before the command; "--" ends them. argv[0] is skipped. Into arena; values point
 * into argv. TWINLOG_USAGE with the word that nobody knows. */
enum twinlog_error arguments_parse(struct arena *arena, int argc, char *const *argv,
				   struct cli_arguments *ret_arguments, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

const struct cli_command *command_find(const char *name);

/* What the command says of itself (help.c). NULL: the list of all commands. */
void help_print(FILE *out, const struct cli_command *command);
/* Tab-separated lines for the makers of man pages and completion: "command NAME OPERANDS SUMMARY DESCRIPTION" and
 * "option COMMAND NAME LETTER ARGUMENT HELP"; line feeds within a text are written \n. */
void help_print_machine(FILE *out);

#endif
