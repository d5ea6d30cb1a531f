/* What the sides say, as sections of a brief, and what the records cannot tell. */
#include <inttypes.h>
#include <string.h>

#include "brief.h"
#include "fields.h"
#include "figures.h"
#include "log.pb-c.h"

#define RECORDS_SHOWN     25u
#define DIFFERENCES_SHOWN 40u

/* ---- Asking ---- */

/* No word on what came after the day as of which it is told. */
static void filter_until(Twinlog__Filter *filter, ProtobufCBinaryData as_of)
{
	const size_t size = filter->to.len < as_of.len ? filter->to.len : as_of.len;

	if (as_of.len > 0 && (filter->to.len == 0 || memcmp(filter->to.data, as_of.data, size) > 0))
		filter->to = as_of;
}

/* The latest records of a kind (RECORD_NONE: any, whenever they began) in some of these states. */
static enum twinlog_error latest(struct brief *brief, const struct brief_question *question, uint32_t kind,
				 uint32_t *states, size_t states_count, uint32_t limit, Twinlog__Records **ret_records)
{
	Twinlog__Filter filter = *question->filter;
	Twinlog__List list = TWINLOG__LIST__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Reply *reply;
	enum twinlog_error error;

	if (kind != TWINLOG__RECORD_KIND__RECORD_NONE) {
		filter.kinds = &kind;
		filter.n_kinds = 1;
		filter_until(&filter, question->as_of);
	}
	if (states_count > 0) {
		filter.states = states;
		filter.n_states = states_count;
	}
	list.filter = &filter;
	list.descending = true;
	list.limit = limit;
	request.body_case = TWINLOG__REQUEST__BODY_LIST;
	request.list = &list;
	error = cli_call(brief->cli, &request, &reply);
	if (!error && reply->body_case != TWINLOG__REPLY__BODY_RECORDS)
		error = twinlog_fault_set(&brief->cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	if (!error)
		*ret_records = reply->records;
	return error;
}

static const char *date_of(struct cli *cli, const Twinlog__Body *body)
{
	if (body && body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY)
		return cli_text(cli, body->activity->start);
	if (body && body->content_case == TWINLOG__BODY__CONTENT_AGREEMENT)
		return cli_text(cli, body->agreement->established);
	return "";
}

/* What it is about, when nobody gave it a title. */
static const char *subject_of(struct cli *cli, const Twinlog__Body *body)
{
	const char *title = body ? cli_title(cli, body) : "";

	if (*title || !body)
		return title;
	if (body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY && body->activity->n_summaries > 0)
		return cli_text(cli, body->activity->summaries[0]->text);
	if (body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY)
		return cli_code(cli, CODELIST_FORM, body->activity->form);
	if (body->content_case == TWINLOG__BODY__CONTENT_AGREEMENT)
		return cli_code(cli, CODELIST_RELATION_TYPE, body->agreement->relation_type);
	return "";
}

/* ---- Both sides ---- */

/* "Mokpo: 합동 전시회, 2024-05, 40 participants"; what it does when it says nothing of its own. */
static const char *side_words(struct cli *cli, const Twinlog__Side *side)
{
	const Twinlog__Body *body = side->word ? version_body(cli->arena, side->word) : NULL;
	const char *city = cli_city_name(cli, side->city_id), *words;

	if (!body || side->word->operation != TWINLOG__OPERATION__OPERATION_STATEMENT)
		return cli_printf(cli, "%s: %s", city, cli_standing_label(side->standing));
	words = subject_of(cli, body);
	if (*date_of(cli, body))
		words = cli_printf(cli, "%s, %s", words, date_of(cli, body));
	if (body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY && body->activity->participants &&
	    body->activity->participants->total)
		words = cli_printf(cli, _("%s, %llu participants"), words,
				   (unsigned long long)body->activity->participants->total->value);
	if (side->standing == TWINLOG__STANDING__WORD_REPORTS)
		return cli_printf(cli, _("%s reports: %s"), city, words);
	return cli_printf(cli, "%s: %s", city, words);
}

static void add_record(struct brief *brief, const Twinlog__Record *record)
{
	struct cli *cli = brief->cli;
	const Twinlog__Body *body = cli_lead_body(cli, record);
	const char *other = "";
	struct brief_cell cells[4] = {{.type = BRIEF_DATE}};

	for (size_t i = 1; i < record->n_sides; i++)
		other = cli_printf(cli, "%s%s%s", other, i > 1 ? "\n" : "", side_words(cli, record->sides[i]));
	cells[0].text = date_of(cli, body);
	cells[1].text = record->n_sides ? side_words(cli, record->sides[0]) : subject_of(cli, body);
	cells[2].text = other;
	cells[3].text = cli_state_label(record->state);
	brief_row(brief, cells);
}

static enum twinlog_error both_sides(struct brief *brief, const struct brief_question *question)
{
	const struct brief_column columns[] = {{_("date"), false},
					       {_("the city that opened it"), false},
					       {_("the other side"), false},
					       {_("state"), false}};
	uint32_t spoken[] = {TWINLOG__RECORD_STATE__STATE_AGREED, TWINLOG__RECORD_STATE__STATE_DIFFERS,
			     TWINLOG__RECORD_STATE__STATE_DENIED};
	const uint32_t activity = TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
	Twinlog__Records *records;
	enum twinlog_error error = latest(brief, question, activity, spoken, 3, RECORDS_SHOWN, &records);

	if (error)
		return error;
	brief_section(brief, _("In the words of both sides"));
	if (records->n_records == 0) {
		brief_say(brief, _("No record of an event carries the words of two sides; these are the latest."));
		error = latest(brief, question, activity, NULL, 0, RECORDS_SHOWN, &records);
		if (error)
			return error;
	}
	if (records->n_records == 0)
		return TWINLOG_OK;
	brief_table(brief, columns, 4);
	for (size_t i = 0; i < records->n_records; i++)
		add_record(brief, records->records[i]);
	if (records->total > records->n_records)
		brief_note(brief, cli_printf(brief->cli, _("The latest %zu of %llu records."), records->n_records,
					     (unsigned long long)records->total));
	return TWINLOG_OK;
}

/* ---- Open differences ---- */

/* One code of a field, as `show` has it: a label, the name of a city, or what it is. */
static const char *code_text(struct cli *cli, const char *field, ProtobufCBinaryData code)
{
	enum codelist lists[FIELD_LISTS_MAX];
	const size_t count = field_lists(field, lists, FIELD_LISTS_MAX);

	if (strcmp(field, "cities") == 0 || strcmp(field, "parties") == 0)
		return cli_city_name(cli, code);
	if (strcmp(field, "direction") == 0 && code.len > 0 && memchr(code.data, '>', code.len))
		return report_key(cli, codec_string("direction"), code);
	for (size_t i = 0; i < count; i++)
		if (codelist_find(lists[i], code.data, code.len) >= 0)
			return cli_code(cli, lists[i], code);
	return cli_text(cli, code);
}

/* The daemon joins the values of a list by ", ". */
static const char *value_text(struct cli *cli, const char *field, ProtobufCBinaryData value)
{
	const char *text = "";

	for (size_t at = 0; at < value.len;) {
		const uint8_t *comma = memmem(value.data + at, value.len - at, ", ", 2);
		const size_t size = comma ? (size_t)(comma - value.data) - at : value.len - at;

		text = cli_printf(cli, "%s%s%s", text, at ? ", " : "",
				  code_text(cli, field, codec_bytes(value.data + at, size)));
		at += size + (comma ? 2 : 0);
	}
	return text;
}

static const char *values_of(struct cli *cli, const char *field, const Twinlog__Difference *difference)
{
	const char *text = "";

	for (size_t i = 0; i < difference->n_values; i++)
		text = cli_printf(cli, "%s%s%s: %s", text, i ? "\n" : "",
				  cli_city_name(cli, difference->values[i]->city_id),
				  value_text(cli, field, difference->values[i]->value));
	return text;
}

/* The daemon names what of a field it compares: participants.total. */
static const char *field_text(struct cli *cli, const char *field)
{
	return cli_field_label(cli_printf(cli, "%.*s", (int)strcspn(field, "."), field));
}

static enum twinlog_error differences(struct brief *brief, const struct brief_question *question)
{
	const struct brief_column columns[] = {
	    {_("date"), false}, {_("record"), false}, {_("field"), false}, {_("what each side says"), false}};
	uint32_t differs = TWINLOG__RECORD_STATE__STATE_DIFFERS;
	struct cli *cli = brief->cli;
	Twinlog__Records *records;
	enum twinlog_error error =
	    latest(brief, question, TWINLOG__RECORD_KIND__RECORD_NONE, &differs, 1, DIFFERENCES_SHOWN, &records);

	if (error)
		return error;
	brief_section(brief, _("Differences still open"));
	if (records->n_records == 0) {
		brief_say(brief, _("None: no two sides contradict each other."));
		return TWINLOG_OK;
	}
	brief_say(brief, cli_printf(cli, _("%llu records on which two sides differ: worth a telephone call."),
				    (unsigned long long)records->total));
	brief_table(brief, columns, 4);
	for (size_t i = 0; i < records->n_records; i++) {
		const Twinlog__Record *record = records->records[i];
		const Twinlog__Body *body = cli_lead_body(cli, record);

		for (size_t d = 0; d < record->n_differences; d++) {
			const char *field = cli_text(cli, record->differences[d]->field);
			const struct brief_cell cells[] = {
			    {.type = BRIEF_DATE, .text = d ? "" : date_of(cli, body)},
			    {.type = BRIEF_TEXT, .text = d ? "" : subject_of(cli, body)},
			    {.type = BRIEF_TEXT, .text = field_text(cli, field)},
			    {.type = BRIEF_TEXT, .text = values_of(cli, field, record->differences[d])},
			};

			brief_row(brief, cells);
		}
	}
	return TWINLOG_OK;
}

enum twinlog_error brief_words(struct brief *brief, const struct brief_question *question)
{
	enum twinlog_error error = both_sides(brief, question);

	return error ? error : differences(brief, question);
}

/* ---- What the records cannot tell ---- */

enum twinlog_error brief_limits(struct brief *brief, const struct brief_question *question)
{
	Twinlog__Reported *events, *cost, *publicity, *quality, *ties, *dormancy;
	struct cli *cli = brief->cli;
	enum twinlog_error error = brief_ask(brief, question, "events", NULL, NULL, &events);

	if (!error)
		error = brief_ask(brief, question, "cost", NULL, NULL, &cost);
	if (!error)
		error = brief_ask(brief, question, "publicity", NULL, NULL, &publicity);
	if (!error)
		error = brief_ask(brief, question, "quality", NULL, NULL, &quality);
	if (!error)
		error = brief_ask(brief, question, "ties", NULL, NULL, &ties);
	if (!error)
		error = brief_ask(brief, question, "dormancy", NULL, NULL, &dormancy);
	if (error)
		return error;

	const unsigned long long all = (unsigned long long)brief_figure(events, events->total, "records")->integer;
	const Twinlog__ReportCell *open = brief_figure(publicity, publicity->total, "public");
	unsigned long long without_cost = 0;
	const unsigned long long silent = brief_figure(events, events->total, "participants")->left_out;
	const unsigned long long undated = brief_figure(events, events->total, "first")->left_out;
	const long long reported = brief_figure(quality, quality->total, "reported")->integer;
	const Twinlog__ReportCell *one_sided = brief_figure(quality, quality->total, "one_sided");
	const long long unknown = brief_figure(dormancy, dormancy->total, "not_known")->integer;
	const long long twice = brief_figure(quality, quality->total, "duplicates")->integer;

	for (size_t i = 0; i < cost->n_rows; i++)
		if (cost->rows[i]->keys[0].len == 0)
			without_cost = cost->rows[i]->members;
	brief_section(brief, _("What the records cannot tell"));
	if (silent)
		brief_say(brief,
			  cli_printf(
			      cli, _("How many people came to %llu of %llu recorded events: the number is not stated."),
			      silent, all));
	if (without_cost)
		brief_say(brief, cli_printf(cli,
					    _("What %llu of %llu recorded events cost: no amount is stated, which is "
					      "not to say that they cost nothing."),
					    without_cost, all));
	if (open->left_out)
		brief_say(brief, cli_printf(cli, _("Whether the public heard of %llu of them: no channel is stated."),
					    (unsigned long long)open->left_out));
	if (undated)
		brief_say(brief, cli_printf(cli, _("When %llu of them took place: they carry no date."), undated));
	if (one_sided->numerator)
		brief_say(brief, cli_printf(cli, _("What the other side makes of %lld records: it has not spoken."),
					    (long long)one_sided->numerator));
	if (reported)
		brief_say(brief,
			  cli_printf(
			      cli, _("What the cities themselves say of %lld records: third sources only report them."),
			      reported));
	if (unknown)
		brief_say(brief, cli_printf(cli,
					    _("Whether %lld silent ties are dormant or merely not logged: no city says "
					      "that its log is complete."),
					    unknown));
	if (ties->outside)
		brief_say(brief,
			  cli_printf(
			      cli, _("To which tie %llu events belong: several cities met, and no agreement is named."),
			      (unsigned long long)ties->outside));
	if (twice)
		brief_say(brief, cli_printf(cli,
					    _("Whether %lld records tell of events that others tell too: they look "
					      "alike, and nobody has linked them."),
					    twice));
	if (events->not_held)
		brief_say(
		    brief,
		    cli_printf(cli,
			       _("What became of %llu plans: planned, postponed and cancelled events are not counted."),
			       (unsigned long long)events->not_held));
	if (events->later)
		brief_say(brief,
			  cli_printf(cli, _("What came after the date: %llu events begin later, and are not counted."),
				     (unsigned long long)events->later));
	brief_say(brief, _("What was never logged, and what a partner has written and not sent yet: see how complete "
			   "the logs are, below."));
	brief_say(brief, _("What an event changed: records tell what took place, and only the people who were there "
			   "can tell what came of it."));
	return TWINLOG_OK;
}
