/* Who belongs: a pure function of the set of acts. Two questions decide all: what an act's signer knew (its ancestors),
 * and what was done at once (neither is the other's ancestor). Each city's acts are looked at by themselves, so that an
 * act costs what it touches; only when one arrives that changes what earlier ones are worth is everything decided anew.
 * PROTOCOL, "Who belongs"; the numbers are those of its rules. */
#include <stdlib.h>

#include "acts_internal.h"

/* ---- Standing. ---- */

/* Rule 2: of add and remove at once the removal wins; adding again has to know of the removal. */
static bool addition_lives(const struct acts *acts, const struct city *city, size_t addition,
			   const struct act_set *within)
{
	for (uint32_t i = 0; i < city->removals.count; i++)
		if (stands(acts, city->removals.items[i], within) && !knew(acts, addition, city->removals.items[i]))
			return false;
	return true;
}

/* The word of that kind that knew the addition and comes first in (number, id). */
static size_t first_word(const struct acts *acts, const struct city *city, uint32_t kind, size_t addition,
			 const struct act_set *within)
{
	size_t first = SIZE_MAX;
	for (uint32_t i = 0; i < city->words.count; i++) {
		const size_t word = city->words.items[i];
		if (acts->entries[word].act->kind == kind && stands(acts, word, within) && knew(acts, word, addition) &&
		    (first == SIZE_MAX || act_order(acts, word, first) < 0))
			first = word;
	}
	return first;
}

/* Knew each decline of this addition. */
static bool outlives_declines(const struct acts *acts, const struct city *city, size_t acceptance, size_t addition,
			      const struct act_set *within)
{
	for (uint32_t i = 0; i < city->words.count; i++) {
		const size_t word = city->words.items[i];
		if (acts->entries[word].act->kind == KIND(DECLINE) && stands(acts, word, within) &&
		    knew(acts, word, addition) && !knew(acts, acceptance, word))
			return false;
	}
	return true;
}

static size_t acceptance_of(const struct acts *acts, const struct city *city, size_t addition,
			    const struct act_set *within)
{
	size_t first = SIZE_MAX;
	const struct act *act = acts->entries[addition].act;
	if (act->kind == KIND(FOUND) && hash_equal(&act->signer, &city->identity) &&
	    outlives_declines(acts, city, addition, addition, within))
		return addition;
	for (uint32_t i = 0; i < city->words.count; i++) {
		const size_t word = city->words.items[i];
		if (acts->entries[word].act->kind == KIND(ACCEPT) && stands(acts, word, within) &&
		    knew(acts, word, addition) && (first == SIZE_MAX || act_order(acts, word, first) < 0) &&
		    outlives_declines(acts, city, word, addition, within))
			first = word;
	}
	return first;
}

/* Rule 3: standing under one addition that lives. */
static enum standing standing_from(const struct acts *acts, const struct city *city, size_t addition,
				   const struct act_set *within, size_t *ret_from)
{
	if ((*ret_from = first_word(acts, city, KIND(LEAVE), addition, within)) != SIZE_MAX)
		return STANDING_LEFT;
	if ((*ret_from = acceptance_of(acts, city, addition, within)) != SIZE_MAX)
		return STANDING_MEMBER;
	if ((*ret_from = first_word(acts, city, KIND(DECLINE), addition, within)) != SIZE_MAX)
		return STANDING_DECLINED;
	*ret_from = addition;
	return STANDING_INVITED;
}

static size_t last_removal(const struct acts *acts, const struct city *city, const struct act_set *within)
{
	size_t last = SIZE_MAX;
	for (uint32_t i = 0; i < city->removals.count; i++)
		if (stands(acts, city->removals.items[i], within) &&
		    (last == SIZE_MAX || act_order(acts, city->removals.items[i], last) > 0))
			last = city->removals.items[i];
	return last;
}

/* Rule 4: the strongest under any addition; of equal ones the last addition in (number, id) gives it. */
enum standing acts_standing(const struct acts *acts, const struct city *city, const struct act_set *within,
			    bool *ret_reader, size_t *ret_from)
{
	static const int rank[] = {[STANDING_REMOVED] = 0,
				   [STANDING_LEFT] = 1,
				   [STANDING_DECLINED] = 2,
				   [STANDING_INVITED] = 3,
				   [STANDING_MEMBER] = 4};
	enum standing best = STANDING_REMOVED;
	const struct claim *given = NULL;
	size_t from = SIZE_MAX;
	for (uint32_t i = 0; i < city->additions.count; i++) {
		const struct claim *claim = &acts->claims[city->additions.items[i]];
		size_t since;
		if (!stands(acts, claim->act, within) || !addition_lives(acts, city, claim->act, within))
			continue;
		const enum standing standing = standing_from(acts, city, claim->act, within, &since);
		if (given &&
		    (rank[standing] < rank[best] || (standing == best && act_order(acts, claim->act, given->act) < 0)))
			continue;
		best = standing;
		given = claim;
		from = since;
	}
	if (ret_reader)
		*ret_reader = given && claim_member(acts, given)->reader;
	if (ret_from)
		*ret_from = given ? from : last_removal(acts, city, within);
	return best;
}

/* Rule 5: an appointment ends like an addition, and by a leave as well. */
static bool appointment_lives(const struct acts *acts, const struct city *city, size_t appointment,
			      const struct act_set *within)
{
	for (uint32_t i = 0; i < city->words.count; i++)
		if (acts->entries[city->words.items[i]].act->kind == KIND(LEAVE) &&
		    stands(acts, city->words.items[i], within) && !knew(acts, appointment, city->words.items[i]))
			return false;
	return addition_lives(acts, city, appointment, within);
}

bool acts_steward_under(const struct acts *acts, const struct city *city, const struct act_set *within)
{
	if (city->appointments.count == 0 || acts_standing(acts, city, within, NULL, NULL) != STANDING_MEMBER)
		return false;
	for (uint32_t i = 0; i < city->appointments.count; i++)
		if (stands(acts, city->appointments.items[i], within) &&
		    appointment_lives(acts, city, city->appointments.items[i], within))
			return true;
	return false;
}

size_t acts_stewards_under(const struct acts *acts, const struct act_set *within)
{
	size_t count = 0;
	for (size_t i = 0; i < acts->stewards_count; i++)
		count += acts_steward_under(acts, acts->stewards[i], within);
	return count;
}

/* ---- What stands of each member. ---- */

static void title_decide(struct acts *acts, size_t index)
{
	const uint32_t kind = acts->entries[index].act->kind;
	if (acts->entries[index].valid && (kind == KIND(RENAME) || kind == KIND(FOUND)) &&
	    act_order(acts, index, acts->titled) > 0)
		acts->titled = index;
}

/* Rule 7: the id by which a city goes is that of its first addition that is valid. */
static void city_id_decide(const struct acts *acts, const struct city *city, struct member *member)
{
	const struct claim *first = NULL;
	for (uint32_t i = 0; i < city->additions.count; i++) {
		const struct claim *claim = &acts->claims[city->additions.items[i]];
		if (acts->entries[claim->act].valid && (!first || act_order(acts, claim->act, first->act) < 0))
			first = claim;
	}
	member->added = first != NULL;
	if (!first)
		return;
	const ProtobufCBinaryData city_id = claim_member(acts, first)->city_id;
	memset(member->city_id, 0, sizeof member->city_id);
	memcpy(member->city_id, city_id.data, city_id.len);
}

bool acts_was_member(const struct acts *acts, const struct city *city)
{
	for (uint32_t i = 0; i < city->words.count; i++)
		if (acts->entries[city->words.items[i]].valid &&
		    acts->entries[city->words.items[i]].act->kind == KIND(ACCEPT))
			return true;
	return hash_equal(&acts->entries[0].act->signer, &city->identity);
}

static enum twinlog_error member_decide(struct acts *acts, struct member *member)
{
	struct city *city = city_find(acts, &member->identity);
	const struct member before = *member;
	size_t from;
	city_id_decide(acts, city, member);
	member->standing = acts_standing(acts, city, NULL, &member->reader, &from);
	member->since_ms = from == SIZE_MAX ? 0 : acts->entries[from].act->message->clock_ms;
	member->signer = from == SIZE_MAX ? (struct hash){{0}} : acts->entries[from].act->signer;
	member->steward = acts_steward_under(acts, city, NULL);
	member->ever_member = acts_was_member(acts, city);
	acts->parties_changed |= before.ever_member != member->ever_member || before.reader != member->reader ||
				 before.added != member->added || strcmp(before.city_id, member->city_id) != 0;
	return told_decide(acts, city, member->standing);
}

static enum twinlog_error city_decide(struct acts *acts, const struct hash *identity)
{
	struct member *member = (struct member *)(uintptr_t)acts_member(acts, identity);
	return member ? member_decide(acts, member) : TWINLOG_OK;
}

/* ---- An act that arrives. ---- */

struct placed {
	const struct acts *acts;
	uint32_t index;
};

static int placed_compare(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;
	return act_order(x->acts, x->index, y->index);
}

/* Rule 1: right and city ids hang on acts before in (number, id), so each finds everything it hangs on decided. */
enum twinlog_error acts_validity_decide(struct acts *acts, bool undone)
{
	struct placed *order = malloc(acts->count * sizeof *order);
	if (!order)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < acts->count; i++) {
		order[i] = (struct placed){acts, (uint32_t)i};
		acts->entries[i].valid = false;
		acts->entries[i].shut_out = !undone && act_is_shut_out(acts, i);
	}
	qsort(order, acts->count, sizeof *order, placed_compare);
	for (size_t i = 0; i < acts->count; i++)
		acts->entries[order[i].index].valid =
		    undone ? act_had_right(acts, order[i].index) : act_is_valid(acts, order[i].index);
	free(order);
	return TWINLOG_OK;
}

static enum twinlog_error decide_all(struct acts *acts)
{
	enum twinlog_error error = acts_validity_decide(acts, false);
	if (error)
		return error;
	acts->titled = 0;
	for (size_t i = 1; i < acts->count; i++)
		title_decide(acts, i);
	acts->touched = ACTS_TOUCHED_ALL;
	for (size_t i = 0; i < acts->members_count; i++) {
		error = member_decide(acts, &acts->members[i]);
		if (error)
			return error;
	}
	return TWINLOG_OK;
}

/* A change of key, or what extends it, may shut out acts of its city or let them in. */
static bool change_shuts_out_others(const struct acts *acts, const struct hash *signer)
{
	const struct city *city = city_find(acts, signer);
	for (uint32_t i = 0; i < city->acts.count; i++)
		if (acts->entries[city->acts.items[i]].shut_out != act_is_shut_out(acts, city->acts.items[i]))
			return true;
	return false;
}

/* Whether what arrived changes what acts that were here are worth. */
static bool upsets_others(const struct acts *acts, size_t index)
{
	const struct act_entry *entry = &acts->entries[index];
	if (entry->act->kind == KIND(CHANGE_KEY))
		return change_shuts_out_others(acts, &entry->act->signer);
	return entry->act->kind == KIND(ADD) && entry->valid && addition_takes_city_id(acts, index);
}

/* Whose bundles a removal is about: what extends one adds to that one, whomever it names itself. */
static struct hash cut_off(const struct acts *acts, size_t index)
{
	struct hash extended, city;
	size_t removal = SIZE_MAX;
	if (codec_get_hash(acts->entries[index].act->message->extends, &extended) == TWINLOG_OK)
		removal = acts_index(acts, &extended);
	if (removal == SIZE_MAX || acts->entries[removal].act->kind != KIND(REMOVE))
		removal = index;
	memcpy(city.bytes, acts->entries[removal].act->message->subject.data, HASH_SIZE);
	return city;
}

static void touch(struct acts *acts, size_t index)
{
	const struct act_entry *entry = &acts->entries[index];
	const struct act *act = entry->act;
	acts->touched = ACTS_TOUCHED_NONE;
	if (act->kind == KIND(CHANGE_KEY)) {
		acts->touched = ACTS_TOUCHED_CITY;
		acts->touched_city = act->signer;
	} else if (act->kind == KIND(REMOVE) && entry->valid) {
		acts->touched = ACTS_TOUCHED_CITY;
		acts->touched_city = cut_off(acts, index);
	}
}

enum twinlog_error acts_evaluate(struct acts *acts)
{
	const size_t index = acts->count - 1;
	struct act_entry *entry = &acts->entries[index];
	const Twinlog__Act *message = entry->act->message;
	acts->parties_changed = false;
	entry->shut_out = act_is_shut_out(acts, index);
	entry->valid = act_is_valid(acts, index);
	if (upsets_others(acts, index))
		return decide_all(acts);
	touch(acts, index);
	title_decide(acts, index);
	enum twinlog_error error = city_decide(acts, &entry->act->signer);
	for (size_t i = 0; i < message->n_members && !error; i++)
		error = city_decide(acts, &entry->named[i]->identity);
	if (!error && (message->subject.len == HASH_SIZE || message->n_stewards == 1)) {
		struct hash other;
		memcpy(other.bytes, message->subject.len ? message->subject.data : message->stewards[0].data,
		       HASH_SIZE);
		error = city_decide(acts, &other);
	}
	return error;
}

enum acts_touched acts_touched(const struct acts *acts, struct hash *ret_city)
{
	*ret_city = acts->touched_city;
	return acts->touched;
}

bool acts_parties_changed(const struct acts *acts)
{
	return acts->parties_changed;
}
