/* twinlogd rekey: a new city key (rekey_next.h: a transport or control key), by the recovery file, while the daemon
 * does not run. Knows home.h, recovery_file.h, core/key_change.h, net/load.h, net/workers.h.
 *
 * In this order, so that a cut at any point leaves something that the same command finishes:
 *
 *     keys/next.seed and card.next   the new key exists; from here on `run` waits for the end of it
 *     recovery.txt                   and can be brought back
 *     acts                           one commit: all spaces know it
 *     keys/city.seed, card           the new ones, renamed; the next start uses them
 */
#ifndef TWINLOG_REKEY_H
#define TWINLOG_REKEY_H

#include "twinlog/error.h"

/* argv[0] is "rekey". The exit code. */
int rekey_command(int argc, char **argv);
/* REKEY_OPEN when a change of key was begun in the folder and not finished. */
enum twinlog_error rekey_is_open(const char *dir, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
