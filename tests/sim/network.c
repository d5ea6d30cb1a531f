/* Lines between machines. As ZeroMQ over TCP: in order, nothing lost in the middle; a break loses what is under way,
 * and each end learns of it when it learns of it. */
#include <stdlib.h>

#include "sim.h"

#define LINE_STEADY_MS 5000u /* a line that stood so long is dialled anew at once */
#define SLOW_LEAST     8u    /* bytes a ms that a slow line carries when all is healed */

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

bool network_blocked(const struct sim *sim, unsigned from, unsigned to)
{
	const unsigned a = sim->machines[from].city, b = sim->machines[to].city;
	return sim->blocked[a * sim->profile.cities + b];
}

void line_new(struct sim *sim, uint32_t tie, unsigned dialler, unsigned answerer)
{
	const struct profile *profile = &sim->profile;
	struct line line = {.open = true, .tie = tie, .older = sim->ties[tie].newest, .since_ms = sim->now_ms};
	line.latency_ms = (uint32_t)rng_between(&sim->rng, 1, profile->latency_ms);
	if (profile->slow_bytes_per_ms && rng_chance(&sim->rng, 300)) {
		sim_fault(sim, FAULT_SLOW);
		line.bytes_per_ms = (uint32_t)rng_between(&sim->rng, 1, profile->slow_bytes_per_ms);
	}
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
	sim->ties[tie].newest = number;
}

/* The first line of a tie from there on that still means something to anybody; those that do not are left out of the
 * list. */
static uint32_t line_living(struct sim *sim, uint32_t *from)
{
	while (*from != LINE_NONE) {
		const struct line *line = &sim->lines[*from];
		bool told = line->open;
		for (unsigned end = 0; end < 2; end++)
			told |=
			    line->ends[end].up && line->ends[end].boot == sim->machines[line->ends[end].machine].boot;
		if (told)
			break;
		for (unsigned end = 0; end < 2; end++) {
			free(sim->lines[*from].ends[end].inbox);
			sim->lines[*from].ends[end].inbox = NULL;
			sim->lines[*from].ends[end].inbox_capacity = 0;
		}
		*from = line->older;
	}
	return *from;
}

uint32_t network_line(struct sim *sim, uint32_t tie, uint32_t after)
{
	return line_living(sim, after == LINE_NONE ? &sim->ties[tie].newest : &sim->lines[after].older);
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
	machine_step(sim, end->machine, &event, NULL, NULL);
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
	dial_wake(sim, sim->lines[job->line].tie);
	machine_step(
	    sim, end->machine,
	    &(struct event){.type = EVENT_LINK_DOWN, .link_down = {.link = job->line + 1, .why = "connection reset"}},
	    NULL, NULL);
}

void network_cut(struct sim *sim, uint32_t number, bool half_open)
{
	struct line *line = &sim->lines[number];
	if (!line->open)
		return;
	line->open = false;
	if (sim->now_ms - line->since_ms > LINE_STEADY_MS)
		sim->ties[line->tie].backoff_ms = 0;
	dial_wake(sim, line->tie);
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

void network_cut_tie(struct sim *sim, uint32_t tie, bool half_open)
{
	for (uint32_t i = LINE_NONE; (i = network_line(sim, tie, i)) != LINE_NONE;)
		network_cut(sim, i, half_open);
}

void network_cut_machine(struct sim *sim, unsigned machine)
{
	const struct city *city = &sim->cities[sim->machines[machine].city];
	for (size_t t = 0; t < city->ties_count; t++)
		for (uint32_t i = LINE_NONE; (i = network_line(sim, city->ties[t], i)) != LINE_NONE;) {
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
	if (line->bytes_per_ms)
		due += blob->size / (sim->healed && line->bytes_per_ms < SLOW_LEAST ? SLOW_LEAST : line->bytes_per_ms);
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
	for (uint32_t i = LINE_NONE; (i = network_line(sim, line->tie, i)) != LINE_NONE;)
		if (sim->lines[i].open && sim->lines[i].ends[to].machine == line->ends[to].machine &&
		    rng_chance(&sim->rng, 300))
			on = i;
	schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms + rng_below(&sim->rng, 20000),
						  .type = JOB_STRAY,
						  .line = on,
						  .end = to,
						  .blob = blob_new(blob->bytes, blob->size)});
}

/* What a line does to a message on a bad day. Bits flip before they are encrypted or after; on the line they would only
 * cut it. */
static void line_trouble(struct sim *sim, uint32_t number, unsigned to, struct blob *blob)
{
	const struct profile *profile = &sim->profile;
	if (rng_below(&sim->rng, 10000) < profile->loss_per_myriad) {
		sim_fault(sim, FAULT_LOSS);
		blob_drop(blob);
		return;
	}
	if (blob->size && rng_below(&sim->rng, 10000) < profile->flip_per_myriad) {
		struct blob *flipped = blob_new(blob->bytes, blob->size);
		flipped->bytes[rng_below(&sim->rng, blob->size)] ^= (uint8_t)(1u << rng_below(&sim->rng, 8));
		blob_drop(blob);
		blob = flipped;
		sim_fault(sim, FAULT_FLIP_WIRE);
	}
	if (rng_chance(&sim->rng, profile->duplicate_per_mille)) {
		sim_fault(sim, FAULT_DUPLICATE);
		line_stray(sim, number, to, blob);
	}
	if (rng_chance(&sim->rng, profile->reorder_per_mille)) {
		sim_fault(sim, FAULT_REORDER);
		line_stray(sim, number, to, blob);
		blob_drop(blob);
		return;
	}
	line_post(sim, number, to, blob);
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
	if (sim->cities[sim->machines[machine].city].newer)
		blob = newer_dress(sim, machine, link, blob);
	if (!sim->lines[link - 1].open) {
		blob_drop(blob);
		return;
	}
	sim->messages++;
	sim->bytes += blob->size;
	if (sim->healed)
		line_post(sim, link - 1, 1 - from, blob);
	else
		line_trouble(sim, link - 1, 1 - from, blob);
}

void network_inject(struct sim *sim, unsigned machine, uint32_t link, struct blob *blob)
{
	const unsigned from = network_end(sim, machine, link);
	if (from == 2 || !sim->lines[link - 1].open)
		blob_drop(blob);
	else
		line_post(sim, link - 1, 1 - from, blob);
}

static bool names(const Twinlog__PeerMessage *message, uint32_t kind, uint32_t other)
{
	bool found = false;
	for (size_t i = 0; message->body_case == TWINLOG__PEER_MESSAGE__BODY_ACTS && i < message->acts->n_acts; i++) {
		struct act *act;
		if (act_open(message->acts->acts[i].data, message->acts->acts[i].len, &act))
			continue;
		found |= act->kind == kind || act->kind == other;
		act_free(act);
	}
	return found;
}

/* Planted. */
static bool line_swallows(struct sim *sim, const Twinlog__PeerMessage *message)
{
	const enum canary canary = sim->options.canary;
	const Twinlog__PeerMessage__BodyCase kind = message->body_case;
	return (canary == CANARY_ACTS && names(message, TWINLOG__ACT_KIND__ACT_ADD, TWINLOG__ACT_KIND__ACT_REMOVE)) ||
	       (canary == CANARY_KEYS &&
		names(message, TWINLOG__ACT_KIND__ACT_CHANGE_KEY, TWINLOG__ACT_KIND__ACT_CHANGE_KEY)) ||
	       (canary == CANARY_POSITIONS && sim->healed && kind == TWINLOG__PEER_MESSAGE__BODY_POSITIONS) ||
	       (canary == CANARY_ERASURES && kind == TWINLOG__PEER_MESSAGE__BODY_ERASURES);
}

static void line_hand_over(struct sim *sim, uint32_t number, unsigned to, struct blob *blob)
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
	struct arena *arena = sim_arena(sim, 0);
	Twinlog__PeerMessage *message;
	const enum twinlog_error error = CODEC_UNPACK(arena, blob->bytes, blob->size, &message, twinlog__peer_message);
	struct event event = {.type = EVENT_MESSAGE};
	if (!error && line_swallows(sim, message))
		return;
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
	machine_step(sim, machine, &event, blob, NULL);
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

static void overdue_send(struct sim *sim, uint32_t number, unsigned from)
{
	struct line *line = &sim->lines[number];
	for (unsigned end = 0; line->open && end < 2; end++) {
		struct line_end *there = &line->ends[end];
		if (sim->machines[line->ends[1 - end].machine].city != from)
			continue;
		for (; there->overdue; there->overdue--)
			schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms + line->latency_ms,
								  .type = JOB_DELIVER,
								  .line = number,
								  .end = end});
	}
}

void network_block(struct sim *sim, unsigned from, unsigned to, bool blocked)
{
	uint8_t *place = &sim->blocked[from * sim->profile.cities + to];
	const uint32_t tie = dial_between(sim, from, to);
	if (*place == blocked)
		return;
	*place = blocked;
	for (uint32_t i = LINE_NONE; !blocked && tie != UINT32_MAX && (i = network_line(sim, tie, i)) != LINE_NONE;)
		overdue_send(sim, i, from);
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
