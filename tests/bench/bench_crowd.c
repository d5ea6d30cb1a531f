/* bench_crowd FOLDER CONNECTIONS: so many clients connected and idle until stdin ends; says "ready" when all are. */
#include <string.h>
#include <twinlog/client.h>

#include "bench.h"

#define CONNECTIONS_MAX 4096

int main(int argc, char **argv)
{
	static struct twinlog *connections[CONNECTIONS_MAX];
	struct twinlog_fault fault;
	unsigned long count;

	if (argc != 3) {
		fprintf(stderr, "usage: bench_crowd FOLDER CONNECTIONS\n");
		return 2;
	}
	count = bench_number(argv[2]);
	bench_require(count <= CONNECTIONS_MAX, "arguments");
	for (unsigned long i = 0; i < count; i++)
		if (twinlog_open(argv[1], &connections[i], &fault)) {
			fprintf(stderr, "bench_crowd: %lu: %s: %s\n", i, fault.where, twinlog_error_text(fault.code));
			return 1;
		}
	printf("ready\n");
	fflush(stdout);
	while (getchar() != EOF)
		;
	for (unsigned long i = 0; i < count; i++)
		twinlog_close(connections[i]);
	return 0;
}
