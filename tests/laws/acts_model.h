/* Who belongs, reckoned naively: the numbered rules of PROTOCOL, "Acts" and "Bundles", each asked of all acts again and
 * again. Shares nothing with the code but the history. `of`: which acts are looked at, a bit each. */
#ifndef TWINLOG_ACTS_MODEL_H
#define TWINLOG_ACTS_MODEL_H

#include "acts_story.h"

#define MODEL(NAME) TWINLOG__ACT_KIND__ACT_##NAME

struct model {
	const struct story *story;
	uint64_t all, valid;
};

struct model_standing {
	enum standing standing;
	bool reader;
};

#define EACH(model, act, i)                                                                                            \
	for (uint32_t i = 0; i < (model)->story->acts_count; i++)                                                      \
		for (const struct told *act = &(model)->story->acts[i]; act; act = NULL)

static bool model_knew(const struct model *model, uint32_t after, uint32_t before)
{
	return model->story->acts[after].known >> before & 1;
}

static bool model_held(const struct model *model, uint32_t act, uint64_t of)
{
	return (of & model->valid) >> act & 1;
}

static int model_order(const struct model *model, uint32_t a, uint32_t b)
{
	const struct told *x = &model->story->acts[a], *y = &model->story->acts[b];
	return x->number != y->number ? (x->number < y->number ? -1 : 1) : hash_compare(&x->id, &y->id);
}

/* ---- Rules 2 to 5 ---- */

static bool model_removes(const struct told *act, uint32_t city)
{
	return act->kind == MODEL(REMOVE) && act->extends == STORY_NONE && act->subject == city;
}

static bool model_lives(const struct model *model, uint32_t addition, uint32_t city, uint64_t of)
{
	EACH(model, act, i)
	if (model_held(model, i, of) && model_removes(act, city) && !model_knew(model, addition, i))
		return false;
	return true;
}

static bool model_outlives(const struct model *model, uint32_t acceptance, uint32_t addition, uint32_t city,
			   uint64_t of)
{
	EACH(model, act, i)
	if (model_held(model, i, of) && act->kind == MODEL(DECLINE) && act->signer == city &&
	    model_knew(model, i, addition) && !model_knew(model, acceptance, i))
		return false;
	return true;
}

static enum standing model_under(const struct model *model, uint32_t addition, uint32_t city, uint64_t of)
{
	const struct told *added = &model->story->acts[addition];
	bool declined = false;
	bool member =
	    added->kind == MODEL(FOUND) && added->signer == city && model_outlives(model, addition, addition, city, of);

	EACH(model, act, i)
	{
		if (!model_held(model, i, of) || act->signer != city || !model_knew(model, i, addition))
			continue;
		if (act->kind == MODEL(LEAVE))
			return STANDING_LEFT;
		declined |= act->kind == MODEL(DECLINE);
		member |= act->kind == MODEL(ACCEPT) && model_outlives(model, i, addition, city, of);
	}
	return member ? STANDING_MEMBER : declined ? STANDING_DECLINED : STANDING_INVITED;
}

static struct model_standing model_standing(const struct model *model, uint32_t city, uint64_t of)
{
	static const enum standing order[] = {STANDING_MEMBER, STANDING_INVITED, STANDING_DECLINED, STANDING_LEFT};

	for (size_t o = 0; o < sizeof order / sizeof *order; o++) {
		uint32_t giving = STORY_NONE;
		EACH(model, act, i)
		if (model_held(model, i, of) && act->members >> city & 1 && model_lives(model, i, city, of) &&
		    model_under(model, i, city, of) == order[o] &&
		    (giving == STORY_NONE || model_order(model, i, giving) > 0))
			giving = i;
		if (giving != STORY_NONE)
			return (struct model_standing){order[o], model->story->acts[giving].readers >> city & 1};
	}
	return (struct model_standing){STANDING_REMOVED, false};
}

static bool model_steward(const struct model *model, uint32_t city, uint64_t of)
{
	if (model_standing(model, city, of).standing != STANDING_MEMBER)
		return false;
	EACH(model, act, i)
	{
		bool lives = model_held(model, i, of) && act->stewards >> city & 1 && model_lives(model, i, city, of);
		EACH(model, left, l)
		if (model_held(model, l, of) && left->kind == MODEL(LEAVE) && left->signer == city &&
		    !model_knew(model, i, l))
			lives = false;
		if (lives)
			return true;
	}
	return false;
}

static uint32_t model_stewards(const struct model *model, uint64_t of)
{
	uint32_t count = 0;
	for (uint32_t city = 0; city < STORY_CITIES; city++)
		count += model_steward(model, city, of);
	return count;
}

/* ---- Rules 7 to 9 ---- */

static bool model_extends(const struct model *model, uint32_t more, uint32_t first)
{
	const struct told *act = &model->story->acts[more], *extended = &model->story->acts[first];
	return act->extends == first && act->kind == extended->kind && model_knew(model, more, first) &&
	       (act->kind == MODEL(CHANGE_KEY) ? act->signer == extended->signer : model_held(model, more, model->all));
}

static bool model_retires(const struct model *model, uint32_t change, uint32_t key)
{
	const struct told *act = &model->story->acts[change];
	return act->new_key != key && story_keys_known(model->story, act->signer, act->known & model->all) >> key & 1;
}

static bool model_changes(const struct told *act, uint32_t city)
{
	return act->kind == MODEL(CHANGE_KEY) && act->new_key != STORY_NONE && act->signer == city;
}

static bool model_shuts_out(const struct model *model, uint32_t change, uint32_t index)
{
	const struct told *act = &model->story->acts[change], *asked = &model->story->acts[index];
	bool named = act->acts >> index & 1;

	if (asked->kind == MODEL(FOUND) || asked->kind == MODEL(CHANGE_KEY) || !(model->all >> change & 1) ||
	    !model_changes(act, asked->signer) || !model_retires(model, change, asked->key))
		return false;
	EACH(model, more, m)
	if (model->all >> m & 1 && model_extends(model, m, change))
		named = named || more->acts >> index & 1;
	return !named;
}

static bool model_shut_out(const struct model *model, uint32_t index)
{
	for (uint32_t i = 0; i < model->story->acts_count; i++)
		if (model_shuts_out(model, i, index))
			return true;
	return false;
}

/* The addition that has the city id of this one; STORY_NONE. */
static uint32_t model_id_taken(const struct model *model, uint32_t index)
{
	const struct told *claim = &model->story->acts[index];
	uint32_t first = STORY_NONE;

	if (claim->kind != MODEL(ADD))
		return STORY_NONE;
	const uint32_t city = (uint32_t)__builtin_ctz(claim->members);
	EACH(model, act, i)
	for (uint32_t other = 0; other < STORY_CITIES; other++)
		if (model_held(model, i, model->all) && model_order(model, i, index) < 0 && other != city &&
		    act->members >> other & 1 && act->ids[other] == claim->ids[city] &&
		    (first == STORY_NONE || model_order(model, i, first) < 0))
			first = i;
	return first;
}

static bool model_had_right(const struct model *model, uint32_t index)
{
	const struct told *act = &model->story->acts[index];
	const enum standing own = model_standing(model, act->signer, act->known).standing;
	const bool steward = model_steward(model, act->signer, act->known);
	const bool network = model->story->template == TWINLOG__TEMPLATE__TEMPLATE_NETWORK;
	struct model_standing other;

	switch (act->kind) {
	case MODEL(ACCEPT):
	case MODEL(DECLINE):
		return own == STANDING_MEMBER || own == STANDING_INVITED || own == STANDING_DECLINED;
	case MODEL(LEAVE):
		return own != STANDING_REMOVED;
	case MODEL(RENAME):
		return steward;
	case MODEL(ADD):
		return network && steward;
	case MODEL(APPOINT):
		other = model_standing(model, (uint32_t)__builtin_ctz(act->stewards), act->known);
		return network && steward && other.standing == STANDING_MEMBER && !other.reader &&
		       model_stewards(model, act->known) < 9;
	case MODEL(REMOVE):
		return network && steward &&
		       (act->extends != STORY_NONE || !model_steward(model, act->subject, act->known));
	default:
		return true;
	}
}

/* Rule 1. all: the acts that are here. undone: without rules 7 and 8. */
static struct model model_with(const struct story *story, uint64_t all, bool undone)
{
	struct model model = {.story = story, .all = all};
	uint64_t left = all;

	while (left) {
		uint32_t next = STORY_NONE;
		for (uint32_t i = 0; i < story->acts_count; i++)
			if (left >> i & 1 && (next == STORY_NONE || model_order(&model, i, next) < 0))
				next = i;
		if (next == STORY_NONE)
			break;
		left &= ~(UINT64_C(1) << next);
		if (model_had_right(&model, next) &&
		    (undone || (!model_shut_out(&model, next) && model_id_taken(&model, next) == STORY_NONE)))
			model.valid |= UINT64_C(1) << next;
	}
	return model;
}

static struct model model_of(const struct story *story, uint64_t all)
{
	return model_with(story, all, false);
}

/* ---- What follows ---- */

static uint32_t model_title(const struct model *model)
{
	uint32_t titled = 0;
	EACH(model, act, i)
	if (model_held(model, i, model->all) && act->kind == MODEL(RENAME) && model_order(model, i, titled) > 0)
		titled = i;
	return model->story->acts[titled].title;
}

/* STORY_NONE: it goes by none. */
static uint32_t model_city_id(const struct model *model, uint32_t city)
{
	uint32_t first = STORY_NONE;
	EACH(model, act, i)
	if (model_held(model, i, model->all) && act->members >> city & 1 &&
	    (first == STORY_NONE || model_order(model, i, first) < 0))
		first = i;
	return first == STORY_NONE ? STORY_NONE : model->story->acts[first].ids[city];
}

static bool model_ever(const struct model *model, uint32_t city)
{
	bool ever = city == 0;
	EACH(model, act, i)
	ever = ever || (model_held(model, i, model->all) && act->kind == MODEL(ACCEPT) && act->signer == city);
	return ever;
}

static bool model_ended(const struct model *model, uint32_t index, uint32_t city)
{
	const struct told *act = &model->story->acts[index];
	const enum standing before = model_standing(model, city, act->known).standing;
	const bool word = act->signer == city && (act->kind == MODEL(LEAVE) || act->kind == MODEL(DECLINE));

	if (!model_held(model, index, model->all) || !(word || model_removes(act, city)))
		return false;
	if (before == STANDING_MEMBER || before == STANDING_INVITED)
		return true;
	EACH(model, added, i)
	if (!word && model_held(model, i, model->all) && added->members >> city & 1 && !model_knew(model, index, i) &&
	    !model_knew(model, i, index))
		return true;
	return false;
}

/* It, or what it extends, is a change of the city's key. */
static bool model_changes_key(const struct model *model, uint32_t index, uint32_t city)
{
	const struct told *act = &model->story->acts[index];

	if (!(model->all >> index & 1))
		return false;
	return model_changes(act, city) ||
	       (act->extends != STORY_NONE && model_changes(&model->story->acts[act->extends], city) &&
		model_extends(model, index, act->extends));
}

static uint64_t model_with_known(const struct model *model, uint32_t index)
{
	return UINT64_C(1) << index | model->story->acts[index].known;
}

static uint32_t model_cause(const struct model *model, uint32_t index)
{
	uint32_t first = STORY_NONE;

	for (uint32_t i = 0; i < model->story->acts_count; i++)
		if (model_shuts_out(model, i, index) && (first == STORY_NONE || model_order(model, i, first) < 0))
			first = i;
	return first != STORY_NONE ? first : model_id_taken(model, index);
}

static uint64_t model_undone(const struct model *model, const struct model *once, uint32_t index)
{
	const uint32_t cause = model_cause(model, index);
	uint64_t by = 0;

	if (model_held(model, index, model->all) || !model_had_right(once, index))
		return 0;
	if (cause != STORY_NONE)
		return model_with_known(model, cause);
	EACH(model, act, i)
	if (model_knew(model, index, i) && model_cause(model, i) != STORY_NONE)
		by |= model_with_known(model, model_cause(model, i));
	return by;
}

static uint64_t model_told(const struct model *model, uint32_t city)
{
	const struct model once = model_with(model->story, model->all, true);

	const enum standing now = model_standing(model, city, model->all).standing;
	uint64_t told = 0;

	if (now == STANDING_MEMBER || now == STANDING_INVITED)
		return model->all;
	EACH(model, act, i)
	{
		if (model_ended(model, i, city) || model_changes_key(model, i, city))
			told |= model_with_known(model, i);
		if (model->all >> i & 1 && (act->members >> city & 1 || model_removes(act, city)))
			told |= model_undone(model, &once, i);
	}
	return told;
}

static uint32_t model_of_city(const struct model *model, uint32_t city)
{
	uint32_t set = 0;
	for (uint32_t i = 0; i < model->story->bundles_count; i++)
		set |= (uint32_t)(model->story->bundles[i].city == city) << i;
	return set;
}

/* A head named there is the bundle or builds on it. Bundles of that set alone are here. */
static bool model_reaches(const struct model *model, uint32_t heads, uint32_t bundle, uint32_t here)
{
	uint32_t reached = heads & here;
	for (uint32_t i = STORY_BUNDLES; i-- > 0;)
		if (reached >> i & 1)
			reached |= model->story->bundles[i].parents;
	return reached >> bundle & 1;
}

static bool model_counts(const struct model *model, uint32_t index, uint32_t here)
{
	const struct said *bundle = &model->story->bundles[index];
	const struct model_standing then = model_standing(model, bundle->city, bundle->acts);

	if (then.standing != STANDING_MEMBER || then.reader)
		return false;
	EACH(model, act, i)
	{
		uint32_t heads = act->bundles;
		const bool removal =
		    model_held(model, i, model->all) && model_removes(act, bundle->city) && !(bundle->acts >> i & 1);
		const bool change =
		    model->all >> i & 1 && model_changes(act, bundle->city) && model_retires(model, i, bundle->key);
		if (!removal && !change)
			continue;
		EACH(model, more, m)
		if (model->all >> m & 1 && model_extends(model, m, i))
			heads |= more->bundles;
		if (!model_reaches(model, heads & model_of_city(model, bundle->city), index, here))
			return false;
	}
	return true;
}

#endif
