/* Bounds on backdating: a bundle cannot be older than what it names by hash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "parts.h"
#include "proof.h"
#include "town.h"

#define DAY_MS UINT64_C(86400000)

static const char *const CITIES[] = {"CN:lianyungang", "KR:mokpo"};

struct made { /* a proof under the pen */
	struct county county;
	FILE *file;
	uint64_t parts;
};

static void put(struct made *made, Twinlog__CarriedPart *part)
{
	uint8_t *bytes;
	size_t size;

	assert_int_equal(codec_pack(&part->base, &bytes, &size), TWINLOG_OK);
	assert_int_equal(parts_write(made->file, bytes, size), TWINLOG_OK);
	free(bytes);
	made->parts += part->body_case != TWINLOG__CARRIED_PART__BODY_HEAD;
}

static void begin(struct made *made)
{
	Twinlog__CarriedPart part = TWINLOG__CARRIED_PART__INIT;
	Twinlog__SignedCarriedHead outer = TWINLOG__SIGNED_CARRIED_HEAD__INIT;
	Twinlog__CarriedHead head = TWINLOG__CARRIED_HEAD__INIT;
	Twinlog__CarriedSpace space = TWINLOG__CARRIED_SPACE__INIT, *spaces[] = {&space};
	uint8_t *bytes, signature[SEAL_SIGNATURE_SIZE];
	size_t size;

	county_init(&made->county, CITIES, 2, 0, 0);
	made->file = tmpfile();
	assert_non_null(made->file);
	space.space = codec_hash(&made->county.space);
	head.magic = codec_string("twinlog");
	head.version = 1;
	head.kind = TWINLOG__CARRIED_KIND__CARRIED_PROOF;
	head.from = codec_hash(&made->county.towns[0].identity);
	head.time_ms = 100 * DAY_MS;
	head.spaces = spaces;
	head.n_spaces = 1;
	assert_int_equal(codec_pack(&head.base, &bytes, &size), TWINLOG_OK);
	seal_sign(made->county.towns[0].keys, "carry", bytes, size, signature);
	outer.head = codec_bytes(bytes, size);
	outer.signature = codec_bytes(signature, sizeof signature);
	part.body_case = TWINLOG__CARRIED_PART__BODY_HEAD;
	part.head = &outer;
	put(made, &part);
	free(bytes);
	for (size_t i = 0; i < acts_count(made->county.acts); i++) {
		const struct act *act = acts_at(made->county.acts, i);

		part.body_case = TWINLOG__CARRIED_PART__BODY_ACT;
		part.act = codec_bytes(act->bytes, act->size);
		put(made, &part);
	}
}

/* One bundle with one saying; its id and leaf are given back. */
static struct hash say(struct made *made, const struct saying *saying, uint64_t clock_ms, struct bundle_place place,
		       struct hash *ret_leaf)
{
	Twinlog__CarriedPart part = TWINLOG__CARRIED_PART__INIT;
	struct bundle *bundle;
	struct hash id;
	size_t size;
	uint8_t *bytes = county_seal(&made->county, saying, 1, clock_ms, place, &size);

	part.body_case = TWINLOG__CARRIED_PART__BODY_BUNDLE;
	part.bundle = codec_bytes(bytes, size);
	put(made, &part);
	assert_int_equal(bundle_open(bytes, size, NULL, 0, &bundle), TWINLOG_OK);
	id = bundle->id;
	if (ret_leaf)
		*ret_leaf = bundle->leaves[0].hash;
	bundle_free(bundle);
	free(bytes);
	return id;
}

/* How many bundles were found to be backdated; nothing graver may be found. */
static uint64_t backdated(struct made *made)
{
	Twinlog__CarriedPart part = TWINLOG__CARRIED_PART__INIT;
	Twinlog__CarriedEnd end = TWINLOG__CARRIED_END__INIT;
	struct proof proof = {0};
	uint64_t count;

	end.parts = made->parts;
	part.body_case = TWINLOG__CARRIED_PART__BODY_END;
	part.end = &end;
	put(made, &part);
	assert_int_equal(proof_read(&proof, made->file), TWINLOG_OK);
	assert_int_equal(proof_judge(&proof), TWINLOG_OK);
	for (enum verdict v = 0; v < VERDICT_BACKDATED; v++)
		assert_int_equal(proof.findings[v].count, 0);
	count = proof.findings[VERDICT_BACKDATED].count;
	proof_free(&proof);
	fclose(made->file);
	county_free(&made->county);
	return count;
}

static const struct saying OPENS = {.town = 0, .opener = 0, .record = 1, .cities = {"CN:lianyungang", "KR:mokpo"}};

static void answers_what_came_later(void **state)
{
	struct made made = {0};
	struct saying answer = {
	    .town = 1, .opener = 0, .record = 1, .operation = TWINLOG__OPERATION__OPERATION_CONFIRMATION};
	struct hash leaf;

	(void)state;
	begin(&made);
	say(&made, &OPENS, 50 * DAY_MS, (struct bundle_place){0}, &leaf);
	answer.answers = &leaf;
	/* It answers words of the fiftieth day and says that it is of the tenth. */
	say(&made, &answer, 10 * DAY_MS, (struct bundle_place){0}, NULL);
	assert_int_equal(backdated(&made), 1);
}

static void clocks_differ_a_little(void **state)
{
	struct made made = {0};
	struct saying answer = {
	    .town = 1, .opener = 0, .record = 1, .operation = TWINLOG__OPERATION__OPERATION_CONFIRMATION};
	struct hash leaf;

	(void)state;
	begin(&made);
	say(&made, &OPENS, 50 * DAY_MS, (struct bundle_place){0}, &leaf);
	answer.answers = &leaf;
	say(&made, &answer, 49 * DAY_MS, (struct bundle_place){0}, NULL);
	assert_int_equal(backdated(&made), 0);
}

static void one_past_the_slack(void **state)
{
	struct made made = {0};
	struct saying answer = {
	    .town = 1, .opener = 0, .record = 1, .operation = TWINLOG__OPERATION__OPERATION_CONFIRMATION};
	struct hash leaf;

	(void)state;
	begin(&made);
	say(&made, &OPENS, 50 * DAY_MS, (struct bundle_place){0}, &leaf);
	answer.answers = &leaf;
	say(&made, &answer, 49 * DAY_MS - 1, (struct bundle_place){0}, NULL);
	assert_int_equal(backdated(&made), 1);
}

static void older_than_its_parent(void **state)
{
	struct made made = {0};
	struct saying second = OPENS;
	struct hash id;

	(void)state;
	second.record = 2;
	begin(&made);
	id = say(&made, &OPENS, 50 * DAY_MS, (struct bundle_place){0}, NULL);
	say(&made, &second, 10 * DAY_MS, (struct bundle_place){&id, 2}, NULL);
	assert_int_equal(backdated(&made), 1);
}

/* A bundle in between with a clock of its own does not hide it. */
static void bounds_are_handed_on(void **state)
{
	struct made made = {0};
	struct saying second = OPENS, third = OPENS;
	struct hash first_id, second_id;

	(void)state;
	second.record = 2;
	third.record = 3;
	begin(&made);
	first_id = say(&made, &OPENS, 50 * DAY_MS, (struct bundle_place){0}, NULL);
	second_id = say(&made, &second, 49 * DAY_MS + 1, (struct bundle_place){&first_id, 2}, NULL);
	say(&made, &third, 48 * DAY_MS + 2, (struct bundle_place){&second_id, 3}, NULL);
	assert_int_equal(backdated(&made), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(answers_what_came_later), cmocka_unit_test(clocks_differ_a_little),
	    cmocka_unit_test(one_past_the_slack),      cmocka_unit_test(older_than_its_parent),
	    cmocka_unit_test(bounds_are_handed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
