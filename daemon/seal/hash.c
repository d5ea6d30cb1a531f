#include <sodium.h>

#include "fingerprint.h"
#include "seal.h"

/* "twinlog/" tag "/1" 0x00, the final NUL being the one of the string. */
static void hash_domain(crypto_generichash_state *state, const char *tag)
{
	crypto_generichash_update(state, (const uint8_t *)"twinlog/", 8);
	crypto_generichash_update(state, (const uint8_t *)tag, strlen(tag));
	crypto_generichash_update(state, (const uint8_t *)"/1", 3);
}

static struct hash hash_parts(const char *tag, const uint8_t *key, size_t key_size, const struct seal_part *parts,
			      size_t count)
{
	crypto_generichash_state state;
	struct hash hash;

	crypto_generichash_init(&state, key, key_size, HASH_SIZE);
	hash_domain(&state, tag);
	for (size_t i = 0; i < count; i++)
		crypto_generichash_update(&state, parts[i].bytes, parts[i].size);
	crypto_generichash_final(&state, hash.bytes, HASH_SIZE);
	if (key)
		sodium_memzero(&state, sizeof state);
	return hash;
}

struct hash seal_hash(const char *tag, const struct seal_part *parts, size_t count)
{
	return hash_parts(tag, NULL, 0, parts, count);
}

struct hash seal_hash1(const char *tag, const void *bytes, size_t size)
{
	return seal_hash(tag, &(struct seal_part){bytes, size}, 1);
}

struct hash seal_hash_keyed(const char *tag, const uint8_t key[SEAL_SEED_SIZE], const struct seal_part *parts,
			    size_t count)
{
	return hash_parts(tag, key, SEAL_SEED_SIZE, parts, count);
}

struct hash seal_identity(const struct seal_public *founding, const struct seal_public *recovery)
{
	const struct seal_part parts[] = {{founding->bytes, sizeof founding->bytes},
					  {recovery->bytes, sizeof recovery->bytes}};

	return seal_hash("identity", parts, 2);
}

char *seal_fingerprint(const struct hash *identity, char out[72])
{
	return identity_fingerprint(identity, out);
}
