/* One erasure, and what it does to the bytes of a bundle. */
#include <stdlib.h>

#include "erasures.h"

static enum twinlog_error reason_take(struct erasure *erasure, ProtobufCBinaryData reason)
{
	if (reason.len == 0 || reason.len > TWINLOG_CODE_MAX)
		return TWINLOG_MALFORMED;
	/* A code: it is shown to people and never erased, so nothing else may hide in it. */
	for (size_t i = 0; i < reason.len; i++)
		if (!((reason.data[i] >= 'a' && reason.data[i] <= 'z') || reason.data[i] == '_' ||
		      (reason.data[i] >= '0' && reason.data[i] <= '9')))
			return TWINLOG_MALFORMED;
	memcpy(erasure->reason, reason.data, reason.len);
	return TWINLOG_OK;
}

static enum twinlog_error erasure_take(struct erasure *erasure, const Twinlog__Erasure *message)
{
	enum twinlog_error error;
	if ((error = codec_get_hash(message->space, &erasure->space)) ||
	    (error = codec_get_hash(message->signer, &erasure->signer)) ||
	    (error = codec_get_hash(message->city, &erasure->city)) ||
	    (error = codec_get_hash(message->bundle, &erasure->bundle)) ||
	    (error = codec_get_hash(message->leaf, &erasure->leaf)))
		return error;
	if (message->index >= TWINLOG_BUNDLE_LEAVES_MAX || message->clock_ms >> 48 != 0)
		return TWINLOG_MALFORMED;
	erasure->index = message->index;
	erasure->clock_ms = message->clock_ms;
	return reason_take(erasure, message->reason);
}

static enum twinlog_error erasure_decode(struct arena *arena, const void *bytes, size_t size,
					 Twinlog__SignedErasure **ret_outer, Twinlog__Erasure **ret_inner)
{
	enum twinlog_error error = CODEC_UNPACK_STRICT(arena, bytes, size, ret_outer, twinlog__signed_erasure);
	if (error)
		return error;
	if ((*ret_outer)->signature.len != SEAL_SIGNATURE_SIZE)
		return TWINLOG_MALFORMED;
	return CODEC_UNPACK_STRICT(arena, (*ret_outer)->erasure.data, (*ret_outer)->erasure.len, ret_inner,
				   twinlog__erasure);
}

enum twinlog_error erasure_open(const void *bytes, size_t size, struct erasure **ret_erasure)
{
	if (size > TWINLOG_ERASURE_MAX)
		return TWINLOG_TOO_LARGE;
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	struct erasure *erasure = calloc(1, sizeof *erasure);
	uint8_t *copy = malloc(size ? size : 1);
	Twinlog__SignedErasure *outer;
	Twinlog__Erasure *inner;
	enum twinlog_error error = arena && erasure && copy ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	if (!error)
		error = erasure_decode(arena, bytes, size, &outer, &inner);
	if (!error)
		error = erasure_take(erasure, inner);
	if (!error) {
		const struct seal_part parts[] = {{outer->erasure.data, outer->erasure.len},
						  {outer->signature.data, outer->signature.len}};
		erasure->id = seal_hash("erasure", parts, 2);
		memcpy(copy, bytes, size);
		erasure->bytes = copy;
		erasure->size = size;
		erasure->same = ERASURE_NONE;
		*ret_erasure = erasure;
	} else {
		free(copy);
		free(erasure);
	}
	arena_free(arena);
	return error;
}

void erasure_free(struct erasure *erasure)
{
	if (erasure)
		free(erasure->bytes);
	free(erasure);
}

static enum twinlog_error signature_check(struct erasure *erasure, const struct acts *acts)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	Twinlog__SignedErasure *outer;
	Twinlog__Erasure *inner;
	size_t number;
	enum twinlog_error error =
	    arena ? erasure_decode(arena, erasure->bytes, erasure->size, &outer, &inner) : TWINLOG_NO_MEMORY;
	if (!error)
		error = acts_verify(acts, &erasure->signer, "erasure", outer->erasure.data, outer->erasure.len,
				    outer->signature, &number);
	if (!error)
		erasure->key = acts_key_first(acts, &erasure->signer, number);
	arena_free(arena);
	return error;
}

enum twinlog_error erasure_check(struct erasure *erasure, const struct acts *acts)
{
	if (!hash_equal(&erasure->space, acts_space(acts)))
		return TWINLOG_MALFORMED;
	if (!hash_equal(&erasure->signer, &erasure->city) && !acts_named_steward(acts, &erasure->signer))
		return TWINLOG_NOT_PERMITTED;
	return signature_check(erasure, acts);
}

enum twinlog_error erasure_seal(const Twinlog__Erasure *message, const struct seal_keys *keys, uint8_t **ret_bytes,
				size_t *ret_size)
{
	uint8_t *inner, signature[SEAL_SIGNATURE_SIZE];
	size_t inner_size;
	enum twinlog_error error = codec_pack(&message->base, &inner, &inner_size);
	if (error)
		return error;
	seal_sign(keys, "erasure", inner, inner_size, signature);
	Twinlog__SignedErasure outer = TWINLOG__SIGNED_ERASURE__INIT;
	outer.erasure = codec_bytes(inner, inner_size);
	outer.signature = codec_bytes(signature, sizeof signature);
	error = codec_pack(&outer.base, ret_bytes, ret_size);
	free(inner);
	return error;
}

static enum twinlog_error leaf_strip(Twinlog__Leaf *leaf, struct hash *content)
{
	if (leaf->content.len > 0)
		return TWINLOG_OK;
	if (leaf->salt.len != TWINLOG_SALT_SIZE)
		return TWINLOG_MALFORMED;
	*content = bundle_content(leaf->salt, leaf->body);
	leaf->content = codec_hash(content);
	leaf->salt = leaf->body = (ProtobufCBinaryData){0};
	return TWINLOG_OK;
}

enum twinlog_error bundle_strip_all(const void *bytes, size_t size, const uint32_t *indices, size_t count,
				    uint8_t **ret_bytes, size_t *ret_size)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	struct hash *contents = arena ? arena_alloc(arena, (count + 1) * sizeof *contents) : NULL;
	Twinlog__Bundle *bundle;
	enum twinlog_error error =
	    contents ? CODEC_UNPACK_STRICT(arena, bytes, size, &bundle, twinlog__bundle) : TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < count && !error; i++)
		error = indices[i] < bundle->n_leaves ? leaf_strip(bundle->leaves[indices[i]], &contents[i])
						      : TWINLOG_MALFORMED;
	if (!error)
		error = codec_pack(&bundle->base, ret_bytes, ret_size);
	arena_free(arena);
	return error;
}

enum twinlog_error bundle_strip(const void *bytes, size_t size, uint32_t index, uint8_t **ret_bytes, size_t *ret_size)
{
	return bundle_strip_all(bytes, size, &index, 1, ret_bytes, ret_size);
}
