/* What clerks say: every operation there is, on records of their own and of their partners, right and wrong. Values
 * come from short lists, so that cities agree and differ often. */
#include <stdio.h>
#include <stdlib.h>

#include "sim.h"

#define WORDS_MEMORY   (8u * 1024 * 1024)
/* A seed of hours that has said so much says one word at a time from then on: sheets of hundreds of rows through all
 * its storms would fill a machine, and show no more. */
#define WORDS_BULK_MAX 20000u

static const char *const forms[] = {"delegation_visit", "festival_performance", "school_exchange", "sports_event"};
static const char *const fields[] = {"culture_arts", "tourism", "education_training"};
static const char *const dates[] = {"2018", "2018-11", "2018-11-15", "2018-11~", "2019-02-01"};
static const char *const relations[] = {"sister", "friendship", "mou"};
#define PICK(sim, list) ((list)[rng_below(&(sim)->rng, sizeof(list) / sizeof *(list))])

/* One clerk's desk while a request is written. */
struct desk {
	struct sim *sim;
	struct arena *arena;
	const struct node *node;
	const struct space *space;
	const struct city *city;
};

static void *desk_alloc(struct desk *desk, size_t size)
{
	void *memory = arena_zalloc(desk->arena, size);
	if (!memory)
		abort();
	return memory;
}

static ProtobufCBinaryData desk_fill(struct desk *desk, const char *start, size_t size)
{
	char *text = desk_alloc(desk, size + 1);
	memset(text, 'x', size);
	memcpy(text, start, strlen(start) < size ? strlen(start) : size);
	return codec_bytes(text, size);
}

/* This city first, then others of the space, perhaps one from outside. Sorted order is not asked of a body. */
static size_t desk_cities(struct desk *desk, ProtobufCBinaryData *cities, size_t max)
{
	struct sim *sim = desk->sim;
	size_t count = 0, members_count;
	const struct member *members = acts_members(space_acts(desk->space), &members_count);
	cities[count++] = codec_string(desk->city->city_id);
	for (size_t i = 0; i < members_count && count < max - 1; i++)
		if (!hash_equal(&members[i].identity, &desk->city->identity) &&
		    (count == 1 || rng_chance(&sim->rng, 300)))
			cities[count++] = desk_fill(desk, members[i].city_id, strlen(members[i].city_id));
	if (count == 1 || rng_chance(&sim->rng, 100))
		cities[count++] = codec_string("JP:shimonoseki");
	return count;
}

static void activity_fill(struct desk *desk, Twinlog__Activity *activity)
{
	struct sim *sim = desk->sim;
	ProtobufCBinaryData cities[4];
	activity->n_cities = desk_cities(desk, cities, 4);
	activity->cities = desk_alloc(desk, activity->n_cities * sizeof *activity->cities);
	for (size_t i = 0; i < activity->n_cities; i++) {
		activity->cities[i] = desk_alloc(desk, sizeof **activity->cities);
		twinlog__participant__init(activity->cities[i]);
		activity->cities[i]->city_id = cities[i];
	}
	activity->n_fields = 1;
	activity->fields = desk_alloc(desk, sizeof *activity->fields);
	activity->fields[0] = codec_string(PICK(sim, fields));
	activity->form = codec_string(PICK(sim, forms));
	activity->start = codec_string(PICK(sim, dates));
	activity->n_titles = 1;
	activity->titles = desk_alloc(desk, sizeof *activity->titles);
	activity->titles[0] = desk_alloc(desk, sizeof **activity->titles);
	twinlog__text__init(activity->titles[0]);
	activity->titles[0]->lang = codec_string("en");
	activity->titles[0]->text = desk_fill(desk, "Visit ", rng_between(&sim->rng, 6, TWINLOG_TITLE_MAX));
	if (sim->profile.bulk || rng_chance(&sim->rng, 100)) {
		activity->n_summaries = 1;
		activity->summaries = desk_alloc(desk, sizeof *activity->summaries);
		activity->summaries[0] = desk_alloc(desk, sizeof **activity->summaries);
		twinlog__text__init(activity->summaries[0]);
		activity->summaries[0]->lang = codec_string("ko");
		activity->summaries[0]->text =
		    desk_fill(desk, "Long ", rng_between(&sim->rng, 500, TWINLOG_SUMMARY_MAX));
	}
	if (rng_chance(&sim->rng, 300))
		activity->status = codec_string(rng_chance(&sim->rng, 500) ? "planned" : "held");
}

static void agreement_fill(struct desk *desk, Twinlog__Agreement *agreement)
{
	ProtobufCBinaryData cities[3];
	agreement->n_parties = desk_cities(desk, cities, 3);
	agreement->parties = desk_alloc(desk, agreement->n_parties * sizeof *agreement->parties);
	memcpy(agreement->parties, cities, agreement->n_parties * sizeof *cities);
	agreement->relation_type = codec_string(PICK(desk->sim, relations));
	agreement->established = codec_string(PICK(desk->sim, dates));
}

static Twinlog__Body *body_new(struct desk *desk)
{
	Twinlog__Body *body = desk_alloc(desk, sizeof *body);
	twinlog__body__init(body);
	body->office = codec_string("Foreign Affairs Office");
	return body;
}

static ProtobufCBinaryData body_pack(struct desk *desk, const Twinlog__Body *body)
{
	uint8_t *bytes;
	size_t size;
	if (codec_pack_arena(desk->arena, &body->base, &bytes, &size))
		abort();
	return codec_bytes(bytes, size);
}

static ProtobufCBinaryData statement_body(struct desk *desk, uint32_t kind, const struct record *record)
{
	Twinlog__Body *body = body_new(desk);
	if (kind == TWINLOG__RECORD_KIND__RECORD_ACTIVITY) {
		body->content_case = TWINLOG__BODY__CONTENT_ACTIVITY;
		body->activity = desk_alloc(desk, sizeof *body->activity);
		twinlog__activity__init(body->activity);
		activity_fill(desk, body->activity);
	} else if (kind == TWINLOG__RECORD_KIND__RECORD_AGREEMENT) {
		body->content_case = TWINLOG__BODY__CONTENT_AGREEMENT;
		body->agreement = desk_alloc(desk, sizeof *body->agreement);
		twinlog__agreement__init(body->agreement);
		agreement_fill(desk, body->agreement);
	} else {
		size_t size = strlen(desk->city->city_id);
		const void *id =
		    record ? statements_name(space_statements(desk->space), record, &size) : desk->city->city_id;
		body->content_case = TWINLOG__BODY__CONTENT_CITY;
		body->city = desk_alloc(desk, sizeof *body->city);
		twinlog__city__init(body->city);
		body->city->city_id = codec_bytes(arena_copy(desk->arena, id, size), size);
		body->city->country = codec_string("CN");
	}
	return body_pack(desk, body);
}

static Twinlog__SubmitOperation *operation_new(struct desk *desk, uint32_t operation, uint32_t kind)
{
	struct sim *sim = desk->sim;
	Twinlog__SubmitOperation *made = desk_alloc(desk, sizeof *made);
	twinlog__submit_operation__init(made);
	made->operation = operation;
	made->kind = kind;
	uint8_t *request = desk_alloc(desk, HANDLE_SIZE);
	const uint64_t wall_ms = SIM_EPOCH_MS + sim->now_ms;
	for (int i = 0; i < 6; i++)
		request[i] = (uint8_t)(wall_ms >> (40 - 8 * i));
	rng_fill(&sim->rng, request + 6, HANDLE_SIZE - 6);
	made->request = codec_bytes(request, HANDLE_SIZE);
	return made;
}

static void operation_name(struct desk *desk, Twinlog__SubmitOperation *made, const struct handle *handle)
{
	made->record = desk_alloc(desk, sizeof *made->record);
	twinlog__record_name__init(made->record);
	made->record->handle = codec_bytes(arena_copy(desk->arena, handle->bytes, HANDLE_SIZE), HANDLE_SIZE);
}

static Twinlog__SubmitOperation *operation_fresh(struct desk *desk)
{
	struct sim *sim = desk->sim;
	const uint32_t kind = rng_chance(&sim->rng, 700)   ? TWINLOG__RECORD_KIND__RECORD_ACTIVITY
			      : rng_chance(&sim->rng, 700) ? TWINLOG__RECORD_KIND__RECORD_AGREEMENT
							   : TWINLOG__RECORD_KIND__RECORD_CITY;
	Twinlog__SubmitOperation *made = operation_new(desk, TWINLOG__OPERATION__OPERATION_STATEMENT, kind);
	made->body = statement_body(desk, kind, NULL);
	if (kind != TWINLOG__RECORD_KIND__RECORD_CITY && rng_chance(&sim->rng, 200)) {
		Twinlog__ImportKey *key = desk_alloc(desk, sizeof *key);
		twinlog__import_key__init(key);
		key->sheet = codec_string("visits.csv");
		char row[16];
		const int length = snprintf(row, sizeof row, "row %u", (unsigned)rng_below(&sim->rng, 20));
		key->row = desk_fill(desk, row, (size_t)length);
		made->import = key;
	}
	made->report = rng_chance(&sim->rng, 50);
	return made;
}

static ProtobufCBinaryData link_body(struct desk *desk, const struct record *other)
{
	Twinlog__Body *body = body_new(desk);
	Twinlog__RecordRef *reference = desk_alloc(desk, sizeof *reference);
	twinlog__record_ref__init(reference);
	reference->handle = codec_handle(&other->handle);
	body->content_case = TWINLOG__BODY__CONTENT_LINK;
	body->link = desk_alloc(desk, sizeof *body->link);
	twinlog__link__init(body->link);
	body->link->n_same_event_as = 1;
	body->link->same_event_as = desk_alloc(desk, sizeof *body->link->same_event_as);
	body->link->same_event_as[0] = reference;
	return body_pack(desk, body);
}

/* On a record that is there: a word of its own, an answer, a withdrawal or a link. */
static Twinlog__SubmitOperation *operation_on(struct desk *desk, const struct record *record)
{
	struct sim *sim = desk->sim;
	const struct statements *statements = space_statements(desk->space);
	const struct word *own[TWINLOG_REPLACES_MAX];
	const size_t own_count =
	    statements_current(statements, record, &desk->city->identity, false, own, TWINLOG_REPLACES_MAX);
	static const uint32_t answers[] = {
	    TWINLOG__OPERATION__OPERATION_CONFIRMATION, TWINLOG__OPERATION__OPERATION_CONFIRMATION,
	    TWINLOG__OPERATION__OPERATION_DENIAL,       TWINLOG__OPERATION__OPERATION_STATEMENT,
	    TWINLOG__OPERATION__OPERATION_WITHDRAWAL,   TWINLOG__OPERATION__OPERATION_LINK};
	const bool amend = own_count && rng_chance(&sim->rng, 400);
	const uint32_t operation = amend ? (uint32_t)TWINLOG__OPERATION__OPERATION_STATEMENT : PICK(sim, answers);
	Twinlog__SubmitOperation *made = operation_new(desk, operation, record->kind);
	operation_name(desk, made, &record->handle);
	if (operation == TWINLOG__OPERATION__OPERATION_STATEMENT)
		made->body = statement_body(desk, record->kind, record);
	else if (operation == TWINLOG__OPERATION__OPERATION_LINK)
		made->body = link_body(
		    desk, statements_record(statements, rng_below(&sim->rng, statements_records(statements))));
	else
		made->body = body_pack(desk, body_new(desk));
	if (own_count && operation == TWINLOG__OPERATION__OPERATION_STATEMENT)
		made->based_on = codec_bytes(arena_copy(desk->arena, own[0]->leaf.bytes, HASH_SIZE), HASH_SIZE);
	return made;
}

static Twinlog__SubmitOperation *operation_wrong(struct desk *desk)
{
	struct sim *sim = desk->sim;
	Twinlog__SubmitOperation *made =
	    operation_new(desk, TWINLOG__OPERATION__OPERATION_STATEMENT, TWINLOG__RECORD_KIND__RECORD_ACTIVITY);
	Twinlog__Body *body = body_new(desk);
	body->content_case = TWINLOG__BODY__CONTENT_ACTIVITY;
	body->activity = desk_alloc(desk, sizeof *body->activity);
	twinlog__activity__init(body->activity);
	activity_fill(desk, body->activity);
	struct handle nowhere;
	switch (rng_below(&sim->rng, 6)) {
	case 0:
		body->activity->start = codec_string("2018-13");
		break;
	case 1:
		body->activity->titles[0]->text = codec_string("\xff\xfe");
		break;
	case 2:
		body->activity->titles[0]->text = desk_fill(desk, "Long", TWINLOG_TITLE_MAX + 1);
		break;
	case 3:
		body->activity->form = codec_string("no_such_form");
		break;
	case 4:
		rng_fill(&sim->rng, nowhere.bytes, HANDLE_SIZE);
		operation_name(desk, made, &nowhere);
		break;
	default:
		made->operation = 77;
	}
	made->body = body_pack(desk, body);
	return made;
}

/* A space that this city may speak in; NULL for none. */
static const struct space *desk_space(struct desk *desk)
{
	const size_t count = node_spaces(desk->node);
	const size_t first = rng_below(&desk->sim->rng, count);
	for (size_t i = 0; i < count; i++) {
		const struct space *space = node_space(desk->node, (first + i) % count);
		const struct member *self = acts_member(space_acts(space), &desk->city->identity);
		if (self && self->standing == STANDING_MEMBER && !self->reader)
			return space;
	}
	return NULL;
}

void words_submit(struct sim *sim, unsigned machine)
{
	struct desk desk = {.sim = sim,
			    .arena = arena_new(WORDS_MEMORY),
			    .node = sim->machines[machine].node,
			    .city = &sim->cities[sim->machines[machine].city]};
	if (!desk.arena)
		abort();
	desk.space = desk_space(&desk);
	if (desk.space) {
		const struct statements *statements = space_statements(desk.space);
		const size_t records = statements_records(statements);
		const bool wrong = rng_chance(&sim->rng, 50);
		Twinlog__Submit submit = TWINLOG__SUBMIT__INIT;
		const bool enough = sim->accepted > WORDS_BULK_MAX;
		submit.n_operations = wrong || enough ? 1 : rng_between(&sim->rng, 1, sim->profile.batch_max);
		submit.operations = desk_alloc(&desk, submit.n_operations * sizeof *submit.operations);
		submit.space = codec_hash(acts_space(space_acts(desk.space)));
		for (size_t i = 0; i < submit.n_operations; i++)
			submit.operations[i] =
			    wrong ? operation_wrong(&desk)
			    : records && rng_chance(&sim->rng, 500)
				? operation_on(&desk, statements_record(statements, rng_below(&sim->rng, records)))
				: operation_fresh(&desk);
		Twinlog__Request request = TWINLOG__REQUEST__INIT;
		request.body_case = TWINLOG__REQUEST__BODY_SUBMIT;
		request.submit = &submit;
		office_ask(sim, machine, wrong ? ERRAND_WRONG : ERRAND_SUBMIT, &request, 0);
	}
	arena_free(desk.arena);
}
