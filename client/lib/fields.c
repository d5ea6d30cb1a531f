#include "fields.h"

#include <string.h>

#include "control.pb-c.h"
#include "log.pb-c.h"

struct special {
	const char *message; /* NULL: in every message */
	const char *field;
	enum field_form form;
	enum codelist list;
};

/* The first line that fits counts. What is not here is plain text, a number or a message. */
static const struct special specials[] = {
    {"twinlog.Coverage", "from", FIELD_DATE, CODELIST_COUNT},
    {"twinlog.Coverage", "to", FIELD_DATE, CODELIST_COUNT},
    {"twinlog.Coverage", "tie", FIELD_CITY, CODELIST_COUNT},
    {"twinlog.Coverage", "extent", FIELD_CODE, CODELIST_EXTENT},
    {"twinlog.Trade", "from", FIELD_CITY, CODELIST_COUNT},
    {"twinlog.Trade", "to", FIELD_CITY, CODELIST_COUNT},
    {"twinlog.Participant", "role", FIELD_CODE, CODELIST_PARTICIPANT_ROLE},
    {"twinlog.Actor", "role", FIELD_CODE, CODELIST_ACTOR_ROLE},
    {"twinlog.Actor", "level", FIELD_CODE, CODELIST_ACTOR_LEVEL},
    {"twinlog.Actor", "kind", FIELD_CODE, CODELIST_ACTOR_KIND},
    {"twinlog.Approval", "body_kind", FIELD_CODE, CODELIST_ACTOR_KIND},
    {"twinlog.PlaceName", "kind", FIELD_CODE, CODELIST_NAME_KIND},
    {"twinlog.Publicity", "channel", FIELD_CODE, CODELIST_PUBLICITY},
    {"twinlog.Publicity", "side", FIELD_CITY, CODELIST_COUNT},
    {"twinlog.Money", "payer", FIELD_CITY, CODELIST_COUNT},
    {"twinlog.Activity", "status", FIELD_CODE, CODELIST_ACTIVITY_STATUS},
    {"twinlog.Activity", "form", FIELD_CODE, CODELIST_FORM},
    {"twinlog.Activity", "mode", FIELD_CODE, CODELIST_MODE},
    {"twinlog.Activity", "friction", FIELD_CODE, CODELIST_FRICTION},
    {"twinlog.Activity", "disclosure", FIELD_CODE, CODELIST_DISCLOSURE},
    {"twinlog.Activity", "direction", FIELD_DIRECTION, CODELIST_DIRECTION},
    {"twinlog.Activity", "agreements", FIELD_HEX, CODELIST_COUNT},
    {"twinlog.Agreement", "status", FIELD_CODE, CODELIST_AGREEMENT_STATUS},
    {"twinlog.Agreement", "cost_rule", FIELD_CODE, CODELIST_COST_RULE},
    {"twinlog.Agreement", "supersedes", FIELD_HEX, CODELIST_COUNT},
    {"twinlog.Agreement", "parties", FIELD_CITY, CODELIST_COUNT},
    {"twinlog.City", "level", FIELD_CODE, CODELIST_ADMIN_LEVEL},
    {"twinlog.City", "succeeds", FIELD_CITY, CODELIST_COUNT},
    {"twinlog.City", "succeeded_by", FIELD_CITY, CODELIST_COUNT},
    {NULL, "sha256", FIELD_HEX, CODELIST_COUNT},
    {NULL, "city_id", FIELD_CITY, CODELIST_COUNT},
    {NULL, "relation_type", FIELD_CODE, CODELIST_RELATION_TYPE},
    {NULL, "fields", FIELD_CODE, CODELIST_FIELD},
    {NULL, "lang", FIELD_LANG, CODELIST_COUNT},
    {NULL, "date", FIELD_DATE, CODELIST_COUNT},
    {NULL, "start", FIELD_DATE, CODELIST_COUNT},
    {NULL, "end", FIELD_DATE, CODELIST_COUNT},
    {NULL, "established", FIELD_DATE, CODELIST_COUNT},
    {NULL, "renewal_due", FIELD_DATE, CODELIST_COUNT},
};

static const struct {
	const char *message, *field;
} shorthands[] = {
    {"twinlog.Text", "text"},    {"twinlog.PlaceName", "text"},     {"twinlog.Participant", "city_id"},
    {"twinlog.Source", "title"}, {"twinlog.Participants", "total"}, {"twinlog.Actor", "kind"},
    {"twinlog.Document", "uri"}, {"twinlog.Publicity", "channel"},
};

static const char *shorthand_of(const ProtobufCMessageDescriptor *message)
{
	for (size_t i = 0; i < sizeof shorthands / sizeof *shorthands; i++)
		if (strcmp(shorthands[i].message, message->name) == 0)
			return shorthands[i].field;
	return NULL;
}

/* As it is called in JSON. */
static const char *name_of(const ProtobufCFieldDescriptor *field)
{
	return strcmp(field->name, "private_total") == 0 ? "private" : field->name;
}

struct field_meaning field_meaning(const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field)
{
	struct field_meaning meaning = {.form = FIELD_TEXT, .list = CODELIST_COUNT, .name = name_of(field)};

	if (field->type == PROTOBUF_C_TYPE_MESSAGE) {
		const ProtobufCMessageDescriptor *inner = field->descriptor;

		meaning.form = inner == &twinlog__count__descriptor ? FIELD_COUNT : FIELD_MESSAGE;
		meaning.shorthand = shorthand_of(inner);
		return meaning;
	}
	if (field->type != PROTOBUF_C_TYPE_BYTES) {
		meaning.form = FIELD_NUMBER;
		return meaning;
	}
	for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
		const struct special *special = &specials[i];

		if ((!special->message || strcmp(special->message, message->name) == 0) &&
		    strcmp(special->field, field->name) == 0) {
			meaning.form = special->form;
			meaning.list = special->list;
			return meaning;
		}
	}
	return meaning;
}

const ProtobufCFieldDescriptor *field_find(const ProtobufCMessageDescriptor *message, const char *name)
{
	for (unsigned i = 0; i < message->n_fields; i++)
		if (strcmp(name_of(&message->fields[i]), name) == 0)
			return &message->fields[i];
	return NULL;
}

/* The list of the field at the path below message; CODELIST_COUNT: there is none. */
static enum codelist list_at(const ProtobufCMessageDescriptor *message, const char *path)
{
	while (message) {
		char name[64];
		const size_t size = strcspn(path, ".[");
		const ProtobufCFieldDescriptor *field;

		if (size >= sizeof name)
			break;
		memcpy(name, path, size);
		name[size] = '\0';
		field = field_find(message, name);
		path += size;
		path += strcspn(path, ".");
		if (!field || *path == '\0')
			return field ? field_meaning(message, field).list : CODELIST_COUNT;
		message = field->type == PROTOBUF_C_TYPE_MESSAGE ? field->descriptor : NULL;
		path++;
	}
	return CODELIST_COUNT;
}

size_t field_lists(const char *path, enum codelist *ret_lists, size_t max)
{
	static const uint32_t kinds[] = {TWINLOG__RECORD_KIND__RECORD_ACTIVITY, TWINLOG__RECORD_KIND__RECORD_AGREEMENT,
					 TWINLOG__RECORD_KIND__RECORD_CITY};
	size_t count = 0;

	for (size_t i = 0; i < sizeof kinds / sizeof *kinds && count < max; i++) {
		const enum codelist list = list_at(kind_descriptor(kinds[i]), path);
		bool twice = list == CODELIST_COUNT;

		for (size_t j = 0; j < count; j++)
			twice |= ret_lists[j] == list;
		if (!twice)
			ret_lists[count++] = list;
	}
	return count;
}

const ProtobufCMessage *body_content(const Twinlog__Body *body)
{
	switch (body->content_case) {
	case TWINLOG__BODY__CONTENT_ACTIVITY:
		return &body->activity->base;
	case TWINLOG__BODY__CONTENT_AGREEMENT:
		return &body->agreement->base;
	case TWINLOG__BODY__CONTENT_CITY:
		return &body->city->base;
	case TWINLOG__BODY__CONTENT_LINK:
	case TWINLOG__BODY__CONTENT__NOT_SET:
	default:
		return NULL;
	}
}

const ProtobufCMessageDescriptor *kind_descriptor(uint32_t kind)
{
	switch (kind) {
	case TWINLOG__RECORD_KIND__RECORD_ACTIVITY:
		return &twinlog__activity__descriptor;
	case TWINLOG__RECORD_KIND__RECORD_AGREEMENT:
		return &twinlog__agreement__descriptor;
	case TWINLOG__RECORD_KIND__RECORD_CITY:
		return &twinlog__city__descriptor;
	default:
		return NULL;
	}
}

/* Names by number, as the enums of log.proto and control.proto count them. */
static const char *const kinds[] = {"", "activity", "agreement", "city"};
static const char *const states[] = {"none", "withdrawn", "reported", "denied", "differs", "one_sided", "agreed"};
static const char *const standings[] = {"none", "states", "confirms", "denies", "withdrew", "reports", "erased"};
static const char *const operations[] = {"none", "statement", "confirmation", "denial", "withdrawal", "link"};
static const char *const memberships[] = {"invited", "member", "declined", "left", "removed"};

#define NAME_OF(names, number) ((number) < sizeof(names) / sizeof *(names) ? (names)[number] : "unknown")

const char *kind_name(uint32_t kind)
{
	return kind < sizeof kinds / sizeof *kinds ? kinds[kind] : "";
}

uint32_t kind_find(const char *name)
{
	for (uint32_t i = 1; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i], name) == 0)
			return i;
	return TWINLOG__RECORD_KIND__RECORD_NONE;
}

const char *state_name(uint32_t state)
{
	return NAME_OF(states, state);
}

int state_find(const char *name)
{
	for (size_t i = 1; i < sizeof states / sizeof *states; i++)
		if (strcmp(states[i], name) == 0)
			return (int)i;
	return -1;
}

const char *standing_name(uint32_t standing)
{
	return NAME_OF(standings, standing);
}

const char *operation_name(uint32_t operation)
{
	return NAME_OF(operations, operation);
}

const char *member_standing_name(uint32_t standing)
{
	return NAME_OF(memberships, standing);
}

static const void *member_at(const ProtobufCMessage *message, unsigned offset)
{
	return (const uint8_t *)message + offset;
}

size_t field_size(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	const void *member = member_at(message, field->offset);

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return *(const size_t *)member_at(message, field->quantifier_offset);
	if (field->type == PROTOBUF_C_TYPE_MESSAGE)
		return *(ProtobufCMessage *const *)member != NULL;
	if (field->type == PROTOBUF_C_TYPE_BYTES)
		return ((const ProtobufCBinaryData *)member)->len != 0;
	return field_number(message, field, 0) != 0;
}

ProtobufCBinaryData field_bytes(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t index)
{
	const void *member = member_at(message, field->offset);

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return (*(ProtobufCBinaryData *const *)member)[index];
	return *(const ProtobufCBinaryData *)member;
}

int64_t field_number(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t index)
{
	const void *member = member_at(message, field->offset);

	(void)index; /* no body has a list of numbers */
	switch (field->type) {
	case PROTOBUF_C_TYPE_UINT32:
		return *(const uint32_t *)member;
	case PROTOBUF_C_TYPE_UINT64:
	case PROTOBUF_C_TYPE_SINT64:
		return *(const int64_t *)member;
	case PROTOBUF_C_TYPE_BOOL:
		return *(const protobuf_c_boolean *)member;
	default:
		return 0;
	}
}

const ProtobufCMessage *field_message(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
				      size_t index)
{
	const void *member = member_at(message, field->offset);

	if (field->label == PROTOBUF_C_LABEL_REPEATED)
		return (*(ProtobufCMessage * *const *)member)[index];
	return *(ProtobufCMessage *const *)member;
}
