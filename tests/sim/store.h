/* What disks hold, and the world of all that any of them ever held. Used by all of the simulator. */
#ifndef TWINLOG_SIM_STORE_H
#define TWINLOG_SIM_STORE_H

#include <limits.h>

#include "erasures.h"
#include "node.h"

struct sim;

/* ---- Bytes that many hold ---- */

struct blob {
	uint32_t holders;
	size_t size;
	uint8_t bytes[];
};
struct blob *blob_new(const void *bytes, size_t size);
struct blob *blob_hold(struct blob *blob);
void blob_drop(struct blob *blob); /* accepts NULL */

/* ---- World: every act, bundle and erasure that any disk ever held, by id ---- */

enum object_kind { OBJECT_ACT, OBJECT_BUNDLE, OBJECT_ERASURE };
struct object {
	enum object_kind kind;
	struct hash id;
	struct hash space;
	struct hash city; /* who signed it */
	struct act *act;
	struct bundle *bundle; /* as first seen */
	struct erasure *erasure;
	uint8_t *held_by; /* for each city: 1 once one of its disks held it */
	bool stolen;      /* signed by a thief */
	bool tainted;     /* a bundle that builds on what was */
	unsigned key;     /* of an erasure: which of its signer's keys verifies it */
	unsigned maker;   /* the machine whose disk held it first */
	uint64_t lineage; /* of that machine, then */
};

/* The bytes of an object. A bundle has several contents once some of its leaves are erased. */
struct content {
	uint64_t mix; /* mix_bytes */
	uint32_t object;
	struct blob *blob;
	struct bundle *bundle;
};

struct world {
	struct object *items;
	size_t count, capacity;
	uint32_t *slots; /* open addressing by id: index + 1; 0: free */
	size_t slots_count;
	struct content *seen;
	size_t seen_count, seen_capacity;
	uint32_t *seen_slots; /* likewise by bytes */
	size_t seen_slots_count;
	uint8_t erased[1u << 13]; /* a bit for the first two bytes of each leaf that any erasure names */
};

#define OBJECT_NONE UINT32_MAX
#define NO_MACHINE  UINT_MAX

/* ---- Disk: what a store would hold ---- */

struct disk_entry {
	uint64_t sequence;
	uint32_t object;
	struct blob *blob;           /* held */
	const struct bundle *bundle; /* of a bundle: as it lies there */
};
struct disk_rows {
	struct disk_entry *items; /* by sequence */
	size_t count, capacity;
};
struct disk_card {
	struct hash identity;
	bool verified, removed;
	uint64_t knows;
	struct blob *blob;
};
struct disk_position {
	struct hash space, city;
	uint64_t machine;
	struct blob *blob;
};
struct disk_request {
	struct handle request;
	struct blob *blob;
};

struct judged {
	struct hash space;
	struct acts *acts;
};

struct disk {
	uint64_t machine;
	unsigned key;  /* that the folder holds: place in the city's ring */
	bool restored; /* out of a backup, and not released yet */
	struct disk_rows acts, bundles, erasures;
	struct disk_card *cards;
	size_t cards_count, cards_capacity;
	struct disk_position *positions;
	size_t positions_count, positions_capacity;
	struct disk_request *requests;
	size_t requests_count, requests_capacity;
	uint8_t *holds; /* by object: 1 when in acts, bundles or erasures */
	size_t holds_capacity;
	uint64_t sequence;     /* the greatest */
	struct judged *judged; /* its acts by space, of so many rows (council.c) */
	size_t judged_count, judged_capacity, judged_rows;
};

/* A row on its way to a disk. */
struct pending {
	uint64_t ticket;
	struct persist what; /* with the node's own pointer, which must hold until the commit is told */
	struct blob *copy;   /* what it pointed to when it was asked for */
};

/* ---- world.c ---- */

uint32_t world_find(const struct world *world, const struct hash *id);
/* Finds or takes in; fails the run when the object is not what it should be. Valid until the next one. */
const struct content *world_take_bundle(struct sim *sim, const void *bytes, size_t size);
const struct content *world_take_act(struct sim *sim, const void *bytes, size_t size);
const struct content *world_take_erasure(struct sim *sim, const void *bytes, size_t size);
/* False: no erasure that any disk ever held names the leaf. */
bool world_may_be_erased(const struct world *world, const struct hash *leaf);
void world_free(struct world *world);

/* ---- disk.c ---- */

void disk_apply(struct sim *sim, unsigned machine, const struct pending *row);
void disk_copy(struct disk *to, const struct disk *from); /* to: empty */
void disk_empty(struct disk *disk);
bool disk_holds(const struct disk *disk, uint32_t object);
struct disk_entry *disk_row(const struct disk_rows *rows, uint64_t sequence); /* NULL */
enum standing disk_standing(struct sim *sim, struct disk *disk, const struct hash *space, unsigned city,
			    bool *ret_named);
/* Fills a node; what does not load again: NULL, or what it was. */
const char *disk_load(const struct disk *disk, struct node *node);
/* Whether that leaf of a bundle has to be without its content on this disk. */
bool disk_erased(struct sim *sim, struct disk *disk, const struct bundle *bundle, const struct hash *leaf);

#endif
