/* The size of a bundle: at its limit, one past it, and after its leaves were erased. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "erasures.h"
#include "town.h"

#define LEAVES TWINLOG_BUNDLE_LEAVES_MAX
#define NAME   32u

/* City records of long names that say nothing; the last says so many bytes. */
static enum twinlog_error sealed(struct county *county, size_t said, uint8_t **ret_bytes, size_t *ret_size)
{
	static const uint8_t body[TWINLOG_BODY_MAX];
	struct leaf_draft *leaves = calloc(LEAVES, sizeof *leaves);
	struct bundle_draft draft = {.space = county->space,
				     .city = county->towns[0].identity,
				     .number = 1,
				     .clock_ms = 5000,
				     .leaves = leaves,
				     .leaves_count = LEAVES};
	Twinlog__Envelope envelope = TWINLOG__ENVELOPE__INIT;
	uint8_t name[NAME];

	assert_non_null(leaves);
	draft.acts = acts_heads(county->acts, &draft.acts_count);
	envelope.operation = TWINLOG__OPERATION__OPERATION_STATEMENT;
	envelope.kind = TWINLOG__RECORD_KIND__RECORD_CITY;
	envelope.version = 1;
	memset(name, 'n', sizeof name);
	for (size_t i = 0; i < LEAVES; i++) {
		uint8_t *packed;

		memcpy(name, &i, 2);
		envelope.record = codec_bytes(name, sizeof name);
		assert_int_equal(codec_pack(&envelope.base, &packed, &leaves[i].envelope_size), TWINLOG_OK);
		leaves[i].envelope = packed;
		leaves[i].body = body;
	}
	leaves[LEAVES - 1].body_size = said;
	const enum twinlog_error error = bundle_seal(&draft, county->towns[0].keys, ret_bytes, ret_size);
	for (size_t i = 0; i < LEAVES; i++)
		free((void *)(uintptr_t)leaves[i].envelope);
	free(leaves);
	return error;
}

static void erased_it_is_no_larger(void **state)
{
	static const char *const cities[] = {"CN:lianyungang", "KR:mokpo"};
	uint32_t indices[LEAVES];
	uint8_t *bytes, *more, *stripped;
	size_t size, stripped_size, said = 1000;
	struct bundle *whole, *bundle;
	struct county county;

	(void)state;
	county_init(&county, cities, 2, 0, 0);
	assert_int_equal(sealed(&county, said, &bytes, &size), TWINLOG_OK);
	free(bytes);
	said += TWINLOG_BUNDLE_MAX - size;
	assert_int_equal(sealed(&county, said + 1, &bytes, &size), TWINLOG_TOO_LARGE);
	assert_int_equal(sealed(&county, said, &bytes, &size), TWINLOG_OK);
	assert_int_equal(size, TWINLOG_BUNDLE_MAX);
	assert_int_equal(bundle_open(bytes, size, &county.towns[0].founding_key, 1, &whole), TWINLOG_OK);

	for (uint32_t i = 0; i < LEAVES; i++)
		indices[i] = i;
	assert_int_equal(bundle_strip_all(bytes, size, indices, LEAVES - 1, &stripped, &stripped_size), TWINLOG_OK);
	assert_true(stripped_size > TWINLOG_BUNDLE_MAX);
	assert_int_equal(bundle_open(stripped, stripped_size, &county.towns[0].founding_key, 1, &bundle), TWINLOG_OK);
	assert_true(hash_equal(&bundle->id, &whole->id));
	bundle_free(bundle);

	/* One that is too large beside what was erased: a field of bytes more at the end. */
	more = calloc(1, TWINLOG_BUNDLE_BYTES_MAX + 1);
	assert_non_null(more);
	memcpy(more, stripped, stripped_size);
	assert_int_equal(bundle_open(more, TWINLOG_BUNDLE_BYTES_MAX + 1, NULL, 0, &bundle), TWINLOG_TOO_LARGE);
	free(stripped);
	assert_int_equal(bundle_strip_all(bytes, size, indices, LEAVES, &stripped, &stripped_size), TWINLOG_OK);
	assert_int_equal(bundle_open(stripped, stripped_size, NULL, 0, &bundle), TWINLOG_OK);
	bundle_free(bundle);
	free(stripped);
	free(more);
	bundle_free(whole);
	free(bytes);
	county_free(&county);
}

/* Decoded before it is measured, so that what is erased is known. */
static void one_past_the_limit(void **state)
{
	static const uint8_t body[TWINLOG_BODY_MAX];
	Twinlog__Bundle bundle = TWINLOG__BUNDLE__INIT;
	Twinlog__Leaf leaves[6], *list[6];
	const uint8_t signature[SEAL_SIGNATURE_SIZE] = {1};
	struct bundle *opened;

	(void)state;
	bundle.header = codec_bytes(signature, 1);
	bundle.signature = codec_bytes(signature, sizeof signature);
	bundle.leaves = list;
	bundle.n_leaves = 6;
	for (size_t i = 0; i < 6; i++) {
		list[i] = &leaves[i];
		twinlog__leaf__init(list[i]);
	}
	leaves[5].content = codec_bytes(body, HASH_SIZE);
	for (size_t i = 0; i < 4; i++)
		leaves[i].body = codec_bytes(body, 64000);
	for (size_t over = 0; over < 2; over++) {
		uint8_t *bytes;
		size_t size;

		leaves[4].body = codec_bytes(body, 1000);
		const size_t now = protobuf_c_message_get_packed_size(&bundle.base);
		leaves[4].body.len += TWINLOG_BUNDLE_MAX + TWINLOG_ERASED_SIZE - now + over;
		assert_int_equal(codec_pack(&bundle.base, &bytes, &size), TWINLOG_OK);
		assert_int_equal(size, TWINLOG_BUNDLE_MAX + TWINLOG_ERASED_SIZE + over);
		assert_int_equal(bundle_open(bytes, size, NULL, 0, &opened),
				 over ? TWINLOG_TOO_LARGE : TWINLOG_MALFORMED);
		free(bytes);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(erased_it_is_no_larger),
	    cmocka_unit_test(one_past_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
