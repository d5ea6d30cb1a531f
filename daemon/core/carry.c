/* Files instead of a line: what goes into one, and what comes out of one that a partner has written. The same objects
 * and the same checks as on a link. PROTOCOL, "Files". */
#include "carry.pb-c.h"
#include "node_internal.h"

/* ---- Out. ---- */

const uint8_t *space_position(const struct space *space, size_t index, size_t *ret_size)
{
	if (index >= space->positions.count)
		return NULL;
	*ret_size = space->positions.items[index].size;
	return space->positions.items[index].bytes;
}

enum carry_right space_carry_right(const struct space *space, const struct hash *to)
{
	switch (space_entitles(space, to)) {
	case ENTITLED_ALL:
		return CARRY_ALL;
	case ENTITLED_ACTS:
	case ENTITLED_PAST_ACTS:
		return CARRY_ACTS;
	default:
		return CARRY_NOTHING;
	}
}

static const struct known_position *newest_position(const struct space *space, const struct hash *city)
{
	const struct known_position *newest = NULL;
	for (size_t i = 0; city && i < space->positions.count; i++) {
		const struct known_position *known = &space->positions.items[i];
		if (hash_equal(&known->city, city) && (!newest || known->time_ms > newest->time_ms))
			newest = known;
	}
	return newest;
}

struct gather {
	const struct graph *graph;
	uint64_t after, upto;
	uint64_t *items;
	size_t count, capacity;
	bool failed;
};

static bool gather_visit(void *context, uint32_t index)
{
	struct gather *gather = context;
	const uint64_t sequence = graph_at(gather->graph, index)->sequence;
	if (sequence <= gather->after || sequence > gather->upto)
		return true;
	if (!array_reserve((void **)(void *)&gather->items, &gather->capacity, gather->count + 1,
			   sizeof *gather->items)) {
		gather->failed = true;
		return false;
	}
	gather->items[gather->count++] = sequence;
	return true;
}

static int sequence_order(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

enum twinlog_error space_carry(const struct space *space, const struct hash *to, uint64_t after, uint64_t upto,
			       uint64_t **ret_sequences, size_t *ret_count)
{
	const struct known_position *holds = newest_position(space, to);
	struct gather gather = {.after = after, .upto = upto};
	struct hash *have = malloc(((holds ? holds->heads.count : 0) + 1) * sizeof *have);
	for (size_t i = 0; have && !gather.failed && i < space->graphs.count; i++) {
		size_t count = 0;
		gather.graph = space->graphs.items[i];
		for (size_t h = 0; holds && h < holds->heads.count; h++)
			if (hash_equal(&holds->heads.items[h].city, graph_city(gather.graph)))
				have[count++] = holds->heads.items[h].head;
		graph_lacking(gather.graph, have, count, gather_visit, &gather);
	}
	if (!have || gather.failed) {
		free(have);
		free(gather.items);
		return TWINLOG_NO_MEMORY;
	}
	free(have);
	/* In order of arrival here, which puts parents first. */
	if (gather.count > 0)
		qsort(gather.items, gather.count, sizeof *gather.items, sequence_order);
	*ret_sequences = gather.items;
	*ret_count = gather.count;
	return TWINLOG_OK;
}

/* ---- In. ---- */

static enum twinlog_error head_take(struct node *node, ProtobufCBinaryData bytes, struct node_peer **ret_sender)
{
	struct arena *arena = node->effects->arena;
	Twinlog__SignedCarriedHead *outer;
	Twinlog__CarriedHead *head;
	struct hash from, to;
	enum twinlog_error error =
	    CODEC_UNPACK_STRICT(arena, bytes.data, bytes.len, &outer, twinlog__signed_carried_head);
	if (!error)
		error = CODEC_UNPACK_STRICT(arena, outer->head.data, outer->head.len, &head, twinlog__carried_head);
	if (error)
		return error;
	if (!codec_equal(head->magic, "twinlog") || head->kind != TWINLOG__CARRIED_KIND__CARRIED_COURIER)
		return TWINLOG_MALFORMED;
	if (head->version != 1)
		return TWINLOG_PROTOCOL_VERSION;
	if ((error = codec_get_hash(head->from, &from)) || (error = codec_get_hash(head->to, &to)))
		return error;
	struct node_peer *sender = peer_find(node, &from);
	if (!hash_equal(&to, &node->card->identity))
		return TWINLOG_NOT_FOR_US;
	if (!sender || sender->removed)
		return TWINLOG_UNKNOWN_KEY;
	if ((error = seal_verify(&sender->card->city_key, "carry", outer->head.data, outer->head.len,
				 outer->signature.data, outer->signature.len)))
		return error;
	*ret_sender = sender;
	return TWINLOG_OK;
}

static enum twinlog_error act_carried(struct node *node, const struct node_peer *sender, ProtobufCBinaryData bytes)
{
	struct act *act;
	const enum twinlog_error error = act_open(bytes.data, bytes.len, &act);
	if (error)
		return error;
	const struct hash space_id = act->space, id = act->id;
	act_free(act);
	const struct space *space = space_with(node, &space_id, &sender->card->identity);
	if (space && acts_has(space->acts, &id))
		return TWINLOG_DUPLICATE;
	return spaces_act_arrives(node, &sender->card->identity, &space_id, bytes, LINK_NONE_YET);
}

/* Both belong by the acts here, as for a stream that was asked for. */
static struct space *space_shared(struct node *node, const struct node_peer *sender, const struct hash *id)
{
	struct space *space = space_by_id(node, id);
	if (!space || space_entitles(space, &sender->card->identity) != ENTITLED_ALL ||
	    space_entitles(space, &node->card->identity) != ENTITLED_ALL)
		return NULL;
	return space;
}

static enum twinlog_error bundle_carried(struct node *node, const struct node_peer *sender, ProtobufCBinaryData bytes)
{
	struct bundle *bundle;
	size_t count;
	/* Opened once to learn space and city, again under that city's keys. */
	enum twinlog_error error = bundle_open(bytes.data, bytes.len, NULL, 0, &bundle);
	if (error)
		return error;
	struct space *space = space_shared(node, sender, &bundle->space);
	const struct graph *graph = space ? space_graph_of(space, &bundle->city) : NULL;
	const bool known = graph && graph_find(graph, &bundle->id) != GRAPH_NONE;
	const struct hash city = bundle->city;
	bundle_free(bundle);
	if (!space)
		return TWINLOG_NOT_A_MEMBER;
	if (known)
		return TWINLOG_DUPLICATE;
	const struct seal_public *keys = acts_keys(space->acts, &city, &count);
	if (count == 0)
		return TWINLOG_UNKNOWN_KEY; /* of nobody here; and without keys nothing would be verified */
	error = bundle_open(bytes.data, bytes.len, keys, count, &bundle);
	if (error)
		return error;
	error = erasures_strip_arrived(space, &bundle);
	if (!error)
		error = stream_bundle_take(node, space, bundle, false, LINK_NONE_YET);
	if (error)
		bundle_free(bundle);
	return error;
}

/* Of a partner whose card is here, as from a greeting; those of strangers are exchanged by people. A card proves
 * itself, so it is taken before the head of the file, which may be signed with the key that it brings. */
static enum twinlog_error card_carried(struct node *node, ProtobufCBinaryData bytes)
{
	struct card *card;
	enum twinlog_error error = card_open(bytes.data, bytes.len, &card);
	if (error)
		return error;
	struct node_peer *peer = peer_find(node, &card->identity);
	const bool stands =
	    peer && !peer->removed && card_speaks(node, card, peer->card) && card_stands_over(node, card, peer->card);
	if (stands && !card_keys_free(node, peer, card))
		error = TWINLOG_IN_USE;
	if (stands && !error)
		card_keep(node, peer, card);
	else
		card_free(card);
	return error;
}

static enum twinlog_error part_take(struct node *node, struct node_peer *sender, const Twinlog__CarriedPart *part,
				    Twinlog__CarryTaken *taken)
{
	enum twinlog_error error;
	switch (part->body_case) {
	case TWINLOG__CARRIED_PART__BODY_ACT:
		error = act_carried(node, sender, part->act);
		taken->acts += error == TWINLOG_OK;
		return error;
	case TWINLOG__CARRIED_PART__BODY_BUNDLE:
		error = bundle_carried(node, sender, part->bundle);
		taken->bundles += error == TWINLOG_OK;
		return error;
	case TWINLOG__CARRIED_PART__BODY_ERASURE:
		error = erasures_arrives(node, &sender->card->identity, part->erasure, LINK_NONE_YET);
		taken->erasures += error == TWINLOG_OK;
		return error;
	case TWINLOG__CARRIED_PART__BODY_POSITION:
		return positions_arrives(node, sender, part->position);
	case TWINLOG__CARRIED_PART__BODY_CARD:
		return TWINLOG_OK; /* taken before */
	default:
		return TWINLOG_MALFORMED;
	}
}

static void taken_count(Twinlog__CarryTaken *taken, enum twinlog_error error)
{
	if (error == TWINLOG_DUPLICATE) {
		taken->known++;
	} else if (error == TWINLOG_UNKNOWN_PARENT) {
		taken->waiting++;
	} else if (error) {
		taken->refused++;
		taken->code = taken->code ? taken->code : (uint32_t)error;
	}
}

static void taken_reply(struct node *node, uint64_t client, uint64_t request_id, Twinlog__CarryTaken *taken)
{
	Twinlog__Reply reply = TWINLOG__REPLY__INIT;
	reply.id = request_id;
	reply.commit = node->sequence;
	reply.body_case = TWINLOG__REPLY__BODY_CARRY_TAKEN;
	reply.carry_taken = taken;
	reply_durable(node, client, &reply);
}

static void cards_take(struct node *node, const Twinlog__CarryPut *put, Twinlog__CarryTaken *taken)
{
	for (size_t i = 0; i < put->n_parts; i++) {
		Twinlog__CarriedPart *part;
		enum twinlog_error fault = CODEC_UNPACK(node->effects->arena, put->parts[i].data, put->parts[i].len,
							&part, twinlog__carried_part);
		if (fault || part->body_case != TWINLOG__CARRIED_PART__BODY_CARD)
			continue;
		fault = card_carried(node, part->card);
		if (fault == TWINLOG_NO_MEMORY)
			node->out_of_memory = true;
		taken_count(taken, fault);
	}
}

void carry_request(struct node *node, uint64_t client, const Twinlog__Request *request)
{
	const Twinlog__CarryPut *put = request->carry_put;
	Twinlog__CarryTaken taken = TWINLOG__CARRY_TAKEN__INIT;
	struct node_peer *sender;
	cards_take(node, put, &taken);
	const enum twinlog_error error = head_take(node, put->head, &sender);
	if (error) {
		effect_fault(node, client, request->id, error, "courier file", NULL);
		return;
	}
	for (size_t i = 0; i < put->n_parts; i++) {
		Twinlog__CarriedPart *part;
		enum twinlog_error fault = CODEC_UNPACK(node->effects->arena, put->parts[i].data, put->parts[i].len,
							&part, twinlog__carried_part);
		if (!fault)
			fault = part_take(node, sender, part, &taken);
		if (fault == TWINLOG_NO_MEMORY)
			node->out_of_memory = true;
		taken_count(&taken, fault);
	}
	taken_reply(node, client, request->id, &taken);
}

void carry_note(struct node *node, uint64_t client, const Twinlog__Request *request)
{
	const Twinlog__CarryNote *note = request->carry_note;
	const struct hash identity = bytes_hash(note->partner);
	struct node_peer *peer = peer_find(node, &identity);
	if (!peer) {
		effect_fault(node, client, request->id, TWINLOG_NOT_FOUND, "partner", NULL);
		return;
	}
	if (note->wrote_ms)
		peer->courier_wrote_ms = note->wrote_ms;
	if (note->read_ms)
		peer->courier_read_ms = note->read_ms;
	reply_done(node, client, request->id);
}
