#include "init.h"

#include <stdlib.h>
#include <unistd.h>

#include "files.h"
#include "home.h"
#include "recovery_file.h"

#define ENDPOINT_MAX 300u /* longer than any that config.h lets through */

/* What the folder is made from. */
struct founding {
	struct seal_seeds seeds;
	uint8_t recovery_seed[SEAL_SEED_SIZE];
	struct identity_proof proof;
	struct seal_keys *keys;
	uint64_t serial;
	struct card *card;
};

/* ---- A new identity, or one brought back ---- */

static enum twinlog_error found_new(struct founding *founding, uint64_t now_s)
{
	enum twinlog_error error;

	seal_random(founding->seeds.city, SEAL_SEED_SIZE);
	seal_seeds_from_one(&founding->seeds);
	seal_random(founding->recovery_seed, sizeof founding->recovery_seed);
	error = seal_keys_from(&founding->seeds, &founding->keys);
	if (error)
		return error;
	founding->proof.founding_key = *seal_keys_public(founding->keys);
	founding->proof.recovery_key = seal_recovery_public(founding->recovery_seed);
	founding->serial = now_s;
	return TWINLOG_OK;
}

/* Who listens at a definite address can be dialled there. */
static enum twinlog_error announce_default(struct config *config)
{
	enum twinlog_error error = TWINLOG_OK;
	bool said = config->announce.count > 0;

	for (size_t i = 0; !error && !said && i < config->listen.count; i++) {
		const char *address = config->listen.items[i];

		if (card_check_address(address, strlen(address)) || strncmp(address, "tcp://0.0.0.0:", 14) == 0 ||
		    strncmp(address, "tcp://[::]:", 11) == 0)
			continue;
		error = config_set(config, "announce", address);
	}
	return error;
}

/* One setting of each endpoint in the list. */
static enum twinlog_error take_endpoints(struct config *config, const char *key, const ProtobufCBinaryData *list,
					 size_t count)
{
	enum twinlog_error error = TWINLOG_OK;
	char text[ENDPOINT_MAX];

	for (size_t i = 0; !error && i < count; i++) {
		if (list[i].len >= sizeof text)
			return TWINLOG_TOO_LONG;
		memcpy(text, list[i].data, list[i].len);
		text[list[i].len] = '\0';
		error = config_set(config, key, text);
	}
	return error;
}

/* What the lost machine had, where the command line says nothing else. Who listens elsewhere now is to be dialled
 * there, not where the lost machine was. */
static enum twinlog_error take_settings(struct config *config, const Twinlog__Recovery *recovery,
					const struct card *card)
{
	const Twinlog__CityCard *message = card->message;
	enum twinlog_error error = TWINLOG_OK;
	bool names = config->names_count == 0, moved = config->listen.count > 0;
	char text[TWINLOG_LANG_MAX + TWINLOG_NAME_MAX + 2];

	if (config->city[0] == '\0')
		strcpy(config->city, card->city_id);
	if (!moved)
		error = take_endpoints(config, "listen", recovery->listen, recovery->n_listen);
	if (!error && moved)
		error = announce_default(config);
	if (!error && config->announce.count == 0)
		error = take_endpoints(config, "announce", message->addresses, message->n_addresses);
	for (size_t i = 0; !error && names && i < message->n_names; i++) {
		const Twinlog__CityName *name = message->names[i];

		snprintf(text, sizeof text, "%.*s=%.*s", (int)name->lang.len, (const char *)name->lang.data,
			 (int)name->text.len, (const char *)name->text.data);
		error = config_set(config, "name", text);
	}
	return error;
}

static enum twinlog_error found_again(struct founding *founding, struct init_options *options,
				      struct twinlog_fault *fault)
{
	struct recovery_file file;
	enum twinlog_error error = recovery_file_read(options->recover, &file, fault);

	if (error)
		return error;
	founding->seeds = file.seeds;
	memcpy(founding->recovery_seed, file.recovery_seed, SEAL_SEED_SIZE);
	error = seal_keys_from(&founding->seeds, &founding->keys);
	if (!error)
		error = take_settings(&options->config, file.message, file.card);
	if (error)
		twinlog_fault_set(fault, error, options->recover, NULL);
	founding->proof = identity_proof_of(file.card);
	founding->serial = options->now_s > file.card->serial ? options->now_s : file.card->serial + 1;
	recovery_file_free(&file);
	return error;
}

/* ---- Files ---- */

static enum twinlog_error make_store(const char *dir, struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX];
	struct store_write *write;
	enum twinlog_error error;
	struct store *store;
	uint64_t machine = 0;

	error = files_join(path, dir, HOME_STORE_DIR, fault);
	if (!error)
		error = files_make_dir(path, fault);
	if (!error)
		error = store_open(path, true, false, &store, fault);
	if (error)
		return error;
	while (machine == 0)
		seal_random(&machine, sizeof machine);
	error = store_begin(store, &write);
	if (!error) {
		error = store_put_machine(write, machine);
		if (error)
			store_abort(write);
		else
			error = store_commit(write);
	}
	store_close(store);
	return error ? twinlog_fault_set(fault, error, path, NULL) : TWINLOG_OK;
}

static enum twinlog_error write_keys(const char *dir, const struct founding *founding,
				     const struct passphrase *passphrase, struct twinlog_fault *fault)
{
	struct identity_secret secret = {.seeds = founding->seeds, .locked = passphrase != NULL};
	char path[FILES_PATH_MAX];
	enum twinlog_error error;

	if (passphrase)
		secret.passphrase = *passphrase;
	error = files_join(path, dir, IDENTITY_KEYS_DIR, fault);
	if (!error)
		error = files_make_dir(path, fault);
	if (!error)
		error = identity_write_secret(dir, IDENTITY_SEED_FILE, &secret, fault);
	identity_secret_wipe(&secret);
	return error;
}

/* The settings come last: a folder without them is none, so a power failure on the way leaves nothing that runs. */
static enum twinlog_error write_folder(const struct init_options *options, const struct founding *founding,
				       struct twinlog_fault *fault)
{
	const struct config *config = &options->config;
	const char *dir = options->dir;
	char path[FILES_PATH_MAX], *text;
	enum twinlog_error error;

	error = write_keys(dir, founding, options->passphrase, fault);
	if (!error)
		error = identity_write_card(dir, IDENTITY_CARD_FILE, founding->card, fault);
	if (!error)
		error =
		    recovery_file_write(dir, config, &founding->seeds, founding->recovery_seed, founding->card, fault);
	if (!error)
		error =
		    clients_write_first(dir, config->control.items[0], seal_keys_control_public(founding->keys), fault);
	if (!error)
		error = make_store(dir, fault);
	if (!error)
		error = files_join(path, dir, CONFIG_FILE, fault);
	if (error)
		return error;
	text = config_format(config);
	if (!text)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, CONFIG_FILE, NULL);
	error = files_write(path, 0600, text, strlen(text), fault);
	free(text);
	return error;
}

static void remove_folder(const char *dir)
{
	static const char *const files[] = {IDENTITY_SEED_FILE,
					    IDENTITY_CARD_FILE,
					    RECOVERY_FILE,
					    CLIENTS_FILE,
					    CLIENTS_SETTINGS,
					    CLIENTS_DIR "/admin.key",
					    HOME_STORE_DIR "/data.mdb",
					    HOME_STORE_DIR "/journal",
					    HOME_STORE_DIR "/lock.mdb",
					    HOME_STORE_DIR "/lock",
					    CONFIG_FILE};
	static const char *const dirs[] = {IDENTITY_KEYS_DIR, CLIENTS_DIR, HOME_STORE_DIR};
	struct twinlog_fault unused;
	char path[FILES_PATH_MAX];

	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (files_join(path, dir, files[i], &unused) == TWINLOG_OK)
			unlink(path);
	for (size_t i = 0; i < sizeof dirs / sizeof *dirs; i++)
		if (files_join(path, dir, dirs[i], &unused) == TWINLOG_OK)
			rmdir(path);
	rmdir(dir);
}

/* ---- The whole ---- */

static enum twinlog_error prepare(struct init_options *options, struct founding *founding, struct twinlog_fault *fault)
{
	enum twinlog_error error;

	if (options->recover)
		error = found_again(founding, options, fault);
	else
		error = twinlog_fault_set(fault, found_new(founding, options->now_s), NULL, NULL);
	if (!error)
		error = config_finish(&options->config, options->dir, fault);
	if (error)
		return error;
	error = announce_default(&options->config);
	if (!error)
		error = identity_make_card(&options->config, &founding->proof, founding->keys, founding->serial,
					   &founding->card);
	return error ? twinlog_fault_set(fault, error, IDENTITY_CARD_FILE, NULL) : TWINLOG_OK;
}

enum twinlog_error init_folder(struct init_options *options, char fingerprint[72], struct twinlog_fault *fault)
{
	struct founding founding = {.keys = NULL};
	enum twinlog_error error;

	error = prepare(options, &founding, fault);
	if (!error)
		error = files_make_dir(options->dir, fault);
	if (!error) {
		error = write_folder(options, &founding, fault);
		if (error)
			remove_folder(options->dir);
		else
			seal_fingerprint(&founding.card->identity, fingerprint);
	}
	card_free(founding.card);
	seal_keys_free(founding.keys);
	seal_wipe(&founding, sizeof founding);
	return error;
}
