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
#include "log.pb-c.h"
#include "sheet.h"

static const struct cli_option export_options[] = {
    {"proof", 0, NULL, N_("all that is signed in a space (--space, else in all), for twinlog-verify"), false},
    {"bom", 0, NULL, N_("begin CSV with a byte order mark, for Excel"), false},
    {0},
};

struct export
{
	struct cli *cli;
	FILE *out;
	bool lines;            /* JSON Lines, else CSV */
	enum sheet_kind sheet; /* of CSV */
	const struct places *places;
	size_t count;
};

/* ---- Rows ---- */

/* What stands behind the columns of the layout: import passes over it. */
static const char *const more_columns[] = {"record", "space", "state", "stated_by"};

static void head_write(struct export *export)
{
	const enum sheet_column *columns;
	const size_t count = sheet_columns(export->sheet, &columns);

	for (size_t i = 0; i < count; i++) {
		const char *name = sheet_column_name(columns[i]);

		csv_write(export->out, name, strlen(name), i == 0);
	}
	for (size_t i = 0; i < sizeof more_columns / sizeof *more_columns; i++)
		csv_write(export->out, more_columns[i], strlen(more_columns[i]), false);
	csv_write_end(export->out);
}

/* Whose values the row has. */
static const char *lead_city(struct cli *cli, const Twinlog__Record *record)
{
	for (size_t i = 0; i < record->n_sides; i++) {
		const Twinlog__Version *word = record->sides[i]->word;

		if (word && record->lead.len == word->leaf.len &&
		    memcmp(record->lead.data, word->leaf.data, word->leaf.len) == 0)
			return cli_text(cli, record->sides[i]->city_id);
	}
	return "";
}

static void row_write(struct export *export, const Twinlog__Record *record)
{
	struct cli *cli = export->cli;
	const struct sheet_writer writer = {.places = export->places, .arena = cli->arena};
	const Twinlog__Body *body = cli_lead_body(cli, record);
	const char *const more[] = {cli_hex(cli, record->handle, 0), cli_hex(cli, record->space, 0),
				    state_name(record->state), lead_city(cli, record)};
	const enum sheet_column *columns;
	const size_t count = sheet_columns(export->sheet, &columns);

	for (size_t i = 0; i < count; i++) {
		const ProtobufCBinaryData cell =
		    body ? sheet_cell_of(&writer, export->sheet, body, columns[i]) : codec_bytes(NULL, 0);

		csv_write(export->out, cell.len ? (const void *)cell.data : "", cell.len, i == 0);
	}
	for (size_t i = 0; i < sizeof more / sizeof *more; i++)
		csv_write(export->out, more[i], strlen(more[i]), false);
	csv_write_end(export->out);
}

static enum twinlog_error line_write(struct export *export, const Twinlog__Record *record)
{
	json_t *json = json_record(record);
	char *text = NULL;
	enum twinlog_error error = json ? json_text(json, true, &text) : TWINLOG_NO_MEMORY;

	json_decref(json);
	if (error)
		return twinlog_fault_set(&export->cli->fault, error, NULL, NULL);
	fprintf(export->out, "%s\n", text);
	free(text);
	return TWINLOG_OK;
}

/* ---- All records that fit ---- */

static enum twinlog_error page_write(struct export *export, const Twinlog__Records *page)
{
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = 0; i < page->n_records && !error; i++) {
		if (export->lines)
			error = line_write(export, page->records[i]);
		else
			row_write(export, page->records[i]);
		export->count++;
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

static enum twinlog_error format_find(struct cli *cli, const char *file, bool *ret_lines)
{
	const char *dot = strrchr(file, '.');

	*ret_lines = cli->format == FORMAT_JSONL || cli->format == FORMAT_JSON;
	if (strcmp(file, "-") == 0)
		return TWINLOG_OK;
	if (dot && strcasecmp(dot, ".jsonl") == 0)
		*ret_lines = true;
	else if (dot && strcasecmp(dot, ".csv") == 0)
		*ret_lines = false;
	else
		return twinlog_fault_set(&cli->fault, TWINLOG_USAGE, _("the name ends in neither .csv nor .jsonl"),
					 file);
	return TWINLOG_OK;
}

/* A sheet holds one kind of record: the one asked for, else activities. */
static enum twinlog_error sheet_find(struct export *export, Twinlog__Filter *filter)
{
	static const enum sheet_kind sheets[] = {SHEET_ACTIVITIES, SHEET_PAIRS, SHEET_CITIES};
	uint32_t *kind;

	if (export->lines)
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
			export->sheet = sheets[i];
	}
	return TWINLOG_OK;
}

static enum twinlog_error write_all(struct export *export, Twinlog__Filter *filter, bool bom)
{
	enum twinlog_error error;

	if (bom && !export->lines)
		fputs("\xEF\xBB\xBF", export->out);
	if (!export->lines)
		head_write(export);
	error = pages_write(export, filter);
	if (!error && (fflush(export->out) != 0 || ferror(export->out)))
		error = twinlog_fault_set(&export->cli->fault, errno == ENOSPC ? TWINLOG_DISK_FULL : TWINLOG_IO, NULL,
					  NULL);
	return error;
}

static enum twinlog_error write_file(struct export *export, const char *file, Twinlog__Filter *filter, bool bom)
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
	error = write_all(export, filter, bom);
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
	const bool bom = cli_given(arguments, "bom"), standard = strcmp(file, "-") == 0;
	struct export export = {.cli = cli, .out = stdout};
	Twinlog__Filter filter = TWINLOG__FILTER__INIT;
	struct places *places = NULL;

	if (cli_given(arguments, "proof"))
		return carry_proof(cli, file, cli_option(arguments, "space"));
	if (format_find(cli, file, &export.lines) || cli_connect(cli) || cli_filter(cli, arguments, &filter) ||
	    sheet_find(&export, &filter) || cli_places(cli, &places))
		return cli_fail(cli);
	export.places = places;
	if (standard ? write_all(&export, &filter, bom) : write_file(&export, file, &filter, bom))
		return cli_fail(cli);
	if (!standard)
		printf(_("%zu records in %s\n"), export.count, file);
	return 0;
}

const struct cli_command command_export = {
    .name = "export",
    .operands = N_("FILE|-"),
    .least = 1,
    .most = 1,
    .summary = N_("take records out into CSV or JSON Lines"),
    .description =
	N_("By the ending of FILE: .csv, one kind of record (--kind, else activities) with the columns that import "
	   "knows, each record as its lead statement has it; or .jsonl, one object a line with every side's words. The "
	   "file is there whole or not at all."),
    .options = export_options,
    .more = cli_filter_options,
    .run = export_run,
};
