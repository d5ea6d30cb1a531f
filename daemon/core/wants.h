/* What was asked for and has not come yet. Knows proto/ids.h; part of node_internal.h. */
#ifndef TWINLOG_WANTS_H
#define TWINLOG_WANTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ids.h"

struct node;
struct node_link;
struct space;
struct check;

struct want {
	uint32_t link;
	uint32_t stream;
	struct hash space;
	struct hash city;       /* zero: acts */
	uint64_t began_mono_ms; /* of acts: when the first part of the answer was asked for */
	uint64_t deadline_mono_ms;
	uint64_t got; /* bytes of bundles and acts new to this node */
	unsigned spared;
};

/* Asks somebody for what was announced of a city and is not here. */
void sync_pursue(struct node *node, const struct hash *space, const struct hash *city);
void sync_pursue_all(struct node *node, const struct hash *space);
/* One whom the acts held here do not name is asked for all, and told nothing. Whether acts of the space are under way:
 * not when this partner owes some, or failed to bring them. */
bool sync_want_acts(struct node *node, struct node_link *link, const struct hash *space);
/* The answer on that stream has ended and was not complete: the rest is asked for, once what came is durable. */
void sync_acts_on(struct node *node, struct node_link *link, uint32_t stream, const struct hash *space);
void sync_acts_rest(struct node *node, struct node_link *link, const struct space *space);
void sync_time(struct node *node);
void sync_link_gone(struct node *node, uint32_t link);
uint64_t sync_deadline(const struct node *node);
/* Asked for on that link; NULL: not, or not any more. */
struct want *want_find(struct node *node, uint32_t link, uint32_t stream);
uint32_t want_instead(const struct node *node, const struct check *check);
/* Bytes new to this node came of what was asked for, so that it has time for more. */
void want_got(struct node *node, uint32_t link, uint32_t stream, size_t bytes);
void want_end(struct node *node, uint32_t link, uint32_t stream);

#endif
