/* tests/sim/run: seeds in, verdicts out. */
#include <getopt.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

struct wishes {
	struct runs runs;
	bool canary, determinism, growth, large;
	const char *canary_name; /* NULL: all */
};

static void usage(FILE *to)
{
	fputs("usage: tests/sim/run SEED [--cities N] [--hours H] [--trace] [--real-signatures]\n"
	      "       tests/sim/run --seeds N [--from S] [--hours H] [--cities N] [--jobs J]\n"
	      "       tests/sim/run --canary[=NAME] | --determinism | --growth\n"
	      "       tests/sim/run --large [SEED] [--cities N] [--trace]\n"
	      "--hours: simulated ones of each seed; without, a seed draws some minutes of storm\n"
	      "ends with 0 ok, 10 crashed, 11 unsafe, 12 stuck\n",
	      to);
}

static bool wish_take(struct wishes *wishes, int option, const char *value)
{
	struct sim_options *options = &wishes->runs.options;
	switch (option) {
	case 's':
		wishes->runs.seeds = strtoull(value, NULL, 10);
		return wishes->runs.seeds > 0;
	case 'f':
		options->seed = strtoull(value, NULL, 10);
		return true;
	case 'h':
		options->hours = strtod(value, NULL);
		return options->hours > 0 && options->hours <= SIM_HOURS_MAX;
	case 'c':
		options->cities = (unsigned)strtoul(value, NULL, 10);
		return options->cities > 1 && options->cities <= SIM_CITIES_MAX;
	case 'j':
		wishes->runs.jobs = (unsigned)strtoul(value, NULL, 10);
		return wishes->runs.jobs > 0;
	case 'y':
		wishes->canary = true;
		wishes->canary_name = value;
		return true;
	case 'g':
		wishes->growth = true;
		return true;
	case 'l':
		wishes->large = true;
		return true;
	case 'd':
		wishes->determinism = true;
		return true;
	case 'r':
		seals_real(true);
		return true;
	case 't':
		options->trace = true;
		return true;
	default:
		return false;
	}
}

static bool wishes_read(struct wishes *wishes, int count, char **arguments)
{
	static const struct option options[] = {
	    {"seeds", required_argument, NULL, 's'}, {"from", required_argument, NULL, 'f'},
	    {"hours", required_argument, NULL, 'h'}, {"cities", required_argument, NULL, 'c'},
	    {"jobs", required_argument, NULL, 'j'},  {"canary", optional_argument, NULL, 'y'},
	    {"growth", no_argument, NULL, 'g'},      {"large", no_argument, NULL, 'l'},
	    {"determinism", no_argument, NULL, 'd'}, {"real-signatures", no_argument, NULL, 'r'},
	    {"trace", no_argument, NULL, 't'},       {NULL, 0, NULL, 0},
	};
	*wishes = (struct wishes){.runs.options.seed = 1};
	for (int c; (c = getopt_long(count, arguments, "", options, NULL)) != -1;)
		if (!wish_take(wishes, c, optarg))
			return false;
	if (optind < count)
		wishes->runs.options.seed = strtoull(arguments[optind++], NULL, 10);
	return optind == count;
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
	/* Memory that one seed gives back the next one takes: no use in asking the system for it each time. */
	mallopt(M_TRIM_THRESHOLD, 256 * 1024 * 1024);
	mallopt(M_MMAP_THRESHOLD, 64 * 1024 * 1024);
	mallopt(M_TOP_PAD, 16 * 1024 * 1024);
	if (wishes.canary)
		return canaries_sing(&wishes.runs, wishes.canary_name);
	if (wishes.growth)
		return growth_table();
	if (wishes.large)
		return runner_large(&wishes.runs);
	if (wishes.determinism)
		return runner_determinism(&wishes.runs);
	return runner_seeds(&wishes.runs);
}
