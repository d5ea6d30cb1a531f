/* The mirror's tables, and a transaction on them. */
#include <string.h>

#include "mirror.h"

#define VALUES                                                                                                         \
	"form text, mode text, status text, direction text, relation_type text, \"start\" text, \"end\" text, "        \
	"first_day date, last_day date, events bigint"

/* Columns in the order of mirror_rows.c. Everything hangs on the record's id, of 32 hex digits: the key of the table of
 * records, and what a cluster distributes all tables by. */
static const struct {
	const char *name, *columns, *index;
} tables[MIRROR_TABLES] = {
    {"records",
     "record text PRIMARY KEY, space text NOT NULL, kind text NOT NULL, state text NOT NULL, opener text, lead text, "
     "changed timestamptz, title text, " VALUES ", fill bigint NOT NULL",
     NULL},
    {"statements",
     "record text NOT NULL, city text, identity text NOT NULL, party boolean NOT NULL, standing text NOT NULL, "
     "outdated boolean NOT NULL, conflicts bigint NOT NULL, version bigint, leaf text, answers text, said timestamptz, "
     "office text, title text, " VALUES ", body json",
     "record"},
    {"cities", "record text NOT NULL, said_by text, city text, role text", "record"},
    {"participants", "record text NOT NULL, said_by text, side text, total bigint, private bigint", "record"},
    {"fields", "record text NOT NULL, said_by text, field text", "record"},
    {"money",
     "record text NOT NULL, said_by text, kind text NOT NULL, amount bigint NOT NULL, currency text, payer text, "
     "\"from\" text, \"to\" text",
     "record"},
};

#define META "twinlog_mirror"
#define META_COLUMNS                                                                                                   \
	"version integer NOT NULL, city text NOT NULL, spaces text NOT NULL, \"cursor\" text NOT NULL, "               \
	"fill bigint NOT NULL, filling boolean NOT NULL, indexed boolean NOT NULL"

/* ---- Making them ---- */

/* Whether a table of the mirror's names stands in the schema that new tables come into; *ret_name is one of them. */
static enum twinlog_error tables_there(struct cli *cli, struct postgres *postgres, bool *ret_meta,
				       const char **ret_name)
{
	struct postgres_answer found;
	enum twinlog_error error = postgres_ask(
	    postgres, cli->arena,
	    "SELECT c.relname FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace "
	    "WHERE n.nspname = current_schema() AND c.relname IN ('" META "', 'records', 'statements', 'cities', "
	    "'participants', 'fields', 'money') ORDER BY c.relname = '" META "' DESC, c.relname",
	    NULL, 0, &found, &cli->fault);

	if (error)
		return error;
	*ret_name = found.rows > 0 ? found.cells[0] : NULL;
	*ret_meta = *ret_name && strcmp(*ret_name, META) == 0;
	return TWINLOG_OK;
}

static enum twinlog_error tables_make(struct cli *cli, struct postgres *postgres, const char *city, const char *spaces)
{
	const char *const values[] = {cli_printf(cli, "%u", MIRROR_VERSION), city, spaces};
	struct postgres_answer nothing;
	enum twinlog_error error =
	    postgres_do(postgres, "BEGIN; CREATE TABLE " META " (" META_COLUMNS ")", &cli->fault);

	for (size_t i = 0; !error && i < MIRROR_TABLES; i++) {
		error = postgres_do(
		    postgres, cli_printf(cli, "CREATE TABLE %s (%s)", tables[i].name, tables[i].columns), &cli->fault);
	}
	if (!error)
		error = postgres_ask(postgres, cli->arena,
				     "INSERT INTO " META " VALUES ($1::integer, $2, $3, '', 0, false, false)", values,
				     3, &nothing, &cli->fault);
	return error ? error : postgres_do(postgres, "COMMIT", &cli->fault);
}

/* ---- Opening ---- */

static enum twinlog_error place_take(struct cli *cli, const struct postgres_answer *row, struct mirror_place *ret_place)
{
	struct mirror_place place = {.fill = strtoull(row->cells[4], NULL, 10),
				     .filling = row->cells[5][0] == 't',
				     .indexed = row->cells[6][0] == 't'};
	const char *cursor = row->cells[3];

	place.cursor_size = strlen(cursor) / 2;
	if (place.cursor_size > sizeof place.cursor ||
	    hex_decode(place.cursor, place.cursor_size, cursor, strlen(cursor)))
		return twinlog_fault_set(&cli->fault, TWINLOG_BAD_CURSOR, META, cursor);
	*ret_place = place;
	return TWINLOG_OK;
}

#define META_READ "SELECT version, city, spaces, \"cursor\", fill, filling, indexed FROM " META

static enum twinlog_error meta_read(struct cli *cli, struct postgres *postgres, const char *sql,
				    struct postgres_answer *ret_row)
{
	enum twinlog_error error = postgres_ask(postgres, cli->arena, sql, NULL, 0, ret_row, &cli->fault);

	if (error)
		return error;
	for (size_t i = 0; i < ret_row->columns; i++)
		if (ret_row->rows != 1 || !ret_row->cells[i])
			return twinlog_fault_set(&cli->fault, TWINLOG_NOT_A_MIRROR, META, NULL);
	return TWINLOG_OK;
}

enum twinlog_error mirror_open(struct cli *cli, struct postgres *postgres, const char *city, const char *spaces,
			       struct mirror_place *ret_place)
{
	struct postgres_answer row;
	const char *name;
	bool meta;
	/* What is lost with a crash of the database is asked for again: the cursor is lost with it. And a table that
	 * has just been filled tells the planner nothing of its size. */
	enum twinlog_error error = postgres_do(
	    postgres, "SET synchronous_commit TO off; SET enable_seqscan TO off; SET jit TO off", &cli->fault);

	if (!error)
		error = tables_there(cli, postgres, &meta, &name);
	if (!error && name && !meta)
		return twinlog_fault_set(&cli->fault, TWINLOG_NOT_A_MIRROR, name, NULL);
	if (!error && !name)
		error = tables_make(cli, postgres, city, spaces);
	if (error)
		return error;
	error = meta_read(cli, postgres, META_READ, &row);
	if (error == TWINLOG_DATABASE)
		return twinlog_fault_set(&cli->fault, TWINLOG_NOT_A_MIRROR, META, NULL);
	if (error)
		return error;
	if (strtoul(row.cells[0], NULL, 10) != MIRROR_VERSION)
		return twinlog_fault_set(&cli->fault, TWINLOG_MIRROR_VERSION, META, row.cells[0]);
	if (strcmp(row.cells[1], city) != 0 || strcmp(row.cells[2], spaces) != 0)
		return twinlog_fault_set(&cli->fault, TWINLOG_MIRROR_OF_OTHERS, META, NULL);
	return place_take(cli, &row, ret_place);
}

/* ---- One transaction ---- */

/* Only one who holds the row of meta writes, and only from the place that it knows. */
static enum twinlog_error place_hold(struct cli *cli, struct postgres *postgres, const struct mirror_place *before)
{
	struct postgres_answer row;
	struct mirror_place there;
	enum twinlog_error error = meta_read(cli, postgres, META_READ " FOR UPDATE", &row);

	if (!error)
		error = place_take(cli, &row, &there);
	if (!error && (there.cursor_size != before->cursor_size || there.fill != before->fill ||
		       memcmp(there.cursor, before->cursor, there.cursor_size) != 0))
		error = twinlog_fault_set(&cli->fault, TWINLOG_STALE, META, NULL);
	return error;
}

/* Most changes of a first fill are of records that are not there: then the other tables are not looked at. */
static enum twinlog_error records_delete(struct cli *cli, struct postgres *postgres, const struct mirror_batch *batch)
{
	char *ids = arena_alloc(cli->arena, batch->ids.size + 2);
	struct postgres_answer gone;
	enum twinlog_error error = TWINLOG_OK;

	if (batch->ids.size == 0)
		return TWINLOG_OK;
	if (!ids || batch->ids.failed)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	memcpy(ids, batch->ids.bytes, batch->ids.size);
	memcpy(ids + batch->ids.size, "}", 2);
	const char *const values[] = {ids};

	error = postgres_ask(postgres, cli->arena, "DELETE FROM records WHERE record = ANY ($1::text[]) RETURNING 1",
			     values, 1, &gone, &cli->fault);
	for (size_t i = 1; !error && gone.rows > 0 && i < MIRROR_TABLES; i++) {
		struct postgres_answer nothing;

		error = postgres_ask(postgres, cli->arena,
				     cli_printf(cli, "DELETE FROM %s WHERE record = ANY ($1::text[])", tables[i].name),
				     values, 1, &nothing, &cli->fault);
	}
	return error;
}

/* Made at the end of the first fill, which until then has nothing to look up but records. */
static enum twinlog_error indexes_make(struct cli *cli, struct postgres *postgres)
{
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = 0; !error && i < MIRROR_TABLES; i++)
		if (tables[i].index)
			error = postgres_do(postgres,
					    cli_printf(cli, "CREATE INDEX ON %s (%s)", tables[i].name, tables[i].index),
					    &cli->fault);
	return error;
}

/* Everything has been told anew: what was not told is gone. */
static enum twinlog_error leftovers_delete(struct cli *cli, struct postgres *postgres, uint64_t fill)
{
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = MIRROR_TABLES; !error && i-- > 0;)
		error = postgres_do(
		    postgres,
		    cli_printf(cli, "DELETE FROM %s WHERE record IN (SELECT record FROM records WHERE fill < %llu)",
			       tables[i].name, (unsigned long long)fill),
		    &cli->fault);
	return error;
}

static enum twinlog_error place_write(struct cli *cli, struct postgres *postgres, const struct mirror_place *after)
{
	const char *const values[] = {
	    cli_hex(cli, codec_bytes((uint8_t *)(uintptr_t)after->cursor, after->cursor_size), 0),
	    cli_printf(cli, "%llu", (unsigned long long)after->fill), after->filling ? "t" : "f",
	    after->indexed ? "t" : "f"};
	struct postgres_answer nothing;

	return postgres_ask(postgres, cli->arena,
			    "UPDATE " META
			    " SET \"cursor\" = $1, fill = $2::bigint, filling = $3::boolean, indexed = $4::boolean",
			    values, 4, &nothing, &cli->fault);
}

enum twinlog_error mirror_write(struct cli *cli, struct postgres *postgres, const struct mirror_batch *batch,
				const struct mirror_place *before, const struct mirror_place *after, bool anew)
{
	enum twinlog_error error = postgres_do(postgres, "BEGIN", &cli->fault);

	if (!error)
		error = place_hold(cli, postgres, before);
	if (!error)
		error = records_delete(cli, postgres, batch);
	for (size_t i = 0; !error && i < MIRROR_TABLES; i++)
		error = postgres_copy(postgres, tables[i].name, &batch->rows[i], &cli->fault);
	if (!error && anew && !after->filling)
		error = leftovers_delete(cli, postgres, after->fill);
	if (!error && after->indexed && !before->indexed)
		error = indexes_make(cli, postgres);
	if (!error)
		error = place_write(cli, postgres, after);
	if (!error)
		return postgres_do(postgres, "COMMIT", &cli->fault);
	struct twinlog_fault nothing;

	(void)!postgres_do(postgres, "ROLLBACK", &nothing);
	return error;
}
