/* Spaces: create, list, show, accept, decline. */
#include <string.h>

#include "commands.h"
#include "log.pb-c.h"

static const struct cli_option create_options[] = {
    {"member", 0, N_("CITY"), N_("a partner that takes part"), true},
    {"reader", 0, N_("CITY"), N_("a partner that reads and speaks for nobody"), true},
    {"network", 0, NULL, N_("cities can be added and removed later, also when two begin"), false},
    {0},
};

static enum twinlog_error members_add(struct cli *cli, const struct cli_arguments *arguments, const char *option,
				      bool reader, Twinlog__SpaceCreate *create)
{
	const char *name;
	for (size_t i = 0; (name = cli_option_at(arguments, option, i)); i++) {
		const Twinlog__PeerInfo *peer;
		Twinlog__SpaceMember *member = arena_alloc(cli->arena, sizeof *member);
		const enum twinlog_error error = cli_peer(cli, name, &peer);
		if (error)
			return error;
		if (!member || create->n_members >= TWINLOG_MEMBERS_MAX)
			return twinlog_fault_set(&cli->fault, TWINLOG_TOO_MANY, "--member", name);
		twinlog__space_member__init(member);
		member->identity = peer->identity;
		member->reader = reader;
		create->members[create->n_members++] = member;
	}
	return TWINLOG_OK;
}

static int create_run(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__SpaceCreate create = TWINLOG__SPACE_CREATE__INIT;
	struct handle nonce;
	Twinlog__Reply *reply;
	create.members = arena_alloc(cli->arena, TWINLOG_MEMBERS_MAX * sizeof(Twinlog__SpaceMember *));
	if (!create.members || request_id_draw(&nonce))
		return cli_refuse(cli, TWINLOG_NO_MEMORY, "", NULL);
	if (cli_connect(cli) || members_add(cli, arguments, "member", false, &create) ||
	    members_add(cli, arguments, "reader", true, &create))
		return cli_fail(cli);
	create.title = codec_string(cli_operand(arguments, 0));
	create.request = codec_handle(&nonce);
	if (cli_option(arguments, "network"))
		create.template_ = TWINLOG__TEMPLATE__TEMPLATE_NETWORK;
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_CREATE;
	request.space_create = &create;
	if (cli_call(cli, &request, &reply))
		return cli_fail(cli);
	if (reply->body_case == TWINLOG__REPLY__BODY_ACTS_TO_SIGN)
		return cli_act_done(cli, reply, NULL);
	if (!reply->spaces || reply->spaces->n_spaces != 1)
		return cli_refuse(cli, TWINLOG_MALFORMED, "", NULL);
	printf("%s\n", cli_hex(cli, reply->spaces->spaces[0]->space, 0));
	return 0;
}

const struct cli_command command_space_create = {
    .name = "space create",
    .operands = N_("TITLE"),
    .least = 1,
    .most = 1,
    .summary = N_("found a space with partners; prints its id last"),
    .description = "",
    .options = create_options,
    .run = create_run,
};

static int list_run(struct cli *cli, const struct cli_arguments *arguments)
{
	static const struct table_column columns[] = {
	    {"space", N_("space"), false, false},       {"title", N_("title"), false, true},
	    {"members", N_("members"), true, false},    {"records", N_("records"), true, false},
	    {"standing", N_("standing"), false, false},
	};
	Twinlog__Spaces *spaces;
	(void)arguments;
	if (cli_connect(cli) || cli_spaces(cli, &spaces))
		return cli_fail(cli);
	if (cli->format == FORMAT_JSON)
		return cli_print_json(cli, json_spaces(spaces));
	struct table *table = table_new(columns, sizeof columns / sizeof *columns);
	enum twinlog_error error = table ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < spaces->n_spaces && !error; i++) {
		const Twinlog__SpaceInfo *space = spaces->spaces[i];
		const char *const cells[] = {
		    cli_hex(cli, space->space, 12),
		    cli_text(cli, space->title),
		    cli_printf(cli, "%zu", space->n_members),
		    cli_printf(cli, "%llu", (unsigned long long)space->records),
		    space->invited ? _("invited") : "",
		};
		error = table_row(table, cells);
	}
	if (!error)
		error = table_print(table, cli->format, 0, stdout);
	table_free(table);
	return error ? cli_refuse(cli, error, "", NULL) : 0;
}

const struct cli_command command_space_list = {
    .name = "space list",
    .operands = "",
    .summary = N_("list the spaces"),
    .description = "",
    .run = list_run,
};

static int show_run(struct cli *cli, const struct cli_arguments *arguments)
{
	static const struct table_column columns[] = {
	    {"city", N_("city"), false, false},
	    {"standing", N_("standing"), false, false},
	    {"role", N_("role"), false, false},
	    {"since", N_("since"), false, false},
	    {"signed_by", N_("signed by"), false, false},
	    {"keys", N_("keys"), true, false},
	    {"fingerprint", N_("fingerprint"), false, true},
	};
	struct hash id;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__SpaceShow show = TWINLOG__SPACE_SHOW__INIT;
	Twinlog__Reply *reply;
	if (cli_connect(cli) || cli_space(cli, cli_operand(arguments, 0), &id))
		return cli_fail(cli);
	show.space = codec_hash(&id);
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_SHOW;
	request.space_show = &show;
	if (cli_call(cli, &request, &reply))
		return cli_fail(cli);
	if (!reply->spaces || reply->spaces->n_spaces != 1)
		return cli_refuse(cli, TWINLOG_MALFORMED, "", NULL);
	const Twinlog__SpaceInfo *space = reply->spaces->spaces[0];
	if (cli->format == FORMAT_JSON)
		return cli_print_json(cli, json_space(space));
	printf("%s  %s\n", cli_hex(cli, space->space, 0), cli_text(cli, space->title));
	struct table *table = table_new(columns, sizeof columns / sizeof *columns);
	enum twinlog_error error = table ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < space->n_members && !error; i++) {
		const Twinlog__SpaceMemberInfo *member = space->members[i];
		const char *const cells[] = {
		    cli_city_name(cli, member->city_id),
		    cli_membership_label(member->standing),
		    member->reader    ? _("reader")
		    : member->steward ? _("steward")
				      : "",
		    cli_time(cli, member->since_ms),
		    member->signer_city.len ? cli_city_name(cli, member->signer_city)
					    : cli_hex(cli, member->signer, 12),
		    cli_printf(cli, "%u", member->keys),
		    cli_fingerprint(cli, member->identity),
		};
		error = table_row(table, cells);
	}
	if (!error)
		error = table_print(table, cli->format, 0, stdout);
	table_free(table);
	return error ? cli_refuse(cli, error, "", NULL) : 0;
}

const struct cli_command command_space_show = {
    .name = "space show",
    .operands = N_("SPACE"),
    .least = 1,
    .most = 1,
    .summary = N_("show who belongs to a space, since when, by whose signature"),
    .description = "",
    .run = show_run,
};

static int answer(struct cli *cli, const struct cli_arguments *arguments, bool accept)
{
	struct hash id;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__SpaceAnswer answer_ = TWINLOG__SPACE_ANSWER__INIT;
	Twinlog__Reply *reply;
	if (cli_connect(cli) || cli_space(cli, cli_operand(arguments, 0), &id))
		return cli_fail(cli);
	answer_.space = codec_hash(&id);
	answer_.accept = accept;
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_ANSWER;
	request.space_answer = &answer_;
	return cli_call(cli, &request, &reply) ? cli_fail(cli) : cli_act_done(cli, reply, NULL);
}

static int accept_run(struct cli *cli, const struct cli_arguments *arguments)
{
	return answer(cli, arguments, true);
}

static int decline_run(struct cli *cli, const struct cli_arguments *arguments)
{
	return answer(cli, arguments, false);
}

const struct cli_command command_space_accept = {
    .name = "space accept",
    .operands = N_("SPACE"),
    .least = 1,
    .most = 1,
    .summary = N_("accept an invitation"),
    .description = "",
    .run = accept_run,
};

const struct cli_command command_space_decline = {
    .name = "space decline",
    .operands = N_("SPACE"),
    .least = 1,
    .most = 1,
    .summary = N_("decline an invitation"),
    .description = "",
    .run = decline_run,
};
