#include "loop.h"

#include <string.h>
#include <time.h>

#include "control.h"
#include "links.h"
#include "log.h"

uint64_t mono_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

struct moment moment_now(void)
{
	struct timespec mono, wall;
	clock_gettime(CLOCK_MONOTONIC, &mono);
	clock_gettime(CLOCK_REALTIME, &wall);
	return (struct moment){.mono_ms = (uint64_t)mono.tv_sec * 1000 + (uint64_t)mono.tv_nsec / 1000000,
			       .wall_ms = (uint64_t)wall.tv_sec * 1000 + (uint64_t)wall.tv_nsec / 1000000};
}

void daemon_fail(struct daemon *daemon, enum twinlog_error error, const char *where)
{
	if (!daemon->failed)
		log_line(LOG_ERROR, NULL, "%s: %s; ending, nothing acknowledged is lost", where,
			 twinlog_error_text(error));
	daemon->failed = true;
}

struct work_persist *daemon_batch(struct daemon *daemon)
{
	if (!daemon->batch)
		daemon->batch = work_persist_new();
	return daemon->batch;
}

static void effect_persist(struct daemon *daemon, const struct effect *effect)
{
	struct work_persist *batch = daemon_batch(daemon);
	if (!batch || work_persist_add(batch, effect->persist.ticket, &effect->persist.what))
		daemon_fail(daemon, TWINLOG_NO_MEMORY, "persisting");
}

void daemon_hand_out(struct daemon *daemon, struct work *work)
{
	/* Answers keep the order of their questions: what comes after work at another thread goes there too. */
	if (daemon->under_way[work->kind]++ > 0 || !workers_do_small(daemon->workers, work)) {
		workers_push(daemon->workers, work);
		return;
	}
	work->job.next = NULL;
	if (daemon->done)
		daemon->done_last->next = &work->job;
	else
		daemon->done = &work->job;
	daemon->done_last = &work->job;
}

static void effect_work(struct daemon *daemon, struct work *work, const char *what)
{
	if (work)
		daemon_hand_out(daemon, work);
	else
		daemon_fail(daemon, TWINLOG_NO_MEMORY, what);
}

static void effect_run(struct daemon *daemon, const struct effect *effect)
{
	switch (effect->type) {
	case EFFECT_PERSIST:
		effect_persist(daemon, effect);
		break;
	case EFFECT_SEND:
		net_links_send(daemon->links, effect->send.link, effect->send.bytes, effect->send.size);
		break;
	case EFFECT_SEND_CHUNK:
		effect_work(daemon,
			    (struct work *)work_chunk_new(effect->send_chunk.link, effect->send_chunk.stream,
							  &effect->send_chunk.space, &effect->send_chunk.city,
							  effect->send_chunk.sequences, effect->send_chunk.count,
							  effect->send_chunk.last),
			    "packing a chunk");
		break;
	case EFFECT_CHECK:
		effect_work(daemon,
			    (struct work *)work_check_new(effect->check.check, effect->check.keys,
							  effect->check.keys_count, effect->check.compressed,
							  effect->check.compressed_size, effect->check.size),
			    "checking a chunk");
		break;
	case EFFECT_REPLY:
		if (effect->reply.client & INVITES_TOKEN)
			invites_reply(daemon, effect->reply.client, effect->reply.bytes, effect->reply.size);
		else
			control_reply(daemon->control, effect->reply.client, effect->reply.bytes, effect->reply.size,
				      true);
		break;
	case EFFECT_WROTE:
		audit_wrote(daemon, &effect->wrote.space, &effect->wrote.bundle, effect->wrote.writers,
			    effect->wrote.count);
		break;
	case EFFECT_DROP_LINK:
		net_links_drop(daemon->links, effect->drop_link.link, effect->drop_link.why);
		break;
	case EFFECT_PEERS_CHANGED:
		net_links_peers_changed(daemon->links);
		break;
	case EFFECT_NOTE:
		if (effect->note.code == TWINLOG_OK)
			log_line(LOG_INFO, NULL, "%s", effect->note.text);
		else
			log_line(LOG_WARNING, NULL, "%s: %s", effect->note.text, twinlog_error_text(effect->note.code));
		break;
	}
}

void daemon_step(struct daemon *daemon, struct event *event)
{
	if (daemon->failed)
		return;
	event->now = moment_now();
	pthread_rwlock_wrlock(&daemon->lock);
	const enum twinlog_error error = node_step(daemon->node, event, &daemon->effects);
	pthread_rwlock_unlock(&daemon->lock);
	daemon->more = event->more;
	if (error) {
		daemon_fail(daemon, error, "the node");
		return;
	}
	for (size_t i = 0; i < daemon->effects.count; i++)
		effect_run(daemon, &daemon->effects.items[i]);
}
