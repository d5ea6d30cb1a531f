/* Making a node, and filling it at start with what the store holds. */
#include "node_internal.h"

enum twinlog_error node_new(const struct node_config *config, struct node **ret_node)
{
	struct node *node = calloc(1, sizeof *node);
	if (!node)
		return TWINLOG_NO_MEMORY;
	const enum twinlog_error error = card_open(config->signed_card, config->signed_card_size, &node->card);
	if (error) {
		free(node);
		return error;
	}
	node->keys = config->keys;
	node->machine = config->machine;
	node->restored = config->restored;
	memcpy(node->seed, config->seed, sizeof node->seed);
	*ret_node = node;
	return TWINLOG_OK;
}

void node_free(struct node *node)
{
	if (!node)
		return;
	for (size_t i = 0; i < node->peers.count; i++) {
		card_free(node->peers.items[i].card);
		for (size_t s = 0; s < node->peers.items[i].spaces.count; s++)
			free(node->peers.items[i].spaces.items[s].heads.items);
		free(node->peers.items[i].spaces.items);
	}
	for (size_t i = node->pendings_at; i < node->pendings.count; i++) {
		bundle_free(node->pendings.items[i].bundle);
		free(node->pendings.items[i].bytes);
	}
	for (size_t i = 0; i < node->serves.count; i++) {
		free(node->serves.items[i].sequences);
		free(node->serves.items[i].sizes);
	}
	free(node->owed.items);
	for (size_t i = 0; i < node->waits.count; i++)
		free(node->waits.items[i].sequences);
	for (size_t i = 0; i < node->requests.count; i++)
		free(node->requests.items[i].bytes);
	for (size_t i = 0; i < node->spaces.count; i++)
		space_close(&node->spaces.items[i]);
	for (size_t i = 0; i < node->offers.count; i++)
		acts_free(node->offers.items[i].acts);
	free(node->offers.items);
	free(node->links.items);
	free(node->peers.items);
	free(node->spaces.items);
	free(node->wants.items);
	free(node->serves.items);
	free(node->checks.items);
	free(node->waits.items);
	free(node->positions_gone.items);
	free(node->announces.items);
	free(node->pendings.items);
	free(node->requests.items);
	free(node->invites.items);
	free(node->to_sign.items);
	free(node->request_slots);
	card_free(node->card);
	card_free(node->former_card);
	seal_wipe(node->seed, sizeof node->seed);
	free(node);
}

enum twinlog_error node_load_card(struct node *node, const void *signed_card, size_t size, bool verified, bool removed,
				  uint64_t knows)
{
	return peer_load(node, signed_card, size, verified, removed, knows);
}

enum twinlog_error node_load_act(struct node *node, uint64_t sequence, const void *bytes, size_t size)
{
	struct act *act;
	enum twinlog_error error = act_open(bytes, size, &act);
	if (error)
		return error;
	struct space *space = space_by_id(node, &act->space);
	error = space ? acts_add(space->acts, act) : space_open(node, act, &space);
	if (error)
		act_free(act);
	else
		space_turned_by_act(node, space, act, sequence);
	node->sequence = sequence > node->sequence ? sequence : node->sequence;
	return error;
}

enum twinlog_error node_load_erasure(struct node *node, uint64_t sequence, const void *bytes, size_t size)
{
	struct erasure *erasure;
	enum twinlog_error error = erasure_open(bytes, size, &erasure);
	if (error)
		return error;
	struct space *space = space_by_id(node, &erasure->space);
	/* The store was checked when it was written: which of several keys it was is all that is asked. */
	size_t keys = 0;
	if (space)
		(void)acts_keys(space->acts, &erasure->signer, &keys);
	error = !space ? TWINLOG_UNKNOWN_PARENT : keys > 1 ? erasure_check(erasure, space->acts) : TWINLOG_OK;
	if (!error)
		error = erasures_load(space->erasures, erasure);
	if (error) {
		erasure_free(erasure);
		return error;
	}
	erasure->sequence = sequence;
	erasure->from = LINK_NONE_YET;
	erasures_commit(space->erasures);
	(void)erasures_judge(space->erasures, space->acts, &erasure->city, &erasure->leaf);
	node->sequence = sequence > node->sequence ? sequence : node->sequence;
	return TWINLOG_OK;
}

/* The store was checked when it was written, so the signature is asked only where it tells something: which of
 * several keys a city used, and of the bundles that no other names (node_load_tips). */
static enum twinlog_error load_open(const struct space *space, const void *bytes, size_t size, const struct hash *city,
				    struct bundle **ret_bundle)
{
	size_t count;
	const struct seal_public *keys = acts_keys(space->acts, city, &count);
	return bundle_open(bytes, size, count > 1 ? keys : NULL, count, ret_bundle);
}

static enum twinlog_error load_into(struct node *node, struct space *space, struct bundle *bundle, uint64_t sequence)
{
	const uint32_t ref = space_act_heads_ref(space, bundle->acts, bundle->acts_count);
	struct graph *graph = space_graph_make(space, &bundle->city);
	if (!graph || ref == UINT32_MAX)
		return TWINLOG_NO_MEMORY;
	enum twinlog_error error = graph_add(graph, bundle, sequence, true, (uint16_t)bundle->key, ref);
	if (!error)
		error = space_bundle_added(node, space, graph);
	const uint32_t index = graph_count(graph) - 1;
	if (error || (error = graph_commit(graph)) ||
	    (error = statements_apply(space->statements, bundle, sequence, graph_at(graph, index)->counts)))
		return error;
	erasures_hide(space, bundle);
	if (hash_equal(&bundle->city, &node->card->identity) && bundle->clock_ms > node->clock_ms)
		node->clock_ms = bundle->clock_ms;
	return TWINLOG_OK;
}

enum twinlog_error node_load_bundle(struct node *node, uint64_t sequence, const void *bytes, size_t size)
{
	/* Opened once to learn space and city, again only where the city has had several keys. */
	struct bundle *bundle;
	enum twinlog_error error = bundle_open(bytes, size, NULL, 0, &bundle);
	if (error)
		return error;
	struct space *space = space_by_id(node, &bundle->space);
	size_t keys_count = 0;
	if (space)
		(void)acts_keys(space->acts, &bundle->city, &keys_count);
	if (!space) {
		error = TWINLOG_UNKNOWN_PARENT;
	} else if (keys_count > 1) {
		struct bundle *verified;
		error = load_open(space, bytes, size, &bundle->city, &verified);
		if (!error) {
			bundle_free(bundle);
			bundle = verified;
		}
	}
	if (!error)
		error = load_into(node, space, bundle, sequence);
	bundle_free(bundle);
	node->sequence = sequence > node->sequence ? sequence : node->sequence;
	return error;
}

static enum twinlog_error load_tip(const struct space *space, const struct graph *graph, const struct hash *tip,
				   node_read_bundle read, void *context)
{
	const struct hash *city = graph_city(graph);
	const struct graph_entry *entry = graph_at(graph, graph_find(graph, tip));
	struct bundle *bundle = NULL;
	const uint8_t *bytes;
	size_t size, count;
	const struct seal_public *keys = acts_keys(space->acts, city, &count);
	enum twinlog_error error = read(context, entry->sequence, &bytes, &size);
	if (!error)
		error = bundle_open(bytes, size, keys, count, &bundle);
	bundle_free(bundle);
	return error;
}

enum twinlog_error node_load_tips(struct node *node, node_read_bundle read, void *context)
{
	enum twinlog_error error = TWINLOG_OK;
	for (size_t i = 0; i < node->spaces.count; i++) {
		const struct space *space = &node->spaces.items[i];
		for (size_t g = 0; g < space->graphs.count && !error; g++) {
			const struct graph *graph = space->graphs.items[g];
			struct hash_set_walk walk = {0};
			const struct hash *tip;
			while (!error && (tip = hash_set_next(graph_tips(graph), &walk)))
				error = load_tip(space, graph, tip, read, context);
		}
	}
	return error;
}

enum twinlog_error node_load_position(struct node *node, const void *bytes, size_t size)
{
	return position_load(node, bytes, size);
}

enum twinlog_error node_load_request(struct node *node, const struct handle *request, const void *bytes, size_t size)
{
	const uint8_t *first = bytes;
	if (size > 0 && first[0] == 0)
		return invite_load(node, request, first + 1, size - 1);
	uint8_t *copy = malloc(size ? size : 1);
	if (!copy)
		return TWINLOG_NO_MEMORY;
	memcpy(copy, bytes, size);
	return request_remember(node, request, copy, size) ? TWINLOG_OK : TWINLOG_NO_MEMORY;
}

enum twinlog_error node_loaded(struct node *node)
{
	node->commit = node->sequence;
	for (size_t i = 0; i < node->spaces.count; i++) {
		if (erasures_loaded(&node->spaces.items[i]))
			return TWINLOG_NO_MEMORY;
		/* The last one may be older than what is held: the end may have come between the two. */
		positions_changed(node, &node->spaces.items[i]);
		for (size_t p = 0; p < node->peers.count; p++)
			space_tells(node, &node->spaces.items[i], &node->peers.items[p].card->identity);
	}
	if (node->restored)
		erasures_withhold(node);
	return node->out_of_memory ? TWINLOG_NO_MEMORY : TWINLOG_OK;
}
