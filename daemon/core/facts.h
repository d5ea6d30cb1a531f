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
	uint64_t token;        /* the first half of the record's token; 0: none. group.h */
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
	uint16_t details_count; /* facts_details */
	uint32_t ids[];         /* cities, then fields; then, from the next multiple of 8 bytes on, the details */
};

/* What is counted and never compared: one entry of a list in the body. a and b are names, n a number. */
enum detail_kind {
	DETAIL_EVENTS,       /* n: how many events the record stands for; absent: 1 */
	DETAIL_ACTOR,        /* a: level, b: kind */
	DETAIL_PRIVATE,      /* n: participants from society */
	DETAIL_SIDE,         /* a: city, n: participants it sent */
	DETAIL_COST,         /* a: currency, b: payer, n: minor units */
	DETAIL_TRADE,        /* a: currency, b: "FROM>TO", n: minor units */
	DETAIL_PUBLICITY,    /* a: channel, b: side, n: day since 1970-01-01; INT64_MIN when no day is said */
	DETAIL_FRICTION,     /* a: code */
	DETAIL_AGREEMENT,    /* a: the agreement's handle, 16 bytes */
	DETAIL_RENEWAL,      /* n: last day, since 1970-01-01, without ~ */
	DETAIL_SUPERSEDES,   /* a: the handle, 16 bytes, of an agreement that this one takes the place of */
	DETAIL_QUOTE,        /* a: by, b: relation type, n: name of the date */
	DETAIL_COUNTRY,      /* a; of a city record, as all below */
	DETAIL_LEVEL,        /* a */
	DETAIL_POPULATION,   /* n */
	DETAIL_SUCCEEDED_BY, /* a: city */
	DETAIL_SUCCEEDS,     /* a: city */
	DETAIL_COVERAGE,     /* a: partner or NAME_NONE, b: extent, n: name of from << 32 | name of to */
	DETAIL_SAME_EVENT,   /* of a link; a: the other record's handle, 16 bytes, b: its space or NAME_NONE */
};
struct detail {
	uint64_t kind : 6;
	uint64_t a : 29;
	uint64_t b : 29;
	int64_t n;
};
const struct detail *facts_details(const struct facts *facts);

size_t facts_size(const struct facts *facts); /* bytes, a multiple of 8 */
#define FACTS_IDS_MAX     (2 * TWINLOG_RECORD_CITIES_MAX + TWINLOG_LIST_MAX)
#define FACTS_DETAILS_MAX (8 * TWINLOG_LIST_MAX)
#define FACTS_MAX                                                                                                      \
	(sizeof(struct facts) + (FACTS_IDS_MAX + 1) * sizeof(uint32_t) + FACTS_DETAILS_MAX * sizeof(struct detail))

/* The facts of a statement or link. body is NULL for one that is erased or void. *facts has room for FACTS_MAX bytes
 * and is filled; its word stays as it is. NO_MEMORY, from the names. */
enum twinlog_error facts_build(struct names *names, const struct leaf *leaf, const Twinlog__Body *body,
			       struct facts *facts) TWINLOG_MUST_CHECK;

/* The same facts in the numbers of another table; the details are left out. *out has room for FACTS_MAX bytes. For
 * facts_compare over several spaces. */
enum twinlog_error facts_translate(const struct facts *facts, const struct names *from, struct names *to,
				   struct facts *out) TWINLOG_MUST_CHECK;

/* What stays of them once the body is erased, in place; as facts_build without a body. */
void facts_forget(struct facts *facts);

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

/* Of a body's token; 0 unless it is one of HANDLE_SIZE bytes. They are random, so half of them tell records apart. */
uint64_t facts_token(ProtobufCBinaryData token);

/* For equality of bodies. */
uint64_t facts_body_hash(const void *body, size_t size);

#endif
