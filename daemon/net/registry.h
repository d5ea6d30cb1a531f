/* The city's clients: who they are, what they may do and know of, and how much they ask. Internal to net, known to its
 * own thread alone.
 *
 * A client that asks too much is slowed: its requests wait in a line of their own until its share has grown again, or
 * one of its queries has been answered. What it does to its own line harms nobody else's. */
#ifndef TWINLOG_REGISTRY_H
#define TWINLOG_REGISTRY_H

#include <zmq.h>

#include "control.pb-c.h"
#include "daemon.h"
#include "keyring.h"
#include "scope.h"

#define REGISTRY_ROUTE_MAX 16 /* ROUTER makes 5 bytes */

/* A request that waits for its turn. */
struct waiting_request {
	struct waiting_request *next;
	zmq_msg_t message;
	uint8_t route[REGISTRY_ROUTE_MAX];
	uint8_t route_size;
};

struct client {
	struct daemon_client is;
	struct scope scope; /* into is */
	uint32_t number;    /* in the registry */
	bool removed;       /* kept while the daemon runs: what it wrote is still to be told */
	uint32_t queries;   /* at the readers */
	uint64_t busy_us;   /* the share it has used up reaches to this time */
	struct waiting_request *first, *last;
	size_t waiting;
	size_t waiting_bytes;
	uint64_t requests, refused, slowed;
	uint64_t last_ms;                 /* Unix time */
	uint8_t told[REGISTRY_ROUTE_MAX]; /* the connection that was last told the control key to come */
	uint8_t told_size;
	uint64_t refused_told_ms; /* monotonic: when the audit trail was last told */
};

struct registry {
	struct client **items; /* a client's number is its index here, and never used again */
	size_t count;
	size_t capacity;
	size_t slowed; /* clients with a request that waits */
};

/* Takes the clients of the setup. */
enum twinlog_error registry_open(struct registry *registry, const struct daemon_client *clients,
				 size_t count) TWINLOG_MUST_CHECK;
void registry_close(struct registry *registry);

/* TOO_MANY, NO_MEMORY. */
enum twinlog_error registry_add(struct registry *registry, const struct daemon_client *is) TWINLOG_MUST_CHECK;
/* Drops what waits, too. */
void registry_remove(struct registry *registry, struct client *client);
struct client *registry_by_name(const struct registry *registry, const char *name); /* NULL */
struct client *registry_by_key(const struct registry *registry, const uint8_t key[32]);
/* Administrators of every space. */
size_t registry_admins(const struct registry *registry);
/* Those in force, in order of their making; at most max. Returns how many there are. */
size_t registry_list(const struct registry *registry, struct daemon_client *out, size_t max);
/* The keys that are admitted, and the number of each. */
enum twinlog_error registry_admit(const struct registry *registry, struct keyring *keyring) TWINLOG_MUST_CHECK;

/* Whether a request of that size may go on now, and takes its share if so. query: goes to the readers. */
bool client_may_go(struct client *client, size_t size, bool query, uint64_t now_ms);
/* When the first that waits is to be looked at again; UINT64_MAX: when a query ends. */
uint64_t client_next_ms(const struct client *client, uint64_t now_ms);
/* Puts the message behind those that wait; TOO_MANY when the line is full, and then it stays the caller's. */
enum twinlog_error client_wait(struct registry *registry, struct client *client, const void *route, size_t route_size,
			       zmq_msg_t *message) TWINLOG_MUST_CHECK;
/* Takes the first that waits, for the caller to free with waiting_free. */
struct waiting_request *client_take(struct registry *registry, struct client *client);
void waiting_free(struct waiting_request *waiting);

#endif
