/* Where a passphrase comes from: a file descriptor that was named, the credential `passphrase` of the service manager
 * ($CREDENTIALS_DIRECTORY, systemd.exec(5)), or a terminal; in this order. Knows files. */
#ifndef TWINLOG_PASSPHRASE_H
#define TWINLOG_PASSPHRASE_H

#include <stdbool.h>

#include "twinlog/error.h"

#define PASSPHRASE_MAX        1024u
#define PASSPHRASE_CREDENTIAL "passphrase"

struct passphrase {
	char text[PASSPHRASE_MAX + 1]; /* wipe it with passphrase_wipe */
};

/* From now on each is one line read from there; -1: from none. */
void passphrase_from(int fd);

/* The one that opens what is locked; what: the file. LOCKED when there is nobody to ask. */
enum twinlog_error passphrase_ask(const char *what, struct passphrase *ret,
				  struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* A new one; on a terminal asked for twice. Not from the credential. EMPTY ones are refused: FIELD_MISSING. */
enum twinlog_error passphrase_new(const char *what, struct passphrase *ret,
				  struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
void passphrase_wipe(struct passphrase *passphrase);

#endif
