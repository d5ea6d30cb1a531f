/* The control endpoint: requests of clients in, replies out. Internal to net. PROTOCOL, "The control protocol".
 *
 * A request goes to the node (what writes or waits) or to the readers (what only looks). In between it is an entry in
 * a bounded table, under a token that the other parts answer to; tokens are never used again. */
#ifndef TWINLOG_CONTROL_H
#define TWINLOG_CONTROL_H

#include "loop.h"
#include "pollset.h"

enum twinlog_error control_open(struct daemon *daemon, struct control **ret_control,
				struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
void control_close(struct control *control); /* accepts NULL */

/* Readable when a request waits. */
struct inlet *control_inlet(struct control *control);
/* Takes in what waits, up to a bound. False when nothing is left. */
bool control_receive(struct control *control);

/* One message of the answer; copies bytes. last: the request is done with. An unknown token is ignored. */
void control_reply(struct control *control, uint64_t token, const void *bytes, size_t size, bool last);
/* Answers with this fault; the request is done with. */
void control_refuse(struct control *control, uint64_t token, enum twinlog_error code, const char *where);
/* The request is done with, though nothing could be said to the client. An unknown token is ignored. */
void control_done(struct control *control, uint64_t token);
/* Queries that wait for a commit and may go on, or have waited too long; and clients that are gone. */
void control_serve(struct control *control);
uint64_t control_deadline(const struct control *control);

/* Ends what a client that was removed still waits for: it hears nothing of what comes later. */
void control_removed(struct control *control, const struct client *client);
/* Answers every write under way with this fault: the disk is full. */
void control_refuse_writes(struct control *control, enum twinlog_error code);

/* One message to who is there by this routing id. False when the client is gone, or takes nothing in. */
bool control_send(struct control *control, const void *route, size_t route_size, const void *bytes, size_t size);

/* Whether something that writes is under way. */
bool control_writes(const struct control *control);
/* Lets the endpoints take connections under the control key that is in use by now; those that stand end, with what was
 * said on them. */
enum twinlog_error control_rebind(struct control *control) TWINLOG_MUST_CHECK;

const char *control_endpoint(const struct control *control, size_t index);

#endif
