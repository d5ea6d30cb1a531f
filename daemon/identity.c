#include "identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "files.h"
#include "passphrase.h"

/* ---- Seed ---- */

#define LOCKED_SIZE (SEAL_LOCK_EXTRA + SEAL_SEED_SIZE)
#define TEXT_MAX    (2 * LOCKED_SIZE + 256)

/* The lines that hold the seed: plain, or locked with the passphrase. */
static enum twinlog_error print_seed(char *text, size_t capacity, const uint8_t seed[SEAL_SEED_SIZE], uint32_t index,
				     const char *passphrase)
{
	const struct seal_effort effort = seal_effort_usual();
	char hex[2 * LOCKED_SIZE + 1];
	uint8_t locked[LOCKED_SIZE];
	enum twinlog_error error = TWINLOG_OK;

	if (passphrase) {
		error = seal_lock(passphrase, effort, seed, SEAL_SEED_SIZE, locked);
		if (!error)
			snprintf(text, capacity,
				 "# Locked with a passphrase: Argon2id, XSalsa20-Poly1305. See twinlogd passphrase.\n"
				 "locked = %s\neffort = %" PRIu64 " %" PRIu64 "\nindex = %u\n",
				 hex_encode(hex, locked, sizeof locked), effort.operations, effort.memory_kib, index);
	} else {
		snprintf(text, capacity, "seed = %s\nindex = %u\n", hex_encode(hex, seed, SEAL_SEED_SIZE), index);
	}
	seal_wipe(hex, sizeof hex);
	return error;
}

enum twinlog_error identity_write_seed(const char *dir, const uint8_t seed[SEAL_SEED_SIZE], uint32_t index,
				       const char *passphrase, struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX], text[TEXT_MAX];
	enum twinlog_error error = files_join(path, dir, IDENTITY_SEED_FILE, fault);

	if (error)
		return error;
	error = print_seed(text, sizeof text, seed, index, passphrase);
	if (error)
		twinlog_fault_set(fault, error, path, NULL);
	else
		error = files_write(path, 0600, text, strlen(text), fault);
	seal_wipe(text, sizeof text);
	return error;
}

struct seed_file {
	uint8_t seed[SEAL_SEED_SIZE];
	uint8_t locked[LOCKED_SIZE];
	struct seal_effort effort;
	uint32_t index;
	bool has_seed, has_locked, has_effort, has_index;
};

static enum twinlog_error take_effort(struct seed_file *file, const struct files_line *line,
				      struct twinlog_fault *fault)
{
	char *end;

	file->has_effort = true;
	file->effort.operations = strtoull(line->value, &end, 10);
	file->effort.memory_kib = *end == ' ' ? strtoull(end + 1, &end, 10) : 0;
	return *end ? files_line_fault(line, TWINLOG_BAD_NUMBER, line->value, fault) : TWINLOG_OK;
}

/* A secret is never shown in a fault. */
static enum twinlog_error take_seed(void *context, const struct files_line *line, struct twinlog_fault *fault)
{
	struct seed_file *file = context;
	char *end;

	if (strcmp(line->key, "seed") == 0 && !file->has_seed) {
		file->has_seed = true;
		if (hex_decode(file->seed, sizeof file->seed, line->value, strlen(line->value)))
			return files_line_fault(line, TWINLOG_INVALID, "seed", fault);
		return TWINLOG_OK;
	}
	if (strcmp(line->key, "locked") == 0 && !file->has_locked) {
		file->has_locked = true;
		if (hex_decode(file->locked, sizeof file->locked, line->value, strlen(line->value)))
			return files_line_fault(line, TWINLOG_INVALID, "locked", fault);
		return TWINLOG_OK;
	}
	if (strcmp(line->key, "effort") == 0 && !file->has_effort)
		return take_effort(file, line, fault);
	if (strcmp(line->key, "index") == 0 && !file->has_index) {
		unsigned long index = strtoul(line->value, &end, 10);

		file->has_index = true;
		file->index = (uint32_t)index;
		if (line->value[0] < '0' || line->value[0] > '9' || *end || index > UINT32_MAX)
			return files_line_fault(line, TWINLOG_BAD_NUMBER, line->value, fault);
		return TWINLOG_OK;
	}
	return files_line_fault(line, TWINLOG_BAD_FIELD, NULL, fault);
}

static enum twinlog_error unlock(struct seed_file *file, const char *path, struct twinlog_fault *fault)
{
	struct passphrase passphrase;
	enum twinlog_error error = passphrase_ask(path, &passphrase, fault);

	if (error)
		return error;
	error = seal_unlock(passphrase.text, file->effort, file->locked, sizeof file->locked, file->seed);
	passphrase_wipe(&passphrase);
	return error ? twinlog_fault_set(fault, error, path, NULL) : TWINLOG_OK;
}

/* The file in the folder, or, when there is none, the credential of that name that the service manager hands over. */
static enum twinlog_error read_seed_text(const char *dir, char path[FILES_PATH_MAX], char **ret_text, size_t *ret_size,
					 struct twinlog_fault *fault)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	enum twinlog_error error = files_join(path, dir, IDENTITY_SEED_FILE, fault);

	if (!error)
		error = files_read(path, true, ret_text, ret_size, fault);
	if (error != TWINLOG_MISSING || !credentials)
		return error;
	error = files_join(path, credentials, IDENTITY_SEED_CREDENTIAL, fault);
	return error ? error : files_read(path, true, ret_text, ret_size, fault);
}

enum twinlog_error identity_read_seed(const char *dir, uint8_t ret_seed[SEAL_SEED_SIZE], uint32_t *ret_index,
				      struct twinlog_fault *fault)
{
	struct seed_file file = {.has_seed = false};
	char path[FILES_PATH_MAX], *text;
	enum twinlog_error error;
	size_t size;

	error = read_seed_text(dir, path, &text, &size, fault);
	if (error)
		return error;
	error = files_lines(IDENTITY_SEED_FILE, text, size, take_seed, &file, fault);
	if (!error && file.has_seed == file.has_locked)
		error = twinlog_fault_set(fault, file.has_seed ? TWINLOG_DUPLICATE : TWINLOG_FIELD_MISSING,
					  IDENTITY_SEED_FILE, "seed");
	if (!error && !file.has_index)
		error = twinlog_fault_set(fault, TWINLOG_FIELD_MISSING, IDENTITY_SEED_FILE, "index");
	if (!error && file.has_locked)
		error = unlock(&file, path, fault);
	if (!error) {
		memcpy(ret_seed, file.seed, SEAL_SEED_SIZE);
		*ret_index = file.index;
	}
	files_free(text, size);
	seal_wipe(&file, sizeof file);
	return error;
}

enum twinlog_error identity_load_keys(const char *dir, struct seal_keys **ret_keys, struct twinlog_fault *fault)
{
	uint8_t seed[SEAL_SEED_SIZE];
	uint32_t index;
	enum twinlog_error error = identity_read_seed(dir, seed, &index, fault);

	if (!error && seal_keys_new(seed, index, ret_keys))
		error = twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	seal_wipe(seed, sizeof seed);
	return error;
}

/* ---- Card ---- */

struct identity_proof identity_proof_of(const struct card *card)
{
	struct identity_proof proof = {.founding_key = card->founding_key, .recovery_key = card->recovery_key};

	proof.has_grant = card->message->key_grant.len == SEAL_SIGNATURE_SIZE;
	if (proof.has_grant)
		memcpy(proof.grant, card->message->key_grant.data, SEAL_SIGNATURE_SIZE);
	return proof;
}

static enum twinlog_error card_of(const Twinlog__CityCard *message, const struct seal_keys *keys,
				  struct card **ret_card)
{
	enum twinlog_error error;
	uint8_t *bytes;
	size_t size;

	error = card_seal(message, keys, &bytes, &size);
	if (error)
		return error;
	error = card_open(bytes, size, ret_card);
	free(bytes);
	return error;
}

enum twinlog_error identity_make_card(const struct config *config, const struct identity_proof *proof,
				      const struct seal_keys *keys, uint64_t serial, struct card **ret_card)
{
	Twinlog__CityCard message = TWINLOG__CITY_CARD__INIT;
	Twinlog__CityName names[TWINLOG_LIST_MAX], *name_list[TWINLOG_LIST_MAX];
	ProtobufCBinaryData addresses[TWINLOG_ADDRESSES_MAX];

	for (size_t i = 0; i < config->names_count; i++) {
		twinlog__city_name__init(&names[i]);
		names[i].lang = codec_string(config->names[i].lang);
		names[i].text = codec_string(config->names[i].text);
		name_list[i] = &names[i];
	}
	for (size_t i = 0; i < config->announce.count; i++)
		addresses[i] = codec_string(config->announce.items[i]);
	message.founding_key = codec_bytes(proof->founding_key.bytes, sizeof proof->founding_key.bytes);
	message.recovery_key = codec_bytes(proof->recovery_key.bytes, sizeof proof->recovery_key.bytes);
	message.city_key = codec_bytes(seal_keys_public(keys)->bytes, sizeof seal_keys_public(keys)->bytes);
	message.key_grant = codec_bytes(proof->grant, proof->has_grant ? sizeof proof->grant : 0);
	message.transport_key = codec_bytes(seal_keys_transport_public(keys), 32);
	message.city_id = codec_string(config->city);
	message.names = name_list;
	message.n_names = config->names_count;
	message.addresses = addresses;
	message.n_addresses = config->announce.count;
	message.serial = serial;
	return card_of(&message, keys, ret_card);
}

enum twinlog_error identity_write_card(const char *dir, const struct card *card, struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX];
	enum twinlog_error error = files_join(path, dir, IDENTITY_CARD_FILE, fault);

	return error ? error : files_write(path, 0644, card->bytes, card->size, fault);
}

static enum twinlog_error read_card(const char *dir, struct card **ret_card, struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX], *bytes;
	enum twinlog_error error;
	size_t size;

	error = files_join(path, dir, IDENTITY_CARD_FILE, fault);
	if (!error)
		error = files_read(path, false, &bytes, &size, fault);
	if (error)
		return error;
	error = card_open(bytes, size, ret_card);
	files_free(bytes, size);
	return error ? twinlog_fault_set(fault, error, path, NULL) : TWINLOG_OK;
}

/* Made anew with the old serial: equal bytes, equal content, since signatures are deterministic. */
static enum twinlog_error refresh_card(const struct config *config, const struct seal_keys *keys, uint64_t now_s,
				       const struct card *held, struct card **ret_card, bool *ret_changed)
{
	struct identity_proof proof = identity_proof_of(held);
	uint64_t serial = now_s > held->serial ? now_s : held->serial + 1;
	enum twinlog_error error;
	struct card *made;

	error = identity_make_card(config, &proof, keys, held->serial, &made);
	if (error)
		return error;
	*ret_changed = made->size != held->size || memcmp(made->bytes, held->bytes, held->size) != 0;
	if (!*ret_changed) {
		*ret_card = made;
		return TWINLOG_OK;
	}
	card_free(made);
	return identity_make_card(config, &proof, keys, serial, ret_card);
}

enum twinlog_error identity_load_card(const char *dir, const struct config *config, const struct seal_keys *keys,
				      uint64_t now_s, struct card **ret_card, bool *ret_changed,
				      struct twinlog_fault *fault)
{
	enum twinlog_error error;
	struct card *held;

	error = read_card(dir, &held, fault);
	if (error)
		return error;
	if (memcmp(&held->city_key, seal_keys_public(keys), sizeof held->city_key) != 0) {
		card_free(held);
		return twinlog_fault_set(fault, TWINLOG_BAD_SIGNATURE, IDENTITY_CARD_FILE,
					 "not of the key in " IDENTITY_SEED_FILE);
	}
	error = refresh_card(config, keys, now_s, held, ret_card, ret_changed);
	card_free(held);
	return error ? twinlog_fault_set(fault, error, IDENTITY_CARD_FILE, NULL) : TWINLOG_OK;
}
