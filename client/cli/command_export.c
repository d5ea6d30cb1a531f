/* export: records into a file that other programs read. Never half-written: a file of its own takes the name at the
 * end. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "carried.h"
#include "commands.h"
#include "export.h"

static const struct cli_option export_options[] = {
    {"proof", 0, NULL, N_("all that is signed in a space (--space, else in all), for twinlog-verify"), false},
    {"as", 0, N_("FORMAT"), N_("csv, jsonl, xlsx, xml (IATI 2.03), ics or geojson, when the name does not tell"),
     false},
    {"bom", 0, NULL, N_("begin CSV with a byte order mark, for Excel"), false},
    {0},
};

/* ---- All records that fit ---- */

static enum twinlog_error page_write(struct export *export, const Twinlog__Records *page)
{
	enum twinlog_error error = TWINLOG_OK;

	if (export->total == 0 && export->format->begin && !export->begun) {
		export->total = page->total;
		export->begun = true;
		error = export->format->begin(export);
	}
	for (size_t i = 0; i < page->n_records && !error; i++) {
		const Twinlog__Record *record = page->records[i];

		error = export->format->record(export, record, cli_lead_body(export->cli, record));
	}
	cli_progress(export->cli, _("%zu of %llu records"), export->count, (unsigned long long)page->total);
	return error;
}

/* Memory is that of one page: each has an arena of its own, put in the run's place while it lasts. */
static enum twinlog_error pages_write(struct export *export, Twinlog__Filter *filter)
{
	struct cli *cli = export->cli;
	struct arena *whole = cli->arena;
	uint8_t cursor[TWINLOG_CURSOR_MAX];
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__List list = TWINLOG__LIST__INIT;
	enum twinlog_error error = TWINLOG_OK;

	list.filter = filter;
	list.limit = TWINLOG_PAGE_MAX;
	request.body_case = TWINLOG__REQUEST__BODY_LIST;
	request.list = &list;
	cli->arena = arena_new(TWINLOG_ANSWER_MAX);
	if (!cli->arena) {
		cli->arena = whole;
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	}
	do {
		Twinlog__Reply *reply;

		arena_reset(cli->arena);
		error = cli_call(cli, &request, &reply);
		if (!error && !reply->records)
			error = twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
		if (error)
			break;
		error = page_write(export, reply->records);
		if (!error && reply->records->cursor.len > sizeof cursor)
			error = twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
		if (error)
			break;
		list.cursor = codec_bytes(cursor, reply->records->cursor.len);
		if (list.cursor.len > 0)
			memcpy(cursor, reply->records->cursor.data, list.cursor.len);
	} while (list.cursor.len > 0);
	cli_progress_end(cli);
	arena_free(cli->arena);
	cli->arena = whole;
	return error;
}

/* ---- The file ---- */

static const struct export_format *const formats[] = {&export_csv,  &export_lines, &export_xlsx,
						      &export_iati, &export_ical,  &export_geojson};

/* By --as, by the name's ending, and for stdout by --format. */
static enum twinlog_error format_find(struct cli *cli, const char *file, const char *as,
				      const struct export_format **ret_format)
{
	const char *dot = strrchr(file, '.');
	const char *name = as ? as : dot ? dot + 1 : "";

	if (!as && strcmp(file, "-") == 0)
		name = cli->format == FORMAT_JSONL || cli->format == FORMAT_JSON ? "jsonl" : "csv";
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		if (strcasecmp(name, formats[i]->name) != 0)
			continue;
		if (formats[i]->by_path && strcmp(file, "-") == 0)
			return twinlog_fault_set(&cli->fault, TWINLOG_USAGE, _("a workbook needs a file"), file);
		*ret_format = formats[i];
		return TWINLOG_OK;
	}
	return twinlog_fault_set(&cli->fault, TWINLOG_USAGE,
				 _("known are csv, jsonl, xlsx, xml (IATI), ics and geojson"), as ? as : file);
}

/* A sheet holds one kind of record: the one asked for, else activities. */
static enum twinlog_error sheet_choose(struct export *export, Twinlog__Filter *filter)
{
	static const enum sheet_kind sheets[] = {SHEET_ACTIVITIES, SHEET_PAIRS, SHEET_CITIES};
	uint32_t *kind;

	if (!export->format->one_kind)
		return TWINLOG_OK;
	if (filter->n_kinds > 1)
		return twinlog_fault_set(&export->cli->fault, TWINLOG_USAGE, "--kind",
					 _("a sheet holds one kind of record; take .jsonl for several"));
	kind = arena_alloc(export->cli->arena, sizeof *kind);
	if (!kind)
		return twinlog_fault_set(&export->cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	*kind = filter->n_kinds ? filter->kinds[0] : TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
	filter->kinds = kind;
	filter->n_kinds = 1;
	for (size_t i = 0; i < sizeof sheets / sizeof *sheets; i++) {
		if (sheet_record_kind(sheets[i]) == *kind)
			export->kind = sheets[i];
	}
	return TWINLOG_OK;
}

static enum twinlog_error write_all(struct export *export, Twinlog__Filter *filter)
{
	enum twinlog_error error = pages_write(export, filter), ended = TWINLOG_OK;

	if (export->format->end)
		ended = export->format->end(export, !error);
	error = error ? error : ended;
	if (!error && export->out && (fflush(export->out) != 0 || ferror(export->out)))
		error = twinlog_fault_set(&export->cli->fault, errno == ENOSPC ? TWINLOG_DISK_FULL : TWINLOG_IO, NULL,
					  NULL);
	return error;
}

static enum twinlog_error write_file(struct export *export, const char *file, Twinlog__Filter *filter)
{
	struct cli *cli = export->cli;
	char *part = NULL;
	int descriptor;
	enum twinlog_error error;

	if (asprintf(&part, "%s.XXXXXX", file) < 0)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	descriptor = mkostemp(part, O_CLOEXEC);
	export->out = descriptor < 0 ? NULL : fdopen(descriptor, "w");
	if (!export->out) {
		error = twinlog_fault_set(&cli->fault, errno == ENOENT ? TWINLOG_MISSING : TWINLOG_IO, file, NULL);
		free(part);
		return error;
	}
	export->path = part;
	error = write_all(export, filter);
	if (!error && (fchmod(descriptor, 0644) != 0 || fsync(descriptor) != 0))
		error = twinlog_fault_set(&cli->fault, TWINLOG_IO, file, NULL);
	fclose(export->out);
	if (!error && rename(part, file) != 0)
		error = twinlog_fault_set(&cli->fault, TWINLOG_IO, file, NULL);
	if (error)
		unlink(part);
	free(part);
	return error;
}

static int export_run(struct cli *cli, const struct cli_arguments *arguments)
{
	const char *file = cli_operand(arguments, 0);
	const bool standard = strcmp(file, "-") == 0;
	struct export export = {.cli = cli, .out = stdout, .mark = cli_given(arguments, "bom")};
	Twinlog__Filter filter = TWINLOG__FILTER__INIT;
	struct places *places = NULL;

	if (cli_given(arguments, "proof"))
		return carry_proof(cli, file, cli_option(arguments, "space"));
	if (format_find(cli, file, cli_option(arguments, "as"), &export.format) || cli_connect(cli) ||
	    cli_filter(cli, arguments, &filter) || sheet_choose(&export, &filter) || cli_places(cli, &places))
		return cli_fail(cli);
	export.places = places;
	export.filter = &filter;
	if (standard ? write_all(&export, &filter) : write_file(&export, file, &filter))
		return cli_fail(cli);
	if (!standard)
		printf(_("%zu records in %s\n"), export.count, file);
	if (export.left_out)
		cli_note(_("%zu records are left out: they have no date that this format can hold"), export.left_out);
	if (export.wordless)
		cli_note(_("%zu records are left out: nobody's words on them stand, they were withdrawn or erased"),
			 export.wordless);
	return 0;
}

const struct cli_command command_export = {
    .name = "export",
    .operands = N_("FILE|-"),
    .least = 1,
    .most = 1,
    .summary = N_("take records out for other programs"),
    .description =
	N_("By the ending of FILE, or --as. One kind of record (--kind, else activities), each as its lead statement "
	   "has it: .csv with the columns that import knows, .xlsx the same with a sheet of measures and charts, .xml "
	   "for IATI 2.03. All kinds: .jsonl, one object a line with every side's words; .ics, a calendar; .geojson, "
	   "for maps. The file is there whole or not at all. In .csv an apostrophe stands before a text that a "
	   "spreadsheet "
	   "would run as a formula; import takes it off again."),
    .options = export_options,
    .more = cli_filter_options,
    .run = export_run,
};
