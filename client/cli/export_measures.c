#include "export_measures.h"

#include <stdio.h>
#include <stdlib.h>

#include "figures.h"
#include "money.h"

#define COUNTS 2u /* records and events, as most measures begin */

static enum twinlog_error ask(struct export *export, enum measure measure, const char *by,
			      Twinlog__Reported **ret_reported)
{
	Twinlog__Report report = TWINLOG__REPORT__INIT;
	Twinlog__Filter filter = *export->filter;
	ProtobufCBinaryData dimension = codec_string(by);

	/* A measure knows which kind of record it counts. */
	filter.n_kinds = 0;
	report.filter = &filter;
	report.measure = codec_string(measure_info(measure)->name);
	report.by = &dimension;
	report.n_by = by ? 1 : 0;
	return report_ask(export->cli, &report, ret_reported);
}

static int64_t figure(const Twinlog__ReportRow *row, size_t column)
{
	return column < row->n_cells ? row->cells[column]->integer : 0;
}

static int most_first(const void *left, const void *right)
{
	const int64_t a = figure(*(Twinlog__ReportRow *const *)left, COUNTS - 1);
	const int64_t b = figure(*(Twinlog__ReportRow *const *)right, COUNTS - 1);

	return (a < b) - (a > b);
}

/* One table with its chart. Years stay in their order; what has no order stands the most frequent first. */
static enum twinlog_error counts_write(struct export *export, struct xlsx *xlsx, enum measure measure, const char *by,
				       const char *title, enum xlsx_chart chart)
{
	const ProtobufCBinaryData dimension = codec_string(by);
	Twinlog__Reported *reported;
	enum twinlog_error error = ask(export, measure, by, &reported);
	struct xlsx_column heads[1 + COUNTS] = {{report_dimension_label(dimension), 32}};

	if (error || reported->n_rows == 0)
		return error;
	for (size_t i = 0; i < COUNTS; i++)
		heads[1 + i].head = i < reported->n_columns ? report_column_label(reported->columns[i]) : "";
	if (chart == XLSX_BARS)
		qsort(reported->rows, reported->n_rows, sizeof(void *), most_first);
	xlsx_text(xlsx, XLSX_HEADING, title);
	xlsx_table(xlsx, heads, 1 + COUNTS);
	for (size_t i = 0; i < reported->n_rows; i++) {
		const Twinlog__ReportRow *row = reported->rows[i];
		const char *key = row->n_keys ? report_key(export->cli, dimension, row->keys[0]) : "";
		const struct xlsx_cell cells[1 + COUNTS] = {
		    {.type = XLSX_TEXT, .text = key},
		    {.type = XLSX_NUMBER, .number = (double)figure(row, 0)},
		    {.type = XLSX_NUMBER, .number = (double)figure(row, 1)},
		};

		xlsx_row(xlsx, cells);
	}
	xlsx_chart(xlsx, chart, title, 0, COUNTS);
	xlsx_skip(xlsx);
	return TWINLOG_OK;
}

static void sum_write(struct xlsx *xlsx, ProtobufCBinaryData currency, const char *name, int64_t amount)
{
	char sum[32], rate[32], formula[128];
	double unit = 1;

	for (unsigned digit = money_digits(currency); digit > 0; digit--)
		unit *= 10;
	xlsx_next_cell_name(xlsx, 1, sum, sizeof sum);
	xlsx_next_cell_name(xlsx, 2, rate, sizeof rate);
	snprintf(formula, sizeof formula, "=IF(%s=\"\",0,%s*%s)", rate, sum, rate);
	const struct xlsx_cell cells[] = {
	    {.type = XLSX_TEXT, .text = name},
	    {.type = XLSX_MONEY, .number = (double)amount / unit},
	    {.type = XLSX_INPUT},
	    {.type = XLSX_FORMULA, .text = formula},
	};
	xlsx_row(xlsx, cells);
}

/* Only the reader knows which rate is meant: once it is filled in, the formulas use it. */
static enum twinlog_error money_write(struct export *export, struct xlsx *xlsx)
{
	const struct xlsx_column heads[] = {
	    {_("currency"), 32}, {_("sum"), 0}, {_("exchange rate"), 0}, {_("converted"), 0}};
	char range[192], formula[256];
	struct xlsx_cell total[4] = {{.type = XLSX_TEXT, .text = _("total converted")}};
	Twinlog__Reported *reported;
	enum twinlog_error error = ask(export, MEASURE_COST, NULL, &reported);

	if (error || reported->n_rows == 0)
		return error;
	xlsx_text(xlsx, XLSX_HEADING, _("Money"));
	xlsx_text(xlsx, XLSX_SMALL,
		  _("Currencies are never added up. Fill in what one unit of each is worth in the one you want."));
	xlsx_table(xlsx, heads, 4);
	for (size_t i = 0; i < reported->n_rows; i++) {
		const Twinlog__ReportRow *row = reported->rows[i];

		if (row->n_keys > 0)
			sum_write(xlsx, row->keys[0], cli_text(export->cli, row->keys[0]), figure(row, 0));
	}
	xlsx_column_range(xlsx, 3, range, sizeof range);
	snprintf(formula, sizeof formula, "=SUM(%s)", range);
	total[3] = (struct xlsx_cell){.type = XLSX_FORMULA, .text = formula};
	xlsx_row(xlsx, total);
	return TWINLOG_OK;
}

enum twinlog_error export_measures(struct export *export, struct xlsx *xlsx)
{
	enum twinlog_error error;

	if (export->kind == SHEET_CITIES)
		return TWINLOG_OK;
	xlsx_sheet(xlsx, _("Measures"));
	xlsx_text(xlsx, XLSX_TITLE, _("Measures"));
	xlsx_text(xlsx, XLSX_SMALL,
		  _("What `twinlog report` answers for the same filter: records that tell of one event count once."));
	xlsx_skip(xlsx);
	if (export->kind == SHEET_PAIRS)
		return counts_write(export, xlsx, MEASURE_AGREEMENTS, "year", _("By year"), XLSX_COLUMNS);
	error = counts_write(export, xlsx, MEASURE_EVENTS, "year", _("By year"), XLSX_COLUMNS);
	if (!error)
		error = counts_write(export, xlsx, MEASURE_EVENTS, "field", _("By field"), XLSX_BARS);
	if (!error)
		error = counts_write(export, xlsx, MEASURE_EVENTS, "form", _("By form"), XLSX_BARS);
	return error ? error : money_write(export, xlsx);
}
