#include <string.h>
#include <unistd.h>

#include "commands.h"

static enum twinlog_error erase_read(struct cli *cli, const struct cli_arguments *arguments, Twinlog__Erase *erase)
{
	const char *reason = cli_option(arguments, "reason"), *of = cli_option(arguments, "of");
	const Twinlog__PeerInfo *peer;
	enum twinlog_error error;
	uint64_t version;
	int code = codelist_find(CODELIST_REDACTION_REASON, "personal_data", strlen("personal_data"));

	erase->all = cli_given(arguments, "all");
	if (erase->all && cli_given(arguments, "version"))
		return twinlog_fault_set(&cli->fault, TWINLOG_USAGE, N_("either --version or --all"), NULL);
	error = cli_number(arguments, "version", 1, UINT64_MAX, 0, &version, &cli->fault);
	if (error)
		return error;
	erase->version = version;
	if (reason)
		code = codelist_find_label(CODELIST_REDACTION_REASON, reason, strlen(reason));
	if (code < 0)
		return twinlog_fault_set(&cli->fault, TWINLOG_BAD_CODE, "--reason", reason);
	erase->reason = codec_string(codelist_code(CODELIST_REDACTION_REASON, (size_t)code));
	if (of) {
		error = cli_peer(cli, of, &peer);
		if (error)
			return error;
		erase->city = peer->identity;
	}
	return TWINLOG_OK;
}

/* Nothing brings the content back, so a person at a terminal is asked once. */
static bool agreed(const struct cli_arguments *arguments)
{
	char answer[16];

	if (cli_given(arguments, "yes") || !isatty(STDIN_FILENO))
		return true;
	fprintf(stderr, "%s", _("Erased content is gone at every member and cannot be brought back. Erase? [y/N] "));
	return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

static int erased_print(struct cli *cli, const Twinlog__Erased *erased)
{
	if (cli->format != FORMAT_TABLE)
		return cli_print_json(cli, json_erased(erased));
	if (erased->leaves > 0)
		printf(_("erased: %llu versions; the members confirm it in twinlog history\n"),
		       (unsigned long long)erased->leaves);
	if (erased->waiting > 0)
		printf(_("signed: %llu versions; they go once most stewards have signed\n"),
		       (unsigned long long)erased->waiting);
	if (erased->leaves + erased->waiting == 0)
		printf(_("erased already: %llu versions\n"), (unsigned long long)erased->before);
	return 0;
}

static int run_erase(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__RecordName name = TWINLOG__RECORD_NAME__INIT;
	Twinlog__Erase erase = TWINLOG__ERASE__INIT;
	Twinlog__Record *record;
	Twinlog__Reply *reply;

	if (cli_connect(cli) || cli_show(cli, cli_operand(arguments, 0), false, &record) ||
	    erase_read(cli, arguments, &erase))
		return cli_fail(cli);
	if (!agreed(arguments))
		return 1;
	name.handle = record->handle;
	erase.record = &name;
	request.body_case = TWINLOG__REQUEST__BODY_ERASE;
	request.erase = &erase;
	if (cli_call(cli, &request, &reply))
		return cli_fail(cli);
	return reply->body_case == TWINLOG__REPLY__BODY_ERASED ? erased_print(cli, reply->erased)
							       : cli_refuse(cli, TWINLOG_MALFORMED, "", NULL);
}

static const struct cli_option options[] = {
    {"version", 0, N_("N"), N_("this version (else the one current now)"), false},
    {"all", 0, NULL, N_("every version"), false},
    {"reason", 0, N_("CODE"), N_("personal_data (the default), entered_in_error, legal_order, retention_end"), false},
    {"of", 0, N_("CITY"), N_("what this city said, which left or was removed; counts once most stewards ask"), false},
    {"yes", 0, NULL, N_("do not ask"), false},
    {0},
};

const struct cli_command command_erase = {
    .name = "erase",
    .operands = N_("ID"),
    .least = 1,
    .most = 1,
    .summary = N_("erase what your city said about a record, at every member and for good"),
    .description = N_("What was said goes; that something was said, when and by whom stays, and every signature still "
		      "verifies. Copies in backups stay until the backups go: see the manual of twinlogd."),
    .options = options,
    .run = run_erase,
};
