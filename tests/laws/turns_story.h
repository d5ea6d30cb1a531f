/* Two cities that say things to each other in two spaces, at random: what the law of long answers is tried on. Header
 * only. */
#ifndef TWINLOG_TURNS_STORY_H
#define TWINLOG_TURNS_STORY_H

#include "../unit/duo.h"
#include "../unit/store_fixture.h"
#include "dice.h"
#include "query.h"
#include "texts.h"

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
static const char *const tie_statuses[] = {"", "in_force", "ended", "succeeded"};
static const char *const channels[] = {"own_site", "none"};
static const char *const admin_levels[] = {"district", "municipal"};

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

static inline const struct statements *statements_of(const struct story *story, unsigned at)
{
	return space_statements(node_space(story->duo.cities[at].node, story->space));
}

/* A record that is there; NULL when there is none. */
static inline const struct record *any_record(const struct story *story, unsigned at)
{
	const struct statements *statements = statements_of(story, at);
	const size_t count = statements_records(statements);

	return count ? statements_record(statements, draw((uint32_t)count)) : NULL;
}

static inline ProtobufCBinaryData any_handle(const struct story *story, unsigned at)
{
	const struct record *record = any_record(story, at);

	return record ? codec_bytes(record->handle.bytes, HANDLE_SIZE) : codec_bytes(NULL, 0);
}

static inline void send(struct story *story, unsigned at, Twinlog__SubmitOperation operation)
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
static inline void send_on(struct story *story, unsigned at, const struct record *record,
			   Twinlog__SubmitOperation operation)
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

static inline void send_body(struct story *story, unsigned at, Twinlog__Body *body, uint32_t kind,
			     const struct record *record)
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

static inline void say_activity(struct story *story, unsigned at, const struct record *record)
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
	/* The same cities, of which one only looks on. */
	if (draw(3) == 0)
		parts[2].role = codec_string("observer");
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
	publicity.channel = PICK(channels);
	publicity.date = PICK(dates);
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

static inline void say_agreement(struct story *story, unsigned at, const struct record *record)
{
	Twinlog__Body body = TWINLOG__BODY__INIT;
	Twinlog__Agreement agreement = TWINLOG__AGREEMENT__INIT;
	ProtobufCBinaryData parties[] = {codec_string(cities[0]), codec_string(cities[1]),
					 codec_string(cities[2 + draw(2)])};

	agreement.parties = parties;
	agreement.n_parties = 2 + draw(2);
	agreement.relation_type = PICK(relations);
	agreement.established = PICK(dates);
	agreement.status = PICK(tie_statuses);
	agreement.renewal_due = PICK(dates);
	if (draw(4) == 0)
		agreement.supersedes = any_handle(story, at);
	body.content_case = TWINLOG__BODY__CONTENT_AGREEMENT;
	body.agreement = &agreement;
	send_body(story, at, &body, TWINLOG__RECORD_KIND__RECORD_AGREEMENT, record);
}

static inline void say_city(struct story *story, unsigned at)
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
static inline void say_short(struct story *story, unsigned at)
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

static inline void say_link(struct story *story, unsigned at)
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

static inline void erase_one(struct story *story, unsigned at)
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

static inline void store_up(struct story *story)
{
	struct twinlog_fault fault;

	/* In memory where there is a place for it: it is synced for each word. */
	strcpy(story->folder,
	       access("/dev/shm", W_OK) == 0 ? "/dev/shm/twinlog-turns-XXXXXX" : "/tmp/twinlog-turns-XXXXXX");
	assert_non_null(mkdtemp(story->folder));
	assert_int_equal(store_open(story->folder, true, false, &story->store, &fault), TWINLOG_OK);
}

static inline void store_down(struct story *story)
{
	store_close(story->store);
	remove_dir(story->folder);
}

/* What the writer does; now and then the texts too. */
static inline void store_it(struct story *story)
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

static inline void say_something(struct story *story)
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

#endif
