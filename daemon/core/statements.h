/* What a space says of each record: the statements of each city, which are current, and what follows from them.
 * One index for each space, fed with bundles after they are committed, in any order that puts parents first; the
 * answer depends on the set only. Pure; knows proto, bundle.h and acts.h. PROTOCOL, "Statements".
 *
 * Memory only: it holds facts (coded values) of each leaf, never texts. Rebuilt at start from the store. */
#ifndef TWINLOG_STATEMENTS_H
#define TWINLOG_STATEMENTS_H

#include "acts.h"
#include "bundle.h"
#include "facts.h"

struct statements;

/* One leaf on a record. */
struct word {
	struct hash leaf;
	uint64_t bundle; /* sequence number of the bundle in the store */
	uint64_t version;
	uint64_t clock_ms;
	struct hash answers; /* zero: none */
	struct facts *facts; /* NULL unless a statement with a sound body */
	uint32_t next;       /* of the same record, in order of arrival; UINT32_MAX: last */
	uint32_t index;      /* the leaf's place in its bundle */
	uint16_t city;       /* statements_city() */
	uint16_t void_rule;  /* enum body_rule; 0: sound */
	uint8_t operation;
	bool report;
	bool counts;
	bool erased;
	bool current; /* counts, and no counting leaf of its city replaces it */
};

struct record {
	struct handle handle;
	struct hash opener; /* zero for a city record */
	uint8_t kind;
	uint8_t state; /* enum record_state as of the last evaluation; statements_evaluate */
	uint32_t first_word;
	uint32_t last_word;
	uint64_t changed; /* sequence number of the last bundle that touched it */
	uint64_t changed_ms;
	char name[TWINLOG_CITY_ID_MAX + 1]; /* of a city record; else empty */
	uint8_t id[HANDLE_SIZE];            /* of other records */
};

enum twinlog_error statements_new(const struct hash *space, struct statements **ret) TWINLOG_MUST_CHECK;
void statements_free(struct statements *statements); /* accepts NULL */

/* Takes in a committed bundle. bundle is only read. */
enum twinlog_error statements_apply(struct statements *statements, const struct bundle *bundle, uint64_t sequence,
				    bool counts) TWINLOG_MUST_CHECK;
/* A late cut-off: the bundle now counts or no longer does. */
void statements_recount(struct statements *statements, uint64_t sequence, bool counts);
/* Who belongs has changed: every record is evaluated anew when next asked for. */
void statements_members_changed(struct statements *statements);

size_t statements_records(const struct statements *statements);
const struct record *statements_record(const struct statements *statements, size_t index); /* in order of opening */
const struct record *statements_find(const struct statements *statements, const struct handle *handle);
const struct word *statements_word(const struct statements *statements, uint32_t word); /* UINT32_MAX: NULL */
const struct hash *statements_city(const struct statements *statements, uint16_t city);
const struct word *statements_leaf(const struct statements *statements, const struct record *record,
				   const struct hash *leaf); /* NULL when not on this record */

/* The current words of one city on a record: what its next version has to replace. link: the lane of links, else
 * the lane of words. At most max; the one that stands in for all comes first (greatest by version, clock, hash). */
size_t statements_current(const struct statements *statements, const struct record *record, const struct hash *city,
			  bool link, const struct word **ret_words, size_t max);

#endif
