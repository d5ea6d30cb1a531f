#include "ids.h"

#include <stdlib.h>

int hash_order(const void *a, const void *b)
{
	return memcmp(a, b, HASH_SIZE);
}

size_t hash_sort(struct hash *hashes, size_t count)
{
	if (count < 2)
		return count;
	qsort(hashes, count, sizeof *hashes, hash_order);
	size_t kept = 1;
	for (size_t i = 1; i < count; i++) {
		if (!hash_equal(&hashes[i], &hashes[kept - 1]))
			hashes[kept++] = hashes[i];
	}
	return kept;
}

bool hash_in(const struct hash *hashes, size_t count, const struct hash *wanted)
{
	for (size_t i = 0; i < count; i++) {
		if (hash_equal(&hashes[i], wanted))
			return true;
	}
	return false;
}

char *hex_encode(char *out, const void *bytes, size_t size)
{
	static const char digits[] = "0123456789abcdef";
	const uint8_t *byte = bytes;
	for (size_t i = 0; i < size; i++) {
		out[2 * i] = digits[byte[i] >> 4];
		out[2 * i + 1] = digits[byte[i] & 15];
	}
	out[2 * size] = '\0';
	return out;
}

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

enum twinlog_error hex_decode(void *out, size_t size, const char *text, size_t length)
{
	if (length % 2 != 0 || length / 2 != size)
		return TWINLOG_INVALID;
	for (size_t i = 0; i < length; i++) {
		if (hex_digit(text[i]) < 0)
			return TWINLOG_INVALID;
	}
	uint8_t *byte = out;
	for (size_t i = 0; i < size; i++)
		byte[i] = (uint8_t)(16 * hex_digit(text[2 * i]) + hex_digit(text[2 * i + 1]));
	return TWINLOG_OK;
}
