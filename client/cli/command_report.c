/* Aggregated history. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "csv.h"
#include "edtf.h"
#include "figures.h"
#include "money.h"

#define BAR_WIDTH 24u

static const struct cli_option report_options[] = {
    {"list", 0, NULL, N_("explain every measure"), false},
    {"by", 0, N_("A[,B]"), N_("group by one or two: year, field, city, …"), true},
    {"as-of", 0, N_("DATE"), N_("as if this were today: what begins later is left out"), false},
    {"months", 0, N_("N"), N_("a tie without an event for that long is silent (else 36)"), false},
    {"preset", 0, N_("RULE"), N_("which ties a register counts: all, sister, sister-friendship, sister-no-districts"),
     false},
    {"follow", 0, NULL, N_("count merged cities as their successor"), false},
    {"among", 0, N_("CITY"), N_("shares over this list of cities (else all that are known)"), true},
    {"top", 0, N_("N"), N_("show only the N greatest rows"), false},
    {0},
};

/* ---- What is known ---- */

/* One line that names what there is. */
static int refuse_unknown(struct cli *cli, const char *where, const char *value, const char *known)
{
	cli->known = known;
	return cli_refuse(cli, TWINLOG_BAD_CODE, where, value);
}

static const char *measures_joined(struct cli *cli)
{
	const char *text = "";

	for (unsigned i = 0; i < MEASURE_COUNT; i++)
		text = cli_printf(cli, "%s%s%s", text, i ? ", " : "", measure_info((enum measure)i)->name);
	return text;
}

static const char *dimensions_joined(struct cli *cli, enum measure measure)
{
	const char *text = "";

	for (unsigned i = 0; i < DIMENSION_COUNT; i++)
		if (dimension_fits((enum dimension)i, measure))
			text = cli_printf(cli, "%s%s%s", text, *text ? ", " : "", dimension_name((enum dimension)i));
	return text;
}

/* ---- The question ---- */

/* "year,field" or --by year --by field. Returns the exit code, 0 when all are known. */
static int read_by(struct cli *cli, const struct cli_arguments *arguments, enum measure measure,
		   Twinlog__Report *report)
{
	const char *given;

	report->by = arena_zalloc(cli->arena, (DIMENSIONS_ASKED_MAX + 1) * sizeof *report->by);
	if (!report->by)
		return cli_refuse(cli, TWINLOG_NO_MEMORY, NULL, NULL);
	for (size_t i = 0; (given = cli_option_at(arguments, "by", i)); i++)
		for (const char *at = given; at;) {
			const char *comma = strchr(at, ',');
			const size_t size = comma ? (size_t)(comma - at) : strlen(at);
			const int dimension = dimension_find(at, size);
			const char *name = cli_printf(cli, "%.*s", (int)size, at);

			if (dimension < 0 || !dimension_fits((enum dimension)dimension, measure))
				return refuse_unknown(cli, "--by", name, dimensions_joined(cli, measure));
			if (report->n_by == DIMENSIONS_ASKED_MAX)
				return cli_refuse(cli, TWINLOG_TOO_MANY, "--by", given);
			for (size_t b = 0; b < report->n_by; b++)
				if (codec_equal(report->by[b], dimension_name((enum dimension)dimension)))
					return cli_refuse(cli, TWINLOG_DUPLICATE, "--by", name);
			report->by[report->n_by++] = codec_string(dimension_name((enum dimension)dimension));
			at = comma ? comma + 1 : NULL;
		}
	return 0;
}

enum twinlog_error report_read_day(struct cli *cli, const char *text, ProtobufCBinaryData *ret_day)
{
	struct edtf start, end;
	char canonical[TWINLOG_DATE_MAX];

	if (edtf_parse_written(text, strlen(text), &start, &end) != TWINLOG_OK || end.precision != EDTF_NONE)
		return twinlog_fault_set(&cli->fault, TWINLOG_BAD_DATE, "--as-of", text);
	if (start.approximate)
		return twinlog_fault_set(&cli->fault, TWINLOG_INVALID, N_("--as-of, a date without ~"), text);
	/* The last day of a year or month: what was known at its end. */
	start = (struct edtf){.first = start.last, .last = start.last, .precision = EDTF_DAY};
	(void)edtf_format(&start, canonical);
	*ret_day = codec_string(cli_printf(cli, "%s", canonical));
	return TWINLOG_OK;
}

static enum twinlog_error read_among(struct cli *cli, const struct cli_arguments *arguments, Twinlog__Report *report)
{
	size_t count = 0;

	while (cli_option_at(arguments, "among", count))
		count++;
	report->among = arena_zalloc(cli->arena, (count + 1) * sizeof *report->among);
	if (!report->among)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	for (size_t i = 0; i < count; i++) {
		const char *name = cli_option_at(arguments, "among", i);
		char id[TWINLOG_CITY_ID_MAX + 1];
		enum twinlog_error error = cli_city(cli, name, strlen(name), id, &cli->fault);

		if (error)
			return error;
		report->among[report->n_among++] = codec_string(cli_printf(cli, "%s", id));
	}
	return TWINLOG_OK;
}

static int read_question(struct cli *cli, const struct cli_arguments *arguments, enum measure measure,
			 Twinlog__Filter *filter, Twinlog__Report *report)
{
	const char *preset = cli_option(arguments, "preset"), *as_of = cli_option(arguments, "as-of");
	uint64_t months;
	const int code = read_by(cli, arguments, measure, report);

	if (code)
		return code;
	if (preset && preset_find(preset, strlen(preset)) < 0)
		return refuse_unknown(cli, "--preset", preset, report_presets(cli));
	if (cli_number(arguments, "months", 1, MEASURE_MONTHS_MAX, MEASURE_MONTHS, &months, &cli->fault) ||
	    (as_of && report_read_day(cli, as_of, &report->as_of)) || cli_connect(cli) ||
	    cli_filter(cli, arguments, filter) || read_among(cli, arguments, report))
		return cli_fail(cli);
	report->measure = codec_string(measure_info(measure)->name);
	report->months = (uint32_t)months;
	report->preset = codec_string(preset ? preset : "");
	report->follow = cli_given(arguments, "follow");
	report->filter = filter;
	return 0;
}

/* ---- Tables ---- */

/* The first figure of a row that can be drawn; negative when there is none. */
static double drawn(const Twinlog__ReportRow *row)
{
	for (size_t i = 0; i < row->n_cells; i++) {
		if (row->cells[i]->kind == TWINLOG__CELL_KIND__CELL_INTEGER)
			return (double)row->cells[i]->integer;
		if (row->cells[i]->kind == TWINLOG__CELL_KIND__CELL_REAL)
			return row->cells[i]->real;
	}
	return -1;
}

/* Eighths of a column, as block elements. The bar is the last column, since its characters are of one width on some
 * terminals and of two on others. */
static const char *bar(struct cli *cli, double value, double most)
{
	static const char *const parts[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	const unsigned eighths = value > 0 && most > 0 ? (unsigned)(8.0 * BAR_WIDTH * value / most + 0.5) : 0;
	const char *text = "";

	for (unsigned i = 0; i < eighths / 8; i++)
		text = cli_printf(cli, "%s█", text);
	return cli_printf(cli, "%s%s", text, parts[eighths % 8]);
}

static int greater(const void *left, const void *right)
{
	const Twinlog__ReportRow *a = *(Twinlog__ReportRow *const *)left, *b = *(Twinlog__ReportRow *const *)right;
	const double one = drawn(a), other = drawn(b);

	return (one < other) - (one > other);
}

/* Keeps the greatest rows; of equal ones those that came first. */
static void keep_top(Twinlog__Reported *reported, size_t top)
{
	if (top == 0 || reported->n_rows <= top)
		return;
	/* A stable order by merging: rows are few here, and qsort is not stable. */
	for (size_t i = 1; i < reported->n_rows; i++) {
		Twinlog__ReportRow *row = reported->rows[i];
		size_t at = i;

		for (; at > 0 && greater(&reported->rows[at - 1], &row) > 0; at--)
			reported->rows[at] = reported->rows[at - 1];
		reported->rows[at] = row;
	}
	reported->n_rows = top;
}

#define CELLS_MAX (DIMENSIONS_MAX + MEASURE_COLUMNS_MAX + 1)

static enum twinlog_error add_row(struct cli *cli, struct table *table, const Twinlog__Reported *reported,
				  const Twinlog__ReportRow *row, bool total, double most)
{
	const char *cells[CELLS_MAX];
	size_t count = 0;

	for (size_t i = 0; i < reported->n_by; i++)
		cells[count++] = !total ? report_key(cli, reported->by[i], row->keys[i]) : i == 0 ? _("in all") : "";
	for (size_t i = 0; i < reported->n_columns; i++)
		cells[count++] = report_figure(cli, reported, row, i);
	cells[count] = total ? "" : bar(cli, drawn(row), most);
	return table_row(table, cells);
}

static enum twinlog_error print_table(struct cli *cli, const Twinlog__Reported *reported)
{
	struct table_column columns[CELLS_MAX];
	struct table *table;
	size_t count = 0;
	double most = 0;
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = 0; i < reported->n_by; i++)
		columns[count++] = (struct table_column){.id = cli_text(cli, reported->by[i]),
							 .label = report_dimension_label(reported->by[i]),
							 .wraps = true};
	for (size_t i = 0; i < reported->n_columns; i++)
		columns[count++] = (struct table_column){.id = cli_text(cli, reported->columns[i]),
							 .label = report_column_label(reported->columns[i]),
							 .right = true};
	columns[count++] = (struct table_column){.id = "", .label = ""};
	table = table_new(columns, count);
	if (!table)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < reported->n_rows; i++)
		most = drawn(reported->rows[i]) > most ? drawn(reported->rows[i]) : most;
	for (size_t i = 0; !error && i < reported->n_rows; i++)
		error = add_row(cli, table, reported, reported->rows[i], false, most);
	if (!error)
		error = add_row(cli, table, reported, reported->total, true, most);
	if (!error)
		error = table_print(table, FORMAT_TABLE, 0, stdout);
	table_free(table);
	return error;
}

static int print_for_people(struct cli *cli, enum measure measure, const Twinlog__Reported *reported)
{
	const char *left_out = report_left_out(cli, reported);

	printf("%s\n", measure_title(measure));
	if (print_table(cli, reported))
		return cli_refuse(cli, TWINLOG_NO_MEMORY, NULL, NULL);
	if (reported->n_rows < reported->rows_total)
		printf(_("and %llu more rows\n"), (unsigned long long)(reported->rows_total - reported->n_rows));
	if (reported->several)
		printf(_("stands in several rows: %llu times\n"), (unsigned long long)reported->several);
	if (*left_out)
		printf(_("left out: %s\n"), left_out);
	if (reported->not_held)
		printf(_("not counted: %llu records of what is planned, postponed or called off\n"),
		       (unsigned long long)reported->not_held);
	if (reported->repeated)
		printf(_("counted once: %llu records tell of what another one tells\n"),
		       (unsigned long long)reported->repeated);
	if (reported->outside)
		printf(_("not among these: %llu events\n"), (unsigned long long)reported->outside);
	if (reported->later)
		printf(_("after the date: %llu records begin later and are not counted\n"),
		       (unsigned long long)reported->later);
	printf(_("as of %s; rules %u, ICU %s, ties: %s\n"), cli_text(cli, reported->as_of), reported->rules,
	       cli_text(cli, reported->collation), cli_text(cli, reported->preset));
	for (size_t i = 0; i < reported->n_completeness; i++)
		printf("%s\n", report_completeness(cli, reported->completeness[i]));
	return 0;
}

/* ---- CSV: values as JSON has them, but money in whole units as sheets write it; each fraction and what was left out
 * in columns of their own ---- */

static void csv_text(const char *text, bool first)
{
	csv_write(stdout, text, strlen(text), first);
}

/* A count, or a sum in minor units of its currency. */
static const char *csv_number(struct cli *cli, const Twinlog__Reported *reported, const Twinlog__ReportRow *row,
			      size_t column, int64_t number)
{
	ProtobufCBinaryData currency;
	char sum[MONEY_TEXT_MAX];

	if (!report_currency(reported, row, column, &currency))
		return cli_printf(cli, "%" PRId64, number);
	(void)money_format(number, currency, sum);
	return cli_printf(cli, "%s", sum);
}

static const char *csv_real(struct cli *cli, const Twinlog__Reported *reported, const Twinlog__ReportRow *row,
			    size_t column, double number)
{
	ProtobufCBinaryData currency;

	if (report_currency(reported, row, column, &currency))
		for (unsigned digits = money_digits(currency); digits > 0; digits--)
			number /= 10;
	return cli_printf(cli, "%.9g", number);
}

static const char *csv_figure(struct cli *cli, const Twinlog__Reported *reported, const Twinlog__ReportRow *row,
			      size_t column)
{
	const Twinlog__ReportCell *cell = row->cells[column];

	switch (cell->kind) {
	case TWINLOG__CELL_KIND__CELL_INTEGER:
		return csv_number(cli, reported, row, column, cell->integer);
	case TWINLOG__CELL_KIND__CELL_REAL:
		return csv_real(cli, reported, row, column, cell->real);
	case TWINLOG__CELL_KIND__CELL_DATE:
		return report_figure(cli, reported, row, column);
	default:
		return "";
	}
}

static void csv_head(struct cli *cli, const Twinlog__Reported *reported)
{
	for (size_t i = 0; i < reported->n_by; i++)
		csv_text(cli_text(cli, reported->by[i]), i == 0);
	for (size_t i = 0; i < reported->n_columns; i++)
		csv_text(cli_text(cli, reported->columns[i]), reported->n_by + i == 0);
	for (size_t i = 0; i < reported->n_columns; i++) {
		csv_text(cli_printf(cli, "%s_numerator", cli_text(cli, reported->columns[i])), false);
		csv_text(cli_printf(cli, "%s_denominator", cli_text(cli, reported->columns[i])), false);
		csv_text(cli_printf(cli, "%s_left_out", cli_text(cli, reported->columns[i])), false);
	}
	csv_write_end(stdout);
}

static void csv_row_print(struct cli *cli, const Twinlog__Reported *reported, const Twinlog__ReportRow *row)
{
	for (size_t i = 0; i < reported->n_by; i++) {
		json_t *key = row->n_keys ? json_report_key(reported->by[i], row->keys[i]) : NULL;

		csv_text(json_is_string(key) ? json_string_value(key) : "", i == 0);
		json_decref(key);
	}
	for (size_t i = 0; i < reported->n_columns; i++)
		csv_text(csv_figure(cli, reported, row, i), reported->n_by + i == 0);
	for (size_t i = 0; i < reported->n_columns; i++) {
		const Twinlog__ReportCell *cell = row->cells[i];
		const bool fraction = cell->denominator != 0;

		csv_text(fraction ? csv_number(cli, reported, row, i, cell->numerator) : "", false);
		csv_text(fraction ? cli_printf(cli, "%" PRId64, cell->denominator) : "", false);
		csv_text(cli_printf(cli, "%" PRIu64, cell->left_out), false);
	}
	csv_write_end(stdout);
}

/* Without dimensions the total is the one row. */
static int print_csv(struct cli *cli, const Twinlog__Reported *reported)
{
	csv_head(cli, reported);
	for (size_t i = 0; i < reported->n_rows; i++)
		csv_row_print(cli, reported, reported->rows[i]);
	if (reported->n_by == 0)
		csv_row_print(cli, reported, reported->total);
	return 0;
}

/* ---- The list of measures ---- */

static json_t *measure_json(enum measure measure)
{
	const struct measure_info *info = measure_info(measure);
	json_t *object = json_object(), *columns = json_array(), *by = json_array();

	for (size_t i = 0; i < measure_columns(measure); i++)
		json_array_append_new(columns, json_string(info->columns[i].name));
	for (unsigned i = 0; i < DIMENSION_COUNT; i++)
		if (dimension_fits((enum dimension)i, measure))
			json_array_append_new(by, json_string(dimension_name((enum dimension)i)));
	json_object_set_new(object, "measure", json_string(info->name));
	json_object_set_new(object, "title", json_string(measure_title(measure)));
	json_object_set_new(object, "meaning", json_string(measure_meaning(measure)));
	json_object_set_new(object, "formula", json_string(measure_formula(measure)));
	json_object_set_new(object, "leaves_out", json_string(measure_leaves_out(measure)));
	json_object_set_new(object, "columns", columns);
	json_object_set_new(object, "by", by);
	return object;
}

static int list_measures(struct cli *cli)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < MEASURE_COUNT && cli->format == FORMAT_JSON; i++)
		json_array_append_new(list, measure_json((enum measure)i));
	if (cli->format == FORMAT_JSON)
		return cli_print_json(cli, json_pack("{s:o}", "measures", list));
	json_decref(list);
	for (unsigned i = 0; i < MEASURE_COUNT; i++) {
		const enum measure measure = (enum measure)i;

		printf("%s%s  %s\n", i ? "\n" : "", measure_info(measure)->name, measure_title(measure));
		printf("    %s\n", measure_meaning(measure));
		printf("    %s\n", measure_formula(measure));
		printf(_("    leaves out: %s\n"), measure_leaves_out(measure));
		printf(_("    by: %s\n"), dimensions_joined(cli, measure));
	}
	return 0;
}

static int report_run(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__Report report = TWINLOG__REPORT__INIT;
	Twinlog__Filter filter = TWINLOG__FILTER__INIT;
	const char *name = cli_operand(arguments, 0);
	Twinlog__Reported *reported;
	uint64_t top;
	int code, measure;

	if (cli_given(arguments, "list"))
		return list_measures(cli);
	if (!name)
		return refuse_unknown(cli, "report", NULL, measures_joined(cli));
	measure = measure_find(name, strlen(name));
	if (measure < 0)
		return refuse_unknown(cli, "report", name, measures_joined(cli));
	code = read_question(cli, arguments, (enum measure)measure, &filter, &report);
	if (code)
		return code;
	if (cli_number(arguments, "top", 1, UINT32_MAX, 0, &top, &cli->fault) || report_ask(cli, &report, &reported))
		return cli_fail(cli);
	keep_top(reported, (size_t)top);
	switch (cli->format) {
	case FORMAT_JSON:
	case FORMAT_JSONL:
		return cli_print_json(cli, json_reported(reported));
	case FORMAT_CSV:
		return print_csv(cli, reported);
	default:
		return print_for_people(cli, (enum measure)measure, reported);
	}
}

const struct cli_command command_report = {
    .name = "report",
    .operands = N_("MEASURE"),
    .least = 0,
    .most = 1,
    .summary = N_("work out a measure of the history, grouped as you like"),
    .description = N_("report --list explains each measure. Every answer tells what it leaves out and how complete the "
		      "logs behind it are. With one --stated-by it is that city's own view."),
    .options = report_options,
    .more = cli_filter_options,
    .run = report_run,
};
