/* Cities that no list knows: what a row tells of them becomes a city record of its own. */
#include <string.h>

#include "sheet_internal.h"

#define NAMES_MAX 4u /* of a stub: two of its cells, twice */

static const char *language_of(ProtobufCBinaryData country)
{
	static const char *const languages[][2] = {{"CN", "zh-Hans"}, {"KR", "ko"}, {"JP", "ja"}, {"TW", "zh-Hant"}};
	for (size_t i = 0; i < sizeof languages / sizeof *languages; i++) {
		if (codec_equal(country, languages[i][0]))
			return languages[i][1];
	}
	return "und";
}

static enum twinlog_error add_name(struct arena *arena, Twinlog__City *city, const char *lang, ProtobufCBinaryData text)
{
	if (text.len == 0 || city->n_names == NAMES_MAX)
		return TWINLOG_OK;
	Twinlog__PlaceName *name = arena_alloc(arena, sizeof *name);
	if (!name)
		return TWINLOG_NO_MEMORY;
	twinlog__place_name__init(name);
	name->lang = codec_string(lang);
	name->text = text;
	city->names[city->n_names++] = name;
	return TWINLOG_OK;
}

/* Listed, with a name: a stub of an id alone is filled in by the first sheet that knows more. */
static bool is_known(const struct sheet_reader *reader, const char *id, const struct place_cells *cells)
{
	const struct place *place = places_by_id(reader->places, id);
	if (!place)
		return false;
	return place->names[0] || place->names[1] || place->names[2] || (cells->name.len == 0 && cells->local.len == 0);
}

/* The stub that the row made of the name alone: the cells beside it say more. */
static Twinlog__City *stub_of(const struct draft *draft, ProtobufCBinaryData id)
{
	for (size_t i = 0; i < draft->stub_count; i++)
		if (bytes_equal(draft->stubs[i]->city->city_id, id))
			return draft->stubs[i]->city;
	return NULL;
}

static bool has_name(const Twinlog__City *city, ProtobufCBinaryData text)
{
	for (size_t i = 0; i < city->n_names; i++)
		if (bytes_equal(city->names[i]->text, text))
			return true;
	return false;
}

/* The name in Latin letters, and the one in the country's own. */
static enum twinlog_error names_add(struct arena *arena, Twinlog__City *city, const struct place_cells *cells)
{
	enum twinlog_error error = has_name(city, cells->name) ? TWINLOG_OK : add_name(arena, city, "en", cells->name);
	const char *language = language_of(city->country);

	if (strcmp(language, "und") == 0)
		language = json_language((const char *)cells->local.data, cells->local.len);
	if (!error && !has_name(city, cells->local))
		error = add_name(arena, city, language, cells->local);
	return error;
}

enum twinlog_error draft_stub(const struct sheet_reader *reader, struct draft *draft, ProtobufCBinaryData id,
			      const struct place_cells *cells, struct twinlog_fault *fault)
{
	const char *text = bytes_text(reader->arena, id);
	Twinlog__City *city = stub_of(draft, id);
	enum twinlog_error error;

	if (!text)
		return TWINLOG_NO_MEMORY;
	if (is_known(reader, text, cells) || (!city && draft->stub_count == SHEET_STUBS_MAX))
		return TWINLOG_OK;
	if (!city) {
		Twinlog__Body *body = body_new(reader->arena, TWINLOG__RECORD_KIND__RECORD_CITY);

		if (!body || !(body->city->names = arena_alloc(reader->arena, NAMES_MAX * sizeof *body->city->names)))
			return TWINLOG_NO_MEMORY;
		city = body->city;
		city->city_id = id;
		city->country = cells->country.len         ? cells->country
				: memcmp(id.data, "ZZ", 2) ? codec_bytes(id.data, 2)
							   : codec_bytes(NULL, 0);
		draft->stubs[draft->stub_count++] = body;
	}
	if (cells->subdivision.len)
		city->subdivision = cells->subdivision;
	if (cells->level.len)
		city->level = cells->level;
	error = names_add(reader->arena, city, cells);
	return error ? twinlog_fault_set(fault, error, NULL, NULL) : TWINLOG_OK;
}
