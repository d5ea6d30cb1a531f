#include "daemon.h"

#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>
#include <zmq.h>

#include "control.h"
#include "links.h"
#include "load.h"
#include "log.h"
#include "loop.h"
#include "notify.h"
#include "pollset.h"
#include "view.h"

#define POLL_MAX_MS   60000
#define SOCKETS_MAX   4096
#define CONTROL_TURNS 8 /* takes from the control endpoint before partners have their turn */
#define SMALL_TURNS   4 /* a check, its commit, what is pushed on, and one more */

/* ---- Answered work ---- */

/* Single records a list takes in by itself when it is asked for; what comes in bulk is taken in meanwhile. */
#define VIEW_BEHIND_MAX (256u * 1024)

static void daemon_view(struct daemon *daemon)
{
	if (daemon->view_asked || daemon->view_behind < VIEW_BEHIND_MAX)
		return;
	struct work *work = work_view_new();
	if (!work)
		return;
	daemon->view_asked = true;
	daemon->view_behind = 0;
	workers_push(daemon->workers, work);
}

static void inbox_persist(struct daemon *daemon, struct work_persist *batch)
{
	if (batch->error) {
		daemon_fail(daemon, batch->error, "writing to the store");
		return;
	}
	struct event event = {.type = EVENT_COMMITTED, .committed = {.ticket = batch->ticket}};
	daemon_step(daemon, &event);
	daemon->view_behind += batch->bytes;
	daemon_view(daemon);
	for (size_t i = 0; i < batch->answers_count; i++)
		control_reply(daemon->control, batch->answers[i].token, batch->answers[i].bytes, batch->answers[i].size,
			      true);
}

static void inbox_check(struct daemon *daemon, struct work_check *check)
{
	struct event event = {.type = EVENT_CHECKED,
			      .checked = {.check = check->check,
					  .bundles = check->bundles,
					  .count = check->count,
					  .refused = check->refused,
					  .bytes = check->bytes}};
	check->count = 0; /* each bundle is the node's from here on */
	daemon_step(daemon, &event);
}

static void inbox_chunk(struct daemon *daemon, struct work_chunk *chunk)
{
	if (chunk->error) {
		/* What the node holds is in the store: a chunk that cannot be read is damage, not a partner's fault. */
		daemon_fail(daemon, chunk->error, "reading bundles from the store");
		return;
	}
	struct event event = {
	    .type = EVENT_CHUNK_SENT,
	    .chunk_sent = {
		.link = chunk->link, .stream = chunk->stream, .bytes = chunk->frame_size, .content = chunk->content}};
	/* Read and packed while an act arrived that may have put the partner out. */
	if (!node_chunk_may_go(daemon->node, chunk->link, &chunk->space, &chunk->city))
		return;
	uint8_t *frame = chunk->frame;
	chunk->frame = NULL;
	if (net_links_send_frame(daemon->links, chunk->link, frame, event.chunk_sent.bytes))
		daemon_step(daemon, &event);
}

static void inbox_disk(struct daemon *daemon, const struct work_disk *disk)
{
	daemon->disk_full = disk->full;
	board_warn(&daemon->board, disk->full ? twinlog_error_text(TWINLOG_DISK_FULL) : NULL);
	if (disk->full) {
		log_line(LOG_ERROR, NULL, "%s; until then nothing is written, queries are answered",
			 twinlog_error_text(TWINLOG_DISK_FULL));
		control_refuse_writes(daemon->control, TWINLOG_DISK_FULL);
	} else {
		log_line(LOG_WARNING, NULL, "there is room on the disk again");
	}
}

static void daemon_answer(struct daemon *daemon, struct work *work)
{
	switch (work->kind) {
	case WORK_PERSIST:
		inbox_persist(daemon, (struct work_persist *)work);
		break;
	case WORK_CHECK:
		inbox_check(daemon, (struct work_check *)work);
		break;
	case WORK_CHUNK:
		inbox_chunk(daemon, (struct work_chunk *)work);
		break;
	case WORK_REPLY: {
		struct work_reply *reply = (struct work_reply *)work;
		control_reply(daemon->control, reply->token, reply->bytes, reply->size, reply->last);
		break;
	}
	case WORK_DISK:
		inbox_disk(daemon, (const struct work_disk *)work);
		break;
	case WORK_VIEW:
		daemon->view_asked = false;
		daemon_view(daemon);
		break;
	case WORK_QUERY:
		control_done(daemon->control, ((const struct work_query *)work)->token);
		break;
	}
}

static void daemon_answers(struct daemon *daemon, struct job *job)
{
	while (job) {
		struct job *next = job->next;
		struct work *work = (struct work *)(void *)job;
		if (work->kind == WORK_PERSIST || work->kind == WORK_CHECK || work->kind == WORK_CHUNK)
			daemon->under_way[work->kind]--;
		if (!daemon->failed)
			daemon_answer(daemon, work);
		work_free(work);
		job = next;
	}
}

static void daemon_done(struct daemon *daemon)
{
	struct job *done = daemon->done;
	daemon->done = NULL;
	daemon_answers(daemon, done);
}

/* ---- The loop ---- */

static void daemon_flush(struct daemon *daemon)
{
	if (!daemon->batch || daemon->failed)
		return;
	struct work *work = &daemon->batch->work;
	daemon->batch = NULL;
	daemon_hand_out(daemon, work);
}

/* What was done at once is answered in the same turn, and what follows from it begun: a word that arrives alone is
 * checked, committed and answered without a wake in between. */
static void daemon_finish(struct daemon *daemon)
{
	daemon_flush(daemon);
	for (int i = 0; daemon->done && i < SMALL_TURNS; i++) {
		daemon_done(daemon);
		daemon_flush(daemon);
	}
}

static void daemon_time(struct daemon *daemon)
{
	if (!daemon->more && node_deadline(daemon->node) > moment_now().mono_ms)
		return;
	struct event event = {.type = EVENT_TIME};
	daemon_step(daemon, &event);
}

/* Rounded so that a deadline is never met early; a node that keeps asking for the time gets it once a millisecond. */
static long daemon_timeout(const struct daemon *daemon)
{
	if (daemon->done)
		return 0;
	uint64_t deadline = node_deadline(daemon->node);
	const uint64_t links = net_links_deadline(daemon->links);
	const uint64_t control = control_deadline(daemon->control);
	if (links < deadline)
		deadline = links;
	if (control < deadline)
		deadline = control;
	const uint64_t now = moment_now().mono_ms;
	if (deadline <= now)
		return 1;
	return deadline - now < POLL_MAX_MS ? (long)(deadline - now) : POLL_MAX_MS;
}

/* While a thread is behind, partners wait in their own pipes; clients too, unless they can be told that the disk is
 * full. */
static bool daemon_takes_peers(const struct daemon *daemon)
{
	return !daemon->stopping && !workers_behind(daemon->workers, WORK_PERSIST) &&
	       !workers_behind(daemon->workers, WORK_CHECK) && !workers_behind(daemon->workers, WORK_CHUNK);
}

static bool daemon_takes_clients(const struct daemon *daemon)
{
	return !daemon->stopping && (daemon->disk_full || !workers_behind(daemon->workers, WORK_PERSIST));
}

static enum twinlog_error daemon_turn(struct daemon *daemon, int stop_fd, struct pollset *set)
{
	const bool clients = daemon_takes_clients(daemon), peers = daemon_takes_peers(daemon);
	pollset_begin(set);
	const size_t stop = pollset_add_fd(set, daemon->stopping ? -1 : stop_fd);
	pollset_add_fd(set, queue_fd(daemon->inbox));
	pollset_add(set, &daemon->zap.inlet);
	if (clients)
		pollset_add(set, control_inlet(daemon->control));
	net_links_poll(daemon->links, set, peers);
	const enum twinlog_error error = pollset_wait(set, daemon_timeout(daemon));
	if (error)
		return error;

	if (pollset_ready(set, stop))
		daemon->stopping = true;
	zap_serve(&daemon->zap);
	/* In this order: what was done at once was asked before what went to a thread meanwhile. */
	daemon_done(daemon);
	daemon_answers(daemon, queue_take_all(daemon->inbox));
	net_links_serve(daemon->links, peers);
	bool more = clients && control_inlet(daemon->control)->look;
	for (int i = 0; more && i < CONTROL_TURNS; i++)
		more = control_receive(daemon->control);
	control_serve(daemon->control);
	daemon_time(daemon);
	daemon_finish(daemon);
	return TWINLOG_OK;
}

/* Serves until told to stop, then until what was begun is durable and answered. */
static void daemon_loop(struct daemon *daemon, int stop_fd)
{
	struct pollset set = {0};
	uint64_t stop_by = UINT64_MAX;
	while (!daemon->failed) {
		if (daemon->stopping && stop_by == UINT64_MAX) {
			notify_send("STOPPING=1");
			log_line(LOG_INFO, NULL, "ending as asked");
			stop_by = moment_now().mono_ms + TWINLOG_STOP_MS;
		}
		if (daemon->stopping &&
		    (daemon->under_way[WORK_PERSIST] == 0 || daemon->disk_full || moment_now().mono_ms >= stop_by))
			break;
		const enum twinlog_error error = daemon_turn(daemon, stop_fd, &set);
		if (error)
			daemon_fail(daemon, error, "waiting for messages");
	}
	pollset_free(&set);
}

/* ---- Start and end ---- */

static int stop_open(const struct daemon_setup *setup)
{
	if (setup->hooks.stop_fd > 0)
		return dup(setup->hooks.stop_fd);
	sigset_t signals;
	sigemptyset(&signals);
	sigaddset(&signals, SIGTERM);
	sigaddset(&signals, SIGINT);
	/* Blocked before any thread starts, so that all inherit it and the descriptor alone tells. */
	pthread_sigmask(SIG_BLOCK, &signals, NULL);
	return signalfd(-1, &signals, SFD_CLOEXEC);
}

/* Links to many partners take more than the 1,024 that a shell gives; it is ours to ask for up to the hard limit. */
static void descriptors_raise(void)
{
	struct rlimit limit;
	if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= TWINLOG_DESCRIPTORS_MAX)
		return;
	limit.rlim_cur = limit.rlim_max < TWINLOG_DESCRIPTORS_MAX ? limit.rlim_max : TWINLOG_DESCRIPTORS_MAX;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

static enum twinlog_error daemon_lock_init(pthread_rwlock_t *lock)
{
	pthread_rwlockattr_t attributes;
	pthread_rwlockattr_init(&attributes);
	/* The net thread must not starve behind a stream of readers. */
	pthread_rwlockattr_setkind_np(&attributes, PTHREAD_RWLOCK_PREFER_WRITER_NONRECURSIVE_NP);
	const int rc = pthread_rwlock_init(lock, &attributes);
	pthread_rwlockattr_destroy(&attributes);
	return rc ? TWINLOG_NO_MEMORY : TWINLOG_OK;
}

static enum twinlog_error daemon_threads(struct daemon *daemon)
{
	enum twinlog_error error = queue_new(SIZE_MAX, true, &daemon->inbox);
	if (error)
		return error;
	const struct workers_setup setup = {.store = daemon->setup->store,
					    .node = daemon->node,
					    .lock = &daemon->lock,
					    .inbox = daemon->inbox,
					    .board = &daemon->board,
					    .keys = daemon->setup->keys,
					    .places = daemon->places,
					    .view = daemon->view,
					    .started_ms = moment_now().wall_ms,
					    .keep_clients = daemon->setup->keep_clients,
					    .keep_context = daemon->setup->keep_context};
	return workers_start(&setup, &daemon->workers);
}

/* Everything up to the moment at which the daemon can be reached. */
static enum twinlog_error daemon_start(struct daemon *daemon, struct twinlog_fault *fault)
{
	enum twinlog_error error = effects_init(&daemon->effects);
	if (!error)
		error = places_new(&daemon->places);
	if (!error)
		error = view_new(&daemon->view);
	if (!error)
		error = load_node(daemon->setup, &daemon->node, fault);
	if (error)
		return error;
	daemon->context = zmq_ctx_new();
	if (!daemon->context)
		return TWINLOG_NO_MEMORY;
	zmq_ctx_set(daemon->context, ZMQ_MAX_SOCKETS, SOCKETS_MAX);
	error = zap_open(&daemon->zap, daemon->context);
	if (!error)
		error = audit_open(&daemon->audit, daemon->setup->store);
	if (!error)
		error = registry_open(&daemon->registry, daemon->setup->clients, daemon->setup->clients_count);
	if (!error)
		error = registry_admit(&daemon->registry, &daemon->zap.clients);
	if (!error)
		error = daemon_threads(daemon);
	if (!error)
		error = control_open(daemon, &daemon->control, fault);
	if (!error)
		error = net_links_open(daemon, &daemon->links, fault);
	return error;
}

static void jobs_discard(struct job *job)
{
	while (job) {
		struct job *next = job->next;
		work_free((struct work *)(void *)job);
		job = next;
	}
}

/* The node goes last but one: what the writer still holds points into it. */
static void daemon_end(struct daemon *daemon)
{
	workers_stop(daemon->workers);
	jobs_discard(daemon->inbox ? queue_take_all(daemon->inbox) : NULL);
	jobs_discard(daemon->done);
	queue_free(daemon->inbox);
	if (daemon->batch)
		work_free(&daemon->batch->work);
	net_links_close(daemon->links);
	control_close(daemon->control);
	registry_close(&daemon->registry);
	zap_close(&daemon->zap);
	if (daemon->context)
		zmq_ctx_term(daemon->context);
	view_free(daemon->view);
	node_free(daemon->node);
	effects_free(&daemon->effects);
	places_free(daemon->places);
	board_free(&daemon->board);
}

static void daemon_ready(struct daemon *daemon)
{
	const struct daemon_setup *setup = daemon->setup;
	const char *endpoints[2 * TWINLOG_ADDRESSES_MAX];
	size_t count = 0;
	for (size_t i = 0; i < setup->listen_count; i++)
		endpoints[count++] = net_links_endpoint(daemon->links, i);
	for (size_t i = 0; i < setup->control_count; i++)
		endpoints[count++] = control_endpoint(daemon->control, i);
	for (size_t i = 0; i < count; i++)
		log_line(LOG_INFO, NULL, "%s on %s", i < setup->listen_count ? "partners" : "clients", endpoints[i]);
	/* What was loaded is taken in before anybody asks. */
	daemon->view_behind = VIEW_BEHIND_MAX;
	daemon_view(daemon);
	log_line(LOG_INFO, NULL, "ready: %s, %zu partners, %zu spaces", node_city_id(daemon->node),
		 node_peers(daemon->node), node_spaces(daemon->node));
	notify_send("READY=1");
	if (setup->hooks.ready)
		setup->hooks.ready(setup->hooks.context, endpoints, count);
}

int daemon_run(const struct daemon_setup *setup)
{
	struct daemon daemon = {.setup = setup};
	struct twinlog_fault fault = {0};
	board_init(&daemon.board);
	log_set_level(setup->log_level);
	/* A few threads, each with little to allocate: separate arenas would only keep memory from each other. */
	mallopt(M_ARENA_MAX, 2);
	descriptors_raise();
	const int stop_fd = stop_open(setup);
	enum twinlog_error error = stop_fd < 0 ? TWINLOG_IO : daemon_lock_init(&daemon.lock);
	if (error) {
		log_line(LOG_ERROR, NULL, "start: %s", twinlog_error_text(error));
		return 1;
	}
	error = daemon_start(&daemon, &fault);
	if (error) {
		log_line(LOG_ERROR, NULL, "%s%s%s%s%s", fault.where, fault.where[0] ? ": " : "", fault.value,
			 fault.value[0] ? ": " : "", twinlog_error_text(error));
		daemon.failed = true;
	} else {
		daemon_ready(&daemon);
		daemon_loop(&daemon, stop_fd);
	}
	daemon_end(&daemon);
	pthread_rwlock_destroy(&daemon.lock);
	close(stop_fd);
	return daemon.failed ? 1 : 0;
}
