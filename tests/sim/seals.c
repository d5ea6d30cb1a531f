/* Signatures of the simulator. A hash over key and message stands in for Ed25519, which would take most of a run's
 * time: nobody makes one but by seal_sign, with keys that only their city holds, so a liar cannot forge it either, and
 * any bit that flips breaks it. --real-signatures goes through to the real ones. The linker puts these in the way. */
#include "sim.h"

static bool real_signatures;

void seals_real(bool real)
{
	real_signatures = real;
}

void __real_seal_sign(const struct seal_keys *keys, const char *kind, const void *bytes, size_t size,
		      uint8_t signature[SEAL_SIGNATURE_SIZE]);
void __real_seal_recovery_sign(const uint8_t recovery_seed[SEAL_SEED_SIZE], const char *kind, const void *bytes,
			       size_t size, uint8_t signature[SEAL_SIGNATURE_SIZE]);
enum twinlog_error __real_seal_verify(const struct seal_public *key, const char *kind, const void *bytes, size_t size,
				      const uint8_t *signature, size_t signature_size) TWINLOG_MUST_CHECK;
void __wrap_seal_sign(const struct seal_keys *keys, const char *kind, const void *bytes, size_t size,
		      uint8_t signature[SEAL_SIGNATURE_SIZE]);
void __wrap_seal_recovery_sign(const uint8_t recovery_seed[SEAL_SEED_SIZE], const char *kind, const void *bytes,
			       size_t size, uint8_t signature[SEAL_SIGNATURE_SIZE]);
enum twinlog_error __wrap_seal_verify(const struct seal_public *key, const char *kind, const void *bytes, size_t size,
				      const uint8_t *signature, size_t signature_size) TWINLOG_MUST_CHECK;

static void stand_in(const struct seal_public *key, const char *kind, const void *bytes, size_t size,
		     uint8_t signature[SEAL_SIGNATURE_SIZE])
{
	const struct seal_part parts[] = {{key->bytes, sizeof key->bytes}, {kind, strlen(kind) + 1}, {bytes, size}};
	const struct hash hash = seal_hash("sim-signature", parts, 3);
	for (size_t i = 0; i < SEAL_SIGNATURE_SIZE; i++)
		signature[i] = (uint8_t)(hash.bytes[i % HASH_SIZE] + i);
}

void __wrap_seal_sign(const struct seal_keys *keys, const char *kind, const void *bytes, size_t size,
		      uint8_t signature[SEAL_SIGNATURE_SIZE])
{
	if (real_signatures)
		__real_seal_sign(keys, kind, bytes, size, signature);
	else
		stand_in(seal_keys_public(keys), kind, bytes, size, signature);
}

void __wrap_seal_recovery_sign(const uint8_t recovery_seed[SEAL_SEED_SIZE], const char *kind, const void *bytes,
			       size_t size, uint8_t signature[SEAL_SIGNATURE_SIZE])
{
	const struct seal_public key = seal_recovery_public(recovery_seed);
	if (real_signatures)
		__real_seal_recovery_sign(recovery_seed, kind, bytes, size, signature);
	else
		stand_in(&key, kind, bytes, size, signature);
}

enum twinlog_error __wrap_seal_verify(const struct seal_public *key, const char *kind, const void *bytes, size_t size,
				      const uint8_t *signature, size_t signature_size)
{
	uint8_t right[SEAL_SIGNATURE_SIZE];
	if (real_signatures)
		return __real_seal_verify(key, kind, bytes, size, signature, signature_size);
	if (signature_size != SEAL_SIGNATURE_SIZE || size > SEAL_MESSAGE_MAX)
		return TWINLOG_BAD_SIGNATURE;
	stand_in(key, kind, bytes, size, right);
	return memcmp(right, signature, sizeof right) == 0 ? TWINLOG_OK : TWINLOG_BAD_SIGNATURE;
}
