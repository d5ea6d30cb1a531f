/* The inside of a connection, shared by connection.c (opening) and exchange.c (requests and answers). */
#ifndef TWINLOG_CONNECTION_INTERNAL_H
#define TWINLOG_CONNECTION_INTERNAL_H

#include "connection.h"

struct pending { /* a request whose last answer is not here yet */
	struct pending *next;
	uint64_t id;
	uint64_t since_ms; /* sent, or last heard of */
	bool sent;         /* over the connection that stands now */
	bool call;         /* its answers belong to a twinlog_call */
	size_t size;
	uint8_t bytes[];
};

struct arrived { /* an answer for twinlog_receive that came while a call was waiting */
	struct arrived *next;
	size_t size;
	uint8_t bytes[];
};

/* The daemon's key, and the one that it is to have: server_key.c. */
struct server_keys {
	char now[CONNECTION_Z85_SIZE], next[CONNECTION_Z85_SIZE]; /* next "": none is known */
	bool changed_over;                                        /* the line is tried with the next one */
	bool kept;      /* the next one stands where a later connection finds it */
	bool said;      /* the daemon was told so, and has not answered */
	char path[512]; /* the settings that name them; "": given by a program */
};

/* One alone may be a daemon that was just stopped. */
#define CONNECTION_CUTS 2u

struct twinlog {
	void *socket, *monitor;
	char endpoint[512];
	char office[TWINLOG_NAME_MAX + 1];
	uint32_t timeout_ms;
	bool has_context;
	bool up;          /* the handshake is done and the line stands */
	bool reached;     /* somebody accepted the connection */
	bool refused_key; /* the daemon said so */
	bool cut;         /* within the handshake, since the key was last changed over */
	unsigned cuts;    /* of all keys, with no handshake since: CONNECTION_CUTS look like a wrong server key */
	struct server_keys server;
	uint64_t next_id;
	size_t under_way; /* pending ones that are no call */
	size_t unsent;
	struct pending *first, **last;
	struct arrived *arrived, **last_arrived;
	struct arena *scratch;
};

uint64_t connection_now(void); /* monotonic, ms */
/* Waits at most that long for anything, notes changes of the line, sends what waits. Whether an answer can be read. */
bool connection_poll(struct twinlog *twinlog, uint64_t wait_ms);
bool connection_drop_frame(struct twinlog *twinlog); /* takes one message and hears only what has id 0; false: none */
void connection_forget(struct twinlog *twinlog);     /* all that is pending or arrived */

/* ---- server_key.c ---- */

/* A message with id 0: the daemon's key to come, or its answer to twinlog_server_kept. */
void server_key_take(struct twinlog *twinlog, const Twinlog__Reply *reply);
/* The line was cut within the handshake: the next try is with the other key, when there is one. */
void server_key_change_over(struct twinlog *twinlog);
/* The line stands: the key it stands with is the daemon's. */
void server_key_settle(struct twinlog *twinlog);
/* Waits a moment for the answer to what was said, so that a short run is heard. */
void server_key_finish(struct twinlog *twinlog);

#endif
