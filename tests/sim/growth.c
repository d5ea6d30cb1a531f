/* How what a city says grows with the number of cities and with the history: worlds without trouble, with all that was
 * said counted in three parts: until all spaces stand, until a number of words is everywhere, and an hour of quiet. */
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

static const struct row {
	unsigned cities, spaces, words; /* words: of each city */
} rows[] = {
    {3, 3, 4},    {12, 20, 4},  {50, 120, 4},  {200, 600, 4},  {600, 2000, 4},
    {12, 20, 16}, {12, 20, 64}, {12, 20, 256}, {12, 20, 1024},
};

enum { FOUNDING, SAYING, IDLE, PHASES };
#define LOOK_MS  5000u /* between two looks for convergence */
#define WORDS_MS 2000u /* between two words of a city */
#define IDLE_MS  3600000u
#define MOST_MS  36000000u /* for a phase */

struct growth {
	uint64_t messages[PHASES], bytes[PHASES], records;
};

static void phase_end(struct sim *sim, struct growth *growth, unsigned phase)
{
	growth->messages[phase] = sim->messages;
	growth->bytes[phase] = sim->bytes;
	sim->messages = sim->bytes = 0;
}

static void until_equal(struct sim *sim, bool founding)
{
	const uint64_t latest_ms = sim->now_ms + MOST_MS;
	const char *lacks;
	do {
		for (unsigned i = 0; founding && i < sim->profile.cities; i++)
			office_prepare(sim, i);
		sim_run_until(sim, sim->now_ms + (founding ? LOOK_MS / 5 : LOOK_MS), NULL);
		lacks = founding && sim->now_ms / 1000 % 5 ? "not looked at" : converge_lacks(sim);
		if (lacks && sim->now_ms > latest_ms)
			sim_fail(sim, SIM_STUCK, "%s", lacks);
	} while (lacks);
}

static struct growth grow(const struct row *row)
{
	static struct sim sim;
	struct growth growth;
	sim_begin(&sim, &(struct sim_options){.seed = 1, .cities = row->cities, .spaces = row->spaces});
	sim_run_until(&sim, LOOK_MS, NULL);
	until_equal(&sim, true);
	phase_end(&sim, &growth, FOUNDING);
	for (unsigned word = 0; word < row->words; word++) {
		for (unsigned i = 0; i < row->cities; i++)
			words_submit(&sim, sim.cities[i].machine);
		sim_run_until(&sim, sim.now_ms + WORDS_MS, NULL);
	}
	until_equal(&sim, false);
	phase_end(&sim, &growth, SAYING);
	growth.records = sim.accepted;
	sim_run_until(&sim, sim.now_ms + IDLE_MS, NULL);
	phase_end(&sim, &growth, IDLE);
	sim_end(&sim);
	return growth;
}

int growth_table(void)
{
	printf("cities | spaces | words | founding, messages a city | a word: messages | bytes | an idle hour, a city: "
	       "messages | bytes\n");
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		const struct growth growth = grow(&rows[i]);
		const double cities = rows[i].cities, words = (double)growth.records;
		printf("%6u | %6u | %5.0f | %24.0f | %16.1f | %5.0f | %30.0f | %5.0f\n", rows[i].cities, rows[i].spaces,
		       words, (double)growth.messages[FOUNDING] / cities, (double)growth.messages[SAYING] / words,
		       (double)growth.bytes[SAYING] / words, (double)growth.messages[IDLE] / cities,
		       (double)growth.bytes[IDLE] / cities);
		fflush(stdout);
	}
	return SIM_OK;
}
