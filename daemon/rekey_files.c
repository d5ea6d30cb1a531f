#include "rekey_files.h"

#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "files.h"
#include "rekey.h"

/* ---- Open, close ---- */

static void drop_seed(uint8_t *seed, uint8_t *next, bool *has_next)
{
	if (!*has_next)
		return;
	memcpy(seed, next, SEAL_SEED_SIZE);
	memset(next, 0, SEAL_SEED_SIZE);
	*has_next = false;
}

/* A key of before goes once the one that came after it is in use. */
static void drop_former(struct rekey_files *files)
{
	struct seal_seeds *seeds = &files->secret.seeds;

	if (!seal_keys_transport_next(files->home.keys))
		drop_seed(seeds->transport, seeds->next, &seeds->has_next);
	if (!seal_keys_control_next(files->home.keys))
		drop_seed(seeds->control, seeds->control_next, &seeds->has_control_next);
}

enum twinlog_error rekey_files_open(struct rekey_files *files, struct twinlog_fault *fault)
{
	struct home *home = &files->home;
	enum twinlog_error error = recovery_file_read(files->recovery, &files->file, fault);

	if (!error)
		error = home_open(home, files->dir, HOME_STORE_LOCKED, 0, fault);
	if (!error)
		error = identity_read_secret(files->dir, IDENTITY_SEED_FILE, &files->secret, fault);
	if (!error)
		error = identity_keys_of(files->dir, &files->secret.seeds, &home->keys, fault);
	if (!error)
		error = identity_load_card(files->dir, &home->config, home->keys, (uint64_t)time(NULL), &home->card,
					   &home->card_changed, fault);
	if (error)
		return error;
	drop_former(files);
	return hash_equal(&home->card->identity, &files->file.card->identity)
		   ? TWINLOG_OK
		   : twinlog_fault_set(fault, TWINLOG_NOT_FOR_US, files->recovery, NULL);
}

void rekey_files_close(struct rekey_files *files)
{
	card_free(files->next_card);
	seal_keys_free(files->next_keys);
	recovery_file_free(&files->file);
	home_close(&files->home);
	identity_secret_wipe(&files->secret);
	identity_secret_wipe(&files->next);
}

/* ---- What is to come ---- */

enum twinlog_error rekey_is_open(const char *dir, struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX];
	enum twinlog_error error = files_join(path, dir, IDENTITY_SEED_NEXT, fault);

	if (!error && access(path, F_OK) == 0)
		error = twinlog_fault_set(fault, TWINLOG_REKEY_OPEN, dir, NULL);
	return error;
}

static enum rekey_kind kind_of(const struct seal_seeds *next, const struct seal_seeds *now)
{
	if (memcmp(next->city, now->city, SEAL_SEED_SIZE) != 0)
		return REKEY_CITY;
	return memcmp(next->control_next, now->control_next, SEAL_SEED_SIZE) != 0 ? REKEY_CONTROL : REKEY_TRANSPORT;
}

enum twinlog_error rekey_files_draw(struct rekey_files *files, enum rekey_kind kind, struct twinlog_fault *fault)
{
	static const char *const names[] = {"rekey", "rekey --transport", "rekey --control"};
	struct seal_seeds *next = &files->next.seeds;
	struct twinlog_fault unused;
	enum twinlog_error error;

	files->next = files->secret; /* the passphrase, and what does not change */
	files->begun = rekey_is_open(files->dir, &unused) == TWINLOG_REKEY_OPEN;
	if (files->begun) {
		error = identity_read_secret(files->dir, IDENTITY_SEED_NEXT, &files->next, fault);
		if (!error && kind_of(next, &files->secret.seeds) != kind)
			error = twinlog_fault_set(fault, TWINLOG_REKEY_OPEN, names[kind_of(next, &files->secret.seeds)],
						  NULL);
		return error;
	}
	seal_random(kind == REKEY_CITY        ? next->city
		    : kind == REKEY_TRANSPORT ? next->next
					      : next->control_next,
		    SEAL_SEED_SIZE);
	next->has_next |= kind == REKEY_TRANSPORT;
	next->has_control_next |= kind == REKEY_CONTROL;
	return TWINLOG_OK;
}

enum twinlog_error rekey_files_card(struct rekey_files *files, const struct identity_proof *proof,
				    struct twinlog_fault *fault)
{
	const struct card *held = files->home.card, *safe = files->file.card;
	uint64_t serial = (uint64_t)time(NULL);
	enum twinlog_error error =
	    files->next_keys ? TWINLOG_OK : seal_keys_from(&files->next.seeds, &files->next_keys);

	serial = serial > held->serial ? serial : held->serial + 1;
	serial = serial > safe->serial ? serial : safe->serial + 1;
	if (!error)
		error = identity_make_card(&files->home.config, proof, files->next_keys, serial, &files->next_card);
	return error ? twinlog_fault_set(fault, error, IDENTITY_CARD_FILE, NULL) : TWINLOG_OK;
}

enum twinlog_error rekey_files_prepare(const struct rekey_files *files, struct twinlog_fault *fault)
{
	enum twinlog_error error = TWINLOG_OK;

	if (!files->begun)
		error = identity_write_secret(files->dir, IDENTITY_SEED_NEXT, &files->next, fault);
	if (!error)
		error = identity_write_card(files->dir, IDENTITY_CARD_NEXT, files->next_card, fault);
	if (!error)
		error = recovery_file_write(files->dir, &files->home.config, &files->next.seeds,
					    files->file.recovery_seed, files->next_card, fault);
	return error;
}

static enum twinlog_error rename_in(const char *dir, const char *from, const char *to, struct twinlog_fault *fault)
{
	char old[FILES_PATH_MAX], new[FILES_PATH_MAX];
	enum twinlog_error error = files_join(old, dir, from, fault);

	if (!error)
		error = files_join(new, dir, to, fault);
	if (!error && rename(old, new) != 0)
		error = twinlog_fault_set(fault, TWINLOG_IO, new, NULL);
	return error;
}

enum twinlog_error rekey_files_switch(const char *dir, struct twinlog_fault *fault)
{
	char keys[FILES_PATH_MAX];
	enum twinlog_error error = files_join(keys, dir, IDENTITY_KEYS_DIR, fault);

	if (!error)
		error = rename_in(dir, IDENTITY_SEED_NEXT, IDENTITY_SEED_FILE, fault);
	if (!error)
		error = files_sync_dir(keys, fault);
	if (!error)
		error = rename_in(dir, IDENTITY_CARD_NEXT, IDENTITY_CARD_FILE, fault);
	return error ? error : files_sync_dir(dir, fault);
}

/* ---- A folder of before ---- */

static bool has_control(const struct seal_keys *keys, const uint8_t *key)
{
	const uint8_t *next = seal_keys_control_next(keys);

	return memcmp(seal_keys_control_public(keys), key, 32) == 0 || (next && memcmp(next, key, 32) == 0);
}

/* The keys of links and clients that the recovery file has. */
static bool knows_others(const struct rekey_files *files)
{
	struct seal_keys *keys;
	bool known = true; /* without memory nothing is adopted */

	if (seal_keys_from(&files->file.seeds, &keys) == TWINLOG_OK) {
		known = card_has_transport(files->home.card, seal_keys_transport_public(keys)) &&
			has_control(files->home.keys, seal_keys_control_public(keys));
		seal_keys_free(keys);
	}
	return known;
}

bool rekey_files_older(const struct rekey_files *files)
{
	const struct card *held = files->home.card, *safe = files->file.card;

	return safe->serial > held->serial &&
	       (memcmp(&safe->city_key, &held->city_key, sizeof held->city_key) != 0 || !knows_others(files));
}

enum twinlog_error rekey_files_adopt(struct rekey_files *files, struct twinlog_fault *fault)
{
	const struct identity_proof proof = identity_proof_of(files->file.card);
	enum twinlog_error error;

	files->next = files->secret;
	files->next.seeds = files->file.seeds;
	error = rekey_files_card(files, &proof, fault);
	if (!error)
		error = identity_write_card(files->dir, IDENTITY_CARD_NEXT, files->next_card, fault);
	if (!error)
		error = identity_write_secret(files->dir, IDENTITY_SEED_NEXT, &files->next, fault);
	return error ? error : rekey_files_switch(files->dir, fault);
}
