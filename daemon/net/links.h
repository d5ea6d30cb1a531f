/* Links to partners: one ROUTER for those who dial in, one DEALER for each partner dialled. Internal to net.
 *
 *     accepted   first message of a routing id: LINK_UP ... drop, or the partner is gone when sending: forgotten
 *     dialled    idle -> connecting -> up -> (lost, dropped: socket closed) -> idle, with growing pauses
 *
 * A link's number is never used again. Whoever speaks is known by the User-Id that ZAP put on that very message; a
 * routing id only leads to the link, and a message whose two disagree drops it. A dialled link knows its partner by
 * the server key that CURVE proved. No heartbeats of ZMTP: they abort the process when a pipe is full; the node pings.
 */
#ifndef TWINLOG_LINKS_H
#define TWINLOG_LINKS_H

#include <zmq.h>

#include "loop.h"
#include "pollset.h"

/* Binds the listen endpoints; *fault tells which could not be. */
enum twinlog_error net_links_open(struct daemon *daemon, struct links **ret_links,
				  struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
void net_links_close(struct links *links); /* accepts NULL */

/* Whom to admit and to dial, anew. */
void net_links_peers_changed(struct links *links);

/* What is to be waited for. intake: whether messages are wanted. */
void net_links_poll(struct links *links, struct pollset *set, bool intake);
/* Receives (when intake), dials, retries what could not be sent, steps LINK_DOWN for links that broke. */
void net_links_serve(struct links *links, bool intake);
/* mono_ms at which net_links_serve has something to do at the latest. */
uint64_t net_links_deadline(const struct links *links);

/* Copies bytes. */
void net_links_send(struct links *links, uint32_t link, const void *bytes, size_t size);
/* Takes over a malloc'd frame. False when the link is not there any more. */
bool net_links_send_frame(struct links *links, uint32_t link, uint8_t *frame, size_t size);
void net_links_drop(struct links *links, uint32_t link, enum twinlog_error why);

/* The address actually bound for each listen endpoint. */
const char *net_links_endpoint(const struct links *links, size_t index);

#endif
