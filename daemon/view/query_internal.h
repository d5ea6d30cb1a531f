/* Shared by the files that answer requests. */
#ifndef TWINLOG_QUERY_INTERNAL_H
#define TWINLOG_QUERY_INTERNAL_H

#include "query.h"
#include "record_state.h"

/* One request being answered. */
struct query {
	const struct node *node;
	struct hash self;               /* identity of this city */
	struct store_read *const *read; /* the transaction of this slice; NULL: none, as in tests */
	const struct query_extra *extra;
	struct arena *arena;
	Twinlog__Reply *reply;
};

/* A message in the arena, a copy of its INIT; NULL past the cap. */
#define QUERY_NEW(query, type, init) ((type *)arena_copy((query)->arena, &(type)init, sizeof(type)))
/* What a full arena means to the client. */
#define QUERY_FULL                   TWINLOG_TOO_LARGE

/* Whether whoever asks may know of the space: nothing is told of any other, by no answer, count or fault. */
static inline bool query_sees(const struct query *query, const struct space *space)
{
	return scope_has(query->extra ? query->extra->scope : NULL, acts_space(space_acts(space)));
}

/* Whether whoever asks may know of some spaces alone: then nor of what adds up over all. */
static inline bool query_limited(const struct query *query)
{
	return query->extra && query->extra->scope && query->extra->scope->count > 0;
}

/* For leaves_body; NULL without a view. */
static inline struct leaves *query_leaves(const struct query *query)
{
	return query->extra && query->extra->view ? view_leaves(query->extra->view) : NULL;
}
/* The body of a word, as the store has it; empty once erased. */
enum twinlog_error query_body(const struct query *query, const struct word *word,
			      ProtobufCBinaryData *ret_body) TWINLOG_MUST_CHECK;
/* Puts the fault into the reply and returns code. */
enum twinlog_error query_fault(const struct query *query, enum twinlog_error code, const char *where,
			       ProtobufCBinaryData value) TWINLOG_MUST_CHECK;
ProtobufCBinaryData query_text(const struct query *query, const char *text); /* a copy; empty past the cap */
/* A space this city holds, by its id as sent; NOT_FOUND. */
enum twinlog_error query_space(const struct query *query, ProtobufCBinaryData id,
			       const struct space **ret_space) TWINLOG_MUST_CHECK;
/* Whether the request may be answered from the state at hand. */
enum twinlog_error query_at_least(const struct query *query, uint64_t commit) TWINLOG_MUST_CHECK;

/* query_turns.c: the places at which a long answer lets the node go on. Nothing may be held there that is of one slice:
 * no view begun, no bytes of the store, no pointer into a list of statements (facts stay where they are). */
bool query_due(const struct query *query);
/* A new slice when this one has lasted long enough; OK without one. */
enum twinlog_error query_pause(const struct query *query) TWINLOG_MUST_CHECK;
/* Around work that looks at nothing but memory of its own, of that many steps; few of them are not worth it: false. */
bool query_leave(const struct query *query, size_t steps);
enum twinlog_error query_enter(const struct query *query, bool left) TWINLOG_MUST_CHECK;
/* Brings the view up to the node in as many slices as that takes, so that view_begin finds nothing left to do. */
enum twinlog_error query_view_ready(const struct query *query) TWINLOG_MUST_CHECK;
/* An answer that may be upset by what comes in between: once says so in *ret_upset, and is called again with nothing in
 * the arena and in the reply; at the last time nothing comes in between. */
typedef enum twinlog_error query_once(const struct query *query, void *context, bool *ret_upset);
enum twinlog_error query_until_calm(const struct query *query, query_once *once, void *context) TWINLOG_MUST_CHECK;

/* query_status.c */
enum twinlog_error query_spaces(const struct query *query, const struct space *only) TWINLOG_MUST_CHECK;
enum twinlog_error query_peers(const struct query *query, Twinlog__PeerInfo ***ret_peers,
			       size_t *ret_count) TWINLOG_MUST_CHECK;
enum twinlog_error query_space_status(const struct query *query, const struct space *space,
				      Twinlog__SpaceStatus **ret_status) TWINLOG_MUST_CHECK;
enum twinlog_error query_status(const struct query *query) TWINLOG_MUST_CHECK;

/* query_list.c */
enum twinlog_error query_list(const struct query *query, const Twinlog__List *list) TWINLOG_MUST_CHECK;
/* The spaces that a filter asks for; none named: all. In the arena. */
enum twinlog_error query_asked_spaces(const struct query *query, const Twinlog__Filter *filter,
				      const struct space ***ret_spaces, size_t *ret_count) TWINLOG_MUST_CHECK;

/* query_changes.c */
enum twinlog_error query_changes(const struct query *query, const Twinlog__Changes *asked) TWINLOG_MUST_CHECK;

/* query_report.c */
enum twinlog_error query_report(const struct query *query, const Twinlog__Report *asked) TWINLOG_MUST_CHECK;

/* query_match.c */
enum twinlog_error query_match(const struct query *query, const Twinlog__Match *asked) TWINLOG_MUST_CHECK;

/* query_version.c; show: who holds it, too; check: its signature verified now */
enum twinlog_error query_version(const struct query *query, const struct space *space, const struct word *word,
				 bool show, bool check, Twinlog__Version **ret_version) TWINLOG_MUST_CHECK;
enum twinlog_error query_history(const struct query *query, const struct space *space, const struct record *record,
				 Twinlog__Record *message) TWINLOG_MUST_CHECK;

/* query_record.c */
enum twinlog_error query_record(const struct query *query, const struct space *space, const struct record *record,
				bool show, bool history, Twinlog__Record **ret_record) TWINLOG_MUST_CHECK;

/* query_show.c */
enum twinlog_error query_show(const struct query *query, const Twinlog__Show *show) TWINLOG_MUST_CHECK;
enum twinlog_error query_import(const struct query *query, const Twinlog__ImportLookup *lookup) TWINLOG_MUST_CHECK;
/* How complete the answer is: of each of these spaces. */
enum twinlog_error query_completeness(const struct query *query, const struct space *const *spaces, size_t count,
				      Twinlog__SpaceStatus ***ret_statuses, size_t *ret_count) TWINLOG_MUST_CHECK;

/* query_audit.c */
enum twinlog_error query_audit(const struct query *query, const Twinlog__AuditGet *get) TWINLOG_MUST_CHECK;

/* query_verify.c: whether the bundle's hashes and its signature hold and its erased leaves have erasures, now. */
enum twinlog_error verify_bundle(const struct query *query, const struct space *space, const uint8_t *bytes,
				 size_t size, uint32_t *ret_leaves) TWINLOG_MUST_CHECK;

#endif
