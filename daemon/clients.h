/* Who may talk to the daemon, and what a client needs to do so. Knows files, z85, net/daemon.h.
 *
 *     clients.conf       ROLE = Z85 NAME [; office TEXT] [; space HEX]… [; server Z85], a line for each client: public
 *                        key and name, and the daemon's key to come that it has.
 *                        Roles: admin clerk reader auditor. The daemon writes it anew when clients come and go.
 *     clients/NAME.key   public = Z85, secret = Z85; mode 0600; handed to the client
 *     client.conf        endpoint, server (Z85), key: what `twinlog -D DIR` reads; paths are relative to DIR
 */
#ifndef TWINLOG_CLIENTS_H
#define TWINLOG_CLIENTS_H

#include "daemon.h"
#include "twinlog/error.h"
#include "twinlog/limits.h"

#define CLIENTS_FILE     "clients.conf"
#define CLIENTS_DIR      "clients"
#define CLIENTS_SETTINGS "client.conf"

struct clients {
	struct daemon_client *list;
	size_t count;
};

enum twinlog_error clients_parse(struct clients *clients, char *text, size_t size,
				 struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
enum twinlog_error clients_load(struct clients *clients, const char *dir,
				struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
void clients_free(struct clients *clients);
/* Puts the list in place of the one in the folder, durably. */
enum twinlog_error clients_keep(const char *dir, const struct daemon_client *list, size_t count,
				struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* The first administrator: draws its key pair and writes clients.conf, clients/admin.key and client.conf. endpoint is
 * the daemon's control endpoint as in twinlogd.conf. */
enum twinlog_error clients_write_first(const char *dir, const char *endpoint, const uint8_t server_key[32],
				       struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
