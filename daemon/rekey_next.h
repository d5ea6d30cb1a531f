/* twinlogd rekey --transport and --control: a new key of the links, or the one that clients know the daemon by, while
 * the daemon does not run. Knows rekey_files.h.
 *
 *     keys/next.seed, card.next, recovery.txt   as in rekey.h
 *     keys/city.seed, card                      the new ones: the key is to come, the old one stays in use
 *     card, or clients/server.key               by the daemon, once every partner has the card that announces the key,
 *                                               or every client the key itself: the new one is in use
 *
 * PROTOCOL, "Cards" and "The control protocol", says what partners and clients make of it. */
#ifndef TWINLOG_REKEY_NEXT_H
#define TWINLOG_REKEY_NEXT_H

#include "rekey_files.h"

/* What the command does for a kind other than REKEY_CITY, in opened files; nothing is written when dry. */
enum twinlog_error rekey_next(struct rekey_files *files, enum rekey_kind kind, bool finish, bool dry,
			      struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Tells what was done. */
void rekey_next_tell(const struct rekey_files *files, enum rekey_kind kind, bool finish);

#endif
