/* Partners and the links to them: cards, HELLO, PING, silence, and who sent what. A partner may have several links
 * for a while (both sides dial); all are listened to, one is spoken on. PROTOCOL, "Links". */
#include <stdio.h>

#include "node_internal.h"

#define PROTOCOL_VERSION 1u

/* Place of the first link with that number or a greater one. */
static size_t link_place(const struct node *node, uint32_t id)
{
	size_t low = 0, high = node->links.count;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (node->links.items[middle].id < id)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

struct node_link *link_find(struct node *node, uint32_t id)
{
	const size_t place = link_place(node, id);
	return place < node->links.count && node->links.items[place].id == id ? &node->links.items[place] : NULL;
}

static struct node_link *link_add(struct node *node, uint32_t id)
{
	const size_t place = link_place(node, id);
	if (!ARRAY_PUSH(&node->links))
		return NULL;
	struct node_link *link = &node->links.items[place];
	memmove(link + 1, link, (node->links.count - 1 - place) * sizeof *link);
	*link = (struct node_link){.id = id};
	return link;
}

static void link_forget(struct node *node, struct node_link *link)
{
	const size_t behind = (size_t)(&node->links.items[--node->links.count] - link);
	memmove(link, link + 1, behind * sizeof *link);
}

struct node_link *peer_link(struct node *node, const struct node_peer *peer)
{
	struct node_link *link = peer->link == LINK_NONE_YET ? NULL : link_find(node, peer->link);
	return link && link->ready ? link : NULL;
}

struct node_peer *peer_find(struct node *node, const struct hash *identity)
{
	for (size_t i = 0; i < node->peers.count; i++)
		if (hash_equal(&node->peers.items[i].card->identity, identity))
			return &node->peers.items[i];
	return NULL;
}

static struct node_peer *peer_by_transport(struct node *node, const uint8_t key[32])
{
	struct node_peer *announced = NULL;
	for (size_t i = 0; i < node->peers.count; i++) {
		struct node_peer *peer = &node->peers.items[i];
		if (memcmp(peer->card->transport_key, key, 32) == 0)
			return peer;
		if (card_has_transport(peer->card, key))
			announced = peer;
	}
	return announced;
}

struct peer_space *peer_space(struct node_peer *peer, const struct hash *space)
{
	for (size_t i = 0; i < peer->spaces.count; i++)
		if (hash_equal(&peer->spaces.items[i].space, space))
			return &peer->spaces.items[i];
	struct peer_space *made = ARRAY_PUSH(&peer->spaces);
	if (made)
		made->space = *space;
	return made;
}

void peer_error(struct node *node, struct node_peer *peer, enum twinlog_error code, const char *what)
{
	snprintf(peer->last_error, sizeof peer->last_error, "%s: %s", what, twinlog_error_text(code));
	peer->last_error_ms = node->now.wall_ms;
}

void link_refuse(struct node *node, struct node_link *link, enum twinlog_error code, const char *what)
{
	if (link->peer == LINK_NONE_YET)
		return;
	struct node_peer *peer = &node->peers.items[link->peer];
	peer->refused++;
	peer_error(node, peer, code, what);
	effect_note(node, code, "%s: refused %s: %s", peer->card->city_id, what, twinlog_error_text(code));
}

static void link_cut(struct node *node, const struct node_link *link, enum twinlog_error why)
{
	struct effect *effect = effect_add(node, EFFECT_DROP_LINK);
	effect->drop_link.link = link->id;
	effect->drop_link.why = why;
}

/* One who dialled in cannot be cut off from here (a ROUTER keeps its connections): it is told why, and cuts. */
void link_drop(struct node *node, struct node_link *link, enum twinlog_error why)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Refuse refuse = TWINLOG__REFUSE__INIT;
	refuse.code = (uint32_t)why;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_REFUSE;
	message.refuse = &refuse;
	if (link->ready || (link->peer != LINK_NONE_YET && (why == TWINLOG_OUT_OF_HOURS || why == TWINLOG_KEY_RETIRED)))
		effect_send(node, link, &message);
	link_cut(node, link, why);
}

/* Of two ready links the one that the smaller identity dialled is spoken on: both ends choose alike. */
static void peer_choose_link(struct node *node, uint32_t peer_index)
{
	struct node_peer *peer = &node->peers.items[peer_index];
	const bool we_are_smaller = hash_compare(&node->card->identity, &peer->card->identity) < 0;
	const struct node_link *best = NULL;
	for (size_t i = 0; i < node->links.count; i++) {
		const struct node_link *link = &node->links.items[i];
		if (!link->ready || link->peer != peer_index)
			continue;
		const bool preferred = link->dialled == we_are_smaller;
		if (!best || (preferred && best->dialled != we_are_smaller) ||
		    (preferred == (best->dialled == we_are_smaller) && link->id > best->id))
			best = link;
	}
	const uint32_t chosen = best ? best->id : LINK_NONE_YET;
	if (chosen == peer->link)
		return;
	peer->link = chosen;
	peer->link_since_ms = node->now.wall_ms;
	for (size_t i = 0; i < peer->spaces.count; i++)
		free(peer->spaces.items[i].heads.items);
	peer->spaces.count = 0;
	peer->push_bytes = 0;
	if (best)
		sync_start(node, link_find(node, chosen));
}

/* ---- HELLO. ---- */

static void hello_proof_bytes(const uint8_t own[32], const uint8_t other[32], uint8_t out[64])
{
	memcpy(out, own, 32);
	memcpy(out + 32, other, 32);
}

static void hello_send(struct node *node, const struct node_link *link)
{
	uint8_t proof[64], signature[SEAL_SIGNATURE_SIZE];
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Hello hello = TWINLOG__HELLO__INIT;
	hello_proof_bytes(node->card->transport_key, link->transport_key, proof);
	seal_sign(node->keys, "hello", proof, sizeof proof, signature);
	hello.version = PROTOCOL_VERSION;
	hello.version_min = PROTOCOL_VERSION;
	hello.card = codec_bytes(node->card->bytes, node->card->size);
	hello.proof = codec_bytes(signature, sizeof signature);
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_HELLO;
	message.hello = &hello;
	effect_send(node, link, &message);
}

static enum twinlog_error hello_check(const struct node *node, const struct node_link *link,
				      const struct node_peer *peer, const Twinlog__Hello *hello, struct card **ret_card)
{
	uint8_t proof[64];
	struct card *card;
	if (hello->version_min > PROTOCOL_VERSION || hello->version < PROTOCOL_VERSION)
		return TWINLOG_PROTOCOL_VERSION;
	enum twinlog_error error = card_open(hello->card.data, hello->card.len, &card);
	if (error)
		return error;
	hello_proof_bytes(link->transport_key, node->card->transport_key, proof);
	if (!hash_equal(&card->identity, &peer->card->identity) ||
	    memcmp(card->transport_key, link->transport_key, 32) != 0)
		error = TWINLOG_UNKNOWN_KEY;
	else
		error = seal_verify(&card->city_key, "hello", proof, sizeof proof, hello->proof.data, hello->proof.len);
	if (!error && !card_speaks(node, card, peer->card))
		error = TWINLOG_KEY_RETIRED;
	if (!error && !card_keys_free(node, peer, card))
		error = TWINLOG_IN_USE;
	if (error)
		card_free(card);
	else
		*ret_card = card;
	return error;
}

static void hello_take(struct node *node, struct node_link *link, const Twinlog__Hello *hello)
{
	struct node_peer *peer = &node->peers.items[link->peer];
	struct card *card;
	const enum twinlog_error error = hello_check(node, link, peer, hello, &card);
	if (error) {
		link_refuse(node, link, error, "greeting");
		link_drop(node, link, error);
		return;
	}
	link->city_key = card->city_key;
	if (card_stands_over(node, card, peer->card))
		card_keep(node, peer, card);
	else
		card_free(card);
	if (link->ready)
		return;
	link->ready = true;
	peer_choose_link(node, link->peer);
}

/* ---- Up, down, silence. ---- */

static void link_up(struct node *node, const struct event *event)
{
	struct node_link *link = link_add(node, event->link_up.link);
	if (!link) {
		node->out_of_memory = true;
		return;
	}
	memcpy(link->transport_key, event->link_up.transport_key, 32);
	link->dialled = event->link_up.dialled;
	link->up_mono_ms = node->now.mono_ms;
	link->heard_mono_ms = node->now.mono_ms;
	const struct node_peer *peer = peer_by_transport(node, link->transport_key);
	const bool known = peer && !peer->removed;
	link->peer = known ? (uint32_t)(peer - node->peers.items) : LINK_NONE_YET;
	window_open(&link->window);
	if (!known)
		link_drop(node, link, TWINLOG_UNKNOWN_KEY);
	else if (peer->rate == 0)
		link_drop(node, link, TWINLOG_OUT_OF_HOURS);
	else
		hello_send(node, link);
}

static void link_down(struct node *node, uint32_t id, const char *why)
{
	struct node_link *link = link_find(node, id);
	if (!link)
		return;
	const uint32_t peer = link->peer;
	link->ready = false; /* nothing is asked on it any more */
	stream_link_gone(node, id);
	sync_link_gone(node, id);
	budget_link_gone(node, id);
	link_forget(node, link);
	if (peer == LINK_NONE_YET)
		return;
	if (why) {
		snprintf(node->peers.items[peer].last_error, sizeof node->peers.items[peer].last_error, "%s", why);
		node->peers.items[peer].last_error_ms = node->now.wall_ms;
	}
	peer_choose_link(node, peer);
}

void links_event(struct node *node, const struct event *event)
{
	struct node_link *link;
	switch (event->type) {
	case EVENT_LINK_UP:
		link_up(node, event);
		break;
	case EVENT_LINK_DOWN:
		link_down(node, event->link_down.link, event->link_down.why);
		break;
	case EVENT_MALFORMED:
		link = link_find(node, event->malformed.link);
		if (!link)
			break;
		link_refuse(node, link, event->malformed.code, "message");
		link_drop(node, link, event->malformed.code);
		break;
	default:
		break;
	}
}

static void ping_send(struct node *node, struct node_link *link)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Ping ping = TWINLOG__PING__INIT;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_PING;
	message.ping = &ping;
	link->pinged_mono_ms = node->now.mono_ms;
	effect_send(node, link, &message);
}

void links_time(struct node *node)
{
	const uint64_t now = node->now.mono_ms;
	for (size_t i = 0; i < node->links.count; i++) {
		struct node_link *link = &node->links.items[i];
		if (now - link->heard_mono_ms >= TWINLOG_LINK_TIMEOUT_MS) {
			if (link->peer != LINK_NONE_YET)
				peer_error(node, &node->peers.items[link->peer], TWINLOG_NOT_REACHABLE, "silent link");
			link_drop(node, link, TWINLOG_NOT_REACHABLE);
			link->heard_mono_ms = now; /* asks once; the link goes by EVENT_LINK_DOWN */
		} else if (link->ready && now - link->heard_mono_ms >= TWINLOG_PING_INTERVAL_MS &&
			   now - link->pinged_mono_ms >= TWINLOG_PING_INTERVAL_MS) {
			ping_send(node, link);
		}
		if (link->ready && now - link->digest_mono_ms >= TWINLOG_DIGEST_INTERVAL_MS)
			sync_digests(node, link);
	}
}

uint64_t links_deadline(const struct node *node)
{
	uint64_t deadline = UINT64_MAX;
	for (size_t i = 0; i < node->links.count; i++) {
		const struct node_link *link = &node->links.items[i];
		uint64_t due = link->heard_mono_ms + TWINLOG_LINK_TIMEOUT_MS;
		if (link->ready) {
			const uint64_t quiet =
			    link->heard_mono_ms > link->pinged_mono_ms ? link->heard_mono_ms : link->pinged_mono_ms;
			const uint64_t ping = quiet + TWINLOG_PING_INTERVAL_MS;
			const uint64_t digest = link->digest_mono_ms + TWINLOG_DIGEST_INTERVAL_MS;
			due = ping < due ? ping : due;
			due = digest < due ? digest : due;
		}
		deadline = due < deadline ? due : deadline;
	}
	return deadline;
}

/* ---- Messages. ---- */

static void pong_send(struct node *node, const struct node_link *link, const Twinlog__Ping *ping)
{
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Pong pong = TWINLOG__PONG__INIT;
	pong.nonce = ping->nonce;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_PONG;
	message.pong = &pong;
	effect_send(node, link, &message);
}

/* The partner listens no more on this link. */
static void refused_by(struct node *node, struct node_link *link, const Twinlog__Refuse *refuse)
{
	const enum twinlog_error code =
	    refuse->code < TWINLOG_ERROR_COUNT ? (enum twinlog_error)refuse->code : TWINLOG_FAILED;
	peer_error(node, &node->peers.items[link->peer], code,
		   code == TWINLOG_UNKNOWN_KEY ? "the partner has removed this city" : "the partner refused");
	link_cut(node, link, code);
}

static void message_dispatch(struct node *node, struct node_link *link, const Twinlog__PeerMessage *message)
{
	switch (message->body_case) {
	case TWINLOG__PEER_MESSAGE__BODY_PING:
		pong_send(node, link, message->ping);
		break;
	case TWINLOG__PEER_MESSAGE__BODY_PONG:
		break;
	case TWINLOG__PEER_MESSAGE__BODY_DIGEST:
		sync_digest(node, link, message->digest);
		break;
	case TWINLOG__PEER_MESSAGE__BODY_HEADS:
		sync_heads(node, link, message->heads);
		break;
	case TWINLOG__PEER_MESSAGE__BODY_ANNOUNCE:
		sync_announce(node, link, message->announce);
		break;
	case TWINLOG__PEER_MESSAGE__BODY_WANT:
		stream_want(node, link, message->want);
		break;
	case TWINLOG__PEER_MESSAGE__BODY_CREDIT:
		stream_credit(node, link, message->credit);
		break;
	case TWINLOG__PEER_MESSAGE__BODY_CHUNK:
		stream_chunk(node, link, message->chunk);
		break;
	case TWINLOG__PEER_MESSAGE__BODY_ACTS:
		spaces_acts(node, link, message->acts);
		break;
	case TWINLOG__PEER_MESSAGE__BODY_ERASURES:
		erasures_message(node, link, message->erasures);
		break;
	case TWINLOG__PEER_MESSAGE__BODY_ERASURE_BUCKETS:
		erasures_asked(node, link, message->erasure_buckets);
		break;
	case TWINLOG__PEER_MESSAGE__BODY_POSITIONS:
		positions_message(node, link, message->positions);
		break;
	case TWINLOG__PEER_MESSAGE__BODY_REFUSE:
		refused_by(node, link, message->refuse);
		break;
	default:
		/* A newer partner's message: not understood, not wrong. */
		break;
	}
}

void links_message(struct node *node, uint32_t id, const Twinlog__PeerMessage *message, size_t size)
{
	struct node_link *link = link_find(node, id);
	if (!link || link->peer == LINK_NONE_YET)
		return;
	struct node_peer *peer = &node->peers.items[link->peer];
	link->heard_mono_ms = node->now.mono_ms;
	peer->last_heard_ms = node->now.wall_ms;
	peer->bytes_in += size;
	budget_charge(peer, size);
	if (peer->removed)
		link_drop(node, link, TWINLOG_UNKNOWN_KEY);
	else if (message->body_case == TWINLOG__PEER_MESSAGE__BODY_HELLO)
		hello_take(node, link, message->hello);
	else if (link->ready || message->body_case == TWINLOG__PEER_MESSAGE__BODY_REFUSE) {
		card_told(node, link, message);
		message_dispatch(node, link, message);
	} else
		link_refuse(node, link, TWINLOG_NOT_PERMITTED, "message before greeting");
}

/* ---- Pairing. ---- */

enum twinlog_error peer_load(struct node *node, const void *signed_card, size_t size, bool verified, bool removed,
			     uint64_t knows)
{
	struct card *card;
	const enum twinlog_error error = card_open(signed_card, size, &card);
	if (error)
		return error;
	struct node_peer *peer = ARRAY_PUSH(&node->peers);
	if (!peer) {
		card_free(card);
		return TWINLOG_NO_MEMORY;
	}
	*peer = (struct node_peer){.card = card,
				   .verified = verified,
				   .removed = removed,
				   .knows = knows,
				   .link = LINK_NONE_YET,
				   .rate = BUDGET_NONE};
	return TWINLOG_OK;
}

void reply_durable(struct node *node, uint64_t client, const Twinlog__Reply *reply)
{
	uint8_t *bytes;
	size_t size;
	struct pending *pending = pending_add(node, PENDING_REPLY);
	if (!pending || codec_pack(&reply->base, &bytes, &size)) {
		node->out_of_memory = true;
		return;
	}
	pending->client = client;
	pending->bytes = bytes;
	pending->size = size;
}

void reply_done(struct node *node, uint64_t client, uint64_t request_id)
{
	Twinlog__Reply reply = TWINLOG__REPLY__INIT;
	reply.id = request_id;
	reply.commit = node->commit;
	reply_durable(node, client, &reply);
}

enum twinlog_error peer_take(struct node *node, struct card *card)
{
	struct node_peer *peer = peer_find(node, &card->identity);
	if (hash_equal(&card->identity, &node->card->identity))
		return TWINLOG_DUPLICATE;
	if (!card_keys_free(node, peer, card))
		return TWINLOG_IN_USE;
	if (!peer && node->peers.count >= TWINLOG_PEERS_MAX)
		return TWINLOG_TOO_MANY;
	if (!peer) {
		peer = ARRAY_PUSH(&node->peers);
		if (!peer) {
			node->out_of_memory = true;
			return TWINLOG_NO_MEMORY;
		}
		*peer = (struct node_peer){.link = LINK_NONE_YET, .rate = BUDGET_NONE};
	} else if (card_stands_over(node, peer->card, card)) {
		card_free(card); /* an older card than the one here: known already, and put back if removed */
		card = peer->card;
	}
	peer->removed = false;
	card_keep(node, peer, card);
	return TWINLOG_OK;
}

static void peer_add(struct node *node, uint64_t client, uint64_t request_id, const Twinlog__PeerAdd *add)
{
	struct card *card;
	enum twinlog_error error = card_open(add->signed_card.data, add->signed_card.len, &card);
	if (error) {
		effect_fault(node, client, request_id, error, "card", NULL);
		return;
	}
	error = peer_take(node, card);
	if (!error) {
		reply_done(node, client, request_id);
		return;
	}
	effect_fault(node, client, request_id, error, "card", card->city_id);
	card_free(card);
}

static bool fingerprint_fits(const struct hash *identity, ProtobufCBinaryData typed)
{
	char expected[72];
	seal_fingerprint(identity, expected);
	const char *at = expected;
	for (size_t i = 0; i < typed.len; i++) {
		if (typed.data[i] < '0' || typed.data[i] > '9')
			continue;
		while (*at == ' ')
			at++;
		if (*at++ != (char)typed.data[i])
			return false;
	}
	while (*at == ' ')
		at++;
	return *at == '\0';
}

static void peer_change(struct node *node, uint64_t client, const Twinlog__Request *request)
{
	const bool remove = request->body_case == TWINLOG__REQUEST__BODY_PEER_REMOVE;
	const struct hash identity =
	    bytes_hash(remove ? request->peer_remove->identity : request->peer_verify->identity);
	struct node_peer *peer = peer_find(node, &identity);
	if (!peer) {
		effect_fault(node, client, request->id, TWINLOG_NOT_FOUND, "peer", NULL);
		return;
	}
	if (!remove && request->peer_verify->fingerprint.len > 0 &&
	    !fingerprint_fits(&identity, request->peer_verify->fingerprint)) {
		effect_fault(node, client, request->id, TWINLOG_BAD_HASH, "fingerprint", peer->card->city_id);
		return;
	}
	peer->removed = remove;
	peer->verified = !remove;
	card_keep(node, peer, peer->card);
	reply_done(node, client, request->id);
	for (size_t i = 0; remove && i < node->links.count; i++)
		if (node->links.items[i].peer == (uint32_t)(peer - node->peers.items))
			link_drop(node, &node->links.items[i], TWINLOG_UNKNOWN_KEY);
}

void peers_request(struct node *node, uint64_t client, const Twinlog__Request *request)
{
	if (request->body_case == TWINLOG__REQUEST__BODY_PEER_ADD)
		peer_add(node, client, request->id, request->peer_add);
	else
		peer_change(node, client, request);
}
