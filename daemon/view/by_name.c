#include "by_name.h"

#include <stdlib.h>
#include <string.h>
#include <unicode/ucol.h>
#include <unicode/ustring.h>

#include "codelist.h"

#define NAME_UNITS_MAX (TWINLOG_NAME_MAX + 1) /* UTF-16 has no more units than UTF-8 has bytes */
#define WHOLE_KEY_MAX  1024

struct by_name {
	const struct query *query;
	enum language language;
	UCollator *collator;
	const struct view_space *view; /* whose cities keys are of */
	struct by_name_key **keys;     /* of each name of that space, NULL: not made yet; in the query's arena */
	uint32_t count;
	struct arena *scratch; /* for one body at a time */
	enum twinlog_error error;
};

static const struct {
	const char *tag;
	const char *locale;
} LANGUAGES[LANGUAGE_COUNT] = {
    [LANGUAGE_EN] = {"en", "en"},
    [LANGUAGE_ZH] = {"zh", "zh@collation=pinyin"},
    [LANGUAGE_KO] = {"ko", "ko"},
};

static bool is_of(ProtobufCBinaryData lang, enum language language)
{
	return lang.len >= 2 && memcmp(lang.data, LANGUAGES[language].tag, 2) == 0 &&
	       (lang.len == 2 || lang.data[2] == '-');
}

enum twinlog_error by_name_new(const struct query *query, ProtobufCBinaryData lang, struct by_name **ret_by_name)
{
	struct by_name *by_name;
	UErrorCode status = U_ZERO_ERROR;
	enum language language = LANGUAGE_EN;

	while (lang.len > 0 && language < LANGUAGE_COUNT && !is_of(lang, language))
		language++;
	if (language == LANGUAGE_COUNT)
		return query_fault(query, TWINLOG_BAD_LANG, "lang", lang);
	by_name = calloc(1, sizeof *by_name);
	if (!by_name)
		return TWINLOG_NO_MEMORY;
	by_name->query = query;
	by_name->language = language;
	by_name->scratch = arena_new(TWINLOG_UNPACK_MAX);
	by_name->collator = ucol_open(LANGUAGES[language].locale, &status);
	if (!by_name->scratch || U_FAILURE(status)) {
		by_name_free(by_name);
		return TWINLOG_NO_MEMORY;
	}
	*ret_by_name = by_name;
	return TWINLOG_OK;
}

void by_name_free(struct by_name *by_name)
{
	if (!by_name)
		return;
	if (by_name->collator)
		ucol_close(by_name->collator);
	arena_free(by_name->scratch);
	free(by_name);
}

enum twinlog_error by_name_error(const struct by_name *by_name)
{
	return by_name->error;
}

/* What the lead statement of the city's record calls it: in the language, else its first name. In the scratch arena. */
static ProtobufCBinaryData recorded_name(struct by_name *by_name, const struct view_space *view, const char *id,
					 size_t size)
{
	const struct statements *statements = view->statements;
	const struct handle handle =
	    record_handle(statements_space(statements), TWINLOG__RECORD_KIND__RECORD_CITY, NULL, id, size);
	const struct record *record = statements_find(statements, &handle);
	const uint32_t at = record ? view->facts[statements_index(statements, record)] : FACTS_NONE;
	const struct facts *facts = at == FACTS_NONE ? NULL : statements_facts_at(statements, at);
	const struct word *word = facts && facts->values ? statements_word(statements, facts->word) : NULL;
	ProtobufCBinaryData packed, name = codec_bytes(NULL, 0);
	Twinlog__Body *body;

	if (!word || !by_name->query->read)
		return name;
	arena_reset(by_name->scratch);
	if (query_body(by_name->query, word, &packed) ||
	    CODEC_UNPACK(by_name->scratch, packed.data, packed.len, &body, twinlog__body) ||
	    body->content_case != TWINLOG__BODY__CONTENT_CITY)
		return name;
	for (size_t i = 0; i < body->city->n_names; i++) {
		const Twinlog__PlaceName *given = body->city->names[i];

		if (is_of(given->lang, by_name->language))
			return given->text;
		if (i == 0)
			name = given->text;
	}
	return name;
}

static ProtobufCBinaryData name_of(struct by_name *by_name, const struct view_space *view, const char *id, size_t size)
{
	const ProtobufCBinaryData recorded = recorded_name(by_name, view, id, size);
	const struct places *places = by_name->query->extra->places;
	const struct place *place = places ? places_by_id(places, id) : NULL;

	if (recorded.len > 0)
		return recorded;
	if (place && place->names[by_name->language])
		return codec_string(place->names[by_name->language]);
	return codec_bytes(id, size);
}

static struct by_name_key *key_make(struct by_name *by_name, ProtobufCBinaryData name)
{
	struct by_name_key *key = arena_alloc(by_name->query->arena, sizeof *key);
	UErrorCode status = U_ZERO_ERROR;
	UChar units[NAME_UNITS_MAX];
	uint8_t whole[WHOLE_KEY_MAX];
	int32_t length = 0, size = 0;

	if (!key)
		return NULL;
	u_strFromUTF8(units, NAME_UNITS_MAX, &length, (const char *)name.data, (int32_t)name.len, &status);
	if (U_SUCCESS(status))
		size = ucol_getSortKey(by_name->collator, units, length, whole, sizeof whole);
	/* A name that is too long for any of this stands among the first. */
	if (size > (int32_t)sizeof whole)
		size = 0;
	key->size = (uint8_t)(size < (int32_t)BY_NAME_KEY_MAX ? size : (int32_t)BY_NAME_KEY_MAX);
	memcpy(key->bytes, whole, key->size);
	return key;
}

const struct by_name_key *by_name_key(struct by_name *by_name, const struct view_space *view, uint32_t city)
{
	static const struct by_name_key none;
	const struct names *names = statements_names(view->statements);
	size_t size;

	if (by_name->view != view) {
		by_name->keys = arena_zalloc(by_name->query->arena, names_count(names) * sizeof(*by_name->keys));
		by_name->count = by_name->keys ? names_count(names) : 0;
		by_name->view = view;
	}
	if (city >= by_name->count) {
		by_name->error = QUERY_FULL;
		return &none;
	}
	if (!by_name->keys[city]) {
		const char *id = names_text(names, city, &size);

		by_name->keys[city] = key_make(by_name, name_of(by_name, view, id, size));
	}
	if (by_name->keys[city])
		return by_name->keys[city];
	by_name->error = QUERY_FULL;
	return &none;
}
