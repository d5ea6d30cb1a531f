/* Many seeds, several at a time, and what they came to. Each process of the runner takes every n-th seed; one that
 * ends with a verdict is followed by another that goes on behind the seed that broke. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim.h"

#define JOBS_MAX 64u
#define POLL_MS  20

static const char *const fault_names[] = {
#define FAULT_NAME(name, text) text,
    SIM_FAULTS(FAULT_NAME)
#undef FAULT_NAME
};

static volatile sig_atomic_t running_seed_high, running_seed_low;

/* Only what is allowed in a signal handler. */
static void crashed(int signal_number)
{
	char line[] = "crashed; again: tests/sim/run                     \n";
	uint64_t seed = (uint64_t)(uint32_t)running_seed_high << 32 | (uint32_t)running_seed_low;
	char *at = line + sizeof line - 3;
	do {
		*at-- = (char)('0' + seed % 10);
		seed /= 10;
	} while (seed);
	const ssize_t written = write(STDERR_FILENO, line, sizeof line - 1);
	(void)written;
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

static void report_print(const struct sim_report *report)
{
	printf("seed %llu: %llu cities, %llu steps, %llu messages, %llu objects, %llu accepted, %llu refused, %llu s, "
	       "healed in %llu ms, trace %016llx\n",
	       (unsigned long long)report->seed, (unsigned long long)report->cities, (unsigned long long)report->steps,
	       (unsigned long long)report->messages, (unsigned long long)report->objects,
	       (unsigned long long)report->accepted, (unsigned long long)report->refused,
	       (unsigned long long)report->simulated_ms / 1000, (unsigned long long)report->heal_ms,
	       (unsigned long long)report->trace_hash);
	fflush(stdout);
}

void runner_seed(const struct sim_options *options, struct sim_report *ret_report)
{
	static const int signals[] = {SIGABRT, SIGSEGV, SIGBUS, SIGFPE};
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], crashed);
	running_seed_high = (sig_atomic_t)(options->seed >> 32);
	running_seed_low = (sig_atomic_t)options->seed;
	sim_run(options, ret_report);
}

int runner_determinism(const struct runs *runs)
{
	for (uint64_t i = 0; i < runs->seeds || i == 0; i++) {
		struct sim_options options = runs->options;
		struct sim_report first, second;
		options.seed += i;
		runner_seed(&options, &first);
		options.again = true;
		runner_seed(&options, &second);
		if (first.trace_hash != second.trace_hash || first.steps != second.steps) {
			fprintf(stderr, "seed %llu: two runs, two traces\n", (unsigned long long)options.seed);
			return SIM_UNSAFE;
		}
		report_print(&first);
	}
	return SIM_OK;
}

static double machine_seconds(int who)
{
	struct rusage usage;
	getrusage(who, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

/* Ten spaces for three cities. */
int runner_large(const struct runs *runs)
{
	struct sim_options options = runs->options;
	struct sim_report report;
	options.cities = options.cities ? options.cities : SIM_CITIES_MAX;
	options.spaces = options.cities * 10 / 3;
	options.trouble = true;
	runner_seed(&options, &report);
	report_print(&report);
	const double cities = (double)report.cities;
	printf("%u spaces, %llu words; a city: %.0f messages, %.0f bytes; %.0f s of machine time\n ", options.spaces,
	       (unsigned long long)report.accepted, (double)report.messages / cities, (double)report.bytes / cities,
	       machine_seconds(RUSAGE_SELF));
	for (size_t i = 0; i < FAULT_COUNT; i++)
		if (report.faults[i])
			printf(" %s %llu,", fault_names[i], (unsigned long long)report.faults[i]);
	printf("\n");
	return SIM_OK;
}

/* ---- Sums ---- */

struct sums {
	struct sim_report all;
	uint64_t runs, failed[SIM_STUCK + 1];
};

static void sums_add(struct sums *sums, const struct sim_report *report)
{
	sums->runs++;
	sums->all.steps += report->steps;
	sums->all.simulated_ms += report->simulated_ms;
	sums->all.accepted += report->accepted;
	sums->all.messages += report->messages;
	sums->all.bytes += report->bytes;
	sums->all.objects += report->objects;
	for (size_t i = 0; i < FAULT_COUNT; i++)
		sums->all.faults[i] += report->faults[i];
}

static void sums_print(const struct sums *sums)
{
	const double seconds = machine_seconds(RUSAGE_CHILDREN), simulated = (double)sums->all.simulated_ms / 1000;
	printf("%llu seeds, %.1f simulated hours, %.1f s of machine time: %.0f times real time; %llu steps, "
	       "%llu messages, %llu words acknowledged; %llu crashed, %llu unsafe, %llu stuck\n",
	       (unsigned long long)sums->runs, simulated / 3600, seconds, seconds > 0 ? simulated / seconds : 0,
	       (unsigned long long)sums->all.steps, (unsigned long long)sums->all.messages,
	       (unsigned long long)sums->all.accepted, (unsigned long long)sums->failed[SIM_CRASHED],
	       (unsigned long long)sums->failed[SIM_UNSAFE], (unsigned long long)sums->failed[SIM_STUCK]);
	for (size_t i = 0; i < FAULT_COUNT; i++)
		printf("%s%s %llu",
		       i % 5 ? ", "
		       : i   ? ",\n  "
			     : "  ",
		       fault_names[i], (unsigned long long)sums->all.faults[i]);
	printf("\n");
}

/* ---- Processes ---- */

struct worker {
	pid_t process;
	uint64_t next; /* the seed to begin with */
};

static void worker_main(const struct runs *runs, unsigned number, uint64_t next, uint64_t *running, int out)
{
	struct sim_options options = runs->options;
	struct sim_report report;
	for (; next < runs->seeds; next += runs->jobs) {
		running[number] = next;
		options.seed = runs->options.seed + next;
		runner_seed(&options, &report);
		if (write(out, &report, sizeof report) != (ssize_t)sizeof report)
			_exit(SIM_CRASHED);
	}
	_exit(SIM_OK);
}

static void worker_start(const struct runs *runs, struct worker *worker, unsigned number, uint64_t *running, int out)
{
	fflush(NULL);
	worker->process = fork();
	if (worker->process < 0)
		abort();
	if (worker->process == 0)
		worker_main(runs, number, worker->next, running, out);
}

/* One process is over. True when another takes its place. */
static bool worker_over(const struct runs *runs, struct worker *worker, unsigned number, int status,
			const uint64_t *running, struct sums *sums)
{
	const int verdict = WIFEXITED(status) ? WEXITSTATUS(status) : SIM_CRASHED;
	worker->process = 0;
	if (verdict == SIM_OK)
		return false;
	sums->failed[verdict == SIM_UNSAFE || verdict == SIM_STUCK ? verdict : SIM_CRASHED]++;
	sums->runs++;
	worker->next = running[number] + runs->jobs;
	return worker->next < runs->seeds;
}

static unsigned workers_reap(const struct runs *runs, struct worker *workers, uint64_t *running, int out,
			     struct sums *sums)
{
	unsigned alive = 0;
	for (unsigned i = 0; i < runs->jobs; i++) {
		int status;
		if (workers[i].process && waitpid(workers[i].process, &status, WNOHANG) == workers[i].process &&
		    worker_over(runs, &workers[i], i, status, running, sums))
			worker_start(runs, &workers[i], i, running, out);
		alive += workers[i].process != 0;
	}
	return alive;
}

int runner_seeds(const struct runs *asked)
{
	struct runs runs = *asked;
	struct worker workers[JOBS_MAX] = {{0}};
	struct sums sums = {0};
	struct sim_report report;
	int pipes[2];
	runs.seeds = runs.seeds == 0 ? 1 : runs.seeds;
	runs.jobs = runs.jobs == 0 ? 1 : runs.jobs < JOBS_MAX ? runs.jobs : JOBS_MAX;
	uint64_t *running =
	    mmap(NULL, JOBS_MAX * sizeof *running, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (running == MAP_FAILED || pipe(pipes))
		abort();
	for (unsigned i = 0; i < runs.jobs; i++) {
		workers[i].next = i;
		if (i < runs.seeds)
			worker_start(&runs, &workers[i], i, running, pipes[1]);
	}
	struct pollfd ready = {.fd = pipes[0], .events = POLLIN};
	/* What a process wrote before its end is read before its end is noted, and after the last one's. */
	for (bool alive = true, some = true; alive || some;) {
		some = poll(&ready, 1, alive ? POLL_MS : 0) > 0;
		if (some && read(pipes[0], &report, sizeof report) == (ssize_t)sizeof report) {
			sums_add(&sums, &report);
			report_print(&report);
		} else if (alive) {
			alive = workers_reap(&runs, workers, running, pipes[1], &sums) > 0;
			some = true;
		}
	}
	sums_print(&sums);
	munmap(running, JOBS_MAX * sizeof *running);
	close(pipes[0]);
	close(pipes[1]);
	for (int verdict = SIM_CRASHED; verdict <= SIM_STUCK; verdict++)
		if (sums.failed[verdict])
			return verdict;
	return SIM_OK;
}
