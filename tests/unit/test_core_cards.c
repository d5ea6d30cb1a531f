/* Partners' cards: whom a transport key belongs to, and when the own one to come is due. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "duo.h"

/* A city of its own for each number, with these transport keys; next NULL: none announced. */
static void card_make(unsigned number, const uint8_t transport[32], const uint8_t *next, uint64_t serial,
		      uint8_t **ret_bytes, size_t *ret_size)
{
	const uint8_t seed[SEAL_SEED_SIZE] = {(uint8_t)number}, recovery_seed[SEAL_SEED_SIZE] = {(uint8_t)number, 1};
	const struct seal_public recovery = seal_recovery_public(recovery_seed);
	Twinlog__CityCard card = TWINLOG__CITY_CARD__INIT;
	struct seal_keys *keys;
	assert_int_equal(seal_keys_new(seed, 0, &keys), TWINLOG_OK);
	card.founding_key = codec_bytes(seal_keys_public(keys)->bytes, 32);
	card.city_key = card.founding_key;
	card.recovery_key = codec_bytes(recovery.bytes, 32);
	card.transport_key = codec_bytes(transport ? transport : seal_keys_transport_public(keys), 32);
	if (next)
		card.next_transport_key = codec_bytes(next, 32);
	card.city_id = codec_string("KR:somewhere");
	card.serial = serial;
	assert_int_equal(card_seal(&card, keys, ret_bytes, ret_size), TWINLOG_OK);
	seal_keys_free(keys);
}

/* The first city is given that card by hand. */
static enum twinlog_error card_give(struct duo *duo, unsigned number, const uint8_t *transport, const uint8_t *next,
				    uint64_t serial)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__PeerAdd add = TWINLOG__PEER_ADD__INIT;
	struct arena *arena = arena_new(65536);
	enum twinlog_error error = TWINLOG_OK;
	uint8_t *bytes;
	size_t size;
	assert_non_null(arena);
	card_make(number, transport, next, serial, &bytes, &size);
	add.signed_card = codec_bytes(bytes, size);
	request.body_case = TWINLOG__REQUEST__BODY_PEER_ADD;
	request.peer_add = &add;
	duo_request(duo, 0, &request);
	const Twinlog__Reply *reply = duo_reply(duo, 0, arena);
	assert_non_null(reply);
	if (reply->fault)
		error = (enum twinlog_error)reply->fault->code;
	arena_free(arena);
	free(bytes);
	return error;
}

static void a_key_has_one_owner(void **state)
{
	const uint8_t third[32] = {3}, to_come[32] = {4};
	struct duo duo;
	(void)state;
	duo_init(&duo);
	const uint8_t *own = seal_keys_transport_public(duo.cities[0].keys);
	const uint8_t *second = seal_keys_transport_public(duo.cities[1].keys);
	assert_int_equal(card_give(&duo, 10, third, NULL, 1), TWINLOG_OK);
	/* Nobody announces what is another's, in use or announced; nor this city's own. */
	assert_int_equal(card_give(&duo, 11, NULL, third, 1), TWINLOG_IN_USE);
	assert_int_equal(card_give(&duo, 11, NULL, second, 1), TWINLOG_IN_USE);
	assert_int_equal(card_give(&duo, 11, NULL, own, 1), TWINLOG_IN_USE);
	assert_int_equal(card_give(&duo, 11, own, NULL, 1), TWINLOG_IN_USE);
	assert_int_equal(card_give(&duo, 11, NULL, to_come, 1), TWINLOG_OK);
	assert_int_equal(card_give(&duo, 12, NULL, to_come, 1), TWINLOG_IN_USE);
	/* Whoever announces a key need not have it: who has it in use is let in. */
	assert_int_equal(card_give(&duo, 13, to_come, NULL, 1), TWINLOG_OK);
	assert_int_equal(card_give(&duo, 11, NULL, to_come, 2), TWINLOG_IN_USE);
	/* One's own is taken into use by a newer card. */
	assert_int_equal(card_give(&duo, 10, third, (const uint8_t[32]){5}, 2), TWINLOG_OK);
	assert_int_equal(card_give(&duo, 10, (const uint8_t[32]){5}, NULL, 3), TWINLOG_OK);
	assert_int_equal(node_peers(duo.cities[0].node), 4);
	duo_end(&duo);
}

static void due_when_all_have_the_card(void **state)
{
	const uint8_t next[32] = {9};
	struct duo duo;
	uint8_t *bytes;
	size_t size;
	(void)state;
	duo_init(&duo);
	duo_time(&duo, 200);
	assert_false(node_transport_due(duo.cities[0].node));
	card_make(1, seal_keys_transport_public(duo.cities[0].keys), next, 2, &bytes, &size);
	struct event event = {.type = EVENT_OWN_CARD, .own_card = {bytes, size}};
	duo_step(&duo, 0, &event);
	assert_false(node_transport_due(duo.cities[0].node));
	/* A new link, a new greeting; the first word after it tells. */
	for (unsigned at = 0; at < 2; at++) {
		struct event down = {.type = EVENT_LINK_DOWN, .link_down = {1, NULL}};
		duo_step(&duo, at, &down);
	}
	duo_link(&duo);
	struct hash space;
	assert_true(duo_found(&duo, &space));
	assert_true(node_transport_due(duo.cities[0].node));
	assert_memory_equal(node_peer(duo.cities[1].node, 0).next_transport, next, 32);
	/* Somebody else who lacks it is waited for, until removed. */
	assert_int_equal(card_give(&duo, 10, NULL, NULL, 1), TWINLOG_OK);
	assert_false(node_transport_due(duo.cities[0].node));
	free(bytes);
	duo_end(&duo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(a_key_has_one_owner),
					   cmocka_unit_test(due_when_all_have_the_card)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
