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
	bool added;         /* by an addition that is valid; else city_id is only what was claimed for it */
	uint64_t since_ms;  /* clock of the act that gave the standing; 0: none did */
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
	const uint8_t *second_signature; /* NULL: none */
	struct arena *arena;
};
enum twinlog_error act_open(const void *bytes, size_t size, struct act **ret_act) TWINLOG_MUST_CHECK;
void act_free(struct act *act); /* accepts NULL */
/* What a second signature is over: the act and its first one. In the act's arena; NULL: memory. */
const uint8_t *act_countersigned(const struct act *act, size_t *ret_size);

/* Signs; *ret_bytes (a SignedAct) is malloc'd and the caller's. */
enum twinlog_error act_seal(const Twinlog__Act *message, const struct seal_keys *keys, uint8_t **ret_bytes,
			    size_t *ret_size) TWINLOG_MUST_CHECK;

/* Likewise a change of key, which the recovery key signs. TOO_LARGE. */
enum twinlog_error act_seal_change(const Twinlog__Act *message, const uint8_t recovery_seed[SEAL_SEED_SIZE],
				   uint8_t **ret_bytes, size_t *ret_size) TWINLOG_MUST_CHECK;

/* A space begins with its founding act, which it takes over on TWINLOG_OK. */
enum twinlog_error acts_new(struct act *found, struct acts **ret_acts) TWINLOG_MUST_CHECK;
void acts_free(struct acts *acts); /* accepts NULL */

/* Checks the signature and the parents and takes the act over on TWINLOG_OK. TWINLOG_UNKNOWN_PARENT: not yet;
 * TWINLOG_DUPLICATE: held already; TWINLOG_TOO_MANY: it has no room; TWINLOG_NOT_PERMITTED: an act of stewards by one
 * whom no act that it knew names as one. On any error the act stays the caller's (after NO_MEMORY acts can only be
 * freed). Any other act whose signer had no right to it is kept (others may build on it) and has no effect. */
enum twinlog_error acts_add(struct acts *acts, struct act *act) TWINLOG_MUST_CHECK;

/* Whose bundles the act added last may make count or count no more. */
enum acts_touched { ACTS_TOUCHED_NONE, ACTS_TOUCHED_CITY, ACTS_TOUCHED_ALL };
enum acts_touched acts_touched(const struct acts *acts, struct hash *ret_city);
/* Whether it changed who is or was a member, a reader, or goes by which city id. */
bool acts_parties_changed(const struct acts *acts);

bool acts_has(const struct acts *acts, const struct hash *id);
size_t acts_index(const struct acts *acts, const struct hash *id); /* in order of arrival; SIZE_MAX: not here */
/* Whether its signer had the right to it. By its place in the order of arrival. */
bool acts_valid(const struct acts *acts, size_t index);
size_t acts_count(const struct acts *acts);
size_t acts_bytes(const struct acts *acts); /* of all of them */
/* In order of arrival. */
const struct act *acts_at(const struct acts *acts, size_t index);
/* Sorted. */
const struct hash *acts_heads(const struct acts *acts, size_t *ret_count);
/* The heads that a new act or bundle of that city names: all, or of more than TWINLOG_PARENTS_MAX those that know what
 * the city's own standing rests on, and the newest. Sorted. *ret_number (may be NULL): 1 + the greatest of theirs. */
size_t acts_heads_named(const struct acts *acts, const struct hash *identity, struct hash heads[TWINLOG_PARENTS_MAX],
			uint64_t *ret_number);
/* Marks the acts that these ids are or know (those that are not here are left out): marks has acts_count places. */
void acts_known_from(const struct acts *acts, const struct hash *ids, size_t count, bool *marks);

const struct hash *acts_space(const struct acts *acts);
uint32_t acts_template(const struct acts *acts);
/* The title in force; not NUL-terminated. */
ProtobufCBinaryData acts_title(const struct acts *acts);

/* Everybody ever named, sorted by identity. Valid until the next acts_add. */
const struct member *acts_members(const struct acts *acts, size_t *ret_count);
const struct member *acts_member(const struct acts *acts, const struct hash *identity); /* NULL when never named */
/* The member (of whatever standing) that goes by this id, by an addition that is valid; NULL for none. */
const struct member *acts_member_by_city(const struct acts *acts, ProtobufCBinaryData city_id);

/* Brings up to date what one outside may be told of what undid its addition or its removal: before it is asked about,
 * and by one thread. Takes the time of all acts. NO_MEMORY. */
enum twinlog_error acts_tell_undone(struct acts *acts, const struct hash *identity) TWINLOG_MUST_CHECK;
/* Whether an act may be told to one who was named here: all to a member and one invited; to one who left, declined or
 * was removed the acts that ended it, or undid it, and what they build on. PROTOCOL, "Who is sent what". */
bool acts_may_be_told(const struct acts *acts, const struct hash *identity, size_t index);
/* Whether these act heads may all be told to it. */
bool acts_heads_may_be_told(const struct acts *acts, const struct hash *identity, const struct hash *heads,
			    size_t count);

/* All keys that a city ever had here, oldest first: a key keeps its number. Valid until the next acts_add. */
const struct seal_public *acts_keys(const struct acts *acts, const struct hash *identity, size_t *ret_count);
/* Its number; SIZE_MAX: the city never had it here. */
size_t acts_key_number(const struct acts *acts, const struct hash *identity, const struct seal_public *key);
/* The least number of the key that has this one: an act may bring a key that was brought before. */
size_t acts_key_first(const struct acts *acts, const struct hash *identity, size_t number);
/* Tries all keys of the city, the newest first. TWINLOG_UNKNOWN_KEY when it has none here. *ret_number may be NULL. */
enum twinlog_error acts_verify(const struct acts *acts, const struct hash *identity, const char *kind,
			       const void *bytes, size_t size, ProtobufCBinaryData signature,
			       size_t *ret_number) TWINLOG_MUST_CHECK;
/* Whether a change of key retires it. */
bool acts_key_retired(const struct acts *acts, const struct hash *identity, size_t number);
/* Whether something other than an act or bundle, signed with that key, is shut out: the key is retired, and who retired
 * it does not name this erasure. */
bool acts_erasure_shut_out(const struct acts *acts, const struct hash *signer, size_t number, const struct hash *id);

/* Whether a city that names these act heads spoke as a member who may speak, under these acts alone.
 * TWINLOG_UNKNOWN_PARENT when an act is not here yet; TWINLOG_BAD_SIGNATURE when the key (by its number) is not among
 * those that these acts know. */
enum twinlog_error acts_may_speak(const struct acts *acts, const struct hash *identity, const struct hash *heads,
				  size_t heads_count, size_t key, bool *ret_may) TWINLOG_MUST_CHECK;

/* The cut-offs of a city, by their acts: valid removals of it and changes of its key. */
size_t acts_cutoffs(const struct acts *acts, const struct hash *identity);
size_t acts_cutoff(const struct acts *acts, const struct hash *identity, size_t which);
/* Whether it asks a bundle with these act heads and that key to be reached by one of its heads. */
bool acts_cutoff_applies(const struct acts *acts, size_t cutoff, const struct hash *heads, size_t heads_count,
			 size_t key);
/* The bundle heads that it and what extends it name. Sorted; valid until the next call. NULL: memory. */
const struct hash *acts_cutoff_heads(const struct acts *acts, size_t cutoff, size_t *ret_count);

/* Whether an act names it as a steward, whether or not it had the right to: more acts never make that untrue. */
bool acts_named_steward(const struct acts *acts, const struct hash *identity);
/* Whether these (sorted) are most of the stewards at some point at which the city, once a member, was none any more:
 * a point is an act with all it builds on, so later acts change no answer that was yes. PROTOCOL, "Erasures". */
bool acts_stewards_agree(const struct acts *acts, const struct hash *city, const struct hash *signers, size_t count);
/* Whether they would be without rules 7 and 8: so it may have been where what came later was not known yet. Both keep
 * their answers in acts, so one thread asks at a time. */
bool acts_stewards_agreed(const struct acts *acts, const struct hash *city, const struct hash *signers, size_t count);

#endif
