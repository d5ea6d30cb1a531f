#include <string.h>

#include "commands.h"
#include "entry.h"
#include "log.pb-c.h"
#include "write.h"

static enum twinlog_error find_partner(struct cli *cli, const struct cli_arguments *arguments,
				       const Twinlog__Record *record, const Twinlog__Side **ret_side)
{
	const char *with = cli_option(arguments, "with");
	char city_id[TWINLOG_CITY_ID_MAX + 1];
	enum twinlog_error error;

	if (with) {
		error = cli_city(cli, with, strlen(with), city_id, &cli->fault);
		if (error)
			return error;
	}
	*ret_side = partner_side(record, with ? city_id : NULL);
	if (!*ret_side)
		return twinlog_fault_set(&cli->fault, TWINLOG_NOT_FOUND, N_("a partner's statement to answer"), with);
	return TWINLOG_OK;
}

/* Our own values: what we said before, or the partner's facts, with the changes on top. */
static enum twinlog_error own_values(struct cli *cli, const struct cli_arguments *arguments,
				     const Twinlog__Record *record, const Twinlog__Side *partner, json_t *changes,
				     Twinlog__SubmitOperation **ret_operation)
{
	const Twinlog__Side *own = own_side(record);
	const Twinlog__Body *said = own ? version_body(cli->arena, own->word) : NULL;
	const Twinlog__Body *theirs = version_body(cli->arena, partner->word);
	struct json_cities cities = cli_json_cities(cli);
	struct json_entry entry;
	enum twinlog_error error;

	if ((!said || !body_content(said)) && theirs)
		said = facts_of(cli->arena, record->kind, theirs);
	error = json_read_entry(cli->arena, changes, record->kind, said, &cities, &entry, &cli->fault);
	if (!error)
		error = entry_direction(cli, &entry, &cli->fault);
	if (error)
		return error;
	if (cli_option(arguments, "note"))
		entry.body->note = codec_string(cli_option(arguments, "note"));
	error = submission_token(cli->arena, entry.body);
	if (error)
		return twinlog_fault_set(&cli->fault, error, NULL, NULL);
	error = submission_on_record(cli->arena, twinlog_office(cli->twinlog), TWINLOG__OPERATION__OPERATION_STATEMENT,
				     record, entry.body, ret_operation, &cli->fault);
	if (!error && own && own->word)
		(*ret_operation)->based_on = own->word->leaf;
	return error;
}

static enum twinlog_error plain_answer(struct cli *cli, const struct cli_arguments *arguments, uint32_t operation,
				       const Twinlog__Record *record, Twinlog__SubmitOperation **ret_operation)
{
	const char *note = cli_option(arguments, "note");
	const char *office = cli_option(arguments, "office");
	Twinlog__Body *body = arena_zalloc(cli->arena, sizeof *body);

	if (!body)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	twinlog__body__init(body);
	if (note)
		body->note = codec_string(note);
	return submission_on_record(cli->arena, office ? office : twinlog_office(cli->twinlog), operation, record, body,
				    ret_operation, &cli->fault);
}

static enum twinlog_error own_answer(struct cli *cli, const struct cli_arguments *arguments,
				     const Twinlog__Record *record, const Twinlog__Side *partner,
				     Twinlog__SubmitOperation **ret_operation)
{
	json_t *changes = NULL;
	enum twinlog_error error = entry_changes(cli, arguments, 2, &changes);

	if (!error && !changes)
		error = twinlog_fault_set(&cli->fault, TWINLOG_USAGE, N_("say what differs"), NULL);
	if (!error)
		error = own_values(cli, arguments, record, partner, changes, ret_operation);
	json_decref(changes);
	return error;
}

static int run_answer(struct cli *cli, const struct cli_arguments *arguments)
{
	static const struct {
		const char *word;
		uint32_t operation;
	} words[] = {
	    {"same", TWINLOG__OPERATION__OPERATION_CONFIRMATION},
	    {"differs", TWINLOG__OPERATION__OPERATION_STATEMENT},
	    {"unknown", TWINLOG__OPERATION__OPERATION_DENIAL},
	};
	const char *word = cli_operand(arguments, 1);
	uint32_t kind = TWINLOG__OPERATION__OPERATION_NONE;
	const Twinlog__Side *partner;
	Twinlog__SubmitOperation *operation;
	Twinlog__Record *record;
	enum twinlog_error error;

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcmp(words[i].word, word) == 0)
			kind = words[i].operation;
	if (kind == TWINLOG__OPERATION__OPERATION_NONE)
		return cli_refuse(cli, TWINLOG_USAGE, N_("same, differs or unknown"), word);
	if (cli_show(cli, cli_operand(arguments, 0), false, &record) != TWINLOG_OK ||
	    find_partner(cli, arguments, record, &partner) != TWINLOG_OK)
		return cli_fail(cli);
	error = kind == TWINLOG__OPERATION__OPERATION_STATEMENT
		    ? own_answer(cli, arguments, record, partner, &operation)
		    : plain_answer(cli, arguments, kind, record, &operation);
	if (error)
		return cli_fail(cli);
	operation->answers = partner->word->leaf;
	return write_one(cli, arguments, record, operation, NULL);
}

static const struct cli_option options[] = {
    {"with", 0, N_("CITY"), N_("the city whose statement is answered (else the one that leads)"), false},
    WRITE_OPTIONS,
    {0},
};

const struct cli_command command_answer = {
    .name = "answer",
    .operands = N_("ID same|differs|unknown [FILE]"),
    .least = 2,
    .most = 3,
    .summary = N_("give your city's word on a partner's record"),
    .description =
	N_("same: your city confirms what the partner says, as it stands now.\n"
	   "differs: your city makes its own statement. It begins with the partner's dates, cities, codes and numbers "
	   "(not "
	   "with its words, costs and sources); options, a JSON file or JSON on stdin say what is different.\n"
	   "unknown: your city does not know of it."),
    .options = options,
    .more = cli_entry_options,
    .run = run_answer,
};
