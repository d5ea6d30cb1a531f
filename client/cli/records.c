/* Looking at records: history, list, inbox. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "log.pb-c.h"
#include "proposals.h"

/* ---- history ---- */

static int history_run(struct cli *cli, const struct cli_arguments *arguments)
{
	static const struct table_column columns[] = {
	    {"time", N_("time"), false, false},           {"city", N_("city"), false, false},
	    {"version", N_("version"), true, false},      {"operation", N_("operation"), false, false},
	    {"office", N_("office"), false, false},       {"title", N_("title"), false, true},
	    {"signature", N_("signature"), false, false}, {"held_by", N_("held by"), false, true},
	};
	Twinlog__Record *record;
	if (cli_show(cli, cli_operand(arguments, 0), true, &record))
		return cli_fail(cli);
	if (cli->format == FORMAT_JSON)
		return cli_print_json(cli, json_record(record));
	struct table *table = table_new(columns, sizeof columns / sizeof *columns);
	enum twinlog_error error = table ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < record->n_versions && !error; i++) {
		const Twinlog__Version *version = record->versions[i];
		const Twinlog__Body *body = version_body(cli->arena, version);
		const char *holders = "";
		for (size_t h = 0; h < version->n_held_by; h++)
			holders =
			    cli_printf(cli, "%s%s%s", holders, h ? ", " : "", cli_city_name(cli, version->held_by[h]));
		const char *gone = "";
		if (version->erased_ms > 0)
			gone = cli_printf(cli, _("erased: %s"),
					  cli_code(cli, CODELIST_REDACTION_REASON, version->erased_reason));
		for (size_t h = 0; h < version->n_erased_at; h++)
			gone = cli_printf(cli, "%s%s%s", gone, h ? ", " : _("; confirmed by "),
					  cli_city_name(cli, version->erased_at[h]));
		const char *const cells[] = {
		    cli_time(cli, version->clock_ms),
		    cli_city_name(cli, version->city_id),
		    cli_printf(cli, "%llu%s", (unsigned long long)version->version, version->current ? " *" : ""),
		    cli_operation_label(version->operation),
		    body ? cli_text(cli, body->office) : "",
		    body ? cli_title(cli, body) : gone,
		    version->signature == 1 ? _("verified") : _("DOES NOT VERIFY"),
		    holders,
		};
		error = table_row(table, cells);
	}
	if (!error)
		error = table_print(table, cli->format, 0, stdout);
	table_free(table);
	return error ? cli_refuse(cli, error, "", NULL) : 0;
}

const struct cli_command command_history = {
    .name = "history",
    .operands = N_("ID"),
    .least = 1,
    .most = 1,
    .summary = N_("show every version of a record: who, when, signature, who holds it"),
    .description = "",
    .run = history_run,
};

#define INBOX_MATCHES 20u

/* ---- list and inbox ---- */

static const struct cli_option list_options[] = {
    {"limit", 0, N_("N"), N_("how many (else 50)"), false},
    {"cursor", 0, N_("CURSOR"), N_("go on where the last page ended"), false},
    {"sort", 0, N_("ORDER"), N_("date, changed or city"), false},
    {"descending", 0, NULL, N_("the last first"), false},
    {"follow", 0, NULL, N_("of --city and --partner those too that merged into them"), false},
    {0},
};

/* text (may be NULL): shown where it stands, in place of the title. */
static enum twinlog_error records_table(struct cli *cli, const Twinlog__Records *records, const char *text)
{
	const struct table_column columns[] = {
	    {"id", N_("id"), false, false},
	    {"date", N_("date"), false, false},
	    {"kind", N_("kind"), false, false},
	    {"cities", N_("cities"), false, true},
	    {text ? "found" : "title", text ? N_("found") : N_("title"), false, true},
	    {"state", N_("state"), false, false},
	};
	struct table *table = table_new(columns, sizeof columns / sizeof *columns);
	enum twinlog_error error = table ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < records->n_records && !error; i++) {
		const Twinlog__Record *record = records->records[i];
		const Twinlog__Body *body = cli_lead_body(cli, record);
		const char *const cells[] = {
		    cli_hex(cli, record->handle, cli->format == FORMAT_CSV ? 0 : 12),
		    cli_record_date(cli, body),
		    cli_kind_label(record->kind),
		    cli_record_cities(cli, body),
		    text ? cli_found(cli, record, text) : cli_record_what(cli, body),
		    cli_state_label(record->state),
		};
		error = table_row(table, cells);
	}
	if (!error)
		error = table_print(table, cli->format, 0, stdout);
	table_free(table);
	return error;
}

/* matched: of an inbox, what may be one event; NULL. */
static int records_print(struct cli *cli, const Twinlog__Records *records, const Twinlog__Matched *matched,
			 const char *text)
{
	if (cli->format == FORMAT_JSON) {
		json_t *object = json_records(records);
		if (matched)
			json_object_set_new(object, "duplicates", match_json(matched));
		return cli_print_json(cli, object);
	}
	if (cli->format == FORMAT_JSONL) {
		for (size_t i = 0; i < records->n_records; i++) {
			const int code = cli_print_json(cli, json_record(records->records[i]));
			if (code)
				return code;
		}
	} else if (records_table(cli, records, text)) {
		return cli_refuse(cli, TWINLOG_NO_MEMORY, "", NULL);
	}
	if (cli->format == FORMAT_TABLE)
		printf(_("%llu in all\n"), (unsigned long long)records->total);
	if (cli->format == FORMAT_TABLE && matched && matched->n_candidates > 0) {
		printf(_("may be one event (twinlog link ID ID): %llu\n"), (unsigned long long)matched->total);
		if (match_table(cli, matched))
			return cli_refuse(cli, TWINLOG_NO_MEMORY, "", NULL);
	}
	if (records->cursor.len > 0)
		cli_note(_("more: --cursor %s"), cli_hex(cli, records->cursor, 0));
	return 0;
}

static enum twinlog_error sort_read(struct cli *cli, const char *name, uint32_t *ret_sort)
{
	static const char *const sorts[] = {"date", "changed", "city"};
	*ret_sort = 0;
	if (!name)
		return TWINLOG_OK;
	for (; *ret_sort < 3; (*ret_sort)++)
		if (strcmp(sorts[*ret_sort], name) == 0)
			return TWINLOG_OK;
	cli->known = "date, changed, city";
	return twinlog_fault_set(&cli->fault, TWINLOG_BAD_CODE, "--sort", name);
}

static int list_records(struct cli *cli, const struct cli_arguments *arguments, bool waiting, const char *text)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__List list = TWINLOG__LIST__INIT;
	Twinlog__Filter filter = TWINLOG__FILTER__INIT;
	Twinlog__Reply *reply;
	Twinlog__Matched *matched = NULL;
	uint64_t limit;
	uint8_t cursor[TWINLOG_CURSOR_MAX];
	const char *from = cli_option(arguments, "cursor");
	if (cli_connect(cli) || cli_filter(cli, arguments, &filter) ||
	    sort_read(cli, cli_option(arguments, "sort"), &list.sort) ||
	    cli_number(arguments, "limit", 1, TWINLOG_PAGE_MAX, 50, &limit, &cli->fault))
		return cli_fail(cli);
	if (from) {
		const size_t size = strlen(from) / 2;
		if (size > sizeof cursor || hex_decode(cursor, size, from, strlen(from)))
			return cli_refuse(cli, TWINLOG_BAD_CURSOR, "--cursor", from);
		list.cursor = codec_bytes(cursor, size);
	}
	if (waiting && match_ask(cli, &filter, true, INBOX_MATCHES, &matched))
		return cli_fail(cli);
	filter.waiting = waiting;
	if (text)
		filter.text = codec_string(text);
	list.filter = &filter;
	list.limit = (uint32_t)limit;
	list.lang = codec_string(language_tag(cli->language));
	list.descending = cli_given(arguments, "descending");
	request.body_case = TWINLOG__REQUEST__BODY_LIST;
	request.list = &list;
	if (cli_call(cli, &request, &reply))
		return cli_fail(cli);
	return reply->records ? records_print(cli, reply->records, matched, text)
			      : cli_refuse(cli, TWINLOG_MALFORMED, "", NULL);
}

static int list_run(struct cli *cli, const struct cli_arguments *arguments)
{
	return list_records(cli, arguments, false, NULL);
}

const struct cli_command command_list = {
    .name = "list",
    .operands = "",
    .summary = N_("list records"),
    .description = N_("Options combine. Pages go on with --cursor."),
    .options = list_options,
    .more = cli_filter_options,
    .run = list_run,
};

static int search_run(struct cli *cli, const struct cli_arguments *arguments)
{
	return list_records(cli, arguments, false, cli_operand(arguments, 0));
}

const struct cli_command command_search = {
    .name = "search",
    .operands = N_("TEXT"),
    .least = 1,
    .most = 1,
    .summary = N_("find text in what any city says"),
    .description = N_("Finds parts of words in Chinese, Korean and Latin letters; case, width, accents and "
		      "traditional or simplified characters make no difference."),
    .options = list_options,
    .more = cli_filter_options,
    .run = search_run,
};

static int inbox_run(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__Spaces *spaces;
	if (cli_connect(cli) || cli_spaces(cli, &spaces))
		return cli_fail(cli);
	for (size_t i = 0; i < spaces->n_spaces && cli->format == FORMAT_TABLE; i++)
		if (spaces->spaces[i]->invited)
			printf(_("invitation: %s  %s (twinlog space accept %s)\n"),
			       cli_hex(cli, spaces->spaces[i]->space, 12), cli_text(cli, spaces->spaces[i]->title),
			       cli_hex(cli, spaces->spaces[i]->space, 12));
	return list_records(cli, arguments, true, NULL);
}

const struct cli_command command_inbox = {
    .name = "inbox",
    .operands = "",
    .summary = N_("list what waits for this city's answer"),
    .description = "",
    .options = list_options,
    .more = cli_filter_options,
    .run = inbox_run,
};
