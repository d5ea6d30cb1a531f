/* More acts than a link has room for: they come in several answers, each asked for. PROTOCOL, "Sync". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "answers.h"
#include "town.h"

/* Acts of the first that its node holds and nobody else: each builds on the founding act and the 31 before it, or, side
 * by side, all on the same. */
static void acts_hold(struct duo *duo, unsigned at, const struct hash *space, unsigned from, unsigned to, bool aside)
{
	struct hash window[TWINLOG_PARENTS_MAX] = {*space};
	ProtobufCBinaryData parents[TWINLOG_PARENTS_MAX];
	size_t count = 1;
	for (unsigned i = 0; i < to; i++) {
		struct hash sorted[TWINLOG_PARENTS_MAX];
		Twinlog__Act message = TWINLOG__ACT__INIT;
		struct act *act;
		uint8_t *bytes;
		size_t size;
		memcpy(sorted, window, count * sizeof *sorted);
		message.n_parents = hash_sort(sorted, count);
		for (size_t p = 0; p < message.n_parents; p++)
			parents[p] = codec_hash(&sorted[p]);
		message.kind = TWINLOG__ACT_KIND__ACT_ACCEPT;
		message.space = codec_hash(space);
		message.signer = codec_hash(&duo->cities[0].identity);
		message.parents = parents;
		message.number = aside && i >= TWINLOG_PARENTS_MAX ? TWINLOG_PARENTS_MAX + 1 : i + 2;
		message.clock_ms = i + 1;
		assert_int_equal(act_seal(&message, duo->cities[0].keys, &bytes, &size), TWINLOG_OK);
		assert_int_equal(act_open(bytes, size, &act), TWINLOG_OK);
		if (!aside || i + 1 < TWINLOG_PARENTS_MAX) {
			window[i % (TWINLOG_PARENTS_MAX - 1) + 1] = act->id;
			count = i + 2 < TWINLOG_PARENTS_MAX ? i + 2 : TWINLOG_PARENTS_MAX;
		}
		act_free(act);
		if (i >= from)
			assert_int_equal(node_load_act(duo->cities[at].node, 1000000 + i, bytes, size), TWINLOG_OK);
		free(bytes);
	}
	assert_int_equal(node_loaded(duo->cities[at].node), TWINLOG_OK);
}

#define ACTS 4000u

static void acts_in_several_answers(void **state)
{
	struct duo duo;
	struct hash space;
	struct seen seen;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	duo_unlink(&duo);
	acts_hold(&duo, 0, &space, 0, ACTS, false);
	watch_begin(&duo, &seen, &space);
	duo_link(&duo);
	duo_time(&duo, 200);
	assert_true(duo_alike(&duo));
	assert_true(seen.greatest_answer > TWINLOG_PARTS_BYTES - 2048);
	assert_true(seen.greatest_answer <= TWINLOG_PARTS_BYTES);
	assert_true(seen.wants_after >= 2 && seen.wants_after <= 4);
	duo_end(&duo);
}

/* Of very many heads few can be named: what is here already fills whole answers, and the rest comes all the same. */
static void acts_behind_those_that_are_here(void **state)
{
	struct duo duo;
	struct hash space;
	struct seen seen;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	duo_unlink(&duo);
	acts_hold(&duo, 0, &space, 0, ACTS + 50, true);
	acts_hold(&duo, 1, &space, 0, ACTS, true);
	watch_begin(&duo, &seen, &space);
	duo_link(&duo);
	duo_time(&duo, 200);
	assert_true(seen.wants_after >= 2);
	assert_true(duo_alike(&duo));
	duo_end(&duo);
}

static void befriend(struct duo *duo, const struct town *town)
{
	Twinlog__CityCard card = TWINLOG__CITY_CARD__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__PeerAdd add = TWINLOG__PEER_ADD__INIT;
	uint8_t *bytes;
	size_t size;
	card.founding_key = card.city_key = codec_bytes(town->founding_key.bytes, 32);
	card.recovery_key = codec_bytes(town->recovery_key.bytes, 32);
	card.transport_key = codec_bytes(seal_keys_transport_public(town->keys), 32);
	card.city_id = codec_string(town->city_id);
	card.serial = 1;
	assert_int_equal(card_seal(&card, town->keys, &bytes, &size), TWINLOG_OK);
	add.signed_card = codec_bytes(bytes, size);
	request.body_case = TWINLOG__REQUEST__BODY_PEER_ADD;
	request.peer_add = &add;
	duo_request(duo, 0, &request);
	free(bytes);
}

/* What names a newcomer comes last, after more than one answer holds. */
static void acts_for_a_newcomer(void **state)
{
	struct duo duo;
	struct hash space;
	struct town third;
	struct seen seen;
	(void)state;
	duo_init(&duo);
	town_init(&third, 2, "CN:xiamen");
	befriend(&duo, &third);
	assert_true(duo_offer_to(&duo, &third.identity, TWINLOG__TEMPLATE__TEMPLATE_NETWORK, &space));
	acts_hold(&duo, 0, &space, 0, ACTS, false);
	watch_begin(&duo, &seen, &space);
	duo_change(&duo, 0, &space, TWINLOG__ACT_KIND__ACT_ADD, NULL);
	duo_time(&duo, TWINLOG_DIGEST_INTERVAL_MS);
	assert_true(duo_alike(&duo));
	assert_true(seen.greatest_answer <= TWINLOG_PARTS_BYTES);
	assert_true(seen.wants_after >= 2);
	seal_keys_free(third.keys);
	duo_end(&duo);
}

static void acts_for_one_that_was_removed(void **state)
{
	struct duo duo;
	struct hash space;
	struct seen seen;
	(void)state;
	duo_init(&duo);
	assert_true(duo_offer(&duo, TWINLOG__TEMPLATE__TEMPLATE_NETWORK, &space));
	assert_true(duo_accept(&duo, &space));
	duo_unlink(&duo);
	acts_hold(&duo, 0, &space, 0, ACTS, false);
	duo_change(&duo, 0, &space, TWINLOG__ACT_KIND__ACT_REMOVE, NULL);
	watch_begin(&duo, &seen, &space);
	duo_link(&duo);
	duo_time(&duo, 200);
	assert_true(duo_alike(&duo));
	assert_int_equal(acts_member(space_acts(space_at(&duo, 1, &space)), &duo.cities[1].identity)->standing,
			 STANDING_REMOVED);
	assert_true(seen.more >= 2);
	duo_end(&duo);
}

static void acts_say(struct duo *duo, const struct hash *space, ProtobufCBinaryData *acts, size_t count,
		     uint32_t stream, bool more)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Acts body = TWINLOG__ACTS__INIT;
	uint8_t *bytes;
	size_t size;
	body.space = codec_hash(space);
	body.acts = acts;
	body.n_acts = count;
	body.stream = stream;
	body.last = true;
	body.more = more;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_ACTS;
	message.acts = &body;
	assert_int_equal(codec_pack(&message.base, &bytes, &size), TWINLOG_OK);
	duo_message(duo, 0, bytes, size);
	free(bytes);
}

static void count_wants(struct duo *duo, unsigned at, const Twinlog__PeerMessage *message)
{
	struct seen *seen = duo->watching;
	if (at == 1 && message->body_case == TWINLOG__PEER_MESSAGE__BODY_WANT) {
		seen->wants = message->want->stream;
		seen->wants_after += message->want->after.len > 0;
	}
}

/* It is believed no longer than one that brings nothing, and no longer than all acts of a space would take. */
static void acts_without_end(void **state)
{
	for (unsigned slow = 0; slow < 2; slow++) {
		struct duo duo;
		struct hash space;
		struct seen seen = {0};
		ProtobufCBinaryData list[1000];
		size_t rounds = 0;
		(void)state;
		duo_init(&duo);
		assert_true(duo_found(&duo, &space));
		const struct act *founding = acts_at(space_acts(space_at(&duo, 0, &space)), 0);
		for (size_t i = 0; i < 1000; i++)
			list[i] = codec_bytes(founding->bytes, founding->size);
		duo.watch = count_wants;
		duo.watching = &seen;
		duo.cities[1].mute = true;
		acts_say(&duo, &space, list, 1000, 0, true);
		duo_run(&duo);
		assert_int_equal(seen.wants_after, 1);
		for (size_t before = 0; seen.wants_after > before && rounds < 1000; rounds++) {
			before = seen.wants_after;
			if (slow)
				duo_time(&duo, 1000);
			acts_say(&duo, &space, list, slow ? 1 : 1000, (uint32_t)seen.wants, true);
			duo_run(&duo);
		}
		if (slow)
			assert_true(rounds > 2 && rounds < 10);
		else
			assert_in_range(rounds, TWINLOG_SPACE_ACTS_MAX / 1000, TWINLOG_SPACE_ACTS_MAX / 1000 + 1);
		duo_end(&duo);
	}
}

/* What is refused of one does not keep out what others signed and came with it. */
static void one_refused_among_others(void **state)
{
	struct duo duo;
	struct hash space;
	ProtobufCBinaryData list[2], parent;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	const size_t before = acts_count(space_acts(space_at(&duo, 0, &space)));
	parent = codec_hash(&space);
	for (unsigned i = 0; i < 2; i++) {
		Twinlog__Act act = TWINLOG__ACT__INIT;
		act.kind = i == 0 ? TWINLOG__ACT_KIND__ACT_RENAME : TWINLOG__ACT_KIND__ACT_ACCEPT;
		act.space = codec_hash(&space);
		act.signer = codec_hash(&duo.cities[1].identity);
		act.parents = &parent;
		act.n_parents = 1;
		act.number = 2;
		act.title = i == 0 ? codec_string("Mine") : act.title;
		act.clock_ms = 99;
		assert_int_equal(act_seal(&act, duo.cities[1].keys, &list[i].data, &list[i].len), TWINLOG_OK);
	}
	acts_say(&duo, &space, list, 2, 0, false);
	assert_int_equal(acts_count(space_acts(space_at(&duo, 0, &space))), before + 1);
	assert_int_equal(node_peer(duo.cities[0].node, 0).refused, 1);
	free(list[0].data);
	free(list[1].data);
	duo_end(&duo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(acts_in_several_answers), cmocka_unit_test(acts_behind_those_that_are_here),
	    cmocka_unit_test(acts_for_a_newcomer),     cmocka_unit_test(acts_for_one_that_was_removed),
	    cmocka_unit_test(acts_without_end),        cmocka_unit_test(one_refused_among_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
