/* The test vectors of PROTOCOL.md: made from fixed seeds by the library's own functions, and equal to the file that the
 * independent reckoning of tests/vectors/check.py is held against. With TWINLOG_VECTORS_WRITE set the file is written
 * anew: for a new protocol version only. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "acts.h"
#include "bundle.h"
#include "card.h"
#include "edtf.h"
#include "import_id.h"
#include "validate.h"

#define FILE_NAME SOURCE_DIR "/tests/vectors/vectors.txt"

static FILE *out;

static void put(const char *name, const void *bytes, size_t size)
{
	fprintf(out, " %s=", name);
	for (size_t i = 0; i < size; i++)
		fprintf(out, "%02x", ((const uint8_t *)bytes)[i]);
}

struct city {
	const char *name, *city_id;
	uint8_t city_seed[32], recovery_seed[32];
	struct seal_keys *keys;
	struct seal_public recovery;
	struct hash identity;
};

static struct city mokpo = {.name = "mokpo", .city_id = "KR:mokpo"},
		   xiamen = {.name = "xiamen", .city_id = "CN:xiamen"};

/* ---- Cities and cards ---- */

static void city_put(struct city *city, uint8_t first)
{
	char fingerprint[72];

	for (size_t i = 0; i < 32; i++) {
		city->city_seed[i] = (uint8_t)(first + i);
		city->recovery_seed[i] = (uint8_t)(first + 100 + i);
	}
	assert_int_equal(seal_keys_new(city->city_seed, 0, &city->keys), TWINLOG_OK);
	city->recovery = seal_recovery_public(city->recovery_seed);
	city->identity = seal_identity(seal_keys_public(city->keys), &city->recovery);
	fprintf(out, "city name=%s city_id=%s", city->name, city->city_id);
	put("city_seed", city->city_seed, 32);
	put("recovery_seed", city->recovery_seed, 32);
	put("city_key", seal_keys_public(city->keys)->bytes, 32);
	put("transport_key", seal_keys_transport_public(city->keys), 32);
	put("recovery_key", city->recovery.bytes, 32);
	put("import_secret", seal_keys_import_secret(city->keys), 32);
	put("identity", city->identity.bytes, HASH_SIZE);
	seal_fingerprint(&city->identity, fingerprint);
	for (char *at = fingerprint; *at; at++)
		*at = *at == ' ' ? '-' : *at;
	fprintf(out, " fingerprint=%s\n", fingerprint);
}

static void card_put(const struct city *city)
{
	Twinlog__CityCard card = TWINLOG__CITY_CARD__INIT;
	Twinlog__CityName name = TWINLOG__CITY_NAME__INIT, *names[] = {&name};
	ProtobufCBinaryData address = codec_string("tcp://twinlog.mokpo.example:7401");
	struct card *opened;
	uint8_t *bytes;
	size_t size;

	name.lang = codec_string("ko");
	name.text = codec_string("목포시");
	card.founding_key = card.city_key = codec_bytes(seal_keys_public(city->keys)->bytes, 32);
	card.recovery_key = codec_bytes(city->recovery.bytes, 32);
	card.transport_key = codec_bytes(seal_keys_transport_public(city->keys), 32);
	card.city_id = codec_string(city->city_id);
	card.names = names;
	card.n_names = 1;
	card.addresses = &address;
	card.n_addresses = 1;
	card.serial = 1764000000;
	assert_int_equal(card_seal(&card, city->keys, &bytes, &size), TWINLOG_OK);
	assert_int_equal(card_open(bytes, size, &opened), TWINLOG_OK);
	assert_memory_equal(opened->identity.bytes, city->identity.bytes, HASH_SIZE);
	fprintf(out, "card city=%s serial=1764000000 lang=ko", city->name);
	put("text", name.text.data, name.text.len);
	put("address", address.data, address.len);
	put("bytes", bytes, size);
	fprintf(out, "\n");
	/* One encoding only: the same card with a field that nobody knows. */
	uint8_t *bent = malloc(size + 2);
	assert_non_null(bent);
	memcpy(bent, bytes, size);
	memcpy(bent + size, "\x78\x01", 2);
	assert_int_equal(card_open(bent, size + 2, &(struct card *){NULL}), TWINLOG_NOT_STRICT);
	fprintf(out, "strict verdict=refused");
	put("card", bent, size + 2);
	fprintf(out, "\n");
	card_free(opened);
	free(bent);
	free(bytes);
}

/* ---- Acts ---- */

static struct acts *acts;
static struct hash space, accepted;

static void act_put(const struct city *signer, const Twinlog__Act *message, struct hash *ret_id)
{
	struct act *act;
	uint8_t *bytes;
	size_t size;

	assert_int_equal(act_seal(message, signer->keys, &bytes, &size), TWINLOG_OK);
	assert_int_equal(act_open(bytes, size, &act), TWINLOG_OK);
	*ret_id = act->id;
	put("bytes", bytes, size);
	put("id", act->id.bytes, HASH_SIZE);
	fprintf(out, "\n");
	if (acts)
		assert_int_equal(acts_add(acts, act), TWINLOG_OK);
	else
		assert_int_equal(acts_new(act, &acts), TWINLOG_OK);
	free(bytes);
}

static void acts_put(void)
{
	static const uint8_t nonce[16] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16};
	const char *title = "木浦와 厦门";
	const struct city *cities[] = {&mokpo, &xiamen};
	Twinlog__Member members[2], *list[] = {&members[0], &members[1]};
	Twinlog__Act found = TWINLOG__ACT__INIT, accept = TWINLOG__ACT__INIT;
	ProtobufCBinaryData steward = codec_hash(&mokpo.identity), parent;

	for (size_t i = 0; i < 2; i++) {
		twinlog__member__init(&members[i]);
		members[i].founding_key = codec_bytes(seal_keys_public(cities[i]->keys)->bytes, 32);
		members[i].recovery_key = codec_bytes(cities[i]->recovery.bytes, 32);
		members[i].city_id = codec_string(cities[i]->city_id);
	}
	found.signer = codec_hash(&mokpo.identity);
	found.number = 1;
	found.clock_ms = 1764000000123;
	found.kind = TWINLOG__ACT_KIND__ACT_FOUND;
	found.nonce = codec_bytes(nonce, sizeof nonce);
	found.template_ = TWINLOG__TEMPLATE__TEMPLATE_PAIR;
	found.title = codec_string(title);
	found.members = list;
	found.n_members = 2;
	found.stewards = &steward;
	found.n_stewards = 1;
	fprintf(out, "found signer=mokpo members=mokpo,xiamen clock=1764000000123");
	put("nonce", nonce, sizeof nonce);
	put("title", title, strlen(title));
	act_put(&mokpo, &found, &space);
	parent = codec_hash(&space);
	accept.space = codec_hash(&space);
	accept.signer = codec_hash(&xiamen.identity);
	accept.parents = &parent;
	accept.n_parents = 1;
	accept.number = 2;
	accept.clock_ms = 1764000001000;
	accept.kind = TWINLOG__ACT_KIND__ACT_ACCEPT;
	fprintf(out, "accept signer=xiamen clock=1764000001000");
	act_put(&xiamen, &accept, &accepted);
	const struct hash digest = seal_hash1("acts", &accepted, sizeof accepted);
	fprintf(out, "acts_digest");
	put("heads", accepted.bytes, HASH_SIZE);
	put("digest", digest.bytes, HASH_SIZE);
	fprintf(out, "\n");
}

/* ---- Records, leaves, bundles ---- */

static void records_put(void)
{
	static const uint8_t name[16] = "0123456789abcde";
	struct handle handle = record_handle(&space, TWINLOG__RECORD_KIND__RECORD_ACTIVITY, &mokpo.identity, name, 16);

	fprintf(out, "record kind=1 opener=mokpo");
	put("name", name, 16);
	put("handle", handle.bytes, HANDLE_SIZE);
	handle = record_handle(&space, TWINLOG__RECORD_KIND__RECORD_CITY, NULL, "KR:mokpo", 8);
	fprintf(out, "\nrecord kind=3 opener=");
	put("name", "KR:mokpo", 8);
	put("handle", handle.bytes, HANDLE_SIZE);
	import_record_id(seal_keys_import_secret(mokpo.keys), &space, TWINLOG__RECORD_KIND__RECORD_AGREEMENT, "pairs",
			 5, "P0001", 5, 0, &handle);
	fprintf(out, "\nimport city=mokpo kind=2 sheet=pairs row=P0001 nth=0");
	put("name", handle.bytes, HANDLE_SIZE);
	const struct seal_part parts[] = {{space.bytes, HASH_SIZE}, {name, 16}};
	const struct hash drawn = seal_hash("record-id", parts, 2);
	fprintf(out, "\nrequest");
	put("request", name, 16);
	put("name", drawn.bytes, HANDLE_SIZE);
	fprintf(out, "\n");
}

static Twinlog__Body *body_make(struct arena *arena, const char *start)
{
	Twinlog__Body *body = arena_alloc(arena, sizeof *body);
	Twinlog__Activity *activity = arena_alloc(arena, sizeof *activity);
	Twinlog__Participant *participants = arena_alloc(arena, 2 * sizeof *participants);
	Twinlog__Participant **cities = arena_alloc(arena, 2 * sizeof *cities);
	ProtobufCBinaryData *field = arena_alloc(arena, sizeof *field);

	assert_true(body && activity && participants && cities && field);
	twinlog__body__init(body);
	twinlog__activity__init(activity);
	for (size_t i = 0; i < 2; i++) {
		twinlog__participant__init(&participants[i]);
		participants[i].city_id = codec_string(i ? "KR:mokpo" : "CN:xiamen");
		cities[i] = &participants[i];
	}
	*field = codec_string("culture_arts");
	activity->cities = cities;
	activity->n_cities = 2;
	activity->fields = field;
	activity->n_fields = 1;
	activity->form = codec_string("exhibition");
	activity->start = codec_string(start);
	body->content_case = TWINLOG__BODY__CONTENT_ACTIVITY;
	body->activity = activity;
	return body;
}

static void bundle_put(struct arena *arena)
{
	static const uint8_t name[16] = "0123456789abcde", salt[16] = "salt of sixteen";
	ProtobufCBinaryData cities[] = {codec_string("CN:xiamen"), codec_string("KR:mokpo")};
	Twinlog__Envelope envelope = TWINLOG__ENVELOPE__INIT;
	struct leaf_draft leaf;
	struct bundle_draft draft = {.space = space,
				     .city = mokpo.identity,
				     .number = 1,
				     .acts = &accepted,
				     .acts_count = 1,
				     .clock_ms = 1764000002000,
				     .leaves = &leaf,
				     .leaves_count = 1};
	uint8_t *envelope_bytes, *body_bytes, *bytes;
	size_t size;

	envelope.operation = TWINLOG__OPERATION__OPERATION_STATEMENT;
	envelope.kind = TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
	envelope.record = codec_bytes(name, 16);
	envelope.version = 1;
	envelope.cities = cities;
	envelope.n_cities = 2;
	assert_int_equal(codec_pack_arena(arena, &envelope.base, &envelope_bytes, &leaf.envelope_size), TWINLOG_OK);
	assert_int_equal(codec_pack_arena(arena, &body_make(arena, "2018-11")->base, &body_bytes, &leaf.body_size),
			 TWINLOG_OK);
	leaf.envelope = envelope_bytes;
	leaf.body = body_bytes;
	memcpy(leaf.salt, salt, 16);
	const struct hash hash =
	    leaf_hash(&space, &mokpo.identity, envelope_bytes, leaf.envelope_size, salt, body_bytes, leaf.body_size);
	fprintf(out, "leaf city=mokpo operation=1 kind=1 version=1 cities=CN:xiamen,KR:mokpo field=culture_arts "
		     "form=exhibition start=2018-11");
	put("name", name, 16);
	put("salt", salt, 16);
	put("leaf", hash.bytes, HASH_SIZE);
	assert_int_equal(bundle_seal(&draft, mokpo.keys, &bytes, &size), TWINLOG_OK);
	struct seal_public key = *seal_keys_public(mokpo.keys);
	struct bundle *bundle;
	assert_int_equal(bundle_open(bytes, size, &key, 1, &bundle), TWINLOG_OK);
	fprintf(out, "\nbundle city=mokpo clock=1764000002000");
	put("bytes", bytes, size);
	put("id", bundle->id.bytes, HASH_SIZE);
	fprintf(out, "\n");
	uint8_t all[2 * HASH_SIZE + 1];
	memcpy(all, mokpo.identity.bytes, HASH_SIZE);
	all[HASH_SIZE] = 1;
	memcpy(all + HASH_SIZE + 1, bundle->id.bytes, HASH_SIZE);
	const struct hash digest = seal_hash1("heads", all, sizeof all);
	fprintf(out, "heads_digest city=mokpo");
	put("digest", digest.bytes, HASH_SIZE);
	fprintf(out, "\n");
	bundle_free(bundle);
	free(bytes);
}

/* ---- Dates and void bodies ---- */

static void dates_put(void)
{
	static const char *const dates[] = {"2018",       "2018-11",       "2018-11-15", "2018~",      "2018-11~",
					    "1992-02-29", "1000",          "2018-13",    "2018-02-29", "2018-1",
					    "18",         "2018-11-15T00", "0999",       "2018?",      ""};

	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
		struct edtf date;

		if (edtf_parse(dates[i], strlen(dates[i]), &date))
			fprintf(out, "date text=%s verdict=refused\n", dates[i]);
		else
			fprintf(out, "date text=%s first=%d last=%d precision=%d approximate=%d\n", dates[i],
				date.first, date.last, date.precision, date.approximate);
	}
}

static void void_put(struct arena *arena, const char *what, const Twinlog__Body *body, unsigned rule)
{
	ProtobufCBinaryData cities[] = {codec_string("CN:xiamen"), codec_string("KR:mokpo")};
	Twinlog__Envelope envelope = TWINLOG__ENVELOPE__INIT;
	enum body_rule found;
	uint8_t *bytes;
	size_t size;

	envelope.operation = TWINLOG__OPERATION__OPERATION_STATEMENT;
	envelope.kind = TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
	envelope.cities = cities;
	envelope.n_cities = 2;
	const enum twinlog_error error =
	    validate_body(VALIDATE_READ, &envelope, envelope.operation, envelope.kind, body, &found, NULL);
	assert_int_equal(error == TWINLOG_OK, found == BODY_SOUND);
	assert_int_equal(found, rule);
	assert_int_equal(codec_pack_arena(arena, &body->base, &bytes, &size), TWINLOG_OK);
	fprintf(out, "body what=%s rule=%u", what, rule);
	put("body", bytes, size);
	fprintf(out, "\n");
}

static void voids_put(struct arena *arena)
{
	Twinlog__Body *body = body_make(arena, "2018-11");
	Twinlog__City city = TWINLOG__CITY__INIT;

	void_put(arena, "sound", body, 0);
	body->activity->form = codec_string("no_such_form");
	void_put(arena, "unknown-code", body, 0);
	body = body_make(arena, "2018-11");
	city.city_id = codec_string("KR:mokpo");
	body->content_case = TWINLOG__BODY__CONTENT_CITY;
	body->city = &city;
	void_put(arena, "content-of-another-kind", body, 2);
	body = body_make(arena, "2018-11");
	body->note = codec_bytes("\xff", 1);
	void_put(arena, "not-utf-8", body, 3);
	body = body_make(arena, "2018-11");
	static char long_text[TWINLOG_SUMMARY_MAX + 1];
	memset(long_text, 'x', sizeof long_text);
	body->note = codec_bytes(long_text, sizeof long_text);
	void_put(arena, "too-long", body, 4);
	body->note = codec_bytes(long_text, sizeof long_text - 1);
	void_put(arena, "at-the-limit", body, 0);
	void_put(arena, "no-date", body_make(arena, "2018-13"), 5);
	body = body_make(arena, "2018-11");
	body->activity->end = codec_string("2017");
	void_put(arena, "end-before-start", body, 5);
	body = body_make(arena, "2018-11");
	body->activity->form = codec_string("");
	void_put(arena, "no-form", body, 6);
	body = body_make(arena, "2018-11");
	body->activity->cities[0]->city_id = codec_string("CN:jinan");
	void_put(arena, "other-cities", body, 7);
	body = body_make(arena, "2018-11");
	body->token = codec_bytes("short", 5);
	void_put(arena, "short-token", body, 8);
}

static void vectors_are_what_the_code_makes(void **state)
{
	char *text = NULL;
	size_t size = 0;
	struct arena *arena = arena_new(1u << 20);
	static char wanted[1u << 18];

	(void)state;
	assert_int_equal(seal_init(), TWINLOG_OK);
	assert_non_null(arena);
	out = open_memstream(&text, &size);
	assert_non_null(out);
	city_put(&mokpo, 1);
	city_put(&xiamen, 51);
	card_put(&mokpo);
	acts_put();
	records_put();
	bundle_put(arena);
	dates_put();
	voids_put(arena);
	fclose(out);
	if (getenv("TWINLOG_VECTORS_WRITE")) {
		FILE *file = fopen(FILE_NAME, "we");
		assert_non_null(file);
		assert_int_equal(fwrite(text, 1, size, file), size);
		fclose(file);
	}
	FILE *file = fopen(FILE_NAME, "re");
	assert_non_null(file);
	const size_t length = fread(wanted, 1, sizeof wanted - 1, file);
	fclose(file);
	wanted[length] = '\0';
	assert_string_equal(text, wanted);
	free(text);
	arena_free(arena);
	acts_free(acts);
	seal_keys_free(mokpo.keys);
	seal_keys_free(xiamen.keys);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(vectors_are_what_the_code_makes)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
