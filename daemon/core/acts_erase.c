/* Who may erase what a city said that is no member any more: most stewards together. */
#include <stdlib.h>

#include "acts_internal.h"

bool acts_named_steward(const struct acts *acts, const struct hash *identity)
{
	const struct city *city = city_find(acts, identity);
	return city && city->appointments.count > 0;
}

/* One that was never added there has the standing of one removed. */
static bool ended_within(const struct acts *acts, const struct act_set *at, const struct city *city)
{
	for (uint32_t i = 0; i < city->removals.count; i++)
		if (stands(acts, city->removals.items[i], at))
			return true;
	for (uint32_t i = 0; i < city->words.count; i++)
		if (acts->entries[city->words.items[i]].act->kind == KIND(LEAVE) &&
		    stands(acts, city->words.items[i], at))
			return true;
	return false;
}

static bool most_agree(const struct acts *acts, const struct act_set *at, const struct city *city,
		       const struct hash *signers, size_t count)
{
	size_t agree = 0;
	if (!ended_within(acts, at, city))
		return false;
	const enum standing standing = acts_standing(acts, city, at, NULL, NULL);
	if (standing != STANDING_LEFT && standing != STANDING_REMOVED)
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct city *signer = city_find(acts, &signers[i]);
		agree += signer && acts_steward_under(acts, signer, at);
	}
	return 2 * agree > acts_stewards_under(acts, at);
}

/* The first act that may have ended its membership; SIZE_MAX: none did. */
static size_t first_ending(const struct acts *acts, const struct city *city)
{
	size_t first = SIZE_MAX;
	for (uint32_t i = 0; i < city->removals.count; i++)
		first = city->removals.items[i] < first ? city->removals.items[i] : first;
	for (uint32_t i = 0; i < city->words.count; i++)
		if (acts->entries[city->words.items[i]].act->kind == KIND(LEAVE) && city->words.items[i] < first)
			first = city->words.items[i];
	return first;
}

static bool agree_somewhere(const struct acts *acts, const struct city *city, const struct hash *signers, size_t count)
{
	struct act_set at = {.words_count = acts->count / 64 + 1};
	bool agree = false;
	if (!acts_was_member(acts, city) || !(at.words = calloc(at.words_count, sizeof *at.words)))
		return false;
	for (size_t i = first_ending(acts, city); i < acts->count && !agree; i++) {
		const struct act_set *ancestors = &acts->entries[i].ancestors;
		memset(at.words, 0, at.words_count * sizeof *at.words);
		memcpy(at.words, ancestors->words, ancestors->words_count * sizeof *at.words);
		act_set_add(&at, i);
		agree = most_agree(acts, &at, city, signers, count);
	}
	free(at.words);
	return agree;
}

/* ---- Answers are kept: the same few stewards erase what one city said, leaf by leaf, and each act asks again. ---- */

#define AGREEMENTS 256u

struct agreement {
	struct hash about; /* the city and the signers */
	bool now, once;
};

struct agreements {
	size_t acts;               /* of which all here is true: their number */
	struct act_entry *entries; /* acts_once; NULL: as they are */
	size_t count;
	struct agreement items[AGREEMENTS];
};

void agreements_free(struct agreements *agreements)
{
	if (agreements)
		free(agreements->entries);
	free(agreements);
}

static enum twinlog_error entries_once(const struct acts *acts, struct act_entry **ret_entries)
{
	bool any = false;
	struct acts once = *acts;
	*ret_entries = NULL;
	for (size_t i = 0; i < acts->count && !any; i++)
		any = acts->entries[i].shut_out || (acts->entries[i].act->kind == KIND(ADD) && !acts->entries[i].valid);
	if (!any)
		return TWINLOG_OK;
	once.entries = malloc(acts->count * sizeof *once.entries);
	if (!once.entries)
		return TWINLOG_NO_MEMORY;
	memcpy(once.entries, acts->entries, acts->count * sizeof *once.entries);
	*ret_entries = once.entries;
	return acts_validity_decide(&once, true);
}

/* NULL: memory. */
static struct agreements *agreements_of(const struct acts *acts)
{
	struct acts *keeper = (struct acts *)(uintptr_t)acts;
	if (acts->agreements && acts->agreements->acts == acts->count)
		return acts->agreements;
	agreements_free(acts->agreements);
	keeper->agreements = calloc(1, sizeof *keeper->agreements);
	if (!keeper->agreements || entries_once(acts, &keeper->agreements->entries))
		return NULL;
	keeper->agreements->acts = acts->count;
	return acts->agreements;
}

const struct act_entry *acts_once(const struct acts *acts)
{
	const struct agreements *agreements = agreements_of(acts);
	if (!agreements)
		return NULL;
	return agreements->entries ? agreements->entries : acts->entries;
}

static struct agreement agreement_of(const struct acts *acts, const struct hash *identity, const struct hash *signers,
				     size_t count)
{
	const struct seal_part parts[] = {{identity->bytes, HASH_SIZE}, {signers, count * sizeof *signers}};
	const struct city *city = city_find(acts, identity);
	struct agreements *agreements = city && first_ending(acts, city) != SIZE_MAX ? agreements_of(acts) : NULL;
	if (!agreements)
		return (struct agreement){.now = false};
	struct agreement answer = {.about = seal_hash("agreement", parts, 2)};
	for (size_t i = 0; i < agreements->count && i < AGREEMENTS; i++)
		if (hash_equal(&agreements->items[i].about, &answer.about))
			return agreements->items[i];
	struct acts once = *acts;
	once.entries = agreements->entries;
	answer.now = agree_somewhere(acts, city, signers, count);
	answer.once = answer.now || (once.entries && agree_somewhere(&once, city, signers, count));
	agreements->items[agreements->count++ % AGREEMENTS] = answer;
	return answer;
}

bool acts_stewards_agree(const struct acts *acts, const struct hash *city, const struct hash *signers, size_t count)
{
	return agreement_of(acts, city, signers, count).now;
}

bool acts_stewards_agreed(const struct acts *acts, const struct hash *city, const struct hash *signers, size_t count)
{
	return agreement_of(acts, city, signers, count).once;
}
