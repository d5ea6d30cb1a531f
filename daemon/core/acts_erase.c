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

bool acts_stewards_agree(const struct acts *acts, const struct hash *identity, const struct hash *signers, size_t count)
{
	const struct member *member = acts_member(acts, identity);
	const struct city *city = city_find(acts, identity);
	struct act_set at = {.words_count = acts->count / 64 + 1};
	bool agree = false;
	if (!member || !member->ever_member || !(at.words = calloc(at.words_count, sizeof *at.words)))
		return false;
	for (size_t i = 0; i < acts->count && !agree; i++) {
		const struct act_set *ancestors = &acts->entries[i].ancestors;
		memset(at.words, 0, at.words_count * sizeof *at.words);
		memcpy(at.words, ancestors->words, ancestors->words_count * sizeof *at.words);
		act_set_add(&at, i);
		agree = most_agree(acts, &at, city, signers, count);
	}
	free(at.words);
	return agree;
}
