/* Reading single values, shared by json_read.c (values and messages) and json_entry.c (records and filters). */
#ifndef TWINLOG_JSON_READING_H
#define TWINLOG_JSON_READING_H

#include "json.h"

struct reading {
	struct arena *arena;
	const struct json_cities *cities; /* may be NULL */
	struct twinlog_fault *fault;
};

/* Fills the fault with the path and the value as text; value may be NULL. */
enum twinlog_error reading_refuse(const struct reading *reading, enum twinlog_error code, const char *path,
				  const json_t *value);
enum twinlog_error reading_full(const struct reading *reading, const char *path);

enum twinlog_error reading_bytes(const struct reading *reading, const struct field_meaning *meaning,
				 const json_t *value, const char *path,
				 ProtobufCBinaryData *ret_bytes) TWINLOG_MUST_CHECK;
/* The member called name of a message; TWINLOG_BAD_FIELD when it has none. */
enum twinlog_error reading_member(const struct reading *reading, const char *name, const json_t *value,
				  const char *path, ProtobufCMessage *message) TWINLOG_MUST_CHECK;

#endif
