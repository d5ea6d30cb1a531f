/* What ends: the cut-offs that a city's bundles have to pass, each by itself, and what one who is no member any more
 * may still be told. PROTOCOL, "Bundles" and "Who is sent what". */
#include <stdlib.h>

#include "acts_internal.h"

size_t acts_cutoffs(const struct acts *acts, const struct hash *identity)
{
	const struct city *city = city_find(acts, identity);
	return city ? city->removals.count + city->changes.count : 0;
}

size_t acts_cutoff(const struct acts *acts, const struct hash *identity, size_t which)
{
	const struct city *city = city_find(acts, identity);
	return which < city->removals.count ? city->removals.items[which]
					    : city->changes.items[which - city->removals.count];
}

bool acts_cutoff_applies(const struct acts *acts, size_t cutoff, const struct hash *heads, size_t heads_count,
			 size_t key)
{
	const struct act_entry *entry = &acts->entries[cutoff];
	if (entry->act->kind == KIND(CHANGE_KEY)) {
		const struct city *city = city_find(acts, &entry->act->signer);
		return key < city->keys_count && change_retires(acts, cutoff, city, &city->keys[key]);
	}
	const struct act_set *known = acts_closure(acts, heads, heads_count);
	return entry->valid && (!known || !act_set_has(known, cutoff));
}

const struct hash *acts_cutoff_heads(const struct acts *acts, size_t cutoff, size_t *ret_count)
{
	struct acts *scratch = (struct acts *)(uintptr_t)acts;
	uint32_t part;
	size_t count = 0;
	for (uint32_t i = 0; (part = cutoff_part(acts, cutoff, i)) != ACT_NOWHERE; i++) {
		const Twinlog__Cutoff *counts = acts->entries[part].act->message->counts;
		const size_t more = counts && acts->entries[part].valid ? counts->n_bundles : 0;
		if (count + more + 1 > acts->cutoff_capacity) {
			const size_t capacity = 2 * (count + more + 1);
			struct hash *grown = realloc(acts->cutoff, capacity * sizeof *grown);
			if (!grown)
				return NULL;
			scratch->cutoff = grown;
			scratch->cutoff_capacity = capacity;
		}
		for (size_t h = 0; h < more; h++)
			memcpy(scratch->cutoff[count++].bytes, counts->bundles[h].data, HASH_SIZE);
	}
	*ret_count = hash_sort(scratch->cutoff, count);
	return scratch->cutoff;
}

/* ---- What may be told. ---- */

/* A removal and an addition at once: who heard of the addition alone took the city for invited. */
static bool meets_addition(const struct acts *acts, const struct city *city, size_t removal)
{
	for (uint32_t i = 0; i < city->additions.count; i++) {
		const size_t addition = acts->claims[city->additions.items[i]].act;
		if (acts->entries[addition].valid && !knew(acts, removal, addition) && !knew(acts, addition, removal))
			return true;
	}
	return false;
}

/* The act took from the city a standing under which it was told of acts. */
static bool ends(const struct acts *acts, const struct city *city, size_t index)
{
	if (!acts->entries[index].valid || acts->entries[index].act->kind == KIND(ACCEPT))
		return false;
	const enum standing before = acts_standing(acts, city, &acts->entries[index].ancestors, NULL, NULL);
	return before == STANDING_MEMBER || before == STANDING_INVITED ||
	       (acts->entries[index].act->kind == KIND(REMOVE) && meets_addition(acts, city, index));
}

static void told_add(struct acts *acts, struct city *city, const struct act_list *list)
{
	for (uint32_t i = 0; i < list->count; i++) {
		if (!ends(acts, city, list->items[i]))
			continue;
		act_set_add_all(acts, &city->told, list->items[i]);
	}
}

/* Its own changes of key, and what extends them: after an older copy was put back it may lack one that takes from it
 * what it takes itself to be. What they knew it knew. */
static void told_changes(struct acts *acts, struct city *city)
{
	uint32_t part;
	for (uint32_t i = 0; i < city->changes.count; i++)
		for (uint32_t p = 0; (part = cutoff_part(acts, city->changes.items[i], p)) != ACT_NOWHERE; p++)
			act_set_add_all(acts, &city->told, part);
}

/* Decided with the standing, and not when somebody asks: many threads may ask at once. */
enum twinlog_error told_decide(struct acts *acts, struct city *city, enum standing standing)
{
	free(city->told.words);
	city->told = (struct act_set){0};
	city->told_acts = 0;
	if (standing == STANDING_MEMBER || standing == STANDING_INVITED)
		return TWINLOG_OK;
	const enum twinlog_error error = act_set_init(&city->told, acts->count);
	if (error)
		return error;
	told_add(acts, city, &city->removals);
	told_add(acts, city, &city->words);
	told_changes(acts, city);
	return TWINLOG_OK;
}

/* ---- What was undone. It takes the time of all acts, so it is asked for partners alone, and not as acts come. ---- */

static bool is_undone(const struct acts *acts, const struct city *city)
{
	for (uint32_t i = 0; i < city->additions.count; i++)
		if (!acts->entries[acts->claims[city->additions.items[i]].act].valid)
			return true;
	for (uint32_t i = 0; i < city->removals.count; i++)
		if (!acts->entries[city->removals.items[i]].valid)
			return true;
	return false;
}

struct undone {
	const struct acts *acts, *once;
	struct act_set told;  /* what undid them, with what that knew */
	struct act_set known; /* what those knew that nothing undid by themselves */
};

/* One cause is enough for whoever looks at it. */
static void undone_add(struct undone *undone, size_t index)
{
	if (undone->acts->entries[index].valid || !act_had_right(undone->once, index))
		return;
	const size_t by = act_undone_by(undone->acts, index, NULL);
	if (by != SIZE_MAX)
		act_set_add_all(undone->acts, &undone->told, by);
	else
		act_set_unite(&undone->known, &undone->acts->entries[index].ancestors);
}

static void undone_known(struct undone *undone)
{
	struct holders holders = {.count = 0};
	for (size_t i = 0; i < undone->acts->count; i++) {
		const size_t by = act_set_has(&undone->known, i) ? act_undone_by(undone->acts, i, &holders) : SIZE_MAX;
		if (by != SIZE_MAX && !act_set_has(&undone->told, by))
			act_set_add_all(undone->acts, &undone->told, by);
	}
}

static enum twinlog_error undone_find(const struct acts *acts, const struct city *city, struct undone *undone)
{
	enum twinlog_error error = act_set_init(&undone->told, acts->count);
	if (!error)
		error = act_set_init(&undone->known, acts->count);
	if (error)
		return error;
	for (uint32_t i = 0; i < city->additions.count; i++)
		undone_add(undone, acts->claims[city->additions.items[i]].act);
	for (uint32_t i = 0; i < city->removals.count; i++)
		undone_add(undone, city->removals.items[i]);
	undone_known(undone);
	return TWINLOG_OK;
}

enum twinlog_error acts_tell_undone(struct acts *acts, const struct hash *identity)
{
	const struct member *member = acts_member(acts, identity);
	struct city *city = member ? city_find(acts, identity) : NULL;
	struct acts once = *acts;
	if (!member || member->standing == STANDING_MEMBER || member->standing == STANDING_INVITED ||
	    city->told_acts == acts->count)
		return TWINLOG_OK;
	enum twinlog_error error = TWINLOG_OK;
	if (is_undone(acts, city)) {
		struct undone undone = {.acts = acts, .once = &once};
		once.entries = (struct act_entry *)(uintptr_t)acts_once(acts);
		error = once.entries ? told_decide(acts, city, member->standing) : TWINLOG_NO_MEMORY;
		if (!error)
			error = undone_find(acts, city, &undone);
		if (!error)
			act_set_unite(&city->told, &undone.told);
		free(undone.told.words);
		free(undone.known.words);
	}
	if (!error)
		city->told_acts = acts->count;
	return error;
}

bool acts_may_be_told(const struct acts *acts, const struct hash *identity, size_t index)
{
	const struct member *member = acts_member(acts, identity);
	if (!member)
		return false;
	return member->standing == STANDING_MEMBER || member->standing == STANDING_INVITED ||
	       act_set_has(&city_find(acts, identity)->told, index);
}

bool acts_heads_may_be_told(const struct acts *acts, const struct hash *identity, const struct hash *heads,
			    size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const size_t index = acts_index(acts, &heads[i]);
		if (index == SIZE_MAX || !acts_may_be_told(acts, identity, index))
			return false;
	}
	return true;
}
