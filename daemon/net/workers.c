#include "workers.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "chunk.h"
#include "log.h"
#include "loop.h"
#include "peer.pb-c.h"
#include "texts.h"

#define WORKERS_READERS 2
#define WORKERS_STACK   (512u * 1024)

enum { QUEUE_WRITER, QUEUE_VERIFIER, QUEUE_PACKER, QUEUE_READERS, QUEUE_COUNT };

struct workers {
	struct workers_setup setup;
	struct queue *queues[QUEUE_COUNT];
	pthread_t threads[QUEUE_COUNT - 1 + WORKERS_READERS];
	size_t threads_count;
	uint64_t pruned_ms;     /* wall; by whoever commits */
	size_t texts_behind;    /* bytes committed since the rows of texts were brought up; by whoever commits */
	struct chunk *chunk;    /* of workers_do_small, as what follows */
	uint64_t busy_until_ms; /* no small commits until then */
	uint64_t commit_us;     /* what a small one takes lately; by whoever commits */
};

static uint64_t wall_ms(void)
{
	struct timespec now;
	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- Writer ---- */

/* What one transaction may take of the disk beyond the bytes themselves: copied pages of each tree. */
#define WRITER_RESERVE_BYTES (1024u * 1024)
#define WRITER_RESERVE_TIMES 4u
#define WRITER_RETRY_MS      1000u
#define WRITER_BATCH_BYTES   (32u * 1024 * 1024) /* moderate transactions: LMDB spills pages of large ones */
#define WRITER_PRUNE_MS      3600000u
#define WRITER_PRUNE_MAX     10000u

static enum twinlog_error writer_strip(struct store_write *write, uint64_t sequence, uint32_t leaf)
{
	const uint8_t *bytes;
	uint8_t *stripped;
	size_t size, stripped_size;
	enum twinlog_error error = store_written_bundle(write, sequence, &bytes, &size);
	if (!error)
		error = bundle_strip(bytes, size, leaf, &stripped, &stripped_size);
	if (error)
		return error;
	error = store_replace_bundle(write, sequence, stripped, stripped_size);
	free(stripped);
	return error ? error : texts_erase(write, sequence, leaf);
}

enum twinlog_error workers_put(struct store_write *write, const struct persist *what)
{
	switch (what->kind) {
	case PERSIST_CARD:
		return store_put_card(write, &what->city, what->verified, what->removed, what->knows, what->bytes,
				      what->size);
	case PERSIST_ACT:
		return store_put_act(write, what->sequence, what->bytes, what->size);
	case PERSIST_BUNDLE:
		return store_put_bundle(write, what->sequence, what->bytes, what->size);
	case PERSIST_ERASURE:
		return store_put_erasure(write, what->sequence, what->bytes, what->size);
	case PERSIST_STRIP:
		return writer_strip(write, what->sequence, what->leaf);
	case PERSIST_POSITION:
		return store_put_position(write, &what->space, &what->city, what->machine, what->bytes, what->size);
	case PERSIST_POSITION_GONE:
		return store_drop_position(write, &what->space, &what->city, what->machine);
	case PERSIST_REQUEST:
		return store_put_request(write, &what->request, what->bytes, what->size);
	case PERSIST_MACHINE:
		return store_put_machine(write, what->machine);
	case PERSIST_RELEASED:
		return store_put_restored(write, false);
	}
	return TWINLOG_INVALID;
}

/* What goes into the transaction for one batch. The list of clients is a file: in place before the trail says so. */
static enum twinlog_error writer_batch(const struct workers_setup *setup, struct store_write *write,
				       const struct work_persist *batch)
{
	enum twinlog_error error = TWINLOG_OK;
	if (batch->clients && setup->keep_clients)
		error = setup->keep_clients(setup->keep_context, batch->clients, batch->clients_count);
	for (size_t i = 0; i < batch->count && !error; i++)
		error = workers_put(write, &batch->items[i]);
	for (size_t i = 0; i < batch->audit_count && !error; i++)
		error = store_put_audit(write, batch->audit[i].number, batch->audit[i].bytes, batch->audit[i].size);
	return error;
}

/* Rows of texts are brought up with it when enough has come for one: few rows of many bundles. */
static enum twinlog_error writer_commit(struct workers *workers, struct work_persist *const *batch, size_t count,
					size_t bytes, bool prune)
{
	struct store *store = workers->setup.store;
	bool texts = false;
	struct store_write *write = NULL;
	enum twinlog_error error = store_begin(store, &write);
	if (error)
		return error;
	for (size_t i = 0; i < count && !error; i++)
		error = writer_batch(&workers->setup, write, batch[i]);
	/* A clock that begins anew in 1970 makes nothing old. */
	const uint64_t now_ms = wall_ms();
	if (!error && prune && now_ms > TWINLOG_REQUEST_KEEP_MS)
		error = store_prune_requests(write, now_ms - TWINLOG_REQUEST_KEEP_MS, WRITER_PRUNE_MAX);
	workers->texts_behind += bytes;
	if (!error && workers->texts_behind >= TEXTS_ROW_SIZE)
		error = texts_catch_up(write, &texts);
	if (error) {
		store_abort(write);
		return error;
	}
	if (texts)
		workers->texts_behind = 0;
	return store_commit(write);
}

#define SMALL_COMMIT_BYTES 65536u /* of a hundred clerks: past it, the writer takes one while net takes the next */

/* What a large one takes says nothing of the disk. */
static enum twinlog_error writer_commit_timed(struct workers *workers, struct work_persist *const *batch, size_t count,
					      size_t bytes, bool prune)
{
	const uint64_t begun_us = mono_us();
	const enum twinlog_error error = writer_commit(workers, batch, count, bytes, prune);
	if (!prune && bytes <= SMALL_COMMIT_BYTES)
		workers->commit_us = (workers->commit_us * 7 + mono_us() - begun_us) / 8;
	return error;
}

static bool writer_has_room(const struct workers *workers, size_t bytes)
{
	const uint64_t wanted = bytes + store_pending(workers->setup.store);

	return store_disk_free(workers->setup.store) >= WRITER_RESERVE_BYTES + wanted * WRITER_RESERVE_TIMES;
}

/* A full disk is waited out before the transaction is begun: the store stays untouched and readable, and what waits is
 * written once there is room. False when the daemon ends meanwhile; nothing of it was acknowledged. */
static bool writer_await_room(struct workers *workers, size_t bytes)
{
	bool full = false;
	while (!writer_has_room(workers, bytes)) {
		if (!full) {
			struct work_disk *told = work_disk_new(true);
			if (told)
				queue_push(workers->setup.inbox, &told->work.job);
			full = told != NULL;
		}
		if (queue_wait_closed(workers->queues[QUEUE_WRITER], WRITER_RETRY_MS))
			return false;
	}
	if (full) {
		struct work_disk *told = work_disk_new(false);
		if (told)
			queue_push(workers->setup.inbox, &told->work.job);
		return told != NULL;
	}
	return true;
}

static bool writer_prunes(const struct workers *workers)
{
	return wall_ms() - workers->pruned_ms >= WRITER_PRUNE_MS;
}

#define WRITER_BATCH_MAX 256u

static void *writer_main(void *context)
{
	struct workers *workers = context;
	struct work_persist *batch[WRITER_BATCH_MAX];
	struct job *jobs = NULL;
	/* After one failure nothing more is written: what follows builds on what is missing. */
	enum twinlog_error error = TWINLOG_OK;
	while (jobs || (jobs = queue_wait_all(workers->queues[QUEUE_WRITER])) != NULL) {
		size_t count = 0, bytes = 0;
		while (jobs && count < WRITER_BATCH_MAX && (count == 0 || bytes < WRITER_BATCH_BYTES)) {
			batch[count] = (struct work_persist *)(void *)jobs;
			bytes += batch[count++]->bytes;
			jobs = jobs->next;
		}
		const bool prune = writer_prunes(workers);
		if (!error && !writer_await_room(workers, bytes))
			error = TWINLOG_DISK_FULL;
		if (!error)
			error = writer_commit_timed(workers, batch, count, bytes, prune);
		if (prune) {
			store_check_readers(workers->setup.store);
			workers->pruned_ms = wall_ms();
		}
		for (size_t i = 0; i < count; i++) {
			batch[i]->error = error;
			queue_push(workers->setup.inbox, &batch[i]->work.job);
		}
	}
	return NULL;
}

/* ---- Verifier ---- */

static enum twinlog_error check_add(struct work_check *check, size_t *capacity, struct bundle *bundle)
{
	if (check->count == *capacity) {
		const size_t wanted = *capacity ? *capacity * 2 : 8;
		struct bundle **bundles = realloc(check->bundles, wanted * sizeof(*bundles));
		if (!bundles)
			return TWINLOG_NO_MEMORY;
		check->bundles = bundles;
		*capacity = wanted;
	}
	check->bundles[check->count++] = bundle;
	return TWINLOG_OK;
}

static void verifier_check(struct chunk *chunk, struct work_check *check)
{
	size_t capacity = 0;
	check->refused = chunk_decompress(chunk, check->compressed, check->compressed_size, check->plain);
	while (!check->refused) {
		const uint8_t *bytes;
		size_t size;
		check->refused = chunk_next(chunk, &bytes, &size);
		if (check->refused == TWINLOG_MISSING) {
			check->refused = TWINLOG_OK;
			return;
		}
		struct bundle *bundle = NULL;
		if (!check->refused)
			check->refused = bundle_open(bytes, size, check->keys, check->keys_count, &bundle);
		if (check->refused)
			return;
		check->bytes += size;
		check->refused = check_add(check, &capacity, bundle);
		if (check->refused)
			bundle_free(bundle);
	}
}

static void *verifier_main(void *context)
{
	struct workers *workers = context;
	struct chunk *chunk = NULL;
	const enum twinlog_error error = chunk_new(&chunk);
	struct job *job;
	while ((job = queue_wait(workers->queues[QUEUE_VERIFIER])) != NULL) {
		struct work_check *check = (struct work_check *)(void *)job;
		if (error)
			check->refused = error;
		else
			verifier_check(chunk, check);
		queue_push(workers->setup.inbox, job);
	}
	chunk_free(chunk);
	return NULL;
}

/* ---- Packer ---- */

/* Of the first bundle; SIZE_MAX when it cannot be read. */
static size_t packer_size(struct store *store, const struct work_chunk *work)
{
	struct store_read *read = NULL;
	const uint8_t *bytes;
	size_t size = SIZE_MAX;
	if (store_read_begin(store, &read))
		return SIZE_MAX;
	if (store_get_bundle(read, work->sequences[0], &bytes, &size))
		size = SIZE_MAX;
	store_read_end(read);
	return size;
}

static enum twinlog_error packer_read(struct store *store, struct chunk *chunk, struct work_chunk *work)
{
	struct store_read *read = NULL;
	enum twinlog_error error = store_read_begin(store, &read);
	if (error)
		return error;
	chunk_clear(chunk);
	for (size_t i = 0; i < work->count && !error; i++) {
		const uint8_t *bytes;
		size_t size;
		error = store_get_bundle(read, work->sequences[i], &bytes, &size);
		if (!error)
			error = chunk_add(chunk, bytes, size);
		work->content += error ? 0 : size;
	}
	store_read_end(read);
	return error;
}

static enum twinlog_error packer_pack(struct store *store, struct chunk *chunk, struct work_chunk *work)
{
	const uint8_t *compressed = NULL;
	size_t size = 0, plain = 0;
	enum twinlog_error error = packer_read(store, chunk, work);
	if (!error)
		error = chunk_compress(chunk, &compressed, &size, &plain);
	if (error)
		return error;
	Twinlog__Chunk body = TWINLOG__CHUNK__INIT;
	body.space = codec_hash(&work->space);
	body.city = codec_hash(&work->city);
	body.stream = work->stream;
	body.bundles = codec_bytes(compressed, size);
	body.size = (uint32_t)plain;
	body.last = work->last;
	Twinlog__PeerMessage message = TWINLOG__PEER_MESSAGE__INIT;
	message.body_case = TWINLOG__PEER_MESSAGE__BODY_CHUNK;
	message.chunk = &body;
	return codec_pack(&message.base, &work->frame, &work->frame_size);
}

static void *packer_main(void *context)
{
	struct workers *workers = context;
	struct chunk *chunk = NULL;
	const enum twinlog_error error = chunk_new(&chunk);
	struct job *job;
	while ((job = queue_wait(workers->queues[QUEUE_PACKER])) != NULL) {
		struct work_chunk *work = (struct work_chunk *)(void *)job;
		work->error = error ? error : packer_pack(workers->setup.store, chunk, work);
		queue_push(workers->setup.inbox, job);
	}
	chunk_free(chunk);
	return NULL;
}

/* ---- Readers ---- */

static void *reader_main(void *context)
{
	struct workers *workers = context;
	struct job *job;
	while ((job = queue_wait(workers->queues[QUEUE_READERS])) != NULL) {
		if (((const struct work *)(const void *)job)->kind == WORK_VIEW)
			reader_catch_up(&workers->setup);
		else
			reader_answer(&workers->setup, (const struct work_query *)(const void *)job);
		queue_push(workers->setup.inbox, job);
	}
	return NULL;
}

/* ---- Small work, on the net thread ---- */

#define SMALL_CHUNK_BYTES 4096u
#define SMALL_COMMIT_US   1000u /* a slower disk is worth two wakes, and is not waited for */
#define SMALL_BUSY_MS     20u

static bool small_commit(struct workers *workers, struct work_persist *batch)
{
	const uint64_t now_ms = mono_us() / 1000;
	if (batch->bytes > SMALL_COMMIT_BYTES || batch->clients) {
		workers->busy_until_ms = now_ms + SMALL_BUSY_MS;
		return false;
	}
	if (now_ms < workers->busy_until_ms || workers->commit_us > SMALL_COMMIT_US || writer_prunes(workers) ||
	    workers->texts_behind + batch->bytes >= TEXTS_ROW_SIZE || !writer_has_room(workers, batch->bytes))
		return false;
	batch->error = writer_commit_timed(workers, &batch, 1, batch->bytes, false);
	return true;
}

/* One bundle that is being pushed was committed a moment ago, so its page is in memory. */
static bool small_pack(struct workers *workers, struct work_chunk *work)
{
	if (work->count != 1 || packer_size(workers->setup.store, work) > SMALL_CHUNK_BYTES)
		return false;
	work->error = packer_pack(workers->setup.store, workers->chunk, work);
	return true;
}

static bool small_check(struct workers *workers, struct work_check *work)
{
	if (work->compressed_size > SMALL_CHUNK_BYTES || work->plain > SMALL_CHUNK_BYTES)
		return false;
	verifier_check(workers->chunk, work);
	return true;
}

bool workers_do_small(struct workers *workers, struct work *work)
{
	switch (work->kind) {
	case WORK_PERSIST:
		return small_commit(workers, (struct work_persist *)work);
	case WORK_CHUNK:
		return small_pack(workers, (struct work_chunk *)work);
	case WORK_CHECK:
		return small_check(workers, (struct work_check *)work);
	case WORK_QUERY:
	case WORK_REPLY:
	case WORK_DISK:
	case WORK_VIEW:
		break;
	}
	return false;
}

/* ---- All of them ---- */

static enum twinlog_error workers_thread(struct workers *workers, void *(*run)(void *))
{
	pthread_attr_t attributes;
	pthread_attr_init(&attributes);
	pthread_attr_setstacksize(&attributes, WORKERS_STACK);
	const int rc = pthread_create(&workers->threads[workers->threads_count], &attributes, run, workers);
	pthread_attr_destroy(&attributes);
	if (rc)
		return TWINLOG_NO_MEMORY;
	workers->threads_count++;
	return TWINLOG_OK;
}

enum twinlog_error workers_start(const struct workers_setup *setup, struct workers **ret_workers)
{
	static const size_t limits[QUEUE_COUNT] = {TWINLOG_QUEUE_WRITER_MAX, TWINLOG_QUEUE_VERIFIER_MAX,
						   TWINLOG_QUEUE_PACKER_MAX, TWINLOG_QUEUE_READERS_MAX};
	static void *(*const mains[])(void *) = {writer_main, verifier_main, packer_main, reader_main, reader_main};
	struct workers *workers = calloc(1, sizeof *workers);
	if (!workers)
		return TWINLOG_NO_MEMORY;
	workers->setup = *setup;
	/* What a daemon before this one left without rows gets them with the first commit. */
	workers->texts_behind = TEXTS_ROW_SIZE;
	enum twinlog_error error = chunk_new(&workers->chunk);
	for (size_t i = 0; i < QUEUE_COUNT && !error; i++)
		error = queue_new(limits[i], false, &workers->queues[i]);
	workers->setup.stop = workers->queues[QUEUE_READERS];
	for (size_t i = 0; i < sizeof mains / sizeof mains[0] && !error; i++)
		error = workers_thread(workers, mains[i]);
	if (error) {
		workers_stop(workers);
		return error;
	}
	*ret_workers = workers;
	return TWINLOG_OK;
}

static void queue_discard(struct queue *queue)
{
	struct job *job = queue_take_all(queue);
	while (job) {
		struct job *next = job->next;
		work_free((struct work *)(void *)job);
		job = next;
	}
}

void workers_stop(struct workers *workers)
{
	if (!workers)
		return;
	for (size_t i = 0; i < QUEUE_COUNT; i++) {
		if (!workers->queues[i])
			continue;
		if (i != QUEUE_WRITER)
			queue_discard(workers->queues[i]);
		queue_close(workers->queues[i]);
	}
	for (size_t i = 0; i < workers->threads_count; i++)
		pthread_join(workers->threads[i], NULL);
	for (size_t i = 0; i < QUEUE_COUNT; i++)
		queue_free(workers->queues[i]);
	chunk_free(workers->chunk);
	free(workers);
}

static size_t queue_of(enum work_kind kind)
{
	switch (kind) {
	case WORK_PERSIST:
		return QUEUE_WRITER;
	case WORK_CHECK:
		return QUEUE_VERIFIER;
	case WORK_CHUNK:
		return QUEUE_PACKER;
	case WORK_QUERY:
	case WORK_VIEW:
	case WORK_REPLY:
	case WORK_DISK:
		break;
	}
	return QUEUE_READERS;
}

void workers_push(struct workers *workers, struct work *work)
{
	queue_push(workers->queues[queue_of(work->kind)], &work->job);
}

bool workers_behind(const struct workers *workers, enum work_kind kind)
{
	return queue_is_full(workers->queues[queue_of(kind)]);
}
