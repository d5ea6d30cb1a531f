/* Steps and commits: the one way in and the one way out. */
#include "node.h"

#include <stdarg.h>
#include <stdio.h>

#include "node_internal.h"
#include "slots.h"

/* ---- Effects. ---- */

enum twinlog_error effects_init(struct effects *effects)
{
	*effects = (struct effects){.arena = arena_new(SIZE_MAX)};
	return effects->arena ? TWINLOG_OK : TWINLOG_NO_MEMORY;
}

void effects_free(struct effects *effects)
{
	free(effects->items);
	arena_free(effects->arena);
	*effects = (struct effects){0};
}

struct effect *effect_add(struct node *node, enum effect_type type)
{
	struct effect *effect = ARRAY_PUSH(node->effects);
	if (!effect) {
		node->out_of_memory = true;
		effect = &node->spare;
	}
	effect->type = type;
	return effect;
}

void effect_note(struct node *node, enum twinlog_error code, const char *format, ...)
{
	char line[400];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(line, sizeof line, format, arguments);
	va_end(arguments);
	const char *text = arena_copy(node->effects->arena, line, strlen(line) + 1);
	struct effect *effect = effect_add(node, EFFECT_NOTE);
	effect->note.code = code;
	effect->note.text = text ? text : "";
}

void effect_send(struct node *node, const struct node_link *link, const Twinlog__PeerMessage *message)
{
	uint8_t *bytes;
	size_t size;
	if (codec_pack_arena(node->effects->arena, &message->base, &bytes, &size)) {
		node->out_of_memory = true;
		return;
	}
	struct effect *effect = effect_add(node, EFFECT_SEND);
	effect->send.link = link->id;
	effect->send.bytes = bytes;
	effect->send.size = size;
	if (link->peer == LINK_NONE_YET)
		return;
	node->peers.items[link->peer].bytes_out += size;
	budget_charge(&node->peers.items[link->peer], size);
}

void effect_reply(struct node *node, uint64_t client, const Twinlog__Reply *reply)
{
	uint8_t *bytes;
	size_t size;
	if (codec_pack_arena(node->effects->arena, &reply->base, &bytes, &size)) {
		node->out_of_memory = true;
		return;
	}
	struct effect *effect = effect_add(node, EFFECT_REPLY);
	effect->reply.client = client;
	effect->reply.bytes = bytes;
	effect->reply.size = size;
}

void effect_fault(struct node *node, uint64_t client, uint64_t request_id, enum twinlog_error code, const char *where,
		  const char *value)
{
	Twinlog__Reply reply = TWINLOG__REPLY__INIT;
	Twinlog__Fault fault = TWINLOG__FAULT__INIT;
	fault.code = code;
	fault.where = codec_string(where);
	fault.value = codec_string(value);
	reply.id = request_id;
	reply.commit = node->commit;
	reply.fault = &fault;
	effect_reply(node, client, &reply);
}

struct persist *effect_persist(struct node *node, enum persist_kind kind)
{
	if (!node->ticket_used) {
		node->ticket_used = true;
		node->ticket++;
	}
	struct effect *effect = effect_add(node, EFFECT_PERSIST);
	effect->persist.ticket = node->ticket;
	effect->persist.what = (struct persist){.kind = kind};
	return &effect->persist.what;
}

struct pending *pending_add(struct node *node, enum pending_kind kind)
{
	struct pending *pending = ARRAY_PUSH(&node->pendings);
	if (!pending) {
		node->out_of_memory = true;
		return NULL;
	}
	pending->kind = kind;
	/* Nothing persisted in this step: it waits for what was persisted before. */
	pending->ticket = node->ticket;
	pending->link = LINK_NONE_YET;
	return pending;
}

/* ---- Small things. ---- */

void node_draw(struct node *node, void *out, size_t size)
{
	uint8_t *to = out;
	while (size > 0) {
		const struct seal_part parts[] = {{&node->draws, sizeof node->draws}, {&node->now, sizeof node->now}};
		const struct hash hash = seal_hash_keyed("draw", node->seed, parts, 2);
		const size_t part = size < HASH_SIZE ? size : HASH_SIZE;
		memcpy(to, hash.bytes, part);
		node->draws++;
		to += part;
		size -= part;
	}
}

uint64_t node_clock(struct node *node)
{
	const uint64_t wall = node->now.wall_ms;
	/* PROTOCOL, "Clock": own last ignored when more than a day ahead. */
	if (node->clock_ms < wall || node->clock_ms - wall > TWINLOG_CLOCK_AHEAD_MAX_MS)
		node->clock_ms = wall;
	else
		node->clock_ms++;
	node->clock_ms &= (UINT64_C(1) << 48) - 1;
	return node->clock_ms;
}

struct hash bytes_hash(ProtobufCBinaryData field)
{
	struct hash hash = {{0}};
	if (field.len == HASH_SIZE)
		memcpy(hash.bytes, field.data, HASH_SIZE);
	return hash;
}

static uint32_t request_slot(const struct node *node, const struct handle *request)
{
	const uint32_t mask = node->request_slots_count - 1;
	uint32_t slot = (uint32_t)seal_slot_handle(request) & mask;
	while (node->request_slots[slot] != 0 &&
	       !handle_equal(&node->requests.items[node->request_slots[slot] - 1].request, request))
		slot = (slot + 1) & mask;
	return slot;
}

const struct known_request *request_find(const struct node *node, const struct handle *request)
{
	if (node->request_slots_count == 0)
		return NULL;
	const uint32_t found = node->request_slots[request_slot(node, request)];
	return found ? &node->requests.items[found - 1] : NULL;
}

static bool request_slots_grow(struct node *node)
{
	if (2 * (node->requests.count + 1) < node->request_slots_count)
		return true;
	const uint32_t count = node->request_slots_count ? 2 * node->request_slots_count : 64;
	uint32_t *slots = calloc(count, sizeof *slots);
	if (!slots)
		return false;
	free(node->request_slots);
	node->request_slots = slots;
	node->request_slots_count = count;
	for (size_t i = 0; i < node->requests.count; i++)
		slots[request_slot(node, &node->requests.items[i].request)] = (uint32_t)i + 1;
	return true;
}

bool request_remember(struct node *node, const struct handle *request, uint8_t *bytes, size_t size)
{
	struct known_request *known = request_slots_grow(node) ? ARRAY_PUSH(&node->requests) : NULL;
	if (!known) {
		node->out_of_memory = true;
		free(bytes);
		return false;
	}
	*known = (struct known_request){.request = *request, .bytes = bytes, .size = size};
	node->request_slots[request_slot(node, request)] = (uint32_t)node->requests.count;
	return true;
}

/* ---- Commits. ---- */

static void pending_settle(struct node *node, struct pending *pending)
{
	switch (pending->kind) {
	case PENDING_BUNDLE:
		node->commit = pending->sequence;
		stream_bundle_committed(node, pending);
		break;
	case PENDING_ACT:
		node->commit = pending->sequence;
		spaces_act_committed(node, pending);
		break;
	case PENDING_ERASURE:
		node->commit = pending->sequence;
		erasures_committed_one(node, pending);
		break;
	case PENDING_POSITION:
		positions_committed(node, pending);
		break;
	case PENDING_CARD:
		effect_add(node, EFFECT_PEERS_CHANGED);
		break;
	case PENDING_REQUEST:
		request_remember(node, &pending->request, pending->bytes, pending->size);
		pending->bytes = NULL;
		break;
	case PENDING_CREDIT: {
		struct node_link *link = link_find(node, pending->link);
		if (link)
			credit_give(node, link, pending->stream, pending->bytes_count);
		break;
	}
	case PENDING_KEPT:
		break;
	case PENDING_REPLY: {
		uint8_t *bytes = arena_copy(node->effects->arena, pending->bytes, pending->size);
		struct effect *effect = effect_add(node, EFFECT_REPLY);
		effect->reply.client = pending->client;
		effect->reply.bytes = bytes;
		effect->reply.size = bytes ? pending->size : 0;
		break;
	}
	}
	bundle_free(pending->bundle);
	free(pending->bytes);
	pending->bundle = NULL;
	pending->bytes = NULL;
}

static void node_settle(struct node *node, uint64_t ticket)
{
	if (ticket > node->committed_ticket)
		node->committed_ticket = ticket;
	while (node->pendings_at < node->pendings.count &&
	       node->pendings.items[node->pendings_at].ticket <= node->committed_ticket) {
		/* A copy: settling may add to the list and move it. */
		struct pending pending = node->pendings.items[node->pendings_at++];
		pending_settle(node, &pending);
	}
	if (node->pendings_at == node->pendings.count) {
		node->pendings.count = 0;
		node->pendings_at = 0;
	} else if (node->pendings_at > 1024 && node->pendings_at > node->pendings.count / 2) {
		node->pendings.count -= node->pendings_at;
		memmove(node->pendings.items, node->pendings.items + node->pendings_at,
			node->pendings.count * sizeof *node->pendings.items);
		node->pendings_at = 0;
	}
	/* Before the bundles that lack what was erased. */
	erasures_after_commit(node);
	stream_after_commit(node);
}

/* ---- The step. ---- */

bool node_takes(const Twinlog__Request *request)
{
	switch (request->body_case) {
	case TWINLOG__REQUEST__BODY_SUBMIT:
	case TWINLOG__REQUEST__BODY_WAIT:
	case TWINLOG__REQUEST__BODY_SPACE_CREATE:
	case TWINLOG__REQUEST__BODY_SPACE_ANSWER:
	case TWINLOG__REQUEST__BODY_SPACE_CHANGE:
	case TWINLOG__REQUEST__BODY_ACT_PUT:
	case TWINLOG__REQUEST__BODY_PEER_ADD:
	case TWINLOG__REQUEST__BODY_PEER_VERIFY:
	case TWINLOG__REQUEST__BODY_PEER_REMOVE:
	case TWINLOG__REQUEST__BODY_ERASE:
	case TWINLOG__REQUEST__BODY_CARRY_PUT:
	case TWINLOG__REQUEST__BODY_CARRY_NOTE:
	case TWINLOG__REQUEST__BODY_INVITE:
	case TWINLOG__REQUEST__BODY_JOIN_PUT:
	case TWINLOG__REQUEST__BODY_JOIN_TAKE:
		return true;
	default:
		return false;
	}
}

static void node_request(struct node *node, uint64_t client, const Twinlog__Request *request)
{
	switch (request->body_case) {
	case TWINLOG__REQUEST__BODY_SUBMIT:
		author_request(node, client, request);
		break;
	case TWINLOG__REQUEST__BODY_WAIT:
		waits_request(node, client, request);
		break;
	case TWINLOG__REQUEST__BODY_SPACE_CREATE:
	case TWINLOG__REQUEST__BODY_SPACE_ANSWER:
	case TWINLOG__REQUEST__BODY_SPACE_CHANGE:
	case TWINLOG__REQUEST__BODY_ACT_PUT:
		spaces_request(node, client, request);
		break;
	case TWINLOG__REQUEST__BODY_PEER_ADD:
	case TWINLOG__REQUEST__BODY_PEER_VERIFY:
	case TWINLOG__REQUEST__BODY_PEER_REMOVE:
		peers_request(node, client, request);
		break;
	case TWINLOG__REQUEST__BODY_ERASE:
		erasures_request(node, client, request);
		break;
	case TWINLOG__REQUEST__BODY_CARRY_PUT:
		carry_request(node, client, request);
		break;
	case TWINLOG__REQUEST__BODY_CARRY_NOTE:
		carry_note(node, client, request);
		break;
	case TWINLOG__REQUEST__BODY_INVITE:
	case TWINLOG__REQUEST__BODY_JOIN_PUT:
	case TWINLOG__REQUEST__BODY_JOIN_TAKE:
		invite_request(node, client, request);
		break;
	default:
		effect_fault(node, client, request->id, TWINLOG_USAGE, "request", NULL);
	}
}

static void client_gone(struct node *node, uint64_t client)
{
	for (size_t i = node->waits.count; i-- > 0;) {
		if (node->waits.items[i].client != client)
			continue;
		free(node->waits.items[i].sequences);
		ARRAY_DROP(&node->waits, i);
	}
}

/* What is due by now, and the words that wait go into a bundle together. */
static void node_tend(struct node *node)
{
	links_time(node);
	budget_time(node);
	sync_time(node);
	positions_time(node);
	author_flush(node);
	waits_check(node);
	/* What waits for nothing that is still to be committed happens at once. */
	if (!node->ticket_used && node->committed_ticket == node->ticket)
		node_settle(node, node->ticket);
}

enum twinlog_error node_step(struct node *node, const struct event *event, struct effects *effects)
{
	effects->count = 0;
	arena_reset(effects->arena);
	node->effects = effects;
	node->now = event->now;
	node->ticket_used = false;
	positions_drop_loaded(node);
	switch (event->type) {
	case EVENT_TIME:
		break;
	case EVENT_LINK_UP:
	case EVENT_LINK_DOWN:
	case EVENT_MALFORMED:
		links_event(node, event);
		break;
	case EVENT_MESSAGE:
		links_message(node, event->message.link, event->message.message, event->message.size);
		break;
	case EVENT_CHECKED:
		stream_checked(node, event);
		break;
	case EVENT_CHUNK_SENT:
		stream_chunk_sent(node, event);
		break;
	case EVENT_REQUEST:
		node->writer = event->request.writer;
		node->scope = event->request.scope;
		node_request(node, event->request.client, event->request.request);
		node->scope = NULL;
		break;
	case EVENT_CLIENT_GONE:
		client_gone(node, event->client_gone.client);
		break;
	case EVENT_BUDGET:
		budget_set(node, event);
		break;
	case EVENT_OWN_CARD:
		card_own_changed(node, event);
		break;
	case EVENT_COMMITTED:
		node_settle(node, event->committed.ticket);
		break;
	}
	if (!event->more)
		node_tend(node);
	node->effects = NULL;
	return node->out_of_memory ? TWINLOG_NO_MEMORY : TWINLOG_OK;
}
