#include "bundle.h"

#include <stdlib.h>

#include "log.pb-c.h"
#include "twinlog/limits.h"

struct handle record_handle(const struct hash *space, uint8_t kind, const struct hash *opener, const void *name,
			    size_t name_size)
{
	static const struct hash nobody;
	const struct seal_part parts[] = {
	    {space->bytes, HASH_SIZE},
	    {&kind, 1},
	    {opener ? opener->bytes : nobody.bytes, HASH_SIZE},
	    {name, name_size},
	};
	const struct hash whole = seal_hash("record", parts, 4);
	struct handle handle;
	memcpy(handle.bytes, whole.bytes, HANDLE_SIZE);
	return handle;
}

static struct hash content_hash(const uint8_t *salt, const void *body, size_t body_size)
{
	const struct seal_part parts[] = {{salt, TWINLOG_SALT_SIZE}, {body, body_size}};
	return seal_hash("body", parts, 2);
}

struct hash bundle_content(ProtobufCBinaryData salt, ProtobufCBinaryData body)
{
	return content_hash(salt.data, body.data, body.len);
}

static struct hash leaf_hash_of(const struct hash *space, const struct hash *city, const void *envelope,
				size_t envelope_size, const struct hash *content)
{
	const struct seal_part parts[] = {
	    {space->bytes, HASH_SIZE},
	    {city->bytes, HASH_SIZE},
	    {envelope, envelope_size},
	    {content->bytes, HASH_SIZE},
	};
	return seal_hash("leaf", parts, 4);
}

struct hash leaf_hash(const struct hash *space, const struct hash *city, const void *envelope, size_t envelope_size,
		      const uint8_t *salt, const void *body, size_t body_size)
{
	const struct hash content = content_hash(salt, body, body_size);
	return leaf_hash_of(space, city, envelope, envelope_size, &content);
}

static enum twinlog_error cities_check(const ProtobufCBinaryData *cities, size_t count)
{
	if (count > TWINLOG_RECORD_CITIES_MAX)
		return TWINLOG_TOO_MANY;
	for (size_t i = 0; i < count; i++) {
		if (cities[i].len == 0 || cities[i].len > TWINLOG_CITY_ID_MAX)
			return TWINLOG_MALFORMED;
		if (i == 0)
			continue;
		const size_t shorter = cities[i].len < cities[i - 1].len ? cities[i].len : cities[i - 1].len;
		const int order = memcmp(cities[i - 1].data, cities[i].data, shorter);
		if (order > 0 || (order == 0 && cities[i - 1].len >= cities[i].len))
			return TWINLOG_NOT_STRICT;
	}
	return TWINLOG_OK;
}

/* The record that an envelope names. A city record has no opener: any city may be the first to speak of it. */
static enum twinlog_error leaf_take_record(const struct bundle *bundle, const Twinlog__Envelope *envelope,
					   struct leaf *leaf)
{
	const bool city_record = envelope->kind == TWINLOG__RECORD_KIND__RECORD_CITY;
	leaf->name = envelope->record.data;
	leaf->name_size = (uint16_t)envelope->record.len;
	if (city_record ? envelope->record.len == 0 || envelope->record.len > TWINLOG_CITY_ID_MAX
			: envelope->record.len != HANDLE_SIZE)
		return TWINLOG_MALFORMED;
	if (envelope->opener.len == 0) {
		leaf->opener = city_record ? (struct hash){{0}} : bundle->city;
	} else {
		const enum twinlog_error error = codec_get_hash(envelope->opener, &leaf->opener);
		if (error)
			return error;
		if (city_record || hash_equal(&leaf->opener, &bundle->city))
			return TWINLOG_NOT_STRICT;
	}
	leaf->record = record_handle(&bundle->space, leaf->kind, &leaf->opener, leaf->name, leaf->name_size);
	return TWINLOG_OK;
}

static enum twinlog_error leaf_take_envelope(struct bundle *bundle, ProtobufCBinaryData bytes, struct leaf *leaf)
{
	Twinlog__Envelope *envelope;
	enum twinlog_error error =
	    CODEC_UNPACK_STRICT(bundle->arena, bytes.data, bytes.len, &envelope, twinlog__envelope);
	if (error)
		return error;
	leaf->operation = envelope->operation < 255 ? (uint8_t)envelope->operation : 255;
	leaf->kind = envelope->kind < 255 ? (uint8_t)envelope->kind : 255;
	leaf->report = envelope->report;
	leaf->version = envelope->version;
	if (leaf->operation == 0 || leaf->kind == 0 || leaf->version == 0)
		return TWINLOG_MALFORMED;
	error = leaf_take_record(bundle, envelope, leaf);
	if (error)
		return error;

	struct hash *replaces = NULL;
	error = codec_get_sorted_hashes(bundle->arena, envelope->replaces, envelope->n_replaces, TWINLOG_REPLACES_MAX,
					&replaces);
	if (error)
		return error;
	leaf->replaces = replaces;
	leaf->replaces_count = (uint16_t)envelope->n_replaces;
	leaf->has_answers = envelope->answers.len > 0;
	if (leaf->has_answers) {
		error = codec_get_hash(envelope->answers, &leaf->answers);
		if (error)
			return error;
	}
	leaf->cities = envelope->cities;
	leaf->cities_count = (uint16_t)envelope->n_cities;
	return cities_check(envelope->cities, envelope->n_cities);
}

static enum twinlog_error leaf_take(struct bundle *bundle, const Twinlog__Leaf *message, struct leaf *leaf)
{
	struct hash content;
	if (message->envelope.len > TWINLOG_ENVELOPE_MAX || message->body.len > TWINLOG_BODY_MAX)
		return TWINLOG_TOO_LARGE;
	if (message->content.len > 0) { /* erased: the content's hash stands for salt and body */
		const enum twinlog_error error = codec_get_hash(message->content, &content);
		if (error)
			return error;
		if (message->salt.len > 0 || message->body.len > 0)
			return TWINLOG_MALFORMED;
	} else {
		if (message->salt.len != TWINLOG_SALT_SIZE)
			return TWINLOG_MALFORMED;
		leaf->salt = message->salt.data;
		leaf->body = message->body.data ? message->body.data : (const uint8_t *)"";
		leaf->body_size = (uint32_t)message->body.len;
		content = content_hash(leaf->salt, leaf->body, leaf->body_size);
	}
	leaf->hash =
	    leaf_hash_of(&bundle->space, &bundle->city, message->envelope.data, message->envelope.len, &content);
	return leaf_take_envelope(bundle, message->envelope, leaf);
}

struct hash bundle_id(ProtobufCBinaryData header, ProtobufCBinaryData signature)
{
	const struct seal_part parts[] = {{header.data, header.len}, {signature.data, signature.len}};
	return seal_hash("bundle", parts, 2);
}

static enum twinlog_error header_take(struct bundle *bundle, ProtobufCBinaryData bytes,
				      Twinlog__BundleHeader **ret_header)
{
	Twinlog__BundleHeader *header;
	enum twinlog_error error =
	    CODEC_UNPACK_STRICT(bundle->arena, bytes.data, bytes.len, &header, twinlog__bundle_header);
	if (error)
		return error;
	if ((error = codec_get_hash(header->space, &bundle->space)) ||
	    (error = codec_get_hash(header->city, &bundle->city)))
		return error;
	error = codec_get_sorted_hashes(bundle->arena, header->parents, header->n_parents, TWINLOG_PARENTS_MAX,
					&bundle->parents);
	if (error)
		return error;
	error =
	    codec_get_sorted_hashes(bundle->arena, header->acts, header->n_acts, TWINLOG_PARENTS_MAX, &bundle->acts);
	if (error)
		return error;
	bundle->parents_count = (uint32_t)header->n_parents;
	bundle->acts_count = (uint32_t)header->n_acts;
	bundle->number = header->number;
	bundle->clock_ms = header->clock_ms;
	if (header->n_acts == 0 || header->number == 0 || (header->n_parents == 0) != (header->number == 1) ||
	    header->clock_ms >> 48 != 0)
		return TWINLOG_MALFORMED;
	*ret_header = header;
	return TWINLOG_OK;
}

static enum twinlog_error leaves_take(struct bundle *bundle, const Twinlog__Bundle *message,
				      const Twinlog__BundleHeader *header)
{
	const size_t count = message->n_leaves;
	if (count == 0)
		return TWINLOG_MALFORMED;
	if (count > TWINLOG_BUNDLE_LEAVES_MAX)
		return TWINLOG_TOO_MANY;
	if (header->count != count)
		return TWINLOG_BAD_HASH;
	bundle->leaves = arena_zalloc(bundle->arena, count * sizeof *bundle->leaves);
	struct hash *hashes = arena_alloc(bundle->arena, count * sizeof *hashes);
	if (!bundle->leaves || !hashes)
		return TWINLOG_NO_MEMORY;
	bundle->leaves_count = (uint32_t)count;
	for (size_t i = 0; i < count; i++) {
		const enum twinlog_error error = leaf_take(bundle, message->leaves[i], &bundle->leaves[i]);
		if (error)
			return error;
		hashes[i] = bundle->leaves[i].hash;
	}
	const struct hash all = seal_hash1("leaves", hashes, count * sizeof *hashes);
	if (header->leaves.len != HASH_SIZE || memcmp(header->leaves.data, all.bytes, HASH_SIZE) != 0)
		return TWINLOG_BAD_HASH;
	return TWINLOG_OK;
}

static enum twinlog_error signature_check(struct bundle *bundle, const Twinlog__Bundle *message,
					  const struct seal_public *keys, size_t keys_count)
{
	if (message->signature.len != SEAL_SIGNATURE_SIZE)
		return TWINLOG_MALFORMED;
	bundle->id = bundle_id(message->header, message->signature);
	if (!keys)
		return TWINLOG_OK;
	for (size_t i = keys_count; i-- > 0;) { /* the newest is the likeliest */
		if (seal_verify(&keys[i], "bundle", message->header.data, message->header.len, message->signature.data,
				message->signature.len) == TWINLOG_OK) {
			bundle->key = (uint32_t)i;
			return TWINLOG_OK;
		}
	}
	return TWINLOG_BAD_SIGNATURE;
}

/* The hash that an erasure leaves may be longer than what it takes: no erasure makes a bundle too large. */
static enum twinlog_error size_check(const Twinlog__Bundle *message, size_t size)
{
	for (size_t i = 0; i < message->n_leaves; i++)
		size -= message->leaves[i]->content.len == HASH_SIZE ? TWINLOG_ERASED_SIZE : 0;
	return size > TWINLOG_BUNDLE_MAX ? TWINLOG_TOO_LARGE : TWINLOG_OK;
}

enum twinlog_error bundle_open(const void *bytes, size_t size, const struct seal_public *keys, size_t keys_count,
			       struct bundle **ret_bundle)
{
	if (size > TWINLOG_BUNDLE_BYTES_MAX)
		return TWINLOG_TOO_LARGE;
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	struct bundle *bundle = arena ? arena_zalloc(arena, sizeof *bundle) : NULL;
	void *copy = arena ? arena_copy(arena, bytes, size) : NULL;
	enum twinlog_error error = TWINLOG_NO_MEMORY;
	if (!bundle || !copy)
		goto refuse;
	bundle->arena = arena;
	bundle->bytes = copy;
	bundle->size = size;

	Twinlog__Bundle *message;
	Twinlog__BundleHeader *header;
	if ((error = CODEC_UNPACK_STRICT(arena, bundle->bytes, size, &message, twinlog__bundle)) ||
	    (error = size_check(message, size)) || (error = header_take(bundle, message->header, &header)) ||
	    (error = signature_check(bundle, message, keys, keys_count)) ||
	    (error = leaves_take(bundle, message, header)))
		goto refuse;
	*ret_bundle = bundle;
	return TWINLOG_OK;
refuse:
	arena_free(arena);
	return error;
}

void bundle_free(struct bundle *bundle)
{
	if (bundle)
		arena_free(bundle->arena);
}

static enum twinlog_error draft_header(struct arena *arena, const struct bundle_draft *draft, uint8_t **ret_bytes,
				       size_t *ret_size)
{
	struct hash *hashes = arena_alloc(arena, draft->leaves_count * sizeof *hashes);
	if (!hashes)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < draft->leaves_count; i++) {
		const struct leaf_draft *leaf = &draft->leaves[i];
		hashes[i] = leaf_hash(&draft->space, &draft->city, leaf->envelope, leaf->envelope_size, leaf->salt,
				      leaf->body, leaf->body_size);
	}
	const struct hash all = seal_hash1("leaves", hashes, draft->leaves_count * sizeof *hashes);
	Twinlog__BundleHeader header = TWINLOG__BUNDLE_HEADER__INIT;
	header.space = codec_hash(&draft->space);
	header.city = codec_hash(&draft->city);
	header.parents = codec_hash_list(arena, draft->parents, draft->parents_count);
	header.n_parents = draft->parents_count;
	header.number = draft->number;
	header.acts = codec_hash_list(arena, draft->acts, draft->acts_count);
	header.n_acts = draft->acts_count;
	header.clock_ms = draft->clock_ms;
	header.count = (uint32_t)draft->leaves_count;
	header.leaves = codec_hash(&all);
	if ((draft->parents_count && !header.parents) || !header.acts)
		return TWINLOG_NO_MEMORY;
	return codec_pack_arena(arena, &header.base, ret_bytes, ret_size);
}

static enum twinlog_error draft_pack(struct arena *arena, const struct bundle_draft *draft, Twinlog__Bundle *bundle,
				     uint8_t **ret_bytes, size_t *ret_size)
{
	Twinlog__Leaf *leaves = arena_alloc(arena, draft->leaves_count * sizeof *leaves);
	Twinlog__Leaf **list = arena_alloc(arena, draft->leaves_count * sizeof(Twinlog__Leaf *));
	if (!leaves || !list)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < draft->leaves_count; i++) {
		const struct leaf_draft *leaf = &draft->leaves[i];
		twinlog__leaf__init(&leaves[i]);
		leaves[i].envelope = codec_bytes(leaf->envelope, leaf->envelope_size);
		leaves[i].salt = codec_bytes(leaf->salt, TWINLOG_SALT_SIZE);
		leaves[i].body = codec_bytes(leaf->body, leaf->body_size);
		list[i] = &leaves[i];
	}
	bundle->leaves = list;
	bundle->n_leaves = draft->leaves_count;
	const enum twinlog_error error = codec_pack(&bundle->base, ret_bytes, ret_size);
	if (error || *ret_size <= TWINLOG_BUNDLE_MAX)
		return error;
	free(*ret_bytes);
	*ret_bytes = NULL;
	return TWINLOG_TOO_LARGE;
}

enum twinlog_error bundle_seal(const struct bundle_draft *draft, const struct seal_keys *keys, uint8_t **ret_bytes,
			       size_t *ret_size)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	if (!arena)
		return TWINLOG_NO_MEMORY;
	uint8_t *header;
	size_t header_size;
	enum twinlog_error error = draft_header(arena, draft, &header, &header_size);
	if (!error) {
		uint8_t signature[SEAL_SIGNATURE_SIZE];
		seal_sign(keys, "bundle", header, header_size, signature);
		Twinlog__Bundle bundle = TWINLOG__BUNDLE__INIT;
		bundle.header = codec_bytes(header, header_size);
		bundle.signature = codec_bytes(signature, sizeof signature);
		error = draft_pack(arena, draft, &bundle, ret_bytes, ret_size);
	}
	arena_free(arena);
	return error;
}
