/* Which acts are valid: the signer's right by what it knew, keys that were retired, and city ids. PROTOCOL, "Acts". */
#include "acts_internal.h"

/* ---- The right to an act, judged by what its signer knew. ---- */

static const struct city *city_of(const struct acts *acts, ProtobufCBinaryData field)
{
	struct hash identity;
	memcpy(identity.bytes, field.data, HASH_SIZE);
	return city_find(acts, &identity);
}

static bool may_appoint(const struct acts *acts, const struct act *act, const struct act_set *known)
{
	bool reader;
	const struct city *city = city_of(acts, act->message->stewards[0]);
	return acts_standing(acts, city, known, &reader, NULL) == STANDING_MEMBER && !reader &&
	       acts_stewards_under(acts, known) < TWINLOG_STEWARDS_MAX;
}

static bool may_remove(const struct acts *acts, const struct act *act, const struct act_set *known)
{
	return act->message->extends.len > 0 || !acts_steward_under(acts, city_of(acts, act->message->subject), known);
}

bool act_had_right(const struct acts *acts, size_t index)
{
	const struct act *act = acts->entries[index].act;
	const struct act_set *known = &acts->entries[index].ancestors;
	const struct city *signer = city_find(acts, &act->signer);
	const bool network = acts_template(acts) == TWINLOG__TEMPLATE__TEMPLATE_NETWORK;
	enum standing standing;
	switch (act->kind) {
	case KIND(FOUND):
		return index == 0;
	case KIND(ACCEPT):
	case KIND(DECLINE):
		standing = acts_standing(acts, signer, known, NULL, NULL);
		return standing != STANDING_REMOVED && standing != STANDING_LEFT;
	case KIND(LEAVE):
		return acts_standing(acts, signer, known, NULL, NULL) != STANDING_REMOVED;
	case KIND(CHANGE_KEY):
		return true;
	case KIND(RENAME):
		return acts_steward_under(acts, signer, known);
	case KIND(ADD):
		return network && acts_steward_under(acts, signer, known);
	case KIND(APPOINT):
		return network && acts_steward_under(acts, signer, known) && may_appoint(acts, act, known);
	case KIND(REMOVE):
		return network && acts_steward_under(acts, signer, known) && may_remove(acts, act, known);
	default:
		return false;
	}
}

/* ---- City ids. Rule 7. ---- */

static bool same_bytes(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
	return a.len == b.len && memcmp(a.data, b.data, a.len) == 0;
}

/* Whether another city's valid addition with the same city id stands before (or after) this one. */
static bool claimed(const struct acts *acts, size_t index, bool before)
{
	const ProtobufCBinaryData city_id = acts->entries[index].act->message->members[0]->city_id;
	for (uint32_t at = claims_first(acts, city_id); at != ACT_NOWHERE; at = acts->claims[at].next) {
		const struct claim *claim = &acts->claims[at];
		const Twinlog__Member *member = claim_member(acts, claim);
		if (acts->entries[claim->act].valid &&
		    acts->entries[claim->act].named[claim->member] != acts->entries[index].named[0] &&
		    same_bytes(member->city_id, city_id) && (act_order(acts, claim->act, index) < 0) == before)
			return true;
	}
	return false;
}

bool addition_takes_city_id(const struct acts *acts, size_t index)
{
	return claimed(acts, index, false);
}

/* Of valid additions with one city id all are of one city: the first in (number, id). A claim, or ACT_NOWHERE. */
static uint32_t holder_find(const struct acts *acts, ProtobufCBinaryData city_id)
{
	uint32_t first = ACT_NOWHERE;
	for (uint32_t at = claims_first(acts, city_id); at != ACT_NOWHERE; at = acts->claims[at].next) {
		const struct claim *claim = &acts->claims[at];
		if (acts->entries[claim->act].valid && same_bytes(claim_member(acts, claim)->city_id, city_id) &&
		    (first == ACT_NOWHERE || act_order(acts, claim->act, acts->claims[first].act) < 0))
			first = at;
	}
	return first;
}

static uint32_t holder_of(const struct acts *acts, ProtobufCBinaryData city_id, struct holders *holders)
{
	const size_t most = sizeof holders->items / sizeof *holders->items;
	for (size_t i = 0; holders && i < holders->count && i < most; i++)
		if (same_bytes(holders->items[i].city_id, city_id))
			return holders->items[i].claim;
	const uint32_t claim = holder_find(acts, city_id);
	if (holders) {
		holders->items[holders->count % most].city_id = city_id;
		holders->items[holders->count++ % most].claim = claim;
	}
	return claim;
}

bool act_is_valid(const struct acts *acts, size_t index)
{
	return !acts->entries[index].shut_out && act_had_right(acts, index) &&
	       (acts->entries[index].act->kind != KIND(ADD) || !claimed(acts, index, true));
}

/* ---- Keys that were retired. Rules 8 and 9. ---- */

uint32_t cutoff_part(const struct acts *acts, size_t cutoff, uint32_t which)
{
	const struct act_list *extended = &acts->entries[cutoff].extended;
	if (which == 0)
		return (uint32_t)cutoff;
	return which <= extended->count ? extended->items[which - 1] : ACT_NOWHERE;
}

bool change_retires(const struct acts *acts, size_t change, const struct city *city, const struct seal_public *key)
{
	if (memcmp(acts->entries[change].act->message->new_key.data, key->bytes, sizeof key->bytes) == 0)
		return false;
	for (size_t i = 0; i < city->keys_count; i++)
		if (memcmp(city->keys[i].bytes, key->bytes, sizeof key->bytes) == 0 &&
		    knew(acts, change, city->brought[i].act))
			return true;
	return false;
}

/* In a sorted list of ids. */
static bool lists(const ProtobufCBinaryData *ids, size_t count, const struct hash *id)
{
	size_t low = 0, high = count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const int order = memcmp(ids[middle].data, id->bytes, HASH_SIZE);
		if (order == 0)
			return true;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return false;
}

enum named { NAMED_ACT, NAMED_ERASURE };

static bool change_names(const struct acts *acts, size_t change, enum named what, const struct hash *id)
{
	uint32_t part;
	for (uint32_t i = 0; (part = cutoff_part(acts, change, i)) != ACT_NOWHERE; i++) {
		const Twinlog__Cutoff *counts = acts->entries[part].act->message->counts;
		if (counts && (what == NAMED_ACT ? lists(counts->acts, counts->n_acts, id)
						 : lists(counts->erasures, counts->n_erasures, id)))
			return true;
	}
	return false;
}

static bool shut_out(const struct acts *acts, const struct city *city, const struct seal_public *key, enum named what,
		     const struct hash *id)
{
	for (uint32_t i = 0; i < city->changes.count; i++)
		if (change_retires(acts, city->changes.items[i], city, key) &&
		    !change_names(acts, city->changes.items[i], what, id))
			return true;
	return false;
}

bool act_is_shut_out(const struct acts *acts, size_t index)
{
	const struct act_entry *entry = &acts->entries[index];
	const struct city *city = city_find(acts, &entry->act->signer);
	return entry->act->kind != KIND(FOUND) && entry->act->kind != KIND(CHANGE_KEY) && city->changes.count > 0 &&
	       shut_out(acts, city, &entry->key, NAMED_ACT, &entry->act->id);
}

size_t act_undone_by(const struct acts *acts, size_t index, struct holders *holders)
{
	const struct act_entry *entry = &acts->entries[index];
	const struct city *city = city_find(acts, &entry->act->signer);
	size_t first = SIZE_MAX;
	for (uint32_t i = 0; entry->shut_out && i < city->changes.count; i++) {
		const size_t change = city->changes.items[i];
		if (change_retires(acts, change, city, &entry->key) &&
		    !change_names(acts, change, NAMED_ACT, &entry->act->id) &&
		    (first == SIZE_MAX || act_order(acts, change, first) < 0))
			first = change;
	}
	if (first != SIZE_MAX || entry->valid || entry->act->kind != KIND(ADD))
		return first;
	const uint32_t holder = holder_of(acts, entry->act->message->members[0]->city_id, holders);
	if (holder == ACT_NOWHERE)
		return SIZE_MAX;
	const struct claim *claim = &acts->claims[holder];
	return acts->entries[claim->act].named[claim->member] != entry->named[0] &&
		       act_order(acts, claim->act, index) < 0
		   ? claim->act
		   : SIZE_MAX;
}

bool acts_erasure_shut_out(const struct acts *acts, const struct hash *signer, size_t number, const struct hash *id)
{
	const struct city *city = city_find(acts, signer);
	return city && number < city->keys_count && shut_out(acts, city, &city->keys[number], NAMED_ERASURE, id);
}

bool acts_key_retired(const struct acts *acts, const struct hash *identity, size_t number)
{
	const struct city *city = city_find(acts, identity);
	for (uint32_t i = 0; city && number < city->keys_count && i < city->changes.count; i++)
		if (change_retires(acts, city->changes.items[i], city, &city->keys[number]))
			return true;
	return false;
}
