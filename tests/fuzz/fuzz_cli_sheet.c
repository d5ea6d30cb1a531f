/* Sheets in UTF-8: recognised, and each row made into a draft on top of nothing and of itself. */
#include "fuzz.h"
#include "sheet.h"
#include "text.h"

static void draft(const struct sheet_reader *reader, const struct sheet *sheet, const struct csv_row *row)
{
	struct twinlog_fault fault;
	struct draft made;
	struct draft_past past = {0};
	enum draft_change change;

	if (sheet_draft(reader, sheet, row, &made, &fault))
		return;
	struct draft again = made;
	FUZZ_CHECK(draft_merge(reader->arena, &made, reader->self, &past, &change) == TWINLOG_OK);
	FUZZ_CHECK(change == DRAFT_NEW);
	past.current = made.body;
	past.report = made.report;
	FUZZ_CHECK(draft_merge(reader->arena, &again, reader->self, &past, &change) == TWINLOG_OK);
	FUZZ_CHECK(change == DRAFT_UNCHANGED);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	static struct places *places;
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	struct csv_row *row = malloc(sizeof *row);
	struct csv_reader csv = csv_reader((const char *)bytes, size, ',');
	struct twinlog_fault fault;
	struct sheet sheet;

	FUZZ_CHECK(arena && row);
	if (!places)
		FUZZ_CHECK(places_new(&places) == TWINLOG_OK);
	const struct sheet_reader reader = {.places = places, .self = "CN:lianyungang", .arena = arena};
	if (text_is_utf8(bytes, size) && csv_next(&csv, arena, row, &fault) == TWINLOG_OK && row->count > 0 &&
	    sheet_recognise(row, NULL, &sheet, &fault) == TWINLOG_OK) {
		while (csv_next(&csv, arena, row, &fault) == TWINLOG_OK && row->count > 0)
			draft(&reader, &sheet, row);
	}
	free(row);
	arena_free(arena);
	return 0;
}
