/* What the measuring programs share that speak to a daemon, or draw up what they have measured. */
#ifndef TWINLOG_BENCH_CLIENT_H
#define TWINLOG_BENCH_CLIENT_H

#include <twinlog/client.h>

#include "bench.h"

/* The daemon of a folder, or the end of the program. */
static inline struct twinlog *bench_reach(const char *folder)
{
	struct twinlog_fault fault;
	struct twinlog *twinlog;

	bench_require(!twinlog_open(folder, &twinlog, &fault), folder);
	return twinlog;
}

static inline int bench_compare(const void *a, const void *b)
{
	const double left = *(const double *)a, right = *(const double *)b;

	return (left > right) - (left < right);
}

/* The value below which that share of them lies (0.5: the median), 0 of none; sorts them. */
static inline double bench_at_share(double *values, unsigned long count, double share)
{
	if (count == 0)
		return 0;
	qsort(values, count, sizeof *values, bench_compare);
	return values[(unsigned long)((double)(count - 1) * share)];
}

#endif
