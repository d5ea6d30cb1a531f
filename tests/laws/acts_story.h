/* A history of acts and bundles of one space, told by any bytes: a law's dice, or a fuzzer. Every act is signed as it
 * should be; whether its signer had the right to it is left to chance. Shared by laws and fuzz. */
#ifndef TWINLOG_ACTS_STORY_H
#define TWINLOG_ACTS_STORY_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acts.h"
#include "card.h"

#define STORY_CITIES  6u
#define STORY_KEYS    3u /* the last comes with a second key */
#define STORY_ACTS    20u
#define STORY_BUNDLES 8u /* of all cities */
#define STORY_NONE    UINT32_MAX

struct told { /* an act as it is meant, by numbers */
	struct hash id;
	uint8_t *bytes;
	size_t size;
	uint32_t kind, signer, key;      /* which of the signer's keys; STORY_KEYS: the recovery key */
	uint64_t number, parents, known; /* sets of acts, a bit each; known: all ancestors */
	uint32_t members;                /* a set of cities */
	uint32_t readers;
	uint32_t ids[STORY_CITIES];         /* by city: which city id it is added with */
	uint32_t shown[STORY_CITIES];       /* and which key its card shows */
	uint32_t stewards;                  /* a set of cities */
	uint32_t subject, extends, new_key; /* STORY_NONE: none */
	uint64_t acts;                      /* named in counts */
	uint32_t bundles;                   /* likewise */
	uint32_t title;
};

struct said { /* a bundle */
	struct hash id;
	uint32_t city, key, parents;  /* a set of bundles */
	uint64_t number, named, acts; /* act heads; with their ancestors */
};

struct story_city {
	struct hash identity;
	struct seal_keys *keys[STORY_KEYS];
	struct seal_public recovery;
	uint8_t recovery_seed[SEAL_SEED_SIZE];
	uint8_t grants[STORY_KEYS][SEAL_SIGNATURE_SIZE];
};

struct story {
	const uint8_t *bytes;
	size_t size, at;
	struct told acts[STORY_ACTS];
	uint32_t acts_count;
	struct said bundles[STORY_BUNDLES];
	uint32_t bundles_count;
	struct hash space;
	uint32_t template;
};

static struct story_city story_cities[STORY_CITIES];
static struct seal_keys *story_second;
static const char *const story_ids[STORY_CITIES] = {"CN:lianyungang", "KR:mokpo", "CN:xiamen",
						    "KR:@klafir",     "KR:busan", "CN:taian"};

#define STORY_MUST(condition)                                                                                          \
	do {                                                                                                           \
		if (!(condition)) {                                                                                    \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition);                                \
			abort();                                                                                       \
		}                                                                                                      \
	} while (0)

static uint32_t story_draw(struct story *story, uint32_t below)
{
	return story->at < story->size ? story->bytes[story->at++] % below : 0;
}

/* Often the same one, so that something happens to it. */
static uint32_t story_city(struct story *story)
{
	return story_draw(story, 2) == 0 ? 1 : story_draw(story, STORY_CITIES);
}

static void story_cities_init(void)
{
	uint8_t seed[SEAL_SEED_SIZE] = {1};

	if (story_second)
		return;
	STORY_MUST(seal_init() == TWINLOG_OK && seal_keys_new(seed, 0, &story_second) == TWINLOG_OK);
	for (uint32_t i = 0; i < STORY_CITIES; i++) {
		struct story_city *city = &story_cities[i];
		memset(seed, (int)i + 2, sizeof seed);
		memset(city->recovery_seed, (int)i + 100, sizeof seed);
		city->recovery = seal_recovery_public(city->recovery_seed);
		for (uint32_t key = 0; key < STORY_KEYS; key++)
			STORY_MUST(seal_keys_new(seed, key, &city->keys[key]) == TWINLOG_OK);
		city->identity = seal_identity(seal_keys_public(city->keys[0]), &city->recovery);
		for (uint32_t key = 1; key < STORY_KEYS; key++)
			card_grant(city->recovery_seed, &city->identity, seal_keys_public(city->keys[key]),
				   key == STORY_KEYS - 1 ? seal_keys_public(story_second) : NULL, city->grants[key]);
	}
}

/* ---- Acts ---- */

/* Keys that acts of that set brought the city, a bit each. */
static uint32_t story_keys_known(const struct story *story, uint32_t city, uint64_t within)
{
	uint32_t keys = 0;

	for (uint32_t i = 0; i < story->acts_count; i++) {
		const struct told *act = &story->acts[i];
		if (!(within >> i & 1))
			continue;
		if (act->members >> city & 1)
			keys |= 1u << act->shown[city];
		if (act->kind == TWINLOG__ACT_KIND__ACT_CHANGE_KEY && act->signer == city && act->new_key != STORY_NONE)
			keys |= 1u << act->new_key;
	}
	return keys;
}

static void told_parents(struct story *story, struct told *act)
{
	const uint32_t count = 1 + story_draw(story, 3);

	for (uint32_t i = 0; i < count; i++) {
		/* Mostly one of the last. */
		const uint32_t back = story_draw(story, story_draw(story, 3) == 0 ? story->acts_count : 3);
		const uint32_t parent = back < story->acts_count ? story->acts_count - 1 - back : 0;
		act->parents |= UINT64_C(1) << parent;
		act->known |= UINT64_C(1) << parent | story->acts[parent].known;
		if (story->acts[parent].number >= act->number)
			act->number = story->acts[parent].number + 1;
	}
}

static void told_member(struct story *story, struct told *act, uint32_t city)
{
	act->members |= 1u << city;
	act->ids[city] = story_draw(story, 4) == 0 ? story_draw(story, STORY_CITIES) : city;
	act->shown[city] = story_draw(story, 4) == 0 ? story_draw(story, STORY_KEYS) : 0;
	if (story_draw(story, 5) == 0)
		act->readers |= 1u << city;
}

static void told_counts(struct story *story, struct told *act, bool acts)
{
	act->bundles = story_draw(story, 256);
	for (uint32_t i = 0; i < story->acts_count && acts; i++)
		act->acts |= (uint64_t)(story_draw(story, 4) != 0) << i;
}

/* What it carries; false: nothing of that kind can be made here. */
static bool told_payload(struct story *story, struct told *act)
{
	uint32_t first = story_draw(story, story->acts_count);

	switch (act->kind) {
	case TWINLOG__ACT_KIND__ACT_ADD:
		told_member(story, act, story_city(story));
		return true;
	case TWINLOG__ACT_KIND__ACT_RENAME:
		act->title = story->acts_count;
		return true;
	case TWINLOG__ACT_KIND__ACT_APPOINT:
		act->stewards = 1u << story_draw(story, STORY_CITIES);
		return true;
	case TWINLOG__ACT_KIND__ACT_REMOVE:
	case TWINLOG__ACT_KIND__ACT_CHANGE_KEY:
		told_counts(story, act, act->kind == TWINLOG__ACT_KIND__ACT_CHANGE_KEY);
		act->subject = act->kind == TWINLOG__ACT_KIND__ACT_REMOVE ? story_city(story) : STORY_NONE;
		if (story_draw(story, 3) == 0)
			act->extends = first;
		else if (act->kind == TWINLOG__ACT_KIND__ACT_CHANGE_KEY)
			act->new_key = story_draw(story, STORY_KEYS);
		return true;
	default:
		return true;
	}
}

static size_t story_hashes(const struct story *story, uint64_t set, struct hash *hashes, ProtobufCBinaryData *fields)
{
	size_t count = 0;

	for (uint32_t i = 0; i < story->acts_count; i++)
		if (set >> i & 1)
			hashes[count++] = story->acts[i].id;
	count = hash_sort(hashes, count);
	for (size_t i = 0; i < count; i++)
		fields[i] = codec_hash(&hashes[i]);
	return count;
}

/* Everything that the message of one act points to. */
struct told_room {
	Twinlog__Act message;
	Twinlog__Cutoff counts;
	Twinlog__Member members[STORY_CITIES], *list[STORY_CITIES];
	struct hash parents[STORY_ACTS], acts[STORY_ACTS], bundles[STORY_BUNDLES], stewards[STORY_CITIES];
	ProtobufCBinaryData parent_fields[STORY_ACTS], act_fields[STORY_ACTS], bundle_fields[STORY_BUNDLES],
	    steward_fields[STORY_CITIES];
	char title[16];
	uint8_t nonce[16];
};

static struct hash said_id(uint32_t number)
{
	struct hash id;
	memset(id.bytes, (int)number + 1, HASH_SIZE);
	return id;
}

static void room_member(struct told_room *room, const struct told *act, uint32_t city)
{
	Twinlog__Member *member = &room->members[room->message.n_members];
	const struct story_city *from = &story_cities[city];
	const uint32_t shown = act->shown[city];

	twinlog__member__init(member);
	member->founding_key = codec_bytes(seal_keys_public(from->keys[0])->bytes, 32);
	member->recovery_key = codec_bytes(from->recovery.bytes, 32);
	member->city_id = codec_string(story_ids[act->ids[city]]);
	member->reader = (act->readers >> city & 1) != 0;
	if (shown > 0) {
		member->city_key = codec_bytes(seal_keys_public(from->keys[shown])->bytes, 32);
		member->key_grant = codec_bytes(from->grants[shown], SEAL_SIGNATURE_SIZE);
		if (shown == STORY_KEYS - 1)
			member->second_key = codec_bytes(seal_keys_public(story_second)->bytes, 32);
	}
	room->list[room->message.n_members++] = member;
}

static void room_lists(const struct story *story, const struct told *act, struct told_room *room)
{
	Twinlog__Act *message = &room->message;

	message->n_parents = story_hashes(story, act->parents, room->parents, room->parent_fields);
	message->parents = room->parent_fields;
	/* The founder comes first. */
	if (act->members >> act->signer & 1)
		room_member(room, act, act->signer);
	for (uint32_t i = 0; i < STORY_CITIES; i++)
		if (i != act->signer && act->members >> i & 1)
			room_member(room, act, i);
	message->members = room->list;
	for (uint32_t i = 0; i < STORY_CITIES; i++)
		if (act->stewards >> i & 1)
			room->stewards[message->n_stewards++] = story_cities[i].identity;
	message->n_stewards = hash_sort(room->stewards, message->n_stewards);
	for (size_t i = 0; i < message->n_stewards; i++)
		room->steward_fields[i] = codec_hash(&room->stewards[i]);
	message->stewards = room->steward_fields;
	room->counts.n_acts = story_hashes(story, act->acts, room->acts, room->act_fields);
	room->counts.acts = room->act_fields;
	for (uint32_t i = 0; i < STORY_BUNDLES; i++) {
		if (!(act->bundles >> i & 1))
			continue;
		room->bundles[room->counts.n_bundles] = said_id(i);
		room->bundle_fields[room->counts.n_bundles] = codec_hash(&room->bundles[room->counts.n_bundles]);
		room->counts.n_bundles++;
	}
	room->counts.bundles = room->bundle_fields;
	if (room->counts.n_acts + room->counts.n_bundles > 0)
		message->counts = &room->counts;
}

static void told_sign(const struct told *act, const Twinlog__Act *message, uint8_t **ret_bytes, size_t *ret_size)
{
	const struct story_city *signer = &story_cities[act->signer];
	uint8_t signature[SEAL_SIGNATURE_SIZE], second[SEAL_SIGNATURE_SIZE], *bytes;
	Twinlog__SignedAct outer = TWINLOG__SIGNED_ACT__INIT;
	size_t size;

	STORY_MUST(codec_pack(&message->base, &bytes, &size) == TWINLOG_OK);
	if (act->key == STORY_KEYS)
		seal_recovery_sign(signer->recovery_seed, "act", bytes, size, signature);
	else
		seal_sign(signer->keys[act->key], "act", bytes, size, signature);
	outer.act = codec_bytes(bytes, size);
	outer.signature = codec_bytes(signature, sizeof signature);
	if (act->key == STORY_KEYS - 1) {
		uint8_t *over = malloc(size + sizeof signature);

		STORY_MUST(over);
		memcpy(over, bytes, size);
		memcpy(over + size, signature, sizeof signature);
		seal_sign(story_second, "act-second", over, size + sizeof signature, second);
		free(over);
		outer.second = codec_bytes(second, sizeof second);
	}
	STORY_MUST(codec_pack(&outer.base, ret_bytes, ret_size) == TWINLOG_OK);
	free(bytes);
}

static void told_make(struct story *story, struct told *act)
{
	struct told_room room = {.message = TWINLOG__ACT__INIT, .counts = TWINLOG__CUTOFF__INIT, .nonce = {7}};
	Twinlog__Act *message = &room.message;
	struct act *opened;

	room_lists(story, act, &room);
	message->signer = codec_hash(&story_cities[act->signer].identity);
	message->number = act->number;
	message->clock_ms = 1000 + story_draw(story, 200); /* a clock says nothing */
	message->kind = act->kind;
	if (act->kind == TWINLOG__ACT_KIND__ACT_FOUND) {
		message->nonce = codec_bytes(room.nonce, sizeof room.nonce);
		message->template_ = story->template;
	} else {
		message->space = codec_hash(&story->space);
	}
	if (act->kind == TWINLOG__ACT_KIND__ACT_FOUND || act->kind == TWINLOG__ACT_KIND__ACT_RENAME) {
		(void)snprintf(room.title, sizeof room.title, "Title %u", act->title);
		message->title = codec_string(room.title);
	}
	if (act->subject != STORY_NONE)
		message->subject = codec_hash(&story_cities[act->subject].identity);
	if (act->extends != STORY_NONE)
		message->extends = codec_hash(&story->acts[act->extends].id);
	if (act->new_key != STORY_NONE) {
		message->new_key =
		    codec_bytes(seal_keys_public(story_cities[act->signer].keys[act->new_key])->bytes, 32);
		if (act->new_key == STORY_KEYS - 1)
			message->second_key = codec_bytes(seal_keys_public(story_second)->bytes, 32);
	}
	told_sign(act, message, &act->bytes, &act->size);
	STORY_MUST(act_open(act->bytes, act->size, &opened) == TWINLOG_OK);
	act->id = opened->id;
	act_free(opened);
}

static void story_found(struct story *story)
{
	struct told *act = &story->acts[0];
	const uint32_t others = story_draw(story, 1u << (STORY_CITIES - 1));

	*act = (struct told){.kind = TWINLOG__ACT_KIND__ACT_FOUND,
			     .number = 1,
			     .subject = STORY_NONE,
			     .extends = STORY_NONE,
			     .new_key = STORY_NONE};
	story->template =
	    story_draw(story, 16) == 0 ? TWINLOG__TEMPLATE__TEMPLATE_PAIR : TWINLOG__TEMPLATE__TEMPLATE_NETWORK;
	told_member(story, act, 0);
	for (uint32_t i = 1; i < STORY_CITIES; i++)
		if (story->template == TWINLOG__TEMPLATE__TEMPLATE_PAIR ? i == 1 : others >> (i - 1) & 1)
			told_member(story, act, i);
	for (uint32_t i = 0; i < STORY_CITIES; i++)
		act->ids[i] = i; /* no city id twice */
	act->key = act->shown[0];
	act->stewards = story_draw(story, 4) == 0 ? 1u << story_draw(story, STORY_CITIES) | 1u : 1u;
	told_make(story, act);
	story->space = act->id;
	story->acts_count = 1;
}

/* PROTOCOL, "Acts", arrival: of one whom nothing that it knew names as a steward nobody takes an act of stewards. */
static bool story_is_taken(const struct story *story, const struct told *act)
{
	bool named = act->kind != TWINLOG__ACT_KIND__ACT_ADD && act->kind != TWINLOG__ACT_KIND__ACT_APPOINT &&
		     act->kind != TWINLOG__ACT_KIND__ACT_REMOVE && act->kind != TWINLOG__ACT_KIND__ACT_RENAME;

	for (uint32_t i = 0; i < story->acts_count; i++)
		named = named || (act->known >> i & 1 && story->acts[i].stewards >> act->signer & 1);
	return named;
}

static void story_act(struct story *story)
{
	static const uint32_t kinds[] = {
	    TWINLOG__ACT_KIND__ACT_ACCEPT, TWINLOG__ACT_KIND__ACT_ACCEPT,    TWINLOG__ACT_KIND__ACT_ACCEPT,
	    TWINLOG__ACT_KIND__ACT_LEAVE,  TWINLOG__ACT_KIND__ACT_DECLINE,   TWINLOG__ACT_KIND__ACT_ADD,
	    TWINLOG__ACT_KIND__ACT_ADD,    TWINLOG__ACT_KIND__ACT_APPOINT,   TWINLOG__ACT_KIND__ACT_REMOVE,
	    TWINLOG__ACT_KIND__ACT_RENAME, TWINLOG__ACT_KIND__ACT_CHANGE_KEY};
	struct told act = {.number = 1, .subject = STORY_NONE, .extends = STORY_NONE, .new_key = STORY_NONE};

	act.kind = kinds[story_draw(story, sizeof kinds / sizeof *kinds)];
	told_parents(story, &act);
	/* What stewards do, mostly by the founder, who is one. */
	act.signer = story_draw(story, act.kind >= TWINLOG__ACT_KIND__ACT_ADD ? 4 : 2) == 0
			 ? story_draw(story, STORY_CITIES)
		     : act.kind >= TWINLOG__ACT_KIND__ACT_ADD ? story_draw(story, 2)
							      : story_city(story);
	const uint32_t keys = story_keys_known(story, act.signer, act.known);
	if (keys == 0 || !told_payload(story, &act) || !story_is_taken(story, &act))
		return;
	act.key = STORY_KEYS;
	if (act.kind != TWINLOG__ACT_KIND__ACT_CHANGE_KEY)
		for (act.key = story_draw(story, STORY_KEYS); !(keys >> act.key & 1);)
			act.key = (act.key + 1) % STORY_KEYS;
	told_make(story, &act);
	for (uint32_t i = 0; i < story->acts_count; i++) {
		if (hash_equal(&story->acts[i].id, &act.id)) { /* said twice */
			free(act.bytes);
			return;
		}
	}
	story->acts[story->acts_count++] = act;
}

static void story_bundle(struct story *story)
{
	struct said *bundle = &story->bundles[story->bundles_count];

	*bundle = (struct said){.id = said_id(story->bundles_count), .number = 1};
	bundle->city = story_draw(story, 3) == 0 ? story_draw(story, 3) : 1;
	const uint32_t heads = 1 + story_draw(story, 2);
	for (uint32_t i = 0; i < heads; i++) {
		const uint32_t back = story_draw(story, story_draw(story, 2) == 0 ? story->acts_count : 4);
		const uint32_t act = back < story->acts_count ? story->acts_count - 1 - back : 0;
		bundle->named |= UINT64_C(1) << act;
		bundle->acts |= UINT64_C(1) << act | story->acts[act].known;
	}
	const uint32_t keys = story_keys_known(story, bundle->city, bundle->acts);
	if (keys == 0)
		return;
	for (bundle->key = story_draw(story, STORY_KEYS); !(keys >> bundle->key & 1);)
		bundle->key = (bundle->key + 1) % STORY_KEYS;
	const uint32_t parents = story_draw(story, 256);
	for (uint32_t i = 0; i < story->bundles_count; i++) {
		if (!(parents >> i & 1) || story->bundles[i].city != bundle->city)
			continue;
		bundle->parents |= 1u << i;
		if (story->bundles[i].number >= bundle->number)
			bundle->number = story->bundles[i].number + 1;
	}
	story->bundles_count++;
}

static void story_tell(struct story *story, const uint8_t *bytes, size_t size)
{
	*story = (struct story){.bytes = bytes, .size = size};
	story_cities_init();
	story_found(story);
	while (story->acts_count < STORY_ACTS && story->at < story->size)
		story_act(story);
	for (uint32_t i = 0; i < 2 * STORY_BUNDLES && story->bundles_count < STORY_BUNDLES; i++)
		story_bundle(story);
}

static void story_free(struct story *story)
{
	for (uint32_t i = 0; i < story->acts_count; i++)
		free(story->acts[i].bytes);
}

#endif
