/* What a steward does to a space, or the city itself: add, remove, appoint, rename, leave. */
#include <string.h>

#include "commands.h"
#include "log.pb-c.h"

/* The space, and who is named there. */
struct target {
	const Twinlog__SpaceInfo *space;
	struct hash id;
};

static enum twinlog_error target_find(struct cli *cli, const char *name, struct target *ret_target)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__SpaceShow show = TWINLOG__SPACE_SHOW__INIT;
	Twinlog__Reply *reply;
	enum twinlog_error error = cli_connect(cli);
	if (!error)
		error = cli_space(cli, name, &ret_target->id);
	if (error)
		return error;
	show.space = codec_hash(&ret_target->id);
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_SHOW;
	request.space_show = &show;
	if ((error = cli_call(cli, &request, &reply)))
		return error;
	if (!reply->spaces || reply->spaces->n_spaces != 1)
		return twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	ret_target->space = reply->spaces->spaces[0];
	return TWINLOG_OK;
}

/* One who is named in the space, by city id, by a name, or by the beginning of its identity. */
static enum twinlog_error member_find(struct cli *cli, const struct target *target, const char *name,
				      Twinlog__SpaceMember *ret_member)
{
	char city_id[TWINLOG_CITY_ID_MAX + 1] = "";
	const Twinlog__SpaceMemberInfo *found = NULL;
	const size_t size = strlen(name);
	(void)!cli_city(cli, name, size, city_id, NULL);
	cli->hint = NULL;
	for (size_t i = 0; i < target->space->n_members; i++) {
		const Twinlog__SpaceMemberInfo *member = target->space->members[i];
		if (!codec_equal(member->city_id, name) && !(city_id[0] && codec_equal(member->city_id, city_id)) &&
		    (size < 6 || strncmp(cli_hex(cli, member->identity, 0), name, size) != 0))
			continue;
		if (found)
			return twinlog_fault_set(&cli->fault, TWINLOG_AMBIGUOUS, N_("city"), name);
		found = member;
	}
	if (!found)
		return twinlog_fault_set(&cli->fault, TWINLOG_NOT_A_MEMBER, N_("city"), name);
	ret_member->identity = found->identity;
	return TWINLOG_OK;
}

static int change_told(struct cli *cli, const struct target *target, Twinlog__SpaceChange *what, bool *ret_handed_out)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Reply *reply;
	what->space = codec_hash(&target->id);
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_CHANGE;
	request.space_change = what;
	return cli_call(cli, &request, &reply) ? cli_fail(cli) : cli_act_done(cli, reply, ret_handed_out);
}

static int change(struct cli *cli, const struct target *target, Twinlog__SpaceChange *what)
{
	return change_told(cli, target, what, NULL);
}

/* ---- add ---- */

static const struct cli_option add_options[] = {
    {"reader", 0, NULL, N_("it reads and speaks for nobody"), false},
    {"as", 0, N_("CITY_ID"), N_("the id it goes by in the space (else that of its card)"), false},
    {0},
};

static int add_run(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__SpaceChange what = TWINLOG__SPACE_CHANGE__INIT;
	Twinlog__SpaceMember member = TWINLOG__SPACE_MEMBER__INIT;
	const Twinlog__PeerInfo *peer;
	struct target target;
	const char *as = cli_option(arguments, "as");
	if (target_find(cli, cli_operand(arguments, 0), &target) || cli_peer(cli, cli_operand(arguments, 1), &peer))
		return cli_fail(cli);
	member.identity = peer->identity;
	member.reader = cli_option(arguments, "reader") != NULL;
	member.city_id = as ? codec_string(as) : codec_bytes(NULL, 0);
	what.act = TWINLOG__ACT_KIND__ACT_ADD;
	what.member = &member;
	return change(cli, &target, &what);
}

const struct cli_command command_space_add = {
    .name = "space add",
    .operands = N_("SPACE CITY"),
    .least = 2,
    .most = 2,
    .summary = N_("ask a partner into a space, or one who left or was removed back into it"),
    .description = N_("The city receives nothing but the list of members until it accepts. Then it receives\n"
		      "everything, the past included. Only a steward may add."),
    .options = add_options,
    .run = add_run,
};

/* ---- remove ---- */

static const struct cli_option remove_options[] = {
    {"extend", 0, NULL, N_("let more count of one who was removed before"), false},
    {"head", 0, N_("BUNDLE"), N_("this bundle counts, with what it builds on (else what is here)"), true},
    {0},
};

static int remove_run(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__SpaceChange what = TWINLOG__SPACE_CHANGE__INIT;
	Twinlog__SpaceMember member = TWINLOG__SPACE_MEMBER__INIT;
	struct target target;
	const char *head;
	size_t count = 0;
	if (target_find(cli, cli_operand(arguments, 0), &target) ||
	    member_find(cli, &target, cli_operand(arguments, 1), &member))
		return cli_fail(cli);
	while (cli_option_at(arguments, "head", count))
		count++;
	what.heads = arena_alloc(cli->arena, (count + 1) * sizeof *what.heads);
	struct hash *heads = arena_alloc(cli->arena, (count + 1) * sizeof *heads);
	if (!what.heads || !heads)
		return cli_refuse(cli, TWINLOG_NO_MEMORY, "", NULL);
	for (size_t i = 0; (head = cli_option_at(arguments, "head", i)); i++) {
		if (hex_decode(heads[i].bytes, HASH_SIZE, head, strlen(head)))
			return cli_refuse(cli, TWINLOG_INVALID, "--head", head);
		what.heads[what.n_heads++] = codec_hash(&heads[i]);
	}
	what.act = TWINLOG__ACT_KIND__ACT_REMOVE;
	what.member = &member;
	what.extend = cli_option(arguments, "extend") != NULL;
	return change(cli, &target, &what);
}

const struct cli_command command_space_remove = {
    .name = "space remove",
    .operands = N_("SPACE CITY"),
    .least = 2,
    .most = 2,
    .summary = N_("put a city out of a space"),
    .description = N_("What the city said counts as far as it is here now; whatever comes later changes nothing,\n"
		      "unless a steward names it with --extend. Only a steward may remove, and no other steward."),
    .options = remove_options,
    .run = remove_run,
};

/* ---- appoint, rename, leave ---- */

static int appoint_run(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__SpaceChange what = TWINLOG__SPACE_CHANGE__INIT;
	Twinlog__SpaceMember member = TWINLOG__SPACE_MEMBER__INIT;
	struct target target;
	if (target_find(cli, cli_operand(arguments, 0), &target) ||
	    member_find(cli, &target, cli_operand(arguments, 1), &member))
		return cli_fail(cli);
	what.act = TWINLOG__ACT_KIND__ACT_APPOINT;
	what.member = &member;
	return change(cli, &target, &what);
}

const struct cli_command command_space_appoint = {
    .name = "space appoint",
    .operands = N_("SPACE CITY"),
    .least = 2,
    .most = 2,
    .summary = N_("make a member a steward, who adds and removes"),
    .description = N_("A steward ends only by leaving. A space has at most 9."),
    .run = appoint_run,
};

static int rename_run(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__SpaceChange what = TWINLOG__SPACE_CHANGE__INIT;
	struct target target;
	if (target_find(cli, cli_operand(arguments, 0), &target))
		return cli_fail(cli);
	what.act = TWINLOG__ACT_KIND__ACT_RENAME;
	what.title = codec_string(cli_operand(arguments, 1));
	return change(cli, &target, &what);
}

const struct cli_command command_space_rename = {
    .name = "space rename",
    .operands = N_("SPACE TITLE"),
    .least = 2,
    .most = 2,
    .summary = N_("give a space another title"),
    .description = "",
    .run = rename_run,
};

/* Without this city. */
static size_t stewards_left(const struct target *target)
{
	size_t count = 0;
	for (size_t i = 0; i < target->space->n_members; i++)
		count += target->space->members[i]->steward && !target->space->members[i]->self;
	return count;
}

static int leave_run(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__SpaceChange what = TWINLOG__SPACE_CHANGE__INIT;
	struct target target;
	if (target_find(cli, cli_operand(arguments, 0), &target))
		return cli_fail(cli);
	what.act = TWINLOG__ACT_KIND__ACT_LEAVE;
	bool handed_out = false;
	const int code = change_told(cli, &target, &what, &handed_out);
	if (code == 0 && !handed_out && stewards_left(&target) == 0)
		fprintf(stderr, "twinlog: %s\n", _("no steward is left: nobody can be added to the space any more"));
	return code;
}

const struct cli_command command_space_leave = {
    .name = "space leave",
    .operands = N_("SPACE"),
    .least = 1,
    .most = 1,
    .summary = N_("leave a space; what this city said stays"),
    .description = N_("Nothing of the space is received any more. To come back, ask a steward to add this city, and\n"
		      "accept."),
    .run = leave_run,
};
