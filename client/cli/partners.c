/* Pairing: card, peer add, list, verify, remove. */
#include <stdlib.h>
#include <string.h>

#include "armour.h"
#include "commands.h"
#include "fingerprint.h"

static int call_done(struct cli *cli, Twinlog__Request *request)
{
	Twinlog__Reply *reply;
	return cli_call(cli, request, &reply) ? cli_fail(cli) : 0;
}

const char *cli_fingerprint(struct cli *cli, ProtobufCBinaryData identity)
{
	char text[FINGERPRINT_SIZE];
	struct hash hash;
	return codec_get_hash(identity, &hash) ? "" : cli_printf(cli, "%s", identity_fingerprint(&hash, text));
}

enum twinlog_error cli_card(struct cli *cli, const Twinlog__CardIs **ret_card)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__CardGet get = TWINLOG__CARD_GET__INIT;
	Twinlog__Reply *reply;
	request.body_case = TWINLOG__REQUEST__BODY_CARD_GET;
	request.card_get = &get;
	const enum twinlog_error error = cli_call(cli, &request, &reply);
	if (error)
		return error;
	if (reply->body_case != TWINLOG__REPLY__BODY_CARD_IS) {
		(void)twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
		return TWINLOG_MALFORMED;
	}
	*ret_card = reply->card_is;
	return TWINLOG_OK;
}

static int card_run(struct cli *cli, const struct cli_arguments *arguments)
{
	const Twinlog__CardIs *card;
	(void)arguments;
	if (cli_card(cli, &card))
		return cli_fail(cli);
	armour_print(stdout, ARMOUR_CARD, card->signed_card);
	cli_note(_("your fingerprint, to read out by telephone: %s"), cli_fingerprint(cli, card->identity));
	return 0;
}

const struct cli_command command_card = {
    .name = "card",
    .operands = "",
    .summary = N_("write this city's card to stdout, for a partner to add"),
    .description = "",
    .run = card_run,
};

static int peer_add_run(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__PeerAdd add = TWINLOG__PEER_ADD__INIT;
	char *text;
	size_t size;
	if (cli_connect(cli) ||
	    cli_read_file(cli_operand(arguments, 0), 3 * TWINLOG_CARD_MAX, &text, &size, &cli->fault))
		return cli_fail(cli);
	if (!armour_read(ARMOUR_CARD, text, &size)) {
		free(text);
		return cli_refuse(cli, TWINLOG_MALFORMED, cli_operand(arguments, 0), NULL);
	}
	add.signed_card = codec_bytes(text, size);
	request.body_case = TWINLOG__REQUEST__BODY_PEER_ADD;
	request.peer_add = &add;
	const int code = call_done(cli, &request);
	free(text);
	return code;
}

const struct cli_command command_peer_add = {
    .name = "peer add",
    .operands = N_("FILE"),
    .least = 1,
    .most = 1,
    .summary = N_("add a partner by its card"),
    .description = "",
    .run = peer_add_run,
};

static int peer_list_run(struct cli *cli, const struct cli_arguments *arguments)
{
	static const struct table_column columns[] = {
	    {"identity", N_("identity"), false, false}, {"city", N_("city"), false, false},
	    {"link", N_("link"), false, false},         {"verified", N_("verified"), false, false},
	    {"heard", N_("last heard"), false, false},  {"has_card", N_("our card"), false, false},
	    {"error", N_("last error"), false, true},   {"fingerprint", N_("fingerprint"), false, true},
	};
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__PeerList list = TWINLOG__PEER_LIST__INIT;
	Twinlog__Reply *reply;
	(void)arguments;
	request.body_case = TWINLOG__REQUEST__BODY_PEER_LIST;
	request.peer_list = &list;
	if (cli_connect(cli) || cli_call(cli, &request, &reply))
		return cli_fail(cli);
	if (cli->format == FORMAT_JSON)
		return cli_print_json(cli, json_peers(reply->peers));
	struct table *table = table_new(columns, sizeof columns / sizeof *columns);
	enum twinlog_error error = table ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < reply->peers->n_peers && !error; i++) {
		const Twinlog__PeerInfo *peer = reply->peers->peers[i];
		const char *const cells[] = {
		    cli_hex(cli, peer->identity, 12),
		    cli_city_name(cli, peer->city_id),
		    peer->removed ? _("removed") : cli_link_label(peer->link),
		    peer->verified ? _("yes") : _("no"),
		    cli_time(cli, peer->last_heard_ms),
		    peer->holds_card ? _("newest") : _("not the newest"),
		    cli_text(cli, peer->last_error),
		    cli_fingerprint(cli, peer->identity),
		};
		error = table_row(table, cells);
	}
	if (!error)
		error = table_print(table, cli->format, 0, stdout);
	table_free(table);
	return error ? cli_refuse(cli, error, "", NULL) : 0;
}

const struct cli_command command_peer_list = {
    .name = "peer list",
    .operands = "",
    .summary = N_("list the partners"),
    .description = "",
    .run = peer_list_run,
};

static int peer_verify_run(struct cli *cli, const struct cli_arguments *arguments)
{
	const Twinlog__PeerInfo *peer;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__PeerVerify verify = TWINLOG__PEER_VERIFY__INIT;
	if (cli_connect(cli) || cli_peer(cli, cli_operand(arguments, 0), &peer))
		return cli_fail(cli);
	verify.identity = peer->identity;
	verify.fingerprint = codec_string(cli_operand(arguments, 1));
	request.body_case = TWINLOG__REQUEST__BODY_PEER_VERIFY;
	request.peer_verify = &verify;
	return call_done(cli, &request);
}

const struct cli_command command_peer_verify = {
    .name = "peer verify",
    .operands = N_("CITY [FINGERPRINT]"),
    .least = 1,
    .most = 2,
    .summary = N_("mark a partner as verified, after comparing its fingerprint"),
    .description = "",
    .run = peer_verify_run,
};

static int peer_remove_run(struct cli *cli, const struct cli_arguments *arguments)
{
	const Twinlog__PeerInfo *peer;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__PeerRemove remove_ = TWINLOG__PEER_REMOVE__INIT;
	if (cli_connect(cli) || cli_peer(cli, cli_operand(arguments, 0), &peer))
		return cli_fail(cli);
	remove_.identity = peer->identity;
	request.body_case = TWINLOG__REQUEST__BODY_PEER_REMOVE;
	request.peer_remove = &remove_;
	return call_done(cli, &request);
}

const struct cli_command command_peer_remove = {
    .name = "peer remove",
    .operands = N_("CITY"),
    .least = 1,
    .most = 1,
    .summary = N_("cut the link to a partner"),
    .description = "",
    .run = peer_remove_run,
};
