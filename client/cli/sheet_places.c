/* Cities and countries in cells. */
#include <stdio.h>
#include <string.h>

#include "sheet_internal.h"
#include "text.h"
#include "validate.h"

#define NOWHERE "ZZ" /* user-assigned in ISO 3166-1: the country is not said */

enum twinlog_error sheet_country(const struct sheet_reader *reader, const struct sheet *sheet,
				 const struct csv_row *row, enum sheet_column column, ProtobufCBinaryData *ret_code,
				 struct twinlog_fault *fault)
{
	const ProtobufCBinaryData cell = sheet_cell(sheet, row, column);
	const char *code = cell.len ? country_find(reader->countries, cell.data, cell.len) : "";

	if (!code)
		return sheet_fault(fault, TWINLOG_BAD_CODE, column, cell);
	*ret_code = codec_string(code);
	return TWINLOG_OK;
}

/* ---- Names that no list knows ---- */

/* "중국 가상시", "가상시(중국)": the country that a name brings along, taken off it. */
static const char *country_of(const struct sheet_reader *reader, ProtobufCBinaryData *name)
{
	const ProtobufCBinaryData whole = *name;

	for (size_t i = 1; i + 1 < whole.len; i++) {
		const bool bracket = whole.data[i] == '(' && whole.data[whole.len - 1] == ')';
		const char *code;

		if (whole.data[i] != ' ' && !bracket)
			continue;
		code = country_find(reader->countries, whole.data, i);
		if (code && !bracket) {
			*name = sheet_trim(codec_bytes(whole.data + i, whole.len - i));
			return code;
		}
		code = country_find(reader->countries, whole.data + i + 1, whole.len - i - 1 - bracket);
		if (code) {
			*name = sheet_trim(codec_bytes(whole.data, i));
			return code;
		}
	}
	return NULL;
}

/* The city of this row that the text names too. */
static bool stub_known(const struct draft *draft, ProtobufCBinaryData name, ProtobufCBinaryData *ret_id)
{
	for (size_t i = 0; i < draft->stub_count; i++) {
		const Twinlog__City *city = draft->stubs[i]->city;

		for (size_t n = 0; n < city->n_names; n++) {
			if (bytes_equal(city->names[n]->text, name)) {
				*ret_id = city->city_id;
				return true;
			}
		}
	}
	return false;
}

static enum twinlog_error place_make(const struct sheet_reader *reader, struct draft *draft, ProtobufCBinaryData name,
				     ProtobufCBinaryData country, ProtobufCBinaryData subdivision,
				     ProtobufCBinaryData *ret_id)
{
	const char *in_name = country_of(reader, &name);
	struct place_cells cells = {.subdivision = subdivision};
	struct twinlog_fault fault;
	ProtobufCBinaryData id;
	enum twinlog_error error;

	if (country.len == 0)
		country = codec_string(in_name ? in_name : NOWHERE);
	if (stub_known(draft, name, ret_id))
		return TWINLOG_OK;
	error = stub_id(reader->arena, name, bytes_text(reader->arena, country), &id);
	if (error)
		return error == TWINLOG_NO_MEMORY ? error : TWINLOG_UNKNOWN_CITY;
	cells.local = name;
	cells.country = codec_equal(country, NOWHERE) ? codec_bytes(NULL, 0) : country;
	error = draft_stub(reader, draft, id, &cells, &fault);
	if (!error)
		*ret_id = id;
	return error;
}

/* ---- Names ---- */

#define CANDIDATES 4u

static enum twinlog_error candidates_list(const struct sheet_reader *reader, const struct place *const *places,
					  size_t count, ProtobufCBinaryData *ret_list)
{
	char list[CANDIDATES * (TWINLOG_CITY_ID_MAX + 2) + 8] = "";
	void *copy;

	for (size_t i = 0; i < count && i < CANDIDATES; i++) {
		const size_t used = strlen(list);

		snprintf(list + used, sizeof list - used, "%s%s", used ? ", " : "", places[i]->city_id);
	}
	if (count > CANDIDATES)
		strcat(list, ", …");
	copy = arena_copy(reader->arena, list, strlen(list));
	if (!copy)
		return TWINLOG_NO_MEMORY;
	*ret_list = codec_bytes(copy, strlen(list));
	return TWINLOG_AMBIGUOUS_CITY;
}

/* An earlier sheet made a stub of the name alone; what it knows better now has a country of its own. */
static bool is_nowhere(const struct place *place)
{
	return strncmp(place->city_id, NOWHERE ":", 3) == 0;
}

enum twinlog_error sheet_place(const struct sheet_reader *reader, struct draft *draft, ProtobufCBinaryData text,
			       ProtobufCBinaryData country, ProtobufCBinaryData subdivision,
			       ProtobufCBinaryData *ret_id)
{
	const struct place *places[CANDIDATES];
	size_t found;

	if (validate_city_id(text.data, text.len) == TWINLOG_OK) {
		*ret_id = text;
		return TWINLOG_OK;
	}
	const char *hints[2] = {bytes_text(reader->arena, country), bytes_text(reader->arena, subdivision)};
	if (!hints[0] || !hints[1])
		return TWINLOG_NO_MEMORY;
	found = places_find(reader->places, text.data, text.len, hints[0], hints[1], places, CANDIDATES);
	for (size_t i = 0; found > 1 && i < found && i < CANDIDATES; i++) {
		if (is_nowhere(places[i])) {
			places[0] = places[i];
			found = 1;
		}
	}
	if (found > 1)
		return candidates_list(reader, places, found, ret_id);
	if (found == 0)
		return draft ? place_make(reader, draft, text, country, subdivision, ret_id) : TWINLOG_UNKNOWN_CITY;
	*ret_id = codec_string(places[0]->city_id);
	return TWINLOG_OK;
}

enum twinlog_error sheet_place_fault(const struct sheet_reader *reader, struct twinlog_fault *fault,
				     enum twinlog_error code, enum sheet_column column, ProtobufCBinaryData text,
				     ProtobufCBinaryData candidates)
{
	char told[sizeof fault->value];
	void *copy;
	int size;

	if (code != TWINLOG_AMBIGUOUS_CITY)
		return sheet_fault(fault, code, column, text);
	size =
	    snprintf(told, sizeof told, "%.*s (%.*s)", (int)text_cut(text.data, text.len, 60), (const char *)text.data,
		     (int)text_cut(candidates.data, candidates.len, 90), (const char *)candidates.data);
	copy = size > 0 ? arena_copy(reader->arena, told, (size_t)size) : NULL;
	return copy ? sheet_fault(fault, code, column, codec_bytes(copy, (size_t)size)) : TWINLOG_NO_MEMORY;
}

enum twinlog_error sheet_sides(const struct sheet_reader *reader, const struct sheet *sheet, const struct csv_row *row,
			       struct draft *draft, ProtobufCBinaryData ret_sides[2], struct twinlog_fault *fault)
{
	static const enum sheet_column names[2][3] = {{COLUMN_city_a, COLUMN_city_a_local, COLUMN_city_a_name},
						      {COLUMN_city_b, COLUMN_city_b_local, COLUMN_city_b_name}};
	static const enum sheet_column hints[2][2] = {{COLUMN_country_a, COLUMN_iso3166_2_a},
						      {COLUMN_country_b, COLUMN_iso3166_2_b}};
	for (size_t side = 0; side < 2; side++) {
		/* The first of these cells that holds something names the city. */
		ProtobufCBinaryData name, country = {0}, found = {0};
		enum twinlog_error error;
		size_t i = 0;
		while (i < 2 && sheet_cell(sheet, row, names[side][i]).len == 0)
			i++;
		name = sheet_cell(sheet, row, names[side][i]);
		if (name.len == 0)
			return sheet_fault(fault, TWINLOG_FIELD_MISSING, names[side][0], name);
		error = sheet_country(reader, sheet, row, hints[side][0], &country, fault);
		if (error)
			return error;
		error = sheet_place(reader, draft, name, country, sheet_cell(sheet, row, hints[side][1]), &found);
		if (error)
			return sheet_place_fault(reader, fault, error, names[side][i], name, found);
		ret_sides[side] = found;
	}
	if (bytes_equal(ret_sides[0], ret_sides[1]))
		return sheet_fault(fault, TWINLOG_DUPLICATE, COLUMN_city_b, ret_sides[1]);
	return TWINLOG_OK;
}
