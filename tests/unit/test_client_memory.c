/* Memory runs out at each allocation of reading a record from JSON and writing it again, jansson's own among them:
 * NO_MEMORY (or, where jansson cannot tell, a refusal), outputs as they were, and nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "json.h"
#include "memory.h"

static const char RECORD[] =
    "{\"kind\": \"activity\", \"cities\": [\"CN:lianyungang\", \"KR:mokpo=host\"], \"fields\": [\"tourism\"],"
    " \"form\": \"exhibition\", \"start\": \"2018-11\", \"titles\": [\"连云港展\", \"목포 전시\"],"
    " \"participants\": 40, \"summary\": \"two halls\", \"office\": \"Foreign Affairs Office\"}";

/* Reads, writes; *ret_text stays as it was unless all went well. */
static enum twinlog_error there_and_back(char **ret_text)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	struct twinlog_fault fault;
	struct json_entry entry;
	json_t *json = NULL, *out = NULL;
	enum twinlog_error error = arena ? TWINLOG_OK : TWINLOG_NO_MEMORY;

	if (!error)
		error = json_parse(RECORD, sizeof RECORD - 1, 1, &json, &fault);
	if (!error)
		error = json_read_entry(arena, json, 0, NULL, NULL, &entry, &fault);
	if (!error) {
		out = json_body(entry.kind, entry.body);
		error = out ? json_text(out, true, ret_text) : TWINLOG_NO_MEMORY;
	}
	json_decref(out);
	json_decref(json);
	arena_free(arena);
	return error;
}

static void each_allocation_fails(void **state)
{
	char *whole = NULL;
	(void)state;

	json_set_alloc_funcs(__wrap_malloc, free);
	memory_allow(SIZE_MAX);
	memory_armed = true;
	assert_int_equal(there_and_back(&whole), TWINLOG_OK);
	memory_armed = false;
	const size_t asked = memory_asked;
	print_message("%zu allocations\n", asked);
	assert_true(asked > 50);
	for (size_t left = 0; left < asked; left += memory_stride(asked)) {
		char *text = NULL;

		memory_allow(left);
		memory_armed = true;
		const enum twinlog_error error = there_and_back(&text);
		memory_armed = false;
		assert_true(memory_struck);
		assert_true((error == TWINLOG_OK) == (text != NULL));
		/* Nothing short of the whole is ever taken for it. */
		if (text)
			assert_string_equal(text, whole);
		free(text);
	}
	free(whole);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(each_allocation_fails)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
