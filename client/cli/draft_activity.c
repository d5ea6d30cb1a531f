/* A row of activities: one event with its cities, coding and source. */
#include <string.h>

#include "sheet_internal.h"

static enum twinlog_error add_city(const struct sheet_reader *reader, Twinlog__Activity *activity,
				   ProtobufCBinaryData id, struct draft *draft, struct twinlog_fault *fault)
{
	static const struct place_cells nothing;
	for (size_t i = 0; i < activity->n_cities; i++) {
		if (bytes_equal(activity->cities[i]->city_id, id))
			return TWINLOG_OK;
	}
	if (activity->n_cities == TWINLOG_RECORD_CITIES_MAX)
		return sheet_fault(fault, TWINLOG_TOO_MANY, COLUMN_other_cities, id);
	Twinlog__Participant *participant = arena_alloc(reader->arena, sizeof *participant);
	if (!participant)
		return TWINLOG_NO_MEMORY;
	twinlog__participant__init(participant);
	participant->city_id = id;
	activity->cities[activity->n_cities++] = participant;
	/* Export writes ids: what a partner names so is no news of this city's. */
	return draft->exported ? TWINLOG_OK : draft_stub(reader, draft, id, &nothing, fault);
}

/* "CN:liaoning;CN:heilongjiang", names too. */
static enum twinlog_error add_others(const struct sheet_reader *reader, const struct sheet *sheet,
				     const struct csv_row *row, Twinlog__Activity *activity, struct draft *draft,
				     struct twinlog_fault *fault)
{
	const ProtobufCBinaryData cell = sheet_cell(sheet, row, COLUMN_other_cities), nothing = codec_bytes(NULL, 0);
	enum twinlog_error error = TWINLOG_OK;
	for (size_t at = 0; at < cell.len && !error;) {
		size_t end = at;
		while (end < cell.len && cell.data[end] != ';' && cell.data[end] != ',')
			end++;
		ProtobufCBinaryData name = sheet_trim(codec_bytes(cell.data + at, end - at)), id;
		at = end + 1;
		if (name.len == 0)
			continue;
		error = sheet_place(reader, draft, name, nothing, nothing, &id);
		if (error)
			return sheet_place_fault(reader, fault, error, COLUMN_other_cities, name, id);
		error = add_city(reader, activity, id, draft, fault);
	}
	return error;
}

static enum twinlog_error direction_set(const struct sheet_reader *reader, Twinlog__Activity *activity,
					ProtobufCBinaryData from, ProtobufCBinaryData to)
{
	uint8_t *text = arena_alloc(reader->arena, from.len + 1 + to.len);

	if (!text)
		return TWINLOG_NO_MEMORY;
	memcpy(text, from.data, from.len);
	text[from.len] = '>';
	memcpy(text + from.len + 1, to.data, to.len);
	activity->direction = codec_bytes(text, from.len + 1 + to.len);
	return TWINLOG_OK;
}

/* As this city sees it: outbound is from it to the other. Where it takes no part, city_a is the one that goes. */
static enum twinlog_error direction_typed(const struct sheet_reader *reader, Twinlog__Activity *activity, bool outbound)
{
	const size_t self = codec_equal(activity->cities[1]->city_id, reader->self);
	const ProtobufCBinaryData own = activity->cities[self]->city_id, other = activity->cities[!self]->city_id;

	return direction_set(reader, activity, outbound ? own : other, outbound ? other : own);
}

/* FROM>TO with ids or names; mutual, third_place, none or their labels; outbound and inbound; what sheets also call it:
 * joint is mutual, and online is a mode in which nobody moves. */
static enum twinlog_error read_direction(const struct sheet_reader *reader, const struct sheet *sheet,
					 const struct csv_row *row, Twinlog__Activity *activity, struct draft *draft,
					 struct twinlog_fault *fault)
{
	const ProtobufCBinaryData cell = sheet_cell(sheet, row, COLUMN_direction), nothing = codec_bytes(NULL, 0);
	const uint8_t *arrow = cell.len ? memchr(cell.data, '>', cell.len) : NULL;
	ProtobufCBinaryData from, to;
	if (codec_equal(cell, "online")) {
		activity->mode = codec_string("online");
		activity->direction = codec_string("none");
		return TWINLOG_OK;
	}
	if (codec_equal(cell, "joint")) {
		activity->direction = codec_string("mutual");
		return TWINLOG_OK;
	}
	if (codec_equal(cell, "outbound") || codec_equal(cell, "inbound"))
		return direction_typed(reader, activity, codec_equal(cell, "outbound"));
	if (!arrow)
		return sheet_code(sheet, row, COLUMN_direction, CODELIST_DIRECTION, &activity->direction, fault);
	const size_t before = (size_t)(arrow - cell.data);
	const ProtobufCBinaryData sides[2] = {sheet_trim(codec_bytes(cell.data, before)),
					      sheet_trim(codec_bytes(arrow + 1, cell.len - before - 1))};
	enum twinlog_error error = sheet_place(reader, draft, sides[0], nothing, nothing, &from);
	if (error)
		return sheet_place_fault(reader, fault, error, COLUMN_direction, sides[0], from);
	error = sheet_place(reader, draft, sides[1], nothing, nothing, &to);
	return error ? sheet_place_fault(reader, fault, error, COLUMN_direction, sides[1], to)
		     : direction_set(reader, activity, from, to);
}

/* "culture_arts;tourism": a record counts in each. */
static enum twinlog_error read_fields(const struct sheet_reader *reader, const struct sheet *sheet,
				      const struct csv_row *row, Twinlog__Activity *activity,
				      struct twinlog_fault *fault)
{
	const ProtobufCBinaryData cell = sheet_cell(sheet, row, COLUMN_field);
	activity->fields = arena_alloc(reader->arena, TWINLOG_FIELDS_MAX * sizeof *activity->fields);
	if (!activity->fields)
		return TWINLOG_NO_MEMORY;
	for (size_t at = 0; at < cell.len;) {
		size_t end = at;
		while (end < cell.len && cell.data[end] != ';')
			end++;
		const ProtobufCBinaryData part = sheet_trim(codec_bytes(cell.data + at, end - at));
		at = end + 1;
		if (part.len == 0)
			continue;
		const int code = codelist_find_label(CODELIST_FIELD, part.data, part.len);
		if (code < 0)
			return sheet_fault(fault, TWINLOG_BAD_CODE, COLUMN_field, part);
		if (activity->n_fields == TWINLOG_FIELDS_MAX)
			return sheet_fault(fault, TWINLOG_TOO_MANY, COLUMN_field, cell);
		activity->fields[activity->n_fields++] = codec_string(codelist_code(CODELIST_FIELD, (size_t)code));
	}
	return TWINLOG_OK;
}

static enum twinlog_error read_coding(const struct sheet_reader *reader, const struct sheet *sheet,
				      const struct csv_row *row, Twinlog__Activity *activity,
				      struct twinlog_fault *fault)
{
	Twinlog__Actor *actor = arena_alloc(reader->arena, sizeof *actor);
	if (!actor || !(activity->actors = arena_alloc(reader->arena, sizeof(void *))))
		return TWINLOG_NO_MEMORY;
	twinlog__actor__init(actor);
	enum twinlog_error error = read_fields(reader, sheet, row, activity, fault);
	if (!error)
		error = sheet_code(sheet, row, COLUMN_form, CODELIST_FORM, &activity->form, fault);
	if (!error)
		error = sheet_code(sheet, row, COLUMN_actor_level, CODELIST_ACTOR_LEVEL, &actor->level, fault);
	if (!error)
		error = sheet_code(sheet, row, COLUMN_actor_kind, CODELIST_ACTOR_KIND, &actor->kind, fault);
	actor->org = sheet_cell(sheet, row, COLUMN_organisation);
	if (!error && (actor->level.len > 0 || actor->kind.len > 0 || actor->org.len > 0))
		activity->actors[activity->n_actors++] = actor;
	return error;
}

/* A range in the one column is start and end; a column of its own for the end comes before it. */
static enum twinlog_error read_dates(const struct sheet_reader *reader, const struct sheet *sheet,
				     const struct csv_row *row, Twinlog__Activity *activity,
				     struct twinlog_fault *fault)
{
	ProtobufCBinaryData end;
	enum twinlog_error error = sheet_date(reader, sheet, row, COLUMN_date, &activity->start, &activity->end, fault);
	if (!error)
		error = sheet_date(reader, sheet, row, COLUMN_end_date, &end, NULL, fault);
	if (!error && end.len > 0)
		activity->end = end;
	return error;
}

/* "Mokpo city: …": the page is the own city's. */
static bool is_own_page(const struct sheet_reader *reader, const Twinlog__Source *source)
{
	const struct place *found;
	if (!source || source->title.len == 0)
		return false;
	const uint8_t *colon = memchr(source->title.data, ':', source->title.len);
	if (!colon)
		return false;
	return places_find(reader->places, source->title.data, (size_t)(colon - source->title.data), NULL, NULL, &found,
			   1) == 1 &&
	       strcmp(found->city_id, reader->self) == 0;
}

static bool takes_part(const Twinlog__Activity *activity, const char *self)
{
	for (size_t i = 0; i < activity->n_cities; i++) {
		if (codec_equal(activity->cities[i]->city_id, self))
			return true;
	}
	return false;
}

enum twinlog_error draft_activity(const struct sheet_reader *reader, const struct sheet *sheet,
				  const struct csv_row *row, struct draft *draft, struct twinlog_fault *fault)
{
	Twinlog__Body *body = body_new(reader->arena, draft->kind);
	ProtobufCBinaryData sides[2];
	if (!body || !(body->activity->cities = arena_alloc(reader->arena, TWINLOG_RECORD_CITIES_MAX * sizeof(void *))))
		return TWINLOG_NO_MEMORY;
	Twinlog__Activity *activity = body->activity;
	enum twinlog_error error = sheet_sides(reader, sheet, row, draft, sides, fault);
	for (size_t side = 0; side < 2 && !error; side++)
		error = add_city(reader, activity, sides[side], draft, fault);
	if (!error)
		error = add_others(reader, sheet, row, activity, draft, fault);
	if (!error)
		error = read_coding(reader, sheet, row, activity, fault);
	if (!error)
		error = read_direction(reader, sheet, row, activity, draft, fault);
	if (!error)
		error = read_dates(reader, sheet, row, activity, fault);
	if (!error)
		error = activity_details(reader, sheet, row, activity, fault);
	if (!error)
		error = sheet_source(reader, sheet, row, &activity->source);
	activity->external_id = sheet_cell(sheet, row, COLUMN_event_id);
	body->note = sheet_cell(sheet, row, COLUMN_note);
	draft->pair = sheet_cell(sheet, row, COLUMN_pair_id);
	draft->body = body;
	draft->report = !takes_part(activity, reader->self) || !(reader->own || is_own_page(reader, activity->source));
	return error;
}
