/* Hashes, derived keys and signatures: known answers, and what must be refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "seal.h"

static struct seal_keys *keys_of(uint8_t byte, uint32_t index)
{
	uint8_t seed[SEAL_SEED_SIZE];
	struct seal_keys *keys;

	memset(seed, byte, sizeof seed);
	assert_int_equal(seal_keys_new(seed, index, &keys), TWINLOG_OK);
	return keys;
}

static void assert_hex(const void *bytes, size_t size, const char *expected)
{
	char hex[2 * 64 + 1];

	assert_string_equal(hex_encode(hex, bytes, size), expected);
}

/* Worked out with another implementation of BLAKE2b (Python's hashlib). */
static void hashes_have_their_domain(void **state)
{
	(void)state;
	const struct seal_part split[] = {{"ab", 2}, {"", 0}, {"c", 1}};
	uint8_t key[SEAL_SEED_SIZE];
	struct hash hash;

	memset(key, 7, sizeof key);
	hash = seal_hash1("bundle", "abc", 3);
	assert_hex(hash.bytes, HASH_SIZE, "ff07ccf2031016566bcf76fb22a5a36b6c6d4089328b93df6242d95547d78085");
	assert_true(hash_equal(&hash, &(struct hash[]){seal_hash("bundle", split, 3)}[0]));
	hash = seal_hash_keyed("city-key", key, split, 3);
	assert_hex(hash.bytes, HASH_SIZE, "6ab391ed3017a8d1e94dad8a10443bd92d9456b3228c459c25ddfcbb8f3e2727");
	hash = seal_hash1("act", "abc", 3);
	assert_false(hash_equal(&hash, &(struct hash[]){seal_hash1("bundle", "abc", 3)}[0]));
}

static void keys_derive_from_seed_and_index(void **state)
{
	(void)state;
	struct seal_keys *first = keys_of(1, 0), *again = keys_of(1, 0), *next = keys_of(1, 1), *other = keys_of(2, 0);
	uint8_t public_key[32];

	assert_hex(seal_keys_transport_secret(first), 32,
		   "1eb33b71cbe7a25c8a699445b536ec5e0fe9549bbffb3b62388caf960c6cce7c");
	assert_hex(seal_keys_transport_secret(next), 32,
		   "d3f5d65d8d233c9b84301cb33d55eb521a5f147e0624b12464651d80d571c88f");
	assert_hex(seal_keys_import_secret(first), 32,
		   "d000dde8195f9a78044b80110ba787b4a54cdc9211c4a05e5418e1408431a37f");
	assert_memory_equal(seal_keys_public(first), seal_keys_public(again), 32);
	assert_memory_not_equal(seal_keys_public(first), seal_keys_public(next), 32);
	assert_memory_not_equal(seal_keys_public(first), seal_keys_public(other), 32);
	/* A second import after a change of key must find what the first one made. */
	assert_memory_equal(seal_keys_import_secret(first), seal_keys_import_secret(next), 32);
	assert_memory_not_equal(seal_keys_import_secret(first), seal_keys_import_secret(other), 32);
	seal_transport_public(seal_keys_transport_secret(first), public_key);
	assert_memory_equal(public_key, seal_keys_transport_public(first), 32);
	seal_keys_free(first);
	seal_keys_free(again);
	seal_keys_free(next);
	seal_keys_free(other);
	seal_keys_free(NULL);
}

static void signatures_hold_for_their_kind_and_bytes(void **state)
{
	(void)state;
	static const size_t sizes[] = {0, 1, 100, 4095, 4096, 4097, SEAL_MESSAGE_MAX};
	struct seal_keys *keys = keys_of(3, 0), *other = keys_of(4, 0);
	uint8_t signature[SEAL_SIGNATURE_SIZE], *bytes = malloc(SEAL_MESSAGE_MAX + 1);

	assert_non_null(bytes);
	memset(bytes, 'x', SEAL_MESSAGE_MAX + 1);
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		size_t size = sizes[i];

		seal_sign(keys, "act", bytes, size, signature);
		assert_int_equal(seal_verify(seal_keys_public(keys), "act", bytes, size, signature, 64), TWINLOG_OK);
		assert_int_equal(seal_verify(seal_keys_public(other), "act", bytes, size, signature, 64),
				 TWINLOG_BAD_SIGNATURE);
		assert_int_equal(seal_verify(seal_keys_public(keys), "bundle", bytes, size, signature, 64),
				 TWINLOG_BAD_SIGNATURE);
		assert_int_equal(seal_verify(seal_keys_public(keys), "act", bytes, size + 1, signature, 64),
				 TWINLOG_BAD_SIGNATURE);
		assert_int_equal(seal_verify(seal_keys_public(keys), "act", bytes, size, signature, 63),
				 TWINLOG_BAD_SIGNATURE);
	}
	assert_int_equal(seal_verify(seal_keys_public(keys), "act", NULL, 0, NULL, 0), TWINLOG_BAD_SIGNATURE);
	free(bytes);
	seal_keys_free(keys);
	seal_keys_free(other);
}

static void every_bit_of_a_signature_counts(void **state)
{
	(void)state;
	struct seal_keys *keys = keys_of(5, 0);
	uint8_t signature[SEAL_SIGNATURE_SIZE];

	seal_sign(keys, "card", "abc", 3, signature);
	for (unsigned bit = 0; bit < 8 * SEAL_SIGNATURE_SIZE; bit++) {
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
		assert_int_equal(seal_verify(seal_keys_public(keys), "card", "abc", 3, signature, 64),
				 TWINLOG_BAD_SIGNATURE);
		signature[bit / 8] ^= (uint8_t)(1u << bit % 8);
	}
	seal_keys_free(keys);
}

/* With a key of small order, R = identity and S = 0 would verify for many messages; with S + L (the group's order) a
 * second signature would verify beside the first. Neither may. */
static void weak_keys_and_second_forms_are_refused(void **state)
{
	(void)state;
	static const char *const keys[] = {
	    "0000000000000000000000000000000000000000000000000000000000000000",
	    "0100000000000000000000000000000000000000000000000000000000000000",
	    "0100000000000000000000000000000000000000000000000000000000000080",
	    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	    "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
	    "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
	    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p, read as 0 */
	    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", /* p + 1 */
	};
	static const uint8_t order[32] = {0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7,
					  0xa2, 0xde, 0xf9, 0xde, 0x14, 0,    0,    0,    0,    0,    0,
					  0,    0,    0,    0,    0,    0,    0,    0,    0,    0x10};
	struct seal_keys *own = keys_of(6, 0);
	uint8_t signature[SEAL_SIGNATURE_SIZE];
	unsigned carry = 0;

	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
		struct seal_public key;

		assert_int_equal(hex_decode(key.bytes, 32, keys[i], 64), TWINLOG_OK);
		for (unsigned message = 0; message < 16; message++) {
			uint8_t byte = (uint8_t)message;

			memset(signature, 0, sizeof signature);
			signature[0] = 1;
			assert_int_equal(seal_verify(&key, "act", &byte, 1, signature, 64), TWINLOG_BAD_SIGNATURE);
			memcpy(signature, key.bytes, 32);
			assert_int_equal(seal_verify(&key, "act", &byte, 1, signature, 64), TWINLOG_BAD_SIGNATURE);
		}
	}
	seal_sign(own, "act", "abc", 3, signature);
	for (unsigned i = 0; i < 32; i++) {
		carry += (unsigned)signature[32 + i] + order[i];
		signature[32 + i] = (uint8_t)carry;
		carry >>= 8;
	}
	assert_int_equal(seal_verify(seal_keys_public(own), "act", "abc", 3, signature, 64), TWINLOG_BAD_SIGNATURE);
	seal_keys_free(own);
}

static void recovery_key_signs(void **state)
{
	(void)state;
	uint8_t seed[SEAL_SEED_SIZE] = {9}, signature[SEAL_SIGNATURE_SIZE];
	struct seal_public key = seal_recovery_public(seed);

	seal_recovery_sign(seed, "grant", "abc", 3, signature);
	assert_int_equal(seal_verify(&key, "grant", "abc", 3, signature, 64), TWINLOG_OK);
	assert_int_equal(seal_verify(&key, "card", "abc", 3, signature, 64), TWINLOG_BAD_SIGNATURE);
}

static void fingerprint_is_decimal(void **state)
{
	(void)state;
	struct hash hash = {{0}};
	char out[72];

	assert_string_equal(seal_fingerprint(&hash, out),
			    "00000 00000 00000 00000 00000 00000 00000 00000 00000 00000 00000 00000");
	hash.bytes[24] = 1; /* the number's last byte */
	hash.bytes[25] = 255;
	assert_string_equal(seal_fingerprint(&hash, out),
			    "00000 00000 00000 00000 00000 00000 00000 00000 00000 00000 00000 00001");
	for (int i = 0; i < HASH_SIZE; i++)
		hash.bytes[i] = (uint8_t)(i * 37 + 11);
	assert_string_equal(seal_fingerprint(&hash, out),
			    "07023 32629 26321 39803 61031 86564 46728 54092 26773 27857 42621 81507");
	memset(hash.bytes, 255, HASH_SIZE); /* past 10^60: the remainder */
	assert_string_equal(seal_fingerprint(&hash, out),
			    "60693 80442 58990 27554 19620 92341 16260 25222 02993 78279 28353 01375");
}

static void pairs_are_fresh(void **state)
{
	(void)state;
	uint8_t public_a[32], secret_a[32], public_b[32], secret_b[32], derived[32];

	seal_transport_pair(public_a, secret_a);
	seal_transport_pair(public_b, secret_b);
	assert_memory_not_equal(secret_a, secret_b, 32);
	seal_transport_public(secret_a, derived);
	assert_memory_equal(derived, public_a, 32);
}

static int set_up(void **state)
{
	(void)state;
	const enum twinlog_error first = seal_init();
	return first ? (int)first : (int)seal_init(); /* twice is allowed */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(hashes_have_their_domain),
	    cmocka_unit_test(keys_derive_from_seed_and_index),
	    cmocka_unit_test(signatures_hold_for_their_kind_and_bytes),
	    cmocka_unit_test(every_bit_of_a_signature_counts),
	    cmocka_unit_test(weak_keys_and_second_forms_are_refused),
	    cmocka_unit_test(recovery_key_signs),
	    cmocka_unit_test(fingerprint_is_decimal),
	    cmocka_unit_test(pairs_are_fresh),
	};
	return cmocka_run_group_tests(tests, set_up, NULL);
}
