/* A partner in bad faith. Its node is an honest one; its line is not: what goes out is bent, forged, repeated or added
 * to. It has its own keys and nobody else's. */
#include <stdlib.h>

#include "sim.h"

static struct blob *message_blob(Twinlog__PeerMessage__BodyCase body_case, void *body)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	message.body_case = body_case;
	message.ping = body; /* the members of the union are all pointers */
	uint8_t *bytes;
	size_t size;
	if (codec_pack(&message.base, &bytes, &size))
		abort();
	struct blob *blob = blob_new(bytes, size);
	free(bytes);
	return blob;
}

static struct blob *lie_bent(struct sim *sim, const struct blob *honest)
{
	struct blob *blob = blob_new(honest->bytes, honest->size);
	const uint64_t flips = rng_between(&sim->rng, 1, 3);
	for (uint64_t i = 0; i < flips && blob->size; i++)
		blob->bytes[rng_below(&sim->rng, blob->size)] ^= (uint8_t)(1u << rng_below(&sim->rng, 8));
	return blob;
}

static struct blob *lie_noise(struct sim *sim)
{
	const size_t size = rng_chance(&sim->rng, 50) ? TWINLOG_MESSAGE_MAX + 1 : rng_between(&sim->rng, 0, 300);
	uint8_t *noise = sim_alloc(size + 1);
	rng_fill(&sim->rng, noise, size);
	struct blob *blob = blob_new(noise, size);
	free(noise);
	return blob;
}

static struct blob *chunk_of(const struct hash *space, const struct hash *city, uint32_t stream,
			     ProtobufCBinaryData bundle)
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
	struct blob *blob = message_blob(TWINLOG__PEER_MESSAGE__BODY_CHUNK, &chunk);
	free(packed);
	return blob;
}

static const struct object *any_bundle(struct sim *sim, const struct hash *city)
{
	for (int tries = 0; tries < 50 && sim->world.count; tries++) {
		const struct object *object = &sim->world.items[rng_below(&sim->rng, sim->world.count)];
		if (!object->is_act && (!city || hash_equal(&object->city, city)))
			return object;
	}
	return NULL;
}

/* Words signed by the liar, on a parent of its choice: a branch; in its own name, or in a name that is not its own. */
static struct blob *lie_bundle(struct sim *sim, const struct city *liar, bool own_name)
{
	const struct object *parent = any_bundle(sim, own_name ? &liar->identity : NULL);
	if (!parent)
		return NULL;
	uint8_t record[HANDLE_SIZE];
	rng_fill(&sim->rng, record, sizeof record);
	ProtobufCBinaryData cities[] = {codec_string("CN:nowhere"), codec_string("KR:nowhere")};
	Twinlog__Envelope envelope = TWINLOG__ENVELOPE__INIT;
	envelope.operation = TWINLOG__OPERATION__OPERATION_STATEMENT;
	envelope.kind = TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
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
	if (!bundle_seal(&draft, liar->keys, &bundle_bytes, &size)) {
		blob = chunk_of(&draft.space, &draft.city, 0, codec_bytes(bundle_bytes, size));
		free(bundle_bytes);
	}
	free(envelope_bytes);
	free(body_bytes);
	return blob;
}

/* Somebody's true bundle, one bit of it changed, or offered where it does not belong. */
static struct blob *lie_tampered(struct sim *sim)
{
	const struct object *object = any_bundle(sim, NULL), *other = any_bundle(sim, NULL);
	if (!object || !other)
		return NULL;
	struct blob *copy = blob_new(object->blob->bytes, object->blob->size);
	if (rng_chance(&sim->rng, 700))
		copy->bytes[rng_below(&sim->rng, copy->size)] ^= 1;
	const bool misplaced = rng_chance(&sim->rng, 300);
	struct blob *blob =
	    chunk_of(misplaced ? &other->space : &object->space, misplaced ? &other->city : &object->city,
		     (uint32_t)rng_below(&sim->rng, 5), codec_bytes(copy->bytes, copy->size));
	blob_drop(copy);
	return blob;
}

static struct blob *lie_absurd(struct sim *sim, const struct city *liar)
{
	const struct object *object = any_bundle(sim, NULL);
	if (!object)
		return NULL;
	struct hash nowhere[32];
	ProtobufCBinaryData list[32];
	const size_t count = rng_between(&sim->rng, 0, 32);
	for (size_t i = 0; i < 32; i++) {
		rng_fill(&sim->rng, nowhere[i].bytes, HASH_SIZE);
		list[i] = codec_hash(&nowhere[i]);
	}
	Twinlog__Want want = TWINLOG__WANT__INIT;
	want.space = codec_hash(&object->space);
	want.city = rng_chance(&sim->rng, 700) ? codec_hash(&object->city) : list[0];
	want.n_have = count;
	want.have = list;
	want.stream = (uint32_t)rng_next(&sim->rng);
	want.credit = rng_next(&sim->rng);
	Twinlog__CityHeadsOf heads_of = TWINLOG__CITY_HEADS_OF__INIT, *heads_list = &heads_of;
	heads_of.city = rng_chance(&sim->rng, 500) ? codec_hash(&object->city) : codec_hash(&liar->identity);
	heads_of.n_heads = count;
	heads_of.heads = list;
	Twinlog__Heads heads = TWINLOG__HEADS__INIT;
	heads.space = want.space;
	heads.n_cities = 1;
	heads.cities = &heads_list;
	heads.n_acts = rng_chance(&sim->rng, 300) ? count : 0;
	heads.acts = list;
	heads.reply = rng_chance(&sim->rng, 500);
	Twinlog__Announce announce = TWINLOG__ANNOUNCE__INIT;
	announce.space = want.space;
	announce.city = heads_of.city;
	announce.n_heads = count;
	announce.heads = list;
	Twinlog__Credit credit = TWINLOG__CREDIT__INIT;
	credit.stream = (uint32_t)rng_below(&sim->rng, 4);
	credit.bytes = rng_next(&sim->rng);
	switch (rng_below(&sim->rng, 4)) {
	case 0:
		return message_blob(TWINLOG__PEER_MESSAGE__BODY_WANT, &want);
	case 1:
		return message_blob(TWINLOG__PEER_MESSAGE__BODY_HEADS, &heads);
	case 2:
		return message_blob(TWINLOG__PEER_MESSAGE__BODY_ANNOUNCE, &announce);
	default:
		return message_blob(TWINLOG__PEER_MESSAGE__BODY_CREDIT, &credit);
	}
}

/* A position, well signed, of heads that are nowhere; or one in another city's name. */
static struct blob *lie_position(struct sim *sim, const struct city *liar)
{
	const struct object *object = any_bundle(sim, NULL);
	if (!object)
		return NULL;
	struct hash nowhere;
	rng_fill(&sim->rng, nowhere.bytes, HASH_SIZE);
	ProtobufCBinaryData head = codec_hash(rng_chance(&sim->rng, 500) ? &nowhere : &object->id);
	Twinlog__CityHeads heads = TWINLOG__CITY_HEADS__INIT, *list = &heads;
	heads.city = codec_hash(&object->city);
	heads.n_heads = 1;
	heads.heads = &head;
	Twinlog__Position position = TWINLOG__POSITION__INIT;
	position.space = codec_hash(&object->space);
	position.city = rng_chance(&sim->rng, 700) ? codec_hash(&liar->identity) : codec_hash(&object->city);
	position.machine = rng_next(&sim->rng);
	position.counter = rng_chance(&sim->rng, 500) ? UINT64_MAX : rng_below(&sim->rng, 1000);
	position.time_ms = rng_next(&sim->rng);
	position.n_cities = 1;
	position.cities = &list;
	Twinlog__SignedPosition outer = TWINLOG__SIGNED_POSITION__INIT;
	uint8_t signature[SEAL_SIGNATURE_SIZE], *inner, *packed;
	size_t inner_size, packed_size;
	if (codec_pack(&position.base, &inner, &inner_size))
		abort();
	seal_sign(liar->keys, "position", inner, inner_size, signature);
	outer.position = codec_bytes(inner, inner_size);
	outer.signature = codec_bytes(signature, sizeof signature);
	if (codec_pack(&outer.base, &packed, &packed_size))
		abort();
	ProtobufCBinaryData one = codec_bytes(packed, packed_size);
	Twinlog__Positions positions = TWINLOG__POSITIONS__INIT;
	positions.n_positions = 1;
	positions.positions = &one;
	struct blob *blob = message_blob(TWINLOG__PEER_MESSAGE__BODY_POSITIONS, &positions);
	free(inner);
	free(packed);
	return blob;
}

struct blob *liar_twist(struct sim *sim, unsigned machine, uint32_t link, struct blob *blob)
{
	const struct city *liar = &sim->cities[sim->machines[machine].city];
	if (!rng_chance(&sim->rng, sim->profile.lie_per_mille))
		return blob;
	struct blob *lie = NULL;
	switch (rng_below(&sim->rng, 8)) {
	case 0: /* instead of the truth */
		lie = lie_bent(sim, blob);
		blob_drop(blob);
		return lie;
	case 1:
		lie = lie_noise(sim);
		break;
	case 2:
		lie = lie_bundle(sim, liar, true);
		break;
	case 3:
		lie = lie_bundle(sim, liar, false);
		break;
	case 4:
		lie = lie_tampered(sim);
		break;
	case 5:
		lie = lie_absurd(sim, liar);
		break;
	case 6:
		lie = lie_position(sim, liar);
		break;
	default: /* the same again */
		lie = blob_new(blob->bytes, blob->size);
	}
	if (lie)
		network_inject(sim, machine, link, lie);
	return blob;
}
