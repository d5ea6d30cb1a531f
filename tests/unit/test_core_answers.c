/* More acts, or erasures, than a link has room for: they come in several answers, each asked for, and none is taken for
 * the end that is not. PROTOCOL, "Sync". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "duo.h"
#include "town.h"

#define MANY 20000u /* erasures: two answers and a part */

#define SMALL      100000u /* erasures from that number on are smaller by so much: */
#define SMALLER_BY 50u

/* What the second asks the first for, and what it gets. */
struct seen {
	struct hash space;
	size_t questions, replies, after, wants, wants_after, more, last;
	size_t answer, acts_answer, greatest_answer; /* bytes since the last question, and the most of them */
	size_t held_at_release; /* erasures of the second when it was first seen to withhold nothing */
};

static const struct space *space_at(const struct duo *duo, unsigned at, const struct hash *id)
{
	return node_space_find(duo->cities[at].node, id);
}

static size_t erasures_held(const struct duo *duo, unsigned at, const struct hash *id)
{
	return erasures_count(space_erasures(space_at(duo, at, id)));
}

static void watch(struct duo *duo, unsigned at, const Twinlog__PeerMessage *message)
{
	struct seen *seen = duo->watching;
	const struct space *space = space_at(duo, 1, &seen->space);
	if (at == 0 && message->body_case == TWINLOG__PEER_MESSAGE__BODY_ERASURE_BUCKETS) {
		const bool after = message->erasure_buckets->after.len > 0;
		seen->questions++;
		seen->after += after;
		seen->replies += message->erasure_buckets->reply;
		assert_false(after && message->erasure_buckets->reply);
		seen->answer = after ? 0 : seen->answer;
	}
	if (at == 0 && message->body_case == TWINLOG__PEER_MESSAGE__BODY_WANT && message->want->city.len == 0) {
		seen->wants++;
		seen->wants_after += message->want->after.len > 0;
		seen->acts_answer = 0;
	}
	if (at == 1 && message->body_case == TWINLOG__PEER_MESSAGE__BODY_ERASURES) {
		size_t bytes = 0;
		for (size_t i = 0; i < message->erasures->n_erasures; i++)
			bytes += message->erasures->erasures[i].len;
		assert_true(bytes <= TWINLOG_PART_MAX);
		seen->answer += bytes;
		seen->more += message->erasures->more;
		seen->last += message->erasures->last;
	}
	if (at == 1 && message->body_case == TWINLOG__PEER_MESSAGE__BODY_ACTS) {
		for (size_t i = 0; i < message->acts->n_acts; i++)
			seen->acts_answer += message->acts->acts[i].len;
		seen->more += message->acts->more;
	}
	const size_t answer = seen->answer > seen->acts_answer ? seen->answer : seen->acts_answer;
	seen->greatest_answer = answer > seen->greatest_answer ? answer : seen->greatest_answer;
	if (message->body_case == TWINLOG__PEER_MESSAGE__BODY_ERASURES &&
	    (message->erasures->more || message->erasures->last))
		seen->answer = 0;
	if (space && !space_withheld(space) && !seen->held_at_release)
		seen->held_at_release = erasures_held(duo, 1, &seen->space);
}

static void watch_begin(struct duo *duo, struct seen *seen, const struct hash *space)
{
	*seen = (struct seen){.space = *space};
	duo->watch = watch;
	duo->watching = seen;
}

/* ---- Erasures ---- */

static size_t reason_size = TWINLOG_CODE_MAX;

static uint8_t *erasure_make(const struct duo *duo, unsigned at, const struct hash *space, const struct hash *bundle,
			     unsigned number, size_t *ret_size)
{
	const struct hash leaf = seal_hash1("draw", &number, sizeof number);
	Twinlog__Erasure message = TWINLOG__ERASURE__INIT;
	uint8_t *bytes, reason[TWINLOG_CODE_MAX];
	message.space = codec_hash(space);
	message.signer = message.city = codec_hash(&duo->cities[at].identity);
	message.bundle = codec_hash(bundle);
	message.leaf = codec_hash(&leaf);
	memset(reason, 'a', sizeof reason);
	message.reason = codec_bytes(reason, reason_size - (number >= SMALL ? SMALLER_BY : 0));
	message.clock_ms = 1;
	assert_int_equal(erasure_seal(&message, duo->cities[at].keys, &bytes, ret_size), TWINLOG_OK);
	return bytes;
}

/* The first has erased so many of its own leaves while the other was away. */
static void erasures_hold(struct duo *duo, const struct hash *space, const struct hash *bundle, unsigned first,
			  unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		size_t size;
		uint8_t *bytes = erasure_make(duo, 0, space, bundle, i, &size);
		assert_int_equal(node_load_erasure(duo->cities[0].node, 1000000 + i, bytes, size), TWINLOG_OK);
		free(bytes);
	}
	assert_int_equal(node_loaded(duo->cities[0].node), TWINLOG_OK);
}

static void erasures_in_several_answers(void **state)
{
	struct duo duo;
	struct hash space;
	struct seen seen;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	duo_unlink(&duo);
	erasures_hold(&duo, &space, &space, 0, MANY);
	watch_begin(&duo, &seen, &space);
	duo_link(&duo);
	assert_int_equal(duo.failed, TWINLOG_OK);
	assert_int_equal(erasures_held(&duo, 1, &space), MANY);
	assert_true(hash_equal(erasures_digest(space_erasures(space_at(&duo, 0, &space))),
			       erasures_digest(space_erasures(space_at(&duo, 1, &space)))));
	assert_true(seen.greatest_answer > TWINLOG_PARTS_BYTES - TWINLOG_ERASURE_MAX);
	assert_true(seen.greatest_answer <= TWINLOG_PARTS_BYTES);
	print_message("%zu questions, %zu after, %zu replies, %zu more, %zu last, answer %zu\n", seen.questions,
		      seen.after, seen.replies, seen.more, seen.last, seen.greatest_answer);
	assert_true(seen.after >= 2 && seen.after <= 4);
	assert_true(seen.last >= 1);
	assert_true(seen.replies <= 1);
	duo_end(&duo);
}

static void size_of_one_answer(void **state)
{
	struct duo duo;
	struct hash space;
	struct seen seen;
	size_t size, fit;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	free(erasure_make(&duo, 0, &space, &space, 0, &size));
	fit = TWINLOG_PARTS_BYTES / size;
	duo_unlink(&duo);
	erasures_hold(&duo, &space, &space, 0, (unsigned)fit);
	watch_begin(&duo, &seen, &space);
	duo_link(&duo);
	assert_int_equal(erasures_held(&duo, 1, &space), fit);
	assert_int_equal(seen.more, 0);
	assert_true(seen.last > 0);
	duo_end(&duo);

	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	duo_unlink(&duo);
	erasures_hold(&duo, &space, &space, 0, (unsigned)fit + 1);
	watch_begin(&duo, &seen, &space);
	duo_link(&duo);
	assert_int_equal(erasures_held(&duo, 1, &space), fit + 1);
	assert_true(seen.more > 0);
	duo_end(&duo);
}

static struct hash id_of(const uint8_t *bytes, size_t size)
{
	struct erasure *erasure;
	assert_int_equal(erasure_open(bytes, size, &erasure), TWINLOG_OK);
	const struct hash id = erasure->id;
	erasure_free(erasure);
	return id;
}

/* A small one that comes after all others has room where the one before it had none: it waits for that one. */
static void nothing_is_left_out_between(void **state)
{
	struct duo duo;
	struct hash space, greatest = {0}, id = {0};
	size_t size = 0;
	unsigned small = SMALL;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	duo_unlink(&duo);
	for (reason_size = TWINLOG_CODE_MAX; reason_size > SMALLER_BY; reason_size--) {
		free(erasure_make(&duo, 0, &space, &space, 0, &size));
		if (TWINLOG_PARTS_BYTES % size >= size - SMALLER_BY)
			break;
	}
	assert_true(reason_size > SMALLER_BY);
	const unsigned count = (unsigned)(TWINLOG_PARTS_BYTES / size) + 1;
	for (unsigned i = 0; i < count; i++) {
		uint8_t *bytes = erasure_make(&duo, 0, &space, &space, i, &size);
		id = id_of(bytes, size);
		greatest = hash_compare(&id, &greatest) > 0 ? id : greatest;
		free(bytes);
	}
	while (hash_compare(&id, &greatest) <= 0) {
		uint8_t *bytes = erasure_make(&duo, 0, &space, &space, ++small, &size);
		id = id_of(bytes, size);
		free(bytes);
	}
	erasures_hold(&duo, &space, &space, 0, count);
	erasures_hold(&duo, &space, &space, small, 1);
	duo_link(&duo);
	assert_int_equal(erasures_held(&duo, 1, &space), count + 1);
	reason_size = TWINLOG_CODE_MAX;
	duo_end(&duo);
}

static bool second_withholds(const struct duo *duo, const struct hash *space)
{
	return space_withheld(space_at(duo, 1, space));
}

static void released_at_the_true_end(void **state)
{
	struct duo duo;
	struct hash space;
	struct seen seen;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	duo_unlink(&duo);
	erasures_hold(&duo, &space, &space, 0, MANY);
	duo_restore(&duo, 1);
	assert_true(second_withholds(&duo, &space));
	watch_begin(&duo, &seen, &space);
	duo_link(&duo);
	duo_time(&duo, 200);
	assert_int_equal(duo.failed, TWINLOG_OK);
	assert_true(seen.more >= 2);
	assert_false(second_withholds(&duo, &space));
	assert_int_equal(seen.held_at_release, MANY);
	duo_end(&duo);
}

static void erasures_say(struct duo *duo, unsigned to, const struct hash *space, ProtobufCBinaryData *one, bool more,
			 bool last)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Erasures erasures = TWINLOG__ERASURES__INIT;
	uint8_t *bytes;
	size_t size;
	erasures.space = codec_hash(space);
	erasures.erasures = one;
	erasures.n_erasures = one != NULL;
	erasures.more = more;
	erasures.last = last;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_ERASURES;
	message.erasures = &erasures;
	assert_int_equal(codec_pack(&message.base, &bytes, &size), TWINLOG_OK);
	duo_message(duo, to, bytes, size);
	free(bytes);
}

/* The greeting of the first arrives, and nothing after it. */
static void mute_once_greeted(struct duo *duo, unsigned at, const Twinlog__PeerMessage *message)
{
	(void)message;
	duo->cities[0].mute |= at == 1;
}

/* An erasure that was refused in an early part is missing, whatever the last part says. */
static void not_released_without_one_that_was_refused(void **state)
{
	struct duo duo;
	struct hash space;
	ProtobufCBinaryData bent;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	duo_unlink(&duo);
	duo_restore(&duo, 1);
	duo.watch = mute_once_greeted;
	duo_link(&duo);
	bent.data = erasure_make(&duo, 0, &space, &space, 1, &bent.len);
	bent.data[bent.len - 1] ^= 1;
	erasures_say(&duo, 1, &space, &bent, false, false);
	erasures_say(&duo, 1, &space, NULL, false, true);
	assert_true(second_withholds(&duo, &space));
	erasures_say(&duo, 1, &space, NULL, false, true);
	assert_false(second_withholds(&duo, &space));
	free(bent.data);
	duo_end(&duo);
}

/* Answers every question with the same, and that there is more. */
static void answer_the_same(struct duo *duo, unsigned at, const Twinlog__PeerMessage *message)
{
	struct seen *seen = duo->watching;
	seen->questions += at == 1 && message->body_case == TWINLOG__PEER_MESSAGE__BODY_ERASURE_BUCKETS;
	seen->after += at == 1 && message->body_case == TWINLOG__PEER_MESSAGE__BODY_ERASURE_BUCKETS &&
		       message->erasure_buckets->after.len > 0;
}

static void one_that_always_has_more(void **state)
{
	struct duo duo;
	struct hash space;
	struct seen seen = {0};
	ProtobufCBinaryData one;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	one.data = erasure_make(&duo, 1, &space, &space, 1, &one.len);
	duo.cities[1].mute = true;
	duo.watch = answer_the_same;
	duo.watching = &seen;
	erasures_say(&duo, 0, &space, &one, true, false);
	for (size_t answered = 0; duo.first && answered < 100;) {
		duo_run(&duo);
		if (seen.after > answered) {
			answered = seen.after;
			erasures_say(&duo, 0, &space, &one, true, false);
		}
	}
	assert_int_equal(seen.after, 1);
	erasures_say(&duo, 0, &space, NULL, true, false); /* none at all */
	duo_run(&duo);
	assert_int_equal(seen.after, 1);
	free(one.data);
	duo_end(&duo);
}

static struct hash first_bundle(const struct duo *duo)
{
	struct bundle *bundle;
	assert_true(duo->cities[0].bundles_count > 0);
	assert_int_equal(bundle_open(duo->cities[0].bundles[0].bytes, duo->cities[0].bundles[0].size, NULL, 0, &bundle),
			 TWINLOG_OK);
	const struct hash id = bundle->id;
	bundle_free(bundle);
	return id;
}

/* One who is no member any more gets those of what it once held likewise, and never a word that these are all. */
static void erasures_for_one_that_was_removed(void **state)
{
	struct duo duo;
	struct hash space;
	struct seen seen;
	(void)state;
	duo_init(&duo);
	assert_true(duo_offer(&duo, TWINLOG__TEMPLATE__TEMPLATE_NETWORK, &space));
	assert_true(duo_accept(&duo, &space));
	duo_submit(&duo, 0, &space);
	const struct hash bundle = first_bundle(&duo);
	duo_unlink(&duo);
	erasures_hold(&duo, &space, &bundle, 0, MANY);
	duo_change(&duo, 0, &space, TWINLOG__ACT_KIND__ACT_REMOVE, NULL);
	watch_begin(&duo, &seen, &space);
	duo_link(&duo);
	duo_time(&duo, 200);
	assert_int_equal(erasures_held(&duo, 1, &space), MANY);
	assert_true(seen.greatest_answer <= TWINLOG_PARTS_BYTES);
	assert_true(seen.more >= 2);
	assert_int_equal(seen.last, 0);
	duo_end(&duo);
}

/* ---- Acts ---- */

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
	    cmocka_unit_test(erasures_in_several_answers),
	    cmocka_unit_test(size_of_one_answer),
	    cmocka_unit_test(nothing_is_left_out_between),
	    cmocka_unit_test(released_at_the_true_end),
	    cmocka_unit_test(not_released_without_one_that_was_refused),
	    cmocka_unit_test(one_that_always_has_more),
	    cmocka_unit_test(erasures_for_one_that_was_removed),
	    cmocka_unit_test(acts_in_several_answers),
	    cmocka_unit_test(acts_behind_those_that_are_here),
	    cmocka_unit_test(acts_for_a_newcomer),
	    cmocka_unit_test(acts_for_one_that_was_removed),
	    cmocka_unit_test(acts_without_end),
	    cmocka_unit_test(one_refused_among_others),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
