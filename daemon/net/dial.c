#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control.pb-c.h"
#include "hours.h"
#include "log.h"
#include "share.h"

#define DIALER_EVENTS                                                                                                  \
	(ZMQ_EVENT_CONNECT_RETRIED | ZMQ_EVENT_DISCONNECTED | ZMQ_EVENT_HANDSHAKE_SUCCEEDED |                          \
	 ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL | ZMQ_EVENT_HANDSHAKE_FAILED_AUTH)

#define DIALER_STEADY_MS 10000u

/* ---- One attempt ---- */

static void dialer_close(struct dialer *dialer)
{
	if (dialer->inlet.socket)
		zmq_socket_monitor(dialer->inlet.socket, NULL, 0);
	if (dialer->monitor.socket)
		zmq_close(dialer->monitor.socket);
	if (dialer->inlet.socket)
		zmq_close(dialer->inlet.socket);
	inlet_open(&dialer->inlet, NULL);
	inlet_open(&dialer->monitor, NULL);
	socks_close(dialer->socks);
	dialer->socks = NULL;
	dialer->state = DIALER_IDLE;
}

/* Doubles up to the limit, then a quarter more or less, so that partners cut off together do not come back together. */
static uint64_t dialer_pause(unsigned failures)
{
	uint64_t pause = TWINLOG_DIAL_BACKOFF_MS;
	for (unsigned i = 0; i < failures && pause < TWINLOG_DIAL_BACKOFF_MAX_MS; i++)
		pause *= 2;
	if (pause > TWINLOG_DIAL_BACKOFF_MAX_MS)
		pause = TWINLOG_DIAL_BACKOFF_MAX_MS;
	uint32_t draw;
	seal_random(&draw, sizeof draw);
	return pause - pause / 4 + draw % (pause / 2);
}

static void dialer_tell(struct links *links, const struct dialer *dialer, const char *error)
{
	static const uint32_t states[] = {[DIALER_IDLE] = TWINLOG__LINK_STATE__LINK_DOWN,
					  [DIALER_CONNECTING] = TWINLOG__LINK_STATE__LINK_CONNECTING,
					  [DIALER_UP] = TWINLOG__LINK_STATE__LINK_UP};
	const struct moment now = moment_now();
	uint64_t next_ms = 0;
	if (dialer->closed_until_ms)
		next_ms = dialer->closed_until_ms;
	else if (dialer->state == DIALER_IDLE)
		next_ms = now.wall_ms + (dialer->due_ms > now.mono_ms ? dialer->due_ms - now.mono_ms : 0);
	board_set(&links->daemon->board, &dialer->identity, states[dialer->state], next_ms, error, now.wall_ms);
}

void dialer_lost(struct links *links, struct dialer *dialer)
{
	const uint64_t now_ms = moment_now().mono_ms;
	/* A partner that takes a link and drops it at once counts as failing. */
	if (dialer->state == DIALER_UP && now_ms - dialer->up_ms >= DIALER_STEADY_MS)
		dialer->failures = 0;
	dialer_close(dialer);
	dialer->link = NULL;
	dialer->due_ms = now_ms + dialer_pause(dialer->failures);
	dialer->failures++;
	dialer_tell(links, dialer, NULL);
}

static void dialer_fail(struct links *links, struct dialer *dialer, const char *why)
{
	log_line(LOG_INFO, net_links_partner(links, dialer->key), "%s: %s",
		 dialer->addresses[dialer->attempts % dialer->addresses_count], why);
	dialer->attempts++;
	dialer_lost(links, dialer);
	dialer_tell(links, dialer, why);
}

static enum twinlog_error dialer_monitor(struct links *links, struct dialer *dialer)
{
	char name[48];
	snprintf(name, sizeof name, "inproc://dial-%u", ++links->monitors);
	if (zmq_socket_monitor(dialer->inlet.socket, name, DIALER_EVENTS))
		return TWINLOG_IO;
	inlet_open(&dialer->monitor, zmq_socket(links->daemon->context, ZMQ_PAIR));
	const int none = 0;
	if (!dialer->monitor.socket || zmq_setsockopt(dialer->monitor.socket, ZMQ_LINGER, &none, sizeof none) ||
	    zmq_connect(dialer->monitor.socket, name))
		return TWINLOG_IO;
	return TWINLOG_OK;
}

static void dialer_dial(struct links *links, struct dialer *dialer)
{
	const char *address = dialer->addresses[dialer->attempts % dialer->addresses_count];
	const size_t round = dialer->attempts / dialer->addresses_count;
	memcpy(dialer->key, dialer->keys[round % dialer->keys_count], sizeof dialer->key);
	inlet_open(&dialer->inlet, socket_new(links->daemon->context, ZMQ_DEALER, (int)TWINLOG_PEER_PIPE_MAX));
	enum twinlog_error error = dialer->inlet.socket ? TWINLOG_OK : TWINLOG_TOO_MANY;
	/* libzmq tries one address of a name only: every second round with a key does without IPv6. */
	const int ipv6 = round / dialer->keys_count % 2 == 0;
	if (!error && zmq_setsockopt(dialer->inlet.socket, ZMQ_IPV6, &ipv6, sizeof ipv6))
		error = TWINLOG_IO;
	const char *proxy = links->daemon->setup->proxy;
	char relay[SOCKS_ENDPOINT_MAX];
	if (!error && proxy)
		error = socks_open(proxy, address, relay, &dialer->socks);
	if (!error)
		error = socket_join(dialer->inlet.socket, links->daemon->setup->keys, dialer->key);
	if (!error)
		error = dialer_monitor(links, dialer);
	if (!error && zmq_connect(dialer->inlet.socket, proxy ? relay : address))
		error = TWINLOG_INVALID;
	if (error) {
		dialer_fail(links, dialer, twinlog_error_text(error));
		return;
	}
	dialer->state = DIALER_CONNECTING;
	dialer->due_ms = moment_now().mono_ms + TWINLOG_HANDSHAKE_MS + TWINLOG_DIAL_BACKOFF_MS;
	dialer_tell(links, dialer, NULL);
}

static void dialer_up(struct links *links, struct dialer *dialer)
{
	dialer->state = DIALER_UP;
	dialer->up_ms = moment_now().mono_ms;
	dialer_tell(links, dialer, NULL);
	dialer->link = net_link_new(links, dialer->key, dialer, NULL, 0);
}

static const char *dialer_event_text(const struct dialer *dialer, unsigned event, uint32_t value)
{
	if (dialer->socks && socks_why(dialer->socks))
		return socks_why(dialer->socks);
	switch (event) {
	case ZMQ_EVENT_CONNECT_RETRIED:
		return "nobody answers at this address";
	case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
		return value == KEYRING_REFUSED ? "the partner has removed this city"
						: "the partner does not know this city's card yet";
	case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
		return "somebody else answers at this address";
	case ZMQ_EVENT_DISCONNECTED:
		return "the connection was cut";
	default:
		return "the connection was cut before it was encrypted; has the partner added this city's card?";
	}
}

/* One event of the monitor. False when there is none, or the socket is closed now. */
static bool dialer_event(struct links *links, struct dialer *dialer)
{
	zmq_msg_t message;
	zmq_msg_init(&message);
	if (zmq_msg_recv(&message, dialer->monitor.socket, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(&message);
		dialer->monitor.look = false;
		return false;
	}
	uint16_t event = 0;
	uint32_t value = 0;
	if (zmq_msg_size(&message) == sizeof event + sizeof value) {
		memcpy(&event, zmq_msg_data(&message), sizeof event);
		memcpy(&value, (const uint8_t *)zmq_msg_data(&message) + sizeof event, sizeof value);
	}
	for (bool more = zmq_msg_more(&message); more;) {
		more = zmq_msg_recv(&message, dialer->monitor.socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&message);
	}
	zmq_msg_close(&message);
	if (event == ZMQ_EVENT_HANDSHAKE_SUCCEEDED) {
		if (dialer->state == DIALER_CONNECTING)
			dialer_up(links, dialer);
		return true;
	}
	if (event == 0)
		return true;
	/* libzmq would try again by itself; a new socket carries nothing over from the old connection. */
	if (dialer->state == DIALER_CONNECTING)
		dialer_fail(links, dialer, dialer_event_text(dialer, event, value));
	else if (dialer->link)
		net_link_break(links, dialer->link, dialer_event_text(dialer, event, value));
	return false;
}

/* False when nothing waits, or the link is gone. */
static bool dialer_receive(struct links *links, struct dialer *dialer)
{
	if (dialer->state != DIALER_UP || !dialer->link || dialer->link->gone ||
	    share_used_up(dialer->link, moment_now().mono_ms))
		return false;
	zmq_msg_t message;
	zmq_msg_init(&message);
	const bool got = zmq_msg_recv(&message, dialer->inlet.socket, ZMQ_DONTWAIT) >= 0;
	if (got)
		share_receive(links, dialer->link, &message);
	else
		dialer->inlet.look = false;
	zmq_msg_close(&message);
	return got;
}

static bool dialer_accepted(const struct links *links, const struct dialer *dialer)
{
	for (size_t i = 0; i < dialer->keys_count; i++)
		if (net_links_accepted(links, dialer->keys[i]))
			return true;
	return false;
}

/* Dials when it is time, unless the partner has dialled in meanwhile: one link carries both directions. */
static void dialer_time(struct links *links, struct dialer *dialer, uint64_t now_ms)
{
	if (dialer->state == DIALER_UP || now_ms < dialer->due_ms)
		return;
	if (dialer->state == DIALER_IDLE && dialer->closed_until_ms)
		return;
	if (dialer->state == DIALER_CONNECTING)
		dialer_fail(links, dialer, "no answer in time");
	else if (dialer_accepted(links, dialer))
		dialer->due_ms = now_ms + dialer_pause(0);
	else
		dialer_dial(links, dialer);
}

/* ---- All of them ---- */

void dialers_serve(struct links *links, bool intake)
{
	const uint64_t now_ms = moment_now().mono_ms;
	for (size_t i = 0; i < links->dialers_count; i++) {
		struct dialer *dialer = links->dialers[i];
		bool more = true;
		while (more && dialer->monitor.socket && dialer->monitor.look)
			more = dialer_event(links, dialer);
		for (int n = 0; intake && dialer->inlet.look && n < LINK_RECEIVE_MAX; n++)
			if (!dialer_receive(links, dialer))
				break;
		dialer_time(links, dialer, now_ms);
	}
}

uint64_t dialers_deadline(const struct links *links)
{
	uint64_t deadline = UINT64_MAX;
	for (size_t i = 0; i < links->dialers_count; i++) {
		const struct dialer *dialer = links->dialers[i];
		if (dialer->state == DIALER_IDLE && dialer->closed_until_ms)
			continue;
		if (dialer->state != DIALER_UP && dialer->due_ms < deadline)
			deadline = dialer->due_ms;
	}
	return deadline;
}

void dialers_poll(struct links *links, struct pollset *set, bool intake)
{
	for (size_t i = 0; i < links->dialers_count; i++) {
		struct dialer *dialer = links->dialers[i];
		if (!dialer->inlet.socket)
			continue;
		pollset_add(set, &dialer->monitor);
		if (intake && !(dialer->link && share_used_up(dialer->link, moment_now().mono_ms)))
			pollset_add(set, &dialer->inlet);
	}
}

/* ---- The list ---- */

static void dialer_free(struct dialer *dialer)
{
	dialer_close(dialer);
	free(dialer->addresses);
	free(dialer);
}

static struct dialer *dialer_find(const struct links *links, const struct hash *identity)
{
	for (size_t i = 0; i < links->dialers_count; i++)
		if (hash_equal(&links->dialers[i]->identity, identity))
			return links->dialers[i];
	return NULL;
}

/* A link with a key that is none of them any more ends in links_update. */
static void dialer_take_keys(struct dialer *dialer, const struct peer_view *peer)
{
	memcpy(dialer->keys[0], peer->transport_key, 32);
	if (peer->next_transport)
		memcpy(dialer->keys[1], peer->next_transport, 32);
	dialer->keys_count = peer->next_transport ? 2 : 1;
}

/* card_open has checked what an address may be. */
static size_t dialer_copy_addresses(const struct peer_view *peer, char (*addresses)[SOCKET_ENDPOINT_MAX])
{
	size_t count = 0;
	for (size_t i = 0; i < peer->card->n_addresses && count < TWINLOG_ADDRESSES_MAX; i++) {
		const ProtobufCBinaryData address = peer->card->addresses[i];
		if (address.len >= SOCKET_ENDPOINT_MAX)
			continue;
		memcpy(addresses[count], address.data, address.len);
		addresses[count++][address.len] = '\0';
	}
	return count;
}

static enum twinlog_error dialer_add(struct links *links, const struct peer_view *peer, struct dialer **ret_dialer)
{
	struct dialer **dialers = realloc(links->dialers, (links->dialers_count + 1) * sizeof(*dialers));
	if (!dialers)
		return TWINLOG_NO_MEMORY;
	links->dialers = dialers;
	struct dialer *dialer = calloc(1, sizeof *dialer);
	if (!dialer)
		return TWINLOG_NO_MEMORY;
	dialer->identity = peer->identity;
	memcpy(dialer->key, peer->transport_key, sizeof dialer->key);
	links->dialers[links->dialers_count++] = dialer;
	*ret_dialer = dialer;
	return TWINLOG_OK;
}

/* One partner of the node: its dialler is made, kept, or given other addresses. */
static enum twinlog_error dialer_list(struct links *links, const struct peer_view *peer)
{
	if (peer->removed || !peer->card)
		return TWINLOG_OK;
	char addresses[TWINLOG_ADDRESSES_MAX][SOCKET_ENDPOINT_MAX] = {{0}};
	const size_t count = dialer_copy_addresses(peer, addresses);
	if (count == 0)
		return TWINLOG_OK;
	struct dialer *dialer = dialer_find(links, &peer->identity);
	enum twinlog_error error = TWINLOG_OK;
	if (!dialer)
		error = dialer_add(links, peer, &dialer);
	if (error)
		return error;
	dialer->listed = true;
	dialer_take_keys(dialer, peer);
	const size_t size = count * SOCKET_ENDPOINT_MAX;
	if (dialer->addresses_count == count && memcmp(dialer->addresses, addresses, size) == 0)
		return TWINLOG_OK;
	char(*copy)[SOCKET_ENDPOINT_MAX] = malloc(size);
	if (!copy)
		return TWINLOG_NO_MEMORY;
	memcpy(copy, addresses, size);
	free(dialer->addresses);
	dialer->addresses = copy;
	dialer->addresses_count = count;
	dialer->attempts = 0;
	dialer->failures = 0;
	if (dialer->state == DIALER_IDLE)
		dialer->due_ms = 0;
	return TWINLOG_OK;
}

/* A dialler that is no longer wanted ends with its link. */
static void dialers_prune(struct links *links)
{
	size_t kept = 0;
	for (size_t i = 0; i < links->dialers_count; i++) {
		struct dialer *dialer = links->dialers[i];
		if (dialer->listed) {
			links->dialers[kept++] = dialer;
			continue;
		}
		if (dialer->link) {
			net_link_break(links, dialer->link, "the partner's address was taken back");
			dialer->link->dialer = NULL;
		}
		dialer_free(dialer);
	}
	links->dialers_count = kept;
}

enum twinlog_error dialers_update(struct links *links)
{
	const struct node *node = links->daemon->node;
	for (size_t i = 0; i < links->dialers_count; i++)
		links->dialers[i]->listed = false;
	for (size_t i = 0; i < node_peers(node); i++) {
		const struct peer_view peer = node_peer(node, i);
		const enum twinlog_error error = dialer_list(links, &peer);
		if (error)
			return error;
	}
	dialers_prune(links);
	return TWINLOG_OK;
}

void dialers_anew(struct links *links)
{
	for (size_t i = 0; i < links->dialers_count; i++)
		if (links->dialers[i]->state == DIALER_CONNECTING)
			dialer_lost(links, links->dialers[i]);
}

/* ---- Hours ---- */

static void dialer_close_until(struct links *links, struct dialer *dialer, uint64_t wall_ms)
{
	if (!dialer || dialer->closed_until_ms == wall_ms)
		return;
	const bool changed = !dialer->closed_until_ms != !wall_ms;
	dialer->closed_until_ms = wall_ms;
	if (!changed)
		return;
	dialer->failures = 0;
	dialer->due_ms = 0;
	if (wall_ms && dialer->state == DIALER_CONNECTING)
		dialer_close(dialer);
	dialer_tell(links, dialer, NULL);
}

/* Looks at the clock once a minute, and only where an hour is set. */
void dialers_hours(struct links *links)
{
	const struct daemon_setup *setup = links->daemon->setup;
	const struct node *node = links->daemon->node;
	const struct moment now = moment_now();
	const unsigned minute = hours_minute(now.wall_ms);
	links->budgets_due_ms = setup->budgets_count ? now.mono_ms + 60000 - now.wall_ms % 60000 : UINT64_MAX;
	for (size_t i = 0; i < node_peers(node); i++) {
		const struct peer_view peer = node_peer(node, i);
		const uint64_t rate = hours_rate(setup->budgets, setup->budgets_count, peer.city_id, minute);
		const unsigned closed = hours_until_open(setup->budgets, setup->budgets_count, peer.city_id, minute);
		dialer_close_until(links, dialer_find(links, &peer.identity),
				   closed ? now.wall_ms - now.wall_ms % 60000 + closed * 60000ull : 0);
		struct event event = {.type = EVENT_BUDGET, .budget = {peer.identity, rate}};
		if (rate != peer.rate)
			daemon_step(links->daemon, &event);
	}
}

void dialers_free(struct links *links)
{
	for (size_t i = 0; i < links->dialers_count; i++)
		dialer_free(links->dialers[i]);
	free(links->dialers);
}
