/* Answers what clients ask and nothing has to be written for: lists, both sides of one record, spaces, partners,
 * status, verification. Looks at the node (while nobody steps it) and at one read transaction of the store; knows core
 * and store. PROTOCOL, "The control protocol". */
#ifndef TWINLOG_QUERY_H
#define TWINLOG_QUERY_H

#include "node.h"
#include "places.h"
#include "store.h"
#include "view.h"

/* How the link to a partner that is not up stands. */
struct query_link {
	struct hash identity;
	uint32_t state; /* Twinlog__LinkState */
	uint64_t next_attempt_ms;
	char last_error[120]; /* of the last attempt; NUL-terminated, may be empty */
	uint64_t last_error_ms;
};

/* How a long answer lets the node go on: it is reckoned in slices, and between two of them it holds neither the node
 * nor a transaction of the store. All are called by who asks query_answer, on that thread. */
struct query_turns {
	bool (*due)(void *context);   /* the slice has lasted as long as it may */
	void (*leave)(void *context); /* ends it: the node may be stepped, the transaction is gone */
	/* Begins the next one, with a new transaction where query_answer was told to look for it. The node stands still
	 * again also after an error. */
	enum twinlog_error (*enter)(void *context);
	void *context;
	uint32_t settled; /* records that may be looked at within one slice, at the end */
};

#define QUERY_HELD 32u /* of a millisecond each; the last for all that is longer */

/* What neither node nor store knows. All borrowed. */
struct query_extra {
	uint64_t now_ms; /* Unix time */
	uint64_t started_ms;
	const char *version;        /* of the program; NULL: empty */
	const char *warning;        /* a condition a person must see; NULL: none */
	const uint8_t *signed_card; /* own SignedCard */
	size_t signed_card_size;
	uint64_t store_bytes;
	uint64_t disk_free_bytes;
	const uint8_t *import_secret; /* SEAL_SEED_SIZE bytes; NULL: no import keys are looked up */
	struct view *view;            /* of this node; for lists */
	const struct scope *scope;    /* what whoever asks may know of; NULL: everything */
	const struct places *places;  /* for subdivisions; NULL: only those that city records tell */
	const struct query_link *links;
	size_t links_count;
	const uint64_t *held; /* QUERY_HELD of them: how often readers held up the loop for so long; NULL: not known */
	const struct query_turns *turns; /* NULL: everything is one slice */
	bool each;                       /* reports look at each record by itself: what laws compare others with */
};

/* Answers one request that node_takes does not take. *reply and what it points to live in arena, in the node and in
 * the read transaction: pack it before any of them goes. The packed reply is at most TWINLOG_MESSAGE_MAX. *read is the
 * transaction of the slice at hand. However many slices an answer took, it is of one state, that of reply->commit.
 * On an error the reply holds the fault too (but for NO_MEMORY, when there may be no room for it): NOT_FOUND,
 * AMBIGUOUS, BAD_CURSOR, INVALID, …; USAGE for a request that is none of these. */
enum twinlog_error query_answer(const struct node *node, struct store_read *const *read,
				const struct query_extra *extra, const Twinlog__Request *request, struct arena *arena,
				Twinlog__Reply *reply) TWINLOG_MUST_CHECK;

/* VerifyGet in portions, so that a long check holds nobody up: the caller steps until *ret_done, with a fresh reply
 * and, if it likes, a fresh read transaction each time; each reply tells the progress so far. */
#define QUERY_FAULT_LINES 100u
struct query_verify {
	uint64_t next; /* sequence number to go on with */
	uint64_t acts, bundles, leaves, faults;
	char lines[QUERY_FAULT_LINES][160]; /* the first faults; NUL-terminated */
};
void query_verify_start(struct query_verify *verify);
enum twinlog_error query_verify_step(const struct node *node, struct store_read *read, struct query_verify *verify,
				     struct arena *arena, Twinlog__Reply *reply, bool *ret_done) TWINLOG_MUST_CHECK;

#endif
