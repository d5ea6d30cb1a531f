/* The thread that writes to the database. One transaction at a time: whoever hands over the next one learns how the one
 * before ended. */
#include <pthread.h>
#include <stdlib.h>

#include "mirror.h"

struct mirror_writer {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t turned; /* there is work, or none any more */
	struct cli cli;        /* an arena and a fault of its own */
	struct mirror_job job;
	bool busy, stop;
	enum twinlog_error error; /* of the last job */
};

static void *writer_main(void *context)
{
	struct mirror_writer *writer = context;

	pthread_mutex_lock(&writer->lock);
	while (!writer->stop) {
		if (!writer->busy) {
			pthread_cond_wait(&writer->turned, &writer->lock);
			continue;
		}
		const struct mirror_job job = writer->job;

		pthread_mutex_unlock(&writer->lock);
		arena_reset(writer->cli.arena);
		const enum twinlog_error error =
		    mirror_write(&writer->cli, job.postgres, job.batch, &job.before, &job.after, job.anew);

		pthread_mutex_lock(&writer->lock);
		writer->error = error;
		writer->busy = false;
		pthread_cond_broadcast(&writer->turned);
	}
	pthread_mutex_unlock(&writer->lock);
	return NULL;
}

enum twinlog_error mirror_writer_new(const struct cli *cli, struct mirror_writer **ret_writer)
{
	struct mirror_writer *writer = calloc(1, sizeof *writer);

	if (!writer)
		return TWINLOG_NO_MEMORY;
	writer->cli = *cli;
	writer->cli.arena = arena_new(TWINLOG_ANSWER_MAX);
	pthread_mutex_init(&writer->lock, NULL);
	pthread_cond_init(&writer->turned, NULL);
	if (!writer->cli.arena || pthread_create(&writer->thread, NULL, writer_main, writer)) {
		arena_free(writer->cli.arena);
		free(writer);
		return TWINLOG_NO_MEMORY;
	}
	*ret_writer = writer;
	return TWINLOG_OK;
}

void mirror_writer_free(struct mirror_writer *writer)
{
	if (!writer)
		return;
	pthread_mutex_lock(&writer->lock);
	while (writer->busy)
		pthread_cond_wait(&writer->turned, &writer->lock);
	writer->stop = true;
	pthread_cond_broadcast(&writer->turned);
	pthread_mutex_unlock(&writer->lock);
	pthread_join(writer->thread, NULL);
	pthread_cond_destroy(&writer->turned);
	pthread_mutex_destroy(&writer->lock);
	arena_free(writer->cli.arena);
	free(writer);
}

enum twinlog_error mirror_writer_wait(struct mirror_writer *writer, struct twinlog_fault *fault)
{
	pthread_mutex_lock(&writer->lock);
	while (writer->busy)
		pthread_cond_wait(&writer->turned, &writer->lock);
	const enum twinlog_error error = writer->error;

	if (error)
		*fault = writer->cli.fault;
	writer->error = TWINLOG_OK;
	pthread_mutex_unlock(&writer->lock);
	return error;
}

void mirror_writer_give(struct mirror_writer *writer, const struct mirror_job *job)
{
	pthread_mutex_lock(&writer->lock);
	writer->job = *job;
	writer->busy = true;
	pthread_cond_broadcast(&writer->turned);
	pthread_mutex_unlock(&writer->lock);
}
