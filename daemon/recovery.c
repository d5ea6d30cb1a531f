#include "recovery.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "codec.h"
#include "seal.h"

#define LINE_BYTES   25u /* 40 characters */
#define LINE_CHECK   4u  /* characters, 5 bits each */
#define END_CHECK    10u
#define GROUP        5u
#define LINE_SYMBOLS (8u * LINE_BYTES / 5 + LINE_CHECK)

static const char ALPHABET[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* ---- Characters ---- */

/* -1: not one of ours. */
static int symbol_value(char c)
{
	const char *place;

	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';
	place = c ? strchr(ALPHABET, c) : NULL;
	return place ? (int)(place - ALPHABET) : -1;
}

static size_t symbols_of(size_t bytes)
{
	return (8 * bytes + 4) / 5;
}

/* The first count symbols of bytes; past their end the bits are zero. */
static void encode(char *out, size_t count, const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < count; i++) {
		unsigned value = 0;

		for (size_t bit = 5 * i; bit < 5 * i + 5; bit++)
			value = value << 1 | (bit / 8 < size ? bytes[bit / 8] >> (7 - bit % 8) & 1u : 0u);
		out[i] = ALPHABET[value];
	}
}

static bool decode(uint8_t *out, size_t size, const char *symbols, size_t count)
{
	memset(out, 0, size);
	for (size_t i = 0; i < count; i++) {
		unsigned value = (unsigned)symbol_value(symbols[i]);

		for (size_t bit = 5 * i; bit < 5 * i + 5; bit++) {
			unsigned one = value >> (4 - (bit - 5 * i)) & 1u;

			if (bit / 8 >= size && one)
				return false;
			if (one)
				out[bit / 8] |= (uint8_t)(1u << (7 - bit % 8));
		}
	}
	return true;
}

static void line_check(char out[LINE_CHECK], uint32_t number, const uint8_t *bytes, size_t size)
{
	const uint8_t big[4] = {(uint8_t)(number >> 24), (uint8_t)(number >> 16), (uint8_t)(number >> 8),
				(uint8_t)number};
	struct hash hash = seal_hash("recovery-line", (struct seal_part[]){{big, sizeof big}, {bytes, size}}, 2);

	encode(out, LINE_CHECK, hash.bytes, HASH_SIZE);
}

static void end_check(char out[END_CHECK], const uint8_t *bytes, size_t size)
{
	struct hash hash = seal_hash1("recovery", bytes, size);

	encode(out, END_CHECK, hash.bytes, HASH_SIZE);
}

/* ---- Writing ---- */

static void print_groups(FILE *out, const char *symbols, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && i % GROUP == 0)
			fputc(' ', out);
		fputc(symbols[i], out);
	}
}

char *recovery_format(const uint8_t *bytes, size_t size)
{
	char symbols[LINE_SYMBOLS], check[END_CHECK], *text = NULL;
	size_t text_size;
	FILE *out = open_memstream(&text, &text_size);

	if (!out)
		return NULL;
	for (size_t at = 0, number = 1; at < size; at += LINE_BYTES, number++) {
		size_t part = size - at < LINE_BYTES ? size - at : LINE_BYTES;

		encode(symbols, symbols_of(part), bytes + at, part);
		fprintf(out, "%02zu  ", number);
		print_groups(out, symbols, symbols_of(part));
		line_check(check, (uint32_t)number, bytes + at, part);
		fprintf(out, "  %.*s\n", (int)LINE_CHECK, check);
	}
	end_check(check, bytes, size);
	fprintf(out, "=   ");
	print_groups(out, check, END_CHECK);
	fprintf(out, "\n");
	seal_wipe(symbols, sizeof symbols);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

/* ---- Reading ---- */

struct reading {
	const char *name; /* of the file */
	uint8_t *bytes;
	size_t size;
	size_t number; /* of the last line taken */
	bool short_line;
	bool ended;
};

static enum twinlog_error bad_file(const char *name, enum twinlog_error code, const char *what,
				   struct twinlog_fault *fault)
{
	const size_t most = sizeof fault->where - 40, size = strlen(name);
	char where[sizeof fault->where];

	/* Of a long path the end says more. */
	snprintf(where, sizeof where, "%s: %s", size > most ? name + size - most : name, what);
	return twinlog_fault_set(fault, code, where, NULL);
}

static enum twinlog_error bad_line(const struct reading *reading, enum twinlog_error code, size_t number,
				   struct twinlog_fault *fault)
{
	char line[32];

	snprintf(line, sizeof line, "line %zu", number);
	return bad_file(reading->name, code, line, fault);
}

/* The symbols of a line, blanks left out; 0 when there is something else in it or too many. */
static size_t collect(char out[LINE_SYMBOLS], const char *text, size_t size)
{
	size_t count = 0;

	for (size_t i = 0; i < size; i++) {
		if (text[i] == ' ' || text[i] == '\t' || text[i] == '\r' || text[i] == '-')
			continue;
		const int value = symbol_value(text[i]);
		if (count == LINE_SYMBOLS || value < 0)
			return 0;
		out[count++] = ALPHABET[value];
	}
	return count;
}

static enum twinlog_error take_end(struct reading *reading, const char *text, size_t size, struct twinlog_fault *fault)
{
	char symbols[LINE_SYMBOLS], check[END_CHECK];

	end_check(check, reading->bytes, reading->size);
	if (collect(symbols, text, size) != END_CHECK || memcmp(symbols, check, END_CHECK) != 0)
		return bad_file(reading->name, TWINLOG_MISTYPED, "last line", fault);
	reading->ended = true;
	return TWINLOG_OK;
}

static enum twinlog_error take_data(struct reading *reading, const char *text, size_t size, struct twinlog_fault *fault)
{
	char symbols[LINE_SYMBOLS], check[END_CHECK];
	size_t count = collect(symbols, text, size), bytes;
	uint8_t *out = reading->bytes + reading->size;
	enum twinlog_error error = TWINLOG_OK;

	if (count <= LINE_CHECK || reading->short_line)
		return bad_line(reading, TWINLOG_MISTYPED, reading->number, fault);
	bytes = 5 * (count - LINE_CHECK) / 8;
	if (reading->size + bytes > RECOVERY_MAX)
		return bad_line(reading, TWINLOG_TOO_LARGE, reading->number, fault);
	if (symbols_of(bytes) != count - LINE_CHECK || !decode(out, bytes, symbols, count - LINE_CHECK))
		error = bad_line(reading, TWINLOG_MISTYPED, reading->number, fault);
	line_check(check, (uint32_t)reading->number, out, bytes);
	if (!error && memcmp(check, symbols + count - LINE_CHECK, LINE_CHECK) != 0)
		error = bad_line(reading, TWINLOG_MISTYPED, reading->number, fault);
	reading->size += bytes;
	reading->short_line = bytes < LINE_BYTES;
	seal_wipe(symbols, sizeof symbols);
	return error;
}

/* text to end is one line of the file, not NUL-terminated. */
static enum twinlog_error take_text(struct reading *reading, const char *text, const char *end,
				    struct twinlog_fault *fault)
{
	size_t number = 0;

	while (text < end && (*text == ' ' || *text == '\t' || *text == '\r'))
		text++;
	if (text == end || *text == '#')
		return TWINLOG_OK;
	if (reading->ended)
		return bad_file(reading->name, TWINLOG_MISTYPED, "after the last line", fault);
	if (*text == '=')
		return take_end(reading, text + 1, (size_t)(end - text - 1), fault);
	while (text < end && *text >= '0' && *text <= '9' && number < 10000)
		number = 10 * number + (size_t)(*text++ - '0');
	if (number != reading->number + 1 || text == end || (*text != ' ' && *text != '\t'))
		return bad_line(reading, TWINLOG_FIELD_MISSING, reading->number + 1, fault);
	reading->number = number;
	return take_data(reading, text, (size_t)(end - text), fault);
}

enum twinlog_error recovery_parse(const char *name, const char *text, size_t size, uint8_t **ret_bytes,
				  size_t *ret_size, struct twinlog_fault *fault)
{
	struct reading reading = {.name = name, .bytes = malloc(RECOVERY_MAX)};
	enum twinlog_error error = TWINLOG_OK;
	const char *end = text + size;

	if (!reading.bytes)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	while (!error && text < end) {
		const char *stop = memchr(text, '\n', (size_t)(end - text));

		stop = stop ? stop : end;
		error = take_text(&reading, text, stop, fault);
		text = stop < end ? stop + 1 : end;
	}
	if (!error && !reading.ended)
		error = bad_file(name, TWINLOG_FIELD_MISSING, "last line", fault);
	if (error) {
		seal_wipe(reading.bytes, RECOVERY_MAX);
		free(reading.bytes);
		return error;
	}
	*ret_bytes = reading.bytes;
	*ret_size = reading.size;
	return TWINLOG_OK;
}

enum twinlog_error recovery_open(struct arena *arena, const uint8_t *bytes, size_t size,
				 Twinlog__Recovery **ret_recovery)
{
	Twinlog__Recovery *recovery;
	enum twinlog_error error;

	error = CODEC_UNPACK(arena, bytes, size, &recovery, twinlog__recovery);
	if (error)
		return error;
	if (recovery->version != RECOVERY_VERSION)
		return TWINLOG_STORE_VERSION;
	if (recovery->city_seed.len != SEAL_SEED_SIZE || recovery->recovery_seed.len != SEAL_SEED_SIZE)
		return TWINLOG_MALFORMED;
	*ret_recovery = recovery;
	return TWINLOG_OK;
}
