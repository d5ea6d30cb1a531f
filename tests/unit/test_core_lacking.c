/* A bundle that lacks content, and no erasure says why: a member is asked for its erasures and its heads, and one that
 * was removed while its bundle was looked at is not, since a question tells what is held. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "duo.h"
#include "erasures.h"

/* What the first asks the second. */
static void count_questions(struct duo *duo, unsigned at, const Twinlog__PeerMessage *message)
{
	size_t *questions = duo->watching;
	*questions += at == 1 && (message->body_case == TWINLOG__PEER_MESSAGE__BODY_ERASURE_BUCKETS ||
				  message->body_case == TWINLOG__PEER_MESSAGE__BODY_HEADS);
}

/* Of the second, with one leaf, erased. */
static void lacking_make(struct duo *duo, const struct hash *space, uint8_t **ret_bytes, size_t *ret_size)
{
	Twinlog__Envelope envelope = TWINLOG__ENVELOPE__INIT;
	struct leaf_draft leaf = {.body = "secret", .body_size = 6};
	struct bundle_draft draft = {.number = 1, .leaves = &leaf, .leaves_count = 1};
	const uint8_t record[HANDLE_SIZE] = {1};
	uint8_t *packed, *whole;
	size_t size;

	envelope.operation = TWINLOG__OPERATION__OPERATION_STATEMENT;
	envelope.kind = TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
	envelope.version = 1;
	envelope.record = codec_bytes(record, sizeof record);
	assert_int_equal(codec_pack(&envelope.base, &packed, &leaf.envelope_size), TWINLOG_OK);
	leaf.envelope = packed;
	draft.space = *space;
	draft.city = duo->cities[1].identity;
	draft.clock_ms = duo->now.wall_ms;
	draft.acts = acts_heads(space_acts(node_space(duo->cities[0].node, 0)), &draft.acts_count);
	assert_int_equal(bundle_seal(&draft, duo->cities[1].keys, &whole, &size), TWINLOG_OK);
	assert_int_equal(bundle_strip(whole, size, 0, ret_bytes, ret_size), TWINLOG_OK);
	free(whole);
	free(packed);
}

/* As its author sends a new one; not looked at yet. */
static void push(struct duo *duo, const struct hash *space, const uint8_t *bytes, size_t size)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__BundleList list = TWINLOG__BUNDLE_LIST__INIT;
	Twinlog__Chunk chunk = TWINLOG__CHUNK__INIT;
	ProtobufCBinaryData one = codec_bytes(bytes, size);
	uint8_t *packed, *frame;
	size_t packed_size, frame_size;

	list.bundles = &one;
	list.n_bundles = 1;
	assert_int_equal(codec_pack(&list.base, &packed, &packed_size), TWINLOG_OK);
	chunk.space = codec_hash(space);
	chunk.city = codec_hash(&duo->cities[1].identity);
	chunk.size = (uint32_t)packed_size;
	chunk.bundles = codec_bytes(packed, packed_size);
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_CHUNK;
	message.chunk = &chunk;
	assert_int_equal(codec_pack(&message.base, &frame, &frame_size), TWINLOG_OK);
	duo_message(duo, 0, frame, frame_size);
	free(frame);
	free(packed);
}

static size_t questions_about(bool removed)
{
	struct duo duo;
	struct hash space;
	uint8_t *bytes;
	size_t size, questions = 0;

	duo_init(&duo);
	assert_true(duo_offer(&duo, TWINLOG__TEMPLATE__TEMPLATE_NETWORK, &space));
	assert_true(duo_accept(&duo, &space));
	duo_time(&duo, 2000);
	lacking_make(&duo, &space, &bytes, &size);
	duo.cities[1].mute = true;
	duo.watch = count_questions;
	duo.watching = &questions;
	push(&duo, &space, bytes, size);
	if (removed)
		duo_change(&duo, 0, &space, TWINLOG__ACT_KIND__ACT_REMOVE, NULL);
	duo_run(&duo);
	assert_int_equal(space_bundles(node_space(duo.cities[0].node, 0)), 0);
	free(bytes);
	duo_end(&duo);
	return questions;
}

static void a_member_is_asked(void **state)
{
	(void)state;
	assert_int_equal(questions_about(false), 2);
}

static void one_that_was_removed_is_not(void **state)
{
	(void)state;
	assert_int_equal(questions_about(true), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_member_is_asked),
	    cmocka_unit_test(one_that_was_removed_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
