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

struct twinlog {
	void *socket, *monitor;
	char endpoint[512];
	char office[TWINLOG_NAME_MAX + 1];
	uint32_t timeout_ms;
	bool has_context;
	bool up;           /* the handshake is done and the line stands */
	bool reached;      /* somebody accepted the connection */
	bool refused_key;  /* the daemon said so */
	bool no_handshake; /* the line was cut within the handshake: a wrong server key looks like this */
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
void connection_forget(struct twinlog *twinlog); /* all that is pending or arrived */

#endif
