/* A row of cities: one place with its names. */
#include "sheet_internal.h"

#define NAMES_MAX 8u /* the columns of names, two readings in the last */

static enum twinlog_error add_name(const struct sheet_reader *reader, Twinlog__City *city, const char *lang,
				   const char *kind, ProtobufCBinaryData text)
{
	if (text.len == 0 || city->n_names == NAMES_MAX)
		return TWINLOG_OK;
	Twinlog__PlaceName *name = arena_alloc(reader->arena, sizeof *name);
	if (!name)
		return TWINLOG_NO_MEMORY;
	twinlog__place_name__init(name);
	name->lang = codec_string(lang);
	name->text = text;
	name->kind = codec_string(kind);
	city->names[city->n_names++] = name;
	return TWINLOG_OK;
}

/* Official is the name in the country's own language; the others are names that foreigners use. */
static enum twinlog_error read_names(const struct sheet_reader *reader, const struct sheet *sheet,
				     const struct csv_row *row, Twinlog__City *city)
{
	const bool chinese = codec_equal(city->country, "CN"), korean = codec_equal(city->country, "KR");
	city->names = arena_alloc(reader->arena, NAMES_MAX * sizeof *city->names);
	if (!city->names)
		return TWINLOG_NO_MEMORY;
	enum twinlog_error error = add_name(reader, city, "en", "alt", sheet_cell(sheet, row, COLUMN_name_en));
	if (!error)
		error = add_name(reader, city, "zh-Hans", chinese ? "official" : "alt",
				 sheet_cell(sheet, row, COLUMN_name_zh_hans));
	if (!error)
		error =
		    add_name(reader, city, "ko", korean ? "official" : "alt", sheet_cell(sheet, row, COLUMN_name_ko));
	if (!error)
		error = add_name(reader, city, "ko", "reading", sheet_cell(sheet, row, COLUMN_name_ko_sino_reading));
	return error;
}

enum twinlog_error draft_city(const struct sheet_reader *reader, const struct sheet *sheet, const struct csv_row *row,
			      struct draft *draft, struct twinlog_fault *fault)
{
	Twinlog__Body *body = body_new(reader->arena, draft->kind);
	Twinlog__Source *source = arena_alloc(reader->arena, sizeof *source);
	if (!body || !source)
		return TWINLOG_NO_MEMORY;
	Twinlog__City *city = body->city;
	city->city_id = sheet_cell(sheet, row, COLUMN_city_id);
	if (city->city_id.len == 0)
		return sheet_fault(fault, TWINLOG_FIELD_MISSING, COLUMN_city_id, city->city_id);
	city->country = sheet_cell(sheet, row, COLUMN_country);
	city->subdivision = sheet_cell(sheet, row, COLUMN_iso3166_2);
	city->parent = sheet_cell(sheet, row, COLUMN_parent_or_history);
	city->wikidata = sheet_cell(sheet, row, COLUMN_wikidata);
	city->latitude = sheet_cell(sheet, row, COLUMN_latitude);
	city->longitude = sheet_cell(sheet, row, COLUMN_longitude);
	twinlog__source__init(source);
	source->title = sheet_cell(sheet, row, COLUMN_coordinate_source);
	if (source->title.len > 0)
		city->source = source;
	enum twinlog_error error = read_names(reader, sheet, row, city);
	if (!error)
		error = sheet_code(sheet, row, COLUMN_level, CODELIST_ADMIN_LEVEL, &city->level, fault);
	if (!error)
		error = sheet_count(reader, sheet, row, COLUMN_population, &city->population, fault);
	draft->body = body;
	draft->report = !codec_equal(city->city_id, reader->self);
	return error;
}
