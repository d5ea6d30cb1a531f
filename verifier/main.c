/* twinlog-verify FILE [--card CARD]… [--json] */
#include <errno.h>
#include <stdlib.h>

#include "proof.h"
#include "slots.h"

#define CARD_TEXT_HEAD "twinlog-card-1" /* what `twinlog card` prints begins so */

static const char HELP[] =
    "Usage: twinlog-verify FILE [--card CARD]... [--json]\n"
    "\n"
    "Checks a proof (twinlog export --proof): every hash, chain and signature, branches, tails that were cut off,\n"
    "erasures, and bundles that claim to be older than what they build on. Needs that file, and the cards of the\n"
    "cities to tell that the keys are theirs.\n"
    "\n"
    "  --card CARD  a city's card, got from that city; the proof must have a member with its founding keys\n"
    "  --json       one object for programs\n"
    "\n"
    "Exit codes: 0 sound, 1 could not be checked, 2 wrong usage; else the gravest of what was found:\n";

static int fail(const char *where, const char *why)
{
	fprintf(stderr, "twinlog-verify: %s: %s\n", where, why);
	return 1;
}

static int usage(const char *what)
{
	fprintf(stderr, "twinlog-verify: %s; see twinlog-verify --help\n", what);
	return 2;
}

static int help(void)
{
	fputs(HELP, stdout);
	for (enum verdict v = 0; v < VERDICT_COUNT; v++)
		printf("  %d %s\n", verdict_code(v), verdict_text(v));
	return 0;
}

/* A card is bytes, or text: its head and hex digits. */
static enum twinlog_error card_decode(char *text, size_t *size)
{
	const size_t head = strlen(CARD_TEXT_HEAD);
	size_t digits = 0;
	if (*size < head || memcmp(text, CARD_TEXT_HEAD, head) != 0)
		return TWINLOG_OK;
	for (size_t i = head; i < *size; i++)
		if (!strchr(" \t\r\n", text[i]))
			text[digits++] = text[i];
	uint8_t *bytes = malloc(digits / 2 + 1);
	if (!bytes)
		return TWINLOG_NO_MEMORY;
	const enum twinlog_error error =
	    digits % 2 == 0 ? hex_decode(bytes, digits / 2, text, digits) : TWINLOG_MALFORMED;
	if (!error) {
		memcpy(text, bytes, digits / 2);
		*size = digits / 2;
	}
	free(bytes);
	return error;
}

static enum twinlog_error card_read(struct proof *proof, const char *path)
{
	char text[4 * TWINLOG_CARD_MAX];
	FILE *file = fopen(path, "rb");
	if (!file)
		return errno == ENOENT ? TWINLOG_MISSING : TWINLOG_IO;
	size_t size = fread(text, 1, sizeof text, file);
	const bool bad = ferror(file) != 0;
	fclose(file);
	if (bad)
		return TWINLOG_IO;
	struct card *card, **known;
	enum twinlog_error error = card_decode(text, &size);
	if (!error)
		error = card_open(text, size, &card);
	if (error)
		return error;
	known = realloc(proof->known, (proof->known_count + 1) * sizeof(*known));
	if (!known) {
		card_free(card);
		return TWINLOG_NO_MEMORY;
	}
	proof->known = known;
	known[proof->known_count++] = card;
	return TWINLOG_OK;
}

static int verify(struct proof *proof, const char *path, bool json)
{
	FILE *file = fopen(path, "rb");
	if (!file)
		return fail(path, twinlog_error_text(errno == ENOENT ? TWINLOG_MISSING : TWINLOG_IO));
	enum twinlog_error error = proof_read(proof, file);
	fclose(file);
	if (!error)
		error = proof_judge(proof);
	return error ? fail(path, twinlog_error_text(error)) : report_print(proof, json);
}

int main(int argc, char **argv)
{
	struct proof proof = {0};
	const char *path = NULL;
	bool json = false;
	int code = 0;
	for (int i = 1; i < argc; i++) {
		if (strcmp(argv[i], "--help") == 0)
			return help();
		if (strcmp(argv[i], "--version") == 0)
			return printf("twinlog-verify %s\n", TWINLOG_VERSION) < 0;
	}
	if (seal_init())
		return fail("libsodium", twinlog_error_text(TWINLOG_FAILED));
	seal_slots_draw();
	for (int i = 1; i < argc && !code; i++) {
		if (strcmp(argv[i], "--json") == 0) {
			json = true;
		} else if (strcmp(argv[i], "--card") == 0) {
			const char *card = i + 1 < argc ? argv[++i] : NULL;
			const enum twinlog_error error = card ? card_read(&proof, card) : TWINLOG_OK;
			code = !card ? usage("--card needs a file") : error ? fail(card, twinlog_error_text(error)) : 0;
		} else if (argv[i][0] == '-' && argv[i][1] != '\0') {
			code = usage("unknown option");
		} else if (path) {
			code = usage("more than one file");
		} else {
			path = argv[i];
		}
	}
	if (!code)
		code = path ? verify(&proof, path, json) : usage("which file");
	proof_free(&proof);
	return code;
}
