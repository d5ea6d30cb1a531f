/* The quick answers about normal forms are those of ICU, for every character and for neighbours. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "text.h"

/* A letter that only ICU is asked about, and that does nothing to its neighbours. */
#define THAI "\xE0\xB8\x81"

static size_t put(uint32_t character, char out[4])
{
	if (character < 0x80) {
		out[0] = (char)character;
		return 1;
	}
	if (character < 0x800) {
		out[0] = (char)(0xC0 | character >> 6);
		out[1] = (char)(0x80 | (character & 0x3F));
		return 2;
	}
	out[0] = (char)(0xE0 | character >> 12);
	out[1] = (char)(0x80 | (character >> 6 & 0x3F));
	out[2] = (char)(0x80 | (character & 0x3F));
	return 3;
}

static void same_as_icu(const char *text, size_t size)
{
	char beside[16] = THAI, *quick, *whole;
	size_t quick_size, whole_size;

	memcpy(beside + 3, text, size);
	assert_int_equal(text_nfc(text, size, &quick, &quick_size), TWINLOG_OK);
	assert_int_equal(text_nfc(beside, size + 3, &whole, &whole_size), TWINLOG_OK);
	assert_int_equal(whole_size, quick_size + 3);
	assert_memory_equal(whole + 3, quick, quick_size);
	assert_int_equal(quick[quick_size], 0);
	assert_int_equal(text_is_nfc(text, size), quick_size == size && memcmp(quick, text, size) == 0);
	free(quick);
	free(whole);
}

static bool is_whole(uint32_t character)
{
	return character > 0 && (character < 0xD800 || character > 0xDFFF);
}

static void every_character(void **state)
{
	(void)state;
	for (uint32_t character = 1; character <= 0xFFFF; character++) {
		char text[4];

		if (is_whole(character))
			same_as_icu(text, put(character, text));
	}
}

/* What combines stands behind what it combines with: a mark, a vowel and a final of Korean. */
static void neighbours(void **state)
{
	static const uint32_t seconds[] = {'a',    0xE9,   0x301,  0x308,  0x3099, 0x309A,
					   0x30AB, 0x1161, 0x11A8, 0xAC00, 0x4E00, 0xFF9E};

	(void)state;
	for (uint32_t character = 1; character <= 0xFFFF; character += character < 0x3100 ? 1 : 7)
		for (size_t i = 0; is_whole(character) && i < sizeof seconds / sizeof *seconds; i++) {
			char text[8];
			const size_t first = put(character, text);

			/* A mark that comes first would join the letter beside it. */
			if (text_is_nfc(text, first))
				same_as_icu(text, first + put(seconds[i], text + first));
		}
}

static void what_is_no_text(void **state)
{
	char *text;
	size_t size;

	(void)state;
	assert_int_equal(text_nfc("\xFF", 1, &text, &size), TWINLOG_BAD_UTF8);
	assert_false(text_is_nfc("\xE4\xB8", 2));
	assert_int_equal(text_nfc("", 0, &text, &size), TWINLOG_OK);
	assert_int_equal(size, 0);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(every_character),
	    cmocka_unit_test(neighbours),
	    cmocka_unit_test(what_is_no_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
