#include "twinlog/error.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "utf8.h"

static const struct {
	const char *text;
	int exit_code;
} ERRORS[TWINLOG_ERROR_COUNT] = {
#define ERROR_ROW(name, code, words) [TWINLOG_##name] = {.text = words, .exit_code = code},
    TWINLOG_ERRORS(ERROR_ROW)
#undef ERROR_ROW
};

const char *twinlog_error_text(enum twinlog_error code)
{
	if ((unsigned)code >= TWINLOG_ERROR_COUNT)
		return "failed for a reason that only a newer version knows";
	return ERRORS[code].text;
}

int twinlog_error_exit(enum twinlog_error code)
{
	if ((unsigned)code >= TWINLOG_ERROR_COUNT)
		return 1;
	return ERRORS[code].exit_code;
}

/* Values come from strangers and end up on a terminal: what could move its cursor or is no text shows as '?'. */
static void set_line(char *out, size_t capacity, const char *text)
{
	size_t length = text ? strlen(text) : 0;
	size_t used = 0;
	for (size_t i = 0; i < length;) {
		uint32_t character = 0;
		size_t step = utf8_next((const uint8_t *)text + i, length - i, &character);
		bool shown = step > 0 && character >= 0x20 && !(character >= 0x7F && character < 0xA0);
		size_t size = shown ? step : 1;
		if (used + size >= capacity)
			break;
		if (shown)
			memcpy(out + used, text + i, step);
		else
			out[used] = '?';
		used += size;
		i += step > 0 ? step : 1;
	}
	out[used] = '\0';
}

enum twinlog_error(twinlog_fault_set)(struct twinlog_fault *fault, enum twinlog_error code, const char *where,
				      const char *value)
{
	if (fault) {
		fault->code = code;
		set_line(fault->where, sizeof fault->where, where);
		set_line(fault->value, sizeof fault->value, value);
	}
	return code;
}
