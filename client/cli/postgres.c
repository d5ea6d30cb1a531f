#include "postgres.h"

#include <libpq-fe.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_SECONDS "10"

struct postgres {
	PGconn *connection;
};

/* ---- Faults ---- */

/* What comes last on the first line, behind "ERROR:  ", "connection to server at … failed: " and the like. */
static void say(struct twinlog_fault *fault, enum twinlog_error code, const char *message)
{
	static const char *const heads[] = {":  ", " failed: "};
	char line[sizeof fault->value];
	const size_t size = strcspn(message, "\n");
	const char *at = line;

	snprintf(line, sizeof line, "%.*s", (int)(size < sizeof line ? size : sizeof line - 1), message);
	for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
		for (const char *head = strstr(at, heads[i]); head; head = strstr(at, heads[i]))
			at = head + strlen(heads[i]);
	(void)twinlog_fault_set(fault, code, "postgresql", at);
}

/* Classes of SQLSTATE (PostgreSQL, appendix A) for which a later try may do. None: it was not the server that spoke, so
 * the connection is gone, whether libpq has noticed or not. */
static bool passes(const char *state)
{
	static const char *const classes[] = {"08", "40", "53", "57"};

	for (size_t i = 0; state && i < sizeof classes / sizeof *classes; i++)
		if (strncmp(state, classes[i], 2) == 0)
			return true;
	return !state;
}

static enum twinlog_error failed(const struct postgres *postgres, const PGresult *result, struct twinlog_fault *fault)
{
	const bool away = PQstatus(postgres->connection) != CONNECTION_OK ||
			  passes(result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL);
	const enum twinlog_error code = away ? TWINLOG_DATABASE_AWAY : TWINLOG_DATABASE;
	const char *message = result ? PQresultErrorMessage(result) : "";

	say(fault, code, *message ? message : PQerrorMessage(postgres->connection));
	return code;
}

/* ---- The connection ---- */

static void keep_quiet(void *nothing, const char *message)
{
	(void)nothing;
	(void)message;
}

bool postgres_url_sound(const char *url)
{
	PQconninfoOption *options = PQconninfoParse(url, NULL);

	PQconninfoFree(options);
	return options;
}

enum twinlog_error postgres_open(const char *url, struct postgres **ret_postgres, struct twinlog_fault *fault)
{
	/* The url comes last and has the last word. */
	const char *const names[] = {"client_encoding", "connect_timeout", "fallback_application_name", "dbname", NULL};
	const char *const values[] = {"UTF8", CONNECT_SECONDS, "twinlog", url, NULL};
	struct postgres *postgres = calloc(1, sizeof *postgres);

	if (!postgres)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	postgres->connection = PQconnectdbParams(names, values, 1);
	if (PQstatus(postgres->connection) != CONNECTION_OK) {
		const PGPing ping = PQpingParams(names, values, 1);
		const enum twinlog_error error =
		    ping == PQPING_REJECT || ping == PQPING_NO_RESPONSE ? TWINLOG_DATABASE_AWAY : TWINLOG_DATABASE;

		say(fault, error, PQerrorMessage(postgres->connection));
		postgres_close(postgres);
		return error;
	}
	PQsetNoticeProcessor(postgres->connection, keep_quiet, NULL);
	*ret_postgres = postgres;
	return TWINLOG_OK;
}

void postgres_close(struct postgres *postgres)
{
	if (!postgres)
		return;
	PQfinish(postgres->connection);
	free(postgres);
}

/* ---- Statements ---- */

enum twinlog_error postgres_do(struct postgres *postgres, const char *sql, struct twinlog_fault *fault)
{
	PGresult *result = PQexec(postgres->connection, sql);
	const ExecStatusType status = PQresultStatus(result);
	const enum twinlog_error error =
	    status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? TWINLOG_OK : failed(postgres, result, fault);

	PQclear(result);
	return error;
}

static enum twinlog_error answer_copy(const PGresult *result, struct arena *arena, struct postgres_answer *ret_answer)
{
	struct postgres_answer answer = {(size_t)PQntuples(result), (size_t)PQnfields(result), NULL};

	answer.cells = arena_zalloc(arena, (answer.rows * answer.columns + 1) * sizeof *answer.cells);
	if (!answer.cells)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < answer.rows * answer.columns; i++) {
		const int row = (int)(i / answer.columns), column = (int)(i % answer.columns);

		if (PQgetisnull(result, row, column))
			continue;
		answer.cells[i] =
		    arena_copy(arena, PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column) + 1);
		if (!answer.cells[i])
			return TWINLOG_NO_MEMORY;
	}
	*ret_answer = answer;
	return TWINLOG_OK;
}

enum twinlog_error postgres_ask(struct postgres *postgres, struct arena *arena, const char *sql,
				const char *const *values, size_t values_count, struct postgres_answer *ret_answer,
				struct twinlog_fault *fault)
{
	PGresult *result = PQexecParams(postgres->connection, sql, (int)values_count, NULL, values, NULL, NULL, 0);
	const ExecStatusType status = PQresultStatus(result);
	enum twinlog_error error = TWINLOG_OK;

	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		error = failed(postgres, result, fault);
	else if (answer_copy(result, arena, ret_answer))
		error = twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	PQclear(result);
	return error;
}

/* ---- Rows ---- */

static bool rows_room(struct postgres_rows *rows, size_t more)
{
	size_t capacity = rows->capacity ? rows->capacity : 65536;
	char *grown;

	if (rows->failed)
		return false;
	if (rows->size + more <= rows->capacity)
		return true;
	while (capacity < rows->size + more)
		capacity *= 2;
	grown = realloc(rows->bytes, capacity);
	rows->failed = !grown;
	if (!grown)
		return false;
	rows->bytes = grown;
	rows->capacity = capacity;
	return true;
}

static void cell_begin(struct postgres_rows *rows)
{
	if (rows->begun)
		rows->bytes[rows->size++] = '\t';
	rows->begun = true;
}

/* PostgreSQL, COPY, "Text Format": the letter behind the backslash; 0: the character stands for itself. */
static char escaped(char character)
{
	switch (character) {
	case '\\':
		return '\\';
	case '\n':
		return 'n';
	case '\r':
		return 'r';
	case '\t':
		return 't';
	default:
		return 0;
	}
}

void postgres_cell(struct postgres_rows *rows, const void *text, size_t size)
{
	const char *bytes = text;

	if (!rows_room(rows, 2 * size + 2))
		return;
	cell_begin(rows);
	for (size_t i = 0; i < size; i++) {
		const char letter = escaped(bytes[i]);

		if (letter)
			rows->bytes[rows->size++] = '\\';
		rows->bytes[rows->size++] = (char)(letter ? letter : bytes[i]);
	}
}

void postgres_cell_null(struct postgres_rows *rows)
{
	if (!rows_room(rows, 4))
		return;
	cell_begin(rows);
	rows->bytes[rows->size++] = '\\';
	rows->bytes[rows->size++] = 'N';
}

void postgres_cell_number(struct postgres_rows *rows, int64_t number)
{
	char text[24];
	const int size = snprintf(text, sizeof text, "%lld", (long long)number);

	postgres_cell(rows, text, (size_t)size);
}

void postgres_row_end(struct postgres_rows *rows)
{
	if (!rows_room(rows, 1))
		return;
	rows->bytes[rows->size++] = '\n';
	rows->begun = false;
}

void postgres_rows_free(struct postgres_rows *rows)
{
	free(rows->bytes);
	*rows = (struct postgres_rows){0};
}

#define COPY_PART (1u << 20) /* bytes handed over at once */

enum twinlog_error postgres_copy(struct postgres *postgres, const char *table, const struct postgres_rows *rows,
				 struct twinlog_fault *fault)
{
	char sql[1024];
	PGresult *result;
	enum twinlog_error error = TWINLOG_OK;

	if (rows->failed)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	if (rows->size == 0)
		return TWINLOG_OK;
	snprintf(sql, sizeof sql, "COPY %s FROM STDIN", table);
	result = PQexec(postgres->connection, sql);
	if (PQresultStatus(result) != PGRES_COPY_IN)
		error = failed(postgres, result, fault);
	PQclear(result);
	for (size_t at = 0; !error && at < rows->size; at += COPY_PART) {
		const size_t part = rows->size - at < COPY_PART ? rows->size - at : COPY_PART;

		if (PQputCopyData(postgres->connection, rows->bytes + at, (int)part) != 1)
			error = failed(postgres, NULL, fault);
	}
	if (!error && PQputCopyEnd(postgres->connection, NULL) != 1)
		error = failed(postgres, NULL, fault);
	while (!error && (result = PQgetResult(postgres->connection)) != NULL) {
		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			error = failed(postgres, result, fault);
		PQclear(result);
	}
	return error;
}
