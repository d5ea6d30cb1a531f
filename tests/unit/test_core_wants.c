/* What was asked of a partner that does not bring it, or brings it drop by drop: what else waits for it, and how long.
 * PROTOCOL, "Sync". */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bundle.h"
#include "duo.h"
#include "told.h"

/* A member says that there are acts, and sends none: what others said is asked for all the same, once it has failed. */
static void acts_withheld_hold_nothing_up(void **state)
{
	struct duo duo;
	struct hash space;
	struct told heard;

	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	(void)told(&duo);
	say_heads(&duo, &space, true, &nowhere);
	heard = told(&duo);
	assert_int_equal(heard.wants_acts, 1);
	assert_int_equal(heard.wants_bundles, 0); /* they may rest on those acts */
	heard = later(&duo, TWINLOG_WANT_TIMEOUT_MS + 1);
	assert_int_equal(heard.wants_bundles, 1);
	assert_true(strstr(node_peer(duo.cities[0].node, 0).last_error, "acts") != NULL);
	(void)later(&duo, TWINLOG_WANT_TIMEOUT_MS + 1); /* nor do bundles come */
	say_heads(&duo, &space, true, &nowhere);
	heard = told(&duo);
	assert_int_equal(heard.wants_acts, 0);    /* for a while it is not believed */
	assert_int_equal(heard.wants_bundles, 0); /* they may still come, and nobody else has them */
	(void)later(&duo, TWINLOG_AVOID_MS);
	say_heads(&duo, &space, true, &nowhere);
	heard = told(&duo);
	assert_int_equal(heard.wants_acts, 1);
	duo_end(&duo);
}

/* Empty chunks keep no stream open. */
static void a_stream_without_progress_ends(void **state)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Chunk chunk = TWINLOG__CHUNK__INIT;
	struct duo duo;
	struct hash space;
	struct told heard;

	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	(void)told(&duo);
	say_heads(&duo, &space, false, &nowhere);
	heard = told(&duo);
	assert_int_equal(heard.wants_bundles, 1);
	chunk.space = codec_hash(&space);
	chunk.city = codec_hash(&duo.cities[1].identity);
	chunk.stream = heard.stream;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_CHUNK;
	message.chunk = &chunk;
	for (unsigned i = 0; i < 4; i++) {
		(void)later(&duo, TWINLOG_WANT_TIMEOUT_MS / 4);
		say(&duo, &message);
	}
	(void)later(&duo, 1000);
	assert_true(strstr(node_peer(duo.cities[0].node, 0).last_error, "nothing new") != NULL);
	say_heads(&duo, &space, false, &nowhere);
	assert_int_equal(told(&duo).wants_bundles, 0); /* nobody else has them, and the line may be slow */
	for (unsigned i = 0; i < 2; i++)
		(void)later(&duo, TWINLOG_WANT_TIMEOUT_MS + 1);
	say_heads(&duo, &space, false, &nowhere);
	assert_int_equal(told(&duo).wants_bundles, 1);
	duo_end(&duo);
}

/* How many Wants of bundles; what was committed meanwhile is. */
static size_t wants_by_now(struct duo *duo)
{
	size_t wants = told(duo).wants_bundles;

	while (duo->first) {
		duo_do(duo, duo_take(duo));
		wants += told(duo).wants_bundles;
	}
	return wants;
}

static void acts_that_drop(struct duo *duo, struct hash *ret_space, uint32_t *ret_stream)
{
	duo_init(duo);
	assert_true(duo_found(duo, ret_space));
	(void)told(duo);
	say_heads(duo, ret_space, true, &nowhere);
	const struct told heard = told(duo);
	assert_int_equal(heard.wants_acts, 1);
	*ret_stream = heard.stream;
}

/* One act just before its time is over is worth no other 20 s; then others are asked, and for a while not this one. */
static void acts_drop_by_drop(void **state)
{
	struct duo duo;
	struct hash space;
	uint32_t stream;

	(void)state;
	acts_that_drop(&duo, &space, &stream);
	for (unsigned i = 0; i < 2; i++) {
		const size_t wants = later(&duo, TWINLOG_WANT_TIMEOUT_MS - 1000).wants_bundles;

		say_accepts(&duo, &space, stream, 1);
		assert_int_equal(wants + wants_by_now(&duo), i);
	}
	assert_true(strstr(node_peer(duo.cities[0].node, 0).last_error, "slowly") != NULL);
	say_heads(&duo, &space, true, &nowhere);
	const struct told heard = told(&duo);
	assert_int_equal(heard.wants_acts, 0);
	duo_end(&duo);
}

/* One that has more and more of them keeps bundles waiting for a minute. */
static void acts_without_end(void **state)
{
	struct duo duo;
	struct hash space;
	uint32_t stream;

	(void)state;
	acts_that_drop(&duo, &space, &stream);
	for (unsigned seconds = 5; seconds <= 60; seconds += 5) {
		assert_int_equal(later(&duo, 5000).wants_bundles, 0);
		say_accepts(&duo, &space, stream, 300);
		assert_int_equal(wants_by_now(&duo), seconds == 60);
	}
	assert_string_equal(node_peer(duo.cities[0].node, 0).last_error, "");
	duo_end(&duo);
}

/* The only bundle that the second holds, as a chunk of that stream. */
static void say_chunk(struct duo *duo, const struct hash *space, const struct hash *city, uint32_t stream)
{
	const struct duo_bundle *bundle = &duo->cities[1].bundles[0];
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Chunk chunk = TWINLOG__CHUNK__INIT;
	Twinlog__BundleList list = TWINLOG__BUNDLE_LIST__INIT;
	ProtobufCBinaryData item = codec_bytes(bundle->bytes, bundle->size);
	uint8_t *packed;
	size_t size;

	list.bundles = &item;
	list.n_bundles = 1;
	assert_int_equal(codec_pack(&list.base, &packed, &size), TWINLOG_OK);
	chunk.space = codec_hash(space);
	chunk.city = codec_hash(city);
	chunk.stream = stream;
	chunk.bundles = codec_bytes(packed, size);
	chunk.size = (uint32_t)size;
	chunk.last = true;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_CHUNK;
	message.chunk = &chunk;
	say(duo, &message);
	free(packed);
	(void)wants_by_now(duo);
}

/* What comes of a stream that was given up was on its way all the while. */
static void late_is_not_lost(void **state)
{
	struct duo duo;
	struct hash space, none = {{0}};
	struct bundle *bundle;
	struct told heard;

	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	duo.cities[0].linked = false; /* nothing arrives */
	duo_submit(&duo, 1, &space);
	duo.cities[0].linked = true;
	assert_int_equal(duo.cities[1].bundles_count, 1);
	assert_int_equal(bundle_open(duo.cities[1].bundles[0].bytes, duo.cities[1].bundles[0].size, NULL, 0, &bundle),
			 TWINLOG_OK);
	say_heads(&duo, &space, false, &bundle->id);
	heard = told(&duo);
	assert_int_equal(heard.wants_bundles, 1);
	for (unsigned i = 0; i < 4; i++)
		(void)later(&duo, TWINLOG_WANT_TIMEOUT_MS + 1);
	say_chunk(&duo, &space, &none, heard.stream);
	assert_int_equal(duo.cities[0].bundles_count, 0);
	say_chunk(&duo, &space, &bundle->city, heard.stream + 100); /* never asked for */
	assert_int_equal(duo.cities[0].bundles_count, 0);
	say_chunk(&duo, &space, &bundle->city, heard.stream);
	assert_int_equal(duo.cities[0].bundles_count, 1);
	bundle_free(bundle);
	duo_end(&duo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(acts_withheld_hold_nothing_up),
	    cmocka_unit_test(a_stream_without_progress_ends),
	    cmocka_unit_test(acts_drop_by_drop),
	    cmocka_unit_test(acts_without_end),
	    cmocka_unit_test(late_is_not_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
