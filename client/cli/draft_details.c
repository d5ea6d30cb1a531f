/* What a row of activities tells beside who, when and what: persons, money, words. */
#include <string.h>

#include "money.h"
#include "sheet_internal.h"

static enum twinlog_error read_participants(const struct sheet_reader *reader, const struct sheet *sheet,
					    const struct csv_row *row, Twinlog__Activity *activity,
					    struct twinlog_fault *fault)
{
	Twinlog__Count *total, *social;
	enum twinlog_error error = sheet_count(reader, sheet, row, COLUMN_participants, &total, fault);

	if (!error)
		error = sheet_count(reader, sheet, row, COLUMN_participants_private, &social, fault);
	if (error || (!total && !social))
		return error;
	activity->participants = arena_alloc(reader->arena, sizeof *activity->participants);
	if (!activity->participants)
		return TWINLOG_NO_MEMORY;
	twinlog__participants__init(activity->participants);
	activity->participants->total = total;
	activity->participants->private_total = social;
	return TWINLOG_OK;
}

static enum twinlog_error read_events(const struct sheet_reader *reader, const struct sheet *sheet,
				      const struct csv_row *row, Twinlog__Activity *activity,
				      struct twinlog_fault *fault)
{
	Twinlog__Count *count;
	enum twinlog_error error = sheet_count(reader, sheet, row, COLUMN_count_of_events, &count, fault);

	if (error || !count)
		return error;
	if (count->value == 0 || count->value > UINT32_MAX)
		return sheet_fault(fault, TWINLOG_BAD_NUMBER, COLUMN_count_of_events,
				   sheet_cell(sheet, row, COLUMN_count_of_events));
	activity->count_of_events = (uint32_t)count->value;
	return TWINLOG_OK;
}

/* ---- Money ---- */

/* The next of several values in a cell; *at moves behind it. false: there is none. */
static bool next_value(ProtobufCBinaryData cell, size_t *at, ProtobufCBinaryData *ret_value)
{
	size_t end = *at;

	if (*at >= cell.len)
		return false;
	while (end < cell.len && cell.data[end] != ';')
		end++;
	*ret_value = sheet_trim(codec_bytes(cell.data + *at, end - *at));
	*at = end + 1;
	return true;
}

/* The value at the same place of a list beside. One alone, with no list around it, stands for all; in a list an empty
 * place says nothing. */
static ProtobufCBinaryData value_beside(ProtobufCBinaryData cell, size_t index)
{
	ProtobufCBinaryData value = codec_bytes(NULL, 0);
	size_t at = 0;

	if (cell.len == 0 || !memchr(cell.data, ';', cell.len))
		return cell;
	for (size_t i = 0; i <= index; i++)
		if (!next_value(cell, &at, &value))
			return codec_bytes(NULL, 0);
	return value;
}

static enum twinlog_error read_money(const struct sheet_reader *reader, const struct sheet *sheet,
				     const struct csv_row *row, size_t index, ProtobufCBinaryData sum,
				     Twinlog__Money **ret_money, struct twinlog_fault *fault)
{
	const ProtobufCBinaryData nothing = codec_bytes(NULL, 0);
	const ProtobufCBinaryData payer = value_beside(sheet_cell(sheet, row, COLUMN_cost_payer), index);
	const ProtobufCBinaryData currency = value_beside(sheet_cell(sheet, row, COLUMN_cost_currency), index);
	Twinlog__Money *money = arena_alloc(reader->arena, sizeof *money);
	enum twinlog_error error;

	if (!money)
		return TWINLOG_NO_MEMORY;
	twinlog__money__init(money);
	error = money_read((const char *)sum.data, sum.len, NULL, currency, &money->amount, &money->currency);
	if (error == TWINLOG_FIELD_MISSING)
		return sheet_fault(fault, error, COLUMN_cost_currency, nothing);
	if (error)
		return sheet_fault(fault, error, COLUMN_cost, sum);
	if (payer.len > 0) {
		ProtobufCBinaryData id;

		error = sheet_place(reader, NULL, payer, nothing, nothing, &id);
		if (error)
			return sheet_place_fault(reader, fault, error, COLUMN_cost_payer, payer, id);
		money->payer = id;
	}
	*ret_money = money;
	return TWINLOG_OK;
}

static enum twinlog_error read_cost(const struct sheet_reader *reader, const struct sheet *sheet,
				    const struct csv_row *row, Twinlog__Activity *activity, struct twinlog_fault *fault)
{
	const ProtobufCBinaryData cell = sheet_cell(sheet, row, COLUMN_cost);
	ProtobufCBinaryData sum;
	size_t at = 0;

	if (cell.len == 0 || codec_equal(cell, "-"))
		return TWINLOG_OK;
	activity->cost = arena_alloc(reader->arena, TWINLOG_LIST_MAX * sizeof(void *));
	if (!activity->cost)
		return TWINLOG_NO_MEMORY;
	while (next_value(cell, &at, &sum)) {
		enum twinlog_error error;

		if (activity->n_cost == TWINLOG_LIST_MAX)
			return sheet_fault(fault, TWINLOG_TOO_MANY, COLUMN_cost, cell);
		error = read_money(reader, sheet, row, activity->n_cost, sum, &activity->cost[activity->n_cost], fault);
		if (error)
			return error;
		activity->n_cost++;
	}
	return TWINLOG_OK;
}

/* ---- Words ---- */

static enum twinlog_error text_add(const struct sheet_reader *reader, ProtobufCBinaryData words, Twinlog__Text ***list,
				   size_t *count)
{
	Twinlog__Text *text = arena_alloc(reader->arena, sizeof *text);

	*list = arena_alloc(reader->arena, sizeof **list);
	if (!text || !*list)
		return TWINLOG_NO_MEMORY;
	twinlog__text__init(text);
	text->lang = codec_string(json_language((const char *)words.data, words.len));
	text->text = words;
	(*list)[0] = text;
	*count = 1;
	return TWINLOG_OK;
}

/* A description without a title beside it is one when it is short, and a summary when it is long. */
static enum twinlog_error read_words(const struct sheet_reader *reader, const struct sheet *sheet,
				     const struct csv_row *row, Twinlog__Activity *activity)
{
	ProtobufCBinaryData title = sheet_cell(sheet, row, COLUMN_title);
	ProtobufCBinaryData description = sheet_cell(sheet, row, COLUMN_description);
	enum twinlog_error error = TWINLOG_OK;

	if (title.len == 0 && description.len <= TWINLOG_TITLE_MAX) {
		title = description;
		description = codec_bytes(NULL, 0);
	}
	if (title.len > 0)
		error = text_add(reader, title, &activity->titles, &activity->n_titles);
	if (!error && description.len > 0)
		error = text_add(reader, description, &activity->summaries, &activity->n_summaries);
	return error;
}

enum twinlog_error activity_details(const struct sheet_reader *reader, const struct sheet *sheet,
				    const struct csv_row *row, Twinlog__Activity *activity, struct twinlog_fault *fault)
{
	enum twinlog_error error = read_participants(reader, sheet, row, activity, fault);

	if (!error)
		error = read_events(reader, sheet, row, activity, fault);
	if (!error)
		error = read_cost(reader, sheet, row, activity, fault);
	if (!error)
		error = sheet_code(sheet, row, COLUMN_status, CODELIST_ACTIVITY_STATUS, &activity->status, fault);
	if (!error && sheet_cell(sheet, row, COLUMN_mode).len > 0)
		error = sheet_code(sheet, row, COLUMN_mode, CODELIST_MODE, &activity->mode, fault);
	if (!error)
		error = read_words(reader, sheet, row, activity);
	return error;
}
