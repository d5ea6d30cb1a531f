/* A draft on top of what the city said before. */
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

/* One field of a message, by value: lists and messages are shared. */
static void field_take(void *to, const void *from, const ProtobufCFieldDescriptor *field)
{
	const bool repeated = field->label == PROTOBUF_C_LABEL_REPEATED;
	if (repeated)
		memcpy((uint8_t *)to + field->quantifier_offset, (const uint8_t *)from + field->quantifier_offset,
		       sizeof(size_t));
	memcpy((uint8_t *)to + field->offset, (const uint8_t *)from + field->offset,
	       repeated ? sizeof(void *) : value_size(field));
}

/* Equal as bytes on the wire. */
static enum twinlog_error fields_equal(struct arena *arena, const ProtobufCMessage *a, const ProtobufCMessage *b,
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
	field_take(one, a, field);
	field_take(other, b, field);
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
			error = fields_equal(arena, earlier, sheet, field, &equal);
	}
	*ret_said = equal;
	return error;
}

/* The sheet's fields onto a copy of what stands. */
static enum twinlog_error overlay(struct arena *arena, const ProtobufCMessage *sheet, const struct draft_past *past,
				  ProtobufCMessage *onto)
{
	enum twinlog_error error = TWINLOG_OK;
	for (unsigned i = 0; i < sheet->descriptor->n_fields && !error; i++) {
		const ProtobufCFieldDescriptor *field = &sheet->descriptor->fields[i];
		bool equal, said = false;
		if (field_size(sheet, field) == 0)
			continue;
		error = fields_equal(arena, sheet, onto, field, &equal);
		if (!error && !equal)
			error = said_before(arena, past, sheet, field, &said);
		if (!error && !equal && !said)
			field_take(onto, sheet, field);
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
	enum twinlog_error error = overlay(arena, sheet, past, content);
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

static enum twinlog_error bodies_equal(struct arena *arena, const Twinlog__Body *a, const Twinlog__Body *b,
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
		error = bodies_equal(arena, draft->body, past->current, &equal);
	if (error)
		return error;
	if (!past->current)
		*ret_change = DRAFT_NEW;
	else
		*ret_change = equal && draft->report == past->report ? DRAFT_UNCHANGED : DRAFT_AMENDED;
	return TWINLOG_OK;
}
