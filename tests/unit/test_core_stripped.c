/* A large bundle that comes when its leaves have been erased: no content gets in, in time that grows as its size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "bundle.h"

static uint64_t began_ns, spent_ns; /* of this thread, in steps of the nodes */

static uint64_t cpu_ns(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

#define DUO_STEP_BEGIN (began_ns = cpu_ns())
#define DUO_STEP_END   (spent_ns += cpu_ns() - began_ns)

#include "duo.h"

#define SECRET     "secret"
#define ERASE_PART 256u

struct scene {
	struct duo duo;
	struct hash space;
	uint8_t *bytes; /* of a bundle of the second */
	size_t size;
	struct hash id;
};

/* So small that so many have room, also without their content. */
static void leaves_draft(struct leaf_draft *leaves, Twinlog__Envelope *envelope, char (*bodies)[24], size_t count)
{
	uint8_t record[HANDLE_SIZE] = {1};

	twinlog__envelope__init(envelope);
	envelope->operation = TWINLOG__OPERATION__OPERATION_STATEMENT;
	envelope->kind = TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
	envelope->version = 1;
	for (size_t i = 0; i < count; i++) {
		uint8_t *packed;

		record[1] = (uint8_t)i;
		record[2] = (uint8_t)(i >> 8);
		envelope->record = codec_bytes(record, sizeof record);
		assert_int_equal(codec_pack(&envelope->base, &packed, &leaves[i].envelope_size), TWINLOG_OK);
		leaves[i].envelope = packed;
		(void)snprintf(bodies[i], sizeof *bodies, SECRET "%zx", i);
		leaves[i].body = bodies[i];
		leaves[i].body_size = strlen(bodies[i]);
		memcpy(leaves[i].salt, &i, sizeof i);
	}
}

static void scene_init(struct scene *scene, size_t count)
{
	struct leaf_draft *leaves = calloc(count, sizeof *leaves);
	char(*bodies)[24] = calloc(count, sizeof *bodies);
	Twinlog__Envelope envelope;
	struct bundle_draft draft = {.number = 1, .leaves = leaves, .leaves_count = count};

	assert_non_null(leaves);
	assert_non_null(bodies);
	duo_init(&scene->duo);
	assert_true(duo_found(&scene->duo, &scene->space));
	duo_time(&scene->duo, 2000);
	scene->duo.cities[1].linked = false; /* what is said in its name it need not hear of */
	leaves_draft(leaves, &envelope, bodies, count);
	draft.space = scene->space;
	draft.city = scene->duo.cities[1].identity;
	draft.clock_ms = scene->duo.now.wall_ms;
	draft.acts = acts_heads(space_acts(node_space(scene->duo.cities[0].node, 0)), &draft.acts_count);
	assert_int_equal(bundle_seal(&draft, scene->duo.cities[1].keys, &scene->bytes, &scene->size), TWINLOG_OK);
	for (size_t i = 0; i < count; i++)
		free((void *)(uintptr_t)leaves[i].envelope);
	free(leaves);
	free(bodies);
}

static void scene_free(struct scene *scene)
{
	free(scene->bytes);
	duo_end(&scene->duo);
}

static void say(struct duo *duo, Twinlog__PeerMessage *message)
{
	uint8_t *frame;
	size_t size;

	assert_int_equal(codec_pack(&message->base, &frame, &size), TWINLOG_OK);
	duo_message(duo, 0, frame, size);
	free(frame);
	duo_run(duo);
	assert_int_equal(duo->failed, TWINLOG_OK);
}

/* The second erases each leaf but those that are spared, every so many (0: none). */
static void erase(struct scene *scene, uint32_t spared)
{
	const ProtobufCBinaryData city = codec_hash(&scene->duo.cities[1].identity);
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Erasures erasures = TWINLOG__ERASURES__INIT;
	ProtobufCBinaryData list[ERASE_PART];
	struct bundle *bundle;

	assert_int_equal(bundle_open(scene->bytes, scene->size, NULL, 0, &bundle), TWINLOG_OK);
	scene->id = bundle->id;
	erasures.space = codec_hash(&scene->space);
	erasures.erasures = list;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_ERASURES;
	message.erasures = &erasures;
	for (uint32_t i = 0; i < bundle->leaves_count; i++) {
		Twinlog__Erasure erasure = TWINLOG__ERASURE__INIT;
		ProtobufCBinaryData *place = &list[erasures.n_erasures];

		if (!spared || i % spared) {
			erasure.space = codec_hash(&scene->space);
			erasure.signer = erasure.city = city;
			erasure.bundle = codec_hash(&bundle->id);
			erasure.index = i;
			erasure.leaf = codec_hash(&bundle->leaves[i].hash);
			erasure.reason = codec_string("error");
			erasure.clock_ms = 1;
			assert_int_equal(erasure_seal(&erasure, scene->duo.cities[1].keys, &place->data, &place->len),
					 TWINLOG_OK);
			erasures.n_erasures++;
		}
		if (erasures.n_erasures == ERASE_PART || i + 1 == bundle->leaves_count) {
			say(&scene->duo, &message);
			while (erasures.n_erasures > 0)
				free(list[--erasures.n_erasures].data);
		}
	}
	bundle_free(bundle);
}

/* As it was before anything was erased; returns what that took at the first. */
static uint64_t bring_back(struct scene *scene)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Chunk chunk = TWINLOG__CHUNK__INIT;
	Twinlog__BundleList list = TWINLOG__BUNDLE_LIST__INIT;
	ProtobufCBinaryData one = codec_bytes(scene->bytes, scene->size);
	uint8_t *packed;
	size_t size;

	list.bundles = &one;
	list.n_bundles = 1;
	assert_int_equal(codec_pack(&list.base, &packed, &size), TWINLOG_OK);
	chunk.space = codec_hash(&scene->space);
	chunk.city = codec_hash(&scene->duo.cities[1].identity);
	chunk.bundles = codec_bytes(packed, size);
	chunk.size = (uint32_t)size;
	chunk.last = true;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_CHUNK;
	message.chunk = &chunk;
	spent_ns = 0;
	say(&scene->duo, &message);
	free(packed);
	return spent_ns;
}

/* What the first has on its disk: the same bundle, and of each leaf its content or not. */
static void is_without_content(const struct scene *scene, size_t count, uint32_t spared)
{
	const struct duo_city *first = &scene->duo.cities[0];
	struct bundle *bundle;
	size_t kept = 0;

	assert_int_equal(first->bundles_count, 1);
	assert_int_equal(bundle_open(first->bundles[0].bytes, first->bundles[0].size,
				     seal_keys_public(scene->duo.cities[1].keys), 1, &bundle),
			 TWINLOG_OK);
	assert_true(hash_equal(&bundle->id, &scene->id));
	assert_int_equal(bundle->leaves_count, count);
	for (uint32_t i = 0; i < count; i++) {
		const bool stays = spared && i % spared == 0;

		assert_int_equal(bundle->leaves[i].salt != NULL, stays);
		kept += stays;
	}
	const char *at = (const char *)first->bundles[0].bytes, *end = at + first->bundles[0].size;

	while ((at = memmem(at, (size_t)(end - at), SECRET, strlen(SECRET)))) {
		assert_true(kept-- > 0);
		at++;
	}
	assert_int_equal(kept, 0);
	bundle_free(bundle);
	assert_int_equal(space_bundles(node_space(first->node, 0)), 1);
}

static void all_at_the_limit(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, TWINLOG_BUNDLE_LEAVES_MAX);
	erase(&scene, 0);
	(void)bring_back(&scene);
	assert_int_equal(node_peer(scene.duo.cities[0].node, 0).refused, 0);
	is_without_content(&scene, TWINLOG_BUNDLE_LEAVES_MAX, 0);
	scene_free(&scene);
}

static void one_past_it(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, TWINLOG_BUNDLE_LEAVES_MAX + 1);
	(void)bring_back(&scene);
	assert_int_equal(node_peer(scene.duo.cities[0].node, 0).refused, 1);
	assert_int_equal(scene.duo.cities[0].bundles_count, 0);
	scene_free(&scene);
}

static void what_is_not_erased_stays(void **state)
{
	struct scene scene;

	(void)state;
	scene_init(&scene, 1000);
	erase(&scene, 3);
	(void)bring_back(&scene);
	is_without_content(&scene, 1000, 3);
	scene_free(&scene);
}

/* ---- Time ---- */

#define ROUNDS  5u
#define SMALLER 8u /* so many times fewer leaves */

static uint64_t time_of(size_t count)
{
	struct scene scene;

	scene_init(&scene, count);
	erase(&scene, 0);
	const uint64_t ns = bring_back(&scene);

	is_without_content(&scene, count, 0);
	scene_free(&scene);
	return ns;
}

static int by_size(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

/* One leaf at a time would unpack the whole bundle for each, 64 times as much for 8 times as many. */
static void time_grows_as_size(void **state)
{
	uint64_t large[ROUNDS], small[ROUNDS];

	(void)state;
	for (unsigned i = 0; i < ROUNDS; i++) {
		small[i] = time_of(TWINLOG_BUNDLE_LEAVES_MAX / SMALLER);
		large[i] = time_of(TWINLOG_BUNDLE_LEAVES_MAX);
	}
	qsort(small, ROUNDS, sizeof *small, by_size);
	qsort(large, ROUNDS, sizeof *large, by_size);
	print_message("%u leaves: %llu us, %u leaves: %llu us\n", TWINLOG_BUNDLE_LEAVES_MAX / SMALLER,
		      (unsigned long long)small[ROUNDS / 2] / 1000, TWINLOG_BUNDLE_LEAVES_MAX,
		      (unsigned long long)large[ROUNDS / 2] / 1000);
	assert_true(large[ROUNDS / 2] <= 3 * SMALLER * small[ROUNDS / 2]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(all_at_the_limit),
	    cmocka_unit_test(one_past_it),
	    cmocka_unit_test(what_is_not_erased_stays),
	    cmocka_unit_test(time_grows_as_size),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
