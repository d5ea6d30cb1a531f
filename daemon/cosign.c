#include "cosign.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acts.h"
#include "command.h"
#include "control.pb-c.h"
#include "files.h"
#include "identity.h"

#define HEAD            "twinlog-acts-1" /* as client/cli/armour.h has it */
#define ACTS_MEMORY_MAX (4u * 1024 * 1024)
#define LINE_BYTES      32u

/* ---- second-key ---- */

enum { OPTION_PASSPHRASE = 256, OPTION_KEY, OPTION_YES };

static enum twinlog_error key_make(const char *path, bool lock, struct seal_public *ret_public,
				   struct twinlog_fault *fault)
{
	struct identity_secret secret = {.locked = lock};
	struct seal_keys *keys = NULL;
	enum twinlog_error error = TWINLOG_OK;

	if (access(path, F_OK) == 0)
		return twinlog_fault_set(fault, TWINLOG_NOT_EMPTY, path, NULL);
	seal_random(secret.seeds.city, SEAL_SEED_SIZE);
	seal_seeds_from_one(&secret.seeds);
	if (lock)
		error = passphrase_new(path, &secret.passphrase, fault);
	if (!error && seal_keys_from(&secret.seeds, &keys))
		error = twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	if (!error)
		error = identity_write_secret(".", path, &secret, fault);
	if (!error)
		*ret_public = *seal_keys_public(keys);
	seal_keys_free(keys);
	identity_secret_wipe(&secret);
	return error;
}

int cosign_key_command(int argc, char **argv)
{
	static const struct option options[] = {{"passphrase", no_argument, NULL, OPTION_PASSPHRASE},
						{NULL, 0, NULL, 0}};
	char hex[HASH_HEX_SIZE];
	struct seal_public key;
	struct twinlog_fault fault;
	bool lock = false;
	int option;

	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option != OPTION_PASSPHRASE)
			return command_usage("second-key FILE [--passphrase]", NULL);
		lock = true;
	}
	if (optind + 1 != argc)
		return command_usage("second-key FILE [--passphrase]", NULL);
	if (key_make(argv[optind], lock, &key, &fault))
		return command_fail(&fault);
	printf("%s\n", hex_encode(hex, key.bytes, sizeof key.bytes));
	fprintf(stderr,
		"%s holds the second key: keep it away from the daemon's machine. Give the line above to whoever runs\n"
		"twinlogd rekey DIR --recovery FILE --second-key KEY\n",
		argv[optind]);
	return 0;
}

/* ---- The file ---- */

/* The bytes are the caller's, in place of the text. */
static bool text_read(char *text, size_t *size)
{
	const size_t head = strlen(HEAD);
	size_t digits = 0;
	uint8_t *bytes;
	bool sound;

	if (*size < head || memcmp(text, HEAD, head) != 0)
		return false;
	for (size_t i = head; i < *size; i++)
		if (!strchr(" \t\r\n", text[i]))
			text[digits++] = text[i];
	bytes = malloc(digits / 2 + 1);
	sound = bytes && digits % 2 == 0 && !hex_decode(bytes, digits / 2, text, digits);
	if (sound)
		memcpy(text, bytes, digits / 2);
	*size = digits / 2;
	free(bytes);
	return sound;
}

static enum twinlog_error acts_read(const char *path, struct arena *arena, Twinlog__ActsToSign **ret_acts,
				    struct twinlog_fault *fault)
{
	char *text;
	size_t size;
	enum twinlog_error error = files_read(path, false, &text, &size, fault);
	const size_t capacity = size;

	if (error)
		return error;
	error = text_read(text, &size) ? TWINLOG_OK : TWINLOG_MALFORMED;
	if (!error)
		error = CODEC_UNPACK(arena, (uint8_t *)text, size, ret_acts, twinlog__acts_to_sign);
	if (!error && (*ret_acts)->n_acts == 0)
		error = TWINLOG_MALFORMED;
	files_free(text, capacity);
	return error ? twinlog_fault_set(fault, error, path, NULL) : TWINLOG_OK;
}

static enum twinlog_error acts_write(const char *path, const Twinlog__ActsToSign *acts, struct twinlog_fault *fault)
{
	uint8_t *bytes;
	size_t size, text_size;
	char *text = NULL, hex[2 * LINE_BYTES + 1];
	FILE *out;
	enum twinlog_error error = codec_pack(&acts->base, &bytes, &size);

	if (error)
		return twinlog_fault_set(fault, error, path, NULL);
	out = open_memstream(&text, &text_size);
	if (!out) {
		free(bytes);
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, path, NULL);
	}
	fprintf(out, "%s\n", HEAD);
	for (size_t at = 0; at < size; at += LINE_BYTES)
		fprintf(out, "%s\n", hex_encode(hex, bytes + at, size - at < LINE_BYTES ? size - at : LINE_BYTES));
	free(bytes);
	if (fclose(out) != 0)
		error = twinlog_fault_set(fault, TWINLOG_NO_MEMORY, path, NULL);
	else
		error = files_write(path, 0600, text, text_size, fault);
	free(text);
	return error;
}

/* ---- What it is that is signed ---- */

static const char *kind_words(uint32_t kind)
{
	static const char *const words[] = {
	    [TWINLOG__ACT_KIND__ACT_FOUND] = "found a space",
	    [TWINLOG__ACT_KIND__ACT_ACCEPT] = "accept an invitation",
	    [TWINLOG__ACT_KIND__ACT_DECLINE] = "decline an invitation",
	    [TWINLOG__ACT_KIND__ACT_LEAVE] = "leave the space",
	    [TWINLOG__ACT_KIND__ACT_ADD] = "add a city",
	    [TWINLOG__ACT_KIND__ACT_RENAME] = "give the space another title",
	    [TWINLOG__ACT_KIND__ACT_APPOINT] = "appoint a steward",
	    [TWINLOG__ACT_KIND__ACT_REMOVE] = "remove a city",
	};

	return kind < sizeof words / sizeof *words && words[kind] ? words[kind] : "unknown";
}

/* Control characters are no business of a title. */
static void print_text(const char *what, ProtobufCBinaryData text)
{
	printf("  %s: ", what);
	for (size_t i = 0; i < text.len; i++)
		putchar(text.data[i] < 0x20 || text.data[i] == 0x7f ? '?' : text.data[i]);
	putchar('\n');
}

static void act_print(const struct act *act)
{
	const Twinlog__Act *message = act->message;
	char hex[HASH_HEX_SIZE], fingerprint[72];
	struct hash identity;

	printf("%s\n", kind_words(act->kind));
	printf("  space: %s\n  as: %s\n", hex_encode(hex, act->space.bytes, HASH_SIZE),
	       seal_fingerprint(&act->signer, fingerprint));
	if (message->title.len > 0)
		print_text("title", message->title);
	for (size_t i = 0; i < message->n_members; i++) {
		const Twinlog__Member *member = message->members[i];
		struct seal_public founding, recovery;

		memcpy(founding.bytes, member->founding_key.data, sizeof founding.bytes);
		memcpy(recovery.bytes, member->recovery_key.data, sizeof recovery.bytes);
		identity = seal_identity(&founding, &recovery);
		print_text(member->reader ? "reader" : "member", member->city_id);
		printf("    %s\n", seal_fingerprint(&identity, fingerprint));
	}
	if (message->n_stewards == 1 && !codec_get_hash(message->stewards[0], &identity))
		printf("  steward: %s\n", seal_fingerprint(&identity, fingerprint));
	if (message->subject.len > 0 && !codec_get_hash(message->subject, &identity))
		printf("  subject: %s\n", seal_fingerprint(&identity, fingerprint));
}

static bool agreed(void)
{
	char line[16];

	if (!isatty(STDIN_FILENO))
		return false;
	printf("Sign? [y/N] ");
	fflush(stdout);
	return fgets(line, sizeof line, stdin) && (line[0] == 'y' || line[0] == 'Y');
}

/* ---- cosign ---- */

/* Signs in place; signatures lives as long as the message. */
static enum twinlog_error act_cosign(struct arena *arena, const struct seal_keys *keys, ProtobufCBinaryData *bytes,
				     bool print)
{
	Twinlog__SignedAct outer = TWINLOG__SIGNED_ACT__INIT;
	uint8_t signature[SEAL_SIGNATURE_SIZE], *packed;
	const uint8_t *over = NULL;
	enum twinlog_error error;
	struct act *act;
	size_t size, over_size = 0;

	error = act_open(bytes->data, bytes->len, &act);
	if (error)
		return error;
	if (print)
		act_print(act);
	if (keys && !(over = act_countersigned(act, &over_size)))
		error = TWINLOG_NO_MEMORY;
	if (keys && !error) {
		seal_sign(keys, "act-second", over, over_size, signature);
		outer.act = codec_bytes(act->signed_bytes, act->signed_size);
		outer.signature = codec_bytes(act->signature, SEAL_SIGNATURE_SIZE);
		outer.second = codec_bytes(signature, sizeof signature);
		error = codec_pack_arena(arena, &outer.base, &packed, &size);
		if (!error)
			*bytes = codec_bytes(packed, size);
	}
	act_free(act);
	return error;
}

static enum twinlog_error cosign_all(struct arena *arena, const char *path, const char *key, bool yes, bool *ret_signed,
				     struct twinlog_fault *fault)
{
	struct identity_secret secret = {.locked = false};
	struct seal_keys *keys = NULL;
	Twinlog__ActsToSign *acts;
	enum twinlog_error error = acts_read(path, arena, &acts, fault);

	for (size_t i = 0; !error && i < acts->n_acts; i++)
		if ((error = act_cosign(arena, NULL, &acts->acts[i], true)))
			twinlog_fault_set(fault, error, path, NULL);
	*ret_signed = !error && (yes || agreed());
	if (error || !*ret_signed)
		return error;
	error = identity_read_secret(".", key, &secret, fault);
	if (!error && seal_keys_from(&secret.seeds, &keys))
		error = twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	identity_secret_wipe(&secret);
	for (size_t i = 0; !error && i < acts->n_acts; i++)
		if ((error = act_cosign(arena, keys, &acts->acts[i], false)))
			twinlog_fault_set(fault, error, path, NULL);
	seal_keys_free(keys);
	return error ? error : acts_write(path, acts, fault);
}

int cosign_command(int argc, char **argv)
{
	static const struct option options[] = {
	    {"key", required_argument, NULL, OPTION_KEY}, {"yes", no_argument, NULL, OPTION_YES}, {NULL, 0, NULL, 0}};
	struct arena *arena = arena_new(ACTS_MEMORY_MAX);
	struct twinlog_fault fault;
	const char *key = NULL;
	bool yes = false, done = false;
	enum twinlog_error error;
	int option;

	if (!arena)
		return command_fail(&(struct twinlog_fault){.code = TWINLOG_NO_MEMORY});
	opterr = 0;
	while ((option = getopt_long(argc, argv, ":", options, NULL)) != -1) {
		if (option == OPTION_KEY)
			key = optarg;
		yes = yes || option == OPTION_YES;
	}
	if (optind + 1 != argc || !key) {
		arena_free(arena);
		return command_usage("cosign FILE --key FILE [--yes]", NULL);
	}
	error = cosign_all(arena, argv[optind], key, yes, &done, &fault);
	arena_free(arena);
	if (error)
		return command_fail(&fault);
	printf(done ? "signed: %s goes back, and there: twinlog space cosigned %s\n"
		    : "not signed: %s stays as it is (%s)\n",
	       argv[optind], argv[optind]);
	return done ? 0 : 1;
}
