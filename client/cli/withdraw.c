#include "commands.h"
#include "log.pb-c.h"
#include "write.h"

static int run_withdraw(struct cli *cli, const struct cli_arguments *arguments)
{
	const char *note = cli_option(arguments, "note");
	Twinlog__Body *body = arena_zalloc(cli->arena, sizeof *body);
	Twinlog__SubmitOperation *operation;
	Twinlog__Record *record;

	if (!body)
		return cli_refuse(cli, TWINLOG_NO_MEMORY, NULL, NULL);
	twinlog__body__init(body);
	if (note)
		body->note = codec_string(note);
	if (cli_show(cli, cli_operand(arguments, 0), false, &record) != TWINLOG_OK ||
	    submission_on_record(cli->arena, twinlog_office(cli->twinlog), TWINLOG__OPERATION__OPERATION_WITHDRAWAL,
				 record, body, &operation, &cli->fault) != TWINLOG_OK)
		return cli_fail(cli);
	return write_one(cli, arguments, record, operation, NULL);
}

static const struct cli_option options[] = {
    {"note", 0, N_("TEXT"), N_("why, for the partner"), false},
    WRITE_OPTIONS,
    {0},
};

const struct cli_command command_withdraw = {
    .name = "withdraw",
    .operands = N_("ID"),
    .least = 1,
    .most = 1,
    .summary = N_("take back what your city said about a record"),
    .description = N_("The statement stays readable in the history; it no longer counts."),
    .options = options,
    .run = run_withdraw,
};
