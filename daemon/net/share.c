#include "share.h"

#include <stdlib.h>

#define SHARE_US (TWINLOG_LINK_SHARE_MS * 1000u)
#define SHARE_OF 500u /* microseconds that each millisecond gives back */

bool share_used_up(struct link *link, uint64_t now_ms)
{
	const uint64_t passed_ms = now_ms - link->spent_at_ms;
	const uint64_t back_us = passed_ms < 1000000 ? passed_ms * SHARE_OF : UINT64_MAX / 2;
	link->spent_us = link->spent_us > back_us ? link->spent_us - back_us : 0;
	link->spent_at_ms = now_ms;
	return link->spent_us > SHARE_US;
}

uint64_t share_deadline(const struct link *link)
{
	if (link->spent_us <= SHARE_US)
		return link->inbox ? link->spent_at_ms : UINT64_MAX;
	return link->spent_at_ms + (link->spent_us - SHARE_US) / SHARE_OF + 1;
}

void share_receive(struct links *links, struct link *link, zmq_msg_t *message)
{
	const uint64_t began_us = mono_us();
	net_link_receive(links, link, message);
	link->spent_us += mono_us() - began_us;
}

void inbox_put(struct links *links, struct link *link, zmq_msg_t *message)
{
	const size_t size = frame_weight(message);
	struct frame *frame = NULL;
	if (link->inbox_bytes + size <= TWINLOG_LINK_INBOX_MAX)
		frame = malloc(sizeof *frame);
	if (!frame) {
		net_link_break(links, link, "the partner sends more than can be worked off");
		return;
	}
	frame->next = NULL;
	zmq_msg_init(&frame->message);
	zmq_msg_move(&frame->message, message);
	if (link->inbox)
		link->inbox_last->next = frame;
	else
		link->inbox = frame;
	link->inbox_last = frame;
	link->inbox_bytes += size;
}

static void inbox_pop(struct link *link)
{
	struct frame *frame = link->inbox;
	link->inbox_bytes -= frame_weight(&frame->message);
	link->inbox = frame->next;
	zmq_msg_close(&frame->message);
	free(frame);
}

void inbox_serve(struct links *links, struct link *link)
{
	const uint64_t now_ms = moment_now().mono_ms;
	for (int n = 0; n < LINK_RECEIVE_MAX && link->inbox && !link->gone && !share_used_up(link, now_ms); n++) {
		share_receive(links, link, &link->inbox->message);
		inbox_pop(link);
	}
}

void inbox_clear(struct link *link)
{
	while (link->inbox)
		inbox_pop(link);
}
