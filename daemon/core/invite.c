/* Invitations: two cities that do not know each other become partners and share a space, by one file. The file holds
 * the inviting city's card, what it proposes and the secret of a key that is good for one answer. The space is founded
 * when the answer comes, since an act needs the keys of its members. PROTOCOL, "Invitations".
 *
 *     invite -> file -> join -> answer (over the line, or in a file) -> founding act -> accept
 *
 * Of a city with a second key the founding act is handed out to be signed: with an answer in a file at once, after one
 * that came over the line when an administrator asks for it (`answered`). The first who answers is kept until then. */
#include "node_internal.h"
#include "validate.h"

/* The pair behind an invitation's key: derived, so that no secret is stored. */
static void invite_keys(const struct node *node, const struct handle *nonce, uint8_t secret[32], uint8_t key[32])
{
	const struct seal_part part = {nonce->bytes, HANDLE_SIZE};
	struct hash hash = seal_hash_keyed("invitation-key", seal_keys_import_secret(node->keys), &part, 1);
	memcpy(secret, hash.bytes, 32);
	seal_wipe(&hash, sizeof hash);
	seal_transport_public(secret, key);
}

size_t node_invites(const struct node *node)
{
	return node->invites.count;
}

const uint8_t *node_invite_key(const struct node *node, size_t index)
{
	return node->invites.items[index].key;
}

/* The space whose founding act has this nonce and signer; NULL. */
static struct space *space_of_nonce(struct node *node, const struct hash *founder, const struct handle *nonce)
{
	for (size_t i = 0; i < node->spaces.count; i++) {
		const struct act *found = acts_at(node->spaces.items[i].acts, 0);
		if (hash_equal(&found->signer, founder) && found->message->nonce.len == HANDLE_SIZE &&
		    memcmp(found->message->nonce.data, nonce->bytes, HANDLE_SIZE) == 0)
			return &node->spaces.items[i];
	}
	return NULL;
}

static void reply_later(struct node *node, uint64_t client, Twinlog__Reply *reply)
{
	reply->commit = node->sequence;
	reply_durable(node, client, reply);
}

/* ---- Those that are out. ---- */

static void text_keep(char *out, size_t capacity, ProtobufCBinaryData text)
{
	const size_t size = text.len < capacity ? text.len : capacity - 1;
	if (size > 0)
		memcpy(out, text.data, size);
	out[size] = '\0';
}

/* The card of who answered, as it is kept; empty: nobody has. */
static void invite_answered_by(struct invite *invite, ProtobufCBinaryData signed_card)
{
	struct card *card;
	if (signed_card.len == 0 || card_open(signed_card.data, signed_card.len, &card))
		return;
	invite->answered = true;
	invite->by = card->identity;
	card_free(card);
}

static enum twinlog_error invite_keep(struct node *node, const struct handle *nonce, const Twinlog__Invitation *message)
{
	uint8_t secret[32];
	struct invite *invite = ARRAY_PUSH(&node->invites);
	if (!invite)
		return TWINLOG_NO_MEMORY;
	*invite = (struct invite){.nonce = *nonce, .expires_ms = message->expires_ms};
	text_keep(invite->city_id, sizeof invite->city_id, message->city_id);
	text_keep(invite->title, sizeof invite->title, message->title);
	invite_answered_by(invite, message->card);
	invite_keys(node, nonce, secret, invite->key);
	seal_wipe(secret, sizeof secret);
	return TWINLOG_OK;
}

enum twinlog_error invite_load(struct node *node, const struct handle *nonce, const uint8_t *bytes, size_t size)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	Twinlog__Invitation *message;
	enum twinlog_error error =
	    arena ? CODEC_UNPACK(arena, bytes, size, &message, twinlog__invitation) : TWINLOG_NO_MEMORY;
	if (!error)
		error = invite_keep(node, nonce, message);
	arena_free(arena);
	return error;
}

/* Those whose time is over make room. */
static void invites_expire(struct node *node)
{
	for (size_t i = node->invites.count; i-- > 0;)
		if (node->invites.items[i].expires_ms < node->now.wall_ms)
			ARRAY_DROP(&node->invites, i);
}

static struct invite *invite_find(struct node *node, const struct handle *nonce)
{
	for (size_t i = 0; i < node->invites.count; i++)
		if (handle_equal(&node->invites.items[i].nonce, nonce))
			return &node->invites.items[i];
	return NULL;
}

/* ---- Making one. ---- */

static void nonce_draw(struct node *node, struct handle *ret_nonce)
{
	uint64_t ms = node->now.wall_ms;
	for (size_t i = 6; i-- > 0; ms >>= 8)
		ret_nonce->bytes[i] = (uint8_t)ms;
	node_draw(node, ret_nonce->bytes + 6, HANDLE_SIZE - 6);
}

/* As the request ids keep it: the card is not the own one, which is at hand, but that of who answered. */
static void invite_persist(struct node *node, const struct handle *nonce, const Twinlog__Invitation *message)
{
	uint8_t *packed, *bytes;
	size_t size;
	if (codec_pack(&message->base, &packed, &size)) {
		node->out_of_memory = true;
		return;
	}
	struct pending *pending = pending_add(node, PENDING_KEPT);
	bytes = pending ? malloc(size + 1) : NULL;
	if (!bytes) {
		free(packed);
		node->out_of_memory = true;
		return;
	}
	bytes[0] = 0;
	memcpy(bytes + 1, packed, size);
	free(packed);
	struct persist *persist = effect_persist(node, PERSIST_REQUEST);
	persist->request = *nonce;
	persist->bytes = bytes;
	persist->size = size + 1;
	pending->ticket = node->ticket;
	pending->bytes = bytes;
}

static enum twinlog_error invitation_seal(struct node *node, const Twinlog__Invitation *message,
					  const uint8_t secret[32], uint8_t **ret_bytes, size_t *ret_size)
{
	Twinlog__SignedInvitation sealed = TWINLOG__SIGNED_INVITATION__INIT;
	uint8_t *bytes, signature[SEAL_SIGNATURE_SIZE];
	size_t size;
	if (codec_pack_arena(node->effects->arena, &message->base, &bytes, &size))
		return TWINLOG_NO_MEMORY;
	if (size > SEAL_MESSAGE_MAX)
		return TWINLOG_TOO_LARGE;
	seal_sign(node->keys, "invitation", bytes, size, signature);
	sealed.invitation = codec_bytes(bytes, size);
	sealed.signature = codec_bytes(signature, sizeof signature);
	sealed.secret = codec_bytes(secret, 32);
	return codec_pack_arena(node->effects->arena, &sealed.base, ret_bytes, ret_size);
}

static enum twinlog_error invite(struct node *node, uint64_t client, const Twinlog__Request *request,
				 const char **ret_where)
{
	const Twinlog__Invite *wanted = request->invite;
	Twinlog__Reply reply = TWINLOG__REPLY__INIT;
	Twinlog__Invited invited = TWINLOG__INVITED__INIT;
	Twinlog__Invitation message = TWINLOG__INVITATION__INIT;
	struct handle nonce;
	uint8_t secret[32], key[32], *bytes;
	size_t size;
	*ret_where = "city";
	if (validate_city_id((const char *)wanted->city_id.data, wanted->city_id.len))
		return TWINLOG_BAD_CITY_ID;
	if (codec_equal(wanted->city_id, node->card->city_id))
		return TWINLOG_DUPLICATE;
	*ret_where = "title";
	if (wanted->title.len == 0 || wanted->title.len > TWINLOG_TITLE_MAX)
		return wanted->title.len ? TWINLOG_TOO_LONG : TWINLOG_FIELD_MISSING;
	*ret_where = "invitations";
	invites_expire(node);
	if (node->invites.count >= TWINLOG_INVITES_MAX)
		return TWINLOG_TOO_MANY;
	nonce_draw(node, &nonce);
	invite_keys(node, &nonce, secret, key);
	message.card = codec_bytes(node->card->bytes, node->card->size);
	message.city_id = wanted->city_id;
	message.title = wanted->title;
	message.nonce = codec_handle(&nonce);
	message.key = codec_bytes(key, sizeof key);
	message.expires_ms = node->now.wall_ms + TWINLOG_INVITATION_MS;
	enum twinlog_error error = invitation_seal(node, &message, secret, &bytes, &size);
	seal_wipe(secret, sizeof secret);
	message.card = codec_bytes(NULL, 0);
	if (!error)
		error = invite_keep(node, &nonce, &message);
	if (error)
		return error;
	invite_persist(node, &nonce, &message);
	effect_add(node, EFFECT_PEERS_CHANGED);
	invited.invitation = codec_bytes(bytes, size);
	reply.id = request->id;
	reply.body_case = TWINLOG__REPLY__BODY_INVITED;
	reply.invited = &invited;
	reply_later(node, client, &reply);
	return TWINLOG_OK;
}

/* ---- At the city that was invited. ---- */

/* Decodes and checks all that can be checked by itself. The card is the caller's. */
static enum twinlog_error invitation_open(struct node *node, ProtobufCBinaryData file,
					  Twinlog__Invitation **ret_message, struct card **ret_card)
{
	Twinlog__SignedInvitation *sealed;
	Twinlog__Invitation *message;
	struct arena *arena = node->effects->arena;
	uint8_t key[32];
	enum twinlog_error error = CODEC_UNPACK_STRICT(arena, file.data, file.len, &sealed, twinlog__signed_invitation);
	if (!error)
		error = CODEC_UNPACK_STRICT(arena, sealed->invitation.data, sealed->invitation.len, &message,
					    twinlog__invitation);
	if (error)
		return error;
	if (sealed->secret.len != 32 || message->key.len != 32 || message->nonce.len != HANDLE_SIZE ||
	    message->title.len > TWINLOG_TITLE_MAX)
		return TWINLOG_MALFORMED;
	seal_transport_public(sealed->secret.data, key);
	if (memcmp(key, message->key.data, sizeof key) != 0)
		return TWINLOG_BAD_SIGNATURE;
	error = card_open(message->card.data, message->card.len, ret_card);
	if (error)
		return error;
	error = seal_verify(&(*ret_card)->city_key, "invitation", sealed->invitation.data, sealed->invitation.len,
			    sealed->signature.data, sealed->signature.len);
	if (!error && !codec_equal(message->city_id, node->card->city_id))
		error = TWINLOG_NOT_FOR_US;
	if (!error && hash_equal(&(*ret_card)->identity, &node->card->identity))
		error = TWINLOG_NOT_FOR_US;
	if (error)
		card_free(*ret_card);
	else
		*ret_message = message;
	return error;
}

static enum twinlog_error answer_seal(struct node *node, ProtobufCBinaryData nonce, ProtobufCBinaryData *ret_answer)
{
	Twinlog__Join join = TWINLOG__JOIN__INIT;
	Twinlog__SignedJoin sealed = TWINLOG__SIGNED_JOIN__INIT;
	uint8_t *bytes, signature[SEAL_SIGNATURE_SIZE];
	size_t size;
	join.card = codec_bytes(node->card->bytes, node->card->size);
	join.nonce = nonce;
	if (codec_pack_arena(node->effects->arena, &join.base, &bytes, &size))
		return TWINLOG_NO_MEMORY;
	seal_sign(node->keys, "join", bytes, size, signature);
	sealed.join = codec_bytes(bytes, size);
	sealed.signature = codec_bytes(signature, sizeof signature);
	if (codec_pack_arena(node->effects->arena, &sealed.base, &bytes, &size))
		return TWINLOG_NO_MEMORY;
	*ret_answer = codec_bytes(bytes, size);
	return TWINLOG_OK;
}

/* The space has come: it is to be accepted once, and then the invitation is used up. */
static enum twinlog_error join_space(struct node *node, const struct card *card, const Twinlog__Invitation *message,
				     ProtobufCBinaryData *ret_space)
{
	struct handle nonce;
	*ret_space = codec_bytes(NULL, 0);
	if (codec_get_handle(message->nonce, &nonce))
		return TWINLOG_MALFORMED;
	const struct space *space = space_of_nonce(node, &card->identity, &nonce);
	if (!space)
		return message->expires_ms < node->now.wall_ms ? TWINLOG_EXPIRED : TWINLOG_OK;
	const struct member *self = acts_member(space->acts, &node->card->identity);
	if (!self || self->standing != STANDING_INVITED)
		return TWINLOG_INVITATION_USED;
	*ret_space = codec_hash(acts_space(space->acts));
	return TWINLOG_OK;
}

static enum twinlog_error join_put(struct node *node, uint64_t client, const Twinlog__Request *request,
				   const char **ret_where)
{
	Twinlog__Reply reply = TWINLOG__REPLY__INIT;
	Twinlog__JoinIs is = TWINLOG__JOIN_IS__INIT;
	Twinlog__Invitation *message;
	struct card *card;
	*ret_where = "invitation";
	enum twinlog_error error = invitation_open(node, request->join_put->invitation, &message, &card);
	if (error)
		return error;
	const struct hash identity = card->identity;
	error = join_space(node, card, message, &is.space);
	if (!error)
		error = answer_seal(node, message->nonce, &is.answer);
	if (!error)
		error = peer_take(node, card);
	if (error) {
		card_free(card);
		return error;
	}
	const struct card *taken = peer_find(node, &identity)->card;
	is.identity = codec_hash(&taken->identity);
	is.city_id = codec_string(taken->city_id);
	is.transport_key = codec_bytes(taken->transport_key, 32);
	is.addresses = taken->message->addresses;
	is.n_addresses = taken->message->n_addresses;
	reply.id = request->id;
	reply.body_case = TWINLOG__REPLY__BODY_JOIN_IS;
	reply.join_is = &is;
	reply_later(node, client, &reply);
	return TWINLOG_OK;
}

/* ---- At the city that invited. ---- */

static enum twinlog_error answer_open(struct node *node, ProtobufCBinaryData answer, struct handle *ret_nonce,
				      struct card **ret_card)
{
	struct arena *arena = node->effects->arena;
	Twinlog__SignedJoin *sealed;
	Twinlog__Join *join;
	enum twinlog_error error = CODEC_UNPACK_STRICT(arena, answer.data, answer.len, &sealed, twinlog__signed_join);
	if (!error)
		error = CODEC_UNPACK_STRICT(arena, sealed->join.data, sealed->join.len, &join, twinlog__join);
	if (!error && codec_get_handle(join->nonce, ret_nonce))
		error = TWINLOG_MALFORMED;
	if (error)
		return error;
	error = card_open(join->card.data, join->card.len, ret_card);
	if (error)
		return error;
	error = seal_verify(&(*ret_card)->city_key, "join", sealed->join.data, sealed->join.len, sealed->signature.data,
			    sealed->signature.len);
	if (error)
		card_free(*ret_card);
	return error;
}

static enum twinlog_error answer_check(struct node *node, const struct invite *invite, const struct card *card,
				       const struct handle *nonce)
{
	const struct space *space = space_of_nonce(node, &node->card->identity, nonce);
	/* The same city's answer once more, because ours to it was lost. */
	if (space)
		return acts_member(space->acts, &card->identity) ? TWINLOG_OK : TWINLOG_INVITATION_USED;
	if (!invite)
		return TWINLOG_NOT_FOUND;
	if (invite->answered && !hash_equal(&invite->by, &card->identity))
		return TWINLOG_INVITATION_USED;
	if (invite->expires_ms < node->now.wall_ms)
		return TWINLOG_EXPIRED;
	return strcmp(invite->city_id, card->city_id) == 0 ? TWINLOG_OK : TWINLOG_NOT_FOR_US;
}

/* Nobody is there to sign a second time: who answered first stays the one until somebody is. */
static void answer_bind(struct node *node, struct invite *invite, const struct card *card)
{
	Twinlog__Invitation kept = TWINLOG__INVITATION__INIT;
	if (invite->answered)
		return;
	invite->answered = true;
	invite->by = card->identity;
	kept.card = codec_bytes(card->bytes, card->size);
	kept.city_id = codec_string(invite->city_id);
	kept.title = codec_string(invite->title);
	kept.nonce = codec_handle(&invite->nonce);
	kept.key = codec_bytes(invite->key, sizeof invite->key);
	kept.expires_ms = invite->expires_ms;
	invite_persist(node, &invite->nonce, &kept);
}

/* The space of both, or the act that would found it, for both to sign. */
static void invited_found(struct node *node, uint64_t client, uint64_t request_id, const struct hash *identity,
			  const struct handle *nonce, const char *title)
{
	Twinlog__Request create = TWINLOG__REQUEST__INIT;
	Twinlog__SpaceCreate found = TWINLOG__SPACE_CREATE__INIT;
	Twinlog__SpaceMember member = TWINLOG__SPACE_MEMBER__INIT, *members[] = {&member};
	member.identity = codec_hash(identity);
	found.members = members;
	found.n_members = 1;
	found.title = codec_string(title);
	found.request = codec_handle(nonce);
	create.id = request_id;
	create.body_case = TWINLOG__REQUEST__BODY_SPACE_CREATE;
	create.space_create = &found;
	spaces_request(node, client, &create);
}

static enum twinlog_error join_take(struct node *node, uint64_t client, const Twinlog__Request *request,
				    const char **ret_where)
{
	struct handle nonce;
	struct card *card;
	*ret_where = "invitation";
	enum twinlog_error error = answer_open(node, request->join_take->answer, &nonce, &card);
	if (error)
		return error;
	const struct hash identity = card->identity;
	struct invite *invite = invite_find(node, &nonce);
	error = answer_check(node, invite, card, &nonce);
	if (!error)
		error = peer_take(node, card);
	if (error) {
		card_free(card);
		return error;
	}
	if (invite && node->card->message->second_key.len > 0)
		answer_bind(node, invite, peer_find(node, &identity)->card);
	invited_found(node, client, request->id, &identity, &nonce, invite ? invite->title : "");
	return TWINLOG_OK;
}

/* Of several invitations of one city the newest that was answered. */
static enum twinlog_error invite_answered(struct node *node, uint64_t client, const Twinlog__Request *request,
					  const char **ret_where)
{
	const struct invite *invite = NULL;
	*ret_where = "invitation";
	for (size_t i = 0; i < node->invites.count; i++)
		if (node->invites.items[i].answered &&
		    codec_equal(request->invite->city_id, node->invites.items[i].city_id))
			invite = &node->invites.items[i];
	if (!invite)
		return TWINLOG_NOT_FOUND;
	const struct hash identity = invite->by;
	const struct handle nonce = invite->nonce;
	invited_found(node, client, request->id, &identity, &nonce, invite->title);
	return TWINLOG_OK;
}

void invite_request(struct node *node, uint64_t client, const Twinlog__Request *request)
{
	const char *where = "invitation";
	enum twinlog_error error;
	if (request->body_case == TWINLOG__REQUEST__BODY_INVITE)
		error = request->invite->answered ? invite_answered(node, client, request, &where)
						  : invite(node, client, request, &where);
	else if (request->body_case == TWINLOG__REQUEST__BODY_JOIN_PUT)
		error = join_put(node, client, request, &where);
	else
		error = join_take(node, client, request, &where);
	if (error == TWINLOG_NO_MEMORY)
		node->out_of_memory = true;
	else if (error)
		effect_fault(node, client, request->id, error, where, NULL);
}
