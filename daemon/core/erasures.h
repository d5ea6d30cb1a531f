/* Erasures of one space: signed objects that take salt and body from a leaf and leave envelope, hash and signature
 * standing. A set that only grows, as acts and bundles are. Pure; knows acts.h and bundle.h. PROTOCOL, "Erasures".
 *
 * A city erases its own leaves. For a city that left or was removed, most stewards together do: each signs its own
 * erasure of the leaf, and all of them take effect at once. */
#ifndef TWINLOG_ERASURES_H
#define TWINLOG_ERASURES_H

#include "acts.h"
#include "bundle.h"

struct erasure {
	struct hash id;
	struct hash space;
	struct hash signer;
	struct hash city; /* the leaf's author */
	struct hash bundle;
	struct hash leaf;
	uint32_t index; /* the leaf's place in the bundle */
	uint64_t clock_ms;
	char reason[TWINLOG_CODE_MAX + 1];
	uint8_t *bytes; /* SignedErasure, exact; own */
	size_t size;
	uint32_t from;     /* the caller's: whom it came from */
	uint32_t same;     /* next erasure of the same leaf of that city; ERASURE_NONE */
	uint64_t sequence; /* in the store */
	size_t key;        /* least number of the key that verified it: erasure_check */
	bool applies;      /* the leaf's content is gone */
	bool shut_out;     /* by a change of key: it takes nothing, yet may have taken content elsewhere before */
};
#define ERASURE_NONE UINT32_MAX

/* Decodes strictly and checks form and limits; the signature not yet. *ret_erasure is the caller's, to free. */
enum twinlog_error erasure_open(const void *bytes, size_t size, struct erasure **ret_erasure) TWINLOG_MUST_CHECK;
void erasure_free(struct erasure *erasure); /* accepts NULL */
/* The signature, and the signer's right: its own leaf, or one who was made a steward. UNKNOWN_KEY, BAD_SIGNATURE,
 * NOT_PERMITTED. Notes which key it was. */
enum twinlog_error erasure_check(struct erasure *erasure, const struct acts *acts) TWINLOG_MUST_CHECK;
/* Signs; *ret_bytes (a SignedErasure) is malloc'd and the caller's. */
enum twinlog_error erasure_seal(const Twinlog__Erasure *message, const struct seal_keys *keys, uint8_t **ret_bytes,
				size_t *ret_size) TWINLOG_MUST_CHECK;

/* The bundle with salt and body of one leaf replaced by their hash; *ret_bytes is malloc'd. Stripping again changes
 * nothing. MALFORMED, also when there is no such leaf. */
enum twinlog_error bundle_strip(const void *bytes, size_t size, uint32_t index, uint8_t **ret_bytes,
				size_t *ret_size) TWINLOG_MUST_CHECK;
/* Likewise of so many leaves. */
enum twinlog_error bundle_strip_all(const void *bytes, size_t size, const uint32_t *indices, size_t count,
				    uint8_t **ret_bytes, size_t *ret_size) TWINLOG_MUST_CHECK;

struct erasures;
enum twinlog_error erasures_new(struct erasures **ret_erasures) TWINLOG_MUST_CHECK;
void erasures_free(struct erasures *erasures); /* accepts NULL */

/* Takes a checked one over on TWINLOG_OK. DUPLICATE; TOO_MANY signed with one key of one city. */
enum twinlog_error erasures_add(struct erasures *erasures, struct erasure *erasure) TWINLOG_MUST_CHECK;
/* Likewise one that was taken in before, whatever its signer's share. */
enum twinlog_error erasures_load(struct erasures *erasures, struct erasure *erasure) TWINLOG_MUST_CHECK;
/* The next one is durable; erasures_settle brings the digest up to date after one or many. */
void erasures_commit(struct erasures *erasures);
enum twinlog_error erasures_settle(struct erasures *erasures) TWINLOG_MUST_CHECK;
/* Whether the content of the leaf of this city has to go under these acts, which may only have grown since it was asked
 * last. True once: when it begins to. */
bool erasures_judge(struct erasures *erasures, const struct acts *acts, const struct hash *city,
		    const struct hash *leaf);

size_t erasures_count(const struct erasures *erasures);
size_t erasures_committed(const struct erasures *erasures);
const struct erasure *erasures_at(const struct erasures *erasures, size_t index); /* in order of arrival */
bool erasures_has(const struct erasures *erasures, const struct hash *id);
/* The one that took the content of this leaf of this city; NULL: none did. */
const struct erasure *erasures_of(const struct erasures *erasures, const struct hash *city, const struct hash *leaf);

/* The leaves that erasures are of, by numbers from 0 in order of arrival: the first erasure of each, which names leaf
 * and city. */
size_t erasures_leaves(const struct erasures *erasures);
const struct erasure *erasures_leaf(const struct erasures *erasures, size_t number);

/* Whether a leaf of this city may come without its content: an erasure took it, or may have where no one knew yet of a
 * change of key. As it was judged last. */
bool erasures_excuse(const struct erasures *erasures, const struct hash *city, const struct hash *leaf);

/* Digest of the durable ones: H("erasures", for each of 256 buckets, by the first byte of the id, H("erasure-bucket",
 * sorted ids), all zero for an empty one). No erasures: all zero, and said by leaving it out. */
#define ERASURE_BUCKETS 256u
const struct hash *erasures_digest(const struct erasures *erasures);
const struct hash *erasures_buckets(const struct erasures *erasures); /* ERASURE_BUCKETS of them */

#endif
