/* Keys and figures of reports as people read them. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "edtf.h"
#include "figures.h"
#include "money.h"

#define ASK_AGAIN_MAX 8u

/* ---- Asking ---- */

static enum twinlog_error ask_page(struct cli *cli, Twinlog__Report *asked, Twinlog__Reported **ret_reported)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Reply *reply;
	enum twinlog_error error;

	request.body_case = TWINLOG__REQUEST__BODY_REPORT;
	request.report = asked;
	error = cli_call(cli, &request, &reply);
	if (error)
		return error;
	if (reply->body_case != TWINLOG__REPLY__BODY_REPORTED || !reply->reported->total)
		return twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	*ret_reported = reply->reported;
	return TWINLOG_OK;
}

static enum twinlog_error append_rows(struct cli *cli, Twinlog__Reported *whole, const Twinlog__Reported *page)
{
	Twinlog__ReportRow **rows = arena_alloc(cli->arena, (whole->n_rows + page->n_rows) * sizeof *rows);

	if (!rows)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	memcpy(rows, whole->rows, whole->n_rows * sizeof *rows);
	memcpy(rows + whole->n_rows, page->rows, page->n_rows * sizeof *rows);
	whole->rows = rows;
	whole->n_rows += page->n_rows;
	return TWINLOG_OK;
}

enum twinlog_error report_ask(struct cli *cli, Twinlog__Report *asked, Twinlog__Reported **ret_reported)
{
	Twinlog__Reported *whole = NULL, *page = NULL;
	enum twinlog_error error = TWINLOG_OK;

	for (unsigned torn = 0; !error && (!whole || whole->n_rows < whole->rows_total);) {
		asked->skip = whole ? whole->n_rows : 0;
		error = ask_page(cli, asked, &page);
		if (error)
			break;
		if (!whole) {
			whole = page;
		} else if (page->commit != whole->commit) {
			/* What was written between two pages would tear the answer apart: it is asked for anew. */
			whole = NULL;
			if (torn++ == ASK_AGAIN_MAX)
				error = twinlog_fault_set(&cli->fault, TWINLOG_STALE, NULL, NULL);
		} else if (page->n_rows == 0) {
			error = twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
		} else {
			error = append_rows(cli, whole, page);
		}
	}
	asked->skip = 0;
	if (!error)
		*ret_reported = whole;
	return error;
}

/* ---- Keys ---- */

static const char *tie_text(struct cli *cli, ProtobufCBinaryData key, char between, const char *shown)
{
	const char *text = "";

	for (size_t at = 0; at < key.len;) {
		const uint8_t *end = memchr(key.data + at, between, key.len - at);
		const size_t size = end ? (size_t)(end - key.data) - at : key.len - at;

		text = cli_printf(cli, "%s%s%s", text, at ? shown : "",
				  cli_city_name(cli, codec_bytes(key.data + at, size)));
		at += size + 1;
	}
	return text;
}

static const char *space_title(struct cli *cli, ProtobufCBinaryData id)
{
	Twinlog__Spaces *spaces;

	if (cli_spaces(cli, &spaces) == TWINLOG_OK)
		for (size_t i = 0; i < spaces->n_spaces; i++)
			if (spaces->spaces[i]->space.len == id.len &&
			    memcmp(spaces->spaces[i]->space.data, id.data, id.len) == 0)
				return cli_text(cli, spaces->spaces[i]->title);
	return cli_hex(cli, id, 12);
}

static const char *status_text(struct cli *cli, ProtobufCBinaryData key)
{
	const enum codelist list = codelist_find(CODELIST_ACTIVITY_STATUS, key.data, key.len) >= 0
				       ? CODELIST_ACTIVITY_STATUS
				       : CODELIST_AGREEMENT_STATUS;

	return cli_code(cli, list, key);
}

const char *report_key(struct cli *cli, ProtobufCBinaryData dimension, ProtobufCBinaryData key)
{
	const int which = dimension_find(dimension.data, dimension.len);

	if (key.len == 0)
		return _("not said");
	switch (which) {
	case DIMENSION_CITY:
	case DIMENSION_PARTNER:
		return cli_city_name(cli, key);
	case DIMENSION_PAIR:
		return tie_text(cli, key, ' ', " – ");
	case DIMENSION_DIRECTION:
		return tie_text(cli, key, '>', " → ");
	case DIMENSION_LEVEL:
		return cli_code(cli, CODELIST_ADMIN_LEVEL, key);
	case DIMENSION_FIELD:
		return cli_code(cli, CODELIST_FIELD, key);
	case DIMENSION_FORM:
		return cli_code(cli, CODELIST_FORM, key);
	case DIMENSION_ACTOR_LEVEL:
		return cli_code(cli, CODELIST_ACTOR_LEVEL, key);
	case DIMENSION_ACTOR_KIND:
		return cli_code(cli, CODELIST_ACTOR_KIND, key);
	case DIMENSION_RELATION_TYPE:
		return cli_code(cli, CODELIST_RELATION_TYPE, key);
	case DIMENSION_FRICTION:
		return cli_code(cli, CODELIST_FRICTION, key);
	case DIMENSION_STATUS:
		return status_text(cli, key);
	case DIMENSION_STATE:
		return cli_state_label((uint32_t)strtoul(cli_text(cli, key), NULL, 10));
	case DIMENSION_SPACE:
		return space_title(cli, key);
	default:
		return cli_text(cli, key);
	}
}

/* ---- Figures ---- */

/* 1234567.05 as 1,234,567.05. */
static const char *grouped(struct cli *cli, const char *number)
{
	const bool negative = *number == '-';
	const size_t whole = strcspn(number, ".");
	char out[2 * MONEY_TEXT_MAX];
	size_t at = 0;

	for (size_t i = 0; i < whole; i++) {
		if (i > negative && (whole - i) % 3 == 0)
			out[at++] = ',';
		out[at++] = number[i];
	}
	out[at] = '\0';
	return cli_printf(cli, "%s%s", out, number + whole);
}

const char *report_money(struct cli *cli, int64_t minor, ProtobufCBinaryData currency)
{
	char sum[MONEY_TEXT_MAX];

	(void)money_format(minor, currency, sum);
	return cli_printf(cli, "%s %s", grouped(cli, sum), cli_text(cli, currency));
}

static enum column_form form_of(const Twinlog__Reported *reported, size_t column)
{
	const int measure = measure_find(reported->measure.data, reported->measure.len);

	return measure >= 0 && column < measure_columns((enum measure)measure)
		   ? measure_info((enum measure)measure)->columns[column].form
		   : COLUMN_REAL;
}

bool report_currency(const Twinlog__Reported *reported, const Twinlog__ReportRow *row, size_t column,
		     ProtobufCBinaryData *ret_currency)
{
	if (form_of(reported, column) != COLUMN_MONEY || row->n_keys == 0 || row->keys[0].len == 0)
		return false;
	*ret_currency = row->keys[0];
	return true;
}

const char *report_figure(struct cli *cli, const Twinlog__Reported *reported, const Twinlog__ReportRow *row,
			  size_t column)
{
	const Twinlog__ReportCell *cell = row->cells[column];
	ProtobufCBinaryData currency;
	const bool money = report_currency(reported, row, column, &currency);
	struct edtf day = {.precision = EDTF_DAY};
	char text[TWINLOG_DATE_MAX];

	switch (cell->kind) {
	case TWINLOG__CELL_KIND__CELL_INTEGER:
		return money ? report_money(cli, cell->integer, currency) : cli_printf(cli, "%" PRId64, cell->integer);
	case TWINLOG__CELL_KIND__CELL_DATE:
		day.first = day.last = (int32_t)cell->integer;
		(void)edtf_format(&day, text);
		return cli_printf(cli, "%s", text);
	case TWINLOG__CELL_KIND__CELL_REAL:
		if (money)
			return report_money(cli, (int64_t)(cell->real + (cell->real < 0 ? -0.5 : 0.5)), currency);
		if (form_of(reported, column) == COLUMN_SHARE)
			return cli_printf(cli, "%.1f %% (%" PRId64 "/%" PRId64 ")", 100 * cell->real, cell->numerator,
					  cell->denominator);
		if (form_of(reported, column) == COLUMN_PART)
			return cli_printf(cli, "%.1f %%", 100 * cell->real);
		return cli_printf(cli, "%.9g", cell->real);
	default:
		return "–";
	}
}

/* ---- What stands below ---- */

const char *report_left_out(struct cli *cli, const Twinlog__Reported *reported)
{
	const char *text = "";

	for (size_t i = 0; i < reported->total->n_cells && i < reported->n_columns; i++)
		if (reported->total->cells[i]->left_out)
			text =
			    cli_printf(cli, "%s%s%s %" PRIu64, text, *text ? ", " : "",
				       report_column_label(reported->columns[i]), reported->total->cells[i]->left_out);
	return text;
}

const char *report_presets(struct cli *cli)
{
	const char *text = "";

	for (unsigned i = 0; i < PRESET_COUNT; i++)
		text = cli_printf(cli, "%s%s%s", text, i ? ", " : "", preset_name((enum preset)i));
	return text;
}

const char *report_completeness(struct cli *cli, const Twinlog__SpaceStatus *status)
{
	const char *text = "";

	for (size_t i = 0; i < status->n_members; i++) {
		const Twinlog__MemberStatus *member = status->members[i];
		const char *city = cli_city_name(cli, member->city_id);
		const char *part = member->self ? cli_printf(cli, _("%s itself"), city)
				   : member->position_ms
				       ? cli_printf(cli, _("%s up to %s"), city, cli_time(cli, member->position_ms))
				       : cli_printf(cli, _("nothing heard from %s"), city);

		text = cli_printf(cli, "%s%s%s", text, *text ? ", " : "", part);
	}
	return cli_printf(cli, "%s: %s", cli_text(cli, status->title), text);
}
