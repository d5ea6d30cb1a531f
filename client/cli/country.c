#include "country.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/uloc.h>
#include <unicode/ustring.h>

#include "text.h"

#define LANGUAGES      3u
#define NAME_MAX_UNITS 128

struct country_name {
	char *folded;
	char code[3];
};

struct countries {
	struct country_name *names; /* by folded */
	size_t count, room;
};

/* What ICU does not call them. */
static const char *const also[][2] = {
    {"한국", "KR"},
    {"남한", "KR"},
    {"韩国", "KR"},
    {"南韩", "KR"},
    {"Korea", "KR"},
    {"ROK", "KR"},
    {"중공", "CN"},
    {"중화인민공화국", "CN"},
    {"PRC", "CN"},
    {"中华人民共和国", "CN"},
    {"Republic of Korea", "KR"},
    {"大韩民国", "KR"},
    {"日", "JP"},
    {"러시아 연방", "RU"},
    {"USA", "US"},
    {"UK", "GB"},
    {"베트남사회주의공화국", "VN"},
    {"俄国", "RU"},
    {"미합중국", "US"},
    {"터키", "TR"},
};

static enum twinlog_error name_add(struct countries *countries, const char *name, const char *code)
{
	char *folded;
	size_t size;

	if (text_fold(name, strlen(name), &folded, &size) || size == 0)
		return TWINLOG_OK;
	if (countries->count == countries->room) {
		const size_t room = countries->room ? 2 * countries->room : 1024;
		struct country_name *grown = realloc(countries->names, room * sizeof *grown);

		if (!grown) {
			free(folded);
			return TWINLOG_NO_MEMORY;
		}
		countries->names = grown;
		countries->room = room;
	}
	countries->names[countries->count] = (struct country_name){.folded = folded};
	memcpy(countries->names[countries->count++].code, code, 3);
	return TWINLOG_OK;
}

static enum twinlog_error names_add(struct countries *countries, const char *code)
{
	static const char *const languages[LANGUAGES] = {"en", "zh", "ko"};
	const char locale[] = {'_', code[0], code[1], 0};
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = 0; i < LANGUAGES && !error; i++) {
		UChar units[NAME_MAX_UNITS];
		char name[NAME_MAX_UNITS * 3];
		UErrorCode status = U_ZERO_ERROR;

		uloc_getDisplayCountry(locale, languages[i], units, NAME_MAX_UNITS, &status);
		u_strToUTF8(name, sizeof name, NULL, units, -1, &status);
		if (U_SUCCESS(status))
			error = name_add(countries, name, code);
	}
	return error;
}

static int name_order(const void *left, const void *right)
{
	const struct country_name *a = left, *b = right;

	return strcmp(a->folded, b->folded);
}

enum twinlog_error countries_new(struct countries **ret_countries)
{
	struct countries *countries = calloc(1, sizeof *countries);
	enum twinlog_error error = countries ? TWINLOG_OK : TWINLOG_NO_MEMORY;

	for (const char *const *code = uloc_getISOCountries(); *code && !error; code++)
		error = names_add(countries, *code);
	for (size_t i = 0; i < sizeof also / sizeof *also && !error; i++)
		error = name_add(countries, also[i][0], also[i][1]);
	if (error) {
		countries_free(countries);
		return error;
	}
	qsort(countries->names, countries->count, sizeof *countries->names, name_order);
	*ret_countries = countries;
	return TWINLOG_OK;
}

void countries_free(struct countries *countries)
{
	if (!countries)
		return;
	for (size_t i = 0; i < countries->count; i++)
		free(countries->names[i].folded);
	free(countries->names);
	free(countries);
}

static bool is_capital(char c)
{
	return c >= 'A' && c <= 'Z';
}

const char *country_find(const struct countries *countries, const void *text, size_t size)
{
	struct country_name key, *found;
	const char *letters = text;
	const bool code = size == 2 && is_capital(letters[0]) && is_capital(letters[1]);

	if (code)
		for (const char *const *known = uloc_getISOCountries(); *known; known++)
			if (memcmp(*known, letters, 2) == 0)
				return *known;
	if (!countries || size == 0 || text_fold(text, size, &key.folded, &size))
		return NULL;
	found = bsearch(&key, countries->names, countries->count, sizeof key, name_order);
	free(key.folded);
	return found ? found->code : NULL;
}
