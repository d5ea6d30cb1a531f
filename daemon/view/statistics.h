/* The arithmetic of measures. Pure; every sum is one of integers or goes in ascending order of its terms, so that equal
 * sets give equal bits. Knows nobody. */
#ifndef TWINLOG_STATISTICS_H
#define TWINLOG_STATISTICS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Ascending, for qsort_r; nothing is asked of the context. */
int statistics_order(const void *left, const void *right, void *context);
void statistics_sort(int64_t *values, size_t count); /* by it */

/* Of values sorted ascending, none negative. False where nothing is to be shared out.
 * Gini: 2 sum(i x_i) / (n sum(x)) - (n + 1) / n, i from 1. */
bool statistics_gini(const int64_t *values, size_t count, double *ret_gini);
/* The Lorenz curve at percent: the share of the sum that falls to the least percent of the values, a value on the edge
 * in part. */
bool statistics_lorenz(const int64_t *values, size_t count, unsigned percent, int64_t *ret_numerator,
		       int64_t *ret_denominator);
/* The middle value, or the mean of the two; false for none. */
bool statistics_median(const int64_t *values, size_t count, double *ret_median);

struct diversity {
	uint64_t entries;
	size_t categories; /* with an entry at least */
	double shannon;    /* -sum p ln p */
	double evenness;   /* shannon / ln categories; not a number for one category */
	double effective;  /* e ^ shannon */
	double simpson;    /* 1 - sum p^2 */
};
/* Of the counts of categories, in any order; they are sorted. */
struct diversity statistics_diversity(int64_t *counts, size_t count);

#endif
