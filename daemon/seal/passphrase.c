#include "passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "seal.h"

#define PATH_SIZE 4096

static int given_fd = -1; /* the command line is one, and read once */

void passphrase_from(int fd)
{
	given_fd = fd;
}

static struct passphrase_words words;
static bool may_ask; /* a terminal */

void passphrase_terminal(const struct passphrase_words *given)
{
	words = given ? *given : (struct passphrase_words){"passphrase", "new passphrase", "once more"};
	may_ask = true;
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

static enum twinlog_error read_terminal(const char *what, const char *word, struct passphrase *ret)
{
	const int fd = may_ask ? open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY) : -1;
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
	dprintf(fd, "%s%s%s: ", what, what[0] ? ": " : "", word);
	error = read_line(fd, ret);
	dprintf(fd, "\n");
	tcsetattr(fd, TCSAFLUSH, &shown);
	close(fd);
	return error;
}

static enum twinlog_error read_file(const char *path, struct passphrase *ret)
{
	const int fd = open(path, O_RDONLY | O_CLOEXEC);
	enum twinlog_error error;

	if (fd < 0)
		return errno == ENOENT ? TWINLOG_MISSING : errno == EACCES ? TWINLOG_NOT_PERMITTED : TWINLOG_IO;
	error = read_line(fd, ret);
	close(fd);
	return error;
}

static enum twinlog_error read_credential(struct passphrase *ret)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	char path[PATH_SIZE];
	int size = dir ? snprintf(path, sizeof path, "%s/%s", dir, PASSPHRASE_CREDENTIAL) : -1;

	return size < 0 || (size_t)size >= sizeof path ? TWINLOG_MISSING : read_file(path, ret);
}

enum twinlog_error passphrase_ask(const char *what, struct passphrase *ret, struct twinlog_fault *fault)
{
	const char *named = getenv(PASSPHRASE_FILE);
	enum twinlog_error error;

	if (given_fd < 0 && named && *named) {
		error = read_file(named, ret);
		return error ? twinlog_fault_set(fault, error, PASSPHRASE_FILE, named) : TWINLOG_OK;
	}
	error = given_fd >= 0 ? read_line(given_fd, ret) : read_credential(ret);
	if (error == TWINLOG_MISSING && given_fd < 0)
		error = read_terminal(what, words.ask, ret);
	if (!error)
		return TWINLOG_OK;
	passphrase_wipe(ret);
	return twinlog_fault_set(fault, error == TWINLOG_MISSING ? TWINLOG_LOCKED : error, what, NULL);
}

enum twinlog_error passphrase_new(const char *what, struct passphrase *ret, struct twinlog_fault *fault)
{
	struct passphrase again = {.text = ""};
	enum twinlog_error error = given_fd >= 0 ? read_line(given_fd, ret) : read_terminal(what, words.fresh, ret);

	if (!error && given_fd < 0) {
		error = read_terminal("", words.again, &again);
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
