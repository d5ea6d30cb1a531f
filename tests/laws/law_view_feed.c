/* Law of the feed of changes: whoever follows it from any place, in pages of any size and while it goes on, holds in
 * the end what one who begins anew is told, and no record that is not there; and with a filter each record that fits
 * it, as it stands. In two spaces, with words, links, answers and erasures, and a partner that is removed, leaves and
 * comes back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "turns_story.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define STORIES 40u
#else
#define STORIES 60u
#endif
#define WORDS     250u
#define FOLLOWERS 6u

/* ---- Who follows ---- */

struct kept {
	struct hash space;
	struct handle record;
	uint8_t *bytes; /* Record, packed */
	size_t size;
};

struct follower {
	Twinlog__Filter filter;
	ProtobufCBinaryData lists[2];
	struct kept *kept;
	size_t count, capacity;
	uint8_t cursor[TWINLOG_CURSOR_MAX];
	size_t cursor_size;
	unsigned pages, gone;
};

static struct kept *kept_find(const struct follower *follower, const Twinlog__Record *record)
{
	for (size_t i = 0; i < follower->count; i++)
		if (memcmp(follower->kept[i].space.bytes, record->space.data, HASH_SIZE) == 0 &&
		    memcmp(follower->kept[i].record.bytes, record->handle.data, HANDLE_SIZE) == 0)
			return &follower->kept[i];
	return NULL;
}

/* Which members say that they erased it comes with their positions, not as a change. */
static void confirmations_drop(const Twinlog__Record *record)
{
	for (size_t i = 0; i < record->n_sides; i++) {
		if (record->sides[i]->word)
			record->sides[i]->word->n_erased_at = 0;
		for (size_t c = 0; c < record->sides[i]->n_conflict; c++)
			record->sides[i]->conflict[c]->n_erased_at = 0;
	}
}

static void change_take(struct follower *follower, const Twinlog__Change *change)
{
	struct kept *kept = kept_find(follower, change->record);

	assert_false(change->large);
	if (change->gone) {
		follower->gone++;
		if (kept) {
			free(kept->bytes);
			*kept = follower->kept[--follower->count];
		}
		return;
	}
	if (kept) {
		free(kept->bytes);
	} else {
		if (follower->count == follower->capacity) {
			follower->capacity = 2 * follower->capacity + 16;
			follower->kept = realloc(follower->kept, follower->capacity * sizeof *follower->kept);
			assert_non_null(follower->kept);
		}
		kept = &follower->kept[follower->count++];
		memcpy(kept->space.bytes, change->record->space.data, HASH_SIZE);
		memcpy(kept->record.bytes, change->record->handle.data, HANDLE_SIZE);
	}
	confirmations_drop(change->record);
	assert_int_equal(codec_pack(&change->record->base, &kept->bytes, &kept->size), TWINLOG_OK);
}

/* One page; whether there are more. It may stop within the page, and go on behind what it took. */
static bool follow_page(struct story *story, struct follower *follower, uint32_t limit, bool may_stop)
{
	const struct query_extra extra = {.now_ms = UINT64_C(1700000000000), .view = story->view};
	struct arena *arena = arena_new(TWINLOG_ANSWER_MAX);
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Changes changes = TWINLOG__CHANGES__INIT;
	Twinlog__Reply reply;

	assert_non_null(arena);
	changes.filter = &follower->filter;
	changes.cursor = codec_bytes(follower->cursor, follower->cursor_size);
	changes.limit = limit;
	request.body_case = TWINLOG__REQUEST__BODY_CHANGES;
	request.changes = &changes;
	assert_int_equal(store_read_begin(story->store, &story->read), TWINLOG_OK);
	assert_int_equal(query_answer(story->duo.cities[0].node, &story->read, &extra, &request, arena, &reply),
			 TWINLOG_OK);
	store_read_end(story->read);
	assert_int_equal(reply.body_case, TWINLOG__REPLY__BODY_CHANGED);
	assert_false(reply.changed->anew);
	const size_t count = reply.changed->n_changes;
	const size_t taken = may_stop && count > 0 && draw(4) == 0 ? 1 + draw((uint32_t)count) : count;
	ProtobufCBinaryData cursor = reply.changed->cursor;

	assert_true(limit == 0 || count <= limit);
	for (size_t i = 0; i < taken; i++)
		change_take(follower, reply.changed->changes[i]);
	if (taken < count)
		cursor = reply.changed->changes[taken - 1]->cursor;
	assert_true(cursor.len > 0 && cursor.len <= sizeof follower->cursor);
	memcpy(follower->cursor, cursor.data, cursor.len);
	follower->cursor_size = cursor.len;
	follower->pages++;
	const bool more = reply.changed->more || taken < count;
	arena_free(arena);
	return more;
}

static void follower_init(struct follower *follower, unsigned number, const struct story *story)
{
	*follower = (struct follower){.pages = 0};
	twinlog__filter__init(&follower->filter);
	if (number % 3 == 1) {
		follower->lists[0] = codec_string(fields[2]);
		follower->filter.fields = &follower->lists[0];
		follower->filter.n_fields = 1;
	} else if (number % 3 == 2) {
		follower->lists[0] = codec_hash(&story->spaces[1]);
		follower->filter.spaces = &follower->lists[0];
		follower->filter.n_spaces = 1;
	}
}

static void follower_end(struct follower *follower)
{
	for (size_t i = 0; i < follower->count; i++)
		free(follower->kept[i].bytes);
	free(follower->kept);
}

/* ---- What happens ---- */

/* One of the partner's bundles in the space at hand; false: the one drawn is not one. */
static bool any_bundle(const struct story *story, struct hash *ret_id)
{
	const struct duo_city *city = &story->duo.cities[0];
	const struct duo_bundle *drawn;
	struct bundle *bundle;
	bool good;

	if (city->bundles_count == 0)
		return false;
	drawn = &city->bundles[draw((uint32_t)city->bundles_count)];
	assert_int_equal(bundle_open(drawn->bytes, drawn->size, NULL, 0, &bundle), TWINLOG_OK);
	*ret_id = bundle->id;
	good = hash_equal(&bundle->city, &story->duo.cities[1].identity) &&
	       hash_equal(&bundle->space, &story->spaces[story->space]);
	bundle_free(bundle);
	return good;
}

/* Refused where the partner stands otherwise. */
static void membership(struct story *story)
{
	const struct hash *space;
	struct hash head;

	story->space = draw(2);
	space = &story->spaces[story->space];
	switch (draw(4)) {
	case 0:
		/* Mostly from some word on nothing counts. */
		duo_change(&story->duo, 0, space, TWINLOG__ACT_KIND__ACT_REMOVE,
			   any_bundle(story, &head) ? &head : NULL);
		return;
	case 1:
		duo_change(&story->duo, 1, space, TWINLOG__ACT_KIND__ACT_LEAVE, NULL);
		return;
	default:
		duo_change(&story->duo, 0, space, TWINLOG__ACT_KIND__ACT_ADD, NULL);
		assert_true(duo_accept(&story->duo, space));
	}
}

/* By the steward, once the partner is outside. */
static void erase_of_partner(struct story *story)
{
	Twinlog__Erase erase = TWINLOG__ERASE__INIT;
	Twinlog__RecordName name = TWINLOG__RECORD_NAME__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;

	story->space = draw(2);
	name.handle = any_handle(story, 0);
	erase.record = &name;
	erase.city = codec_hash(&story->duo.cities[1].identity);
	erase.all = true;
	erase.reason = codec_string("court_order");
	request.body_case = TWINLOG__REQUEST__BODY_ERASE;
	request.erase = &erase;
	duo_request(&story->duo, 0, &request);
	duo_time(&story->duo, 200);
}

static void erase_own(struct story *story)
{
	story->space = draw(2);
	erase_one(story, draw(2));
	duo_time(&story->duo, 50);
}

static void something_happens(struct story *story)
{
	const uint32_t what = draw(20);

	if (what == 0)
		membership(story);
	else if (what == 1)
		erase_of_partner(story);
	else if (what == 2)
		erase_own(story);
	else
		say_something(story);
	store_it(story);
}

/* ---- The law ---- */

static void alike(const struct follower *follower, const struct follower *anew, uint64_t seed, unsigned number)
{
	for (size_t i = 0; i < anew->count; i++) {
		const struct kept *right = &anew->kept[i];
		const Twinlog__Record named = {.space = codec_hash(&right->space),
					       .handle = codec_bytes(right->record.bytes, HANDLE_SIZE)};
		const struct kept *kept = kept_find(follower, &named);

		if (!kept || kept->size != right->size || memcmp(kept->bytes, right->bytes, kept->size) != 0)
			fail_msg("seed %llu, follower %u: record %02x%02x %s", (unsigned long long)seed, number,
				 right->record.bytes[0], right->record.bytes[1],
				 kept ? "was told otherwise" : "was not told");
	}
	/* What fits a filter no longer is not told. */
	if (follower->filter.n_fields == 0)
		assert_int_equal(follower->count, anew->count);
}

static size_t shown_records(const struct story *story)
{
	size_t shown = 0;

	for (size_t s = 0; s < node_spaces(story->duo.cities[0].node); s++) {
		const struct statements *statements = space_statements(node_space(story->duo.cities[0].node, s));

		for (size_t i = 0; i < statements_records(statements); i++)
			shown += statements_record(statements, i)->shown;
	}
	return shown;
}

static void all_is_told(void **state)
{
	unsigned gone = 0, pages = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= STORIES; seed++) {
		struct story *story = calloc(1, sizeof *story);
		struct follower followers[FOLLOWERS];

		assert_non_null(story);
		dice = seed * UINT64_C(0x9e3779b97f4a7c15);
		duo_init(&story->duo);
		/* The partner accepts when something has been said already. */
		for (unsigned i = 0; i < 2; i++)
			assert_true(duo_offer(&story->duo, TWINLOG__TEMPLATE__TEMPLATE_NETWORK, &story->spaces[i]));
		assert_int_equal(view_new(&story->view), TWINLOG_OK);
		store_up(story);
		for (unsigned i = 0; i < FOLLOWERS; i++)
			follower_init(&followers[i], i, story);
		for (unsigned i = 0; i < WORDS; i++) {
			struct follower *follower = &followers[draw(FOLLOWERS)];

			something_happens(story);
			/* Half of them are slow, and in the midst of something mostly. */
			(void)follow_page(story, follower, 1 + draw(follower - followers < 3 ? 2 : 7), true);
		}
		for (unsigned i = 0; i < FOLLOWERS; i++) {
			struct follower anew;

			while (follow_page(story, &followers[i], 1 + draw(20), true))
				;
			follower_init(&anew, i, story);
			while (follow_page(story, &anew, 0, false))
				;
			alike(&followers[i], &anew, seed, i);
			if (i % 3 == 0)
				assert_int_equal(anew.count, shown_records(story));
			gone += followers[i].gone;
			pages += followers[i].pages;
			follower_end(&anew);
			follower_end(&followers[i]);
		}
		view_free(story->view);
		store_down(story);
		duo_end(&story->duo);
		free(story);
	}
	/* Records came and went, and few pages held all of it. */
	assert_true(gone > STORIES);
	assert_true(pages > STORIES * WORDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(all_is_told)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
