#include <stdlib.h>

#include "acts.h"
#include "card.h"
#include "text.h"
#include "validate.h"

static bool is_key(ProtobufCBinaryData field)
{
	return field.len == sizeof(struct seal_public);
}

/* The key that a card says is in use, instead of the founding one. */
static enum twinlog_error granted_check(const Twinlog__Member *member)
{
	struct seal_public founding, recovery;
	memcpy(founding.bytes, member->founding_key.data, sizeof founding.bytes);
	memcpy(recovery.bytes, member->recovery_key.data, sizeof recovery.bytes);
	const struct hash identity = seal_identity(&founding, &recovery);
	if (member->key_grant.len == 0)
		return TWINLOG_MALFORMED;
	return card_check_grant(&identity, &founding, &recovery,
				&(struct card_granted){member->city_key, member->key_grant, member->second_key});
}

static enum twinlog_error member_check(const Twinlog__Member *member)
{
	if (!is_key(member->founding_key) || !is_key(member->recovery_key))
		return TWINLOG_MALFORMED;
	const enum twinlog_error error = validate_city_id(member->city_id.data, member->city_id.len);
	if (error || (member->city_key.len == 0 && member->key_grant.len == 0 && member->second_key.len == 0))
		return error;
	return granted_check(member);
}

static enum twinlog_error hashes_check(struct arena *arena, const ProtobufCBinaryData *fields, size_t count, size_t max)
{
	struct hash *ignored;
	return codec_get_sorted_hashes(arena, fields, count, max, &ignored);
}

static bool same_city_id(const Twinlog__Member *a, const Twinlog__Member *b)
{
	return a->city_id.len == b->city_id.len && memcmp(a->city_id.data, b->city_id.data, a->city_id.len) == 0;
}

static bool same_keys(const Twinlog__Member *a, const Twinlog__Member *b)
{
	return memcmp(a->founding_key.data, b->founding_key.data, a->founding_key.len) == 0 &&
	       memcmp(a->recovery_key.data, b->recovery_key.data, a->recovery_key.len) == 0;
}

static enum twinlog_error first_members_check(const Twinlog__Act *act)
{
	for (size_t i = 0; i < act->n_members; i++) {
		const enum twinlog_error error = member_check(act->members[i]);
		if (error)
			return error;
		for (size_t j = 0; j < i; j++)
			if (same_city_id(act->members[i], act->members[j]) ||
			    same_keys(act->members[i], act->members[j]))
				return TWINLOG_DUPLICATE;
	}
	return TWINLOG_OK;
}

static enum twinlog_error found_check(struct arena *arena, const Twinlog__Act *act)
{
	const bool pair = act->template_ == TWINLOG__TEMPLATE__TEMPLATE_PAIR;
	if (act->space.len != 0 || act->n_parents != 0 || act->number != 1 || act->nonce.len != HANDLE_SIZE)
		return TWINLOG_MALFORMED;
	if (!pair && act->template_ != TWINLOG__TEMPLATE__TEMPLATE_NETWORK)
		return TWINLOG_MALFORMED;
	if (act->title.len == 0 || act->title.len > TWINLOG_TITLE_MAX || !text_is_utf8(act->title.data, act->title.len))
		return TWINLOG_MALFORMED;
	if (act->n_members < 1 || act->n_members > TWINLOG_MEMBERS_MAX || (pair && act->n_members != 2))
		return TWINLOG_TOO_MANY;
	if (act->n_stewards < 1)
		return TWINLOG_MALFORMED;
	const enum twinlog_error error = first_members_check(act);
	if (error)
		return error;
	return hashes_check(arena, act->stewards, act->n_stewards, TWINLOG_STEWARDS_MAX);
}

static enum twinlog_error cutoff_check(struct arena *arena, const Twinlog__Act *act)
{
	if (act->extends.len != 0 && act->extends.len != HASH_SIZE)
		return TWINLOG_MALFORMED;
	if (!act->counts)
		return TWINLOG_OK;
	enum twinlog_error error =
	    hashes_check(arena, act->counts->bundles, act->counts->n_bundles, TWINLOG_CUTOFF_HEADS_MAX);
	if (!error)
		error = hashes_check(arena, act->counts->acts, act->counts->n_acts, TWINLOG_CUTOFF_NAMED_MAX);
	if (!error)
		error = hashes_check(arena, act->counts->erasures, act->counts->n_erasures, TWINLOG_CUTOFF_NAMED_MAX);
	return error;
}

/* A change of key brings a key, and a second one if acts are to be signed by two; one that extends brings none. */
static bool keys_check(const Twinlog__Act *act)
{
	if (act->extends.len > 0)
		return act->new_key.len == 0 && act->second_key.len == 0;
	return is_key(act->new_key) && (act->second_key.len == 0 || is_key(act->second_key));
}

/* What each kind must carry, and that it carries nothing else: a field where none belongs would be a place to
 * hide things under a signature. */
static enum twinlog_error payload_check(struct arena *arena, const Twinlog__Act *act)
{
	const bool found = act->kind == TWINLOG__ACT_KIND__ACT_FOUND;
	const bool rename = act->kind == TWINLOG__ACT_KIND__ACT_RENAME;
	const bool add = act->kind == TWINLOG__ACT_KIND__ACT_ADD;
	const bool appoint = act->kind == TWINLOG__ACT_KIND__ACT_APPOINT;
	const bool remove = act->kind == TWINLOG__ACT_KIND__ACT_REMOVE;
	const bool change_key = act->kind == TWINLOG__ACT_KIND__ACT_CHANGE_KEY;

	if ((!found && (act->nonce.len || act->template_)) || (!found && !rename && act->title.len) ||
	    (!found && !add && act->n_members) || (!found && !appoint && act->n_stewards) ||
	    (!remove && act->subject.len) || (!remove && !change_key && (act->counts || act->extends.len)) ||
	    (!change_key && (act->new_key.len || act->second_key.len)))
		return TWINLOG_MALFORMED;
	if (found)
		return found_check(arena, act);
	if (rename && (act->title.len == 0 || act->title.len > TWINLOG_TITLE_MAX ||
		       !text_is_utf8(act->title.data, act->title.len)))
		return TWINLOG_MALFORMED;
	if (add)
		return act->n_members == 1 ? member_check(act->members[0]) : TWINLOG_MALFORMED;
	if (appoint)
		return act->n_stewards == 1 ? hashes_check(arena, act->stewards, 1, 1) : TWINLOG_MALFORMED;
	/* A removal cuts off bundles alone. */
	if (remove &&
	    (act->subject.len != HASH_SIZE || (act->counts && (act->counts->n_acts || act->counts->n_erasures))))
		return TWINLOG_MALFORMED;
	if (change_key && !keys_check(act))
		return TWINLOG_MALFORMED;
	return remove || change_key ? cutoff_check(arena, act) : TWINLOG_OK;
}

static enum twinlog_error act_take(struct act *act)
{
	const Twinlog__Act *message = act->message;
	if (message->kind < TWINLOG__ACT_KIND__ACT_FOUND || message->kind > TWINLOG__ACT_KIND__ACT_CHANGE_KEY)
		return TWINLOG_MALFORMED;
	enum twinlog_error error = codec_get_hash(message->signer, &act->signer);
	if (error)
		return error;
	act->kind = message->kind;
	const struct seal_part parts[] = {{act->signed_bytes, act->signed_size}, {act->signature, SEAL_SIGNATURE_SIZE}};
	act->id = seal_hash("act", parts, 2);
	if (act->kind == TWINLOG__ACT_KIND__ACT_FOUND)
		act->space = act->id;
	else if ((error = codec_get_hash(message->space, &act->space)))
		return error;
	else if (message->n_parents == 0 || message->number < 2)
		return TWINLOG_MALFORMED;
	if ((error = hashes_check(act->arena, message->parents, message->n_parents, TWINLOG_PARENTS_MAX)))
		return error;
	return payload_check(act->arena, message);
}

enum twinlog_error act_open(const void *bytes, size_t size, struct act **ret_act)
{
	if (size > TWINLOG_ACT_MAX)
		return TWINLOG_TOO_LARGE;
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	struct act *act = arena ? arena_zalloc(arena, sizeof *act) : NULL;
	uint8_t *copy = arena ? arena_copy(arena, bytes, size) : NULL;
	enum twinlog_error error = TWINLOG_NO_MEMORY;
	if (!act || !copy)
		goto refuse;
	act->arena = arena;
	act->bytes = copy;
	act->size = size;

	Twinlog__SignedAct *outer;
	Twinlog__Act *message;
	if ((error = CODEC_UNPACK_STRICT(arena, copy, size, &outer, twinlog__signed_act)) ||
	    (error = CODEC_UNPACK_STRICT(arena, outer->act.data, outer->act.len, &message, twinlog__act)))
		goto refuse;
	error = TWINLOG_MALFORMED;
	if (outer->signature.len != SEAL_SIGNATURE_SIZE ||
	    (outer->second.len != 0 && outer->second.len != SEAL_SIGNATURE_SIZE))
		goto refuse;
	act->second_signature = outer->second.len > 0 ? outer->second.data : NULL;
	act->message = message;
	act->signed_bytes = outer->act.data;
	act->signed_size = outer->act.len;
	act->signature = outer->signature.data;
	if ((error = act_take(act)))
		goto refuse;
	*ret_act = act;
	return TWINLOG_OK;
refuse:
	arena_free(arena);
	return error;
}

const uint8_t *act_countersigned(const struct act *act, size_t *ret_size)
{
	uint8_t *bytes = arena_alloc(act->arena, act->signed_size + SEAL_SIGNATURE_SIZE);
	if (!bytes)
		return NULL;
	memcpy(bytes, act->signed_bytes, act->signed_size);
	memcpy(bytes + act->signed_size, act->signature, SEAL_SIGNATURE_SIZE);
	*ret_size = act->signed_size + SEAL_SIGNATURE_SIZE;
	return bytes;
}

void act_free(struct act *act)
{
	if (act)
		arena_free(act->arena);
}

/* Exactly one of the two signs. */
static enum twinlog_error act_sign(const Twinlog__Act *message, const struct seal_keys *keys,
				   const uint8_t *recovery_seed, uint8_t **ret_bytes, size_t *ret_size)
{
	uint8_t *inner;
	size_t inner_size;
	enum twinlog_error error = codec_pack(&message->base, &inner, &inner_size);
	if (error)
		return error;
	if (inner_size > SEAL_MESSAGE_MAX) {
		free(inner);
		return TWINLOG_TOO_LARGE;
	}
	uint8_t signature[SEAL_SIGNATURE_SIZE];
	if (keys)
		seal_sign(keys, "act", inner, inner_size, signature);
	else
		seal_recovery_sign(recovery_seed, "act", inner, inner_size, signature);
	Twinlog__SignedAct outer = TWINLOG__SIGNED_ACT__INIT;
	outer.act = codec_bytes(inner, inner_size);
	outer.signature = codec_bytes(signature, sizeof signature);
	error = codec_pack(&outer.base, ret_bytes, ret_size);
	free(inner);
	return error;
}

enum twinlog_error act_seal(const Twinlog__Act *message, const struct seal_keys *keys, uint8_t **ret_bytes,
			    size_t *ret_size)
{
	return act_sign(message, keys, NULL, ret_bytes, ret_size);
}

enum twinlog_error act_seal_change(const Twinlog__Act *message, const uint8_t recovery_seed[SEAL_SEED_SIZE],
				   uint8_t **ret_bytes, size_t *ret_size)
{
	return act_sign(message, NULL, recovery_seed, ret_bytes, ret_size);
}
