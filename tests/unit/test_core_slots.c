/* Tables into which a partner chooses what goes: names made to share a slot take no longer than others. What would
 * share one without the secret is easily made: hashes whose first bytes are the same, and texts that a hash without a
 * key cannot tell apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "erasures.h"
#include "graph.h"
#include "log.pb-c.h"
#include "names.h"
#include "slots.h"
#include "statements.h"

#define COUNT  20000u
#define SLOTS  (1u << 16)
#define ROUNDS 5u
#define SLOWER 5.0 /* where all share one slot it is dozens of times */

/* ---- What is entered ---- */

/* Hashes that differ from byte `from` on alone; 0: anywhere. Space and part keep one table's apart from another's. */
static struct hash hash_make(uint32_t number, uint8_t part, size_t from)
{
	const uint8_t bytes[] = {part, (uint8_t)number, (uint8_t)(number >> 8), (uint8_t)(number >> 16)};
	struct hash hash = seal_hash1("slots", bytes, sizeof bytes);

	memset(hash.bytes, 0xa5, from);
	return hash;
}

static uint32_t fnv(uint32_t state, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		state = (state ^ bytes[i]) * 16777619u;
	return state;
}

#define BLOCK 3u /* bytes */
#define TEXT  (15u * BLOCK)

/* Two blocks that leave the low bits of FNV-1a as they are at its beginning: any row of them leaves them, too. */
static void blocks_find(uint8_t blocks[2][BLOCK])
{
	size_t found = 0;

	for (uint32_t tried = 1; found < 2; tried++) {
		const uint8_t block[BLOCK] = {(uint8_t)(tried >> 16), (uint8_t)(tried >> 8), (uint8_t)tried};

		assert_true(tried < 1u << 24);
		if (((fnv(2166136261u, block, BLOCK) ^ 2166136261u) & (SLOTS - 1)) == 0)
			memcpy(blocks[found++], block, BLOCK);
	}
}

static void text_make(uint32_t number, uint8_t blocks[2][BLOCK], uint8_t text[TEXT])
{
	for (size_t i = 0; i < TEXT / BLOCK; i++)
		memcpy(text + i * BLOCK, blocks[number >> i & 1], BLOCK);
}

/* ---- Places ---- */

/* Looks at slots until a free one is found, for all of them one after the other. */
struct places {
	bool taken[SLOTS];
	size_t looks;
};

static void place(struct places *places, uint64_t slot)
{
	slot &= SLOTS - 1;
	for (places->looks++; places->taken[slot]; places->looks++)
		slot = (slot + 1) & (SLOTS - 1);
	places->taken[slot] = true;
}

/* Under a third full, chance makes it 1.2 looks for each. */
static void assert_spread(struct places *places)
{
	assert_in_range(places->looks, COUNT, COUNT * 3 / 2);
	memset(places, 0, sizeof *places);
}

/* Names that differ in four of their bytes alone, by counting. */
static void counted_spread(struct places *places, size_t at)
{
	struct handle handle = {{0}};
	struct hash hash = {{0}};

	for (uint32_t i = 0; i < COUNT; i++) {
		memcpy(hash.bytes + at, &i, sizeof i);
		place(places, seal_slot_hash(&hash));
	}
	assert_spread(places);
	if (at + sizeof(uint32_t) > HANDLE_SIZE)
		return;
	for (uint32_t i = 0; i < COUNT; i++) {
		memcpy(handle.bytes + at, &i, sizeof i);
		place(places, seal_slot_handle(&handle));
	}
	assert_spread(places);
}

static void places_spread(void)
{
	static const size_t from[] = {0, 3, 8, 28};
	static const unsigned shifts[] = {0, 12, 29, 40, 49};
	struct places *places = calloc(1, sizeof *places);
	uint8_t blocks[2][BLOCK], text[TEXT];

	assert_non_null(places);
	for (size_t shape = 0; shape < sizeof from / sizeof *from; shape++) {
		for (uint32_t i = 0; i < COUNT; i++) {
			const struct hash hash = hash_make(i, 0, from[shape]);

			place(places, seal_slot_hash(&hash));
		}
		assert_spread(places);
	}
	for (size_t at = 0; at < HASH_SIZE; at += 4)
		counted_spread(places, at);
	blocks_find(blocks);
	for (uint32_t i = 0; i < COUNT; i++) {
		text_make(i, blocks, text);
		place(places, seal_slot(text, sizeof text));
	}
	assert_spread(places);
	for (size_t shape = 0; shape < sizeof shifts / sizeof *shifts; shape++) {
		for (uint64_t i = 0; i < COUNT; i++)
			place(places, seal_slot_number(i << shifts[shape]));
		assert_spread(places);
	}
	free(places);
}

static void test_places(void **state)
{
	struct seal_slots_secret fixed = seal_slots_secret;
	const struct hash hash = hash_make(0, 0, 0);
	const uint64_t slot = seal_slot_hash(&hash), number = seal_slot_number(1);

	(void)state;
	places_spread();
	seal_slots_draw();
	assert_true(seal_slot_hash(&hash) != slot && seal_slot_number(1) != number);
	places_spread();
	seal_slots_secret = fixed;
	assert_true(seal_slot_hash(&hash) == slot && seal_slot_number(1) == number);
}

/* ---- Tables ---- */

static void names_round(bool chosen)
{
	static uint8_t blocks[2][BLOCK];
	static bool found;
	uint8_t text[TEXT];
	struct names *names;
	uint32_t name;

	if (!found)
		blocks_find(blocks);
	found = true;
	assert_int_equal(names_new(&names), TWINLOG_OK);
	for (uint32_t i = 0; i < COUNT; i++) {
		text_make(i, blocks, text);
		if (!chosen)
			memcpy(text, &i, sizeof i);
		assert_int_equal(names_add(names, text, TEXT, &name), TWINLOG_OK);
		assert_int_equal(names_find(names, text, TEXT), name);
		assert_int_equal(name, i + 1);
	}
	names_free(names);
}

static void graph_round(bool chosen)
{
	struct bundle bundle = {.number = 1};
	struct graph *graph;

	assert_int_equal(graph_new(&bundle.city, &graph), TWINLOG_OK);
	for (uint32_t i = 0; i < COUNT; i++) {
		bundle.id = hash_make(i, 1, chosen ? 8 : 0);
		assert_int_equal(graph_add(graph, &bundle, i + 1, false, 0, 0), TWINLOG_OK);
		assert_int_equal(graph_find(graph, &bundle.id), i);
	}
	graph_free(graph);
}

static void erasures_round(bool chosen)
{
	struct erasures *erasures;

	assert_int_equal(erasures_new(&erasures), TWINLOG_OK);
	for (uint32_t i = 0; i < COUNT; i++) {
		struct erasure *erasure = calloc(1, sizeof *erasure);

		assert_non_null(erasure);
		erasure->id = hash_make(i, 2, chosen ? 8 : 0);
		erasure->leaf = hash_make(i, 3, chosen ? 8 : 0);
		assert_int_equal(erasures_add(erasures, erasure), TWINLOG_OK);
		assert_true(erasures_has(erasures, &erasure->id));
	}
	erasures_free(erasures);
}

/* Each leaf is on a record of its own and names a leaf that is not here: three names for each. */
static void statements_round(bool chosen)
{
	static const uint8_t name[HANDLE_SIZE];
	static const struct hash space;
	const size_t from = chosen ? 8 : 0;
	struct statements *statements;
	struct hash replaced;
	struct leaf leaf = {.operation = TWINLOG__OPERATION__OPERATION_STATEMENT,
			    .kind = TWINLOG__RECORD_KIND__RECORD_ACTIVITY,
			    .name = name,
			    .name_size = sizeof name,
			    .version = 1,
			    .replaces = &replaced,
			    .replaces_count = 1};
	struct bundle bundle = {.leaves = &leaf, .leaves_count = 1};

	assert_int_equal(statements_new(&space, &statements), TWINLOG_OK);
	for (uint32_t i = 0; i < COUNT; i++) {
		const struct hash record = hash_make(i, 4, from);

		memcpy(leaf.record.bytes, record.bytes, HANDLE_SIZE);
		leaf.hash = hash_make(i, 5, from);
		replaced = hash_make(i, 6, from);
		assert_int_equal(statements_apply(statements, &bundle, i + 1, true), TWINLOG_OK);
		assert_non_null(statements_find(statements, &leaf.record));
	}
	assert_int_equal(statements_records(statements), COUNT);
	statements_free(statements);
}

/* ---- What they take ---- */

static double seconds(void (*round)(bool chosen), bool chosen)
{
	const clock_t begin = clock();

	round(chosen);
	return (double)(clock() - begin) / CLOCKS_PER_SEC;
}

static int order(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* The median of the rounds, so that something else that runs meanwhile decides nothing. */
static void no_slower(void (*round)(bool chosen))
{
	double ratios[ROUNDS];

	round(false);
	for (size_t i = 0; i < ROUNDS; i++) {
		const double ordinary = seconds(round, false);

		ratios[i] = seconds(round, true) / (ordinary > 0 ? ordinary : 1e-6);
	}
	qsort(ratios, ROUNDS, sizeof *ratios, order);
	print_message("names made to share a slot take %.2f times as long\n", ratios[ROUNDS / 2]);
	assert_true(ratios[ROUNDS / 2] < SLOWER);
}

static void test_names(void **state)
{
	(void)state;
	no_slower(names_round);
}

static void test_graph(void **state)
{
	(void)state;
	no_slower(graph_round);
}

static void test_erasures(void **state)
{
	(void)state;
	no_slower(erasures_round);
}

static void test_statements(void **state)
{
	(void)state;
	no_slower(statements_round);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_places),   cmocka_unit_test(test_names),      cmocka_unit_test(test_graph),
	    cmocka_unit_test(test_erasures), cmocka_unit_test(test_statements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
