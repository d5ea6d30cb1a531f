/* Who may erase what a city said that is no member any more: most stewards together. */
#include <stdlib.h>

#include "acts_internal.h"

bool acts_ever_steward(const struct acts *acts, const struct hash *identity)
{
	for (size_t i = 0; i < acts->count; i++) {
		const Twinlog__Act *act = acts->entries[i].act->message;
		for (size_t s = 0; acts->entries[i].valid && s < act->n_stewards; s++)
			if (memcmp(act->stewards[s].data, identity->bytes, HASH_SIZE) == 0)
				return true;
	}
	return false;
}

static bool ends_membership(const struct acts *acts, size_t index, const struct hash *city)
{
	const struct act *act = acts->entries[index].act;
	if (!acts->entries[index].valid)
		return false;
	if (act->kind == TWINLOG__ACT_KIND__ACT_LEAVE)
		return hash_equal(&act->signer, city);
	return act->kind == TWINLOG__ACT_KIND__ACT_REMOVE &&
	       memcmp(act->message->subject.data, city->bytes, HASH_SIZE) == 0;
}

/* One that was never added there has the standing of one removed. */
static bool ended_within(const struct acts *acts, const struct act_set *at, const struct hash *city)
{
	for (size_t i = 0; i < acts->count; i++)
		if (act_set_has(at, i) && ends_membership(acts, i, city))
			return true;
	return false;
}

static bool most_agree(const struct acts *acts, const struct act_set *at, const struct hash *city,
		       const struct hash *signers, size_t count)
{
	size_t agree = 0;
	const enum standing standing = acts_standing(acts, city, at, NULL, NULL);
	if ((standing != STANDING_LEFT && standing != STANDING_REMOVED) || !ended_within(acts, at, city))
		return false;
	for (size_t i = 0; i < count; i++)
		agree += acts_steward_under(acts, &signers[i], at);
	return 2 * agree > acts_stewards_under(acts, at);
}

bool acts_stewards_agree(const struct acts *acts, const struct hash *city, const struct hash *signers, size_t count)
{
	const struct member *member = acts_member(acts, city);
	struct act_set at = {.words_count = acts->count / 64 + 1};
	bool agree = false;
	if (!member || !member->ever_member || !(at.words = calloc(at.words_count, sizeof *at.words)))
		return false;
	for (size_t i = 0; i < acts->count && !agree; i++) {
		const struct act_set *ancestors = &acts->entries[i].ancestors;
		memset(at.words, 0, at.words_count * sizeof *at.words);
		memcpy(at.words, ancestors->words, ancestors->words_count * sizeof *at.words);
		at.words[i / 64] |= UINT64_C(1) << (i % 64);
		agree = most_agree(acts, &at, city, signers, count);
	}
	free(at.words);
	return agree;
}
