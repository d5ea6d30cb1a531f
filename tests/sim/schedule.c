/* A heap of jobs by time; those of one moment in the order they were put. */
#include <assert.h>

#include "sim.h"

static bool job_before(const struct job *a, const struct job *b)
{
	return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void schedule_put(struct schedule *schedule, struct job job)
{
	schedule->heap = sim_grow(schedule->heap, schedule->count, &schedule->capacity, sizeof *schedule->heap);
	job.order = schedule->order++;
	size_t at = schedule->count++;
	while (at && job_before(&job, &schedule->heap[(at - 1) / 2])) {
		schedule->heap[at] = schedule->heap[(at - 1) / 2];
		at = (at - 1) / 2;
	}
	schedule->heap[at] = job;
}

bool schedule_take(struct schedule *schedule, struct job *ret_job)
{
	if (!schedule->count)
		return false;
	*ret_job = schedule->heap[0];
	const struct job last = schedule->heap[--schedule->count];
	size_t at = 0;
	for (;;) {
		size_t child = 2 * at + 1;
		if (child >= schedule->count)
			break;
		if (child + 1 < schedule->count && job_before(&schedule->heap[child + 1], &schedule->heap[child]))
			child++;
		if (!job_before(&schedule->heap[child], &last))
			break;
		schedule->heap[at] = schedule->heap[child];
		at = child;
	}
	schedule->heap[at] = last;
	return true;
}
