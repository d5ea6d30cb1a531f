#include "key_change.h"

#include "node_internal.h"

#define NAMED_MAX (TWINLOG_CUTOFF_NAMED_MAX / 2) /* of acts, and of erasures: so one act stays within its size */

/* What goes on counting in one space: too much for one act is spread over acts that extend it. */
struct kept {
	struct hash *bundles, *acts, *erasures; /* in the effects' arena; sorted */
	size_t bundles_count, acts_count, erasures_count;
};

static struct rekey_object object_of_act(const struct act *act)
{
	return (struct rekey_object){REKEY_ACT, &act->space, &act->id, 0, act->message->clock_ms};
}

static bool counts(const struct rekey *rekey, const struct rekey_object *object)
{
	const bool kept = !rekey->counts || hash_in(rekey->named, rekey->named_count, object->id) ||
			  rekey->counts(rekey->context, object);
	if (!kept && rekey->shut_out)
		rekey->shut_out(rekey->context, object);
	return kept;
}

static enum twinlog_error acts_keep(struct node *node, const struct space *space, const struct rekey *rekey,
				    struct kept *kept)
{
	const size_t count = acts_count(space->acts);
	kept->acts = arena_alloc(node->effects->arena, (count + 1) * sizeof *kept->acts);
	if (!kept->acts)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		const struct act *act = acts_at(space->acts, i);
		const struct rekey_object object = object_of_act(act);
		if (hash_equal(&act->signer, &node->card->identity) && act->kind != TWINLOG__ACT_KIND__ACT_FOUND &&
		    act->kind != TWINLOG__ACT_KIND__ACT_CHANGE_KEY && counts(rekey, &object))
			kept->acts[kept->acts_count++] = act->id;
	}
	kept->acts_count = hash_sort(kept->acts, kept->acts_count);
	return TWINLOG_OK;
}

/* All that are here: one that is not named would take nothing, and content that was to go would be let back in. */
static enum twinlog_error erasures_keep(struct node *node, const struct space *space, struct kept *kept)
{
	const size_t count = erasures_count(space->erasures);
	kept->erasures = arena_alloc(node->effects->arena, (count + 1) * sizeof *kept->erasures);
	if (!kept->erasures)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		const struct erasure *erasure = erasures_at(space->erasures, i);
		if (hash_equal(&erasure->signer, &node->card->identity))
			kept->erasures[kept->erasures_count++] = erasure->id;
	}
	kept->erasures_count = hash_sort(kept->erasures, kept->erasures_count);
	return TWINLOG_OK;
}

/* A bundle stands with all it builds on; named are those that none which stands builds on. */
static void bundles_mark(const struct rekey *rekey, const struct hash *space_id, const struct graph *graph,
			 bool *stands, bool *covered)
{
	for (uint32_t i = 0; i < graph_count(graph); i++) {
		const struct graph_entry *entry = graph_at(graph, i);
		const struct rekey_object object = {REKEY_BUNDLE, space_id, &entry->id, entry->sequence,
						    entry->clock_ms};
		bool built = true;
		for (uint32_t p = 0; p < entry->parents_count; p++)
			built = built && stands[graph_parent(graph, entry, p)];
		const bool named = hash_in(rekey->named, rekey->named_count, &entry->id);
		const bool made = counts(rekey, &object);
		stands[i] = named || (made && built);
		if (made && !stands[i] && rekey->shut_out)
			rekey->shut_out(rekey->context, &object);
		for (uint32_t p = 0; stands[i] && p < entry->parents_count; p++)
			covered[graph_parent(graph, entry, p)] = true;
	}
}

static enum twinlog_error bundles_keep(struct node *node, const struct space *space, const struct rekey *rekey,
				       struct kept *kept)
{
	const struct graph *graph = space_graph_of(space, &node->card->identity);
	const size_t count = graph ? graph_count(graph) : 0;
	struct arena *arena = node->effects->arena;
	bool *stands = arena_zalloc(arena, count + 1), *covered = arena_zalloc(arena, count + 1);
	kept->bundles = arena_alloc(arena, (count + 1) * sizeof *kept->bundles);
	if (!stands || !covered || !kept->bundles)
		return TWINLOG_NO_MEMORY;
	if (graph)
		bundles_mark(rekey, acts_space(space->acts), graph, stands, covered);
	for (uint32_t i = 0; i < count; i++)
		if (stands[i] && !covered[i])
			kept->bundles[kept->bundles_count++] = graph_at(graph, i)->id;
	kept->bundles_count = hash_sort(kept->bundles, kept->bundles_count);
	return TWINLOG_OK;
}

/* ---- Signing. ---- */

static size_t part_of(size_t count, size_t at, size_t max)
{
	return at >= count ? 0 : count - at < max ? count - at : max;
}

static enum twinlog_error cutoff_fill(struct node *node, const struct kept *kept, size_t part, Twinlog__Cutoff *cutoff)
{
	struct arena *arena = node->effects->arena;
	const size_t heads_at = part * TWINLOG_CUTOFF_HEADS_MAX, named_at = part * NAMED_MAX;
	twinlog__cutoff__init(cutoff);
	cutoff->n_bundles = part_of(kept->bundles_count, heads_at, TWINLOG_CUTOFF_HEADS_MAX);
	cutoff->n_acts = part_of(kept->acts_count, named_at, NAMED_MAX);
	cutoff->n_erasures = part_of(kept->erasures_count, named_at, NAMED_MAX);
	cutoff->bundles = codec_hash_list(arena, kept->bundles + (cutoff->n_bundles ? heads_at : 0), cutoff->n_bundles);
	cutoff->acts = codec_hash_list(arena, kept->acts + (cutoff->n_acts ? named_at : 0), cutoff->n_acts);
	cutoff->erasures =
	    codec_hash_list(arena, kept->erasures + (cutoff->n_erasures ? named_at : 0), cutoff->n_erasures);
	return (cutoff->n_bundles && !cutoff->bundles) || (cutoff->n_acts && !cutoff->acts) ||
		       (cutoff->n_erasures && !cutoff->erasures)
		   ? TWINLOG_NO_MEMORY
		   : TWINLOG_OK;
}

/* One act; *first is the change that it is, or that it extends when it is set already. */
static enum twinlog_error change_sign(struct node *node, struct space *space, const struct rekey *rekey,
				      Twinlog__Cutoff *cutoff, struct hash *first, bool *extends)
{
	Twinlog__Act message = TWINLOG__ACT__INIT;
	struct hash parents[TWINLOG_PARENTS_MAX];
	uint8_t *bytes;
	size_t size;
	message.n_parents = acts_heads_named(space->acts, &node->card->identity, parents, &message.number);
	message.parents = codec_hash_list(node->effects->arena, parents, message.n_parents);
	message.space = codec_hash(acts_space(space->acts));
	message.signer = codec_hash(&node->card->identity);
	message.clock_ms = node_clock(node);
	message.kind = TWINLOG__ACT_KIND__ACT_CHANGE_KEY;
	if (cutoff->n_bundles || cutoff->n_acts || cutoff->n_erasures)
		message.counts = cutoff;
	if (*extends) {
		message.extends = codec_hash(first);
	} else {
		message.new_key = codec_bytes(rekey->new_key->bytes, sizeof rekey->new_key->bytes);
		if (rekey->second_key)
			message.second_key = codec_bytes(rekey->second_key->bytes, sizeof rekey->second_key->bytes);
	}
	enum twinlog_error error =
	    message.parents ? act_seal_change(&message, rekey->recovery_seed, &bytes, &size) : TWINLOG_NO_MEMORY;
	if (error)
		return error;
	struct hash id;
	error = space_take_sealed(node, space, bytes, size, &id);
	if (!error && !*extends)
		*first = id;
	*extends = true;
	return error;
}

static enum twinlog_error change_sign_all(struct node *node, struct space *space, const struct rekey *rekey,
					  const struct kept *kept, struct hash first, bool extends)
{
	enum twinlog_error error = TWINLOG_OK;
	for (size_t part = 0; !error; part++) {
		Twinlog__Cutoff cutoff;
		error = cutoff_fill(node, kept, part, &cutoff);
		if (error)
			return error;
		if ((part > 0 || extends) && !cutoff.n_bundles && !cutoff.n_acts && !cutoff.n_erasures)
			return TWINLOG_OK;
		error = change_sign(node, space, rekey, &cutoff, &first, &extends);
	}
	return error;
}

/* Each change is asked by itself, so each is extended. */
static enum twinlog_error changes_extend(struct node *node, struct space *space, const struct rekey *rekey,
					 const struct kept *kept)
{
	const size_t count = acts_count(space->acts);
	enum twinlog_error error = TWINLOG_OK;
	for (size_t i = 0; i < count && !error; i++) {
		const struct act *act = acts_at(space->acts, i);
		if (act->kind == TWINLOG__ACT_KIND__ACT_CHANGE_KEY && act->message->extends.len == 0 &&
		    hash_equal(&act->signer, &node->card->identity))
			error = change_sign_all(node, space, rekey, kept, act->id, true);
	}
	return error;
}

static bool is_member(const struct node *node, const struct space *space)
{
	const struct member *self = acts_member(space->acts, &node->card->identity);
	return self && self->standing == STANDING_MEMBER;
}

static enum twinlog_error space_rekey(struct node *node, struct space *space, const struct rekey *rekey)
{
	struct kept kept = {.bundles = NULL};
	const bool member = is_member(node, space);
	enum twinlog_error error = bundles_keep(node, space, rekey, &kept);
	if (!error)
		error = acts_keep(node, space, rekey, &kept);
	if (!error)
		error = erasures_keep(node, space, &kept);
	if (!error && rekey->extend)
		error = changes_extend(node, space, rekey, &kept);
	else if (!error)
		error = change_sign_all(node, space, rekey, &kept, (struct hash){{0}}, false);
	return !error && member && !is_member(node, space) ? TWINLOG_PUTS_OUT : error;
}

static bool wanted(const struct node *node, const struct space *space, const struct rekey *rekey)
{
	const struct hash *self = &node->card->identity;
	if (!acts_member(space->acts, self))
		return false;
	if (!rekey->extend)
		return acts_key_number(space->acts, self, rekey->new_key) == SIZE_MAX;
	for (size_t i = 0; i < acts_count(space->acts); i++) {
		const struct act *act = acts_at(space->acts, i);
		if (act->kind == TWINLOG__ACT_KIND__ACT_CHANGE_KEY && hash_equal(&act->signer, self))
			return true;
	}
	return false;
}

enum twinlog_error node_rekey(struct node *node, const struct rekey *rekey, struct moment now, struct effects *effects,
			      size_t *ret_spaces)
{
	enum twinlog_error error = TWINLOG_OK;
	size_t done = 0;
	effects->count = 0;
	arena_reset(effects->arena);
	node->effects = effects;
	node->now = now;
	node->ticket_used = false;
	for (size_t i = 0; i < node->spaces.count && !error; i++) {
		if (!wanted(node, &node->spaces.items[i], rekey))
			continue;
		error = space_rekey(node, &node->spaces.items[i], rekey);
		done++;
	}
	node->effects = NULL;
	if (!error && node->out_of_memory)
		error = TWINLOG_NO_MEMORY;
	if (!error)
		*ret_spaces = done;
	return error;
}

uint64_t node_own_sequence(const struct node *node, const struct hash *space_id, const struct hash *bundle)
{
	const struct space *space = node_space_find(node, space_id);
	const struct graph *graph = space ? space_graph_of(space, &node->card->identity) : NULL;
	const uint32_t index = graph ? graph_find(graph, bundle) : GRAPH_NONE;
	return index == GRAPH_NONE ? 0 : graph_at(graph, index)->sequence;
}

size_t node_key_missing(const struct node *node)
{
	size_t count = 0;
	for (size_t i = 0; i < node->spaces.count; i++)
		count += !space_knows_key(node, &node->spaces.items[i]);
	return count;
}
