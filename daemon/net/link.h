/* One link and one dialler, as links.c and dial.c share them. Internal to those two. */
#ifndef TWINLOG_LINK_H
#define TWINLOG_LINK_H

#include "door.h"
#include "links.h"
#include "pollset.h"
#include "socket.h"
#include "socks.h"

#define LINK_ROUTE_MAX   16 /* ROUTER makes 5 bytes */
#define LINK_ROUTES      256
#define LINK_RECEIVE_MAX 256 /* messages taken from one socket before others have their turn */

struct frame {
	struct frame *next;
	zmq_msg_t message;
};
/* What keeping a message costs: small ones weigh more than they say. */
static inline size_t frame_weight(const zmq_msg_t *message)
{
	return zmq_msg_size(message) + sizeof(struct frame) + 64;
}

struct link {
	uint32_t id;
	uint8_t key[32];       /* transport key at the other end */
	struct dialer *dialer; /* NULL: accepted */
	uint8_t route[LINK_ROUTE_MAX];
	size_t route_size;
	struct link *next_route; /* in the same bucket of links.routes */
	struct frame *backlog;   /* what the pipe could not take */
	struct frame *backlog_last;
	size_t backlog_bytes;
	struct door_visit visit; /* of an accepted one, as its last message came */
	uint64_t spent_us;       /* of the net thread, less what time has given back */
	uint64_t spent_at_ms;
	struct frame *inbox; /* came and waits for its share of the thread */
	struct frame *inbox_last;
	size_t inbox_bytes;
	bool gone;       /* to be forgotten at the end of the turn */
	bool tell;       /* the node does not know yet */
	const char *why; /* static text; may be NULL */
};

enum dialer_state { DIALER_IDLE, DIALER_CONNECTING, DIALER_UP };

struct dialer {
	uint8_t keys[2][32]; /* of the partner: in use, and to come */
	size_t keys_count;
	uint8_t key[32]; /* the one of this attempt, and of the link */
	struct hash identity;
	char (*addresses)[SOCKET_ENDPOINT_MAX];
	size_t addresses_count;
	size_t attempts; /* rotates through the addresses and keys */
	unsigned failures;
	enum dialer_state state;
	struct inlet inlet;
	struct inlet monitor;
	struct socks *socks;      /* through a proxy; NULL: not */
	struct link *link;        /* up */
	uint64_t due_ms;          /* idle: dial; connecting: give up */
	uint64_t up_ms;           /* when the link came up */
	bool listed;              /* still wanted, while the list is made anew */
	uint64_t closed_until_ms; /* Unix time; 0: its budget lets it dial */
};

struct links {
	struct daemon *daemon;
	struct inlet router;
	struct door *door; /* of the router */
	char endpoints[TWINLOG_ADDRESSES_MAX][SOCKET_ENDPOINT_MAX];
	struct link **items; /* in order of id */
	size_t count;
	size_t capacity;
	uint32_t last_id;
	struct link *routes[LINK_ROUTES];
	struct dialer **dialers;
	size_t dialers_count;
	struct arena *arena;
	size_t backlogged; /* links with a backlog */
	unsigned monitors; /* made so far, for their names */
	bool some_gone;
	bool peers_changed;      /* the list is to be made anew, between steps */
	uint64_t budgets_due_ms; /* mono_ms of the next look at the hour */
};

/* For the log: the city id behind a key, or its beginning. */
const char *net_links_partner(const struct links *links, const uint8_t key[32]);
/* A new link, told to the node; NULL when memory is out or the node dropped it at once. route NULL: dialled. */
struct link *net_link_new(struct links *links, const uint8_t key[32], struct dialer *dialer, const void *route,
			  size_t route_size);
/* The link is of no use any more; the node is told at the end of the turn. */
void net_link_break(struct links *links, struct link *link, const char *why);
/* Decodes and steps one message; whoever calls charges the link for it: share.h. */
void net_link_receive(struct links *links, struct link *link, zmq_msg_t *message);
/* Whether an accepted link from that partner is up. */
bool net_links_accepted(const struct links *links, const uint8_t key[32]);

/* transport.c: takes the own transport key to come into use once it is due. */
void transport_look(struct links *links);

/* dial.c */
enum twinlog_error dialers_update(struct links *links) TWINLOG_MUST_CHECK;
void dialers_free(struct links *links);
void dialers_serve(struct links *links, bool intake);
uint64_t dialers_deadline(const struct links *links);
void dialers_poll(struct links *links, struct pollset *set, bool intake);
/* What each partner may cost at this hour: told to the node, and who may not be linked is not dialled. */
void dialers_hours(struct links *links);
/* The own transport key is another one: whoever is being dialled is dialled anew. */
void dialers_anew(struct links *links);
/* Its link is gone: closes the socket and plans the next attempt. */
void dialer_lost(struct links *links, struct dialer *dialer);

#endif
