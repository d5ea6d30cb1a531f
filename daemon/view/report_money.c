/* Measures of money: per currency, never added across. */
#include <string.h>

#include "report.h"

struct money_keys {
	uint32_t (*keys)[2];
	size_t count, max;
	bool directed; /* trade: by direction too */
};

static void take_keys(struct sample *sample, const struct item *item, const struct detail *detail, void *context)
{
	struct money_keys *found = context;
	const uint32_t second = found->directed ? detail->b : 0;

	(void)sample;
	(void)item;
	for (size_t i = 0; i < found->count; i++)
		if (found->keys[i][0] == detail->a && found->keys[i][1] == second)
			return;
	if (found->count == found->max)
		return;
	found->keys[found->count][0] = detail->a;
	found->keys[found->count++][1] = second;
}

size_t report_money_keys(struct report *report, const struct item *item, uint32_t (*ret)[2], size_t max)
{
	const bool trade = report->measure == MEASURE_TRADE;
	struct money_keys found = {.keys = ret, .max = max, .directed = trade};

	sample_united(&report->sample, item, trade ? DETAIL_TRADE : DETAIL_COST, take_keys, &found);
	return found.count;
}

/* The sum of one event's entries that have these keys. */
struct money_sum {
	const uint32_t *keys;
	bool directed;
	int64_t sum;
};

static void take_sum(struct sample *sample, const struct item *item, const struct detail *detail, void *context)
{
	struct money_sum *sum = context;

	(void)sample;
	(void)item;
	if (sum->keys && (detail->a != sum->keys[0] || (sum->directed && detail->b != sum->keys[1])))
		return;
	sum->sum = report_add(sum->sum, detail->n);
}

static int64_t amount_of(struct report *report, const struct item *item, enum detail_kind kind, const uint32_t *keys)
{
	struct money_sum sum = {.keys = keys, .directed = kind == DETAIL_TRADE};

	sample_united(&report->sample, item, kind, take_sum, &sum);
	return sum.sum;
}

enum twinlog_error report_cost(struct report *report, const struct group *group, struct cell *cells)
{
	int64_t amount = 0, events = 0, shared = 0, persons = 0;
	uint64_t silent = 0;

	/* Without a currency there is nothing to add: the row of records that state no cost, and the total. */
	if (!group->keys || group->keys[0] == NAME_NONE) {
		cells[0] = cells[2] = cells[3] = (struct cell){.left_out = group->records};
		cells[1] = cell_integer((int64_t)group->records, 0);
		return TWINLOG_OK;
	}
	for (size_t i = 0; i < group->count; i++) {
		const struct item *item = report_item(report, group, i);
		const int64_t part = amount_of(report, item, DETAIL_COST, group->keys);
		const struct tally tally = sample_tally(&report->sample, item);

		amount = report_add(amount, part);
		events = report_add(events, sample_weight(&report->sample, item));
		shared = report_add(shared, tally.silent ? 0 : part);
		persons = report_add(persons, report_persons(&tally));
		silent += tally.silent;
	}
	cells[0] = cell_integer(amount, 0);
	cells[1] = cell_integer((int64_t)group->records, 0);
	cells[2] = cell_rate(1, amount, events, 0);
	cells[3] = cell_rate(1, shared, persons, silent);
	return TWINLOG_OK;
}

enum twinlog_error report_trade(struct report *report, const struct group *group, struct cell *cells)
{
	int64_t value = 0;

	cells[1] = cell_integer((int64_t)group->records, 0);
	if (!group->keys || group->keys[0] == NAME_NONE) {
		cells[0] = (struct cell){.left_out = group->records};
		return TWINLOG_OK;
	}
	for (size_t i = 0; i < group->count; i++)
		value = report_add(value, amount_of(report, report_item(report, group, i), DETAIL_TRADE, group->keys));
	cells[0] = cell_integer(value, 0);
	return TWINLOG_OK;
}
