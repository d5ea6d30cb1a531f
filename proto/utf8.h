/* One step through UTF-8 (RFC 3629), for the few places that look at characters. Knows nobody. */
#ifndef TWINLOG_UTF8_H
#define TWINLOG_UTF8_H

#include <stddef.h>
#include <stdint.h>

/* Length of the well-formed character at text (size > 0 bytes are there), 0 when there is none. */
static inline size_t utf8_next(const uint8_t *text, size_t size, uint32_t *ret_character)
{
	uint32_t lead = text[0];
	if (lead < 0x80) {
		*ret_character = lead;
		return 1;
	}
	if (lead >= 0xC2 && lead <= 0xDF && size >= 2 && (text[1] & 0xC0) == 0x80) {
		*ret_character = (lead & 0x1F) << 6 | (text[1] & 0x3Fu);
		return 2;
	}
	if ((lead & 0xF0) == 0xE0 && size >= 3 && (text[1] & 0xC0) == 0x80 && (text[2] & 0xC0) == 0x80) {
		uint32_t character = (lead & 0x0F) << 12 | (text[1] & 0x3Fu) << 6 | (text[2] & 0x3Fu);
		if (character < 0x800 || (character >= 0xD800 && character <= 0xDFFF))
			return 0;
		*ret_character = character;
		return 3;
	}
	if (lead >= 0xF0 && lead <= 0xF4 && size >= 4 && (text[1] & 0xC0) == 0x80 && (text[2] & 0xC0) == 0x80 &&
	    (text[3] & 0xC0) == 0x80) {
		uint32_t character =
		    (lead & 0x07) << 18 | (text[1] & 0x3Fu) << 12 | (text[2] & 0x3Fu) << 6 | (text[3] & 0x3Fu);
		if (character < 0x10000 || character > 0x10FFFF)
			return 0;
		*ret_character = character;
		return 4;
	}
	return 0;
}

#endif
