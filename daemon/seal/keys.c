#include <sodium.h>
#include <stdlib.h>

#include "seal.h"

/* An X25519 key in use, and the one to come. */
struct turning {
	uint8_t secret[32], public[32];
	uint8_t next_secret[32], next_public[32];
	bool has_next;
};

/* Lives in guarded memory: its own pages, locked where the system lets us, wiped when freed. */
struct seal_keys {
	uint8_t sign_secret[crypto_sign_SECRETKEYBYTES];
	uint8_t import_secret[32];
	struct turning transport, control;
	struct seal_public sign_public;
};

enum twinlog_error seal_init(void)
{
	return sodium_init() < 0 ? TWINLOG_FAILED : TWINLOG_OK;
}

void seal_random(void *out, size_t size)
{
	randombytes_buf(out, size);
}

void seal_wipe(void *bytes, size_t size)
{
	sodium_memzero(bytes, size);
}

static void derive(const char *tag, const uint8_t seed[SEAL_SEED_SIZE], uint32_t index, uint8_t out[32])
{
	const uint8_t number[4] = {(uint8_t)(index >> 24), (uint8_t)(index >> 16), (uint8_t)(index >> 8),
				   (uint8_t)index};
	struct hash hash = seal_hash_keyed(tag, seed, &(struct seal_part){number, sizeof number}, 1);

	memcpy(out, hash.bytes, HASH_SIZE);
	sodium_memzero(&hash, sizeof hash);
}

/* next: NULL when none is to come. */
static void derive_turning(const uint8_t *seed, const uint8_t *next, uint32_t index, struct turning *out)
{
	derive("transport-key", seed, index, out->secret);
	seal_transport_public(out->secret, out->public);
	out->has_next = next != NULL;
	if (!next)
		return;
	derive("transport-key", next, index, out->next_secret);
	seal_transport_public(out->next_secret, out->next_public);
}

static void turn(struct seal_keys *keys, struct turning *key)
{
	sodium_mprotect_readwrite(keys);
	memcpy(key->secret, key->next_secret, sizeof key->secret);
	memcpy(key->public, key->next_public, sizeof key->public);
	sodium_memzero(key->next_secret, sizeof key->next_secret);
	key->has_next = false;
	sodium_mprotect_readonly(keys);
}

void seal_seeds_from_one(struct seal_seeds *seeds)
{
	memcpy(seeds->transport, seeds->city, SEAL_SEED_SIZE);
	memcpy(seeds->home, seeds->city, SEAL_SEED_SIZE);
	memcpy(seeds->control, seeds->city, SEAL_SEED_SIZE);
	seeds->has_next = seeds->has_control_next = false;
}

enum twinlog_error seal_keys_from(const struct seal_seeds *seeds, struct seal_keys **ret_keys)
{
	struct seal_keys *keys;
	uint8_t seed[32];

	keys = sodium_malloc(sizeof *keys);
	if (!keys)
		return TWINLOG_NO_MEMORY;
	derive("city-key", seeds->city, seeds->index, seed);
	crypto_sign_seed_keypair(keys->sign_public.bytes, keys->sign_secret, seed);
	sodium_memzero(seed, sizeof seed);
	derive_turning(seeds->transport, seeds->has_next ? seeds->next : NULL, seeds->index, &keys->transport);
	derive_turning(seeds->control, seeds->has_control_next ? seeds->control_next : NULL, seeds->index,
		       &keys->control);
	derive("import", seeds->home, 0, keys->import_secret);
	sodium_mprotect_readonly(keys);
	*ret_keys = keys;
	return TWINLOG_OK;
}

enum twinlog_error seal_keys_new(const uint8_t city_seed[SEAL_SEED_SIZE], uint32_t key_index,
				 struct seal_keys **ret_keys)
{
	struct seal_seeds seeds = {.index = key_index};
	enum twinlog_error error;

	memcpy(seeds.city, city_seed, SEAL_SEED_SIZE);
	seal_seeds_from_one(&seeds);
	error = seal_keys_from(&seeds, ret_keys);
	sodium_memzero(&seeds, sizeof seeds);
	return error;
}

void seal_keys_free(struct seal_keys *keys)
{
	sodium_free(keys);
}

const struct seal_public *seal_keys_public(const struct seal_keys *keys)
{
	return &keys->sign_public;
}

const uint8_t *seal_keys_transport_public(const struct seal_keys *keys)
{
	return keys->transport.public;
}

const uint8_t *seal_keys_transport_secret(const struct seal_keys *keys)
{
	return keys->transport.secret;
}

const uint8_t *seal_keys_transport_next(const struct seal_keys *keys)
{
	return keys->transport.has_next ? keys->transport.next_public : NULL;
}

void seal_keys_transport_turn(struct seal_keys *keys)
{
	turn(keys, &keys->transport);
}

const uint8_t *seal_keys_control_public(const struct seal_keys *keys)
{
	return keys->control.public;
}

const uint8_t *seal_keys_control_secret(const struct seal_keys *keys)
{
	return keys->control.secret;
}

const uint8_t *seal_keys_control_next(const struct seal_keys *keys)
{
	return keys->control.has_next ? keys->control.next_public : NULL;
}

void seal_keys_control_turn(struct seal_keys *keys)
{
	turn(keys, &keys->control);
}

const uint8_t *seal_keys_import_secret(const struct seal_keys *keys)
{
	return keys->import_secret;
}

void seal_transport_pair(uint8_t public_key[32], uint8_t secret_key[32])
{
	crypto_box_keypair(public_key, secret_key);
}

void seal_transport_public(const uint8_t secret_key[32], uint8_t public_key[32])
{
	crypto_scalarmult_base(public_key, secret_key);
}

/* ---- Signatures ---- */

#define DOMAIN_MAX    64
#define MESSAGE_USUAL 4096 /* bundle headers, cards and positions; only large acts need more */

/* What is signed: "twinlog/" kind "/1" 0x00 bytes, in one piece because Ed25519 reads its message twice. */
static size_t message_build(uint8_t *message, const char *kind, const void *bytes, size_t size)
{
	size_t kind_size = strlen(kind);

	memcpy(message, "twinlog/", 8);
	memcpy(message + 8, kind, kind_size);
	memcpy(message + 8 + kind_size, "/1", 3);
	if (size > 0)
		memcpy(message + 8 + kind_size + 3, bytes, size);
	return 8 + kind_size + 3 + size;
}

static void sign_usual(const uint8_t *secret, const char *kind, const void *bytes, size_t size, uint8_t *signature)
{
	uint8_t message[DOMAIN_MAX + MESSAGE_USUAL];

	crypto_sign_detached(signature, NULL, message, message_build(message, kind, bytes, size), secret);
}

/* A frame of its own, so that only large messages take that much of the stack; a heap could fail, and a signature
 * must not. */
__attribute__((noinline)) static void sign_large(const uint8_t *secret, const char *kind, const void *bytes,
						 size_t size, uint8_t *signature)
{
	uint8_t message[DOMAIN_MAX + SEAL_MESSAGE_MAX];

	crypto_sign_detached(signature, NULL, message, message_build(message, kind, bytes, size), secret);
}

static void sign(const uint8_t *secret, const char *kind, const void *bytes, size_t size, uint8_t *signature)
{
	if (strlen(kind) + 11 > DOMAIN_MAX || size > SEAL_MESSAGE_MAX)
		abort(); /* ours alone: whoever builds a message has checked its limit */
	if (size <= MESSAGE_USUAL)
		sign_usual(secret, kind, bytes, size, signature);
	else
		sign_large(secret, kind, bytes, size, signature);
}

void seal_sign(const struct seal_keys *keys, const char *kind, const void *bytes, size_t size,
	       uint8_t signature[SEAL_SIGNATURE_SIZE])
{
	sign(keys->sign_secret, kind, bytes, size, signature);
}

struct seal_public seal_recovery_public(const uint8_t recovery_seed[SEAL_SEED_SIZE])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES];
	struct seal_public key;

	crypto_sign_seed_keypair(key.bytes, secret, recovery_seed);
	sodium_memzero(secret, sizeof secret);
	return key;
}

void seal_recovery_sign(const uint8_t recovery_seed[SEAL_SEED_SIZE], const char *kind, const void *bytes, size_t size,
			uint8_t signature[SEAL_SIGNATURE_SIZE])
{
	uint8_t secret[crypto_sign_SECRETKEYBYTES], public_key[crypto_sign_PUBLICKEYBYTES];

	crypto_sign_seed_keypair(public_key, secret, recovery_seed);
	sign(secret, kind, bytes, size, signature);
	sodium_memzero(secret, sizeof secret);
}

static int verify_usual(const struct seal_public *key, const char *kind, const void *bytes, size_t size,
			const uint8_t *signature)
{
	uint8_t message[DOMAIN_MAX + MESSAGE_USUAL];

	return crypto_sign_verify_detached(signature, message, message_build(message, kind, bytes, size), key->bytes);
}

__attribute__((noinline)) static int verify_large(const struct seal_public *key, const char *kind, const void *bytes,
						  size_t size, const uint8_t *signature)
{
	uint8_t message[DOMAIN_MAX + SEAL_MESSAGE_MAX];

	return crypto_sign_verify_detached(signature, message, message_build(message, kind, bytes, size), key->bytes);
}

enum twinlog_error seal_verify(const struct seal_public *key, const char *kind, const void *bytes, size_t size,
			       const uint8_t *signature, size_t signature_size)
{
	int verdict;

	if (signature_size != SEAL_SIGNATURE_SIZE || size > SEAL_MESSAGE_MAX || strlen(kind) + 11 > DOMAIN_MAX)
		return TWINLOG_BAD_SIGNATURE;
	verdict = size <= MESSAGE_USUAL ? verify_usual(key, kind, bytes, size, signature)
					: verify_large(key, kind, bytes, size, signature);
	return verdict == 0 ? TWINLOG_OK : TWINLOG_BAD_SIGNATURE;
}
