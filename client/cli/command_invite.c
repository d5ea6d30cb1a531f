/* invite and join: two cities that do not know each other share a space, by one file. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "armour.h"
#include "commands.h"
#include "deliver.h"
#include "fingerprint.h"
#include "identity.pb-c.h"
#include "peer.pb-c.h"

#define DELIVER_MS     10000u
#define ACCEPT_WAIT_MS 30000u /* for the founding act, when the other city has taken the answer */
#define ACCEPT_LOOK_MS 100u

/* Both, to be read out by telephone. partner: NULL while it is not known. */
static enum twinlog_error fingerprints_tell(struct cli *cli, const Twinlog__JoinIs *partner)
{
	const Twinlog__CardIs *card;
	const enum twinlog_error error = cli_card(cli, &card);

	if (error)
		return error;
	cli_note(_("your fingerprint, to read out by telephone: %s"), cli_fingerprint(cli, card->identity));
	if (partner)
		cli_note(_("what %s should read out: %s; if so: twinlog peer verify %s"),
			 cli_city_name(cli, partner->city_id), cli_fingerprint(cli, partner->identity),
			 cli_text(cli, partner->city_id));
	return TWINLOG_OK;
}

/* ---- invite ---- */

static enum twinlog_error title_make(struct cli *cli, const char *given, const char *city_id, const char **ret_title)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__StatusGet get = TWINLOG__STATUS_GET__INIT;
	Twinlog__Reply *reply;
	enum twinlog_error error;

	*ret_title = given;
	if (given)
		return TWINLOG_OK;
	request.body_case = TWINLOG__REQUEST__BODY_STATUS_GET;
	request.status_get = &get;
	error = cli_call(cli, &request, &reply);
	if (!error && reply->body_case != TWINLOG__REPLY__BODY_STATUS)
		error = twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	if (!error)
		*ret_title = cli_printf(cli, "%s – %s", cli_city_name(cli, reply->status->city_id),
					cli_city_name(cli, codec_string(city_id)));
	return error;
}

/* What founds the space: done, or to be signed by both. */
static int founded_tell(struct cli *cli, const Twinlog__Reply *reply, const char *where)
{
	bool handed_out;
	const int code = cli_act_done(cli, reply, &handed_out);

	if (code != 0 || handed_out)
		return code;
	if (reply->body_case != TWINLOG__REPLY__BODY_SPACES || reply->spaces->n_spaces != 1)
		return cli_refuse(cli, TWINLOG_MALFORMED, where, NULL);
	printf("%s\n", cli_hex(cli, reply->spaces->spaces[0]->space, 0));
	return 0;
}

static int answered_run(struct cli *cli, const char *name)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Invite invite = TWINLOG__INVITE__INIT;
	char city_id[TWINLOG_CITY_ID_MAX + 1];
	Twinlog__Reply *reply;

	if (cli_connect(cli) || cli_city(cli, name, strlen(name), city_id, &cli->fault))
		return cli_fail(cli);
	invite.city_id = codec_string(city_id);
	invite.answered = true;
	request.body_case = TWINLOG__REQUEST__BODY_INVITE;
	request.invite = &invite;
	return cli_call(cli, &request, &reply) ? cli_fail(cli) : founded_tell(cli, reply, "");
}

static int invite_run(struct cli *cli, const struct cli_arguments *arguments)
{
	const char *path = cli_option(arguments, "output"), *name = cli_operand(arguments, 0), *title;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Invite invite = TWINLOG__INVITE__INIT;
	char city_id[TWINLOG_CITY_ID_MAX + 1];
	Twinlog__Reply *reply;

	if (cli_given(arguments, "answered"))
		return answered_run(cli, name);
	if (!path)
		return cli_refuse(cli, TWINLOG_USAGE, N_("invite: say where it goes with -o FILE"), NULL);
	if (cli_connect(cli) || cli_city(cli, name, strlen(name), city_id, &cli->fault) ||
	    title_make(cli, cli_option(arguments, "title"), city_id, &title))
		return cli_fail(cli);
	invite.city_id = codec_string(city_id);
	invite.title = codec_string(title);
	request.body_case = TWINLOG__REQUEST__BODY_INVITE;
	request.invite = &invite;
	if (cli_call(cli, &request, &reply))
		return cli_fail(cli);
	if (reply->body_case != TWINLOG__REPLY__BODY_INVITED)
		return cli_refuse(cli, TWINLOG_MALFORMED, "", NULL);
	if (armour_write(path, ARMOUR_INVITATION, reply->invited->invitation, &cli->fault))
		return cli_fail(cli);
	cli_note(_("%s: send it to %s, there: twinlog join FILE; it is good once and for 14 days"), path,
		 cli_city_name(cli, codec_string(city_id)));
	return fingerprints_tell(cli, NULL) ? cli_fail(cli) : 0;
}

static const struct cli_option invite_options[] = {
    {"output", 'o', N_("FILE"), N_("where the invitation goes"), false},
    {"title", 0, N_("TEXT"), N_("title of the space (else the names of both cities)"), false},
    {"answered", 0, NULL, N_("the city has answered, and this one has two keys: write the act that founds the space"),
     false},
    {0},
};

const struct cli_command command_invite = {
    .name = "invite",
    .operands = N_("CITY"),
    .least = 1,
    .most = 1,
    .summary = N_("invite a city that is no partner yet: card and space in one file"),
    .description =
	N_("Send the file by mail. Whoever has it can answer for that city, once, so compare fingerprints by "
	   "telephone afterwards."),
    .options = invite_options,
    .run = invite_run,
};

/* ---- join ---- */

struct joining {
	struct cli *cli;
	const char *path;
	const char *proxy;
	bool founded_later; /* the answer is taken, and the founding act waits for a second signature */
	Twinlog__SignedInvitation *invitation;
	ProtobufCBinaryData file;
	Twinlog__JoinIs *is;
};

static enum twinlog_error join_put(struct joining *joining)
{
	struct cli *cli = joining->cli;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__JoinPut put = TWINLOG__JOIN_PUT__INIT;
	Twinlog__Reply *reply;
	enum twinlog_error error;

	put.invitation = joining->file;
	request.body_case = TWINLOG__REQUEST__BODY_JOIN_PUT;
	request.join_put = &put;
	error = cli_call(cli, &request, &reply);
	if (!error && reply->body_case != TWINLOG__REPLY__BODY_JOIN_IS)
		error = twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	if (!error)
		joining->is = reply->join_is;
	return error;
}

/* To one address. NOT_REACHABLE, or what the other city says. */
static enum twinlog_error answer_send(struct joining *joining, ProtobufCBinaryData address)
{
	struct cli *cli = joining->cli;
	Twinlog__Invitation *invitation;
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT, *answer;
	uint8_t *frame, *bytes = NULL;
	size_t frame_size, size = 0;
	enum twinlog_error error = CODEC_UNPACK(cli->arena, joining->invitation->invitation.data,
						joining->invitation->invitation.len, &invitation, twinlog__invitation);

	message.body_case = TWINLOG__PEER_MESSAGE__BODY_JOIN;
	message.join = joining->is->answer;
	if (error || codec_pack_arena(cli->arena, &message.base, &frame, &frame_size))
		return TWINLOG_NO_MEMORY;
	const struct delivery delivery = {.address = cli_text(cli, address),
					  .proxy = joining->proxy,
					  .server = joining->is->transport_key.data,
					  .public_key = invitation->key.data,
					  .secret_key = joining->invitation->secret.data};
	error = deliver(&delivery, frame, frame_size, DELIVER_MS, &bytes, &size);
	if (!error)
		error = CODEC_UNPACK(cli->arena, bytes, size, &answer, twinlog__peer_message);
	free(bytes);
	if (!error && answer->body_case != TWINLOG__PEER_MESSAGE__BODY_JOINED)
		error = TWINLOG_MALFORMED;
	if (error)
		return error;
	joining->founded_later = answer->joined->space.len == 0;
	return answer->joined->code < TWINLOG_ERROR_COUNT ? (enum twinlog_error)answer->joined->code : TWINLOG_FAILED;
}

static enum twinlog_error answer_deliver(struct joining *joining)
{
	enum twinlog_error error = TWINLOG_NOT_REACHABLE;

	for (size_t i = 0; i < joining->is->n_addresses && error == TWINLOG_NOT_REACHABLE; i++)
		error = answer_send(joining, joining->is->addresses[i]);
	return error;
}

/* Until the founding act is here, or the time is over. */
static enum twinlog_error space_await(struct joining *joining)
{
	const struct timespec pause = {.tv_nsec = ACCEPT_LOOK_MS * 1000000L};
	enum twinlog_error error = TWINLOG_OK;

	for (unsigned i = 0; !error && joining->is->space.len == 0 && i < ACCEPT_WAIT_MS / ACCEPT_LOOK_MS; i++) {
		nanosleep(&pause, NULL);
		error = join_put(joining);
	}
	return error;
}

static int space_accept(struct joining *joining)
{
	struct cli *cli = joining->cli;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__SpaceAnswer answer = TWINLOG__SPACE_ANSWER__INIT;
	Twinlog__Reply *reply;
	const char *id = cli_hex(cli, joining->is->space, 0);

	answer.space = joining->is->space;
	answer.accept = true;
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_ANSWER;
	request.space_answer = &answer;
	if (cli_call(cli, &request, &reply) || fingerprints_tell(cli, joining->is))
		return cli_fail(cli);
	const int code = cli_act_done(cli, reply, NULL);
	if (code == 0)
		printf("%s\n", id);
	return code;
}

/* No line leads there: the answer goes by file, and this command is run once more when the space has come. */
static int answer_file(struct joining *joining)
{
	struct cli *cli = joining->cli;
	const char *path = cli_printf(cli, "%s.answer", joining->path);
	const char *city = cli_city_name(cli, joining->is->city_id);

	if (armour_write(path, ARMOUR_ANSWER, joining->is->answer, &cli->fault) && cli->fault.code != TWINLOG_NOT_EMPTY)
		return cli_fail(cli);
	cli_note(_("%s cannot be reached from here: send it %s, there: twinlog join FILE; then run this once more"),
		 city, path);
	return fingerprints_tell(cli, joining->is) ? cli_fail(cli) : 0;
}

static int invitation_take(struct joining *joining)
{
	struct cli *cli = joining->cli;
	enum twinlog_error error;

	if (CODEC_UNPACK(cli->arena, joining->file.data, joining->file.len, &joining->invitation,
			 twinlog__signed_invitation))
		return cli_refuse(cli, TWINLOG_MALFORMED, joining->path, NULL);
	if (join_put(joining))
		return cli_fail(cli);
	if (joining->is->space.len == 0) {
		error = answer_deliver(joining);
		if (error == TWINLOG_NOT_REACHABLE)
			return answer_file(joining);
		if (error)
			return cli_refuse(cli, error, joining->path, NULL);
		if (!joining->founded_later && space_await(joining))
			return cli_fail(cli);
	}
	if (joining->is->space.len > 0)
		return space_accept(joining);
	cli_note(_("%s has taken the answer; run this once more when a line stands"),
		 cli_city_name(cli, joining->is->city_id));
	return twinlog_error_exit(TWINLOG_WAITED_IN_VAIN);
}

static int answer_take(struct cli *cli, const char *path, ProtobufCBinaryData file)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__JoinTake take = TWINLOG__JOIN_TAKE__INIT;
	Twinlog__Reply *reply;

	take.answer = file;
	request.body_case = TWINLOG__REQUEST__BODY_JOIN_TAKE;
	request.join_take = &take;
	if (cli_call(cli, &request, &reply))
		return cli_fail(cli);
	return founded_tell(cli, reply, path);
}

static enum twinlog_error proxy_read(struct cli *cli, const char *text, const char **ret_proxy)
{
	static const char scheme[] = "socks5://";

	*ret_proxy = NULL;
	if (!text)
		return TWINLOG_OK;
	if (strncmp(text, scheme, strlen(scheme)) != 0)
		return twinlog_fault_set(&cli->fault, TWINLOG_USAGE, "--proxy", text);
	*ret_proxy = text + strlen(scheme);
	return TWINLOG_OK;
}

static int join_run(struct cli *cli, const struct cli_arguments *arguments)
{
	struct joining joining = {.cli = cli, .path = cli_operand(arguments, 0)};
	char *text;
	size_t size;
	int code;

	if (cli_connect(cli) || proxy_read(cli, cli_option(arguments, "proxy"), &joining.proxy) ||
	    cli_read_file(joining.path, 3 * TWINLOG_INVITATION_FILE_MAX, &text, &size, &cli->fault))
		return cli_fail(cli);
	const bool invitation = armour_has(ARMOUR_INVITATION, text, size);
	const bool answer = armour_has(ARMOUR_ANSWER, text, size);
	if ((!invitation && !answer) || !armour_read(invitation ? ARMOUR_INVITATION : ARMOUR_ANSWER, text, &size)) {
		code = cli_refuse(cli, TWINLOG_MALFORMED, joining.path, NULL);
	} else {
		joining.file = codec_bytes(text, size);
		code = invitation ? invitation_take(&joining) : answer_take(cli, joining.path, joining.file);
	}
	explicit_bzero(text, size);
	free(text);
	return code;
}

static const struct cli_option join_options[] = {
    {"proxy", 0, N_("PROXY"), N_("socks5://HOST:PORT to reach the other city through"), false},
    {0},
};

const struct cli_command command_join = {
    .name = "join",
    .operands = N_("FILE"),
    .least = 1,
    .most = 1,
    .summary = N_("take an invitation, or the answer to one; prints the space's id last"),
    .description =
	N_("Adds the city that invites as a partner, tells it so, and accepts the space. Where no line leads "
	   "there, the answer goes into a file for that city to join."),
    .options = join_options,
    .run = join_run,
};
