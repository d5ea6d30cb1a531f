/* The client library, libtwinlog: how a city's own software talks to its city's daemon.
 *
 * Records go in and out as JSON text, one object a record, with the field names of the manual (activity, agreement,
 * city). A connection belongs to one thread at a time; several connections may be used by several threads. Nothing
 * here writes to stdout or stderr, and nothing ends the process.
 *
 *     struct twinlog *twinlog;
 *     struct twinlog_fault fault;
 *     if (twinlog_open("/var/lib/twinlog", &twinlog, &fault))
 *             return twinlog_error_exit(fault.code);
 *
 * Every function that can fail returns enum twinlog_error, sets its outputs only on TWINLOG_OK, and fills *fault
 * otherwise (fault may be NULL). Text that is handed out in malloc'd memory is freed with twinlog_free. */
#ifndef TWINLOG_CLIENT_H
#define TWINLOG_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "twinlog/error.h"
#include "twinlog/limits.h"

#ifdef __cplusplus
extern "C" {
#endif

#define TWINLOG_RECORD_TEXT 33 /* a record or request id in hex digits, with its NUL */
#define TWINLOG_HASH_TEXT   65 /* a space, version or bundle in hex digits, with its NUL */

struct twinlog; /* one connection */

/* ---- Connecting ---- */

/* With the settings that `twinlogd init` left in a folder (client.conf). folder NULL: $TWINLOG_DIR.
 * Waits until the daemon has answered the handshake: TWINLOG_NOT_REACHABLE, TWINLOG_UNKNOWN_KEY. A key that is locked
 * is opened with the passphrase in the first line of the file that $TWINLOG_PASSPHRASE_FILE names, or in the service
 * manager's credential `passphrase`; nobody is asked: TWINLOG_LOCKED, TWINLOG_WRONG_PASSPHRASE. */
enum twinlog_error twinlog_open(const char *folder, struct twinlog **ret_twinlog,
				struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Keys are Z85 text of 40 characters (ZeroMQ RFC 32). Everything is copied. */
struct twinlog_settings {
	const char *endpoint;   /* ipc://PATH or tcp://HOST:PORT */
	const char *server_key; /* the daemon's public key */
	const char *public_key;
	const char *secret_key;
	const char *server_key_next; /* the one it is to have, or NULL: tried when the other fails */
};
enum twinlog_error twinlog_connect(const struct twinlog_settings *settings, struct twinlog **ret_twinlog,
				   struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* The daemon may be about to change its key. With twinlog_open the settings file is kept up by itself, and nothing is
 * to be done here unless it cannot be written. A program that keeps the keys itself asks after its calls: the key that
 * is to come and is not kept anywhere, or NULL. It puts it where its next twinlog_settings come from, then says so: the
 * daemon takes the key into use once all of its clients have it, and this connection follows by itself. From then on
 * twinlog_server_key is the new one, and no other is to be kept. Both texts live as long as the connection, and change
 * with it. */
const char *twinlog_server_key_next(const struct twinlog *twinlog);
void twinlog_server_key_kept(struct twinlog *twinlog);
const char *twinlog_server_key(const struct twinlog *twinlog);

void twinlog_close(struct twinlog *twinlog); /* accepts NULL */

/* How long a call waits for its answer, TWINLOG_CALL_TIMEOUT_MS unless set. */
void twinlog_set_timeout(struct twinlog *twinlog, uint32_t timeout_ms);

void twinlog_free(void *memory); /* accepts NULL */

/* ---- Writing ---- */

/* What became of one record handed in. */
struct twinlog_outcome {
	uint64_t ticket;            /* of twinlog_submit_start; 0 for twinlog_submit */
	struct twinlog_fault fault; /* code TWINLOG_OK when it was written */
	char record[TWINLOG_RECORD_TEXT];
	char version[TWINLOG_HASH_TEXT];
	char bundle[TWINLOG_HASH_TEXT];
	char space[TWINLOG_HASH_TEXT];
	bool known; /* it had been written before, under the same request id */
};

/* Writes one new record and waits until it is durable at the city's own daemon. space: its id in hex, or NULL for the
 * one space that fits. The JSON may name a request id ("request": 32 hex digits, see twinlog_request_id): handed in
 * again with the same one, after a time-out or a crash, it is written once. Without, one is drawn. */
enum twinlog_error twinlog_submit(struct twinlog *twinlog, const char *space, const char *json, size_t size,
				  struct twinlog_outcome *ret_outcome, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* As above without waiting: up to TWINLOG_INFLIGHT_MAX may be under way (then TWINLOG_TOO_MANY: collect some first).
 * An error here means that nothing was sent. *ret_ticket is never 0. */
enum twinlog_error twinlog_submit_start(struct twinlog *twinlog, const char *space, const char *json, size_t size,
					uint64_t *ret_ticket, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* The next outcome of twinlog_submit_start, in order of arrival. timeout_ms 0: only what is there. TWINLOG_NOT_FOUND
 * when none came in time or none is under way. What a lost line swallowed is sent again by itself. */
enum twinlog_error twinlog_submit_next(struct twinlog *twinlog, uint32_t timeout_ms,
				       struct twinlog_outcome *ret_outcome) TWINLOG_MUST_CHECK;
size_t twinlog_submits_under_way(const struct twinlog *twinlog);

/* Becomes readable when there may be something for twinlog_submit_next; call that with time-out 0 until it says
 * TWINLOG_NOT_FOUND before polling (edge-triggered, as ZeroMQ's descriptors are). */
int twinlog_descriptor(const struct twinlog *twinlog);

/* Six bytes of Unix time in milliseconds and ten random ones, in hex: to be kept with an entry before it is sent. */
enum twinlog_error twinlog_request_id(char ret_id[TWINLOG_RECORD_TEXT]) TWINLOG_MUST_CHECK;

/* Waits until `cities` other cities are known to hold a bundle. *ret_cities: how many do, which may be fewer. */
enum twinlog_error twinlog_wait(struct twinlog *twinlog, const char *space, const char *bundle, uint32_t cities,
				uint32_t timeout_ms, uint32_t *ret_cities,
				struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* ---- Reading: answers are JSON text, malloc'd; equal answers are equal bytes ---- */

/* One record with what each city says of it. id: the record's, or any unique beginning. */
enum twinlog_error twinlog_show(struct twinlog *twinlog, const char *id, char **ret_json,
				struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* {"records": […], "total": N, "cursor": …}: a page in order of date. filter: NULL, or a JSON object with any of
 * cities, partners, countries, subdivisions, from, to, fields, forms, relation_types, statuses, states, spaces,
 * stated_by, kinds, text. cursor: NULL, or that of the page before. */
enum twinlog_error twinlog_list(struct twinlog *twinlog, const char *filter, uint32_t limit, const char *cursor,
				char **ret_json, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* {"spaces": […]}: those this city belongs to or is invited to. */
enum twinlog_error twinlog_spaces(struct twinlog *twinlog, char **ret_json,
				  struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* How the daemon and each partner are doing. */
enum twinlog_error twinlog_status(struct twinlog *twinlog, char **ret_json,
				  struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#ifdef __cplusplus
}
#endif

#endif
