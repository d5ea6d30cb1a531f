/* Budgets of partners as the settings have them, at an hour of the day. Knows daemon.h. */
#ifndef TWINLOG_HOURS_H
#define TWINLOG_HOURS_H

#include "daemon.h"

#define HOURS_MINUTES 1440u /* of a day */

/* Bytes a second that the partner may cost at that minute of the day: of the lines for its city or for all (`*`) the
 * first whose hours it is in. 0: no link; BUDGET_NONE: no limit. */
uint64_t hours_rate(const struct daemon_budget *budgets, size_t count, const char *city_id, unsigned minute);
/* Minutes from then until it is not 0 any more; HOURS_MINUTES for never. */
unsigned hours_until_open(const struct daemon_budget *budgets, size_t count, const char *city_id, unsigned minute);
/* Of the local day. */
unsigned hours_minute(uint64_t wall_ms);

#endif
