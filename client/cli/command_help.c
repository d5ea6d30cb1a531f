/* help: all commands; for programs the whole table. */
#include "arguments.h"
#include "commands.h"

static const struct cli_option help_options[] = {
    {"machine", 0, NULL, N_("the table of commands and options, for programs"), false},
    {0},
};

static int help_run(struct cli *cli, const struct cli_arguments *arguments)
{
	(void)cli;
	if (cli_given(arguments, "machine")) {
		help_print_machine(stdout);
		return 0;
	}
	help_print(stdout, NULL);
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
