/* Writes codelists_table.h from codelists.csv: the rows in their order, and where each list begins. */
#include <stdlib.h>
#include <string.h>

#include "csv_gen.h"

#define LISTS_MAX 64

struct list {
	char *name;
	size_t first, count;
};

static void write_row(FILE *out, const struct csv_gen *csv)
{
	fputs("\t{", out);
	csv_gen_literal(out, csv->fields[1], false);
	for (int part = 0; part < 2; part++) {
		fputs(", {", out);
		for (int language = 0; language < 3; language++) {
			const char *label = csv->fields[2 + language];
			if (label[0] == '\0')
				csv_gen_fail("has no label in one language", csv->fields[1]);
			char *folded = csv_gen_fold(label);
			csv_gen_literal(out, part == 0 ? label : folded, false);
			fputs(language < 2 ? ", " : "}", out);
			free(folded);
		}
	}
	char *folded = csv_gen_fold(csv->fields[1]);
	fputs(", ", out);
	csv_gen_literal(out, folded, false);
	free(folded);
	fputs("},\n", out);
}

static struct list *list_of(struct list *lists, size_t *count, const char *name, size_t row)
{
	if (*count > 0 && strcmp(lists[*count - 1].name, name) == 0)
		return &lists[*count - 1];
	for (size_t i = 0; i < *count; i++) {
		if (strcmp(lists[i].name, name) == 0)
			csv_gen_fail("stands in two places", name);
	}
	if (*count == LISTS_MAX)
		csv_gen_fail("one list too many", name);
	lists[*count] = (struct list){.name = strdup(name), .first = row};
	return &lists[(*count)++];
}

static void write_name(FILE *out, const char *name)
{
	for (; *name; name++)
		putc(*name >= 'a' && *name <= 'z' ? *name - 'a' + 'A' : *name, out);
}

int main(int argc, char **argv)
{
	struct list lists[LISTS_MAX];
	size_t count = 0, row = 0;
	FILE *out = argc == 3 ? fopen(argv[2], "w") : NULL;
	struct csv_gen csv;
	if (!out)
		csv_gen_fail("usage: codelists_gen CSV OUTPUT", argv[0]);
	csv_gen_open(&csv, argv[1], "list,code,label_en,label_zh_hans,label_ko,maps_to,note");
	fputs("static const struct row ROWS[] = {\n", out);
	for (; csv_gen_next(&csv); row++) {
		list_of(lists, &count, csv.fields[0], row)->count++;
		write_row(out, &csv);
	}
	fputs("};\nstatic const struct list LISTS[] = {\n", out);
	for (size_t i = 0; i < count; i++) {
		fputs("\t[CODELIST_", out);
		write_name(out, lists[i].name);
		fprintf(out, "] = {\"%s\", %zu, %zu},\n", lists[i].name, lists[i].first, lists[i].count);
		free(lists[i].name);
	}
	fprintf(out, "};\n_Static_assert(%zu == CODELIST_COUNT, \"lists of codelist.h and codelists.csv\");\n", count);
	return fclose(out) == 0 ? 0 : 1;
}
