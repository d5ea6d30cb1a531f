/* JSON to bodies, driven by the descriptors of the generated messages, so that no field can be forgotten. */
#include <inttypes.h>
#include <stdlib.h>

#include "json_reading.h"
#include "text.h"

#define PATH_SIZE 96

/* ---- Faults with their path ---- */

static void path_join(char out[PATH_SIZE], const char *path, const char *name)
{
	snprintf(out, PATH_SIZE, "%.40s%s%.40s", path, *path ? "." : "", name);
}

static void path_index(char out[PATH_SIZE], const char *path, size_t index)
{
	snprintf(out, PATH_SIZE, "%.70s[%zu]", path, index);
}

enum twinlog_error reading_refuse(const struct reading *reading, enum twinlog_error code, const char *path,
				  const json_t *value)
{
	char *text = value ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
	const char *shown = json_is_string(value) ? json_string_value(value) : text;
	enum twinlog_error error = twinlog_fault_set(reading->fault, code, path, shown);

	free(text);
	return error;
}

enum twinlog_error reading_full(const struct reading *reading, const char *path)
{
	return twinlog_fault_set(reading->fault, TWINLOG_TOO_LARGE, path, NULL);
}

/* ---- Scalars ---- */

/* A text, or a number where people leave the quotes out ("start": 2018). NUL-terminated in the arena, NFC. */
static enum twinlog_error read_text(const struct reading *reading, const json_t *value, const char *path,
				    ProtobufCBinaryData *ret_bytes)
{
	char number[40];
	const char *text = number;
	size_t size;
	char *normal = NULL, *copy;

	if (json_is_string(value)) {
		text = json_string_value(value);
		size = json_string_length(value);
	} else if (json_is_integer(value)) {
		size = (size_t)snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	} else if (json_is_real(value)) {
		size = (size_t)snprintf(number, sizeof number, "%.10g", json_real_value(value));
	} else {
		return reading_refuse(reading, TWINLOG_INVALID, path, value);
	}
	if (!text_is_nfc(text, size)) {
		enum twinlog_error error = text_nfc(text, size, &normal, &size);

		if (error)
			return reading_refuse(reading, error, path, value);
		text = normal;
	}
	copy = arena_alloc(reading->arena, size + 1);
	if (copy) {
		memcpy(copy, text, size);
		copy[size] = '\0';
		*ret_bytes = codec_bytes(copy, size);
	}
	free(normal);
	return copy ? TWINLOG_OK : reading_full(reading, path);
}

static enum twinlog_error find_city(const struct reading *reading, const char *name, size_t size, const char *path,
				    ProtobufCBinaryData *ret_bytes)
{
	char id[TWINLOG_CITY_ID_MAX + 1];
	struct twinlog_fault fault = {0};
	enum twinlog_error error;
	uint8_t *copy;

	if (!reading->cities || !reading->cities->find)
		return TWINLOG_OK;
	error = reading->cities->find(reading->cities->context, name, size, id, &fault);
	if (error)
		return twinlog_fault_set(reading->fault, error, path, fault.value);
	copy = arena_copy(reading->arena, id, strlen(id));
	if (!copy)
		return reading_full(reading, path);
	*ret_bytes = codec_bytes(copy, strlen(id));
	return TWINLOG_OK;
}

/* Both ends of "FROM>TO" may be names. */
static enum twinlog_error read_direction(const struct reading *reading, const char *path, ProtobufCBinaryData *bytes)
{
	const uint8_t *arrow = memchr(bytes->data, '>', bytes->len);
	ProtobufCBinaryData from, to;
	enum twinlog_error error;
	uint8_t *both;

	if (!arrow) {
		int code = codelist_find_label(CODELIST_DIRECTION, bytes->data, bytes->len);

		if (code >= 0)
			*bytes = codec_string(codelist_code(CODELIST_DIRECTION, (size_t)code));
		return TWINLOG_OK;
	}
	from = codec_bytes(bytes->data, (size_t)(arrow - bytes->data));
	to = codec_bytes(arrow + 1, bytes->len - from.len - 1);
	error = find_city(reading, (const char *)from.data, from.len, path, &from);
	if (!error)
		error = find_city(reading, (const char *)to.data, to.len, path, &to);
	if (error)
		return error;
	both = arena_alloc(reading->arena, from.len + to.len + 1);
	if (!both)
		return reading_full(reading, path);
	memcpy(both, from.data, from.len);
	both[from.len] = '>';
	memcpy(both + from.len + 1, to.data, to.len);
	*bytes = codec_bytes(both, from.len + to.len + 1);
	return TWINLOG_OK;
}

static enum twinlog_error read_hex(const struct reading *reading, const json_t *value, const char *path,
				   ProtobufCBinaryData *bytes)
{
	uint8_t *out = arena_alloc(reading->arena, bytes->len / 2 + 1);

	if (!out)
		return reading_full(reading, path);
	if (bytes->len % 2 != 0 || hex_decode(out, bytes->len / 2, (const char *)bytes->data, bytes->len) != TWINLOG_OK)
		return reading_refuse(reading, TWINLOG_INVALID, path, value);
	*bytes = codec_bytes(out, bytes->len / 2);
	return TWINLOG_OK;
}

enum twinlog_error reading_bytes(const struct reading *reading, const struct field_meaning *meaning,
				 const json_t *value, const char *path, ProtobufCBinaryData *ret_bytes)
{
	static const struct field_meaning text = {.form = FIELD_TEXT};
	ProtobufCBinaryData bytes = {0};
	enum twinlog_error error = read_text(reading, value, path, &bytes);
	int code;

	if (!error && bytes.len == 0)
		meaning = &text;
	if (!error && meaning->form == FIELD_CODE) {
		code = codelist_find(meaning->list, bytes.data, bytes.len);
		if (code < 0 && (code = codelist_find_label(meaning->list, bytes.data, bytes.len)) >= 0)
			bytes = codec_string(codelist_code(meaning->list, (size_t)code));
	} else if (!error && meaning->form == FIELD_CITY) {
		error = find_city(reading, (const char *)bytes.data, bytes.len, path, &bytes);
	} else if (!error && meaning->form == FIELD_DIRECTION) {
		error = read_direction(reading, path, &bytes);
	} else if (!error && meaning->form == FIELD_HEX) {
		error = read_hex(reading, value, path, &bytes);
	}
	if (!error)
		*ret_bytes = bytes;
	return error;
}

/* A whole number; its digits as text will do (the command line has no other way). */
static enum twinlog_error read_integer(const struct reading *reading, const json_t *value, const char *path,
				       int64_t least, int64_t most, int64_t *ret_number)
{
	json_int_t number = json_integer_value(value);

	if (json_is_string(value)) {
		char *end;
		const char *text = json_string_value(value);

		number = strtoll(text, &end, 10);
		if (end == text || *end != '\0')
			return reading_refuse(reading, TWINLOG_BAD_NUMBER, path, value);
	} else if (!json_is_integer(value)) {
		return reading_refuse(reading, TWINLOG_BAD_NUMBER, path, value);
	}
	if (number < least || number > most)
		return reading_refuse(reading, TWINLOG_BAD_NUMBER, path, value);
	*ret_number = number;
	return TWINLOG_OK;
}

static enum twinlog_error read_number(const struct reading *reading, const ProtobufCFieldDescriptor *field,
				      const json_t *value, const char *path, void *member)
{
	bool is_signed = field->type == PROTOBUF_C_TYPE_SINT64;
	bool small = field->type == PROTOBUF_C_TYPE_UINT32;
	int64_t number = 0;
	enum twinlog_error error =
	    read_integer(reading, value, path, is_signed ? INT64_MIN : 0, small ? UINT32_MAX : INT64_MAX, &number);

	if (error)
		return error;
	if (small)
		*(uint32_t *)member = (uint32_t)number;
	else
		*(int64_t *)member = number;
	return TWINLOG_OK;
}

static enum twinlog_error read_count(const struct reading *reading, const json_t *value, const char *path,
				     Twinlog__Count **ret_count)
{
	int64_t number = 0;
	enum twinlog_error error = read_integer(reading, value, path, 0, INT64_MAX, &number);
	Twinlog__Count *count;

	if (error)
		return error;
	count = arena_zalloc(reading->arena, sizeof *count);
	if (!count)
		return reading_full(reading, path);
	twinlog__count__init(count);
	count->value = (uint64_t)number;
	*ret_count = count;
	return TWINLOG_OK;
}

/* ---- Messages ---- */

static enum twinlog_error read_message(const struct reading *reading, const json_t *object, const char *path,
				       ProtobufCMessage *message);
static enum twinlog_error read_field(const struct reading *reading, ProtobufCMessage *message,
				     const ProtobufCFieldDescriptor *field, const json_t *value, const char *path);

const char *json_language(const char *text, size_t size)
{
	bool han = false;

	for (size_t i = 0; i + 2 < size; i++) {
		const uint8_t *at = (const uint8_t *)text + i;
		uint32_t point;

		if ((at[0] & 0xf0) != 0xe0)
			continue;
		point = (uint32_t)(at[0] & 0x0f) << 12 | (uint32_t)(at[1] & 0x3f) << 6 | (at[2] & 0x3f);
		if (point >= 0xac00 && point <= 0xd7a3)
			return "ko";
		if (point >= 0x3041 && point <= 0x30ff)
			return "ja";
		han = han || (point >= 0x4e00 && point <= 0x9fff);
	}
	return han ? "zh" : "en";
}

static void set_bytes(ProtobufCMessage *message, const char *name, ProtobufCBinaryData bytes)
{
	const ProtobufCFieldDescriptor *field = field_find(message->descriptor, name);

	if (field)
		*(ProtobufCBinaryData *)((uint8_t *)message + field->offset) = bytes;
}

/* "KR:mokpo=host": a city and its role. */
static enum twinlog_error read_participant(const struct reading *reading, const json_t *value, const char *path,
					   Twinlog__Participant *participant)
{
	const char *text = json_string_value(value);
	const char *equals = strrchr(text, '=');
	json_t *city, *role = NULL;
	enum twinlog_error error;

	city = equals ? json_stringn(text, (size_t)(equals - text)) : json_string(text);
	if (equals)
		role = json_string(equals + 1);
	error =
	    read_field(reading, &participant->base, field_find(participant->base.descriptor, "city_id"), city, path);
	if (!error && role)
		error = read_field(reading, &participant->base, field_find(participant->base.descriptor, "role"), role,
				   path);
	json_decref(city);
	json_decref(role);
	return error;
}

static enum twinlog_error read_short(const struct reading *reading, const struct field_meaning *meaning,
				     const json_t *value, const char *path, ProtobufCMessage *message)
{
	const ProtobufCFieldDescriptor *field;
	const char *name = meaning->shorthand;
	enum twinlog_error error;

	if (!name || json_is_array(value) || json_is_boolean(value))
		return reading_refuse(reading, TWINLOG_INVALID, path, value);
	if (message->descriptor == &twinlog__participant__descriptor && json_is_string(value))
		return read_participant(reading, value, path, (Twinlog__Participant *)(void *)message);
	if (message->descriptor == &twinlog__source__descriptor && json_is_string(value) &&
	    strncmp(json_string_value(value), "http", 4) == 0)
		name = "uri";
	field = field_find(message->descriptor, name);
	error = read_field(reading, message, field, value, path);
	if (!error && json_is_string(value))
		set_bytes(message, "lang",
			  codec_string(json_language(json_string_value(value), json_string_length(value))));
	return error;
}

static enum twinlog_error read_inner(const struct reading *reading, const ProtobufCMessageDescriptor *outer,
				     const ProtobufCFieldDescriptor *field, const json_t *value, const char *path,
				     ProtobufCMessage **ret_message)
{
	const ProtobufCMessageDescriptor *inner = field->descriptor;
	struct field_meaning meaning = field_meaning(outer, field);
	ProtobufCMessage *message;
	enum twinlog_error error;

	if (meaning.form == FIELD_COUNT) {
		Twinlog__Count *count = NULL;

		error = read_count(reading, value, path, &count);
		if (!error)
			*ret_message = &count->base;
		return error;
	}
	message = arena_zalloc(reading->arena, inner->sizeof_message);
	if (!message)
		return reading_full(reading, path);
	inner->message_init(message);
	error = json_is_object(value) ? read_message(reading, value, path, message)
				      : read_short(reading, &meaning, value, path, message);
	if (!error)
		*ret_message = message;
	return error;
}

/* A list, or one value that stands for a list of one. */
static enum twinlog_error read_list(const struct reading *reading, ProtobufCMessage *message,
				    const ProtobufCFieldDescriptor *field, const json_t *value, const char *path)
{
	struct field_meaning meaning = field_meaning(message->descriptor, field);
	bool inner = field->type == PROTOBUF_C_TYPE_MESSAGE;
	size_t count = json_is_array(value) ? json_array_size(value) : 1;
	size_t size = inner ? sizeof(ProtobufCMessage *) : sizeof(ProtobufCBinaryData);
	uint8_t *elements = arena_zalloc(reading->arena, (count + 1) * size);

	if (!elements)
		return reading_full(reading, path);
	for (size_t i = 0; i < count; i++) {
		const json_t *element = json_is_array(value) ? json_array_get(value, i) : value;
		enum twinlog_error error;
		char at[PATH_SIZE];

		path_index(at, path, i);
		if (inner)
			error = read_inner(reading, message->descriptor, field, element, at,
					   (ProtobufCMessage **)(void *)(elements + i * size));
		else
			error = reading_bytes(reading, &meaning, element, at,
					      (ProtobufCBinaryData *)(void *)(elements + i * size));
		if (error)
			return error;
	}
	*(size_t *)(void *)((uint8_t *)message + field->quantifier_offset) = count;
	*(void **)(void *)((uint8_t *)message + field->offset) = elements;
	return TWINLOG_OK;
}

static void clear_field(ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	void *member = (uint8_t *)message + field->offset;

	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		*(size_t *)(void *)((uint8_t *)message + field->quantifier_offset) = 0;
		*(void **)member = NULL;
	} else if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		*(void **)member = NULL;
	} else if (field->type == PROTOBUF_C_TYPE_BYTES) {
		*(ProtobufCBinaryData *)member = (ProtobufCBinaryData){0};
	} else if (field->type == PROTOBUF_C_TYPE_UINT32) {
		*(uint32_t *)member = 0;
	} else {
		*(uint64_t *)member = 0;
	}
}

static enum twinlog_error read_field(const struct reading *reading, ProtobufCMessage *message,
				     const ProtobufCFieldDescriptor *field, const json_t *value, const char *path)
{
	struct field_meaning meaning = field_meaning(message->descriptor, field);
	void *member = (uint8_t *)message + field->offset;

	if (json_is_null(value)) {
		clear_field(message, field);
		return TWINLOG_OK;
	}
	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return read_list(reading, message, field, value, path);
	/* What is there already is merged with, as in RFC 7396. */
	if (meaning.form == FIELD_MESSAGE && *(ProtobufCMessage **)member && json_is_object(value))
		return read_message(reading, value, path, *(ProtobufCMessage **)member);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return read_inner(reading, message->descriptor, field, value, path, member);
	if (field->type == PROTOBUF_C_TYPE_BYTES)
		return reading_bytes(reading, &meaning, value, path, member);
	return read_number(reading, field, value, path, member);
}

enum twinlog_error reading_member(const struct reading *reading, const char *name, const json_t *value,
				  const char *path, ProtobufCMessage *message)
{
	const ProtobufCFieldDescriptor *field = field_find(message->descriptor, name);
	char at[PATH_SIZE];

	path_join(at, path, name);
	if (!field)
		return reading_refuse(reading, TWINLOG_BAD_FIELD, at, NULL);
	return read_field(reading, message, field, value, at);
}

static enum twinlog_error read_message(const struct reading *reading, const json_t *object, const char *path,
				       ProtobufCMessage *message)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		enum twinlog_error error = reading_member(reading, name, value, path, message);

		if (error)
			return error;
	}
	return TWINLOG_OK;
}
