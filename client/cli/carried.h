/* Files of carry.proto, written from the daemon's pages: the proof of export --proof and what courier write makes. */
#ifndef TWINLOG_CLI_CARRIED_H
#define TWINLOG_CLI_CARRIED_H

#include "cli.h"

struct carry_count {
	uint64_t acts, bundles, erasures, positions, bytes;
};

/* Writes the file whole or not at all; an older one of that name is replaced. get: what to ask for, without its place.
 * Fills cli->fault. */
enum twinlog_error carry_write(struct cli *cli, Twinlog__CarryGet *get, const char *path,
			       struct carry_count *ret_count) TWINLOG_MUST_CHECK;

/* export --proof FILE [--space S]; returns the exit code. */
int carry_proof(struct cli *cli, const char *path, const char *space);

#endif
