/* Pairs of records that may tell of one event. */
#include "commands.h"
#include "log.pb-c.h"
#include "proposals.h"

enum twinlog_error match_ask(struct cli *cli, Twinlog__Filter *filter, bool own, uint32_t limit,
			     Twinlog__Matched **ret_matched)
{
	Twinlog__Match match = TWINLOG__MATCH__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Reply *reply;
	enum twinlog_error error;

	match.filter = filter;
	match.own = own;
	match.limit = limit;
	request.body_case = TWINLOG__REQUEST__BODY_MATCH;
	request.match = &match;
	error = cli_call(cli, &request, &reply);
	if (!error && reply->body_case != TWINLOG__REPLY__BODY_MATCHED)
		error = twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	if (!error)
		*ret_matched = reply->matched;
	return error;
}

static const char *reason_label(ProtobufCBinaryData reason)
{
	static const struct {
		const char *name, *label;
	} labels[] = {{"cities", N_("same cities")}, {"dates", N_("dates meet")},
		      {"day", N_("same day")},       {"field", N_("same field")},
		      {"form", N_("same form")},     {"participants", N_("as many people")},
		      {"offices", N_("two offices")}};

	for (size_t i = 0; i < sizeof labels / sizeof *labels; i++)
		if (codec_equal(reason, labels[i].name))
			return gettext(labels[i].label);
	return ""; /* of a newer daemon */
}

static const char *why(struct cli *cli, const Twinlog__Candidate *candidate)
{
	const char *text = "";

	for (size_t i = 0; i < candidate->n_linked_by; i++)
		text = cli_printf(cli, _("%s%s says so"), *text ? cli_printf(cli, "%s, ", text) : "",
				  cli_city_name(cli, candidate->linked_by[i]));
	for (size_t i = 0; i < candidate->n_reasons; i++)
		text = cli_printf(cli, "%s%s%s", text, *text ? ", " : "", reason_label(candidate->reasons[i]));
	return text;
}

/* Both records in one cell, one a line. */
static const char *both(struct cli *cli, const char *first, const char *second)
{
	return cli_printf(cli, "%s\n%s", first, second);
}

enum twinlog_error match_table(struct cli *cli, const Twinlog__Matched *matched)
{
	static const struct table_column columns[] = {
	    {"id", N_("id"), false, false},      {"date", N_("date"), false, false}, {"city", N_("city"), false, false},
	    {"title", N_("title"), false, true}, {"why", N_("why"), false, true},
	};
	struct table *table = table_new(columns, sizeof columns / sizeof *columns);
	enum twinlog_error error = table ? TWINLOG_OK : TWINLOG_NO_MEMORY;

	for (size_t i = 0; i < matched->n_candidates && !error; i++) {
		const Twinlog__Record *pair[] = {matched->candidates[i]->first, matched->candidates[i]->second};
		const Twinlog__Body *bodies[] = {cli_lead_body(cli, pair[0]), cli_lead_body(cli, pair[1])};
		const char *dates[2] = {"", ""}, *titles[2] = {"", ""};

		for (size_t n = 0; n < 2; n++)
			if (bodies[n] && bodies[n]->content_case == TWINLOG__BODY__CONTENT_ACTIVITY) {
				dates[n] = cli_text(cli, bodies[n]->activity->start);
				titles[n] = cli_title(cli, bodies[n]);
			}
		const char *const cells[] = {
		    both(cli, cli_hex(cli, pair[0]->handle, 12), cli_hex(cli, pair[1]->handle, 12)),
		    both(cli, dates[0], dates[1]),
		    both(cli, cli_city_name(cli, pair[0]->opener_city_id), cli_city_name(cli, pair[1]->opener_city_id)),
		    both(cli, titles[0], titles[1]),
		    why(cli, matched->candidates[i]),
		};
		error = table_row(table, cells);
	}
	if (!error)
		error = table_print(table, FORMAT_TABLE, 0, stdout);
	table_free(table);
	return error;
}

static json_t *texts(const ProtobufCBinaryData *list, size_t count)
{
	json_t *array = json_array();

	for (size_t i = 0; i < count; i++)
		json_array_append_new(array, json_bytes_text(list[i]));
	return array;
}

json_t *match_json(const Twinlog__Matched *matched)
{
	json_t *list = json_array();

	for (size_t i = 0; i < matched->n_candidates; i++) {
		const Twinlog__Candidate *candidate = matched->candidates[i];
		json_t *object = json_object();

		json_object_set_new(object, "first", json_record(candidate->first));
		json_object_set_new(object, "second", json_record(candidate->second));
		json_object_set_new(object, "reasons", texts(candidate->reasons, candidate->n_reasons));
		if (candidate->n_linked_by > 0)
			json_object_set_new(object, "linked_by", texts(candidate->linked_by, candidate->n_linked_by));
		json_array_append_new(list, object);
	}
	return list;
}

static int run_match(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__Filter filter = TWINLOG__FILTER__INIT;
	Twinlog__Matched *matched;
	uint64_t limit;
	json_t *object;

	if (cli_connect(cli) || cli_filter(cli, arguments, &filter) ||
	    cli_number(arguments, "limit", 1, 200, 50, &limit, &cli->fault) ||
	    match_ask(cli, &filter, false, (uint32_t)limit, &matched))
		return cli_fail(cli);
	if (cli->format != FORMAT_TABLE) {
		object = json_object();
		json_object_set_new(object, "candidates", match_json(matched));
		json_object_set_new(object, "total", json_integer((json_int_t)matched->total));
		return cli_print_json(cli, object);
	}
	if (match_table(cli, matched))
		return cli_refuse(cli, TWINLOG_NO_MEMORY, NULL, NULL);
	printf(_("%llu in all\n"), (unsigned long long)matched->total);
	return 0;
}

static const struct cli_option options[] = {
    {"limit", 0, N_("N"), N_("how many (else 50)"), false},
    {0},
};

const struct cli_command command_match = {
    .name = "match",
    .operands = "",
    .summary = N_("propose pairs of records that may be one event"),
    .description =
	N_("The same cities, dates that meet, the same field or form. Nothing is joined by itself: twinlog link "
	   "ID ID says that two records are one event."),
    .options = options,
    .more = cli_filter_options,
    .run = run_match,
};
