/* twinlogd rekey --transport: a new transport key, while the daemon does not run. Knows rekey_files.h.
 *
 *     keys/next.seed, card.next, recovery.txt   as in rekey.h
 *     keys/city.seed, card                      the new ones: the card announces the key, the old one stays in use
 *     card                                      by the daemon, once every partner has that card: the new one is in use
 *
 * PROTOCOL, "Cards", says what partners make of it. */
#ifndef TWINLOG_REKEY_TRANSPORT_H
#define TWINLOG_REKEY_TRANSPORT_H

#include "rekey_files.h"

/* What the command does, in opened files; nothing is written when dry. */
enum twinlog_error rekey_transport(struct rekey_files *files, bool finish, bool dry,
				   struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Tells what was done. */
void rekey_transport_tell(const struct rekey_files *files, bool finish);

#endif
