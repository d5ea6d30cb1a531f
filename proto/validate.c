/* The walk over a body: every field once, in the order of record.proto. Each check is asked with the field's path, so
 * that a person is told where. */
#include "validate.h"

#include <stdio.h>
#include <stdlib.h>

#include "codec.h"
#include "codelist.h"
#include "edtf.h"
#include "regions.h"
#include "text.h"
#include "twinlog/limits.h"

#define STEPS_MAX 4u

struct step {
	const char *name;
	size_t index; /* SIZE_MAX: it is no list */
};

struct judge {
	enum validate_mode mode;
	enum body_rule rule;
	enum twinlog_error error;
	struct twinlog_fault *fault;
	struct step steps[STEPS_MAX]; /* from the body to where we are */
	size_t steps_count;
};

/* ---- Where we are. ---- */

static void enter(struct judge *judge, const char *name, size_t index)
{
	judge->steps[judge->steps_count++] = (struct step){name, index};
}

static void leave(struct judge *judge)
{
	judge->steps_count--;
}

/* Written out for a fault alone: a body has dozens of fields and hardly ever a fault. */
static void path_of(const struct judge *judge, char *path, size_t size)
{
	size_t at = 0;
	path[0] = '\0';
	for (size_t i = 0; i < judge->steps_count && at < size; i++) {
		const struct step *step = &judge->steps[i];
		at += (size_t)snprintf(path + at, size - at, "%s%s", i > 0 ? "." : "", step->name);
		if (step->index != SIZE_MAX && at < size)
			at += (size_t)snprintf(path + at, size - at, "[%zu]", step->index);
	}
}

/* The first fault is the one told. name NULL: of the entry where we are. rule BODY_SOUND: a writer's fault only. */
static void find_fault(struct judge *judge, enum body_rule rule, enum twinlog_error error, const char *name,
		       ProtobufCBinaryData value)
{
	char shown[sizeof judge->fault->value], path[96];
	if (judge->error)
		return;
	const size_t size = text_is_utf8(value.data, value.len) ? text_cut(value.data, value.len, sizeof shown - 1) : 0;
	memcpy(shown, value.data ? (const char *)value.data : "", size);
	shown[size] = '\0';
	if (name)
		enter(judge, name, SIZE_MAX);
	path_of(judge, path, sizeof path);
	if (name)
		leave(judge);
	judge->rule = rule;
	judge->error = twinlog_fault_set(judge->fault, error, path, shown);
}

static const ProtobufCBinaryData nothing;

/* ---- Kinds of field. ---- */

static void check_text(struct judge *judge, const char *name, ProtobufCBinaryData text, size_t max, bool lines)
{
	if (text.len == 0)
		return;
	if (!text_is_utf8(text.data, text.len))
		find_fault(judge, BODY_TEXT, TWINLOG_BAD_UTF8, name, nothing);
	else if (text.len > max)
		find_fault(judge, BODY_LIMIT, TWINLOG_TOO_LONG, name, text);
	else if (judge->mode == VALIDATE_WRITE && text_check(text.data, text.len, lines))
		find_fault(judge, BODY_SOUND, TWINLOG_BAD_TEXT, name, text);
	else if (judge->mode == VALIDATE_WRITE && !text_is_nfc(text.data, text.len))
		find_fault(judge, BODY_SOUND, TWINLOG_NOT_STRICT, name, text);
}

static void check_code(struct judge *judge, const char *name, ProtobufCBinaryData code, enum codelist list)
{
	check_text(judge, name, code, TWINLOG_CODE_MAX, false);
	if (judge->mode == VALIDATE_WRITE && code.len > 0 && codelist_find(list, code.data, code.len) < 0)
		find_fault(judge, BODY_SOUND, TWINLOG_BAD_CODE, name, code);
}

static void check_city(struct judge *judge, const char *name, ProtobufCBinaryData city)
{
	check_text(judge, name, city, TWINLOG_CITY_ID_MAX, false);
	if (judge->mode == VALIDATE_WRITE && city.len > 0 && validate_city_id(city.data, city.len))
		find_fault(judge, BODY_SOUND, TWINLOG_BAD_CITY_ID, name, city);
}

static bool check_date(struct judge *judge, const char *name, ProtobufCBinaryData date, struct edtf *ret_date)
{
	if (date.len == 0)
		return false;
	if (edtf_parse(date.data, date.len, ret_date) == TWINLOG_OK)
		return true;
	find_fault(judge, BODY_DATE, TWINLOG_BAD_DATE, name, date);
	return false;
}

/* BCP 47 as far as letters and lengths go: subtags of 1 to 8 letters or digits, the first of letters. */
static bool is_lang(ProtobufCBinaryData lang)
{
	size_t part = 0;
	for (size_t i = 0; i < lang.len; i++) {
		const uint8_t c = lang.data[i];
		const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
		const bool first_part = memchr(lang.data, '-', i) == NULL;
		if (c == '-') {
			if (part == 0)
				return false;
			part = 0;
		} else if (!letter && (first_part || c < '0' || c > '9')) {
			return false;
		} else if (++part > 8) {
			return false;
		}
	}
	return part > 0 && (lang.len >= 2);
}

static void check_lang(struct judge *judge, ProtobufCBinaryData lang)
{
	check_text(judge, "lang", lang, TWINLOG_LANG_MAX, false);
	if (judge->mode == VALIDATE_WRITE && lang.len > 0 && !is_lang(lang))
		find_fault(judge, BODY_SOUND, TWINLOG_BAD_LANG, "lang", lang);
}

static void check_count(struct judge *judge, const char *name, size_t count, size_t max)
{
	if (count > max)
		find_fault(judge, BODY_LIMIT, TWINLOG_TOO_MANY, name, nothing);
}

static void check_size(struct judge *judge, const char *name, ProtobufCBinaryData field, size_t size)
{
	if (field.len != 0 && field.len != size)
		find_fault(judge, BODY_REFERENCE, TWINLOG_INVALID, name, nothing);
}

static void check_needed(struct judge *judge, const char *name, bool there)
{
	if (!there)
		find_fault(judge, BODY_MISSING, TWINLOG_FIELD_MISSING, name, nothing);
}

/* Upper-case letters and hyphens and digits of the ISO codes: countries (2), currencies (3), subdivisions. */
static void check_iso(struct judge *judge, const char *name, ProtobufCBinaryData code, size_t min, size_t max)
{
	check_text(judge, name, code, TWINLOG_CODE_MAX, false);
	if (judge->mode == VALIDATE_READ || code.len == 0)
		return;
	bool fits = code.len >= min && code.len <= max;
	for (size_t i = 0; i < code.len && fits; i++) {
		const uint8_t c = code.data[i];
		fits = (c >= 'A' && c <= 'Z') || (i >= 2 && (c == '-' || (c >= '0' && c <= '9')));
	}
	if (!fits)
		find_fault(judge, BODY_SOUND, TWINLOG_BAD_CODE, name, code);
}

/* Of what is written, not of what is read: lists change with the years, and all readers have to judge alike. */
static void check_region(struct judge *judge, const char *name, ProtobufCBinaryData code,
			 bool (*known)(const void *code, size_t size))
{
	check_text(judge, name, code, TWINLOG_CODE_MAX, false);
	if (judge->mode != VALIDATE_READ && code.len > 0 && !known(code.data, code.len))
		find_fault(judge, BODY_SOUND, TWINLOG_BAD_CODE, name, code);
}

/* Decimal degrees as written: an optional sign, digits, an optional fraction, within the limit. */
static void check_degrees(struct judge *judge, const char *name, ProtobufCBinaryData degrees, double limit)
{
	char text[32];
	check_text(judge, name, degrees, TWINLOG_CODE_MAX, false);
	if (judge->mode == VALIDATE_READ || degrees.len == 0)
		return;
	bool fits = degrees.len < sizeof text;
	for (size_t i = 0; i < degrees.len && fits; i++)
		fits = memchr("-+.0123456789", degrees.data[i], 13) != NULL;
	if (fits) {
		char *end;
		memcpy(text, degrees.data, degrees.len);
		text[degrees.len] = '\0';
		const double value = strtod(text, &end);
		fits = *end == '\0' && value >= -limit && value <= limit;
	}
	if (!fits)
		find_fault(judge, BODY_SOUND, TWINLOG_BAD_NUMBER, name, degrees);
}

/* ---- Parts that several contents share. ---- */

static void check_texts(struct judge *judge, const char *name, Twinlog__Text *const *texts, size_t count, size_t max)
{
	check_count(judge, name, count, TWINLOG_LIST_MAX);
	for (size_t i = 0; i < count && !judge->error; i++) {
		enter(judge, name, i);
		check_lang(judge, texts[i]->lang);
		check_text(judge, "text", texts[i]->text, max, max > TWINLOG_TITLE_MAX);
		leave(judge);
	}
}

static void check_source(struct judge *judge, const Twinlog__Source *source)
{
	if (!source)
		return;
	enter(judge, "source", SIZE_MAX);
	check_text(judge, "title", source->title, TWINLOG_URI_MAX, false);
	check_text(judge, "uri", source->uri, TWINLOG_URI_MAX, false);
	leave(judge);
}

static void check_quotes(struct judge *judge, Twinlog__Quote *const *quotes, size_t count)
{
	struct edtf date;
	check_count(judge, "quotes", count, TWINLOG_LIST_MAX);
	for (size_t i = 0; i < count && !judge->error; i++) {
		enter(judge, "quotes", i);
		check_text(judge, "by", quotes[i]->by, TWINLOG_NAME_MAX, false);
		(void)check_date(judge, "date", quotes[i]->date, &date);
		check_code(judge, "relation_type", quotes[i]->relation_type, CODELIST_RELATION_TYPE);
		check_text(judge, "note", quotes[i]->note, TWINLOG_SUMMARY_MAX, true);
		check_source(judge, quotes[i]->source);
		leave(judge);
	}
}

static void check_codes(struct judge *judge, const char *name, const ProtobufCBinaryData *codes, size_t count,
			size_t max, enum codelist list)
{
	check_count(judge, name, count, max);
	for (size_t i = 0; i < count && !judge->error; i++) {
		enter(judge, name, i);
		check_code(judge, NULL, codes[i], list);
		check_needed(judge, NULL, codes[i].len > 0);
		leave(judge);
	}
}

static void check_cities(struct judge *judge, const char *name, const ProtobufCBinaryData *cities, size_t count,
			 size_t max)
{
	check_count(judge, name, count, max);
	for (size_t i = 0; i < count && !judge->error; i++) {
		enter(judge, name, i);
		check_city(judge, NULL, cities[i]);
		check_needed(judge, NULL, cities[i].len > 0);
		leave(judge);
	}
}

/* ---- Activity. ---- */

static void check_participants_of(struct judge *judge, const Twinlog__Activity *activity)
{
	check_count(judge, "cities", activity->n_cities, TWINLOG_RECORD_CITIES_MAX);
	check_needed(judge, "cities", activity->n_cities >= 2);
	for (size_t i = 0; i < activity->n_cities && !judge->error; i++) {
		enter(judge, "cities", i);
		const Twinlog__Participant *city = activity->cities[i];
		check_city(judge, "city_id", city->city_id);
		check_needed(judge, "city_id", city->city_id.len > 0);
		check_code(judge, "role", city->role, CODELIST_PARTICIPANT_ROLE);
		for (size_t j = 0; j < i && judge->mode == VALIDATE_WRITE; j++)
			if (codec_same(activity->cities[j]->city_id, city->city_id))
				find_fault(judge, BODY_SOUND, TWINLOG_DUPLICATE, "city_id", city->city_id);
		leave(judge);
	}
}

static void check_actors(struct judge *judge, const Twinlog__Activity *activity)
{
	check_count(judge, "actors", activity->n_actors, TWINLOG_ACTORS_MAX);
	for (size_t i = 0; i < activity->n_actors && !judge->error; i++) {
		enter(judge, "actors", i);
		const Twinlog__Actor *actor = activity->actors[i];
		check_code(judge, "level", actor->level, CODELIST_ACTOR_LEVEL);
		check_code(judge, "kind", actor->kind, CODELIST_ACTOR_KIND);
		check_text(judge, "org", actor->org, TWINLOG_NAME_MAX, false);
		check_code(judge, "role", actor->role, CODELIST_ACTOR_ROLE);
		leave(judge);
	}
}

/* FROM>TO with two city ids, or a code of the list. */
static void check_direction(struct judge *judge, ProtobufCBinaryData direction)
{
	check_text(judge, "direction", direction, 2 * TWINLOG_CITY_ID_MAX + 1, false);
	if (judge->mode == VALIDATE_READ || direction.len == 0)
		return;
	const uint8_t *arrow = memchr(direction.data, '>', direction.len);
	if (!arrow) {
		if (codec_equal(direction, "from_to") ||
		    codelist_find(CODELIST_DIRECTION, direction.data, direction.len) < 0)
			find_fault(judge, BODY_SOUND, TWINLOG_BAD_CODE, "direction", direction);
		return;
	}
	const size_t from = (size_t)(arrow - direction.data);
	if (validate_city_id(direction.data, from) || validate_city_id(arrow + 1, direction.len - from - 1))
		find_fault(judge, BODY_SOUND, TWINLOG_BAD_CITY_ID, "direction", direction);
}

static void check_dates(struct judge *judge, const Twinlog__Activity *activity)
{
	struct edtf start, end;
	const bool has_start = check_date(judge, "start", activity->start, &start);
	if (check_date(judge, "end", activity->end, &end) && has_start && end.last < start.first)
		find_fault(judge, BODY_DATE, TWINLOG_BAD_RANGE, "end", activity->end);
}

static void check_persons(struct judge *judge, const Twinlog__Participants *participants)
{
	if (!participants)
		return;
	enter(judge, "participants", SIZE_MAX);
	check_count(judge, "by_side", participants->n_by_side, TWINLOG_RECORD_CITIES_MAX);
	for (size_t i = 0; i < participants->n_by_side && !judge->error; i++)
		check_city(judge, "by_side.city_id", participants->by_side[i]->city_id);
	if (judge->mode == VALIDATE_WRITE && participants->total && participants->private_total &&
	    participants->private_total->value > participants->total->value)
		find_fault(judge, BODY_SOUND, TWINLOG_BAD_NUMBER, "private", nothing);
	leave(judge);
}

static void check_money(struct judge *judge, const Twinlog__Activity *activity)
{
	check_count(judge, "cost", activity->n_cost, TWINLOG_LIST_MAX);
	for (size_t i = 0; i < activity->n_cost && !judge->error; i++) {
		enter(judge, "cost", i);
		check_iso(judge, "currency", activity->cost[i]->currency, 3, 3);
		check_city(judge, "payer", activity->cost[i]->payer);
		leave(judge);
	}
	check_count(judge, "trade", activity->n_trade, TWINLOG_LIST_MAX);
	for (size_t i = 0; i < activity->n_trade && !judge->error; i++) {
		enter(judge, "trade", i);
		check_iso(judge, "currency", activity->trade[i]->currency, 3, 3);
		check_city(judge, "from", activity->trade[i]->from);
		check_city(judge, "to", activity->trade[i]->to);
		leave(judge);
	}
}

static void check_publicity(struct judge *judge, const Twinlog__Activity *activity)
{
	struct edtf date;
	check_count(judge, "publicity", activity->n_publicity, TWINLOG_LIST_MAX);
	for (size_t i = 0; i < activity->n_publicity && !judge->error; i++) {
		enter(judge, "publicity", i);
		const Twinlog__Publicity *publicity = activity->publicity[i];
		check_code(judge, "channel", publicity->channel, CODELIST_PUBLICITY);
		check_city(judge, "side", publicity->side);
		check_text(judge, "uri", publicity->uri, TWINLOG_URI_MAX, false);
		(void)check_date(judge, "date", publicity->date, &date);
		leave(judge);
	}
}

static void check_activity(struct judge *judge, const Twinlog__Activity *activity)
{
	check_participants_of(judge, activity);
	check_actors(judge, activity);
	check_codes(judge, "fields", activity->fields, activity->n_fields, TWINLOG_FIELDS_MAX, CODELIST_FIELD);
	check_needed(judge, "fields", activity->n_fields > 0);
	check_code(judge, "form", activity->form, CODELIST_FORM);
	check_needed(judge, "form", activity->form.len > 0);
	check_code(judge, "mode", activity->mode, CODELIST_MODE);
	check_code(judge, "status", activity->status, CODELIST_ACTIVITY_STATUS);
	check_direction(judge, activity->direction);
	check_dates(judge, activity);
	check_texts(judge, "titles", activity->titles, activity->n_titles, TWINLOG_TITLE_MAX);
	check_texts(judge, "summaries", activity->summaries, activity->n_summaries, TWINLOG_SUMMARY_MAX);
	check_persons(judge, activity->participants);
	check_money(judge, activity);
	check_publicity(judge, activity);
	check_codes(judge, "friction", activity->friction, activity->n_friction, TWINLOG_LIST_MAX, CODELIST_FRICTION);
	check_text(judge, "result", activity->result, TWINLOG_SUMMARY_MAX, true);
	check_count(judge, "agreements", activity->n_agreements, TWINLOG_LIST_MAX);
	for (size_t i = 0; i < activity->n_agreements && !judge->error; i++) {
		check_size(judge, "agreements", activity->agreements[i], HANDLE_SIZE);
		check_needed(judge, "agreements", activity->agreements[i].len > 0);
	}
	check_quotes(judge, activity->quotes, activity->n_quotes);
	check_source(judge, activity->source);
	check_text(judge, "external_id", activity->external_id, TWINLOG_EXTERNAL_ID_MAX, false);
	check_code(judge, "disclosure", activity->disclosure, CODELIST_DISCLOSURE);
}

/* ---- Agreement, city, link. ---- */

static void check_agreement(struct judge *judge, const Twinlog__Agreement *agreement)
{
	struct edtf date;
	check_cities(judge, "parties", agreement->parties, agreement->n_parties, TWINLOG_RECORD_CITIES_MAX);
	check_needed(judge, "parties", agreement->n_parties >= 2);
	check_code(judge, "relation_type", agreement->relation_type, CODELIST_RELATION_TYPE);
	check_needed(judge, "relation_type", agreement->relation_type.len > 0);
	check_code(judge, "status", agreement->status, CODELIST_AGREEMENT_STATUS);
	(void)check_date(judge, "established", agreement->established, &date);
	check_text(judge, "place", agreement->place, TWINLOG_NAME_MAX, false);
	check_texts(judge, "titles", agreement->titles, agreement->n_titles, TWINLOG_TITLE_MAX);
	check_codes(judge, "fields", agreement->fields, agreement->n_fields, TWINLOG_LIST_MAX, CODELIST_FIELD);
	check_count(judge, "approvals", agreement->n_approvals, TWINLOG_LIST_MAX);
	for (size_t i = 0; i < agreement->n_approvals && !judge->error; i++) {
		enter(judge, "approvals", i);
		check_code(judge, "body_kind", agreement->approvals[i]->body_kind, CODELIST_ACTOR_KIND);
		(void)check_date(judge, "date", agreement->approvals[i]->date, &date);
		leave(judge);
	}
	(void)check_date(judge, "renewal_due", agreement->renewal_due, &date);
	check_code(judge, "cost_rule", agreement->cost_rule, CODELIST_COST_RULE);
	check_size(judge, "supersedes", agreement->supersedes, HANDLE_SIZE);
	if (agreement->document) {
		check_size(judge, "document.sha256", agreement->document->sha256, HASH_SIZE);
		check_text(judge, "document.uri", agreement->document->uri, TWINLOG_URI_MAX, false);
	}
	check_quotes(judge, agreement->quotes, agreement->n_quotes);
	check_source(judge, agreement->source);
	check_text(judge, "external_id", agreement->external_id, TWINLOG_EXTERNAL_ID_MAX, false);
}

static void check_coverage(struct judge *judge, const Twinlog__City *city)
{
	struct edtf from, to;
	check_count(judge, "coverage", city->n_coverage, TWINLOG_LIST_MAX);
	for (size_t i = 0; i < city->n_coverage && !judge->error; i++) {
		enter(judge, "coverage", i);
		const Twinlog__Coverage *coverage = city->coverage[i];
		check_city(judge, "tie", coverage->tie);
		const bool has_from = check_date(judge, "from", coverage->from, &from);
		if (check_date(judge, "to", coverage->to, &to) && has_from && to.last < from.first)
			find_fault(judge, BODY_DATE, TWINLOG_BAD_RANGE, "to", coverage->to);
		check_code(judge, "extent", coverage->extent, CODELIST_EXTENT);
		leave(judge);
	}
}

static void check_city_record(struct judge *judge, const Twinlog__City *city)
{
	check_city(judge, "city_id", city->city_id);
	check_needed(judge, "city_id", city->city_id.len > 0);
	check_count(judge, "names", city->n_names, TWINLOG_LIST_MAX);
	for (size_t i = 0; i < city->n_names && !judge->error; i++) {
		enter(judge, "names", i);
		check_lang(judge, city->names[i]->lang);
		check_text(judge, "text", city->names[i]->text, TWINLOG_NAME_MAX, false);
		check_code(judge, "kind", city->names[i]->kind, CODELIST_NAME_KIND);
		leave(judge);
	}
	check_region(judge, "country", city->country, region_is_country);
	check_region(judge, "subdivision", city->subdivision, region_is_subdivision);
	check_code(judge, "level", city->level, CODELIST_ADMIN_LEVEL);
	check_text(judge, "parent", city->parent, TWINLOG_NAME_MAX, false);
	check_text(judge, "wikidata", city->wikidata, TWINLOG_CODE_MAX, false);
	check_degrees(judge, "latitude", city->latitude, 90);
	check_degrees(judge, "longitude", city->longitude, 180);
	check_cities(judge, "succeeds", city->succeeds, city->n_succeeds, TWINLOG_LIST_MAX);
	check_cities(judge, "succeeded_by", city->succeeded_by, city->n_succeeded_by, TWINLOG_LIST_MAX);
	check_coverage(judge, city);
	check_source(judge, city->source);
	check_text(judge, "external_id", city->external_id, TWINLOG_EXTERNAL_ID_MAX, false);
}

static void check_link(struct judge *judge, const Twinlog__Link *link)
{
	check_count(judge, "same_event_as", link->n_same_event_as, TWINLOG_LIST_MAX);
	for (size_t i = 0; i < link->n_same_event_as && !judge->error; i++) {
		check_size(judge, "same_event_as.space", link->same_event_as[i]->space, HASH_SIZE);
		check_size(judge, "same_event_as.id", link->same_event_as[i]->handle, HANDLE_SIZE);
		check_needed(judge, "same_event_as.id", link->same_event_as[i]->handle.len > 0);
	}
}

/* ---- The whole. ---- */

/* What belongs under this operation and kind; PROTOCOL, "Void" rule 2. Newer operations and kinds are not judged. */
static bool content_fits(uint32_t operation, uint32_t kind, const Twinlog__Body *body)
{
	const Twinlog__Body__ContentCase is = body->content_case;
	switch (operation) {
	case TWINLOG__OPERATION__OPERATION_STATEMENT:
		return kind == TWINLOG__RECORD_KIND__RECORD_ACTIVITY    ? is == TWINLOG__BODY__CONTENT_ACTIVITY
		       : kind == TWINLOG__RECORD_KIND__RECORD_AGREEMENT ? is == TWINLOG__BODY__CONTENT_AGREEMENT
		       : kind == TWINLOG__RECORD_KIND__RECORD_CITY      ? is == TWINLOG__BODY__CONTENT_CITY
									: true;
	case TWINLOG__OPERATION__OPERATION_LINK:
		return is == TWINLOG__BODY__CONTENT_LINK;
	case TWINLOG__OPERATION__OPERATION_CONFIRMATION:
	case TWINLOG__OPERATION__OPERATION_DENIAL:
	case TWINLOG__OPERATION__OPERATION_WITHDRAWAL:
		return is == TWINLOG__BODY__CONTENT__NOT_SET;
	default:
		return true;
	}
}

/* Asked after all fields, so no list is longer than its limit where nothing was found yet. */
static void check_envelope_cities(struct judge *judge, const Twinlog__Envelope *envelope, const Twinlog__Body *body)
{
	ProtobufCBinaryData cities[TWINLOG_RECORD_CITIES_MAX];
	const size_t count = validate_cities_into(envelope->kind, body, cities);
	bool equal = count == envelope->n_cities;
	for (size_t i = 0; i < count && equal; i++)
		equal = codec_same(cities[i], envelope->cities[i]);
	if (!equal)
		find_fault(judge, BODY_CITIES, TWINLOG_INVALID, "cities", nothing);
}

enum twinlog_error validate_body(enum validate_mode mode, const Twinlog__Envelope *envelope, uint32_t operation,
				 uint32_t kind, const Twinlog__Body *body, enum body_rule *ret_rule,
				 struct twinlog_fault *fault)
{
	struct judge judge = {.mode = mode, .fault = fault};
	if (envelope) {
		operation = envelope->operation;
		kind = envelope->kind;
	}
	if (!content_fits(operation, kind, body))
		find_fault(&judge, BODY_WRONG_CONTENT, TWINLOG_BAD_FIELD, "content", nothing);
	check_text(&judge, "office", body->office, TWINLOG_NAME_MAX, false);
	check_size(&judge, "token", body->token, HANDLE_SIZE);
	check_text(&judge, "note", body->note, TWINLOG_SUMMARY_MAX, true);
	switch (body->content_case) {
	case TWINLOG__BODY__CONTENT_ACTIVITY:
		check_activity(&judge, body->activity);
		break;
	case TWINLOG__BODY__CONTENT_AGREEMENT:
		check_agreement(&judge, body->agreement);
		break;
	case TWINLOG__BODY__CONTENT_CITY:
		check_city_record(&judge, body->city);
		break;
	case TWINLOG__BODY__CONTENT_LINK:
		check_link(&judge, body->link);
		break;
	default:
		break;
	}
	/* Which cities a newer kind names in its body only a newer version knows. */
	if (!judge.error && envelope && operation == TWINLOG__OPERATION__OPERATION_STATEMENT &&
	    kind <= TWINLOG__RECORD_KIND__RECORD_CITY)
		check_envelope_cities(&judge, envelope, body);
	*ret_rule = judge.rule;
	return judge.error;
}

enum twinlog_error validate_city_id(const void *text, size_t size)
{
	const uint8_t *id = text;
	if (size < 4 || size > TWINLOG_CITY_ID_MAX || id[2] != ':')
		return TWINLOG_BAD_CITY_ID;
	for (size_t i = 0; i < size; i++) {
		const uint8_t c = id[i];
		const bool slug = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
		if (i < 2 ? c < 'A' || c > 'Z' : i > 2 && !slug && !(i == 3 && c == '@' && size > 4))
			return TWINLOG_BAD_CITY_ID;
	}
	return TWINLOG_OK;
}
