#include "pollset.h"

#include <errno.h>
#include <stdlib.h>
#include <zmq.h>

void inlet_open(struct inlet *inlet, void *socket)
{
	size_t size = sizeof inlet->fd;
	*inlet = (struct inlet){.socket = socket, .fd = -1, .look = true};
	if (socket)
		(void)zmq_getsockopt(socket, ZMQ_FD, &inlet->fd, &size);
}

static bool inlet_holds(struct inlet *inlet)
{
	int events = 0;
	size_t size = sizeof events;
	if (inlet->look && zmq_getsockopt(inlet->socket, ZMQ_EVENTS, &events, &size) == 0 && !(events & ZMQ_POLLIN))
		inlet->look = false;
	return inlet->look;
}

void pollset_free(struct pollset *set)
{
	free(set->fds);
	free(set->inlets);
	*set = (struct pollset){0};
}

void pollset_begin(struct pollset *set)
{
	set->count = 0;
	set->holds = set->short_of_memory = false;
}

static bool pollset_grow(struct pollset *set)
{
	const size_t wanted = set->capacity ? set->capacity * 2 : 16;
	struct pollfd *fds = realloc(set->fds, wanted * sizeof *fds);
	if (fds)
		set->fds = fds;
	struct inlet **inlets = realloc(set->inlets, wanted * sizeof *inlets);
	if (inlets)
		set->inlets = inlets;
	if (!fds || !inlets)
		return false;
	set->capacity = wanted;
	return true;
}

static size_t pollset_put(struct pollset *set, int fd, struct inlet *inlet)
{
	if (set->count == set->capacity && !pollset_grow(set)) {
		set->short_of_memory = true;
		return 0;
	}
	set->fds[set->count] = (struct pollfd){.fd = fd, .events = POLLIN};
	set->inlets[set->count] = inlet;
	return set->count++;
}

size_t pollset_add_fd(struct pollset *set, int fd)
{
	return pollset_put(set, fd, NULL);
}

void pollset_add(struct pollset *set, struct inlet *inlet)
{
	if (!inlet->socket)
		return;
	if (inlet_holds(inlet))
		set->holds = true;
	else
		pollset_put(set, inlet->fd, inlet);
}

enum twinlog_error pollset_wait(struct pollset *set, long timeout_ms)
{
	if (set->short_of_memory)
		return TWINLOG_NO_MEMORY;
	const int ready = poll(set->fds, (nfds_t)set->count, set->holds ? 0 : (int)timeout_ms);
	if (ready < 0 && errno != EINTR)
		return TWINLOG_IO;
	for (size_t i = 0; i < set->count; i++) {
		if (ready < 0)
			set->fds[i].revents = 0;
		if (set->fds[i].revents && set->inlets[i])
			set->inlets[i]->look = true;
	}
	return TWINLOG_OK;
}

bool pollset_ready(const struct pollset *set, size_t place)
{
	return set->fds[place].revents != 0;
}
