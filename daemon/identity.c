#include "identity.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "files.h"
#include "z85.h"

/* ---- Seeds ---- */

#define SEEDS_MAX  (6 * SEAL_SEED_SIZE)
#define SEEDS_NEXT (4 * SEAL_SEED_SIZE) /* the control key is that of the home seed, and stays so */
#define SEEDS_TWO  (3 * SEAL_SEED_SIZE) /* nor is a transport key to come */
#define LOCKED_MAX (SEAL_LOCK_EXTRA + SEEDS_MAX)
#define TEXT_MAX   (2 * LOCKED_MAX + 256)

void identity_secret_wipe(struct identity_secret *secret)
{
	seal_wipe(secret, sizeof *secret);
}

static bool same_seed(const uint8_t *a, const uint8_t *b)
{
	return memcmp(a, b, SEAL_SEED_SIZE) == 0;
}

/* No seed that is drawn is zero. */
static bool put_seed(uint8_t *out, const uint8_t *seed, bool is_there)
{
	memset(out, 0, SEAL_SEED_SIZE);
	if (is_there)
		memcpy(out, seed, SEAL_SEED_SIZE);
	return is_there;
}

static bool get_seed(uint8_t *out, const uint8_t *bytes)
{
	static const uint8_t none[SEAL_SEED_SIZE];

	memcpy(out, bytes, SEAL_SEED_SIZE);
	return !same_seed(bytes, none);
}

/* One after the other, no more than say something; one alone stands for all. */
static size_t seeds_pack(const struct seal_seeds *seeds, uint8_t out[SEEDS_MAX])
{
	memcpy(out, seeds->city, SEAL_SEED_SIZE);
	memcpy(out + SEAL_SEED_SIZE, seeds->transport, SEAL_SEED_SIZE);
	memcpy(out + 2 * SEAL_SEED_SIZE, seeds->home, SEAL_SEED_SIZE);
	memcpy(out + SEEDS_NEXT, seeds->control, SEAL_SEED_SIZE);
	const bool next = put_seed(out + SEEDS_TWO, seeds->next, seeds->has_next);

	if (put_seed(out + SEEDS_NEXT + SEAL_SEED_SIZE, seeds->control_next, seeds->has_control_next) ||
	    !same_seed(seeds->control, seeds->home))
		return SEEDS_MAX;
	if (next)
		return SEEDS_NEXT;
	return same_seed(seeds->city, seeds->transport) && same_seed(seeds->city, seeds->home) ? SEAL_SEED_SIZE
											       : SEEDS_TWO;
}

static void seeds_unpack(const uint8_t *bytes, size_t size, struct seal_seeds *seeds)
{
	const size_t step = size == SEAL_SEED_SIZE ? 0 : SEAL_SEED_SIZE;

	*seeds = (struct seal_seeds){.index = 0};
	memcpy(seeds->city, bytes, SEAL_SEED_SIZE);
	memcpy(seeds->transport, bytes + step, SEAL_SEED_SIZE);
	memcpy(seeds->home, bytes + 2 * step, SEAL_SEED_SIZE);
	memcpy(seeds->control, seeds->home, SEAL_SEED_SIZE);
	if (size >= SEEDS_NEXT)
		seeds->has_next = get_seed(seeds->next, bytes + SEEDS_TWO);
	if (size < SEEDS_MAX)
		return;
	memcpy(seeds->control, bytes + SEEDS_NEXT, SEAL_SEED_SIZE);
	seeds->has_control_next = get_seed(seeds->control_next, bytes + SEEDS_NEXT + SEAL_SEED_SIZE);
}

/* The lines that hold the seeds: plain, or locked with the passphrase. */
static enum twinlog_error print_seeds(char *text, size_t capacity, const struct identity_secret *secret)
{
	const struct seal_effort effort = seal_effort_usual();
	uint8_t seeds[SEEDS_MAX], locked[LOCKED_MAX];
	char hex[2 * LOCKED_MAX + 1];
	enum twinlog_error error = TWINLOG_OK;
	const size_t size = seeds_pack(&secret->seeds, seeds);

	if (secret->locked) {
		error = seal_lock(secret->passphrase.text, effort, seeds, size, locked);
		if (!error)
			snprintf(text, capacity,
				 "# Locked with a passphrase: Argon2id, XSalsa20-Poly1305. See twinlogd passphrase.\n"
				 "locked = %s\neffort = %" PRIu64 " %" PRIu64 "\nindex = %u\n",
				 hex_encode(hex, locked, SEAL_LOCK_EXTRA + size), effort.operations, effort.memory_kib,
				 secret->seeds.index);
	} else {
		snprintf(text, capacity, "seed = %s\nindex = %u\n", hex_encode(hex, seeds, size), secret->seeds.index);
	}
	seal_wipe(hex, sizeof hex);
	seal_wipe(seeds, sizeof seeds);
	return error;
}

enum twinlog_error identity_write_secret(const char *dir, const char *name, const struct identity_secret *secret,
					 struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX], text[TEXT_MAX];
	enum twinlog_error error = files_join(path, dir, name, fault);

	if (error)
		return error;
	error = print_seeds(text, sizeof text, secret);
	if (error)
		twinlog_fault_set(fault, error, path, NULL);
	else
		error = files_write(path, 0600, text, strlen(text), fault);
	seal_wipe(text, sizeof text);
	return error;
}

struct seed_file {
	uint8_t seeds[SEEDS_MAX];
	uint8_t locked[LOCKED_MAX];
	size_t seeds_size, locked_size;
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

/* One seed, three, four or six; extra bytes beside them. */
static bool take_hex(uint8_t *out, size_t extra, const char *value, size_t *ret_size)
{
	*ret_size = strlen(value) / 2;
	return (*ret_size == extra + SEAL_SEED_SIZE || *ret_size == extra + SEEDS_TWO ||
		*ret_size == extra + SEEDS_NEXT || *ret_size == extra + SEEDS_MAX) &&
	       !hex_decode(out, *ret_size, value, strlen(value));
}

/* A secret is never shown in a fault. */
static enum twinlog_error take_seed(void *context, const struct files_line *line, struct twinlog_fault *fault)
{
	struct seed_file *file = context;
	char *end;

	if (strcmp(line->key, "seed") == 0 && !file->has_seed) {
		file->has_seed = true;
		return take_hex(file->seeds, 0, line->value, &file->seeds_size)
			   ? TWINLOG_OK
			   : files_line_fault(line, TWINLOG_INVALID, "seed", fault);
	}
	if (strcmp(line->key, "locked") == 0 && !file->has_locked) {
		file->has_locked = true;
		return take_hex(file->locked, SEAL_LOCK_EXTRA, line->value, &file->locked_size)
			   ? TWINLOG_OK
			   : files_line_fault(line, TWINLOG_INVALID, "locked", fault);
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

/* With the passphrase that is known already, else with one that is asked for. */
static enum twinlog_error unlock(struct seed_file *file, const char *path, struct identity_secret *secret,
				 struct twinlog_fault *fault)
{
	enum twinlog_error error = secret->locked ? TWINLOG_OK : passphrase_ask(path, &secret->passphrase, fault);

	if (error)
		return error;
	secret->locked = true;
	file->seeds_size = file->locked_size - SEAL_LOCK_EXTRA;
	error = seal_unlock(secret->passphrase.text, file->effort, file->locked, file->locked_size, file->seeds);
	return error ? twinlog_fault_set(fault, error, path, NULL) : TWINLOG_OK;
}

/* The file in the folder, or, when there is none, the credential of that name that the service manager hands over. */
static enum twinlog_error read_seed_text(const char *dir, const char *name, char path[FILES_PATH_MAX], char **ret_text,
					 size_t *ret_size, struct twinlog_fault *fault)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY");
	enum twinlog_error error = files_join(path, dir, name, fault);

	if (!error)
		error = files_read(path, true, ret_text, ret_size, fault);
	if (error != TWINLOG_MISSING || !credentials || strcmp(name, IDENTITY_SEED_FILE) != 0)
		return error;
	error = files_join(path, credentials, IDENTITY_SEED_CREDENTIAL, fault);
	return error ? error : files_read(path, true, ret_text, ret_size, fault);
}

enum twinlog_error identity_read_secret(const char *dir, const char *name, struct identity_secret *secret,
					struct twinlog_fault *fault)
{
	struct seed_file file = {.has_seed = false};
	char path[FILES_PATH_MAX], *text;
	enum twinlog_error error;
	size_t size;

	error = read_seed_text(dir, name, path, &text, &size, fault);
	if (error)
		return error;
	error = files_lines(name, text, size, take_seed, &file, fault);
	if (!error && file.has_seed == file.has_locked)
		error =
		    twinlog_fault_set(fault, file.has_seed ? TWINLOG_DUPLICATE : TWINLOG_FIELD_MISSING, name, "seed");
	if (!error && !file.has_index)
		error = twinlog_fault_set(fault, TWINLOG_FIELD_MISSING, name, "index");
	if (!error && file.has_locked)
		error = unlock(&file, path, secret, fault);
	if (!error) {
		seeds_unpack(file.seeds, file.seeds_size, &secret->seeds);
		secret->seeds.index = file.index;
	}
	files_free(text, size);
	seal_wipe(&file, sizeof file);
	return error;
}

enum twinlog_error identity_load_keys(const char *dir, struct seal_keys **ret_keys, struct twinlog_fault *fault)
{
	struct identity_secret secret = {.locked = false};
	enum twinlog_error error = identity_read_secret(dir, IDENTITY_SEED_FILE, &secret, fault);

	if (!error)
		error = identity_keys_of(dir, &secret.seeds, ret_keys, fault);
	identity_secret_wipe(&secret);
	return error;
}

/* ---- The control key ---- */

/* Whether the file says that this one is. */
static bool control_in_use(const char *text, size_t size, const uint8_t *key)
{
	char wanted[sizeof "public = " + Z85_TEXT_SIZE], z85[Z85_TEXT_SIZE];

	snprintf(wanted, sizeof wanted, "public = %s\n", z85_encode(z85, key));
	return size == strlen(wanted) && memcmp(text, wanted, size) == 0;
}

enum twinlog_error identity_keys_of(const char *dir, const struct seal_seeds *seeds, struct seal_keys **ret_keys,
				    struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX], *text = NULL;
	enum twinlog_error error = TWINLOG_MISSING;
	struct seal_keys *keys;
	size_t size = 0;

	if (seal_keys_from(seeds, &keys))
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	if (seal_keys_control_next(keys)) {
		error = files_join(path, dir, IDENTITY_CONTROL_FILE, fault);
		if (!error)
			error = files_read(path, false, &text, &size, fault);
	}
	if (error && error != TWINLOG_MISSING) {
		seal_keys_free(keys);
		return error;
	}
	if (text && control_in_use(text, size, seal_keys_control_next(keys)))
		seal_keys_control_turn(keys);
	files_free(text, size);
	*ret_keys = keys;
	return TWINLOG_OK;
}

enum twinlog_error identity_turn_control(const char *dir, struct seal_keys *keys, struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX], text[sizeof "public = " + Z85_TEXT_SIZE], z85[Z85_TEXT_SIZE];
	enum twinlog_error error = files_join(path, dir, IDENTITY_CONTROL_FILE, fault);

	snprintf(text, sizeof text, "public = %s\n", z85_encode(z85, seal_keys_control_next(keys)));
	if (!error)
		error = files_write(path, 0644, text, strlen(text), fault);
	if (!error)
		seal_keys_control_turn(keys);
	return error;
}

/* ---- Card ---- */

struct identity_proof identity_proof_of(const struct card *card)
{
	struct identity_proof proof = {.founding_key = card->founding_key, .recovery_key = card->recovery_key};

	proof.has_grant = card->message->key_grant.len == SEAL_SIGNATURE_SIZE;
	if (proof.has_grant)
		memcpy(proof.grant, card->message->key_grant.data, SEAL_SIGNATURE_SIZE);
	proof.has_second = card->message->second_key.len == sizeof proof.second.bytes;
	if (proof.has_second)
		memcpy(proof.second.bytes, card->message->second_key.data, sizeof proof.second.bytes);
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
	message.second_key = codec_bytes(proof->second.bytes, proof->has_second ? sizeof proof->second.bytes : 0);
	message.transport_key = codec_bytes(seal_keys_transport_public(keys), 32);
	if (seal_keys_transport_next(keys))
		message.next_transport_key = codec_bytes(seal_keys_transport_next(keys), 32);
	message.city_id = codec_string(config->city);
	message.names = name_list;
	message.n_names = config->names_count;
	message.addresses = addresses;
	message.n_addresses = config->announce.count;
	message.serial = serial;
	return card_of(&message, keys, ret_card);
}

enum twinlog_error identity_write_card(const char *dir, const char *name, const struct card *card,
				       struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX];
	enum twinlog_error error = files_join(path, dir, name, fault);

	return error ? error : files_write(path, 0644, card->bytes, card->size, fault);
}

enum twinlog_error identity_read_card(const char *dir, const char *name, struct card **ret_card,
				      struct twinlog_fault *fault)
{
	char path[FILES_PATH_MAX], *bytes;
	enum twinlog_error error;
	size_t size;

	error = files_join(path, dir, name, fault);
	if (!error)
		error = files_read(path, false, &bytes, &size, fault);
	if (error)
		return error;
	error = card_open(bytes, size, ret_card);
	files_free(bytes, size);
	return error ? twinlog_fault_set(fault, error, path, NULL) : TWINLOG_OK;
}

enum twinlog_error identity_turn_transport(const char *dir, const struct config *config, struct seal_keys *keys,
					   uint64_t now_s, const struct card *held, struct card **ret_card,
					   struct twinlog_fault *fault)
{
	const struct identity_proof proof = identity_proof_of(held);
	const uint64_t serial = now_s > held->serial ? now_s : held->serial + 1;
	struct card *card;
	enum twinlog_error error;

	seal_keys_transport_turn(keys);
	error = identity_make_card(config, &proof, keys, serial, &card);
	if (error)
		return twinlog_fault_set(fault, error, IDENTITY_CARD_FILE, NULL);
	error = identity_write_card(dir, IDENTITY_CARD_FILE, card, fault);
	if (error)
		card_free(card);
	else
		*ret_card = card;
	return error;
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

/* The card of that key: the one in the folder, or, where a change of key was cut off, the one beside it. */
static enum twinlog_error held_of_key(const char *dir, const struct seal_keys *keys, struct card **held,
				      bool *ret_changed, struct twinlog_fault *fault)
{
	struct card *next;

	*ret_changed = memcmp(&(*held)->city_key, seal_keys_public(keys), sizeof(*held)->city_key) != 0;
	if (!*ret_changed)
		return TWINLOG_OK;
	if (identity_read_card(dir, IDENTITY_CARD_NEXT, &next, fault) == TWINLOG_OK) {
		card_free(*held);
		*held = next;
		if (memcmp(&next->city_key, seal_keys_public(keys), sizeof next->city_key) == 0)
			return TWINLOG_OK;
	}
	return twinlog_fault_set(fault, TWINLOG_BAD_SIGNATURE, IDENTITY_CARD_FILE,
				 "not of the key in " IDENTITY_SEED_FILE);
}

static void turn_if_taken(struct seal_keys *keys, const struct card *held)
{
	const uint8_t *next = seal_keys_transport_next(keys);

	if (next && memcmp(held->transport_key, next, sizeof held->transport_key) == 0)
		seal_keys_transport_turn(keys);
}

enum twinlog_error identity_load_card(const char *dir, const struct config *config, struct seal_keys *keys,
				      uint64_t now_s, struct card **ret_card, bool *ret_changed,
				      struct twinlog_fault *fault)
{
	enum twinlog_error error;
	struct card *held;
	bool changed;

	error = identity_read_card(dir, IDENTITY_CARD_FILE, &held, fault);
	if (error)
		return error;
	error = held_of_key(dir, keys, &held, ret_changed, fault);
	if (error) {
		card_free(held);
		return error;
	}
	turn_if_taken(keys, held);
	changed = *ret_changed;
	error = refresh_card(config, keys, now_s, held, ret_card, ret_changed);
	*ret_changed |= changed;
	card_free(held);
	return error ? twinlog_fault_set(fault, error, IDENTITY_CARD_FILE, NULL) : TWINLOG_OK;
}
