#include "users.h"

#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "loop.h"
#include "server_key.h"
#include "text.h"

bool users_take(const Twinlog__Request *request)
{
	return request->body_case == TWINLOG__REQUEST__BODY_USER_ADD ||
	       request->body_case == TWINLOG__REQUEST__BODY_USER_REMOVE ||
	       request->body_case == TWINLOG__REQUEST__BODY_USER_LIST ||
	       request->body_case == TWINLOG__REQUEST__BODY_SERVER_KEPT;
}

/* ---- Answering. ---- */

static enum twinlog_error info_add(const struct daemon *daemon, Twinlog__Users *users, const struct client *client,
				   struct arena *arena)
{
	Twinlog__UserInfo *info = arena_alloc(arena, sizeof *info);
	if (!info)
		return TWINLOG_NO_MEMORY;
	twinlog__user_info__init(info);
	info->name = codec_string(client->is.name);
	info->role = client->is.role;
	info->public_key = codec_bytes(client->is.public_key, sizeof client->is.public_key);
	info->office = codec_string(client->is.office);
	info->spaces = codec_hash_list(arena, client->is.spaces, client->is.spaces_count);
	info->n_spaces = client->is.spaces_count;
	info->requests = client->requests;
	info->refused = client->refused;
	info->slowed = client->slowed;
	info->last_ms = client->last_ms;
	info->has_server_next = server_key_has(daemon, client);
	users->users[users->n_users++] = info;
	return TWINLOG_OK;
}

/* All of them, or the one; packed and malloc'd. */
static enum twinlog_error users_pack(const struct daemon *daemon, const struct client *only, uint64_t request_id,
				     uint8_t **ret_bytes, size_t *ret_size)
{
	const struct registry *registry = &daemon->registry;
	Twinlog__Reply reply = TWINLOG__REPLY__INIT;
	Twinlog__Users users = TWINLOG__USERS__INIT;
	const uint8_t *next = seal_keys_control_next(daemon->setup->keys);
	struct arena *arena = arena_new(SIZE_MAX);
	users.users = arena ? arena_alloc(arena, (registry->count + 1) * sizeof *users.users) : NULL;
	enum twinlog_error error = users.users ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < registry->count && !error; i++)
		if (only ? registry->items[i] == only : !registry->items[i]->removed)
			error = info_add(daemon, &users, registry->items[i], arena);
	reply.id = request_id;
	reply.commit = node_commit(daemon->node);
	reply.body_case = TWINLOG__REPLY__BODY_USERS;
	reply.users = &users;
	if (next)
		users.server_next = codec_bytes(next, 32);
	if (!error)
		error = codec_pack(&reply.base, ret_bytes, ret_size);
	arena_free(arena);
	return error;
}

/* After the commit of what was done. */
static enum twinlog_error answer_later(struct daemon *daemon, const struct client *user, uint64_t token,
				       uint64_t request_id)
{
	struct work_persist *batch = daemon_batch(daemon);
	uint8_t *bytes = NULL;
	size_t size = 0;
	enum twinlog_error error = batch ? users_pack(daemon, user, request_id, &bytes, &size) : TWINLOG_NO_MEMORY;
	return error ? error : work_persist_reply(batch, token, bytes, size);
}

static enum twinlog_error answer_now(struct daemon *daemon, const struct client *user, uint64_t token,
				     uint64_t request_id)
{
	uint8_t *bytes = NULL;
	size_t size = 0;
	const enum twinlog_error error = users_pack(daemon, user, request_id, &bytes, &size);
	if (error)
		return error;
	if (size > TWINLOG_MESSAGE_MAX) {
		free(bytes);
		return TWINLOG_TOO_LARGE;
	}
	control_reply(daemon->control, token, bytes, size, true);
	free(bytes);
	return TWINLOG_OK;
}

/* ---- Changing. ---- */

/* The list as it is now, for the writer to put in place of the file. */
static enum twinlog_error users_keep(struct daemon *daemon)
{
	struct work_persist *batch = daemon_batch(daemon);
	const size_t count = registry_list(&daemon->registry, NULL, 0);
	struct daemon_client *list = malloc((count + 1) * sizeof *list);
	if (!batch || !list) {
		free(list);
		return TWINLOG_NO_MEMORY;
	}
	registry_list(&daemon->registry, list, count);
	work_persist_clients(batch, list, count);
	return registry_admit(&daemon->registry, &daemon->zap.clients);
}

static enum twinlog_error text_take(ProtobufCBinaryData text, char *out, size_t capacity)
{
	if (text.len >= capacity)
		return TWINLOG_TOO_LONG;
	if (text_check((const char *)text.data, text.len, false) || memchr(text.data, ';', text.len))
		return TWINLOG_BAD_TEXT;
	memcpy(out, text.data, text.len);
	out[text.len] = '\0';
	return TWINLOG_OK;
}

static enum twinlog_error spaces_take(const struct daemon *daemon, const Twinlog__UserAdd *add,
				      struct daemon_client *out)
{
	if (add->n_spaces > TWINLOG_CLIENT_SPACES_MAX)
		return TWINLOG_TOO_MANY;
	for (size_t i = 0; i < add->n_spaces; i++) {
		struct hash space;
		if (codec_get_hash(add->spaces[i], &space) || !node_space_find(daemon->node, &space))
			return TWINLOG_NOT_FOUND;
		out->spaces[out->spaces_count++] = space;
	}
	return TWINLOG_OK;
}

static enum twinlog_error user_read(const struct daemon *daemon, const Twinlog__UserAdd *add, struct daemon_client *out,
				    const char **ret_where)
{
	static const uint8_t none[32];
	enum twinlog_error error;
	*out = (struct daemon_client){.role = (enum client_role)add->role};
	*ret_where = "name";
	error = add->name.len ? text_take(add->name, out->name, sizeof out->name) : TWINLOG_FIELD_MISSING;
	if (error)
		return error;
	*ret_where = "office";
	if (add->office.len > 0 && (error = text_take(add->office, out->office, sizeof out->office)))
		return error;
	*ret_where = "role";
	if (add->role > ROLE_AUDITOR)
		return TWINLOG_BAD_CODE;
	*ret_where = "key";
	if (add->public_key.len != sizeof out->public_key || memcmp(add->public_key.data, none, sizeof none) == 0)
		return TWINLOG_INVALID;
	memcpy(out->public_key, add->public_key.data, sizeof out->public_key);
	*ret_where = "space";
	return spaces_take(daemon, add, out);
}

static bool same_user(const struct daemon_client *a, const struct daemon_client *b)
{
	return strcmp(a->name, b->name) == 0 && memcmp(a->public_key, b->public_key, 32) == 0 && a->role == b->role &&
	       strcmp(a->office, b->office) == 0 && a->spaces_count == b->spaces_count &&
	       memcmp(a->spaces, b->spaces, a->spaces_count * sizeof *a->spaces) == 0;
}

static enum twinlog_error user_add(struct daemon *daemon, const struct client *by, uint64_t token,
				   const Twinlog__Request *request, const char **ret_where)
{
	struct registry *registry = &daemon->registry;
	struct daemon_client wanted;
	enum twinlog_error error = user_read(daemon, request->user_add, &wanted, ret_where);
	if (error)
		return error;
	const struct client *named = registry_by_name(registry, wanted.name);
	const struct client *keyed = registry_by_key(registry, wanted.public_key);
	if (named || keyed) {
		*ret_where = named ? "name" : "key";
		/* A retry. */
		return named == keyed && same_user(&named->is, &wanted)
			   ? answer_later(daemon, named, token, request->id)
			   : TWINLOG_DUPLICATE;
	}
	error = registry_add(registry, &wanted);
	if (!error)
		error = users_keep(daemon);
	if (error)
		return error;
	audit_user(daemon, by, &wanted, true);
	return answer_later(daemon, registry->items[registry->count - 1], token, request->id);
}

static enum twinlog_error user_remove(struct daemon *daemon, const struct client *by, uint64_t token,
				      const Twinlog__Request *request, const char **ret_where)
{
	struct registry *registry = &daemon->registry;
	char name[sizeof by->is.name];
	*ret_where = "name";
	if (text_take(request->user_remove->name, name, sizeof name))
		return TWINLOG_NOT_FOUND;
	struct client *user = registry_by_name(registry, name);
	if (!user)
		return TWINLOG_NOT_FOUND;
	*ret_where = "the last administrator";
	if (user->is.role == ROLE_ADMIN && user->is.spaces_count == 0 && registry_admins(registry) == 1)
		return TWINLOG_NOT_PERMITTED;
	registry_remove(registry, user);
	control_removed(daemon->control, user);
	const enum twinlog_error error = users_keep(daemon);
	if (error)
		return error;
	audit_user(daemon, by, &user->is, false);
	return answer_later(daemon, user, token, request->id);
}

/* Of a key that is not the one to come nothing is noted. */
static enum twinlog_error server_kept(struct daemon *daemon, struct client *by, uint64_t token,
				      const Twinlog__Request *request)
{
	Twinlog__Reply reply = TWINLOG__REPLY__INIT;
	struct work_persist *batch = daemon_batch(daemon);
	const bool had = server_key_has(daemon, by);
	uint8_t *bytes;
	size_t size;
	enum twinlog_error error = batch ? TWINLOG_OK : TWINLOG_NO_MEMORY;

	server_key_note(daemon, by, request->server_kept->key);
	if (!error && had != server_key_has(daemon, by))
		error = users_keep(daemon);
	reply.id = request->id;
	reply.commit = node_commit(daemon->node);
	if (!error)
		error = codec_pack(&reply.base, &bytes, &size);
	return error ? error : work_persist_reply(batch, token, bytes, size);
}

void users_request(struct daemon *daemon, struct client *by, uint64_t token, const Twinlog__Request *request)
{
	enum twinlog_error error;
	const char *where = "";
	if (request->body_case == TWINLOG__REQUEST__BODY_USER_ADD)
		error = user_add(daemon, by, token, request, &where);
	else if (request->body_case == TWINLOG__REQUEST__BODY_USER_REMOVE)
		error = user_remove(daemon, by, token, request, &where);
	else if (request->body_case == TWINLOG__REQUEST__BODY_SERVER_KEPT)
		error = server_kept(daemon, by, token, request);
	else
		error = answer_now(daemon, NULL, token, request->id);
	if (error == TWINLOG_NO_MEMORY)
		daemon_fail(daemon, error, "clients");
	else if (error)
		control_refuse(daemon->control, token, error, where);
}
