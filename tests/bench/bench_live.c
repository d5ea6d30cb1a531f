/* bench_live HERE THERE COUNT: how long after it was acknowledged in one folder an entry can be read in the other, on a
 * link that is otherwise idle. Asks there again and again and takes the time at which the first good answer came, less
 * what an answer takes by itself; medians and the 99th of a hundred, in seconds. */
#include <stdbool.h>

#include "bench_client.h"

#define PAUSE_SECONDS 0.15 /* so that positions of the last entry are out of the way */
#define WAIT_SECONDS  10.0
#define ACK_MAX_MS    10000

static bool show(struct twinlog *twinlog, const char *record)
{
	struct twinlog_fault fault;
	char *json;

	if (twinlog_show(twinlog, record, &json, &fault))
		return false;
	twinlog_free(json);
	return true;
}

static double submit(struct twinlog *here, unsigned long number, size_t *bytes, struct twinlog_outcome *outcome)
{
	struct twinlog_fault fault;
	char json[512];
	const int size =
	    snprintf(json, sizeof json,
		     "{\"kind\":\"activity\",\"cities\":[\"CN:lianyungang\",\"KR:mokpo\"],\"fields\":[\"sports\"],"
		     "\"form\":\"sports_event\",\"start\":\"2019-05-11\",\"titles\":[{\"lang\":\"en\",\"text\":"
		     "\"friendly match no. %lu\"}],\"participants\":40}",
		     number);
	const double begun = bench_seconds();

	*bytes += (size_t)size;
	bench_require(!twinlog_submit(here, NULL, json, (size_t)size, outcome, &fault), "twinlog_submit");
	return begun;
}

static void wait_until(double when)
{
	const struct timespec nap = {0, 1000000};

	while (bench_seconds() < when)
		nanosleep(&nap, NULL);
}

int main(int argc, char **argv)
{
	struct twinlog_outcome outcome;
	struct twinlog *here, *there;
	double *acknowledged, *readable, *answers;
	unsigned long count;
	size_t bytes = 0;

	if (argc != 4) {
		fprintf(stderr, "usage: bench_live HERE THERE COUNT\n");
		return 2;
	}
	count = bench_number(argv[3]);
	here = bench_reach(argv[1]);
	there = bench_reach(argv[2]);
	acknowledged = calloc(count, sizeof *acknowledged);
	readable = calloc(count, sizeof *readable);
	answers = calloc(count, sizeof *answers);
	bench_require(count > 0 && acknowledged && readable && answers, "memory");
	for (unsigned long i = 0; i < count; i++) {
		const double begun = submit(here, i, &bytes, &outcome), known = bench_seconds();

		acknowledged[i] = known - begun;
		while (!show(there, outcome.record))
			bench_require(bench_seconds() - known < WAIT_SECONDS, "waiting for the partner");
		readable[i] = bench_seconds() - known;
		const double asked = bench_seconds();
		bench_require(show(there, outcome.record), "twinlog_show");
		answers[i] = bench_seconds() - asked;
		readable[i] = readable[i] > answers[i] ? readable[i] - answers[i] : 0;
		wait_until(bench_seconds() + PAUSE_SECONDS);
	}
	twinlog_close(here);
	twinlog_close(there);
	printf("{\"count\": %lu, \"acknowledged\": %.6f, \"readable\": %.6f, \"readable_p99\": %.6f, \"answer\": %.6f, "
	       "\"json_bytes\": %zu}\n",
	       count, bench_at_share(acknowledged, count, 0.5), bench_at_share(readable, count, 0.5),
	       bench_at_share(readable, count, 0.99), bench_at_share(answers, count, 0.5), bytes);
	free(acknowledged);
	free(readable);
	free(answers);
	return 0;
}
