/* Shared by acts.c (the graph), acts_state.c (who belongs), acts_rights.c (which acts are valid), acts_cities.c (what
 * touches whom), acts_cutoffs.c and acts_erase.c. Nobody else includes this. */
#ifndef TWINLOG_ACTS_INTERNAL_H
#define TWINLOG_ACTS_INTERNAL_H

#include "acts.h"

#define KIND(NAME)  TWINLOG__ACT_KIND__ACT_##NAME
#define ACT_NOWHERE UINT32_MAX

/* A set of acts as bits, one for each act in order of arrival. Ancestors always have the smaller index. */
struct act_set {
	uint64_t *words;
	size_t words_count;
};

static inline bool act_set_has(const struct act_set *set, size_t index)
{
	return index / 64 < set->words_count && (set->words[index / 64] >> (index % 64) & 1) != 0;
}

/* Acts, in order of arrival. */
struct act_list {
	uint32_t *items;
	uint32_t count;
	uint32_t capacity;
};

struct act_entry {
	struct act *act;
	struct act_set ancestors; /* without itself */
	struct seal_public key;   /* what verified the signature */
	struct city **named;      /* the cities of the members it names, in its order */
	struct act_list extended; /* what extends it */
	bool valid;               /* had the right to it, and no change of key shuts it out */
	bool shut_out;            /* signed with a key that was retired, and not named by who retired it */
};

struct city_key {
	uint32_t act; /* that brought it: an addition, or a change of key */
	bool has_second;
	struct seal_public second;
};

/* What touches one city. */
struct city {
	struct hash identity;
	bool named;                   /* by a founding act or an addition: stands among the members */
	struct act_list additions;    /* found, add: that name it, as indices into claims */
	struct act_list appointments; /* found, appoint: that name it a steward */
	struct act_list removals;     /* of it, without those that extend */
	struct act_list changes;      /* of its key, without those that extend */
	struct act_list words;        /* accept, decline, leave: by it */
	struct act_list acts;         /* by it, all but changes of key */
	uint32_t signed_count;        /* by it, all */
	size_t acts_bytes;            /* of those in acts */
	size_t changes_bytes;         /* of all changes of its key */
	struct act_set told;          /* of one who is no member any more: the acts that it may still be told */
	size_t told_acts;             /* among so many it was looked for what undid something of it; 0: never */
	struct seal_public *keys;     /* in order of arrival; one may stand there twice, brought by two acts */
	struct city_key *brought;     /* beside it: where each comes from */
	size_t keys_count;
	size_t keys_capacity;
};

/* One of the members that an act names, and so a claim to a city id. */
struct claim {
	uint32_t act;
	uint32_t member;
	uint32_t next; /* in the same bucket of city ids; ACT_NOWHERE */
};

struct acts {
	struct act_entry *entries;
	size_t count;
	size_t capacity;
	uint32_t *slots; /* open addressing on the id; index + 1, 0 for free */
	size_t slots_count;
	size_t bytes;       /* of all acts */
	struct hash *heads; /* sorted */
	size_t heads_count;
	struct member *members; /* sorted by identity */
	size_t members_count;
	size_t members_capacity;
	struct city **cities; /* sorted by identity: members, and who is only the subject or signer of acts */
	size_t cities_count;
	size_t cities_capacity;
	struct city **stewards; /* who was ever named one */
	size_t stewards_count;
	size_t stewards_capacity;
	struct claim *claims;
	uint32_t claims_count;
	uint32_t claims_capacity;
	uint32_t *claim_buckets;
	size_t titled; /* the act whose title is in force */
	/* What the last act changed for bundles and views. */
	enum acts_touched touched;
	struct hash touched_city;
	bool parties_changed;
	/* The last closure asked for: bundles come in long runs that name the same act heads. */
	struct {
		struct hash heads[TWINLOG_PARENTS_MAX];
		size_t heads_count;
		struct act_set set;
		const struct city *asked; /* and what was answered of that city; NULL: nothing */
		bool may_speak;
	} closure;
	struct hash *cutoff; /* what acts_cutoff_heads answered last */
	size_t cutoff_capacity;
	struct agreements *agreements; /* what was answered about stewards; NULL: nothing */
};

enum twinlog_error act_list_add(struct act_list *list, size_t index) TWINLOG_MUST_CHECK;
enum twinlog_error act_set_init(struct act_set *set, size_t acts) TWINLOG_MUST_CHECK;
void act_set_add(struct act_set *set, size_t index);
void act_set_unite(struct act_set *set, const struct act_set *other);
void act_set_add_all(const struct acts *acts, struct act_set *set, size_t index); /* with its ancestors */

/* (number, id): an order in which ancestors always come first. */
int act_order(const struct acts *acts, size_t a, size_t b);

/* before is an ancestor of after. */
static inline bool knew(const struct acts *acts, size_t after, size_t before)
{
	return act_set_has(&acts->entries[after].ancestors, before);
}

/* Valid, and in that part of the acts (NULL: all). */
static inline bool stands(const struct acts *acts, size_t index, const struct act_set *within)
{
	return acts->entries[index].valid && (!within || act_set_has(within, index));
}

/* The acts that these heads reach, heads included; NULL when one of them is not here (or memory is out). */
const struct act_set *acts_closure(const struct acts *acts, const struct hash *heads, size_t count);

/* ---- acts_cities.c ---- */
struct city *city_find(const struct acts *acts, const struct hash *identity); /* NULL: touched by no act */
/* Enters the newest act everywhere it belongs. */
enum twinlog_error acts_enter(struct acts *acts) TWINLOG_MUST_CHECK;
void cities_free(struct acts *acts);
static inline const Twinlog__Member *claim_member(const struct acts *acts, const struct claim *claim)
{
	return acts->entries[claim->act].act->message->members[claim->member];
}
/* The claims to that city id: the first, then next of each. Others may stand in the same bucket. */
uint32_t claims_first(const struct acts *acts, ProtobufCBinaryData city_id);

/* ---- acts_state.c ---- */
/* Standing of a city under a part of the acts (NULL: all). *ret_reader and *ret_from (the act that gave it, SIZE_MAX
 * when none did) may be NULL. */
enum standing acts_standing(const struct acts *acts, const struct city *city, const struct act_set *within,
			    bool *ret_reader, size_t *ret_from);
/* Whether it is a steward under a part of the acts (NULL: all), and how many there are. */
bool acts_steward_under(const struct acts *acts, const struct city *city, const struct act_set *within);
size_t acts_stewards_under(const struct acts *acts, const struct act_set *within);
bool acts_was_member(const struct acts *acts, const struct city *city);
/* Decides which of all acts are valid; undone: also those that a change of key shuts out, or whose city id is
 * another's. */
enum twinlog_error acts_validity_decide(struct acts *acts, bool undone) TWINLOG_MUST_CHECK;
/* Decides what the newest act is worth and what it changes. */
enum twinlog_error acts_evaluate(struct acts *acts) TWINLOG_MUST_CHECK;

/* ---- acts_erase.c ---- */
/* The entries as they would be without rules 7 and 8, with which acts that came later undo some. Kept in acts; NULL:
 * memory. */
const struct act_entry *acts_once(const struct acts *acts);
void agreements_free(struct agreements *agreements); /* accepts NULL */

/* ---- acts_rights.c ---- */
/* Whether the signer had the right to it by what it knew, and no one else has its city id. */
bool act_is_valid(const struct acts *acts, size_t index);
/* By what it knew. */
bool act_had_right(const struct acts *acts, size_t index);
/* Who has which city id, as was found last. */
struct holders {
	struct {
		ProtobufCBinaryData city_id;
		uint32_t claim;
	} items[16];
	size_t count;
};
/* The first change of key, in (number, id), that shuts it out; else the addition that has its city id; SIZE_MAX:
 * nothing did. holders: where many are asked for one after the other; may be NULL. */
size_t act_undone_by(const struct acts *acts, size_t index, struct holders *holders);
/* Whether a change of key shuts it out. */
bool act_is_shut_out(const struct acts *acts, size_t index);
/* Whether that change of key retires the key. */
bool change_retires(const struct acts *acts, size_t change, const struct city *city, const struct seal_public *key);
/* The act itself, then what extends it, one after the other; which from 0. ACT_NOWHERE at the end. */
uint32_t cutoff_part(const struct acts *acts, size_t cutoff, uint32_t which);
/* A valid addition of another city with that city id comes after this one in (number, id). */
bool addition_takes_city_id(const struct acts *acts, size_t index);

/* ---- acts_cutoffs.c ---- */
/* What one of that standing may still be told. */
enum twinlog_error told_decide(struct acts *acts, struct city *city, enum standing standing) TWINLOG_MUST_CHECK;

#endif
