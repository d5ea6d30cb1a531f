#include "query_internal.h"

#include <string.h>

ProtobufCBinaryData query_text(const struct query *query, const char *text)
{
	size_t size = text ? strlen(text) : 0;
	void *copy = size ? arena_copy(query->arena, text, size) : NULL;

	return codec_bytes(copy, copy ? size : 0);
}

enum twinlog_error query_fault(const struct query *query, enum twinlog_error code, const char *where,
			       ProtobufCBinaryData value)
{
	Twinlog__Fault *fault = QUERY_NEW(query, Twinlog__Fault, TWINLOG__FAULT__INIT);

	query->reply->body_case = TWINLOG__REPLY__BODY__NOT_SET;
	if (fault) {
		fault->code = (uint32_t)code;
		fault->where = query_text(query, where);
		/* As sent by the client, and longer than any line: cut where it cannot hurt. */
		fault->value = codec_bytes(arena_copy(query->arena, value.data, value.len < 64 ? value.len : 64),
					   value.len < 64 ? value.len : 64);
		if (!fault->value.data)
			fault->value.len = 0;
	}
	query->reply->fault = fault;
	return code;
}

enum twinlog_error query_space(const struct query *query, ProtobufCBinaryData id, const struct space **ret_space)
{
	const struct space *space;
	struct hash hash;

	if (codec_get_hash(id, &hash))
		return query_fault(query, TWINLOG_INVALID, "space", codec_bytes(NULL, 0));
	space = node_space_find(query->node, &hash);
	if (!space || !query_sees(query, space)) {
		char hex[HASH_HEX_SIZE];

		return query_fault(query, TWINLOG_NOT_FOUND, "space",
				   codec_string(hex_encode(hex, hash.bytes, HASH_SIZE)));
	}
	*ret_space = space;
	return TWINLOG_OK;
}

enum twinlog_error query_body(const struct query *query, const struct word *word, ProtobufCBinaryData *ret_body)
{
	const uint8_t *bytes;
	size_t size;
	enum twinlog_error error = store_get_bundle(*query->read, word->bundle, &bytes, &size);

	return error ? error : leaves_body(query_leaves(query), word->bundle, bytes, size, word->index, ret_body);
}

enum twinlog_error query_at_least(const struct query *query, uint64_t commit)
{
	/* Whoever got this number got it after the commit; so it is another store's. */
	if (commit > node_commit(query->node))
		return query_fault(query, TWINLOG_INVALID, "at_least_commit", codec_bytes(NULL, 0));
	return TWINLOG_OK;
}

static enum twinlog_error query_card(const struct query *query)
{
	Twinlog__CardIs *card = QUERY_NEW(query, Twinlog__CardIs, TWINLOG__CARD_IS__INIT);

	if (!card)
		return QUERY_FULL;
	size_t size;
	const uint8_t *signed_card = node_signed_card(query->node, &size);
	card->signed_card = codec_bytes(signed_card, size);
	card->identity = codec_hash(node_identity(query->node));
	query->reply->body_case = TWINLOG__REPLY__BODY_CARD_IS;
	query->reply->card_is = card;
	return TWINLOG_OK;
}

static enum twinlog_error query_peer_list(const struct query *query)
{
	Twinlog__Peers *peers = QUERY_NEW(query, Twinlog__Peers, TWINLOG__PEERS__INIT);
	enum twinlog_error error;

	if (!peers)
		return QUERY_FULL;
	error = query_peers(query, &peers->peers, &peers->n_peers);
	if (error)
		return error;
	query->reply->body_case = TWINLOG__REPLY__BODY_PEERS;
	query->reply->peers = peers;
	return TWINLOG_OK;
}

static enum twinlog_error query_space_show(const struct query *query, const Twinlog__SpaceShow *show)
{
	const struct space *space;
	enum twinlog_error error = query_space(query, show->space, &space);

	return error ? error : query_spaces(query, space);
}

static enum twinlog_error query_verify_all(const struct query *query)
{
	struct query_verify verify;
	bool done = false;
	enum twinlog_error error = TWINLOG_OK;

	query_verify_start(&verify);
	while (!error && !done)
		error = query_verify_step(query->node, *query->read, &verify, query->arena, query->reply, &done);
	return error;
}

static enum twinlog_error query_dispatch(const struct query *query, const Twinlog__Request *request)
{
	switch (request->body_case) {
	case TWINLOG__REQUEST__BODY_LIST:
		return query_list(query, request->list);
	case TWINLOG__REQUEST__BODY_SHOW:
		return query_show(query, request->show);
	case TWINLOG__REQUEST__BODY_REPORT:
		return query_report(query, request->report);
	case TWINLOG__REQUEST__BODY_MATCH:
		return query_match(query, request->match);
	case TWINLOG__REQUEST__BODY_CHANGES:
		return query_changes(query, request->changes);
	case TWINLOG__REQUEST__BODY_IMPORT_LOOKUP:
		return query_import(query, request->import_lookup);
	case TWINLOG__REQUEST__BODY_SPACE_LIST:
		return query_spaces(query, NULL);
	case TWINLOG__REQUEST__BODY_SPACE_SHOW:
		return query_space_show(query, request->space_show);
	case TWINLOG__REQUEST__BODY_CARD_GET:
		return query_card(query);
	case TWINLOG__REQUEST__BODY_PEER_LIST:
		return query_peer_list(query);
	case TWINLOG__REQUEST__BODY_STATUS_GET:
		return query_status(query);
	case TWINLOG__REQUEST__BODY_VERIFY_GET:
		return query_verify_all(query);
	case TWINLOG__REQUEST__BODY_AUDIT_GET:
		return query_audit(query, request->audit_get);
	default:
		return query_fault(query, TWINLOG_USAGE, "request", codec_bytes(NULL, 0));
	}
}

enum twinlog_error query_answer(const struct node *node, struct store_read *const *read,
				const struct query_extra *extra, const Twinlog__Request *request, struct arena *arena,
				Twinlog__Reply *reply)
{
	const struct query query = {
	    .node = node, .self = *node_identity(node), .read = read, .extra = extra, .arena = arena, .reply = reply};
	enum twinlog_error error;

	twinlog__reply__init(reply);
	reply->id = request->id;
	reply->commit = node_commit(node);
	error = query_dispatch(&query, request);
	if (!error && twinlog__reply__get_packed_size(reply) > TWINLOG_MESSAGE_MAX)
		error = TWINLOG_TOO_LARGE;
	if (error && (!reply->fault || error == TWINLOG_TOO_LARGE))
		return query_fault(&query, error, "answer", codec_bytes(NULL, 0));
	return error;
}
