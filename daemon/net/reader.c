/* One query, answered: the lock of the node and a read transaction of the store are held for one slice each. */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "board.h"
#include "carry.h"
#include "loop.h"
#include "workers.h"

/* The node stands still, and what it knows is in the transaction. */
struct slice {
	const struct workers_setup *setup;
	struct store_read *read;
	uint64_t begun_us;
	uint64_t begun_cpu_us;
};

#define SLICE_RECORDS 512u
#define SLICE_US                                                                                                       \
	400u /* what is to be written waits for no longer; looked at where it is safe to stop, so a little more */

/* What this thread has computed so far: unlike the time of day it does not count what others had of the processor. */
static uint64_t cpu_us(void)
{
	struct timespec now;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
	return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

/* Takes the lock before the transaction: what the node knows to be committed is then in the store's state. The lock is
 * held also after an error. */
static enum twinlog_error slice_enter(void *context)
{
	struct slice *slice = context;
	pthread_rwlock_rdlock(slice->setup->lock);
	slice->begun_us = mono_us();
	slice->begun_cpu_us = cpu_us();
	return store_read_begin(slice->setup->store, &slice->read);
}

static void slice_leave(void *context)
{
	struct slice *slice = context;
	store_read_end(slice->read);
	slice->read = NULL;
	pthread_rwlock_unlock(slice->setup->lock);
	board_note_held(slice->setup->board, cpu_us() - slice->begun_cpu_us);
}

static bool slice_due(void *context)
{
	const struct slice *slice = context;
	return mono_us() - slice->begun_us >= SLICE_US;
}

/* Packed while the slice is held: the reply points into node and store. */
static void reader_push(const struct workers_setup *setup, uint64_t token, const Twinlog__Reply *reply)
{
	uint8_t *bytes = NULL;
	size_t size = 0;
	if (codec_pack(&reply->base, &bytes, &size))
		return;
	struct work_reply *work = work_reply_new(token, bytes, size, !reply->more);
	if (work)
		queue_push(setup->inbox, &work->work.job);
}

static void reader_fault(const struct workers_setup *setup, uint64_t token, uint64_t request_id,
			 enum twinlog_error error)
{
	Twinlog__Fault fault = TWINLOG__FAULT__INIT;
	fault.code = error;
	Twinlog__Reply reply = TWINLOG__REPLY__INIT;
	reply.id = request_id;
	reply.fault = &fault;
	reader_push(setup, token, &reply);
}

/* What a backup brought back may have been erased since, so until a partner has told it is shown to nobody. */
static bool any_withheld(const struct node *node, const struct scope *scope)
{
	for (size_t i = 0; i < node_spaces(node); i++) {
		const struct space *space = node_space(node, i);
		if (space_withheld(space) && scope_has(scope, acts_space(space_acts(space))))
			return true;
	}
	return false;
}

static bool shows_records(const Twinlog__Request *request)
{
	switch (request->body_case) {
	case TWINLOG__REQUEST__BODY_LIST:
	case TWINLOG__REQUEST__BODY_SHOW:
	case TWINLOG__REQUEST__BODY_REPORT:
	case TWINLOG__REQUEST__BODY_MATCH:
	case TWINLOG__REQUEST__BODY_CHANGES:
	case TWINLOG__REQUEST__BODY_IMPORT_LOOKUP:
	case TWINLOG__REQUEST__BODY_CARRY_GET:
		return true;
	default:
		return false;
	}
}

static enum twinlog_error reader_once(const struct workers_setup *setup, const struct work_query *asked,
				      const Twinlog__Request *request, struct arena *arena)
{
	size_t links_count;
	const char *warning;
	struct query_link *links = board_copy(setup->board, &links_count, &warning);
	uint64_t held[QUERY_HELD];
	board_held(setup->board, held);
	struct slice slice = {.setup = setup};
	const struct query_turns turns = {
	    .due = slice_due, .leave = slice_leave, .enter = slice_enter, .context = &slice, .settled = SLICE_RECORDS};
	struct query_extra extra = {.now_ms = moment_now().wall_ms,
				    .started_ms = setup->started_ms,
				    .version = TWINLOG_VERSION,
				    .warning = warning,
				    .store_bytes = store_bytes(setup->store),
				    .disk_free_bytes = store_disk_free(setup->store),
				    .import_secret = seal_keys_import_secret(setup->keys),
				    .places = setup->places,
				    .view = setup->view,
				    .scope = &asked->scope,
				    .links = links,
				    .links_count = links_count,
				    .held = held,
				    .turns = &turns};
	enum twinlog_error error = slice_enter(&slice);
	if (!error && any_withheld(setup->node, &asked->scope)) {
		if (!extra.warning || !extra.warning[0])
			extra.warning = twinlog_error_text(TWINLOG_WITHHELD);
		if (shows_records(request))
			error = TWINLOG_WITHHELD;
	}
	if (!error) {
		Twinlog__Reply reply = TWINLOG__REPLY__INIT;
		error = request->body_case == TWINLOG__REQUEST__BODY_CARRY_GET
			    ? carry_answer(setup->node, setup->keys, slice.read, &asked->scope, request->carry_get,
					   arena, &reply)
			    : query_answer(setup->node, &slice.read, &extra, request, arena, &reply);
		reply.id = request->id;
		/* A fault is an answer like any other, when there was room to say it. */
		if (!error || reply.fault) {
			error = TWINLOG_OK;
			reader_push(setup, asked->token, &reply);
		}
	}
	slice_leave(&slice);
	free(links);
	return error;
}

static enum twinlog_error reader_verify(const struct workers_setup *setup, uint64_t token,
					const Twinlog__Request *request, struct arena *arena)
{
	struct query_verify *verify = malloc(sizeof *verify);
	if (!verify)
		return TWINLOG_NO_MEMORY;
	query_verify_start(verify);
	enum twinlog_error error = TWINLOG_OK;
	for (bool done = false; !done && !error;) {
		struct slice slice = {.setup = setup};
		Twinlog__Reply reply = TWINLOG__REPLY__INIT;
		error = slice_enter(&slice);
		arena_reset(arena);
		if (!error)
			error = query_verify_step(setup->node, slice.read, verify, arena, &reply, &done);
		reply.id = request->id;
		reply.more = !done;
		if (!error)
			reader_push(setup, token, &reply);
		slice_leave(&slice);
		/* An end of the daemon does not wait for the whole history. */
		if (queue_wait_closed(setup->stop, 0))
			break;
	}
	free(verify);
	return error;
}

#define VIEW_SLICE 1024u /* records: a millisecond or two, for which a commit may have to wait */

void reader_catch_up(const struct workers_setup *setup)
{
	enum twinlog_error error = TWINLOG_OK;
	/* Where memory runs out, the next list says so. */
	for (bool done = false; !done && !error && !queue_wait_closed(setup->stop, 0);) {
		pthread_rwlock_rdlock(setup->lock);
		const uint64_t begun_cpu_us = cpu_us();
		error = view_catch_up(setup->view, setup->node, VIEW_SLICE, &done);
		pthread_rwlock_unlock(setup->lock);
		board_note_held(setup->board, cpu_us() - begun_cpu_us);
	}
}

void reader_answer(const struct workers_setup *setup, const struct work_query *query)
{
	struct arena *question = arena_new(TWINLOG_UNPACK_MAX);
	struct arena *answer = arena_new(TWINLOG_ANSWER_MAX);
	Twinlog__Request *request = NULL;
	enum twinlog_error error = question && answer ? TWINLOG_OK : TWINLOG_NO_MEMORY;
	if (!error)
		error = CODEC_UNPACK(question, query->request, query->request_size, &request, twinlog__request);
	if (!error) {
		if (request->body_case == TWINLOG__REQUEST__BODY_VERIFY_GET)
			error = reader_verify(setup, query->token, request, answer);
		else
			error = reader_once(setup, query, request, answer);
		if (error)
			reader_fault(setup, query->token, request->id, error);
	}
	arena_free(answer);
	arena_free(question);
}
