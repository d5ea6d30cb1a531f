/* tests/sim/run: seeds in, verdicts out. */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "sim.h"

#define CANARY_SEEDS 12u /* tried until one shows the planted fault */

static const struct {
	const char *name;
	enum sim_verdict verdict;
} canaries[CANARY_COUNT] = {
    [CANARY_NONE] = {"none", SIM_OK},
    [CANARY_EARLY_COMMIT] = {"early-commit", SIM_UNSAFE},
    [CANARY_LOST_ROW] = {"lost-row", SIM_UNSAFE},
    [CANARY_STRANGER] = {"stranger", SIM_UNSAFE},
    [CANARY_FORGED] = {"forged", SIM_UNSAFE},
    [CANARY_BOAST] = {"boast", SIM_UNSAFE},
    [CANARY_VIEW] = {"view", SIM_STUCK},
    [CANARY_DEAF] = {"deaf", SIM_STUCK},
    [CANARY_CHATTER] = {"chatter", SIM_STUCK},
};

struct wishes {
	struct sim_options options;
	uint64_t seeds;
	double hours;
	bool canary, determinism, help;
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

static void seed_run(const struct sim_options *options, struct sim_report *report)
{
	running_seed_high = (sig_atomic_t)(options->seed >> 32);
	running_seed_low = (sig_atomic_t)options->seed;
	sim_run(options, report);
	if (options->canary)
		return;
	printf("seed %llu: %u cities, %llu steps, %llu messages, %llu objects, %llu accepted, %llu refused, %llu s, "
	       "healed "
	       "in %llu ms, trace %016llx\n",
	       (unsigned long long)options->seed, report->cities, (unsigned long long)report->steps,
	       (unsigned long long)report->messages, (unsigned long long)report->objects,
	       (unsigned long long)report->accepted, (unsigned long long)report->refused,
	       (unsigned long long)report->simulated_ms / 1000, (unsigned long long)report->heal_ms,
	       (unsigned long long)report->trace_hash);
	fflush(stdout);
}

static int run_determinism(const struct wishes *wishes)
{
	for (uint64_t i = 0; i < wishes->seeds; i++) {
		struct sim_options options = wishes->options;
		struct sim_report first, second;
		options.seed += i;
		seed_run(&options, &first);
		seed_run(&options, &second);
		if (first.trace_hash != second.trace_hash || first.steps != second.steps) {
			fprintf(stderr, "seed %llu: two runs, two traces\n", (unsigned long long)options.seed);
			return SIM_UNSAFE;
		}
	}
	return SIM_OK;
}

/* Each planted fault must be found, with the verdict that it deserves, within a few seeds. */
static int run_canaries(const struct wishes *wishes)
{
	for (enum canary canary = CANARY_NONE + 1; canary < CANARY_COUNT; canary++) {
		bool bitten = false;
		for (unsigned i = 0; i < CANARY_SEEDS && !bitten; i++) {
			struct sim_options options = wishes->options;
			struct sim_report report;
			options.seed += i;
			options.canary = canary;
			const pid_t child = fork();
			if (child == 0) {
				seed_run(&options, &report);
				_exit(SIM_OK);
			}
			int status = 0;
			if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
				return SIM_CRASHED;
			bitten = WEXITSTATUS(status) == (int)canaries[canary].verdict;
		}
		printf("canary %s: %s\n", canaries[canary].name, bitten ? "found" : "NOT FOUND");
		if (!bitten)
			return SIM_UNSAFE;
	}
	return SIM_OK;
}

static int run_seeds(const struct wishes *wishes)
{
	const time_t end = time(NULL) + (time_t)(wishes->hours * 3600);
	struct sim_options options = wishes->options;
	struct sim_report report;
	for (uint64_t i = 0; i < wishes->seeds || (wishes->hours > 0 && time(NULL) < end); i++) {
		options.seed = wishes->options.seed + i;
		seed_run(&options, &report);
	}
	return SIM_OK;
}

static void usage(FILE *to)
{
	fputs("usage: tests/sim/run SEED [--cities N] [--trace]\n"
	      "       tests/sim/run --seeds N [--from S] [--cities N]\n"
	      "       tests/sim/run --hours H [--from S] [--cities N]\n"
	      "       tests/sim/run --canary | --determinism [--from S]\n"
	      "ends with 0 ok, 10 crashed, 11 unsafe, 12 stuck\n",
	      to);
}

static bool wishes_read(struct wishes *wishes, int count, char **arguments)
{
	static const struct option options[] = {
	    {"seeds", required_argument, NULL, 's'},
	    {"from", required_argument, NULL, 'f'},
	    {"hours", required_argument, NULL, 'h'},
	    {"cities", required_argument, NULL, 'c'},
	    {"canary", no_argument, NULL, 'y'},
	    {"determinism", no_argument, NULL, 'd'},
	    {"trace", no_argument, NULL, 't'},
	    {"help", no_argument, NULL, '?'},
	    {NULL, 0, NULL, 0},
	};
	*wishes = (struct wishes){.options.seed = 1};
	for (int c; (c = getopt_long(count, arguments, "", options, NULL)) != -1;) {
		if (c == 's')
			wishes->seeds = strtoull(optarg, NULL, 10);
		else if (c == 'f')
			wishes->options.seed = strtoull(optarg, NULL, 10);
		else if (c == 'h')
			wishes->hours = strtod(optarg, NULL);
		else if (c == 'c')
			wishes->options.cities = (unsigned)strtoul(optarg, NULL, 10);
		else if (c == 'y')
			wishes->canary = true;
		else if (c == 'd')
			wishes->determinism = true;
		else if (c == 't')
			wishes->options.trace = true;
		else
			return false;
	}
	if (optind < count)
		wishes->options.seed = strtoull(arguments[optind], NULL, 10);
	if (!wishes->seeds && wishes->hours <= 0)
		wishes->seeds = 1;
	return wishes->options.cities <= SIM_CITIES_MAX && wishes->options.cities != 1;
}

int main(int count, char **arguments)
{
	struct wishes wishes;
	if (!wishes_read(&wishes, count, arguments)) {
		usage(stderr);
		return 2;
	}
	if (seal_init())
		return 1;
	signal(SIGABRT, crashed);
	signal(SIGSEGV, crashed);
	signal(SIGBUS, crashed);
	signal(SIGFPE, crashed);
	return wishes.canary        ? run_canaries(&wishes)
	       : wishes.determinism ? run_determinism(&wishes)
				    : run_seeds(&wishes);
}
