#include "sheet.h"

#include <string.h>
#include <strings.h>

#include "sheet_internal.h"

static const char *const column_names[] = {
#define SHEET_COLUMN_NAME(name) #name,
    SHEET_COLUMNS(SHEET_COLUMN_NAME)
#undef SHEET_COLUMN_NAME
};

const char *sheet_column_name(enum sheet_column column)
{
	return column_names[column];
}

#define C(name) COLUMN_##name
static const enum sheet_column activities_columns[] = {
    C(event_id),
    C(date),
    C(end_date),
    C(date_precision),
    C(pair_id),
    C(city_a),
    C(city_b),
    C(other_cities),
    C(field),
    C(form),
    C(actor_level),
    C(actor_kind),
    C(direction),
    C(participants),
    C(description),
    C(note),
    C(source_title),
    C(source_url),
    C(title),
    C(status),
    C(mode),
    C(organisation),
    C(participants_private),
    C(count_of_events),
    C(cost),
    C(cost_currency),
    C(cost_payer),
};
static const enum sheet_column pairs_columns[] = {
    C(pair_id),           C(city_a),         C(city_a_name),
    C(city_a_local),      C(country_a),      C(iso3166_2_a),
    C(level_a),           C(city_b),         C(city_b_name),
    C(city_b_local),      C(country_b),      C(iso3166_2_b),
    C(level_b),           C(relation_type),  C(established),
    C(date_precision),    C(date_agreement), C(all_relation_types),
    C(asserted_by_sides), C(assertions),     C(source_title),
    C(source_url),
};
static const enum sheet_column assertions_columns[] = {
    C(pair_id),        C(city_a),      C(city_b), C(relation_type), C(date),
    C(date_precision), C(asserted_by), C(note),   C(source_title),  C(source_url),
};
static const enum sheet_column cities_columns[] = {
    C(city_id),  C(name_en),   C(name_zh_hans), C(name_ko),           C(name_ko_sino_reading),
    C(country),  C(iso3166_2), C(level),        C(parent_or_history), C(wikidata),
    C(latitude), C(longitude), C(population),   C(coordinate_source),
};
/* Without these a sheet is not of that layout. */
static const enum sheet_column activities_needed[] = {C(date), C(city_a), C(city_b), C(field), C(form)};
static const enum sheet_column pairs_needed[] = {C(city_a), C(city_b), C(relation_type), C(established)};
static const enum sheet_column assertions_needed[] = {C(pair_id), C(city_a), C(city_b), C(relation_type),
						      C(asserted_by)};
static const enum sheet_column cities_needed[] = {C(city_id), C(country)};
#undef C

#define LIST(list) list, sizeof(list) / sizeof *(list)
static const struct layout {
	const char *name, *singular;
	uint32_t record_kind;
	const char *import_name;
	const enum sheet_column *columns;
	size_t column_count;
	const enum sheet_column *needed;
	size_t needed_count;
	enum sheet_column key;
} layouts[SHEET_KIND_COUNT] = {
    [SHEET_ACTIVITIES] = {"activities", "activity", TWINLOG__RECORD_KIND__RECORD_ACTIVITY, "activities",
			  LIST(activities_columns), LIST(activities_needed), COLUMN_event_id},
    [SHEET_PAIRS] = {"pairs", "agreement", TWINLOG__RECORD_KIND__RECORD_AGREEMENT, "pairs", LIST(pairs_columns),
		     LIST(pairs_needed), COLUMN_pair_id},
    [SHEET_ASSERTIONS] = {"pair_assertions", "assertions", TWINLOG__RECORD_KIND__RECORD_AGREEMENT, "pairs",
			  LIST(assertions_columns), LIST(assertions_needed), COLUMN_pair_id},
    [SHEET_CITIES] = {"cities", "city", TWINLOG__RECORD_KIND__RECORD_CITY, "cities", LIST(cities_columns),
		      LIST(cities_needed), COLUMN_city_id},
};

size_t sheet_columns(enum sheet_kind kind, const enum sheet_column **ret_columns)
{
	*ret_columns = layouts[kind].columns;
	return layouts[kind].column_count;
}

const char *sheet_kind_name(enum sheet_kind kind)
{
	return layouts[kind].name;
}

uint32_t sheet_record_kind(enum sheet_kind kind)
{
	return layouts[kind].record_kind;
}

const char *sheet_import_name(enum sheet_kind kind)
{
	return layouts[kind].import_name;
}

enum twinlog_error sheet_kind_find(const char *name, enum sheet_kind *ret_kind)
{
	for (size_t i = 0; i < SHEET_KIND_COUNT; i++) {
		if (strcmp(name, layouts[i].name) == 0 || strcmp(name, layouts[i].singular) == 0) {
			*ret_kind = (enum sheet_kind)i;
			return TWINLOG_OK;
		}
	}
	return TWINLOG_INVALID;
}

/* People and their programs leave blanks around what they type, among them U+00A0 and U+3000. */
ProtobufCBinaryData sheet_trim(ProtobufCBinaryData text)
{
	static const struct {
		const char *text;
		size_t size;
	} blanks[] = {{" ", 1}, {"\t", 1}, {"\r", 1}, {"\n", 1}, {"\xC2\xA0", 2}, {"\xE3\x80\x80", 3}};
	for (size_t i = 0; i < sizeof blanks / sizeof *blanks; i++) {
		size_t size = blanks[i].size;
		if (text.len >= size && memcmp(text.data, blanks[i].text, size) == 0)
			return sheet_trim((ProtobufCBinaryData){.data = text.data + size, .len = text.len - size});
		if (text.len >= size && memcmp(text.data + text.len - size, blanks[i].text, size) == 0)
			return sheet_trim((ProtobufCBinaryData){.data = text.data, .len = text.len - size});
	}
	return text;
}

static bool has_columns(const struct sheet *sheet, const enum sheet_column *columns, size_t count,
			enum sheet_column *ret_missing)
{
	for (size_t i = 0; i < count; i++) {
		if (sheet->places[columns[i]] < 0) {
			*ret_missing = columns[i];
			return false;
		}
	}
	return true;
}

/* A column that stands twice counts where it stands first. */
static void place_columns(struct sheet *sheet, const struct csv_row *head)
{
	for (size_t column = 0; column < SHEET_COLUMN_COUNT; column++)
		sheet->places[column] = -1;
	for (size_t i = head->count; i-- > 0;) {
		ProtobufCBinaryData name = sheet_trim(codec_bytes(head->cells[i].text, head->cells[i].size));
		for (size_t column = 0; column < SHEET_COLUMN_COUNT; column++) {
			if (name.len == strlen(column_names[column]) &&
			    strncasecmp((const char *)name.data, column_names[column], name.len) == 0)
				sheet->places[column] = (int16_t)i;
		}
	}
}

enum twinlog_error sheet_recognise(const struct csv_row *head, const enum sheet_kind *wanted, struct sheet *ret_sheet,
				   struct twinlog_fault *fault)
{
	/* The layouts with the most needed columns of their own come first: assertions have no `established`. */
	struct sheet sheet;
	enum sheet_column missing = COLUMN_event_id;
	place_columns(&sheet, head);
	for (size_t i = 0; i < SHEET_KIND_COUNT; i++) {
		sheet.kind = (enum sheet_kind)i;
		if (wanted && *wanted != sheet.kind)
			continue;
		if (has_columns(&sheet, layouts[i].needed, layouts[i].needed_count, &missing)) {
			*ret_sheet = sheet;
			return TWINLOG_OK;
		}
		if (wanted)
			return twinlog_fault_set(fault, TWINLOG_FIELD_MISSING, column_names[missing], NULL);
	}
	char seen[160];
	size_t cut = head->cells[0].size < sizeof seen - 1 ? head->cells[0].size : sizeof seen - 1;
	memcpy(seen, head->cells[0].text, cut);
	seen[cut] = 0;
	return twinlog_fault_set(fault, TWINLOG_BAD_FIELD, "line 1", seen);
}

ProtobufCBinaryData sheet_cell(const struct sheet *sheet, const struct csv_row *row, enum sheet_column column)
{
	int16_t place = sheet->places[column];
	if (place < 0 || (size_t)place >= row->count)
		return codec_bytes(NULL, 0);
	return sheet_trim(codec_bytes(row->cells[place].text, row->cells[place].size));
}

ProtobufCBinaryData sheet_key(const struct sheet *sheet, const struct csv_row *row)
{
	return sheet_cell(sheet, row, layouts[sheet->kind].key);
}

/* A sheet of sources holds several rows for one record, and export writes none. */
bool sheet_exported(const struct sheet *sheet, const struct csv_row *row)
{
	return sheet->kind != SHEET_ASSERTIONS && sheet_cell(sheet, row, COLUMN_record).len > 0;
}

enum twinlog_error sheet_draft(const struct sheet_reader *reader, const struct sheet *sheet, const struct csv_row *row,
			       struct draft *ret_draft, struct twinlog_fault *fault)
{
	struct draft draft = {
	    .kind = layouts[sheet->kind].record_kind, .exported = sheet_exported(sheet, row), .line = row->line};
	enum twinlog_error error = sheet_check_lost(sheet, row, fault);
	if (error)
		return error;
	switch (sheet->kind) {
	case SHEET_ACTIVITIES:
		error = draft_activity(reader, sheet, row, &draft, fault);
		break;
	case SHEET_PAIRS:
	case SHEET_ASSERTIONS:
		error = draft_agreement(reader, sheet, row, &draft, fault);
		break;
	default:
		error = draft_city(reader, sheet, row, &draft, fault);
		break;
	}
	if (!error)
		*ret_draft = draft;
	return error;
}
