/* Acts that need a second signature: handed out in a file, and brought back signed. */
#include <stdlib.h>
#include <string.h>

#include "armour.h"
#include "commands.h"

static void unnamed_tell(uint64_t unnamed)
{
	if (unnamed > 0)
		cli_note(_("%llu branches of the city have no room in the act and do not count; twinlog space remove "
			   "--extend names 64 more"),
			 (unsigned long long)unnamed);
}

int cli_act_done(struct cli *cli, const Twinlog__Reply *reply, bool *ret_handed_out)
{
	uint8_t *bytes;
	size_t size;
	if (reply->body_case == TWINLOG__REPLY__BODY_SPACES)
		unnamed_tell(reply->spaces->unnamed);
	if (ret_handed_out)
		*ret_handed_out = reply->body_case == TWINLOG__REPLY__BODY_ACTS_TO_SIGN;
	if (reply->body_case != TWINLOG__REPLY__BODY_ACTS_TO_SIGN)
		return 0;
	if (reply->acts_to_sign->n_acts == 0)
		return cli_refuse(cli, TWINLOG_MALFORMED, "", NULL);
	unnamed_tell(reply->acts_to_sign->unnamed);
	reply->acts_to_sign->unnamed = 0; /* the file is of acts alone */
	if (codec_pack(&reply->acts_to_sign->base, &bytes, &size))
		return cli_refuse(cli, TWINLOG_NO_MEMORY, "", NULL);
	struct handle drawn;
	char hex[2 * HANDLE_SIZE + 1];
	enum twinlog_error error = request_id_draw(&drawn);
	const char *path = cli_printf(cli, "act-%.12s.acts", hex_encode(hex, drawn.bytes + 6, 6));
	if (!error)
		error = armour_write(path, ARMOUR_ACTS, codec_bytes(bytes, size), &cli->fault);
	free(bytes);
	if (error)
		return cli_fail(cli);
	cli_note(_("a second signature is needed: there, twinlogd cosign %s --key FILE; then, here, twinlog space "
		   "cosigned %s"),
		 path, path);
	printf("%s\n", path);
	return 0;
}

static enum twinlog_error put_all(struct cli *cli, const Twinlog__ActsToSign *acts, const Twinlog__Spaces **ret_spaces)
{
	enum twinlog_error error = TWINLOG_OK;
	for (size_t i = 0; i < acts->n_acts && !error; i++) {
		Twinlog__Request request = TWINLOG__REQUEST__INIT;
		Twinlog__ActPut put = TWINLOG__ACT_PUT__INIT;
		Twinlog__Reply *reply;
		put.act = acts->acts[i];
		request.body_case = TWINLOG__REQUEST__BODY_ACT_PUT;
		request.act_put = &put;
		error = cli_call(cli, &request, &reply);
		if (!error && (!reply->spaces || reply->spaces->n_spaces != 1))
			error = twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
		if (!error)
			*ret_spaces = reply->spaces;
	}
	return error;
}

static int cosigned_run(struct cli *cli, const struct cli_arguments *arguments)
{
	const char *path = cli_operand(arguments, 0);
	const Twinlog__Spaces *spaces = NULL;
	Twinlog__ActsToSign *acts;
	char *text;
	size_t size;
	if (cli_connect(cli) || cli_read_file(path, 3 * TWINLOG_MESSAGE_MAX, &text, &size, &cli->fault))
		return cli_fail(cli);
	const bool sound = armour_has(ARMOUR_ACTS, text, size) && armour_read(ARMOUR_ACTS, text, &size) &&
			   !CODEC_UNPACK(cli->arena, (uint8_t *)text, size, &acts, twinlog__acts_to_sign);
	free(text);
	if (!sound)
		return cli_refuse(cli, TWINLOG_MALFORMED, path, NULL);
	if (put_all(cli, acts, &spaces))
		return cli_fail(cli);
	if (spaces)
		printf("%s\n", cli_hex(cli, spaces->spaces[0]->space, 0));
	return 0;
}

const struct cli_command command_space_cosigned = {
    .name = "space cosigned",
    .operands = N_("FILE"),
    .least = 1,
    .most = 1,
    .summary = N_("take in what both administrators have signed; prints the space's id"),
    .description =
	N_("Where the city has a second key, each command that founds, answers or changes a space writes its\n"
	   "act into a file. The second administrator signs it with twinlogd cosign; then it takes effect here."),
    .run = cosigned_run,
};
