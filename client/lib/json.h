/* Records as JSON and back: the client's door to jansson. Strict on input (a field nobody knows is a fault with its
 * path), deterministic on output (fixed order of fields, no field that is empty).
 *
 * Input is one flat object a record: "kind" (or known from its fields: city_id, parties, else activity), "office",
 * "note", and the fields of record.proto. Short forms: a bare value for a list of one; a bare text for a title
 * ({"lang", "text"}, language by script), a city ("KR:mokpo", "KR:mokpo=host"), a source, a document, a name; "title"
 * and "summary" for titles and summaries; a number for participants. null clears a field. */
#ifndef TWINLOG_JSON_H
#define TWINLOG_JSON_H

#include <jansson.h>
#include <stdio.h>

#include "codec.h"
#include "control.pb-c.h"
#include "fields.h"
#include "twinlog/limits.h"

/* How texts that name a city become ids. find NULL: only ids are understood. */
struct json_cities {
	enum twinlog_error (*find)(void *context, const char *name, size_t size, char ret_id[TWINLOG_CITY_ID_MAX + 1],
				   struct twinlog_fault *fault);
	void *context;
};

/* What stands beside the body in the object of one record. */
struct json_entry {
	uint32_t kind;
	Twinlog__Body *body;
	bool report;      /* "report": true */
	bool has_request; /* "request": 32 hex digits */
	struct handle request;
	const char *space;    /* "space": NULL when not said; as long as the json_t lives */
	const char *based_on; /* "based_on": hex digits, likewise */
};

/* Parses text. *ret_json is the caller's (json_decref). line: of the file, 0 when it says nothing; for the fault. */
enum twinlog_error json_parse(const char *text, size_t size, size_t line, json_t **ret_json,
			      struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Reads one record's object into arena. base: NULL, or the body to start from, in the same arena: fields that the
 * object names replace those of base, the others stay (unknown ones of a newer partner too). kind_hint: the kind when
 * the object does not tell; RECORD_NONE: see above. A name in titles or the like is put into NFC. Does not judge what
 * validate_body judges. */
enum twinlog_error json_read_entry(struct arena *arena, const json_t *object, uint32_t kind_hint,
				   const Twinlog__Body *base, const struct json_cities *cities,
				   struct json_entry *ret_entry, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* The language that a text is most likely in, by its letters: zh, ko, ja or en. */
const char *json_language(const char *text, size_t size);
/* An empty body of that kind, in arena, with a content; NULL past its cap. */
Twinlog__Body *body_new(struct arena *arena, uint32_t kind);

/* The filter of twinlog_list, into filter and arena. */
enum twinlog_error json_read_filter(struct arena *arena, const json_t *object, const struct json_cities *cities,
				    Twinlog__Filter *filter, struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Objects for output, the caller's. NULL when memory is out. */
json_t *json_body(uint32_t kind, const Twinlog__Body *body);
json_t *json_version(uint32_t kind, const Twinlog__Version *version);
json_t *json_record(const Twinlog__Record *record);
json_t *json_records(const Twinlog__Records *records);
json_t *json_space(const Twinlog__SpaceInfo *space);
json_t *json_spaces(const Twinlog__Spaces *spaces);
json_t *json_peer(const Twinlog__PeerInfo *peer);
json_t *json_peers(const Twinlog__Peers *peers);
json_t *json_status(const Twinlog__Status *status);
json_t *json_space_status(const Twinlog__SpaceStatus *status);
json_t *json_reported(const Twinlog__Reported *reported);
json_t *json_report_key(ProtobufCBinaryData dimension, ProtobufCBinaryData key); /* null when not said */
json_t *json_erased(const Twinlog__Erased *erased);
json_t *json_bytes_hex(ProtobufCBinaryData bytes);
json_t *json_bytes_text(ProtobufCBinaryData bytes); /* what is not UTF-8 becomes U+FFFD */
json_t *json_time(uint64_t unix_ms);                /* "2026-11-24T04:30:00.123Z" */

/* malloc'd text without final line feed; compact: one line. */
enum twinlog_error json_text(const json_t *json, bool compact, char **ret_text) TWINLOG_MUST_CHECK;

/* A Body of a version, decoded into arena; NULL when it is erased, void beyond reading, or memory is out. */
const Twinlog__Body *version_body(struct arena *arena, const Twinlog__Version *version);

#endif
