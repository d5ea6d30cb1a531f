/* Which bundles count: acts and one city's graph together. Pure; knows acts.h and graph.h. PROTOCOL, "Bundles": a
 * bundle counts if its city was a member under the acts it names, and each removal or change of key that asks it to be
 * reached by one of its heads is satisfied by itself. */
#ifndef TWINLOG_COUNTING_H
#define TWINLOG_COUNTING_H

#include "acts.h"
#include "graph.h"

/* Whether an entry counts that names these act heads. The graph knows its cut-offs. */
bool bundle_counts(const struct acts *acts, const struct graph *graph, uint32_t index, const struct hash *heads,
		   size_t heads_count);
/* Tells a graph the cut-offs of its city: when it is new, and when an act has touched the city. */
enum twinlog_error bundle_cuts_set(const struct acts *acts, struct graph *graph) TWINLOG_MUST_CHECK;

#endif
