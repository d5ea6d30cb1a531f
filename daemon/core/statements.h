/* What a space says of each record: the statements of each city, which are current, and what follows from them.
 * One index for each space, fed with bundles after they are committed, in any order that puts parents first; the
 * answer depends on the set only. Pure; knows proto, bundle.h, facts.h. PROTOCOL, "Statements".
 *
 * Memory only: it holds facts (coded values) of each statement, never texts. Rebuilt at start from the store.
 *
 *     record --first_word--> word --next--> word --next--> …   in order of arrival
 *                             |  replaces: leaf names, which may not be here yet
 *                             +- facts:    of a statement
 *
 * Pointers to records and words are valid until the next statements_apply; facts stay where they are. */
#ifndef TWINLOG_STATEMENTS_H
#define TWINLOG_STATEMENTS_H

#include "bundle.h"
#include "facts.h"

#define WORD_END   UINT32_MAX /* no word */
#define FACTS_NONE UINT32_MAX /* no facts */

struct statements;

/* A city has one lane of words and one of links; what a newer version says is in neither and only shown. */
enum lane { LANE_WORD, LANE_LINK, LANE_OTHER };

/* One leaf on a record. */
struct word {
	struct hash leaf;
	uint64_t bundle; /* sequence number of the bundle in the store */
	uint64_t version;
	uint64_t clock_ms;
	uint64_t body;     /* facts_body_hash; 0 once erased */
	uint32_t facts;    /* statements_facts */
	uint32_t record;   /* statements_record */
	uint32_t next;     /* of the same record, in order of arrival; WORD_END: last */
	uint32_t refs;     /* where the leaves it names begin: statements_answers, statements_replaces */
	uint32_t replaced; /* counting leaves of its city on its record that replace it */
	uint32_t echoes;   /* places in which it stands when it stands in several bundles; WORD_END: only here */
	uint16_t city;     /* statements_city */
	uint16_t index;    /* the leaf's place in its bundle */
	uint8_t replaces;  /* how many leaves it replaces */
	uint8_t void_rule; /* enum body_rule; 0: sound */
	uint8_t operation;
	bool report : 1;
	bool counts : 1;
	bool erased : 1;
	bool has_answers : 1;
};

struct record {
	struct handle handle;
	union {
		uint8_t id[HANDLE_SIZE]; /* of activities, agreements */
		uint32_t name;           /* of a city record: statements_name */
	};
	uint64_t changed;    /* sequence number of the last counting bundle that touched it */
	uint64_t changed_ms; /* greatest clock of its counting words: the same at every member */
	uint32_t first_word;
	uint32_t last_word;
	uint32_t opener; /* statements_opener */
	uint8_t kind;
	bool shown; /* a word on it counts; else there is nothing to show */
	bool stale; /* until statements_settle */
};

enum twinlog_error statements_new(const struct hash *space, struct statements **ret) TWINLOG_MUST_CHECK;
void statements_free(struct statements *statements); /* accepts NULL */

/* Takes in a committed bundle; sequence is greater than of any before. bundle is only read. NO_MEMORY leaves the index
 * unusable; TOO_MANY when the space has outgrown it. */
enum twinlog_error statements_apply(struct statements *statements, const struct bundle *bundle, uint64_t sequence,
				    bool counts) TWINLOG_MUST_CHECK;
/* A late cut-off: the bundle now counts or no longer does. Any number of them, then statements_settle, before anything
 * is asked: each record is reckoned anew once. */
void statements_recount(struct statements *statements, uint64_t sequence, bool counts);
void statements_settle(struct statements *statements);
/* Who belongs has changed: every record is judged anew when next asked for. */
void statements_members_changed(struct statements *statements);

/* The content of a leaf is gone: its facts go too. A leaf that is not here is no fault. */
void statements_erase(struct statements *statements, const struct hash *leaf);
/* Each place of the leaf of this city, also in bundles that do not count: sequence number of the bundle, and index. */
void statements_places(const struct statements *statements, const struct hash *city, const struct hash *leaf,
		       void (*visit)(void *context, uint64_t sequence, uint32_t index), void *context);

bool statements_has_bundle(const struct statements *statements, uint64_t sequence);
/* The sequence numbers of its bundles, in order: the first one from a number on (UINT64_MAX: none), and the last (0).
 */
uint64_t statements_bundle_from(const struct statements *statements, uint64_t sequence);
uint64_t statements_bundle_last(const struct statements *statements);
/* How many words a bundle brought here, leaves that stood in another bundle before among them; 0: it is not here. The
 * word is that of the place, at most that many. */
uint32_t statements_bundle_words(const struct statements *statements, uint64_t sequence);
const struct word *statements_bundle_word(const struct statements *statements, uint64_t sequence, uint32_t place);
/* The word of a leaf, on whatever record; NULL when it is not here. */
const struct word *statements_find_leaf(const struct statements *statements, const struct hash *leaf);
/* The word of a leaf by its place: sequence number of a bundle, and index; NULL when there is none here. */
const struct word *statements_placed(const struct statements *statements, uint64_t sequence, uint32_t index);

const struct hash *statements_space(const struct statements *statements);
size_t statements_records(const struct statements *statements);
size_t statements_leaves(const struct statements *statements);
size_t statements_shown(const struct statements *statements); /* records with a counting word */
const struct record *statements_record(const struct statements *statements, size_t index); /* in order of arrival */
size_t statements_index(const struct statements *statements, const struct record *record);
const struct record *statements_find(const struct statements *statements, const struct handle *handle); /* NULL */
/* The opener's identity; zero for a city record. */
const struct hash *statements_opener(const struct statements *statements, const struct record *record);
/* What the record's identity holds: 16 bytes, or the city id of a city record. Envelope.record. */
const void *statements_name(const struct statements *statements, const struct record *record, size_t *ret_size);

const struct word *statements_word(const struct statements *statements, uint32_t word); /* WORD_END: NULL */
uint32_t statements_number(const struct statements *statements, const struct word *word);
const struct hash *statements_city(const struct statements *statements, uint16_t city);
size_t statements_cities(const struct statements *statements);
/* Every word that is a link, in order of arrival: few, so that whoever counts events looks at these alone. */
const uint32_t *statements_links(const struct statements *statements, size_t *ret_count);
/* NULL unless a statement or a link. values is false for one that is erased or void. */
const struct facts *statements_facts(const struct statements *statements, const struct word *word);
const struct facts *statements_facts_at(const struct statements *statements, uint32_t facts); /* of word->facts */
/* The leaf it answers, NULL for none; and the word of that leaf, NULL when it is not here. */
const struct hash *statements_answers(const struct statements *statements, const struct word *word);
const struct word *statements_answered(const struct statements *statements, const struct word *word);
const struct hash *statements_replaces(const struct statements *statements, const struct word *word, size_t index);
/* NULL when not on this record. */
const struct word *statements_leaf(const struct statements *statements, const struct record *record,
				   const struct hash *leaf);

/* Counts, and no counting leaf of its city on the record replaces it. */
static inline bool word_is_current(const struct word *word)
{
	return word->counts && word->replaced == 0;
}
enum lane word_lane(const struct word *word);
/* Which of two current words of a city stands in for both: > 0 when a does. PROTOCOL: the greatest by (version, header
 * clock, leaf hash). */
int word_order(const struct word *a, const struct word *b);

/* The current words of one city on a record: what its next version has to replace. link: the lane of links, else
 * the lane of words. At most max, in descending word_order: the one that stands in for all comes first. Returns how
 * many there are. */
size_t statements_current(const struct statements *statements, const struct record *record, const struct hash *city,
			  bool link, const struct word **ret_words, size_t max);

/* Numbers of city ids and codes in facts. */
const struct names *statements_names(const struct statements *statements);

/* Which records changed since they were last taken, each once, in no order: what a view beside this has to look at
 * anew. Whoever takes is the only one to do so at a time, while nothing is applied. */
bool statements_has_changed(const struct statements *statements);
bool statements_take_changed(const struct statements *statements, uint32_t *ret_record);

/* Grows whenever something changes on which what is said of other records may stand: a word on a city or an agreement,
 * facts that are erased, a bundle that comes to count or no longer does. Who reckons for long sees by it whether the
 * ground is still the same. */
uint64_t statements_ground(const struct statements *statements);

/* What record_state.c worked out for a record, 0 when it has to be done anew; kept from one asking to the next, also by
 * several readers at once, once the record was taken as changed. The highest bit has to be set. */
#define SUMMARY_MADE (1ull << 63)
uint64_t statements_summary(const struct statements *statements, size_t record);
void statements_keep_summary(const struct statements *statements, size_t record, uint64_t summary);

#endif
