/* Lines between machines. As ZeroMQ over TCP: in order, nothing lost in the middle; a break loses what is under way,
 * and each end learns of it when it learns of it. */
#include <stdlib.h>

#include "sim.h"

unsigned network_end(const struct sim *sim, unsigned machine, uint32_t link)
{
	if (link == 0 || link > sim->lines_count)
		return 2;
	const struct line *line = &sim->lines[link - 1];
	for (unsigned end = 0; end < 2; end++)
		if (line->ends[end].machine == machine && line->ends[end].boot == sim->machines[machine].boot &&
		    line->ends[end].up)
			return end;
	return 2;
}

static bool network_blocked(const struct sim *sim, unsigned from, unsigned to)
{
	const unsigned a = sim->machines[from].city, b = sim->machines[to].city;
	return sim->blocked[a * sim->profile.cities + b];
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

static bool linked(const struct sim *sim, unsigned tie, unsigned dialler)
{
	for (size_t i = sim->lines_count; i-- > 0;) {
		const struct line *line = &sim->lines[i];
		if (line->tie == tie && line->ends[0].machine == dialler && (line->open || line->ends[0].up) &&
		    line->ends[0].boot == sim->machines[dialler].boot)
			return true;
	}
	return false;
}

static void line_new(struct sim *sim, unsigned tie, unsigned dialler, unsigned answerer)
{
	const struct profile *profile = &sim->profile;
	struct line line = {.open = true, .tie = tie};
	line.latency_ms = (uint32_t)rng_between(&sim->rng, 1, profile->latency_ms);
	if (!sim->healed && profile->slow_bytes_per_ms && rng_chance(&sim->rng, 300))
		line.bytes_per_ms = (uint32_t)rng_between(&sim->rng, 1, profile->slow_bytes_per_ms);
	const unsigned machines[] = {dialler, answerer};
	const uint32_t number = (uint32_t)sim->lines_count;
	for (unsigned end = 0; end < 2; end++) {
		const uint64_t at = sim->now_ms + line.latency_ms * (2 - end);
		line.ends[end] = (struct line_end){
		    .machine = machines[end], .boot = sim->machines[machines[end]].boot, .last_due_ms = at};
		schedule_put(&sim->schedule,
			     (struct job){.at_ms = at, .type = JOB_LINE_UP, .line = number, .end = end});
	}
	sim->lines = sim_grow(sim->lines, sim->lines_count, &sim->lines_capacity, sizeof *sim->lines);
	sim->lines[sim->lines_count++] = line;
}

static void network_try(struct sim *sim, unsigned tie, unsigned dialler, unsigned answerer)
{
	if (!sim->machines[dialler].running || !sim->machines[answerer].running || linked(sim, tie, dialler) ||
	    network_blocked(sim, dialler, answerer) || network_blocked(sim, answerer, dialler) ||
	    !knows(sim, dialler, answerer) || !knows(sim, answerer, dialler))
		return;
	line_new(sim, tie, dialler, answerer);
}

/* Each machine of the dialling city tries; a doubled machine dials in either case, for its address leads elsewhere. */
void network_dial(struct sim *sim, const struct job *job)
{
	const struct tie tie = sim->ties[job->machine];
	for (unsigned m = 0; m < sim->machines_count; m++) {
		const struct machine *machine = &sim->machines[m];
		if (!machine->exists)
			continue;
		const bool main = sim->cities[machine->city].machine == m;
		if (machine->city == tie.dials)
			network_try(sim, job->machine, m, sim->cities[tie.answers].machine);
		else if (machine->city == tie.answers && (tie.both_dial || !main))
			network_try(sim, job->machine, m, sim->cities[tie.dials].machine);
	}
	schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms + rng_between(&sim->rng, 500, 2000),
						  .type = JOB_DIAL,
						  .machine = job->machine});
}

void network_line_up(struct sim *sim, const struct job *job)
{
	struct line *line = &sim->lines[job->line];
	struct line_end *end = &line->ends[job->end];
	const struct machine *machine = &sim->machines[end->machine];
	if (!line->open || machine->boot != end->boot)
		return;
	const unsigned other = sim->machines[line->ends[1 - job->end].machine].city;
	end->up = true;
	struct event event = {.type = EVENT_LINK_UP, .link_up = {.link = job->line + 1, .dialled = job->end == 0}};
	memcpy(event.link_up.transport_key, seal_keys_transport_public(sim->cities[other].keys), 32);
	machine_step(sim, end->machine, &event);
}

static void inbox_clear(struct line_end *end)
{
	for (size_t i = end->inbox_first; i < end->inbox_count; i++)
		blob_drop(end->inbox[i].blob);
	end->inbox_first = end->inbox_count = end->overdue = 0;
}

void network_line_down(struct sim *sim, const struct job *job)
{
	struct line_end *end = &sim->lines[job->line].ends[job->end];
	if (!end->up || sim->machines[end->machine].boot != end->boot)
		return;
	end->up = false;
	machine_step(
	    sim, end->machine,
	    &(struct event){.type = EVENT_LINK_DOWN, .link_down = {.link = job->line + 1, .why = "connection reset"}});
}

void network_cut(struct sim *sim, uint32_t number, bool half_open)
{
	struct line *line = &sim->lines[number];
	if (!line->open)
		return;
	line->open = false;
	for (unsigned end = 0; end < 2; end++) {
		inbox_clear(&line->ends[end]);
		if (half_open && end == 0)
			continue; /* its own watchdog must find out */
		schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms + rng_below(&sim->rng, 2000),
							  .type = JOB_LINE_DOWN,
							  .line = number,
							  .end = end});
	}
}

/* The net layer tells its own node that the link is down, and the other end finds out. */
void network_drop(struct sim *sim, unsigned machine, uint32_t link)
{
	const unsigned end = network_end(sim, machine, link);
	if (end == 2)
		return;
	network_cut(sim, link - 1, false);
	schedule_put(&sim->schedule,
		     (struct job){.at_ms = sim->now_ms, .type = JOB_LINE_DOWN, .line = link - 1, .end = end});
}

void network_cut_machine(struct sim *sim, unsigned machine)
{
	for (uint32_t i = 0; i < sim->lines_count; i++) {
		struct line *line = &sim->lines[i];
		if (line->ends[0].machine != machine && line->ends[1].machine != machine)
			continue;
		network_cut(sim, i, false);
		for (unsigned end = 0; end < 2; end++)
			if (line->ends[end].machine == machine)
				line->ends[end].up = false;
	}
}

static void line_post(struct sim *sim, uint32_t number, unsigned to, struct blob *blob)
{
	struct line *line = &sim->lines[number];
	struct line_end *end = &line->ends[to];
	uint64_t due = sim->now_ms + line->latency_ms + rng_below(&sim->rng, line->latency_ms + 1);
	if (due < end->last_due_ms)
		due = end->last_due_ms;
	if (line->bytes_per_ms && !sim->healed)
		due += blob->size / line->bytes_per_ms;
	end->last_due_ms = due;
	if (end->inbox_first == end->inbox_count)
		end->inbox_first = end->inbox_count = 0;
	end->inbox = sim_grow(end->inbox, end->inbox_count, &end->inbox_capacity, sizeof *end->inbox);
	end->inbox[end->inbox_count++] = (struct parcel){.due_ms = due, .blob = blob};
	schedule_put(&sim->schedule, (struct job){.at_ms = due, .type = JOB_DELIVER, .line = number, .end = to});
}

/* A copy that comes later and out of its turn, perhaps on another line between the two. */
static void line_stray(struct sim *sim, uint32_t number, unsigned to, const struct blob *blob)
{
	const struct line *line = &sim->lines[number];
	uint32_t on = number;
	for (uint32_t i = 0; i < sim->lines_count && rng_chance(&sim->rng, 700); i++)
		if (sim->lines[i].open && sim->lines[i].tie == line->tie &&
		    sim->lines[i].ends[to].machine == line->ends[to].machine)
			on = i;
	schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms + rng_below(&sim->rng, 20000),
						  .type = JOB_STRAY,
						  .line = on,
						  .end = to,
						  .blob = blob_new(blob->bytes, blob->size)});
}

void network_send(struct sim *sim, unsigned machine, uint32_t link, struct blob *blob)
{
	const unsigned from = network_end(sim, machine, link);
	if (from == 2)
		sim_fail(sim, SIM_UNSAFE, "machine %u sends on link %u that it was told is gone", machine, link);
	if (blob->size > TWINLOG_MESSAGE_MAX)
		sim_fail(sim, SIM_UNSAFE, "machine %u sends a message over the limit", machine);
	if (!sim->healed && sim->cities[sim->machines[machine].city].liar)
		blob = liar_twist(sim, machine, link, blob);
	if (!sim->lines[link - 1].open) {
		blob_drop(blob);
		return;
	}
	sim->messages++;
	if (!sim->healed && rng_chance(&sim->rng, sim->profile.duplicate_per_mille))
		line_stray(sim, link - 1, 1 - from, blob);
	line_post(sim, link - 1, 1 - from, blob);
}

void network_inject(struct sim *sim, unsigned machine, uint32_t link, struct blob *blob)
{
	const unsigned from = network_end(sim, machine, link);
	if (from == 2 || !sim->lines[link - 1].open)
		blob_drop(blob);
	else
		line_post(sim, link - 1, 1 - from, blob);
}

static void line_hand_over(struct sim *sim, uint32_t number, unsigned to, const struct blob *blob)
{
	const struct line_end *end = &sim->lines[number].ends[to];
	const unsigned machine = end->machine;
	if (!end->up || sim->machines[machine].boot != end->boot)
		return;
	if (sim->healed && machine == 0 && sim->options.canary == CANARY_DEAF) {
		sim->canary_sung = true;
		return;
	}
	if (blob->size > TWINLOG_MESSAGE_MAX) {
		network_cut(sim, number, false);
		return;
	}
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	if (!arena)
		abort();
	Twinlog__PeerMessage *message;
	const enum twinlog_error error = CODEC_UNPACK(arena, blob->bytes, blob->size, &message, twinlog__peer_message);
	struct event event = {.type = EVENT_MESSAGE};
	if (error) {
		event.type = EVENT_MALFORMED;
		event.malformed.link = number + 1;
		event.malformed.size = blob->size;
		event.malformed.code = error;
	} else {
		event.message.link = number + 1;
		event.message.message = message;
		event.message.size = blob->size;
	}
	machine_step(sim, machine, &event);
	arena_free(arena);
}

void network_deliver(struct sim *sim, const struct job *job)
{
	struct line *line = &sim->lines[job->line];
	struct line_end *end = &line->ends[job->end];
	if (!line->open || end->inbox_first == end->inbox_count)
		return;
	if (network_blocked(sim, line->ends[1 - job->end].machine, end->machine)) {
		end->overdue++;
		return;
	}
	/* A job left over from what a cut or a drop cleared must not hurry another parcel. */
	if (end->inbox[end->inbox_first].due_ms > sim->now_ms)
		return;
	struct blob *blob = end->inbox[end->inbox_first++].blob;
	line_hand_over(sim, job->line, job->end, blob);
	blob_drop(blob);
}

void network_stray(struct sim *sim, const struct job *job)
{
	const struct line *line = &sim->lines[job->line];
	const unsigned to = line->ends[job->end].machine, from = line->ends[1 - job->end].machine;
	if (line->open && !network_blocked(sim, from, to))
		line_hand_over(sim, job->line, job->end, job->blob);
}

void network_block(struct sim *sim, unsigned from, unsigned to, bool blocked)
{
	sim->blocked[from * sim->profile.cities + to] = blocked;
	for (uint32_t i = 0; !blocked && i < sim->lines_count; i++) {
		struct line *line = &sim->lines[i];
		for (unsigned end = 0; line->open && end < 2; end++) {
			struct line_end *there = &line->ends[end];
			if (sim->machines[there->machine].city != to ||
			    sim->machines[line->ends[1 - end].machine].city != from)
				continue;
			for (; there->overdue; there->overdue--)
				schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms + line->latency_ms,
									  .type = JOB_DELIVER,
									  .line = i,
									  .end = end});
		}
	}
}

void network_free(struct sim *sim)
{
	for (size_t i = 0; i < sim->lines_count; i++)
		for (unsigned end = 0; end < 2; end++) {
			inbox_clear(&sim->lines[i].ends[end]);
			free(sim->lines[i].ends[end].inbox);
		}
	free(sim->lines);
}
