/* import: a sheet, its encoding, the plan, one question. */
#include <string.h>

#include "commands.h"
#include "import.h"

static const struct cli_option import_options[] = {
    {"kind", 0, N_("KIND"), N_("activities, pairs, pair_assertions or cities, when the head does not tell"), false},
    {"space", 0, N_("SPACE"), N_("the space it goes into, by title or beginning of its id"), false},
    {"sheet", 0, N_("NAME"), N_("the sheet of a workbook (else the first)"), false},
    {"encoding", 0, N_("NAME"), N_("utf-8, gb18030 or cp949, when it is not clear"), false},
    {"map", 0, N_("FILE"), N_("a map of its columns and values"), false},
    {"draft-map", 0, NULL, N_("propose a map, as JSON"), false},
    {"own", 0, NULL, N_("rows in which this city takes part are its own word, whatever their source"), false},
    {"errors", 0, N_("FILE"), N_("where refused rows go (else FILE.refused.csv)"), false},
    {"dry-run", 0, NULL, N_("show what would happen, write nothing"), false},
    {"yes", 'y', NULL, N_("do not ask"), false},
    {0},
};

/* What this city is called in a space; NULL: it is no member. */
static const char *self_in(struct cli *cli, const Twinlog__SpaceInfo *space)
{
	for (size_t i = 0; i < space->n_members; i++)
		if (space->members[i]->self)
			return cli_text(cli, space->members[i]->city_id);
	return NULL;
}

/* The one space asked for, or the only one; and what this city is called there. */
static enum twinlog_error find_space(struct cli *cli, const char *name, struct import *import)
{
	Twinlog__Spaces *spaces = NULL;
	enum twinlog_error error = cli_spaces(cli, &spaces);

	if (!error && name)
		error = cli_space(cli, name, &import->space);
	if (error)
		return error;
	if (!name) {
		if (spaces->n_spaces != 1 || codec_get_hash(spaces->spaces[0]->space, &import->space))
			return twinlog_fault_set(&cli->fault, TWINLOG_NO_SPACE_FITS, NULL, NULL);
	}
	for (size_t i = 0; i < spaces->n_spaces; i++) {
		struct hash id;

		if (codec_get_hash(spaces->spaces[i]->space, &id) == TWINLOG_OK && hash_equal(&id, &import->space))
			import->self = self_in(cli, spaces->spaces[i]);
	}
	return import->self ? TWINLOG_OK : twinlog_fault_set(&cli->fault, TWINLOG_NOT_A_MEMBER, "--space", name);
}

static enum twinlog_error find_target(struct cli *cli, const char *name, struct import *import)
{
	const enum twinlog_error error = find_space(cli, name, import);

	return error ? error : cli_places_of(cli, &import->space, &import->places);
}

/* A map is proposed without a space to write into: the city goes by the name that it has in any, and knows the places
 * of all. In no space, the map does not say which city's sheet it is. */
static enum twinlog_error find_draft(struct cli *cli, struct import *import)
{
	Twinlog__Spaces *spaces = NULL;
	enum twinlog_error error = cli_spaces(cli, &spaces);

	for (size_t i = 0; !error && i < spaces->n_spaces && !import->self; i++)
		import->self = self_in(cli, spaces->spaces[i]);
	if (!error && !import->self)
		import->self = "";
	return error ? error : cli_places_of(cli, NULL, &import->places);
}

/* ---- The plan and the outcome ---- */

#define LIKELY_SHOWN 10u

static void tell_likely(const struct import *import)
{
	size_t index;
	json_t *likely;

	if (json_array_size(import->likely) == 0)
		return;
	printf(_("%zu new rows may be known already; look before you import, or link them afterwards:\n"),
	       json_array_size(import->likely));
	json_array_foreach(import->likely, index, likely)
	{
		if (index == LIKELY_SHOWN) {
			printf("  …\n");
			break;
		}
		printf(_("  line %lld: %.12s  %s\n"), (long long)json_integer_value(json_object_get(likely, "line")),
		       json_string_value(json_object_get(likely, "record")),
		       json_string_value(json_object_get(likely, "title")));
	}
}

static void tell(const struct import *import, const char *head)
{
	const struct import_counts *counts = &import->counts;
	size_t index;
	json_t *stub;

	printf(_("%s: %zu rows; %zu new, %zu changed, %zu unchanged, %zu refused\n"), head, counts->rows, counts->fresh,
	       counts->amended, counts->unchanged, counts->refused);
	tell_likely(import);
	if (json_array_size(import->stubs) == 0)
		return;
	printf(_("%zu cities that no list knows, entered as stubs:\n"), json_array_size(import->stubs));
	json_array_foreach(import->stubs, index, stub)
	    printf("  %s  %s\n", json_string_value(json_object_get(stub, "id")),
		   json_string_value(json_object_get(stub, "name")));
}

static int finish(struct cli *cli, const struct import *import)
{
	const struct import_counts *counts = &import->counts;

	if (cli->format == FORMAT_JSON || cli->format == FORMAT_JSONL) {
		json_t *json = json_pack("{s:I, s:I, s:I, s:I, s:I, s:O}", "rows", (json_int_t)counts->rows, "new",
					 (json_int_t)counts->fresh, "changed", (json_int_t)counts->amended, "unchanged",
					 (json_int_t)counts->unchanged, "refused", (json_int_t)counts->refused, "stubs",
					 import->stubs);
		if (json && !import->write)
			json_object_set(json, "likely_duplicates", import->likely);

		if (!json)
			return cli_refuse(cli, TWINLOG_NO_MEMORY, NULL, NULL);
		if (import->errors)
			json_object_set_new(json, "errors", json_string(import->errors_name));
		(void)cli_print_json(cli, json);
	} else {
		tell(import, import->write ? _("imported") : _("would import"));
		if (import->errors)
			printf(_("refused rows are in %s\n"), import->errors_name);
	}
	return counts->refused ? twinlog_error_exit(TWINLOG_INVALID) : 0;
}

/* True for yes, also in the words of the three languages, and where the keyboard was left in Korean. Asked on a
 * terminal alone. */
static bool ask(const struct import *import)
{
	static const char *const yes[] = {"y", "Y", "是", "예", "네", "ㅛ"};
	char line[16];

	tell(import, _("plan"));
	fputs(_("Import? [y/N] "), stdout);
	fflush(stdout);
	if (!fgets(line, sizeof line, stdin))
		return false;
	for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
		if (strncmp(line, yes[i], strlen(yes[i])) == 0)
			return true;
	return false;
}

static int run_passes(struct cli *cli, const struct cli_arguments *arguments, struct import *import)
{
	const bool asks = import_asks(arguments);

	if (cli_given(arguments, "dry-run") || asks) {
		if (import_run(import))
			return cli_fail(cli);
		if (cli_given(arguments, "dry-run"))
			return finish(cli, import);
		if (!ask(import))
			return 0;
		import->told = true;
	}
	import->write = true;
	if (import_run(import)) {
		const int code = cli_fail(cli);

		cli_note(_("%zu rows were looked at; what was imported before stays, the rest can be imported again"),
			 import->counts.rows);
		return code;
	}
	if (import->errors && fflush(import->errors) != 0)
		return cli_refuse(cli, TWINLOG_IO, import->errors_name, NULL);
	return finish(cli, import);
}

static int import_command(struct cli *cli, const struct cli_arguments *arguments)
{
	const char *file = cli_operand(arguments, 0), *space = cli_option(arguments, "space");
	const bool draft = cli_given(arguments, "draft-map");
	struct import import = {
	    .cli = cli, .own = cli_given(arguments, "own"), .stubs = json_array(), .likely = json_array()};
	int code;

	import.errors_name = cli_option(arguments, "errors");
	if (!import.errors_name)
		import.errors_name = cli_printf(cli, "%s.refused.csv", strcmp(file, "-") == 0 ? "import" : file);
	if (!import.stubs || !import.likely)
		code = cli_refuse(cli, TWINLOG_NO_MEMORY, NULL, NULL);
	else if (cli_connect(cli) || (draft && !space ? find_draft(cli, &import) : find_target(cli, space, &import)) ||
		 import_open(&import, arguments))
		code = cli_fail(cli);
	else
		code = draft ? import_draft_map(&import) : run_passes(cli, arguments, &import);
	if (import.errors)
		fclose(import.errors);
	json_decref(import.stubs);
	json_decref(import.likely);
	import_close(&import);
	return code;
}

const struct cli_command command_import = {
    .name = "import",
    .operands = N_("FILE"),
    .least = 1,
    .most = 1,
    .summary = N_("take in a sheet"),
    .description = N_(
	"Takes CSV or a workbook of Excel (.xlsx) with the columns of activities, pairs, pair_assertions or cities; "
	"text in UTF-8, GB18030 or CP949. For any other sheet --draft-map proposes which column and value means what; "
	"a person corrects and names that map, and --map uses it. Good rows go in, refused ones into a file with their "
	"line and reason. A row that is this city's own word becomes its statement, any other a report. The same sheet "
	"again adds nothing; a changed row is an amendment, but what was changed by hand since stays. Of a row that "
	"export wrote only the cells that were edited count, on top of this city's own statement. A city that no list "
	"knows becomes a stub, and all stubs are listed. On a terminal the plan is shown and asked for once."),
    .options = import_options,
    .run = import_command,
};
