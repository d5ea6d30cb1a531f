/* The graphs of a space, one for each city that said something, and the act heads that their bundles name. */
#include "node_internal.h"

/* Where the city's graph is, or would be. */
static size_t graph_place(const struct space *space, const struct hash *city)
{
	size_t low = 0, high = space->graphs.count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (hash_compare(graph_city(space->graphs.items[middle]), city) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct graph *space_graph(struct space *space, const struct hash *city)
{
	const size_t place = graph_place(space, city);
	return place < space->graphs.count && hash_equal(graph_city(space->graphs.items[place]), city)
		   ? space->graphs.items[place]
		   : NULL;
}

const struct graph *space_graph_of(const struct space *space, const struct hash *city)
{
	return space_graph((struct space *)(uintptr_t)space, city);
}

struct graph *space_graph_make(struct space *space, const struct hash *city)
{
	struct graph *graph = space_graph(space, city);
	if (graph || graph_new(city, &graph))
		return graph;
	const size_t at = graph_place(space, city);
	struct graph **place = bundle_cuts_set(space->acts, graph) ? NULL : ARRAY_PUSH(&space->graphs);
	if (!place) {
		graph_free(graph);
		return NULL;
	}
	for (; place > &space->graphs.items[at]; place--)
		*place = place[-1];
	*place = graph;
	return graph;
}
