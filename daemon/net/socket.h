/* What every socket of the daemon has in common: sizes, CURVE, no lingering. Internal to net. */
#ifndef TWINLOG_SOCKET_H
#define TWINLOG_SOCKET_H

#include "seal.h"
#include "twinlog/limits.h"

#define SOCKET_ENDPOINT_MAX 256

/* NULL on failure. pipe_max: messages queued each way for one partner. */
void *socket_new(void *context, int type, int pipe_max);
/* The server end of CURVE under a ZAP domain that is asked for every connection. */
enum twinlog_error socket_serve(void *socket, const uint8_t secret[32], const char *domain) TWINLOG_MUST_CHECK;
/* The client end, towards a server of that key. */
enum twinlog_error socket_join(void *socket, const struct seal_keys *keys, const uint8_t server[32]) TWINLOG_MUST_CHECK;
/* endpoint: as given; ret_endpoint: as bound. IN_USE for a port taken; the fault names the endpoint. */
enum twinlog_error socket_bind(void *socket, const char *endpoint, char ret_endpoint[SOCKET_ENDPOINT_MAX],
			       struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* endpoint: as bound. Binds it anew, under the options that the socket has by now; its connections end. */
enum twinlog_error socket_rebind(void *socket, const char *endpoint) TWINLOG_MUST_CHECK;

#endif
