/* mirror: the records as tables of PostgreSQL, kept up to date from the feed of changes. */
#include <stdlib.h>
#include <string.h>

#include "commands.h"
#include "mirror.h"

#define BACKOFF_MS     1000u /* after the first failure; doubles */
#define BACKOFF_MAX_MS 30000u

static const struct cli_option mirror_options[] = {
    {"once", 0, NULL, N_("end when the tables are up to date"), false},
    {"space", 0, N_("SPACE"), N_("in this space, by title or beginning of its id"), true},
    {0},
};

struct mirror {
	struct cli *cli;
	const char *url;
	const char *city;   /* identity, in hex */
	const char *spaces; /* asked for */
	struct follow follow;
	struct postgres *postgres; /* NULL: the connection is to be made */
	struct mirror_place place;
	struct mirror_writer *writer;
	struct mirror_batch batches[2]; /* one is written while the other is filled */
	size_t turn;
	uint32_t backoff_ms; /* 0: all is well */
	uint64_t records, gone;
};

/* ---- The database ---- */

/* Once an outage; then it is tried again, later each time. */
static void mirror_wait(struct mirror *mirror)
{
	cli_progress_end(mirror->cli);
	if (mirror->backoff_ms == 0)
		cli_fault_print(stderr, &mirror->cli->fault);
	mirror->backoff_ms = mirror->backoff_ms == 0 ? BACKOFF_MS : 2 * mirror->backoff_ms;
	if (mirror->backoff_ms > BACKOFF_MAX_MS)
		mirror->backoff_ms = BACKOFF_MAX_MS;
	follow_pause(mirror->backoff_ms);
}

static void mirror_close(struct mirror *mirror)
{
	postgres_close(mirror->postgres);
	mirror->postgres = NULL;
}

/* Connects, and goes on from where the tables stand. */
static enum twinlog_error mirror_connect(struct mirror *mirror)
{
	struct cli *cli = mirror->cli;
	enum twinlog_error error = postgres_open(mirror->url, &mirror->postgres, &cli->fault);

	if (!error)
		error = mirror_open(cli, mirror->postgres, mirror->city, mirror->spaces, &mirror->place);
	if (error) {
		mirror_close(mirror);
		return error;
	}
	follow_seek(&mirror->follow, mirror->place.cursor, mirror->place.cursor_size);
	return TWINLOG_OK;
}

/* What a later try may mend is no end, unless it was to be done once. */
static enum twinlog_error mirror_pass_over(struct mirror *mirror, enum twinlog_error error)
{
	/* Another mirror has written meanwhile: go on from where that one is. */
	if (error == TWINLOG_STALE) {
		mirror_close(mirror);
		return TWINLOG_OK;
	}
	if (error != TWINLOG_DATABASE_AWAY || mirror->follow.once)
		return error;
	mirror_close(mirror);
	mirror_wait(mirror);
	return TWINLOG_OK;
}

/* ---- One page ---- */

static struct mirror_place place_after(const struct mirror *mirror, const Twinlog__Changed *changed)
{
	struct mirror_place after = mirror->place;

	if (changed->anew) {
		after.fill++;
		after.filling = true;
	}
	if (!changed->more) {
		after.filling = false;
		after.indexed = true;
	}
	memcpy(after.cursor, changed->cursor.data, changed->cursor.len);
	after.cursor_size = changed->cursor.len;
	return after;
}

static bool same_place(const struct mirror_place *a, const struct mirror_place *b)
{
	return a->fill == b->fill && a->filling == b->filling && a->indexed == b->indexed &&
	       a->cursor_size == b->cursor_size && memcmp(a->cursor, b->cursor, a->cursor_size) == 0;
}

/* Hands the page to the writer; an error may be that of the page before. */
static enum twinlog_error page_write(struct mirror *mirror, const Twinlog__Changed *changed)
{
	struct cli *cli = mirror->cli;
	struct mirror_batch *batch = &mirror->batches[mirror->turn];
	struct mirror_job job = {.batch = batch, .before = mirror->place, .after = place_after(mirror, changed)};
	enum twinlog_error error;

	if (changed->n_changes == 0 && same_place(&job.before, &job.after))
		return TWINLOG_OK;
	mirror_batch_reset(batch);
	batch->fill = job.after.fill;
	for (size_t i = 0; i < changed->n_changes; i++)
		mirror_add(cli, batch, changed->changes[i]);
	/* What was there before is told anew or deleted at the end, also when all of it comes on one page. */
	job.anew = changed->anew || job.before.filling;
	error = mirror_writer_wait(mirror->writer, &cli->fault);
	if (error)
		return error;
	job.postgres = mirror->postgres;
	mirror_writer_give(mirror->writer, &job);
	mirror->turn ^= 1;
	mirror->place = job.after;
	/* Where nothing more is to come the next page may be long in coming. */
	if (!changed->more)
		error = mirror_writer_wait(mirror->writer, &cli->fault);
	if (error)
		return error;
	mirror->backoff_ms = 0;
	mirror->records += batch->records;
	mirror->gone += batch->gone;
	for (size_t i = 0; i < changed->n_changes; i++)
		if (changed->changes[i]->large)
			cli_note(_("%s: too large for one answer, so what the cities say of it is left out"),
				 cli_hex(cli, changed->changes[i]->record->handle, 0));
	if (changed->more)
		cli_progress(cli, _("%llu records written"), (unsigned long long)mirror->records);
	else
		cli_progress_end(cli);
	return TWINLOG_OK;
}

/* Memory is that of one page: each has an arena of its own, put in the run's place while it lasts. */
static enum twinlog_error mirror_pages(struct mirror *mirror)
{
	struct cli *cli = mirror->cli;
	struct arena *whole = cli->arena;
	Twinlog__Changed *changed = NULL;
	enum twinlog_error error = TWINLOG_OK;

	cli->arena = arena_new(TWINLOG_ANSWER_MAX);
	if (!cli->arena || mirror_writer_new(cli, &mirror->writer))
		error = twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	while (!error && !follow_ended()) {
		arena_reset(cli->arena);
		if (!mirror->postgres) {
			error = mirror_connect(mirror);
			if (error)
				error = mirror_pass_over(mirror, error);
			continue;
		}
		error = follow_next(&mirror->follow, cli->arena, &changed);
		if (error || !changed)
			break;
		error = page_write(mirror, changed);
		if (error)
			error = mirror_pass_over(mirror, error);
	}
	if (!error && mirror->writer)
		error = mirror_writer_wait(mirror->writer, &cli->fault);
	mirror_writer_free(mirror->writer);
	cli_progress_end(cli);
	arena_free(cli->arena);
	cli->arena = whole;
	return error;
}

/* ---- The run ---- */

static enum twinlog_error city_ask(struct mirror *mirror)
{
	const Twinlog__CardIs *card;
	const enum twinlog_error error = cli_card(mirror->cli, &card);

	if (!error)
		mirror->city = cli_hex(mirror->cli, card->identity, 0);
	return error;
}

static int compare_bytes(const void *a, const void *b)
{
	const ProtobufCBinaryData *left = a, *right = b;

	return memcmp(left->data, right->data, HASH_SIZE);
}

/* The same spaces, in whatever order they are named. */
static const char *spaces_text(struct cli *cli, Twinlog__Filter *filter)
{
	const char *text = "";

	if (filter->n_spaces > 1)
		qsort(filter->spaces, filter->n_spaces, sizeof *filter->spaces, compare_bytes);
	for (size_t i = 0; i < filter->n_spaces; i++)
		text = cli_printf(cli, "%s%s%s", text, i ? "," : "", cli_hex(cli, filter->spaces[i], 0));
	return text;
}

static int mirror_run(struct cli *cli, const struct cli_arguments *arguments)
{
	Twinlog__Filter filter = TWINLOG__FILTER__INIT;
	struct mirror mirror = {
	    .cli = cli,
	    .url = cli_operand(arguments, 0),
	    .follow = {.cli = cli, .filter = &filter, .once = cli_given(arguments, "once")},
	};
	enum twinlog_error error;

	/* It is not shown: there may be a password in it. */
	if (!postgres_url_sound(mirror.url))
		return cli_refuse(cli, TWINLOG_USAGE, N_("URL is postgresql://USER@HOST/DATABASE"), NULL);
	if (cli_connect(cli) || cli_filter(cli, arguments, &filter) || city_ask(&mirror))
		return cli_fail(cli);
	mirror.spaces = spaces_text(cli, &filter);
	follow_signals();
	error = mirror_pages(&mirror);
	mirror_close(&mirror);
	mirror_batch_free(&mirror.batches[0]);
	mirror_batch_free(&mirror.batches[1]);
	if (error)
		return cli_fail(cli);
	printf(_("%llu records written, %llu of them gone\n"), (unsigned long long)mirror.records,
	       (unsigned long long)mirror.gone);
	return 0;
}

const struct cli_command command_mirror = {
    .name = "mirror",
    .operands = N_("URL"),
    .least = 1,
    .most = 1,
    .summary = N_("keep the records as tables of PostgreSQL"),
    .description = N_(
	"URL is postgresql://USER@HOST/DATABASE; a password is better kept in ~/.pgpass. Makes the tables records, "
	"statements, cities, participants, fields and money in the first schema of the search path, and keeps them as "
	"the records stand here, each change once, whatever is stopped or killed meanwhile; erased content goes there "
	"too. Goes on until it is ended; a database that is away is tried again.\n"
	"All tables have a column record: on a cluster of Citus distribute each of them by it, with "
	"create_distributed_table('records', 'record') and so on, once the tables are made."),
    .options = mirror_options,
    .run = mirror_run,
};
