/* One connection to the daemon's control endpoint: a DEALER socket under CURVE, on ipc and tcp alike. The client's door
 * to ZeroMQ. For libtwinlog and the commands; knows the generated control messages.
 *
 * Requests are kept until their last answer is here. When the line breaks they are sent again over the new one: reading
 * twice does no harm, and everything that writes carries a request id that the daemon knows again. */
#ifndef TWINLOG_CONNECTION_H
#define TWINLOG_CONNECTION_H

#include <stdio.h>

#include "codec.h"
#include "control.pb-c.h"
#include "seal.h"
#include "twinlog/client.h"

#define CONNECTION_Z85_SIZE 41

/* What client.conf says. `endpoint = ipc://control.sock` (relative to the folder) or tcp://HOST:PORT, `server = Z85`,
 * `key = clients/admin.key` (lines `public = Z85`, `secret = Z85`) or these two lines themselves, and optionally
 * `office = TEXT`: who speaks, and `server_next = Z85`: the key that the daemon is to have. */
struct client_settings {
	char endpoint[512];
	char server_key[CONNECTION_Z85_SIZE];
	char server_next[CONNECTION_Z85_SIZE]; /* "": none is known */
	char public_key[CONNECTION_Z85_SIZE];
	char secret_key[CONNECTION_Z85_SIZE];
	char office[TWINLOG_NAME_MAX + 1];
	/* The secret key under a passphrase, in place of secret_key; as of a city's key file. */
	uint8_t locked[SEAL_LOCK_EXTRA + 32];
	struct seal_effort effort;
	bool is_locked;
	char key_path[512]; /* the file that it stands in */
	char path[512];     /* the file that names the server; "": given by a program */
};
/* path: a folder with client.conf, or one file that says it all, as `user add` makes it; NULL: $TWINLOG_DIR. The caller
 * wipes *ret_settings with explicit_bzero. A locked key stays so until client_key_unlock. */
enum twinlog_error client_settings_read(const char *path, struct client_settings *ret_settings,
					struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* A new file, for its owner alone, that says all of this; NOT_EMPTY when there is one. */
enum twinlog_error client_settings_write(const char *path, const struct client_settings *settings,
					 struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* ---- key_lock.c: client keys under a passphrase. The settings or key files say `locked = HEX` and `effort = N M` in
 * place of `secret`. */

/* Asks for the passphrase (seal/passphrase.h) when the key is locked. WRONG_PASSPHRASE, LOCKED. */
enum twinlog_error client_key_unlock(struct client_settings *settings, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Locks the secret key that is there. INVALID for one that is none. */
enum twinlog_error client_key_lock(struct client_settings *settings, const char *passphrase,
				   struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* The lines of the key as it is, locked or not. */
void client_key_print(FILE *file, const struct client_settings *settings);
/* The key alone, of a settings file or of a key file. */
enum twinlog_error client_key_read(const char *path, struct client_settings *ret_settings,
				   struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Puts the key as it is now into its file, in place of the one there; the rest of the file stays, as do its owner and
 * its mode: NOT_PERMITTED where that cannot be. */
enum twinlog_error client_key_replace(const char *path, const struct client_settings *settings,
				      struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Likewise the two lines of the server's keys; next "": none. */
enum twinlog_error client_server_replace(const char *path, const char *server, const char *next,
					 struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* A fresh key pair, and the public key in 32 bytes. */
enum twinlog_error client_keys_draw(struct client_settings *settings, uint8_t public_key[32]) TWINLOG_MUST_CHECK;

/* Sends a request and waits for its last answer. request->id and version are set here. Records that come in several
 * messages are put together; of other answers the last stands. A fault in the answer becomes the result. *ret_reply
 * lives in arena. */
enum twinlog_error twinlog_call(struct twinlog *twinlog, Twinlog__Request *request, struct arena *arena,
				Twinlog__Reply **ret_reply, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* The same, showing each answer that announces more (progress). */
typedef void twinlog_progress(void *context, const Twinlog__Reply *reply);
enum twinlog_error twinlog_call_progress(struct twinlog *twinlog, Twinlog__Request *request, struct arena *arena,
					 twinlog_progress *progress, void *context, Twinlog__Reply **ret_reply,
					 struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Pipelining: sends without waiting. *ret_id is the request's id. TWINLOG_TOO_MANY with TWINLOG_INFLIGHT_MAX under way.
 */
enum twinlog_error twinlog_send(struct twinlog *twinlog, Twinlog__Request *request, uint64_t *ret_id,
				struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* The next answer to anything sent with twinlog_send, decoded into arena (not reset here); reply->id tells which. A
 * fault is left in the reply. TWINLOG_NOT_FOUND when none came within timeout_ms; TWINLOG_NOT_REACHABLE when the daemon
 * has been away for longer than the call time-out. */
enum twinlog_error twinlog_receive(struct twinlog *twinlog, uint32_t timeout_ms, struct arena *arena,
				   Twinlog__Reply **ret_reply, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
size_t twinlog_under_way(const struct twinlog *twinlog);

/* The office that speaks, from client.conf; "" when none is set. */
const char *twinlog_office(const struct twinlog *twinlog);
const char *twinlog_endpoint(const struct twinlog *twinlog);

/* 16 bytes: 6 of Unix time in ms, big-endian, and 10 random. */
enum twinlog_error request_id_draw(struct handle *ret_request) TWINLOG_MUST_CHECK;
/* The same for many at once, with one call of the kernel for 25. */
enum twinlog_error request_ids_draw(struct handle *ret_requests, size_t count) TWINLOG_MUST_CHECK;

/* Turns a Fault of an answer or the code, where and value of a SubmitResult into a twinlog_fault. Returns its code;
 * a code this version does not know is TWINLOG_FAILED. */
enum twinlog_error fault_from_wire(struct twinlog_fault *fault, uint32_t code, ProtobufCBinaryData where,
				   ProtobufCBinaryData value);

#endif
