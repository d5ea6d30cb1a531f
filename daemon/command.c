#include "command.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define PROGRESS_MS 200u
#define MEBIBYTE    (1024u * 1024)

int command_fail(const struct twinlog_fault *fault)
{
	fprintf(stderr, "twinlogd: %s%s%s%s%s%s\n", fault->where, fault->where[0] ? ": " : "",
		fault->value[0] ? "'" : "", fault->value, fault->value[0] ? "': " : "",
		twinlog_error_text(fault->code));
	return twinlog_error_exit(fault->code);
}

int command_usage(const char *what, const char *value)
{
	fprintf(stderr, "twinlogd: %s%s%s; see twinlogd --help\n", what, value ? ": " : "", value ? value : "");
	return 2;
}

void progress_show(void *context, uint64_t done)
{
	struct progress *progress = context;
	struct timespec now;
	uint64_t now_ms;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now_ms = (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
	if (now_ms - progress->shown_ms < PROGRESS_MS || !isatty(STDERR_FILENO))
		return;
	progress->shown_ms = now_ms;
	progress->shown = true;
	if (progress->total > 0 && done <= progress->total)
		fprintf(stderr, "\r%s: %3u %% of %" PRIu64 " MiB", progress->what,
			(unsigned)(100 * done / progress->total), progress->total / MEBIBYTE);
	else
		fprintf(stderr, "\r%s: %" PRIu64 " MiB", progress->what, done / MEBIBYTE);
	fflush(stderr);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fprintf(stderr, "\r\033[K");
	progress->shown = false;
}
