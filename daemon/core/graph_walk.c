/* Walking a graph. Looking changes nothing, so that many may look at once: marks are made for each walk. */
#include <stdlib.h>

#include "graph_internal.h"

enum { MARK_OURS = 1, MARK_THEIRS = 2 };

struct walk {
	uint8_t *marks; /* one for each entry up to from */
	uint32_t from;  /* the greatest index marked */
	uint32_t ours;  /* entries marked ours alone and not visited yet */
};

static bool walk_init(const struct graph *graph, struct walk *walk)
{
	*walk = (struct walk){.marks = calloc(graph->count, 1)}; /* untouched pages cost nothing */
	return walk->marks != NULL;
}

static void walk_mark(struct walk *walk, uint32_t index, uint8_t mark)
{
	walk->ours -= walk->marks[index] == MARK_OURS;
	walk->marks[index] |= mark;
	walk->ours += walk->marks[index] == MARK_OURS;
	walk->from = index > walk->from ? index : walk->from;
}

/* From the greatest index down, each entry hands its marks to its parents: visits what is ours and not theirs, newest
 * first, until none is left or visit answers false. */
static void walk_down(const struct graph *graph, struct walk *walk, bool (*visit)(void *context, uint32_t index),
		      void *context)
{
	for (uint32_t i = walk->from + 1; i-- > 0 && walk->ours > 0;) {
		const uint8_t mark = walk->marks[i];
		const struct graph_entry *entry = &graph->entries[i];
		if (mark == 0)
			continue;
		walk->ours -= mark == MARK_OURS;
		if (mark == MARK_OURS && !visit(context, i))
			break;
		for (uint32_t p = 0; p < entry->parents_count; p++)
			walk_mark(walk, graph_parent(graph, entry, p), mark);
	}
	free(walk->marks);
}

struct reach {
	uint32_t wanted;
	bool found;
};

static bool reach_visit(void *context, uint32_t index)
{
	struct reach *reach = context;
	reach->found = reach->found || index == reach->wanted;
	return index > reach->wanted;
}

bool graph_reached(const struct graph *graph, uint32_t index, const struct hash *heads, size_t count)
{
	struct walk walk = {0};
	for (size_t i = 0; i < count; i++) {
		const uint32_t head = graph_find(graph, &heads[i]);
		if (head == GRAPH_NONE || head < index)
			continue;
		if (head == index || graph->linear) {
			free(walk.marks);
			return true;
		}
		if (!walk.marks && !walk_init(graph, &walk))
			return false;
		walk_mark(&walk, head, MARK_OURS);
	}
	struct reach reach = {.wanted = index};
	if (walk.marks)
		walk_down(graph, &walk, reach_visit, &reach);
	return reach.found;
}

static void beyond_in_chain(const struct graph *graph, const struct hash *have, size_t have_count,
			    bool (*visit)(void *context, uint32_t index), void *context)
{
	uint32_t floor = 0;
	for (size_t i = 0; i < have_count; i++) {
		const uint32_t index = graph_find(graph, &have[i]);
		if (index != GRAPH_NONE && index + 1 > floor)
			floor = index + 1;
	}
	for (uint32_t i = graph->committed; i-- > floor;)
		if (!visit(context, i))
			return;
}

static void beyond(const struct graph *graph, const struct hash_set *from, const struct hash *have, size_t have_count,
		   bool (*visit)(void *context, uint32_t index), void *context)
{
	struct walk walk;
	struct hash_set_walk at = {0};
	const struct hash *head;
	if (graph->linear && graph->regular) {
		beyond_in_chain(graph, have, have_count, visit, context);
		return;
	}
	if (from->count == 0 || !walk_init(graph, &walk))
		return;
	while ((head = hash_set_next(from, &at)))
		walk_mark(&walk, graph_find(graph, head), MARK_OURS);
	for (size_t i = 0; i < have_count; i++) {
		const uint32_t index = graph_find(graph, &have[i]);
		if (index != GRAPH_NONE && index < graph->committed)
			walk_mark(&walk, index, MARK_THEIRS);
	}
	walk_down(graph, &walk, visit, context);
}

void graph_beyond(const struct graph *graph, const struct hash *have, size_t have_count,
		  bool (*visit)(void *context, uint32_t index), void *context)
{
	beyond(graph, graph_heads(graph), have, have_count, visit, context);
}

void graph_lacking(const struct graph *graph, const struct hash *have, size_t have_count,
		   bool (*visit)(void *context, uint32_t index), void *context)
{
	beyond(graph, graph_told(graph), have, have_count, visit, context);
}

size_t graph_locator(const struct graph *graph, struct hash *ret_ids, size_t max)
{
	size_t count = hash_set_copy(&graph->tips, 0, ret_ids, max / 2);
	uint32_t distance = 1;
	for (uint32_t index = graph->committed; index > distance && count < max; distance *= 2) {
		index -= distance;
		ret_ids[count++] = graph->entries[index].id;
	}
	if (graph->committed > 0 && count < max)
		ret_ids[count++] = graph->entries[0].id;
	return count;
}
