/* Bounded encoding and decoding of the generated messages: the one door to protobuf-c.
 *
 * protobuf-c itself limits nothing: two megabytes of empty submessages become a hundred. So every decode
 * goes through an arena with a cap, from input with a cap; and a signed message must re-encode to the very bytes
 * it came from (PROTOCOL, "Strict decoding"). Knows ids.h only. */
#ifndef TWINLOG_CODEC_H
#define TWINLOG_CODEC_H

#include <protobuf-c/protobuf-c.h>
#include <stddef.h>
#include <stdint.h>

#include "ids.h"
#include "twinlog/error.h"

/* Memory for decoded messages: allocated in blocks, freed at once. Not for threads to share. */
struct arena;

/* cap: bytes that may be allocated in all. NULL when memory is out. */
struct arena *arena_new(size_t cap);
void arena_free(struct arena *arena); /* accepts NULL */
/* Keeps one block for the next use. */
void arena_reset(struct arena *arena);
/* Aligned for anything; NULL past the cap. Zeroed by arena_zalloc. */
void *arena_alloc(struct arena *arena, size_t size);
void *arena_zalloc(struct arena *arena, size_t size);
/* A copy of size bytes, NULL past the cap. */
void *arena_copy(struct arena *arena, const void *bytes, size_t size);

/* Decodes into arena; *ret_message lives as long as the arena's content. Unknown fields are kept.
 * TWINLOG_TOO_LARGE when the cap is reached, TWINLOG_MALFORMED otherwise. */
enum twinlog_error codec_unpack(struct arena *arena, const ProtobufCMessageDescriptor *descriptor, const void *bytes,
				size_t size, ProtobufCMessage **ret_message) TWINLOG_MUST_CHECK;

/* As codec_unpack, and TWINLOG_NOT_STRICT for unknown fields or bytes that do not re-encode to themselves. */
enum twinlog_error codec_unpack_strict(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
				       const void *bytes, size_t size,
				       ProtobufCMessage **ret_message) TWINLOG_MUST_CHECK;

/* As codec_unpack, and TWINLOG_MALFORMED where a field that is no list, or a oneof, stands twice in one message.
 * Nothing is merged then, so the memory that decoding takes is bounded by the size, whoever decodes. PROTOCOL, "Bodies"
 * rule 1. */
enum twinlog_error codec_unpack_once(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
				     const void *bytes, size_t size, ProtobufCMessage **ret_message) TWINLOG_MUST_CHECK;

/* Packs into malloc'd memory owned by the caller. */
enum twinlog_error codec_pack(const ProtobufCMessage *message, uint8_t **ret_bytes,
			      size_t *ret_size) TWINLOG_MUST_CHECK;
/* Packs into the arena. */
enum twinlog_error codec_pack_arena(struct arena *arena, const ProtobufCMessage *message, uint8_t **ret_bytes,
				    size_t *ret_size) TWINLOG_MUST_CHECK;

/* UNPACK(arena, bytes, size, &card, twinlog__city_card) declares nothing and casts everything. */
#define CODEC_UNPACK(arena, bytes, size, ret_message, name)                                                            \
	codec_unpack((arena), &name##__descriptor, (bytes), (size), (ProtobufCMessage **)(void *)(ret_message))
#define CODEC_UNPACK_STRICT(arena, bytes, size, ret_message, name)                                                     \
	codec_unpack_strict((arena), &name##__descriptor, (bytes), (size), (ProtobufCMessage **)(void *)(ret_message))

#define CODEC_UNPACK_ONCE(arena, bytes, size, ret_message, name)                                                       \
	codec_unpack_once((arena), &name##__descriptor, (bytes), (size), (ProtobufCMessage **)(void *)(ret_message))

/* A view of memory owned elsewhere, as a protobuf bytes field. */
static inline ProtobufCBinaryData codec_bytes(const void *bytes, size_t size)
{
	return (ProtobufCBinaryData){.len = size, .data = (uint8_t *)(uintptr_t)bytes};
}
static inline ProtobufCBinaryData codec_hash(const struct hash *hash)
{
	return codec_bytes(hash->bytes, HASH_SIZE);
}
static inline ProtobufCBinaryData codec_handle(const struct handle *handle)
{
	return codec_bytes(handle->bytes, HANDLE_SIZE);
}
/* Without its closing zero; NULL: no bytes. */
ProtobufCBinaryData codec_string(const char *text);
/* In the arena: views of count hashes, which must outlive it. NULL past the cap (or count 0). */
ProtobufCBinaryData *codec_hash_list(struct arena *arena, const struct hash *hashes, size_t count);

/* TWINLOG_MALFORMED unless the field has exactly that size. */
enum twinlog_error codec_get_hash(ProtobufCBinaryData field, struct hash *ret_hash) TWINLOG_MUST_CHECK;
enum twinlog_error codec_get_handle(ProtobufCBinaryData field, struct handle *ret_handle) TWINLOG_MUST_CHECK;
/* Sorted, each once, at most max: *ret_hashes in the arena. TWINLOG_NOT_STRICT when unsorted or repeated. */
enum twinlog_error codec_get_sorted_hashes(struct arena *arena, const ProtobufCBinaryData *fields, size_t count,
					   size_t max, struct hash **ret_hashes) TWINLOG_MUST_CHECK;

static inline bool codec_same(ProtobufCBinaryData a, ProtobufCBinaryData b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}
static inline bool codec_equal(ProtobufCBinaryData field, const char *text)
{
	return codec_same(field, codec_bytes(text, strlen(text)));
}

#endif
