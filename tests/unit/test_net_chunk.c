/* Chunks: what goes in comes out; bombs, lies and garbage are refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "chunk.h"

static uint64_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void fill(uint8_t *bytes, size_t size, uint64_t *seed)
{
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(draw(seed) >> 24 & 0x3f);
}

#define BUNDLES 40

/* Sizes around every change of the length's own length, and some at random. */
static void brings_back_what_went_in(void **state)
{
	(void)state;
	static const size_t edges[] = {0, 1, 127, 128, 16383, 16384, 65536};
	struct chunk *packer, *unpacker;
	uint8_t *bundles[BUNDLES];
	size_t sizes[BUNDLES];
	uint64_t seed = 20261124;
	assert_int_equal(chunk_new(&packer), TWINLOG_OK);
	assert_int_equal(chunk_new(&unpacker), TWINLOG_OK);
	for (int round = 0; round < 3; round++) {
		chunk_clear(packer);
		for (size_t i = 0; i < BUNDLES; i++) {
			sizes[i] = i < sizeof edges / sizeof edges[0] ? edges[i] : draw(&seed) % 20000;
			bundles[i] = malloc(sizes[i] + 1);
			assert_non_null(bundles[i]);
			fill(bundles[i], sizes[i], &seed);
			assert_int_equal(chunk_add(packer, bundles[i], sizes[i]), TWINLOG_OK);
		}
		const uint8_t *packed, *bundle;
		size_t packed_size, plain, size;
		assert_int_equal(chunk_compress(packer, &packed, &packed_size, &plain), TWINLOG_OK);
		assert_true(packed_size < plain);
		assert_int_equal(chunk_decompress(unpacker, packed, packed_size, plain), TWINLOG_OK);
		for (size_t i = 0; i < BUNDLES; i++) {
			assert_int_equal(chunk_next(unpacker, &bundle, &size), TWINLOG_OK);
			assert_int_equal(size, sizes[i]);
			assert_memory_equal(bundle, bundles[i], size);
			free(bundles[i]);
		}
		assert_int_equal(chunk_next(unpacker, &bundle, &size), TWINLOG_MISSING);
	}
	chunk_free(packer);
	chunk_free(unpacker);
}

static void an_empty_list_is_one(void **state)
{
	(void)state;
	struct chunk *chunk, *other;
	const uint8_t *packed, *bundle;
	size_t packed_size, plain, size;
	assert_int_equal(chunk_new(&chunk), TWINLOG_OK);
	assert_int_equal(chunk_new(&other), TWINLOG_OK);
	assert_int_equal(chunk_compress(chunk, &packed, &packed_size, &plain), TWINLOG_OK);
	assert_int_equal(plain, 0);
	assert_int_equal(chunk_decompress(other, packed, packed_size, 0), TWINLOG_OK);
	assert_int_equal(chunk_next(other, &bundle, &size), TWINLOG_MISSING);
	chunk_free(chunk);
	chunk_free(other);
}

/* The largest list fits, one byte more does not. */
static void keeps_to_the_limit_when_packing(void **state)
{
	(void)state;
	struct chunk *chunk;
	uint8_t *bytes = calloc(1, TWINLOG_MESSAGE_MAX);
	assert_non_null(bytes);
	assert_int_equal(chunk_new(&chunk), TWINLOG_OK);
	assert_int_equal(chunk_add(chunk, bytes, TWINLOG_MESSAGE_MAX - 6), TWINLOG_OK);
	chunk_clear(chunk);
	assert_int_equal(chunk_add(chunk, bytes, TWINLOG_MESSAGE_MAX - 5), TWINLOG_TOO_LARGE);
	assert_int_equal(chunk_add(chunk, bytes, SIZE_MAX), TWINLOG_TOO_LARGE);
	chunk_free(chunk);
	free(bytes);
}

/* A zstd frame (RFC 8878, section 3.1.1) of blocks that each repeat one byte 128 KiB times in four bytes. */
static size_t bomb_make(uint8_t *out, size_t blocks)
{
	static const uint8_t head[] = {0x28, 0xb5, 0x2f, 0xfd, 0x00, 0x58}; /* no size told, a window of 2 MiB */
	memcpy(out, head, sizeof head);
	uint8_t *at = out + sizeof head;
	for (size_t i = 0; i < blocks; i++) {
		const uint32_t block = (uint32_t)(i + 1 == blocks) | 1u << 1 | (128u * 1024) << 3;
		*at++ = (uint8_t)block;
		*at++ = (uint8_t)(block >> 8);
		*at++ = (uint8_t)(block >> 16);
		*at++ = 0;
	}
	return (size_t)(at - out);
}

/* A few kilobytes that claim to be small and are gigabytes' worth of zeros; and a claim that is itself too large. */
static void refuses_bombs(void **state)
{
	(void)state;
	static uint8_t bomb[64 * 1024];
	struct chunk *chunk;
	assert_int_equal(chunk_new(&chunk), TWINLOG_OK);
	/* The bomb is a true one: eight blocks are the megabyte that may be. */
	size_t size = bomb_make(bomb, 8);
	assert_int_equal(chunk_decompress(chunk, bomb, size, TWINLOG_MESSAGE_MAX), TWINLOG_OK);
	size = bomb_make(bomb, 9);
	assert_int_equal(chunk_decompress(chunk, bomb, size, TWINLOG_MESSAGE_MAX), TWINLOG_MALFORMED);
	size = bomb_make(bomb, 16000);
	assert_int_equal(chunk_decompress(chunk, bomb, size, 1000), TWINLOG_MALFORMED);
	assert_int_equal(chunk_decompress(chunk, bomb, size, TWINLOG_MESSAGE_MAX), TWINLOG_MALFORMED);
	assert_int_equal(chunk_decompress(chunk, bomb, size, TWINLOG_MESSAGE_MAX + 1), TWINLOG_TOO_LARGE);
	assert_int_equal(chunk_decompress(chunk, bomb, size, SIZE_MAX), TWINLOG_TOO_LARGE);
	/* Many frames in a row, each honest. */
	size = bomb_make(bomb, 1);
	for (size_t i = 1; i < 100; i++)
		memcpy(bomb + i * size, bomb, size);
	assert_int_equal(chunk_decompress(chunk, bomb, 100 * size, TWINLOG_MESSAGE_MAX), TWINLOG_MALFORMED);
	chunk_free(chunk);
}

static void refuses_a_wrong_size(void **state)
{
	(void)state;
	struct chunk *packer, *chunk;
	const uint8_t *packed;
	size_t size, plain;
	assert_int_equal(chunk_new(&packer), TWINLOG_OK);
	assert_int_equal(chunk_new(&chunk), TWINLOG_OK);
	assert_int_equal(chunk_add(packer, "abcdef", 6), TWINLOG_OK);
	assert_int_equal(chunk_compress(packer, &packed, &size, &plain), TWINLOG_OK);
	assert_int_equal(chunk_decompress(chunk, packed, size, plain - 1), TWINLOG_MALFORMED);
	assert_int_equal(chunk_decompress(chunk, packed, size, plain + 1), TWINLOG_MALFORMED);
	assert_int_equal(chunk_decompress(chunk, packed, size - 1, plain), TWINLOG_MALFORMED);
	assert_int_equal(chunk_decompress(chunk, "", 0, 1), TWINLOG_MALFORMED);
	assert_int_equal(chunk_decompress(chunk, packed, size, plain), TWINLOG_OK);
	chunk_free(packer);
	chunk_free(chunk);
}

static void refuse_list(const char *name, const void *list, size_t list_size, unsigned good)
{
	struct chunk *chunk;
	uint8_t packed[64];
	const uint8_t *bundle;
	size_t size;
	assert_int_equal(chunk_new(&chunk), TWINLOG_OK);
	/* One raw block in a frame that tells its size. */
	const uint8_t head[] = {0x28, 0xb5, 0x2f, 0xfd, 0x20, (uint8_t)list_size, (uint8_t)(list_size << 3 | 1), 0, 0};
	memcpy(packed, head, sizeof head);
	memcpy(packed + sizeof head, list, list_size);
	assert_true(list_size < 32);
	assert_int_equal(chunk_decompress(chunk, packed, sizeof head + list_size, list_size), TWINLOG_OK);
	for (unsigned i = 0; i < good; i++)
		assert_int_equal(chunk_next(chunk, &bundle, &size), TWINLOG_OK);
	if (chunk_next(chunk, &bundle, &size) != TWINLOG_MALFORMED)
		fail_msg("%s", name);
	chunk_free(chunk);
}

static void refuses_what_is_no_list(void **state)
{
	(void)state;
	refuse_list("another field", "\x12\x01x", 3, 0);
	refuse_list("a varint field", "\x08\x01", 2, 0);
	refuse_list("a tag alone", "\x0a", 1, 0);
	refuse_list("a length past the end", "\x0a\x03zz", 4, 0);
	refuse_list("good, then garbage", "\x0a\x01z\xff", 4, 1);
	refuse_list("a length cut short", "\x0a\x80", 2, 0);
	refuse_list("an endless length", "\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, 0);
}

/* Any byte of a chunk may be wrong: never a crash, never more than was claimed. */
static void survives_every_flipped_bit(void **state)
{
	(void)state;
	struct chunk *packer, *chunk;
	const uint8_t *packed, *bundle;
	size_t size, plain, bundle_size;
	uint64_t seed = 7;
	uint8_t body[300], broken[1024];
	assert_int_equal(chunk_new(&packer), TWINLOG_OK);
	assert_int_equal(chunk_new(&chunk), TWINLOG_OK);
	for (int i = 0; i < 3; i++) {
		fill(body, sizeof body, &seed);
		assert_int_equal(chunk_add(packer, body, sizeof body), TWINLOG_OK);
	}
	assert_int_equal(chunk_compress(packer, &packed, &size, &plain), TWINLOG_OK);
	assert_true(size <= sizeof broken);
	for (size_t bit = 0; bit < size * 8; bit++) {
		memcpy(broken, packed, size);
		broken[bit / 8] ^= (uint8_t)(1u << bit % 8);
		if (chunk_decompress(chunk, broken, size, plain))
			continue;
		size_t total = 0;
		while (chunk_next(chunk, &bundle, &bundle_size) == TWINLOG_OK)
			total += bundle_size;
		assert_true(total <= plain);
	}
	chunk_free(packer);
	chunk_free(chunk);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(brings_back_what_went_in),
	    cmocka_unit_test(an_empty_list_is_one),
	    cmocka_unit_test(keeps_to_the_limit_when_packing),
	    cmocka_unit_test(refuses_bombs),
	    cmocka_unit_test(refuses_a_wrong_size),
	    cmocka_unit_test(refuses_what_is_no_list),
	    cmocka_unit_test(survives_every_flipped_bit),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
