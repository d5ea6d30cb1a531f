/* Keys, hashes, signatures: the one door to libsodium. Knows proto/ids.h. Primitives only: what is hashed and
 * signed, and in which form, is said where the object is (PROTOCOL).
 *
 * Every hash and every signature has its domain: H(tag, x) = BLAKE2b-256("twinlog/" tag "/1" 0x00 x) and a signature
 * is Ed25519 over "twinlog/" kind "/1" 0x00 bytes (RFC 7693, RFC 8032). All functions but seal_init, seal_random
 * and the key makers are pure. */
#ifndef TWINLOG_SEAL_H
#define TWINLOG_SEAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ids.h"
#include "twinlog/error.h"
#include "twinlog/limits.h"

#define SEAL_SIGNATURE_SIZE 64
#define SEAL_SEED_SIZE      32
#define SEAL_Z85_SIZE       41              /* a CURVE key in Z85 (ZeroMQ RFC 32), with its NUL */
#define SEAL_MESSAGE_MAX    TWINLOG_ACT_MAX /* the greatest thing that is ever signed */

/* Before anything else; may be called again. */
enum twinlog_error seal_init(void) TWINLOG_MUST_CHECK;

void seal_random(void *out, size_t size);
void seal_wipe(void *bytes, size_t size);

struct seal_part {
	const void *bytes;
	size_t size;
};
/* Hash of the parts one after the other. At most one of them may vary in length, else the sum is ambiguous. */
struct hash seal_hash(const char *tag, const struct seal_part *parts, size_t count);
struct hash seal_hash1(const char *tag, const void *bytes, size_t size);
/* Keyed with 32 bytes. */
struct hash seal_hash_keyed(const char *tag, const uint8_t key[SEAL_SEED_SIZE], const struct seal_part *parts,
			    size_t count);

struct seal_public { /* Ed25519 */
	uint8_t bytes[32];
};

/* The city's secrets in use, in guarded memory that is wiped when freed. */
struct seal_keys;

/* What the city's secrets derive from. The first four are the same until a key is changed: a new key comes from a new
 * seed, since whoever has stolen one seed can derive all that follows from it. */
struct seal_seeds {
	uint8_t city[SEAL_SEED_SIZE];
	uint8_t transport[SEAL_SEED_SIZE];
	uint8_t home[SEAL_SEED_SIZE]; /* the first one for ever: what must outlast a change of key */
	uint8_t control[SEAL_SEED_SIZE];
	uint8_t next[SEAL_SEED_SIZE];         /* of the transport key to come, when has_next */
	uint8_t control_next[SEAL_SEED_SIZE]; /* of the control key to come, when has_control_next */
	bool has_next, has_control_next;
	uint32_t index;
};
/* Lets all that is in use derive from seeds->city, and nothing be to come. */
void seal_seeds_from_one(struct seal_seeds *seeds);
/* Derives the city's secrets, where index is key_index in 4 bytes, big-endian:
 *
 *     seed of the city key (Ed25519)  H("city-key", index)       keyed with the city seed
 *     transport secret (X25519)       H("transport-key", index)  keyed with the transport seed; the one to come: next
 *     control secret (X25519)         H("transport-key", index)  keyed with the control seed; to come: control_next
 *     import secret                   H("import", 0)             keyed with the home seed
 *
 * After a change of key a second import must still find what the first one made. */
enum twinlog_error seal_keys_from(const struct seal_seeds *seeds, struct seal_keys **ret_keys) TWINLOG_MUST_CHECK;
/* With one seed for all. */
enum twinlog_error seal_keys_new(const uint8_t city_seed[SEAL_SEED_SIZE], uint32_t key_index,
				 struct seal_keys **ret_keys) TWINLOG_MUST_CHECK;
void seal_keys_free(struct seal_keys *keys); /* accepts NULL */
const struct seal_public *seal_keys_public(const struct seal_keys *keys);
const uint8_t *seal_keys_transport_public(const struct seal_keys *keys); /* 32 bytes, X25519 */
const uint8_t *seal_keys_transport_secret(const struct seal_keys *keys); /* 32 bytes, X25519 */
/* The transport key to come, 32 bytes; NULL: none, or it is in use. */
const uint8_t *seal_keys_transport_next(const struct seal_keys *keys);
/* Takes the transport key to come, which has to be there, into use: it is the transport key from here on. By the one
 * thread that asks for transport keys; others may use the rest of *keys meanwhile. */
void seal_keys_transport_turn(struct seal_keys *keys);
/* What clients know their daemon by, 32 bytes each, X25519; likewise the one to come. */
const uint8_t *seal_keys_control_public(const struct seal_keys *keys);
const uint8_t *seal_keys_control_secret(const struct seal_keys *keys);
const uint8_t *seal_keys_control_next(const struct seal_keys *keys);  /* public; NULL: none, or it is in use */
void seal_keys_control_turn(struct seal_keys *keys);                  /* as seal_keys_transport_turn */
const uint8_t *seal_keys_import_secret(const struct seal_keys *keys); /* 32 bytes */

/* The city's own signature. size: at most SEAL_MESSAGE_MAX, here and below. */
void seal_sign(const struct seal_keys *keys, const char *kind, const void *bytes, size_t size,
	       uint8_t signature[SEAL_SIGNATURE_SIZE]);
/* With the recovery key, from its seed. */
struct seal_public seal_recovery_public(const uint8_t recovery_seed[SEAL_SEED_SIZE]);
void seal_recovery_sign(const uint8_t recovery_seed[SEAL_SEED_SIZE], const char *kind, const void *bytes, size_t size,
			uint8_t signature[SEAL_SIGNATURE_SIZE]);

/* TWINLOG_BAD_SIGNATURE otherwise. Small-order and non-canonical keys are refused, so that a signature has one author
 * and one verdict everywhere. */
enum twinlog_error seal_verify(const struct seal_public *key, const char *kind, const void *bytes, size_t size,
			       const uint8_t *signature, size_t signature_size) TWINLOG_MUST_CHECK;

/* H("identity", founding key, recovery key). */
struct hash seal_identity(const struct seal_public *founding, const struct seal_public *recovery);

/* A secret of at most SEAL_LOCK_MAX bytes under a passphrase: Argon2id (RFC 9106) over a fresh salt makes the key, and
 * XSalsa20-Poly1305 locks. out: salt 16, nonce 24, tag 16 and size bytes, SEAL_LOCK_EXTRA + size in all. The effort is
 * kept beside it, since one may want more later. */
#define SEAL_LOCK_MAX   192u
#define SEAL_LOCK_EXTRA 56u
struct seal_effort {
	uint64_t operations;
	uint64_t memory_kib;
};
struct seal_effort seal_effort_usual(void);
/* NO_MEMORY. */
enum twinlog_error seal_lock(const char *passphrase, struct seal_effort effort, const void *secret, size_t size,
			     uint8_t *out) TWINLOG_MUST_CHECK;
/* WRONG_PASSPHRASE, also for bytes that were changed; INVALID for an effort beyond reason; NO_MEMORY. */
enum twinlog_error seal_unlock(const char *passphrase, struct seal_effort effort, const uint8_t *locked, size_t size,
			       void *ret_secret) TWINLOG_MUST_CHECK;

/* A fresh X25519 pair, for clients. */
void seal_transport_pair(uint8_t public_key[32], uint8_t secret_key[32]);
/* The public key of an X25519 secret key. */
void seal_transport_public(const uint8_t secret_key[32], uint8_t public_key[32]);

/* An identity to read out by telephone: its first 200 bits as one big-endian number, modulo 10^60, in 12 groups of 5
 * decimal digits, leading zeros kept.
 * out has 72 bytes (71 characters and a NUL). Returns out. */
char *seal_fingerprint(const struct hash *identity, char out[72]);

#endif
