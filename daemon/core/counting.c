#include "counting.h"

static bool cutoffs_pass(const struct acts *acts, const struct graph *graph, uint32_t index, const struct hash *heads,
			 size_t heads_count)
{
	const struct hash *city = graph_city(graph);
	const size_t count = acts_cutoffs(acts, city);
	for (size_t i = 0; i < count; i++) {
		const size_t cutoff = acts_cutoff(acts, city, i);
		if (acts_cutoff_applies(acts, cutoff, heads, heads_count, graph_at(graph, index)->key) &&
		    !graph_cut_reaches(graph, cutoff, index))
			return false;
	}
	return true;
}

bool bundle_counts(const struct acts *acts, const struct graph *graph, uint32_t index, const struct hash *heads,
		   size_t heads_count)
{
	bool may_speak;
	return acts_may_speak(acts, graph_city(graph), heads, heads_count, graph_at(graph, index)->key, &may_speak) ==
		   TWINLOG_OK &&
	       may_speak && cutoffs_pass(acts, graph, index, heads, heads_count);
}

enum twinlog_error bundle_cuts_set(const struct acts *acts, struct graph *graph)
{
	const size_t count = acts_cutoffs(acts, graph_city(graph));
	for (size_t i = 0; i < count; i++) {
		const size_t cutoff = acts_cutoff(acts, graph_city(graph), i);
		size_t heads_count;
		const struct hash *heads = acts_cutoff_heads(acts, cutoff, &heads_count);
		const enum twinlog_error error =
		    heads ? graph_cut_set(graph, cutoff, heads, heads_count) : TWINLOG_NO_MEMORY;
		if (error)
			return error;
	}
	return TWINLOG_OK;
}
