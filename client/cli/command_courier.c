/* courier write, courier read: the same objects and the same checks as on a line, in a file. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "carried.h"
#include "carry.pb-c.h"
#include "commands.h"
#include "courier.h"
#include "parts.h"

#define COURIER_PAGE_BYTES (256u * 1024) /* so that the daemon is not held up for long */
#define COURIER_PAGE_PARTS 128u

/* ---- write ---- */

static int write_run(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__CarryGet get = TWINLOG__CARRY_GET__INIT;
	const char *path = cli_operand(arguments, 0), *to = cli_option(arguments, "to");
	const Twinlog__PeerInfo *peer;
	struct carry_count count = {0};

	if (!to)
		return cli_refuse(cli, TWINLOG_USAGE, N_("courier write: say for whom with --to CITY"), NULL);
	if (cli_connect(cli) || cli_peer(cli, to, &peer))
		return cli_fail(cli);
	get.to = peer->identity;
	get.all = cli_given(arguments, "all");
	if (carry_write(cli, &get, path, &count))
		return cli_fail(cli);
	cli_note(_("%s: for %s, %llu acts, %llu bundles, %llu erasures; whoever holds it can read it"), path,
		 cli_city_name(cli, peer->city_id), (unsigned long long)count.acts, (unsigned long long)count.bundles,
		 (unsigned long long)count.erasures);
	return 0;
}

static const struct cli_option write_options[] = {
    {"to", 0, N_("CITY"), N_("the partner that it is for"), false},
    {"all", 0, NULL, N_("also what the partner is known to hold"), false},
    {0},
};

const struct cli_command command_courier_write = {
    .name = "courier write",
    .operands = N_("FILE"),
    .least = 1,
    .most = 1,
    .summary = N_("write what a partner lacks into a file"),
    .description = N_("For a line that is down or forbidden. The file holds what you share with that city and nothing "
		      "else, less what its positions say it holds. It is not encrypted."),
    .options = write_options,
    .run = write_run,
};

/* ---- read ---- */

struct reading {
	struct cli *cli;
	FILE *file;
	const char *path;
	uint8_t *bytes;
	size_t capacity;
	uint8_t *head;
	size_t head_size;
	Twinlog__CarryTaken sum;
	struct arena *page; /* what waits to be sent */
	ProtobufCBinaryData parts[COURIER_PAGE_PARTS];
	size_t parts_count;
	size_t parts_bytes;
};

static enum twinlog_error page_send(struct reading *reading)
{
	struct cli *cli = reading->cli;
	struct arena *whole = cli->arena;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__CarryPut put = TWINLOG__CARRY_PUT__INIT;
	Twinlog__Reply *reply;
	enum twinlog_error error;

	put.head = codec_bytes(reading->head, reading->head_size);
	put.parts = reading->parts;
	put.n_parts = reading->parts_count;
	request.body_case = TWINLOG__REQUEST__BODY_CARRY_PUT;
	request.carry_put = &put;
	cli->arena = reading->page;
	error = cli_call(cli, &request, &reply);
	if (!error && reply->body_case != TWINLOG__REPLY__BODY_CARRY_TAKEN)
		error = twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	cli->arena = whole;
	if (!error) {
		const Twinlog__CarryTaken *taken = reply->carry_taken;

		reading->sum.acts += taken->acts;
		reading->sum.bundles += taken->bundles;
		reading->sum.erasures += taken->erasures;
		reading->sum.known += taken->known;
		reading->sum.waiting += taken->waiting;
		reading->sum.refused += taken->refused;
		reading->sum.code = reading->sum.code ? reading->sum.code : taken->code;
	}
	reading->parts_count = reading->parts_bytes = 0;
	arena_reset(reading->page);
	cli_progress(cli, _("%llu bundles taken in"), (unsigned long long)reading->sum.bundles);
	return error;
}

static enum twinlog_error part_keep(struct reading *reading, size_t size)
{
	uint8_t *copy = arena_copy(reading->page, reading->bytes, size);

	if (!copy)
		return twinlog_fault_set(&reading->cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	reading->parts[reading->parts_count++] = codec_bytes(copy, size);
	reading->parts_bytes += size;
	if (reading->parts_count < COURIER_PAGE_PARTS && reading->parts_bytes < COURIER_PAGE_BYTES)
		return TWINLOG_OK;
	return page_send(reading);
}

static enum twinlog_error head_keep(struct reading *reading, const Twinlog__CarriedPart *part)
{
	enum twinlog_error error = TWINLOG_NOT_A_CARRIED_FILE;

	if (part->body_case == TWINLOG__CARRIED_PART__BODY_HEAD && !reading->head)
		error = codec_pack(&part->head->base, &reading->head, &reading->head_size);
	return error ? twinlog_fault_set(&reading->cli->fault, error, reading->path, NULL) : TWINLOG_OK;
}

/* The parts of some kinds, in the order of the file. */
static enum twinlog_error pass(struct reading *reading, bool proofs)
{
	struct cli *cli = reading->cli;
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	enum twinlog_error error = arena ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	bool ended = false;
	size_t size;

	rewind(reading->file);
	for (uint64_t number = 0; !error && !ended; number++) {
		Twinlog__CarriedPart *part;

		error = parts_read(reading->file, &reading->bytes, &reading->capacity, &size);
		if (!error) {
			arena_reset(arena);
			error = CODEC_UNPACK(arena, reading->bytes, size, &part, twinlog__carried_part);
		}
		if (error == TWINLOG_MISSING || error == TWINLOG_MALFORMED)
			/* Cut short: what came before is sound, and the rest can be read from a whole copy later. */
			error = number == 0 ? TWINLOG_NOT_A_CARRIED_FILE : TWINLOG_CUT_SHORT;
		if (error) {
			twinlog_fault_set(&cli->fault, error, reading->path, NULL);
			break;
		}
		switch (part->body_case) {
		case TWINLOG__CARRIED_PART__BODY_CARD:
		case TWINLOG__CARRIED_PART__BODY_ACT:
		case TWINLOG__CARRIED_PART__BODY_ERASURE:
			error = proofs ? part_keep(reading, size) : TWINLOG_OK;
			break;
		case TWINLOG__CARRIED_PART__BODY_BUNDLE:
		case TWINLOG__CARRIED_PART__BODY_POSITION:
			error = proofs ? TWINLOG_OK : part_keep(reading, size);
			break;
		case TWINLOG__CARRIED_PART__BODY_END:
			ended = true;
			break;
		case TWINLOG__CARRIED_PART__BODY_HEAD:
			error = number == 0 && proofs ? head_keep(reading, part) : TWINLOG_OK;
			break;
		default: /* what a newer partner adds */
			break;
		}
		if (!error && number == 0 && !reading->head)
			error = twinlog_fault_set(&cli->fault, TWINLOG_NOT_A_CARRIED_FILE, reading->path, NULL);
	}
	arena_free(arena);
	/* What a cut file has given so far is taken in all the same. */
	if (reading->head && reading->parts_count > 0 && (!error || error == TWINLOG_CUT_SHORT)) {
		const struct twinlog_fault fault = cli->fault;
		const enum twinlog_error sent = page_send(reading);

		if (sent)
			return sent;
		cli->fault = fault;
	}
	return error;
}

static int taken_print(struct cli *cli, const char *path, const Twinlog__CarryTaken *sum)
{
	if (cli->format != FORMAT_TABLE) {
		json_t *json = json_pack("{s:I,s:I,s:I,s:I,s:I,s:I}", "acts", (json_int_t)sum->acts, "bundles",
					 (json_int_t)sum->bundles, "erasures", (json_int_t)sum->erasures, "known",
					 (json_int_t)sum->known, "waiting", (json_int_t)sum->waiting, "refused",
					 (json_int_t)sum->refused);
		const int code = cli_print_json(cli, json);

		if (code)
			return code;
	} else {
		printf(_("new: %llu acts, %llu bundles, %llu erasures; known: %llu\n"), (unsigned long long)sum->acts,
		       (unsigned long long)sum->bundles, (unsigned long long)sum->erasures,
		       (unsigned long long)sum->known);
		if (sum->waiting > 0)
			printf(_("%llu objects build on others that are not here; ask for a file written with --all\n"),
			       (unsigned long long)sum->waiting);
	}
	if (sum->refused == 0)
		return 0;
	return cli_refuse(
	    cli, sum->code < TWINLOG_ERROR_COUNT ? (enum twinlog_error)sum->code : TWINLOG_FAILED,
	    cli_printf(cli, _("%s: %llu objects refused, the first"), path, (unsigned long long)sum->refused), NULL);
}

enum twinlog_error courier_read(struct cli *cli, const char *path, Twinlog__CarryTaken *ret_sum)
{
	struct reading reading = {.cli = cli, .path = path};
	enum twinlog_error error;

	twinlog__carry_taken__init(&reading.sum);
	reading.file = fopen(reading.path, "rb");
	if (!reading.file)
		return twinlog_fault_set(&cli->fault, errno == ENOENT ? TWINLOG_MISSING : TWINLOG_IO, path, NULL);
	reading.page = arena_new(TWINLOG_UNPACK_MAX);
	if (reading.page) {
		/* Who belongs and what was erased before what was said: nothing erased is taken in on the way. */
		error = pass(&reading, true);
		if (!error || error == TWINLOG_CUT_SHORT)
			error = pass(&reading, false);
	} else {
		error = twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	}
	cli_progress_end(cli);
	fclose(reading.file);
	arena_free(reading.page);
	free(reading.bytes);
	free(reading.head);
	*ret_sum = reading.sum;
	return error;
}

static int read_run(struct cli *cli, const struct cli_arguments *arguments)
{
	const char *path = cli_operand(arguments, 0);
	Twinlog__CarryTaken sum;

	if (cli_connect(cli) || courier_read(cli, path, &sum))
		return cli_fail(cli);
	return taken_print(cli, path, &sum);
}

const struct cli_command command_courier_read = {
    .name = "courier read",
    .operands = N_("FILE"),
    .least = 1,
    .most = 1,
    .summary = N_("take in what a partner has written into a file"),
    .description =
	N_("Everything is checked as if it had come by a line. Reading a file twice adds nothing; one that was "
	   "cut short gives what it has, and a whole copy the rest."),
    .run = read_run,
};
