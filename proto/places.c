#include "places.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "cities_csv.h"
#include "text.h"

struct key {
	char *folded;
	size_t stripped; /* bytes without the administrative suffix */
	uint32_t place;
};

struct entry {
	struct place place;
	char *text[6]; /* what place points to: id, country, subdivision, three names */
};

struct places {
	struct entry *entries;
	size_t count, capacity;
	struct key *keys;
	size_t keys_count, keys_capacity;
};

/* As text_fold leaves them; the longest first. */
static const char *const suffixes[] = {
    "metropolitancity",
    "특별자치도",
    "특별자치시",
    "prefecture",
    "特别自治道",
    "province",
    "district",
    "광역시",
    "특별시",
    "county",
    "广域市",
    "特别市",
    "自治区",
    "city",
    "shi",
    "xian",
    "gun",
    "시",
    "군",
    "구",
    "도",
    "현",
    "성",
    "市",
    "县",
    "区",
    "省",
    "郡",
    "道",
    "si",
    "gu",
    "do",
};

static size_t strip_suffix(const char *folded)
{
	const size_t size = strlen(folded);
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		const size_t suffix = strlen(suffixes[i]);
		/* What is left must still be a name: two characters of three bytes, or as many Latin letters. */
		if (size >= suffix + 4 && memcmp(folded + size - suffix, suffixes[i], suffix) == 0)
			return size - suffix;
	}
	return size;
}

static bool grow(void **items, size_t *capacity, size_t count, size_t size)
{
	if (count < *capacity)
		return true;
	const size_t wanted = *capacity ? 2 * *capacity : 512;
	void *grown = realloc(*items, wanted * size);
	if (!grown)
		return false;
	*items = grown;
	*capacity = wanted;
	return true;
}

static enum twinlog_error key_add(struct places *places, uint32_t place, const char *name)
{
	char *folded;
	size_t size;
	const char *bracket = strpbrk(name, "(");
	const size_t length = bracket && bracket > name ? (size_t)(bracket - name) : strlen(name);
	enum twinlog_error error = text_fold(name, length, &folded, &size);
	if (error)
		return error == TWINLOG_NO_MEMORY ? error : TWINLOG_OK;
	for (size_t i = 0; i < places->keys_count; i++) {
		if (places->keys[i].place == place && strcmp(places->keys[i].folded, folded) == 0) {
			free(folded);
			return TWINLOG_OK;
		}
	}
	if (size == 0 ||
	    !grow((void **)(void *)&places->keys, &places->keys_capacity, places->keys_count, sizeof *places->keys)) {
		free(folded);
		return size == 0 ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	}
	places->keys[places->keys_count++] = (struct key){folded, strip_suffix(folded), place};
	return TWINLOG_OK;
}

static struct entry *find_id(const struct places *places, const char *id, size_t size)
{
	for (size_t i = 0; i < places->count; i++)
		if (strlen(places->entries[i].text[0]) == size && memcmp(places->entries[i].text[0], id, size) == 0)
			return &places->entries[i];
	return NULL;
}

/* NULL: no memory. */
static struct entry *entry_make(struct places *places, const char *city_id, const char *country,
				const char *subdivision)
{
	if (!grow((void **)(void *)&places->entries, &places->capacity, places->count, sizeof *places->entries))
		return NULL;
	struct entry *entry = &places->entries[places->count];
	*entry = (struct entry){
	    .text = {strdup(city_id), strdup(country ? country : ""), strdup(subdivision ? subdivision : "")}};
	if (!entry->text[0] || !entry->text[1] || !entry->text[2]) {
		for (size_t i = 0; i < 3; i++)
			free(entry->text[i]);
		return NULL;
	}
	places->count++;
	return entry;
}

static int language_of(const char *lang)
{
	return strncmp(lang, "en", 2) == 0 ? 0 : strncmp(lang, "zh", 2) == 0 ? 1 : strncmp(lang, "ko", 2) == 0 ? 2 : -1;
}

enum twinlog_error places_add(struct places *places, const char *city_id, const char *country, const char *subdivision,
			      const char *const *names, const char *const *langs, size_t count)
{
	struct entry *entry = find_id(places, city_id, strlen(city_id));
	enum twinlog_error error = TWINLOG_OK;
	if (!entry && !(entry = entry_make(places, city_id, country, subdivision)))
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < count && !error; i++) {
		const int language = langs[i] ? language_of(langs[i]) : -1;
		if (!names[i] || !names[i][0])
			continue;
		if (language >= 0 && !entry->text[3 + language] && !(entry->text[3 + language] = strdup(names[i])))
			return TWINLOG_NO_MEMORY;
		error = key_add(places, (uint32_t)(entry - places->entries), names[i]);
	}
	entry->place = (struct place){
	    .city_id = entry->text[0],
	    .country = entry->text[1],
	    .subdivision = entry->text[2],
	    .names = {entry->text[3], entry->text[4], entry->text[5]},
	};
	return error;
}

/* ---- The built-in list. ---- */

/* One field of a row of proto/cities.csv, which quotes by doubling; returns where the next one begins. */
static const char *field_next(const char *at, const char *end, char *out, size_t capacity, bool *ret_last)
{
	size_t size = 0;
	const bool quoted = at < end && *at == '"';
	at += quoted;
	while (at < end) {
		if (quoted && *at == '"') {
			if (at + 1 < end && at[1] == '"')
				at++;
			else {
				at++;
				break;
			}
		} else if (!quoted && (*at == ',' || *at == '\n' || *at == '\r')) {
			break;
		}
		if (size + 1 < capacity)
			out[size++] = *at;
		at++;
	}
	out[size] = '\0';
	*ret_last = at >= end || *at == '\n' || *at == '\r';
	while (at < end && *at == '\r')
		at++;
	return at < end ? at + 1 : end;
}

enum { COLUMN_ID, COLUMN_EN, COLUMN_ZH, COLUMN_KO, COLUMN_READING, COLUMN_COUNTRY, COLUMN_SUBDIVISION, COLUMNS };

enum twinlog_error places_new(struct places **ret_places)
{
	static const char *const langs[] = {"en", "zh-Hans", "ko", "ko"};
	const char *at = (const char *)cities_csv, *end = at + sizeof cities_csv;
	struct places *places = calloc(1, sizeof *places);
	if (!places)
		return TWINLOG_NO_MEMORY;
	for (size_t row = 0; at < end; row++) {
		char fields[COLUMNS][256] = {{0}}, rest[1024];
		bool last = false;
		for (size_t i = 0; !last; i++)
			at = field_next(at, end, i < COLUMNS ? fields[i] : rest,
					i < COLUMNS ? sizeof fields[0] : sizeof rest, &last);
		const char *const names[] = {fields[COLUMN_EN], fields[COLUMN_ZH], fields[COLUMN_KO],
					     fields[COLUMN_READING]};
		if (row == 0 || !fields[COLUMN_ID][0])
			continue;
		const enum twinlog_error error = places_add(places, fields[COLUMN_ID], fields[COLUMN_COUNTRY],
							    fields[COLUMN_SUBDIVISION], names, langs, 4);
		if (error) {
			places_free(places);
			return error;
		}
	}
	*ret_places = places;
	return TWINLOG_OK;
}

void places_free(struct places *places)
{
	if (!places)
		return;
	for (size_t i = 0; i < places->count; i++)
		for (size_t t = 0; t < 6; t++)
			free(places->entries[i].text[t]);
	for (size_t i = 0; i < places->keys_count; i++)
		free(places->keys[i].folded);
	free(places->entries);
	free(places->keys);
	free(places);
}

/* ---- Finding. ---- */

struct search {
	const struct places *places;
	const char *country;
	const char *subdivision;
	uint8_t *grades; /* one for each place: 0 none, 1 without suffix, 2 as written */
};

static void match_keys(const struct search *search, const char *folded)
{
	const size_t size = strlen(folded), bare = strip_suffix(folded);
	for (size_t i = 0; i < search->places->keys_count; i++) {
		const struct key *key = &search->places->keys[i];
		const struct place *place = &search->places->entries[key->place].place;
		const size_t key_size = strlen(key->folded);
		uint8_t grade = 0;
		if (key_size == size && memcmp(key->folded, folded, size) == 0)
			grade = 2;
		else if (key->stripped == size && memcmp(key->folded, folded, size) == 0)
			grade = 2; /* the question has no suffix: one with it is as good */
		else if (key->stripped == bare && memcmp(key->folded, folded, bare) == 0)
			grade = 1;
		else if (key_size == bare && memcmp(key->folded, folded, bare) == 0)
			grade = 1;
		if (grade == 0 ||
		    (search->country && search->country[0] && strcmp(place->country, search->country) != 0) ||
		    (search->subdivision && search->subdivision[0] && place->subdivision[0] &&
		     strcmp(place->subdivision, search->subdivision) != 0))
			continue;
		if (grade > search->grades[key->place])
			search->grades[key->place] = grade;
	}
}

static size_t collect(const struct search *search, const struct place **ret_places, size_t max)
{
	size_t count = 0;
	uint8_t best = 0;
	for (size_t i = 0; i < search->places->count; i++)
		best = search->grades[i] > best ? search->grades[i] : best;
	for (size_t i = 0; best > 0 && i < search->places->count; i++) {
		if (search->grades[i] != best)
			continue;
		const struct place *place = &search->places->entries[i].place;
		size_t at = count < max ? count : max;
		for (; at > 0 && strcmp(ret_places[at - 1]->city_id, place->city_id) > 0; at--)
			if (at < max)
				ret_places[at] = ret_places[at - 1];
		if (at < max)
			ret_places[at] = place;
		count++;
	}
	return count;
}

static size_t find_plain(const struct places *places, const void *text, size_t size, const char *country,
			 const char *subdivision, const struct place **ret_places, size_t max)
{
	struct search search = {places, country, subdivision, calloc(places->count + 1, 1)};
	char *folded;
	size_t folded_size, count = 0;
	if (search.grades && text_fold(text, size, &folded, &folded_size) == TWINLOG_OK) {
		if (folded_size > 0)
			match_keys(&search, folded);
		free(folded);
		count = collect(&search, ret_places, max);
	}
	free(search.grades);
	return count;
}

/* A province or country written beside the name, as one of the places themselves (경기도) or a country's name. */
static bool hint_take(const struct places *places, const char *text, size_t size, const char **country,
		      const char **subdivision)
{
	static const struct {
		const char *name, *code;
	} countries[] = {{"china", "CN"},      {"中国", "CN"}, {"중국", "CN"}, {"korea", "KR"},
			 {"southkorea", "KR"}, {"韩国", "KR"}, {"한국", "KR"}, {"대한민국", "KR"},
			 {"japan", "JP"},      {"日本", "JP"}, {"일본", "JP"}};
	const struct place *found[8];
	char *folded;
	size_t folded_size;
	if (text_fold(text, size, &folded, &folded_size))
		return false;
	bool taken = false;
	for (size_t i = 0; i < sizeof countries / sizeof *countries && !taken; i++) {
		taken = strcmp(folded, countries[i].name) == 0;
		if (taken)
			*country = countries[i].code;
	}
	free(folded);
	if (taken)
		return true;
	const size_t count = find_plain(places, text, size, *country, NULL, found, 8);
	for (size_t i = 0; i < count && i < 8; i++) {
		if (count > 1 && strcmp(found[i]->subdivision, found[0]->subdivision) != 0)
			return false;
		*country = found[i]->country;
		*subdivision = found[i]->subdivision;
		taken = found[i]->subdivision[0] != '\0';
	}
	return taken;
}

/* "Gwangju, Gyeonggi" and "경기도 광주시": one part names the place, the other narrows. */
static size_t find_parts(const struct places *places, const char *text, size_t size, const char *country,
			 const char *subdivision, const struct place **ret_places, size_t max)
{
	for (size_t i = 1; i + 1 < size; i++) {
		if (text[i] != ',' && text[i] != ' ')
			continue;
		const bool comma = text[i] == ',';
		const char *name = comma ? text : text + i + 1, *hint = comma ? text + i + 1 : text;
		const size_t name_size = comma ? i : size - i - 1, hint_size = comma ? size - i - 1 : i;
		const char *in_country = country, *in_subdivision = subdivision;
		if (!hint_take(places, hint, hint_size, &in_country, &in_subdivision))
			continue;
		const size_t count = find_plain(places, name, name_size, in_country, in_subdivision, ret_places, max);
		if (count > 0)
			return count;
	}
	return 0;
}

/* 江苏省连云港市: no blank between the two, so each beginning is tried at character borders. */
static size_t find_joined(const struct places *places, const char *text, size_t size, const char *country,
			  const char *subdivision, const struct place **ret_places, size_t max)
{
	for (size_t i = 6; i + 3 <= size; i++) {
		const char *in_country = country, *in_subdivision = subdivision;
		if (((unsigned char)text[i] & 0xC0) == 0x80 || ((unsigned char)text[i] & 0x80) == 0)
			continue;
		if (!hint_take(places, text, i, &in_country, &in_subdivision))
			continue;
		const size_t count =
		    find_plain(places, text + i, size - i, in_country, in_subdivision, ret_places, max);
		if (count > 0)
			return count;
	}
	return 0;
}

size_t places_find(const struct places *places, const void *text, size_t size, const char *country,
		   const char *subdivision, const struct place **ret_places, size_t max)
{
	const char *name = text;
	char prefix[3];
	const struct entry *entry = find_id(places, name, size);
	if (entry) {
		if (max > 0)
			ret_places[0] = &entry->place;
		return 1;
	}
	if (size > 3 && name[2] == ':') {
		memcpy(prefix, name, 2);
		prefix[2] = '\0';
		country = prefix;
		name += 3;
		size -= 3;
	}
	const char *bracket = size > 0 ? memchr(name + 1, '(', size - 1) : NULL;
	if (bracket)
		size = (size_t)(bracket - name);
	size_t count = find_plain(places, name, size, country, subdivision, ret_places, max);
	if (count == 0)
		count = find_parts(places, name, size, country, subdivision, ret_places, max);
	if (count == 0)
		count = find_joined(places, name, size, country, subdivision, ret_places, max);
	return count;
}

enum twinlog_error places_key(const void *text, size_t size, char **ret_key)
{
	const char *bracket = size > 1 ? memchr((const char *)text + 1, '(', size - 1) : NULL;
	char *folded;
	size_t length;
	enum twinlog_error error =
	    text_fold(text, bracket ? (size_t)(bracket - (const char *)text) : size, &folded, &length);

	if (error)
		return error;
	if (length == 0) {
		free(folded);
		return TWINLOG_BAD_TEXT;
	}
	folded[strip_suffix(folded)] = '\0';
	*ret_key = folded;
	return TWINLOG_OK;
}

const char *places_sheet(size_t *ret_size)
{
	*ret_size = sizeof cities_csv;
	return (const char *)cities_csv;
}

size_t places_count(const struct places *places)
{
	return places->count;
}

const struct place *places_at(const struct places *places, size_t index)
{
	return &places->entries[index].place;
}

const struct place *places_by_id(const struct places *places, const char *city_id)
{
	const struct entry *entry = find_id(places, city_id, strlen(city_id));
	return entry ? &entry->place : NULL;
}
