/* A story played in some order of arrival, and what the code says of it after each step held against the model. */
#ifndef TWINLOG_ACTS_PLAY_H
#define TWINLOG_ACTS_PLAY_H

#include "acts_model.h"
#include "counting.h"

struct play {
	const struct story *story;
	struct acts *acts;
	struct graph *graphs[STORY_CITIES];
	uint64_t here;                 /* acts */
	uint32_t bundles;              /* likewise */
	uint32_t entry[STORY_BUNDLES]; /* places in their graphs */
};

static const struct said *play_at(const struct play *play, uint32_t city, uint32_t entry)
{
	for (uint32_t i = 0; i < play->story->bundles_count; i++)
		if (play->bundles >> i & 1 && play->story->bundles[i].city == city && play->entry[i] == entry)
			return &play->story->bundles[i];
	abort();
}

static size_t play_named(const struct play *play, const struct said *bundle, struct hash *heads)
{
	ProtobufCBinaryData fields[STORY_ACTS];
	return story_hashes(play->story, bundle->named, heads, fields);
}

struct played {
	const struct play *play;
	uint32_t city;
};

static bool play_counts(void *context, uint32_t index)
{
	const struct played *played = context;
	struct hash heads[STORY_ACTS];
	const struct said *bundle = play_at(played->play, played->city, index);
	const size_t count = play_named(played->play, bundle, heads);
	return bundle_counts(played->play->acts, played->play->graphs[played->city], index, heads, count);
}

static void play_changed(void *context, uint32_t index)
{
	(void)context, (void)index;
}

/* As the daemon does: what an act touches is decided anew, and nothing else. */
static void play_recount(struct play *play, bool all, const struct hash *touched)
{
	for (uint32_t city = 0; city < STORY_CITIES; city++) {
		struct played played = {play, city};
		if (!play->graphs[city] || (!all && !hash_equal(&story_cities[city].identity, touched)))
			continue;
		STORY_MUST(bundle_cuts_set(play->acts, play->graphs[city]) == TWINLOG_OK);
		STORY_MUST(graph_recount(play->graphs[city], play_counts, play_changed, &played) == TWINLOG_OK);
	}
}

static void play_act(struct play *play, uint32_t index)
{
	const struct told *told = &play->story->acts[index];
	struct hash touched;
	struct act *act;

	STORY_MUST(act_open(told->bytes, told->size, &act) == TWINLOG_OK);
	STORY_MUST((play->acts ? acts_add(play->acts, act) : acts_new(act, &play->acts)) == TWINLOG_OK);
	play->here |= UINT64_C(1) << index;
	const enum acts_touched what = acts_touched(play->acts, &touched);
	if (what != ACTS_TOUCHED_NONE)
		play_recount(play, what == ACTS_TOUCHED_ALL, &touched);
}

static void play_bundle(struct play *play, uint32_t index)
{
	const struct said *said = &play->story->bundles[index];
	const struct story_city *city = &story_cities[said->city];
	struct graph **graph = &play->graphs[said->city];
	struct hash parents[STORY_BUNDLES];
	struct bundle bundle = {.id = said->id, .parents = parents, .number = said->number, .city = city->identity};
	struct played played = {play, said->city};

	for (uint32_t i = 0; i < STORY_BUNDLES; i++)
		if (said->parents >> i & 1)
			parents[bundle.parents_count++] = play->story->bundles[i].id;
	if (!*graph) {
		STORY_MUST(graph_new(&city->identity, graph) == TWINLOG_OK);
		STORY_MUST(bundle_cuts_set(play->acts, *graph) == TWINLOG_OK);
	}
	const size_t key = acts_key_number(play->acts, &city->identity, seal_keys_public(city->keys[said->key]));
	STORY_MUST(key != SIZE_MAX);
	STORY_MUST(graph_add(*graph, &bundle, index + 1, true, (uint16_t)key, 0) == TWINLOG_OK);
	play->entry[index] = graph_count(*graph) - 1;
	play->bundles |= 1u << index;
	if (graph_cut_grew(*graph))
		STORY_MUST(graph_recount(*graph, play_counts, play_changed, &played) == TWINLOG_OK);
	else
		graph_set_counts(*graph, play->entry[index], play_counts(&played, play->entry[index]));
	STORY_MUST(graph_commit(*graph) == TWINLOG_OK);
}

/* ---- Against the model ---- */

static void check_member(const struct play *play, const struct model *model, uint32_t city)
{
	const struct member *member = acts_member(play->acts, &story_cities[city].identity);
	const struct model_standing stands = model_standing(model, city, model->all);
	const uint32_t city_id = model_city_id(model, city);
	bool named = false;

	EACH(model, act, i)
	named = named || (model->all >> i & 1 && act->members >> city & 1);
	STORY_MUST(named == (member != NULL));
	if (!member)
		return;
	STORY_MUST(member->standing == stands.standing);
	STORY_MUST(member->reader == stands.reader);
	STORY_MUST(member->steward == model_steward(model, city, model->all));
	STORY_MUST(member->ever_member == model_ever(model, city));
	STORY_MUST(member->added == (city_id != STORY_NONE));
	if (city_id == STORY_NONE)
		return;
	STORY_MUST(strcmp(member->city_id, story_ids[city_id]) == 0);
	STORY_MUST(acts_member_by_city(play->acts, codec_string(story_ids[city_id])) == member);
}

/* Nobody is found by an id that nobody goes by. */
static void check_city_ids(const struct play *play, const struct model *model)
{
	for (uint32_t id = 0; id < STORY_CITIES; id++) {
		bool used = false;
		for (uint32_t city = 0; city < STORY_CITIES; city++)
			used = used || model_city_id(model, city) == id;
		STORY_MUST(used == (acts_member_by_city(play->acts, codec_string(story_ids[id])) != NULL));
	}
}

static void check_told(const struct play *play, const struct model *model, uint32_t city)
{
	const uint64_t told = model_told(model, city);

	if (!acts_member(play->acts, &story_cities[city].identity))
		return;
	STORY_MUST(acts_tell_undone(play->acts, &story_cities[city].identity) == TWINLOG_OK);
	for (size_t i = 0; i < acts_count(play->acts); i++)
		EACH(model, act, a)
	if (hash_equal(&acts_at(play->acts, i)->id, &act->id))
		STORY_MUST(acts_may_be_told(play->acts, &story_cities[city].identity, i) == (told >> a & 1));
}

static void check_bundles(const struct play *play, const struct model *model, uint32_t city)
{
	size_t wanted = 0;
	uint32_t counting = 0, covered = 0;
	static const struct hash_set none;
	const struct hash_set *heads = play->graphs[city] ? graph_heads(play->graphs[city]) : &none;

	for (uint32_t i = 0; i < play->story->bundles_count; i++) {
		if (!(play->bundles >> i & 1) || play->story->bundles[i].city != city)
			continue;
		const bool counts = model_counts(model, i, play->bundles);
		STORY_MUST(graph_at(play->graphs[city], play->entry[i])->counts == counts);
		counting |= (uint32_t)counts << i;
	}
	for (uint32_t i = 0; i < play->story->bundles_count; i++)
		for (uint32_t j = 0; j < play->story->bundles_count; j++)
			if (i != j && counting >> j & 1 && model_reaches(model, 1u << j, i, play->bundles))
				covered |= 1u << i;
	for (uint32_t i = 0; i < play->story->bundles_count; i++) {
		if (!((counting & ~covered) >> i & 1))
			continue;
		wanted++;
		STORY_MUST(hash_set_has(heads, &play->story->bundles[i].id));
	}
	STORY_MUST(wanted == heads->count);
}

struct sent {
	const struct play *play;
	uint32_t city;
	uint32_t bundles;
};

static bool sent_visit(void *context, uint32_t index)
{
	struct sent *sent = context;
	sent->bundles |= 1u << (play_at(sent->play, sent->city, index) - sent->play->story->bundles);
	return true;
}

/* A copy that gets what goes out, and no more, counts the same. */
static void check_sent(const struct play *play, const struct model *model, uint32_t city)
{
	struct sent sent = {.play = play, .city = city};

	if (play->graphs[city])
		graph_lacking(play->graphs[city], NULL, 0, sent_visit, &sent);
	for (uint32_t i = 0; i < play->story->bundles_count; i++)
		if (play->bundles >> i & 1 && play->story->bundles[i].city == city)
			STORY_MUST(model_counts(model, i, play->bundles) ==
				   (sent.bundles >> i & 1 && model_counts(model, i, sent.bundles)));
}

static void play_check(const struct play *play)
{
	const struct model model = model_of(play->story, play->here);
	const ProtobufCBinaryData title = acts_title(play->acts);
	char wanted[16];

	(void)snprintf(wanted, sizeof wanted, "Title %u", model_title(&model));
	STORY_MUST(codec_equal(title, wanted));
	for (uint32_t city = 0; city < STORY_CITIES; city++) {
		check_member(play, &model, city);
		check_told(play, &model, city);
		check_bundles(play, &model, city);
		check_sent(play, &model, city);
	}
	check_city_ids(play, &model);
}

/* Plays it all in an order that draw decides, parents first; each: checks after each step, else at the end alone. */
static void story_play(const struct story *story, uint32_t (*draw)(void *context, uint32_t below), void *context,
		       bool each)
{
	struct play play = {.story = story};

	play_act(&play, 0);
	for (;;) {
		uint32_t ready[STORY_ACTS + STORY_BUNDLES], count = 0;
		for (uint32_t i = 0; i < story->acts_count; i++)
			if (!(play.here >> i & 1) && (story->acts[i].known & ~play.here) == 0)
				ready[count++] = i;
		for (uint32_t i = 0; i < story->bundles_count; i++)
			if (!(play.bundles >> i & 1) && (story->bundles[i].acts & ~play.here) == 0 &&
			    (story->bundles[i].parents & ~play.bundles) == 0)
				ready[count++] = STORY_ACTS + i;
		if (count == 0)
			break;
		const uint32_t next = ready[draw(context, count)];
		if (next < STORY_ACTS)
			play_act(&play, next);
		else
			play_bundle(&play, next - STORY_ACTS);
		if (each)
			play_check(&play);
	}
	STORY_MUST(acts_count(play.acts) == story->acts_count);
	play_check(&play);
	for (uint32_t city = 0; city < STORY_CITIES; city++)
		graph_free(play.graphs[city]);
	acts_free(play.acts);
}

#endif
