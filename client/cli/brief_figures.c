/* What the measures say, as sections of a brief. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "brief.h"
#include "figures.h"

/* ---- Asking ---- */

enum twinlog_error brief_ask(struct brief *brief, const struct brief_question *question, const char *measure,
			     const char *by, const char *and, Twinlog__Reported **ret_reported)
{
	Twinlog__Report report = TWINLOG__REPORT__INIT;
	ProtobufCBinaryData dimensions[2] = {codec_string(by ? by : ""), codec_string(and? and : "")};

	report.measure = codec_string(measure);
	report.filter = question->filter;
	report.by = dimensions;
	report.n_by = by ? and? 2 : 1 : 0;
	report.as_of = question->as_of;
	report.preset = question->preset;
	report.months = question->months;
	return report_ask(brief->cli, &report, ret_reported);
}

const Twinlog__ReportCell *brief_figure(const Twinlog__Reported *reported, const Twinlog__ReportRow *row,
					const char *column)
{
	static const Twinlog__ReportCell nothing = TWINLOG__REPORT_CELL__INIT;

	for (size_t i = 0; i < reported->n_columns && i < row->n_cells; i++)
		if (codec_equal(reported->columns[i], column))
			return row->cells[i];
	return &nothing;
}

static int64_t whole(const Twinlog__Reported *reported, const Twinlog__ReportRow *row, const char *column)
{
	return brief_figure(reported, row, column)->integer;
}

/* A figure as it stands in report's tables. */
static const char *shown(struct brief *brief, const Twinlog__Reported *reported, const Twinlog__ReportRow *row,
			 const char *column)
{
	for (size_t i = 0; i < reported->n_columns; i++)
		if (codec_equal(reported->columns[i], column))
			return report_figure(brief->cli, reported, row, i);
	return "";
}

static struct brief_cell number_cell(struct brief *brief, int64_t number)
{
	return (struct brief_cell){
	    .type = BRIEF_NUMBER, .text = cli_printf(brief->cli, "%" PRId64, number), .number = (double)number};
}

static struct brief_cell text_cell(const char *text)
{
	return (struct brief_cell){.type = BRIEF_TEXT, .text = text};
}

static struct brief_cell day_cell(struct brief *brief, const Twinlog__Reported *reported, const Twinlog__ReportRow *row,
				  const char *column)
{
	const bool known = brief_figure(reported, row, column)->kind == TWINLOG__CELL_KIND__CELL_DATE;

	return (struct brief_cell){.type = BRIEF_DATE, .text = known ? shown(brief, reported, row, column) : NULL};
}

/* ---- At a glance ---- */

static const char *share_note(struct brief *brief, const Twinlog__ReportCell *cell)
{
	return cell->denominator
		   ? cli_printf(brief->cli, _("%lld of %lld"), (long long)cell->numerator, (long long)cell->denominator)
		   : "";
}

static const char *percent(struct brief *brief, const Twinlog__ReportCell *cell)
{
	return cell->kind == TWINLOG__CELL_KIND__CELL_REAL ? cli_printf(brief->cli, "%.0f %%", 100 * cell->real) : "–";
}

static enum twinlog_error at_a_glance(struct brief *brief, const struct brief_question *question)
{
	Twinlog__Reported *events, *ties, *dormancy, *society, *quality;
	struct cli *cli = brief->cli;
	enum twinlog_error error = brief_ask(brief, question, "events", NULL, NULL, &events);

	if (!error)
		error = brief_ask(brief, question, "ties", NULL, NULL, &ties);
	if (!error)
		error = brief_ask(brief, question, "dormancy", NULL, NULL, &dormancy);
	if (!error)
		error = brief_ask(brief, question, "society", NULL, NULL, &society);
	if (!error)
		error = brief_ask(brief, question, "quality", NULL, NULL, &quality);
	if (error)
		return error;
	brief_tile(brief, _("events"), shown(brief, events, events->total, "events"),
		   cli_printf(cli, _("in %s records"), shown(brief, events, events->total, "records")));
	brief_tile(brief, _("participants"), shown(brief, events, events->total, "participants"),
		   cli_printf(cli, _("not said in %llu records"),
			      (unsigned long long)brief_figure(events, events->total, "participants")->left_out));
	brief_tile(brief, _("ties"), shown(brief, ties, ties->total, "ties"),
		   cli_printf(cli, _("%s without a recorded event"), shown(brief, ties, ties->total, "without")));
	brief_tile(brief, _("active ties"), shown(brief, dormancy, dormancy->total, "active"),
		   cli_printf(cli, _("an event in the last %u months"), dormancy->months));
	brief_tile(brief, _("with society"), percent(brief, brief_figure(society, society->total, "events")),
		   share_note(brief, brief_figure(society, society->total, "events")));
	brief_tile(brief, _("both sides agree"), percent(brief, brief_figure(quality, quality->total, "agreed")),
		   share_note(brief, brief_figure(quality, quality->total, "agreed")));
	brief->subtitle = cli_printf(cli, _("%s as of %s"), brief->subtitle, cli_text(cli, events->as_of));
	brief_foot(brief,
		   cli_printf(cli,
			      _("Rules %u; ICU %s; ties counted: %s. A record counts as its lead statement has it."),
			      events->rules, cli_text(cli, events->collation), cli_text(cli, events->preset)));
	for (size_t i = 0; i < events->n_completeness; i++)
		brief_foot(brief, report_completeness(cli, events->completeness[i]));
	return TWINLOG_OK;
}

/* ---- Over the years ---- */

static void year_row(struct brief *brief, const Twinlog__Reported *reported, const char *year,
		     const Twinlog__ReportRow *row)
{
	const struct brief_cell cells[] = {
	    text_cell(year),
	    number_cell(brief, row ? whole(reported, row, "events") : 0),
	    number_cell(brief, row ? whole(reported, row, "records") : 0),
	    number_cell(brief, row ? whole(reported, row, "participants") : 0),
	};

	brief_row(brief, cells);
}

/* Each year from the first to the last, so that quiet ones are seen. */
static enum twinlog_error over_the_years(struct brief *brief, const struct brief_question *question)
{
	const struct brief_column columns[] = {
	    {_("year"), false}, {_("events"), true}, {_("records"), true}, {_("participants"), true}};
	Twinlog__Reported *reported;
	long next = 0;
	enum twinlog_error error = brief_ask(brief, question, "events", "year", NULL, &reported);

	if (error)
		return error;
	brief_section(brief, _("Events over the years"));
	if (reported->n_rows == 0) {
		brief_say(brief, _("No event is recorded."));
		return TWINLOG_OK;
	}
	brief_say(brief, cli_printf(brief->cli, _("From %s to %s."), shown(brief, reported, reported->total, "first"),
				    shown(brief, reported, reported->total, "last")));
	brief_table(brief, columns, 4);
	for (size_t i = 0; i < reported->n_rows; i++) {
		const char *year = cli_text(brief->cli, reported->rows[i]->keys[0]);
		const long number = strtol(year, NULL, 10);

		if (!*year) {
			year_row(brief, reported, _("undated"), reported->rows[i]);
			continue;
		}
		for (; next && next < number; next++)
			year_row(brief, reported, cli_printf(brief->cli, "%ld", next), NULL);
		year_row(brief, reported, year, reported->rows[i]);
		next = number + 1;
	}
	brief_draw(brief, BRIEF_COLUMNS, _("Events by year"), 0, 1);
	return TWINLOG_OK;
}

/* ---- Forms and fields ---- */

static int more_events(const void *left, const void *right)
{
	const Twinlog__ReportRow *a = *(Twinlog__ReportRow *const *)left, *b = *(Twinlog__ReportRow *const *)right;
	const int64_t one = a->cells[0]->integer, other = b->cells[0]->integer;

	/* Equal ones by their code, so that equal histories give equal briefs. */
	if (one != other)
		return one > other ? -1 : 1;
	const size_t shorter = a->keys[0].len < b->keys[0].len ? a->keys[0].len : b->keys[0].len;
	const int order = shorter ? memcmp(a->keys[0].data, b->keys[0].data, shorter) : 0;
	return order ? order : (a->keys[0].len > b->keys[0].len) - (a->keys[0].len < b->keys[0].len);
}

/* How varied, in a sentence. */
static enum twinlog_error say_variety(struct brief *brief, const struct brief_question *question, const char *measure)
{
	Twinlog__Reported *reported;
	enum twinlog_error error = brief_ask(brief, question, measure, NULL, NULL, &reported);
	const Twinlog__ReportCell *effective, *ceremonial;

	if (error)
		return error;
	effective = brief_figure(reported, reported->total, "effective");
	ceremonial = brief_figure(reported, reported->total, "ceremonial");
	if (effective->kind == TWINLOG__CELL_KIND__CELL_REAL)
		brief_say(brief,
			  cli_printf(brief->cli,
				     _("%lld kinds occur; weighed by how often, they are worth %.1f equal ones."),
				     (long long)whole(reported, reported->total, "categories"), effective->real));
	if (ceremonial->kind == TWINLOG__CELL_KIND__CELL_REAL)
		brief_say(brief, cli_printf(brief->cli,
					    _("Ceremony (signings, delegation visits, anniversaries) makes up %.0f %%: "
					      "%lld of %lld records."),
					    100 * ceremonial->real, (long long)ceremonial->numerator,
					    (long long)ceremonial->denominator));
	return TWINLOG_OK;
}

/* The heads of a table over decades, and where each one's column is. */
#define DECADES_MAX 16u
struct decades {
	ProtobufCBinaryData keys[DECADES_MAX];
	size_t count;
};

static bool same_bytes(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

static void decades_find(const Twinlog__Reported *reported, struct decades *decades)
{
	for (size_t i = 0; i < reported->n_rows && decades->count < DECADES_MAX; i++)
		decades->keys[decades->count++] = reported->rows[i]->keys[0];
}

static int64_t at_decade(const Twinlog__Reported *crossed, ProtobufCBinaryData key, ProtobufCBinaryData decade)
{
	for (size_t i = 0; i < crossed->n_rows; i++)
		if (same_bytes(crossed->rows[i]->keys[0], key) && same_bytes(crossed->rows[i]->keys[1], decade))
			return whole(crossed, crossed->rows[i], "records");
	return 0;
}

static const char *decade_head(struct brief *brief, ProtobufCBinaryData decade)
{
	return decade.len ? cli_printf(brief->cli, _("%ss"), cli_text(brief->cli, decade)) : _("undated");
}

static enum twinlog_error by_kind(struct brief *brief, const struct brief_question *question, const char *dimension,
				  const char *measure, const char *heading, const char *chart)
{
	Twinlog__Reported *reported, *crossed, *over;
	struct brief_column columns[DECADES_MAX + 2] = {{report_dimension_label(codec_string(dimension)), false},
							{_("records"), true}};
	struct decades decades = {0};
	enum twinlog_error error = brief_ask(brief, question, "events", dimension, NULL, &reported);

	if (!error)
		error = brief_ask(brief, question, "events", dimension, "decade", &crossed);
	if (!error)
		error = brief_ask(brief, question, "events", "decade", NULL, &over);
	if (error || reported->n_rows == 0)
		return error;
	brief_section(brief, heading);
	error = say_variety(brief, question, measure);
	if (error)
		return error;
	decades_find(over, &decades);
	for (size_t d = 0; d < decades.count; d++)
		columns[d + 2] = (struct brief_column){decade_head(brief, decades.keys[d]), true};
	qsort(reported->rows, reported->n_rows, sizeof *reported->rows, more_events);
	brief_table(brief, columns, decades.count + 2);
	for (size_t i = 0; i < reported->n_rows; i++) {
		const Twinlog__ReportRow *row = reported->rows[i];
		struct brief_cell cells[DECADES_MAX + 2] = {
		    text_cell(report_key(brief->cli, reported->by[0], row->keys[0])),
		    number_cell(brief, whole(reported, row, "records"))};

		for (size_t d = 0; d < decades.count; d++) {
			cells[d + 2] = number_cell(brief, at_decade(crossed, row->keys[0], decades.keys[d]));
			cells[d + 2].type = BRIEF_HEAT;
		}
		brief_row(brief, cells);
	}
	brief_draw(brief, BRIEF_BARS, chart, 0, 1);
	if (reported->several)
		brief_note(brief,
			   cli_printf(brief->cli, _("A record counts in each of its kinds: %llu do so more than once."),
				      (unsigned long long)reported->several));
	return TWINLOG_OK;
}

/* ---- People and money ---- */

static enum twinlog_error people(struct brief *brief, const struct brief_question *question)
{
	const struct brief_column columns[] = {{_("pair"), false},
					       {_("forth"), true},
					       {_("back"), true},
					       {_("persons forth"), true},
					       {_("persons back"), true}};
	Twinlog__Reported *society, *reciprocity;
	const Twinlog__ReportCell *share, *mean;
	struct cli *cli = brief->cli;
	size_t shown_rows = 0;
	enum twinlog_error error = brief_ask(brief, question, "society", NULL, NULL, &society);

	if (!error)
		error = brief_ask(brief, question, "reciprocity", "pair", NULL, &reciprocity);
	if (error)
		return error;
	brief_section(brief, _("People, and who went to whom"));
	share = brief_figure(society, society->total, "participants");
	if (share->denominator)
		brief_say(brief,
			  cli_printf(cli, _("%lld of %lld participants came to events that society helped to carry."),
				     (long long)share->numerator, (long long)share->denominator));
	mean = brief_figure(reciprocity, reciprocity->total, "mean");
	if (mean->kind == TWINLOG__CELL_KIND__CELL_REAL)
		brief_say(
		    brief,
		    cli_printf(
			cli,
			_("Visits were returned at a rate of %.2f on average: 1 is as many each way, 0 only one way."),
			mean->real));
	else
		brief_say(brief, _("No pair has two events whose direction is recorded."));
	brief_table(brief, columns, 5);
	for (size_t i = 0; i < reciprocity->n_rows; i++) {
		const Twinlog__ReportRow *row = reciprocity->rows[i];
		const struct brief_cell cells[] = {
		    text_cell(report_key(cli, reciprocity->by[0], row->keys[0])),
		    number_cell(brief, whole(reciprocity, row, "forth")),
		    number_cell(brief, whole(reciprocity, row, "back")),
		    number_cell(brief, whole(reciprocity, row, "persons_forth")),
		    number_cell(brief, whole(reciprocity, row, "persons_back")),
		};

		if (whole(reciprocity, row, "forth") + whole(reciprocity, row, "back") == 0)
			continue;
		brief_row(brief, cells);
		shown_rows++;
	}
	brief_note(brief, shown_rows ? _("Forth is from the city named first to the other.") : NULL);
	return TWINLOG_OK;
}

static enum twinlog_error money(struct brief *brief, const struct brief_question *question)
{
	const struct brief_column columns[] = {{_("currency"), false},
					       {_("cost"), true},
					       {_("records"), true},
					       {_("per event"), true},
					       {_("per participant"), true}};
	Twinlog__Reported *cost, *trade;
	struct cli *cli = brief->cli;
	bool any = false;
	enum twinlog_error error = brief_ask(brief, question, "cost", NULL, NULL, &cost);

	if (!error)
		error = brief_ask(brief, question, "trade", NULL, NULL, &trade);
	if (error)
		return error;
	brief_section(brief, _("Money, by currency"));
	for (size_t i = 0; i < trade->n_rows; i++)
		if (trade->rows[i]->keys[0].len > 0)
			brief_say(brief, cli_printf(cli, _("Trade %s: %s."),
						    report_key(cli, trade->by[1], trade->rows[i]->keys[1]),
						    shown(brief, trade, trade->rows[i], "value")));
	for (size_t i = 0; i < cost->n_rows; i++) {
		const Twinlog__ReportRow *row = cost->rows[i];
		const struct brief_cell cells[] = {
		    text_cell(report_key(cli, cost->by[0], row->keys[0])),
		    text_cell(shown(brief, cost, row, "amount")),
		    number_cell(brief, whole(cost, row, "records")),
		    text_cell(shown(brief, cost, row, "per_event")),
		    text_cell(shown(brief, cost, row, "per_participant")),
		};

		if (row->keys[0].len == 0)
			continue;
		if (!any)
			brief_table(brief, columns, 5);
		any = true;
		brief_row(brief, cells);
	}
	brief_say(brief, any ? _("Each city's own spending as it states it; currencies are not added.")
			     : _("No record states what it cost."));
	return TWINLOG_OK;
}

/* ---- Ties ---- */

static const char *pulse(const Twinlog__Reported *reported, const Twinlog__ReportRow *row)
{
	if (whole(reported, row, "active") > 0)
		return _("active");
	return whole(reported, row, "dormant") > 0 ? _("dormant") : _("not known");
}

#define TIES_SHOWN 60u

static enum twinlog_error ties(struct brief *brief, const struct brief_question *question)
{
	const struct brief_column columns[] = {{_("tie"), false},
					       {_("established"), false},
					       {_("events"), true},
					       {_("last event"), false},
					       {_("state"), false}};
	Twinlog__Reported *dormancy, *agreements, *events;
	struct cli *cli = brief->cli;
	uint64_t ended, rows = 0;
	enum twinlog_error error = brief_ask(brief, question, "dormancy", "pair", NULL, &dormancy);

	if (!error)
		error = brief_ask(brief, question, "agreements", "pair", NULL, &agreements);
	if (!error)
		error = brief_ask(brief, question, "ties", "pair", NULL, &events);
	if (error || dormancy->n_rows == 0)
		return error;
	ended = brief_figure(dormancy, dormancy->total, "ties")->left_out;
	brief_section(brief, _("Ties, and which of them are silent"));
	brief_say(brief, cli_printf(cli,
				    _("%lld active, %lld dormant, %lld not known: silence is dormancy only where a "
				      "party says that its log is complete."),
				    (long long)whole(dormancy, dormancy->total, "active"),
				    (long long)whole(dormancy, dormancy->total, "dormant"),
				    (long long)whole(dormancy, dormancy->total, "not_known")));
	brief_table(brief, columns, 5);
	for (size_t i = 0; i < dormancy->n_rows && rows < TIES_SHOWN; i++) {
		const Twinlog__ReportRow *row = dormancy->rows[i];
		struct brief_cell cells[] = {
		    text_cell(report_key(cli, dormancy->by[0], row->keys[0])),
		    {.type = BRIEF_DATE},
		    number_cell(brief, 0),
		    day_cell(brief, dormancy, row, "last"),
		    text_cell(pulse(dormancy, row)),
		};

		/* One that is over is neither active nor silent. */
		if (whole(dormancy, row, "ties") == 0)
			continue;
		rows++;
		for (size_t a = 0; a < agreements->n_rows; a++)
			if (same_bytes(agreements->rows[a]->keys[0], row->keys[0]))
				cells[1] = day_cell(brief, agreements, agreements->rows[a], "first");
		for (size_t e = 0; e < events->n_rows; e++)
			if (same_bytes(events->rows[e]->keys[0], row->keys[0]))
				cells[2] = number_cell(brief, whole(events, events->rows[e], "events"));
		brief_row(brief, cells);
	}
	if (ended)
		brief_say(brief,
			  cli_printf(cli,
				     _("%llu ties are over: ended, taken over by a successor city, or superseded."),
				     (unsigned long long)ended));
	if ((uint64_t)whole(dormancy, dormancy->total, "ties") > rows)
		brief_note(brief, cli_printf(cli, _("and %llu more; see twinlog report dormancy --by pair"),
					     (unsigned long long)whole(dormancy, dormancy->total, "ties") - rows));
	return TWINLOG_OK;
}

enum twinlog_error brief_figures(struct brief *brief, const struct brief_question *question)
{
	enum twinlog_error error = at_a_glance(brief, question);

	if (!error)
		error = over_the_years(brief, question);
	if (!error)
		error = by_kind(brief, question, "field", "fields", _("Fields of cooperation"), _("Records by field"));
	if (!error)
		error = by_kind(brief, question, "form", "forms", _("Forms of cooperation"), _("Records by form"));
	if (!error)
		error = people(brief, question);
	if (!error)
		error = money(brief, question);
	return error ? error : ties(brief, question);
}
