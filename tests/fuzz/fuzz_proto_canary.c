/* A fault on purpose: "no day lies in February". The machinery has to find it, or it finds nothing. */
#include "edtf.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct edtf date;
	int year, month, day;

	if (edtf_parse(bytes, size, &date) || date.precision != EDTF_DAY)
		return 0;
	edtf_from_days(date.first, &year, &month, &day);
	FUZZ_CHECK(month != 2);
	return 0;
}
