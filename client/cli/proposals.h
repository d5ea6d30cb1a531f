/* Pairs of records that may tell of one event, for match and inbox. */
#ifndef TWINLOG_PROPOSALS_H
#define TWINLOG_PROPOSALS_H

#include "cli.h"

/* filter NULL: everything. own: only what waits for this city's link. limit 0: the daemon's. */
enum twinlog_error match_ask(struct cli *cli, Twinlog__Filter *filter, bool own, uint32_t limit,
			     Twinlog__Matched **ret_matched) TWINLOG_MUST_CHECK;
enum twinlog_error match_table(struct cli *cli, const Twinlog__Matched *matched) TWINLOG_MUST_CHECK;
json_t *match_json(const Twinlog__Matched *matched); /* the list of candidates */

#endif
