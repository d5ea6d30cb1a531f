/* A draft on top of what the city said before. */
#include <stdlib.h>
#include <string.h>

#include "sheet_internal.h"

static size_t value_size(const ProtobufCFieldDescriptor *field)
{
	switch (field->type) {
	case PROTOBUF_C_TYPE_BYTES:
		return sizeof(ProtobufCBinaryData);
	case PROTOBUF_C_TYPE_MESSAGE:
	case PROTOBUF_C_TYPE_STRING:
		return sizeof(void *);
	case PROTOBUF_C_TYPE_INT64:
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_SINT64:
	case PROTOBUF_C_TYPE_FIXED64:
	case PROTOBUF_C_TYPE_SFIXED64:
	case PROTOBUF_C_TYPE_DOUBLE:
		return 8;
	default:
		return 4;
	}
}

void draft_field_take(void *to, const void *from, const ProtobufCFieldDescriptor *field)
{
	const bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
	if (repeated)
		memcpy((uint8_t *)to + field->quantifier_offset, (const uint8_t *)from + field->quantifier_offset,
		       sizeof(size_t));
	memcpy((uint8_t *)to + field->offset, (const uint8_t *)from + field->offset,
	       repeated ? sizeof(void *) : value_size(field));
}

enum twinlog_error draft_field_equal(struct arena *arena, const ProtobufCMessage *a, const ProtobufCMessage *b,
				     const ProtobufCFieldDescriptor *field, bool *ret_equal)
{
	const ProtobufCMessageDescriptor *descriptor = a->descriptor;
	ProtobufCMessage *one = arena_alloc(arena, descriptor->sizeof_message);
	ProtobufCMessage *other = arena_alloc(arena, descriptor->sizeof_message);
	uint8_t *one_bytes, *other_bytes;
	size_t one_size, other_size;
	if (!one || !other)
		return TWINLOG_NO_MEMORY;
	protobuf_c_message_init(descriptor, one);
	protobuf_c_message_init(descriptor, other);
	draft_field_take(one, a, field);
	draft_field_take(other, b, field);
	enum twinlog_error error = codec_pack_arena(arena, one, &one_bytes, &one_size);
	if (!error)
		error = codec_pack_arena(arena, other, &other_bytes, &other_size);
	if (!error)
		*ret_equal = one_size == other_size && memcmp(one_bytes, other_bytes, one_size) == 0;
	return error;
}

/* Whether the city ever said of the field what the sheet says. */
static enum twinlog_error said_before(struct arena *arena, const struct draft_past *past, const ProtobufCMessage *sheet,
				      const ProtobufCFieldDescriptor *field, bool *ret_said)
{
	enum twinlog_error error = TWINLOG_OK;
	bool equal = false;
	for (size_t i = 0; i < past->earlier_count && !error && !equal; i++) {
		const ProtobufCMessage *earlier = body_content(past->earlier[i]);
		if (earlier && earlier->descriptor == sheet->descriptor)
			error = draft_field_equal(arena, earlier, sheet, field, &equal);
	}
	*ret_said = equal;
	return error;
}

static bool texts_alike(Twinlog__Text *const *a, size_t a_count, Twinlog__Text *const *b, size_t b_count)
{
	return a_count > 0 && b_count > 0 && bytes_equal(a[0]->text, b[0]->text);
}

/* The same cities, in whatever order and role. */
static bool cities_alike(const Twinlog__Activity *a, const Twinlog__Activity *b)
{
	for (size_t i = 0; i < a->n_cities; i++) {
		size_t k = 0;

		while (k < b->n_cities && !bytes_equal(a->cities[i]->city_id, b->cities[k]->city_id))
			k++;
		if (k == b->n_cities)
			return false;
	}
	return a->n_cities == b->n_cities;
}

static bool actors_alike(const Twinlog__Activity *a, const Twinlog__Activity *b)
{
	return a->n_actors > 0 && b->n_actors > 0 && bytes_equal(a->actors[0]->level, b->actors[0]->level) &&
	       bytes_equal(a->actors[0]->kind, b->actors[0]->kind) && bytes_equal(a->actors[0]->org, b->actors[0]->org);
}

/* Each name of the sheet is one that stands. */
static bool names_alike(const Twinlog__City *a, const Twinlog__City *b)
{
	for (size_t i = 0; i < a->n_names; i++) {
		size_t k = 0;

		while (k < b->n_names && !bytes_equal(a->names[i]->text, b->names[k]->text))
			k++;
		if (k == b->n_names)
			return false;
	}
	return a->n_names > 0;
}

/* 34.50 and 34.5: a cell of a workbook keeps the number, not how it was written. */
static bool numbers_alike(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
	char one[40] = "", other[40] = "";

	if (a.len == 0 || b.len == 0 || a.len >= sizeof one || b.len >= sizeof other)
		return false;
	memcpy(one, a.data, a.len);
	memcpy(other, b.data, b.len);
	return strtod(one, NULL) == strtod(other, NULL);
}

static bool city_alike(const Twinlog__City *a, const Twinlog__City *b, const char *field)
{
	if (strcmp(field, "latitude") == 0)
		return numbers_alike(a->latitude, b->latitude);
	if (strcmp(field, "longitude") == 0)
		return numbers_alike(a->longitude, b->longitude);
	return strcmp(field, "names") == 0 && names_alike(a, b);
}

bool draft_field_alike(const struct draft *draft, const ProtobufCMessage *sheet, const ProtobufCMessage *onto,
		       const ProtobufCFieldDescriptor *field)
{
	const Twinlog__Activity *a = (const Twinlog__Activity *)sheet, *b = (const Twinlog__Activity *)onto;

	if (sheet->descriptor == &twinlog__city__descriptor)
		return draft->exported &&
		       city_alike((const Twinlog__City *)sheet, (const Twinlog__City *)onto, field->name);
	if (sheet->descriptor != &twinlog__activity__descriptor)
		return false;
	if (strcmp(field->name, "cities") == 0)
		return cities_alike(a, b);
	if (strcmp(field->name, "actors") == 0)
		return actors_alike(a, b);
	if (strcmp(field->name, "titles") == 0)
		return texts_alike(a->titles, a->n_titles, b->titles, b->n_titles);
	if (strcmp(field->name, "summaries") == 0)
		return texts_alike(a->summaries, a->n_summaries, b->summaries, b->n_summaries);
	return false;
}

/* Sides of a total have no column either. */
static void sides_keep(const ProtobufCMessage *sheet, ProtobufCMessage *onto)
{
	const Twinlog__Activity *a = (const Twinlog__Activity *)sheet;
	Twinlog__Activity *b = (Twinlog__Activity *)onto;

	if (sheet->descriptor == &twinlog__activity__descriptor && a->participants && b->participants &&
	    a->participants->n_by_side == 0) {
		a->participants->n_by_side = b->participants->n_by_side;
		a->participants->by_side = b->participants->by_side;
		if (!a->participants->private_total)
			a->participants->private_total = b->participants->private_total;
	}
}

/* The sheet's fields onto a copy of what stands. */
static enum twinlog_error overlay(struct arena *arena, const struct draft *draft, const ProtobufCMessage *sheet,
				  const struct draft_past *past, ProtobufCMessage *onto)
{
	enum twinlog_error error = TWINLOG_OK;
	sides_keep(sheet, onto);
	for (unsigned i = 0; i < sheet->descriptor->n_fields && !error; i++) {
		const ProtobufCFieldDescriptor *field = &sheet->descriptor->fields[i];
		bool equal, said = false;
		if (field_size(sheet, field) == 0 || draft_field_alike(draft, sheet, onto, field))
			continue;
		error = draft_field_equal(arena, sheet, onto, field, &equal);
		if (!error && !equal)
			error = said_before(arena, past, sheet, field, &said);
		if (!error && !equal && !said)
			draft_field_take(onto, sheet, field);
	}
	return error;
}

static enum twinlog_error content_merge(struct arena *arena, struct draft *draft, const struct draft_past *past)
{
	const ProtobufCMessage *before = past->current ? body_content(past->current) : NULL;
	const ProtobufCMessage *sheet = body_content(draft->body);
	if (!before || before->descriptor != sheet->descriptor)
		return TWINLOG_OK;
	ProtobufCMessage *content = arena_copy(arena, before, before->descriptor->sizeof_message);
	Twinlog__Body *body = arena_copy(arena, past->current, sizeof *body);
	if (!content || !body)
		return TWINLOG_NO_MEMORY;
	enum twinlog_error error = overlay(arena, draft, sheet, past, content);
	if (error)
		return error;
	if (draft->kind == TWINLOG__RECORD_KIND__RECORD_ACTIVITY)
		body->activity = (Twinlog__Activity *)content;
	else
		body->city = (Twinlog__City *)content;
	if (draft->body->note.len > 0 && body->note.len == 0)
		body->note = draft->body->note;
	draft->body = body;
	/* What once was the city's own word does not become hearsay by a sheet. */
	draft->report = draft->report && past->report;
	return TWINLOG_OK;
}

enum twinlog_error draft_bodies_equal(struct arena *arena, const Twinlog__Body *a, const Twinlog__Body *b,
				      bool *ret_equal)
{
	Twinlog__Body one = *a, other = *b;
	uint8_t *one_bytes, *other_bytes;
	size_t one_size, other_size;
	/* Who wrote it is no change. */
	one.office = other.office;
	one.token = other.token;
	enum twinlog_error error = codec_pack_arena(arena, &one.base, &one_bytes, &one_size);
	if (!error)
		error = codec_pack_arena(arena, &other.base, &other_bytes, &other_size);
	if (!error)
		*ret_equal = one_size == other_size && memcmp(one_bytes, other_bytes, one_size) == 0;
	return error;
}

enum twinlog_error draft_merge(struct arena *arena, struct draft *draft, const char *self,
			       const struct draft_past *past, enum draft_change *ret_change)
{
	enum twinlog_error error = draft->kind == TWINLOG__RECORD_KIND__RECORD_AGREEMENT
				       ? agreement_merge(arena, draft, self, past)
				       : content_merge(arena, draft, past);
	bool equal = false;
	if (!error && past->current)
		error = draft_bodies_equal(arena, draft->body, past->current, &equal);
	if (error)
		return error;
	if (!past->current)
		*ret_change = DRAFT_NEW;
	else
		*ret_change = equal && draft->report == past->report ? DRAFT_UNCHANGED : DRAFT_AMENDED;
	return TWINLOG_OK;
}
