#include "record_state.h"

#include <stdlib.h>
#include <string.h>

enum side_rank { RANK_PARTY_OPENER, RANK_PARTY, RANK_OPENER, RANK_OTHER };

/* What one judging looks at. */
struct judge {
	const struct statements *statements;
	const struct acts *acts;
	const struct record *record;
	const struct hash *opener;           /* of a city record: who goes by its id, or zero */
	const struct word *opener_word;      /* its current word */
	const struct word *opener_statement; /* its greatest counting statement */
	struct judgement *out;
};

void judgement_init(struct judgement *judgement)
{
	memset(judgement, 0, sizeof *judgement);
	judgement->sides = judgement->room;
	judgement->sides_capacity = RECORD_SIDES_INLINE;
}

void judgement_free(struct judgement *judgement)
{
	if (judgement->sides != judgement->room)
		free(judgement->sides);
	judgement_init(judgement);
}

enum twinlog_error judgement_side(struct judgement *out, const struct member *member, struct side **ret_side)
{
	for (size_t i = 0; i < out->sides_count; i++)
		if (out->sides[i].member == member) {
			*ret_side = &out->sides[i];
			return TWINLOG_OK;
		}
	if (out->sides_count == out->sides_capacity) {
		size_t capacity = 2 * out->sides_capacity;
		struct side *sides = malloc(capacity * sizeof *sides);

		if (!sides)
			return TWINLOG_NO_MEMORY;
		memcpy(sides, out->sides, out->sides_count * sizeof *sides);
		if (out->sides != out->room)
			free(out->sides);
		out->sides = sides;
		out->sides_capacity = capacity;
	}
	*ret_side = &out->sides[out->sides_count++];
	**ret_side = (struct side){.member = member};
	return TWINLOG_OK;
}

static struct side *side_find(const struct judgement *out, const struct hash *city)
{
	for (size_t i = 0; i < out->sides_count; i++)
		if (hash_equal(&out->sides[i].member->identity, city))
			return &out->sides[i];
	return NULL;
}

static const struct word *next_word(const struct judge *judge, const struct word *word)
{
	return statements_word(judge->statements, word ? word->next : judge->record->first_word);
}

static const struct hash *city_of(const struct judge *judge, const struct word *word)
{
	return statements_city(judge->statements, word->city);
}

static bool is_statement(const struct word *word)
{
	return word->operation == TWINLOG__OPERATION__OPERATION_STATEMENT;
}

/* PROTOCOL, "Current statement": "equal bodies are one". */
static bool words_equal(const struct judge *judge, const struct word *a, const struct word *b)
{
	const struct hash *a_answers = statements_answers(judge->statements, a);
	const struct hash *b_answers = statements_answers(judge->statements, b);

	if (a->erased || b->erased || a->operation != b->operation || a->report != b->report || a->body != b->body)
		return false;
	return a_answers && b_answers ? hash_equal(a_answers, b_answers) : a_answers == b_answers;
}

/* Each city's current word, and what the opener said last. */
static enum twinlog_error gather_words(struct judge *judge)
{
	for (const struct word *word = next_word(judge, NULL); word; word = next_word(judge, word)) {
		const struct hash *city = city_of(judge, word);
		bool by_opener = hash_equal(city, judge->opener);
		const struct member *member;
		enum twinlog_error error;
		struct side *side;

		if (!word->counts || word_lane(word) != LANE_WORD)
			continue;
		if (by_opener && is_statement(word) &&
		    (!judge->opener_statement || word_order(word, judge->opener_statement) > 0))
			judge->opener_statement = word;
		if (!word_is_current(word) || !(member = acts_member(judge->acts, city)))
			continue;
		error = judgement_side(judge->out, member, &side);
		if (error)
			return error;
		if (side->word && !words_equal(judge, side->word, word))
			side->conflict = true;
		if (!side->word || word_order(word, side->word) > 0)
			side->word = word;
		if (by_opener)
			judge->opener_word = side->word;
	}
	return TWINLOG_OK;
}

/* DOMAIN: "members (or former members, not readers …)". */
static bool may_be_party(const struct member *member)
{
	return member && member->ever_member && !member->reader;
}

static enum twinlog_error make_party(struct judge *judge, const struct member *member)
{
	struct side *side;
	enum twinlog_error error = judgement_side(judge->out, member, &side);

	if (!error)
		side->party = true;
	return error;
}

static const struct member *member_named(const struct judge *judge, uint32_t city)
{
	size_t size;
	const char *text = names_text(statements_names(judge->statements), city, &size);

	return acts_member_by_city(judge->acts, codec_bytes(text, size));
}

/* DOMAIN: "The parties of a record are the members (or former members, not readers, not named as observers) that the
 * opener's current version names, or an earlier version that they answered." Of a city record the party is that city:
 * "A city record's own city leads". */
static enum twinlog_error gather_parties(struct judge *judge)
{
	const struct word *version = judge->opener_word;
	const struct facts *facts;
	enum twinlog_error error = TWINLOG_OK;

	/* A withdrawal or an answer names nobody; the version before it still does. */
	if (!version || !is_statement(version))
		version = judge->opener_statement;
	judge->out->names = version;
	if (judge->record->kind == TWINLOG__RECORD_KIND__RECORD_CITY) {
		const struct member *own = acts_member(judge->acts, judge->opener);

		return may_be_party(own) ? make_party(judge, own) : TWINLOG_OK;
	}
	facts = version ? statements_facts(judge->statements, version) : NULL;
	for (size_t i = 0; !error && facts && i < facts->named_count; i++) {
		const struct member *member = member_named(judge, facts->ids[i]);

		if (may_be_party(member))
			error = make_party(judge, member);
	}
	for (const struct word *word = next_word(judge, NULL); !error && word; word = next_word(judge, word)) {
		const struct word *answered = statements_answered(judge->statements, word);
		const struct member *member;
		uint32_t city;

		if (!answered || !word->counts || word->report || word_lane(word) != LANE_WORD || !answered->counts ||
		    !is_statement(answered) || answered->record != word->record ||
		    !hash_equal(city_of(judge, answered), judge->opener))
			continue;
		member = acts_member(judge->acts, city_of(judge, word));
		if (!may_be_party(member))
			continue;
		city = names_find(statements_names(judge->statements), member->city_id, strlen(member->city_id));
		if (city != NAME_NONE && facts_names(statements_facts(judge->statements, answered), city))
			error = make_party(judge, member);
	}
	return error;
}

static int side_order(const void *a, const void *b)
{
	const struct side *left = a, *right = b;

	if (left->rank != right->rank)
		return left->rank < right->rank ? -1 : 1;
	return strcmp(left->member->city_id, right->member->city_id);
}

static void order_sides(struct judge *judge)
{
	struct judgement *out = judge->out;

	for (size_t i = 0; i < out->sides_count; i++) {
		struct side *side = &out->sides[i];

		side->opener = hash_equal(&side->member->identity, judge->opener);
		if (side->party)
			side->rank = side->opener ? RANK_PARTY_OPENER : RANK_PARTY;
		else
			side->rank = side->opener ? RANK_OPENER : RANK_OTHER;
	}
	qsort(out->sides, out->sides_count, sizeof *out->sides, side_order);
}

/* The leaf that an answer names, when it is a sound statement on this record and counts; else NULL. */
static const struct word *answered_statement(const struct judge *judge, const struct word *word)
{
	const struct word *found = statements_answered(judge->statements, word);

	if (!found || !found->counts || !is_statement(found) || found->record != word->record || found->void_rule != 0)
		return NULL;
	return found;
}

/* Where one city stands. */
static void judge_standing(const struct judge *judge, struct side *side)
{
	const struct word *word = side->word;

	side->standing = TWINLOG__STANDING__WORD_NONE;
	if (!word)
		return;
	/* DOMAIN: "A confirmation names a statement on its record and means that version's values." */
	if (word->operation == TWINLOG__OPERATION__OPERATION_CONFIRMATION)
		side->means = answered_statement(judge, word);
	else if (is_statement(word))
		side->means = word;
	if (word->void_rule != 0)
		side->means = NULL;
	side->facts = side->means ? statements_facts(judge->statements, side->means) : NULL;
	if (side->facts && !side->facts->values)
		side->facts = NULL;

	if (word->void_rule != 0)
		/* A void operation says nothing: of a party it is still waited for. */
		side->standing = side->party ? TWINLOG__STANDING__WORD_NONE : TWINLOG__STANDING__WORD_REPORTS;
	else if (word->operation == TWINLOG__OPERATION__OPERATION_WITHDRAWAL)
		side->standing = TWINLOG__STANDING__WORD_WITHDREW;
	else if (!side->party || word->report)
		side->standing = TWINLOG__STANDING__WORD_REPORTS;
	else if (word->operation == TWINLOG__OPERATION__OPERATION_DENIAL)
		side->standing = TWINLOG__STANDING__WORD_DENIES;
	else if (side->means && side->means->erased)
		/* "when it was erased, as 'spoken, values erased'" */
		side->standing = TWINLOG__STANDING__WORD_ERASED;
	else if (is_statement(word))
		side->standing = TWINLOG__STANDING__WORD_STATES;
	else
		side->standing = TWINLOG__STANDING__WORD_CONFIRMS;
	side->spoken = word->void_rule == 0 && !word->report;
}

static bool confirms_city(const struct side *side, const struct side *other)
{
	return side->standing == TWINLOG__STANDING__WORD_CONFIRMS && side->part == other->part && side->means &&
	       other->word && side->means->city == other->word->city;
}

/* DOMAIN: "Two cities that confirm each other at once agree." */
static bool confirm_each_other(const struct side *a, const struct side *b)
{
	return confirms_city(a, b) && confirms_city(b, a);
}

/* DOMAIN: "When the partner has changed it since, it shows as outdated". */
static bool changed_since(const struct judge *judge, const struct side *side, const struct word *answered)
{
	const struct side *author = side_find(judge->out, city_of(judge, answered));

	if (word_is_current(answered) || answered->city == side->word->city)
		return false;
	if (author && confirm_each_other(side, author))
		return false;
	for (const struct word *word = next_word(judge, NULL); word; word = next_word(judge, word))
		if (word->city == answered->city && word_is_current(word) && is_statement(word) && !word->erased &&
		    word->body == answered->body)
			return false;
	return true;
}

static bool party_speaks(const struct side *side)
{
	return side->party && side->spoken;
}

static void compare_parties(struct judgement *out)
{
	for (size_t i = 0; i < out->sides_count; i++) {
		const struct side *a = &out->sides[i];

		if (!party_speaks(a) || !a->facts)
			continue;
		for (size_t j = i + 1; j < out->sides_count; j++) {
			const struct side *b = &out->sides[j];
			uint32_t pending = 0;

			if (!party_speaks(b) || !b->facts || a->facts == b->facts || confirm_each_other(a, b))
				continue;
			out->differing |= facts_compare(a->facts, b->facts, &pending);
			out->pending |= pending;
		}
	}
}

/* DOMAIN, the table of states: "the first that applies". */
static uint8_t judge_state(const struct judgement *out, bool shown)
{
	size_t parties = 0, spoken = 0, withdrew = 0, denied = 0, settled = 0;

	for (size_t i = 0; i < out->sides_count; i++) {
		const struct side *side = &out->sides[i];

		if (!side->party)
			continue;
		parties++;
		if (!side->spoken)
			continue;
		spoken++;
		withdrew += side->standing == TWINLOG__STANDING__WORD_WITHDREW;
		denied += side->standing == TWINLOG__STANDING__WORD_DENIES;
		/* A confirmation of what is not here is no agreement yet; one of what was erased stays one. */
		settled += side->facts || side->standing == TWINLOG__STANDING__WORD_ERASED;
	}
	if (!shown)
		return TWINLOG__RECORD_STATE__STATE_NONE;
	/* 1. "a party has spoken, and every one that did has withdrawn" */
	if (spoken > 0 && withdrew == spoken)
		return TWINLOG__RECORD_STATE__STATE_WITHDRAWN;
	/* 2. "no party has spoken" */
	if (spoken == 0)
		return TWINLOG__RECORD_STATE__STATE_REPORTED;
	/* 3. "a party does not know of it" */
	if (denied > 0)
		return TWINLOG__RECORD_STATE__STATE_DENIED;
	/* 4. "coded facts of two parties differ" */
	if (out->differing)
		return TWINLOG__RECORD_STATE__STATE_DIFFERS;
	/* 6. "two parties or more, all have spoken, and every pair of them matches" */
	if (parties >= 2 && settled == parties)
		return TWINLOG__RECORD_STATE__STATE_AGREED;
	/* 5. "some party has not spoken yet": or withdrew, or confirms what is not here, or there is but one. */
	return TWINLOG__RECORD_STATE__STATE_ONE_SIDED;
}

/* DOMAIN, "Lead statement". Sides are in its order already: parties first, the opener before all, then by city id. */
static const struct word *judge_lead(const struct judgement *out)
{
	const struct side *lead = NULL;

	/* 1. "the opener's if it is a party with values, else the lowest city id's among parties with values" */
	for (size_t i = 0; i < out->sides_count; i++) {
		const struct side *side = &out->sides[i];

		if (!party_speaks(side) || !side->facts)
			continue;
		/* 2. "Where all agree, the shortest date interval is taken, ties in that order." */
		if (!lead || (out->state == TWINLOG__RECORD_STATE__STATE_AGREED &&
			      facts_days(side->facts) < facts_days(lead->facts)))
			lead = side;
	}
	if (lead)
		return lead->means;
	/* 3. "else (reported) the opener's, else the lowest id's with values" */
	for (size_t i = 0; i < out->sides_count; i++) {
		const struct side *side = &out->sides[i];

		if (!side->facts)
			continue;
		if (!lead || (side->opener && !lead->opener) ||
		    (!lead->opener && strcmp(side->member->city_id, lead->member->city_id) < 0))
			lead = side;
	}
	return lead ? lead->means : NULL;
}

void judgement_conclude(struct judgement *judgement, bool shown)
{
	judgement->differing = 0;
	judgement->pending = 0;
	compare_parties(judgement);
	judgement->state = judge_state(judgement, shown);
	judgement->lead = judge_lead(judgement);
}

static bool somebody_else_speaks(const struct judgement *out, const struct side *self)
{
	for (size_t i = 0; i < out->sides_count; i++) {
		const struct side *side = &out->sides[i];

		if (side != self && side->word && side->word->void_rule == 0 &&
		    side->standing != TWINLOG__STANDING__WORD_WITHDREW)
			return true;
	}
	return false;
}

/* Whether this city is to answer. */
static bool judge_waiting(const struct judge *judge, const struct hash *self)
{
	const struct judgement *out = judge->out;
	const struct side *own = side_find(out, self);
	const struct word *answered;

	/* 1. Only a party is waited for, and only while it belongs. */
	if (!own || !own->party || own->member->standing != STANDING_MEMBER)
		return false;
	/* 2. It has not spoken on what somebody else says. */
	if (!own->spoken)
		return somebody_else_speaks(out, own);
	/* 3. What it confirmed or denied was changed since. */
	answered = answered_statement(judge, own->word);
	if (own->outdated || (own->standing == TWINLOG__STANDING__WORD_DENIES && answered &&
			      changed_since(judge, own, answered) && somebody_else_speaks(out, own)))
		return true;
	/* 4. It differs from what a partner said after it, and not in answer to that. */
	for (size_t i = 0; own->facts && i < out->sides_count; i++) {
		const struct side *side = &out->sides[i];

		if (side != own && party_speaks(side) && side->facts && !confirm_each_other(own, side) &&
		    side->word->clock_ms > own->word->clock_ms && answered != side->word &&
		    facts_compare(own->facts, side->facts, NULL))
			return true;
	}
	return false;
}

enum twinlog_error record_judge(const struct statements *statements, const struct acts *acts, const struct hash *self,
				const struct record *record, struct judgement *judgement)
{
	struct judge judge = {.statements = statements,
			      .acts = acts,
			      .record = record,
			      .opener = statements_opener(statements, record),
			      .out = judgement};
	enum twinlog_error error;

	judgement->sides_count = 0;
	if (record->kind == TWINLOG__RECORD_KIND__RECORD_CITY) {
		const struct member *own = member_named(&judge, record->name);

		if (own)
			judge.opener = &own->identity;
	}
	error = gather_words(&judge);
	if (!error)
		error = gather_parties(&judge);
	if (error)
		return error;
	order_sides(&judge);
	for (size_t i = 0; i < judgement->sides_count; i++)
		judge_standing(&judge, &judgement->sides[i]);
	for (size_t i = 0; i < judgement->sides_count; i++) {
		struct side *side = &judgement->sides[i];
		bool confirms =
		    side->word && side->word->operation == TWINLOG__OPERATION__OPERATION_CONFIRMATION && side->means;

		side->outdated = confirms && changed_since(&judge, side, side->means);
	}
	judgement_conclude(judgement, record->shown);
	judgement->waiting = judge_waiting(&judge, self);
	return TWINLOG_OK;
}

/* The summary as it is kept: SUMMARY_MADE, then waiting, state 6 bits; facts 32 at the bottom. */
#define SUMMARY_WAITING (1ull << 55)
#define SUMMARY_STATE   56

enum twinlog_error record_summarize(const struct statements *statements, const struct acts *acts,
				    const struct hash *self, size_t record, struct record_summary *ret_summary)
{
	uint64_t kept = statements_summary(statements, record);

	if (!(kept & SUMMARY_MADE)) {
		struct judgement judgement;
		const struct word *word;
		enum twinlog_error error;

		judgement_init(&judgement);
		error = record_judge(statements, acts, self, statements_record(statements, record), &judgement);
		word = judgement.lead ? judgement.lead : judgement.names;
		kept = SUMMARY_MADE | (judgement.waiting ? SUMMARY_WAITING : 0) |
		       (uint64_t)judgement.state << SUMMARY_STATE | (word ? word->facts : FACTS_NONE);
		judgement_free(&judgement);
		if (error)
			return error;
		statements_keep_summary(statements, record, kept);
	}
	ret_summary->state = kept >> SUMMARY_STATE & 0x3f;
	ret_summary->waiting = (kept & SUMMARY_WAITING) != 0;
	ret_summary->facts_at = (uint32_t)kept;
	ret_summary->facts = (uint32_t)kept == FACTS_NONE ? NULL : statements_facts_at(statements, (uint32_t)kept);
	return TWINLOG_OK;
}

size_t record_elsewhere(const struct statements *statements, const struct acts *acts, const struct judgement *judgement,
			uint32_t *ret_cities, size_t max)
{
	const struct judge judge = {.statements = statements, .acts = acts};
	const struct word *word = judgement->names ? judgement->names : judgement->lead;
	const struct facts *facts = word ? statements_facts(statements, word) : NULL;
	size_t count = 0;

	for (size_t i = 0; facts && i < facts->cities_count && count < max; i++) {
		const struct member *member = member_named(&judge, facts->ids[i]);

		if (!member || !member->ever_member)
			ret_cities[count++] = facts->ids[i];
	}
	return count;
}
