#include <stdlib.h>
#include <string.h>

#include "codelist.h"
#include "encoding.h"
#include "utf8.h"

struct word {
	const char *text; /* in the lexicon's text */
	uint32_t size;
	uint32_t characters;
};

struct lexicon {
	struct word *words; /* ordered by bytes */
	size_t count, room;
};

/* What stands in the head of a sheet, or in nearly every one, beside names and labels. */
static const char *const usual[] = {
    "日期",   "时间", "城市", "国家", "名称", "内容", "人数", "类型", "领域", "备注",   "来源",
    "代表团", "友好", "交流", "访问", "签署", "协议", "政府", "外事", "날짜", "일자",   "기간",
    "도시",   "국가", "명칭", "내용", "인원", "유형", "분야", "비고", "출처", "대표단", "자매",
    "우호",   "교류", "방문", "체결", "협정", "중국", "한국", "행사", "시청", "국제",
};

/* Endings that names carry or not; a name counts in both forms. */
static const char *const endings[] = {"市", "省", "县", "区", "시", "군", "구", "도"};

static size_t characters_in(const char *text, size_t size)
{
	size_t count = 0;
	for (size_t i = 0; i < size; i++)
		count += ((unsigned char)text[i] & 0xC0) != 0x80;
	return count;
}

/* ASCII reads alike in every encoding and single characters turn up by chance: neither tells anything. */
static enum twinlog_error add_word(struct lexicon *lexicon, const char *text, size_t size)
{
	size_t characters = characters_in(text, size);
	if (characters < 2 || ((unsigned char)text[0] & 0x80) == 0)
		return TWINLOG_OK;
	if (lexicon->count == lexicon->room) {
		size_t room = lexicon->room ? 2 * lexicon->room : 1024;
		struct word *words = realloc(lexicon->words, room * sizeof *words);
		if (!words)
			return TWINLOG_NO_MEMORY;
		lexicon->words = words;
		lexicon->room = room;
	}
	char *copy = malloc(size);
	if (!copy)
		return TWINLOG_NO_MEMORY;
	memcpy(copy, text, size);
	lexicon->words[lexicon->count++] =
	    (struct word){.text = copy, .size = (uint32_t)size, .characters = (uint32_t)characters};
	return TWINLOG_OK;
}

static enum twinlog_error add_name(struct lexicon *lexicon, const char *name)
{
	if (!name)
		return TWINLOG_OK;
	size_t size = strlen(name);
	enum twinlog_error error = add_word(lexicon, name, size);
	for (size_t i = 0; !error && i < sizeof endings / sizeof *endings; i++) {
		size_t ending = strlen(endings[i]);
		if (size > ending && memcmp(name + size - ending, endings[i], ending) == 0)
			error = add_word(lexicon, name, size - ending);
	}
	return error;
}

static enum twinlog_error add_labels(struct lexicon *lexicon)
{
	enum twinlog_error error = TWINLOG_OK;
	for (size_t list = 0; list < CODELIST_COUNT; list++) {
		for (size_t i = 0; !error && i < codelist_size((enum codelist)list); i++) {
			error = add_name(lexicon, codelist_label((enum codelist)list, i, LANGUAGE_ZH));
			if (!error)
				error = add_name(lexicon, codelist_label((enum codelist)list, i, LANGUAGE_KO));
		}
	}
	return error;
}

static int word_order(const void *a, const void *b)
{
	const struct word *left = a, *right = b;
	size_t size = left->size < right->size ? left->size : right->size;
	int order = memcmp(left->text, right->text, size);
	return order ? order : (left->size > right->size) - (left->size < right->size);
}

enum twinlog_error lexicon_new(const struct places *places, struct lexicon **ret_lexicon)
{
	struct lexicon *lexicon = calloc(1, sizeof *lexicon);
	enum twinlog_error error = lexicon ? add_labels(lexicon) : TWINLOG_NO_MEMORY;
	for (size_t i = 0; !error && i < places_count(places); i++) {
		const struct place *place = places_at(places, i);
		for (size_t n = 0; !error && n < LANGUAGE_COUNT; n++)
			error = add_name(lexicon, place->names[n]);
	}
	for (size_t i = 0; !error && i < sizeof usual / sizeof *usual; i++)
		error = add_word(lexicon, usual[i], strlen(usual[i]));
	if (error) {
		lexicon_free(lexicon);
		return error;
	}
	qsort(lexicon->words, lexicon->count, sizeof *lexicon->words, word_order);
	*ret_lexicon = lexicon;
	return TWINLOG_OK;
}

void lexicon_free(struct lexicon *lexicon)
{
	if (!lexicon)
		return;
	for (size_t i = 0; i < lexicon->count; i++)
		free((void *)(uintptr_t)lexicon->words[i].text);
	free(lexicon->words);
	free(lexicon);
}

/* The first word that is not before text. */
static size_t lower_bound(const struct lexicon *lexicon, const char *text, size_t size)
{
	const struct word key = {.text = text, .size = (uint32_t)size};
	size_t low = 0, high = lexicon->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (word_order(&lexicon->words[middle], &key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The longest word that text begins with. Words that share its first two characters stand together. */
static const struct word *longest_word(const struct lexicon *lexicon, const char *text, size_t size, size_t first)
{
	uint32_t character;
	size_t second = first < size ? utf8_next((const uint8_t *)text + first, size - first, &character) : 0;
	size_t stem = first + second;
	const struct word *best = NULL;
	for (size_t i = second ? lower_bound(lexicon, text, stem) : lexicon->count; i < lexicon->count; i++) {
		const struct word *word = &lexicon->words[i];
		if (word->size < stem || memcmp(word->text, text, stem) != 0)
			break;
		if (word->size <= size && memcmp(word->text, text, word->size) == 0)
			best = word;
	}
	return best;
}

size_t lexicon_score(const struct lexicon *lexicon, const char *text, size_t size)
{
	size_t score = 0;
	for (size_t at = 0; at < size;) {
		uint32_t character;
		size_t length = utf8_next((const uint8_t *)text + at, size - at, &character);
		const struct word *word = length > 1 ? longest_word(lexicon, text + at, size - at, length) : NULL;
		if (word)
			score += word->characters;
		at += word ? word->size : length ? length : 1;
	}
	return score;
}
