/* user passphrase: the key of a client under a passphrase, or without one; on the machine where the file is. */
#include <string.h>

#include "commands.h"
#include "passphrase.h"

static enum twinlog_error key_relock(struct cli *cli, const char *path, bool remove)
{
	struct passphrase passphrase;
	struct client_settings settings;
	enum twinlog_error error = client_key_read(path, &settings, &cli->fault);

	if (error)
		return error;
	error = client_key_unlock(&settings, &cli->fault);
	if (!error && !remove) {
		error = passphrase_new(path, &passphrase, &cli->fault);
		if (!error)
			error = client_key_lock(&settings, passphrase.text, &cli->fault);
		passphrase_wipe(&passphrase);
	}
	if (!error)
		error = client_key_replace(path, &settings, &cli->fault);
	explicit_bzero(&settings, sizeof settings);
	return error;
}

static int passphrase_run(struct cli *cli, const struct cli_arguments *arguments)
{
	const char *path = cli_operand(arguments, 0);

	return key_relock(cli, path, cli_given(arguments, "remove")) ? cli_fail(cli) : 0;
}

static const struct cli_option passphrase_options[] = {
    {"remove", 0, NULL, N_("unlock the key for good"), false},
    {0},
};

const struct cli_command command_user_passphrase = {
    .name = "user passphrase",
    .operands = N_("FILE"),
    .least = 1,
    .most = 1,
    .summary = N_("lock a client key with a passphrase, or with another one"),
    .description =
	N_("FILE is what twinlog user add made, or clients/admin.key in the daemon's folder. Each command "
	   "then asks for the passphrase: it is a line of --passphrase-fd, else the first line of the file "
	   "that TWINLOG_PASSPHRASE_FILE names, else the service manager's credential passphrase, else typed."),
    .options = passphrase_options,
    .offline = true,
    .run = passphrase_run,
};
