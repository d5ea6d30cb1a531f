#include "group.h"

#include <stdlib.h>
#include <string.h>

/* ---- Which records. ---- */

uint64_t record_token(const struct statements *statements, const struct record *record)
{
	const struct hash *opener = statements_opener(statements, record);
	const struct word *best = NULL;
	bool best_opens = false;

	for (const struct word *word = statements_word(statements, record->first_word); word;
	     word = statements_word(statements, word->next)) {
		const struct facts *facts = statements_facts(statements, word);
		bool opens;

		if (!word_is_current(word) || !facts || facts->token == 0)
			continue;
		opens = hash_equal(statements_city(statements, word->city), opener);
		if (best && (best_opens > opens || (best_opens == opens && word_order(word, best) < 0)))
			continue;
		best = word;
		best_opens = opens;
	}
	return best ? statements_facts(statements, best)->token : 0;
}

/* Where a record stands: sorted by space and record. */
struct place {
	uint32_t space, record;
	size_t group;
};

struct groups {
	struct group_record *records; /* of one group after the other */
	struct place *places;         /* of each of them */
	size_t *starts;               /* of each group, and the end of the last */
	size_t count;
	size_t groups;
};

/* qsort's comparison has no context: the handle stands beside the record while groups are made. */
struct candidate {
	struct group_record found;
	struct handle handle;
};

static int number_order(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

/* By token, then space, then handle: the first of a space is the one that a group takes. */
static int candidate_order(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;
	int order = number_order(left->found.token, right->found.token);

	if (!order)
		order = number_order(left->found.space, right->found.space);
	return order ? order : memcmp(&left->handle, &right->handle, sizeof left->handle);
}

/* By token, then handle. */
static int group_order(const void *a, const void *b)
{
	const struct candidate *left = a, *right = b;
	int order = number_order(left->found.token, right->found.token);

	return order ? order : memcmp(&left->handle, &right->handle, sizeof left->handle);
}

/* A record that has a token; there is room. */
static void candidate_add(const struct group_space *space, uint32_t number, uint32_t index,
			  struct candidate *candidates, size_t *count)
{
	const struct record *record = statements_record(space->statements, index);
	const uint64_t token = record->shown ? record_token(space->statements, record) : 0;

	if (token != 0)
		candidates[(*count)++] = (struct candidate){.found = {token, number, index}, .handle = record->handle};
}

static enum twinlog_error candidates_gather(const struct group_space *spaces, size_t count,
					    struct candidate **ret_candidates, size_t *ret_count)
{
	size_t all = 0, found = 0;
	struct candidate *candidates;

	for (size_t s = 0; s < count; s++)
		all += statements_records(spaces[s].statements);
	candidates = malloc((all + 1) * sizeof *candidates);
	if (!candidates)
		return TWINLOG_NO_MEMORY;
	for (size_t s = 0; s < count; s++)
		for (size_t i = 0; i < statements_records(spaces[s].statements); i++)
			candidate_add(&spaces[s], (uint32_t)s, (uint32_t)i, candidates, &found);
	*ret_candidates = candidates;
	*ret_count = found;
	return TWINLOG_OK;
}

/* Leaves those that share their token with a record of another space, one of each space. */
static size_t candidates_keep(struct candidate *candidates, size_t count)
{
	size_t kept = 0, firsts = 0;

	qsort(candidates, count, sizeof *candidates, candidate_order);
	for (size_t i = 0; i < count; i++)
		if (i == 0 || candidates[i].found.token != candidates[i - 1].found.token ||
		    candidates[i].found.space != candidates[i - 1].found.space)
			candidates[firsts++] = candidates[i];
	for (size_t i = 0; i < firsts; i++) {
		const uint64_t token = candidates[i].found.token;
		const bool alone = (i + 1 == firsts || candidates[i + 1].found.token != token) &&
				   (kept == 0 || candidates[kept - 1].found.token != token);

		if (!alone)
			candidates[kept++] = candidates[i];
	}
	qsort(candidates, kept, sizeof *candidates, group_order);
	return kept;
}

static int place_order(const void *a, const void *b)
{
	const struct place *left = a, *right = b;
	int order = number_order(left->space, right->space);

	return order ? order : number_order(left->record, right->record);
}

static enum twinlog_error groups_fill(struct groups *groups, const struct candidate *candidates, size_t count)
{
	groups->records = malloc((count + 1) * sizeof *groups->records);
	groups->starts = malloc((count + 1) * sizeof *groups->starts);
	groups->places = malloc((count + 1) * sizeof *groups->places);
	if (!groups->records || !groups->starts || !groups->places)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		if (i == 0 || candidates[i].found.token != candidates[i - 1].found.token)
			groups->starts[groups->groups++] = i;
		groups->records[i] = candidates[i].found;
		groups->places[i] =
		    (struct place){candidates[i].found.space, candidates[i].found.record, groups->groups - 1};
	}
	qsort(groups->places, count, sizeof *groups->places, place_order);
	groups->count = count;
	groups->starts[groups->groups] = count;
	return TWINLOG_OK;
}

static enum twinlog_error groups_make(struct candidate *candidates, size_t count, struct groups **ret_groups)
{
	struct groups *groups = calloc(1, sizeof *groups);
	enum twinlog_error error = groups ? TWINLOG_OK : TWINLOG_NO_MEMORY;

	if (!error)
		error = groups_fill(groups, candidates, count ? candidates_keep(candidates, count) : 0);
	if (error)
		groups_free(groups);
	else
		*ret_groups = groups;
	return error;
}

enum twinlog_error groups_new(const struct group_space *spaces, size_t count, struct groups **ret_groups)
{
	struct candidate *candidates = NULL;
	size_t found = 0;
	enum twinlog_error error = TWINLOG_OK;

	/* Within one space nothing is grouped. */
	if (count > 1)
		error = candidates_gather(spaces, count, &candidates, &found);
	if (!error)
		error = groups_make(candidates, found, ret_groups);
	free(candidates);
	return error;
}

enum twinlog_error groups_among(const struct group_space *spaces, const struct group_record *records, size_t count,
				struct groups **ret_groups)
{
	struct candidate *candidates = malloc((count + 1) * sizeof *candidates);
	size_t found = 0;
	enum twinlog_error error;

	if (!candidates)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < count; i++)
		candidate_add(&spaces[records[i].space], records[i].space, records[i].record, candidates, &found);
	error = groups_make(candidates, found, ret_groups);
	free(candidates);
	return error;
}

void groups_free(struct groups *groups)
{
	if (!groups)
		return;
	free(groups->records);
	free(groups->places);
	free(groups->starts);
	free(groups);
}

size_t groups_count(const struct groups *groups)
{
	return groups->groups;
}

const struct group_record *groups_at(const struct groups *groups, size_t index, size_t *ret_count)
{
	*ret_count = groups->starts[index + 1] - groups->starts[index];
	return &groups->records[groups->starts[index]];
}

const struct group_record *groups_find(const struct groups *groups, uint32_t space, uint32_t record, size_t *ret_count)
{
	const struct place wanted = {.space = space, .record = record};
	const struct place *place =
	    groups->count ? bsearch(&wanted, groups->places, groups->count, sizeof wanted, place_order) : NULL;

	return place ? groups_at(groups, place->group, ret_count) : NULL;
}

bool groups_counts(const struct groups *groups, uint32_t space, uint32_t record)
{
	size_t count;
	const struct group_record *records = groups_find(groups, space, record, &count);

	return !records || (records->space == space && records->record == record);
}

/* ---- One group, judged. ---- */

void group_judgement_init(struct group_judgement *group)
{
	memset(group, 0, sizeof *group);
	judgement_init(&group->judged);
}

void group_judgement_free(struct group_judgement *group)
{
	judgement_free(&group->judged);
	names_free(group->names);
	arena_free(group->arena);
	group->names = NULL;
	group->arena = NULL;
}

/* The other spaces number names otherwise. */
static enum twinlog_error side_translate(struct group_judgement *group, const struct statements *statements,
					 struct side *side)
{
	struct facts *facts;
	enum twinlog_error error;

	if (!side->facts)
		return TWINLOG_OK;
	facts = arena_alloc(group->arena, FACTS_MAX);
	if (!facts)
		return TWINLOG_NO_MEMORY;
	error = facts_translate(side->facts, statements_names(statements), group->names, facts);
	side->facts = facts;
	return error;
}

static bool said_later(const struct word *a, const struct word *b)
{
	if (a->clock_ms != b->clock_ms)
		return a->clock_ms > b->clock_ms;
	return memcmp(&a->leaf, &b->leaf, sizeof a->leaf) > 0;
}

/* One city's side on one record joins what it says on the others. */
static enum twinlog_error side_merge(struct group_judgement *group, const struct statements *statements, uint32_t part,
				     const struct side *from)
{
	struct judgement *judged = &group->judged;
	struct side *side = NULL, taken = *from;
	enum twinlog_error error;

	/* A city is another member of each space, with one identity. */
	for (size_t i = 0; i < judged->sides_count; i++)
		if (hash_equal(&judged->sides[i].member->identity, &from->member->identity))
			side = &judged->sides[i];
	if (!side) {
		error = judgement_side(judged, from->member, &side);
		if (error)
			return error;
	} else {
		const bool later = from->word && (!side->word || said_later(from->word, side->word));

		taken.party = taken.party || side->party;
		taken.opener = taken.opener || side->opener;
		taken.rank = taken.rank < side->rank ? taken.rank : side->rank;
		taken.conflict = taken.conflict || side->conflict;
		if (!later) {
			side->party = taken.party;
			side->opener = taken.opener;
			side->rank = taken.rank;
			side->conflict = taken.conflict;
			return TWINLOG_OK;
		}
	}
	taken.part = part;
	error = side_translate(group, statements, &taken);
	*side = taken;
	return error;
}

static int side_order(const void *a, const void *b)
{
	const struct side *left = a, *right = b;

	if (left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	return strcmp(left->member->city_id, right->member->city_id);
}

static enum twinlog_error parts_judge(const struct group_space *spaces, const struct group_record *records,
				      size_t count, const struct hash *self, struct group_judgement *group)
{
	struct judgement part;
	enum twinlog_error error = TWINLOG_OK;

	judgement_init(&part);
	for (size_t i = 0; i < count && !error; i++) {
		const struct group_space *space = &spaces[records[i].space];

		error = record_judge(space->statements, space->acts, self,
				     statements_record(space->statements, records[i].record), &part);
		for (size_t s = 0; s < part.sides_count && !error; s++)
			error = side_merge(group, space->statements, (uint32_t)i, &part.sides[s]);
		group->judged.waiting |= part.waiting;
		if (i == 0)
			group->judged.names = part.names;
	}
	judgement_free(&part);
	return error;
}

enum twinlog_error group_judge(const struct group_space *spaces, const struct group_record *records, size_t count,
			       const struct hash *self, struct group_judgement *group)
{
	struct judgement *judged = &group->judged;
	enum twinlog_error error;

	names_free(group->names);
	arena_free(group->arena);
	group->names = NULL;
	group->arena = arena_new(SIZE_MAX);
	if (!group->arena || names_new(&group->names))
		return TWINLOG_NO_MEMORY;
	judged->sides_count = 0;
	judged->waiting = false;
	error = parts_judge(spaces, records, count, self, group);
	if (error)
		return error;
	qsort(judged->sides, judged->sides_count, sizeof *judged->sides, side_order);
	judgement_conclude(judged, true);
	group->lead_part = 0;
	for (size_t i = 0; i < judged->sides_count && judged->lead; i++)
		if (judged->sides[i].means == judged->lead)
			group->lead_part = judged->sides[i].part;
	return TWINLOG_OK;
}
