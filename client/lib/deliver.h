/* One message to another city's peer endpoint, and its answer: how an invitation is answered by one whom that city does
 * not know yet. The key is the invitation's, good for this and nothing else. */
#ifndef TWINLOG_DELIVER_H
#define TWINLOG_DELIVER_H

#include <stddef.h>
#include <stdint.h>

#include "twinlog/error.h"

struct delivery {
	const char *address;   /* tcp://HOST:PORT */
	const char *proxy;     /* HOST:PORT of a SOCKS5 proxy, or NULL */
	const uint8_t *server; /* 32 bytes each, X25519 */
	const uint8_t *public_key;
	const uint8_t *secret_key;
};

/* *ret_bytes is malloc'd and the caller's. NOT_REACHABLE when nobody answers in time, which is
 * also what one hears whose key is not admitted. */
enum twinlog_error deliver(const struct delivery *delivery, const void *bytes, size_t size, uint32_t timeout_ms,
			   uint8_t **ret_bytes, size_t *ret_size) TWINLOG_MUST_CHECK;

#endif
