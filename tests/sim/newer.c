/* A city that runs a newer version: its messages have fields and kinds that this one does not know, and so have some of
 * its words. All of them are kept, passed on, and decide nothing here. */
#include <stdlib.h>

#include "lies.h"

#define NEWER_FIELD     1000u /* of any message */
#define NEWER_MESSAGE   500u  /* a message of its own */
#define NEWER_OPERATION 77u
#define NEWER_KIND      9u

struct bytes {
	uint8_t items[64];
	size_t count;
};

static void varint_put(struct bytes *bytes, uint64_t value)
{
	for (; value >= 128; value >>= 7)
		bytes->items[bytes->count++] = (uint8_t)(value | 128);
	bytes->items[bytes->count++] = (uint8_t)value;
}

static size_t varint_get(const uint8_t *at, size_t left, uint64_t *ret_value)
{
	size_t size = 0;
	*ret_value = 0;
	while (size < left && size < 10) {
		*ret_value |= (uint64_t)(at[size] & 127) << (7 * size);
		if (at[size++] < 128)
			return size;
	}
	return 0;
}

static struct bytes newer_field(uint32_t field)
{
	struct bytes bytes = {.count = 0};
	static const char text[] = "what nobody knows yet";
	varint_put(&bytes, field << 3 | 2);
	varint_put(&bytes, sizeof text);
	memcpy(bytes.items + bytes.count, text, sizeof text);
	bytes.count += sizeof text;
	return bytes;
}

/* The body of a frame is its one field: the unknown one goes to its end, and another behind it. */
static struct blob *newer_fields(const struct blob *blob)
{
	uint64_t tag, body_size;
	const struct bytes unknown = newer_field(NEWER_FIELD);
	const size_t tag_size = varint_get(blob->bytes, blob->size, &tag);
	const size_t head = tag_size + varint_get(blob->bytes + tag_size, blob->size - tag_size, &body_size);
	if (!tag_size || head == tag_size || head + body_size != blob->size)
		return blob_new(blob->bytes, blob->size);
	struct bytes front = {.count = 0};
	varint_put(&front, tag);
	varint_put(&front, body_size + unknown.count);
	const size_t size = front.count + body_size + 2 * unknown.count;
	uint8_t *bytes = sim_alloc(size), *at = bytes;
	memcpy(at, front.items, front.count);
	memcpy(at += front.count, blob->bytes + head, body_size);
	memcpy(at += body_size, unknown.items, unknown.count);
	memcpy(at + unknown.count, unknown.items, unknown.count);
	struct blob *newer = blob_new(bytes, size);
	free(bytes);
	return newer;
}

static struct blob *newer_hello(struct sim *sim, const struct blob *blob)
{
	Twinlog__PeerMessage *message;
	uint8_t *bytes;
	size_t size;
	ProtobufCBinaryData feature = codec_string("teleport");
	if (CODEC_UNPACK(sim_arena(sim, 2), blob->bytes, blob->size, &message, twinlog__peer_message) ||
	    message->body_case != TWINLOG__PEER_MESSAGE__BODY_HELLO)
		return NULL;
	message->hello->version = 2;
	message->hello->features = &feature;
	message->hello->n_features = 1;
	if (codec_pack(&message->base, &bytes, &size))
		abort();
	struct blob *newer = blob_new(bytes, size);
	free(bytes);
	return newer;
}

/* Words of a kind that is not known here, by another of the city's machines. */
static void newer_word(struct sim *sim, unsigned machine, uint32_t link)
{
	const struct city *city = lie_city(sim, machine);
	const struct object *parent = lie_any_bundle(sim, &city->identity);
	const bool operation = rng_chance(&sim->rng, 500);
	if (!parent)
		return;
	struct blob *blob =
	    lie_words(sim, city, parent, operation ? NEWER_OPERATION : TWINLOG__OPERATION__OPERATION_STATEMENT,
		      operation ? (uint32_t)TWINLOG__RECORD_KIND__RECORD_ACTIVITY : NEWER_KIND);
	if (!blob)
		return;
	sim_fault(sim, FAULT_NEWER_WORD);
	network_inject(sim, machine, link, blob);
}

struct blob *newer_dress(struct sim *sim, unsigned machine, uint32_t link, struct blob *blob)
{
	struct blob *newer = newer_hello(sim, blob);
	if (!newer)
		newer = newer_fields(blob);
	sim_fault(sim, FAULT_NEWER);
	blob_drop(blob);
	if (rng_chance(&sim->rng, 50)) {
		const struct bytes unknown = newer_field(NEWER_MESSAGE);
		network_inject(sim, machine, link, blob_new(unknown.items, unknown.count));
	}
	if (!sim->healed && rng_chance(&sim->rng, 10))
		newer_word(sim, machine, link);
	return newer;
}
