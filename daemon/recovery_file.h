/* The recovery file as a whole: what a lost city is made from again, and what changes its key. Knows recovery.h,
 * identity.h and files. */
#ifndef TWINLOG_RECOVERY_FILE_H
#define TWINLOG_RECOVERY_FILE_H

#include "identity.h"
#include "recovery.h"

struct recovery_file {
	struct seal_seeds seeds;
	uint8_t recovery_seed[SEAL_SEED_SIZE];
	struct card *card;
	Twinlog__Recovery *message; /* listen endpoints; its seeds are wiped. Lives in arena */
	struct arena *arena;
};

/* Reads and checks it: that the seeds and the card belong together. *ret_file is freed by the caller, also after a
 * failure (then it holds nothing). */
enum twinlog_error recovery_file_read(const char *path, struct recovery_file *ret_file,
				      struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
void recovery_file_free(struct recovery_file *file); /* wipes; accepts a zeroed one */

/* Writes RECOVERY_FILE in the folder, mode 0600, in place of one that is there. */
enum twinlog_error recovery_file_write(const char *dir, const struct config *config, const struct seal_seeds *seeds,
				       const uint8_t recovery_seed[SEAL_SEED_SIZE], const struct card *card,
				       struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
