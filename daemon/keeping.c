#include "keeping.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backup.h"
#include "command.h"
#include "files.h"
#include "home.h"
#include "verify.h"

#define VERIFY_LINES_MAX 100u
#define WATCH_MS         250

/* ---- backup ---- */

/* LMDB copies in one call that says nothing meanwhile; the growing file tells. */
struct watch {
	char path[FILES_PATH_MAX];
	struct progress progress;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t ended;
	bool over;
	bool runs;
};

static void *watch_main(void *context)
{
	struct watch *watch = context;
	struct timespec until;

	pthread_mutex_lock(&watch->lock);
	while (!watch->over) {
		struct stat status;

		clock_gettime(CLOCK_REALTIME, &until);
		until.tv_nsec += WATCH_MS * 1000000L;
		until.tv_sec += until.tv_nsec / 1000000000L;
		until.tv_nsec %= 1000000000L;
		pthread_cond_timedwait(&watch->ended, &watch->lock, &until);
		if (!watch->over && stat(watch->path, &status) == 0)
			progress_show(&watch->progress, (uint64_t)status.st_size);
	}
	pthread_mutex_unlock(&watch->lock);
	return NULL;
}

static void watch_start(struct watch *watch, const char *path)
{
	pthread_mutex_init(&watch->lock, NULL);
	pthread_cond_init(&watch->ended, NULL);
	watch->progress.what = "backup";
	watch->runs = isatty(STDERR_FILENO) &&
		      snprintf(watch->path, sizeof watch->path, "%s.part", path) < (int)sizeof watch->path &&
		      pthread_create(&watch->thread, NULL, watch_main, watch) == 0;
}

static void watch_stop(struct watch *watch)
{
	if (watch->runs) {
		pthread_mutex_lock(&watch->lock);
		watch->over = true;
		pthread_cond_signal(&watch->ended);
		pthread_mutex_unlock(&watch->lock);
		pthread_join(watch->thread, NULL);
	}
	progress_end(&watch->progress);
	pthread_cond_destroy(&watch->ended);
	pthread_mutex_destroy(&watch->lock);
}

static int backup_make(const char *dir, const char *path)
{
	struct watch watch = {.over = false};
	struct backup_parts parts;
	struct twinlog_fault fault;
	enum twinlog_error error;
	struct home home;

	if (home_open(&home, dir, HOME_STORE, 0, &fault))
		return command_fail(&fault);
	watch_start(&watch, path);
	error = backup_write(home.store, dir, path, NULL, NULL, &parts, &fault);
	watch_stop(&watch);
	if (!error)
		printf("%s: backup of %s, %" PRIu64 " bytes. %s\n", path, home.config.city, parts.size,
		       parts.keyless
			   ? "Its key is not in the folder and so not in here: keep that, or the recovery file"
			   : "Keep it as safe as the keys: it can speak as the city");
	home_close(&home);
	return error ? command_fail(&fault) : 0;
}

static void print_fault(void *context, const char *line)
{
	unsigned *lines = context;

	if (++*lines <= VERIFY_LINES_MAX)
		fprintf(stderr, "twinlogd: %s\n", line);
}

static int backup_verify(const char *path)
{
	struct progress progress = {.what = "reading"};
	struct verify_result result;
	struct backup_parts parts;
	struct twinlog_fault fault;
	enum twinlog_error error;
	unsigned lines = 0;
	struct store *store;

	error = backup_check(path, progress_show, &progress, &parts, &fault);
	progress_end(&progress);
	if (!error)
		error = store_open_copy(path, parts.store_size, &store, &fault);
	if (error)
		return command_fail(&fault);
	progress = (struct progress){.what = "verifying", .total = parts.store_size};
	error = verify_store(store, print_fault, &lines, progress_show, &progress, &result);
	progress_end(&progress);
	store_close(store);
	if (error) {
		twinlog_fault_set(&fault, error, path, NULL);
		return command_fail(&fault);
	}
	printf("%s: whole; %" PRIu64 " spaces, %" PRIu64 " acts, %" PRIu64 " bundles with %" PRIu64 " entries, %" PRIu64
	       " erasures: ",
	       path, result.spaces, result.acts, result.bundles, result.leaves, result.erasures);
	if (result.faults > 0)
		printf("%" PRIu64 " faults\n", result.faults);
	else
		printf("every chain and signature verifies\n");
	return result.faults > 0;
}

int keeping_backup(int argc, char **argv)
{
	if (argc == 3 && strcmp(argv[1], "--verify") == 0)
		return backup_verify(argv[2]);
	if (argc != 3 || argv[1][0] == '-' || argv[2][0] == '-')
		return command_usage("backup DIR FILE, or backup --verify FILE", NULL);
	return backup_make(argv[1], argv[2]);
}

/* ---- restore ---- */

int keeping_restore(int argc, char **argv)
{
	struct progress progress = {.what = "restoring"};
	struct twinlog_fault fault;
	enum twinlog_error error;

	if (argc != 3 || argv[1][0] == '-' || argv[2][0] == '-')
		return command_usage("restore FILE DIR", NULL);
	error = backup_restore(argv[1], argv[2], progress_show, &progress, &fault);
	progress_end(&progress);
	if (error)
		return command_fail(&fault);
	printf(
	    "%s is ready. Start it with: twinlogd run %s\n"
	    "What it holds is shown once a partner has told what was erased since the backup. With no partner to be\n"
	    "reached: twinlogd release %s\n",
	    argv[2], argv[2], argv[2]);
	return 0;
}

int keeping_release(const char *dir)
{
	char path[FILES_PATH_MAX];
	struct twinlog_fault fault;
	struct store_write *write;
	struct store *store;
	enum twinlog_error error = files_join(path, dir, HOME_STORE_DIR, &fault);

	if (!error)
		error = store_open(path, false, false, &store, &fault);
	if (error)
		return command_fail(&fault);
	error = store_begin(store, &write);
	if (!error)
		error = store_put_restored(write, false);
	if (!error)
		error = store_commit(write);
	store_close(store);
	if (error) {
		twinlog_fault_set(&fault, error, dir, NULL);
		return command_fail(&fault);
	}
	printf("%s shows and sends all it holds from its next start on\n", dir);
	return 0;
}

/* ---- compact ---- */

int keeping_compact(const char *dir)
{
	struct progress progress = {.what = "compacting"};
	char path[FILES_PATH_MAX], file[FILES_PATH_MAX];
	struct stat before, after;
	struct twinlog_fault fault;
	enum twinlog_error error = files_join(path, dir, HOME_STORE_DIR, &fault);

	if (!error)
		error = files_join(file, path, "data.mdb", &fault);
	if (error)
		return command_fail(&fault);
	if (stat(file, &before) != 0)
		before.st_size = 0;
	error = store_compact(path, progress_show, &progress, &fault);
	progress_end(&progress);
	if (error)
		return command_fail(&fault);
	if (stat(file, &after) != 0)
		after.st_size = 0;
	printf("%s: %lld bytes, were %lld\n", dir, (long long)after.st_size, (long long)before.st_size);
	return 0;
}
