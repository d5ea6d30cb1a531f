#include "follow.h"

#include <signal.h>
#include <string.h>
#include <time.h>

#define LOOK_MS  250u  /* how soon a signal is noticed */
#define AWAY_MS  1000u /* between two looks for a daemon that is away */
#define SLACK_MS 5000u /* an answer may come that much later than it was to wait */

static volatile sig_atomic_t ended;

static void end(int signal)
{
	(void)signal;
	ended = 1;
}

void follow_signals(void)
{
	const struct sigaction action = {.sa_handler = end};

	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
}

bool follow_ended(void)
{
	return ended;
}

void follow_pause(uint32_t pause_ms)
{
	const struct timespec look = {0, (long)LOOK_MS * 1000000};

	for (uint32_t passed = 0; passed < pause_ms && !ended; passed += LOOK_MS)
		nanosleep(&look, NULL);
}

enum twinlog_error follow_cursor(struct follow *follow, const char *text)
{
	const size_t size = strlen(text) / 2;

	if (size == 0 || size > sizeof follow->cursor || hex_decode(follow->cursor, size, text, strlen(text)))
		return twinlog_fault_set(&follow->cli->fault, TWINLOG_BAD_CURSOR, "--cursor", text);
	follow->cursor_size = size;
	return TWINLOG_OK;
}

void follow_seek(struct follow *follow, const void *cursor, size_t size)
{
	if (size > 0)
		memcpy(follow->cursor, cursor, size);
	follow->cursor_size = size;
	follow->asked = 0;
	follow->waits = false;
}

static enum twinlog_error follow_ask(struct follow *follow)
{
	struct cli *cli = follow->cli;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__Changes changes = TWINLOG__CHANGES__INIT;

	changes.filter = follow->filter;
	changes.cursor = codec_bytes(follow->cursor, follow->cursor_size);
	changes.from_now = follow->from_now && follow->cursor_size == 0;
	if (follow->waits) {
		changes.wait_ms = TWINLOG_CHANGES_WAIT_MS;
		changes.at_least_commit = follow->commit + 1;
	}
	request.body_case = TWINLOG__REQUEST__BODY_CHANGES;
	request.changes = &changes;
	twinlog_set_timeout(cli->twinlog, TWINLOG_CHANGES_WAIT_MS + (cli->timeout_ms ? cli->timeout_ms : SLACK_MS));
	return twinlog_send(cli->twinlog, &request, &follow->asked, &cli->fault);
}

/* A line that gives no answer any more is given up, and looked for until it stands again. */
static enum twinlog_error follow_reconnect(struct follow *follow)
{
	struct cli *cli = follow->cli;
	enum twinlog_error error = TWINLOG_NOT_REACHABLE;

	cli_fault_print(stderr, &cli->fault);
	twinlog_close(cli->twinlog);
	cli->twinlog = NULL;
	follow->asked = 0;
	while (error == TWINLOG_NOT_REACHABLE && !ended) {
		error = cli_connect(cli);
		if (error == TWINLOG_NOT_REACHABLE)
			follow_pause(AWAY_MS);
	}
	return ended ? TWINLOG_OK : error;
}

static enum twinlog_error follow_take(struct follow *follow, const Twinlog__Reply *reply)
{
	const Twinlog__Changed *changed = reply->changed;

	follow->asked = 0;
	if (reply->fault)
		return fault_from_wire(&follow->cli->fault, reply->fault->code, reply->fault->where,
				       reply->fault->value);
	if (reply->body_case != TWINLOG__REPLY__BODY_CHANGED || changed->cursor.len == 0 ||
	    changed->cursor.len > sizeof follow->cursor)
		return twinlog_fault_set(&follow->cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	memcpy(follow->cursor, changed->cursor.data, changed->cursor.len);
	follow->cursor_size = changed->cursor.len;
	follow->commit = changed->commit;
	follow->waits = !changed->more;
	return TWINLOG_OK;
}

enum twinlog_error follow_next(struct follow *follow, struct arena *arena, Twinlog__Changed **ret_changed)
{
	enum twinlog_error error = TWINLOG_OK;
	Twinlog__Reply *reply = NULL;

	*ret_changed = NULL;
	if (follow->once && follow->waits)
		return TWINLOG_OK;
	while (!error && !ended) {
		if (!follow->asked && (error = follow_ask(follow)))
			break;
		error = twinlog_receive(follow->cli->twinlog, LOOK_MS, arena, &reply, &follow->cli->fault);
		if (error == TWINLOG_NOT_REACHABLE) {
			error = follow_reconnect(follow);
		} else if (error == TWINLOG_NOT_FOUND) {
			error = TWINLOG_OK;
		} else if (!error && reply->id == follow->asked) {
			error = follow_take(follow, reply);
			if (!error && !(follow->once && follow->waits))
				error = follow_ask(follow);
			if (!error)
				*ret_changed = reply->changed;
			return error;
		}
	}
	return error;
}
