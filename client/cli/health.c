/* How things stand: status and verify. */
#include <string.h>

#include "commands.h"

static const struct cli_option status_options[] = {
    {"check", 0, NULL, N_("end with 1 when something is not well, or waits for too long"), false},
    {"max-lag", 0, N_("TIME"), N_("with --check: how long (else 1d)"), false},
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

/* ---- What is waited for, since when, and what comes next ---- */

static const char *waits_for(struct cli *cli, const Twinlog__PeerSpace *space)
{
	const unsigned long long count = (unsigned long long)space->waiting_count;
	switch (space->waiting) {
	case TWINLOG__WAITING__WAITING_ANSWER:
		return _("its answer to the invitation");
	case TWINLOG__WAITING__WAITING_HOURS:
		return _("the hours at which it may be linked");
	case TWINLOG__WAITING__WAITING_ADDRESS:
		return _("an address: neither side can be dialled");
	case TWINLOG__WAITING__WAITING_DIALLED:
	case TWINLOG__WAITING__WAITING_LINK:
		return _("a link to it");
	case TWINLOG__WAITING__WAITING_BUNDLES:
		return cli_printf(cli, _("%llu bundles or more that it holds and that are not here"), count);
	case TWINLOG__WAITING__WAITING_POSITION:
		return cli_printf(cli, _("its confirmation of %llu bundles"), count);
	case TWINLOG__WAITING__WAITING_ERASURES:
		return cli_printf(cli, _("its confirmation of %llu erasures"), count);
	default:
		return cli_text(cli, space->waiting_for);
	}
}

static const char *comes_next(struct cli *cli, const Twinlog__Status *status, const Twinlog__PeerInfo *peer,
			      const Twinlog__PeerSpace *space)
{
	switch (space->waiting) {
	case TWINLOG__WAITING__WAITING_ANSWER:
		return _("it accepts or declines");
	case TWINLOG__WAITING__WAITING_ADDRESS:
		return _("one of the two has to listen: `listen` and `announce` in twinlogd.conf");
	case TWINLOG__WAITING__WAITING_DIALLED:
		return _("it dials: its card has no address");
	case TWINLOG__WAITING__WAITING_HOURS:
	case TWINLOG__WAITING__WAITING_LINK:
		if (peer->next_attempt_ms > status->now_ms)
			return cli_printf(cli, _("it is dialled in %s"),
					  cli_span(cli, peer->next_attempt_ms - status->now_ms));
		return _("it is dialled now");
	case TWINLOG__WAITING__WAITING_BUNDLES:
		return _("they are asked for, again within a minute");
	case TWINLOG__WAITING__WAITING_POSITION:
		return peer->rate || !peer->limited ? _("they are sent to it, and it signs that it has them")
						    : _("they go out when its hours begin");
	case TWINLOG__WAITING__WAITING_ERASURES:
		return _("it is told, again within a minute");
	default:
		return "";
	}
}

static const char *space_title(struct cli *cli, const Twinlog__Status *status, ProtobufCBinaryData id)
{
	for (size_t i = 0; i < status->n_spaces; i++)
		if (status->spaces[i]->space.len == id.len &&
		    memcmp(status->spaces[i]->space.data, id.data, id.len) == 0)
			return cli_text(cli, status->spaces[i]->title);
	return cli_hex(cli, id, 8);
}

static void peer_print(struct cli *cli, const Twinlog__Status *status, const Twinlog__PeerInfo *peer)
{
	printf("%s: %s", cli_city_name(cli, peer->city_id), cli_link_label(peer->link));
	if (peer->link == TWINLOG__LINK_STATE__LINK_UP && peer->link_since_ms)
		printf(_(", since %s"), cli_time(cli, peer->link_since_ms));
	if (peer->limited && peer->rate)
		printf(_("; at most %llu bytes a second"), (unsigned long long)peer->rate);
	if (peer->limited && !peer->rate)
		printf(_("; no link at this hour"));
	if (peer->last_error.len > 0)
		printf(_("; last error %s: %s"), cli_time(cli, peer->last_error_ms), cli_text(cli, peer->last_error));
	if (!peer->holds_card)
		printf(_("; does not have this city's newest card yet"));
	if (peer->courier_wrote_ms)
		printf(_("; courier file written %s"), cli_time(cli, peer->courier_wrote_ms));
	if (peer->courier_read_ms)
		printf(_("; its last one read %s"), cli_time(cli, peer->courier_read_ms));
	printf("\n");
	for (size_t s = 0; s < peer->n_spaces; s++) {
		const Twinlog__PeerSpace *space = peer->spaces[s];
		if (space->waiting)
			printf(_("  %s: waits for %s, since %s; next: %s\n"), space_title(cli, status, space->space),
			       waits_for(cli, space), cli_time(cli, space->waiting_since_ms),
			       comes_next(cli, status, peer, space));
	}
}

static void space_print(struct cli *cli, const Twinlog__SpaceStatus *space)
{
	const char *title = cli_text(cli, space->title);
	if (space->invited)
		printf(_("%s: this city is invited; answer with: twinlog space accept\n"), title);
	for (size_t m = 0; m < space->n_members; m++) {
		const Twinlog__MemberStatus *member = space->members[m];
		if (!member->self && !member->carded)
			printf(_("%s: %s has no card here; what it says comes through others\n"), title,
			       cli_city_name(cli, member->city_id));
		if (member->erasures < space->erasures)
			printf(_("%s: %s has confirmed %llu of %llu erasures\n"), title,
			       cli_city_name(cli, member->city_id), (unsigned long long)member->erasures,
			       (unsigned long long)space->erasures);
	}
	if (space->only_here > 0)
		printf(_("%s: %llu entries exist only here, since %s\n"), title, (unsigned long long)space->only_here,
		       cli_time(cli, space->only_here_since_ms));
}

static void status_print(struct cli *cli, const Twinlog__Status *status)
{
	printf("%s  %s\n", cli_city_name(cli, status->city_id), cli_hex(cli, status->identity, 12));
	if (status->warning.len > 0)
		printf("! %s\n", cli_text(cli, status->warning));
	for (size_t i = 0; i < status->n_peers; i++)
		if (!status->peers[i]->removed)
			peer_print(cli, status, status->peers[i]);
	for (size_t i = 0; i < status->n_spaces; i++)
		space_print(cli, status->spaces[i]);
}

/* ---- The check ---- */

/* Not well: a condition a person must see, a copy that lags, or anything that is waited for longer than that. */
static bool is_stuck(const Twinlog__Status *status, uint64_t max_ms)
{
	if (status->warning.len > 0)
		return true;
	for (size_t s = 0; s < status->n_spaces; s++)
		for (size_t m = 0; m < status->spaces[s]->n_members; m++)
			if (status->spaces[s]->members[m]->lag_bundles > 0 &&
			    status->spaces[s]->members[m]->lag_ms > max_ms)
				return true;
	for (size_t i = 0; i < status->n_peers; i++) {
		const Twinlog__PeerInfo *peer = status->peers[i];
		for (size_t s = 0; s < peer->n_spaces && !peer->removed; s++)
			if (peer->spaces[s]->waiting && status->now_ms > peer->spaces[s]->waiting_since_ms &&
			    status->now_ms - peer->spaces[s]->waiting_since_ms > max_ms)
				return true;
	}
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
	return code ? code : cli_given(arguments, "check") && is_stuck(reply->status, max_lag);
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
