#include "rekey_transport.h"

#include <stdio.h>
#include <time.h>

static enum twinlog_error announce(struct rekey_files *files, bool dry, struct twinlog_fault *fault)
{
	const struct identity_proof proof = identity_proof_of(files->home.card);
	enum twinlog_error error = rekey_files_draw(files, true, fault);

	if (!error)
		error = rekey_files_card(files, &proof, fault);
	if (error || dry)
		return error;
	error = rekey_files_prepare(files, fault);
	return error ? error : rekey_files_switch(files->dir, fault);
}

enum twinlog_error rekey_transport(struct rekey_files *files, bool finish, bool dry, struct twinlog_fault *fault)
{
	struct home *home = &files->home;
	const bool announced = seal_keys_transport_next(home->keys) != NULL;

	if (!finish)
		return announced ? TWINLOG_OK : announce(files, dry, fault);
	if (!announced)
		return twinlog_fault_set(fault, TWINLOG_MISSING, "a new transport key", NULL);
	return dry ? TWINLOG_OK
		   : identity_turn_transport(files->dir, &home->config, home->keys, (uint64_t)time(NULL), home->card,
					     &files->next_card, fault);
}

void rekey_transport_tell(const struct rekey_files *files, bool finish)
{
	const char *dir = files->dir;

	if (finish) {
		printf("%s has its new transport key in use; a partner without its newest card gets no link before it "
		       "has it\n",
		       dir);
		return;
	}
	printf(
	    "%s has a new transport key; it comes into use once every partner has the new card (twinlog peer list)\n",
	    dir);
	if (files->next_card)
		printf("Recovery file: %s/%s (print it or put it in a safe, then delete it here; the one of before is "
		       "of no use any more)\n"
		       "Start it with: twinlogd run %s\n",
		       dir, RECOVERY_FILE, dir);
}
