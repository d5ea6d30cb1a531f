/* What changing a key does to the folder: the recovery file that allows it, the seeds and the card of before and after,
 * and their order on the disk, as rekey.h and rekey_next.h have it. Knows home.h, recovery_file.h. */
#ifndef TWINLOG_REKEY_FILES_H
#define TWINLOG_REKEY_FILES_H

#include "home.h"
#include "recovery_file.h"

enum rekey_kind { REKEY_CITY, REKEY_TRANSPORT, REKEY_CONTROL };

struct rekey_files {
	const char *dir, *recovery; /* borrowed */
	struct home home;           /* without a running daemon */
	struct recovery_file file;
	struct identity_secret secret, next; /* as they are, and as they are to be */
	struct seal_keys *next_keys;
	struct card *next_card;
	bool begun; /* keys/next.seed was there: a change was cut off before */
};

/* Opens the recovery file and the folder (dir, recovery are set) with keys and card, and checks that they are one
 * city's: NOT_FOR_US otherwise. Closed by the caller, also after a failure. */
enum twinlog_error rekey_files_open(struct rekey_files *files, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
void rekey_files_close(struct rekey_files *files);

/* Fills next: with a new seed for a key of that kind; or with what a change that was cut off had drawn, which has to be
 * of the same kind: REKEY_OPEN otherwise. */
enum twinlog_error rekey_files_draw(struct rekey_files *files, enum rekey_kind kind,
				    struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Makes next_keys, and next_card with that proof, newer than the card in the folder and in the recovery file. */
enum twinlog_error rekey_files_card(struct rekey_files *files, const struct identity_proof *proof,
				    struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Writes next and next_card beside what is in use, then the recovery file. */
enum twinlog_error rekey_files_prepare(const struct rekey_files *files, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Puts them in place. */
enum twinlog_error rekey_files_switch(const char *dir, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Whether the folder came out of a backup of before a change that the recovery file knows; then rekey_files_adopt gives
 * it the keys of the recovery file. What was signed since comes from the partners; signing anew would shut it out. */
bool rekey_files_older(const struct rekey_files *files);
enum twinlog_error rekey_files_adopt(struct rekey_files *files, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
