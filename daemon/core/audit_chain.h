/* Whether the audit trail is whole: each entry in its order, with the hash of the one before. Pure. */
#ifndef TWINLOG_AUDIT_CHAIN_H
#define TWINLOG_AUDIT_CHAIN_H

#include "codec.h"
#include "seal.h"

struct audit_chain {
	struct arena *arena; /* for one entry at a time; the caller's, reset for each */
	struct hash head;    /* of the entries taken so far; zero before the first */
	uint64_t number;     /* of the last one */
	uint64_t faults;
	uint64_t first_fault; /* number of the first entry that does not fit */
};

/* The next entry, as stored under that number. Whether it fits; one fault is told once, since the next entry is held
 * against what stands here. */
bool audit_chain_take(struct audit_chain *chain, uint64_t number, const void *bytes, size_t size);

#endif
