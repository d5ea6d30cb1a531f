/* What the net thread hands to the other threads, and gets back: each piece of work goes out with its question and
 * returns through the inbox as the same object, with its answer filled in. Knows queue.h and the layers below. */
#ifndef TWINLOG_WORK_H
#define TWINLOG_WORK_H

#include "daemon.h"
#include "node.h"
#include "queue.h"

enum work_kind {
	WORK_PERSIST, /* writer */
	WORK_CHECK,   /* verifier */
	WORK_CHUNK,   /* packer */
	WORK_QUERY,   /* readers; returns when its last reply is sent */
	WORK_REPLY,   /* only from a reader: one message for a client */
	WORK_VIEW,    /* readers: the view catches up with what was committed */
	WORK_DISK,    /* only from the writer: the disk is full, or no longer */
};
#define WORK_KINDS (WORK_DISK + 1)

struct work {
	struct job job;
	enum work_kind kind;
};

struct work_audit { /* an entry of the audit trail */
	uint64_t number;
	uint8_t *bytes; /* malloc'd */
	size_t size;
};
struct work_answer { /* for a client, once all is durable */
	uint64_t token;
	uint8_t *bytes; /* packed Reply, malloc'd */
	size_t size;
};

struct work_persist {
	struct work work;
	uint64_t ticket; /* the highest */
	size_t bytes;
	struct persist *items; /* own array; what the items point to is the node's */
	size_t count;
	size_t capacity;
	struct work_audit *audit;
	size_t audit_count;
	struct work_answer *answers;
	size_t answers_count;
	struct daemon_client *clients; /* NULL: they have not changed */
	size_t clients_count;
	enum twinlog_error error; /* answer */
};

struct work_check {
	struct work work;
	uint64_t check;
	struct seal_public *keys;
	size_t keys_count;
	uint8_t *compressed;
	size_t compressed_size;
	size_t plain;
	struct bundle **bundles; /* answer: opened in order until one was refused */
	size_t count;
	enum twinlog_error refused; /* answer */
	size_t bytes;               /* answer */
};

struct work_chunk {
	struct work work;
	uint32_t link;
	uint32_t stream;
	struct hash space;
	struct hash city;
	bool last;
	uint64_t *sequences;
	size_t count;
	size_t content; /* answer: bytes of the bundles as read */
	uint8_t *frame; /* answer: a packed PeerMessage, malloc'd */
	size_t frame_size;
	enum twinlog_error error; /* answer */
};

struct work_query {
	struct work work;
	uint64_t token;
	uint8_t *request; /* packed Request */
	size_t request_size;
	struct scope scope; /* what the client may know of; a copy */
};

struct work_reply {
	struct work work;
	uint64_t token;
	uint8_t *bytes; /* packed Reply, malloc'd */
	size_t size;
	bool last;
};

struct work_disk {
	struct work work;
	bool full;
};

/* NULL when memory is out. Each copies what it is given. */
struct work_persist *work_persist_new(void);
enum twinlog_error work_persist_add(struct work_persist *persist, uint64_t ticket,
				    const struct persist *what) TWINLOG_MUST_CHECK;
/* Take the bytes and the list over, also when they fail. */
enum twinlog_error work_persist_audit(struct work_persist *persist, uint64_t number, uint8_t *bytes,
				      size_t size) TWINLOG_MUST_CHECK;
enum twinlog_error work_persist_reply(struct work_persist *persist, uint64_t token, uint8_t *bytes,
				      size_t size) TWINLOG_MUST_CHECK;
void work_persist_clients(struct work_persist *persist, struct daemon_client *clients, size_t count);
struct work_check *work_check_new(uint64_t check, const struct seal_public *keys, size_t keys_count,
				  const void *compressed, size_t compressed_size, size_t plain);
struct work_chunk *work_chunk_new(uint32_t link, uint32_t stream, const struct hash *space, const struct hash *city,
				  const uint64_t *sequences, size_t count, bool last);
struct work_query *work_query_new(uint64_t token, const void *request, size_t size, const struct scope *scope);
/* Takes over bytes, also when it answers NULL. */
struct work_reply *work_reply_new(uint64_t token, uint8_t *bytes, size_t size, bool last);
struct work_disk *work_disk_new(bool full);
struct work *work_view_new(void);

void work_free(struct work *work); /* accepts NULL; with all answers that were not taken out */

#endif
