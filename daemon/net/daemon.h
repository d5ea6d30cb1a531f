/* The running daemon: sockets, threads and the loop around the pure node. Knows every layer below; main.c and the
 * configuration fill in a struct daemon_setup and call daemon_run. ARCHITECTURE, "Threads".
 *
 *     peers  <-CURVE->  net  -> writer   -> store      one transaction for all that waits
 *     clients<-CURVE->  loop -> verifier               bundles of partners, opened and checked
 *                            -> packer   <- store      chunks for partners
 *                            -> readers  <- node, store, view
 *
 * Every endpoint speaks CURVE with the city's transport key, the control endpoint on ipc too: who a client is, and so
 * its role, is decided by its key alone. */
#ifndef TWINLOG_DAEMON_H
#define TWINLOG_DAEMON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "seal.h"
#include "store.h"
#include "twinlog/limits.h"

enum client_role { ROLE_ADMIN, ROLE_CLERK, ROLE_READER, ROLE_AUDITOR };

struct daemon_client {
	uint8_t public_key[32]; /* X25519; in files Z85 */
	char name[64];          /* for people, NUL-terminated */
	enum client_role role;
	char office[TWINLOG_NAME_MAX + 1]; /* who speaks when it writes; "": its name does, or what its words claim */
	struct hash spaces[TWINLOG_CLIENT_SPACES_MAX]; /* it knows of these alone; none: of all */
	size_t spaces_count;
	uint8_t server_next[32]; /* the control key to come that it has said it keeps; zero: none */
};

enum log_level { LOG_ERROR, LOG_WARNING, LOG_INFO, LOG_DEBUG }; /* each shows those before it too */

/* What a partner may cost. */
struct daemon_budget {
	char city[TWINLOG_CITY_ID_MAX + 1]; /* `*`: every partner */
	uint64_t rate;                      /* bytes a second, both ways together; 0: no link */
	unsigned from, to;                  /* minutes of the local day; equal: always */
};

/* How tests run daemons in threads. Both may be left zero. */
struct daemon_hooks {
	/* Called once, when every endpoint is bound, with the endpoints as bound (a wildcard port is a number now): the
	 * listen endpoints first, then the control endpoints, in the order of the setup. */
	void (*ready)(void *context, const char *const *endpoints, size_t count);
	void *context;
	/* A file descriptor that ends the daemon when it becomes readable; 0: SIGTERM and SIGINT do. */
	int stop_fd;
};

/* All borrowed for the run. */
struct daemon_setup {
	struct store *store; /* open for writing; nobody else may use it meanwhile */
	const struct seal_keys *keys;
	const uint8_t *signed_card; /* own SignedCard */
	size_t signed_card_size;
	const char *const *listen; /* tcp://ADDR:PORT for partners; none: this city only dials out */
	size_t listen_count;
	const char *const *control; /* ipc://PATH or tcp://ADDR:PORT for clients; at least one */
	size_t control_count;
	const char *proxy; /* HOST:PORT of a SOCKS5 proxy through which partners are dialled; NULL: none */
	const struct daemon_client *clients;
	size_t clients_count;
	const struct daemon_budget *budgets; /* in order of the settings */
	size_t budgets_count;
	/* Puts the list of clients in place of the one in the settings, durably. From the writer's thread. NULL:
	 * clients that are added last as long as the daemon. */
	enum twinlog_error (*keep_clients)(void *context, const struct daemon_client *clients, size_t count);
	/* Takes the transport key to come of *keys into use, for good: writes the card that says so, and gives it in
	 * *ret_bytes (malloc'd). From the net thread. NULL: it is never taken. */
	enum twinlog_error (*turn_transport)(void *context, uint8_t **ret_bytes, size_t *ret_size);
	/* Takes the control key to come of *keys into use, for good. From the net thread. NULL: it is never taken. */
	enum twinlog_error (*turn_control)(void *context);
	void *keep_context; /* of all three */
	enum log_level log_level;
	struct daemon_hooks hooks;
};

/* Loads the store into the node, binds, tells the service manager (NOTIFY_SOCKET) and serves until told to stop.
 * Returns the exit code: 0 after a clean end, 1 after a failure that one line on stderr has told. */
int daemon_run(const struct daemon_setup *setup);

#endif
