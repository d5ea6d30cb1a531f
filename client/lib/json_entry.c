/* The object of one record, and filters. */
#include "json_reading.h"
#include "log.pb-c.h"

/* ---- One record's object ---- */

static uint32_t kind_of(const json_t *object, uint32_t hint)
{
	if (hint != TWINLOG__RECORD_KIND__RECORD_NONE)
		return hint;
	if (json_object_get(object, "city_id"))
		return TWINLOG__RECORD_KIND__RECORD_CITY;
	if (json_object_get(object, "parties"))
		return TWINLOG__RECORD_KIND__RECORD_AGREEMENT;
	return TWINLOG__RECORD_KIND__RECORD_ACTIVITY;
}

static enum twinlog_error read_kind(const struct reading *reading, const json_t *object, uint32_t hint,
				    uint32_t *ret_kind)
{
	const json_t *value = json_object_get(object, "kind");
	uint32_t kind;

	if (!value) {
		*ret_kind = kind_of(object, hint);
		return TWINLOG_OK;
	}
	kind = json_is_string(value) ? kind_find(json_string_value(value)) : TWINLOG__RECORD_KIND__RECORD_NONE;
	if (kind == TWINLOG__RECORD_KIND__RECORD_NONE || (hint && kind != hint))
		return reading_refuse(reading, TWINLOG_BAD_CODE, "kind", value);
	*ret_kind = kind;
	return TWINLOG_OK;
}

/* What is said of the entry and not in its content. *ret_taken: whether this was such a member. */
static enum twinlog_error read_beside(const struct reading *reading, const char *name, const json_t *value,
				      struct json_entry *entry, bool *ret_taken)
{
	static const struct field_meaning plain = {.form = FIELD_TEXT};
	ProtobufCBinaryData *text = strcmp(name, "office") == 0 ? &entry->body->office
				    : strcmp(name, "note") == 0 ? &entry->body->note
								: NULL;
	const char **reference = strcmp(name, "space") == 0      ? &entry->space
				 : strcmp(name, "based_on") == 0 ? &entry->based_on
								 : NULL;

	*ret_taken = true;
	if (text) {
		if (json_is_null(value)) {
			*text = (ProtobufCBinaryData){0};
			return TWINLOG_OK;
		}
		return reading_bytes(reading, &plain, value, name, text);
	}
	if (reference) {
		if (!json_is_string(value))
			return reading_refuse(reading, TWINLOG_INVALID, name, value);
		*reference = json_string_value(value);
		return TWINLOG_OK;
	}
	if (strcmp(name, "report") == 0) {
		if (!json_is_boolean(value))
			return reading_refuse(reading, TWINLOG_INVALID, name, value);
		entry->report = json_is_true(value);
		return TWINLOG_OK;
	}
	if (strcmp(name, "request") == 0) {
		if (!json_is_string(value) || hex_decode(entry->request.bytes, HANDLE_SIZE, json_string_value(value),
							 json_string_length(value)) != TWINLOG_OK)
			return reading_refuse(reading, TWINLOG_INVALID, name, value);
		entry->has_request = true;
		return TWINLOG_OK;
	}
	*ret_taken = strcmp(name, "kind") == 0;
	return TWINLOG_OK;
}

static const char *full_name(const ProtobufCMessageDescriptor *descriptor, const char *name)
{
	if (strcmp(name, "title") == 0 && field_find(descriptor, "titles"))
		return "titles";
	if (strcmp(name, "summary") == 0 && field_find(descriptor, "summaries"))
		return "summaries";
	return name;
}

static enum twinlog_error copy_base(struct arena *arena, uint32_t kind, const Twinlog__Body *base,
				    Twinlog__Body **ret_body)
{
	Twinlog__Body *body;
	uint8_t *bytes;
	size_t size;
	enum twinlog_error error;

	if (!base || !body_content(base)) {
		body = body_new(arena, kind);
		if (!body)
			return TWINLOG_TOO_LARGE;
		*ret_body = body;
		return TWINLOG_OK;
	}
	error = codec_pack_arena(arena, &base->base, &bytes, &size);
	if (!error)
		error = CODEC_UNPACK(arena, bytes, size, &body, twinlog__body);
	if (!error)
		*ret_body = body;
	return error;
}

enum twinlog_error json_read_entry(struct arena *arena, const json_t *object, uint32_t kind_hint,
				   const Twinlog__Body *base, const struct json_cities *cities,
				   struct json_entry *ret_entry, struct twinlog_fault *fault)
{
	struct reading reading = {arena, cities, fault};
	struct json_entry entry = {0};
	ProtobufCMessage *content;
	const char *name;
	json_t *value;
	enum twinlog_error error;

	if (!json_is_object(object))
		return reading_refuse(&reading, TWINLOG_INVALID, "", object);
	error = read_kind(&reading, object, kind_hint, &entry.kind);
	if (error)
		return error;
	error = copy_base(arena, entry.kind, base, &entry.body);
	if (error)
		return twinlog_fault_set(fault, error, NULL, NULL);
	content = (ProtobufCMessage *)(uintptr_t)body_content(entry.body);
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		bool taken;

		error = read_beside(&reading, name, value, &entry, &taken);
		if (!error && !taken)
			error = reading_member(&reading, full_name(content->descriptor, name), value, "", content);
		if (error)
			return error;
	}
	*ret_entry = entry;
	return TWINLOG_OK;
}

Twinlog__Body *body_new(struct arena *arena, uint32_t kind)
{
	const ProtobufCMessageDescriptor *descriptor = kind_descriptor(kind);
	Twinlog__Body *body = arena_zalloc(arena, sizeof *body);
	ProtobufCMessage *content;

	if (!body || !descriptor)
		return NULL;
	content = arena_zalloc(arena, descriptor->sizeof_message);
	if (!content)
		return NULL;
	twinlog__body__init(body);
	descriptor->message_init(content);
	/* The members of the oneof share their place. */
	if (kind == TWINLOG__RECORD_KIND__RECORD_ACTIVITY)
		body->content_case = TWINLOG__BODY__CONTENT_ACTIVITY;
	else if (kind == TWINLOG__RECORD_KIND__RECORD_AGREEMENT)
		body->content_case = TWINLOG__BODY__CONTENT_AGREEMENT;
	else
		body->content_case = TWINLOG__BODY__CONTENT_CITY;
	body->activity = (Twinlog__Activity *)(void *)content;
	return body;
}

enum twinlog_error json_parse(const char *text, size_t size, size_t line, json_t **ret_json,
			      struct twinlog_fault *fault)
{
	json_error_t error;
	char where[64];
	json_t *json = json_loadb(text, size, JSON_REJECT_DUPLICATES, &error);

	if (json) {
		*ret_json = json;
		return TWINLOG_OK;
	}
	snprintf(where, sizeof where, "line %zu, column %d", line ? line : (size_t)error.line, error.column);
	switch (json_error_code(&error)) {
	case json_error_invalid_utf8:
		return twinlog_fault_set(fault, TWINLOG_BAD_UTF8, where, NULL);
	case json_error_out_of_memory:
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	case json_error_duplicate_key:
		return twinlog_fault_set(fault, TWINLOG_DUPLICATE, where, NULL);
	default:
		return twinlog_fault_set(fault, TWINLOG_INVALID, where, error.text);
	}
}

/* ---- Filters ---- */

static enum twinlog_error filter_number(const struct reading *reading, bool states, const json_t *value,
					const char *path, uint32_t *ret_number)
{
	const char *text = json_string_value(value);
	int state = states && text ? state_find(text) : -1;
	uint32_t kind = !states && text ? kind_find(text) : 0;

	if (states ? state < 0 : kind == 0)
		return reading_refuse(reading, TWINLOG_BAD_CODE, path, value);
	*ret_number = states ? (uint32_t)state : kind;
	return TWINLOG_OK;
}

static enum twinlog_error filter_numbers(const struct reading *reading, bool states, const json_t *value,
					 const char *path, uint32_t **ret_numbers, size_t *ret_count)
{
	size_t count = json_is_array(value) ? json_array_size(value) : 1;
	uint32_t *numbers = arena_alloc(reading->arena, (count + 1) * sizeof *numbers);

	if (!numbers)
		return reading_full(reading, path);
	for (size_t i = 0; i < count; i++) {
		const json_t *element = json_is_array(value) ? json_array_get(value, i) : value;
		enum twinlog_error error = filter_number(reading, states, element, path, &numbers[i]);

		if (error)
			return error;
	}
	*ret_numbers = numbers;
	*ret_count = count;
	return TWINLOG_OK;
}

static struct field_meaning filter_meaning(const char *name)
{
	static const struct {
		const char *name;
		struct field_meaning meaning;
	} meanings[] = {
	    {"cities", {.form = FIELD_CITY}},
	    {"partners", {.form = FIELD_CITY}},
	    {"stated_by", {.form = FIELD_CITY}},
	    {"spaces", {.form = FIELD_HEX}},
	    {"fields", {.form = FIELD_CODE, .list = CODELIST_FIELD}},
	    {"forms", {.form = FIELD_CODE, .list = CODELIST_FORM}},
	    {"relation_types", {.form = FIELD_CODE, .list = CODELIST_RELATION_TYPE}},
	};

	for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
		if (strcmp(meanings[i].name, name) == 0)
			return meanings[i].meaning;
	return (struct field_meaning){.form = FIELD_TEXT};
}

static enum twinlog_error filter_member(const struct reading *reading, const char *name, const json_t *value,
					Twinlog__Filter *filter)
{
	const ProtobufCFieldDescriptor *field =
	    protobuf_c_message_descriptor_get_field_by_name(filter->base.descriptor, name);
	struct field_meaning meaning = filter_meaning(name);
	size_t count = json_is_array(value) ? json_array_size(value) : 1;
	ProtobufCBinaryData *list;

	if (!field)
		return reading_refuse(reading, TWINLOG_BAD_FIELD, name, NULL);
	if (field->type == PROTOBUF_C_TYPE_UINT32)
		return strcmp(name, "states") == 0
			   ? filter_numbers(reading, true, value, name, &filter->states, &filter->n_states)
			   : filter_numbers(reading, false, value, name, &filter->kinds, &filter->n_kinds);
	if (field->type == PROTOBUF_C_TYPE_BOOL) {
		filter->waiting = json_is_true(value);
		return json_is_boolean(value) ? TWINLOG_OK : reading_refuse(reading, TWINLOG_INVALID, name, value);
	}
	if (field->label != PROTOBUF_C_LABEL_REPEATED)
		return reading_bytes(reading, &meaning, value, name,
				     (ProtobufCBinaryData *)(void *)((uint8_t *)filter + field->offset));
	list = arena_zalloc(reading->arena, (count + 1) * sizeof *list);
	if (!list)
		return reading_full(reading, name);
	for (size_t i = 0; i < count; i++) {
		const json_t *element = json_is_array(value) ? json_array_get(value, i) : value;
		enum twinlog_error error = reading_bytes(reading, &meaning, element, name, &list[i]);

		if (error)
			return error;
	}
	*(size_t *)(void *)((uint8_t *)filter + field->quantifier_offset) = count;
	*(void **)(void *)((uint8_t *)filter + field->offset) = list;
	return TWINLOG_OK;
}

enum twinlog_error json_read_filter(struct arena *arena, const json_t *object, const struct json_cities *cities,
				    Twinlog__Filter *filter, struct twinlog_fault *fault)
{
	struct reading reading = {arena, cities, fault};
	const char *name;
	json_t *value;

	if (!json_is_object(object))
		return reading_refuse(&reading, TWINLOG_INVALID, "filter", object);
	json_object_foreach((json_t *)(uintptr_t)object, name, value)
	{
		enum twinlog_error error = filter_member(&reading, name, value, filter);

		if (error)
			return error;
	}
	return TWINLOG_OK;
}
