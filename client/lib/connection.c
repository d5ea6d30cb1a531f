#include "connection.h"

#include <endian.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
#include <zmq.h>

#include "connection_internal.h"

/* One context for all connections of the process: an I/O thread is enough for many of them. */
static pthread_mutex_t context_lock = PTHREAD_MUTEX_INITIALIZER;
static void *context;
static size_t context_users;
static atomic_uint monitors;

static void *context_take(void)
{
	void *taken;

	pthread_mutex_lock(&context_lock);
	if (!context && (context = zmq_ctx_new()) != NULL) {
		zmq_ctx_set(context, ZMQ_MAX_SOCKETS, 8192);
		zmq_ctx_set(context, ZMQ_BLOCKY, 0);
	}
	taken = context;
	if (taken)
		context_users++;
	pthread_mutex_unlock(&context_lock);
	return taken;
}

static void context_give_back(void)
{
	pthread_mutex_lock(&context_lock);
	if (--context_users == 0) {
		zmq_ctx_term(context);
		context = NULL;
	}
	pthread_mutex_unlock(&context_lock);
}

uint64_t connection_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u;
}

#define DRAWN_TIME   6u
#define DRAWN_CHANCE (HANDLE_SIZE - DRAWN_TIME)
#define DRAWN_ONCE   25u /* the kernel gives up to 256 bytes whole */

enum twinlog_error request_ids_draw(struct handle *ret_requests, size_t count)
{
	uint8_t chance[DRAWN_ONCE * DRAWN_CHANCE];
	struct timespec now;
	uint64_t ms;

	clock_gettime(CLOCK_REALTIME, &now);
	ms = htobe64(((uint64_t)now.tv_sec * 1000u + (uint64_t)now.tv_nsec / 1000000u) << 16);
	for (size_t i = 0; i < count; i++) {
		const size_t at = i % DRAWN_ONCE, left = count - i < DRAWN_ONCE ? count - i : DRAWN_ONCE;

		if (at == 0 && getrandom(chance, left * DRAWN_CHANCE, 0) != (ssize_t)(left * DRAWN_CHANCE))
			return TWINLOG_FAILED;
		memcpy(ret_requests[i].bytes, &ms, DRAWN_TIME);
		memcpy(ret_requests[i].bytes + DRAWN_TIME, chance + at * DRAWN_CHANCE, DRAWN_CHANCE);
	}
	return TWINLOG_OK;
}

enum twinlog_error request_id_draw(struct handle *ret_request)
{
	return request_ids_draw(ret_request, 1);
}

static bool set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof value) == 0;
}

/* A handshake may take longer than anybody waits for it: one that fails before was refused. No ZMTP heartbeats: with a
 * full pipe they abort the process (libzmq 4.3). IMMEDIATE: a request goes to a connection
 * that stands, or waits here, where a lost line is noticed. */
static bool set_options(void *socket, const struct client_settings *settings)
{
	return set_int(socket, ZMQ_LINGER, 0) && set_int(socket, ZMQ_IMMEDIATE, 1) &&
	       set_int(socket, ZMQ_RECONNECT_IVL, 100) && set_int(socket, ZMQ_RECONNECT_IVL_MAX, 2000) &&
	       set_int(socket, ZMQ_SNDHWM, TWINLOG_INFLIGHT_MAX) && set_int(socket, ZMQ_RCVHWM, 0) &&
	       zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &(int64_t){TWINLOG_MESSAGE_MAX}, sizeof(int64_t)) == 0 &&
	       set_int(socket, ZMQ_HANDSHAKE_IVL, 2 * TWINLOG_CONNECT_MS) &&
	       zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, settings->server_key, 40) == 0 &&
	       zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, settings->public_key, 40) == 0 &&
	       zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, settings->secret_key, 40) == 0;
}

static enum twinlog_error check_key(const char *name, const char *key, struct twinlog_fault *fault)
{
	uint8_t bytes[32];
	bool good = strlen(key) == CONNECTION_Z85_SIZE - 1 && zmq_z85_decode(bytes, key) != NULL;

	explicit_bzero(bytes, sizeof bytes);
	return good ? TWINLOG_OK : twinlog_fault_set(fault, TWINLOG_INVALID, name, NULL);
}

static enum twinlog_error open_sockets(struct twinlog *twinlog, const struct client_settings *settings,
				       struct twinlog_fault *fault)
{
	char name[64];

	snprintf(name, sizeof name, "inproc://twinlog-monitor-%u", atomic_fetch_add(&monitors, 1));
	twinlog->socket = zmq_socket(context, ZMQ_DEALER);
	twinlog->monitor = zmq_socket(context, ZMQ_PAIR);
	if (!twinlog->socket || !twinlog->monitor || !set_options(twinlog->socket, settings) ||
	    zmq_socket_monitor(twinlog->socket, name,
			       ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_CONNECTED | ZMQ_EVENT_DISCONNECTED |
				   ZMQ_EVENT_HANDSHAKE_SUCCEEDED | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH |
				   ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL) != 0 ||
	    !set_int(twinlog->monitor, ZMQ_LINGER, 0) || zmq_connect(twinlog->monitor, name) != 0)
		return twinlog_fault_set(fault, TWINLOG_FAILED, settings->endpoint, zmq_strerror(zmq_errno()));
	if (zmq_connect(twinlog->socket, settings->endpoint) != 0)
		return twinlog_fault_set(fault, TWINLOG_INVALID, "endpoint", settings->endpoint);
	return TWINLOG_OK;
}

/* Until the handshake is done. A daemon that is just starting gets a moment; one that holds the line and says nothing
 * gets longer. */
static enum twinlog_error await_handshake(struct twinlog *twinlog, struct twinlog_fault *fault)
{
	uint64_t start = connection_now();

	while (!twinlog->up) {
		uint64_t passed = connection_now() - start;

		if (twinlog->refused_key)
			return twinlog_fault_set(fault, TWINLOG_UNKNOWN_KEY, twinlog->endpoint, NULL);
		if (passed >= (twinlog->reached ? TWINLOG_CONNECT_MS : TWINLOG_REFUSED_GRACE_MS))
			return twinlog_fault_set(
			    fault, twinlog->cuts < CONNECTION_CUTS ? TWINLOG_NOT_REACHABLE : TWINLOG_UNKNOWN_KEY,
			    twinlog->endpoint, NULL);
		connection_poll(twinlog, 20);
	}
	return TWINLOG_OK;
}

static enum twinlog_error open_settings(const struct client_settings *settings, struct twinlog **ret_twinlog,
					struct twinlog_fault *fault)
{
	struct twinlog *twinlog;
	enum twinlog_error error;

	if ((error = check_key("server", settings->server_key, fault)) != TWINLOG_OK ||
	    (settings->server_next[0] &&
	     (error = check_key("server_next", settings->server_next, fault)) != TWINLOG_OK) ||
	    (error = check_key("public", settings->public_key, fault)) != TWINLOG_OK ||
	    (error = check_key("secret", settings->secret_key, fault)) != TWINLOG_OK)
		return error;
	twinlog = calloc(1, sizeof *twinlog);
	if (!twinlog)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	twinlog->timeout_ms = TWINLOG_CALL_TIMEOUT_MS;
	twinlog->last = &twinlog->first;
	twinlog->last_arrived = &twinlog->arrived;
	snprintf(twinlog->endpoint, sizeof twinlog->endpoint, "%s", settings->endpoint);
	snprintf(twinlog->office, sizeof twinlog->office, "%s", settings->office);
	snprintf(twinlog->server.now, sizeof twinlog->server.now, "%s", settings->server_key);
	snprintf(twinlog->server.next, sizeof twinlog->server.next, "%s", settings->server_next);
	snprintf(twinlog->server.path, sizeof twinlog->server.path, "%s", settings->path);
	twinlog->server.kept = settings->server_next[0] != '\0';
	twinlog->scratch = arena_new(TWINLOG_UNPACK_MAX);
	twinlog->has_context = context_take() != NULL;
	if (!twinlog->scratch || !twinlog->has_context)
		error = twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	else
		error = open_sockets(twinlog, settings, fault);
	if (!error)
		error = await_handshake(twinlog, fault);
	if (error) {
		twinlog_close(twinlog);
		return error;
	}
	*ret_twinlog = twinlog;
	return TWINLOG_OK;
}

enum twinlog_error twinlog_open(const char *folder, struct twinlog **ret_twinlog, struct twinlog_fault *fault)
{
	struct client_settings settings;
	enum twinlog_error error = client_settings_read(folder, &settings, fault);

	if (error)
		return error;
	error = client_key_unlock(&settings, fault);
	if (!error)
		error = open_settings(&settings, ret_twinlog, fault);
	explicit_bzero(&settings, sizeof settings);
	return error;
}

enum twinlog_error client_keys_draw(struct client_settings *settings, uint8_t public_key[32])
{
	if (zmq_curve_keypair(settings->public_key, settings->secret_key) != 0 ||
	    !zmq_z85_decode(public_key, settings->public_key))
		return TWINLOG_FAILED;
	return TWINLOG_OK;
}

/* One that has to be there. */
static enum twinlog_error copy_setting(char *out, size_t size, const char *name, const char *value,
				       struct twinlog_fault *fault)
{
	if (!value || !*value)
		return twinlog_fault_set(fault, TWINLOG_FIELD_MISSING, name, NULL);
	if (strlen(value) >= size)
		return twinlog_fault_set(fault, TWINLOG_TOO_LONG, name, NULL);
	strcpy(out, value);
	return TWINLOG_OK;
}

enum twinlog_error twinlog_connect(const struct twinlog_settings *given, struct twinlog **ret_twinlog,
				   struct twinlog_fault *fault)
{
	struct client_settings settings = {0};
	enum twinlog_error error;

	error = copy_setting(settings.endpoint, sizeof settings.endpoint, "endpoint", given->endpoint, fault);
	if (!error)
		error =
		    copy_setting(settings.server_key, sizeof settings.server_key, "server", given->server_key, fault);
	if (!error)
		error =
		    copy_setting(settings.public_key, sizeof settings.public_key, "public", given->public_key, fault);
	if (!error)
		error =
		    copy_setting(settings.secret_key, sizeof settings.secret_key, "secret", given->secret_key, fault);
	if (!error && given->server_key_next && *given->server_key_next)
		error = copy_setting(settings.server_next, sizeof settings.server_next, "server_next",
				     given->server_key_next, fault);
	if (!error)
		error = open_settings(&settings, ret_twinlog, fault);
	explicit_bzero(&settings, sizeof settings);
	return error;
}

void twinlog_close(struct twinlog *twinlog)
{
	if (!twinlog)
		return;
	server_key_finish(twinlog);
	connection_forget(twinlog);
	if (twinlog->socket) {
		zmq_socket_monitor(twinlog->socket, NULL, 0);
		zmq_close(twinlog->socket);
	}
	if (twinlog->monitor)
		zmq_close(twinlog->monitor);
	if (twinlog->has_context)
		context_give_back();
	arena_free(twinlog->scratch);
	free(twinlog);
}

void twinlog_set_timeout(struct twinlog *twinlog, uint32_t timeout_ms)
{
	twinlog->timeout_ms = timeout_ms;
}

int twinlog_descriptor(const struct twinlog *twinlog)
{
	int descriptor = -1;
	size_t size = sizeof descriptor;

	if (zmq_getsockopt(twinlog->socket, ZMQ_FD, &descriptor, &size) != 0)
		return -1;
	return descriptor;
}

const char *twinlog_office(const struct twinlog *twinlog)
{
	return twinlog->office;
}

const char *twinlog_endpoint(const struct twinlog *twinlog)
{
	return twinlog->endpoint;
}
