/* The own transport key to come, announced in the card: taken into use once every partner has told that it has that
 * card. PROTOCOL, "Cards". The control endpoint has a key of its own, so clients notice nothing. */
#include <stdlib.h>
#include <string.h>

#include "link.h"
#include "log.h"

/* Links with the old key end; partners come back with either key, and those who dialled with the new one stay. */
static enum twinlog_error sockets_turn(struct links *links)
{
	const struct daemon_setup *setup = links->daemon->setup;
	enum twinlog_error error = TWINLOG_OK;

	if (setup->listen_count > 0 &&
	    zmq_setsockopt(links->router.socket, ZMQ_CURVE_SECRETKEY, seal_keys_transport_secret(setup->keys), 32))
		error = TWINLOG_IO;
	for (size_t i = 0; i < setup->listen_count && !error; i++)
		error = socket_rebind(links->router.socket, links->endpoints[i]);
	for (size_t i = 0; i < links->count; i++)
		net_link_break(links, links->items[i], "this city's new transport key is in use");
	dialers_anew(links);
	links->router.look = true;
	return error;
}

void transport_look(struct links *links)
{
	struct daemon *daemon = links->daemon;
	uint8_t *bytes;
	size_t size;

	if (!daemon->setup->turn_transport || !node_transport_due(daemon->node))
		return;
	enum twinlog_error error = daemon->setup->turn_transport(daemon->setup->keep_context, &bytes, &size);
	if (error) {
		daemon_fail(daemon, error, "the new transport key");
		return;
	}
	struct event event = {.type = EVENT_OWN_CARD, .own_card = {bytes, size}};
	daemon_step(daemon, &event);
	free(bytes);
	error = sockets_turn(links);
	if (error)
		daemon_fail(daemon, error, "listening with the new transport key");
	else
		log_line(LOG_INFO, NULL, "the new transport key is in use");
	if (!error && node_invites(daemon->node) > 0)
		log_line(LOG_WARNING, NULL,
			 "invitations that are out (%zu) name the transport key of before: they have to be made anew",
			 node_invites(daemon->node));
}
