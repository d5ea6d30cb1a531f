/* Handing operations to the daemon and telling what became of them. */
#ifndef TWINLOG_WRITE_H
#define TWINLOG_WRITE_H

#include "cli.h"
#include "submission.h"

/* Writes one operation on a record, prints the record's id, waits for partners when --wait-for says so. Returns the
 * exit code; TWINLOG_STALE is left in cli->fault unprinted when ret_stale is given, *ret_stale then true. */
int write_one(struct cli *cli, const struct cli_arguments *arguments, const Twinlog__Record *record,
	      Twinlog__SubmitOperation *operation, bool *ret_stale);

/* --wait-for and --wait-time. */
#define WRITE_OPTIONS                                                                                                  \
	{"wait-for", 0, N_("N"), N_("wait until N other cities are known to hold it"), false},                         \
	{                                                                                                              \
		"wait-time", 0, N_("TIME"), N_("how long to wait for them (else 30s)"), false                          \
	}

struct write_wait {
	uint64_t cities;
	uint64_t time_ms;
};
enum twinlog_error write_wait_read(struct cli *cli, const struct cli_arguments *arguments,
				   struct write_wait *ret_wait) TWINLOG_MUST_CHECK;
/* Returns the exit code: 7 when fewer cities confirmed in time. */
int write_wait(struct cli *cli, const struct write_wait *wait, const struct hash *space,
	       const ProtobufCBinaryData *bundles, size_t count);

/* The side of the own city, NULL when it has none. */
const Twinlog__Side *own_side(const Twinlog__Record *record);
/* The partner's side to answer: the one of that city (NULL: the lead's, or else the first that has values). */
const Twinlog__Side *partner_side(const Twinlog__Record *record, const char *city_id);
/* A new body with the coded facts of another city's: what it says of the event, not its words, costs or sources. Keeps
 * its token, which is the record's. */
Twinlog__Body *facts_of(struct arena *arena, uint32_t kind, const Twinlog__Body *body);
/* The leaf that an edit is based on, from text: a version's id or its beginning, of this city. */
enum twinlog_error based_on(struct cli *cli, const Twinlog__Record *record, const char *text,
			    ProtobufCBinaryData *ret_leaf) TWINLOG_MUST_CHECK;

#endif
