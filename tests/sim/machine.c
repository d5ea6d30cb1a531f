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

static struct node *node_from_disk(struct sim *sim, unsigned number, const uint8_t seed[SEAL_SEED_SIZE])
{
	const struct machine *machine = &sim->machines[number];
	const struct city *city = &sim->cities[machine->city];
	struct node_config config = {.keys = city->keys,
				     .signed_card = city->signed_card->bytes,
				     .signed_card_size = city->signed_card->size,
				     .machine = machine->disk.machine};
	memcpy(config.seed, seed, sizeof config.seed);
	struct node *node;
	const enum twinlog_error error = node_new(&config, &node);
	if (error)
		sim_fail(sim, SIM_UNSAFE, "machine %u does not start: %s", number, twinlog_error_text(error));
	disk_load(sim, &machine->disk, node);
	return node;
}

struct node *machine_node_from_disk(struct sim *sim, unsigned number)
{
	static const uint8_t seed[SEAL_SEED_SIZE];
	return node_from_disk(sim, number, seed);
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
	const uint64_t at = machine_deadline(sim, machine);
	if (at >= machine->timer_at)
		return;
	machine->timer_at = at;
	schedule_put(&sim->schedule,
		     (struct job){.at_ms = at, .type = JOB_TIMER, .machine = number, .boot = machine->boot});
}

void machine_boot(struct sim *sim, unsigned number)
{
	struct machine *machine = &sim->machines[number];
	if (machine->running || !machine->exists)
		return;
	uint8_t seed[SEAL_SEED_SIZE];
	rng_fill(&sim->rng, seed, sizeof seed);
	machine->boot++;
	machine->mono_offset_ms = rng_below(&sim->rng, 1u << 30);
	machine->timer_at = UINT64_MAX;
	machine->last_ticket = 0;
	machine->checks_done_ms = machine->chunks_done_ms = 0;
	machine->node = node_from_disk(sim, number, seed);
	if (effects_init(&machine->effects))
		abort();
	machine->running = true;
	sim->cities[machine->city].settled = false;
	dial_wake_city(sim, machine->city);
	sim_note(sim, "machine %u of %s starts", number, sim->cities[machine->city].city_id);
	machine_step(sim, number, &(struct event){.type = EVENT_TIME});
}

static void queue_clear(struct machine *machine)
{
	for (size_t i = 0; i < machine->queue_count; i++)
		blob_drop(machine->queue[i].copy);
	machine->queue_count = machine->committing = 0;
}

void machine_stop(struct sim *sim, unsigned number, bool committed)
{
	struct machine *machine = &sim->machines[number];
	if (!machine->running)
		return;
	sim_note(sim, "machine %u stops, commit under way %s", number, committed ? "kept" : "lost");
	if (committed && sim->options.canary != CANARY_EARLY_COMMIT)
		for (size_t i = 0; i < machine->committing; i++)
			disk_apply(sim, number, &machine->queue[i]);
	queue_clear(machine);
	node_free(machine->node);
	effects_free(&machine->effects);
	machine->node = NULL;
	machine->running = false;
	office_cut(sim, number, machine->boot);
	machine->boot++;
	network_cut_machine(sim, number);
}

void machine_free(struct machine *machine)
{
	queue_clear(machine);
	free(machine->queue);
	if (machine->running) {
		node_free(machine->node);
		effects_free(&machine->effects);
	}
	disk_empty(&machine->disk);
}

/* ---- Effects ---- */

static void queue_persist(struct sim *sim, unsigned number, uint64_t ticket, const struct persist *what)
{
	struct machine *machine = &sim->machines[number];
	if (ticket < machine->last_ticket)
		sim_fail(sim, SIM_UNSAFE, "machine %u: tickets decrease", number);
	machine->last_ticket = ticket;
	check_persist(sim, number, what);
	machine->queue =
	    sim_grow(machine->queue, machine->queue_count, &machine->queue_capacity, sizeof *machine->queue);
	machine->queue[machine->queue_count++] =
	    (struct pending){.ticket = ticket, .what = *what, .copy = blob_new(what->bytes, what->size)};
}

/* Whatever waits goes into the next commit, as the writer does it. */
static void commit_start(struct sim *sim, unsigned number)
{
	struct machine *machine = &sim->machines[number];
	if (machine->committing || !machine->queue_count)
		return;
	machine->committing = machine->queue_count;
	uint64_t took = rng_between(&sim->rng, 0, 2 * sim->profile.commit_ms);
	if (!sim->healed && rng_chance(&sim->rng, 5))
		took += rng_below(&sim->rng, 5000);
	schedule_put(
	    &sim->schedule,
	    (struct job){.at_ms = sim->now_ms + took, .type = JOB_COMMIT, .machine = number, .boot = machine->boot});
	if (sim->options.canary != CANARY_EARLY_COMMIT)
		return;
	sim->canary_sung = true;
	schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms,
						  .type = JOB_COMMIT,
						  .machine = number,
						  .boot = machine->boot,
						  .number = machine->queue[machine->committing - 1].ticket});
}

void machine_commit(struct sim *sim, const struct job *job)
{
	struct machine *machine = &sim->machines[job->machine];
	if (job->boot != machine->boot)
		return;
	if (job->number) {
		machine_step(sim, job->machine,
			     &(struct event){.type = EVENT_COMMITTED, .committed = {.ticket = job->number}});
		return;
	}
	const size_t count = machine->committing;
	for (size_t i = 0; i < count; i++) {
		const struct pending *row = &machine->queue[i];
		/* Who was told too early has let go of its bytes. */
		if (sim->options.canary != CANARY_EARLY_COMMIT && row->what.size &&
		    memcmp(row->what.bytes, row->copy->bytes, row->what.size) != 0)
			sim_fail(sim, SIM_UNSAFE, "machine %u changed bytes that are being committed", job->machine);
		disk_apply(sim, job->machine, row);
		blob_drop(row->copy);
	}
	uint64_t ticket = machine->queue[count - 1].ticket;
	memmove(machine->queue, machine->queue + count, (machine->queue_count - count) * sizeof *machine->queue);
	machine->queue_count -= count;
	machine->committing = 0;
	/* All of a ticket is durable, or it is not told. */
	if (machine->queue_count && machine->queue[0].ticket == ticket)
		ticket--;
	if (sim->options.canary == CANARY_EARLY_COMMIT) {
		commit_start(sim, job->machine);
		return;
	}
	machine_step(sim, job->machine, &(struct event){.type = EVENT_COMMITTED, .committed = {.ticket = ticket}});
}

static void ask_check(struct sim *sim, unsigned number, const struct effect *effect)
{
	struct machine *machine = &sim->machines[number];
	const uint64_t done = sim->now_ms + rng_below(&sim->rng, 1 + sim->profile.commit_ms);
	if (machine->checks_done_ms < done)
		machine->checks_done_ms = done;
	const bool plain = effect->check.compressed_size == effect->check.size;
	schedule_put(
	    &sim->schedule,
	    (struct job){.at_ms = machine->checks_done_ms,
			 .type = JOB_CHECKED,
			 .machine = number,
			 .boot = machine->boot,
			 .number = effect->check.check,
			 .blob = blob_new(effect->check.compressed, plain ? effect->check.compressed_size : 0),
			 .more = blob_new(effect->check.keys, effect->check.keys_count * sizeof *effect->check.keys)});
}

/* What the verifier thread does: opens bundles until one is refused. Chunks are not compressed here. */
void machine_checked(struct sim *sim, const struct job *job)
{
	if (job->boot != sim->machines[job->machine].boot)
		return;
	struct arena *arena = sim_arena(sim, 0);
	struct event event = {.type = EVENT_CHECKED, .checked = {.check = job->number}};
	Twinlog__BundleList *list;
	event.checked.refused = CODEC_UNPACK(arena, job->blob->bytes, job->blob->size, &list, twinlog__bundle_list);
	if (job->blob->size == 0)
		event.checked.refused = TWINLOG_MALFORMED;
	struct bundle **bundles = NULL;
	if (!event.checked.refused)
		bundles = sim_alloc((list->n_bundles + 1) * sizeof(struct bundle *));
	const struct seal_public *keys = (const struct seal_public *)(const void *)job->more->bytes;
	for (size_t i = 0; !event.checked.refused && i < list->n_bundles; i++) {
		event.checked.refused = bundle_open(list->bundles[i].data, list->bundles[i].len, keys,
						    job->more->size / sizeof *keys, &bundles[event.checked.count]);
		if (!event.checked.refused)
			event.checked.bytes += bundles[event.checked.count++]->size;
	}
	event.checked.bundles = bundles;
	machine_step(sim, job->machine, &event);
	free(bundles);
}

static struct blob *chunk_blob(struct sim *sim, unsigned number, const struct effect *effect, uint32_t *ret_content)
{
	const struct disk *disk = &sim->machines[number].disk;
	const size_t count = effect->send_chunk.count;
	ProtobufCBinaryData *bundles = sim_alloc((count + 1) * sizeof *bundles);
	for (size_t i = 0; i < count; i++) {
		const uint32_t object = disk_bundle(disk, effect->send_chunk.sequences[i]);
		const struct blob *blob = sim->world.items[object].blob;
		bundles[i] = codec_bytes(blob->bytes, blob->size);
		*ret_content += (uint32_t)blob->size;
	}
	Twinlog__BundleList list = TWINLOG__BUNDLE_LIST__INIT;
	list.n_bundles = count;
	list.bundles = bundles;
	uint8_t *packed, *frame;
	size_t packed_size, frame_size;
	if (codec_pack(&list.base, &packed, &packed_size))
		abort();
	Twinlog__Chunk chunk = TWINLOG__CHUNK__INIT;
	chunk.space = codec_hash(&effect->send_chunk.space);
	chunk.city = codec_hash(&effect->send_chunk.city);
	chunk.stream = effect->send_chunk.stream;
	chunk.bundles = codec_bytes(packed, packed_size);
	chunk.size = (uint32_t)packed_size;
	chunk.last = effect->send_chunk.last;
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_CHUNK;
	message.chunk = &chunk;
	if (codec_pack(&message.base, &frame, &frame_size))
		abort();
	struct blob *blob = blob_new(frame, frame_size);
	free(frame);
	free(packed);
	free(bundles);
	return blob;
}

static void send_chunk(struct sim *sim, unsigned number, const struct effect *effect)
{
	struct machine *machine = &sim->machines[number];
	const uint32_t link = effect->send_chunk.link;
	const unsigned end = network_end(sim, number, link);
	if (end == 2)
		sim_fail(sim, SIM_UNSAFE, "machine %u sends a chunk on a link it was told is gone", number);
	unsigned receiver = sim->machines[sim->lines[link - 1].ends[1 - end].machine].city;
	if (sim->options.canary == CANARY_STRANGER) {
		receiver = (receiver + 1) % sim->profile.cities;
		sim->canary_sung = true;
	}
	check_chunk(sim, number, receiver, &effect->send_chunk.space, &effect->send_chunk.city,
		    effect->send_chunk.sequences, effect->send_chunk.count);
	const uint64_t done = sim->now_ms + rng_below(&sim->rng, 3);
	if (machine->chunks_done_ms < done)
		machine->chunks_done_ms = done;
	uint32_t content = 0;
	struct blob *blob = chunk_blob(sim, number, effect, &content);
	schedule_put(&sim->schedule, (struct job){.at_ms = machine->chunks_done_ms,
						  .type = JOB_CHUNK,
						  .machine = number,
						  .boot = machine->boot,
						  .line = link,
						  .number = effect->send_chunk.stream,
						  .content = content,
						  .blob = blob});
}

void machine_chunk(struct sim *sim, const struct job *job)
{
	if (job->boot != sim->machines[job->machine].boot || network_end(sim, job->machine, job->line) == 2)
		return;
	const size_t size = job->blob->size;
	network_send(sim, job->machine, job->line, blob_hold(job->blob));
	machine_step(sim, job->machine,
		     &(struct event){.type = EVENT_CHUNK_SENT,
				     .chunk_sent = {.link = job->line,
						    .stream = (uint32_t)job->number,
						    .bytes = size,
						    .content = job->content}});
}

static void effect_run(struct sim *sim, unsigned number, const struct effect *effect)
{
	switch (effect->type) {
	case EFFECT_PERSIST:
		queue_persist(sim, number, effect->persist.ticket, &effect->persist.what);
		break;
	case EFFECT_SEND:
		check_send(sim, number, effect->send.link, effect->send.bytes, effect->send.size);
		network_send(sim, number, effect->send.link, blob_new(effect->send.bytes, effect->send.size));
		break;
	case EFFECT_SEND_CHUNK:
		send_chunk(sim, number, effect);
		break;
	case EFFECT_CHECK:
		ask_check(sim, number, effect);
		break;
	case EFFECT_REPLY:
		office_reply(sim, number, effect->reply.client, effect->reply.bytes, effect->reply.size);
		break;
	case EFFECT_DROP_LINK:
		sim_note(sim, "machine %u drops link %u: %s", number, effect->drop_link.link,
			 twinlog_error_text(effect->drop_link.why));
		network_drop(sim, number, effect->drop_link.link);
		break;
	case EFFECT_NOTE:
		sim_note(sim, "machine %u: %s (%s)", number, effect->note.text, twinlog_error_text(effect->note.code));
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
}

void machine_step(struct sim *sim, unsigned number, struct event *event)
{
	struct machine *machine = &sim->machines[number];
	event->now.mono_ms = sim->now_ms + machine->mono_offset_ms;
	event->now.wall_ms = (uint64_t)((int64_t)(SIM_EPOCH_MS + sim->now_ms) + machine->wall_skew_ms);
	count_step(sim, number);
	sim_step_trace(sim, sim->now_ms << 16 ^ number << 8 ^ (unsigned)event->type);
	const enum twinlog_error error = node_step(machine->node, event, &machine->effects);
	if (error)
		sim_fail(sim, SIM_UNSAFE, "machine %u cannot go on: %s", number, twinlog_error_text(error));
	for (size_t i = 0; i < machine->effects.count; i++) {
		sim_step_trace(sim, effect_mix(&machine->effects.items[i]));
		effect_run(sim, number, &machine->effects.items[i]);
	}
	commit_start(sim, number);
	machine_arm(sim, number);
}

void machine_timer(struct sim *sim, const struct job *job)
{
	struct machine *machine = &sim->machines[job->machine];
	if (job->boot != machine->boot || job->at_ms != machine->timer_at)
		return;
	machine->timer_at = UINT64_MAX;
	if (machine_deadline(sim, machine) > sim->now_ms)
		machine_arm(sim, job->machine);
	else
		machine_step(sim, job->machine, &(struct event){.type = EVENT_TIME});
}
