#include "acts.h"

#include <stdlib.h>

#include "acts_internal.h"
#include "slots.h"

/* ---- Finding. ---- */

size_t acts_index(const struct acts *acts, const struct hash *id)
{
	if (acts->slots_count == 0)
		return SIZE_MAX;
	const size_t mask = acts->slots_count - 1;
	for (size_t slot = (size_t)seal_slot_hash(id) & mask;; slot = (slot + 1) & mask) {
		if (acts->slots[slot] == 0)
			return SIZE_MAX;
		if (hash_equal(&acts->entries[acts->slots[slot] - 1].act->id, id))
			return acts->slots[slot] - 1;
	}
}

bool acts_has(const struct acts *acts, const struct hash *id)
{
	return acts_index(acts, id) != SIZE_MAX;
}

static void slot_fill(uint32_t *slots, size_t slots_count, const struct hash *id, size_t index)
{
	size_t slot = (size_t)seal_slot_hash(id) & (slots_count - 1);
	while (slots[slot] != 0)
		slot = (slot + 1) & (slots_count - 1);
	slots[slot] = (uint32_t)index + 1;
}

static enum twinlog_error slots_grow(struct acts *acts)
{
	if (2 * (acts->count + 1) <= acts->slots_count)
		return TWINLOG_OK;
	const size_t count = acts->slots_count ? 2 * acts->slots_count : 16;
	uint32_t *slots = calloc(count, sizeof *slots);
	if (!slots)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < acts->count; i++)
		slot_fill(slots, count, &acts->entries[i].act->id, i);
	free(acts->slots);
	acts->slots = slots;
	acts->slots_count = count;
	return TWINLOG_OK;
}

/* ---- Sets and lists. ---- */

enum twinlog_error act_list_add(struct act_list *list, size_t index)
{
	if (list->count == list->capacity) {
		const uint32_t capacity = list->capacity ? 2 * list->capacity : 2;
		uint32_t *items = realloc(list->items, capacity * sizeof *items);
		if (!items)
			return TWINLOG_NO_MEMORY;
		list->items = items;
		list->capacity = capacity;
	}
	list->items[list->count++] = (uint32_t)index;
	return TWINLOG_OK;
}

void act_set_add(struct act_set *set, size_t index)
{
	set->words[index / 64] |= UINT64_C(1) << (index % 64);
}

void act_set_unite(struct act_set *set, const struct act_set *other)
{
	for (size_t i = 0; i < other->words_count && i < set->words_count; i++)
		set->words[i] |= other->words[i];
}

void act_set_add_all(const struct acts *acts, struct act_set *set, size_t index)
{
	act_set_unite(set, &acts->entries[index].ancestors);
	act_set_add(set, index);
}

enum twinlog_error act_set_init(struct act_set *set, size_t acts)
{
	set->words_count = acts / 64 + 1;
	set->words = calloc(set->words_count, sizeof *set->words);
	return set->words ? TWINLOG_OK : TWINLOG_NO_MEMORY;
}

int act_order(const struct acts *acts, size_t a, size_t b)
{
	const struct act *x = acts->entries[a].act, *y = acts->entries[b].act;
	if (x->message->number != y->message->number)
		return x->message->number < y->message->number ? -1 : 1;
	return hash_compare(&x->id, &y->id);
}

static struct hash act_parent(const struct act *act, size_t index)
{
	struct hash parent;
	memcpy(parent.bytes, act->message->parents[index].data, HASH_SIZE);
	return parent;
}

/* ---- Taking an act in. ---- */

/* The ancestors of a new act, and that its number follows from them. */
static enum twinlog_error ancestors_take(const struct acts *acts, const struct act *act, struct act_set *ret_set)
{
	struct act_set set;
	uint64_t greatest = 0;
	if (act_set_init(&set, acts->count))
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < act->message->n_parents; i++) {
		const struct hash parent = act_parent(act, i);
		const size_t index = acts_index(acts, &parent);
		if (index == SIZE_MAX) {
			free(set.words);
			return TWINLOG_UNKNOWN_PARENT;
		}
		act_set_add_all(acts, &set, index);
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

static bool verified(const struct act *act, const struct seal_public *key)
{
	return seal_verify(key, "act", act->signed_bytes, act->signed_size, act->signature, SEAL_SIGNATURE_SIZE) ==
	       TWINLOG_OK;
}

static bool verified_second(const struct act *act, const struct seal_public *key)
{
	size_t size;
	const uint8_t *bytes = act_countersigned(act, &size);
	return bytes &&
	       seal_verify(key, "act-second", bytes, size, act->second_signature, SEAL_SIGNATURE_SIZE) == TWINLOG_OK;
}

/* PROTOCOL, "Acts": by a key that the act knew of, so that every member gives the same answer whatever came first. */
static enum twinlog_error signature_check(const struct acts *acts, const struct act *act,
					  const struct act_set *ancestors, struct seal_public *ret_key)
{
	const struct member *member = acts_member(acts, &act->signer);
	const struct city *city = city_find(acts, &act->signer);
	if (!member || !city)
		return TWINLOG_NOT_A_MEMBER;
	if (act->kind == KIND(CHANGE_KEY)) {
		*ret_key = member->recovery_key;
		return verified(act, &member->recovery_key) && !act->second_signature ? TWINLOG_OK
										      : TWINLOG_BAD_SIGNATURE;
	}
	for (size_t i = city->keys_count; i-- > 0;) {
		const struct city_key *from = &city->brought[i];
		if ((act->kind != KIND(FOUND) && !act_set_has(ancestors, from->act)) ||
		    from->has_second != (act->second_signature != NULL) || !verified(act, &city->keys[i]) ||
		    (from->has_second && !verified_second(act, &from->second)))
			continue;
		*ret_key = city->keys[i];
		return TWINLOG_OK;
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
	/* Sorted already but for the new one. */
	size_t place = kept;
	for (; place > 0 && hash_compare(&acts->heads[place - 1], &act->id) > 0; place--)
		acts->heads[place] = acts->heads[place - 1];
	acts->heads[place] = act->id;
	acts->heads_count = kept + 1;
}

static enum twinlog_error room_for_one(struct acts *acts)
{
	struct hash *heads = realloc(acts->heads, (acts->heads_count + 1) * sizeof *heads);
	if (!heads)
		return TWINLOG_NO_MEMORY;
	acts->heads = heads;
	if (acts->count < acts->capacity)
		return slots_grow(acts);
	const size_t capacity = acts->capacity ? 2 * acts->capacity : 8;
	struct act_entry *entries = realloc(acts->entries, capacity * sizeof *entries);
	if (!entries)
		return TWINLOG_NO_MEMORY;
	acts->entries = entries;
	acts->capacity = capacity;
	return slots_grow(acts);
}

static enum twinlog_error entry_add(struct acts *acts, struct act *act, struct act_set ancestors,
				    struct seal_public key)
{
	acts->entries[acts->count] = (struct act_entry){.act = act, .ancestors = ancestors, .key = key};
	slot_fill(acts->slots, acts->slots_count, &act->id, acts->count++);
	acts->bytes += act->size;
	heads_advance(acts, act);
	acts->closure.asked = NULL;
	return acts_enter(acts);
}

/* Whether an act that it knew names the signer as a steward. Acts of stewards are taken of nobody else: this hangs on
 * what the act itself knew, so all refuse the same ones, and nobody builds on them. */
static bool named_steward(const struct acts *acts, const struct act *act, const struct act_set *ancestors)
{
	const struct city *city = city_find(acts, &act->signer);
	for (uint32_t i = 0; city && i < city->appointments.count; i++)
		if (act_set_has(ancestors, city->appointments.items[i]))
			return true;
	return false;
}

static bool is_of_stewards(const struct act *act)
{
	return act->kind == KIND(ADD) || act->kind == KIND(APPOINT) || act->kind == KIND(REMOVE) ||
	       act->kind == KIND(RENAME);
}

/* One who signs without end takes no room from stewards, or from a city that has to change its key. */
static bool has_room(const struct acts *acts, const struct act *act)
{
	const size_t bytes = acts->bytes + act->size;
	if (acts->count < TWINLOG_SPACE_ACTS_OPEN && bytes <= TWINLOG_SPACE_BYTES_OPEN)
		return true;
	if (acts->count >= TWINLOG_SPACE_ACTS_MAX || bytes > TWINLOG_SPACE_BYTES_MAX)
		return false;
	const struct city *city = city_find(acts, &act->signer);
	if (!city || city->appointments.count > 0)
		return true;
	const bool change = act->kind == KIND(CHANGE_KEY);
	return (change ? city->signed_count - city->acts.count : city->acts.count) < TWINLOG_ACTS_FEW &&
	       (change ? city->changes_bytes : city->acts_bytes) + act->size <= TWINLOG_ACTS_FEW_BYTES;
}

enum twinlog_error acts_add(struct acts *acts, struct act *act)
{
	struct seal_public key;
	struct act_set ancestors;
	if (acts_has(acts, &act->id))
		return TWINLOG_DUPLICATE;
	if (!hash_equal(&act->space, acts_space(acts)))
		return TWINLOG_MALFORMED;
	if (!has_room(acts, act))
		return TWINLOG_TOO_MANY;
	enum twinlog_error error = ancestors_take(acts, act, &ancestors);
	if (error)
		return error;
	error = signature_check(acts, act, &ancestors, &key);
	if (!error && is_of_stewards(act) && !named_steward(acts, act, &ancestors))
		error = TWINLOG_NOT_PERMITTED;
	if (error || (error = room_for_one(acts))) {
		free(ancestors.words);
		return error;
	}
	error = entry_add(acts, act, ancestors, key);
	if (!error)
		error = acts_evaluate(acts);
	if (error) /* it stays the caller's */
		acts->entries[acts->count - 1].act = NULL;
	return error;
}

/* The founding act names the founder's keys itself, so its members come first and its signature after. */
enum twinlog_error acts_new(struct act *found, struct acts **ret_acts)
{
	if (found->kind != KIND(FOUND))
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
	struct act_set ancestors = {0};
	enum twinlog_error error = room_for_one(acts);
	if (!error)
		error = act_set_init(&ancestors, 0);
	if (!error)
		error = entry_add(acts, found, ancestors, founding);
	if (!error)
		error = signature_check(acts, found, &ancestors, &acts->entries[0].key);
	if (!error)
		error = acts_evaluate(acts);
	if (error) {
		if (acts->count > 0)
			acts->entries[0].act = NULL; /* stays the caller's */
		acts_free(acts);
		return error;
	}
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
		free(acts->entries[i].extended.items);
	}
	cities_free(acts);
	free(acts->entries);
	free(acts->slots);
	free(acts->heads);
	free(acts->members);
	free(acts->closure.set.words);
	free(acts->cutoff);
	agreements_free(acts->agreements);
	free(acts);
}

/* ---- Looking. ---- */

size_t acts_count(const struct acts *acts)
{
	return acts->count;
}

size_t acts_bytes(const struct acts *acts)
{
	return acts->bytes;
}

bool acts_valid(const struct acts *acts, size_t index)
{
	return acts->entries[index].valid;
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
	return acts->entries[acts->titled].act->message->title;
}

void acts_known_from(const struct acts *acts, const struct hash *ids, size_t count, bool *marks)
{
	memset(marks, 0, acts->count * sizeof *marks);
	for (size_t i = 0; i < count; i++) {
		const size_t index = acts_index(acts, &ids[i]);
		if (index == SIZE_MAX)
			continue;
		marks[index] = true;
		for (size_t j = 0; j < index; j++)
			marks[j] = marks[j] || knew(acts, index, j);
	}
}

/* ---- Which heads a new act or bundle names. ---- */

struct choice {
	const struct acts *acts;
	struct hash *heads;
	size_t count;
	uint64_t greatest;
};

static void choose(struct choice *choice, const struct hash *head)
{
	const uint64_t number = choice->acts->entries[acts_index(choice->acts, head)].act->message->number;
	if (choice->count == TWINLOG_PARENTS_MAX || hash_in(choice->heads, choice->count, head))
		return;
	choice->heads[choice->count++] = *head;
	choice->count = hash_sort(choice->heads, choice->count);
	if (number > choice->greatest)
		choice->greatest = number;
}

/* A head that is or knew the act. */
static void choose_for(struct choice *choice, size_t wanted)
{
	const struct acts *acts = choice->acts;
	for (size_t i = 0; i < acts->heads_count; i++) {
		const size_t index = acts_index(acts, &acts->heads[i]);
		if (index != wanted && !knew(acts, index, wanted))
			continue;
		choose(choice, &acts->heads[i]);
		return;
	}
}

static void choose_for_all(struct choice *choice, const struct act_list *list)
{
	for (uint32_t i = list->count; i-- > 0;)
		choose_for(choice, list->items[i]);
}

size_t acts_heads_named(const struct acts *acts, const struct hash *identity, struct hash heads[TWINLOG_PARENTS_MAX],
			uint64_t *ret_number)
{
	struct choice choice = {.acts = acts, .heads = heads};
	const struct city *city = city_find(acts, identity);
	if (acts->heads_count > TWINLOG_PARENTS_MAX && city) {
		choose_for_all(&choice, &city->changes);
		choose_for_all(&choice, &city->words);
		choose_for_all(&choice, &city->appointments);
		for (uint32_t i = city->additions.count; i-- > 0;)
			choose_for(&choice, acts->claims[city->additions.items[i]].act);
	}
	for (size_t i = acts->count;
	     i-- > 0 && choice.count < TWINLOG_PARENTS_MAX && choice.count < acts->heads_count;) {
		const struct hash *id = &acts->entries[i].act->id;
		if (hash_in(acts->heads, acts->heads_count, id))
			choose(&choice, id);
	}
	if (ret_number)
		*ret_number = choice.greatest + 1;
	return choice.count;
}

/* ---- What a bundle's act heads say. ---- */

static bool closure_fill(struct acts *acts, const struct hash *heads, size_t count)
{
	struct act_set set;
	if (act_set_init(&set, acts->count))
		return false;
	for (size_t i = 0; i < count; i++) {
		const size_t index = acts_index(acts, &heads[i]);
		if (index == SIZE_MAX) {
			free(set.words);
			return false;
		}
		act_set_add_all(acts, &set, index);
	}
	free(acts->closure.set.words);
	acts->closure.set = set;
	acts->closure.asked = NULL;
	acts->closure.heads_count = count;
	memcpy(acts->closure.heads, heads, count * sizeof *heads);
	return true;
}

const struct act_set *acts_closure(const struct acts *acts, const struct hash *heads, size_t count)
{
	/* Cached in place: a closure never changes, since an act's ancestors are all here before it. */
	struct acts *cache = (struct acts *)(uintptr_t)acts;
	if (count == 0 || count > TWINLOG_PARENTS_MAX)
		return NULL;
	const bool cached =
	    count == acts->closure.heads_count && memcmp(acts->closure.heads, heads, count * sizeof *heads) == 0;
	return cached || closure_fill(cache, heads, count) ? &acts->closure.set : NULL;
}

/* Brought by one of these acts. */
static bool key_known(const struct city *city, size_t number, const struct act_set *within)
{
	for (size_t i = 0; i < city->keys_count && number < city->keys_count; i++)
		if (memcmp(city->keys[i].bytes, city->keys[number].bytes, sizeof city->keys->bytes) == 0 &&
		    act_set_has(within, city->brought[i].act))
			return true;
	return false;
}

enum twinlog_error acts_may_speak(const struct acts *acts, const struct hash *identity, const struct hash *heads,
				  size_t heads_count, size_t key, bool *ret_may)
{
	struct acts *cache = (struct acts *)(uintptr_t)acts;
	const struct act_set *closure = acts_closure(acts, heads, heads_count);
	const struct city *city = city_find(acts, identity);
	if (!closure)
		return TWINLOG_UNKNOWN_PARENT;
	if (!city) {
		*ret_may = false;
		return TWINLOG_OK;
	}
	if (!key_known(city, key, closure))
		return TWINLOG_BAD_SIGNATURE;
	if (acts->closure.asked != city) {
		bool reader = false;
		cache->closure.may_speak =
		    acts_standing(acts, city, closure, &reader, NULL) == STANDING_MEMBER && !reader;
		cache->closure.asked = city;
	}
	*ret_may = acts->closure.may_speak;
	return TWINLOG_OK;
}
