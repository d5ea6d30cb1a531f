/* Whom an endpoint admits: transport keys and what each stands for. Knows nobody. */
#ifndef TWINLOG_KEYRING_H
#define TWINLOG_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twinlog/error.h"

#define KEYRING_KEY_SIZE 32
#define KEYRING_HEX_SIZE (2 * KEYRING_KEY_SIZE + 1)

#define KEYRING_INVITATION 1u

struct keyring_entry {
	uint8_t key[KEYRING_KEY_SIZE];
	bool removed;    /* was known once: cut off for good, not merely unknown */
	uint32_t number; /* a client's in the registry; of partners 0, of an invitation's key KEYRING_INVITATION */
	char name[65];
};

struct keyring {
	struct keyring_entry *entries; /* sorted by key */
	size_t count;
};

/* Takes a copy of the entries in place of those it had. A key that stands twice is removed only if it
 * is so in both. */
enum twinlog_error keyring_set(struct keyring *keyring, const struct keyring_entry *entries,
			       size_t count) TWINLOG_MUST_CHECK;
void keyring_free(struct keyring *keyring);

const struct keyring_entry *keyring_find(const struct keyring *keyring, const uint8_t key[KEYRING_KEY_SIZE]); /* NULL */

/* The answer of ZAP (ZeroMQ RFC 27) to a key. Not 300 for one that is not known yet: libzmq then says nothing and lets
 * the other side wait until its handshake times out; what is refused is told at once, and a dialler of ours tries
 * again. */
enum keyring_status { KEYRING_ADMITTED = 200, KEYRING_REFUSED = 400, KEYRING_UNKNOWN = 500 };
enum keyring_status keyring_status(const struct keyring *keyring, const uint8_t key[KEYRING_KEY_SIZE]);

#endif
