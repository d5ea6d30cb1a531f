/* What stewards do to their spaces, and cities of themselves: add, remove, extend, appoint, rename, leave. And who
 * belongs, judged anew from the acts on a disk. */
#include <stdlib.h>

#include "sim.h"

#define COUNCIL_CHANCE 300u /* per mille of seeds */
#define COUNCIL_OFTEN  200u /* at most so often, per mille of requests */

/* Chance of its own, so that worlds without changes stay as they were. */
void council_draw(struct sim *sim)
{
	rng_seed(&sim->council, sim->options.seed ^ 0x6163740000000004u);
	rng_seed(&sim->purges, sim->options.seed ^ 0x7075726765000006u);
	const bool changes = !sim->options.spaces && rng_chance(&sim->council, COUNCIL_CHANCE);
	sim->profile.changes = changes ? (unsigned)rng_between(&sim->council, 10, COUNCIL_OFTEN) : 0;
	const bool purges = changes && rng_chance(&sim->purges, 500);
	sim->profile.purges = purges ? (unsigned)rng_between(&sim->purges, 10, COUNCIL_OFTEN) : 0;
}

/* ---- Changes. ---- */

static const struct city *tied_city(struct sim *sim, unsigned city)
{
	const struct city *self = &sim->cities[city];
	if (!self->ties_count)
		return NULL;
	const struct tie *tie = &sim->ties[self->ties[rng_below(&sim->council, self->ties_count)]];
	return &sim->cities[tie->dials == city ? tie->answers : tie->dials];
}

static const struct city *named_city(struct sim *sim, const struct acts *acts)
{
	size_t count;
	const struct member *members = acts_members(acts, &count);
	const unsigned city = sim_city_by_identity(sim, &members[rng_below(&sim->council, count)].identity);
	return city < sim->profile.cities ? &sim->cities[city] : NULL;
}

static uint32_t kind_draw(struct sim *sim)
{
	static const uint32_t kinds[] = {
	    TWINLOG__ACT_KIND__ACT_ADD,    TWINLOG__ACT_KIND__ACT_ADD,     TWINLOG__ACT_KIND__ACT_ADD,
	    TWINLOG__ACT_KIND__ACT_REMOVE, TWINLOG__ACT_KIND__ACT_REMOVE,  TWINLOG__ACT_KIND__ACT_REMOVE,
	    TWINLOG__ACT_KIND__ACT_RENAME, TWINLOG__ACT_KIND__ACT_APPOINT, TWINLOG__ACT_KIND__ACT_LEAVE,
	};
	return kinds[rng_below(&sim->council, sizeof kinds / sizeof *kinds)];
}

void council_meet(struct sim *sim, unsigned machine)
{
	const struct node *node = sim->machines[machine].node;
	if (!sim->profile.changes || !node_spaces(node) || !rng_chance(&sim->council, sim->profile.changes))
		return;
	const struct space *space = node_space(node, rng_below(&sim->council, node_spaces(node)));
	const struct acts *acts = space_acts(space);
	const uint32_t kind = kind_draw(sim);
	const bool pair = acts_template(acts) == TWINLOG__TEMPLATE__TEMPLATE_PAIR;
	/* Who left a pair cannot come back: that would soon be the end of all of them. */
	if (pair && kind == TWINLOG__ACT_KIND__ACT_LEAVE && !rng_chance(&sim->council, 50))
		return;
	/* Grown along ties, so that members reach each other through members. */
	const struct city *whom =
	    kind == TWINLOG__ACT_KIND__ACT_ADD ? tied_city(sim, sim->machines[machine].city) : named_city(sim, acts);
	if (!whom)
		return;
	Twinlog__SpaceMember member = TWINLOG__SPACE_MEMBER__INIT;
	Twinlog__SpaceChange change = TWINLOG__SPACE_CHANGE__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	const struct hash id = *acts_space(acts);
	member.identity = codec_hash(&whom->identity);
	member.reader = kind == TWINLOG__ACT_KIND__ACT_ADD && rng_chance(&sim->council, 200);
	change.space = codec_hash(&id);
	change.act = kind;
	change.member = &member;
	change.title = codec_string(rng_chance(&sim->council, 500) ? "Ring" : "Chain");
	change.extend = kind == TWINLOG__ACT_KIND__ACT_REMOVE && rng_chance(&sim->council, 300);
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_CHANGE;
	request.space_change = &change;
	office_ask(sim, machine, ERRAND_CHANGE, &request, 0);
}

/* What one said that belongs no more is erased, by most stewards together. */
void council_purge(struct sim *sim, unsigned machine)
{
	const struct node *node = sim->machines[machine].node;
	if (!sim->profile.purges || !node_spaces(node) || !rng_chance(&sim->purges, sim->profile.purges))
		return;
	const struct space *space = node_space(node, rng_below(&sim->purges, node_spaces(node)));
	const struct statements *statements = space_statements(space);
	size_t count;
	const struct member *members = acts_members(space_acts(space), &count);
	const struct member *whom = &members[rng_below(&sim->purges, count)];
	if (whom->standing < STANDING_LEFT || !statements_records(statements) ||
	    !acts_named_steward(space_acts(space), node_identity(node)))
		return;
	const struct handle handle =
	    statements_record(statements, rng_below(&sim->purges, statements_records(statements)))->handle;
	const struct hash city = whom->identity;
	Twinlog__RecordName name = TWINLOG__RECORD_NAME__INIT;
	Twinlog__Erase erase = TWINLOG__ERASE__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	name.handle = codec_handle(&handle);
	erase.record = &name;
	erase.city = codec_hash(&city);
	erase.all = true;
	erase.reason = codec_string("court_order");
	request.body_case = TWINLOG__REQUEST__BODY_ERASE;
	request.erase = &erase;
	office_ask(sim, machine, ERRAND_ERASE, &request, 0);
}

static unsigned city_of(const struct sim *sim, ProtobufCBinaryData identity)
{
	struct hash hash;
	return codec_get_hash(identity, &hash) ? sim->profile.cities : sim_city_by_identity(sim, &hash);
}

void council_changed(struct sim *sim, const struct errand *errand)
{
	Twinlog__Request *request;
	if (CODEC_UNPACK(sim_arena(sim, 2), errand->request->bytes, errand->request->size, &request, twinlog__request))
		abort();
	const Twinlog__SpaceChange *change = request->space_change;
	const unsigned whom = city_of(sim, change->member->identity);
	sim_note(sim, "machine %u: act %u of space %02x%02x about city %u%s%s", errand->machine, change->act,
		 change->space.data[0], change->space.data[1], whom, change->extend ? ", extended" : "",
		 change->member->reader ? ", as reader" : "");
	switch (change->act) {
	case TWINLOG__ACT_KIND__ACT_ADD:
		sim_fault(sim, FAULT_ADDED);
		break;
	case TWINLOG__ACT_KIND__ACT_REMOVE:
		sim_fault(sim, change->extend ? FAULT_EXTENDED : FAULT_REMOVED);
		break;
	case TWINLOG__ACT_KIND__ACT_APPOINT:
		sim_fault(sim, FAULT_APPOINTED);
		break;
	case TWINLOG__ACT_KIND__ACT_LEAVE:
		sim_fault(sim, FAULT_LEFT);
		break;
	default:
		break;
	}
}

static bool is_hash(ProtobufCBinaryData field, const struct hash *hash)
{
	return field.len == HASH_SIZE && memcmp(field.data, hash->bytes, HASH_SIZE) == 0;
}

bool council_ended(const struct acts *acts, const struct hash *identity)
{
	for (size_t i = 0; i < acts_count(acts); i++) {
		const struct act *act = acts_at(acts, i);
		if ((act->kind == TWINLOG__ACT_KIND__ACT_LEAVE && hash_equal(&act->signer, identity)) ||
		    (act->kind == TWINLOG__ACT_KIND__ACT_REMOVE && is_hash(act->message->subject, identity)))
			return true;
	}
	return false;
}

/* ---- Judging. ---- */

static struct judged *judged_find(const struct disk *disk, const struct hash *space)
{
	for (size_t i = 0; i < disk->judged_count; i++)
		if (hash_equal(&disk->judged[i].space, space))
			return &disk->judged[i];
	return NULL;
}

static void judged_take(struct sim *sim, struct disk *disk, const struct act *row)
{
	struct judged *judged = judged_find(disk, &row->space);
	struct act *act;
	enum twinlog_error error = act_open(row->bytes, row->size, &act);
	if (!error && judged) {
		error = acts_add(judged->acts, act);
	} else if (!error) {
		disk->judged = sim_grow(disk->judged, disk->judged_count, &disk->judged_capacity, sizeof *disk->judged);
		judged = &disk->judged[disk->judged_count];
		*judged = (struct judged){.space = row->space};
		error = acts_new(act, &judged->acts);
		disk->judged_count += !error;
	}
	if (error)
		sim_fail(sim, SIM_UNSAFE, "the acts of a disk do not stand: %s", twinlog_error_text(error));
}

const struct acts *council_judges(struct sim *sim, struct disk *disk, const struct hash *space)
{
	for (; disk->judged_rows < disk->acts.count; disk->judged_rows++)
		judged_take(sim, disk, sim->world.items[disk->acts.items[disk->judged_rows].object].act);
	const struct judged *judged = judged_find(disk, space);
	return judged ? judged->acts : NULL;
}

unsigned council_removed(struct sim *sim, struct disk *disk, const struct hash *space, unsigned otherwise)
{
	const struct acts *acts = council_sits(sim) ? council_judges(sim, disk, space) : NULL;
	for (unsigned city = 0; acts && city < sim->profile.cities; city++) {
		const struct member *member = acts_member(acts, &sim->cities[city].identity);
		if (member && member->standing == STANDING_REMOVED)
			return city;
	}
	return otherwise;
}

void council_forgets(struct disk *disk)
{
	for (size_t i = 0; i < disk->judged_count; i++)
		acts_free(disk->judged[i].acts);
	free(disk->judged);
	disk->judged = NULL;
	disk->judged_count = disk->judged_capacity = disk->judged_rows = 0;
}

/* ---- Counting. ---- */

static void reach(const struct sim *sim, const struct disk *disk, uint8_t *reached, const struct hash *heads,
		  size_t heads_count)
{
	uint32_t *stack = sim_alloc((sim->world.count + heads_count) * sizeof *stack);
	size_t depth = 0;
	const struct hash *ids = heads;
	for (size_t count = heads_count;;) {
		for (size_t i = 0; i < count; i++) {
			const uint32_t object = world_find(&sim->world, &ids[i]);
			if (object == OBJECT_NONE || !disk_holds(disk, object) || reached[object] ||
			    sim->world.items[object].kind != OBJECT_BUNDLE)
				continue;
			reached[object] = 1;
			stack[depth++] = object;
		}
		if (!depth)
			break;
		const struct bundle *bundle = sim->world.items[stack[--depth]].bundle;
		ids = bundle->parents;
		count = bundle->parents_count;
	}
	free(stack);
}

void counted_begin(struct sim *sim, struct disk *disk, const struct hash *space, struct counted *ret_counted)
{
	ret_counted->disk = disk;
	ret_counted->keys_aside = false;
	ret_counted->acts = council_sits(sim) ? council_judges(sim, disk, space) : NULL;
	ret_counted->reached =
	    ret_counted->acts ? sim_alloc(acts_count(ret_counted->acts) * sizeof *ret_counted->reached) : NULL;
}

/* The number, in the space, of the key that verifies the bundle. */
static size_t key_of(const struct sim *sim, const struct acts *acts, const struct bundle *bundle)
{
	const struct bundle *opened = sim->world.items[world_find(&sim->world, &bundle->id)].bundle;
	const struct city *city = &sim->cities[sim_city_by_identity(sim, &bundle->city)];
	return acts_key_number(acts, &city->identity, &city->publics[opened->key]);
}

static bool is_change(const struct acts *acts, size_t cutoff)
{
	return acts_at(acts, cutoff)->kind == TWINLOG__ACT_KIND__ACT_CHANGE_KEY;
}

bool counted_has(const struct sim *sim, struct counted *counted, const struct bundle *bundle)
{
	const struct acts *acts = counted->acts;
	bool may = false;
	if (!acts)
		return true;
	const size_t key = key_of(sim, acts, bundle);
	if (acts_may_speak(acts, &bundle->city, bundle->acts, bundle->acts_count, key, &may) || !may)
		return false;
	for (size_t i = 0; i < acts_cutoffs(acts, &bundle->city); i++) {
		const size_t cutoff = acts_cutoff(acts, &bundle->city, i);
		size_t heads_count;
		if ((counted->keys_aside && is_change(acts, cutoff)) ||
		    !acts_cutoff_applies(acts, cutoff, bundle->acts, bundle->acts_count, key))
			continue;
		if (!counted->reached[cutoff]) {
			counted->reached[cutoff] = sim_alloc(sim->world.count);
			const struct hash *heads = acts_cutoff_heads(acts, cutoff, &heads_count);
			reach(sim, counted->disk, counted->reached[cutoff], heads, heads_count);
		}
		if (!counted->reached[cutoff][world_find(&sim->world, &bundle->id)])
			return false;
	}
	return true;
}

void counted_end(struct counted *counted)
{
	for (size_t i = 0; counted->acts && i < acts_count(counted->acts); i++)
		free(counted->reached[i]);
	free(counted->reached);
}
