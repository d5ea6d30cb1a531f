/* bench_submit FOLDER CLIENTS IN_FLIGHT SECONDS: durable submits a second through libtwinlog. Each client is a
 * connection that keeps so many entries under way; two threads serve them all, as those of pgbench do. Counts what was
 * acknowledged within the time. */
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <twinlog/client.h>

#include "bench.h"

#define CLIENTS_MAX     1024
#define THREADS_MAX     2u
#define WAIT_MAX_MS     10000
#define WARM_UP_SECONDS 0.3

struct load {
	const char *folder;
	unsigned long in_flight;
	atomic_int phase; /* 0: connecting and warming up, 1: counted, 2: over */
	atomic_ulong ready;
};
struct client {
	struct twinlog *twinlog;
	unsigned long number;
	unsigned long sent;
};
struct server { /* one thread, and the clients that it serves */
	struct load *load;
	pthread_t thread;
	struct client *clients;
	unsigned long count;
	unsigned long counted;
};

static void start_one(struct client *client)
{
	struct twinlog_fault fault;
	char json[512];
	uint64_t ticket;
	int size;

	size = snprintf(
	    json, sizeof json,
	    "{\"kind\":\"activity\",\"cities\":[\"CN:lianyungang\",\"KR:mokpo\"],\"fields\":[\"culture_arts\"],"
	    "\"form\":\"exhibition\",\"start\":\"20%02lu-%02lu\",\"titles\":[{\"lang\":\"en\",\"text\":"
	    "\"joint exhibition %lu of client %lu\"}],\"summaries\":[{\"lang\":\"ko\",\"text\":\"목포시와 롄윈강시가 "
	    "함께 연 "
	    "전시회\"}],\"participants\":%lu}",
	    client->sent % 26, 1 + client->sent % 12, client->sent, client->number, 10 + client->sent % 90);
	client->sent++;
	if (twinlog_submit_start(client->twinlog, NULL, json, (size_t)size, &ticket, &fault)) {
		fprintf(stderr, "bench_submit: %s: '%s': %s\n", fault.where, fault.value,
			twinlog_error_text(fault.code));
		exit(1);
	}
}

/* All that has come for one client. */
static void take(struct server *server, struct client *client, int phase)
{
	struct twinlog_outcome outcome;
	enum twinlog_error error;

	while (!(error = twinlog_submit_next(client->twinlog, 0, &outcome))) {
		bench_require(outcome.fault.code == TWINLOG_OK, "submit");
		if (phase == 1)
			server->counted++;
		if (phase < 2)
			start_one(client);
	}
	bench_require(error == TWINLOG_NOT_FOUND, "twinlog_submit_next");
}

static void open_all(struct server *server, struct pollfd *descriptors)
{
	struct twinlog_fault fault;

	for (unsigned long i = 0; i < server->count; i++) {
		struct client *client = &server->clients[i];

		if (twinlog_open(server->load->folder, &client->twinlog, &fault)) {
			fprintf(stderr, "bench_submit: %s: %s\n", fault.where, twinlog_error_text(fault.code));
			exit(1);
		}
		descriptors[i] = (struct pollfd){.fd = twinlog_descriptor(client->twinlog), .events = POLLIN};
		for (unsigned long j = 0; j < server->load->in_flight; j++)
			start_one(client);
	}
}

static void *run_server(void *argument)
{
	struct server *server = argument;
	struct pollfd descriptors[CLIENTS_MAX];
	unsigned long under_way = 1;

	open_all(server, descriptors);
	for (unsigned long i = 0; i < server->count; i++)
		take(server, &server->clients[i], 0);
	atomic_fetch_add(&server->load->ready, 1);
	while (under_way > 0) {
		bench_require(poll(descriptors, server->count, WAIT_MAX_MS) > 0, "poll");
		const int phase = atomic_load(&server->load->phase);

		under_way = 0;
		for (unsigned long i = 0; i < server->count; i++) {
			if (descriptors[i].revents)
				take(server, &server->clients[i], phase);
			under_way += twinlog_submits_under_way(server->clients[i].twinlog);
		}
	}
	for (unsigned long i = 0; i < server->count; i++)
		twinlog_close(server->clients[i].twinlog);
	return NULL;
}

static void pause_for(double seconds)
{
	struct timespec span = {(time_t)seconds, (long)((seconds - (double)(time_t)seconds) * 1e9)};

	nanosleep(&span, NULL);
}

int main(int argc, char **argv)
{
	static struct client clients[CLIENTS_MAX];
	struct server servers[THREADS_MAX];
	unsigned long count, threads, total = 0;
	struct load load = {.folder = argc > 1 ? argv[1] : NULL};
	double begun, spent;

	if (argc != 5) {
		fprintf(stderr, "usage: bench_submit FOLDER CLIENTS IN_FLIGHT SECONDS\n");
		return 2;
	}
	count = bench_number(argv[2]);
	load.in_flight = bench_number(argv[3]);
	bench_require(count >= 1 && count <= CLIENTS_MAX && load.in_flight >= 1, "arguments");
	threads = count < THREADS_MAX ? count : THREADS_MAX;
	for (unsigned long i = 0; i < count; i++)
		clients[i].number = i;
	for (unsigned long i = 0; i < threads; i++) {
		const unsigned long from = count * i / threads, to = count * (i + 1) / threads;

		servers[i] = (struct server){.load = &load, .clients = &clients[from], .count = to - from};
		bench_require(pthread_create(&servers[i].thread, NULL, run_server, &servers[i]) == 0, "pthread_create");
	}
	while (atomic_load(&load.ready) < threads)
		pause_for(0.01);
	pause_for(WARM_UP_SECONDS);
	begun = bench_seconds();
	atomic_store(&load.phase, 1);
	pause_for((double)bench_number(argv[4]));
	atomic_store(&load.phase, 2);
	spent = bench_seconds() - begun;
	for (unsigned long i = 0; i < threads; i++) {
		pthread_join(servers[i].thread, NULL);
		total += servers[i].counted;
	}
	printf("{\"clients\": %lu, \"in_flight\": %lu, \"submits\": %lu, \"seconds\": %.6f, \"per_second\": %.1f}\n",
	       count, load.in_flight, total, spent, (double)total / spent);
	return 0;
}
