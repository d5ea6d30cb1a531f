#include "deliver.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "socks.h"
#include "twinlog/limits.h"

static void *socket_open(void *context, const struct delivery *delivery, const char *endpoint)
{
	void *socket = zmq_socket(context, ZMQ_DEALER);
	const int none = 0, ipv6 = 1;
	const int64_t message_max = TWINLOG_MESSAGE_MAX;
	int rc;

	if (!socket)
		return NULL;
	rc = zmq_setsockopt(socket, ZMQ_LINGER, &none, sizeof none);
	rc |= zmq_setsockopt(socket, ZMQ_IPV6, &ipv6, sizeof ipv6);
	rc |= zmq_setsockopt(socket, ZMQ_MAXMSGSIZE, &message_max, sizeof message_max);
	rc |= zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, delivery->server, 32);
	rc |= zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, delivery->public_key, 32);
	rc |= zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, delivery->secret_key, 32);
	if (rc == 0 && zmq_connect(socket, endpoint) == 0)
		return socket;
	zmq_close(socket);
	return NULL;
}

static enum twinlog_error ask(void *socket, const void *bytes, size_t size, uint32_t timeout_ms, uint8_t **ret_bytes,
			      size_t *ret_size)
{
	zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
	enum twinlog_error error = TWINLOG_NOT_REACHABLE;
	zmq_msg_t answer;

	zmq_msg_init(&answer);
	if (zmq_send(socket, bytes, size, ZMQ_DONTWAIT) >= 0 && zmq_poll(&item, 1, (long)timeout_ms) > 0 &&
	    zmq_msg_recv(&answer, socket, ZMQ_DONTWAIT) >= 0) {
		uint8_t *copy = malloc(zmq_msg_size(&answer) + 1);

		error = copy ? TWINLOG_OK : TWINLOG_NO_MEMORY;
		if (copy) {
			memcpy(copy, zmq_msg_data(&answer), zmq_msg_size(&answer));
			*ret_bytes = copy;
			*ret_size = zmq_msg_size(&answer);
		}
	}
	zmq_msg_close(&answer);
	return error;
}

enum twinlog_error deliver(const struct delivery *delivery, const void *bytes, size_t size, uint32_t timeout_ms,
			   uint8_t **ret_bytes, size_t *ret_size)
{
	void *context = zmq_ctx_new(), *socket = NULL;
	struct socks *socks = NULL;
	char relay[SOCKS_ENDPOINT_MAX];
	enum twinlog_error error = TWINLOG_NOT_REACHABLE;

	if (context && (!delivery->proxy || !socks_open(delivery->proxy, delivery->address, relay, &socks)))
		socket = socket_open(context, delivery, socks ? relay : delivery->address);
	if (socket) {
		error = ask(socket, bytes, size, timeout_ms, ret_bytes, ret_size);
		zmq_close(socket);
	}
	if (context)
		zmq_ctx_term(context);
	socks_close(socks);
	return error;
}
