/* Who belongs: a pure function of the set of acts. Everything here is computed from all acts anew whenever one arrives;
 * a space sees few acts and many bundles. Two questions decide all: what an act's signer knew (its ancestors), and
 * what was done at once (neither is the other's ancestor). */
#include <stdlib.h>

#include "acts_internal.h"

#define KIND(NAME) TWINLOG__ACT_KIND__ACT_##NAME

static bool in(const struct act_set *within, size_t index)
{
	return !within || act_set_has(within, index);
}

/* before is an ancestor of after. */
static bool knew(const struct acts *acts, size_t after, size_t before)
{
	return act_set_has(&acts->entries[after].ancestors, before);
}

static struct hash member_identity(const Twinlog__Member *member)
{
	struct seal_public founding, recovery;
	memcpy(founding.bytes, member->founding_key.data, sizeof founding.bytes);
	memcpy(recovery.bytes, member->recovery_key.data, sizeof recovery.bytes);
	return seal_identity(&founding, &recovery);
}

/* ---- Key changes. Signed by the recovery key, so valid whatever else holds. ---- */

static bool is_key_change_of(const struct acts *acts, size_t index, const struct hash *city)
{
	const struct act *act = acts->entries[index].act;
	return act->kind == KIND(CHANGE_KEY) && act->message->new_key.len > 0 && hash_equal(&act->signer, city);
}

/* A key change retires every key the city had before: the founding key and those of key changes it knew. */
static bool retires(const struct acts *acts, size_t change, const struct seal_public *key)
{
	const struct act *act = acts->entries[change].act;
	if (memcmp(act->message->new_key.data, key->bytes, sizeof key->bytes) == 0)
		return false;
	const struct member *member = acts_member(acts, &act->signer);
	if (member && memcmp(member->founding_key.bytes, key->bytes, sizeof key->bytes) == 0)
		return true;
	for (size_t i = 0; i < change; i++)
		if (knew(acts, change, i) && is_key_change_of(acts, i, &act->signer) &&
		    memcmp(acts->entries[i].act->message->new_key.data, key->bytes, sizeof key->bytes) == 0)
			return true;
	return false;
}

/* The act itself or a later one of its kind that extends it. */
static bool names_heads_for(const struct acts *acts, size_t index, size_t cutoff)
{
	if (index == cutoff)
		return true;
	const struct act *act = acts->entries[index].act, *first = acts->entries[cutoff].act;
	return act->kind == first->kind && act->message->extends.len == HASH_SIZE &&
	       memcmp(act->message->extends.data, first->id.bytes, HASH_SIZE) == 0 && knew(acts, index, cutoff) &&
	       (act->kind == KIND(CHANGE_KEY) ? hash_equal(&act->signer, &first->signer) : acts->entries[index].valid);
}

static bool act_heads_reach(const struct acts *acts, size_t change, size_t wanted)
{
	for (size_t i = change; i < acts->count; i++) {
		if (!names_heads_for(acts, i, change) || !acts->entries[i].act->message->counts)
			continue;
		const Twinlog__Cutoff *counts = acts->entries[i].act->message->counts;
		for (size_t h = 0; h < counts->n_acts; h++) {
			struct hash head;
			memcpy(head.bytes, counts->acts[h].data, HASH_SIZE);
			const size_t index = acts_index(acts, &head);
			if (index != SIZE_MAX && (index == wanted || knew(acts, index, wanted)))
				return true;
		}
	}
	return false;
}

/* An act signed with a retired key stands only if a key change knew of it or names heads that reach it. */
static bool key_retired(const struct acts *acts, size_t index)
{
	const struct act_entry *entry = &acts->entries[index];
	if (entry->act->kind == KIND(CHANGE_KEY))
		return false;
	for (size_t change = 0; change < acts->count; change++)
		if (is_key_change_of(acts, change, &entry->act->signer) && retires(acts, change, &entry->key) &&
		    !knew(acts, change, index) && !act_heads_reach(acts, change, index))
			return true;
	return false;
}

/* ---- Standing. ---- */

/* Which member of an adding act the city is; NULL when the act does not add it. */
static const Twinlog__Member *addition_of(const struct act_entry *entry, const struct hash *identity)
{
	for (size_t i = 0; i < entry->act->message->n_members; i++)
		if (hash_equal(&entry->named[i], identity))
			return entry->act->message->members[i];
	return NULL;
}

/* PROTOCOL, "Acts": of add and remove at once the removal wins; adding again needs to know of the removal. */
static bool addition_lives(const struct acts *acts, size_t addition, const struct hash *identity,
			   const struct act_set *within)
{
	for (size_t i = 0; i < acts->count; i++) {
		const struct act *act = acts->entries[i].act;
		if (act->kind == KIND(REMOVE) && act->message->extends.len == 0 && acts->entries[i].valid &&
		    in(within, i) && memcmp(act->message->subject.data, identity->bytes, HASH_SIZE) == 0 &&
		    !knew(acts, addition, i))
			return false;
	}
	return true;
}

/* An acceptance holds until a leave or decline that did not precede it. The founder accepts by founding. */
static bool acceptance_lives(const struct acts *acts, size_t acceptance, const struct hash *identity,
			     const struct act_set *within, size_t *ret_ended)
{
	for (size_t i = 0; i < acts->count; i++) {
		const struct act *act = acts->entries[i].act;
		if ((act->kind == KIND(LEAVE) || act->kind == KIND(DECLINE)) && acts->entries[i].valid &&
		    in(within, i) && hash_equal(&act->signer, identity) && !knew(acts, acceptance, i)) {
			*ret_ended = i;
			return false;
		}
	}
	return true;
}

static bool accepts(const struct acts *acts, size_t index, const struct hash *identity, size_t addition)
{
	const struct act *act = acts->entries[index].act;
	if (!hash_equal(&act->signer, identity) || !acts->entries[index].valid)
		return false;
	return (act->kind == KIND(FOUND) && index == addition) ||
	       (act->kind == KIND(ACCEPT) && knew(acts, index, addition));
}

/* Standing under one addition that lives. */
static enum standing standing_from(const struct acts *acts, const struct hash *identity, size_t addition,
				   const struct act_set *within, size_t *ret_from)
{
	enum standing standing = STANDING_INVITED;
	size_t from = addition;
	for (size_t i = 0; i < acts->count; i++) {
		size_t ended = i;
		const struct act *act = acts->entries[i].act;
		if (!in(within, i))
			continue;
		if (accepts(acts, i, identity, addition)) {
			if (acceptance_lives(acts, i, identity, within, &ended)) {
				*ret_from = i;
				return STANDING_MEMBER;
			}
			standing = STANDING_LEFT;
			from = ended;
		} else if (standing == STANDING_INVITED && act->kind == KIND(DECLINE) && acts->entries[i].valid &&
			   hash_equal(&act->signer, identity) && knew(acts, i, addition)) {
			standing = STANDING_DECLINED;
			from = i;
		}
	}
	*ret_from = from;
	return standing;
}

static size_t last_removal(const struct acts *acts, const struct hash *identity, const struct act_set *within)
{
	size_t last = 0;
	for (size_t i = 0; i < acts->count; i++)
		if (acts->entries[i].act->kind == KIND(REMOVE) && acts->entries[i].valid && in(within, i) &&
		    memcmp(acts->entries[i].act->message->subject.data, identity->bytes, HASH_SIZE) == 0)
			last = i;
	return last;
}

enum standing acts_standing(const struct acts *acts, const struct hash *identity, const struct act_set *within,
			    bool *ret_reader, size_t *ret_from)
{
	/* The weakest answer first; a better addition replaces it: member, left, declined, invited, removed. */
	static const int rank[] = {[STANDING_INVITED] = 1,
				   [STANDING_DECLINED] = 2,
				   [STANDING_LEFT] = 3,
				   [STANDING_MEMBER] = 4,
				   [STANDING_REMOVED] = 0};
	enum standing best = STANDING_REMOVED;
	size_t from = last_removal(acts, identity, within);
	bool reader = false;
	for (size_t i = 0; i < acts->count; i++) {
		const Twinlog__Member *member =
		    acts->entries[i].valid && in(within, i) ? addition_of(&acts->entries[i], identity) : NULL;
		if (!member || !addition_lives(acts, i, identity, within))
			continue;
		size_t since;
		const enum standing standing = standing_from(acts, identity, i, within, &since);
		if (rank[standing] > rank[best] || best == STANDING_REMOVED) {
			best = standing;
			from = since;
			reader = member->reader;
		}
	}
	if (ret_reader)
		*ret_reader = reader;
	if (ret_from)
		*ret_from = from;
	return best;
}

bool acts_steward_under(const struct acts *acts, const struct hash *identity, const struct act_set *within)
{
	if (acts_standing(acts, identity, within, NULL, NULL) != STANDING_MEMBER)
		return false;
	for (size_t i = 0; i < acts->count; i++) {
		const struct act *act = acts->entries[i].act;
		if (!acts->entries[i].valid || !in(within, i))
			continue;
		for (size_t s = 0; s < act->message->n_stewards; s++)
			if (memcmp(act->message->stewards[s].data, identity->bytes, HASH_SIZE) == 0)
				return true;
	}
	return false;
}

size_t acts_stewards_under(const struct acts *acts, const struct act_set *within)
{
	size_t count = 0;
	for (size_t i = 0; i < acts->members_count; i++)
		count += acts_steward_under(acts, &acts->members[i].identity, within);
	return count;
}

/* ---- The right to an act, judged by what its signer knew. ---- */

static bool may_appoint(const struct acts *acts, const struct act *act, const struct act_set *known)
{
	struct hash subject;
	bool reader;
	memcpy(subject.bytes, act->message->stewards[0].data, HASH_SIZE);
	return acts_standing(acts, &subject, known, &reader, NULL) == STANDING_MEMBER && !reader &&
	       acts_stewards_under(acts, known) < TWINLOG_STEWARDS_MAX;
}

static bool may_remove(const struct acts *acts, const struct act *act, const struct act_set *known)
{
	struct hash subject;
	memcpy(subject.bytes, act->message->subject.data, HASH_SIZE);
	return act->message->extends.len > 0 || !acts_steward_under(acts, &subject, known);
}

static bool had_right(const struct acts *acts, size_t index)
{
	const struct act *act = acts->entries[index].act;
	const struct act_set *known = &acts->entries[index].ancestors;
	const bool network = acts_template(acts) == TWINLOG__TEMPLATE__TEMPLATE_NETWORK;
	switch (act->kind) {
	case KIND(FOUND):
		return index == 0;
	case KIND(ACCEPT):
	case KIND(DECLINE):
	case KIND(LEAVE):
		return acts_standing(acts, &act->signer, known, NULL, NULL) != STANDING_REMOVED;
	case KIND(CHANGE_KEY):
		return true;
	case KIND(RENAME):
		return acts_steward_under(acts, &act->signer, known);
	case KIND(ADD):
		return network && acts_steward_under(acts, &act->signer, known);
	case KIND(APPOINT):
		return network && acts_steward_under(acts, &act->signer, known) && may_appoint(acts, act, known);
	case KIND(REMOVE):
		return network && acts_steward_under(acts, &act->signer, known) && may_remove(acts, act, known);
	default:
		return false;
	}
}

static int act_order(const struct act *a, const struct act *b)
{
	if (a->message->number != b->message->number)
		return a->message->number < b->message->number ? -1 : 1;
	return hash_compare(&a->id, &b->id);
}

/* PROTOCOL, "Acts": city ids are unique in a space; of two that claim one, the smaller (number, hash) stands. */
static bool city_id_taken(const struct acts *acts, size_t index)
{
	const struct act *act = acts->entries[index].act;
	if (act->kind != KIND(ADD))
		return false;
	const Twinlog__Member *claim = act->message->members[0];
	const struct hash *claimer = &acts->entries[index].named[0];
	for (size_t i = 0; i < acts->count; i++) {
		const struct act *other = acts->entries[i].act;
		if (i == index || !acts->entries[i].valid || (other->kind != KIND(FOUND) && other->kind != KIND(ADD)) ||
		    act_order(other, act) > 0)
			continue;
		for (size_t m = 0; m < other->message->n_members; m++) {
			const Twinlog__Member *holder = other->message->members[m];
			if (!hash_equal(&acts->entries[i].named[m], claimer) &&
			    holder->city_id.len == claim->city_id.len &&
			    memcmp(holder->city_id.data, claim->city_id.data, claim->city_id.len) == 0)
				return true;
		}
	}
	return false;
}

/* ---- Putting it together. ---- */

static enum twinlog_error member_note(struct acts *acts, const Twinlog__Member *named, struct hash *ret_identity)
{
	const struct hash identity = member_identity(named);
	*ret_identity = identity;
	if (acts_member(acts, &identity))
		return TWINLOG_OK;
	if (acts->members_count == acts->members_capacity) {
		const size_t capacity = acts->members_capacity ? 2 * acts->members_capacity : 4;
		struct member *grown = realloc(acts->members, capacity * sizeof *grown);
		if (!grown)
			return TWINLOG_NO_MEMORY;
		acts->members = grown;
		acts->members_capacity = capacity;
	}
	size_t place = acts->members_count++;
	for (; place > 0 && hash_compare(&acts->members[place - 1].identity, &identity) > 0; place--)
		acts->members[place] = acts->members[place - 1];
	struct member *member = &acts->members[place];
	*member = (struct member){.identity = identity};
	memcpy(member->founding_key.bytes, named->founding_key.data, sizeof member->founding_key.bytes);
	memcpy(member->recovery_key.bytes, named->recovery_key.data, sizeof member->recovery_key.bytes);
	memcpy(member->city_id, named->city_id.data, named->city_id.len);
	return TWINLOG_OK;
}

/* Right and retired keys hang on acts before; city ids on (number, hash), which respects that order. Acts are taken
 * by (number, hash), so each finds everything it hangs on decided. */
static enum twinlog_error decide_validity(struct acts *acts)
{
	size_t *order = malloc(acts->count * sizeof *order);
	if (!order)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < acts->count; i++) {
		size_t place = i;
		for (; place > 0 && act_order(acts->entries[order[place - 1]].act, acts->entries[i].act) > 0; place--)
			order[place] = order[place - 1];
		order[place] = i;
		acts->entries[i].valid = false;
	}
	for (size_t i = 0; i < acts->count; i++) {
		const size_t index = order[i];
		acts->entries[index].valid =
		    !key_retired(acts, index) && had_right(acts, index) && !city_id_taken(acts, index);
	}
	free(order);
	return TWINLOG_OK;
}

static void decide_title(struct acts *acts)
{
	const struct act *named = acts->entries[0].act;
	for (size_t i = 1; i < acts->count; i++)
		if (acts->entries[i].valid && acts->entries[i].act->kind == KIND(RENAME) &&
		    act_order(acts->entries[i].act, named) > 0)
			named = acts->entries[i].act;
	acts->title = named->message->title;
}

/* The id by which a city goes: that of its first addition that stands. */
static void decide_city_id(const struct acts *acts, struct member *member)
{
	const struct act *first = NULL;
	for (size_t i = 0; i < acts->count; i++) {
		const struct act *act = acts->entries[i].act;
		const Twinlog__Member *named =
		    acts->entries[i].valid ? addition_of(&acts->entries[i], &member->identity) : NULL;
		if (!named || (first && act_order(act, first) > 0))
			continue;
		first = act;
		memset(member->city_id, 0, sizeof member->city_id);
		memcpy(member->city_id, named->city_id.data, named->city_id.len);
	}
}

static void decide_member(const struct acts *acts, struct member *member)
{
	size_t from;
	decide_city_id(acts, member);
	member->standing = acts_standing(acts, &member->identity, NULL, &member->reader, &from);
	member->since_ms = acts->entries[from].act->message->clock_ms;
	member->signer = acts->entries[from].act->signer;
	member->steward = acts_steward_under(acts, &member->identity, NULL);
	member->ever_member = member->standing == STANDING_MEMBER;
	for (size_t i = 0; i < acts->count && !member->ever_member; i++) {
		const struct act *act = acts->entries[i].act;
		member->ever_member = acts->entries[i].valid && hash_equal(&act->signer, &member->identity) &&
				      (act->kind == KIND(ACCEPT) || act->kind == KIND(FOUND));
	}
}

enum twinlog_error acts_evaluate(struct acts *acts)
{
	struct act_entry *newest = &acts->entries[acts->count - 1];
	const Twinlog__Act *message = newest->act->message;
	newest->named = calloc(message->n_members + 1, sizeof *newest->named);
	if (!newest->named)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < message->n_members; i++) {
		const enum twinlog_error error = member_note(acts, message->members[i], &newest->named[i]);
		if (error)
			return error;
	}
	const enum twinlog_error error = decide_validity(acts);
	if (error)
		return error;
	decide_title(acts);
	for (size_t i = 0; i < acts->members_count; i++)
		decide_member(acts, &acts->members[i]);
	return TWINLOG_OK;
}

/* ---- Cut-offs. ---- */

static bool cutoff_collect(struct acts *acts, size_t cutoff, size_t *count)
{
	for (size_t i = cutoff; i < acts->count; i++) {
		const Twinlog__Cutoff *counts = acts->entries[i].act->message->counts;
		if (!names_heads_for(acts, i, cutoff) || !counts)
			continue;
		if (*count + counts->n_bundles > acts->cutoff_capacity) {
			const size_t capacity = 2 * (*count + counts->n_bundles);
			struct hash *grown = realloc(acts->cutoff, capacity * sizeof *grown);
			if (!grown)
				return false;
			acts->cutoff = grown;
			acts->cutoff_capacity = capacity;
		}
		for (size_t h = 0; h < counts->n_bundles; h++)
			memcpy(acts->cutoff[(*count)++].bytes, counts->bundles[h].data, HASH_SIZE);
	}
	return true;
}

bool acts_cuts_off(const struct acts *acts, const struct hash *identity, const struct hash *act_heads,
		   size_t act_heads_count, const struct seal_public *key, const struct hash **ret_heads,
		   size_t *ret_count)
{
	const struct act_set *known = acts_closure(acts, act_heads, act_heads_count);
	struct acts *scratch = (struct acts *)(uintptr_t)acts;
	bool cut = false;
	size_t count = 0;
	for (size_t i = 0; i < acts->count; i++) {
		const struct act *act = acts->entries[i].act;
		const bool removal = act->kind == KIND(REMOVE) && act->message->extends.len == 0 &&
				     acts->entries[i].valid && (!known || !act_set_has(known, i)) &&
				     memcmp(act->message->subject.data, identity->bytes, HASH_SIZE) == 0;
		const bool change = is_key_change_of(acts, i, identity) && retires(acts, i, key);
		if (!removal && !change)
			continue;
		cut = true;
		if (!cutoff_collect(scratch, i, &count))
			break;
	}
	*ret_count = hash_sort(acts->cutoff, count);
	*ret_heads = acts->cutoff;
	return cut;
}
