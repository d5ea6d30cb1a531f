#include "socks.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_SIZE (64u * 1024)
#define STACK_SIZE  (256u * 1024)

static const char NO_PROXY[] = "the proxy cannot be reached";
static const char NOT_ONE[] = "the proxy does not answer as one";
static const char WANTS_MORE[] = "the proxy does not let this machine through";
static const char NO_WAY[] = "the proxy does not reach this address";

struct target {
	char host[SOCKS_TEXT_MAX], port[8];
};

/* Freed by whoever lets go last: the caller or the thread. */
struct socks {
	atomic_int holders;
	_Atomic(const char *) why;
	int stop; /* eventfd: readable when it is to end */
	int listener, local, proxy;
	struct target by, to;
	uint8_t *buffers;
};

static void let_go(struct socks *socks)
{
	if (atomic_fetch_sub(&socks->holders, 1) > 1)
		return;
	close(socks->stop);
	free(socks->buffers);
	free(socks);
}

/* ---- Waiting ---- */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* False when the time is over or it is to end. */
static bool await(const struct socks *socks, int fd, short events, uint64_t deadline)
{
	struct pollfd set[2] = {{fd, events, 0}, {socks->stop, POLLIN, 0}};

	for (;;) {
		const uint64_t now = now_ms();
		const int got = now < deadline ? poll(set, 2, (int)(deadline - now)) : 0;

		if (got < 0 && errno == EINTR)
			continue;
		return got > 0 && !set[1].revents;
	}
}

static bool read_whole(const struct socks *socks, uint8_t *out, size_t size)
{
	const uint64_t deadline = now_ms() + SOCKS_WAIT_MS;

	while (size > 0) {
		const ssize_t got = await(socks, socks->proxy, POLLIN, deadline) ? recv(socks->proxy, out, size, 0) : 0;

		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return false;
		out += got;
		size -= (size_t)got;
	}
	return true;
}

static bool write_whole(const struct socks *socks, const uint8_t *bytes, size_t size)
{
	const uint64_t deadline = now_ms() + SOCKS_WAIT_MS;

	while (size > 0) {
		const ssize_t put =
		    await(socks, socks->proxy, POLLOUT, deadline) ? send(socks->proxy, bytes, size, MSG_NOSIGNAL) : 0;

		if (put < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (put <= 0)
			return false;
		bytes += put;
		size -= (size_t)put;
	}
	return true;
}

/* ---- To the proxy ---- */

static bool connect_one(struct socks *socks, const struct addrinfo *at)
{
	socklen_t size = sizeof(int);
	int code = 0;

	socks->proxy = socket(at->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (socks->proxy < 0)
		return false;
	if (connect(socks->proxy, at->ai_addr, at->ai_addrlen) == 0)
		return true;
	if (errno == EINPROGRESS && await(socks, socks->proxy, POLLOUT, now_ms() + SOCKS_WAIT_MS) &&
	    getsockopt(socks->proxy, SOL_SOCKET, SO_ERROR, &code, &size) == 0 && code == 0)
		return true;
	close(socks->proxy);
	socks->proxy = -1;
	return false;
}

static bool connect_proxy(struct socks *socks)
{
	const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	bool good = false;

	if (getaddrinfo(socks->by.host, socks->by.port, &hints, &found) != 0)
		return false;
	for (const struct addrinfo *at = found; at && !good; at = at->ai_next)
		good = connect_one(socks, at);
	freeaddrinfo(found);
	return good;
}

/* RFC 1928, section 4. */
static size_t request_fill(const struct target *to, uint8_t out[4 + 1 + 255 + 2])
{
	const size_t host = strlen(to->host);
	const unsigned long port = strtoul(to->port, NULL, 10);
	size_t size = 4;

	memcpy(out, "\5\1\0", 3); /* connect */
	if (inet_pton(AF_INET, to->host, out + 4) == 1) {
		out[3] = 1;
		size += 4;
	} else if (inet_pton(AF_INET6, to->host, out + 4) == 1) {
		out[3] = 4;
		size += 16;
	} else {
		out[3] = 3;
		out[4] = (uint8_t)host;
		memcpy(out + 5, to->host, host);
		size += 1 + host;
	}
	out[size++] = (uint8_t)(port >> 8);
	out[size++] = (uint8_t)port;
	return size;
}

/* NULL when the way is free. */
static const char *negotiate(struct socks *socks)
{
	uint8_t bytes[4 + 1 + 255 + 2];
	size_t rest;

	if (!write_whole(socks, (const uint8_t *)"\5\1\0", 3) || !read_whole(socks, bytes, 2) || bytes[0] != 5)
		return NOT_ONE;
	if (bytes[1] != 0)
		return WANTS_MORE;
	if (!write_whole(socks, bytes, request_fill(&socks->to, bytes)) || !read_whole(socks, bytes, 5) ||
	    bytes[0] != 5)
		return NO_WAY;
	if (bytes[1] != 0)
		return bytes[1] == 2 ? WANTS_MORE : NO_WAY;
	/* Where it went out from: an address and a port, of which a byte is read already. */
	rest = bytes[3] == 1 ? 4 + 1 : bytes[3] == 4 ? 16 + 1 : bytes[3] == 3 ? bytes[4] + 2u : 0;
	return rest > 0 && read_whole(socks, bytes, rest) ? NULL : NOT_ONE;
}

/* ---- Through ---- */

struct pipe {
	int from, to;
	uint8_t *bytes;
	size_t at, end;
};

/* False when one of the ends is gone. */
static bool carry(struct pipe *pipe, bool readable, bool writable)
{
	if (readable && pipe->at == pipe->end) {
		const ssize_t got = recv(pipe->from, pipe->bytes, BUFFER_SIZE, 0);

		if (got == 0 || (got < 0 && errno != EINTR && errno != EAGAIN))
			return false;
		pipe->at = 0;
		pipe->end = got > 0 ? (size_t)got : 0;
		writable = true;
	}
	if (writable && pipe->at < pipe->end) {
		const ssize_t put = send(pipe->to, pipe->bytes + pipe->at, pipe->end - pipe->at, MSG_NOSIGNAL);

		if (put < 0 && errno != EINTR && errno != EAGAIN)
			return false;
		pipe->at += put > 0 ? (size_t)put : 0;
	}
	return true;
}

static void relay(struct socks *socks)
{
	struct pipe out = {socks->local, socks->proxy, socks->buffers, 0, 0};
	struct pipe in = {socks->proxy, socks->local, socks->buffers + BUFFER_SIZE, 0, 0};
	bool good = true;

	while (good) {
		struct pollfd set[3] = {{socks->local, 0, 0}, {socks->proxy, 0, 0}, {socks->stop, POLLIN, 0}};

		set[0].events = (short)((out.at == out.end ? POLLIN : 0) | (in.at < in.end ? POLLOUT : 0));
		set[1].events = (short)((in.at == in.end ? POLLIN : 0) | (out.at < out.end ? POLLOUT : 0));
		if (poll(set, 3, -1) < 0 && errno != EINTR)
			return;
		if (set[2].revents || (set[0].revents & POLLHUP && out.at < out.end) ||
		    (set[1].revents & POLLHUP && in.at < in.end))
			return; /* nobody is left to take in what is still to go the other way */
		/* What a partner said last is read before its end is seen. */
		good = carry(&out, set[0].revents & (POLLIN | POLLHUP | POLLERR), set[1].revents & POLLOUT) &&
		       carry(&in, set[1].revents & (POLLIN | POLLHUP | POLLERR), set[0].revents & POLLOUT);
	}
}

/* Whoever comes must be this process: the name of the endpoint is no secret. */
static bool accept_local(struct socks *socks)
{
	const uint64_t deadline = now_ms() + SOCKS_WAIT_MS;
	struct ucred peer;
	socklen_t size = sizeof peer;

	while (await(socks, socks->listener, POLLIN, deadline)) {
		socks->local = accept4(socks->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (socks->local >= 0 && getsockopt(socks->local, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0 &&
		    peer.pid == getpid())
			return true;
		if (socks->local >= 0)
			close(socks->local);
		socks->local = -1;
	}
	return false;
}

static void *socks_main(void *context)
{
	struct socks *socks = context;
	const char *why = NULL;

	if (accept_local(socks)) {
		why = connect_proxy(socks) ? negotiate(socks) : NO_PROXY;
		atomic_store(&socks->why, why);
		if (!why)
			relay(socks);
	}
	close(socks->listener);
	if (socks->proxy >= 0)
		close(socks->proxy);
	if (socks->local >= 0)
		close(socks->local);
	let_go(socks);
	return NULL;
}

/* ---- Open, close ---- */

static bool target_read(const char *text, struct target *target)
{
	const char *colon = strrchr(text, ':');
	size_t size = colon ? (size_t)(colon - text) : 0;

	if (size > 1 && text[0] == '[' && text[size - 1] == ']') {
		text++;
		size -= 2;
	}
	if (size == 0 || size > 255 || strlen(colon + 1) == 0 || strlen(colon + 1) >= sizeof target->port)
		return false;
	memcpy(target->host, text, size);
	target->host[size] = '\0';
	strcpy(target->port, colon + 1);
	return true;
}

/* The kernel picks the name: `@` stands for the zero byte that it begins with. */
static bool listen_local(struct socks *socks, char ret_endpoint[SOCKS_ENDPOINT_MAX])
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	socklen_t size = sizeof at;

	socks->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (socks->listener < 0 || bind(socks->listener, (const struct sockaddr *)&at, sizeof at.sun_family) != 0 ||
	    listen(socks->listener, 4) != 0 || getsockname(socks->listener, (struct sockaddr *)&at, &size) != 0)
		return false;
	const size_t name = size - offsetof(struct sockaddr_un, sun_path);
	return snprintf(ret_endpoint, SOCKS_ENDPOINT_MAX, "ipc://@%.*s", (int)name - 1, at.sun_path + 1) <
	       (int)SOCKS_ENDPOINT_MAX;
}

static bool thread_start(struct socks *socks)
{
	pthread_attr_t attributes;
	pthread_t thread;
	bool good;

	if (pthread_attr_init(&attributes) != 0)
		return false;
	pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
	pthread_attr_setstacksize(&attributes, STACK_SIZE);
	good = pthread_create(&thread, &attributes, socks_main, socks) == 0;
	pthread_attr_destroy(&attributes);
	return good;
}

enum twinlog_error socks_open(const char *proxy, const char *address, char ret_endpoint[SOCKS_ENDPOINT_MAX],
			      struct socks **ret_socks)
{
	static const char tcp[] = "tcp://";
	struct socks *socks = calloc(1, sizeof *socks);

	if (!socks)
		return TWINLOG_NO_MEMORY;
	atomic_init(&socks->holders, 2);
	socks->listener = socks->local = socks->proxy = -1;
	socks->stop = eventfd(0, EFD_CLOEXEC);
	socks->buffers = malloc((size_t)2 * BUFFER_SIZE);
	enum twinlog_error error = strncmp(address, tcp, strlen(tcp)) == 0 && target_read(proxy, &socks->by) &&
					   target_read(address + strlen(tcp), &socks->to)
				       ? TWINLOG_OK
				       : TWINLOG_INVALID;
	if (!error && !socks->buffers)
		error = TWINLOG_NO_MEMORY;
	if (!error && (socks->stop < 0 || !listen_local(socks, ret_endpoint) || !thread_start(socks)))
		error = TWINLOG_TOO_MANY;
	if (!error) {
		*ret_socks = socks;
		return TWINLOG_OK;
	}
	if (socks->listener >= 0)
		close(socks->listener);
	if (socks->stop >= 0)
		close(socks->stop);
	free(socks->buffers);
	free(socks);
	return error;
}

const char *socks_why(const struct socks *socks)
{
	return atomic_load(&socks->why);
}

void socks_close(struct socks *socks)
{
	const uint64_t one = 1;

	if (!socks)
		return;
	(void)!write(socks->stop, &one, sizeof one);
	let_go(socks);
}
