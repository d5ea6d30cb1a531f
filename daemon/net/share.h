/* Each link's share of the net thread, and what waits while it is used up. Internal to links.c, dial.c and share.c. */
#ifndef TWINLOG_SHARE_H
#define TWINLOG_SHARE_H

#include "link.h"

/* Whether the link has had its share for now: others have their turn. */
bool share_used_up(struct link *link, uint64_t now_ms);
/* mono_ms at which it has some again. */
uint64_t share_deadline(const struct link *link);
/* Decodes and steps one message, and charges the time it took. */
void share_receive(struct links *links, struct link *link, zmq_msg_t *message);

/* A dialled link is left unread; of an accepted one a ROUTER gives what comes, and it is kept here. Takes the message
 * over; breaks the link when it is too much. */
void inbox_put(struct links *links, struct link *link, zmq_msg_t *message);
/* Goes on with what waits, as far as the share reaches. */
void inbox_serve(struct links *links, struct link *link);
void inbox_clear(struct link *link);

#endif
