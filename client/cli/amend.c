#include <string.h>

#include "commands.h"
#include "entry.h"
#include "log.pb-c.h"
#include "write.h"

static const Twinlog__Version *version_by_leaf(const Twinlog__Record *record, ProtobufCBinaryData leaf)
{
	for (size_t i = 0; i < record->n_versions; i++)
		if (record->versions[i]->leaf.len == leaf.len &&
		    memcmp(record->versions[i]->leaf.data, leaf.data, leaf.len) == 0)
			return record->versions[i];
	return NULL;
}

static const char *one_line(struct cli *cli, const ProtobufCMessage *content, const ProtobufCFieldDescriptor *field)
{
	const char *text = content ? cli_field_text(cli, content, field) : "";
	char *copy = (char *)(uintptr_t)cli_printf(cli, "%s", text);

	for (char *at = copy; *at; at++)
		if (*at == '\n')
			*at = ' ';
	return copy;
}

/* What was changed since: each field where the version that the edit was based on is not the one current now. */
static void explain_stale(struct cli *cli, const Twinlog__Record *record, ProtobufCBinaryData base)
{
	const ProtobufCMessageDescriptor *descriptor = kind_descriptor(record->kind);
	const ProtobufCMessage *before = NULL, *now = NULL;
	const Twinlog__Body *body;
	Twinlog__Record *whole;
	const Twinlog__Side *own;
	struct twinlog_fault fault = cli->fault;
	const char *text = "";

	if (cli_show(cli, cli_hex(cli, record->handle, 0), true, &whole) == TWINLOG_OK && descriptor) {
		own = own_side(whole);
		body = version_body(cli->arena, version_by_leaf(whole, base));
		before = body ? body_content(body) : NULL;
		body = own ? version_body(cli->arena, own->word) : NULL;
		now = body ? body_content(body) : NULL;
	}
	for (unsigned i = 0; before && now && i < descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &descriptor->fields[i];
		const char *was = one_line(cli, before, field), *is = one_line(cli, now, field);

		if (strcmp(was, is) != 0)
			text = cli_printf(cli, _("%s  %s: was '%s', now '%s'\n"), text,
					  cli_field_label(field_meaning(descriptor, field).name), was, is);
	}
	cli->fault = fault;
	cli->hint = text;
}

static enum twinlog_error amended(struct cli *cli, const struct cli_arguments *arguments, const Twinlog__Record *record,
				  json_t *changes, Twinlog__SubmitOperation **ret_operation)
{
	const Twinlog__Side *own = own_side(record);
	const Twinlog__Body *said = version_body(cli->arena, own->word);
	const Twinlog__Side *partner = partner_side(record, NULL);
	struct json_cities cities = cli_json_cities(cli);
	const char *base = cli_option(arguments, "based-on");
	struct json_entry entry;
	enum twinlog_error error;

	/* A confirmation has no values of its own: the ones it confirmed are the start. */
	if ((!said || !body_content(said)) && partner) {
		said = version_body(cli->arena, partner->word);
		said = said ? facts_of(cli->arena, record->kind, said) : NULL;
	}
	error = json_read_entry(cli->arena, changes, record->kind, said, &cities, &entry, &cli->fault);
	if (!error)
		error = entry_direction(cli, &entry, &cli->fault);
	if (!error && submission_token(cli->arena, entry.body) != TWINLOG_OK)
		error = twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	if (!error)
		error = submission_on_record(cli->arena, twinlog_office(cli->twinlog),
					     TWINLOG__OPERATION__OPERATION_STATEMENT, record, entry.body, ret_operation,
					     &cli->fault);
	if (error)
		return error;
	(*ret_operation)->report = own->word->report || entry.report;
	(*ret_operation)->based_on = own->word->leaf;
	if (!base)
		base = entry.based_on;
	return base ? based_on(cli, record, base, &(*ret_operation)->based_on) : TWINLOG_OK;
}

static int run_amend(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__SubmitOperation *operation;
	Twinlog__Record *record;
	json_t *changes = NULL;
	enum twinlog_error error;
	bool stale = false;
	int code;

	if (cli_show(cli, cli_operand(arguments, 0), false, &record) != TWINLOG_OK ||
	    entry_changes(cli, arguments, 1, &changes) != TWINLOG_OK)
		return cli_fail(cli);
	if (!changes)
		return cli_refuse(cli, TWINLOG_USAGE, N_("say what changes"), NULL);
	if (!own_side(record) || !own_side(record)->word)
		error = twinlog_fault_set(&cli->fault, TWINLOG_NOT_FOUND, N_("a statement of your own to amend"),
					  cli_operand(arguments, 0));
	else
		error = amended(cli, arguments, record, changes, &operation);
	json_decref(changes);
	if (error)
		return cli_fail(cli);
	code = write_one(cli, arguments, record, operation, &stale);
	if (!stale)
		return code;
	explain_stale(cli, record, operation->based_on);
	return cli_fail(cli);
}

static const struct cli_option options[] = {
    {"based-on", 0, N_("VERSION"), N_("the version that was looked at (else the one current now)"), false},
    WRITE_OPTIONS,
    {0},
};

const struct cli_command command_amend = {
    .name = "amend",
    .operands = N_("ID [FILE]"),
    .least = 1,
    .most = 2,
    .summary = N_("change what your city said about a record"),
    .description = N_(
	"The changes are options, a JSON file, or JSON on stdin. Fields that are not named stay as they are; null or "
	"an "
	"empty value clears one.\n"
	"With --based-on (or \"based_on\" in the JSON) an edit of a version that a colleague has replaced meanwhile is "
	"refused, exit 6, and the difference shown."),
    .options = options,
    .more = cli_entry_options,
    .run = run_amend,
};
