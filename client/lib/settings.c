#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connection.h"
#include "text.h"

/* A Z85 key may hold '#' and '=', so a comment is a whole line and only the first '=' parts. */
struct setting {
	const char *name;
	char *value; /* into */
	size_t size;
	bool needed;
	bool seen;
};

static char *trim(char *text)
{
	char *end;

	text += strspn(text, " \t\r\n\xef\xbb\xbf");
	end = text + strlen(text);
	while (end > text && strchr(" \t\r\n", end[-1]))
		*--end = '\0';
	return text;
}

static enum twinlog_error read_line(char *line, const char *where, struct setting *settings, size_t count,
				    struct twinlog_fault *fault)
{
	char *equals, *name;

	line = trim(line);
	if (*line == '\0' || *line == '#')
		return TWINLOG_OK;
	equals = strchr(line, '=');
	if (!equals)
		return twinlog_fault_set(fault, TWINLOG_INVALID, where, line);
	*equals = '\0';
	name = trim(line);
	for (size_t i = 0; i < count; i++) {
		char *value = trim(equals + 1);

		if (strcmp(name, settings[i].name) != 0)
			continue;
		if (settings[i].seen)
			return twinlog_fault_set(fault, TWINLOG_DUPLICATE, where, name);
		if (strlen(value) >= settings[i].size)
			return twinlog_fault_set(fault, TWINLOG_TOO_LONG, where, name);
		strcpy(settings[i].value, value);
		settings[i].seen = true;
		return TWINLOG_OK;
	}
	return twinlog_fault_set(fault, TWINLOG_BAD_FIELD, where, name);
}

static enum twinlog_error read_file(const char *path, struct setting *settings, size_t count,
				    struct twinlog_fault *fault)
{
	enum twinlog_error error = TWINLOG_OK;
	char where[640], line[1024];
	FILE *file = fopen(path, "re");

	if (!file)
		return twinlog_fault_set(fault,
					 errno == ENOENT || errno == ENOTDIR ? TWINLOG_MISSING
					 : errno == EACCES                   ? TWINLOG_NOT_PERMITTED
									     : TWINLOG_IO,
					 path, NULL);
	for (unsigned number = 1; !error && fgets(line, sizeof line, file); number++) {
		snprintf(where, sizeof where, "%.600s:%u", path, number);
		error = read_line(line, where, settings, count, fault);
	}
	if (!error && ferror(file))
		error = twinlog_fault_set(fault, TWINLOG_IO, path, NULL);
	fclose(file);
	explicit_bzero(line, sizeof line);
	for (size_t i = 0; i < count && !error; i++)
		if (settings[i].needed && !settings[i].seen) {
			snprintf(where, sizeof where, "%.500s: %s", path, settings[i].name);
			error = twinlog_fault_set(fault, TWINLOG_FIELD_MISSING, where, NULL);
		}
	return error;
}

static void join(char *out, size_t size, const char *folder, const char *name)
{
	snprintf(out, size, name[0] == '/' ? "%.0s%s" : "%s/%s", folder, name);
}

/* ipc://control.sock lies in the folder; ZeroMQ would look in the working directory. */
static enum twinlog_error settle_endpoint(struct client_settings *settings, const char *folder, const char *endpoint,
					  struct twinlog_fault *fault)
{
	static const char ipc[] = "ipc://";
	char path[480];

	if (strncmp(endpoint, "tcp://", 6) == 0) {
		snprintf(settings->endpoint, sizeof settings->endpoint, "%s", endpoint);
		return TWINLOG_OK;
	}
	if (strncmp(endpoint, ipc, strlen(ipc)) != 0)
		return twinlog_fault_set(fault, TWINLOG_INVALID, "endpoint", endpoint);
	if (strlen(folder) + strlen(endpoint) >= sizeof path)
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, "endpoint", endpoint);
	join(path, sizeof path, folder, endpoint + strlen(ipc));
	snprintf(settings->endpoint, sizeof settings->endpoint, "%s%s", ipc, path);
	return TWINLOG_OK;
}

static bool is_file(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

/* The folder that a settings file lies in, without the slash; "." when the name alone is given. */
static void folder_of(const char *path, char *out, size_t size)
{
	const char *slash = strrchr(path, '/');

	if (slash)
		snprintf(out, size, "%.*s", slash == path ? 1 : (int)(slash - path), path);
	else
		snprintf(out, size, ".");
}

/* As it stands in a file. */
struct locked_text {
	char bytes[2 * sizeof((struct client_settings *)NULL)->locked + 1];
	char effort[48];
};

static enum twinlog_error take_effort(const char *text, struct seal_effort *effort)
{
	char *end;

	effort->operations = strtoull(text, &end, 10);
	effort->memory_kib = *end == ' ' ? strtoull(end + 1, &end, 10) : 0;
	return *end ? TWINLOG_BAD_NUMBER : TWINLOG_OK;
}

/* The key is there in one form, not in both. */
static enum twinlog_error take_locked(struct client_settings *settings, const struct locked_text *text,
				      struct twinlog_fault *fault)
{
	const char *path = settings->key_path;
	const size_t size = strlen(text->bytes);

	settings->is_locked = size > 0;
	if (settings->is_locked == (settings->secret_key[0] != '\0'))
		return twinlog_fault_set(fault, settings->is_locked ? TWINLOG_DUPLICATE : TWINLOG_FIELD_MISSING, path,
					 "secret");
	if (!settings->is_locked)
		return TWINLOG_OK;
	if (size + 1 != sizeof text->bytes || hex_decode(settings->locked, sizeof settings->locked, text->bytes, size))
		return twinlog_fault_set(fault, TWINLOG_INVALID, path, "locked");
	return take_effort(text->effort, &settings->effort)
		   ? twinlog_fault_set(fault, TWINLOG_BAD_NUMBER, path, text->effort)
		   : TWINLOG_OK;
}

static enum twinlog_error read_key(struct client_settings *settings, struct twinlog_fault *fault)
{
	struct locked_text locked = {"", ""};
	char unused[3][1024];
	struct setting list[] = {
	    {"public", settings->public_key, sizeof settings->public_key, true, false},
	    {"secret", settings->secret_key, sizeof settings->secret_key, false, false},
	    {"locked", locked.bytes, sizeof locked.bytes, false, false},
	    {"effort", locked.effort, sizeof locked.effort, false, false},
	    {"endpoint", settings->endpoint, sizeof settings->endpoint, false, false},
	    {"server", settings->server_key, sizeof settings->server_key, false, false},
	    {"office", unused[0], sizeof unused[0], false, false},
	    {"key", unused[1], sizeof unused[1], false, false},
	    {"server_next", unused[2], sizeof unused[2], false, false},
	};
	enum twinlog_error error = read_file(settings->key_path, list, sizeof list / sizeof *list, fault);

	return error ? error : take_locked(settings, &locked, fault);
}

static enum twinlog_error read_settings(const char *folder, const char *file, struct client_settings *settings,
					struct twinlog_fault *fault)
{
	char endpoint[256], key[256];
	struct locked_text locked = {"", ""};
	struct setting main_settings[] = {
	    {"endpoint", endpoint, sizeof endpoint, true, false},
	    {"server", settings->server_key, sizeof settings->server_key, true, false},
	    {"key", key, sizeof key, false, false},
	    {"office", settings->office, sizeof settings->office, false, false},
	    {"public", settings->public_key, sizeof settings->public_key, false, false},
	    {"secret", settings->secret_key, sizeof settings->secret_key, false, false},
	    {"locked", locked.bytes, sizeof locked.bytes, false, false},
	    {"effort", locked.effort, sizeof locked.effort, false, false},
	    {"server_next", settings->server_next, sizeof settings->server_next, false, false},
	};
	enum twinlog_error error = read_file(file, main_settings, sizeof main_settings / sizeof *main_settings, fault);

	snprintf(settings->path, sizeof settings->path, "%s", file);
	if (!error)
		error = settle_endpoint(settings, folder, endpoint, fault);
	if (error)
		return error;
	if (!main_settings[2].seen) {
		snprintf(settings->key_path, sizeof settings->key_path, "%s", file);
		return main_settings[4].seen ? take_locked(settings, &locked, fault)
					     : twinlog_fault_set(fault, TWINLOG_FIELD_MISSING, file, "key");
	}
	join(settings->key_path, sizeof settings->key_path, folder, key);
	return read_key(settings, fault);
}

enum twinlog_error client_key_read(const char *path, struct client_settings *ret_settings, struct twinlog_fault *fault)
{
	struct client_settings settings = {0};
	enum twinlog_error error;

	if (strlen(path) >= sizeof settings.key_path)
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, path, NULL);
	strcpy(settings.key_path, path);
	error = read_key(&settings, fault);
	if (!error)
		*ret_settings = settings;
	explicit_bzero(&settings, sizeof settings);
	return error;
}

enum twinlog_error client_settings_read(const char *path, struct client_settings *ret_settings,
					struct twinlog_fault *fault)
{
	struct client_settings settings = {0};
	char file[512], parent[256];
	enum twinlog_error error;

	if (!path || !*path)
		path = getenv("TWINLOG_DIR");
	if (!path || !*path)
		return twinlog_fault_set(fault, TWINLOG_USAGE, "-D DIR, TWINLOG_DIR", NULL);
	if (strlen(path) > 200)
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, "-D", path);
	if (is_file(path)) {
		folder_of(path, parent, sizeof parent);
		error = read_settings(parent, path, &settings, fault);
	} else {
		join(file, sizeof file, path, "client.conf");
		error = read_settings(path, file, &settings, fault);
	}
	if (!error)
		*ret_settings = settings;
	explicit_bzero(&settings, sizeof settings);
	return error;
}

enum twinlog_error client_settings_write(const char *path, const struct client_settings *settings,
					 struct twinlog_fault *fault)
{
	const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool sound;

	if (fd < 0)
		return twinlog_fault_set(fault,
					 errno == EEXIST   ? TWINLOG_NOT_EMPTY
					 : errno == ENOENT ? TWINLOG_MISSING
					 : errno == EACCES ? TWINLOG_NOT_PERMITTED
							   : TWINLOG_IO,
					 path, NULL);
	if (!file) {
		close(fd);
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, path, NULL);
	}
	fprintf(
	    file,
	    "# What `twinlog -D THIS-FILE` needs to speak with its city's daemon. Whoever has it can speak as this\n"
	    "# office: keep it to yourself.\nendpoint = %s\nserver = %s\n",
	    settings->endpoint, settings->server_key);
	if (settings->server_next[0] != '\0')
		fprintf(file, "server_next = %s\n", settings->server_next);
	client_key_print(file, settings);
	if (settings->office[0] != '\0')
		fprintf(file, "office = %s\n", settings->office);
	sound = fflush(file) == 0 && fsync(fd) == 0;
	if (fclose(file) != 0 || !sound) {
		unlink(path);
		return twinlog_fault_set(fault, TWINLOG_IO, path, NULL);
	}
	return TWINLOG_OK;
}
