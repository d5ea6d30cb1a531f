/* bench_curve SECONDS: bytes a second through one encrypted ZeroMQ connection on loopback, in frames of 64 KiB. */
#include <pthread.h>
#include <stdint.h>
#include <string.h>
#include <zmq.h>

#include "bench.h"

#define FRAME_SIZE (64u * 1024)

struct sender {
	void *context;
	char endpoint[64];
	char server_key[41];
	double seconds;
};

static void *send_frames(void *argument)
{
	const struct sender *sender = argument;
	char public_key[41], secret_key[41];
	uint8_t *frame = calloc(1, FRAME_SIZE);
	void *socket = zmq_socket(sender->context, ZMQ_PUSH);
	double begun;

	bench_require(frame && socket, "sender");
	bench_require(zmq_curve_keypair(public_key, secret_key) == 0, "zmq_curve_keypair");
	bench_require(zmq_setsockopt(socket, ZMQ_CURVE_SERVERKEY, sender->server_key, 41) == 0, "server key");
	bench_require(zmq_setsockopt(socket, ZMQ_CURVE_PUBLICKEY, public_key, 41) == 0, "public key");
	bench_require(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret_key, 41) == 0, "secret key");
	bench_require(zmq_connect(socket, sender->endpoint) == 0, "zmq_connect");
	begun = bench_seconds();
	while (bench_seconds() - begun < sender->seconds)
		bench_require(zmq_send(socket, frame, FRAME_SIZE, 0) >= 0, "zmq_send");
	/* An empty frame ends it. */
	bench_require(zmq_send(socket, "", 0, 0) == 0, "zmq_send");
	zmq_close(socket);
	free(frame);
	return NULL;
}

static uint64_t receive_frames(void *socket, double *ret_seconds)
{
	uint8_t *frame = malloc(FRAME_SIZE);
	double begun = 0;
	uint64_t bytes = 0;
	int size;

	bench_require(frame != NULL, "malloc");
	while ((size = zmq_recv(socket, frame, FRAME_SIZE, 0)) > 0) {
		if (begun == 0)
			begun = bench_seconds();
		else
			bytes += (unsigned)size;
	}
	*ret_seconds = bench_seconds() - begun;
	free(frame);
	return bytes;
}

int main(int argc, char **argv)
{
	struct sender sender = {.context = zmq_ctx_new()};
	size_t size = sizeof sender.endpoint;
	char secret_key[41];
	void *socket;
	pthread_t thread;
	double seconds;
	uint64_t bytes;
	int yes = 1;

	if (argc != 2) {
		fprintf(stderr, "usage: bench_curve SECONDS\n");
		return 2;
	}
	sender.seconds = (double)bench_number(argv[1]);
	socket = zmq_socket(sender.context, ZMQ_PULL);
	bench_require(socket != NULL, "zmq_socket");
	bench_require(zmq_curve_keypair(sender.server_key, secret_key) == 0, "zmq_curve_keypair");
	bench_require(zmq_setsockopt(socket, ZMQ_CURVE_SERVER, &yes, sizeof yes) == 0, "curve server");
	bench_require(zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, secret_key, 41) == 0, "secret key");
	bench_require(zmq_bind(socket, "tcp://127.0.0.1:*") == 0, "zmq_bind");
	bench_require(zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, sender.endpoint, &size) == 0, "endpoint");
	bench_require(pthread_create(&thread, NULL, send_frames, &sender) == 0, "pthread_create");
	bytes = receive_frames(socket, &seconds);
	pthread_join(thread, NULL);
	zmq_close(socket);
	zmq_ctx_term(sender.context);
	printf("{\"bytes\": %lu, \"seconds\": %.6f, \"megabytes_per_second\": %.1f}\n", (unsigned long)bytes, seconds,
	       (double)bytes / seconds / 1e6);
	return 0;
}
