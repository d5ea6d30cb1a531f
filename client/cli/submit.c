/* submit: new records from JSON or from options, in batches. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "log.pb-c.h"
#include "validate.h"

#define INPUT_MAX (256u * 1024 * 1024)
#define BATCH     500u

/* ---- Sending operations. ---- */

struct batch {
	struct cli *cli;
	struct hash space;
	bool has_space;
	uint64_t holders; /* --wait-for */
	uint64_t wait_ms;
	Twinlog__SubmitOperation *operations[BATCH];
	size_t count;
	int exit_code;
};

static int result_print(struct cli *cli, const Twinlog__SubmitResult *result)
{
	if (fault_from_wire(&cli->fault, result->code, result->where, result->value) != TWINLOG_OK)
		return cli_fail(cli);
	printf("%s\n", cli_hex(cli, result->handle, 0));
	return 0;
}

static int batch_wait(struct batch *batch, const Twinlog__Submitted *submitted)
{
	struct cli *cli = batch->cli;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Wait wait = TWINLOG__WAIT__INIT;
	Twinlog__Reply *reply;
	ProtobufCBinaryData *bundles = arena_alloc(cli->arena, (submitted->n_results + 1) * sizeof *bundles);
	if (!bundles)
		return cli_refuse(cli, TWINLOG_NO_MEMORY, "", NULL);
	for (size_t i = 0; i < submitted->n_results; i++)
		if (submitted->results[i]->bundle.len > 0)
			bundles[wait.n_bundles++] = submitted->results[i]->bundle;
	wait.space = submitted->space;
	wait.bundles = bundles;
	wait.cities = (uint32_t)batch->holders;
	wait.timeout_ms = batch->wait_ms;
	request.body_case = TWINLOG__REQUEST__BODY_WAIT;
	request.wait = &wait;
	if (cli_call(cli, &request, &reply))
		return cli_fail(cli);
	if (!reply->waited || reply->waited->cities < batch->holders)
		return cli_refuse(cli, TWINLOG_WAITED_IN_VAIN, "", NULL);
	return 0;
}

static void batch_send(struct batch *batch)
{
	struct cli *cli = batch->cli;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Submit submit = TWINLOG__SUBMIT__INIT;
	Twinlog__Reply *reply;
	int code = 0;
	if (batch->count == 0)
		return;
	if (batch->has_space)
		submit.space = codec_hash(&batch->space);
	submit.operations = batch->operations;
	submit.n_operations = batch->count;
	request.body_case = TWINLOG__REQUEST__BODY_SUBMIT;
	request.submit = &submit;
	batch->count = 0;
	if (cli_call(cli, &request, &reply)) {
		batch->exit_code = cli_fail(cli);
		return;
	}
	for (size_t i = 0; reply->submitted && i < reply->submitted->n_results; i++) {
		const int one = result_print(cli, reply->submitted->results[i]);
		code = one ? one : code;
	}
	fflush(stdout);
	if (code == 0 && batch->holders > 0 && reply->submitted)
		code = batch_wait(batch, reply->submitted);
	if (code)
		batch->exit_code = code;
}

static Twinlog__SubmitOperation *operation_new(struct cli *cli, uint32_t kind, uint32_t operation,
					       const Twinlog__Body *body)
{
	struct handle request;
	uint8_t *bytes;
	size_t size;
	Twinlog__SubmitOperation *made = arena_alloc(cli->arena, sizeof *made);
	if (!made || request_id_draw(&request) || codec_pack_arena(cli->arena, &body->base, &bytes, &size)) {
		(void)twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
		return NULL;
	}
	twinlog__submit_operation__init(made);
	made->operation = operation;
	made->kind = kind;
	made->body = codec_bytes(bytes, size);
	made->request = codec_bytes(arena_copy(cli->arena, request.bytes, HANDLE_SIZE), HANDLE_SIZE);
	return made;
}

static void body_office(struct cli *cli, Twinlog__Body *body)
{
	if (body->office.len == 0)
		body->office = codec_string(twinlog_office(cli->twinlog));
}

/* ---- submit ---- */

static const struct cli_option submit_options[] = {
    {"space", 0, N_("SPACE"), N_("the space it belongs to, by title or beginning of its id"), false},
    {"kind", 0, N_("KIND"), N_("activity, agreement or city, when the record does not say"), false},
    {"set", 0, N_("NAME=VALUE"), N_("a field of the record, instead of a file"), true},
    {"report", 0, NULL, N_("reports what others say; not this city's own word"), false},
    {"wait-for", 0, N_("N"), N_("wait until so many other cities hold it"), false},
    {"wait", 0, N_("TIME"), N_("how long to wait for them (else 60s)"), false},
    {0},
};

static enum twinlog_error kind_of(const char *name, uint32_t *ret_kind)
{
	static const char *const kinds[] = {"", "activity", "agreement", "city"};
	*ret_kind = 0;
	for (uint32_t i = 1; name && i < 4; i++)
		if (strcmp(kinds[i], name) == 0)
			*ret_kind = i;
	return name && *ret_kind == 0 ? TWINLOG_BAD_CODE : TWINLOG_OK;
}

static enum twinlog_error batch_init(struct cli *cli, const struct cli_arguments *arguments, struct batch *batch)
{
	*batch = (struct batch){.cli = cli, .wait_ms = 60000};
	enum twinlog_error error = cli_connect(cli);
	if (!error)
		error = cli_number(arguments, "wait-for", 0, 1000, 0, &batch->holders, &cli->fault);
	if (!error && cli_given(arguments, "wait") && cli_duration(cli_option(arguments, "wait"), &batch->wait_ms))
		error = twinlog_fault_set(&cli->fault, TWINLOG_USAGE, "--wait", cli_option(arguments, "wait"));
	if (!error && cli_given(arguments, "space")) {
		error = cli_space(cli, cli_option(arguments, "space"), &batch->space);
		batch->has_space = true;
	}
	return error;
}

static void submit_object(struct batch *batch, const json_t *object, uint32_t kind, bool report)
{
	struct cli *cli = batch->cli;
	struct json_entry entry;
	enum body_rule rule;
	const struct json_cities cities = cli_json_cities(cli);
	Twinlog__SubmitOperation *operation = NULL;
	enum twinlog_error error = json_read_entry(cli->arena, object, kind, NULL, &cities, &entry, &cli->fault);
	if (!error) {
		body_office(cli, entry.body);
		error = validate_body(VALIDATE_WRITE, NULL, TWINLOG__OPERATION__OPERATION_STATEMENT, entry.kind,
				      entry.body, &rule, &cli->fault);
	}
	if (!error)
		operation = operation_new(cli, entry.kind, TWINLOG__OPERATION__OPERATION_STATEMENT, entry.body);
	if (error || !operation) {
		batch->exit_code = cli_fail(cli);
		return;
	}
	operation->report = entry.report || report;
	if (entry.has_request)
		operation->request = codec_bytes(arena_copy(cli->arena, entry.request.bytes, HANDLE_SIZE), HANDLE_SIZE);
	batch->operations[batch->count++] = operation;
	if (batch->count == BATCH)
		batch_send(batch);
}

static json_t *object_of_options(const struct cli_arguments *arguments)
{
	json_t *object = json_object();
	const char *set;
	for (size_t i = 0; (set = cli_option_at(arguments, "set", i)); i++) {
		const char *equals = strchr(set, '=');
		char name[64];
		if (!equals || (size_t)(equals - set) >= sizeof name)
			continue;
		memcpy(name, set, (size_t)(equals - set));
		name[equals - set] = '\0';
		/* Lists and numbers as JSON writes them; everything else is text. */
		json_t *value = json_loads(equals + 1, 0, NULL);
		json_object_set_new(object, name, value ? value : json_string(equals + 1));
	}
	return object;
}

static void submit_text(struct batch *batch, char *text, size_t size, uint32_t kind, bool report)
{
	json_t *json;
	struct twinlog_fault fault;
	if (json_parse(text, size, 0, &json, &fault) == TWINLOG_OK) {
		const size_t count = json_is_array(json) ? json_array_size(json) : 1;
		for (size_t i = 0; i < count; i++)
			submit_object(batch, json_is_array(json) ? json_array_get(json, i) : json, kind, report);
		json_decref(json);
		return;
	}
	size_t number = 0;
	for (char *line = text, *end; line < text + size; line = end + 1) {
		end = memchr(line, '\n', (size_t)(text + size - line));
		end = end ? end : text + size;
		number++;
		if (strspn(line, " \t\r") >= (size_t)(end - line))
			continue;
		if (json_parse(line, (size_t)(end - line), number, &json, &batch->cli->fault)) {
			batch->exit_code = cli_fail(batch->cli);
			continue;
		}
		submit_object(batch, json, kind, report);
		json_decref(json);
	}
}

static int submit_run(struct cli *cli, const struct cli_arguments *arguments)
{
	static struct batch batch;
	uint32_t kind;
	char *text = NULL;
	size_t size;
	const char *file = cli_operand(arguments, 0);
	const bool report = cli_given(arguments, "report");
	if (kind_of(cli_option(arguments, "kind"), &kind))
		return cli_refuse(cli, TWINLOG_BAD_CODE, "--kind", cli_option(arguments, "kind"));
	if (batch_init(cli, arguments, &batch))
		return cli_fail(cli);
	if (cli_given(arguments, "set")) {
		json_t *object = object_of_options(arguments);
		submit_object(&batch, object, kind, report);
		json_decref(object);
	} else {
		if (cli_read_file(file ? file : "-", INPUT_MAX, &text, &size, &cli->fault))
			return cli_fail(cli);
		submit_text(&batch, text, size, kind, report);
		free(text);
	}
	batch_send(&batch);
	return batch.exit_code;
}

const struct cli_command command_submit = {
    .name = "submit",
    .operands = N_("[FILE|-]"),
    .most = 1,
    .summary = N_("log an activity, an agreement or a city"),
    .description = N_("Reads one JSON object, a list of them, or JSON Lines; prints the record ids, one a line."),
    .options = submit_options,
    .run = submit_run,
};
