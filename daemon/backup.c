#include "backup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files.h"
#include "home.h"
#include "seal.h"

#define MAGIC        "twinlog-backup 1"
#define MAGIC_SIZE   16
#define TRAILER_SIZE (MAGIC_SIZE + 8 + 8 + HASH_SIZE)
#define DIGEST_CHUNK (1024u * 1024)
#define NAME_MAX_    255u
#define FILES_TOTAL  (16u * 1024 * 1024) /* of all small files together */

static void put_number(uint8_t *out, uint64_t number, size_t size)
{
	for (size_t i = size; i-- > 0; number >>= 8)
		out[i] = (uint8_t)number;
}

static uint64_t get_number(const uint8_t *bytes, size_t size)
{
	uint64_t number = 0;
	for (size_t i = 0; i < size; i++)
		number = number << 8 | bytes[i];
	return number;
}

static enum twinlog_error fault_at(struct twinlog_fault *fault, int code, const char *path)
{
	enum twinlog_error error = code == ENOSPC || code == EDQUOT  ? TWINLOG_DISK_FULL
				   : code == ENOENT                  ? TWINLOG_MISSING
				   : code == EEXIST                  ? TWINLOG_NOT_EMPTY
				   : code == EACCES || code == EPERM ? TWINLOG_NOT_PERMITTED
								     : TWINLOG_IO;

	return twinlog_fault_set(fault, error, path, error == TWINLOG_IO ? strerror(code) : NULL);
}

/* ---- Reading ---- */

static int read_all(int fd, void *bytes, size_t size, uint64_t offset)
{
	uint8_t *at = bytes;
	while (size > 0) {
		const ssize_t got = pread(fd, at, size, (off_t)offset);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return got < 0 ? errno : EIO;
		at += got;
		size -= (size_t)got;
		offset += (uint64_t)got;
	}
	return 0;
}

static enum twinlog_error digest_file(int fd, uint64_t size, store_progress progress, void *context,
				      struct hash *ret_digest)
{
	struct hash digest = {{0}};
	uint8_t *chunk = malloc(DIGEST_CHUNK);
	int code = chunk ? 0 : ENOMEM;
	for (uint64_t at = 0; at < size && !code;) {
		const size_t part = size - at < DIGEST_CHUNK ? (size_t)(size - at) : DIGEST_CHUNK;
		code = read_all(fd, chunk, part, at);
		if (!code) {
			const struct seal_part parts[] = {{digest.bytes, HASH_SIZE}, {chunk, part}};
			digest = seal_hash("backup", parts, 2);
		}
		at += part;
		if (progress)
			progress(context, at);
	}
	free(chunk);
	*ret_digest = digest;
	return code == ENOMEM ? TWINLOG_NO_MEMORY : code ? TWINLOG_IO : TWINLOG_OK;
}

static enum twinlog_error trailer_read(int fd, const char *path, struct backup_parts *ret_parts,
				       struct hash *ret_digest, struct twinlog_fault *fault)
{
	uint8_t trailer[TRAILER_SIZE];
	struct stat status;
	int code = fstat(fd, &status) != 0 ? errno : 0;
	if (code)
		return fault_at(fault, code, path);
	if (!S_ISREG(status.st_mode) || status.st_size < (off_t)TRAILER_SIZE)
		return twinlog_fault_set(fault, TWINLOG_NOT_A_BACKUP, path, NULL);
	code = read_all(fd, trailer, sizeof trailer, (uint64_t)status.st_size - TRAILER_SIZE);
	if (code)
		return fault_at(fault, code, path);
	const struct backup_parts parts = {.store_size = get_number(trailer + MAGIC_SIZE, 8),
					   .size = get_number(trailer + MAGIC_SIZE + 8, 8)};
	if (memcmp(trailer, MAGIC, MAGIC_SIZE) != 0 || parts.size != (uint64_t)status.st_size - TRAILER_SIZE ||
	    parts.store_size > parts.size || parts.size - parts.store_size > FILES_TOTAL)
		return twinlog_fault_set(fault, TWINLOG_NOT_A_BACKUP, path, NULL);
	memcpy(ret_digest->bytes, trailer + MAGIC_SIZE + 16, HASH_SIZE);
	*ret_parts = parts;
	return TWINLOG_OK;
}

static enum twinlog_error check_open(const char *path, int *ret_fd, store_progress progress, void *context,
				     struct backup_parts *ret_parts, struct twinlog_fault *fault)
{
	struct hash expected, digest;
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return fault_at(fault, errno, path);
	enum twinlog_error error = trailer_read(fd, path, ret_parts, &expected, fault);
	if (!error) {
		error = digest_file(fd, ret_parts->size, progress, context, &digest);
		if (!error && !hash_equal(&digest, &expected))
			error = TWINLOG_BAD_HASH;
		if (error)
			twinlog_fault_set(fault, error, path, NULL);
	}
	if (error)
		close(fd);
	else
		*ret_fd = fd;
	return error;
}

enum twinlog_error backup_check(const char *path, store_progress progress, void *context,
				struct backup_parts *ret_parts, struct twinlog_fault *fault)
{
	int fd = -1;
	const enum twinlog_error error = check_open(path, &fd, progress, context, ret_parts, fault);
	if (!error)
		close(fd);
	return error;
}

/* ---- Writing ---- */

static int write_all(int fd, const void *bytes, size_t size)
{
	const uint8_t *at = bytes;
	while (size > 0) {
		const ssize_t put = write(fd, at, size);
		if (put < 0 && errno == EINTR)
			continue;
		if (put < 0)
			return errno;
		at += put;
		size -= (size_t)put;
	}
	return 0;
}

static enum twinlog_error file_add(int fd, const char *out, const char *dir, const char *name,
				   struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX], *bytes;
	uint8_t head[1 + NAME_MAX_ + 4];
	const size_t name_size = strlen(name);
	size_t size;
	if (name_size > NAME_MAX_)
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, dir, name);
	enum twinlog_error error = files_join(path, dir, name, fault);
	if (!error)
		error = files_read(path, false, &bytes, &size, fault);
	if (error)
		return error;
	head[0] = (uint8_t)name_size;
	memcpy(head + 1, name, name_size);
	put_number(head + 1 + name_size, size, 4);
	int code = write_all(fd, head, 1 + name_size + 4);
	if (!code)
		code = write_all(fd, bytes, size);
	files_free(bytes, size);
	return code ? fault_at(fault, code, out) : TWINLOG_OK;
}

static enum twinlog_error client_keys_add(int fd, const char *out, const char *dir, struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX], name[NAME_MAX_ + 1];
	enum twinlog_error error = files_join(path, dir, CLIENTS_DIR, fault);
	if (error)
		return error;
	DIR *keys = opendir(path);
	if (!keys)
		return errno == ENOENT ? TWINLOG_OK : fault_at(fault, errno, path);
	for (const struct dirent *entry = readdir(keys); entry && !error; entry = readdir(keys)) {
		const size_t size = strlen(entry->d_name);
		if (size < 4 || strcmp(entry->d_name + size - 4, ".key") != 0 ||
		    snprintf(name, sizeof name, "%s/%s", CLIENTS_DIR, entry->d_name) >= (int)sizeof name)
			continue;
		error = file_add(fd, out, dir, name, fault);
	}
	closedir(keys);
	return error;
}

static enum twinlog_error files_add(int fd, const char *out, const char *dir, bool *ret_keyless,
				    struct twinlog_fault *fault)
{
	static const char *const names[] = {IDENTITY_CARD_FILE, CLIENTS_FILE, CLIENTS_SETTINGS, CONFIG_FILE};
	enum twinlog_error error = file_add(fd, out, dir, IDENTITY_SEED_FILE, fault);
	*ret_keyless = error == TWINLOG_MISSING;
	if (*ret_keyless)
		error = TWINLOG_OK;
	for (size_t i = 0; i < sizeof names / sizeof *names && !error; i++)
		error = file_add(fd, out, dir, names[i], fault);
	return error ? error : client_keys_add(fd, out, dir, fault);
}

/* What was written is read again: that is the check that the copy can be read, too. */
static enum twinlog_error trailer_add(int fd, const char *path, const struct backup_parts *parts,
				      store_progress progress, void *context, struct twinlog_fault *fault)
{
	uint8_t trailer[TRAILER_SIZE];
	struct hash digest;
	if (fsync(fd) != 0)
		return fault_at(fault, errno, path);
	const enum twinlog_error error = digest_file(fd, parts->size, progress, context, &digest);
	if (error)
		return twinlog_fault_set(fault, error, path, NULL);
	memcpy(trailer, MAGIC, MAGIC_SIZE);
	put_number(trailer + MAGIC_SIZE, parts->store_size, 8);
	put_number(trailer + MAGIC_SIZE + 8, parts->size, 8);
	memcpy(trailer + MAGIC_SIZE + 16, digest.bytes, HASH_SIZE);
	int code = write_all(fd, trailer, sizeof trailer);
	if (!code && fsync(fd) != 0)
		code = errno;
	return code ? fault_at(fault, code, path) : TWINLOG_OK;
}

static enum twinlog_error parts_write(int fd, struct store *store, const char *dir, const char *path,
				      store_progress progress, void *context, struct backup_parts *parts,
				      struct twinlog_fault *fault)
{
	enum twinlog_error error = store_copy_to(store, fd);
	if (error)
		return twinlog_fault_set(fault, error, path, NULL);
	parts->store_size = (uint64_t)lseek(fd, 0, SEEK_END);
	error = files_add(fd, path, dir, &parts->keyless, fault);
	parts->size = (uint64_t)lseek(fd, 0, SEEK_END);
	return error ? error : trailer_add(fd, path, parts, progress, context, fault);
}

static enum twinlog_error sync_parent(const char *path, struct twinlog_fault *fault)
{
	char parent[FILES_PATH_MAX];
	const char *slash = strrchr(path, '/');
	const size_t size = slash ? (size_t)(slash - path) : 0;
	if (size >= sizeof parent)
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, NULL, path);
	memcpy(parent, path, size);
	parent[size] = '\0';
	return files_sync_dir(slash ? (size ? parent : "/") : ".", fault);
}

/* Where another has put a file meanwhile, that one stays. A stick or a share may know neither links nor how to rename
 * only where nothing is; then that is looked at first. Returns errno. */
static int put_in_place(const char *part, const char *path)
{
	if (link(part, path) == 0)
		return 0;
	if (errno != EPERM && errno != EOPNOTSUPP && errno != ENOSYS)
		return errno;
	if (renameat2(AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != EOPNOTSUPP && errno != ENOSYS)
		return errno;
	if (access(path, F_OK) == 0)
		return EEXIST;
	return rename(part, path) == 0 ? 0 : errno;
}

enum twinlog_error backup_write(struct store *store, const char *dir, const char *path, store_progress progress,
				void *context, struct backup_parts *ret_parts, struct twinlog_fault *fault)
{
	char part[FILES_PATH_MAX];
	if (access(path, F_OK) == 0)
		return twinlog_fault_set(fault, TWINLOG_NOT_EMPTY, path, NULL);
	if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, NULL, path);
	unlink(part); /* one that was broken off */
	const int fd = open(part, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fault_at(fault, errno, path);
	enum twinlog_error error = parts_write(fd, store, dir, path, progress, context, ret_parts, fault);
	close(fd);
	const int code = error ? 0 : put_in_place(part, path);
	if (code)
		error = fault_at(fault, code, path);
	unlink(part);
	return error ? error : sync_parent(path, fault);
}

/* ---- Restoring ---- */

static bool name_is_ours(const char *name)
{
	static const char *const names[] = {IDENTITY_SEED_FILE, IDENTITY_CARD_FILE, CLIENTS_FILE, CLIENTS_SETTINGS,
					    CONFIG_FILE};
	const size_t dir = strlen(CLIENTS_DIR "/");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (strcmp(name, names[i]) == 0)
			return true;
	return strncmp(name, CLIENTS_DIR "/", dir) == 0 && name[dir] != '\0' && !strchr(name + dir, '/') &&
	       name[dir] != '.';
}

typedef enum twinlog_error (*file_take)(const char *dir, const char *name, const uint8_t *bytes, size_t size,
					struct twinlog_fault *fault);

static enum twinlog_error file_restore(const char *dir, const char *name, const uint8_t *bytes, size_t size,
				       struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX];
	const mode_t mode = strcmp(name, IDENTITY_CARD_FILE) == 0 ? 0644 : 0600;
	const enum twinlog_error error = files_join(path, dir, name, fault);
	return error ? error : files_write(path, mode, bytes, size, fault);
}

static enum twinlog_error file_remove(const char *dir, const char *name, const uint8_t *bytes, size_t size,
				      struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX];
	(void)bytes, (void)size;
	if (files_join(path, dir, name, fault) == TWINLOG_OK)
		unlink(path);
	return TWINLOG_OK;
}

/* Each file of the backup; the settings last, since a folder without them is none. */
static enum twinlog_error files_each(const uint8_t *bytes, size_t size, file_take take, const char *dir,
				     const char *path, struct twinlog_fault *fault)
{
	enum twinlog_error error = TWINLOG_OK;
	for (int settings = 0; settings < 2 && !error; settings++) {
		for (size_t at = 0; at < size && !error;) {
			char name[NAME_MAX_ + 1];
			const size_t name_size = bytes[at];
			if (size - at < 1 + name_size + 4)
				return twinlog_fault_set(fault, TWINLOG_NOT_A_BACKUP, path, NULL);
			memcpy(name, bytes + at + 1, name_size);
			name[name_size] = '\0';
			const size_t content = (size_t)get_number(bytes + at + 1 + name_size, 4);
			at += 1 + name_size + 4;
			if (content > size - at || !name_is_ours(name))
				return twinlog_fault_set(fault, TWINLOG_NOT_A_BACKUP, path, NULL);
			if ((strcmp(name, CONFIG_FILE) == 0) == (settings == 1))
				error = take(dir, name, bytes + at, content, fault);
			at += content;
		}
	}
	return error;
}

/* The copy is another machine: what it signs must not be taken for the word of the one it was copied from. */
static enum twinlog_error store_mark(const char *dir, struct twinlog_fault *fault)
{
	struct store *store;
	struct store_write *write;
	uint64_t machine = 0;
	enum twinlog_error error = store_open(dir, false, false, &store, fault);
	if (error)
		return error;
	while (machine == 0)
		seal_random(&machine, sizeof machine);
	error = store_begin(store, &write);
	if (!error) {
		error = store_put_machine(write, machine);
		if (!error)
			error = store_put_restored(write, true);
		if (error)
			store_abort(write);
		else
			error = store_commit(write);
	}
	store_close(store);
	return error ? twinlog_fault_set(fault, error, dir, NULL) : TWINLOG_OK;
}

static enum twinlog_error store_restore(const char *path, uint64_t size, const char *dir, store_progress progress,
					void *context, struct twinlog_fault *fault)
{
	char to[FILES_PATH_MAX];
	struct store *from;
	enum twinlog_error error = files_join(to, dir, HOME_STORE_DIR, fault);
	if (!error)
		error = files_make_dir(to, fault);
	if (!error)
		error = store_open_copy(path, size, &from, fault);
	if (error)
		return error;
	error = store_rewrite(from, to, progress, context, fault);
	store_close(from);
	return error ? error : store_mark(to, fault);
}

static enum twinlog_error folders_make(const char *dir, struct twinlog_fault *fault)
{
	static const char *const folders[] = {IDENTITY_KEYS_DIR, CLIENTS_DIR};
	char path[FILES_PATH_MAX];
	enum twinlog_error error = TWINLOG_OK;
	for (size_t i = 0; i < sizeof folders / sizeof *folders && !error; i++) {
		error = files_join(path, dir, folders[i], fault);
		if (!error)
			error = files_make_dir(path, fault);
	}
	return error;
}

static void folder_remove(const char *dir, const char *path, const uint8_t *files, size_t size)
{
	static const char *const rest[] = {HOME_STORE_DIR "/data.mdb", HOME_STORE_DIR "/lock.mdb",
					   HOME_STORE_DIR "/lock", HOME_STORE_DIR "/journal"};
	static const char *const folders[] = {IDENTITY_KEYS_DIR, CLIENTS_DIR, HOME_STORE_DIR};
	struct twinlog_fault unused;
	char name[FILES_PATH_MAX];
	(void)!files_each(files, size, file_remove, dir, path, &unused);
	for (size_t i = 0; i < sizeof rest / sizeof *rest; i++)
		if (files_join(name, dir, rest[i], &unused) == TWINLOG_OK)
			unlink(name);
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
		if (files_join(name, dir, folders[i], &unused) == TWINLOG_OK)
			rmdir(name);
	rmdir(dir);
}

enum twinlog_error backup_restore(const char *path, const char *dir, store_progress progress, void *context,
				  struct twinlog_fault *fault)
{
	struct backup_parts parts = {0};
	int fd = -1;
	enum twinlog_error error = check_open(path, &fd, progress, context, &parts, fault);
	if (error)
		return error;
	const size_t size = (size_t)(parts.size - parts.store_size);
	uint8_t *files = malloc(size + 1);
	const int code = files ? read_all(fd, files, size, parts.store_size) : ENOMEM;
	close(fd);
	error = !files ? twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL)
		: code ? fault_at(fault, code, path)
		       : files_make_dir(dir, fault);
	if (!error) {
		error = folders_make(dir, fault);
		if (!error)
			error = store_restore(path, parts.store_size, dir, progress, context, fault);
		if (!error)
			error = files_each(files, size, file_restore, dir, path, fault);
		if (error)
			folder_remove(dir, path, files, size);
	}
	if (files)
		seal_wipe(files, size);
	free(files);
	return error;
}
