/* Broken promises, planted one by one: each check has to bite, with the verdict that the fault deserves. */
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sim.h"

#define CANARY_SEEDS 40u /* tried until one shows the planted fault */

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

static bool canary_found(const struct runs *runs, enum canary canary)
{
	for (unsigned i = 0; i < CANARY_SEEDS; i++) {
		struct sim_options options = runs->options;
		struct sim_report report;
		options.seed += i;
		options.canary = canary;
		fflush(NULL);
		const pid_t child = fork();
		if (child == 0) {
			runner_seed(&options, &report);
			_exit(SIM_OK);
		}
		int status = 0;
		if (child < 0 || waitpid(child, &status, 0) != child || !WIFEXITED(status))
			return false;
		if (WEXITSTATUS(status) == (int)canaries[canary].verdict)
			return true;
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

void canaries_list(void)
{
	for (enum canary canary = CANARY_NONE + 1; canary < CANARY_COUNT; canary++)
		printf("%s\n", canaries[canary].name);
}
