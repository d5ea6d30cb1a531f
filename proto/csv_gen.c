#include "csv_gen.h"

#include <stdlib.h>
#include <string.h>

#include "text.h"

#define CSV_GEN_ROW_MAX 8192u

void csv_gen_fail(const char *what, const char *which)
{
	fprintf(stderr, "%s: %s\n", which, what);
	exit(1);
}

/* One row: bytes into line, where the fields begin into fields. */
static bool read_row(struct csv_gen *csv)
{
	size_t used = 0;
	bool quoted = false, any = false;
	csv->count = 1;
	csv->fields[0] = csv->line;
	for (int c = getc(csv->file); c != EOF; c = getc(csv->file)) {
		any = true;
		if (used + 2 >= csv->capacity)
			csv_gen_fail("row too long", csv->path);
		if (quoted && c == '"') {
			int next = getc(csv->file);
			if (next == '"') {
				csv->line[used++] = '"';
				continue;
			}
			quoted = false;
			if (next != EOF)
				ungetc(next, csv->file);
		} else if (!quoted && c == '"' && csv->fields[csv->count - 1] == csv->line + used) {
			quoted = true;
		} else if (!quoted && c == ',') {
			csv->line[used++] = '\0';
			if (csv->count == CSV_GEN_FIELDS_MAX)
				csv_gen_fail("too many fields", csv->path);
			csv->fields[csv->count++] = csv->line + used;
		} else if (!quoted && c == '\n') {
			break;
		} else if (quoted || c != '\r') {
			csv->line[used++] = (char)c;
		}
	}
	if (quoted)
		csv_gen_fail("quotation without end", csv->path);
	csv->line[used] = '\0';
	for (size_t i = csv->count; i < CSV_GEN_FIELDS_MAX; i++)
		csv->fields[i] = "";
	csv->row++;
	return any;
}

void csv_gen_open(struct csv_gen *csv, const char *path, const char *head)
{
	*csv = (struct csv_gen){.file = fopen(path, "r"), .path = path, .capacity = CSV_GEN_ROW_MAX};
	csv->line = malloc(csv->capacity);
	if (!csv->file || !csv->line)
		csv_gen_fail("cannot be read", path);
	if (!read_row(csv))
		csv_gen_fail("is empty", path);
	size_t at = 0;
	for (size_t i = 0; i < csv->count; i++) {
		size_t length = strlen(csv->fields[i]);
		if (strncmp(head + at, csv->fields[i], length) != 0)
			csv_gen_fail("has another head", path);
		at += length + (head[at + length] == ',');
	}
	if (head[at] != '\0')
		csv_gen_fail("has too few columns", path);
}

bool csv_gen_next(struct csv_gen *csv)
{
	if (read_row(csv))
		return true;
	fclose(csv->file);
	free(csv->line);
	return false;
}

void csv_gen_literal(FILE *out, const char *text, bool none_is_null)
{
	if (none_is_null && text[0] == '\0') {
		fputs("NULL", out);
		return;
	}
	putc('"', out);
	for (; *text; text++) {
		if (*text == '"' || *text == '\\')
			putc('\\', out);
		putc(*text, out);
	}
	putc('"', out);
}

char *csv_gen_fold(const char *text)
{
	char *folded;
	size_t size;
	if (text_fold(text, strlen(text), &folded, &size) != TWINLOG_OK)
		csv_gen_fail("cannot be folded", text);
	return folded;
}
