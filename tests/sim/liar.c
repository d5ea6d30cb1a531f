/* A partner in bad faith. Its node is an honest one; its line is not: what goes out is bent, forged, repeated, withheld
 * or added to. */
#include "lies.h"

static const struct {
	enum fault fault;
	bool instead; /* of the truth, else beside it */
	struct blob *(*lie)(struct sim *sim, unsigned machine, const struct blob *honest);
} lies[] = {
    {FAULT_LIE_BENT, true, lie_bent},
    {FAULT_LIE_WITHHELD, true, lie_withheld},
    {FAULT_LIE_HASH_ONLY, true, lie_hash_only},
    {FAULT_LIE_NOISE, false, lie_noise},
    {FAULT_LIE_OVERSIZED, false, lie_oversized},
    {FAULT_LIE_BRANCH, false, lie_branch},
    {FAULT_LIE_FORGED, false, lie_forged},
    {FAULT_LIE_TAMPERED, false, lie_tampered},
    {FAULT_LIE_ABSURD, false, lie_absurd},
    {FAULT_LIE_POSITION, false, lie_position},
    {FAULT_LIE_REPLAYED, false, lie_replayed},
    {FAULT_LIE_ERASURE, false, lie_erasure},
    {FAULT_LIE_ACT, false, lie_act},
};

struct blob *liar_twist(struct sim *sim, unsigned machine, uint32_t link, struct blob *blob)
{
	if (!rng_chance(&sim->rng, sim->profile.lie_per_mille))
		return blob;
	const size_t which = rng_below(&sim->rng, sizeof lies / sizeof *lies);
	struct blob *lie = lies[which].lie(sim, machine, blob);
	if (!lie)
		return blob;
	sim_fault(sim, lies[which].fault);
	if (lies[which].instead) {
		blob_drop(blob);
		return lie;
	}
	network_inject(sim, machine, link, lie);
	return blob;
}
