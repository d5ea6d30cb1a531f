/* The feed of changes of one space: what happened to its records, by the sequence numbers under which the store has
 * bundles, erasures and acts. These stand after a restart as they stood before it, so a number is a place to go on
 * from, and nothing has to be kept for those who follow. Knows core.
 *
 *     event        one sequence number: its places, in order, each of which may lead to a record
 *       words      what a bundle brought
 *       erasure    of one leaf
 *       earlier    at an act: erasures by stewards before it, which an act may put into effect at any time; told at
 *                  the last one alone, yet each has its place at all, so that no place moves when an act comes
 *       records    at a turn: all there are, of which those count that it may have changed
 */
#ifndef TWINLOG_CHANGES_H
#define TWINLOG_CHANGES_H

#include "node.h"

#define CHANGES_NONE UINT32_MAX

struct changes_event {
	const struct space *space;
	uint64_t sequence;
	uint32_t words;
	const struct erasure *erasure; /* NULL: none */
	size_t earlier;
	bool last_act;           /* earlier ones, if any, are told here */
	const struct turn *turn; /* NULL: none */
};

/* The first sequence number from one on at which something happened; UINT64_MAX: none. What is not durable yet may be
 * among them: nothing past node_commit is to be looked at. */
uint64_t changes_from(const struct space *space, uint64_t sequence);
/* The last one up to a number; 0: none. */
uint64_t changes_last(const struct space *space, uint64_t upto);
/* What happened there; false: nothing. */
bool changes_event(const struct space *space, uint64_t sequence, struct changes_event *ret_event);
/* How many places it has. */
uint64_t changes_places(const struct changes_event *event);
/* The place that is looked at next, from one on: those that tell nothing at once are passed over. */
uint64_t changes_place(const struct changes_event *event, uint64_t place);
/* The record that a place leads to: CHANGES_NONE when it is not touched, or when a later event tells it anyway. */
uint32_t changes_record(const struct changes_event *event, uint64_t place);
/* A name of the event: of what the store holds there. */
const struct hash *changes_name(const struct changes_event *event);

#endif
