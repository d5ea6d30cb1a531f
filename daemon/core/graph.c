#include "graph_internal.h"

#include <stdlib.h>

#include "slots.h"

enum twinlog_error graph_new(const struct hash *city, struct graph **ret_graph)
{
	struct graph *graph = calloc(1, sizeof *graph);
	if (!graph)
		return TWINLOG_NO_MEMORY;
	graph->city = *city;
	graph->linear = true;
	graph->regular = true;
	*ret_graph = graph;
	return TWINLOG_OK;
}

void graph_free(struct graph *graph)
{
	if (!graph)
		return;
	free(graph->entries);
	free(graph->parents);
	free(graph->slots);
	hash_set_clear(&graph->heads);
	hash_set_clear(&graph->told);
	hash_set_clear(&graph->tips);
	for (size_t i = 0; i < graph->cuts_count; i++) {
		free(graph->cuts[i].heads);
		free(graph->cuts[i].reached);
	}
	free(graph->cuts);
	free(graph->stack);
	free(graph);
}

const struct hash *graph_city(const struct graph *graph)
{
	return &graph->city;
}

uint32_t graph_count(const struct graph *graph)
{
	return graph->count;
}

uint32_t graph_committed(const struct graph *graph)
{
	return graph->committed;
}

const struct graph_entry *graph_at(const struct graph *graph, uint32_t index)
{
	return &graph->entries[index];
}

uint32_t graph_parent(const struct graph *graph, const struct graph_entry *entry, uint32_t which)
{
	return graph->parents[entry->parents_at + which];
}

/* ---- Looking up. ---- */

uint32_t graph_find(const struct graph *graph, const struct hash *id)
{
	if (graph->slots_count == 0)
		return GRAPH_NONE;
	const uint32_t mask = graph->slots_count - 1;
	for (uint32_t slot = (uint32_t)seal_slot_hash(id) & mask;; slot = (slot + 1) & mask) {
		if (graph->slots[slot] == 0)
			return GRAPH_NONE;
		if (hash_equal(&graph->entries[graph->slots[slot] - 1].id, id))
			return graph->slots[slot] - 1;
	}
}

uint32_t graph_find_sequence(const struct graph *graph, uint64_t sequence)
{
	uint32_t low = 0, high = graph->count;
	while (low < high) {
		const uint32_t middle = low + (high - low) / 2;
		if (graph->entries[middle].sequence < sequence)
			low = middle + 1;
		else
			high = middle;
	}
	return low < graph->count && graph->entries[low].sequence == sequence ? low : GRAPH_NONE;
}

static void slot_fill(uint32_t *slots, uint32_t slots_count, const struct hash *id, uint32_t index)
{
	uint32_t slot = (uint32_t)seal_slot_hash(id) & (slots_count - 1);
	while (slots[slot] != 0)
		slot = (slot + 1) & (slots_count - 1);
	slots[slot] = index + 1;
}

/* ---- Growing. ---- */

static enum twinlog_error slots_grow(struct graph *graph)
{
	if (graph->count + 1 < graph->slots_count - graph->slots_count / 4)
		return TWINLOG_OK;
	const uint32_t count = graph->slots_count ? 2 * graph->slots_count : 16;
	uint32_t *slots = calloc(count, sizeof *slots);
	if (!slots)
		return TWINLOG_NO_MEMORY;
	for (uint32_t i = 0; i < graph->count; i++)
		slot_fill(slots, count, &graph->entries[i].id, i);
	free(graph->slots);
	graph->slots = slots;
	graph->slots_count = count;
	return TWINLOG_OK;
}

static enum twinlog_error entries_grow(struct graph *graph, uint32_t parents)
{
	if (graph->count == graph->capacity) {
		const uint32_t capacity = graph->capacity ? 2 * graph->capacity : 8;
		struct graph_entry *entries = realloc(graph->entries, capacity * sizeof *entries);
		if (!entries)
			return TWINLOG_NO_MEMORY;
		graph->entries = entries;
		graph->capacity = capacity;
	}
	if (graph->parents_count + parents > graph->parents_capacity) {
		const uint32_t capacity = 2 * (graph->parents_count + parents);
		uint32_t *list = realloc(graph->parents, capacity * sizeof *list);
		if (!list)
			return TWINLOG_NO_MEMORY;
		graph->parents = list;
		graph->parents_capacity = capacity;
	}
	return slots_grow(graph);
}

static enum twinlog_error parents_find(const struct graph *graph, const struct bundle *bundle, uint32_t *ret_parents)
{
	uint64_t greatest = 0;
	for (uint32_t i = 0; i < bundle->parents_count; i++) {
		ret_parents[i] = graph_find(graph, &bundle->parents[i]);
		if (ret_parents[i] == GRAPH_NONE)
			return TWINLOG_UNKNOWN_PARENT;
		if (graph->entries[ret_parents[i]].number > greatest)
			greatest = graph->entries[ret_parents[i]].number;
	}
	return bundle->number == greatest + 1 ? TWINLOG_OK : TWINLOG_MALFORMED;
}

/* ---- Walks that leave marks: down from an entry to what is marked already, so that each is marked once. ---- */

static enum twinlog_error stack_push(struct graph *graph, uint32_t *depth, uint32_t index)
{
	if (*depth == graph->stack_capacity) {
		const uint32_t capacity = *depth ? 2 * *depth : 64;
		uint32_t *stack = realloc(graph->stack, capacity * sizeof *stack);
		if (!stack)
			return TWINLOG_NO_MEMORY;
		graph->stack = stack;
		graph->stack_capacity = capacity;
	}
	graph->stack[(*depth)++] = index;
	return TWINLOG_OK;
}

static enum twinlog_error parents_push(struct graph *graph, uint32_t *depth, uint32_t index)
{
	const struct graph_entry *entry = &graph->entries[index];
	for (uint32_t p = 0; p < entry->parents_count; p++) {
		const enum twinlog_error error = stack_push(graph, depth, graph_parent(graph, entry, p));
		if (error)
			return error;
	}
	return TWINLOG_OK;
}

static enum twinlog_error cut_reach(struct graph *graph, struct cut *cut, uint32_t index)
{
	uint32_t depth = 0;
	if (index >= cut->reached_count) {
		uint8_t *reached = realloc(cut->reached, graph->capacity);
		if (!reached)
			return TWINLOG_NO_MEMORY;
		memset(reached + cut->reached_count, 0, graph->capacity - cut->reached_count);
		cut->reached = reached;
		cut->reached_count = graph->capacity;
	}
	enum twinlog_error error = stack_push(graph, &depth, index);
	while (!error && depth > 0) {
		const uint32_t at = graph->stack[--depth];
		if (cut->reached[at])
			continue;
		cut->reached[at] = 1;
		error = parents_push(graph, &depth, at);
	}
	return error;
}

/* The entry added last. */
static enum twinlog_error cuts_grow(struct graph *graph)
{
	const uint32_t index = graph->count - 1;
	enum twinlog_error error = TWINLOG_OK;
	graph->cut_grew = false;
	for (size_t i = 0; i < graph->cuts_count && !error; i++) {
		struct cut *cut = &graph->cuts[i];
		if (!hash_in(cut->heads, cut->heads_count, &graph->entries[index].id))
			continue;
		graph->cut_grew = true;
		error = cut_reach(graph, cut, index);
	}
	return error;
}

static struct cut *cut_find(const struct graph *graph, size_t number)
{
	for (size_t i = 0; i < graph->cuts_count; i++)
		if (graph->cuts[i].number == number)
			return &graph->cuts[i];
	return NULL;
}

enum twinlog_error graph_cut_set(struct graph *graph, size_t number, const struct hash *heads, size_t count)
{
	struct cut *cut = cut_find(graph, number);
	if (!cut) {
		struct cut *cuts = realloc(graph->cuts, (graph->cuts_count + 1) * sizeof *cuts);
		if (!cuts)
			return TWINLOG_NO_MEMORY;
		graph->cuts = cuts;
		cut = &cuts[graph->cuts_count++];
		*cut = (struct cut){.number = number};
	}
	struct hash *copy = malloc((count + 1) * sizeof *copy);
	if (!copy)
		return TWINLOG_NO_MEMORY;
	if (count > 0)
		memcpy(copy, heads, count * sizeof *copy);
	free(cut->heads);
	cut->heads = copy;
	cut->heads_count = count;
	if (cut->reached_count > 0)
		memset(cut->reached, 0, cut->reached_count);
	for (size_t i = 0; i < count; i++) {
		const uint32_t index = graph_find(graph, &heads[i]);
		const enum twinlog_error error = index == GRAPH_NONE ? TWINLOG_OK : cut_reach(graph, cut, index);
		if (error)
			return error;
	}
	return TWINLOG_OK;
}

bool graph_cut_reaches(const struct graph *graph, size_t number, uint32_t index)
{
	const struct cut *cut = cut_find(graph, number);
	return cut && index < cut->reached_count && cut->reached[index];
}

bool graph_cut_grew(const struct graph *graph)
{
	return graph->cut_grew;
}

enum twinlog_error graph_add(struct graph *graph, const struct bundle *bundle, uint64_t sequence, bool counts,
			     uint16_t key, uint32_t acts_ref)
{
	uint32_t parents[TWINLOG_PARENTS_MAX];
	if (graph_find(graph, &bundle->id) != GRAPH_NONE)
		return TWINLOG_DUPLICATE;
	enum twinlog_error error = parents_find(graph, bundle, parents);
	if (error || (error = entries_grow(graph, bundle->parents_count)))
		return error;
	if (bundle->parents_count > 0)
		memcpy(graph->parents + graph->parents_count, parents, bundle->parents_count * sizeof *parents);
	graph->entries[graph->count] = (struct graph_entry){
	    .id = bundle->id,
	    .sequence = sequence,
	    .number = bundle->number,
	    .clock_ms = bundle->clock_ms,
	    .size = (uint32_t)bundle->size,
	    .leaves = bundle->leaves_count,
	    .parents_at = graph->parents_count,
	    .parents_count = (uint16_t)bundle->parents_count,
	    .acts_ref = acts_ref,
	    .key = key,
	    .counts = counts,
	};
	const bool continues = graph->count == 0 ? bundle->parents_count == 0
						 : bundle->parents_count == 1 && parents[0] == graph->count - 1;
	graph->linear = graph->linear && continues;
	graph->regular = graph->regular && counts;
	graph->parents_count += bundle->parents_count;
	slot_fill(graph->slots, graph->slots_count, &bundle->id, graph->count);
	graph->count++;
	return cuts_grow(graph);
}

void graph_set_counts(struct graph *graph, uint32_t index, bool counts)
{
	graph->entries[index].counts = counts;
	graph->regular = graph->regular && counts;
}

/* ---- Heads. ---- */

static enum twinlog_error tips_take(struct graph *graph, uint32_t index)
{
	const struct graph_entry *entry = &graph->entries[index];
	for (uint32_t p = 0; p < entry->parents_count; p++)
		hash_set_drop(&graph->tips, &graph->entries[graph_parent(graph, entry, p)].id);
	return hash_set_add(&graph->tips, &entry->id);
}

/* Where some entries do not count, a counting one may build on a counting one through those that do not. What a
 * counting one builds on is covered already, so each entry is covered once. */
static enum twinlog_error heads_cover(struct graph *graph, uint32_t index)
{
	uint32_t depth = 0;
	enum twinlog_error error = parents_push(graph, &depth, index);
	while (!error && depth > 0) {
		const uint32_t at = graph->stack[--depth];
		struct graph_entry *entry = &graph->entries[at];
		if (entry->covered)
			continue;
		entry->covered = true;
		hash_set_drop(&graph->told, &entry->id);
		if (entry->counts)
			hash_set_drop(&graph->heads, &entry->id);
		else
			error = parents_push(graph, &depth, at);
	}
	return error;
}

static bool cuts_name(const struct graph *graph, const struct hash *id)
{
	bool names = false;
	for (size_t i = 0; i < graph->cuts_count && !names; i++)
		names = hash_in(graph->cuts[i].heads, graph->cuts[i].heads_count, id);
	return names;
}

/* A durable one. */
static enum twinlog_error heads_take(struct graph *graph, uint32_t index)
{
	const struct hash *id = &graph->entries[index].id;
	if (!graph->entries[index].counts)
		return cuts_name(graph, id) ? hash_set_add(&graph->told, id) : TWINLOG_OK;
	enum twinlog_error error = heads_cover(graph, index);
	if (!error)
		error = hash_set_add(&graph->heads, id);
	return error ? error : hash_set_add(&graph->told, id);
}

static enum twinlog_error heads_rebuild(struct graph *graph)
{
	enum twinlog_error error = TWINLOG_OK;
	hash_set_clear(&graph->heads);
	hash_set_clear(&graph->told);
	for (uint32_t i = 0; i < graph->count; i++)
		graph->entries[i].covered = false;
	for (uint32_t i = 0; i < graph->committed && !error; i++)
		error = heads_take(graph, i);
	return error;
}

enum twinlog_error graph_commit(struct graph *graph)
{
	const enum twinlog_error error = tips_take(graph, graph->committed);
	return error ? error : heads_take(graph, graph->committed++);
}

const struct hash_set *graph_heads(const struct graph *graph)
{
	return &graph->heads;
}

const struct hash_set *graph_told(const struct graph *graph)
{
	static const struct hash_set none;
	return graph->heads.count > 0 ? &graph->told : &none;
}

const struct hash_set *graph_tips(const struct graph *graph)
{
	return &graph->tips;
}

uint64_t graph_next_number(const struct graph *graph, const struct hash *parents, size_t count)
{
	uint64_t greatest = 0;
	for (size_t i = 0; i < count; i++) {
		const uint32_t index = graph_find(graph, &parents[i]);
		if (index != GRAPH_NONE && graph->entries[index].number > greatest)
			greatest = graph->entries[index].number;
	}
	return greatest + 1;
}

enum twinlog_error graph_recount(struct graph *graph, bool (*counts)(void *context, uint32_t index),
				 void (*changed)(void *context, uint32_t index), void *context)
{
	graph->regular = true;
	for (uint32_t i = 0; i < graph->count; i++) {
		const bool now = counts(context, i);
		graph->regular = graph->regular && now;
		if (now == graph->entries[i].counts)
			continue;
		graph->entries[i].counts = now;
		changed(context, i);
	}
	return heads_rebuild(graph);
}
