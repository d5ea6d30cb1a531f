/* What a graph is made of: for graph*.c alone. */
#ifndef TWINLOG_GRAPH_INTERNAL_H
#define TWINLOG_GRAPH_INTERNAL_H

#include "graph.h"

struct cut {
	size_t number; /* the caller's */
	struct hash *heads;
	size_t heads_count;
	uint8_t *reached; /* one for each entry; beyond reached_count none is */
	uint32_t reached_count;
};

struct graph {
	struct hash city;
	struct graph_entry *entries;
	uint32_t count;
	uint32_t capacity;
	uint32_t committed;
	uint32_t *parents; /* indices, of all entries one after the other */
	uint32_t parents_count;
	uint32_t parents_capacity;
	uint32_t *slots;      /* open addressing on the id; index + 1, 0 for free */
	uint32_t slots_count; /* a power of two */
	bool linear;          /* every entry builds on exactly the one before it */
	bool regular;         /* every entry counts */
	struct hash_set heads;
	struct hash_set told; /* heads, and what a cut-off names that counts not and that no counting one builds on */
	struct hash_set tips;
	struct cut *cuts;
	size_t cuts_count;
	bool cut_grew;
	uint32_t *stack; /* for walks that have to leave marks behind */
	uint32_t stack_capacity;
};

#endif
