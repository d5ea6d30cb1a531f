/* A card proves itself, and nothing that does not is a card. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "card.h"

/* Everything a card message points to. */
struct draft {
	struct seal_keys *keys;
	uint8_t recovery_seed[SEAL_SEED_SIZE];
	struct seal_public founding, recovery;
	uint8_t grant[SEAL_SIGNATURE_SIZE];
	Twinlog__CityName names[TWINLOG_LIST_MAX + 1], *name_list[TWINLOG_LIST_MAX + 1];
	ProtobufCBinaryData addresses[TWINLOG_ADDRESSES_MAX + 1];
	Twinlog__CityCard message;
};

static struct seal_keys *keys_of(uint8_t byte, uint32_t index)
{
	uint8_t seed[SEAL_SEED_SIZE];
	struct seal_keys *keys;

	memset(seed, byte, sizeof seed);
	assert_int_equal(seal_keys_new(seed, index, &keys), TWINLOG_OK);
	return keys;
}

static int set_up(void **state)
{
	struct draft *draft = calloc(1, sizeof *draft);

	if (!draft)
		return -1;
	draft->keys = keys_of(1, 0);
	memset(draft->recovery_seed, 2, SEAL_SEED_SIZE);
	draft->founding = *seal_keys_public(draft->keys);
	draft->recovery = seal_recovery_public(draft->recovery_seed);
	for (size_t i = 0; i <= TWINLOG_LIST_MAX; i++) {
		draft->names[i] = (Twinlog__CityName)TWINLOG__CITY_NAME__INIT;
		draft->names[i].lang = codec_string("zh-Hans");
		draft->names[i].text = codec_string("连云港市");
		draft->name_list[i] = &draft->names[i];
	}
	for (size_t i = 0; i <= TWINLOG_ADDRESSES_MAX; i++)
		draft->addresses[i] = codec_string("tcp://twinlog.example.org:7401");
	draft->message = (Twinlog__CityCard)TWINLOG__CITY_CARD__INIT;
	draft->message.founding_key = codec_bytes(draft->founding.bytes, 32);
	draft->message.recovery_key = codec_bytes(draft->recovery.bytes, 32);
	draft->message.city_key = codec_bytes(draft->founding.bytes, 32);
	draft->message.transport_key = codec_bytes(seal_keys_transport_public(draft->keys), 32);
	draft->message.city_id = codec_string("CN:lianyungang");
	draft->message.names = draft->name_list;
	draft->message.n_names = 1;
	draft->message.addresses = draft->addresses;
	draft->message.n_addresses = 1;
	draft->message.serial = 1700000000;
	*state = draft;
	return 0;
}

static int tear_down(void **state)
{
	struct draft *draft = *state;

	seal_keys_free(draft->keys);
	free(draft);
	return 0;
}

static enum twinlog_error seal(const struct draft *draft)
{
	enum twinlog_error error;
	uint8_t *bytes;
	size_t size;

	error = card_seal(&draft->message, draft->keys, &bytes, &size);
	if (!error)
		free(bytes);
	return error;
}

/* As a stranger would: signed, whatever it says. */
static enum twinlog_error open_signed(const void *inner, size_t inner_size, const struct seal_keys *keys,
				      struct card **ret_card)
{
	Twinlog__SignedCard outer = TWINLOG__SIGNED_CARD__INIT;
	uint8_t signature[SEAL_SIGNATURE_SIZE], *bytes;
	enum twinlog_error error;
	size_t size;

	seal_sign(keys, "card", inner, inner_size, signature);
	outer.card = codec_bytes(inner, inner_size);
	outer.signature = codec_bytes(signature, sizeof signature);
	assert_int_equal(codec_pack(&outer.base, &bytes, &size), TWINLOG_OK);
	error = card_open(bytes, size, ret_card);
	free(bytes);
	return error;
}

static enum twinlog_error open_message(const struct draft *draft, struct card **ret_card)
{
	enum twinlog_error error;
	uint8_t *inner;
	size_t size;

	assert_int_equal(codec_pack(&draft->message.base, &inner, &size), TWINLOG_OK);
	error = open_signed(inner, size, draft->keys, ret_card);
	free(inner);
	return error;
}

static void sealed_opens(void **state)
{
	struct draft *draft = *state;
	struct hash identity = seal_identity(&draft->founding, &draft->recovery);
	struct card *card;
	uint8_t *bytes;
	size_t size;

	assert_int_equal(card_seal(&draft->message, draft->keys, &bytes, &size), TWINLOG_OK);
	assert_int_equal(card_open(bytes, size, &card), TWINLOG_OK);
	assert_true(hash_equal(&card->identity, &identity));
	assert_string_equal(card->city_id, "CN:lianyungang");
	assert_int_equal(card->serial, 1700000000);
	assert_memory_equal(card->transport_key, seal_keys_transport_public(draft->keys), 32);
	assert_int_equal(card->size, size);
	assert_memory_equal(card->bytes, bytes, size);
	assert_int_equal(card->message->n_addresses, 1);
	assert_true(codec_equal(card->message->names[0]->text, "连云港市"));
	card_free(card);
	card_free(NULL);
	free(bytes);
}

static void any_changed_byte_is_refused(void **state)
{
	struct draft *draft = *state;
	struct card *card = NULL;
	uint8_t *bytes;
	size_t size;

	assert_int_equal(card_seal(&draft->message, draft->keys, &bytes, &size), TWINLOG_OK);
	for (size_t i = 0; i < size; i++)
		for (unsigned bit = 0; bit < 8; bit++) {
			bytes[i] ^= (uint8_t)(1u << bit);
			assert_int_not_equal(card_open(bytes, size, &card), TWINLOG_OK);
			assert_null(card);
			bytes[i] ^= (uint8_t)(1u << bit);
		}
	for (size_t cut = 0; cut < size; cut++)
		assert_int_not_equal(card_open(bytes, cut, &card), TWINLOG_OK);
	free(bytes);
}

static void only_the_strict_encoding_opens(void **state)
{
	struct draft *draft = *state;
	struct card *card;
	uint8_t *inner, more[TWINLOG_CARD_MAX];
	size_t size;

	assert_int_equal(codec_pack(&draft->message.base, &inner, &size), TWINLOG_OK);
	memcpy(more, inner, size);
	memcpy(more + size, "\x78\x01", 2); /* an unknown field 15 */
	assert_int_equal(open_signed(more, size + 2, draft->keys, &card), TWINLOG_NOT_STRICT);
	memcpy(more + size, "\x48\x01", 2); /* the serial once more */
	assert_int_equal(open_signed(more, size + 2, draft->keys, &card), TWINLOG_NOT_STRICT);
	free(inner);
}

static void later_keys_need_the_grant(void **state)
{
	struct draft *draft = *state;
	struct seal_keys *later = keys_of(1, 1), *first = draft->keys;
	struct hash identity = seal_identity(&draft->founding, &draft->recovery);
	uint8_t other_seed[SEAL_SEED_SIZE] = {3};
	struct card *card;

	draft->keys = later;
	draft->message.city_key = codec_bytes(seal_keys_public(later)->bytes, 32);
	assert_int_equal(open_message(draft, &card), TWINLOG_BAD_SIGNATURE);
	card_grant(other_seed, &identity, seal_keys_public(later), NULL, draft->grant);
	draft->message.key_grant = codec_bytes(draft->grant, sizeof draft->grant);
	assert_int_equal(open_message(draft, &card), TWINLOG_BAD_SIGNATURE);
	card_grant(draft->recovery_seed, &identity, &draft->founding, NULL, draft->grant); /* for another key */
	assert_int_equal(open_message(draft, &card), TWINLOG_BAD_SIGNATURE);
	card_grant(draft->recovery_seed, &identity, seal_keys_public(later), NULL, draft->grant);
	assert_int_equal(open_message(draft, &card), TWINLOG_OK);
	assert_true(hash_equal(&card->identity, &identity)); /* it stays for ever */
	card_free(card);
	assert_int_equal(seal(draft), TWINLOG_OK);
	draft->keys = first; /* a grant for the founding key: two encodings of one thing */
	draft->message.city_key = codec_bytes(draft->founding.bytes, 32);
	assert_int_equal(open_message(draft, &card), TWINLOG_NOT_STRICT);
	seal_keys_free(later);
}

static void another_signer_is_refused(void **state)
{
	struct draft *draft = *state;
	struct seal_keys *other = keys_of(9, 0), *own = draft->keys;
	struct card *card;

	draft->keys = other;
	assert_int_equal(open_message(draft, &card), TWINLOG_BAD_SIGNATURE);
	assert_int_equal(seal(draft), TWINLOG_BAD_SIGNATURE);
	draft->keys = own;
	seal_keys_free(other);
}

static void limits_hold_at_both_ends(void **state)
{
	struct draft *draft = *state;
	char text[TWINLOG_NAME_MAX + 2];
	struct card *card;

	draft->message.n_names = TWINLOG_LIST_MAX;
	draft->message.n_addresses = TWINLOG_ADDRESSES_MAX;
	assert_int_equal(seal(draft), TWINLOG_OK);
	draft->message.n_names = TWINLOG_LIST_MAX + 1;
	assert_int_equal(open_message(draft, &card), TWINLOG_TOO_MANY);
	draft->message.n_names = 0;
	draft->message.n_addresses = TWINLOG_ADDRESSES_MAX + 1;
	assert_int_equal(open_message(draft, &card), TWINLOG_TOO_MANY);
	draft->message.n_addresses = 0;
	assert_int_equal(seal(draft), TWINLOG_OK);
	memset(text, 'n', sizeof text);
	draft->message.n_names = 1;
	draft->names[0].text = codec_bytes(text, TWINLOG_NAME_MAX);
	assert_int_equal(seal(draft), TWINLOG_OK);
	draft->names[0].text = codec_bytes(text, TWINLOG_NAME_MAX + 1);
	assert_int_equal(open_message(draft, &card), TWINLOG_TOO_LONG);
	draft->names[0].text = codec_bytes(text, 0);
	assert_int_equal(open_message(draft, &card), TWINLOG_FIELD_MISSING);
	assert_int_equal(card_open(text, TWINLOG_CARD_MAX + 1, &card), TWINLOG_TOO_LARGE);
	for (size_t i = 0; i < TWINLOG_LIST_MAX; i++) {
		draft->names[i].text = codec_bytes(text, TWINLOG_NAME_MAX);
		draft->names[i].lang = codec_string("de-Latn-DE-1996-x-abcdefgh-ijklmno");
	}
	draft->message.n_names = TWINLOG_LIST_MAX; /* each within its limit, all together below the card's */
	assert_int_equal(seal(draft), TWINLOG_OK);
}

static void names_fit_for_a_terminal(void **state)
{
	struct draft *draft = *state;
	struct card *card;

	draft->names[0].text = codec_string("\x1b[2J");
	assert_int_equal(open_message(draft, &card), TWINLOG_BAD_TEXT);
	draft->names[0].text = codec_string("line\nline");
	assert_int_equal(open_message(draft, &card), TWINLOG_BAD_TEXT);
	draft->names[0].text = codec_string("a\xc2\x9b"); /* U+009B */
	assert_int_equal(open_message(draft, &card), TWINLOG_BAD_TEXT);
	draft->names[0].text = codec_string("\xed\xa0\x80"); /* a surrogate */
	assert_int_equal(open_message(draft, &card), TWINLOG_BAD_UTF8);
	draft->names[0].text = codec_bytes("a\0b", 3);
	assert_int_equal(open_message(draft, &card), TWINLOG_BAD_UTF8);
	draft->names[0].text = codec_string("목포시");
	draft->names[0].lang = codec_string("");
	assert_int_equal(open_message(draft, &card), TWINLOG_BAD_LANG);
	draft->names[0].lang = codec_string("k o");
	assert_int_equal(open_message(draft, &card), TWINLOG_BAD_LANG);
	draft->names[0].lang = codec_string("ko");
	assert_int_equal(seal(draft), TWINLOG_OK);
	draft->message.city_id = codec_string("lianyungang");
	assert_int_equal(open_message(draft, &card), TWINLOG_BAD_CITY_ID);
}

static void keys_have_their_size(void **state)
{
	struct draft *draft = *state;
	ProtobufCBinaryData *const fields[] = {&draft->message.founding_key, &draft->message.recovery_key,
					       &draft->message.city_key, &draft->message.transport_key};
	struct card *card;

	for (size_t i = 0; i < 4; i++) {
		fields[i]->len = 31;
		assert_int_equal(open_message(draft, &card), TWINLOG_MALFORMED);
		fields[i]->len = 0;
		assert_int_equal(open_message(draft, &card), TWINLOG_MALFORMED);
		fields[i]->len = 32;
	}
}

static void a_key_to_come_is_another_one(void **state)
{
	struct draft *draft = *state;
	const uint8_t next[32] = {7};
	struct card *card;

	assert_int_equal(seal(draft), TWINLOG_OK);
	draft->message.next_transport_key = codec_bytes(next, 31);
	assert_int_equal(open_message(draft, &card), TWINLOG_MALFORMED);
	draft->message.next_transport_key = draft->message.transport_key;
	assert_int_equal(open_message(draft, &card), TWINLOG_NOT_STRICT);
	draft->message.next_transport_key = codec_bytes(next, 32);
	assert_int_equal(open_message(draft, &card), TWINLOG_OK);
	assert_memory_equal(card->next_transport, next, 32);
	assert_true(card_has_transport(card, next));
	assert_true(card_has_transport(card, card->transport_key));
	assert_false(card_has_transport(card, (const uint8_t[32]){8}));
	card_free(card);
}

static void addresses_can_be_dialled_and_nothing_else(void **state)
{
	(void)state;
	static const char *const good[] = {"tcp://127.0.0.1:7401", "tcp://h:1", "tcp://twin-log.example.org:65535",
					   "tcp://[::1]:7401", "tcp://[2001:db8::1.2.3.4]:80"};
	static const char *const bad[] = {"",
					  "tcp://",
					  "tcp://:7401",
					  "tcp://host",
					  "tcp://host:",
					  "tcp://host:0",
					  "tcp://host:65536",
					  "tcp://host:07401",
					  "tcp://host:74 01",
					  "tcp://*:7401",
					  "tcp://host:*",
					  "tcp://10.0.0.1:1;10.0.0.2:2",
					  "tcp://::1:7401",
					  "tcp://[]:7401",
					  "tcp://[::1:7401",
					  "tcp://[host]:7401",
					  "tcp://-o:7401",
					  "tcp://ho/st:7401",
					  "tcp://ho st:7401",
					  "ipc:///run/x",
					  "inproc://x",
					  "TCP://host:7401",
					  "tcp://host:7401\n"};
	char text[300];

	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		assert_int_equal(card_check_address(good[i], strlen(good[i])), TWINLOG_OK);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(card_check_address(bad[i], strlen(bad[i])), TWINLOG_BAD_FIELD);
	assert_int_equal(card_check_address("tcp://ho\0st:7401", 16), TWINLOG_BAD_FIELD);
	memset(text, 'a', sizeof text);
	memcpy(text, "tcp://", 6);
	memcpy(text + 6 + 253, ":7401", 5);
	assert_int_equal(card_check_address(text, 6 + 253 + 5), TWINLOG_OK);
	memset(text + 6, 'a', 254);
	memcpy(text + 6 + 254, ":7401", 5);
	assert_int_equal(card_check_address(text, 6 + 254 + 5), TWINLOG_BAD_FIELD);
}

static void empty_submessages_do_not_take_memory(void **state)
{
	struct draft *draft = *state;
	uint8_t bytes[TWINLOG_CARD_MAX - 100];
	struct card *card;

	for (size_t i = 0; i + 1 < sizeof bytes; i += 2)
		memcpy(bytes + i, "\x3a", 2); /* an empty name */
	assert_int_not_equal(open_signed(bytes, sizeof bytes, draft->keys, &card), TWINLOG_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

static int begin(void **state)
{
	(void)state;
	return (int)seal_init();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    TEST(sealed_opens),
	    TEST(any_changed_byte_is_refused),
	    TEST(only_the_strict_encoding_opens),
	    TEST(later_keys_need_the_grant),
	    TEST(another_signer_is_refused),
	    TEST(limits_hold_at_both_ends),
	    TEST(names_fit_for_a_terminal),
	    TEST(keys_have_their_size),
	    TEST(a_key_to_come_is_another_one),
	    TEST(addresses_can_be_dialled_and_nothing_else),
	    TEST(empty_submessages_do_not_take_memory),
	};
	return cmocka_run_group_tests(tests, begin, NULL);
}
