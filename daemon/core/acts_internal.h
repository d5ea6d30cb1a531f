/* Shared by acts.c (the graph) and acts_state.c (what follows from it). Nobody else includes this. */
#ifndef TWINLOG_ACTS_INTERNAL_H
#define TWINLOG_ACTS_INTERNAL_H

#include "acts.h"

/* A set of acts as bits, one for each act in order of arrival. Ancestors always have the smaller index. */
struct act_set {
	uint64_t *words;
	size_t words_count;
};

static inline bool act_set_has(const struct act_set *set, size_t index)
{
	return index / 64 < set->words_count && (set->words[index / 64] >> (index % 64) & 1) != 0;
}

struct act_entry {
	struct act *act;
	struct act_set ancestors; /* without itself */
	struct seal_public key;   /* what verified the signature */
	struct hash *named;       /* identities of the members it names, in its order */
	bool valid;               /* had the right to it, and no key change cuts it off */
};

struct acts {
	struct act_entry *entries;
	size_t count;
	size_t capacity;
	struct hash *heads; /* sorted */
	size_t heads_count;
	struct member *members; /* sorted by identity */
	size_t members_count;
	size_t members_capacity;
	ProtobufCBinaryData title;
	/* The last closure asked for: bundles come in long runs that name the same act heads. */
	struct {
		struct hash heads[TWINLOG_PARENTS_MAX];
		size_t heads_count;
		struct act_set set;
	} closure;
	struct hash *cutoff; /* what acts_cuts_off answered last */
	size_t cutoff_capacity;
};

/* Index of an act, or SIZE_MAX. */
size_t acts_index(const struct acts *acts, const struct hash *id);
/* The acts that these heads reach, heads included; NULL when one of them is not here (or memory is out). */
const struct act_set *acts_closure(const struct acts *acts, const struct hash *heads, size_t count);
/* Computes validity, members and title anew from the whole set. */
enum twinlog_error acts_evaluate(struct acts *acts) TWINLOG_MUST_CHECK;
/* Standing of a member under a part of the acts (NULL: all). *ret_reader and *ret_from (index of the act that gave it)
 * may be NULL. */
enum standing acts_standing(const struct acts *acts, const struct hash *identity, const struct act_set *within,
			    bool *ret_reader, size_t *ret_from);
/* Whether it is a steward under a part of the acts (NULL: all), and how many there are. */
bool acts_steward_under(const struct acts *acts, const struct hash *identity, const struct act_set *within);
size_t acts_stewards_under(const struct acts *acts, const struct act_set *within);

#endif
