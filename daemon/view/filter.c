#include "filter.h"

#include <stdlib.h>
#include <string.h>

#include "regions.h"
#include "succession.h"
#include "text.h"

enum mark {
	MARK_PARTNER = 1,
	MARK_FIELD = 2,
	MARK_FORM = 4,
	MARK_RELATION = 8,
	MARK_STATUS = 16,
	MARK_MODE = 32,
	MARK_ACTOR_LEVEL = 64,
	MARK_ACTOR_KIND = 128,
	MARK_CHANNEL = 256,
};

/* ---- The request ---- */

static enum twinlog_error read_date(const struct query *query, const char *where, ProtobufCBinaryData text,
				    struct edtf *ret_date)
{
	if (edtf_parse(text.data, text.len, ret_date))
		return query_fault(query, TWINLOG_BAD_DATE, where, text);
	return TWINLOG_OK;
}

static enum twinlog_error read_dates(struct filter *filter)
{
	const Twinlog__Filter *message = filter->message;
	struct edtf from, to;
	int32_t unused;
	enum twinlog_error error = TWINLOG_OK;

	filter->dates = message->from.len > 0 || message->to.len > 0;
	filter->first = INT32_MIN;
	filter->last = INT32_MAX;
	if (message->from.len > 0) {
		error = read_date(filter->query, "from", message->from, &from);
		if (!error)
			edtf_span(&from, &filter->first, &unused);
	}
	if (!error && message->to.len > 0) {
		error = read_date(filter->query, "to", message->to, &to);
		if (!error)
			edtf_span(&to, &unused, &filter->last);
	}
	if (!error && filter->first > filter->last)
		error = query_fault(filter->query, TWINLOG_BAD_RANGE, "to", message->to);
	return error;
}

static enum twinlog_error read_bits(const struct filter *filter, const char *where, const uint32_t *values,
				    size_t count, uint32_t *ret_bits)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < count; i++) {
		if (values[i] > 31)
			return query_fault(filter->query, TWINLOG_INVALID, where, codec_bytes(NULL, 0));
		bits |= 1u << values[i];
	}
	*ret_bits = bits;
	return TWINLOG_OK;
}

static enum twinlog_error tell_spaces(struct filter *filter)
{
	const struct query *query = filter->query;
	const size_t count = query->node ? node_spaces(query->node) : 0;

	filter->told = calloc(count + 1, sizeof *filter->told);
	if (!filter->told)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < count; i++) {
		const struct space *space = node_space(query->node, i);

		if (query_sees(query, space))
			filter->told[filter->told_count++] =
			    (struct group_space){space_statements(space), space_acts(space)};
	}
	return TWINLOG_OK;
}

/* A code that there is not would pass for one that nobody has. */
static enum twinlog_error check_regions(const struct query *query, const Twinlog__Filter *message)
{
	for (size_t i = 0; i < message->n_countries; i++)
		if (!region_is_country(message->countries[i].data, message->countries[i].len))
			return query_fault(query, TWINLOG_BAD_CODE, "countries", message->countries[i]);
	for (size_t i = 0; i < message->n_subdivisions; i++)
		if (!region_is_subdivision(message->subdivisions[i].data, message->subdivisions[i].len))
			return query_fault(query, TWINLOG_BAD_CODE, "subdivisions", message->subdivisions[i]);
	return TWINLOG_OK;
}

enum twinlog_error filter_init(struct filter *filter, const struct query *query, const Twinlog__Filter *message)
{
	static const Twinlog__Filter everything = TWINLOG__FILTER__INIT;
	enum twinlog_error error;

	memset(filter, 0, sizeof *filter);
	filter->query = query;
	filter->message = message ? message : &everything;
	message = filter->message;
	filter->values = message->n_cities || message->n_partners || message->n_countries || message->n_subdivisions ||
			 message->n_fields || message->n_forms || message->n_relation_types || message->n_statuses ||
			 message->n_modes;
	filter->details = message->n_actor_levels || message->n_actor_kinds || message->n_channels;
	filter->values |= filter->details;
	filter->one_view = message->n_stated_by == 1;
	if (message->n_cities > TWINLOG_RECORD_CITIES_MAX)
		return query_fault(query, TWINLOG_TOO_MANY, "cities", codec_bytes(NULL, 0));
	if (message->n_countries + message->n_subdivisions > FILTER_REGIONS_MAX)
		return query_fault(query, TWINLOG_TOO_MANY, "countries", codec_bytes(NULL, 0));
	error = check_regions(query, message);
	if (error)
		return error;
	filter->all_cities = (uint32_t)((1ull << message->n_cities) - 1);
	filter->all_regions = (uint32_t)((1ull << (message->n_countries + message->n_subdivisions)) - 1);
	error = read_dates(filter);
	if (!error && message->follow)
		error = tell_spaces(filter);
	if (!error)
		error = read_bits(filter, "states", message->states, message->n_states, &filter->states);
	if (!error)
		error = read_bits(filter, "kinds", message->kinds, message->n_kinds, &filter->kinds);
	if (error || message->text.len == 0)
		return error;
	if (!text_is_utf8(message->text.data, message->text.len))
		return query_fault(query, TWINLOG_BAD_UTF8, "text", codec_bytes(NULL, 0));
	error = text_fold(message->text.data, message->text.len, &filter->text, &filter->text_size);
	if (!error && filter->text_size == 0)
		error = query_fault(query, TWINLOG_INVALID, "text", message->text);
	if (!error && !(filter->scratch = arena_new(TWINLOG_UNPACK_MAX)))
		error = TWINLOG_NO_MEMORY;
	return error;
}

void filter_free(struct filter *filter)
{
	free(filter->text);
	filter->text = NULL;
	arena_free(filter->scratch);
	filter->scratch = NULL;
	free(filter->told);
	filter->told = NULL;
	filter->told_count = 0;
}

/* ---- One space ---- */

struct filter_space filter_space_of(const struct filter *filter, const struct statements *statements,
				    const struct acts *acts)
{
	return (struct filter_space){
	    .statements = statements,
	    .acts = acts,
	    .stating = filter->one_view ? stated_city(statements, acts, filter->message->stated_by[0]) : STATED_NOBODY};
}

static void mark_all(struct filter_space *where, const ProtobufCBinaryData *values, size_t count, enum mark mark)
{
	bool known = false;

	for (size_t i = 0; i < count; i++) {
		uint32_t name = names_find(statements_names(where->statements), values[i].data, values[i].len);

		if (name == NAME_NONE)
			continue;
		where->marks[name] |= (uint16_t)mark;
		known = true;
	}
	/* What nobody here ever named, no record has. */
	if (count > 0 && !known)
		where->nothing = true;
}

/* Bits of the values that are this text, from bit first on. */
static uint32_t bits_of(const ProtobufCBinaryData *values, size_t count, size_t first, const void *text, size_t size)
{
	uint32_t bits = 0;

	for (size_t i = 0; i < count; i++)
		if (codec_same(values[i], codec_bytes(text, size)))
			bits |= 1u << (first + i);
	return bits;
}

/* Where a city lies: what its city record says, else the built-in places. */
static enum twinlog_error city_subdivision(const struct filter *filter, const struct filter_space *where,
					   const char *city, size_t size, ProtobufCBinaryData *ret_subdivision)
{
	const struct query *query = filter->query;
	struct handle handle =
	    record_handle(statements_space(where->statements), TWINLOG__RECORD_KIND__RECORD_CITY, NULL, city, size);
	const struct record *record = statements_find(where->statements, &handle);
	struct record_summary summary = {0};
	const struct place *place;

	*ret_subdivision = codec_bytes(NULL, 0);
	if (record) {
		enum twinlog_error error = record_summarize(where->statements, where->acts, &query->self,
							    statements_index(where->statements, record), &summary);

		if (error)
			return error;
	}
	if (summary.facts && summary.facts->subdivision != NAME_NONE) {
		size_t length;
		const char *text = names_text(statements_names(where->statements), summary.facts->subdivision, &length);

		*ret_subdivision = codec_bytes(text, length);
		return TWINLOG_OK;
	}
	place = query->extra->places ? places_by_id(query->extra->places, city) : NULL;
	if (place && place->subdivision)
		*ret_subdivision = codec_string(place->subdivision);
	return TWINLOG_OK;
}

enum twinlog_error filter_regions(const struct filter *filter, const struct filter_space *where, uint32_t city,
				  uint32_t *ret_regions)
{
	const Twinlog__Filter *message = filter->message;
	ProtobufCBinaryData subdivision = codec_bytes(NULL, 0);
	size_t size;
	const char *text = names_text(statements_names(where->statements), city, &size);
	enum twinlog_error error = TWINLOG_OK;

	*ret_regions = 0;
	if (size < 4 || size > TWINLOG_CITY_ID_MAX || text[2] != ':') /* not the id of a city: "CC:slug" */
		return TWINLOG_OK;
	if (message->n_subdivisions > 0)
		error = city_subdivision(filter, where, text, size, &subdivision);
	if (!error)
		*ret_regions = bits_of(message->countries, message->n_countries, 0, text, 2) |
			       bits_of(message->subdivisions, message->n_subdivisions, message->n_countries,
				       subdivision.data, subdivision.len);
	return error;
}

static enum twinlog_error mark_regions(const struct filter *filter, struct filter_space *where)
{
	const uint32_t count = names_count(statements_names(where->statements));
	enum twinlog_error error = TWINLOG_OK;

	where->regions = calloc(count, sizeof *where->regions);
	if (!where->regions)
		return TWINLOG_NO_MEMORY;
	for (uint32_t name = 1; !error && name < count; name++)
		error = filter_regions(filter, where, name, &where->regions[name]);
	return error;
}

/* Marks a city's name; when asked to follow, also those of places that merged into it. */
static enum twinlog_error mark_city(const struct filter *filter, struct filter_space *where, ProtobufCBinaryData id,
				    uint32_t bits, enum mark mark)
{
	const struct group_space space = {where->statements, where->acts};
	struct succession succession = {.count = 1};
	char city[TWINLOG_CITY_ID_MAX + 1];
	enum twinlog_error error = TWINLOG_OK;

	if (id.len >= sizeof city)
		return TWINLOG_OK;
	memcpy(city, id.data, id.len);
	city[id.len] = '\0';
	succession.cities[0] = city;
	if (filter->message->follow)
		error = succession_of(&space, 1, &filter->query->self, city, &succession);
	for (size_t i = 0; !error && i < succession.count; i++) {
		const uint32_t name =
		    names_find(statements_names(where->statements), succession.cities[i], strlen(succession.cities[i]));

		if (name == NAME_NONE)
			continue;
		where->cities[name] |= bits;
		where->marks[name] |= (uint16_t)mark;
	}
	return error;
}

static enum twinlog_error prepare_cities(const struct filter *filter, struct filter_space *where)
{
	const Twinlog__Filter *message = filter->message;
	const struct names *names = statements_names(where->statements);
	const struct member *own = acts_member(where->acts, &filter->query->self);
	enum twinlog_error error = TWINLOG_OK;

	where->self = own ? names_find(names, own->city_id, strlen(own->city_id)) : NAME_NONE;
	if (message->n_cities + message->n_partners == 0)
		return TWINLOG_OK;
	where->cities = calloc(names_count(names), sizeof *where->cities);
	if (!where->cities)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; !error && i < message->n_cities; i++)
		error = mark_city(filter, where, message->cities[i], 1u << i, 0);
	for (size_t i = 0; !error && i < message->n_partners; i++)
		error = mark_city(filter, where, message->partners[i], 0, MARK_PARTNER);
	return error;
}

static enum twinlog_error prepare_values(const struct filter *filter, struct filter_space *where)
{
	const Twinlog__Filter *message = filter->message;
	const struct names *names = statements_names(where->statements);
	enum twinlog_error error;

	where->marks = calloc(names_count(names), sizeof *where->marks);
	if (!where->marks)
		return TWINLOG_NO_MEMORY;
	error = prepare_cities(filter, where);
	if (error)
		return error;
	mark_all(where, message->fields, message->n_fields, MARK_FIELD);
	mark_all(where, message->forms, message->n_forms, MARK_FORM);
	mark_all(where, message->relation_types, message->n_relation_types, MARK_RELATION);
	mark_all(where, message->statuses, message->n_statuses, MARK_STATUS);
	mark_all(where, message->modes, message->n_modes, MARK_MODE);
	mark_all(where, message->actor_levels, message->n_actor_levels, MARK_ACTOR_LEVEL);
	mark_all(where, message->actor_kinds, message->n_actor_kinds, MARK_ACTOR_KIND);
	mark_all(where, message->channels, message->n_channels, MARK_CHANNEL);
	if (message->n_countries || message->n_subdivisions)
		return mark_regions(filter, where);
	return TWINLOG_OK;
}

static enum twinlog_error prepare_stated(const struct filter *filter, struct filter_space *where)
{
	const Twinlog__Filter *message = filter->message;
	size_t count = statements_cities(where->statements);

	where->stated = calloc(count + 1, 1);
	if (!where->stated)
		return TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < message->n_stated_by; i++) {
		const uint32_t city = stated_city(where->statements, where->acts, message->stated_by[i]);

		if (city != STATED_NOBODY)
			where->stated[city] = 1;
	}
	return TWINLOG_OK;
}

enum twinlog_error filter_space_prepare(const struct filter *filter, struct filter_space *where)
{
	enum twinlog_error error = TWINLOG_OK;

	if (filter->values)
		error = prepare_values(filter, where);
	if (!error && filter->message->n_stated_by > 1)
		error = prepare_stated(filter, where);
	return error;
}

void filter_space_free(struct filter_space *where)
{
	free(where->marks);
	free(where->regions);
	free(where->stated);
	free(where->cities);
	where->marks = NULL;
	where->regions = NULL;
	where->stated = NULL;
	where->cities = NULL;
}

/* ---- One record ---- */

static bool any_marked(const struct filter_space *where, const uint32_t *names, size_t count, enum mark mark)
{
	for (size_t i = 0; i < count; i++)
		if (where->marks[names[i]] & mark)
			return true;
	return false;
}

static bool has_all_cities(const struct filter *filter, const struct filter_space *where, const struct facts *facts)
{
	uint32_t cities = 0;

	for (size_t i = 0; i < facts->cities_count; i++)
		cities |= where->cities[facts->ids[i]];
	return cities == filter->all_cities;
}

static bool in_all_regions(const struct filter *filter, const struct filter_space *where, const struct facts *facts)
{
	uint32_t regions = 0;

	for (size_t i = 0; i < facts->cities_count; i++)
		regions |= where->regions[facts->ids[i]];
	return regions == filter->all_regions;
}

/* An actor's level and kind have to be those of one actor. */
static bool fits_details(const struct filter *filter, const struct filter_space *where, const struct facts *facts)
{
	const Twinlog__Filter *message = filter->message;
	const struct detail *details = facts_details(facts);
	bool actor = message->n_actor_levels == 0 && message->n_actor_kinds == 0, channel = message->n_channels == 0;

	for (size_t i = 0; i < facts->details_count; i++) {
		const uint32_t a = details[i].a, b = details[i].b;

		if (details[i].kind == DETAIL_ACTOR)
			actor |= (message->n_actor_levels == 0 || any_marked(where, &a, 1, MARK_ACTOR_LEVEL)) &&
				 (message->n_actor_kinds == 0 || any_marked(where, &b, 1, MARK_ACTOR_KIND));
		if (details[i].kind == DETAIL_PUBLICITY)
			channel |= any_marked(where, &a, 1, MARK_CHANNEL);
	}
	return actor && channel;
}

static bool fits_values(const struct filter *filter, const struct filter_space *where, const struct facts *facts)
{
	const Twinlog__Filter *message = filter->message;
	const uint32_t *cities = facts->ids, *fields = facts->ids + facts->cities_count;

	if (filter->all_cities && !has_all_cities(filter, where, facts))
		return false;
	if (message->n_partners > 0 &&
	    (!facts_has_city(facts, where->self) || !any_marked(where, cities, facts->cities_count, MARK_PARTNER)))
		return false;
	if (where->regions && !in_all_regions(filter, where, facts))
		return false;
	if (message->n_fields > 0 && !any_marked(where, fields, facts->fields_count, MARK_FIELD))
		return false;
	if (message->n_forms > 0 && !any_marked(where, &facts->form, 1, MARK_FORM))
		return false;
	if (message->n_relation_types > 0 && !any_marked(where, &facts->relation, 1, MARK_RELATION))
		return false;
	if (message->n_modes > 0 && !any_marked(where, &facts->mode, 1, MARK_MODE))
		return false;
	if (filter->details && !fits_details(filter, where, facts))
		return false;
	return message->n_statuses == 0 || any_marked(where, &facts->status, 1, MARK_STATUS);
}

/* Control.proto: "the record's interval must meet [from, to]". */
static bool fits_dates(const struct filter *filter, const struct facts *facts)
{
	int32_t first, last, end_first, end_last;

	if (facts->start.precision == EDTF_NONE)
		return false;
	edtf_span(&facts->start, &first, &last);
	if (facts->end.precision != EDTF_NONE) {
		edtf_span(&facts->end, &end_first, &end_last);
		if (end_last > last)
			last = end_last;
	}
	return first <= filter->last && last >= filter->first;
}

static bool fits_stated(const struct filter_space *where, const struct record *record)
{
	for (const struct word *word = statements_word(where->statements, record->first_word); word;
	     word = statements_word(where->statements, word->next))
		if (where->stated[word->city] && word_is_current(word) && word_lane(word) == LANE_WORD)
			return true;
	return false;
}

uint8_t filter_kind(const struct filter_space *where, size_t record, const struct record_summary *summary)
{
	return summary->facts ? summary->facts->kind : statements_record(where->statements, record)->kind;
}

/* In place of what leads, what one city states; false when it gives no values. */
static bool take_stated(const struct filter_space *where, size_t record, struct record_summary *summary)
{
	const struct word *word =
	    stated_word(where->statements, statements_record(where->statements, record), where->stating);

	if (!word)
		return false;
	summary->facts = statements_facts(where->statements, word);
	summary->facts_at = word->facts;
	return true;
}

enum twinlog_error filter_fits_codes(const struct filter *filter, const struct filter_space *where, size_t record,
				     struct record_summary *ret_summary, bool *ret_fits)
{
	struct record_summary summary;
	enum twinlog_error error =
	    record_summarize(where->statements, where->acts, &filter->query->self, record, &summary);

	if (error)
		return error;
	*ret_fits = false;
	if (filter->one_view && !take_stated(where, record, &summary))
		return TWINLOG_OK;
	*ret_summary = summary;
	if (where->nothing || summary.state == TWINLOG__RECORD_STATE__STATE_NONE)
		return TWINLOG_OK;
	if (filter->states && !(filter->states & 1u << summary.state))
		return TWINLOG_OK;
	if (filter->message->waiting && !summary.waiting)
		return TWINLOG_OK;
	if ((filter->values || filter->dates) && !summary.facts)
		return TWINLOG_OK;
	if (filter->kinds) {
		uint8_t kind = filter_kind(where, record, &summary);

		if (kind > 31 || !(filter->kinds & 1u << kind))
			return TWINLOG_OK;
	}
	if (filter->values && !fits_values(filter, where, summary.facts))
		return TWINLOG_OK;
	if (filter->dates && !fits_dates(filter, summary.facts))
		return TWINLOG_OK;
	if (where->stated && !fits_stated(where, statements_record(where->statements, record)))
		return TWINLOG_OK;
	*ret_fits = true;
	return TWINLOG_OK;
}

enum twinlog_error filter_fits(const struct filter *filter, const struct filter_space *where, size_t record,
			       struct record_summary *ret_summary, bool *ret_fits)
{
	const enum twinlog_error error = filter_fits_codes(filter, where, record, ret_summary, ret_fits);

	return !error && *ret_fits && filter->text ? filter_text_fits(filter, where, record, ret_fits) : error;
}
