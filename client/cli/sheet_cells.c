#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "edtf.h"
#include "encoding.h"
#include "sheet_internal.h"
#include "text.h"
#include "validate.h"

bool bytes_equal(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
	return bytes_order(a, b) == 0;
}

int bytes_order(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
	size_t size = a.len < b.len ? a.len : b.len;
	int order = size ? memcmp(a.data, b.data, size) : 0;
	return order ? order : (a.len > b.len) - (a.len < b.len);
}

const char *bytes_text(struct arena *arena, ProtobufCBinaryData bytes)
{
	char *text = arena_alloc(arena, bytes.len + 1);
	if (!text)
		return NULL;
	if (bytes.len)
		memcpy(text, bytes.data, bytes.len);
	text[bytes.len] = 0;
	return text;
}

bool source_equal(const Twinlog__Source *a, const Twinlog__Source *b)
{
	static const Twinlog__Source none = TWINLOG__SOURCE__INIT;
	a = a ? a : &none;
	b = b ? b : &none;
	return bytes_equal(a->title, b->title) && bytes_equal(a->uri, b->uri);
}

enum twinlog_error sheet_fault(struct twinlog_fault *fault, enum twinlog_error code, enum sheet_column column,
			       ProtobufCBinaryData value)
{
	char text[sizeof fault->value];
	size_t size = text_cut(value.data, value.len, sizeof text - 1);
	if (size)
		memcpy(text, value.data, size);
	text[size] = 0;
	return twinlog_fault_set(fault, code, sheet_column_name(column), text);
}

/* Columns that never hold a question mark of their own. */
static bool is_name(enum sheet_column column)
{
	switch (column) {
	case COLUMN_city_a:
	case COLUMN_city_a_name:
	case COLUMN_city_a_local:
	case COLUMN_city_b:
	case COLUMN_city_b_name:
	case COLUMN_city_b_local:
	case COLUMN_other_cities:
	case COLUMN_name_en:
	case COLUMN_name_zh_hans:
	case COLUMN_name_ko:
	case COLUMN_name_ko_sino_reading:
	case COLUMN_asserted_by:
		return true;
	default:
		return false;
	}
}

enum twinlog_error sheet_check_lost(const struct sheet *sheet, const struct csv_row *row, struct twinlog_fault *fault)
{
	for (size_t column = 0; column < SHEET_COLUMN_COUNT; column++) {
		ProtobufCBinaryData cell = sheet_cell(sheet, row, (enum sheet_column)column);
		if (column != COLUMN_source_url &&
		    encoding_lost(cell.data, cell.len, is_name((enum sheet_column)column)))
			return sheet_fault(fault, TWINLOG_LOST_TEXT, (enum sheet_column)column, cell);
	}
	return TWINLOG_OK;
}

enum twinlog_error sheet_code(const struct sheet *sheet, const struct csv_row *row, enum sheet_column column,
			      enum codelist list, ProtobufCBinaryData *ret_code, struct twinlog_fault *fault)
{
	ProtobufCBinaryData cell = sheet_cell(sheet, row, column);
	*ret_code = cell;
	if (cell.len == 0)
		return TWINLOG_OK;
	int code = codelist_find_label(list, cell.data, cell.len);
	if (code < 0)
		return sheet_fault(fault, TWINLOG_BAD_CODE, column, cell);
	*ret_code = codec_string(codelist_code(list, (size_t)code));
	return TWINLOG_OK;
}

static enum twinlog_error date_bytes(struct arena *arena, const struct edtf *date, ProtobufCBinaryData *ret_date)
{
	char text[TWINLOG_DATE_MAX];
	size_t size = edtf_format(date, text);
	void *copy = arena_copy(arena, text, size);
	if (!copy)
		return TWINLOG_NO_MEMORY;
	*ret_date = codec_bytes(copy, size);
	return TWINLOG_OK;
}

enum twinlog_error sheet_date(const struct sheet_reader *reader, const struct sheet *sheet, const struct csv_row *row,
			      enum sheet_column column, ProtobufCBinaryData *ret_start, ProtobufCBinaryData *ret_end,
			      struct twinlog_fault *fault)
{
	ProtobufCBinaryData cell = sheet_cell(sheet, row, column);
	struct edtf start, end = {.precision = EDTF_NONE};
	*ret_start = codec_bytes(NULL, 0);
	if (ret_end)
		*ret_end = codec_bytes(NULL, 0);
	if (cell.len == 0)
		return TWINLOG_OK;
	if (edtf_parse(cell.data, cell.len, &start) && edtf_parse_written(cell.data, cell.len, &start, &end))
		return sheet_fault(fault, TWINLOG_BAD_DATE, column, cell);
	if (end.precision != EDTF_NONE && !ret_end)
		return sheet_fault(fault, TWINLOG_BAD_DATE, column, cell);
	enum twinlog_error error = date_bytes(reader->arena, &start, ret_start);
	if (!error && end.precision != EDTF_NONE)
		error = date_bytes(reader->arena, &end, ret_end);
	return error;
}

enum twinlog_error sheet_count(const struct sheet_reader *reader, const struct sheet *sheet, const struct csv_row *row,
			       enum sheet_column column, Twinlog__Count **ret_count, struct twinlog_fault *fault)
{
	static const char *const counters[] = {"여명", "여 명", "余人", "人次", "人", "명", "名"};
	ProtobufCBinaryData cell = sheet_cell(sheet, row, column), digits = cell;
	uint64_t value = 0;
	*ret_count = NULL;
	if (cell.len == 0)
		return TWINLOG_OK;
	for (size_t i = 0; i < sizeof counters / sizeof *counters; i++) {
		size_t size = strlen(counters[i]);
		if (digits.len > size && memcmp(digits.data + digits.len - size, counters[i], size) == 0)
			digits = sheet_trim(codec_bytes(digits.data, digits.len - size));
	}
	for (size_t i = 0; i < digits.len; i++) {
		uint8_t c = digits.data[i];
		if (c == ',' && i > 0)
			continue;
		if (c < '0' || c > '9' || value > UINT32_MAX)
			return sheet_fault(fault, TWINLOG_BAD_NUMBER, column, cell);
		value = 10 * value + (uint64_t)(c - '0');
	}
	Twinlog__Count *count = arena_alloc(reader->arena, sizeof *count);
	if (!count)
		return TWINLOG_NO_MEMORY;
	twinlog__count__init(count);
	count->value = value;
	*ret_count = count;
	return TWINLOG_OK;
}

enum twinlog_error sheet_source(const struct sheet_reader *reader, const struct sheet *sheet, const struct csv_row *row,
				Twinlog__Source **ret_source)
{
	Twinlog__Source *source = arena_alloc(reader->arena, sizeof *source);
	if (!source)
		return TWINLOG_NO_MEMORY;
	twinlog__source__init(source);
	source->title = sheet_cell(sheet, row, COLUMN_source_title);
	source->uri = sheet_cell(sheet, row, COLUMN_source_url);
	*ret_source = source->title.len || source->uri.len ? source : NULL;
	return TWINLOG_OK;
}
