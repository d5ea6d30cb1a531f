/* A way out through a SOCKS5 proxy (RFC 1928), without a password: a relay in a thread of its own between a local
 * endpoint, which ZeroMQ connects to, and the partner's address. What goes through is CURVE's and not looked at. Knows
 * nobody.
 *
 * ZeroMQ speaks SOCKS5 too, but libzmq 4.3.4 aborts the process when a socket is closed after its proxy could not be
 * reached. */
#ifndef TWINLOG_SOCKS_H
#define TWINLOG_SOCKS_H

#include "twinlog/error.h"

#define SOCKS_ENDPOINT_MAX 32
#define SOCKS_TEXT_MAX     300u   /* of proxy and address */
#define SOCKS_WAIT_MS      15000u /* for the local side to come, and for each answer of the proxy */

struct socks; /* one connection */

/* proxy: HOST:PORT; address: tcp://HOST:PORT, a name is the proxy's to resolve; HOST may stand in brackets. Whoever
 * connects to ret_endpoint, once and out of this very process, is connected to address. INVALID; TOO_MANY when no
 * descriptor or thread is left; NO_MEMORY. */
enum twinlog_error socks_open(const char *proxy, const char *address, char ret_endpoint[SOCKS_ENDPOINT_MAX],
			      struct socks **ret_socks) TWINLOG_MUST_CHECK;
/* Why it came to nothing: static text; NULL while it may still. */
const char *socks_why(const struct socks *socks);
/* Ends the connection and does not wait for that. Accepts NULL. */
void socks_close(struct socks *socks);

#endif
