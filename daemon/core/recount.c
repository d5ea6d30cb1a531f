/* What counts, as acts and bundles come. An act revisits the bundles of the one city it touches; a bundle revisits
 * others only when it is a head that a cut-off waited for. */
#include "node_internal.h"

static bool space_bundle_counts(const struct space *space, const struct graph *graph, uint32_t index)
{
	const struct act_heads *named = &space->act_heads.items[graph_at(graph, index)->acts_ref];
	return bundle_counts(space->acts, graph, index, named->heads, named->count);
}

struct recount {
	struct space *space;
	struct graph *graph;
};

static bool recount_counts(void *context, uint32_t index)
{
	const struct recount *recount = context;
	return space_bundle_counts(recount->space, recount->graph, index);
}

static void recount_changed(void *context, uint32_t index)
{
	const struct recount *recount = context;
	if (index < graph_committed(recount->graph))
		statements_recount(recount->space->statements, graph_at(recount->graph, index)->sequence,
				   graph_at(recount->graph, index)->counts);
}

static enum twinlog_error city_recount(struct space *space, struct graph *graph)
{
	struct recount recount = {space, graph};
	const enum twinlog_error error = graph_recount(graph, recount_counts, recount_changed, &recount);
	statements_settle(space->statements);
	return error;
}

enum twinlog_error space_bundle_added(struct node *node, struct space *space, struct graph *graph)
{
	const uint32_t index = graph_count(graph) - 1;
	const struct graph_entry *entry = graph_at(graph, index);
	if (graph_cut_grew(graph)) {
		space_turned_by_head(node, space, graph_city(graph), &entry->id, entry->sequence);
		return city_recount(space, graph);
	}
	graph_set_counts(graph, index, space_bundle_counts(space, graph, index));
	return TWINLOG_OK;
}

void space_recount(struct node *node, struct space *space)
{
	struct hash city;
	const enum acts_touched touched = acts_touched(space->acts, &city);
	if (acts_parties_changed(space->acts))
		statements_members_changed(space->statements);
	for (size_t i = 0; i < space->graphs.count && touched != ACTS_TOUCHED_NONE; i++) {
		struct graph *graph = space->graphs.items[i];
		if (touched == ACTS_TOUCHED_CITY && !hash_equal(graph_city(graph), &city))
			continue;
		if (bundle_cuts_set(space->acts, graph) || city_recount(space, graph))
			node->out_of_memory = true;
	}
}
