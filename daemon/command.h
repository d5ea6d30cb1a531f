/* What the commands of twinlogd share: how they fail, and how long work shows that it goes on. */
#ifndef TWINLOG_COMMAND_H
#define TWINLOG_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "twinlog/error.h"

/* "twinlogd: where: 'value': text"; returns the exit code. */
int command_fail(const struct twinlog_fault *fault);
int command_usage(const char *what, const char *value);

/* One line on a terminal's stderr, a few times a second; nothing elsewhere. */
struct progress {
	const char *what;
	uint64_t total; /* bytes; 0: not known */
	uint64_t shown_ms;
	bool shown;
};
void progress_show(void *progress, uint64_t done); /* fits store_progress */
void progress_end(struct progress *progress);      /* wipes the line */

#endif
