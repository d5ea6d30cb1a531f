/* From a file to rows with known columns: workbook or text, which encoding, which layout or map. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "import.h"
#include "xlsx_read.h"

#define MAP_FILE_MAX      (1024u * 1024)
#define SAMPLE_CHARACTERS 60u /* of each line that is shown to ask which decoding is right */
#define SAMPLE_LINES      3u

bool import_asks(const struct cli_arguments *arguments)
{
	return isatty(STDIN_FILENO) && isatty(STDOUT_FILENO) && !cli_given(arguments, "yes");
}

/* ---- Encodings ---- */

/* A workbook says which encoding it has; the text that comes of it is put into NFC like any other. */
static enum twinlog_error unpack(struct import *import, const struct cli_arguments *arguments, const char *bytes,
				 size_t size)
{
	struct cli *cli = import->cli;
	const char *sheet = cli_option(arguments, "sheet");
	char *rows, *text;
	size_t rows_size;
	enum twinlog_error error = xlsx_read(bytes, size, sheet, &rows, &rows_size, &cli->fault);

	if (error == TWINLOG_NOT_FOUND && sheet) {
		cli->hint = cli_printf(cli, _("  its sheets: %s\n"), cli->fault.value);
		return twinlog_fault_set(&cli->fault, error, "--sheet", sheet);
	}
	if (error)
		return error;
	error = encoding_decode(ENCODING_UTF8, rows, rows_size, &text, &import->text_size, &cli->fault);
	free(rows);
	if (error)
		return error;
	import->text = text;
	import->workbook = true;
	return TWINLOG_OK;
}

/* The first lines that are not plain ASCII: they are what the decodings differ in. */
static void sample_show(size_t number, enum encoding encoding, const char *text, size_t size)
{
	size_t shown = 0;

	printf("%zu  %s\n", number, encoding_name(encoding));
	for (size_t at = 0; at < size && shown < SAMPLE_LINES;) {
		const char *end = memchr(text + at, '\n', size - at);
		const size_t length = end ? (size_t)(end - text) - at : size - at;
		bool plain = true;

		for (size_t i = at; i < at + length; i++)
			plain = plain && !(text[i] & 0x80);
		if (!plain) {
			printf("     %.*s\n", (int)text_cut(text + at, length, 3 * SAMPLE_CHARACTERS), text + at);
			shown++;
		}
		at += length + 1;
	}
}

/* Several decodings fit: a person sees which one is right. */
static enum twinlog_error encoding_ask(struct import *import, const char *bytes, size_t size)
{
	struct {
		enum encoding encoding;
		char *text;
		size_t size;
	} fits[ENCODING_COUNT];
	size_t count = 0;
	char line[16];
	enum twinlog_error error = TWINLOG_AMBIGUOUS;

	for (size_t i = 0; i < ENCODING_COUNT; i++) {
		struct twinlog_fault ignored;

		if (encoding_decode((enum encoding)i, bytes, size, &fits[count].text, &fits[count].size, &ignored))
			continue;
		fits[count].encoding = (enum encoding)i;
		sample_show(count + 1, (enum encoding)i, fits[count].text, fits[count].size);
		count++;
	}
	fputs(_("Which of these reads right? Its number, or nothing: "), stdout);
	fflush(stdout);
	if (count > 0 && fgets(line, sizeof line, stdin) && line[0] >= '1' && (size_t)(line[0] - '1') < count) {
		const size_t chosen = (size_t)(line[0] - '1');

		import->text = fits[chosen].text;
		import->text_size = fits[chosen].size;
		import->encoding = fits[chosen].encoding;
		fits[chosen].text = NULL;
		error = TWINLOG_OK;
	}
	for (size_t i = 0; i < count; i++)
		free(fits[i].text);
	return error;
}

static enum twinlog_error detect(struct import *import, const struct cli_arguments *arguments, const char *bytes,
				 size_t size)
{
	struct cli *cli = import->cli;
	struct lexicon *lexicon = NULL;
	char *text = NULL;
	enum twinlog_error error = lexicon_new(import->places, &lexicon);

	if (error)
		return twinlog_fault_set(&cli->fault, error, NULL, NULL);
	error = encoding_detect(lexicon, bytes, size, &import->encoding, &text, &import->text_size, &cli->fault);
	lexicon_free(lexicon);
	if (error != TWINLOG_AMBIGUOUS) {
		import->text = text;
		return error;
	}
	if (import_asks(arguments) && encoding_ask(import, bytes, size) == TWINLOG_OK) {
		cli->fault = (struct twinlog_fault){0};
		return TWINLOG_OK;
	}
	cli->hint = _("  its encoding is not clear; name it with --encoding gb18030, cp949 or utf-8\n");
	return error;
}

static enum twinlog_error decode(struct import *import, const struct cli_arguments *arguments, const char *bytes,
				 size_t size)
{
	struct cli *cli = import->cli;
	const char *name = cli_option(arguments, "encoding");
	char *text;
	enum twinlog_error error;

	if (xlsx_is(bytes, size))
		return unpack(import, arguments, bytes, size);
	if (cli_given(arguments, "sheet"))
		return twinlog_fault_set(&cli->fault, TWINLOG_NOT_A_WORKBOOK, cli_operand(arguments, 0), NULL);
	if (!name)
		return detect(import, arguments, bytes, size);
	if (encoding_find(name, &import->encoding))
		return twinlog_fault_set(&cli->fault, TWINLOG_USAGE, "--encoding", name);
	error = encoding_decode(import->encoding, bytes, size, &text, &import->text_size, &cli->fault);
	if (!error)
		import->text = text;
	return error;
}

/* ---- Layouts ---- */

/* The first row that is no blank; with a map, the one at its line. */
static enum twinlog_error head_read(struct import *import, struct arena *arena, struct csv_row *head)
{
	struct csv_reader reader = csv_reader(import->text, import->text_size, import->separator);
	enum twinlog_error error;

	reader.by_row = import->workbook;
	do {
		error = csv_next(&reader, arena, head, &import->cli->fault);
	} while ((error || head->count > 0) && import->map && head->line < map_head(import->map));
	return error;
}

static enum twinlog_error map_open(struct import *import, const char *file)
{
	struct cli *cli = import->cli;
	char *text;
	size_t size;
	enum twinlog_error error = cli_read_file(file, MAP_FILE_MAX, &text, &size, &cli->fault);

	if (error)
		return error;
	error = map_read(text, size, &import->map, &cli->fault);
	free(text);
	if (error == TWINLOG_FIELD_MISSING && strcmp(cli->fault.where, "name") == 0)
		cli->hint = _("  give the map a name: it tells the rows of this sheet from those of others\n");
	return error;
}

static enum twinlog_error recognise(struct import *import, const struct cli_arguments *arguments)
{
	struct cli *cli = import->cli;
	const char *name = cli_option(arguments, "kind");
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	struct csv_row *head = calloc(1, sizeof *head);
	enum sheet_kind kind;
	enum twinlog_error error = arena && head ? TWINLOG_OK : TWINLOG_NO_MEMORY;

	if (!error && name && sheet_kind_find(name, &kind))
		error = twinlog_fault_set(&cli->fault, TWINLOG_USAGE, "--kind", name);
	if (!error)
		error = head_read(import, arena, head);
	if (!error && head->count == 0)
		error = twinlog_fault_set(&cli->fault, TWINLOG_INVALID, cli_operand(arguments, 0), NULL);
	if (!error && import->map)
		error = map_bind(import->map, head, &import->sheet, &cli->fault);
	else if (!error)
		error = sheet_recognise(head, name ? &kind : NULL, &import->sheet, &cli->fault);
	if (error == TWINLOG_BAD_FIELD && !import->map)
		cli->hint =
		    _("  its columns are not known; propose a map with --draft-map, and give it back with --map\n");
	free(head);
	arena_free(arena);
	if (error == TWINLOG_NO_MEMORY)
		return twinlog_fault_set(&cli->fault, error, NULL, NULL);
	return error;
}

/* ---- Both ---- */

enum twinlog_error import_open(struct import *import, const struct cli_arguments *arguments)
{
	struct cli *cli = import->cli;
	const char *file = cli_operand(arguments, 0), *map = cli_option(arguments, "map");
	char *bytes;
	size_t size;
	enum twinlog_error error = cli_read_file(file, TWINLOG_SHEET_MAX, &bytes, &size, &cli->fault);

	if (error)
		return error;
	error = decode(import, arguments, bytes, size);
	free(bytes);
	if (error)
		return error;
	import->separator = ',';
	if (!import->workbook)
		import->separator = csv_separator(import->text, import->text_size);
	if (countries_new(&import->countries))
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	if (map)
		error = map_open(import, map);
	return error || cli_given(arguments, "draft-map") ? error : recognise(import, arguments);
}

void import_close(struct import *import)
{
	free((char *)(uintptr_t)import->text);
	map_free(import->map);
	countries_free(import->countries);
	places_free(import->places);
}

int import_draft_map(struct import *import)
{
	struct cli *cli = import->cli;
	const struct sheet_reader reader = {
	    .places = import->places, .countries = import->countries, .self = import->self, .arena = cli->arena};
	json_t *map;
	int code;

	if (map_draft(&reader, import->text, import->text_size, import->separator, import->workbook, &map,
		      &cli->fault)) {
		if (cli->fault.code == TWINLOG_NOT_FOUND)
			cli->hint = _("  no row looks like a head of columns in Chinese, Korean or English\n");
		return cli_fail(cli);
	}
	code = cli_print_json(cli, map);
	if (isatty(STDERR_FILENO))
		cli_note(_("name the map, correct what is wrong, fill in what is empty; then import FILE --map MAP"));
	return code;
}
