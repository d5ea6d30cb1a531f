/* The relay to a proxy: it carries every byte whoever is slow, to the end of what was said, and for this process alone.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "socks.h"

#define CARRIED (4u * 1024 * 1024) /* far more than sockets and the relay hold */

static uint8_t pattern(size_t i)
{
	return (uint8_t)(i * 2654435761u >> 13);
}

static void fill(uint8_t *bytes)
{
	for (size_t i = 0; i < CARRIED; i++)
		bytes[i] = pattern(i);
}

static void write_all(int fd, const uint8_t *bytes, size_t size)
{
	while (size > 0) {
		const ssize_t put = send(fd, bytes, size, MSG_NOSIGNAL);
		assert_true(put > 0);
		bytes += put;
		size -= (size_t)put;
	}
}

/* In portions, with a rest between the first ones: a reader that is slow. */
static void read_pattern(int fd, size_t size)
{
	static uint8_t bytes[50000];

	for (size_t at = 0; at < size;) {
		if (at < 20 * sizeof bytes)
			nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
		const size_t left = size - at < sizeof bytes ? size - at : sizeof bytes;
		const ssize_t got = recv(fd, bytes, left, MSG_WAITALL);
		assert_int_equal(got, left);
		for (size_t i = 0; i < left; i++)
			assert_int_equal(bytes[i], pattern(at + i));
		at += left;
	}
}

/* ---- A proxy played by the test ---- */

struct line {
	int listener, proxy, local;
	char endpoint[SOCKS_ENDPOINT_MAX];
	struct socks *socks;
};

static void line_open_to(struct line *line, const char *address)
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof at;
	char proxy[40];

	line->listener = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(bind(line->listener, (const struct sockaddr *)&at, sizeof at), 0);
	assert_int_equal(listen(line->listener, 4), 0);
	assert_int_equal(getsockname(line->listener, (struct sockaddr *)&at, &size), 0);
	snprintf(proxy, sizeof proxy, "127.0.0.1:%u", ntohs(at.sin_port));
	assert_int_equal(socks_open(proxy, address, line->endpoint, &line->socks), TWINLOG_OK);
}

static void line_open(struct line *line)
{
	line_open_to(line, "tcp://city.example:7000");
}

static int line_connect(const struct line *line)
{
	struct sockaddr_un at = {.sun_family = AF_UNIX};
	const size_t name = strlen(line->endpoint + 6); /* behind ipc:// */
	const int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	memcpy(at.sun_path, line->endpoint + 6, name);
	at.sun_path[0] = '\0';
	assert_int_equal(
	    connect(fd, (const struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + name)), 0);
	return fd;
}

/* What it is asked for, of that many bytes. */
static void line_asked(struct line *line, const void *request, size_t size)
{
	static const uint8_t hello[] = {5, 1, 0};
	uint8_t bytes[64];

	assert_true(size <= sizeof bytes);
	line->proxy = accept(line->listener, NULL, NULL);
	assert_int_equal(recv(line->proxy, bytes, sizeof hello, MSG_WAITALL), sizeof hello);
	assert_memory_equal(bytes, hello, sizeof hello);
	write_all(line->proxy, (const uint8_t *)"\5\0", 2);
	assert_int_equal(recv(line->proxy, bytes, size, MSG_WAITALL), size);
	assert_memory_equal(bytes, request, size);
}

static const uint8_t by_name[] = {5,   1,   0,   3,   12,  'c', 'i', 't',       'y',        '.',
				  'e', 'x', 'a', 'm', 'p', 'l', 'e', 7000 >> 8, 7000 & 0xff};

static void line_greet(struct line *line)
{
	line_asked(line, by_name, sizeof by_name);
	/* Byte by byte, an address of each kind: a name here. */
	for (size_t i = 0; i < 10; i++)
		write_all(line->proxy, (const uint8_t *)"\5\0\0\3\3abc\0\1" + i, 1);
}

static void line_close(struct line *line)
{
	socks_close(line->socks);
	close(line->local);
	close(line->proxy);
	close(line->listener);
}

/* ---- Tests ---- */

struct writer {
	int fd;
	const uint8_t *bytes;
};

static void *writer_main(void *context)
{
	const struct writer *writer = context;

	write_all(writer->fd, writer->bytes, CARRIED);
	return NULL;
}

static void carries_every_byte(void **state)
{
	uint8_t *bytes = malloc(CARRIED);
	struct line line;
	pthread_t threads[2];
	(void)state;

	assert_non_null(bytes);
	fill(bytes);
	line_open(&line);
	line.local = line_connect(&line);
	line_greet(&line);
	struct writer writers[] = {{line.local, bytes}, {line.proxy, bytes}};
	for (size_t i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, writer_main, &writers[i]), 0);
	read_pattern(line.proxy, CARRIED);
	read_pattern(line.local, CARRIED);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	assert_null(socks_why(line.socks));
	/* Its end is told, and ends the relay. */
	shutdown(line.proxy, SHUT_RDWR);
	assert_int_equal(recv(line.local, bytes, 1, 0), 0);
	line_close(&line);
	free(bytes);
}

static void what_was_said_last_arrives(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 50; i++) {
		struct line line;
		uint8_t byte;

		line_open(&line);
		line.local = line_connect(&line);
		line_greet(&line);
		write_all(line.proxy, (const uint8_t *)"bye", 3);
		shutdown(line.proxy, SHUT_WR);
		for (size_t at = 0; at < 3; at++) {
			assert_int_equal(recv(line.local, &byte, 1, 0), 1);
			assert_int_equal(byte, "bye"[at]);
		}
		assert_int_equal(recv(line.local, &byte, 1, 0), 0);
		line_close(&line);
	}
}

/* Another process that guesses the endpoint is shown the door, and takes nobody's place. */
static void this_process_alone(void **state)
{
	struct line line;
	int status;
	(void)state;

	line_open(&line);
	const pid_t child = fork();
	if (child == 0) {
		alarm(20);
		uint8_t byte;
		const int fd = line_connect(&line);
		_exit(send(fd, "x", 1, MSG_NOSIGNAL) <= 1 && recv(fd, &byte, 1, 0) <= 0 ? 0 : 1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
	line.local = line_connect(&line);
	line_greet(&line);
	write_all(line.local, (const uint8_t *)"own", 3);
	uint8_t bytes[3];
	assert_int_equal(recv(line.proxy, bytes, sizeof bytes, MSG_WAITALL), sizeof bytes);
	assert_memory_equal(bytes, "own", sizeof bytes);
	line_close(&line);
}

/* RFC 1928: an address goes as four or sixteen bytes. */
static void addresses_go_as_bytes(void **state)
{
	static const uint8_t four[] = {5, 1, 0, 1, 192, 0, 2, 7, 7000 >> 8, 7000 & 0xff};
	static const uint8_t six[] = {5, 1, 0, 4, 0x20, 1, 0x0d, 0xb8, 0, 0,         0,
				      0, 0, 0, 0, 0,    0, 0,    0,    7, 7000 >> 8, 7000 & 0xff};
	(void)state;

	for (int i = 0; i < 2; i++) {
		struct line line;

		line_open_to(&line, i ? "tcp://[2001:db8::7]:7000" : "tcp://192.0.2.7:7000");
		line.local = line_connect(&line);
		line_asked(&line, i ? six : four, i ? sizeof six : sizeof four);
		line_close(&line);
	}
}

static void a_refusal_is_told(void **state)
{
	static const struct {
		const char *answer, *why;
	} cases[] = {
	    {"\5\2\0\1\0\0\0\0\0\0", "the proxy does not let this machine through"},
	    {"\5\5\0\1\0\0\0\0\0\0", "the proxy does not reach this address"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct line line;
		uint8_t byte;

		line_open(&line);
		line.local = line_connect(&line);
		line_asked(&line, by_name, sizeof by_name);
		write_all(line.proxy, (const uint8_t *)cases[i].answer, 10);
		assert_int_equal(recv(line.local, &byte, 1, 0), 0);
		assert_string_equal(socks_why(line.socks), cases[i].why);
		line_close(&line);
	}
}

/* Though neither end has gone. */
static void closing_ends_both_lines(void **state)
{
	struct line line;
	uint8_t byte;
	(void)state;

	line_open(&line);
	line.local = line_connect(&line);
	line_greet(&line);
	write_all(line.proxy, (const uint8_t *)"x", 1);
	assert_int_equal(recv(line.local, &byte, 1, 0), 1);
	socks_close(line.socks);
	line.socks = NULL;
	assert_int_equal(recv(line.proxy, &byte, 1, 0), 0);
	assert_int_equal(recv(line.local, &byte, 1, 0), 0);
	line_close(&line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(carries_every_byte), cmocka_unit_test(what_was_said_last_arrives),
	    cmocka_unit_test(this_process_alone), cmocka_unit_test(addresses_go_as_bytes),
	    cmocka_unit_test(a_refusal_is_told),  cmocka_unit_test(closing_ends_both_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
