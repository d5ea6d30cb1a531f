/* What the daemon's threads do for the node: the writer, the verifier, the packer. */
#include <stdlib.h>

#include "sim.h"

/* ---- The writer ---- */

void thread_clear(struct machine *machine)
{
	for (size_t i = 0; i < machine->queue_count; i++)
		blob_drop(machine->queue[i].copy);
	machine->queue_count = machine->committing = 0;
}

/* The first rows of the queue are done with. The greatest ticket that is whole: all of it is durable, or it is not
 * told.
 */
uint64_t thread_forget(struct machine *machine, size_t count)
{
	const uint64_t ticket = machine->queue[count - 1].ticket;
	for (size_t i = 0; i < count; i++)
		blob_drop(machine->queue[i].copy);
	machine->queue_count -= count;
	memmove(machine->queue, machine->queue + count, machine->queue_count * sizeof *machine->queue);
	return machine->queue_count && machine->queue[0].ticket == ticket ? ticket - 1 : ticket;
}

void thread_queue(struct machine *machine, uint64_t ticket, const struct persist *what)
{
	machine->last_ticket = ticket;
	machine->queue =
	    sim_grow(machine->queue, machine->queue_count, &machine->queue_capacity, sizeof *machine->queue);
	machine->queue[machine->queue_count++] =
	    (struct pending){.ticket = ticket, .what = *what, .copy = blob_new(what->bytes, what->size)};
}

void thread_write(struct sim *sim, unsigned number, uint64_t ticket, const struct persist *what)
{
	if (ticket < sim->machines[number].last_ticket)
		sim_fail(sim, SIM_UNSAFE, "machine %u: tickets decrease", number);
	check_persist(sim, number, what);
	thread_queue(&sim->machines[number], ticket, what);
}

/* Whatever waits goes into the next commit, as the writer does it. A full disk is waited out. */
void thread_commit(struct sim *sim, unsigned number)
{
	struct machine *machine = &sim->machines[number];
	if (machine->committing || !machine->queue_count)
		return;
	machine->committing = machine->queue_count;
	uint64_t took = rng_between(&sim->rng, 0, 2 * sim->profile.commit_ms);
	if (!sim->healed && rng_chance(&sim->rng, 5))
		took += rng_below(&sim->rng, 5000);
	if (machine->full_until_ms > sim->now_ms)
		took += machine->full_until_ms - sim->now_ms;
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

uint64_t thread_committed(struct sim *sim, unsigned number, size_t count)
{
	struct machine *machine = &sim->machines[number];
	for (size_t i = 0; i < count; i++) {
		const struct pending *row = &machine->queue[i];
		if (row->what.size && sim_sings(sim, CANARY_CHANGED))
			row->copy->bytes[0] ^= 1;
		/* Who was told too early has let go of its bytes. */
		if (sim->options.canary != CANARY_EARLY_COMMIT && row->what.size &&
		    memcmp(row->what.bytes, row->copy->bytes, row->what.size) != 0)
			sim_fail(sim, SIM_UNSAFE, "machine %u changed bytes that are being committed", number);
		disk_apply(sim, number, row);
	}
	for (size_t i = 0; i < count; i++)
		check_committed(sim, number, &machine->queue[i].what);
	return count ? thread_forget(machine, count) : 0;
}

void machine_commit(struct sim *sim, const struct job *job)
{
	struct machine *machine = &sim->machines[job->machine];
	if (job->boot != machine->boot)
		return;
	if (job->number) {
		machine_step(sim, job->machine,
			     &(struct event){.type = EVENT_COMMITTED, .committed = {.ticket = job->number}}, NULL,
			     NULL);
		return;
	}
	const uint64_t ticket = thread_committed(sim, job->machine, machine->committing);
	machine->committing = 0;
	if (sim->options.canary == CANARY_EARLY_COMMIT) {
		thread_commit(sim, job->machine);
		return;
	}
	machine_step(sim, job->machine, &(struct event){.type = EVENT_COMMITTED, .committed = {.ticket = ticket}}, NULL,
		     NULL);
}

/* ---- The verifier ---- */

void thread_verify(struct sim *sim, unsigned number, const struct effect *effect)
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

/* Opens bundles until one is refused. Chunks are not compressed here. *ret_bundles is the caller's. */
void thread_open(struct sim *sim, const struct blob *bytes, const struct blob *more, struct event *event,
		 struct bundle ***ret_bundles)
{
	Twinlog__BundleList *list;
	event->checked.refused =
	    CODEC_UNPACK(sim_arena(sim, 0), bytes->bytes, bytes->size, &list, twinlog__bundle_list);
	if (bytes->size == 0)
		event->checked.refused = TWINLOG_MALFORMED;
	struct bundle **bundles = NULL;
	if (!event->checked.refused)
		bundles = sim_alloc((list->n_bundles + 1) * sizeof(struct bundle *));
	const struct seal_public *keys = (const struct seal_public *)(const void *)more->bytes;
	for (size_t i = 0; !event->checked.refused && i < list->n_bundles; i++) {
		event->checked.refused = bundle_open(list->bundles[i].data, list->bundles[i].len, keys,
						     more->size / sizeof *keys, &bundles[event->checked.count]);
		if (!event->checked.refused)
			event->checked.bytes += bundles[event->checked.count++]->size;
	}
	event->checked.bundles = bundles;
	*ret_bundles = bundles;
}

void machine_checked(struct sim *sim, const struct job *job)
{
	struct event event = {.type = EVENT_CHECKED, .checked = {.check = job->number}};
	struct bundle **bundles;
	if (job->boot != sim->machines[job->machine].boot)
		return;
	thread_open(sim, job->blob, job->more, &event, &bundles);
	machine_step(sim, job->machine, &event, job->blob, job->more);
	free(bundles);
}

/* ---- The packer ---- */

static struct blob *chunk_blob(struct sim *sim, unsigned number, const struct effect *effect, uint32_t *ret_content)
{
	const struct disk *disk = &sim->machines[number].disk;
	const size_t count = effect->send_chunk.count;
	ProtobufCBinaryData *bundles = sim_alloc((count + 1) * sizeof *bundles);
	for (size_t i = 0; i < count; i++) {
		struct blob *blob = disk_row(&disk->bundles, effect->send_chunk.sequences[i])->blob;
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

void thread_pack(struct sim *sim, unsigned number, const struct effect *effect)
{
	struct machine *machine = &sim->machines[number];
	const uint32_t link = effect->send_chunk.link;
	const unsigned end = network_end(sim, number, link);
	if (machine_ghost(machine, link))
		return;
	if (end == 2)
		sim_fail(sim, SIM_UNSAFE, "machine %u sends a chunk on a link it was told is gone", number);
	unsigned receiver = sim->machines[sim->lines[link - 1].ends[1 - end].machine].city;
	if (sim->options.canary == CANARY_STRANGER) {
		receiver = (receiver + 1) % sim->profile.cities;
		sim->canary_sung = true;
	}
	if (sim->options.canary == CANARY_REMOVED)
		receiver = council_removed(sim, &machine->disk, &effect->send_chunk.space, receiver);
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
						    .content = job->content}},
		     NULL, NULL);
}
