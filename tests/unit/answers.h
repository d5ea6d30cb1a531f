/* Watches what the second of a duo asks the first for, and what it gets, part by part. Header only; include after
 * cmocka.h. */
#ifndef TWINLOG_TEST_ANSWERS_H
#define TWINLOG_TEST_ANSWERS_H

#include "duo.h"

/* What the second asks the first for, and what it gets. */
struct seen {
	struct hash space;
	size_t questions, replies, after, wants, wants_after, more, last;
	size_t answer, acts_answer, greatest_answer; /* bytes since the last question, and the most of them */
	size_t held_at_release; /* erasures of the second when it was first seen to withhold nothing */
};

static inline const struct space *space_at(const struct duo *duo, unsigned at, const struct hash *id)
{
	return node_space_find(duo->cities[at].node, id);
}

static inline size_t erasures_held(const struct duo *duo, unsigned at, const struct hash *id)
{
	return erasures_count(space_erasures(space_at(duo, at, id)));
}

static inline void watch(struct duo *duo, unsigned at, const Twinlog__PeerMessage *message)
{
	struct seen *seen = duo->watching;
	const struct space *space = space_at(duo, 1, &seen->space);
	if (at == 0 && message->body_case == TWINLOG__PEER_MESSAGE__BODY_ERASURE_BUCKETS) {
		const bool after = message->erasure_buckets->after.len > 0;
		seen->questions++;
		seen->after += after;
		seen->replies += message->erasure_buckets->reply;
		assert_false(after && message->erasure_buckets->reply);
		seen->answer = after ? 0 : seen->answer;
	}
	if (at == 0 && message->body_case == TWINLOG__PEER_MESSAGE__BODY_WANT && message->want->city.len == 0) {
		seen->wants++;
		seen->wants_after += message->want->after.len > 0;
		seen->acts_answer = 0;
	}
	if (at == 1 && message->body_case == TWINLOG__PEER_MESSAGE__BODY_ERASURES) {
		size_t bytes = 0;
		for (size_t i = 0; i < message->erasures->n_erasures; i++)
			bytes += message->erasures->erasures[i].len;
		assert_true(bytes <= TWINLOG_PART_MAX);
		seen->answer += bytes;
		seen->more += message->erasures->more;
		seen->last += message->erasures->last;
	}
	if (at == 1 && message->body_case == TWINLOG__PEER_MESSAGE__BODY_ACTS) {
		for (size_t i = 0; i < message->acts->n_acts; i++)
			seen->acts_answer += message->acts->acts[i].len;
		seen->more += message->acts->more;
	}
	const size_t answer = seen->answer > seen->acts_answer ? seen->answer : seen->acts_answer;
	seen->greatest_answer = answer > seen->greatest_answer ? answer : seen->greatest_answer;
	if (message->body_case == TWINLOG__PEER_MESSAGE__BODY_ERASURES &&
	    (message->erasures->more || message->erasures->last))
		seen->answer = 0;
	if (space && !space_withheld(space) && !seen->held_at_release)
		seen->held_at_release = erasures_held(duo, 1, &seen->space);
}

static inline void watch_begin(struct duo *duo, struct seen *seen, const struct hash *space)
{
	*seen = (struct seen){.space = *space};
	duo->watch = watch;
	duo->watching = seen;
}

#endif
