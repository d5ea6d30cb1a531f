/* user add, remove and list: client keys made known and unknown at run time; and the word of a client that it has the
 * control key to come. Internal to net. */
#ifndef TWINLOG_USERS_H
#define TWINLOG_USERS_H

#include "registry.h"

struct daemon;

/* Whether users_request answers it. */
bool users_take(const Twinlog__Request *request);
/* Effective at once; answered, under this token, when it is durable. */
void users_request(struct daemon *daemon, struct client *by, uint64_t token, const Twinlog__Request *request);

#endif
