/* Snapshots of a machine's memory, as of a virtual machine that is set back to one. A node is a function of the disk it
 * started from and of the events since, so both are kept, and played again when the snapshot is resumed: the same node,
 * with the same things under way, in a world that went on without it. */
#include <stdlib.h>

#include "sim.h"

#define PAST_MAX       20000u /* events remembered of one life */
#define RESUME_SOON_MS 20000u
#define RESUME_MOST_MS 600000u /* after the snapshot */
#define GHOST_MOST_MS  40000u  /* until it notices that a link is gone */

struct snapshot {
	struct disk disk, boot_disk;
	uint8_t boot_seed[SEAL_SEED_SIZE];
	struct past *past;
	size_t past_count;
	uint64_t taken_ms, mono_offset_ms;
	int64_t wall_skew_ms;
};

static void pasts_drop(struct past *past, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		blob_drop(past[i].bytes);
		blob_drop(past[i].more);
	}
}

void past_forget(struct machine *machine)
{
	pasts_drop(machine->past, machine->past_count);
	machine->past_count = 0;
	machine->remembers = false;
	disk_empty(&machine->boot_disk);
}

void past_begin(struct sim *sim, unsigned number)
{
	struct machine *machine = &sim->machines[number];
	past_forget(machine);
	machine->remembers = sim->profile.snapshots && !sim->healed && !machine->flipped;
	if (machine->remembers)
		disk_copy(&machine->boot_disk, &machine->disk);
}

void past_note(struct machine *machine, const struct event *event, struct blob *bytes, struct blob *more)
{
	if (!machine->remembers)
		return;
	if (machine->past_count == PAST_MAX) {
		past_forget(machine);
		return;
	}
	machine->past = sim_grow(machine->past, machine->past_count, &machine->past_capacity, sizeof *machine->past);
	machine->past[machine->past_count++] = (struct past){
	    .event = *event, .bytes = bytes ? blob_hold(bytes) : NULL, .more = more ? blob_hold(more) : NULL};
}

/* ---- Taking ---- */

static void snapshot_drop(struct snapshot *snapshot)
{
	if (!snapshot)
		return;
	pasts_drop(snapshot->past, snapshot->past_count);
	free(snapshot->past);
	disk_empty(&snapshot->disk);
	disk_empty(&snapshot->boot_disk);
	free(snapshot);
}

void past_drop(struct machine *machine)
{
	past_forget(machine);
	free(machine->past);
	free(machine->ghosts);
	snapshot_drop(machine->snapshot);
}

void past_take(struct sim *sim, unsigned number)
{
	struct machine *machine = &sim->machines[number];
	if (!machine->running || !machine->remembers || machine->snapshot || machine->flipped)
		return;
	struct snapshot *snapshot = sim_alloc(sizeof *snapshot);
	*snapshot = (struct snapshot){.past_count = machine->past_count,
				      .taken_ms = sim->now_ms,
				      .mono_offset_ms = machine->mono_offset_ms,
				      .wall_skew_ms = machine->wall_skew_ms};
	disk_copy(&snapshot->disk, &machine->disk);
	disk_copy(&snapshot->boot_disk, &machine->boot_disk);
	memcpy(snapshot->boot_seed, machine->boot_seed, sizeof snapshot->boot_seed);
	snapshot->past = sim_alloc(machine->past_count * sizeof *snapshot->past);
	for (size_t i = 0; i < machine->past_count; i++) {
		snapshot->past[i] = machine->past[i];
		if (snapshot->past[i].bytes)
			blob_hold(snapshot->past[i].bytes);
		if (snapshot->past[i].more)
			blob_hold(snapshot->past[i].more);
	}
	machine->snapshot = snapshot;
	schedule_put(&sim->schedule,
		     (struct job){.at_ms = sim->now_ms +
					   rng_between(&sim->rng, 500,
						       rng_chance(&sim->rng, 200) ? RESUME_MOST_MS : RESUME_SOON_MS),
				  .type = JOB_RESUME,
				  .machine = number});
}

/* ---- Playing it again ---- */

static void ghost_add(struct machine *machine, uint32_t link)
{
	machine->ghosts =
	    sim_grow(machine->ghosts, machine->ghosts_count, &machine->ghosts_capacity, sizeof *machine->ghosts);
	machine->ghosts[machine->ghosts_count++] = link;
}

static void ghost_drop(struct machine *machine, uint32_t link)
{
	for (size_t i = 0; i < machine->ghosts_count; i++)
		if (machine->ghosts[i] == link)
			machine->ghosts[i--] = machine->ghosts[--machine->ghosts_count];
}

/* What waits for the disk, which links stand, and what the verifier has not answered, as the effects tell. */
static void replay_effects(struct sim *sim, unsigned number, struct past *checks, size_t *checks_count)
{
	struct machine *machine = &sim->machines[number];
	for (size_t i = 0; i < machine->effects.count; i++) {
		const struct effect *effect = &machine->effects.items[i];
		if (effect->type == EFFECT_PERSIST)
			thread_queue(machine, effect->persist.ticket, &effect->persist.what);
		if (effect->type != EFFECT_CHECK)
			continue;
		const bool plain = effect->check.compressed_size == effect->check.size;
		checks[(*checks_count)++] = (struct past){
		    .event = {.checked = {.check = effect->check.check}},
		    .bytes = blob_new(effect->check.compressed, plain ? effect->check.compressed_size : 0),
		    .more = blob_new(effect->check.keys, effect->check.keys_count * sizeof *effect->check.keys)};
	}
}

static void replay_checked(const struct event *event, struct past *checks, size_t *checks_count)
{
	for (size_t i = 0; i < *checks_count; i++)
		if (checks[i].event.checked.check == event->checked.check) {
			pasts_drop(&checks[i], 1);
			memmove(checks + i, checks + i + 1, (--*checks_count - i) * sizeof *checks);
			return;
		}
}

/* Events are decoded again from the bytes that they came from. */
static void replay_one(struct sim *sim, unsigned number, const struct past *past, struct past *checks,
		       size_t *checks_count)
{
	struct machine *machine = &sim->machines[number];
	struct event event = past->event;
	struct bundle **bundles = NULL;
	Twinlog__PeerMessage *message;
	Twinlog__Request *request;
	if (event.type == EVENT_MESSAGE) {
		if (CODEC_UNPACK(sim_arena(sim, 0), past->bytes->bytes, past->bytes->size, &message,
				 twinlog__peer_message))
			abort();
		event.message.message = message;
	} else if (event.type == EVENT_REQUEST) {
		if (CODEC_UNPACK(sim_arena(sim, 0), past->bytes->bytes, past->bytes->size, &request, twinlog__request))
			abort();
		event.request.request = request;
	} else if (event.type == EVENT_CHECKED) {
		event.checked.count = event.checked.bytes = 0;
		thread_open(sim, past->bytes, past->more, &event, &bundles);
		replay_checked(&event, checks, checks_count);
	} else if (event.type == EVENT_LINK_UP) {
		ghost_add(machine, event.link_up.link);
	} else if (event.type == EVENT_LINK_DOWN) {
		ghost_drop(machine, event.link_down.link);
	} else if (event.type == EVENT_COMMITTED) {
		size_t count = 0;
		while (count < machine->queue_count && machine->queue[count].ticket <= event.committed.ticket)
			count++;
		if (count)
			thread_forget(machine, count);
	}
	if (node_step(machine->node, &event, &machine->effects))
		abort();
	free(bundles);
	replay_effects(sim, number, checks, checks_count);
}

static void replay(struct sim *sim, unsigned number, const struct snapshot *snapshot)
{
	struct machine *machine = &sim->machines[number];
	struct past *checks = sim_alloc((snapshot->past_count + 1) * TWINLOG_CHECKS_MAX * sizeof *checks);
	size_t checks_count = 0;
	for (size_t i = 0; i < snapshot->past_count; i++)
		replay_one(sim, number, &snapshot->past[i], checks, &checks_count);
	for (size_t i = 0; i < checks_count; i++)
		schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms + 1,
							  .type = JOB_CHECKED,
							  .machine = number,
							  .boot = machine->boot,
							  .number = checks[i].event.checked.check,
							  .blob = checks[i].bytes,
							  .more = checks[i].more});
	free(checks);
}

static void links_fade(struct sim *sim, unsigned number)
{
	const struct machine *machine = &sim->machines[number];
	for (size_t i = 0; i < machine->ghosts_count; i++)
		schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms + rng_below(&sim->rng, GHOST_MOST_MS),
							  .type = JOB_GHOST_DOWN,
							  .machine = number,
							  .boot = machine->boot,
							  .line = machine->ghosts[i]});
}

static void machine_set_back(struct sim *sim, unsigned number, struct snapshot *snapshot)
{
	struct machine *machine = &sim->machines[number];
	const char *damaged;
	machine_stop(sim, number, false);
	disk_empty(&machine->disk);
	disk_copy(&machine->disk, &snapshot->disk);
	machine->flipped = false;
	machine->lineage++;
	machine->boot++;
	machine->timer_at = UINT64_MAX;
	machine->last_ticket = machine->committing = 0;
	machine->crash_after = 0;
	machine->wall_skew_ms = snapshot->wall_skew_ms;
	/* Its monotonic clock may have stood still meanwhile, or not. */
	machine->mono_offset_ms = snapshot->mono_offset_ms;
	if (rng_chance(&sim->rng, 500))
		machine->mono_offset_ms -= sim->now_ms - snapshot->taken_ms;
	memcpy(machine->boot_seed, snapshot->boot_seed, sizeof machine->boot_seed);
	machine->node = machine_node_from_disk(sim, number, &snapshot->boot_disk, machine->boot_seed, &damaged);
	if (!machine->node || effects_init(&machine->effects))
		abort();
	machine->resumed = true;
}

void past_resume(struct sim *sim, const struct job *job)
{
	const unsigned number = job->machine;
	struct machine *machine = &sim->machines[number];
	struct snapshot *snapshot = machine->snapshot;
	machine->snapshot = NULL;
	if (!snapshot || !machine->exists || sim->healed) {
		snapshot_drop(snapshot);
		return;
	}
	sim_note(sim, "machine %u is set back to a snapshot of %llu ms", number,
		 (unsigned long long)snapshot->taken_ms);
	sim_fault(sim, FAULT_SNAPSHOT);
	machine_set_back(sim, number, snapshot);
	replay(sim, number, snapshot);
	snapshot_drop(snapshot);
	links_fade(sim, number);
	sim->rolled_back = true;
	faults_excuse(sim);
	machine_started(sim, number);
	machine_step(sim, number, &(struct event){.type = EVENT_TIME}, NULL, NULL);
}

void past_ghost_down(struct sim *sim, const struct job *job)
{
	struct machine *machine = &sim->machines[job->machine];
	if (machine->boot != job->boot || !machine_ghost(machine, job->line))
		return;
	machine_step(sim, job->machine,
		     &(struct event){.type = EVENT_LINK_DOWN, .link_down = {.link = job->line, .why = "reset"}}, NULL,
		     NULL);
	if (machine->boot == job->boot)
		ghost_drop(machine, job->line);
}
