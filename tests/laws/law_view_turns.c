/* Law of long answers: a report, or what is proposed as one event, answers what it would have answered at once in the
 * state that it names, though the node goes on while it is reckoned; and counting records that are alike together, as a
 * report does, answers what looking at each of them would have. In two spaces, with copies between them: a city records,
 * amends, answers, links and erases, its partner too, and members are told apart by acts, at any place where the report
 * stops. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../unit/duo.h"
#include "../unit/store_fixture.h"
#include "dice.h"
#include "measure.h"
#include "query.h"
#include "texts.h"

#define STORIES    6u
#define ANSWERS    24u
#define WORDS      80u  /* said before the first report */
#define STATES_MAX 256u /* that one report may pass through */

#define PICK(list) codec_string(list[draw(sizeof list / sizeof *list)])

static const char *const cities[] = {"CN:lianyungang", "KR:mokpo", "KR:busan", "JP:sakai"};
static const char *const subdivisions[] = {"CN-32", "KR-46", "KR-26"};
static const char *const fields[] = {"culture_arts", "sports", "economy_trade_investment"};
static const char *const forms[] = {"exhibition", "delegation_visit", "sports_event"};
static const char *const statuses[] = {"", "planned", "held"};
static const char *const dates[] = {"2018", "2018-11", "2018-11-15", "2018-01-20", "1995~", "2009-12", "2020-02-29"};
static const char *const relations[] = {"sister", "friendship"};
static const char *const levels[] = {"social", "sub_national"};
static const char *const titles[] = {"友好交流", "Friendship visit", "우호 교류", "書法展覽", ""};
static const char *const kinds[] = {"school_or_university", "enterprise_or_chamber"};
static const char *const directions[] = {"", "CN:lianyungang>KR:mokpo", "KR:mokpo>CN:lianyungang", "mutual"};
static const char *const frictions[] = {"none", "civic_protest"};
static const char *const admin_levels[] = {"district", "municipal"};

/* ---- What is said ---- */

struct answer {
	uint64_t commit;
	uint8_t *bytes;
	size_t size;
};

struct story {
	struct duo duo;
	struct hash spaces[2];
	unsigned space; /* the one at hand */
	struct view *view;
	char folder[64];
	struct store *store; /* of the first city */
	size_t stored;       /* how many of its bundles */
	struct store_read *read;
	uint32_t words;
	Twinlog__Request request;
	Twinlog__Report asked;
	Twinlog__Match match;
	Twinlog__Filter filter;
	ProtobufCBinaryData lists[7];
	struct answer states[STATES_MAX]; /* what it would have been, in each state that the report passed through */
	size_t states_count;
	unsigned stops;
};

static const struct statements *statements_of(const struct story *story, unsigned at)
{
	return space_statements(node_space(story->duo.cities[at].node, story->space));
}

/* A record that is there; NULL when there is none. */
static const struct record *any_record(const struct story *story, unsigned at)
{
	const struct statements *statements = statements_of(story, at);
	const size_t count = statements_records(statements);

	return count ? statements_record(statements, draw((uint32_t)count)) : NULL;
}

static ProtobufCBinaryData any_handle(const struct story *story, unsigned at)
{
	const struct record *record = any_record(story, at);

	return record ? codec_bytes(record->handle.bytes, HANDLE_SIZE) : codec_bytes(NULL, 0);
}

static void send(struct story *story, unsigned at, Twinlog__SubmitOperation operation)
{
	Twinlog__SubmitOperation *operations[] = {&operation};
	Twinlog__Submit submit = TWINLOG__SUBMIT__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	uint8_t id[16] = {9, (uint8_t)at};

	story->words++;
	memcpy(id + 8, &story->words, sizeof story->words);
	operation.request = codec_bytes(id, sizeof id);
	submit.space = codec_hash(&story->spaces[story->space]);
	submit.operations = operations;
	submit.n_operations = 1;
	request.body_case = TWINLOG__REQUEST__BODY_SUBMIT;
	request.submit = &submit;
	duo_request(&story->duo, at, &request);
}

/* On a record that is there: amended by who has a word on it, answered by who has none. */
static void send_on(struct story *story, unsigned at, const struct record *record, Twinlog__SubmitOperation operation)
{
	const struct statements *statements = statements_of(story, at);
	Twinlog__RecordName name = TWINLOG__RECORD_NAME__INIT;
	const struct handle handle = record->handle;
	const struct word *own;
	struct hash based_on;

	name.handle = codec_bytes(handle.bytes, HANDLE_SIZE);
	operation.record = &name;
	if (statements_current(statements, record, &story->duo.cities[at].identity, false, &own, 1) > 0) {
		based_on = own->leaf;
		operation.based_on = codec_hash(&based_on);
	}
	send(story, at, operation);
}

static void send_body(struct story *story, unsigned at, Twinlog__Body *body, uint32_t kind, const struct record *record)
{
	Twinlog__SubmitOperation operation = TWINLOG__SUBMIT_OPERATION__INIT;
	/* Now and then that of an earlier one: a copy, when it is in the other space. */
	const uint64_t token[2] = {draw(5) ? 1 + story->words : 1 + draw(1 + story->words), at};
	uint8_t *bytes;
	size_t size;

	body->office = codec_string("Foreign Affairs Office");
	if (!record)
		body->token = codec_bytes(token, sizeof token);
	assert_int_equal(codec_pack(&body->base, &bytes, &size), TWINLOG_OK);
	body->token = codec_bytes(NULL, 0);
	operation.operation = TWINLOG__OPERATION__OPERATION_STATEMENT;
	operation.kind = kind;
	operation.report = draw(12) == 0;
	operation.body = codec_bytes(bytes, size);
	if (record)
		send_on(story, at, record, operation);
	else
		send(story, at, operation);
	free(bytes);
}

static void say_activity(struct story *story, unsigned at, const struct record *record)
{
	Twinlog__Body body = TWINLOG__BODY__INIT;
	Twinlog__Activity activity = TWINLOG__ACTIVITY__INIT;
	Twinlog__Participant parts[3] = {TWINLOG__PARTICIPANT__INIT, TWINLOG__PARTICIPANT__INIT,
					 TWINLOG__PARTICIPANT__INIT};
	Twinlog__Participant *part_list[] = {&parts[0], &parts[1], &parts[2]};
	Twinlog__Money money = TWINLOG__MONEY__INIT, *money_list[] = {&money};
	Twinlog__Publicity publicity = TWINLOG__PUBLICITY__INIT, *publicity_list[] = {&publicity};
	Twinlog__Actor actors[] = {TWINLOG__ACTOR__INIT, TWINLOG__ACTOR__INIT};
	Twinlog__Actor *actor_list[] = {&actors[0], &actors[1]};
	Twinlog__Trade trade = TWINLOG__TRADE__INIT, *trade_list[] = {&trade};
	Twinlog__Participants participants = TWINLOG__PARTICIPANTS__INIT;
	Twinlog__Count total = TWINLOG__COUNT__INIT, private_total = TWINLOG__COUNT__INIT;
	Twinlog__Text title = TWINLOG__TEXT__INIT, *title_list[] = {&title};
	ProtobufCBinaryData said_fields[] = {codec_string(fields[0]), codec_string(fields[1 + draw(2)])};
	ProtobufCBinaryData friction = PICK(frictions), agreement = any_handle(story, at);

	parts[0].city_id = codec_string(cities[0]);
	parts[1].city_id = codec_string(cities[1]);
	parts[2].city_id = codec_string(cities[2 + draw(2)]);
	activity.cities = part_list;
	activity.n_cities = 2 + draw(2);
	activity.fields = said_fields;
	activity.n_fields = 1 + draw(2);
	title.lang = codec_string("en");
	title.text = PICK(titles);
	activity.titles = title_list;
	activity.n_titles = title.text.len > 0;
	activity.form = PICK(forms);
	activity.status = PICK(statuses);
	activity.start = PICK(dates);
	activity.direction = PICK(directions);
	actors[0].level = PICK(levels);
	actors[1].level = PICK(levels);
	actors[1].kind = PICK(kinds);
	activity.actors = actor_list;
	activity.n_actors = draw(3);
	activity.count_of_events = draw(6) == 0 ? draw(5) : 0;
	money.amount = 1 + draw(1000);
	money.currency = codec_string(draw(2) ? "CNY" : "KRW");
	money.payer = codec_string(draw(3) ? cities[draw(2)] : "");
	activity.cost = money_list;
	activity.n_cost = draw(3) == 0;
	trade.value = 1 + draw(1000);
	trade.currency = codec_string("CNY");
	trade.from = codec_string(cities[draw(2)]);
	trade.to = codec_string(cities[2]);
	activity.trade = trade_list;
	activity.n_trade = draw(8) == 0;
	activity.friction = &friction;
	activity.n_friction = draw(6) == 0;
	publicity.channel = codec_string("own_site");
	publicity.side = codec_string(cities[draw(2)]);
	activity.publicity = publicity_list;
	activity.n_publicity = draw(3) == 0;
	/* Some more than a column has room for. */
	total.value = draw(30) ? draw(200) : UINT32_MAX - 1 + draw(3);
	private_total.value = draw(20);
	participants.total = &total;
	participants.private_total = draw(8) == 0 && total.value >= 20 ? &private_total : NULL;
	activity.participants = draw(2) ? &participants : NULL;
	activity.agreements = &agreement;
	activity.n_agreements = agreement.len > 0 && draw(3) == 0;
	body.content_case = TWINLOG__BODY__CONTENT_ACTIVITY;
	body.activity = &activity;
	send_body(story, at, &body, TWINLOG__RECORD_KIND__RECORD_ACTIVITY, record);
}

static void say_agreement(struct story *story, unsigned at, const struct record *record)
{
	Twinlog__Body body = TWINLOG__BODY__INIT;
	Twinlog__Agreement agreement = TWINLOG__AGREEMENT__INIT;
	ProtobufCBinaryData parties[] = {codec_string(cities[0]), codec_string(cities[1]),
					 codec_string(cities[2 + draw(2)])};

	agreement.parties = parties;
	agreement.n_parties = 2 + draw(2);
	agreement.relation_type = PICK(relations);
	agreement.established = PICK(dates);
	body.content_case = TWINLOG__BODY__CONTENT_AGREEMENT;
	body.agreement = &agreement;
	send_body(story, at, &body, TWINLOG__RECORD_KIND__RECORD_AGREEMENT, record);
}

static void say_city(struct story *story, unsigned at)
{
	Twinlog__Body body = TWINLOG__BODY__INIT;
	Twinlog__City city = TWINLOG__CITY__INIT;
	Twinlog__PlaceName name = TWINLOG__PLACE_NAME__INIT, *names[] = {&name};
	Twinlog__Count population = TWINLOG__COUNT__INIT;
	ProtobufCBinaryData heir = codec_string(cities[3]);

	city.city_id = codec_string(draw(2) ? cities[at] : cities[2]);
	name.lang = codec_string("en");
	name.text = codec_string("a city");
	city.names = names;
	city.n_names = 1;
	city.subdivision = PICK(subdivisions);
	city.level = PICK(admin_levels);
	population.value = 1000 * (1 + draw(900));
	city.population = &population;
	city.succeeded_by = &heir;
	city.n_succeeded_by = draw(4) == 0;
	body.content_case = TWINLOG__BODY__CONTENT_CITY;
	body.city = &city;
	send_body(story, at, &body, TWINLOG__RECORD_KIND__RECORD_CITY, NULL);
}

/* Confirms, denies, withdraws. */
static void say_short(struct story *story, unsigned at)
{
	static const uint32_t operations[] = {
	    TWINLOG__OPERATION__OPERATION_CONFIRMATION, TWINLOG__OPERATION__OPERATION_CONFIRMATION,
	    TWINLOG__OPERATION__OPERATION_DENIAL, TWINLOG__OPERATION__OPERATION_WITHDRAWAL};
	Twinlog__SubmitOperation operation = TWINLOG__SUBMIT_OPERATION__INIT;
	const struct record *record = any_record(story, at);

	operation.operation = operations[draw(4)];
	if (record) {
		operation.kind = record->kind;
		send_on(story, at, record, operation);
	}
}

static void say_link(struct story *story, unsigned at)
{
	Twinlog__Body body = TWINLOG__BODY__INIT;
	Twinlog__Link link = TWINLOG__LINK__INIT;
	Twinlog__RecordRef other = TWINLOG__RECORD_REF__INIT, *others[] = {&other};
	Twinlog__SubmitOperation operation = TWINLOG__SUBMIT_OPERATION__INIT;
	Twinlog__RecordName name = TWINLOG__RECORD_NAME__INIT;
	uint8_t *bytes;
	size_t size;

	name.handle = any_handle(story, at);
	other.handle = any_handle(story, at);
	link.same_event_as = others;
	link.n_same_event_as = draw(5) > 0;
	body.office = codec_string("Foreign Affairs Office");
	body.content_case = TWINLOG__BODY__CONTENT_LINK;
	body.link = &link;
	assert_int_equal(codec_pack(&body.base, &bytes, &size), TWINLOG_OK);
	operation.operation = TWINLOG__OPERATION__OPERATION_LINK;
	operation.kind = TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
	operation.record = &name;
	operation.body = codec_bytes(bytes, size);
	send(story, at, operation);
	free(bytes);
}

static void erase_one(struct story *story, unsigned at)
{
	Twinlog__Erase erase = TWINLOG__ERASE__INIT;
	Twinlog__RecordName name = TWINLOG__RECORD_NAME__INIT;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;

	name.handle = any_handle(story, at);
	erase.record = &name;
	erase.reason = codec_string("entered_in_error");
	request.body_case = TWINLOG__REQUEST__BODY_ERASE;
	request.erase = &erase;
	duo_request(&story->duo, at, &request);
}

/* What the writer does; now and then the texts too. */
static void store_it(struct story *story)
{
	const struct duo_city *city = &story->duo.cities[0];
	struct store_write *write;
	bool done;

	if (story->stored == city->bundles_count)
		return;
	assert_int_equal(store_begin(story->store, &write), TWINLOG_OK);
	for (; story->stored < city->bundles_count; story->stored++) {
		const struct duo_bundle *bundle = &city->bundles[story->stored];

		assert_int_equal(store_put_bundle(write, bundle->sequence, bundle->bytes, bundle->size), TWINLOG_OK);
	}
	if (draw(4) == 0)
		assert_int_equal(texts_catch_up(write, &done), TWINLOG_OK);
	assert_int_equal(store_commit(write), TWINLOG_OK);
}

static void say_something(struct story *story)
{
	const unsigned at = draw(2), what = draw(40);
	const struct record *record;

	story->space = draw(4) == 0;
	record = draw(3) == 0 ? any_record(story, at) : NULL;
	if (record && record->kind == TWINLOG__RECORD_KIND__RECORD_CITY)
		record = NULL;
	if (record && record->kind == TWINLOG__RECORD_KIND__RECORD_AGREEMENT)
		say_agreement(story, at, record);
	else if (record || what < 30)
		say_activity(story, at, record);
	else if (what < 35)
		say_short(story, at);
	else if (what < 36)
		say_agreement(story, at, NULL);
	else if (what < 37)
		say_city(story, at);
	else if (what < 39)
		say_link(story, at);
	else
		erase_one(story, at);
	duo_time(&story->duo, 50);
	assert_int_equal(story->duo.failed, TWINLOG_OK);
	store_it(story);
}

/* ---- What is asked ---- */

static const char *const measure_names[] = {
#define MEASURE_TEXT(NAME, text, unit) #text,
    MEASURES(MEASURE_TEXT)
#undef MEASURE_TEXT
};
static const char *const dimension_names[] = {
#define DIMENSION_TEXT(NAME, text) #text,
    DIMENSIONS(DIMENSION_TEXT)
#undef DIMENSION_TEXT
};

static void ask_report(struct story *story)
{
	const uint32_t measure = draw(MEASURE_COUNT);

	twinlog__report__init(&story->asked);
	story->request.body_case = TWINLOG__REQUEST__BODY_REPORT;
	story->request.report = &story->asked;
	if (draw(4) == 0)
		story->asked.as_of = codec_string("2012-06-30");
	story->asked.measure = codec_string(measure_names[measure]);
	story->asked.by = story->lists;
	for (unsigned tries = 0; tries < 4 && story->asked.n_by < 2; tries++) {
		const uint32_t dimension = draw(DIMENSION_COUNT);

		if (dimension_fits((enum dimension)dimension, (enum measure)measure) &&
		    dimension != DIMENSION_CURRENCY && dimension != DIMENSION_DIRECTION &&
		    (story->asked.n_by == 0 || !codec_equal(story->lists[0], dimension_names[dimension])))
			story->lists[story->asked.n_by++] = codec_string(dimension_names[dimension]);
	}
	story->asked.follow = draw(3) == 0;
	story->asked.filter = &story->filter;
	story->filter.follow = story->asked.follow;
}

static void ask_match(struct story *story)
{
	twinlog__match__init(&story->match);
	story->request.body_case = TWINLOG__REQUEST__BODY_MATCH;
	story->request.match = &story->match;
	story->match.filter = &story->filter;
	story->match.own = draw(3) == 0;
	story->match.limit = draw(2) ? 3 : 0;
}

static void ask(struct story *story)
{
	twinlog__request__init(&story->request);
	twinlog__filter__init(&story->filter);
	memset(story->lists, 0, sizeof story->lists);
	if (draw(3) > 0)
		ask_report(story);
	else
		ask_match(story);
	if (draw(4) == 0) {
		story->lists[2] = PICK(fields);
		story->filter.fields = &story->lists[2];
		story->filter.n_fields = 1;
	}
	if (draw(4) == 0) {
		story->lists[3] = PICK(subdivisions);
		story->filter.subdivisions = &story->lists[3];
		story->filter.n_subdivisions = 1;
	}
	if (draw(5) == 0)
		story->filter.from = codec_string("2010");
	if (draw(5) == 0) {
		story->lists[5] = codec_string("held");
		story->lists[6] = codec_string("planned");
		story->filter.statuses = &story->lists[5];
		story->filter.n_statuses = 1 + draw(2);
	}
	if (draw(5) == 0) {
		story->lists[4] = codec_string(cities[draw(2)]);
		story->filter.stated_by = &story->lists[4];
		story->filter.n_stated_by = 1;
	}
}

/* ---- Answers ---- */

static enum twinlog_error enter(void *context)
{
	struct story *story = context;

	return store_read_begin(story->store, &story->read);
}

static void end_slice(struct story *story)
{
	store_read_end(story->read);
	story->read = NULL;
}

static uint64_t commit_named(const Twinlog__Reply *reply)
{
	return reply->body_case == TWINLOG__REPLY__BODY_REPORTED ? reply->reported->commit : reply->matched->commit;
}

static struct answer reckon(struct story *story, const struct query_turns *turns, bool each)
{
	const struct query_extra extra = {
	    .now_ms = UINT64_C(1700000000000), .view = story->view, .turns = turns, .each = each};
	struct arena *arena = arena_new(TWINLOG_ANSWER_MAX);
	Twinlog__Reply reply;
	struct answer answer = {0};

	assert_non_null(arena);
	assert_int_equal(enter(story), TWINLOG_OK);
	assert_int_equal(query_answer(story->duo.cities[0].node, &story->read, &extra, &story->request, arena, &reply),
			 TWINLOG_OK);
	answer.commit = reply.commit;
	assert_int_equal(reply.commit, commit_named(&reply));
	assert_int_equal(codec_pack(&reply.base, &answer.bytes, &answer.size), TWINLOG_OK);
	end_slice(story);
	arena_free(arena);
	return answer;
}

static void state_noted(struct story *story)
{
	struct answer each = reckon(story, NULL, true), alike = reckon(story, NULL, false);

	assert_true(story->states_count < STATES_MAX);
	story->states[story->states_count++] = each;
	if (each.size != alike.size || memcmp(each.bytes, alike.bytes, each.size) != 0)
		fail_msg("%.*s by %.*s, %.*s: not as when each record is looked at", (int)story->asked.measure.len,
			 (const char *)story->asked.measure.data, (int)story->lists[0].len,
			 (const char *)story->lists[0].data, (int)story->lists[1].len,
			 (const char *)story->lists[1].data);
	free(alike.bytes);
}

static bool due(void *context)
{
	(void)context;
	return draw(3) > 0;
}

/* The node goes on here. */
static void leave(void *context)
{
	struct story *story = context;

	story->stops++;
	end_slice(story);
	for (uint32_t left = draw(3) == 0 ? 1 + draw(3) : 0; left > 0 && story->states_count < STATES_MAX; left--) {
		say_something(story);
		state_noted(story);
	}
}

static bool is_of_one_state(const struct story *story, const struct answer *answer)
{
	for (size_t i = 0; i < story->states_count; i++)
		if (story->states[i].commit == answer->commit && story->states[i].size == answer->size &&
		    memcmp(story->states[i].bytes, answer->bytes, answer->size) == 0)
			return true;
	return false;
}

static void asked_while_writing(struct story *story, uint64_t seed, unsigned number)
{
	const struct query_turns turns = {
	    .due = due, .leave = leave, .enter = enter, .context = story, .settled = 1 + draw(5)};
	struct answer answer;

	ask(story);
	story->states_count = 0;
	state_noted(story);
	answer = reckon(story, &turns, false);
	if (!is_of_one_state(story, &answer))
		fail_msg("seed %llu: answer %u (%s) is of none of the %zu states", (unsigned long long)seed, number,
			 story->request.body_case == TWINLOG__REQUEST__BODY_REPORT
			     ? (const char *)story->asked.measure.data
			     : "match",
			 story->states_count);
	free(answer.bytes);
	for (size_t i = 0; i < story->states_count; i++)
		free(story->states[i].bytes);
}

static void store_up(struct story *story)
{
	struct twinlog_fault fault;

	/* In memory where there is a place for it: it is synced for each word. */
	strcpy(story->folder,
	       access("/dev/shm", W_OK) == 0 ? "/dev/shm/twinlog-turns-XXXXXX" : "/tmp/twinlog-turns-XXXXXX");
	assert_non_null(mkdtemp(story->folder));
	assert_int_equal(store_open(story->folder, true, false, &story->store, &fault), TWINLOG_OK);
}

static void store_down(struct story *story)
{
	store_close(story->store);
	remove_dir(story->folder);
}

static void one_state_whatever_comes_in_between(void **state)
{
	unsigned stops = 0;

	(void)state;
	for (uint64_t seed = 1; seed <= STORIES; seed++) {
		struct story *story = calloc(1, sizeof *story);

		assert_non_null(story);
		dice = seed * UINT64_C(0x9e3779b97f4a7c15);
		duo_init(&story->duo);
		assert_true(duo_found(&story->duo, &story->spaces[0]) && duo_found(&story->duo, &story->spaces[1]));
		assert_int_equal(view_new(&story->view), TWINLOG_OK);
		store_up(story);
		say_agreement(story, 0, NULL);
		say_city(story, 1);
		for (unsigned i = 0; i < WORDS; i++)
			say_something(story);
		for (unsigned i = 0; i < ANSWERS; i++)
			asked_while_writing(story, seed, i);
		stops += story->stops;
		view_free(story->view);
		store_down(story);
		duo_end(&story->duo);
		free(story);
	}
	/* It did stop, many times in each. */
	assert_true(stops > STORIES * ANSWERS * 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(one_state_whatever_comes_in_between)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
