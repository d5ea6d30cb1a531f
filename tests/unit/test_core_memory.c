/* Memory runs out at each allocation of the core in turn, while two cities found a space, write, erase and confirm: a
 * step says NO_MEMORY and the node can still be freed without a trace, or nothing of it is noticed and both end up
 * alike. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "memory.h"

#define DUO_STEP_BEGIN memory_armed = true
#define DUO_STEP_END   memory_armed = false
#include "duo.h"

static void erase_first(struct duo *duo)
{
	struct arena *arena = arena_new(SIZE_MAX);
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Erase erase = TWINLOG__ERASE__INIT;
	Twinlog__RecordName name = TWINLOG__RECORD_NAME__INIT;
	assert_non_null(arena);
	const Twinlog__Reply *reply = duo_reply(duo, 0, arena);
	if (reply && reply->submitted && reply->submitted->n_results == 1) {
		name.handle = reply->submitted->results[0]->handle;
		erase.record = &name;
		erase.reason = codec_string("personal_data");
		request.body_case = TWINLOG__REQUEST__BODY_ERASE;
		request.erase = &erase;
		duo_request(duo, 0, &request);
	}
	arena_free(arena);
}

/* The whole story. */
static void play(struct duo *duo)
{
	struct hash space = {{0}};
	duo_init(duo);
	if (duo->failed || !duo_found(duo, &space))
		return;
	duo_submit(duo, 0, &space);
	duo_submit(duo, 1, &space);
	duo_submit(duo, 0, &space);
	erase_first(duo);
	duo_submit(duo, 1, &space);
	duo_time(duo, 200);
	duo_time(duo, 1500);
}

static void each_allocation_fails(void **state)
{
	struct duo duo;
	(void)state;
	memory_allow(SIZE_MAX);
	play(&duo);
	const size_t asked = memory_asked;
	assert_int_equal(duo.failed, TWINLOG_OK);
	assert_true(duo_alike(&duo));
	assert_int_equal(statements_shown(space_statements(node_space(duo.cities[1].node, 0))), 4);
	assert_int_equal(erasures_committed(space_erasures(node_space(duo.cities[1].node, 0))), 1);
	duo_end(&duo);
	print_message("%zu allocations\n", asked);
	assert_true(asked > 200);

	size_t said = 0, unnoticed = 0;
	for (size_t left = 0; left < asked; left += memory_stride(asked)) {
		memory_allow(left);
		play(&duo);
		assert_true(memory_struck);
		if (duo.failed)
			assert_int_equal(duo.failed, TWINLOG_NO_MEMORY);
		said += duo.failed == TWINLOG_NO_MEMORY;
		unnoticed += duo.failed == TWINLOG_OK;
		duo_end(&duo);
	}
	print_message("%zu said, %zu unnoticed\n", said, unnoticed);
	assert_true(said > unnoticed);
}

/* What comes after memory was short for one allocation only has to be as if nothing had been, or be said at once. */
static void one_allocation_fails(void **state)
{
	struct duo duo;
	(void)state;
	memory_allow(SIZE_MAX);
	play(&duo);
	const size_t asked = memory_asked;
	duo_end(&duo);
	for (size_t left = 0; left < asked; left += memory_stride(asked)) {
		memory_once = true;
		memory_allow(left);
		play(&duo);
		for (int i = 0; i < 8 && !duo.failed; i++)
			duo_time(&duo, 9000); /* a digest goes out each minute */
		if (duo.failed)
			assert_int_equal(duo.failed, TWINLOG_NO_MEMORY);
		else if (!duo.short_of_memory)
			assert_true(duo_alike(&duo));
		duo_end(&duo);
	}
	memory_once = false;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(each_allocation_fails),
	    cmocka_unit_test(one_allocation_fails),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
