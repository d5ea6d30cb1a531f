/* What one may do to a space whose acts do not name it: nothing, and it learns nothing. PROTOCOL, "Who is sent what".
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "carry.pb-c.h"
#include "duo.h"
#include "told.h"
#include "town.h"

static const char *const ids[] = {"CN:lianyungang", "KR:mokpo", "CN:xiamen", "KR:busan"};

#define TOWNS (sizeof ids / sizeof *ids)

/* The first two have the keys of the cities of a duo. */
static void towns_init(struct town towns[TOWNS])
{
	for (unsigned i = 0; i < TOWNS; i++)
		town_init(&towns[i], i, ids[i]);
}

static void towns_free(struct town towns[TOWNS])
{
	for (unsigned i = 0; i < TOWNS; i++)
		seal_keys_free(towns[i].keys);
}

static void say_digest(struct duo *duo, const struct hash *space)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Digest digest = TWINLOG__DIGEST__INIT;
	const struct hash acts = draw(1);

	digest.space = codec_hash(space);
	digest.acts = codec_hash(&acts);
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_DIGEST;
	message.digest = &digest;
	say(duo, &message);
}

static void say_act(struct duo *duo, const struct hash *space, const struct act *act, bool last)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Acts acts = TWINLOG__ACTS__INIT;
	ProtobufCBinaryData bytes = codec_bytes(act->bytes, act->size);

	acts.space = codec_hash(space);
	acts.acts = &bytes;
	acts.n_acts = 1;
	acts.stream = 1;
	acts.last = last;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_ACTS;
	message.acts = &acts;
	say(duo, &message);
}

static const struct space *space_of(const struct duo *duo, const struct hash *id)
{
	return node_space_find(duo->cities[0].node, id);
}

/* The first takes in the card of a third city, with which it has no line. */
static void befriend(struct duo *duo, const struct town *third)
{
	Twinlog__CityCard card = TWINLOG__CITY_CARD__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__PeerAdd add = TWINLOG__PEER_ADD__INIT;
	uint8_t *bytes;
	size_t size;

	card.founding_key = codec_bytes(third->founding_key.bytes, 32);
	card.city_key = codec_bytes(third->founding_key.bytes, 32);
	card.recovery_key = codec_bytes(third->recovery_key.bytes, 32);
	card.transport_key = codec_bytes(seal_keys_transport_public(third->keys), 32);
	card.city_id = codec_string(third->city_id);
	card.serial = 1;
	assert_int_equal(card_seal(&card, third->keys, &bytes, &size), TWINLOG_OK);
	add.signed_card = codec_bytes(bytes, size);
	request.body_case = TWINLOG__REQUEST__BODY_PEER_ADD;
	request.peer_add = &add;
	duo_request(duo, 0, &request);
	free(bytes);
}

/* A space of the first and the third, of which the second is no member. */
static void found_without_second(struct duo *duo, struct town *third, struct hash *ret_space)
{
	befriend(duo, third);
	assert_true(duo_offer_to(duo, &third->identity, TWINLOG__TEMPLATE__TEMPLATE_NETWORK, ret_space));
	assert_int_equal(node_spaces(duo->cities[0].node), 1);
}

/* The founder and one more found a space. */
static void found(struct county *county, struct town *founder, struct town *other, uint8_t nonce)
{
	Twinlog__Act act = TWINLOG__ACT__INIT;
	Twinlog__Member members[2], *list[] = {&members[0], &members[1]};
	struct town *towns[] = {founder, other};
	const ProtobufCBinaryData steward = codec_hash(&founder->identity);
	uint8_t nonces[16] = {nonce};

	memset(county, 0, sizeof *county);
	for (unsigned i = 0; i < 2; i++) {
		twinlog__member__init(&members[i]);
		members[i].founding_key = codec_bytes(towns[i]->founding_key.bytes, 32);
		members[i].recovery_key = codec_bytes(towns[i]->recovery_key.bytes, 32);
		members[i].city_id = codec_string(towns[i]->city_id);
	}
	act.kind = TWINLOG__ACT_KIND__ACT_FOUND;
	act.nonce = codec_bytes(nonces, sizeof nonces);
	act.template_ = TWINLOG__TEMPLATE__TEMPLATE_NETWORK;
	act.title = codec_string("Without the first");
	act.n_members = 2;
	act.members = list;
	act.n_stewards = 1;
	act.stewards = (ProtobufCBinaryData *)(uintptr_t)&steward;
	county_act(county, founder, &act);
}

static void add(struct county *county, const struct town *steward, struct town *town)
{
	Twinlog__Act act = TWINLOG__ACT__INIT;
	Twinlog__Member member = TWINLOG__MEMBER__INIT, *list[] = {&member};

	member.founding_key = codec_bytes(town->founding_key.bytes, 32);
	member.recovery_key = codec_bytes(town->recovery_key.bytes, 32);
	member.city_id = codec_string(town->city_id);
	act.kind = TWINLOG__ACT_KIND__ACT_ADD;
	act.space = codec_hash(&county->space);
	act.n_members = 1;
	act.members = list;
	county_act(county, steward, &act);
}

/* A courier file of the third to the first, of one act. */
static void hand_over(struct duo *duo, const struct town *third, const struct act *act)
{
	Twinlog__CarriedHead head = TWINLOG__CARRIED_HEAD__INIT;
	Twinlog__SignedCarriedHead outer = TWINLOG__SIGNED_CARRIED_HEAD__INIT;
	Twinlog__CarriedPart part = TWINLOG__CARRIED_PART__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__CarryPut put = TWINLOG__CARRY_PUT__INIT;
	uint8_t *inner, *packed_head, *packed_part, signature[SEAL_SIGNATURE_SIZE];
	size_t size;

	head.magic = codec_string("twinlog");
	head.version = 1;
	head.kind = TWINLOG__CARRIED_KIND__CARRIED_COURIER;
	head.from = codec_hash(&third->identity);
	head.to = codec_hash(&duo->cities[0].identity);
	assert_int_equal(codec_pack(&head.base, &inner, &size), TWINLOG_OK);
	seal_sign(third->keys, "carry", inner, size, signature);
	outer.head = codec_bytes(inner, size);
	outer.signature = codec_bytes(signature, sizeof signature);
	assert_int_equal(codec_pack(&outer.base, &packed_head, &size), TWINLOG_OK);
	put.head = codec_bytes(packed_head, size);
	part.body_case = TWINLOG__CARRIED_PART__BODY_ACT;
	part.act = codec_bytes(act->bytes, act->size);
	assert_int_equal(codec_pack(&part.base, &packed_part, &size), TWINLOG_OK);
	put.parts = &(ProtobufCBinaryData){.data = packed_part, .len = size};
	put.n_parts = 1;
	request.body_case = TWINLOG__REQUEST__BODY_CARRY_PUT;
	request.carry_put = &put;
	duo_request(duo, 0, &request);
	free(inner);
	free(packed_head);
	free(packed_part);
}

/* It is asked as by a city that never heard of the space, so it cannot tell whether that is held there. */
static void a_stranger_learns_nothing(void **state)
{
	for (unsigned held = 0; held < 2; held++) {
		struct duo duo;
		struct hash space = draw(4);
		struct town third;
		struct told heard;

		(void)state;
		duo_init(&duo);
		town_init(&third, 2, "CN:xiamen");
		if (held)
			found_without_second(&duo, &third, &space);
		(void)told(&duo);
		say_digest(&duo, &space);
		heard = told(&duo);
		assert_int_equal(heard.messages, 1);
		assert_int_equal(heard.wants_acts, 1);
		assert_int_equal(heard.have, 0);
		say_heads(&duo, &space, true, &nowhere);
		assert_int_equal(told(&duo).messages, 0); /* asked already */
		heard = later(&duo, TWINLOG_WANT_TIMEOUT_MS + 1);
		assert_int_equal(heard.wants_acts + heard.wants_bundles, 0);
		(void)later(&duo, TWINLOG_AVOID_MS);
		say_heads(&duo, &space, true, &nowhere);
		heard = told(&duo);
		assert_int_equal(heard.messages, 1);
		assert_int_equal(heard.have, 0);
		seal_keys_free(third.keys);
		duo_end(&duo);
	}
}

/* One that was removed is asked, since it may know more, and hears of nothing that came after. */
static void one_removed_learns_nothing(void **state)
{
	struct duo duo;
	struct hash space;
	struct told heard;

	(void)state;
	duo_init(&duo);
	assert_true(duo_offer(&duo, TWINLOG__TEMPLATE__TEMPLATE_NETWORK, &space));
	assert_true(duo_accept(&duo, &space));
	duo_change(&duo, 0, &space, TWINLOG__ACT_KIND__ACT_REMOVE, NULL);
	duo_change(&duo, 0, &space, TWINLOG__ACT_KIND__ACT_LEAVE, NULL); /* more that it may not know */
	(void)told(&duo);
	say_digest(&duo, &space);
	heard = told(&duo);
	assert_int_equal(heard.wants_acts, 1);
	assert_true(heard.have > 0);
	for (size_t i = 0; i < heard.have; i++)
		assert_true(acts_heads_may_be_told(space_acts(space_of(&duo, &space)), &duo.cities[1].identity,
						   &heard.ids[i], 1));
	duo_end(&duo);
}

/* Acts of another space under this one's name, and those of a space in which the first is not named. */
static void a_stranger_changes_nothing(void **state)
{
	struct town towns[TOWNS];
	struct county county;
	struct duo duo;
	struct hash space, before, after, bundles;

	(void)state;
	duo_init(&duo);
	towns_init(towns);
	found_without_second(&duo, &towns[2], &space);
	space_digest(space_of(&duo, &space), &before, &bundles);
	found(&county, &towns[1], &towns[3], 1);
	say_act(&duo, &space, acts_at(county.acts, 0), true);
	assert_int_equal(node_peer(duo.cities[0].node, 0).refused, 1);
	say_act(&duo, &county.space, acts_at(county.acts, 0), true);
	assert_int_equal(node_peer(duo.cities[0].node, 0).refused, 2);
	duo_run(&duo);
	assert_int_equal(node_spaces(duo.cities[0].node), 1);
	space_digest(space_of(&duo, &space), &after, &bundles);
	assert_true(hash_equal(&before, &after));
	towns_free(towns);
	county_free(&county);
	duo_end(&duo);
}

/* Spaces without end by a third do not drive out what the second has begun to bring. */
static void one_that_brings_many_makes_room_among_its_own(void **state)
{
	struct town towns[TOWNS];
	struct county county;
	struct duo duo;

	(void)state;
	duo_init(&duo);
	towns_init(towns);
	befriend(&duo, &towns[2]);
	found(&county, &towns[1], &towns[3], 1);
	add(&county, &towns[1], &towns[0]);
	say_act(&duo, &county.space, acts_at(county.acts, 0), false);
	for (unsigned i = 0; i < 3 * TWINLOG_OFFERS_MAX; i++) {
		struct county other;

		found(&other, &towns[2], &towns[3], (uint8_t)(i + 2));
		hand_over(&duo, &towns[2], acts_at(other.acts, 0));
		county_free(&other);
	}
	assert_int_equal(node_spaces(duo.cities[0].node), 0);
	say_act(&duo, &county.space, acts_at(county.acts, 1), true);
	assert_int_equal(node_spaces(duo.cities[0].node), 1);
	duo_run(&duo);
	assert_int_equal(duo.failed, TWINLOG_OK);
	towns_free(towns);
	county_free(&county);
	duo_end(&duo);
}

/* A partner that founds spaces without end does not fill the table. */
static void invitations_without_end(void **state)
{
	struct town towns[TOWNS];
	struct duo duo;

	(void)state;
	duo_init(&duo);
	towns_init(towns);
	befriend(&duo, &towns[2]);
	for (unsigned i = 0; i < TWINLOG_UNANSWERED_MAX + 10; i++) {
		struct county county;

		found(&county, &towns[2], &towns[0], (uint8_t)(i + 1));
		hand_over(&duo, &towns[2], acts_at(county.acts, 0));
		county_free(&county);
	}
	assert_int_equal(node_spaces(duo.cities[0].node), TWINLOG_UNANSWERED_MAX);
	assert_int_equal(duo.failed, TWINLOG_OK);
	towns_free(towns);
	duo_end(&duo);
}

/* A change of key of the second, as long as one may be: numbered so that each is another. */
static struct act *long_act(const struct county *county, const struct town *town, unsigned number)
{
	static struct hash named[TWINLOG_CUTOFF_NAMED_MAX];
	static ProtobufCBinaryData fields[TWINLOG_CUTOFF_NAMED_MAX];
	const struct act *founding = acts_at(county->acts, 0);
	ProtobufCBinaryData parent = codec_hash(&founding->id);
	Twinlog__Act message = TWINLOG__ACT__INIT;
	Twinlog__Cutoff counts = TWINLOG__CUTOFF__INIT;
	uint8_t seed[SEAL_SEED_SIZE] = {(uint8_t)number, 99}, *bytes;
	const struct seal_public key = seal_recovery_public(seed);
	struct act *act;
	size_t size;

	for (unsigned i = 0; i < TWINLOG_CUTOFF_NAMED_MAX; i++) {
		named[i].bytes[0] = (uint8_t)(i >> 8);
		named[i].bytes[1] = (uint8_t)i;
		fields[i] = codec_hash(&named[i]);
	}
	counts.acts = fields;
	counts.n_acts = TWINLOG_CUTOFF_NAMED_MAX;
	message.kind = TWINLOG__ACT_KIND__ACT_CHANGE_KEY;
	message.space = codec_hash(&county->space);
	message.signer = codec_hash(&town->identity);
	message.parents = &parent;
	message.n_parents = 1;
	message.number = 2;
	message.new_key = codec_bytes(key.bytes, sizeof key.bytes);
	message.counts = &counts;
	town_seed(seed, 1, 1);
	assert_int_equal(act_seal_change(&message, seed, &bytes, &size), TWINLOG_OK);
	assert_int_equal(act_open(bytes, size, &act), TWINLOG_OK);
	free(bytes);
	return act;
}

/* What names nobody here is kept up to a size, of all spaces together. */
static void acts_without_end(void **state)
{
	struct county counties[2];
	struct town towns[TOWNS];
	struct duo duo;
	size_t bytes = 0;

	(void)state;
	duo_init(&duo);
	towns_init(towns);
	for (uint8_t i = 0; i < 2; i++) {
		found(&counties[i], &towns[1], &towns[3], i);
		say_act(&duo, &counties[i].space, acts_at(counties[i].acts, 0), false);
	}
	for (unsigned i = 0; bytes < TWINLOG_OFFER_BYTES_MAX; i++) {
		struct act *act = long_act(&counties[i % 2], &towns[1], i);

		bytes += act->size;
		say_act(&duo, &counties[i % 2].space, act, false);
		assert_int_equal(node_peer(duo.cities[0].node, 0).refused, bytes + 4096 > TWINLOG_OFFER_BYTES_MAX);
		act_free(act);
	}
	for (unsigned i = 0; i < 2; i++)
		county_free(&counties[i]);
	towns_free(towns);
	duo_end(&duo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_stranger_learns_nothing),
	    cmocka_unit_test(one_removed_learns_nothing),
	    cmocka_unit_test(a_stranger_changes_nothing),
	    cmocka_unit_test(one_that_brings_many_makes_room_among_its_own),
	    cmocka_unit_test(invitations_without_end),
	    cmocka_unit_test(acts_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
