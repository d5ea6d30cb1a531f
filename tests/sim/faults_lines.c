/* Trouble with lines: cuts, partitions, and links that come back in another order than they went. */
#include <stdlib.h>

#include "sim.h"

#define SWIZZLE_STEP_MS 3000u
#define SWIZZLE_REST_MS 30000u

static unsigned any_city(struct sim *sim)
{
	return (unsigned)rng_below(&sim->rng, sim->profile.cities);
}

void lines_cut(struct sim *sim)
{
	const unsigned times = rng_chance(&sim->rng, 200) ? 10 : 1;
	for (unsigned i = 0; i < times; i++) {
		const bool half_open = rng_chance(&sim->rng, 200);
		network_cut_tie(sim, (uint32_t)rng_below(&sim->rng, sim->ties_count), half_open);
		sim_fault(sim, half_open ? FAULT_HALF_OPEN : FAULT_CUT);
	}
}

static void block_between(struct sim *sim, unsigned from, unsigned to, uint64_t at_ms, uint64_t until_ms)
{
	if (from == to)
		return;
	schedule_put(&sim->schedule, (struct job){.at_ms = at_ms, .type = JOB_BLOCK, .machine = from, .end = to});
	schedule_put(&sim->schedule, (struct job){.at_ms = until_ms, .type = JOB_HEAL, .machine = from, .end = to});
}

/* One by one all links of a city, or of the whole world, go; one by one they come back, in another order. */
void lines_swizzle(struct sim *sim)
{
	const bool whole = rng_chance(&sim->rng, 200);
	const unsigned city = any_city(sim);
	const size_t count = whole ? sim->ties_count : sim->cities[city].ties_count;
	uint64_t at_ms = sim->now_ms;
	for (size_t i = 0; i < count; i++) {
		const struct tie *tie = &sim->ties[whole ? i : sim->cities[city].ties[i]];
		at_ms += rng_below(&sim->rng, SWIZZLE_STEP_MS);
		const uint64_t until_ms = at_ms + rng_between(&sim->rng, 1, SWIZZLE_REST_MS);
		block_between(sim, tie->dials, tie->answers, at_ms, until_ms);
		block_between(sim, tie->answers, tie->dials, at_ms, until_ms);
	}
	sim_fault(sim, FAULT_SWIZZLE);
}

void lines_partition(struct sim *sim)
{
	const struct tie *tie = &sim->ties[rng_below(&sim->rng, sim->ties_count)];
	const bool turned = rng_chance(&sim->rng, 500);
	const unsigned from = turned ? tie->answers : tie->dials, to = turned ? tie->dials : tie->answers;
	const uint64_t until_ms =
	    sim->now_ms + rng_between(&sim->rng, 500, rng_chance(&sim->rng, 300) ? 120000 : 15000);
	const uint64_t shape = rng_below(&sim->rng, 3);
	block_between(sim, from, to, sim->now_ms, until_ms);
	if (shape > 0)
		block_between(sim, to, from, sim->now_ms, until_ms);
	for (unsigned other = 0; shape == 2 && other < sim->profile.cities; other++) {
		block_between(sim, from, other, sim->now_ms, until_ms);
		block_between(sim, other, from, sim->now_ms, until_ms);
	}
	sim_fault(sim, shape == 0 ? FAULT_ONE_WAY : shape == 1 ? FAULT_PARTITION : FAULT_ISLAND);
}
