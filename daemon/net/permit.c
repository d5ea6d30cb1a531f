#include "permit.h"

#include <string.h>

/* ---- Roles. ---- */

bool permit_role(enum client_role role, int body_case)
{
	switch (body_case) {
	case TWINLOG__REQUEST__BODY_SPACE_LIST:
	case TWINLOG__REQUEST__BODY_SPACE_SHOW:
	case TWINLOG__REQUEST__BODY_CARD_GET:
	case TWINLOG__REQUEST__BODY_PEER_LIST:
	case TWINLOG__REQUEST__BODY_STATUS_GET:
	case TWINLOG__REQUEST__BODY_LIST:
	case TWINLOG__REQUEST__BODY_SHOW:
	case TWINLOG__REQUEST__BODY_REPORT:
	case TWINLOG__REQUEST__BODY_MATCH:
	case TWINLOG__REQUEST__BODY_CHANGES:
	case TWINLOG__REQUEST__BODY_SERVER_KEPT:
		return true;
	case TWINLOG__REQUEST__BODY_SUBMIT:
	case TWINLOG__REQUEST__BODY_ERASE:
	case TWINLOG__REQUEST__BODY_IMPORT_LOOKUP:
	case TWINLOG__REQUEST__BODY_WAIT:
		return role == ROLE_ADMIN || role == ROLE_CLERK;
	case TWINLOG__REQUEST__BODY_VERIFY_GET:
	case TWINLOG__REQUEST__BODY_CARRY_GET:
	case TWINLOG__REQUEST__BODY_AUDIT_GET:
		return role == ROLE_ADMIN || role == ROLE_AUDITOR;
	case TWINLOG__REQUEST__BODY_SPACE_CREATE:
	case TWINLOG__REQUEST__BODY_SPACE_ANSWER:
	case TWINLOG__REQUEST__BODY_SPACE_CHANGE:
	case TWINLOG__REQUEST__BODY_ACT_PUT:
	case TWINLOG__REQUEST__BODY_PEER_ADD:
	case TWINLOG__REQUEST__BODY_PEER_VERIFY:
	case TWINLOG__REQUEST__BODY_PEER_REMOVE:
	case TWINLOG__REQUEST__BODY_USER_ADD:
	case TWINLOG__REQUEST__BODY_USER_REMOVE:
	case TWINLOG__REQUEST__BODY_USER_LIST:
	default:
		/* An unknown request is answered as such to the administrator only. */
		return role == ROLE_ADMIN;
	}
}

/* ---- Spaces. ---- */

/* The space that a request names; empty when none. False for one that cannot be narrowed to some spaces. */
static bool space_named(const Twinlog__Request *request, ProtobufCBinaryData *ret_space)
{
	*ret_space = codec_bytes(NULL, 0);
	switch (request->body_case) {
	case TWINLOG__REQUEST__BODY_SUBMIT:
		*ret_space = request->submit->space;
		return true;
	case TWINLOG__REQUEST__BODY_IMPORT_LOOKUP:
		*ret_space = request->import_lookup->space;
		return true;
	case TWINLOG__REQUEST__BODY_WAIT:
		*ret_space = request->wait->space;
		return true;
	case TWINLOG__REQUEST__BODY_SPACE_ANSWER:
		*ret_space = request->space_answer->space;
		return true;
	case TWINLOG__REQUEST__BODY_SPACE_SHOW:
		*ret_space = request->space_show->space;
		return true;
	case TWINLOG__REQUEST__BODY_CARRY_GET:
		*ret_space = request->carry_get->space;
		return true;
	/* Narrowed where they are answered. */
	case TWINLOG__REQUEST__BODY_LIST:
	case TWINLOG__REQUEST__BODY_SHOW:
	case TWINLOG__REQUEST__BODY_REPORT:
	case TWINLOG__REQUEST__BODY_MATCH:
	case TWINLOG__REQUEST__BODY_CHANGES:
	case TWINLOG__REQUEST__BODY_ERASE:
	case TWINLOG__REQUEST__BODY_SPACE_LIST:
	case TWINLOG__REQUEST__BODY_PEER_LIST:
	case TWINLOG__REQUEST__BODY_STATUS_GET:
	case TWINLOG__REQUEST__BODY_CARD_GET:
	case TWINLOG__REQUEST__BODY_SERVER_KEPT:
		return true;
	default:
		return false;
	}
}

enum twinlog_error permit_request(const struct client *client, const Twinlog__Request *request, const char **ret_where)
{
	ProtobufCBinaryData space;
	struct hash id;
	*ret_where = "request";
	if (!permit_role(client->is.role, (int)request->body_case))
		return TWINLOG_NOT_PERMITTED;
	if (client->scope.count == 0)
		return TWINLOG_OK;
	if (!space_named(request, &space))
		return TWINLOG_NOT_PERMITTED;
	*ret_where = "space";
	if (space.len > 0 && (codec_get_hash(space, &id) || !scope_has(&client->scope, &id)))
		return TWINLOG_NOT_FOUND;
	return TWINLOG_OK;
}

/* ---- Office. ---- */

/* The office of a packed Body: its first field, so it stands at the very beginning. */
static bool office_read(ProtobufCBinaryData body, ProtobufCBinaryData *ret_office)
{
	const uint8_t tag = 1 << 3 | 2;
	size_t size = 0, at = 1;
	*ret_office = codec_bytes(NULL, 0);
	if (body.len == 0 || body.data[0] != tag)
		return true;
	for (unsigned shift = 0; at < body.len && shift < 28; shift += 7) {
		const uint8_t byte = body.data[at++];
		size |= (size_t)(byte & 0x7f) << shift;
		if (byte & 0x80)
			continue;
		if (size > body.len - at)
			return false;
		*ret_office = codec_bytes(body.data + at, size);
		return true;
	}
	return false;
}

/* In front of all other fields, where the canonical encoding has it. */
static enum twinlog_error office_write(const char *office, struct arena *arena, ProtobufCBinaryData *body)
{
	Twinlog__Body said = TWINLOG__BODY__INIT;
	uint8_t *head, *bytes;
	size_t head_size;
	said.office = codec_string(office);
	if (codec_pack_arena(arena, &said.base, &head, &head_size) ||
	    !(bytes = arena_alloc(arena, head_size + body->len)))
		return TWINLOG_NO_MEMORY;
	memcpy(bytes, head, head_size);
	if (body->len > 0)
		memcpy(bytes + head_size, body->data, body->len);
	*body = codec_bytes(bytes, head_size + body->len);
	return TWINLOG_OK;
}

enum twinlog_error permit_office(const struct client *client, Twinlog__Submit *submit, struct arena *arena)
{
	const bool bound = client->is.office[0] != '\0';
	const char *office = bound ? client->is.office : client->is.name;
	for (size_t i = 0; i < submit->n_operations; i++) {
		ProtobufCBinaryData said;
		/* A body that is none is refused where it is read. */
		if (!office_read(submit->operations[i]->body, &said))
			continue;
		if (said.len > 0 && bound && !codec_equal(said, office))
			return TWINLOG_NOT_PERMITTED;
		if (said.len == 0 && office_write(office, arena, &submit->operations[i]->body))
			return TWINLOG_NO_MEMORY;
	}
	return TWINLOG_OK;
}
