/* What lies behind statements.h: shared by taking in (statements.c) and looking (statements_look.c) only. */
#ifndef TWINLOG_STATEMENTS_INTERNAL_H
#define TWINLOG_STATEMENTS_INTERNAL_H

#include "codec.h"
#include "log.pb-c.h"
#include "statements.h"

#define FACTS_BLOCK_SHIFT 17u /* units of 8 bytes: blocks of 1 MiB */
#define FACTS_BLOCK_UNITS (1u << FACTS_BLOCK_SHIFT)
#define REF_MISSING       0x80000000u /* a ref: number of a word, or this bit and the number of a missing leaf */
#define WORDS_MAX         (REF_MISSING - 1)

/* Open addressing over numbers, kept at most three quarters full. A slot holds number + 1; 0 is free. */
struct table {
	uint32_t *slots;
	uint32_t mask;
	uint32_t used;
};

/* A leaf that others name and that is not here yet; kept when it has come, for the refs that lead to it. */
struct missing {
	struct hash leaf;
	uint32_t word;    /* WORD_END until it comes */
	uint32_t waiters; /* leaves that replace it; WORD_END: none */
};
struct waiter {
	uint32_t word;
	uint32_t next;
};

/* One place of a leaf that stands in several bundles. */
struct echo {
	uint64_t bundle;
	uint64_t clock_ms;
	uint32_t word;
	uint32_t next; /* of the same word */
	uint16_t index;
	bool counts;
};

/* What a bundle brought: words one after the other, and echoes of words that were here. */
struct batch {
	uint64_t sequence;
	uint32_t first_word;
	uint32_t first_echo;
	uint16_t words;
	uint16_t echoes;
};

/* A record on the list of changed ones links to the next of them in place of its summary. */
#define SUMMARY_CHANGED (1ull << 62)

#define LIST(type)                                                                                                     \
	struct {                                                                                                       \
		type *items;                                                                                           \
		uint32_t count;                                                                                        \
		uint32_t capacity;                                                                                     \
	}

struct statements {
	struct hash space;
	struct names *names;
	struct arena *arena; /* for one body at a time */
	LIST(struct word) words;
	LIST(struct record) records;
	LIST(struct hash) cities;
	LIST(uint32_t) refs;
	LIST(struct missing) missing;
	LIST(struct waiter) waiters;
	LIST(struct echo) echoes;
	LIST(struct batch) batches;
	LIST(uint32_t) links;        /* words that are links */
	LIST(uint32_t) stale;        /* records */
	LIST(uint64_t *) facts;      /* blocks */
	uint32_t facts_used;         /* units of the last block */
	_Atomic uint64_t *summaries; /* of each record: a summary, 0, or SUMMARY_CHANGED | the next changed one */
	uint32_t summaries_capacity;
	_Atomic uint32_t changed; /* first of the list of changed records; WORD_END: none */
	uint32_t shown;           /* records */
	uint64_t ground;          /* statements_ground */
	struct table by_leaf;
	struct table by_handle;
};

const struct hash *statements_ref_leaf(const struct statements *statements, uint32_t ref);
/* NULL while it is missing. */
const struct word *statements_ref_word(const struct statements *statements, uint32_t ref);
/* What a bundle brought; NULL when it is not here. */
const struct batch *statements_batch(const struct statements *statements, uint64_t sequence);
/* Its summary no longer holds. */
void statements_touch(struct statements *statements, uint32_t record);
/* Where the leaf stands in by_leaf, as a word or as missing; NULL when it was never seen nor named. */
const uint32_t *statements_leaf_slot(const struct statements *statements, const struct hash *leaf);

#endif
