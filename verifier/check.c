/* One object of a proof. */
#include <inttypes.h>
#include <stdlib.h>

#include "proof.h"
#include "slots.h"

/* Clocks of offices differ; what is older than what it builds on by more than a day was not written when it says. */
#define CLOCK_SLACK_MS TWINLOG_CLOCK_AHEAD_MAX_MS

/* ---- Acts ---- */

static enum twinlog_error space_add(struct proof *proof, struct act *act, struct proof_space **ret_space)
{
	struct proof_space *spaces = realloc(proof->spaces, (proof->spaces_count + 1) * sizeof *spaces);
	if (!spaces)
		return TWINLOG_NO_MEMORY;
	proof->spaces = spaces;
	struct proof_space *space = &spaces[proof->spaces_count];
	*space = (struct proof_space){0};
	enum twinlog_error error = erasures_new(&space->erasures);
	if (!error)
		error = acts_new(act, &space->acts);
	if (error) {
		erasures_free(space->erasures);
		return error;
	}
	proof->spaces_count++;
	*ret_space = space;
	return TWINLOG_OK;
}

static const Twinlog__CarriedSpace *space_told(const struct proof *proof, const struct hash *id)
{
	for (size_t i = 0; i < proof->head->n_spaces; i++)
		if (proof->head->spaces[i]->space.len == HASH_SIZE &&
		    memcmp(proof->head->spaces[i]->space.data, id->bytes, HASH_SIZE) == 0)
			return proof->head->spaces[i];
	return NULL;
}

static void act_fault(struct proof *proof, enum twinlog_error error, uint64_t number)
{
	const enum verdict verdict = error == TWINLOG_NOT_A_MEMBER     ? VERDICT_FOREIGN
				     : error == TWINLOG_UNKNOWN_PARENT ? VERDICT_MISSING
								       : VERDICT_ALTERED;
	proof_found(proof, verdict, "act at part %" PRIu64 ": %s", number, twinlog_error_text(error));
}

/* An act of a space that the writer does not name; takes it over. A founding act whose signature was touched has
 * another id, and so founds another space: that is the first thing to say of it. */
static enum twinlog_error act_foreign(struct proof *proof, struct act *act, uint64_t number)
{
	struct acts *acts;
	const bool founds = act->kind == TWINLOG__ACT_KIND__ACT_FOUND;
	const enum twinlog_error error = founds ? acts_new(act, &acts) : TWINLOG_OK;
	if (error && error != TWINLOG_NO_MEMORY)
		act_fault(proof, error, number);
	else if (!error)
		proof_found(proof, VERDICT_FOREIGN, "act at part %" PRIu64 ": of a space that the writer does not name",
			    number);
	if (founds && !error)
		acts_free(acts);
	else
		act_free(act);
	return error == TWINLOG_NO_MEMORY ? error : TWINLOG_OK;
}

enum twinlog_error check_act(struct proof *proof, ProtobufCBinaryData bytes, uint64_t number)
{
	struct act *act;
	enum twinlog_error error = act_open(bytes.data, bytes.len, &act);
	if (error == TWINLOG_NO_MEMORY)
		return error;
	if (error) {
		act_fault(proof, error, number);
		return TWINLOG_OK;
	}
	struct proof_space *space = proof_space(proof, &act->space);
	const Twinlog__CarriedSpace *told = space_told(proof, &act->space);
	if (!told)
		return act_foreign(proof, act, number);
	if (!space && act->kind == TWINLOG__ACT_KIND__ACT_FOUND) {
		error = space_add(proof, act, &space);
		if (!error)
			space->told = told;
	} else {
		error = space ? acts_add(space->acts, act) : TWINLOG_UNKNOWN_PARENT;
	}
	if (error)
		act_free(act);
	if (error && error != TWINLOG_NO_MEMORY && error != TWINLOG_DUPLICATE)
		act_fault(proof, error, number);
	return error == TWINLOG_NO_MEMORY ? error : TWINLOG_OK;
}

/* ---- Erasures ---- */

enum twinlog_error check_erasure(struct proof *proof, ProtobufCBinaryData bytes, uint64_t number)
{
	struct erasure *erasure;
	enum twinlog_error error = erasure_open(bytes.data, bytes.len, &erasure);
	struct proof_space *space = error ? NULL : proof_space(proof, &erasure->space);
	if (!error) {
		error = space ? erasure_check(erasure, space->acts) : TWINLOG_NOT_A_MEMBER;
		if (!error)
			error = erasures_load(space->erasures, erasure);
		if (error)
			erasure_free(erasure);
	}
	if (error == TWINLOG_NO_MEMORY || error == TWINLOG_DUPLICATE)
		return error == TWINLOG_DUPLICATE ? TWINLOG_OK : error;
	if (error) {
		const bool foreign =
		    error == TWINLOG_NOT_A_MEMBER || error == TWINLOG_UNKNOWN_KEY || error == TWINLOG_NOT_PERMITTED;
		proof_found(proof, foreign ? VERDICT_FOREIGN : VERDICT_ALTERED, "erasure at part %" PRIu64 ": %s",
			    number, twinlog_error_text(error));
		return TWINLOG_OK;
	}
	erasures_commit(space->erasures);
	(void)erasures_judge(space->erasures, space->acts, &erasure->city, &erasure->leaf);
	return TWINLOG_OK;
}

/* ---- Bundles ---- */

static struct proof_city *city_make(struct proof_space *space, const struct hash *identity)
{
	struct proof_city *city = proof_city(space, identity);
	if (city)
		return city;
	struct proof_city *cities = realloc(space->cities, (space->cities_count + 1) * sizeof *cities);
	if (!cities)
		return NULL;
	space->cities = cities;
	cities[space->cities_count] = (struct proof_city){0};
	if (graph_new(identity, &cities[space->cities_count].graph))
		return NULL;
	return &cities[space->cities_count++];
}

static struct leaf_time *leaf_place(const struct proof *proof, const struct hash *leaf)
{
	size_t at = seal_slot_hash(leaf) & (proof->leaves_size - 1);
	while (!hash_is_zero(&proof->leaves[at].leaf) && !hash_equal(&proof->leaves[at].leaf, leaf))
		at = (at + 1) & (proof->leaves_size - 1);
	return &proof->leaves[at];
}

static enum twinlog_error leaf_note(struct proof *proof, const struct hash *leaf, uint64_t clock_ms)
{
	if (2 * proof->leaves_count >= proof->leaves_size) {
		struct leaf_time *old = proof->leaves;
		const size_t old_size = proof->leaves_size, size = old_size ? 2 * old_size : 1024;
		struct leaf_time *leaves = calloc(size, sizeof *leaves);
		if (!leaves)
			return TWINLOG_NO_MEMORY;
		proof->leaves = leaves;
		proof->leaves_size = size;
		for (size_t i = 0; i < old_size; i++)
			if (!hash_is_zero(&old[i].leaf))
				*leaf_place(proof, &old[i].leaf) = old[i];
		free(old);
	}
	struct leaf_time *place = leaf_place(proof, leaf);
	proof->leaves_count += hash_is_zero(&place->leaf);
	*place = (struct leaf_time){*leaf, clock_ms};
	return TWINLOG_OK;
}

/* The greatest clock of what the bundle builds on: its parents, the acts it names, the words it answers. Whoever named
 * their hashes had them, so it was written after them. */
static uint64_t newest_below(const struct proof *proof, const struct proof_space *space, const struct proof_city *city,
			     const struct bundle *bundle)
{
	uint64_t newest = 0;
	for (size_t i = 0; i < acts_count(space->acts); i++) {
		const struct act *act = acts_at(space->acts, i);
		if (hash_in(bundle->acts, bundle->acts_count, &act->id) && act->message->clock_ms > newest)
			newest = act->message->clock_ms;
	}
	for (uint32_t i = 0; i < bundle->parents_count; i++) {
		const uint32_t parent = graph_find(city->graph, &bundle->parents[i]);
		if (parent != GRAPH_NONE && city->seen[parent].least_ms > newest)
			newest = city->seen[parent].least_ms;
	}
	for (uint32_t i = 0; i < bundle->leaves_count && proof->leaves_size > 0; i++) {
		if (!bundle->leaves[i].has_answers)
			continue;
		/* An empty place has no time. */
		const uint64_t answered_ms = leaf_place(proof, &bundle->leaves[i].answers)->clock_ms;
		newest = answered_ms > newest ? answered_ms : newest;
	}
	return newest;
}

static void leaves_check(struct proof *proof, struct proof_space *space, struct proof_city *city,
			 const struct bundle *bundle, uint64_t number)
{
	for (uint32_t i = 0; i < bundle->leaves_count; i++) {
		const struct leaf *leaf = &bundle->leaves[i];
		const bool erased = erasures_of(space->erasures, &bundle->city, &leaf->hash) != NULL;
		city->leaves++;
		city->erased += erased;
		if (leaf->salt ? !erased : erasures_excuse(space->erasures, &bundle->city, &leaf->hash))
			continue;
		proof_found(proof, VERDICT_ERASURE, "bundle at part %" PRIu64 " of %s, entry %" PRIu32 ": %s", number,
			    proof_name(space, &bundle->city), i,
			    twinlog_error_text(erased ? TWINLOG_NOT_ERASED : TWINLOG_NO_ERASURE));
	}
}

static enum twinlog_error bundle_keep(struct proof *proof, struct proof_space *space, struct proof_city *city,
				      const struct bundle *bundle, uint64_t number)
{
	const uint64_t below = newest_below(proof, space, city, bundle);
	const uint32_t index = graph_count(city->graph) - 1;
	size_t tips;
	if (city->capacity <= index) {
		const size_t capacity = 2 * (size_t)index + 16;
		struct seen *seen = realloc(city->seen, capacity * sizeof *seen);
		if (!seen)
			return TWINLOG_NO_MEMORY;
		city->seen = seen;
		city->capacity = capacity;
	}
	struct hash *acts = malloc(bundle->acts_count * sizeof *acts);
	if (!acts)
		return TWINLOG_NO_MEMORY;
	memcpy(acts, bundle->acts, bundle->acts_count * sizeof *acts);
	city->seen[index] = (struct seen){.acts = acts,
					  .acts_count = bundle->acts_count,
					  .least_ms = bundle->clock_ms > below ? bundle->clock_ms : below};
	if (bundle->clock_ms + CLOCK_SLACK_MS < below)
		proof_found(proof, VERDICT_BACKDATED,
			    "bundle at part %" PRIu64 " of %s: says it is %" PRIu64 " h older than what it builds on",
			    number, proof_name(space, &bundle->city), (below - bundle->clock_ms) / 3600000);
	if (graph_commit(city->graph))
		return TWINLOG_NO_MEMORY;
	tips = graph_tips(city->graph)->count;
	city->branches += tips > city->tips && city->tips > 0;
	city->tips = tips;
	city->newest_ms = bundle->clock_ms > city->newest_ms ? bundle->clock_ms : city->newest_ms;
	for (uint32_t i = 0; i < bundle->leaves_count; i++)
		if (leaf_note(proof, &bundle->leaves[i].hash, bundle->clock_ms))
			return TWINLOG_NO_MEMORY;
	leaves_check(proof, space, city, bundle, number);
	proof->bundles++;
	return TWINLOG_OK;
}

static enum twinlog_error bundle_place(struct proof *proof, struct proof_space *space, struct bundle *bundle,
				       uint64_t number)
{
	bool may_speak;
	enum twinlog_error error =
	    acts_may_speak(space->acts, &bundle->city, bundle->acts, bundle->acts_count, bundle->key, &may_speak);
	struct proof_city *city = error ? NULL : city_make(space, &bundle->city);
	if (!error && !city)
		return TWINLOG_NO_MEMORY;
	/* The space's own numbers have no meaning here; the place in the file stands for the sequence. */
	if (!error)
		error = graph_add(city->graph, bundle, number, true, (uint16_t)bundle->key, 0);
	if (!error)
		return bundle_keep(proof, space, city, bundle, number);
	if (error == TWINLOG_DUPLICATE)
		return TWINLOG_OK;
	return error;
}

static void bundle_fault(struct proof *proof, enum twinlog_error error, const char *city, uint64_t number)
{
	const enum verdict verdict = error == TWINLOG_NOT_A_MEMBER     ? VERDICT_FOREIGN
				     : error == TWINLOG_UNKNOWN_PARENT ? VERDICT_MISSING
								       : VERDICT_ALTERED;
	proof_found(proof, verdict, "bundle at part %" PRIu64 "%s%s: %s", number, city[0] ? " of " : "", city,
		    twinlog_error_text(error));
}

enum twinlog_error check_bundle(struct proof *proof, ProtobufCBinaryData bytes, uint64_t number)
{
	struct bundle *bundle;
	size_t count = 0;
	/* Opened once to learn space and city, again under that city's keys. */
	enum twinlog_error error = bundle_open(bytes.data, bytes.len, NULL, 0, &bundle);
	if (error == TWINLOG_NO_MEMORY)
		return error;
	if (error) {
		bundle_fault(proof, error, "", number);
		return TWINLOG_OK;
	}
	struct proof_space *space = proof_space(proof, &bundle->space);
	const struct hash city = bundle->city;
	bundle_free(bundle);
	const struct seal_public *keys = space ? acts_keys(space->acts, &city, &count) : NULL;
	error = count > 0 ? bundle_open(bytes.data, bytes.len, keys, count, &bundle) : TWINLOG_NOT_A_MEMBER;
	if (!error) {
		error = bundle_place(proof, space, bundle, number);
		bundle_free(bundle);
	}
	if (error == TWINLOG_NO_MEMORY)
		return error;
	if (error)
		bundle_fault(proof, error, space ? proof_name(space, &city) : "", number);
	return TWINLOG_OK;
}

/* ---- Positions ---- */

static void heads_check(struct proof *proof, const struct proof_space *space, const struct hash *signer,
			const Twinlog__Position *position)
{
	for (size_t i = 0; i < position->n_acts; i++) {
		struct hash head;
		if (codec_get_hash(position->acts[i], &head) == TWINLOG_OK && !acts_has(space->acts, &head))
			proof_found(proof, VERDICT_TRUNCATED, "%s signed that it holds an act that is not in the file",
				    proof_name(space, signer));
	}
	for (size_t i = 0; i < position->n_cities; i++) {
		struct hash author, head;
		if (codec_get_hash(position->cities[i]->city, &author))
			continue;
		const struct proof_city *city = proof_city(space, &author);
		for (size_t h = 0; h < position->cities[i]->n_heads; h++) {
			if (codec_get_hash(position->cities[i]->heads[h], &head) ||
			    (city && graph_find(city->graph, &head) != GRAPH_NONE))
				continue;
			proof_found(proof, VERDICT_TRUNCATED,
				    "%s signed that it holds a bundle of %s that is not in the file",
				    proof_name(space, signer), proof_name(space, &author));
		}
	}
}

static enum twinlog_error position_verify(const struct proof_space *space, const struct hash *city,
					  const Twinlog__SignedPosition *outer)
{
	const enum twinlog_error error = acts_verify(space->acts, city, "position", outer->position.data,
						     outer->position.len, outer->signature, NULL);
	return error == TWINLOG_UNKNOWN_KEY ? TWINLOG_NOT_A_MEMBER : error;
}

enum twinlog_error check_position(struct proof *proof, ProtobufCBinaryData bytes, uint64_t number)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	Twinlog__SignedPosition *outer;
	Twinlog__Position *position;
	struct hash space_id, city;
	if (!arena)
		return TWINLOG_NO_MEMORY;
	enum twinlog_error error = CODEC_UNPACK_STRICT(arena, bytes.data, bytes.len, &outer, twinlog__signed_position);
	if (!error)
		error =
		    CODEC_UNPACK_STRICT(arena, outer->position.data, outer->position.len, &position, twinlog__position);
	if (!error && (codec_get_hash(position->space, &space_id) || codec_get_hash(position->city, &city)))
		error = TWINLOG_MALFORMED;
	struct proof_space *space = error ? NULL : proof_space(proof, &space_id);
	if (!error)
		error = space ? position_verify(space, &city, outer) : TWINLOG_NOT_A_MEMBER;
	if (error) {
		proof_found(proof, error == TWINLOG_NOT_A_MEMBER ? VERDICT_FOREIGN : VERDICT_ALTERED,
			    "position at part %" PRIu64 ": %s", number, twinlog_error_text(error));
	} else {
		space->positions++;
		/* One signed after the file was begun may speak of what came later. */
		if (position->time_ms <= proof->head->time_ms)
			heads_check(proof, space, &city, position);
	}
	arena_free(arena);
	return TWINLOG_OK;
}
