/* Requests and their answers over one connection. */
#include <poll.h>
#include <stdlib.h>
#include <zmq.h>

#include "connection_internal.h"

/* ---- What is pending ---- */

static struct pending **pending_find(struct twinlog *twinlog, uint64_t id)
{
	struct pending **at = &twinlog->first;

	/* Answers come nearly in order, so the first few are looked at. */
	while (*at && (*at)->id != id)
		at = &(*at)->next;
	return at;
}

static void pending_drop(struct twinlog *twinlog, uint64_t id)
{
	struct pending **at = pending_find(twinlog, id);
	struct pending *pending = *at;

	if (!pending)
		return;
	*at = pending->next;
	if (twinlog->last == &pending->next)
		twinlog->last = at;
	if (!pending->call)
		twinlog->under_way--;
	if (!pending->sent)
		twinlog->unsent--;
	free(pending);
}

void connection_forget(struct twinlog *twinlog)
{
	while (twinlog->first)
		pending_drop(twinlog, twinlog->first->id);
	while (twinlog->arrived) {
		struct arrived *arrived = twinlog->arrived;

		twinlog->arrived = arrived->next;
		free(arrived);
	}
	twinlog->last_arrived = &twinlog->arrived;
}

/* Not while the line is down: for a moment after the news of it the socket still takes messages that go nowhere. */
static void send_pending(struct twinlog *twinlog)
{
	if (!twinlog->up)
		return;
	for (struct pending *at = twinlog->first; at && twinlog->unsent; at = at->next) {
		if (at->sent)
			continue;
		if (zmq_send(twinlog->socket, at->bytes, at->size, ZMQ_DONTWAIT) < 0)
			return;
		at->sent = true;
		twinlog->unsent--;
	}
}

static void mark_unsent(struct twinlog *twinlog)
{
	twinlog->unsent = 0;
	for (struct pending *at = twinlog->first; at; at = at->next) {
		at->sent = false;
		twinlog->unsent++;
	}
}

/* ---- The line ---- */

static void note_event(struct twinlog *twinlog, uint16_t event, uint32_t value)
{
	switch (event) {
	case ZMQ_EVENT_CONNECTED:
		twinlog->reached = true;
		break;
	case ZMQ_EVENT_HANDSHAKE_SUCCEEDED:
		twinlog->up = true;
		twinlog->refused_key = twinlog->cut = false;
		twinlog->cuts = 0;
		server_key_settle(twinlog);
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_AUTH:
		twinlog->refused_key = value >= 400; /* 300: come again */
		break;
	case ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL:
	case ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL:
		twinlog->cut = true;
		twinlog->cuts++;
		break;
	case ZMQ_EVENT_CONNECT_RETRIED:
		break;
	case ZMQ_EVENT_DISCONNECTED:
		twinlog->up = false;
		mark_unsent(twinlog);
		break;
	default:
		break;
	}
}

static void read_monitor(struct twinlog *twinlog)
{
	uint8_t frame[6];

	/* Frames: event (16 bits) and value (32 bits) in host order, then the address. */
	while (zmq_recv(twinlog->monitor, frame, sizeof frame, ZMQ_DONTWAIT) == (int)sizeof frame) {
		char address[512];
		uint16_t event;
		uint32_t value;

		(void)!zmq_recv(twinlog->monitor, address, sizeof address, 0);
		memcpy(&event, frame, sizeof event);
		memcpy(&value, frame + 2, sizeof value);
		note_event(twinlog, event, value);
	}
	if (twinlog->cut && !twinlog->up)
		server_key_change_over(twinlog);
}

static bool readable(void *socket)
{
	int events = 0;
	size_t size = sizeof events;

	return zmq_getsockopt(socket, ZMQ_EVENTS, &events, &size) == 0 && (events & ZMQ_POLLIN);
}

static struct pollfd descriptor_of(void *socket)
{
	struct pollfd item = {.fd = -1, .events = POLLIN};
	size_t size = sizeof item.fd;

	(void)zmq_getsockopt(socket, ZMQ_FD, &item.fd, &size);
	return item;
}

/* zmq_poll looks at each socket twice and costs twenty system calls. The descriptor tells that something came, and not
 * again until all of it was taken: so whoever calls this has found nothing to receive, and the socket is asked once
 * more only when it was used since. */
bool connection_poll(struct twinlog *twinlog, uint64_t wait_ms)
{
	struct pollfd items[] = {descriptor_of(twinlog->socket), descriptor_of(twinlog->monitor)};

	/* Read to its end until the line stands, so that from then on its descriptor speaks. */
	bool used = !twinlog->up;
	if (!twinlog->up) {
		read_monitor(twinlog);
		if (twinlog->up)
			wait_ms = 0;
	}
	if (twinlog->unsent) {
		send_pending(twinlog);
		used = true;
	}
	if (used && readable(twinlog->socket))
		return true;
	if (poll(items, 2, wait_ms > 1000000 ? 1000000 : (int)wait_ms) <= 0)
		return false;
	if (items[1].revents)
		read_monitor(twinlog);
	if (twinlog->unsent)
		send_pending(twinlog);
	return items[0].revents != 0;
}

/* ---- Sending ---- */

static enum twinlog_error enqueue(struct twinlog *twinlog, Twinlog__Request *request, bool call,
				  struct twinlog_fault *fault)
{
	struct pending *pending;
	size_t size;

	request->id = ++twinlog->next_id;
	request->version = 1;
	size = twinlog__request__get_packed_size(request);
	if (size > TWINLOG_MESSAGE_MAX)
		return twinlog_fault_set(fault, TWINLOG_TOO_LARGE, NULL, NULL);
	pending = malloc(sizeof *pending + size);
	if (!pending)
		return twinlog_fault_set(fault, TWINLOG_NO_MEMORY, NULL, NULL);
	*pending = (struct pending){.id = request->id, .since_ms = connection_now(), .call = call, .size = size};
	twinlog__request__pack(request, pending->bytes);
	*twinlog->last = pending;
	twinlog->last = &pending->next;
	twinlog->unsent++;
	if (!call)
		twinlog->under_way++;
	/* Straight into a line that stands; the state of the line is looked at when nothing comes back. */
	send_pending(twinlog);
	return TWINLOG_OK;
}

enum twinlog_error twinlog_send(struct twinlog *twinlog, Twinlog__Request *request, uint64_t *ret_id,
				struct twinlog_fault *fault)
{
	enum twinlog_error error;

	if (twinlog->under_way >= TWINLOG_INFLIGHT_MAX)
		return twinlog_fault_set(fault, TWINLOG_TOO_MANY, NULL, NULL);
	error = enqueue(twinlog, request, false, fault);
	if (!error)
		*ret_id = request->id;
	return error;
}

size_t twinlog_under_way(const struct twinlog *twinlog)
{
	return twinlog->under_way;
}

/* ---- Receiving ---- */

/* Decodes one message; NOT_FOUND for an answer nobody waits for (any more). */
static enum twinlog_error take_reply(struct twinlog *twinlog, struct arena *arena, const void *bytes, size_t size,
				     Twinlog__Reply **ret_reply, struct twinlog_fault *fault)
{
	Twinlog__Reply *reply;
	struct pending *pending;
	enum twinlog_error error = CODEC_UNPACK(arena, bytes, size, &reply, twinlog__reply);

	if (error)
		return twinlog_fault_set(fault, error, twinlog->endpoint, NULL);
	if (reply->id == 0)
		server_key_take(twinlog, reply);
	pending = *pending_find(twinlog, reply->id);
	if (!pending)
		return TWINLOG_NOT_FOUND;
	pending->since_ms = connection_now();
	if (!reply->more || reply->fault)
		pending_drop(twinlog, reply->id);
	*ret_reply = reply;
	return TWINLOG_OK;
}

static bool receive_frame(struct twinlog *twinlog, zmq_msg_t *message)
{
	zmq_msg_init(message);
	if (zmq_msg_recv(message, twinlog->socket, ZMQ_DONTWAIT) >= 0)
		return true;
	zmq_msg_close(message);
	return false;
}

bool connection_drop_frame(struct twinlog *twinlog)
{
	zmq_msg_t message;
	Twinlog__Reply *reply;

	if (!receive_frame(twinlog, &message))
		return false;
	arena_reset(twinlog->scratch);
	if (CODEC_UNPACK(twinlog->scratch, zmq_msg_data(&message), zmq_msg_size(&message), &reply, twinlog__reply) ==
		TWINLOG_OK &&
	    reply->id == 0)
		server_key_take(twinlog, reply);
	zmq_msg_close(&message);
	return true;
}

static void keep_arrived(struct twinlog *twinlog, const void *bytes, size_t size)
{
	struct arrived *arrived = malloc(sizeof *arrived + size);

	if (!arrived)
		return; /* its request stays pending and runs into its time-out */
	arrived->next = NULL;
	arrived->size = size;
	memcpy(arrived->bytes, bytes, size);
	*twinlog->last_arrived = arrived;
	twinlog->last_arrived = &arrived->next;
}

static enum twinlog_error take_arrived(struct twinlog *twinlog, struct arena *arena, Twinlog__Reply **ret_reply,
				       struct twinlog_fault *fault)
{
	enum twinlog_error error = TWINLOG_NOT_FOUND;

	while (error == TWINLOG_NOT_FOUND && twinlog->arrived) {
		struct arrived *arrived = twinlog->arrived;

		twinlog->arrived = arrived->next;
		if (!twinlog->arrived)
			twinlog->last_arrived = &twinlog->arrived;
		error = take_reply(twinlog, arena, arrived->bytes, arrived->size, ret_reply, fault);
		free(arrived);
	}
	return error;
}

static bool overdue(const struct twinlog *twinlog)
{
	return twinlog->first && connection_now() - twinlog->first->since_ms > twinlog->timeout_ms;
}

enum twinlog_error twinlog_receive(struct twinlog *twinlog, uint32_t timeout_ms, struct arena *arena,
				   Twinlog__Reply **ret_reply, struct twinlog_fault *fault)
{
	uint64_t deadline = connection_now() + timeout_ms;
	enum twinlog_error error = take_arrived(twinlog, arena, ret_reply, fault);

	while (error == TWINLOG_NOT_FOUND) {
		uint64_t now;
		zmq_msg_t message;

		while (error == TWINLOG_NOT_FOUND && receive_frame(twinlog, &message)) {
			error = take_reply(twinlog, arena, zmq_msg_data(&message), zmq_msg_size(&message), ret_reply,
					   fault);
			zmq_msg_close(&message);
		}
		if (error != TWINLOG_NOT_FOUND)
			break;
		if (!twinlog->under_way)
			return twinlog_fault_set(fault, TWINLOG_NOT_FOUND, NULL, NULL);
		if (overdue(twinlog))
			return twinlog_fault_set(fault, TWINLOG_NOT_REACHABLE, twinlog->endpoint, NULL);
		now = connection_now();
		if (!connection_poll(twinlog, now < deadline ? deadline - now : 0) && connection_now() >= deadline)
			return twinlog_fault_set(fault, TWINLOG_NOT_FOUND, NULL, NULL);
	}
	return error;
}

/* The next message for one call; answers to others are kept for twinlog_receive. */
static enum twinlog_error next_for_call(struct twinlog *twinlog, uint64_t id, struct arena *arena,
					Twinlog__Reply **ret_reply, struct twinlog_fault *fault)
{
	uint64_t deadline = connection_now() + twinlog->timeout_ms;

	for (;;) {
		uint64_t now = connection_now();
		zmq_msg_t message;

		if (receive_frame(twinlog, &message)) {
			enum twinlog_error error;
			Twinlog__Reply *reply = NULL;

			arena_reset(twinlog->scratch);
			error = CODEC_UNPACK(twinlog->scratch, zmq_msg_data(&message), zmq_msg_size(&message), &reply,
					     twinlog__reply);
			if (error)
				error = twinlog_fault_set(fault, error, twinlog->endpoint, NULL);
			else if (reply->id == id)
				error = take_reply(twinlog, arena, zmq_msg_data(&message), zmq_msg_size(&message),
						   ret_reply, fault);
			else if (reply->id == 0)
				server_key_take(twinlog, reply);
			else
				keep_arrived(twinlog, zmq_msg_data(&message), zmq_msg_size(&message));
			zmq_msg_close(&message);
			if (error || reply->id == id)
				return error;
			continue;
		}
		if (now >= deadline)
			return twinlog_fault_set(fault, TWINLOG_NOT_REACHABLE, twinlog->endpoint, NULL);
		(void)connection_poll(twinlog, deadline - now);
		if (twinlog->refused_key)
			return twinlog_fault_set(fault, TWINLOG_UNKNOWN_KEY, twinlog->endpoint, NULL);
	}
}

/* Puts the records of an earlier message before those of a later one. */
static enum twinlog_error join_records(struct arena *arena, const Twinlog__Reply *earlier, Twinlog__Reply *later)
{
	Twinlog__Records *a, *b;
	Twinlog__Record **all;

	if (!earlier || earlier->body_case != TWINLOG__REPLY__BODY_RECORDS ||
	    later->body_case != TWINLOG__REPLY__BODY_RECORDS)
		return TWINLOG_OK;
	a = earlier->records;
	b = later->records;
	all = arena_alloc(arena, (a->n_records + b->n_records + 1) * sizeof *all);
	if (!all)
		return TWINLOG_TOO_LARGE;
	for (size_t i = 0; i < a->n_records; i++)
		all[i] = a->records[i];
	for (size_t i = 0; i < b->n_records; i++)
		all[a->n_records + i] = b->records[i];
	b->records = all;
	b->n_records += a->n_records;
	return TWINLOG_OK;
}

enum twinlog_error twinlog_call_progress(struct twinlog *twinlog, Twinlog__Request *request, struct arena *arena,
					 twinlog_progress *progress, void *context, Twinlog__Reply **ret_reply,
					 struct twinlog_fault *fault)
{
	Twinlog__Reply *reply = NULL, *earlier = NULL;
	enum twinlog_error error = enqueue(twinlog, request, true, fault);

	if (error)
		return error;
	do {
		error = next_for_call(twinlog, request->id, arena, &reply, fault);
		if (!error && reply->fault)
			error = fault_from_wire(fault, reply->fault->code, reply->fault->where, reply->fault->value);
		if (!error && join_records(arena, earlier, reply) != TWINLOG_OK)
			error = twinlog_fault_set(fault, TWINLOG_TOO_LARGE, NULL, NULL);
		if (!error && reply->more && progress)
			progress(context, reply);
		earlier = reply;
	} while (!error && reply->more);
	pending_drop(twinlog, request->id);
	if (!error)
		*ret_reply = reply;
	return error;
}

enum twinlog_error twinlog_call(struct twinlog *twinlog, Twinlog__Request *request, struct arena *arena,
				Twinlog__Reply **ret_reply, struct twinlog_fault *fault)
{
	return twinlog_call_progress(twinlog, request, arena, NULL, NULL, ret_reply, fault);
}

static void cut_into(char *out, size_t size, ProtobufCBinaryData bytes)
{
	size_t length = bytes.len < size ? bytes.len : size - 1;

	if (length)
		memcpy(out, bytes.data, length);
	out[length] = '\0';
}

enum twinlog_error fault_from_wire(struct twinlog_fault *fault, uint32_t code, ProtobufCBinaryData where,
				   ProtobufCBinaryData value)
{
	enum twinlog_error known = code < TWINLOG_ERROR_COUNT ? (enum twinlog_error)code : TWINLOG_FAILED;
	char where_text[sizeof fault->where], value_text[sizeof fault->value];

	cut_into(where_text, sizeof where_text, where);
	cut_into(value_text, sizeof value_text, value);
	return twinlog_fault_set(fault, known, where_text, value_text);
}
