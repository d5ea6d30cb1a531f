/* City cards: how a city says who it is and where it can be reached. A card proves itself: identity from the two
 * founding keys, the city key in use by the recovery key's grant, everything else by the city key's signature. Pure;
 * knows proto and seal. PROTOCOL, "Identity". */
#ifndef TWINLOG_CARD_H
#define TWINLOG_CARD_H

#include "codec.h"
#include "identity.pb-c.h"
#include "ids.h"
#include "seal.h"
#include "twinlog/limits.h"

struct card {
	struct hash identity; /* H("identity", founding key, recovery key) */
	struct seal_public founding_key;
	struct seal_public recovery_key;
	struct seal_public city_key;
	uint8_t transport_key[32];
	const uint8_t *next_transport; /* the one to come, 32 bytes in arena; NULL: none is announced */
	char city_id[TWINLOG_CITY_ID_MAX + 1];
	uint64_t serial;
	const Twinlog__CityCard *message; /* names and addresses; lives in arena */
	const uint8_t *bytes;             /* SignedCard, exact, in arena */
	size_t size;
	struct arena *arena;
};

/* Decodes strictly and checks everything: sizes, limits, forms, grant and signature. The bytes are copied.
 * TOO_LARGE, MALFORMED, NOT_STRICT, TOO_MANY, TOO_LONG, BAD_UTF8, BAD_TEXT, BAD_LANG, BAD_CITY_ID, BAD_FIELD (an
 * address), BAD_SIGNATURE; NO_MEMORY. *ret_card is the caller's, to free with card_free. */
enum twinlog_error card_open(const void *bytes, size_t size, struct card **ret_card) TWINLOG_MUST_CHECK;
void card_free(struct card *card); /* accepts NULL */
/* Whether that is its transport key, or the one to come. */
bool card_has_transport(const struct card *card, const uint8_t key[32]);

/* Signs with the city key, which the message must name; it is checked as card_open does. *ret_bytes (a SignedCard) is
 * malloc'd and the caller's. */
enum twinlog_error card_seal(const Twinlog__CityCard *message, const struct seal_keys *keys, uint8_t **ret_bytes,
			     size_t *ret_size) TWINLOG_MUST_CHECK;

/* The recovery key's word that this city key (with that second key; NULL: none) speaks for the identity: what key_grant
 * holds. */
void card_grant(const uint8_t recovery_seed[SEAL_SEED_SIZE], const struct hash *identity,
		const struct seal_public *city_key, const struct seal_public *second_key,
		uint8_t signature[SEAL_SIGNATURE_SIZE]);
struct card_granted {
	ProtobufCBinaryData city_key;
	ProtobufCBinaryData grant;
	ProtobufCBinaryData second_key; /* may be empty */
};
/* MALFORMED, NOT_STRICT (a grant for the founding key), BAD_SIGNATURE. */
enum twinlog_error card_check_grant(const struct hash *identity, const struct seal_public *founding,
				    const struct seal_public *recovery,
				    const struct card_granted *granted) TWINLOG_MUST_CHECK;

/* tcp://HOST:PORT; HOST is a name, an IPv4 address or an IPv6 address in brackets. BAD_FIELD otherwise: nothing else
 * that the transport would understand (a wildcard, a source address, a file) may come from a partner. */
enum twinlog_error card_check_address(const void *text, size_t size) TWINLOG_MUST_CHECK;

/* One name: text of 1 to TWINLOG_NAME_MAX bytes without control characters, lang a language tag. */
enum twinlog_error card_check_name(const Twinlog__CityName *name) TWINLOG_MUST_CHECK;

#endif
