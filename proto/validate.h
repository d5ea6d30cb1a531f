/* Whether a body means something: every field's form and limits. Pure but for ICU behind text.h. Knows the generated
 * messages, text, edtf, codelist. PROTOCOL, "Void".
 *
 * Two judges. For the reader (VALIDATE_READ) a fault makes an operation void at every member alike, so these rules are
 * part of the protocol, are numbered, and look only at the envelope and the body: no code lists, no ICU tables that
 * change with a version. For the writer (VALIDATE_WRITE) there is more: NFC, assigned characters, codes of the lists,
 * city ids of the right form. */
#ifndef TWINLOG_VALIDATE_H
#define TWINLOG_VALIDATE_H

#include "log.pb-c.h"
#include "record.pb-c.h"
#include "twinlog/error.h"

enum body_rule { /* the numbers are those of PROTOCOL, "Void" */
		 BODY_SOUND = 0,
		 BODY_MALFORMED = 1, /* not a Body, or a field that is no list stands twice: codec_unpack_once */
		 BODY_WRONG_CONTENT =
		     2,            /* content of another kind than the envelope says, or content where none belongs */
		 BODY_TEXT = 3,    /* a text that is not UTF-8, or has U+0000 */
		 BODY_LIMIT = 4,   /* a text or list over its limit */
		 BODY_DATE = 5,    /* a date that is none, or an end before its start */
		 BODY_MISSING = 6, /* a needed field is absent: fewer than two cities or parties, no field or form of an
				      activity, no relation type of an agreement, no id of a city */
		 BODY_CITIES = 7,  /* the cities are not those of the envelope */
		 BODY_REFERENCE = 8, /* a handle, token or hash of the wrong size */
};

enum validate_mode { VALIDATE_READ, VALIDATE_WRITE };

/* OK, or an error with fault (may be NULL) telling field path ("start", "cities[1].city_id") and value. *ret_rule is
 * set always; a writer's fault that is no reader's has BODY_SOUND. envelope may be NULL in VALIDATE_WRITE: kind and
 * operation then come from the two arguments, and rule 7 is not asked. */
enum twinlog_error validate_body(enum validate_mode mode, const Twinlog__Envelope *envelope, uint32_t operation,
				 uint32_t kind, const Twinlog__Body *body, enum body_rule *ret_rule,
				 struct twinlog_fault *fault) TWINLOG_MUST_CHECK;

/* Two upper-case letters, a colon, then letters, digits, - and _ in lower case, or @ and such for an association
 * (`KR:@klafir`); at most TWINLOG_CITY_ID_MAX. */
enum twinlog_error validate_city_id(const void *text, size_t size) TWINLOG_MUST_CHECK;

/* The city ids that go into the envelope: those of the body but observers; sorted, each once, in arena. For a city
 * record its own id. */
struct arena;
enum twinlog_error validate_cities(struct arena *arena, uint32_t kind, const Twinlog__Body *body,
				   ProtobufCBinaryData **ret_cities, size_t *ret_count) TWINLOG_MUST_CHECK;
/* The same into *cities, which has room for all cities of the body and one. Returns how many stay. */
size_t validate_cities_into(uint32_t kind, const Twinlog__Body *body, ProtobufCBinaryData *cities);

#endif
