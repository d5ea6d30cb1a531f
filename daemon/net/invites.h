/* Answers to invitations at the peer endpoint: who holds an invitation's key may bring one, gets a word back, and can
 * do nothing else. Internal to net. */
#ifndef TWINLOG_INVITES_H
#define TWINLOG_INVITES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <zmq.h>

#include "pollset.h"

struct daemon;

#define INVITES_TOKEN     (UINT64_C(1) << 63) /* in the client of EVENT_REQUEST: answer with invites_reply */
#define INVITES_OPEN_MAX  32u                 /* answers that are looked at */
#define INVITES_ROUTE_MAX 16u
#define INVITES_A_SECOND  10u /* more are dropped: each costs signatures */

struct invites {
	struct invites_open {
		uint64_t token; /* 0: free */
		uint8_t route[INVITES_ROUTE_MAX];
		size_t route_size;
	} open[INVITES_OPEN_MAX];
	uint64_t last;        /* token given */
	uint64_t second;      /* monotonic */
	unsigned in_second;   /* so many came in it */
	struct inlet *router; /* they all come by the one endpoint */
};

void invites_message(struct daemon *daemon, struct inlet *router, const void *route, size_t route_size,
		     zmq_msg_t *message);
/* bytes: the packed Reply. */
void invites_reply(struct daemon *daemon, uint64_t token, const void *bytes, size_t size);

#endif
