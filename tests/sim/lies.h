/* Lies, one a function: what is said beside the honest message, or instead of it; NULL when there is nothing to say.
 * Used by liar.c and newer.c. */
#ifndef TWINLOG_SIM_LIES_H
#define TWINLOG_SIM_LIES_H

#include "sim.h"

static inline const struct city *lie_city(const struct sim *sim, unsigned machine)
{
	return &sim->cities[sim->machines[machine].city];
}
struct blob *lie_message(Twinlog__PeerMessage__BodyCase body_case, void *body);
/* A message with this one object; frees its bytes. */
struct blob *lie_one_act(const struct hash *space, uint8_t *bytes, size_t size);
struct blob *lie_one_erasure(const struct hash *space, uint8_t *bytes, size_t size, bool last);
struct blob *lie_chunk(const struct hash *space, const struct hash *city, uint32_t stream, ProtobufCBinaryData bundle);
const struct object *lie_any_bundle(struct sim *sim, const struct hash *city); /* NULL: of any city */
struct blob *lie_words(struct sim *sim, const struct city *signer, const struct object *parent, uint32_t operation,
		       uint32_t kind);

/* Beside the truth. */
struct blob *lie_noise(struct sim *sim, unsigned machine, const struct blob *honest);
struct blob *lie_oversized(struct sim *sim, unsigned machine, const struct blob *honest);
struct blob *lie_branch(struct sim *sim, unsigned machine, const struct blob *honest);
struct blob *lie_forged(struct sim *sim, unsigned machine, const struct blob *honest);
struct blob *lie_tampered(struct sim *sim, unsigned machine, const struct blob *honest);
struct blob *lie_absurd(struct sim *sim, unsigned machine, const struct blob *honest);
struct blob *lie_position(struct sim *sim, unsigned machine, const struct blob *honest);
struct blob *lie_position_of(struct sim *sim, const struct city *liar); /* with that city's keys */
struct blob *lie_replayed(struct sim *sim, unsigned machine, const struct blob *honest);
struct blob *lie_erasure(struct sim *sim, unsigned machine, const struct blob *honest);
struct blob *lie_act(struct sim *sim, unsigned machine, const struct blob *honest);
/* Instead of it. */
struct blob *lie_bent(struct sim *sim, unsigned machine, const struct blob *honest);
struct blob *lie_withheld(struct sim *sim, unsigned machine, const struct blob *honest);
struct blob *lie_hash_only(struct sim *sim, unsigned machine, const struct blob *honest);

#endif
