/* twinlogd.conf: what the operator decides. One `key = value` a line; `name`, `listen`, `announce`, `control` and
 * `budget` may stand several times. Knows files, core/card.h (forms of addresses), net/daemon.h (log levels).
 *
 *     city      CC:slug                the id the city goes by
 *     name      LANG=TEXT              official names, for the card
 *     listen    tcp://ADDR:PORT        for partners; none: only dials out
 *     announce  tcp://HOST:PORT        where partners dial, for the card
 *     proxy     socks5://HOST:PORT     partners are dialled through it
 *     control   ipc://PATH | tcp://…   for clients; PATH is relative to the folder; default ipc://control.sock
 *     budget    CC:slug|* RATE [HH:MM-HH:MM]   bytes a second that a partner may cost, both ways; k and M are
 * understood; 0: no link; of the lines that fit the first log       error | warning | info | debug
 */
#ifndef TWINLOG_CONFIG_H
#define TWINLOG_CONFIG_H

#include "daemon.h"
#include "identity.pb-c.h"
#include "twinlog/error.h"
#include "twinlog/limits.h"

#define CONFIG_FILE            "twinlogd.conf"
#define CONFIG_ENDPOINTS_MAX   TWINLOG_ADDRESSES_MAX
#define CONFIG_IPC_PATH_MAX    107u /* sockaddr_un, without the final NUL */
#define CONFIG_CONTROL_DEFAULT "ipc://control.sock"

struct config_list {
	char *items[CONFIG_ENDPOINTS_MAX];
	size_t count;
};
struct config_name {
	char *lang, *text;
};
struct config {
	char city[TWINLOG_CITY_ID_MAX + 1];
	struct config_name names[TWINLOG_LIST_MAX];
	size_t names_count;
	struct config_list listen, announce, control;
	struct daemon_budget budgets[TWINLOG_BUDGETS_MAX];
	size_t budgets_count;
	char proxy[300]; /* HOST:PORT; "": none */
	enum log_level log_level;
};

/* One setting, as a line of the file or an option of `init` gives it. USAGE for an unknown key. */
enum twinlog_error config_set(struct config *config, const char *key, const char *value) TWINLOG_MUST_CHECK;
/* text is written to. fault tells the line. */
enum twinlog_error config_parse(struct config *config, char *text, size_t size,
				struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Fills what was not said and refuses what cannot be; dir is where ipc paths begin. */
enum twinlog_error config_finish(struct config *config, const char *dir,
				 struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
enum twinlog_error config_load(struct config *config, const char *dir, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
void config_free(struct config *config);

/* The commented file that says the same; malloc'd. NULL when memory is out. */
char *config_format(const struct config *config);

/* ipc://PATH with a relative PATH put under dir; anything else as it is. malloc'd, NULL when memory is out. */
char *config_endpoint(const char *dir, const char *endpoint);

#endif
