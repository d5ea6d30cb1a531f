/* What the net thread waits for. Sockets are looked into only when they may hold something: each look at one that is
 * empty costs two calls of the kernel, and a daemon may have hundreds. Internal to net.
 *
 * The descriptor of a ZeroMQ socket (ZMQ_FD) says that something came, and not again until all of it was taken: so a
 * socket whose last recv said EAGAIN, and that was not used since, can be waited for; any other is asked first
 * (ZMQ_EVENTS). */
#ifndef TWINLOG_POLLSET_H
#define TWINLOG_POLLSET_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "twinlog/error.h"

struct inlet {
	void *socket; /* NULL: closed */
	int fd;
	bool look; /* may hold something: set by who sends, cleared by a recv that finds nothing */
};
/* Of a socket just opened; NULL closes it. */
void inlet_open(struct inlet *inlet, void *socket);

struct pollset {
	struct pollfd *fds;
	struct inlet **inlets; /* NULL: a descriptor of its own */
	size_t count, capacity;
	bool holds; /* something waits already */
	bool short_of_memory;
};
void pollset_free(struct pollset *set);
/* A turn: begin, add, wait. */
void pollset_begin(struct pollset *set);
/* Returns its place. */
size_t pollset_add_fd(struct pollset *set, int fd);
void pollset_add(struct pollset *set, struct inlet *inlet); /* a closed one is passed over */
/* Until something comes, at most timeout_ms; then the inlets are marked that may hold something. NO_MEMORY, IO. */
enum twinlog_error pollset_wait(struct pollset *set, long timeout_ms) TWINLOG_MUST_CHECK;
bool pollset_ready(const struct pollset *set, size_t place);

#endif
