/* watch: changes of records as they come. */
#include <stdlib.h>

#include "commands.h"
#include "follow.h"

static const struct cli_option watch_options[] = {
    {"cursor", 0, N_("CURSOR"), N_("go on behind this change (else from now on)"), false},
    {"all", 0, NULL, N_("begin with everything that is there"), false},
    {"once", 0, NULL, N_("end when all is told that there is"), false},
    {0},
};

struct watch {
	struct cli *cli;
	bool begun; /* the head stands */
};

/* ---- One change ---- */

static enum twinlog_error change_json(struct cli *cli, const Twinlog__Change *change)
{
	json_t *object = json_object();
	const Twinlog__Record *record = change->record;

	json_object_set_new(object, "cursor", json_bytes_hex(change->cursor));
	json_object_set_new(object, "id", json_bytes_hex(record->handle));
	json_object_set_new(object, "space", json_bytes_hex(record->space));
	if (change->gone)
		json_object_set_new(object, "gone", json_true());
	else if (change->large)
		json_object_set_new(object, "large", json_true());
	else
		json_object_set_new(object, "record", json_record(record));
	return cli_print_json(cli, object) ? cli->fault.code : TWINLOG_OK;
}

static enum twinlog_error change_row(struct cli *cli, struct table *table, const Twinlog__Change *change)
{
	const Twinlog__Record *record = change->record;
	const Twinlog__Body *body = change->gone || change->large ? NULL : cli_lead_body(cli, record);
	const char *const cells[] = {
	    cli_time(cli, record->changed_ms),
	    cli_hex(cli, record->handle, cli->format == FORMAT_CSV ? 0 : 12),
	    change->gone ? _("gone") : cli_state_label(record->state),
	    cli_record_date(cli, body),
	    cli_record_cities(cli, body),
	    change->large ? _("too large to be shown here") : cli_record_what(cli, body),
	    cli_hex(cli, change->cursor, 0),
	};

	return table_row(table, cells);
}

static enum twinlog_error changes_table(struct watch *watch, const Twinlog__Changed *changed)
{
	static const struct table_column columns[] = {
	    {"changed", N_("changed"), false, false}, {"id", N_("id"), false, false},
	    {"state", N_("state"), false, false},     {"date", N_("date"), false, false},
	    {"cities", N_("cities"), false, true},    {"title", N_("title"), false, true},
	    {"cursor", N_("cursor"), false, false},
	};
	struct table *table = table_new(columns, sizeof columns / sizeof *columns);
	enum twinlog_error error = table ? TWINLOG_OK : TWINLOG_NO_MEMORY;

	for (size_t i = 0; i < changed->n_changes && !error; i++)
		error = change_row(watch->cli, table, changed->changes[i]);
	if (!error && watch->begun)
		table_without_head(table);
	if (!error)
		error = table_print(table, watch->cli->format, 0, stdout);
	watch->begun = true;
	table_free(table);
	return error ? twinlog_fault_set(&watch->cli->fault, error, NULL, NULL) : TWINLOG_OK;
}

static enum twinlog_error changes_print(struct watch *watch, const Twinlog__Changed *changed)
{
	struct cli *cli = watch->cli;
	enum twinlog_error error = TWINLOG_OK;

	if (changed->anew)
		cli_note(_("the cursor is not of this daemon's history: everything is told from the beginning"));
	if (cli->format == FORMAT_JSON || cli->format == FORMAT_JSONL) {
		for (size_t i = 0; i < changed->n_changes && !error; i++)
			error = change_json(cli, changed->changes[i]);
	} else if (changed->n_changes > 0) {
		error = changes_table(watch, changed);
	}
	/* Whoever reads waits for the line. */
	if (!error && fflush(stdout) != 0)
		error = twinlog_fault_set(&cli->fault, TWINLOG_IO, "stdout", NULL);
	return error;
}

/* ---- The run ---- */

/* Memory is that of one page: each has an arena of its own, put in the run's place while it lasts. */
static enum twinlog_error watch_pages(struct watch *watch, struct follow *follow)
{
	struct cli *cli = watch->cli;
	struct arena *whole = cli->arena;
	Twinlog__Changed *changed = NULL;
	enum twinlog_error error = TWINLOG_OK;

	cli->arena = arena_new(TWINLOG_ANSWER_MAX);
	if (!cli->arena)
		error = twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	while (!error) {
		arena_reset(cli->arena);
		error = follow_next(follow, cli->arena, &changed);
		if (error || !changed)
			break;
		error = changes_print(watch, changed);
	}
	arena_free(cli->arena);
	cli->arena = whole;
	return error;
}

static int watch_run(struct cli *cli, const struct cli_arguments *arguments)
{
	const char *cursor = cli_option(arguments, "cursor");
	Twinlog__Filter filter = TWINLOG__FILTER__INIT;
	struct follow follow = {.cli = cli,
				.filter = &filter,
				.from_now = !cursor && !cli_given(arguments, "all"),
				.once = cli_given(arguments, "once")};
	struct watch watch = {.cli = cli};
	struct places *places;

	if (cursor && cli_given(arguments, "all"))
		return cli_refuse(cli, TWINLOG_USAGE, "--all", "--cursor");
	if (cli_connect(cli) || cli_filter(cli, arguments, &filter) || (cursor && follow_cursor(&follow, cursor)))
		return cli_fail(cli);
	/* Names of cities outlive a page. */
	if ((cli->format == FORMAT_TABLE || cli->format == FORMAT_CSV) && cli_places(cli, &places))
		return cli_fail(cli);
	follow_signals();
	if (watch_pages(&watch, &follow))
		return cli_fail(cli);
	if (follow.cursor_size > 0)
		cli_note(_("go on with --cursor %s"), cli_hex(cli, codec_bytes(follow.cursor, follow.cursor_size), 0));
	return 0;
}

const struct cli_command command_watch = {
    .name = "watch",
    .operands = "",
    .summary = N_("show changes of records as they come"),
    .description = N_(
	"One line for each record that changed, as it stands now, with a cursor: --cursor goes on behind it, also "
	"after a restart of the daemon. No change is missed; one may be told twice. A record that fits the options no "
	"longer is not told. Ends with Ctrl-C."),
    .options = watch_options,
    .more = cli_filter_options,
    .run = watch_run,
};
