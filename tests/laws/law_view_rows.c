/* Laws of the view, on random histories of many records: what a filter finds by sets of rows is what it finds by
 * looking at each record, in the order of what they are sorted by, also as one city states it; a view kept up by
 * commits is a view made anew; any order of arrival lists the same; pages put together are the whole, also while there
 * is writing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "filter_rows.h"
#include "page.h"
#include "view_history.h"

#define FILTERS 40u

/* ---- Filters ---- */

struct asking {
	Twinlog__Filter message;
	ProtobufCBinaryData lists[12][2];
	uint32_t numbers[2][2];
	struct arena *arena;
	Twinlog__Reply reply;
	struct query_extra extra;
	struct query query;
	struct filter filter;
	struct by_name *names;
};

static size_t ask_list(struct asking *asking, size_t list, const char *const *values, size_t count)
{
	const size_t wanted = draw(8) == 0 ? 1 + draw(2) : 0;

	for (size_t i = 0; i < wanted; i++) {
		const char *value = values[draw((uint32_t)count)];

		asking->lists[list][i] = codec_string(value ? value : "nobody_said_this");
	}
	return wanted;
}
#define ASK(asking, list, values, name)                                                                                \
	((asking)->message.n_##name = ask_list(asking, list, values, sizeof values / sizeof *values),                  \
	 (asking)->message.name = (asking)->lists[list])

static void ask(struct asking *asking, const struct history *history)
{
	static const char *const countries[] = {"CN", "KR", "JP", "FR"};
	static const char *const relations[] = {"sister", "friendship"};

	memset(asking, 0, sizeof *asking);
	twinlog__filter__init(&asking->message);
	twinlog__reply__init(&asking->reply);
	asking->arena = arena_new(TWINLOG_UNPACK_MAX);
	asking->query = (struct query){.self = history->county.towns[1].identity,
				       .extra = &asking->extra,
				       .arena = asking->arena,
				       .reply = &asking->reply};
	ASK(asking, 0, city_ids, cities);
	ASK(asking, 1, city_ids, partners);
	ASK(asking, 2, countries, countries);
	ASK(asking, 3, fields, fields);
	ASK(asking, 4, forms, forms);
	ASK(asking, 5, modes, modes);
	ASK(asking, 6, statuses, statuses);
	ASK(asking, 7, levels, actor_levels);
	ASK(asking, 8, kinds, actor_kinds);
	ASK(asking, 9, channels, channels);
	ASK(asking, 10, city_ids, stated_by);
	ASK(asking, 11, relations, relation_types);
	/* Some begin just behind the day of what ~ lets end later, or end just before that of what it lets begin
	 * earlier, within a year and where one begins. */
	if (draw(2) == 0)
		asking->message.from = codec_string(draw(3) ? dates[draw(11)] : draw(2) ? "2018-12-20" : "1996");
	if (draw(2) == 0)
		asking->message.to = codec_string(draw(3) ? dates[draw(11)] : draw(2) ? "2018-10-20" : "1994");
	if (draw(6) == 0) {
		asking->numbers[0][0] = 1 + draw(6);
		asking->numbers[0][1] = 1 + draw(6);
		asking->message.states = asking->numbers[0];
		asking->message.n_states = 2;
	}
	if (draw(6) == 0) {
		asking->numbers[1][0] = 1 + draw(3);
		asking->message.kinds = asking->numbers[1];
		asking->message.n_kinds = 1;
	}
	asking->message.waiting = draw(8) == 0;
	asking->message.follow = draw(2) == 1;
	/* One city's view asks little else, so that it shows something. */
	if (draw(3) == 0) {
		const Twinlog__Filter asked = asking->message;

		twinlog__filter__init(&asking->message);
		asking->lists[10][0] = codec_string(city_ids[draw(TOWNS)]);
		asking->message.stated_by = asking->lists[10];
		asking->message.n_stated_by = 1;
		asking->message.from = asked.from;
		asking->message.to = asked.to;
		asking->message.n_cities = draw(2) ? asked.n_cities : 0;
		asking->message.cities = asked.cities;
		asking->message.n_fields = asked.n_fields;
		asking->message.fields = asked.fields;
	}
	/* Days alone, so that many are left. */
	if (draw(4) == 0) {
		const Twinlog__Filter asked = asking->message;

		twinlog__filter__init(&asking->message);
		asking->message.from = asked.from;
		asking->message.to = asked.from.len ? codec_bytes(NULL, 0) : asked.to;
	}
	assert_int_equal(by_name_new(&asking->query, codec_string("ko"), &asking->names), TWINLOG_OK);
	if (filter_init(&asking->filter, &asking->query, &asking->message) != TWINLOG_OK) {
		/* The days asked for are the wrong way round. */
		filter_free(&asking->filter);
		asking->message.from = asking->message.to = codec_bytes(NULL, 0);
		assert_int_equal(filter_init(&asking->filter, &asking->query, &asking->message), TWINLOG_OK);
	}
}

static void ask_free(struct asking *asking)
{
	filter_free(&asking->filter);
	by_name_free(asking->names);
	arena_free(asking->arena);
}

static roaring_bitmap_t *found(const struct asking *asking, const struct view_space *view)
{
	const struct filter_space where = filter_space_of(&asking->filter, view->statements, view->acts);
	roaring_bitmap_t *rows = NULL;

	assert_int_equal(filter_rows(&asking->filter, &where, view, &rows), TWINLOG_OK);
	return rows;
}

static uint64_t same_as_each(const struct asking *asking, const struct view_space *view, uint64_t seed)
{
	struct filter_space where = filter_space_of(&asking->filter, view->statements, view->acts);
	roaring_bitmap_t *rows = found(asking, view);
	const uint64_t count = roaring_bitmap_get_cardinality(rows);
	uint64_t fitting = 0;

	assert_int_equal(filter_space_prepare(&asking->filter, &where), TWINLOG_OK);
	for (uint32_t i = 0; i < statements_records(view->statements); i++) {
		struct record_summary summary;
		bool fits;

		assert_int_equal(filter_fits(&asking->filter, &where, i, &summary, &fits), TWINLOG_OK);
		if (fits != roaring_bitmap_contains(rows, i))
			fail_msg("seed %llu: record %u fits %d", (unsigned long long)seed, i, fits);
		fitting += fits;
	}
	assert_int_equal(fitting, count);
	filter_space_free(&where);
	roaring_bitmap_free(rows);
	return count;
}

/* ---- Lists ---- */

struct listing {
	struct handle handles[BUNDLES];
	size_t count;
	uint64_t total;
};

static struct listing list_page(const struct asking *asking, const struct view_space *view, struct order order,
				size_t size, const struct place_key *after, struct place_key *ret_last)
{
	struct candidate heap[BUNDLES + 1];
	roaring_bitmap_t *rows = found(asking, view);
	const struct filter *filter = &asking->filter;
	const struct filter_space where = filter_space_of(filter, view->statements, view->acts);
	const struct listed listed = {.view = view,
				      .rows = rows,
				      .apart = filter_rows_apart(&where, view),
				      .stating = where.stating,
				      .first = filter->dates ? filter->first : INT32_MIN,
				      .last = filter->dates ? filter->last : INT32_MAX};
	struct page page = {.order = order, .heap = heap, .capacity = size + 1};
	struct listing listing = {0};

	page.order.names = asking->names;
	if (after) {
		page.behind = true;
		page.after = *after;
	}
	assert_int_equal(page_gather(&page, &listed), TWINLOG_OK);
	page_sort(&page);
	listing.total = page.total;
	for (size_t i = 0; i < page.count && i < size; i++) {
		listing.handles[listing.count++] = heap[i].key.handle;
		*ret_last = heap[i].key;
	}
	roaring_bitmap_free(rows);
	return listing;
}

static bool same_listing(const struct listing *a, const struct listing *b)
{
	return a->count == b->count && memcmp(a->handles, b->handles, a->count * sizeof *a->handles) == 0;
}

static const struct order orders[] = {
    {.sort = TWINLOG__SORT__SORT_DATE},    {.sort = TWINLOG__SORT__SORT_DATE, .descending = true},
    {.sort = TWINLOG__SORT__SORT_CHANGED}, {.sort = TWINLOG__SORT__SORT_CHANGED, .descending = true},
    {.sort = TWINLOG__SORT__SORT_CITY},    {.sort = TWINLOG__SORT__SORT_CITY, .descending = true},
};
#define ORDERS (sizeof orders / sizeof *orders)

/* The keys that rows have in a list, sorted by themselves. */
static const struct order *sorting;
static int compare_keys(const void *a, const void *b)
{
	return order_compare(sorting, a, b);
}

/* The facts that a city's side of the record has, as those who judge it say. */
static const struct facts *side_facts(const struct view_space *view, uint32_t row, ProtobufCBinaryData city)
{
	const struct member *member = acts_member_by_city(view->acts, city);
	const struct facts *facts = NULL;
	struct judgement judgement;

	judgement_init(&judgement);
	assert_int_equal(record_judge(view->statements, view->acts, &view->self,
				      statements_record(view->statements, row), &judgement),
			 TWINLOG_OK);
	for (size_t i = 0; i < judgement.sides_count; i++)
		if (judgement.sides[i].member == member && judgement.sides[i].facts && judgement.sides[i].facts->values)
			facts = judgement.sides[i].facts;
	judgement_free(&judgement);
	return facts;
}

static void listed_as_sorted(const struct asking *asking, const struct view_space *view, uint64_t seed)
{
	const bool one_view = asking->message.n_stated_by == 1;
	roaring_bitmap_t *rows = found(asking, view);

	for (size_t o = 0; o < ORDERS; o++) {
		struct order order = orders[o];
		struct place_key keys[BUNDLES], unused;
		struct listing sorted = {0};
		size_t count = 0;

		order.names = asking->names;
		for (uint32_t row = 0; row < view->rows; row++) {
			if (!roaring_bitmap_contains(rows, row))
				continue;
			keys[count] = order_key(&order, view, row);
			if (one_view) {
				const struct facts *facts = side_facts(view, row, asking->message.stated_by[0]);

				if (!facts)
					fail_msg("seed %llu: record %u is not stated", (unsigned long long)seed, row);
				keys[count] = order_key_of(&order, view, row, facts);
			}
			keys[count++].handle = statements_record(view->statements, row)->handle;
		}
		sorting = &order;
		qsort(keys, count, sizeof *keys, compare_keys);
		while (sorted.count < count) {
			sorted.handles[sorted.count] = keys[sorted.count].handle;
			sorted.count++;
		}
		const struct listing whole = list_page(asking, view, orders[o], BUNDLES, NULL, &unused);

		if (!same_listing(&sorted, &whole))
			fail_msg("seed %llu: order %zu is not sorted", (unsigned long long)seed, o);
	}
	roaring_bitmap_free(rows);
}

static void pages_make_the_whole(const struct asking *asking, const struct view_space *view, uint64_t seed)
{
	struct place_key last, unused;

	for (size_t o = 0; o < ORDERS; o++) {
		const struct listing whole = list_page(asking, view, orders[o], BUNDLES, NULL, &unused);
		struct listing joined = {0};
		const size_t size = 1 + draw(9);
		bool more = true;

		assert_int_equal(whole.count, whole.total);
		for (bool first = true; more; first = false) {
			const struct listing page =
			    list_page(asking, view, orders[o], size, first ? NULL : &last, &last);

			memcpy(joined.handles + joined.count, page.handles, page.count * sizeof *page.handles);
			joined.count += page.count;
			more = page.count == size && joined.count < BUNDLES;
		}
		if (!same_listing(&whole, &joined))
			fail_msg("seed %llu: pages of %zu in order %zu are not the whole", (unsigned long long)seed,
				 size, o);
	}
}

/* ---- The laws ---- */

/* The history as it comes, with cut-offs that come late and erasures; the view beside it in portions, or from half way,
 * as after a start, when it hardly keeps up. */
static void kept_up_is_made_anew(void **state)
{
	uint64_t sum = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
		struct history history;
		struct statements *statements;

		dice = seed * 0x9e3779b97f4a7c15u;
		history_make(&history);
		assert_int_equal(statements_new(&history.county.space, &statements), TWINLOG_OK);
		struct view_space *kept = view_make(&history, statements);
		const bool late = draw(2);

		for (size_t i = 0; i < BUNDLES; i++) {
			assert_int_equal(statements_apply(statements, history.bundles[i], i + 1, true), TWINLOG_OK);
			for (uint32_t r = draw(8) == 0 ? 1 + draw(3) : 0; r > 0; r--)
				statements_recount(statements, 1 + draw((uint32_t)i + 1), draw(2));
			statements_settle(statements);
			if (draw(8) == 0)
				statements_erase(statements, &history.said[draw((uint32_t)i + 1)].leaf);
			if (draw(20) == 0)
				statements_members_changed(statements);
			if (!late && draw(5) == 0)
				view_update(kept, 1 + draw(20));
			if (late ? i > BUNDLES / 2 : draw(20) == 0)
				assert_int_equal(view_space_catch_up(kept, late ? 2 : 1), TWINLOG_OK);
		}
		view_update(kept, UINT32_MAX);
		struct view_space *anew = view_make(&history, statements);

		view_update(anew, UINT32_MAX);
		for (size_t i = 0; i < FILTERS; i++) {
			struct asking asking;
			struct place_key unused;

			ask(&asking, &history);
			sum += same_as_each(&asking, kept, seed);
			same_as_each(&asking, anew, seed);
			for (size_t o = 0; o < ORDERS; o++) {
				const struct listing a = list_page(&asking, kept, orders[o], BUNDLES, NULL, &unused);
				const struct listing b = list_page(&asking, anew, orders[o], BUNDLES, NULL, &unused);

				assert_true(same_listing(&a, &b));
			}
			listed_as_sorted(&asking, kept, seed);
			pages_make_the_whole(&asking, kept, seed);
			ask_free(&asking);
		}
		view_space_free(anew);
		view_space_free(kept);
		statements_free(statements);
		history_free(&history);
	}
	/* Filters that find nothing would say little. */
	assert_true(sum > HISTORIES * FILTERS);
}

static void any_order_lists_the_same(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
		struct history history;
		struct statements *statements[2];
		struct view_space *views[2];
		size_t arrival[BUNDLES];

		dice = seed * 0x9e3779b97f4a7c15u;
		history_make(&history);
		for (size_t i = 0; i < BUNDLES; i++)
			arrival[i] = i;
		for (size_t v = 0; v < 2; v++) {
			assert_int_equal(statements_new(&history.county.space, &statements[v]), TWINLOG_OK);
			views[v] = view_make(&history, statements[v]);
			for (size_t i = 0; i < BUNDLES; i++) {
				assert_int_equal(
				    statements_apply(statements[v], history.bundles[arrival[i]], i + 1, true),
				    TWINLOG_OK);
				if (draw(7) == 0)
					view_update(views[v], 3);
			}
			view_update(views[v], UINT32_MAX);
			for (size_t i = BUNDLES - 1; i > 0; i--) {
				const size_t other = draw((uint32_t)i + 1), kept = arrival[i];

				arrival[i] = arrival[other];
				arrival[other] = kept;
			}
		}
		for (size_t i = 0; i < FILTERS; i++) {
			struct asking asking;
			struct place_key unused;

			ask(&asking, &history);
			for (size_t o = 0; o < ORDERS; o++) {
				const struct listing a =
				    list_page(&asking, views[0], orders[o], BUNDLES, NULL, &unused);
				const struct listing b =
				    list_page(&asking, views[1], orders[o], BUNDLES, NULL, &unused);

				if (!same_listing(&a, &b))
					fail_msg("seed %llu: another order of arrival lists otherwise",
						 (unsigned long long)seed);
			}
			ask_free(&asking);
		}
		for (size_t v = 0; v < 2; v++) {
			view_space_free(views[v]);
			statements_free(statements[v]);
		}
		history_free(&history);
	}
}

/* Between two pages records come. What was there all the time and has not moved is listed once, and in order. */
static void pages_survive_writing(void **state)
{
	(void)state;
	for (uint64_t seed = 1; seed <= HISTORIES; seed++) {
		struct history history;
		struct statements *statements;
		struct asking asking;
		struct place_key last;
		struct listing listed = {0}, page;

		dice = seed * 0x9e3779b97f4a7c15u;
		history_make(&history);
		ask(&asking, &history);
		twinlog__filter__init(&asking.message);
		const struct order order = orders[draw(2)];

		assert_int_equal(statements_new(&history.county.space, &statements), TWINLOG_OK);
		struct view_space *view = view_make(&history, statements);
		size_t at = 0;

		filter_free(&asking.filter);
		assert_int_equal(filter_init(&asking.filter, &asking.query, &asking.message), TWINLOG_OK);
		for (; at < BUNDLES / 2; at++)
			assert_int_equal(statements_apply(statements, history.bundles[at], at + 1, true), TWINLOG_OK);
		view_update(view, UINT32_MAX);
		int32_t days[BUNDLES];
		const uint32_t before = view->rows;

		memcpy(days, view->day, before * sizeof *days);
		bool first = true, moved[BUNDLES] = {false};

		do {
			page = list_page(&asking, view, order, 4, first ? NULL : &last, &last);
			memcpy(listed.handles + listed.count, page.handles, page.count * sizeof *page.handles);
			listed.count += page.count;
			first = false;
			for (size_t i = 0; i < 3 && at < BUNDLES; i++, at++)
				assert_int_equal(statements_apply(statements, history.bundles[at], at + 1, true),
						 TWINLOG_OK);
			view_update(view, 2);
			for (uint32_t row = 0; row < before; row++)
				moved[row] |= view->day[row] != days[row];
		} while (page.count == 4 && listed.count < BUNDLES - 4);
		for (uint32_t row = 0; row < before; row++) {
			size_t times = 0;

			for (size_t i = 0; i < listed.count; i++)
				times += handle_equal(&listed.handles[i], &statements_record(statements, row)->handle);
			if (!moved[row] && times != 1)
				fail_msg("seed %llu: record %u is listed %zu times", (unsigned long long)seed, row,
					 times);
		}
		ask_free(&asking);
		view_space_free(view);
		statements_free(statements);
		history_free(&history);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(kept_up_is_made_anew),
	    cmocka_unit_test(any_order_lists_the_same),
	    cmocka_unit_test(pages_survive_writing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
