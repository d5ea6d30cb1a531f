/* twinlog-verify: what a proof says, checked by itself. Knows proto, seal and the pure core; no daemon, no store, no
 * line.
 *
 *     file --proof_read--> acts, erasures, positions, then bundles as they pass by --proof_judge--> findings
 *
 * A finding is something that a sound file cannot have. Each kind has a verdict of its own, and an exit code. */
#ifndef TWINLOG_PROOF_H
#define TWINLOG_PROOF_H

#include <stdio.h>

#include "acts.h"
#include "card.h"
#include "carry.pb-c.h"
#include "counting.h"
#include "erasures.h"

/* In order of weight: the first that was found is the exit code. Text for people. */
#define VERDICTS(X)                                                                                                    \
	X(FORM, 10, "cut_short", "not a proof, or cut short")                                                          \
	X(ALTERED, 11, "altered", "bytes that do not fit their hash or signature")                                     \
	X(FOREIGN, 12, "foreign", "objects that nobody who belongs has signed")                                        \
	X(MISSING, 13, "missing", "objects that build on others that are not in the file")                             \
	X(TRUNCATED, 14, "truncated",                                                                                  \
	  "newest objects are not in the file although members signed that they hold them")                            \
	X(ERASURE, 15, "erasure", "content gone without an erasure, or there in spite of one")                         \
	X(BACKDATED, 16, "backdated", "bundles that claim to be older than what they build on")                        \
	X(CARD, 17, "card", "cards that are of no member")                                                             \
	X(DIGEST, 18, "digest", "not what the writer signed that it held")

enum verdict {
#define VERDICT_ENUM(name, code, id, text) VERDICT_##name,
	VERDICTS(VERDICT_ENUM)
#undef VERDICT_ENUM
	    VERDICT_COUNT
};
int verdict_code(enum verdict verdict);
const char *verdict_id(enum verdict verdict);
const char *verdict_text(enum verdict verdict);

#define FINDING_LINES 20u /* of each verdict; the rest is counted */

struct finding {
	uint64_t count;
	char *lines[FINDING_LINES];
};

/* What has to be remembered of a bundle, beside its place in the graph. */
struct seen {
	struct hash *acts; /* the act heads it names */
	uint32_t acts_count;
	uint64_t least_ms; /* no bundle or act that it builds on is newer by its own clock */
};

struct proof_city {
	struct graph *graph;
	struct seen *seen; /* beside the graph's entries */
	size_t capacity;
	uint64_t leaves, erased;
	size_t tips;
	uint64_t branches; /* bundles that do not build on the one before: a restored or second machine */
	uint64_t newest_ms;
};

struct proof_space {
	struct acts *acts;
	struct erasures *erasures;
	struct proof_city *cities;
	size_t cities_count;
	uint64_t positions;
	const Twinlog__CarriedSpace *told; /* what the writer signed; NULL: nothing */
};

struct leaf_time { /* of leaves that answers may name */
	struct hash leaf;
	uint64_t clock_ms;
};

struct proof {
	struct arena *arena; /* head and what lives as long as the proof */
	const Twinlog__CarriedHead *head;
	const Twinlog__SignedCarriedHead *signed_head;
	struct card **cards; /* in the file */
	size_t cards_count;
	struct card **known; /* given by the auditor */
	size_t known_count;
	struct proof_space *spaces;
	size_t spaces_count;
	struct leaf_time *leaves; /* open addressing; a zero hash is a free place */
	size_t leaves_size, leaves_count;
	uint64_t bundles;
	struct finding findings[VERDICT_COUNT];
};

/* The head, acts, erasures and cards, then the bundles, then the positions: three passes over the file, so that memory
 * grows with the number of entries and not with their size. Errors: IO, NO_MEMORY; what is wrong in it is a finding. */
enum twinlog_error proof_read(struct proof *proof, FILE *file) TWINLOG_MUST_CHECK;
/* What only the whole can tell: cut-offs, digests, cards. */
enum twinlog_error proof_judge(struct proof *proof) TWINLOG_MUST_CHECK;
void proof_free(struct proof *proof);

/* check.c: one object each; only NO_MEMORY is returned. number: its place in the file. */
enum twinlog_error check_act(struct proof *proof, ProtobufCBinaryData bytes, uint64_t number) TWINLOG_MUST_CHECK;
enum twinlog_error check_erasure(struct proof *proof, ProtobufCBinaryData bytes, uint64_t number) TWINLOG_MUST_CHECK;
enum twinlog_error check_bundle(struct proof *proof, ProtobufCBinaryData bytes, uint64_t number) TWINLOG_MUST_CHECK;
enum twinlog_error check_position(struct proof *proof, ProtobufCBinaryData bytes, uint64_t number) TWINLOG_MUST_CHECK;

struct proof_space *proof_space(const struct proof *proof, const struct hash *id);           /* NULL */
struct proof_city *proof_city(const struct proof_space *space, const struct hash *identity); /* NULL */
const char *proof_name(const struct proof_space *space, const struct hash *identity);        /* a city id */
void proof_found(struct proof *proof, enum verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* report.c */
int report_print(const struct proof *proof, bool json); /* the exit code */

#endif
