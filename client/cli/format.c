/* Values as people read them: bytes, times, spans, sizes. All in the run's arena. */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "cli.h"

const char *cli_printf(struct cli *cli, const char *format, ...)
{
	va_list list;
	char *text;
	int size;

	va_start(list, format);
	size = vsnprintf(NULL, 0, format, list);
	va_end(list);
	text = size < 0 ? NULL : arena_alloc(cli->arena, (size_t)size + 1);
	if (!text)
		return "";
	va_start(list, format);
	vsnprintf(text, (size_t)size + 1, format, list);
	va_end(list);
	return text;
}

/* A partner's bytes must not move the cursor: control characters, C1 (U+0080 to U+009F) and the marks that turn the
 * direction of writing around (U+202A to U+202E, U+2066 to U+2069) become a replacement character. */
static size_t unsafe_size(const uint8_t *at, size_t left)
{
	if ((at[0] < 0x20 && at[0] != '\n') || at[0] == 0x7f)
		return 1;
	if (left >= 2 && at[0] == 0xc2 && at[1] < 0xa0)
		return 2;
	if (left >= 3 && at[0] == 0xe2 &&
	    ((at[1] == 0x80 && at[2] >= 0xaa && at[2] <= 0xae) || (at[1] == 0x81 && at[2] >= 0xa6 && at[2] <= 0xa9)))
		return 3;
	return 0;
}

const char *cli_text(struct cli *cli, ProtobufCBinaryData bytes)
{
	bool sound = text_is_utf8(bytes.data, bytes.len);
	char *text = arena_alloc(cli->arena, 3 * bytes.len + 1), *out = text;

	if (!text)
		return "";
	for (size_t i = 0; i < bytes.len;) {
		size_t unsafe = !sound && bytes.data[i] >= 0x80 ? 1 : unsafe_size(bytes.data + i, bytes.len - i);

		if (unsafe) {
			memcpy(out, "\xef\xbf\xbd", 3);
			out += 3;
			i += unsafe;
		} else {
			*out++ = (char)bytes.data[i++];
		}
	}
	*out = '\0';
	return text;
}

const char *cli_hex(struct cli *cli, ProtobufCBinaryData bytes, size_t digits)
{
	char *text = arena_alloc(cli->arena, 2 * bytes.len + 1);

	if (!text)
		return "";
	hex_encode(text, bytes.data, bytes.len);
	if (digits && digits < 2 * bytes.len)
		text[digits] = '\0';
	return text;
}

const char *cli_time(struct cli *cli, uint64_t unix_ms)
{
	time_t seconds = (time_t)(unix_ms / 1000u);
	char text[32];
	struct tm parts;

	if (!unix_ms || !localtime_r(&seconds, &parts) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &parts))
		return "";
	return cli_printf(cli, "%s", text);
}

const char *cli_span(struct cli *cli, uint64_t span_ms)
{
	uint64_t seconds = span_ms / 1000u;

	if (span_ms < 1000u)
		return cli_printf(cli, _("%u ms"), (unsigned)span_ms);
	if (seconds < 60u)
		return cli_printf(cli, _("%u s"), (unsigned)seconds);
	if (seconds < 3600u)
		return cli_printf(cli, _("%u min %u s"), (unsigned)(seconds / 60u), (unsigned)(seconds % 60u));
	if (seconds < 86400u)
		return cli_printf(cli, _("%u h %u min"), (unsigned)(seconds / 3600u), (unsigned)(seconds / 60u % 60u));
	return cli_printf(cli, _("%u d %u h"), (unsigned)(seconds / 86400u), (unsigned)(seconds / 3600u % 24u));
}

const char *cli_size(struct cli *cli, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	size_t unit = 0;
	double shown = (double)bytes;

	while (shown >= 1024 && unit + 1 < sizeof units / sizeof *units) {
		shown /= 1024;
		unit++;
	}
	return cli_printf(cli, unit ? "%.1f %s" : "%.0f %s", shown, units[unit]);
}

const char *cli_code(struct cli *cli, enum codelist list, ProtobufCBinaryData code)
{
	int index = list < CODELIST_COUNT ? codelist_find(list, code.data, code.len) : -1;

	return index < 0 ? cli_text(cli, code) : codelist_label(list, (size_t)index, cli->language);
}
