/* What a seed draws: the cities, who is tied to whom, the spaces they will found, and how much goes wrong. */
#include <stdio.h>
#include <stdlib.h>

#include "card.h"
#include "sim.h"

#define PLAN_MOST 8u      /* members of a network in a world that is to grow */
#define CALM_END  0.1     /* of a long run is left for healing and a quiet end */
#define LARGE_MS  300000u /* of trouble in a large world */

unsigned profile_maybe(struct sim *sim, unsigned per_mille, unsigned most)
{
	const unsigned value = (unsigned)rng_between(&sim->rng, 1, most);
	return rng_chance(&sim->rng, per_mille) ? value : 0;
}

/* Every kind of fault but those that take a minute of the machine's time each; so many that each city has its share. */
static void profile_large(struct sim *sim)
{
	struct profile *profile = &sim->profile;
	profile->trouble_ms = LARGE_MS;
	profile->office_ms = 20000;
	profile->batch_max = 3;
	profile->fault_ms = 60000 / profile->cities + 1;
	profile->loss_per_myriad = profile->duplicate_per_mille = profile->reorder_per_mille = 5;
	profile->slow_bytes_per_ms = 50;
	faults_draw_all(sim);
}

void profile_draw(struct sim *sim)
{
	struct rng *rng = &sim->rng;
	struct profile *profile = &sim->profile;
	if (sim->options.spaces) { /* nothing happens by itself */
		*profile = (struct profile){
		    .cities = sim->options.cities, .trouble_ms = 4, .batch_max = 1, .latency_ms = 50, .commit_ms = 5};
		sim->healed = !sim->options.trouble;
		if (sim->options.trouble)
			profile_large(sim);
		return;
	}
	profile->cities = (unsigned)rng_between(rng, 2, 6);
	profile->trouble_ms = rng_between(rng, 20000, rng_chance(rng, 300) ? 400000 : 90000);
	profile->seasons = sim->options.hours > 0;
	if (profile->seasons) {
		profile->cities = (unsigned)rng_between(rng, 3, 12);
		profile->trouble_ms = (uint64_t)(sim->options.hours * 3600000 * (1 - CALM_END));
	}
	if (sim->options.cities)
		profile->cities = sim->options.cities;
	profile->storm_ms = (unsigned)rng_between(rng, 10000, 60000);
	profile->calm_ms = (unsigned)rng_between(rng, 600000, 3600000);
	profile->calm_office_ms = (unsigned)rng_between(rng, 60000, 900000);
	profile->calm_fault_ms = (unsigned)rng_between(rng, 120000, 1800000);
	profile->office_ms = (unsigned)rng_between(rng, 100, 3000);
	profile->batch_max = rng_chance(rng, 300) ? (unsigned)rng_between(rng, 2, 20) : 1;
	profile->bulk = rng_chance(rng, 30);
	if (profile->bulk)
		profile->batch_max = 400;
	profile->fault_ms = (unsigned)rng_between(rng, 300, 10000);
	faults_draw(sim);
	profile->loss_per_myriad = profile_maybe(sim, 150, 200);
	profile->reorder_per_mille = profile_maybe(sim, 150, 50);
	profile->flip_per_myriad = profile_maybe(sim, 150, 100);
	profile->duplicate_per_mille = profile_maybe(sim, 250, 100);
	profile->latency_ms = (unsigned)rng_between(rng, 1, rng_chance(rng, 300) ? 1000 : 50);
	profile->slow_bytes_per_ms = profile_maybe(sim, 200, 50);
	profile->commit_ms = (unsigned)rng_between(rng, 0, 20);
	profile->several_lines = rng_chance(rng, 200);
	profile->liars = rng_chance(rng, 250) ? 1 : 0;
	profile->newer = rng_chance(rng, 250);
	profile->lie_per_mille = (unsigned)rng_between(rng, 10, 300);
	council_draw(sim);
	keys_draw(sim);
}

static void city_make(struct sim *sim, unsigned number)
{
	struct city *city = &sim->cities[number];
	struct seal_keys *keys;
	rng_fill(&sim->rng, city->transport_seed, sizeof city->transport_seed);
	rng_fill(&sim->rng, city->recovery_seed, sizeof city->recovery_seed);
	if (seal_keys_new(city->transport_seed, 0, &keys))
		abort();
	city->recovery_key = seal_recovery_public(city->recovery_seed);
	city->identity = seal_identity(seal_keys_public(keys), &city->recovery_key);
	snprintf(city->city_id, sizeof city->city_id, "%s:city-%u", number % 2 ? "KR" : "CN", number);
	Twinlog__CityCard card = TWINLOG__CITY_CARD__INIT;
	card.founding_key = codec_bytes(seal_keys_public(keys)->bytes, 32);
	card.recovery_key = codec_bytes(city->recovery_key.bytes, 32);
	card.city_key = card.founding_key;
	card.transport_key = codec_bytes(seal_keys_transport_public(keys), 32);
	card.city_id = codec_string(city->city_id);
	card.serial = SIM_EPOCH_MS / 1000;
	uint8_t *bytes;
	size_t size;
	if (card_seal(&card, keys, &bytes, &size))
		abort();
	keys_first(sim, number, keys, blob_new(bytes, size));
	free(bytes);
	city->liar = number > 0 && number <= sim->profile.liars;
	city->newer = sim->profile.newer && rng_chance(&sim->rng, 500);
	city->machine = machine_new(sim, number);
	city->twin = NO_MACHINE;
}

static void city_tie(struct sim *sim, unsigned number, uint32_t tie)
{
	struct city *city = &sim->cities[number];
	city->ties = sim_grow(city->ties, city->ties_count, &city->ties_capacity, sizeof *city->ties);
	city->ties[city->ties_count++] = tie;
}

static void tie_make(struct sim *sim, unsigned a, unsigned b)
{
	if (dial_between(sim, a, b) != UINT32_MAX)
		return;
	city_tie(sim, a, (uint32_t)sim->ties_count);
	city_tie(sim, b, (uint32_t)sim->ties_count);
	sim->ties = sim_grow(sim->ties, sim->ties_count, &sim->ties_capacity, sizeof *sim->ties);
	const bool turned = rng_chance(&sim->rng, 500);
	sim->ties[sim->ties_count++] =
	    (struct tie){.dials = turned ? b : a,
			 .answers = turned ? a : b,
			 .newest = LINE_NONE,
			 .both_dial = sim->profile.several_lines && rng_chance(&sim->rng, 500)};
}

static struct plan *plan_make(struct sim *sim, uint32_t template, unsigned founder)
{
	sim->plans = sim_grow(sim->plans, sim->plans_count, &sim->plans_capacity, sizeof *sim->plans);
	struct plan *plan = &sim->plans[sim->plans_count++];
	*plan = (struct plan){.template = template, .count = 1};
	plan->members[0] = founder;
	rng_fill(&sim->rng, plan->request, HANDLE_SIZE);
	/* A request id begins with its time. */
	for (int i = 0; i < 6; i++)
		plan->request[i] = (uint8_t)((uint64_t)SIM_EPOCH_MS >> (40 - 8 * i));
	return plan;
}

/* Grows from the founder along ties, so that its members reach each other through members. */
static void network_plan(struct sim *sim)
{
	const unsigned founder = (unsigned)rng_below(&sim->rng, sim->profile.cities);
	const unsigned most = sim->options.spaces ? PLAN_MOST : sim->profile.cities;
	const uint64_t wanted = rng_between(&sim->rng, 2, most < sim->profile.cities ? most : sim->profile.cities);
	struct plan *plan = plan_make(sim, TWINLOG__TEMPLATE__TEMPLATE_NETWORK, founder);
	bool in[SIM_CITIES_MAX] = {false};
	in[founder] = true;
	for (size_t i = 0; i < sim->ties_count * sim->profile.cities && plan->count < wanted; i++) {
		const struct tie *tie = &sim->ties[rng_below(&sim->rng, sim->ties_count)];
		if (in[tie->dials] == in[tie->answers])
			continue;
		const unsigned next = in[tie->dials] ? tie->answers : tie->dials;
		in[next] = true;
		plan->reader[plan->count] = rng_chance(&sim->rng, 100);
		plan->members[plan->count++] = next;
	}
	if (plan->count < 2)
		sim->plans_count--;
}

static void pair_plan(struct sim *sim, const struct tie *tie)
{
	struct plan *plan = plan_make(sim, TWINLOG__TEMPLATE__TEMPLATE_PAIR, tie->dials);
	plan->members[plan->count++] = tie->answers;
}

/* Three ties a city, however many there are; two spaces of three are pairs. */
static void world_grown(struct sim *sim)
{
	const unsigned cities = sim->profile.cities;
	for (unsigned i = 1; i < cities; i++)
		tie_make(sim, i, (unsigned)rng_below(&sim->rng, i));
	for (unsigned i = 0; cities > 6 && i < 2 * cities; i++)
		tie_make(sim, i % cities, (i + (unsigned)rng_between(&sim->rng, 1, cities - 1)) % cities);
	for (unsigned i = 0; sim->plans_count < sim->options.spaces; i++)
		if (i % 3)
			pair_plan(sim, &sim->ties[i % sim->ties_count]);
		else
			network_plan(sim);
}

void profile_world(struct sim *sim)
{
	const unsigned cities = sim->profile.cities;
	const uint64_t shape = rng_below(&sim->rng, 3);
	for (unsigned i = 0; i < cities; i++)
		city_make(sim, i);
	if (sim->options.spaces) {
		world_grown(sim);
		return;
	}
	for (unsigned i = 1; i < cities; i++) /* a star, a chain, any tree */
		tie_make(sim, i, shape == 0 ? 0 : shape == 1 ? i - 1 : (unsigned)rng_below(&sim->rng, i));
	for (uint64_t extra = rng_below(&sim->rng, cities); extra && cities > 2; extra--) {
		const unsigned a = (unsigned)rng_below(&sim->rng, cities);
		tie_make(sim, a, (a + (unsigned)rng_between(&sim->rng, 1, cities - 1)) % cities);
	}
	for (size_t i = 0; i < sim->ties_count; i++)
		if (rng_chance(&sim->rng, cities > 20 ? 100 : 500))
			pair_plan(sim, &sim->ties[i]);
	for (uint64_t more = rng_between(&sim->rng, 1, 2); more; more--)
		network_plan(sim);
}
