#include "passphrase.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "files.h"
#include "seal.h"

static int given_fd = -1; /* the command line is one, and read once */

void passphrase_from(int fd)
{
	given_fd = fd;
}

void passphrase_wipe(struct passphrase *passphrase)
{
	seal_wipe(passphrase, sizeof *passphrase);
}

/* One line, byte by byte: the next one is somebody else's to read. */
static enum twinlog_error read_line(int fd, struct passphrase *ret)
{
	size_t size = 0;
	char byte;
	ssize_t got;

	while ((got = read(fd, &byte, 1)) == 1 && byte != '\n') {
		if (size == PASSPHRASE_MAX)
			return TWINLOG_TOO_LONG;
		ret->text[size++] = byte;
	}
	if (got < 0)
		return TWINLOG_IO;
	ret->text[size] = '\0';
	return size == 0 && got == 0 ? TWINLOG_MISSING : TWINLOG_OK;
}

static enum twinlog_error read_terminal(const char *prompt, struct passphrase *ret)
{
	const int fd = open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios shown, hidden;
	enum twinlog_error error;

	if (fd < 0)
		return TWINLOG_LOCKED;
	if (tcgetattr(fd, &shown) != 0) {
		close(fd);
		return TWINLOG_LOCKED;
	}
	hidden = shown;
	hidden.c_lflag &= ~(tcflag_t)ECHO;
	tcsetattr(fd, TCSAFLUSH, &hidden);
	dprintf(fd, "%s: ", prompt);
	error = read_line(fd, ret);
	dprintf(fd, "\n");
	tcsetattr(fd, TCSAFLUSH, &shown);
	close(fd);
	return error;
}

static enum twinlog_error read_credential(struct passphrase *ret)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[FILES_PATH_MAX];
	struct twinlog_fault unused;
	enum twinlog_error error;
	int fd;

	if (!dir || files_join(path, dir, PASSPHRASE_CREDENTIAL, &unused))
		return TWINLOG_MISSING;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return TWINLOG_MISSING;
	error = read_line(fd, ret);
	close(fd);
	return error;
}

enum twinlog_error passphrase_ask(const char *what, struct passphrase *ret, struct twinlog_fault *fault)
{
	char prompt[160];
	enum twinlog_error error = given_fd >= 0 ? read_line(given_fd, ret) : read_credential(ret);

	snprintf(prompt, sizeof prompt, "Passphrase of %.120s", what);
	if (error == TWINLOG_MISSING && given_fd < 0)
		error = read_terminal(prompt, ret);
	if (!error)
		return TWINLOG_OK;
	passphrase_wipe(ret);
	return twinlog_fault_set(fault, error == TWINLOG_MISSING ? TWINLOG_LOCKED : error, what, NULL);
}

enum twinlog_error passphrase_new(const char *what, struct passphrase *ret, struct twinlog_fault *fault)
{
	struct passphrase again = {.text = ""};
	char prompt[160];
	enum twinlog_error error;

	snprintf(prompt, sizeof prompt, "New passphrase of %.120s", what);
	error = given_fd >= 0 ? read_line(given_fd, ret) : read_terminal(prompt, ret);
	if (!error && given_fd < 0) {
		error = read_terminal("Once more", &again);
		if (!error && strcmp(ret->text, again.text) != 0)
			error = TWINLOG_WRONG_PASSPHRASE;
		passphrase_wipe(&again);
	}
	if (!error && ret->text[0] == '\0')
		error = TWINLOG_FIELD_MISSING;
	if (!error)
		return TWINLOG_OK;
	passphrase_wipe(ret);
	return twinlog_fault_set(fault, error == TWINLOG_MISSING ? TWINLOG_LOCKED : error, "passphrase", NULL);
}
