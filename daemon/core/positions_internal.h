/* What the node keeps of positions, and who is still to be told of them: positions.c (heard and kept), positions_own.c
 * (signed here), positions_tell.c (told to partners). A part of node_internal.h, which alone includes it. */
#ifndef TWINLOG_POSITIONS_INTERNAL_H
#define TWINLOG_POSITIONS_INTERNAL_H

#include "array.h"
#include "node.h"
#include "twinlog/limits.h"

struct node_link;
struct node_peer;
struct pending;
struct space;

struct position_head {
	struct hash city;
	struct hash head;
};
struct position_heads { /* ascending by both */
	struct position_head *items;
	size_t count;
	size_t capacity;
};

/* Partners, by their places among the peers. */
struct peer_set {
	uint64_t words[TWINLOG_PEERS_MAX / 64];
};

struct known_position {
	struct hash city;
	uint64_t machine;
	uint64_t counter;
	uint64_t time_ms;
	uint8_t *bytes; /* SignedPosition */
	size_t size;
	size_t key; /* number of the key that verifies it */
	struct position_heads heads;
	struct hash erasures;      /* its digest of them */
	uint64_t missing_since_ms; /* it names heads that are not here; 0: none */
	size_t erasures_applied;   /* how many of ours, in order of arrival, that digest was once equal to */
	bool relay;                /* to be passed on, once its city's pace has it */
	uint32_t pace;             /* which that is, among the space's */
	uint32_t from_peer;
	struct peer_set owed; /* partners to whom it goes, once their budgets have it */
};
struct position_row {
	struct hash space;
	struct hash city;
	uint64_t machine;
};

/* How much of what one city signs is passed on. */
struct relay_pace {
	struct hash city;
	uint64_t until_mono_ms; /* up to then its share is used up */
};

/* ---- positions.c ---- */
/* Compares what machines said they have erased with what is erased here. */
void positions_erasures(struct space *space);
void positions_changed(struct node *node, struct space *space); /* what is held has changed */
void positions_key_changed(struct node *node, struct space *space, const struct hash *city);
void positions_drop_loaded(struct node *node); /* rows that were loaded and found no room */
/* Own bundles alone: that this city holds them is known without a position, so one waits for what may follow. */
void positions_wrote(const struct node *node, struct space *space);
void positions_time(struct node *node);
void positions_message(struct node *node, struct node_link *link, const Twinlog__Positions *positions);
void positions_committed(struct node *node, struct pending *pending);
enum twinlog_error position_load(struct node *node, const void *bytes, size_t size);
uint64_t positions_deadline(const struct node *node);
bool position_is_own(const struct node *node, const struct hash *city, uint64_t machine);

/* ---- positions_own.c ---- */
/* The next position of this machine, signed; *ret_bytes is malloc'd and the caller's. */
enum twinlog_error position_pack(struct node *node, struct space *space, uint8_t **ret_bytes,
				 size_t *ret_size) TWINLOG_MUST_CHECK;

/* ---- positions_tell.c ---- */
/* To that partner, if it may have it; at once. */
void position_tell(struct node *node, struct node_peer *peer, const struct space *space, ProtobufCBinaryData bytes);
/* The own one, to all; at once. */
void position_tell_all(struct node *node, const struct space *space, ProtobufCBinaryData bytes);
/* All of them to one partner, as its budget has it. */
void positions_send_all(struct node *node, struct node_link *link, struct space *space);
/* One that came from that partner goes on to the others. */
void position_pass_on(struct node *node, struct space *space, struct known_position *known,
		      const struct node_peer *from);
void positions_relay(struct node *node, struct space *space); /* what is due */
/* The partner's budget has room again. */
void positions_relay_owed(struct node *node, struct node_peer *peer);

#endif
