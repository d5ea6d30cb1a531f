/* The acts of one space: a graph of signed acts, and who belongs as a pure function of that set, in whatever order
 * the acts came. Knows proto and seal. PROTOCOL, "Acts". */
#ifndef TWINLOG_ACTS_H
#define TWINLOG_ACTS_H

#include "codec.h"
#include "ids.h"
#include "log.pb-c.h"
#include "seal.h"
#include "twinlog/limits.h"

enum standing { /* the values of MemberStanding in control.proto */
		STANDING_INVITED = 0,
		STANDING_MEMBER = 1,
		STANDING_DECLINED = 2,
		STANDING_LEFT = 3,
		STANDING_REMOVED = 4,
};

struct member {
	struct hash identity;
	struct seal_public founding_key;
	struct seal_public recovery_key;
	char city_id[TWINLOG_CITY_ID_MAX + 1];
	enum standing standing;
	bool reader;
	bool steward;
	bool ever_member;   /* was a member at some time, so it may be a party still */
	uint64_t since_ms;  /* clock of the act that gave the standing */
	struct hash signer; /* of that act */
};

struct acts;

/* An act, opened: decoded strictly, limits and form checked, its signature not yet (that needs the space's keys). */
struct act {
	struct hash id;
	struct hash space;
	struct hash signer;
	uint32_t kind;
	const Twinlog__Act *message; /* lives in arena */
	const uint8_t *bytes;        /* SignedAct, exact, in arena */
	size_t size;
	const uint8_t *signed_bytes; /* Act, exact */
	size_t signed_size;
	const uint8_t *signature;
	struct arena *arena;
};
enum twinlog_error act_open(const void *bytes, size_t size, struct act **ret_act) TWINLOG_MUST_CHECK;
void act_free(struct act *act); /* accepts NULL */

/* Signs; *ret_bytes (a SignedAct) is malloc'd and the caller's. */
enum twinlog_error act_seal(const Twinlog__Act *message, const struct seal_keys *keys, uint8_t **ret_bytes,
			    size_t *ret_size) TWINLOG_MUST_CHECK;

/* A space begins with its founding act, which it takes over on TWINLOG_OK. */
enum twinlog_error acts_new(struct act *found, struct acts **ret_acts) TWINLOG_MUST_CHECK;
void acts_free(struct acts *acts); /* accepts NULL */

/* Checks the signature and the parents and takes the act over on TWINLOG_OK. TWINLOG_UNKNOWN_PARENT: not yet;
 * TWINLOG_DUPLICATE: held already. On any error the act stays the caller's. An act whose signer had no right to it is
 * kept (others may build on it) and has no effect. */
enum twinlog_error acts_add(struct acts *acts, struct act *act) TWINLOG_MUST_CHECK;

bool acts_has(const struct acts *acts, const struct hash *id);
size_t acts_count(const struct acts *acts);
/* In order of arrival. */
const struct act *acts_at(const struct acts *acts, size_t index);
/* Sorted. */
const struct hash *acts_heads(const struct acts *acts, size_t *ret_count);
uint64_t acts_next_number(const struct acts *acts);

const struct hash *acts_space(const struct acts *acts);
uint32_t acts_template(const struct acts *acts);
/* The title in force; not NUL-terminated. */
ProtobufCBinaryData acts_title(const struct acts *acts);

/* Everybody ever named, sorted by identity. Valid until the next acts_add. */
const struct member *acts_members(const struct acts *acts, size_t *ret_count);
const struct member *acts_member(const struct acts *acts, const struct hash *identity); /* NULL when never named */
/* The member (of whatever standing) that goes by this id; NULL for none. */
const struct member *acts_member_by_city(const struct acts *acts, ProtobufCBinaryData city_id);

/* The keys a bundle or act of that city may be signed with, newest first; at most max. */
size_t acts_keys(const struct acts *acts, const struct hash *identity, struct seal_public *keys, size_t max);

/* Whether a city that names these act heads spoke as a member who may speak, under these acts alone.
 * TWINLOG_UNKNOWN_PARENT when an act is not here yet. key: what verified the signature. */
enum twinlog_error acts_may_speak(const struct acts *acts, const struct hash *identity, const struct hash *heads,
				  size_t heads_count, bool *ret_may) TWINLOG_MUST_CHECK;

/* Cut-offs of a city as of all acts here: *ret_heads (sorted, valid until the next acts_add) are the bundle heads whose
 * ancestors count although a removal or key change that the bundle does not know of would cut it off. A bundle with
 * these act heads, verified by that key, needs one of those heads to reach it. */
bool acts_cuts_off(const struct acts *acts, const struct hash *identity, const struct hash *act_heads,
		   size_t act_heads_count, const struct seal_public *key, const struct hash **ret_heads,
		   size_t *ret_count);

/* Whether it was made a steward at some time. */
bool acts_ever_steward(const struct acts *acts, const struct hash *identity);
/* Whether these (sorted) are most of the stewards at some point at which the city, once a member, was none any more:
 * a point is an act with all it builds on, so later acts change no answer that was yes. PROTOCOL, "Erasures". */
bool acts_stewards_agree(const struct acts *acts, const struct hash *city, const struct hash *signers, size_t count);

#endif
