/* Records, leaves, bundles, erasures, positions. */
#include "acts.h"
#include "bundle.h"
#include "erasures.h"
#include "import_id.h"
#include "vectors.h"

static const uint8_t name[16] = "0123456789abcde", salt[16] = "salt of sixteen";
static const char *const body_text = "Jahrestag";

static void records_put(const struct city *city)
{
	static const struct {
		uint32_t nth;
		const char *sheet, *row;
	} rows[] = {{0, "pairs", "P0001"}, {1, "pairs", "P0001"}, {0, "pairsP", "0001"}, {0, "", ""}};
	struct handle handle =
	    record_handle(&pair_space, TWINLOG__RECORD_KIND__RECORD_ACTIVITY, &city->identity, name, sizeof name);

	fprintf(out, "record kind=1 opener=%s", city->name);
	put("name", name, sizeof name);
	put("handle", handle.bytes, HANDLE_SIZE);
	handle = record_handle(&pair_space, TWINLOG__RECORD_KIND__RECORD_CITY, NULL, "KR:mokpo", 8);
	fprintf(out, "\nrecord kind=3 opener=");
	put("name", "KR:mokpo", 8);
	put("handle", handle.bytes, HANDLE_SIZE);
	fprintf(out, "\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		import_record_id(seal_keys_import_secret(city->keys[0]), &pair_space,
				 TWINLOG__RECORD_KIND__RECORD_AGREEMENT, rows[i].sheet, strlen(rows[i].sheet),
				 rows[i].row, strlen(rows[i].row), rows[i].nth, &handle);
		fprintf(out, "import city=%s kind=2 sheet=%s row=%s nth=%u", city->name, rows[i].sheet, rows[i].row,
			rows[i].nth);
		put("name", handle.bytes, HANDLE_SIZE);
		fprintf(out, "\n");
	}
	const struct seal_part parts[] = {{pair_space.bytes, HASH_SIZE}, {name, sizeof name}};
	const struct hash drawn = seal_hash("record-id", parts, 2);
	fprintf(out, "request");
	put("request", name, sizeof name);
	put("name", drawn.bytes, HANDLE_SIZE);
	fprintf(out, "\n");
}

/* ---- A sound bundle. ---- */

static void body_make(struct raw *body)
{
	struct raw activity = {.size = 0}, city = {.size = 0};

	body->size = 0;
	raw_text(&city, 1, "CN:xiamen");
	raw_bytes(&activity, 1, city.bytes, city.size);
	city.size = 0;
	raw_text(&city, 1, "KR:mokpo");
	raw_bytes(&activity, 1, city.bytes, city.size);
	raw_text(&activity, 3, "culture_arts");
	raw_text(&activity, 4, "exhibition");
	raw_text(&activity, 8, "2018-11");
	raw_text(body, 3, body_text);
	raw_bytes(body, 10, activity.bytes, activity.size);
}

static struct bundle *bundle_put(const struct city *city)
{
	ProtobufCBinaryData cities[] = {codec_string("CN:xiamen"), codec_string("KR:mokpo")};
	Twinlog__Envelope envelope = TWINLOG__ENVELOPE__INIT;
	struct leaf_draft leaf = {.body_size = 0};
	struct bundle_draft draft = {.space = pair_space,
				     .city = city->identity,
				     .number = 1,
				     .acts = &pair_head,
				     .acts_count = 1,
				     .clock_ms = 1764000002000,
				     .leaves = &leaf,
				     .leaves_count = 1};
	struct raw body;
	struct bundle *bundle;
	uint8_t *envelope_bytes, *bytes;
	size_t size;

	envelope.operation = TWINLOG__OPERATION__OPERATION_STATEMENT;
	envelope.kind = TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
	envelope.record = codec_bytes(name, sizeof name);
	envelope.version = 1;
	envelope.cities = cities;
	envelope.n_cities = 2;
	MUST(codec_pack(&envelope.base, &envelope_bytes, &leaf.envelope_size) == TWINLOG_OK);
	body_make(&body);
	leaf.envelope = envelope_bytes;
	leaf.body = body.bytes;
	leaf.body_size = body.size;
	memcpy(leaf.salt, salt, sizeof salt);
	const struct hash hash =
	    leaf_hash(&pair_space, &city->identity, envelope_bytes, leaf.envelope_size, salt, body.bytes, body.size);
	fprintf(out, "leaf city=%s operation=1 kind=1 version=1 cities=CN:xiamen,KR:mokpo", city->name);
	put("name", name, sizeof name);
	put("salt", salt, sizeof salt);
	put("body", body.bytes, body.size);
	put("leaf", hash.bytes, HASH_SIZE);
	MUST(bundle_seal(&draft, city->keys[0], &bytes, &size) == TWINLOG_OK);
	MUST(bundle_open(bytes, size, seal_keys_public(city->keys[0]), 1, &bundle) == TWINLOG_OK);
	MUST(hash_equal(&bundle->leaves[0].hash, &hash));
	fprintf(out, "\nbundle city=%s clock=1764000002000", city->name);
	put("bytes", bytes, size);
	put("id", bundle->id.bytes, HASH_SIZE);
	fprintf(out, "\n");
	free(envelope_bytes);
	free(bytes);
	return bundle;
}

static void heads_digest_put(const struct city *city, const struct bundle *bundle)
{
	static const uint8_t one = 1;
	const struct seal_part parts[] = {{city->identity.bytes, HASH_SIZE}, {&one, 1}, {bundle->id.bytes, HASH_SIZE}};
	const struct hash digest = seal_hash("heads", parts, 3);

	fprintf(out, "heads_digest city=%s", city->name);
	put("digest", digest.bytes, HASH_SIZE);
	fprintf(out, "\n");
}

/* ---- Refused. ---- */

enum bundle_fault {
	B_SOUND,
	B_NO_ACTS,
	B_NUMBER,
	B_CLOCK,
	B_COUNT,
	B_NO_LEAF,
	B_LEAVES,
	B_KEY,
	B_UNKNOWN_HEADER,
	B_UNKNOWN_LEAF,
	B_SALT,
	B_CONTENT_AND_SALT,
	B_BODY_TOUCHED,
	B_OPENER,
	B_VERSION,
	B_RECORD,
	B_CITIES,
	B_ENVELOPE_FIELD,
	B_NEWER,
	B_ERASED,
};

static void envelope_raw(const struct city *city, enum bundle_fault fault, struct raw *envelope)
{
	envelope->size = 0;
	raw_number(envelope, 1, fault == B_NEWER ? 77 : TWINLOG__OPERATION__OPERATION_STATEMENT);
	raw_number(envelope, 2, fault == B_NEWER ? 88 : TWINLOG__RECORD_KIND__RECORD_ACTIVITY);
	if (fault == B_OPENER)
		raw_hash(envelope, 3, &city->identity);
	raw_bytes(envelope, 4, name, fault == B_RECORD ? 15 : 16);
	if (fault != B_VERSION)
		raw_number(envelope, 5, 1);
	raw_text(envelope, 8, fault == B_CITIES ? "KR:mokpo" : "CN:xiamen");
	raw_text(envelope, 8, fault == B_CITIES ? "CN:xiamen" : "KR:mokpo");
	if (fault == B_ENVELOPE_FIELD)
		raw_number(envelope, 10, 1);
}

static void leaf_raw(const struct city *city, enum bundle_fault fault, struct raw *leaf, struct hash *ret_hash)
{
	struct raw envelope, body;

	leaf->size = 0;
	envelope_raw(city, fault, &envelope);
	body_make(&body);
	*ret_hash = leaf_hash(&pair_space, &city->identity, envelope.bytes, envelope.size, salt, body.bytes, body.size);
	const struct hash content = bundle_content(codec_bytes(salt, sizeof salt), codec_bytes(body.bytes, body.size));
	if (fault == B_BODY_TOUCHED)
		body.bytes[body.size - 1] ^= 1;
	raw_bytes(leaf, 1, envelope.bytes, envelope.size);
	if (fault != B_ERASED) {
		raw_bytes(leaf, 2, salt, fault == B_SALT ? 15 : 16);
		raw_bytes(leaf, 3, body.bytes, body.size);
	}
	if (fault == B_CONTENT_AND_SALT || fault == B_ERASED)
		raw_hash(leaf, 4, &content);
	if (fault == B_UNKNOWN_LEAF)
		raw_number(leaf, 5, 1);
}

static void bundle_raw(const struct city *city, enum bundle_fault fault, struct raw *raw)
{
	struct raw header = {.size = 0}, leaf;
	struct hash hash;

	leaf_raw(city, fault, &leaf, &hash);
	hash = seal_hash1("leaves", &hash, sizeof hash);
	hash.bytes[0] ^= fault == B_LEAVES;
	raw_hash(&header, 1, &pair_space);
	raw_hash(&header, 2, &city->identity);
	raw_number(&header, 4, fault == B_NUMBER ? 2 : 1);
	if (fault != B_NO_ACTS)
		raw_hash(&header, 5, &pair_head);
	raw_number(&header, 6, fault == B_CLOCK ? 1ull << 48 : 1764000002000);
	raw_number(&header, 7, fault == B_COUNT ? 2 : 1);
	raw_hash(&header, 8, &hash);
	if (fault == B_UNKNOWN_HEADER)
		raw_number(&header, 9, 1);
	raw_signed(raw, &header, city->keys[fault == B_KEY], "bundle");
	if (fault != B_NO_LEAF)
		raw_bytes(raw, 3, leaf.bytes, leaf.size);
}

static void bundles_refused_put(const struct city *city)
{
	static const struct {
		const char *what;
		enum bundle_fault fault;
		enum twinlog_error error;
	} faults[] = {
	    {"sound", B_SOUND, TWINLOG_OK},
	    {"newer-operation-and-kind", B_NEWER, TWINLOG_OK},
	    {"erased", B_ERASED, TWINLOG_OK},
	    {"no-acts", B_NO_ACTS, TWINLOG_MALFORMED},
	    {"number-without-parents", B_NUMBER, TWINLOG_MALFORMED},
	    {"clock", B_CLOCK, TWINLOG_MALFORMED},
	    {"count", B_COUNT, TWINLOG_BAD_HASH},
	    {"no-leaf", B_NO_LEAF, TWINLOG_MALFORMED},
	    {"leaves-hash", B_LEAVES, TWINLOG_BAD_HASH},
	    {"another-key", B_KEY, TWINLOG_BAD_SIGNATURE},
	    {"unknown-field-of-header", B_UNKNOWN_HEADER, TWINLOG_NOT_STRICT},
	    {"unknown-field-of-leaf", B_UNKNOWN_LEAF, TWINLOG_NOT_STRICT},
	    {"short-salt", B_SALT, TWINLOG_MALFORMED},
	    {"content-beside-salt", B_CONTENT_AND_SALT, TWINLOG_MALFORMED},
	    {"body-touched", B_BODY_TOUCHED, TWINLOG_BAD_HASH},
	    {"opener-is-signer", B_OPENER, TWINLOG_NOT_STRICT},
	    {"no-version", B_VERSION, TWINLOG_MALFORMED},
	    {"short-record", B_RECORD, TWINLOG_MALFORMED},
	    {"cities-unsorted", B_CITIES, TWINLOG_NOT_STRICT},
	    {"unknown-field-of-envelope", B_ENVELOPE_FIELD, TWINLOG_NOT_STRICT},
	};

	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		struct raw raw;
		struct bundle *bundle = NULL;

		bundle_raw(city, faults[i].fault, &raw);
		const enum twinlog_error error =
		    bundle_open(raw.bytes, raw.size, seal_keys_public(city->keys[0]), 1, &bundle);
		MUST(error == faults[i].error);
		put_refused("bundle", faults[i].what, error, raw.bytes, raw.size);
		bundle_free(error ? NULL : bundle);
	}
}

/* ---- Erasures. ---- */

static void erasure_open_put(const struct city *city, const struct bundle *bundle, const char *what, uint32_t index,
			     const char *reason, enum twinlog_error wanted)
{
	struct raw erasure = {.size = 0}, raw;
	struct erasure *opened = NULL;

	raw_hash(&erasure, 1, &pair_space);
	raw_hash(&erasure, 2, &city->identity);
	raw_hash(&erasure, 3, &city->identity);
	raw_hash(&erasure, 4, &bundle->id);
	if (index > 0)
		raw_number(&erasure, 5, index);
	raw_hash(&erasure, 6, &bundle->leaves[0].hash);
	raw_text(&erasure, 7, reason);
	raw_number(&erasure, 8, 1764000003000);
	raw_signed(&raw, &erasure, city->keys[0], "erasure");
	const enum twinlog_error error = erasure_open(raw.bytes, raw.size, &opened);
	MUST(error == wanted);
	put_refused("erasure", what, error, raw.bytes, raw.size);
	erasure_free(error ? NULL : opened);
}

static void erasures_put(const struct city *city, const struct bundle *bundle)
{
	struct erasures *erasures;
	uint8_t *stripped;
	size_t size;

	MUST(erasures_new(&erasures) == TWINLOG_OK);
	for (uint64_t nth = 0; nth < 3; nth++) {
		Twinlog__Erasure message = TWINLOG__ERASURE__INIT;
		struct erasure *erasure;
		uint8_t *bytes;

		message.space = codec_hash(&pair_space);
		message.signer = message.city = codec_hash(&city->identity);
		message.bundle = codec_hash(&bundle->id);
		message.leaf = codec_hash(&bundle->leaves[0].hash);
		message.reason = codec_string("personal_data");
		message.clock_ms = 1764000003000 + nth;
		MUST(erasure_seal(&message, city->keys[0], &bytes, &size) == TWINLOG_OK);
		MUST(erasure_open(bytes, size, &erasure) == TWINLOG_OK);
		fprintf(out, "erasure city=%s reason=personal_data clock=%llu", city->name,
			(unsigned long long)message.clock_ms);
		put("bytes", bytes, size);
		put("id", erasure->id.bytes, HASH_SIZE);
		fprintf(out, "\n");
		free(bytes);
		MUST(erasures_add(erasures, erasure) == TWINLOG_OK);
		erasures_commit(erasures);
	}
	MUST(erasures_settle(erasures) == TWINLOG_OK);
	fprintf(out, "erasures_digest");
	put("digest", erasures_digest(erasures)->bytes, HASH_SIZE);
	MUST(bundle_strip(bundle->bytes, bundle->size, 0, &stripped, &size) == TWINLOG_OK);
	fprintf(out, "\nstripped");
	put("bytes", stripped, size);
	fprintf(out, "\n");
	free(stripped);
	erasures_free(erasures);
	erasure_open_put(city, bundle, "sound", 4095, "personal_data", TWINLOG_OK);
	erasure_open_put(city, bundle, "index", 4096, "personal_data", TWINLOG_MALFORMED);
	erasure_open_put(city, bundle, "reason", 0, "Herr Kim", TWINLOG_MALFORMED);
	erasure_open_put(city, bundle, "no-reason", 0, "", TWINLOG_NOT_STRICT);
}

static void position_put(const struct city *city, const struct bundle *bundle)
{
	Twinlog__Position position = TWINLOG__POSITION__INIT;
	Twinlog__CityHeads heads = TWINLOG__CITY_HEADS__INIT, *list[] = {&heads};
	ProtobufCBinaryData head = codec_hash(&bundle->id), act = codec_hash(&pair_head);
	struct raw inner = {.size = 0}, raw;
	uint8_t *bytes;

	position.space = codec_hash(&pair_space);
	position.city = heads.city = codec_hash(&city->identity);
	position.machine = 0x8000000000000001;
	position.counter = 7;
	position.time_ms = 1764000004000;
	heads.heads = &head;
	heads.n_heads = 1;
	position.cities = list;
	position.n_cities = 1;
	position.acts = &act;
	position.n_acts = 1;
	MUST(codec_pack(&position.base, &bytes, &inner.size) == TWINLOG_OK && inner.size < sizeof inner.bytes);
	memcpy(inner.bytes, bytes, inner.size);
	raw_signed(&raw, &inner, city->keys[0], "position");
	fprintf(out, "position city=%s machine=%llu counter=7 time=1764000004000", city->name,
		(unsigned long long)position.machine);
	put("bytes", raw.bytes, raw.size);
	fprintf(out, "\n");
	free(bytes);
}

void bundles_put(void)
{
	const struct city *city = city_named("mokpo", 5);
	struct bundle *bundle;

	records_put(city);
	bundle = bundle_put(city);
	heads_digest_put(city, bundle);
	bundles_refused_put(city);
	erasures_put(city, bundle);
	position_put(city, bundle);
	bundle_free(bundle);
}
