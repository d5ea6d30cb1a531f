/* References to other records: a link to one event, an agreement under which an activity stood, one that another
 * replaces. One that leads out of its space is for those who can follow it: a reference may leave a space only towards
 * one that includes all its members, else its members would learn of a space that is none of theirs. The writer's duty.
 * Pure. DOMAIN, "Publishing further". */
#ifndef TWINLOG_REFERENCES_H
#define TWINLOG_REFERENCES_H

#include "node_internal.h"

/* Whether a body written into this space refers to what its members may know of. REFERENCE_LEAVES, with the field. A
 * record that is nowhere here is no fault: it may come later. */
enum twinlog_error references_check(const struct node *node, const struct space *space, const Twinlog__Body *body,
				    struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
