/* Whom an endpoint admits: transport keys and what each stands for. Knows nobody. */
#ifndef TWINLOG_KEYRING_H
#define TWINLOG_KEYRING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twinlog/error.h"

#define KEYRING_KEY_SIZE 32
#define KEYRING_HEX_SIZE (2 * KEYRING_KEY_SIZE + 1)

struct keyring_entry {
	uint8_t key[KEYRING_KEY_SIZE];
	bool removed; /* was known once: cut off for good, not merely unknown */
	int role;     /* enum client_role; clients only */
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

/* The answer of ZAP (ZeroMQ RFC 27) to a key: 200 admitted; 300 not known yet, so the other side tries again; 400
 * removed, or (final) not known where trying again is of no use. */
int keyring_status(const struct keyring *keyring, const uint8_t key[KEYRING_KEY_SIZE], bool final);

#endif
