#include "acts.h"

#include <stdlib.h>

#include "acts_internal.h"

size_t acts_index(const struct acts *acts, const struct hash *id)
{
	for (size_t i = acts->count; i-- > 0;)
		if (hash_equal(&acts->entries[i].act->id, id))
			return i;
	return SIZE_MAX;
}

bool acts_has(const struct acts *acts, const struct hash *id)
{
	return acts_index(acts, id) != SIZE_MAX;
}

static struct hash act_parent(const struct act *act, size_t index)
{
	struct hash parent;
	memcpy(parent.bytes, act->message->parents[index].data, HASH_SIZE);
	return parent;
}

static void set_add(struct act_set *set, size_t index)
{
	set->words[index / 64] |= UINT64_C(1) << (index % 64);
}

static void set_unite(struct act_set *set, const struct act_set *other)
{
	for (size_t i = 0; i < other->words_count && i < set->words_count; i++)
		set->words[i] |= other->words[i];
}

static enum twinlog_error set_init(struct act_set *set, size_t acts)
{
	set->words_count = acts / 64 + 1;
	set->words = calloc(set->words_count, sizeof *set->words);
	return set->words ? TWINLOG_OK : TWINLOG_NO_MEMORY;
}

/* The ancestors of a new act, and that its number follows from them. */
static enum twinlog_error ancestors_take(struct acts *acts, const struct act *act, struct act_set *ret_set)
{
	struct act_set set;
	uint64_t greatest = 0;
	if (set_init(&set, acts->count))
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < act->message->n_parents; i++) {
		const struct hash parent = act_parent(act, i);
		const size_t index = acts_index(acts, &parent);
		if (index == SIZE_MAX) {
			free(set.words);
			return TWINLOG_UNKNOWN_PARENT;
		}
		set_unite(&set, &acts->entries[index].ancestors);
		set_add(&set, index);
		if (acts->entries[index].act->message->number > greatest)
			greatest = acts->entries[index].act->message->number;
	}
	if (act->message->number != greatest + 1) {
		free(set.words);
		return TWINLOG_MALFORMED;
	}
	*ret_set = set;
	return TWINLOG_OK;
}

static enum twinlog_error verify_with(const struct act *act, const struct seal_public *key)
{
	return seal_verify(key, "act", act->signed_bytes, act->signed_size, act->signature, SEAL_SIGNATURE_SIZE);
}

static enum twinlog_error signature_check(const struct acts *acts, const struct act *act, struct seal_public *ret_key)
{
	const struct member *member = acts_member(acts, &act->signer);
	if (!member)
		return TWINLOG_NOT_A_MEMBER;
	if (act->kind == TWINLOG__ACT_KIND__ACT_CHANGE_KEY) {
		*ret_key = member->recovery_key;
		return verify_with(act, &member->recovery_key);
	}
	struct seal_public keys[16];
	const size_t count = acts_keys(acts, &act->signer, keys, 16);
	for (size_t i = 0; i < count; i++) {
		if (verify_with(act, &keys[i]) == TWINLOG_OK) {
			*ret_key = keys[i];
			return TWINLOG_OK;
		}
	}
	return TWINLOG_BAD_SIGNATURE;
}

static void heads_advance(struct acts *acts, const struct act *act)
{
	size_t kept = 0;
	for (size_t i = 0; i < acts->heads_count; i++) {
		bool covered = false;
		for (size_t p = 0; p < act->message->n_parents && !covered; p++)
			covered = memcmp(act->message->parents[p].data, acts->heads[i].bytes, HASH_SIZE) == 0;
		if (!covered)
			acts->heads[kept++] = acts->heads[i];
	}
	acts->heads[kept++] = act->id;
	acts->heads_count = hash_sort(acts->heads, kept);
}

static enum twinlog_error room_for_one(struct acts *acts)
{
	struct hash *heads = realloc(acts->heads, (acts->heads_count + 1) * sizeof *heads);
	if (!heads)
		return TWINLOG_NO_MEMORY;
	acts->heads = heads;
	if (acts->count < acts->capacity)
		return TWINLOG_OK;
	const size_t capacity = acts->capacity ? 2 * acts->capacity : 8;
	struct act_entry *entries = realloc(acts->entries, capacity * sizeof *entries);
	if (!entries)
		return TWINLOG_NO_MEMORY;
	acts->entries = entries;
	acts->capacity = capacity;
	return TWINLOG_OK;
}

enum twinlog_error acts_add(struct acts *acts, struct act *act)
{
	struct seal_public key;
	struct act_set ancestors;
	if (acts_has(acts, &act->id))
		return TWINLOG_DUPLICATE;
	if (acts->count > 0 && !hash_equal(&act->space, acts_space(acts)))
		return TWINLOG_MALFORMED;
	if (acts->count >= TWINLOG_SPACE_ACTS_MAX)
		return TWINLOG_TOO_MANY;
	enum twinlog_error error = ancestors_take(acts, act, &ancestors);
	if (error)
		return error;
	if ((error = signature_check(acts, act, &key)) || (error = room_for_one(acts))) {
		free(ancestors.words);
		return error;
	}
	acts->entries[acts->count++] = (struct act_entry){.act = act, .ancestors = ancestors, .key = key};
	error = acts_evaluate(acts);
	if (error) { /* it stays the caller's */
		free(acts->entries[--acts->count].named);
		free(ancestors.words);
		return error;
	}
	heads_advance(acts, act);
	return TWINLOG_OK;
}

/* The founding act names the founder's keys itself, so its members come first and its signature after. */
enum twinlog_error acts_new(struct act *found, struct acts **ret_acts)
{
	if (found->kind != TWINLOG__ACT_KIND__ACT_FOUND)
		return TWINLOG_MALFORMED;
	struct seal_public founding, recovery;
	memcpy(founding.bytes, found->message->members[0]->founding_key.data, sizeof founding.bytes);
	memcpy(recovery.bytes, found->message->members[0]->recovery_key.data, sizeof recovery.bytes);
	const struct hash founder = seal_identity(&founding, &recovery);
	if (!hash_equal(&founder, &found->signer))
		return TWINLOG_BAD_SIGNATURE;

	struct acts *acts = calloc(1, sizeof *acts);
	if (!acts)
		return TWINLOG_NO_MEMORY;
	struct seal_public key;
	struct act_set ancestors = {0};
	enum twinlog_error error = room_for_one(acts);
	if (!error)
		error = set_init(&ancestors, 0);
	if (!error) {
		acts->entries[acts->count++] = (struct act_entry){.act = found, .ancestors = ancestors};
		heads_advance(acts, found);
		error = acts_evaluate(acts);
	}
	if (!error)
		error = signature_check(acts, found, &key);
	if (error) {
		if (acts->count > 0)
			acts->entries[0].act = NULL; /* stays the caller's */
		acts_free(acts);
		return error;
	}
	acts->entries[0].key = key;
	*ret_acts = acts;
	return TWINLOG_OK;
}

void acts_free(struct acts *acts)
{
	if (!acts)
		return;
	for (size_t i = 0; i < acts->count; i++) {
		act_free(acts->entries[i].act);
		free(acts->entries[i].ancestors.words);
		free(acts->entries[i].named);
	}
	free(acts->entries);
	free(acts->heads);
	free(acts->members);
	free(acts->closure.set.words);
	free(acts->cutoff);
	free(acts);
}

size_t acts_count(const struct acts *acts)
{
	return acts->count;
}

const struct act *acts_at(const struct acts *acts, size_t index)
{
	return acts->entries[index].act;
}

const struct hash *acts_heads(const struct acts *acts, size_t *ret_count)
{
	*ret_count = acts->heads_count;
	return acts->heads;
}

uint64_t acts_next_number(const struct acts *acts)
{
	uint64_t greatest = 0;
	for (size_t i = 0; i < acts->count; i++)
		if (acts->entries[i].act->message->number > greatest)
			greatest = acts->entries[i].act->message->number;
	return greatest + 1;
}

const struct hash *acts_space(const struct acts *acts)
{
	return &acts->entries[0].act->id;
}

uint32_t acts_template(const struct acts *acts)
{
	return acts->entries[0].act->message->template_;
}

ProtobufCBinaryData acts_title(const struct acts *acts)
{
	return acts->title;
}

const struct member *acts_members(const struct acts *acts, size_t *ret_count)
{
	*ret_count = acts->members_count;
	return acts->members;
}

const struct member *acts_member(const struct acts *acts, const struct hash *identity)
{
	size_t low = 0, high = acts->members_count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = hash_compare(&acts->members[middle].identity, identity);
		if (order == 0)
			return &acts->members[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

const struct member *acts_member_by_city(const struct acts *acts, ProtobufCBinaryData city_id)
{
	for (size_t i = 0; i < acts->members_count; i++)
		if (codec_equal(city_id, acts->members[i].city_id))
			return &acts->members[i];
	return NULL;
}

size_t acts_keys(const struct acts *acts, const struct hash *identity, struct seal_public *keys, size_t max)
{
	size_t count = 0;
	for (size_t i = acts->count; i-- > 0 && count < max;) {
		const struct act *act = acts->entries[i].act;
		if (act->kind == TWINLOG__ACT_KIND__ACT_CHANGE_KEY && act->message->new_key.len > 0 &&
		    hash_equal(&act->signer, identity))
			memcpy(keys[count++].bytes, act->message->new_key.data, sizeof keys->bytes);
	}
	const struct member *member = acts_member(acts, identity);
	if (member && count < max)
		keys[count++] = member->founding_key;
	return count;
}

const struct act_set *acts_closure(const struct acts *acts, const struct hash *heads, size_t count)
{
	/* Cached in place: a closure never changes, since an act's ancestors are all here before it. */
	struct acts *cache = (struct acts *)(uintptr_t)acts;
	if (count > TWINLOG_PARENTS_MAX)
		return NULL;
	if (count > 0 && count == acts->closure.heads_count &&
	    memcmp(acts->closure.heads, heads, count * sizeof *heads) == 0)
		return &acts->closure.set;

	struct act_set set;
	if (set_init(&set, acts->count))
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const size_t index = acts_index(acts, &heads[i]);
		if (index == SIZE_MAX) {
			free(set.words);
			return NULL;
		}
		set_unite(&set, &acts->entries[index].ancestors);
		set_add(&set, index);
	}
	free(cache->closure.set.words);
	cache->closure.set = set;
	cache->closure.heads_count = count;
	memcpy(cache->closure.heads, heads, count * sizeof *heads);
	return &cache->closure.set;
}

enum twinlog_error acts_may_speak(const struct acts *acts, const struct hash *identity, const struct hash *heads,
				  size_t heads_count, bool *ret_may)
{
	const struct act_set *closure = acts_closure(acts, heads, heads_count);
	if (!closure)
		return TWINLOG_UNKNOWN_PARENT;
	bool reader = false;
	*ret_may = acts_standing(acts, identity, closure, &reader, NULL) == STANDING_MEMBER && !reader;
	return TWINLOG_OK;
}
