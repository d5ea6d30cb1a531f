/* Cities that no list knows: what a row tells of them becomes a city record of its own. */
#include <string.h>

#include "sheet_internal.h"

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
	if (text.len == 0)
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

enum twinlog_error draft_stub(const struct sheet_reader *reader, struct draft *draft, ProtobufCBinaryData id,
			      const struct place_cells *cells, struct twinlog_fault *fault)
{
	const char *text = bytes_text(reader->arena, id);
	if (!text)
		return TWINLOG_NO_MEMORY;
	if (is_known(reader, text, cells) || draft->stub_count == SHEET_STUBS_MAX)
		return TWINLOG_OK;
	Twinlog__Body *body = body_new(reader->arena, TWINLOG__RECORD_KIND__RECORD_CITY);
	if (!body || !(body->city->names = arena_alloc(reader->arena, 2 * sizeof *body->city->names)))
		return TWINLOG_NO_MEMORY;
	Twinlog__City *city = body->city;
	city->city_id = id;
	city->country = cells->country.len ? cells->country : codec_bytes(id.data, 2);
	city->subdivision = cells->subdivision;
	city->level = cells->level;
	enum twinlog_error error = add_name(reader->arena, city, "en", cells->name);
	if (!error && !bytes_equal(cells->name, cells->local))
		error = add_name(reader->arena, city, language_of(city->country), cells->local);
	if (error)
		return twinlog_fault_set(fault, error, NULL, NULL);
	draft->stubs[draft->stub_count++] = body;
	return TWINLOG_OK;
}
