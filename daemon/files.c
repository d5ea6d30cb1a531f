#include "files.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "seal.h"

static enum twinlog_error fault_errno(const char *path, struct twinlog_fault *fault)
{
	switch (errno) {
	case ENOENT:
		return twinlog_fault_set(fault, TWINLOG_MISSING, path, NULL);
	case EACCES:
	case EPERM:
		return twinlog_fault_set(fault, TWINLOG_NOT_PERMITTED, path, NULL);
	case ENOSPC:
	case EDQUOT:
	case EFBIG:
		return twinlog_fault_set(fault, TWINLOG_DISK_FULL, path, NULL);
	case ENOMEM:
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, path, NULL);
	default:
		return twinlog_fault_set(fault, TWINLOG_IO, path, strerror(errno));
	}
}

enum twinlog_error files_join(char out[FILES_PATH_MAX], const char *dir, const char *name, struct twinlog_fault *fault)
{
	int size = name[0] == '/' ? snprintf(out, FILES_PATH_MAX, "%s", name)
				  : snprintf(out, FILES_PATH_MAX, "%s/%s", dir, name);

	if (size < 0 || size >= FILES_PATH_MAX)
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, "path", name);
	return TWINLOG_OK;
}

/* ---- Reading ---- */

static enum twinlog_error read_open(int fd, const char *path, bool secret, char **ret_bytes, size_t *ret_size,
				    struct twinlog_fault *fault)
{
	struct stat status;
	size_t size, done = 0;
	char *bytes;

	if (fstat(fd, &status) != 0)
		return fault_errno(path, fault);
	if (!S_ISREG(status.st_mode))
		return twinlog_fault_set(fault, TWINLOG_INVALID, path, NULL);
	if (secret && (status.st_mode & 077) != 0)
		return twinlog_fault_set(fault, TWINLOG_NOT_PERMITTED, path, "others may read it; chmod 600");
	if (status.st_size > (off_t)FILES_SIZE_MAX)
		return twinlog_fault_set(fault, TWINLOG_TOO_LARGE, path, NULL);
	size = (size_t)status.st_size;
	bytes = calloc(1, size + 1);
	if (!bytes)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, path, NULL);
	while (done < size) {
		ssize_t got = read(fd, bytes + done, size - done);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			files_free(bytes, size);
			return fault_errno(path, fault);
		}
		if (got == 0)
			break;
		done += (size_t)got;
	}
	*ret_bytes = bytes;
	*ret_size = done;
	return TWINLOG_OK;
}

enum twinlog_error files_read(const char *path, bool secret, char **ret_bytes, size_t *ret_size,
			      struct twinlog_fault *fault)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	enum twinlog_error error;

	if (fd < 0)
		return fault_errno(path, fault);
	error = read_open(fd, path, secret, ret_bytes, ret_size, fault);
	close(fd);
	return error;
}

void files_free(char *bytes, size_t size)
{
	if (bytes)
		seal_wipe(bytes, size);
	free(bytes);
}

/* ---- Writing ---- */

static bool write_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		ssize_t put = write(fd, bytes, size);

		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return false;
		bytes += put;
		size -= (size_t)put;
	}
	return true;
}

/* The folder that a path lies in. */
static void parent_of(const char *path, char out[FILES_PATH_MAX])
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		strcpy(out, ".");
	else if (slash == path)
		strcpy(out, "/");
	else
		snprintf(out, FILES_PATH_MAX, "%.*s", (int)(slash - path), path);
}

enum twinlog_error files_sync_dir(const char *path, struct twinlog_fault *fault)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	enum twinlog_error error = TWINLOG_OK;

	if (fd < 0)
		return fault_errno(path, fault);
	if (fsync(fd) != 0)
		error = fault_errno(path, fault);
	close(fd);
	return error;
}

enum twinlog_error files_write(const char *path, mode_t mode, const void *bytes, size_t size,
			       struct twinlog_fault *fault)
{
	char beside[FILES_PATH_MAX], dir[FILES_PATH_MAX];
	enum twinlog_error error = TWINLOG_OK;
	int length = snprintf(beside, sizeof beside, "%s.new", path);
	int fd;

	if (length < 0 || (size_t)length >= sizeof beside)
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, "path", path);
	unlink(beside); /* left by a power failure */
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return fault_errno(beside, fault);
	if (!write_all(fd, bytes, size) || fchmod(fd, mode) != 0 || fsync(fd) != 0)
		error = fault_errno(path, fault);
	close(fd);
	if (!error && rename(beside, path) != 0)
		error = fault_errno(path, fault);
	if (error) {
		unlink(beside);
		return error;
	}
	parent_of(path, dir);
	return files_sync_dir(dir, fault);
}

static enum twinlog_error check_empty(const char *path, struct twinlog_fault *fault)
{
	enum twinlog_error error = TWINLOG_OK;
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir && errno == ENOTDIR)
		return twinlog_fault_set(fault, TWINLOG_NOT_EMPTY, path, NULL);
	if (!dir)
		return fault_errno(path, fault);
	while (!error && (entry = readdir(dir)))
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			error = twinlog_fault_set(fault, TWINLOG_NOT_EMPTY, path, NULL);
	closedir(dir);
	return error;
}

enum twinlog_error files_make_dir(const char *path, struct twinlog_fault *fault)
{
	char parent[FILES_PATH_MAX];
	enum twinlog_error error;

	if (strlen(path) >= FILES_PATH_MAX)
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, "path", path);
	if (mkdir(path, 0700) != 0) {
		if (errno != EEXIST)
			return fault_errno(path, fault);
		error = check_empty(path, fault);
		if (error)
			return error;
		if (chmod(path, 0700) != 0)
			return fault_errno(path, fault);
	}
	parent_of(path, parent);
	return files_sync_dir(parent, fault);
}

/* ---- Lines ---- */

enum twinlog_error files_line_fault(const struct files_line *line, enum twinlog_error code, const char *value,
				    struct twinlog_fault *fault)
{
	char where[96];

	snprintf(where, sizeof where, "%.80s:%u", line->file, line->number);
	return twinlog_fault_set(fault, code, where, value);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Drops blanks at both ends of the text from start to end, and ends it there. */
static char *trim(char *start, char *end)
{
	while (start < end && is_blank(*start))
		start++;
	while (end > start && is_blank(end[-1]))
		end--;
	*end = '\0';
	return start;
}

static enum twinlog_error take_line(struct files_line *line, char *start, char *end, files_take take, void *context,
				    struct twinlog_fault *fault)
{
	char *text, *equals;

	if (memchr(start, '\0', (size_t)(end - start)))
		return files_line_fault(line, TWINLOG_BAD_UTF8, NULL, fault);
	text = trim(start, end);
	if (text[0] == '\0' || text[0] == '#')
		return TWINLOG_OK;
	equals = strchr(text, '=');
	if (!equals || equals == text)
		return files_line_fault(line, TWINLOG_INVALID, text, fault);
	line->value = trim(equals + 1, text + strlen(text));
	line->key = trim(text, equals);
	return take(context, line, fault);
}

enum twinlog_error files_lines(const char *file, char *text, size_t size, files_take take, void *context,
			       struct twinlog_fault *fault)
{
	struct files_line line = {.file = file};
	char *end = text + size;

	for (char *start = text; start < end;) {
		char *stop = memchr(start, '\n', (size_t)(end - start));
		enum twinlog_error error;

		stop = stop ? stop : end;
		line.number++;
		error = take_line(&line, start, stop, take, context, fault);
		if (error)
			return error;
		start = stop + 1;
	}
	return TWINLOG_OK;
}
