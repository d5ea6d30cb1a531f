/* Pages of parts for a file: a proof, or what a courier takes. One call makes one page, so that a long file holds
 * nobody up and takes no memory of its own. Knows core and store. proto/carry.proto. */
#ifndef TWINLOG_CARRY_H
#define TWINLOG_CARRY_H

#include "node.h"
#include "store.h"

/* Looks only. STALE when acts or erasures have come since the first page, or acts are on their way to the disk;
 * NOT_FOUND, NOT_A_MEMBER (nothing is shared with that city), NO_MEMORY. */
enum twinlog_error carry_answer(const struct node *node, const struct seal_keys *keys, struct store_read *read,
				const struct scope *scope, const Twinlog__CarryGet *get, struct arena *arena,
				Twinlog__Reply *reply) TWINLOG_MUST_CHECK;

#endif
