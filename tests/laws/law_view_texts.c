/* Laws of looking for text: folding by characters says what folding the whole says; what is found in the rows of the
 * store is what is found in each text by itself, whatever of it the rows cover yet, and no longer once it is erased. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../unit/town.h"
#include "bundle_view.h"
#include "dice.h"
#include "erasures.h"
#include "text.h"
#include "text_internal.h"
#include "texts.h"

#include <unistd.h>

static size_t put_character(char *out, uint32_t c)
{
	if (c < 0x80)
		return out[0] = (char)c, 1;
	if (c < 0x800)
		return out[0] = (char)(0xC0 | c >> 6), out[1] = (char)(0x80 | (c & 63)), 2;
	if (c < 0x10000)
		return out[0] = (char)(0xE0 | c >> 12), out[1] = (char)(0x80 | (c >> 6 & 63)),
		       out[2] = (char)(0x80 | (c & 63)), 3;
	return out[0] = (char)(0xF0 | c >> 18), out[1] = (char)(0x80 | (c >> 12 & 63)),
	       out[2] = (char)(0x80 | (c >> 6 & 63)), out[3] = (char)(0x80 | (c & 63)), 4;
}

/* From all that is written between the two cities, and what is likely to go wrong: marks, jamo, full width, ligatures.
 */
static uint32_t any_character(void)
{
	static const uint32_t ranges[][2] = {{0x20, 0x7e},     {0xa0, 0x24f},    {0x300, 0x30f},    {0x391, 0x3c9},
					     {0x1100, 0x11ff}, {0x1e00, 0x1eff}, {0x2000, 0x206f},  {0x3000, 0x30ff},
					     {0x3131, 0x318e}, {0x4e00, 0x9fff}, {0xac00, 0xd7a3},  {0xf900, 0xfaff},
					     {0xfb00, 0xfb06}, {0xff01, 0xffee}, {0x1f300, 0x1f320}};
	const uint32_t *range = ranges[draw(sizeof ranges / sizeof *ranges)];

	return range[0] + draw(range[1] - range[0] + 1);
}

static void by_characters_as_by_the_whole(void **state)
{
	unsigned quick = 0;

	(void)state;
	for (int round = 0; round < 30000; round++) {
		char text[64], folded[64], *whole;
		size_t size = 0, folded_size, whole_size;
		const uint32_t count = 1 + draw(6);

		for (uint32_t i = 0; i < count; i++)
			size += put_character(text + size, any_character());
		assert_int_equal(text_fold_whole(text, size, &whole, &whole_size), TWINLOG_OK);
		if (text_fold_quick(text, size, folded, &folded_size)) {
			quick++;
			if (folded_size != whole_size || memcmp(folded, whole, whole_size) != 0)
				fail_msg("'%.*s' folds to '%.*s' and not to '%s'", (int)size, text, (int)folded_size,
					 folded, whole);
		}
		free(whole);
	}
	assert_true(quick > 10000);
}

static void found_as_by_memmem(void **state)
{
	char in[300];

	(void)state;
	for (int round = 0; round < 50000; round++) {
		const size_t in_size = draw(sizeof in), size = 1 + draw(6);
		char text[8];

		for (size_t i = 0; i < in_size; i++)
			in[i] = (char)("ab\xe4\xba\xa4"[draw(5)]);
		for (size_t i = 0; i < size; i++)
			text[i] = (char)("ab\xe4\xba\xa4"[draw(5)]);
		assert_ptr_equal(texts_find(in, in_size, text, size), memmem(in, in_size, text, size));
	}
}

/* ---- In a store ---- */

#define BUNDLES 60u
#define LEAVES  5u

static const char *const words[] = {"友好交流", "書法展覽", "우호 교류",   "벚꽃축제", "Friendship", "visit 2018",
				    "连云港",   "連雲港",   "목포 유달산", "Ｅxpo",    "café",       "경제 협력"};
static const char *const asked[] = {"交流", "书法", "교류", "friend", "ISIT", "连云",
				    "雲港", "유달", "expo", "CAFE",   "협력", "没有"};
#define WORDS (sizeof words / sizeof *words)

struct found {
	bool leaves[BUNDLES + 1][LEAVES];
};
static void note(void *context, uint64_t sequence, uint32_t leaf)
{
	struct found *found = context;

	assert_in_range(sequence, 1, BUNDLES);
	assert_false(found->leaves[sequence][leaf]);
	found->leaves[sequence][leaf] = true;
}

static void check_all(struct store *store, char titles[BUNDLES + 1][LEAVES][200], uint64_t bundles)
{
	for (size_t a = 0; a < sizeof asked / sizeof *asked; a++) {
		static struct found found[TEXTS_THREADS];
		struct texts_search search = {.visit = note};
		struct store_read *read;
		char *text;

		memset(found, 0, sizeof found);
		for (size_t i = 0; i < TEXTS_THREADS; i++)
			search.contexts[i] = &found[i];
		assert_int_equal(text_fold(asked[a], strlen(asked[a]), &text, &search.size), TWINLOG_OK);
		search.text = text;
		assert_int_equal(store_read_begin(store, &read), TWINLOG_OK);
		assert_int_equal(texts_search(read, &search), TWINLOG_OK);
		store_read_end(read);
		for (uint64_t b = 1; b <= bundles; b++)
			for (size_t l = 0; l < LEAVES; l++) {
				size_t size;
				char *folded;

				assert_int_equal(text_fold(titles[b][l], strlen(titles[b][l]), &folded, &size),
						 TWINLOG_OK);
				const bool has = memmem(folded, size, text, search.size) != NULL;

				if (has != (found[0].leaves[b][l] || found[1].leaves[b][l]))
					fail_msg("'%s' in '%s' (%d)", asked[a], titles[b][l], has);
				free(folded);
			}
		free(text);
	}
}

static void rows_hold_what_texts_say(void **state)
{
	static char titles[BUNDLES + 1][LEAVES][200];
	static const char *const cities[] = {"CN:lianyungang", "KR:mokpo"};
	char dir[] = "/tmp/twinlog-texts-XXXXXX";
	struct county county;
	struct store *store;

	(void)state;
	assert_non_null(mkdtemp(dir));
	assert_int_equal(store_open(dir, true, false, &store, NULL), TWINLOG_OK);
	county_init(&county, cities, 2, 0, 0);
	for (uint64_t b = 1; b <= BUNDLES; b++) {
		struct saying sayings[LEAVES];
		struct store_write *write;
		size_t size;

		memset(sayings, 0, sizeof sayings);
		for (size_t l = 0; l < LEAVES; l++) {
			snprintf(titles[b][l], sizeof titles[b][l], "%s, %s %u", words[draw(WORDS)], words[draw(WORDS)],
				 draw(1000));
			sayings[l] = (struct saying){
			    .record = (uint8_t)l, .cities = {cities[0], cities[1]}, .title = titles[b][l]};
		}
		uint8_t *bytes = county_seal(&county, sayings, LEAVES, 1000 + b, (struct bundle_place){0}, &size);

		assert_int_equal(store_begin(store, &write), TWINLOG_OK);
		assert_int_equal(store_put_bundle(write, b, bytes, size), TWINLOG_OK);
		if (draw(4) == 0) {
			bool done = false;

			assert_int_equal(texts_catch_up(write, &done), TWINLOG_OK);
			assert_true(done);
		}
		if (draw(3) == 0) {
			/* As the writer erases: from the bundle and from its row, when it has one. */
			const uint64_t gone = 1 + draw((uint32_t)b);
			const uint32_t leaf = draw(LEAVES);
			const uint8_t *old;
			uint8_t *stripped;
			size_t old_size, stripped_size;

			assert_int_equal(store_written_bundle(write, gone, &old, &old_size), TWINLOG_OK);
			assert_int_equal(bundle_strip(old, old_size, leaf, &stripped, &stripped_size), TWINLOG_OK);
			assert_int_equal(store_replace_bundle(write, gone, stripped, stripped_size), TWINLOG_OK);
			assert_int_equal(texts_erase(write, gone, leaf), TWINLOG_OK);
			titles[gone][leaf][0] = '\0';
			free(stripped);
		}
		assert_int_equal(store_commit(write), TWINLOG_OK);
		free(bytes);
		if (draw(10) == 0 || b == BUNDLES)
			check_all(store, titles, b);
	}
	store_close(store);
	county_free(&county);
	char path[64];

	for (size_t i = 0; i < 4; i++) {
		snprintf(path, sizeof path, "%s/%s", dir,
			 (const char *const[]){"data.mdb", "lock.mdb", "lock", "journal"}[i]);
		(void)unlink(path);
	}
	assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
	dice = 88172645463325252u;
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(by_characters_as_by_the_whole),
	    cmocka_unit_test(found_as_by_memmem),
	    cmocka_unit_test(rows_hold_what_texts_say),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
