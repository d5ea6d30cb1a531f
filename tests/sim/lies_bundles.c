/* What a partner in bad faith says, about bundles:
 * forged, tampered with, branching, withheld, without their contents. It has its own keys and nobody else's. */
#include <stdlib.h>

#include "lies.h"

struct blob *lie_chunk(const struct hash *space, const struct hash *city, uint32_t stream, ProtobufCBinaryData bundle)
{
	Twinlog__BundleList list = TWINLOG__BUNDLE_LIST__INIT;
	list.n_bundles = 1;
	list.bundles = &bundle;
	uint8_t *packed;
	size_t size;
	if (codec_pack(&list.base, &packed, &size))
		abort();
	Twinlog__Chunk chunk = TWINLOG__CHUNK__INIT;
	chunk.space = codec_hash(space);
	chunk.city = codec_hash(city);
	chunk.stream = stream;
	chunk.bundles = codec_bytes(packed, size);
	chunk.size = (uint32_t)size;
	struct blob *blob = lie_message(TWINLOG__PEER_MESSAGE__BODY_CHUNK, &chunk);
	free(packed);
	return blob;
}

const struct object *lie_any_bundle(struct sim *sim, const struct hash *city)
{
	for (int tries = 0; tries < 50 && sim->world.count; tries++) {
		const struct object *object = &sim->world.items[rng_below(&sim->rng, sim->world.count)];
		if (object->kind == OBJECT_BUNDLE && (!city || hash_equal(&object->city, city)))
			return object;
	}
	return NULL;
}

/* A bundle by that city on a parent that is some bundle's of it: a branch. In whose name it is is the parent's matter.
 */
struct blob *lie_words(struct sim *sim, const struct city *signer, const struct object *parent, uint32_t operation,
		       uint32_t kind)
{
	uint8_t record[HANDLE_SIZE];
	rng_fill(&sim->rng, record, sizeof record);
	ProtobufCBinaryData cities[] = {codec_string("CN:nowhere"), codec_string("KR:nowhere")};
	Twinlog__Envelope envelope = TWINLOG__ENVELOPE__INIT;
	envelope.operation = operation;
	envelope.kind = kind;
	envelope.record = codec_bytes(record, sizeof record);
	envelope.version = 1;
	envelope.n_cities = 2;
	envelope.cities = cities;
	Twinlog__Body body = TWINLOG__BODY__INIT;
	uint8_t *envelope_bytes, *body_bytes, *bundle_bytes;
	struct leaf_draft leaf = {0};
	if (codec_pack(&envelope.base, &envelope_bytes, &leaf.envelope_size) ||
	    codec_pack(&body.base, &body_bytes, &leaf.body_size))
		abort();
	leaf.envelope = envelope_bytes;
	leaf.body = body_bytes;
	rng_fill(&sim->rng, leaf.salt, sizeof leaf.salt);
	struct bundle_draft draft = {.space = parent->space,
				     .city = parent->city,
				     .parents = &parent->id,
				     .parents_count = 1,
				     .number = parent->bundle->number + 1,
				     .acts = parent->bundle->acts,
				     .acts_count = parent->bundle->acts_count,
				     .clock_ms = rng_below(&sim->rng, 1ull << 48),
				     .leaves = &leaf,
				     .leaves_count = 1};
	size_t size;
	struct blob *blob = NULL;
	if (!bundle_seal(&draft, signer->keys, &bundle_bytes, &size)) {
		blob = lie_chunk(&draft.space, &draft.city, 0, codec_bytes(bundle_bytes, size));
		free(bundle_bytes);
	}
	free(envelope_bytes);
	free(body_bytes);
	return blob;
}

static struct blob *lie_statement(struct sim *sim, const struct city *liar, const struct object *parent)
{
	return parent ? lie_words(sim, liar, parent, TWINLOG__OPERATION__OPERATION_STATEMENT,
				  TWINLOG__RECORD_KIND__RECORD_ACTIVITY)
		      : NULL;
}

struct blob *lie_branch(struct sim *sim, unsigned machine, const struct blob *honest)
{
	const struct city *liar = lie_city(sim, machine);
	(void)honest;
	return lie_statement(sim, liar, lie_any_bundle(sim, &liar->identity));
}

struct blob *lie_forged(struct sim *sim, unsigned machine, const struct blob *honest)
{
	(void)honest;
	return lie_statement(sim, lie_city(sim, machine), lie_any_bundle(sim, NULL));
}

/* Somebody's true bundle, one bit of it changed, or offered where it does not belong. */
struct blob *lie_tampered(struct sim *sim, unsigned machine, const struct blob *honest)
{
	(void)machine;
	(void)honest;
	const struct object *object = lie_any_bundle(sim, NULL), *other = lie_any_bundle(sim, NULL);
	if (!object || !other)
		return NULL;
	struct blob *copy = blob_new(object->bundle->bytes, object->bundle->size);
	if (rng_chance(&sim->rng, 700))
		copy->bytes[rng_below(&sim->rng, copy->size)] ^= 1;
	const bool misplaced = rng_chance(&sim->rng, 300);
	struct blob *blob =
	    lie_chunk(misplaced ? &other->space : &object->space, misplaced ? &other->city : &object->city,
		      (uint32_t)rng_below(&sim->rng, 5), codec_bytes(copy->bytes, copy->size));
	blob_drop(copy);
	return blob;
}

/* ---- Instead of the bundles that were asked for ---- */

static struct blob *chunk_without(const Twinlog__PeerMessage *message, Twinlog__BundleList *list)
{
	uint8_t *packed, *bytes;
	size_t packed_size, size;
	if (codec_pack(&list->base, &packed, &packed_size))
		abort();
	message->chunk->bundles = codec_bytes(packed, packed_size);
	message->chunk->size = (uint32_t)packed_size;
	if (codec_pack(&message->base, &bytes, &size))
		abort();
	struct blob *blob = blob_new(bytes, size);
	free(packed);
	free(bytes);
	return blob;
}

/* NULL unless the message brings bundles. */
static Twinlog__BundleList *chunk_open(struct arena *arena, const struct blob *honest,
				       Twinlog__PeerMessage **ret_message)
{
	Twinlog__BundleList *list;
	if (CODEC_UNPACK(arena, honest->bytes, honest->size, ret_message, twinlog__peer_message) ||
	    (*ret_message)->body_case != TWINLOG__PEER_MESSAGE__BODY_CHUNK ||
	    CODEC_UNPACK(arena, (*ret_message)->chunk->bundles.data, (*ret_message)->chunk->bundles.len, &list,
			 twinlog__bundle_list))
		return NULL;
	return list->n_bundles ? list : NULL;
}

struct blob *lie_withheld(struct sim *sim, unsigned machine, const struct blob *honest)
{
	Twinlog__PeerMessage *message;
	(void)machine;
	Twinlog__BundleList *list = chunk_open(sim_arena(sim, 2), honest, &message);
	if (!list)
		return NULL;
	list->bundles[rng_below(&sim->rng, list->n_bundles)] = list->bundles[list->n_bundles - 1];
	list->n_bundles--;
	return chunk_without(message, list);
}

struct blob *lie_hash_only(struct sim *sim, unsigned machine, const struct blob *honest)
{
	Twinlog__PeerMessage *message;
	(void)machine;
	Twinlog__BundleList *list = chunk_open(sim_arena(sim, 2), honest, &message);
	uint8_t *stripped;
	size_t size;
	if (!list)
		return NULL;
	ProtobufCBinaryData *bundle = &list->bundles[rng_below(&sim->rng, list->n_bundles)];
	if (bundle_strip(bundle->data, bundle->len, 0, &stripped, &size))
		return NULL;
	*bundle = codec_bytes(stripped, size);
	struct blob *blob = chunk_without(message, list);
	free(stripped);
	return blob;
}
