/* The coded facts of one statement: what is compared, filtered and counted, in numbers. Texts stay in the store.
 * City ids and codes are numbers of one table of names. Pure; knows proto, bundle.h and names.h. DOMAIN, "Matching". */
#ifndef TWINLOG_FACTS_H
#define TWINLOG_FACTS_H

#include "bundle.h"
#include "edtf.h"
#include "names.h"
#include "record.pb-c.h"

struct facts {
	uint64_t participants; /* total */
	struct edtf start;     /* of an agreement: established; EDTF_NONE when absent */
	struct edtf end;       /* EDTF_NONE when absent */
	uint32_t word;         /* whose facts they are: statements_word */
	uint32_t form;         /* numbers of names; NAME_NONE: absent */
	uint32_t mode;
	uint32_t status; /* of an activity never absent: held when nothing is said */
	uint32_t direction;
	uint32_t relation;
	uint32_t subdivision; /* of a city record */
	uint8_t kind;         /* RecordKind */
	uint8_t cities_count; /* ids[0 … cities_count) */
	uint8_t named_count;  /* the first of them: those of the envelope, observers left out; sorted by text */
	uint8_t fields_count; /* ids[cities_count … cities_count + fields_count), each once */
	bool values;          /* false for an erased or void body: only the cities of the envelope are known */
	bool has_participants;
	bool planned; /* status of an activity */
	bool held;
	uint32_t ids[]; /* cities, then fields */
};

/* Bytes of facts with so many ids, rounded up to 8. */
size_t facts_size(size_t ids);
#define FACTS_IDS_MAX (2 * TWINLOG_RECORD_CITIES_MAX + TWINLOG_LIST_MAX)
#define FACTS_MAX     (sizeof(struct facts) + FACTS_IDS_MAX * sizeof(uint32_t))

/* The facts of a statement. body is NULL for one that is erased or void. *facts has room for FACTS_MAX bytes and is
 * filled; its word stays as it is. NO_MEMORY, from the names. */
enum twinlog_error facts_build(struct names *names, const struct leaf *leaf, const Twinlog__Body *body,
			       struct facts *facts) TWINLOG_MUST_CHECK;

/* Coded fields, as bits of a set. */
#define FACT_CITIES       (1u << 0)
#define FACT_START        (1u << 1) /* of an agreement: established */
#define FACT_END          (1u << 2)
#define FACT_FIELDS       (1u << 3)
#define FACT_FORM         (1u << 4)
#define FACT_DIRECTION    (1u << 5)
#define FACT_MODE         (1u << 6)
#define FACT_PARTICIPANTS (1u << 7)
#define FACT_STATUS       (1u << 8)
#define FACT_RELATION     (1u << 9)
#define FACT_COUNT        10u

/* The fields in which two statements on one record differ. Symmetric. *ret_pending (may be NULL): those where one is
 * merely not yet updated; they are not among the differing. */
uint32_t facts_compare(const struct facts *a, const struct facts *b, uint32_t *ret_pending);

/* Days from the first to the last of [start, end], ~ applied: at least 1; UINT32_MAX without a date. */
uint32_t facts_days(const struct facts *facts);
bool facts_has_city(const struct facts *facts, uint32_t city);
bool facts_names(const struct facts *facts, uint32_t city); /* and not as an observer */

/* For equality of bodies. */
uint64_t facts_body_hash(const void *body, size_t size);

#endif
