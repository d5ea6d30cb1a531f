#include "card.h"

#include <stdlib.h>

#include "text.h"
#include "validate.h"

#define CARD_MEMORY_MAX (1024u * 1024) /* to decode one card */
#define HOST_MAX        253u           /* RFC 1035, section 2.3.4 */

/* ---- Forms ---- */

static bool is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool port_valid(const uint8_t *text, size_t size)
{
	uint32_t port = 0;

	if (size == 0 || size > 5 || text[0] == '0')
		return false;
	for (size_t i = 0; i < size; i++) {
		if (!is_digit(text[i]))
			return false;
		port = 10 * port + (text[i] - '0');
	}
	return port <= 65535;
}

static bool host_valid(const uint8_t *text, size_t size)
{
	bool six = size > 2 && text[0] == '[' && text[size - 1] == ']';

	if (size == 0 || size > HOST_MAX || text[0] == '-' || text[0] == '.')
		return false;
	if (six)
		text++, size -= 2;
	for (size_t i = 0; i < size; i++) {
		uint8_t c = text[i];
		bool hex = is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');

		if (six ? !(hex || c == ':' || c == '.') : !(is_digit(c) || is_letter(c) || strchr("-._", c)))
			return false;
	}
	return true;
}

enum twinlog_error card_check_address(const void *text, size_t size)
{
	const uint8_t *bytes = text;
	size_t colon = size;

	if (size < 6 || memcmp(bytes, "tcp://", 6) != 0 || memchr(bytes, '\0', size))
		return TWINLOG_BAD_FIELD;
	while (colon > 6 && bytes[colon - 1] != ':')
		colon--;
	if (colon == 6 || !host_valid(bytes + 6, colon - 1 - 6) || !port_valid(bytes + colon, size - colon))
		return TWINLOG_BAD_FIELD;
	return TWINLOG_OK;
}

static enum twinlog_error check_lang(ProtobufCBinaryData lang)
{
	if (lang.len == 0 || lang.len > TWINLOG_LANG_MAX || !is_letter(lang.data[0]))
		return TWINLOG_BAD_LANG;
	for (size_t i = 0; i < lang.len; i++)
		if (!is_letter(lang.data[i]) && !is_digit(lang.data[i]) && lang.data[i] != '-')
			return TWINLOG_BAD_LANG;
	return TWINLOG_OK;
}

/* Names are shown on terminals, where control characters (C0, DEL, C1) are commands. Tables of assigned characters are
 * not asked: a card must not be refused because its reader's tables are older. */
enum twinlog_error card_check_name(const Twinlog__CityName *name)
{
	const uint8_t *text = name->text.data;
	size_t size = name->text.len;

	if (size > TWINLOG_NAME_MAX)
		return TWINLOG_TOO_LONG;
	if (size == 0)
		return TWINLOG_FIELD_MISSING;
	if (!text_is_utf8(text, size))
		return TWINLOG_BAD_UTF8;
	for (size_t i = 0; i < size; i++)
		if (text[i] < 0x20 || text[i] == 0x7f || (text[i] == 0xc2 && text[i + 1] < 0xa0))
			return TWINLOG_BAD_TEXT;
	return check_lang(name->lang);
}

static enum twinlog_error check_lists(const Twinlog__CityCard *message)
{
	enum twinlog_error error;

	if (message->n_names > TWINLOG_LIST_MAX || message->n_addresses > TWINLOG_ADDRESSES_MAX)
		return TWINLOG_TOO_MANY;
	for (size_t i = 0; i < message->n_names; i++) {
		error = card_check_name(message->names[i]);
		if (error)
			return error;
	}
	for (size_t i = 0; i < message->n_addresses; i++) {
		error = card_check_address(message->addresses[i].data, message->addresses[i].len);
		if (error)
			return error;
	}
	return TWINLOG_OK;
}

/* ---- Keys ---- */

static enum twinlog_error get_key(ProtobufCBinaryData field, void *ret_key)
{
	if (field.len != 32)
		return TWINLOG_MALFORMED;
	memcpy(ret_key, field.data, 32);
	return TWINLOG_OK;
}

#define GRANT_MAX 96u

static size_t grant_bytes(const struct hash *identity, const void *city_key, const void *second_key,
			  uint8_t out[GRANT_MAX])
{
	memcpy(out, identity->bytes, 32);
	memcpy(out + 32, city_key, 32);
	if (!second_key)
		return 64;
	memcpy(out + 64, second_key, 32);
	return 96;
}

void card_grant(const uint8_t recovery_seed[SEAL_SEED_SIZE], const struct hash *identity,
		const struct seal_public *city_key, const struct seal_public *second_key,
		uint8_t signature[SEAL_SIGNATURE_SIZE])
{
	uint8_t bytes[GRANT_MAX];
	const size_t size = grant_bytes(identity, city_key->bytes, second_key ? second_key->bytes : NULL, bytes);

	seal_recovery_sign(recovery_seed, "grant", bytes, size, signature);
}

/* The founding key needs no grant and, since there is one encoding of everything, has none. */
enum twinlog_error card_check_grant(const struct hash *identity, const struct seal_public *founding,
				    const struct seal_public *recovery, const struct card_granted *granted)
{
	uint8_t bytes[GRANT_MAX];

	if (granted->city_key.len != 32 || (granted->second_key.len != 0 && granted->second_key.len != 32))
		return TWINLOG_MALFORMED;
	if (memcmp(granted->city_key.data, founding->bytes, sizeof founding->bytes) == 0)
		return granted->grant.len == 0 && granted->second_key.len == 0 ? TWINLOG_OK : TWINLOG_NOT_STRICT;
	const size_t size = grant_bytes(identity, granted->city_key.data,
					granted->second_key.len ? granted->second_key.data : NULL, bytes);
	return seal_verify(recovery, "grant", bytes, size, granted->grant.data, granted->grant.len);
}

/* A second way to say that there is none to come is refused, as everything that has two encodings. */
static enum twinlog_error get_next_transport(struct card *card, ProtobufCBinaryData field)
{
	card->next_transport = field.len > 0 ? field.data : NULL;
	if (field.len != 0 && field.len != 32)
		return TWINLOG_MALFORMED;
	return field.len > 0 && memcmp(field.data, card->transport_key, 32) == 0 ? TWINLOG_NOT_STRICT : TWINLOG_OK;
}

/* Everything but the card's own signature. */
static enum twinlog_error card_read(struct card *card, const Twinlog__CityCard *message)
{
	enum twinlog_error error;

	error = get_key(message->founding_key, &card->founding_key);
	if (!error)
		error = get_key(message->recovery_key, &card->recovery_key);
	if (!error)
		error = get_key(message->city_key, &card->city_key);
	if (!error)
		error = get_key(message->transport_key, card->transport_key);
	if (!error)
		error = get_next_transport(card, message->next_transport_key);
	if (!error)
		error = validate_city_id(message->city_id.data, message->city_id.len);
	if (!error)
		error = check_lists(message);
	if (error)
		return error;
	memcpy(card->city_id, message->city_id.data, message->city_id.len);
	card->city_id[message->city_id.len] = '\0';
	card->serial = message->serial;
	card->message = message;
	card->identity = seal_identity(&card->founding_key, &card->recovery_key);
	return card_check_grant(&card->identity, &card->founding_key, &card->recovery_key,
				&(struct card_granted){message->city_key, message->key_grant, message->second_key});
}

static enum twinlog_error card_fill(struct card *card, struct arena *arena, const void *bytes, size_t size)
{
	Twinlog__SignedCard *outer;
	Twinlog__CityCard *message;
	enum twinlog_error error;

	card->arena = arena;
	card->bytes = arena_copy(arena, bytes, size);
	card->size = size;
	if (!card->bytes)
		return TWINLOG_NO_MEMORY;
	error = CODEC_UNPACK_STRICT(arena, bytes, size, &outer, twinlog__signed_card);
	if (error)
		return error;
	error = CODEC_UNPACK_STRICT(arena, outer->card.data, outer->card.len, &message, twinlog__city_card);
	if (!error)
		error = card_read(card, message);
	if (error)
		return error;
	return seal_verify(&card->city_key, "card", outer->card.data, outer->card.len, outer->signature.data,
			   outer->signature.len);
}

enum twinlog_error card_open(const void *bytes, size_t size, struct card **ret_card)
{
	enum twinlog_error error;
	struct arena *arena;
	struct card *card;

	if (size > TWINLOG_CARD_MAX)
		return TWINLOG_TOO_LARGE;
	arena = arena_new(CARD_MEMORY_MAX);
	if (!arena)
		return TWINLOG_NO_MEMORY;
	card = arena_zalloc(arena, sizeof *card);
	error = card ? card_fill(card, arena, bytes, size) : TWINLOG_NO_MEMORY;
	if (error)
		arena_free(arena);
	else
		*ret_card = card;
	return error;
}

void card_free(struct card *card)
{
	if (card)
		arena_free(card->arena);
}

bool card_has_transport(const struct card *card, const uint8_t key[32])
{
	return memcmp(card->transport_key, key, 32) == 0 ||
	       (card->next_transport && memcmp(card->next_transport, key, 32) == 0);
}

enum twinlog_error card_seal(const Twinlog__CityCard *message, const struct seal_keys *keys, uint8_t **ret_bytes,
			     size_t *ret_size)
{
	uint8_t signature[SEAL_SIGNATURE_SIZE], *inner, *bytes;
	Twinlog__SignedCard outer = TWINLOG__SIGNED_CARD__INIT;
	enum twinlog_error error;
	struct card card;
	size_t size;

	error = card_read(&card, message);
	if (error)
		return error;
	if (memcmp(&card.city_key, seal_keys_public(keys), sizeof card.city_key) != 0)
		return TWINLOG_BAD_SIGNATURE;
	error = codec_pack(&message->base, &inner, &size);
	if (error)
		return error;
	if (size > TWINLOG_CARD_MAX) {
		free(inner);
		return TWINLOG_TOO_LARGE;
	}
	seal_sign(keys, "card", inner, size, signature);
	outer.card = codec_bytes(inner, size);
	outer.signature = codec_bytes(signature, sizeof signature);
	error = codec_pack(&outer.base, &bytes, &size);
	free(inner);
	if (error)
		return error;
	if (size > TWINLOG_CARD_MAX) {
		free(bytes);
		return TWINLOG_TOO_LARGE;
	}
	*ret_bytes = bytes;
	*ret_size = size;
	return TWINLOG_OK;
}
