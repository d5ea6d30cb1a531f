/* Law of courier files: two cities without a line that hand files to each other come to hold and answer the same,
 * though files are lost, come late, in another order, twice or cut short, and are written while things are said; and
 * one that does not belong is handed nothing that was said since. Words, links, erasures, a partner that is removed,
 * leaves and comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "carry.h"
#include "carry.pb-c.h"
#include "turns_story.h"

#define STORIES 40u
#define WORDS   150u
#define FILES   64u
#define PAGE    16u /* parts that are handed over at once */

/* ---- Files ---- */

struct file {
	unsigned to;
	uint8_t *head;
	size_t head_size;
	ProtobufCBinaryData *parts; /* CarriedPart, without the head */
	size_t count;
};

struct post {
	struct file files[FILES];
	size_t count;
};

static const struct duo_city *reading; /* whose store is read */

enum twinlog_error __wrap_store_get_bundle(struct store_read *read, uint64_t sequence, const uint8_t **ret_bytes,
					   size_t *ret_size);
enum twinlog_error __wrap_store_get_bundle(struct store_read *read, uint64_t sequence, const uint8_t **ret_bytes,
					   size_t *ret_size)
{
	(void)read;
	for (size_t i = 0; i < reading->bundles_count; i++)
		if (reading->bundles[i].sequence == sequence) {
			*ret_bytes = reading->bundles[i].bytes;
			*ret_size = reading->bundles[i].size;
			return TWINLOG_OK;
		}
	return TWINLOG_NOT_FOUND;
}

static void file_drop(struct post *post, size_t number)
{
	struct file *file = &post->files[number];

	for (size_t i = 0; i < file->count; i++)
		free(file->parts[i].data);
	free(file->parts);
	free(file->head);
	*file = post->files[--post->count];
}

/* Who does not belong gets nothing that was said. */
static void entitled(const struct duo_city *writer, const struct hash *to, ProtobufCBinaryData bytes)
{
	struct bundle *bundle;
	const struct member *member;

	assert_int_equal(bundle_open(bytes.data, bytes.len, NULL, 0, &bundle), TWINLOG_OK);
	member = acts_member(space_acts(node_space_find(writer->node, &bundle->space)), to);
	assert_true(member && member->standing == STANDING_MEMBER);
	bundle_free(bundle);
}

static void part_put(struct file *file, ProtobufCBinaryData bytes, const struct story *story, struct arena *arena)
{
	Twinlog__CarriedPart *part;

	assert_int_equal(CODEC_UNPACK(arena, bytes.data, bytes.len, &part, twinlog__carried_part), TWINLOG_OK);
	if (part->body_case == TWINLOG__CARRIED_PART__BODY_HEAD) {
		assert_int_equal(codec_pack(&part->head->base, &file->head, &file->head_size), TWINLOG_OK);
		return;
	}
	if (part->body_case == TWINLOG__CARRIED_PART__BODY_BUNDLE)
		entitled(&story->duo.cities[1 - file->to], &story->duo.cities[file->to].identity, part->bundle);
	file->parts = realloc(file->parts, (file->count + 1) * sizeof *file->parts);
	assert_non_null(file->parts);
	file->parts[file->count++] = codec_bytes(duo_copy(bytes.data, bytes.len), bytes.len);
}

/* Answers whether there is one: nothing is shared, or acts came in between. */
static bool file_write(struct story *story, struct post *post, unsigned from, bool all)
{
	const struct duo_city *writer = &story->duo.cities[from];
	Twinlog__CarryGet get = TWINLOG__CARRY_GET__INIT;
	Twinlog__CarryPlace place;
	struct file *file;
	enum twinlog_error error = TWINLOG_OK;
	bool last = false;

	if (post->count == FILES)
		file_drop(post, draw(FILES));
	file = &post->files[post->count++];
	*file = (struct file){.to = 1 - from};
	get.to = codec_hash(&story->duo.cities[1 - from].identity);
	get.all = all;
	while (!last && !error) {
		struct arena *arena = arena_new(TWINLOG_ANSWER_MAX);
		Twinlog__Reply reply = TWINLOG__REPLY__INIT;

		assert_non_null(arena);
		reading = writer;
		error = carry_answer(writer->node, writer->keys, NULL, NULL, &get, arena, &reply);
		for (size_t i = 0; !error && i < reply.carry_page->n_parts; i++)
			part_put(file, reply.carry_page->parts[i], story, arena);
		if (!error) {
			place = *reply.carry_page->next;
			get.place = &place;
			last = reply.carry_page->last;
		}
		arena_free(arena);
	}
	if (!error)
		return true;
	assert_true(error == TWINLOG_NOT_A_MEMBER || error == TWINLOG_STALE);
	file_drop(post, post->count - 1);
	return false;
}

static void page_hand(struct story *story, const struct file *file, ProtobufCBinaryData *parts, size_t count)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__CarryPut put = TWINLOG__CARRY_PUT__INIT;
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	const Twinlog__Reply *reply;

	assert_non_null(arena);
	put.head = codec_bytes(file->head, file->head_size);
	put.parts = parts;
	put.n_parts = count;
	request.body_case = TWINLOG__REQUEST__BODY_CARRY_PUT;
	request.carry_put = &put;
	duo_request(&story->duo, file->to, &request);
	duo_run(&story->duo);
	assert_int_equal(story->duo.failed, TWINLOG_OK);
	reply = duo_reply(&story->duo, file->to, arena);
	assert_non_null(reply);
	assert_int_equal(reply->body_case, TWINLOG__REPLY__BODY_CARRY_TAKEN);
	arena_free(arena);
}

static bool is_proof(ProtobufCBinaryData bytes)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	Twinlog__CarriedPart *part;
	bool proof;

	assert_non_null(arena);
	assert_int_equal(CODEC_UNPACK(arena, bytes.data, bytes.len, &part, twinlog__carried_part), TWINLOG_OK);
	proof = part->body_case != TWINLOG__CARRIED_PART__BODY_BUNDLE &&
		part->body_case != TWINLOG__CARRIED_PART__BODY_POSITION;
	arena_free(arena);
	return proof;
}

/* As courier read does: proofs first, page by page; of a file cut short what there is. */
static void file_read(struct story *story, const struct file *file, size_t upto)
{
	for (int proofs = 1; proofs >= 0; proofs--) {
		ProtobufCBinaryData parts[PAGE];
		size_t count = 0;

		for (size_t i = 0; i < upto; i++) {
			if (is_proof(file->parts[i]) != (proofs == 1))
				continue;
			parts[count++] = file->parts[i];
			if (count == PAGE) {
				page_hand(story, file, parts, count);
				count = 0;
			}
		}
		if (count > 0)
			page_hand(story, file, parts, count);
	}
}

/* ---- What happens ---- */

static void membership(struct story *story)
{
	static const uint32_t acts[] = {TWINLOG__ACT_KIND__ACT_REMOVE, TWINLOG__ACT_KIND__ACT_LEAVE,
					TWINLOG__ACT_KIND__ACT_ADD, TWINLOG__ACT_KIND__ACT_ADD};
	const uint32_t act = acts[draw(4)];

	story->space = draw(2);
	duo_change(&story->duo, act == TWINLOG__ACT_KIND__ACT_LEAVE, &story->spaces[story->space], act, NULL);
}

static void something_happens(struct story *story, struct post *post)
{
	const uint32_t what = draw(20);

	if (what < 3) {
		(void)file_write(story, post, draw(2), draw(4) == 0);
	} else if (what < 7 && post->count > 0) {
		const uint32_t number = draw((uint32_t)post->count);
		const struct file *file = &post->files[number];

		file_read(story, file, draw(4) ? file->count : draw((uint32_t)file->count + 1));
		if (draw(3) > 0)
			file_drop(post, number);
	} else if (what == 7 && post->count > 0) {
		file_drop(post, draw((uint32_t)post->count));
	} else if (what == 8) {
		membership(story);
	} else if (what == 9) {
		(void)duo_accept(&story->duo, &story->spaces[draw(2)]);
	} else {
		say_something(story);
	}
}

/* ---- The law ---- */

static void hand_over(struct story *story, struct post *post, unsigned from, bool all)
{
	while (post->count > 0)
		file_drop(post, 0);
	duo_time(&story->duo, 2000); /* its position is signed */
	if (file_write(story, post, from, all))
		file_read(story, &post->files[0], post->files[0].count);
}

static void alike(const struct story *story, uint64_t seed)
{
	for (size_t s = 0; s < 2; s++) {
		const struct space *spaces[2];
		struct hash digests[2][2];
		const struct member *partner;

		for (unsigned at = 0; at < 2; at++) {
			spaces[at] = node_space_find(story->duo.cities[at].node, &story->spaces[s]);
			assert_non_null(spaces[at]);
			space_digest(spaces[at], &digests[at][0], &digests[at][1]);
		}
		partner = acts_member(space_acts(spaces[0]), &story->duo.cities[1].identity);
		/* One that is outside is told what ended its membership alone. */
		if (partner->standing != STANDING_MEMBER && partner->standing != STANDING_INVITED)
			continue;
		if (!hash_equal(&digests[0][0], &digests[1][0]))
			fail_msg("seed %llu: acts of space %zu differ", (unsigned long long)seed, s);
		if (partner->standing == STANDING_INVITED)
			continue;
		if (!hash_equal(&digests[0][1], &digests[1][1]) ||
		    !hash_equal(erasures_digest(space_erasures(spaces[0])), erasures_digest(space_erasures(spaces[1]))))
			fail_msg("seed %llu: space %zu differs", (unsigned long long)seed, s);
		for (unsigned at = 0; at < 2; at++) {
			const struct space_member_view view = space_member_view(story->duo.cities[at].node, spaces[at],
										&story->duo.cities[1 - at].identity);

			if (view.lag_bundles || view.missing_bundles)
				fail_msg("seed %llu: city %u takes the other for one that lacks %llu and has %llu more",
					 (unsigned long long)seed, at, (unsigned long long)view.lag_bundles,
					 (unsigned long long)view.missing_bundles);
		}
	}
}

/* No file brings back what was erased. */
static void erased_stays_erased(const struct duo_city *city)
{
	for (size_t b = 0; b < city->bundles_count; b++) {
		const struct erasures *erasures;
		struct bundle *bundle;

		assert_int_equal(bundle_open(city->bundles[b].bytes, city->bundles[b].size, NULL, 0, &bundle),
				 TWINLOG_OK);
		erasures = space_erasures(node_space_find(city->node, &bundle->space));
		for (uint32_t i = 0; i < bundle->leaves_count; i++)
			if (erasures_of(erasures, &bundle->city, &bundle->leaves[i].hash))
				assert_null(bundle->leaves[i].salt);
		bundle_free(bundle);
	}
}

static void all_is_handed_over(void **state)
{
	unsigned members = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= STORIES; seed++) {
		struct story *story = calloc(1, sizeof *story);
		struct post *post = calloc(1, sizeof *post);

		assert_true(story && post);
		dice = seed * UINT64_C(0x9e3779b97f4a7c15);
		duo_init(&story->duo);
		for (unsigned i = 0; i < 2; i++)
			assert_true(duo_offer(&story->duo, TWINLOG__TEMPLATE__TEMPLATE_NETWORK, &story->spaces[i]));
		assert_true(duo_accept(&story->duo, &story->spaces[0]));
		duo_unlink(&story->duo);
		store_up(story);
		for (unsigned i = 0; i < WORDS; i++)
			something_happens(story, post);
		for (unsigned i = 0; i < 3; i++)
			for (unsigned from = 0; from < 2; from++)
				hand_over(story, post, from, false);
		alike(story, seed);
		for (unsigned at = 0; at < 2; at++)
			erased_stays_erased(&story->duo.cities[at]);
		for (size_t s = 0; s < 2; s++)
			members +=
			    acts_member(space_acts(node_space_find(story->duo.cities[0].node, &story->spaces[s])),
					&story->duo.cities[1].identity)
				->standing == STANDING_MEMBER;
		while (post->count > 0)
			file_drop(post, 0);
		store_down(story);
		duo_end(&story->duo);
		free(post);
		free(story);
	}
	assert_true(members > STORIES / 2);
}

/* What a crash could take away again is in no file. */
static void acts_reach_the_disk_first(void **state)
{
	struct story *story = calloc(1, sizeof *story);
	struct post *post = calloc(1, sizeof *post);
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__SpaceChange change = TWINLOG__SPACE_CHANGE__INIT;

	(void)state;
	assert_true(story && post);
	duo_init(&story->duo);
	assert_true(duo_offer(&story->duo, TWINLOG__TEMPLATE__TEMPLATE_NETWORK, &story->spaces[0]));
	assert_true(duo_accept(&story->duo, &story->spaces[0]));
	duo_unlink(&story->duo);
	assert_true(file_write(story, post, 0, false));
	change.space = codec_hash(&story->spaces[0]);
	change.act = TWINLOG__ACT_KIND__ACT_RENAME;
	change.title = codec_string("Another");
	request.id = 1;
	request.version = 1;
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_CHANGE;
	request.space_change = &change;
	duo_step(&story->duo, 0, &(struct event){.type = EVENT_REQUEST, .request = {.client = 1, .request = &request}});
	assert_false(file_write(story, post, 0, false));
	duo_run(&story->duo);
	assert_true(file_write(story, post, 0, false));
	assert_int_equal(story->duo.failed, TWINLOG_OK);
	while (post->count > 0)
		file_drop(post, 0);
	duo_end(&story->duo);
	free(post);
	free(story);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_is_handed_over),
					   cmocka_unit_test(acts_reach_the_disk_first)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
