#include "parts.h"

#include <stdlib.h>

enum twinlog_error parts_read(FILE *file, uint8_t **bytes, size_t *capacity, size_t *ret_size)
{
	uint8_t head[4];
	const size_t got = fread(head, 1, sizeof head, file);
	if (got < sizeof head)
		return ferror(file) ? TWINLOG_IO : got == 0 ? TWINLOG_MISSING : TWINLOG_MALFORMED;
	const size_t size = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
	if (size == 0 || size > PARTS_PART_MAX)
		return TWINLOG_MALFORMED;
	if (size > *capacity) {
		uint8_t *grown = realloc(*bytes, size);
		if (!grown)
			return TWINLOG_NO_MEMORY;
		*bytes = grown;
		*capacity = size;
	}
	if (fread(*bytes, 1, size, file) < size)
		return ferror(file) ? TWINLOG_IO : TWINLOG_MALFORMED;
	*ret_size = size;
	return TWINLOG_OK;
}

enum twinlog_error parts_write(FILE *file, const void *bytes, size_t size)
{
	const uint8_t head[4] = {(uint8_t)(size >> 24), (uint8_t)(size >> 16), (uint8_t)(size >> 8), (uint8_t)size};
	if (size == 0 || size > PARTS_PART_MAX)
		return TWINLOG_TOO_LARGE;
	return fwrite(head, 1, sizeof head, file) == sizeof head && fwrite(bytes, 1, size, file) == size ? TWINLOG_OK
													 : TWINLOG_IO;
}
