/* Following the daemon's feed of changes, page by page, over its restarts: for watch and mirror. The next page is asked
 * for as soon as one is here, so the daemon works while a page is being used. Knows cli.h. */
#ifndef TWINLOG_FOLLOW_H
#define TWINLOG_FOLLOW_H

#include "cli.h"

struct follow {
	struct cli *cli;
	Twinlog__Filter *filter; /* borrowed */
	bool from_now;           /* the first page only tells where now is */
	bool once;               /* nothing is asked for once there is no more */
	uint8_t cursor[TWINLOG_CURSOR_MAX];
	size_t cursor_size; /* 0: from the beginning */
	/* Set by the functions below. */
	uint64_t asked; /* id of the request under way; 0: none */
	uint64_t commit;
	bool waits; /* everything that was there has been told */
};

/* SIGINT and SIGTERM end the following instead of the program: follow_ended. */
void follow_signals(void);
bool follow_ended(void);
/* Waits for the time or until ended. */
void follow_pause(uint32_t pause_ms);
/* Hex digits, as they are printed. BAD_CURSOR, with cli->fault. */
enum twinlog_error follow_cursor(struct follow *follow, const char *text) TWINLOG_MUST_CHECK;
/* Goes on from another place; what is under way is dropped. */
void follow_seek(struct follow *follow, const void *cursor, size_t size);
/* The next page, in arena; it may tell nothing. *ret_changed is NULL when a signal ended it, and with once when the
 * page before was the last. Waits for a daemon that is away. */
enum twinlog_error follow_next(struct follow *follow, struct arena *arena,
			       Twinlog__Changed **ret_changed) TWINLOG_MUST_CHECK;

#endif
