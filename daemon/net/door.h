/* Who stands at an endpoint: the accepted connections of one ROUTER, by descriptor. Knows limits.h, pollset.h. Internal
 * to net.
 *
 * libzmq accepts whoever comes, and a ROUTER cannot close one connection. Its monitor tells which descriptors come and
 * go; those that say nothing are cut when they stay too long, or when too many of one host or of all stand there: the
 * oldest first, so that a flood pushes itself out and who comes to talk gets through. Cutting is a shutdown of the
 * descriptor: libzmq sees the end of the connection and clears up. */
#ifndef TWINLOG_DOOR_H
#define TWINLOG_DOOR_H

#include <stdbool.h>
#include <stdint.h>

#include "pollset.h"
#include "twinlog/error.h"

struct door;

/* Before the router is bound. */
enum twinlog_error door_open(void *context, void *router, struct door **ret_door) TWINLOG_MUST_CHECK;
/* Before the router is closed; accepts NULL. */
void door_close(struct door *door);

/* Readable when somebody comes or goes. */
struct inlet *door_inlet(struct door *door);
void door_serve(struct door *door, uint64_t now_ms);
uint64_t door_deadline(const struct door *door); /* mono_ms */

/* One connection: a descriptor is given out anew as soon as the connection that had it is closed. */
struct door_visit {
	int fd;
	uint64_t number; /* counted from 1; 0: not known */
};

/* A message came over this connection (zmq_msg_get, ZMQ_SRCFD): no stranger any more. */
struct door_visit door_heard(struct door *door, int fd);
/* Cuts it, a moment later: what was said last still goes out. Nothing, when it is gone already. */
void door_cut(struct door *door, struct door_visit visit, uint64_t now_ms);

#endif
