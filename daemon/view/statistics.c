#include "statistics.h"

#include <math.h>
#include <stdlib.h>

int statistics_order(const void *left, const void *right, void *context)
{
	const int64_t a = *(const int64_t *)left, b = *(const int64_t *)right;

	(void)context;
	return (a > b) - (a < b);
}

void statistics_sort(int64_t *values, size_t count)
{
	if (count > 1)
		qsort_r(values, count, sizeof *values, statistics_order, NULL);
}

static int64_t sum_of(const int64_t *values, size_t count)
{
	int64_t sum = 0;

	for (size_t i = 0; i < count; i++)
		sum += values[i];
	return sum;
}

bool statistics_gini(const int64_t *values, size_t count, double *ret_gini)
{
	const int64_t sum = sum_of(values, count);
	double weighted = 0; /* exact up to 2^53, and in one order beyond */

	if (sum <= 0)
		return false;
	for (size_t i = 0; i < count; i++)
		weighted += (double)(i + 1) * (double)values[i];
	*ret_gini = 2.0 * weighted / ((double)count * (double)sum) - ((double)count + 1.0) / (double)count;
	return true;
}

bool statistics_lorenz(const int64_t *values, size_t count, unsigned percent, int64_t *ret_numerator,
		       int64_t *ret_denominator)
{
	const int64_t sum = sum_of(values, count);
	const size_t whole = count * percent / 100, rest = count * percent % 100;
	int64_t least = sum_of(values, whole) * 100;

	if (sum <= 0)
		return false;
	if (rest > 0)
		least += values[whole] * (int64_t)rest;
	*ret_numerator = rest > 0 ? least : least / 100;
	*ret_denominator = rest > 0 ? 100 * sum : sum;
	return true;
}

bool statistics_median(const int64_t *values, size_t count, double *ret_median)
{
	if (count == 0)
		return false;
	const size_t middle = count / 2;
	*ret_median = (double)values[middle];
	if (count % 2 == 0)
		*ret_median = ((double)values[middle - 1] + *ret_median) / 2.0;
	return true;
}

struct diversity statistics_diversity(int64_t *counts, size_t count)
{
	struct diversity diversity = {0};
	double sum = 0;

	statistics_sort(counts, count);
	for (size_t i = 0; i < count; i++) {
		diversity.entries += (uint64_t)counts[i];
		diversity.categories += counts[i] > 0;
	}
	for (size_t i = 0; i < count; i++) {
		const double p = (double)counts[i] / (double)diversity.entries;

		if (counts[i] == 0)
			continue;
		diversity.shannon -= p * log(p);
		sum += p * p;
	}
	diversity.evenness = diversity.shannon / log((double)diversity.categories);
	diversity.effective = exp(diversity.shannon);
	diversity.simpson = 1.0 - sum;
	return diversity;
}
