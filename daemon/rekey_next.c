#include "rekey_next.h"

#include <stdio.h>
#include <time.h>

#include "z85.h"

static enum twinlog_error announce(struct rekey_files *files, enum rekey_kind kind, bool dry,
				   struct twinlog_fault *fault)
{
	const struct identity_proof proof = identity_proof_of(files->home.card);
	enum twinlog_error error = rekey_files_draw(files, kind, fault);

	if (!error)
		error = rekey_files_card(files, &proof, fault);
	if (error || dry)
		return error;
	error = rekey_files_prepare(files, fault);
	return error ? error : rekey_files_switch(files->dir, fault);
}

enum twinlog_error rekey_next(struct rekey_files *files, enum rekey_kind kind, bool finish, bool dry,
			      struct twinlog_fault *fault)
{
	struct home *home = &files->home;
	const bool control = kind == REKEY_CONTROL;
	const bool announced =
	    control ? seal_keys_control_next(home->keys) != NULL : seal_keys_transport_next(home->keys) != NULL;

	if (!finish)
		return announced ? TWINLOG_OK : announce(files, kind, dry, fault);
	if (!announced)
		return twinlog_fault_set(fault, TWINLOG_MISSING, control ? "a new control key" : "a new transport key",
					 NULL);
	if (dry)
		return TWINLOG_OK;
	return control ? identity_turn_control(files->dir, home->keys, fault)
		       : identity_turn_transport(files->dir, &home->config, home->keys, (uint64_t)time(NULL),
						 home->card, &files->next_card, fault);
}

static void tell_control(const struct rekey_files *files, bool finish)
{
	char key[Z85_TEXT_SIZE];

	if (finish)
		printf("%s has its new control key in use. A client without it gets no connection before its file "
		       "says:\nserver = %s\n",
		       files->dir, z85_encode(key, seal_keys_control_public(files->home.keys)));
	else
		printf("%s has a new control key; it comes into use once every client has it (twinlog user list)\n",
		       files->dir);
}

static void tell_transport(const struct rekey_files *files, bool finish)
{
	printf(finish
		   ? "%s has its new transport key in use; a partner without its newest card gets no link before it "
		     "has it\n"
		   : "%s has a new transport key; it comes into use once every partner has the new card (twinlog peer "
		     "list)\n",
	       files->dir);
}

void rekey_next_tell(const struct rekey_files *files, enum rekey_kind kind, bool finish)
{
	const char *dir = files->dir;

	if (kind == REKEY_CONTROL)
		tell_control(files, finish);
	else
		tell_transport(files, finish);
	if (!finish && files->next_card)
		printf("Recovery file: %s/%s (print it or put it in a safe, then delete it here; the one of before is "
		       "of no use any more)\n"
		       "Start it with: twinlogd run %s\n",
		       dir, RECOVERY_FILE, dir);
}
