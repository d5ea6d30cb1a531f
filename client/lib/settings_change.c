/* Lines of a client's file put anew: its key, or the keys of its server. The file is the old one or the new one,
 * whenever the power fails; of several processes that change it one goes after the other. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "connection.h"

/* What is put in place of which lines. */
struct change {
	const char *const *names; /* of the lines that go; NULL after the last */
	const struct client_settings *key;
	const char *server, *next; /* when key is NULL */
};

static void change_print(FILE *file, const struct change *change)
{
	if (change->key) {
		client_key_print(file, change->key);
		return;
	}
	fprintf(file, "server = %s\n", change->server);
	if (change->next[0] != '\0')
		fprintf(file, "server_next = %s\n", change->next);
}

static bool is_named(const char *line, const char *const *names)
{
	line += strspn(line, " \t");
	for (; *names; names++) {
		const size_t size = strlen(*names);

		if (strncmp(line, *names, size) == 0 && line[size + strspn(line + size, " \t")] == '=')
			return true;
	}
	return false;
}

/* The new lines stand where the first of the old ones stood. */
static bool copy_around(FILE *from, FILE *to, const struct change *change)
{
	bool written = false;
	char line[1024];

	while (fgets(line, sizeof line, from)) {
		if (!is_named(line, change->names))
			fputs(line, to);
		else if (!written)
			change_print(to, change);
		written |= is_named(line, change->names);
	}
	explicit_bzero(line, sizeof line);
	return !ferror(from) && fflush(to) == 0 && !ferror(to) && fsync(fileno(to)) == 0;
}

static enum twinlog_error fault_of(int code, const char *path, struct twinlog_fault *fault)
{
	return twinlog_fault_set(fault,
				 code == ENOENT                                     ? TWINLOG_MISSING
				 : code == EACCES || code == EPERM || code == EROFS ? TWINLOG_NOT_PERMITTED
				 : code == ENOSPC                                   ? TWINLOG_DISK_FULL
										    : TWINLOG_IO,
				 path, NULL);
}

/* Opened and locked, and still the file of that name. NULL with errno. */
static FILE *open_locked(const char *path, struct stat *ret_status)
{
	for (;;) {
		FILE *file = fopen(path, "re");
		struct stat now;

		if (!file)
			return NULL;
		if (flock(fileno(file), LOCK_EX) == 0 && fstat(fileno(file), ret_status) == 0 &&
		    stat(path, &now) == 0 && now.st_ino == ret_status->st_ino && now.st_dev == ret_status->st_dev)
			return file;
		const int code = errno;
		fclose(file);
		errno = code;
		if (stat(path, &now) != 0)
			return NULL;
	}
}

/* Nobody else may come to read it who could not, nor lose it who could. */
static bool give_owner(int fd, const struct stat *status)
{
	struct stat now;

	return fstat(fd, &now) == 0 &&
	       ((now.st_uid == status->st_uid && now.st_gid == status->st_gid) ||
		fchown(fd, status->st_uid, status->st_gid) == 0) &&
	       fchmod(fd, status->st_mode & 07777) == 0;
}

/* path: no link. */
static enum twinlog_error replace(const char *path, const struct change *change, struct twinlog_fault *fault)
{
	char beside[PATH_MAX + 8];
	struct stat status;
	FILE *from = open_locked(path, &status), *to;
	int fd, code;

	if (!from)
		return fault_of(errno, path, fault);
	snprintf(beside, sizeof beside, "%s.XXXXXX", path);
	fd = mkostemp(beside, O_CLOEXEC);
	to = fd < 0 ? NULL : fdopen(fd, "w");
	errno = fd < 0 ? errno : EIO;
	code = to && copy_around(from, to, change) && give_owner(fd, &status) ? 0 : errno;
	if (to && fclose(to) != 0)
		code = errno;
	else if (!to && fd >= 0)
		close(fd);
	if (code == 0 && rename(beside, path) != 0)
		code = errno;
	if (code && fd >= 0)
		unlink(beside);
	fclose(from);
	return code ? fault_of(code, path, fault) : TWINLOG_OK;
}

static enum twinlog_error change_file(const char *path, const struct change *change, struct twinlog_fault *fault)
{
	char real[PATH_MAX];

	return realpath(path, real) ? replace(real, change, fault) : fault_of(errno, path, fault);
}

enum twinlog_error client_key_replace(const char *path, const struct client_settings *settings,
				      struct twinlog_fault *fault)
{
	static const char *const names[] = {"public", "secret", "locked", "effort", NULL};

	return change_file(path, &(struct change){.names = names, .key = settings}, fault);
}

enum twinlog_error client_server_replace(const char *path, const char *server, const char *next,
					 struct twinlog_fault *fault)
{
	static const char *const names[] = {"server", "server_next", NULL};

	return change_file(path, &(struct change){.names = names, .server = server, .next = next}, fault);
}
