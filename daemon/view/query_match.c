/* Which records may tell of one event, for people to decide: what one opener has linked and the other has not, then
 * what looks alike. */
#include <stdlib.h>
#include <string.h>

#include "match.h"
#include "same_event.h"

#define PROPOSALS_DEFAULT 50u
#define PROPOSALS_MAX     200u

struct proposal {
	struct link_end a, b;
	uint32_t reasons; /* 0: only a city says so */
	size_t words_at, words_count;
};

struct proposing {
	const struct query *query;
	const struct space *const *spaces;
	struct event_links links;
	bool own;
	size_t limit;
	struct match best[PROPOSALS_MAX]; /* the most likely first */
	size_t best_count;
	struct proposal list[PROPOSALS_MAX];
	size_t list_count;
	uint64_t total;
	uint64_t commit; /* of the state that is told */
};

static struct link_end end_of(const struct sample *sample, uint32_t item)
{
	return (struct link_end){.space = sample->items[item].space, .record = sample->items[item].record};
}

static bool own_opened(const struct proposing *proposing, struct link_end end)
{
	const struct statements *statements = space_statements(proposing->spaces[end.space]);

	return hash_equal(statements_opener(statements, statements_record(statements, end.record)),
			  node_identity(proposing->query->node));
}

static bool own_said(const struct proposing *proposing, size_t at, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (hash_equal(&proposing->links.words[at + i].by->identity, node_identity(proposing->query->node)))
			return true;
	return false;
}

/* The inbox shows only what this city can decide, and of what looks alike only what two offices wrote, alike in field
 * and form or on one day. */
static bool is_own(const struct proposing *proposing, struct link_end a, struct link_end b, uint32_t reasons,
		   size_t words_at, size_t words_count)
{
	const uint32_t twice = MATCH_FIELD | MATCH_FORM;

	if (!own_opened(proposing, a) && !own_opened(proposing, b))
		return false;
	if (words_count > 0)
		return !own_said(proposing, words_at, words_count);
	return (reasons & MATCH_OFFICES) && ((reasons & twice) == twice || (reasons & MATCH_DAY));
}

static enum twinlog_error take_match(struct sample *sample, const struct match *match, void *context)
{
	struct proposing *proposing = context;
	const struct link_end a = end_of(sample, match->first), b = end_of(sample, match->second);
	size_t words_at = 0, at = proposing->best_count;

	/* Those that somebody has linked come from the links. */
	if (event_links_on(&proposing->links, a, b, &words_at) > 0 ||
	    (proposing->own && !is_own(proposing, a, b, match->reasons, 0, 0)))
		return TWINLOG_OK;
	proposing->total++;
	if (at == proposing->limit) {
		if (match_order(sample, match, &proposing->best[at - 1]) >= 0)
			return TWINLOG_OK;
		at--;
	} else {
		proposing->best_count++;
	}
	for (; at > 0 && match_order(sample, match, &proposing->best[at - 1]) < 0; at--)
		proposing->best[at] = proposing->best[at - 1];
	proposing->best[at] = *match;
	return TWINLOG_OK;
}

static const struct handle *handle_at(const struct proposing *proposing, struct link_end end)
{
	return &statements_record(space_statements(proposing->spaces[end.space]), end.record)->handle;
}

/* What one city has linked and the openers of both have not. */
static void take_links(struct proposing *proposing)
{
	const struct event_links *links = &proposing->links;

	for (size_t i = 0; i < links->count; i += event_links_pair(links, i)) {
		const size_t count = event_links_pair(links, i);
		const struct link_word *word = &links->words[i];

		if (event_links_hold(proposing->spaces, word, count) ||
		    (proposing->own && !is_own(proposing, word->a, word->b, 0, i, count)))
			continue;
		proposing->total++;
		if (proposing->list_count < proposing->limit)
			proposing->list[proposing->list_count++] =
			    (struct proposal){.a = word->a, .b = word->b, .words_at = i, .words_count = count};
	}
	/* In an order that does not depend on arrival. */
	for (size_t i = 1; i < proposing->list_count; i++) {
		const struct proposal proposal = proposing->list[i];
		size_t at = i;

		for (; at > 0 && memcmp(handle_at(proposing, proposing->list[at - 1].a)->bytes,
					handle_at(proposing, proposal.a)->bytes, HANDLE_SIZE) > 0;
		     at--)
			proposing->list[at] = proposing->list[at - 1];
		proposing->list[at] = proposal;
	}
}

/* ---- The answer ---- */

static enum twinlog_error pack_reasons(const struct query *query, uint32_t reasons, Twinlog__Candidate *candidate)
{
	static const struct {
		uint32_t reason;
		const char *name;
	} names[] = {{MATCH_CITIES, "cities"},  {MATCH_DATES, "dates"}, {MATCH_DAY, "day"},
		     {MATCH_FIELD, "field"},    {MATCH_FORM, "form"},   {MATCH_PARTICIPANTS, "participants"},
		     {MATCH_OFFICES, "offices"}};

	candidate->reasons = arena_zalloc(query->arena, sizeof names / sizeof *names * sizeof *candidate->reasons);
	if (!candidate->reasons)
		return QUERY_FULL;
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (reasons & names[i].reason)
			candidate->reasons[candidate->n_reasons++] = codec_string(names[i].name);
	return TWINLOG_OK;
}

static enum twinlog_error pack_record(const struct proposing *proposing, const struct query *query, struct link_end end,
				      Twinlog__Record **ret_record)
{
	const struct space *space = proposing->spaces[end.space];

	return query_record(query, space, statements_record(space_statements(space), end.record), false, false,
			    ret_record);
}

static enum twinlog_error pack_one(const struct proposing *proposing, const struct query *query,
				   const struct proposal *proposal, Twinlog__Candidate **ret_candidate)
{
	Twinlog__Candidate *candidate = QUERY_NEW(query, Twinlog__Candidate, TWINLOG__CANDIDATE__INIT);
	enum twinlog_error error;

	if (!candidate || !(candidate->linked_by =
				arena_zalloc(query->arena, (proposal->words_count + 1) * sizeof *candidate->linked_by)))
		return QUERY_FULL;
	for (size_t i = 0; i < proposal->words_count; i++)
		candidate->linked_by[candidate->n_linked_by++] =
		    codec_string(proposing->links.words[proposal->words_at + i].by->city_id);
	error = pack_reasons(query, proposal->reasons, candidate);
	if (!error)
		error = pack_record(proposing, query, proposal->a, &candidate->first);
	if (!error)
		error = pack_record(proposing, query, proposal->b, &candidate->second);
	if (!error)
		*ret_candidate = candidate;
	return error;
}

static enum twinlog_error pack_all(const struct proposing *proposing, Twinlog__Matched *matched)
{
	const struct query *query = proposing->query;
	size_t size = 1024;
	enum twinlog_error error = TWINLOG_OK;

	matched->candidates = arena_zalloc(query->arena, (proposing->list_count + 1) * sizeof *matched->candidates);
	if (!matched->candidates)
		return QUERY_FULL;
	for (size_t i = 0; !error && i < proposing->list_count; i++) {
		Twinlog__Candidate *candidate;

		error = pack_one(proposing, query, &proposing->list[i], &candidate);
		if (error)
			break;
		size += twinlog__candidate__get_packed_size(candidate) + 6;
		if (size > TWINLOG_MESSAGE_MAX)
			break;
		matched->candidates[matched->n_candidates++] = candidate;
	}
	matched->total = proposing->total;
	matched->commit = proposing->commit;
	return error;
}

/* ---- One state ---- */

/* What is linked, in the state in which the sample is settled. */
static enum twinlog_error links_settled(struct sample *sample, void *context)
{
	struct proposing *proposing = context;
	const enum twinlog_error error = event_links_find(proposing->spaces, sample->spaces_count, &proposing->links);

	proposing->commit = node_commit(sample->query->node);
	if (!error)
		take_links(proposing);
	return error;
}

/* Behind what is linked, what looks alike. */
static void take_best(struct proposing *proposing, const struct sample *sample)
{
	for (size_t i = 0; i < proposing->best_count && proposing->list_count < proposing->limit; i++)
		proposing->list[proposing->list_count++] =
		    (struct proposal){.a = end_of(sample, proposing->best[i].first),
				      .b = end_of(sample, proposing->best[i].second),
				      .reasons = proposing->best[i].reasons};
}

/* The first look at a record goes through its bundle, and to the disk: not in the slice in which all are shown. */
static enum twinlog_error fetch_all(const struct proposing *proposing, const struct sample *sample)
{
	struct query apart = *proposing->query;
	enum twinlog_error error = TWINLOG_OK;

	apart.arena = arena_new(TWINLOG_ANSWER_MAX);
	if (!apart.arena)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; !error && i < proposing->list_count && !sample_upset(sample); i++) {
		Twinlog__Candidate *candidate;

		error = pack_one(proposing, &apart, &proposing->list[i], &candidate);
		arena_reset(apart.arena);
		if (!error)
			error = query_pause(proposing->query);
	}
	arena_free(apart.arena);
	return error;
}

/* What is proposed is shown as it stood when the sample was settled: where one of these records, or all, may have
 * changed since, everything is reckoned anew. What follows in this slice is of that state. */
static enum twinlog_error look_back(const struct proposing *proposing, const struct sample *sample, bool *ret_upset)
{
	const struct query *query = proposing->query;
	bool stand = true;
	enum twinlog_error error = query_view_ready(query);

	if (!error)
		error = view_begin(query->extra->view, query->node, false);
	if (error)
		return error;
	for (size_t i = 0; i < proposing->list_count; i++)
		stand =
		    stand && sample_stands(sample, proposing->list[i].a) && sample_stands(sample, proposing->list[i].b);
	view_end(query->extra->view);
	*ret_upset = !stand || sample_upset(sample);
	return TWINLOG_OK;
}

/* ---- The request ---- */

static enum twinlog_error propose(struct proposing *proposing, const Twinlog__Match *asked, size_t count,
				  Twinlog__Matched *matched, bool *ret_upset)
{
	const struct sample_want want = {.events = true, .alone = true};
	const struct query *query = proposing->query;
	struct sample sample = {0};
	enum twinlog_error error = sample_init(&sample, query, asked->filter, proposing->spaces, count);

	if (!error)
		error = sample_gather(&sample, want, links_settled, proposing);
	if (!error)
		error = matches_find(&sample, take_match, proposing);
	if (!error)
		error = sample.no_memory ? TWINLOG_NO_MEMORY : sample.no_slice;
	if (!error) {
		take_best(proposing, &sample);
		error = sample_lighten(&sample);
	}
	if (!error)
		error = fetch_all(proposing, &sample);
	if (!error)
		error = look_back(proposing, &sample, ret_upset);
	else
		*ret_upset = sample_upset(&sample);
	if (!error && !*ret_upset)
		error = pack_all(proposing, matched);
	sample_free(&sample);
	return error;
}

static enum twinlog_error match_once(const struct query *query, void *context, bool *ret_upset)
{
	const Twinlog__Match *asked = context;
	Twinlog__Matched *matched = QUERY_NEW(query, Twinlog__Matched, TWINLOG__MATCHED__INIT);
	struct proposing *proposing = arena_zalloc(query->arena, sizeof *proposing);
	const struct space **spaces = NULL;
	size_t count = 0;

	if (!matched || !proposing)
		return QUERY_FULL;
	enum twinlog_error error = query_asked_spaces(query, asked->filter, &spaces, &count);
	if (error)
		return error;
	proposing->query = query;
	proposing->spaces = spaces;
	proposing->own = asked->own;
	proposing->limit = asked->limit == 0              ? PROPOSALS_DEFAULT
			   : asked->limit < PROPOSALS_MAX ? asked->limit
							  : PROPOSALS_MAX;
	error = propose(proposing, asked, count, matched, ret_upset);
	event_links_free(&proposing->links);
	if (error)
		return error;
	query->reply->body_case = TWINLOG__REPLY__BODY_MATCHED;
	query->reply->matched = matched;
	query->reply->commit = matched->commit;
	return TWINLOG_OK;
}

enum twinlog_error query_match(const struct query *query, const Twinlog__Match *asked)
{
	return query_until_calm(query, match_once, (void *)(uintptr_t)asked);
}
