/* Broken promises, planted one by one: each check has to bite, with the verdict that the fault deserves. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim.h"

#define CANARY_SEEDS 600u /* tried until one shows the planted fault */

static const struct {
	const char *name;
	enum sim_verdict verdict;
} canaries[CANARY_COUNT] = {
#define CANARY(id, name, verdict) [id] = {name, verdict},
#include "canaries.inc"
#undef CANARY
};

static int canary_run(const struct runs *runs)
{
	struct sim_report report;
	if (runs->options.canary == CANARY_CHANCE)
		return runner_determinism(runs);
	runner_seed(&runs->options, &report);
	return SIM_OK;
}

static bool canary_found(const struct runs *runs, enum canary canary)
{
	for (unsigned i = 0; i < CANARY_SEEDS; i++) {
		struct runs one = {.options = runs->options, .seeds = 1};
		one.options.seed += i;
		one.options.canary = canary;
		fflush(NULL);
		const pid_t child = fork();
		if (child == 0)
			_exit(canary_run(&one));
		int status = 0;
		if (child < 0 || waitpid(child, &status, 0) != child)
			return false;
		const int verdict = WIFEXITED(status) ? WEXITSTATUS(status) : SIM_CRASHED;
		if (verdict != SIM_OK)
			return verdict == (int)canaries[canary].verdict;
	}
	return false;
}

int canaries_sing(const struct runs *runs, const char *name)
{
	unsigned tried = 0, found = 0;
	for (enum canary canary = CANARY_NONE + 1; canary < CANARY_COUNT; canary++) {
		if (name && strcmp(name, canaries[canary].name) != 0)
			continue;
		const bool bitten = canary_found(runs, canary);
		tried++;
		found += bitten;
		printf("canary %s: %s\n", canaries[canary].name, bitten ? "found" : "NOT FOUND");
	}
	return tried && found == tried ? SIM_OK : SIM_UNSAFE;
}
