/* A city's office: it keeps peers, spaces and invitations in order, sends its clerks' requests, and holds the daemon to
 * what it answered. */
#include <stdlib.h>

#include "sim.h"

static void errand_send(struct sim *sim, struct errand errand)
{
	sim->errands = sim_grow(sim->errands, sim->errands_count, &sim->errands_capacity, sizeof *sim->errands);
	const size_t number = sim->errands_count++;
	struct machine *machine = &sim->machines[errand.machine];
	errand.state = ERRAND_OPEN;
	errand.boot = machine->boot;
	errand.lineage = machine->lineage;
	errand.since_ms = sim->now_ms;
	sim->errands[number] = errand;
	Twinlog__Request *request;
	if (CODEC_UNPACK(sim_arena(sim, 0), errand.request->bytes, errand.request->size, &request, twinlog__request))
		abort();
	if (!node_takes(request))
		sim_fail(sim, SIM_UNSAFE, "a request that goes through the node is not taken");
	machine_step(sim, errand.machine,
		     &(struct event){.type = EVENT_REQUEST,
				     .request = {.client = number + 1, .writer = number + 1, .request = request}},
		     errand.request, NULL);
}

void office_ask(struct sim *sim, unsigned machine, enum errand_kind kind, Twinlog__Request *request, size_t about)
{
	uint8_t *bytes;
	size_t size;
	request->id = sim->errands_count + 1;
	request->version = 1;
	if (codec_pack(&request->base, &bytes, &size))
		abort();
	struct errand errand = {.kind = kind, .machine = machine, .request = blob_new(bytes, size)};
	if (kind == ERRAND_FOUND)
		errand.plan = about;
	if (kind == ERRAND_WAIT)
		errand.waits_for = (uint32_t)about;
	free(bytes);
	errand_send(sim, errand);
}

static bool office_busy(const struct sim *sim, unsigned machine, enum errand_kind kind)
{
	for (size_t i = sim->errands_count; i-- > sim->errands_open && i + 200 > sim->errands_count;) {
		const struct errand *errand = &sim->errands[i];
		if (errand->kind == kind && errand->machine == machine && errand->state == ERRAND_OPEN)
			return true;
	}
	return false;
}

static bool node_knows(const struct node *node, const struct hash *identity)
{
	for (size_t i = 0; i < node_peers(node); i++) {
		const struct peer_view peer = node_peer(node, i);
		if (hash_equal(&peer.identity, identity))
			return true;
	}
	return false;
}

static void office_peer(struct sim *sim, unsigned machine, unsigned other)
{
	if (other == sim->machines[machine].city ||
	    node_knows(sim->machines[machine].node, &sim->cities[other].identity) ||
	    office_busy(sim, machine, ERRAND_PEER))
		return;
	Twinlog__PeerAdd add = TWINLOG__PEER_ADD__INIT;
	add.signed_card = codec_bytes(sim->cities[other].signed_card->bytes, sim->cities[other].signed_card->size);
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	request.body_case = TWINLOG__REQUEST__BODY_PEER_ADD;
	request.peer_add = &add;
	office_ask(sim, machine, ERRAND_PEER, &request, 0);
}

static void office_found(struct sim *sim, unsigned machine, size_t number)
{
	const struct plan *plan = &sim->plans[number];
	for (unsigned i = 1; i < plan->count; i++)
		if (!node_knows(sim->machines[machine].node, &sim->cities[plan->members[i]].identity)) {
			office_peer(sim, machine, plan->members[i]);
			return;
		}
	Twinlog__SpaceMember members[SIM_CITIES_MAX], *list[SIM_CITIES_MAX];
	Twinlog__SpaceCreate create = TWINLOG__SPACE_CREATE__INIT;
	create.title = codec_string(plan->template == TWINLOG__TEMPLATE__TEMPLATE_PAIR ? "Pair" : "Network");
	create.template_ = plan->template;
	create.n_members = plan->count - 1;
	create.members = list;
	create.request = codec_bytes(plan->request, HANDLE_SIZE);
	for (unsigned i = 1; i < plan->count; i++) {
		list[i - 1] = &members[i - 1];
		twinlog__space_member__init(list[i - 1]);
		list[i - 1]->identity = codec_hash(&sim->cities[plan->members[i]].identity);
		list[i - 1]->reader = plan->reader[i];
	}
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_CREATE;
	request.space_create = &create;
	office_ask(sim, machine, ERRAND_FOUND, &request, number);
}

/* The same city answers the same invitation always in the same way, also when it forgot that it had answered. Some
 * think about it for long, so that they join after much has been said and some of it erased. */
static void office_answer(struct sim *sim, unsigned machine, const struct hash *space)
{
	const struct city *city = &sim->cities[sim->machines[machine].city];
	const uint64_t word = hash_word(space) ^ hash_word(&city->identity);
	const bool late = (word * 0x2545f4914f6cdd1du >> 32) % 5 == 0;
	if (late && sim->now_ms < sim->profile.trouble_ms / 4 + word % (sim->profile.trouble_ms / 2))
		return;
	if (late)
		sim_fault(sim, FAULT_LATE_JOIN);
	Twinlog__SpaceAnswer answer = TWINLOG__SPACE_ANSWER__INIT;
	answer.space = codec_hash(space);
	answer.accept = (word * 0x9e3779b97f4a7c15u >> 32) % 16 != 0;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_ANSWER;
	request.space_answer = &answer;
	office_ask(sim, machine, ERRAND_ANSWER, &request, 0);
}

/* Whether something is left to do. */
static bool office_pair(struct sim *sim, unsigned city)
{
	const unsigned machine = sim->cities[city].machine;
	bool left = false;
	for (size_t i = 0; i < sim->cities[city].ties_count && sim->machines[machine].running; i++) {
		const struct tie *tie = &sim->ties[sim->cities[city].ties[i]];
		const unsigned other = tie->dials == city ? tie->answers : tie->dials;
		if (node_knows(sim->machines[machine].node, &sim->cities[other].identity))
			continue;
		office_peer(sim, machine, other);
		left = true;
	}
	return left;
}

static bool office_plans(struct sim *sim, unsigned city)
{
	bool left = false;
	for (size_t i = 0; i < sim->plans_count && sim->machines[sim->cities[city].machine].running; i++) {
		if (sim->plans[i].members[0] != city || sim->plans[i].done)
			continue;
		left = true;
		if (!office_busy(sim, sim->cities[city].machine, ERRAND_FOUND))
			office_found(sim, sim->cities[city].machine, i);
	}
	return left;
}

static bool office_invitations(struct sim *sim, unsigned city)
{
	const unsigned machine = sim->cities[city].machine;
	bool left = false;
	for (size_t i = 0; sim->machines[machine].running && i < node_spaces(sim->machines[machine].node); i++) {
		const struct acts *acts = space_acts(node_space(sim->machines[machine].node, i));
		const struct member *self = acts_member(acts, &sim->cities[city].identity);
		const struct hash space = *acts_space(acts);
		if (!self || self->standing != STANDING_INVITED)
			continue;
		left = true;
		if (!office_busy(sim, machine, ERRAND_ANSWER))
			office_answer(sim, machine, &space);
	}
	return left;
}

void office_prepare(struct sim *sim, unsigned city)
{
	if (sim->cities[city].settled || !sim->machines[sim->cities[city].machine].running)
		return;
	/* All three, each time: what one asks for must not wait for the others. */
	const bool pair = office_pair(sim, city), plans = office_plans(sim, city),
		   invited = office_invitations(sim, city);
	sim->cities[city].settled = !pair && !plans && !invited && sim->machines[sim->cities[city].machine].running;
}

/* The same request again, as after a time-out: on whatever machine the city has now. */
static void office_retry(struct sim *sim, unsigned machine)
{
	for (int tries = 0; tries < 10 && sim->errands_count; tries++) {
		const struct errand *errand = &sim->errands[rng_below(&sim->rng, sim->errands_count)];
		if ((errand->kind != ERRAND_SUBMIT && errand->kind != ERRAND_WRONG) || errand->state == ERRAND_OPEN ||
		    sim->machines[errand->machine].city != sim->machines[machine].city)
			continue;
		errand_send(sim, (struct errand){
				     .kind = errand->kind, .machine = machine, .request = blob_hold(errand->request)});
		return;
	}
}

static void office_wait(struct sim *sim, unsigned machine)
{
	if (!sim->promises_count)
		return;
	const struct promise *promise = &sim->promises[rng_below(&sim->rng, sim->promises_count)];
	if (promise->machine != machine || promise->lineage != sim->machines[machine].lineage)
		return;
	ProtobufCBinaryData bundle = codec_hash(&sim->world.items[promise->object].id);
	Twinlog__Wait wait = TWINLOG__WAIT__INIT;
	wait.space = codec_hash(&promise->space);
	wait.n_bundles = 1;
	wait.bundles = &bundle;
	wait.cities = (uint32_t)rng_between(&sim->rng, 1, 2);
	wait.timeout_ms = rng_between(&sim->rng, 1, 60000);
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	request.body_case = TWINLOG__REQUEST__BODY_WAIT;
	request.wait = &wait;
	office_ask(sim, machine, ERRAND_WAIT, &request, promise->object);
}

/* A word of its own on some record, or all of them. */
static void office_erase(struct sim *sim, unsigned machine)
{
	const struct node *node = sim->machines[machine].node;
	if (!node_spaces(node))
		return;
	const struct space *space = node_space(node, rng_below(&sim->rng, node_spaces(node)));
	const struct statements *statements = space_statements(space);
	if (!statements_records(statements))
		return;
	const struct record *record =
	    statements_record(statements, rng_below(&sim->rng, statements_records(statements)));
	Twinlog__RecordName name = TWINLOG__RECORD_NAME__INIT;
	Twinlog__Erase erase = TWINLOG__ERASE__INIT;
	const struct handle handle = record->handle;
	name.handle = codec_handle(&handle);
	erase.record = &name;
	erase.all = rng_chance(&sim->rng, 500);
	erase.reason = codec_string("personal_data");
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	request.body_case = TWINLOG__REQUEST__BODY_ERASE;
	request.erase = &erase;
	office_ask(sim, machine, ERRAND_ERASE, &request, 0);
}

static void office_leave(struct sim *sim, unsigned machine)
{
	for (size_t i = sim->errands_count; i-- > sim->errands_open;) {
		struct errand *errand = &sim->errands[i];
		if (errand->state != ERRAND_OPEN || errand->machine != machine ||
		    (errand->kind != ERRAND_SUBMIT && errand->kind != ERRAND_WAIT))
			continue;
		errand->state = ERRAND_LEFT;
		machine_step(sim, machine, &(struct event){.type = EVENT_CLIENT_GONE, .client_gone = {.client = i + 1}},
			     NULL, NULL);
		return;
	}
}

void office_later(struct sim *sim, unsigned city)
{
	const uint64_t mean_ms = sim->calm ? sim->profile.calm_office_ms : sim->profile.office_ms;
	schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms + rng_between(&sim->rng, 1, 2 * mean_ms),
						  .type = JOB_OFFICE,
						  .machine = city,
						  .number = sim->season});
}

void office_work(struct sim *sim, const struct job *job)
{
	const unsigned city = job->machine;
	if (sim->healed || job->number != sim->season)
		return;
	office_later(sim, city);
	office_prepare(sim, city);
	unsigned machine = sim->cities[city].machine;
	const unsigned twin = sim->cities[city].twin;
	if (twin != NO_MACHINE && sim->machines[twin].running && rng_chance(&sim->rng, 400))
		machine = twin;
	if (!sim->machines[machine].running)
		return;
	council_meet(sim, machine);
	if (sim->machines[machine].running)
		council_purge(sim, machine);
	if (!sim->machines[machine].running)
		return;
	const uint64_t what = rng_below(&sim->rng, 100);
	if (what < 80)
		words_submit(sim, machine);
	else if (what < 90)
		office_retry(sim, machine);
	else if (what < 94)
		office_wait(sim, machine);
	else if (what < 97)
		office_erase(sim, machine);
	else
		office_leave(sim, machine);
}

void office_cut(struct sim *sim, unsigned machine, uint32_t boot)
{
	while (sim->errands_open < sim->errands_count && sim->errands[sim->errands_open].state != ERRAND_OPEN)
		sim->errands_open++;
	for (size_t i = sim->errands_open; i < sim->errands_count; i++) {
		struct errand *errand = &sim->errands[i];
		if (errand->machine == machine && errand->boot == boot && errand->state == ERRAND_OPEN)
			errand->state = ERRAND_CUT;
	}
}
