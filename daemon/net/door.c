#include "door.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <zmq.h>

#include "log.h"
#include "twinlog/limits.h"

#define DOOR_EVENTS      (ZMQ_EVENT_ACCEPTED | ZMQ_EVENT_CLOSED | ZMQ_EVENT_DISCONNECTED)
#define DOOR_ADDRESS_MAX 28 /* sockaddr_in6 */
#define DOOR_CUT_MS      1000u
#define DOOR_LOOK_MS     1000u
#define DOOR_TURN        4096 /* events taken before others have their turn */

enum visitor_state { VISITOR_NONE, VISITOR_STRANGER, VISITOR_HEARD, VISITOR_CUT };

struct visitor {
	enum visitor_state state;
	uint64_t number;   /* of the connection that has the descriptor now */
	uint64_t since_ms; /* cut: from when on */
	uint8_t address[DOOR_ADDRESS_MAX];
	size_t address_size; /* 0: has none */
};

struct door {
	void *router;
	struct inlet monitor;
	struct visitor *visitors; /* by descriptor */
	size_t size;
	size_t strangers;
	size_t waiting;  /* to be cut */
	uint64_t visits; /* so far */
	uint64_t look_ms;
};

/* ---- Addresses ---- */

static size_t address_of(int fd, uint8_t address[DOOR_ADDRESS_MAX])
{
	struct sockaddr_storage storage = {0};
	socklen_t size = sizeof storage;
	if (getpeername(fd, (struct sockaddr *)&storage, &size) != 0 || size < sizeof(sa_family_t) ||
	    (storage.ss_family != AF_INET && storage.ss_family != AF_INET6))
		return 0;
	size = size < DOOR_ADDRESS_MAX ? size : DOOR_ADDRESS_MAX;
	memcpy(address, &storage, size);
	return size;
}

/* Without the port (the second field of both kinds); of IPv6 the network that one subscriber gets. */
static bool same_host(const struct visitor *a, const struct visitor *b)
{
	if (a->address_size != b->address_size || a->address_size == 0 || memcmp(a->address, b->address, 2) != 0)
		return false;
	return a->address_size < DOOR_ADDRESS_MAX ? memcmp(a->address + 4, b->address + 4, 4) == 0
						  : memcmp(a->address + 8, b->address + 8, 8) == 0;
}

/* ---- Cutting ---- */

/* The number may belong to another connection by now; then it has another address, and that is left alone. */
static void visitor_shut(struct door *door, size_t fd)
{
	struct visitor *visitor = &door->visitors[fd];
	uint8_t address[DOOR_ADDRESS_MAX];
	const size_t size = address_of((int)fd, address);
	if (size == visitor->address_size && (size == 0 || memcmp(address, visitor->address, size) == 0) && size > 0)
		shutdown((int)fd, SHUT_RDWR);
}

static void visitor_leave(struct door *door, size_t fd)
{
	struct visitor *visitor = &door->visitors[fd];
	door->strangers -= visitor->state == VISITOR_STRANGER;
	door->waiting -= visitor->state == VISITOR_CUT;
	visitor->state = VISITOR_NONE;
}

/* It goes when libzmq says so; until then it is nobody. */
static void visitor_turn_away(struct door *door, size_t fd)
{
	visitor_shut(door, fd);
	visitor_leave(door, fd);
}

/* ---- Coming and going ---- */

static bool door_grow(struct door *door, size_t fd)
{
	if (fd < door->size)
		return true;
	if (fd >= TWINLOG_DESCRIPTORS_MAX)
		return false;
	const size_t size = (fd + 64) * 2;
	struct visitor *visitors = realloc(door->visitors, size * sizeof *visitors);
	if (!visitors)
		return false;
	memset(visitors + door->size, 0, (size - door->size) * sizeof *visitors);
	door->visitors = visitors;
	door->size = size;
	return true;
}

/* The oldest stranger, of the host of `like` or (NULL) of all; how many there are. */
static size_t strangers_oldest(const struct door *door, const struct visitor *like, size_t *ret_fd)
{
	size_t count = 0;
	for (size_t fd = 0; fd < door->size; fd++) {
		const struct visitor *visitor = &door->visitors[fd];
		if (visitor->state != VISITOR_STRANGER || (like && !same_host(like, visitor)))
			continue;
		if (count++ == 0 || visitor->since_ms < door->visitors[*ret_fd].since_ms)
			*ret_fd = fd;
	}
	return count;
}

static void door_enter(struct door *door, size_t fd, uint64_t now_ms)
{
	if (!door_grow(door, fd))
		return;
	visitor_leave(door, fd);
	struct visitor *visitor = &door->visitors[fd];
	*visitor = (struct visitor){.state = VISITOR_STRANGER, .number = ++door->visits, .since_ms = now_ms};
	visitor->address_size = address_of((int)fd, visitor->address);
	door->strangers++;
	size_t oldest = fd;
	if (door->strangers > TWINLOG_STRANGERS_PER_HOST &&
	    strangers_oldest(door, visitor, &oldest) > TWINLOG_STRANGERS_PER_HOST)
		visitor_turn_away(door, oldest);
	else if (door->strangers > TWINLOG_STRANGERS_MAX && strangers_oldest(door, NULL, &oldest) > 0)
		visitor_turn_away(door, oldest);
}

static bool door_event(struct door *door, uint64_t now_ms)
{
	zmq_msg_t message;
	uint16_t event = 0;
	uint32_t value = 0;
	zmq_msg_init(&message);
	if (zmq_msg_recv(&message, door->monitor.socket, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(&message);
		door->monitor.look = false;
		return false;
	}
	if (zmq_msg_size(&message) == sizeof event + sizeof value) {
		memcpy(&event, zmq_msg_data(&message), sizeof event);
		memcpy(&value, (const uint8_t *)zmq_msg_data(&message) + sizeof event, sizeof value);
	}
	for (bool more = zmq_msg_more(&message); more;)
		more = zmq_msg_recv(&message, door->monitor.socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&message);
	zmq_msg_close(&message);
	if (event == ZMQ_EVENT_ACCEPTED)
		door_enter(door, value, now_ms);
	else if (event != 0 && value < door->size)
		visitor_leave(door, value);
	return true;
}

static void door_look(struct door *door, uint64_t now_ms)
{
	door->look_ms = now_ms + DOOR_LOOK_MS;
	size_t silent = 0;
	for (size_t fd = 0; fd < door->size && door->strangers + door->waiting > 0; fd++) {
		const struct visitor *visitor = &door->visitors[fd];
		const bool stale =
		    visitor->state == VISITOR_STRANGER && now_ms - visitor->since_ms >= TWINLOG_STRANGER_MS;
		if (stale || (visitor->state == VISITOR_CUT && visitor->since_ms <= now_ms))
			visitor_turn_away(door, fd);
		silent += stale;
	}
	if (silent > 0)
		log_line(LOG_DEBUG, NULL, "%zu connections that said nothing were cut", silent);
}

void door_serve(struct door *door, uint64_t now_ms)
{
	for (int i = 0; door->monitor.look && i < DOOR_TURN; i++)
		if (!door_event(door, now_ms))
			break;
	if (now_ms >= door->look_ms)
		door_look(door, now_ms);
}

uint64_t door_deadline(const struct door *door)
{
	return door->strangers + door->waiting > 0 ? door->look_ms : UINT64_MAX;
}

struct door_visit door_heard(struct door *door, int fd)
{
	if (fd < 0 || (size_t)fd >= door->size)
		return (struct door_visit){.fd = fd};
	struct visitor *visitor = &door->visitors[fd];
	if (visitor->state == VISITOR_STRANGER) {
		visitor->state = VISITOR_HEARD;
		door->strangers--;
	}
	return (struct door_visit){.fd = fd, .number = visitor->number};
}

void door_cut(struct door *door, struct door_visit visit, uint64_t now_ms)
{
	if (visit.number == 0)
		return;
	struct visitor *visitor = &door->visitors[visit.fd];
	if (visitor->number != visit.number || visitor->state != VISITOR_HEARD)
		return;
	visitor->state = VISITOR_CUT;
	visitor->since_ms = now_ms + DOOR_CUT_MS;
	door->waiting++;
}

struct inlet *door_inlet(struct door *door)
{
	return &door->monitor;
}

/* ---- Start and end ---- */

enum twinlog_error door_open(void *context, void *router, struct door **ret_door)
{
	struct door *door = calloc(1, sizeof *door);
	if (!door)
		return TWINLOG_NO_MEMORY;
	char name[48];
	(void)snprintf(name, sizeof name, "inproc://door-%p", router);
	door->router = router;
	/* Without a limit: libzmq's own thread would wait for room, and nobody would be served meanwhile. */
	const int none = 0;
	if (zmq_socket_monitor(router, name, DOOR_EVENTS) == 0)
		inlet_open(&door->monitor, zmq_socket(context, ZMQ_PAIR));
	if (!door->monitor.socket || zmq_setsockopt(door->monitor.socket, ZMQ_LINGER, &none, sizeof none) ||
	    zmq_setsockopt(door->monitor.socket, ZMQ_RCVHWM, &none, sizeof none) ||
	    zmq_connect(door->monitor.socket, name)) {
		door_close(door);
		return TWINLOG_IO;
	}
	*ret_door = door;
	return TWINLOG_OK;
}

void door_close(struct door *door)
{
	if (!door)
		return;
	zmq_socket_monitor(door->router, NULL, 0);
	if (door->monitor.socket)
		zmq_close(door->monitor.socket);
	free(door->visitors);
	free(door);
}
