/* Events that several records tell of. */
#include <stdlib.h>
#include <string.h>

#include "once.h"
#include "sample.h"

/* Which item a record is, to be joined with others: parents of a forest (Tarjan). */
struct merger {
	struct sample *sample;
	uint32_t **item_of; /* of each space, by record: one more than the item; 0: none */
	uint32_t *parent;   /* by item */
};

static uint32_t root_of(struct merger *merger, uint32_t item)
{
	while (merger->parent[item] != item) {
		merger->parent[item] = merger->parent[merger->parent[item]];
		item = merger->parent[item];
	}
	return item;
}

static const struct handle *handle_of(const struct sample *sample, const struct item *item)
{
	return &statements_record(sample->spaces[item->space].where.statements, item->record)->handle;
}

static bool is_better(const struct sample *sample, const struct item *a, const struct item *b)
{
	const uint32_t a_days = facts_days(a->facts), b_days = facts_days(b->facts);

	/* 1. The shortest interval, as among the sides of one record. 2. Any rule that does not depend on arrival. */
	return a_days != b_days ? a_days < b_days
				: memcmp(handle_of(sample, a)->bytes, handle_of(sample, b)->bytes, HANDLE_SIZE) < 0;
}

static void join(struct merger *merger, struct link_end one_end, struct link_end other_end)
{
	const uint32_t a = merger->item_of[one_end.space][one_end.record];
	const uint32_t b = merger->item_of[other_end.space][other_end.record];
	uint32_t one, other;

	if (a == 0 || b == 0)
		return;
	one = root_of(merger, a - 1);
	other = root_of(merger, b - 1);
	if (one == other)
		return;
	if (is_better(merger->sample, &merger->sample->items[one], &merger->sample->items[other]))
		merger->parent[other] = one;
	else
		merger->parent[one] = other;
}

/* Behind the root in order, since the first record on which a city speaks is the one that counts. There is room. */
static void chain(struct sample *sample, struct item *root, struct item item)
{
	uint32_t *at = &root->other;

	while (*at != ITEM_NONE && is_better(sample, &sample->others[*at], &item))
		at = &sample->others[*at].other;
	item.other = *at;
	*at = (uint32_t)sample->others_count;
	sample->others[sample->others_count++] = item;
}

/* Moves what is not a root behind its root, keeping the order of those that stay. */
static enum twinlog_error split(struct merger *merger)
{
	struct sample *sample = merger->sample;
	size_t kept = 0;

	for (uint32_t i = 0; i < sample->events_count; i++) {
		struct item *root = &sample->items[root_of(merger, i)];
		enum twinlog_error error;

		if (i % 1024 == 0)
			sample_breathe(sample);
		if (root == &sample->items[i])
			continue;
		error = sample_room(&sample->others, &sample->others_capacity, sample->others_count,
				    sizeof *sample->others);
		if (error)
			return error;
		chain(sample, root, sample->items[i]);
	}
	for (uint32_t i = 0; i < sample->items_count; i++)
		if (i >= sample->events_count || merger->parent[i] == i)
			sample->items[kept++] = sample->items[i];
	sample->events_count -= sample->items_count - kept;
	sample->items_count = kept;
	return TWINLOG_OK;
}

static enum twinlog_error merger_init(struct merger *merger)
{
	struct sample *sample = merger->sample;

	merger->parent = calloc(sample->items_count + 1, sizeof *merger->parent);
	merger->item_of = calloc(sample->spaces_count + 1, sizeof *merger->item_of);
	if (!merger->parent || !merger->item_of)
		return TWINLOG_NO_MEMORY;
	for (size_t s = 0; s < sample->spaces_count; s++) {
		merger->item_of[s] =
		    calloc(statements_records(sample->spaces[s].where.statements) + 1, sizeof **merger->item_of);
		if (!merger->item_of[s])
			return TWINLOG_NO_MEMORY;
	}
	for (uint32_t i = 0; i < sample->events_count; i++) {
		if (i % 1024 == 0)
			sample_breathe(sample);
		merger->parent[i] = i;
		if (sample->items[i].tally == ITEM_NONE)
			merger->item_of[sample->items[i].space][sample->items[i].record] = i + 1;
	}
	return TWINLOG_OK;
}

static void merger_free(struct merger *merger)
{
	for (size_t s = 0; merger->item_of && s < merger->sample->spaces_count; s++)
		free(merger->item_of[s]);
	free(merger->item_of);
	free(merger->parent);
}

/* What one city published in several of these spaces under one token. */
static enum twinlog_error copies_find(struct sample *sample)
{
	struct once_space *spaces = calloc(sample->spaces_count + 1, sizeof *spaces);
	enum twinlog_error error;

	if (!spaces)
		return TWINLOG_NO_MEMORY;
	for (size_t s = 0; s < sample->spaces_count; s++)
		spaces[s].view = sample->spaces[s].view;
	error = once_groups(spaces, sample->spaces_count, &sample->copies);
	free(spaces);
	return error;
}

static enum twinlog_error joined_add(struct sample *sample, const struct link_word *word)
{
	enum twinlog_error error =
	    sample_room(&sample->joined, &sample->joined_capacity, sample->joined_count, sizeof *sample->joined);

	if (error)
		return error;
	sample->joined[sample->joined_count][0] = word->a;
	sample->joined[sample->joined_count++][1] = word->b;
	return TWINLOG_OK;
}

enum twinlog_error sample_find_joined(struct sample *sample)
{
	const struct space **spaces = calloc(sample->spaces_count + 1, sizeof *spaces);
	struct event_links links = {0};
	enum twinlog_error error;

	if (!spaces)
		return TWINLOG_NO_MEMORY;
	sample->joined_count = 0;
	groups_free(sample->copies);
	sample->copies = NULL;
	for (size_t s = 0; s < sample->spaces_count; s++)
		spaces[s] = sample->spaces[s].where.space;
	error = event_links_find(spaces, sample->spaces_count, &links);
	for (size_t i = 0; !error && i < links.count; i += event_links_pair(&links, i))
		if (event_links_hold(spaces, &links.words[i], event_links_pair(&links, i)))
			error = joined_add(sample, &links.words[i]);
	event_links_free(&links);
	free(spaces);
	return error ? error : copies_find(sample);
}

static void join_copies(struct merger *merger, const struct groups *groups)
{
	for (size_t g = 0; g < groups_count(groups); g++) {
		size_t count;
		const struct group_record *records = groups_at(groups, g, &count);

		for (size_t i = 1; i < count; i++)
			join(merger, (struct link_end){records[0].space, records[0].record},
			     (struct link_end){records[i].space, records[i].record});
		if (g % 256 == 0)
			sample_breathe(merger->sample);
	}
}

enum twinlog_error sample_merge(struct sample *sample)
{
	struct merger merger = {.sample = sample};
	enum twinlog_error error;

	if (sample->joined_count == 0 && groups_count(sample->copies) == 0)
		return TWINLOG_OK;
	error = merger_init(&merger);
	for (size_t i = 0; !error && i < sample->joined_count; i++)
		join(&merger, sample->joined[i][0], sample->joined[i][1]);
	if (!error)
		join_copies(&merger, sample->copies);
	if (!error)
		error = split(&merger);
	merger_free(&merger);
	return error;
}
