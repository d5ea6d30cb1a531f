/* One run of the program: options, connection, errors, output. */
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arguments.h"
#include "fields.h"
#include "passphrase.h"

#define RUN_MEMORY_MAX (1024u * 1024 * 1024) /* of the arena: pages of a long list and what is made of them */

/* ---- Errors ---- */

#define VALUE_SHOWN_MAX 60u /* bytes: enough to know it again, and the error stays one line */

static void print_line(FILE *out, const struct twinlog_fault *fault, const char *known)
{
	size_t shown = strlen(fault->value);

	if (shown > VALUE_SHOWN_MAX)
		shown = VALUE_SHOWN_MAX;
	while (shown > 0 && ((uint8_t)fault->value[shown] & 0xc0) == 0x80)
		shown--;
	fprintf(out, "twinlog: ");
	if (fault->where[0])
		fprintf(out, "%s: ", gettext(fault->where));
	if (fault->value[0])
		fprintf(out, "'%.*s%s': ", (int)shown, fault->value, fault->value[shown] ? "…" : "");
	fputs(gettext(twinlog_error_text(fault->code)), out);
	if (known)
		fprintf(out, " (%s)", known);
	fputc('\n', out);
}

void cli_fault_print(FILE *out, const struct twinlog_fault *fault)
{
	print_line(out, fault, NULL);
}

/* One line, whatever is in the values. */
static void make_safe(char *text)
{
	for (; *text; text++)
		if ((uint8_t)*text < 0x20 || *text == 0x7f)
			*text = ' ';
}

void cli_known_codes(struct cli *cli, const enum codelist *lists, size_t count)
{
	const char *known = "";

	for (size_t i = 0; i < count; i++)
		for (size_t j = 0; j < codelist_size(lists[i]); j++)
			known = cli_printf(cli, "%s%s%s", known, *known ? ", " : "", codelist_code(lists[i], j));
	cli->known = *known ? known : NULL;
}

/* Of a field of a record that takes codes: those of its lists. */
static void know_field(struct cli *cli)
{
	enum codelist lists[FIELD_LISTS_MAX];
	const char *path = strstr(cli->fault.where, ", "); /* behind the line */

	path = path ? path + 2 : cli->fault.where;
	if (cli->fault.code == TWINLOG_BAD_CODE && !cli->known)
		cli_known_codes(cli, lists, field_lists(path, lists, FIELD_LISTS_MAX));
}

int cli_fail(struct cli *cli)
{
	if (cli->fault.code == TWINLOG_OK)
		cli->fault.code = TWINLOG_NO_MEMORY;
	cli_progress_end(cli);
	make_safe(cli->fault.where);
	make_safe(cli->fault.value);
	know_field(cli);
	print_line(stderr, &cli->fault, cli->fault.code == TWINLOG_BAD_CODE ? cli->known : NULL);
	if (cli->hint)
		fputs(cli->hint, stderr);
	return twinlog_error_exit(cli->fault.code);
}

int cli_refuse(struct cli *cli, enum twinlog_error code, const char *where, const char *value)
{
	(void)twinlog_fault_set(&cli->fault, code, where, value);
	return cli_fail(cli);
}

void cli_note(const char *format, ...)
{
	va_list list;

	va_start(list, format);
	fputs("twinlog: ", stderr);
	vfprintf(stderr, format, list);
	fputc('\n', stderr);
	va_end(list);
}

void cli_progress(struct cli *cli, const char *format, ...)
{
	va_list list;

	if (!cli->progress)
		return;
	va_start(list, format);
	fputs("\r\033[K", stderr);
	vfprintf(stderr, format, list);
	fflush(stderr);
	va_end(list);
	cli->progress_shown = true;
}

void cli_progress_end(struct cli *cli)
{
	if (cli->progress_shown)
		fputs("\r\033[K", stderr);
	cli->progress_shown = false;
}

/* ---- Files and answers ---- */

static enum twinlog_error open_error(void)
{
	return errno == ENOENT || errno == ENOTDIR ? TWINLOG_MISSING
	       : errno == EACCES                   ? TWINLOG_NOT_PERMITTED
						   : TWINLOG_IO;
}

enum twinlog_error cli_read_file(const char *name, size_t max, char **ret_text, size_t *ret_size,
				 struct twinlog_fault *fault)
{
	bool standard = strcmp(name, "-") == 0;
	FILE *file = standard ? stdin : fopen(name, "re");
	size_t size = 0, capacity = 64 * 1024;
	char *text = NULL, *grown;
	enum twinlog_error error = TWINLOG_OK;

	if (!file)
		return twinlog_fault_set(fault, open_error(), name, NULL);
	while (!error) {
		grown = realloc(text, capacity + 1);
		if (!grown) {
			error = TWINLOG_NO_MEMORY;
			break;
		}
		text = grown;
		size += fread(text + size, 1, capacity - size, file);
		if (size < capacity)
			break;
		capacity *= 2;
		if (size > max)
			error = TWINLOG_TOO_LARGE;
	}
	if (!error && ferror(file))
		error = TWINLOG_IO;
	if (!standard)
		fclose(file);
	if (error) {
		free(text);
		return twinlog_fault_set(fault, error, name, NULL);
	}
	text[size] = '\0';
	*ret_text = text;
	*ret_size = size;
	return TWINLOG_OK;
}

int cli_print_json(struct cli *cli, json_t *json)
{
	char *text;
	enum twinlog_error error = json_text(json, cli->format == FORMAT_JSONL, &text);

	json_decref(json);
	if (error)
		return cli_refuse(cli, error, NULL, NULL);
	printf("%s\n", text);
	free(text);
	return 0;
}

/* ---- The connection ---- */

enum twinlog_error cli_connect(struct cli *cli)
{
	enum twinlog_error error = TWINLOG_OK;

	if (!cli->twinlog)
		error = twinlog_open(cli->folder, &cli->twinlog, &cli->fault);
	if (!error && cli->timeout_ms)
		twinlog_set_timeout(cli->twinlog, cli->timeout_ms);
	return error;
}

enum twinlog_error cli_call(struct cli *cli, Twinlog__Request *request, Twinlog__Reply **ret_reply)
{
	enum twinlog_error error = cli_connect(cli);

	return error ? error : twinlog_call(cli->twinlog, request, cli->arena, ret_reply, &cli->fault);
}

/* ---- Running ---- */

static enum twinlog_error read_format(struct cli *cli, const struct cli_arguments *arguments)
{
	static const char *const formats[] = {"table", "json", "jsonl", "csv"};
	const char *text = cli_option(arguments, "format");

	if (cli_given(arguments, "json"))
		cli->format = FORMAT_JSON;
	if (!text)
		return TWINLOG_OK;
	for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
		if (strcmp(formats[i], text) == 0) {
			cli->format = (enum cli_format)i;
			return TWINLOG_OK;
		}
	}
	return twinlog_fault_set(&cli->fault, TWINLOG_USAGE, "--format", text);
}

static enum twinlog_error read_passphrase_fd(struct cli *cli, const struct cli_arguments *arguments)
{
	const struct passphrase_words words = {_("passphrase"), _("new passphrase"), _("once more")};
	const char *text = cli_option(arguments, "passphrase-fd");
	uint64_t fd;

	passphrase_terminal(&words);
	if (!text)
		return TWINLOG_OK;
	if (cli_number(arguments, "passphrase-fd", 0, 1024, 0, &fd, &cli->fault))
		return cli->fault.code;
	passphrase_from((int)fd);
	return TWINLOG_OK;
}

static enum twinlog_error read_globals(struct cli *cli, const struct cli_arguments *arguments)
{
	const char *timeout = cli_option(arguments, "timeout");
	uint64_t timeout_ms;

	cli->folder = cli_option(arguments, "dir");
	cli->progress = isatty(STDERR_FILENO);
	if (cli_locale(cli_option(arguments, "lang"), &cli->language) != TWINLOG_OK)
		return twinlog_fault_set(&cli->fault, TWINLOG_USAGE, "--lang", cli_option(arguments, "lang"));
	if (timeout) {
		if (cli_duration(timeout, &timeout_ms) != TWINLOG_OK || timeout_ms == 0 || timeout_ms > UINT32_MAX)
			return twinlog_fault_set(&cli->fault, TWINLOG_USAGE, "--timeout", timeout);
		cli->timeout_ms = (uint32_t)timeout_ms;
	}
	const enum twinlog_error error = read_passphrase_fd(cli, arguments);
	return error ? error : read_format(cli, arguments);
}

/* A full disk or a closed pipe must not pass for success. */
static int flushed(struct cli *cli, int code)
{
	bool failed = fflush(stdout) != 0 || ferror(stdout);

	return failed && code == 0 ? cli_refuse(cli, errno == ENOSPC ? TWINLOG_DISK_FULL : TWINLOG_IO, "stdout", NULL)
				   : code;
}

static int run(struct cli *cli, int argc, char **argv)
{
	struct cli_arguments arguments;

	/* In the environment's language until --lang is known. */
	(void)!cli_locale(NULL, &cli->language);
	if (arguments_parse(cli->arena, argc, argv, &arguments, &cli->fault) != TWINLOG_OK ||
	    read_globals(cli, &arguments) != TWINLOG_OK)
		return cli_fail(cli);
	/* One that takes a value is the command's own. */
	if (cli_given(&arguments, "version") && *cli_option(&arguments, "version") == '\0') {
		printf("twinlog %s\n", TWINLOG_VERSION);
		return 0;
	}
	if (cli_given(&arguments, "help")) {
		help_print(stdout, arguments.command);
		return 0;
	}
	if (!arguments.command) {
		cli->hint = _("Try: twinlog --help\n");
		return cli_refuse(cli, TWINLOG_USAGE, N_("no command given"), NULL);
	}
	cli->command = arguments.command;
	return arguments.command->run(cli, &arguments);
}

static void tell_server_key(const struct cli *cli)
{
	const char *key = cli->twinlog ? twinlog_server_key_next(cli->twinlog) : NULL;

	if (key)
		cli_note(_("the daemon is to have a new key, and the file that names its key cannot be written: put in "
			   "the line server_next = %s"),
			 key);
}

int cli_main(int argc, char **argv)
{
	struct cli cli = {.arena = arena_new(RUN_MEMORY_MAX)};
	int code;

	if (!cli.arena)
		return cli_refuse(&cli, TWINLOG_NO_MEMORY, NULL, NULL);
	code = flushed(&cli, run(&cli, argc, argv));
	cli_progress_end(&cli);
	tell_server_key(&cli);
	twinlog_close(cli.twinlog);
	places_free(cli.places);
	arena_free(cli.arena);
	return code;
}
