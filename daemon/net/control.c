#include "control.h"

#include <stdlib.h>
#include <string.h>
#include <zmq.h>

#include "audit.h"
#include "held.h"
#include "log.h"
#include "permit.h"
#include "pollset.h"
#include "server_key.h"
#include "socket.h"
#include "users.h"

#define CONTROL_VERSION     1
#define CONTROL_ROUTE_MAX   REGISTRY_ROUTE_MAX
#define CONTROL_RECEIVE_MAX 256 /* requests taken in before others have their turn */
#define CONTROL_ENDPOINTS   TWINLOG_ADDRESSES_MAX

/* Acknowledgements of the last commit should still go out. */
static const int LINGER_MS = 500;

/* One request under way. */
struct call {
	uint64_t token; /* 0: free */
	uint64_t request_id;
	uint8_t route[CONTROL_ROUTE_MAX];
	uint8_t route_size;
	struct client *client; /* who asks */
	bool query;            /* counted among the client's at the readers */
	bool writes;
	bool in_node;
	bool gone; /* its client, or the right to an answer; the node is still to be told */
	uint32_t next_free;
};

struct control {
	struct daemon *daemon;
	struct inlet inlet;
	char endpoints[CONTROL_ENDPOINTS][SOCKET_ENDPOINT_MAX];
	struct call *calls;
	uint32_t calls_count;
	uint32_t calls_capacity;
	uint32_t free; /* UINT32_MAX: none */
	uint32_t generation;
	struct held held;
	struct arena *arena;
	bool some_gone;
};

/* ---- The table of calls ---- */

static bool calls_grow(struct control *control)
{
	const uint32_t capacity = control->calls_capacity ? control->calls_capacity * 2 : 64;
	struct call *calls = realloc(control->calls, capacity * sizeof *calls);
	if (!calls)
		return false;
	control->calls = calls;
	control->calls_capacity = capacity;
	return true;
}

/* NULL when there are too many. Valid until the next call_new. */
static struct call *call_new(struct control *control, struct client *client, const void *route, size_t route_size,
			     uint64_t request_id)
{
	uint32_t index = control->free;
	if (index != UINT32_MAX) {
		control->free = control->calls[index].next_free;
	} else {
		if (control->calls_count == TWINLOG_REQUESTS_MAX)
			return NULL;
		if (control->calls_count == control->calls_capacity && !calls_grow(control))
			return NULL;
		index = control->calls_count++;
	}
	struct call *call = &control->calls[index];
	*call = (struct call){.token = (uint64_t)++control->generation << 32 | index,
			      .request_id = request_id,
			      .client = client,
			      .route_size = (uint8_t)route_size};
	memcpy(call->route, route, route_size);
	return call;
}

static struct call *call_find(const struct control *control, uint64_t token)
{
	const uint32_t index = (uint32_t)token;
	if (token == 0 || index >= control->calls_count || control->calls[index].token != token)
		return NULL;
	return &control->calls[index];
}

static void call_end(struct control *control, struct call *call)
{
	call->client->queries -= call->query;
	call->token = 0;
	call->next_free = control->free;
	control->free = (uint32_t)(call - control->calls);
}

/* ---- Sending ---- */

bool control_send(struct control *control, const void *route, size_t route_size, const void *bytes, size_t size)
{
	control->inlet.look = true;
	/* Once ROUTER takes the routing id it takes the rest of the message too. */
	return zmq_send(control->inlet.socket, route, route_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0 &&
	       zmq_send(control->inlet.socket, bytes, size, ZMQ_DONTWAIT) >= 0;
}

static void control_fault(struct control *control, const void *route, size_t route_size, uint64_t request_id,
			  enum twinlog_error code, const char *where)
{
	Twinlog__Fault fault = TWINLOG__FAULT__INIT;
	fault.code = code;
	fault.where = codec_string(where);
	Twinlog__Reply reply = TWINLOG__REPLY__INIT;
	reply.id = request_id;
	/* Without the commit: this may go to one who is to see no more of it. */
	reply.fault = &fault;
	uint8_t *bytes = NULL;
	size_t size = 0;
	if (codec_pack(&reply.base, &bytes, &size) == TWINLOG_OK)
		control_send(control, route, route_size, bytes, size);
	free(bytes);
}

/* Whatever else this client waits for, nobody will take it. */
static void control_lost(struct control *control, const uint8_t *route, size_t route_size)
{
	for (uint32_t i = 0; i < control->calls_count; i++) {
		struct call *call = &control->calls[i];
		if (call->token && call->route_size == route_size && memcmp(call->route, route, route_size) == 0)
			call->gone = true;
	}
	control->some_gone = true;
}

/* What it wrote while it might is still answered: it is told what became of that, and nothing else. */
void control_removed(struct control *control, const struct client *client)
{
	for (uint32_t i = 0; i < control->calls_count; i++) {
		struct call *call = &control->calls[i];
		if (!call->token || call->client != client || call->writes || call->gone)
			continue;
		control_fault(control, call->route, call->route_size, call->request_id, TWINLOG_UNKNOWN_KEY, "client");
		call->gone = true;
		control->some_gone = true;
	}
}

void control_reply(struct control *control, uint64_t token, const void *bytes, size_t size, bool last)
{
	struct call *call = call_find(control, token);
	if (!call)
		return;
	const bool sent = !call->gone && control_send(control, call->route, call->route_size, bytes, size);
	if (!sent && !call->gone)
		control_lost(control, call->route, call->route_size);
	if (last)
		call_end(control, call);
}

void control_done(struct control *control, uint64_t token)
{
	struct call *call = call_find(control, token);
	if (call)
		call_end(control, call);
}

void control_refuse(struct control *control, uint64_t token, enum twinlog_error code, const char *where)
{
	struct call *call = call_find(control, token);
	if (!call)
		return;
	if (!call->gone)
		control_fault(control, call->route, call->route_size, call->request_id, code, where);
	call_end(control, call);
}

void control_refuse_writes(struct control *control, enum twinlog_error code)
{
	for (uint32_t i = 0; i < control->calls_count; i++) {
		struct call *call = &control->calls[i];
		if (!call->token || !call->writes)
			continue;
		if (!call->gone)
			control_fault(control, call->route, call->route_size, call->request_id, code, "");
		call_end(control, call);
	}
}

/* ---- Receiving ---- */

static enum twinlog_error control_query(struct control *control, struct call *call, const Twinlog__Request *request,
					zmq_msg_t *message)
{
	if (workers_behind(control->daemon->workers, WORK_QUERY))
		return TWINLOG_TOO_MANY;
	struct work_query *query =
	    work_query_new(call->token, zmq_msg_data(message), zmq_msg_size(message), &call->client->scope);
	if (!query)
		return TWINLOG_NO_MEMORY;
	call->query = true;
	call->client->queries++;
	const uint64_t commit = held_commit(request);
	if (commit > node_commit(control->daemon->node)) {
		const uint64_t until_ms = moment_now().mono_ms + held_wait_ms(request);
		return held_add(&control->held, query, commit, until_ms) ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	}
	workers_push(control->daemon->workers, &query->work);
	return TWINLOG_OK;
}

static bool control_is_query(const Twinlog__Request *request)
{
	return !node_takes(request) && !users_take(request);
}

static void control_step(struct control *control, struct call *call, const Twinlog__Request *request)
{
	const struct client *client = call->client;
	struct event event = {
	    .type = EVENT_REQUEST,
	    .more = true,
	    .request = {.client = call->token, .writer = client->number, .scope = &client->scope, .request = request}};
	call->in_node = true;
	audit_asked(control->daemon, client, request);
	daemon_step(control->daemon, &event);
}

/* To the node, to the readers, or to what keeps the clients. */
static void control_route(struct control *control, struct client *client, const void *route, size_t route_size,
			  const Twinlog__Request *request, zmq_msg_t *message)
{
	struct daemon *daemon = control->daemon;
	const bool query = control_is_query(request);
	const bool writes = !query && request->body_case != TWINLOG__REQUEST__BODY_WAIT &&
			    request->body_case != TWINLOG__REQUEST__BODY_USER_LIST;
	enum twinlog_error error = writes && daemon->disk_full ? TWINLOG_DISK_FULL : TWINLOG_OK;
	struct call *call = error ? NULL : call_new(control, client, route, route_size, request->id);
	if (!error && !call)
		error = TWINLOG_TOO_MANY;
	if (call && query) {
		error = control_query(control, call, request, message);
		if (error)
			call_end(control, call);
	}
	if (error) {
		control_fault(control, route, route_size, request->id, error, "");
		return;
	}
	if (query)
		return;
	call->writes = writes;
	if (users_take(request))
		users_request(daemon, client, call->token, request);
	else
		control_step(control, call, request);
}

/* The client whose key CURVE has authenticated; NULL: none of this city's, or no longer. */
static struct client *control_speaker(const struct control *control, zmq_msg_t *message)
{
	const struct daemon *daemon = control->daemon;
	const char *user_id = zmq_msg_gets(message, "User-Id");
	uint8_t key[KEYRING_KEY_SIZE];
	if (!user_id || hex_decode(key, sizeof key, user_id, strlen(user_id)))
		return NULL;
	const struct keyring_entry *entry = keyring_find(&daemon->zap.clients, key);
	return entry ? daemon->registry.items[entry->number] : NULL;
}

static enum twinlog_error control_judge(struct control *control, struct client *client, Twinlog__Request *request,
					const char **ret_where)
{
	*ret_where = "request";
	if (request->version != CONTROL_VERSION)
		return TWINLOG_PROTOCOL_VERSION;
	enum twinlog_error error = permit_request(client, request, ret_where);
	if (!error && request->body_case == TWINLOG__REQUEST__BODY_SUBMIT) {
		*ret_where = "office";
		error = permit_office(client, request->submit, control->arena);
	}
	if (error == TWINLOG_NOT_PERMITTED)
		audit_refused(control->daemon, client, request);
	return error;
}

/* A request whose turn it is; or, when it is not, it waits behind others of its client. again: it has waited. */
static void control_admit(struct control *control, struct client *client, const void *route, size_t route_size,
			  zmq_msg_t *message, bool again)
{
	struct registry *registry = &control->daemon->registry;
	Twinlog__Request *request = NULL;
	const char *where = "request";
	arena_reset(control->arena);
	enum twinlog_error error =
	    CODEC_UNPACK(control->arena, zmq_msg_data(message), zmq_msg_size(message), &request, twinlog__request);
	if (!error && !again) {
		client->requests++;
		if (client->first ||
		    !client_may_go(client, zmq_msg_size(message), control_is_query(request), moment_now().mono_ms)) {
			error = client_wait(registry, client, route, route_size, message);
			if (!error)
				return;
			where = "requests at once";
		}
	}
	if (!error)
		error = control_judge(control, client, request, &where);
	if (error) {
		client->refused++;
		log_line(LOG_WARNING, client->is.name, "a request is refused: %s: %s", where,
			 twinlog_error_text(error));
		control_fault(control, route, route_size, request ? request->id : 0, error, where);
		return;
	}
	control_route(control, client, route, route_size, request, message);
}

/* Also from one that is known no longer: it is told so, and its id, when the message has one. */
static void control_stranger(struct control *control, const void *route, size_t route_size, zmq_msg_t *message)
{
	Twinlog__Request *request = NULL;
	arena_reset(control->arena);
	const enum twinlog_error error =
	    CODEC_UNPACK(control->arena, zmq_msg_data(message), zmq_msg_size(message), &request, twinlog__request);
	log_line(LOG_WARNING, NULL, "a request is refused: its client's key is not known any longer");
	if (!error)
		control_fault(control, route, route_size, request->id, TWINLOG_UNKNOWN_KEY, "client");
}

static void control_take(struct control *control, zmq_msg_t *route, zmq_msg_t *message, bool whole)
{
	const size_t route_size = zmq_msg_size(route);
	struct client *speaker = control_speaker(control, message);
	if (route_size == 0 || route_size > CONTROL_ROUTE_MAX)
		return;
	if (!speaker) {
		control_stranger(control, zmq_msg_data(route), route_size, message);
		return;
	}
	speaker->last_ms = moment_now().wall_ms;
	server_key_tell(control->daemon, speaker, zmq_msg_data(route), route_size);
	if (whole)
		control_admit(control, speaker, zmq_msg_data(route), route_size, message, false);
	else
		control_fault(control, zmq_msg_data(route), route_size, 0, TWINLOG_MALFORMED, "request");
}

/* One request: routing id and one frame. False when nothing waits. */
static bool control_receive_one(struct control *control)
{
	zmq_msg_t route, message;
	zmq_msg_init(&route);
	if (zmq_msg_recv(&route, control->inlet.socket, ZMQ_DONTWAIT) < 0) {
		zmq_msg_close(&route);
		control->inlet.look = false;
		return false;
	}
	zmq_msg_init(&message);
	if (zmq_msg_more(&route) && zmq_msg_recv(&message, control->inlet.socket, ZMQ_DONTWAIT) >= 0) {
		const bool whole = !zmq_msg_more(&message);
		control_take(control, &route, &message, whole);
		for (bool more = !whole; more;)
			more =
			    zmq_msg_recv(&message, control->inlet.socket, ZMQ_DONTWAIT) >= 0 && zmq_msg_more(&message);
	}
	zmq_msg_close(&message);
	zmq_msg_close(&route);
	return true;
}

bool control_receive(struct control *control)
{
	for (int i = 0; i < CONTROL_RECEIVE_MAX; i++)
		if (!control_receive_one(control))
			return false;
	return true;
}

/* ---- The part of the loop ---- */

static void control_release(struct control *control)
{
	held_release(&control->held, node_commit(control->daemon->node), moment_now().mono_ms,
		     control->daemon->workers);
}

static void control_forget(struct control *control)
{
	control->some_gone = false;
	for (uint32_t i = 0; i < control->calls_count; i++) {
		const struct call call = control->calls[i];
		if (!call.token || !call.gone)
			continue;
		call_end(control, &control->calls[i]);
		held_drop(&control->held, call.token);
		if (!call.in_node)
			continue;
		struct event event = {.type = EVENT_CLIENT_GONE, .client_gone = {call.token}};
		daemon_step(control->daemon, &event);
	}
}

/* One client's line, as far as its share goes. Whether the first goes to the readers is not looked up: a client whose
 * queries are all taken waits with everything. */
static void control_line(struct control *control, struct client *client, uint64_t now_ms)
{
	while (client->first && client_may_go(client, zmq_msg_size(&client->first->message), true, now_ms)) {
		struct waiting_request *waiting = client_take(&control->daemon->registry, client);
		control_admit(control, client, waiting->route, waiting->route_size, &waiting->message, true);
		waiting_free(waiting);
	}
}

static void control_lines(struct control *control)
{
	const struct registry *registry = &control->daemon->registry;
	const uint64_t now_ms = moment_now().mono_ms;
	for (size_t i = 0; i < registry->count && registry->slowed > 0; i++)
		if (registry->items[i]->first)
			control_line(control, registry->items[i], now_ms);
}

static uint64_t control_lines_deadline(const struct control *control)
{
	const struct registry *registry = &control->daemon->registry;
	const uint64_t now_ms = moment_now().mono_ms;
	uint64_t first_ms = UINT64_MAX;
	for (size_t i = 0; i < registry->count && registry->slowed > 0; i++) {
		const uint64_t next_ms = client_next_ms(registry->items[i], now_ms);
		first_ms = next_ms < first_ms ? next_ms : first_ms;
	}
	return first_ms;
}

void control_serve(struct control *control)
{
	if (control->some_gone)
		control_forget(control);
	if (control->held.count > 0)
		control_release(control);
	if (control->daemon->registry.slowed > 0)
		control_lines(control);
	server_key_look(control->daemon);
}

uint64_t control_deadline(const struct control *control)
{
	if (control->some_gone)
		return 0;
	const uint64_t key_ms = control->daemon->server_key_due_ms;
	const uint64_t lines_ms = control_lines_deadline(control);
	const uint64_t held_ms = held_deadline(&control->held);
	const uint64_t first_ms = held_ms < lines_ms ? held_ms : lines_ms;
	return key_ms < first_ms ? key_ms : first_ms;
}

/* ---- Start and end ---- */

enum twinlog_error control_open(struct daemon *daemon, struct control **ret_control, struct twinlog_fault *fault)
{
	const struct daemon_setup *setup = daemon->setup;
	if (setup->control_count > CONTROL_ENDPOINTS)
		return twinlog_fault_set(fault, TWINLOG_TOO_MANY, "control", NULL);
	struct control *control = calloc(1, sizeof *control);
	if (!control)
		return TWINLOG_NO_MEMORY;
	control->daemon = daemon;
	control->free = UINT32_MAX;
	control->arena = arena_new(TWINLOG_UNPACK_MAX);
	inlet_open(&control->inlet, socket_new(daemon->context, ZMQ_ROUTER, (int)TWINLOG_CONTROL_PIPE_MAX));
	enum twinlog_error error =
	    control->arena && control->inlet.socket
		? socket_serve(control->inlet.socket, seal_keys_control_secret(setup->keys), ZAP_DOMAIN_CONTROL)
		: TWINLOG_NO_MEMORY;
	for (size_t i = 0; i < setup->control_count && !error; i++)
		error = socket_bind(control->inlet.socket, setup->control[i], control->endpoints[i], fault);
	if (error) {
		control_close(control);
		return error;
	}
	*ret_control = control;
	return TWINLOG_OK;
}

bool control_writes(const struct control *control)
{
	for (uint32_t i = 0; i < control->calls_count; i++)
		if (control->calls[i].token && control->calls[i].writes)
			return true;
	return false;
}

enum twinlog_error control_rebind(struct control *control)
{
	const struct daemon_setup *setup = control->daemon->setup;
	void *socket = control->inlet.socket;
	enum twinlog_error error = TWINLOG_OK;

	if (zmq_setsockopt(socket, ZMQ_CURVE_SECRETKEY, seal_keys_control_secret(setup->keys), 32))
		return TWINLOG_IO;
	zmq_setsockopt(socket, ZMQ_LINGER, &LINGER_MS, sizeof LINGER_MS);
	for (size_t i = 0; i < setup->control_count && !error; i++)
		error = socket_rebind(socket, control->endpoints[i]);
	zmq_setsockopt(socket, ZMQ_LINGER, &(const int){0}, sizeof(int));
	control->inlet.look = true;
	return error;
}

void control_close(struct control *control)
{
	if (!control)
		return;
	if (control->inlet.socket) {
		zmq_setsockopt(control->inlet.socket, ZMQ_LINGER, &LINGER_MS, sizeof LINGER_MS);
		zmq_close(control->inlet.socket);
	}
	held_free(&control->held);
	free(control->calls);
	arena_free(control->arena);
	free(control);
}

struct inlet *control_inlet(struct control *control)
{
	return &control->inlet;
}

const char *control_endpoint(const struct control *control, size_t index)
{
	return control->endpoints[index];
}
