#include "socket.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#ifndef ZMQ_ZAP_ENFORCE_DOMAIN
/* Every libzmq from 4.3 has it; its header shows it to those only who ask for drafts. */
#define ZMQ_ZAP_ENFORCE_DOMAIN 93
#endif

#define REBIND_PAUSE_MS 10
#define REBIND_TRIES    200u /* libzmq lets go of an address in a thread of its own */

static int socket_set_int(void *socket, int option, int value)
{
	return zmq_setsockopt(socket, option, &value, sizeof value);
}

void *socket_new(void *context, int type, int pipe_max)
{
	void *socket = zmq_socket(context, type);
	if (!socket)
		return NULL;
	const int64_t message_max = TWINLOG_MESSAGE_MAX;
	int rc = zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &message_max, sizeof message_max);
	rc |= socket_set_int(socket, ZMQ_LINGER, 0);
	rc |= socket_set_int(socket, ZMQ_IPV6, 1);
	rc |= socket_set_int(socket, ZMQ_SNDHWM, pipe_max);
	rc |= socket_set_int(socket, ZMQ_RCVHWM, pipe_max);
	rc |= socket_set_int(socket, ZMQ_HANDSHAKE_IVL, (int)TWINLOG_HANDSHAKE_MS);
	if (rc) {
		zmq_close(socket);
		return NULL;
	}
	return socket;
}

enum twinlog_error socket_serve(void *socket, const uint8_t secret[32], const char *domain)
{
	int rc = socket_set_int(socket, ZMQ_CURVE_SERVER, 1);
	rc |= zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret, 32);
	rc |= zmq_setsockopt(socket, ZMQ_ZAP_DOMAIN, domain, strlen(domain));
	rc |= socket_set_int(socket, ZMQ_ZAP_ENFORCE_DOMAIN, 1);
	/* Answers to whom is gone must be seen to fail. */
	rc |= socket_set_int(socket, ZMQ_ROUTER_MANDATORY, 1);
	return rc ? TWINLOG_FAILED : TWINLOG_OK;
}

enum twinlog_error socket_join(void *socket, const struct seal_keys *keys, const uint8_t server[32])
{
	int rc = zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, server, 32);
	rc |= zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, seal_keys_transport_public(keys), 32);
	rc |= zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, seal_keys_transport_secret(keys), 32);
	rc |= socket_set_int(socket, ZMQ_RECONNECT_IVL, (int)TWINLOG_DIAL_BACKOFF_MS);
	rc |= socket_set_int(socket, ZMQ_RECONNECT_IVL_MAX, (int)TWINLOG_DIAL_BACKOFF_MAX_MS);
	return rc ? TWINLOG_FAILED : TWINLOG_OK;
}

static enum twinlog_error bind_error(int code)
{
	switch (code) {
	case EADDRINUSE:
		return TWINLOG_IN_USE;
	case EACCES:
	case EPERM:
		return TWINLOG_NOT_PERMITTED;
	case ENAMETOOLONG:
		return TWINLOG_TOO_LONG;
	case EADDRNOTAVAIL:
	case ENODEV:
		return TWINLOG_MISSING;
	case EINVAL:
	case EPROTONOSUPPORT:
		return TWINLOG_INVALID;
	case EMFILE:
	case ENFILE:
		return TWINLOG_TOO_MANY;
	default:
		return TWINLOG_IO;
	}
}

enum twinlog_error socket_bind(void *socket, const char *endpoint, char ret_endpoint[SOCKET_ENDPOINT_MAX],
			       struct twinlog_fault *fault)
{
	/* Nobody but the owner may even knock on a local socket. */
	const mode_t mask = umask(0077);
	const int rc = zmq_bind(socket, endpoint);
	const int code = errno;
	umask(mask);
	if (rc)
		return twinlog_fault_set(fault, bind_error(code), "binding", endpoint);
	size_t size = SOCKET_ENDPOINT_MAX;
	if (zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, ret_endpoint, &size))
		return twinlog_fault_set(fault, TWINLOG_IO, "binding", endpoint);
	return TWINLOG_OK;
}

/* One that is bound before the former listener has gone would lose its path to it. */
static void socket_await_path(const char *endpoint)
{
	const char *path = strncmp(endpoint, "ipc://", 6) == 0 ? endpoint + 6 : NULL;

	for (unsigned i = 0; path && i < REBIND_TRIES && access(path, F_OK) == 0; i++)
		poll(NULL, 0, REBIND_PAUSE_MS);
}

enum twinlog_error socket_rebind(void *socket, const char *endpoint)
{
	enum twinlog_error error = TWINLOG_IN_USE;

	if (zmq_unbind(socket, endpoint))
		return TWINLOG_IO;
	socket_await_path(endpoint);
	for (unsigned i = 0; i < REBIND_TRIES && error == TWINLOG_IN_USE; i++) {
		struct twinlog_fault fault;
		char unused[SOCKET_ENDPOINT_MAX];

		if (i > 0)
			poll(NULL, 0, REBIND_PAUSE_MS);
		error = socket_bind(socket, endpoint, unused, &fault);
	}
	return error;
}
