/* Client keys under a passphrase: the same door and the same form as a city's key file. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <zmq.h>

#include "connection.h"
#include "passphrase.h"

enum twinlog_error client_key_unlock(struct client_settings *settings, struct twinlog_fault *fault)
{
	struct passphrase passphrase;
	uint8_t secret[32];
	enum twinlog_error error;

	if (!settings->is_locked)
		return TWINLOG_OK;
	if (seal_init())
		return twinlog_fault_set(fault, TWINLOG_FAILED, "libsodium", NULL);
	error = passphrase_ask(settings->key_path, &passphrase, fault);
	if (error)
		return error;
	error = seal_unlock(passphrase.text, settings->effort, settings->locked, sizeof settings->locked, secret);
	passphrase_wipe(&passphrase);
	if (!error && !zmq_z85_encode(settings->secret_key, secret, sizeof secret))
		error = TWINLOG_FAILED;
	explicit_bzero(secret, sizeof secret);
	if (error)
		return twinlog_fault_set(fault, error, settings->key_path, NULL);
	settings->is_locked = false;
	return TWINLOG_OK;
}

enum twinlog_error client_key_lock(struct client_settings *settings, const char *passphrase,
				   struct twinlog_fault *fault)
{
	uint8_t secret[40]; /* zmq_z85_decode writes no more than four fifths of the text */
	enum twinlog_error error;

	if (strlen(settings->secret_key) != CONNECTION_Z85_SIZE - 1 || !zmq_z85_decode(secret, settings->secret_key))
		return twinlog_fault_set(fault, TWINLOG_INVALID, settings->key_path, "secret");
	error = seal_init();
	settings->effort = seal_effort_usual();
	if (!error)
		error = seal_lock(passphrase, settings->effort, secret, 32, settings->locked);
	explicit_bzero(secret, sizeof secret);
	if (error)
		return twinlog_fault_set(fault, error, settings->key_path, NULL);
	settings->is_locked = true;
	explicit_bzero(settings->secret_key, sizeof settings->secret_key);
	return TWINLOG_OK;
}

void client_key_print(FILE *file, const struct client_settings *settings)
{
	char hex[2 * sizeof settings->locked + 1];

	fprintf(file, "public = %s\n", settings->public_key);
	if (settings->is_locked)
		fprintf(file, "locked = %s\neffort = %llu %llu\n",
			hex_encode(hex, settings->locked, sizeof settings->locked),
			(unsigned long long)settings->effort.operations,
			(unsigned long long)settings->effort.memory_kib);
	else
		fprintf(file, "secret = %s\n", settings->secret_key);
}

/* ---- In a file that is there ---- */

static bool of_the_key(const char *line)
{
	static const char *const names[] = {"public", "secret", "locked", "effort"};

	line += strspn(line, " \t");
	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		const size_t size = strlen(names[i]);

		if (strncmp(line, names[i], size) == 0 && line[size + strspn(line + size, " \t")] == '=')
			return true;
	}
	return false;
}

/* The lines of the key stand where the first of them stood. */
static bool copy_around(FILE *from, FILE *to, const struct client_settings *settings)
{
	bool written = false;
	char line[1024];

	while (fgets(line, sizeof line, from)) {
		if (!of_the_key(line))
			fputs(line, to);
		else if (!written)
			client_key_print(to, settings);
		written |= of_the_key(line);
	}
	explicit_bzero(line, sizeof line);
	return !ferror(from) && fflush(to) == 0 && !ferror(to) && fsync(fileno(to)) == 0;
}

static enum twinlog_error error_of_file(const char *path, struct twinlog_fault *fault)
{
	return twinlog_fault_set(fault,
				 errno == ENOENT   ? TWINLOG_MISSING
				 : errno == EACCES ? TWINLOG_NOT_PERMITTED
				 : errno == ENOSPC ? TWINLOG_DISK_FULL
						   : TWINLOG_IO,
				 path, NULL);
}

enum twinlog_error client_key_replace(const char *path, const struct client_settings *settings,
				      struct twinlog_fault *fault)
{
	char beside[sizeof settings->key_path + 8];
	FILE *from = fopen(path, "re"), *to;
	int fd;
	bool sound;

	if (!from)
		return error_of_file(path, fault);
	snprintf(beside, sizeof beside, "%.500s.new", path);
	unlink(beside); /* left by a power failure */
	fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	to = fd < 0 ? NULL : fdopen(fd, "w");
	sound = to && copy_around(from, to, settings);
	fclose(from);
	if (to && fclose(to) != 0)
		sound = false;
	else if (!to && fd >= 0)
		close(fd);
	if (sound && rename(beside, path) == 0)
		return TWINLOG_OK;
	const enum twinlog_error error = error_of_file(fd < 0 ? beside : path, fault);
	unlink(beside);
	return error;
}
