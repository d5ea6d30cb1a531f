/* The city's identity on this machine: the seed its keys derive from, and its card. Knows files, config, core/card.h,
 * seal. Layout of the folder:
 *
 *     keys/city.seed  seed = 64 hex digits; index = which city key of it is in use. Mode 0600. In place of seed may
 * stand locked and effort: the seed under a passphrase. Without the file, the service manager's credential city.seed is
 * read. card            SignedCard
 */
#ifndef TWINLOG_IDENTITY_H
#define TWINLOG_IDENTITY_H

#include "card.h"
#include "config.h"
#include "seal.h"

#define IDENTITY_KEYS_DIR        "keys"
#define IDENTITY_SEED_FILE       "keys/city.seed"
#define IDENTITY_CARD_FILE       "card"
#define IDENTITY_SEED_CREDENTIAL "city.seed"

/* passphrase NULL: not locked. */
enum twinlog_error identity_write_seed(const char *dir, const uint8_t seed[SEAL_SEED_SIZE], uint32_t index,
				       const char *passphrase, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Asks for the passphrase when it is locked. The caller wipes *ret_seed. */
enum twinlog_error identity_read_seed(const char *dir, uint8_t ret_seed[SEAL_SEED_SIZE], uint32_t *ret_index,
				      struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
enum twinlog_error identity_load_keys(const char *dir, struct seal_keys **ret_keys,
				      struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* What of a card does not come from the settings. */
struct identity_proof {
	struct seal_public founding_key;
	struct seal_public recovery_key;
	uint8_t grant[SEAL_SIGNATURE_SIZE];
	bool has_grant;
};
struct identity_proof identity_proof_of(const struct card *card);

/* Makes and signs the card of these settings; *ret_card is the caller's. */
enum twinlog_error identity_make_card(const struct config *config, const struct identity_proof *proof,
				      const struct seal_keys *keys, uint64_t serial,
				      struct card **ret_card) TWINLOG_MUST_CHECK;
enum twinlog_error identity_write_card(const char *dir, const struct card *card,
				       struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* The card in the folder, or, when the settings say something else by now, a new one (not written yet: *ret_changed).
 * now_s: Unix time; the serial always grows. */
enum twinlog_error identity_load_card(const char *dir, const struct config *config, const struct seal_keys *keys,
				      uint64_t now_s, struct card **ret_card, bool *ret_changed,
				      struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
