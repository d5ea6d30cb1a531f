#include "encoding.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unicode/ucnv.h>

#include "text.h"
#include "utf8.h"

static const struct encoding_entry {
	const char *name;
	const char *converter; /* as ICU calls it; NULL: none needed */
	const char *aliases[8];
} encodings[ENCODING_COUNT] = {
    [ENCODING_UTF8] = {"UTF-8", NULL, {"utf-8", "utf8"}},
    [ENCODING_GB18030] = {"GB18030", "gb18030", {"gb18030", "gbk", "gb2312", "cp936", "936", "euc-cn"}},
    [ENCODING_CP949] = {"CP949", "windows-949", {"cp949", "ms949", "949", "uhc", "euc-kr", "euckr", "windows-949"}},
};

const char *encoding_name(enum encoding encoding)
{
	return encodings[encoding].name;
}

enum twinlog_error encoding_find(const char *name, enum encoding *ret_encoding)
{
	for (size_t i = 0; i < ENCODING_COUNT; i++) {
		for (const char *const *alias = encodings[i].aliases; *alias; alias++) {
			if (strcasecmp(name, *alias) == 0) {
				*ret_encoding = (enum encoding)i;
				return TWINLOG_OK;
			}
		}
	}
	return TWINLOG_INVALID;
}

static enum twinlog_error fault_at(const char *bytes, size_t at, enum twinlog_error code, enum encoding encoding,
				   struct twinlog_fault *fault)
{
	size_t line = 1;
	char where[32];
	for (size_t i = 0; i < at; i++)
		line += bytes[i] == '\n';
	snprintf(where, sizeof where, "line %zu", line);
	return twinlog_fault_set(fault, code, where, encoding_name(encoding));
}

/* Private-use characters are where the tables of the East Asian encodings put bytes that mean nothing. */
static enum twinlog_error check_characters(const char *text, size_t size, enum encoding encoding,
					   struct twinlog_fault *fault)
{
	for (size_t at = 0; at < size;) {
		uint32_t character;
		size_t length = utf8_next((const uint8_t *)text + at, size - at, &character);
		if (length == 0 || character == 0)
			return fault_at(text, at, TWINLOG_BAD_UTF8, encoding, fault);
		if ((character >= 0xE000 && character <= 0xF8FF) || character >= 0xF0000 ||
		    (character >= 0x7F && character <= 0x9F))
			return fault_at(text, at, TWINLOG_BAD_TEXT, encoding, fault);
		at += length;
	}
	return TWINLOG_OK;
}

/* By ICU's table into UTF-8; ret_text is malloc'd. */
static enum twinlog_error convert(enum encoding encoding, const char *bytes, size_t size, char **ret_text,
				  size_t *ret_size, struct twinlog_fault *fault)
{
	UErrorCode status = U_ZERO_ERROR;
	UConverter *from = ucnv_open(encodings[encoding].converter, &status);
	UConverter *to = ucnv_open("UTF-8", &status);
	size_t room = 2 * size + 4; /* no byte of these encodings becomes more than one and a half of UTF-8 */
	char *text = calloc(room, 1), *target = text;
	const char *source = bytes;
	UChar pivot[1024], *pivot_source = pivot, *pivot_target = pivot;
	enum twinlog_error error = text && U_SUCCESS(status) ? TWINLOG_OK : TWINLOG_NO_MEMORY;

	if (!error) {
		ucnv_setToUCallBack(from, UCNV_TO_U_CALLBACK_STOP, NULL, NULL, NULL, &status);
		ucnv_convertEx(to, from, &target, text + room, &source, bytes + size, pivot, &pivot_source,
			       &pivot_target, pivot + sizeof pivot / sizeof *pivot, true, true, &status);
		if (U_FAILURE(status))
			error = fault_at(bytes, (size_t)(source - bytes), TWINLOG_BAD_TEXT, encoding, fault);
	}
	ucnv_close(from);
	ucnv_close(to);
	if (error) {
		free(text);
		return error;
	}
	*ret_text = text;
	*ret_size = (size_t)(target - text);
	return TWINLOG_OK;
}

enum twinlog_error encoding_decode(enum encoding encoding, const void *bytes, size_t size, char **ret_text,
				   size_t *ret_size, struct twinlog_fault *fault)
{
	const char *text = bytes;
	char *converted = NULL;
	enum twinlog_error error = TWINLOG_OK;
	if (encoding != ENCODING_UTF8) {
		error = convert(encoding, bytes, size, &converted, &size, fault);
		text = converted;
	} else if (size >= 3 && memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) {
		text += 3;
		size -= 3;
	}
	if (!error)
		error = check_characters(text, size, encoding, fault);
	if (!error)
		error = text_nfc(text, size, ret_text, ret_size);
	free(converted);
	return error;
}

struct candidate {
	char *text; /* NULL: does not fit */
	size_t size;
	size_t score;
};

/* UTF-8 is hard to hit by chance: three bytes that form a character there almost never come from anything else. */
static bool surely_utf8(const struct candidate *utf8)
{
	uint32_t character;
	size_t at = 0, size = utf8->size;
	bool ascii = true;
	while (at < size) {
		size_t length = utf8_next((const uint8_t *)utf8->text + at, size - at, &character);
		if (length >= 3)
			return true;
		ascii = ascii && length == 1;
		at += length;
	}
	return ascii;
}

/* The one that scores more than twice as much as any other; ENCODING_COUNT when there is none. */
static enum encoding choose(const struct candidate *candidates)
{
	if (candidates[ENCODING_UTF8].text && surely_utf8(&candidates[ENCODING_UTF8]))
		return ENCODING_UTF8;
	size_t best = ENCODING_COUNT, rival = 0;
	for (size_t i = 0; i < ENCODING_COUNT; i++) {
		size_t score = candidates[i].text ? candidates[i].score : 0;
		if (score > 0 && (best == ENCODING_COUNT || score > candidates[best].score)) {
			rival = best == ENCODING_COUNT ? 0 : candidates[best].score;
			best = i;
		} else if (score > rival) {
			rival = score;
		}
	}
	if (best != ENCODING_COUNT && candidates[best].score > 2 * rival)
		return (enum encoding)best;
	return candidates[ENCODING_UTF8].text && best == ENCODING_COUNT ? ENCODING_UTF8 : ENCODING_COUNT;
}

enum twinlog_error encoding_detect(const struct lexicon *lexicon, const void *bytes, size_t size,
				   enum encoding *ret_encoding, char **ret_text, size_t *ret_size,
				   struct twinlog_fault *fault)
{
	struct candidate candidates[ENCODING_COUNT] = {0};
	struct twinlog_fault first = {0}, other;
	bool fits = false;
	for (size_t i = 0; i < ENCODING_COUNT; i++) {
		struct candidate *candidate = &candidates[i];
		if (encoding_decode((enum encoding)i, bytes, size, &candidate->text, &candidate->size,
				    i ? &other : &first))
			continue;
		fits = true;
		candidate->score =
		    lexicon_score(lexicon, candidate->text,
				  candidate->size < TWINLOG_SHEET_SAMPLE ? candidate->size : TWINLOG_SHEET_SAMPLE);
		if (i == ENCODING_UTF8 && surely_utf8(candidate))
			break;
	}
	enum encoding chosen = fits ? choose(candidates) : ENCODING_COUNT;
	enum twinlog_error error = TWINLOG_OK;
	if (!fits)
		error = twinlog_fault_set(fault, TWINLOG_BAD_TEXT, first.where, "UTF-8, GB18030, CP949");
	else if (chosen == ENCODING_COUNT)
		error = twinlog_fault_set(fault, TWINLOG_AMBIGUOUS, "--encoding", "UTF-8, GB18030, CP949");
	for (size_t i = 0; i < ENCODING_COUNT; i++) {
		if (i != chosen)
			free(candidates[i].text);
	}
	if (error)
		return error;
	*ret_encoding = chosen;
	*ret_text = candidates[chosen].text;
	*ret_size = candidates[chosen].size;
	return TWINLOG_OK;
}

/* Hanzi, kana, hangul: scripts of which a wrong code page leaves question marks. */
static bool is_east_asian(uint32_t character)
{
	return (character >= 0x3040 && character <= 0x30FF) || (character >= 0x3400 && character <= 0x9FFF) ||
	       (character >= 0xAC00 && character <= 0xD7A3) || (character >= 0xF900 && character <= 0xFAFF) ||
	       (character >= 0x20000 && character <= 0x3FFFF);
}

bool encoding_lost(const void *text, size_t size, bool name)
{
	uint32_t before = 0, marks = 0, others = 0;
	for (size_t at = 0; at < size;) {
		uint32_t character;
		size_t length = utf8_next((const uint8_t *)text + at, size - at, &character);
		if (length == 0 || character == 0xFFFD)
			return true;
		/* A question mark that begins a word of such a script stands for a character; at a word's end it may
		 * be meant. */
		if (before == '?' && is_east_asian(character))
			return true;
		marks += character == '?';
		others += character != '?' && character != ' ';
		before = character;
		at += length;
	}
	return marks > 0 && (name || others == 0);
}
