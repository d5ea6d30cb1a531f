/* What follows from the statements on one record: who its parties are, where each city stands, the record's state, in
 * what they differ, what counts once. Pure, and a function of the set of counting leaves and of the acts, whatever the
 * order they came in. Knows acts.h and statements.h. DOMAIN, "Record and statement". */
#ifndef TWINLOG_RECORD_STATE_H
#define TWINLOG_RECORD_STATE_H

#include "acts.h"
#include "control.pb-c.h"
#include "statements.h"

#define RECORD_SIDES_INLINE 8u

/* A city's word on a record. Pointers lead into statements and acts. */
struct side {
	const struct member *member;
	const struct word *word;   /* its current word that stands for all; NULL: none */
	const struct word *means;  /* the statement whose values it gives: its own, or the one it confirms; or NULL */
	const struct facts *facts; /* of that; NULL when erased, void or not here */
	uint32_t part;             /* of group_judge: which record of the group the word is on; else 0 */
	uint8_t standing;          /* Twinlog__Standing */
	uint8_t rank;              /* order of sides: parties first, the opener before all */
	bool opener;
	bool party;
	bool spoken;   /* the word is a sound word of its own city, no report */
	bool conflict; /* has several current words that are not equal */
	bool outdated; /* confirms a version that its author has changed since */
};

struct judgement {
	uint8_t state;            /* Twinlog__RecordState; STATE_NONE: no word counts */
	bool waiting;             /* this city's answer is waited for */
	uint32_t differing;       /* FACT_…: in which two parties differ */
	uint32_t pending;         /* FACT_…: in which one is not yet updated */
	const struct word *names; /* the opener's version that names the cities; NULL when it is not here */
	const struct word *lead;  /* the lead statement; NULL: nobody gives values */
	struct side *sides;       /* by rank, then by city id */
	size_t sides_count;
	size_t sides_capacity;
	struct side room[RECORD_SIDES_INLINE];
};
void judgement_init(struct judgement *judgement);
void judgement_free(struct judgement *judgement); /* only what was allocated for more than RECORD_SIDES_INLINE sides */

/* Judges a record anew; self is the identity of this city. judgement was made by judgement_init and may be used again
 * and again. NO_MEMORY. */
enum twinlog_error record_judge(const struct statements *statements, const struct acts *acts, const struct hash *self,
				const struct record *record, struct judgement *judgement) TWINLOG_MUST_CHECK;

/* What follows from the sides alone: in what parties differ, the state, the lead. Sides stand in their order, with
 * facts in the numbers of one table. shown: a word on it counts. */
void judgement_conclude(struct judgement *judgement, bool shown);
/* A new side of judgement for that member, or the one it has. NO_MEMORY. */
enum twinlog_error judgement_side(struct judgement *judgement, const struct member *member,
				  struct side **ret_side) TWINLOG_MUST_CHECK;

/* What lists need of each record, remembered until a leaf on it or the members change. Several may ask at once. */
struct record_summary {
	uint8_t state;
	bool waiting;
	uint32_t facts_at;         /* number of these: statements_facts_at; FACTS_NONE */
	const struct facts *facts; /* of the lead; else of the opener's version, which may lack values; or NULL */
};
enum twinlog_error record_summarize(const struct statements *statements, const struct acts *acts,
				    const struct hash *self, size_t record,
				    struct record_summary *ret_summary) TWINLOG_MUST_CHECK;

/* The cities named (observers too) that are not in this space, as numbers of names; at most max. */
size_t record_elsewhere(const struct statements *statements, const struct acts *acts, const struct judgement *judgement,
			uint32_t *ret_cities, size_t max);

#endif
