/* bench_submit FOLDER CLIENTS IN_FLIGHT SECONDS: durable submits a second through libtwinlog, each client a connection
 * and a thread of its own that keeps so many entries under way. Counts what was acknowledged within the time. */
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <twinlog/client.h>

#include "bench.h"

#define CLIENTS_MAX     1024
#define WAIT_MAX_MS     10000
#define WARM_UP_SECONDS 0.3

struct load {
	const char *folder;
	unsigned long in_flight;
	atomic_int phase; /* 0: connecting and warming up, 1: counted, 2: over */
	atomic_ulong ready;
};
struct client {
	struct load *load;
	pthread_t thread;
	unsigned long number;
	unsigned long counted;
	unsigned long sent;
};

static void start_one(struct twinlog *twinlog, struct client *client)
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
	if (twinlog_submit_start(twinlog, NULL, json, (size_t)size, &ticket, &fault)) {
		fprintf(stderr, "bench_submit: %s: '%s': %s\n", fault.where, fault.value,
			twinlog_error_text(fault.code));
		exit(1);
	}
}

static void *run_client(void *argument)
{
	struct client *client = argument;
	struct twinlog_outcome outcome;
	struct twinlog_fault fault;
	struct twinlog *twinlog;
	int phase;

	if (twinlog_open(client->load->folder, &twinlog, &fault)) {
		fprintf(stderr, "bench_submit: %s: %s\n", fault.where, twinlog_error_text(fault.code));
		exit(1);
	}
	for (unsigned long i = 0; i < client->load->in_flight; i++)
		start_one(twinlog, client);
	atomic_fetch_add(&client->load->ready, 1);
	while ((phase = atomic_load(&client->load->phase)) < 2 || twinlog_submits_under_way(twinlog) > 0) {
		bench_require(!twinlog_submit_next(twinlog, WAIT_MAX_MS, &outcome), "twinlog_submit_next");
		bench_require(outcome.fault.code == TWINLOG_OK, "submit");
		if (phase == 1)
			client->counted++;
		if (phase < 2)
			start_one(twinlog, client);
	}
	twinlog_close(twinlog);
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
	unsigned long count, total = 0;
	struct load load = {.folder = argc > 1 ? argv[1] : NULL};
	double begun, spent;

	if (argc != 5) {
		fprintf(stderr, "usage: bench_submit FOLDER CLIENTS IN_FLIGHT SECONDS\n");
		return 2;
	}
	count = bench_number(argv[2]);
	load.in_flight = bench_number(argv[3]);
	bench_require(count >= 1 && count <= CLIENTS_MAX && load.in_flight >= 1, "arguments");
	for (unsigned long i = 0; i < count; i++) {
		clients[i].load = &load;
		clients[i].number = i;
		bench_require(pthread_create(&clients[i].thread, NULL, run_client, &clients[i]) == 0, "pthread_create");
	}
	while (atomic_load(&load.ready) < count)
		pause_for(0.01);
	pause_for(WARM_UP_SECONDS);
	begun = bench_seconds();
	atomic_store(&load.phase, 1);
	pause_for((double)bench_number(argv[4]));
	atomic_store(&load.phase, 2);
	spent = bench_seconds() - begun;
	for (unsigned long i = 0; i < count; i++) {
		pthread_join(clients[i].thread, NULL);
		total += clients[i].counted;
	}
	printf("{\"clients\": %lu, \"in_flight\": %lu, \"submits\": %lu, \"seconds\": %.6f, \"per_second\": %.1f}\n",
	       count, load.in_flight, total, spent, (double)total / spent);
	return 0;
}
