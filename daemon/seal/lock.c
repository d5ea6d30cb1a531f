#include <sodium.h>

#include "seal.h"

_Static_assert(SEAL_LOCK_EXTRA == crypto_pwhash_SALTBYTES + crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES,
	       "as the header says");

#define EFFORT_OPERATIONS_MAX 64u
#define EFFORT_MEMORY_MAX     (4u * 1024 * 1024) /* KiB */

/* A small machine has to do it at each start. */
struct seal_effort seal_effort_usual(void)
{
	return (struct seal_effort){.operations = crypto_pwhash_OPSLIMIT_INTERACTIVE,
				    .memory_kib = crypto_pwhash_MEMLIMIT_INTERACTIVE / 1024};
}

static enum twinlog_error stretch(const char *passphrase, struct seal_effort effort, const uint8_t *salt,
				  uint8_t key[crypto_secretbox_KEYBYTES])
{
	if (effort.operations < crypto_pwhash_OPSLIMIT_MIN || effort.operations > EFFORT_OPERATIONS_MAX ||
	    effort.memory_kib < crypto_pwhash_MEMLIMIT_MIN / 1024 || effort.memory_kib > EFFORT_MEMORY_MAX)
		return TWINLOG_INVALID;
	return crypto_pwhash(key, crypto_secretbox_KEYBYTES, passphrase, strlen(passphrase), salt, effort.operations,
			     (size_t)effort.memory_kib * 1024, crypto_pwhash_ALG_ARGON2ID13) == 0
		   ? TWINLOG_OK
		   : TWINLOG_NO_MEMORY;
}

enum twinlog_error seal_lock(const char *passphrase, struct seal_effort effort, const void *secret, size_t size,
			     uint8_t *out)
{
	uint8_t key[crypto_secretbox_KEYBYTES];
	uint8_t *nonce = out + crypto_pwhash_SALTBYTES, *box = nonce + crypto_secretbox_NONCEBYTES;
	enum twinlog_error error;

	randombytes_buf(out, (size_t)(box - out));
	error = stretch(passphrase, effort, out, key);
	if (!error)
		crypto_secretbox_easy(box, secret, size, nonce, key);
	sodium_memzero(key, sizeof key);
	return error;
}

enum twinlog_error seal_unlock(const char *passphrase, struct seal_effort effort, const uint8_t *locked, size_t size,
			       void *ret_secret)
{
	uint8_t key[crypto_secretbox_KEYBYTES];
	const uint8_t *nonce = locked + crypto_pwhash_SALTBYTES, *box = nonce + crypto_secretbox_NONCEBYTES;
	enum twinlog_error error;

	if (size < SEAL_LOCK_EXTRA || size > SEAL_LOCK_EXTRA + SEAL_LOCK_MAX)
		return TWINLOG_INVALID;
	error = stretch(passphrase, effort, locked, key);
	if (!error && crypto_secretbox_open_easy(ret_secret, box, size - (size_t)(box - locked), nonce, key) != 0)
		error = TWINLOG_WRONG_PASSPHRASE;
	sodium_memzero(key, sizeof key);
	return error;
}
