/* A report as JSON. Keys and figures stay apart, so that a program finds each figure with its numerator, denominator
 * and what was left out of it. */
#include <stdlib.h>
#include <string.h>

#include "edtf.h"
#include "json.h"
#include "measure.h"

static const char *text_of(ProtobufCBinaryData bytes, char out[64])
{
	const size_t size = bytes.len < 63 ? bytes.len : 63;

	memcpy(out, bytes.data ? bytes.data : (const uint8_t *)"", size);
	out[size] = '\0';
	return out;
}

static json_t *json_day(int64_t day)
{
	const struct edtf date = {.first = (int32_t)day, .last = (int32_t)day, .precision = EDTF_DAY};
	char text[TWINLOG_DATE_MAX];

	(void)edtf_format(&date, text);
	return json_string(text);
}

static json_t *cell_value(const Twinlog__ReportCell *cell)
{
	switch (cell->kind) {
	case TWINLOG__CELL_KIND__CELL_INTEGER:
		return json_integer(cell->integer);
	case TWINLOG__CELL_KIND__CELL_REAL:
		return json_real(cell->real);
	case TWINLOG__CELL_KIND__CELL_DATE:
		return json_day(cell->integer);
	default:
		return json_null();
	}
}

json_t *json_report_key(ProtobufCBinaryData dimension, ProtobufCBinaryData key)
{
	char number[64];

	if (key.len == 0)
		return json_null();
	if (codec_equal(dimension, dimension_name(DIMENSION_SPACE)))
		return json_bytes_hex(key);
	if (codec_equal(dimension, dimension_name(DIMENSION_STATE)))
		return json_string(state_name((uint32_t)strtoul(text_of(key, number), NULL, 10)));
	return json_bytes_text(key);
}

static json_t *row(const Twinlog__Reported *reported, const Twinlog__ReportRow *message)
{
	json_t *object = json_object(), *keys = json_object(), *values = json_object();
	json_t *fractions = json_object(), *left_out = json_object();
	char name[64];

	for (size_t i = 0; i < message->n_keys && i < reported->n_by; i++)
		json_object_set_new(keys, text_of(reported->by[i], name),
				    json_report_key(reported->by[i], message->keys[i]));
	for (size_t i = 0; i < message->n_cells && i < reported->n_columns; i++) {
		const Twinlog__ReportCell *cell = message->cells[i];

		text_of(reported->columns[i], name);
		json_object_set_new(values, name, cell_value(cell));
		if (cell->denominator)
			json_object_set_new(
			    fractions, name,
			    json_pack("[I,I]", (json_int_t)cell->numerator, (json_int_t)cell->denominator));
		if (cell->left_out)
			json_object_set_new(left_out, name, json_integer((json_int_t)cell->left_out));
	}
	if (message->n_keys > 0)
		json_object_set(object, "keys", keys);
	json_object_set_new(object, "members", json_integer((json_int_t)message->members));
	json_object_set(object, "values", values);
	if (json_object_size(fractions) > 0)
		json_object_set(object, "fractions", fractions);
	if (json_object_size(left_out) > 0)
		json_object_set(object, "left_out", left_out);
	json_decref(keys);
	json_decref(values);
	json_decref(fractions);
	json_decref(left_out);
	return object;
}

static json_t *texts(const ProtobufCBinaryData *list, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_bytes_text(list[i]));
	return array;
}

/* Sums are in minor units, as in records: which columns those are is said, since no name of theirs tells. */
static json_t *minor_units(const Twinlog__Reported *reported)
{
	const int measure = measure_find(reported->measure.data, reported->measure.len);
	json_t *names = json_array();

	for (size_t i = 0; measure >= 0 && i < measure_columns((enum measure)measure); i++) {
		const struct measure_column *column = &measure_info((enum measure)measure)->columns[i];

		if (column->form == COLUMN_MONEY)
			json_array_append_new(names, json_string(column->name));
	}
	return names;
}

json_t *json_reported(const Twinlog__Reported *reported)
{
	json_t *object = json_object(), *list = json_array(), *list_units;

	json_object_set_new(object, "measure", json_bytes_text(reported->measure));
	json_object_set_new(object, "by", texts(reported->by, reported->n_by));
	json_object_set_new(object, "columns", texts(reported->columns, reported->n_columns));
	list_units = minor_units(reported);
	if (json_array_size(list_units) > 0)
		json_object_set(object, "minor_units", list_units);
	json_decref(list_units);
	json_object_set_new(object, "as_of", json_bytes_text(reported->as_of));
	json_object_set_new(object, "preset", json_bytes_text(reported->preset));
	json_object_set_new(object, "months", json_integer(reported->months));
	json_object_set_new(object, "rules", json_integer(reported->rules));
	json_object_set_new(object, "collation", json_bytes_text(reported->collation));
	json_object_set_new(object, "records", json_integer((json_int_t)reported->records));
	json_object_set_new(object, "not_held", json_integer((json_int_t)reported->not_held));
	json_object_set_new(object, "later", json_integer((json_int_t)reported->later));
	json_object_set_new(object, "repeated", json_integer((json_int_t)reported->repeated));
	json_object_set_new(object, "outside", json_integer((json_int_t)reported->outside));
	json_object_set_new(object, "several", json_integer((json_int_t)reported->several));
	for (size_t i = 0; i < reported->n_rows; i++)
		json_array_append_new(list, row(reported, reported->rows[i]));
	json_object_set_new(object, "rows", list);
	if (reported->total)
		json_object_set_new(object, "total", row(reported, reported->total));
	list = json_array();
	for (size_t i = 0; i < reported->n_completeness; i++)
		json_array_append_new(list, json_space_status(reported->completeness[i]));
	json_object_set_new(object, "completeness", list);
	return object;
}
