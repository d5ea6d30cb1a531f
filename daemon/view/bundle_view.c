#include "bundle_view.h"

/* Field numbers of log.proto. */
enum { BUNDLE_HEADER = 1, BUNDLE_SIGNATURE = 2, BUNDLE_LEAVES = 3, LEAF_BODY = 3 };

#define WIRE_LENGTH_DELIMITED 2u /* protobuf encoding, "Message structure": every field of Bundle and Leaf is one */

static bool take_varint(const uint8_t **at, const uint8_t *end, uint64_t *ret_value)
{
	uint64_t value = 0;

	for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
		uint8_t byte = *(*at)++;

		value |= (uint64_t)(byte & 0x7f) << shift;
		if (byte < 0x80) {
			*ret_value = value;
			return true;
		}
	}
	return false;
}

static bool take_field(const uint8_t **at, const uint8_t *end, uint64_t *ret_field, ProtobufCBinaryData *ret_value)
{
	uint64_t tag, size;

	if (!take_varint(at, end, &tag) || (tag & 7) != WIRE_LENGTH_DELIMITED || !take_varint(at, end, &size) ||
	    size > (uint64_t)(end - *at))
		return false;
	*ret_field = tag >> 3;
	*ret_value = codec_bytes(*at, size);
	*at += size;
	return true;
}

/* The skip-th of the values of a field. */
static bool find_field(const uint8_t *bytes, size_t size, uint64_t wanted, uint32_t skip,
		       ProtobufCBinaryData *ret_value)
{
	const uint8_t *at = bytes, *end = bytes + size;
	ProtobufCBinaryData value;
	uint64_t field;

	while (at < end && take_field(&at, end, &field, &value)) {
		if (field != wanted || skip-- > 0)
			continue;
		*ret_value = value;
		return true;
	}
	return false;
}

enum twinlog_error bundle_view_header(const uint8_t *bytes, size_t size, ProtobufCBinaryData *ret_header)
{
	return find_field(bytes, size, BUNDLE_HEADER, 0, ret_header) ? TWINLOG_OK : TWINLOG_MALFORMED;
}

enum twinlog_error bundle_view_id(const uint8_t *bytes, size_t size, struct hash *ret_id)
{
	ProtobufCBinaryData header, signature;

	if (!find_field(bytes, size, BUNDLE_HEADER, 0, &header) ||
	    !find_field(bytes, size, BUNDLE_SIGNATURE, 0, &signature))
		return TWINLOG_MALFORMED;
	*ret_id = bundle_id(header, signature);
	return TWINLOG_OK;
}

enum twinlog_error bundle_view_body(const uint8_t *bytes, size_t size, uint32_t index, ProtobufCBinaryData *ret_body)
{
	ProtobufCBinaryData leaf;

	if (!find_field(bytes, size, BUNDLE_LEAVES, index, &leaf))
		return TWINLOG_MALFORMED;
	if (!find_field(leaf.data, leaf.len, LEAF_BODY, 0, ret_body))
		*ret_body = codec_bytes(NULL, 0);
	return TWINLOG_OK;
}

uint32_t bundle_view_places(const uint8_t *bytes, size_t size, uint32_t step, uint32_t *ret_offsets, uint32_t max)
{
	const uint8_t *at = bytes, *end = bytes + size;
	uint32_t index = 0, count = 0;

	while (at < end) {
		const uint8_t *begun = at;
		ProtobufCBinaryData value;
		uint64_t field;

		if (!take_field(&at, end, &field, &value))
			break;
		if (field != BUNDLE_LEAVES || index++ % step != 0)
			continue;
		if (count < max)
			ret_offsets[count] = (uint32_t)(begun - bytes);
		count++;
	}
	return count;
}

enum twinlog_error bundle_view_bodies(const uint8_t *bytes, size_t size,
				      bool (*visit)(void *context, uint32_t index, ProtobufCBinaryData body),
				      void *context)
{
	const uint8_t *at = bytes, *end = bytes + size;
	uint32_t index = 0;

	while (at < end) {
		ProtobufCBinaryData leaf, body;
		uint64_t field;

		if (!take_field(&at, end, &field, &leaf))
			return TWINLOG_MALFORMED;
		if (field != BUNDLE_LEAVES)
			continue;
		if (!find_field(leaf.data, leaf.len, LEAF_BODY, 0, &body))
			body = codec_bytes(NULL, 0);
		if (!visit(context, index++, body))
			break;
	}
	return TWINLOG_OK;
}
