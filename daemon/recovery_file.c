#include "recovery_file.h"

#include <stdio.h>
#include <stdlib.h>

#include "files.h"

#define RECOVERY_MEMORY_MAX (256u * 1024)

/* ---- Reading ---- */

static enum twinlog_error take_seed(ProtobufCBinaryData field, const uint8_t *otherwise, uint8_t out[SEAL_SEED_SIZE])
{
	if (field.len != 0 && field.len != SEAL_SEED_SIZE)
		return TWINLOG_MALFORMED;
	memcpy(out, field.len ? field.data : otherwise, SEAL_SEED_SIZE);
	return TWINLOG_OK;
}

static void wipe_field(ProtobufCBinaryData field)
{
	if (field.len > 0)
		seal_wipe(field.data, field.len);
}

static enum twinlog_error take_seeds(struct recovery_file *file, const Twinlog__Recovery *message)
{
	enum twinlog_error error;

	memcpy(file->seeds.city, message->city_seed.data, SEAL_SEED_SIZE);
	memcpy(file->recovery_seed, message->recovery_seed.data, SEAL_SEED_SIZE);
	file->seeds.index = message->key_index;
	error = take_seed(message->transport_seed, file->seeds.city, file->seeds.transport);
	if (!error)
		error = take_seed(message->home_seed, file->seeds.city, file->seeds.home);
	if (!error)
		error = take_seed(message->control_seed, file->seeds.home, file->seeds.control);
	wipe_field(message->city_seed);
	wipe_field(message->recovery_seed);
	wipe_field(message->transport_seed);
	wipe_field(message->home_seed);
	wipe_field(message->control_seed);
	return error;
}

static enum twinlog_error check_card(const struct recovery_file *file)
{
	const struct seal_public recovery_key = seal_recovery_public(file->recovery_seed);
	struct seal_keys *keys;
	enum twinlog_error error = seal_keys_from(&file->seeds, &keys);

	if (error)
		return error;
	if (memcmp(&file->card->recovery_key, &recovery_key, sizeof recovery_key) != 0 ||
	    memcmp(&file->card->city_key, seal_keys_public(keys), sizeof file->card->city_key) != 0)
		error = TWINLOG_BAD_SIGNATURE;
	seal_keys_free(keys);
	return error;
}

static enum twinlog_error open_message(struct recovery_file *file, const uint8_t *bytes, size_t size)
{
	enum twinlog_error error = recovery_open(file->arena, bytes, size, &file->message);

	if (!error)
		error = take_seeds(file, file->message);
	if (!error)
		error = card_open(file->message->card.data, file->message->card.len, &file->card);
	return error ? error : check_card(file);
}

enum twinlog_error recovery_file_read(const char *path, struct recovery_file *ret_file, struct twinlog_fault *fault)
{
	struct recovery_file file = {.arena = arena_new(RECOVERY_MEMORY_MAX)};
	size_t text_size, size = 0;
	enum twinlog_error error;
	uint8_t *bytes = NULL;
	char *text;

	*ret_file = (struct recovery_file){.card = NULL};
	if (!file.arena)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	error = files_read(path, false, &text, &text_size, fault);
	if (error)
		goto out;
	error = recovery_parse(path, text, text_size, &bytes, &size, fault);
	files_free(text, text_size);
	if (error)
		goto out;
	error = open_message(&file, bytes, size);
	if (error)
		twinlog_fault_set(fault, error, path, NULL);
	seal_wipe(bytes, size);
	free(bytes);
out:
	if (error)
		recovery_file_free(&file);
	else
		*ret_file = file;
	return error;
}

void recovery_file_free(struct recovery_file *file)
{
	card_free(file->card);
	arena_free(file->arena);
	seal_wipe(file, sizeof *file);
}

/* ---- Writing ---- */

static enum twinlog_error pack(const struct config *config, const struct seal_seeds *seeds,
			       const uint8_t recovery_seed[SEAL_SEED_SIZE], const struct card *card, char **ret_lines)
{
	ProtobufCBinaryData listen[CONFIG_ENDPOINTS_MAX];
	Twinlog__Recovery recovery = TWINLOG__RECOVERY__INIT;
	enum twinlog_error error;
	uint8_t *bytes;
	size_t size;

	recovery.version = RECOVERY_VERSION;
	recovery.city_seed = codec_bytes(seeds->city, SEAL_SEED_SIZE);
	recovery.recovery_seed = codec_bytes(recovery_seed, SEAL_SEED_SIZE);
	recovery.key_index = seeds->index;
	recovery.card = codec_bytes(card->bytes, card->size);
	/* On another machine the keys to come are those that more partners and clients take. */
	const uint8_t *transport = seeds->has_next ? seeds->next : seeds->transport;
	const uint8_t *control = seeds->has_control_next ? seeds->control_next : seeds->control;

	if (memcmp(transport, seeds->city, SEAL_SEED_SIZE) != 0)
		recovery.transport_seed = codec_bytes(transport, SEAL_SEED_SIZE);
	if (memcmp(seeds->home, seeds->city, SEAL_SEED_SIZE) != 0)
		recovery.home_seed = codec_bytes(seeds->home, SEAL_SEED_SIZE);
	if (memcmp(control, seeds->home, SEAL_SEED_SIZE) != 0)
		recovery.control_seed = codec_bytes(control, SEAL_SEED_SIZE);
	for (size_t i = 0; i < config->listen.count; i++)
		listen[i] = codec_string(config->listen.items[i]);
	recovery.listen = listen;
	recovery.n_listen = config->listen.count;
	error = codec_pack(&recovery.base, &bytes, &size);
	if (error)
		return error;
	*ret_lines = recovery_format(bytes, size);
	seal_wipe(bytes, size);
	free(bytes);
	return *ret_lines ? TWINLOG_OK : TWINLOG_NO_MEMORY;
}

enum twinlog_error recovery_file_write(const char *dir, const struct config *config, const struct seal_seeds *seeds,
				       const uint8_t recovery_seed[SEAL_SEED_SIZE], const struct card *card,
				       struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX], fingerprint[72], *lines, *text = NULL;
	enum twinlog_error error;
	int size;

	error = files_join(path, dir, RECOVERY_FILE, fault);
	if (error)
		return error;
	error = pack(config, seeds, recovery_seed, card, &lines);
	if (error)
		return twinlog_fault_set(fault, error, RECOVERY_FILE, NULL);
	size =
	    asprintf(&text,
		     "# Twinlog recovery file of %s\n"
		     "# Fingerprint %s\n"
		     "#\n"
		     "# Whoever holds these lines can speak as this city. Print them or put them in a safe, then\n"
		     "# delete this file from the machine. To bring the city back on another machine, with what its\n"
		     "# partners hold; at the partners nothing is to be done:\n"
		     "# twinlogd init DIR --recover FILE; twinlogd run DIR; twinlog -D DIR peer add CARD-OF-A-PARTNER\n"
		     "# When its key was stolen or may have been seen: twinlogd rekey DIR --recovery FILE\n\n%s",
		     card->city_id, seal_fingerprint(&card->identity, fingerprint), lines);
	seal_wipe(lines, strlen(lines));
	free(lines);
	if (size < 0)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, RECOVERY_FILE, NULL);
	error = files_write(path, 0600, text, (size_t)size, fault);
	files_free(text, (size_t)size);
	return error;
}
