/* Acts: what is refused at its limit and one past it, keys without number, and more heads than an act may name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "erasures.h"
#include "town.h"

static const char *const cities[] = {"CN:lianyungang", "KR:mokpo", "CN:xiamen"};

static int setup(void **state)
{
	struct county *county = calloc(1, sizeof *county);
	assert_non_null(county);
	county_init(county, cities, 3, 0, 0);
	*state = county;
	return 0;
}

static int teardown(void **state)
{
	county_free(*state);
	free(*state);
	return 0;
}

/* ---- Signed by a recovery key ---- */

static void packed(const Twinlog__Act *message, unsigned town, uint8_t **ret_bytes, size_t *ret_size)
{
	uint8_t seed[SEAL_SEED_SIZE], signature[SEAL_SIGNATURE_SIZE], *inner;
	Twinlog__SignedAct outer = TWINLOG__SIGNED_ACT__INIT;
	size_t size;

	town_seed(seed, town, 1);
	assert_int_equal(codec_pack(&message->base, &inner, &size), TWINLOG_OK);
	seal_recovery_sign(seed, "act", inner, size, signature);
	outer.act = codec_bytes(inner, size);
	outer.signature = codec_bytes(signature, sizeof signature);
	assert_int_equal(codec_pack(&outer.base, ret_bytes, ret_size), TWINLOG_OK);
	free(inner);
}

/* Builds on all heads. NULL: the act is not to be taken in, only opened. */
static enum twinlog_error change_key(struct county *county, unsigned town, Twinlog__Act *message, bool take)
{
	struct hash heads[TWINLOG_PARENTS_MAX];
	ProtobufCBinaryData parents[TWINLOG_PARENTS_MAX];
	struct act *act;
	uint8_t *bytes;
	size_t size;

	message->kind = message->kind ? message->kind : TWINLOG__ACT_KIND__ACT_CHANGE_KEY;
	message->space = codec_hash(&county->space);
	message->signer = codec_hash(&county->towns[town].identity);
	message->n_parents = acts_heads_named(county->acts, &county->towns[town].identity, heads, &message->number);
	for (size_t i = 0; i < message->n_parents; i++)
		parents[i] = codec_hash(&heads[i]);
	message->parents = parents;
	packed(message, town, &bytes, &size);
	message->parents = NULL;
	message->n_parents = 0;
	enum twinlog_error error = act_open(bytes, size, &act);
	free(bytes);
	if (error)
		return error;
	if (take && (error = acts_add(county->acts, act)) == TWINLOG_OK)
		return TWINLOG_OK;
	act_free(act);
	return error;
}

static void limits_of_what_is_named(void **state)
{
	struct county *county = *state;
	Twinlog__Act message = TWINLOG__ACT__INIT;
	Twinlog__Cutoff counts = TWINLOG__CUTOFF__INIT;
	const size_t most = TWINLOG_CUTOFF_NAMED_MAX + 1;
	struct hash *ids = calloc(most, sizeof *ids);
	ProtobufCBinaryData *fields = calloc(most, sizeof *fields);

	assert_true(ids && fields);
	for (size_t i = 0; i < most; i++) {
		ids[i].bytes[0] = (uint8_t)(i >> 8);
		ids[i].bytes[1] = (uint8_t)i;
		fields[i] = codec_hash(&ids[i]);
	}
	message.new_key = codec_bytes(county->towns[1].recovery_key.bytes, 32);
	message.counts = &counts;
	counts.acts = counts.erasures = counts.bundles = fields;
	counts.n_acts = TWINLOG_CUTOFF_NAMED_MAX;
	assert_int_equal(change_key(county, 1, &message, false), TWINLOG_OK);
	counts.n_acts++;
	assert_int_equal(change_key(county, 1, &message, false), TWINLOG_TOO_MANY);
	counts.n_acts = 0;
	counts.n_erasures = TWINLOG_CUTOFF_NAMED_MAX;
	assert_int_equal(change_key(county, 1, &message, false), TWINLOG_OK);
	counts.n_erasures++;
	assert_int_equal(change_key(county, 1, &message, false), TWINLOG_TOO_MANY);
	counts.n_erasures = 0;
	counts.n_bundles = TWINLOG_CUTOFF_HEADS_MAX;
	assert_int_equal(change_key(county, 1, &message, false), TWINLOG_OK);
	counts.n_bundles++;
	assert_int_equal(change_key(county, 1, &message, false), TWINLOG_TOO_MANY);
	/* A removal names bundles alone; a second key comes with a first one. */
	counts.n_bundles = 0;
	counts.n_acts = 1;
	message.kind = TWINLOG__ACT_KIND__ACT_REMOVE;
	message.subject = codec_hash(&county->towns[2].identity);
	message.new_key = codec_bytes(NULL, 0);
	assert_int_equal(change_key(county, 1, &message, false), TWINLOG_MALFORMED);
	message.kind = TWINLOG__ACT_KIND__ACT_CHANGE_KEY;
	message.subject = codec_bytes(NULL, 0);
	message.second_key = codec_bytes(county->towns[1].recovery_key.bytes, 32);
	assert_int_equal(change_key(county, 1, &message, false), TWINLOG_MALFORMED);
	free(ids);
	free(fields);
}

/* However many keys a city has had, those of long ago still verify what was signed with them. */
static void keys_without_number(void **state)
{
	struct county *county = *state;
	const struct hash *identity = &county->towns[1].identity;
	uint8_t signature[SEAL_SIGNATURE_SIZE];
	size_t number = 99, count;

	for (uint8_t i = 1; i <= 40; i++) {
		uint8_t seed[SEAL_SEED_SIZE] = {i, 77};
		struct seal_public key = seal_recovery_public(seed);
		Twinlog__Act message = TWINLOG__ACT__INIT;
		message.new_key = codec_bytes(key.bytes, 32);
		assert_int_equal(change_key(county, 1, &message, true), TWINLOG_OK);
	}
	(void)acts_keys(county->acts, identity, &count);
	assert_int_equal(count, 41);
	seal_sign(county->towns[1].keys, "position", "x", 1, signature);
	assert_int_equal(
	    acts_verify(county->acts, identity, "position", "x", 1, codec_bytes(signature, sizeof signature), &number),
	    TWINLOG_OK);
	assert_int_equal(number, 0);
	assert_true(acts_key_retired(county->acts, identity, 0));
	assert_false(acts_key_retired(county->acts, identity, 40));
}

/* Of more heads than may be named, those that the city's own standing rests on are. */
static void more_heads_than_may_be_named(void **state)
{
	struct county *county = *state;
	struct hash heads[TWINLOG_PARENTS_MAX];
	size_t count;
	bool may = false;

	for (unsigned i = 0; i < 60; i++) {
		ProtobufCBinaryData parent = codec_hash(&county->space);
		Twinlog__Act message = TWINLOG__ACT__INIT;
		char title[16];
		struct act *act;
		uint8_t *bytes;
		size_t size;
		message.kind = TWINLOG__ACT_KIND__ACT_RENAME;
		message.space = codec_hash(&county->space);
		message.signer = codec_hash(&county->towns[0].identity);
		message.parents = &parent;
		message.n_parents = 1;
		message.number = 2;
		(void)snprintf(title, sizeof title, "title %u", i);
		message.title = codec_string(title);
		assert_int_equal(act_seal(&message, county->towns[0].keys, &bytes, &size), TWINLOG_OK);
		assert_int_equal(act_open(bytes, size, &act), TWINLOG_OK);
		free(bytes);
		assert_int_equal(acts_add(county->acts, act), TWINLOG_OK);
	}
	(void)acts_heads(county->acts, &count);
	assert_true(count > TWINLOG_PARENTS_MAX);
	count = acts_heads_named(county->acts, &county->towns[1].identity, heads, NULL);
	assert_int_equal(count, TWINLOG_PARENTS_MAX);
	assert_int_equal(acts_may_speak(county->acts, &county->towns[1].identity, heads, count, 0, &may), TWINLOG_OK);
	assert_true(may);
}

/* An act on the last one that is here, with a title or nothing more. */
static enum twinlog_error say_with(struct county *county, const struct town *town, uint32_t kind, const char *title)
{
	const struct act *last = acts_at(county->acts, acts_count(county->acts) - 1);
	ProtobufCBinaryData parent = codec_hash(&last->id);
	Twinlog__Act message = TWINLOG__ACT__INIT;
	struct act *act;
	uint8_t *bytes;
	size_t size;

	message.kind = kind;
	message.space = codec_hash(&county->space);
	message.signer = codec_hash(&town->identity);
	message.parents = &parent;
	message.n_parents = 1;
	message.number = last->message->number + 1;
	message.title = codec_string(title);
	assert_int_equal(act_seal(&message, town->keys, &bytes, &size), TWINLOG_OK);
	assert_int_equal(act_open(bytes, size, &act), TWINLOG_OK);
	free(bytes);
	const enum twinlog_error error = acts_add(county->acts, act);
	if (error)
		act_free(act);
	return error;
}

static enum twinlog_error say(struct county *county, const struct town *town, uint32_t kind)
{
	return say_with(county, town, kind, kind == TWINLOG__ACT_KIND__ACT_RENAME ? "Mine" : NULL);
}

/* What only stewards do is taken of nobody whom nothing that it knew names as one: nobody then builds on it. */
static void stewards_alone(void **state)
{
	struct county *county = *state;
	const ProtobufCBinaryData steward = codec_hash(&county->towns[1].identity);
	Twinlog__Act appoint = TWINLOG__ACT__INIT;

	assert_int_equal(say(county, &county->towns[1], TWINLOG__ACT_KIND__ACT_RENAME), TWINLOG_NOT_PERMITTED);
	appoint.kind = TWINLOG__ACT_KIND__ACT_APPOINT;
	appoint.space = codec_hash(&county->space);
	appoint.n_stewards = 1;
	appoint.stewards = (ProtobufCBinaryData *)(uintptr_t)&steward;
	county_act(county, &county->towns[0], &appoint);
	assert_int_equal(say(county, &county->towns[1], TWINLOG__ACT_KIND__ACT_RENAME), TWINLOG_OK);
	/* One who was a steward and left has no right any more; that is judged, and the act is kept. */
	assert_int_equal(say(county, &county->towns[1], TWINLOG__ACT_KIND__ACT_LEAVE), TWINLOG_OK);
	assert_int_equal(say(county, &county->towns[1], TWINLOG__ACT_KIND__ACT_RENAME), TWINLOG_OK);
	assert_false(acts_valid(county->acts, acts_count(county->acts) - 1));
}

/* A member that signs acts without end leaves room for those that matter, and is heard no more. */
static void one_that_signs_without_end(void **state)
{
	struct county *county = *state;
	const struct seal_public key = county->towns[1].recovery_key;
	Twinlog__Act change = TWINLOG__ACT__INIT, more = TWINLOG__ACT__INIT;
	Twinlog__Cutoff counts = TWINLOG__CUTOFF__INIT;
	const ProtobufCBinaryData named = codec_hash(&county->space);

	counts.acts = (ProtobufCBinaryData *)(uintptr_t)&named;
	counts.n_acts = 1;
	while (acts_count(county->acts) < TWINLOG_SPACE_ACTS_OPEN)
		assert_int_equal(say(county, &county->towns[1], TWINLOG__ACT_KIND__ACT_ACCEPT), TWINLOG_OK);
	assert_int_equal(say(county, &county->towns[1], TWINLOG__ACT_KIND__ACT_ACCEPT), TWINLOG_TOO_MANY);
	assert_int_equal(acts_member(county->acts, &county->towns[1].identity)->standing, STANDING_MEMBER);
	change.new_key = codec_bytes(key.bytes, 32);
	assert_int_equal(change_key(county, 1, &change, true), TWINLOG_OK);
	const struct hash changed = acts_at(county->acts, acts_count(county->acts) - 1)->id;

	more.extends = codec_hash(&changed);
	more.counts = &counts;
	for (unsigned i = 1; i < TWINLOG_ACTS_FEW; i++)
		assert_int_equal(change_key(county, 1, &more, true), TWINLOG_OK);
	assert_int_equal(change_key(county, 1, &more, true), TWINLOG_TOO_MANY);
	for (unsigned i = 1; i < TWINLOG_ACTS_FEW; i++) /* it has accepted before */
		assert_int_equal(say(county, &county->towns[2], TWINLOG__ACT_KIND__ACT_ACCEPT), TWINLOG_OK);
	assert_int_equal(say(county, &county->towns[2], TWINLOG__ACT_KIND__ACT_LEAVE), TWINLOG_TOO_MANY);
	while (acts_count(county->acts) < TWINLOG_SPACE_ACTS_MAX)
		assert_int_equal(say(county, &county->towns[0], TWINLOG__ACT_KIND__ACT_RENAME), TWINLOG_OK);
	assert_int_equal(say(county, &county->towns[0], TWINLOG__ACT_KIND__ACT_RENAME), TWINLOG_TOO_MANY);
}

static const struct act *last_of(const struct county *county)
{
	return acts_at(county->acts, acts_count(county->acts) - 1);
}

static size_t bytes_of(const struct county *county)
{
	size_t bytes = 0;
	for (size_t i = 0; i < acts_count(county->acts); i++)
		bytes += acts_at(county->acts, i)->size;
	return bytes;
}

/* A change of key, or what extends one, that names so many acts and erasures. */
static enum twinlog_error change_long(struct county *county, unsigned town, const struct hash *extends, size_t named)
{
	static struct hash ids[TWINLOG_CUTOFF_NAMED_MAX];
	static ProtobufCBinaryData fields[TWINLOG_CUTOFF_NAMED_MAX];
	Twinlog__Act message = TWINLOG__ACT__INIT;
	Twinlog__Cutoff counts = TWINLOG__CUTOFF__INIT;

	for (size_t i = 0; i < TWINLOG_CUTOFF_NAMED_MAX; i++) {
		ids[i].bytes[0] = (uint8_t)(i >> 8);
		ids[i].bytes[1] = (uint8_t)i;
		fields[i] = codec_hash(&ids[i]);
	}
	counts.acts = counts.erasures = fields;
	counts.n_acts = named < TWINLOG_CUTOFF_NAMED_MAX ? named : TWINLOG_CUTOFF_NAMED_MAX;
	counts.n_erasures = named - counts.n_acts;
	message.counts = named > 0 ? &counts : NULL;
	if (extends)
		message.extends = codec_hash(extends);
	else
		message.new_key = codec_bytes(county->towns[town].recovery_key.bytes, 32);
	return change_key(county, town, &message, true);
}

#define NAMED_MOST 7600u /* so that the act stays within its size */

/* Long acts of one town, then the steward's, until exactly so many bytes are held. */
static void fill(struct county *county, unsigned town, const struct hash *change, size_t bytes)
{
	for (size_t rest; (rest = bytes - bytes_of(county)) > 6000;) {
		const size_t named = (rest - 4000) / 34;
		assert_int_equal(change_long(county, town, change, named < NAMED_MOST ? named : NAMED_MOST),
				 TWINLOG_OK);
	}
	const char some[] = "long enough that each length in the act takes as many bytes";
	assert_int_equal(say_with(county, &county->towns[0], TWINLOG__ACT_KIND__ACT_RENAME, some), TWINLOG_OK);
	const size_t around = last_of(county)->size - (sizeof some - 1);
	for (size_t rest; (rest = bytes - bytes_of(county)) > 0;) {
		char title[128] = {0};
		const size_t parts = (rest + around + 99) / (around + 100);
		memset(title, 'a', rest / parts - around);
		assert_int_equal(say_with(county, &county->towns[0], TWINLOG__ACT_KIND__ACT_RENAME, title), TWINLOG_OK);
	}
}

/* As with their number: who signs long acts without end leaves room for others. */
static void one_that_signs_long_acts(void **state)
{
	for (size_t past = 0; past < 2; past++) {
		struct county county;
		struct hash changes[3];

		(void)state;
		county_init(&county, cities, 3, 0, 0);
		while (last_of(&county)->message->number < 128)
			assert_int_equal(say(&county, &county.towns[1], TWINLOG__ACT_KIND__ACT_ACCEPT), TWINLOG_OK);
		for (unsigned town = 0; town < 3; town++) {
			assert_int_equal(change_long(&county, town, NULL, 0), TWINLOG_OK);
			changes[town] = last_of(&county)->id;
		}
		assert_int_equal(say(&county, &county.towns[2], TWINLOG__ACT_KIND__ACT_ACCEPT), TWINLOG_OK);
		const size_t size = last_of(&county)->size;
		while (acts_count(county.acts) <
		       128 + TWINLOG_ACTS_FEW) /* no more room for short ones by their number */
			assert_int_equal(say(&county, &county.towns[1], TWINLOG__ACT_KIND__ACT_ACCEPT), TWINLOG_OK);
		fill(&county, 1, &changes[1], TWINLOG_SPACE_BYTES_OPEN - size + past);
		assert_int_equal(say(&county, &county.towns[1], TWINLOG__ACT_KIND__ACT_ACCEPT),
				 past ? TWINLOG_TOO_MANY : TWINLOG_OK);
		assert_int_equal(change_long(&county, 1, &changes[1], 1), TWINLOG_TOO_MANY);
		/* One that signed little may change its key, at some length. */
		size_t long_ones = 0;
		while (change_long(&county, 2, &changes[2], NAMED_MOST) == TWINLOG_OK)
			long_ones++;
		assert_int_equal(long_ones, TWINLOG_ACTS_FEW_BYTES / last_of(&county)->size);
		assert_int_equal(say(&county, &county.towns[2], TWINLOG__ACT_KIND__ACT_ACCEPT), TWINLOG_OK);
		fill(&county, 0, &changes[0], TWINLOG_SPACE_BYTES_MAX - size + past);
		assert_int_equal(say(&county, &county.towns[0], TWINLOG__ACT_KIND__ACT_ACCEPT),
				 past ? TWINLOG_TOO_MANY : TWINLOG_OK);
		county_free(&county);
	}
}

/* What is signed with a key that was retired erases nothing, unless who retired it names it. */
static void erasures_with_an_old_key(void **state)
{
	struct county *county = *state;
	const struct town *town = &county->towns[1];
	const struct hash leaf = {{5}}, bundle = {{6}};
	Twinlog__Erasure message = TWINLOG__ERASURE__INIT;
	Twinlog__Act change = TWINLOG__ACT__INIT, more = TWINLOG__ACT__INIT;
	Twinlog__Cutoff counts = TWINLOG__CUTOFF__INIT;
	struct erasures *erasures;
	struct erasure *erasure;
	uint8_t *bytes;
	size_t size;

	message.space = codec_hash(&county->space);
	message.signer = message.city = codec_hash(&town->identity);
	message.bundle = codec_hash(&bundle);
	message.leaf = codec_hash(&leaf);
	message.reason = codec_string("personal_data");
	message.clock_ms = 1;
	assert_int_equal(erasure_seal(&message, town->keys, &bytes, &size), TWINLOG_OK);
	assert_int_equal(erasure_open(bytes, size, &erasure), TWINLOG_OK);
	free(bytes);
	assert_int_equal(erasures_new(&erasures), TWINLOG_OK);
	change.new_key = codec_bytes(town->recovery_key.bytes, 32);
	assert_int_equal(change_key(county, 1, &change, true), TWINLOG_OK);
	size_t heads_count;
	const struct hash changed = acts_heads(county->acts, &heads_count)[0];

	assert_int_equal(erasure_check(erasure, county->acts), TWINLOG_OK);
	assert_int_equal(erasures_add(erasures, erasure), TWINLOG_OK);
	assert_false(erasures_judge(erasures, county->acts, &town->identity, &leaf));
	assert_null(erasures_of(erasures, &town->identity, &leaf));
	assert_true(erasures_excuse(erasures, &town->identity, &leaf));

	ProtobufCBinaryData named = codec_hash(&erasure->id);
	counts.erasures = &named;
	counts.n_erasures = 1;
	more.counts = &counts;
	more.extends = codec_hash(&changed);
	assert_int_equal(change_key(county, 1, &more, true), TWINLOG_OK);
	assert_true(erasures_judge(erasures, county->acts, &town->identity, &leaf));
	assert_non_null(erasures_of(erasures, &town->identity, &leaf));
	erasures_free(erasures);
}

/* ---- Undone without end ---- */

#define ADDED 1500u

/* A steward adds cities that nobody knows, all under one city id, or each under its own. */
static double add_many(bool one_id)
{
	struct county county;
	struct hash last_added = {{0}};

	county_init(&county, cities, 3, 0, 0);
	const double since = cpu_seconds();
	for (unsigned i = 0; i < ADDED; i++) {
		uint8_t founding_seed[SEAL_SEED_SIZE] = {1}, recovery_seed[SEAL_SEED_SIZE] = {2};
		Twinlog__Member member = TWINLOG__MEMBER__INIT, *list[] = {&member};
		Twinlog__Act add = TWINLOG__ACT__INIT;
		char city_id[16];

		memcpy(founding_seed + 4, &i, sizeof i);
		memcpy(recovery_seed + 4, &i, sizeof i);
		const struct seal_public founding = seal_recovery_public(founding_seed);
		const struct seal_public recovery = seal_recovery_public(recovery_seed);
		(void)snprintf(city_id, sizeof city_id, "KR:x%u", one_id ? 0 : i);
		member.founding_key = codec_bytes(founding.bytes, sizeof founding.bytes);
		member.recovery_key = codec_bytes(recovery.bytes, sizeof recovery.bytes);
		member.city_id = codec_string(city_id);
		last_added = seal_identity(&founding, &recovery);
		add.kind = TWINLOG__ACT_KIND__ACT_ADD;
		add.space = codec_hash(&county.space);
		add.members = list;
		add.n_members = 1;
		county_act(&county, &county.towns[0], &add);
	}
	assert_int_equal(acts_tell_undone(county.acts, &last_added), TWINLOG_OK);
	const double took = cpu_seconds() - since;
	assert_int_equal(acts_member(county.acts, &last_added)->standing, one_id ? STANDING_REMOVED : STANDING_INVITED);
	/* It is told who has the city id, and what that knew. */
	size_t told = 0;
	for (size_t i = 0; i < acts_count(county.acts); i++)
		told += acts_may_be_told(county.acts, &last_added, i);
	assert_int_equal(told, one_id ? 4 : acts_count(county.acts));
	county_free(&county);
	return took;
}

static void many_under_one_city_id(void **state)
{
	const double apart = add_many(false), under_one = add_many(true);

	(void)state;
	print_message("%u additions, each under its own city id %.3f s, under one %.3f s\n", ADDED, apart, under_one);
	assert_true(under_one < 5 * apart);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(limits_of_what_is_named, setup, teardown),
	    cmocka_unit_test_setup_teardown(keys_without_number, setup, teardown),
	    cmocka_unit_test_setup_teardown(more_heads_than_may_be_named, setup, teardown),
	    cmocka_unit_test_setup_teardown(stewards_alone, setup, teardown),
	    cmocka_unit_test_setup_teardown(one_that_signs_without_end, setup, teardown),
	    cmocka_unit_test_setup_teardown(erasures_with_an_old_key, setup, teardown),
	    cmocka_unit_test(many_under_one_city_id),
	    cmocka_unit_test(one_that_signs_long_acts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
