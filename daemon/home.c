#include "home.h"

#include "files.h"

static enum twinlog_error read_machine(struct home *home, const char *path, struct twinlog_fault *fault)
{
	struct store_read *read;
	enum twinlog_error error = store_read_begin(home->store, &read);

	if (!error) {
		error = store_get_machine(read, &home->machine);
		store_read_end(read);
	}
	if (error == TWINLOG_MISSING)
		error = TWINLOG_STORE_DAMAGED;
	return error ? twinlog_fault_set(fault, error, path, NULL) : TWINLOG_OK;
}

static enum twinlog_error open_store(struct home *home, enum home_mode mode, struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX];
	enum twinlog_error error;

	error = files_join(path, home->dir, HOME_STORE_DIR, fault);
	if (!error)
		error = store_open(path, false, mode != HOME_RUN && mode != HOME_STORE_LOCKED, &home->store, fault);
	return error ? error : read_machine(home, path, fault);
}

enum twinlog_error home_open(struct home *home, const char *dir, enum home_mode mode, uint64_t now_s,
			     struct twinlog_fault *fault)
{
	const bool keyed = mode == HOME_RUN || mode == HOME_LOOK;
	enum twinlog_error error;

	*home = (struct home){.dir = dir};
	error = config_load(&home->config, dir, fault);
	if (!error && keyed)
		error = identity_load_keys(dir, &home->keys, fault);
	if (!error)
		error = clients_load(&home->clients, dir, fault);
	if (!error)
		error = open_store(home, mode, fault); /* its lock before anything is written */
	if (!error && keyed)
		error =
		    identity_load_card(dir, &home->config, home->keys, now_s, &home->card, &home->card_changed, fault);
	if (!error && home->card_changed && mode == HOME_RUN)
		error = identity_write_card(dir, IDENTITY_CARD_FILE, home->card, fault);
	if (error)
		home_close(home);
	return error;
}

void home_close(struct home *home)
{
	store_close(home->store);
	card_free(home->card);
	clients_free(&home->clients);
	seal_keys_free(home->keys);
	config_free(&home->config);
	*home = (struct home){.dir = NULL};
}
