/* What of the acts touches which city: kept up as acts arrive, so that no question walks all acts. */
#include <stdlib.h>

#include "acts_internal.h"
#include "slots.h"

#define CLAIM_BUCKETS 1024u /* a power of two */

/* ---- Cities and members. ---- */

static size_t city_place(const struct acts *acts, const struct hash *identity)
{
	size_t low = 0, high = acts->cities_count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (hash_compare(&acts->cities[middle]->identity, identity) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct city *city_find(const struct acts *acts, const struct hash *identity)
{
	const size_t place = city_place(acts, identity);
	return place < acts->cities_count && hash_equal(&acts->cities[place]->identity, identity) ? acts->cities[place]
												  : NULL;
}

/* Made when new; NULL: memory. */
static struct city *city_make(struct acts *acts, const struct hash *identity)
{
	const size_t place = city_place(acts, identity);
	if (place < acts->cities_count && hash_equal(&acts->cities[place]->identity, identity))
		return acts->cities[place];
	if (acts->cities_count == acts->cities_capacity) {
		const size_t capacity = acts->cities_capacity ? 2 * acts->cities_capacity : 8;
		struct city **grown = realloc(acts->cities, capacity * sizeof(*grown));
		if (!grown)
			return NULL;
		acts->cities = grown;
		acts->cities_capacity = capacity;
	}
	struct city *city = calloc(1, sizeof *city);
	if (!city)
		return NULL;
	city->identity = *identity;
	memmove(acts->cities + place + 1, acts->cities + place, (acts->cities_count - place) * sizeof(*acts->cities));
	acts->cities[place] = city;
	acts->cities_count++;
	return city;
}

static size_t member_place(const struct acts *acts, const struct hash *identity)
{
	size_t low = 0, high = acts->members_count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (hash_compare(&acts->members[middle].identity, identity) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct member *acts_member(const struct acts *acts, const struct hash *identity)
{
	const size_t place = member_place(acts, identity);
	return place < acts->members_count && hash_equal(&acts->members[place].identity, identity)
		   ? &acts->members[place]
		   : NULL;
}

const struct member *acts_members(const struct acts *acts, size_t *ret_count)
{
	*ret_count = acts->members_count;
	return acts->members;
}

static enum twinlog_error key_add(struct city *city, const void *key, struct city_key brought)
{
	if (city->keys_count == city->keys_capacity) {
		const size_t capacity = city->keys_capacity ? 2 * city->keys_capacity : 1;
		struct seal_public *keys = realloc(city->keys, capacity * sizeof *keys);
		if (!keys)
			return TWINLOG_NO_MEMORY;
		city->keys = keys;
		struct city_key *from = realloc(city->brought, capacity * sizeof *from);
		if (!from)
			return TWINLOG_NO_MEMORY;
		city->brought = from;
		city->keys_capacity = capacity;
	}
	memcpy(city->keys[city->keys_count].bytes, key, sizeof city->keys->bytes);
	city->brought[city->keys_count++] = brought;
	return TWINLOG_OK;
}

static enum twinlog_error member_add(struct acts *acts, struct city *city, const Twinlog__Member *named)
{
	if (acts->members_count == acts->members_capacity) {
		const size_t capacity = acts->members_capacity ? 2 * acts->members_capacity : 4;
		struct member *grown = realloc(acts->members, capacity * sizeof *grown);
		if (!grown)
			return TWINLOG_NO_MEMORY;
		acts->members = grown;
		acts->members_capacity = capacity;
	}
	const size_t place = member_place(acts, &city->identity);
	struct member *member = &acts->members[place];
	memmove(member + 1, member, (acts->members_count - place) * sizeof *member);
	acts->members_count++;
	*member = (struct member){.identity = city->identity, .standing = STANDING_REMOVED};
	memcpy(member->founding_key.bytes, named->founding_key.data, sizeof member->founding_key.bytes);
	memcpy(member->recovery_key.bytes, named->recovery_key.data, sizeof member->recovery_key.bytes);
	memcpy(member->city_id, named->city_id.data, named->city_id.len);
	city->named = true;
	return TWINLOG_OK;
}

/* The key that the city had when it was added. */
static enum twinlog_error member_key(struct city *city, const Twinlog__Member *named, size_t act)
{
	struct city_key brought = {.act = (uint32_t)act, .has_second = named->second_key.len > 0};
	if (brought.has_second)
		memcpy(brought.second.bytes, named->second_key.data, sizeof brought.second.bytes);
	return key_add(city, named->city_key.len > 0 ? named->city_key.data : named->founding_key.data, brought);
}

/* ---- City ids. ---- */

static uint32_t claim_bucket(ProtobufCBinaryData city_id)
{
	return (uint32_t)seal_slot(city_id.data, city_id.len) & (CLAIM_BUCKETS - 1);
}

uint32_t claims_first(const struct acts *acts, ProtobufCBinaryData city_id)
{
	return acts->claim_buckets[claim_bucket(city_id)];
}

static enum twinlog_error claim_add(struct acts *acts, size_t act, size_t member)
{
	const Twinlog__Member *named = acts->entries[act].act->message->members[member];
	if (!acts->claim_buckets) {
		acts->claim_buckets = malloc(CLAIM_BUCKETS * sizeof *acts->claim_buckets);
		if (!acts->claim_buckets)
			return TWINLOG_NO_MEMORY;
		memset(acts->claim_buckets, 0xff, CLAIM_BUCKETS * sizeof *acts->claim_buckets);
	}
	if (acts->claims_count == acts->claims_capacity) {
		const uint32_t capacity = acts->claims_capacity ? 2 * acts->claims_capacity : 8;
		struct claim *grown = realloc(acts->claims, capacity * sizeof *grown);
		if (!grown)
			return TWINLOG_NO_MEMORY;
		acts->claims = grown;
		acts->claims_capacity = capacity;
	}
	uint32_t *first = &acts->claim_buckets[claim_bucket(named->city_id)];
	acts->claims[acts->claims_count] = (struct claim){(uint32_t)act, (uint32_t)member, *first};
	*first = acts->claims_count++;
	return TWINLOG_OK;
}

const struct member *acts_member_by_city(const struct acts *acts, ProtobufCBinaryData city_id)
{
	if (city_id.len > TWINLOG_CITY_ID_MAX)
		return NULL;
	for (uint32_t at = claims_first(acts, city_id); at != ACT_NOWHERE; at = acts->claims[at].next) {
		const struct claim *claim = &acts->claims[at];
		const struct city *city = acts->entries[claim->act].named[claim->member];
		const struct member *member = acts_member(acts, &city->identity);
		if (member && acts->entries[claim->act].valid && codec_equal(city_id, member->city_id))
			return member;
	}
	return NULL;
}

/* ---- An act that arrives. ---- */

static struct hash hash_field(ProtobufCBinaryData field)
{
	struct hash hash;
	memcpy(hash.bytes, field.data, HASH_SIZE);
	return hash;
}

static struct hash member_identity(const Twinlog__Member *member)
{
	struct seal_public founding, recovery;
	memcpy(founding.bytes, member->founding_key.data, sizeof founding.bytes);
	memcpy(recovery.bytes, member->recovery_key.data, sizeof recovery.bytes);
	return seal_identity(&founding, &recovery);
}

static enum twinlog_error members_enter(struct acts *acts, size_t index)
{
	struct act_entry *entry = &acts->entries[index];
	const Twinlog__Act *message = entry->act->message;
	enum twinlog_error error = TWINLOG_OK;
	if (message->n_members == 0)
		return TWINLOG_OK;
	entry->named = calloc(message->n_members, sizeof(*entry->named));
	if (!entry->named)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < message->n_members && !error; i++) {
		const struct hash identity = member_identity(message->members[i]);
		struct city *city = entry->named[i] = city_make(acts, &identity);
		if (!city)
			return TWINLOG_NO_MEMORY;
		if (!city->named)
			error = member_add(acts, city, message->members[i]);
		if (!error)
			error = member_key(city, message->members[i], index);
		if (!error)
			error = act_list_add(&city->additions, acts->claims_count);
		if (!error)
			error = claim_add(acts, index, i);
	}
	return error;
}

static enum twinlog_error stewards_enter(struct acts *acts, size_t index)
{
	const Twinlog__Act *message = acts->entries[index].act->message;
	for (size_t i = 0; i < message->n_stewards; i++) {
		const struct hash identity = hash_field(message->stewards[i]);
		struct city *city = city_make(acts, &identity);
		if (!city)
			return TWINLOG_NO_MEMORY;
		if (city->appointments.count == 0) {
			if (acts->stewards_count == acts->stewards_capacity) {
				const size_t capacity = acts->stewards_capacity ? 2 * acts->stewards_capacity : 4;
				struct city **grown = realloc(acts->stewards, capacity * sizeof(*grown));
				if (!grown)
					return TWINLOG_NO_MEMORY;
				acts->stewards = grown;
				acts->stewards_capacity = capacity;
			}
			acts->stewards[acts->stewards_count++] = city;
		}
		const enum twinlog_error error = act_list_add(&city->appointments, index);
		if (error)
			return error;
	}
	return TWINLOG_OK;
}

/* PROTOCOL, "Acts", rule 10: of the same kind, knew it; a change of key by the same city. */
static enum twinlog_error extension_enter(struct acts *acts, size_t index)
{
	const struct act *act = acts->entries[index].act;
	const struct hash extended = hash_field(act->message->extends);
	const size_t first = acts_index(acts, &extended);
	if (first == SIZE_MAX || acts->entries[first].act->kind != act->kind || !knew(acts, index, first) ||
	    (act->kind == KIND(CHANGE_KEY) && !hash_equal(&act->signer, &acts->entries[first].act->signer)))
		return TWINLOG_OK;
	return act_list_add(&acts->entries[first].extended, index);
}

/* What a city is asked about grows with each of these, so that one that goes on without end is heard no more. A thief
 * of a key takes nothing from the next one. */
static bool is_heard(const struct acts *acts, const struct city *signer, size_t index)
{
	size_t with_key = 0;
	for (uint32_t i = 0; i < signer->words.count; i++)
		with_key += memcmp(acts->entries[signer->words.items[i]].key.bytes, acts->entries[index].key.bytes,
				   sizeof acts->entries[index].key.bytes) == 0;
	return signer->words.count < TWINLOG_CITY_WORDS_MAX && with_key < TWINLOG_CITY_WORDS_MAX / 4;
}

static enum twinlog_error change_enter(struct city *city, const struct act *act, size_t index)
{
	struct city_key brought = {.act = (uint32_t)index, .has_second = act->message->second_key.len > 0};
	if (brought.has_second)
		memcpy(brought.second.bytes, act->message->second_key.data, sizeof brought.second.bytes);
	const enum twinlog_error error = act_list_add(&city->changes, index);
	return error ? error : key_add(city, act->message->new_key.data, brought);
}

enum twinlog_error acts_enter(struct acts *acts)
{
	const size_t index = acts->count - 1;
	const struct act *act = acts->entries[index].act;
	enum twinlog_error error = members_enter(acts, index);
	if (!error)
		error = stewards_enter(acts, index);
	if (!error && act->message->extends.len > 0)
		error = extension_enter(acts, index);
	if (error)
		return error;
	struct city *signer = city_make(acts, &act->signer);
	if (!signer)
		return TWINLOG_NO_MEMORY;
	signer->signed_count++;
	*(act->kind == KIND(CHANGE_KEY) ? &signer->changes_bytes : &signer->acts_bytes) += act->size;
	const struct hash subject = act->kind == KIND(REMOVE) ? hash_field(act->message->subject) : act->signer;
	struct city *removed = act->kind == KIND(REMOVE) ? city_make(acts, &subject) : signer;
	if (!removed)
		return TWINLOG_NO_MEMORY;
	if (act->kind == KIND(CHANGE_KEY))
		return act->message->extends.len > 0 || signer->changes.count >= TWINLOG_CITY_CHANGES_MAX
			   ? TWINLOG_OK
			   : change_enter(signer, act, index);
	if (act->kind == KIND(REMOVE) && act->message->extends.len == 0)
		error = act_list_add(&removed->removals, index);
	else if (act->kind == KIND(ACCEPT) || act->kind == KIND(DECLINE) || act->kind == KIND(LEAVE))
		error = is_heard(acts, signer, index) ? act_list_add(&signer->words, index) : TWINLOG_OK;
	return error ? error : act_list_add(&signer->acts, index);
}

void cities_free(struct acts *acts)
{
	for (size_t i = 0; i < acts->cities_count; i++) {
		struct city *city = acts->cities[i];
		free(city->additions.items);
		free(city->appointments.items);
		free(city->removals.items);
		free(city->changes.items);
		free(city->words.items);
		free(city->acts.items);
		free(city->told.words);
		free(city->keys);
		free(city->brought);
		free(city);
	}
	free(acts->cities);
	free(acts->stewards);
	free(acts->claims);
	free(acts->claim_buckets);
}

/* ---- Keys. ---- */

const struct seal_public *acts_keys(const struct acts *acts, const struct hash *identity, size_t *ret_count)
{
	const struct city *city = city_find(acts, identity);
	*ret_count = city ? city->keys_count : 0;
	return city ? city->keys : NULL;
}

size_t acts_key_number(const struct acts *acts, const struct hash *identity, const struct seal_public *key)
{
	size_t count;
	const struct seal_public *keys = acts_keys(acts, identity, &count);
	for (size_t i = count; i-- > 0;)
		if (memcmp(keys[i].bytes, key->bytes, sizeof key->bytes) == 0)
			return i;
	return SIZE_MAX;
}

size_t acts_key_first(const struct acts *acts, const struct hash *identity, size_t number)
{
	size_t count, first = 0;
	const struct seal_public *keys = acts_keys(acts, identity, &count);
	while (first < number && memcmp(keys[first].bytes, keys[number].bytes, sizeof keys->bytes) != 0)
		first++;
	return first;
}

enum twinlog_error acts_verify(const struct acts *acts, const struct hash *identity, const char *kind,
			       const void *bytes, size_t size, ProtobufCBinaryData signature, size_t *ret_number)
{
	size_t count;
	const struct seal_public *keys = acts_keys(acts, identity, &count);
	for (size_t i = count; i-- > 0;) {
		if (seal_verify(&keys[i], kind, bytes, size, signature.data, signature.len) != TWINLOG_OK)
			continue;
		if (ret_number)
			*ret_number = i;
		return TWINLOG_OK;
	}
	return count > 0 ? TWINLOG_BAD_SIGNATURE : TWINLOG_UNKNOWN_KEY;
}
