/* The daemon's log: one line on stderr for each event, "TIME LEVEL PARTNER: TEXT". Knows nobody.
 *
 * What repeats is counted, not printed for ever: of lines with the same partner and text a few a minute are shown, the
 * next one shown tells how many were not. For any thread. */
#ifndef TWINLOG_LOG_H
#define TWINLOG_LOG_H

#include "daemon.h"

void log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* partner: city id, client name or address it concerns; NULL for none. Control characters are shown as '?'. */
void log_line(enum log_level level, const char *partner, const char *format, ...) __attribute__((format(printf, 3, 4)));

/* How many lines of this key may be shown now: the rate rule, apart from the clock. For tests. */
struct log_gate;
bool log_gate_pass(struct log_gate *gate, uint64_t key, uint64_t now_ms, unsigned *ret_suppressed);
struct log_gate *log_gate_new(void); /* NULL when memory is out */
void log_gate_free(struct log_gate *gate);

#endif
