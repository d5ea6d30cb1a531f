/* Whether a client may ask this. Pure. DOMAIN speaks of offices; a client is one, with a role and maybe some spaces
 * alone. Internal to net. */
#ifndef TWINLOG_PERMIT_H
#define TWINLOG_PERMIT_H

#include "codec.h"
#include "registry.h"

/* Whether this kind of request (Twinlog__Request.body_case) is open to that role. */
bool permit_role(enum client_role role, int body_case);

/* NOT_PERMITTED beyond the role, or for what cannot be narrowed to the client's spaces; NOT_FOUND for a space outside
 * of them, as if it were not there. *ret_where: what is refused. */
enum twinlog_error permit_request(const struct client *client, const Twinlog__Request *request,
				  const char **ret_where) TWINLOG_MUST_CHECK;

/* Every write carries the office of its client: one that a word claims must be the client's own when that has one, and
 * one that is missing is filled in, into arena. NOT_PERMITTED, NO_MEMORY. */
enum twinlog_error permit_office(const struct client *client, Twinlog__Submit *submit,
				 struct arena *arena) TWINLOG_MUST_CHECK;

#endif
