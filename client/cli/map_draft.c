/* A map proposed for a sheet: which row is the head, what its columns are called, and what stands below them. */
#include <stdlib.h>
#include <string.h>

#include "codelist.h"
#include "edtf.h"
#include "map.h"
#include "money.h"
#include "sheet_internal.h"

#define HEAD_ROWS   30u   /* that are looked through for the head */
#define SAMPLE_ROWS 2000u /* that are looked at below it */
#define VALUES_MAX  60u   /* different ones of a column that are listed */

struct column {
	const char *head; /* as it stands, in the arena; numbered when it stands twice */
	enum sheet_column target;
	bool weak;
	const char *unit; /* of money; NULL: none is named */
	json_t *values;   /* different ones, each with its code or "" */
	size_t filled, dates, cities, hits;
};

struct draft_map {
	const struct sheet_reader *reader;
	struct csv_reader rows; /* behind the head */
	size_t head_line;
	const char *unit; /* named above the head: "(단위: 천원)" */
	struct column columns[TWINLOG_COLUMNS_MAX];
	size_t count;
};

static bool is_taken(const struct draft_map *draft, enum sheet_column target)
{
	for (size_t i = 0; i < draft->count; i++)
		if (draft->columns[i].target == target)
			return true;
	return false;
}

/* ---- The head ---- */

static size_t head_score(const struct csv_row *row)
{
	size_t score = 0;
	bool weak;

	for (size_t i = 0; i < row->count; i++) {
		const ProtobufCBinaryData cell = sheet_trim(codec_bytes(row->cells[i].text, row->cells[i].size));

		if (cell.len > 0)
			score += map_head_column((const char *)cell.data, cell.len, &weak) != SHEET_COLUMN_COUNT;
	}
	return score;
}

/* "单位：万元" in a row above the head. */
static void unit_above(struct draft_map *draft, const struct csv_row *row)
{
	for (size_t i = 0; i < row->count; i++) {
		const char *text = row->cells[i].text;
		size_t left = row->cells[i].size;
		const char *unit = left ? map_head_unit(text, left, &left) : NULL;

		draft->unit = unit ? unit : draft->unit;
	}
}

static enum twinlog_error columns_take(struct draft_map *draft, const struct csv_row *row)
{
	struct arena *arena = draft->reader->arena;

	for (size_t i = 0; i < row->count; i++) {
		struct column *column = &draft->columns[draft->count];
		const ProtobufCBinaryData cell = sheet_trim(codec_bytes(row->cells[i].text, row->cells[i].size));
		char *head = arena_alloc(arena, cell.len + 8);
		size_t nth = 1, left;

		if (!head)
			return TWINLOG_NO_MEMORY;
		for (size_t k = 0; k < i; k++)
			nth += row->cells[k].size == row->cells[i].size && row->cells[i].size > 0 &&
			       memcmp(row->cells[k].text, row->cells[i].text, row->cells[i].size) == 0;
		if (cell.len)
			memcpy(head, cell.data, cell.len);
		head[cell.len] = 0;
		if (nth > 1 && nth < 10) {
			memcpy(head + cell.len, " (n)", 5);
			head[cell.len + 2] = (char)('0' + nth);
		}
		*column = (struct column){.head = head, .target = SHEET_COLUMN_COUNT};
		if (cell.len > 0) {
			column->target = map_head_column(head, cell.len, &column->weak);
			column->unit = map_head_unit(head, cell.len, &left);
		}
		column->values = json_object();
		draft->count++;
		if (!column->values)
			return TWINLOG_NO_MEMORY;
	}
	return TWINLOG_OK;
}

/* The row with most heads that are known, the first of several. */
static enum twinlog_error head_find(struct draft_map *draft, const struct csv_reader *from, struct twinlog_fault *fault)
{
	struct csv_reader reader = *from;
	struct csv_row *row = malloc(sizeof *row);
	size_t best = 0, best_row = 0;
	enum twinlog_error error = row ? TWINLOG_OK : TWINLOG_NO_MEMORY;

	for (size_t i = 1; i <= HEAD_ROWS && !error; i++) {
		struct twinlog_fault ignored;
		size_t score;

		if (csv_next(&reader, draft->reader->arena, row, &ignored))
			continue;
		if (row->count == 0)
			break;
		score = head_score(row);
		if (score > best) {
			best = score;
			best_row = i;
		}
	}
	if (!error && best < 2)
		error = twinlog_fault_set(fault, TWINLOG_NOT_FOUND, "head", NULL);
	reader = *from;
	for (size_t i = 1; i <= best_row && !error; i++) {
		struct twinlog_fault ignored;

		if (csv_next(&reader, draft->reader->arena, row, &ignored) == TWINLOG_OK && i < best_row)
			unit_above(draft, row);
	}
	if (!error) {
		draft->head_line = row->line;
		draft->rows = reader;
		error = columns_take(draft, row);
	}
	free(row);
	return error == TWINLOG_NO_MEMORY ? twinlog_fault_set(fault, error, NULL, NULL) : error;
}

/* ---- What stands below ---- */

static bool is_date(const ProtobufCBinaryData cell)
{
	struct edtf start, end;

	return edtf_parse(cell.data, cell.len, &start) == TWINLOG_OK ||
	       edtf_parse_written(cell.data, cell.len, &start, &end) == TWINLOG_OK;
}

static bool is_city(const struct sheet_reader *reader, ProtobufCBinaryData cell)
{
	const struct place *place;

	return places_find(reader->places, cell.data, cell.len, NULL, NULL, &place, 1) > 0;
}

static void cell_look(const struct sheet_reader *reader, struct column *column, ProtobufCBinaryData cell)
{
	column->filled++;
	if (json_object_size(column->values) < VALUES_MAX && cell.len <= TWINLOG_NAME_MAX &&
	    !json_object_getn(column->values, (const char *)cell.data, cell.len))
		(void)json_object_setn_new(column->values, (const char *)cell.data, cell.len, json_string(""));
	if (column->target != SHEET_COLUMN_COUNT)
		return;
	column->dates += is_date(cell);
	column->cities += column->filled <= 100 && is_city(reader, cell);
}

static enum twinlog_error rows_look(struct draft_map *draft)
{
	struct csv_row *row = malloc(sizeof *row);
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);

	for (size_t i = 0; i < SAMPLE_ROWS && row && arena; i++) {
		struct twinlog_fault ignored;

		arena_reset(arena);
		if (csv_next(&draft->rows, arena, row, &ignored))
			continue;
		if (row->count == 0)
			break;
		for (size_t c = 0; c < row->count && c < draft->count; c++) {
			const ProtobufCBinaryData cell =
			    sheet_trim(codec_bytes(row->cells[c].text, row->cells[c].size));

			if (cell.len > 0)
				cell_look(draft->reader, &draft->columns[c], cell);
		}
	}
	arena_free(arena);
	free(row);
	return row && arena ? TWINLOG_OK : TWINLOG_NO_MEMORY;
}

/* ---- Which column is which ---- */

static size_t hits_of(const struct column *column, enum sheet_column target)
{
	const char *value;
	json_t *code;
	size_t hits = 0;

	json_object_foreach(column->values, value, code) hits += map_value_code(target, value, strlen(value)) != NULL;
	return hits;
}

/* "구분" and "类别" are heads of many things: what stands below them decides. */
static void weak_settle(struct draft_map *draft, struct column *column)
{
	static const enum sheet_column others[] = {COLUMN_direction, COLUMN_field, COLUMN_mode, COLUMN_status,
						   COLUMN_actor_kind};
	size_t best = hits_of(column, column->target);

	for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
		const size_t hits = is_taken(draft, others[i]) ? 0 : hits_of(column, others[i]);

		/* 방문 is a form as well as a direction; with 초청 beside it, it is a direction. */
		if (hits > best || (others[i] == COLUMN_direction && hits == json_object_size(column->values) &&
				    hits > 0 && hits <= 3)) {
			column->target = others[i];
			best = hits;
		}
	}
}

/* Of two columns of one meaning the first counts; words and parts of a date are joined. */
static void twice_settle(struct draft_map *draft)
{
	for (size_t i = 0; i < draft->count; i++) {
		struct column *column = &draft->columns[i];
		const enum sheet_column target = column->target;

		if (target == COLUMN_note || target == COLUMN_description || target == SHEET_COLUMN_COUNT)
			continue;
		for (size_t k = 0; k < i; k++) {
			const bool parts = target == COLUMN_date && strlen(draft->columns[k].head) <= 6;

			if (draft->columns[k].target == target && !parts)
				column->target = target == COLUMN_city_b && !is_taken(draft, COLUMN_city_a)
						     ? COLUMN_city_a
						     : SHEET_COLUMN_COUNT;
		}
	}
}

static void contents_settle(struct draft_map *draft)
{
	for (size_t i = 0; i < draft->count; i++) {
		struct column *column = &draft->columns[i];

		if (column->target != SHEET_COLUMN_COUNT || column->filled == 0)
			continue;
		if (column->dates * 10 >= column->filled * 7 && !is_taken(draft, COLUMN_date) &&
		    !is_taken(draft, COLUMN_established))
			column->target = COLUMN_date;
		else if (column->cities * 2 >= (column->filled < 100 ? column->filled : 100) &&
			 !is_taken(draft, COLUMN_city_b))
			column->target = COLUMN_city_b;
	}
}

/* ---- The map ---- */

static json_t *columns_json(const struct draft_map *draft)
{
	json_t *columns = json_object();

	for (size_t i = 0; i < draft->count; i++) {
		const struct column *column = &draft->columns[i];
		const char *target = column->target == SHEET_COLUMN_COUNT ? "" : sheet_column_name(column->target);
		const char *unit = column->unit ? column->unit : draft->unit;

		if (!column->head[0])
			continue;
		json_object_set_new(columns, column->head,
				    column->target == COLUMN_cost && unit
					? json_pack("{s:s, s:s}", "column", target, "unit", unit)
					: json_string(target));
	}
	return columns;
}

/* A list of fields is proposed part by part, unless the whole is a label ("教育、培训"). */
static void value_propose(json_t *values, enum sheet_column target, const char *value)
{
	const ProtobufCBinaryData cell = codec_string(value);
	const int list = map_column_list(target);
	ProtobufCBinaryData part = cell;
	size_t at = 0;

	if (target != COLUMN_field || codelist_find_label((enum codelist)list, cell.data, cell.len) >= 0)
		at = cell.len;
	while (at == cell.len || map_part_next(cell, &at, &part)) {
		const char *code = map_value_code(target, (const char *)part.data, part.len);

		json_object_setn_new(values, (const char *)part.data, part.len, json_string(code ? code : ""));
		if (at >= cell.len)
			break;
	}
}

static json_t *values_json(const struct draft_map *draft)
{
	json_t *all = json_object();

	for (size_t i = 0; i < draft->count; i++) {
		const struct column *column = &draft->columns[i];
		const int list = map_column_list(column->target);
		json_t *values = list < 0 ? NULL : json_object(), *code;
		const char *value;

		if (!values)
			continue;
		json_object_foreach(column->values, value, code) value_propose(values, column->target, value);
		if (json_object_size(values) > 0)
			json_object_set(all, sheet_column_name(column->target), values);
		json_decref(values);
	}
	return all;
}

/* What the sheet does not say in a column: this city, and what a record cannot do without. */
static json_t *fixed_json(const struct draft_map *draft, bool ties)
{
	json_t *fixed = json_object();

	if (!is_taken(draft, COLUMN_city_a))
		json_object_set_new(fixed, sheet_column_name(COLUMN_city_a), json_string(draft->reader->self));
	if (!is_taken(draft, COLUMN_city_b))
		json_object_set_new(fixed, sheet_column_name(COLUMN_city_b), json_string(""));
	if (ties && !is_taken(draft, COLUMN_relation_type))
		json_object_set_new(fixed, sheet_column_name(COLUMN_relation_type), json_string(""));
	if (!ties && !is_taken(draft, COLUMN_field))
		json_object_set_new(fixed, sheet_column_name(COLUMN_field), json_string(""));
	if (!ties && !is_taken(draft, COLUMN_form))
		json_object_set_new(fixed, sheet_column_name(COLUMN_form), json_string(""));
	if (is_taken(draft, COLUMN_cost))
		json_object_set_new(fixed, sheet_column_name(COLUMN_cost_payer), json_string(draft->reader->self));
	return fixed;
}

static enum twinlog_error map_make(struct draft_map *draft, json_t **ret_map)
{
	const bool ties = is_taken(draft, COLUMN_established);
	json_t *map;

	for (size_t i = 0; i < draft->count; i++) {
		struct column *column = &draft->columns[i];

		if (ties && column->target == COLUMN_event_id)
			column->target = COLUMN_pair_id;
	}
	map = json_pack("{s:s, s:s, s:I, s:o, s:o, s:o}", "name", "", "kind",
			sheet_kind_name(ties ? SHEET_PAIRS : SHEET_ACTIVITIES), "head", (json_int_t)draft->head_line,
			"columns", columns_json(draft), "fixed", fixed_json(draft, ties), "values", values_json(draft));
	if (!map)
		return TWINLOG_NO_MEMORY;
	*ret_map = map;
	return TWINLOG_OK;
}

enum twinlog_error map_draft(const struct sheet_reader *reader, const char *text, size_t size, char separator,
			     bool workbook, json_t **ret_map, struct twinlog_fault *fault)
{
	struct csv_reader rows = csv_reader(text, size, separator);
	struct draft_map *draft = calloc(1, sizeof *draft);
	enum twinlog_error error;

	if (!draft)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	draft->reader = reader;
	rows.by_row = workbook;
	error = head_find(draft, &rows, fault);
	if (!error) {
		error = rows_look(draft);
		for (size_t i = 0; i < draft->count && !error; i++)
			if (draft->columns[i].weak)
				weak_settle(draft, &draft->columns[i]);
		twice_settle(draft);
		contents_settle(draft);
		if (!error)
			error = map_make(draft, ret_map);
		if (error)
			(void)twinlog_fault_set(fault, error, NULL, NULL);
	}
	for (size_t i = 0; i < draft->count; i++)
		json_decref(draft->columns[i].values);
	free(draft);
	return error;
}
