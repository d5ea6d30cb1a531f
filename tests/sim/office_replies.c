/* What the daemon answers to its clerks, and that it is held to it. */
#include <stdlib.h>

#include "sim.h"

static bool bundle_has(const struct bundle *bundle, const struct hash *leaf)
{
	for (uint32_t i = 0; i < bundle->leaves_count; i++)
		if (hash_equal(&bundle->leaves[i].hash, leaf))
			return true;
	return false;
}

/* Requests begin with the time, which tells few of them apart. */
static size_t request_slot(const struct sim *sim, const struct handle *request)
{
	uint64_t hash = 14695981039346656037u;
	for (size_t i = 0; i < HANDLE_SIZE; i++)
		hash = (hash ^ request->bytes[i]) * 1099511628211u;
	return (size_t)(hash >> 20) & (sim->promise_slots_count - 1);
}

static void promise_place(struct sim *sim, size_t index)
{
	size_t at = request_slot(sim, &sim->promises[index].request);
	while (sim->promise_slots[at])
		at = (at + 1) & (sim->promise_slots_count - 1);
	sim->promise_slots[at] = (uint32_t)index + 1;
}

static void promise_slots_widen(struct sim *sim)
{
	free(sim->promise_slots);
	sim->promise_slots_count = sim->promise_slots_count ? 2 * sim->promise_slots_count : 1024;
	sim->promise_slots = sim_alloc(sim->promise_slots_count * sizeof *sim->promise_slots);
	for (size_t i = 0; i < sim->promises_count; i++)
		promise_place(sim, i);
}

static bool counts_still(struct sim *sim, const struct promise *promise)
{
	struct counted counted;
	counted_begin(sim, &sim->machines[promise->machine].disk, &promise->space, &counted);
	const bool counts = counted_has(sim, &counted, sim->world.items[promise->object].bundle);
	counted_end(&counted);
	return counts;
}

/* A disk that went back in time may write a request once more, and then be given by its partners what it had written
 * before: of those two either is an answer. And what a removal shut out may be said again by one who was added again,
 * as what a change of key did. */
static bool made_since(struct sim *sim, const struct promise *known, const struct promise *promise)
{
	const struct object *object = &sim->world.items[promise->object];
	struct disk *disk = &sim->machines[promise->machine].disk;
	return object->maker == promise->machine && object->lineage == promise->lineage &&
	       !(sim->cities[promise->city].keys_count > 1 && !counts_still(sim, known)) &&
	       !(council_sits(sim) &&
		 council_ended(council_judges(sim, disk, &promise->space), &sim->cities[promise->city].identity));
}

static void promise_keep(struct sim *sim, struct promise promise)
{
	if (2 * (sim->promises_count + 1) > sim->promise_slots_count)
		promise_slots_widen(sim);
	const size_t mask = sim->promise_slots_count - 1;
	for (size_t at = request_slot(sim, &promise.request); sim->promise_slots[at]; at = (at + 1) & mask) {
		const struct promise *known = &sim->promises[sim->promise_slots[at] - 1];
		if (known->machine != promise.machine || known->lineage != promise.lineage ||
		    !handle_equal(&known->request, &promise.request))
			continue;
		if ((!hash_equal(&known->leaf, &promise.leaf) && made_since(sim, known, &promise)) ||
		    sim_sings(sim, CANARY_TWICE))
			sim_fail(sim, SIM_UNSAFE, "one request was written twice on machine %u", promise.machine);
		return;
	}
	sim->promises = sim_grow(sim->promises, sim->promises_count, &sim->promises_capacity, sizeof *sim->promises);
	sim->promises[sim->promises_count++] = promise;
	promise_place(sim, sim->promises_count - 1);
}

static void reply_result(struct sim *sim, const struct errand *errand, const Twinlog__SubmitOperation *operation,
			 const Twinlog__SubmitResult *result)
{
	const struct machine *machine = &sim->machines[errand->machine];
	if (result->code != TWINLOG_OK) {
		sim->refused++;
		sim_note(sim, "refused: %s: '%.*s' %.*s", twinlog_error_text((enum twinlog_error)result->code),
			 (int)result->value.len, (const char *)result->value.data, (int)result->where.len,
			 (const char *)result->where.data);
		return;
	}
	sim->accepted++;
	if (errand->kind == ERRAND_WRONG || sim_sings(sim, CANARY_INVALID))
		sim_fail(sim, SIM_UNSAFE, "an invalid request was accepted on machine %u", errand->machine);
	struct promise promise = {.machine = errand->machine, .lineage = machine->lineage, .city = machine->city};
	struct hash bundle;
	if (codec_get_hash(result->leaf, &promise.leaf) || codec_get_handle(result->handle, &promise.record) ||
	    codec_get_hash(result->bundle, &bundle) || codec_get_handle(operation->request, &promise.request))
		sim_fail(sim, SIM_UNSAFE, "an acknowledgement without leaf, record or bundle");
	promise.object = world_find(&sim->world, &bundle);
	if (promise.object == OBJECT_NONE || !disk_holds(&machine->disk, promise.object))
		sim_fail(sim, SIM_UNSAFE, "machine %u acknowledged what is not on its disk", errand->machine);
	const struct object *object = &sim->world.items[promise.object];
	if (!hash_equal(&object->city, &sim->cities[promise.city].identity) ||
	    !bundle_has(object->bundle, &promise.leaf))
		sim_fail(sim, SIM_UNSAFE, "machine %u acknowledged a leaf that its bundle has not", errand->machine);
	promise.space = object->space;
	promise_keep(sim, promise);
}

static void reply_submitted(struct sim *sim, const struct errand *errand, const Twinlog__Reply *reply)
{
	Twinlog__Request *request;
	if (CODEC_UNPACK(sim_arena(sim, 2), errand->request->bytes, errand->request->size, &request, twinlog__request))
		abort();
	const Twinlog__Submitted *submitted = reply->submitted;
	if (submitted->n_results != request->submit->n_operations)
		sim_fail(sim, SIM_UNSAFE, "%zu operations, %zu results", request->submit->n_operations,
			 submitted->n_results);
	for (size_t i = 0; i < submitted->n_results; i++)
		reply_result(sim, errand, request->submit->operations[i], submitted->results[i]);
}

static void reply_waited(struct sim *sim, const struct errand *errand, const Twinlog__Waited *waited)
{
	const struct object *object = &sim->world.items[errand->waits_for];
	unsigned holders = 0;
	/* A liar signs that it holds what it never had: nobody can know better than its word. */
	for (unsigned i = 0; i < sim->profile.cities; i++)
		holders += (object->held_by[i] || sim->cities[i].liar || sim->cities[i].stolen) &&
			   i != sim->machines[errand->machine].city;
	if (sim_sings(sim, CANARY_WAITED))
		holders = 0;
	if (waited->cities > holders)
		sim_fail(sim, SIM_UNSAFE, "machine %u says %u cities hold a bundle that %u held", errand->machine,
			 waited->cities, holders);
}

static void reply_erased(struct sim *sim, const struct errand *errand, const Twinlog__Erased *erased)
{
	Twinlog__Request *request;
	if (CODEC_UNPACK(sim_arena(sim, 2), errand->request->bytes, errand->request->size, &request, twinlog__request))
		abort();
	const unsigned machine = errand->machine;
	uint64_t signed_here = 0;
	const struct disk_rows *rows = &sim->machines[machine].disk.erasures;
	for (size_t i = 0; i < rows->count; i++)
		signed_here += hash_equal(&sim->world.items[rows->items[i].object].city,
					  &sim->cities[sim->machines[machine].city].identity);
	if (signed_here < erased->leaves)
		sim_fail(sim, SIM_UNSAFE, "machine %u says it erased what it did not", machine);
	if (erased->leaves + erased->waiting)
		sim_fault(sim, request->erase->city.len ? FAULT_PURGE : FAULT_ERASURE);
}

void office_reply(struct sim *sim, unsigned machine, uint64_t client, const void *bytes, size_t size)
{
	if (client == 0 || client > sim->errands_count)
		sim_fail(sim, SIM_UNSAFE, "a reply to nobody");
	struct errand *errand = &sim->errands[client - 1];
	if (errand->state == ERRAND_LEFT ||
	    (sim->machines[machine].resumed && errand->boot != sim->machines[machine].boot))
		return;
	if (errand->state != ERRAND_OPEN || errand->machine != machine || errand->boot != sim->machines[machine].boot)
		sim_fail(sim, SIM_UNSAFE, "machine %u answers a request twice, or one that was not its", machine);
	if (errand->kind == ERRAND_SUBMIT && sim->healed && sim_sings(sim, CANARY_MUTE))
		return;
	errand->state = ERRAND_ANSWERED;
	Twinlog__Reply *reply;
	if (CODEC_UNPACK(sim_arena(sim, 1), bytes, size, &reply, twinlog__reply))
		sim_fail(sim, SIM_UNSAFE, "machine %u sends a reply that does not decode", machine);
	if (reply->commit > sim->machines[machine].disk.sequence)
		sim_fail(sim, SIM_UNSAFE, "machine %u tells of commit %llu before it is durable", machine,
			 (unsigned long long)reply->commit);
	if (reply->fault)
		sim_note(sim, "errand %llu: %s: '%.*s' %.*s", (unsigned long long)client,
			 twinlog_error_text((enum twinlog_error)reply->fault->code), (int)reply->fault->value.len,
			 (const char *)reply->fault->value.data, (int)reply->fault->where.len,
			 (const char *)reply->fault->where.data);
	if (reply->fault && errand->kind == ERRAND_SUBMIT)
		sim->refused++;
	const struct errand copy = *errand;
	if (!reply->fault && copy.kind == ERRAND_FOUND)
		sim->plans[copy.plan].done = true;
	else if (!reply->fault && copy.kind == ERRAND_CHANGE)
		council_changed(sim, &copy);
	else if (!reply->fault && reply->body_case == TWINLOG__REPLY__BODY_SUBMITTED)
		reply_submitted(sim, &copy, reply);
	else if (!reply->fault && reply->body_case == TWINLOG__REPLY__BODY_ERASED)
		reply_erased(sim, &copy, reply->erased);
	else if (!reply->fault && reply->body_case == TWINLOG__REPLY__BODY_WAITED)
		reply_waited(sim, &copy, reply->waited);
}
