/* Clients that wait until enough other cities hold what was written. */
#include "node_internal.h"

static uint32_t cities_that_hold(const struct node *node, const struct waiting *waiting)
{
	const struct space *space = node_space_find(node, &waiting->space);
	size_t members_count;
	uint32_t holders = 0;
	if (!space)
		return 0;
	const struct member *members = acts_members(space->acts, &members_count);
	for (size_t i = 0; i < members_count; i++) {
		bool holds = !hash_equal(&members[i].identity, &node->card->identity);
		for (size_t b = 0; b < waiting->count && holds; b++)
			holds = space_reaches(space, &members[i].identity, waiting->sequences[b]);
		holders += holds;
	}
	return holders;
}

static void waited_reply(struct node *node, const struct waiting *waiting, uint32_t cities)
{
	Twinlog__Reply reply = TWINLOG__REPLY__INIT;
	Twinlog__Waited waited = TWINLOG__WAITED__INIT;
	waited.cities = cities;
	reply.id = waiting->request_id;
	reply.commit = node->commit;
	reply.body_case = TWINLOG__REPLY__BODY_WAITED;
	reply.waited = &waited;
	effect_reply(node, waiting->client, &reply);
}

void waits_check(struct node *node)
{
	if (!node->waits_stale && node->waits_deadline_mono_ms > node->now.mono_ms)
		return;
	node->waits_stale = false;
	node->waits_deadline_mono_ms = UINT64_MAX;
	for (size_t i = node->waits.count; i-- > 0;) {
		const struct waiting *waiting = &node->waits.items[i];
		const uint32_t cities = cities_that_hold(node, waiting);
		if (cities < waiting->cities && waiting->deadline_mono_ms > node->now.mono_ms) {
			if (waiting->deadline_mono_ms < node->waits_deadline_mono_ms)
				node->waits_deadline_mono_ms = waiting->deadline_mono_ms;
			continue;
		}
		waited_reply(node, waiting, cities);
		free(node->waits.items[i].sequences);
		ARRAY_DROP(&node->waits, i);
	}
}

void waits_request(struct node *node, uint64_t client, const Twinlog__Request *request)
{
	const Twinlog__Wait *wait = request->wait;
	const struct hash id = bytes_hash(wait->space);
	const struct space *space = space_by_id(node, &id);
	const struct graph *graph = space ? space_graph_of(space, &node->card->identity) : NULL;
	if (!space) {
		effect_fault(node, client, request->id, TWINLOG_NOT_FOUND, "space", NULL);
		return;
	}
	size_t own = 0;
	for (size_t i = 0; i < node->waits.count; i++)
		own += node->waits.items[i].writer == node->writer;
	if (wait->n_bundles > TWINLOG_WAIT_BUNDLES_MAX) {
		effect_fault(node, client, request->id, TWINLOG_TOO_MANY, "bundles", NULL);
		return;
	}
	if (node->waits.count >= TWINLOG_CLIENTS_MAX || own >= TWINLOG_WAITS_MAX) {
		effect_fault(node, client, request->id, TWINLOG_TOO_MANY, "waiting clients", NULL);
		return;
	}
	uint64_t *sequences = malloc((wait->n_bundles + 1) * sizeof *sequences);
	struct waiting *waiting = sequences ? ARRAY_PUSH(&node->waits) : NULL;
	if (!waiting) {
		free(sequences);
		node->out_of_memory = true;
		return;
	}
	*waiting = (struct waiting){.client = client,
				    .writer = node->writer,
				    .request_id = request->id,
				    .space = id,
				    .sequences = sequences,
				    .cities = wait->cities};
	node->waits_stale = true;
	waiting->deadline_mono_ms =
	    node->now.mono_ms + (wait->timeout_ms < TWINLOG_WAIT_MAX_MS ? wait->timeout_ms : TWINLOG_WAIT_MAX_MS);
	for (size_t i = 0; i < wait->n_bundles; i++) {
		const struct hash bundle = bytes_hash(wait->bundles[i]);
		const uint32_t index = graph ? graph_find(graph, &bundle) : GRAPH_NONE;
		/* One that is not here is held by nobody, as far as this daemon can say. */
		sequences[waiting->count++] = index != GRAPH_NONE ? graph_at(graph, index)->sequence : UINT64_MAX;
	}
}
