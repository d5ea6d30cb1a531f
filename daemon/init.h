/* twinlogd init: makes a city's folder, with a new identity or with the one of a recovery file. Knows home.h and
 * recovery.h. */
#ifndef TWINLOG_INIT_H
#define TWINLOG_INIT_H

#include "config.h"
#include "passphrase.h"

struct init_options {
	const char *dir;
	struct config config;                /* as far as given; log level set */
	const char *recover;                 /* a recovery file; NULL: a new identity */
	const struct passphrase *passphrase; /* that locks the seed; NULL: it is not locked */
	uint64_t now_s;                      /* Unix time */
};

/* Leaves a whole folder or none. The config is completed in place; it stays the caller's. fingerprint has 72 bytes. */
enum twinlog_error init_folder(struct init_options *options, char fingerprint[72],
			       struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
