/* What a partner in bad faith says, but for bundles:
 * noise, absurd heads, positions, erasures and acts that it has no right to. It has its own keys and nobody else's. */
#include <stdlib.h>

#include "lies.h"

struct blob *lie_message(Twinlog__PeerMessage__BodyCase body_case, void *body)
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

struct blob *lie_one_act(const struct hash *space, uint8_t *bytes, size_t size)
{
	ProtobufCBinaryData one = codec_bytes(bytes, size);
	Twinlog__Acts message = TWINLOG__ACTS__INIT;
	message.space = codec_hash(space);
	message.n_acts = 1;
	message.acts = &one;
	struct blob *blob = lie_message(TWINLOG__PEER_MESSAGE__BODY_ACTS, &message);
	free(bytes);
	return blob;
}

struct blob *lie_one_erasure(const struct hash *space, uint8_t *bytes, size_t size, bool last)
{
	ProtobufCBinaryData one = codec_bytes(bytes, size);
	Twinlog__Erasures message = TWINLOG__ERASURES__INIT;
	message.space = codec_hash(space);
	message.n_erasures = 1;
	message.erasures = &one;
	message.last = last;
	struct blob *blob = lie_message(TWINLOG__PEER_MESSAGE__BODY_ERASURES, &message);
	free(bytes);
	return blob;
}

struct blob *lie_bent(struct sim *sim, unsigned machine, const struct blob *honest)
{
	(void)machine;
	struct blob *blob = blob_new(honest->bytes, honest->size);
	const uint64_t flips = rng_between(&sim->rng, 1, 3);
	for (uint64_t i = 0; i < flips && blob->size; i++)
		blob->bytes[rng_below(&sim->rng, blob->size)] ^= (uint8_t)(1u << rng_below(&sim->rng, 8));
	return blob;
}

struct blob *lie_noise(struct sim *sim, unsigned machine, const struct blob *honest)
{
	uint8_t noise[300];
	(void)machine;
	(void)honest;
	rng_fill(&sim->rng, noise, sizeof noise);
	return blob_new(noise, rng_below(&sim->rng, sizeof noise + 1));
}

/* Over the limit of a message, or of a bundle, or only said to be. */
struct blob *lie_oversized(struct sim *sim, unsigned machine, const struct blob *honest)
{
	const struct object *object = lie_any_bundle(sim, NULL);
	const bool message = rng_chance(&sim->rng, 100) || !object;
	const size_t size = message ? TWINLOG_MESSAGE_MAX + 1 : TWINLOG_BUNDLE_MAX + 1;
	(void)machine;
	(void)honest;
	uint8_t *bytes = sim_alloc(size);
	struct blob *blob = message ? blob_new(bytes, size)
				    : lie_chunk(&object->space, &object->city, (uint32_t)rng_below(&sim->rng, 4),
						codec_bytes(bytes, size));
	free(bytes);
	return blob;
}

struct blob *lie_absurd(struct sim *sim, unsigned machine, const struct blob *honest)
{
	const struct city *liar = lie_city(sim, machine);
	(void)honest;
	const struct object *object = lie_any_bundle(sim, NULL);
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
	Twinlog__Digest digest = TWINLOG__DIGEST__INIT;
	digest.space = want.space;
	digest.acts = list[0];
	digest.bundles = list[1];
	digest.erasures = list[2];
	switch (rng_below(&sim->rng, 5)) {
	case 0:
		return lie_message(TWINLOG__PEER_MESSAGE__BODY_WANT, &want);
	case 1:
		return lie_message(TWINLOG__PEER_MESSAGE__BODY_HEADS, &heads);
	case 2:
		return lie_message(TWINLOG__PEER_MESSAGE__BODY_ANNOUNCE, &announce);
	case 3:
		return lie_message(TWINLOG__PEER_MESSAGE__BODY_DIGEST, &digest);
	default:
		return lie_message(TWINLOG__PEER_MESSAGE__BODY_CREDIT, &credit);
	}
}

/* A position, well signed, of heads that are nowhere; or one in another city's name. */
struct blob *lie_position_of(struct sim *sim, const struct city *liar)
{
	const struct object *object = lie_any_bundle(sim, NULL);
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
	struct blob *blob = lie_message(TWINLOG__PEER_MESSAGE__BODY_POSITIONS, &positions);
	free(inner);
	free(packed);
	return blob;
}

struct blob *lie_position(struct sim *sim, unsigned machine, const struct blob *honest)
{
	(void)honest;
	return lie_position_of(sim, lie_city(sim, machine));
}

struct blob *lie_replayed(struct sim *sim, unsigned machine, const struct blob *honest)
{
	struct city *liar = &sim->cities[sim->machines[machine].city];
	struct blob **place = &liar->said[rng_below(&sim->rng, SIM_SAID)];
	struct blob *old = *place;
	*place = blob_new(honest->bytes, honest->size);
	return old;
}

/* Of a leaf that is not its own, in its own name or in the author's. */
struct blob *lie_erasure(struct sim *sim, unsigned machine, const struct blob *honest)
{
	const struct city *liar = lie_city(sim, machine);
	const struct object *object = lie_any_bundle(sim, NULL);
	(void)honest;
	if (!object || hash_equal(&object->city, &liar->identity))
		return NULL;
	const bool own_name = rng_chance(&sim->rng, 500);
	Twinlog__Erasure erasure = TWINLOG__ERASURE__INIT;
	erasure.space = codec_hash(&object->space);
	erasure.signer = codec_hash(own_name ? &liar->identity : &object->city);
	erasure.city = codec_hash(&object->city);
	erasure.bundle = codec_hash(&object->id);
	erasure.leaf = codec_hash(&object->bundle->leaves[0].hash);
	erasure.reason = codec_string("malice");
	erasure.clock_ms = SIM_EPOCH_MS;
	uint8_t *bytes;
	size_t size;
	if (erasure_seal(&erasure, liar->keys, &bytes, &size))
		abort();
	return lie_one_erasure(&object->space, bytes, size, rng_chance(&sim->rng, 500));
}

/* An act that the liar has no right to, in its own name, or one in another's that it cannot sign. */
struct blob *lie_act(struct sim *sim, unsigned machine, const struct blob *honest)
{
	const struct city *liar = lie_city(sim, machine);
	const struct node *node = sim->machines[machine].node;
	(void)honest;
	if (!node_spaces(node))
		return NULL;
	const struct acts *acts = space_acts(node_space(node, rng_below(&sim->rng, node_spaces(node))));
	struct hash heads[TWINLOG_PARENTS_MAX];
	uint64_t number;
	size_t members_count;
	const size_t heads_count = acts_heads_named(acts, &liar->identity, heads, &number);
	const struct member *members = acts_members(acts, &members_count);
	const struct hash victim = members[rng_below(&sim->rng, members_count)].identity;
	if (acts_named_steward(acts, &liar->identity) || hash_equal(&victim, &liar->identity))
		return NULL;
	const bool own_name = rng_chance(&sim->rng, 600);
	ProtobufCBinaryData parents[TWINLOG_PARENTS_MAX];
	for (size_t i = 0; i < heads_count; i++)
		parents[i] = codec_hash(&heads[i]);
	Twinlog__Act act = TWINLOG__ACT__INIT;
	act.kind = own_name ? TWINLOG__ACT_KIND__ACT_REMOVE : TWINLOG__ACT_KIND__ACT_LEAVE;
	act.space = codec_hash(acts_space(acts));
	act.signer = codec_hash(own_name ? &liar->identity : &victim);
	act.parents = parents;
	act.n_parents = heads_count;
	act.number = number;
	act.clock_ms = SIM_EPOCH_MS + sim->now_ms;
	Twinlog__Cutoff counts = TWINLOG__CUTOFF__INIT;
	if (own_name) {
		act.subject = codec_hash(&victim);
		act.counts = &counts;
	}
	uint8_t *bytes;
	size_t size;
	if (act_seal(&act, liar->keys, &bytes, &size))
		abort();
	return lie_one_act(acts_space(acts), bytes, size);
}
