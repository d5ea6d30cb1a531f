/* user add, list, remove: the keys of those who may speak with the city's daemon. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "passphrase.h"

static const char *const roles[] = {"admin", "clerk", "reader", "auditor"};
#define ROLES_COUNT (sizeof roles / sizeof *roles)

/* ---- add ---- */

static enum twinlog_error role_read(struct cli *cli, const char *text, uint32_t *ret_role)
{
	for (uint32_t i = 0; text && i < ROLES_COUNT; i++)
		if (strcmp(text, roles[i]) == 0) {
			*ret_role = i;
			return TWINLOG_OK;
		}
	return twinlog_fault_set(&cli->fault, text ? TWINLOG_BAD_CODE : TWINLOG_USAGE,
				 N_("user add: --role clerk, reader, admin or auditor"), text);
}

static enum twinlog_error spaces_read(struct cli *cli, const struct cli_arguments *arguments, Twinlog__UserAdd *add)
{
	const char *name;

	add->spaces = arena_alloc(cli->arena, TWINLOG_CLIENT_SPACES_MAX * sizeof *add->spaces);
	if (!add->spaces)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	for (size_t i = 0; (name = cli_option_at(arguments, "space", i)); i++) {
		struct hash *id = arena_alloc(cli->arena, sizeof *id);
		enum twinlog_error error;

		if (!id || i == TWINLOG_CLIENT_SPACES_MAX)
			return twinlog_fault_set(&cli->fault, TWINLOG_TOO_MANY, "--space", name);
		error = cli_space(cli, name, id);
		if (error)
			return error;
		add->spaces[add->n_spaces++] = codec_hash(id);
	}
	return TWINLOG_OK;
}

/* A path without a slash in front would mean another socket wherever the file is carried. */
static enum twinlog_error endpoint_settle(struct cli *cli, const char *wanted, struct client_settings *settings)
{
	char whole[PATH_MAX];

	if (wanted) {
		if (strncmp(wanted, "tcp://", 6) != 0 && strncmp(wanted, "ipc:///", 7) != 0)
			return twinlog_fault_set(&cli->fault, TWINLOG_INVALID, "--endpoint", wanted);
		if (strlen(wanted) >= sizeof settings->endpoint)
			return twinlog_fault_set(&cli->fault, TWINLOG_TOO_LONG, "--endpoint", wanted);
		strcpy(settings->endpoint, wanted);
		return TWINLOG_OK;
	}
	if (strncmp(settings->endpoint, "ipc://", 6) != 0 || settings->endpoint[6] == '/')
		return TWINLOG_OK;
	if (!realpath(settings->endpoint + 6, whole) || strlen(whole) + 7 > sizeof settings->endpoint)
		return twinlog_fault_set(&cli->fault, TWINLOG_MISSING, settings->endpoint, NULL);
	snprintf(settings->endpoint, sizeof settings->endpoint, "ipc://%.500s", whole);
	return TWINLOG_OK;
}

/* A fresh key in *settings, in place of the one that asks; locked if wanted. */
static enum twinlog_error key_make(struct cli *cli, const struct cli_arguments *arguments,
				   struct client_settings *settings, const char *path, uint8_t public_key[32])
{
	struct passphrase passphrase;
	enum twinlog_error error;

	settings->is_locked = false;
	if (client_keys_draw(settings, public_key))
		return twinlog_fault_set(&cli->fault, TWINLOG_FAILED, "CURVE", NULL);
	if (!cli_given(arguments, "passphrase"))
		return TWINLOG_OK;
	error = passphrase_new(path, &passphrase, &cli->fault);
	if (!error)
		error = client_key_lock(settings, passphrase.text, &cli->fault);
	passphrase_wipe(&passphrase);
	return error;
}

static enum twinlog_error add_one(struct cli *cli, const struct cli_arguments *arguments,
				  struct client_settings *settings, const char *path)
{
	const char *office = cli_option(arguments, "office");
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__UserAdd add = TWINLOG__USER_ADD__INIT;
	Twinlog__Reply *reply;
	uint8_t public_key[32];
	enum twinlog_error error = role_read(cli, cli_option(arguments, "role"), &add.role);

	if (!error)
		error = cli_connect(cli);
	if (!error)
		error = spaces_read(cli, arguments, &add);
	if (!error)
		error = endpoint_settle(cli, cli_option(arguments, "endpoint"), settings);
	if (!error)
		error = key_make(cli, arguments, settings, path, public_key);
	if (error)
		return error;
	snprintf(settings->office, sizeof settings->office, "%s", office ? office : "");
	/* The key is safe before it is made known. */
	error = client_settings_write(path, settings, &cli->fault);
	if (error)
		return error;
	add.name = codec_string(cli_operand(arguments, 0));
	add.public_key = codec_bytes(public_key, sizeof public_key);
	add.office = codec_string(office);
	request.body_case = TWINLOG__REQUEST__BODY_USER_ADD;
	request.user_add = &add;
	error = cli_call(cli, &request, &reply);
	/* Whether it was taken in is not known when no answer came; then the key is kept. */
	if (error && error != TWINLOG_NOT_REACHABLE)
		unlink(path);
	return error;
}

static int add_run(struct cli *cli, const struct cli_arguments *arguments)
{
	const char *name = cli_operand(arguments, 0), *path = cli_option(arguments, "output");
	struct client_settings settings;
	enum twinlog_error error;

	if (!path && strchr(name, '/'))
		return cli_refuse(cli, TWINLOG_INVALID, "NAME", name);
	path = path ? path : cli_printf(cli, "%s.conf", name);
	error = client_settings_read(cli->folder, &settings, &cli->fault);
	if (!error)
		error = add_one(cli, arguments, &settings, path);
	explicit_bzero(&settings, sizeof settings);
	if (error)
		return cli_fail(cli);
	cli_note(_("%s: hand it to %s, who then runs: twinlog -D %s …"), path, name, path);
	return 0;
}

static const struct cli_option add_options[] = {
    {"role", 0, N_("ROLE"), N_("clerk, reader, admin or auditor"), false},
    {"space", 0, N_("SPACE"), N_("this client knows of this space alone; may be given several times"), true},
    {"office", 0, N_("TEXT"), N_("the office that speaks when this client writes (else its name)"), false},
    {"output", 'o', N_("FILE"), N_("where its settings and key go (else NAME.conf)"), false},
    {"passphrase", 0, NULL, N_("lock the key with a passphrase, which is asked for"), false},
    {"endpoint", 0, N_("ENDPOINT"), N_("where the client reaches the daemon, when it is not as here"), false},
    {0},
};

const struct cli_command command_user_add = {
    .name = "user add",
    .operands = N_("NAME"),
    .least = 1,
    .most = 1,
    .summary = N_("make a client key with a role and register it"),
    .description = N_("Makes a key, registers it with the daemon and writes one file for the person or program to use: "
		      "twinlog -D FILE. A clerk writes and answers, a reader looks, an auditor looks and verifies, an "
		      "administrator does everything."),
    .options = add_options,
    .run = add_run,
};

/* ---- list ---- */

static json_t *user_json(struct cli *cli, const Twinlog__Users *users, const Twinlog__UserInfo *user)
{
	json_t *spaces = json_array();

	for (size_t i = 0; i < user->n_spaces; i++)
		json_array_append_new(spaces, json_string(cli_hex(cli, user->spaces[i], 0)));
	json_t *json = json_pack("{s:s,s:s,s:s,s:s,s:o,s:I,s:I,s:I,s:I}", "name", cli_text(cli, user->name), "role",
				 user->role < ROLES_COUNT ? roles[user->role] : "", "office",
				 cli_text(cli, user->office), "key", cli_hex(cli, user->public_key, 0), "spaces",
				 spaces, "requests", (json_int_t)user->requests, "refused", (json_int_t)user->refused,
				 "slowed", (json_int_t)user->slowed, "last_ms", (json_int_t)user->last_ms);
	if (json && users->server_next.len > 0)
		json_object_set_new(json, "has_server_next", json_boolean(user->has_server_next));
	return json;
}

static int list_json(struct cli *cli, const Twinlog__Users *users)
{
	json_t *list = json_array();

	for (size_t i = 0; i < users->n_users; i++)
		json_array_append_new(list, user_json(cli, users, users->users[i]));
	return cli_print_json(cli, json_pack("{s:o}", "users", list));
}

static enum twinlog_error list_row(struct cli *cli, struct table *table, const Twinlog__UserInfo *user)
{
	const char *spaces = user->n_spaces ? "" : _("all");
	const char *cells[10];

	for (size_t i = 0; i < user->n_spaces; i++)
		spaces = cli_printf(cli, "%s%s%s", spaces, i ? " " : "", cli_hex(cli, user->spaces[i], 12));
	cells[0] = cli_text(cli, user->name);
	cells[1] = user->role < ROLES_COUNT ? roles[user->role] : "";
	cells[2] = cli_text(cli, user->office);
	cells[3] = spaces;
	cells[4] = cli_hex(cli, user->public_key, 12);
	cells[5] = cli_printf(cli, "%llu", (unsigned long long)user->requests);
	cells[6] = cli_printf(cli, "%llu", (unsigned long long)user->refused);
	cells[7] = cli_printf(cli, "%llu", (unsigned long long)user->slowed);
	cells[8] = cli_time(cli, user->last_ms);
	cells[9] = user->has_server_next ? _("yes") : _("no");
	return table_row(table, cells);
}

static int list_run(struct cli *cli, const struct cli_arguments *arguments)
{
	static const struct table_column columns[] = {
	    {"name", N_("name"), false, false},
	    {"role", N_("role"), false, false},
	    {"office", N_("office"), false, true},
	    {"spaces", N_("spaces"), false, false},
	    {"key", N_("key"), false, false},
	    {"requests", N_("requests"), true, false},
	    {"refused", N_("refused"), true, false},
	    {"slowed", N_("slowed"), true, false},
	    {"last", N_("last heard"), false, false},
	    {"has_server_next", N_("has the new key"), false, false}, /* when one is to come */
	};
	size_t count = sizeof columns / sizeof *columns;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__UserList list = TWINLOG__USER_LIST__INIT;
	Twinlog__Reply *reply;

	(void)arguments;
	request.body_case = TWINLOG__REQUEST__BODY_USER_LIST;
	request.user_list = &list;
	if (cli_connect(cli) || cli_call(cli, &request, &reply))
		return cli_fail(cli);
	if (reply->body_case != TWINLOG__REPLY__BODY_USERS)
		return cli_refuse(cli, TWINLOG_MALFORMED, "", NULL);
	if (cli->format == FORMAT_JSON)
		return list_json(cli, reply->users);
	if (reply->users->server_next.len == 0)
		count--;
	struct table *table = table_new(columns, count);
	enum twinlog_error error = table ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < reply->users->n_users && !error; i++)
		error = list_row(cli, table, reply->users->users[i]);
	if (!error)
		error = table_print(table, cli->format, 0, stdout);
	table_free(table);
	return error ? cli_refuse(cli, error, "", NULL) : 0;
}

const struct cli_command command_user_list = {
    .name = "user list",
    .operands = "",
    .summary = N_("list the clients, what they may do and how much they ask"),
    .description = "",
    .run = list_run,
};

/* ---- remove ---- */

static int remove_run(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__UserRemove remove_ = TWINLOG__USER_REMOVE__INIT;
	Twinlog__Reply *reply;

	remove_.name = codec_string(cli_operand(arguments, 0));
	request.body_case = TWINLOG__REQUEST__BODY_USER_REMOVE;
	request.user_remove = &remove_;
	return cli_connect(cli) || cli_call(cli, &request, &reply) ? cli_fail(cli) : 0;
}

const struct cli_command command_user_remove = {
    .name = "user remove",
    .operands = N_("NAME"),
    .least = 1,
    .most = 1,
    .summary = N_("shut a client out, from its next message on"),
    .description = "",
    .run = remove_run,
};
