/* vectors: prints the vectors. vectors FILE: compares them with the file, and tells the first line that differs. */
#include "vectors.h"

FILE *out;

void put(const char *name, const void *bytes, size_t size)
{
	fprintf(out, " %s=", name);
	for (size_t i = 0; i < size; i++)
		fprintf(out, "%02x", ((const uint8_t *)bytes)[i]);
}

const char *error_name(enum twinlog_error error)
{
#define NAME_OF(name, exit_code, text) [TWINLOG_##name] = #name,
	static const char *const names[] = {TWINLOG_ERRORS(NAME_OF)};

	return names[error];
}

void put_refused(const char *object, const char *what, enum twinlog_error error, const void *bytes, size_t size)
{
	fprintf(out, "open object=%s what=%s verdict=%s", object, what, error_name(error));
	put("bytes", bytes, size);
	fprintf(out, "\n");
}

static void raw_varint(struct raw *raw, uint64_t value)
{
	for (; value > 0x7f; value >>= 7)
		raw->bytes[raw->size++] = (uint8_t)(value | 0x80);
	raw->bytes[raw->size++] = (uint8_t)value;
}

void raw_number(struct raw *raw, uint32_t field, uint64_t value)
{
	MUST(raw->size + 20 < sizeof raw->bytes);
	raw_varint(raw, (uint64_t)field << 3);
	raw_varint(raw, value);
}

void raw_bytes(struct raw *raw, uint32_t field, const void *bytes, size_t size)
{
	MUST(raw->size + 20 + size < sizeof raw->bytes);
	raw_varint(raw, (uint64_t)field << 3 | 2);
	raw_varint(raw, size);
	if (size > 0)
		memcpy(raw->bytes + raw->size, bytes, size);
	raw->size += size;
}

void raw_signed(struct raw *raw, const struct raw *inner, const struct seal_keys *keys, const char *kind)
{
	uint8_t signature[SEAL_SIGNATURE_SIZE];

	seal_sign(keys, kind, inner->bytes, inner->size, signature);
	raw->size = 0;
	raw_bytes(raw, 1, inner->bytes, inner->size);
	raw_bytes(raw, 2, signature, sizeof signature);
}

static int compare(const char *made, const char *path)
{
	char *line = NULL;
	size_t capacity = 0;
	FILE *file = fopen(path, "re");

	MUST(file);
	for (int number = 1;; number++) {
		const ssize_t size = getline(&line, &capacity, file);
		const char *end = strchr(made, '\n');

		if (size < 0 && *made == '\0')
			break;
		if (size < 0 || !end || (size_t)size != (size_t)(end + 1 - made) ||
		    memcmp(line, made, (size_t)size) != 0) {
			fprintf(stderr, "%s:%d: the code makes\n%.*s\n", path, number, end ? (int)(end - made) : 0,
				made);
			return 1;
		}
		made = end + 1;
	}
	free(line);
	fclose(file);
	return 0;
}

int main(int argc, char **argv)
{
	char *text = NULL;
	size_t size = 0;
	int failed = 0;

	MUST(seal_init() == TWINLOG_OK);
	out = open_memstream(&text, &size);
	MUST(out);
	cities_put();
	acts_put();
	bundles_put();
	bodies_put();
	statements_put();
	fclose(out);
	if (argc > 1)
		failed = compare(text, argv[1]);
	else
		fputs(text, stdout);
	free(text);
	return failed;
}
