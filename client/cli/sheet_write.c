/* Records as rows of the known layouts. What a column cannot hold (several sums of money, statements of others) is left
 * to JSON Lines. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "edtf.h"
#include "money.h"
#include "sheet_internal.h"

static ProtobufCBinaryData nothing(void)
{
	return codec_bytes(NULL, 0);
}

static ProtobufCBinaryData text(const char *words)
{
	return words ? codec_string(words) : nothing();
}

static ProtobufCBinaryData number(const struct sheet_writer *writer, const Twinlog__Count *count)
{
	char digits[24];
	const int size = count ? snprintf(digits, sizeof digits, "%" PRIu64, count->value) : 0;
	void *copy = size > 0 ? arena_copy(writer->arena, digits, (size_t)size) : NULL;

	return codec_bytes(copy, copy ? (size_t)size : 0);
}

/* Several values in one cell. */
static ProtobufCBinaryData join(const struct sheet_writer *writer, const ProtobufCBinaryData *values, size_t count)
{
	size_t size = 0;
	uint8_t *bytes;

	for (size_t i = 0; i < count; i++)
		size += values[i].len + 1;
	bytes = size ? arena_alloc(writer->arena, size) : NULL;
	if (!bytes)
		return nothing();
	size = 0;
	for (size_t i = 0; i < count; i++) {
		if (i > 0)
			bytes[size++] = ';';
		if (values[i].len > 0) /* what is empty may be nowhere */
			memcpy(bytes + size, values[i].data, values[i].len);
		size += values[i].len;
	}
	return codec_bytes(bytes, size);
}

static ProtobufCBinaryData date_precision(ProtobufCBinaryData date)
{
	static const char *const precisions[] = {"", "year", "month", "day"};
	struct edtf parsed;

	if (date.len == 0 || edtf_parse(date.data, date.len, &parsed))
		return nothing();
	return text(precisions[parsed.precision]);
}

static ProtobufCBinaryData source_cell(const Twinlog__Source *source, enum sheet_column column)
{
	if (!source)
		return nothing();
	switch (column) {
	case COLUMN_source_url:
		return source->uri;
	case COLUMN_source_title:
	case COLUMN_coordinate_source:
		return source->title;
	default:
		return nothing();
	}
}

/* ---- Activities ---- */

static ProtobufCBinaryData city_at(const Twinlog__Activity *activity, size_t index)
{
	return index < activity->n_cities ? activity->cities[index]->city_id : nothing();
}

static ProtobufCBinaryData other_cities(const struct sheet_writer *writer, const Twinlog__Activity *activity)
{
	ProtobufCBinaryData others[TWINLOG_RECORD_CITIES_MAX];
	size_t count = 0;

	for (size_t i = 2; i < activity->n_cities && count < TWINLOG_RECORD_CITIES_MAX; i++)
		others[count++] = activity->cities[i]->city_id;
	return join(writer, others, count);
}

static ProtobufCBinaryData direction_cell(const Twinlog__Activity *activity)
{
	return codec_equal(activity->mode, "online") && codec_equal(activity->direction, "none") ? text("online")
												 : activity->direction;
}

static ProtobufCBinaryData whole_number(const struct sheet_writer *writer, uint64_t value)
{
	const Twinlog__Count count = {.value = value};

	return number(writer, &count);
}

/* Sums, currencies and payers, side by side. */
static ProtobufCBinaryData cost_cell(const struct sheet_writer *writer, const Twinlog__Activity *activity,
				     enum sheet_column column)
{
	ProtobufCBinaryData values[TWINLOG_LIST_MAX];
	const size_t count = activity->n_cost < TWINLOG_LIST_MAX ? activity->n_cost : TWINLOG_LIST_MAX;
	bool any = false;

	for (size_t i = 0; i < count; i++) {
		const Twinlog__Money *money = activity->cost[i];
		char sum[MONEY_TEXT_MAX];

		values[i] = column == COLUMN_cost_currency ? money->currency : money->payer;
		if (column == COLUMN_cost) {
			const size_t size = money_format(money->amount, money->currency, sum);
			void *copy = arena_copy(writer->arena, sum, size);

			values[i] = codec_bytes(copy, copy ? size : 0);
		}
		any = any || values[i].len > 0;
	}
	return any ? join(writer, values, count) : nothing();
}

/* Who came from society, what it cost, and the words that have two columns. */
static ProtobufCBinaryData detail_cell(const struct sheet_writer *writer, const Twinlog__Activity *activity,
				       enum sheet_column column)
{
	const Twinlog__Participants *participants = activity->participants;

	switch (column) {
	case COLUMN_title:
		return activity->n_titles && activity->n_summaries ? activity->titles[0]->text : nothing();
	case COLUMN_status:
		return activity->status;
	case COLUMN_mode:
		/* "online" as a direction says it already */
		return codec_equal(activity->mode, "online") && codec_equal(activity->direction, "none")
			   ? nothing()
			   : activity->mode;
	case COLUMN_organisation:
		return activity->n_actors ? activity->actors[0]->org : nothing();
	case COLUMN_participants_private:
		return participants ? number(writer, participants->private_total) : nothing();
	case COLUMN_count_of_events:
		return activity->count_of_events > 1 ? whole_number(writer, activity->count_of_events) : nothing();
	case COLUMN_cost:
	case COLUMN_cost_currency:
	case COLUMN_cost_payer:
		return cost_cell(writer, activity, column);
	default:
		return source_cell(activity->source, column);
	}
}

static ProtobufCBinaryData activity_cell(const struct sheet_writer *writer, const Twinlog__Body *body,
					 enum sheet_column column)
{
	const Twinlog__Activity *activity = body->activity;
	const Twinlog__Actor *actor = activity->n_actors ? activity->actors[0] : NULL;

	switch (column) {
	case COLUMN_event_id:
		return activity->external_id;
	case COLUMN_date:
		return activity->start;
	case COLUMN_end_date:
		return activity->end;
	case COLUMN_date_precision:
		return date_precision(activity->start);
	case COLUMN_city_a:
		return city_at(activity, 0);
	case COLUMN_city_b:
		return city_at(activity, 1);
	case COLUMN_other_cities:
		return other_cities(writer, activity);
	case COLUMN_field:
		return join(writer, activity->fields, activity->n_fields);
	case COLUMN_form:
		return activity->form;
	case COLUMN_actor_level:
		return actor ? actor->level : nothing();
	case COLUMN_actor_kind:
		return actor ? actor->kind : nothing();
	case COLUMN_direction:
		return direction_cell(activity);
	case COLUMN_participants:
		return activity->participants ? number(writer, activity->participants->total) : nothing();
	case COLUMN_description:
		return activity->n_summaries ? activity->summaries[0]->text
		       : activity->n_titles  ? activity->titles[0]->text
					     : nothing();
	case COLUMN_note:
		return body->note;
	default:
		return detail_cell(writer, activity, column);
	}
}

/* ---- Agreements ---- */

static ProtobufCBinaryData side_cell(const struct sheet_writer *writer, const Twinlog__Agreement *agreement,
				     size_t side, enum sheet_column column)
{
	const ProtobufCBinaryData id = side < agreement->n_parties ? agreement->parties[side] : nothing();
	const char *city = bytes_text(writer->arena, id);
	const struct place *place = city ? places_by_id(writer->places, city) : NULL;

	switch (column) {
	case COLUMN_city_a:
	case COLUMN_city_b:
		return id;
	case COLUMN_city_a_name:
	case COLUMN_city_b_name:
		return place ? text(place->names[LANGUAGE_EN]) : nothing();
	case COLUMN_city_a_local:
	case COLUMN_city_b_local:
		return !place                              ? nothing()
		       : strcmp(place->country, "KR") == 0 ? text(place->names[LANGUAGE_KO])
		       : strcmp(place->country, "CN") == 0 ? text(place->names[LANGUAGE_ZH])
							   : nothing();
	case COLUMN_country_a:
	case COLUMN_country_b:
		return id.len > 2 ? codec_bytes(id.data, 2) : nothing();
	case COLUMN_iso3166_2_a:
	case COLUMN_iso3166_2_b:
		return place ? text(place->subdivision) : nothing();
	default:
		return nothing();
	}
}

static ProtobufCBinaryData agreement_cell(const struct sheet_writer *writer, const Twinlog__Body *body,
					  enum sheet_column column)
{
	const Twinlog__Agreement *agreement = body->agreement;

	switch (column) {
	case COLUMN_pair_id:
		return agreement->external_id;
	case COLUMN_relation_type:
		return agreement->relation_type;
	case COLUMN_established:
		return agreement->established;
	case COLUMN_date_precision:
		return date_precision(agreement->established);
	case COLUMN_source_title:
	case COLUMN_source_url:
		return source_cell(agreement->source, column);
	case COLUMN_city_a:
	case COLUMN_city_a_name:
	case COLUMN_city_a_local:
	case COLUMN_country_a:
	case COLUMN_iso3166_2_a:
		return side_cell(writer, agreement, 0, column);
	default:
		return side_cell(writer, agreement, 1, column);
	}
}

/* ---- Cities ---- */

static ProtobufCBinaryData name_cell(const Twinlog__City *city, const char *lang, bool reading)
{
	for (size_t i = 0; i < city->n_names; i++) {
		const Twinlog__PlaceName *name = city->names[i];

		if (codec_equal(name->lang, lang) && codec_equal(name->kind, "reading") == reading)
			return name->text;
	}
	return nothing();
}

static ProtobufCBinaryData city_cell(const struct sheet_writer *writer, const Twinlog__City *city,
				     enum sheet_column column)
{
	switch (column) {
	case COLUMN_city_id:
		return city->city_id;
	case COLUMN_name_en:
		return name_cell(city, "en", false);
	case COLUMN_name_zh_hans:
		return name_cell(city, "zh-Hans", false);
	case COLUMN_name_ko:
		return name_cell(city, "ko", false);
	case COLUMN_name_ko_sino_reading:
		return name_cell(city, "ko", true);
	case COLUMN_country:
		return city->country;
	case COLUMN_iso3166_2:
		return city->subdivision;
	case COLUMN_level:
		return city->level;
	case COLUMN_parent_or_history:
		return city->parent;
	case COLUMN_wikidata:
		return city->wikidata;
	case COLUMN_latitude:
		return city->latitude;
	case COLUMN_longitude:
		return city->longitude;
	case COLUMN_population:
		return number(writer, city->population);
	case COLUMN_coordinate_source:
		return source_cell(city->source, COLUMN_source_title);
	default:
		return nothing();
	}
}

ProtobufCBinaryData sheet_cell_of(const struct sheet_writer *writer, enum sheet_kind kind, const Twinlog__Body *body,
				  enum sheet_column column)
{
	if (kind == SHEET_ACTIVITIES && body->content_case == TWINLOG__BODY__CONTENT_ACTIVITY)
		return activity_cell(writer, body, column);
	if (kind == SHEET_PAIRS && body->content_case == TWINLOG__BODY__CONTENT_AGREEMENT)
		return agreement_cell(writer, body, column);
	if (kind == SHEET_CITIES && body->content_case == TWINLOG__BODY__CONTENT_CITY)
		return city_cell(writer, body->city, column);
	return nothing();
}
