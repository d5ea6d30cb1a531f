/* One machine: its start from a disk, its steps, what its steps ask for, and its end. */
#include <stdlib.h>

#include "sim.h"

unsigned machine_new(struct sim *sim, unsigned city)
{
	sim->machines = sim_grow(sim->machines, sim->machines_count, &sim->machines_capacity, sizeof *sim->machines);
	const unsigned number = (unsigned)sim->machines_count++;
	sim->machines[number] = (struct machine){.exists = true, .city = city, .timer_at = UINT64_MAX};
	sim->machines[number].disk.machine = rng_next(&sim->rng) | 1;
	return number;
}

struct node *machine_node_from_disk(const struct sim *sim, unsigned number, const struct disk *disk,
				    const uint8_t seed[SEAL_SEED_SIZE], const char **ret_what)
{
	const struct city *city = &sim->cities[sim->machines[number].city];
	const struct city_key *key = &city->ring[disk->key];
	struct node_config config = {.keys = key->keys,
				     .signed_card = key->signed_card->bytes,
				     .signed_card_size = key->signed_card->size,
				     .machine = disk->machine,
				     .restored = disk->restored};
	memcpy(config.seed, seed, sizeof config.seed);
	struct node *node;
	if (node_new(&config, &node))
		abort();
	*ret_what = disk_load(disk, node);
	if (!*ret_what)
		return node;
	node_free(node);
	return NULL;
}

bool machine_ghost(const struct machine *machine, uint32_t link)
{
	for (size_t i = 0; i < machine->ghosts_count; i++)
		if (machine->ghosts[i] == link)
			return true;
	return false;
}

static uint64_t machine_deadline(const struct sim *sim, const struct machine *machine)
{
	const uint64_t deadline = node_deadline(machine->node);
	if (deadline == UINT64_MAX)
		return deadline;
	const uint64_t at = deadline > machine->mono_offset_ms ? deadline - machine->mono_offset_ms : 0;
	return at > sim->now_ms ? at : sim->now_ms;
}

/* A job that comes earlier than it need is kept: it looks again. */
static void machine_arm(struct sim *sim, unsigned number)
{
	struct machine *machine = &sim->machines[number];
	const uint64_t at =
	    sim->options.canary == CANARY_LOOP && sim->now_ms > 5000 ? sim->now_ms : machine_deadline(sim, machine);
	if (at >= machine->timer_at)
		return;
	machine->timer_at = at;
	schedule_put(&sim->schedule,
		     (struct job){.at_ms = at, .type = JOB_TIMER, .machine = number, .boot = machine->boot});
}

/* A damaged disk is not started from: the machine is made anew, and its partners give back what they hold. */
static void machine_rebuild(struct sim *sim, unsigned number, const char *damaged)
{
	if (!sim->machines[number].flipped)
		sim_fail(sim, SIM_UNSAFE, "machine %u does not start: its %s is damaged", number, damaged);
	sim_note(sim, "machine %u does not start: its %s is damaged", number, damaged);
	faults_replace(sim, number, NULL, false);
}

void machine_boot(struct sim *sim, unsigned number)
{
	struct machine *machine = &sim->machines[number];
	const char *damaged;
	if (machine->running || !machine->exists)
		return;
	rng_fill(&sim->rng, machine->boot_seed, sizeof machine->boot_seed);
	machine->boot++;
	/* Days, so that a clock that stood still for a while does not come out before its zero. */
	machine->mono_offset_ms = rng_between(&sim->rng, 1u << 28, 1u << 30);
	machine->timer_at = UINT64_MAX;
	machine->last_ticket = 0;
	machine->crash_after = 0;
	machine->resumed = false;
	machine->checks_done_ms = machine->chunks_done_ms = 0;
	machine->node = machine_node_from_disk(sim, number, &machine->disk, machine->boot_seed, &damaged);
	if (!machine->node) {
		machine_rebuild(sim, number, damaged);
		return;
	}
	if (effects_init(&machine->effects))
		abort();
	past_begin(sim, number);
	machine_started(sim, number);
	machine_step(sim, number, &(struct event){.type = EVENT_TIME}, NULL, NULL);
}

void machine_started(struct sim *sim, unsigned number)
{
	struct machine *machine = &sim->machines[number];
	machine->running = true;
	sim->cities[machine->city].settled = false;
	dial_wake_city(sim, machine->city);
	sim_note(sim, "machine %u of %s starts", number, sim->cities[machine->city].city_id);
}

void machine_stop(struct sim *sim, unsigned number, bool committed)
{
	struct machine *machine = &sim->machines[number];
	if (!machine->running)
		return;
	sim_note(sim, "machine %u stops, commit under way %s", number, committed ? "kept" : "lost");
	if (committed && sim->options.canary != CANARY_EARLY_COMMIT)
		thread_committed(sim, number, machine->committing);
	if (machine->queue_count)
		sim_fault(sim, FAULT_UNSYNCED);
	thread_clear(machine);
	past_forget(machine);
	node_free(machine->node);
	effects_free(&machine->effects);
	machine->node = NULL;
	machine->running = false;
	machine->ghosts_count = 0;
	office_cut(sim, number, machine->boot);
	machine->boot++;
	network_cut_machine(sim, number);
}

void machine_free(struct machine *machine)
{
	thread_clear(machine);
	past_drop(machine);
	free(machine->queue);
	if (machine->running) {
		node_free(machine->node);
		effects_free(&machine->effects);
	}
	disk_empty(&machine->disk);
	disk_empty(&machine->boot_disk);
}

/* ---- Effects ---- */

static void effect_run(struct sim *sim, unsigned number, const struct effect *effect)
{
	switch (effect->type) {
	case EFFECT_PERSIST:
		thread_write(sim, number, effect->persist.ticket, &effect->persist.what);
		break;
	case EFFECT_SEND:
		if (machine_ghost(&sim->machines[number], effect->send.link))
			break;
		check_send(sim, number, effect->send.link, effect->send.bytes, effect->send.size);
		network_send(sim, number, effect->send.link, blob_new(effect->send.bytes, effect->send.size));
		break;
	case EFFECT_SEND_CHUNK:
		thread_pack(sim, number, effect);
		break;
	case EFFECT_CHECK:
		thread_verify(sim, number, effect);
		break;
	case EFFECT_REPLY:
		office_reply(sim, number, effect->reply.client, effect->reply.bytes, effect->reply.size);
		break;
	case EFFECT_DROP_LINK:
		sim_note(sim, "machine %u drops link %u: %s", number, effect->drop_link.link,
			 twinlog_error_text(effect->drop_link.why));
		if (!machine_ghost(&sim->machines[number], effect->drop_link.link))
			network_drop(sim, number, effect->drop_link.link);
		break;
	case EFFECT_NOTE:
		sim_note(sim, "machine %u: %s (%s)", number, effect->note.text, twinlog_error_text(effect->note.code));
		break;
	case EFFECT_WROTE:
		break;
	case EFFECT_PEERS_CHANGED: /* who may dial is asked of the node at each dial */
		sim->cities[sim->machines[number].city].settled = false;
		dial_wake_city(sim, sim->machines[number].city);
		break;
	}
}

static uint64_t effect_mix(const struct effect *effect)
{
	switch (effect->type) {
	case EFFECT_PERSIST:
		return mix_bytes(effect->persist.what.bytes, effect->persist.what.size) + effect->persist.ticket;
	case EFFECT_SEND:
		return mix_bytes(effect->send.bytes, effect->send.size) + effect->send.link;
	case EFFECT_REPLY:
		return mix_bytes(effect->reply.bytes, effect->reply.size);
	case EFFECT_SEND_CHUNK:
		return mix_bytes(effect->send_chunk.sequences, effect->send_chunk.count * sizeof(uint64_t));
	default:
		return effect->type;
	}
}

static void count_step(struct sim *sim, unsigned number)
{
	struct machine *machine = &sim->machines[number];
	if (machine->steps_at_ms != sim->now_ms)
		machine->steps_now = 0;
	machine->steps_at_ms = sim->now_ms;
	if (++machine->steps_now > SIM_STEPS_AT_ONCE)
		sim_fail(sim, SIM_STUCK, "machine %u runs in circles", number);
	sim->steps++;
	if (sim->steps > 100 && sim_sings(sim, CANARY_CRASH))
		abort();
}

void machine_step(struct sim *sim, unsigned number, struct event *event, struct blob *bytes, struct blob *more)
{
	struct machine *machine = &sim->machines[number];
	const uint32_t boot = machine->boot;
	event->now.mono_ms = sim->now_ms + machine->mono_offset_ms;
	event->now.wall_ms = (uint64_t)((int64_t)(SIM_EPOCH_MS + sim->now_ms) + machine->wall_skew_ms);
	count_step(sim, number);
	past_note(machine, event, bytes, more);
	sim_step_trace(sim, sim->now_ms << 16 ^ number << 8 ^ (unsigned)event->type);
	const enum twinlog_error error = node_step(machine->node, event, &machine->effects);
	if (error)
		sim_fail(sim, SIM_UNSAFE, "machine %u cannot go on: %s", number, twinlog_error_text(error));
	for (size_t i = 0; i < machine->effects.count; i++) {
		sim_step_trace(sim, effect_mix(&machine->effects.items[i]));
		effect_run(sim, number, &machine->effects.items[i]);
		if (machine->crash_after && --machine->crash_after == 0)
			faults_crash_in_step(sim, number);
		if (machine->boot != boot)
			return;
	}
	thread_commit(sim, number);
	machine_arm(sim, number);
}

void machine_timer(struct sim *sim, const struct job *job)
{
	struct machine *machine = &sim->machines[job->machine];
	if (job->boot != machine->boot || job->at_ms != machine->timer_at)
		return;
	machine->timer_at = UINT64_MAX;
	if (machine_deadline(sim, machine) > sim->now_ms && sim->options.canary != CANARY_LOOP)
		machine_arm(sim, job->machine);
	else
		machine_step(sim, job->machine, &(struct event){.type = EVENT_TIME}, NULL, NULL);
}
