/* A change of the city's key, signed with its recovery key in each space that names the city. Nobody else's business:
 * it is done while the daemon does not run, so the recovery key is never where the network is. Pure; knows node.h.
 * PROTOCOL, "Acts", rules 8 and 9. */
#ifndef TWINLOG_KEY_CHANGE_H
#define TWINLOG_KEY_CHANGE_H

#include "node.h"

enum rekey_what { REKEY_ACT, REKEY_BUNDLE };
/* One own act or bundle signed with a key that is retired. sequence: of a bundle in the store; of an act 0. */
struct rekey_object {
	enum rekey_what what;
	const struct hash *space;
	const struct hash *id;
	uint64_t sequence;
	uint64_t clock_ms;
};

struct rekey {
	const uint8_t *recovery_seed;
	const struct seal_public *new_key;
	const struct seal_public *second_key; /* NULL: acts are signed by one */
	bool extend;                          /* names more for the changes made before; new_key is not asked */
	/* Whether it goes on counting; NULL: all does. Of bundles those that it builds on have to as well. */
	bool (*counts)(void *context, const struct rekey_object *object);
	const struct hash *named; /* acts, and bundles with all they build on, that count in any case */
	size_t named_count;
	/* What is shut out; may be NULL. */
	void (*shut_out)(void *context, const struct rekey_object *object);
	void *context;
};

/* Signs in each space where the new key is not known yet (or, to extend, where this city changed its key before): the
 * effects hold the acts to persist. *ret_spaces: in how many. After a failure the node can only be freed. PUTS_OUT:
 * this city would be no member any more, since what made it one is shut out; NO_MEMORY. */
enum twinlog_error node_rekey(struct node *node, const struct rekey *rekey, struct moment now, struct effects *effects,
			      size_t *ret_spaces) TWINLOG_MUST_CHECK;

/* Store sequence of a bundle of this city; 0: not here. */
uint64_t node_own_sequence(const struct node *node, const struct hash *space, const struct hash *bundle);
/* In how many spaces that name this city its key in use is not known. */
size_t node_key_missing(const struct node *node);

#endif
