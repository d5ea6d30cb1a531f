/* More erasures than a link has room for: they come in several answers, each asked for, and none is taken for the end
 * that is not. PROTOCOL, "Sync". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "answers.h"

#define MANY       20000u  /* erasures: two answers and a part */
#define SMALL      100000u /* erasures from that number on are smaller, by: */
#define SMALLER_BY 50u

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

/* Of other erasures than those held there. */
static void digest_say(struct duo *duo, unsigned to, const struct hash *space)
{
	const struct hash other = {{1}};
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Digest digest = TWINLOG__DIGEST__INIT;
	uint8_t *bytes;
	size_t size;
	digest.space = codec_hash(space);
	digest.acts = digest.bundles = digest.erasures = codec_hash(&other);
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_DIGEST;
	message.digest = &digest;
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
	/* Nor if it says so again, until it was asked again from the beginning. */
	erasures_say(&duo, 1, &space, NULL, false, true);
	assert_true(second_withholds(&duo, &space));
	digest_say(&duo, 1, &space);
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

/* The second says one erasure, and that there is more, and is not heard else; the caller frees that. */
static uint8_t *say_more(struct duo *duo, const struct hash *space, struct seen *seen, size_t *ret_size)
{
	ProtobufCBinaryData one;
	one.data = erasure_make(duo, 1, space, space, 1, &one.len);
	duo->cities[1].mute = true;
	duo->watch = answer_the_same;
	duo->watching = seen;
	erasures_say(duo, 0, space, &one, true, false);
	*ret_size = one.len;
	return one.data;
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
	one.data = say_more(&duo, &space, &seen, &one.len);
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

/* It may have met acts that were not durable. */
static void a_question_without_an_answer(void **state)
{
	struct duo duo;
	struct hash space;
	struct seen seen = {0};
	ProtobufCBinaryData one;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	one.data = say_more(&duo, &space, &seen, &one.len);
	duo_run(&duo);
	assert_int_equal(seen.after, 1);
	digest_say(&duo, 0, &space);
	duo_run(&duo);
	assert_int_equal(seen.after, 2);
	assert_int_equal(seen.questions, 2); /* none from the beginning */
	free(one.data);
	duo_end(&duo);
}

/* A question tells what erasures are held here. */
static void nothing_is_asked_of_one_outside(void **state)
{
	struct duo duo;
	struct hash space;
	struct seen seen = {0};
	ProtobufCBinaryData one;
	(void)state;
	duo_init(&duo);
	assert_true(duo_offer(&duo, TWINLOG__TEMPLATE__TEMPLATE_NETWORK, &space));
	assert_true(duo_accept(&duo, &space));
	duo_change(&duo, 0, &space, TWINLOG__ACT_KIND__ACT_REMOVE, NULL);
	one.data = say_more(&duo, &space, &seen, &one.len);
	duo_run(&duo);
	assert_int_equal(seen.questions, 0);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(erasures_in_several_answers),
	    cmocka_unit_test(size_of_one_answer),
	    cmocka_unit_test(nothing_is_left_out_between),
	    cmocka_unit_test(released_at_the_true_end),
	    cmocka_unit_test(not_released_without_one_that_was_refused),
	    cmocka_unit_test(one_that_always_has_more),
	    cmocka_unit_test(a_question_without_an_answer),
	    cmocka_unit_test(nothing_is_asked_of_one_outside),
	    cmocka_unit_test(erasures_for_one_that_was_removed),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
