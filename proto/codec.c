#include "codec.h"

#include <assert.h>
#include <stdlib.h>

#define ARENA_ALIGN     16u
#define ARENA_BLOCK_MIN (16u * 1024)
#define ARENA_BLOCK_MAX (256u * 1024) /* what a reset keeps is at most this large */

struct block {
	struct block *next;
	size_t size; /* of bytes */
	_Alignas(ARENA_ALIGN) uint8_t bytes[];
};

struct arena {
	uint8_t *at;          /* the next free byte of the first block */
	size_t left;          /* bytes from there to its end */
	size_t room;          /* bytes that the cap still allows */
	struct block *blocks; /* the one in use first */
	size_t cap;
	enum twinlog_error refused; /* why the last allocation came to nothing */
};

static struct block *block_new(size_t size)
{
	struct block *block = malloc(sizeof *block + size);
	if (block) {
		block->next = NULL;
		block->size = size;
	}
	return block;
}

static void arena_use(struct arena *arena, struct block *block)
{
	arena->blocks = block;
	arena->at = block->bytes;
	arena->left = block->size;
}

struct arena *arena_new(size_t cap)
{
	struct arena *arena = calloc(1, sizeof *arena);
	struct block *block = block_new(ARENA_BLOCK_MIN);
	if (!arena || !block) {
		free(arena);
		free(block);
		return NULL;
	}
	arena->cap = cap;
	arena->room = cap;
	arena_use(arena, block);
	return arena;
}

static void blocks_free(struct block *block)
{
	while (block) {
		struct block *next = block->next;
		free(block);
		block = next;
	}
}

void arena_free(struct arena *arena)
{
	if (!arena)
		return;
	blocks_free(arena->blocks);
	free(arena);
}

void arena_reset(struct arena *arena)
{
	blocks_free(arena->blocks->next);
	arena->blocks->next = NULL;
	arena_use(arena, arena->blocks);
	arena->room = arena->cap;
	arena->refused = TWINLOG_OK;
}

/* Large pieces get a block of their own behind the one in use, so that they are neither kept nor waste its rest. */
static void *arena_grow(struct arena *arena, size_t size)
{
	bool alone = size > ARENA_BLOCK_MAX / 4;
	size_t wanted = arena->blocks->size * 2 < ARENA_BLOCK_MAX ? arena->blocks->size * 2 : ARENA_BLOCK_MAX;
	if (alone || wanted < size)
		wanted = size;
	struct block *block = block_new(wanted);
	if (!block) {
		arena->refused = TWINLOG_NO_MEMORY;
		return NULL;
	}
	arena->room -= size;
	if (alone) {
		block->next = arena->blocks->next;
		arena->blocks->next = block;
		return block->bytes;
	}
	block->next = arena->blocks;
	arena_use(arena, block);
	arena->at += size;
	arena->left -= size;
	return block->bytes;
}

void *arena_alloc(struct arena *arena, size_t size)
{
	if (size > arena->room) { /* before rounding, which could overflow */
		arena->refused = TWINLOG_TOO_LARGE;
		return NULL;
	}
	size = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	if (size > arena->room) {
		arena->refused = TWINLOG_TOO_LARGE;
		return NULL;
	}
	if (size > arena->left)
		return arena_grow(arena, size);
	void *piece = arena->at;
	arena->at += size;
	arena->left -= size;
	arena->room -= size;
	return piece;
}

void *arena_zalloc(struct arena *arena, size_t size)
{
	void *piece = arena_alloc(arena, size);
	if (piece)
		memset(piece, 0, size);
	return piece;
}

void *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
	void *piece = arena_alloc(arena, size);
	if (piece && size > 0)
		memcpy(piece, bytes, size);
	return piece;
}

static void *unpack_alloc(void *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static void unpack_free(void *arena, void *piece)
{
	(void)arena;
	(void)piece;
}

enum twinlog_error codec_unpack(struct arena *arena, const ProtobufCMessageDescriptor *descriptor, const void *bytes,
				size_t size, ProtobufCMessage **ret_message)
{
	ProtobufCAllocator allocator = {.alloc = unpack_alloc, .free = unpack_free, .allocator_data = arena};
	arena->refused = TWINLOG_OK;
	ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, &allocator, size, bytes);
	if (!message)
		return arena->refused != TWINLOG_OK ? arena->refused : TWINLOG_MALFORMED;
	*ret_message = message;
	return TWINLOG_OK;
}

static bool all_known(const ProtobufCMessage *message);

static bool field_known(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field)
{
	const uint8_t *base = (const uint8_t *)message;
	const void *member = base + field->offset;
	if (field->label == PROTOBUF_C_LABEL_REPEATED) {
		size_t count;
		memcpy(&count, base + field->quantifier_offset, sizeof count);
		ProtobufCMessage *const *items = *(ProtobufCMessage *const *const *)member;
		for (size_t i = 0; i < count; i++) {
			if (!all_known(items[i]))
				return false;
		}
		return true;
	}
	if (field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
		uint32_t chosen;
		memcpy(&chosen, base + field->quantifier_offset, sizeof chosen);
		if (chosen != field->id)
			return true;
	}
	const ProtobufCMessage *item = *(const ProtobufCMessage *const *)member;
	return !item || all_known(item);
}

/* Our messages do not nest in themselves, so the depth is bounded. */
static bool all_known(const ProtobufCMessage *message)
{
	if (message->n_unknown_fields > 0)
		return false;
	for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
		const ProtobufCFieldDescriptor *field = &message->descriptor->fields[i];
		if (field->type == PROTOBUF_C_TYPE_MESSAGE && !field_known(message, field))
			return false;
	}
	return true;
}

/* Compares what is packed with what was there, instead of keeping it. */
struct comparison {
	ProtobufCBuffer base;
	const uint8_t *expected;
	size_t left;
	bool same;
};

static void comparison_append(ProtobufCBuffer *buffer, size_t size, const uint8_t *bytes)
{
	struct comparison *comparison = (struct comparison *)buffer;
	if (!comparison->same || size == 0)
		return;
	if (size > comparison->left || memcmp(comparison->expected, bytes, size) != 0) {
		comparison->same = false;
		return;
	}
	comparison->expected += size;
	comparison->left -= size;
}

enum twinlog_error codec_unpack_strict(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
				       const void *bytes, size_t size, ProtobufCMessage **ret_message)
{
	ProtobufCMessage *message = NULL;
	enum twinlog_error error = codec_unpack(arena, descriptor, bytes, size, &message);
	if (error != TWINLOG_OK)
		return error;
	if (!all_known(message))
		return TWINLOG_NOT_STRICT;
	struct comparison comparison = {
	    .base.append = comparison_append, .expected = bytes, .left = size, .same = true};
	protobuf_c_message_pack_to_buffer(message, &comparison.base);
	if (!comparison.same || comparison.left != 0)
		return TWINLOG_NOT_STRICT;
	*ret_message = message;
	return TWINLOG_OK;
}

/* ---- Each field once ---- */

struct wire {
	const uint8_t *at, *end;
};

static bool wire_varint(struct wire *wire, uint64_t *ret_value)
{
	uint64_t value = 0;
	for (unsigned shift = 0; shift < 70 && wire->at < wire->end; shift += 7) {
		const uint8_t byte = *wire->at++;
		value |= shift < 64 ? (uint64_t)(byte & 0x7f) << shift : 0;
		if (byte < 0x80) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

/* One field: its number, and what stands in it when that has a length. */
static bool wire_field(struct wire *wire, uint64_t *ret_number, struct wire *ret_content)
{
	uint64_t tag, size;
	if (!wire_varint(wire, &tag))
		return false;
	*ret_number = tag >> 3;
	*ret_content = (struct wire){NULL, NULL};
	switch (tag & 7) {
	case 0:
		return wire_varint(wire, &size);
	case 1:
		size = 8;
		break;
	case 2:
		if (!wire_varint(wire, &size))
			return false;
		break;
	case 5:
		size = 4;
		break;
	default:
		return false;
	}
	if (size > (size_t)(wire->end - wire->at))
		return false;
	if ((tag & 7) == 2)
		*ret_content = (struct wire){wire->at, wire->at + size};
	wire->at += size;
	return true;
}

/* The fields of a oneof share a place: that of the first of them. */
static size_t field_place(const ProtobufCMessageDescriptor *descriptor, const ProtobufCFieldDescriptor *field)
{
	size_t place = (size_t)(field - descriptor->fields);
	if (!(field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF))
		return place;
	for (place = 0; !(descriptor->fields[place].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) ||
			descriptor->fields[place].quantifier_offset != field->quantifier_offset;)
		place++;
	return place;
}

/* Our messages do not nest in themselves, so the depth is bounded. */
static bool all_once(const ProtobufCMessageDescriptor *descriptor, struct wire wire)
{
	uint64_t seen = 0, number;
	struct wire content;
	assert(descriptor->n_fields <= 64);
	while (wire.at < wire.end) {
		if (!wire_field(&wire, &number, &content))
			return false;
		const ProtobufCFieldDescriptor *field =
		    number <= UINT32_MAX ? protobuf_c_message_descriptor_get_field(descriptor, (unsigned)number) : NULL;
		if (!field)
			continue;
		const uint64_t bit = UINT64_C(1) << field_place(descriptor, field);
		if (field->label != PROTOBUF_C_LABEL_REPEATED && (seen & bit))
			return false;
		seen |= bit;
		if (field->type == PROTOBUF_C_TYPE_MESSAGE && content.at &&
		    !all_once((const ProtobufCMessageDescriptor *)field->descriptor, content))
			return false;
	}
	return true;
}

enum twinlog_error codec_unpack_once(struct arena *arena, const ProtobufCMessageDescriptor *descriptor,
				     const void *bytes, size_t size, ProtobufCMessage **ret_message)
{
	const uint8_t *at = bytes;
	if (size > 0 && !all_once(descriptor, (struct wire){at, at + size}))
		return TWINLOG_MALFORMED;
	return codec_unpack(arena, descriptor, bytes, size, ret_message);
}

enum twinlog_error codec_pack(const ProtobufCMessage *message, uint8_t **ret_bytes, size_t *ret_size)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = malloc(size > 0 ? size : 1);
	if (!bytes)
		return TWINLOG_NO_MEMORY;
	size_t packed = protobuf_c_message_pack(message, bytes);
	assert(packed == size);
	*ret_bytes = bytes;
	*ret_size = packed;
	return TWINLOG_OK;
}

enum twinlog_error codec_pack_arena(struct arena *arena, const ProtobufCMessage *message, uint8_t **ret_bytes,
				    size_t *ret_size)
{
	size_t size = protobuf_c_message_get_packed_size(message);
	uint8_t *bytes = arena_alloc(arena, size);
	if (!bytes)
		return arena->refused;
	size_t packed = protobuf_c_message_pack(message, bytes);
	assert(packed == size);
	*ret_bytes = bytes;
	*ret_size = packed;
	return TWINLOG_OK;
}

ProtobufCBinaryData codec_string(const char *text)
{
	return codec_bytes(text, text ? strlen(text) : 0);
}

ProtobufCBinaryData *codec_hash_list(struct arena *arena, const struct hash *hashes, size_t count)
{
	if (count == 0 || count > SIZE_MAX / sizeof(ProtobufCBinaryData))
		return NULL;
	ProtobufCBinaryData *list = arena_alloc(arena, count * sizeof *list);
	for (size_t i = 0; list && i < count; i++)
		list[i] = codec_hash(&hashes[i]);
	return list;
}

enum twinlog_error codec_get_hash(ProtobufCBinaryData field, struct hash *ret_hash)
{
	if (field.len != HASH_SIZE)
		return TWINLOG_MALFORMED;
	memcpy(ret_hash->bytes, field.data, HASH_SIZE);
	return TWINLOG_OK;
}

enum twinlog_error codec_get_handle(ProtobufCBinaryData field, struct handle *ret_handle)
{
	if (field.len != HANDLE_SIZE)
		return TWINLOG_MALFORMED;
	memcpy(ret_handle->bytes, field.data, HANDLE_SIZE);
	return TWINLOG_OK;
}

enum twinlog_error codec_get_sorted_hashes(struct arena *arena, const ProtobufCBinaryData *fields, size_t count,
					   size_t max, struct hash **ret_hashes)
{
	if (count > max)
		return TWINLOG_TOO_MANY;
	struct hash *hashes = arena_alloc(arena, count * sizeof *hashes);
	if (!hashes)
		return arena->refused;
	for (size_t i = 0; i < count; i++) {
		enum twinlog_error error = codec_get_hash(fields[i], &hashes[i]);
		if (error != TWINLOG_OK)
			return error;
		if (i > 0 && hash_compare(&hashes[i - 1], &hashes[i]) >= 0)
			return TWINLOG_NOT_STRICT;
	}
	*ret_hashes = hashes;
	return TWINLOG_OK;
}
