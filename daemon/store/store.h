/* The daemon's disk: the one door to LMDB, with a journal in front of it. Knows proto/ids.h and seal.h.
 *
 * Holds what cannot be derived, exact bytes, in order of arrival. Keys are big-endian, built in one place:
 *
 *     meta       name                        version, machine number, whether it was restored, token of the journal
 *     cards      identity                    flags, serial of the own card that it holds, SignedCard
 *     acts       sequence                    SignedAct
 *     bundles    sequence                    Bundle
 *     erasures   sequence                    SignedErasure
 *     positions  space, city, machine        SignedPosition
 *     requests   request id                  SubmitResult; ids begin with their time, so old ones are the first keys
 *     texts      sequence                    texts of the bundles since the row before, see view/texts.h; derived
 *     audit      number                      AuditEntry
 *
 * acts, bundles and erasures share one sequence, so it orders everything that arrived. One thread writes, any
 * number read. A commit is durable when store_commit returns OK: in the journal (journal.h), by one write and one sync,
 * or in LMDB when it is large, when it changes what was there, or when the journal is full; with it goes all that the
 * journal holds. After any other answer the store must be closed and opened again. Who reads sees both as one. A store
 * that was closed has everything in LMDB. */
#ifndef TWINLOG_STORE_H
#define TWINLOG_STORE_H

#include "ids.h"
#include "twinlog/error.h"

#define STORE_VERSION     2u /* 1: without a journal; is read, and becomes 2 when it is opened to write */
#define STORE_READERS_MAX 126u

struct store;
struct store_write;
struct store_read;

/* dir: an existing folder, mode 0700; the store makes its files in it. create: make a new store (NOT_EMPTY when there
 * is one), else it must be there (MISSING). Open for writing it is locked against a second writer: IN_USE. read_only
 * takes no lock and may look while another process writes; one process opens a store once. STORE_VERSION: another
 * schema. STORE_DAMAGED: not a store, or cut short. fault tells where. */
enum twinlog_error store_open(const char *dir, bool create, bool read_only, struct store **ret_store,
			      struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
void store_close(struct store *store);               /* accepts NULL */
uint64_t store_bytes(const struct store *store);     /* size of the file in use */
uint64_t store_disk_free(const struct store *store); /* bytes */
uint64_t store_pending(const struct store *store);   /* bytes in the journal only; of who writes */

struct store_row;
/* One write transaction at a time. Each put: DISK_FULL, IO or NO_MEMORY; then abort. Sequence numbers grow within each
 * table: DUPLICATE otherwise. */
enum twinlog_error store_begin(struct store *store, struct store_write **ret_write) TWINLOG_MUST_CHECK;
enum twinlog_error store_put_act(struct store_write *write, uint64_t sequence, const void *bytes,
				 size_t size) TWINLOG_MUST_CHECK;
enum twinlog_error store_put_bundle(struct store_write *write, uint64_t sequence, const void *bytes,
				    size_t size) TWINLOG_MUST_CHECK;
/* A bundle as it stands in this transaction, valid until its next put, and another in its place: MISSING when there is
 * none. */
enum twinlog_error store_written_bundle(struct store_write *write, uint64_t sequence, const uint8_t **ret_bytes,
					size_t *ret_size) TWINLOG_MUST_CHECK;
enum twinlog_error store_replace_bundle(struct store_write *write, uint64_t sequence, const void *bytes,
					size_t size) TWINLOG_MUST_CHECK;
/* Each bundle in this transaction behind a sequence number, in order; stops at the first answer that is not OK and
 * returns it. Puts into other tables are allowed meanwhile. */
typedef enum twinlog_error (*store_visit)(void *context, const struct store_row *row);
enum twinlog_error store_written_bundles(struct store_write *write, uint64_t after, store_visit visit,
					 void *context) TWINLOG_MUST_CHECK;
/* Rows of texts: the last one's number (0: none), and the first one not before a number: MISSING. */
uint64_t store_written_texts_last(struct store_write *write);
enum twinlog_error store_written_texts(struct store_write *write, uint64_t sequence, uint64_t *ret_sequence,
				       const uint8_t **ret_bytes, size_t *ret_size) TWINLOG_MUST_CHECK;
enum twinlog_error store_put_texts(struct store_write *write, uint64_t sequence, const void *bytes,
				   size_t size) TWINLOG_MUST_CHECK;
enum twinlog_error store_replace_texts(struct store_write *write, uint64_t sequence, const void *bytes,
				       size_t size) TWINLOG_MUST_CHECK;
enum twinlog_error store_put_erasure(struct store_write *write, uint64_t sequence, const void *bytes,
				     size_t size) TWINLOG_MUST_CHECK;
/* knows: serial of the own card that this partner holds; 0: none. */
enum twinlog_error store_put_card(struct store_write *write, const struct hash *identity, bool verified, bool removed,
				  uint64_t knows, const void *bytes, size_t size) TWINLOG_MUST_CHECK;
enum twinlog_error store_put_position(struct store_write *write, const struct hash *space, const struct hash *city,
				      uint64_t machine, const void *bytes, size_t size) TWINLOG_MUST_CHECK;
/* There may be none. */
enum twinlog_error store_drop_position(struct store_write *write, const struct hash *space, const struct hash *city,
				       uint64_t machine) TWINLOG_MUST_CHECK;
enum twinlog_error store_put_request(struct store_write *write, const struct handle *request, const void *bytes,
				     size_t size) TWINLOG_MUST_CHECK;
/* Drops answers to requests drawn before that Unix time, at most max of them. */
enum twinlog_error store_prune_requests(struct store_write *write, uint64_t before_ms, size_t max) TWINLOG_MUST_CHECK;
/* The next entry of the audit trail: number is greater than that of the last. */
enum twinlog_error store_put_audit(struct store_write *write, uint64_t number, const void *bytes,
				   size_t size) TWINLOG_MUST_CHECK;
enum twinlog_error store_put_machine(struct store_write *write, uint64_t machine) TWINLOG_MUST_CHECK;
/* Whether this store came out of a backup and may hold what has been erased since. */
enum twinlog_error store_put_restored(struct store_write *write, bool restored) TWINLOG_MUST_CHECK;
/* Ends the transaction whatever it answers. */
enum twinlog_error store_commit(struct store_write *write) TWINLOG_MUST_CHECK;
void store_abort(struct store_write *write); /* accepts NULL */

/* A consistent state to read from; keep it short, an open one stops the reuse of pages. */
enum twinlog_error store_read_begin(struct store *store, struct store_read **ret_read) TWINLOG_MUST_CHECK;
void store_read_end(struct store_read *read); /* accepts NULL */
/* Bytes are valid until store_read_end. MISSING when there is none. */
enum twinlog_error store_get_bundle(struct store_read *read, uint64_t sequence, const uint8_t **ret_bytes,
				    size_t *ret_size) TWINLOG_MUST_CHECK;
enum twinlog_error store_get_machine(struct store_read *read, uint64_t *ret_machine) TWINLOG_MUST_CHECK;
bool store_get_restored(struct store_read *read);

/* Each row in order of key; stops at the first answer that is not OK and returns it. */
struct store_row {
	uint64_t sequence;      /* acts, bundles, erasures */
	struct hash city;       /* cards: identity; positions */
	struct hash space;      /* positions */
	uint64_t machine;       /* positions */
	struct handle request;  /* requests */
	bool verified, removed; /* cards */
	uint64_t knows;         /* cards */
	const uint8_t *bytes;   /* valid during the call */
	size_t size;
};
enum store_table {
	STORE_CARDS,
	STORE_ACTS,
	STORE_BUNDLES,
	STORE_ERASURES,
	STORE_POSITIONS,
	STORE_REQUESTS,
	STORE_TEXTS, /* a store of before there were any, opened to read, has none */
	STORE_AUDIT,
	STORE_TABLES
};
enum twinlog_error store_each(struct store_read *read, enum store_table table, store_visit visit,
			      void *context) TWINLOG_MUST_CHECK;
/* The same from a sequence number on; of the tables that have one. */
enum twinlog_error store_each_from(struct store_read *read, enum store_table table, uint64_t sequence,
				   store_visit visit, void *context) TWINLOG_MUST_CHECK;
/* The last row of such a table; MISSING when it is empty. Its bytes are valid until store_read_end. */
enum twinlog_error store_last(struct store_read *read, enum store_table table,
			      struct store_row *ret_row) TWINLOG_MUST_CHECK;

/* Bundles alone, behind a sequence number. */
enum twinlog_error store_bundles_after(struct store_read *read, uint64_t after, store_visit visit,
				       void *context) TWINLOG_MUST_CHECK;

/* Readers left behind by dead processes; returns how many were cleared. At start and on a timer. */
int store_check_readers(struct store *store);
/* A compact copy of the whole store at the beginning of an empty file, while others write; not synced. */
enum twinlog_error store_copy_to(struct store *store, int fd) TWINLOG_MUST_CHECK;
/* Opens the first bytes of a file, which are such a copy, to read. */
enum twinlog_error store_open_copy(const char *path, uint64_t size, struct store **ret_store,
				   struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Bytes of rows written so far. */
typedef void (*store_progress)(void *context, uint64_t done);
/* Makes a new store in the folder with the rows of another, and nothing else of its bytes. Leaves nothing behind when
 * it fails. */
enum twinlog_error store_rewrite(struct store *from, const char *dir, store_progress progress, void *context,
				 struct twinlog_fault *fault) TWINLOG_MUST_CHECK;
/* Rewrites the store in the folder in place; IN_USE while a daemon has it. It is the old or the new one, whenever the
 * power fails. */
enum twinlog_error store_compact(const char *dir, store_progress progress, void *context,
				 struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

#endif
