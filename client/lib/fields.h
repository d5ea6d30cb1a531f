/* What each field of a body is, beyond its type on the wire: a code of which list, a city, a date, a handle. One table
 * for JSON, the printed tables, CSV and the command line. Names of fields are those of record.proto, which are those of
 * the manual. Knows the generated messages and codelist.h. */
#ifndef TWINLOG_FIELDS_H
#define TWINLOG_FIELDS_H

#include "codec.h"
#include "codelist.h"
#include "record.pb-c.h"

enum field_form {
	FIELD_TEXT,
	FIELD_CODE, /* of meaning->list */
	FIELD_CITY, /* a city id */
	FIELD_DATE, /* EDTF */
	FIELD_LANG,
	FIELD_HEX,       /* bytes, shown as hex digits: handles, hashes */
	FIELD_DIRECTION, /* FROM>TO with city ids, or a code of the list */
	FIELD_NUMBER,
	FIELD_COUNT,   /* a message Count, shown as its number */
	FIELD_MESSAGE, /* a message with fields of its own */
};

struct field_meaning {
	enum field_form form;
	enum codelist list;
	const char *name;      /* in JSON; the proto's name but for private_total: private */
	const char *shorthand; /* FIELD_MESSAGE: which of its fields a bare text sets; NULL: none */
};

/* The meaning of a field of the message described. */
struct field_meaning field_meaning(const ProtobufCMessageDescriptor *message, const ProtobufCFieldDescriptor *field);
/* By JSON name; NULL when there is none. */
const ProtobufCFieldDescriptor *field_find(const ProtobufCMessageDescriptor *message, const char *name);

/* The code lists that a field holds codes of, by its path in a record of any kind ("actors[0].level"): at most max of
 * them, each once. Returns how many. */
#define FIELD_LISTS_MAX 3u
size_t field_lists(const char *path, enum codelist *ret_lists, size_t max);

/* The content of a body as message, NULL when it has none; by record kind its descriptor. */
const ProtobufCMessage *body_content(const Twinlog__Body *body);
const ProtobufCMessageDescriptor *kind_descriptor(uint32_t kind);
const char *kind_name(uint32_t kind);                /* "activity"; "" when unknown */
uint32_t kind_find(const char *name);                /* RECORD_NONE when unknown */
const char *state_name(uint32_t state);              /* "one_sided" */
int state_find(const char *name);                    /* -1 */
const char *standing_name(uint32_t standing);        /* "confirms" */
const char *operation_name(uint32_t operation);      /* "statement" */
const char *member_standing_name(uint32_t standing); /* "invited" */

/* Access by descriptor. field_size: elements of a repeated field; else 1 when set (not empty, zero or NULL), 0 when
 * not. */
size_t field_size(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field);
ProtobufCBinaryData field_bytes(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t index);
int64_t field_number(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field, size_t index);
const ProtobufCMessage *field_message(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
				      size_t index);

#endif
