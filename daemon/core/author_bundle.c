/* The words that wait become a bundle, and are answered when it is durable. PROTOCOL, "Bundles". */
#include "author_internal.h"

static void request_keep(struct node *node, const struct queued *word)
{
	struct handle request;
	uint8_t *bytes;
	size_t size;
	/* A new record is found again by its id; only the others need their answer remembered. */
	if (!word->operation->record || codec_get_handle(word->operation->request, &request))
		return;
	if (codec_pack(&word->submission->results[word->index].base, &bytes, &size)) {
		node->out_of_memory = true;
		return;
	}
	struct persist *persist = effect_persist(node, PERSIST_REQUEST);
	persist->request = request;
	persist->bytes = bytes;
	persist->size = size;
	struct pending *pending = pending_add(node, PENDING_REQUEST);
	if (!pending) {
		free(bytes);
		return;
	}
	pending->request = request;
	pending->bytes = bytes;
	pending->size = size;
}

static void leaves_named(struct node *node, const struct draft *draft, const struct bundle *bundle)
{
	for (size_t i = 0; i < draft->count; i++) {
		struct submission *submission = draft->words[i].submission;
		Twinlog__SubmitResult *result = &submission->results[draft->words[i].index];
		result->leaf = author_hash(submission->arena, &bundle->leaves[i].hash);
		result->bundle = author_hash(submission->arena, &bundle->id);
		request_keep(node, &draft->words[i]);
	}
}

static enum twinlog_error draft_seal(struct node *node, const struct draft *draft, struct bundle **ret_bundle)
{
	struct hash acts[TWINLOG_PARENTS_MAX], parents[TWINLOG_PARENTS_MAX];
	const struct hash *identity = &node->card->identity;
	const struct graph *graph = space_graph_of(draft->space, identity);
	const size_t parents_count = graph ? hash_set_copy(graph_tips(graph), 0, parents, TWINLOG_PARENTS_MAX) : 0;
	const struct bundle_draft sealed = {
	    .space = *acts_space(draft->space->acts),
	    .city = *identity,
	    .parents = parents,
	    .parents_count = parents_count,
	    .number = graph ? graph_next_number(graph, parents, parents_count) : 1,
	    .acts = acts,
	    .acts_count = acts_heads_named(draft->space->acts, identity, acts, NULL),
	    .clock_ms = node_clock(node),
	    .leaves = draft->leaves,
	    .leaves_count = draft->count,
	};
	uint8_t *bytes;
	size_t size;
	enum twinlog_error error = bundle_seal(&sealed, node->keys, &bytes, &size);
	if (error)
		return error;
	error = bundle_open(bytes, size, NULL, 0, ret_bundle);
	free(bytes);
	if (!error)
		(*ret_bundle)->key =
		    (uint32_t)acts_key_number(draft->space->acts, identity, seal_keys_public(node->keys));
	return error;
}

/* Beside what is persisted, so that who wrote it is as durable as what was written. */
static void draft_told(struct node *node, const struct draft *draft, const struct bundle *bundle)
{
	uint64_t *writers = arena_alloc(node->effects->arena, draft->count * sizeof *writers);
	if (!writers) {
		node->out_of_memory = true;
		return;
	}
	for (size_t i = 0; i < draft->count; i++)
		writers[i] = draft->words[i].submission->writer;
	struct effect *effect = effect_add(node, EFFECT_WROTE);
	effect->wrote.space = bundle->space;
	effect->wrote.bundle = bundle->id;
	effect->wrote.writers = writers;
	effect->wrote.count = draft->count;
}

static void draft_commit(struct node *node, const struct draft *draft)
{
	struct bundle *bundle = NULL;
	struct space *space = draft->space;
	/* Room for its words first: once the bundle is taken nothing may be in its way. */
	if (!space_knows_key(node, space)) {
		for (size_t i = 0; i < draft->count; i++)
			author_refuse(node, draft->words[i].submission, draft->words[i].index, TWINLOG_KEY_NOT_THERE,
				      "space");
		return;
	}
	const bool room = array_reserve((void **)(void *)&space->flying.items, &space->flying.capacity,
					space->flying.count + draft->count, sizeof *space->flying.items);
	enum twinlog_error error = room ? draft_seal(node, draft, &bundle) : TWINLOG_NO_MEMORY;
	if (!error) {
		error = stream_bundle_take(node, draft->space, bundle, true, LINK_NONE_YET);
		if (error)
			bundle_free(bundle);
	}
	if (error) {
		for (size_t i = 0; i < draft->count; i++)
			author_refuse(node, draft->words[i].submission, draft->words[i].index, error, "bundle");
		return;
	}
	draft_told(node, draft, bundle);
	leaves_named(node, draft, bundle);
	/* The words of this bundle are answered in their order when it is durable. */
	for (size_t i = 0; i < draft->count; i++)
		space->flying.items[space->flying.count++] = draft->words[i];
	space->own_in_flight = true;
}

static void space_flush(struct node *node, struct space *space)
{
	struct arena *arena = arena_new(SIZE_MAX);
	struct draft draft = {.space = space, .arena = arena};
	const size_t waiting = space->queue.count - space->queue_at;
	const size_t room = waiting < TWINLOG_BUNDLE_LEAVES_MAX ? waiting : TWINLOG_BUNDLE_LEAVES_MAX;
	if (arena) {
		draft.leaves = arena_alloc(arena, room * sizeof *draft.leaves);
		draft.words = arena_alloc(arena, room * sizeof *draft.words);
		draft.touched = arena_alloc(arena, DRAFT_SLOTS * sizeof *draft.touched);
		draft.taken = arena_zalloc(arena, DRAFT_SLOTS * sizeof *draft.taken);
	}
	if (!arena || !draft.leaves || !draft.words || !draft.touched || !draft.taken) {
		node->out_of_memory = true;
		arena_free(arena);
		return;
	}
	while (space->queue_at < space->queue.count && draft.count < room) {
		const struct queued word = space->queue.items[space->queue_at];
		/* Headers and framing take part of the bundle; a body is at most a quarter of it. */
		if (draft.count > 0 &&
		    draft.bytes + word.operation->body.len + TWINLOG_ENVELOPE_MAX > TWINLOG_BUNDLE_MAX - 8192)
			break;
		if (author_place(node, &draft, &word) == NEXT_BUNDLE)
			break;
		space->queue_at++;
	}
	if (space->queue_at == space->queue.count)
		space->queue.count = space->queue_at = 0;
	if (draft.count > 0)
		draft_commit(node, &draft);
	arena_free(arena);
}

void author_flush(struct node *node)
{
	for (size_t i = 0; i < node->spaces.count; i++) {
		struct space *space = &node->spaces.items[i];
		/* Words decided without a bundle leave the queue; go on until one is under way or none is left. */
		while (!space->own_in_flight && space->queue_at < space->queue.count && !node->out_of_memory)
			space_flush(node, space);
	}
}

void author_committed(struct node *node, const struct bundle *bundle, uint64_t sequence)
{
	struct space *space = space_by_id(node, &bundle->space);
	space->own_in_flight = false;
	for (size_t i = 0; i < space->flying.count; i++) {
		space->flying.items[i].submission->commit = sequence;
		author_done(node, space->flying.items[i].submission);
	}
	space->flying.count = 0;
}
