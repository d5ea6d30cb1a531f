/* A changed record as rows of the mirror's tables, in the order of mirror_tables.c. */
#include <stdlib.h>
#include <string.h>

#include "edtf.h"
#include "log.pb-c.h"
#include "mirror.h"

void mirror_batch_reset(struct mirror_batch *batch)
{
	for (size_t i = 0; i < MIRROR_TABLES; i++)
		batch->rows[i].size = 0;
	batch->ids.size = 0;
	batch->records = batch->gone = batch->large = 0;
}

void mirror_batch_free(struct mirror_batch *batch)
{
	for (size_t i = 0; i < MIRROR_TABLES; i++)
		postgres_rows_free(&batch->rows[i]);
	postgres_rows_free(&batch->ids);
}

/* ---- Cells ---- */

/* Empty is not said. */
static void put_text(struct cli *cli, struct postgres_rows *rows, ProtobufCBinaryData bytes)
{
	const char *text = bytes.len ? cli_text(cli, bytes) : NULL;

	if (text)
		postgres_cell(rows, text, strlen(text));
	else
		postgres_cell_null(rows);
}

static void put_string(struct postgres_rows *rows, const char *text)
{
	postgres_cell(rows, text, strlen(text));
}

static void put_hex(struct cli *cli, struct postgres_rows *rows, ProtobufCBinaryData bytes)
{
	if (bytes.len)
		put_string(rows, cli_hex(cli, bytes, 0));
	else
		postgres_cell_null(rows);
}

static void put_bool(struct postgres_rows *rows, bool value)
{
	postgres_cell(rows, value ? "t" : "f", 1);
}

static void put_unsigned(struct postgres_rows *rows, uint64_t number)
{
	if (number <= INT64_MAX)
		postgres_cell_number(rows, (int64_t)number);
	else
		postgres_cell_null(rows);
}

static void put_count(struct postgres_rows *rows, const Twinlog__Count *count)
{
	if (count)
		put_unsigned(rows, count->value);
	else
		postgres_cell_null(rows);
}

static void put_json(struct postgres_rows *rows, json_t *json)
{
	char *text = NULL;

	if (!json || json_text(json, true, &text)) {
		postgres_cell_null(rows);
		rows->failed = true;
	} else {
		/* PostgreSQL takes no U+0000 out of a text. A backslash that is escaped itself is passed over with its
		 * escape. */
		for (char *at = strchr(text, '\\'); at; at = strchr(at + 2, '\\'))
			if (strncmp(at, "\\u0000", 6) == 0)
				memcpy(at, "\\ufffd", 6);
		put_string(rows, text);
	}
	free(text);
	json_decref(json);
}

static void put_time(struct postgres_rows *rows, uint64_t unix_ms)
{
	json_t *time = unix_ms ? json_time(unix_ms) : NULL;

	if (time)
		put_string(rows, json_string_value(time));
	else
		postgres_cell_null(rows);
	json_decref(time);
}

static void put_day(struct cli *cli, struct postgres_rows *rows, int32_t days)
{
	int year, month, day;

	edtf_from_days(days, &year, &month, &day);
	if (year < 1 || year > 9999)
		postgres_cell_null(rows);
	else
		put_string(rows, cli_printf(cli, "%04d-%02d-%02d", year, month, day));
}

/* First and last day of what lies between two EDTF dates, ~ applied. */
static void put_days(struct cli *cli, struct postgres_rows *rows, ProtobufCBinaryData start, ProtobufCBinaryData end)
{
	struct edtf date;
	int32_t first, last, end_first, end_last;

	if (!start.len || edtf_parse(start.data, start.len, &date)) {
		postgres_cell_null(rows);
		postgres_cell_null(rows);
		return;
	}
	edtf_span(&date, &first, &last);
	if (end.len && !edtf_parse(end.data, end.len, &date)) {
		edtf_span(&date, &end_first, &end_last);
		last = end_last > last ? end_last : last;
	}
	put_day(cli, rows, first);
	put_day(cli, rows, last);
}

/* ---- What a body says, as columns of records and statements alike ---- */

static void put_activity(struct cli *cli, struct postgres_rows *rows, const Twinlog__Activity *activity)
{
	put_text(cli, rows, activity->form);
	put_text(cli, rows, activity->mode);
	/* Said or not, an activity has a status and stands for one event at least: record.proto. */
	put_text(cli, rows, activity->status.len ? activity->status : codec_string("held"));
	put_text(cli, rows, activity->direction);
	postgres_cell_null(rows);
	put_text(cli, rows, activity->start);
	put_text(cli, rows, activity->end);
	put_days(cli, rows, activity->start, activity->end);
	postgres_cell_number(rows, activity->count_of_events ? activity->count_of_events : 1);
}

static void put_agreement(struct cli *cli, struct postgres_rows *rows, const Twinlog__Agreement *agreement)
{
	postgres_cell_null(rows);
	postgres_cell_null(rows);
	put_text(cli, rows, agreement->status);
	postgres_cell_null(rows);
	put_text(cli, rows, agreement->relation_type);
	put_text(cli, rows, agreement->established);
	postgres_cell_null(rows);
	put_days(cli, rows, agreement->established, codec_bytes(NULL, 0));
	postgres_cell_null(rows);
}

#define VALUE_COLUMNS 10

static void put_values(struct cli *cli, struct postgres_rows *rows, const Twinlog__Body *body)
{
	const Twinlog__Activity *activity = NULL;
	const Twinlog__Agreement *agreement = NULL;

	if (body && body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY)
		activity = body->activity;
	if (body && body->content_case == TWINLOG__BODY__CONTENT_AGREEMENT)
		agreement = body->agreement;
	if (activity)
		put_activity(cli, rows, activity);
	else if (agreement)
		put_agreement(cli, rows, agreement);
	for (int i = 0; !activity && !agreement && i < VALUE_COLUMNS; i++)
		postgres_cell_null(rows);
}

/* ---- Lists of a body ---- */

struct said {
	struct cli *cli;
	struct mirror_batch *batch;
	const Twinlog__Record *record;
	ProtobufCBinaryData by;
};

/* A row of one of the small tables, up to its own columns. */
static struct postgres_rows *said_row(const struct said *said, enum mirror_table table)
{
	struct postgres_rows *rows = &said->batch->rows[table];

	put_hex(said->cli, rows, said->record->handle);
	put_text(said->cli, rows, said->by);
	return rows;
}

static void put_city(const struct said *said, ProtobufCBinaryData city, ProtobufCBinaryData role)
{
	struct postgres_rows *rows = said_row(said, MIRROR_CITIES);

	put_text(said->cli, rows, city);
	put_text(said->cli, rows, role);
	postgres_row_end(rows);
}

static void put_fields(const struct said *said, const ProtobufCBinaryData *fields, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct postgres_rows *rows = said_row(said, MIRROR_FIELDS);

		put_text(said->cli, rows, fields[i]);
		postgres_row_end(rows);
	}
}

static void put_participants(const struct said *said, const Twinlog__Participants *participants)
{
	struct postgres_rows *rows;

	if (!participants)
		return;
	if (participants->total || participants->private_total) {
		rows = said_row(said, MIRROR_PARTICIPANTS);
		postgres_cell_null(rows);
		put_count(rows, participants->total);
		put_count(rows, participants->private_total);
		postgres_row_end(rows);
	}
	for (size_t i = 0; i < participants->n_by_side; i++) {
		rows = said_row(said, MIRROR_PARTICIPANTS);
		put_text(said->cli, rows, participants->by_side[i]->city_id);
		put_unsigned(rows, participants->by_side[i]->count);
		postgres_cell_null(rows);
		postgres_row_end(rows);
	}
}

static void put_money(const struct said *said, const Twinlog__Activity *activity)
{
	struct postgres_rows *rows;

	for (size_t i = 0; i < activity->n_cost; i++) {
		rows = said_row(said, MIRROR_MONEY);
		put_string(rows, "cost");
		postgres_cell_number(rows, activity->cost[i]->amount);
		put_text(said->cli, rows, activity->cost[i]->currency);
		put_text(said->cli, rows, activity->cost[i]->payer);
		postgres_cell_null(rows);
		postgres_cell_null(rows);
		postgres_row_end(rows);
	}
	for (size_t i = 0; i < activity->n_trade; i++) {
		rows = said_row(said, MIRROR_MONEY);
		put_string(rows, "trade");
		postgres_cell_number(rows, activity->trade[i]->value);
		put_text(said->cli, rows, activity->trade[i]->currency);
		postgres_cell_null(rows);
		put_text(said->cli, rows, activity->trade[i]->from);
		put_text(said->cli, rows, activity->trade[i]->to);
		postgres_row_end(rows);
	}
}

static void put_lists(const struct said *said, const Twinlog__Body *body)
{
	if (body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY) {
		const Twinlog__Activity *activity = body->activity;

		for (size_t i = 0; i < activity->n_cities; i++)
			put_city(said, activity->cities[i]->city_id, activity->cities[i]->role);
		put_fields(said, activity->fields, activity->n_fields);
		put_participants(said, activity->participants);
		put_money(said, activity);
	} else if (body->content_case == TWINLOG__BODY__CONTENT_AGREEMENT) {
		for (size_t i = 0; i < body->agreement->n_parties; i++)
			put_city(said, body->agreement->parties[i], codec_string("party"));
		put_fields(said, body->agreement->fields, body->agreement->n_fields);
	} else if (body->content_case == TWINLOG__BODY__CONTENT_CITY) {
		put_city(said, body->city->city_id, codec_bytes(NULL, 0));
	}
}

/* ---- The record ---- */

static const char *title_of(struct cli *cli, const Twinlog__Body *body)
{
	return body ? cli_title(cli, body) : "";
}

static const Twinlog__Body *put_side(struct cli *cli, struct mirror_batch *batch, const Twinlog__Record *record,
				     const Twinlog__Side *side)
{
	struct postgres_rows *rows = &batch->rows[MIRROR_STATEMENTS];
	const Twinlog__Version *word = side->word;
	const Twinlog__Body *body = word ? version_body(cli->arena, word) : NULL;

	put_hex(cli, rows, record->handle);
	put_text(cli, rows, side->city_id);
	put_hex(cli, rows, side->city);
	put_bool(rows, side->party);
	put_string(rows, standing_name(side->standing));
	put_bool(rows, side->outdated);
	postgres_cell_number(rows, (int64_t)side->n_conflict);
	if (word)
		postgres_cell_number(rows, (int64_t)word->version);
	else
		postgres_cell_null(rows);
	put_hex(cli, rows, word ? word->leaf : codec_bytes(NULL, 0));
	put_hex(cli, rows, word ? word->answers : codec_bytes(NULL, 0));
	put_time(rows, word ? word->clock_ms : 0);
	put_text(cli, rows, body ? body->office : codec_bytes(NULL, 0));
	put_text(cli, rows, codec_string(title_of(cli, body)));
	put_values(cli, rows, body);
	if (body)
		put_json(rows, json_body(record->kind, body));
	else
		postgres_cell_null(rows);
	postgres_row_end(rows);
	if (body)
		put_lists(&(struct said){cli, batch, record, side->city_id}, body);
	return body;
}

static bool leads(const Twinlog__Record *record, const Twinlog__Side *side)
{
	return side->word && record->lead.len && side->word->leaf.len == record->lead.len &&
	       memcmp(side->word->leaf.data, record->lead.data, record->lead.len) == 0;
}

static void put_id(struct cli *cli, struct mirror_batch *batch, const Twinlog__Record *record)
{
	/* An array of hex digits is written as the text of a row whose end is never reached. */
	const char *id = cli_printf(cli, "%s%s", batch->ids.size ? "," : "{", cli_hex(cli, record->handle, 0));

	batch->ids.begun = false;
	put_string(&batch->ids, id);
}

void mirror_add(struct cli *cli, struct mirror_batch *batch, const Twinlog__Change *change)
{
	const Twinlog__Record *record = change->record;
	struct postgres_rows *rows = &batch->rows[MIRROR_RECORDS];
	const Twinlog__Body *lead = NULL;
	ProtobufCBinaryData lead_city = codec_bytes(NULL, 0);

	put_id(cli, batch, record);
	batch->records++;
	batch->gone += change->gone;
	batch->large += change->large;
	if (change->gone)
		return;
	for (size_t i = 0; i < record->n_sides; i++) {
		const Twinlog__Body *body = put_side(cli, batch, record, record->sides[i]);

		if (body && leads(record, record->sides[i])) {
			lead = body;
			lead_city = record->sides[i]->city_id;
		}
	}
	put_hex(cli, rows, record->handle);
	put_hex(cli, rows, record->space);
	put_string(rows, kind_name(record->kind));
	put_string(rows, state_name(record->state));
	put_text(cli, rows, record->opener_city_id);
	put_text(cli, rows, lead_city);
	put_time(rows, record->changed_ms);
	put_text(cli, rows, codec_string(title_of(cli, lead)));
	put_values(cli, rows, lead);
	postgres_cell_number(rows, (int64_t)batch->fill);
	postgres_row_end(rows);
}
