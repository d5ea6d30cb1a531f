/* One bundle, opened: strict framing, hashes and signature checked, envelopes decoded. Stateless and pure,
 * so that the verifier thread, the start-up, the simulator and an auditor's tool call the same code.
 * Knows proto and seal. PROTOCOL, "Bundles". */
#ifndef TWINLOG_BUNDLE_H
#define TWINLOG_BUNDLE_H

#include "codec.h"
#include "ids.h"
#include "seal.h"

struct leaf {
	struct hash hash;
	const uint8_t *salt; /* TWINLOG_SALT_SIZE bytes; NULL once erased */
	const uint8_t *body; /* packed Body; NULL once erased */
	uint32_t body_size;
	/* The envelope. Pointers into the bundle's memory. */
	uint8_t operation; /* Operation; 255 for one above that */
	uint8_t kind;      /* RecordKind; likewise */
	bool report;
	struct handle record; /* H("record", space, kind, opener, name), first 16 bytes */
	struct hash opener;   /* the signer itself when it opened the record; zero for a city record */
	const uint8_t *name;  /* of the record: 16 bytes, or the city id */
	uint16_t name_size;
	uint16_t replaces_count;
	uint16_t cities_count;
	uint64_t version;
	const struct hash *replaces;
	bool has_answers;
	struct hash answers;
	const ProtobufCBinaryData *cities; /* sorted city ids */
};

struct bundle {
	struct hash id;
	struct hash space;
	struct hash city;
	struct hash *parents;
	struct hash *acts;
	uint32_t parents_count;
	uint32_t acts_count;
	uint64_t number;
	uint64_t clock_ms;
	struct leaf *leaves;
	uint32_t leaves_count;
	uint32_t key; /* which of the keys given verified the signature; the newest come last, and first to be tried */
	const uint8_t *bytes; /* as received; borrowed or owned with the arena, see bundle_open */
	size_t size;
	struct arena *arena; /* holds all of the above */
};

/* Checks everything that can be checked without knowing anything else: framing, strictness, limits, hashes, and the
 * signature under one of keys (keys NULL: not checked, for what the own store holds). The bytes are copied.
 * Refusals: MALFORMED, NOT_STRICT, TOO_LARGE, TOO_MANY, BAD_HASH, BAD_SIGNATURE; NO_MEMORY.
 * *ret_bundle is the caller's, to free with bundle_free. Hash-only leaves are opened: whether they may stand is
 * for the one who knows the erasures. */
enum twinlog_error bundle_open(const void *bytes, size_t size, const struct seal_public *keys, size_t keys_count,
			       struct bundle **ret_bundle) TWINLOG_MUST_CHECK;
void bundle_free(struct bundle *bundle); /* accepts NULL */

/* H("record", …), first 16 bytes: the name of a record that people see and that views are keyed by. */
struct handle record_handle(const struct hash *space, uint8_t kind, const struct hash *opener, const void *name,
			    size_t name_size);

/* What goes into one new leaf. Everything is borrowed for the call. */
struct leaf_draft {
	const void *envelope; /* packed Envelope */
	size_t envelope_size;
	uint8_t salt[16];
	const void *body; /* packed Body */
	size_t body_size;
};
/* H("body", salt, body): what stays of a leaf's content once it is erased. */
/* PROTOCOL, "Bundles". */
struct hash bundle_id(ProtobufCBinaryData header, ProtobufCBinaryData signature);
struct hash bundle_content(ProtobufCBinaryData salt, ProtobufCBinaryData body);
struct hash leaf_hash(const struct hash *space, const struct hash *city, const void *envelope, size_t envelope_size,
		      const uint8_t *salt, const void *body, size_t body_size);

struct bundle_draft {
	struct hash space;
	struct hash city;
	const struct hash *parents; /* sorted */
	size_t parents_count;
	uint64_t number;
	const struct hash *acts; /* sorted */
	size_t acts_count;
	uint64_t clock_ms;
	const struct leaf_draft *leaves;
	size_t leaves_count;
};
/* Builds and signs; *ret_bytes is malloc'd and the caller's. TOO_LARGE past TWINLOG_BUNDLE_MAX. */
enum twinlog_error bundle_seal(const struct bundle_draft *draft, const struct seal_keys *keys, uint8_t **ret_bytes,
			       size_t *ret_size) TWINLOG_MUST_CHECK;

#endif
