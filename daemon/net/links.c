#include "invites.h"
#include "link.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "peer.pb-c.h"
#include "share.h"
#include "slots.h"

#define LINKS_RETRY_MS 10u /* libzmq does not say which partner's pipe has room again */

/* ---- The table ---- */

const char *net_links_partner(const struct links *links, const uint8_t key[32])
{
	const struct keyring_entry *entry = keyring_find(&links->daemon->zap.peers, key);
	return entry && entry->name[0] ? entry->name : "unknown partner";
}

static struct link *link_find(const struct links *links, uint32_t id)
{
	size_t low = 0, high = links->count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (links->items[middle]->id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low < links->count && links->items[low]->id == id && !links->items[low]->gone ? links->items[low] : NULL;
}

static size_t route_bucket(const void *route, size_t size)
{
	return seal_slot(route, size) % LINK_ROUTES; /* a partner may choose its routing id */
}

static struct link *link_by_route(const struct links *links, const void *route, size_t size)
{
	struct link *link = links->routes[route_bucket(route, size)];
	while (link && (link->route_size != size || memcmp(link->route, route, size) != 0))
		link = link->next_route;
	return link;
}

static void link_unroute(struct links *links, struct link *link)
{
	if (link->route_size == 0)
		return;
	struct link **at = &links->routes[route_bucket(link->route, link->route_size)];
	while (*at != link)
		at = &(*at)->next_route;
	*at = link->next_route;
	link->route_size = 0;
}

bool net_links_accepted(const struct links *links, const uint8_t key[32])
{
	for (size_t i = 0; i < links->count; i++) {
		const struct link *link = links->items[i];
		if (!link->gone && !link->dialer && memcmp(link->key, key, sizeof link->key) == 0)
			return true;
	}
	return false;
}

/* One partner may not fill the table: of too many accepted links of one key the oldest gives way. */
static void links_make_room(struct links *links, const uint8_t key[32])
{
	struct link *oldest = NULL;
	size_t count = 0;
	for (size_t i = 0; i < links->count; i++) {
		struct link *link = links->items[i];
		if (link->gone || link->dialer || memcmp(link->key, key, sizeof link->key) != 0)
			continue;
		if (!oldest)
			oldest = link;
		count++;
	}
	if (count >= TWINLOG_LINKS_PER_PEER_MAX)
		net_link_break(links, oldest, "the partner linked anew");
}

static bool links_grow(struct links *links)
{
	if (links->count < links->capacity)
		return true;
	const size_t capacity = links->capacity ? links->capacity * 2 : 8;
	struct link **items = realloc(links->items, capacity * sizeof(*items));
	if (!items)
		return false;
	links->items = items;
	links->capacity = capacity;
	return true;
}

struct link *net_link_new(struct links *links, const uint8_t key[32], struct dialer *dialer, const void *route,
			  size_t route_size)
{
	struct link *link = links_grow(links) ? calloc(1, sizeof *link) : NULL;
	if (!link) {
		daemon_fail(links->daemon, TWINLOG_NO_MEMORY, "a new link");
		return NULL;
	}
	link->id = ++links->last_id;
	memcpy(link->key, key, sizeof link->key);
	link->dialer = dialer;
	if (route) {
		links_make_room(links, key);
		memcpy(link->route, route, route_size);
		link->route_size = route_size;
		struct link **bucket = &links->routes[route_bucket(route, route_size)];
		link->next_route = *bucket;
		*bucket = link;
	}
	links->items[links->count++] = link;
	log_line(LOG_INFO, net_links_partner(links, key), "linked (%s)", dialer ? "dialled" : "dialled in");
	struct event event = {.type = EVENT_LINK_UP, .link_up = {.link = link->id, .dialled = dialer != NULL}};
	memcpy(event.link_up.transport_key, key, sizeof event.link_up.transport_key);
	daemon_step(links->daemon, &event);
	return link->gone ? NULL : link;
}

/* why: for the node; NULL when it is the one that wants it so. */
static void link_end(struct links *links, struct link *link, const char *why)
{
	if (link->gone)
		return;
	link->gone = true;
	link->tell = true;
	link->why = why;
	links->some_gone = true;
	link_unroute(links, link);
	if (links->door)
		door_cut(links->door, link->visit, moment_now().mono_ms);
}

void net_link_break(struct links *links, struct link *link, const char *why)
{
	if (!link->gone)
		log_line(LOG_INFO, net_links_partner(links, link->key), "link ended: %s", why);
	link_end(links, link, why);
}

void net_links_drop(struct links *links, uint32_t id, enum twinlog_error why)
{
	struct link *link = link_find(links, id);
	if (!link)
		return;
	log_line(LOG_INFO, net_links_partner(links, link->key), "link dropped: %s", twinlog_error_text(why));
	link_end(links, link, NULL);
}

static void backlog_clear(struct links *links, struct link *link)
{
	if (link->backlog)
		links->backlogged--;
	while (link->backlog) {
		struct frame *next = link->backlog->next;
		zmq_msg_close(&link->backlog->message);
		free(link->backlog);
		link->backlog = next;
	}
}

/* Forgets links that are gone. Telling the node may end further ones. */
static void links_reap(struct links *links)
{
	while (links->some_gone) {
		links->some_gone = false;
		for (size_t i = 0; i < links->count; i++) {
			const struct link *link = links->items[i];
			if (!link->gone || !link->tell)
				continue;
			struct event event = {.type = EVENT_LINK_DOWN, .link_down = {link->id, link->why}};
			links->items[i]->tell = false;
			daemon_step(links->daemon, &event);
		}
	}
	size_t kept = 0;
	for (size_t i = 0; i < links->count; i++) {
		struct link *link = links->items[i];
		if (!link->gone) {
			links->items[kept++] = link;
			continue;
		}
		if (link->dialer)
			dialer_lost(links, link->dialer);
		backlog_clear(links, link);
		inbox_clear(link);
		free(link);
	}
	links->count = kept;
}

/* ---- Sending ---- */

/* OK: taken, and the message is libzmq's. IN_USE: the pipe is full. Else the link is dead. */
static enum twinlog_error link_try(struct links *links, struct link *link, zmq_msg_t *message)
{
	struct inlet *inlet = link->dialer ? &link->dialer->inlet : &links->router;
	void *socket = inlet->socket;
	inlet->look = true;
	/* Once ROUTER takes the routing id it takes the rest of the message too. */
	if (!link->dialer && zmq_send(socket, link->route, link->route_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) < 0)
		return errno == EAGAIN ? TWINLOG_IN_USE : TWINLOG_NOT_REACHABLE;
	if (zmq_msg_send(message, socket, ZMQ_DONTWAIT) < 0)
		return errno == EAGAIN ? TWINLOG_IN_USE : TWINLOG_NOT_REACHABLE;
	return TWINLOG_OK;
}

static void link_queue(struct links *links, struct link *link, zmq_msg_t *message)
{
	const size_t size = frame_weight(message);
	struct frame *frame = NULL;
	if (link->backlog_bytes + size <= TWINLOG_LINK_BACKLOG_MAX)
		frame = malloc(sizeof *frame);
	if (!frame) {
		zmq_msg_close(message);
		net_link_break(links, link, "the partner does not take in what is sent");
		return;
	}
	frame->next = NULL;
	zmq_msg_init(&frame->message);
	zmq_msg_move(&frame->message, message);
	zmq_msg_close(message);
	if (!link->backlog) {
		link->backlog = frame;
		links->backlogged++;
	} else {
		link->backlog_last->next = frame;
	}
	link->backlog_last = frame;
	link->backlog_bytes += size;
}

/* Takes the message over. */
static void link_send(struct links *links, struct link *link, zmq_msg_t *message)
{
	if (link->backlog) {
		link_queue(links, link, message);
		return;
	}
	switch (link_try(links, link, message)) {
	case TWINLOG_OK:
		break;
	case TWINLOG_IN_USE:
		link_queue(links, link, message);
		break;
	default:
		zmq_msg_close(message);
		net_link_break(links, link, "the partner is gone");
	}
}

static void link_flush(struct links *links, struct link *link)
{
	while (link->backlog && !link->gone) {
		struct frame *frame = link->backlog;
		const size_t size = frame_weight(&frame->message);
		const enum twinlog_error error = link_try(links, link, &frame->message);
		if (error == TWINLOG_IN_USE)
			return;
		if (error) {
			net_link_break(links, link, "the partner is gone");
			return;
		}
		link->backlog = frame->next;
		link->backlog_bytes -= size;
		free(frame);
		if (!link->backlog)
			links->backlogged--;
	}
}

void net_links_send(struct links *links, uint32_t id, const void *bytes, size_t size)
{
	struct link *link = link_find(links, id);
	if (!link)
		return;
	zmq_msg_t message;
	if (zmq_msg_init_size(&message, size) < 0) {
		net_link_break(links, link, twinlog_error_text(TWINLOG_NO_MEMORY));
		return;
	}
	memcpy(zmq_msg_data(&message), bytes, size);
	link_send(links, link, &message);
}

static void frame_free(void *bytes, void *hint)
{
	(void)hint;
	free(bytes);
}

bool net_links_send_frame(struct links *links, uint32_t id, uint8_t *frame, size_t size)
{
	struct link *link = link_find(links, id);
	zmq_msg_t message;
	if (!link || zmq_msg_init_data(&message, frame, size, frame_free, NULL) < 0) {
		free(frame);
		if (link)
			net_link_break(links, link, twinlog_error_text(TWINLOG_NO_MEMORY));
		return false;
	}
	link_send(links, link, &message);
	return !link->gone;
}

/* ---- Receiving ---- */

static void link_step_malformed(struct links *links, const struct link *link, size_t size, enum twinlog_error code)
{
	log_line(LOG_WARNING, net_links_partner(links, link->key), "a message of %zu bytes: %s", size,
		 twinlog_error_text(code));
	struct event event = {.type = EVENT_MALFORMED, .malformed = {link->id, size, code}};
	daemon_step(links->daemon, &event);
}

static enum twinlog_error link_decode(struct links *links, zmq_msg_t *message, Twinlog__PeerMessage **ret_decoded)
{
	arena_reset(links->arena);
	return CODEC_UNPACK(links->arena, zmq_msg_data(message), zmq_msg_size(message), ret_decoded,
			    twinlog__peer_message);
}

static void link_step(struct links *links, const struct link *link, const Twinlog__PeerMessage *decoded, size_t size)
{
	struct event event = {.type = EVENT_MESSAGE, .message = {link->id, decoded, size}};
	daemon_step(links->daemon, &event);
}

void net_link_receive(struct links *links, struct link *link, zmq_msg_t *message)
{
	Twinlog__PeerMessage *decoded = NULL;
	const enum twinlog_error error = link_decode(links, message, &decoded);
	if (error)
		link_step_malformed(links, link, zmq_msg_size(message), error);
	else
		link_step(links, link, decoded, zmq_msg_size(message));
}

/* A routing id without a link: of one that was dropped only a new HELLO counts. */
static void links_accept(struct links *links, const uint8_t key[32], const void *route, size_t route_size,
			 struct door_visit visit, zmq_msg_t *message)
{
	Twinlog__PeerMessage *decoded = NULL;
	const enum twinlog_error error = link_decode(links, message, &decoded);
	if (error || decoded->body_case != TWINLOG__PEER_MESSAGE__BODY_HELLO) {
		log_line(LOG_DEBUG, net_links_partner(links, key), "a message without a link is ignored");
		return;
	}
	struct link *link = net_link_new(links, key, NULL, route, route_size);
	if (!link)
		return;
	link->visit = visit;
	link_step(links, link, decoded, zmq_msg_size(message));
}

/* Who speaks: the key that ZAP noted on this very message, if it still may. */
static const struct keyring_entry *links_speaker(const struct links *links, zmq_msg_t *message)
{
	const char *user_id = zmq_msg_gets(message, "User-Id");
	uint8_t key[32];
	if (!user_id || hex_decode(key, sizeof key, user_id, strlen(user_id)))
		return NULL;
	const struct keyring_entry *entry = keyring_find(&links->daemon->zap.peers, key);
	return entry && !entry->removed ? entry : NULL;
}

static void links_take(struct links *links, zmq_msg_t *route, zmq_msg_t *message, bool whole)
{
	const size_t route_size = zmq_msg_size(route);
	if (route_size == 0 || route_size > LINK_ROUTE_MAX)
		return;
	const void *route_bytes = zmq_msg_data(route);
	struct link *link = link_by_route(links, route_bytes, route_size);
	const struct door_visit visit = door_heard(links->door, zmq_msg_get(message, ZMQ_SRCFD));
	if (link)
		link->visit = visit;
	const struct keyring_entry *speaker = links_speaker(links, message);
	if (!speaker || (link && memcmp(link->key, speaker->key, sizeof link->key) != 0)) {
		if (link)
			net_link_break(links, link, "its key is not admitted any more");
		return;
	}
	if (speaker->number == KEYRING_INVITATION) {
		if (whole)
			invites_message(links->daemon, &links->router, route_bytes, route_size, message);
		return;
	}
	if (!whole) {
		if (link)
			link_step_malformed(links, link, zmq_msg_size(message), TWINLOG_MALFORMED);
		return;
	}
	if (link && (link->inbox || share_used_up(link, moment_now().mono_ms))) {
		inbox_put(links, link, message);
		return;
	}
	if (link) {
		share_receive(links, link, message);
		return;
	}
	links_accept(links, speaker->key, route_bytes, route_size, visit, message);
}

/* One message of the router: routing id and one frame. False when nothing waits. */
static bool links_receive(struct links *links)
{
	zmq_msg_t route, message, more;
	zmq_msg_init(&route);
	if (zmq_msg_recv(&route, links->router.socket, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(&route);
		links->router.look = false;
		return false;
	}
	zmq_msg_init(&message);
	bool whole = false;
	if (zmq_msg_more(&route) && zmq_msg_recv(&message, links->router.socket, ZMQ_DONTWAIT) >= 0) {
		whole = !zmq_msg_more(&message);
		for (bool rest = !whole; rest;) {
			zmq_msg_init(&more);
			rest = zmq_msg_recv(&more, links->router.socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&more);
			zmq_msg_close(&more);
		}
		links_take(links, &route, &message, whole);
	}
	zmq_msg_close(&message);
	zmq_msg_close(&route);
	return true;
}

/* ---- Whom to admit ---- */

static void entry_fill(struct keyring_entry *entry, const struct peer_view *peer, const uint8_t key[32])
{
	memcpy(entry->key, key, KEYRING_KEY_SIZE);
	entry->removed = peer->removed;
	memcpy(entry->name, peer->city_id, sizeof peer->city_id);
}

static enum twinlog_error links_admit(struct links *links)
{
	const struct node *node = links->daemon->node;
	const size_t count = node_peers(node);
	const size_t invites = node_invites(node);
	struct keyring_entry *entries = calloc(2 * count + invites + 1, sizeof *entries);
	size_t used = 0;
	if (!entries)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < invites; i++, used++) {
		memcpy(entries[used].key, node_invite_key(node, i), KEYRING_KEY_SIZE);
		strcpy(entries[used].name, "invitation");
		entries[used].number = KEYRING_INVITATION;
	}
	for (size_t i = 0; i < count; i++) {
		const struct peer_view peer = node_peer(node, i);
		entry_fill(&entries[used++], &peer, peer.transport_key);
		if (peer.next_transport)
			entry_fill(&entries[used++], &peer, peer.next_transport);
	}
	const enum twinlog_error error = keyring_set(&links->daemon->zap.peers, entries, used);
	free(entries);
	return error;
}

static void links_update(struct links *links)
{
	links->peers_changed = false;
	links->budgets_due_ms = 0;
	enum twinlog_error error = links_admit(links);
	if (!error)
		error = dialers_update(links);
	if (error) {
		daemon_fail(links->daemon, error, "the list of partners");
		return;
	}
	for (size_t i = 0; i < links->count; i++) {
		struct link *link = links->items[i];
		const struct keyring_entry *entry = keyring_find(&links->daemon->zap.peers, link->key);
		if (!entry || entry->removed)
			net_link_break(links, link, "its key is not admitted any more");
	}
	transport_look(links);
}

void net_links_peers_changed(struct links *links)
{
	links->peers_changed = true;
}

/* ---- The part of the loop ---- */

void net_links_poll(struct links *links, struct pollset *set, bool intake)
{
	if (intake)
		pollset_add(set, &links->router);
	if (links->door)
		pollset_add(set, door_inlet(links->door));
	dialers_poll(links, set, intake);
}

void net_links_serve(struct links *links, bool intake)
{
	const uint64_t now_ms = moment_now().mono_ms;
	if (links->door)
		door_serve(links->door, now_ms);
	if (now_ms >= links->budgets_due_ms)
		dialers_hours(links);
	dialers_serve(links, intake);
	for (size_t i = 0; intake && i < links->count; i++)
		if (links->items[i]->inbox)
			inbox_serve(links, links->items[i]);
	bool more = intake && links->router.socket && links->router.look;
	for (int i = 0; more && i < LINK_RECEIVE_MAX; i++)
		more = links_receive(links);
	for (size_t i = 0; links->backlogged > 0 && i < links->count; i++)
		link_flush(links, links->items[i]);
	if (links->peers_changed)
		links_update(links);
	links_reap(links);
}

uint64_t net_links_deadline(const struct links *links)
{
	if (links->some_gone || links->peers_changed)
		return 0;
	uint64_t deadline = dialers_deadline(links);
	if (links->door && door_deadline(links->door) < deadline)
		deadline = door_deadline(links->door);
	if (links->budgets_due_ms < deadline)
		deadline = links->budgets_due_ms;
	for (size_t i = 0; i < links->count; i++)
		if (share_deadline(links->items[i]) < deadline)
			deadline = share_deadline(links->items[i]);
	const uint64_t retry = links->backlogged ? moment_now().mono_ms + LINKS_RETRY_MS : UINT64_MAX;
	return deadline < retry ? deadline : retry;
}

/* ---- Start and end ---- */

enum twinlog_error net_links_open(struct daemon *daemon, struct links **ret_links, struct twinlog_fault *fault)
{
	const struct daemon_setup *setup = daemon->setup;
	if (setup->listen_count > TWINLOG_ADDRESSES_MAX)
		return twinlog_fault_set(fault, TWINLOG_TOO_MANY, "listen", NULL);
	struct links *links = calloc(1, sizeof *links);
	if (!links)
		return TWINLOG_NO_MEMORY;
	links->daemon = daemon;
	links->arena = arena_new(TWINLOG_UNPACK_MAX);
	enum twinlog_error error = links->arena ? links_admit(links) : TWINLOG_NO_MEMORY;
	if (!error && setup->listen_count > 0) {
		inlet_open(&links->router, socket_new(daemon->context, ZMQ_ROUTER, (int)TWINLOG_PEER_PIPE_MAX));
		error = links->router.socket ? socket_serve(links->router.socket,
							    seal_keys_transport_secret(setup->keys), ZAP_DOMAIN_PEER)
					     : TWINLOG_NO_MEMORY;
		if (!error)
			error = door_open(daemon->context, links->router.socket, &links->door);
	}
	for (size_t i = 0; i < setup->listen_count && !error; i++)
		error = socket_bind(links->router.socket, setup->listen[i], links->endpoints[i], fault);
	if (!error)
		error = dialers_update(links);
	links->peers_changed = true; /* the own key to come may be due, when nobody has to be waited for */
	if (error) {
		net_links_close(links);
		return error;
	}
	*ret_links = links;
	return TWINLOG_OK;
}

void net_links_close(struct links *links)
{
	if (!links)
		return;
	for (size_t i = 0; i < links->count; i++) {
		backlog_clear(links, links->items[i]);
		inbox_clear(links->items[i]);
		free(links->items[i]);
	}
	free(links->items);
	dialers_free(links);
	door_close(links->door);
	if (links->router.socket)
		zmq_close(links->router.socket);
	arena_free(links->arena);
	free(links);
}

const char *net_links_endpoint(const struct links *links, size_t index)
{
	return links->endpoints[index];
}
