/* Liveness: when all is healed, members of a space that are linked through members must come to hold and answer the
 * same, with every acknowledged word in it. */
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

static char lacking[300];

struct circle { /* the members of a space that reach each other */
	struct hash space;
	enum standing standing[SIM_CITIES_MAX];
	unsigned group[SIM_CITIES_MAX]; /* of members: the smallest city that it reaches */
	unsigned members[SIM_CITIES_MAX];
	unsigned members_count;
};

static const struct space *space_at(const struct sim *sim, unsigned city, const struct hash *space)
{
	return node_space_find(sim->machines[sim->cities[city].machine].node, space);
}

/* Whether a belongs, and has b belong. */
static bool circle_holds(const struct sim *sim, const struct circle *circle, unsigned a, unsigned b)
{
	if (circle->standing[a] != STANDING_MEMBER)
		return false;
	const struct member *other =
	    acts_member(space_acts(space_at(sim, a, &circle->space)), &sim->cities[b].identity);
	return other && other->standing == STANDING_MEMBER;
}

/* Who belongs, as each city itself sees itself. */
static void circle_draw(const struct sim *sim, struct circle *circle)
{
	const unsigned cities = sim->profile.cities;
	circle->members_count = 0;
	for (unsigned i = 0; i < cities; i++) {
		const struct space *space = space_at(sim, i, &circle->space);
		const struct member *self = space ? acts_member(space_acts(space), &sim->cities[i].identity) : NULL;
		circle->standing[i] = self ? self->standing : STANDING_REMOVED;
		circle->group[i] = i;
		if (circle->standing[i] == STANDING_MEMBER)
			circle->members[circle->members_count++] = i;
	}
	for (bool changed = true; changed;) {
		changed = false;
		for (size_t i = 0; i < sim->ties_count; i++) {
			const unsigned a = sim->ties[i].dials, b = sim->ties[i].answers;
			if (!circle_holds(sim, circle, a, b) || !circle_holds(sim, circle, b, a) ||
			    circle->group[a] == circle->group[b])
				continue;
			const unsigned low = circle->group[a] < circle->group[b] ? circle->group[a] : circle->group[b];
			circle->group[a] = circle->group[b] = low;
			changed = true;
		}
	}
}

static bool knows_more(const struct acts *acts, const struct space *theirs)
{
	size_t count;
	const struct hash *heads = acts_heads(space_acts(theirs), &count);
	for (size_t i = 0; i < count; i++)
		if (!acts_has(acts, &heads[i]))
			return true;
	return false;
}

/* Whether who is named here has yet to hear of it or to answer, or that it does not belong. One that left, or was
 * removed, out of sight of this member knows more than it. */
static bool owes_answer(const struct sim *sim, const struct circle *circle, const struct acts *acts,
			const struct member *named, unsigned other)
{
	const struct space *theirs = space_at(sim, other, &circle->space);
	const enum standing own = circle->standing[other];
	if (named->standing == STANDING_REMOVED || named->standing == STANDING_LEFT)
		return theirs && (own == STANDING_MEMBER || own == STANDING_INVITED) && !knows_more(acts, theirs);
	return !theirs || own == STANDING_INVITED || (own != named->standing && !knows_more(acts, theirs));
}

static const char *circle_named(const struct sim *sim, const struct circle *circle, unsigned member)
{
	const struct acts *acts = space_acts(space_at(sim, member, &circle->space));
	for (size_t i = 0; i < sim->ties_count; i++) {
		const unsigned a = sim->ties[i].dials, b = sim->ties[i].answers;
		const unsigned other = a == member ? b : a;
		const struct member *named = acts_member(acts, &sim->cities[other].identity);
		if ((a != member && b != member) || !named)
			continue;
		if (owes_answer(sim, circle, acts, named, other)) {
			snprintf(lacking, sizeof lacking, "%s does not know or has not answered what %s holds of it",
				 sim->cities[other].city_id, sim->cities[member].city_id);
			return lacking;
		}
	}
	return NULL;
}

static const char *circle_same(struct sim *sim, const struct circle *circle, unsigned a, unsigned b)
{
	const struct space *left = space_at(sim, a, &circle->space), *right = space_at(sim, b, &circle->space);
	struct hash digests[4];
	space_digest(left, &digests[0], &digests[1]);
	space_digest(right, &digests[2], &digests[3]);
	const char *what = NULL;
	if (!hash_equal(&digests[0], &digests[2]))
		what = "acts";
	else if (!hash_equal(&digests[1], &digests[3]))
		what = "bundles";
	else if (!hash_equal(erasures_digest(space_erasures(left)), erasures_digest(space_erasures(right))))
		what = "erasures";
	if (!what) {
		const struct hash view = view_digest(sim, sim->machines[sim->cities[a].machine].node, left);
		const struct hash other = view_digest(sim, sim->machines[sim->cities[b].machine].node, right);
		if (!hash_equal(&view, &other))
			what = "answers";
	}
	char hex[HASH_HEX_SIZE];
	if (what)
		snprintf(lacking, sizeof lacking, "%s and %s differ in their %s (%zu and %zu bundles) of space %.8s",
			 sim->cities[a].city_id, sim->cities[b].city_id, what, space_bundles(left),
			 space_bundles(right), hex_encode(hex, circle->space.bytes, HASH_SIZE));
	return what ? lacking : NULL;
}

/* Positions and what follows from them: each member knows that each other one holds everything. */
static const char *position_lacks(const struct sim *sim, const struct space *space, unsigned a, unsigned b)
{
	const struct space_member_view view =
	    space_member_view(sim->machines[sim->cities[a].machine].node, space, &sim->cities[b].identity);
	if (space_withheld(space))
		snprintf(lacking, sizeof lacking, "%s still withholds what was restored", sim->cities[a].city_id);
	else if (!view.position_ms || view.lag_bundles || (view.missing_bundles && !sim->rolled_back))
		snprintf(lacking, sizeof lacking, "%s does not know that %s holds everything: lag %llu, %llu missing",
			 sim->cities[a].city_id, sim->cities[b].city_id, (unsigned long long)view.lag_bundles,
			 (unsigned long long)view.missing_bundles);
	else
		return NULL;
	return lacking;
}

static const char *circle_positions(const struct sim *sim, const struct circle *circle)
{
	const char *what = NULL;
	for (unsigned i = 0; i < circle->members_count && !what; i++)
		for (unsigned j = 0; j < circle->members_count && !what; j++) {
			const unsigned a = circle->members[i], b = circle->members[j];
			if (a != b && !sim->cities[b].liar && circle->group[a] == circle->group[b])
				what = position_lacks(sim, space_at(sim, a, &circle->space), a, b);
		}
	return what;
}

/* No byte of what was erased is on any disk. */
static const char *circle_erased(struct sim *sim, const struct circle *circle)
{
	for (unsigned c = 0; c < sim->profile.cities; c++) {
		struct disk *disk = &sim->machines[sim->cities[c].machine].disk;
		for (size_t i = 0; disk->erasures.count && i < disk->bundles.count; i++) {
			const struct bundle *bundle = disk->bundles.items[i].bundle;
			for (uint32_t l = 0; hash_equal(&bundle->space, &circle->space) && l < bundle->leaves_count;
			     l++)
				if (bundle->leaves[l].salt && disk_erased(sim, disk, bundle, &bundle->leaves[l].hash)) {
					snprintf(lacking, sizeof lacking, "%s holds what was erased",
						 sim->cities[c].city_id);
					return lacking;
				}
		}
	}
	return NULL;
}

/* Whether somebody can still give it to the others: who belongs no more is asked for nothing. */
static bool circle_has(const struct sim *sim, const struct circle *circle, const struct promise *promise)
{
	bool has = !council_sits(sim);
	for (unsigned m = 0; m < circle->members_count && !has; m++) {
		const unsigned c = circle->members[m];
		has = circle->group[c] == circle->group[promise->city] &&
		      disk_holds(&sim->machines[sim->cities[c].machine].disk, promise->object);
	}
	return has;
}

/* What builds on a thief's words is shut out with them. What a machine wrote that is no more, and that had not come to
 * the city when it changed its key, is not named by that change, and partners tell of it no more. */
static bool shut_out(const struct sim *sim, const struct promise *promise)
{
	const struct city *city = &sim->cities[promise->city];
	return city->keys_count > 1 &&
	       (keys_tainted(sim, promise->object) || !disk_holds(&sim->machines[city->machine].disk, promise->object));
}

static const char *circle_promises(const struct sim *sim, const struct circle *circle)
{
	for (size_t i = 0; i < sim->promises_count; i++) {
		const struct promise *promise = &sim->promises[i];
		if (promise->excused || shut_out(sim, promise) || !hash_equal(&promise->space, &circle->space) ||
		    !circle_has(sim, circle, promise))
			continue;
		for (unsigned m = 0; m < circle->members_count; m++) {
			const unsigned c = circle->members[m];
			if (circle->group[c] != circle->group[promise->city] ||
			    council_ended(space_acts(space_at(sim, c, &circle->space)),
					  &sim->cities[promise->city].identity))
				continue;
			const struct statements *statements = space_statements(space_at(sim, c, &circle->space));
			const struct record *record = statements_find(statements, &promise->record);
			if (sim->options.canary != CANARY_PROMISE &&
			    disk_holds(&sim->machines[sim->cities[c].machine].disk, promise->object) && record &&
			    statements_leaf(statements, record, &promise->leaf))
				continue;
			snprintf(lacking, sizeof lacking, "%s lacks a word of space %02x%02x that %s acknowledged",
				 sim->cities[c].city_id, circle->space.bytes[0], circle->space.bytes[1],
				 sim->cities[promise->city].city_id);
			return lacking;
		}
	}
	return NULL;
}

/* What a thief signed counts nowhere where the new key is known; what is a city's own does everywhere. */
static const char *circle_keys(struct sim *sim, const struct circle *circle)
{
	const char *wrong = NULL;
	for (unsigned m = 0; sim->profile.keys_ms && m < circle->members_count && !wrong; m++) {
		const unsigned c = circle->members[m];
		bool linked[SIM_CITIES_MAX] = {false};
		for (unsigned i = 0; i < circle->members_count; i++)
			linked[circle->members[i]] = circle->group[circle->members[i]] == circle->group[c];
		wrong = keys_wrong(sim, &sim->machines[sim->cities[c].machine].disk, space_at(sim, c, &circle->space),
				   linked);
		if (wrong)
			snprintf(lacking, sizeof lacking, "at %s in space %02x%02x %s", sim->cities[c].city_id,
				 circle->space.bytes[0], circle->space.bytes[1], wrong);
	}
	return wrong ? lacking : NULL;
}

static const char *circle_lacks(struct sim *sim, struct circle *circle)
{
	circle_draw(sim, circle);
	for (unsigned i = 0; i < sim->profile.cities; i++) {
		if (circle->standing[i] != STANDING_MEMBER)
			continue;
		const char *what = circle_named(sim, circle, i);
		if (!what && circle->group[i] != i)
			what = circle_same(sim, circle, circle->group[i], i);
		if (what)
			return what;
	}
	const char *what = circle_promises(sim, circle);
	if (!what)
		what = circle_keys(sim, circle);
	if (!what)
		what = circle_positions(sim, circle);
	return what ? what : circle_erased(sim, circle);
}

const char *converge_lacks(struct sim *sim)
{
	static struct circle circle;
	for (unsigned i = 0; i < sim->profile.cities; i++) {
		const struct machine *machine = &sim->machines[sim->cities[i].machine];
		if (!machine->running)
			return "a machine is off for a change of its key";
		if (machine->queue_count)
			return "a commit is under way";
	}
	for (size_t i = 0; i < sim->plans_count; i++)
		if (!sim->plans[i].done)
			return "a space is not founded";
	for (size_t i = 0; i < sim->world.count; i++) {
		const struct object *object = &sim->world.items[i];
		bool held = false;
		for (unsigned c = 0; object->kind == OBJECT_ACT && c < sim->profile.cities && !held; c++)
			held = disk_holds(&sim->machines[sim->cities[c].machine].disk, (uint32_t)i);
		if (!held || object->act->kind != TWINLOG__ACT_KIND__ACT_FOUND)
			continue;
		circle.space = object->space;
		const char *what = circle_lacks(sim, &circle);
		if (what)
			return what;
	}
	return NULL;
}
