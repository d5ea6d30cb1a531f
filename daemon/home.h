/* The daemon's folder, opened: settings, keys, card, clients, store. Knows the files above and store.h.
 *
 *     twinlogd.conf keys/city.seed card clients.conf client.conf clients/admin.key
 *     clients/server.key recovery.txt data/ */
#ifndef TWINLOG_HOME_H
#define TWINLOG_HOME_H

#include "clients.h"
#include "config.h"
#include "identity.h"
#include "store.h"

#define HOME_STORE_DIR "data"

enum home_mode {
	HOME_RUN,          /* locks the store; a card that the settings have outrun is written anew */
	HOME_LOOK,         /* changes nothing, also while the daemon runs */
	HOME_STORE,        /* likewise, and without the keys: nobody is asked for a passphrase, and there is no card */
	HOME_STORE_LOCKED, /* locks the store, also without keys and card */
};

struct home {
	const char *dir; /* borrowed */
	struct config config;
	struct seal_keys *keys;
	struct card *card;
	bool card_changed; /* HOME_LOOK: the settings say something else than the card in the folder */
	struct clients clients;
	struct store *store;
	uint64_t machine;
};

/* now_s: Unix time. On failure nothing stays open. home_close accepts a zeroed home. */
enum twinlog_error home_open(struct home *home, const char *dir, enum home_mode mode, uint64_t now_s,
			     struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
void home_close(struct home *home);

#endif
