#include "zap.h"

#include <stdio.h>
#include <string.h>
#include <zmq.h>

#include "ids.h"
#include "log.h"

#define ZAP_ENDPOINT "inproc://zeromq.zap.01"

enum { ZAP_VERSION, ZAP_REQUEST, ZAP_DOMAIN, ZAP_ADDRESS, ZAP_IDENTITY, ZAP_MECHANISM, ZAP_KEY };

enum twinlog_error zap_open(struct zap *zap, void *context)
{
	inlet_open(&zap->inlet, zmq_socket(context, ZMQ_REP));
	if (!zap->inlet.socket)
		return TWINLOG_IO;
	const int none = 0;
	zmq_setsockopt(zap->inlet.socket, ZMQ_LINGER, &none, sizeof none);
	return zmq_bind(zap->inlet.socket, ZAP_ENDPOINT) == 0 ? TWINLOG_OK : TWINLOG_IO;
}

void zap_close(struct zap *zap)
{
	if (zap->inlet.socket)
		zmq_close(zap->inlet.socket);
	keyring_free(&zap->peers);
	keyring_free(&zap->clients);
	*zap = (struct zap){0};
}

static bool part_is(const struct zap_part *part, const char *text)
{
	return part->size == strlen(text) && memcmp(part->bytes, text, part->size) == 0;
}

enum keyring_status zap_judge(const struct zap *zap, const struct zap_part parts[ZAP_PARTS],
			      char user_id[KEYRING_HEX_SIZE])
{
	user_id[0] = '\0';
	if (!part_is(&parts[ZAP_VERSION], "1.0") || !part_is(&parts[ZAP_MECHANISM], "CURVE") ||
	    parts[ZAP_KEY].size != KEYRING_KEY_SIZE)
		return KEYRING_REFUSED;
	enum keyring_status status = KEYRING_REFUSED;
	if (part_is(&parts[ZAP_DOMAIN], ZAP_DOMAIN_PEER))
		status = keyring_status(&zap->peers, parts[ZAP_KEY].bytes);
	else if (part_is(&parts[ZAP_DOMAIN], ZAP_DOMAIN_CONTROL))
		status = keyring_status(&zap->clients, parts[ZAP_KEY].bytes);
	if (status == KEYRING_ADMITTED)
		hex_encode(user_id, parts[ZAP_KEY].bytes, KEYRING_KEY_SIZE);
	return status;
}

static void zap_log(const struct zap_part *parts, enum keyring_status status)
{
	char address[64];
	snprintf(address, sizeof address, "%.*s", (int)parts[ZAP_ADDRESS].size, (const char *)parts[ZAP_ADDRESS].bytes);
	char key[17] = "";
	if (parts[ZAP_KEY].size == KEYRING_KEY_SIZE)
		hex_encode(key, parts[ZAP_KEY].bytes, 8);
	log_line(LOG_WARNING, address[0] ? address : NULL, "refused on the %.*s endpoint: key %s… is %s",
		 (int)parts[ZAP_DOMAIN].size, (const char *)parts[ZAP_DOMAIN].bytes, key,
		 status == KEYRING_UNKNOWN ? "not known (yet)" : "not admitted");
}

static void zap_answer(struct zap *zap, const struct zap_part *parts)
{
	char user_id[KEYRING_HEX_SIZE];
	const enum keyring_status status = zap_judge(zap, parts, user_id);
	if (status != KEYRING_ADMITTED)
		zap_log(parts, status);
	char code[4];
	snprintf(code, sizeof code, "%u", (unsigned)status);
	zmq_send(zap->inlet.socket, "1.0", 3, ZMQ_SNDMORE);
	zmq_send(zap->inlet.socket, parts[ZAP_REQUEST].bytes, parts[ZAP_REQUEST].size, ZMQ_SNDMORE);
	zmq_send(zap->inlet.socket, code, 3, ZMQ_SNDMORE);
	zmq_send(zap->inlet.socket, "", 0, ZMQ_SNDMORE);
	zmq_send(zap->inlet.socket, user_id, strlen(user_id), ZMQ_SNDMORE);
	zmq_send(zap->inlet.socket, "", 0, 0);
}

/* The questions come from libzmq itself; what has another shape is a newer version of it and is answered as refused. */
void zap_serve(struct zap *zap)
{
	while (zap->inlet.look) {
		zmq_msg_t messages[ZAP_PARTS];
		struct zap_part parts[ZAP_PARTS] = {0};
		size_t count = 0;
		int more = 1;
		while (more) {
			zmq_msg_t message;
			zmq_msg_init(&message);
			if (zmq_msg_recv(&message, zap->inlet.socket, ZMQ_DONTWAIT) < 0) {
				zmq_msg_close(&message);
				break;
			}
			more = zmq_msg_more(&message);
			if (count < ZAP_PARTS) {
				zmq_msg_init(&messages[count]);
				zmq_msg_move(&messages[count], &message);
				parts[count] =
				    (struct zap_part){zmq_msg_data(&messages[count]), zmq_msg_size(&messages[count])};
				count++;
			}
			zmq_msg_close(&message);
		}
		if (count == 0) {
			zap->inlet.look = false;
			return;
		}
		zap_answer(zap, parts);
		for (size_t i = 0; i < count; i++)
			zmq_msg_close(&messages[i]);
	}
}
