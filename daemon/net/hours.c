#include "hours.h"

#include <string.h>
#include <time.h>

#include "node.h"

/* From 22:00 to 06:00 goes over midnight; from an hour to the same is the whole day. */
static bool within(const struct daemon_budget *budget, unsigned minute)
{
	if (budget->from == budget->to)
		return true;
	return budget->from < budget->to ? minute >= budget->from && minute < budget->to
					 : minute >= budget->from || minute < budget->to;
}

uint64_t hours_rate(const struct daemon_budget *budgets, size_t count, const char *city_id, unsigned minute)
{
	for (size_t i = 0; i < count; i++)
		if ((strcmp(budgets[i].city, "*") == 0 || strcmp(budgets[i].city, city_id) == 0) &&
		    within(&budgets[i], minute))
			return budgets[i].rate;
	return BUDGET_NONE;
}

unsigned hours_until_open(const struct daemon_budget *budgets, size_t count, const char *city_id, unsigned minute)
{
	unsigned later = 0;
	while (later < HOURS_MINUTES && hours_rate(budgets, count, city_id, (minute + later) % HOURS_MINUTES) == 0)
		later++;
	return later;
}

unsigned hours_minute(uint64_t wall_ms)
{
	const time_t seconds = (time_t)(wall_ms / 1000);
	struct tm tm = {0};
	if (!localtime_r(&seconds, &tm))
		return 0;
	return (unsigned)tm.tm_hour * 60 + (unsigned)tm.tm_min;
}
