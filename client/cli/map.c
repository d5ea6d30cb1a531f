#include "map.h"

#include <stdlib.h>
#include <string.h>

#include "money.h"
#include "sheet_internal.h"
#include "text.h"

#define SOURCES_MAX 4u /* columns of a sheet that make one */

struct map {
	json_t *json;
	const char *name;
	enum sheet_kind kind;
	size_t head;
	/* after map_bind: cells of the sheet that make a column */
	size_t sources[SHEET_COLUMN_COUNT][SOURCES_MAX];
	size_t source_count[SHEET_COLUMN_COUNT];
	const char *fixed[SHEET_COLUMN_COUNT];
	const json_t *values[SHEET_COLUMN_COUNT];
	const struct money_unit *unit; /* of cost */
};

void map_free(struct map *map)
{
	if (!map)
		return;
	json_decref(map->json);
	free(map);
}

size_t map_head(const struct map *map)
{
	return map->head;
}

/* ---- Reading ---- */

static bool column_find(const char *name, enum sheet_column *ret_column)
{
	for (size_t i = 0; i < SHEET_COLUMN_COUNT; i++) {
		if (strcmp(sheet_column_name((enum sheet_column)i), name) == 0) {
			*ret_column = (enum sheet_column)i;
			return true;
		}
	}
	return false;
}

/* "fixed" and "values": objects by column. */
static enum twinlog_error read_fixed(struct map *map, struct twinlog_fault *fault)
{
	const char *key;
	json_t *value;
	enum sheet_column column;

	json_object_foreach(json_object_get(map->json, "fixed"), key, value)
	{
		if (!column_find(key, &column))
			return twinlog_fault_set(fault, TWINLOG_BAD_FIELD, "fixed", key);
		if (!json_is_string(value))
			return twinlog_fault_set(fault, TWINLOG_INVALID, "fixed", key);
		map->fixed[column] = json_string_value(value);
	}
	json_object_foreach(json_object_get(map->json, "values"), key, value)
	{
		if (!column_find(key, &column))
			return twinlog_fault_set(fault, TWINLOG_BAD_FIELD, "values", key);
		if (!json_is_object(value))
			return twinlog_fault_set(fault, TWINLOG_INVALID, "values", key);
		map->values[column] = value;
	}
	return TWINLOG_OK;
}

/* What a column of the sheet becomes: "cost", or {"column": "cost", "unit": "천원"}. "" is SHEET_COLUMN_COUNT. */
static enum twinlog_error read_target(struct map *map, const char *head, const json_t *target,
				      enum sheet_column *ret_column, struct twinlog_fault *fault)
{
	const char *name = json_string_value(json_is_object(target) ? json_object_get(target, "column") : target);
	const char *unit = json_string_value(json_object_get(target, "unit"));
	size_t begin, left;

	if (!name)
		return twinlog_fault_set(fault, TWINLOG_INVALID, "columns", head);
	*ret_column = SHEET_COLUMN_COUNT;
	if (*name && !column_find(name, ret_column))
		return twinlog_fault_set(fault, TWINLOG_BAD_FIELD, "columns", name);
	if (!unit)
		return TWINLOG_OK;
	map->unit = money_unit_find(unit, strlen(unit), &begin, &left);
	if (!map->unit || left > 0)
		return twinlog_fault_set(fault, TWINLOG_INVALID, "unit", unit);
	return TWINLOG_OK;
}

static enum twinlog_error read_top(struct map *map, struct twinlog_fault *fault)
{
	static const char *const known[] = {"name", "kind", "head", "columns", "fixed", "values"};
	const char *kind = json_string_value(json_object_get(map->json, "kind")), *key;
	const json_t *head = json_object_get(map->json, "head");
	json_t *value;

	json_object_foreach(map->json, key, value)
	{
		size_t i = 0;

		while (i < sizeof known / sizeof *known && strcmp(known[i], key) != 0)
			i++;
		if (i == sizeof known / sizeof *known)
			return twinlog_fault_set(fault, TWINLOG_BAD_FIELD, "map", key);
	}
	map->name = json_string_value(json_object_get(map->json, "name"));
	if (!map->name || !*map->name)
		return twinlog_fault_set(fault, TWINLOG_FIELD_MISSING, "name", NULL);
	if (strlen(map->name) > TWINLOG_EXTERNAL_ID_MAX / 2)
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, "name", map->name);
	if (!kind || sheet_kind_find(kind, &map->kind))
		return twinlog_fault_set(fault, TWINLOG_INVALID, "kind", kind);
	if (head && (!json_is_integer(head) || json_integer_value(head) < 1))
		return twinlog_fault_set(fault, TWINLOG_INVALID, "head", NULL);
	map->head = head ? (size_t)json_integer_value(head) : 1;
	if (!json_is_object(json_object_get(map->json, "columns")))
		return twinlog_fault_set(fault, TWINLOG_FIELD_MISSING, "columns", NULL);
	return TWINLOG_OK;
}

enum twinlog_error map_read(const char *text, size_t size, struct map **ret_map, struct twinlog_fault *fault)
{
	struct map *map = calloc(1, sizeof *map);
	const char *head;
	json_t *target;
	enum sheet_column column;
	enum twinlog_error error;

	if (!map)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	error = json_parse(text, size, 0, &map->json, fault);
	if (!error && !json_is_object(map->json))
		error = twinlog_fault_set(fault, TWINLOG_INVALID, "map", NULL);
	if (!error)
		error = read_top(map, fault);
	if (!error)
		error = read_fixed(map, fault);
	if (!error) {
		json_object_foreach(json_object_get(map->json, "columns"), head, target)
		{
			error = read_target(map, head, target, &column, fault);
			if (error)
				break;
		}
	}
	if (error) {
		map_free(map);
		return error;
	}
	*ret_map = map;
	return TWINLOG_OK;
}

/* ---- Binding ---- */

/* Heads are broken over lines and spaced as the column is wide. A head that stands twice is counted: "비고 (2)". */
static bool heads_equal(const char *a, size_t a_size, const char *b)
{
	char *one = NULL, *other = NULL;
	size_t size;
	const bool equal = text_fold(a, a_size, &one, &size) == TWINLOG_OK &&
			   text_fold(b, strlen(b), &other, &size) == TWINLOG_OK && strcmp(one, other) == 0;

	free(one);
	free(other);
	return equal;
}

static size_t head_index(const struct csv_row *head, const char *name)
{
	const size_t length = strlen(name);
	size_t nth = 1, before = 0;
	char bare[256];

	for (size_t i = 0; i < head->count; i++)
		if (heads_equal(head->cells[i].text, head->cells[i].size, name))
			return i;
	/* "비고 (2)" */
	if (length < 5 || length >= sizeof bare || name[length - 1] != ')' || name[length - 3] != '(')
		return SIZE_MAX;
	memcpy(bare, name, length - 3);
	bare[length - 3] = 0;
	nth = (size_t)(name[length - 2] - '0');
	for (size_t i = 0; i < head->count; i++)
		if (heads_equal(head->cells[i].text, head->cells[i].size, bare) && ++before == nth)
			return i;
	return SIZE_MAX;
}

enum twinlog_error map_bind(struct map *map, const struct csv_row *head, struct sheet *ret_sheet,
			    struct twinlog_fault *fault)
{
	struct sheet sheet;
	const char *name;
	json_t *target;
	struct csv_row row = {0};
	enum twinlog_error error = TWINLOG_OK;

	memset(map->source_count, 0, sizeof map->source_count);
	json_object_foreach(json_object_get(map->json, "columns"), name, target)
	{
		const size_t index = head_index(head, name);
		enum sheet_column column;

		error = read_target(map, name, target, &column, fault);
		if (error)
			return error;
		if (column == SHEET_COLUMN_COUNT)
			continue;
		if (index == SIZE_MAX)
			return twinlog_fault_set(fault, TWINLOG_FIELD_MISSING, "columns", name);
		if (map->source_count[column] == SOURCES_MAX)
			return twinlog_fault_set(fault, TWINLOG_TOO_MANY, "columns", name);
		map->sources[column][map->source_count[column]++] = index;
	}
	/* A head of what there is now, in the order of the columns. */
	for (size_t i = 0; i < SHEET_COLUMN_COUNT; i++) {
		const bool there = map->source_count[i] > 0 || (map->fixed[i] && *map->fixed[i]) ||
				   (i == COLUMN_cost_currency && map->unit);
		const char *column = there ? sheet_column_name((enum sheet_column)i) : "";

		row.cells[row.count++] = (struct csv_cell){.text = column, .size = strlen(column)};
	}
	error = sheet_recognise(&row, &map->kind, &sheet, fault);
	if (!error)
		*ret_sheet = sheet;
	return error;
}

const char *map_column_head(const struct map *map, const char *column)
{
	const char *head;
	json_t *target;

	json_object_foreach(json_object_get(map->json, "columns"), head, target)
	{
		const char *name =
		    json_string_value(json_is_object(target) ? json_object_get(target, "column") : target);

		if (name && strcmp(name, column) == 0)
			return head;
	}
	return NULL;
}

/* ---- Rows ---- */

static bool is_digits(ProtobufCBinaryData text)
{
	for (size_t i = 0; i < text.len; i++)
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	return text.len > 0;
}

/* Year, month and day of three columns, with or without 年 월 behind them; other texts with a blank between. */
static ProtobufCBinaryData joined(struct arena *arena, enum sheet_column column, const ProtobufCBinaryData *parts,
				  size_t count)
{
	const bool date = column == COLUMN_date || column == COLUMN_established;
	bool digits = true;
	size_t size = 0;
	uint8_t *text;

	for (size_t i = 0; i < count; i++) {
		size += parts[i].len + 2;
		digits = digits && is_digits(parts[i]);
	}
	text = arena_alloc(arena, size);
	if (!text)
		return codec_bytes(NULL, 0);
	size = 0;
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			text[size++] = date && digits ? '-' : ' ';
		if (i > 0 && date && digits && parts[i].len == 1)
			text[size++] = '0';
		memcpy(text + size, parts[i].data, parts[i].len);
		size += parts[i].len;
	}
	return codec_bytes(text, size);
}

static ProtobufCBinaryData text_of(const json_t *value)
{
	return codec_bytes(json_string_value(value), json_string_length(value));
}

bool map_part_next(ProtobufCBinaryData cell, size_t *at, ProtobufCBinaryData *ret_part)
{
	static const char *const marks[] = {";", "；", "/", "、", "，", ",", "·", "ㆍ", "\n"};
	const size_t begin = *at;

	if (begin >= cell.len)
		return false;
	for (size_t end = begin; end < cell.len; end++) {
		for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
			const size_t mark = strlen(marks[i]);

			if (cell.len - end < mark || memcmp(cell.data + end, marks[i], mark) != 0)
				continue;
			*at = end + mark;
			*ret_part = sheet_trim(codec_bytes(cell.data + begin, end - begin));
			return true;
		}
	}
	*at = cell.len;
	*ret_part = sheet_trim(codec_bytes(cell.data + begin, cell.len - begin));
	return true;
}

/* The value as a whole, or each of several. A part that nobody knows leaves the whole as it stands, to be refused. */
static ProtobufCBinaryData translated(const struct map *map, struct arena *arena, enum sheet_column column,
				      ProtobufCBinaryData cell)
{
	const json_t *values = map->values[column];
	const json_t *value = json_object_getn(values, (const char *)cell.data, cell.len);
	ProtobufCBinaryData part;
	uint8_t *text;
	size_t size = 0, at = 0;

	/* "" is not decided yet, and its row is refused with the value; null says that it means nothing. */
	if (value)
		return json_string_length(value) || json_is_null(value) ? text_of(value) : cell;
	text = arena_alloc(arena, (TWINLOG_FIELDS_MAX + 1) * (TWINLOG_CODE_MAX + 1));
	if (!text)
		return cell;
	while (map_part_next(cell, &at, &part)) {
		value = json_object_getn(values, (const char *)part.data, part.len);
		if (!json_string_length(value) || json_string_length(value) > TWINLOG_CODE_MAX ||
		    size > TWINLOG_FIELDS_MAX * TWINLOG_CODE_MAX)
			return cell;
		if (size > 0)
			text[size++] = ';';
		memcpy(text + size, json_string_value(value), json_string_length(value));
		size += json_string_length(value);
	}
	return codec_bytes(text, size);
}

/* A sum of the column's unit in full, and its currency beside it. What is no sum stays, for its row to be refused. */
static void sum_take(const struct map *map, struct arena *arena, struct csv_row *row)
{
	struct csv_cell *cost = &row->cells[COLUMN_cost], *beside = &row->cells[COLUMN_cost_currency];
	char text[MONEY_TEXT_MAX];
	ProtobufCBinaryData currency;
	int64_t amount;
	void *copy;
	size_t size;

	if (cost->size == 0 ||
	    money_read(cost->text, cost->size, map->unit, codec_bytes(beside->text, beside->size), &amount, &currency))
		return;
	size = money_format(amount, currency, text);
	copy = arena_copy(arena, text, size);
	if (!copy)
		return;
	*cost = (struct csv_cell){.text = copy, .size = size};
	*beside = (struct csv_cell){.text = (const char *)currency.data, .size = currency.len};
}

/* Numbers of rows are unique in their sheet alone. */
static ProtobufCBinaryData named(const struct map *map, struct arena *arena, ProtobufCBinaryData id)
{
	const size_t name = strlen(map->name);
	uint8_t *text = id.len ? arena_alloc(arena, name + 1 + id.len) : NULL;

	if (!text)
		return id;
	memcpy(text, map->name, name);
	text[name] = '/';
	memcpy(text + name + 1, id.data, id.len);
	return codec_bytes(text, name + 1 + id.len);
}

static ProtobufCBinaryData cell_make(const struct map *map, struct arena *arena, enum sheet_column column,
				     const struct csv_row *row)
{
	ProtobufCBinaryData parts[SOURCES_MAX], cell;
	size_t count = 0;

	for (size_t i = 0; i < map->source_count[column]; i++) {
		const size_t index = map->sources[column][i];
		const ProtobufCBinaryData part =
		    index < row->count ? sheet_trim(codec_bytes(row->cells[index].text, row->cells[index].size))
				       : codec_bytes(NULL, 0);

		if (part.len > 0)
			parts[count++] = part;
	}
	cell = count == 0 ? codec_bytes(NULL, 0) : count == 1 ? parts[0] : joined(arena, column, parts, count);
	if (cell.len > 0 && map->values[column])
		cell = translated(map, arena, column, cell);
	if (cell.len == 0 && count == 0 && map->fixed[column])
		return codec_string(map->fixed[column]);
	return column == COLUMN_event_id || column == COLUMN_pair_id ? named(map, arena, cell) : cell;
}

enum twinlog_error map_row(const struct map *map, struct arena *arena, const struct csv_row *row,
			   struct csv_row *ret_row)
{
	ret_row->line = row->line;
	ret_row->offset = row->offset;
	ret_row->size = row->size;
	ret_row->count = SHEET_COLUMN_COUNT;
	for (size_t i = 0; i < SHEET_COLUMN_COUNT; i++) {
		const ProtobufCBinaryData cell = cell_make(map, arena, (enum sheet_column)i, row);

		ret_row->cells[i] = (struct csv_cell){.text = (const char *)cell.data, .size = cell.len};
	}
	sum_take(map, arena, ret_row);
	return TWINLOG_OK;
}
