/* A run: the world that a seed makes, its trouble, its healing, its verdict. */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "card.h"

#define AUDIT_MS        1000u
#define ERRAND_MOST_MS  120000u /* for an answer when nothing breaks; a wait may ask for half of it */
#define IDLE_PER_SECOND 2u      /* messages on a link with nothing new */
#define IDLE_SETTLE_MS  5000u

/* ---- Small things ---- */

void *sim_alloc(size_t size)
{
	void *memory = calloc(1, size ? size : 1);
	if (!memory)
		abort();
	return memory;
}

void *sim_grow(void *items, size_t count, size_t *capacity, size_t item_size)
{
	if (count < *capacity)
		return items;
	*capacity = *capacity ? 2 * *capacity : 16;
	if (*capacity <= count)
		*capacity = count + 1;
	void *grown = realloc(items, *capacity * item_size);
	if (!grown)
		abort();
	return grown;
}

struct blob *blob_new(const void *bytes, size_t size)
{
	struct blob *blob = sim_alloc(sizeof *blob + size);
	blob->holders = 1;
	blob->size = size;
	if (size)
		memcpy(blob->bytes, bytes, size);
	return blob;
}

struct blob *blob_hold(struct blob *blob)
{
	blob->holders++;
	return blob;
}

void blob_drop(struct blob *blob)
{
	if (blob && --blob->holders == 0)
		free(blob);
}

void sim_step_trace(struct sim *sim, uint64_t word)
{
	sim->trace_hash = rng_rotate(sim->trace_hash ^ word, 23) * 0x9e3779b97f4a7c15u;
}

void sim_note(const struct sim *sim, const char *format, ...)
{
	if (!sim->options.trace)
		return;
	va_list arguments;
	va_start(arguments, format);
	fprintf(stderr, "%8llu.%03llu ", (unsigned long long)sim->now_ms / 1000,
		(unsigned long long)sim->now_ms % 1000);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

static void print_commit(void)
{
	char line[64] = "";
	FILE *git = popen("git -C '" SOURCE_DIR "' describe --always --dirty 2>/dev/null", "r");
	if (git) {
		if (!fgets(line, sizeof line, git))
			line[0] = 0;
		pclose(git);
	}
	fprintf(stderr, "commit %s", line[0] ? line : "unknown\n");
}

void sim_fail(struct sim *sim, enum sim_verdict verdict, const char *format, ...)
{
	if (sim->options.canary == CANARY_NONE || sim->options.trace) {
		va_list arguments;
		va_start(arguments, format);
		fprintf(stderr, "seed %llu: %s at %llu ms, step %llu: ", (unsigned long long)sim->options.seed,
			verdict == SIM_UNSAFE ? "unsafe" : "stuck", (unsigned long long)sim->now_ms,
			(unsigned long long)sim->steps);
		vfprintf(stderr, format, arguments);
		va_end(arguments);
		fputc('\n', stderr);
		print_commit();
		fprintf(stderr, "again: tests/sim/run %llu", (unsigned long long)sim->options.seed);
		if (sim->options.cities)
			fprintf(stderr, " --cities %u", sim->options.cities);
		fputc('\n', stderr);
	}
	fflush(NULL);
	_exit((int)verdict);
}

bool sim_sings(struct sim *sim, enum canary canary)
{
	const bool sings = sim->options.canary == canary && !sim->canary_sung;
	sim->canary_sung |= sings;
	return sings;
}

unsigned sim_city_by_identity(const struct sim *sim, const struct hash *identity)
{
	unsigned city = 0;
	while (city < sim->profile.cities && !hash_equal(&sim->cities[city].identity, identity))
		city++;
	return city;
}

/* ---- The world of a seed ---- */

static unsigned maybe(struct sim *sim, unsigned per_mille, unsigned most)
{
	const unsigned value = (unsigned)rng_between(&sim->rng, 1, most);
	return rng_chance(&sim->rng, per_mille) ? value : 0;
}

static void profile_draw(struct sim *sim)
{
	struct rng *rng = &sim->rng;
	struct profile *profile = &sim->profile;
	profile->cities = (unsigned)rng_between(rng, 2, 6);
	if (sim->options.cities)
		profile->cities = sim->options.cities;
	profile->trouble_ms = rng_between(rng, 20000, rng_chance(rng, 300) ? 400000 : 90000);
	profile->office_ms = (unsigned)rng_between(rng, 100, 3000);
	profile->batch_max = rng_chance(rng, 300) ? (unsigned)rng_between(rng, 2, 20) : 1;
	profile->bulk = rng_chance(rng, 30);
	if (profile->bulk)
		profile->batch_max = 400;
	profile->fault_ms = (unsigned)rng_between(rng, 300, 10000);
	profile->crash = maybe(sim, 500, 10);
	profile->commit_failure = maybe(sim, 400, 10);
	profile->cut = maybe(sim, 600, 20);
	profile->partition = maybe(sim, 500, 10);
	profile->clock = maybe(sim, 300, 3);
	profile->restore = maybe(sim, 300, 4);
	profile->doubled = maybe(sim, 250, 3);
	profile->loss = maybe(sim, 150, 2);
	profile->duplicate_per_mille = maybe(sim, 250, 100);
	profile->latency_ms = (unsigned)rng_between(rng, 1, rng_chance(rng, 300) ? 1000 : 50);
	profile->slow_bytes_per_ms = maybe(sim, 200, 50);
	profile->commit_ms = (unsigned)rng_between(rng, 0, 20);
	profile->several_lines = rng_chance(rng, 200);
	profile->liars = rng_chance(rng, 250) ? 1 : 0;
	profile->lie_per_mille = (unsigned)rng_between(rng, 10, 300);
}

static void city_make(struct sim *sim, unsigned number)
{
	struct city *city = &sim->cities[number];
	uint8_t seed[SEAL_SEED_SIZE], recovery[SEAL_SEED_SIZE];
	rng_fill(&sim->rng, seed, sizeof seed);
	rng_fill(&sim->rng, recovery, sizeof recovery);
	if (seal_keys_new(seed, 0, &city->keys))
		abort();
	city->public_key = *seal_keys_public(city->keys);
	const struct seal_public recovery_key = seal_recovery_public(recovery);
	city->identity = seal_identity(&city->public_key, &recovery_key);
	snprintf(city->city_id, sizeof city->city_id, "%s:city-%u", number % 2 ? "KR" : "CN", number);
	Twinlog__CityCard card = TWINLOG__CITY_CARD__INIT;
	card.founding_key = codec_bytes(city->public_key.bytes, 32);
	card.recovery_key = codec_bytes(recovery_key.bytes, 32);
	card.city_key = card.founding_key;
	card.transport_key = codec_bytes(seal_keys_transport_public(city->keys), 32);
	card.city_id = codec_string(city->city_id);
	card.serial = SIM_EPOCH_MS / 1000;
	uint8_t *bytes;
	size_t size;
	if (card_seal(&card, city->keys, &bytes, &size))
		abort();
	city->signed_card = blob_new(bytes, size);
	free(bytes);
	city->liar = number > 0 && number <= sim->profile.liars;
	city->machine = machine_new(sim, number);
}

static void tie_make(struct sim *sim, unsigned a, unsigned b)
{
	for (size_t i = 0; i < sim->ties_count; i++)
		if ((sim->ties[i].dials == a && sim->ties[i].answers == b) ||
		    (sim->ties[i].dials == b && sim->ties[i].answers == a))
			return;
	sim->ties = sim_grow(sim->ties, sim->ties_count, &sim->ties_capacity, sizeof *sim->ties);
	const bool turned = rng_chance(&sim->rng, 500);
	sim->ties[sim->ties_count++] =
	    (struct tie){.dials = turned ? b : a,
			 .answers = turned ? a : b,
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
	const uint64_t wanted = rng_between(&sim->rng, 2, sim->profile.cities);
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

static void world_make(struct sim *sim)
{
	const unsigned cities = sim->profile.cities;
	const uint64_t shape = rng_below(&sim->rng, 3);
	for (unsigned i = 0; i < cities; i++)
		city_make(sim, i);
	for (unsigned i = 1; i < cities; i++) /* a star, a chain, any tree */
		tie_make(sim, i, shape == 0 ? 0 : shape == 1 ? i - 1 : (unsigned)rng_below(&sim->rng, i));
	for (uint64_t extra = rng_below(&sim->rng, cities); extra && cities > 2; extra--) {
		const unsigned a = (unsigned)rng_below(&sim->rng, cities);
		tie_make(sim, a, (a + (unsigned)rng_between(&sim->rng, 1, cities - 1)) % cities);
	}
	for (size_t i = 0; i < sim->ties_count; i++)
		if (rng_chance(&sim->rng, cities > 20 ? 100 : 500)) {
			struct plan *plan = plan_make(sim, TWINLOG__TEMPLATE__TEMPLATE_PAIR, sim->ties[i].dials);
			plan->members[plan->count++] = sim->ties[i].answers;
		}
	for (uint64_t more = rng_between(&sim->rng, 1, 2); more; more--)
		network_plan(sim);
}

static void jobs_make(struct sim *sim)
{
	for (unsigned i = 0; i < sim->profile.cities; i++) {
		const uint64_t at = rng_below(&sim->rng, 1000);
		schedule_put(&sim->schedule,
			     (struct job){.at_ms = at, .type = JOB_BOOT, .machine = sim->cities[i].machine});
		schedule_put(&sim->schedule, (struct job){.at_ms = at + 100, .type = JOB_OFFICE, .machine = i});
	}
	for (size_t i = 0; i < sim->ties_count; i++)
		schedule_put(
		    &sim->schedule,
		    (struct job){.at_ms = rng_below(&sim->rng, 2000), .type = JOB_DIAL, .machine = (unsigned)i});
	schedule_put(&sim->schedule, (struct job){.at_ms = sim->profile.fault_ms, .type = JOB_FAULT});
	schedule_put(&sim->schedule, (struct job){.at_ms = AUDIT_MS, .type = JOB_AUDIT});
}

/* ---- Running ---- */

static void job_fault(struct sim *sim)
{
	if (sim->healed)
		return;
	faults_strike(sim);
	schedule_put(&sim->schedule,
		     (struct job){.at_ms = sim->now_ms + rng_between(&sim->rng, 1, 2 * sim->profile.fault_ms),
				  .type = JOB_FAULT});
}

static void job_audit(struct sim *sim)
{
	check_audit(sim);
	if (!sim->healed && sim->now_ms >= sim->profile.trouble_ms) {
		faults_heal(sim);
		sim->healed_ms = sim->now_ms;
	}
	for (unsigned i = 0; sim->healed && !sim->converged_ms && i < sim->profile.cities; i++)
		office_prepare(sim, i);
	if (sim->healed && !sim->converged_ms) {
		const char *lacks = converge_lacks(sim);
		if (!lacks)
			sim->converged_ms = sim->now_ms;
		else if (sim->now_ms > sim->healed_ms + SIM_HEAL_MS)
			sim_fail(sim, SIM_STUCK, "%s", lacks);
	}
	schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms + AUDIT_MS, .type = JOB_AUDIT});
}

static void job_run(struct sim *sim, const struct job *job)
{
	switch (job->type) {
	case JOB_BOOT:
		machine_boot(sim, job->machine);
		break;
	case JOB_TIMER:
		machine_timer(sim, job);
		break;
	case JOB_COMMIT:
		machine_commit(sim, job);
		break;
	case JOB_CHECKED:
		machine_checked(sim, job);
		break;
	case JOB_CHUNK:
		machine_chunk(sim, job);
		break;
	case JOB_DELIVER:
		network_deliver(sim, job);
		break;
	case JOB_STRAY:
		network_stray(sim, job);
		break;
	case JOB_LINE_UP:
		network_line_up(sim, job);
		break;
	case JOB_LINE_DOWN:
		network_line_down(sim, job);
		break;
	case JOB_DIAL:
		network_dial(sim, job);
		break;
	case JOB_OFFICE:
		office_work(sim, job);
		break;
	case JOB_FAULT:
		job_fault(sim);
		break;
	case JOB_HEAL:
		network_block(sim, job->machine, job->end, false);
		break;
	case JOB_RETIRE:
		faults_retire(sim, job->machine);
		break;
	case JOB_AUDIT:
		job_audit(sim);
		break;
	}
}

static void run_until(struct sim *sim, uint64_t end_ms, const uint64_t *stop)
{
	struct job job;
	while (!(stop && *stop) && sim->now_ms < end_ms && schedule_take(&sim->schedule, &job)) {
		sim->now_ms = job.at_ms;
		job_run(sim, &job);
		blob_drop(job.blob);
		blob_drop(job.more);
	}
}

/* With nothing new, nearly nothing is said, and every request has its answer. */
static void watch_idle(struct sim *sim)
{
	run_until(sim, sim->now_ms + IDLE_SETTLE_MS, NULL);
	const uint64_t before = sim->messages;
	run_until(sim, sim->now_ms + SIM_IDLE_MS, NULL);
	uint64_t lines = 0;
	for (size_t i = 0; i < sim->lines_count; i++)
		lines += sim->lines[i].open;
	if (sim->options.canary == CANARY_CHATTER)
		sim->messages += 1000000;
	if (sim->messages - before > lines * IDLE_PER_SECOND * (SIM_IDLE_MS / 1000))
		sim_fail(sim, SIM_STUCK, "%llu messages on %llu idle links in %u s",
			 (unsigned long long)(sim->messages - before), (unsigned long long)lines, SIM_IDLE_MS / 1000);
	for (size_t i = 0; i < sim->errands_count; i++)
		if (sim->errands[i].state == ERRAND_OPEN && sim->errands[i].since_ms + ERRAND_MOST_MS < sim->now_ms)
			sim_fail(sim, SIM_STUCK, "a request to machine %u was never answered", sim->errands[i].machine);
	const char *lacks = converge_lacks(sim);
	if (lacks)
		sim_fail(sim, SIM_STUCK, "after all was equal: %s", lacks);
}

static void sim_free(struct sim *sim)
{
	for (size_t i = 0; i < sim->schedule.count; i++) {
		blob_drop(sim->schedule.heap[i].blob);
		blob_drop(sim->schedule.heap[i].more);
	}
	free(sim->schedule.heap);
	network_free(sim);
	for (size_t i = 0; i < sim->machines_count; i++)
		machine_free(&sim->machines[i]);
	for (unsigned i = 0; i < sim->profile.cities; i++) {
		struct city *city = &sim->cities[i];
		seal_keys_free(city->keys);
		blob_drop(city->signed_card);
		for (unsigned b = 0; b < city->backups_count; b++) {
			disk_empty(city->backups[b]);
			free(city->backups[b]);
		}
	}
	for (size_t i = 0; i < sim->errands_count; i++)
		blob_drop(sim->errands[i].request);
	world_free(&sim->world);
	free(sim->cities);
	free(sim->machines);
	free(sim->ties);
	free(sim->blocked);
	free(sim->errands);
	free(sim->promises);
	free(sim->promise_slots);
	free(sim->plans);
	free(sim->said);
}

enum sim_verdict sim_run(const struct sim_options *options, struct sim_report *ret_report)
{
	struct sim sim = {.options = *options};
	rng_seed(&sim.rng, options->seed);
	profile_draw(&sim);
	sim.cities = sim_alloc(sim.profile.cities * sizeof *sim.cities);
	sim.blocked = sim_alloc((size_t)sim.profile.cities * sim.profile.cities);
	world_make(&sim);
	jobs_make(&sim);
	run_until(&sim, UINT64_MAX, &sim.converged_ms);
	watch_idle(&sim);
	*ret_report = (struct sim_report){.trace_hash = sim.trace_hash,
					  .steps = sim.steps,
					  .simulated_ms = sim.now_ms,
					  .heal_ms = sim.converged_ms - sim.healed_ms,
					  .accepted = sim.accepted,
					  .refused = sim.refused,
					  .messages = sim.messages,
					  .objects = sim.world.count,
					  .cities = sim.profile.cities};
	sim_free(&sim);
	return SIM_OK;
}
