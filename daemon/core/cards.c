/* Partners' cards: which of two stands, whose key is retired, and who holds this city's own. PROTOCOL, "Cards". */
#include "node_internal.h"

/* Whether a change of key in some space retires it. */
static bool key_retired(const struct node *node, const struct hash *identity, const struct seal_public *key)
{
	for (size_t i = 0; i < node->spaces.count; i++) {
		const struct acts *acts = node->spaces.items[i].acts;
		const size_t number = acts_key_number(acts, identity, key);
		if (number != SIZE_MAX && acts_key_retired(acts, identity, number))
			return true;
	}
	return false;
}

static bool same_key(const struct card *a, const struct card *b)
{
	return memcmp(&a->city_key, &b->city_key, sizeof a->city_key) == 0;
}

/* Who has stolen a key can sign a card with any serial: so the keys are asked first. */
bool card_stands_over(const struct node *node, const struct card *card, const struct card *other)
{
	if (!same_key(card, other)) {
		const bool retired = key_retired(node, &card->identity, &card->city_key);
		const bool other_retired = key_retired(node, &card->identity, &other->city_key);
		const bool granted = card->message->key_grant.len > 0,
			   other_granted = other->message->key_grant.len > 0;
		if (retired != other_retired)
			return other_retired;
		if (granted != other_granted)
			return granted;
	}
	return card->serial > other->serial;
}

bool card_speaks(const struct node *node, const struct card *card, const struct card *held)
{
	return (same_key(card, held) || card_stands_over(node, card, held)) &&
	       !key_retired(node, &card->identity, &card->city_key);
}

/* A key that is only announced keeps nobody from the one that is in use: whoever announces it need not have it. */
static bool keys_meet(const struct card *card, const struct card *other)
{
	return memcmp(card->transport_key, other->transport_key, 32) == 0 ||
	       (card->next_transport && card_has_transport(other, card->next_transport));
}

bool card_keys_free(const struct node *node, const struct node_peer *peer, const struct card *card)
{
	for (size_t i = 0; i < node->peers.count; i++)
		if (&node->peers.items[i] != peer && keys_meet(card, node->peers.items[i].card))
			return false;
	return !keys_meet(card, node->card) && !card_has_transport(node->card, card->transport_key);
}

bool node_transport_due(const struct node *node)
{
	for (size_t i = 0; i < node->peers.count; i++)
		if (!node->peers.items[i].removed && node->peers.items[i].knows < node->card->serial)
			return false;
	return node->card->next_transport;
}

/* The one of before stays: who looks meanwhile may still hold it. */
void card_own_changed(struct node *node, const struct event *event)
{
	struct card *card;

	if (card_open(event->own_card.bytes, event->own_card.size, &card)) {
		node->out_of_memory = true; /* it is ours */
		return;
	}
	card_free(node->former_card);
	node->former_card = node->card;
	node->card = card;
}

void card_keep(struct node *node, struct node_peer *peer, struct card *card)
{
	struct persist *persist = effect_persist(node, PERSIST_CARD);
	struct pending *pending = pending_add(node, PENDING_CARD);
	uint8_t *copy = malloc(card->size);
	if (!pending || !copy) {
		free(copy);
		node->out_of_memory = true;
	} else {
		memcpy(copy, card->bytes, card->size);
		pending->bytes = copy;
		*persist = (struct persist){.kind = PERSIST_CARD,
					    .city = card->identity,
					    .verified = peer->verified,
					    .removed = peer->removed,
					    .knows = peer->knows,
					    .bytes = copy,
					    .size = card->size};
	}
	if (peer->card != card)
		card_free(peer->card);
	peer->card = card;
}

/* Only one who has taken our greeting, and the card in it, sends anything but its own greeting. */
void card_told(struct node *node, const struct node_link *link, const Twinlog__PeerMessage *message)
{
	struct node_peer *peer = &node->peers.items[link->peer];
	if (message->body_case == TWINLOG__PEER_MESSAGE__BODY_REFUSE || peer->knows >= node->card->serial)
		return;
	peer->knows = node->card->serial;
	card_keep(node, peer, peer->card);
}

void cards_key_changed(struct node *node, const struct hash *identity)
{
	for (size_t i = 0; i < node->links.count; i++) {
		struct node_link *link = &node->links.items[i];
		if (link->ready && link->peer != LINK_NONE_YET &&
		    hash_equal(&node->peers.items[link->peer].card->identity, identity) &&
		    key_retired(node, identity, &link->city_key))
			link_drop(node, link, TWINLOG_KEY_RETIRED);
	}
}
