/* A change of key whose cut-off is too large for one act: the rest is named by acts that extend it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "duo.h"
#include "key_change.h"

#define PART    (TWINLOG_CUTOFF_NAMED_MAX / 2) /* acts that one act names */
#define RENAMES (2 * PART + 3)

static void rename_space(struct duo *duo, const struct hash *space, unsigned number)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__SpaceChange change = TWINLOG__SPACE_CHANGE__INIT;
	char title[32];
	snprintf(title, sizeof title, "title %u", number);
	change.space = codec_hash(space);
	change.act = TWINLOG__ACT_KIND__ACT_RENAME;
	change.title = codec_string(title);
	request.body_case = TWINLOG__REQUEST__BODY_SPACE_CHANGE;
	request.space_change = &change;
	duo_request(duo, 0, &request);
}

static bool all(void *context, const struct rekey_object *object)
{
	(void)context;
	(void)object;
	return true;
}

/* Takes the acts of the first city into a set of its own, but the last `without`; true when the title is that one. */
static bool title_after(const struct acts *from, size_t without, const char *title)
{
	struct acts *acts = NULL;
	bool same = false;
	for (size_t i = 0; i + without < acts_count(from); i++) {
		struct act *act;
		assert_int_equal(act_open(acts_at(from, i)->bytes, acts_at(from, i)->size, &act), TWINLOG_OK);
		const enum twinlog_error error = acts ? acts_add(acts, act) : acts_new(act, &acts);
		assert_int_equal(error, TWINLOG_OK);
	}
	same = codec_equal(acts_title(acts), title);
	acts_free(acts);
	return same;
}

/* Which of the three changes from there on names the act. */
static size_t naming_part(const struct acts *acts, size_t first, const struct hash *id)
{
	for (size_t part = 0; part < 3; part++) {
		const Twinlog__Cutoff *counts = acts_at(acts, first + part)->message->counts;
		for (size_t i = 0; i < counts->n_acts; i++)
			if (memcmp(counts->acts[i].data, id->bytes, HASH_SIZE) == 0)
				return part;
	}
	return 3;
}

static void named_by_several_acts(void **state)
{
	const uint8_t recovery_seed[SEAL_SEED_SIZE] = {1, 1};
	const struct seal_public new_key = {{7}};
	const struct rekey rekey = {.recovery_seed = recovery_seed, .new_key = &new_key, .counts = all};
	struct effects effects;
	struct hash space;
	struct duo duo;
	char last[32];
	size_t spaces = 0;
	(void)state;
	duo_init(&duo);
	assert_true(duo_found(&duo, &space));
	for (unsigned i = 0; i < RENAMES; i++)
		rename_space(&duo, &space, i);
	assert_int_equal(duo.failed, TWINLOG_OK);
	const struct acts *acts = space_acts(node_space(duo.cities[0].node, 0));
	const size_t before = acts_count(acts);
	assert_int_equal(before, RENAMES + 2); /* founded, accepted */
	assert_int_equal(effects_init(&effects), TWINLOG_OK);
	assert_int_equal(node_rekey(duo.cities[0].node, &rekey, duo.now, &effects, &spaces), TWINLOG_OK);
	assert_int_equal(spaces, 1);
	/* The change, and two that extend it. */
	assert_int_equal(acts_count(acts), before + 3);
	size_t named = 0;
	for (size_t i = before; i < before + 3; i++) {
		const struct act *act = acts_at(acts, i);
		assert_true(act->size <= TWINLOG_ACT_MAX);
		assert_true(acts_valid(acts, i));
		assert_int_equal(act->message->extends.len, i == before ? 0 : HASH_SIZE);
		named += act->message->counts->n_acts;
	}
	assert_int_equal(named, RENAMES);
	for (size_t i = 0; i < before; i++)
		assert_true(acts_valid(acts, i));
	/* Elsewhere too; and the parts matter: the newest title stands where the part that names it is. */
	snprintf(last, sizeof last, "title %u", RENAMES - 1);
	assert_true(title_after(acts, 0, last));
	size_t valid = 0;
	for (size_t without = 1; without < 3; without++)
		valid += title_after(acts, without, last);
	assert_int_equal(valid, 2 - naming_part(acts, before, &acts_at(acts, before - 1)->id));
	effects_free(&effects);
	duo_end(&duo);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(named_by_several_acts)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
