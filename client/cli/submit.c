/* submit: new records from JSON or from options, many in one request. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "entry.h"
#include "log.pb-c.h"
#include "validate.h"
#include "write.h"

#define ALSO_MAX 8u /* further spaces that one submit publishes in */

/* Records of one space on their way. */
struct submission {
	struct cli *cli;
	struct hash space; /* --space */
	bool has_space;
	struct hash asked; /* of the records gathered, when one names its own */
	bool has_asked;
	uint32_t kind;              /* --kind */
	bool report;                /* --report */
	struct hash also[ALSO_MAX]; /* --also */
	size_t also_count;
	struct write_wait wait;
	Twinlog__SubmitOperation *operations[TWINLOG_SUBMIT_MAX];
	size_t lines[TWINLOG_SUBMIT_MAX]; /* of the text; 0: a single record */
	size_t count;
	size_t bytes;
	struct arena *arena; /* of the records gathered, and of what the daemon says to them */
	int code;
};

/* A refused record does not keep the others out; its code is the run's. */
static void refused(struct submission *submission, size_t line)
{
	struct cli *cli = submission->cli;

	if (line > 0 && strncmp(cli->fault.where, "line ", 5) != 0)
		(void)twinlog_fault_set(
		    &cli->fault, cli->fault.code,
		    cli_printf(cli, cli->fault.where[0] ? "line %zu, %s" : "line %zu", line, cli->fault.where),
		    cli->fault.value);
	submission->code = cli_fail(cli);
	cli->hint = NULL;
}

static void told(struct submission *submission, const Twinlog__Submitted *submitted)
{
	struct cli *cli = submission->cli;
	ProtobufCBinaryData *bundles = arena_alloc(cli->arena, (submitted->n_results + 1) * sizeof *bundles);
	size_t count = 0;
	struct hash space;

	for (size_t i = 0; i < submitted->n_results; i++) {
		const Twinlog__SubmitResult *result = submitted->results[i];

		if (fault_from_wire(&cli->fault, result->code, result->where, result->value) != TWINLOG_OK) {
			refused(submission, i < submission->count ? submission->lines[i] : 0);
			continue;
		}
		printf("%s\n", cli_hex(cli, result->handle, 0));
		if (bundles && result->bundle.len > 0)
			bundles[count++] = result->bundle;
	}
	fflush(stdout);
	if (submission->wait.cities > 0 && bundles && codec_get_hash(submitted->space, &space) == TWINLOG_OK) {
		const int code = write_wait(cli, &submission->wait, &space, bundles, count);

		submission->code = submission->code ? submission->code : code;
	}
}

/* Publishes in another space what the first one took in: with the same token, so that it counts once, and under the
 * same request ids, so that a retry adds nothing. */
static void send_also(struct submission *submission, const Twinlog__Submitted *first, const struct hash *space)
{
	struct cli *cli = submission->cli;
	Twinlog__SubmitOperation **taken = arena_alloc(cli->arena, (submission->count + 1) * sizeof(void *));
	size_t *lines = arena_alloc(cli->arena, (submission->count + 1) * sizeof *lines), count = 0;
	Twinlog__Request *request;
	Twinlog__Reply *reply;

	for (size_t i = 0; taken && lines && i < first->n_results && i < submission->count; i++)
		if (first->results[i]->code == TWINLOG_OK) {
			lines[count] = submission->lines[i];
			taken[count++] = submission->operations[i];
		}
	if (!taken || !lines) {
		submission->code = cli_refuse(cli, TWINLOG_NO_MEMORY, NULL, NULL);
		return;
	}
	if (count == 0)
		return;
	if (submission_request(cli->arena, space, taken, count, &request, &cli->fault) ||
	    cli_call(cli, request, &reply)) {
		submission->code = cli_fail(cli);
		return;
	}
	for (size_t i = 0; reply->submitted && i < reply->submitted->n_results && i < count; i++) {
		const Twinlog__SubmitResult *result = reply->submitted->results[i];

		if (fault_from_wire(&cli->fault, result->code, result->where, result->value) != TWINLOG_OK)
			refused(submission, lines[i]);
		else if (count == 1)
			cli_note(_("%s is the same record in the other space; lists over both show one of them"),
				 cli_hex(cli, result->handle, 0));
	}
}

static void send_further(struct submission *submission, const Twinlog__Submitted *first)
{
	struct hash space;

	for (size_t i = 0; i < submission->also_count; i++) {
		if (!codec_get_hash(first->space, &space) && hash_equal(&space, &submission->also[i]))
			submission->code = cli_refuse(submission->cli, TWINLOG_DUPLICATE, "--also", NULL);
		else
			send_also(submission, first, &submission->also[i]);
	}
}

static void send_all(struct submission *submission)
{
	struct cli *cli = submission->cli;
	const struct hash *space = submission->has_asked   ? &submission->asked
				   : submission->has_space ? &submission->space
							   : NULL;
	Twinlog__Request *request;
	Twinlog__Reply *reply;

	if (submission->count == 0)
		return;
	struct arena *whole = cli->arena;
	cli->arena = submission->arena;
	if (submission_request(cli->arena, space, submission->operations, submission->count, &request, &cli->fault) ||
	    cli_call(cli, request, &reply)) {
		submission->code = cli_fail(cli);
	} else if (!reply->submitted) {
		submission->code = cli_refuse(cli, TWINLOG_MALFORMED, NULL, NULL);
	} else {
		told(submission, reply->submitted);
		send_further(submission, reply->submitted);
	}
	cli->arena = whole;
	submission->count = submission->bytes = 0;
	submission->has_asked = false;
}

/* Records of one request share a space. */
static enum twinlog_error take_space(struct submission *submission, const char *name)
{
	struct hash space;
	enum twinlog_error error;

	if (!name) {
		if (submission->has_asked)
			send_all(submission);
		return TWINLOG_OK;
	}
	error = cli_space(submission->cli, name, &space);
	if (error)
		return error;
	if (submission->count > 0 && !(submission->has_asked && hash_equal(&space, &submission->asked)))
		send_all(submission);
	submission->asked = space;
	submission->has_asked = true;
	return TWINLOG_OK;
}

static enum twinlog_error take(struct submission *submission, const json_t *object, size_t line)
{
	struct cli *cli = submission->cli;
	const struct json_cities cities = cli_json_cities(cli);
	struct json_entry entry;
	Twinlog__SubmitOperation *operation;
	enum body_rule rule;
	enum twinlog_error error =
	    json_read_entry(submission->arena, object, submission->kind, NULL, &cities, &entry, &cli->fault);

	if (!error)
		error = entry_direction(cli, &entry, &cli->fault);
	if (!error)
		error = validate_body(VALIDATE_WRITE, NULL, TWINLOG__OPERATION__OPERATION_STATEMENT, entry.kind,
				      entry.body, &rule, &cli->fault);
	if (!error)
		error = take_space(submission, entry.space);
	entry.report = !error && (entry.report || submission->report);
	if (!error)
		error = submission_statement(submission->arena, twinlog_office(cli->twinlog), &entry, &operation,
					     &cli->fault);
	if (error)
		return error;
	submission->operations[submission->count] = operation;
	submission->lines[submission->count++] = line;
	submission->bytes += operation->body.len;
	if (submission->count == TWINLOG_SUBMIT_MAX || submission->bytes > TWINLOG_IMPORT_BYTES)
		send_all(submission);
	return TWINLOG_OK;
}

static enum twinlog_error visit(void *context, const json_t *object, size_t line, const struct twinlog_fault *fault)
{
	struct submission *submission = context;

	/* A long text is as many requests, and needs the memory of one. */
	if (submission->count == 0)
		arena_reset(submission->arena);
	if (!object)
		submission->cli->fault = *fault;
	if (!object || take(submission, object, line) != TWINLOG_OK)
		refused(submission, line);
	return TWINLOG_OK;
}

/* ---- The command ---- */

static const struct cli_option submit_options[] = {
    {"space", 0, N_("SPACE"), N_("the space it belongs to, by title or beginning of its id"), false},
    {"also", 0, N_("SPACE"), N_("publish it in this space too; it counts once, and erasing reaches it"), true},
    {"kind", 0, N_("KIND"), N_("activity, agreement or city, when the record does not say"), false},
    {"report", 0, NULL, N_("reports what others say; not this city's own word"), false},
    WRITE_OPTIONS,
    {0},
};

static enum twinlog_error submission_init(struct cli *cli, const struct cli_arguments *arguments,
					  struct submission *submission)
{
	const char *kind = cli_option(arguments, "kind"), *space = cli_option(arguments, "space");
	enum twinlog_error error;

	submission->cli = cli;
	submission->report = cli_given(arguments, "report");
	submission->kind = kind ? kind_find(kind) : TWINLOG__RECORD_KIND__RECORD_NONE;
	if (kind && submission->kind == TWINLOG__RECORD_KIND__RECORD_NONE)
		return twinlog_fault_set(&cli->fault, TWINLOG_BAD_CODE, "--kind", kind);
	error = cli_connect(cli);
	if (!error)
		error = write_wait_read(cli, arguments, &submission->wait);
	if (!error && space)
		error = cli_space(cli, space, &submission->space);
	submission->has_space = space;
	for (const char *name; !error && (name = cli_option_at(arguments, "also", submission->also_count));) {
		if (submission->also_count == ALSO_MAX)
			return twinlog_fault_set(&cli->fault, TWINLOG_TOO_MANY, "--also", name);
		error = cli_space(cli, name, &submission->also[submission->also_count]);
		submission->also_count += !error;
	}
	return error;
}

static int submit_text(struct submission *submission, const char *file)
{
	struct cli *cli = submission->cli;
	char *text;
	size_t size;
	enum twinlog_error error = cli_read_file(file, TWINLOG_INPUT_FILE_MAX, &text, &size, &cli->fault);

	if (error)
		return cli_fail(cli);
	error = entry_walk(text, size, visit, submission);
	free(text);
	return error ? cli_refuse(cli, error, file, NULL) : 0;
}

static int submit_run(struct cli *cli, const struct cli_arguments *arguments)
{
	struct submission *submission = calloc(1, sizeof *submission);
	const char *file = cli_operand(arguments, 0);
	json_t *object = NULL;
	int code;

	if (!submission || !(submission->arena = arena_new(TWINLOG_ANSWER_MAX))) {
		free(submission);
		return cli_refuse(cli, TWINLOG_NO_MEMORY, NULL, NULL);
	}
	if (submission_init(cli, arguments, submission) || entry_from_options(cli, arguments, &object)) {
		code = cli_fail(cli);
	} else if (object && file) {
		code = cli_refuse(cli, TWINLOG_USAGE, N_("either a file or options"), file);
	} else if (object) {
		code = take(submission, object, 0) ? cli_fail(cli) : 0;
	} else {
		code = submit_text(submission, file ? file : "-");
	}
	if (code == 0) {
		send_all(submission);
		code = submission->code;
	}
	json_decref(object);
	arena_free(submission->arena);
	free(submission);
	return code;
}

const struct cli_command command_submit = {
    .name = "submit",
    .operands = N_("[FILE|-]"),
    .most = 1,
    .summary = N_("log an activity, an agreement or a city"),
    .description =
	N_("The record comes from options, or as JSON from FILE or stdin: one object, a list of them, or JSON Lines. "
	   "Prints the record ids, one a line; each is durable in this city's store. A refused record is told with its "
	   "line and does not keep the others out."),
    .options = submit_options,
    .more = cli_entry_options,
    .run = submit_run,
};
