/* How things stand: status and verify. */
#include <string.h>

#include "commands.h"

static const struct cli_option status_options[] = {
    {"check", 0, NULL, N_("end with 1 when a partner lags too far behind"), false},
    {"max-lag", 0, N_("TIME"), N_("with --check: how far (else 1d)"), false},
    {0},
};

static enum twinlog_error spaces_table(struct cli *cli, const Twinlog__Status *status)
{
	static const struct table_column columns[] = {
	    {"space", N_("space"), false, true},       {"city", N_("city"), false, false},
	    {"bundles", N_("held here"), true, false}, {"lag", N_("lacks"), true, false},
	    {"lag_time", N_("for"), true, false},      {"position", N_("said so"), false, false},
	};
	struct table *table = table_new(columns, sizeof columns / sizeof *columns);
	enum twinlog_error error = table ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	for (size_t s = 0; s < status->n_spaces && !error; s++) {
		const Twinlog__SpaceStatus *space = status->spaces[s];
		for (size_t m = 0; m < space->n_members && !error; m++) {
			const Twinlog__MemberStatus *member = space->members[m];
			const char *const cells[] = {
			    cli_text(cli, space->title),
			    cli_city_name(cli, member->city_id),
			    cli_printf(cli, "%llu", (unsigned long long)member->bundles),
			    member->self ? "" : cli_printf(cli, "%llu", (unsigned long long)member->lag_bundles),
			    member->lag_bundles ? cli_span(cli, member->lag_ms) : "",
			    member->self          ? _("this city")
			    : member->position_ms ? cli_time(cli, member->position_ms)
						  : _("never"),
			};
			error = table_row(table, cells);
		}
	}
	if (!error)
		error = table_print(table, FORMAT_TABLE, 0, stdout);
	table_free(table);
	return error;
}

static void status_print(struct cli *cli, const Twinlog__Status *status)
{
	printf("%s  %s\n", cli_city_name(cli, status->city_id), cli_hex(cli, status->identity, 12));
	if (status->warning.len > 0)
		printf("! %s\n", cli_text(cli, status->warning));
	for (size_t i = 0; i < status->n_peers; i++) {
		const Twinlog__PeerInfo *peer = status->peers[i];
		if (peer->removed)
			continue;
		printf("%s: %s", cli_city_name(cli, peer->city_id), cli_link_label(peer->link));
		if (peer->last_error.len > 0)
			printf(_("; last error %s: %s"), cli_time(cli, peer->last_error_ms),
			       cli_text(cli, peer->last_error));
		for (size_t s = 0; s < peer->n_spaces; s++)
			if (peer->spaces[s]->waiting_for.len > 0)
				printf(_("; waits for %s"), cli_text(cli, peer->spaces[s]->waiting_for));
		printf("\n");
	}
	for (size_t i = 0; i < status->n_spaces; i++) {
		for (size_t m = 0; m < status->spaces[i]->n_members; m++)
			if (status->spaces[i]->members[m]->erasures < status->spaces[i]->erasures)
				printf(_("%s: %s has confirmed %llu of %llu erasures\n"),
				       cli_text(cli, status->spaces[i]->title),
				       cli_city_name(cli, status->spaces[i]->members[m]->city_id),
				       (unsigned long long)status->spaces[i]->members[m]->erasures,
				       (unsigned long long)status->spaces[i]->erasures);
		if (status->spaces[i]->only_here > 0)
			printf(_("%s: %llu entries exist only here, since %s\n"),
			       cli_text(cli, status->spaces[i]->title),
			       (unsigned long long)status->spaces[i]->only_here,
			       cli_time(cli, status->spaces[i]->only_here_since_ms));
	}
}

static bool lags(const Twinlog__Status *status, uint64_t max_ms)
{
	for (size_t s = 0; s < status->n_spaces; s++)
		for (size_t m = 0; m < status->spaces[s]->n_members; m++)
			if (status->spaces[s]->members[m]->lag_bundles > 0 &&
			    status->spaces[s]->members[m]->lag_ms > max_ms)
				return true;
	return false;
}

static int status_run(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__StatusGet get = TWINLOG__STATUS_GET__INIT;
	Twinlog__Reply *reply;
	uint64_t max_lag = 86400000;
	if (cli_given(arguments, "max-lag") && cli_duration(cli_option(arguments, "max-lag"), &max_lag))
		return cli_refuse(cli, TWINLOG_USAGE, "--max-lag", cli_option(arguments, "max-lag"));
	request.body_case = TWINLOG__REQUEST__BODY_STATUS_GET;
	request.status_get = &get;
	if (cli_connect(cli) || cli_call(cli, &request, &reply))
		return cli_fail(cli);
	if (!reply->status)
		return cli_refuse(cli, TWINLOG_MALFORMED, "", NULL);
	int code = 0;
	if (cli->format != FORMAT_TABLE) {
		code = cli_print_json(cli, json_status(reply->status));
	} else {
		status_print(cli, reply->status);
		if (spaces_table(cli, reply->status))
			code = cli_refuse(cli, TWINLOG_NO_MEMORY, "", NULL);
	}
	return code ? code : cli_given(arguments, "check") && lags(reply->status, max_lag);
}

const struct cli_command command_status = {
    .name = "status",
    .operands = "",
    .summary = N_("show each partner's lag, what is waited for, and what exists only here"),
    .description = "",
    .options = status_options,
    .run = status_run,
};

static void verify_progress(void *context, const Twinlog__Reply *reply)
{
	if (reply->verified)
		cli_progress(context, _("%llu bundles"), (unsigned long long)reply->verified->bundles);
}

static int verify_run(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__VerifyGet get = TWINLOG__VERIFY_GET__INIT;
	Twinlog__Reply *reply;
	(void)arguments;
	request.body_case = TWINLOG__REQUEST__BODY_VERIFY_GET;
	request.verify_get = &get;
	if (cli_connect(cli))
		return cli_fail(cli);
	const enum twinlog_error error =
	    twinlog_call_progress(cli->twinlog, &request, cli->arena, verify_progress, cli, &reply, &cli->fault);
	cli_progress_end(cli);
	if (error)
		return cli_fail(cli);
	if (!reply->verified)
		return cli_refuse(cli, TWINLOG_MALFORMED, "", NULL);
	const Twinlog__Verified *verified = reply->verified;
	printf(_("%llu acts, %llu bundles, %llu entries verified; %llu faults\n"), (unsigned long long)verified->acts,
	       (unsigned long long)verified->bundles, (unsigned long long)verified->leaves,
	       (unsigned long long)verified->faults);
	for (size_t i = 0; i < verified->n_fault_lines; i++)
		fprintf(stderr, "%s\n", cli_text(cli, verified->fault_lines[i]));
	return verified->faults > 0;
}

const struct cli_command command_verify = {
    .name = "verify",
    .operands = "",
    .summary = N_("check every chain and signature that the daemon holds"),
    .description = "",
    .run = verify_run,
};
