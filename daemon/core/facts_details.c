/* The details of a statement: what totals count and matching never looks at. */
#include <string.h>

#include "facts_internal.h"

#define DETAIL_NAME_MAX ((1u << 29) - 1)

static void build_detail(struct builder *builder, enum detail_kind kind, uint32_t a, uint32_t b, int64_t n)
{
	struct facts *facts = builder->facts;
	struct detail detail = {
	    .kind = (unsigned)kind & 63, .a = a & DETAIL_NAME_MAX, .b = b & DETAIL_NAME_MAX, .n = n};
	void *place;

	if (!builder->error && (a > DETAIL_NAME_MAX || b > DETAIL_NAME_MAX))
		builder->error = TWINLOG_TOO_MANY;
	if (builder->error || facts->details_count >= FACTS_DETAILS_MAX)
		return;
	place = (uint8_t *)facts + facts_size(facts);
	memcpy(place, &detail, sizeof detail);
	facts->details_count++;
}

static int64_t number(uint64_t value)
{
	return value > INT64_MAX ? INT64_MAX : (int64_t)value;
}

/* The last day of a date, without ~; INT64_MIN when there is none. */
static int64_t last_day(ProtobufCBinaryData text)
{
	struct edtf date;

	return text.len == 0 || edtf_parse(text.data, text.len, &date) ? INT64_MIN : date.last;
}

/* The day of a date that says which; INT64_MIN: it is none, or says no more than a month or about when. */
static int64_t very_day(ProtobufCBinaryData text)
{
	struct edtf date;

	if (text.len == 0 || edtf_parse(text.data, text.len, &date) || date.precision != EDTF_DAY || date.approximate)
		return INT64_MIN;
	return date.first;
}

static void build_participants(struct builder *builder, const Twinlog__Participants *participants)
{
	if (participants->private_total)
		build_detail(builder, DETAIL_PRIVATE, 0, 0, number(participants->private_total->value));
	for (size_t i = 0; i < participants->n_by_side; i++) {
		const Twinlog__SideCount *side = participants->by_side[i];

		build_detail(builder, DETAIL_SIDE, build_name(builder, side->city_id), 0, number(side->count));
	}
}

static void build_money(struct builder *builder, const Twinlog__Activity *activity)
{
	for (size_t i = 0; i < activity->n_cost; i++) {
		const Twinlog__Money *cost = activity->cost[i];

		build_detail(builder, DETAIL_COST, build_name(builder, cost->currency),
			     build_name(builder, cost->payer), cost->amount);
	}
	for (size_t i = 0; i < activity->n_trade; i++) {
		const Twinlog__Trade *trade = activity->trade[i];
		char way[2 * TWINLOG_CITY_ID_MAX + 1];
		size_t size = 0;

		if (trade->from.len > TWINLOG_CITY_ID_MAX || trade->to.len > TWINLOG_CITY_ID_MAX)
			continue;
		if (trade->from.len > 0)
			memcpy(way, trade->from.data, trade->from.len);
		size = trade->from.len;
		way[size++] = '>';
		if (trade->to.len > 0)
			memcpy(way + size, trade->to.data, trade->to.len);
		size += trade->to.len;
		build_detail(builder, DETAIL_TRADE, build_name(builder, trade->currency),
			     build_name(builder, codec_bytes((uint8_t *)way, size)), trade->value);
	}
}

static void build_quotes(struct builder *builder, Twinlog__Quote *const *quotes, size_t count)
{
	for (size_t i = 0; i < count; i++)
		build_detail(builder, DETAIL_QUOTE, build_name(builder, quotes[i]->by),
			     build_name(builder, quotes[i]->relation_type), build_name(builder, quotes[i]->date));
}

static void build_activity_details(struct builder *builder, const Twinlog__Activity *activity)
{
	if (activity->count_of_events > 1)
		build_detail(builder, DETAIL_EVENTS, 0, 0, activity->count_of_events);
	for (size_t i = 0; i < activity->n_actors; i++)
		build_detail(builder, DETAIL_ACTOR, build_name(builder, activity->actors[i]->level),
			     build_name(builder, activity->actors[i]->kind), 0);
	if (activity->participants)
		build_participants(builder, activity->participants);
	build_money(builder, activity);
	for (size_t i = 0; i < activity->n_publicity; i++) {
		const Twinlog__Publicity *publicity = activity->publicity[i];

		build_detail(builder, DETAIL_PUBLICITY, build_name(builder, publicity->channel),
			     build_name(builder, publicity->side), very_day(publicity->date));
	}
	for (size_t i = 0; i < activity->n_friction; i++)
		build_detail(builder, DETAIL_FRICTION, build_name(builder, activity->friction[i]), 0, 0);
	for (size_t i = 0; i < activity->n_agreements; i++)
		build_detail(builder, DETAIL_AGREEMENT, build_name(builder, activity->agreements[i]), 0, 0);
	build_quotes(builder, activity->quotes, activity->n_quotes);
}

static void build_agreement_details(struct builder *builder, const Twinlog__Agreement *agreement)
{
	int64_t renewal = last_day(agreement->renewal_due);

	if (renewal != INT64_MIN)
		build_detail(builder, DETAIL_RENEWAL, 0, 0, renewal);
	if (agreement->supersedes.len > 0)
		build_detail(builder, DETAIL_SUPERSEDES, build_name(builder, agreement->supersedes), 0, 0);
	build_quotes(builder, agreement->quotes, agreement->n_quotes);
}

static void build_city_details(struct builder *builder, const Twinlog__City *city)
{
	build_detail(builder, DETAIL_COUNTRY, build_name(builder, city->country), 0, 0);
	build_detail(builder, DETAIL_LEVEL, build_name(builder, city->level), 0, 0);
	if (city->population)
		build_detail(builder, DETAIL_POPULATION, 0, 0, number(city->population->value));
	for (size_t i = 0; i < city->n_succeeded_by; i++)
		build_detail(builder, DETAIL_SUCCEEDED_BY, build_name(builder, city->succeeded_by[i]), 0, 0);
	for (size_t i = 0; i < city->n_succeeds; i++)
		build_detail(builder, DETAIL_SUCCEEDS, build_name(builder, city->succeeds[i]), 0, 0);
	for (size_t i = 0; i < city->n_coverage; i++) {
		const Twinlog__Coverage *coverage = city->coverage[i];
		uint64_t from = build_name(builder, coverage->from), to = build_name(builder, coverage->to);

		build_detail(builder, DETAIL_COVERAGE, build_name(builder, coverage->tie),
			     build_name(builder, coverage->extent), (int64_t)(from << 32 | to));
	}
}

void build_details(struct builder *builder, const Twinlog__Body *body)
{
	switch (body->content_case) {
	case TWINLOG__BODY__CONTENT_ACTIVITY:
		build_activity_details(builder, body->activity);
		break;
	case TWINLOG__BODY__CONTENT_AGREEMENT:
		build_agreement_details(builder, body->agreement);
		break;
	case TWINLOG__BODY__CONTENT_CITY:
		build_city_details(builder, body->city);
		break;
	case TWINLOG__BODY__CONTENT_LINK:
		for (size_t i = 0; i < body->link->n_same_event_as; i++)
			build_detail(builder, DETAIL_SAME_EVENT,
				     build_name(builder, body->link->same_event_as[i]->handle),
				     build_name(builder, body->link->same_event_as[i]->space), 0);
		break;
	default:
		break;
	}
}
