#include "invites.h"

#include <stdlib.h>
#include <string.h>

#include "log.h"
#include "loop.h"
#include "peer.pb-c.h"

static struct invites_open *open_new(struct invites *invites, const void *route, size_t route_size)
{
	const uint64_t second = moment_now().mono_ms / 1000;
	struct invites_open *open = NULL;
	if (invites->second != second)
		invites->in_second = 0;
	invites->second = second;
	for (size_t i = 0; i < INVITES_OPEN_MAX && !open; i++)
		if (!invites->open[i].token)
			open = &invites->open[i];
	if (!open || route_size > INVITES_ROUTE_MAX || ++invites->in_second > INVITES_A_SECOND)
		return NULL;
	open->token = INVITES_TOKEN | ++invites->last;
	open->route_size = route_size;
	memcpy(open->route, route, route_size);
	return open;
}

static void answer_step(struct daemon *daemon, uint64_t token, ProtobufCBinaryData answer)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__JoinTake take = TWINLOG__JOIN_TAKE__INIT;
	take.answer = answer;
	request.body_case = TWINLOG__REQUEST__BODY_JOIN_TAKE;
	request.join_take = &take;
	audit_asked(daemon, NULL, &request);
	struct event event = {.type = EVENT_REQUEST,
			      .request = {.client = token, .writer = UINT64_MAX, .request = &request}};
	daemon_step(daemon, &event);
}

void invites_message(struct daemon *daemon, struct inlet *router, const void *route, size_t route_size,
		     zmq_msg_t *message)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	Twinlog__PeerMessage *decoded;
	if (!arena || zmq_msg_size(message) > TWINLOG_INVITATION_FILE_MAX ||
	    CODEC_UNPACK(arena, zmq_msg_data(message), zmq_msg_size(message), &decoded, twinlog__peer_message) ||
	    decoded->body_case != TWINLOG__PEER_MESSAGE__BODY_JOIN) {
		log_line(LOG_WARNING, "invitation", "a message that is no answer is ignored");
		arena_free(arena);
		return;
	}
	const struct invites_open *open = open_new(&daemon->invites, route, route_size);
	daemon->invites.router = router;
	if (open)
		answer_step(daemon, open->token, decoded->join);
	else
		log_line(LOG_WARNING, "invitation", "too many answers at once");
	arena_free(arena);
}

/* What the node said, as a partner's message. */
static enum twinlog_error joined_pack(const void *bytes, size_t size, uint8_t **ret_bytes, size_t *ret_size)
{
	struct arena *arena = arena_new(TWINLOG_UNPACK_MAX);
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	Twinlog__Joined joined = TWINLOG__JOINED__INIT;
	Twinlog__Reply *reply;
	enum twinlog_error error = arena ? CODEC_UNPACK(arena, bytes, size, &reply, twinlog__reply) : TWINLOG_NO_MEMORY;
	if (!error) {
		joined.code = reply->fault ? reply->fault->code : TWINLOG_OK;
		if (reply->body_case == TWINLOG__REPLY__BODY_SPACES && reply->spaces->n_spaces == 1)
			joined.space = reply->spaces->spaces[0]->space;
		message.body_case = TWINLOG__PEER_MESSAGE__BODY_JOINED;
		message.joined = &joined;
		error = codec_pack(&message.base, ret_bytes, ret_size);
	}
	arena_free(arena);
	return error;
}

void invites_reply(struct daemon *daemon, uint64_t token, const void *bytes, size_t size)
{
	struct invites *invites = &daemon->invites;
	uint8_t *frame = NULL;
	size_t frame_size = 0;
	for (size_t i = 0; i < INVITES_OPEN_MAX; i++) {
		struct invites_open *open = &invites->open[i];
		if (open->token != token)
			continue;
		/* Who is gone by now asks again. */
		if (!joined_pack(bytes, size, &frame, &frame_size) &&
		    zmq_send(invites->router->socket, open->route, open->route_size, ZMQ_SNDMORE | ZMQ_DONTWAIT) >= 0)
			zmq_send(invites->router->socket, frame, frame_size, ZMQ_DONTWAIT);
		invites->router->look = true;
		open->token = 0;
		free(frame);
		return;
	}
}
