/* The audit trail: what was done by whom. Each entry holds the hash of the one before and goes to the disk in the very
 * transaction of what it tells of. Internal to net, its own thread alone. No content ever stands in it. */
#ifndef TWINLOG_AUDIT_H
#define TWINLOG_AUDIT_H

#include "node.h"
#include "registry.h"

struct daemon;

struct audit {
	uint64_t number; /* of the last entry */
	struct hash head;
};

/* Finds the end of the trail. */
enum twinlog_error audit_open(struct audit *audit, struct store *store) TWINLOG_MUST_CHECK;

/* What EFFECT_WROTE says. */
void audit_wrote(struct daemon *daemon, const struct hash *space, const struct hash *bundle, const uint64_t *writers,
		 size_t count);
/* An administrative request that was taken in; others leave no entry. client NULL: it came with an invitation. */
void audit_asked(struct daemon *daemon, const struct client *client, const Twinlog__Request *request);
void audit_refused(struct daemon *daemon, struct client *client, const Twinlog__Request *request);
void audit_user(struct daemon *daemon, const struct client *by, const struct daemon_client *user, bool added);

#endif
