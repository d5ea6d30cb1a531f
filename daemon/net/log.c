#include "log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOG_LINE_MAX  512
#define LOG_SLOTS     256   /* keys watched at a time; a collision only shows a line more */
#define LOG_BURST     5u    /* lines of one key shown in one window */
#define LOG_WINDOW_MS 60000 /* length of a window */

struct log_slot {
	uint64_t key;
	uint64_t since_ms;
	unsigned shown;
	unsigned suppressed;
};

struct log_gate {
	struct log_slot slots[LOG_SLOTS];
};

static pthread_mutex_t log_mutex = PTHREAD_MUTEX_INITIALIZER;
static struct log_gate log_lines;
static enum log_level log_shown = LOG_INFO;

void log_set_level(enum log_level level)
{
	__atomic_store_n(&log_shown, level, __ATOMIC_RELAXED);
}

enum log_level log_get_level(void)
{
	return __atomic_load_n(&log_shown, __ATOMIC_RELAXED);
}

struct log_gate *log_gate_new(void)
{
	return calloc(1, sizeof(struct log_gate));
}

void log_gate_free(struct log_gate *gate)
{
	free(gate);
}

bool log_gate_pass(struct log_gate *gate, uint64_t key, uint64_t now_ms, unsigned *ret_suppressed)
{
	struct log_slot *slot = &gate->slots[key % LOG_SLOTS];
	unsigned suppressed = 0;
	if (slot->key != key || slot->shown == 0 || now_ms - slot->since_ms >= LOG_WINDOW_MS) {
		suppressed = slot->key == key ? slot->suppressed : 0;
		*slot = (struct log_slot){.key = key, .since_ms = now_ms};
	}
	if (slot->shown >= LOG_BURST) {
		slot->suppressed++;
		return false;
	}
	slot->shown++;
	*ret_suppressed = suppressed;
	return true;
}

/* FNV-1a: any spread will do. */
static uint64_t log_key(uint64_t key, const char *text)
{
	for (; *text; text++)
		key = (key ^ (uint8_t)*text) * 0x100000001b3u;
	return key;
}

static void log_clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < 0x20 || *text == 0x7f)
			*text = '?';
}

void log_line(enum log_level level, const char *partner, const char *format, ...)
{
	static const char *const names[] = {"error", "warning", "info", "debug"};
	if (level > log_get_level())
		return;
	char text[LOG_LINE_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	log_clean(text);

	struct timespec mono, wall;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &wall);
	const uint64_t now_ms = (uint64_t)mono.tv_sec * 1000 + (uint64_t)mono.tv_nsec / 1000000;
	const uint64_t key = log_key(log_key(0xcbf29ce484222325u, partner ? partner : ""), text);
	unsigned suppressed = 0;
	pthread_mutex_lock(&log_mutex);
	const bool pass = log_gate_pass(&log_lines, key, now_ms, &suppressed);
	pthread_mutex_unlock(&log_mutex);
	if (!pass)
		return;

	struct tm tm;
	gmtime_r(&wall.tv_sec, &tm);
	char time_text[32];
	strftime(time_text, sizeof time_text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	char more[48] = "";
	if (suppressed > 0)
		snprintf(more, sizeof more, " (and %u more like this)", suppressed);
	char line[LOG_LINE_MAX + 256];
	const int length = snprintf(line, sizeof line, "%s %s %s%s%s%s\n", time_text, names[level],
				    partner ? partner : "", partner ? ": " : "", text, more);
	const size_t size = (size_t)length < sizeof line ? (size_t)length : sizeof line - 1;
	/* One write, so that lines of several threads do not mix. There is nowhere to report that it failed. */
	if (write(STDERR_FILENO, line, size) < 0)
		return;
}
