/* Acts: opened, and as the founding act of a space. */
#include "acts.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct act *act;
	struct acts *acts;

	FUZZ_CHECK(seal_init() == TWINLOG_OK);
	if (act_open(bytes, size, &act))
		return 0;
	FUZZ_CHECK(act->size == size);
	if (acts_new(act, &acts))
		act_free(act);
	else
		acts_free(acts);
	return 0;
}
