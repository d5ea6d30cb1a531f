/* What a fuzz target is: one function that takes any bytes. It ends the process when something is wrong that no
 * sanitizer sees. */
#ifndef TWINLOG_FUZZ_H
#define TWINLOG_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* A law that was broken. */
#define FUZZ_CHECK(condition)                                                                                          \
	do {                                                                                                           \
		if (!(condition))                                                                                      \
			abort();                                                                                       \
	} while (0)

#endif
