/* Identities, cards, greetings, city ids. */
#include "card.h"
#include "validate.h"
#include "vectors.h"

static struct city cities[] = {
    {.name = "mokpo", .city_id = "KR:mokpo", .first = 1},   {.name = "xiamen", .city_id = "CN:xiamen", .first = 51},
    {.name = "jinan", .city_id = "CN:jinan", .first = 20},  {.name = "dalian", .city_id = "CN:dalian", .first = 120},
    {.name = "other", .city_id = "CN:dalian", .first = 10}, {.name = "klafir", .city_id = "KR:@klafir", .first = 90},
    {.name = "busan", .city_id = "KR:busan", .first = 140}, {.name = "suwon", .city_id = "KR:suwon", .first = 155},
};
#define COUNT (sizeof cities / sizeof *cities)

struct city *city_named(const char *name, size_t size)
{
	for (size_t i = 0; i < COUNT; i++)
		if (strlen(cities[i].name) == size && memcmp(cities[i].name, name, size) == 0)
			return &cities[i];
	fprintf(stderr, "no city %.*s\n", (int)size, name);
	exit(1);
}

static void city_put(struct city *city)
{
	char fingerprint[72];

	for (size_t i = 0; i < 32; i++) {
		city->city_seed[i] = (uint8_t)(city->first + i);
		city->recovery_seed[i] = (uint8_t)(city->first + 100 + i);
	}
	for (uint32_t index = 0; index < 2; index++)
		MUST(seal_keys_new(city->city_seed, index, &city->keys[index]) == TWINLOG_OK);
	city->recovery = seal_recovery_public(city->recovery_seed);
	city->identity = seal_identity(seal_keys_public(city->keys[0]), &city->recovery);
	fprintf(out, "city name=%s city_id=%s", city->name, city->city_id);
	put("city_seed", city->city_seed, 32);
	put("recovery_seed", city->recovery_seed, 32);
	put("city_key", seal_keys_public(city->keys[0])->bytes, 32);
	put("next_city_key", seal_keys_public(city->keys[1])->bytes, 32);
	put("transport_key", seal_keys_transport_public(city->keys[0]), 32);
	put("recovery_key", city->recovery.bytes, 32);
	put("import_secret", seal_keys_import_secret(city->keys[1]), 32);
	put("identity", city->identity.bytes, HASH_SIZE);
	seal_fingerprint(&city->identity, fingerprint);
	for (char *at = fingerprint; *at; at++)
		if (*at == ' ')
			*at = '-';
	fprintf(out, " fingerprint=%s\n", fingerprint);
}

/* ---- Cards. ---- */

enum card_fault {
	CARD_SOUND,
	CARD_UNKNOWN_FIELD,
	CARD_ORDER,
	CARD_DEFAULT,
	CARD_OVERLONG,
	CARD_TWICE,
	CARD_SHORT_KEY,
	CARD_CITY_ID,
	CARD_ADDRESS,
	CARD_NAME,
	CARD_GRANT_TOO_MUCH,
	CARD_NO_GRANT,
	CARD_OTHER_KIND,
	CARD_NEXT,
	CARD_NEXT_SAME,
	CARD_NEXT_SHORT,
};

static void card_raw(const struct city *city, enum card_fault fault, struct raw *ret_raw)
{
	struct raw card = {.size = 0}, name = {.size = 0};
	const uint8_t *founding = seal_keys_public(city->keys[0])->bytes;
	const struct seal_keys *keys = city->keys[fault == CARD_NO_GRANT];

	raw_bytes(&card, 1, founding, fault == CARD_SHORT_KEY ? 31 : 32);
	raw_bytes(&card, 2, city->recovery.bytes, 32);
	raw_bytes(&card, 3, seal_keys_public(keys)->bytes, 32);
	if (fault == CARD_GRANT_TOO_MUCH) {
		uint8_t grant[SEAL_SIGNATURE_SIZE];
		card_grant(city->recovery_seed, &city->identity, seal_keys_public(keys), NULL, grant);
		raw_bytes(&card, 4, grant, sizeof grant);
	}
	if (fault == CARD_ORDER)
		raw_text(&card, 6, city->city_id);
	raw_bytes(&card, 5, seal_keys_transport_public(keys), 32);
	if (fault != CARD_ORDER)
		raw_text(&card, 6, fault == CARD_CITY_ID ? "kr:mokpo" : city->city_id);
	raw_text(&name, 1, "ko");
	raw_text(&name, 2, fault == CARD_NAME ? "목포\033시" : "목포시");
	if (fault == CARD_DEFAULT)
		raw_number(&name, 3, 0);
	raw_bytes(&card, 7, name.bytes, name.size);
	raw_text(&card, 8, fault == CARD_ADDRESS ? "tcp://mokpo.example:0123" : "tcp://mokpo.example:7401");
	raw_number(&card, 9, 1764000000);
	if (fault == CARD_OVERLONG) {
		card.bytes[card.size - 1] |= 0x80;
		card.bytes[card.size++] = 0;
	}
	if (fault == CARD_TWICE)
		raw_number(&card, 9, 1764000001);
	if (fault == CARD_NEXT || fault == CARD_NEXT_SHORT)
		raw_bytes(&card, 11, seal_keys_transport_public(city->keys[1]), fault == CARD_NEXT ? 32 : 31);
	if (fault == CARD_NEXT_SAME)
		raw_bytes(&card, 11, seal_keys_transport_public(keys), 32);
	if (fault == CARD_UNKNOWN_FIELD)
		raw_number(&card, 15, 1);
	raw_signed(ret_raw, &card, keys, fault == CARD_OTHER_KIND ? "act" : "card");
}

static void card_open_put(const char *what, const void *bytes, size_t size, enum twinlog_error wanted)
{
	struct card *card = NULL;
	const enum twinlog_error error = card_open(bytes, size, &card);

	MUST(error == wanted);
	put_refused("card", what, error, bytes, size);
	card_free(error ? NULL : card);
}

static void cards_refused_put(const struct city *city)
{
	static const struct {
		const char *what;
		enum card_fault fault;
		enum twinlog_error error;
	} faults[] = {
	    {"sound", CARD_SOUND, TWINLOG_OK},
	    {"unknown-field", CARD_UNKNOWN_FIELD, TWINLOG_NOT_STRICT},
	    {"order-of-fields", CARD_ORDER, TWINLOG_NOT_STRICT},
	    {"default-written", CARD_DEFAULT, TWINLOG_NOT_STRICT},
	    {"overlong-number", CARD_OVERLONG, TWINLOG_NOT_STRICT},
	    {"field-twice", CARD_TWICE, TWINLOG_NOT_STRICT},
	    {"short-key", CARD_SHORT_KEY, TWINLOG_MALFORMED},
	    {"city-id", CARD_CITY_ID, TWINLOG_BAD_CITY_ID},
	    {"address", CARD_ADDRESS, TWINLOG_BAD_FIELD},
	    {"control-character", CARD_NAME, TWINLOG_BAD_TEXT},
	    {"needless-grant", CARD_GRANT_TOO_MUCH, TWINLOG_NOT_STRICT},
	    {"no-grant", CARD_NO_GRANT, TWINLOG_BAD_SIGNATURE},
	    {"signed-as-another-kind", CARD_OTHER_KIND, TWINLOG_BAD_SIGNATURE},
	    {"key-to-come", CARD_NEXT, TWINLOG_OK},
	    {"key-to-come-is-in-use", CARD_NEXT_SAME, TWINLOG_NOT_STRICT},
	    {"key-to-come-short", CARD_NEXT_SHORT, TWINLOG_MALFORMED},
	};
	struct raw raw;

	for (size_t i = 0; i < sizeof faults / sizeof *faults; i++) {
		card_raw(city, faults[i].fault, &raw);
		card_open_put(faults[i].what, raw.bytes, raw.size, faults[i].error);
	}
	card_raw(city, CARD_SOUND, &raw);
	raw_number(&raw, 15, 1);
	card_open_put("unknown-field-outside", raw.bytes, raw.size, TWINLOG_NOT_STRICT);
	card_raw(city, CARD_SOUND, &raw);
	raw.bytes[raw.size - 1] ^= 1;
	card_open_put("signature-touched", raw.bytes, raw.size, TWINLOG_BAD_SIGNATURE);
	card_open_put("cut-short", raw.bytes, raw.size - 1, TWINLOG_MALFORMED);
}

static void card_put(const struct city *city, uint32_t index)
{
	Twinlog__CityCard card = TWINLOG__CITY_CARD__INIT;
	Twinlog__CityName name = TWINLOG__CITY_NAME__INIT, *names[] = {&name};
	ProtobufCBinaryData address = codec_string("tcp://twinlog.mokpo.example:7401");
	uint8_t grant[SEAL_SIGNATURE_SIZE], *bytes;
	size_t size;

	name.lang = codec_string("ko");
	name.text = codec_string("목포시");
	card.founding_key = codec_bytes(seal_keys_public(city->keys[0])->bytes, 32);
	card.city_key = codec_bytes(seal_keys_public(city->keys[index])->bytes, 32);
	card.recovery_key = codec_bytes(city->recovery.bytes, 32);
	card_grant(city->recovery_seed, &city->identity, seal_keys_public(city->keys[index]), NULL, grant);
	if (index > 0)
		card.key_grant = codec_bytes(grant, sizeof grant);
	card.transport_key = codec_bytes(seal_keys_transport_public(city->keys[index]), 32);
	card.city_id = codec_string(city->city_id);
	card.names = names;
	card.n_names = 1;
	card.addresses = &address;
	card.n_addresses = 1;
	card.serial = 1764000000 + index;
	MUST(card_seal(&card, city->keys[index], &bytes, &size) == TWINLOG_OK);
	fprintf(out, "card city=%s index=%u serial=%u lang=ko", city->name, index, 1764000000 + index);
	put("text", name.text.data, name.text.len);
	put("address", address.data, address.len);
	put("bytes", bytes, size);
	fprintf(out, "\n");
	free(bytes);
}

static void hello_put(const struct city *from, const struct city *to)
{
	uint8_t keys[64], proof[SEAL_SIGNATURE_SIZE];

	memcpy(keys, seal_keys_transport_public(from->keys[0]), 32);
	memcpy(keys + 32, seal_keys_transport_public(to->keys[0]), 32);
	seal_sign(from->keys[0], "hello", keys, sizeof keys, proof);
	fprintf(out, "hello from=%s to=%s", from->name, to->name);
	put("proof", proof, sizeof proof);
	fprintf(out, "\n");
}

static void city_ids_put(void)
{
	static const char *const ids[] = {"KR:mokpo",  "KR:@klafir", "CN:a",   "CN:xi-an_2", "kr:mokpo",
					  "KOR:mokpo", "KR:",        "KR:@",   "KR:Mokpo",   "K:a",
					  "KR:a@b",    "목포:a",     "KR:목포"};

	for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
		fprintf(out, "city_id");
		put("text", ids[i], strlen(ids[i]));
		fprintf(out, " verdict=%s\n", validate_city_id(ids[i], strlen(ids[i])) ? "refused" : "stands");
	}
	for (size_t size = 64; size <= 65; size++) {
		char text[65];
		memset(text, 'a', sizeof text);
		memcpy(text, "CN:", 3);
		fprintf(out, "city_id");
		put("text", text, size);
		fprintf(out, " verdict=%s\n", validate_city_id(text, size) ? "refused" : "stands");
	}
}

void cities_put(void)
{
	for (size_t i = 0; i < COUNT; i++)
		city_put(&cities[i]);
	card_put(&cities[0], 0);
	card_put(&cities[0], 1);
	cards_refused_put(&cities[0]);
	hello_put(&cities[0], &cities[1]);
	city_ids_put();
}
