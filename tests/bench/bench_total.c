/* bench_total FOLDER COUNT SECONDS: looks until the city lists that many records and tells when it listed the first and
 * when all, in seconds since it was reached. */
#include <string.h>
#include <twinlog/client.h>

#include "bench.h"

static unsigned long total(struct twinlog *twinlog)
{
	struct twinlog_fault fault;
	const char *found;
	unsigned long number;
	char *json;

	bench_require(!twinlog_list(twinlog, NULL, 1, NULL, &json, &fault), "twinlog_list");
	/* The last one: participants have a total too. */
	found = NULL;
	for (const char *at = json; (at = strstr(at, "\"total\"")) != NULL; at++)
		found = at;
	bench_require(found != NULL, "total");
	number = strtoul(found + strcspn(found, "0123456789"), NULL, 10);
	twinlog_free(json);
	return number;
}

int main(int argc, char **argv)
{
	struct twinlog_fault fault;
	struct twinlog *twinlog;
	unsigned long wanted, seen;
	double begun, first = 0, now;

	if (argc != 4) {
		fprintf(stderr, "usage: bench_total FOLDER COUNT SECONDS\n");
		return 2;
	}
	wanted = bench_number(argv[2]);
	begun = bench_seconds();
	while (twinlog_open(argv[1], &twinlog, &fault))
		bench_require(bench_seconds() - begun < (double)bench_number(argv[3]), "twinlog_open");
	do {
		seen = total(twinlog);
		now = bench_seconds() - begun;
		if (seen > 0 && first == 0)
			first = now;
		bench_require(now < (double)bench_number(argv[3]), "waiting");
	} while (seen < wanted);
	twinlog_close(twinlog);
	printf("{\"records\": %lu, \"first\": %.6f, \"all\": %.6f}\n", seen, first, now);
	return 0;
}
