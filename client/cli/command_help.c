/* help: one command's text, or all commands; for scripts the whole table. */
#include <string.h>

#include "arguments.h"
#include "commands.h"

static const struct cli_option help_options[] = {
    {"machine", 0, NULL, N_("the table of commands and options, for programs"), false},
    {0},
};

static void options_list(const char *command, const struct cli_option *options)
{
	for (; options && options->name; options++)
		printf("option\t%s\t--%s\t%s\t%s\n", command, options->name, options->argument ? options->argument : "",
		       options->help);
}

static void table_list(void)
{
	options_list("", cli_global_options);
	for (size_t i = 0; cli_commands[i]; i++) {
		const struct cli_command *command = cli_commands[i];
		printf("command\t%s\t%s\t%s\n", command->name, command->operands, command->summary);
		options_list(command->name, command->options);
		options_list(command->name, command->more);
	}
}

static int help_run(struct cli *cli, const struct cli_arguments *arguments)
{
	(void)cli;
	if (cli_given(arguments, "machine")) {
		table_list();
		return 0;
	}
	for (size_t i = 0; cli_commands[i]; i++)
		printf("  %-16s %-26s %s\n", cli_commands[i]->name, gettext(cli_commands[i]->operands),
		       gettext(cli_commands[i]->summary));
	return 0;
}

const struct cli_command command_help = {
    .name = "help",
    .operands = "",
    .summary = N_("list all commands"),
    .description = "",
    .options = help_options,
    .offline = true,
    .run = help_run,
};
