/* Who dials whom, as the daemon's net layer does: a link that is missing is tried again after a while that doubles. */
#include "sim.h"

#define DIAL_FIRST_MS TWINLOG_DIAL_BACKOFF_MS
#define DIAL_MOST_MS  TWINLOG_DIAL_BACKOFF_MAX_MS

uint32_t dial_between(const struct sim *sim, unsigned a, unsigned b)
{
	const struct city *city = &sim->cities[a];
	for (size_t i = 0; i < city->ties_count; i++) {
		const struct tie *tie = &sim->ties[city->ties[i]];
		if ((tie->dials == a && tie->answers == b) || (tie->dials == b && tie->answers == a))
			return city->ties[i];
	}
	return UINT32_MAX;
}

static bool knows(const struct sim *sim, unsigned machine, unsigned other)
{
	const struct node *node = sim->machines[machine].node;
	const struct city *city = &sim->cities[sim->machines[other].city];
	for (size_t i = 0; i < node_peers(node); i++) {
		const struct peer_view peer = node_peer(node, i);
		if (hash_equal(&peer.identity, &city->identity))
			return !peer.removed;
	}
	return false;
}

static bool linked(struct sim *sim, uint32_t tie, unsigned dialler)
{
	for (uint32_t i = LINE_NONE; (i = network_line(sim, tie, i)) != LINE_NONE;) {
		const struct line *line = &sim->lines[i];
		if (line->ends[0].machine == dialler && line->ends[0].boot == sim->machines[dialler].boot)
			return true;
	}
	return false;
}

/* Whether the dialler goes without a link, and has to try again. */
static bool dial_try(struct sim *sim, uint32_t tie, unsigned dialler, unsigned answerer)
{
	if (!sim->machines[dialler].running)
		return false; /* its start wakes the tie */
	if (linked(sim, tie, dialler))
		return false;
	if (!sim->machines[answerer].running || network_blocked(sim, dialler, answerer) ||
	    network_blocked(sim, answerer, dialler) || !knows(sim, dialler, answerer) || !knows(sim, answerer, dialler))
		return true;
	line_new(sim, tie, dialler, answerer);
	return false;
}

static void dial_later(struct sim *sim, uint32_t number)
{
	struct tie *tie = &sim->ties[number];
	if (tie->dialling)
		return;
	tie->dialling = true;
	tie->backoff_ms = tie->backoff_ms ? 2 * tie->backoff_ms : DIAL_FIRST_MS;
	tie->backoff_ms = tie->backoff_ms < DIAL_MOST_MS ? tie->backoff_ms : DIAL_MOST_MS;
	const uint64_t at = sim->now_ms + rng_between(&sim->rng, tie->backoff_ms * 3 / 4, tie->backoff_ms * 5 / 4);
	schedule_put(&sim->schedule, (struct job){.at_ms = at, .type = JOB_DIAL, .machine = number});
}

/* Each machine of the dialling city tries; a doubled machine dials in either case, for its address leads elsewhere. */
void dial_tie(struct sim *sim, const struct job *job)
{
	const struct tie tie = sim->ties[job->machine];
	bool missing = false;
	sim->ties[job->machine].dialling = false;
	for (unsigned m = 0; m < sim->machines_count; m++) {
		const struct machine *machine = &sim->machines[m];
		if (!machine->exists)
			continue;
		const bool main = sim->cities[machine->city].machine == m;
		if (machine->city == tie.dials)
			missing |= dial_try(sim, job->machine, m, sim->cities[tie.answers].machine);
		else if (machine->city == tie.answers && (tie.both_dial || !main))
			missing |= dial_try(sim, job->machine, m, sim->cities[tie.dials].machine);
	}
	if (missing)
		dial_later(sim, job->machine);
}

void dial_wake(struct sim *sim, uint32_t tie)
{
	dial_later(sim, tie);
}

void dial_wake_city(struct sim *sim, unsigned city)
{
	for (size_t i = 0; i < sim->cities[city].ties_count; i++) {
		sim->ties[sim->cities[city].ties[i]].backoff_ms = 0;
		dial_wake(sim, sim->cities[city].ties[i]);
	}
}
