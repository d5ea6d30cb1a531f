/* The city's identity on this machine: the seeds its keys derive from, and its card. Knows files, config, passphrase,
 * core/card.h, seal. Layout of the folder:
 *
 *     keys/city.seed  seed = 64 hex digits: one seed, or three (city, transport, home) or four (next) or six (control,
 *                     control_next) of struct seal_seeds, zero where there is none; index = which city key of it is in
 *                     use. Mode 0600. In place of seed may stand locked and effort: the seeds under a passphrase.
 *                     Without the file, the service manager's credential city.seed is read.
 *     card            SignedCard; where it has the transport key to come, that one is in use
 *     clients/server.key  public = Z85: where it is the control key to come, that one is in use; else of no meaning
 */
#ifndef TWINLOG_IDENTITY_H
#define TWINLOG_IDENTITY_H

#include "card.h"
#include "config.h"
#include "passphrase.h"
#include "seal.h"

#define IDENTITY_KEYS_DIR        "keys"
#define IDENTITY_SEED_FILE       "keys/city.seed"
#define IDENTITY_CARD_FILE       "card"
#define IDENTITY_CONTROL_FILE    "clients/server.key" /* among what a backup takes along */
#define IDENTITY_SEED_CREDENTIAL "city.seed"
#define IDENTITY_SEED_NEXT       "keys/next.seed" /* while a key is being changed: see rekey.h */
#define IDENTITY_CARD_NEXT       "card.next"

/* What a key file holds, and the passphrase that locks it. The caller wipes it. */
struct identity_secret {
	struct seal_seeds seeds;
	bool locked;
	struct passphrase passphrase; /* when locked */
};
void identity_secret_wipe(struct identity_secret *secret);

/* name: IDENTITY_SEED_FILE, or IDENTITY_SEED_NEXT. */
enum twinlog_error identity_write_secret(const char *dir, const char *name, const struct identity_secret *secret,
					 struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Asks for the passphrase when it is locked, unless *secret brings it along. */
enum twinlog_error identity_read_secret(const char *dir, const char *name, struct identity_secret *secret,
					struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Where the folder has the control key to come in use, the keys have turned to it. */
enum twinlog_error identity_load_keys(const char *dir, struct seal_keys **ret_keys,
				      struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* The same of seeds that are read already. */
enum twinlog_error identity_keys_of(const char *dir, const struct seal_seeds *seeds, struct seal_keys **ret_keys,
				    struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Takes the control key to come, which *keys has to have, into use: IDENTITY_CONTROL_FILE says so. After a failure the
 * folder and *keys are as they were. */
enum twinlog_error identity_turn_control(const char *dir, struct seal_keys *keys,
					 struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* What of a card does not come from the settings. */
struct identity_proof {
	struct seal_public founding_key;
	struct seal_public recovery_key;
	uint8_t grant[SEAL_SIGNATURE_SIZE];
	bool has_grant;
	struct seal_public second; /* acts need a second signature by it */
	bool has_second;
};
struct identity_proof identity_proof_of(const struct card *card);

/* Makes and signs the card of these settings; *ret_card is the caller's. */
enum twinlog_error identity_make_card(const struct config *config, const struct identity_proof *proof,
				      const struct seal_keys *keys, uint64_t serial,
				      struct card **ret_card) TWINLOG_MUST_CHECK;
/* name: IDENTITY_CARD_FILE, or IDENTITY_CARD_NEXT. */
enum twinlog_error identity_write_card(const char *dir, const char *name, const struct card *card,
				       struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
enum twinlog_error identity_read_card(const char *dir, const char *name, struct card **ret_card,
				      struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* The card in the folder, or, when the settings say something else by now, a new one (not written yet: *ret_changed).
 * now_s: Unix time; the serial always grows. Where the card has the transport key to come in use, *keys turns to it. */
enum twinlog_error identity_load_card(const char *dir, const struct config *config, struct seal_keys *keys,
				      uint64_t now_s, struct card **ret_card, bool *ret_changed,
				      struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Takes the transport key to come, which *keys has to have, into use: writes the card that says so. held: the card of
 * before. After a failure the folder is as it was, and *keys is not to be used. *ret_card is the caller's. */
enum twinlog_error identity_turn_transport(const char *dir, const struct config *config, struct seal_keys *keys,
					   uint64_t now_s, const struct card *held, struct card **ret_card,
					   struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
