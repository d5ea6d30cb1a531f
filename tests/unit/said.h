/* Positions as anybody may sign them. Header only; include after cmocka.h. */
#ifndef TWINLOG_TEST_SAID_H
#define TWINLOG_TEST_SAID_H

#include <stdlib.h>

#include "codec.h"
#include "peer.pb-c.h"
#include "record.pb-c.h"
#include "seal.h"

struct said {
	const struct hash *space;
	const struct seal_keys *keys;
	const struct hash *city;
	uint64_t machine, counter, time_ms;
	Twinlog__CityHeads **cities;
	size_t n_cities;
};

static inline ProtobufCBinaryData said_seal(const struct said *said)
{
	Twinlog__Position position = TWINLOG__POSITION__INIT;
	Twinlog__SignedPosition outer = TWINLOG__SIGNED_POSITION__INIT;
	uint8_t *inner, *packed, signature[SEAL_SIGNATURE_SIZE];
	size_t size;

	position.space = codec_hash(said->space);
	position.city = codec_hash(said->city);
	position.machine = said->machine;
	position.counter = said->counter;
	position.time_ms = said->time_ms;
	position.cities = said->cities;
	position.n_cities = said->n_cities;
	assert_int_equal(codec_pack(&position.base, &inner, &size), TWINLOG_OK);
	seal_sign(said->keys, "position", inner, size, signature);
	outer.position = codec_bytes(inner, size);
	outer.signature = codec_bytes(signature, sizeof signature);
	assert_int_equal(codec_pack(&outer.base, &packed, &size), TWINLOG_OK);
	free(inner);
	return codec_bytes(packed, size);
}

/* The message that brings it. */
static inline ProtobufCBinaryData said_frame(const struct said *said)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Positions positions = TWINLOG__POSITIONS__INIT;
	ProtobufCBinaryData one = said_seal(said), frame;

	positions.positions = &one;
	positions.n_positions = 1;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_POSITIONS;
	message.positions = &positions;
	assert_int_equal(codec_pack(&message.base, &frame.data, &frame.len), TWINLOG_OK);
	free(one.data);
	return frame;
}

/* Names that are nowhere, ascending. The fields point to the hashes. */
static inline void said_names(struct hash *hashes, ProtobufCBinaryData *fields, size_t count, unsigned from)
{
	for (unsigned i = 0; i < count; i++) {
		const unsigned number = from + i;
		hashes[i] = seal_hash1("said", &number, sizeof number);
	}
	assert_int_equal(hash_sort(hashes, count), count);
	for (size_t i = 0; i < count; i++)
		fields[i] = codec_hash(&hashes[i]);
}

#endif
