/* Records that are one thing in the world: a city may publish its own statement of a record in another space, under the
 * record's token. The records with one token in the spaces asked form one group, which counts once and is compared as
 * one record. Of one space a group takes one record at most, that of the lowest handle, so within one space nothing is
 * ever grouped and a member that copies a token hides nothing there. Pure, and a function of the sets of counting
 * leaves and of acts. Knows record_state.h. DOMAIN, "Publishing further". */
#ifndef TWINLOG_GROUP_H
#define TWINLOG_GROUP_H

#include "record_state.h"

struct group_space {
	const struct statements *statements;
	const struct acts *acts;
};
struct group_record {
	uint64_t token;
	uint32_t space;  /* index of the spaces asked */
	uint32_t record; /* statements_record */
};

/* The first half of the record's token: of its opener's current statement, else of the greatest current statement that
 * has one; 0: none. */
uint64_t record_token(const struct statements *statements, const struct record *record);

/* The groups of two records and more among those spaces; each in order of handle: its first record stands for all. */
struct groups;
enum twinlog_error groups_new(const struct group_space *spaces, size_t count,
			      struct groups **ret_groups) TWINLOG_MUST_CHECK; /* TOO_MANY, NO_MEMORY */
/* Likewise among these records alone, in any order, each of them once; their tokens are not looked at. Whoever leaves
 * out only records that share their token with none gets the same groups. */
enum twinlog_error groups_among(const struct group_space *spaces, const struct group_record *records, size_t count,
				struct groups **ret_groups) TWINLOG_MUST_CHECK;
void groups_free(struct groups *groups); /* accepts NULL */
size_t groups_count(const struct groups *groups);
const struct group_record *groups_at(const struct groups *groups, size_t index, size_t *ret_count);
/* The group of a record; NULL when it stands alone. */
const struct group_record *groups_find(const struct groups *groups, uint32_t space, uint32_t record, size_t *ret_count);
/* Whether the record counts: it stands alone or for its group. */
bool groups_counts(const struct groups *groups, uint32_t space, uint32_t record);

/* A group judged as one record: each city's latest word on any of its records, a party of one being a party of all.
 * judged.lead is a word on the record judged.sides[…].part tells; judged.names is of the first record. */
struct group_judgement {
	struct judgement judged;
	uint32_t lead_part; /* which record of the group the lead is on */
	struct names *names;
	struct arena *arena; /* translated facts */
};
void group_judgement_init(struct group_judgement *group);
void group_judgement_free(struct group_judgement *group);
/* NO_MEMORY. group was made by group_judgement_init and may be used again. */
enum twinlog_error group_judge(const struct group_space *spaces, const struct group_record *records, size_t count,
			       const struct hash *self, struct group_judgement *group) TWINLOG_MUST_CHECK;

#endif
