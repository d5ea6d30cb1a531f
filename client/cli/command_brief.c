/* One document that answers a council's question about a tie, a region or a period. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "brief.h"
#include "commands.h"
#include "edtf.h"
#include "figures.h"

/* ---- What is asked, in words ---- */

static const char *cities_text(struct cli *cli, const ProtobufCBinaryData *cities, size_t count)
{
	const char *text = "";

	for (size_t i = 0; i < count; i++)
		text = cli_printf(cli, "%s%s%s", text, i ? ", " : "", cli_city_name(cli, cities[i]));
	return text;
}

static const char *codes_text(struct cli *cli, const ProtobufCBinaryData *codes, size_t count)
{
	const char *text = "";

	for (size_t i = 0; i < count; i++)
		text = cli_printf(cli, "%s%s%s", text, i ? ", " : "", cli_text(cli, codes[i]));
	return text;
}

static const char *title_of(struct cli *cli, const Twinlog__Filter *filter)
{
	if (filter->n_partners > 0)
		return cli_printf(cli, _("What the partnership with %s has brought"),
				  cities_text(cli, filter->partners, filter->n_partners));
	if (filter->n_cities > 0)
		return cli_printf(cli, _("What partnership has brought: %s"),
				  cities_text(cli, filter->cities, filter->n_cities));
	if (filter->n_subdivisions + filter->n_countries > 0)
		return cli_printf(cli, _("What partnership has brought: %s%s%s"),
				  codes_text(cli, filter->countries, filter->n_countries),
				  filter->n_countries && filter->n_subdivisions ? ", " : "",
				  codes_text(cli, filter->subdivisions, filter->n_subdivisions));
	return _("What partnership has brought");
}

/* "From 2015-01-01 on, " before the day as of which it is told. */
static const char *period_of(struct cli *cli, const Twinlog__Filter *filter)
{
	if (filter->from.len > 0 && filter->to.len > 0)
		return cli_printf(cli, _("From %s to %s,"), cli_text(cli, filter->from), cli_text(cli, filter->to));
	if (filter->from.len > 0)
		return cli_printf(cli, _("From %s on,"), cli_text(cli, filter->from));
	if (filter->to.len > 0)
		return cli_printf(cli, _("Up to %s,"), cli_text(cli, filter->to));
	return _("All that is recorded,");
}

static enum twinlog_error read_since(struct cli *cli, const char *text, ProtobufCBinaryData *ret_day)
{
	struct edtf start, end;
	char canonical[TWINLOG_DATE_MAX];

	if (edtf_parse_written(text, strlen(text), &start, &end) != TWINLOG_OK || end.precision != EDTF_NONE)
		return twinlog_fault_set(&cli->fault, TWINLOG_BAD_DATE, "--since", text);
	(void)edtf_format(&start, canonical);
	*ret_day = codec_string(cli_printf(cli, "%s", canonical));
	return TWINLOG_OK;
}

static enum twinlog_error read_question(struct cli *cli, const struct cli_arguments *arguments, Twinlog__Filter *filter,
					struct brief_question *question)
{
	const char *since = cli_option(arguments, "since"), *as_of = cli_option(arguments, "as-of");
	const char *preset = cli_option(arguments, "preset");
	uint64_t months;

	if (preset && preset_find(preset, strlen(preset)) < 0) {
		cli->known = report_presets(cli);
		return twinlog_fault_set(&cli->fault, TWINLOG_BAD_CODE, "--preset", preset);
	}
	if (cli_number(arguments, "months", 1, MEASURE_MONTHS_MAX, MEASURE_MONTHS, &months, &cli->fault) ||
	    cli_connect(cli) || cli_filter(cli, arguments, filter) ||
	    (since && read_since(cli, since, &filter->from)) ||
	    (as_of && report_read_day(cli, as_of, &question->as_of)))
		return cli->fault.code;
	question->filter = filter;
	question->months = (uint32_t)months;
	question->preset = codec_string(preset ? preset : "");
	return TWINLOG_OK;
}

/* ---- Writing it ---- */

static bool ends_in(const char *file, const char *ending)
{
	const size_t size = strlen(file), more = strlen(ending);

	return size > more && strcasecmp(file + size - more, ending) == 0;
}

/* A file of its own takes the name once it is whole. */
static enum twinlog_error write_file(const struct brief *brief, const char *file)
{
	struct cli *cli = brief->cli;
	char *part = NULL;
	int descriptor;
	FILE *out = NULL;
	enum twinlog_error error;

	if (asprintf(&part, "%s.XXXXXX", file) < 0)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	descriptor = mkostemp(part, O_CLOEXEC);
	out = descriptor < 0 ? NULL : fdopen(descriptor, "w");
	if (!out) {
		error = errno == ENOENT ? TWINLOG_MISSING : TWINLOG_IO;
		free(part);
		return twinlog_fault_set(&cli->fault, error, file, NULL);
	}
	error = ends_in(file, ".xlsx") ? brief_write_xlsx(brief, part) : brief_write_html(brief, out);
	if (!error && (chmod(part, 0644) != 0 || fsync(descriptor) != 0))
		error = TWINLOG_IO;
	fclose(out);
	if (!error && rename(part, file) != 0)
		error = TWINLOG_IO;
	if (error) {
		unlink(part);
		error = twinlog_fault_set(&cli->fault, error, file, NULL);
	}
	free(part);
	return error;
}

static int run_brief(struct cli *cli, const struct cli_arguments *arguments)
{
	const char *file = cli_option(arguments, "output");
	Twinlog__Filter filter = TWINLOG__FILTER__INIT;
	struct brief_question question = {0};
	struct brief brief = {.cli = cli};
	enum twinlog_error error;

	if (!file)
		return cli_refuse(cli, TWINLOG_FIELD_MISSING, "--output", NULL);
	if (strcmp(file, "-") != 0 && !ends_in(file, ".html") && !ends_in(file, ".htm") && !ends_in(file, ".xlsx"))
		return cli_refuse(cli, TWINLOG_USAGE, N_("--output: .html or .xlsx"), file);
	if (read_question(cli, arguments, &filter, &question))
		return cli_fail(cli);
	brief.title = title_of(cli, &filter);
	brief.subtitle = period_of(cli, &filter);
	error = brief_figures(&brief, &question);
	if (!error)
		error = brief_words(&brief, &question);
	if (!error)
		error = brief_limits(&brief, &question);
	if (error)
		return cli_fail(cli);
	if (brief.no_memory)
		return cli_refuse(cli, TWINLOG_NO_MEMORY, NULL, NULL);
	if (strcmp(file, "-") == 0)
		error = brief_write_html(&brief, stdout);
	else
		error = write_file(&brief, file);
	return error ? cli_fail(cli) : 0;
}

static const struct cli_option options[] = {
    {"output", 'o', N_("FILE"), N_("an .html or .xlsx file; - is HTML on stdout"), false},
    {"since", 0, N_("DATE"), N_("events from this date on"), false},
    {"as-of", 0, N_("DATE"), N_("as if this were today: what begins later is left out"), false},
    {"months", 0, N_("N"), N_("a tie without an event for that long is silent (else 36)"), false},
    {"preset", 0, N_("RULE"), N_("which ties a register counts: all, sister, sister-friendship, sister-no-districts"),
     false},
    {0},
};

const struct cli_command command_brief = {
    .name = "brief",
    .operands = "",
    .summary = N_("write what a tie, a region or a period has brought, as one document"),
    .description =
	N_("Events, people, money, forms and fields over the years, silent ties, the words of both sides, open "
	   "differences, and what the records cannot tell. The page needs nothing else and prints as it stands. In the "
	   "language of --lang."),
    .options = options,
    .more = cli_filter_options,
    .run = run_brief,
};
