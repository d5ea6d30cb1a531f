/* A member that branches without end: what it costs the others in messages and in time is bounded, and they can put it
 * out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static double spent, began; /* seconds of this thread in steps of the nodes */

static double cpu_now(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

#define DUO_STEP_BEGIN (began = cpu_now())
#define DUO_STEP_END   (spent += cpu_now() - began)

#include "duo.h"
#include "graph.h"

#define SEQUENCE 1000000u
#define ROUNDS   5u

/* Of the city of that number, with one leaf; alone when it has no parent. */
static void branch_make(const struct duo *duo, unsigned author, const struct hash *space, uint32_t number,
			const struct hash *parent, uint64_t depth, uint8_t **ret_bytes, size_t *ret_size)
{
	Twinlog__Envelope envelope = TWINLOG__ENVELOPE__INIT;
	struct leaf_draft leaf = {.body = &number, .body_size = sizeof number};
	struct bundle_draft draft = {.leaves = &leaf, .leaves_count = 1};
	uint8_t record[HANDLE_SIZE] = {1}, *packed;

	memcpy(record + 1, &number, sizeof number);
	envelope.operation = TWINLOG__OPERATION__OPERATION_STATEMENT;
	envelope.kind = TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
	envelope.version = 1;
	envelope.record = codec_bytes(record, sizeof record);
	assert_int_equal(codec_pack(&envelope.base, &packed, &leaf.envelope_size), TWINLOG_OK);
	leaf.envelope = packed;
	draft.space = *space;
	draft.city = duo->cities[author].identity;
	draft.parents = parent;
	draft.parents_count = parent != NULL;
	draft.number = depth;
	draft.clock_ms = 1;
	draft.acts = acts_heads(space_acts(node_space(duo->cities[0].node, 0)), &draft.acts_count);
	assert_int_equal(bundle_seal(&draft, duo->cities[author].keys, ret_bytes, ret_size), TWINLOG_OK);
	free(packed);
}

/* As if it had been there when the daemon started. */
static void load(struct duo *duo, unsigned at, uint32_t number, uint8_t *bytes, size_t size)
{
	struct persist what = {.sequence = SEQUENCE + number, .bytes = bytes, .size = size};

	assert_int_equal(node_load_bundle(duo->cities[at].node, what.sequence, bytes, size), TWINLOG_OK);
	duo_keep(&duo->cities[at].bundles, &duo->cities[at].bundles_count, &what);
}

/* The first has all of them, the second those from there on; to: it has none. */
static void branches_load(struct duo *duo, unsigned author, const struct hash *space, uint32_t second_from, uint32_t to)
{
	for (uint32_t i = 0; i < to; i++) {
		uint8_t *bytes;
		size_t size;

		branch_make(duo, author, space, i, NULL, 1, &bytes, &size);
		for (unsigned at = 0; at < 2 && (at == 0 || i >= second_from); at++)
			load(duo, at, i, bytes, size);
		free(bytes);
	}
}

/* ---- Messages. ---- */

struct seen {
	size_t parts, replies, greatest, answer, greatest_answer; /* heads: bytes of a part, and of all its parts */
	size_t announcements, most_announced;
};

static void watch(struct duo *duo, unsigned at, const Twinlog__PeerMessage *message)
{
	struct seen *seen = duo->watching;
	const size_t size = twinlog__peer_message__get_packed_size(message);

	(void)at;
	assert_true(size <= TWINLOG_MESSAGE_MAX);
	if (message->body_case == TWINLOG__PEER_MESSAGE__BODY_ANNOUNCE) {
		seen->announcements++;
		if (message->announce->n_heads > seen->most_announced)
			seen->most_announced = message->announce->n_heads;
	}
	if (message->body_case != TWINLOG__PEER_MESSAGE__BODY_HEADS)
		return;
	assert_false(message->heads->more && message->heads->reply);
	seen->parts++;
	seen->replies += message->heads->reply;
	seen->greatest = size > seen->greatest ? size : seen->greatest;
	seen->answer += size;
	seen->greatest_answer = seen->answer > seen->greatest_answer ? seen->answer : seen->greatest_answer;
	seen->answer = message->heads->more ? seen->answer : 0;
}

static void heads_of(uint32_t count)
{
	struct duo duo;
	struct hash space;
	struct seen seen = {0};
	size_t minutes = 0;

	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	duo_unlink(&duo);
	branches_load(&duo, 0, &space, 1, count);
	duo.watch = watch;
	duo.watching = &seen;
	duo_link(&duo);
	duo_time(&duo, 200);
	for (; !duo_alike(&duo) && minutes < 30; minutes++)
		duo_time(&duo, TWINLOG_DIGEST_INTERVAL_MS);
	print_message("%u heads: %zu parts of up to %zu bytes, answers of up to %zu, alike after %zu minutes\n", count,
		      seen.parts, seen.greatest, seen.greatest_answer, minutes);
	assert_true(duo_alike(&duo));
	assert_int_equal(duo.cities[0].dropped + duo.cities[1].dropped, 0);
	assert_true(seen.greatest <= TWINLOG_PART_MAX);
	assert_true(seen.greatest_answer <= TWINLOG_PARTS_BYTES + TWINLOG_PARTS_BYTES / 64);
	assert_true(seen.parts >= 10 && seen.replies > 0);
	duo_end(&duo);
}

static void heads_come_in_parts(void **state)
{
	(void)state;
	heads_of(40000);
}

/* What is told of them begins at a head that is drawn. */
static void more_heads_than_an_answer_has(void **state)
{
	(void)state;
	heads_of(TWINLOG_PARTS_BYTES / (HASH_SIZE + 2) + 3000);
}

static void acts_load(struct duo *duo, unsigned at, const struct hash *space, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		ProtobufCBinaryData parent = codec_hash(space);
		Twinlog__Act act = TWINLOG__ACT__INIT;
		uint8_t *bytes;
		size_t size;

		act.kind = TWINLOG__ACT_KIND__ACT_ACCEPT;
		act.space = codec_hash(space);
		act.signer = codec_hash(&duo->cities[1].identity);
		act.parents = &parent;
		act.n_parents = 1;
		act.number = 2;
		act.clock_ms = i + 1;
		assert_int_equal(act_seal(&act, duo->cities[1].keys, &bytes, &size), TWINLOG_OK);
		assert_int_equal(node_load_act(duo->cities[at].node, SEQUENCE + i, bytes, size), TWINLOG_OK);
		free(bytes);
	}
}

static void acts_come_in_parts(void **state)
{
	struct duo duo;
	struct hash space;
	struct seen seen = {0};

	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	duo_unlink(&duo);
	acts_load(&duo, 0, &space, 9000);
	acts_load(&duo, 1, &space, 8999);
	duo.watch = watch;
	duo.watching = &seen;
	duo_link(&duo);
	duo_time(&duo, 200);
	assert_true(duo_alike(&duo));
	assert_true(seen.parts >= 3);
	assert_true(seen.greatest <= TWINLOG_PART_MAX);
	duo_end(&duo);
}

static void budget_say(struct duo *duo, uint64_t rate)
{
	struct event event = {.type = EVENT_BUDGET, .budget = {duo->cities[1].identity, rate}};

	duo_step(duo, 0, &event);
	duo_run(duo);
}

/* Where the budget is spent nothing is pushed, but told of. */
static void what_a_commit_brought_is_announced(void **state)
{
	struct duo duo;
	struct hash space;
	struct seen seen = {0};

	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	duo_unlink(&duo);
	branches_load(&duo, 0, &space, 0, 2000);
	duo.watch = watch;
	duo.watching = &seen;
	duo_link(&duo);
	duo_time(&duo, 200);
	budget_say(&duo, TWINLOG_BUDGET_MIN);
	for (unsigned i = 0; i < 10; i++)
		duo_submit(&duo, 0, &space);
	assert_true(seen.announcements > 0);
	assert_int_equal(seen.most_announced, 1);
	budget_say(&duo, BUDGET_NONE);
	duo_time(&duo, TWINLOG_DIGEST_INTERVAL_MS);
	duo_time(&duo, TWINLOG_DIGEST_INTERVAL_MS);
	assert_true(duo_alike(&duo));
	duo_end(&duo);
}

/* ---- Time. ---- */

static struct hash id_of(uint32_t number)
{
	return seal_hash1("branch", &number, sizeof number);
}

/* One graph of so many branches, each of which is then built on once. */
static double graph_seconds(uint32_t count)
{
	struct bundle bundle = {.number = 1};
	struct graph *graph;
	struct hash parent;
	double begin;

	assert_int_equal(graph_new(&bundle.city, &graph), TWINLOG_OK);
	begin = cpu_now();
	for (uint32_t i = 0; i < 2 * count; i++) {
		bundle.id = id_of(i);
		if (i >= count) {
			parent = id_of(i - count);
			bundle.parents = &parent;
			bundle.parents_count = 1;
			bundle.number = 2;
		}
		assert_int_equal(graph_add(graph, &bundle, i + 1, true, 0, 0), TWINLOG_OK);
		assert_int_equal(graph_commit(graph), TWINLOG_OK);
	}
	begin = cpu_now() - begin;
	assert_int_equal(graph_heads(graph)->count, count);
	assert_int_equal(graph_told(graph)->count, count);
	assert_int_equal(graph_tips(graph)->count, count);
	graph_free(graph);
	return begin;
}

/* Of 1,000 that come when so many are there. */
static double commit_seconds(uint32_t there)
{
	enum { COME = 1000 };
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__BundleList list = TWINLOG__BUNDLE_LIST__INIT;
	Twinlog__Chunk chunk = TWINLOG__CHUNK__INIT;
	ProtobufCBinaryData items[COME];
	struct duo duo;
	struct hash space;
	uint8_t *packed, *frame;
	size_t packed_size, frame_size;

	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	duo_time(&duo, 2000);
	branches_load(&duo, 1, &space, there, there);
	for (uint32_t i = 0; i < COME; i++)
		branch_make(&duo, 1, &space, there + i, NULL, 1, &items[i].data, &items[i].len);
	list.bundles = items;
	list.n_bundles = COME;
	assert_int_equal(codec_pack(&list.base, &packed, &packed_size), TWINLOG_OK);
	chunk.space = codec_hash(&space);
	chunk.city = codec_hash(&duo.cities[1].identity);
	chunk.size = (uint32_t)packed_size;
	chunk.bundles = codec_bytes(packed, packed_size);
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_CHUNK;
	message.chunk = &chunk;
	assert_int_equal(codec_pack(&message.base, &frame, &frame_size), TWINLOG_OK);
	duo.cities[0].mute = true;
	spent = 0;
	duo_message(&duo, 0, frame, frame_size);
	duo_run(&duo);
	assert_int_equal(space_bundles(node_space(duo.cities[0].node, 0)), there + COME);
	free(frame);
	free(packed);
	for (uint32_t i = 0; i < COME; i++)
		free(items[i].data);
	duo_end(&duo);
	return spent;
}

static int order(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* The median of the rounds, so that something else that runs meanwhile decides nothing. */
static double times_as_long(double (*seconds)(uint32_t count), uint32_t few, uint32_t many)
{
	double ratios[ROUNDS];

	for (size_t i = 0; i < ROUNDS; i++) {
		const double first = seconds(few);

		ratios[i] = seconds(many) / first;
	}
	qsort(ratios, ROUNDS, sizeof *ratios, order);
	return ratios[ROUNDS / 2];
}

/* Where each commit looks at all branches it is sixteen times and more. */
static void a_graph_grows_like_its_size(void **state)
{
	const double ratio = times_as_long(graph_seconds, 2000, 8000);

	(void)state;
	print_message("four times the branches take %.2f times as long\n", ratio);
	assert_true(ratio < 10);
}

/* Where it looks at all branches it is eight times and more. */
static void a_commit_asks_not_how_many_are_there(void **state)
{
	const double ratio = times_as_long(commit_seconds, 2100, 16800);

	(void)state;
	print_message("with eight times the branches a commit takes %.2f times as long\n", ratio);
	assert_true(ratio < 5);
}

/* ---- Putting it out. ---- */

struct removal {
	uint64_t unnamed; /* as the answer says */
	const Twinlog__Cutoff *counts;
};

static struct removal removal(struct duo *duo, const struct hash *space, bool extend)
{
	struct removal removal = {0};
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__SpaceChange change = TWINLOG__SPACE_CHANGE__INIT;
	Twinlog__SpaceMember member = TWINLOG__SPACE_MEMBER__INIT;
	struct arena *arena = arena_new(SIZE_MAX);

	assert_non_null(arena);
	member.identity = codec_hash(&duo->cities[1].identity);
	change.space = codec_hash(space);
	change.act = TWINLOG__ACT_KIND__ACT_REMOVE;
	change.member = &member;
	change.extend = extend;
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_CHANGE;
	request.space_change = &change;
	duo_request(duo, 0, &request);
	const Twinlog__Reply *reply = duo_reply(duo, 0, arena);
	assert_non_null(reply);
	assert_int_equal(reply->body_case, TWINLOG__REPLY__BODY_SPACES);
	removal.unnamed = reply->spaces->unnamed;
	arena_free(arena);
	const struct acts *acts = space_acts(node_space(duo->cities[0].node, 0));
	removal.counts = acts_at(acts, acts_count(acts) - 1)->message->counts;
	assert_non_null(removal.counts);
	return removal;
}

static bool names(const Twinlog__Cutoff *counts, const struct hash *head)
{
	for (size_t i = 0; i < counts->n_bundles; i++)
		if (memcmp(counts->bundles[i].data, head->bytes, HASH_SIZE) == 0)
			return true;
	return false;
}

/* After 200 branches a chain of ten: it is named, and extending names others each time. */
static void it_can_be_put_out(void **state)
{
	struct duo duo;
	struct hash space, last;
	struct removal made;

	(void)state;
	duo_init(&duo);
	assert_true(duo_offer(&duo, TWINLOG__TEMPLATE__TEMPLATE_NETWORK, &space));
	assert_true(duo_accept(&duo, &space));
	duo_unlink(&duo);
	branches_load(&duo, 1, &space, 200, 200);
	for (uint32_t i = 0; i < 10; i++) {
		struct bundle *bundle;
		uint8_t *bytes;
		size_t size;

		branch_make(&duo, 1, &space, 200 + i, i > 0 ? &last : NULL, i + 1, &bytes, &size);
		assert_int_equal(bundle_open(bytes, size, NULL, 0, &bundle), TWINLOG_OK);
		last = bundle->id;
		bundle_free(bundle);
		load(&duo, 0, 200 + i, bytes, size);
		free(bytes);
	}
	made = removal(&duo, &space, false);
	assert_int_equal(made.counts->n_bundles, TWINLOG_CUTOFF_HEADS_MAX);
	assert_true(names(made.counts, &last));
	assert_int_equal(made.unnamed, 201 - TWINLOG_CUTOFF_HEADS_MAX);
	assert_int_equal(acts_member(space_acts(node_space(duo.cities[0].node, 0)), &duo.cities[1].identity)->standing,
			 STANDING_REMOVED);
	made = removal(&duo, &space, true);
	assert_false(names(made.counts, &last));
	assert_int_equal(made.unnamed, 201 - 2 * TWINLOG_CUTOFF_HEADS_MAX);
	made = removal(&duo, &space, true);
	assert_int_equal(made.unnamed, 201 - 3 * TWINLOG_CUTOFF_HEADS_MAX);
	made = removal(&duo, &space, true);
	assert_int_equal(made.unnamed, 0);
	duo_end(&duo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(heads_come_in_parts),         cmocka_unit_test(more_heads_than_an_answer_has),
	    cmocka_unit_test(acts_come_in_parts),          cmocka_unit_test(what_a_commit_brought_is_announced),
	    cmocka_unit_test(a_graph_grows_like_its_size), cmocka_unit_test(a_commit_asks_not_how_many_are_there),
	    cmocka_unit_test(it_can_be_put_out),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
