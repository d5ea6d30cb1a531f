/* Who may connect: the ZAP handler (ZeroMQ RFC 27) of the peer and the control endpoint. Knows keyring.h, pollset.h and
 * log.h.
 *
 * It answers in the net thread's own poll loop. The transport key of whoever is admitted becomes the User-Id of each
 * of its messages; that, and never a routing id, says who spoke. */
#ifndef TWINLOG_ZAP_H
#define TWINLOG_ZAP_H

#include "keyring.h"
#include "pollset.h"

#define ZAP_DOMAIN_PEER    "peer"
#define ZAP_DOMAIN_CONTROL "control"

struct zap {
	struct inlet inlet;
	struct keyring peers;
	struct keyring clients;
};

/* Before any other socket of the context is bound. */
enum twinlog_error zap_open(struct zap *zap, void *context) TWINLOG_MUST_CHECK;
void zap_close(struct zap *zap);

/* Answers all that waits. */
void zap_serve(struct zap *zap);

/* One question, as received: the parts after the delimiter. user_id is set (else empty) when the key is
 * admitted. Apart from the socket, for tests. */
struct zap_part {
	const uint8_t *bytes;
	size_t size;
};
#define ZAP_PARTS 7 /* version, request id, domain, address, identity, mechanism, client key */
enum keyring_status zap_judge(const struct zap *zap, const struct zap_part parts[ZAP_PARTS],
			      char user_id[KEYRING_HEX_SIZE]);

#endif
