/* courier watch: a folder that travels (a stick, a share, what a guard passes on) is the line. Each side writes one
 * file for each partner under a name of its own, anew when there is more to tell, and reads what others wrote. Nobody
 * touches another's files, but for setting damaged ones aside. */
#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "carried.h"
#include "commands.h"
#include "courier.h"

#define SUFFIX         ".courier"
#define NAME_SIZE      256u
#define FILES_MAX      4096u
#define EVERY_MS       2000u
#define AGAIN_FIRST_MS 60000u /* a file that was taken away and never confirmed is written once more */
#define AGAIN_MAX_MS   3600000u
#define ROUND_MEMORY   (64u * 1024 * 1024)

/* What is remembered of a partner. */
struct outgoing {
	struct hash identity;
	char name[NAME_SIZE]; /* of the file for it */
	uint64_t told;        /* what the last file told: see news_of */
	uint64_t again_ms;    /* when a missing file is written once more; monotonic */
	uint64_t pause_ms;
	bool written;
};

/* What is remembered of somebody else's file. */
struct incoming {
	char name[NAME_SIZE];
	off_t size;
	struct timespec changed;
	bool done;
	bool listed; /* still there in this round */
};

struct watch {
	struct cli *cli;
	const char *dir;
	const char *to;      /* one partner alone; or NULL */
	char own[NAME_SIZE]; /* beginning of this city's names */
	bool once;
	bool away; /* the daemon; told once */
	struct outgoing *outgoing;
	size_t outgoing_count;
	struct incoming *incoming;
	size_t incoming_count;
};

static volatile sig_atomic_t ended;

static void end(int number)
{
	(void)number;
	ended = 1;
}

static uint64_t mono_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* ---- Names. ---- */

/* "KR-mokpo.95431b4364bf": for people, and one of its kind. */
static const char *city_name(struct cli *cli, ProtobufCBinaryData city_id, ProtobufCBinaryData identity)
{
	const char *id = cli_text(cli, city_id);
	char *name = arena_alloc(cli->arena, strlen(id) + 1);

	for (size_t i = 0; name && i <= strlen(id); i++)
		name[i] = (char)(id[i] == ':' || id[i] == '/' ? '-' : id[i]);
	return cli_printf(cli, "%s.%s", name ? name : "", cli_hex(cli, identity, 12));
}

static bool ends_with(const char *name, const char *suffix)
{
	return strlen(name) > strlen(suffix) && strcmp(name + strlen(name) - strlen(suffix), suffix) == 0;
}

static bool is_own(const struct watch *watch, const char *name)
{
	return strncmp(name, watch->own, strlen(watch->own)) == 0;
}

static const char *path_of(const struct watch *watch, const char *name)
{
	return cli_printf(watch->cli, "%s/%s", watch->dir, name);
}

/* ---- Telling the daemon, so that status shows the courier as a link. ---- */

static void note(struct watch *watch, ProtobufCBinaryData partner, uint64_t wrote_ms, uint64_t read_ms)
{
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__CarryNote told = TWINLOG__CARRY_NOTE__INIT;
	Twinlog__Reply *reply;

	told.partner = partner;
	told.wrote_ms = wrote_ms;
	told.read_ms = read_ms;
	request.body_case = TWINLOG__REQUEST__BODY_CARRY_NOTE;
	request.carry_note = &told;
	/* Only shown: what goes wrong with it shows at the next request too. */
	if (cli_call(watch->cli, &request, &reply))
		return;
}

/* ---- Writing. ---- */

static struct outgoing *outgoing_of(struct watch *watch, const Twinlog__PeerInfo *peer)
{
	struct outgoing *grown;
	struct hash identity;

	if (codec_get_hash(peer->identity, &identity))
		return NULL;
	for (size_t i = 0; i < watch->outgoing_count; i++)
		if (hash_equal(&watch->outgoing[i].identity, &identity))
			return &watch->outgoing[i];
	grown = realloc(watch->outgoing, (watch->outgoing_count + 1) * sizeof *grown);
	if (!grown)
		return NULL;
	watch->outgoing = grown;
	grown += watch->outgoing_count++;
	*grown = (struct outgoing){.identity = identity};
	snprintf(grown->name, sizeof grown->name, "%.100s--%.100s" SUFFIX, watch->own,
		 city_name(watch->cli, peer->city_id, peer->identity));
	/* One that a killed run left half written. */
	unlink(cli_printf(watch->cli, "%s/%s.part", watch->dir, grown->name));
	return grown;
}

/* A number that changes whenever there is something new to tell the partner, or less. */
static uint64_t news_of(const Twinlog__Status *status, const Twinlog__PeerInfo *peer)
{
	uint64_t news = 0x9e3779b97f4a7c15u ^ status->commits;

	for (size_t i = 0; i < peer->n_spaces; i++) {
		news = news * 0xff51afd7ed558ccdu + peer->spaces[i]->lag_bundles;
		news = news * 0xff51afd7ed558ccdu + peer->spaces[i]->missing_bundles;
	}
	/* This city's own position is signed a moment after what it tells of: it is the receipt that has to go. */
	for (size_t i = 0; i < status->n_spaces; i++)
		for (size_t j = 0; j < status->spaces[i]->n_members; j++)
			if (status->spaces[i]->members[j]->self)
				news = news * 0xff51afd7ed558ccdu + status->spaces[i]->members[j]->position_ms;
	return news | 1;
}

static bool lacks_something(const Twinlog__PeerInfo *peer)
{
	for (size_t i = 0; i < peer->n_spaces; i++)
		if (peer->spaces[i]->lag_bundles > 0 || peer->spaces[i]->position_ms == 0)
			return true;
	return false;
}

/* Whether the partner's file is to be written: there is news, or the last one has gone and nothing came back. */
static bool is_due(const struct outgoing *out, uint64_t news, const char *path, const Twinlog__PeerInfo *peer)
{
	struct stat status;

	if (out->told != news)
		return true;
	return out->written && lacks_something(peer) && stat(path, &status) != 0 && errno == ENOENT &&
	       mono_ms() >= out->again_ms;
}

static enum twinlog_error write_one(struct watch *watch, const Twinlog__Status *status, const Twinlog__PeerInfo *peer)
{
	struct outgoing *out = outgoing_of(watch, peer);
	const uint64_t news = news_of(status, peer);
	Twinlog__CarryGet get = TWINLOG__CARRY_GET__INIT;
	struct carry_count count = {0};
	const char *path;
	enum twinlog_error error;

	if (!out)
		return twinlog_fault_set(&watch->cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	path = path_of(watch, out->name);
	if (!is_due(out, news, path, peer))
		return TWINLOG_OK;
	get.to = peer->identity;
	error = carry_write(watch->cli, &get, path, &count);
	if (error)
		return error;
	out->pause_ms = out->told == news ? 2 * out->pause_ms : AGAIN_FIRST_MS;
	out->pause_ms = out->pause_ms < AGAIN_MAX_MS ? out->pause_ms : AGAIN_MAX_MS;
	out->again_ms = mono_ms() + out->pause_ms;
	out->told = news;
	out->written = true;
	cli_note(_("%s: for %s, %llu acts, %llu bundles, %llu erasures; whoever holds it can read it"), path,
		 cli_city_name(watch->cli, peer->city_id), (unsigned long long)count.acts,
		 (unsigned long long)count.bundles, (unsigned long long)count.erasures);
	note(watch, peer->identity, wall_ms(), 0);
	return TWINLOG_OK;
}

static enum twinlog_error write_all(struct watch *watch, const Twinlog__Status *status)
{
	enum twinlog_error error = TWINLOG_OK;

	for (size_t i = 0; i < status->n_peers && !error; i++) {
		const Twinlog__PeerInfo *peer = status->peers[i];

		/* Whose link stands needs no courier. */
		if (peer->removed || peer->n_spaces == 0 || peer->link == TWINLOG__LINK_STATE__LINK_UP ||
		    (watch->to && !codec_equal(peer->city_id, watch->to)))
			continue;
		error = write_one(watch, status, peer);
		/* One partner's space may be none of this client's, or be changing just now: the others have theirs. */
		if (error == TWINLOG_NOT_A_MEMBER || error == TWINLOG_STALE)
			error = TWINLOG_OK;
	}
	return error;
}

/* ---- Reading. ---- */

static struct incoming *incoming_of(struct watch *watch, const char *name)
{
	struct incoming *grown;

	for (size_t i = 0; i < watch->incoming_count; i++)
		if (strcmp(watch->incoming[i].name, name) == 0)
			return &watch->incoming[i];
	if (watch->incoming_count == FILES_MAX || strlen(name) >= NAME_SIZE)
		return NULL;
	grown = realloc(watch->incoming, (watch->incoming_count + 1) * sizeof *grown);
	if (!grown)
		return NULL;
	watch->incoming = grown;
	grown += watch->incoming_count++;
	*grown = (struct incoming){.size = -1};
	strcpy(grown->name, name);
	return grown;
}

static bool is_damage(enum twinlog_error error)
{
	return error == TWINLOG_CUT_SHORT || error == TWINLOG_NOT_A_CARRIED_FILE || error == TWINLOG_MALFORMED ||
	       error == TWINLOG_NOT_STRICT || error == TWINLOG_BAD_SIGNATURE || error == TWINLOG_BAD_HASH ||
	       error == TWINLOG_TOO_LARGE;
}

static void set_aside(struct watch *watch, const char *path, enum twinlog_error error)
{
	const char *aside = cli_printf(watch->cli, "%s.damaged", path);

	(void)twinlog_fault_set(&watch->cli->fault, error, path, NULL);
	cli_fail(watch->cli);
	if (rename(path, aside) == 0)
		cli_note(_("%s: set aside; a whole one is taken when it comes"), aside);
}

/* Which partner wrote it: the beginning of its identity stands in its name. */
static void note_read(struct watch *watch, const Twinlog__Status *status, const char *name)
{
	for (size_t i = 0; i < status->n_peers; i++) {
		const Twinlog__PeerInfo *peer = status->peers[i];
		const char *begins =
		    cli_printf(watch->cli, "%s--", city_name(watch->cli, peer->city_id, peer->identity));

		if (strncmp(name, begins, strlen(begins)) == 0)
			note(watch, peer->identity, 0, wall_ms());
	}
}

static enum twinlog_error read_one(struct watch *watch, const Twinlog__Status *status, struct incoming *file)
{
	const char *path = path_of(watch, file->name);
	Twinlog__CarryTaken sum;
	enum twinlog_error error = courier_read(watch->cli, path, &sum);

	if (error == TWINLOG_NOT_REACHABLE || error == TWINLOG_NO_MEMORY || error == TWINLOG_DISK_FULL)
		return error; /* nothing of the file's: it is read again */
	file->done = true;
	if (error == TWINLOG_NOT_FOR_US || error == TWINLOG_MISSING)
		return TWINLOG_OK;
	if (!error && sum.refused > 0)
		error = sum.code < TWINLOG_ERROR_COUNT ? (enum twinlog_error)sum.code : TWINLOG_FAILED;
	if (is_damage(error)) {
		set_aside(watch, path, error);
		return TWINLOG_OK;
	}
	if (error) {
		(void)twinlog_fault_set(&watch->cli->fault, error, path, NULL);
		cli_fail(watch->cli);
		return TWINLOG_OK;
	}
	if (sum.acts + sum.bundles + sum.erasures > 0)
		cli_note(_("%s: new: %llu acts, %llu bundles, %llu erasures"), path, (unsigned long long)sum.acts,
			 (unsigned long long)sum.bundles, (unsigned long long)sum.erasures);
	note_read(watch, status, file->name);
	return TWINLOG_OK;
}

/* A file that is still being copied in changes from one look to the next. */
static bool is_settled(const struct watch *watch, struct incoming *file)
{
	struct stat status;
	bool same;

	if (stat(path_of(watch, file->name), &status) != 0 || !S_ISREG(status.st_mode))
		return false;
	same = file->size == status.st_size && file->changed.tv_sec == status.st_mtim.tv_sec &&
	       file->changed.tv_nsec == status.st_mtim.tv_nsec;
	if (!same)
		file->done = false;
	file->size = status.st_size;
	file->changed = status.st_mtim;
	return (same || watch->once) && !file->done;
}

static void forget_gone(struct watch *watch)
{
	size_t kept = 0;

	for (size_t i = 0; i < watch->incoming_count; i++)
		if (watch->incoming[i].listed)
			watch->incoming[kept++] = watch->incoming[i];
	watch->incoming_count = kept;
}

static enum twinlog_error read_all(struct watch *watch, const Twinlog__Status *status)
{
	DIR *dir = opendir(watch->dir);
	enum twinlog_error error = TWINLOG_OK;
	struct dirent *entry;

	if (!dir)
		return twinlog_fault_set(&watch->cli->fault, errno == ENOENT ? TWINLOG_MISSING : TWINLOG_IO, watch->dir,
					 NULL);
	for (size_t i = 0; i < watch->incoming_count; i++)
		watch->incoming[i].listed = false;
	while (!error && !ended && (entry = readdir(dir))) {
		struct incoming *file;

		if (!ends_with(entry->d_name, SUFFIX) || is_own(watch, entry->d_name) ||
		    !(file = incoming_of(watch, entry->d_name)))
			continue;
		file->listed = true;
		if (is_settled(watch, file))
			error = read_one(watch, status, file);
	}
	closedir(dir);
	if (!error)
		forget_gone(watch);
	return error;
}

/* ---- Round after round. ---- */

static enum twinlog_error status_get(struct watch *watch, Twinlog__Status **ret_status)
{
	struct cli *cli = watch->cli;
	Twinlog__Request request = TWINLOG__REQUEST__INIT;
	Twinlog__StatusGet get = TWINLOG__STATUS_GET__INIT;
	Twinlog__Reply *reply;
	enum twinlog_error error;

	request.body_case = TWINLOG__REQUEST__BODY_STATUS_GET;
	request.status_get = &get;
	error = cli_call(cli, &request, &reply);
	if (!error && reply->body_case != TWINLOG__REPLY__BODY_STATUS)
		error = twinlog_fault_set(&cli->fault, TWINLOG_MALFORMED, NULL, NULL);
	if (error)
		return error;
	snprintf(watch->own, sizeof watch->own, "%.100s",
		 city_name(cli, reply->status->city_id, reply->status->identity));
	*ret_status = reply->status;
	return TWINLOG_OK;
}

/* Reads first: what it brings changes what is to be told. */
static enum twinlog_error round_run(struct watch *watch)
{
	Twinlog__Status *status;
	enum twinlog_error error = status_get(watch, &status);

	if (!error)
		error = read_all(watch, status);
	if (!error)
		error = status_get(watch, &status);
	return error ? error : write_all(watch, status);
}

/* With an arena of its own. What passes by itself is told once and tried again. */
static enum twinlog_error round_try(struct watch *watch)
{
	struct cli *cli = watch->cli;
	struct arena *whole = cli->arena, *arena = arena_new(ROUND_MEMORY);
	enum twinlog_error error;

	if (!arena)
		return twinlog_fault_set(&cli->fault, TWINLOG_NO_MEMORY, NULL, NULL);
	cli->arena = arena;
	error = round_run(watch);
	if ((error == TWINLOG_NOT_REACHABLE || error == TWINLOG_DISK_FULL || error == TWINLOG_MISSING ||
	     error == TWINLOG_IO) &&
	    !watch->once) {
		if (!watch->away)
			cli_fail(cli);
		watch->away = true;
		error = TWINLOG_OK;
	} else if (!error) {
		watch->away = false;
	}
	/* Names and places that the round has looked up lived in its arena. */
	places_free(cli->places);
	cli->places = NULL;
	cli->peers = NULL;
	cli->spaces = NULL;
	cli->arena = whole;
	arena_free(arena);
	return error;
}

static int watch_run(struct cli *cli, const struct cli_arguments *arguments)
{
	struct watch watch = {.cli = cli, .dir = cli_operand(arguments, 0), .once = cli_given(arguments, "once")};
	const char *every = cli_option(arguments, "every"), *to = cli_option(arguments, "to");
	const struct sigaction action = {.sa_handler = end};
	const Twinlog__PeerInfo *peer;
	uint64_t every_ms = EVERY_MS;
	enum twinlog_error error = TWINLOG_OK;

	if (every && (cli_duration(every, &every_ms) || every_ms == 0))
		return cli_refuse(cli, TWINLOG_USAGE, "--every", every);
	if (cli_connect(cli) || (to && cli_peer(cli, to, &peer)))
		return cli_fail(cli);
	watch.to = to ? cli_text(cli, peer->city_id) : NULL;
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGINT, &action, NULL);
	while (!error && !ended) {
		const struct timespec pause = {(time_t)(every_ms / 1000), (long)(every_ms % 1000) * 1000000};

		error = round_try(&watch);
		if (watch.once)
			break;
		if (!error && !ended)
			nanosleep(&pause, NULL);
	}
	free(watch.outgoing);
	free(watch.incoming);
	return error && !ended ? cli_fail(cli) : 0;
}

static const struct cli_option watch_options[] = {
    {"to", 0, N_("CITY"), N_("for this partner alone (else for all that no link stands to)"), false},
    {"every", 0, N_("TIME"), N_("how often to look (else 2s)"), false},
    {"once", 0, NULL, N_("look once and end"), false},
    {0},
};

const struct cli_command command_courier_watch = {
    .name = "courier watch",
    .operands = N_("DIR"),
    .least = 1,
    .most = 1,
    .summary = N_("write and read courier files in a folder, by itself"),
    .description =
	N_("Run it at both ends on the folder that travels: a stick, a share, what a guard passes on. It keeps "
	   "one file for each partner, with what that partner is not known to hold, and takes in what the "
	   "partners wrote. The files are not encrypted."),
    .options = watch_options,
    .run = watch_run,
};
