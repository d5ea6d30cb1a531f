/* Dates, canonical and as people write them. */
#include "edtf.h"
#include "fuzz.h"

static void check_canonical(const struct edtf *date)
{
	char text[TWINLOG_DATE_MAX];
	struct edtf again;
	const size_t size = edtf_format(date, text);

	FUZZ_CHECK(date->first <= date->last);
	FUZZ_CHECK(edtf_parse(text, size, &again) == TWINLOG_OK);
	FUZZ_CHECK(again.first == date->first && again.last == date->last && again.precision == date->precision &&
		   again.approximate == date->approximate);
	FUZZ_CHECK(edtf_match(date, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct edtf start, end;

	if (edtf_parse(bytes, size, &start) == TWINLOG_OK)
		check_canonical(&start);
	if (edtf_parse_written(bytes, size, &start, &end) == TWINLOG_OK) {
		check_canonical(&start);
		if (end.precision != EDTF_NONE) {
			check_canonical(&end);
			FUZZ_CHECK(end.last >= start.first);
		}
	}
	return 0;
}
