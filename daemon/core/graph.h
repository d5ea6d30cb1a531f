/* One city's bundles in one space: a hash graph, normally a chain. Pure; knows bundle.h and hash_set.h. PROTOCOL,
 * "Bundles".
 *
 * Entries stand in order of arrival, which puts parents first, so an ancestor always has the smaller index. Entries up
 * to graph_committed() are durable; only those appear in heads, locators and streams. */
#ifndef TWINLOG_GRAPH_H
#define TWINLOG_GRAPH_H

#include "bundle.h"
#include "hash_set.h"

#define GRAPH_NONE UINT32_MAX

struct graph;

struct graph_entry {
	struct hash id;
	uint64_t sequence; /* in the store; ascending */
	uint64_t number;
	uint64_t clock_ms;
	uint32_t size; /* bytes */
	uint32_t leaves;
	uint32_t parents_at; /* into the graph's list of parents */
	uint32_t acts_ref;   /* the caller's name for the act heads it names */
	uint16_t parents_count;
	uint16_t key; /* the caller's number of the key that verified it */
	bool counts;
	bool covered; /* a counting one, durable, builds on it */
};

enum twinlog_error graph_new(const struct hash *city, struct graph **ret_graph) TWINLOG_MUST_CHECK;
void graph_free(struct graph *graph); /* accepts NULL */
const struct hash *graph_city(const struct graph *graph);

/* DUPLICATE, UNKNOWN_PARENT, MALFORMED (its number does not follow from its parents), NO_MEMORY. */
enum twinlog_error graph_add(struct graph *graph, const struct bundle *bundle, uint64_t sequence, bool counts,
			     uint16_t key, uint32_t acts_ref) TWINLOG_MUST_CHECK;
/* Whether the newest entry, not yet committed, counts: known only once it stands in the graph. */
void graph_set_counts(struct graph *graph, uint32_t index, bool counts);
/* The next entry is durable: it enters the heads. */
enum twinlog_error graph_commit(struct graph *graph) TWINLOG_MUST_CHECK;

uint32_t graph_count(const struct graph *graph);
uint32_t graph_committed(const struct graph *graph);
const struct graph_entry *graph_at(const struct graph *graph, uint32_t index);
uint32_t graph_find(const struct graph *graph, const struct hash *id);      /* GRAPH_NONE */
uint32_t graph_find_sequence(const struct graph *graph, uint64_t sequence); /* GRAPH_NONE */
/* index of a parent of an entry */
uint32_t graph_parent(const struct graph *graph, const struct graph_entry *entry, uint32_t which);

/* Counting entries that no counting entry builds on. */
const struct hash_set *graph_heads(const struct graph *graph);
/* The same, and the entries that a cut-off names as its heads, that do not count and that no counting entry builds on:
 * what they build on may count by them alone, so they are told and sent as well. None where nothing counts. */
const struct hash_set *graph_told(const struct graph *graph);
/* Entries that no entry builds on, counting or not. What the city's next bundle names as parents. */
const struct hash_set *graph_tips(const struct graph *graph);
uint64_t graph_next_number(const struct graph *graph, const struct hash *parents, size_t count);

/* A cut-off by its number: heads (copied) that may arrive later than this; those of before are replaced. Marks what
 * they reach, each entry once. */
enum twinlog_error graph_cut_set(struct graph *graph, size_t cut, const struct hash *heads,
				 size_t count) TWINLOG_MUST_CHECK;
/* Whether a head of that cut-off is the entry or builds on it; false when it was never set. */
bool graph_cut_reaches(const struct graph *graph, size_t cut, uint32_t index);
/* Whether the entry added last is a head of a cut-off, so that it made what it builds on reached. */
bool graph_cut_grew(const struct graph *graph);

/* Whether a head (one of those known here) is the entry or builds on it. */
bool graph_reached(const struct graph *graph, uint32_t index, const struct hash *heads, size_t count);

/* Heads, then entries at growing distances: enough for another copy to find what both hold. At most max. */
size_t graph_locator(const struct graph *graph, struct hash *ret_ids, size_t max);

/* What the counting heads reach and `have` does not; costs time in proportion to the answer (for a chain) and visits
 * newest first. Stops when visit answers false. */
void graph_beyond(const struct graph *graph, const struct hash *have, size_t have_count,
		  bool (*visit)(void *context, uint32_t index), void *context);

/* The same of what graph_told() reaches: what another copy needs to count as this one does. */
void graph_lacking(const struct graph *graph, const struct hash *have, size_t have_count,
		   bool (*visit)(void *context, uint32_t index), void *context);

/* Decides anew which entries count; changed is called for each that flips. */
enum twinlog_error graph_recount(struct graph *graph, bool (*counts)(void *context, uint32_t index),
				 void (*changed)(void *context, uint32_t index), void *context) TWINLOG_MUST_CHECK;

#endif
