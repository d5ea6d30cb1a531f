/* twinlogd verify: every chain and signature of a store, offline. Knows core (acts, bundles, cards) and store.h. */
#ifndef TWINLOG_VERIFY_H
#define TWINLOG_VERIFY_H

#include "store.h"

struct verify_result {
	uint64_t cards, acts, spaces, bundles, leaves, erasures, positions, audit;
	uint64_t faults;
};
/* Called for each fault, with one line that names the object. */
typedef void (*verify_report)(void *context, const char *line);

/* progress is told the bytes looked at; it may be NULL. An error means that the check itself could not be done (IO,
 * NO_MEMORY); what is wrong in the store is a fault. */
enum twinlog_error verify_store(struct store *store, verify_report report, void *context, store_progress progress,
				void *progress_context, struct verify_result *ret_result) TWINLOG_MUST_CHECK;

#endif
