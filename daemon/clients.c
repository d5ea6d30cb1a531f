#include "clients.h"

#include <stdlib.h>
#include <string.h>

#include "files.h"
#include "text.h"
#include "z85.h"

#define CLIENT_LINE_MAX 4096u

static const char *const ROLES[] = {
    [ROLE_ADMIN] = "admin", [ROLE_CLERK] = "clerk", [ROLE_READER] = "reader", [ROLE_AUDITOR] = "auditor"};

/* ---- Reading ---- */

/* One of the parts behind the name: "office TEXT", "space HEX" or "server Z85". */
static enum twinlog_error read_part(const struct files_line *line, const char *part, struct daemon_client *client,
				    struct twinlog_fault *fault)
{
	if (strncmp(part, "office ", 7) == 0) {
		part += 7;
		if (strlen(part) >= sizeof client->office)
			return files_line_fault(line, TWINLOG_TOO_LONG, part, fault);
		strcpy(client->office, part);
		return text_check(part, strlen(part), false) ? files_line_fault(line, TWINLOG_BAD_TEXT, part, fault)
							     : TWINLOG_OK;
	}
	if (strncmp(part, "server ", 7) == 0)
		return z85_decode(client->server_next, part + 7, strlen(part + 7))
			   ? files_line_fault(line, TWINLOG_INVALID, part, fault)
			   : TWINLOG_OK;
	if (strncmp(part, "space ", 6) != 0)
		return files_line_fault(line, TWINLOG_BAD_FIELD, part, fault);
	if (client->spaces_count == TWINLOG_CLIENT_SPACES_MAX)
		return files_line_fault(line, TWINLOG_TOO_MANY, part, fault);
	if (hex_decode(client->spaces[client->spaces_count].bytes, HASH_SIZE, part + 6, strlen(part + 6)))
		return files_line_fault(line, TWINLOG_INVALID, part, fault);
	client->spaces_count++;
	return TWINLOG_OK;
}

/* Cuts the text at its first ';' and returns what follows, without blanks in front; NULL when there is none. */
static char *cut_part(char *text)
{
	char *end = strchr(text, ';'), *next = NULL;

	if (end) {
		*end = '\0';
		next = end + 1 + strspn(end + 1, " \t");
	} else {
		end = text + strlen(text);
	}
	while (end > text && (end[-1] == ' ' || end[-1] == '\t'))
		*--end = '\0';
	return next;
}

static enum twinlog_error read_client(const struct files_line *line, struct daemon_client *client,
				      struct twinlog_fault *fault)
{
	const char *name = strchr(line->value, ' ');
	char rest[CLIENT_LINE_MAX];
	size_t role = 0;

	while (role < sizeof ROLES / sizeof *ROLES && strcmp(line->key, ROLES[role]) != 0)
		role++;
	if (role == sizeof ROLES / sizeof *ROLES)
		return files_line_fault(line, TWINLOG_BAD_CODE, line->key, fault);
	if (!name || z85_decode(client->public_key, line->value, (size_t)(name - line->value)))
		return files_line_fault(line, TWINLOG_INVALID, line->value, fault);
	name += strspn(name, " \t");
	if (strlen(name) >= sizeof rest)
		return files_line_fault(line, TWINLOG_TOO_LONG, name, fault);
	strcpy(rest, name);
	for (char *part = cut_part(rest), *next; part; part = next) {
		enum twinlog_error error;

		next = cut_part(part);
		error = read_part(line, part, client, fault);
		if (error)
			return error;
	}
	name = rest;
	if (strlen(name) >= sizeof client->name)
		return files_line_fault(line, TWINLOG_TOO_LONG, name, fault);
	if (text_check(name, strlen(name), false))
		return files_line_fault(line, TWINLOG_BAD_TEXT, name, fault);
	strcpy(client->name, name);
	client->role = (enum client_role)role;
	return TWINLOG_OK;
}

static enum twinlog_error take_client(void *context, const struct files_line *line, struct twinlog_fault *fault)
{
	struct clients *clients = context;
	struct daemon_client client = {.role = ROLE_READER}, *list;
	enum twinlog_error error = read_client(line, &client, fault);

	if (error)
		return error;
	for (size_t i = 0; i < clients->count; i++)
		if (memcmp(clients->list[i].public_key, client.public_key, sizeof client.public_key) == 0)
			return files_line_fault(line, TWINLOG_DUPLICATE, client.name, fault);
	if (clients->count == TWINLOG_CLIENTS_MAX)
		return files_line_fault(line, TWINLOG_TOO_MANY, NULL, fault);
	list = realloc(clients->list, (clients->count + 1) * sizeof *list);
	if (!list)
		return files_line_fault(line, TWINLOG_NO_MEMORY, NULL, fault);
	list[clients->count++] = client;
	clients->list = list;
	return TWINLOG_OK;
}

enum twinlog_error clients_parse(struct clients *clients, char *text, size_t size, struct twinlog_fault *fault)
{
	return files_lines(CLIENTS_FILE, text, size, take_client, clients, fault);
}

enum twinlog_error clients_load(struct clients *clients, const char *dir, struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX], *text;
	enum twinlog_error error;
	size_t size;

	error = files_join(path, dir, CLIENTS_FILE, fault);
	if (!error)
		error = files_read(path, false, &text, &size, fault);
	if (error)
		return error;
	error = clients_parse(clients, text, size, fault);
	files_free(text, size);
	return error;
}

void clients_free(struct clients *clients)
{
	free(clients->list);
	*clients = (struct clients){.list = NULL};
}

/* ---- Writing ---- */

static const char HEAD[] =
    "# Clients of this city: ROLE = PUBLIC-KEY NAME, a line each; then, if wanted, \"; office "
    "TEXT\" and the spaces that\n"
    "# it is limited to, \"; space ID\" each. Roles: admin clerk reader auditor. \"; server KEY\": "
    "it has this key of the daemon's.\n"
    "# The daemon writes this file anew at `twinlog user add` and `user remove`; edit it while "
    "the daemon is stopped.\n";

static void print_client(FILE *out, const struct daemon_client *client)
{
	static const uint8_t none[Z85_KEY_SIZE];
	char key[Z85_TEXT_SIZE], hex[HASH_HEX_SIZE];

	fprintf(out, "%s = %s %s", ROLES[client->role], z85_encode(key, client->public_key), client->name);
	if (client->office[0] != '\0')
		fprintf(out, " ; office %s", client->office);
	for (size_t i = 0; i < client->spaces_count; i++)
		fprintf(out, " ; space %s", hex_encode(hex, client->spaces[i].bytes, HASH_SIZE));
	if (memcmp(client->server_next, none, sizeof none) != 0)
		fprintf(out, " ; server %s", z85_encode(key, client->server_next));
	fputc('\n', out);
}

enum twinlog_error clients_keep(const char *dir, const struct daemon_client *list, size_t count,
				struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX], *text = NULL;
	enum twinlog_error error = files_join(path, dir, CLIENTS_FILE, fault);
	size_t size;
	FILE *out = error ? NULL : open_memstream(&text, &size);

	if (error)
		return error;
	if (!out)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, path, NULL);
	fputs(HEAD, out);
	for (size_t i = 0; i < count; i++)
		print_client(out, &list[i]);
	if (fclose(out) != 0)
		error = twinlog_fault_set(fault, TWINLOG_NO_MEMORY, path, NULL);
	else
		error = files_write(path, 0600, text, size, fault);
	free(text);
	return error;
}

static enum twinlog_error write_file(const char *dir, const char *name, const char *text, struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX];
	enum twinlog_error error = files_join(path, dir, name, fault);

	return error ? error : files_write(path, 0600, text, strlen(text), fault);
}

static enum twinlog_error write_settings(const char *dir, const char *endpoint, const char *server,
					 struct twinlog_fault *fault)
{
	char text[FILES_PATH_MAX];
	const char *port = strrchr(endpoint, ':');
	bool anywhere = strncmp(endpoint, "tcp://*:", 8) == 0 || strncmp(endpoint, "tcp://0.0.0.0:", 14) == 0;

	/* What is bound on all addresses is dialled on this machine's own. */
	snprintf(text, sizeof text, "endpoint = %s%s\nserver = %s\nkey = " CLIENTS_DIR "/admin.key\n",
		 anywhere ? "tcp://127.0.0.1" : endpoint, anywhere ? port : "", server);
	return write_file(dir, CLIENTS_SETTINGS, text, fault);
}

static enum twinlog_error write_keys(const char *dir, struct twinlog_fault *fault)
{
	char text[256], public_text[Z85_TEXT_SIZE], secret_text[Z85_TEXT_SIZE];
	uint8_t public_key[32], secret_key[32];
	struct daemon_client admin = {.name = "admin", .role = ROLE_ADMIN};
	enum twinlog_error error;

	seal_transport_pair(public_key, secret_key);
	z85_encode(public_text, public_key);
	z85_encode(secret_text, secret_key);
	snprintf(text, sizeof text, "public = %s\nsecret = %s\n", public_text, secret_text);
	error = write_file(dir, CLIENTS_DIR "/admin.key", text, fault);
	seal_wipe(secret_key, sizeof secret_key);
	seal_wipe(secret_text, sizeof secret_text);
	seal_wipe(text, sizeof text);
	if (error)
		return error;
	memcpy(admin.public_key, public_key, sizeof public_key);
	return clients_keep(dir, &admin, 1, fault);
}

enum twinlog_error clients_write_first(const char *dir, const char *endpoint, const uint8_t server_key[32],
				       struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX], server[Z85_TEXT_SIZE];
	enum twinlog_error error;

	error = files_join(path, dir, CLIENTS_DIR, fault);
	if (!error)
		error = files_make_dir(path, fault);
	if (!error)
		error = write_keys(dir, fault);
	return error ? error : write_settings(dir, endpoint, z85_encode(server, server_key), fault);
}
