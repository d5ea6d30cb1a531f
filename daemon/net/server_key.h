/* The control key to come: told to each client on its connection, and taken into use once every client has said that it
 * keeps it. Internal to net. PROTOCOL, "The control protocol". */
#ifndef TWINLOG_SERVER_KEY_H
#define TWINLOG_SERVER_KEY_H

#include "loop.h"

/* Before what is asked on that connection is answered; once a connection. Nothing when no key is to come. */
void server_key_tell(struct daemon *daemon, struct client *client, const void *route, size_t route_size);
/* Notes that the client keeps this key, when it is the one to come. */
void server_key_note(const struct daemon *daemon, struct client *client, ProtobufCBinaryData key);
bool server_key_has(const struct daemon *daemon, const struct client *client);
/* Takes it into use once nobody lacks it. */
void server_key_look(struct daemon *daemon);

#endif
