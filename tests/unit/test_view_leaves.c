/* Leaves of large bundles are found where a plain walk finds them, also once some are erased. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "leaves.h"

#define LEAVES_MAX 700u

struct wire {
	uint8_t bytes[LEAVES_MAX * 400];
	size_t size;
};

static void put_varint(struct wire *wire, size_t value)
{
	for (; value >= 0x80; value >>= 7)
		wire->bytes[wire->size++] = (uint8_t)(value | 0x80);
	wire->bytes[wire->size++] = (uint8_t)value;
}

static void put_field(struct wire *wire, unsigned field, const void *value, size_t size)
{
	wire->bytes[wire->size++] = (uint8_t)(field << 3 | 2);
	put_varint(wire, size);
	memcpy(wire->bytes + wire->size, value, size);
	wire->size += size;
}

/* log.proto: header, signature, leaves of envelope, salt and body; each third leaf without the last two when erased. */
static void make(struct wire *wire, uint32_t count, bool erased)
{
	static const uint8_t zeros[200];

	wire->size = 0;
	put_field(wire, 1, zeros, 150);
	put_field(wire, 2, zeros, 64);
	for (uint32_t i = 0; i < count; i++) {
		struct wire leaf = {.size = 0};
		uint8_t body[200] = {0};

		memcpy(body, &i, sizeof i);
		put_field(&leaf, 1, zeros, 20 + i % 90);
		if (!erased || i % 3) {
			put_field(&leaf, 2, zeros, 16);
			put_field(&leaf, 3, body, 4 + i % 190);
		}
		put_field(wire, 3, leaf.bytes, leaf.size);
	}
}

static void found_as_walked(struct leaves *leaves, uint64_t sequence, const struct wire *wire, uint32_t count)
{
	for (uint32_t n = 0; n < count + 2 * LEAVES_STEP; n++) {
		const uint32_t index = n * 7 % (count + 2 * LEAVES_STEP);
		ProtobufCBinaryData walked = {0}, found = {0};
		const enum twinlog_error error = bundle_view_body(wire->bytes, wire->size, index, &walked);

		assert_int_equal(error, index < count ? TWINLOG_OK : TWINLOG_MALFORMED);
		assert_int_equal(leaves_body(leaves, sequence, wire->bytes, wire->size, index, &found), error);
		assert_int_equal(found.len, walked.len);
		assert_ptr_equal(found.data, walked.data);
	}
}

static void large_and_small(void **state)
{
	static const uint32_t counts[] = {1, LEAVES_STEP - 1, LEAVES_STEP, LEAVES_STEP + 1, 64, LEAVES_MAX};
	static struct wire wire;
	struct leaves *leaves;

	(void)state;
	assert_int_equal(leaves_new(&leaves), TWINLOG_OK);
	for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
		make(&wire, counts[i], false);
		found_as_walked(leaves, i, &wire, counts[i]);
		found_as_walked(NULL, i, &wire, counts[i]);
		make(&wire, counts[i], true);
		found_as_walked(leaves, i, &wire, counts[i]);
	}
	leaves_free(leaves);
}

/* More bundles than the table begins with; each keeps its own places. */
static void many_bundles(void **state)
{
	static struct wire wire;
	struct leaves *leaves;
	ProtobufCBinaryData walked, found;

	(void)state;
	assert_int_equal(leaves_new(&leaves), TWINLOG_OK);
	for (int round = 0; round < 2; round++)
		for (uint32_t bundle = 0; bundle < 1000; bundle++) {
			make(&wire, 40 + bundle % 20, false);
			assert_int_equal(bundle_view_body(wire.bytes, wire.size, 39, &walked), TWINLOG_OK);
			assert_int_equal(leaves_body(leaves, bundle, wire.bytes, wire.size, 39, &found), TWINLOG_OK);
			assert_ptr_equal(found.data, walked.data);
		}
	/* Half a byte a leaf, and the table. */
	assert_in_range(leaves_bytes(leaves), 1000 * 20, 1000 * 80);
	leaves_free(leaves);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(large_and_small),
	    cmocka_unit_test(many_bundles),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
