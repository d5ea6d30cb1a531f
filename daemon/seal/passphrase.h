/* Where a passphrase comes from: a file descriptor that was named, the first line of the file that
 * $TWINLOG_PASSPHRASE_FILE names, the credential `passphrase` of the service manager ($CREDENTIALS_DIRECTORY,
 * systemd.exec(5)), or, where the program lets it be asked, a terminal; in this order. For one thread at a time. */
#ifndef TWINLOG_PASSPHRASE_H
#define TWINLOG_PASSPHRASE_H

#include <stdbool.h>

#include "twinlog/error.h"

#define PASSPHRASE_MAX        1024u
#define PASSPHRASE_CREDENTIAL "passphrase"

struct passphrase {
	char text[PASSPHRASE_MAX + 1]; /* wipe it with passphrase_wipe */
};

#define PASSPHRASE_FILE "TWINLOG_PASSPHRASE_FILE"

/* From now on each is one line read from there; -1: from none. */
void passphrase_from(int fd);
/* What a terminal is asked with, in the reader's language; all borrowed for good. */
struct passphrase_words {
	const char *ask, *fresh, *again;
};
/* From now on a terminal may be asked; a library does not by itself. NULL: in English. */
void passphrase_terminal(const struct passphrase_words *words);

/* The one that opens what is locked; what: the file. LOCKED when there is nobody to ask; MISSING, IO and the like for
 * the file that the environment names. */
enum twinlog_error passphrase_ask(const char *what, struct passphrase *ret,
				  struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* A new one: from the descriptor, else from a terminal, asked for twice. Empty ones are refused: FIELD_MISSING. */
enum twinlog_error passphrase_new(const char *what, struct passphrase *ret,
				  struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
void passphrase_wipe(struct passphrase *passphrase);

#endif
