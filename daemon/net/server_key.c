#include "server_key.h"

#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "log.h"

#define ANSWERS_MS 1000u

void server_key_tell(struct daemon *daemon, struct client *client, const void *route, size_t route_size)
{
	const uint8_t *next = seal_keys_control_next(daemon->setup->keys);
	Twinlog__Reply reply = TWINLOG__REPLY__INIT;
	uint8_t *bytes;
	size_t size;

	if (!next || (client->told_size == route_size && memcmp(client->told, route, route_size) == 0))
		return;
	reply.server_next = codec_bytes(next, 32);
	if (codec_pack(&reply.base, &bytes, &size))
		return; /* at its next request */
	if (control_send(daemon->control, route, route_size, bytes, size)) {
		client->told_size = (uint8_t)route_size;
		memcpy(client->told, route, route_size);
	}
	free(bytes);
}

void server_key_note(const struct daemon *daemon, struct client *client, ProtobufCBinaryData key)
{
	const uint8_t *next = seal_keys_control_next(daemon->setup->keys);

	if (next && key.len == 32 && memcmp(key.data, next, 32) == 0)
		memcpy(client->is.server_next, next, 32);
}

bool server_key_has(const struct daemon *daemon, const struct client *client)
{
	const uint8_t *next = seal_keys_control_next(daemon->setup->keys);

	return next && memcmp(client->is.server_next, next, 32) == 0;
}

static bool all_have(const struct daemon *daemon)
{
	for (size_t i = 0; i < daemon->registry.count; i++)
		if (!daemon->registry.items[i]->removed && !server_key_has(daemon, daemon->registry.items[i]))
			return false;
	return true;
}

void server_key_look(struct daemon *daemon)
{
	const struct daemon_setup *setup = daemon->setup;

	if (!setup->turn_control || !seal_keys_control_next(setup->keys) || !all_have(daemon)) {
		daemon->server_key_due_ms = UINT64_MAX;
		return;
	}
	/* What is under way is answered first: some of it does not bear to be asked twice. */
	const uint64_t now_ms = moment_now().mono_ms;
	if (daemon->server_key_due_ms == UINT64_MAX)
		daemon->server_key_due_ms = now_ms + ANSWERS_MS;
	if (control_writes(daemon->control) && now_ms < daemon->server_key_due_ms)
		return;
	enum twinlog_error error = setup->turn_control(setup->keep_context);
	if (!error)
		error = control_rebind(daemon->control);
	if (error)
		daemon_fail(daemon, error, "the new control key");
	else
		log_line(LOG_INFO, NULL, "the new control key is in use");
}
