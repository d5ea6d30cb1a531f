/* Cities that speak, for tests: a space of a few towns, its acts, and bundles made from one line each. Everything is
 * derived from small numbers, so equal calls make equal bytes. Header only; include after cmocka.h. */
#ifndef TWINLOG_TEST_TOWN_H
#define TWINLOG_TEST_TOWN_H

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "acts.h"
#include "bundle.h"
#include "record.pb-c.h"
#include "validate.h"

#define TOWNS_MAX 6u

struct town {
	struct seal_keys *keys;
	struct seal_public founding_key, recovery_key;
	struct hash identity;
	char city_id[TWINLOG_CITY_ID_MAX + 1];
};

struct county { /* one space */
	struct town towns[TOWNS_MAX];
	size_t towns_count;
	struct acts *acts;
	struct hash space;
	uint64_t salts; /* drawn so far */
};

/* One thing that a town says. Zero means: not said. */
struct saying {
	unsigned town;
	uint32_t operation; /* 0: a statement */
	uint32_t kind;      /* 0: an activity */
	unsigned opener;
	uint8_t record; /* which of the opener's records; of a city record the town that it is about */
	uint64_t version;
	struct hash replaces[4];
	size_t replaces_count;
	const struct hash *answers;
	bool report;
	const char *cities[5]; /* with role observer when it begins with '-' */
	const char *start, *end, *status, *form, *mode, *direction, *relation, *field, *title;
	uint64_t participants; /* 0: not said */
	const char *actor_level, *actor_kind, *channel;
	const char *token;                   /* makes bodies differ that are equal else */
	bool broken;                         /* a body that is void */
	uint64_t salt;                       /* 0: a fresh one */
	uint8_t published;                   /* number of the body's token; 0: none */
	const char *succeeds, *succeeded_by; /* of a city record */
};

/* Of this process. */
static inline double cpu_seconds(void)
{
	struct timespec now;

	assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now), 0);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static inline void town_seed(uint8_t seed[SEAL_SEED_SIZE], unsigned town, uint8_t what)
{
	memset(seed, 0, SEAL_SEED_SIZE);
	seed[0] = (uint8_t)(town + 1);
	seed[1] = what;
}

static inline void town_init(struct town *town, unsigned number, const char *city_id)
{
	uint8_t seed[SEAL_SEED_SIZE];

	town_seed(seed, number, 0);
	assert_int_equal(seal_keys_new(seed, 0, &town->keys), TWINLOG_OK);
	town->founding_key = *seal_keys_public(town->keys);
	town_seed(seed, number, 1);
	town->recovery_key = seal_recovery_public(seed);
	town->identity = seal_identity(&town->founding_key, &town->recovery_key);
	(void)snprintf(town->city_id, sizeof town->city_id, "%s", city_id);
}

static inline void county_act(struct county *county, const struct town *signer, Twinlog__Act *message)
{
	size_t heads_count = 0, size;
	const struct hash *heads = county->acts ? acts_heads(county->acts, &heads_count) : NULL;
	ProtobufCBinaryData parents[TWINLOG_PARENTS_MAX];
	struct act *act;
	uint8_t *bytes;

	for (size_t i = 0; i < heads_count; i++)
		parents[i] = codec_hash(&heads[i]);
	message->n_parents = heads_count;
	message->parents = parents;
	message->signer = codec_hash(&signer->identity);
	message->number = 1;
	for (size_t i = 0; i < heads_count; i++)
		for (size_t j = 0; j < acts_count(county->acts); j++)
			if (hash_equal(&acts_at(county->acts, j)->id, &heads[i]) &&
			    acts_at(county->acts, j)->message->number >= message->number)
				message->number = acts_at(county->acts, j)->message->number + 1;
	message->clock_ms = 1000000 + message->number;
	assert_int_equal(act_seal(message, signer->keys, &bytes, &size), TWINLOG_OK);
	message->n_parents = 0; /* they end with this call */
	message->parents = NULL;
	assert_int_equal(act_open(bytes, size, &act), TWINLOG_OK);
	free(bytes);
	if (!county->acts) {
		county->space = act->id;
		assert_int_equal(acts_new(act, &county->acts), TWINLOG_OK);
	} else {
		assert_int_equal(acts_add(county->acts, act), TWINLOG_OK);
	}
}

/* A network founded by the first; the last `readers` are readers; all but those in `silent` (bits) accept. */
static inline void county_init(struct county *county, const char *const *city_ids, size_t count, size_t readers,
			       unsigned silent)
{
	Twinlog__Act found = TWINLOG__ACT__INIT;
	Twinlog__Member members[TOWNS_MAX];
	Twinlog__Member *list[TOWNS_MAX];
	ProtobufCBinaryData steward;
	uint8_t nonce[16] = {1};

	memset(county, 0, sizeof *county);
	assert_int_equal(seal_init(), TWINLOG_OK);
	assert_true(count <= TOWNS_MAX);
	county->towns_count = count;
	for (unsigned i = 0; i < count; i++) {
		struct town *town = &county->towns[i];

		town_init(town, i, city_ids[i]);
		twinlog__member__init(&members[i]);
		members[i].founding_key = codec_bytes(town->founding_key.bytes, 32);
		members[i].recovery_key = codec_bytes(town->recovery_key.bytes, 32);
		members[i].city_id = codec_string(town->city_id);
		members[i].reader = i >= count - readers;
		list[i] = &members[i];
	}
	steward = codec_hash(&county->towns[0].identity);
	found.kind = TWINLOG__ACT_KIND__ACT_FOUND;
	found.nonce = codec_bytes(nonce, sizeof nonce);
	found.template_ = TWINLOG__TEMPLATE__TEMPLATE_NETWORK;
	found.title = codec_string("County");
	found.n_members = count;
	found.members = list;
	found.n_stewards = 1;
	found.stewards = &steward;
	county_act(county, &county->towns[0], &found);
	for (unsigned i = 1; i < count; i++) {
		Twinlog__Act accept = TWINLOG__ACT__INIT;

		if (silent >> i & 1)
			continue;
		accept.kind = TWINLOG__ACT_KIND__ACT_ACCEPT;
		accept.space = codec_hash(&county->space);
		county_act(county, &county->towns[i], &accept);
	}
}

static inline void county_free(struct county *county)
{
	acts_free(county->acts);
	for (size_t i = 0; i < county->towns_count; i++)
		seal_keys_free(county->towns[i].keys);
}

static inline void saying_id(uint8_t id[HANDLE_SIZE], uint8_t record)
{
	memset(id, 0xee, HANDLE_SIZE);
	id[0] = record;
}

static inline struct handle saying_handle(const struct county *county, const struct saying *saying)
{
	uint8_t id[HANDLE_SIZE];
	uint8_t kind = (uint8_t)(saying->kind ? saying->kind : TWINLOG__RECORD_KIND__RECORD_ACTIVITY);

	if (kind == TWINLOG__RECORD_KIND__RECORD_CITY) {
		const char *city = county->towns[saying->record].city_id;

		return record_handle(&county->space, kind, NULL, city, strlen(city));
	}
	saying_id(id, saying->record);
	return record_handle(&county->space, kind, &county->towns[saying->opener].identity, id, sizeof id);
}

static inline void saying_activity(struct arena *arena, const struct saying *saying, Twinlog__Body *body)
{
	Twinlog__Activity *activity = arena_alloc(arena, sizeof *activity);
	size_t max = sizeof saying->cities / sizeof *saying->cities;

	twinlog__activity__init(activity);
	body->content_case = TWINLOG__BODY__CONTENT_ACTIVITY;
	body->activity = activity;
	activity->cities = arena_zalloc(arena, max * sizeof *activity->cities);
	for (size_t i = 0; i < max && saying->cities[i]; i++) {
		bool observer = saying->cities[i][0] == '-';
		Twinlog__Participant *city = arena_alloc(arena, sizeof *city);

		twinlog__participant__init(city);
		city->city_id = codec_string(saying->cities[i] + observer);
		if (observer)
			city->role = codec_string("observer");
		activity->cities[activity->n_cities++] = city;
	}
	activity->fields = arena_zalloc(arena, sizeof *activity->fields);
	activity->fields[0] = codec_string(saying->field ? saying->field : "culture");
	activity->n_fields = 1;
	activity->form = codec_string(saying->form ? saying->form : "exhibition");
	activity->mode = codec_string(saying->mode);
	activity->status = codec_string(saying->status);
	activity->direction = codec_string(saying->direction);
	activity->start = codec_string(saying->broken ? "2018-13" : saying->start ? saying->start : "2018");
	activity->end = codec_string(saying->end);
	if (saying->title) {
		Twinlog__Text *title = arena_alloc(arena, sizeof *title);

		twinlog__text__init(title);
		title->lang = codec_string("en");
		title->text = codec_string(saying->title);
		activity->titles = arena_zalloc(arena, sizeof *activity->titles);
		activity->titles[activity->n_titles++] = title;
	}
	if (saying->actor_level || saying->actor_kind) {
		Twinlog__Actor *actor = arena_alloc(arena, sizeof *actor);

		twinlog__actor__init(actor);
		actor->level = codec_string(saying->actor_level);
		actor->kind = codec_string(saying->actor_kind);
		activity->actors = arena_zalloc(arena, sizeof *activity->actors);
		activity->actors[activity->n_actors++] = actor;
	}
	if (saying->channel) {
		Twinlog__Publicity *publicity = arena_alloc(arena, sizeof *publicity);

		twinlog__publicity__init(publicity);
		publicity->channel = codec_string(saying->channel);
		activity->publicity = arena_zalloc(arena, sizeof *activity->publicity);
		activity->publicity[activity->n_publicity++] = publicity;
	}
	if (saying->participants) {
		activity->participants = arena_alloc(arena, sizeof *activity->participants);
		twinlog__participants__init(activity->participants);
		activity->participants->total = arena_alloc(arena, sizeof *activity->participants->total);
		twinlog__count__init(activity->participants->total);
		activity->participants->total->value = saying->participants;
	}
}

static inline void saying_agreement(struct arena *arena, const struct saying *saying, Twinlog__Body *body)
{
	Twinlog__Agreement *agreement = arena_alloc(arena, sizeof *agreement);
	size_t max = sizeof saying->cities / sizeof *saying->cities;

	twinlog__agreement__init(agreement);
	body->content_case = TWINLOG__BODY__CONTENT_AGREEMENT;
	body->agreement = agreement;
	agreement->parties = arena_zalloc(arena, max * sizeof *agreement->parties);
	for (size_t i = 0; i < max && saying->cities[i]; i++)
		agreement->parties[agreement->n_parties++] = codec_string(saying->cities[i]);
	agreement->relation_type = codec_string(saying->relation ? saying->relation : "sister");
	agreement->status = codec_string(saying->status);
	agreement->established = codec_string(saying->broken ? "2018-13" : saying->start);
}

static inline void saying_city(struct arena *arena, const struct county *county, const struct saying *saying,
			       Twinlog__Body *body)
{
	Twinlog__City *city = arena_alloc(arena, sizeof *city);

	twinlog__city__init(city);
	body->content_case = TWINLOG__BODY__CONTENT_CITY;
	body->city = city;
	city->city_id = codec_string(county->towns[saying->record].city_id);
	city->country = codec_bytes(city->city_id.data, 2);
	city->subdivision = codec_string(saying->field);
	city->succeeds = arena_zalloc(arena, sizeof *city->succeeds);
	city->succeeded_by = arena_zalloc(arena, sizeof *city->succeeded_by);
	if (saying->succeeds)
		city->succeeds[city->n_succeeds++] = codec_string(saying->succeeds);
	if (saying->succeeded_by)
		city->succeeded_by[city->n_succeeded_by++] = codec_string(saying->succeeded_by);
}

/* A leaf draft whose parts live in arena. */
static inline struct leaf_draft saying_leaf(struct county *county, struct arena *arena, const struct saying *saying)
{
	uint32_t operation = saying->operation ? saying->operation : TWINLOG__OPERATION__OPERATION_STATEMENT;
	uint32_t kind = saying->kind ? saying->kind : TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
	uint64_t salt = saying->salt ? saying->salt : 1000000 + ++county->salts;
	Twinlog__Envelope envelope = TWINLOG__ENVELOPE__INIT;
	Twinlog__Body body = TWINLOG__BODY__INIT;
	ProtobufCBinaryData replaces[4];
	struct hash sorted[4];
	struct leaf_draft draft = {0};
	uint8_t id[HANDLE_SIZE], token[HANDLE_SIZE], *bytes;

	body.office = codec_string("Foreign Affairs Office");
	body.note = codec_string(saying->token);
	memset(token, saying->published, sizeof token);
	if (saying->published)
		body.token = codec_bytes(token, sizeof token);
	if (operation == TWINLOG__OPERATION__OPERATION_STATEMENT) {
		if (kind == TWINLOG__RECORD_KIND__RECORD_ACTIVITY)
			saying_activity(arena, saying, &body);
		else if (kind == TWINLOG__RECORD_KIND__RECORD_AGREEMENT)
			saying_agreement(arena, saying, &body);
		else
			saying_city(arena, county, saying, &body);
		assert_int_equal(validate_cities(arena, kind, &body, &envelope.cities, &envelope.n_cities), TWINLOG_OK);
	} else if (saying->broken) {
		saying_activity(arena, saying, &body);
	}
	assert_int_equal(codec_pack_arena(arena, &body.base, &bytes, &draft.body_size), TWINLOG_OK);
	draft.body = bytes;

	saying_id(id, saying->record);
	envelope.operation = operation;
	envelope.kind = kind;
	envelope.record = codec_bytes(id, sizeof id);
	if (kind == TWINLOG__RECORD_KIND__RECORD_CITY)
		envelope.record = codec_string(county->towns[saying->record].city_id);
	else if (saying->opener != saying->town)
		envelope.opener = codec_hash(&county->towns[saying->opener].identity);
	envelope.version = saying->version ? saying->version : 1 + saying->replaces_count;
	memcpy(sorted, saying->replaces, sizeof sorted);
	envelope.n_replaces = hash_sort(sorted, saying->replaces_count);
	for (size_t i = 0; i < envelope.n_replaces; i++)
		replaces[i] = codec_hash(&sorted[i]);
	envelope.replaces = replaces;
	if (saying->answers)
		envelope.answers = codec_hash(saying->answers);
	envelope.report = saying->report;
	assert_int_equal(codec_pack_arena(arena, &envelope.base, &bytes, &draft.envelope_size), TWINLOG_OK);
	draft.envelope = bytes;
	memcpy(draft.salt, &salt, sizeof salt);
	return draft;
}

/* Where a bundle stands in its city's graph; zero: alone. */
struct bundle_place {
	const struct hash *parent;
	uint64_t number;
};

/* One bundle of the town of the first saying, sealed; bytes are the caller's to free. */
static inline uint8_t *county_seal(struct county *county, const struct saying *sayings, size_t count, uint64_t clock_ms,
				   struct bundle_place place, size_t *ret_size)
{
	const struct town *town = &county->towns[sayings[0].town];
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	struct leaf_draft *leaves = calloc(count, sizeof *leaves);
	struct bundle_draft draft = {.space = county->space,
				     .city = town->identity,
				     .parents = place.parent,
				     .parents_count = place.parent ? 1 : 0,
				     .number = place.number ? place.number : 1,
				     .clock_ms = clock_ms,
				     .leaves = leaves,
				     .leaves_count = count};
	uint8_t *bytes;

	assert_non_null(arena);
	assert_non_null(leaves);
	for (size_t i = 0; i < count; i++)
		leaves[i] = saying_leaf(county, arena, &sayings[i]);
	draft.acts = acts_heads(county->acts, &draft.acts_count);
	assert_int_equal(bundle_seal(&draft, town->keys, &bytes, ret_size), TWINLOG_OK);
	free(leaves);
	arena_free(arena);
	return bytes;
}

static inline struct bundle *county_bundle(struct county *county, const struct saying *sayings, size_t count,
					   uint64_t clock_ms)
{
	size_t size;
	uint8_t *bytes = county_seal(county, sayings, count, clock_ms, (struct bundle_place){0}, &size);
	struct bundle *bundle;

	assert_int_equal(bundle_open(bytes, size, NULL, 0, &bundle), TWINLOG_OK);
	free(bytes);
	return bundle;
}

#endif
