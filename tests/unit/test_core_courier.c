/* What a partner may bring in a courier file: nothing in the name of a city that no act gives a key. PROTOCOL,
 * "Files". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "carry.pb-c.h"
#include "duo.h"
#include "town.h"

#define PARTS_MAX 4u

struct file { /* of the second, for the first */
	ProtobufCBinaryData parts[PARTS_MAX];
	size_t count;
};

static void file_add(struct file *file, Twinlog__CarriedPart *part)
{
	ProtobufCBinaryData *place = &file->parts[file->count++];

	assert_true(file->count <= PARTS_MAX);
	assert_int_equal(codec_pack(&part->base, &place->data, &place->len), TWINLOG_OK);
}

static void file_add_bundle(struct file *file, const uint8_t *bytes, size_t size)
{
	Twinlog__CarriedPart part = TWINLOG__CARRIED_PART__INIT;

	part.body_case = TWINLOG__CARRIED_PART__BODY_BUNDLE;
	part.bundle = codec_bytes(bytes, size);
	file_add(file, &part);
}

/* Reads the file at the first, and empties it. */
static Twinlog__CarryTaken file_read(struct file *file, struct duo *duo)
{
	Twinlog__CarriedHead head = TWINLOG__CARRIED_HEAD__INIT;
	Twinlog__SignedCarriedHead outer = TWINLOG__SIGNED_CARRIED_HEAD__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__CarryPut put = TWINLOG__CARRY_PUT__INIT;
	Twinlog__CarryTaken taken = TWINLOG__CARRY_TAKEN__INIT;
	uint8_t *inner, *packed, signature[SEAL_SIGNATURE_SIZE];
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	size_t size;

	assert_non_null(arena);
	head.magic = codec_string("twinlog");
	head.version = 1;
	head.kind = TWINLOG__CARRIED_KIND__CARRIED_COURIER;
	head.from = codec_hash(&duo->cities[1].identity);
	head.to = codec_hash(&duo->cities[0].identity);
	assert_int_equal(codec_pack(&head.base, &inner, &size), TWINLOG_OK);
	seal_sign(duo->cities[1].keys, "carry", inner, size, signature);
	outer.head = codec_bytes(inner, size);
	outer.signature = codec_bytes(signature, sizeof signature);
	assert_int_equal(codec_pack(&outer.base, &packed, &size), TWINLOG_OK);
	put.head = codec_bytes(packed, size);
	put.parts = file->parts;
	put.n_parts = file->count;
	request.body_case = TWINLOG__REQUEST__BODY_CARRY_PUT;
	request.carry_put = &put;
	duo_request(duo, 0, &request);
	const Twinlog__Reply *reply = duo_reply(duo, 0, arena);

	assert_non_null(reply);
	assert_int_equal(reply->body_case, TWINLOG__REPLY__BODY_CARRY_TAKEN);
	taken.bundles = reply->carry_taken->bundles;
	taken.erasures = reply->carry_taken->erasures;
	taken.known = reply->carry_taken->known;
	taken.waiting = reply->carry_taken->waiting;
	taken.refused = reply->carry_taken->refused;
	taken.code = reply->carry_taken->code;
	arena_free(arena);
	free(inner);
	free(packed);
	while (file->count > 0)
		free(file->parts[--file->count].data);
	return taken;
}

/* A bundle that stands alone, of that city, on the acts that the first holds. */
static uint8_t *seal(const struct duo *duo, const struct hash *space, const struct hash *city,
		     const struct seal_keys *keys, const char *text, size_t *ret_size)
{
	const uint8_t id[HANDLE_SIZE] = {1};
	Twinlog__Envelope envelope = TWINLOG__ENVELOPE__INIT;
	struct leaf_draft leaf = {.salt = {7}, .body = text, .body_size = strlen(text)};
	struct bundle_draft draft = {.space = *space,
				     .city = *city,
				     .number = 1,
				     .clock_ms = duo->now.wall_ms,
				     .leaves = &leaf,
				     .leaves_count = 1};
	uint8_t *packed, *bytes;

	envelope.operation = TWINLOG__OPERATION__OPERATION_STATEMENT;
	envelope.kind = TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
	envelope.record = codec_bytes(id, sizeof id);
	envelope.version = 1;
	assert_int_equal(codec_pack(&envelope.base, &packed, &leaf.envelope_size), TWINLOG_OK);
	leaf.envelope = packed;
	draft.acts = acts_heads(space_acts(node_space_find(duo->cities[0].node, space)), &draft.acts_count);
	assert_int_equal(bundle_seal(&draft, keys, &bytes, ret_size), TWINLOG_OK);
	free(packed);
	return bytes;
}

static uint8_t *seal_erasure(const struct hash *space, const struct town *town, const uint8_t *bytes, size_t size,
			     size_t *ret_size)
{
	Twinlog__Erasure message = TWINLOG__ERASURE__INIT;
	struct bundle *bundle;
	uint8_t *sealed;

	assert_int_equal(bundle_open(bytes, size, NULL, 0, &bundle), TWINLOG_OK);
	message.space = codec_hash(space);
	message.signer = codec_hash(&town->identity);
	message.city = codec_hash(&town->identity);
	message.bundle = codec_hash(&bundle->id);
	message.leaf = codec_hash(&bundle->leaves[0].hash);
	message.reason = codec_string("error");
	message.clock_ms = 1;
	assert_int_equal(erasure_seal(&message, town->keys, &sealed, ret_size), TWINLOG_OK);
	bundle_free(bundle);
	return sealed;
}

static struct hash digest(const struct duo *duo)
{
	struct hash acts, bundles;

	space_digest(node_space(duo->cities[0].node, 0), &acts, &bundles);
	return bundles;
}

struct courier {
	struct duo duo;
	struct hash space;
	struct town third; /* belongs to nothing */
};

static void setup(struct courier *courier)
{
	duo_init(&courier->duo);
	town_init(&courier->third, 2, "CN:xiamen");
	assert_true(duo_found(&courier->duo, &courier->space));
	duo_time(&courier->duo, 2000);
	duo_unlink(&courier->duo);
}

static void teardown(struct courier *courier)
{
	seal_keys_free(courier->third.keys);
	duo_end(&courier->duo);
}

static void holds_bundles(const struct courier *courier, size_t count)
{
	const struct space *space = node_space(courier->duo.cities[0].node, 0);

	assert_int_equal(space_bundles(space), count);
	assert_int_equal(courier->duo.cities[0].bundles_count, count);
}

/* Signed by that city, by the one that carries it, and by nobody: without a key none of it can be told from another. */
static void a_city_without_keys(void **state)
{
	struct courier courier;
	struct file file = {.count = 0};
	const struct hash nobody = {{3}};

	(void)state;
	setup(&courier);
	const struct duo *duo = &courier.duo;
	const struct hash before = digest(duo);
	const struct hash *cities[] = {&courier.third.identity, &courier.third.identity, &nobody};
	const struct seal_keys *keys[] = {courier.third.keys, duo->cities[1].keys, duo->cities[1].keys};

	for (size_t i = 0; i < sizeof cities / sizeof *cities; i++) {
		size_t size;
		uint8_t *bytes = seal(duo, &courier.space, cities[i], keys[i], "of nobody", &size);

		file_add_bundle(&file, bytes, size);
		const Twinlog__CarryTaken taken = file_read(&file, &courier.duo);

		assert_int_equal(taken.refused, 1);
		assert_int_equal(taken.code, TWINLOG_UNKNOWN_KEY);
		assert_int_equal(taken.bundles + taken.known + taken.waiting, 0);
		holds_bundles(&courier, 0);
		const struct hash after = digest(duo);

		assert_true(hash_equal(&before, &after));
		assert_null(acts_member(space_acts(node_space(duo->cities[0].node, 0)), cities[i]));
		free(bytes);
	}
	teardown(&courier);
}

/* It holds up nothing else of the file; and what is not signed by the city it names is refused for that. */
static void the_rest_is_taken(void **state)
{
	struct courier courier;
	struct file file = {.count = 0};
	size_t stranger_size, good_size, false_size;

	(void)state;
	setup(&courier);
	const struct duo_city *second = &courier.duo.cities[1];
	uint8_t *stranger =
	    seal(&courier.duo, &courier.space, &courier.third.identity, courier.third.keys, "a", &stranger_size);
	uint8_t *good = seal(&courier.duo, &courier.space, &second->identity, second->keys, "b", &good_size);
	uint8_t *claimed = seal(&courier.duo, &courier.space, &second->identity, courier.third.keys, "c", &false_size);

	file_add_bundle(&file, stranger, stranger_size);
	file_add_bundle(&file, good, good_size);
	file_add_bundle(&file, stranger, stranger_size);
	Twinlog__CarryTaken taken = file_read(&file, &courier.duo);

	assert_int_equal(taken.bundles, 1);
	assert_int_equal(taken.refused, 2);
	assert_int_equal(taken.code, TWINLOG_UNKNOWN_KEY);
	holds_bundles(&courier, 1);
	assert_int_equal(courier.duo.cities[0].bundles[0].size, good_size);
	assert_memory_equal(courier.duo.cities[0].bundles[0].bytes, good, good_size);

	file_add_bundle(&file, claimed, false_size);
	file_add_bundle(&file, good, good_size);
	taken = file_read(&file, &courier.duo);
	assert_int_equal(taken.known, 1);
	assert_int_equal(taken.refused, 1);
	assert_int_equal(taken.code, TWINLOG_BAD_SIGNATURE);
	holds_bundles(&courier, 1);
	free(stranger);
	free(good);
	free(claimed);
	teardown(&courier);
}

/* Its erasures likewise: there is no key under which they could be asked. */
static void an_erasure_without_keys(void **state)
{
	struct courier courier;
	struct file file = {.count = 0};
	Twinlog__CarriedPart part = TWINLOG__CARRIED_PART__INIT;
	size_t size, erasure_size;

	(void)state;
	setup(&courier);
	uint8_t *bytes = seal(&courier.duo, &courier.space, &courier.third.identity, courier.third.keys, "a", &size);
	uint8_t *erasure = seal_erasure(&courier.space, &courier.third, bytes, size, &erasure_size);

	part.body_case = TWINLOG__CARRIED_PART__BODY_ERASURE;
	part.erasure = codec_bytes(erasure, erasure_size);
	file_add(&file, &part);
	const Twinlog__CarryTaken taken = file_read(&file, &courier.duo);

	assert_int_equal(taken.erasures, 0);
	assert_int_equal(taken.refused, 1);
	assert_int_equal(taken.code, TWINLOG_UNKNOWN_KEY);
	free(bytes);
	free(erasure);
	teardown(&courier);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_city_without_keys),
	    cmocka_unit_test(the_rest_is_taken),
	    cmocka_unit_test(an_erasure_without_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
