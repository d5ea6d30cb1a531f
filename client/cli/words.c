/* The city's own words: submit, amend, answer, withdraw. */
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

/* ---- amend, answer, withdraw ---- */

static const Twinlog__Version *own_word(const Twinlog__Record *record)
{
	for (size_t i = 0; i < record->n_sides; i++)
		if (record->sides[i]->self)
			return record->sides[i]->word;
	return NULL;
}

static const Twinlog__Version *any_word(const Twinlog__Record *record)
{
	for (size_t i = 0; i < record->n_sides; i++)
		if (record->sides[i]->word && record->sides[i]->word->body.len > 0 &&
		    record->sides[i]->word->operation == TWINLOG__OPERATION__OPERATION_STATEMENT)
			return record->sides[i]->word;
	return NULL;
}

static int send_one(struct batch *batch, const Twinlog__Record *record, Twinlog__SubmitOperation *operation)
{
	Twinlog__RecordName name = TWINLOG__RECORD_NAME__INIT;
	if (!operation)
		return cli_fail(batch->cli);
	name.handle = record->handle;
	operation->record = &name;
	batch->operations[batch->count++] = operation;
	batch_send(batch);
	return batch->exit_code;
}

static const struct cli_option amend_options[] = {
    {"set", 0, N_("NAME=VALUE"), N_("the field's new value"), true},
    {"based-on", 0, N_("VERSION"), N_("the version that was looked at (else the one current now)"), false},
    {"wait-for", 0, N_("N"), N_("wait until so many other cities hold it"), false},
    {"wait", 0, N_("TIME"), N_("how long to wait for them (else 60s)"), false},
    {0},
};

static int amend_statement(struct cli *cli, const struct cli_arguments *arguments, struct batch *batch,
			   const Twinlog__Record *record, json_t *changes)
{
	struct json_entry entry;
	enum body_rule rule;
	struct hash based_on;
	const struct json_cities cities = cli_json_cities(cli);
	const Twinlog__Version *own = own_word(record), *from = any_word(record);
	const bool states = own && own->operation == TWINLOG__OPERATION__OPERATION_STATEMENT && own->body.len > 0;
	const Twinlog__Body *base = states ? version_body(cli->arena, own) : NULL;
	if (!base && from)
		base = version_body(cli->arena, from);
	enum twinlog_error error =
	    json_read_entry(cli->arena, changes, record->kind, base, &cities, &entry, &cli->fault);
	if (!error)
		error = validate_body(VALIDATE_WRITE, NULL, TWINLOG__OPERATION__OPERATION_STATEMENT, record->kind,
				      entry.body, &rule, &cli->fault);
	if (error)
		return cli_fail(cli);
	body_office(cli, entry.body);
	Twinlog__SubmitOperation *operation =
	    operation_new(cli, record->kind, TWINLOG__OPERATION__OPERATION_STATEMENT, entry.body);
	const char *named = cli_given(arguments, "based-on") ? cli_option(arguments, "based-on") : entry.based_on;
	if (operation && named) {
		if (hex_decode(based_on.bytes, HASH_SIZE, named, strlen(named)))
			return cli_refuse(cli, TWINLOG_INVALID, "--based-on", named);
		operation->based_on = codec_hash(&based_on);
	} else if (operation && own) {
		operation->based_on = own->leaf;
	}
	return send_one(batch, record, operation);
}

static int amend_run(struct cli *cli, const struct cli_arguments *arguments)
{
	static struct batch batch;
	Twinlog__Record *record;
	json_t *changes = NULL;
	char *text;
	size_t size;
	if (batch_init(cli, arguments, &batch) || cli_show(cli, cli_operand(arguments, 0), false, &record))
		return cli_fail(cli);
	if (cli_given(arguments, "set") || cli_operands(arguments) < 2) {
		changes = object_of_options(arguments);
	} else {
		if (cli_read_file(cli_operand(arguments, 1), INPUT_MAX, &text, &size, &cli->fault))
			return cli_fail(cli);
		const enum twinlog_error error = json_parse(text, size, 0, &changes, &cli->fault);
		free(text);
		if (error)
			return cli_fail(cli);
	}
	const int code = amend_statement(cli, arguments, &batch, record, changes);
	json_decref(changes);
	return code;
}

const struct cli_command command_amend = {
    .name = "amend",
    .operands = N_("ID [FILE|-]"),
    .least = 1,
    .most = 2,
    .summary = N_("change this city's own statement, or state one beside the partner's"),
    .description = "",
    .options = amend_options,
    .run = amend_run,
};

static const struct cli_option answer_options[] = {
    {"note", 0, N_("TEXT"), N_("a remark that goes with it"), false},
    {"set", 0, N_("NAME=VALUE"), N_("with differs: what this city says instead"), true},
    {"wait-for", 0, N_("N"), N_("wait until so many other cities hold it"), false},
    {"wait", 0, N_("TIME"), N_("how long to wait for them (else 60s)"), false},
    {0},
};

static int short_word(struct cli *cli, struct batch *batch, const Twinlog__Record *record, uint32_t operation,
		      const char *note)
{
	Twinlog__Body body = TWINLOG__BODY__INIT;
	body.note = codec_string(note);
	body_office(cli, &body);
	return send_one(batch, record, operation_new(cli, record->kind, operation, &body));
}

static int answer_run(struct cli *cli, const struct cli_arguments *arguments)
{
	static struct batch batch;
	Twinlog__Record *record;
	const char *word = cli_operand(arguments, 1), *note = cli_option(arguments, "note");
	if (batch_init(cli, arguments, &batch) || cli_show(cli, cli_operand(arguments, 0), false, &record))
		return cli_fail(cli);
	if (strcmp(word, "same") == 0)
		return short_word(cli, &batch, record, TWINLOG__OPERATION__OPERATION_CONFIRMATION, note);
	if (strcmp(word, "unknown") == 0)
		return short_word(cli, &batch, record, TWINLOG__OPERATION__OPERATION_DENIAL, note);
	if (strcmp(word, "differs") != 0)
		return cli_refuse(cli, TWINLOG_USAGE, N_("same, differs or unknown"), word);
	json_t *changes = object_of_options(arguments);
	if (note)
		json_object_set_new(changes, "note", json_string(note));
	const int code = amend_statement(cli, arguments, &batch, record, changes);
	json_decref(changes);
	return code;
}

const struct cli_command command_answer = {
    .name = "answer",
    .operands = N_("ID same|differs|unknown"),
    .least = 2,
    .most = 2,
    .summary = N_("give this city's word on a partner's record"),
    .description = "",
    .options = answer_options,
    .run = answer_run,
};

static int withdraw_run(struct cli *cli, const struct cli_arguments *arguments)
{
	static struct batch batch;
	Twinlog__Record *record;
	if (batch_init(cli, arguments, &batch) || cli_show(cli, cli_operand(arguments, 0), false, &record))
		return cli_fail(cli);
	return short_word(cli, &batch, record, TWINLOG__OPERATION__OPERATION_WITHDRAWAL, cli_option(arguments, "note"));
}

const struct cli_command command_withdraw = {
    .name = "withdraw",
    .operands = N_("ID"),
    .least = 1,
    .most = 1,
    .summary = N_("take back what this city said"),
    .description = "",
    .options = answer_options,
    .run = withdraw_run,
};
