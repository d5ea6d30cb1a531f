#include "text_internal.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/uchar.h>
#include <unicode/unorm2.h>
#include <unicode/uscript.h>
#include <unicode/ustring.h>

#include "text_hans.h" /* generated: HANS, pairs of a traditional and its simplified character, sorted */
#include "utf8.h"

#define ONES  0x0101010101010101u
#define HIGHS 0x8080808080808080u

#define JAMO_YE 0x1168 /* the vowel of 롄 */
#define JAMO_E  0x1166 /* the vowel of 렌 */

/* Bytes at the beginning that are ASCII without NUL, eight at a time. */
static size_t ascii_run(const uint8_t *text, size_t size)
{
	size_t i = 0;
	for (; i + 8 <= size; i += 8) {
		uint64_t word;
		memcpy(&word, text + i, sizeof word);
		if ((word & HIGHS) || ((word - ONES) & ~word & HIGHS))
			break;
	}
	while (i < size && text[i] > 0 && text[i] < 0x80)
		i++;
	return i;
}

bool text_is_utf8(const void *text, size_t size)
{
	const uint8_t *at = text;
	for (size_t i = 0; i < size;) {
		if (at[i] < 0x80) {
			size_t run = ascii_run(at + i, size - i);
			if (run == 0)
				return false;
			i += run;
			continue;
		}
		uint32_t character;
		size_t step = utf8_next(at + i, size - i, &character);
		if (step == 0)
			return false;
		i += step;
	}
	return true;
}

static bool is_sound(uint32_t character, bool lines)
{
	if (character >= 0x20 && character < 0x7F)
		return true;
	if (lines && (character == '\t' || character == '\n'))
		return true;
	switch (u_charType((UChar32)character)) {
	case U_UNASSIGNED:
	case U_CONTROL_CHAR:
	case U_PRIVATE_USE_CHAR:
	case U_SURROGATE:
		return false;
	case U_LINE_SEPARATOR:
	case U_PARAGRAPH_SEPARATOR:
		return lines;
	default:
		return true;
	}
}

enum twinlog_error text_check(const void *text, size_t size, bool lines)
{
	const uint8_t *at = text;
	if (!text_is_utf8(text, size))
		return TWINLOG_BAD_UTF8;
	for (size_t i = 0; i < size;) {
		uint32_t character = 0;
		i += utf8_next(at + i, size - i, &character);
		if (!is_sound(character, lines))
			return TWINLOG_BAD_TEXT;
	}
	return TWINLOG_OK;
}

/* UTF-16, as ICU wants it. */
struct wide {
	UChar *text;
	int32_t length;
};

static enum twinlog_error wide_from(const void *text, size_t size, struct wide *ret_wide)
{
	UErrorCode status = U_ZERO_ERROR;
	if (size > INT32_MAX / 4)
		return TWINLOG_TOO_LONG;
	UChar *wide = malloc((size + 1) * sizeof *wide);
	int32_t length = 0;
	if (!wide)
		return TWINLOG_NO_MEMORY;
	u_strFromUTF8(wide, (int32_t)size + 1, &length, size > 0 ? text : "", (int32_t)size, &status);
	if (U_FAILURE(status)) {
		free(wide);
		return TWINLOG_BAD_UTF8;
	}
	ret_wide->text = wide;
	ret_wide->length = length;
	return TWINLOG_OK;
}

/* Replaces *wide by its normal form. */
static enum twinlog_error wide_normalize(const UNormalizer2 *form, struct wide *wide)
{
	UErrorCode status = U_ZERO_ERROR;
	int32_t length = unorm2_normalize(form, wide->text, wide->length, NULL, 0, &status);
	if (U_FAILURE(status) && status != U_BUFFER_OVERFLOW_ERROR)
		return TWINLOG_FAILED;
	UChar *text = malloc(((size_t)length + 1) * sizeof *text);
	if (!text)
		return TWINLOG_NO_MEMORY;
	status = U_ZERO_ERROR;
	unorm2_normalize(form, wide->text, wide->length, text, length + 1, &status);
	if (U_FAILURE(status)) {
		free(text);
		return TWINLOG_FAILED;
	}
	free(wide->text);
	*wide = (struct wide){.text = text, .length = length};
	return TWINLOG_OK;
}

static enum twinlog_error wide_to(const struct wide *wide, char **ret_text, size_t *ret_size)
{
	UErrorCode status = U_ZERO_ERROR;
	int32_t length = 0;
	size_t capacity = (size_t)wide->length * 3 + 1;
	char *text = malloc(capacity);
	if (!text)
		return TWINLOG_NO_MEMORY;
	u_strToUTF8(text, capacity > INT32_MAX ? INT32_MAX : (int32_t)capacity, &length, wide->text, wide->length,
		    &status);
	if (U_FAILURE(status)) {
		free(text);
		return TWINLOG_FAILED;
	}
	text[length] = '\0';
	*ret_text = text;
	*ret_size = (size_t)length;
	return TWINLOG_OK;
}

static bool is_ascii(const void *text, size_t size)
{
	return ascii_run(text, size) == size;
}

/* Letters of Latin-1 and Latin Extended, kana, Chinese characters and whole Korean syllables, which all are NFC and
 * stay it beside each other: what nearly every text is made of. */
static bool surely_nfc(uint32_t character)
{
	return character < 0x300 || (character >= 0x4E00 && character <= 0x9FFF) ||
	       (character >= 0xAC00 && character <= 0xD7A3) || (character >= 0x3001 && character <= 0x3029) ||
	       (character >= 0x3041 && character <= 0x3096) || (character >= 0x30A0 && character <= 0x30FF) ||
	       (character >= 0xFF01 && character <= 0xFF60);
}

/* Well-formed, without U+0000, and of such characters alone. */
static bool is_surely_nfc(const uint8_t *text, size_t size)
{
	for (size_t i = 0; i < size;) {
		const size_t run = ascii_run(text + i, size - i);
		uint32_t character;
		size_t step;

		i += run;
		if (i == size)
			break;
		step = utf8_next(text + i, size - i, &character);
		if (step == 0 || character == 0 || !surely_nfc(character))
			return false;
		i += step;
	}
	return true;
}

bool text_is_nfc(const void *text, size_t size)
{
	struct wide wide;
	if (is_surely_nfc(text, size))
		return true;
	if (wide_from(text, size, &wide) != TWINLOG_OK)
		return false;
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&status);
	bool normal = U_SUCCESS(status) && unorm2_isNormalized(nfc, wide.text, wide.length, &status);
	free(wide.text);
	return normal && U_SUCCESS(status);
}

enum twinlog_error text_nfc(const void *text, size_t size, char **ret_text, size_t *ret_size)
{
	struct wide wide;
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *nfc = unorm2_getNFCInstance(&status);
	if (U_FAILURE(status))
		return TWINLOG_FAILED;
	if (size <= INT32_MAX / 4 && is_surely_nfc(text, size)) {
		char *copy = malloc(size + 1);

		if (!copy)
			return TWINLOG_NO_MEMORY;
		if (size > 0)
			memcpy(copy, text, size);
		copy[size] = '\0';
		*ret_text = copy;
		*ret_size = size;
		return TWINLOG_OK;
	}
	enum twinlog_error error = wide_from(text, size, &wide);
	if (error != TWINLOG_OK)
		return error;
	error = wide_normalize(nfc, &wide);
	if (error == TWINLOG_OK)
		error = wide_to(&wide, ret_text, ret_size);
	free(wide.text);
	return error;
}

static UChar32 hans(UChar32 character)
{
	size_t low = 0, high = sizeof HANS / sizeof HANS[0];
	if (character < HANS[0].traditional)
		return character;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (HANS[middle].traditional < character)
			low = middle + 1;
		else
			high = middle;
	}
	bool found = low < sizeof HANS / sizeof HANS[0] && HANS[low].traditional == character;
	return found ? HANS[low].simplified : character;
}

/* In decomposed text: what is compared, without blanks, punctuation and the accents of Latin letters. In place. */
static void wide_reduce(struct wide *wide)
{
	int32_t read = 0, written = 0;
	bool latin = false;
	while (read < wide->length) {
		UChar32 character;
		U16_NEXT(wide->text, read, wide->length, character);
		int8_t type = u_charType(character);
		bool mark = type == U_NON_SPACING_MARK || type == U_ENCLOSING_MARK || type == U_COMBINING_SPACING_MARK;
		if (mark && latin)
			continue;
		if (!mark && !u_isalpha(character) && type != U_DECIMAL_DIGIT_NUMBER && type != U_LETTER_NUMBER &&
		    type != U_OTHER_NUMBER)
			continue;
		if (character == 0x02BC || character == 0x02BB) /* letters by name, apostrophes by use: Taiʼan */
			continue;
		if (!mark) {
			UErrorCode status = U_ZERO_ERROR;
			latin = uscript_getScript(character, &status) == USCRIPT_LATIN;
		}
		character = character == JAMO_YE ? JAMO_E : hans(character);
		/* A simplified character of the table is never longer in UTF-16 than what it stands for. */
		U16_APPEND_UNSAFE(wide->text, written, character);
	}
	wide->length = written;
}

static enum twinlog_error fold_wide(struct wide *wide)
{
	UErrorCode status = U_ZERO_ERROR;
	const UNormalizer2 *casefold = unorm2_getNFKCCasefoldInstance(&status);
	const UNormalizer2 *decompose = unorm2_getNFKDInstance(&status);
	const UNormalizer2 *compose = unorm2_getNFCInstance(&status);
	if (U_FAILURE(status))
		return TWINLOG_FAILED;
	enum twinlog_error error = wide_normalize(casefold, wide);
	if (error == TWINLOG_OK)
		error = wide_normalize(decompose, wide);
	if (error != TWINLOG_OK)
		return error;
	wide_reduce(wide);
	return wide_normalize(compose, wide);
}

static enum twinlog_error fold_ascii(const char *text, size_t size, char **ret_text, size_t *ret_size)
{
	char *folded = malloc(size + 1);
	size_t length = 0;
	if (!folded)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < size; i++) {
		char c = text[i];
		if (c >= 'A' && c <= 'Z')
			folded[length++] = (char)(c - 'A' + 'a');
		else if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			folded[length++] = c;
	}
	folded[length] = '\0';
	*ret_text = folded;
	*ret_size = length;
	return TWINLOG_OK;
}

enum twinlog_error text_fold(const void *text, size_t size, char **ret_text, size_t *ret_size)
{
	char *folded;
	if (is_ascii(text, size))
		return fold_ascii(text, size, ret_text, ret_size);
	folded = malloc(size + 1);
	if (!folded)
		return TWINLOG_NO_MEMORY;
	if (text_fold_quick(text, size, folded, ret_size)) {
		folded[*ret_size] = '\0';
		*ret_text = folded;
		return TWINLOG_OK;
	}
	free(folded);
	return text_fold_whole(text, size, ret_text, ret_size);
}

enum twinlog_error text_fold_whole(const void *text, size_t size, char **ret_text, size_t *ret_size)
{
	struct wide wide;
	enum twinlog_error error = wide_from(text, size, &wide);
	if (error != TWINLOG_OK)
		return error;
	error = fold_wide(&wide);
	if (error == TWINLOG_OK)
		error = wide_to(&wide, ret_text, ret_size);
	free(wide.text);
	return error;
}

static size_t character_width(UChar32 character)
{
	if (character < 0x300)
		return character >= 0x20 && !(character >= 0x7F && character < 0xA0) && character != 0xAD;
	switch (u_charType(character)) {
	case U_NON_SPACING_MARK:
	case U_ENCLOSING_MARK:
	case U_FORMAT_CHAR:
	case U_CONTROL_CHAR:
		return 0;
	default:
		break;
	}
	if (character >= 0x1160 && character <= 0x11FF) /* vowels and finals of a syllable begun before */
		return 0;
	int32_t width = u_getIntPropertyValue(character, UCHAR_EAST_ASIAN_WIDTH);
	return width == U_EA_WIDE || width == U_EA_FULLWIDTH ? 2 : 1;
}

size_t text_width(const void *text, size_t size)
{
	const uint8_t *at = text;
	size_t width = 0;
	for (size_t i = 0; i < size;) {
		uint32_t character = 0;
		size_t step = utf8_next(at + i, size - i, &character);
		width += step > 0 ? character_width((UChar32)character) : 1;
		i += step > 0 ? step : 1;
	}
	return width;
}

size_t text_cut(const void *text, size_t size, size_t max)
{
	const uint8_t *at = text;
	if (size <= max)
		return size;
	size_t cut = max;
	while (cut > 0 && max - cut < 3 && (at[cut] & 0xC0) == 0x80)
		cut--;
	return (at[cut] & 0xC0) == 0x80 ? max : cut;
}
