#include "audit_chain.h"

#include "control.pb-c.h"

bool audit_chain_take(struct audit_chain *chain, uint64_t number, const void *bytes, size_t size)
{
	Twinlog__AuditEntry *entry;
	struct hash previous;
	bool fits;

	arena_reset(chain->arena);
	fits = !CODEC_UNPACK(chain->arena, bytes, size, &entry, twinlog__audit_entry) && entry->number == number &&
	       number == chain->number + 1 && !codec_get_hash(entry->previous, &previous) &&
	       hash_equal(&previous, &chain->head);
	if (!fits && chain->faults++ == 0)
		chain->first_fault = number;
	chain->number = number;
	chain->head = seal_hash1("audit", bytes, size);
	return fits;
}
