#include <string.h>

#include "arguments.h"

#define HELP_INDENT 30

/* gettext("") would answer with the head of the catalogue. */
static const char *translated(const char *text)
{
	return text && *text ? gettext(text) : "";
}

static void pad(FILE *out, size_t used, size_t until)
{
	fprintf(out, "%*s", used < until ? (int)(until - used) : 1, "");
}

static void print_option(FILE *out, const struct cli_option *option)
{
	const char *argument = translated(option->argument);
	char name[160];
	char letter[8] = "   ";
	size_t width;

	if (option->letter)
		snprintf(letter, sizeof letter, "-%c,", option->letter);
	snprintf(name, sizeof name, "  %s --%s%s%s%s", letter, option->name, option->argument ? " " : "", argument,
		 option->repeats ? "…" : "");
	width = text_width(name, strlen(name));
	fputs(name, out);
	if (width >= HELP_INDENT) {
		fputc('\n', out);
		width = 0;
	}
	pad(out, width, HELP_INDENT);
	fprintf(out, "%s\n", translated(option->help));
}

static void print_options(FILE *out, const char *title, const struct cli_option *options)
{
	if (!options || !options->name)
		return;
	fprintf(out, "\n%s\n", title);
	for (; options->name; options++)
		print_option(out, options);
}

static void print_command(FILE *out, const struct cli_command *command)
{
	fprintf(out, "%s twinlog %s%s%s%s\n\n%s\n", _("Usage:"), command->name, command->options ? _(" [OPTION]…") : "",
		*command->operands ? " " : "", translated(command->operands), translated(command->summary));
	if (*command->description)
		fprintf(out, "\n%s\n", translated(command->description));
	print_options(out, _("Options:"), command->options);
	print_options(out, command->more == cli_filter_options ? _("Filters:") : _("Fields:"), command->more);
	print_options(out, _("Options of every command:"), cli_global_options);
}

void help_print(FILE *out, const struct cli_command *command)
{
	if (command) {
		print_command(out, command);
		return;
	}
	fprintf(out, "%s\n\n%s\n", _("Usage: twinlog [-D DIR] COMMAND [OPTION]… [OPERAND]…"),
		_("The shared log of twin cities: what your city says, what its partners say, side by side."));
	fprintf(out, "\n%s\n", _("Commands:"));
	for (size_t i = 0; cli_commands[i]; i++) {
		fprintf(out, "  %s", cli_commands[i]->name);
		pad(out, strlen(cli_commands[i]->name) + 2, 18);
		fprintf(out, "%s\n", translated(cli_commands[i]->summary));
	}
	print_options(out, _("Options of every command:"), cli_global_options);
	fprintf(
	    out, "\n%s\n",
	    _("A record may be named by any unique beginning of its id, a city by its id or any of its names.\n"
	      "Exit codes: 0 done, 1 failed, 2 wrong usage, 3 refused by validation, 4 not permitted, 5 daemon not\n"
	      "reachable, 6 stale edit or ambiguous name, 7 done, but waited in vain."));
}

/* ---- For programs ---- */

static void print_escaped(FILE *out, const char *text)
{
	fputc('\t', out);
	for (; *text; text++) {
		if (*text == '\n')
			fputs("\\n", out);
		else if (*text == '\t')
			fputc(' ', out);
		else
			fputc(*text, out);
	}
}

static void machine_options(FILE *out, const char *command, const struct cli_option *options)
{
	for (; options && options->name; options++) {
		fprintf(out, "option\t%s\t%s\t%.1s", command, options->name, &options->letter);
		print_escaped(out, translated(options->argument));
		print_escaped(out, translated(options->help));
		fputc('\n', out);
	}
}

void help_print_machine(FILE *out)
{
	machine_options(out, "", cli_global_options);
	for (size_t i = 0; cli_commands[i]; i++) {
		const struct cli_command *command = cli_commands[i];

		fprintf(out, "command\t%s", command->name);
		print_escaped(out, translated(command->operands));
		print_escaped(out, translated(command->summary));
		print_escaped(out, translated(command->description));
		fputc('\n', out);
		machine_options(out, command->name, command->options);
		machine_options(out, command->name, command->more);
	}
}
