/* A run: the world that a seed makes, its trouble, its healing, its verdict. */
#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define AUDIT_MS        1000u
#define AUDIT_STEPS     200u
#define ERRAND_MOST_MS  120000u /* for an answer when nothing breaks; a wait may ask for half of it */
#define IDLE_PER_SECOND 2u      /* messages on a link with nothing new */
#define IDLE_SETTLE_MS  5000u
#define IDLE_LOOKS      5u

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

struct arena *sim_arena(struct sim *sim, unsigned depth)
{
	if (!sim->arenas[depth])
		sim->arenas[depth] = arena_new(TWINLOG_UNPACK_MAX);
	if (!sim->arenas[depth])
		abort();
	arena_reset(sim->arenas[depth]);
	return sim->arenas[depth];
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
	/* NOLINTNEXTLINE(cert-env33-c): a fixed line, of the sources this was built from. */
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
		fprintf(stderr, "again: tests/sim/run %s%llu", sim->options.spaces ? "--large " : "",
			(unsigned long long)sim->options.seed);
		if (sim->options.cities)
			fprintf(stderr, " --cities %u", sim->options.cities);
		if (sim->options.hours > 0)
			fprintf(stderr, " --hours %g", sim->options.hours);
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

/* ---- Running ---- */

static void fault_later(struct sim *sim)
{
	const uint64_t mean_ms = sim->calm ? sim->profile.calm_fault_ms : sim->profile.fault_ms;
	schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms + rng_between(&sim->rng, 1, 2 * mean_ms),
						  .type = JOB_FAULT,
						  .number = sim->season});
}

static void job_fault(struct sim *sim, const struct job *job)
{
	if (sim->healed || job->number != sim->season)
		return;
	faults_strike(sim);
	fault_later(sim);
}

/* What was to happen in the calm would come too late for the storm, and the other way round. */
static void season_begin(struct sim *sim)
{
	sim->season++;
	fault_later(sim);
	for (unsigned i = 0; i < sim->profile.cities; i++)
		office_later(sim, i);
	if (!sim->profile.seasons)
		return;
	const uint64_t mean_ms = sim->calm ? sim->profile.calm_ms : sim->profile.storm_ms;
	schedule_put(&sim->schedule,
		     (struct job){.at_ms = sim->now_ms + rng_between(&sim->rng, mean_ms / 2, mean_ms * 3 / 2),
				  .type = JOB_WEATHER});
}

static void job_weather(struct sim *sim)
{
	if (sim->healed)
		return;
	sim->calm = !sim->calm;
	season_begin(sim);
}

static void offices_prepare(struct sim *sim)
{
	for (unsigned i = 0; i < sim->profile.cities; i++)
		office_prepare(sim, i);
}

static void look_for_convergence(struct sim *sim)
{
	bool settled = true;
	offices_prepare(sim);
	for (unsigned i = 0; i < sim->profile.cities; i++)
		settled &= keys_settle(sim, i);
	const char *lacks = settled ? converge_lacks(sim) : "keys are not settled";
	if (lacks)
		sim_note(sim, "not yet: %s", lacks);
	if (!lacks)
		sim->converged_ms = sim->now_ms;
	else if (sim->now_ms > sim->healed_ms + SIM_HEAL_MS)
		sim_fail(sim, SIM_STUCK, "%s", lacks);
}

static void job_audit(struct sim *sim)
{
	if (sim->steps - sim->audited_at >= AUDIT_STEPS) {
		sim->audited_at = sim->steps;
		check_audit(sim);
	}
	if (!sim->healed && sim->now_ms >= sim->profile.trouble_ms) {
		faults_heal(sim);
		sim->healed_ms = sim->now_ms;
	}
	if (sim->healed && !sim->converged_ms && sim->now_ms >= sim->look_ms) {
		look_for_convergence(sim);
		/* Most are done in seconds; what takes long is looked for more rarely. */
		sim->look_ms = sim->now_ms + (sim->now_ms - sim->healed_ms) / 16;
	}
	if (sim->converged_ms) /* what was lost on a disk may come back late, and be an invitation */
		offices_prepare(sim);
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
		dial_tie(sim, job);
		break;
	case JOB_OFFICE:
		office_work(sim, job);
		break;
	case JOB_FAULT:
		job_fault(sim, job);
		break;
	case JOB_BLOCK:
		if (!sim->healed)
			network_block(sim, job->machine, job->end, true);
		break;
	case JOB_HEAL:
		network_block(sim, job->machine, job->end, false);
		break;
	case JOB_RETIRE:
		faults_retire(sim, job->machine);
		break;
	case JOB_WEATHER:
		job_weather(sim);
		break;
	case JOB_RESUME:
		past_resume(sim, job);
		break;
	case JOB_GHOST_DOWN:
		past_ghost_down(sim, job);
		break;
	case JOB_KEYS:
		keys_turn(sim);
		break;
	case JOB_THIEF:
		thief_work(sim, job);
		break;
	case JOB_AUDIT:
		job_audit(sim);
		break;
	}
}

void sim_run_until(struct sim *sim, uint64_t end_ms, const uint64_t *stop)
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
	sim_run_until(sim, sim->now_ms + IDLE_SETTLE_MS, NULL);
	const uint64_t before = sim->messages;
	const uint64_t end_ms = (uint64_t)(sim->options.hours * 3600000);
	const uint64_t idle_ms = end_ms > sim->now_ms + SIM_IDLE_MS ? end_ms - sim->now_ms : SIM_IDLE_MS;
	sim_run_until(sim, sim->now_ms + idle_ms, NULL);
	uint64_t lines = 0;
	for (size_t i = 0; i < sim->lines_count; i++)
		lines += sim->lines[i].open;
	if (sim->options.canary == CANARY_CHATTER)
		sim->messages += 1000000;
	if (sim->messages - before > lines * IDLE_PER_SECOND * (idle_ms / 1000))
		sim_fail(sim, SIM_STUCK, "%llu messages on %llu idle links in %llu s",
			 (unsigned long long)(sim->messages - before), (unsigned long long)lines,
			 (unsigned long long)idle_ms / 1000);
	for (size_t i = 0; i < sim->errands_count; i++)
		if (sim->errands[i].state == ERRAND_OPEN && sim->errands[i].since_ms + ERRAND_MOST_MS < sim->now_ms)
			sim_fail(sim, SIM_STUCK, "a request to machine %u was never answered", sim->errands[i].machine);
	/* Something that is said once an hour may be on its way just now. */
	const char *lacks = converge_lacks(sim);
	for (unsigned i = 0; lacks && i < IDLE_LOOKS; i++) {
		sim_run_until(sim, sim->now_ms + AUDIT_MS, NULL);
		lacks = converge_lacks(sim);
	}
	if (lacks)
		sim_fail(sim, SIM_STUCK, "after all was equal: %s", lacks);
}

static void city_free(struct city *city)
{
	for (unsigned i = 0; i < city->keys_count; i++) {
		seal_keys_free(city->ring[i].keys);
		blob_drop(city->ring[i].signed_card);
	}
	free(city->ties);
	for (unsigned i = 0; i < SIM_SAID; i++)
		blob_drop(city->said[i]);
	for (unsigned i = 0; i < city->backups_count; i++) {
		disk_empty(city->backups[i]);
		free(city->backups[i]);
	}
}

void sim_end(struct sim *sim)
{
	for (size_t i = 0; i < sim->schedule.count; i++) {
		blob_drop(sim->schedule.heap[i].blob);
		blob_drop(sim->schedule.heap[i].more);
	}
	free(sim->schedule.heap);
	network_free(sim);
	for (size_t i = 0; i < sim->machines_count; i++)
		machine_free(&sim->machines[i]);
	for (unsigned i = 0; i < sim->profile.cities; i++)
		city_free(&sim->cities[i]);
	for (size_t i = 0; i < sim->errands_count; i++)
		blob_drop(sim->errands[i].request);
	for (unsigned i = 0; i < SIM_ARENAS; i++)
		arena_free(sim->arenas[i]);
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
	free(sim->stolen_ids);
}

void sim_begin(struct sim *sim, const struct sim_options *options)
{
	*sim = (struct sim){.options = *options};
	rng_seed(&sim->rng, options->seed);
	profile_draw(sim);
	sim->cities = sim_alloc(sim->profile.cities * sizeof *sim->cities);
	sim->blocked = sim_alloc((size_t)sim->profile.cities * sim->profile.cities);
	profile_world(sim);
	for (unsigned i = 0; i < sim->profile.cities; i++)
		schedule_put(&sim->schedule, (struct job){.at_ms = rng_below(&sim->rng, 1000),
							  .type = JOB_BOOT,
							  .machine = sim->cities[i].machine});
}

void sim_run(const struct sim_options *options, struct sim_report *ret_report)
{
	struct sim sim;
	sim_begin(&sim, options);
	schedule_put(&sim.schedule, (struct job){.at_ms = AUDIT_MS, .type = JOB_AUDIT});
	season_begin(&sim);
	keys_begin(&sim);
	if (options->canary == CANARY_CHANCE && options->again)
		rng_next(&sim.rng);
	sim_run_until(&sim, UINT64_MAX, &sim.converged_ms);
	watch_idle(&sim);
	*ret_report = (struct sim_report){.seed = options->seed,
					  .trace_hash = sim.trace_hash,
					  .steps = sim.steps,
					  .simulated_ms = sim.now_ms,
					  .heal_ms = sim.converged_ms - sim.healed_ms,
					  .accepted = sim.accepted,
					  .refused = sim.refused,
					  .messages = sim.messages,
					  .bytes = sim.bytes,
					  .objects = sim.world.count,
					  .cities = sim.profile.cities};
	memcpy(ret_report->faults, sim.faults, sizeof sim.faults);
	sim_end(&sim);
}
