/* The trouble with machines and their disks: what breaks, when, and how it comes back. Then the healing. */
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
	sim_fault(sim, FAULT_CRASH);
}

/* Some effects of a step to come are carried out, the rest never. */
static void fault_crash_in_step(struct sim *sim)
{
	struct machine *machine = &sim->machines[any_machine(sim)];
	if (machine->running)
		machine->crash_after = (unsigned)rng_between(&sim->rng, 1, 8);
}

void faults_crash_in_step(struct sim *sim, unsigned machine)
{
	if (sim->healed)
		return;
	sim_fault(sim, FAULT_CRASH_IN_STEP);
	machine_stop(sim, machine, false);
	boot_later(sim, machine, 5000);
}

/* The commit reports failure; the rows are on the disk all the same, or are not. The process starts anew from it. */
static void fault_commit(struct sim *sim)
{
	for (unsigned m = 0; m < sim->machines_count; m++) {
		const bool durable = rng_chance(&sim->rng, 700);
		if (!sim->machines[m].running || !sim->machines[m].committing)
			continue;
		machine_stop(sim, m, durable);
		boot_later(sim, m, 2000);
		sim_fault(sim, durable ? FAULT_COMMIT_DURABLE : FAULT_COMMIT_LOST);
		return;
	}
}

static void fault_disk_full(struct sim *sim)
{
	struct machine *machine = &sim->machines[any_machine(sim)];
	if (!machine->running)
		return;
	machine->full_until_ms = sim->now_ms + rng_between(&sim->rng, 1000, 120000);
	sim_fault(sim, FAULT_DISK_FULL);
}

static void fault_clock(struct sim *sim)
{
	const int64_t day = 86400000;
	int64_t *skew = &sim->machines[any_machine(sim)].wall_skew_ms;
	*skew = (int64_t)rng_below(&sim->rng, 2 * (uint64_t)day) - day;
	if (rng_chance(&sim->rng, 300))
		*skew = 0;
	sim_fault(sim, FAULT_CLOCK);
}

/* ---- Disks ---- */

void faults_excuse(struct sim *sim)
{
	for (size_t i = 0; i < sim->promises_count; i++) {
		struct promise *promise = &sim->promises[i];
		bool held = false;
		for (unsigned m = 0; m < sim->machines_count && !held; m++)
			held = sim->machines[m].exists && !sim->machines[m].thief &&
			       disk_holds(&sim->machines[m].disk, promise->object);
		promise->excused |= !held;
	}
}

void faults_replace(struct sim *sim, unsigned number, const struct disk *content, bool same_machine)
{
	struct machine *machine = &sim->machines[number];
	machine_stop(sim, number, false);
	disk_empty(&machine->disk);
	if (!machine->thief) /* the recovery file has the newest */
		machine->disk.key = sim->cities[machine->city].keys_count - 1;
	if (content)
		disk_copy(&machine->disk, content);
	if (!same_machine)
		machine->disk.machine = rng_next(&sim->rng) | 1;
	machine->flipped = false;
	machine->lineage++;
	sim->rolled_back = true;
	faults_excuse(sim);
	boot_later(sim, number, 10000);
}

/* A copy of the disk put back as it is, or a backup restored, which is withheld until a partner's erasures are known.
 */
static void fault_restore(struct sim *sim)
{
	struct city *city = &sim->cities[any_city(sim)];
	struct machine *machine = &sim->machines[city->machine];
	if (city->backups_count < SIM_BACKUPS && (!city->backups_count || rng_chance(&sim->rng, 500))) {
		if (machine->flipped)
			return;
		struct disk *backup = sim_alloc(sizeof *backup);
		disk_copy(backup, &machine->disk);
		city->backups[city->backups_count++] = backup;
		return;
	}
	const bool marked = rng_chance(&sim->rng, 500);
	sim_note(sim, "%s goes back to an old %s", city->city_id, marked ? "backup" : "copy");
	faults_replace(sim, city->machine, city->backups[rng_below(&sim->rng, city->backups_count)],
		       !marked && rng_chance(&sim->rng, 500));
	machine->disk.restored |= marked;
	sim_fault(sim, marked ? FAULT_RESTORE_MARKED : FAULT_RESTORE);
}

static void fault_loss(struct sim *sim)
{
	const unsigned city = any_city(sim);
	sim_note(sim, "%s loses its machine", sim->cities[city].city_id);
	faults_replace(sim, sim->cities[city].machine, NULL, false);
	sim_fault(sim, FAULT_MACHINE_LOST);
}

static void fault_snapshot(struct sim *sim)
{
	past_take(sim, any_machine(sim));
}

static void fault_doubled(struct sim *sim)
{
	const unsigned city = any_city(sim);
	unsigned twin = sim->cities[city].twin;
	if ((twin != NO_MACHINE && sim->machines[twin].exists) || sim->machines[sim->cities[city].machine].flipped)
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
	sim_fault(sim, FAULT_DOUBLED);
}

void faults_retire(struct sim *sim, unsigned number)
{
	struct machine *machine = &sim->machines[number];
	if (!machine->exists || sim->cities[machine->city].machine == number)
		return;
	machine_stop(sim, number, false);
	disk_empty(&machine->disk);
	machine->exists = machine->flipped = machine->thief = false;
	machine->lineage++;
	faults_excuse(sim);
}

static struct blob *blob_flipped(struct sim *sim, const struct blob *blob)
{
	struct blob *flipped = blob_new(blob->bytes, blob->size);
	flipped->bytes[rng_below(&sim->rng, blob->size)] ^= (uint8_t)(1u << rng_below(&sim->rng, 8));
	return flipped;
}

/* One bit of one row. The page it lies on has no checksum: what is served from it, and the next start, must find out.
 */
static void fault_flip(struct sim *sim)
{
	struct machine *machine = &sim->machines[any_machine(sim)];
	struct disk *disk = &machine->disk;
	struct disk_rows *rows = rng_chance(&sim->rng, 800) ? &disk->bundles : &disk->acts;
	if (!machine->exists || !rows->count)
		return;
	struct blob **blob = rng_chance(&sim->rng, 100) && disk->positions_count
				 ? &disk->positions[rng_below(&sim->rng, disk->positions_count)].blob
			     : rng_chance(&sim->rng, 200) ? &rows->items[rows->count - 1].blob
							  : &rows->items[rng_below(&sim->rng, rows->count)].blob;
	struct blob *flipped = blob_flipped(sim, *blob);
	blob_drop(*blob);
	*blob = flipped;
	machine->flipped = true;
	sim_fault(sim, FAULT_FLIP_STORE);
}

/* ---- Which, and when ---- */

static const struct {
	unsigned per_mille, most; /* of runs in which it strikes at all; the greatest weight */
	void (*strike)(struct sim *sim);
} strikes[] = {
    {500, 10, fault_crash},  {400, 20, fault_crash_in_step}, {400, 10, fault_commit},  {200, 5, fault_disk_full},
    {600, 20, lines_cut},    {500, 10, lines_partition},     {250, 6, lines_swizzle},  {300, 3, fault_clock},
    {300, 4, fault_restore}, {150, 2, fault_loss},           {200, 6, fault_snapshot}, {250, 3, fault_doubled},
    {150, 3, fault_flip},
};
#define STRIKES   (sizeof strikes / sizeof *strikes)
#define REDIAL_MS UINT64_C(60000) /* a partner that was away is tried again within this */

void faults_draw(struct sim *sim)
{
	static_assert(STRIKES <= STRIKES_MAX, "room for all weights");
	for (size_t i = 0; i < STRIKES; i++) {
		sim->profile.weights[i] = profile_maybe(sim, strikes[i].per_mille, strikes[i].most);
		sim->profile.snapshots |= strikes[i].strike == fault_snapshot && sim->profile.weights[i];
	}
}

void faults_draw_all(struct sim *sim)
{
	for (size_t i = 0; i < STRIKES; i++)
		sim->profile.weights[i] = strikes[i].strike == fault_snapshot ? 0 : strikes[i].most;
}

void faults_strike(struct sim *sim)
{
	unsigned whole = 0;
	for (size_t i = 0; i < STRIKES; i++)
		whole += sim->profile.weights[i];
	uint64_t at = rng_below(&sim->rng, whole);
	for (size_t i = 0; i < STRIKES && whole; i++) {
		if (at < sim->profile.weights[i]) {
			strikes[i].strike(sim);
			return;
		}
		at -= sim->profile.weights[i];
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
	for (unsigned m = 0; m < sim->machines_count; m++) {
		struct machine *machine = &sim->machines[m];
		machine->full_until_ms = machine->crash_after = 0;
		/* The operator's check of the store finds what no start has found yet. */
		if (machine->flipped) {
			faults_replace(sim, m, NULL, false);
			/* Until it was dialled, all may look equal because nobody holds anything. */
			sim->look_ms = sim->now_ms + REDIAL_MS;
		}
		machine_boot(sim, m);
	}
}
