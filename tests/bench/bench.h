/* What the measuring programs share: a clock and their arguments. Each prints one line, a JSON object. */
#ifndef TWINLOG_BENCH_H
#define TWINLOG_BENCH_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double bench_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* The number that text is, or the end of the program. */
static inline unsigned long bench_number(const char *text)
{
	char *end;
	unsigned long number = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0') {
		fprintf(stderr, "not a number: %s\n", text);
		exit(2);
	}
	return number;
}

static inline void bench_require(int good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "bench: %s failed\n", what);
	exit(1);
}

#endif
