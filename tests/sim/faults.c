/* The trouble: what breaks, when, and how it comes back. Then the healing. */
#include <stdlib.h>

#include "sim.h"

static unsigned any_city(struct sim *sim)
{
	return (unsigned)rng_below(&sim->rng, sim->profile.cities);
}

static unsigned any_machine(struct sim *sim)
{
	return (unsigned)rng_below(&sim->rng, sim->machines_count);
}

static void boot_later(struct sim *sim, unsigned machine, uint64_t most_ms)
{
	schedule_put(
	    &sim->schedule,
	    (struct job){.at_ms = sim->now_ms + rng_below(&sim->rng, most_ms), .type = JOB_BOOT, .machine = machine});
}

static void fault_crash(struct sim *sim)
{
	const unsigned machine = any_machine(sim);
	if (!sim->machines[machine].running)
		return;
	machine_stop(sim, machine, false);
	boot_later(sim, machine, rng_chance(&sim->rng, 200) ? 90000 : 5000);
}

/* The commit reports failure; the rows are on the disk all the same, or are not. The process starts anew from it. */
static void fault_commit(struct sim *sim)
{
	for (unsigned m = 0; m < sim->machines_count; m++) {
		if (!sim->machines[m].running || !sim->machines[m].committing)
			continue;
		machine_stop(sim, m, rng_chance(&sim->rng, 700));
		boot_later(sim, m, 2000);
		return;
	}
}

static void fault_cut(struct sim *sim)
{
	const unsigned times = rng_chance(&sim->rng, 200) ? 10 : 1;
	for (unsigned i = 0; i < times; i++)
		network_cut_tie(sim, (uint32_t)rng_below(&sim->rng, sim->ties_count), rng_chance(&sim->rng, 200));
}

static void block_for(struct sim *sim, unsigned from, unsigned to, uint64_t ms)
{
	if (from == to || sim->blocked[from * sim->profile.cities + to])
		return;
	network_block(sim, from, to, true);
	schedule_put(&sim->schedule,
		     (struct job){.at_ms = sim->now_ms + ms, .type = JOB_HEAL, .machine = from, .end = to});
}

static void fault_partition(struct sim *sim)
{
	const unsigned from = any_city(sim), to = any_city(sim);
	const uint64_t ms = rng_between(&sim->rng, 500, rng_chance(&sim->rng, 300) ? 120000 : 15000);
	const uint64_t shape = rng_below(&sim->rng, 3);
	block_for(sim, from, to, ms);
	if (shape > 0)
		block_for(sim, to, from, ms);
	for (unsigned other = 0; shape == 2 && other < sim->profile.cities; other++) {
		block_for(sim, from, other, ms);
		block_for(sim, other, from, ms);
	}
}

static void fault_clock(struct sim *sim)
{
	const int64_t day = 86400000;
	int64_t *skew = &sim->machines[any_machine(sim)].wall_skew_ms;
	*skew = (int64_t)rng_below(&sim->rng, 2 * (uint64_t)day) - day;
	if (rng_chance(&sim->rng, 300))
		*skew = 0;
}

void faults_excuse(struct sim *sim)
{
	for (size_t i = 0; i < sim->promises_count; i++) {
		struct promise *promise = &sim->promises[i];
		bool held = false;
		for (unsigned m = 0; m < sim->machines_count && !held; m++)
			held = sim->machines[m].exists && disk_holds(&sim->machines[m].disk, promise->object);
		promise->excused |= !held;
	}
}

/* The disk of a city's machine gives way to another content; NULL: to nothing. */
static void disk_replace(struct sim *sim, unsigned number, const struct disk *content, bool same_machine)
{
	struct machine *machine = &sim->machines[number];
	machine_stop(sim, number, false);
	disk_empty(&machine->disk);
	if (content)
		disk_copy(&machine->disk, content);
	if (!same_machine)
		machine->disk.machine = rng_next(&sim->rng) | 1;
	machine->lineage++;
	sim->rolled_back = true;
	faults_excuse(sim);
	boot_later(sim, number, 10000);
}

static void fault_restore(struct sim *sim)
{
	struct city *city = &sim->cities[any_city(sim)];
	if (city->backups_count < SIM_BACKUPS && (!city->backups_count || rng_chance(&sim->rng, 500))) {
		struct disk *backup = sim_alloc(sizeof *backup);
		disk_copy(backup, &sim->machines[city->machine].disk);
		city->backups[city->backups_count++] = backup;
		return;
	}
	sim_note(sim, "%s goes back to an old backup", city->city_id);
	disk_replace(sim, city->machine, city->backups[rng_below(&sim->rng, city->backups_count)],
		     rng_chance(&sim->rng, 500));
}

static void fault_loss(struct sim *sim)
{
	const unsigned city = any_city(sim);
	sim_note(sim, "%s loses its machine", sim->cities[city].city_id);
	disk_replace(sim, sim->cities[city].machine, NULL, false);
}

static void fault_doubled(struct sim *sim)
{
	const unsigned city = any_city(sim);
	unsigned twin = sim->cities[city].twin;
	if (twin != NO_MACHINE && sim->machines[twin].exists)
		return;
	sim_note(sim, "%s runs twice", sim->cities[city].city_id);
	if (twin == NO_MACHINE)
		twin = machine_new(sim, city);
	sim->machines[twin].exists = true;
	sim->cities[city].twin = twin;
	disk_copy(&sim->machines[twin].disk, &sim->machines[sim->cities[city].machine].disk);
	sim->rolled_back = true;
	machine_boot(sim, twin);
	schedule_put(&sim->schedule, (struct job){.at_ms = sim->now_ms + rng_between(&sim->rng, 1000, 90000),
						  .type = JOB_RETIRE,
						  .machine = twin});
}

void faults_retire(struct sim *sim, unsigned number)
{
	struct machine *machine = &sim->machines[number];
	if (!machine->exists || sim->cities[machine->city].machine == number)
		return;
	machine_stop(sim, number, false);
	disk_empty(&machine->disk);
	machine->exists = false;
	machine->lineage++;
	faults_excuse(sim);
}

void faults_strike(struct sim *sim)
{
	const struct profile *profile = &sim->profile;
	const struct {
		unsigned weight;
		void (*strike)(struct sim *sim);
	} faults[] = {
	    {profile->crash, fault_crash},     {profile->commit_failure, fault_commit},
	    {profile->cut, fault_cut},         {profile->partition, fault_partition},
	    {profile->clock, fault_clock},     {profile->restore, fault_restore},
	    {profile->doubled, fault_doubled}, {profile->loss, fault_loss},
	};
	const size_t count = sizeof faults / sizeof *faults;
	unsigned whole = 0;
	for (size_t i = 0; i < count; i++)
		whole += faults[i].weight;
	uint64_t at = rng_below(&sim->rng, whole);
	for (size_t i = 0; i < count && whole; i++) {
		if (at < faults[i].weight) {
			faults[i].strike(sim);
			return;
		}
		at -= faults[i].weight;
	}
}

void faults_heal(struct sim *sim)
{
	const unsigned cities = sim->profile.cities;
	sim_note(sim, "everything heals");
	sim->healed = true;
	for (unsigned m = 0; m < sim->machines_count; m++)
		faults_retire(sim, m);
	for (unsigned from = 0; from < cities; from++)
		for (unsigned to = 0; to < cities; to++)
			network_block(sim, from, to, false);
	for (unsigned m = 0; m < sim->machines_count; m++)
		machine_boot(sim, m);
}
