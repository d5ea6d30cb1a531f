/* The daemon's key to come: kept beside the one it has, tried when that one fails, and put in its place once the daemon
 * answers under it. PROTOCOL, "The control protocol". */
#include <string.h>
#include <zmq.h>

#include "connection_internal.h"

#define ANSWER_MS 1000u

/* With id 0, so that its answer is nobody else's. A line that breaks meanwhile is told the key anew. */
static void say_kept(struct twinlog *twinlog)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__ServerKept kept = TWINLOG__SERVER_KEPT__INIT;
	uint8_t key[40], bytes[128];

	if (!zmq_z85_decode(key, twinlog->server.next))
		return;
	kept.key = codec_bytes(key, 32);
	request.version = 1;
	request.body_case = TWINLOG__REQUEST__BODY_SERVER_KEPT;
	request.server_kept = &kept;
	twinlog->server.said =
	    zmq_send(twinlog->socket, bytes, twinlog__request__pack(&request, bytes), ZMQ_DONTWAIT) >= 0;
}

static void keep(struct twinlog *twinlog)
{
	struct server_keys *server = &twinlog->server;

	if (server->path[0] && !server->kept)
		server->kept = client_server_replace(server->path, server->now, server->next, NULL) == TWINLOG_OK;
	if (server->kept)
		say_kept(twinlog);
}

void server_key_take(struct twinlog *twinlog, const Twinlog__Reply *reply)
{
	struct server_keys *server = &twinlog->server;
	char key[CONNECTION_Z85_SIZE];

	if (reply->server_next.len != 32 || !zmq_z85_encode(key, reply->server_next.data, 32)) {
		server->said = false;
		return;
	}
	if (strcmp(key, server->now) == 0)
		return;
	server->kept = server->kept && strcmp(key, server->next) == 0;
	memcpy(server->next, key, sizeof key);
	keep(twinlog);
}

static void swap(struct server_keys *server)
{
	char key[CONNECTION_Z85_SIZE];

	memcpy(key, server->now, sizeof key);
	memcpy(server->now, server->next, sizeof key);
	memcpy(server->next, key, sizeof key);
}

/* The options of the socket hold for what connects after they are set. */
void server_key_change_over(struct twinlog *twinlog)
{
	struct server_keys *server = &twinlog->server;

	twinlog->cut = false;
	if (!server->next[0])
		return;
	swap(server);
	server->changed_over = !server->changed_over;
	(void)zmq_disconnect(twinlog->socket, twinlog->endpoint);
	(void)zmq_setsockopt(twinlog->socket, ZMQ_CURVE_SERVERKEY, server->now, CONNECTION_Z85_SIZE - 1);
	(void)zmq_connect(twinlog->socket, twinlog->endpoint);
}

/* Where the settings cannot be written they name the former key, and this one as the next: that is found as well. */
void server_key_settle(struct twinlog *twinlog)
{
	struct server_keys *server = &twinlog->server;

	if (!server->changed_over)
		return;
	server->changed_over = false;
	server->next[0] = '\0';
	server->kept = false;
	if (server->path[0])
		(void)!client_server_replace(server->path, server->now, "", NULL);
}

void server_key_finish(struct twinlog *twinlog)
{
	const uint64_t until = connection_now() + ANSWER_MS;

	while (twinlog->server.said && twinlog->up && connection_now() < until) {
		if (!connection_drop_frame(twinlog))
			(void)connection_poll(twinlog, until - connection_now());
	}
}

const char *twinlog_server_key_next(const struct twinlog *twinlog)
{
	const struct server_keys *server = &twinlog->server;

	return server->next[0] && !server->changed_over && !server->kept ? server->next : NULL;
}

const char *twinlog_server_key(const struct twinlog *twinlog)
{
	return twinlog->server.now;
}

void twinlog_server_key_kept(struct twinlog *twinlog)
{
	twinlog->server.kept = twinlog->server.next[0] != '\0';
	keep(twinlog);
}
