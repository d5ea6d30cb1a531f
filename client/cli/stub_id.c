/* The id of a city that no list knows, out of its name and country: the same wherever and in whatever order the sheets
 * come. One of the doors to ICU. */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unicode/ustring.h>
#include <unicode/utrans.h>

#include "sheet_internal.h"
#include "text.h"

#define UNITS_MAX 512
#define SLUG_MAX  40u /* of the TWINLOG_CITY_ID_MAX that an id may have */

static const char *const latin_endings[] = {"-si", "-gun", "-gu", "-shi", "-xian", "-city"};

/* In Latin letters without accents: Düsseldorf, 가상. */
static enum twinlog_error romanise(const char *text, size_t size, char *out, size_t room)
{
	static const UChar rules[] = u"Any-Latin; Latin-ASCII; Lower";
	UErrorCode status = U_ZERO_ERROR;
	UTransliterator *latin = utrans_openU(rules, -1, UTRANS_FORWARD, NULL, 0, NULL, &status);
	UChar units[UNITS_MAX];
	int32_t length = 0, limit, bytes = 0;

	u_strFromUTF8(units, UNITS_MAX, &length, text, (int32_t)size, &status);
	limit = length;
	if (U_SUCCESS(status))
		utrans_transUChars(latin, units, &length, UNITS_MAX, 0, &limit, &status);
	u_strToUTF8(out, (int32_t)room, &bytes, units, length, &status);
	if (latin)
		utrans_close(latin);
	return U_SUCCESS(status) && bytes < (int32_t)room ? TWINLOG_OK : TWINLOG_BAD_TEXT;
}

/* Letters and digits, a hyphen between words. */
static size_t slug_make(const char *text, char slug[SLUG_MAX + 1])
{
	size_t size = 0;

	for (; *text && size < SLUG_MAX; text++) {
		const char c = (char)tolower((unsigned char)*text);

		if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'))
			slug[size++] = c;
		else if (size > 0 && slug[size - 1] != '-' && c != '\'')
			slug[size++] = '-';
	}
	while (size > 0 && slug[size - 1] == '-')
		size--;
	slug[size] = 0;
	return size;
}

static size_t ending_cut(char *slug, size_t size)
{
	for (size_t i = 0; i < sizeof latin_endings / sizeof *latin_endings; i++) {
		const size_t ending = strlen(latin_endings[i]);

		if (size > ending + 1 && strcmp(slug + size - ending, latin_endings[i]) == 0)
			size -= ending;
	}
	slug[size] = 0;
	return size;
}

static bool is_ascii(const char *text)
{
	for (; *text; text++)
		if (*text & 0x80)
			return false;
	return true;
}

/* FNV-1a, for what a romanisation makes alike: 광주 and 廣州 are two places. */
static uint32_t mark_of(const char *text)
{
	uint32_t mark = 2166136261u;

	for (; *text; text++)
		mark = (mark ^ (uint8_t)*text) * 16777619u;
	return mark;
}

enum twinlog_error stub_id(struct arena *arena, ProtobufCBinaryData name, const char *country,
			   ProtobufCBinaryData *ret_id)
{
	char latin[4 * UNITS_MAX], slug[SLUG_MAX + 1], id[TWINLOG_CITY_ID_MAX + 1];
	char *key = NULL;
	size_t size = 0;
	enum twinlog_error error = places_key(name.data, name.len, &key);
	const bool plain = !error && is_ascii(key);
	void *copy;

	if (error)
		return error;
	error = plain ? romanise((const char *)name.data, name.len, latin, sizeof latin)
		      : romanise(key, strlen(key), latin, sizeof latin);
	if (!error)
		size = slug_make(latin, slug);
	if (plain && (strcmp(country, "CN") == 0 || strcmp(country, "KR") == 0 || strcmp(country, "JP") == 0))
		size = ending_cut(slug, size);
	if (!error && plain && size > 0)
		snprintf(id, sizeof id, "%s:%s", country, slug);
	else if (!error)
		snprintf(id, sizeof id, "%s:%s%s%08x", country, slug, size ? "-" : "", mark_of(key));
	free(key);
	if (error)
		return error;
	copy = arena_copy(arena, id, strlen(id));
	if (!copy)
		return TWINLOG_NO_MEMORY;
	*ret_id = codec_bytes(copy, strlen(id));
	return TWINLOG_OK;
}
