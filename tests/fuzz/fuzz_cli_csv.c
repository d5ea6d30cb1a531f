/* Sheets: read row by row, written, read again. */
#include <stdio.h>
#include <string.h>

#include "csv.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	struct csv_row *row = malloc(2 * sizeof *row);
	struct csv_reader reader = csv_reader((const char *)bytes, size, csv_separator((const char *)bytes, size));
	struct twinlog_fault fault;
	size_t line = 0;

	FUZZ_CHECK(arena && row);
	for (;;) {
		const enum twinlog_error error = csv_next(&reader, arena, row, &fault);
		char *text = NULL;
		size_t text_size = 0;

		if (!error && row->count == 0)
			break;
		FUZZ_CHECK(row->line > line && row->offset + row->size <= size);
		line = row->line;
		if (error)
			continue;
		FILE *out = open_memstream(&text, &text_size);
		FUZZ_CHECK(out != NULL);
		for (size_t i = 0; i < row->count; i++)
			csv_write(out, row->cells[i].text, row->cells[i].size, i == 0);
		csv_write_end(out);
		fclose(out);
		struct csv_reader copy = csv_reader(text, text_size, ',');
		/* A row of one empty cell is a blank line, and at the very beginning U+FEFF is a mark, not a letter. */
		if (text_size >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0) {
			free(text);
			continue;
		}
		if (csv_next(&copy, arena, row + 1, &fault) == TWINLOG_OK && row[1].count > 0) {
			FUZZ_CHECK(row[1].count == row[0].count);
			for (size_t i = 0; i < row->count; i++)
				FUZZ_CHECK(row[1].cells[i].size == row[0].cells[i].size &&
					   memcmp(row[1].cells[i].text, row[0].cells[i].text, row[0].cells[i].size) ==
					       0);
		}
		free(text);
	}
	free(row);
	arena_free(arena);
	return 0;
}
