/* A line that carries little: what it has carried counts, and what is under way fits it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "bundle.h"
#include "duo.h"

#define BUNDLES         20u
#define TEXTS           29u /* of 2,000 bytes in one body */
#define BODIES          4u  /* in one bundle */
#define STEP_MS         100u
#define HOURS_2_MS      7200000u
#define ROOM_OF_PARCELS 65536u

struct parcel {
	struct duo_job *job;
	uint64_t due_mono_ms;
};

/* From the first to the second, a message after the other; the way back takes no time. */
struct narrow {
	struct duo duo;
	uint64_t bytes_a_ms;
	uint64_t free_mono_ms; /* all that was sent so far has arrived */
	struct parcel *parcels;
	size_t first, count;
	uint64_t bytes;
	unsigned cut; /* so often */
};

static void post(struct narrow *narrow, struct duo_job *job)
{
	const uint64_t now = narrow->duo.now.mono_ms;

	if (narrow->free_mono_ms < now)
		narrow->free_mono_ms = now;
	narrow->free_mono_ms += job->size / narrow->bytes_a_ms;
	narrow->bytes += job->size;
	assert_true(narrow->count < ROOM_OF_PARCELS);
	narrow->parcels[narrow->count++] = (struct parcel){job, narrow->free_mono_ms};
}

/* All that takes no time. */
static void work(struct narrow *narrow)
{
	struct duo *duo = &narrow->duo;

	while (duo->first) {
		struct duo_job *job = duo_take(duo);

		if (job->kind == DUO_MESSAGE && job->at == 1 && narrow->bytes_a_ms > 0)
			post(narrow, job);
		else
			duo_do(duo, job);
	}
}

static void lose(struct narrow *narrow)
{
	for (; narrow->first < narrow->count; narrow->first++) {
		free(narrow->parcels[narrow->first].job->bytes);
		free(narrow->parcels[narrow->first].job);
	}
	narrow->first = narrow->count = 0;
	narrow->free_mono_ms = 0;
}

static void link_events(struct narrow *narrow, bool up)
{
	for (unsigned at = 0; at < 2; at++) {
		struct event event = {.type = up ? EVENT_LINK_UP : EVENT_LINK_DOWN};

		if (up) {
			event.link_up.link = 1;
			event.link_up.dialled = at == 0;
			memcpy(event.link_up.transport_key, seal_keys_transport_public(narrow->duo.cities[1 - at].keys),
			       32);
		} else {
			event.link_down.link = 1;
		}
		narrow->duo.cities[at].linked = up;
		duo_step(&narrow->duo, at, &event);
	}
	work(narrow);
}

/* One whose partner drops the link finds it dialled anew. */
static void redial(struct narrow *narrow)
{
	narrow->duo.cities[0].dropped = narrow->duo.cities[1].dropped = 0;
	narrow->cut++;
	work(narrow);
	lose(narrow);
	link_events(narrow, false);
	link_events(narrow, true);
}

static void pass(struct narrow *narrow)
{
	struct duo *duo = &narrow->duo;

	duo->now.mono_ms += STEP_MS;
	duo->now.wall_ms += STEP_MS;
	while (narrow->first < narrow->count && narrow->parcels[narrow->first].due_mono_ms <= duo->now.mono_ms) {
		duo_do(duo, narrow->parcels[narrow->first++].job);
		work(narrow);
	}
	if (narrow->first == narrow->count)
		narrow->first = narrow->count = 0;
	for (unsigned at = 0; at < 2; at++)
		duo_step(duo, at, &(struct event){.type = EVENT_TIME});
	work(narrow);
	if (duo->cities[0].dropped + duo->cities[1].dropped > 0)
		redial(narrow);
}

/* One bundle that nothing makes smaller. */
static void submit_much(struct narrow *narrow, const struct hash *space, unsigned number)
{
	static char long_text[2000];
	Twinlog__Participant cities[2] = {TWINLOG__PARTICIPANT__INIT, TWINLOG__PARTICIPANT__INIT};
	Twinlog__Participant *city_list[] = {&cities[0], &cities[1]};
	Twinlog__Text texts[TEXTS], *text_list[TEXTS];
	Twinlog__Activity activity = TWINLOG__ACTIVITY__INIT;
	Twinlog__Body body = TWINLOG__BODY__INIT;
	Twinlog__SubmitOperation operations[BODIES], *list[BODIES];
	Twinlog__Submit submit = TWINLOG__SUBMIT__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	ProtobufCBinaryData field = codec_string("tourism");
	uint8_t ids[BODIES][16] = {{0}}, tokens[BODIES][16] = {{0}}, *bytes[BODIES];
	size_t size;

	memset(long_text, 'x', sizeof long_text);
	cities[0].city_id = codec_string("CN:lianyungang");
	cities[1].city_id = codec_string("KR:mokpo");
	activity.cities = city_list;
	activity.n_cities = 2;
	activity.fields = &field;
	activity.n_fields = 1;
	activity.form = codec_string("delegation_visit");
	activity.start = codec_string("2018-11-15");
	for (unsigned i = 0; i < TEXTS; i++) {
		twinlog__text__init(&texts[i]);
		texts[i].lang = codec_string("en");
		texts[i].text = codec_bytes(long_text, sizeof long_text);
		text_list[i] = &texts[i];
	}
	activity.summaries = text_list;
	activity.n_summaries = TEXTS;
	body.office = codec_string("Foreign Affairs Office");
	body.content_case = TWINLOG__BODY__CONTENT_ACTIVITY;
	body.activity = &activity;
	for (unsigned i = 0; i < BODIES; i++) {
		ids[i][0] = tokens[i][0] = (uint8_t)(number + 1);
		ids[i][1] = tokens[i][1] = (uint8_t)(i + 1);
		body.token = codec_bytes(tokens[i], 16);
		assert_int_equal(codec_pack(&body.base, &bytes[i], &size), TWINLOG_OK);
		twinlog__submit_operation__init(&operations[i]);
		operations[i].operation = TWINLOG__OPERATION__OPERATION_STATEMENT;
		operations[i].kind = TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
		operations[i].body = codec_bytes(bytes[i], size);
		operations[i].request = codec_bytes(ids[i], 16);
		list[i] = &operations[i];
	}
	submit.space = codec_hash(space);
	submit.operations = list;
	submit.n_operations = BODIES;
	request.body_case = TWINLOG__REQUEST__BODY_SUBMIT;
	request.submit = &submit;
	duo_request(&narrow->duo, 0, &request);
	for (unsigned i = 0; i < BODIES; i++)
		free(bytes[i]);
}

/* How often it was cut. */
static unsigned catches_up(uint64_t bytes_a_ms)
{
	struct narrow narrow = {.parcels = calloc(ROOM_OF_PARCELS, sizeof(struct parcel))};
	struct duo *duo = &narrow.duo;
	struct hash space;
	uint64_t content = 0;

	assert_non_null(narrow.parcels);
	duo_init(duo);
	assert_true(duo_found(duo, &space));
	duo_unlink(duo);
	for (unsigned i = 0; i < BUNDLES; i++)
		submit_much(&narrow, &space, i);
	assert_int_equal(duo->cities[0].bundles_count, BUNDLES);
	for (unsigned i = 0; i < BUNDLES; i++)
		content += duo->cities[0].bundles[i].size;
	assert_true(content > BUNDLES * 200000u);
	narrow.bytes_a_ms = bytes_a_ms;
	link_events(&narrow, true);
	const uint64_t began = duo->now.mono_ms;
	while (!duo_alike(duo) && duo->now.mono_ms - began < HOURS_2_MS)
		pass(&narrow);
	printf("%llu kB/s: %llu s, %.2f of the content sent, cut %u times\n", (unsigned long long)bytes_a_ms,
	       (unsigned long long)(duo->now.mono_ms - began) / 1000, (double)narrow.bytes / (double)content,
	       narrow.cut);
	assert_true(duo_alike(duo));
	assert_true(narrow.bytes < 3 * content);
	lose(&narrow);
	free(narrow.parcels);
	duo_end(duo);
	return narrow.cut;
}

static void lines_that_carry_little(void **state)
{
	(void)state;
	assert_int_equal(catches_up(50), 0);
	assert_int_equal(catches_up(30), 0);
	assert_int_equal(catches_up(20), 0);
	assert_int_equal(catches_up(12), 0);
	assert_int_equal(catches_up(8), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(lines_that_carry_little)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
